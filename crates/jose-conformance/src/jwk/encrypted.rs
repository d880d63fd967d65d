//! Encrypted keys and key sets (RFC 7517 §7, appendix C).

use jose_core::error::{DecryptError, Rule};
use jose_core::jwa::{ContentEncryption, KeyManagementAlgorithm};
use jose_core::jwe::{
    self, Builder, DecryptionKey, EncryptError, EncryptionKey, Password, Policy, Recipient,
};
use jose_core::{Header, Limits, error};

use super::*;

use ContentEncryption as E;
use KeyManagementAlgorithm as K;

fn pair(jwk: &Jwk, subject: &Subject) -> (EncryptionKey, DecryptionKey) {
    let public = jwk.to_public();
    let to = EncryptionKey::from_jwk(public.as_ref().unwrap_or(jwk), subject.backend()).unwrap();
    (to.with_p2c(1000).unwrap(), DecryptionKey::from_jwk(jwk, subject.backend()).unwrap())
}

fn shared(alg: K, len: usize) -> Jwk {
    Jwk::from_secret_octets(vec![7; len]).unwrap().with_alg(alg).unwrap()
}

/// A key of each type, known and unknown, with all that a key can have beside it.
fn of_every_type() -> Vec<Jwk> {
    use SignatureAlgorithm as S;
    let mut jwks: Vec<_> =
        [S::HS256, S::RS256, S::ES512, S::ES256K, S::Ed448].map(keys::private).into();
    jwks.push(keys::verifying(S::ES256));
    jwks.push(patched(
        S::ES384,
        &json!({"use": "sig", "key_ops": ["sign"], "x-own": {"a": [1, 2.50, "\u{e9}\\"]}}),
    ));
    for json in [
        format!(
            r#"{{"kty":"AKP","alg":"ML-DSA-44","kid":"pq","pub":"{}","priv":"{}"}}"#,
            base64url::encode(&[7; 1312]),
            base64url::encode(&[9; 32])
        ),
        r#"{"kty":"LWE","kid":"x","a":[1,2.50],"secret":"c2VjcmV0"}"#.into(),
        r#"{"kty":"EC","crv":"brainpoolP256r1","x":"AQ","y":"AQ","d":"AQ"}"#.into(),
    ] {
        jwks.push(json.parse().unwrap());
    }
    jwks
}

fn protected(token: &str) -> Value {
    let header = token.split('.').next().unwrap();
    serde_json::from_slice(&base64url::decode(header.as_bytes()).unwrap()).unwrap()
}

#[track_caller]
fn malformed<T: core::fmt::Debug>(refused: Result<T, jwe::Error>) -> (error::Subject, Rule) {
    let refused = refused.unwrap_err();
    let jwe::Error::Parse(error) = &refused else { panic!("{refused:?}") };
    assert_eq!(refused.code(), error.code());
    (error.subject(), error.rule())
}

/// A key of any type comes back whole from what it was encrypted to, whatever that is.
pub fn an_encrypted_key_comes_back(subject: &Subject) {
    let ec = Jwk::new(keys::private(SignatureAlgorithm::ES256).params().clone());
    let rsa = Jwk::new(keys::private(SignatureAlgorithm::RS256).params().clone());
    let direct = Jwk::from_secret_octets(vec![7; 64]).unwrap().with_alg(E::A256CBC_HS512).unwrap();
    let readers = [
        shared(K::A256KW, 32),
        shared(K::A128GCMKW, 16),
        shared(K::PBES2_HS384_A192KW, 20),
        ec.clone().with_alg(K::ECDH_ES).unwrap(),
        ec.with_alg(K::ECDH_ES_A128KW).unwrap(),
        rsa.with_alg(K::RSA_OAEP_256).unwrap(),
        direct,
    ];
    for reader in readers {
        let (to, from) = pair(&reader, subject);
        for jwk in of_every_type() {
            let token = jwk.encrypt(&to).unwrap();
            let header = protected(&token);
            assert_eq!(header["cty"], "jwk+json");
            assert_eq!(header["enc"], to.enc().unwrap_or(E::A256GCM).name());
            assert_eq!(Jwk::decrypt(&token, &from).unwrap(), jwk);
            assert!(!token.contains(&base64url::encode(jwk.expose_secret_json().expose_secret())));
        }
    }
}

/// A set comes back with its keys in order.
pub fn an_encrypted_set_comes_back(subject: &Subject) {
    let (to, from) = pair(&shared(K::A256KW, 32), subject);
    let set = JwkSet::new(of_every_type());
    let token = set.encrypt(&to).unwrap();
    assert_eq!(protected(&token)["cty"], "jwk-set+json");
    let again = JwkSet::decrypt(&token, &from).unwrap();
    assert_eq!(again.keys(), set.keys());
    assert!(again.skipped().is_empty());
    let token = JwkSet::default().encrypt(&to).unwrap();
    assert!(JwkSet::decrypt(&token, &from).unwrap().keys().is_empty());
}

/// A password protects a key, and another one does not open it.
pub fn a_password_protects_a_key(subject: &Subject) {
    let (backend, jwk) = (subject.backend(), keys::private(SignatureAlgorithm::ES256));
    for alg in [K::PBES2_HS256_A128KW, K::PBES2_HS384_A192KW, K::PBES2_HS512_A256KW] {
        let to =
            EncryptionKey::from_password(alg, &Password::from("correct horse"), backend).unwrap();
        let token = jwk.encrypt(&to.with_p2c(1000).unwrap()).unwrap();
        let from =
            |text: &str| DecryptionKey::from_password(alg, &Password::from(text), backend).unwrap();
        assert_eq!(Jwk::decrypt(&token, &from("correct horse")).unwrap(), jwk);
        let refused = Jwk::decrypt(&token, &from("Correct horse")).unwrap_err();
        assert!(matches!(refused, jwe::Error::Decrypt(DecryptError::Failed)), "{refused:?}");
        assert_eq!(refused.code(), "ERR_JWE_DECRYPTION_FAILED");
    }
}

/// How a key is encrypted is the caller's to say, but not what it is.
pub fn a_key_is_encrypted_as_the_caller_says(subject: &Subject) {
    let jwk = keys::private(SignatureAlgorithm::ES256);
    let (to, from) = pair(&shared(K::A256KW, 32), subject);
    for enc in E::ALL {
        let header = Header::new().with_typ("JOSE").with_cty("text/plain");
        let how = Builder::new().enc(*enc).header(header);
        let token = jwk.encrypt_with(&to, &how).unwrap();
        let header = protected(&token);
        assert_eq!(
            header,
            json!({
                "alg": "A256KW", "enc": enc.name(), "typ": "JOSE", "cty": "jwk+json"
            })
        );
        assert_eq!(Jwk::decrypt(&token, &from).unwrap(), jwk);
        let token = JwkSet::new([jwk.clone()]).encrypt_with(&to, &how).unwrap();
        assert_eq!(protected(&token)["cty"], "jwk-set+json");
        assert_eq!(JwkSet::decrypt(&token, &from).unwrap().keys(), core::slice::from_ref(&jwk));
        let only = Policy::new().encs([E::A128GCM]);
        let decrypted = Jwk::decrypt_with(&jwk.encrypt_with(&to, &how).unwrap(), &from, &only);
        assert_eq!(decrypted.is_ok(), *enc == E::A128GCM);
    }
    let direct = Jwk::from_secret_octets(vec![7; 32]).unwrap().with_alg(E::A256GCM).unwrap();
    let (to, _) = pair(&direct, subject);
    let refused = jwk.encrypt_with(&to, &Builder::new().enc(E::A128CBC_HS256)).unwrap_err();
    assert!(matches!(refused, EncryptError::Key(KeyError::Algorithm { .. })), "{refused:?}");
    let agreed = Jwk::new(jwk.params().clone()).with_alg(K::ECDH_ES).unwrap();
    let (to, from) = pair(&agreed, subject);
    let token = jwk.encrypt_with(Recipient::new(&to).apu(b"Alice").apv(b"Bob"), &Builder::new());
    assert_eq!(Jwk::decrypt(&token.unwrap(), &from).unwrap(), jwk);
    let refused = jwk.encrypt_with(&to, &Builder::new().aad(b"public")).unwrap_err();
    assert!(matches!(refused, EncryptError::Serialization(_)), "{refused:?}");
}

/// A compressor gains nothing with random octets, and leaves copies of them behind.
pub fn an_encrypted_key_is_not_compressed(subject: &Subject) {
    let jwk = keys::private(SignatureAlgorithm::ES256);
    let (to, from) = pair(&shared(K::A256KW, 32), subject);
    let token = jwk.encrypt_with(&to, &Builder::new().deflate()).unwrap();
    assert_eq!(protected(&token).get("zip"), None);
    assert_eq!(Jwk::decrypt(&token, &from).unwrap(), jwk);
}

/// The token says that there is a key inside, or a set, and is taken at its word.
pub fn an_encrypted_key_says_that_it_is_one(subject: &Subject) {
    let jwk = keys::private(SignatureAlgorithm::ES256);
    let set = JwkSet::new([jwk.clone()]);
    let (to, from) = pair(&shared(K::A256KW, 32), subject);
    let sealed = |cty: Option<&str>, json: &[u8]| {
        let header = cty.map_or_else(Header::new, |cty| Header::new().with_cty(cty));
        Builder::new().header(header).encrypt(json, [&to]).unwrap().to_compact().unwrap()
    };
    let (one, many) = (jwk.expose_secret_json(), set.expose_secret_json());
    for prefix in ["", "application/", "Application/"] {
        for (key, keys) in [("jwk+json", "jwk-set+json"), ("JWK+json", "JWK-SET+JSON")] {
            let token = sealed(Some(&format!("{prefix}{key}")), one.expose_secret());
            assert_eq!(Jwk::decrypt(&token, &from).unwrap(), jwk);
            let refused = malformed(JwkSet::decrypt(&token, &from));
            let rule = Rule::Value { member: "cty", expected: "jwk-set+json" };
            assert_eq!(refused, (error::Subject::Jwe, rule));
            let token = sealed(Some(&format!("{prefix}{keys}")), many.expose_secret());
            assert_eq!(JwkSet::decrypt(&token, &from).unwrap().keys(), set.keys());
            let refused = malformed(Jwk::decrypt(&token, &from));
            let rule = Rule::Value { member: "cty", expected: "jwk+json" };
            assert_eq!(refused, (error::Subject::Jwe, rule));
        }
    }
    for cty in [None, Some(""), Some("JWT"), Some("json"), Some("text/jwk+json"), Some("jwk+json ")]
    {
        let token = sealed(cty, one.expose_secret());
        let rule = Rule::Value { member: "cty", expected: "jwk+json" };
        assert_eq!(malformed(Jwk::decrypt(&token, &from)), (error::Subject::Jwe, rule), "{cty:?}");
    }
    // As a type of the token itself it says something else.
    let header = Header::new().with_typ("jwk+json");
    let token = Builder::new().header(header).encrypt(one.expose_secret(), [&to]).unwrap();
    assert!(Jwk::decrypt(&token.to_compact().unwrap(), &from).is_err());
}

/// What is inside has to be a key, as strict as any.
pub fn what_is_inside_has_to_be_a_key(subject: &Subject) {
    use error::Subject as About;
    let (to, from) = pair(&shared(K::A256KW, 32), subject);
    let sealed = |cty: &str, json: &[u8]| {
        let how = Builder::new().header(Header::new().with_cty(cty));
        how.encrypt(json, [&to]).unwrap().to_compact().unwrap()
    };
    let signer = keys::signer(SignatureAlgorithm::HS256, subject.backend());
    let signed = jws::sign(br#"{"kty":"oct","k":"AQ"}"#, &signer).unwrap();
    let deep = format!(r#"{{"kty":"oct","k":"AQ","x":{}{}}}"#, "[".repeat(16), "]".repeat(16));
    for (json, rule) in [
        (&b""[..], Rule::Json),
        (signed.as_bytes(), Rule::Json),
        (b"\xFF", Rule::Utf8),
        (br#"[{"kty":"oct","k":"AQ"}]"#, Rule::NotAnObject),
        (br#"{"keys":[]}"#, Rule::Missing { member: "kty" }),
        (br#"{"kty":"oct"}"#, Rule::Missing { member: "k" }),
        (br#"{"kty":"oct","k":"AQ","k":"Ag"}"#, Rule::DuplicateMember),
        (br#"{"kty":"oct","k":"AQ"} "x""#, Rule::Json),
        (deep.as_bytes(), Rule::Depth { limit: 16 }),
    ] {
        let refused = malformed(Jwk::decrypt(&sealed("jwk+json", json), &from));
        assert_eq!(refused, (About::Jwk, rule), "{}", String::from_utf8_lossy(json));
    }
    for (json, rule) in [
        (signed.as_bytes(), Rule::Json),
        (br#"{"kty":"oct","k":"AQ"}"#, Rule::Missing { member: "keys" }),
        (br#"{"keys":{}}"#, Rule::Type { member: "keys", expected: "an array" }),
    ] {
        let refused = malformed(JwkSet::decrypt(&sealed("jwk-set+json", json), &from));
        assert_eq!(refused, (About::JwkSet, rule), "{}", String::from_utf8_lossy(json));
    }
    let json = br#"{"keys":[{"kty":"oct"},{"kty":"oct","k":"AQ"}]}"#;
    let set = JwkSet::decrypt(&sealed("jwk-set+json", json), &from).unwrap();
    assert_eq!((set.keys().len(), set.skipped()[0].index()), (1, 0));
}

/// What is no token, too long, or not for us is refused as any token is.
pub fn an_encrypted_key_is_a_token_like_any(subject: &Subject) {
    let jwk = keys::private(SignatureAlgorithm::ES256);
    let (to, from) = pair(&shared(K::A256KW, 32), subject);
    let (_, other) = pair(&shared(K::A192KW, 24), subject);
    let token = jwk.encrypt(&to).unwrap();
    let refused = Jwk::decrypt(&token, &other).unwrap_err();
    assert!(matches!(refused, jwe::Error::Decrypt(DecryptError::NoMatchingKey(_))), "{refused:?}");
    let last = if token.ends_with('A') { "Q" } else { "A" };
    let forged = format!("{}{last}", &token[..token.len() - 1]);
    let refused = Jwk::decrypt(&forged, &from).unwrap_err();
    assert!(matches!(refused, jwe::Error::Decrypt(DecryptError::Failed)), "{refused:?}");
    let json = String::from_utf8(jwk.expose_secret_json().expose_secret().to_vec()).unwrap();
    assert_eq!(malformed(Jwk::decrypt(&json, &from)).1, Rule::Segments { expected: 5 });
    let limit = Limits::DEFAULT.token;
    let long = "A".repeat(limit + 1);
    assert_eq!(malformed(Jwk::decrypt(&long, &from)).1, Rule::TooLong { limit });
    assert_eq!(malformed(JwkSet::decrypt(&long, &from)).1, Rule::TooLong { limit });
    let mut limits = Limits::default();
    limits.jwk_set = 100;
    let policy = Policy::new().limits(limits);
    let refused = malformed(Jwk::decrypt_with(&token, &from, &policy));
    assert_eq!(refused, (error::Subject::Jwk, Rule::TooLong { limit: 100 }));
    let token = JwkSet::new([jwk]).encrypt(&to).unwrap();
    let refused = malformed(JwkSet::decrypt_with(&token, &from, &policy));
    assert_eq!(refused, (error::Subject::JwkSet, Rule::TooLong { limit: 100 }));
}

/// RFC 7517 appendix C: an RSA key under a password.
pub fn the_encrypted_key_of_rfc_7517_is_read(subject: &Subject) {
    let (_, text) =
        crate::vector_files::FILES.iter().find(|(name, _)| *name == "rfc7517/c").unwrap();
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap()
    };
    let (alg, backend) = (K::PBES2_HS256_A128KW, subject.backend());
    let password = Password::from("Thus from my lips, by yours, my sin is purged.");
    let from = DecryptionKey::from_password(alg, &password, backend).unwrap();
    let jwk = Jwk::decrypt(field("jwe"), &from).unwrap();
    assert_eq!((jwk.kty(), jwk.kid()), ("RSA", Some("juliet@capulet.lit")));
    let theirs = base64url::decode(field("plaintext").as_bytes()).unwrap();
    assert_eq!(jwk, Jwk::from_json(&theirs).unwrap());
    DecryptionKey::from_jwk_for(K::RSA_OAEP, &jwk, backend).unwrap();
    let refused = malformed(JwkSet::decrypt(field("jwe"), &from));
    let rule = Rule::Value { member: "cty", expected: "jwk-set+json" };
    assert_eq!(refused, (error::Subject::Jwe, rule));
}
