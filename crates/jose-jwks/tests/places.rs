//! Where a set is, and what is told of that.
#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test"
)]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::{Request, Response};
use jose_core::Alg;
use jose_jwks::{Config, Fetch, FetchError, Source, Times};
use jose_rustcrypto::BACKEND;

const ISSUER: &str = "https://idp.example";
const METADATA: &str = "/.well-known/openid-configuration";
const SET: &str = "{\"keys\":[]}";

type Script = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Answers by script, from the path to a body, or never; and remembers what it was asked.
#[derive(Clone)]
struct Server {
    script: Arc<Mutex<Arc<Script>>>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn new(script: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self { script: Arc::new(Mutex::new(Arc::new(script))), seen: Arc::default() }
    }

    /// From now on answers in another way.
    fn answers(&self, script: impl Fn(&str) -> Option<String> + Send + Sync + 'static) {
        *self.script.lock().unwrap() = Arc::new(script);
    }

    /// What it was asked since this was called last.
    fn seen(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

impl Fetch for Server {
    async fn fetch(&self, request: Request<()>, _: usize) -> Result<Response<Vec<u8>>, FetchError> {
        let path = request.uri().path();
        self.seen.lock().unwrap().push(path.to_owned());
        let script = Arc::clone(&self.script.lock().unwrap());
        match script(path) {
            Some(body) => Ok(Response::new(body.into_bytes())),
            None => std::future::pending().await,
        }
    }
}

#[test]
fn nothing_that_is_shown_of_a_source_has_its_query() {
    let server = Server::new(|_| None);
    let config = Config::new(&[Alg::ES256], BACKEND);
    let source = Source::at("https://idp.example/jwks?code=secret", server, config).unwrap();
    let shown = format!("{source:?} {:?} {}", source.status(), source.status());
    assert!(shown.contains("https://idp.example/jwks"), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
}

/// A provider whose set is at this path.
fn provider(path: &'static str) -> impl Fn(&str) -> Option<String> {
    move |asked| match asked {
        METADATA => Some(format!("{{\"issuer\":\"{ISSUER}\",\"jwks_uri\":\"{ISSUER}{path}\"}}")),
        _ if asked == path => Some(SET.into()),
        _ => Some("gone".into()),
    }
}

fn times() -> Times {
    let mut times = Times::default();
    times.timeout = Duration::from_secs(1);
    times
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn metadata_that_do_not_answer_keep_nobody_from_the_set() {
    let server = Server::new(provider("/jwks"));
    let ahead = Arc::new(Mutex::new(Duration::ZERO));
    let (begun, by) = (Instant::now(), Arc::clone(&ahead));
    let config = Config::new(&[Alg::ES256], BACKEND)
        .times(times())
        .clock(move || begun + *by.lock().unwrap());
    let source = Source::of_issuer(ISSUER, server.clone(), config).unwrap();
    block_on(async {
        source.ready().await.unwrap();
        assert_eq!(server.seen(), [METADATA, "/jwks"]);
        server.answers(|asked| (asked != METADATA).then(|| SET.into()));
        *ahead.lock().unwrap() = Duration::from_secs(25 * 3600);
        source.ready().await.unwrap();
        assert_eq!(server.seen(), [METADATA, "/jwks"]);
        assert_eq!(source.status().failures, 0);
    });
}

#[test]
fn an_operator_has_the_metadata_asked_again() {
    let server = Server::new(provider("/jwks"));
    let config = Config::new(&[Alg::ES256], BACKEND).times(times());
    let source = Source::of_issuer(ISSUER, server.clone(), config).unwrap();
    block_on(async {
        source.ready().await.unwrap();
        assert_eq!(server.seen(), [METADATA, "/jwks"]);
        server.answers(provider("/moved"));
        source.refresh().await.unwrap();
        assert_eq!(server.seen(), [METADATA, "/moved"]);
        // Metadata that cannot be had then do not take away what they have said.
        server.answers(|asked| (asked == "/moved").then(|| SET.into()));
        source.refresh().await.unwrap();
        assert_eq!(server.seen(), [METADATA, "/moved"]);
    });
}
