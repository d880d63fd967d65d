use jose::Verified;
use jose::jws::Unverified;

fn accept(_: Verified<Vec<u8>>) {}

fn main() {
    accept(Unverified::parse("a.b.c").unwrap());
}
