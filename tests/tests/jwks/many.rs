//! Many at once: one fetch, and the right verdict for each.

use std::sync::Arc;

use jose::Jwk;
use jose_tests::backends;
use tokio::sync::Semaphore;

use crate::server::{Reply, Server};
use crate::support::{
    Clock, NO_KEY, Refused, assert_refused, key, set, source, token, until, verify,
};

/// Tokens of `key` that name other keys: nothing about them is wrong but that.
fn unknown(key: &Jwk, number: usize) -> Vec<String> {
    let backend = backends()[0];
    (0..number).map(|index| token(&key.clone().with_kid(format!("no-{index}")), backend)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_tasks_at_a_cold_start_cause_one_fetch() {
    for backend in backends() {
        let (jwk, clock) = (key("a", backend), Clock::new());
        let gate = Arc::new(Semaphore::new(0));
        let (set, behind) = (set([&jwk]), Arc::clone(&gate));
        let server = Server::start(move |_| Reply::json(&set).behind(&behind)).await;
        let source = source(&server, backend, &clock);
        let token = Arc::new(token(&jwk, backend));
        let tasks: Vec<_> = (0..200)
            .map(|_| {
                let (source, token) = (source.clone(), Arc::clone(&token));
                tokio::spawn(async move { verify(&source, &token).await })
            })
            .collect();
        until("the server is asked", || server.count() == 1).await;
        gate.add_permits(100);
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!((server.count(), source.status().fetches), (1, 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_unknown_names_from_many_tasks_cause_one_fetch_in_each_cooldown() {
    for backend in backends() {
        let (jwk, clock) = (key("a", backend), Clock::new());
        let server = Server::of(set([&jwk])).await;
        let source = source(&server, backend, &clock);
        let known = Arc::new(token(&jwk, backend));
        verify(&source, &known).await.unwrap();
        let unknown = Arc::new(unknown(&jwk, 1000));
        for round in 1..=3 {
            clock.advance(30);
            let tasks: Vec<_> = (0..200)
                .map(|task| {
                    let (source, known) = (source.clone(), Arc::clone(&known));
                    let unknown = Arc::clone(&unknown);
                    tokio::spawn(async move {
                        for token in unknown.iter().skip(task * 5).take(5) {
                            assert_refused(verify(&source, token).await, NO_KEY);
                            verify(&source, &known).await.unwrap();
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(server.count(), 1 + round);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn while_a_server_fails_unknown_names_cause_one_fetch_in_each_cooldown() {
    for backend in backends() {
        let (jwk, clock) = (key("a", backend), Clock::new());
        let server = Server::of(set([&jwk])).await;
        let source = source(&server, backend, &clock);
        let known = Arc::new(token(&jwk, backend));
        verify(&source, &known).await.unwrap();
        server.answers(|_| Reply::status(500));
        let unknown = Arc::new(unknown(&jwk, 200));
        for round in 1..=3 {
            clock.advance(30);
            let tasks: Vec<_> = (0..200)
                .map(|task| {
                    let (source, known) = (source.clone(), Arc::clone(&known));
                    let unknown = Arc::clone(&unknown);
                    tokio::spawn(async move {
                        assert_refused(verify(&source, &unknown[task]).await, NO_KEY);
                        verify(&source, &known).await.unwrap();
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(server.count(), 1 + round);
        }
    }
}

#[tokio::test]
async fn of_two_answers_that_come_out_of_order_the_newer_stays() {
    for backend in backends() {
        let (old, new, clock) = (key("old", backend), key("new", backend), Clock::new());
        let gate = Arc::new(Semaphore::new(0));
        let (set_old, behind) = (set([&old]), Arc::clone(&gate));
        let server = Server::start(move |_| Reply::json(&set_old).behind(&behind)).await;
        let source = source(&server, backend, &clock);
        let waiting = source.clone();
        let slow = tokio::spawn(async move { waiting.refresh().await });
        until("the first is asked", || server.count() == 1).await;

        let set_new = set([&new]);
        server.answers(move |_| Reply::json(&set_new));
        source.refresh().await.unwrap();
        verify(&source, &token(&new, backend)).await.unwrap();

        gate.add_permits(1);
        slow.await.unwrap().unwrap();
        verify(&source, &token(&new, backend)).await.unwrap();
        assert_refused(verify(&source, &token(&old, backend)).await, NO_KEY);
        assert_eq!(server.count(), 2);
    }
}

#[tokio::test]
async fn a_failure_that_comes_after_a_newer_answer_counts_for_nothing() {
    for backend in backends() {
        let (jwk, clock) = (key("a", backend), Clock::new());
        let gate = Arc::new(Semaphore::new(0));
        let behind = Arc::clone(&gate);
        let server = Server::start(move |_| Reply::status(500).behind(&behind)).await;
        let source = source(&server, backend, &clock);
        let waiting = source.clone();
        let slow = tokio::spawn(async move { waiting.refresh().await });
        until("the first is asked", || server.count() == 1).await;
        let set = set([&jwk]);
        server.answers(move |_| Reply::json(&set));
        source.refresh().await.unwrap();
        gate.add_permits(1);
        slow.await.unwrap().unwrap_err();
        verify(&source, &token(&jwk, backend)).await.unwrap();
        assert_eq!((server.count(), source.status().failures), (2, 0));
    }
}

#[tokio::test]
async fn a_task_that_is_dropped_ends_no_fetch_and_causes_none() {
    for backend in backends() {
        let (jwk, clock) = (key("a", backend), Clock::new());
        let gate = Arc::new(Semaphore::new(0));
        let (set, behind) = (set([&jwk]), Arc::clone(&gate));
        let server = Server::start(move |_| Reply::json(&set).behind(&behind)).await;
        let source = source(&server, backend, &clock);
        let token = token(&jwk, backend);
        let (first, of_first) = (source.clone(), token.clone());
        let first = tokio::spawn(async move { verify(&first, &of_first).await });
        until("the server is asked", || server.count() == 1).await;
        let (second, of_second) = (source.clone(), token.clone());
        let second = tokio::spawn(async move { verify(&second, &of_second).await });
        tokio::task::yield_now().await;
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());

        gate.add_permits(1);
        second.await.unwrap().unwrap();
        verify(&source, &token).await.unwrap();
        assert_eq!((server.count(), source.status().fetches), (1, 1));
    }
}

#[tokio::test]
async fn tasks_that_are_all_dropped_leave_what_they_asked_for() {
    let (backend, clock) = (backends()[0], Clock::new());
    let jwk = key("a", backend);
    let gate = Arc::new(Semaphore::new(0));
    let (set, behind) = (set([&jwk]), Arc::clone(&gate));
    let server = Server::start(move |_| Reply::json(&set).behind(&behind)).await;
    let source = source(&server, backend, &clock);
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let source = source.clone();
            tokio::spawn(async move { source.ready().await })
        })
        .collect();
    until("the server is asked", || server.count() == 1).await;
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
    gate.add_permits(1);
    until("the answer is taken", || source.status().keys == 1).await;
    verify(&source, &token(&jwk, backend)).await.unwrap();
    assert_eq!(server.count(), 1);
}

#[test]
fn without_a_runtime_nothing_is_fetched_and_nobody_waits() {
    let (backend, clock) = (backends()[0], Clock::new());
    let jwk = key("a", backend);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let server = runtime.block_on(Server::of(set([&jwk])));
    let source = source(&server, backend, &clock);
    let mut asked = core::pin::pin!(source.ready());
    let mut context = core::task::Context::from_waker(core::task::Waker::noop());
    let core::task::Poll::Ready(outcome) = asked.as_mut().poll(&mut context) else {
        panic!("it waits for nobody")
    };
    let error: Refused = outcome.unwrap_err().into();
    assert_eq!((error.code(), server.count()), ("ERR_JWK_SET_UNAVAILABLE", 0));
    clock.advance(2);
    runtime.block_on(source.ready()).unwrap();
    assert_eq!(server.count(), 1);
}
