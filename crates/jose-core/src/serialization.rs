//! What the JSON serializations of signed and of encrypted tokens have in common (RFC 7515 §7.2,
//! RFC 7516 §7.2).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::error::Rule;
use crate::header::Header;
use crate::json::{self, Object};
use crate::limits::Limits;

/// A header that is not protected, as JSON text and as it was read.
#[derive(Clone)]
pub(crate) struct Unprotected {
    pub(crate) json: String,
    pub(crate) header: Header,
}

impl Unprotected {
    /// Reads one with `parse`. One that is empty is to be absent.
    pub(crate) fn read(
        member: &'static str,
        json: String,
        limits: &Limits,
        parse: impl FnOnce(&[u8], usize) -> Result<Header, Rule>,
    ) -> Result<Self, Rule> {
        if json.len() > limits.header {
            return Err(Rule::TooLong { limit: limits.header });
        }
        let header = parse(json.as_bytes(), limits.header_depth)?;
        absent_if_empty(member, &header)?;
        Ok(Self { json, header })
    }
}

/// Whether the text is meant as JSON. A compact token starts with base64url, and never with a brace
/// or white space.
pub(crate) fn is_json(text: &str) -> bool {
    text.trim_start_matches([' ', '\t', '\n', '\r']).starts_with('{')
}

/// A member that is a string, unquoted.
pub(crate) fn string<'o, S: AsRef<str>>(
    object: &'o Object<S>,
    member: &'static str,
) -> Result<Option<Cow<'o, str>>, Rule> {
    let unquote = |json| json::unquote(json).ok_or(Rule::Type { member, expected: "a string" });
    object.get(member).map(unquote).transpose()
}

/// A member that is a string, and absent rather than empty.
pub(crate) fn non_empty_string<'o, S: AsRef<str>>(
    object: &'o Object<S>,
    member: &'static str,
) -> Result<Option<Cow<'o, str>>, Rule> {
    let text = string(object, member)?;
    match text.as_deref() {
        Some("") => Err(Rule::Value { member, expected: ABSENT_IF_EMPTY }),
        _ => Ok(text),
    }
}

/// Refuses a header without parameters where it is to be absent.
pub(crate) fn absent_if_empty(member: &'static str, header: &Header) -> Result<(), Rule> {
    if header.names().is_empty() {
        Err(Rule::Value { member, expected: ABSENT_IF_EMPTY })
    } else {
        Ok(())
    }
}

const ABSENT_IF_EMPTY: &str = "absent if empty";

/// The members of an object that are not among `known`.
pub(crate) fn others<S: AsRef<str>>(object: &Object<S>, known: &[&str]) -> Vec<(String, String)> {
    let members = object.members().filter(|(name, _)| !known.contains(name));
    members.map(|(name, json)| (name.into(), json.into())).collect()
}

/// The elements of an array member, at least one and at most `limit`.
pub(crate) fn elements<'o, S: AsRef<str>>(
    object: &'o Object<S>,
    member: &'static str,
    limit: usize,
) -> Result<Vec<&'o str>, Rule> {
    let elements = object
        .get(member)
        .and_then(|json| json::elements(json, limit))
        .filter(|elements| !elements.is_empty())
        .ok_or(Rule::Type { member, expected: "a non-empty array" })?;
    if elements.len() > limit {
        return Err(Rule::TooMany { limit });
    }
    Ok(elements)
}
