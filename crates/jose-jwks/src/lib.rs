//! The keys of an issuer, over HTTP: fetched when they are needed, kept as long as they may be, and asked for no more
//! often than that, whatever tokens come in.
//!
//! | for | see |
//! |---|---|
//! | tokens of one issuer | [`Source`] |
//! | tokens of several | [`Issuers`] |
//! | which algorithms, how often, how long | [`Config`], [`Times`] |
//! | programs without a runtime | `Blocking`, behind the feature `blocking` |
//! | an HTTP client | `Client`, or one of your own: [`Fetch`] |
//! | why a token finds no key | [`Source::explain`], [`Source::status`] |
//! | keys of one's own | [`Published`], [`Publisher`], and [`Rotation`] to let them follow one another |
//! | a runtime or a client that is neither | [`cache`], which decides and does nothing |
//!
//! It is told a [`Backend`](jose_core::crypto::Backend) and brings no cryptography for tokens; TLS is the client's.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `axum` | | `router`: a published set in axum |
//! | `blocking` | | `Blocking` |
//! | `reqwest-native-tls` | | `Client::native_tls`: the system's TLS |
//! | `reqwest-rustls` | yes | `Client::rustls` |
#![forbid(unsafe_code)]
#![allow(clippy::std_instead_of_alloc, clippy::std_instead_of_core, reason = "it needs std")]

mod answer;
#[cfg(feature = "blocking")]
mod blocking;
pub mod cache;
#[cfg(any(feature = "reqwest-rustls", feature = "reqwest-native-tls"))]
mod client;
#[cfg(feature = "reqwest-rustls")]
mod client_rustls;
mod config;
mod discovery;
mod fetch;
mod issuers;
#[cfg(any(feature = "reqwest-rustls", feature = "reqwest-native-tls"))]
mod public_addresses;
mod publish;
mod rotation;
#[cfg(feature = "axum")]
mod serve;
mod source;
mod status;

#[cfg(feature = "blocking")]
pub use self::blocking::Blocking;
pub use self::cache::Times;
#[cfg(any(feature = "reqwest-rustls", feature = "reqwest-native-tls"))]
pub use self::client::{Client, ClientOptions};
pub use self::config::{Config, ConfigError};
pub use self::fetch::{Fetch, FetchError};
pub use self::issuers::{Error, Issuers};
pub use self::publish::{Published, Publisher};
pub use self::rotation::{Plan, Rotation, RotationError, RotationParts, Turn};
#[cfg(feature = "axum")]
pub use self::serve::{WELL_KNOWN, answer, router};
pub use self::source::{Source, SourceError};
pub use self::status::{Explanation, Status};
