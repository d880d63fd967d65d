//! Prints the README's table of algorithms and backends, by asking the backends.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "this is what it is for")]

use jose::crypto::Backend;
use jose::error::KeyError;
use jose::jwa::SignatureAlgorithm;
use jose::{SigningKey, VerifyingKey};
use jose_conformance::keys;

fn main() {
    let backends = jose_tests::backends();
    let names: Vec<_> = backends.iter().map(|backend| format!(" `{}` |", backend.name())).collect();
    println!("| `alg` | what it is |{}", names.concat());
    println!("|---|---|{}", "---|".repeat(backends.len()));
    for alg in SignatureAlgorithm::ALL {
        let answers: Vec<_> =
            backends.iter().map(|backend| format!(" {} |", answer(*alg, *backend))).collect();
        println!("| `{alg}` | {} |{}", description(*alg), answers.concat());
    }
}

/// Whether the backend signs and verifies with `alg`.
fn answer(alg: SignatureAlgorithm, backend: &dyn Backend) -> &'static str {
    let signer = SigningKey::from_jwk(&keys::private(alg), backend).map(drop);
    let verifier = VerifyingKey::from_jwk(&keys::verifying(alg), backend).map(drop);
    match (signer, verifier) {
        (Ok(()), Ok(())) => "yes",
        (Err(KeyError::Unsupported { .. }), Err(KeyError::Unsupported { .. })) => "no",
        (signer, verifier) => panic_on(alg, &signer.and(verifier)),
    }
}

#[allow(clippy::panic, reason = "a backend that contradicts itself has no place in the table")]
fn panic_on(alg: SignatureAlgorithm, outcome: &Result<(), KeyError>) -> ! {
    panic!("{alg}: {outcome:?}")
}

fn description(alg: SignatureAlgorithm) -> String {
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
