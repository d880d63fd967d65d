//! What is measured, and what its two kinds of input are.

use std::hint::black_box;

use jose::crypto::{Backend, Refused, Verifier};
use jose::jwa::{ContentEncryption, KeyManagementAlgorithm, SignatureAlgorithm};
use jose::jwe::Builder;
use jose::jwk::Params;
use jose::{
    Alg, DecryptionKey, EncryptionKey, Jwk, SecretBytes, SigningKey, VerifyingKey, base64url, jwe,
    jws,
};
use jose_conformance::keys;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private, Public};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::Signer;

use crate::measure::{Class, Plan, Summary, run};

/// One comparison of two kinds of input.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) texts: usize,
    pub(crate) times: usize,
    /// Whether it is a difference that is known, and has to be found.
    pub(crate) shows: bool,
    pub(crate) run: fn(Plan) -> Summary,
}

const fn fast(name: &'static str, run: fn(Plan) -> Summary) -> Subject {
    Subject { name, texts: 2000, times: 400_000, shows: false, run }
}

/// A private operation of RSA takes longer than all the rest.
const fn slow(name: &'static str, run: fn(Plan) -> Summary) -> Subject {
    Subject { name, texts: 2000, times: 12_000, shows: false, run }
}

const fn known(name: &'static str, run: fn(Plan) -> Summary) -> Subject {
    Subject { shows: true, ..fast(name, run) }
}

pub(crate) const ALL: &[Subject] = &[
    known("known: octet by octet, first or last", |plan| compared(plan, by_octet)),
    fast("known: `==` of slices, first or last", |plan| {
        compared(plan, |left, right| left == right)
    }),
    fast("rustcrypto HS512 tag, first or last", |plan| hmac(plan, jose::RUSTCRYPTO)),
    fast("openssl HS512 tag, first or last", |plan| hmac(plan, jose::OPENSSL)),
    fast("rustcrypto A256CBC-HS512 tag, first or last", |plan| cbc(plan, jose::RUSTCRYPTO)),
    fast("openssl A256CBC-HS512 tag, first or last", |plan| cbc(plan, jose::OPENSSL)),
    fast("rustcrypto A256GCM tag, first or last", |plan| gcm(plan, jose::RUSTCRYPTO)),
    fast("openssl A256GCM tag, first or last", |plan| gcm(plan, jose::OPENSSL)),
    fast("rustcrypto A256KW refused, first or last", |plan| kw_octet(plan, jose::RUSTCRYPTO)),
    fast("openssl A256KW refused, first or last", |plan| kw_octet(plan, jose::OPENSSL)),
    fast("rustcrypto A256KW, key right or wrong", |plan| kw(plan, Alg::A256KW, jose::RUSTCRYPTO)),
    fast("openssl A256KW, key right or wrong", |plan| kw(plan, Alg::A256KW, jose::OPENSSL)),
    fast("rustcrypto A256GCMKW, key right or wrong", |plan| {
        kw(plan, Alg::A256GCMKW, jose::RUSTCRYPTO)
    }),
    fast("openssl A256GCMKW, key right or wrong", |plan| kw(plan, Alg::A256GCMKW, jose::OPENSSL)),
    slow("rustcrypto RSA-OAEP-256, key right or wrong", |plan| oaep(plan, jose::RUSTCRYPTO)),
    slow("openssl RSA-OAEP-256, key right or wrong", |plan| oaep(plan, jose::OPENSSL)),
    slow("rustcrypto RSA-OAEP-256, 00 first or not", |plan| manger(plan, jose::RUSTCRYPTO)),
    slow("openssl RSA-OAEP-256, 00 first or not", |plan| manger(plan, jose::OPENSSL)),
    slow("rustcrypto RSA1_5, padding right or wrong", |plan| pkcs1(plan, jose::RUSTCRYPTO)),
    slow("openssl RSA1_5, padding right or wrong", |plan| pkcs1(plan, jose::OPENSSL)),
    fast("secret base64url decoded, low or high", decoded),
    fast("secret JWK read, low or high", read),
    fast("secret JWK written, low or high", written),
    fast("`SecretBytes ==`, first or last", compared_secrets),
];

/// A number of octets that are random.
fn random(len: usize) -> Vec<u8> {
    (0..len).map(|_| fastrand::u8(..)).collect()
}

/// Changes the first octet, or the last one, by any difference.
fn spoil(octets: &mut [u8], class: Class) {
    let at = if class == Class::Left { 0 } else { octets.len() - 1 };
    octets[at] ^= fastrand::u8(1..);
}

/// A segment of a compact token, changed.
fn with_segment(token: &str, index: usize, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut segments: Vec<String> = token.split('.').map(str::to_owned).collect();
    let mut octets = base64url::decode(segments[index].as_bytes()).unwrap();
    change(&mut octets);
    segments[index] = base64url::encode(&octets);
    segments.join(".")
}

/// For what takes its text as it is.
fn nothing(_: &[u8]) {}

fn text(octets: &[u8]) -> &str {
    std::str::from_utf8(octets).unwrap()
}

/// A MAC that is compared as no MAC should be.
struct Careless {
    key: PKey<Private>,
    compare: fn(&[u8], &[u8]) -> bool,
}

impl Verifier for Careless {
    fn verify(&self, input: &[&[u8]], signature: &[u8]) -> Result<(), Refused> {
        let mut mac = Signer::new(MessageDigest::sha512(), &self.key).unwrap();
        let tag = mac.sign_oneshot_to_vec(&input.concat()).unwrap();
        if (self.compare)(&tag, signature) { Ok(()) } else { Err(Refused::Invalid) }
    }
}

/// Leaves off at the first difference.
fn by_octet(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|(left, right)| black_box(left) == black_box(right))
}

fn macs(plan: Plan, signer: &SigningKey, key: &VerifyingKey) -> Summary {
    let draw = |class| {
        let token = jws::sign(&random(40), signer).unwrap();
        with_segment(&token, 2, |tag| spoil(tag, class)).into_bytes()
    };
    run(plan, draw, nothing, |token, ()| {
        black_box(jws::verify(text(token), key).is_ok());
    })
}

fn compared(plan: Plan, compare: fn(&[u8], &[u8]) -> bool) -> Summary {
    let signer = keys::signer(Alg::HS512, jose::RUSTCRYPTO);
    let jwk = keys::private(Alg::HS512);
    let Params::Oct(oct) = jwk.params() else { unreachable!("a shared key was asked for") };
    let careless = Careless { key: PKey::hmac(oct.k().expose_secret()).unwrap(), compare };
    let key = VerifyingKey::external(SignatureAlgorithm::HS512, signer.kid(), careless).unwrap();
    macs(plan, &signer, &key)
}

fn hmac(plan: Plan, backend: &'static dyn Backend) -> Summary {
    macs(plan, &keys::signer(Alg::HS512, backend), &keys::verifier(Alg::HS512, backend))
}

fn pair(alg: impl Into<Alg>, backend: &'static dyn Backend) -> (EncryptionKey, DecryptionKey) {
    let jwk = Jwk::generate(alg, backend).unwrap();
    let public = jwk.to_public().unwrap_or_else(|_| jwk.clone());
    let encryption = EncryptionKey::from_jwk(&public, backend).unwrap();
    (encryption, DecryptionKey::from_jwk(&jwk, backend).unwrap())
}

fn encrypted(key: &EncryptionKey) -> String {
    Builder::new().encrypt(&random(100), [key]).unwrap().to_compact().unwrap()
}

fn decrypt(plan: Plan, key: &DecryptionKey, draw: impl Fn(Class) -> String) -> Summary {
    run(
        plan,
        |class| draw(class).into_bytes(),
        nothing,
        |token, ()| {
            black_box(jwe::decrypt(text(token), key).is_ok());
        },
    )
}

/// Under `dir`, so that nothing else is done than what the tag is about.
fn tag(plan: Plan, enc: ContentEncryption, backend: &'static dyn Backend) -> Summary {
    let (encryption, key) = pair(enc, backend);
    decrypt(plan, &key, |class| with_segment(&encrypted(&encryption), 4, |tag| spoil(tag, class)))
}

fn cbc(plan: Plan, backend: &'static dyn Backend) -> Summary {
    tag(plan, ContentEncryption::A256CBC_HS512, backend)
}

fn gcm(plan: Plan, backend: &'static dyn Backend) -> Summary {
    tag(plan, ContentEncryption::A256GCM, backend)
}

/// A token whose tag is wrong, whatever becomes of its key.
fn refused(key: &EncryptionKey) -> String {
    with_segment(&encrypted(key), 4, |tag| spoil(tag, Class::Left))
}

/// The encrypted key is wrong too, at one end or the other.
fn kw_octet(plan: Plan, backend: &'static dyn Backend) -> Summary {
    let (encryption, key) = pair(Alg::A256KW, backend);
    decrypt(plan, &key, |class| {
        with_segment(&refused(&encryption), 1, |wrapped| spoil(wrapped, class))
    })
}

/// The encrypted key is right, or wrong somewhere.
fn right_or_wrong(plan: Plan, (encryption, key): (EncryptionKey, DecryptionKey)) -> Summary {
    decrypt(plan, &key, |class| {
        with_segment(&refused(&encryption), 1, |wrapped| {
            if class == Class::Right {
                // Not the first octet: what is above the modulus of RSA is refused for its size, which is
                // public.
                let at = fastrand::usize(1..wrapped.len());
                wrapped[at] ^= fastrand::u8(1..);
            }
        })
    })
}

fn kw(plan: Plan, alg: KeyManagementAlgorithm, backend: &'static dyn Backend) -> Summary {
    right_or_wrong(plan, pair(alg, backend))
}

fn oaep(plan: Plan, backend: &'static dyn Backend) -> Summary {
    right_or_wrong(plan, pair(Alg::RSA_OAEP_256, backend))
}

/// An RSA key, and the power of what is not padded by anyone.
fn rsa(alg: KeyManagementAlgorithm, backend: &'static dyn Backend) -> (Jwk, Rsa<Public>) {
    let jwk = Jwk::generate(Alg::RSA_OAEP_256, backend).unwrap();
    let Params::Rsa(rsa) = jwk.params() else { unreachable!("an RSA key was asked for") };
    let [n, e] = [rsa.n(), rsa.e()].map(|number| BigNum::from_slice(number).unwrap());
    let public = Rsa::from_public_components(n, e).unwrap();
    let params = jwk.params().clone();
    (Jwk::new(params).with_alg(alg).unwrap(), public)
}

/// Tokens whose encrypted key is the power of what `encode` makes for each class.
fn powers(
    plan: Plan,
    alg: KeyManagementAlgorithm,
    backend: &'static dyn Backend,
    encode: impl Fn(Class) -> Vec<u8>,
) -> Summary {
    let (jwk, public) = rsa(alg, backend);
    let key = DecryptionKey::from_jwk_for(alg, &jwk, backend).unwrap();
    let header = format!(r#"{{"alg":"{}","enc":"A256GCM"}}"#, alg.name());
    decrypt(plan, &key, |class| {
        let mut power = vec![0; 256];
        public.public_encrypt(&encode(class), &mut power, Padding::NONE).unwrap();
        let parts = [header.clone().into_bytes(), power, random(12), random(100), random(16)];
        parts.map(|part| base64url::encode(&part)).join(".")
    })
}

/// Whether the first octet is 00 is what Manger's attack asks for. All of them are refused: there is no
/// padding under it.
fn manger(plan: Plan, backend: &'static dyn Backend) -> Summary {
    powers(plan, Alg::RSA_OAEP_256, backend, |class| {
        let mut encoded = random(256);
        // Below the modulus, whose first bit is 1.
        encoded[0] = if class == Class::Left { 0 } else { fastrand::u8(1..0x80) };
        encoded
    })
}

/// Whether there is a padding, for a key of the right length, is what Bleichenbacher's attack asks for.
fn pkcs1(plan: Plan, backend: &'static dyn Backend) -> Summary {
    powers(plan, KeyManagementAlgorithm::RSA1_5, backend, |class| {
        let mut encoded: Vec<u8> = (0..256).map(|_| fastrand::u8(1..)).collect();
        (encoded[0], encoded[223]) = (0, 0);
        encoded[1] = if class == Class::Left { 2 } else { fastrand::u8(3..) };
        encoded
    })
}

/// Secrets whose octets are low or high, and whose characters lie at one end of the alphabet or the other.
fn secret(class: Class) -> Vec<u8> {
    let octet = || if class == Class::Left { fastrand::u8(..4) } else { fastrand::u8(252..) };
    (0..96).map(|_| octet()).collect()
}

fn decoded(plan: Plan) -> Summary {
    let draw = |class| base64url::encode(&secret(class)).into_bytes();
    run(plan, draw, nothing, |encoded, ()| {
        black_box(base64url::decode_secret(text(encoded)).is_ok());
    })
}

fn json(class: Class) -> Vec<u8> {
    format!(r#"{{"kty":"oct","k":"{}"}}"#, base64url::encode(&secret(class))).into_bytes()
}

fn read(plan: Plan) -> Summary {
    run(plan, json, nothing, |json, ()| {
        black_box(Jwk::from_json(json).is_ok());
    })
}

fn written(plan: Plan) -> Summary {
    run(
        plan,
        json,
        |json| Jwk::from_json(json).unwrap(),
        |_, jwk| {
            black_box(jwk.expose_secret_json());
        },
    )
}

/// Two secrets, of which the second differs from the first at its beginning or at its end.
fn compared_secrets(plan: Plan) -> Summary {
    let draw = |class| {
        let one = random(512);
        let mut other = one.clone();
        spoil(&mut other, class);
        [one, other].concat()
    };
    let halves = |both: &[u8]| -> (SecretBytes, SecretBytes) {
        let (one, other) = both.split_at(both.len() / 2);
        (one.into(), other.into())
    };
    run(plan, draw, halves, |_, (one, other)| {
        black_box(one == other);
    })
}
