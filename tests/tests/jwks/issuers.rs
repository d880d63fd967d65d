//! Tokens of several issuers, each under its own keys and rules; and callers who wait.

use jose::crypto::Backend;
use jose::{Alg, Jwk, SigningKey, UnixTime, Validation, jwt};
use jose_jwks::{Blocking, Error, Issuers};
use jose_tests::backends;

use crate::server::{Reply, Server};
use crate::support::{Clock, NO_KEY, at, config, key, set};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// A token that says this, signed by a key.
fn token(claims: &serde_json::Value, key: &Jwk, backend: &dyn Backend) -> String {
    let key = SigningKey::from_jwk(key, backend).unwrap();
    jwt::Builder::at(NOW).expires_in("5m").sign(claims, &key).unwrap()
}

/// Two issuers whose keys have the same name, the first for the audience `api` and the second for anybody.
struct Two {
    servers: [Server; 2],
    keys: [Jwk; 2],
    issuers: Issuers,
}

async fn two(backend: &'static dyn Backend) -> Two {
    let (keys, clock) = ([key("k", backend), key("k", backend)], Clock::new());
    let servers = [Server::of(set([&keys[0]])).await, Server::of(set([&keys[1]])).await];
    let source = |at_server: &Server| at(&at_server.url("/jwks"), config(backend, &clock));
    let mut issuers = Issuers::new();
    issuers.add("one", source(&servers[0]), Validation::new().audience("api"));
    issuers.add("two", source(&servers[1]), Validation::new().any_audience());
    Two { servers, keys, issuers }
}

async fn refused(issuers: &Issuers, token: &str) -> Error {
    issuers.verify::<serde_json::Value>(token, NOW).await.expect_err("is refused")
}

#[tokio::test]
async fn a_token_is_verified_under_the_keys_of_the_issuer_that_it_names() {
    for backend in backends() {
        let Two { servers, keys, issuers } = two(backend).await;
        let claims = serde_json::json!({"iss": "two", "aud": "anybody", "sub": "joe"});
        let token = token(&claims, &keys[1], backend);
        let claims = issuers.verify::<serde_json::Value>(&token, NOW).await.unwrap();
        assert_eq!(claims["sub"], "joe");
        assert_eq!((servers[0].count(), servers[1].count()), (0, 1));
    }
}

#[tokio::test]
async fn one_issuer_does_not_speak_for_another() {
    for backend in backends() {
        let Two { servers, keys, issuers } = two(backend).await;
        let claims = serde_json::json!({"iss": "one", "aud": "api"});
        let error = refused(&issuers, &token(&claims, &keys[1], backend)).await;
        assert_eq!(error.code(), "ERR_JWS_SIGNATURE_INVALID");
        assert_eq!((servers[0].count(), servers[1].count()), (1, 0));
    }
}

#[tokio::test]
async fn each_issuer_has_its_own_rules() {
    for backend in backends() {
        let Two { servers: _servers, keys, issuers } = two(backend).await;
        let other = serde_json::json!({"iss": "one", "aud": "other"});
        let error = refused(&issuers, &token(&other, &keys[0], backend)).await;
        assert!(matches!(error, Error::Jwt(jwt::Error::Claims(_))), "{error:?}");
        let api = serde_json::json!({"iss": "one", "aud": "api"});
        let token = token(&api, &keys[0], backend);
        assert!(issuers.verify::<serde_json::Value>(&token, NOW).await.is_ok());
    }
}

#[tokio::test]
async fn a_token_of_nobody_that_is_known_has_nobody_asked() {
    for backend in backends() {
        let Two { servers, keys, issuers } = two(backend).await;
        for claims in [
            serde_json::json!({"iss": "three"}),
            serde_json::json!({"iss": "on"}),
            serde_json::json!({}),
        ] {
            let error = refused(&issuers, &token(&claims, &keys[0], backend)).await;
            assert!(matches!(error, Error::UnknownIssuer), "{error:?}");
        }
        let key = SigningKey::from_jwk(&keys[0], backend).unwrap();
        let token = jose::jws::sign(br#"{"iss":["one"]}"#, &key).unwrap();
        for token in [token.as_str(), "no token"] {
            let error = refused(&issuers, token).await;
            assert!(matches!(error, Error::Jwt(jwt::Error::Parse(_))), "{error:?}");
        }
        assert_eq!((servers[0].count(), servers[1].count()), (0, 0));
    }
}

#[tokio::test]
async fn an_issuer_without_keys_is_no_verdict_on_its_tokens() {
    for backend in backends() {
        let Two { mut servers, keys, issuers } = two(backend).await;
        servers[0].answers(|_| Reply::status(500));
        let claims = serde_json::json!({"iss": "one", "aud": "api"});
        let error = refused(&issuers, &token(&claims, &keys[0], backend)).await;
        assert!(matches!(error, Error::Source(_)), "{error:?}");
        servers[1].stop().await;
    }
}

/// The callers are threads without a runtime; only the server has one.
#[test]
fn callers_who_wait_need_no_runtime() {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
    for backend in backends() {
        let (jwk, clock) = (key("a", backend), Clock::new());
        let server = runtime.block_on(Server::of(set([&jwk])));
        let source = at(&server.url("/jwks"), config(backend, &clock));
        let source = Blocking::new(source).unwrap();
        let rules = Validation::new();
        let good = token(&serde_json::json!({"sub": "joe"}), &jwk, backend);
        let unknown = token(&serde_json::json!({}), &key("b", backend), backend);
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    let verify = |token| source.verify_jwt::<serde_json::Value>(token, &rules, NOW);
                    assert_eq!(verify(&good).unwrap()["sub"], "joe");
                    assert_eq!(verify(&unknown).unwrap_err().code(), NO_KEY);
                });
            }
        });
        assert_eq!(server.count(), 1, "the cooldown holds for them too");
        assert_eq!(source.set().unwrap().len(), 1);
        source.refresh().unwrap();
        assert_eq!(server.count(), 2);
        assert_eq!(source.get_ref().status().keys, 1);
    }
}

#[test]
fn a_set_of_shared_keys_is_no_source() {
    let set = backends().into_iter().map(|backend| Jwk::generate(Alg::HS256, backend).unwrap());
    let set = set.collect();
    for backend in backends() {
        let refused = jose_jwks::Source::fixed(&set, &config(backend, &Clock::new())).unwrap();
        assert_eq!(refused.status().keys, 0);
        let shared = jose_jwks::Config::new(&[Alg::ES256, Alg::HS256], backend);
        let refused = jose_jwks::Source::fixed(&set, &shared).unwrap_err();
        assert!(matches!(refused, jose_jwks::ConfigError::Symmetric { alg: Alg::HS256, .. }));
        let none = jose_jwks::Source::fixed(&set, &jose_jwks::Config::new(&[], backend));
        assert!(matches!(none.unwrap_err(), jose_jwks::ConfigError::NoAlgorithm));
    }
}
