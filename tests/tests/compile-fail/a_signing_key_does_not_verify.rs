fn verify(token: &str, key: &jose::SigningKey) {
    let _accepted = jose::jws::verify(token, key);
}

fn main() {}
