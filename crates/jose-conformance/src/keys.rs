//! One private key for each algorithm, fixed so that tests need no generation. They are public
//! knowledge: never use one.

use jose_core::Jwk;
use jose_core::crypto::Backend;
use jose_core::jwa::SignatureAlgorithm;
use jose_core::jws::{SigningKey, VerifyingKey};

/// The JSON text of the private key for `alg`.
#[must_use]
pub fn json(alg: SignatureAlgorithm) -> &'static str {
    match alg {
        SignatureAlgorithm::HS256 => include_str!("../vectors/keys/HS256.jwk"),
        SignatureAlgorithm::HS384 => include_str!("../vectors/keys/HS384.jwk"),
        SignatureAlgorithm::HS512 => include_str!("../vectors/keys/HS512.jwk"),
        SignatureAlgorithm::RS256 => include_str!("../vectors/keys/RS256.jwk"),
        SignatureAlgorithm::RS384 => include_str!("../vectors/keys/RS384.jwk"),
        SignatureAlgorithm::RS512 => include_str!("../vectors/keys/RS512.jwk"),
        SignatureAlgorithm::ES256 => include_str!("../vectors/keys/ES256.jwk"),
        SignatureAlgorithm::ES384 => include_str!("../vectors/keys/ES384.jwk"),
        SignatureAlgorithm::ES512 => include_str!("../vectors/keys/ES512.jwk"),
        SignatureAlgorithm::PS256 => include_str!("../vectors/keys/PS256.jwk"),
        SignatureAlgorithm::PS384 => include_str!("../vectors/keys/PS384.jwk"),
        SignatureAlgorithm::PS512 => include_str!("../vectors/keys/PS512.jwk"),
        SignatureAlgorithm::EdDSA => include_str!("../vectors/keys/EdDSA.jwk"),
        SignatureAlgorithm::ES256K => include_str!("../vectors/keys/ES256K.jwk"),
        SignatureAlgorithm::Ed25519 => include_str!("../vectors/keys/Ed25519.jwk"),
        SignatureAlgorithm::Ed448 => include_str!("../vectors/keys/Ed448.jwk"),
        other => panic!("no fixed key for {other}"),
    }
}

/// The private key for `alg`.
#[must_use]
pub fn private(alg: SignatureAlgorithm) -> Jwk {
    json(alg).parse().unwrap()
}

/// What verifies the signatures of [`private`]: its public half, or the shared key itself.
#[must_use]
pub fn verifying(alg: SignatureAlgorithm) -> Jwk {
    let jwk = private(alg);
    if alg.is_symmetric() { jwk } else { jwk.to_public().unwrap() }
}

/// The fixed key for `alg`, as `backend` loads it for signing.
#[must_use]
pub fn signer(alg: SignatureAlgorithm, backend: &dyn Backend) -> SigningKey {
    SigningKey::from_jwk(&private(alg), backend).unwrap()
}

/// The fixed key for `alg`, as `backend` loads it for verifying.
#[must_use]
pub fn verifier(alg: SignatureAlgorithm, backend: &dyn Backend) -> VerifyingKey {
    VerifyingKey::from_jwk(&verifying(alg), backend).unwrap()
}
