//! Tokens of several issuers, each under its own keys and rules.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;

use jose_core::error::ParseError;
use jose_core::jws::{Unverified, Verified};
use jose_core::{UnixTime, hazmat, jwt};
use serde::de::DeserializeOwned;

use crate::{Source, SourceError};

/// Issuers whose tokens are accepted, each with its keys and its rules.
///
/// The `iss` of a token chooses among them before anything is verified, and can do no more: what verifies is the chosen
/// issuer's keys, and the claims are then held to that issuer's name and rules.
///
/// ```no_run
/// # #[cfg(feature = "reqwest-rustls")]
/// # async fn verify(token: &str) -> Result<(), Box<dyn std::error::Error>> {
/// use jose_core::{Alg, UnixTime, jwt};
/// use jose_jwks::{Client, Config, Issuers, Source};
/// use jose_rustcrypto::BACKEND;
///
/// #[derive(Debug, serde::Deserialize)]
/// struct Claims {
///     sub: String,
/// }
///
/// // Once for the process:
/// let mut issuers = Issuers::new();
/// for (issuer, alg) in [("https://one.example", Alg::RS256), ("https://two.example/", Alg::ES256)] {
///     let source = Source::of_issuer(issuer, Client::rustls()?, Config::new(&[alg], BACKEND))?;
///     issuers.add(issuer, source, jwt::Validation::new().audience("api").require("exp"));
/// }
///
/// // For each token:
/// let claims = issuers.verify::<Claims>(token, UnixTime::now()).await?;
/// println!("{}", claims.sub);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Issuers {
    by_name: BTreeMap<String, Issuer>,
}

/// One of them.
#[derive(Clone, Debug)]
struct Issuer {
    source: Source,
    rules: jwt::Validation,
}

impl Issuers {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Accepts tokens of `issuer` that its keys have signed, and whose claims are acceptable under `rules`. These need
    /// not name the issuer. One that was added before under that name is replaced.
    pub fn add(&mut self, issuer: impl Into<String>, source: Source, rules: jwt::Validation) {
        let issuer = issuer.into();
        let rules = rules.issuer(issuer.clone());
        self.by_name.insert(issuer, Issuer { source, rules });
    }

    /// The keys of an issuer.
    #[must_use]
    pub fn source(&self, issuer: &str) -> Option<&Source> {
        self.by_name.get(issuer).map(|issuer| &issuer.source)
    }

    /// Verifies a signed token of one of the issuers, and its claims.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownIssuer`] for a token of somebody else's, or of nobody's; otherwise as
    /// [`Source::verify_jwt`].
    pub async fn verify<C: DeserializeOwned>(
        &self,
        token: &str,
        now: UnixTime,
    ) -> Result<Verified<C>, Error> {
        let Issuer { source, rules } = self.issuer_of(token)?;
        source.verify_jwt(token, rules, now).await
    }

    fn issuer_of(&self, token: &str) -> Result<&Issuer, Error> {
        let claims = hazmat::peek_unverified_claims(&Unverified::parse(token)?)?;
        let issuer = claims.issuer().and_then(|issuer| self.by_name.get(issuer.as_ref()));
        issuer.ok_or(Error::UnknownIssuer)
    }
}

impl Source {
    /// Verifies a signed token under the keys of this issuer, and its claims under `rules`.
    ///
    /// # Errors
    ///
    /// [`Error::Source`] if no keys can be had, [`Error::Jwt`] if the token is refused.
    pub async fn verify_jwt<C: DeserializeOwned>(
        &self,
        token: &str,
        rules: &jwt::Validation,
        now: UnixTime,
    ) -> Result<Verified<C>, Error> {
        let keys = self.keys_for(&Unverified::parse(token)?).await?;
        Ok(jwt::verify(token, &keys, rules, now)?)
    }
}

/// Why a token was not accepted.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The token is refused: it is none, none of the keys signed it, or its claims are not acceptable.
    Jwt(jwt::Error),
    /// The keys of its issuer cannot be had.
    Source(SourceError),
    /// It names no issuer whose tokens are accepted.
    UnknownIssuer,
}

impl Error {
    /// A code that stays the same between versions.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Jwt(error) => error.code(),
            Self::Source(error) => error.code(),
            Self::UnknownIssuer => "ERR_JWT_CLAIM_INVALID",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jwt(error) => error.fmt(f),
            Self::Source(error) => error.fmt(f),
            Self::UnknownIssuer => {
                f.write_str("the token names no issuer whose tokens are accepted")
            }
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Jwt(error) => error.source(),
            Self::Source(error) => error.source(),
            Self::UnknownIssuer => None,
        }
    }
}

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        Self::Jwt(error.into())
    }
}

impl From<jwt::Error> for Error {
    fn from(error: jwt::Error) -> Self {
        Self::Jwt(error)
    }
}

impl From<SourceError> for Error {
    fn from(error: SourceError) -> Self {
        Self::Source(error)
    }
}
