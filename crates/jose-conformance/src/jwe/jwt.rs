//! Claims that are encrypted, and claims that are signed and then encrypted (RFC 7519 §5.2, §7.1,
//! appendix A.2).

use core::time::Duration;

use jose_core::jws;
use jose_core::jwt::{self, ClaimFailure, Validation};
use serde::{Deserialize, Serialize};

use super::*;

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Session {
    iss: String,
    sub: String,
    exp: u64,
}

fn session() -> Session {
    Session { iss: "https://idp.example".into(), sub: "joe".into(), exp: 2_000 }
}

fn at(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs)
}

fn builder() -> jwt::Builder {
    jwt::Builder::at(at(1_000))
}

fn keys(subject: &Subject) -> (EncryptionKey, DecryptionKey) {
    pair(K::A128KW, E::A256GCM, subject)
}

fn signing(subject: &Subject) -> (SigningKey, VerifyingKey) {
    let backend = subject.backend();
    (crate::keys::signer(S::HS256, backend), crate::keys::verifier(S::HS256, backend))
}

/// What an encrypted token with this content is refused for, when claims are read from it.
fn failures(claims: &Value, rules: &Validation, now: u64, subject: &Subject) -> Vec<ClaimFailure> {
    let (to, from) = keys(subject);
    let header = Header::new().with_typ("JWT");
    let jwe = Builder::new().header(header).encrypt(claims.to_string().as_bytes(), [&to]);
    let token = jwe.unwrap().to_compact().unwrap();
    let typed = jwt::decrypt::<Value>(&token, &from, rules, at(now)).map(drop);
    let plain = jwt::decrypt_claims(&token, &from, rules, at(now)).map(drop);
    let apart = jwe::decrypt(&token, &from).unwrap();
    let apart = jwt::accept_decrypted::<Value>(apart, rules, at(now)).map(drop);
    assert_eq!(format!("{typed:?}"), format!("{plain:?}"), "one verdict by either way in");
    assert_eq!(format!("{apart:?}"), format!("{plain:?}"), "and in two steps");
    match plain {
        Ok(()) => Vec::new(),
        Err(jwt::Error::Claims(error)) => {
            assert_eq!(error.code(), error.failures()[0].code());
            error.failures().to_vec()
        }
        Err(other) => panic!("{other:?}"),
    }
}

/// A struct goes in and the same struct comes out, under every algorithm, until it expires.
pub fn encrypted_claims_come_back(subject: &Subject) {
    let rules = Validation::new().issuer("https://idp.example").typ("JWT");
    for alg in encrypting() {
        let (to, from) = pair(alg, E::A256GCM, subject);
        let token = builder().encrypt(&session(), &to).unwrap();
        let decrypted = jwt::decrypt::<Session>(&token, &from, &rules, at(1_999)).unwrap();
        assert_eq!(decrypted.content(), &session(), "{alg}");
        assert_eq!((decrypted.alg(), decrypted.enc()), (alg, E::A256GCM));
        assert_eq!(decrypted.key_id(), Some(alg.name()));
        let protected = decrypted.protected();
        assert_eq!((protected.typ(), protected.kid()), (Some("JWT"), Some(alg.name())));
        let claims = jwt::decrypt_claims(&token, &from, &rules, at(1_999)).unwrap();
        assert_eq!(claims.subject().as_deref(), Some("joe"));
        let refused = jwt::decrypt::<Session>(&token, &from, &rules, at(2_000)).unwrap_err();
        assert_eq!(refused.code(), "ERR_JWT_EXPIRED", "{alg}");
    }
}

/// The rules for claims hold for encrypted ones, each with its own error.
pub fn encrypted_claims_are_held_to_the_rules(subject: &Subject) {
    let rules = Validation::new;
    let leeway = Duration::ZERO;
    let failed = |claims: &Value, rules: &Validation| failures(claims, rules, 1_000, subject);
    let expired =
        ClaimFailure::Expired { exp: at(1_000), now: at(1_000), leeway, iat: None, jti: None };
    assert_eq!(failed(&json!({"exp": 1_000}), &rules()), [expired]);
    assert_eq!(failed(&json!({"exp": 1_001}), &rules()), []);
    let early = ClaimFailure::NotYetValid { nbf: at(1_001), now: at(1_000), leeway };
    assert_eq!(failed(&json!({"nbf": 1_001}), &rules()), [early]);
    let future = ClaimFailure::IssuedInFuture { iat: at(1_001), now: at(1_000), leeway };
    assert_eq!(failed(&json!({"iat": 1_001}), &rules().refuse_future_iat()), [future]);
    let max_age = Duration::from_secs(10);
    let old = ClaimFailure::TooOld { iat: at(989), max_age, now: at(1_000), leeway };
    let aged = rules().max_token_age("10s").unwrap();
    assert_eq!(failed(&json!({"iat": 989}), &aged), [old]);
    let nobody = ClaimFailure::Audience { expected: vec![], actual: vec!["b".into()] };
    assert_eq!(failed(&json!({"aud": "b"}), &rules()), [nobody], "an audience fails closed");
    let others = ClaimFailure::Audience { expected: vec!["a".into()], actual: vec!["b".into()] };
    assert_eq!(failed(&json!({"aud": ["b"]}), &rules().audience("a")), [others]);
    assert_eq!(failed(&json!({"aud": ["b", "a"]}), &rules().audience("a")), []);
    let issuer = ClaimFailure::Issuer { expected: vec!["a".into()], actual: "b".into() };
    assert_eq!(failed(&json!({"iss": "b"}), &rules().issuer("a")), [issuer]);
    let missing = ClaimFailure::Missing { claim: "x".into() };
    assert_eq!(failed(&json!({}), &rules().require("x")), [missing]);
    let [ClaimFailure::Malformed { claim: "exp", .. }] =
        failed(&json!({"exp": "2000"}), &rules())[..]
    else {
        panic!("a time of the wrong type is not absent")
    };
}

/// The type of an encrypted token is asked for like that of a signed one.
pub fn an_encrypted_token_has_the_type_that_is_asked_for(subject: &Subject) {
    let (to, from) = keys(subject);
    for (given, expected, accepted) in [
        (Some("JWT"), "JWT", true),
        (Some("jwt"), "application/JWT", true),
        (Some("at+jwt"), "at+jwt", true),
        (Some("at+jwt"), "JWT", false),
        (None, "JWT", false),
    ] {
        let builder = match given {
            Some(typ) => builder().typ(typ),
            None => builder().without_typ(),
        };
        let token = builder.encrypt(&json!({}), &to).unwrap();
        let rules = Validation::new().typ(expected);
        match jwt::decrypt_claims(&token, &from, &rules, at(0)) {
            Ok(decrypted) => {
                assert!(accepted, "{given:?}, {expected}");
                assert_eq!(decrypted.protected().typ(), given);
            }
            Err(jwt::Error::Claims(error)) => {
                assert!(!accepted, "{given:?}, {expected}");
                let actual = given.map(Into::into);
                let expected = expected.into();
                assert_eq!(error.failures(), [ClaimFailure::Typ { expected, actual }]);
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    // The caller's `how` does not take the type away, nor the claims' own header.
    let how = Builder::new().enc(E::A128CBC_HS256).header(Header::new().with_typ("other"));
    let header = Header::new().with("x", 1).unwrap();
    let token = builder().header(header).encrypt_with(&json!({}), &to, &how).unwrap();
    let decrypted = jwt::decrypt_claims(&token, &from, &Validation::new(), at(0)).unwrap();
    assert_eq!((decrypted.protected().typ(), decrypted.enc()), (Some("JWT"), E::A128CBC_HS256));
    assert_eq!(decrypted.protected().get("x"), Some("1"));
}

/// A condition of the caller's sees the claims, the header and the key, and is asked of nothing
/// that does not decrypt.
pub fn a_condition_sees_what_was_decrypted(subject: &Subject) {
    let (to, from) = keys(subject);
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let rules = Validation::new().check("is joe", move |presented| {
        count.fetch_add(1, Ordering::Relaxed);
        assert_eq!(presented.key_id(), Some("A128KW"));
        assert_eq!(presented.protected().alg(), Some("A128KW"));
        assert_eq!(presented.signatures().count(), 0);
        presented.subject().as_deref() == Some("joe")
    });
    let token = |sub| builder().encrypt(&json!({"sub": sub, "exp": 1_500}), &to).unwrap();
    let decrypt = |token: &str, now| jwt::decrypt_claims(token, &from, &rules, at(now));
    assert!(decrypt(&token("joe"), 1_000).is_ok());
    let refused = decrypt(&token("jim"), 1_000).unwrap_err();
    assert_eq!(refused.code(), ClaimFailure::Custom { name: "is joe" }.code());
    let jwt::Error::Claims(error) = refused else { panic!() };
    assert_eq!(error.failures(), [ClaimFailure::Custom { name: "is joe" }]);
    assert_eq!(asked.swap(0, Ordering::Relaxed), 2);
    let refused = jwt::decrypt::<Session>(&token("joe"), &from, &rules, at(1_000)).unwrap_err();
    assert!(matches!(refused, jwt::Error::Parse(_)), "claims that do not fit: {refused:?}");
    assert_eq!(decrypt(&token("joe"), 1_500).unwrap_err().code(), "ERR_JWT_EXPIRED");
    let mut forged = Parts::of(&token("joe"));
    forged.tag[0] ^= 1;
    let refused = decrypt(&forged.compact(), 9_999).unwrap_err();
    assert_eq!(format!("{refused:?}"), "Decrypt(Failed)", "and is not called expired");
    assert_eq!(refused.code(), "ERR_JWE_DECRYPTION_FAILED");
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

/// Times and names are added to encrypted claims as to signed ones.
pub fn options_are_added_to_encrypted_claims(subject: &Subject) {
    let (to, from) = keys(subject);
    let timed = builder().expires_in("1h").not_before_in("1m").issued_at().jti("1");
    let token = timed.kid("other").encrypt(&json!({"sub": "joe"}), &to).unwrap();
    let parts = Parts::of(&token);
    let header: Value = serde_json::from_slice(&parts.header).unwrap();
    assert_eq!(header["kid"], "other");
    let from = from.with_kid("other");
    let decrypted = jwt::decrypt::<Value>(&token, &from, &Validation::new(), at(1_060)).unwrap();
    let expected = json!({"sub": "joe", "iat": 1_000, "nbf": 1_060, "exp": 4_600, "jti": "1"});
    assert_eq!(decrypted.content(), &expected);
    for (builder, code) in [
        (builder().expires_in("0s"), "ERR_JWT_CLAIM_INVALID"),
        (builder().expires_in("1h").expires_at(at(9)), "ERR_JWT_CLAIM_INVALID"),
    ] {
        let refused = builder.encrypt(&json!({}), &to).unwrap_err();
        assert!(matches!(refused, jwt::EncryptError::Claims(_)), "{refused:?}");
        assert_eq!(refused.code(), code);
    }
    for claims in [json!([]), json!(5), json!({"exp": "never"})] {
        let refused = builder().encrypt(&claims, &to).unwrap_err();
        assert_eq!(refused.code(), "ERR_JWT_CLAIM_INVALID");
        let jwt::EncryptError::Claims(jwt::SignError::Claims(_)) = refused else {
            panic!("{refused:?}")
        };
    }
}

/// What is not encrypted, or not decrypted, says what did not work, and its source why.
pub fn what_becomes_no_encrypted_token_says_why(subject: &Subject) {
    let (to, from) = keys(subject);
    let texts = |error: &dyn Error| {
        let source = error.source().expect("a source");
        (error.to_string(), source.to_string())
    };
    let (what, why) = texts(&builder().encrypt(&json!([]), &to).unwrap_err());
    assert_eq!(what, "these claims cannot go into a token");
    assert_eq!(why, "these claims cannot be signed");
    let header = Header::new().with_crit(["nobody"]);
    let (what, why) = texts(&builder().header(header).encrypt(&json!({}), &to).unwrap_err());
    assert_eq!(what, "the token could not be encrypted");
    assert!(!why.is_empty());
    let token = builder().encrypt(&json!({}), &to).unwrap();
    let (token, _tag) = token.rsplit_once('.').unwrap();
    let token = format!("{token}.{}", base64url::encode(&[0; 16]));
    let refused = jwt::decrypt_claims(&token, &from, &Validation::new(), at(0)).unwrap_err();
    let (what, why) = texts(&refused);
    assert_eq!(what, "the token was not decrypted");
    assert_eq!(why, DecryptError::Failed.to_string());
}

/// Content that is no JSON object holds no claims.
pub fn encrypted_content_that_is_no_object_holds_no_claims(subject: &Subject) {
    let (to, from) = keys(subject);
    for (text, rule) in [
        (&b"[]"[..], Rule::NotAnObject),
        (b"joe", Rule::Json),
        (b"", Rule::Json),
        (b"{\"a\":1,\"a\":2}", Rule::DuplicateMember),
        (b"{\"a\":\"\xFF\"}", Rule::Utf8),
    ] {
        let token = jwe::encrypt(text, &to).unwrap();
        let refused = jwt::decrypt_claims(&token, &from, &Validation::new(), at(0)).unwrap_err();
        assert_eq!(refused.code(), "ERR_JWT_CLAIM_INVALID");
        let jwt::Error::Parse(error) = refused else { panic!("{refused:?}") };
        assert_eq!((error.subject(), error.rule()), (error::Subject::Claims, rule));
    }
}

/// What is accepted of encrypted tokens at all holds for claims, too.
pub fn a_decryption_policy_holds_for_claims(subject: &Subject) {
    let (to, from) = keys(subject);
    let how = Builder::new().deflate();
    let token = builder().encrypt_with(&json!({"sub": "joe"}), &to, &how).unwrap();
    let refused = jwt::decrypt_claims(&token, &from, &Validation::new(), at(0)).unwrap_err();
    assert!(matches!(refused, jwt::Error::Decrypt(DecryptError::Header(_))), "{refused:?}");
    let lax = Validation::new().with_decryption_policy(Policy::new().inflate());
    assert!(jwt::decrypt_claims(&token, &from, &lax, at(0)).is_ok());
    let none = Validation::new().with_decryption_policy(Policy::new().encs([]));
    let refused = jwt::decrypt_claims(&token, &from, &none, at(0)).unwrap_err();
    assert_eq!(refused.code(), "ERR_JWE_ALG_NOT_ALLOWED");
}

/// Claims that are signed and then encrypted are verified ones when they come out.
pub fn claims_are_signed_and_then_encrypted(subject: &Subject) {
    for alg in encrypting() {
        let (to, from) = pair(alg, E::A256GCM, subject);
        let (signer, verifier) = signing(subject);
        let token = builder().typ("at+jwt").sign_then_encrypt(&session(), &signer, &to).unwrap();
        let outside: Value = serde_json::from_slice(&Parts::of(&token).header).unwrap();
        assert_eq!((&outside["cty"], outside.get("typ")), (&json!("JWT"), None));
        let rules = Validation::new().typ("at+jwt").issuer("https://idp.example");
        let verified: jws::Verified<Session> =
            jwt::decrypt_then_verify(&token, &from, &verifier, &rules, at(1_999)).unwrap();
        assert_eq!(verified.content(), &session(), "{alg}");
        assert_eq!(verified.protected().typ(), Some("at+jwt"), "the header inside counts");
        assert_eq!(verified.key_id(), crate::keys::private(S::HS256).kid());
        let refused =
            jwt::decrypt_then_verify::<Session>(&token, &from, &verifier, &rules, at(2_000));
        assert_eq!(refused.unwrap_err().code(), "ERR_JWT_EXPIRED");
        // It holds a token, and no claims.
        let refused = jwt::decrypt_claims(&token, &from, &Validation::new(), at(0)).unwrap_err();
        assert_eq!(refused.code(), "ERR_JWT_CLAIM_INVALID");
    }
}

/// Inside an encrypted token there has to be a signature: everything else that an encrypted token
/// can hold is what its recipient could have made, too (CVE-2026-29000).
pub fn what_is_inside_has_to_be_signed(subject: &Subject) {
    let (to, from) = keys(subject);
    let (signer, verifier) = signing(subject);
    let rules = Validation::new();
    let nested = |cty: Option<&str>, inside: &[u8]| {
        let header = cty.map_or_else(Header::new, |cty| Header::new().with_cty(cty));
        let jwe = Builder::new().header(header).encrypt(inside, [&to]).unwrap();
        jwe.to_compact().unwrap()
    };
    let open =
        |token: &str| jwt::decrypt_then_verify::<Value>(token, &from, &verifier, &rules, at(1_000));
    let claims = json!({"sub": "joe", "exp": 2_000});
    let signed = builder().sign(&claims, &signer).unwrap();
    for cty in ["JWT", "jwt", "application/jwt"] {
        assert!(open(&nested(Some(cty), signed.as_bytes())).is_ok(), "{cty}");
    }
    for cty in [None, Some("JWS"), Some("at+jwt"), Some(""), Some("JWT ")] {
        let refused = open(&nested(cty, signed.as_bytes())).unwrap_err();
        assert_eq!(refused.code(), "ERR_JWE_INVALID");
        let jwt::Error::Parse(error) = refused else { panic!("{refused:?}") };
        assert_eq!(error.rule(), Rule::Value { member: "cty", expected: "JWT" }, "{cty:?}");
    }
    let parse = |inside: &[u8]| match open(&nested(Some("JWT"), inside)).unwrap_err() {
        jwt::Error::Parse(error) => kind(error),
        other => panic!("{other:?}"),
    };
    let segments = (error::Subject::Jws, Rule::Segments { expected: 3 }, "ERR_JWS_INVALID");
    assert_eq!(parse(claims.to_string().as_bytes()), segments, "claims that nobody signed");
    assert_eq!(parse(builder().encrypt(&claims, &to).unwrap().as_bytes()), segments);
    assert_eq!(parse(nested(Some("JWT"), signed.as_bytes()).as_bytes()), segments, "in two layers");
    assert_eq!(parse(b""), segments);
    assert_eq!(parse(b"\xFF").1, Rule::Utf8);
    let json = jws::Jws::parse(&signed).unwrap().to_flattened().unwrap();
    assert_ne!(parse(json.as_bytes()).1, Rule::Utf8, "not a compact token");
    let none = base64url::encode(br#"{"alg":"none"}"#);
    let payload = base64url::encode(claims.to_string().as_bytes());
    let unsecured = open(&nested(Some("JWT"), format!("{none}.{payload}.").as_bytes()));
    assert_eq!(unsecured.unwrap_err().code(), "ERR_JWS_ALG_NOT_ALLOWED");
    let other = crate::keys::private(S::HS256);
    let Params::Oct(oct) = other.params() else { panic!() };
    let mut octets = oct.k().expose_secret().to_vec();
    octets[0] ^= 1;
    let other = Jwk::from_secret_octets(octets).unwrap().with_alg(S::HS256).unwrap();
    let forger = SigningKey::from_jwk(&other, subject.backend()).unwrap();
    let forged = builder().without_kid().sign_then_encrypt(&claims, &forger, &to).unwrap();
    assert_eq!(open(&forged).unwrap_err().code(), "ERR_JWS_SIGNATURE_INVALID");
    let expired = builder().sign_then_encrypt(&json!({"exp": 1_000}), &signer, &to).unwrap();
    assert_eq!(open(&expired).unwrap_err().code(), "ERR_JWT_EXPIRED");
    let mut spoiled = Parts::of(&expired);
    spoiled.tag[0] ^= 1;
    assert_eq!(open(&spoiled.compact()).unwrap_err().code(), "ERR_JWE_DECRYPTION_FAILED");
}

/// Claims for several recipients are no JWT, and each of them may hold them to the rules all the same.
pub fn claims_for_several_recipients_are_held_to_the_rules_by_each(subject: &Subject) {
    let (anna, from_anna) = keys(subject);
    let (otto, from_otto) = pair(K::A256KW, E::A256GCM, subject);
    let claims = json!({"sub": "joe", "exp": 2_000}).to_string();
    let jwe = Builder::new().encrypt(claims.as_bytes(), [&anna, &otto]).unwrap();
    let rules = Validation::new().subject("joe");
    for key in [&from_anna, &from_otto] {
        let decrypted = || Jwe::parse(jwe.to_general().unwrap()).unwrap().decrypt(key).unwrap();
        let accepted = jwt::accept_decrypted::<Value>(decrypted(), &rules, at(1_999)).unwrap();
        assert_eq!(accepted["sub"], "joe");
        let late = jwt::accept_decrypted::<Value>(decrypted(), &rules, at(2_000)).unwrap_err();
        assert_eq!(late.code(), "ERR_JWT_EXPIRED");
    }
}

/// RFC 7519 §5.3: claims that a header repeats, for those who have to read them before they can
/// decrypt, are those inside; signed or not, and whether or not anybody protects the header.
pub fn claims_replicated_in_the_header_are_those_inside(subject: &Subject) {
    let (to, from) = keys(subject);
    let (signer, verifier) = signing(subject);
    let rules = Validation::new().any_audience();
    let claims = json!({"iss": "idp", "sub": "joe", "aud": ["a", "b"], "exp": 2_000}).to_string();
    let differing = |refused: jwt::Error| match refused {
        jwt::Error::Claims(error) => {
            assert_eq!(error.code(), "ERR_JWT_CLAIM_INVALID");
            error.failures().to_vec()
        }
        other => panic!("{other:?}"),
    };
    for (claim, value, same) in [
        ("iss", json!("idp"), true),
        ("sub", json!("joe"), true),
        ("aud", json!(["a", "b"]), true),
        // Of others nothing is said, and of these nothing is required.
        ("exp", json!(1), true),
        ("tenant", json!("x"), true),
        ("iss", json!("evil"), false),
        ("iss", json!("Idp"), false),
        ("iss", json!(["idp"]), false),
        ("iss", json!(null), false),
        ("sub", json!(""), false),
        ("sub", json!({"joe": 1}), false),
        ("aud", json!("a"), false),
        ("aud", json!(["b", "a"]), false),
        ("aud", json!(["a", "b", "c"]), false),
        ("aud", json!([]), false),
    ] {
        let header = Header::new().with(claim, &value).unwrap();
        let failures = [ClaimFailure::Replicated { claim: if same { "" } else { claim } }];
        let protected = Builder::new().header(header.clone());
        let shared = Builder::new().shared_header(header.clone());
        let recipient = || Recipient::new(&to).header(header.clone());
        for jwe in [
            protected.encrypt(claims.as_bytes(), [&to]).unwrap(),
            shared.encrypt(claims.as_bytes(), [&to]).unwrap(),
            Builder::new().encrypt(claims.as_bytes(), [recipient()]).unwrap(),
        ] {
            let decrypted = jwe.decrypt(&from).unwrap();
            match jwt::accept_decrypted::<Value>(decrypted, &rules, at(1_000)) {
                Ok(_) => assert!(same, "{claim}: {value}"),
                Err(refused) => assert_eq!(differing(refused), failures, "{claim}: {value}"),
            }
        }
        let token = protected.encrypt(claims.as_bytes(), [&to]).unwrap().to_compact().unwrap();
        let either = [
            jwt::decrypt::<Value>(&token, &from, &rules, at(1_000)).map(drop),
            jwt::decrypt_claims(&token, &from, &rules, at(1_000)).map(drop),
        ];
        let inside = jws::sign(claims.as_bytes(), &signer).unwrap();
        let nested = Builder::new().header(header.with_cty("JWT"));
        let token = nested.encrypt(inside.as_bytes(), [&to]).unwrap().to_compact().unwrap();
        let signed = jwt::decrypt_then_verify::<Value>(&token, &from, &verifier, &rules, at(1_000));
        let outside = jwe::decrypt(&token, &from).unwrap();
        let verified = jws::verify(&inside, &verifier).unwrap();
        let headers = [outside.protected()];
        let apart = jwt::accept_under::<Value>(headers, verified, &rules, at(1_000));
        for answer in either.into_iter().chain([signed.map(drop), apart.map(drop)]) {
            match answer {
                Ok(()) => assert!(same, "{claim}: {value}"),
                Err(refused) => assert_eq!(differing(refused), failures, "{claim}: {value}"),
            }
        }
    }
    // A single one and a list of one are the same audience.
    let header = Header::new().with("aud", ["a"]).unwrap();
    let jwe = Builder::new().header(header).encrypt(br#"{"aud":"a"}"#, [&to]).unwrap();
    let decrypted = jwe.decrypt(&from).unwrap();
    assert!(jwt::accept_decrypted::<Value>(decrypted, &rules, at(0)).is_ok());
}

/// A token of the one kind is none of the other, and no key is asked about it (CVE-2023-51774).
pub fn a_token_of_another_kind_asks_no_key(subject: &Subject) {
    struct Nobody;
    impl KeyResolver for Nobody {
        fn resolve(&self, _: &Encrypted<'_>) -> Result<DecryptionKeys, CryptoError> {
            panic!("asked")
        }
    }
    impl jws::KeyResolver for Nobody {
        fn resolve(&self, _: &jws::Unverified<'_>) -> Result<jws::VerifyingKeys, CryptoError> {
            panic!("asked")
        }
    }
    let (to, _) = keys(subject);
    let (signer, _) = signing(subject);
    let (claims, rules) = (json!({"sub": "joe"}), Validation::new());
    let signed = builder().sign(&claims, &signer).unwrap();
    let encrypted = builder().encrypt(&claims, &to).unwrap();
    let five = (error::Subject::Jwe, Rule::Segments { expected: 5 }, "ERR_JWE_INVALID");
    let three = (error::Subject::Jws, Rule::Segments { expected: 3 }, "ERR_JWS_INVALID");
    let parse = |refused: jwt::Error| match refused {
        jwt::Error::Parse(error) => kind(error),
        other => panic!("{other:?}"),
    };
    let now = at(0);
    let refused = jwt::decrypt::<Value>(&signed, &Nobody, &rules, now).unwrap_err();
    assert_eq!(parse(refused), five);
    assert_eq!(parse(jwt::decrypt_claims(&signed, &Nobody, &rules, now).unwrap_err()), five);
    let refused = jwt::decrypt_then_verify::<Value>(&signed, &Nobody, &Nobody, &rules, now);
    assert_eq!(parse(refused.unwrap_err()), five);
    assert_eq!(malformed(jwe::decrypt(&signed, &Nobody).unwrap_err()), five);
    let refused = jwt::verify::<Value>(&encrypted, &Nobody, &rules, now).unwrap_err();
    assert_eq!(parse(refused), three);
    assert_eq!(parse(jwt::verify_claims(&encrypted, &Nobody, &rules, now).unwrap_err()), three);
    let Err(jws::Error::Parse(error)) = jws::verify(&encrypted, &Nobody) else { panic!() };
    assert_eq!(kind(error), three);
}
