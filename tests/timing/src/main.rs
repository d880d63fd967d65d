//! Whether the time of an operation tells which of two inputs it had, by the statistics of DudeCT: what
//! shows is a difference, and never that there is none. `cargo xtask timing` runs it.
//!
//! The inputs of each test are ones that an attacker would like to tell apart: a tag that is wrong at its
//! beginning or at its end, a key that was unwrapped or replaced by a random one.
#![forbid(unsafe_code)]

use std::hint::black_box;

use dudect_bencher::ctbench::{BenchMetadata, BenchName, BenchOpts, run_benches_console};
use dudect_bencher::rand::RngExt;
use dudect_bencher::{BenchRng, Class, CtRunner};
use jose::crypto::Backend;
use jose::jwa::{ContentEncryption, KeyManagementAlgorithm};
use jose::jwe::Builder;
use jose::{Alg, DecryptionKey, EncryptionKey, Jwk, VerifyingKey, base64url, jwe, jws};
use jose_conformance::keys;

/// How often each is measured. A private operation of RSA takes longer than all the rest.
const MANY: usize = 200_000;
const FEW: usize = 5_000;

fn main() -> std::io::Result<()> {
    let mut options = BenchOpts::default();
    options.filter = std::env::args().nth(1);
    let all = [
        // What differs on purpose, so that a clock which shows nothing shows itself.
        ("known difference", known_difference as fn(&mut CtRunner, &mut BenchRng)),
        ("rustcrypto hmac", |runner, rng| hmac(runner, rng, jose::RUSTCRYPTO)),
        ("openssl hmac", |runner, rng| hmac(runner, rng, jose::OPENSSL)),
        ("rustcrypto cbc tag", |runner, rng| cbc(runner, rng, jose::RUSTCRYPTO)),
        ("openssl cbc tag", |runner, rng| cbc(runner, rng, jose::OPENSSL)),
        ("rustcrypto gcm tag", |runner, rng| gcm(runner, rng, jose::RUSTCRYPTO)),
        ("openssl gcm tag", |runner, rng| gcm(runner, rng, jose::OPENSSL)),
        ("rustcrypto aes-kw", |runner, rng| aes_kw(runner, rng, jose::RUSTCRYPTO)),
        ("openssl aes-kw", |runner, rng| aes_kw(runner, rng, jose::OPENSSL)),
        ("rustcrypto rsa-oaep", |runner, rng| rsa(runner, rng, jose::RUSTCRYPTO)),
        ("openssl rsa-oaep", |runner, rng| rsa(runner, rng, jose::OPENSSL)),
        ("secret in base64url", secret_text),
    ];
    let benches = all
        .into_iter()
        .map(|(name, benchfn)| BenchMetadata { name: BenchName(name), seed: Some(7), benchfn })
        .collect();
    run_benches_console(options, benches)
}

/// Runs `operation` on inputs of both classes, in an order that is random.
fn compare<I>(
    (runner, rng): (&mut CtRunner, &mut BenchRng),
    times: usize,
    [left, right]: [Vec<I>; 2],
    operation: impl Fn(&I),
) {
    for _ in 0..times {
        let (class, inputs) =
            if rng.random::<bool>() { (Class::Left, &left) } else { (Class::Right, &right) };
        let input = &inputs[rng.random_range(0..inputs.len())];
        runner.run_one(class, || operation(black_box(input)));
    }
}

fn known_difference(runner: &mut CtRunner, rng: &mut BenchRng) {
    let inputs = [vec![vec![1_u8; 4096]], vec![vec![0_u8; 4096]]];
    compare((runner, rng), MANY, inputs, |octets| {
        black_box(octets.iter().position(|octet| *octet == 1));
    });
}

/// The last segment of a compact token, changed at its first octet, and at its last one.
fn spoiled(token: &str) -> [Vec<String>; 2] {
    let (rest, last) = token.rsplit_once('.').unwrap();
    let octets = base64url::decode(last.as_bytes()).unwrap();
    let at = |index: usize| {
        let mut octets = octets.clone();
        octets[index] ^= 0x80;
        vec![format!("{rest}.{}", base64url::encode(&octets))]
    };
    [at(0), at(octets.len() - 1)]
}

fn hmac(runner: &mut CtRunner, rng: &mut BenchRng, backend: &'static dyn Backend) {
    let token = jws::sign(b"any octets", &keys::signer(Alg::HS256, backend)).unwrap();
    let key: VerifyingKey = keys::verifier(Alg::HS256, backend);
    compare((runner, rng), MANY, spoiled(&token), |token| {
        black_box(jws::verify(token, &key).is_ok());
    });
}

fn pair(
    alg: KeyManagementAlgorithm,
    backend: &'static dyn Backend,
) -> (EncryptionKey, DecryptionKey) {
    let jwk = Jwk::generate(alg, backend).unwrap();
    let public = jwk.to_public().unwrap_or_else(|_| jwk.clone());
    let encryption = EncryptionKey::from_jwk(&public, backend).unwrap();
    (encryption, DecryptionKey::from_jwk(&jwk, backend).unwrap())
}

fn tag(
    measure: (&mut CtRunner, &mut BenchRng),
    enc: ContentEncryption,
    backend: &'static dyn Backend,
) {
    let (encryption, key) = pair(Alg::A256KW, backend);
    let jwe = Builder::new().enc(enc).encrypt(&[7; 100], [&encryption]).unwrap();
    compare(measure, MANY, spoiled(&jwe.to_compact().unwrap()), |token| {
        black_box(jwe::decrypt(token, &key).is_ok());
    });
}

fn cbc(runner: &mut CtRunner, rng: &mut BenchRng, backend: &'static dyn Backend) {
    tag((runner, rng), ContentEncryption::A128CBC_HS256, backend);
}

fn gcm(runner: &mut CtRunner, rng: &mut BenchRng, backend: &'static dyn Backend) {
    tag((runner, rng), ContentEncryption::A256GCM, backend);
}

/// Tokens whose tag is wrong, and of half of them the encrypted key too.
fn unwrapping(
    measure: (&mut CtRunner, &mut BenchRng),
    alg: KeyManagementAlgorithm,
    (times, tokens): (usize, usize),
    backend: &'static dyn Backend,
) {
    let (encryption, key) = pair(alg, backend);
    let wrong_tag = || {
        let jwe = Builder::new().encrypt(&[7; 100], [&encryption]).unwrap();
        let [wrong, _] = spoiled(&jwe.to_compact().unwrap());
        wrong.into_iter().next().unwrap()
    };
    let wrong_key = |token: String| {
        let mut segments: Vec<String> = token.split('.').map(str::to_owned).collect();
        let mut octets = base64url::decode(segments[1].as_bytes()).unwrap();
        // Not the first octet: what is greater than the modulus is refused by its size, which is public.
        let middle = octets.len() / 2;
        octets[middle] ^= 1;
        segments[1] = base64url::encode(&octets);
        segments.join(".")
    };
    let left = (0..tokens).map(|_| wrong_tag()).collect();
    let right = (0..tokens).map(|_| wrong_key(wrong_tag())).collect();
    compare(measure, times, [left, right], |token| {
        black_box(jwe::decrypt(token, &key).is_ok());
    });
}

fn aes_kw(runner: &mut CtRunner, rng: &mut BenchRng, backend: &'static dyn Backend) {
    unwrapping((runner, rng), Alg::A256KW, (MANY, 100), backend);
}

fn rsa(runner: &mut CtRunner, rng: &mut BenchRng, backend: &'static dyn Backend) {
    unwrapping((runner, rng), Alg::RSA_OAEP_256, (FEW, 500), backend);
}

/// Secrets whose characters lie far apart in a table, if there were one.
fn secret_text(runner: &mut CtRunner, rng: &mut BenchRng) {
    let text = |octet: u8| {
        let json = serde_json::json!({"kty": "oct", "k": base64url::encode(&[octet; 64])});
        vec![json.to_string()]
    };
    compare((runner, rng), MANY, [text(0), text(0xFB)], |json| {
        black_box(Jwk::from_json(json).is_ok());
    });
}
