//! The shortest way from a login to a role: a service that signs tokens for itself and takes them as bearer tokens.
//!
//! `cargo run --example authentication` serves it on 127.0.0.1:3000, or at the address that is given as an argument. Where it
//! listens is the first line that it prints. It takes its key from `AUTHENTICATION_KEY`, a JWK; without one it makes one, and
//! tells it on standard error, for the next time:
//!
//! ```sh
//! token=$(curl -s 127.0.0.1:3000/login --json '{"user":"ann","password":"correct horse"}')
//! curl 127.0.0.1:3000/me -H "Authorization: Bearer $token"
//! ```
//!
//! One key that signs and verifies is for one service. Where another service verifies, sign with a key pair (`ES256`), and
//! publish the public half: see the example `jwks`.
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program that says where it listens"
)]

use std::error::Error;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jose::RUSTCRYPTO as BACKEND;
use jose::{Alg, Jwk, SecretBytes, SigningKey, UnixTime, Validation, VerifyingKey, jwt};
use jose_session::axum::{Bearer, BearerVerifier};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

const ISSUER: &str = "https://auth.example";
const AUDIENCE: &str = "https://api.example";
/// What keeps these tokens apart from any others under the same key (RFC 8725 §3.11).
const TYP: &str = "access+jwt";
const AGE: &str = "15m";
/// Another key has another name, so that a token tells which one it wants.
const KID: &str = "authentication-1";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let key = key()?;
    // `exp` is refused once it is over; the age also holds for a token that somebody gave a later one.
    let rules = Validation::strict(ISSUER, AUDIENCE).typ(TYP).max_token_age(AGE)?;
    let verifying = VerifyingKey::from_jwk(&key, BACKEND)?;
    let verifier = BearerVerifier::from_keys("api", verifying, rules, UnixTime::now)?;
    let app = App { signing: Arc::new(SigningKey::from_jwk(&key, BACKEND)?), verifier };

    let router = Router::new()
        .route("/login", post(login))
        .route("/me", get(me))
        .route("/admin", get(admin))
        .with_state(app);
    let listener = TcpListener::bind(address).await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}

/// The key: 256 bits, which name their algorithm and themselves.
#[allow(clippy::disallowed_methods, reason = "a program may ask its environment; no library does")]
fn key() -> Result<Jwk, Box<dyn Error>> {
    let given = match std::env::var("AUTHENTICATION_KEY") {
        Err(std::env::VarError::NotPresent) => None,
        // Not the error itself, which says what is in it.
        given => Some(given.map_err(|_| "AUTHENTICATION_KEY is no text")?),
    };
    if let Some(json) = given {
        let key = Jwk::from_json(&json)?;
        // What it is for is said here. One that says something else is another key, put here by mistake.
        if key.kid() != Some(KID) || key.alg() != Some(Alg::HS256.name()) {
            return Err(format!("AUTHENTICATION_KEY is not the HS256 key {KID}").into());
        }
        return Ok(key);
    }
    let key = Jwk::generate(Alg::HS256, BACKEND)?.with_kid(KID);
    let json = key.expose_secret_json();
    eprintln!("AUTHENTICATION_KEY='{}'", str::from_utf8(json.expose_secret())?);
    Ok(key)
}

#[derive(Clone)]
struct App {
    signing: Arc<SigningKey>,
    verifier: BearerVerifier,
}

/// Where [`Bearer`] finds what judges its tokens.
impl FromRef<App> for BearerVerifier {
    fn from_ref(app: &App) -> Self {
        app.verifier.clone()
    }
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    Admin,
    Reader,
}

/// What a token says of whoever brings it. Time, name and audience are the library's part.
#[derive(Debug, Deserialize, Serialize)]
struct Caller {
    sub: String,
    roles: Vec<Role>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    #[serde(flatten)]
    caller: Caller,
}

#[derive(Deserialize)]
struct Login {
    user: String,
    password: String,
}

/// A token, or 401. Nothing tells whether there is such a user.
async fn login(State(app): State<App>, Json(login): Json<Login>) -> Result<Response, StatusCode> {
    let Some(caller) = account(&login) else {
        // RFC 9110 §15.5.2: a 401 says what would be accepted.
        let challenge = [(header::WWW_AUTHENTICATE, r#"Bearer realm="login""#)];
        return Ok((StatusCode::UNAUTHORIZED, challenge).into_response());
    };
    let claims = Claims { iss: ISSUER, aud: AUDIENCE, caller };
    let builder = jwt::Builder::at(UnixTime::now()).typ(TYP).expires_in(AGE).random_jti(BACKEND);
    let token = builder.sign(&claims, &app.signing);
    let token = token.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(([(header::CACHE_CONTROL, "no-store")], token).into_response())
}

/// Stands for your database, which has hashes of passwords (Argon2id, RFC 9106) and not themselves, and takes as long for a
/// name that it does not know.
fn account(login: &Login) -> Option<Caller> {
    let (password, roles) = match login.user.as_str() {
        "ann" => ("correct horse", vec![Role::Admin, Role::Reader]),
        "joe" => ("battery staple", vec![Role::Reader]),
        _ => return None,
    };
    // `==` of these takes as long wherever the first difference is.
    let same =
        SecretBytes::from(password.as_bytes()) == SecretBytes::from(login.password.as_bytes());
    same.then(|| Caller { sub: login.user.clone(), roles })
}

/// Anybody with a token. Without one the answer is 401, with the challenge of RFC 6750.
async fn me(caller: Bearer<Caller>) -> Json<Caller> {
    Json(caller.into_content())
}

async fn admin(Admin(caller): Admin) -> String {
    format!("{} may do everything\n", caller.sub)
}

/// The guard of a role: a handler that takes it is not called without. 401 for whoever is nobody, 403 for everybody else.
struct Admin(Caller);

impl FromRequestParts<App> for Admin {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let caller = Bearer::<Caller>::from_request_parts(parts, app).await;
        let caller = caller.map_err(IntoResponse::into_response)?.into_content();
        if caller.roles.contains(&Role::Admin) {
            return Ok(Self(caller));
        }
        Err(StatusCode::FORBIDDEN.into_response())
    }
}
