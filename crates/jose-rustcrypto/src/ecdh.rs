//! ECDH-ES: agreeing on keys on P-256, P-384, P-521 and X25519 (RFC 7518 §4.6, RFC 8037 §3.2).
//!
//! The shared secret Z is the x coordinate at the full length of its field, or the u coordinate of
//! RFC 7748, and is wiped as soon as the key has been derived from it.

use alloc::boxed::Box;

use ecdsa::elliptic_curve::ecdh::SharedSecret;
use ecdsa::elliptic_curve::sec1::{FromSec1Point, ModulusSize, Sec1Point, ToSec1Point};
use ecdsa::elliptic_curve::{self, CurveArithmetic, FieldBytes, Generate, PublicKey, SecretKey};
use getrandom::SysRng;
use jose_core::SecretBytes;
use jose_core::crypto::{
    AgreementInitiator, AgreementResponder, CryptoError, KeyError, OtherInfo, Refused,
};
use jose_core::jwk::{Ec, EcCurve, Okp, OkpCurve, Params};
use p256::NistP256;
use p384::NistP384;
use p521::NistP521;
use sha2::Sha256;
use x25519_dalek::StaticSecret;
use zeroize::Zeroizing;

use crate::{digest, random};

pub(crate) fn initiator(params: &Params) -> Result<Box<dyn AgreementInitiator>, KeyError> {
    match params {
        Params::Ec(ec) => match ec.crv() {
            EcCurve::P256 => Ok(Box::new(Recipient::<NistP256>::new(ec)?)),
            EcCurve::P384 => Ok(Box::new(Recipient::<NistP384>::new(ec)?)),
            EcCurve::P521 => Ok(Box::new(Recipient::<NistP521>::new(ec)?)),
            other => Err(KeyError::Unsupported { what: other.name() }),
        },
        Params::Okp(okp) => match okp.crv() {
            OkpCurve::X25519 => Ok(Box::new(X25519Recipient::new(okp)?)),
            other => Err(KeyError::Unsupported { what: other.name() }),
        },
        _ => Err(KeyError::Unsupported { what: "ECDH-ES with this type of key" }),
    }
}

pub(crate) fn responder(params: &Params) -> Result<Box<dyn AgreementResponder>, KeyError> {
    match params {
        Params::Ec(ec) => match ec.crv() {
            EcCurve::P256 => Ok(Box::new(Private::<NistP256>::new(ec)?)),
            EcCurve::P384 => Ok(Box::new(Private::<NistP384>::new(ec)?)),
            EcCurve::P521 => Ok(Box::new(Private::<NistP521>::new(ec)?)),
            other => Err(KeyError::Unsupported { what: other.name() }),
        },
        Params::Okp(okp) => match okp.crv() {
            OkpCurve::X25519 => Ok(Box::new(X25519Private::new(okp)?)),
            other => Err(KeyError::Unsupported { what: other.name() }),
        },
        _ => Err(KeyError::Unsupported { what: "ECDH-ES with this type of key" }),
    }
}

pub(crate) fn generate_x25519() -> Result<Params, KeyError> {
    let secret = x25519_secret().map_err(KeyError::Unavailable)?;
    let d = SecretBytes::from(secret.as_bytes().as_slice());
    x25519_params(&secret, Some(d)).ok_or(KeyError::Inconsistent)
}

/// The key of a private one, which stays as it is given: the bits that RFC 7748 §5 has set and cleared
/// are so whenever it is used.
pub(crate) fn complete_x25519(d: &SecretBytes) -> Result<Params, KeyError> {
    x25519_load(d.expose_secret())
        .and_then(|secret| x25519_params(&secret, Some(d.clone())))
        .ok_or(KeyError::Inconsistent)
}

/// Every string of its length is a public key (RFC 7748 §5).
pub(crate) fn check_public_x25519(okp: &Okp) -> Result<(), KeyError> {
    x25519_point(okp).map(drop).ok_or(KeyError::Inconsistent)
}

/// What the curves of NIST have in common.
trait Curve:
    elliptic_curve::Curve<FieldBytesSize: ModulusSize>
    + CurveArithmetic<AffinePoint: FromSec1Point<Self> + ToSec1Point<Self>>
{
}

impl Curve for NistP256 {}
impl Curve for NistP384 {}
impl Curve for NistP521 {}

struct Recipient<C: Curve> {
    crv: EcCurve,
    key: PublicKey<C>,
}

impl<C: Curve> Recipient<C> {
    fn new(ec: &Ec) -> Result<Self, KeyError> {
        Ok(Self { crv: ec.crv(), key: point(ec).ok_or(KeyError::Inconsistent)? })
    }

    /// A new ephemeral public key, and Z.
    fn z(&self) -> Result<(Params, SharedSecret<C>), CryptoError> {
        let ephemeral =
            SecretKey::<C>::try_generate_from_rng(&mut SysRng).map_err(CryptoError::from_source)?;
        let point = ephemeral.public_key().to_sec1_point(false);
        let epk = match (point.x(), point.y()) {
            (Some(x), Some(y)) => Ec::new(self.crv, x.to_vec(), y.to_vec(), None).ok(),
            _ => None,
        };
        let epk = epk.ok_or_else(|| CryptoError::from_source("a key without coordinates"))?;
        Ok((Params::Ec(epk), ephemeral.diffie_hellman(&self.key)))
    }
}

impl<C: Curve> AgreementInitiator for Recipient<C> {
    fn initiate(&self, info: &OtherInfo<'_>) -> Result<(Params, SecretBytes), CryptoError> {
        let (epk, z) = self.z()?;
        Ok((epk, derive(info, z.raw_secret_bytes())?))
    }
}

struct Private<C: Curve> {
    crv: EcCurve,
    key: SecretKey<C>,
}

impl<C: Curve> Private<C> {
    fn new(ec: &Ec) -> Result<Self, KeyError> {
        let d = ec.d().ok_or(KeyError::NotPrivate)?;
        // Refuses scalars outside 1 to n - 1.
        let key = SecretKey::from_slice(d.expose_secret()).map_err(|_| KeyError::Inconsistent)?;
        if point(ec) != Some(key.public_key()) {
            return Err(KeyError::Inconsistent);
        }
        Ok(Self { crv: ec.crv(), key })
    }

    /// Never from the point at infinity: these curves have no points of small order.
    fn z(&self, epk: &Params) -> Option<SharedSecret<C>> {
        match epk {
            Params::Ec(epk) if epk.crv() == self.crv => Some(self.key.diffie_hellman(&point(epk)?)),
            _ => None,
        }
    }
}

impl<C: Curve> AgreementResponder for Private<C> {
    fn respond(&self, epk: &Params, info: &OtherInfo<'_>) -> Result<SecretBytes, Refused> {
        let z = self.z(epk).ok_or(Refused::Invalid)?;
        derive(info, z.raw_secret_bytes()).map_err(Refused::Unavailable)
    }
}

/// Refuses coordinates that are not reduced, and points off the curve: the shared secret with such a
/// point gives the private key away piece by piece.
fn point<C: Curve>(ec: &Ec) -> Option<PublicKey<C>> {
    let point = Sec1Point::<C>::from_affine_coordinates(
        <&FieldBytes<C>>::try_from(ec.x()).ok()?,
        <&FieldBytes<C>>::try_from(ec.y()).ok()?,
        false, // not compressed: y is given
    );
    Option::from(PublicKey::from_sec1_point(&point))
}

struct X25519Recipient(x25519_dalek::PublicKey);

impl X25519Recipient {
    fn new(okp: &Okp) -> Result<Self, KeyError> {
        x25519_point(okp).map(Self).ok_or(KeyError::Inconsistent)
    }

    /// A new ephemeral public key, and Z.
    fn z(&self) -> Result<(Params, x25519_dalek::SharedSecret), CryptoError> {
        let ephemeral = x25519_secret()?;
        let epk = x25519_params(&ephemeral, None)
            .ok_or_else(|| CryptoError::from_source("a key of another length"))?;
        let z = x25519_z(&ephemeral, &self.0)
            .ok_or_else(|| CryptoError::from_source("a recipient's key of small order"))?;
        Ok((epk, z))
    }
}

impl AgreementInitiator for X25519Recipient {
    fn initiate(&self, info: &OtherInfo<'_>) -> Result<(Params, SecretBytes), CryptoError> {
        let (epk, z) = self.z()?;
        Ok((epk, derive(info, z.as_bytes())?))
    }
}

struct X25519Private(StaticSecret);

impl X25519Private {
    fn new(okp: &Okp) -> Result<Self, KeyError> {
        let d = okp.d().ok_or(KeyError::NotPrivate)?;
        let secret = x25519_load(d.expose_secret()).ok_or(KeyError::Inconsistent)?;
        if x25519_point(okp) != Some(x25519_dalek::PublicKey::from(&secret)) {
            return Err(KeyError::Inconsistent);
        }
        Ok(Self(secret))
    }

    fn z(&self, epk: &Params) -> Option<x25519_dalek::SharedSecret> {
        match epk {
            Params::Okp(epk) if epk.crv() == OkpCurve::X25519 => {
                x25519_z(&self.0, &x25519_point(epk)?)
            }
            _ => None,
        }
    }
}

impl AgreementResponder for X25519Private {
    fn respond(&self, epk: &Params, info: &OtherInfo<'_>) -> Result<SecretBytes, Refused> {
        let z = self.z(epk).ok_or(Refused::Invalid)?;
        derive(info, z.as_bytes()).map_err(Refused::Unavailable)
    }
}

fn x25519_point(okp: &Okp) -> Option<x25519_dalek::PublicKey> {
    <[u8; 32]>::try_from(okp.x()).ok().map(x25519_dalek::PublicKey::from)
}

/// `None` if it is zero: the other side then chose it alone, by a point of small order
/// (RFC 7748 §6.1).
fn x25519_z(
    secret: &StaticSecret,
    point: &x25519_dalek::PublicKey,
) -> Option<x25519_dalek::SharedSecret> {
    let z = secret.diffie_hellman(point);
    z.was_contributory().then_some(z)
}

/// The crate's own generation panics when there is no randomness.
fn x25519_secret() -> Result<StaticSecret, CryptoError> {
    let mut d = Zeroizing::new([0; 32]);
    random::fill(d.as_mut_slice())?;
    Ok(StaticSecret::from(*d))
}

fn x25519_load(d: &[u8]) -> Option<StaticSecret> {
    let d = Zeroizing::new(<[u8; 32]>::try_from(d).ok()?);
    Some(StaticSecret::from(*d))
}

fn x25519_params(secret: &StaticSecret, d: Option<SecretBytes>) -> Option<Params> {
    let x = x25519_dalek::PublicKey::from(secret).as_bytes().to_vec();
    Okp::new(OkpCurve::X25519, x, d).map(Params::Okp).ok()
}

/// The Concat KDF, whose hash is SHA-256 on every curve (RFC 7518 §4.6.2).
fn derive(info: &OtherInfo<'_>, z: &[u8]) -> Result<SecretBytes, CryptoError> {
    info.derive(z, |parts, out| digest::digest::<Sha256>(parts, out))
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use ecdsa::elliptic_curve::{Field, PrimeField, Scalar};
    use jose_core::base64url;
    use k256::Secp256k1;

    use super::*;
    use crate::tests::hex;

    fn octets(text: &str) -> Vec<u8> {
        base64url::decode(text.as_bytes()).unwrap()
    }

    fn ec(crv: EcCurve, x: &[u8], y: &[u8], d: Option<&[u8]>) -> Ec {
        Ec::new(crv, x.into(), y.into(), d.map(SecretBytes::from)).unwrap()
    }

    fn okp(crv: OkpCurve, x: &[u8], d: Option<&[u8]>) -> Okp {
        Okp::new(crv, x.into(), d.map(SecretBytes::from)).unwrap()
    }

    fn rfc7518_alice() -> Ec {
        let [x, y, d] = [
            "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
            "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps",
            "0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo",
        ]
        .map(octets);
        ec(EcCurve::P256, &x, &y, Some(&d))
    }

    fn rfc7518_bob() -> Ec {
        let [x, y, d] = [
            "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
            "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck",
            "VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw",
        ]
        .map(octets);
        ec(EcCurve::P256, &x, &y, Some(&d))
    }

    /// RFC 7748 §6.1, which RFC 8037 appendix A.6 is made of.
    fn rfc8037_bob() -> Okp {
        let x = octets("3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08");
        let d = hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
        okp(OkpCurve::X25519, &x, Some(&d))
    }

    fn made<C: crate::ecdsa::Curve>(crv: EcCurve) -> Ec {
        let Params::Ec(made) = crate::ecdsa::generate::<C>(crv).unwrap() else { panic!() };
        made
    }

    /// Runs a check with the type of each curve and its name.
    macro_rules! on_every_curve {
        ($check:ident) => {
            $check::<NistP256>(EcCurve::P256);
            $check::<NistP384>(EcCurve::P384);
            $check::<NistP521>(EcCurve::P521);
        };
    }

    #[test]
    fn the_example_of_rfc_7518_appendix_c_holds_on_both_sides() {
        let (alice, bob) = (rfc7518_alice(), rfc7518_bob());
        for (own, other) in [(&bob, &alice), (&alice, &bob)] {
            let private = Private::<NistP256>::new(own).unwrap();
            let z = private.z(&Params::Ec(other.clone())).unwrap();
            let expected = "9e56d91d817135d372834283bf84269cfb316ea3da806a48f6daa7798cfe90c4";
            assert_eq!(z.raw_secret_bytes()[..], hex(expected));

            // "A128GCM", "Alice", "Bob" and 128 bits
            let info = hex("00000007 4131323847434d 00000005 416c696365 00000003 426f62 00000080");
            let mut key = [0; 32];
            let parts = [&[0, 0, 0, 1], &z.raw_secret_bytes()[..], &info];
            digest::digest::<Sha256>(&parts, &mut key).unwrap();
            assert_eq!(base64url::encode(&key[..16]), "VqqN6vgjbSBcIijNcacQGg");
        }
    }

    #[test]
    fn the_example_of_rfc_8037_appendix_a_6_holds_on_both_sides() {
        let x = octets("hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo");
        let d = hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
        let alice = okp(OkpCurve::X25519, &x, Some(&d));
        for (own, other) in [(rfc8037_bob(), alice.clone()), (alice, rfc8037_bob())] {
            let z = X25519Private::new(&own).unwrap().z(&Params::Okp(other)).unwrap();
            let expected = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
            assert_eq!(z.as_bytes()[..], hex(expected));
        }
    }

    /// Its bits are not those that RFC 7748 §5 sets and clears, and come back as they are.
    #[test]
    fn a_private_key_alone_gives_the_whole_key() {
        let bob = rfc8037_bob();
        assert_eq!(complete_x25519(bob.d().unwrap()).unwrap(), Params::Okp(bob));
    }

    #[test]
    fn a_private_key_of_another_length_is_refused() {
        for len in [0, 31, 33] {
            let d = SecretBytes::new(vec![7; len]);
            assert!(matches!(complete_x25519(&d), Err(KeyError::Inconsistent)), "{len}");
        }
    }

    #[test]
    fn any_string_is_a_public_key_of_x25519() {
        for octet in [0, 7, 0xFF] {
            let point = okp(OkpCurve::X25519, &[octet; 32], None);
            assert!(check_public_x25519(&point).is_ok());
        }
    }

    #[test]
    fn both_sides_have_one_secret_as_long_as_the_field() {
        fn check<C: Curve + crate::ecdsa::Curve>(crv: EcCurve) {
            let own = made::<C>(crv);
            let recipient = Recipient::<C>::new(&ec(crv, own.x(), own.y(), None)).unwrap();
            let private = Private::<C>::new(&own).unwrap();
            let (epk, z) = recipient.z().unwrap();
            assert_eq!(z.raw_secret_bytes(), private.z(&epk).unwrap().raw_secret_bytes());
            assert_eq!(z.raw_secret_bytes().len(), crv.coordinate_len());
        }
        on_every_curve!(check);
        let Params::Okp(own) = generate_x25519().unwrap() else { panic!() };
        let (epk, z) = X25519Recipient::new(&own).unwrap().z().unwrap();
        assert_eq!(z.as_bytes(), X25519Private::new(&own).unwrap().z(&epk).unwrap().as_bytes());
    }

    #[test]
    fn an_ephemeral_key_is_new_each_time_and_public() {
        fn check<C: Curve + crate::ecdsa::Curve>(crv: EcCurve) {
            let recipient = Recipient::<C>::new(&made::<C>(crv)).unwrap();
            let epks = [(); 2].map(|()| match recipient.z().unwrap().0 {
                Params::Ec(epk) => epk,
                _ => panic!(),
            });
            assert!(epks.iter().all(|epk| epk.d().is_none() && epk.crv() == crv));
            assert_ne!(epks[0].x(), epks[1].x());
        }
        on_every_curve!(check);
        let recipient = X25519Recipient::new(&rfc8037_bob()).unwrap();
        let epks = [(); 2].map(|()| match recipient.z().unwrap().0 {
            Params::Okp(epk) => epk,
            _ => panic!(),
        });
        assert!(epks.iter().all(|epk| epk.d().is_none() && epk.crv() == OkpCurve::X25519));
        assert_ne!(epks[0].x(), epks[1].x());
    }

    #[test]
    fn points_off_the_curve_and_coordinates_not_reduced_are_refused() {
        fn check<C: Curve + crate::ecdsa::Curve>(crv: EcCurve) {
            let own = made::<C>(crv);
            let private = Private::<C>::new(&own).unwrap();
            let (x, y) = (own.x(), own.y());
            let (zero, most) = (vec![0; x.len()], vec![0xFF; x.len()]);
            let mut off = y.to_vec();
            off[x.len() - 1] ^= 1;
            for (x, y) in
                [(x, &off[..]), (y, x), (x, &zero), (&zero, &zero), (&most, y), (x, &most)]
            {
                let bad = ec(crv, x, y, own.d().map(SecretBytes::expose_secret));
                assert!(private.z(&Params::Ec(bad.clone())).is_none());
                assert!(matches!(Recipient::<C>::new(&bad), Err(KeyError::Inconsistent)));
                assert!(matches!(Private::<C>::new(&bad), Err(KeyError::Inconsistent)));
            }
        }
        on_every_curve!(check);
    }

    #[test]
    fn ephemeral_keys_of_another_kind_are_refused() {
        let x25519 = Params::Okp(rfc8037_bob());
        // Of the curves with coordinates of 32 octets, too.
        let p256 = Params::Ec(rfc7518_bob());
        let p384 = Params::Ec(made::<NistP384>(EcCurve::P384));
        let secp256k1 = Params::Ec(made::<Secp256k1>(EcCurve::Secp256k1));
        let ed25519 = crate::eddsa::generate().unwrap();
        let own = Private::<NistP256>::new(&rfc7518_bob()).unwrap();
        for epk in [&x25519, &p384, &secp256k1, &ed25519] {
            assert!(own.z(epk).is_none());
        }
        let own = X25519Private::new(&rfc8037_bob()).unwrap();
        for epk in [&p256, &p384, &secp256k1, &ed25519] {
            assert!(own.z(epk).is_none());
        }
    }

    /// RFC 7748 §6.1. The points of order 1, 2, 4 and 8 on the curve and its twist, in every spelling.
    #[test]
    fn points_that_make_the_shared_secret_zero_are_refused() {
        let own = X25519Private::new(&rfc8037_bob()).unwrap();
        for u in [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ] {
            let mut u = hex(u);
            for bit in [0, 0x80] {
                u[31] |= bit; // which is ignored
                let point = okp(OkpCurve::X25519, &u, None);
                assert!(X25519Recipient::new(&point).unwrap().z().is_err());
                assert!(own.z(&Params::Okp(point)).is_none());
            }
        }
    }

    #[test]
    fn a_public_half_that_is_not_the_private_ones_is_refused() {
        fn check<C: Curve + crate::ecdsa::Curve>(crv: EcCurve) {
            let (one, other) = (made::<C>(crv), made::<C>(crv));
            let mixed = ec(crv, one.x(), one.y(), other.d().map(SecretBytes::expose_secret));
            assert!(matches!(Private::<C>::new(&mixed), Err(KeyError::Inconsistent)));
        }
        on_every_curve!(check);
        let mut x = rfc8037_bob().x().to_vec();
        x[0] ^= 1;
        let mixed = okp(OkpCurve::X25519, &x, rfc8037_bob().d().map(SecretBytes::expose_secret));
        assert!(matches!(X25519Private::new(&mixed), Err(KeyError::Inconsistent)));
    }

    #[test]
    fn scalars_out_of_range_are_refused() {
        fn check<C: Curve + crate::ecdsa::Curve>(crv: EcCurve) {
            let own = made::<C>(crv);
            // n = (n - 1) + 1, and n - 1 ends in no 0xFF on these curves.
            let mut order = (-Scalar::<C>::ONE).to_repr().to_vec();
            *order.last_mut().unwrap() += 1;
            for d in [vec![0; order.len()], vec![0xFF; order.len()], order] {
                let key = ec(crv, own.x(), own.y(), Some(&d));
                assert!(matches!(Private::<C>::new(&key), Err(KeyError::Inconsistent)));
            }
        }
        on_every_curve!(check);
    }

    #[test]
    fn a_public_key_does_not_respond() {
        let bob = rfc7518_bob();
        let public = Params::Ec(ec(EcCurve::P256, bob.x(), bob.y(), None));
        assert!(matches!(responder(&public), Err(KeyError::NotPrivate)));
        let public = Params::Okp(okp(OkpCurve::X25519, rfc8037_bob().x(), None));
        assert!(matches!(responder(&public), Err(KeyError::NotPrivate)));
    }

    #[test]
    fn curves_that_are_not_here_are_not_loaded() {
        let secp256k1 = Params::Ec(made::<Secp256k1>(EcCurve::Secp256k1));
        let x448 = Params::Okp(okp(OkpCurve::X448, &[5; 56], Some(&[7; 56])));
        for (params, name) in [(secp256k1, "secp256k1"), (x448, "X448")] {
            for error in [initiator(&params).err(), responder(&params).err()] {
                assert!(matches!(error, Some(KeyError::Unsupported { what }) if what == name));
            }
        }
    }
}
