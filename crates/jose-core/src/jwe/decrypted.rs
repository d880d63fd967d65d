//! What has been decrypted, and with which key.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::{DecryptionKey, Encrypted};
use crate::SecretBytes;
use crate::error::{ParseError, Rule, Subject};
use crate::header::Header;
use crate::json;
use crate::jwa::{ContentEncryption, KeyManagementAlgorithm};
use crate::limits::Limits;

/// Content that came encrypted to one of our keys, whole.
///
/// That says nothing about who sent it: anyone can encrypt to a public key, and everyone who shares
/// one could have. It never becomes a [`Verified`](crate::jws::Verified).
#[derive(Clone)]
pub struct Decrypted<T> {
    content: T,
    proof: Proof,
}

/// How it was decrypted.
#[derive(Clone)]
pub(super) struct Proof {
    index: usize,
    protected: Header,
    shared: Option<Header>,
    recipient: Option<Header>,
    aad: Option<Vec<u8>>,
    alg: KeyManagementAlgorithm,
    enc: ContentEncryption,
    kid: Option<String>,
    cek: Option<SecretBytes>,
}

impl Proof {
    /// Called where the tag has just been found right.
    pub(super) fn of(
        token: &Encrypted<'_>,
        alg: KeyManagementAlgorithm,
        key: Option<&DecryptionKey>,
        enc: ContentEncryption,
        cek: Option<SecretBytes>,
    ) -> Self {
        Self {
            index: token.index(),
            protected: token.protected().clone(),
            shared: token.shared().cloned(),
            recipient: token.recipient().cloned(),
            aad: token.additional_data().map(Into::into),
            alg,
            enc,
            kid: key.and_then(|key| key.kid().map(Into::into)),
            cek,
        }
    }
}

impl<T> Decrypted<T> {
    /// The one constructor, called where a tag has just been found right.
    pub(super) const fn by(proof: Proof, content: T) -> Self {
        Self { content, proof }
    }

    /// What was encrypted.
    #[must_use]
    pub const fn content(&self) -> &T {
        &self.content
    }

    /// What was encrypted, without the circumstances.
    #[must_use]
    pub fn into_content(self) -> T {
        self.content
    }

    /// The JWE Protected Header, which is as whole as the content.
    #[must_use]
    pub const fn protected(&self) -> &Header {
        &self.proof.protected
    }

    /// The JWE Shared Unprotected Header, if there was one. Anyone could have changed it.
    #[must_use]
    pub const fn shared(&self) -> Option<&Header> {
        self.proof.shared.as_ref()
    }

    /// The JWE Per-Recipient Unprotected Header, if there was one. Anyone could have changed it.
    #[must_use]
    pub const fn recipient(&self) -> Option<&Header> {
        self.proof.recipient.as_ref()
    }

    /// The place among the recipients of the one whose key was used, from 0.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.proof.index
    }

    /// What was not encrypted and is as whole as the content, if there was anything: the JWE AAD.
    #[must_use]
    pub fn aad(&self) -> Option<&[u8]> {
        self.proof.aad.as_deref()
    }

    /// The algorithm of the key that was used.
    #[must_use]
    pub const fn alg(&self) -> KeyManagementAlgorithm {
        self.proof.alg
    }

    /// How the content was encrypted.
    #[must_use]
    pub const fn enc(&self) -> ContentEncryption {
        self.proof.enc
    }

    /// The name of the key that was used: ours, not the header's word.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.proof.kid.as_deref()
    }

    /// The content encryption key, if the policy [kept](super::Policy::keep_cek) it.
    #[must_use]
    pub const fn cek(&self) -> Option<&SecretBytes> {
        self.proof.cek.as_ref()
    }

    /// The same circumstances with the content in another form.
    pub(crate) fn try_map<U, E>(
        self,
        map: impl FnOnce(T) -> Result<U, E>,
    ) -> Result<Decrypted<U>, E> {
        let Self { content, proof } = self;
        Ok(Decrypted { content: map(content)?, proof })
    }
}

impl Decrypted<Vec<u8>> {
    /// The content as text.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if it is not UTF-8.
    pub fn into_text(self) -> Result<Decrypted<String>, ParseError> {
        self.try_map(|octets| {
            String::from_utf8(octets).map_err(|_| Rule::Utf8.of(Subject::Plaintext))
        })
    }

    /// The content as JSON of any type, nested as deep as the default [`Limits`] allow claims. No
    /// claims are checked: see [`jwt::decrypt`](crate::jwt::decrypt) for that.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if it is not JSON as strict as headers are, or does not fit `T`.
    pub fn into_json<T: DeserializeOwned>(self) -> Result<Decrypted<T>, ParseError> {
        self.try_map(|octets| json::read(&Zeroizing::new(octets), Limits::DEFAULT.claims_depth))
            .map_err(|rule| rule.of(Subject::Plaintext))
    }
}

impl<T> Deref for Decrypted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.content
    }
}

impl<T> fmt::Debug for Decrypted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What was worth encrypting is not worth a log.
        f.debug_struct("Decrypted")
            .field("alg", &self.proof.alg)
            .field("enc", &self.proof.enc)
            .field("key_id", &self.proof.kid)
            .finish_non_exhaustive()
    }
}
