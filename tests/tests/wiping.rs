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

use jose::crypto::Backend;
use jose::jwa::{ContentEncryption as E, KeyManagementAlgorithm as K, SignatureAlgorithm};
use jose::jwe::{self, Builder, Encrypted, Policy};
use jose::{
    Alg, DecryptionKey, EncryptionKey, Jwk, Password, SecretBytes, SigningKey, base64url, hazmat,
    jws,
};
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
    traces_of(seed, 16..len)
}

/// How often this part of the marker stands in the heap.
fn traces_of(seed: u8, part: core::ops::Range<usize>) -> usize {
    let mut needle = [0; 64]; // on the stack, which is not searched
    marker(seed, part.end).zip(&mut needle).for_each(|(octet, place)| *place = octet);
    search(&needle[part])
}

/// How often these octets stand in the heap. They are on the stack of who asks.
fn search(needle: &[u8]) -> usize {
    const CHUNK: usize = 1 << 20;
    let len = needle.len();
    let memory = File::open("/proc/self/mem").unwrap();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
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

/// A shared key made of the marker.
fn shared(seed: u8, len: usize, alg: impl Into<Alg>) -> Jwk {
    let octets = SecretBytes::new(marker(seed, len).collect());
    Jwk::from_secret_octets(octets).unwrap().with_alg(alg).unwrap()
}

/// A key that is nobody's marker, in both roles.
fn wrapping(backend: &'static dyn Backend) -> (EncryptionKey, DecryptionKey) {
    let jwk = Jwk::generate(K::A256KW, backend).unwrap();
    let encrypting = EncryptionKey::from_jwk(&jwk, backend).unwrap();
    (encrypting, DecryptionKey::from_jwk(&jwk, backend).unwrap())
}

#[test]
fn a_content_encryption_key_is_wiped_whether_it_decrypts_or_not() {
    let _alone = alone();
    for backend in backends() {
        let (encrypting, key) = wrapping(backend);
        for (seed, enc) in (40..).zip(E::ALL.iter().copied().filter(|enc| enc.key_len() >= 32)) {
            let len = enc.key_len();
            let cek = SecretBytes::new(marker(seed, len).collect());
            let builder = hazmat::with_cek(Builder::new().enc(enc), cek);
            let token = builder.encrypt(b"content", [&encrypting]).unwrap().to_compact().unwrap();
            drop(builder);
            let forged = format!("{}A", &token[..token.len() - 1]);
            let kept = jwe::decrypt_with(&token, &key, &Policy::new().keep_cek()).unwrap();
            assert_eq!(kept.cek().map(SecretBytes::len), Some(len));
            drop(kept);
            drop(jwe::decrypt(&token, &key).unwrap());
            drop(jwe::decrypt(&forged, &key));
            // In one piece; and what a cipher keeps by itself, where it lies beside its first half.
            for part in [16..len, len - 16..len] {
                assert_eq!(traces_of(seed, part), 0, "{enc} {}", backend.name());
            }
        }
    }
}

#[test]
fn a_content_encryption_key_from_a_service_is_wiped() {
    let _alone = alone();
    for (seed, backend) in (60..).zip(backends()) {
        let (encrypting, _) = wrapping(backend);
        let cek = SecretBytes::new(marker(seed, 32).collect());
        let builder = hazmat::with_cek(Builder::new(), cek.clone());
        let token = builder.encrypt(b"content", [&encrypting]).unwrap().to_compact().unwrap();
        let encrypted = Encrypted::parse(&token).unwrap();
        let policy = Policy::new().keep_cek();
        let decrypted =
            encrypted.decrypt_with_cek(K::A256KW, Some(&cek), backend, &policy).unwrap();
        drop((builder, cek, decrypted));
        assert_eq!(traces_in_heap(seed, 32), 0, "{}", backend.name());
    }
}

/// Keys are expanded on the stack by `rustcrypto`, where nothing overwrites them. A value that is moved
/// from there to the heap takes along what lies between its fields, so that a piece of a key may be found
/// in anything that was made later: of those keys nothing is asserted.
fn expands_keys_on_the_stack(backend: &dyn Backend) -> bool {
    backend.name() == "rustcrypto"
}

#[test]
fn a_key_that_wrapped_or_encrypted_is_wiped_when_dropped() {
    let _alone = alone();
    let algorithms: [Alg; 4] =
        [K::A256KW.into(), K::A256GCMKW.into(), E::A256GCM.into(), E::A128CBC_HS256.into()];
    // Markers are pieces of one sequence, and these are far apart in it: what one backend left behind
    // is not the other's.
    for (first, backend) in [70, 198].into_iter().zip(backends()) {
        for (seed, alg) in (first..).zip(algorithms) {
            let jwk = shared(seed, 32, alg);
            let encrypting = EncryptionKey::from_jwk(&jwk, backend).unwrap();
            let key = DecryptionKey::from_jwk(&jwk, backend).unwrap();
            let token = jwe::encrypt(b"content", &encrypting).unwrap();
            drop(jwe::decrypt(&token, &key).unwrap());
            drop(jwe::decrypt(&format!("{}A", &token[..token.len() - 1]), &key));
            drop((jwk, encrypting, key));
            if !expands_keys_on_the_stack(backend) {
                assert_eq!(traces_in_heap(seed, 32), 0, "{alg} {}", backend.name());
            }
        }
    }
}

#[test]
fn a_password_is_wiped_when_dropped() {
    let _alone = alone();
    let algorithms = [K::PBES2_HS256_A128KW, K::PBES2_HS512_A256KW];
    for backend in backends() {
        for (seed, alg) in (90..).zip(algorithms) {
            let password = Password::new(marker(seed, 64).collect::<Vec<u8>>());
            let encrypting = EncryptionKey::from_password(alg, &password, backend).unwrap();
            let encrypting = encrypting.with_p2c(1000).unwrap();
            let key = DecryptionKey::from_password(alg, &password, backend).unwrap();
            let token = jwe::encrypt(b"content", &encrypting).unwrap();
            drop(jwe::decrypt(&token, &key).unwrap());
            drop((password, encrypting, key));
            assert_eq!(traces_in_heap(seed, 64), 0, "{alg} {}", backend.name());
        }
    }
}

/// A private key on X25519 made of the marker, whose public half is known.
fn private(seed: u8, alg: &str, x: &str) -> Jwk {
    let octets = SecretBytes::new(marker(seed, 32).collect());
    let d = base64url::encode(octets.expose_secret());
    format!(r#"{{"kty":"OKP","alg":"{alg}","crv":"X25519","x":"{x}","d":"{d}"}}"#).parse().unwrap()
}

#[test]
fn a_private_key_that_agreed_is_wiped_when_dropped() {
    const X: &str = "era3j6lRP25CSteZ8Xkrp8YJ8S6DI0BvG-D2U1xCjkY";
    let _alone = alone();
    for backend in backends() {
        for alg in ["ECDH-ES", "ECDH-ES+A256KW"] {
            let jwk = private(100, alg, X);
            let encrypting = EncryptionKey::from_jwk(&jwk.to_public().unwrap(), backend).unwrap();
            let key = DecryptionKey::from_jwk(&jwk, backend).unwrap();
            let token = jwe::encrypt(b"content", &encrypting).unwrap();
            assert_eq!(jwe::decrypt(&token, &key).unwrap().content(), b"content");
            drop((jwk, encrypting, key));
            assert_eq!(traces_in_heap(100, 32), 0, "{alg} {}", backend.name());
        }
    }
}

/// The marker as content, encrypted; no other copy of it is left.
fn encrypted(seed: u8, builder: &Builder, key: &EncryptionKey) -> String {
    let content = SecretBytes::new(marker(seed, 64).collect());
    builder.encrypt(content.expose_secret(), [key]).unwrap().to_compact().unwrap()
}

#[test]
fn content_that_was_encrypted_leaves_no_copy() {
    let _alone = alone();
    for backend in backends() {
        let (encrypting, _) = wrapping(backend);
        for (seed, enc) in (110..).zip(E::ALL) {
            drop(encrypted(seed, &Builder::new().enc(*enc), &encrypting));
            assert_eq!(traces_in_heap(seed, 64), 0, "{enc} {}", backend.name());
        }
    }
}

#[test]
fn content_whose_tag_is_wrong_is_wiped() {
    let _alone = alone();
    for backend in backends() {
        let (encrypting, key) = wrapping(backend);
        for (seed, enc) in (130..).zip(E::ALL) {
            let token = encrypted(seed, &Builder::new().enc(*enc), &encrypting);
            let (rest, tag) = token.rsplit_once('.').unwrap();
            let mut tag = base64url::decode(tag.as_bytes()).unwrap();
            tag[0] ^= 1;
            let forged = format!("{rest}.{}", base64url::encode(&tag));
            let refused = jwe::decrypt(&forged, &key).unwrap_err();
            assert_eq!(refused.code(), "ERR_JWE_DECRYPTION_FAILED");
            assert_eq!(traces_in_heap(seed, 64), 0, "{enc} {}", backend.name());
        }
    }
}

/// Text that is nowhere in memory until it is asked for.
fn words(seed: u8) -> impl Iterator<Item = u8> {
    marker(seed, 64).map(|octet| b'a' + octet % 26)
}

/// A statement of `jose-xano` with the words in place of `$`, and no other copy of them left.
fn stated<S: serde::de::DeserializeOwned>(seed: u8, json: &str) -> S {
    let (before, after) = json.split_once('$').unwrap();
    let mut octets = Vec::with_capacity(json.len() + 64);
    octets.extend_from_slice(before.as_bytes());
    octets.extend(words(seed));
    octets.extend_from_slice(after.as_bytes());
    let octets = SecretBytes::new(octets);
    serde_json::from_slice(octets.expose_secret()).unwrap()
}

#[test]
fn what_a_statement_encrypts_and_its_key_are_wiped_when_dropped() {
    let _alone = alone();
    let traces = |seed| {
        let mut needle = [0; 64];
        words(seed).zip(&mut needle).for_each(|(octet, place)| *place = octet);
        search(&needle[16..])
    };
    let payload: jose_xano::Payload = stated(150, r#"{"a":[{"b":"$"}],"c":"d"}"#);
    assert!(traces(150) >= 1);
    drop(payload);
    assert_eq!(traces(150), 0);
    // 64 characters of base64url, in which a key stands before it is one.
    let key: jose_xano::Key = stated(151, r#"{"kty":"oct","k":"$"}"#);
    assert!(key.jwk().is_ok());
    assert_eq!(traces(151), 0);
    drop(stated::<jose_xano::Key>(152, r#""$""#));
    assert_eq!(traces(152), 0);
}
