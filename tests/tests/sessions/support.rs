//! What the tests share: data, keys, a clock, a store that can be taken away, and a router that does what is asked.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use http::StatusCode;
use http::header::{CACHE_CONTROL, EXPIRES, SET_COOKIE};
use jose::crypto::Backend;
use jose::{Alg, Jwk, UnixTime};
use jose_session::axum::SignedSession;
use jose_session::{
    Config, Error, Keys, MemoryStore, Revocation, Session, SessionLayer, SessionStore, Sessions,
    StoreError,
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Data {
    pub name: String,
    pub visits: u32,
    pub more: String,
}

/// Keys are tested elsewhere, on every backend.
pub fn backend() -> &'static dyn Backend {
    jose_tests::backends()[0]
}

pub fn signing() -> Keys {
    let jwk = Jwk::from_secret_octets(vec![7; 32]).unwrap().with_alg(Alg::HS256).unwrap();
    Keys::from_jwk(&jwk, backend()).unwrap()
}

pub fn encrypting() -> Keys {
    let jwk = Jwk::from_secret_octets(vec![9; 32]).unwrap().with_alg(Alg::A256KW).unwrap();
    Keys::from_jwk(&jwk, backend()).unwrap()
}

/// A clock that stands until it is moved.
#[derive(Clone)]
pub struct Clock(Arc<AtomicU64>);

impl Clock {
    pub fn new() -> Self {
        Self(Arc::new(AtomicU64::new(1_800_000_000)))
    }

    pub fn go(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(Ordering::SeqCst))
    }

    pub fn reader(&self) -> impl Fn() -> UnixTime + Send + Sync + 'static + use<> {
        let clock = self.clone();
        move || clock.now()
    }
}

/// A store that does not answer while it is away.
pub struct Away {
    store: MemoryStore,
    pub away: AtomicBool,
}

impl Away {
    pub fn new(clock: &Clock) -> Arc<Self> {
        let store = MemoryStore::new().with_clock(clock.reader());
        Arc::new(Self { store, away: AtomicBool::new(false) })
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(StoreError::unavailable("away"));
        }
        Ok(())
    }
}

impl SessionStore for Away {
    async fn revoked_at(&self, id: &str) -> Result<Option<UnixTime>, StoreError> {
        self.check()?;
        self.store.revoked_at(id).await
    }

    async fn revoke_once(
        &self,
        id: &str,
        now: UnixTime,
        until: UnixTime,
    ) -> Result<Revocation, StoreError> {
        self.check()?;
        self.store.revoke_once(id, now, until).await
    }
}

/// Signed sessions of an hour, called `app`.
pub fn config(clock: &Clock) -> Config {
    Config::new("app", signing(), backend()).max_age("1h").clock(clock.reader())
}

pub fn sessions(clock: &Clock) -> Sessions<Data> {
    Sessions::new(config(clock)).unwrap()
}

/// The router below, with these sessions.
pub fn app(sessions: Sessions<Data>) -> Router {
    routes().layer(SessionLayer::new(sessions))
}

/// | path | what it does |
/// |---|---|
/// | `/login` | puts the body in as the name |
/// | `/logout` | clears |
/// | `/me` | tells the name, if there is a session |
/// | `/peek` | tells the name, or that there is none |
/// | `/visit/{status}` | counts a visit, and answers so |
/// | `/fill` | puts the body in as `more`; asked by GET, tells it |
/// | `/cookies` | counts a visit, and sets cookies of its own |
/// | `/cache/{what}` | counts a visit, and says what of the answer may be kept |
pub fn routes() -> Router {
    Router::new()
        .route("/login", post(log_in))
        .route("/logout", post(log_out))
        .route("/me", get(me))
        .route("/peek", get(peek))
        .route("/visit/{status}", get(visit))
        .route("/fill", post(fill).get(filled))
        .route("/cookies", get(cookies))
        .route("/cache/{what}", get(cache))
}

/// What a handler answers where a session was not changed.
pub fn failed(error: Error) -> (StatusCode, String) {
    let status =
        if error.is_temporary() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::CONFLICT };
    (status, error.code().into())
}

async fn log_in(session: Session<Data>, name: String) -> Result<(), (StatusCode, String)> {
    session.update(|data| data.name = name).await.map_err(failed)
}

async fn log_out(session: Session<Data>) -> Result<(), (StatusCode, String)> {
    session.clear().await.map_err(failed)
}

async fn me(session: SignedSession<Data>) -> String {
    session.data().name.clone()
}

pub async fn peek(session: Session<Data>) -> String {
    if session.exists() { session.data().name.clone() } else { "nobody".into() }
}

async fn visit(
    session: Session<Data>,
    axum::extract::Path(status): axum::extract::Path<u16>,
) -> Result<(StatusCode, String), (StatusCode, String)> {
    session.update(|data| data.visits += 1).await.map_err(failed)?;
    Ok((StatusCode::from_u16(status).unwrap(), session.data().visits.to_string()))
}

async fn fill(session: Session<Data>, more: String) -> Result<(), (StatusCode, String)> {
    session.update(|data| data.more = more).await.map_err(failed)
}

async fn filled(session: SignedSession<Data>) -> String {
    session.data().more.clone()
}

async fn cookies(session: Session<Data>) -> impl axum::response::IntoResponse {
    session.update(|data| data.visits += 1).await.unwrap();
    let own = [(SET_COOKIE, "lang=de; Path=/"), (SET_COOKIE, "app-theme=dark; Path=/")];
    axum::response::AppendHeaders(own)
}

async fn cache(
    session: Session<Data>,
    axum::extract::Path(what): axum::extract::Path<String>,
) -> impl axum::response::IntoResponse {
    session.update(|data| data.visits += 1).await.unwrap();
    match &*what {
        "control" => [(CACHE_CONTROL, "private, max-age=5")],
        _ => [(EXPIRES, "0")],
    }
}
