//! The sessions of one name: how a request's is read, and how data become a token.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, header};
use jose_core::jwt::{self, ClaimFailure, Claims, Validation};
use jose_core::{Limits, UnixTime};
use serde_json::{Map, Value};

use crate::cookies::{Cookies, Found};
use crate::hooks::AnyHooks;
use crate::session::object;
use crate::token;
use crate::{
    Config, ConfigError, Context, Error, Expired, HeaderField, Hooks, Revocation, Session,
    SessionData, Snapshot,
};

/// Sessions of one name, with data of the type `T`: made once for the process, and asked for each request. Cheap to
/// clone.
///
/// A token that is not accepted is no session, and no error to whoever sent it: the [`Hooks`] are told, and
/// [`Session::failure`] says why.
pub struct Sessions<T: 'static> {
    pub(crate) inner: Arc<Inner<T>>,
}

pub(crate) struct Inner<T: 'static> {
    pub(crate) config: Config,
    rules: Validation,
    limits: Limits,
    pub(crate) max_age: Option<Duration>,
    pub(crate) families: bool,
    /// How long tokens of one family may be good, in this session or another.
    pub(crate) family_age: Option<Duration>,
    leeway: Duration,
    overlap: Duration,
    pub(crate) cookies: Option<Cookies>,
    field: Option<HeaderName>,
    pub(crate) hooks: Box<dyn AnyHooks<T>>,
}

/// What a request brought.
enum Brought {
    Broken(Error),
    Nothing,
    Token(String),
}

impl<T: SessionData> Sessions<T> {
    /// Sessions without hooks.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for what cannot be honoured.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        Self::with_hooks(config, ())
    }

    /// Sessions with these hooks.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for what cannot be honoured.
    pub fn with_hooks(config: Config, hooks: impl Hooks<T> + 'static) -> Result<Self, ConfigError> {
        if config.single_use && config.store.is_none() {
            return Err(ConfigError::NoStore);
        }
        let max_age = config.seconds()?;
        let families = config.families.is_some() || config.single_use;
        let family_age = match config.families {
            None => max_age,
            Some(age) => Some(Duration::from_secs(age?)),
        };
        // Whoever is good for longer would be good again.
        if families && family_age.is_some() && max_age.is_none_or(|age| Some(age) > family_age) {
            return Err(ConfigError::Ages);
        }
        let leeway = config.leeway?;
        let overlap = Duration::from_secs(config.overlap?);
        let mut limits = Limits::DEFAULT;
        limits.token = config.max_token;
        let rules = config.rules.clone().unwrap_or_default();
        let mut rules = rules.typ(config.typ.as_str()).require("jti").require("iat");
        if families {
            rules = rules.require(FAMILY);
        }
        let rules =
            token::rules_of(&config.keys, rules.refuse_future_iat().leeway(leeway)?, limits);
        let options = config.cookie.clone();
        let cookies = options.map(|options| Cookies::new(&config.name, options, config.max_token));
        let cookies = cookies.transpose()?;
        let field = match &config.field {
            HeaderField::ByName => {
                let name = format!("x-{}-session", config.name.to_ascii_lowercase());
                Some(name.parse().map_err(|_| ConfigError::Name)?)
            }
            HeaderField::Named(name) => Some(name.clone()),
            HeaderField::Off => None,
        };
        let leeway = Duration::from_secs(leeway);
        let hooks = Box::new(hooks);
        let inner = Inner {
            config,
            rules,
            limits,
            max_age,
            families,
            family_age,
            leeway,
            overlap,
            cookies,
            field,
            hooks,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Their name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.config.name
    }

    /// The session of a request: of `&HeaderMap`, `&http::Request<_>` or `&http::request::Parts`.
    ///
    /// The token comes from the header field if it is there, even if it is not accepted, and from the cookie otherwise.
    pub async fn read<'r>(&self, request: impl Into<Context<'r>> + Send) -> Session<T> {
        self.read_in(request.into()).await
    }

    /// As [`read`](Self::read), where no answer can carry cookies, as with a WebSocket: every change is refused
    /// ([`Error::ReadOnly`]).
    pub async fn read_only<'r>(&self, request: impl Into<Context<'r>> + Send) -> Session<T> {
        self.read_in(request.into().read_only()).await
    }

    /// The session of a token that came by itself, or none: as [`read`](Self::read), without a request.
    pub async fn resume(&self, token: Option<&str>) -> Session<T> {
        let session = Session::new(Arc::clone(&self.inner), Found::default(), false, false);
        let brought = token.map_or(Brought::Nothing, |token| Brought::Token(token.to_owned()));
        self.inner.fill(&session, brought, &Context::empty()).await;
        session
    }

    /// What a token says, without hooks. As in a request, one that was used before, where it may be used once, ends its
    /// family.
    ///
    /// # Errors
    ///
    /// [`Error`] for one that is not accepted.
    pub async fn open(&self, token: &str) -> Result<Snapshot<T>, Error> {
        self.inner.open(token).await
    }

    /// A new token with these data, without hooks.
    ///
    /// # Errors
    ///
    /// [`Error`] if they could not be sealed.
    pub async fn seal(&self, data: T) -> Result<Snapshot<T>, Error> {
        self.inner.seal(data, None).await
    }

    async fn read_in(&self, context: Context<'_>) -> Session<T> {
        let (brought, found, beside) = self.inner.find(context.headers());
        let inner = Arc::clone(&self.inner);
        let session = Session::new(inner, found, beside, context.is_read_only());
        self.inner.fill(&session, brought, &context).await;
        session
    }
}

impl<T: SessionData> Inner<T> {
    pub(crate) fn now(&self) -> UnixTime {
        (self.config.clock)()
    }

    /// Whether a token of one of them would be one of the other, or take its place.
    pub(crate) fn is_taken_for<U: SessionData>(&self, other: &Inner<U>) -> bool {
        let names =
            [&self.cookies, &other.cookies].map(|cookies| cookies.as_ref().map(Cookies::name));
        media_type(&self.config.typ).eq_ignore_ascii_case(media_type(&other.config.typ))
            || self.field.is_some() && self.field == other.field
            || names[0].is_some() && names[0] == names[1]
    }

    pub(crate) fn is_over(&self, at: UnixTime) -> bool {
        at.saturating_add(self.leeway) <= self.now()
    }

    /// What a request with these fields brought, in which cookies, and whether these are not what it brought.
    fn find(&self, headers: Option<&HeaderMap>) -> (Brought, Found, bool) {
        let Some(headers) = headers else { return (Brought::Nothing, Found::default(), false) };
        let found = self.cookies.as_ref().map(|cookies| cookies.read(headers)).unwrap_or_default();
        let field = self.field.as_ref().map_or(Brought::Nothing, |name| in_field(headers, name));
        let beside = !matches!(field, Brought::Nothing) && !found.is_empty();
        let brought = match (field, found.token()) {
            (Brought::Nothing, Some(token)) => Brought::Token(token.to_owned()),
            (Brought::Nothing, None) if found.is_broken() => Brought::Broken(Error::Cookie),
            (field, _) => field,
        };
        (brought, found, beside)
    }

    /// Makes of `session` what the request says, and tells the hooks.
    async fn fill(&self, session: &Session<T>, brought: Brought, context: &Context<'_>) {
        let read = match brought {
            Brought::Nothing => return,
            Brought::Broken(error) => Err(error),
            Brought::Token(token) => self.read(&token).await,
        };
        let error = match read {
            Ok(read) => match self.ask_store(&read).await {
                Ok(()) => match self.hooks.on_read(&read, context).await {
                    Ok(()) => return session.accept(read),
                    Err(error) => return session.refuse(error.into(), Some(read)),
                },
                Err(error) => return self.refuse(session, error, Some(read)).await,
            },
            Err(Error::Expired(expired)) => match self.hooks.on_expire(&expired, context).await {
                Ok(Some(data)) if !context.is_read_only() => match self.seal(data, None).await {
                    Ok(new) => return session.put(new),
                    Err(error) => error,
                },
                Ok(_) => return session.refuse(Error::Expired(expired), None),
                Err(error) => return session.refuse(error.into(), None),
            },
            Err(error) => error,
        };
        self.refuse(session, error, None).await;
    }

    async fn refuse(&self, session: &Session<T>, error: Error, refused: Option<Snapshot<T>>) {
        tracing::debug!(code = error.code(), "a session was not accepted");
        // What might be revoked, and what is, are two answers.
        let told = matches!(error, Error::Reused | Error::Revoked | Error::Used);
        let refused = refused.filter(|_| told);
        let shown = refused.clone().unwrap_or_else(Snapshot::empty);
        self.hooks.on_error(&error, &shown).await;
        session.refuse(error, refused);
    }

    async fn open(&self, token: &str) -> Result<Snapshot<T>, Error> {
        let read = self.read(token).await?;
        self.ask_store(&read).await?;
        Ok(read)
    }

    async fn ask_store(&self, read: &Snapshot<T>) -> Result<(), Error> {
        let Some(store) = &self.config.store else { return Ok(()) };
        if let Some(family) = read.family()
            && store.revoked_at(family).await?.is_some()
        {
            return Err(Error::Revoked);
        }
        let Some(id) = read.id() else { return Ok(()) };
        match store.revoked_at(id).await? {
            Some(at) if self.config.single_use => Err(self.used(read, at, self.now()).await),
            Some(_) => Err(Error::Revoked),
            None => Ok(()),
        }
    }

    /// What it means that a token which was used at `at` came again at `came`.
    async fn used(&self, read: &Snapshot<T>, at: UnixTime, came: UnixTime) -> Error {
        // By the clock of another machine, which may go before or after this one.
        let overlap = self.overlap.saturating_add(self.leeway);
        if came < at.saturating_add(overlap) {
            return Error::Used;
        }
        tracing::warn!(family = read.family(), "a token was used again, and its family is ended");
        match self.revoke(read).await {
            Ok(()) => Error::Reused,
            Err(error) => error,
        }
    }

    /// What a token says, if it is genuine and its time is not over.
    async fn read(&self, token: &str) -> Result<Snapshot<T>, Error> {
        let now = self.now();
        let opened = token::open(&self.config.keys, token, &self.rules, &self.limits, now).await;
        let claims = match opened {
            Err(Error::Token(error)) => return Err(expired(error, token)),
            opened => opened?,
        };
        let read = self.snapshot_of(&claims, token)?;
        // Of a token without `exp` too, and of one whose `exp` was set when sessions were good for longer.
        match self.expired(&read) {
            Some(expired) => Err(Error::Expired(expired)),
            None => Ok(read),
        }
    }

    /// What to say of a session if its time is over.
    pub(crate) fn expired(&self, read: &Snapshot<T>) -> Option<Expired> {
        let token =
            read.token.as_ref().filter(|_| read.expires_at.is_some_and(|at| self.is_over(at)))?;
        Some(Expired {
            id: read.id.as_deref().map(Into::into),
            created_at: read.created_at,
            expires_at: read.expires_at,
            token: Arc::clone(token),
        })
    }

    /// What the token said whose time is over, to end what it is of: as it was in its last second.
    pub(crate) async fn reopen(&self, expired: &Expired) -> Snapshot<T> {
        let last = expired.expires_at.unwrap_or(UnixTime::MAX).as_secs().saturating_sub(1);
        let (last, token) = (UnixTime::from_secs(last), &*expired.token);
        let keys = &self.config.keys;
        let opened = token::open(keys, token, &self.rules, &self.limits, last).await;
        opened
            .and_then(|claims| self.snapshot_of(&claims, token))
            .unwrap_or_else(|_| Snapshot::empty())
    }

    fn snapshot_of(&self, claims: &Claims, token: &str) -> Result<Snapshot<T>, Error> {
        let mut data: Map<String, Value> = claims.decode().map_err(jwt::Error::from)?;
        for own in OWN {
            data.remove(own);
        }
        let family = match self.families.then(|| data.remove(FAMILY)).flatten() {
            None => None,
            Some(Value::String(family)) => Some(family.into()),
            Some(_) => return Err(Error::Member { name: FAMILY }),
        };
        let data = serde_json::from_value(Value::Object(data)).map_err(Error::Data)?;
        let by_age = claims.issued_at().zip(self.max_age).map(|(iat, age)| iat.saturating_add(age));
        let expires_at = claims.expires_at().into_iter().chain(by_age).min();
        Ok(Snapshot {
            id: claims.token_id().map(Into::into),
            family,
            created_at: claims.issued_at(),
            expires_at,
            data: Arc::new(data),
            token: Some(token.into()),
        })
    }

    /// Seals `data`, in a new family if in none.
    pub(crate) async fn seal(
        &self,
        data: T,
        family: Option<Arc<str>>,
    ) -> Result<Snapshot<T>, Error> {
        let now = self.now().floor();
        let id = self.new_id()?;
        let expires_at = self.max_age.map(|age| now.saturating_add(age));
        let mut claims = object(&data)?;
        for own in OWN {
            claims.remove(own);
        }
        let family = match family {
            None if self.families => Some(self.new_id()?.into()),
            family => family,
        };
        if let Some(family) = &family
            && claims.insert(FAMILY.into(), (**family).into()).is_some()
        {
            return Err(Error::Member { name: FAMILY });
        }
        if self.config.rules.is_none() && claims.contains_key("aud") {
            return Err(Error::Member { name: "aud" });
        }
        claims.insert("jti".into(), id.as_str().into());
        claims.insert("iat".into(), now.as_secs().into());
        if let Some(expires_at) = expires_at {
            claims.insert("exp".into(), expires_at.as_secs().into());
        }
        let token = token::seal(&self.config.keys, claims, &self.config.typ, now).await?;
        let limit = self.cookies.as_ref().map_or(self.config.max_token, Cookies::capacity);
        if token.len() > limit {
            return Err(Error::TooLong { limit });
        }
        let (id, token) = (Some(id.into()), Some(token.into()));
        let (created_at, data) = (Some(now), Arc::new(data));
        Ok(Snapshot { id, family, created_at, expires_at, data, token })
    }

    /// Revokes the token that a change started from, where it is good for one.
    pub(crate) async fn use_up(&self, old: &Snapshot<T>, read_at: UnixTime) -> Result<(), Error> {
        let (true, Some(store), Some(id)) = (self.config.single_use, &self.config.store, old.id())
        else {
            return Ok(());
        };
        match store.revoke_once(id, self.now(), self.until(old)).await? {
            Revocation::First => Ok(()),
            // Not by now: a request may take its time.
            Revocation::Again { at } => Err(self.used(old, at, read_at).await),
        }
    }

    /// Revokes all that are of the session of a token, or where there are no families that token.
    pub(crate) async fn revoke(&self, old: &Snapshot<T>) -> Result<(), Error> {
        let Some(store) = &self.config.store else { return Ok(()) };
        let now = self.now();
        let revocation = match (old.family(), old.id()) {
            // One that is sealed at this moment is good for the whole of its age, and it may take a moment.
            (Some(family), _) => {
                let age = self.family_age.map(|age| age.saturating_mul(2));
                let until = age.map_or(UnixTime::MAX, |age| now.saturating_add(age));
                store.revoke_once(family, now, until.max(self.until(old))).await
            }
            (None, Some(id)) => store.revoke_once(id, now, self.until(old)).await,
            (None, None) => return Ok(()),
        };
        revocation.map(|_| ()).map_err(Error::Store)
    }

    /// When a token is refused for its age by every clock that is forgiven.
    fn until(&self, old: &Snapshot<T>) -> UnixTime {
        let margin = self.leeway.saturating_mul(2).saturating_add(Duration::from_secs(1));
        old.expires_at.map_or(UnixTime::MAX, |at| at.saturating_add(margin))
    }

    fn new_id(&self) -> Result<String, Error> {
        if let Some(ids) = &self.config.ids {
            return Ok(ids());
        }
        let mut octets = [0; 16];
        self.config.backend.random(&mut octets).map_err(Error::Random)?;
        Ok(uuid(octets))
    }
}

/// The members that are the token's and not the data's.
const OWN: [&str; 3] = ["jti", "iat", "exp"];
/// "Session ID" in the registry of RFC 7519 §10.1, from `OpenID` Connect Front-Channel Logout 1.0 §3.
const FAMILY: &str = "sid";

/// A `typ` without the part that may be left out (RFC 7515 §4.1.9).
fn media_type(typ: &str) -> &str {
    match typ.split_at_checked("application/".len()) {
        Some((kind, rest)) if kind.eq_ignore_ascii_case("application/") && !rest.contains('/') => {
            rest
        }
        _ => typ,
    }
}

/// The token in a header field.
fn in_field(headers: &HeaderMap, name: &HeaderName) -> Brought {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Brought::Nothing };
    // Of several, others on the way may have looked at another than we would.
    let Some(value) = value.to_str().ok().filter(|_| values.next().is_none()) else {
        return Brought::Broken(Error::Field);
    };
    let value = value.trim();
    if value.is_empty() {
        return Brought::Nothing;
    }
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    let token = if scheme.eq_ignore_ascii_case("bearer") {
        rest.trim()
    } else if *name == header::AUTHORIZATION || *name == header::PROXY_AUTHORIZATION {
        return Brought::Nothing;
    } else {
        value
    };
    if token.is_empty() { Brought::Broken(Error::Field) } else { Brought::Token(token.to_owned()) }
}

/// Why it was not accepted; expired, if that is all there is against it.
fn expired(error: jwt::Error, token: &str) -> Error {
    let jwt::Error::Claims(claims) = &error else { return Error::Token(error) };
    match claims.failures() {
        [ClaimFailure::Expired { exp, iat, jti, .. }] => Error::Expired(Expired {
            id: jti.clone(),
            created_at: *iat,
            expires_at: Some(*exp),
            token: token.into(),
        }),
        _ => Error::Token(error),
    }
}

/// RFC 9562 §5.4.
fn uuid(octets: [u8; 16]) -> String {
    let version = u128::from_be_bytes(octets) & !(0xf << 76) | (4 << 76);
    let text = format!("{:032x}", version & !(3 << 62) | (2 << 62));
    let mut uuid = String::with_capacity(36);
    for (index, digit) in text.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            uuid.push('-');
        }
        uuid.push(digit);
    }
    uuid
}

impl<T> Clone for Sessions<T> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<T> fmt::Debug for Sessions<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("config", &self.inner.config).finish_non_exhaustive()
    }
}
