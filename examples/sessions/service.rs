//! An access session of 15 minutes, signed, which lets in; and a refresh session of 7 days, encrypted, which renews it.

use std::error::Error;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jose::RUSTCRYPTO as BACKEND;
use jose::jws::KeyRing;
use jose::{Alg, Jwk};
use jose_session::{
    Config, Context, CookieOptions, Expired, HeaderField, HookError, Hooks, Keys, MemoryStore,
    Refresher, SessionData, Sessions, Snapshot,
};
use serde::{Deserialize, Serialize};

use crate::demo::Demo;

/// A browser takes cookies of such names from this host alone, and only for all of it.
pub(crate) const ACCESS: &str = "__Host-access";
pub(crate) const REFRESH: &str = "__Host-refresh";
pub(crate) const ACCESS_AGE: Duration = Duration::from_secs(15 * 60);

/// What every request is let in by. Whoever has the cookie can read it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Access {
    pub(crate) user: String,
    pub(crate) roles: Vec<String>,
}

/// What another access session is granted for.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Refresh {
    pub(crate) user: String,
}

#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) refresher: Refresher<Access, Refresh>,
    /// The keys that sign access sessions, one after the other.
    pub(crate) ring: Arc<RwLock<KeyRing>>,
    demo: Demo,
}

impl Service {
    /// Its keys are made here, so that all sessions end with the process. Yours come from where your secrets are.
    pub(crate) fn new(demo: &Demo) -> Result<Self, Box<dyn Error>> {
        let ring = KeyRing::new(&Jwk::generate(Alg::ES256, BACKEND)?.with_kid("key-1"), BACKEND)?;
        let ring = Arc::new(RwLock::new(ring));
        let refresh_key = Jwk::generate(Alg::A256GCMKW, BACKEND)?;
        let store = Arc::new(MemoryStore::new().with_clock(demo.clock()));

        let access = Config::new("access", Keys::ring(Arc::clone(&ring)), BACKEND)
            .typ("access+jwt")
            .cookie(CookieOptions::new().name(ACCESS))
            .header(HeaderField::Off)
            .max_age(ACCESS_AGE)
            .families("7D")
            .store(Arc::clone(&store))
            .clock(demo.clock());
        let refresh = Config::new("refresh", Keys::from_jwk(&refresh_key, BACKEND)?, BACKEND)
            .typ("refresh+jwt")
            .cookie(CookieOptions::new().name(REFRESH))
            .header(HeaderField::Off)
            .max_age("7D")
            .single_use()
            .store(store)
            .clock(demo.clock());
        let access = Sessions::with_hooks(access, Journal::of("access", demo))?;
        let refresh = Sessions::with_hooks(refresh, Journal::of("refresh", demo))?;
        let grant = |refresh: Snapshot<Refresh>| async move { account(&refresh.data().user) };
        let refresher = Refresher::new(access, refresh, grant)?;
        Ok(Self { refresher, ring, demo: demo.clone() })
    }

    /// Another key signs from now on. The one before verifies for as long as what it signed is good.
    pub(crate) fn rotate(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        let now = self.demo.now();
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        ring.prune(now);
        let number = ring.keys().filter_map(|key| key.kid().strip_prefix("key-")?.parse().ok());
        let number = number.max().unwrap_or(0_u64) + 1;
        let next = Jwk::generate(Alg::ES256, BACKEND)?.with_kid(format!("key-{number}"));
        ring.rotate(&next, now.saturating_add(ACCESS_AGE), BACKEND)?;
        self.demo.tell(&format!("key-{number} signs from now on"));
        Ok(())
    }
}

/// What a user may do by now, from your database: asked at login and with each renewal, so that what is taken from
/// somebody is gone in 15 minutes.
fn account(user: &str) -> Result<Access, HookError> {
    let roles = match user {
        "joe" => ["reader"].as_slice(),
        "ann" => &["reader", "writer"],
        _ => return Err(HookError::new("there is no such account")),
    };
    Ok(Access { user: user.into(), roles: roles.iter().map(|role| (*role).into()).collect() })
}

/// Tells what happens to the sessions of one name. An audit log would have a place here.
struct Journal {
    name: &'static str,
    demo: Demo,
}

impl Journal {
    fn of(name: &'static str, demo: &Demo) -> Self {
        Self { name, demo: demo.clone() }
    }
}

impl<T: SessionData> Hooks<T> for Journal {
    async fn on_update(&self, new: &Snapshot<T>, old: &Snapshot<T>) -> Result<(), HookError> {
        let (name, verb) = (self.name, if old.exists() { "exchanged" } else { "made" });
        self.demo.tell(&format!("{name} token {verb}: {}", short(new.id())));
        Ok(())
    }

    async fn on_clear(&self, old: &Snapshot<T>) -> Result<(), HookError> {
        if old.exists() {
            self.demo.tell(&format!("{} session ended", self.name));
        }
        Ok(())
    }

    async fn on_expire(&self, _: &Expired, _: &Context<'_>) -> Result<Option<T>, HookError> {
        self.demo.tell(&format!("{} token: its time is over", self.name));
        Ok(None)
    }

    async fn on_error(&self, error: &jose_session::Error, session: &Snapshot<T>) {
        let (name, id) = (self.name, short(session.id()));
        self.demo.tell(&format!("{name} token refused: {} ({error}) {id}", error.code()));
    }
}

/// Enough of a name to tell it from others.
pub(crate) fn short(id: Option<&str>) -> &str {
    id.map_or("", |id| id.get(..8).unwrap_or(id))
}
