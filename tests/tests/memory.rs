//! Hostile input costs little memory, and none before its length has been looked at.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use jose::error::{ParseError, Rule, Subject};
use jose::jwa::{KeyManagementAlgorithm, SignatureAlgorithm};
use jose::jwe::{self, Builder, Encrypted};
use jose::jwk::{Params, Rsa};
use jose::jws::{self, Serialization, SigningStream, Unverified};
use jose::{
    DecryptionKey, EncryptionKey, Jwe, Jwk, JwkSet, Jws, Limits, Password, SecretBytes, UnixTime,
    Validation, VerifyingKey, VerifyingKeys, base64url, jwt,
};
use jose_conformance::keys;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Held by every test here: the allocator counts for all threads.
static ALONE: Mutex<()> = Mutex::new(());

/// What the threads of the test harness may allocate meanwhile, and far less than any input here.
const LITTLE: usize = 64 * 1024;

/// The most octets that were allocated at once while `work` ran, beyond those before.
fn peak_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let outcome = work();
    (outcome, MEMORY.peak_usage().saturating_sub(before))
}

/// The most memory this process ever had, in octets, whoever allocated it: OpenSSL does not ask Rust's
/// allocator. 0 where the system does not tell.
fn high_water() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    let kibibytes = line.split_whitespace().next().and_then(|number| number.parse().ok());
    kibibytes.map_or(0, |kibibytes: usize| kibibytes * 1024)
}

#[test]
fn a_token_of_nothing_but_dots_is_refused_without_allocating() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut limits = Limits::default();
    limits.token = usize::MAX;
    for dots in [0, 1, 3, 4, 10, 1 << 20] {
        let token = ".".repeat(dots);
        let (refused, peak) = peak_of(|| Unverified::parse_within(&token, &limits).unwrap_err());
        assert_eq!(refused.rule(), Rule::Segments { expected: 3 });
        assert!(peak < LITTLE, "{dots} dots took {peak} octets");
    }
}

#[test]
fn what_is_too_long_is_refused_without_allocating() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let token = "a".repeat(16 * Limits::default().token);
    let (refused, peak) = peak_of(|| Unverified::parse(&token).unwrap_err());
    assert_eq!(refused.rule(), Rule::TooLong { limit: Limits::default().token });
    assert!(peak < LITTLE);
    let (refused, peak) = peak_of(|| Jwk::from_json(&token).unwrap_err());
    assert_eq!(refused.rule(), Rule::TooLong { limit: Limits::default().jwk_set });
    assert!(peak < LITTLE);
    let (refused, peak) = peak_of(|| JwkSet::from_json(&token).unwrap_err());
    assert_eq!((refused.subject(), peak < LITTLE), (Subject::JwkSet, true));
}

#[test]
fn nesting_costs_no_memory_and_no_stack() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let text = format!("{{\"keys\":{}", "[".repeat(200_000));
    let limit = Limits::default().header_depth;
    for (parse, limit) in [
        ((|text| Jwk::from_json(text).map(drop)) as fn(&str) -> Result<(), ParseError>, limit),
        (|text| JwkSet::from_json(text).map(drop), 128),
    ] {
        let (refused, peak) = peak_of(|| parse(&text).unwrap_err());
        assert_eq!(refused.rule(), Rule::Depth { limit });
        assert!(peak < LITTLE, "{peak} octets");
    }
}

#[test]
fn the_largest_token_takes_memory_in_proportion() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(backend) = jose_tests::backends().first().copied() else { return };
    let alg = SignatureAlgorithm::HS256;
    let payload = vec![b'x'; 190_000];
    let token = jws::sign(&payload, &keys::signer(alg, backend)).unwrap();
    let keys = VerifyingKeys::from(keys::verifier(alg, backend));
    let (verified, peak) = peak_of(|| jws::verify(&token, &keys).unwrap());
    assert_eq!(verified.content().len(), payload.len());
    assert!(peak < 2 * token.len() + LITTLE, "{peak} octets for {}", token.len());
}

#[test]
fn a_jws_of_very_many_signatures_is_refused_without_reading_them() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut limits = Limits::default();
    limits.token = usize::MAX;
    for element in [r#"{"protected":"eyJhbGciOiJFUzI1NiJ9","signature":"AAAA"}"#, "{}", "0"] {
        for count in [17, 1000, 100_000] {
            let elements = vec![element; count].join(",");
            let text = format!(r#"{{"payload":"","signatures":[{elements}]}}"#);
            let (refused, peak) = peak_of(|| Jws::parse_within(&text, &limits).unwrap_err());
            assert_eq!(refused.rule(), Rule::TooMany { limit: limits.signatures }, "{element}");
            assert!(peak < LITTLE, "{count} of {element} took {peak} octets");
            let (detected, peak) = peak_of(|| Serialization::detect(&text).unwrap());
            assert_eq!(detected, Serialization::General);
            assert!(peak < LITTLE, "{count} of {element} took {peak} octets");
        }
    }
}

#[test]
fn a_jws_that_is_too_long_is_refused_without_allocating() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let signature = r#"{"protected":"eyJhbGciOiJFUzI1NiJ9","signature":"AAAA"}"#;
    let signatures = vec![signature; 10_000].join(",");
    let text = format!(r#"{{"payload":"","signatures":[{signatures}]}}"#);
    let (refused, peak) = peak_of(|| Jws::parse(&text).unwrap_err());
    assert_eq!(refused.rule(), Rule::TooLong { limit: Limits::default().token });
    assert!(peak < LITTLE, "{peak} octets");
}

#[test]
fn a_stream_takes_the_same_memory_for_any_payload() {
    const PIECE: usize = 64 * 1024;
    const PIECES: usize = 1024; // 64 MiB
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let piece = vec![b'x'; PIECE];
    let algorithms =
        [SignatureAlgorithm::HS256, SignatureAlgorithm::RS256, SignatureAlgorithm::ES256];
    for backend in jose_tests::backends() {
        let signers = algorithms.map(|alg| keys::signer(alg, backend));
        let trusted: VerifyingKeys =
            algorithms.iter().map(|alg| keys::verifier(*alg, backend)).collect();
        let before = high_water();
        for begin in [SigningStream::new, SigningStream::unencoded] {
            let (jws, peak) = peak_of(|| {
                let mut stream = begin();
                for signer in &signers {
                    stream.sign(signer).unwrap();
                }
                (0..PIECES).for_each(|_| stream.update(&piece));
                stream.finish().unwrap()
            });
            assert!(peak < LITTLE, "{}: signing took {peak} octets", backend.name());
            let (outcomes, peak) = peak_of(|| {
                let mut stream = jws.verifying_stream(&trusted).unwrap();
                (0..PIECES).for_each(|_| stream.update(&piece));
                stream.finish()
            });
            assert!(peak < LITTLE, "{}: verifying took {peak} octets", backend.name());
            assert_eq!(outcomes.into_verified().unwrap().signatures().count(), signers.len());
        }
        let grown = high_water() - before;
        assert!(
            grown < PIECE * PIECES / 8,
            "{}: the process grew by {grown} octets",
            backend.name()
        );
    }
}

#[test]
fn a_reader_is_read_in_the_memory_of_one_buffer() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(backend) = jose_tests::backends().first().copied() else { return };
    let key = keys::signer(SignatureAlgorithm::HS256, backend);
    let (taken, peak) = peak_of(|| {
        let mut stream = SigningStream::new();
        let endless = std::io::repeat(b'x');
        stream.sign(&key).unwrap().update_from(std::io::Read::take(endless, 16 << 20)).unwrap()
    });
    assert_eq!(taken, 16 << 20);
    assert!(peak < 2 * LITTLE, "{peak} octets");
}

/// A shared key, as `backend` loads it for encrypting and for decrypting.
fn shared(backend: &'static dyn jose::crypto::Backend) -> (EncryptionKey, DecryptionKey) {
    let jwk = Jwk::from_secret_octets(SecretBytes::from([7; 32])).unwrap();
    let jwk = jwk.with_alg(KeyManagementAlgorithm::A256KW).unwrap();
    let encrypting = EncryptionKey::from_jwk(&jwk, backend).unwrap();
    (encrypting, DecryptionKey::from_jwk(&jwk, backend).unwrap())
}

#[test]
fn a_compressed_content_takes_no_more_memory_than_its_ceiling() {
    const BOMB: usize = 10 << 20;
    const MEBIBYTE: usize = 1 << 20;
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for backend in jose_tests::backends() {
        let (encrypting, key) = shared(backend);
        let bomb = Builder::new().deflate().encrypt(&vec![b'x'; BOMB], [&encrypting]).unwrap();
        let token = bomb.to_compact().unwrap();
        assert!(token.len() < 16 * 1024, "{} octets", token.len());
        for ceiling in [0, 1000, Limits::default().inflated, 2 << 20] {
            let mut limits = Limits::default();
            limits.inflated = ceiling;
            let policy = jwe::Policy::new().limits(limits).inflate();
            let before = high_water();
            let (refused, peak) = peak_of(|| jwe::decrypt_with(&token, &key, &policy).unwrap_err());
            let jwe::Error::Parse(refused) = refused else { panic!("{refused:?}") };
            let expected = (Subject::Plaintext, Rule::TooLong { limit: ceiling });
            assert_eq!((refused.subject(), refused.rule()), expected);
            // The last time it grows, the buffer is there besides one of twice its length.
            assert!(peak < 3 * ceiling + 4 * LITTLE, "{ceiling}: {peak} octets");
            let grown = high_water() - before;
            assert!(grown < 3 * ceiling + MEBIBYTE, "{}: {grown} octets", backend.name());
        }
        let (refused, peak) = peak_of(|| jwe::decrypt(&token, &key).unwrap_err());
        assert_eq!(refused.code(), "ERR_JWE_INVALID", "unless it is allowed");
        assert!(peak < LITTLE, "{peak} octets");
    }
}

#[test]
fn a_jwe_of_nothing_but_dots_is_refused_without_allocating() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut limits = Limits::default();
    limits.token = usize::MAX;
    for dots in [0, 1, 2, 3, 5, 10, 1 << 20] {
        let token = ".".repeat(dots);
        let (refused, peak) = peak_of(|| Encrypted::parse_within(&token, &limits).unwrap_err());
        assert_eq!(refused.rule(), Rule::Segments { expected: 5 });
        assert!(peak < LITTLE, "{dots} dots took {peak} octets");
    }
}

#[test]
fn a_jwe_of_very_many_recipients_is_refused_without_reading_them() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut limits = Limits::default();
    limits.token = usize::MAX;
    let outer = r#""protected":"eyJlbmMiOiJBMjU2R0NNIn0","iv":"AAAA","ciphertext":"","tag":"AAAA""#;
    for element in [r#"{"header":{"alg":"A256KW"},"encrypted_key":"AAAA"}"#, "{}", "0"] {
        for count in [17, 1000, 100_000] {
            let elements = vec![element; count].join(",");
            let text = format!("{{{outer},\"recipients\":[{elements}]}}");
            let (refused, peak) = peak_of(|| Jwe::parse_within(&text, &limits).unwrap_err());
            assert_eq!(refused.rule(), Rule::TooMany { limit: limits.recipients }, "{element}");
            // The text of all of them is copied once before they are counted.
            assert!(peak < text.len() + LITTLE, "{count} of {element} took {peak} octets");
        }
    }
    let elements = vec![r#"{"header":{"alg":"A256KW"},"encrypted_key":"AAAA"}"#; 10_000].join(",");
    let text = format!("{{{outer},\"recipients\":[{elements}]}}");
    let (refused, peak) = peak_of(|| Jwe::parse(&text).unwrap_err());
    assert_eq!(refused.rule(), Rule::TooLong { limit: Limits::default().token });
    assert!(peak < LITTLE, "{peak} octets");
}

#[test]
fn the_largest_jwe_takes_memory_in_proportion_however_many_it_is_for() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let content = vec![b'x'; 190_000];
    for backend in jose_tests::backends() {
        let (encrypting, key) = shared(backend);
        let token = jwe::encrypt(&content, &encrypting).unwrap();
        let (decrypted, peak) = peak_of(|| jwe::decrypt(&token, &key).unwrap());
        assert_eq!(decrypted.content().len(), content.len());
        assert!(peak < 2 * token.len() + LITTLE, "{peak} octets for {}", token.len());

        // None of them is ours, and each is tried.
        let other = Jwk::from_secret_octets(SecretBytes::from([8; 32])).unwrap();
        let other = other.with_alg(KeyManagementAlgorithm::A256KW).unwrap();
        let other = EncryptionKey::from_jwk(&other, backend).unwrap();
        let builder = Builder::new().aad(content.clone());
        let json = builder.encrypt(b"", [&other; 16]).unwrap().to_general().unwrap();
        let (refused, peak) = peak_of(|| Jwe::parse(&json).unwrap().decrypt(&key).unwrap_err());
        assert_eq!(refused.code(), "ERR_JWE_DECRYPTION_FAILED");
        assert!(peak < 4 * json.len() + LITTLE, "{peak} octets for {}", json.len());
    }
}

/// Runs `work` on a hostile text of `len` octets. What it takes is printed, as
/// `cargo test --test memory -- --nocapture costs` shows it, and the time is not judged.
fn cost_of<T>(what: &str, len: usize, work: impl FnOnce() -> T) -> (T, usize) {
    let begin = Instant::now();
    let (outcome, peak) = peak_of(work);
    let (kibibytes, time) = (peak.div_ceil(1024), begin.elapsed());
    eprintln!("{what}: {len} octets, {kibibytes} KiB, {time:.2?}");
    (outcome, peak)
}

/// `head`, as many of `piece` as fit, and `tail`.
fn filled(head: &str, piece: impl Fn(usize) -> String, tail: &str, len: usize) -> String {
    let mut text = String::from(head);
    for piece in (0..).map(piece) {
        if text.len() + piece.len() + tail.len() > len {
            break;
        }
        text += &piece;
    }
    text + tail
}

#[test]
fn the_dearest_jws_costs_all_its_tries_and_little_memory() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let Limits { signatures, tries, token, .. } = Limits::default();
    let entry = format!(
        r#"{{"protected":"{}","signature":"{}"}}"#,
        base64url::encode(br#"{"alg":"RS256"}"#),
        base64url::encode(&[1; 2048])
    );
    let entries = vec![entry; signatures].join(",");
    let empty = format!(r#"{{"payload":"","signatures":[{entries}]}}"#);
    let payload = "A".repeat((token - empty.len()) / 4 * 4);
    let text = format!(r#"{{"payload":"{payload}","signatures":[{entries}]}}"#);
    for backend in jose_tests::backends() {
        // Nobody need know the factors of a modulus to have it tried.
        let keys = (0..tries).map(|index| {
            let mut n = [0xFF; 2048];
            n[1] = u8::try_from(index).unwrap();
            let jwk = Jwk::new(Params::Rsa(Rsa::new(&n, &[1, 0, 1], None)));
            let jwk = jwk.with_alg(SignatureAlgorithm::RS256).unwrap();
            VerifyingKey::from_jwk(&jwk, backend).unwrap()
        });
        let keys: VerifyingKeys = keys.collect();
        let what = format!("16 signatures, 8 RSA keys of 16384 bits, {}", backend.name());
        let (refused, peak) =
            cost_of(&what, text.len(), || Jws::parse(&text).unwrap().verify(&keys).unwrap_err());
        assert_eq!(refused.code(), "ERR_JWS_SIGNATURE_INVALID");
        assert!(peak < 3 * text.len(), "{peak} octets for {}", text.len());
    }
}

#[test]
fn the_dearest_jwe_costs_two_passwords_and_little_memory() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let Limits { recipients, token, .. } = Limits::default();
    let header = format!(
        r#"{{"alg":"PBES2-HS512+A256KW","p2s":"{}","p2c":1200000}}"#,
        base64url::encode(&[7; 256])
    );
    let entry =
        format!(r#"{{"header":{header},"encrypted_key":"{}"}}"#, base64url::encode(&[1; 40]));
    let head = format!(
        r#"{{"protected":"{}","recipients":[{}],"iv":"AAAAAAAAAAAAAAAA","tag":"AAAAAAAAAAAAAAAAAAAAAA","ciphertext":""#,
        base64url::encode(br#"{"enc":"A256GCM"}"#),
        vec![entry; recipients].join(",")
    );
    let text = filled(&head, |_| "AAAA".into(), "\"}", token);
    for backend in jose_tests::backends() {
        let alg = KeyManagementAlgorithm::PBES2_HS512_A256KW;
        let key = DecryptionKey::from_password(alg, &Password::from("x"), backend).unwrap();
        let what = format!("16 recipients, 1200000 rounds each, {}", backend.name());
        let (refused, peak) =
            cost_of(&what, text.len(), || Jwe::parse(&text).unwrap().decrypt(&key).unwrap_err());
        assert_eq!(refused.code(), "ERR_JWE_DECRYPTION_FAILED");
        assert!(peak < 3 * text.len(), "{peak} octets for {}", text.len());
    }
}

#[test]
fn the_most_and_the_deepest_members_cost_memory_in_proportion() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(backend) = jose_tests::backends().first().copied() else { return };
    let alg = SignatureAlgorithm::HS256;
    let (signer, key) = (keys::signer(alg, backend), keys::verifier(alg, backend));
    let member = |index: usize| format!(",\"{index:x}\":0");
    let nest =
        |depth: usize| move |_: usize| format!(",{}{}", "[".repeat(depth), "]".repeat(depth));
    let limits = Limits::default();
    for (what, header) in [
        ("a header of most members", filled(r#"{"alg":"HS256""#, member, "}", limits.header)),
        ("a deep header", filled(r#"{"alg":"HS256","x":[0"#, nest(14), "]}", limits.header)),
    ] {
        let token =
            format!("{}..{}", base64url::encode(header.as_bytes()), base64url::encode(&[1; 32]));
        let (refused, peak) = cost_of(what, token.len(), || jws::verify(&token, &key).unwrap_err());
        assert_eq!(refused.code(), "ERR_JWS_SIGNATURE_INVALID");
        assert!(peak < 32 * token.len() + LITTLE, "{what}: {peak} octets for {}", token.len());
    }
    let rules = Validation::new();
    for (what, claims, times) in [
        ("claims of most members", filled(r#"{"x":0"#, member, "}", 195_000), 40),
        ("deep claims", filled(r#"{"x":[0"#, nest(62), "]}", 195_000), 120),
    ] {
        let token = jws::sign(claims.as_bytes(), &signer).unwrap();
        let (read, peak) = cost_of(&format!("{what}, checked"), token.len(), || {
            jwt::verify_claims(&token, &key, &rules, UnixTime::from_secs(0)).map(drop)
        });
        assert!(read.is_ok());
        assert!(peak < 20 * token.len(), "{what}: {peak} octets for {}", token.len());
        // What a reader makes of them is its own: every empty array is a vector with room for four.
        let (read, peak) = cost_of(&format!("{what}, as values"), token.len(), || {
            jwt::verify::<serde_json::Value>(&token, &key, &rules, UnixTime::from_secs(0)).map(drop)
        });
        assert!(read.is_ok());
        assert!(peak < times * token.len(), "{what}: {peak} octets for {}", token.len());
    }
    let end = r#","payload":"","protected":"eyJhbGciOiJIUzI1NiJ9","signature":"AAAA"}"#;
    for (what, text) in [
        ("an object of most members", filled(r#"{"x":0"#, member, end, limits.token)),
        ("a deep object", filled(r#"{"x":[0"#, nest(14), &format!("]{end}"), limits.token)),
    ] {
        let (read, peak) = cost_of(what, text.len(), || Jws::parse(&text).map(drop));
        assert!(read.is_ok(), "{what}: {read:?}");
        assert!(peak < 20 * text.len(), "{what}: {peak} octets for {}", text.len());
    }
}

#[test]
fn the_largest_key_sets_cost_memory_in_proportion() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let limits = Limits::default();
    let key = |index: usize| {
        let mut n = [0xFF; 512];
        n[1..3].copy_from_slice(&u16::try_from(index % 60_000).unwrap().to_be_bytes());
        let n = base64url::encode(&n);
        format!(r#",{{"kty":"RSA","alg":"RS256","kid":"{index}","n":"{n}","e":"AQAB"}}"#)
    };
    let small = |index: usize| format!(r#",{{"kty":"oct","k":"AAAA","kid":"{index}"}}"#);
    for (what, text) in [
        ("a set of long keys", filled(r#"{"keys":[0"#, key, "]}", limits.jwk_set)),
        ("a set of many keys", filled(r#"{"keys":[0"#, small, "]}", limits.jwk_set)),
    ] {
        for backend in jose_tests::backends() {
            let what = format!("{what}, {}", backend.name());
            let (keys, peak) = cost_of(&what, text.len(), || {
                let set = JwkSet::from_json(&text).unwrap();
                VerifyingKeys::from_jwks(&set, &[SignatureAlgorithm::RS256], backend)
            });
            assert!(keys.iter().count() + keys.skipped().len() > 250);
            assert!(peak < 16 * text.len(), "{what}: {peak} octets for {}", text.len());
        }
    }
}
