//! HMAC with SHA-2 (RFC 7518 §3.2, RFC 2104).

use alloc::boxed::Box;
use alloc::vec::Vec;

use hmac::{KeyInit, Mac};
use jose_core::crypto::{CryptoError, KeyError, Refused, Signer, Verifier};
use jose_core::jwk::Oct;

pub(crate) fn signer<M>(oct: &Oct) -> Result<Box<dyn Signer>, KeyError>
where
    M: Mac + KeyInit + Clone + Send + Sync + 'static,
{
    Ok(Box::new(Keyed::<M>::new(oct)?))
}

pub(crate) fn verifier<M>(oct: &Oct) -> Result<Box<dyn Verifier>, KeyError>
where
    M: Mac + KeyInit + Clone + Send + Sync + 'static,
{
    Ok(Box::new(Keyed::<M>::new(oct)?))
}

/// The states after the inner and the outer pad, from which every MAC under this key starts.
struct Keyed<M>(M);

impl<M: Mac + KeyInit + Clone> Keyed<M> {
    fn new(oct: &Oct) -> Result<Self, KeyError> {
        // HMAC takes keys of any length.
        M::new_from_slice(oct.k().expose_secret()).map(Self).map_err(|_| KeyError::Inconsistent)
    }

    fn over(&self, input: &[&[u8]]) -> M {
        let mut mac = self.0.clone();
        for part in input {
            mac.update(part);
        }
        mac
    }
}

impl<M: Mac + KeyInit + Clone + Send + Sync> Signer for Keyed<M> {
    fn sign(&self, input: &[&[u8]], signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        signature.extend_from_slice(&self.over(input).finalize().into_bytes());
        Ok(())
    }
}

impl<M: Mac + KeyInit + Clone + Send + Sync> Verifier for Keyed<M> {
    fn verify(&self, input: &[&[u8]], signature: &[u8]) -> Result<(), Refused> {
        // In constant time; a tag cut short is refused too.
        self.over(input).verify_slice(signature).map_err(|_| Refused::Invalid)
    }
}

#[cfg(test)]
mod tests {
    use hmac::Hmac;
    use jose_core::SecretBytes;
    use sha2::Sha256;

    use super::*;

    #[test]
    fn a_tag_is_appended_and_holds_only_whole() {
        let oct = Oct::new(SecretBytes::from([7; 32])).unwrap();
        let mut signature = Vec::from(*b"kept");
        signer::<Hmac<Sha256>>(&oct).unwrap().sign(&[b"in", b"put"], &mut signature).unwrap();
        let tag = signature.strip_prefix(b"kept").unwrap();
        let verifier = verifier::<Hmac<Sha256>>(&oct).unwrap();
        assert!(verifier.verify(&[b"input"], tag).is_ok());
        assert!(verifier.verify(&[b"inpuT"], tag).is_err());
        for len in 0..tag.len() {
            assert!(verifier.verify(&[b"input"], &tag[..len]).is_err(), "{len}");
        }
        assert!(verifier.verify(&[b"input"], &signature).is_err());
    }
}
