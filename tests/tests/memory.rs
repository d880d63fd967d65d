//! Hostile input costs little memory, and none before its length has been looked at.

use std::sync::{Mutex, PoisonError};

use jose::error::{ParseError, Rule, Subject};
use jose::jwa::SignatureAlgorithm;
use jose::jws::{self, Unverified};
use jose::{Jwk, JwkSet, Limits, VerifyingKeys};
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
