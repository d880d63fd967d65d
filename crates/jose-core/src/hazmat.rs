//! What is hazardous: looking at tokens that nobody has verified, and choosing secrets oneself.
//!
//! There are honest reasons to look: routing a token to the issuer that can verify it, or debugging.
//! Whatever comes out of here was chosen by the sender, and no type of this module converts into
//! [`Verified`](crate::jws::Verified).

use serde::de::DeserializeOwned;

use crate::SecretBytes;

use crate::error::{ParseError, Subject};
use crate::json;
use crate::jwe;
use crate::jws::Unverified;
use crate::jwt::Claims;
use crate::limits::Limits;

/// The claims of a token whose signature nobody has checked.
///
/// # Errors
///
/// [`ParseError`] if the payload is not a JSON object as strict as [`jwt`](crate::jwt) wants it.
pub fn peek_unverified_claims(token: &Unverified<'_>) -> Result<Claims, ParseError> {
    Claims::parse(token.unverified_payload().into(), &Limits::DEFAULT)
}

/// The payload of a token whose signature nobody has checked; empty if it is elsewhere.
#[must_use]
pub fn peek_unverified_payload<'a>(token: &'a Unverified<'_>) -> &'a [u8] {
    token.unverified_payload()
}

/// The payload of a token whose signature nobody has checked, as JSON.
///
/// # Errors
///
/// [`ParseError`] if it is not strict JSON or does not fit `T`.
pub fn peek_unverified_json<T: DeserializeOwned>(token: &Unverified<'_>) -> Result<T, ParseError> {
    json::read(token.unverified_payload(), Limits::DEFAULT.claims_depth)
        .map_err(|rule| rule.of(Subject::Payload))
}

/// Encrypts with a content encryption key of the caller's.
///
/// Used for two contents, a key gives both away sooner or later: for AES in Galois/Counter Mode at
/// the first initialization vector that comes up twice. It must be random and have the length that
/// the algorithm takes, or encrypting fails.
pub fn with_cek(builder: jwe::Builder, cek: SecretBytes) -> jwe::Builder {
    builder.with_cek(cek)
}
