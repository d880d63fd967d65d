//! Sets at the address that the metadata of an OpenID provider name.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use jose::crypto::Backend;
use jose_jwks::{FetchError, Source};
use jose_tests::backends;

use crate::server::{Reply, Server};
use crate::support::{
    Clock, NO_KEY, assert_refused, client, config, fetch_error, key, set, token, verify,
};

const METADATA: &str = "/.well-known/openid-configuration";

fn metadata(issuer: &str, jwks_uri: &str) -> Reply {
    let json = serde_json::json!({"issuer": issuer, "jwks_uri": jwks_uri, "scopes_supported": []});
    Reply::of(json.to_string()).with("content-type", "application/json")
}

fn of_issuer(issuer: &str, backend: &'static dyn Backend, clock: &Clock) -> Source {
    Source::of_issuer(issuer, client(), config(backend, clock)).unwrap()
}

/// A provider whose metadata say this of the issuer and the address of the set, in terms of its own address.
async fn provider(issuer: &'static str, jwks_uri: &'static str, set: String) -> Server {
    let server = Server::start(|_| Reply::status(500)).await;
    let base = server.url("");
    server.answers(move |seen| match seen.path.as_str() {
        path if path.ends_with(METADATA) => {
            metadata(&issuer.replace('*', &base), &jwks_uri.replace('*', &base))
        }
        "/jwks" => Reply::json(&set),
        _ => Reply::status(404),
    });
    server
}

#[tokio::test]
async fn the_metadata_name_the_address_of_the_set() {
    for backend in backends() {
        for (issuer, path) in [("*", ""), ("*/", ""), ("*/tenant/v2", "/tenant/v2"), ("*/t/", "/t")]
        {
            let (jwk, clock) = (key("a", backend), Clock::new());
            let server = provider(issuer, "*/jwks", set([&jwk])).await;
            let source = of_issuer(&issuer.replace('*', &server.url("")), backend, &clock);
            verify(&source, &token(&jwk, backend)).await.unwrap();
            assert_eq!(server.count_of(&format!("{path}{METADATA}")), 1, "{issuer}");
            assert_eq!(server.count(), 2, "{issuer}");

            // A set has to be fetched more often than its address changes.
            clock.advance(1800);
            verify(&source, &token(&jwk, backend)).await.unwrap();
            assert_eq!((server.count(), server.count_of("/jwks")), (3, 2), "{issuer}");
        }
    }
}

#[tokio::test]
async fn the_metadata_of_another_issuer_are_refused() {
    for (asked, said) in [
        ("*", "https://elsewhere.example"),
        ("*", "*/"),
        ("*/", "*"),
        ("*/tenant", "*/Tenant"),
        ("*/tenant", "*/{tenantid}"),
        ("*", ""),
    ] {
        for backend in backends() {
            let server = provider(said, "*/jwks", set([])).await;
            let source = of_issuer(&asked.replace('*', &server.url("")), backend, &Clock::new());
            let error = fetch_error(source.ready().await);
            assert!(matches!(error, FetchError::Issuer), "{asked} {said}: {error:?}");
            assert_eq!(error.code(), "ERR_JWK_SET_METADATA");
            assert_eq!((server.count(), server.count_of("/jwks")), (1, 0));
        }
    }
}

#[tokio::test]
async fn an_address_that_may_not_be_asked_is_not_asked_for_being_in_metadata() {
    let backend = backends()[0];
    for address in [
        "",
        "/jwks",
        "file:///etc/passwd",
        "ftp://idp.example/jwks",
        "data:application/json,{}",
        "https://user:password@idp.example/jwks",
        "https://idp.example/jwks#fragment",
        "javascript:alert(1)",
    ] {
        let server = provider("*", address, set([])).await;
        let source = of_issuer(&server.url(""), backend, &Clock::new());
        let error = fetch_error(source.ready().await);
        assert!(matches!(error, FetchError::Metadata), "{address}: {error:?}");
        assert_eq!(server.count(), 1, "{address}");
    }
}

#[tokio::test]
async fn metadata_over_tls_do_not_lead_to_a_set_without() {
    use crate::tls::ALL;

    for backend in backends() {
        let plain = Server::of(set([])).await;
        let issuer = Arc::new(std::sync::Mutex::new(String::new()));
        let said = Arc::clone(&issuer);
        let jwks_uri = plain.url_at("localhost", "/jwks");
        let acceptor = crate::support::AUTHORITY.vouches_for("localhost", 2100, ALL);
        let server =
            Server::tls_with(acceptor, move |_| metadata(&said.lock().unwrap(), &jwks_uri)).await;
        let address = server.url_at("localhost", "");
        issuer.lock().unwrap().clone_from(&address);
        let config = jose_jwks::Config::new(&[jose::Alg::ES256], backend);
        let source = Source::of_issuer(&address, client(), config).unwrap();
        assert!(matches!(fetch_error(source.ready().await), FetchError::Metadata));
        assert_eq!((server.count(), plain.connections()), (1, 0));
    }
}

#[tokio::test]
async fn metadata_that_are_none_are_refused() {
    for body in [
        "",
        "{}",
        "[]",
        "<html></html>",
        "{\"issuer\":\"https://idp.example\"}",
        "{\"issuer\":5,\"jwks_uri\":5}",
        "{\"keys\":[]}",
    ] {
        let server = Server::start(move |_| Reply::json(body)).await;
        let source = of_issuer(&server.url(""), backends()[0], &Clock::new());
        let error = fetch_error(source.ready().await);
        assert!(matches!(error, FetchError::Metadata), "{body}: {error:?}");
        assert_eq!(server.count(), 1);
    }
    let server = Server::start(|_| Reply::status(500)).await;
    let base = server.url("");
    server.answers(move |_| Reply::json(&format!("[\"{base}\",\"{base}/jwks\"]")));
    let source = of_issuer(&server.url(""), backends()[0], &Clock::new());
    assert!(matches!(fetch_error(source.ready().await), FetchError::Metadata));
    assert_eq!(server.count(), 1, "no list of values by their place");

    let long = format!("{{\"issuer\":\"\"{}", " ".repeat(64 * 1024));
    let server = Server::start(move |_| Reply::json(&long)).await;
    let source = of_issuer(&server.url(""), backends()[0], &Clock::new());
    assert!(matches!(fetch_error(source.ready().await), FetchError::TooLong { .. }));
}

#[tokio::test]
async fn metadata_that_say_two_things_are_refused() {
    let (backend, clock) = (backends()[0], Clock::new());
    let server = Server::start(|_| Reply::status(500)).await;
    let base = server.url("");
    server.answers(move |seen| {
        if seen.path == "/jwks" {
            return Reply::json("{\"keys\":[]}");
        }
        Reply::json(&format!(
            "{{\"issuer\":\"{base}\",\"jwks_uri\":\"https://elsewhere.example/\",\"jwks_uri\":\"{base}/jwks\"}}"
        ))
    });
    let source = of_issuer(&server.url(""), backend, &clock);
    assert!(matches!(fetch_error(source.ready().await), FetchError::Metadata));
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn while_metadata_cannot_be_had_the_address_that_was_known_is_asked() {
    for backend in backends() {
        let (old, new, clock) = (key("old", backend), key("new", backend), Clock::new());
        let server = provider("*", "*/jwks", set([&old])).await;
        let source = of_issuer(&server.url(""), backend, &clock);
        verify(&source, &token(&old, backend)).await.unwrap();

        let set = set([&new]);
        server.answers(
            move |seen| {
                if seen.path == "/jwks" { Reply::json(&set) } else { Reply::status(503) }
            },
        );
        clock.advance(25 * 3600); // longer than metadata are believed
        verify(&source, &token(&new, backend)).await.unwrap();
        assert_eq!((server.count_of(METADATA), server.count_of("/jwks")), (2, 2));
    }
}

#[tokio::test]
async fn metadata_that_move_the_set_are_followed() {
    for backend in backends() {
        let (old, new, clock) = (key("old", backend), key("new", backend), Clock::new());
        let server = provider("*", "*/jwks", set([&old])).await;
        let source = of_issuer(&server.url(""), backend, &clock);
        verify(&source, &token(&old, backend)).await.unwrap();

        let (base, set) = (server.url(""), set([&new]));
        let moved = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&moved);
        server.answers(move |seen| match seen.path.as_str() {
            METADATA => metadata(&base, &format!("{base}/moved")),
            "/moved" => {
                count.fetch_add(1, Ordering::SeqCst);
                Reply::json(&set)
            }
            _ => Reply::status(404),
        });
        // The old place is gone: the failure makes the next attempt ask where the set is.
        clock.advance(601);
        assert_refused(verify(&source, &token(&new, backend)).await, NO_KEY);
        verify(&source, &token(&old, backend)).await.unwrap();
        clock.advance(60);
        // It may be fetched in the background, so that there is no saying what this one finds.
        drop(verify(&source, &token(&new, backend)).await);
        crate::support::until("the set is found", || moved.load(Ordering::SeqCst) == 1).await;
        clock.advance(30);
        verify(&source, &token(&new, backend)).await.unwrap();
        assert_refused(verify(&source, &token(&old, backend)).await, NO_KEY);
        assert_eq!(server.count_of(METADATA), 2);
    }
}

#[tokio::test]
async fn metadata_that_have_become_those_of_another_lead_nowhere() {
    for backend in backends() {
        let (jwk, clock) = (key("a", backend), Clock::new());
        let server = provider("*", "*/jwks", set([&jwk])).await;
        let source = of_issuer(&server.url(""), backend, &clock);
        verify(&source, &token(&jwk, backend)).await.unwrap();
        let elsewhere = Server::of(set([])).await;
        let to = elsewhere.url("/jwks");
        server.answers(move |_| metadata("https://elsewhere.example", &to));
        clock.advance(3600 + 599); // the answer may still be used, for want of another
        verify(&source, &token(&jwk, backend)).await.unwrap();
        clock.advance(25 * 3600);
        assert!(matches!(fetch_error(source.ready().await), FetchError::Issuer));
        assert_eq!(elsewhere.connections(), 0);
    }
}
