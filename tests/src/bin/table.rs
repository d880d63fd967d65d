//! Prints the README's tables of algorithms and backends, by asking the backends.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "this is what it is for")]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a backend that contradicts itself has no place in a table"
)]

use jose::crypto::Backend;
use jose::error::KeyError;
use jose::jwa::{ContentEncryption, KeyManagementAlgorithm, SignatureAlgorithm};
use jose::jwk::{EcCurve, Generator, OkpCurve};
use jose::{DecryptionKey, EncryptionKey, Jwk, SigningKey, VerifyingKey};
use jose_conformance::keys;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("content-encryption") => table("enc", ContentEncryption::ALL, content, encrypts),
        Some("key-management") => table("alg", KeyManagementAlgorithm::ALL, management, manages),
        Some("algorithms") => table("alg", SignatureAlgorithm::ALL, signature, signs),
        other => panic!("no table is called {other:?}"),
    }
}

fn table<A: core::fmt::Display + Copy>(
    member: &str,
    algs: &[A],
    description: impl Fn(A) -> String,
    answer: impl Fn(A, &'static dyn Backend) -> String,
) {
    let backends = jose_tests::backends();
    let names: Vec<_> = backends.iter().map(|backend| format!(" `{}` |", backend.name())).collect();
    println!("| `{member}` | what it is |{}", names.concat());
    println!("|---|---|{}", "---|".repeat(backends.len()));
    for alg in algs {
        let answers = backends.iter().map(|backend| format!(" {} |", answer(*alg, *backend)));
        println!("| `{alg}` | {} |{}", description(*alg), answers.collect::<String>());
    }
}

/// What the two halves of an answer come to.
fn both(one: Result<(), KeyError>, other: Result<(), KeyError>) -> String {
    match (one, other) {
        (Ok(()), Ok(())) => "yes".into(),
        (Err(KeyError::Unsupported { .. }), Err(KeyError::Unsupported { .. })) => "no".into(),
        (Err(KeyError::AskedFor { .. }), Ok(())) => "decrypts, where it is asked for".into(),
        (one, other) => panic!("{:?}", one.and(other)),
    }
}

fn signs(alg: SignatureAlgorithm, backend: &'static dyn Backend) -> String {
    both(
        SigningKey::from_jwk(&keys::private(alg), backend).map(drop),
        VerifyingKey::from_jwk(&keys::verifying(alg), backend).map(drop),
    )
}

fn manages(alg: KeyManagementAlgorithm, backend: &'static dyn Backend) -> String {
    use KeyManagementAlgorithm as K;
    let generated = |generator: Generator| generator.generate(backend);
    match alg {
        K::ECDH_ES | K::ECDH_ES_A128KW | K::ECDH_ES_A192KW | K::ECDH_ES_A256KW => {
            let ec = [EcCurve::P256, EcCurve::P384, EcCurve::P521]
                .map(|crv| (crv.name(), generated(Generator::new(alg).curve(crv))));
            let okp = [OkpCurve::X25519, OkpCurve::X448]
                .map(|crv| (crv.name(), generated(Generator::new(alg).curve(crv))));
            let curves = ec.into_iter().chain(okp).filter_map(|(name, made)| match made {
                Ok(jwk) => (uses(&jwk, alg, backend) == "yes").then_some(name),
                Err(KeyError::Unsupported { .. }) => None,
                Err(error) => panic!("{error:?}"),
            });
            curves.collect::<Vec<_>>().join(", ")
        }
        K::RSA1_5 | K::RSA_OAEP | K::RSA_OAEP_256 | K::RSA_OAEP_384 | K::RSA_OAEP_512 => {
            let rsa = keys::private(SignatureAlgorithm::RS256).params().clone();
            uses(&Jwk::new(rsa).with_alg(alg).unwrap(), alg, backend)
        }
        K::Dir => {
            let jwk = Jwk::generate(ContentEncryption::A256GCM, backend).unwrap();
            uses(&jwk, alg, backend)
        }
        _ => uses(&generated(Generator::new(alg)).unwrap(), alg, backend),
    }
}

/// Whether the backend encrypts to the key, and decrypts with it.
fn uses(jwk: &Jwk, alg: KeyManagementAlgorithm, backend: &'static dyn Backend) -> String {
    let public = jwk.to_public().unwrap_or_else(|_| jwk.clone());
    both(
        EncryptionKey::from_jwk(&public, backend).map(drop),
        DecryptionKey::from_jwk_for(alg, jwk, backend).map(drop),
    )
}

fn encrypts(enc: ContentEncryption, backend: &'static dyn Backend) -> String {
    let jwk = Jwk::generate(enc, backend).unwrap();
    uses(&jwk, KeyManagementAlgorithm::Dir, backend)
}

fn signature(alg: SignatureAlgorithm) -> String {
    use SignatureAlgorithm as S;
    let sha =
        || alg.hash().map(|hash| format!("SHA-{}", hash.digest_len() * 8)).unwrap_or_default();
    match alg {
        S::HS256 | S::HS384 | S::HS512 => format!("HMAC, {}", sha()),
        S::RS256 | S::RS384 | S::RS512 => format!("RSASSA-PKCS1-v1_5, {}", sha()),
        S::PS256 | S::PS384 | S::PS512 => format!("RSASSA-PSS, {}", sha()),
        S::ES256 => format!("ECDSA on P-256, {}", sha()),
        S::ES384 => format!("ECDSA on P-384, {}", sha()),
        S::ES512 => format!("ECDSA on P-521, {}", sha()),
        S::ES256K => format!("ECDSA on secp256k1, {}", sha()),
        S::EdDSA => "the old name of `Ed25519` and `Ed448`".into(),
        S::Ed25519 => "EdDSA on Ed25519".into(),
        S::Ed448 => "EdDSA on Ed448".into(),
        _ => String::new(),
    }
}

fn management(alg: KeyManagementAlgorithm) -> String {
    use KeyManagementAlgorithm as K;
    let what = match alg {
        K::RSA1_5 => "RSAES-PKCS1-v1_5",
        K::RSA_OAEP => "RSAES-OAEP, SHA-1",
        K::RSA_OAEP_256 => "RSAES-OAEP, SHA-256",
        K::RSA_OAEP_384 => "RSAES-OAEP, SHA-384",
        K::RSA_OAEP_512 => "RSAES-OAEP, SHA-512",
        K::A128KW => "AES Key Wrap, 128 bits",
        K::A192KW => "AES Key Wrap, 192 bits",
        K::A256KW => "AES Key Wrap, 256 bits",
        K::Dir => "a shared key encrypts the content",
        K::ECDH_ES => "key agreement",
        K::ECDH_ES_A128KW => "key agreement, AES Key Wrap of 128 bits",
        K::ECDH_ES_A192KW => "key agreement, AES Key Wrap of 192 bits",
        K::ECDH_ES_A256KW => "key agreement, AES Key Wrap of 256 bits",
        K::A128GCMKW => "AES in Galois/Counter Mode, 128 bits",
        K::A192GCMKW => "AES in Galois/Counter Mode, 192 bits",
        K::A256GCMKW => "AES in Galois/Counter Mode, 256 bits",
        K::PBES2_HS256_A128KW => "a password, SHA-256, AES Key Wrap of 128 bits",
        K::PBES2_HS384_A192KW => "a password, SHA-384, AES Key Wrap of 192 bits",
        K::PBES2_HS512_A256KW => "a password, SHA-512, AES Key Wrap of 256 bits",
        _ => "",
    };
    what.into()
}

fn content(enc: ContentEncryption) -> String {
    let bits = match enc.mac_hash() {
        Some(_) => enc.key_len() * 4,
        None => enc.key_len() * 8,
    };
    match enc.mac_hash() {
        Some(hash) => format!("AES-CBC of {bits} bits, HMAC with SHA-{}", hash.digest_len() * 8),
        None => format!("AES-GCM of {bits} bits"),
    }
}
