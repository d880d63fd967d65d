fn write(jwk: &jose::Jwk) -> String {
    serde_json::to_string(jwk).unwrap()
}

fn main() {}
