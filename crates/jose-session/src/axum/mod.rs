//! Sessions and bearer tokens as extractors of axum.
//!
//! | a handler that takes | is asked |
//! |---|---|
//! | [`Session<T>`](crate::Session) | always: there may be none yet |
//! | [`SignedSession<T>`], [`EncryptedSession<T>`] | if there is a session, of keys of that kind |
//! | `Option` of one of them | always, but where it cannot be told just now whether there is one |
//! | [`Bearer<C>`] | if the request brings a token that is accepted |
//! | `Option<Bearer<C>>` | also if it brings no credentials at all |
//!
//! Sessions are read by a [`SessionLayer`](crate::SessionLayer) or [`RefresherLayer`](crate::RefresherLayer) around the
//! router, tokens by the [`BearerVerifier`] of its state. Whole routers are guarded by
//! [`RequireSession`](crate::RequireSession).
//!
//! What is refused is told by its status and, for bearer tokens, the challenge of RFC 6750 §3; the body is empty
//! whatever the reason.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use axum::Router;
//! use axum::routing::{get, post};
//! use jose_core::{Alg, Jwk};
//! use jose_rustcrypto::BACKEND;
//! use jose_session::axum::EncryptedSession;
//! use jose_session::{Config, Keys, Session, SessionLayer, Sessions};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Clone, Default, Deserialize, Serialize)]
//! struct User {
//!     name: String,
//! }
//!
//! async fn log_in(session: Session<User>) -> Result<(), String> {
//!     let user = User { name: "joe".into() };
//!     session.replace(user).await.map_err(|error| error.to_string())
//! }
//!
//! async fn who(session: EncryptedSession<User>) -> String {
//!     session.data().name.clone()
//! }
//!
//! let keys = Keys::from_jwk(&Jwk::generate(Alg::A256GCMKW, BACKEND)?, BACKEND)?;
//! let sessions = Sessions::<User>::new(Config::new("app", keys, BACKEND).max_age("1h"))?;
//! let app: Router = Router::new()
//!     .route("/login", post(log_in))
//!     .route("/who", get(who))
//!     .layer(SessionLayer::new(sessions));
//! # drop(app);
//! # Ok(()) }
//! ```

mod bearer;
mod challenge;
mod session;
mod verifier;

pub use self::bearer::Bearer;
pub use self::challenge::BearerRejection;
pub use self::session::{EncryptedSession, SessionRejection, SignedSession};
pub use self::verifier::{BearerError, BearerVerifier, RealmError, VerifyBearer};
