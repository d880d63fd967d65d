//! The endpoints, and the limits around them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jose::RUSTCRYPTO as BACKEND;
use jose::UnixTime;
use jose_xano::{
    ContentAlgorithm, CreateSecretKey, Created, Format, JweDecode, JwsDecode, Object, Payload,
    create_secret_key, jwe_decode, jwe_encode, jws_decode, jws_encode,
};
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::{Mutex, OwnedMutexGuard, Semaphore};
use tokio::time::timeout;

use crate::answers::Refusal;
use crate::input::{self, CreateSession, Decode, EncryptUserData, body, query};
use crate::store::{Store, encrypt};
use crate::{openapi, page};

/// What the endpoints share.
pub(crate) struct App {
    store: Arc<Mutex<Store>>,
    places: Arc<Semaphore>,
    /// What it is called.
    hosts: Vec<String>,
}

impl App {
    pub(crate) fn new(store: Store, address: SocketAddr) -> Self {
        let mut hosts = vec![address.to_string(), format!("localhost:{}", address.port())];
        if address.port() == 80 {
            // Which is left out then.
            hosts.extend(hosts.clone().iter().map(|host| host.trim_end_matches(":80").to_owned()));
        }
        let (store, places) = (Arc::new(Mutex::new(store)), Arc::new(Semaphore::new(PLACES)));
        Self { store, places, hosts }
    }

    /// The database, which one request asks at a time.
    async fn store(&self) -> Result<OwnedMutexGuard<Store>, Refusal> {
        timeout(STORE_TURN, self.store.clone().lock_owned()).await.map_err(|_| Refusal::busy())
    }
}

type Answer = Result<Response, Refusal>;

/// How many requests are served at once.
const PLACES: usize = 64;

/// How long one waits for its turn.
const TURN: Duration = Duration::from_secs(2);

/// How long one waits for the database.
const STORE_TURN: Duration = Duration::from_secs(5);

pub(crate) fn router(app: Arc<App>) -> Router {
    let endpoints = Router::new()
        .route("/jws-encode", get(sign_token))
        .route("/create-session", post(create_session))
        .route("/jwe-encode", get(encrypt_token))
        .route("/encrypt-user-data", post(encrypt_user_data))
        .route("/jws-decode", post(verify_token))
        .route("/jwe-decode", post(decrypt_token))
        .layer(from_fn_with_state(app.clone(), in_turn));
    endpoints
        .route("/", get(async || Html(page::example()?).into_answer()))
        .route("/page.css", get(async || ([(header::CONTENT_TYPE, "text/css")], page::STYLE)))
        .route("/openapi.json", get(async || Json(openapi::document())))
        .fallback(async || {
            Refusal::new(StatusCode::NOT_FOUND, "ERR_NOT_FOUND", "there is no such endpoint")
        })
        .method_not_allowed_fallback(async || {
            let text = "this endpoint has another method";
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "ERR_METHOD", text)
        })
        .layer(from_fn_with_state(app.clone(), by_its_name))
        .layer(from_fn(kept_nowhere))
        .with_state(app)
}

/// `GET /jws-encode`
async fn sign_token(uri: Uri) -> Answer {
    let input: input::JwsEncode = query(&uri)?;
    computed(move || {
        let key = secret_key(512)?;
        let claims = Object::new(&json!({ "user_id": input.user_id }))?;
        let statement = jose_xano::JwsEncode::new(key.clone().into_key())
            .headers(Object::new(&json!({ "alg": "HS256" }))?)
            .claims(claims)
            .ttl(input.ttl);
        let token = jws_encode(&statement, UnixTime::now(), BACKEND)?;
        with_its_key(token, &key, input.ttl)
    })
    .await
}

/// `POST /create-session`
async fn create_session(State(app): State<Arc<App>>, request: Request) -> Answer {
    #[derive(Serialize)]
    struct Claims<'a> {
        // A number in the example, and text here: RFC 7519 §4.1.2.
        sub: String,
        role: &'a str,
        iss: &'a str,
        aud: &'a str,
    }
    #[derive(Serialize)]
    struct Session {
        token: String,
        session_id: i64,
    }
    let input: CreateSession = body(request).await?;
    let mut store = app.store().await?;
    computed(move || {
        let key = secret_key(512)?;
        let sub = input.user_id.to_string();
        let claims = Claims { sub, role: &input.role, iss: "my-app", aud: "my-api" };
        let now = UnixTime::now();
        let statement = jose_xano::JwsEncode::new(key.clone().into_key())
            .headers(Object::new(&json!({ "alg": "HS256" }))?)
            .claims(Object::new(&claims)?)
            .ttl(86_400);
        let token = jws_encode(&statement, now, BACKEND)?;
        let session_id = store.add_session(input.user_id, key.jwk(), now)?;
        Ok(Json(Session { token, session_id }).into_response())
    })
    .await
}

/// `GET /jwe-encode`
async fn encrypt_token(uri: Uri) -> Answer {
    let input: input::JweEncode = query(&uri)?;
    computed(move || {
        // 512 in the example, of which half would count.
        let key = secret_key(256)?;
        let statement = jose_xano::JweEncode::new(key.clone().into_key())
            .headers(Object::new(&json!({ "alg": "A256KW" }))?)
            .claims(Object::new(&json!({ "data": input.secret_data }))?)
            .content_algorithm(ContentAlgorithm::A256GCM)
            .ttl(input.ttl);
        let token = jwe_encode(&statement, UnixTime::now(), BACKEND)?;
        with_its_key(token, &key, input.ttl)
    })
    .await
}

/// `POST /encrypt-user-data`
async fn encrypt_user_data(State(app): State<Arc<App>>, request: Request) -> Answer {
    #[derive(Serialize)]
    struct Claims<'a> {
        user_id: i64,
        ssn: &'a str,
        credit_card: &'a str,
    }
    #[derive(Serialize)]
    struct Stored {
        stored: bool,
        record_id: i64,
    }
    let input: EncryptUserData = body(request).await?;
    let mut store = app.store().await?;
    computed(move || {
        let key = secret_key(256)?;
        let EncryptUserData { user_id, ssn, credit_card } = &input;
        let claims = Claims { user_id: *user_id, ssn, credit_card };
        let token = encrypt(Payload::new(&claims)?, key.jwk().clone())?;
        let record_id = store.add_record(input.user_id, &token, key.jwk())?;
        Ok(Json(Stored { stored: true, record_id }).into_response())
    })
    .await
}

/// `POST /jws-decode`
async fn verify_token(request: Request) -> Answer {
    #[derive(Serialize)]
    struct Valid {
        valid: bool,
        payload: Payload,
    }
    let input: Decode = body(request).await?;
    computed(move || {
        let statement = JwsDecode::new(input.token, input.key).time_drift(60);
        let payload = jws_decode(&statement, UnixTime::now(), BACKEND)?.into_payload();
        Ok(Json(Valid { valid: true, payload }).into_response())
    })
    .await
}

/// `POST /jwe-decode`
async fn decrypt_token(request: Request) -> Answer {
    #[derive(Serialize)]
    struct Decrypted {
        decrypted: bool,
        payload: Payload,
    }
    let input: Decode = body(request).await?;
    computed(move || {
        let statement = JweDecode::new(input.token, input.key)
            .content_algorithm(ContentAlgorithm::A256GCM)
            .time_drift(60);
        let payload = jwe_decode(&statement, UnixTime::now(), BACKEND)?.into_payload();
        Ok(Json(Decrypted { decrypted: true, payload }).into_response())
    })
    .await
}

fn secret_key(bits: usize) -> Result<Created, jose_xano::Error> {
    create_secret_key(&CreateSecretKey::new(bits, Format::Object), BACKEND)
}

/// A token and, which nobody should do, the key beside it.
fn with_its_key(token: String, key: &Created, expires_in: i64) -> Answer {
    #[derive(Serialize)]
    struct Encoded<'a> {
        token: String,
        key: &'a RawValue,
        expires_in: i64,
    }
    let key = key.expose_secret();
    let key = serde_json::from_slice(key.expose_secret());
    let key = key.map_err(|error| Refusal::failure(&error))?;
    Ok(Json(Encoded { token, key, expires_in }).into_response())
}

/// Off the threads that serve: what waits for a disk, and what computes.
async fn computed(work: impl FnOnce() -> Answer + Send + 'static) -> Answer {
    tokio::task::spawn_blocking(work).await.map_err(|error| Refusal::failure(&error))?
}

/// One place for each request, and a time to wait for it. Before its turn nothing is done, and after it nothing is called
/// off, so that who is refused knows that nothing was changed.
async fn in_turn(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let Ok(Ok(place)) = timeout(TURN, app.places.clone().acquire_owned()).await else {
        return Refusal::busy().into_response();
    };
    // A task of its own: a client that hangs up would end this one, but not what computes or waits for a disk. Its place
    // would be free for the next, and so many of them would do as they please.
    let served = tokio::spawn(async move {
        let _place = place;
        next.run(request).await
    });
    served.await.unwrap_or_else(|error| Refusal::failure(&error).into_response())
}

/// That it listens on this machine alone keeps out everybody else, but for pages in a browser here: their own names may
/// lead to this machine too (DNS rebinding).
async fn by_its_name(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    if !host.is_some_and(|host| app.hosts.iter().any(|own| own.eq_ignore_ascii_case(host))) {
        let text = "this is not the name of this service";
        let status = StatusCode::MISDIRECTED_REQUEST;
        return Refusal::new(status, "ERR_HOST", text).into_response();
    }
    next.run(request).await
}

/// Tokens and keys are in the answers: no cache keeps them, and no page of others shows them.
async fn kept_nowhere(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

const HEADERS: [(HeaderName, &str); 4] = [
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// For `?` in a closure.
trait IntoAnswer: IntoResponse + Sized {
    fn into_answer(self) -> Answer {
        Ok(self.into_response())
    }
}

impl<T: IntoResponse> IntoAnswer for T {}
