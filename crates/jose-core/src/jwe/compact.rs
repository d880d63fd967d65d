//! The compact serialization (RFC 7516 §7.1): `header.encrypted_key.iv.ciphertext.tag`.

use crate::base64url;
use crate::error::Rule;
use crate::header::Header;
use crate::limits::Limits;

/// The five segments of a token.
pub(super) struct Segments<'t> {
    pub(super) header: &'t str,
    pub(super) encrypted_key: &'t str,
    pub(super) iv: &'t str,
    pub(super) ciphertext: &'t str,
    pub(super) tag: &'t str,
}

/// Takes a token apart at its dots without allocating, however many there are.
pub(super) fn split(token: &str) -> Result<Segments<'_>, Rule> {
    let mut segments = token.split('.');
    let mut next = || segments.next().ok_or(Rule::Segments { expected: 5 });
    let (header, encrypted_key, iv) = (next()?, next()?, next()?);
    let (ciphertext, tag) = (next()?, next()?);
    match segments.next() {
        None => Ok(Segments { header, encrypted_key, iv, ciphertext, tag }),
        Some(_) => Err(Rule::Segments { expected: 5 }),
    }
}

/// Reads a protected header from its base64url.
pub(super) fn header(text: &str, limits: &Limits) -> Result<Header, Rule> {
    if text.len() > base64url::encoded_len(limits.header) {
        return Err(Rule::TooLong { limit: limits.header });
    }
    Header::parse_encrypted(&base64url::decode(text.as_bytes())?, limits.header_depth)
}
