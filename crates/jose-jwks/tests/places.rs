//! Where a set is, and what is told of that.
#![allow(clippy::std_instead_of_core, missing_docs, reason = "a test")]

use std::sync::{Arc, Mutex};

use http::{Request, Response};
use jose_core::Alg;
use jose_jwks::{Config, Fetch, FetchError, Source};
use jose_rustcrypto::BACKEND;

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
