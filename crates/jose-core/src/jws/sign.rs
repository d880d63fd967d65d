//! Signing (RFC 7515 §5.1), in one step or in two.

use alloc::string::String;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;

use super::SigningKey;
use crate::base64url;
use crate::crypto::{Backend, ecdsa};
use crate::error::{Critical, CryptoError, KeyError, ParseError, Rule, Subject, excerpt};
use crate::header::Header;
use crate::jwa::SignatureAlgorithm;

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
    let mut signature = Vec::with_capacity(key.signature_len().unwrap_or(0));
    key.signer.sign(&[unsigned.signing_input()], &mut signature).map_err(SignError::Unavailable)?;
    // An external signer may take something else for a signature under this algorithm.
    unsigned.attach(&signature)
}

/// A token with everything but its signature.
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
    input: String,
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
        if let Some(other) = header.alg().filter(|name| *name != alg.name()) {
            let actual = excerpt(other);
            return Err(SignError::Key(KeyError::Algorithm { expected: alg.name(), actual }));
        }
        // What every verifier would refuse is not produced; what `crit` names is understood by whoever
        // set it.
        header.check_crit(header.crit().unwrap_or_default()).map_err(SignError::Critical)?;
        let texts = [("typ", header.typ()), ("cty", header.cty()), ("kid", header.kid())];
        for (member, text) in texts {
            if text.is_some_and(|text| text.chars().any(char::is_control)) {
                let rule = Rule::ControlCharacter { member };
                return Err(SignError::Header(rule.of(Subject::Jws)));
            }
        }
        // What is not written must not be taken for signed.
        let expected = "absent from a signed token";
        let misplaced = [
            ("b64", header.b64().is_some()),
            ("enc", header.encryption().is_some()),
            ("x5c", header.x5c().is_some_and(<[_]>::is_empty)),
        ];
        if let Some((member, _)) = misplaced.into_iter().find(|(_, there)| *there) {
            return Err(SignError::Header(Rule::Value { member, expected }.of(Subject::Jws)));
        }
        let mut json = String::new();
        match header.alg() {
            Some(_) => header.write(&mut json),
            None => header.clone().with_alg(alg.name()).write(&mut json),
        }
        let signature = alg.signature_len().unwrap_or(512);
        let lens = [json.len(), payload.len(), signature].map(base64url::encoded_len);
        // One allocation for the whole token.
        let mut input = String::with_capacity(lens.iter().sum::<usize>() + 2);
        base64url::encode_into(json.as_bytes(), &mut input);
        input.push('.');
        base64url::encode_into(payload, &mut input);
        Ok(Self { alg, input })
    }

    /// The octets to sign: the JWS Signing Input (RFC 7515 §5.1).
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        self.input.as_bytes()
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

    /// Completes the token with a signature in JWS encoding: for ECDSA r ‖ s, not ASN.1.
    ///
    /// Nothing is verified here.
    ///
    /// # Errors
    ///
    /// [`SignError::Length`] if the algorithm's signatures have another length.
    pub fn attach(self, signature: &[u8]) -> Result<String, SignError> {
        if self.alg.allows_signature_len(signature.len()) {
            Ok(self.finish(signature))
        } else {
            Err(SignError::Length)
        }
    }

    /// Completes the token with an ECDSA signature in ASN.1 DER, as key services answer it.
    ///
    /// # Errors
    ///
    /// [`SignError::Length`] if `der` is not such a signature of this algorithm's size, or the
    /// algorithm is not ECDSA.
    pub fn attach_der(self, der: &[u8]) -> Result<String, SignError> {
        let len = self.alg.signature_len().filter(|_| self.alg.is_ecdsa());
        let len = len.ok_or(SignError::Length)?;
        let mut signature = Vec::with_capacity(len);
        ecdsa::der_to_fixed(der, len / 2, &mut signature).map_err(|_| SignError::Length)?;
        self.attach(&signature)
    }

    fn finish(mut self, signature: &[u8]) -> String {
        self.input.push('.');
        base64url::encode_into(signature, &mut self.input);
        self.input
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
    /// The signature could not be made.
    Unavailable(CryptoError),
}

impl SignError {
    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Critical(_) | Self::Header(_) | Self::Length => "ERR_JWS_INVALID",
            Self::Key(error) => error.code(),
            Self::Unavailable(error) => error.code(),
        }
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Critical(_) => "the `crit` header parameter breaks a rule",
            Self::Header(_) => "no verifier would take this header",
            Self::Key(_) => "the header contradicts the key",
            Self::Length => "not a signature of this algorithm",
            Self::Unavailable(_) => "the token could not be signed",
        })
    }
}

impl Error for SignError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Critical(error) => Some(error),
            Self::Header(error) => Some(error),
            Self::Key(error) => Some(error),
            Self::Length => None,
            Self::Unavailable(error) => Some(error),
        }
    }
}
