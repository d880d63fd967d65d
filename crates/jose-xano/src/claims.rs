//! The `claims` of a statement, what `ttl` adds to them, and what a token is held to.

use core::fmt;
use core::ops::Deref;

use jose_core::jwt::{self, Builder, ClaimFailure, Validation};
use jose_core::limits::MAX_LEEWAY;
use jose_core::{Header, UnixTime};
use serde::{Deserialize, Deserializer, Serialize};
use zeroize::Zeroize as _;

use crate::json::Json;
use crate::{Error, Object};

/// What goes into a token: claims, or text, as the filters of Xano also take it.
#[derive(Clone, PartialEq)]
pub struct Payload {
    json: Json,
}

impl Payload {
    /// The claims that `value` is in JSON: of a struct, in the order of its fields.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if it is neither an object nor text.
    pub fn new(value: &impl Serialize) -> Result<Self, Error> {
        Self::encodable(Json::new(value)?).ok_or(Error::Shape { expected: "an object or text" })
    }

    /// Text, and no claims.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { json: Json::Text(text.into()) }
    }

    /// The claims, if it is an object.
    #[must_use]
    pub const fn claims(&self) -> Option<&Object> {
        match &self.json {
            Json::Object(claims) => Some(claims),
            _ => None,
        }
    }

    /// The text, if it is text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.json {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// It as JSON, the members in their order.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.json.to_json()
    }

    /// What a token holds: JSON of any kind, or else text.
    pub(crate) fn read(octets: &[u8]) -> Option<Self> {
        let text = core::str::from_utf8(octets).ok()?;
        match text.parse() {
            Ok(json) => Some(Self { json }),
            // Not text that somebody else reads as something.
            Err(_) if text.trim_ascii_start().starts_with(['{', '[']) => None,
            Err(_) => Some(Self::text(text)),
        }
    }

    /// The octets of a token that is no object: text stands in it as JSON does, in quotation marks, so that what was
    /// text is text again.
    pub(crate) fn octets(&self) -> Vec<u8> {
        self.to_json().into_bytes()
    }

    fn encodable(json: Json) -> Option<Self> {
        matches!(json, Json::Object(_) | Json::Text(_)).then_some(Self { json })
    }
}

/// What came out of an encrypted token, or goes into one, is a secret.
impl Drop for Payload {
    fn drop(&mut self) {
        self.json.zeroize();
    }
}

impl Default for Payload {
    fn default() -> Self {
        Self { json: Json::Object(Object::default()) }
    }
}

impl From<Object> for Payload {
    fn from(claims: Object) -> Self {
        Self { json: Json::Object(claims) }
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.json {
            Json::Object(claims) => fmt::Debug::fmt(claims, f),
            _ => f.write_str("Payload"),
        }
    }
}

impl Serialize for Payload {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let refuse = || serde::de::Error::custom("neither an object nor text");
        Self::encodable(Json::deserialize(deserializer)?).ok_or_else(refuse)
    }
}

/// The content of a token, with `P`, which shows how it was authenticated: as
/// [`Verified`](jose_core::jws::Verified), or as [`Decrypted`](jose_core::jwe::Decrypted), which whoever has the key
/// could have made.
#[derive(Clone, Debug)]
pub struct Decoded<P> {
    payload: Payload,
    proof: P,
}

impl<P> Decoded<P> {
    pub(crate) const fn new(payload: Payload, proof: P) -> Self {
        Self { payload, proof }
    }

    /// What was in the token.
    #[must_use]
    pub const fn payload(&self) -> &Payload {
        &self.payload
    }

    /// What was in the token, without the proof.
    #[must_use]
    pub fn into_payload(self) -> Payload {
        self.payload
    }

    /// What shows how it was authenticated: the octets, the header and the key.
    #[must_use]
    pub const fn proof(&self) -> &P {
        &self.proof
    }
}

impl<P> Deref for Decoded<P> {
    type Target = Payload;

    fn deref(&self) -> &Payload {
        &self.payload
    }
}

/// What lays out claims under `header`, with what `ttl` adds: `iat`, `nbf` and `exp`, in this order and behind those of
/// the caller.
pub(crate) fn builder(
    claims: &Object,
    ttl: i64,
    header: Header,
    now: UnixTime,
) -> Result<Builder, Error> {
    // `header` sets the two again where they are in it.
    let builder = Builder::at(now).without_typ().without_kid().header(header);
    let Some(seconds) = lifetime(ttl)? else { return Ok(builder) };
    if let Some(claim) = ["iat", "nbf", "exp"].into_iter().find(|name| claims.get(name).is_some()) {
        return Err(Error::Ttl { claim: Some(claim) });
    }
    let builder = builder.not_before_at(now);
    Ok(builder.expires_in(core::time::Duration::from_secs(seconds)))
}

/// The seconds of a `ttl`, none for 0.
pub(crate) fn lifetime(ttl: i64) -> Result<Option<u64>, Error> {
    match u64::try_from(ttl) {
        Ok(0) => Ok(None),
        Ok(seconds) if seconds <= MAX_TTL => Ok(Some(seconds)),
        _ => Err(Error::Time { parameter: "ttl", max: MAX_TTL }),
    }
}

/// The most seconds of a `ttl`: a hundred years.
const MAX_TTL: u64 = 3_155_760_000;

/// What claims could not be signed or encrypted for, told as what the caller wrote.
pub(crate) fn laid_out(claims: &Object) -> Result<(), Error> {
    for name in ["iss", "sub", "jti"] {
        if !matches!(claims.get(name), None | Some(Json::Text(_))) {
            return Err(Error::ClaimType { claim: name, expected: "text" });
        }
    }
    let is_text = |value: &Json| matches!(value, Json::Text(_));
    let fits = match claims.get("aud") {
        Some(Json::Array(values)) => values.iter().all(is_text),
        other => other.is_none_or(is_text),
    };
    if !fits {
        return Err(Error::ClaimType { claim: "aud", expected: "text, or an array of text" });
    }
    for name in ["iat", "nbf", "exp"] {
        if !matches!(claims.get(name), None | Some(Json::Number(_))) {
            return Err(Error::ClaimType { claim: name, expected: "a number of seconds" });
        }
    }
    Ok(())
}

/// The rules for a token's times, which are all that is checked without being asked for: `exp`, `nbf`, and an `iat` in
/// the future. There is no audience among the parameters but in `check_claims`.
pub(crate) fn rules(time_drift: i64) -> Result<Validation, Error> {
    let too_much = Error::Time { parameter: "timeDrift", max: MAX_LEEWAY.as_secs() };
    let Ok(seconds) = u64::try_from(time_drift) else { return Err(too_much) };
    let rules = Validation::new().any_audience().refuse_future_iat();
    rules.leeway(core::time::Duration::from_secs(seconds)).map_err(|_| too_much)
}

/// Whether octets are to be held to the rules of claims: those that are an object.
pub(crate) fn is_object(octets: &[u8]) -> bool {
    octets.trim_ascii_start().starts_with(b"{")
}

/// What a token is refused for, unless it is the type of a name alone: there, `sub` is often a number, and a token that
/// says so is read, though none is made.
pub(crate) fn forgive_names(error: jwt::Error) -> Result<(), Error> {
    let is_name = |failure: &ClaimFailure| {
        matches!(failure, ClaimFailure::Malformed { claim: "iss" | "sub" | "aud" | "jti", .. })
    };
    match error {
        jwt::Error::Claims(error) if error.failures().iter().all(is_name) => Ok(()),
        other => Err(Error::Token(other)),
    }
}

/// Holds a token to `check_claims`: each is there, of the same type and value.
pub(crate) fn check(payload: &Payload, expected: &Object) -> Result<(), Error> {
    let differs = |(name, value): &(&str, &Json)| {
        let actual = payload.claims().and_then(|claims| claims.get(name));
        !actual.is_some_and(|actual| same(actual, value))
    };
    match expected.members().find(differs) {
        Some((name, _)) => Err(Error::CheckClaims { claim: name.into() }),
        None => Ok(()),
    }
}

/// Equality of JSON values, for which the order of members does not count.
fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            let same = |(name, value): (&str, &Json)| b.get(name).is_some_and(|b| same(value, b));
            a.members().count() == b.members().count() && a.members().all(same)
        }
        _ => a == b,
    }
}
