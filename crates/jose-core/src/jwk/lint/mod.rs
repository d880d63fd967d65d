//! What to look at in a key or a set before it is used or published.
//!
//! Parsing refuses what is no key, and binding a key to an algorithm what must not serve it. This
//! reports those refusals ahead of time, all at once, and beside them what is allowed and unwise.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let backend = jose_rustcrypto::BACKEND;
//! use jose_core::{Alg, Jwk, JwkSet};
//! use jose_core::jwk::lint::{Exposure, Severity};
//!
//! let good = Jwk::generate(Alg::ES256, backend)?;
//! assert!(good.lint(Exposure::Private, backend).iter().all(|found| found.severity() < Severity::Warning));
//!
//! let password = Jwk::from_secret_octets(*b"correct horse battery staple, 42")?.with_alg(Alg::HS256)?;
//! let set = JwkSet::new([good.to_public()?, password.with_kid("api")]);
//! let findings = set.lint(Exposure::Published, backend);
//! let codes: Vec<_> = findings.iter().map(|found| found.code()).collect();
//! assert!(codes.contains(&"oct-published") && codes.contains(&"weak-oct-text"));
//! # Ok(()) }
//! ```
//!
//! | code | severity | what was found |
//! |---|---|---|
//! | `alg-deprecated` | warning | an algorithm that is only there to read what others still send: `RSA1_5` |
//! | `alg-enc` | error | `alg` and `enc` that contradict each other, or `dir` without saying which encryption |
//! | `alg-renamed` | note | `EdDSA`, which does not say which curve (RFC 9864 §2.2) |
//! | `alg-size` | error | a shared key longer or shorter than its algorithm takes |
//! | `alg-type` | error | another type or curve than the algorithm's |
//! | `duplicate-kid` | error | in a set: one name for two keys of one algorithm, so that neither is found |
//! | `inconsistent` | error | members that contradict each other: halves that do not match, a point off its curve |
//! | `key-ops-alg` | error | `key_ops` without anything that the key does under its algorithm |
//! | `kid-tells-secret` | warning | a shared key that is named by its thumbprint, or by itself |
//! | `missing-alg` | warning | no `alg` (RFC 8725 §3.1) |
//! | `missing-kid` | warning | in a set: no `kid` |
//! | `missing-use` | note | neither `use` nor `key_ops` |
//! | `mixed-halves` | note | a set of private keys and public ones |
//! | `mixed-set` | warning | a set of shared keys and key pairs |
//! | `oct-published` | error | a shared key where everybody can read it |
//! | `oct-size` | error | a shared key, bound to nothing, of a length that no algorithm takes |
//! | `private-published` | error | a private key, or what may be one, where everybody can read it |
//! | `reused-kid` | note | in a set: one name for keys of different algorithms |
//! | `rsa-exponent` | error | an RSA exponent that is even, below 3 or above 32 bits |
//! | `rsa-short` | note | an RSA modulus below 3072 bits |
//! | `rsa-size` | error | an RSA modulus out of bounds, or even |
//! | `short-password` | warning | a key of PBES2 of fewer than 10 octets, 80 bits at the most |
//! | `skipped` | error | in a set: a member that could not be read |
//! | `stray-private` | error | a member that is private in another key type |
//! | `unbound-oct` | note | a shared key, bound to nothing: which algorithms take its length |
//! | `unchecked` | note | the backend cannot tell whether the members belong together |
//! | `unknown-alg` | note | an `alg` or `enc` that is not known here |
//! | `unknown-kty` | note | a type or curve that is not known here |
//! | `unknown-use` | note | a `use` other than `sig` and `enc` |
//! | `use-alg` | error | a `use` that is not the algorithm's |
//! | `use-and-key-ops` | note | both `use` and `key_ops` (RFC 7517 §4.3: one of them) |
//! | `use-key-ops` | error | `use` and `key_ops` that contradict each other |
//! | `weak-key` | error | a point of small order, or a modulus with the defect called ROCA |
//! | `weak-oct-repetition` | error | a shared key that repeats a pattern |
//! | `weak-oct-sequence` | error | a shared key whose octets count up or down |
//! | `weak-oct-text` | warning | a shared key that is printable text |
//! | `weak-oct-values` | error | a shared key of few different octets |
//! | `x5c-key` | error | an `x5c` whose first certificate is not of this key, or none |
//! | `x5t-alone` | note | `x5t` without `x5t#S256` |
//! | `x5t-x5c` | error | an `x5t#S256` that is not of the first certificate in `x5c` |
//!
//! # How often a good key is taken for a weak one
//!
//! The four `weak-oct` checks look at the first 1024 octets of a shared key that has at least 16; a
//! shorter one serves no algorithm but as a password. A key
//! of n random octets is found
//!
//! | by | if | for n = 16 | for n = 32 |
//! |---|---|---|---|
//! | `weak-oct-repetition` | it is one pattern of at most n/2 octets, again and again | 2^-64 | 2^-128 |
//! | `weak-oct-sequence` | all neighbours differ by the same number modulo 256 | 2^-112 | 2^-240 |
//! | `weak-oct-values` | it has at most n/4 different octets, and at most 32 | 2^-68 | 2^-111 |
//! | `weak-oct-text` | every octet is printable ASCII | 2^-22 | 2^-45 |
//!
//! The last is why text is a warning. None of the checks finds every weak key, and their time depends
//! on the octets: they are for whoever owns the key, at a desk.

mod checks;
mod octets;
mod report;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::Serialize;

use self::checks::Check;
use self::report::{Report, is_pair, is_shared, served_by_namesakes};
use super::{Jwk, JwkSet};
use crate::crypto::Backend;
use crate::error::excerpt;

/// Who can read the keys that are looked at.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Exposure {
    /// Their owner alone: a key store, a vault.
    Private,
    /// Everybody: what an issuer publishes.
    Published,
}

/// How bad it is.
// From harmless to bad, so that severities compare.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// Good to know.
    Note,
    /// It works, and should be changed.
    Warning,
    /// It is refused somewhere, or gives a secret away.
    Error,
}

impl Severity {
    /// `note`, `warning` or `error`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Something to look at in a key or a set.
///
/// `Display` is one line; as JSON it is an object of `code`, `severity`, `advice`, `index` and `kid`,
/// the last two `null` where there is none. Neither shows key material.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Finding {
    code: &'static str,
    severity: Severity,
    advice: &'static str,
    index: Option<usize>,
    kid: Option<String>,
}

impl Finding {
    /// What was found, by its name in [the table](self). It stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// How bad it is: the same for every finding of one code.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// What to do about it.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        self.advice
    }

    /// Its place in [`JwkSet::keys`], from 0; for a member that was skipped, its place in the array it
    /// came from. `None` for a key by itself, and for what is wrong with the set.
    #[must_use]
    pub const fn index(&self) -> Option<usize> {
        self.index
    }

    /// The name of the key, cut at 64 octets; not that of a shared key whose name tells of the secret.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.severity, self.code, self.advice)?;
        // A name is shown with escapes: it may hold what moves a terminal's cursor.
        match (self.index, &self.kid) {
            (None, None) => Ok(()),
            (Some(index), None) => write!(f, " (key {index})"),
            (None, Some(kid)) => write!(f, " (kid {kid:?})"),
            (Some(index), Some(kid)) => write!(f, " (key {index}, kid {kid:?})"),
        }
    }
}

impl Jwk {
    /// What to look at in this key; see [`lint`](self) for the codes.
    ///
    /// Checks that take arithmetic are made by `backend`, as in
    /// [`check_consistency`](Self::check_consistency): for a long RSA key without primes they take
    /// seconds.
    #[must_use]
    pub fn lint(&self, exposure: Exposure, backend: &dyn Backend) -> Vec<Finding> {
        let mut report = Report::default();
        report.key(self, None, exposure, backend);
        report.findings
    }
}

impl JwkSet {
    /// What to look at in these keys, each by itself and all of them together; see
    /// [`lint`](super::lint) for the codes.
    ///
    /// Findings are in the order of the keys, then come those about skipped members, then those about
    /// the whole set.
    #[must_use]
    pub fn lint(&self, exposure: Exposure, backend: &dyn Backend) -> Vec<Finding> {
        let mut report = Report::default();
        let served = served_by_namesakes(self);
        for (index, jwk) in self.iter().enumerate() {
            report.key(jwk, Some(index), exposure, backend);
            if jwk.kid().is_none() {
                report.add(&Check::MISSING_KID);
            }
            let namesakes = self.iter().zip(&served).take(index);
            let namesakes =
                namesakes.filter(|(other, _)| other.kid().is_some() && other.kid() == jwk.kid());
            let own = served.get(index).copied().unwrap_or_default();
            let ambiguous =
                |other: &[u64; 2]| own.iter().zip(other).any(|(own, other)| own & other != 0);
            match namesakes.map(|(_, served)| ambiguous(served)).max() {
                Some(true) => report.add(&Check::DUPLICATE_KID),
                Some(false) => report.add(&Check::REUSED_KID),
                None => {}
            }
        }
        for skipped in self.skipped() {
            report.of(Some(skipped.index()), skipped.kid().map(excerpt));
            report.add(&Check::SKIPPED);
        }
        report.of(None, None);
        let any = |kind: fn(&Jwk) -> bool| self.iter().any(kind);
        if any(is_shared) && any(is_pair) {
            report.add(&Check::MIXED_SET);
        }
        if any(|jwk| is_pair(jwk) && jwk.is_private()) && any(|jwk| !jwk.is_private()) {
            report.add(&Check::MIXED_HALVES);
        }
        report.findings
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;
    use alloc::format;
    use alloc::string::ToString;
    use alloc::vec;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::octets::algorithms_of;
    use super::report::algorithms;
    use super::*;
    use crate::base64url;
    use crate::crypto::{CryptoError, PrivateHalf};
    use crate::error::KeyError;
    use crate::jwa::{Alg, ContentEncryption, Hash};
    use crate::jwk::Params;
    use crate::jwk::set::serves;

    /// Hashes by adding up, and finds private halves that begin with an odd octet inconsistent.
    #[derive(Debug)]
    struct Stub;

    impl Backend for Stub {
        fn name(&self) -> &'static str {
            "stub"
        }

        fn complete(&self, key: PrivateHalf<'_>) -> Result<Params, KeyError> {
            match key {
                PrivateHalf::Ec { d, .. } if d.expose_secret()[0] & 1 == 1 => {
                    Err(KeyError::Inconsistent)
                }
                _ => Err(KeyError::Unsupported { what: "private keys" }),
            }
        }

        fn check_public(&self, _: &Params) -> Result<(), KeyError> {
            Ok(())
        }

        fn digest(&self, _: Hash, parts: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
            for (index, octet) in parts.iter().copied().flatten().enumerate() {
                let place = index % out.len();
                out[place] = out[place].rotate_left(3) ^ octet;
            }
            Ok(())
        }

        fn random(&self, _: &mut [u8]) -> Result<(), CryptoError> {
            Err(CryptoError::default())
        }
    }

    fn jwk(json: &Value) -> Jwk {
        json.to_string().parse().unwrap_or_else(|error| panic!("{error}: {json}"))
    }

    /// Octets without a pattern.
    fn octets(len: usize) -> Vec<u8> {
        noise(7, len)
    }

    pub(super) fn noise(seed: u64, len: usize) -> Vec<u8> {
        let next = |state: &u64| {
            Some(
                state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407),
            )
        };
        let states = core::iter::successors(Some(seed), next);
        states.skip(9).take(len).map(|state: u64| state.to_be_bytes()[0]).collect()
    }

    fn text(octets: impl AsRef<[u8]>) -> String {
        base64url::encode(octets.as_ref())
    }

    fn hex(octets: &[u8]) -> String {
        let digits = octets.iter().flat_map(|octet| [octet >> 4, octet & 15]);
        digits
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .collect::<String>()
            .to_uppercase()
    }

    fn oct(k: impl AsRef<[u8]>, more: &Value) -> Value {
        with(&json!({"kty": "oct", "use": "sig", "k": text(k)}), more)
    }

    fn with(key: &Value, more: &Value) -> Value {
        let mut members = key.as_object().unwrap().clone();
        members.extend(more.as_object().unwrap().clone());
        members.retain(|_, value| !value.is_null());
        Value::Object(members)
    }

    fn ec(more: &Value) -> Value {
        let point = json!({
            "kty": "EC", "crv": "P-256", "x": text(octets(32)), "y": text(octets(32)), "use": "sig",
            "alg": "ES256"
        });
        with(&point, more)
    }

    fn rsa(bits: usize, more: &Value) -> Value {
        let mut n = octets(bits / 8);
        n[0] |= 0x80;
        *n.last_mut().unwrap() |= 1;
        let key = json!({"kty": "RSA", "n": text(n), "e": "AQAB", "use": "sig", "alg": "PS256"});
        with(&key, more)
    }

    fn codes(findings: &[Finding]) -> Vec<&str> {
        findings.iter().map(Finding::code).collect()
    }

    /// A key, who can read it, and all that is found in it.
    type Case = (Value, Exposure, Vec<&'static str>);

    fn keys() -> impl Iterator<Item = Case> {
        secrets_and_numbers().into_iter().chain(purposes())
    }

    fn secrets_and_numbers() -> Vec<Case> {
        use Exposure::{Private, Published};
        let k = octets(32);
        let hs = json!({"alg": "HS256"});
        let stub = jwk(&oct(&k, &hs));
        let thumbprint = stub.thumbprint(Hash::Sha256, &Stub).unwrap();
        let long = stub.thumbprint_uri(Hash::Sha512, &Stub).unwrap();
        let odd = text([[3; 1].as_slice(), &octets(31)].concat());
        let even = text([[2; 1].as_slice(), &octets(31)].concat());
        let counting: Vec<u8> = (0..32_u8).map(|octet| octet.wrapping_mul(9)).collect();
        let mut even_n = octets(256);
        even_n[0] |= 0x80;
        *even_n.last_mut().unwrap() &= 0xFE;
        vec![
            (oct(&k, &hs), Private, vec![]),
            (ec(&json!({})), Published, vec![]),
            (rsa(3072, &json!({})), Published, vec![]),
            (oct(&k, &hs), Published, vec!["oct-published"]),
            (ec(&json!({"d": even})), Published, vec!["private-published", "unchecked"]),
            (
                json!({"kty": "LWE", "d": "AQ"}),
                Published,
                vec!["private-published", "unknown-kty", "missing-use"],
            ),
            (json!({"kty": "LWE", "d": "AQ"}), Private, vec!["unknown-kty", "missing-use"]),
            (ec(&json!({"k": "AQ"})), Published, vec!["stray-private"]),
            (oct(&k, &json!({"alg": "HS256", "d": "AQ"})), Private, vec!["stray-private"]),
            (oct(&k, &with(&hs, &json!({"kid": thumbprint}))), Private, vec!["kid-tells-secret"]),
            (oct(&k, &with(&hs, &json!({"kid": long}))), Private, vec!["kid-tells-secret"]),
            (oct(&k, &with(&hs, &json!({"kid": text(&k)}))), Private, vec!["kid-tells-secret"]),
            (oct(&k, &with(&hs, &json!({"kid": hex(&k)}))), Private, vec!["kid-tells-secret"]),
            (
                oct(octets(16), &json!({"use": null})),
                Private,
                vec!["unbound-oct", "missing-alg", "missing-use"],
            ),
            (oct(octets(20), &json!({})), Private, vec!["oct-size", "missing-alg"]),
            (
                oct(octets(1), &json!({"use": "enc", "alg": "PBES2-HS256+A128KW"})),
                Private,
                vec!["short-password"],
            ),
            (oct(b"correct horse battery staple, 42", &hs), Private, vec!["weak-oct-text"]),
            (
                oct(
                    b"correct horse battery staple, 42",
                    &json!({"use": "enc", "alg": "PBES2-HS256+A128KW"}),
                ),
                Private,
                vec![],
            ),
            (oct([7; 32], &hs), Private, vec!["weak-oct-repetition"]),
            (
                oct([&k[..15], &k[..15], &k[..2]].concat(), &hs),
                Private,
                vec!["weak-oct-repetition"],
            ),
            (oct(counting, &hs), Private, vec!["weak-oct-sequence"]),
            (
                oct(k.iter().map(|octet| octet & 0x07).collect::<Vec<_>>(), &hs),
                Private,
                vec!["weak-oct-values"],
            ),
            (ec(&json!({"d": odd})), Private, vec!["inconsistent"]),
            (ec(&json!({"x": text([0; 32]), "y": text([0; 32])})), Published, vec!["inconsistent"]),
            (
                json!({"kty": "OKP", "crv": "Ed25519", "x": text([0; 32]), "alg": "Ed25519", "use": "sig"}),
                Published,
                vec!["weak-key"],
            ),
            (rsa(2048, &json!({})), Published, vec!["rsa-short"]),
            (rsa(1024, &json!({})), Published, vec!["rsa-short", "rsa-size"]),
            (rsa(3072, &json!({"n": text(even_n)})), Published, vec!["rsa-short", "rsa-size"]),
            (rsa(3072, &json!({"e": "AQ"})), Published, vec!["rsa-exponent"]),
        ]
    }

    fn purposes() -> Vec<Case> {
        use Exposure::{Private, Published};
        let k = octets(32);
        vec![
            (ec(&json!({"alg": null})), Published, vec!["missing-alg"]),
            (ec(&json!({"use": null})), Published, vec!["missing-use"]),
            (ec(&json!({"alg": "ES257"})), Published, vec!["unknown-alg"]),
            (ec(&json!({"use": "tls"})), Published, vec!["use-alg", "unknown-use"]),
            (ec(&json!({"alg": "ES384"})), Published, vec!["alg-type"]),
            (ec(&json!({"alg": "RS256"})), Published, vec!["alg-type"]),
            (ec(&json!({"alg": "ECDH-ES"})), Published, vec!["use-alg"]),
            (ec(&json!({"use": "enc"})), Published, vec!["use-alg"]),
            (ec(&json!({"use": null, "key_ops": ["sign"]})), Published, vec!["key-ops-alg"]),
            (ec(&json!({"use": null, "key_ops": ["verify"]})), Published, vec![]),
            (
                oct(&k, &json!({"alg": "HS256", "use": null, "key_ops": ["verify"]})),
                Private,
                vec![],
            ),
            (ec(&json!({"key_ops": ["verify"]})), Published, vec!["use-and-key-ops"]),
            (
                ec(&json!({"key_ops": ["verify", "wrapKey"]})),
                Published,
                vec!["use-and-key-ops", "use-key-ops"],
            ),
            (
                ec(&json!({"use": "enc", "alg": "ES256", "key_ops": ["sign"]})),
                Published,
                vec!["use-alg", "key-ops-alg", "use-and-key-ops", "use-key-ops"],
            ),
            (rsa(3072, &json!({"use": "enc", "alg": "RSA1_5"})), Published, vec!["alg-deprecated"]),
            (
                json!({"kty": "OKP", "crv": "Ed25519", "x": text(octets(32)), "alg": "EdDSA", "use": "sig"}),
                Published,
                vec!["alg-renamed"],
            ),
            (oct(&k, &json!({"alg": "HS512"})), Private, vec!["alg-size"]),
            (oct(&k, &json!({"alg": "A128KW", "use": "enc"})), Private, vec!["alg-size"]),
            (oct(&k, &json!({"alg": "A128GCM", "use": "enc"})), Private, vec!["alg-size"]),
            (oct(&k, &json!({"alg": "A256GCM", "use": "enc"})), Private, vec![]),
            (oct(&k, &json!({"alg": "A256GCM", "enc": "A256GCM", "use": "enc"})), Private, vec![]),
            (
                oct(&k, &json!({"alg": "A256GCM", "enc": "A128CBC-HS256", "use": "enc"})),
                Private,
                vec!["alg-enc"],
            ),
            (oct(&k, &json!({"alg": "dir", "use": "enc"})), Private, vec!["alg-enc"]),
            (oct(&k, &json!({"alg": "dir", "enc": "A256GCM", "use": "enc"})), Private, vec![]),
            (
                oct(&k, &json!({"alg": "dir", "enc": "A128GCM", "use": "enc"})),
                Private,
                vec!["alg-size"],
            ),
            (
                oct(&k, &json!({"alg": "dir", "enc": "A512GCM", "use": "enc"})),
                Private,
                vec!["unknown-alg"],
            ),
            (oct(octets(64), &json!({"alg": "dir", "use": "enc"})), Private, vec![]),
            (oct(octets(20), &json!({"alg": "dir", "use": "enc"})), Private, vec!["alg-size"]),
            (ec(&json!({"x5t": text([1; 20])})), Published, vec!["x5t-alone"]),
            (ec(&json!({"x5c": ["AQID"]})), Published, vec!["x5c-key"]),
            (
                ec(&json!({"x5c": ["AQID"], "x5t#S256": text([1; 32])})),
                Published,
                vec!["x5c-key", "x5t-x5c"],
            ),
            (ec(&json!({"x5t": text([1; 20]), "x5t#S256": text([1; 32])})), Published, vec![]),
        ]
    }

    /// Keys of a set, and all that is found in it and where.
    type SetCase = (Value, Vec<(&'static str, Option<usize>)>);

    fn sets() -> Vec<SetCase> {
        let k = octets(32);
        let named = |kid: &str| ec(&json!({"kid": kid}));
        let hs = |kid: &str| oct(&k, &json!({"alg": "HS256", "kid": kid}));
        let wrapping = oct(octets(32), &json!({"alg": "A256KW", "kid": "a", "use": "enc"}));
        let private = ec(&json!({"kid": "b", "d": text([&[2][..], &octets(31)].concat())}));
        vec![
            (json!([named("a"), named("b")]), vec![]),
            (json!([named("a"), ec(&json!({}))]), vec![("missing-kid", Some(1))]),
            (
                json!([named("a"), named("b"), named("a"), named("a")]),
                vec![("duplicate-kid", Some(2)), ("duplicate-kid", Some(3))],
            ),
            (json!([hs("a"), wrapping]), vec![("reused-kid", Some(1))]),
            (
                json!([ec(&json!({"alg": "ECDH-ES", "use": "enc", "kid": "a"})), named("a")]),
                vec![("reused-kid", Some(1))],
            ),
            (
                json!([ec(&json!({"alg": null, "kid": "a"})), named("a")]),
                vec![("missing-alg", Some(0)), ("duplicate-kid", Some(1))],
            ),
            (json!([hs("a"), named("b")]), vec![("mixed-set", None)]),
            (
                json!([hs("a"), {"kty": "LWE", "use": "x", "kid": "b"}]),
                vec![("unknown-kty", Some(1)), ("unknown-use", Some(1))],
            ),
            (json!([named("a"), private]), vec![("unchecked", Some(1)), ("mixed-halves", None)]),
            // A private key and its public half are each found by those who look for them.
            (
                json!([ec(&json!({"kid": "b"})), private]),
                vec![("unchecked", Some(1)), ("reused-kid", Some(1)), ("mixed-halves", None)],
            ),
            (json!([named("a"), {"kty": "EC", "kid": "broken"}]), vec![("skipped", Some(1))]),
            (json!([]), vec![]),
        ]
    }

    #[test]
    fn each_key_has_its_findings_and_no_others() {
        for (json, exposure, expected) in keys() {
            let found = jwk(&json).lint(exposure, &Stub);
            assert_eq!(codes(&found), expected, "{exposure:?}: {json}");
        }
    }

    #[test]
    fn each_set_has_its_findings_and_no_others() {
        for (keys, expected) in sets() {
            let set: JwkSet = json!({"keys": keys}).to_string().parse().unwrap();
            let found = set.lint(Exposure::Private, &Stub);
            let found: Vec<_> = found.iter().map(|found| (found.code(), found.index())).collect();
            assert_eq!(found, expected, "{keys}");
        }
    }

    #[test]
    fn the_table_names_every_code_that_is_found_and_no_other() {
        let source = include_str!("mod.rs");
        // Rows of three cells, as those of the table of codes are.
        let rows = source.lines().filter_map(|line| line.strip_prefix("//! | `"));
        let rows =
            rows.map(|row| row.split(" | ").collect::<Vec<_>>()).filter(|row| row.len() == 3);
        let table: Vec<_> = rows.map(|row| (row[0].trim_matches('`'), row[1])).collect();
        let mut found = BTreeMap::new();
        for (json, exposure, _) in keys() {
            for finding in jwk(&json).lint(exposure, &Stub) {
                found.insert(finding.code(), finding.severity().name());
            }
        }
        for (keys, _) in sets() {
            let set: JwkSet = json!({"keys": keys}).to_string().parse().unwrap();
            for finding in set.lint(Exposure::Private, &Stub) {
                found.insert(finding.code(), finding.severity().name());
            }
        }
        assert_eq!(found.into_iter().collect::<Vec<_>>(), table);
    }

    #[test]
    fn every_length_has_its_algorithms() {
        for len in 0..200 {
            let Some(advice) = algorithms_of(len) else {
                let key = oct(octets(len.max(1)), &json!({}));
                let serves = |alg: &Alg| serves(&jwk(&key), *alg) != [false; 2];
                // Anything of any length, once it says how.
                let other: Vec<_> = algorithms().filter(serves).collect();
                assert_eq!(other, [], "{len}");
                continue;
            };
            let key = jwk(&with(&oct(octets(len), &json!({})), &json!({"use": null})));
            let served =
                algorithms().chain(ContentEncryption::ALL.iter().map(|enc| Alg::from(*enc)));
            for alg in served.filter(|alg| alg.name() != "dir") {
                let (yes, no) = advice.split_once(';').unwrap_or((advice, ""));
                let named = yes.split([' ', ',']).any(|word| word == alg.name());
                assert_eq!(named, serves(&key, alg) != [false; 2], "{len}: {alg}: {advice}{no}");
            }
        }
    }

    #[test]
    fn a_finding_is_one_line_and_an_object() {
        let key = with(&oct([7; 32], &json!({"alg": "HS256"})), &json!({"kid": "a\u{202e}\"b"}));
        let set = JwkSet::new([jwk(&key)]);
        let [found] = &set.lint(Exposure::Private, &Stub)[..] else { panic!() };
        assert_eq!(
            found.to_string(),
            "error: weak-oct-repetition: replace the key by a random one: it repeats a pattern \
             (key 0, kid \"a\\u{202e}\\\"b\")"
        );
        let json = serde_json::to_value(found).unwrap();
        assert_eq!(
            json,
            json!({
                "code": "weak-oct-repetition", "severity": "error", "index": 0, "kid": "a\u{202e}\"b",
                "advice": "replace the key by a random one: it repeats a pattern"
            })
        );
        let alone = jwk(&with(&key, &json!({"kid": null}))).lint(Exposure::Private, &Stub);
        assert!(alone[0].to_string().ends_with("it repeats a pattern"), "{}", alone[0]);
        assert_eq!(serde_json::to_value(&alone[0]).unwrap()["index"], Value::Null);
    }

    #[test]
    fn a_name_is_cut_and_one_that_tells_is_left_out() {
        let long = "x".repeat(1000);
        let found = jwk(&oct([7; 32], &json!({"alg": "HS256", "kid": long})));
        let found = found.lint(Exposure::Private, &Stub);
        assert_eq!(found[0].kid().map(str::len), Some(64));
        let secret = text([7; 32]);
        for found in jwk(&oct([7; 32], &json!({"kid": secret}))).lint(Exposure::Published, &Stub) {
            assert_eq!(found.kid(), None, "{found}");
        }
    }

    #[test]
    fn severities_compare() {
        assert!(Severity::Note < Severity::Warning && Severity::Warning < Severity::Error);
    }

    proptest! {
        #[test]
        fn what_is_found_shows_no_key_material(k in proptest::collection::vec(1_u8..9, 20..40)) {
            let key = json!({"alg": "HS256", "kid": text(&k), "d": text(&k)});
            for found in jwk(&oct(&k, &key)).lint(Exposure::Published, &Stub) {
                let shown = format!("{found} {found:?}");
                prop_assert!(!shown.contains(&text(&k)), "{}", shown);
            }
        }
    }
}
