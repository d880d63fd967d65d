//! Why a session was not read, or not changed.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use jose_core::error::CryptoError;
use jose_core::jwt;

use crate::token::is_temporary;
use crate::{Expired, HookError, StoreError};

/// Why a request has no session although it brought something, or why a session was not changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The token is of an algorithm, or of a number of rounds, that these keys do not have.
    Algorithm,
    /// Too many passwords are being worked on. The token may be good.
    Busy,
    /// The closure that was to change the data failed.
    Change(Box<dyn StdError + Send + Sync>),
    /// The cookie says that it is in parts, and they are not all there, too many, or too long.
    Cookie,
    /// The data do not become a JSON object, or that of the token does not become the data.
    Data(serde_json::Error),
    /// The data could not be encrypted.
    Encrypt(jwt::EncryptError),
    /// The token is genuine, and its time is over.
    Expired(Expired),
    /// The header field is there more than once, or holds no text.
    Field,
    /// A hook said no.
    Hook(HookError),
    /// The keys to open a token could not be had.
    Keys(Box<dyn StdError + Send + Sync>),
    /// A member of the data may not be there: `aud` without [rules](crate::Config::rules) for it, or `sid` where there are
    /// [families](crate::Config::families).
    #[non_exhaustive]
    Member {
        /// Which.
        name: &'static str,
    },
    /// The data, or the patch, are no JSON object.
    NotAnObject,
    /// There is no randomness to be had.
    Random(CryptoError),
    /// The session can be read and not changed: there is no answer that could carry it.
    ReadOnly,
    /// The token has been used before, where it may be used once, and not just now: it was stolen, or the one that it was
    /// exchanged for. The whole family is revoked.
    Reused,
    /// The session was ended before its time.
    Revoked,
    /// The data could not be signed.
    Sign(jwt::SignError),
    /// The store could not answer.
    Store(StoreError),
    /// There is no session to refresh another from: for this reason, if the request brought something.
    Unrefreshable(Option<Arc<Self>>),
    /// Nobody could tell whether there is a session, for this reason, so that a change would lose the one there may be.
    Unread(Arc<Self>),
    /// The token has been used just now, where it may be used once: by a request that was on its way at the same time.
    /// The client has another one by now.
    Used,
    /// The thread that worked on a password ended without an answer.
    Thread,
    /// The token was not accepted.
    Token(jwt::Error),
    /// The token would be longer than those that are read, or than what cookies hold.
    #[non_exhaustive]
    TooLong {
        /// How many octets it may have.
        limit: usize,
    },
}

impl Error {
    /// A code that stays the same between versions.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Algorithm => "ERR_JWE_ALG_NOT_ALLOWED",
            Self::Busy | Self::Thread => "ERR_SESSION_BUSY",
            Self::Change(_) => "ERR_SESSION_CHANGE",
            Self::Cookie => "ERR_SESSION_COOKIE",
            Self::Data(_) | Self::Member { .. } | Self::NotAnObject => "ERR_SESSION_DATA",
            Self::Encrypt(error) => error.code(),
            Self::Expired(_) => "ERR_JWT_EXPIRED",
            Self::Field => "ERR_SESSION_FIELD",
            Self::Hook(_) => "ERR_SESSION_HOOK",
            Self::Keys(_) => "ERR_SESSION_KEYS",
            Self::Random(error) => error.code(),
            Self::ReadOnly => "ERR_SESSION_READ_ONLY",
            Self::Reused => "ERR_SESSION_REUSED",
            Self::Revoked => "ERR_SESSION_REVOKED",
            Self::Sign(error) => error.code(),
            Self::Store(_) => "ERR_SESSION_STORE",
            Self::Token(error) => error.code(),
            Self::TooLong { .. } => "ERR_SESSION_TOO_LONG",
            Self::Unread(error) | Self::Unrefreshable(Some(error)) => error.code(),
            Self::Unrefreshable(None) => "ERR_SESSION_NONE",
            Self::Used => "ERR_SESSION_USED",
        }
    }

    /// Whether it says nothing about the token: asked again later, the answer may be another. A server that requires a
    /// session answers 503 here, and 401 otherwise.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Token(error) => is_temporary(error),
            Self::Hook(error) => error.is_unavailable(),
            Self::Unrefreshable(Some(error)) => error.is_temporary(),
            Self::Busy
            | Self::Keys(_)
            | Self::Random(_)
            | Self::Store(_)
            | Self::Thread
            | Self::Unread(_) => true,
            _ => false,
        }
    }

    /// Whether a [hook](crate::Hooks) asked that the request be refused, and not only its session.
    #[must_use]
    pub const fn refuses_request(&self) -> bool {
        matches!(self, Self::Hook(error) if error.refuses_request())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Algorithm => "the token is not of the kind that these keys seal",
            Self::Busy => "too many passwords are being worked on",
            Self::Change(_) => "the data were not changed",
            Self::Cookie => "the parts of the cookie are not all there, too many, or too long",
            Self::Data(_) => "the data and their JSON do not fit",
            Self::Encrypt(_) => "the session could not be encrypted",
            Self::Expired(_) => "the session has expired",
            Self::Field => "the header field is there more than once, or holds no text",
            Self::Hook(_) => "a hook refused",
            Self::Keys(_) => "the keys could not be had",
            Self::Member { name } => return write!(f, "`{name}` may not be among the data"),
            Self::NotAnObject => "the data are no JSON object",
            Self::Random(_) => "a name for the session could not be drawn",
            Self::ReadOnly => "the session can only be read here",
            Self::Reused => "the token was used before, and all of its family are ended",
            Self::Revoked => "the session was ended",
            Self::Sign(_) => "the session could not be signed",
            Self::Store(_) => "the store could not answer",
            Self::Unread(_) => "the session could not be read, and is not overwritten",
            Self::Unrefreshable(_) => "there is no session to refresh another from",
            Self::Used => "the token was used by another request just now",
            Self::Thread => "the work on a password was given up",
            Self::Token(_) => "the token was not accepted",
            Self::TooLong { limit } => {
                return write!(f, "the token would be longer than {limit} octets");
            }
        })
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Change(error) | Self::Keys(error) => Some(&**error),
            Self::Data(error) => Some(error),
            Self::Encrypt(error) => Some(error),
            Self::Hook(error) => Some(error),
            Self::Random(error) => Some(error),
            Self::Sign(error) => Some(error),
            Self::Store(error) => Some(error),
            Self::Token(error) => Some(error),
            Self::Unread(error) | Self::Unrefreshable(Some(error)) => Some(&**error),
            _ => None,
        }
    }
}

impl From<jwt::Error> for Error {
    fn from(error: jwt::Error) -> Self {
        Self::Token(error)
    }
}

impl From<HookError> for Error {
    fn from(error: HookError) -> Self {
        Self::Hook(error)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
