//! The Claims Set (RFC 7519 §4): one JSON object, of which typed and untyped views are the same
//! octets.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::DeserializeOwned;

use crate::error::{ParseError, Rule, Subject};
use crate::header::Header;
use crate::json::{self, Object};
use crate::limits::Limits;
use crate::time::UnixTime;

/// The claims of a token: a JSON object whose registered claims have their types.
#[derive(Clone)]
pub struct Claims {
    object: Object<String>,
}

/// The claims that RFC 7519 §4.1 registers, and the type each must have wherever it appears.
const REGISTERED: [(&str, Kind); 7] = [
    ("iss", Kind::Text),
    ("sub", Kind::Text),
    ("aud", Kind::TextOrTexts),
    ("exp", Kind::Time),
    ("nbf", Kind::Time),
    ("iat", Kind::Time),
    ("jti", Kind::Text),
];

/// The claims that RFC 7519 §10.4.1 registers as header parameters of encrypted tokens.
const REPLICATED: [&str; 3] = ["iss", "sub", "aud"];

#[derive(Clone, Copy)]
enum Kind {
    Text,
    TextOrTexts,
    Time,
}

impl Kind {
    /// What is expected, if `json` is not it. `null` is not "absent": a reader that takes it so
    /// skips the check.
    fn refuse(self, json: &str) -> Option<&'static str> {
        match self {
            Self::Text => json::unquote(json).is_none().then_some("a string"),
            Self::TextOrTexts => (json::unquote(json).is_none() && json::strings(json).is_none())
                .then_some("a string or an array of strings"),
            Self::Time => {
                UnixTime::from_json(json).is_none().then_some("a NumericDate from 1970 to 9999")
            }
        }
    }
}

impl Claims {
    /// Reads a claims set, and refuses registered claims of the wrong type.
    pub(crate) fn parse(payload: Vec<u8>, limits: &Limits) -> Result<Self, ParseError> {
        let claims =
            Self::parse_object(payload, limits).map_err(|rule| rule.of(Subject::Claims))?;
        let malformed = claims.malformed().next();
        malformed.map_or(Ok(claims), |(member, expected)| {
            Err(Rule::Type { member, expected }.of(Subject::Claims))
        })
    }

    /// Reads a claims set; its registered claims may still be of the wrong type.
    pub(super) fn parse_object(payload: Vec<u8>, limits: &Limits) -> Result<Self, Rule> {
        let text = String::from_utf8(payload).map_err(|_| Rule::Utf8)?;
        Ok(Self { object: Object::parse(text, limits.claims_depth)? })
    }

    /// The registered claims that are of the wrong type, and what they should be.
    pub(super) fn malformed(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        REGISTERED.into_iter().filter_map(|(name, kind)| {
            let expected = kind.refuse(self.object.get(name)?)?;
            Some((name, expected))
        })
    }

    /// The claims that `header` repeats and has otherwise (RFC 7519 §5.3).
    pub(super) fn differing_from(&self, header: &Header) -> impl Iterator<Item = &'static str> {
        REPLICATED.into_iter().filter(|name| match (self.object.get(name), header.get(name)) {
            (Some(own), Some(other)) => {
                // A single one and a list of one are the same for `aud` alone.
                let read = if *name == "aud" { texts } else { text };
                read(own).is_none() || read(own) != read(other)
            }
            _ => false,
        })
    }

    /// `iss`: who issued the token.
    #[must_use]
    pub fn issuer(&self) -> Option<Cow<'_, str>> {
        self.text("iss")
    }

    /// `sub`: whom it is about.
    #[must_use]
    pub fn subject(&self) -> Option<Cow<'_, str>> {
        self.text("sub")
    }

    /// `aud`: for whom it is; a single one and a list of one are the same. `None` if absent.
    #[must_use]
    pub fn audience(&self) -> Option<Vec<Cow<'_, str>>> {
        texts(self.object.get("aud")?)
    }

    /// `exp`: from when on it must not be accepted.
    #[must_use]
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.time("exp")
    }

    /// `nbf`: before when it must not be accepted.
    #[must_use]
    pub fn not_before(&self) -> Option<UnixTime> {
        self.time("nbf")
    }

    /// `iat`: when it was issued.
    #[must_use]
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.time("iat")
    }

    /// `jti`: its name.
    #[must_use]
    pub fn token_id(&self) -> Option<Cow<'_, str>> {
        self.text("jti")
    }

    /// The claim called `name`, as JSON text.
    #[must_use]
    pub fn json_of(&self, name: &str) -> Option<&str> {
        self.object.get(name)
    }

    /// The claim called `name`, read as `T`; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if it does not fit `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ParseError> {
        let Some(json) = self.object.get(name) else { return Ok(None) };
        serde_json::from_str(json).map(Some).map_err(|_| Rule::Shape.of(Subject::Claims))
    }

    /// All claims read as `C`.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if they do not fit `C`.
    pub fn decode<C: DeserializeOwned>(&self) -> Result<C, ParseError> {
        serde_json::from_str(self.json()).map_err(|_| Rule::Shape.of(Subject::Claims))
    }

    /// All claims as the JSON text that was signed.
    #[must_use]
    pub fn json(&self) -> &str {
        self.object.text()
    }

    /// All claims in order: name, and value as JSON text.
    pub fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        self.object.members()
    }

    fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        json::unquote(self.object.get(name)?)
    }

    fn time(&self, name: &str) -> Option<UnixTime> {
        UnixTime::from_json(self.object.get(name)?)
    }
}

fn text(json: &str) -> Option<Vec<Cow<'_, str>>> {
    json::unquote(json).map(|single| alloc::vec![single])
}

/// One or several.
fn texts(json: &str) -> Option<Vec<Cow<'_, str>>> {
    text(json).or_else(|| json::strings(json))
}

impl fmt::Debug for Claims {
    /// The names alone: the values are somebody's personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claims ")?;
        f.debug_list().entries(self.members().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_octets_make_the_reader_panic(octets: Vec<u8>) {
            let _any = Claims::parse(octets, &Limits::DEFAULT);
        }

        #[test]
        fn registered_claims_of_any_json_are_typed_or_refused(
            name in prop::sample::select(&["iss", "sub", "aud", "exp", "nbf", "iat", "jti"]),
            json in r#"null|true|-?[0-9]{1,14}(\.[0-9]{1,3})?(e[0-9]{1,3})?|"[a-z\\n]{0,4}"|\[("a",?){0,3}\]|\{\}"#,
        ) {
            let text = alloc::format!("{{\"{name}\":{json}}}");
            if let Ok(claims) = Claims::parse(text.into_bytes(), &Limits::DEFAULT) {
                let typed = match name {
                    "iss" => claims.issuer().is_some(),
                    "sub" => claims.subject().is_some(),
                    "aud" => claims.audience().is_some(),
                    "exp" => claims.expires_at().is_some(),
                    "nbf" => claims.not_before().is_some(),
                    "iat" => claims.issued_at().is_some(),
                    _ => claims.token_id().is_some(),
                };
                prop_assert!(typed, "{} is there and reads as absent", name);
            }
        }
    }
}
