fn main() {
    let _forged = jose::Verified::<String>::default();
}
