//! HMAC with SHA-2 (RFC 7518 §3.2).

use jose_core::crypto::{
    CryptoError, KeyError, Refused, SignStream, Signer, Verifier, VerifyStream,
};
use jose_core::jwa::Hash;
use jose_core::jwk::Oct;
use openssl::memcmp;
use zeroize::Zeroizing;

use crate::ffi::{Lib, MacTemplate, RunningMac};

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

    fn over(&self, input: &[&[u8]]) -> Result<Running, CryptoError> {
        Ok(Running { mac: self.template.mac(input)?, len: self.len })
    }
}

impl Signer for Hmac {
    fn sign(&self, input: &[&[u8]], signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        self.over(input)?.append(signature)
    }

    fn stream(&self) -> Result<Option<Box<dyn SignStream + '_>>, CryptoError> {
        Ok(Some(Box::new(self.over(&[])?)))
    }
}

impl Verifier for Hmac {
    fn verify(&self, input: &[&[u8]], signature: &[u8]) -> Result<(), Refused> {
        self.over(input).map_err(Refused::Unavailable)?.compare(signature)
    }

    fn stream(&self) -> Result<Option<Box<dyn VerifyStream + '_>>, CryptoError> {
        Ok(Some(Box::new(self.over(&[])?)))
    }
}

/// A MAC in the making, to be given away or to be compared.
struct Running {
    mac: RunningMac,
    len: usize,
}

impl Running {
    fn append(self, signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        let start = signature.len();
        signature.resize(start + self.len, 0);
        self.mac.finish(signature.get_mut(start..).unwrap_or_default())
    }

    fn compare(self, signature: &[u8]) -> Result<(), Refused> {
        // Wiped, because the MAC of a message that somebody made up is what they are after.
        let mut mac = Zeroizing::new([0; 64]);
        let mac = mac.get_mut(..self.len).unwrap_or_default();
        self.mac.finish(mac).map_err(Refused::Unavailable)?;
        if signature.len() == mac.len() && memcmp::eq(mac, signature) {
            Ok(())
        } else {
            Err(Refused::Invalid)
        }
    }
}

impl SignStream for Running {
    fn update(&mut self, input: &[u8]) -> Result<(), CryptoError> {
        self.mac.update(input)
    }

    fn finish(self: Box<Self>, signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        self.append(signature)
    }
}

impl VerifyStream for Running {
    fn update(&mut self, input: &[u8]) -> Result<(), CryptoError> {
        self.mac.update(input)
    }

    fn finish(self: Box<Self>, signature: &[u8]) -> Result<(), Refused> {
        self.compare(signature)
    }
}
