use jose::{SigningKey, crypto::Backend};

fn key(backend: &dyn Backend) -> SigningKey {
    SigningKey::from_jwk("correct horse battery staple", backend).unwrap()
}

fn main() {}
