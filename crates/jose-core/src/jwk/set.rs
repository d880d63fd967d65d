//! JWK Sets (RFC 7517 §5).

use alloc::string::String;
use alloc::vec::Vec;
use core::str::FromStr;

use super::{Jwk, KeyUse, Params};
use crate::SecretBytes;
use crate::error::{ParseError, Rule, Subject};
use crate::json::{self, Object};
use crate::jwa::{
    Alg, ContentEncryption, KeyManagementAlgorithm, Purpose, bind_key_management, bind_signature,
    is_encryption_key,
};
use crate::limits::Limits;
use crate::member;

/// A set of keys, in the order they were given.
///
/// A member that cannot be read never spoils the others: it is left out and reported by
/// [`skipped`](Self::skipped). A key of unknown type is no such member, it is kept as it came.
///
/// ```
/// use jose_core::JwkSet;
///
/// let set: JwkSet = r#"{"keys":[
///     {"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
///     {"kty":"EC","crv":"P-256","kid":"broken"},
///     {"kty":"from-the-future"}
/// ]}"#.parse()?;
/// assert_eq!(set.keys().len(), 2);
/// assert_eq!(set.skipped()[0].index(), 1);
/// # Ok::<(), jose_core::error::ParseError>(())
/// ```
///
/// Keys are found by their name, by their use, by what they may serve, or by any condition:
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = jose_rustcrypto::BACKEND;
/// use jose_core::{Alg, Jwk, JwkSet};
///
/// let mut set = JwkSet::new([Jwk::generate(Alg::ES256, backend)?.with_kid("2026-10")]);
/// set.push(Jwk::generate(Alg::HS256, backend)?.with_kid("internal"));
/// set.merge(JwkSet::new([Jwk::generate(Alg::ES256, backend)?.with_kid("2026-11")]));
///
/// assert_eq!(set.only("2026-11").and_then(Jwk::alg), Some("ES256"));
/// assert_eq!(set.for_alg(Alg::ES256).count(), 2);
/// assert_eq!(set.iter().filter(|jwk| jwk.kty() == "oct").count(), 1);
/// assert_eq!(set.to_public().keys().len(), 2); // the shared key stays here
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct JwkSet {
    keys: Vec<Jwk>,
    skipped: Vec<SkippedJwk>,
}

/// A member of a JWK Set that was left out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SkippedJwk {
    index: usize,
    kid: Option<String>,
    error: ParseError,
}

impl SkippedJwk {
    /// Its place in the `keys` array, from 0.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// Its `kid`, where that much could be read.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Why it was left out.
    #[must_use]
    pub const fn error(&self) -> ParseError {
        self.error
    }
}

impl JwkSet {
    /// A set of these keys.
    #[must_use]
    pub fn new(keys: impl Into<Vec<Jwk>>) -> Self {
        Self { keys: keys.into(), skipped: Vec::new() }
    }

    /// Reads a set from the octets of a JSON object with a `keys` array.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if the outermost structure is not such an object, or longer than the
    /// default [`Limits`] allow. Never for what is wrong with one key.
    pub fn from_json(octets: impl AsRef<[u8]>) -> Result<Self, ParseError> {
        Self::from_json_within(octets, &Limits::DEFAULT)
    }

    /// As [`from_json`](Self::from_json), with ceilings of the caller's choice.
    ///
    /// # Errors
    ///
    /// As [`from_json`](Self::from_json).
    pub fn from_json_within(octets: impl AsRef<[u8]>, limits: &Limits) -> Result<Self, ParseError> {
        Self::read(octets.as_ref(), limits).map_err(|rule| rule.of(Subject::JwkSet))
    }

    fn read(octets: &[u8], limits: &Limits) -> Result<Self, Rule> {
        if octets.len() > limits.jwk_set {
            return Err(Rule::TooLong { limit: limits.jwk_set });
        }
        // As deep as can be: a key that is nested too deep is left out by its own scan below.
        let object = Object::parse_outermost(json::text(octets)?, Limits::MAX_DEPTH)?;
        let keys = object.get("keys").ok_or(Rule::Missing { member: "keys" })?;
        let elements = json::elements(keys, limits.jwk_set_keys)
            .ok_or(Rule::Type { member: "keys", expected: "an array" })?;
        let mut set = Self::default();
        for (index, json) in elements.into_iter().enumerate() {
            if index >= limits.jwk_set_keys {
                // Told once: a list of all would be longer than what it stands for.
                let error = Rule::TooMany { limit: limits.jwk_set_keys }.of(Subject::JwkSet);
                set.skipped.push(SkippedJwk { index, kid: None, error });
                break;
            }
            let read = Object::parse(json, limits.header_depth)
                .map_err(|rule| (None, rule))
                .and_then(|object| {
                    let kid = || object.read("kid", member::text).ok().flatten();
                    Jwk::from_object(&object).map_err(|rule| (kid(), rule))
                });
            match read {
                Ok(jwk) => set.keys.push(jwk),
                Err((kid, rule)) => {
                    set.skipped.push(SkippedJwk { index, kid, error: rule.of(Subject::Jwk) });
                }
            }
        }
        Ok(set)
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &[Jwk] {
        &self.keys
    }

    /// How many keys there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The members that were left out when the set was read.
    #[must_use]
    pub fn skipped(&self) -> &[SkippedJwk] {
        &self.skipped
    }

    /// The keys, in order.
    pub fn iter(&self) -> core::slice::Iter<'_, Jwk> {
        self.keys.iter()
    }

    /// The keys of that name: more than one if the set repeats it.
    pub fn find<'a>(&'a self, kid: &str) -> impl Iterator<Item = &'a Jwk> {
        self.keys.iter().filter(move |jwk| jwk.kid() == Some(kid))
    }

    /// The key of that name, if there is exactly one: of several, nobody can tell which is meant.
    #[must_use]
    pub fn only(&self, kid: &str) -> Option<&Jwk> {
        let mut named = self.keys.iter().filter(|jwk| jwk.kid() == Some(kid));
        named.next().filter(|_| named.next().is_none())
    }

    /// The keys that say they are for this `use` (RFC 7517 §4.2). Those that say nothing are not among
    /// them.
    pub fn for_use<'a>(&'a self, key_use: &KeyUse) -> impl Iterator<Item = &'a Jwk> {
        self.keys.iter().filter(move |jwk| jwk.key_use() == Some(key_use))
    }

    /// The keys that may serve `alg`, private or public: by type, curve and size, and by `alg`, `use`
    /// and `key_ops` where they have them. A key that names no algorithm may serve each that fits.
    ///
    /// For a content encryption algorithm, these are the keys that encrypt with it directly (`dir`). A
    /// shared key serves the PBES2 algorithms, whose key is a password, only if it says so itself.
    pub fn for_alg(&self, alg: impl Into<Alg>) -> impl Iterator<Item = &Jwk> {
        let alg = alg.into();
        self.keys.iter().filter(move |jwk| {
            let [private, public] = serves(jwk, alg);
            private || public
        })
    }

    /// Adds a key at the end.
    pub fn push(&mut self, jwk: Jwk) {
        self.keys.push(jwk);
    }

    /// Adds the keys of another set at the end, in its order, but for those that are here already.
    ///
    /// Keys that differ and have one name are both kept: which of them is meant, only their owner
    /// knows. [`lint`](Self::lint) tells of them. What was skipped in either set stays reported, with
    /// its place in the array it came from.
    pub fn merge(&mut self, other: Self) {
        for jwk in other.keys {
            if !self.keys.contains(&jwk) {
                self.keys.push(jwk);
            }
        }
        self.skipped.extend(other.skipped);
    }

    /// Drops the keys for which `keep` says no; the others stay in order.
    pub fn retain(&mut self, keep: impl FnMut(&Jwk) -> bool) {
        self.keys.retain(keep);
    }

    /// The public half of every key that has one, in order; symmetric keys and keys of unknown type
    /// are left out, and so is every member that is private in some key type.
    #[must_use]
    pub fn to_public(&self) -> Self {
        self.keys.iter().filter_map(|jwk| jwk.to_public().ok()).collect()
    }

    /// [`to_public`](Self::to_public) as JSON: what an issuer publishes.
    #[must_use]
    pub fn to_public_json(&self) -> String {
        let public = self.to_public();
        let mut out = String::new();
        public.write(&mut out);
        out
    }

    /// All keys as JSON in UTF-8, private members and all.
    #[must_use]
    pub fn expose_secret_json(&self) -> SecretBytes {
        let capacity: usize = self.keys.iter().map(|jwk| jwk.json_capacity() + 1).sum();
        let mut out = String::with_capacity(capacity + 16);
        self.write(&mut out);
        SecretBytes::new(out.into_bytes())
    }

    fn write(&self, out: &mut String) {
        out.push_str("{\"keys\":[");
        for (index, jwk) in self.keys.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            jwk.write(out);
        }
        out.push_str("]}");
    }
}

impl FromStr for JwkSet {
    type Err = ParseError;

    /// As [`from_json`](JwkSet::from_json).
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::from_json(text)
    }
}

impl FromIterator<Jwk> for JwkSet {
    fn from_iter<I: IntoIterator<Item = Jwk>>(keys: I) -> Self {
        Self { keys: keys.into_iter().collect(), skipped: Vec::new() }
    }
}

impl Extend<Jwk> for JwkSet {
    /// Adds every key at the end, even one that is here already; see [`merge`](JwkSet::merge).
    fn extend<I: IntoIterator<Item = Jwk>>(&mut self, keys: I) {
        self.keys.extend(keys);
    }
}

impl IntoIterator for JwkSet {
    type Item = Jwk;
    type IntoIter = alloc::vec::IntoIter<Jwk>;

    fn into_iter(self) -> Self::IntoIter {
        self.keys.into_iter()
    }
}

impl<'a> IntoIterator for &'a JwkSet {
    type Item = &'a Jwk;
    type IntoIter = core::slice::Iter<'a, Jwk>;

    fn into_iter(self) -> Self::IntoIter {
        self.keys.iter()
    }
}

/// Whether `jwk` may serve `alg` as a private key, and whether as a public one; a shared key is both.
pub(super) fn serves(jwk: &Jwk, alg: Alg) -> [bool; 2] {
    match alg {
        Alg::SignatureAlgorithm(alg) => [Purpose::Sign, Purpose::Verify]
            .map(|purpose| bind_signature(jwk, Some(alg), purpose).is_ok()),
        Alg::KeyManagementAlgorithm(alg) => [Purpose::Decrypt, Purpose::Encrypt].map(|purpose| {
            is_encryption_key(jwk, alg) && bind_key_management(jwk, Some(alg), purpose).is_ok()
        }),
        Alg::ContentEncryption(enc) => {
            let direct = serves(jwk, KeyManagementAlgorithm::Dir.into());
            direct.map(|direct| direct && encrypts_with(jwk, enc))
        }
    }
}

/// Whether nothing in a shared key speaks against encrypting directly with `enc`.
fn encrypts_with(jwk: &Jwk, enc: ContentEncryption) -> bool {
    let Params::Oct(oct) = jwk.params() else { return false };
    let own = jwk.alg().and_then(ContentEncryption::from_name);
    let named = jwk.other().find(|(name, _)| *name == "enc");
    let named = named.map(|(_, json)| json::unquote(json).is_some_and(|name| name == enc.name()));
    oct.k().len() == enc.key_len() && own.is_none_or(|own| own == enc) && named != Some(false)
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::string::ToString;
    use alloc::vec;

    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::super::PRIVATE_MEMBERS;
    use super::*;

    /// Key pairs and others, some with a public half; none of the private members holds together,
    /// which takes arithmetic to tell.
    fn pool() -> Vec<Value> {
        let text = |octet: u8, len| crate::base64url::encode(&vec![octet; len]);
        let secret = |len| text(0x5E, len);
        vec![
            json!({"kty": "EC", "crv": "P-256", "x": text(1, 32), "y": text(2, 32), "d": secret(32)}),
            json!({"kty": "EC", "crv": "P-521", "x": text(1, 66), "y": text(2, 66)}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": text(3, 32), "d": secret(32)}),
            json!({"kty": "OKP", "crv": "X448", "x": text(3, 56)}),
            json!({"kty": "RSA", "n": text(0x81, 256), "e": "AQAB", "d": secret(256)}),
            json!({
                "kty": "RSA", "n": text(0x81, 256), "e": "AQAB", "d": secret(256), "p": secret(128),
                "q": secret(128), "dp": secret(128), "dq": secret(128), "qi": secret(128)
            }),
            json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": text(4, 1312), "priv": secret(32)}),
            json!({"kty": "oct", "k": secret(32)}),
            json!({"kty": "from-the-future", "k": secret(32), "x": secret(5)}),
            json!({"kty": "EC", "crv": "from-the-future", "x": text(1, 9), "d": secret(9)}),
        ]
    }

    fn jwk(json: &Value) -> Jwk {
        json.to_string().parse().unwrap()
    }

    fn named(octet: u8, kid: &str) -> Jwk {
        Jwk::from_secret_octets([octet; 32]).unwrap().with_kid(kid)
    }

    fn kids(set: &JwkSet) -> Vec<&str> {
        set.iter().filter_map(Jwk::kid).collect()
    }

    proptest! {
        #[test]
        fn what_is_published_has_no_secret_and_keeps_its_order(
            picked in proptest::collection::vec(
                (0_usize..10, any::<bool>(), proptest::collection::vec(0_usize..9, 0..3)), 0..12),
        ) {
            let pool = pool();
            let mut keys = Vec::new();
            let mut expected = Vec::new();
            for (index, (pick, harmless, stray)) in picked.into_iter().enumerate() {
                let mut members: Map<String, Value> = pool[pick].as_object().unwrap().clone();
                for name in stray {
                    members.entry(PRIVATE_MEMBERS[name]).or_insert_with(|| json!("XkNldA"));
                }
                if harmless {
                    members.insert("tenant".into(), json!({"d": index}));
                }
                members.insert("kid".into(), json!(index.to_string()));
                // RSA takes its primes together or not at all, and `oth` never.
                let Ok(jwk) = Value::Object(members).to_string().parse::<Jwk>() else { continue };
                if pick < 7 {
                    expected.push(index.to_string());
                }
                keys.push(jwk);
            }
            let set = JwkSet::new(keys);
            let text = set.to_public_json();
            let json: Value = serde_json::from_str(&text).unwrap();
            for key in json["keys"].as_array().unwrap() {
                let names: BTreeSet<_> = key.as_object().unwrap().keys().collect();
                prop_assert!(PRIVATE_MEMBERS.iter().all(|name| !names.contains(&name.to_string())));
            }
            prop_assert!(!text.contains("Xl5e") && !text.contains("XkNldA"), "a secret's octets");
            let public: JwkSet = text.parse().unwrap();
            prop_assert_eq!(kids(&public), expected);
            prop_assert_eq!(set.to_public_json(), &*text, "the same again");
            prop_assert_eq!(public.to_public_json(), &*text, "nothing more to leave out");
        }

        #[test]
        fn merging_keeps_the_order_and_repeats_nothing(
            ours in proptest::collection::vec(0_u8..6, 0..6),
            theirs in proptest::collection::vec(0_u8..6, 0..6),
        ) {
            let set = |octets: &[u8]| octets.iter().map(|octet| named(*octet, "k")).collect();
            let mut merged: JwkSet = set(&ours);
            merged.merge(set(&theirs));
            let mut expected = ours.clone();
            for octet in theirs {
                if !expected.contains(&octet) {
                    expected.push(octet);
                }
            }
            let expected: JwkSet = set(&expected);
            prop_assert_eq!(merged.keys(), expected.keys());
        }
    }

    #[test]
    fn keys_that_differ_and_have_one_name_are_both_kept() {
        let mut set = JwkSet::new([named(1, "k"), named(2, "l")]);
        set.merge(JwkSet::new([named(3, "k"), named(2, "l"), named(2, "m")]));
        assert_eq!(kids(&set), ["k", "l", "k", "m"]);
        assert_eq!(set.find("k").count(), 2);
        assert_eq!(set.only("k"), None, "two of them");
        assert_eq!(set.only("l"), Some(&named(2, "l")));
        assert_eq!(set.only("x"), None);
    }

    #[test]
    fn what_was_skipped_stays_reported() {
        let mut set: JwkSet = r#"{"keys":[1]}"#.parse().unwrap();
        set.merge(r#"{"keys":[{"kty":"x"},{"kty":"EC","kid":"broken"}]}"#.parse().unwrap());
        let skipped: Vec<_> = set.skipped().iter().map(|jwk| (jwk.index(), jwk.kid())).collect();
        assert_eq!(skipped, [(0, None), (1, Some("broken"))]);
    }

    #[test]
    fn a_set_is_walked_filled_and_thinned() {
        let mut set = JwkSet::default();
        set.push(named(1, "a"));
        set.extend([named(2, "b"), named(2, "b"), named(3, "c")]);
        assert_eq!(kids(&set), ["a", "b", "b", "c"], "`extend` takes what it is given");
        set.retain(|jwk| jwk.kid() != Some("a"));
        let again: JwkSet =
            (&set).into_iter().filter(|jwk| jwk.kid() == Some("b")).cloned().collect();
        assert_eq!(kids(&again), ["b", "b"]);
        assert_eq!(set.into_iter().count(), 3);
    }

    #[test]
    fn keys_are_found_by_the_use_they_name() {
        let sig = named(1, "sig").with_use(KeyUse::Sig);
        let other = named(2, "other").with_use(KeyUse::Other("tls".into()));
        let set = JwkSet::new([sig.clone(), named(3, "none"), other.clone()]);
        let used = |key_use: KeyUse| set.for_use(&key_use).cloned().collect::<Vec<_>>();
        assert_eq!(used(KeyUse::Sig), [sig]);
        assert_eq!(used(KeyUse::Enc), []);
        assert_eq!(used(KeyUse::Other("tls".into())), [other]);
    }

    #[test]
    fn keys_are_found_by_what_they_may_serve() {
        let pair = pool().swap_remove(0);
        let with = |key: &Value, extra: Value| {
            let mut members = key.as_object().unwrap().clone();
            members.extend(extra.as_object().unwrap().clone());
            jwk(&Value::Object(members))
        };
        let oct = |len: usize, extra: Value| {
            with(&json!({"kty": "oct", "k": crate::base64url::encode(&vec![7; len])}), extra)
        };
        let serves = |jwk: &Jwk, alg: Alg| JwkSet::new([jwk.clone()]).for_alg(alg).count() == 1;
        for (key, yes, no) in [
            (with(&pair, json!({})), "ES256 ECDH-ES ECDH-ES+A128KW", "ES384 ES256K HS256 dir"),
            (with(&pair, json!({"use": "sig"})), "ES256", "ECDH-ES"),
            (with(&pair, json!({"use": "enc"})), "ECDH-ES", "ES256"),
            (with(&pair, json!({"alg": "ES256"})), "ES256", "ECDH-ES"),
            (with(&pair, json!({"key_ops": ["deriveBits"]})), "ECDH-ES", "ES256"),
            (with(&pair, json!({"key_ops": ["verify"]})), "", "ES256"),
            (jwk(&pool()[2]), "EdDSA Ed25519", "Ed448 ECDH-ES"),
            (jwk(&pool()[3]), "ECDH-ES", "EdDSA"),
            (jwk(&pool()[5]), "RS256 PS512 RSA-OAEP RSA1_5", "ES256"),
            (
                oct(16, json!({})),
                "A128KW A128GCMKW A128GCM dir",
                "HS256 A256GCM PBES2-HS256+A128KW",
            ),
            (oct(32, json!({})), "HS256 A256KW A256GCM A128CBC-HS256 dir", "HS384 A128KW A128GCM"),
            (oct(64, json!({})), "HS256 HS512 A256CBC-HS512 dir", "A256KW A256GCM"),
            (oct(32, json!({"alg": "A256GCM"})), "A256GCM dir", "HS256 A128CBC-HS256 A256KW"),
            (oct(16, json!({"alg": "A256GCM"})), "", "A256GCM A128GCM"),
            (oct(32, json!({"alg": "dir", "enc": "A256GCM"})), "dir A256GCM", "A128CBC-HS256"),
            (oct(32, json!({"alg": "dir", "enc": 7})), "dir", "A256GCM A128CBC-HS256"),
            (oct(9, json!({"alg": "PBES2-HS256+A128KW"})), "PBES2-HS256+A128KW", "HS256 dir"),
            (oct(32, json!({"key_ops": ["verify"]})), "HS256", "A256KW dir"),
            (jwk(&pool()[6]), "", "ES256 EdDSA ECDH-ES"),
            (jwk(&pool()[8]), "", "HS256 dir"),
        ] {
            for (names, expected) in [(yes, true), (no, false)] {
                for alg in names.split_whitespace().map(|name| Alg::from_name(name).unwrap()) {
                    assert_eq!(serves(&key, alg), expected, "{alg}: {key:?}");
                }
            }
        }
    }
}
