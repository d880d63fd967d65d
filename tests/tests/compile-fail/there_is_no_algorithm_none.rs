fn main() {
    let _alg = jose::jwa::SignatureAlgorithm::None;
}
