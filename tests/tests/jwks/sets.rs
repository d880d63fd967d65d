//! What issuers publish.

use jose::{Alg, Jwk, base64url};
use jose_tests::backends;
use serde_json::{Value, json};

use crate::server::Server;
use crate::support::{
    Clock, NO_KEY, assert_refused, at, config, key, rsa, set_of, source, token, verify,
};

fn member(jwk: &Jwk) -> Value {
    serde_json::from_str(&jwk.to_public_json().unwrap()).unwrap()
}

fn without(mut member: Value, names: &[&str]) -> Value {
    for name in names {
        member.as_object_mut().unwrap().remove(*name);
    }
    member
}

#[tokio::test]
async fn a_bad_key_in_a_set_spoils_no_other() {
    for backend in backends() {
        let jwk = key("good", backend);
        let bad = [
            "null",
            "5",
            "\"key\"",
            "[]",
            "{}",
            r#"{"kty":5}"#,
            r#"{"kty":"EC","kid":"short","crv":"P-256","x":"AA","y":"AA","alg":"ES256"}"#,
            r#"{"kty":"RSA","kid":"weak","n":"AQAB","e":"AQAB","alg":"RS256"}"#,
            r#"{"kty":"oct","kid":"shared","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","alg":"HS256"}"#,
            r#"{"kty":"EC","kid":"good","use":{},"crv":"P-256"}"#,
            r#"{"kty":"novel","kid":"new"}"#,
        ];
        for place in [0, bad.len() / 2, bad.len()] {
            let mut members = bad.map(str::to_owned).to_vec();
            members.insert(place, jwk.to_public_json().unwrap());
            let server = Server::of(set_of(&members)).await;
            let source = source(&server, backend, &Clock::new());
            verify(&source, &token(&jwk, backend)).await.unwrap();
            assert_eq!((server.count(), source.status().keys), (1, 1));
        }
    }
}

#[tokio::test]
async fn a_thousand_keys_of_one_name_are_bounded_work() {
    for backend in backends() {
        let (jwk, clock) = (key("one", backend), Clock::new());
        let keys = vec![jwk.to_public_json().unwrap(); 1000];
        let server = Server::of(set_of(&keys)).await;
        let source = source(&server, backend, &clock);
        // Two keys of one name for one algorithm are ambiguous, and neither is tried.
        assert_refused(verify(&source, &token(&jwk, backend)).await, NO_KEY);
        let status = source.status();
        assert!(status.keys <= 256 && !status.skipped.is_empty(), "{status}");
        assert_eq!(server.count(), 1);
    }
}

/// The shape of Microsoft Entra's: keys that name no algorithm, with certificates and an issuer each.
#[tokio::test]
async fn keys_without_an_algorithm_verify_under_those_that_are_allowed() {
    for backend in backends() {
        let jwk = rsa("nOo3ZDrODXEK1jKWhXslHR_KXEg");
        let mut entra = without(member(&jwk), &["alg", "key_ops"]);
        let more = json!({
            "use": "sig",
            "x5t": base64url::encode(&[7; 20]),
            "x5c": ["MAMCAQA="],
            "cloud_instance_name": "login.example",
            "issuer": "https://login.example/{tenantid}/v2.0",
        });
        entra.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let server = Server::of(set_of(&[entra.to_string()])).await;
        let source = source(&server, backend, &Clock::new());
        verify(&source, &token(&jwk, backend)).await.unwrap();

        // The same, where only another algorithm is allowed: nothing is fetched for what never fits.
        let clock = Clock::new();
        let other =
            jose_jwks::Config::new(&[Alg::PS256], backend).allow_http().clock(move || clock.now());
        let other = at(&server.url("/jwks"), other);
        assert_refused(verify(&other, &token(&jwk, backend)).await, "ERR_JWS_ALG_NOT_ALLOWED");
        assert_eq!(server.count(), 2, "once for each source");
    }
}

/// The shape of Keycloak's: a key that signs, one that encrypts, and what nobody knows.
#[tokio::test]
async fn keys_for_other_things_are_left_out() {
    for backend in backends() {
        let jwk = rsa("sig-1");
        let mut signs = member(&jwk);
        signs["use"] = json!("sig");
        let mut encrypts = without(member(&jwk), &["key_ops"]);
        encrypts["use"] = json!("enc");
        encrypts["alg"] = json!("RSA-OAEP");
        encrypts["kid"] = json!("enc-1");
        let novel = json!({"kty": "AKP", "alg": "ML-DSA-9000", "kid": "pq-1", "pub": "AAAA"});
        let members = [encrypts, novel, signs].map(|member| member.to_string());
        let server = Server::of(set_of(&members)).await;
        let source = source(&server, backend, &Clock::new());
        verify(&source, &token(&jwk, backend)).await.unwrap();
        assert_refused(verify(&source, &token(&jwk.with_kid("enc-1"), backend)).await, NO_KEY);
        assert_eq!((server.count(), source.status().keys), (1, 1));
    }
}

#[tokio::test]
async fn a_private_key_that_was_published_verifies_nothing() {
    for backend in backends() {
        let jwk = key("private", backend);
        let json = jwk.expose_secret_json();
        let json = String::from_utf8(json.expose_secret().to_vec()).unwrap();
        let server = Server::of(set_of(&[json])).await;
        let source = source(&server, backend, &Clock::new());
        assert_refused(verify(&source, &token(&jwk, backend)).await, NO_KEY);
        assert_eq!(server.count(), 1);
    }
}

#[tokio::test]
async fn an_empty_set_is_a_set() {
    for backend in backends() {
        let (jwk, clock) = (key("a", backend), Clock::new());
        let server = Server::of(set_of(&[])).await;
        let source = at(&server.url("/jwks"), config(backend, &clock));
        source.ready().await.unwrap();
        assert_refused(verify(&source, &token(&jwk, backend)).await, NO_KEY);
        assert_eq!(server.count(), 1);
    }
}
