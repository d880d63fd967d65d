//! HMAC with SHA-2 (RFC 7518 §3.2).

use jose_core::crypto::{CryptoError, KeyError, Refused, Signer, Verifier};
use jose_core::jwa::Hash;
use jose_core::jwk::Oct;
use openssl::memcmp;
use zeroize::Zeroizing;

use crate::ffi::{Lib, MacTemplate};

/// A shared key.
pub(crate) struct Hmac {
    template: MacTemplate,
    len: usize,
}

impl Hmac {
    pub(crate) fn new(lib: &Lib, hash: Hash, oct: &Oct) -> Result<Self, KeyError> {
        let template =
            MacTemplate::new(lib, hash, oct.k().expose_secret()).map_err(KeyError::Unavailable)?;
        Ok(Self { template, len: hash.digest_len() })
    }
}

impl Signer for Hmac {
    fn sign(&self, input: &[&[u8]], signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        let start = signature.len();
        signature.resize(start + self.len, 0);
        self.template.mac(input, signature.get_mut(start..).unwrap_or_default())
    }
}

impl Verifier for Hmac {
    fn verify(&self, input: &[&[u8]], signature: &[u8]) -> Result<(), Refused> {
        // Wiped, because the MAC of a message that somebody made up is what they are after.
        let mut mac = Zeroizing::new([0; 64]);
        let mac = mac.get_mut(..self.len).unwrap_or_default();
        self.template.mac(input, mac).map_err(Refused::Unavailable)?;
        if signature.len() == mac.len() && memcmp::eq(mac, signature) {
            Ok(())
        } else {
            Err(Refused::Invalid)
        }
    }
}
