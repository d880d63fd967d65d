//! Telling what a file holds. For tools that are handed a file on purpose, never for a token.

use alloc::vec::Vec;

use der::Decode;
use pkcs1::{RsaPrivateKeyRef, RsaPublicKeyRef};
use pkcs8::PrivateKeyInfoRef;
use sec1::EcPrivateKey;
use spki::SubjectPublicKeyInfoRef;
use x509_cert::Certificate;

use super::encrypted::EncryptedPrivateKeyInfo;
use super::{Format, Found, ImportError, encrypted, pem, within_limit};
use crate::crypto::Backend;
use crate::error::{KeyError, Rule, Subject};
use crate::json;
use crate::jwa::Alg;
use crate::jwe::Password;
use crate::jwk::{Jwk, JwkSet};
use crate::limits::Limits;

/// How a file was encoded.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Encoding {
    /// Distinguished Encoding Rules (X.690).
    Der,
    /// JSON (RFC 8259).
    Json,
    /// Textual encoding (RFC 7468).
    Pem,
}

/// The keys of a file, and what it was.
#[derive(Clone, Debug)]
pub struct Imported {
    format: Format,
    encoding: Encoding,
    keys: JwkSet,
}

impl Imported {
    /// Tells what a file holds by reading it as each format in full, and gives its keys, checked by
    /// `backend` as by [`Jwk::check_consistency`]. `password` is for encrypted PKCS#8, of which there may
    /// be one.
    ///
    /// It never makes a shared key out of text: `oct` keys come from a JWK or a JWK Set alone. PEM may
    /// hold several keys; one private key and certificates of it make one key with an `x5c`.
    ///
    /// A program that knows what it reads calls the function of that name, and one that verifies or
    /// decrypts never calls this one: what a stranger may choose the format of is not a key.
    ///
    /// # Errors
    ///
    /// [`ImportError`] for what is none of the formats, and as the function of the format.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let backend = jose_rustcrypto::BACKEND;
    /// use jose_core::{Alg, Jwk, jwk::Imported};
    ///
    /// let file = Jwk::generate(Alg::ES256K, backend)?.to_sec1_pem()?;
    /// let imported = Imported::read(file.expose_secret(), None, backend)?;
    /// let error = imported.into_jwk_for(Alg::ES256).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "SEC1 key on secp256k1: ES256 wants a key on P-256, this one is on `secp256k1`",
    /// );
    /// # Ok(()) }
    /// ```
    pub fn read(
        octets: &[u8],
        password: Option<&Password>,
        backend: &dyn Backend,
    ) -> Result<Self, ImportError> {
        within_limit(octets.len()).map_err(|rule| ImportError::Parse(rule.of(Subject::Keys)))?;
        if let Some(format) = detect(octets) {
            let jwk = read_der(format, octets, password, backend)?;
            let keys = [jwk].into_iter().collect();
            return Ok(Self { format, encoding: Encoding::Der, keys });
        }
        let text = json::text(octets).map_err(|_| unknown())?;
        if text.trim_start().starts_with('{') {
            read_json(text, backend)
        } else {
            read_pem(text, password, backend)
        }
    }

    /// What the file was; for PEM with several blocks, the first that holds a key.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// How it was encoded.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The keys, in order, and of a JWK Set what was left out.
    #[must_use]
    pub const fn keys(&self) -> &JwkSet {
        &self.keys
    }

    /// The keys, in order, and of a JWK Set what was left out.
    #[must_use]
    pub fn into_keys(self) -> JwkSet {
        self.keys
    }

    /// The one key of the file.
    ///
    /// # Errors
    ///
    /// [`Rule::TooMany`] if there are several, [`Rule::Missing`] if there is none.
    pub fn into_jwk(self) -> Result<Jwk, ImportError> {
        let mut keys = self.keys.into_iter();
        match (keys.next(), keys.next()) {
            (Some(jwk), None) => Ok(jwk),
            (None, _) => Err(self.format.malformed(Rule::Missing { member: "keys" })),
            (Some(_), Some(_)) => Err(self.format.malformed(Rule::TooMany { limit: 1 })),
        }
    }

    /// The one key of the file, bound to `alg`, which it has to fit.
    ///
    /// # Errors
    ///
    /// As [`into_jwk`](Self::into_jwk) and [`Jwk::check_for`]: the error tells what was found.
    pub fn into_jwk_for(self, alg: impl Into<Alg>) -> Result<Jwk, ImportError> {
        let (format, alg) = (self.format, alg.into());
        let jwk = self.into_jwk()?;
        let found = Found::of(format, &jwk);
        let bound = jwk.check_for(alg).and_then(|()| jwk.with_alg(alg));
        bound.map_err(|error| ImportError::Key { found, error })
    }
}

/// The format of `der`, if it is one: of each, the structure is unlike all others.
pub(super) fn detect(der: &[u8]) -> Option<Format> {
    fn is<'a, T: Decode<'a>>(der: &'a [u8]) -> bool {
        T::from_der(der).is_ok()
    }
    let formats: [(Format, bool); 7] = [
        (Format::Pkcs8, is::<PrivateKeyInfoRef<'_>>(der)),
        (Format::EncryptedPkcs8, is::<EncryptedPrivateKeyInfo<'_>>(der)),
        (Format::Spki, is::<SubjectPublicKeyInfoRef<'_>>(der)),
        (Format::Pkcs1, is::<RsaPrivateKeyRef<'_>>(der)),
        (Format::Pkcs1, is::<RsaPublicKeyRef<'_>>(der)),
        (Format::Sec1, is::<EcPrivateKey<'_>>(der)),
        (Format::X509, is::<Certificate>(der)),
    ];
    formats.into_iter().find(|(_, is)| *is).map(|(format, _)| format)
}

fn read_der(
    format: Format,
    der: &[u8],
    password: Option<&Password>,
    backend: &dyn Backend,
) -> Result<Jwk, ImportError> {
    match format {
        Format::EncryptedPkcs8 => match password {
            Some(password) => Jwk::from_encrypted_pkcs8_der(der, password, backend),
            None => Err(ImportError::Key {
                found: Found { format, kind: None },
                error: KeyError::MissingPassword,
            }),
        },
        Format::Pkcs1 => Jwk::from_pkcs1_der(der, backend),
        Format::Pkcs8 => Jwk::from_pkcs8_der(der, backend),
        Format::Sec1 => Jwk::from_sec1_der(der, backend),
        Format::Spki => Jwk::from_spki_der(der, backend),
        Format::X509 => Jwk::from_x509_der(der, backend),
        Format::Jwk | Format::JwkSet => Err(unknown()),
    }
}

fn read_json(text: &str, backend: &dyn Backend) -> Result<Imported, ImportError> {
    let encoding = Encoding::Json;
    let imported = match (Jwk::from_json(text), JwkSet::from_json(text)) {
        (Ok(jwk), Err(_)) => {
            let keys = [jwk].into_iter().collect();
            Ok(Imported { format: Format::Jwk, encoding, keys })
        }
        (Err(_), Ok(keys)) => Ok(Imported { format: Format::JwkSet, encoding, keys }),
        (Ok(_), Ok(_)) => {
            let rule = Rule::Exclusive { member: "kty", other: "keys" };
            Err(ImportError::Parse(rule.of(Subject::Keys)))
        }
        // Without `keys` it was meant to be one key.
        (Err(jwk), Err(set)) if set.rule() == (Rule::Missing { member: "keys" }) => {
            Err(ImportError::Parse(jwk))
        }
        (Err(_), Err(set)) => Err(ImportError::Parse(set)),
    }?;
    for jwk in &imported.keys {
        match jwk.check_consistency(backend) {
            // Of a type that the backend lacks, or nobody here knows, it cannot be told.
            Ok(()) | Err(KeyError::Unsupported { .. }) => {}
            Err(error) => {
                let found = Found::of(imported.format, jwk);
                return Err(ImportError::Key { found, error });
            }
        }
    }
    Ok(imported)
}

fn read_pem(
    text: &str,
    password: Option<&Password>,
    backend: &dyn Backend,
) -> Result<Imported, ImportError> {
    let (mut keys, mut chain) = (Vec::new(), Vec::new());
    let malformed = |rule: Rule| ImportError::Parse(rule.of(Subject::Keys));
    let blocks = pem::blocks(text).map_err(malformed)?;
    let limit = Limits::DEFAULT.jwk_set_keys;
    if blocks.len() > limit {
        return Err(malformed(Rule::TooMany { limit }));
    }
    // The work for a password is bounded for each, and so has to be their number.
    let is_encrypted = |block: &&pem::Block<'_>| block.label == encrypted::LABEL;
    if blocks.iter().filter(is_encrypted).count() > 1 {
        return Err(Format::EncryptedPkcs8.malformed(Rule::TooMany { limit: 1 }));
    }
    for block in blocks {
        let format = match pem::format_of(block.label) {
            Some(format) => format,
            // To go on without a key would give another than was meant.
            None if block.label.contains("KEY") => return Err(unknown()),
            None => continue,
        };
        let der = block.decode().map_err(|rule| format.malformed(rule))?;
        if format == Format::X509 {
            chain.push(der.expose_secret().into());
        } else {
            let jwk = read_der(format, der.expose_secret(), password, backend)?;
            keys.push((format, jwk));
        }
    }
    let encoding = Encoding::Pem;
    let format = keys.first().map_or(Format::X509, |(format, _)| *format);
    let mut keys: Vec<Jwk> = keys.into_iter().map(|(_, jwk)| jwk).collect();
    if !chain.is_empty() {
        let jwk = match (keys.pop(), keys.is_empty()) {
            (None, _) => Jwk::from_chain(chain, backend)?,
            (Some(jwk), true) => jwk.with_x5c(chain, backend)?,
            // Whose certificates they are, only their owner knows.
            (Some(_), false) => return Err(format.malformed(Rule::TooMany { limit: 1 })),
        };
        keys.push(jwk);
    }
    if keys.is_empty() {
        return Err(unknown());
    }
    Ok(Imported { format, encoding, keys: JwkSet::new(keys) })
}

const fn unknown() -> ImportError {
    ImportError::Parse(Rule::UnknownFormat.of(Subject::Keys))
}
