//! What the tests share: keys, tokens, a clock, clients that trust nobody but the tests.

use core::time::Duration;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Instant;

use jose::crypto::Backend;
use jose::jws::{self, Unverified};
use jose::{Alg, Jwk, SigningKey};
use jose_conformance::keys;
use jose_jwks::{Client, ClientOptions, Config, FetchError, Source, SourceError, Times};

use crate::server::Server;
use crate::tls::Authority;

/// A clock that stands until it is moved.
#[derive(Clone)]
pub struct Clock(Arc<Mutex<Instant>>);

impl Clock {
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    pub fn advance(&self, by: u64) {
        *self.0.lock().unwrap() += Duration::from_secs(by);
    }

    pub fn now(&self) -> Instant {
        *self.0.lock().unwrap()
    }
}

/// A source of the set at `/jwks`, under the default times.
pub fn source(server: &Server, backend: &'static dyn Backend, clock: &Clock) -> Source {
    source_with(server, backend, clock, Times::default())
}

pub fn source_with(
    server: &Server,
    backend: &'static dyn Backend,
    clock: &Clock,
    times: Times,
) -> Source {
    at(&server.url("/jwks"), config(backend, clock).times(times))
}

/// A source of the set at an address.
pub fn at(address: &str, config: Config) -> Source {
    Source::at(address, client(), config).unwrap()
}

pub fn config(backend: &'static dyn Backend, clock: &Clock) -> Config {
    let clock = clock.clone();
    Config::new(&[Alg::ES256, Alg::RS256], backend).allow_http().clock(move || clock.now())
}

/// A client that needs nothing of the system.
pub fn client() -> Client {
    Client::rustls_with(&options()).unwrap()
}

/// Both kinds of client.
pub fn clients(options: &ClientOptions) -> [Client; 2] {
    [Client::rustls_with(options).unwrap(), Client::native_tls_with(options).unwrap()]
}

/// Trusts [`AUTHORITY`] and nobody else.
pub fn options() -> ClientOptions {
    ClientOptions::new().root_certificate_pem(AUTHORITY.pem().as_bytes()).without_system_roots()
}

/// The one that the tests trust.
pub static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| Authority::new("tests"));

/// A private key for ES256 of that name.
pub fn key(kid: &str, backend: &dyn Backend) -> Jwk {
    Jwk::generate(Alg::ES256, backend).unwrap().with_kid(kid)
}

/// A set of the public halves.
pub fn set<'a>(keys: impl IntoIterator<Item = &'a Jwk>) -> String {
    let keys: Vec<String> = keys.into_iter().map(|key| key.to_public_json().unwrap()).collect();
    set_of(&keys)
}

/// A set of members as they are.
pub fn set_of(members: &[String]) -> String {
    format!("{{\"keys\":[{}]}}", members.join(","))
}

pub fn token(key: &Jwk, backend: &dyn Backend) -> String {
    jws::sign(b"paid in full", &SigningKey::from_jwk(key, backend).unwrap()).unwrap()
}

/// The fixed key for RS256, which takes no time to make.
pub fn rsa(kid: &str) -> Jwk {
    keys::private(Alg::RS256).with_kid(kid)
}

/// Verifies `token` as a service does.
pub async fn verify(source: &Source, token: &str) -> Result<(), Refused> {
    let unverified = Unverified::parse(token).unwrap();
    let keys = source.keys_for(&unverified).await?;
    unverified.verify(&keys)?;
    Ok(())
}

/// Why a token is not accepted.
#[derive(Debug)]
pub enum Refused {
    NoKeys(SourceError),
    Token(jws::Error),
}

impl From<SourceError> for Refused {
    fn from(error: SourceError) -> Self {
        Self::NoKeys(error)
    }
}

impl From<jws::Error> for Refused {
    fn from(error: jws::Error) -> Self {
        Self::Token(error)
    }
}

impl Refused {
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoKeys(error) => error.code(),
            Self::Token(error) => error.code(),
        }
    }
}

/// No key of the set fits: what a token gets that names an unknown one.
pub const NO_KEY: &str = "ERR_JWK_KEY_NOT_FOUND";

#[track_caller]
pub fn assert_refused(result: Result<(), Refused>, code: &str) {
    assert_eq!(result.expect_err("is refused").code(), code);
}

/// Why no set came.
#[track_caller]
pub fn fetch_error(result: Result<(), SourceError>) -> FetchError {
    match result.expect_err("there are no keys") {
        SourceError::Unavailable { error: Some(error), .. } => error,
        other => panic!("{other:?}"),
    }
}

/// Waits until the condition holds: for what happens in the background.
pub async fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..1000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{what}");
}
