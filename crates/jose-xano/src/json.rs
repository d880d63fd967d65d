//! JSON that keeps the order of its members, which `serde_json` does only under a feature that any crate of a build
//! can switch on.

use core::fmt;

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Number;
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

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnObject;
        impl<'de> Visitor<'de> for AnObject {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Object, M::Error> {
                read(map)
            }
        }
        deserializer.deserialize_map(AnObject)
    }
}

impl Json {
    pub(crate) fn new(value: &impl Serialize) -> Result<Self, Error> {
        let text = serde_json::to_string(value);
        let text = Zeroizing::new(text.map_err(|_| Error::Shape { expected: "JSON" })?);
        serde_json::from_str(&text)
            .map_err(|_| Error::Shape { expected: "JSON in which no name stands twice" })
    }

    pub(crate) fn to_json(&self) -> String {
        text(self)
    }
}

/// Wipes what is text in it: nothing else is long enough to be secret.
impl Zeroize for Json {
    fn zeroize(&mut self) {
        match self {
            Self::Array(values) => values.zeroize(),
            Self::Object(object) => {
                object.members.iter_mut().for_each(|(_, value)| value.zeroize());
            }
            Self::Text(text) => text.zeroize(),
            Self::Bool(_) | Self::Null | Self::Number(_) => {}
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
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Json;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Json, E> {
                Ok(Json::Bool(value))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Json, E> {
                Ok(Json::Number(value.into()))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Json, E> {
                Ok(Json::Number(value.into()))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Json, E> {
                let number = Number::from_f64(value);
                number.map(Json::Number).ok_or_else(|| E::custom("a number that is not finite"))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Json, E> {
                Ok(Json::Text(text.into()))
            }

            fn visit_string<E: de::Error>(self, text: String) -> Result<Json, E> {
                Ok(Json::Text(text))
            }

            fn visit_unit<E: de::Error>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }

            fn visit_none<E: de::Error>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element()? {
                    values.push(value);
                }
                Ok(Json::Array(values))
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Json, M::Error> {
                let object = read(map)?;
                // So come numbers that are no plain integers where any crate of the build has switched on serde_json's
                // `arbitrary_precision`.
                match object.members.as_slice() {
                    [(name, Json::Text(text))] if name == "$serde_json::private::Number" => {
                        text.parse().map(Json::Number).map_err(|_| de::Error::custom("no number"))
                    }
                    _ => Ok(Json::Object(object)),
                }
            }
        }
        deserializer.deserialize_any(Any)
    }
}

fn read<'de, M: MapAccess<'de>>(mut map: M) -> Result<Object, M::Error> {
    let mut members: Vec<(String, Json)> = Vec::new();
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
    Ok(Object { members })
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
    fn a_name_that_stands_twice_is_refused_at_any_depth() {
        for json in [r#"{"a":1,"a":1}"#, r#"{"b":[{"a":1,"\u0061":2}]}"#] {
            assert!(serde_json::from_str::<Object>(json).is_err(), "{json}");
        }
        assert!(serde_json::from_str::<Object>("[]").is_err());
    }
}
