//! How long an answer is used, and what is sent so that it need not be sent again.

use jose_jwks::FetchError;
use jose_tests::backends;

use crate::server::{Reply, Server};
use crate::support::{Clock, fetch_error, key, set, source, token, verify};

#[tokio::test]
async fn the_age_of_an_answer_has_bounds() {
    let backend = backends()[0];
    for (said, seconds) in [
        (None, 600),
        (Some("max-age=300"), 300),
        (Some("max-age=0"), 60),
        (Some("max-age=-1"), 60),
        (Some("no-store"), 60),
        (Some("max-age=86400"), 3600),
        (Some("max-age=100000000000000000000"), 3600),
        (Some("public"), 600),
    ] {
        let clock = Clock::new();
        let server = Server::start(move |_| {
            let reply = Reply::json("{\"keys\":[]}");
            said.map_or(reply.clone(), |said| reply.with("cache-control", said))
        })
        .await;
        let source = source(&server, backend, &clock);
        source.ready().await.unwrap();
        assert_eq!(source.status().fresh_for.as_secs(), seconds, "{said:?}");
        // Before anything is fetched ahead: a minute, or half of it.
        clock.advance(seconds - 60.min(seconds / 2) - 1);
        source.ready().await.unwrap();
        assert_eq!(server.count(), 1, "{said:?}");
        clock.advance(seconds);
        source.ready().await.unwrap();
        assert_eq!(server.count(), 2, "{said:?}");
    }
}

#[tokio::test]
async fn an_answer_that_has_not_changed_is_used_longer() {
    for backend in backends() {
        for (validator, value, condition) in [
            ("etag", "\"abc\"", "if-none-match"),
            ("etag", "W/\"abc\"", "if-none-match"),
            ("last-modified", "Wed, 21 Oct 2015 07:28:00 GMT", "if-modified-since"),
        ] {
            let (jwk, clock) = (key("a", backend), Clock::new());
            let set = set([&jwk]);
            let server = Server::start(move |seen| {
                if seen.headers.get(condition).is_some_and(|sent| sent == value) {
                    Reply::status(304).with("cache-control", "max-age=900")
                } else {
                    Reply::json(&set).with(validator, value)
                }
            })
            .await;
            let source = source(&server, backend, &clock);
            verify(&source, &token(&jwk, backend)).await.unwrap();
            clock.advance(600);
            verify(&source, &token(&jwk, backend)).await.unwrap();
            assert_eq!(source.status().fresh_for.as_secs(), 900, "as the second answer says");
            // What is unchanged still has what it is recognized by.
            clock.advance(900);
            verify(&source, &token(&jwk, backend)).await.unwrap();
            let seen = server.seen();
            assert_eq!(seen.len(), 3);
            let asked: Vec<bool> =
                seen.iter().map(|seen| seen.headers.contains_key(condition)).collect();
            assert_eq!(asked, [false, true, true], "{validator}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_has_changed_replaces_the_condition_too() {
    for backend in backends() {
        let (old, new, clock) = (key("old", backend), key("new", backend), Clock::new());
        let server = Server::start(|_| Reply::status(500)).await;
        let source = source(&server, backend, &clock);
        let sets = [("\"1\"", set([&old])), ("\"2\"", set([&new])), ("\"3\"", set([&new]))];
        for (tag, set) in sets {
            server.answers(move |_| Reply::json(&set).with("etag", tag));
            source.refresh().await.unwrap();
        }
        source.refresh().await.unwrap();
        verify(&source, &token(&new, backend)).await.unwrap();
        let seen = server.seen();
        let conditions = seen.iter().map(|seen| seen.headers.get("if-none-match"));
        let conditions: Vec<_> =
            conditions.map(|tag| tag.map(|tag| tag.to_str().unwrap())).collect();
        assert_eq!(conditions, [None, Some("\"1\""), Some("\"2\""), Some("\"3\"")]);
    }
}

#[tokio::test]
async fn an_answer_is_not_the_same_as_nothing() {
    let server = Server::start(|_| Reply::status(304)).await;
    let clock = Clock::new();
    let source = source(&server, backends()[0], &clock);
    source.ready().await.unwrap_err();
    assert_eq!((server.count(), source.status().failures), (1, 1));
    let told = fetch_error(source.ready().await);
    assert!(matches!(told, FetchError::Status { .. }), "{told:?}");
    let told = fetch_error(source.refresh().await);
    assert!(matches!(told, FetchError::Status { .. }), "{told:?}");
}

#[tokio::test]
async fn a_304_to_a_question_without_condition_loses_no_key() {
    for backend in backends() {
        let (jwk, clock) = (key("a", backend), Clock::new());
        let server = Server::of(set([&jwk])).await; // says nothing to recognize it by
        let source = source(&server, backend, &clock);
        verify(&source, &token(&jwk, backend)).await.unwrap();
        server.answers(|_| Reply::status(304));
        clock.advance(601);
        verify(&source, &token(&jwk, backend)).await.unwrap();
        assert_eq!(server.count(), 2);
        assert!(!server.seen()[1].headers.contains_key("if-none-match"));
        assert_eq!(source.status().failures, 1, "nobody asked whether it has changed");
    }
}

#[tokio::test]
async fn the_time_that_an_answer_spent_elsewhere_counts() {
    let clock = Clock::new();
    let server = Server::start(|_| {
        Reply::json("{\"keys\":[]}").with("cache-control", "max-age=900").with("age", "700")
    })
    .await;
    let source = source(&server, backends()[0], &clock);
    source.ready().await.unwrap();
    assert_eq!(source.status().fresh_for.as_secs(), 200);
    assert_eq!(server.count(), 1);
}
