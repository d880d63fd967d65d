//! JWK thumbprints (RFC 7638) and their URIs (RFC 9278).

use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::{Jwk, Params, params::Member};
use crate::base64url;
use crate::crypto::Backend;
use crate::error::KeyError;
use crate::jwa::Hash;
use crate::member::Writer;

impl Jwk {
    /// The thumbprint of this key under `hash`, in base64url (RFC 7638 §3).
    ///
    /// A private key has the thumbprint of its public half. The thumbprint of a symmetric key is a
    /// hash of the secret: do not publish it.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unsupported`] for a key of unknown type, which has no required members to hash,
    /// and [`KeyError::Unavailable`] if the backend cannot hash.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let backend = jose_rustcrypto::BACKEND;
    /// use jose_core::{Jwk, jwa::Hash};
    ///
    /// let jwk: Jwk = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#.parse()?;
    /// let thumbprint = jwk.thumbprint(Hash::Sha256, backend)?; // RFC 8037 A.3
    /// # Ok(()) }
    /// ```
    pub fn thumbprint(&self, hash: Hash, backend: &dyn Backend) -> Result<String, KeyError> {
        Ok(base64url::encode(&self.thumbprint_octets(hash, backend)?))
    }

    /// [`thumbprint`](Self::thumbprint) before it is encoded.
    pub(crate) fn thumbprint_octets(
        &self,
        hash: Hash,
        backend: &dyn Backend,
    ) -> Result<Vec<u8>, KeyError> {
        let input = self.thumbprint_input()?;
        let mut digest = alloc::vec![0; hash.digest_len()];
        backend.digest(hash, &[input.as_bytes()], &mut digest).map_err(KeyError::Unavailable)?;
        Ok(digest)
    }

    /// The thumbprint as a URI: `urn:ietf:params:oauth:jwk-thumbprint:sha-256:…` (RFC 9278 §3).
    ///
    /// # Errors
    ///
    /// As [`thumbprint`](Self::thumbprint).
    pub fn thumbprint_uri(&self, hash: Hash, backend: &dyn Backend) -> Result<String, KeyError> {
        let thumbprint = self.thumbprint(hash, backend)?;
        Ok(alloc::format!("urn:ietf:params:oauth:jwk-thumbprint:{}:{thumbprint}", hash.name()))
    }

    /// The JSON object that is hashed: the required members alone, in lexicographic order, without
    /// white space (RFC 7638 §3.2-3.3).
    pub(super) fn thumbprint_input(&self) -> Result<Zeroizing<String>, KeyError> {
        if matches!(self.params(), Params::Unknown(_)) {
            return Err(KeyError::Unsupported { what: "thumbprints of this key type" });
        }
        let public = self.params().to_public();
        let params = public.as_ref().unwrap_or_else(|| self.params());
        let mut members: Vec<(&str, Member<'_>)> = params.members();
        let kty = match params {
            Params::Akp(akp) => {
                members.push(("alg", Member::Text(akp.alg().name())));
                "AKP"
            }
            Params::Ec(_) => "EC",
            Params::Oct(_) => "oct",
            Params::Okp(_) => "OKP",
            _ => "RSA",
        };
        members.push(("kty", Member::Text(kty)));
        members.sort_unstable_by_key(|(name, _)| *name);
        let mut input = Zeroizing::new(String::with_capacity(self.json_capacity()));
        let mut out = Writer::begin(&mut input);
        for (name, value) in members {
            value.write(name, &mut out);
        }
        out.end();
        Ok(input)
    }
}
