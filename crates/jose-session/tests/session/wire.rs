//! What is in a token.

use jose_core::jws::{SigningKey, Unverified};
use jose_core::jwt::{Builder, Validation};
use jose_core::{Alg, Jwk, UnixTime, hazmat};
use jose_rustcrypto::BACKEND;
use jose_session::{Config, Error, Keys, Sessions};
use serde_json::{Map, Value, json};

use crate::clock::Clock;
use crate::{Data, config, encrypted, hs256, sessions};

type Free = Sessions<Map<String, Value>>;

fn free(config: Config) -> Free {
    Sessions::new(config).unwrap()
}

fn object(json: Value) -> Map<String, Value> {
    let Value::Object(members) = json else { panic!("an object") };
    members
}

/// A token with these claims and this type.
fn made(typ: &str, claims: &Value) -> String {
    let key = SigningKey::from_jwk(&hs256(), BACKEND).unwrap();
    Builder::at(UnixTime::from_secs(0)).typ(typ).sign(claims, &key).unwrap()
}

async fn code(sessions: &Free, token: &str) -> &'static str {
    sessions.open(token).await.unwrap_err().code()
}

#[tokio::test]
async fn a_token_has_the_data_a_name_and_two_times() {
    let sessions = free(config(&Clock::new()));
    let sealed = sessions.seal(object(json!({"name": "joe", "n": [1, 2.5]}))).await.unwrap();
    let token = Unverified::parse(sealed.token().unwrap()).unwrap();
    assert_eq!(token.protected().typ(), Some("JWT"));
    let claims: Value = hazmat::peek_unverified_json(&token).unwrap();
    let (iat, exp) = (Clock::START, Clock::START + 3600);
    let jti = sealed.id().unwrap();
    assert_eq!(claims, json!({"name": "joe", "n": [1, 2.5], "jti": jti, "iat": iat, "exp": exp}));
}

#[tokio::test]
async fn without_an_age_there_is_no_exp() {
    let keys = Keys::from_jwk(&hs256(), BACKEND).unwrap();
    let clock = Clock::new();
    let sessions = free(Config::new("app", keys, BACKEND).clock(clock.reader()));
    let sealed = sessions.seal(object(json!({}))).await.unwrap();
    let token = Unverified::parse(sealed.token().unwrap()).unwrap();
    let claims: Map<String, Value> = hazmat::peek_unverified_json(&token).unwrap();
    assert!(!claims.contains_key("exp"));
    assert_eq!(sealed.expires_at(), None);
    clock.go(1_000_000_000);
    assert!(sessions.open(sealed.token().unwrap()).await.is_ok());
}

#[tokio::test]
async fn a_name_is_a_random_uuid() {
    let sessions = free(config(&Clock::new()));
    let mut names = Vec::new();
    for _ in 0..50 {
        let sealed = sessions.seal(Map::new()).await.unwrap();
        let id = sealed.id().unwrap().to_owned();
        let groups: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12]);
        assert_eq!(&id[14..15], "4");
        assert!("89ab".contains(&id[19..20]), "{id}");
        names.push(id);
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 50);
}

#[tokio::test]
async fn the_data_have_no_say_in_the_claims_of_the_session() {
    let sessions = free(config(&Clock::new()));
    let data = object(json!({"jti": "mine", "iat": 1, "exp": 9_999_999_999_u64, "name": "joe"}));
    let sealed = sessions.seal(data).await.unwrap();
    let opened = sessions.open(sealed.token().unwrap()).await.unwrap();
    assert_ne!(opened.id(), Some("mine"));
    assert_eq!(opened.created_at(), Some(UnixTime::from_secs(Clock::START)));
    assert_eq!(opened.expires_at(), Some(UnixTime::from_secs(Clock::START + 3600)));
    assert_eq!(Value::Object(opened.data().clone()), json!({"name": "joe"}));
}

#[tokio::test]
async fn without_an_age_the_data_have_no_say_in_it_either() {
    let keys = Keys::from_jwk(&hs256(), BACKEND).unwrap();
    let sessions = free(Config::new("app", keys, BACKEND).clock(Clock::new().reader()));
    let sealed = sessions.seal(object(json!({"exp": 5}))).await.unwrap();
    let opened = sessions.open(sealed.token().unwrap()).await.unwrap();
    assert_eq!(opened.expires_at(), None);
}

#[tokio::test]
async fn a_token_without_a_name_or_a_time_is_none() {
    let sessions = free(config(&Clock::new()));
    let now = Clock::START;
    assert!(sessions.open(&made("JWT", &json!({"jti": "x", "iat": now}))).await.is_ok());
    for claims in [json!({"iat": now}), json!({"jti": "x"}), json!({}), json!({"exp": now + 5})] {
        let error = sessions.open(&made("JWT", &claims)).await.unwrap_err();
        assert_eq!(error.code(), "ERR_JWT_CLAIM_MISSING", "{claims}");
    }
}

#[tokio::test]
async fn a_token_of_another_type_is_none() {
    for config in [config(&Clock::new()), encrypted(&Clock::new())] {
        let refresh = free(config.clone().typ("refresh+jwt"));
        let access = free(config);
        let sealed = refresh.seal(Map::new()).await.unwrap();
        assert!(refresh.open(sealed.token().unwrap()).await.is_ok());
        assert_eq!(code(&access, sealed.token().unwrap()).await, "ERR_JWS_INVALID");
        let sealed = access.seal(Map::new()).await.unwrap();
        assert_eq!(code(&refresh, sealed.token().unwrap()).await, "ERR_JWS_INVALID");
    }
}

#[tokio::test]
async fn age_is_enforced_for_both_kinds() {
    for make in [config, encrypted] {
        let clock = Clock::new();
        let sessions = free(make(&clock));
        let sealed = sessions.seal(Map::new()).await.unwrap();
        clock.go(3599);
        assert!(sessions.open(sealed.token().unwrap()).await.is_ok());
        clock.go(1);
        let error = sessions.open(sealed.token().unwrap()).await.unwrap_err();
        assert!(matches!(error, Error::Expired(_)), "{error:?}");
        assert_eq!(error.code(), "ERR_JWT_EXPIRED");
    }
}

#[tokio::test]
async fn a_token_without_exp_is_held_to_the_age() {
    let clock = Clock::new();
    let sessions = free(config(&clock));
    let token = made("JWT", &json!({"jti": "x", "iat": Clock::START}));
    let opened = sessions.open(&token).await.unwrap();
    assert_eq!(opened.expires_at(), Some(UnixTime::from_secs(Clock::START + 3600)));
    clock.go(3600);
    let Err(Error::Expired(expired)) = sessions.open(&token).await else { panic!("expired") };
    assert_eq!((expired.id(), expired.token()), (Some("x"), token.as_str()));
}

#[tokio::test]
async fn a_later_exp_does_not_make_a_session_older_than_it_may_be() {
    let clock = Clock::new();
    let token =
        made("JWT", &json!({"jti": "x", "iat": Clock::START, "exp": Clock::START + 99_999}));
    clock.go(3600);
    assert_eq!(code(&free(config(&clock)), &token).await, "ERR_JWT_EXPIRED");
}

#[tokio::test]
async fn a_token_of_the_future_is_none_but_for_the_leeway() {
    let token = made("JWT", &json!({"jti": "x", "iat": Clock::START + 10}));
    let keys = || Keys::from_jwk(&hs256(), BACKEND).unwrap();
    let config = || Config::new("app", keys(), BACKEND).clock(Clock::new().reader());
    assert_eq!(code(&free(config()), &token).await, "ERR_JWT_CLAIM_INVALID");
    assert!(free(config().leeway("10s")).open(&token).await.is_ok());
}

#[tokio::test]
async fn an_expired_token_with_another_fault_is_not_one_to_refresh() {
    let clock = Clock::new();
    let token = made("other", &json!({"jti": "x", "iat": Clock::START, "exp": Clock::START}));
    let error = free(config(&clock)).open(&token).await.unwrap_err();
    assert!(matches!(error, Error::Token(_)), "{error:?}");
}

#[tokio::test]
async fn an_audience_among_the_data_needs_rules() {
    let data = || object(json!({"aud": "api"}));
    let error = free(config(&Clock::new())).seal(data()).await.unwrap_err();
    assert!(matches!(error, Error::Member { name: "aud", .. }), "{error:?}");
    let ruled = free(config(&Clock::new()).rules(Validation::new().audience("api")));
    let sealed = ruled.seal(data()).await.unwrap();
    assert!(ruled.open(sealed.token().unwrap()).await.is_ok());
    let token = made("JWT", &json!({"jti": "x", "iat": Clock::START, "aud": "api"}));
    assert_eq!(code(&free(config(&Clock::new())), &token).await, "ERR_JWT_CLAIM_INVALID");
}

#[tokio::test]
async fn a_registered_claim_of_the_wrong_type_is_not_sealed() {
    let error = free(config(&Clock::new())).seal(object(json!({"sub": 5}))).await.unwrap_err();
    assert!(matches!(error, Error::Sign(_)), "{error:?}");
}

#[tokio::test]
async fn a_token_whose_data_do_not_fit_is_none() {
    let token = made("JWT", &json!({"jti": "x", "iat": Clock::START, "name": 5}));
    let error = sessions(config(&Clock::new())).open(&token).await.unwrap_err();
    assert_eq!(error.code(), "ERR_SESSION_DATA");
}

#[tokio::test]
async fn a_token_that_is_too_long_is_neither_sealed_nor_opened() {
    let small = free(config(&Clock::new()).max_token(600));
    let long = object(json!({"more": "x".repeat(600)}));
    let error = small.seal(long.clone()).await.unwrap_err();
    assert!(matches!(error, Error::TooLong { limit: 600, .. }), "{error:?}");
    let sealed = free(config(&Clock::new())).seal(long).await.unwrap();
    assert!(matches!(small.open(sealed.token().unwrap()).await, Err(Error::Token(_))));
}

#[tokio::test]
async fn a_session_of_100_kb_fits() {
    let sessions = sessions(encrypted(&Clock::new()));
    let data = Data { more: "x".repeat(100_000), ..Data::default() };
    let sealed = sessions.seal(data.clone()).await.unwrap();
    assert_eq!(sessions.open(sealed.token().unwrap()).await.unwrap().data(), &data);
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let sessions = free(config(&Clock::new()));
    for token in
        ["", ".", "..", "a.b.c", "a.b.c.d.e", "not a token", "\u{0}", "eyJhbGciOiJub25lIn0.e30."]
    {
        assert!(matches!(sessions.open(token).await, Err(Error::Token(_))), "{token:?}");
    }
}

#[tokio::test]
async fn every_changed_octet_of_a_token_is_noticed() {
    for make in [config, encrypted] {
        let sessions = sessions(make(&Clock::new()));
        let sealed = sessions.seal(Data::default()).await.unwrap();
        let token = sealed.token().unwrap();
        for at in 0..token.len() {
            let mut other = token.as_bytes().to_vec();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            let other = String::from_utf8(other).unwrap();
            assert!(sessions.open(&other).await.is_err(), "octet {at} of {token}");
        }
    }
}

#[tokio::test]
async fn a_token_of_another_algorithm_under_the_same_octets_is_none() {
    let jwk = Jwk::from_secret_octets(vec![7; 64]).unwrap();
    let of = |alg: Alg| {
        let keys = Keys::from_jwk(&jwk.clone().with_alg(alg).unwrap(), BACKEND).unwrap();
        free(Config::new("app", keys, BACKEND).clock(Clock::new().reader()))
    };
    let sealed = of(Alg::HS512.into()).seal(Map::new()).await.unwrap();
    let error = of(Alg::HS256.into()).open(sealed.token().unwrap()).await.unwrap_err();
    assert_eq!(error.code(), "ERR_JWS_ALG_NOT_ALLOWED");
}
