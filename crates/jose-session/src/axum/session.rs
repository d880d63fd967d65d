//! The session of a request as an argument of its handler.

use std::any::type_name;
use std::error::Error;
use std::fmt;
use std::ops::Deref;

use axum_core::body::Body;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;

use crate::layer::{Refusal, existing, read};
use crate::{Session, SessionData};

/// The session that a [`SessionLayer`](crate::SessionLayer) or [`RefresherLayer`](crate::RefresherLayer) has read, whether
/// it exists or not.
impl<S: Send + Sync, T: SessionData> FromRequestParts<S> for Session<T> {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        Ok(read(&parts.extensions)?)
    }
}

/// A session that exists when the handler is called, of keys that sign. Otherwise the answer is 401, or 503 where it
/// [cannot be told](crate::Error::is_temporary) just now; and 500 where keys encrypt, or no layer reads the session.
#[derive(Clone, Debug)]
pub struct SignedSession<T: 'static>(Session<T>);

impl<T: SessionData> SignedSession<T> {
    /// The session.
    #[must_use]
    pub fn into_inner(self) -> Session<T> {
        self.0
    }
}

impl<T: 'static> Deref for SignedSession<T> {
    type Target = Session<T>;

    fn deref(&self) -> &Session<T> {
        &self.0
    }
}

impl<S: Send + Sync, T: SessionData> FromRequestParts<S> for SignedSession<T> {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        Ok(Self(of_kind(parts, Kind::Signed)?))
    }
}

/// `None` if there is none.
impl<S: Send + Sync, T: SessionData> OptionalFromRequestParts<S> for SignedSession<T> {
    type Rejection = SessionRejection;

    async fn from_request_parts(
        parts: &mut Parts,
        _: &S,
    ) -> Result<Option<Self>, SessionRejection> {
        Ok(if_any(of_kind(parts, Kind::Signed))?.map(Self))
    }
}

/// A session that exists when the handler is called, of keys that encrypt. Otherwise the answer is 401, or 503 where it
/// [cannot be told](crate::Error::is_temporary) just now; and 500 where keys sign, or no layer reads the session.
#[derive(Clone, Debug)]
pub struct EncryptedSession<T: 'static>(Session<T>);

impl<T: SessionData> EncryptedSession<T> {
    /// The session.
    #[must_use]
    pub fn into_inner(self) -> Session<T> {
        self.0
    }
}

impl<T: 'static> Deref for EncryptedSession<T> {
    type Target = Session<T>;

    fn deref(&self) -> &Session<T> {
        &self.0
    }
}

impl<S: Send + Sync, T: SessionData> FromRequestParts<S> for EncryptedSession<T> {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        Ok(Self(of_kind(parts, Kind::Encrypted)?))
    }
}

/// `None` if there is none.
impl<S: Send + Sync, T: SessionData> OptionalFromRequestParts<S> for EncryptedSession<T> {
    type Rejection = SessionRejection;

    async fn from_request_parts(
        parts: &mut Parts,
        _: &S,
    ) -> Result<Option<Self>, SessionRejection> {
        Ok(if_any(of_kind(parts, Kind::Encrypted))?.map(Self))
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Encrypted,
    Signed,
}

fn of_kind<T: SessionData>(parts: &Parts, expected: Kind) -> Result<Session<T>, Refusal> {
    // Before it matters whether there is one: a mistake of the program shows with the first request.
    let encrypts = read::<T>(&parts.extensions)?.sessions().inner.config.keys.encrypts();
    let actual = if encrypts { Kind::Encrypted } else { Kind::Signed };
    if actual != expected {
        let data = type_name::<T>();
        tracing::error!(data, ?expected, ?actual, "the session has keys of another kind");
        return Err(Refusal::OtherKind);
    }
    existing(&parts.extensions)
}

fn if_any<T>(session: Result<Session<T>, Refusal>) -> Result<Option<Session<T>>, Refusal> {
    match session {
        Ok(session) => Ok(Some(session)),
        Err(Refusal::NoSession) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// Why a handler was not asked for want of a session. The answer is its status, and nothing more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SessionRejection(Refusal);

impl SessionRejection {
    /// 401 where there is no session, 503 where that cannot be told just now, 500 for what is wrong with the program.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.0.status()
    }
}

impl From<Refusal> for SessionRejection {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl IntoResponse for SessionRejection {
    fn into_response(self) -> Response {
        self.0.answer::<Body>()
    }
}

impl fmt::Display for SessionRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Refusal::Forbidden => "the session does not allow that",
            Refusal::NoLayer => "no layer reads this session",
            Refusal::NoSession => "there is no session",
            Refusal::OtherKind => "the session has keys of another kind",
            Refusal::Unavailable => "it cannot be told whether there is a session",
        })
    }
}

impl Error for SessionRejection {}
