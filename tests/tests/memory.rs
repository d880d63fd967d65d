//! Hostile input costs little memory, and none before its length has been looked at.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::sync::{Mutex, PoisonError};

use jose::error::{ParseError, Rule, Subject};
use jose::jwa::{KeyManagementAlgorithm, SignatureAlgorithm};
use jose::jwe::{self, Builder, Encrypted};
use jose::jws::{self, Serialization, SigningStream, Unverified};
use jose::{
    DecryptionKey, EncryptionKey, Jwe, Jwk, JwkSet, Jws, Limits, SecretBytes, VerifyingKeys,
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
