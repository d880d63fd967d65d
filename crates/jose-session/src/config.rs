//! What sessions are told once.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use jose_core::crypto::Backend;
use jose_core::jwt::Validation;
use jose_core::time::{DurationError, IntoSeconds};
use jose_core::{Limits, UnixTime};

use crate::cookies::{CookieError, CookieOptions};
use crate::store::AnyStore;
use crate::{Keys, SessionStore};

/// What [`Sessions`](crate::Sessions) are told: a name, keys, and what differs from the defaults.
///
/// | | unless told otherwise |
/// |---|---|
/// | where the token comes from | the field `x-<name>-session`, then the cookie `<name>` |
/// | where it goes | the cookie |
/// | how long it is good | until it is replaced: set a [`max_age`](Self::max_age) |
/// | `typ` | `JWT` |
/// | longest token | 256 KiB |
///
/// Two sessions that share keys need a [`typ`](Self::typ) each: otherwise the token of one is one of the other.
#[derive(Clone)]
#[must_use]
pub struct Config {
    pub(crate) name: String,
    pub(crate) keys: Keys,
    pub(crate) backend: &'static dyn Backend,
    pub(crate) cookie: Option<CookieOptions>,
    pub(crate) field: HeaderField,
    pub(crate) max_age: Option<Result<u64, DurationError>>,
    pub(crate) leeway: Result<u64, DurationError>,
    pub(crate) typ: String,
    pub(crate) rules: Option<Validation>,
    pub(crate) max_token: usize,
    pub(crate) clock: Arc<dyn Fn() -> UnixTime + Send + Sync>,
    pub(crate) ids: Option<Arc<dyn Fn() -> String + Send + Sync>>,
    pub(crate) store: Option<Arc<dyn AnyStore>>,
    pub(crate) families: Option<Result<u64, DurationError>>,
    pub(crate) single_use: bool,
    pub(crate) overlap: Result<u64, DurationError>,
}

/// The header field that may bring a token, before any cookie.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum HeaderField {
    /// `x-<name>-session`, the name in lower case. `Bearer` may stand before the token.
    #[default]
    ByName,
    /// This one. `Bearer` may stand before the token; in `authorization` it must, and what has another scheme is
    /// somebody else's.
    Named(HeaderName),
    /// None.
    Off,
}

impl Config {
    /// Sessions of this name, under these keys; `backend` draws the names of tokens.
    pub fn new(name: impl Into<String>, keys: Keys, backend: &'static dyn Backend) -> Self {
        Self {
            name: name.into(),
            keys,
            backend,
            cookie: Some(CookieOptions::new()),
            field: HeaderField::ByName,
            max_age: None,
            leeway: Ok(0),
            typ: "JWT".into(),
            rules: None,
            max_token: Limits::DEFAULT.token,
            clock: Arc::new(UnixTime::now),
            ids: None,
            store: None,
            families: None,
            single_use: false,
            overlap: Ok(10),
        }
    }

    /// Other attributes of the cookies than the default ones.
    pub fn cookie(mut self, options: CookieOptions) -> Self {
        self.cookie = Some(options);
        self
    }

    /// No cookies: the token comes in a header field, and [`Session::token`](crate::Session::token) has the new one.
    pub fn without_cookie(mut self) -> Self {
        self.cookie = None;
        self
    }

    /// Another header field than the default one, or none.
    pub fn header(mut self, field: HeaderField) -> Self {
        self.field = field;
        self
    }

    /// How long a session is good since it was last changed: `"15m"`, `"1h"`, `"7D"` (units `s` `m` `h` `D` `W` `M` `Y`, as
    /// [`IntoSeconds`] has them), or a [`Duration`] of whole seconds. It is in the token as `exp`, and tokens without `exp`
    /// are held to it too.
    pub fn max_age(mut self, age: impl IntoSeconds) -> Self {
        self.max_age = Some(age.into_seconds());
        self
    }

    /// Forgives clocks that differ by this much, at most ten minutes. None by default. Where several machines seal,
    /// some seconds spare users a session that begins in the future.
    pub fn leeway(mut self, leeway: impl IntoSeconds) -> Self {
        self.leeway = leeway.into_seconds();
        self
    }

    /// Another `typ` than `JWT`, in what is sealed and of what is read: what keeps this session's tokens apart from
    /// others under the same keys.
    pub fn typ(mut self, typ: impl Into<String>) -> Self {
        self.typ = typ.into();
        self
    }

    /// Further rules for the claims of a token: `aud`, which the data may hold only if this says which, or conditions.
    /// Policies, `typ` and leeway of `rules` are replaced. They are for what is read: data that they refuse are sealed, and
    /// not accepted when they come back.
    pub fn rules(mut self, rules: Validation) -> Self {
        self.rules = Some(rules);
        self
    }

    /// Longest token in octets, read or sealed. 256 KiB by default.
    pub const fn max_token(mut self, octets: usize) -> Self {
        self.max_token = octets;
        self
    }

    /// Another clock than the system's, for tests.
    pub fn clock(mut self, clock: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Other names for tokens (`jti`) than random UUIDs. No two may be the same.
    pub fn ids(mut self, ids: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.ids = Some(Arc::new(ids));
        self
    }

    /// Asks this store of each token whether it was revoked, and revokes that of a session that is cleared.
    pub fn store(mut self, store: impl SessionStore + 'static) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Tokens say which session they are of (`sid`): each change makes another token of the same family, and a family is
    /// revoked in the [store](Self::store) as a whole. Data cannot have a member `sid` then.
    ///
    /// `longest` is how long a token of a family may be good, of this session or of another that shares families with it:
    /// for so long and as long again it is remembered that one was ended.
    pub fn families(mut self, longest: impl IntoSeconds) -> Self {
        self.families = Some(longest.into_seconds());
        self
    }

    /// A token is good for one change: with each the one before is used up in the [store](Self::store). For tokens whose
    /// second use is a sign of theft, such as those that refresh others. They have [families](Self::families), of the
    /// [maximum age](Self::max_age) unless told otherwise.
    ///
    /// What comes with a token that was used is refused. Shortly after ([`overlap`](Self::overlap)) that is all
    /// ([`Error::Used`](crate::Error::Used)). Later it is a theft, of this token or of the one that it was exchanged
    /// for, and ends the whole family ([`Error::Reused`](crate::Error::Reused)).
    ///
    /// Otherwise changes replace one another: of two requests that change one session at once, the last answer wins.
    pub const fn single_use(mut self) -> Self {
        self.single_use = true;
        self
    }

    /// For how long the second use of a token is not a theft: two requests of one browser are on their way at once.
    /// Neither is it accepted. 10 seconds by default, and the [leeway](Self::leeway) besides; 0 is the strictest, and ends
    /// sessions of browsers that send two.
    pub fn overlap(mut self, overlap: impl IntoSeconds) -> Self {
        self.overlap = overlap.into_seconds();
        self
    }

    pub(crate) fn seconds(&self) -> Result<Option<Duration>, ConfigError> {
        match self.max_age {
            None => Ok(None),
            Some(Ok(0)) => Err(ConfigError::Duration(DurationError::Zero)),
            Some(Ok(seconds)) => Ok(Some(Duration::from_secs(seconds))),
            Some(Err(error)) => Err(ConfigError::Duration(error)),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("name", &self.name)
            .field("keys", &self.keys)
            .field("backend", &self.backend)
            .field("cookie", &self.cookie)
            .field("field", &self.field)
            .field("max_age", &self.max_age)
            .field("leeway", &self.leeway)
            .field("typ", &self.typ)
            .field("rules", &self.rules)
            .field("max_token", &self.max_token)
            .field("store", &self.store.is_some())
            .field("families", &self.families)
            .field("single_use", &self.single_use)
            .field("overlap", &self.overlap)
            .finish_non_exhaustive() // a clock has nothing to show
    }
}

/// Why there are no such sessions.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ConfigError {
    /// The cookies cannot be so.
    Cookie(CookieError),
    /// A length of time cannot be so.
    Duration(DurationError),
    /// A session is good for longer than its [families](Config::families) are remembered. Or of two sessions of which one
    /// refreshes the other, the one that is refreshed is not the shorter one, one of them is good for ever, or its
    /// families are remembered for less long than the other's tokens are good.
    Ages,
    /// Of two sessions of which one refreshes the other, the refreshed one has no [families](Config::families).
    NoFamilies,
    /// The name is none of a header field.
    Name,
    /// Tokens that are good for one change need a store.
    NoStore,
    /// Of two sessions of which one refreshes the other, the other one's tokens can be used
    /// [more than once](Config::single_use).
    NotSingleUse,
    /// Of two sessions of which one refreshes the other, both are in the same cookie or header field, or have the same
    /// `typ`: a token of one would be one of the other.
    Same,
}

impl ConfigError {
    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ERR_SESSION_CONFIG"
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cookie(error) => return error.fmt(f),
            Self::Duration(error) => return error.fmt(f),
            Self::Ages => {
                "a session is good for longer than its families, or than the one that refreshes it"
            }
            Self::NoFamilies => "the session that is refreshed needs families",
            Self::Name => "the name of a session becomes that of a header field",
            Self::NoStore => "tokens that are good for one change need a store",
            Self::NotSingleUse => {
                "the session that refreshes needs tokens that are good for one change"
            }
            Self::Same => "two sessions need a cookie, a header field and a `typ` each",
        })
    }
}

impl Error for ConfigError {}

impl From<CookieError> for ConfigError {
    fn from(error: CookieError) -> Self {
        Self::Cookie(error)
    }
}

impl From<DurationError> for ConfigError {
    fn from(error: DurationError) -> Self {
        Self::Duration(error)
    }
}
