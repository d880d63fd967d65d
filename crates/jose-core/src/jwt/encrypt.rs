//! Encrypting claims (RFC 7519 §7.1), signed before or not.

use alloc::string::String;
use core::error::Error;
use core::fmt;

use serde::Serialize;
use zeroize::Zeroizing;

use super::{Builder, SignError};
use crate::header::Header;
use crate::jwe::{self, EncryptionKey, Recipient};
use crate::jws::SigningKey;

impl Builder {
    /// Encrypts `claims` and returns the token: by `A256GCM` for a key that does not say otherwise.
    ///
    /// # Errors
    ///
    /// [`EncryptError`] if an option cannot be honoured, if `claims` do not become a JSON object, or
    /// one with a registered claim of the wrong type, or if they could not be encrypted.
    pub fn encrypt<C: Serialize>(
        self,
        claims: &C,
        key: &EncryptionKey,
    ) -> Result<String, EncryptError> {
        self.encrypt_with(claims, key, &jwe::Builder::new())
    }

    /// As [`encrypt`](Self::encrypt), for a recipient about whom there is more to say, and as `how` says:
    /// what its protected header has is added.
    ///
    /// # Errors
    ///
    /// As [`encrypt`](Self::encrypt).
    pub fn encrypt_with<'k, C: Serialize>(
        self,
        claims: &C,
        recipient: impl Into<Recipient<'k>>,
        how: &jwe::Builder,
    ) -> Result<String, EncryptError> {
        let recipient = recipient.into();
        let header = self.header_of(recipient.kid());
        let claims = Zeroizing::new(self.payload(claims).map_err(EncryptError::Claims)?);
        seal(claims.as_bytes(), header, recipient, how)
    }

    /// Signs `claims`, and encrypts the signed token (RFC 7519 appendix A.2): nobody sees who signed
    /// what but the recipient, and nobody can put another signature over it.
    /// [`decrypt_then_verify`](super::decrypt_then_verify) is the other side.
    ///
    /// # Errors
    ///
    /// As [`encrypt`](Self::encrypt), and [`EncryptError::Claims`] if they could not be signed.
    pub fn sign_then_encrypt<C: Serialize>(
        self,
        claims: &C,
        signing_key: &SigningKey,
        key: &EncryptionKey,
    ) -> Result<String, EncryptError> {
        self.sign_then_encrypt_with(claims, signing_key, key, &jwe::Builder::new())
    }

    /// As [`sign_then_encrypt`](Self::sign_then_encrypt), for a recipient about whom there is more to
    /// say, and as `how` says: what its protected header has is added to the outer token's.
    ///
    /// # Errors
    ///
    /// As [`sign_then_encrypt`](Self::sign_then_encrypt).
    pub fn sign_then_encrypt_with<'k, C: Serialize>(
        self,
        claims: &C,
        signing_key: &SigningKey,
        recipient: impl Into<Recipient<'k>>,
        how: &jwe::Builder,
    ) -> Result<String, EncryptError> {
        let inside = Zeroizing::new(self.sign(claims, signing_key).map_err(EncryptError::Claims)?);
        seal(inside.as_bytes(), Header::new().with_cty("JWT"), recipient.into(), how)
    }
}

fn seal(
    plaintext: &[u8],
    header: Header,
    recipient: Recipient<'_>,
    how: &jwe::Builder,
) -> Result<String, EncryptError> {
    let jwe =
        how.clone().under(header).encrypt(plaintext, [recipient]).map_err(EncryptError::Jwe)?;
    jwe.to_compact().map_err(|error| EncryptError::Jwe(jwe::EncryptError::Serialization(error)))
}

/// Why claims could not be encrypted.
#[derive(Debug)]
#[non_exhaustive]
pub enum EncryptError {
    /// The claims or the options are not such as could be signed either, or were not signed.
    Claims(SignError),
    /// The claims could not be encrypted.
    Jwe(jwe::EncryptError),
}

impl EncryptError {
    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Claims(error) => error.code(),
            Self::Jwe(error) => error.code(),
        }
    }
}

impl fmt::Display for EncryptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Claims(_) => "these claims cannot go into a token",
            Self::Jwe(_) => "the token could not be encrypted",
        })
    }
}

impl Error for EncryptError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Claims(error) => Some(error),
            Self::Jwe(error) => Some(error),
        }
    }
}
