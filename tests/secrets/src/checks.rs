//! What is done with secrets that Valgrind watches.

use std::hint::black_box;

use jose::crypto::Backend;
use jose::jwa::{ContentEncryption, KeyManagementAlgorithm, SignatureAlgorithm};
use jose::jwe::{Builder, Encrypted};
use jose::jwk::Params;
use jose::{
    Alg, DecryptionKey, EncryptionKey, Jwk, SecretBytes, SigningKey, VerifyingKey, base64url, jws,
};

use crate::marks::{hide, hide_secret, show, told};

/// One operation.
pub(crate) struct Check {
    pub(crate) name: &'static str,
    /// Whether it does what is not to be done with a secret, so that Valgrind has to tell.
    pub(crate) shows: bool,
    pub(crate) run: fn(),
}

const fn hides(name: &'static str, run: fn()) -> Check {
    Check { name, shows: false, run }
}

const fn shows(name: &'static str, run: fn()) -> Check {
    Check { name, shows: true, run }
}

pub(crate) const ALL: &[Check] = &[
    shows("known-equality", known_equality),
    shows("known-lookup", known_lookup),
    shows("known-base64url", known_base64url),
    hides("secret-bytes", secret_bytes),
    hides("base64url-decode", base64url_decode),
    hides("jwk-read", jwk_read),
    hides("jwk-write", jwk_write),
    hides("hmac-rustcrypto", || hmac(jose::RUSTCRYPTO)),
    hides("hmac-openssl", || hmac(jose::OPENSSL)),
    hides("cbc-rustcrypto", || content(ContentEncryption::A256CBC_HS512, jose::RUSTCRYPTO)),
    hides("cbc-openssl", || content(ContentEncryption::A256CBC_HS512, jose::OPENSSL)),
    hides("gcm-rustcrypto", || content(ContentEncryption::A256GCM, jose::RUSTCRYPTO)),
    hides("gcm-openssl", || content(ContentEncryption::A256GCM, jose::OPENSSL)),
    hides("aes-kw-rustcrypto", || unwrap(Alg::A256KW, jose::RUSTCRYPTO)),
    hides("aes-kw-openssl", || unwrap(Alg::A256KW, jose::OPENSSL)),
    hides("gcm-kw-rustcrypto", || unwrap(Alg::A256GCMKW, jose::RUSTCRYPTO)),
    hides("gcm-kw-openssl", || unwrap(Alg::A256GCMKW, jose::OPENSSL)),
    hides("rsa1_5-rustcrypto", || padding(KeyManagementAlgorithm::RSA1_5, jose::RUSTCRYPTO)),
    hides("rsa1_5-openssl", || padding(KeyManagementAlgorithm::RSA1_5, jose::OPENSSL)),
    hides("rsa-oaep-rustcrypto", || padding(Alg::RSA_OAEP_256, jose::RUSTCRYPTO)),
    hides("rsa-oaep-openssl", || padding(Alg::RSA_OAEP_256, jose::OPENSSL)),
];

/// Octets that the compiler knows nothing of.
fn octets(len: usize) -> Vec<u8> {
    black_box((0..=255).cycle().take(len).collect())
}

fn known_equality() {
    let (one, other) = (octets(64), octets(64));
    hide(&one);
    if one == other {
        black_box(());
    }
}

fn known_lookup() {
    let (table, index) = (octets(256), octets(1));
    hide(&index);
    black_box(table[usize::from(index[0])]);
}

/// What is not made for secrets.
fn known_base64url() {
    let text = base64url::encode(&octets(96));
    hide(text.as_bytes());
    black_box(base64url::decode(text.as_bytes()).is_ok());
}

fn secret_bytes() {
    for changed in [None, Some(0), Some(63)] {
        let mut other = octets(64);
        if let Some(at) = changed {
            other[at] ^= 1;
        }
        let (one, other) = (SecretBytes::from(octets(64)), SecretBytes::from(other));
        hide_secret(&one);
        hide_secret(&other);
        assert_eq!(told(one == other), changed.is_none());
    }
}

fn base64url_decode() {
    let text = base64url::encode(&octets(96));
    hide(text.as_bytes());
    let secret = base64url::decode_secret(&text).unwrap();
    show(secret.expose_secret());
    assert_eq!(secret.expose_secret(), octets(96));
}

fn jwk_read() {
    let json = format!(r#"{{"kty":"oct","k":"{}"}}"#, base64url::encode(&octets(96)));
    let start = json.len() - 2 - base64url::encoded_len(96);
    hide(&json.as_bytes()[start..json.len() - 2]);
    black_box(Jwk::from_json(&json).unwrap());
}

fn jwk_write() {
    let jwk = Jwk::from_secret_octets(octets(96)).unwrap();
    hide_secret(shared(&jwk));
    black_box(jwk.expose_secret_json());
}

fn shared(jwk: &Jwk) -> &SecretBytes {
    let Params::Oct(oct) = jwk.params() else { unreachable!("a shared key was asked for") };
    oct.k()
}

/// A tag that is right, one that is wrong at its beginning and one at its end.
fn tags(tag: &[u8]) -> [(Vec<u8>, bool); 3] {
    let wrong = |at: usize| {
        let mut tag = tag.to_vec();
        tag[at] ^= 1;
        (tag, false)
    };
    [(tag.to_vec(), true), wrong(0), wrong(tag.len() - 1)]
}

fn hmac(backend: &'static dyn Backend) {
    let jwk = Jwk::generate(SignatureAlgorithm::HS256, backend).unwrap();
    let signer = SigningKey::from_jwk(&jwk, backend).unwrap();
    let token = jws::sign(b"any octets", &signer).unwrap();
    let (input, tag) = token.rsplit_once('.').unwrap();
    hide_secret(shared(&jwk));
    let key = VerifyingKey::from_jwk(&jwk, backend).unwrap();
    for (tag, is_right) in tags(&base64url::decode(tag.as_bytes()).unwrap()) {
        let token = format!("{input}.{}", base64url::encode(&tag));
        assert_eq!(told(jws::verify(&token, &key).is_ok()), is_right);
    }
}

fn content(enc: ContentEncryption, backend: &'static dyn Backend) {
    let key = SecretBytes::from(octets(enc.key_len()));
    let (mut iv, mut tag) = (vec![0; enc.iv_len()], vec![0; enc.tag_len()]);
    let mut sealed = octets(100);
    let cipher = backend.content_cipher(enc, &key).unwrap();
    cipher.encrypt(b"data", &mut iv, &mut sealed, &mut tag).unwrap();
    hide_secret(&key);
    let cipher = backend.content_cipher(enc, &key).unwrap();
    for (tag, is_right) in tags(&tag) {
        let mut text = sealed.clone();
        assert_eq!(told(cipher.decrypt(b"data", &iv, &mut text, &tag).is_ok()), is_right);
    }
}

/// A key that is unwrapped, and one that is replaced; the tag of the content is wrong each time.
fn unwrap(alg: KeyManagementAlgorithm, backend: &'static dyn Backend) {
    let jwk = Jwk::generate(alg, backend).unwrap();
    let encryption = EncryptionKey::from_jwk(&jwk, backend).unwrap();
    let token = Builder::new().encrypt(&octets(100), [&encryption]).unwrap();
    let token = token.to_compact().unwrap();
    hide_secret(shared(&jwk));
    let key = DecryptionKey::from_jwk(&jwk, backend).unwrap();
    let segments: Vec<&str> = token.split('.').collect();
    let [wrapped, tag] = [1, 4].map(|index| base64url::decode(segments[index].as_bytes()).unwrap());
    let [_, (wrong_tag, _), _] = tags(&tag);
    for (wrapped, _) in tags(&wrapped) {
        let mut segments: Vec<String> = segments.iter().copied().map(str::to_owned).collect();
        (segments[1], segments[4]) = (base64url::encode(&wrapped), base64url::encode(&wrong_tag));
        let token = segments.join(".");
        assert!(!told(jose::jwe::decrypt(&token, &key).is_ok()));
    }
}

/// The encrypted key is taken for the secret, and so is what RSA makes of it: all that is done with the
/// padding is seen. The private key is not hidden, because loading it takes arithmetic that tells.
fn padding(alg: KeyManagementAlgorithm, backend: &'static dyn Backend) {
    let jwk = Jwk::generate(Alg::RSA_OAEP_256, jose::OPENSSL).unwrap();
    let jwk = Jwk::new(jwk.params().clone()).with_alg(alg).unwrap();
    let key = DecryptionKey::from_jwk_for(alg, &jwk, backend).unwrap();
    let header = format!(r#"{{"alg":"{}","enc":"A256GCM"}}"#, alg.name());
    let mut encrypted_key = octets(256);
    encrypted_key[0] = 1; // below the modulus
    let parts = [header.into_bytes(), encrypted_key, octets(12), octets(100), octets(16)];
    let token = parts.map(|part| base64url::encode(&part)).join(".");
    let encrypted = Encrypted::parse(&token).unwrap();
    hide(encrypted.encrypted_key());
    assert!(!told(encrypted.decrypt(&key).is_ok()));
}
