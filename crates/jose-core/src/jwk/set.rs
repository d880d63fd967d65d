//! JWK Sets (RFC 7517 §5).

use alloc::string::String;
use alloc::vec::Vec;
use core::str::FromStr;

use super::Jwk;
use crate::SecretBytes;
use crate::error::{ParseError, Rule, Subject};
use crate::json::{self, Object};
use crate::limits::Limits;
use crate::member;

/// A set of keys, in the order they were given.
///
/// A member that cannot be read never spoils the others: it is left out and reported by
/// [`skipped`](Self::skipped). A key of unknown type is no such member, it is kept as it came.
///
/// ```
/// use jose_core::JwkSet;
///
/// let set: JwkSet = r#"{"keys":[
///     {"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
///     {"kty":"EC","crv":"P-256","kid":"broken"},
///     {"kty":"from-the-future"}
/// ]}"#.parse()?;
/// assert_eq!(set.keys().len(), 2);
/// assert_eq!(set.skipped()[0].index(), 1);
/// # Ok::<(), jose_core::error::ParseError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct JwkSet {
    keys: Vec<Jwk>,
    skipped: Vec<SkippedJwk>,
}

/// A member of a JWK Set that was left out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SkippedJwk {
    index: usize,
    kid: Option<String>,
    error: ParseError,
}

impl SkippedJwk {
    /// Its place in the `keys` array, from 0.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// Its `kid`, where that much could be read.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Why it was left out.
    #[must_use]
    pub const fn error(&self) -> ParseError {
        self.error
    }
}

impl JwkSet {
    /// A set of these keys.
    #[must_use]
    pub fn new(keys: impl Into<Vec<Jwk>>) -> Self {
        Self { keys: keys.into(), skipped: Vec::new() }
    }

    /// Reads a set from the octets of a JSON object with a `keys` array.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if the outermost structure is not such an object, or longer than the
    /// default [`Limits`] allow. Never for what is wrong with one key.
    pub fn from_json(octets: impl AsRef<[u8]>) -> Result<Self, ParseError> {
        Self::from_json_within(octets, &Limits::DEFAULT)
    }

    /// As [`from_json`](Self::from_json), with ceilings of the caller's choice.
    ///
    /// # Errors
    ///
    /// As [`from_json`](Self::from_json).
    pub fn from_json_within(octets: impl AsRef<[u8]>, limits: &Limits) -> Result<Self, ParseError> {
        Self::read(octets.as_ref(), limits).map_err(|rule| rule.of(Subject::JwkSet))
    }

    fn read(octets: &[u8], limits: &Limits) -> Result<Self, Rule> {
        if octets.len() > limits.jwk_set {
            return Err(Rule::TooLong { limit: limits.jwk_set });
        }
        // As deep as can be: a key that is nested too deep is left out by its own scan below.
        let object = Object::parse_outermost(json::text(octets)?, Limits::MAX_DEPTH)?;
        let keys = object.get("keys").ok_or(Rule::Missing { member: "keys" })?;
        let elements = json::elements(keys, limits.jwk_set_keys)
            .ok_or(Rule::Type { member: "keys", expected: "an array" })?;
        let mut set = Self::default();
        for (index, json) in elements.into_iter().enumerate() {
            if index >= limits.jwk_set_keys {
                // Told once: a list of all would be longer than what it stands for.
                let error = Rule::TooMany { limit: limits.jwk_set_keys }.of(Subject::JwkSet);
                set.skipped.push(SkippedJwk { index, kid: None, error });
                break;
            }
            let read = Object::parse(json, limits.header_depth)
                .map_err(|rule| (None, rule))
                .and_then(|object| {
                    let kid = || object.read("kid", member::text).ok().flatten();
                    Jwk::from_object(&object).map_err(|rule| (kid(), rule))
                });
            match read {
                Ok(jwk) => set.keys.push(jwk),
                Err((kid, rule)) => {
                    set.skipped.push(SkippedJwk { index, kid, error: rule.of(Subject::Jwk) });
                }
            }
        }
        Ok(set)
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &[Jwk] {
        &self.keys
    }

    /// The members that were left out when the set was read.
    #[must_use]
    pub fn skipped(&self) -> &[SkippedJwk] {
        &self.skipped
    }

    /// The keys of that name: more than one if the set repeats it.
    pub fn find<'a>(&'a self, kid: &'a str) -> impl Iterator<Item = &'a Jwk> {
        self.keys.iter().filter(move |jwk| jwk.kid() == Some(kid))
    }

    /// The public half of every key that has one; symmetric keys and keys of unknown type are left
    /// out.
    #[must_use]
    pub fn to_public(&self) -> Self {
        self.keys.iter().filter_map(|jwk| jwk.to_public().ok()).collect()
    }

    /// [`to_public`](Self::to_public) as JSON: what an issuer publishes.
    #[must_use]
    pub fn to_public_json(&self) -> String {
        let public = self.to_public();
        let mut out = String::new();
        public.write(&mut out);
        out
    }

    /// All keys as JSON in UTF-8, private members and all.
    #[must_use]
    pub fn expose_secret_json(&self) -> SecretBytes {
        let capacity: usize = self.keys.iter().map(|jwk| jwk.json_capacity() + 1).sum();
        let mut out = String::with_capacity(capacity + 16);
        self.write(&mut out);
        SecretBytes::new(out.into_bytes())
    }

    fn write(&self, out: &mut String) {
        out.push_str("{\"keys\":[");
        for (index, jwk) in self.keys.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            jwk.write(out);
        }
        out.push_str("]}");
    }
}

impl FromStr for JwkSet {
    type Err = ParseError;

    /// As [`from_json`](JwkSet::from_json).
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::from_json(text)
    }
}

impl FromIterator<Jwk> for JwkSet {
    fn from_iter<I: IntoIterator<Item = Jwk>>(keys: I) -> Self {
        Self { keys: keys.into_iter().collect(), skipped: Vec::new() }
    }
}
