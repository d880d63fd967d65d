//! ECDSA with SHA-2 (RFC 7518 §3.4) and on secp256k1 (RFC 8812 §3.2).

use core::ffi::CStr;

use jose_core::SecretBytes;
use jose_core::crypto::ecdsa::{MAX_DER_LEN, der_to_fixed, fixed_to_der};
use jose_core::crypto::{
    CryptoError, KeyError, Refused, SignStream, Signer, Verifier, VerifyStream,
};
use jose_core::jwa::Hash;
use jose_core::jwk::{Ec, EcCurve, Params as KeyParams};
use zeroize::Zeroizing;

use crate::ffi::{self, KeyTemplate, Lib, Operation, Params, Parts, Pkey, Template};

/// A private key.
pub(crate) struct EcSigner {
    template: Template,
    coordinate_len: usize,
}

impl EcSigner {
    pub(crate) fn new(lib: &Lib, hash: Hash, ec: &Ec) -> Result<Self, KeyError> {
        let key = import_pair(lib, ec)?;
        let template = Template::new(lib, Operation::Sign, &key, hash, &Params::new())
            .map_err(KeyError::Unavailable)?;
        Ok(Self { template, coordinate_len: ec.crv().coordinate_len() })
    }
}

impl EcSigner {
    fn over(&self, input: &[&[u8]]) -> Result<Signing, CryptoError> {
        let signing = self.template.sign(input)?;
        Ok(Signing { signing, coordinate_len: self.coordinate_len })
    }
}

impl Signer for EcSigner {
    fn sign(&self, input: &[&[u8]], signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        self.over(input)?.append(signature)
    }

    fn stream(&self) -> Result<Option<Box<dyn SignStream + '_>>, CryptoError> {
        Ok(Some(Box::new(self.over(&[])?)))
    }
}

struct Signing {
    signing: ffi::Signing,
    coordinate_len: usize,
}

impl Signing {
    fn append(self, signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        let mut der = [0; MAX_DER_LEN];
        let len = self.signing.finish(&mut der)?;
        der_to_fixed(der.get(..len).unwrap_or_default(), self.coordinate_len, signature)
            .map_err(CryptoError::from_source)
    }
}

impl SignStream for Signing {
    fn update(&mut self, input: &[u8]) -> Result<(), CryptoError> {
        self.signing.update(input)
    }

    fn finish(self: Box<Self>, signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        self.append(signature)
    }
}

/// A public key.
pub(crate) struct EcVerifier {
    template: Template,
    coordinate_len: usize,
}

impl EcVerifier {
    pub(crate) fn new(lib: &Lib, hash: Hash, ec: &Ec) -> Result<Self, KeyError> {
        let key = import_public(lib, ec)?;
        let template = Template::new(lib, Operation::Verify, &key, hash, &Params::new())
            .map_err(KeyError::Unavailable)?;
        Ok(Self { template, coordinate_len: ec.crv().coordinate_len() })
    }
}

impl Verifier for EcVerifier {
    fn verify(&self, input: &[&[u8]], signature: &[u8]) -> Result<(), Refused> {
        let mut buffer = [0; MAX_DER_LEN];
        let der = to_der(signature, self.coordinate_len, &mut buffer)?;
        self.template.verify(input).map_err(Refused::Unavailable)?.finish(der)
    }

    fn stream(&self) -> Result<Option<Box<dyn VerifyStream + '_>>, CryptoError> {
        let verifying = self.template.verify(&[])?;
        Ok(Some(Box::new(Verifying { verifying, coordinate_len: self.coordinate_len })))
    }
}

struct Verifying {
    verifying: ffi::Verifying,
    coordinate_len: usize,
}

impl VerifyStream for Verifying {
    fn update(&mut self, input: &[u8]) -> Result<(), CryptoError> {
        self.verifying.update(input)
    }

    fn finish(self: Box<Self>, signature: &[u8]) -> Result<(), Refused> {
        let mut buffer = [0; MAX_DER_LEN];
        self.verifying.finish(to_der(signature, self.coordinate_len, &mut buffer)?)
    }
}

/// Refuses what is not as long as two coordinates: DER would not show it.
fn to_der<'b>(
    signature: &[u8],
    coordinate_len: usize,
    buffer: &'b mut [u8; MAX_DER_LEN],
) -> Result<&'b [u8], Refused> {
    if signature.len() != 2 * coordinate_len {
        return Err(Refused::Invalid);
    }
    fixed_to_der(signature, buffer)
}

pub(crate) fn generate(lib: &Lib, crv: EcCurve) -> Result<KeyParams, KeyError> {
    let key = generate_pair(lib, crv)?;
    let mut d = Zeroizing::new(vec![0; crv.coordinate_len()]);
    key.number(c"priv", &mut d).map_err(KeyError::Unavailable)?;
    export(&key, crv, Some(SecretBytes::from(d.as_slice()))).map(KeyParams::Ec)
}

pub(crate) fn generate_pair(lib: &Lib, crv: EcCurve) -> Result<Pkey, KeyError> {
    Pkey::generate(lib, c"EC", &Params::new().text(c"group", group(crv)?))
        .map_err(KeyError::Unavailable)
}

/// The public key, with `d` beside it.
pub(crate) fn export(key: &Pkey, crv: EcCurve, d: Option<SecretBytes>) -> Result<Ec, KeyError> {
    let len = crv.coordinate_len();
    let mut point = vec![0; 1 + 2 * len];
    key.octets(c"pub", &mut point).map_err(KeyError::Unavailable)?;
    let Some((4, xy)) = point.split_first() else { return Err(KeyError::Inconsistent) };
    let (x, y) = xy.split_at_checked(len).ok_or(KeyError::Inconsistent)?;
    Ec::new(crv, x.into(), y.into(), d).map_err(|_| KeyError::Inconsistent)
}

/// The whole key of a private one.
///
/// OpenSSL's import makes no point of a scalar, and what does in libcrypto itself would take the
/// scalar out of the library context. So the provider is asked for the secret that the scalar shares
/// with the generator of the curve: the x coordinate of its point. Of the two points with that x the
/// provider says which one is the scalar's.
pub(crate) fn complete(lib: &Lib, crv: EcCurve, d: &SecretBytes) -> Result<KeyParams, KeyError> {
    let group = group(crv)?;
    let params = Params::new().text(c"group", group).number(c"priv", d.expose_secret());
    let private = Pkey::import(lib, Parts::Pair, c"EC", params)?;
    let len = crv.coordinate_len();
    let mut generator = vec![0; 1 + 2 * len];
    private.octets(c"generator", &mut generator).map_err(KeyError::Unavailable)?;
    let params = Params::new().text(c"group", group).octets(c"pub", &generator);
    let generator = Pkey::import(lib, Parts::Public, c"EC", params)?;
    let agreement = KeyTemplate::agree(lib, &private).map_err(KeyError::Unavailable)?;
    let mut x = vec![0; len];
    agreement.agreed(&generator, &mut x).map_err(|refused| match refused {
        Refused::Unavailable(error) => KeyError::Unavailable(error),
        _ => KeyError::Inconsistent, // a multiple of the order, which leads to no point
    })?;
    for sign in [2, 3] {
        let compressed = [&[sign], &*x].concat(); // SEC 1 §2.3.3
        let params = Params::new().text(c"group", group).octets(c"pub", &compressed);
        let point = Pkey::import(lib, Parts::Public, c"EC", params)?;
        let whole = export(&point, crv, Some(d.clone()))?;
        match import_pair(lib, &whole) {
            Err(KeyError::Inconsistent) => {}
            other => return other.map(|_| KeyParams::Ec(whole)),
        }
    }
    Err(KeyError::Inconsistent)
}

/// What is not a point of its curve is refused.
pub(crate) fn import_public(lib: &Lib, ec: &Ec) -> Result<Pkey, KeyError> {
    let point = uncompressed(ec);
    let params = Params::new().text(c"group", group(ec.crv())?).octets(c"pub", &point);
    let key = Pkey::import(lib, Parts::Public, c"EC", params)?;
    // The import refuses points off the curve by itself, but that is a habit and not a promise.
    if !key.is_consistent(lib, Parts::Public).map_err(KeyError::Unavailable)? {
        return Err(KeyError::Inconsistent);
    }
    Ok(key)
}

pub(crate) fn import_pair(lib: &Lib, ec: &Ec) -> Result<Pkey, KeyError> {
    let d = ec.d().ok_or(KeyError::NotPrivate)?;
    let point = uncompressed(ec);
    let params = Params::new()
        .text(c"group", group(ec.crv())?)
        .octets(c"pub", &point)
        .number(c"priv", d.expose_secret());
    let key = Pkey::import(lib, Parts::Pair, c"EC", params)?;
    // The import takes any number for d, and leaves it to be another point's.
    if !key.is_consistent(lib, Parts::Pair).map_err(KeyError::Unavailable)? {
        return Err(KeyError::Inconsistent);
    }
    Ok(key)
}

/// The point in octets (SEC 1 §2.3.3).
fn uncompressed(ec: &Ec) -> Vec<u8> {
    [&[4], ec.x(), ec.y()].concat()
}

fn group(crv: EcCurve) -> Result<&'static CStr, KeyError> {
    match crv {
        EcCurve::P256 => Ok(c"P-256"),
        EcCurve::P384 => Ok(c"P-384"),
        EcCurve::P521 => Ok(c"P-521"),
        EcCurve::Secp256k1 => Ok(c"secp256k1"),
        _ => Err(KeyError::Unsupported { what: crv.name() }),
    }
}

#[cfg(test)]
mod tests {
    use openssl::bn::{BigNum, BigNumContext};
    use openssl::ec::EcGroup;
    use openssl::error::ErrorStack;
    use openssl::nid::Nid;

    use super::*;

    static LIB: Lib = Lib::process();

    /// The private key 1, whose point is the generator, and the order (SEC 2 §2.4.2).
    const GX: [u8; 32] = hex(b"6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296");
    const GY: [u8; 32] = hex(b"4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5");
    const N: [u8; 32] = hex(b"FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551");

    const fn hex<const N: usize>(text: &[u8]) -> [u8; N] {
        let mut octets = [0; N];
        let mut i = 0;
        while i < text.len() {
            let digit = if text[i] <= b'9' { text[i] - b'0' } else { text[i] - b'A' + 10 };
            octets[i / 2] = octets[i / 2] << 4 | digit;
            i += 1;
        }
        octets
    }

    fn plus(mut number: [u8; 32], last: u8) -> [u8; 32] {
        number[31] = number[31].wrapping_add(last);
        number
    }

    fn load(x: [u8; 32], y: [u8; 32], d: [u8; 32]) -> Result<EcSigner, KeyError> {
        let ec = Ec::new(EcCurve::P256, x.into(), y.into(), Some(d.into())).unwrap();
        EcSigner::new(&LIB, Hash::Sha256, &ec)
    }

    #[test]
    fn the_private_key_is_in_range_and_the_point_its_own() {
        assert!(load(GX, GY, plus([0; 32], 1)).is_ok());
        for d in [[0; 32], plus([0; 32], 2), plus(N, 0), plus(N, 1), [0xFF; 32]] {
            assert!(matches!(load(GX, GY, d), Err(KeyError::Inconsistent)), "{d:?}");
            assert!(ErrorStack::get().errors().is_empty());
        }
    }

    const CURVES: [(EcCurve, Nid); 4] = [
        (EcCurve::P256, Nid::X9_62_PRIME256V1),
        (EcCurve::P384, Nid::SECP384R1),
        (EcCurve::P521, Nid::SECP521R1),
        (EcCurve::Secp256k1, Nid::SECP256K1),
    ];

    /// This process's context and another.
    fn libs() -> [&'static Lib; 2] {
        [&LIB, Lib::elsewhere(c"default", Some(c"provider=default"))]
    }

    #[test]
    fn a_scalar_is_completed_to_the_key_it_was_taken_from() {
        for lib in libs() {
            for (crv, _) in CURVES {
                let mut are_odd = [false; 2];
                for _ in 0..16 {
                    let Ok(KeyParams::Ec(ec)) = generate(lib, crv) else { panic!() };
                    are_odd[usize::from(ec.y().last().unwrap() & 1)] = true;
                    let whole = complete(lib, crv, ec.d().unwrap()).unwrap();
                    assert!(whole == KeyParams::Ec(ec), "{}", crv.name());
                    assert!(ErrorStack::get().errors().is_empty());
                }
                assert_eq!(are_odd, [true; 2], "both signs of y, but for one run in 2^15");
            }
        }
    }

    #[test]
    fn the_scalar_1_is_completed_to_the_generator() {
        let KeyParams::Ec(ec) = complete(&LIB, EcCurve::P256, &plus([0; 32], 1).into()).unwrap()
        else {
            panic!()
        };
        assert_eq!((ec.x(), ec.y()), (&GX[..], &GY[..]));
    }

    #[test]
    fn a_scalar_out_of_range_is_not_completed() {
        for lib in libs() {
            for (crv, nid) in CURVES {
                let mut order = BigNum::new().unwrap();
                let group = EcGroup::from_curve_name(nid).unwrap();
                group.order(&mut order, &mut BigNumContext::new().unwrap()).unwrap();
                let one = BigNum::from_u32(1).unwrap();
                let len = crv.coordinate_len();
                let octets =
                    |number: &BigNum| number.to_vec_padded(i32::try_from(len).unwrap()).unwrap();
                for d in [octets(&one), octets(&(&order - &one))] {
                    assert!(complete(lib, crv, &d.into()).is_ok(), "{}", crv.name());
                }
                for d in [
                    vec![0; len],
                    octets(&order),
                    octets(&(&order + &one)),
                    octets(&(&order + &*BigNum::from_u32(1000).unwrap())),
                    vec![0xFF; len],
                ] {
                    let refused = complete(lib, crv, &d.clone().into()).err();
                    assert!(matches!(refused, Some(KeyError::Inconsistent)), "{d:?} {refused:?}");
                    assert!(ErrorStack::get().errors().is_empty(), "{d:?}");
                }
            }
        }
    }

    #[test]
    fn points_off_the_curve_are_refused() {
        // The last has an x of 2^256 - 1, which is greater than p.
        for (x, y) in [(GX, plus(GY, 1)), (GY, GX), (plus(GX, 1), GY), ([0xFF; 32], GY)] {
            let ec = Ec::new(EcCurve::P256, x.into(), y.into(), None).unwrap();
            let refused = EcVerifier::new(&LIB, Hash::Sha256, &ec).err();
            assert!(matches!(refused, Some(KeyError::Inconsistent)), "{refused:?}");
            assert!(load(x, y, plus([0; 32], 1)).is_err());
            assert!(ErrorStack::get().errors().is_empty());
        }
    }
}
