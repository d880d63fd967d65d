//! What has been verified, and by which keys.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Deref;

use serde::de::DeserializeOwned;

use super::{Policy, Required, VerifyingKey};
use crate::error::{ParseError, Rule, Subject};
use crate::header::Header;
use crate::json;
use crate::jwa::SignatureAlgorithm;
use crate::limits::Limits;

/// Proof that its content came with the signatures or MACs of trusted keys that were asked for.
///
/// There is one way to make one: verifying. It cannot be built, deserialized or converted into.
///
/// ```compile_fail
/// use jose_core::jws::Verified;
///
/// let forged = Verified { content: "claims" };
/// ```
#[derive(Clone, Debug)]
pub struct Verified<T> {
    content: T,
    first: ValidSignature,
    others: Vec<ValidSignature>,
    /// What was required, and is there.
    required: Required,
}

/// A signature that is valid.
#[derive(Clone, Debug)]
pub struct ValidSignature {
    index: usize,
    protected: Header,
    unprotected: Option<Header>,
    alg: SignatureAlgorithm,
    kid: Option<String>,
}

impl ValidSignature {
    /// Called where `key` has just said yes, and nowhere else.
    pub(super) fn by(
        key: &VerifyingKey,
        index: usize,
        protected: Header,
        unprotected: Option<Header>,
    ) -> Self {
        Self { index, protected, unprotected, alg: key.alg(), kid: key.kid().map(Into::into) }
    }

    /// Its place among the signatures of the JWS, from 0.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// The JWS Protected Header, which was signed too.
    #[must_use]
    pub const fn protected(&self) -> &Header {
        &self.protected
    }

    /// The JWS Unprotected Header, if there was one. Nobody signed it.
    #[must_use]
    pub const fn unprotected(&self) -> Option<&Header> {
        self.unprotected.as_ref()
    }

    /// The algorithm of the key that made it.
    #[must_use]
    pub const fn alg(&self) -> SignatureAlgorithm {
        self.alg
    }

    /// The name of the key that made it: ours, not the header's word.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.kid.as_deref()
    }
}

impl<T> Verified<T> {
    /// The one constructor, called where the required signatures have just passed.
    pub(super) const fn by(
        first: ValidSignature,
        others: Vec<ValidSignature>,
        content: T,
        required: Required,
    ) -> Self {
        Self { content, first, others, required }
    }

    /// Whether it was verified under a policy that requires no less than `policy`.
    pub(crate) fn satisfies(&self, policy: &Policy) -> bool {
        matches!(policy.required(), Required::Any) || *policy.required() == self.required
    }

    /// What was signed.
    #[must_use]
    pub const fn content(&self) -> &T {
        &self.content
    }

    /// What was signed, without the proof.
    #[must_use]
    pub fn into_content(self) -> T {
        self.content
    }

    /// The valid signatures, in the order of the JWS: one for a compact or flattened one. What was
    /// not valid is not among them.
    pub fn signatures(&self) -> impl Iterator<Item = &ValidSignature> {
        core::iter::once(&self.first).chain(&self.others)
    }

    /// The JWS Protected Header of the first valid signature, which was signed too.
    #[must_use]
    pub const fn protected(&self) -> &Header {
        self.first.protected()
    }

    /// The algorithm of the key that made the first valid signature.
    #[must_use]
    pub const fn alg(&self) -> SignatureAlgorithm {
        self.first.alg()
    }

    /// The name of the key that made the first valid signature: ours, not the header's word.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.first.key_id()
    }

    /// The same proof over the content in another form.
    pub(crate) fn try_map<U, E>(
        self,
        map: impl FnOnce(T) -> Result<U, E>,
    ) -> Result<Verified<U>, E> {
        let Self { content, first, others, required } = self;
        Ok(Verified { content: map(content)?, first, others, required })
    }
}

impl Verified<Vec<u8>> {
    /// The payload as text.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if it is not UTF-8.
    pub fn into_text(self) -> Result<Verified<String>, ParseError> {
        self.try_map(|octets| {
            String::from_utf8(octets).map_err(|_| Rule::Utf8.of(Subject::Payload))
        })
    }

    /// The payload as JSON of any type, nested as deep as the default [`Limits`] allow claims.
    ///
    /// No claims are checked, and an expired token is JSON like any other: see
    /// [`jwt::accept`](crate::jwt::accept) for that.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if it is not JSON as strict as headers are, or does not fit `T`.
    pub fn into_json<T: DeserializeOwned>(self) -> Result<Verified<T>, ParseError> {
        self.try_map(|octets| json::read(&octets, Limits::DEFAULT.claims_depth))
            .map_err(|rule| rule.of(Subject::Payload))
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.content
    }
}
