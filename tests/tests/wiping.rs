//! Secrets are gone from memory once their owner is.
//!
//! How far this goes: the process reads its own memory through `/proc/self/mem`, so it sees the
//! heap as it is, freed blocks included. Not looked at are the stack and registers, where a
//! compiler may leave copies that no Rust code can reach, and memory that was swapped out. On
//! other systems than Linux there is no such file, and nothing here is built.
#![cfg(target_os = "linux")]
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jose::jwa::SignatureAlgorithm;
use jose::{Jwk, SecretBytes, SigningKey, base64url, jws};
use jose_tests::backends;

/// A secret that is nowhere in memory until it is asked for: no test may hold the octets it looks
/// for.
fn marker(seed: u8, len: usize) -> impl Iterator<Item = u8> + Clone {
    (0..len).map(move |index| {
        u8::try_from(index).unwrap().wrapping_mul(167).wrapping_add(seed).rotate_left(3)
    })
}

/// How often the marker's last octets stand in the heap. The first sixteen are left out: the
/// allocator writes its own pointers there once a block is free.
fn traces_in_heap(seed: u8, len: usize) -> usize {
    const CHUNK: usize = 1 << 20;
    let memory = File::open("/proc/self/mem").unwrap();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut needle = [0; 64]; // on the stack, which is not searched
    marker(seed, len).zip(&mut needle).for_each(|(octet, place)| *place = octet);
    let needle = &needle[16..len];
    let mut chunk = vec![0; CHUNK];
    let mut found = 0;
    for line in maps.lines() {
        let mut fields = line.split_whitespace();
        let (range, mode) = (fields.next().unwrap(), fields.next().unwrap());
        let name = fields.nth(3).unwrap_or_default();
        let (start, end) = range.split_once('-').unwrap();
        let start = u64::from_str_radix(start, 16).unwrap();
        let end = u64::from_str_radix(end, 16).unwrap();
        let heap = name == "[heap]" || name.is_empty() && !is_a_stack(start, end);
        if !(mode.starts_with("rw") && heap) {
            continue;
        }
        for start in (start..end).step_by(CHUNK - len) {
            let size = CHUNK.min(usize::try_from(end - start).unwrap());
            // What was unmapped since has nothing to tell.
            if memory.read_exact_at(&mut chunk[..size], start).is_ok() {
                found += memchr::memmem::find_iter(&chunk[..size], needle).count();
            }
        }
    }
    // Or the copies of what was found would be found next time.
    chunk.fill(0);
    core::hint::black_box(&chunk);
    found
}

/// Held by every test here: while one searches, its buffer holds what the others must not find.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether this is the stack of the running thread, the only one that held the secret.
fn is_a_stack(start: u64, end: u64) -> bool {
    let local = 0_u8;
    let address = core::ptr::from_ref(&local).addr() as u64;
    (start..end).contains(&address)
}

#[test]
fn the_search_finds_a_secret_that_is_alive() {
    let _alone = alone();
    let secret = SecretBytes::new(marker(1, 64).collect());
    assert!(traces_in_heap(1, 64) >= 1);
    drop(secret);
}

#[test]
fn secret_octets_are_wiped_when_dropped() {
    let _alone = alone();
    drop(SecretBytes::new(marker(2, 64).collect()));
    let mut spacious = Vec::with_capacity(200);
    spacious.extend(marker(2, 64));
    drop(SecretBytes::new(spacious).clone());
    assert_eq!(traces_in_heap(2, 64), 0);
}

#[test]
fn a_parsed_key_is_wiped_when_dropped() {
    let _alone = alone();
    let octets = SecretBytes::new(marker(3, 64).collect());
    let text = format!(r#"{{"kty":"oct","k":"{}"}}"#, base64url::encode(octets.expose_secret()));
    drop(octets);
    let jwk: Jwk = text.parse().unwrap();
    drop(jwk.expose_secret_json());
    assert!(traces_in_heap(3, 64) >= 1);
    drop(jwk);
    assert_eq!(traces_in_heap(3, 64), 0);
}

#[test]
fn a_key_that_signed_is_wiped_when_dropped() {
    let _alone = alone();
    for (seed, backend) in (4..).zip(backends()) {
        let octets = SecretBytes::new(marker(seed, 64).collect());
        let jwk = Jwk::from_secret_octets(octets).unwrap();
        let jwk = jwk.with_alg(SignatureAlgorithm::HS256).unwrap();
        let key = SigningKey::from_jwk(&jwk, backend).unwrap();
        drop(jws::sign(b"payload", &key).unwrap());
        drop((jwk, key));
        assert_eq!(traces_in_heap(seed, 64), 0, "{}", backend.name());
    }
}

#[test]
fn a_private_key_that_is_refused_is_wiped() {
    let _alone = alone();
    for (seed, backend) in (8..).zip(backends()) {
        // Its public half is another's, so it is loaded, found out and refused: a way on which it is
        // easy to forget about wiping.
        let octets = SecretBytes::new(marker(seed, 32).collect());
        let d = base64url::encode(octets.expose_secret());
        drop(octets);
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let text =
            format!(r#"{{"kty":"OKP","alg":"Ed25519","crv":"Ed25519","x":"{x}","d":"{d}"}}"#);
        let jwk: Jwk = text.parse().unwrap();
        assert!(SigningKey::from_jwk(&jwk, backend).is_err());
        drop(jwk);
        assert_eq!(traces_in_heap(seed, 32), 0, "{}", backend.name());
    }
}
