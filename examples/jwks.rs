//! An issuer that changes its keys, and a service that verifies its tokens, over HTTP on this machine; told step by step.
//! Days pass in an instant, for both are told the time.
//!
//! `cargo run --example jwks`
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program that tells what happens"
)]

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Request, Response, Uri, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use jose::RUSTCRYPTO as BACKEND;
use jose::{Alg, Jwk, SigningKey, UnixTime, Validation, jwt};
use jose_jwks::{Config, Fetch, FetchError, Plan, Publisher, Rotation, Source};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const ISSUER: &str = "https://issuer.example";
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

#[derive(Debug, serde::Deserialize, serde::Serialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let clock = Clock::starting_at(UnixTime::from_secs(1_800_000_000));
    let key = Jwk::generate(Alg::ES256, BACKEND)?;
    let mut rotation = Rotation::new(&key, Plan::default(), clock.now(), BACKEND)?;
    let publisher = Publisher::new(rotation.published(clock.now())?);
    let (address, server) = serve(publisher.clone()).await?;

    // `https:` alone is asked unless this is said, and the client would then be `Client::rustls()`.
    let config = Config::new(&[Alg::ES256], BACKEND).allow_http().clock(clock.instants());
    let service = Service { source: Source::at(&address, Http, config)?, clock: clock.clone() };

    println!("the issuer signs with its first key");
    service.verify(&token(rotation.signing_key(), &clock)?).await;
    let tokens: Vec<String> =
        (0..1000).map(|_| token(rotation.signing_key(), &clock)).collect::<Result<_, _>>()?;
    for token in &tokens {
        service.source.verify_jwt::<Claims>(token, &rules(), clock.now()).await?;
    }
    println!("  1000 more: verified; {} fetched so far", service.fetched());

    clock.advance_to(rotation.next_turn(clock.now()));
    rotation.turn(clock.now())?;
    publisher.publish(rotation.published(clock.now())?);
    println!("the issuer announces its second key, and still signs with the first");
    service.verify(&token(rotation.signing_key(), &clock)?).await;

    clock.advance_to(rotation.next_turn(clock.now()));
    let last_of_the_first = token(rotation.signing_key(), &clock)?;
    rotation.turn(clock.now())?;
    println!("the issuer signs with its second key, which everybody has by now");
    service.verify(&token(rotation.signing_key(), &clock)?).await;
    service.verify(&last_of_the_first).await;

    clock.advance(MINUTE);
    let second = rotation.signing_key().clone();
    rotation.revoke(second.kid().unwrap_or_default(), clock.now())?;
    publisher.publish(rotation.published(clock.now())?);
    println!("the second key got into other hands: the issuer signs with a third at once");
    service.verify(&token(rotation.signing_key(), &clock)?).await;
    println!("  and whoever has the second key now");
    service.verify(&token(&second, &clock)?).await;

    println!("somebody sends 1000 tokens, each naming a key that does not exist");
    let before = service.fetched();
    for number in 0..1000 {
        let forged = Jwk::generate(Alg::ES256, BACKEND)?.with_kid(format!("forged-{number}"));
        let forged = token(&SigningKey::from_jwk(&forged, BACKEND)?, &clock)?;
        let verdict = service.source.verify_jwt::<Claims>(&forged, &rules(), clock.now()).await;
        assert!(verdict.is_err(), "a forged token is refused");
    }
    println!("  1000 refused; {} fetched for it", service.fetched() - before);

    server.abort();
    clock.advance(HOUR);
    println!("the issuer's server is down for an hour");
    service.verify(&token(rotation.signing_key(), &clock)?).await;
    clock.advance(HOUR);
    println!("and for another");
    service.verify(&token(rotation.signing_key(), &clock)?).await;
    Ok(())
}

/// What accepts tokens.
struct Service {
    source: Source,
    clock: Clock,
}

impl Service {
    async fn verify(&self, token: &str) {
        let verdict = self.source.verify_jwt::<Claims>(token, &rules(), self.clock.now()).await;
        let fetched = self.fetched();
        let told = match verdict {
            Ok(claims) => format!("a token for {}: verified", claims.sub),
            Err(error) => format!("a token: {}", error.code()),
        };
        println!("  {told}; {fetched} fetched so far");
    }

    fn fetched(&self) -> u64 {
        self.source.status().fetches
    }
}

fn rules() -> Validation {
    Validation::strict(ISSUER, "api")
}

fn token(key: &SigningKey, clock: &Clock) -> Result<String, jwt::SignError> {
    let claims = Claims { iss: ISSUER.into(), aud: "api".into(), sub: "joe".into() };
    jwt::Builder::at(clock.now()).expires_in("15m").sign(&claims, key)
}

/// The set of the issuer, at an address of this machine.
async fn serve(publisher: Publisher) -> Result<(String, JoinHandle<()>), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}{}", listener.local_addr()?, jose_jwks::WELL_KNOWN);
    let server = axum::serve(listener, jose_jwks::router(publisher));
    Ok((address, tokio::spawn(async move { drop(server.await) })))
}

/// A client of one's own: without TLS, which has no place between two ends of one machine.
struct Http;

impl Fetch for Http {
    async fn fetch(
        &self,
        mut request: Request<()>,
        limit: usize,
    ) -> Result<Response<Vec<u8>>, FetchError> {
        let uri = std::mem::take(request.uri_mut());
        let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = path.parse::<Uri>().map_err(FetchError::transport)?;
        let host = HeaderValue::from_str(&authority).map_err(FetchError::transport)?;
        request.headers_mut().insert(header::HOST, host);

        let stream = TcpStream::connect(authority).await.map_err(FetchError::transport)?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(FetchError::transport)?;
        tokio::spawn(connection);
        let answer = sender.send_request(request.map(|()| Body::empty())).await;
        let (parts, body) = answer.map_err(FetchError::transport)?.into_parts();
        let body = to_bytes(Body::new(body), limit).await.map_err(FetchError::transport)?;
        Ok(Response::from_parts(parts, body.into()))
    }
}

/// A clock that is set by hand: the time of day for tokens, and the same one for what is kept.
#[derive(Clone)]
struct Clock {
    began: Instant,
    start: UnixTime,
    passed: Arc<Mutex<Duration>>,
}

impl Clock {
    fn starting_at(start: UnixTime) -> Self {
        Self { began: Instant::now(), start, passed: Arc::default() }
    }

    fn passed(&self) -> Duration {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> UnixTime {
        self.start.saturating_add(self.passed())
    }

    fn instants(&self) -> impl Fn() -> Instant + Send + Sync + 'static {
        let clock = self.clone();
        move || clock.began + clock.passed()
    }

    fn advance(&self, by: Duration) {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    fn advance_to(&self, moment: UnixTime) {
        let seconds = moment.as_secs().saturating_sub(self.now().as_secs());
        self.advance(Duration::from_secs(seconds));
        println!("{} days after the beginning:", self.passed().as_secs() / (24 * 3600));
    }
}
