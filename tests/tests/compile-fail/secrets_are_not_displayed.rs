fn main() {
    let _text = format!("{}", jose::SecretBytes::from([1, 2, 3]));
}
