//! Edwards-curve signatures: Ed25519 (RFC 8037 §3.1, RFC 9864 §2.2, RFC 8032 §5.1).
//!
//! Verifying is the equation without the cofactor, R being compared as it is encoded. Keys of small
//! order and second spellings of a key never come here: jose-core refuses them.

use alloc::boxed::Box;
use alloc::vec::Vec;

use ecdsa::signature::{MultipartSigner, MultipartVerifier};
use ed25519_dalek::{SECRET_KEY_LENGTH, Signature, SigningKey, VerifyingKey};
use jose_core::SecretBytes;
use jose_core::crypto::{CryptoError, KeyError, Refused, Signer, Verifier};
use jose_core::jwk::{Okp, OkpCurve, Params};
use zeroize::Zeroizing;

use crate::random;

pub(crate) fn signer(okp: &Okp) -> Result<Box<dyn Signer>, KeyError> {
    let key = seeded(okp.d().ok_or(KeyError::NotPrivate)?)?;
    // Signatures under somebody else's x would give the private key away.
    if key.verifying_key().as_bytes() != okp.x() {
        return Err(KeyError::Inconsistent);
    }
    Ok(Box::new(Private(key)))
}

pub(crate) fn verifier(okp: &Okp) -> Result<Box<dyn Verifier>, KeyError> {
    point(okp).map(|key| Box::new(Public(key)) as Box<dyn Verifier>)
}

pub(crate) fn generate() -> Result<Params, KeyError> {
    let mut seed = Zeroizing::new([0; SECRET_KEY_LENGTH]);
    random::fill(seed.as_mut_slice()).map_err(KeyError::Unavailable)?;
    complete(&SecretBytes::from(seed.as_slice()))
}

/// The key of a seed.
pub(crate) fn complete(d: &SecretBytes) -> Result<Params, KeyError> {
    let x = seeded(d)?.verifying_key().as_bytes().to_vec();
    Okp::new(OkpCurve::Ed25519, x, Some(d.clone()))
        .map(Params::Okp)
        .map_err(|_| KeyError::Inconsistent)
}

/// Refuses what [`verifier`] refuses.
pub(crate) fn check_public(okp: &Okp) -> Result<(), KeyError> {
    point(okp).map(drop)
}

fn seeded(d: &SecretBytes) -> Result<SigningKey, KeyError> {
    d.expose_secret().try_into().map(SigningKey::from_bytes).map_err(|_| KeyError::Inconsistent)
}

/// Refuses an x that is no point.
fn point(okp: &Okp) -> Result<VerifyingKey, KeyError> {
    VerifyingKey::try_from(okp.x()).map_err(|_| KeyError::Inconsistent)
}

struct Private(SigningKey);

impl Signer for Private {
    fn sign(&self, input: &[&[u8]], signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        let made = self.0.try_multipart_sign(input).map_err(CryptoError::from_source)?;
        signature.extend_from_slice(&made.to_bytes());
        Ok(())
    }
}

struct Public(VerifyingKey);

impl Verifier for Public {
    fn verify(&self, input: &[&[u8]], signature: &[u8]) -> Result<(), Refused> {
        Signature::from_slice(signature)
            .and_then(|signature| self.0.multipart_verify(input, &signature))
            .map_err(|_| Refused::Invalid)
    }
}

#[cfg(test)]
mod tests {
    use jose_core::base64url;

    use super::*;

    fn rfc8037(x: &[u8]) -> Okp {
        let d = base64url::decode(b"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        Okp::new(OkpCurve::Ed25519, x.into(), Some(d.into())).unwrap()
    }

    #[test]
    fn a_public_half_that_is_not_the_private_ones_is_refused() {
        let mut x = base64url::decode(b"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        assert!(signer(&rfc8037(&x)).is_ok());
        x[0] ^= 1;
        assert!(matches!(signer(&rfc8037(&x)), Err(KeyError::Inconsistent)));
    }

    #[test]
    fn an_x_that_is_no_point_is_refused() {
        // y = 2: (y² - 1) / (d·y² + 1) is not a square.
        let mut x = [0; 32];
        x[0] = 2;
        assert!(matches!(verifier(&rfc8037(&x)), Err(KeyError::Inconsistent)));
        assert!(matches!(check_public(&rfc8037(&x)), Err(KeyError::Inconsistent)));
    }

    /// RFC 8037 appendix A.1.
    #[test]
    fn a_seed_alone_gives_the_whole_key() {
        let x = base64url::decode(b"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let okp = rfc8037(&x);
        assert!(check_public(&okp).is_ok());
        assert_eq!(complete(okp.d().unwrap()).unwrap(), Params::Okp(okp));
    }

    #[test]
    fn a_seed_of_another_length_is_refused() {
        for len in [0, 31, 33] {
            let seed = SecretBytes::new(alloc::vec![7; len]);
            assert!(matches!(complete(&seed), Err(KeyError::Inconsistent)), "{len}");
        }
    }

    #[test]
    fn a_made_key_signs_what_it_verifies() {
        let Params::Okp(okp) = generate().unwrap() else { panic!() };
        let mut signature = Vec::new();
        signer(&okp).unwrap().sign(&[b"in", b"put"], &mut signature).unwrap();
        let verifier = verifier(&okp).unwrap();
        assert!(verifier.verify(&[b"input"], &signature).is_ok());
        for len in 0..signature.len() {
            assert!(verifier.verify(&[b"input"], &signature[..len]).is_err(), "{len}");
        }
        assert!(verifier.verify(&[b"other"], &signature).is_err());
    }

    #[test]
    fn ed25519_has_no_stream() {
        let Params::Okp(okp) = generate().unwrap() else { panic!() };
        assert!(signer(&okp).unwrap().stream().unwrap().is_none());
        assert!(verifier(&okp).unwrap().stream().unwrap().is_none());
    }
}
