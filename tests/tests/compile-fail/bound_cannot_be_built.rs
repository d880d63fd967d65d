use jose::jwa::{Bound, SignatureAlgorithm};

fn bind(params: &jose::jwk::Params) -> Bound<'_, SignatureAlgorithm> {
    Bound { alg: SignatureAlgorithm::HS256, params }
}

fn main() {}
