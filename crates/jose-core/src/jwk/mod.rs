//! JSON Web Keys (RFC 7517).
//!
//! ```
//! use jose_core::Jwk;
//!
//! let jwk: Jwk = r#"{"kty":"oct","alg":"HS256","kid":"2026-11","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#.parse()?;
//! assert_eq!(jwk.kid(), Some("2026-11"));
//! assert!(jwk.is_private());
//! assert!(!format!("{jwk:?}").contains("AyM1"));
//! # Ok::<(), jose_core::error::ParseError>(())
//! ```
//!
//! | to | see |
//! |---|---|
//! | make a key | [`Jwk::generate`], [`Jwk::generate_oct`], [`Generator`] |
//! | read one, and write it | [`Jwk::from_json`], [`Jwk::expose_secret_json`], [`Jwk::to_public_json`] |
//! | the same in PEM and DER | [`Jwk::from_pkcs8_pem`] and its like; [`Imported`] if the format is not known |
//! | read and search a set | [`JwkSet`] |
//! | check a key | [`Jwk::check_for`], [`Jwk::check_structure`], [`Jwk::check_consistency`], [`lint`] |
//! | encrypt a key | [`Jwk::encrypt`], [`Jwk::to_encrypted_pkcs8_pem`] |
//! | agree on a key | [`Jwk::derive_shared_secret`] |
//!
//! To use a key, make a [`SigningKey`](crate::jws::SigningKey), a
//! [`VerifyingKey`](crate::jws::VerifyingKey), an [`EncryptionKey`](crate::jwe::EncryptionKey) or a
//! [`DecryptionKey`](crate::jwe::DecryptionKey) of it, once.

mod agree;
mod akp;
mod complete;
mod der;
mod ec;
mod encrypted;
mod generate;
pub mod lint;

mod oct;
mod okp;
mod params;
mod rsa;
mod set;
mod thumbprint;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use serde::Serialize;
use zeroize::Zeroizing;

pub use self::akp::{Akp, AkpAlgorithm};
pub use self::der::{Encoding, Format, Found, ImportError, Imported, PasswordEncryption};
pub use self::ec::{Ec, EcCurve};
pub use self::generate::Generator;
pub use self::oct::Oct;
pub use self::okp::{Okp, OkpCurve};
pub use self::params::{Params, Unknown};
pub use self::rsa::{Rsa, RsaCrt, RsaPrivate};
pub use self::set::{JwkSet, SkippedJwk};
use crate::SecretBytes;
use crate::error::{KeyError, ParseError, Rule, Subject, excerpt};
use crate::json::{self, Object};
use crate::jwa::{Alg, SignatureAlgorithm};
use crate::limits::{Limits, MAX_KEY_OPS};
use crate::member::{self, Writer};

/// A JSON Web Key, public or private (RFC 7517 §4).
///
/// Parsing checks what can be told without arithmetic: that the members its type needs are there,
/// of the right type and exact length. `Debug` never shows key material, and no conversion writes
/// the private members by accident: [`to_public_json`](Self::to_public_json) writes the public
/// half, [`expose_secret_json`](Self::expose_secret_json) everything.
#[derive(Clone, Eq, PartialEq)]
pub struct Jwk {
    params: Params,
    alg: Option<String>,
    kid: Option<String>,
    key_use: Option<KeyUse>,
    key_ops: Option<Vec<String>>,
    x5u: Option<String>,
    x5c: Option<Vec<Vec<u8>>>,
    x5t: Option<Vec<u8>>,
    x5t_s256: Option<Vec<u8>>,
    /// Members with no meaning here. They may be secret all the same.
    other: Vec<(String, Zeroizing<String>)>,
}

/// The `use` of a key (RFC 7517 §4.2).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeyUse {
    /// `enc`: encryption.
    Enc,
    /// Another, registered elsewhere or private.
    Other(String),
    /// `sig`: signatures and MACs.
    Sig,
}

impl KeyUse {
    /// The value as it stands in `use`.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Enc => "enc",
            Self::Other(name) => name,
            Self::Sig => "sig",
        }
    }
}

/// Names of members that are private in some key type: never in what is published, whatever `kty`
/// stands beside them.
const PRIVATE_MEMBERS: [&str; 9] = ["d", "dp", "dq", "k", "oth", "p", "priv", "q", "qi"];

/// Members that a field of [`Jwk`] holds, whatever the key type.
const COMMON_MEMBERS: [&str; 9] =
    ["alg", "key_ops", "kid", "kty", "use", "x5c", "x5t", "x5t#S256", "x5u"];

/// Members that some key type has, and that are public in it.
const PUBLIC_MEMBERS: [&str; 6] = ["crv", "e", "n", "pub", "x", "y"];

impl Jwk {
    /// A key of these parameters, without a name and bound to nothing.
    #[must_use]
    pub const fn new(params: Params) -> Self {
        Self {
            params,
            alg: None,
            kid: None,
            key_use: None,
            key_ops: None,
            x5u: None,
            x5c: None,
            x5t: None,
            x5t_s256: None,
            other: Vec::new(),
        }
    }

    /// A symmetric key of exactly these octets.
    ///
    /// They are taken as they are: no text is looked at for being a PEM file, base64 or a JWK.
    ///
    /// # Errors
    ///
    /// [`ParseError`] for no octets at all.
    pub fn from_secret_octets(octets: impl Into<SecretBytes>) -> Result<Self, ParseError> {
        let oct = Oct::new(octets.into()).map_err(|rule| rule.of(Subject::Jwk))?;
        Ok(Self::new(Params::Oct(oct)))
    }

    /// Reads a key from the octets of a JSON object.
    ///
    /// # Errors
    ///
    /// [`ParseError`] for what is not a JSON object with the members its `kty` needs, each of the
    /// right type and length; for a repeated member; and for more than the default
    /// [`Limits`] allow. A `kty`, `crv` or AKP `alg` that is not known here is no error.
    pub fn from_json(octets: impl AsRef<[u8]>) -> Result<Self, ParseError> {
        let octets = octets.as_ref();
        Self::read(octets, &Limits::DEFAULT).map_err(|rule| rule.of(Subject::Jwk))
    }

    fn read(octets: &[u8], limits: &Limits) -> Result<Self, Rule> {
        if octets.len() > limits.jwk_set {
            return Err(Rule::TooLong { limit: limits.jwk_set });
        }
        Self::from_object(&Object::parse(json::text(octets)?, limits.header_depth)?)
    }

    pub(crate) fn from_object<S: AsRef<str>>(object: &Object<S>) -> Result<Self, Rule> {
        let params = Params::parse(object)?;
        let known: Vec<&str> = match &params {
            Params::Unknown(_) => Vec::new(),
            params => params.members().into_iter().map(|(name, _)| name).collect(),
        };
        let other = object
            .members()
            .filter(|(name, _)| !COMMON_MEMBERS.contains(name) && !known.contains(name))
            .map(|(name, json)| (name.into(), Zeroizing::new(String::from(json))))
            .collect();
        Ok(Self {
            params,
            alg: object.read("alg", member::text)?,
            kid: object.read("kid", member::text)?,
            key_use: object.read("use", member::text)?.map(|name| match name.as_str() {
                "enc" => KeyUse::Enc,
                "sig" => KeyUse::Sig,
                _ => KeyUse::Other(name),
            }),
            key_ops: object.read("key_ops", |_, json| key_ops(json))?,
            x5u: object.read("x5u", member::text)?,
            x5c: object.read("x5c", |_, json| member::certificates(json))?,
            x5t: object.read("x5t", |name, json| member::digest(name, json, 20))?,
            x5t_s256: object.read("x5t#S256", |name, json| member::digest(name, json, 32))?,
            other,
        })
    }

    /// The parameters of its type.
    #[must_use]
    pub const fn params(&self) -> &Params {
        &self.params
    }

    /// The key type.
    #[must_use]
    pub fn kty(&self) -> &str {
        self.params.kty()
    }

    /// The algorithm it is bound to (RFC 7517 §4.4), as it stands in the key: the name may be
    /// unknown here.
    #[must_use]
    pub fn alg(&self) -> Option<&str> {
        match &self.params {
            Params::Akp(akp) => Some(akp.alg().name()),
            _ => self.alg.as_deref(),
        }
    }

    /// Its name (RFC 7517 §4.5).
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Its `use` (RFC 7517 §4.2).
    #[must_use]
    pub const fn key_use(&self) -> Option<&KeyUse> {
        self.key_use.as_ref()
    }

    /// Its `key_ops` (RFC 7517 §4.3).
    #[must_use]
    pub fn key_ops(&self) -> Option<&[String]> {
        self.key_ops.as_deref()
    }

    /// Its `x5u` (RFC 7517 §4.6). Nothing in this crate follows it.
    #[must_use]
    pub fn x5u(&self) -> Option<&str> {
        self.x5u.as_deref()
    }

    /// Its certificates in DER, the key's own first (RFC 7517 §4.7). Not checked against the key.
    #[must_use]
    pub fn x5c(&self) -> Option<&[Vec<u8>]> {
        self.x5c.as_deref()
    }

    /// The SHA-1 digest of its certificate, 20 octets (RFC 7517 §4.8).
    #[must_use]
    pub fn x5t(&self) -> Option<&[u8]> {
        self.x5t.as_deref()
    }

    /// The SHA-256 digest of its certificate, 32 octets (RFC 7517 §4.9).
    #[must_use]
    pub fn x5t_s256(&self) -> Option<&[u8]> {
        self.x5t_s256.as_deref()
    }

    /// Members with no meaning here, in order: name and value as the JSON text it came in.
    ///
    /// For a key of unknown type they include its parameters, and so perhaps its secrets.
    pub fn other(&self) -> impl Iterator<Item = (&str, &str)> {
        self.other.iter().map(|(name, json)| (name.as_str(), json.as_str()))
    }

    /// Whether publishing this key would give a secret away: it has a private half, is symmetric,
    /// or is of a type that cannot be judged here.
    #[must_use]
    pub const fn is_private(&self) -> bool {
        self.params.is_private()
    }

    /// This key bound to `alg`.
    ///
    /// # Errors
    ///
    /// [`KeyError::Algorithm`] if it is bound to another already: one key, one algorithm
    /// (RFC 8725 §3.1).
    pub fn with_alg(mut self, alg: impl Into<Alg>) -> Result<Self, KeyError> {
        let alg = alg.into().name();
        match self.alg() {
            Some(own) if own != alg => {
                Err(KeyError::Algorithm { expected: alg, actual: excerpt(own) })
            }
            _ => {
                self.alg = Some(alg.into());
                Ok(self)
            }
        }
    }

    /// This key under the name `kid`.
    ///
    /// Control characters, which no reader of ours takes in a name, become U+FFFD, so that the key is
    /// read again as it was written and the tokens it signs name it alike.
    #[must_use]
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        let kid = kid.into();
        self.kid = Some(if kid.contains(char::is_control) {
            kid.replace(char::is_control, "\u{FFFD}")
        } else {
            kid
        });
        self
    }

    /// This key without a name.
    #[must_use]
    pub fn without_kid(mut self) -> Self {
        self.kid = None;
        self
    }

    /// This key marked for one use (RFC 7517 §4.2).
    #[must_use]
    pub fn with_use(mut self, key_use: KeyUse) -> Self {
        self.key_use = Some(key_use);
        self
    }

    /// This key limited to these operations (RFC 7517 §4.3): `sign` and `verify`, `encrypt` and
    /// `decrypt`, `wrapKey` and `unwrapKey`, `deriveKey` and `deriveBits`, or others.
    ///
    /// # Errors
    ///
    /// [`ParseError`] for an operation that stands there twice, and for more than 16.
    pub fn with_key_ops<I: IntoIterator<Item: Into<String>>>(
        mut self,
        operations: I,
    ) -> Result<Self, ParseError> {
        let operations = operations.into_iter().map(Into::into).collect();
        self.key_ops = Some(check_key_ops(operations).map_err(|rule| rule.of(Subject::Jwk))?);
        Ok(self)
    }

    /// This key with a member that has no meaning here; an earlier one of that name is replaced. It
    /// is published with the public half.
    ///
    /// # Errors
    ///
    /// [`ParseError`] for a member that has a method of its own, for one that is a parameter of some
    /// key type, public or private, for one that a key of unknown type has already, and for a value
    /// that is not JSON.
    ///
    /// ```
    /// use jose_core::Jwk;
    ///
    /// let jwk = Jwk::from_secret_octets([7; 32])?.with_member("tenant", "acme")?;
    /// assert_eq!(jwk.other().next(), Some(("tenant", "\"acme\"")));
    /// assert!(jwk.with_member("d", "c2VjcmV0").is_err());
    /// # Ok::<(), jose_core::error::ParseError>(())
    /// ```
    pub fn with_member(mut self, name: &str, value: impl Serialize) -> Result<Self, ParseError> {
        let json = extra_member(name, value)?;
        if matches!(self.params, Params::Unknown(_)) && self.other().any(|(own, _)| own == name) {
            // It may be what makes it a key.
            return Err(OWN_METHOD.of(Subject::Jwk));
        }
        self.other.retain(|(own, _)| own != name);
        self.other.push((name.into(), json));
        Ok(self)
    }

    /// The public half, with every private member left out: those of its own type and those that
    /// are private in any other. `sign` among its `key_ops` becomes `verify`, `decrypt` becomes
    /// `encrypt`, and `unwrapKey` becomes `wrapKey`.
    ///
    /// # Errors
    ///
    /// [`KeyError::NoPublicHalf`] for a symmetric key, and for a key of unknown type, whose secrets
    /// cannot be told apart.
    pub fn to_public(&self) -> Result<Self, KeyError> {
        let params = self
            .params
            .to_public()
            .ok_or_else(|| KeyError::NoPublicHalf { kty: excerpt(self.kty()) })?;
        let key_ops = self.key_ops.as_ref().map(|ops| public_operations(ops, self.is_private()));
        let other = self.other.iter().filter(|(name, _)| !PRIVATE_MEMBERS.contains(&name.as_str()));
        Ok(Self { params, key_ops, other: other.cloned().collect(), ..self.clone() })
    }

    /// The public half as JSON.
    ///
    /// # Errors
    ///
    /// As [`to_public`](Self::to_public).
    pub fn to_public_json(&self) -> Result<String, KeyError> {
        let mut out = String::new();
        self.to_public()?.write(&mut out);
        Ok(out)
    }

    /// The whole key as JSON in UTF-8, private members and all.
    #[must_use]
    pub fn expose_secret_json(&self) -> SecretBytes {
        // Enough room from the start, so that no reallocation leaves a copy behind unwiped.
        let mut out = String::with_capacity(self.json_capacity());
        self.write(&mut out);
        SecretBytes::new(out.into_bytes())
    }

    /// At least as many octets as [`write`](Self::write) appends.
    pub(crate) fn json_capacity(&self) -> usize {
        // A character takes at most six octets once escaped, an octet at most two in base64.
        let texts = [Some(self.kty()), self.alg(), self.kid(), self.x5u()];
        let text = |text: &str| text.len() * 6 + 16;
        64 + texts.into_iter().flatten().map(text).sum::<usize>()
            + self.key_use.iter().map(|key_use| text(key_use.name())).sum::<usize>()
            + self.key_ops.iter().flatten().map(|op| text(op)).sum::<usize>()
            + self.params.members().iter().map(|(_, value)| value.capacity() + 16).sum::<usize>()
            + self.x5c.iter().flatten().map(|der| der.len() * 2 + 16).sum::<usize>()
            + 2 * 80 // x5t and x5t#S256
            + self.other.iter().map(|(name, json)| text(name) + json.len()).sum::<usize>()
    }

    /// Appends the key as a JSON object, private members and all.
    pub(crate) fn write(&self, out: &mut String) {
        let mut out = Writer::begin(out);
        out.text("kty", Some(self.kty()));
        out.text("kid", self.kid());
        out.text("use", self.key_use.as_ref().map(KeyUse::name));
        out.text("alg", self.alg());
        out.texts("key_ops", self.key_ops());
        for (name, value) in self.params.members() {
            value.write(name, &mut out);
        }
        out.text("x5u", self.x5u());
        out.certificates(self.x5c());
        out.octets("x5t", self.x5t());
        out.octets("x5t#S256", self.x5t_s256());
        for (name, json) in self.other() {
            out.json(name, json);
        }
        out.end();
    }

    /// Whether it has a member that is private in some other type of key than its own.
    pub(crate) fn has_stray_secrets(&self) -> bool {
        self.other().any(|(name, _)| PRIVATE_MEMBERS.contains(&name))
    }

    /// The one signature algorithm that a key which names none can only mean: the curve's.
    pub(crate) fn inferred_alg(&self) -> Option<SignatureAlgorithm> {
        match &self.params {
            Params::Ec(ec) => Some(match ec.crv() {
                EcCurve::P256 => SignatureAlgorithm::ES256,
                EcCurve::P384 => SignatureAlgorithm::ES384,
                EcCurve::P521 => SignatureAlgorithm::ES512,
                EcCurve::Secp256k1 => SignatureAlgorithm::ES256K,
            }),
            Params::Okp(okp) => match okp.crv() {
                OkpCurve::Ed25519 => Some(SignatureAlgorithm::Ed25519),
                OkpCurve::Ed448 => Some(SignatureAlgorithm::Ed448),
                OkpCurve::X25519 | OkpCurve::X448 => None,
            },
            _ => None,
        }
    }
}

impl FromStr for Jwk {
    type Err = ParseError;

    /// As [`from_json`](Jwk::from_json).
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::from_json(text)
    }
}

impl fmt::Debug for Jwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwk")
            .field("kty", &self.kty())
            .field("alg", &self.alg())
            .field("kid", &self.kid)
            .field("use", &self.key_use)
            .field("key_ops", &self.key_ops)
            .field("private", &self.is_private())
            .finish_non_exhaustive() // the rest is key material, or may be
    }
}

fn key_ops(json: &str) -> Result<Vec<String>, Rule> {
    let ops = json::strings(json)
        .ok_or(Rule::Type { member: "key_ops", expected: "an array of strings" })?;
    check_key_ops(ops.into_iter().map(alloc::borrow::Cow::into_owned).collect())
}

fn check_key_ops(ops: Vec<String>) -> Result<Vec<String>, Rule> {
    if ops.len() > MAX_KEY_OPS {
        return Err(Rule::Value { member: "key_ops", expected: "at most 16 operations" });
    }
    let repeated = |(index, op): (usize, &String)| ops.iter().take(index).any(|other| other == op);
    if ops.iter().enumerate().any(repeated) {
        return Err(Rule::Value { member: "key_ops", expected: "free of repetitions" });
    }
    Ok(ops)
}

const OWN_METHOD: Rule = Rule::Value {
    member: "name",
    expected: "of no member that has a meaning here: those have methods, or are the key itself",
};

/// The JSON text of a member that is added to a key, if `name` is not one that means something here.
fn extra_member(name: &str, value: impl Serialize) -> Result<Zeroizing<String>, ParseError> {
    let refuse = |rule: Rule| rule.of(Subject::Jwk);
    let registered = [&COMMON_MEMBERS[..], &PRIVATE_MEMBERS, &PUBLIC_MEMBERS];
    if registered.iter().any(|names| names.contains(&name)) {
        return Err(refuse(OWN_METHOD));
    }
    let json =
        serde_json::to_string(&value).map(Zeroizing::new).map_err(|_| refuse(Rule::Shape))?;
    json::check(&json, Limits::DEFAULT.header_depth - 1).map_err(refuse)?;
    Ok(json)
}

/// What a public key may do, given what its private one may.
fn public_operations(ops: &[String], private: bool) -> Vec<String> {
    if !private {
        return ops.into();
    }
    let mut public = Vec::new();
    for op in ops {
        let op = match op.as_str() {
            "sign" => "verify",
            "decrypt" => "encrypt",
            "unwrapKey" => "wrapKey",
            "deriveKey" | "deriveBits" => continue,
            other => other,
        };
        if !public.iter().any(|own| own == op) {
            public.push(op.into());
        }
    }
    public
}
