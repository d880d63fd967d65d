//! The keys of an issuer, over HTTP: fetched when they are needed, kept as long as they may be, and asked for no more
//! often than that, whatever tokens come in.
#![forbid(unsafe_code)]
#![allow(clippy::std_instead_of_alloc, clippy::std_instead_of_core, reason = "it needs std")]

mod answer;
pub mod cache;
mod config;
mod discovery;
mod fetch;
mod source;
mod status;

pub use self::cache::Times;
pub use self::config::{Config, ConfigError};
pub use self::fetch::{Fetch, FetchError};
pub use self::source::{Source, SourceError};
pub use self::status::{Explanation, Status};
