//! What fuzzing starts from: tokens and keys of every kind, and the keys that judge them.

use std::sync::LazyLock;

use jose::crypto::Backend;
use jose::jwa::{ContentEncryption, KeyManagementAlgorithm, SignatureAlgorithm};
use jose::jwe::{Builder, DecryptionKeys};
use jose::{
    Alg, DecryptionKey, EncryptionKey, Header, Jwk, JwkSet, Jws, Password, SigningKey,
    VerifyingKey, VerifyingKeys, base64url,
};
use jose_conformance::keys as fixed;
use serde_json::json;

use crate::backends;

/// What every token of the corpus holds.
pub const CONTENT: &[u8] = br#"{"iss":"idp","aud":"api","exp":1800000900}"#;

/// Signature algorithms, one of each kind of key.
const SIGNATURES: [SignatureAlgorithm; 5] =
    [Alg::HS256, Alg::ES256, Alg::Ed25519, Alg::PS256, Alg::ES256K];

/// Key management algorithms, one of each kind.
const ENCRYPTIONS: [KeyManagementAlgorithm; 6] = [
    Alg::A256KW,
    Alg::A128GCMKW,
    Alg::ECDH_ES_A256KW,
    Alg::RSA_OAEP_256,
    KeyManagementAlgorithm::Dir,
    Alg::PBES2_HS256_A128KW,
];

/// One backend, and the keys of the corpus in it.
#[derive(Debug)]
pub struct Judge {
    /// The first of the verifying keys, which is a shared one.
    pub verifier: VerifyingKey,
    /// Its other half.
    pub signer: SigningKey,
    /// What verifies every signed token of the corpus.
    pub verifiers: VerifyingKeys,
    /// What decrypts every encrypted one.
    pub decrypters: DecryptionKeys,
}

static JUDGES: LazyLock<Vec<Judge>> =
    LazyLock::new(|| backends().into_iter().map(Judge::new).collect());

/// A judge for each backend.
#[must_use]
pub fn judges() -> &'static [Judge] {
    &JUDGES
}

/// The judge of the first backend.
#[must_use]
pub fn judge() -> &'static Judge {
    judges().first().expect("a build has a backend")
}

impl Judge {
    fn new(backend: &'static dyn Backend) -> Self {
        let decrypter = |alg: &KeyManagementAlgorithm| match encryption_key(*alg) {
            Some(jwk) => DecryptionKey::from_jwk(&jwk, backend),
            None => DecryptionKey::from_password(*alg, &password(), backend),
        };
        Self {
            verifier: fixed::verifier(Alg::HS256, backend),
            signer: fixed::signer(Alg::HS256, backend),
            verifiers: SIGNATURES.iter().map(|alg| fixed::verifier(*alg, backend)).collect(),
            decrypters: ENCRYPTIONS.iter().map(|alg| decrypter(alg).expect("fixed")).collect(),
        }
    }
}

fn password() -> Password {
    Password::from("correct horse")
}

/// A fixed private or shared key; none where it is a password.
fn encryption_key(alg: KeyManagementAlgorithm) -> Option<Jwk> {
    let (name, octets) =
        (alg.name(), |len| base64url::encode([7_u8; 32].get(..len).unwrap_or(&[])));
    let rebound = |of| {
        let mut json: serde_json::Value = serde_json::from_str(fixed::json(of)).expect("fixed");
        json["alg"] = name.into();
        json
    };
    let json = match alg {
        Alg::A256KW => json!({"kty": "oct", "alg": name, "k": octets(32)}),
        Alg::A128GCMKW => json!({"kty": "oct", "alg": name, "k": octets(16)}),
        KeyManagementAlgorithm::Dir => json!({"kty": "oct", "alg": "A256GCM", "k": octets(32)}),
        Alg::ECDH_ES_A256KW => rebound(Alg::ES256),
        Alg::RSA_OAEP_256 => rebound(Alg::RS256),
        _ => return None,
    };
    Some(Jwk::from_json(json.to_string()).expect("fixed"))
}

fn encrypter(alg: KeyManagementAlgorithm, backend: &'static dyn Backend) -> EncryptionKey {
    match encryption_key(alg) {
        Some(jwk) => {
            let public = jwk.to_public().unwrap_or(jwk);
            EncryptionKey::from_jwk(&public, backend).expect("fixed")
        }
        None => EncryptionKey::from_password(alg, &password(), backend)
            .and_then(|key| key.with_p2c(1000))
            .expect("fixed"),
    }
}

fn octets(texts: impl IntoIterator<Item = String>) -> Vec<Vec<u8>> {
    texts.into_iter().map(String::into_bytes).collect()
}

/// Signed tokens, in every serialization.
#[must_use]
pub fn signed() -> Vec<Vec<u8>> {
    let backend = backends()[0];
    let mut texts = Vec::new();
    let mut all = Jws::new(CONTENT);
    for alg in SIGNATURES {
        let key = fixed::signer(alg, backend);
        let mut one = Jws::new(CONTENT);
        one.sign(&key).expect("fixed");
        let mut unencoded = Jws::unencoded(CONTENT);
        unencoded.sign(&key).expect("fixed");
        texts.extend([one.to_compact(), one.to_flattened(), unencoded.to_flattened()]);
        all.sign(&key).expect("fixed");
    }
    texts.push(all.to_general());
    octets(texts.into_iter().map(|text| text.expect("it has room")))
}

/// Encrypted tokens, in every serialization.
#[must_use]
pub fn encrypted() -> Vec<Vec<u8>> {
    let backend = backends()[0];
    let mut texts = Vec::new();
    for alg in ENCRYPTIONS {
        let key = encrypter(alg, backend);
        let mut builder = Builder::new();
        if alg != KeyManagementAlgorithm::Dir {
            builder = builder.enc(ContentEncryption::A128CBC_HS256);
        }
        let one = builder.encrypt(CONTENT, [&key]).expect("fixed");
        let more = builder.deflate().aad("seen by all").encrypt(CONTENT, [&key]).expect("fixed");
        texts.extend([one.to_compact(), one.to_flattened(), more.to_flattened()]);
    }
    let several: Vec<_> = [Alg::A256KW, Alg::A128GCMKW, Alg::ECDH_ES_A256KW, Alg::RSA_OAEP_256]
        .map(|alg| encrypter(alg, backend))
        .into();
    let note = Header::new().with("note", ["not", "protected"]).expect("fixed");
    let general = Builder::new().shared_header(note).encrypt(CONTENT, &several).expect("fixed");
    texts.push(general.to_general());
    octets(texts.into_iter().map(|text| text.expect("it has room")))
}

/// Tokens of both kinds.
#[must_use]
pub fn tokens() -> Vec<Vec<u8>> {
    [signed(), encrypted()].concat()
}

fn jwks() -> Vec<Jwk> {
    let signing = SignatureAlgorithm::ALL.iter().map(|alg| fixed::private(*alg));
    signing.chain(ENCRYPTIONS.into_iter().filter_map(encryption_key)).collect()
}

/// Keys, private and public.
#[must_use]
pub fn keys() -> Vec<Vec<u8>> {
    let public =
        jwks().into_iter().filter_map(|jwk| jwk.to_public_json().ok()).map(String::into_bytes);
    let private = jwks().into_iter().map(|jwk| jwk.expose_secret_json().expose_secret().to_vec());
    public.chain(private).collect()
}

/// Sets of keys.
#[must_use]
pub fn key_sets() -> Vec<Vec<u8>> {
    let set = JwkSet::new(jwks());
    vec![set.to_public_json().into_bytes(), set.expose_secret_json().expose_secret().to_vec()]
}

/// Keys in files.
#[must_use]
pub fn key_files() -> Vec<Vec<u8>> {
    let mut files = keys();
    for jwk in jwks() {
        let private =
            [jwk.to_pkcs8_pem(), jwk.to_pkcs8_der(), jwk.to_sec1_der(), jwk.to_pkcs1_der()];
        files.extend(private.into_iter().flatten().map(|file| file.expose_secret().to_vec()));
        if let Ok(public) = jwk.to_public() {
            files.extend(public.to_spki_pem().map(String::into_bytes));
            files.extend(public.to_spki_der());
        }
    }
    files
}

/// Headers, as JSON.
#[must_use]
pub fn headers() -> Vec<Vec<u8>> {
    let first = |token: Vec<u8>| {
        let end = token.iter().position(|octet| *octet == b'.')?;
        base64url::decode(token.get(..end)?).ok()
    };
    tokens().into_iter().filter_map(first).collect()
}

/// Claims, as JSON.
#[must_use]
pub fn claims() -> Vec<Vec<u8>> {
    let texts = [
        r#"{"iss":"idp","sub":"joe","aud":["api","b"],"exp":1800000900,"nbf":1.5e9,"iat":1799999999.5,"jti":"x"}"#,
        r#"{"exp":"soon","aud":{},"iat":-1,"nbf":null}"#,
        "{}",
    ];
    [octets(texts.map(str::to_owned)), vec![CONTENT.to_vec()]].concat()
}
