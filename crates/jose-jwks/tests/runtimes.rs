//! Callers in a runtime, in another one, in none, and in one that they block.
#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test"
)]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::{Request, Response};
use jose_core::Alg;
use jose_jwks::{Config, Fetch, FetchError, Source, SourceError, Times};
use jose_rustcrypto::BACKEND;
use tokio::runtime::{Builder, Runtime};

/// Answers with an empty set, at once or never; and counts.
#[derive(Clone)]
struct Server {
    answers: bool,
    asked: Arc<AtomicUsize>,
}

impl Server {
    fn new(answers: bool) -> Self {
        Self { answers, asked: Arc::default() }
    }

    fn source(&self) -> Source {
        let config = Config::new(&[Alg::ES256], BACKEND);
        Source::at("https://idp.example/jwks", self.clone(), config).unwrap()
    }
}

impl Fetch for Server {
    async fn fetch(&self, _: Request<()>, _: usize) -> Result<Response<Vec<u8>>, FetchError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if !self.answers {
            std::future::pending::<()>().await;
        }
        Ok(Response::new(b"{\"keys\":[]}".to_vec()))
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn who_has_no_runtime_is_told_so_while_others_fetch_in_theirs() {
    let source = Server::new(false).source();
    let runtime = runtime();
    runtime.block_on(async {
        assert!(poll_once(source.ready()).is_pending());
    });
    assert!(source.status().fetching);
    let outcome = poll_once(source.ready());
    assert!(matches!(outcome, Poll::Ready(Err(SourceError::NoRuntime))), "{outcome:?}");
}

#[test]
fn who_has_no_runtime_keeps_nobody_else_from_fetching() {
    let server = Server::new(true);
    let source = server.source();
    let outcome = poll_once(source.ready());
    assert!(matches!(outcome, Poll::Ready(Err(SourceError::NoRuntime))), "{outcome:?}");
    runtime().block_on(source.ready()).unwrap();
    assert_eq!(server.asked.load(Ordering::SeqCst), 1);
}

#[test]
fn a_runtime_that_ends_takes_no_fetch_of_another_with_it() {
    let server = Server::new(false);
    let source = server.source();
    let first = runtime();
    first.block_on(async {
        assert!(poll_once(source.ready()).is_pending());
    });
    drop(first);
    assert_eq!((source.status().fetching, source.status().failures), (false, 1));
}

#[test]
fn a_fetch_that_may_take_no_time_at_all_takes_the_least_that_there_is() {
    let mut times = Times::default();
    times.timeout = Duration::ZERO;
    let config = Config::new(&[Alg::ES256], BACKEND).times(times);
    let source = Source::at("https://idp.example/jwks", Server::new(true), config).unwrap();
    // Whether a server answers within that is not for a test to say.
    assert!(format!("{source:?}").contains("timeout: 1ms"), "{source:?}");
}

#[cfg(feature = "blocking")]
#[test]
fn a_caller_may_block_a_task_as_often_as_it_likes() {
    use std::sync::mpsc::channel;

    use jose_jwks::Blocking;

    let server = Server::new(true);
    let source = Blocking::new(server.source()).unwrap();
    let (done, told) = channel();
    std::thread::spawn(move || {
        // A task of tokio has 128 steps before it has to let others go on.
        runtime().block_on(async {
            for _ in 0..300 {
                source.refresh().unwrap();
            }
            source.ready().unwrap();
            drop(source); // which would panic if it were an ordinary runtime
        });
        done.send(()).unwrap();
    });
    told.recv_timeout(Duration::from_secs(60)).expect("it comes to an end");
    assert_eq!(server.asked.load(Ordering::SeqCst), 300);
}
