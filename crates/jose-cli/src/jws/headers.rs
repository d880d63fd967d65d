//! The headers of signatures, as they came.

use jose::base64url;
use jose::jws::Serialization;
use serde::Deserialize;
use serde_json::{Map, Value};

pub(crate) const fn name(format: Serialization) -> &'static str {
    match format {
        Serialization::Flattened => "flattened",
        Serialization::General => "general",
        _ => "compact",
    }
}

/// The headers of one signature, of which nothing is verified.
#[derive(Clone, Debug, Default)]
pub(crate) struct Headers {
    pub(crate) protected: Option<Value>,
    pub(crate) unprotected: Option<Value>,
}

impl Headers {
    /// The headers of each signature of a token that was found to be well-formed.
    pub(crate) fn all(text: &str, format: Serialization) -> Vec<Self> {
        if format == Serialization::Compact {
            return vec![Self {
                protected: text.split('.').next().and_then(decode),
                unprotected: None,
            }];
        }
        let Ok(json) = serde_json::from_str::<Json>(text) else { return Vec::new() };
        let headers = |entry: Entry| Self {
            protected: entry.protected.as_deref().and_then(decode),
            unprotected: entry.header,
        };
        match json.signatures {
            Some(signatures) => signatures.into_iter().map(headers).collect(),
            None => {
                vec![headers(Entry { protected: json.protected, header: json.header })]
            }
        }
    }

    /// A parameter, from wherever it is.
    pub(crate) fn get(&self, name: &str) -> Value {
        let headers = [&self.protected, &self.unprotected];
        let found = headers.into_iter().flatten().find_map(|header| header.get(name));
        found.cloned().unwrap_or_default()
    }

    /// What a report tells of a signature.
    pub(crate) fn report(&self, index: usize, verified: bool) -> Map<String, Value> {
        let header = self.protected.clone().unwrap_or_default();
        let members = [
            ("index", index.into()),
            ("verified", verified.into()),
            ("alg", self.get("alg")),
            ("kid", self.get("kid")),
            ("header", header),
        ];
        let unprotected = self.unprotected.clone().map(|header| ("unprotected", header));
        let members = members.into_iter().chain(unprotected);
        members.map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// What is wanted of a token: the rest, which may be very much, is read over.
#[derive(Deserialize)]
struct Json {
    header: Option<Value>,
    protected: Option<String>,
    signatures: Option<Vec<Entry>>,
}

#[derive(Deserialize)]
struct Entry {
    header: Option<Value>,
    protected: Option<String>,
}

fn decode(segment: &str) -> Option<Value> {
    serde_json::from_slice(&base64url::decode(segment.as_bytes()).ok()?).ok()
}
