use jose::Verified;

fn main() {
    let _forged = Verified { content: "claims" };
}
