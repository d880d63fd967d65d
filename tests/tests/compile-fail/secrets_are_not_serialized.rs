fn main() {
    let _json = serde_json::to_string(&jose::SecretBytes::from([1, 2, 3]));
}
