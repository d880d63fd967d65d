//! Stateless web sessions: typed data in a signed or encrypted token, which travels in a cookie or a header field. It
//! knows [`HeaderMap`](http::HeaderMap)s and tokens, and no framework but where a feature names one.
//!
//! | for | see |
//! |---|---|
//! | reading the session of a request, changing it, and answering with its cookies | [`Sessions`], [`Session`] |
//! | what signs or encrypts, and what is believed | [`Keys`], [`KeyLookup`] |
//! | names, ages, where the token travels | [`Config`], [`CookieOptions`], [`HeaderField`] |
//! | taking part in what happens to sessions | [`Hooks`] |
//! | a session that renews another | [`Refresher`] |
//! | ending one before its time, and using a token once | [`SessionStore`], [`MemoryStore`], with the feature `redis` `RedisStore` |
//! | cookies alone | [`cookies`] |
//! | services of `tower`, with the feature of that name | `SessionLayer`, `RefresherLayer`, `RequireSession` |
//! | axum, with the feature of that name: extractors, and bearer tokens | `axum` |
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use http::{HeaderMap, header};
//! use jose_core::{Alg, Jwk};
//! use jose_rustcrypto::BACKEND;
//! use jose_session::{Config, Keys, Sessions};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Clone, Default, Deserialize, Serialize)]
//! struct Visitor {
//!     #[serde(default)]
//!     name: Option<String>,
//! }
//!
//! // Once for the process:
//! let keys = Keys::from_jwk(&Jwk::generate(Alg::HS256, BACKEND)?, BACKEND)?;
//! let sessions = Sessions::<Visitor>::new(Config::new("visit", keys, BACKEND).max_age("1h"))?;
//!
//! // For each request:
//! let request = HeaderMap::new();
//! let session = sessions.read(&request).await;
//! assert_eq!(session.id(), None);
//! session.update(|visitor| visitor.name = Some("joe".into())).await?;
//! let mut response = HeaderMap::new();
//! session.write_to(&mut response);
//! assert!(response.contains_key(header::SET_COOKIE));
//! # Ok(()) }
//! ```
//!
//! # On the wire
//!
//! A token is a JWT of the data's members with `jti`, `iat` and, where there is a maximum age, `exp`; cookies are cut
//! as [`cookies`] tells. The npm package `unjwt` does the same, so a service on Node and one in Rust share a session.
//!
//! # What it cannot do
//!
//! Without a [store](Config::store) a token is good until it expires, whoever has it, and of two requests that change
//! one session at the same time the last answer wins: the other's changes are lost with its cookie.
#![forbid(unsafe_code)]
#![allow(clippy::std_instead_of_alloc, clippy::std_instead_of_core, reason = "it needs std")]

#[cfg(feature = "axum")]
pub mod axum;
mod config;
pub mod cookies;
mod error;
mod hooks;
mod keys;
#[cfg(feature = "tower")]
mod layer;
#[cfg(feature = "redis")]
mod redis;
mod refresh;
mod session;
mod sessions;
mod store;
mod token;

pub use self::config::{Config, ConfigError, HeaderField};
pub use self::cookies::{CookieOptions, SameSite};
pub use self::error::Error;
pub use self::hooks::{Context, Expired, HookError, Hooks};
pub use self::keys::{KeyLookup, Keys, PasswordOptions};
#[cfg(feature = "tower")]
pub use self::layer::{
    RefresherLayer, RequireSession, RequireSessionService, SessionLayer, SessionService,
};
#[cfg(feature = "redis")]
pub use self::redis::RedisStore;
pub use self::refresh::Refresher;
pub use self::session::{Session, SessionData, Snapshot};
pub use self::sessions::Sessions;
pub use self::store::{MemoryStore, Revocation, SessionStore, StoreError};
