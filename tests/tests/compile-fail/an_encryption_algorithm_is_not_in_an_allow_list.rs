use jose::{Alg, JwkSet, VerifyingKeys, crypto::Backend};

fn keys(set: &JwkSet, backend: &dyn Backend) -> VerifyingKeys {
    VerifyingKeys::from_jwks(set, &[Alg::ES256, Alg::RSA_OAEP], backend)
}

fn main() {}
