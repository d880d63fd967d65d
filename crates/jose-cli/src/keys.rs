//! Keys from files, in whichever format.

use jose::crypto::Backend;
use jose::jwk::{Format, Imported, Params};
use jose::{Jwk, JwkSet, Limits, SecretBytes};

use crate::failure::{Failure, Stage};
use crate::password::PasswordArgs;
use crate::source::Source;

/// What a file held.
pub(crate) struct Found {
    pub(crate) format: Format,
    pub(crate) keys: JwkSet,
}

/// Reads one file, and asks for a password if it needs one.
pub(crate) fn read(
    source: &Source,
    password: &PasswordArgs,
    backend: &'static dyn Backend,
) -> Result<Found, Failure> {
    understand(&source.read(Limits::DEFAULT.jwk_set)?, source, password, backend)
}

fn understand(
    octets: &SecretBytes,
    source: &Source,
    password: &PasswordArgs,
    backend: &'static dyn Backend,
) -> Result<Found, Failure> {
    let octets = octets.expose_secret();
    if let Some(token) = compact_jwe(octets) {
        let password = password.to_read(&source.to_string())?;
        return decrypt(token, &password, backend).map_err(|failure| failure.of(source));
    }
    let mut imported = Imported::read(octets, password.given()?.as_ref(), backend);
    if let Err(error) = &imported
        && error.code() == "ERR_JWK_PASSWORD"
        && password.given()?.is_none()
    {
        let password = password.to_read(&source.to_string())?;
        imported = Imported::read(octets, Some(&password), backend);
    }
    let imported = imported.map_err(|error| Failure::from(error).of(source))?;
    Ok(Found { format: imported.format(), keys: imported.into_keys() })
}

/// As [`read`], but a JWK and a JWK Set are taken as they are: for telling what is wrong with them.
pub(crate) fn read_unchecked(
    source: &Source,
    password: &PasswordArgs,
    backend: &'static dyn Backend,
) -> Result<Found, Failure> {
    let octets = source.read(Limits::DEFAULT.jwk_set)?;
    let json = octets.expose_secret();
    match (Jwk::from_json(json), JwkSet::from_json(json)) {
        (Ok(jwk), Err(_)) => Ok(Found { format: Format::Jwk, keys: JwkSet::new([jwk]) }),
        (Err(_), Ok(keys)) => Ok(Found { format: Format::JwkSet, keys }),
        _ => understand(&octets, source, password, backend),
    }
}

/// The one key of a file.
pub(crate) fn one(
    source: &Source,
    password: &PasswordArgs,
    backend: &'static dyn Backend,
) -> Result<(Format, Jwk), Failure> {
    let found = read(source, password, backend)?;
    let mut keys = found.keys.into_iter();
    match (keys.next(), keys.next()) {
        (Some(jwk), None) => Ok((found.format, jwk)),
        (None, _) => {
            Err(Failure::new(Stage::Key, "ERR_JWK_KEY_NOT_FOUND", "no key in it").of(source))
        }
        (Some(_), Some(_)) => {
            Err(Failure::new(Stage::Key, "ERR_JWK_INVALID", "more than one key in it").of(source))
        }
    }
}

/// The curve of a key, of a type that has them.
pub(crate) fn crv(jwk: &Jwk) -> Option<&str> {
    match jwk.params() {
        Params::Ec(ec) => Some(ec.crv().name()),
        Params::Okp(okp) => Some(okp.crv().name()),
        Params::Unknown(other) => other.crv(),
        _ => None,
    }
}

/// A JWK or a JWK Set under a password (RFC 7517 §7) is a JWE, whose five segments no other format has.
fn compact_jwe(octets: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(octets).ok()?.trim_ascii();
    let segment = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.');
    (text.starts_with("eyJ") && text.bytes().all(segment) && text.split('.').count() == 5)
        .then_some(text)
}

fn decrypt(
    token: &str,
    password: &jose::Password,
    backend: &'static dyn Backend,
) -> Result<Found, Failure> {
    use jose::jwa::KeyManagementAlgorithm as K;
    let algs = [K::PBES2_HS256_A128KW, K::PBES2_HS384_A192KW, K::PBES2_HS512_A256KW];
    let keys: Result<jose::DecryptionKeys, _> = algs
        .into_iter()
        .map(|alg| jose::DecryptionKey::from_password(alg, password, backend))
        .collect();
    let keys = keys?;
    let failed = |error: jose::jwe::Error| {
        let stage = match error {
            jose::jwe::Error::Parse(_) => Stage::Malformed,
            _ => Stage::Refused,
        };
        Failure::new(stage, error.code(), error)
    };
    match Jwk::decrypt(token, &keys) {
        Ok(jwk) => Ok(Found { format: Format::Jwk, keys: JwkSet::new([jwk]) }),
        Err(jose::jwe::Error::Parse(_)) => JwkSet::decrypt(token, &keys)
            .map(|keys| Found { format: Format::JwkSet, keys })
            .map_err(failed),
        Err(error) => Err(failed(error)),
    }
}
