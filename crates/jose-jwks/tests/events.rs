//! What is told to `tracing`: that keys are fetched, from where and why not; and nothing of tokens, keys and queries.
#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test"
)]

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use http::{Request, Response};
use jose_core::jws::{self, SigningKey, Unverified};
use jose_core::{Alg, Jwk};
use jose_jwks::{Config, Fetch, FetchError, Source};
use jose_rustcrypto::BACKEND;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Subscriber, with_default};
use tracing::{Event, Metadata};

/// Everything that is told, as text.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<String>>);

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0.lock().unwrap(), "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Told {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("jose_jwks")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
        self.0.lock().unwrap().push('\n');
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The same set each time, or no answer.
struct Server(Option<String>);

impl Fetch for Server {
    async fn fetch(&self, _: Request<()>, _: usize) -> Result<Response<Vec<u8>>, FetchError> {
        let set = self.0.clone().ok_or_else(|| FetchError::transport("connection refused"))?;
        Ok(Response::new(set.into_bytes()))
    }
}

/// What is told while a token of `jwk` looks for its key.
fn told_of(jwk: &Jwk, server: Server) -> String {
    let token = jws::sign(b"payload", &SigningKey::from_jwk(jwk, BACKEND).unwrap()).unwrap();
    let (told, config) = (Told::default(), Config::new(&[Alg::ES256], BACKEND));
    let source = Source::at("https://idp.example/keys?code=secret", server, config).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    with_default(told.clone(), || {
        let unverified = Unverified::parse(&token).unwrap();
        runtime.block_on(source.keys_for(&unverified)).map(drop).unwrap_or_default();
    });
    let told = told.0.lock().unwrap().clone();
    for secret in token.split('.').chain(["code=secret", "a-name-of-a-key"]) {
        assert!(!told.contains(secret), "{told}");
    }
    told
}

#[test]
fn a_fetch_is_told_without_tokens_keys_and_queries() {
    let jwk = Jwk::generate(Alg::ES256, BACKEND).unwrap().with_kid("a-name-of-a-key");
    let public = jwk.to_public_json().unwrap();
    let told = told_of(&jwk, Server(Some(format!("{{\"keys\":[{public}]}}"))));
    assert!(told.contains("fetched a key set"), "{told}");
    assert!(told.contains("place=https://idp.example/keys "), "{told}");
    assert!(told.contains("keys=1 "), "{told}");
}

#[test]
fn a_failure_is_told_with_its_cause() {
    let jwk = Jwk::generate(Alg::ES256, BACKEND).unwrap().with_kid("a-name-of-a-key");
    let told = told_of(&jwk, Server(None));
    assert!(told.contains("no key set: no answer"), "{told}");
    assert!(told.contains("ERR_JWK_SET_UNAVAILABLE"), "{told}");
    assert!(told.contains("connection refused"), "{told}");
}

#[test]
fn what_says_why_itself_is_told_once() {
    let jwk = Jwk::generate(Alg::ES256, BACKEND).unwrap().with_kid("a-name-of-a-key");
    let told = told_of(&jwk, Server(Some("no set".into())));
    assert!(told.contains("cause= ") || told.contains("cause=\"\" "), "{told}");
}
