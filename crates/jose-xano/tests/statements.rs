//! The statements of Xano's examples, replayed as they stand there, and what becomes of each parameter.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use jose_core::{Jwk, UnixTime, base64url, jwe, jws};
use jose_rustcrypto::BACKEND;
use jose_xano::{
    Error, JweDecode, JweEncode, JwsDecode, JwsEncode, Object, Payload, jwe_decode, jwe_encode,
    jws_decode, jws_encode,
};
use serde::Deserialize;

/// When the tokens in Xano's documentation were made.
const NOW: UnixTime = UnixTime::from_secs(1_768_108_013);

/// 512 bits, which `create_secret_key` makes in every example.
const KEY: &str = r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;
/// 256 bits.
const KEK: &str = r#"{"kty":"oct","k":"GawgguFyGrWKav7AX4VKUgGawgguFyGrWKav7AX4VKU"}"#;

fn statement<'s, S: Deserialize<'s>>(json: &'s str) -> S {
    serde_json::from_str(json).unwrap()
}

fn encode(json: &str) -> Result<String, Error> {
    jws_encode(&statement(json), NOW, BACKEND)
}

fn encrypt(json: &str) -> Result<String, Error> {
    jwe_encode(&statement(json), NOW, BACKEND)
}

fn decode(token: &str, more: &str, now: UnixTime) -> Result<String, Error> {
    let json = format!(r#"{{"token":"{token}","key":{KEY}{more}}}"#);
    jws_decode(&statement::<JwsDecode>(&json), now, BACKEND).map(|decoded| decoded.to_json())
}

fn decrypt(token: &str, more: &str, now: UnixTime) -> Result<String, Error> {
    let json = format!(r#"{{"token":"{token}","key":{KEK}{more}}}"#);
    jwe_decode(&statement::<JweDecode>(&json), now, BACKEND).map(|decoded| decoded.to_json())
}

fn part(token: &str, index: usize) -> String {
    let part = token.split('.').nth(index).unwrap();
    String::from_utf8(base64url::decode(part.as_bytes()).unwrap()).unwrap()
}

fn code<T: core::fmt::Debug>(outcome: Result<T, Error>) -> &'static str {
    outcome.unwrap_err().code()
}

// What the examples say.

#[test]
fn the_example_of_jws_encode_gives_its_token() {
    let token = encode(&format!(
        r#"{{
            "headers": {{ "alg": "HS256" }},
            "claims": {{ "user_id": "123" }},
            "key": {KEY},
            "signature_algorithm": "HS256",
            "ttl": 3600
        }}"#
    ));
    let token = token.unwrap();
    assert!(token.starts_with("eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoiMTIz"));
    assert_eq!(part(&token, 0), r#"{"alg":"HS256"}"#);
    let claims = r#"{"user_id":"123","iat":1768108013,"nbf":1768108013,"exp":1768111613}"#;
    assert_eq!(part(&token, 1), claims);

    let more = r#","signature_algorithm":"HS256","timeDrift":60"#;
    assert_eq!(decode(&token, more, NOW).unwrap(), claims);
}

#[test]
fn the_example_of_create_session_is_replayed_with_its_subject_as_text() {
    let session = |sub: &str| {
        encode(&format!(
            r#"{{
                "headers": {{ "alg": "HS256" }},
                "claims": {{ "sub": {sub}, "role": "admin", "iss": "my-app", "aud": "my-api" }},
                "key": {KEY},
                "signature_algorithm": "HS256",
                "ttl": 86400
            }}"#
        ))
    };
    let refused = session("42").unwrap_err();
    assert!(matches!(refused, Error::ClaimType { claim: "sub", .. }));
    assert_eq!(refused.code(), "ERR_XANO_CLAIM_TYPE");
    let token = session("\"42\"").unwrap();
    let claims = r#"{"sub":"42","role":"admin","iss":"my-app","aud":"my-api","iat":1768108013,"nbf":1768108013,"exp":1768194413}"#;
    assert_eq!(part(&token, 1), claims);
    // No audience is asked for but in `check_claims`.
    let admin = r#","check_claims":{"role":"admin","iss":"my-app","aud":"my-api"},"timeDrift":60"#;
    assert_eq!(decode(&token, admin, NOW).unwrap(), claims);
}

#[test]
fn the_example_of_jwe_encode_gives_its_token() {
    let token = encrypt(&format!(
        r#"{{
            "headers": {{ "alg": "A256KW" }},
            "claims": {{ "data": "my-sensitive-data" }},
            "key": {KEK},
            "key_algorithm": "A256KW",
            "content_algorithm": "A256GCM",
            "ttl": 3600
        }}"#
    ));
    let token = token.unwrap();
    assert!(token.starts_with("eyJhbGciOiJBMjU2S1ciLCJlbmMiOiJBMjU2R0NN"));
    assert_eq!(part(&token, 0), r#"{"alg":"A256KW","enc":"A256GCM"}"#);
    let more = r#","key_algorithm":"A256KW","content_algorithm":"A256GCM","timeDrift":60"#;
    assert_eq!(
        decrypt(&token, more, NOW).unwrap(),
        r#"{"data":"my-sensitive-data","iat":1768108013,"nbf":1768108013,"exp":1768111613}"#
    );
}

#[test]
fn the_example_of_encrypt_user_data_has_no_times() {
    let token = encrypt(&format!(
        r#"{{
            "headers": {{ "alg": "A256KW" }},
            "claims": {{ "user_id": 7, "ssn": "078-05-1120", "credit_card": "4111111111111111" }},
            "key": {KEK},
            "key_algorithm": "A256KW",
            "content_algorithm": "A256GCM",
            "ttl": 0
        }}"#
    ));
    let claims = r#"{"user_id":7,"ssn":"078-05-1120","credit_card":"4111111111111111"}"#;
    let more = r#","content_algorithm":"A256GCM","check_claims":{"user_id":7}"#;
    let century = UnixTime::from_secs(1_768_108_013 + 3_155_760_000);
    assert_eq!(decrypt(&token.unwrap(), more, century).unwrap(), claims);
}

// Defaults.

#[test]
fn a_key_alone_signs_with_hs256_and_for_ever() {
    let token = encode(&format!(r#"{{"key":{KEY}}}"#)).unwrap();
    assert_eq!((part(&token, 0), part(&token, 1)), (r#"{"alg":"HS256"}"#.into(), "{}".into()));
    assert_eq!(decode(&token, "", NOW).unwrap(), "{}");
    let built = jws_encode(&JwsEncode::new(KEY.parse().unwrap()), NOW, BACKEND).unwrap();
    assert_eq!(built, token);
}

#[test]
fn a_key_alone_encrypts_with_a256kw_and_a256cbc_hs512() {
    let token = encrypt(&format!(r#"{{"key":{KEK}}}"#)).unwrap();
    assert_eq!(part(&token, 0), r#"{"alg":"A256KW","enc":"A256CBC-HS512"}"#);
    // The encrypted key is 64 octets and 8 more.
    assert_eq!(token.split('.').nth(1).unwrap().len(), 96);
    assert_eq!(decrypt(&token, "", NOW).unwrap(), "{}");
}

#[test]
fn what_is_required_is_missed_and_what_is_unknown_is_told() {
    assert!(serde_json::from_str::<JwsEncode>(r#"{"ttl":1}"#).is_err());
    assert!(serde_json::from_str::<JweEncode>("{}").is_err());
    for json in [r#"{"token":"a.b.c"}"#, &format!(r#"{{"key":{KEY}}}"#)] {
        assert!(serde_json::from_str::<JwsDecode>(json).is_err(), "{json}");
        assert!(serde_json::from_str::<JweDecode>(json).is_err(), "{json}");
    }
    for other in [r#""ttI":1"#, r#""time_drift":1"#, r#""signature_algorithm":"none""#] {
        let json = format!(r#"{{"key":{KEY},{other}}}"#);
        assert!(serde_json::from_str::<JwsEncode>(&json).is_err(), "{json}");
    }
    for other in [r#""key_algorithm":"dir""#, r#""content_algorithm":"A256KW""#] {
        let json = format!(r#"{{"key":{KEY},{other}}}"#);
        assert!(serde_json::from_str::<JweEncode>(&json).is_err(), "{json}");
    }
}

// Headers and claims.

#[test]
fn the_header_is_what_was_sent_and_nothing_else() {
    let sent = |headers: &str| {
        encode(&format!(r#"{{"headers":{headers},"key":{KEY}}}"#)).map(|token| part(&token, 0))
    };
    assert_eq!(sent("{}").unwrap(), r#"{"alg":"HS256"}"#);
    let all = r#"{"alg":"HS256","typ":"JWT","cty":"x","kid":"k1","z":1,"a":{"y":[1.5,null]}}"#;
    assert_eq!(sent(all).unwrap(), all);
    // A name of the key is the key's own affair.
    let named = KEY.replace("\"kty\"", "\"kid\":\"mine\",\"kty\"");
    let token = encode(&format!(r#"{{"key":{named}}}"#)).unwrap();
    assert_eq!(part(&token, 0), r#"{"alg":"HS256"}"#);
    assert!(decode(&token, "", NOW).is_ok());
    // And where one key is given, no name selects.
    let token = encode(&format!(r#"{{"headers":{{"kid":"other"}},"key":{named}}}"#)).unwrap();
    let json = format!(r#"{{"token":"{token}","key":{named}}}"#);
    assert!(jws_decode(&statement::<JwsDecode>(&json), NOW, BACKEND).is_ok());

    for (headers, expected) in [
        (r#"{"alg":"HS512"}"#, "ERR_XANO_ALGORITHM"),
        (r#"{"alg":"none"}"#, "ERR_XANO_ALGORITHM"),
        (r#"{"alg":256}"#, "ERR_XANO_HEADER"),
        (r#"{"typ":1}"#, "ERR_XANO_HEADER"),
        (r#"{"crit":"exp"}"#, "ERR_XANO_HEADER"),
        (r#"{"jwk":{}}"#, "ERR_XANO_HEADER"),
        (r#"{"enc":"A256GCM"}"#, "ERR_XANO_HEADER"),
        (r#"{"b64":false}"#, "ERR_XANO_HEADER"),
        (r#"{"crit":["exp"]}"#, "ERR_JWS_INVALID"),
    ] {
        assert_eq!(code(sent(headers)), expected, "{headers}");
    }
}

#[test]
fn the_header_of_an_encrypted_token_may_repeat_both_algorithms() {
    let sent = |headers: &str| {
        encrypt(&format!(r#"{{"headers":{headers},"key":{KEK}}}"#)).map(|token| part(&token, 0))
    };
    let both = r#"{"alg":"A256KW","enc":"A256CBC-HS512","kid":"k"}"#;
    assert_eq!(sent(both).unwrap(), both);
    for (headers, expected) in [
        (r#"{"alg":"A128KW"}"#, "ERR_XANO_ALGORITHM"),
        (r#"{"enc":"A256GCM"}"#, "ERR_XANO_ALGORITHM"),
        (r#"{"zip":"DEF"}"#, "ERR_XANO_HEADER"),
    ] {
        assert_eq!(code(sent(headers)), expected, "{headers}");
    }
}

#[test]
fn claims_keep_their_order_before_the_times() {
    let claims = r#"{"z":1,"a":{"y":2,"b":[3,{"x":1,"c":2}]},"m":null}"#;
    for (ttl, times) in [(0, ""), (1, r#","iat":1768108013,"nbf":1768108013,"exp":1768108014"#)] {
        let token = encode(&format!(r#"{{"claims":{claims},"key":{KEY},"ttl":{ttl}}}"#)).unwrap();
        let expected = claims.replace(",\"m\":null}", &format!(",\"m\":null{times}}}"));
        assert_eq!(part(&token, 1), expected);
        let token = encrypt(&format!(r#"{{"claims":{claims},"key":{KEK},"ttl":{ttl}}}"#)).unwrap();
        assert_eq!(decrypt(&token, "", NOW).unwrap(), expected);
    }
    // Fractions of a second are dropped.
    let late =
        UnixTime::from_secs(1_768_108_013).saturating_add(core::time::Duration::from_millis(900));
    let token = jws_encode(&JwsEncode::new(KEY.parse().unwrap()).ttl(1), late, BACKEND).unwrap();
    assert_eq!(part(&token, 1), r#"{"iat":1768108013,"nbf":1768108013,"exp":1768108014}"#);
}

#[test]
fn text_is_text_again() {
    for text in ["hello", "", "{\"a\":1}", "123", "\u{fc}\n\""] {
        let json = serde_json::to_string(text).unwrap();
        let token = encode(&format!(r#"{{"claims":{json},"key":{KEY}}}"#)).unwrap();
        assert_eq!(decode(&token, "", NOW).unwrap(), json);
        let token = encrypt(&format!(r#"{{"claims":{json},"key":{KEK}}}"#)).unwrap();
        assert_eq!(decrypt(&token, "", NOW).unwrap(), json);
    }
    // As it would stand there without quotation marks.
    let key = Jwk::from_json(KEY).unwrap().with_alg(jose_core::Alg::HS256).unwrap();
    let token = jws::sign(b"hello", &jws::SigningKey::from_jwk(&key, BACKEND).unwrap()).unwrap();
    let statement = JwsDecode::new(&token, KEY.parse().unwrap());
    assert_eq!(jws_decode(&statement, NOW, BACKEND).unwrap().as_text(), Some("hello"));
    // It has no claims to add to, or to check.
    assert_eq!(code(encode(&format!(r#"{{"claims":"x","key":{KEY},"ttl":1}}"#))), "ERR_XANO_TTL");
    assert_eq!(code(encrypt(&format!(r#"{{"claims":"x","key":{KEK},"ttl":1}}"#))), "ERR_XANO_TTL");
    let checked = statement.check_claims(Object::new(&Admin { role: "admin" }).unwrap());
    assert_eq!(code(jws_decode(&checked, NOW, BACKEND)), "ERR_XANO_CHECK_CLAIMS");
}

#[derive(serde::Serialize)]
struct Admin {
    role: &'static str,
}

#[test]
fn a_payload_is_an_object_or_text() {
    assert!(matches!(Payload::new(&[1]), Err(Error::Shape { .. })));
    assert_eq!(code(Object::new(&"x")), "ERR_XANO_SHAPE");
    for claims in ["1", "null", "[]", "true", r#"{"a":1,"a":2}"#] {
        let json = format!(r#"{{"claims":{claims},"key":{KEY}}}"#);
        assert!(serde_json::from_str::<JwsEncode>(&json).is_err(), "{json}");
    }
}

#[test]
fn registered_claims_have_their_types_where_tokens_are_made() {
    for claim in [
        r#""sub":1"#,
        r#""iss":null"#,
        r#""jti":{}"#,
        r#""aud":[1]"#,
        r#""exp":"1""#,
        r#""nbf":[]"#,
    ] {
        let signed = encode(&format!(r#"{{"claims":{{{claim}}},"key":{KEY}}}"#));
        assert_eq!(code(signed), "ERR_XANO_CLAIM_TYPE", "{claim}");
        let encrypted = encrypt(&format!(r#"{{"claims":{{{claim}}},"key":{KEK}}}"#));
        assert_eq!(code(encrypted), "ERR_XANO_CLAIM_TYPE", "{claim}");
    }
}

#[test]
fn a_subject_that_is_a_number_is_read_and_every_other_rule_holds() {
    let key = Jwk::from_json(KEY).unwrap().with_alg(jose_core::Alg::HS256).unwrap();
    let key = jws::SigningKey::from_jwk(&key, BACKEND).unwrap();
    let signed = |claims: &str| jws::sign(claims.as_bytes(), &key).unwrap();
    let claims = r#"{"sub":42,"aud":7,"exp":1768108014}"#;
    assert_eq!(decode(&signed(claims), "", NOW).unwrap(), claims);
    let late = UnixTime::from_secs(1_768_108_014);
    assert_eq!(code(decode(&signed(claims), "", late)), "ERR_JWT_CLAIM_INVALID");
    assert_eq!(code(decode(&signed(r#"{"exp":"1"}"#), "", NOW)), "ERR_JWT_CLAIM_INVALID");
    assert_eq!(code(decode(&signed(r#"{"sub":1,"exp":"1"}"#), "", NOW)), "ERR_JWT_CLAIM_INVALID");
    assert!(decode(&signed(r#"{"a":1,"a":1}"#), "", NOW).unwrap_err().is_refusal());
}

// Times.

#[test]
fn seconds_are_within_bounds() {
    for ttl in ["-1", "3155760001", "9223372036854775807"] {
        let signed = encode(&format!(r#"{{"key":{KEY},"ttl":{ttl}}}"#));
        assert!(matches!(signed, Err(Error::Time { parameter: "ttl", .. })), "{ttl}");
        assert_eq!(code(encrypt(&format!(r#"{{"key":{KEK},"ttl":{ttl}}}"#))), "ERR_XANO_TIME");
    }
    let token = encode(&format!(r#"{{"key":{KEY}}}"#)).unwrap();
    for drift in ["-1", "601"] {
        let decoded = decode(&token, &format!(r#","timeDrift":{drift}"#), NOW);
        assert!(
            matches!(decoded, Err(Error::Time { parameter: "timeDrift", max: 600 })),
            "{drift}"
        );
        let decoded = decrypt(&token, &format!(r#","timeDrift":{drift}"#), NOW);
        assert_eq!(code(decoded), "ERR_XANO_TIME");
    }
}

#[test]
fn what_ttl_adds_must_not_be_there() {
    for claim in ["iat", "nbf", "exp"] {
        let json = |ttl, key| format!(r#"{{"claims":{{"{claim}":1}},"key":{key},"ttl":{ttl}}}"#);
        assert_eq!(code(encode(&json(1, KEY))), "ERR_XANO_TTL");
        assert_eq!(code(encrypt(&json(1, KEK))), "ERR_XANO_TTL");
        assert_eq!(part(&encode(&json(0, KEY)).unwrap(), 1), format!(r#"{{"{claim}":1}}"#));
    }
}

#[test]
fn times_are_checked_and_drift_is_forgiven() {
    let signed = encode(&format!(r#"{{"key":{KEY},"ttl":100}}"#)).unwrap();
    let encrypted = encrypt(&format!(r#"{{"key":{KEK},"ttl":100}}"#)).unwrap();
    for (seconds, drift, expected) in [
        (0, 0, None),
        (99, 0, None),
        (100, 0, Some("ERR_JWT_EXPIRED")),
        (159, 60, None),
        (160, 60, Some("ERR_JWT_EXPIRED")),
        (-1, 0, Some("ERR_JWT_NBF")),
        (-60, 60, None),
        (-61, 60, Some("ERR_JWT_NBF")),
    ] {
        let now = UnixTime::from_secs(1_768_108_013_u64.checked_add_signed(seconds).unwrap());
        let more = format!(r#","timeDrift":{drift}"#);
        let outcomes = [decode(&signed, &more, now), decrypt(&encrypted, &more, now)];
        for outcome in outcomes {
            assert_eq!(outcome.as_ref().err().map(Error::code), expected, "{seconds} {drift}");
        }
    }
    // Issued in the future, by itself.
    let token = encode(&format!(r#"{{"claims":{{"iat":1768108014}},"key":{KEY}}}"#)).unwrap();
    assert_eq!(code(decode(&token, "", NOW)), "ERR_JWT_CLAIM_INVALID");
    assert!(decode(&token, r#","timeDrift":1"#, NOW).is_ok());
}

// `check_claims`.

#[test]
fn claims_are_checked_by_type_and_value() {
    let claims = r#"{"role":"admin","user_id":42,"o":{"a":1,"b":[2]},"aud":["x","y"]}"#;
    let signed = encode(&format!(r#"{{"claims":{claims},"key":{KEY}}}"#)).unwrap();
    let encrypted = encrypt(&format!(r#"{{"claims":{claims},"key":{KEK}}}"#)).unwrap();
    let both = |check: &str| {
        let more = format!(r#","check_claims":{check}"#);
        [decode(&signed, &more, NOW), decrypt(&encrypted, &more, NOW)]
    };
    for check in [
        "{}",
        r#"{"role":"admin"}"#,
        r#"{"user_id":42,"role":"admin"}"#,
        r#"{"o":{"b":[2],"a":1}}"#,
        r#"{"aud":["x","y"]}"#,
    ] {
        for outcome in both(check) {
            assert_eq!(outcome.unwrap(), claims, "{check}");
        }
    }
    for check in [
        r#"{"role":"user"}"#,
        r#"{"role":"admin","user_id":"42"}"#,
        r#"{"user_id":42.0}"#,
        r#"{"absent":null}"#,
        r#"{"o":{"a":1}}"#,
        r#"{"aud":"x"}"#,
        r#"{"aud":["y","x"]}"#,
    ] {
        for outcome in both(check) {
            let error = outcome.unwrap_err();
            assert!(error.is_refusal(), "{check}");
            assert_eq!(error.code(), "ERR_XANO_CHECK_CLAIMS", "{check}");
        }
    }
}

// Tokens.

#[test]
fn a_claim_that_looks_like_a_number_to_a_reader_is_not_the_number() {
    for (claim, expected) in [
        (r#"{"$serde_json::private::Number":"42"}"#, "42"),
        ("12345678901234567890124", "12345678901234567890123"),
        ("42.0", "42"),
    ] {
        let token = encode(&format!(r#"{{"claims":{{"id":{claim}}},"key":{KEY}}}"#)).unwrap();
        assert_eq!(part(&token, 1), format!(r#"{{"id":{claim}}}"#));
        let check =
            |value: &str| decode(&token, &format!(r#","check_claims":{{"id":{value}}}"#), NOW);
        assert!(matches!(check(expected), Err(Error::CheckClaims { .. })), "{claim}");
        assert_eq!(check(claim).unwrap(), format!(r#"{{"id":{claim}}}"#));
    }
}

#[test]
fn a_statement_is_read_of_a_value_as_of_its_text() {
    let json = format!(r#"{{"claims":{{"id":7,"at":1.5}},"headers":{{"x":[1]}},"key":{KEY}}}"#);
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let read: JwsEncode = serde_json::from_value(value).unwrap();
    let token = jws_encode(&read, NOW, BACKEND).unwrap();
    let payload = decode(&token, r#","check_claims":{"id":7,"at":1.5}"#, NOW).unwrap();
    let again: serde_json::Value = serde_json::from_str(&payload).unwrap();
    let claims = serde_json::to_value(Payload::new(&again).unwrap()).unwrap();
    assert_eq!(claims, serde_json::json!({"at": 1.5, "id": 7}));
}

#[test]
fn a_token_that_was_changed_or_is_none_is_refused() {
    let signed = encode(&format!(r#"{{"claims":{{"a":1}},"key":{KEY}}}"#)).unwrap();
    let encrypted = encrypt(&format!(r#"{{"claims":{{"a":1}},"key":{KEK}}}"#)).unwrap();
    let changed = |token: &str| {
        let (head, tail) = token.rsplit_once('.').unwrap();
        let other = if tail.starts_with('A') { 'B' } else { 'A' };
        format!("{head}.{other}{}", tail.get(1..).unwrap())
    };
    assert_eq!(code(decode(&changed(&signed), "", NOW)), "ERR_JWS_SIGNATURE_INVALID");
    assert_eq!(code(decrypt(&changed(&encrypted), "", NOW)), "ERR_JWE_DECRYPTION_FAILED");
    for token in ["", "a.b", "a.b.c", "a.b.c.d.e", &encrypted] {
        let error = decode(token, "", NOW).unwrap_err();
        assert!(matches!(error, Error::Token(_)), "{token}");
    }
    assert!(matches!(decrypt(&signed, "", NOW), Err(Error::Token(_))));
}

#[test]
fn a_token_of_another_algorithm_is_refused() {
    let token = encode(&format!(r#"{{"key":{KEY},"signature_algorithm":"HS512"}}"#)).unwrap();
    assert!(decode(&token, "", NOW).unwrap_err().is_refusal());
    assert!(decode(&token, r#","signature_algorithm":"HS512""#, NOW).is_ok());

    let token = encrypt(&format!(r#"{{"key":{KEK},"content_algorithm":"A256GCM"}}"#)).unwrap();
    assert!(decrypt(&token, "", NOW).unwrap_err().is_refusal());
    let other = r#","content_algorithm":"A256GCM","key_algorithm":"A256GCMKW""#;
    assert!(decrypt(&token, other, NOW).unwrap_err().is_refusal());
}

#[test]
fn a_token_as_the_platform_makes_them_is_read() {
    let jwk = Jwk::from_json(KEK).unwrap().with_alg(jose_core::Alg::A256KW).unwrap();
    let key = jwe::EncryptionKey::from_jwk(&jwk, BACKEND).unwrap();
    let how = jwe::Builder::new().enc(jose_core::Alg::A256CBC_HS512).deflate();
    let claims = br#"{"id":7,"exp":1768108014}"#;
    let token = how.encrypt(claims, [&key]).unwrap().to_compact().unwrap();
    let header = "eyJhbGciOiJBMjU2S1ciLCJlbmMiOiJBMjU2Q0JDLUhTNTEyIiwiemlwIjoiREVGIn0.";
    assert!(token.starts_with(header));
    assert_eq!(decrypt(&token, "", NOW).unwrap().as_bytes(), claims);
    let late = UnixTime::from_secs(1_768_108_014);
    assert_eq!(code(decrypt(&token, "", late)), "ERR_JWT_EXPIRED");
}

#[test]
fn a_token_whose_content_is_no_text_is_refused_as_a_token() {
    let signer = KEY.parse::<Jwk>().unwrap().with_alg(jose_core::Alg::HS256).unwrap();
    let signer = jws::SigningKey::from_jwk(&signer, BACKEND).unwrap();
    let signed = decode(&jws::sign(b"\xFF", &signer).unwrap(), "", NOW).unwrap_err();
    let recipient = KEK.parse::<Jwk>().unwrap().with_alg(jose_core::Alg::A256KW).unwrap();
    let recipient = jwe::EncryptionKey::from_jwk(&recipient, BACKEND).unwrap();
    let token = jwe::encrypt(b"\xFF", &recipient).unwrap();
    let gcm = r#","content_algorithm":"A256GCM""#;
    let encrypted = decrypt(&token, gcm, NOW).unwrap_err();
    // What one reader takes for text is a list for another.
    let list = br#"[{"a":1,"a":2}]"#;
    let listed = decode(&jws::sign(list, &signer).unwrap(), "", NOW).unwrap_err();
    for refused in [signed, encrypted, listed] {
        assert!(matches!(refused, Error::Content) && refused.is_refusal(), "{refused:?}");
        assert_eq!(refused.code(), "ERR_XANO_CONTENT");
    }
}

#[test]
fn nothing_shows_what_is_in_a_statement() {
    let json = format!(r#"{{"claims":{{"ssn":"078-05-1120"}},"key":{KEK}}}"#);
    let encode: JweEncode = statement(&json);
    let token = jwe_encode(&encode, NOW, BACKEND).unwrap();
    let decoded = jwe_decode(&JweDecode::new(token, KEK.parse().unwrap()), NOW, BACKEND).unwrap();
    let shown = format!("{encode:?} {decoded:?}");
    assert!(shown.contains("ssn") && !shown.contains("078") && !shown.contains("Gawg"), "{shown}");
    let text = format!("{:?}", Payload::text("078-05-1120"));
    assert!(!text.contains("078"), "{text}");
}
