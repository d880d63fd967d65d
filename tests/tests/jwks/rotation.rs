//! Keys that come and go.

use std::sync::Arc;

use jose_tests::backends;
use tokio::sync::Semaphore;

use crate::server::{Reply, Server};
use crate::support::{Clock, NO_KEY, assert_refused, key, set, source, token, until, verify};

#[tokio::test]
async fn a_token_of_a_new_key_verifies_after_one_refresh() {
    for backend in backends() {
        let (old, new, clock) = (key("old", backend), key("new", backend), Clock::new());
        let server = Server::of(set([&old])).await;
        let source = source(&server, backend, &clock);
        verify(&source, &token(&old, backend)).await.unwrap();
        assert_eq!(server.count(), 1);

        let both = set([&old, &new]);
        server.answers(move |_| Reply::json(&both));
        clock.advance(31); // the cooldown
        verify(&source, &token(&new, backend)).await.unwrap();
        assert_eq!(server.count(), 2, "asked again for it");
        verify(&source, &token(&new, backend)).await.unwrap();
        verify(&source, &token(&old, backend)).await.unwrap();
        assert_eq!(server.count(), 2, "and held from then on");
    }
}

#[tokio::test]
async fn within_the_cooldown_a_new_key_is_not_asked_for() {
    for backend in backends() {
        let (old, new, clock) = (key("old", backend), key("new", backend), Clock::new());
        let server = Server::of(set([&old])).await;
        let source = source(&server, backend, &clock);
        verify(&source, &token(&old, backend)).await.unwrap();
        let both = set([&old, &new]);
        server.answers(move |_| Reply::json(&both));
        clock.advance(29);
        assert_refused(verify(&source, &token(&new, backend)).await, NO_KEY);
        assert_eq!(server.count(), 1);
    }
}

#[tokio::test]
async fn a_key_that_was_taken_out_verifies_nothing_after_the_next_answer() {
    for backend in backends() {
        let (kept, gone, clock) = (key("kept", backend), key("gone", backend), Clock::new());
        let server = Server::of(set([&kept, &gone])).await;
        let source = source(&server, backend, &clock);
        let (of_kept, of_gone) = (token(&kept, backend), token(&gone, backend));
        verify(&source, &of_gone).await.unwrap();

        let left = set([&kept]);
        server.answers(move |_| Reply::json(&left));
        clock.advance(601);
        assert_refused(verify(&source, &of_gone).await, NO_KEY);
        assert_eq!(server.count(), 2);

        // No failure that follows brings it back, however long the rest is used for want of an answer.
        server.answers(|_| Reply::status(500));
        for _ in 0..20 {
            clock.advance(200);
            assert_refused(verify(&source, &of_gone).await, NO_KEY);
            verify(&source, &of_kept).await.unwrap();
        }
        assert!(source.status().failures > 0);
        clock.advance(3600);
        assert_refused(verify(&source, &of_gone).await, "ERR_JWK_SET_UNAVAILABLE");
        assert_refused(verify(&source, &of_kept).await, "ERR_JWK_SET_UNAVAILABLE");
    }
}

#[tokio::test]
async fn an_operator_takes_a_key_back_at_once() {
    for backend in backends() {
        let (kept, gone, clock) = (key("kept", backend), key("gone", backend), Clock::new());
        let server = Server::of(set([&kept, &gone])).await;
        let source = source(&server, backend, &clock);
        verify(&source, &token(&gone, backend)).await.unwrap();
        let left = set([&kept]);
        server.answers(move |_| Reply::json(&left));
        source.refresh().await.unwrap();
        assert_refused(verify(&source, &token(&gone, backend)).await, NO_KEY);
        assert_eq!(server.count(), 2);
    }
}

#[tokio::test]
async fn a_new_answer_is_fetched_ahead_while_nobody_waits() {
    for backend in backends() {
        let (jwk, clock) = (key("a", backend), Clock::new());
        let server = Server::of(set([&jwk])).await;
        let source = source(&server, backend, &clock);
        let token = token(&jwk, backend);
        verify(&source, &token).await.unwrap();

        let gate = Arc::new(Semaphore::new(0));
        let (behind, same) = (Arc::clone(&gate), set([&jwk]));
        server.answers(move |_| Reply::json(&same).behind(&behind));
        clock.advance(541); // of 600, with 60 ahead
        for _ in 0..50 {
            verify(&source, &token).await.unwrap(); // although the server does not answer
        }
        until("the server is asked", || server.count() == 2).await;
        assert!(source.status().fetching);
        gate.add_permits(1);
        until("the answer is taken", || !source.status().fetching).await;
        clock.advance(100); // past the end of the first answer
        verify(&source, &token).await.unwrap();
        assert_eq!(server.count(), 2);
    }
}

#[tokio::test]
async fn no_answer_is_fetched_for_a_source_that_nobody_asks() {
    for backend in backends() {
        let (jwk, clock) = (key("a", backend), Clock::new());
        let server = Server::of(set([&jwk])).await;
        let source = source(&server, backend, &clock);
        assert_eq!(server.count(), 0, "not even the first");
        source.ready().await.unwrap();
        clock.advance(100_000);
        assert_eq!(source.status().keys, 1);
        assert_eq!(server.count(), 1);
    }
}
