//! JSON that keeps the order of its members, which `serde_json` does only under a feature that any crate of a build
//! can switch on.

use core::fmt;
use core::str::FromStr;

use serde::de::{self, MapAccess, Visitor};
use serde::ser::{self, SerializeMap as _, SerializeSeq as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use zeroize::{Zeroize, Zeroizing};

use crate::Error;

/// A JSON object whose members keep the order in which they were given.
#[derive(Clone, Default, PartialEq)]
pub struct Object {
    members: Vec<(String, Json)>,
}

/// Any JSON value.
#[derive(Clone, PartialEq)]
pub(crate) enum Json {
    Array(Vec<Self>),
    Bool(bool),
    Null,
    Number(Number),
    Object(Object),
    Text(String),
}

/// A number as it was written, of which no digit is lost: `serde_json` rounds what is longer than 64 bits, unless any
/// crate of a build has switched on another feature, under which an object can pass for a number.
#[derive(Clone)]
pub(crate) struct Number {
    literal: String,
}

/// Whole numbers are the same by their digits, and others by those that count: 1.50 is 1.5, and 1 is not 1.0.
impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        match [self, other].map(Self::digits) {
            [Some(one), Some(other)] => one == other,
            _ => self.literal == other.literal,
        }
    }
}

impl Number {
    /// Whether it is negative, its digits without zeros at either end, and the power of ten that they are times. None for
    /// a number that is written as a whole one, and for an exponent beyond measure.
    fn digits(&self) -> Option<(bool, String, i64)> {
        let (negative, rest) = match self.literal.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, self.literal.as_str()),
        };
        let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.len() == self.literal.trim_start_matches('-').len() {
            return None;
        }
        let digits = [whole, fraction].concat();
        let significant = digits.trim_start_matches('0').trim_end_matches('0');
        if significant.is_empty() {
            return Some((negative, String::new(), 0));
        }
        let zeros = digits.len().checked_sub(digits.trim_end_matches('0').len())?;
        let exponent: i64 = exponent.parse().ok()?;
        let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        let exponent = exponent.checked_add(i64::try_from(zeros).ok()?)?;
        Some((negative, significant.to_owned(), exponent))
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // For what other formats take, too: only those of JSON know of a literal.
        if let Ok(number) = serde_json::from_str::<i64>(&self.literal) {
            return serializer.serialize_i64(number);
        }
        if let Ok(number) = serde_json::from_str::<u64>(&self.literal) {
            return serializer.serialize_u64(number);
        }
        let literal = RawValue::from_string(self.literal.clone()).map_err(ser::Error::custom)?;
        literal.serialize(serializer)
    }
}

impl Object {
    /// The object that `value` is in JSON: of a struct, the members in the order of its fields.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if it is no object, or a name stands twice in it.
    pub fn new(value: &impl Serialize) -> Result<Self, Error> {
        match Json::new(value)? {
            Json::Object(object) => Ok(object),
            _ => Err(Error::Shape { expected: "an object" }),
        }
    }

    /// The object as JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        text(self)
    }

    /// The names of its members, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|(name, _)| name.as_str())
    }

    /// The text of the member called `name`, if it is text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Json::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether it has no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Json> {
        self.members().find(|(own, _)| *own == name).map(|(_, value)| value)
    }

    fn wipe(&mut self) {
        self.members.iter_mut().for_each(|(_, value)| value.zeroize());
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.members.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The names alone: the values may be secret.
        f.debug_list().entries(self.names()).finish()
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.members.len()))?;
        for (name, value) in &self.members {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// What came out of an encrypted token, or goes into one, is a secret.
impl Drop for Object {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Json::deserialize(deserializer)? {
            Json::Object(object) => Ok(object),
            _ => Err(de::Error::custom("an object is expected here")),
        }
    }
}

impl Json {
    pub(crate) fn new(value: &impl Serialize) -> Result<Self, Error> {
        let text = serde_json::to_string(value);
        let text = Zeroizing::new(text.map_err(|_| Error::Shape { expected: "JSON" })?);
        Self::read(&text, MAX_DEPTH)
            .map_err(|_| Error::Shape { expected: "JSON in which no name stands twice" })
    }

    pub(crate) fn to_json(&self) -> String {
        text(self)
    }

    /// Reads a text of which it is known that it is JSON, down to this depth: what is within it is looked at once more
    /// for each array or object that it is in.
    fn read(text: &str, depth: usize) -> serde_json::Result<Self> {
        let inner = |value: &RawValue| match depth.checked_sub(1) {
            Some(depth) => Self::read(value.get(), depth),
            None => Err(de::Error::custom("arrays and objects too deep in one another")),
        };
        let text = text.trim_ascii();
        Ok(match text.as_bytes().first() {
            Some(b'{') => {
                let Members(members) = serde_json::from_str(text)?;
                let mut object = Object::default();
                for (name, value) in members {
                    object.members.push((name, inner(value)?));
                }
                Self::Object(object)
            }
            Some(b'[') => {
                let values: Vec<&RawValue> = serde_json::from_str(text)?;
                Self::Array(values.into_iter().map(inner).collect::<serde_json::Result<_>>()?)
            }
            Some(b'"') => Self::Text(serde_json::from_str(text)?),
            Some(b't' | b'f') => Self::Bool(serde_json::from_str(text)?),
            Some(b'n') => Self::Null,
            _ => Self::Number(Number { literal: text.into() }),
        })
    }
}

/// As deep as claims in a token may be ([`Limits::claims_depth`](jose_core::Limits::claims_depth)).
const MAX_DEPTH: usize = 64;

impl FromStr for Json {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> serde_json::Result<Self> {
        let text: &RawValue = serde_json::from_str(text)?;
        Self::read(text.get(), MAX_DEPTH)
    }
}

/// The text of a value that is still to be read. It is a secret wherever the value is one.
pub(crate) fn raw<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Zeroizing<String>, D::Error> {
    let text: Box<str> = Box::<RawValue>::deserialize(deserializer)?.into();
    Ok(Zeroizing::new(text.into()))
}

impl Zeroize for Json {
    fn zeroize(&mut self) {
        match self {
            Self::Array(values) => values.zeroize(),
            Self::Bool(_) | Self::Null => {}
            Self::Number(number) => number.literal.zeroize(),
            Self::Object(object) => object.wipe(),
            Self::Text(text) => text.zeroize(),
        }
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Array(values) => {
                let mut seq = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    seq.serialize_element(value)?;
                }
                seq.end()
            }
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Null => serializer.serialize_unit(),
            Self::Number(number) => number.serialize(serializer),
            Self::Object(object) => object.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(&raw(deserializer)?, MAX_DEPTH).map_err(de::Error::custom)
    }
}

/// The members of an object, each name once, with the texts of their values.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnObject;
        impl<'de> Visitor<'de> for AnObject {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Members<'de>, M::Error> {
                let mut members: Vec<(String, &RawValue)> = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                // Of two, readers disagree on which one counts.
                let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
                names.sort_unstable();
                names.dedup();
                if names.len() < members.len() {
                    return Err(de::Error::custom("a name that stands twice in an object"));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(AnObject)
    }
}

fn text(value: &impl Serialize) -> String {
    // Text for names and finite numbers: there is nothing that JSON could not hold.
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order_and_numbers_their_kind() {
        let json = r#"{"z":1,"a":{"y":1.0,"b":[true,null,"x",-3]},"m":18446744073709551615}"#;
        let object: Object = serde_json::from_str(json).unwrap();
        assert_eq!(object.to_json(), json);
        assert_eq!(object.names().collect::<Vec<_>>(), ["z", "a", "m"]);
    }

    #[test]
    fn no_digit_of_a_number_is_lost() {
        let json =
            r#"{"a":12345678901234567890123,"b":-0,"c":1.50,"d":1e400,"e":-9223372036854775808}"#;
        assert_eq!(serde_json::from_str::<Object>(json).unwrap().to_json(), json);
    }

    #[test]
    fn numbers_are_the_same_by_their_digits_or_by_what_they_are_worth() {
        let same = |a: &str, b: &str| a.parse::<Json>().unwrap() == b.parse().unwrap();
        for (a, b) in [
            ("1", "1"),
            ("1.5", "1.50"),
            ("1e2", "100.0"),
            ("-0.0", "-0e7"),
            ("1e400", "10E+399"),
            ("1e99999999999999999999", "1e99999999999999999999"),
        ] {
            assert!(same(a, b), "{a} {b}");
        }
        for (a, b) in [
            ("1", "1.0"),
            ("12345678901234567890123", "12345678901234567890124"),
            ("9007199254740993", "9007199254740992.0"),
            ("1e400", "1e401"),
            ("0.1", "0.10000000000000000001"),
            ("1e-400", "2e-400"),
            ("1e-400", "0.0"),
            ("1.5", "-1.5"),
            ("15.0", "1.5"),
        ] {
            assert!(!same(a, b), "{a} {b}");
        }
    }

    #[test]
    fn an_object_is_no_number_whatever_its_member_is_called() {
        let json = r#"{"$serde_json::private::Number":"42"}"#;
        assert_eq!(json.parse::<Json>().unwrap().to_json(), json);
        assert!(json.parse::<Json>().unwrap() != "42".parse().unwrap());
    }

    #[test]
    fn values_are_read_to_a_depth_of_64_and_not_below() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(nested(65).parse::<Json>().is_ok());
        for depth in [66, 100_000] {
            assert!(nested(depth).parse::<Json>().is_err(), "{depth}");
        }
    }

    #[test]
    fn a_name_that_stands_twice_is_refused_at_any_depth() {
        for json in [r#"{"a":1,"a":1}"#, r#"{"b":[{"a":1,"\u0061":2}]}"#] {
            assert!(serde_json::from_str::<Object>(json).is_err(), "{json}");
        }
        assert!(serde_json::from_str::<Object>("[]").is_err());
    }
}
