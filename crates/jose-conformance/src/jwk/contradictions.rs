//! Numbers that are no RSA key, or not one: in a file and as JWK they meet the same end (RFC 8017 §3,
//! NIST SP 800-56B §6.4).

use jose_core::error::KeyError;
use jose_core::jwa::{Alg, KeyManagementAlgorithm, SignatureAlgorithm};
use jose_core::jwe::{DecryptionKey, EncryptionKey};
use jose_core::jwk::{ImportError, Imported, Params, Rsa, RsaPrivate};
use jose_core::jws::{SigningKey, VerifyingKey};
use jose_core::{Jwk, base64url};
use serde_json::{Map, Value, json};

use super::der::*;
use super::files::{self, detect, json, key};
use super::malformed::refused;
use crate::Subject;
use KeyManagementAlgorithm as K;
use SignatureAlgorithm as S;

const MEMBERS: [&str; 8] = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];

/// The numbers of an RSA key by their members, big-endian.
#[derive(Clone)]
struct Numbers([Vec<u8>; 8]);

impl Numbers {
    fn of(name: &str) -> Self {
        let members = json(&key(name));
        let octets = |member| base64url::decode(members[member].as_str().unwrap().as_bytes());
        Self(MEMBERS.map(|member| octets(member).unwrap()))
    }

    fn get(&self, member: &str) -> &[u8] {
        &self.0[MEMBERS.iter().position(|own| *own == member).unwrap()]
    }

    fn with(&self, member: &str, number: &[u8]) -> Self {
        let mut numbers = self.clone();
        numbers.0[MEMBERS.iter().position(|own| *own == member).unwrap()] = number.into();
        numbers
    }

    fn swapped(&self, one: &str, other: &str) -> Self {
        self.with(one, self.get(other)).with(other, self.get(one))
    }

    /// As JWK, of the first so many members.
    fn jwk(&self, members: usize) -> Jwk {
        let mut jwk = Map::from_iter([("kty".into(), json!("RSA"))]);
        for (member, number) in MEMBERS.into_iter().zip(&self.0).take(members) {
            let zeros = number.iter().take_while(|octet| **octet == 0).count();
            let number = if zeros == number.len() { &[0][..] } else { &number[zeros..] };
            jwk.insert(member.into(), json!(base64url::encode(number)));
        }
        Jwk::from_json(Value::Object(jwk).to_string()).unwrap()
    }

    /// In every format that has a place for a private key.
    fn private_keys(&self, subject: &Subject) -> Vec<Result<Jwk, KeyError>> {
        let backend = subject.backend();
        let mut der = VERSION_0.to_vec();
        der.extend(self.0.iter().flat_map(|number| integer(number)));
        let pkcs1 = sequence(&[&der]);
        let pkcs8 = pkcs8(&algorithm(RSA, NULL), &pkcs1);
        let files = [
            Jwk::from_pkcs1_der(&pkcs1, backend),
            Jwk::from_pkcs8_der(&pkcs8, backend),
            detect(&pkcs1, backend).and_then(Imported::into_jwk),
            detect(&pkcs8, backend).and_then(Imported::into_jwk),
        ];
        let mut all: Vec<_> = files.into_iter().map(key_error).collect();
        let jwk = self.jwk(8);
        all.push(jwk.check_consistency(backend).map(|()| jwk.clone()));
        all.push(jwk.complete(backend));
        let signing = jwk.clone().with_alg(S::RS256).unwrap();
        all.extend(handled(&signing, SigningKey::from_jwk(&signing, backend), subject));
        all
    }

    /// The public half, in every format that has a place for one.
    fn public_keys(&self, subject: &Subject) -> Vec<Result<Jwk, KeyError>> {
        let backend = subject.backend();
        let pkcs1 = sequence(&[&integer(&self.0[0]), &integer(&self.0[1])]);
        let spki = spki(&algorithm(RSA, NULL), &pkcs1);
        let files = [
            Jwk::from_pkcs1_der(&pkcs1, backend),
            Jwk::from_spki_der(&spki, backend),
            detect(&pkcs1, backend).and_then(Imported::into_jwk),
            detect(&spki, backend).and_then(Imported::into_jwk),
        ];
        let mut all: Vec<_> = files.into_iter().map(key_error).collect();
        let jwk = self.jwk(2);
        all.push(jwk.check_structure().map(|()| jwk.clone()));
        all.push(jwk.check_consistency(backend).map(|()| jwk.clone()));
        let verifying = jwk.with_alg(S::RS256).unwrap();
        all.extend(handled(&verifying, VerifyingKey::from_jwk(&verifying, backend), subject));
        all
    }
}

/// What became of the key where a handle is made of it; nothing where it is refused for not being
/// approved, before it is looked at.
fn handled<K>(
    jwk: &Jwk,
    handle: Result<K, KeyError>,
    subject: &Subject,
) -> Option<Result<Jwk, KeyError>> {
    let refused = subject.refuses_key(S::RS256.into(), jwk.params());
    match handle {
        Err(KeyError::NotApproved { reason }) => {
            assert!(refused, "{reason}");
            None
        }
        Err(error) => Some(Err(error)),
        Ok(_) => {
            assert!(!refused, "taken for approved");
            Some(Ok(jwk.clone()))
        }
    }
}

pub(super) fn key_error(result: Result<Jwk, ImportError>) -> Result<Jwk, KeyError> {
    result.map_err(|error| refused::<()>(Err(error)))
}

/// All were refused for the same reason.
pub(super) fn all_refused(results: Vec<Result<Jwk, KeyError>>, expected: &KeyError, what: &str) {
    for (index, result) in results.into_iter().enumerate() {
        match result {
            Err(error) => {
                assert_eq!(format!("{error:?}"), format!("{expected:?}"), "{what} {index}");
            }
            Ok(_) => panic!("{what} {index}: taken for a key"),
        }
    }
}

fn modulus(actual: usize) -> KeyError {
    KeyError::RsaModulus { min: 2048, max: 16_384, actual }
}

/// The bounds of an RSA modulus hold for keys in files, and it is odd.
pub fn an_rsa_modulus_in_a_file_is_odd_and_has_its_size(subject: &Subject) {
    let good = Numbers::of("rsa");
    let n = good.get("n");
    let with_first = |len: usize, first: u8| {
        let mut n = vec![0xFF; len];
        n[0] = first;
        n
    };
    let even = {
        let mut n = n.to_vec();
        *n.last_mut().unwrap() ^= 1;
        n
    };
    for (n, actual) in [
        (even, 2048),
        (with_first(255, 0xFF), 2040),
        (with_first(256, 0x7F), 2047),
        (with_first(128, 0xFF), 1024),
        (with_first(2049, 0x01), 16_385),
        (with_first(2049, 0xFF), 16_392),
        (vec![0], 0),
        (vec![1], 1),
    ] {
        let bad = good.with("n", &n);
        all_refused(bad.public_keys(subject), &modulus(actual), "public");
        all_refused(bad.private_keys(subject), &modulus(actual), "private");
    }
}

/// An RSA exponent in a file is odd, 3 at least, and has at most 32 bits.
pub fn an_rsa_exponent_in_a_file_is_odd_and_within_32_bits(subject: &Subject) {
    let good = Numbers::of("rsa");
    for e in [&[0][..], &[1], &[2], &[1, 0, 0], &[1, 0, 0, 0, 1], &[1; 256]] {
        let bad = good.with("e", e);
        all_refused(bad.public_keys(subject), &KeyError::RsaExponent, "public");
        all_refused(bad.private_keys(subject), &KeyError::RsaExponent, "private");
    }
    for name in ["rsa-e3", "rsa-e32"] {
        let good = Numbers::of(name);
        for key in good.public_keys(subject).into_iter().chain(good.private_keys(subject)) {
            assert!(key.is_ok(), "{name}: {key:?}");
        }
    }
}

/// A number that is no prime, and fits in all the others, makes no key: with its signatures it would
/// give its modulus away.
pub fn a_factor_of_an_rsa_key_is_prime(subject: &Subject) {
    let text = include_str!("../../vectors/keys/rsa-composite.jwk");
    let jwk: Jwk = text.parse().unwrap();
    let backend = subject.backend();
    let complete = jwk.complete(backend).unwrap_err();
    assert!(matches!(complete, KeyError::Inconsistent), "{complete:?}");
    let Params::Rsa(rsa) = jwk.params() else { panic!() };
    let d = rsa.private().unwrap().d().expose_secret();
    let bare = Rsa::new(rsa.n(), rsa.e(), Some(RsaPrivate::new(d, None)));
    let complete = Jwk::new(Params::Rsa(bare)).complete(backend).unwrap_err();
    assert!(matches!(complete, KeyError::Inconsistent), "{complete:?}");
    for alg in [SignatureAlgorithm::RS256, SignatureAlgorithm::PS512] {
        let jwk = jwk.clone().with_alg(alg).unwrap();
        let refused = SigningKey::from_jwk(&jwk, backend).unwrap_err();
        assert!(matches!(refused, KeyError::Inconsistent), "{refused:?}");
    }
}

/// The numbers of an RSA private key belong together, each to all others.
pub fn the_numbers_of_an_rsa_key_belong_together(subject: &Subject) {
    let (good, other) = (Numbers::of("rsa"), Numbers::of("rsa-e3"));
    let n = good.get("n").to_vec();
    let mut wrong = vec![
        ("d is n", good.with("d", &n)),
        ("d is longer than n", good.with("d", &[&[1], &n[..]].concat())),
        ("p and q swapped alone", good.swapped("p", "q")),
        ("dp and dq swapped", good.swapped("dp", "dq")),
        ("p, q, dp and dq swapped, not qi", good.swapped("p", "q").swapped("dp", "dq")),
        ("another's exponent", good.with("e", &[3])),
        ("another's modulus", good.with("n", other.get("n"))),
        ("d of p alone", good.with("d", good.get("dp"))),
    ];
    let primes = good.with("p", other.get("p")).with("q", other.get("q"));
    wrong.push(("another's primes", primes.clone()));
    let mut crt = primes;
    for member in ["dp", "dq", "qi"] {
        crt = crt.with(member, other.get(member));
    }
    wrong.push(("another's primes with all that follows", crt));
    for member in ["d", "p", "q", "dp", "dq", "qi"] {
        wrong.push((member, good.with(member, &[0])));
        wrong.push((member, good.with(member, &[1])));
        wrong.push((member, good.with(member, other.get(member))));
        for bit in [2, 0x80] {
            let mut number = good.get(member).to_vec();
            *number.last_mut().unwrap() ^= bit;
            wrong.push((member, good.with(member, &number)));
        }
    }
    for (what, wrong) in wrong {
        all_refused(wrong.private_keys(subject), &KeyError::Inconsistent, what);
    }
    for trivial in [good.with("p", &n).with("q", &[1]), good.with("p", &[1]).with("q", &n)] {
        all_refused(trivial.private_keys(subject), &KeyError::Inconsistent, "1");
    }
}

/// A public key beside an RSA private one, in PKCS#8 of the second version, has to be its own.
pub fn another_rsa_public_key_in_the_same_file_is_refused(subject: &Subject) {
    let rsa = algorithm(RSA, NULL);
    let private = files::der("rsa-pkcs1.pem");
    let own = files::der("rsa-pkcs1-public.pem");
    let found = Jwk::from_pkcs8_der(&pkcs8_v2(&rsa, &private, &own), subject.backend()).unwrap();
    assert_eq!(found.params(), key("rsa").params());
    let other = key("rsa-e3").to_public().unwrap().to_pkcs1_public_der().unwrap();
    let found = Jwk::from_pkcs8_der(&pkcs8_v2(&rsa, &private, &other), subject.backend());
    assert!(matches!(refused(found), KeyError::Inconsistent));
}

/// A modulus of the form of the defect called ROCA is refused wherever it comes: in a file, as JWK, by
/// both checks, and by every handle.
pub fn a_modulus_that_can_be_factored_is_no_key(subject: &Subject) {
    let backend = subject.backend();
    let roca = Numbers::of("rsa-roca");
    all_refused(roca.public_keys(subject), &KeyError::Weak, "public");
    all_refused(roca.private_keys(subject), &KeyError::Weak, "private");
    assert!(matches!(
        refused(Jwk::from_pkcs8_pem(files::text("rsa-roca-pkcs8.pem"), backend)),
        KeyError::Weak
    ));
    assert!(matches!(
        refused(Jwk::from_spki_pem(files::text("rsa-roca-spki.pem"), backend)),
        KeyError::Weak
    ));
    let jwk = key("rsa-roca");
    assert!(matches!(jwk.check_structure(), Err(KeyError::Weak)));
    let public = jwk.to_public().unwrap();
    for alg in [S::RS256, S::RS384, S::RS512, S::PS256, S::PS384, S::PS512] {
        assert!(matches!(jwk.check_for(alg), Err(KeyError::Weak)), "{alg}");
        let (jwk, public) =
            (jwk.clone().with_alg(alg).unwrap(), public.clone().with_alg(alg).unwrap());
        assert!(matches!(SigningKey::from_jwk(&jwk, backend), Err(KeyError::Weak)), "{alg}");
        assert!(matches!(VerifyingKey::from_jwk(&public, backend), Err(KeyError::Weak)), "{alg}");
    }
    for alg in [K::RSA_OAEP, K::RSA_OAEP_256, K::RSA_OAEP_384, K::RSA_OAEP_512] {
        assert!(matches!(jwk.check_for(Alg::from(alg)), Err(KeyError::Weak)), "{alg}");
        let (jwk, public) =
            (jwk.clone().with_alg(alg).unwrap(), public.clone().with_alg(alg).unwrap());
        assert!(matches!(EncryptionKey::from_jwk(&public, backend), Err(KeyError::Weak)), "{alg}");
        assert!(matches!(DecryptionKey::from_jwk(&jwk, backend), Err(KeyError::Weak)), "{alg}");
    }
}
