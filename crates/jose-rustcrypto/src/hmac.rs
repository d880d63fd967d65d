//! HMAC with SHA-2 (RFC 7518 §3.2, RFC 2104).

use alloc::boxed::Box;
use alloc::vec::Vec;

use hmac::{KeyInit, Mac};
use jose_core::crypto::{
    CryptoError, KeyError, Refused, SignStream, Signer, Verifier, VerifyStream,
};
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

    fn over(&self, input: &[&[u8]]) -> Running<M> {
        let mut mac = self.0.clone();
        for part in input {
            mac.update(part);
        }
        Running(mac)
    }
}

impl<M: Mac + KeyInit + Clone + Send + Sync> Signer for Keyed<M> {
    fn sign(&self, input: &[&[u8]], signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        self.over(input).append(signature);
        Ok(())
    }

    fn stream(&self) -> Result<Option<Box<dyn SignStream + '_>>, CryptoError> {
        Ok(Some(Box::new(self.over(&[]))))
    }
}

impl<M: Mac + KeyInit + Clone + Send + Sync> Verifier for Keyed<M> {
    fn verify(&self, input: &[&[u8]], signature: &[u8]) -> Result<(), Refused> {
        self.over(input).compare(signature)
    }

    fn stream(&self) -> Result<Option<Box<dyn VerifyStream + '_>>, CryptoError> {
        Ok(Some(Box::new(self.over(&[]))))
    }
}

/// A copy of the keyed states, and what it has taken since.
struct Running<M>(M);

impl<M: Mac> Running<M> {
    fn append(self, signature: &mut Vec<u8>) {
        signature.extend_from_slice(&self.0.finalize().into_bytes());
    }

    /// In constant time; a tag cut short is refused too.
    fn compare(self, signature: &[u8]) -> Result<(), Refused> {
        self.0.verify_slice(signature).map_err(|_| Refused::Invalid)
    }
}

impl<M: Mac + Send> SignStream for Running<M> {
    fn update(&mut self, input: &[u8]) -> Result<(), CryptoError> {
        self.0.update(input);
        Ok(())
    }

    fn finish(self: Box<Self>, signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        self.append(signature);
        Ok(())
    }
}

impl<M: Mac + Send> VerifyStream for Running<M> {
    fn update(&mut self, input: &[u8]) -> Result<(), CryptoError> {
        self.0.update(input);
        Ok(())
    }

    fn finish(self: Box<Self>, signature: &[u8]) -> Result<(), Refused> {
        self.compare(signature)
    }
}

#[cfg(test)]
mod tests {
    use hmac::Hmac;
    use jose_core::SecretBytes;
    use sha2::{Sha256, Sha384, Sha512};

    use super::*;
    use crate::tests::{INPUT, signed_in_pieces, verified_in_pieces};

    fn on_every_hash(check: impl Fn(&dyn Signer, &dyn Verifier)) {
        let oct = Oct::new(SecretBytes::from([7; 64])).unwrap();
        for (signer, verifier) in [
            (signer::<Hmac<Sha256>>(&oct), verifier::<Hmac<Sha256>>(&oct)),
            (signer::<Hmac<Sha384>>(&oct), verifier::<Hmac<Sha384>>(&oct)),
            (signer::<Hmac<Sha512>>(&oct), verifier::<Hmac<Sha512>>(&oct)),
        ] {
            check(&*signer.unwrap(), &*verifier.unwrap());
        }
    }

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

    #[test]
    fn the_tag_of_a_stream_is_that_of_the_whole() {
        on_every_hash(|signer, verifier| {
            let mut tag = Vec::new();
            signer.sign(&[&INPUT], &mut tag).unwrap();
            assert_eq!(signed_in_pieces(signer, &INPUT), tag);
            verified_in_pieces(verifier, &INPUT, &tag).unwrap();
        });
    }

    #[test]
    fn a_stream_with_one_octet_changed_is_refused() {
        on_every_hash(|signer, verifier| {
            let tag = signed_in_pieces(signer, &INPUT);
            for at in [0, 64, 999] {
                let mut changed = INPUT;
                changed[at] ^= 1;
                let verdict = verified_in_pieces(verifier, &changed, &tag);
                assert!(matches!(verdict, Err(Refused::Invalid)), "{at}");
            }
        });
    }

    #[test]
    fn a_tag_holds_only_whole_at_the_end_of_a_stream() {
        on_every_hash(|signer, verifier| {
            let tag = signed_in_pieces(signer, &INPUT);
            let longer = [&tag[..], &[0]].concat();
            for bad in (0..tag.len()).map(|len| &tag[..len]).chain([&longer[..]]) {
                let verdict = verified_in_pieces(verifier, &INPUT, bad);
                assert!(matches!(verdict, Err(Refused::Invalid)), "{}", bad.len());
            }
        });
    }
}
