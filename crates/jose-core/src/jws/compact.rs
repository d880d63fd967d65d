//! The compact serialization (RFC 7515 §7.1): `header.payload.signature`.

use crate::base64url;
use crate::error::Rule;
use crate::header::Header;
use crate::limits::Limits;

/// The three segments of a token, and the first two with the dot between: the signing input.
pub(super) struct Segments<'t> {
    pub(super) signing_input: &'t str,
    pub(super) header: &'t str,
    pub(super) payload: &'t str,
    pub(super) signature: &'t str,
}

/// Takes a token apart at its dots without allocating, however many there are.
pub(super) fn split(token: &str) -> Result<Segments<'_>, Rule> {
    let wrong = Rule::Segments { expected: 3 };
    let mut dots = memchr::memchr_iter(b'.', token.as_bytes());
    let (Some(first), Some(second), None) = (dots.next(), dots.next(), dots.next()) else {
        return Err(wrong);
    };
    // A dot is one octet, so every index here lies between characters.
    let parts = (
        token.get(..second),
        token.get(..first),
        token.get(first + 1..second),
        token.get(second + 1..),
    );
    match parts {
        (Some(signing_input), Some(header), Some(payload), Some(signature)) => {
            Ok(Segments { signing_input, header, payload, signature })
        }
        _ => Err(wrong),
    }
}

/// Reads a protected header from its base64url.
pub(super) fn header(text: &str, limits: &Limits) -> Result<Header, Rule> {
    if text.len() > base64url::encoded_len(limits.header) {
        return Err(Rule::TooLong { limit: limits.header });
    }
    Header::parse(&base64url::decode(text.as_bytes())?, limits.header_depth)
}
