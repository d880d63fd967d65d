//! What is tried with each peer: which keys, in which serialization, which way, on which backend.

use core::fmt;

use jose::crypto::{Backend, NewKey};
use jose::jwa::{ContentEncryption, KeyManagementAlgorithm as K, SignatureAlgorithm as S};
use jose::jwe::{self, DecryptionKeys};
use jose::jwk::{EcCurve, Generator, OkpCurve, Params};
use jose::jws::{self, Policy, Required};
use jose::{
    Alg, DecryptionKey, EncryptionKey, Jwe, Jwk, Jws, SigningKey, VerifyingKey, VerifyingKeys,
    base64url,
};
use serde_json::{Value, json};

use super::{Link, Peer};

/// Not text, so that nobody takes it for some.
const OCTETS: &[u8] = b"between libraries \x00\xff\xfe.";
/// For those that carry JSON claims alone.
const CLAIMS: &[u8] = br#"{"exp":4102444800,"iss":"https://issuer.example","n":[1,"\u00e9"]}"#;
/// Few rounds: how many are enough is tested elsewhere, and here a token is made for each pair.
const ROUNDS: u32 = 1000;

/// How a token is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Serialization {
    /// `header.payload.signature` and the like.
    Compact,
    /// JSON with one signature or recipient.
    Flattened,
    /// JSON with a list of them.
    General,
}

impl Serialization {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Compact, Self::Flattened, Self::General];

    /// As the protocol has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compact => "compact",
            Self::Flattened => "flattened",
            Self::General => "general",
        }
    }
}

/// Which way a token goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Direction {
    /// The peer writes, and this library reads.
    Here,
    /// This library writes, and the peer reads.
    There,
}

impl Direction {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Here, Self::There];
}

/// Keys for which a token is made: of one key nearly always.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Row {
    /// What the table calls it.
    pub name: &'static str,
    keys: &'static [(Alg, Option<NewKey>)],
}

const fn row(name: &'static str, keys: &'static [(Alg, Option<NewKey>)]) -> Row {
    Row { name, keys }
}

const P384: Option<NewKey> = Some(NewKey::Ec(EcCurve::P384));
const P521: Option<NewKey> = Some(NewKey::Ec(EcCurve::P521));
const X25519: Option<NewKey> = Some(NewKey::Okp(OkpCurve::X25519));
const X448: Option<NewKey> = Some(NewKey::Okp(OkpCurve::X448));
const ED448: Option<NewKey> = Some(NewKey::Okp(OkpCurve::Ed448));

const fn sig(alg: S) -> Alg {
    Alg::SignatureAlgorithm(alg)
}

const fn man(alg: K) -> Alg {
    Alg::KeyManagementAlgorithm(alg)
}

/// Every signature algorithm.
pub const SIGNATURES: &[Row] = &[
    row("HS256", &[(sig(S::HS256), None)]),
    row("HS384", &[(sig(S::HS384), None)]),
    row("HS512", &[(sig(S::HS512), None)]),
    row("RS256", &[(sig(S::RS256), None)]),
    row("RS384", &[(sig(S::RS384), None)]),
    row("RS512", &[(sig(S::RS512), None)]),
    row("PS256", &[(sig(S::PS256), None)]),
    row("PS384", &[(sig(S::PS384), None)]),
    row("PS512", &[(sig(S::PS512), None)]),
    row("ES256", &[(sig(S::ES256), None)]),
    row("ES384", &[(sig(S::ES384), None)]),
    row("ES512", &[(sig(S::ES512), None)]),
    row("ES256K", &[(sig(S::ES256K), None)]),
    row("Ed25519", &[(sig(S::Ed25519), None)]),
    row("Ed448", &[(sig(S::Ed448), None)]),
    row("EdDSA on Ed25519", &[(sig(S::EdDSA), None)]),
    row("EdDSA on Ed448", &[(sig(S::EdDSA), ED448)]),
    row("ES256 and RS256", &[(sig(S::ES256), None), (sig(S::RS256), None)]),
];

/// Every algorithm for keys, on every curve, but the one that nothing is encrypted with.
pub const ENCRYPTION: &[Row] = &[
    row("dir", &[(man(K::Dir), None)]),
    row("A128KW", &[(man(K::A128KW), None)]),
    row("A192KW", &[(man(K::A192KW), None)]),
    row("A256KW", &[(man(K::A256KW), None)]),
    row("A128GCMKW", &[(man(K::A128GCMKW), None)]),
    row("A192GCMKW", &[(man(K::A192GCMKW), None)]),
    row("A256GCMKW", &[(man(K::A256GCMKW), None)]),
    row("RSA-OAEP", &[(man(K::RSA_OAEP), None)]),
    row("RSA-OAEP-256", &[(man(K::RSA_OAEP_256), None)]),
    row("RSA-OAEP-384", &[(man(K::RSA_OAEP_384), None)]),
    row("RSA-OAEP-512", &[(man(K::RSA_OAEP_512), None)]),
    row("ECDH-ES on P-256", &[(man(K::ECDH_ES), None)]),
    row("ECDH-ES on P-384", &[(man(K::ECDH_ES), P384)]),
    row("ECDH-ES on P-521", &[(man(K::ECDH_ES), P521)]),
    row("ECDH-ES on X25519", &[(man(K::ECDH_ES), X25519)]),
    row("ECDH-ES on X448", &[(man(K::ECDH_ES), X448)]),
    row("ECDH-ES+A128KW on P-256", &[(man(K::ECDH_ES_A128KW), None)]),
    row("ECDH-ES+A192KW on P-384", &[(man(K::ECDH_ES_A192KW), P384)]),
    row("ECDH-ES+A256KW on P-521", &[(man(K::ECDH_ES_A256KW), P521)]),
    row("ECDH-ES+A256KW on X25519", &[(man(K::ECDH_ES_A256KW), X25519)]),
    row("ECDH-ES+A256KW on X448", &[(man(K::ECDH_ES_A256KW), X448)]),
    row("PBES2-HS256+A128KW", &[(man(K::PBES2_HS256_A128KW), None)]),
    row("PBES2-HS384+A192KW", &[(man(K::PBES2_HS384_A192KW), None)]),
    row("PBES2-HS512+A256KW", &[(man(K::PBES2_HS512_A256KW), None)]),
    row("A128KW and RSA-OAEP-256", &[(man(K::A128KW), None), (man(K::RSA_OAEP_256), None)]),
    row("ECDH-ES+A256KW and A256KW", &[(man(K::ECDH_ES_A256KW), None), (man(K::A256KW), None)]),
];

impl Row {
    /// The serializations that have room for its keys.
    #[must_use]
    pub fn serializations(&self) -> &'static [Serialization] {
        if self.keys.len() == 1 { &Serialization::ALL } else { &[Serialization::General] }
    }

    /// Every `enc` in one serialization, and one of each kind in the others: how the content is
    /// encrypted does not depend on how the token is written. Of a signature there is none.
    fn encs(&self, serialization: Serialization) -> Vec<Option<ContentEncryption>> {
        use ContentEncryption as E;
        if let [(Alg::SignatureAlgorithm(_), _), ..] = self.keys {
            return vec![None];
        }
        let encs = match serialization {
            Serialization::Compact => E::ALL,
            _ => &[E::A128CBC_HS256, E::A256GCM],
        };
        encs.iter().copied().map(Some).collect()
    }

    /// Each with its `enc`, where it has one.
    #[must_use]
    pub fn cases(&'static self) -> Vec<Case> {
        let each = |serialization: &Serialization| {
            let serialization = *serialization;
            let case = move |enc| Case { row: self, enc, serialization };
            self.encs(serialization).into_iter().map(case)
        };
        self.serializations().iter().flat_map(each).collect()
    }
}

/// A row, a serialization, and what encrypts the content if anything does.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Case {
    /// The keys.
    pub row: &'static Row,
    /// How the content is encrypted, if it is.
    pub enc: Option<ContentEncryption>,
    /// How it is written.
    pub serialization: Serialization,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, ", self.row.name)?;
        if let Some(enc) = self.enc {
            write!(f, "{enc}, ")?;
        }
        f.write_str(self.serialization.name())
    }
}

/// Why a token of a peer was not taken.
#[derive(Debug)]
#[non_exhaustive]
pub enum Refused {
    /// It is no JWE that the keys decrypt.
    Jwe(jwe::Error),
    /// It is no JWS that the keys signed.
    Jws(jws::Error),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jwe(error) => write!(f, "{}: {error}", error.code()),
            Self::Jws(error) => write!(f, "{}: {error}", error.code()),
        }
    }
}

/// A case with its keys.
#[derive(Debug)]
#[non_exhaustive]
pub struct Prepared {
    /// What it is.
    pub case: Case,
    keys: Vec<(Alg, Jwk)>,
}

impl Case {
    /// Its keys, made by `maker`, but for RSA, where `rsa` serves all to save the time.
    #[must_use]
    pub fn prepare(self, rsa: &Jwk, maker: &dyn Backend) -> Prepared {
        let make = |&(alg, curve): &(Alg, Option<NewKey>)| {
            // A generator knows a curve for agreement, and Ed25519 for this name.
            if let (Alg::SignatureAlgorithm(_), Some(curve)) = (alg, curve) {
                let jwk = Jwk::new(maker.generate(curve).unwrap());
                return (alg, jwk.with_alg(alg).unwrap().with_kid("curve"));
            }
            let generator = match (alg, self.enc) {
                (Alg::KeyManagementAlgorithm(K::Dir), Some(enc)) => Generator::new(enc),
                _ if alg.name().starts_with("RS") || alg.name().starts_with("PS") => {
                    return (alg, rsa.clone().with_alg(alg).unwrap().with_kid("rsa"));
                }
                _ => Generator::new(alg),
            };
            let generator = match curve {
                Some(curve) => generator.curve(curve),
                None => generator,
            };
            (alg, generator.generate(maker).unwrap())
        };
        Prepared { case: self, keys: self.row.keys.iter().map(make).collect() }
    }
}

impl Prepared {
    /// With keys from elsewhere.
    #[must_use]
    pub fn with_key(case: Case, jwk: &Jwk) -> Self {
        let [(alg, _), ..] = *case.row.keys else { panic!("a row without keys") };
        // Some say `EdDSA` of a key, some `Ed25519`: what it is for is said here.
        let jwk = Jwk::new(jwk.params().clone()).with_alg(alg).unwrap();
        Self { case, keys: vec![(alg, jwk)] }
    }

    /// Its first key.
    #[must_use]
    pub fn key(&self) -> &Jwk {
        &self.keys[0].1
    }

    /// Whether `backend` knows its keys.
    pub fn is_known_to(&self, backend: &'static dyn Backend) -> bool {
        let known = |(_, jwk): &(Alg, Jwk)| match self.case.enc {
            None => SigningKey::from_jwk(jwk, backend).is_ok(),
            Some(_) => DecryptionKey::from_jwk(jwk, backend).is_ok(),
        };
        self.keys.iter().all(known)
    }

    /// What `peer` is given to carry.
    #[must_use]
    pub const fn content(&self, peer: &Peer) -> &'static [u8] {
        if peer.claims { CLAIMS } else { OCTETS }
    }

    /// A token that this library writes.
    #[must_use]
    pub fn write(&self, content: &[u8], backend: &'static dyn Backend) -> String {
        let Some(enc) = self.case.enc else {
            let mut jws = Jws::new(content);
            for (_, jwk) in &self.keys {
                jws.sign(&SigningKey::from_jwk(jwk, backend).unwrap()).unwrap();
            }
            return match self.case.serialization {
                Serialization::Compact => jws.to_compact(),
                Serialization::Flattened => jws.to_flattened(),
                Serialization::General => jws.to_general(),
            }
            .unwrap();
        };
        let key = |(_, jwk): &(Alg, Jwk)| {
            let key = EncryptionKey::from_jwk(&public(jwk), backend).unwrap();
            key.with_p2c(ROUNDS).unwrap()
        };
        let keys: Vec<EncryptionKey> = self.keys.iter().map(key).collect();
        let jwe = jwe::Builder::new().enc(enc).encrypt(content, &keys).unwrap();
        match self.case.serialization {
            Serialization::Compact => jwe.to_compact(),
            Serialization::Flattened => jwe.to_flattened(),
            Serialization::General => jwe.to_general(),
        }
        .unwrap()
    }

    /// What this library reads in `token`: what each of the keys gives, and of signatures all.
    ///
    /// # Errors
    ///
    /// That it is refused.
    pub fn read(&self, token: &str, backend: &'static dyn Backend) -> Result<Vec<u8>, Refused> {
        if self.case.enc.is_none() {
            let key = |(_, jwk): &(Alg, Jwk)| VerifyingKey::from_jwk(&public(jwk), backend);
            let keys: Result<VerifyingKeys, _> = self.keys.iter().map(key).collect();
            let all = Policy::new().require(Required::All);
            let jws = Jws::parse(token).map_err(|error| Refused::Jws(error.into()))?;
            let verified = jws.verify_with(&keys.unwrap(), &all).map_err(Refused::Jws)?;
            return Ok(verified.content().clone());
        }
        let mut content = Vec::new();
        for (_, jwk) in &self.keys {
            let key = DecryptionKeys::from(DecryptionKey::from_jwk(jwk, backend).unwrap());
            let jwe = Jwe::parse(token).map_err(|error| Refused::Jwe(error.into()))?;
            content.clone_from(jwe.decrypt(&key).map_err(Refused::Jwe)?.content());
        }
        Ok(content)
    }

    /// A token that the peer writes.
    ///
    /// # Errors
    ///
    /// What it says if it does not.
    pub fn ask_to_write(&self, content: &[u8], link: &mut Link) -> Result<String, String> {
        let mut request = self.request(self.case.enc.is_none());
        request["payload"] = json!(base64url::encode(content));
        let op = if self.case.enc.is_none() { "sign" } else { "encrypt" };
        let answer = link.ask(op, request)?;
        let token = answer["token"].as_str().unwrap_or_default();
        if self.case.serialization == serialization(token) {
            Ok(token.to_owned())
        } else {
            Err("wrote another serialization".to_owned())
        }
    }

    /// What the peer reads in `token`.
    ///
    /// # Errors
    ///
    /// What it says if it does not.
    pub fn ask_to_read(&self, token: &str, link: &mut Link) -> Result<Vec<u8>, String> {
        let mut request = self.request(self.case.enc.is_some());
        request["token"] = json!(token);
        let op = if self.case.enc.is_none() { "verify" } else { "decrypt" };
        let answer = link.ask(op, request)?;
        let payload = answer["payload"].as_str().unwrap_or_default();
        base64url::decode(payload.as_bytes()).map_err(|error| error.to_string())
    }

    /// Private keys are sent to those alone that need them.
    fn request(&self, private: bool) -> Value {
        let key = |(alg, jwk): &(Alg, Jwk)| {
            let jwk = if private { jwk.clone() } else { public(jwk) };
            let mut key = json!({
                "alg": alg.name(),
                "jwk": value(&jwk),
            });
            // For those that read no private JWK.
            if let Ok(pem) = jwk.to_pkcs8_pem() {
                key["pem"] = json!(String::from_utf8_lossy(pem.expose_secret()));
            }
            key
        };
        json!({
            "serialization": self.case.serialization.name(),
            "enc": self.case.enc.map(ContentEncryption::name),
            "keys": self.keys.iter().map(key).collect::<Vec<_>>(),
        })
    }
}

/// How a token is written.
fn serialization(token: &str) -> Serialization {
    let object: Option<Value> = serde_json::from_str(token).ok();
    let general =
        |object: Value| ["signatures", "recipients"].iter().any(|list| object.get(list).is_some());
    match object.map(general) {
        None => Serialization::Compact,
        Some(false) => Serialization::Flattened,
        Some(true) => Serialization::General,
    }
}

/// A key as JSON, whatever it is.
#[must_use]
pub fn value(jwk: &Jwk) -> Value {
    serde_json::from_slice(jwk.expose_secret_json().expose_secret()).unwrap()
}

/// The half that verifies or encrypts.
fn public(jwk: &Jwk) -> Jwk {
    if matches!(jwk.params(), Params::Oct(_)) { jwk.clone() } else { jwk.to_public().unwrap() }
}

/// `token` with one octet changed in the middle of its part `part`, which is still there otherwise:
/// the `payload` or `signature` of a JWS, the `ciphertext`, `tag` or `encrypted_key` of a JWE.
#[must_use]
pub fn changed(token: &str, part: &str) -> String {
    let flip = |text: &str| {
        let mut octets = base64url::decode(text.as_bytes()).unwrap();
        let middle = octets.len() / 2;
        octets[middle] ^= 1;
        base64url::encode(&octets)
    };
    if !token.starts_with('{') {
        let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        let index = match (parts.len(), part) {
            (3, "payload") | (5, "encrypted_key") => 1,
            (3, "signature") => 2,
            (5, "ciphertext") => 3,
            _ => 4,
        };
        parts[index] = flip(&parts[index]);
        return parts.join(".");
    }
    let mut object: Value = serde_json::from_str(token).unwrap();
    let list = ["signatures", "recipients"].into_iter().find(|list| object.get(list).is_some());
    let holder = match (part, list) {
        ("signature" | "encrypted_key", Some(list)) => &mut object[list][0],
        _ => &mut object,
    };
    holder[part] = json!(flip(holder[part].as_str().unwrap()));
    object.to_string()
}
