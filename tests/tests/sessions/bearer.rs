//! Bearer tokens, and the answers to what is none (RFC 6750 §3).

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use jose::error::CryptoError;
use jose::jws::{KeyResolver, Unverified, Verified, VerifyingKeys};
use jose::jwt::{self, Builder, Claims, Validation};
use jose::{Alg, Jwk, SigningKey, UnixTime, VerifyingKey};
use jose_jwks::{Issuers, Source};
use jose_session::axum::{Bearer, BearerError, BearerRejection, BearerVerifier, VerifyBearer};
use serde_json::{Value, json};

use crate::http_server::{Answer, Server};
use crate::support::{Clock, backend};

#[derive(serde::Deserialize)]
struct Caller {
    sub: String,
}

async fn who(caller: Bearer<Caller>) -> String {
    assert_eq!(caller.claims().subject().as_deref(), Some(caller.sub.as_str()));
    caller.into_content().sub
}

async fn if_any(caller: Option<Bearer<Caller>>) -> String {
    caller.map_or("nobody".into(), |caller| caller.sub.clone())
}

async fn write(caller: Bearer<Caller>) -> Result<String, BearerRejection> {
    caller.require_scope("read write")?;
    Ok(caller.sub.clone())
}

async fn mistaken(caller: Bearer<Caller>) -> Result<String, BearerRejection> {
    caller.require_scope("\"read\", realm=\"other\"")?;
    Ok("in".into())
}

/// State of which the verifier is a part.
#[derive(Clone)]
struct App {
    verifier: BearerVerifier,
}

impl FromRef<App> for BearerVerifier {
    fn from_ref(app: &App) -> Self {
        app.verifier.clone()
    }
}

async fn start(verifier: BearerVerifier) -> Server {
    let router = Router::new()
        .route("/who", get(who))
        .route("/if-any", get(if_any))
        .route("/write", get(write))
        .route("/mistaken", get(mistaken));
    Server::start(router.with_state(App { verifier })).await
}

const PATHS: [&str; 3] = ["/who", "/if-any", "/write"];

fn key(kid: &str) -> Jwk {
    Jwk::generate(Alg::ES256, backend()).unwrap().with_kid(kid)
}

fn public(key: &Jwk) -> VerifyingKey {
    VerifyingKey::from_jwk(&key.to_public().unwrap(), backend()).unwrap()
}

fn rules() -> Validation {
    Validation::strict("https://issuer.example", "api")
}

/// What a good token says, with this in addition or instead; what is `null` is left out.
fn claims(more: &Value) -> Value {
    let mut claims = json!({"iss": "https://issuer.example", "aud": "api", "sub": "joe"});
    let members = claims.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    members.retain(|_, value| !value.is_null());
    claims
}

fn token(key: &Jwk, more: &Value, clock: &Clock) -> String {
    let key = SigningKey::from_jwk(key, backend()).unwrap();
    Builder::at(clock.now()).expires_in("5m").sign(&claims(more), &key).unwrap()
}

/// A server with one key, which is returned.
async fn one_key(clock: &Clock) -> (Server, Jwk) {
    let key = key("a");
    let verifier = BearerVerifier::from_keys("my \"api\"", public(&key), rules(), clock.reader());
    (start(verifier.unwrap()).await, key)
}

async fn ask(server: &Server, path: &str, credentials: &str) -> Answer {
    server.client().get_with(path, &[(AUTHORIZATION, credentials)]).await
}

/// Everything of an answer that does not tell when it was given.
fn told(answer: &Answer) -> (StatusCode, HeaderMap, String) {
    let mut fields = answer.headers.clone();
    fields.remove("date");
    (answer.status, fields, answer.body.clone())
}

#[track_caller]
fn assert_challenged(answer: &Answer, status: u16, challenge: &str) {
    assert_eq!(answer.status, status);
    assert_eq!(answer.field(&WWW_AUTHENTICATE), Some(challenge));
    assert!(answer.body.is_empty());
}

const NO_CODE: &str = r#"Bearer realm="my \"api\"""#;
const INVALID_REQUEST: &str = r#"Bearer realm="my \"api\"", error="invalid_request""#;
const INVALID_TOKEN: &str = r#"Bearer realm="my \"api\"", error="invalid_token""#;

#[tokio::test]
async fn a_token_that_is_accepted_tells_who_it_is() {
    let clock = Clock::new();
    let (server, key) = one_key(&clock).await;
    let token = token(&key, &json!({"scope": "write other read"}), &clock);
    for scheme in ["Bearer", "bearer", "BEARER"] {
        for path in PATHS {
            let answer = ask(&server, path, &format!("{scheme} {token}")).await;
            assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "joe"));
            assert!(!answer.headers.contains_key(WWW_AUTHENTICATE));
        }
    }
}

#[tokio::test]
async fn who_brings_no_token_is_told_to_and_nothing_else() {
    let (server, _) = one_key(&Clock::new()).await;
    assert_challenged(&server.client().get("/who").await, 401, NO_CODE);
    assert_challenged(&server.client().get("/write").await, 401, NO_CODE);
    let answer = server.client().get("/if-any").await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "nobody"));
    for credentials in ["Basic am9lOmpvZQ==", "DPoP a.b.c", "Bearerer a.b.c", "Negotiate"] {
        for path in PATHS {
            assert_challenged(&ask(&server, path, credentials).await, 401, NO_CODE);
        }
    }
}

#[tokio::test]
async fn credentials_that_cannot_be_read_are_a_bad_request() {
    let clock = Clock::new();
    let (server, key) = one_key(&clock).await;
    let good = token(&key, &json!({}), &clock);
    for path in PATHS {
        for credentials in [
            "Bearer",
            "Bearer a b",
            &format!("Bearer {good}, Bearer {good}"),
            &format!("Bearer \"{good}\""),
            "",
            "(what) is this",
        ] {
            assert_challenged(&ask(&server, path, credentials).await, 400, INVALID_REQUEST);
        }
        let bearer = format!("Bearer {good}");
        for other in [bearer.as_str(), "Basic am9lOmpvZQ=="] {
            for fields in [[&bearer, other], [other, &bearer]] {
                let fields = fields.map(|value| (AUTHORIZATION, value));
                let answer = server.client().get_with(path, &fields).await;
                assert_challenged(&answer, 400, INVALID_REQUEST);
            }
        }
    }
}

#[tokio::test]
async fn every_token_that_is_not_accepted_gets_one_answer() {
    let clock = Clock::new();
    let (server, good_key) = one_key(&clock).await;
    let good = token(&good_key, &json!({}), &clock);
    let mut parts: Vec<&str> = good.split('.').collect();
    let payload = parts[1].to_owned();
    let end = parts[2].len() - 4;
    let cut = format!("{}AAAA", &parts[2][..end]);
    parts[2] = &cut;
    let shared = Jwk::generate(Alg::HS256, backend()).unwrap();
    let refused = [
        parts.join("."),
        format!("eyJhbGciOiJub25lIn0.{payload}."),
        token(&key("a"), &json!({}), &clock),
        token(&key("b"), &json!({}), &clock),
        token(&shared, &json!({}), &clock),
        token(&good_key, &json!({"iss": "https://other.example"}), &clock),
        token(&good_key, &json!({"aud": "other"}), &clock),
        token(&good_key, &json!({"nbf": clock.now().as_secs() + 60}), &clock),
        // Genuine, and not the claims that the handler asks for.
        token(&good_key, &json!({"sub": null}), &clock),
        "a".into(),
        "a.b.c".into(),
        "a.b.c.d.e".into(),
        "abc==".into(),
        "x".repeat(100_000),
    ];
    let expected = told(&ask(&server, "/who", &format!("Bearer {}", refused[0])).await);
    for token in refused {
        for path in PATHS {
            let answer = ask(&server, path, &format!("Bearer {token}")).await;
            assert_challenged(&answer, 401, INVALID_TOKEN);
            assert_eq!(told(&answer), expected, "{path} {token}");
        }
    }
    assert_eq!(ask(&server, "/who", &format!("Bearer {good}")).await.body, "joe");
    clock.go(301);
    let answer = ask(&server, "/who", &format!("Bearer {good}")).await;
    assert_eq!(told(&answer), expected, "nor is it told that its time is over");
}

#[tokio::test]
async fn a_token_without_a_scope_is_told_which_are_needed() {
    let clock = Clock::new();
    let (server, key) = one_key(&clock).await;
    let challenge = format!("{NO_CODE}, error=\"insufficient_scope\", scope=\"read write\"");
    for scope in [
        json!({}),
        json!({"scope": ""}),
        json!({"scope": "read"}),
        json!({"scope": "write readwrite"}),
        json!({"scope": "READ WRITE"}),
        json!({"scope": "read:write read,write"}),
        json!({"scope": "read\twrite"}),
        json!({"scope": ["read", "write"]}),
        json!({"scope": {"read": true, "write": true}}),
        json!({"scp": "read write"}),
    ] {
        let token = format!("Bearer {}", token(&key, &scope, &clock));
        assert_challenged(&ask(&server, "/write", &token).await, 403, &challenge);
        assert_eq!(ask(&server, "/who", &token).await.body, "joe", "which needs none");
    }
    for scope in ["read write", "write read", " read  write ", "a read b write c"] {
        let token = token(&key, &json!({"scope": scope}), &clock);
        assert_eq!(ask(&server, "/write", &format!("Bearer {token}")).await.body, "joe");
    }
}

#[tokio::test]
async fn a_scope_that_is_none_is_a_mistake_of_the_program_and_reaches_no_field() {
    let clock = Clock::new();
    let (server, key) = one_key(&clock).await;
    let token = token(&key, &json!({"scope": "read"}), &clock);
    let answer = ask(&server, "/mistaken", &format!("Bearer {token}")).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!answer.headers.contains_key(WWW_AUTHENTICATE) && answer.body.is_empty());
}

#[test]
fn a_realm_is_one_line_of_printable_ascii() {
    for realm in ["api\r\nSet-Cookie: app=1", "a\0", "a\tb", "caf\u{e9}"] {
        let key = public(&key("a"));
        let verifier = BearerVerifier::from_keys(realm, key, rules(), UnixTime::now);
        assert_eq!(verifier.unwrap_err().code(), "ERR_BEARER_REALM");
    }
}

/// Keys in a device that is not there.
struct Lost;

impl KeyResolver for Lost {
    fn resolve(&self, _: &Unverified<'_>) -> Result<VerifyingKeys, CryptoError> {
        Err(CryptoError::from_source("the device is not there"))
    }
}

#[tokio::test]
async fn a_token_that_nobody_can_judge_is_neither_accepted_nor_refused() {
    let clock = Clock::new();
    let verifier = BearerVerifier::from_keys("api", Lost, rules(), clock.reader()).unwrap();
    let server = start(verifier).await;
    let good = token(&key("a"), &json!({}), &clock);
    for path in PATHS {
        let answer = ask(&server, path, &format!("Bearer {good}")).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(!answer.headers.contains_key(WWW_AUTHENTICATE) && answer.body.is_empty());
    }
    assert_eq!(server.client().get("/who").await.status, StatusCode::UNAUTHORIZED);
}

/// Several issuers, each with its keys and rules.
struct OfIssuers {
    issuers: Arc<Issuers>,
    clock: Clock,
}

impl VerifyBearer for OfIssuers {
    async fn verify(&self, token: &str) -> Result<Verified<Claims>, BearerError> {
        let now = self.clock.now();
        let judged =
            self.issuers.verify::<Value>(token, now).await.map_err(|error| match error {
                jose_jwks::Error::Jwt(error) => error.into(),
                jose_jwks::Error::Source(error) => BearerError::unavailable(error),
                error => BearerError::refused(error),
            })?;
        // The issuer's rules were kept; what is wanted besides are the claims as they are.
        let source = judged.content()["iss"].as_str().and_then(|name| self.issuers.source(name));
        let source = source.ok_or_else(|| BearerError::refused("no such issuer"))?;
        let unverified = Unverified::parse(token)?;
        let keys = source.keys_for(&unverified).await.map_err(BearerError::unavailable)?;
        Ok(jwt::verify_claims(token, &keys, &Validation::new().any_audience(), now)?)
    }
}

#[tokio::test]
async fn tokens_of_several_issuers_are_judged_by_each_ones_keys_and_rules() {
    let clock = Clock::new();
    let keys = [key("k"), key("k")];
    let config = || jose_jwks::Config::new(&[Alg::ES256], backend());
    let mut issuers = Issuers::new();
    for (name, key) in ["one", "two"].into_iter().zip(&keys) {
        let set = [key.to_public().unwrap()].into_iter().collect();
        let source = Source::fixed(&set, &config()).unwrap();
        issuers.add(name, source, Validation::new().audience("api").require("exp"));
    }
    // Whose keys nobody can fetch: there is no such server.
    let client = jose_jwks::Client::rustls().unwrap();
    let nowhere = Source::at("http://127.0.0.1:1/jwks", client, config().allow_http()).unwrap();
    issuers.add("away", nowhere, Validation::new().audience("api"));
    let verify = OfIssuers { issuers: Arc::new(issuers), clock: clock.clone() };
    let server = start(BearerVerifier::new("my \"api\"", verify).unwrap()).await;
    let ask = async |key: &Jwk, more: Value| {
        ask(&server, "/who", &format!("Bearer {}", token(key, &more, &clock))).await
    };
    assert_eq!(ask(&keys[0], json!({"iss": "one"})).await.body, "joe");
    assert_eq!(ask(&keys[1], json!({"iss": "two"})).await.body, "joe");
    assert_challenged(&ask(&keys[0], json!({"iss": "two"})).await, 401, INVALID_TOKEN);
    assert_challenged(&ask(&keys[0], json!({"iss": "three"})).await, 401, INVALID_TOKEN);
    assert_challenged(&ask(&keys[0], json!({"iss": "one", "aud": "b"})).await, 401, INVALID_TOKEN);
    let answer = ask(&keys[0], json!({"iss": "away"})).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!answer.headers.contains_key(WWW_AUTHENTICATE));
}
