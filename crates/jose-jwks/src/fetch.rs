//! How a set is fetched: one request, and why it may fail.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, StatusCode};
use jose_core::error::ParseError;

/// What sends a request and comes back with the answer: an HTTP client. The one of this crate is
/// `Client`, behind the features `reqwest-rustls` and `reqwest-native-tls`.
///
/// What is fetched, how often, and what becomes of the answer is the [`Source`](crate::Source)'s to decide; the client
/// decides how. One that follows redirects, sends cookies, or asks a proxy which the environment names takes that
/// decision from whoever chose the address of the set.
///
/// ```
/// use http::{Request, Response};
/// use jose_jwks::{Fetch, FetchError};
///
/// /// Answers of a test.
/// struct Canned(&'static str);
///
/// impl Fetch for Canned {
///     async fn fetch(&self, _: Request<()>, limit: usize) -> Result<Response<Vec<u8>>, FetchError> {
///         if self.0.len() > limit {
///             return Err(FetchError::too_long(limit));
///         }
///         let answer = Response::builder().header("content-type", "application/jwk-set+json");
///         answer.body(self.0.into()).map_err(FetchError::transport)
///     }
/// }
/// ```
pub trait Fetch: Send + Sync {
    /// Sends `request` and reads the answer, whatever its status. A redirect is an answer.
    ///
    /// A body of more than `limit` octets is [`FetchError::too_long`], and is not read further than that; the source looks
    /// again. It gives up after [`Times::timeout`](crate::Times::timeout).
    ///
    /// # Errors
    ///
    /// [`FetchError::too_long`] for such a body; [`FetchError::transport`] if there is no answer.
    fn fetch(
        &self,
        request: Request<()>,
        limit: usize,
    ) -> impl Future<Output = Result<Response<Vec<u8>>, FetchError>> + Send;
}

impl<F: Fetch> Fetch for Arc<F> {
    fn fetch(
        &self,
        request: Request<()>,
        limit: usize,
    ) -> impl Future<Output = Result<Response<Vec<u8>>, FetchError>> + Send {
        (**self).fetch(request, limit)
    }
}

/// Why there is no set.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FetchError {
    /// The fetch ended without a verdict: its task panicked, or its runtime was shut down.
    Abandoned,
    /// There is no client: it was told what it cannot do, or finds no root that is trusted.
    Client(Arc<dyn Error + Send + Sync>),
    /// The body is compressed, which nobody asked for.
    ContentEncoding,
    /// The body is of a type that is not JSON.
    ContentType,
    /// The metadata are of another issuer than they were asked of.
    Issuer,
    /// The body is no JWK Set, or no metadata.
    Malformed(ParseError),
    /// The metadata name no address of a set, or one that may not be asked.
    Metadata,
    /// The server sends elsewhere.
    Redirect,
    /// The server answers with something else than a set.
    #[non_exhaustive]
    Status {
        /// With what.
        status: StatusCode,
        /// How long it wants to be left alone, if it says so.
        retry_after: Option<Duration>,
    },
    /// There was no answer in time.
    Timeout,
    /// The body is longer than a set may be.
    #[non_exhaustive]
    TooLong {
        /// How many octets it may have.
        limit: usize,
    },
    /// There is no answer: no such name, no connection, no trust in the certificate.
    Transport(Arc<dyn Error + Send + Sync>),
}

impl FetchError {
    /// There is no answer, for this reason, which is told in logs: it must show neither secrets nor the query of an
    /// address.
    pub fn transport(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Transport(source.into().into())
    }

    /// There is no client, for this reason.
    #[cfg(any(feature = "reqwest-rustls", feature = "reqwest-native-tls"))]
    pub(crate) fn client(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Client(source.into().into())
    }

    /// The body is longer than `limit` octets.
    #[must_use]
    pub const fn too_long(limit: usize) -> Self {
        Self::TooLong { limit }
    }

    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Client(_) => "ERR_JWK_SET_CONFIG",
            Self::ContentEncoding
            | Self::ContentType
            | Self::Malformed(_)
            | Self::TooLong { .. } => "ERR_JWK_SET_INVALID",
            Self::Issuer | Self::Metadata => "ERR_JWK_SET_METADATA",
            Self::Abandoned
            | Self::Redirect
            | Self::Status { .. }
            | Self::Timeout
            | Self::Transport(_) => "ERR_JWK_SET_UNAVAILABLE",
        }
    }

    /// The innermost reason where the text has none: "no answer" tells nobody whether a name, a port or a certificate was
    /// wrong.
    pub(crate) fn cause(&self) -> Option<String> {
        let (Self::Client(error) | Self::Transport(error)) = self else { return None };
        let mut cause: &(dyn Error + 'static) = error.as_ref();
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        Some(cause.to_string())
    }

    pub(crate) const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Abandoned => f.write_str("the fetch was abandoned"),
            Self::Client(_) => f.write_str("there is no such client"),
            Self::ContentEncoding => f.write_str("the answer is compressed"),
            Self::ContentType => f.write_str("the answer is not JSON by its content type"),
            Self::Issuer => f.write_str("the metadata are those of another issuer"),
            Self::Malformed(error) => error.fmt(f),
            Self::Metadata => {
                f.write_str("the metadata name no address of a set that may be asked")
            }
            Self::Redirect => f.write_str("the server sends elsewhere"),
            Self::Status { status, .. } => write!(f, "the server answered {}", status.as_u16()),
            Self::Timeout => f.write_str("no answer in time"),
            Self::TooLong { limit } => write!(f, "the answer is longer than {limit} octets"),
            Self::Transport(_) => f.write_str("no answer"),
        }
    }
}

impl Error for FetchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Malformed(error) => Some(error),
            Self::Client(error) | Self::Transport(error) => Some(error.as_ref()),
            _ => None,
        }
    }
}
