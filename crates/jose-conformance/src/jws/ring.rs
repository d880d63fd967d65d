//! Keys that follow one another, over a time that the tests make up.

use jose_core::jwk::Params;
use jose_core::jws::{KeyRing, KeyState, RingError, RingKey};

use super::*;

const START: UnixTime = UnixTime::from_secs(1_700_000_000);

fn after(seconds: u64) -> UnixTime {
    UnixTime::from_secs(START.as_secs() + seconds)
}

/// A new key of a kind that costs little, under a name.
fn named(alg: S, kid: &str, subject: &Subject) -> Jwk {
    Jwk::generate(alg, subject.backend()).unwrap().with_kid(kid)
}

fn ring(alg: S, subject: &Subject) -> KeyRing {
    KeyRing::new(&named(alg, "a", subject), subject.backend()).unwrap()
}

fn sign_with(ring: &KeyRing) -> String {
    jws::sign(PAYLOAD, ring.signing_key()).unwrap()
}

fn is_refused(token: &str, ring: &KeyRing, now: UnixTime) -> bool {
    match jws::verify(token, &ring.verifying_keys(now)) {
        Ok(_) => false,
        Err(jws::Error::Verify(VerifyError::NoMatchingKey(_))) => true,
        other => panic!("{other:?}"),
    }
}

fn states(ring: &KeyRing) -> Vec<(&str, KeyState)> {
    ring.keys().map(|key| (key.kid(), key.state())).collect()
}

fn published(ring: &KeyRing, now: UnixTime) -> Vec<String> {
    ring.to_public(now).iter().map(|jwk| jwk.kid().unwrap().to_owned()).collect()
}

/// Tokens of a key that was followed by another verify until its time, and not in the second of it.
pub fn a_key_verifies_until_the_moment_it_retires(subject: &Subject) {
    for alg in three(subject) {
        let mut ring = ring(alg, subject);
        let old = sign_with(&ring);
        ring.rotate(&named(alg, "b", subject), after(100), subject.backend()).unwrap();
        let new = sign_with(&ring);
        assert_eq!(ring.signing_key().kid(), Some("b"));
        assert!(ring.signing_key().alg() == alg && old != new);
        let moment = UnixTime::from_secs(after(100).as_secs() - 1)
            .saturating_add(core::time::Duration::from_nanos(999_999_999));
        for now in [UnixTime::from_secs(0), START, after(99), moment] {
            assert!(!is_refused(&old, &ring, now) && !is_refused(&new, &ring, now), "{alg}: {now}");
            assert_eq!(ring.next_retirement(now), Some(after(100)));
        }
        for now in [after(100), after(101), UnixTime::MAX] {
            assert!(is_refused(&old, &ring, now), "{alg}: {now}");
            assert!(!is_refused(&new, &ring, now), "{alg}: {now}");
            assert_eq!(ring.next_retirement(now), None);
        }
    }
}

/// A key that is announced verifies and is published before it signs.
pub fn an_announced_key_is_there_before_it_signs(subject: &Subject) {
    for alg in three(subject) {
        let mut ring = ring(alg, subject);
        let next = named(alg, "b", subject);
        ring.announce(&next, subject.backend()).unwrap();
        assert_eq!(ring.signing_key().kid(), Some("a"));
        let early = jws::sign(PAYLOAD, &signing(&next, subject)).unwrap();
        assert!(!is_refused(&early, &ring, START), "another instance may be ahead");
        let expected: &[&str] = if alg.is_symmetric() { &[] } else { &["a", "b"] };
        assert_eq!(published(&ring, START), expected);
        ring.activate("b", after(10)).unwrap();
        assert_eq!(ring.signing_key().kid(), Some("b"));
        let until = after(10);
        assert_eq!(states(&ring), [("a", KeyState::Retiring { until }), ("b", KeyState::Active)]);
        assert_eq!(published(&ring, after(9)), expected);
        assert_eq!(published(&ring, until), expected.get(1..).unwrap_or_default());
    }
}

/// Keys of several algorithms follow one another, each under its own.
pub fn keys_of_several_algorithms_follow_one_another(subject: &Subject) {
    let algs = three(subject);
    let mut ring = ring(algs[0], subject);
    let mut tokens = vec![sign_with(&ring)];
    for (index, alg) in algs.iter().enumerate().skip(1) {
        let kid = format!("key {index}");
        let retire_at = after(100 + index as u64);
        ring.rotate(&named(*alg, &kid, subject), retire_at, subject.backend()).unwrap();
        tokens.push(sign_with(&ring));
    }
    assert_eq!(ring.verifying_keys(START).iter().count(), algs.len());
    for (index, token) in tokens.iter().enumerate().take(algs.len() - 1) {
        let until = 101 + index as u64;
        assert!(!is_refused(token, &ring, after(until - 1)));
        assert!(is_refused(token, &ring, after(until)));
    }
    assert_eq!(ring.next_retirement(START), Some(after(101)));
    assert_eq!(ring.next_retirement(after(101)), (algs.len() > 2).then(|| after(102)));
}

/// A key that got into other hands is dropped at once; the one that signs has to be replaced first.
pub fn a_revoked_key_verifies_nothing_from_then_on(subject: &Subject) {
    let mut ring = ring(S::ES256, subject);
    let stolen = sign_with(&ring);
    assert!(matches!(ring.revoke("a"), Err(RingError::Active)));
    assert!(matches!(ring.revoke("b"), Err(RingError::UnknownKid)));
    assert!(!is_refused(&stolen, &ring, START), "nothing was changed");
    ring.rotate(&named(S::ES256, "b", subject), after(1000), subject.backend()).unwrap();
    ring.announce(&named(S::ES256, "c", subject), subject.backend()).unwrap();
    ring.revoke("a").unwrap();
    assert!(is_refused(&stolen, &ring, START));
    ring.revoke("c").unwrap();
    assert!(matches!(ring.activate("c", START), Err(RingError::UnknownKid)));
    assert_eq!(states(&ring), [("b", KeyState::Active)]);
    assert_eq!(published(&ring, START), ["b"]);
}

/// No shared key is ever published, nor any private member, whatever the state.
pub fn a_ring_publishes_no_secret(subject: &Subject) {
    let mut ring = ring(S::HS256, subject);
    ring.rotate(&named(S::ES256, "b", subject), after(10), subject.backend()).unwrap();
    ring.rotate(&named(S::HS512, "c", subject), after(10), subject.backend()).unwrap();
    ring.announce(&named(S::ES384, "d", subject), subject.backend()).unwrap();
    ring.announce(&named(S::HS384, "e", subject), subject.backend()).unwrap();
    let set = ring.to_public(START);
    assert_eq!(published(&ring, START), ["b", "d"], "in the order in which they came");
    for jwk in &set {
        assert!(!jwk.is_private());
    }
    for text in [set.to_public_json(), format!("{ring:?}")] {
        for key in ring.keys() {
            let secret: Value = value(
                core::str::from_utf8(key.jwk().expose_secret_json().expose_secret()).unwrap(),
            );
            for member in ["d", "k"] {
                let shown = secret[member].as_str().is_some_and(|octets| text.contains(octets));
                assert!(!shown, "{member}: {text}");
            }
        }
    }
}

/// Of a key pair that signs no more the private half is not kept.
pub fn a_retiring_key_keeps_its_public_half_alone(subject: &Subject) {
    for alg in three(subject) {
        let first = named(alg, "a", subject);
        let mut ring = KeyRing::new(&first, subject.backend()).unwrap();
        ring.rotate(&named(alg, "b", subject), after(10), subject.backend()).unwrap();
        let [old, new] = ring.keys().collect::<Vec<_>>()[..] else { panic!() };
        let verifying = if alg.is_symmetric() { first } else { first.to_public().unwrap() };
        assert_eq!(*old.jwk(), verifying);
        assert!(new.jwk().is_private());
    }
}

/// A ring that was stored is the same ring again.
pub fn a_ring_is_made_again_of_its_keys(subject: &Subject) {
    for alg in three(subject) {
        let mut ring = ring(alg, subject);
        let old = sign_with(&ring);
        ring.rotate(&named(alg, "b", subject), after(10), subject.backend()).unwrap();
        ring.announce(&named(alg, "c", subject), subject.backend()).unwrap();
        let stored = ring.keys().map(|key| {
            let json = key.jwk().expose_secret_json();
            (Jwk::from_json(json.expose_secret()).unwrap(), key.state())
        });
        let mut again = KeyRing::from_parts(stored.collect::<Vec<_>>(), subject.backend()).unwrap();
        assert_eq!(states(&again), states(&ring));
        assert!(again.keys().map(RingKey::jwk).eq(ring.keys().map(RingKey::jwk)));
        let new = sign_with(&again);
        assert!(!is_refused(&new, &ring, START) && !is_refused(&old, &again, after(9)));
        assert!(is_refused(&old, &again, after(10)));
        again.activate("c", after(20)).unwrap();
        assert_eq!(again.signing_key().kid(), Some("c"));
    }
    let [a, b] = ["a", "b"].map(|kid| named(S::ES256, kid, subject));
    let until = after(10);
    for parts in [
        vec![],
        vec![(a.clone(), KeyState::Announced)],
        vec![(a.clone(), KeyState::Retiring { until }), (b.clone(), KeyState::Announced)],
        vec![(a.clone(), KeyState::Active), (b.clone(), KeyState::Active)],
    ] {
        let refused = KeyRing::from_parts(parts, subject.backend());
        assert!(matches!(refused, Err(RingError::NotOneActive)), "{refused:?}");
    }
    let whole = [(a.clone(), KeyState::Retiring { until }), (b, KeyState::Active)];
    let ring = KeyRing::from_parts(whole, subject.backend()).unwrap();
    assert_eq!(*ring.keys().next().unwrap().jwk(), a.to_public().unwrap(), "no more than it needs");
}

/// Two keys of one name, and one key under two, have no place in a ring, which stays as it was.
pub fn a_ring_tells_its_keys_apart(subject: &Subject) {
    for alg in three(subject) {
        let first = named(alg, "a", subject);
        let mut ring = KeyRing::new(&first, subject.backend()).unwrap();
        ring.rotate(&named(alg, "b", subject), after(10), subject.backend()).unwrap();
        let before = states(&ring).len();
        for kid in ["a", "b"] {
            let other = named(alg, kid, subject);
            let announced = ring.announce(&other, subject.backend());
            assert!(matches!(announced, Err(RingError::DuplicateKid)), "{announced:?}");
            let rotated = ring.rotate(&other, after(20), subject.backend());
            assert!(matches!(rotated, Err(RingError::DuplicateKid)), "{rotated:?}");
        }
        let renamed = first.clone().with_kid("c");
        let refused = ring.announce(&renamed, subject.backend());
        assert!(matches!(refused, Err(RingError::DuplicateKey)), "{refused:?}");
        let parts = [(first.clone(), KeyState::Active), (renamed, KeyState::Announced)];
        let refused = KeyRing::from_parts(parts, subject.backend());
        assert!(matches!(refused, Err(RingError::DuplicateKey)), "{refused:?}");
        assert_eq!((states(&ring).len(), ring.signing_key().kid()), (before, Some("b")));
        // A name is free again when its key is gone.
        ring.prune(after(9));
        assert_eq!(states(&ring).len(), 2);
        ring.prune(after(10));
        assert_eq!(states(&ring), [("b", KeyState::Active)]);
        ring.announce(&first, subject.backend()).unwrap();
    }
}

/// A key that cannot be found by its name, or not be bound to an algorithm, or not sign, is refused
/// when it comes and not when it is needed.
pub fn a_key_that_cannot_take_its_turn_is_refused_at_once(subject: &Subject) {
    let backend = subject.backend();
    let good = named(S::ES256, "b", subject);
    let nameless = good.clone().without_kid();
    let unbound = Jwk::new(good.params().clone()).with_kid("b");
    let public = good.to_public().unwrap();
    let encrypting = good.clone().with_use(jose_core::jwk::KeyUse::Enc);
    let silent = good.clone().with_key_ops(["verify"]).unwrap();
    let oneway = named(S::HS256, "b", subject).with_key_ops(["sign"]).unwrap();
    let mut ring = ring(S::ES256, subject);
    let of_key = |error: RingError| match error {
        RingError::Key(error) => error,
        other => panic!("{other:?}"),
    };
    let mut refuse = |jwk: &Jwk| {
        let [new, announced, rotated] = [
            KeyRing::new(jwk, backend).unwrap_err(),
            ring.announce(jwk, backend).unwrap_err(),
            ring.rotate(jwk, after(10), backend).unwrap_err(),
        ];
        assert_eq!(states(&ring), [("a", KeyState::Active)]);
        assert_eq!([new.code(), announced.code()], [rotated.code(); 2]);
        announced
    };
    assert!(matches!(refuse(&nameless), RingError::MissingKid));
    assert!(matches!(of_key(refuse(&unbound)), KeyError::MissingAlgorithm));
    assert!(matches!(of_key(refuse(&public)), KeyError::NotPrivate));
    assert!(matches!(of_key(refuse(&encrypting)), KeyError::Use { .. }));
    assert!(matches!(of_key(refuse(&silent)), KeyError::KeyOps { expected: "sign" }));
    assert!(matches!(of_key(refuse(&oneway)), KeyError::KeyOps { expected: "verify" }));
}

/// Only a key that was announced can take over.
pub fn only_an_announced_key_takes_over(subject: &Subject) {
    let mut ring = ring(S::ES256, subject);
    ring.rotate(&named(S::ES256, "b", subject), after(10), subject.backend()).unwrap();
    for (kid, code) in
        [("a", "ERR_KEY_RING_STATE"), ("b", "ERR_KEY_RING_STATE"), ("c", "ERR_JWK_KEY_NOT_FOUND")]
    {
        assert_eq!(ring.activate(kid, after(99)).unwrap_err().code(), code);
        assert_eq!(ring.signing_key().kid(), Some("b"));
        assert_eq!(ring.next_retirement(START), Some(after(10)), "as it was");
    }
}

/// A shared key under zeros that HMAC adds is no other key (RFC 2104 §2).
pub fn a_shared_key_with_zeros_is_the_same_key(subject: &Subject) {
    let shared = named(S::HS256, "a", subject);
    let Params::Oct(oct) = shared.params() else { panic!() };
    let longer = [oct.k().expose_secret(), &[0]].concat();
    let longer = Jwk::from_secret_octets(longer).unwrap().with_alg(S::HS256).unwrap().with_kid("b");
    let mut ring = KeyRing::new(&shared, subject.backend()).unwrap();
    let refused = ring.announce(&longer, subject.backend());
    assert!(matches!(refused, Err(RingError::DuplicateKey)), "{refused:?}");
}
