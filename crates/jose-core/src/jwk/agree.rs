//! Agreeing on a key with another party, outside any token (RFC 7518 §4.6).

use super::Jwk;
use crate::SecretBytes;
use crate::crypto::{Backend, OtherInfo};
use crate::error::{KeyError, Refused};
use crate::jwa::{KeyManagementAlgorithm, Purpose, bind_key_management, check_epk};

impl Jwk {
    /// The key that this private key and another's `public` one agree on: the shared secret of ECDH,
    /// derived by the Concat KDF as `info` says. The shared secret itself stays in the backend.
    ///
    /// Both sides have the same one; whether to use either's key again is theirs to decide. As long as
    /// neither is ephemeral, so that `info` alone tells one key from the next, `apu` and `apv` should
    /// differ each time.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use jose_rustcrypto::BACKEND;
    /// use jose_core::crypto::OtherInfo;
    /// use jose_core::{Alg, Jwk};
    ///
    /// let alice = Jwk::generate(Alg::ECDH_ES, BACKEND)?;
    /// let bob = Jwk::generate(Alg::ECDH_ES, BACKEND)?;
    /// let info = OtherInfo::for_alg(Alg::A256GCM, b"Alice", b"Bob")?;
    /// let hers = alice.derive_shared_secret(&bob.to_public()?, &info, BACKEND)?;
    /// let his = bob.derive_shared_secret(&alice.to_public()?, &info, BACKEND)?;
    /// assert_eq!(hers, his);
    /// # Ok(()) }
    /// ```
    ///
    /// A key that names an `alg` derives for that alone: one bound to `ECDH-ES+A256KW` for an `info` of
    /// that name, one bound to `ECDH-ES` for every other name.
    ///
    /// # Errors
    ///
    /// [`KeyError::DerivedLength`] for an `info` that asks for no octets or more than 64;
    /// [`KeyError::NotPrivate`] if this key is public, and [`KeyError::NotPublic`] if `public` is not
    /// ([`to_public`](Self::to_public) strips it); [`KeyError::Algorithm`], [`KeyError::KeyType`],
    /// [`KeyError::Curve`], [`KeyError::Use`] or [`KeyError::KeyOps`] if one of them may not serve;
    /// [`KeyError::Weak`] for a public key of small order; [`KeyError::Inconsistent`] for a point that
    /// is not on its curve, and for halves that do not match;
    /// [`KeyError::Unsupported`] and [`KeyError::Unavailable`] if `backend` lacks the curve or could not
    /// compute.
    pub fn derive_shared_secret(
        &self,
        public: &Self,
        info: &OtherInfo<'_>,
        backend: &dyn Backend,
    ) -> Result<SecretBytes, KeyError> {
        if !(1..=MAX_LEN).contains(&info.key_len()) {
            return Err(KeyError::DerivedLength { max: MAX_LEN, actual: info.key_len() });
        }
        let alg = KeyManagementAlgorithm::from_name(info.algorithm_id())
            .filter(|alg| alg.is_agreement())
            .unwrap_or(KeyManagementAlgorithm::ECDH_ES);
        let own = bind_key_management(self, Some(alg), Purpose::Decrypt)?;
        let other = bind_key_management(public, Some(alg), Purpose::Encrypt)?;
        if let (Some(expected), Some(actual)) = (own.params().crv(), other.params().crv())
            && expected != actual
        {
            let alg = alg.name();
            return Err(KeyError::Curve { alg, expected, actual: actual.into() });
        }
        check_epk(other.params(), own.params())?;
        let agreed = backend.agreement_responder(own)?.respond(other.params(), info);
        agreed.map_err(|refused| match refused {
            Refused::Invalid => KeyError::Inconsistent,
            Refused::Unavailable(error) => KeyError::Unavailable(error),
        })
    }
}

/// Most octets of a key that is agreed on: those of `A256CBC-HS512`, the longest there is.
const MAX_LEN: usize = 64;
