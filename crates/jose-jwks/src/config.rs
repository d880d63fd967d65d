//! What a source is told once.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use http::Uri;
use http::uri::Scheme;
use jose_core::Limits;
use jose_core::crypto::Backend;
use jose_core::jwa::SignatureAlgorithm;

use crate::cache::Times;

/// Which keys a [`Source`](crate::Source) prepares, and under which rules it fetches them.
///
/// ```
/// use std::time::Duration;
///
/// use jose_core::Alg;
/// use jose_jwks::{Config, Times};
///
/// let mut times = Times::default();
/// times.cooldown = Duration::from_secs(60);
/// let config = Config::new(&[Alg::ES256, Alg::RS256], jose_rustcrypto::BACKEND).times(times);
/// ```
#[derive(Clone)]
pub struct Config {
    pub(crate) allow: Vec<SignatureAlgorithm>,
    pub(crate) backend: &'static dyn Backend,
    pub(crate) times: Times,
    pub(crate) limits: Limits,
    pub(crate) allow_http: bool,
    pub(crate) any_content_type: bool,
    pub(crate) clock: Arc<dyn Fn() -> Instant + Send + Sync>,
}

impl Config {
    /// The algorithms that tokens may have, and the backend that verifies them. A key that names none becomes one for
    /// each of these that fits its type, as some large issuers need it.
    #[must_use]
    pub fn new(allow: &[SignatureAlgorithm], backend: &'static dyn Backend) -> Self {
        Self {
            allow: allow.into(),
            backend,
            times: Times::default(),
            limits: Limits::default(),
            allow_http: false,
            any_content_type: false,
            clock: Arc::new(Instant::now),
        }
    }

    /// Other times than the default ones.
    #[must_use]
    pub const fn times(mut self, times: Times) -> Self {
        self.times = times;
        self
    }

    /// Other ceilings than the default ones: [`Limits::jwk_set`] for the body of an answer in octets,
    /// [`Limits::jwk_set_keys`] for the keys that are looked at.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Also fetches what has an address of `http:`. Whoever is on the way then decides who may sign: for tests, and
    /// for a connection that something else protects.
    #[must_use]
    pub const fn allow_http(mut self) -> Self {
        self.allow_http = true;
        self
    }

    /// Also reads what is not JSON by its content type, for a server that has it wrong.
    #[must_use]
    pub const fn any_content_type(mut self) -> Self {
        self.any_content_type = true;
        self
    }

    /// Another clock than the system's, for tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    pub(crate) fn now(&self) -> Instant {
        (self.clock)()
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if self.allow.is_empty() {
            return Err(ConfigError::NoAlgorithm);
        }
        match self.allow.iter().find(|alg| alg.is_symmetric()) {
            Some(alg) => Err(ConfigError::Symmetric { alg: *alg }),
            None => Ok(()),
        }
    }

    /// An address that may be asked.
    pub(crate) fn address(&self, address: &str) -> Result<Uri, ConfigError> {
        let uri: Uri = address.parse().map_err(|_| ConfigError::Address)?;
        let authority = uri.authority().ok_or(ConfigError::Address)?;
        // `http::Uri` drops a fragment; a password in an address ends up in logs.
        if authority.as_str().contains('@') || authority.host().is_empty() || address.contains('#')
        {
            return Err(ConfigError::Address);
        }
        let scheme = uri.scheme().ok_or(ConfigError::Address)?;
        if *scheme == Scheme::HTTPS || (self.allow_http && *scheme == Scheme::HTTP) {
            return Ok(uri);
        }
        Err(if *scheme == Scheme::HTTP { ConfigError::Insecure } else { ConfigError::Address })
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("allow", &self.allow)
            .field("backend", &self.backend)
            .field("times", &self.times)
            .field("limits", &self.limits)
            .field("allow_http", &self.allow_http)
            .field("any_content_type", &self.any_content_type)
            .finish_non_exhaustive() // a clock has nothing to show
    }
}

/// Why there is no such source.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ConfigError {
    /// The address is none: it needs a scheme, `https`, and a host, and has neither a user nor a fragment.
    Address,
    /// The address is one of `http:`, and nobody [allowed](Config::allow_http) that.
    Insecure,
    /// No algorithm is allowed.
    NoAlgorithm,
    /// A shared key that everybody can fetch is none.
    #[non_exhaustive]
    Symmetric {
        /// The algorithm that would need one.
        alg: SignatureAlgorithm,
    },
}

impl ConfigError {
    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ERR_JWK_SET_CONFIG"
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => f.write_str(
                "an address needs `https:` and a host, and has neither a user nor a fragment",
            ),
            Self::Insecure => f.write_str("an address of `http:` has to be allowed by name"),
            Self::NoAlgorithm => f.write_str("no algorithm is allowed"),
            Self::Symmetric { alg } => {
                write!(f, "{alg} takes a shared key, which cannot be fetched")
            }
        }
    }
}

impl Error for ConfigError {}
