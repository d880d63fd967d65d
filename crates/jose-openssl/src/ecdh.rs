//! ECDH-ES on P-256, P-384 and P-521 (RFC 7518 §4.6), X25519 and X448 (RFC 8037 §3.2).

use core::ffi::CStr;

use jose_core::SecretBytes;
use jose_core::crypto::{
    AgreementInitiator, AgreementResponder, CryptoError, KeyError, OtherInfo, Refused,
};
use jose_core::jwk::{EcCurve, OkpCurve, Params as KeyParams};
use zeroize::Zeroizing;

use crate::ffi::{KeyTemplate, Lib, Params, Parts, Pkey};
use crate::{ecdsa, eddsa, kdf};

/// The recipient's public key.
pub(crate) struct EcdhInitiator {
    lib: &'static Lib,
    crv: Curve,
    recipient: Pkey,
}

impl EcdhInitiator {
    pub(crate) fn new(lib: &'static Lib, key: &KeyParams) -> Result<Self, KeyError> {
        let crv = Curve::of(key)?;
        let recipient = crv.import_public(lib, key)?;
        // It is going to be used again and again, unlike an ephemeral one.
        if !recipient.is_fully_valid(lib).map_err(KeyError::Unavailable)? {
            return Err(KeyError::Inconsistent);
        }
        Ok(Self { lib, crv, recipient })
    }

    pub(crate) fn agree(
        &self,
        info: &[u8],
        len: usize,
    ) -> Result<(KeyParams, SecretBytes), CryptoError> {
        let (ephemeral, epk) = self.crv.ephemeral(self.lib).map_err(|error| match error {
            KeyError::Unavailable(error) => error,
            other => CryptoError::from_source(other),
        })?;
        let own = KeyTemplate::agree(self.lib, &ephemeral)?;
        let z = self.crv.shared_secret(&own, &self.recipient).map_err(|refused| match refused {
            Refused::Unavailable(error) => error,
            other => CryptoError::from_source(other),
        })?;
        Ok((epk, kdf::concat(self.lib, &z, info, len)?))
    }
}

impl AgreementInitiator for EcdhInitiator {
    fn initiate(&self, info: &OtherInfo<'_>) -> Result<(KeyParams, SecretBytes), CryptoError> {
        self.agree(&info.encode(), info.key_len())
    }
}

/// The recipient's private key.
pub(crate) struct EcdhResponder {
    lib: &'static Lib,
    crv: Curve,
    template: KeyTemplate,
}

impl EcdhResponder {
    pub(crate) fn new(lib: &'static Lib, key: &KeyParams) -> Result<Self, KeyError> {
        let crv = Curve::of(key)?;
        let own = match key {
            KeyParams::Ec(ec) => ecdsa::import_pair(lib, ec)?,
            KeyParams::Okp(okp) => eddsa::import_pair(lib, crv.kind(), okp)?,
            _ => return Err(KeyError::Unsupported { what: "ECDH-ES" }),
        };
        let template = KeyTemplate::agree(lib, &own).map_err(KeyError::Unavailable)?;
        Ok(Self { lib, crv, template })
    }

    pub(crate) fn agree(
        &self,
        epk: &KeyParams,
        info: &[u8],
        len: usize,
    ) -> Result<SecretBytes, Refused> {
        let z = self.shared_secret(epk)?;
        kdf::concat(self.lib, &z, info, len).map_err(Refused::Unavailable)
    }

    fn shared_secret(&self, epk: &KeyParams) -> Result<Zeroizing<Vec<u8>>, Refused> {
        if Curve::of(epk).ok() != Some(self.crv) {
            return Err(Refused::Invalid);
        }
        let peer = self.crv.import_public(self.lib, epk).map_err(|error| match error {
            KeyError::Unavailable(error) => Refused::Unavailable(error),
            _ => Refused::Invalid,
        })?;
        self.crv.shared_secret(&self.template, &peer)
    }
}

impl AgreementResponder for EcdhResponder {
    fn respond(&self, epk: &KeyParams, info: &OtherInfo<'_>) -> Result<SecretBytes, Refused> {
        self.agree(epk, &info.encode(), info.key_len())
    }
}

/// A new private key on X25519 or X448.
pub(crate) fn generate(lib: &Lib, crv: OkpCurve) -> Result<KeyParams, KeyError> {
    eddsa::generate_of(lib, Curve::okp(crv)?.kind(), crv)
}

/// The whole key of a private one on X25519 or X448.
pub(crate) fn complete(lib: &Lib, crv: OkpCurve, d: &SecretBytes) -> Result<KeyParams, KeyError> {
    eddsa::complete_of(lib, Curve::okp(crv)?.kind(), crv, d)
}

/// Refuses a public key that [`EcdhInitiator`] would refuse.
pub(crate) fn check_public(lib: &Lib, key: &KeyParams) -> Result<(), KeyError> {
    Curve::of(key)?.import_public(lib, key).map(drop)
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Curve {
    Ec(EcCurve),
    Okp(OkpCurve),
}

impl Curve {
    fn of(key: &KeyParams) -> Result<Self, KeyError> {
        match key {
            KeyParams::Ec(ec) => match ec.crv() {
                crv @ (EcCurve::P256 | EcCurve::P384 | EcCurve::P521) => Ok(Self::Ec(crv)),
                other => Err(KeyError::Unsupported { what: other.name() }),
            },
            KeyParams::Okp(okp) => Self::okp(okp.crv()),
            _ => Err(KeyError::Unsupported { what: "ECDH-ES" }),
        }
    }

    fn okp(crv: OkpCurve) -> Result<Self, KeyError> {
        match crv {
            OkpCurve::X25519 | OkpCurve::X448 => Ok(Self::Okp(crv)),
            other => Err(KeyError::Unsupported { what: other.name() }),
        }
    }

    /// What OpenSSL calls keys on it.
    const fn kind(self) -> &'static CStr {
        match self {
            Self::Ec(_) => c"EC",
            Self::Okp(OkpCurve::X448) => c"X448",
            Self::Okp(_) => c"X25519",
        }
    }

    /// Length of a shared secret: that of a coordinate, with zeros in front (RFC 7518 §4.6.2).
    const fn secret_len(self) -> usize {
        match self {
            Self::Ec(crv) => crv.coordinate_len(),
            Self::Okp(crv) => crv.key_len(),
        }
    }

    /// A public key on this curve, which is refused if it is not.
    fn import_public(self, lib: &Lib, key: &KeyParams) -> Result<Pkey, KeyError> {
        let okp = match key {
            // A point of another curve gives the private key away, piece by piece.
            KeyParams::Ec(ec) => return ecdsa::import_public(lib, ec),
            KeyParams::Okp(okp) => okp,
            _ => return Err(KeyError::Unsupported { what: "ECDH-ES" }),
        };
        let params = Params::new().octets(c"pub", okp.x());
        let public = Pkey::import(lib, Parts::Public, self.kind(), params)?;
        if !public.is_consistent(lib, Parts::Public).map_err(KeyError::Unavailable)? {
            return Err(KeyError::Inconsistent);
        }
        Ok(public)
    }

    /// A new pair for one agreement, and what of it is sent along.
    fn ephemeral(self, lib: &Lib) -> Result<(Pkey, KeyParams), KeyError> {
        match self {
            Self::Ec(crv) => {
                let pair = ecdsa::generate_pair(lib, crv)?;
                let epk = ecdsa::export(&pair, crv, None)?;
                Ok((pair, KeyParams::Ec(epk)))
            }
            Self::Okp(crv) => {
                let pair = Pkey::generate(lib, self.kind(), &Params::new())
                    .map_err(KeyError::Unavailable)?;
                let epk = eddsa::export(&pair, crv, None)?;
                Ok((pair, epk))
            }
        }
    }

    /// Z of SP 800-56A §5.7.1.2 and RFC 7748 §6.
    fn shared_secret(self, own: &KeyTemplate, peer: &Pkey) -> Result<Zeroizing<Vec<u8>>, Refused> {
        let mut z = Zeroizing::new(vec![0; self.secret_len()]);
        own.agreed(peer, &mut z)?;
        // Anybody's secret (RFC 7748 §6.1). OpenSSL refuses it where it computes by itself, and not
        // where a machine has an instruction for the curve. The other curves have no points of small
        // order, and one whose x is zero is a point like any other.
        let montgomery = matches!(self, Self::Okp(_));
        if montgomery && z.iter().fold(0, |any, octet| any | octet) == 0 {
            return Err(Refused::Invalid);
        }
        Ok(z)
    }
}

#[cfg(test)]
mod tests {
    use jose_core::Jwk;
    use jose_core::crypto::NewKey;
    use jose_core::jwk::{Ec, Okp};
    use openssl::error::ErrorStack;

    use super::*;
    use crate::tests::hex;

    static LIB: Lib = Lib::process();

    const KEYS: [NewKey; 5] = [
        NewKey::Ec(EcCurve::P256),
        NewKey::Ec(EcCurve::P384),
        NewKey::Ec(EcCurve::P521),
        NewKey::Okp(OkpCurve::X25519),
        NewKey::Okp(OkpCurve::X448),
    ];

    fn new(key: NewKey) -> KeyParams {
        crate::BACKEND.generate(key).unwrap()
    }

    fn public(key: &KeyParams) -> KeyParams {
        Jwk::new(key.clone()).to_public().unwrap().params().clone()
    }

    fn responder(key: &KeyParams) -> EcdhResponder {
        EcdhResponder::new(&LIB, key).unwrap()
    }

    fn jwk(json: &str) -> KeyParams {
        json.parse::<Jwk>().unwrap().params().clone()
    }

    fn okp(crv: OkpCurve, x: &str, d: Option<&str>) -> KeyParams {
        KeyParams::Okp(Okp::new(crv, hex(x), d.map(|d| hex(d).into())).unwrap())
    }

    #[test]
    fn the_example_of_rfc_7518_appendix_c_is_agreed() {
        let bob = jwk(r#"{"kty":"EC","crv":"P-256",
            "x":"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
            "y":"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck",
            "d":"VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw"}"#);
        let alice = jwk(r#"{"kty":"EC","crv":"P-256",
            "x":"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
            "y":"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"}"#);
        let info = b"\0\0\0\x07A128GCM\0\0\0\x05Alice\0\0\0\x03Bob\0\0\0\x80";
        let key = responder(&bob).agree(&alice, info, 16).unwrap();
        // VqqN6vgjbSBcIijNcacQGg
        assert_eq!(key.expose_secret(), hex("56aa8deaf8236d205c2228cd71a7101a"));
    }

    #[test]
    fn the_shared_secrets_of_rfc_8037_and_rfc_7748_are_agreed() {
        for (crv, d, x, epk, expected) in [
            (
                OkpCurve::X25519, // RFC 8037 A.6
                "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
                "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
                "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
                "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
            ),
            (
                OkpCurve::X448, // RFC 7748 §6.2
                "9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28d\
                 d9c9baf574a9419744897391006382a6f127ab1d9ac2d8c0a598726b",
                "9b08f7cc31b7e3e67d22d5aea121074a273bd2b83de09c63faa73d2c\
                 22c5d9bbc836647241d953d40c5b12da88120d53177f80e532c41fa0",
                "3eb7a829b0cd20f5bcfc0b599b6feccf6da4627107bdb0d4f345b430\
                 27d8b972fc3e34fb4232a13ca706dcb57aec3dae07bdc1c67bf33609",
                "07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282b\
                 b60c0b56fd2464c335543936521c24403085d59a449a5037514a879d",
            ),
        ] {
            let own = responder(&okp(crv, x, Some(d)));
            let z = own.shared_secret(&okp(crv, epk, None)).unwrap();
            assert_eq!(*z, hex(expected), "{}", crv.name());
        }
    }

    #[test]
    fn the_private_keys_of_rfc_7748_are_completed() {
        for (crv, d, x) in [
            (
                OkpCurve::X25519, // §6.1
                "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
                "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
            ),
            (
                OkpCurve::X448, // §6.2
                "9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28d\
                 d9c9baf574a9419744897391006382a6f127ab1d9ac2d8c0a598726b",
                "9b08f7cc31b7e3e67d22d5aea121074a273bd2b83de09c63faa73d2c\
                 22c5d9bbc836647241d953d40c5b12da88120d53177f80e532c41fa0",
            ),
        ] {
            for lib in [&LIB, Lib::elsewhere(c"default", Some(c"provider=default"))] {
                let whole = complete(lib, crv, &hex(d).into()).unwrap();
                assert!(whole == okp(crv, x, Some(d)), "{}", crv.name());
            }
            assert!(ErrorStack::get().errors().is_empty());
        }
    }

    #[test]
    fn both_sides_agree_on_every_curve() {
        for key in KEYS {
            let own = new(key);
            let initiator = EcdhInitiator::new(&LIB, &public(&own)).unwrap();
            for len in [16, 24, 32, 48, 64] {
                let (epk, sent) = initiator.agree(b"info", len).unwrap();
                let received = responder(&own).agree(&epk, b"info", len).unwrap();
                assert_eq!((received.len(), &received), (len, &sent), "{key:?}");
                let other = responder(&own).agree(&epk, b"other", len).unwrap();
                assert_ne!(other, sent, "{key:?}");
            }
            assert!(ErrorStack::get().errors().is_empty());
        }
    }

    #[test]
    fn every_agreement_has_a_new_ephemeral_key_without_its_private_half() {
        for key in KEYS {
            let initiator = EcdhInitiator::new(&LIB, &public(&new(key))).unwrap();
            let [(one, _), (other, _)] = [(); 2].map(|()| initiator.agree(b"", 16).unwrap());
            assert_eq!((&one, &other), (&public(&one), &public(&other)), "{key:?}");
            assert_ne!(one, other, "{key:?}");
        }
    }

    #[test]
    fn a_shared_secret_has_its_zeros_in_front() {
        for crv in [EcCurve::P256, EcCurve::P384, EcCurve::P521] {
            let own = responder(&new(NewKey::Ec(crv)));
            let short = || {
                let z = own.shared_secret(&public(&new(NewKey::Ec(crv)))).unwrap();
                assert_eq!(z.len(), crv.coordinate_len());
                z[0] == 0
            };
            assert!((0..4000).any(|_| short()), "{}", crv.name());
        }
    }

    #[test]
    fn points_whose_shared_secret_is_zero_are_refused() {
        let minus_one_448 = format!("fe{}fe{}", "ff".repeat(27), "ff".repeat(27));
        for (crv, points) in [
            (
                OkpCurve::X25519,
                &[
                    "0000000000000000000000000000000000000000000000000000000000000000",
                    "0100000000000000000000000000000000000000000000000000000000000000",
                    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                    "0000000000000000000000000000000000000000000000000000000000000080",
                ][..],
            ),
            (
                OkpCurve::X448,
                &[&"00".repeat(56), &format!("01{}", "00".repeat(55)), &minus_one_448],
            ),
        ] {
            let own = responder(&new(NewKey::Okp(crv)));
            for point in points {
                let epk = okp(crv, point, None);
                let verdict = own.agree(&epk, b"info", 16);
                assert!(matches!(verdict, Err(Refused::Invalid)), "{point} {verdict:?}");
                if let Ok(initiator) = EcdhInitiator::new(&LIB, &epk) {
                    assert!(initiator.agree(b"info", 16).is_err(), "{point}");
                }
                assert!(ErrorStack::get().errors().is_empty());
            }
        }
    }

    #[test]
    fn points_off_the_curve_are_refused() {
        for crv in [EcCurve::P256, EcCurve::P384, EcCurve::P521] {
            let own = new(NewKey::Ec(crv));
            let KeyParams::Ec(ec) = new(NewKey::Ec(crv)) else { panic!() };
            let len = crv.coordinate_len();
            let mut beside = ec.y().to_vec();
            beside[len - 1] ^= 1;
            for (x, y) in [
                (ec.x().to_vec(), beside),
                (ec.y().to_vec(), ec.x().to_vec()),
                (vec![0; len], vec![0; len]),
                (vec![0xFF; len], ec.y().to_vec()),
            ] {
                let point = KeyParams::Ec(Ec::new(crv, x, y, None).unwrap());
                let verdict = responder(&own).agree(&point, b"info", 16);
                assert!(matches!(verdict, Err(Refused::Invalid)), "{verdict:?}");
                let refused = EcdhInitiator::new(&LIB, &point).err();
                assert!(matches!(refused, Some(KeyError::Inconsistent)), "{refused:?}");
                assert!(ErrorStack::get().errors().is_empty());
            }
        }
    }

    #[test]
    fn a_key_of_another_curve_or_type_is_refused() {
        for own in KEYS {
            for other in KEYS.into_iter().filter(|other| *other != own) {
                let verdict = responder(&new(own)).agree(&public(&new(other)), b"info", 16);
                assert!(matches!(verdict, Err(Refused::Invalid)), "{own:?} {other:?}");
            }
        }
        for key in [NewKey::Ec(EcCurve::Secp256k1), NewKey::Okp(OkpCurve::Ed25519)] {
            let refused = EcdhInitiator::new(&LIB, &public(&new(key))).err();
            assert!(matches!(refused, Some(KeyError::Unsupported { .. })), "{refused:?}");
            let refused = EcdhResponder::new(&LIB, &new(key)).err();
            assert!(matches!(refused, Some(KeyError::Unsupported { .. })), "{refused:?}");
        }
    }

    #[test]
    fn a_public_half_that_is_not_the_private_ones_is_refused() {
        for key in KEYS {
            let mixed = match (new(key), new(key)) {
                (KeyParams::Ec(one), KeyParams::Ec(other)) => KeyParams::Ec(
                    Ec::new(one.crv(), one.x().into(), one.y().into(), other.d().cloned()).unwrap(),
                ),
                (KeyParams::Okp(one), KeyParams::Okp(other)) => {
                    KeyParams::Okp(Okp::new(one.crv(), one.x().into(), other.d().cloned()).unwrap())
                }
                _ => panic!("{key:?}"),
            };
            let refused = EcdhResponder::new(&LIB, &mixed).err();
            assert!(matches!(refused, Some(KeyError::Inconsistent)), "{refused:?}");
            let refused = EcdhResponder::new(&LIB, &public(&mixed)).err();
            assert!(matches!(refused, Some(KeyError::NotPrivate)), "{refused:?}");
            assert!(ErrorStack::get().errors().is_empty());
        }
    }
}
