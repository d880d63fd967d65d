//! Servers that do not answer, or say that they cannot.

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use http::StatusCode;
use jose_jwks::{FetchError, SourceError, Times};
use jose_tests::backends;
use tokio::sync::Semaphore;

use crate::server::{Reply, Server, Speaker, Then};
use crate::support::{
    Clock, assert_refused, at, config, fetch_error, key, set, source, source_with, token, until,
    verify,
};

#[tokio::test]
async fn a_server_that_was_never_there_leaves_no_keys() {
    for backend in backends() {
        let (jwk, clock) = (key("a", backend), Clock::new());
        let mut server = Server::of(set([&jwk])).await;
        server.stop().await;
        let source = source(&server, backend, &clock);
        assert!(matches!(fetch_error(source.ready().await), FetchError::Transport(_)));
        assert_refused(verify(&source, &token(&jwk, backend)).await, "ERR_JWK_SET_UNAVAILABLE");
        assert_eq!(source.status().fetches, 1, "the second did not ask again at once");
    }
}

#[tokio::test]
async fn a_server_that_goes_away_is_done_without_for_a_while() {
    for backend in backends() {
        let (jwk, clock) = (key("a", backend), Clock::new());
        let mut server = Server::of(set([&jwk])).await;
        let source = source(&server, backend, &clock);
        let token = token(&jwk, backend);
        verify(&source, &token).await.unwrap();
        server.stop().await;

        clock.advance(600); // the answer's age
        verify(&source, &token).await.unwrap();
        assert_eq!((source.status().fetches, source.status().failures), (2, 1));
        clock.advance(3599); // the last second of what is added for want of an answer
        verify(&source, &token).await.unwrap();
        until("a fetch in the background has failed", || !source.status().fetching).await;
        clock.advance(1);
        assert_refused(verify(&source, &token).await, "ERR_JWK_SET_UNAVAILABLE");
        assert_eq!(server.count(), 1);
    }
}

#[tokio::test]
async fn a_server_that_comes_back_is_believed_again() {
    for backend in backends() {
        let (jwk, clock) = (key("a", backend), Clock::new());
        let server = Server::start(|_| Reply::status(503)).await;
        let source = source(&server, backend, &clock);
        source.ready().await.unwrap_err();
        let set = set([&jwk]);
        server.answers(move |_| Reply::json(&set));
        clock.advance(1); // the first back-off
        verify(&source, &token(&jwk, backend)).await.unwrap();
        assert_eq!((server.count(), source.status().failures), (2, 0));
    }
}

#[tokio::test]
async fn a_slow_server_is_waited_for_no_longer_than_told_by_any_number() {
    let (backend, clock) = (backends()[0], Clock::new());
    let gate = Arc::new(Semaphore::new(0));
    let behind = Arc::clone(&gate);
    let server = Server::start(move |_| Reply::status(200).behind(&behind)).await;
    let mut times = Times::default();
    times.timeout = Duration::from_millis(300);
    let source = source_with(&server, backend, &clock, times);
    let begun = Instant::now();
    let waiting: Vec<_> = (0..100)
        .map(|_| {
            let source = source.clone();
            tokio::spawn(async move { source.ready().await })
        })
        .collect();
    for waiter in waiting {
        assert!(matches!(fetch_error(waiter.await.unwrap()), FetchError::Timeout));
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_body_that_stops_in_the_middle_is_waited_for_no_longer_than_told() {
    let (backend, clock) = (backends()[0], Clock::new());
    let speaker = Speaker::says(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"keys\":",
        Then::Stays,
    )
    .await;
    let mut times = Times::default();
    times.timeout = Duration::from_millis(300);
    let source = at(&speaker.address, config(backend, &clock).times(times));
    assert!(matches!(fetch_error(source.ready().await), FetchError::Timeout));
    assert_eq!(speaker.connections(), 1);
}

#[tokio::test]
async fn an_error_of_the_server_says_when_to_come_back_within_bounds() {
    let backend = backends()[0];
    for (asked, least, most) in [
        (None, 0.5, 1.0),
        (Some("20"), 20.0, 20.0),
        (Some("0"), 0.5, 1.0),
        (Some("-5"), 0.5, 1.0),
        (Some("86400"), 60.0, 60.0),
        (Some("100000000000000000000"), 60.0, 60.0),
        (Some("Wed, 21 Oct 2099 07:28:00 GMT"), 0.5, 1.0),
    ] {
        for status in [500, 503, 429] {
            let clock = Clock::new();
            let server = Server::start(move |_| {
                let reply = Reply::status(status);
                asked.map_or(reply.clone(), |asked| reply.with("retry-after", asked))
            })
            .await;
            let source = source(&server, backend, &clock);
            let Err(SourceError::Unavailable { error, retry_in, .. }) = source.ready().await else {
                panic!("no keys")
            };
            let Some(FetchError::Status { status: told, .. }) = error else { panic!("{error:?}") };
            assert_eq!(told, StatusCode::from_u16(status).unwrap());
            let waits = retry_in.as_secs_f64();
            assert!((least..=most).contains(&waits), "{asked:?}: {waits} s");
            source.ready().await.unwrap_err();
            assert_eq!(server.count(), 1);
            clock.advance(60);
            source.ready().await.unwrap_err();
            assert_eq!(server.count(), 2, "never longer than a minute");
        }
    }
}

#[tokio::test]
async fn an_error_of_the_server_loses_no_key() {
    for backend in backends() {
        for status in [400, 401, 403, 404, 410, 429, 500, 502, 503, 599] {
            let (jwk, clock) = (key("a", backend), Clock::new());
            let server = Server::of(set([&jwk])).await;
            let source = source(&server, backend, &clock);
            verify(&source, &token(&jwk, backend)).await.unwrap();
            server.answers(move |_| Reply::json("{\"keys\":[]}").with_status(status));
            clock.advance(601);
            verify(&source, &token(&jwk, backend)).await.unwrap();
            assert_eq!((server.count(), source.status().keys), (2, 1), "{status}");
        }
    }
}

#[tokio::test]
async fn each_failure_makes_the_next_attempt_later() {
    let (backend, clock) = (backends()[0], Clock::new());
    let server = Server::start(|_| Reply::status(500)).await;
    let source = source(&server, backend, &clock);
    for (failure, whole) in (1..).zip([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]) {
        source.ready().await.unwrap_err();
        assert_eq!(server.count(), failure);
        let waits = source.status().retry_in.as_secs_f64();
        assert!((whole / 2.0..=whole).contains(&waits), "{failure}: {waits} of {whole} s");
        source.ready().await.unwrap_err();
        assert_eq!(server.count(), failure, "not before");
        clock.advance(60);
    }
}

#[tokio::test]
async fn nothing_is_tried_twice() {
    // A server that hangs up without a word: some clients take that for a reason to ask once more.
    let (backend, clock) = (backends()[0], Clock::new());
    let speaker = Speaker::says(b"", Then::HangsUp).await;
    let source = at(&speaker.address, config(backend, &clock));
    assert!(matches!(fetch_error(source.ready().await), FetchError::Transport(_)));
    assert_eq!((source.status().fetches, speaker.connections()), (1, 1));
}
