//! What is given for a `key`.

use core::fmt;
use core::str::FromStr;

use base64ct::{Base64, Encoding as _};
use jose_core::crypto::KeyError;
use jose_core::error::ParseError;
use jose_core::jwa::Alg;
use jose_core::{Jwk, SecretBytes};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::json::raw;
use crate::{Error, Format};

/// The `key` of a statement: a JWK, in one of the forms in which Xano gives one.
///
/// It is read of a JSON object, of the text of one, and of that text in base64, which are the two values of
/// [`Format`]. Any other text is no key; it is read all the same, and refused where it is used, so that a statement
/// tells by a code what is wrong with it.
///
/// A private key is also taken where the public one is needed, because there one object is both.
#[derive(Clone)]
pub struct Key {
    jwk: Result<Jwk, Unusable>,
}

/// Why what was given is no key.
#[derive(Clone, Debug)]
enum Unusable {
    Malformed(ParseError),
    Text,
}

impl Key {
    /// The key, if it is one.
    ///
    /// # Errors
    ///
    /// [`Error::TextKey`] for text that is no JWK, [`Error::Jwk`] for an object that is none.
    pub fn jwk(&self) -> Result<&Jwk, Error> {
        self.jwk.as_ref().map_err(|unusable| match unusable {
            Unusable::Malformed(error) => Error::Jwk(*error),
            Unusable::Text => Error::TextKey,
        })
    }

    /// The key bound to the algorithm that `parameter` names, and without a name: where one key is given, no `kid` of
    /// a token selects.
    pub(crate) fn bound(&self, parameter: &'static str, alg: impl Into<Alg>) -> Result<Jwk, Error> {
        self.jwk()?.clone().without_kid().with_alg(alg).map_err(|error| match error {
            KeyError::Algorithm { expected, actual } => {
                Error::Algorithm { parameter, expected, actual }
            }
            other => other.into(),
        })
    }

    /// As [`bound`](Self::bound), the public half of a key pair.
    pub(crate) fn bound_public(
        &self,
        parameter: &'static str,
        alg: impl Into<Alg>,
    ) -> Result<Jwk, Error> {
        let jwk = self.bound(parameter, alg)?;
        if !jwk.is_private() || jwk.kty() == "oct" {
            return Ok(jwk);
        }
        Ok(jwk.to_public()?)
    }

    fn read(text: &str) -> Self {
        let text = text.trim();
        if text.starts_with('{') {
            return Self { jwk: Jwk::from_json(text).map_err(Unusable::Malformed) };
        }
        let decoded = Base64::decode_vec(text).map(Zeroizing::new);
        // Octets in base64 may be anything: only the text of an object is a key.
        let jwk = match decoded {
            Ok(json) if json.starts_with(b"{") => {
                Jwk::from_json(&json[..]).map_err(Unusable::Malformed)
            }
            _ => Err(Unusable::Text),
        };
        Self { jwk }
    }
}

impl From<Jwk> for Key {
    fn from(jwk: Jwk) -> Self {
        Self { jwk: Ok(jwk) }
    }
}

impl FromStr for Key {
    type Err = Error;

    /// Reads the text of a JWK, or that text in base64.
    fn from_str(text: &str) -> Result<Self, Error> {
        let key = Self::read(text);
        key.jwk()?;
        Ok(key)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A `Jwk` shows no secret either.
        f.debug_tuple("Key").field(&self.jwk).finish()
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = raw(deserializer)?;
        if json.starts_with('"') {
            let text: String = serde_json::from_str(&json).map_err(serde::de::Error::custom)?;
            return Ok(Self::read(&Zeroizing::new(text)));
        }
        Ok(Self { jwk: Jwk::from_json(json.as_bytes()).map_err(Unusable::Malformed) })
    }
}

/// A JWK in the form that `format` says, as JSON text or in base64.
pub(crate) fn expose(jwk: &Jwk, format: Format) -> SecretBytes {
    let json = jwk.expose_secret_json();
    match format {
        Format::Object => json,
        Format::Base64 => SecretBytes::new(Base64::encode_string(json.expose_secret()).into()),
    }
}
