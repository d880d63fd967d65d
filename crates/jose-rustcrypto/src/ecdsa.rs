//! ECDSA (RFC 7518 §3.4, RFC 8812 §3.2), with nonces from the key and the digest (RFC 6979).

use alloc::boxed::Box;
use alloc::vec::Vec;

use ecdsa::elliptic_curve::ops::Invert;
use ecdsa::elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use ecdsa::elliptic_curve::subtle::CtOption;
use ecdsa::elliptic_curve::{self, CurveArithmetic, FieldBytes, Generate, Scalar};
use ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use ecdsa::{DigestAlgorithm, Sec1Point, Signature, SigningKey, VerifyingKey};
use getrandom::SysRng;
use jose_core::SecretBytes;
use jose_core::crypto::{
    CryptoError, KeyError, Refused, SignStream, Signer, Verifier, VerifyStream,
};
use jose_core::jwk::{Ec, EcCurve, Params};
use k256::Secp256k1;
use p256::NistP256;
use p384::NistP384;
use p521::NistP521;
use sha2::Digest;
use zeroize::Zeroizing;

use crate::digest;

/// What the curves have in common. Each names the digest that its algorithm hashes with.
pub(crate) trait Curve:
    elliptic_curve::Curve<FieldBytesSize: ModulusSize>
    + CurveArithmetic<
        AffinePoint: FromSec1Point<Self> + ToSec1Point<Self>,
        Scalar: Invert<Output = CtOption<Scalar<Self>>>,
    > + DigestAlgorithm<Digest: Send>
{
}

impl Curve for NistP256 {}
impl Curve for NistP384 {}
impl Curve for NistP521 {}
impl Curve for Secp256k1 {}

pub(crate) fn signer<C: Curve>(ec: &Ec) -> Result<Box<dyn Signer>, KeyError> {
    let d = ec.d().ok_or(KeyError::NotPrivate)?;
    let key = scalar::<C>(d)?;
    if *key.verifying_key() != point(ec)? {
        return Err(KeyError::Inconsistent);
    }
    Ok(Box::new(Private(key)))
}

pub(crate) fn verifier<C: Curve>(ec: &Ec) -> Result<Box<dyn Verifier>, KeyError> {
    point::<C>(ec).map(|key| Box::new(Public(key)) as Box<dyn Verifier>)
}

pub(crate) fn generate<C: Curve>(crv: EcCurve) -> Result<Params, KeyError> {
    let key = SigningKey::<C>::try_generate_from_rng(&mut SysRng)
        .map_err(|error| KeyError::Unavailable(CryptoError::from_source(error)))?;
    params(crv, &key)
}

/// The key of a scalar.
pub(crate) fn complete<C: Curve>(crv: EcCurve, d: &SecretBytes) -> Result<Params, KeyError> {
    params(crv, &scalar::<C>(d)?)
}

/// Refuses what [`verifier`] refuses.
pub(crate) fn check_public<C: Curve>(ec: &Ec) -> Result<(), KeyError> {
    point::<C>(ec).map(drop)
}

fn params<C: Curve>(crv: EcCurve, key: &SigningKey<C>) -> Result<Params, KeyError> {
    let point = key.verifying_key().to_sec1_point(false);
    let (Some(x), Some(y)) = (point.x(), point.y()) else { return Err(KeyError::Inconsistent) };
    let d = Zeroizing::new(key.to_bytes());
    Ec::new(crv, x.to_vec(), y.to_vec(), Some(SecretBytes::from(d.as_slice())))
        .map(Params::Ec)
        .map_err(|_| KeyError::Inconsistent)
}

/// Refuses scalars outside 1 to n - 1.
fn scalar<C: Curve>(d: &SecretBytes) -> Result<SigningKey<C>, KeyError> {
    SigningKey::from_slice(d.expose_secret()).map_err(|_| KeyError::Inconsistent)
}

/// Refuses coordinates that are not reduced, and points off the curve.
fn point<C: Curve>(ec: &Ec) -> Result<VerifyingKey<C>, KeyError> {
    let coordinate =
        |octets| <&FieldBytes<C>>::try_from(octets).map_err(|_| KeyError::Inconsistent);
    let point = Sec1Point::<C>::from_affine_coordinates(
        coordinate(ec.x())?,
        coordinate(ec.y())?,
        false, // not compressed: y is given
    );
    VerifyingKey::from_sec1_point(&point).map_err(|_| KeyError::Inconsistent)
}

struct Private<C: Curve>(SigningKey<C>);

impl<C: Curve> Private<C> {
    fn append(&self, digest: C::Digest, signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        let made: Signature<C> =
            self.0.sign_prehash(&digest.finalize()).map_err(CryptoError::from_source)?;
        signature.extend_from_slice(&made.to_bytes());
        Ok(())
    }
}

impl<C: Curve> Signer for Private<C> {
    fn sign(&self, input: &[&[u8]], signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        self.append(digest::over(input), signature)
    }

    fn stream(&self) -> Result<Option<Box<dyn SignStream + '_>>, CryptoError> {
        Ok(Some(Box::new(Signing { key: self, digest: C::Digest::new() })))
    }
}

struct Signing<'k, C: Curve> {
    key: &'k Private<C>,
    digest: C::Digest,
}

impl<C: Curve> SignStream for Signing<'_, C> {
    fn update(&mut self, input: &[u8]) -> Result<(), CryptoError> {
        self.digest.update(input);
        Ok(())
    }

    fn finish(self: Box<Self>, signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        self.key.append(self.digest, signature)
    }
}

struct Public<C: Curve>(VerifyingKey<C>);

impl<C: Curve> Public<C> {
    /// Takes the digest as a function, so that nothing is hashed for numbers out of range.
    fn check(&self, digest: impl FnOnce() -> C::Digest, signature: &[u8]) -> Result<(), Refused> {
        // Refuses r and s outside 1 to n - 1.
        let mut signature = Signature::<C>::from_slice(signature).map_err(|_| Refused::Invalid)?;
        // On secp256k1 the crate takes only the lower of s and n - s. RFC 8812 has no such rule, and
        // many signers keep none.
        if C::NORMALIZE_S {
            signature = signature.normalize_s();
        }
        self.0.verify_prehash(&digest().finalize(), &signature).map_err(|_| Refused::Invalid)
    }
}

impl<C: Curve> Verifier for Public<C> {
    fn verify(&self, input: &[&[u8]], signature: &[u8]) -> Result<(), Refused> {
        self.check(|| digest::over(input), signature)
    }

    fn stream(&self) -> Result<Option<Box<dyn VerifyStream + '_>>, CryptoError> {
        Ok(Some(Box::new(Verifying { key: self, digest: C::Digest::new() })))
    }
}

struct Verifying<'k, C: Curve> {
    key: &'k Public<C>,
    digest: C::Digest,
}

impl<C: Curve> VerifyStream for Verifying<'_, C> {
    fn update(&mut self, input: &[u8]) -> Result<(), CryptoError> {
        self.digest.update(input);
        Ok(())
    }

    fn finish(self: Box<Self>, signature: &[u8]) -> Result<(), Refused> {
        let Self { key, digest } = *self;
        key.check(|| digest, signature)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use elliptic_curve::{Field, PrimeField};

    use super::*;
    use crate::tests::{INPUT, signed_in_pieces, verified_in_pieces};

    fn made<C: Curve>(crv: EcCurve) -> Ec {
        let Params::Ec(ec) = generate::<C>(crv).unwrap() else { panic!() };
        ec
    }

    /// `ec` with another member or two.
    fn with(ec: &Ec, x: &[u8], y: &[u8], d: &[u8]) -> Ec {
        Ec::new(ec.crv(), x.into(), y.into(), Some(d.into())).unwrap()
    }

    fn signed<C: Curve>(ec: &Ec) -> Vec<u8> {
        let mut signature = Vec::new();
        signer::<C>(ec).unwrap().sign(&[b"in", b"put"], &mut signature).unwrap();
        signature
    }

    /// The other s that is as good: n - s.
    fn negated<C: Curve>(signature: &[u8]) -> Vec<u8> {
        let signature = Signature::<C>::from_slice(signature).unwrap();
        Signature::<C>::from_scalars(signature.r(), -signature.s()).unwrap().to_vec()
    }

    fn on_every_curve(check: impl Fn(Suite)) {
        check(suite::<NistP256>(EcCurve::P256));
        check(suite::<NistP384>(EcCurve::P384));
        check(suite::<NistP521>(EcCurve::P521));
        check(suite::<Secp256k1>(EcCurve::Secp256k1));
    }

    /// The functions of a curve, with the curve's type gone.
    struct Suite {
        ec: Ec,
        order: Vec<u8>,
        signer: fn(&Ec) -> Result<Box<dyn Signer>, KeyError>,
        verifier: fn(&Ec) -> Result<Box<dyn Verifier>, KeyError>,
        complete: fn(EcCurve, &SecretBytes) -> Result<Params, KeyError>,
        check_public: fn(&Ec) -> Result<(), KeyError>,
        signature: Vec<u8>,
        negated: Vec<u8>,
    }

    fn suite<C: Curve>(crv: EcCurve) -> Suite {
        let ec = made::<C>(crv);
        let signature = signed::<C>(&ec);
        // n = (n - 1) + 1, and n - 1 ends in no 0xFF on these curves.
        let mut order = (-Scalar::<C>::ONE).to_repr().to_vec();
        *order.last_mut().unwrap() += 1;
        let negated = negated::<C>(&signature);
        Suite {
            ec,
            order,
            signer: signer::<C>,
            verifier: verifier::<C>,
            complete: complete::<C>,
            check_public: check_public::<C>,
            signature,
            negated,
        }
    }

    #[test]
    fn either_s_verifies_on_every_curve() {
        on_every_curve(|suite| {
            let verifier = (suite.verifier)(&suite.ec).unwrap();
            assert_ne!(suite.signature, suite.negated);
            assert!(verifier.verify(&[b"input"], &suite.signature).is_ok(), "{:?}", suite.ec);
            assert!(verifier.verify(&[b"input"], &suite.negated).is_ok(), "{:?}", suite.ec);
            assert!(verifier.verify(&[b"other"], &suite.signature).is_err(), "{:?}", suite.ec);
        });
    }

    #[test]
    fn numbers_out_of_range_are_refused_in_signatures() {
        on_every_curve(|suite| {
            let verifier = (suite.verifier)(&suite.ec).unwrap();
            let (r, s) = suite.signature.split_at(suite.order.len());
            let zero = vec![0; r.len()];
            let most = vec![0xFF; r.len()];
            for bad in [&zero, &most, &suite.order] {
                assert!(verifier.verify(&[b"input"], &[bad, s].concat()).is_err());
                assert!(verifier.verify(&[b"input"], &[r, bad].concat()).is_err());
            }
            for len in 0..suite.signature.len() {
                assert!(verifier.verify(&[b"input"], &suite.signature[..len]).is_err());
            }
        });
    }

    #[test]
    fn scalars_out_of_range_are_refused_in_keys() {
        on_every_curve(|suite| {
            let (x, y) = (suite.ec.x(), suite.ec.y());
            for d in [vec![0; x.len()], suite.order, vec![0xFF; x.len()]] {
                let key = with(&suite.ec, x, y, &d);
                assert!(matches!((suite.signer)(&key), Err(KeyError::Inconsistent)));
                let completed = (suite.complete)(key.crv(), key.d().unwrap());
                assert!(matches!(completed, Err(KeyError::Inconsistent)));
            }
        });
    }

    #[test]
    fn a_scalar_alone_gives_the_whole_key() {
        on_every_curve(|suite| {
            let completed = (suite.complete)(suite.ec.crv(), suite.ec.d().unwrap());
            assert_eq!(completed.unwrap(), Params::Ec(suite.ec));
        });
    }

    /// The key of RFC 7515 appendix A.3.
    #[test]
    fn the_public_half_is_that_of_rfc_7515() {
        let [x, y, d] = [
            "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
            "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
        ]
        .map(|member| jose_core::base64url::decode(member.as_bytes()).unwrap());
        let Params::Ec(ec) = complete::<NistP256>(EcCurve::P256, &d.into()).unwrap() else {
            panic!()
        };
        assert_eq!((ec.x(), ec.y()), (&*x, &*y));
    }

    /// RFC 6979 appendix A.2.5, with SHA-256: the number that must never repeat is not left to chance.
    #[test]
    fn the_example_of_rfc_6979_is_signed() {
        let [d, expected] = [
            "ya-p2EW6dRZrXCFXZ7HWk05Qw9s26JsSe4piKxIPZyE",
            "79SLKqy2qP0RQN2c1F6B1p0sh3tWqvmRw00OqE6vNxb3yxyULWV8QdQ2x6G24p9l8-kA27mv9AZNxKsvhDrNqA",
        ]
        .map(|text| jose_core::base64url::decode(text.as_bytes()).unwrap());
        let Params::Ec(ec) = complete::<NistP256>(EcCurve::P256, &d.into()).unwrap() else {
            panic!()
        };
        let mut signature = Vec::new();
        signer::<NistP256>(&ec).unwrap().sign(&[b"sample"], &mut signature).unwrap();
        assert_eq!(signature, expected);
    }

    #[test]
    fn a_point_on_its_curve_passes() {
        on_every_curve(|suite| {
            let public = Ec::new(suite.ec.crv(), suite.ec.x().into(), suite.ec.y().into(), None);
            assert!((suite.check_public)(&public.unwrap()).is_ok(), "{:?}", suite.ec);
        });
    }

    #[test]
    fn a_public_half_that_is_not_the_private_ones_is_refused() {
        let (one, other) = (made::<NistP256>(EcCurve::P256), made::<NistP256>(EcCurve::P256));
        let mixed = with(&one, one.x(), one.y(), other.d().unwrap().expose_secret());
        assert!(matches!(signer::<NistP256>(&mixed), Err(KeyError::Inconsistent)));
    }

    #[test]
    fn points_off_the_curve_and_coordinates_not_reduced_are_refused() {
        on_every_curve(|suite| {
            let (x, y) = (suite.ec.x(), suite.ec.y());
            let d = suite.ec.d().unwrap().expose_secret();
            let (zero, most) = (vec![0; x.len()], vec![0xFF; x.len()]);
            let mut off = y.to_vec();
            off[0] ^= 1;
            for (x, y) in
                [(x, &off[..]), (y, x), (x, &zero), (&zero, &zero), (&most, y), (x, &most)]
            {
                let key = with(&suite.ec, x, y, d);
                assert!(matches!((suite.verifier)(&key), Err(KeyError::Inconsistent)));
                assert!(matches!((suite.signer)(&key), Err(KeyError::Inconsistent)));
                assert!(matches!((suite.check_public)(&key), Err(KeyError::Inconsistent)));
            }
        });
    }

    #[test]
    fn secp256k1_signs_with_the_lower_s() {
        let ec = made::<Secp256k1>(EcCurve::Secp256k1);
        let signature = Signature::<Secp256k1>::from_slice(&signed::<Secp256k1>(&ec)).unwrap();
        assert_eq!(signature, signature.normalize_s());
    }

    #[test]
    fn the_signature_of_a_stream_is_that_of_the_whole() {
        on_every_curve(|suite| {
            let (signer, verifier) =
                ((suite.signer)(&suite.ec).unwrap(), (suite.verifier)(&suite.ec).unwrap());
            let mut signature = Vec::new();
            signer.sign(&[&INPUT], &mut signature).unwrap();
            assert_eq!(signed_in_pieces(&*signer, &INPUT), signature, "{:?}", suite.ec);
            verified_in_pieces(&*verifier, &INPUT, &signature).unwrap();
        });
    }

    #[test]
    fn a_stream_with_one_octet_changed_is_refused() {
        on_every_curve(|suite| {
            let signer = (suite.signer)(&suite.ec).unwrap();
            let verifier = (suite.verifier)(&suite.ec).unwrap();
            let signature = signed_in_pieces(&*signer, &INPUT);
            for at in [0, 64, 999] {
                let mut changed = INPUT;
                changed[at] ^= 1;
                let verdict = verified_in_pieces(&*verifier, &changed, &signature);
                assert!(matches!(verdict, Err(Refused::Invalid)), "{at} {:?}", suite.ec);
            }
        });
    }

    #[test]
    fn either_s_verifies_at_the_end_of_a_stream() {
        on_every_curve(|suite| {
            let verifier = (suite.verifier)(&suite.ec).unwrap();
            for signature in [&suite.signature, &suite.negated] {
                let verdict = verified_in_pieces(&*verifier, b"input", signature);
                assert!(verdict.is_ok(), "{:?}", suite.ec);
            }
        });
    }

    #[test]
    fn numbers_out_of_range_are_refused_at_the_end_of_a_stream() {
        on_every_curve(|suite| {
            let verifier = (suite.verifier)(&suite.ec).unwrap();
            let (r, s) = suite.signature.split_at(suite.order.len());
            let (zero, longer) = (vec![0; r.len()], [&suite.signature[..], &[0]].concat());
            for bad in [
                &[&zero, s].concat(),
                &[r, &zero].concat(),
                &[&suite.order, s].concat(),
                &[r, &suite.order].concat(),
                r,
                &[],
                &longer,
            ] {
                let verdict = verified_in_pieces(&*verifier, b"input", bad);
                assert!(matches!(verdict, Err(Refused::Invalid)), "{:?}", suite.ec);
            }
        });
    }

    #[test]
    fn streams_of_one_key_do_not_disturb_each_other() {
        on_every_curve(|suite| {
            let signer = (suite.signer)(&suite.ec).unwrap();
            let mut one = signer.stream().unwrap().unwrap();
            let mut other = signer.stream().unwrap().unwrap();
            one.update(b"in").unwrap();
            other.update(b"another").unwrap();
            one.update(b"put").unwrap();
            drop(other);
            let mut signature = Vec::new();
            one.finish(&mut signature).unwrap();
            assert_eq!(signature, suite.signature);
        });
    }
}
