//! Machines that serve the same sessions: each with a connection of its own to what all of them share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use jose::{Alg, Jwk, RUSTCRYPTO, UnixTime};
use jose_session::{
    Config, HookError, Keys, MemoryStore, Refresher, Revocation, SessionStore, Sessions, Snapshot,
    StoreError,
};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Access {
    pub user: String,
    pub count: u64,
}

#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Refresh {
    pub user: String,
}

pub type Machine = Refresher<Access, Refresh>;

tokio::task_local! {
    /// What time it is for a browser: each has its own, so that what one waits for is no time to another.
    pub static TIME: Arc<AtomicU64>;
}

pub const START: u64 = 1_800_000_000;

fn now() -> UnixTime {
    UnixTime::from_secs(TIME.try_with(|time| time.load(Ordering::SeqCst)).unwrap_or(START))
}

/// One machine for each of these stores.
pub fn machines<S: SessionStore + Clone + 'static>(stores: &[S]) -> Vec<Machine> {
    let keys = || Keys::from_jwk(&Jwk::generate(Alg::HS256, RUSTCRYPTO).unwrap(), RUSTCRYPTO);
    let (access, refresh) = (keys().unwrap(), keys().unwrap());
    let machine = |store: &S| {
        let access = Config::new("access", access.clone(), RUSTCRYPTO)
            .typ("access+jwt")
            .max_age("15m")
            .families("7D")
            .clock(now)
            .store(store.clone());
        let refresh = Config::new("refresh", refresh.clone(), RUSTCRYPTO)
            .typ("refresh+jwt")
            .max_age("7D")
            .single_use()
            .clock(now)
            .store(store.clone());
        let grant = |refresh: Snapshot<Refresh>| async move {
            Ok::<_, HookError>(Access { user: refresh.data().user.clone(), count: 0 })
        };
        let (access, refresh) = (Sessions::new(access), Sessions::new(refresh));
        Refresher::new(access.unwrap(), refresh.unwrap(), grant).unwrap()
    };
    stores.iter().map(machine).collect()
}

/// A store that fails in every way there is, until it is told not to: it refuses, or does what it was told and does not
/// say so, or does it when nobody waits for it any more.
#[derive(Clone)]
pub struct Faulty {
    store: Arc<MemoryStore>,
    random: Arc<AtomicU64>,
    fails: Arc<AtomicBool>,
}

impl Faulty {
    pub fn new(seed: u64) -> Self {
        // What is forgotten when is not what is tested here.
        let store = Arc::new(MemoryStore::new().with_clock(|| UnixTime::from_secs(START)));
        Self { store, random: Arc::new(seed.into()), fails: Arc::new(true.into()) }
    }

    pub fn recover(&self) {
        self.fails.store(false, Ordering::SeqCst);
    }

    /// A number below twenty, while it fails.
    fn luck(&self) -> u64 {
        let number = self.random.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
        let luck = fastrand::Rng::with_seed(number).u64(..20);
        if self.fails.load(Ordering::SeqCst) { luck } else { u64::MAX }
    }
}

fn lost() -> StoreError {
    StoreError::unavailable("the answer was lost")
}

impl SessionStore for Faulty {
    async fn revoked_at(&self, id: &str) -> Result<Option<UnixTime>, StoreError> {
        match self.luck() {
            0 => Err(lost()),
            1..5 => {
                tokio::task::yield_now().await;
                self.store.revoked_at(id).await
            }
            _ => self.store.revoked_at(id).await,
        }
    }

    async fn revoke_once(
        &self,
        id: &str,
        now: UnixTime,
        until: UnixTime,
    ) -> Result<Revocation, StoreError> {
        match self.luck() {
            0 => Err(lost()),
            1 => {
                let _done = self.store.revoke_once(id, now, until).await;
                Err(lost())
            }
            2 => {
                let (store, id) = (Arc::clone(&self.store), id.to_owned());
                tokio::spawn(async move {
                    sleep(Duration::from_millis(5)).await;
                    let _done = store.revoke_once(&id, now, until).await;
                });
                Err(lost())
            }
            3..8 => {
                tokio::task::yield_now().await;
                self.store.revoke_once(id, now, until).await
            }
            _ => self.store.revoke_once(id, now, until).await,
        }
    }
}
