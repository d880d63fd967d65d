//! The JOSE Header (RFC 7515 §4, RFC 7516 §4, RFC 7518 §4, RFC 7797 §3): every registered
//! parameter by its type, all others as they came.
//!
//! A header is what the token's maker says about it. It selects among the keys and algorithms the
//! caller chose, and configures nothing: `jku` and `x5u` are never followed, and the keys in
//! `jwk` and `x5c` never trusted.

mod encryption;

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

pub use self::encryption::EncryptionParams;
use crate::error::{Critical, ParseError, Rule, Subject, excerpt};
use crate::json::{self, Object};
use crate::jwk::{Jwk, Params};
use crate::limits::Limits;
use crate::member::{self, Writer};

/// A JOSE Header.
///
/// ```
/// use jose_core::Header;
///
/// let header = Header::new().with_typ("at+jwt").with_kid("2026-11").with("region", "eu")?;
/// assert_eq!(header.typ(), Some("at+jwt"));
/// assert_eq!(header.get("region"), Some("\"eu\""));
/// # Ok::<(), jose_core::error::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Header {
    alg: Option<String>,
    typ: Option<String>,
    cty: Option<String>,
    kid: Option<String>,
    crit: Option<Vec<String>>,
    b64: Option<bool>,
    key: Option<Box<KeyParams>>,
    encryption: Option<Box<EncryptionParams>>,
    other: Vec<(String, String)>,
}

/// Header parameters that tell of the key (RFC 7515 §4.1.2-4.1.8). Nothing here is trusted.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct KeyParams {
    jku: Option<String>,
    jwk: Option<Jwk>,
    x5u: Option<String>,
    x5c: Option<Vec<Vec<u8>>>,
    x5t: Option<Vec<u8>>,
    x5t_s256: Option<Vec<u8>>,
}

/// Names that RFC 7515, 7516 and 7518 define, and which therefore `crit` must not name.
const DEFINED: [&str; 20] = [
    "alg", "apu", "apv", "crit", "cty", "enc", "epk", "iv", "jku", "jwk", "kid", "p2c", "p2s",
    "tag", "typ", "x5c", "x5t", "x5t#S256", "x5u", "zip",
];

impl Header {
    /// An empty header.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the header of a signed token from its JSON text.
    pub(crate) fn parse(octets: &[u8], depth: usize) -> Result<Self, Rule> {
        let object = Object::parse(json::text(octets)?, depth)?;
        let mut header = Self::default();
        for (name, json) in object.members() {
            header.read(name, json)?;
        }
        Ok(header)
    }

    /// Reads the header of an encrypted token, where every registered parameter has its type.
    pub(crate) fn parse_encrypted(octets: &[u8], depth: usize) -> Result<Self, Rule> {
        let object = Object::parse(json::text(octets)?, depth)?;
        let mut header = Self::default();
        for (name, json) in object.members() {
            if EncryptionParams::has(name) {
                header.encryption_mut().read(name, json)?;
            } else {
                header.read(name, json)?;
            }
        }
        Ok(header)
    }

    pub(crate) fn encryption_mut(&mut self) -> &mut EncryptionParams {
        self.encryption.get_or_insert_default()
    }

    fn read(&mut self, name: &str, json: &str) -> Result<(), Rule> {
        match name {
            "alg" => self.alg = Some(member::text("alg", json)?),
            "typ" => self.typ = Some(member::text("typ", json)?),
            "cty" => self.cty = Some(member::text("cty", json)?),
            "kid" => self.kid = Some(member::text("kid", json)?),
            "crit" => {
                let names = json::strings(json)
                    .ok_or(Rule::Type { member: "crit", expected: "an array of strings" })?;
                self.crit = Some(names.into_iter().map(Cow::into_owned).collect());
            }
            "b64" => {
                self.b64 = Some(match json {
                    "true" => true,
                    "false" => false,
                    _ => return Err(Rule::Type { member: "b64", expected: "a boolean" }),
                });
            }
            "jku" => self.key().jku = Some(member::text("jku", json)?),
            "jwk" => self.key().jwk = Some(public_key("jwk", json)?),
            "x5u" => self.key().x5u = Some(member::text("x5u", json)?),
            "x5c" => self.key().x5c = Some(member::certificates(json)?),
            "x5t" => self.key().x5t = Some(member::digest("x5t", json, 20)?),
            "x5t#S256" => self.key().x5t_s256 = Some(member::digest("x5t#S256", json, 32)?),
            _ if EncryptionParams::has(name) => {
                // A signed token has no use for these. One that is of another type than in an
                // encrypted token is some other parameter of that name, to be ignored by whoever
                // does not know it (RFC 7515 §4), and no reason to refuse.
                let mut encryption = self.encryption.clone().unwrap_or_default();
                match encryption.read(name, json) {
                    Ok(()) => self.encryption = Some(encryption),
                    Err(Rule::PrivateMember) => return Err(Rule::PrivateMember),
                    Err(_) => self.other.push((name.into(), json.into())),
                }
            }
            _ => self.other.push((name.into(), json.into())),
        }
        Ok(())
    }

    fn key(&mut self) -> &mut KeyParams {
        self.key.get_or_insert_default()
    }

    /// `alg`: the algorithm, as named by the token. The name may be unknown here, and even `none`.
    #[must_use]
    pub fn alg(&self) -> Option<&str> {
        self.alg.as_deref()
    }

    /// `typ`: the media type of the whole token (RFC 7515 §4.1.9).
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// Whether `typ` names the media type `expected`: in any case, and with or without
    /// `application/` where that is all there is before the slash (RFC 7515 §4.1.9).
    #[must_use]
    pub fn is_typ(&self, expected: &str) -> bool {
        is_media_type(self.typ(), expected)
    }

    /// As [`is_typ`](Self::is_typ), for `cty`.
    #[must_use]
    pub fn is_cty(&self, expected: &str) -> bool {
        is_media_type(self.cty(), expected)
    }

    /// `cty`: the media type of the content (RFC 7515 §4.1.10).
    #[must_use]
    pub fn cty(&self) -> Option<&str> {
        self.cty.as_deref()
    }

    /// `kid`: the name of the key (RFC 7515 §4.1.4). Text of the sender's: clean it before it
    /// becomes part of a path or a query.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// `crit`: names that whoever does not understand them must refuse the token for.
    #[must_use]
    pub fn crit(&self) -> Option<&[String]> {
        self.crit.as_deref()
    }

    /// `b64`: whether the payload is encoded (RFC 7797 §3).
    #[must_use]
    pub const fn b64(&self) -> Option<bool> {
        self.b64
    }

    /// `jku`: where the sender says its keys are. Never followed.
    #[must_use]
    pub fn jku(&self) -> Option<&str> {
        self.key.as_ref()?.jku.as_deref()
    }

    /// `jwk`: the public key the sender says it used. Never trusted.
    #[must_use]
    pub fn jwk(&self) -> Option<&Jwk> {
        self.key.as_ref()?.jwk.as_ref()
    }

    /// `x5u`: where the sender says its certificate is. Never followed.
    #[must_use]
    pub fn x5u(&self) -> Option<&str> {
        self.key.as_ref()?.x5u.as_deref()
    }

    /// `x5c`: the certificates the sender says it used, in DER. Never trusted.
    #[must_use]
    pub fn x5c(&self) -> Option<&[Vec<u8>]> {
        self.key.as_ref()?.x5c.as_deref()
    }

    /// `x5t`: the SHA-1 digest of the sender's certificate, 20 octets.
    #[must_use]
    pub fn x5t(&self) -> Option<&[u8]> {
        self.key.as_ref()?.x5t.as_deref()
    }

    /// `x5t#S256`: the SHA-256 digest of the sender's certificate, 32 octets.
    #[must_use]
    pub fn x5t_s256(&self) -> Option<&[u8]> {
        self.key.as_ref()?.x5t_s256.as_deref()
    }

    /// The parameters of encrypted tokens, if there is any.
    #[must_use]
    pub fn encryption(&self) -> Option<&EncryptionParams> {
        self.encryption.as_deref()
    }

    /// The parameter called `name`, if it is not one of the registered ones above, as JSON text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.other().find(|(own, _)| *own == name).map(|(_, json)| json)
    }

    /// The parameters that are not registered, in order: name and value as JSON text.
    pub fn other(&self) -> impl Iterator<Item = (&str, &str)> {
        self.other.iter().map(|(name, json)| (name.as_str(), json.as_str()))
    }

    /// This header with another `alg`; the signing key decides in the end.
    pub(crate) fn with_alg(mut self, alg: &str) -> Self {
        self.alg = Some(alg.into());
        self
    }

    /// This header with parameters of an encryption, beside those it has.
    pub(crate) fn with_encryption(self, params: EncryptionParams) -> Self {
        self.joined(Self { encryption: Some(Box::new(params)), ..Self::default() })
    }

    /// This header without an `alg`.
    pub(crate) fn without_alg(mut self) -> Self {
        self.alg = None;
        self
    }

    /// The parameters of both headers; where both have one, that of `self`.
    pub(crate) fn joined(mut self, other: Self) -> Self {
        self.alg = self.alg.or(other.alg);
        self.typ = self.typ.or(other.typ);
        self.cty = self.cty.or(other.cty);
        self.kid = self.kid.or(other.kid);
        self.crit = self.crit.or(other.crit);
        self.b64 = self.b64.or(other.b64);
        self.key = match (self.key, other.key) {
            (Some(own), Some(other)) => Some(Box::new(KeyParams {
                jku: own.jku.or(other.jku),
                jwk: own.jwk.or(other.jwk),
                x5u: own.x5u.or(other.x5u),
                x5c: own.x5c.or(other.x5c),
                x5t: own.x5t.or(other.x5t),
                x5t_s256: own.x5t_s256.or(other.x5t_s256),
            })),
            (own, other) => own.or(other),
        };
        self.encryption = match (self.encryption, other.encryption) {
            (Some(own), Some(other)) => Some(Box::new(own.joined(*other))),
            (own, other) => own.or(other),
        };
        for (name, json) in other.other {
            if !self.other.iter().any(|(own, _)| *own == name) {
                self.other.push((name, json));
            }
        }
        self
    }

    /// This header for a payload that is not encoded (RFC 7797 §3), which is always critical.
    pub(crate) fn with_unencoded_payload(mut self) -> Self {
        self.b64 = Some(false);
        let crit = self.crit.get_or_insert_default();
        if !crit.iter().any(|name| name == "b64") {
            crit.push("b64".into());
        }
        self
    }

    /// This header with `typ` set.
    #[must_use]
    pub fn with_typ(mut self, typ: impl Into<String>) -> Self {
        self.typ = Some(typ.into());
        self
    }

    /// This header without a `typ`.
    #[must_use]
    pub fn without_typ(mut self) -> Self {
        self.typ = None;
        self
    }

    /// This header with `cty` set.
    #[must_use]
    pub fn with_cty(mut self, cty: impl Into<String>) -> Self {
        self.cty = Some(cty.into());
        self
    }

    /// This header with `kid` set.
    #[must_use]
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// This header without a `kid`.
    #[must_use]
    pub fn without_kid(mut self) -> Self {
        self.kid = None;
        self
    }

    /// This header with the public half of `jwk` in it.
    ///
    /// # Errors
    ///
    /// [`KeyError::NoPublicHalf`](crate::error::KeyError::NoPublicHalf) for a symmetric key.
    pub fn with_jwk(mut self, jwk: &Jwk) -> Result<Self, crate::error::KeyError> {
        self.key().jwk = Some(jwk.to_public()?);
        Ok(self)
    }

    /// This header with a certificate chain, in DER, the key's own certificate first.
    #[must_use]
    pub fn with_x5c(mut self, certificates: Vec<Vec<u8>>) -> Self {
        self.key().x5c = Some(certificates);
        self
    }

    /// This header with the SHA-256 digest of the key's certificate.
    #[must_use]
    pub fn with_x5t_s256(mut self, digest: [u8; 32]) -> Self {
        self.key().x5t_s256 = Some(digest.into());
        self
    }

    /// This header with parameters that the receiver must understand. Each has to be set with
    /// [`with`](Self::with); that is checked when signing.
    #[must_use]
    pub fn with_crit<I: IntoIterator<Item: Into<String>>>(mut self, names: I) -> Self {
        self.crit = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// This header with a parameter that is not registered; an earlier one of that name is
    /// replaced.
    ///
    /// # Errors
    ///
    /// [`ParseError`] for a registered name, which has a method of its own, and for a value that
    /// is not JSON.
    pub fn with(mut self, name: &str, value: impl Serialize) -> Result<Self, ParseError> {
        let refuse = |rule: Rule| rule.of(Subject::Jws);
        if DEFINED.contains(&name) || name == "b64" {
            let expected = "set by its own method";
            return Err(refuse(Rule::Value { member: "registered parameter", expected }));
        }
        let json = serde_json::to_string(&value).map_err(|_| refuse(Rule::Shape))?;
        json::check(&json, Limits::DEFAULT.header_depth - 1).map_err(refuse)?;
        self.other.retain(|(own, _)| own != name);
        self.other.push((name.into(), json));
        Ok(self)
    }

    /// Checks `crit` against RFC 7515 §4.1.11: not empty, no name twice, none that the
    /// specifications define, each in this header, and each among those the caller understands;
    /// and against RFC 7797 §6: `b64` among them where it is false.
    pub(crate) fn check_crit(&self, understands: impl Fn(&str) -> bool) -> Result<(), Critical> {
        let names = |name: &str| self.crit().is_some_and(|crit| crit.iter().any(|own| own == name));
        if self.b64 == Some(false) && !names("b64") {
            return Err(Critical::Unnamed("b64"));
        }
        let Some(crit) = &self.crit else { return Ok(()) };
        if crit.is_empty() {
            return Err(Critical::Empty);
        }
        for (index, name) in crit.iter().enumerate() {
            if let Some(defined) = DEFINED.iter().find(|defined| *defined == name) {
                return Err(Critical::Registered(defined));
            }
            if crit.iter().take(index).any(|earlier| earlier == name) {
                return Err(Critical::Duplicate(excerpt(name)));
            }
            let present = self.get(name).is_some() || name == "b64" && self.b64.is_some();
            if !present {
                return Err(Critical::Absent(excerpt(name)));
            }
            if !understands(name) {
                return Err(Critical::NotUnderstood(excerpt(name)));
            }
        }
        Ok(())
    }

    /// The names of all parameters.
    pub(crate) fn names(&self) -> Vec<&str> {
        let registered = [
            ("alg", self.alg.is_some()),
            ("b64", self.b64.is_some()),
            ("crit", self.crit.is_some()),
            ("cty", self.cty.is_some()),
            ("jku", self.jku().is_some()),
            ("jwk", self.jwk().is_some()),
            ("kid", self.kid.is_some()),
            ("typ", self.typ.is_some()),
            ("x5c", self.x5c().is_some()),
            ("x5t", self.x5t().is_some()),
            ("x5t#S256", self.x5t_s256().is_some()),
            ("x5u", self.x5u().is_some()),
        ];
        let mut names: Vec<&str> = Vec::new();
        for (name, there) in registered {
            if there {
                names.push(name);
            }
        }
        names.extend(self.encryption().map(EncryptionParams::names).unwrap_or_default());
        names.extend(self.other.iter().map(|(name, _)| name.as_str()));
        names
    }

    /// Whether a parameter is in both headers, which RFC 7515 §4 forbids.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        // Sorted, because whoever writes a header may fill it with names.
        let mut names = other.names();
        names.sort_unstable();
        self.names().iter().any(|name| names.binary_search(name).is_ok())
    }

    /// Appends the header as a JSON object.
    pub(crate) fn write(&self, out: &mut String) {
        let mut out = Writer::begin(out);
        out.text("alg", self.alg());
        if let Some(encryption) = self.encryption() {
            encryption.write(&mut out);
        }
        out.text("typ", self.typ());
        out.text("cty", self.cty());
        out.text("kid", self.kid());
        out.text("jku", self.jku());
        if let Some(jwk) = self.jwk() {
            out.nested("jwk", |out| jwk.write(out));
        }
        out.text("x5u", self.x5u());
        out.certificates(self.x5c());
        out.octets("x5t", self.x5t());
        out.octets("x5t#S256", self.x5t_s256());
        for (name, json) in self.other() {
            out.json(name, json);
        }
        if let Some(b64) = self.b64 {
            out.json("b64", if b64 { "true" } else { "false" });
        }
        out.texts("crit", self.crit());
        out.end();
    }
}

fn is_media_type(name: Option<&str>, expected: &str) -> bool {
    name.is_some_and(|name| short_media_type(name).eq_ignore_ascii_case(short_media_type(expected)))
}

/// A media type without the `application/` that may be left out.
fn short_media_type(name: &str) -> &str {
    match name.split_at_checked("application/".len()) {
        Some((prefix, rest))
            if prefix.eq_ignore_ascii_case("application/") && !rest.contains('/') =>
        {
            rest
        }
        _ => name,
    }
}

/// A key in a header is a public one (RFC 7515 §4.1.3); a private one there is a leak, and taking
/// it for a public one would hide it.
fn public_key(member: &'static str, json: &str) -> Result<Jwk, Rule> {
    let not_an_object = |rule| match rule {
        Rule::NotAnObject => Rule::Type { member, expected: "an object" },
        other => other,
    };
    let object = Object::parse(json, Limits::MAX_DEPTH).map_err(not_an_object)?;
    let jwk = Jwk::from_object(&object)?;
    let unknown = matches!(jwk.params(), Params::Unknown(_));
    if (jwk.is_private() || jwk.has_stray_secrets()) && !unknown {
        return Err(Rule::PrivateMember);
    }
    Ok(jwk)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(json: &str) -> Result<Header, Rule> {
        Header::parse(json.as_bytes(), 16)
    }

    #[test]
    fn of_two_headers_each_parameter_is_the_first_ones_or_the_only_one() {
        let own = r#"{"alg":"HS256","kid":"1","jku":"a:","x5t":"AAAAAAAAAAAAAAAAAAAAAAAAAAA","p2c":1000,"a":1,"b":2}"#;
        let other = r#"{"alg":"HS512","typ":"JWT","jku":"b:","x5u":"c:","apu":"AQ","p2c":2000,"b":3,"c":4}"#;
        let both = r#"{"alg":"HS256","typ":"JWT","kid":"1","jku":"a:","x5u":"c:","x5t":"AAAAAAAAAAAAAAAAAAAAAAAAAAA","apu":"AQ","p2c":1000,"a":1,"b":2,"c":4}"#;
        let joined = parse(own).unwrap().joined(parse(other).unwrap());
        assert_eq!(joined, parse(both).unwrap());
    }

    #[test]
    fn what_is_written_is_read_again() {
        let jwk: Jwk =
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#
                .parse()
                .unwrap();
        let header = Header::new()
            .with_alg("ES256")
            .with_typ("JWT")
            .with_kid("a \"quoted\" kid")
            .with_jwk(&jwk)
            .unwrap()
            .with_x5c(alloc::vec![alloc::vec![1, 2, 3]])
            .with_x5t_s256([7; 32])
            .with("exp", 5)
            .unwrap()
            .with_crit(["exp"]);
        let mut json = String::new();
        header.write(&mut json);
        assert_eq!(parse(&json).unwrap(), header);
    }

    #[test]
    fn registered_parameters_have_their_types() {
        for json in [
            r#"{"alg":5}"#,
            r#"{"alg":null}"#,
            r#"{"kid":{}}"#,
            r#"{"typ":[]}"#,
            r#"{"crit":"b64"}"#,
            r#"{"crit":[1]}"#,
            r#"{"b64":"false"}"#,
            r#"{"b64":0}"#,
            r#"{"jwk":"key"}"#,
            r#"{"x5c":[]}"#,
        ] {
            assert!(matches!(parse(json), Err(Rule::Type { .. })), "{json}");
        }
        assert_eq!(parse(r#"{"x5t":"AA"}"#), Err(Rule::Length { member: "x5t", expected: 20 }));
        assert_eq!(parse(r#"{"kid":"a\u0000"}"#), Err(Rule::ControlCharacter { member: "kid" }));
    }

    #[test]
    fn a_private_key_in_a_header_is_refused() {
        for jwk in [
            r#"{"kty":"oct","k":"AAAA"}"#,
            r#"{"kty":"RSA","n":"AQAB","e":"AQAB","d":"AQAB"}"#,
            r#"{"kty":"RSA","n":"AQAB","e":"AQAB","k":"AQAB"}"#,
        ] {
            assert_eq!(
                parse(&alloc::format!("{{\"jwk\":{jwk}}}")),
                Err(Rule::PrivateMember),
                "{jwk}"
            );
        }
    }

    #[test]
    fn parameters_of_encrypted_tokens_are_typed_or_somebody_elses() {
        let header = parse(r#"{"p2c":1000,"apu":"AQI","enc":"A256GCM"}"#).unwrap();
        let encryption = header.encryption().unwrap();
        assert_eq!((encryption.p2c(), encryption.enc()), (Some(1000), Some("A256GCM")));
        assert_eq!(encryption.apu(), Some(&[1, 2][..]));
        for (name, json) in [("p2c", "1.5"), ("p2c", "0"), ("tag", "\"v1.0\""), ("iv", "5")] {
            let header = parse(&alloc::format!("{{\"{name}\":{json}}}")).unwrap();
            assert_eq!((header.get(name), header.encryption()), (Some(json), None));
        }
    }

    #[test]
    fn parameters_that_are_not_registered_keep_their_text_and_order() {
        let header = parse(r#"{"z":1.0,"alg":"HS256","a":{"b":[ ]}}"#).unwrap();
        let other: Vec<_> = header.other().collect();
        assert_eq!(other, [("z", "1.0"), ("a", r#"{"b":[ ]}"#)]);
    }

    #[test]
    fn crit_is_held_to_every_rule() {
        let check =
            |json: &str| parse(json).unwrap().check_crit(|name| ["known", "b64"].contains(&name));
        assert_eq!(check(r#"{"alg":"x"}"#), Ok(()));
        assert_eq!(check(r#"{"crit":["known"],"known":1}"#), Ok(()));
        assert_eq!(check(r#"{"crit":["b64"],"b64":true}"#), Ok(()));
        assert_eq!(check(r#"{"crit":["b64"],"b64":false}"#), Ok(()));
        assert_eq!(check(r#"{"b64":true}"#), Ok(()));
        assert_eq!(check(r#"{"b64":false}"#), Err(Critical::Unnamed("b64")));
        assert_eq!(
            check(r#"{"crit":["known"],"known":1,"b64":false}"#),
            Err(Critical::Unnamed("b64"))
        );
        assert_eq!(check(r#"{"crit":[]}"#), Err(Critical::Empty));
        assert_eq!(
            check(r#"{"crit":["known","known"],"known":1}"#),
            Err(Critical::Duplicate("known".into()))
        );
        assert_eq!(check(r#"{"crit":["alg"],"alg":"x"}"#), Err(Critical::Registered("alg")));
        assert_eq!(check(r#"{"crit":["p2c"],"p2c":1}"#), Err(Critical::Registered("p2c")));
        assert_eq!(check(r#"{"crit":["known"]}"#), Err(Critical::Absent("known".into())));
        assert_eq!(check(r#"{"crit":["b64"]}"#), Err(Critical::Absent("b64".into())));
        assert_eq!(
            check(r#"{"crit":["new"],"new":1}"#),
            Err(Critical::NotUnderstood("new".into()))
        );
        assert_eq!(
            check(r#"{"crit":["Known"],"Known":1}"#),
            Err(Critical::NotUnderstood("Known".into()))
        );
    }

    #[test]
    fn headers_overlap_by_any_name_they_share() {
        let all = r#"{"alg":"x","typ":"x","cty":"x","kid":"x","crit":["b64"],"b64":false,"jku":"x",
            "x5u":"x","x5c":["AAAA"],"x5t":"AAAAAAAAAAAAAAAAAAAAAAAAAAA","enc":"x","zip":"x",
            "x5t#S256":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","apu":"AA","apv":"AA",
            "jwk":{"kty":"new"},"epk":{"kty":"new"},"iv":"AA","tag":"AA","p2s":"AA","p2c":1,"new":1}"#;
        let header = parse(all).unwrap();
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(all).unwrap();
        assert_eq!(header.names().len(), object.len());
        for (name, value) in &object {
            let other = parse(&alloc::format!("{{\"{name}\":{value}}}")).unwrap();
            assert_eq!(other.names(), [name]);
            assert!(header.overlaps(&other) && other.overlaps(&header), "{name}");
        }
        assert!(!header.overlaps(&parse(r#"{"newer":1,"Alg":1}"#).unwrap()));
    }

    #[test]
    fn media_types_compare_without_case_and_prefix() {
        let is = |typ: &str, expected: &str| Header::new().with_typ(typ).is_typ(expected);
        assert!(is("at+jwt", "application/at+JWT"));
        assert!(is("Application/JWT", "jwt"));
        assert!(!is("text/jwt", "jwt"));
        assert!(!is("application/a/b", "a/b"));
        assert!(!is("JWT", "at+jwt"));
        assert!(!Header::new().is_typ(""));
    }

    proptest! {
        #[test]
        fn no_octets_make_the_parser_panic(octets: Vec<u8>) {
            let _any = Header::parse(&octets, 16);
        }

        #[test]
        fn any_strings_survive_the_way_there_and_back(kid in "[^\\p{Cc}]{0,20}", name in "\\PC{1,8}", value in "\\PC{0,8}") {
            prop_assume!(!DEFINED.contains(&name.as_str()) && name != "b64");
            let header = Header::new().with_kid(kid).with(&name, value).unwrap();
            let mut json = String::new();
            header.write(&mut json);
            prop_assert_eq!(parse(&json).unwrap(), header);
        }
    }
}
