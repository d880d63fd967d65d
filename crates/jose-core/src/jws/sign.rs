//! Signing (RFC 7515 §5.1), in one step or in two.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;

use super::payload::is_segment;
use super::{SerializationError, SigningKey, entry};
use crate::base64url;
use crate::crypto::{Backend, ecdsa};
use crate::error::{Critical, CryptoError, KeyError, ParseError, Rule, Subject, excerpt};
use crate::header::Header;
use crate::jwa::SignatureAlgorithm;
use crate::limits::{Limits, MAX_CERTIFICATES};

/// Signs `payload` and returns the compact serialization. The header is
/// [`SigningKey::header`]: `alg`, and `kid` if the key has one.
///
/// # Errors
///
/// [`SignError::Unavailable`] if the signature could not be made, and [`SignError::Length`] if an
/// external signer made something else.
pub fn sign(payload: &[u8], key: &SigningKey) -> Result<String, SignError> {
    sign_with_header(&key.header(), payload, key)
}

/// Signs `payload` under a header of the caller's and returns the compact serialization.
///
/// The header is taken as it is, so start from [`SigningKey::header`] to have the key's `kid` in
/// it. Where it says nothing about `alg`, the key's is added.
///
/// # Errors
///
/// As [`Unsigned::with_header`] and [`sign`].
pub fn sign_with_header(
    header: &Header,
    payload: &[u8],
    key: &SigningKey,
) -> Result<String, SignError> {
    let unsigned = Unsigned::with_header(key.alg(), header, payload)?;
    let signature = key.sign(&[unsigned.signing_input()])?;
    unsigned.attach(&signature)
}

/// A signature that is still to be made, over a payload and headers that are laid out.
///
/// [`attach`](Self::attach) makes a compact token of it, [`Jws::attach`](super::Jws::attach) one
/// signature of several.
///
/// The two steps are apart so that a key behind a network, in a KMS or an HSM, can sign
/// [`signing_input`](Self::signing_input) in any way and on any runtime:
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use jose_core::{Alg, jws::Unsigned};
///
/// let unsigned = Unsigned::new(Alg::ES256, Some("kms/7"), b"payload")?;
/// let digest = unsigned.digest(jose_rustcrypto::BACKEND)?; // what most services ask for
/// # let der = [0x30, 6, 2, 1, 1, 2, 1, 1];
/// // let der = kms.sign(&digest).await?;
/// let token = unsigned.attach_der(&der)?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Unsigned {
    alg: SignatureAlgorithm,
    encoded: bool,
    /// Octets of `input` that are the protected header; a dot and the payload follow.
    protected_len: usize,
    unprotected: Option<String>,
    input: Vec<u8>,
}

/// Headers as they are written.
pub(super) struct Headers {
    /// JSON; empty if there is nothing protected.
    protected: String,
    pub(super) unprotected: Option<String>,
    encoded: bool,
}

impl Headers {
    /// The headers of a signature under `alg`, if every verifier would take them.
    pub(super) fn lay_out(
        alg: SignatureAlgorithm,
        protected: &Header,
        unprotected: Option<&Header>,
        encoded: bool,
    ) -> Result<Self, SignError> {
        let refuse = |rule: Rule| SignError::Header(rule.of(Subject::Jws));
        for header in [Some(protected), unprotected].into_iter().flatten() {
            if let Some(other) = header.alg().filter(|name| *name != alg.name()) {
                let actual = excerpt(other);
                return Err(SignError::Key(KeyError::Algorithm { expected: alg.name(), actual }));
            }
            check(header).map_err(refuse)?;
        }
        let unprotected = unprotected.filter(|header| !header.names().is_empty());
        let mut protected = Cow::Borrowed(protected);
        if protected.b64().is_some_and(|b64| b64 != encoded) {
            return Err(refuse(Rule::Inconsistent { member: "b64" }));
        }
        if !encoded {
            protected = Cow::Owned(protected.into_owned().with_unencoded_payload());
        }
        if protected.alg().is_none() && unprotected.and_then(Header::alg).is_none() {
            protected = Cow::Owned(protected.into_owned().with_alg(alg.name()));
        }
        // What `crit` names is understood by whoever set it.
        protected.check_crit(|_| true).map_err(SignError::Critical)?;
        entry::check(&protected, unprotected).map_err(refuse)?;
        let json = |header: &Header| {
            let mut json = String::new();
            header.write(&mut json);
            json
        };
        let unprotected = unprotected.map(json);
        let protected = if protected.names().is_empty() { String::new() } else { json(&protected) };
        let longest = protected.len().max(unprotected.as_ref().map_or(0, String::len));
        if longest > Limits::DEFAULT.header {
            return Err(refuse(Rule::TooLong { limit: Limits::DEFAULT.header }));
        }
        Ok(Self { protected, unprotected, encoded })
    }

    /// The protected header as it is signed.
    pub(super) fn protected_text(&self) -> String {
        base64url::encode(self.protected.as_bytes())
    }
}

/// What every verifier would refuse is not produced, and what is not written must not be taken for
/// signed.
fn check(header: &Header) -> Result<(), Rule> {
    let texts = [("typ", header.typ()), ("cty", header.cty()), ("kid", header.kid())];
    for (member, text) in texts {
        if text.is_some_and(|text| text.chars().any(char::is_control)) {
            return Err(Rule::ControlCharacter { member });
        }
    }
    if header.encryption().is_some() {
        return Err(Rule::Value { member: "enc", expected: "absent from a signed token" });
    }
    let is_chain = |x5c: &[Vec<u8>]| {
        (1..=MAX_CERTIFICATES).contains(&x5c.len()) && x5c.iter().all(|der| !der.is_empty())
    };
    if !header.x5c().is_none_or(is_chain) {
        return Err(Rule::Value { member: "x5c", expected: "a chain of 1 to 8 certificates" });
    }
    Ok(())
}

impl Unsigned {
    /// A token for `payload`, to be signed under `alg` by the key called `kid`.
    ///
    /// # Errors
    ///
    /// As [`with_header`](Self::with_header).
    pub fn new(
        alg: SignatureAlgorithm,
        kid: Option<&str>,
        payload: &[u8],
    ) -> Result<Self, SignError> {
        let header = kid.map_or_else(Header::new, |kid| Header::new().with_kid(kid));
        Self::with_header(alg, &header, payload)
    }

    /// A token for `payload` under a header of the caller's; `alg` is added to it.
    ///
    /// # Errors
    ///
    /// [`SignError::Key`] if the header names another `alg`; [`SignError::Critical`] if its `crit`
    /// is empty, or names a parameter that is absent, registered or named twice;
    /// [`SignError::Header`] for parameters that no verifier would take.
    pub fn with_header(
        alg: SignatureAlgorithm,
        header: &Header,
        payload: &[u8],
    ) -> Result<Self, SignError> {
        let headers = Headers::lay_out(alg, header, None, true)?;
        let room = base64url::encoded_len(payload.len());
        Ok(Self::over(alg, headers, room, |input| base64url::encode_into(payload, input)))
    }

    /// A signature over a payload that is written as it is signed.
    pub(super) fn over_signed(alg: SignatureAlgorithm, headers: Headers, signed: &[u8]) -> Self {
        let mut unsigned = Self::over(alg, headers, signed.len(), |_| ());
        unsigned.input.extend_from_slice(signed);
        unsigned
    }

    fn over(
        alg: SignatureAlgorithm,
        headers: Headers,
        room: usize,
        write_payload: impl FnOnce(&mut String),
    ) -> Self {
        let Headers { protected, unprotected, encoded } = headers;
        let lens = [protected.len(), alg.signature_len().unwrap_or(512)];
        let lens = lens.map(base64url::encoded_len);
        // One allocation for the whole token.
        let mut input = String::with_capacity(lens.iter().sum::<usize>() + room + 2);
        base64url::encode_into(protected.as_bytes(), &mut input);
        let protected_len = input.len();
        input.push('.');
        write_payload(&mut input);
        Self { alg, encoded, protected_len, unprotected, input: input.into_bytes() }
    }

    /// The octets to sign: the JWS Signing Input (RFC 7515 §5.1).
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        &self.input
    }

    /// The algorithm it is to be signed with.
    #[must_use]
    pub const fn alg(&self) -> SignatureAlgorithm {
        self.alg
    }

    /// The digest of the signing input, for services that sign digests.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unsupported`] for HMAC and EdDSA, which are not made from a digest alone;
    /// [`KeyError::Unavailable`] if `backend` could not hash.
    pub fn digest(&self, backend: &dyn Backend) -> Result<Vec<u8>, KeyError> {
        let hash = self.alg.hash().filter(|_| !self.alg.is_symmetric());
        let hash = hash.ok_or(KeyError::Unsupported { what: "signing a digest" })?;
        let mut digest = alloc::vec![0; hash.digest_len()];
        backend
            .digest(hash, &[self.signing_input()], &mut digest)
            .map_err(KeyError::Unavailable)?;
        Ok(digest)
    }

    /// Completes a compact token with a signature in JWS encoding: for ECDSA r ‖ s, not ASN.1.
    ///
    /// Nothing is verified here.
    ///
    /// # Errors
    ///
    /// [`SignError::Length`] if the algorithm's signatures have another length, and
    /// [`SignError::Serialization`] for an unprotected header or a payload that such a token cannot
    /// hold, which only a [`Jws`](super::Jws) has. Of a `Jws` that is detached, or has other
    /// signatures, the token knows nothing: [`Jws::attach`](super::Jws::attach) is for those.
    pub fn attach(self, signature: &[u8]) -> Result<String, SignError> {
        self.check_len(signature)?;
        if self.unprotected.is_some() {
            return Err(SignError::Serialization(SerializationError::UnprotectedHeader));
        }
        let payload = self.input.get(self.protected_len + 1..).unwrap_or_default();
        if !self.encoded && !is_segment(payload) {
            return Err(SignError::Serialization(SerializationError::Payload));
        }
        // Base64url and what has just been found to be ASCII.
        let mut token = String::from_utf8(self.input)
            .map_err(|_| SignError::Serialization(SerializationError::Payload))?;
        token.push('.');
        base64url::encode_into(signature, &mut token);
        Ok(token)
    }

    /// Completes a compact token with an ECDSA signature in ASN.1 DER, as key services answer it.
    ///
    /// # Errors
    ///
    /// [`SignError::Length`] if `der` is not such a signature of this algorithm's size, or the
    /// algorithm is not ECDSA; else as [`attach`](Self::attach).
    pub fn attach_der(self, der: &[u8]) -> Result<String, SignError> {
        let signature = self.der_to_fixed(der)?;
        self.attach(&signature)
    }

    pub(super) fn der_to_fixed(&self, der: &[u8]) -> Result<Vec<u8>, SignError> {
        let len = self.alg.signature_len().filter(|_| self.alg.is_ecdsa());
        let len = len.ok_or(SignError::Length)?;
        let mut signature = Vec::with_capacity(len);
        ecdsa::der_to_fixed(der, len / 2, &mut signature).map_err(|_| SignError::Length)?;
        Ok(signature)
    }

    pub(super) const fn check_len(&self, signature: &[u8]) -> Result<(), SignError> {
        if self.alg.allows_signature_len(signature.len()) { Ok(()) } else { Err(SignError::Length) }
    }

    /// The protected header in base64url and the unprotected one in JSON, if this is a signature over
    /// `signed`.
    pub(super) fn into_headers(
        self,
        signed: &[u8],
        encoded: bool,
    ) -> Result<(String, Option<String>), SignError> {
        let (protected, payload) =
            self.input.split_at_checked(self.protected_len).unwrap_or_default();
        if payload.strip_prefix(b".") != Some(signed) || self.encoded != encoded {
            return Err(SignError::OtherPayload);
        }
        let protected = String::from_utf8_lossy(protected).into_owned();
        Ok((protected, self.unprotected))
    }
}

impl fmt::Debug for Unsigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsigned")
            .field("alg", &self.alg)
            .field("signing_input_len", &self.input.len())
            .finish_non_exhaustive() // the payload may be somebody's personal data
    }
}

/// Why a token could not be signed.
#[derive(Debug)]
#[non_exhaustive]
pub enum SignError {
    /// The header's `crit` breaks a rule of RFC 7515 §4.1.11.
    Critical(Critical),
    /// The header has a parameter that no verifier would take.
    Header(ParseError),
    /// The header and the key contradict each other.
    Key(KeyError),
    /// The signature is not one of this algorithm: its length or its encoding is wrong.
    Length,
    /// The payload is elsewhere: [`Jws::with_payload`](super::Jws::with_payload) brings it back.
    NoPayload,
    /// The key needs the whole payload at once and was given it piece by piece.
    NoStream(SignatureAlgorithm),
    /// The signature was laid out for another payload, or for one in another form.
    OtherPayload,
    /// What was signed cannot be written so.
    Serialization(SerializationError),
    /// A signer was added after the first octets of the payload.
    Started,
    /// The signature could not be made.
    Unavailable(CryptoError),
}

impl SignError {
    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Critical(_)
            | Self::Length
            | Self::NoPayload
            | Self::OtherPayload
            | Self::Started => "ERR_JWS_INVALID",
            Self::Header(error) => error.code(),
            Self::NoStream(_) => "ERR_JWK_UNSUPPORTED",
            Self::Serialization(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::Unavailable(error) => error.code(),
        }
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Critical(_) => f.write_str("the `crit` header parameter breaks a rule"),
            Self::Header(_) => f.write_str("no verifier would take this header"),
            Self::Key(_) => f.write_str("the header contradicts the key"),
            Self::Length => f.write_str("not a signature of this algorithm"),
            Self::NoPayload => f.write_str("the payload is not there to be signed"),
            Self::NoStream(alg) => write!(f, "this {alg} key needs the whole payload at once"),
            Self::OtherPayload => f.write_str("a signature that was laid out for another payload"),
            Self::Serialization(_) => f.write_str("what was signed cannot be written so"),
            Self::Started => f.write_str("the payload has begun without this signer"),
            Self::Unavailable(_) => f.write_str("the token could not be signed"),
        }
    }
}

impl Error for SignError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Critical(error) => Some(error),
            Self::Header(error) => Some(error),
            Self::Key(error) => Some(error),
            Self::Serialization(error) => Some(error),
            Self::Unavailable(error) => Some(error),
            Self::Length
            | Self::NoPayload
            | Self::NoStream(_)
            | Self::OtherPayload
            | Self::Started => None,
        }
    }
}
