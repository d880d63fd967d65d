//! The keys of one issuer: prepared once for each answer, fetched again when it is time.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::{Request, Response, Uri, header};
use jose_core::JwkSet;
use jose_core::error::{CryptoError, NoMatchReason};
use jose_core::jws::{Jws, KeyResolver, Unverified, VerifyingKeys};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{debug, warn};

use crate::answer::{Kind, Validators, age_left, check};
use crate::cache::{Answer, Cache, Held, Outcome, Step, Ticket, Want};
use crate::discovery::Place;
use crate::{Config, ConfigError, Fetch, FetchError};

/// The keys of one issuer, which somebody publishes and changes. Cheap to clone.
///
/// Keys are prepared once for each answer. While an answer may be used, asking for keys costs no I/O; one that is
/// about to end is renewed in the background; and however many ask at once, one fetch is under way. A token that names
/// a key nobody has heard of causes one more fetch, and at most one in every [`cooldown`](crate::Times::cooldown).
///
/// A `Source` needs a tokio runtime with time enabled around its callers, where its fetches run as tasks of their own:
/// that somebody who asked goes away ends no fetch.
///
/// ```no_run
/// # #[cfg(feature = "reqwest-rustls")]
/// # async fn verify(token: &str) -> Result<(), Box<dyn std::error::Error>> {
/// use jose_core::{Alg, jws};
/// use jose_jwks::{Client, Config, Source};
/// use jose_rustcrypto::BACKEND;
///
/// // Once for the process:
/// let config = Config::new(&[Alg::ES256, Alg::RS256], BACKEND);
/// let source = Source::at("https://idp.example/jwks.json", Client::rustls()?, config)?;
///
/// // For each token:
/// let unverified = jws::Unverified::parse(token)?;
/// let keys = source.keys_for(&unverified).await?;
/// let verified = unverified.verify(&keys)?;
/// # Ok(()) }
/// ```
///
/// It is a [`KeyResolver`] too, which answers from what is held and fetches nothing.
#[derive(Clone)]
pub struct Source {
    inner: Inner,
}

#[derive(Clone)]
enum Inner {
    Fixed(Arc<Loaded>),
    Remote(Arc<Remote>),
}

/// An answer, prepared.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) set: Arc<JwkSet>,
    pub(crate) keys: VerifyingKeys,
    /// Where it came from, and what it was.
    origin: Option<Origin>,
}

#[derive(Debug)]
struct Origin {
    address: Uri,
    validators: Validators,
    body: Vec<u8>,
}

pub(crate) struct Remote {
    pub(crate) config: Config,
    place: Place,
    client: Box<dyn Client>,
    pub(crate) cache: Mutex<Cache<Arc<Loaded>>>,
    pub(crate) last_error: Mutex<Option<FetchError>>,
    /// Says that a fetch was settled.
    settled: watch::Sender<()>,
}

/// A [`Fetch`] of whatever type.
trait Client: Send + Sync {
    fn fetch(&self, request: Request<()>, limit: usize) -> Fetching<'_>;
}

type Fetching<'a> =
    Pin<Box<dyn Future<Output = Result<Response<Vec<u8>>, FetchError>> + Send + 'a>>;

impl<F: Fetch> Client for F {
    fn fetch(&self, request: Request<()>, limit: usize) -> Fetching<'_> {
        Box::pin(Fetch::fetch(self, request, limit))
    }
}

impl Source {
    /// The keys at an address, which `client` fetches when they are needed first.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the address is none of `https:`, or no algorithm that has public keys is allowed.
    pub fn at(
        address: &str,
        client: impl Fetch + 'static,
        config: Config,
    ) -> Result<Self, ConfigError> {
        let place = Place::Set(config.address(address)?);
        Self::remote(place, client, config)
    }

    /// The keys of an OpenID provider, at the address that its metadata name: those at
    /// `/.well-known/openid-configuration` under `issuer`, which must name exactly this issuer (OpenID Connect
    /// Discovery 1.0 §4).
    ///
    /// # Errors
    ///
    /// As [`at`](Self::at).
    pub fn of_issuer(
        issuer: &str,
        client: impl Fetch + 'static,
        config: Config,
    ) -> Result<Self, ConfigError> {
        let place = Place::of_issuer(issuer, &config)?;
        Self::remote(place, client, config)
    }

    /// Keys that are there and stay: for tests, and for an issuer whose keys come with a deployment.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if no algorithm that has public keys is allowed.
    pub fn fixed(set: &JwkSet, config: &Config) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self { inner: Inner::Fixed(Arc::new(Loaded::prepare(set.clone(), None, config))) })
    }

    fn remote(
        place: Place,
        client: impl Fetch + 'static,
        mut config: Config,
    ) -> Result<Self, ConfigError> {
        config.check()?;
        // As the cache does, so that a fetch has the time that the cache gives it.
        config.times = config.times.bounded();
        let remote = Remote {
            place,
            client: Box::new(client),
            cache: Mutex::new(Cache::new(config.times)),
            last_error: Mutex::new(None),
            settled: watch::Sender::new(()),
            config,
        };
        Ok(Self { inner: Inner::Remote(Arc::new(remote)) })
    }

    /// The keys that may have signed `token`: those of the last answer, or of a new one if it names a key that is not
    /// among them. Verifying under them tells whether one fits, and why none does.
    ///
    /// # Errors
    ///
    /// [`SourceError`] if there are no keys at all that may be used.
    pub async fn keys_for(&self, token: &Unverified<'_>) -> Result<VerifyingKeys, SourceError> {
        self.keys_that(|keys| fits(keys, token)).await
    }

    /// As [`keys_for`](Self::keys_for), for all signatures of `jws`.
    ///
    /// # Errors
    ///
    /// As [`keys_for`](Self::keys_for).
    pub async fn keys_for_all(&self, jws: &Jws) -> Result<VerifyingKeys, SourceError> {
        self.keys_that(|keys| jws.signatures().flatten().all(|token| fits(keys, &token))).await
    }

    /// The set as it was published, for what its keys serve beside signatures.
    ///
    /// # Errors
    ///
    /// As [`keys_for`](Self::keys_for).
    pub async fn set(&self) -> Result<Arc<JwkSet>, SourceError> {
        Ok(Arc::clone(&self.load(Want::Any).await?.0.set))
    }

    /// Waits until there are keys that may be used: at the start of a service, so that its first callers need not.
    ///
    /// # Errors
    ///
    /// As [`keys_for`](Self::keys_for).
    pub async fn ready(&self) -> Result<(), SourceError> {
        self.load(Want::Any).await.map(drop)
    }

    /// Fetches now, whatever is held or under way: for an operator who knows that the keys have changed. The metadata of
    /// an issuer are asked again as well, for the keys may be elsewhere. What comes out of a token must never lead here.
    ///
    /// # Errors
    ///
    /// [`SourceError`] if that fails; what is held stays.
    pub async fn refresh(&self) -> Result<(), SourceError> {
        let Inner::Remote(remote) = &self.inner else { return Ok(()) };
        let runtime = Handle::try_current().map_err(|_| SourceError::NoRuntime)?;
        remote.place.doubt();
        let ticket = remote.cache().force(remote.config.now());
        match remote.spawn(&runtime, ticket).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(remote.unavailable(Some(error))),
            Err(_) => Err(remote.unavailable(Some(FetchError::Abandoned))),
        }
    }

    async fn keys_that(
        &self,
        fit: impl Fn(&VerifyingKeys) -> bool,
    ) -> Result<VerifyingKeys, SourceError> {
        let (loaded, answer) = self.load(Want::Any).await?;
        let Some(answer) = answer.filter(|_| !fit(&loaded.keys)) else {
            return Ok(loaded.keys.clone());
        };
        // Where there is nothing newer, what is held tells why nothing fits.
        let newer = self.load(Want::Newer(answer)).await;
        Ok(newer.map_or_else(|_| loaded.keys.clone(), |(newer, _)| newer.keys.clone()))
    }

    /// The keys, and which answer they came with unless they are fixed.
    async fn load(&self, want: Want) -> Result<(Arc<Loaded>, Option<Answer>), SourceError> {
        match &self.inner {
            Inner::Fixed(loaded) => Ok((Arc::clone(loaded), None)),
            Inner::Remote(remote) => {
                let held = remote.load(want).await?;
                Ok((Arc::clone(held.keys()), Some(held.answer())))
            }
        }
    }

    /// What is held, if that may be used now.
    pub(crate) fn held(&self) -> Option<Arc<Loaded>> {
        match &self.inner {
            Inner::Fixed(loaded) => Some(Arc::clone(loaded)),
            Inner::Remote(remote) => {
                let (cache, now) = (remote.cache(), remote.config.now());
                let held = cache.held().filter(|held| now < held.usable_until());
                held.map(|held| Arc::clone(held.keys()))
            }
        }
    }

    pub(crate) fn as_remote(&self) -> Option<&Remote> {
        match &self.inner {
            Inner::Fixed(_) => None,
            Inner::Remote(remote) => Some(remote),
        }
    }
}

/// Whether another answer would make no difference: one of the keys may have signed `token`, or none ever will.
fn fits(keys: &VerifyingKeys, token: &Unverified<'_>) -> bool {
    match keys.matches(token) {
        Ok(()) => true,
        Err(error) => error.reason() == NoMatchReason::AlgorithmNotAllowed,
    }
}

impl Loaded {
    fn prepare(set: JwkSet, origin: Option<Origin>, config: &Config) -> Self {
        let keys = VerifyingKeys::from_jwks(&set, &config.allow, config.backend);
        Self { set: Arc::new(set), keys, origin }
    }
}

impl Remote {
    pub(crate) fn cache(&self) -> MutexGuard<'_, Cache<Arc<Loaded>>> {
        // It is whole between any two of its operations.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn load(self: &Arc<Self>, want: Want) -> Result<Held<Arc<Loaded>>, SourceError> {
        // Who has none begins nothing, waits for nobody, and so is in nobody's way.
        let Ok(runtime) = Handle::try_current() else { return self.fresh() };
        loop {
            // Before asking, so that nothing is settled unheard in between.
            let mut settled = self.settled.subscribe();
            let step = self.cache().ask(want, self.config.now());
            match step {
                Step::Use(held) => return Ok(held),
                Step::UseAndFetch(held, ticket) => {
                    drop(self.spawn(&runtime, ticket));
                    return Ok(held);
                }
                Step::Fetch(ticket) => drop(self.spawn(&runtime, ticket)),
                Step::Wait => {}
                Step::Nothing { .. } => return Err(self.unavailable(None)),
            }
            // Longer than any fetch is under way: then it is lost, and the next step is another.
            let patience = self.config.times.timeout.saturating_mul(2);
            drop(tokio::time::timeout(patience, settled.changed()).await);
        }
    }

    /// What is held, if it needs no other.
    fn fresh(&self) -> Result<Held<Arc<Loaded>>, SourceError> {
        let (cache, now) = (self.cache(), self.config.now());
        let held = cache.held().filter(|held| now < held.fresh_until());
        held.cloned().ok_or(SourceError::NoRuntime)
    }

    fn spawn(
        self: &Arc<Self>,
        runtime: &Handle,
        ticket: Ticket<Arc<Loaded>>,
    ) -> JoinHandle<Result<(), FetchError>> {
        // Made here: a runtime that is shutting down drops tasks that never ran.
        let flight = Flight { remote: Arc::clone(self), ticket: Some(ticket) };
        runtime.spawn(flight.run())
    }

    /// One attempt: what is new, or that it is the same.
    async fn attempt(
        self: &Arc<Self>,
        held: Option<Arc<Loaded>>,
    ) -> Result<Outcome<Arc<Loaded>>, FetchError> {
        let address = self.place.locate(self).await?;
        let mut request = request(&address)?;
        let origin = held.as_ref().and_then(|held| held.origin.as_ref());
        let origin = origin.filter(|origin| origin.address == address);
        let conditional =
            origin.is_some_and(|origin| origin.validators.condition(request.headers_mut()));
        let limit = self.config.limits.jwk_set;
        let answer = self.ask(request, limit).await?;
        let age = age_left(answer.headers());
        let kind = check(&answer, self.config.any_content_type)?;
        let (parts, body) = answer.into_parts();
        let validators = Validators::of(&parts.headers);
        match (kind, &held, origin) {
            (Kind::Same, ..) if conditional => Ok(Outcome::Same { age }),
            // Nobody asked whether anything has changed, so this says nothing of what is held.
            (Kind::Same, ..) => Err(FetchError::Status { status: parts.status, retry_after: None }),
            (Kind::Body, Some(held), Some(origin)) if origin.body == body => {
                let origin = Origin { address, validators, body };
                let (set, keys) = (Arc::clone(&held.set), held.keys.clone());
                Ok(Outcome::New { keys: Arc::new(Loaded { set, keys, origin: Some(origin) }), age })
            }
            (Kind::Body, ..) => {
                let set = JwkSet::from_json_within(&body, &self.config.limits);
                let set = set.map_err(FetchError::Malformed)?;
                let origin = Origin { address, validators, body };
                let remote = Arc::clone(self);
                // Some hundred keys take a while to prepare, which would hold up everything else.
                let prepare = move || Loaded::prepare(set, Some(origin), &remote.config);
                let loaded = tokio::task::spawn_blocking(prepare).await;
                let keys = Arc::new(loaded.map_err(|_| FetchError::Abandoned)?);
                Ok(Outcome::New { keys, age })
            }
        }
    }

    /// The answer to one request, which is no longer than it may be whatever the client did.
    pub(crate) async fn ask(
        &self,
        request: Request<()>,
        limit: usize,
    ) -> Result<Response<Vec<u8>>, FetchError> {
        let answer = self.client.fetch(request, limit).await?;
        if answer.body().len() > limit { Err(FetchError::too_long(limit)) } else { Ok(answer) }
    }

    fn settle(
        &self,
        ticket: Ticket<Arc<Loaded>>,
        result: Result<Outcome<Arc<Loaded>>, FetchError>,
    ) {
        let outcome = match result {
            Ok(outcome) => outcome,
            Err(error) => {
                let mut jitter = [0; 4];
                // Without randomness all come back together, which is a nuisance and no more.
                drop(self.config.backend.random(&mut jitter));
                let retry_after = error.retry_after();
                let cause = error.cause().unwrap_or_default();
                warn!(place = %self.place, code = error.code(), cause, "no key set: {error}");
                *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                Outcome::Failed { retry_after, jitter: u32::from_ne_bytes(jitter) }
            }
        };
        if !self.cache().settle(ticket, outcome, self.config.now()) {
            debug!(place = %self.place, "an answer came after a newer one");
        }
        self.settled.send_replace(());
    }

    fn unavailable(&self, error: Option<FetchError>) -> SourceError {
        let last = || self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (retry_at, now) = (self.cache().retry_at(), self.config.now());
        SourceError::Unavailable {
            error: error.or_else(last),
            retry_in: retry_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now)),
        }
    }

    pub(crate) const fn place(&self) -> &Place {
        &self.place
    }
}

/// A fetch under way. However it ends, its ticket is settled.
struct Flight {
    remote: Arc<Remote>,
    ticket: Option<Ticket<Arc<Loaded>>>,
}

impl Flight {
    async fn run(mut self) -> Result<(), FetchError> {
        let held = self.ticket.as_ref().and_then(|ticket| ticket.held().cloned());
        let begun = Instant::now();
        debug!(place = %self.remote.place, "fetching a key set");
        let attempt = self.remote.attempt(held);
        let result = tokio::time::timeout(self.remote.config.times.timeout, attempt).await;
        let result = result.unwrap_or(Err(FetchError::Timeout));
        let (place, took) = (&self.remote.place, begun.elapsed());
        match &result {
            Ok(Outcome::New { keys, .. }) => {
                let keys = keys.keys.iter().count();
                debug!(%place, keys, ?took, "fetched a key set");
            }
            Ok(_) => debug!(%place, ?took, "a key set has not changed"),
            Err(_) => {} // told when it is settled
        }
        let told = result.as_ref().map(drop).map_err(Clone::clone);
        if let Some(ticket) = self.ticket.take() {
            self.remote.settle(ticket, result);
        }
        told
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.remote.settle(ticket, Err(FetchError::Abandoned));
        }
    }
}

/// A request for JSON.
pub(crate) fn request(address: &Uri) -> Result<Request<()>, FetchError> {
    let accept = "application/jwk-set+json, application/json";
    let request = Request::get(address.clone()).header(header::ACCEPT, accept);
    request.body(()).map_err(FetchError::transport)
}

impl KeyResolver for Source {
    fn resolve(&self, _token: &Unverified<'_>) -> Result<VerifyingKeys, CryptoError> {
        match self.held() {
            Some(loaded) => Ok(loaded.keys.clone()),
            None => Err(CryptoError::from_source("no keys of this issuer are held")),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.inner {
            Inner::Fixed(loaded) => f.debug_tuple("Source::fixed").field(&loaded.keys).finish(),
            Inner::Remote(remote) => f
                .debug_struct("Source")
                .field("place", &remote.place)
                .field("config", &remote.config)
                .finish_non_exhaustive(), // what is held is in its status
        }
    }
}

/// Why there are no keys.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SourceError {
    /// There is no tokio runtime to fetch them in.
    NoRuntime,
    /// None are held that may be used, and none could be fetched.
    #[non_exhaustive]
    Unavailable {
        /// Why the last fetch failed.
        error: Option<FetchError>,
        /// How long it takes until another is made.
        retry_in: Duration,
    },
}

impl SourceError {
    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unavailable { error: Some(error), .. } => error.code(),
            Self::NoRuntime | Self::Unavailable { error: None, .. } => "ERR_JWK_SET_UNAVAILABLE",
        }
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRuntime => f.write_str("keys are fetched in a tokio runtime, and here is none"),
            Self::Unavailable { retry_in, .. } => {
                write!(
                    f,
                    "no keys of the issuer can be had; the next fetch is in {} s",
                    crate::status::seconds(*retry_in)
                )
            }
        }
    }
}

impl Error for SourceError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unavailable { error: Some(error), .. } => Some(error),
            Self::NoRuntime | Self::Unavailable { error: None, .. } => None,
        }
    }
}
