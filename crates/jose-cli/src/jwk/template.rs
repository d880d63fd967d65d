//! Templates of keys, as latchset's program takes them.

use std::str::FromStr;

use jose::jwk::KeyUse;
use serde_json::Value;

use super::generate::{self, Wanted};
use crate::failure::{Failure, Stage};
use crate::source::Source;

/// Longest template in octets.
const MAX: usize = 64 * 1024;

/// A template, or where it is. It has no secret, so that it may be an argument.
#[derive(Clone, Debug)]
pub(super) enum Template {
    Here(String),
    There(Source),
}

impl FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim_start().starts_with('{') {
            Ok(Self::Here(text.to_owned()))
        } else {
            text.parse().map(Self::There)
        }
    }
}

impl Template {
    pub(super) fn read(&self) -> Result<Wanted, Failure> {
        match self {
            Self::Here(text) => parse(text.as_bytes()).map_err(Failure::usage),
            Self::There(source) => {
                let octets = source.read(MAX)?;
                parse(octets.expose_secret()).map_err(|message| {
                    Failure::new(Stage::Malformed, "ERR_JWK_INVALID", message).of(source)
                })
            }
        }
    }
}

/// What is understood is done exactly, and what is not is refused by its name.
fn parse(json: &[u8]) -> Result<Wanted, String> {
    let Ok(Value::Object(members)) = serde_json::from_slice(json) else {
        return Err("a template is a JSON object, of one key".to_owned());
    };
    let mut wanted = Wanted::default();
    for (name, value) in &members {
        let text = || value.as_str().map(ToOwned::to_owned).ok_or(format!("`{name}` is a text"));
        let number = || {
            let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
            number.ok_or(format!("`{name}` is a number"))
        };
        match name.as_str() {
            "alg" => {
                let alg = generate::alg(&text()?).map_err(|error| format!("`alg`: {error}"))?;
                wanted.alg = Some(alg);
            }
            "bits" => wanted.rsa_bits = Some(number()?),
            "bytes" => wanted.oct_bits = Some(number()?.saturating_mul(8)),
            "crv" => wanted.crv = Some(text()?),
            "key_ops" => {
                let ops: Option<Vec<String>> = value.as_array().and_then(|ops| {
                    ops.iter().map(|op| op.as_str().map(ToOwned::to_owned)).collect()
                });
                wanted.key_ops = Some(ops.ok_or("`key_ops` is a list of texts")?);
            }
            "kid" => wanted.kid = Some(text()?),
            "kty" => wanted.kty = Some(text()?),
            "use" => {
                wanted.key_use = Some(match value.as_str() {
                    Some("sig") => KeyUse::Sig,
                    Some("enc") => KeyUse::Enc,
                    _ => return Err("`use` is `sig` or `enc`".to_owned()),
                });
            }
            "d" | "dp" | "dq" | "k" | "oth" | "p" | "priv" | "q" | "qi" => {
                return Err(format!("`{name}` is a secret, and a template has none"));
            }
            "keys" => return Err("a template is of one key, and not of a set".to_owned()),
            _ => return Err(format!("{name:?} is not understood in a template")),
        }
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_octets_is_one_of_bits() {
        let wanted = parse(br#"{"kty":"oct","bytes":32}"#).unwrap();
        assert_eq!(wanted.oct_bits, Some(256));
    }

    #[test]
    fn a_member_that_is_not_understood_is_named() {
        for (json, named) in [
            (r#"{"alg":"HS256","k":"AA"}"#, "`k` is a secret"),
            (r#"{"kty":"EC","crv":"P-256","d":"AA"}"#, "`d` is a secret"),
            (r#"{"alg":"HS256","x5u":"https://a"}"#, "\"x5u\""),
            (r#"{"keys":[]}"#, "not of a set"),
            (r#"{"use":"tls"}"#, "`use`"),
            (r#"{"bits":"2048"}"#, "`bits`"),
            ("[]", "JSON object"),
        ] {
            assert!(parse(json.as_bytes()).unwrap_err().contains(named), "{json}");
        }
    }
}
