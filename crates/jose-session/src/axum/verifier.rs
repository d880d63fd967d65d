//! What judges bearer tokens.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use jose_core::UnixTime;
use jose_core::error::{CryptoError, ParseError};
use jose_core::jws::{KeyResolver, Verified};
use jose_core::jwt::{self, Claims, Validation};

use super::BearerRejection;
use super::challenge::{Refusal, quoted};
use crate::hooks::Pending;
use crate::token::is_temporary;

/// What accepts the tokens of [`Bearer`](super::Bearer), and the realm that a client is told. It is taken from the state
/// of a router with [`FromRef`](axum_core::extract::FromRef). Cheap to clone.
#[derive(Clone)]
pub struct BearerVerifier {
    inner: Arc<Inner<dyn AnyVerify>>,
}

struct Inner<V: ?Sized> {
    /// Between quotes.
    realm: String,
    verify: V,
}

impl BearerVerifier {
    /// Accepts what `verify` accepts.
    ///
    /// # Errors
    ///
    /// [`RealmError`] for a realm that is not of printable ASCII.
    pub fn new(realm: &str, verify: impl VerifyBearer + 'static) -> Result<Self, RealmError> {
        let realm = quoted(realm).ok_or(RealmError)?;
        Ok(Self { inner: Arc::new(Inner { realm, verify }) })
    }

    /// Accepts signed tokens by these keys, with claims that are acceptable under `rules` at the time that `clock` tells,
    /// which is [`UnixTime::now`] outside of tests.
    ///
    /// `rules` should name the issuer and the audience, as [`Validation::strict`] does, so that a token for somebody else
    /// is none for this service (RFC 6750 §5.3).
    ///
    /// # Errors
    ///
    /// [`RealmError`] for a realm that is not of printable ASCII.
    pub fn from_keys(
        realm: &str,
        keys: impl KeyResolver + Send + Sync + 'static,
        rules: Validation,
        clock: impl Fn() -> UnixTime + Send + Sync + 'static,
    ) -> Result<Self, RealmError> {
        Self::new(realm, WithKeys { keys, rules, clock })
    }

    pub(super) async fn verify(&self, token: &str) -> Result<Verified<Claims>, BearerError> {
        self.inner.verify.verify(token).await
    }

    pub(super) fn challenge(&self, refusal: Refusal, scope: Option<&str>) -> BearerRejection {
        BearerRejection::with_challenge(refusal, &self.inner.realm, scope)
    }
}

impl fmt::Debug for BearerVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let realm = &self.inner.realm;
        f.debug_struct("BearerVerifier").field("realm", realm).finish_non_exhaustive() // keys may be secrets
    }
}

/// What accepts tokens, if [keys that are there](BearerVerifier::from_keys) are not enough: they have to be fetched, or
/// each issuer has its own rules.
///
/// ```
/// use jose_core::jws::{Unverified, Verified, VerifyingKeys};
/// use jose_core::jwt::{self, Claims, Validation};
/// use jose_core::UnixTime;
/// use jose_session::axum::{BearerError, VerifyBearer};
/// # async fn fetched(_: Option<&str>) -> Result<VerifyingKeys, std::io::Error> { Ok(VerifyingKeys::default()) }
///
/// struct Api {
///     rules: Validation,
/// }
///
/// impl VerifyBearer for Api {
///     async fn verify(&self, token: &str) -> Result<Verified<Claims>, BearerError> {
///         let unverified = Unverified::parse(token)?;
///         let keys = fetched(unverified.kid()).await.map_err(BearerError::unavailable)?;
///         Ok(jwt::verify_claims(token, &keys, &self.rules, UnixTime::now())?)
///     }
/// }
/// ```
pub trait VerifyBearer: Send + Sync {
    /// The claims of `token`, which has the shape of RFC 6750 §2.1 and is otherwise whatever somebody sent.
    ///
    /// # Errors
    ///
    /// [`BearerError`] for one that is not accepted, or cannot be judged just now.
    fn verify(
        &self,
        token: &str,
    ) -> impl Future<Output = Result<Verified<Claims>, BearerError>> + Send;
}

/// Why there are no claims. The client is told which of the two it is, and nothing more.
#[derive(Debug)]
#[non_exhaustive]
pub enum BearerError {
    /// The token is not accepted.
    Refused(Box<dyn StdError + Send + Sync>),
    /// It may be a good one: keys could not be had, or not used, just now.
    Unavailable(Box<dyn StdError + Send + Sync>),
}

impl BearerError {
    /// Not accepted, for this reason.
    pub fn refused(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Refused(source.into())
    }

    /// Not judged, for this reason.
    pub fn unavailable(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Unavailable(source.into())
    }

    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused(_) => "ERR_BEARER_REFUSED",
            Self::Unavailable(_) => "ERR_BEARER_UNAVAILABLE",
        }
    }
}

impl fmt::Display for BearerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused(_) => "the token was not accepted",
            Self::Unavailable(_) => "nobody can judge the token just now",
        })
    }
}

impl StdError for BearerError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Refused(error) | Self::Unavailable(error) => Some(&**error),
        }
    }
}

/// [`Unavailable`](BearerError::Unavailable) where keys were, [`Refused`](BearerError::Refused) otherwise.
impl From<jwt::Error> for BearerError {
    fn from(error: jwt::Error) -> Self {
        if is_temporary(&error) { Self::unavailable(error) } else { Self::refused(error) }
    }
}

impl From<ParseError> for BearerError {
    fn from(error: ParseError) -> Self {
        Self::refused(error)
    }
}

impl From<CryptoError> for BearerError {
    fn from(error: CryptoError) -> Self {
        Self::unavailable(error)
    }
}

/// The realm has what is not printable ASCII.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct RealmError;

impl RealmError {
    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(self) -> &'static str {
        "ERR_BEARER_REALM"
    }
}

impl fmt::Display for RealmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a realm is of printable ASCII")
    }
}

impl StdError for RealmError {}

/// What [`BearerVerifier::from_keys`] is given.
struct WithKeys<K, N> {
    keys: K,
    rules: Validation,
    clock: N,
}

impl<K, N> VerifyBearer for WithKeys<K, N>
where
    K: KeyResolver + Send + Sync,
    N: Fn() -> UnixTime + Send + Sync,
{
    async fn verify(&self, token: &str) -> Result<Verified<Claims>, BearerError> {
        Ok(jwt::verify_claims(token, &self.keys, &self.rules, (self.clock)())?)
    }
}

/// A [`VerifyBearer`] of whatever type.
trait AnyVerify: Send + Sync {
    fn verify<'a>(&'a self, token: &'a str) -> Pending<'a, Result<Verified<Claims>, BearerError>>;
}

impl<V: VerifyBearer> AnyVerify for V {
    fn verify<'a>(&'a self, token: &'a str) -> Pending<'a, Result<Verified<Claims>, BearerError>> {
        Box::pin(VerifyBearer::verify(self, token))
    }
}
