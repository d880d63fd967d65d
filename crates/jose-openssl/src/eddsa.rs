//! `EdDSA` on Ed25519 and Ed448 (RFC 8037 §3.1, RFC 9864 §2.2).

use alloc::borrow::Cow;
use core::ffi::CStr;

use jose_core::SecretBytes;
use jose_core::crypto::{CryptoError, KeyError, Refused, Signer, Verifier};
use jose_core::jwk::{Okp, OkpCurve, Params as KeyParams};
use openssl::bn::{BigNum, BigNumContext};
use openssl::error::ErrorStack;
use zeroize::Zeroizing;

use crate::ffi::{self, Lib, Params, Parts, Pkey};

/// A private key.
pub(crate) struct EdSigner {
    lib: &'static Lib,
    key: Pkey,
}

impl EdSigner {
    pub(crate) fn new(lib: &'static Lib, okp: &Okp) -> Result<Self, KeyError> {
        Ok(Self { lib, key: import_pair(lib, kind(okp.crv())?, okp)? })
    }
}

impl Signer for EdSigner {
    fn sign(&self, input: &[&[u8]], signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        let mut out = [0; 114];
        let len = ffi::sign_at_once(self.lib, &self.key, &message(input), &mut out)?;
        signature.extend_from_slice(out.get(..len).unwrap_or_default());
        Ok(())
    }
}

/// A public key.
pub(crate) struct EdVerifier {
    lib: &'static Lib,
    key: Pkey,
}

impl EdVerifier {
    pub(crate) fn new(lib: &'static Lib, okp: &Okp) -> Result<Self, KeyError> {
        Ok(Self { lib, key: import_public(lib, okp)? })
    }
}

impl Verifier for EdVerifier {
    fn verify(&self, input: &[&[u8]], signature: &[u8]) -> Result<(), Refused> {
        ffi::verify_at_once(self.lib, &self.key, &message(input), signature)
    }
}

pub(crate) fn generate(lib: &Lib, crv: OkpCurve) -> Result<KeyParams, KeyError> {
    generate_of(lib, kind(crv)?, crv)
}

/// As `generate`, on any curve that OpenSSL has as `kind`.
pub(crate) fn generate_of(
    lib: &Lib,
    kind: &'static CStr,
    crv: OkpCurve,
) -> Result<KeyParams, KeyError> {
    let key = Pkey::generate(lib, kind, &Params::new()).map_err(KeyError::Unavailable)?;
    let mut d = Zeroizing::new(vec![0; crv.key_len()]);
    key.octets(c"priv", &mut d).map_err(KeyError::Unavailable)?;
    export(&key, crv, Some(SecretBytes::from(d.as_slice())))
}

/// The whole key of a private one.
pub(crate) fn complete(lib: &Lib, crv: OkpCurve, d: &SecretBytes) -> Result<KeyParams, KeyError> {
    complete_of(lib, kind(crv)?, crv, d)
}

/// As `complete`, on any curve that OpenSSL has as `kind`.
pub(crate) fn complete_of(
    lib: &Lib,
    kind: &'static CStr,
    crv: OkpCurve,
    d: &SecretBytes,
) -> Result<KeyParams, KeyError> {
    let key = import_private(lib, kind, d)?;
    if !key.is_consistent(lib, Parts::Pair).map_err(KeyError::Unavailable)? {
        return Err(KeyError::Inconsistent);
    }
    export(&key, crv, Some(d.clone()))
}

/// The public key, with `d` beside it.
pub(crate) fn export(
    key: &Pkey,
    crv: OkpCurve,
    d: Option<SecretBytes>,
) -> Result<KeyParams, KeyError> {
    let mut x = vec![0; crv.key_len()];
    key.octets(c"pub", &mut x).map_err(KeyError::Unavailable)?;
    Okp::new(crv, x, d).map(KeyParams::Okp).map_err(|_| KeyError::Inconsistent)
}

/// What is not a point of its curve is refused.
pub(crate) fn import_public(lib: &Lib, okp: &Okp) -> Result<Pkey, KeyError> {
    let kind = kind(okp.crv())?;
    // OpenSSL looks at the point only when it verifies.
    let on_curve = is_on_curve(okp.crv(), okp.x());
    if !on_curve.map_err(|errors| KeyError::Unavailable(CryptoError::from_source(errors)))? {
        return Err(KeyError::Inconsistent);
    }
    Pkey::import(lib, Parts::Public, kind, Params::new().octets(c"pub", okp.x()))
}

/// A private key, of which OpenSSL makes the public one.
fn import_private(lib: &Lib, kind: &'static CStr, d: &SecretBytes) -> Result<Pkey, KeyError> {
    Pkey::import(lib, Parts::Pair, kind, Params::new().octets(c"priv", d.expose_secret()))
}

/// A key on any curve that OpenSSL has as `kind`.
pub(crate) fn import_pair(lib: &Lib, kind: &'static CStr, okp: &Okp) -> Result<Pkey, KeyError> {
    let d = okp.d().ok_or(KeyError::NotPrivate)?;
    // OpenSSL would take a public key beside the private one at its word, and signing with another's
    // gives the seed away: let it make its own, and compare.
    let key = import_private(lib, kind, d)?;
    let mut x = vec![0; okp.crv().key_len()];
    key.octets(c"pub", &mut x).map_err(KeyError::Unavailable)?;
    if x != okp.x() {
        return Err(KeyError::Inconsistent);
    }
    Ok(key)
}

fn message<'a>(input: &[&'a [u8]]) -> Cow<'a, [u8]> {
    match input {
        [message] => Cow::Borrowed(message),
        parts => Cow::Owned(parts.concat()),
    }
}

fn kind(crv: OkpCurve) -> Result<&'static CStr, KeyError> {
    match crv {
        OkpCurve::Ed25519 => Ok(c"ED25519"),
        OkpCurve::Ed448 => Ok(c"ED448"),
        _ => Err(KeyError::Unsupported { what: crv.name() }),
    }
}

/// Whether the curve has a point with this y coordinate (RFC 8032 §5.1.3, §5.2.3).
///
/// It has if x², a fraction of y, is a square modulo p. A fraction is one if the product of its
/// numerator and its denominator is.
fn is_on_curve(crv: OkpCurve, public: &[u8]) -> Result<bool, ErrorStack> {
    let mut ctx = BigNumContext::new()?;
    let mut y: Vec<u8> = public.iter().rev().copied().collect();
    if let Some(first) = y.first_mut() {
        *first &= 0x7F; // the sign of x
    }
    let (y, one) = (BigNum::from_slice(&y)?, BigNum::from_u32(1)?);
    let (mut p, mut yy) = (BigNum::new()?, BigNum::new()?);
    let (mut numerator, mut denominator) = (BigNum::new()?, BigNum::new()?);
    if crv == OkpCurve::Ed25519 {
        // x² = (y² - 1) / (d·y² + 1), d = -121665/121666, p = 2^255 - 19
        p.lshift(&one, 255)?;
        p.sub_word(19)?;
        yy.sqr(&y, &mut ctx)?;
        numerator.checked_sub(&yy, &one)?;
        numerator.mul_word(121_666)?;
        yy.mul_word(121_665)?;
        denominator.checked_sub(&*BigNum::from_u32(121_666)?, &yy)?;
    } else {
        // x² = (1 - y²) / (1 - d·y²), d = -39081, p = 2^448 - 2^224 - 1
        yy.lshift(&one, 448)?;
        numerator.lshift(&one, 224)?;
        p.checked_sub(&yy, &numerator)?;
        p.sub_word(1)?;
        yy.sqr(&y, &mut ctx)?;
        numerator.checked_sub(&one, &yy)?;
        yy.mul_word(39_081)?;
        denominator.checked_add(&yy, &one)?;
    }
    let (mut product, mut half, mut symbol) = (BigNum::new()?, BigNum::new()?, BigNum::new()?);
    product.mod_mul(&numerator, &denominator, &p, &mut ctx)?;
    half.rshift1(&p)?; // (p - 1) / 2: Euler's criterion
    symbol.mod_exp(&product, &half, &p, &mut ctx)?;
    Ok(symbol == one || product.num_bits() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::hex;

    static LIB: Lib = Lib::process();

    #[test]
    fn a_public_key_that_is_not_the_seeds_own_is_refused() {
        for crv in [OkpCurve::Ed25519, OkpCurve::Ed448] {
            let Ok(KeyParams::Okp(one)) = generate(&LIB, crv) else { panic!() };
            let Ok(KeyParams::Okp(other)) = generate(&LIB, crv) else { panic!() };
            let mixed = Okp::new(crv, one.x().into(), other.d().cloned()).unwrap();
            assert!(EdSigner::new(&LIB, &one).is_ok());
            assert!(matches!(EdSigner::new(&LIB, &mixed), Err(KeyError::Inconsistent)));
        }
    }

    #[test]
    fn half_of_all_y_are_of_no_point() {
        for (crv, points) in
            [(OkpCurve::Ed25519, &[3, 4, 5, 6, 9][..]), (OkpCurve::Ed448, &[3, 4, 5, 7, 8, 9])]
        {
            let is_loaded = |y: &u8| {
                let mut x = vec![0; crv.key_len()];
                x[0] = *y;
                let loaded = EdVerifier::new(&LIB, &Okp::new(crv, x, None).unwrap());
                assert!(matches!(loaded, Ok(_) | Err(KeyError::Inconsistent)));
                loaded.is_ok()
            };
            assert_eq!((2..10).filter(is_loaded).collect::<Vec<u8>>(), points, "{}", crv.name());
        }
    }

    #[test]
    fn the_private_keys_of_rfc_8032_are_completed() {
        for (crv, d, x) in [
            (
                OkpCurve::Ed25519, // §7.1, test 1
                "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            ),
            (
                OkpCurve::Ed448, // §7.4, blank
                "6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3\
                 528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b",
                "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778\
                 edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180",
            ),
        ] {
            let d = SecretBytes::from(hex(d));
            let expected = KeyParams::Okp(Okp::new(crv, hex(x), Some(d.clone())).unwrap());
            for lib in [&LIB, Lib::elsewhere(c"default", Some(c"provider=default"))] {
                assert!(complete(lib, crv, &d).unwrap() == expected, "{}", crv.name());
            }
            assert!(ErrorStack::get().errors().is_empty());
        }
    }

    #[test]
    fn a_curve_for_agreement_is_not_completed_here() {
        let refused = complete(&LIB, OkpCurve::X25519, &[7; 32].into()).err();
        assert!(matches!(refused, Some(KeyError::Unsupported { what: "X25519" })), "{refused:?}");
    }

    #[test]
    fn every_generated_key_is_on_its_curve() {
        for crv in [OkpCurve::Ed25519, OkpCurve::Ed448] {
            for _ in 0..32 {
                let Ok(KeyParams::Okp(okp)) = generate(&LIB, crv) else { panic!() };
                assert!(is_on_curve(crv, okp.x()).unwrap());
            }
        }
    }
}
