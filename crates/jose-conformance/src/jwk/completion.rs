//! What takes arithmetic to tell of a key, and to add to it (RFC 7517 §9.1, NIST SP 800-56B C.1).

use jose_core::error::KeyError;
use jose_core::jwa::SignatureAlgorithm;
use jose_core::jwk::{Params, Rsa, RsaPrivate};
use jose_core::jws::{self, SigningKey, VerifyingKey};
use jose_core::{Jwk, base64url};
use serde_json::json;

use super::files::{VECTORS, has, json, key, vectors};
use crate::{Subject, keys};

fn rsa(jwk: &Jwk) -> &Rsa {
    match jwk.params() {
        Params::Rsa(rsa) => rsa,
        other => panic!("{other:?}"),
    }
}

/// The primes in order of size, so that two keys compare whichever was called p.
fn primes(jwk: &Jwk) -> [Vec<u8>; 2] {
    let crt = rsa(jwk).private().unwrap().crt().unwrap();
    let mut primes = [crt.p(), crt.q()].map(|prime| prime.expose_secret().to_vec());
    primes.sort();
    primes
}

/// The key with its numbers replaced.
fn patched(name: &str, patch: &[(&str, &[u8])]) -> Jwk {
    let mut jwk = json(&key(name));
    for (member, number) in patch {
        jwk[*member] = json!(base64url::encode(number));
    }
    Jwk::from_json(jwk.to_string()).unwrap()
}

/// An RSA key of `n`, `e` and `d` alone gets its primes and what follows from them, for every public
/// exponent, and in either way to compute `d`.
pub fn an_rsa_key_of_n_e_and_d_alone_is_completed(subject: &Subject) {
    let backend = subject.backend();
    for name in ["rsa", "rsa-e3", "rsa-e32"] {
        for form in ["lcm", "phi"] {
            let bare = key(&format!("{name}-{form}")).with_kid("bare");
            assert!(rsa(&bare).private().unwrap().crt().is_none());
            assert!(bare.check_consistency(backend).is_ok(), "{name}-{form}");
            let whole = bare.complete(backend).unwrap();
            assert_eq!(primes(&whole), primes(&key(name)), "{name}-{form}");
            assert_eq!(rsa(&whole).n(), rsa(&bare).n());
            assert_eq!(rsa(&whole).e(), rsa(&bare).e());
            assert_eq!(whole.kid(), Some("bare"), "what else it has stays");
            // What was added belongs together: another reading of it is the same key.
            assert_eq!(whole.complete(backend).unwrap(), whole, "{name}-{form}");
            let file = whole.to_pkcs8_der().unwrap();
            let read = Jwk::from_pkcs8_der(file.expose_secret(), backend).unwrap();
            assert_eq!(read.params(), whole.params());
            let signing = whole.with_alg(SignatureAlgorithm::RS256).unwrap();
            if subject.refuses_key(SignatureAlgorithm::RS256.into(), signing.params()) {
                let refused = SigningKey::from_jwk(&signing, backend);
                assert!(matches!(refused, Err(KeyError::NotApproved { .. })), "{refused:?}");
                continue;
            }
            let token = jws::sign(b"whole", &SigningKey::from_jwk(&signing, backend).unwrap());
            let verifying = signing.to_public().unwrap();
            let verifying = VerifyingKey::from_jwk(&verifying, backend).unwrap();
            assert!(jws::verify(&token.unwrap(), &verifying).is_ok(), "{name}-{form}");
        }
    }
}

/// An RSA key with its primes is whole, whichever way its `d` was computed.
pub fn an_rsa_key_with_its_primes_comes_back_as_it_is(subject: &Subject) {
    for name in ["rsa", "rsa-e3", "rsa-e32"] {
        for form in ["lcm", "phi"] {
            let other = key(&format!("{name}-{form}"));
            let d = rsa(&other).private().unwrap().d().expose_secret();
            let jwk = patched(name, &[("d", d)]);
            assert_eq!(jwk.complete(subject.backend()).unwrap(), jwk, "{name}-{form}");
        }
    }
}

/// Numbers from which no primes follow are refused, and soon.
pub fn an_rsa_key_whose_numbers_contradict_each_other_is_not_completed(subject: &Subject) {
    let backend = subject.backend();
    let good = key("rsa-lcm");
    let (n, d) = (rsa(&good).n(), rsa(&good).private().unwrap().d().expose_secret());
    let other = key("rsa-e3-lcm");
    let (other_n, other_d) = (rsa(&other).n(), rsa(&other).private().unwrap().d().expose_secret());
    let changed = |number: &[u8], change: u8| {
        let mut number = number.to_vec();
        *number.last_mut().unwrap() ^= change;
        number
    };
    let bare = |n: &[u8], e: &[u8], d: &[u8]| {
        Jwk::new(Params::Rsa(Rsa::new(n, e, Some(RsaPrivate::new(d, None)))))
    };
    let e = rsa(&good).e();
    let prime = {
        // A modulus that is no product: an odd number of the right size.
        let mut number = vec![0xFF; 256];
        number[255] = 0x61;
        number
    };
    let mut below = n.to_vec();
    *below.last_mut().unwrap() -= 1;
    for (jwk, what) in [
        (bare(n, e, &changed(d, 2)), "d changed"),
        (bare(n, e, &changed(d, 1)), "d even"),
        (bare(n, &[3], d), "another e"),
        (bare(n, e, other_d), "another's d"),
        (bare(other_n, e, d), "another's n"),
        (bare(n, e, &[0]), "d is 0"),
        (bare(n, e, &[1]), "d is 1"),
        (bare(n, e, &[2]), "d is 2"),
        (bare(n, e, e), "d is e"),
        (bare(n, e, &below), "d is n - 1"),
        (bare(n, e, n), "d is n"),
        (bare(&prime, e, d), "no product of two"),
        (bare(&changed(n, 2), e, d), "n changed"),
    ] {
        let refused = jwk.complete(backend);
        assert!(matches!(refused, Err(KeyError::Inconsistent)), "{what}: {refused:?}");
        let refused = jwk.check_consistency(backend);
        assert!(matches!(refused, Err(KeyError::Inconsistent)), "{what}: {refused:?}");
    }
}

/// Keys of any other type, and public ones, come back as they are, with all that they say of
/// themselves.
pub fn what_has_nothing_to_add_comes_back_unchanged(subject: &Subject) {
    let backend = subject.backend();
    for vector in vectors(subject) {
        let private = key(vector.key).with_kid("name");
        for jwk in [private.to_public().unwrap(), private] {
            assert_eq!(jwk.complete(backend).unwrap(), jwk, "{}", vector.key);
            assert!(jwk.check_consistency(backend).is_ok(), "{}", vector.key);
        }
    }
    for alg in subject.algorithms() {
        let jwk = keys::private(alg);
        assert_eq!(jwk.complete(backend).unwrap(), jwk, "{alg}");
    }
    let text = r#"{"kty":"LWE","kid":"x"}"#;
    let unknown: Jwk = text.parse().unwrap();
    let refused = unknown.complete(backend);
    assert!(matches!(refused, Err(KeyError::Unsupported { .. })), "{refused:?}");
    assert!(unknown.check_structure().is_ok());
}

/// A kind of key that the backend lacks is not said to be consistent.
pub fn a_kind_of_key_that_is_lacking_is_not_checked(subject: &Subject) {
    for vector in VECTORS.iter().filter(|vector| !has(vector.key, subject)) {
        for jwk in [key(vector.key), key(vector.key).to_public().unwrap()] {
            assert!(jwk.check_consistency(subject.backend()).is_err(), "{}", vector.key);
            assert!(jwk.check_structure().is_ok());
        }
    }
}

/// The two checks are two: a point off its curve has the structure of a key, and halves that belong
/// to two keys have it too.
pub fn the_structure_of_a_key_is_checked_apart_from_its_consistency(subject: &Subject) {
    let octet = |name: &str, member: &str| {
        let jwk = json(&key(name));
        let mut octets = base64url::decode(jwk[member].as_str().unwrap().as_bytes()).unwrap();
        *octets.last_mut().unwrap() ^= 2;
        octets
    };
    let mut forged = vec![
        patched("rsa", &[("dp", &octet("rsa", "dp"))]),
        patched("rsa-lcm", &[("d", &octet("rsa-lcm", "d"))]),
    ];
    let curves = ["p-256", "p-384", "p-521", "secp256k1"];
    for name in curves.into_iter().filter(|name| has(name, subject)) {
        forged.push(patched(name, &[("y", &octet(name, "y"))]));
        forged.push(patched(name, &[("y", &octet(name, "y"))]).to_public().unwrap());
        forged.push(patched(name, &[("d", &octet(name, "d"))]));
    }
    for name in ["ed25519", "ed448"].into_iter().filter(|name| has(name, subject)) {
        forged.push(patched(name, &[("d", &octet(name, "d"))]));
    }
    for name in ["x25519", "x448"].into_iter().filter(|name| has(name, subject)) {
        forged.push(patched(name, &[("x", &octet(name, "x"))]));
    }
    for jwk in forged {
        assert!(jwk.check_structure().is_ok(), "{jwk:?}");
        let refused = jwk.check_consistency(subject.backend());
        assert!(matches!(refused, Err(KeyError::Inconsistent)), "{jwk:?}: {refused:?}");
        let refused = jwk.complete(subject.backend());
        assert!(matches!(refused, Err(KeyError::Inconsistent)), "{jwk:?}: {refused:?}");
    }
}

/// An RSA private exponent is below the modulus: that is told without arithmetic, and so before any.
pub fn the_structure_of_an_rsa_key_has_a_small_exponent(subject: &Subject) {
    let n = rsa(&key("rsa")).n().to_vec();
    let mut above = n.clone();
    *above.last_mut().unwrap() += 1;
    for d in [&n, &above, &[&[1], &n[..]].concat()] {
        let jwk = patched("rsa-lcm", &[("d", d)]);
        assert!(matches!(jwk.check_structure(), Err(KeyError::Inconsistent)));
        let refused = jwk.check_consistency(subject.backend());
        assert!(matches!(refused, Err(KeyError::Inconsistent)), "{refused:?}");
    }
}

/// A public key of Ed25519 is on its curve: half of all octet strings are not.
pub fn an_ed25519_key_off_its_curve_is_not_consistent(subject: &Subject) {
    let mut off = vec![0; 32];
    off[0] = 2;
    let jwk = patched("ed25519", &[("x", &off)]).to_public().unwrap();
    assert!(jwk.check_structure().is_ok());
    if !has("ed25519", subject) {
        return;
    }
    let refused = jwk.check_consistency(subject.backend());
    assert!(matches!(refused, Err(KeyError::Inconsistent)), "{refused:?}");
    let refused = Jwk::from_spki_der(&jwk.to_spki_der().unwrap(), subject.backend());
    assert!(matches!(super::malformed::refused(refused), KeyError::Inconsistent));
}
