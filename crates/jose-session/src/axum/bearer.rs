//! The claims of a bearer token as an argument of a handler (RFC 6750).

use std::fmt;
use std::ops::Deref;

use axum_core::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use jose_core::jws::Verified;
use jose_core::jwt::Claims;
use serde::de::DeserializeOwned;

use super::challenge::{Credentials, Refusal, credentials, is_scope};
use super::{BearerError, BearerRejection, BearerVerifier};

/// The claims `C` of the token that a request brings in `Authorization: Bearer`, as the [`BearerVerifier`] of the state
/// accepts it. Tokens in bodies and queries are not looked for (RFC 6750 §5.3).
///
/// | the request brings | answer | challenge |
/// |---|---|---|
/// | no credentials, or of another scheme | 401 | `Bearer realm="…"` |
/// | several fields `Authorization`, or what cannot be read | 400 | `error="invalid_request"` |
/// | a token that is not accepted, or has no such claims | 401 | `error="invalid_token"` |
/// | a token without a [scope](Self::require_scope) | 403 | `error="insufficient_scope", scope="…"` |
/// | a token that nobody can judge just now | 503 | none |
///
/// An `Option` of it is `None` if there is no field `Authorization`, and nowhere else: whoever brought something wanted
/// to be somebody.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use axum::Router;
/// use axum::routing::get;
/// use jose_core::jws::VerifyingKey;
/// use jose_core::jwt::Validation;
/// use jose_core::{Alg, Jwk, UnixTime};
/// use jose_rustcrypto::BACKEND;
/// use jose_session::axum::{Bearer, BearerRejection, BearerVerifier};
/// # let issuers_key = Jwk::generate(Alg::ES256, BACKEND)?.to_public()?;
///
/// #[derive(serde::Deserialize)]
/// struct Caller {
///     sub: String,
/// }
///
/// async fn read(caller: Bearer<Caller>) -> Result<String, BearerRejection> {
///     caller.require_scope("notes:read")?;
///     Ok(format!("the notes of {}", caller.sub))
/// }
///
/// let key = VerifyingKey::from_jwk(&issuers_key, BACKEND)?;
/// let rules = Validation::strict("https://issuer.example", "https://notes.example");
/// let verifier = BearerVerifier::from_keys("notes", key, rules, UnixTime::now)?;
/// let app: Router = Router::new().route("/notes", get(read)).with_state(verifier);
/// # drop(app);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Bearer<C> {
    content: C,
    claims: Verified<Claims>,
    verifier: BearerVerifier,
}

impl<C> Bearer<C> {
    /// The claims as `C`, without the rest.
    #[must_use]
    pub fn into_content(self) -> C {
        self.content
    }

    /// All claims, and by which key they were signed.
    #[must_use]
    pub const fn claims(&self) -> &Verified<Claims> {
        &self.claims
    }

    /// Whether the token has these scopes, separated by spaces, in its claim `scope` (RFC 8693 §4.2). A claim that is no
    /// string has none.
    ///
    /// # Errors
    ///
    /// [`BearerRejection`], which is an answer: 403 if one is lacking, and 500 if `scope` is none (RFC 6749 §3.3).
    pub fn require_scope(&self, scope: &str) -> Result<(), BearerRejection> {
        if !is_scope(scope) {
            tracing::error!(scope, "scopes are separated by one space, and have no quotes");
            return Err(Refusal::Scope.into());
        }
        let granted = self.claims.content().get::<String>("scope").ok().flatten();
        let granted = granted.unwrap_or_default();
        if scope.split(' ').all(|one| granted.split(' ').any(|granted| granted == one)) {
            return Ok(());
        }
        Err(self.verifier.challenge(Refusal::InsufficientScope, Some(scope)))
    }
}

impl<C> Deref for Bearer<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.content
    }
}

impl<C> fmt::Debug for Bearer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The content is somebody's personal data.
        f.debug_struct("Bearer").field("claims", &self.claims).finish_non_exhaustive()
    }
}

impl<S, C> FromRequestParts<S> for Bearer<C>
where
    S: Send + Sync,
    C: DeserializeOwned + Send,
    BearerVerifier: FromRef<S>,
{
    type Rejection = BearerRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, BearerRejection> {
        extract(&parts.headers, BearerVerifier::from_ref(state)).await
    }
}

/// `None` if the request brings no credentials at all.
impl<S, C> OptionalFromRequestParts<S> for Bearer<C>
where
    S: Send + Sync,
    C: DeserializeOwned + Send,
    BearerVerifier: FromRef<S>,
{
    type Rejection = BearerRejection;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &S,
    ) -> Result<Option<Self>, BearerRejection> {
        if !parts.headers.contains_key(AUTHORIZATION) {
            return Ok(None);
        }
        extract(&parts.headers, BearerVerifier::from_ref(state)).await.map(Some)
    }
}

async fn extract<C: DeserializeOwned>(
    fields: &HeaderMap,
    verifier: BearerVerifier,
) -> Result<Bearer<C>, BearerRejection> {
    let refuse = |refusal| verifier.challenge(refusal, None);
    let token = match credentials(fields) {
        Credentials::Bearer(token) => token,
        Credentials::Malformed => return Err(refuse(Refusal::InvalidRequest)),
        Credentials::None => return Err(refuse(Refusal::NoCredentials)),
    };
    let claims = match verifier.verify(token).await {
        Ok(claims) => claims,
        Err(BearerError::Refused(error)) => {
            tracing::debug!(%error, "a bearer token was not accepted");
            return Err(refuse(Refusal::InvalidToken));
        }
        Err(BearerError::Unavailable(error)) => {
            tracing::warn!(%error, "a bearer token could not be judged");
            return Err(Refusal::Unavailable.into());
        }
    };
    match claims.content().decode() {
        Ok(content) => Ok(Bearer { content, claims, verifier }),
        Err(error) => {
            tracing::debug!(%error, "a bearer token has not the claims that were asked for");
            Err(refuse(Refusal::InvalidToken))
        }
    }
}
