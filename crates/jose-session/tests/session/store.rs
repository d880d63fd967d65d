//! Sessions that are ended before their time, and tokens that are good for one change.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::HeaderMap;
use jose_core::UnixTime;
use jose_session::{Config, Error, MemoryStore, Revocation, SessionStore, Sessions, StoreError};

use crate::clock::Clock;
use crate::{Data, config, next_request, request, sessions};

fn at(seconds: u64) -> UnixTime {
    UnixTime::from_secs(Clock::START + seconds)
}

fn memory(clock: &Clock) -> Arc<MemoryStore> {
    Arc::new(MemoryStore::new().with_clock(clock.reader()))
}

/// One that answers until it is switched off.
#[derive(Clone)]
pub(crate) struct Flaky {
    memory: Arc<MemoryStore>,
    down: Arc<AtomicBool>,
}

impl Flaky {
    pub(crate) fn new(clock: &Clock) -> Self {
        Self { memory: memory(clock), down: Arc::default() }
    }

    pub(crate) fn fail(&self) {
        self.down.store(true, Ordering::SeqCst);
    }

    fn check(&self) -> Result<(), StoreError> {
        let down = self.down.load(Ordering::SeqCst);
        if down { Err(StoreError::unavailable("connection refused")) } else { Ok(()) }
    }
}

impl SessionStore for Flaky {
    async fn revoked_at(&self, id: &str) -> Result<Option<UnixTime>, StoreError> {
        self.check()?;
        self.memory.revoked_at(id).await
    }

    async fn revoke_once(
        &self,
        id: &str,
        now: UnixTime,
        until: UnixTime,
    ) -> Result<Revocation, StoreError> {
        self.check()?;
        tokio::task::yield_now().await;
        self.memory.revoke_once(id, now, until).await
    }
}

/// Whether it was the first to.
async fn revoke(store: &MemoryStore, id: &str, until: UnixTime) -> bool {
    store.revoke_once(id, at(0), until).await.unwrap() == Revocation::First
}

fn stored(config: Config, store: impl SessionStore + 'static) -> Sessions<Data> {
    sessions(config.store(store))
}

async fn begun(sessions: &Sessions<Data>) -> HeaderMap {
    let session = sessions.read(&HeaderMap::new()).await;
    session.update(|data| data.name = "joe".into()).await.unwrap();
    request("x-app-session", &session.token().unwrap())
}

#[tokio::test]
async fn a_token_of_a_cleared_session_is_none_any_more() {
    let clock = Clock::new();
    let sessions = stored(config(&clock), memory(&clock));
    let request = begun(&sessions).await;
    sessions.read(&request).await.clear().await.unwrap();
    let session = sessions.read(&request).await;
    assert!(!session.exists() && session.token().is_none());
    assert_eq!(session.failure().unwrap().code(), "ERR_SESSION_REVOKED");
}

#[tokio::test]
async fn a_token_that_was_revoked_tells_whose_it_was() {
    let clock = Clock::new();
    let sessions = stored(config(&clock), memory(&clock));
    let request = begun(&sessions).await;
    let session = sessions.read(&request).await;
    assert!(session.refused().is_none());
    session.clear().await.unwrap();
    let session = sessions.read(&request).await;
    assert_eq!(session.refused().unwrap().data().name, "joe");
    assert_eq!(*session.data(), Data::default());
}

#[tokio::test]
async fn without_single_use_an_earlier_token_stays_good() {
    let clock = Clock::new();
    let sessions = stored(config(&clock), memory(&clock));
    let request = begun(&sessions).await;
    sessions.read(&request).await.update(|data| data.visits = 1).await.unwrap();
    assert!(sessions.read(&request).await.exists());
}

#[tokio::test]
async fn a_token_for_single_use_is_good_for_one_change() {
    let clock = Clock::new();
    let sessions = stored(config(&clock).single_use(), memory(&clock));
    let first = begun(&sessions).await;
    let (one, two) = (sessions.read(&first).await, sessions.read(&first).await);
    one.update(|data| data.visits += 1).await.unwrap();
    let error = two.update(|data| data.visits += 1).await.unwrap_err();
    assert!(matches!(error, Error::Used));
    assert!(!two.is_dirty() && two.data().visits == 0);
    assert!(!sessions.read(&first).await.exists());
    let second = next_request(&HeaderMap::new(), &one);
    assert!(sessions.read(&second).await.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_uses_at_once_one_is_the_first() {
    let clock = Clock::new();
    let sessions = stored(config(&clock).single_use(), Flaky::new(&clock));
    let request = begun(&sessions).await;
    let tasks: Vec<_> = (0..40)
        .map(|_| {
            let (sessions, request) = (sessions.clone(), request.clone());
            tokio::spawn(async move {
                let session = sessions.read(&request).await;
                let existed = session.exists();
                existed && session.update(|data| data.visits += 1).await.is_ok()
            })
        })
        .collect();
    let mut changed = 0;
    for task in tasks {
        changed += u32::from(task.await.unwrap());
    }
    assert_eq!(changed, 1);
}

#[tokio::test]
async fn one_handle_changes_as_often_as_it_likes() {
    let clock = Clock::new();
    let sessions = stored(config(&clock).single_use(), memory(&clock));
    let session = sessions.read(&begun(&sessions).await).await;
    for _ in 0..3 {
        session.update(|data| data.visits += 1).await.unwrap();
    }
    assert_eq!(session.data().visits, 3);
}

#[tokio::test]
async fn where_the_store_cannot_answer_there_is_no_session() {
    let clock = Clock::new();
    let store = Flaky::new(&clock);
    let sessions = stored(config(&clock), store.clone());
    let request = begun(&sessions).await;
    store.fail();
    let session = sessions.read(&request).await;
    assert!(!session.exists() && session.refused().is_none() && !session.is_dirty());
    let failure = session.failure().unwrap();
    assert!(matches!(*failure, Error::Store(_)) && failure.is_temporary());
    let opened = sessions.open(request["x-app-session"].to_str().unwrap()).await;
    assert!(matches!(opened, Err(Error::Store(_))));
}

#[tokio::test]
async fn a_session_that_could_not_be_read_is_not_overwritten() {
    let clock = Clock::new();
    let store = Flaky::new(&clock);
    let sessions = stored(config(&clock), store.clone());
    let request = begun(&sessions).await;
    store.down.store(true, Ordering::SeqCst);
    let session = sessions.read(&request).await;
    store.down.store(false, Ordering::SeqCst);
    for refused in [session.update(|data| data.visits = 1).await, session.clear().await] {
        let error = refused.unwrap_err();
        assert!(matches!(error, Error::Unread(_)) && error.is_temporary());
        assert_eq!(error.code(), "ERR_SESSION_STORE");
    }
    assert!(!session.is_dirty());
    assert_eq!(sessions.read(&request).await.data().name, "joe");
}

#[tokio::test]
async fn where_the_store_cannot_answer_nothing_is_changed() {
    let clock = Clock::new();
    let store = Flaky::new(&clock);
    let sessions = stored(config(&clock).single_use(), store.clone());
    let session = sessions.read(&begun(&sessions).await).await;
    let id = session.id();
    store.fail();
    assert!(matches!(session.update(|data| data.visits = 1).await, Err(Error::Store(_))));
    assert!(matches!(session.clear().await, Err(Error::Store(_))));
    assert_eq!((session.id(), session.data().visits, session.is_dirty()), (id, 0, false));
}

#[tokio::test]
async fn the_first_to_revoke_is_told_so() {
    let store = MemoryStore::new();
    assert_eq!(store.revoke_once("a", at(0), UnixTime::MAX).await.unwrap(), Revocation::First);
    let again = store.revoke_once("a", at(5), UnixTime::MAX).await.unwrap();
    assert_eq!(again, Revocation::Again { at: at(0) });
    assert_eq!(store.revoked_at("a").await.unwrap(), Some(at(0)));
    assert_eq!(store.revoked_at("b").await.unwrap(), None);
}

#[tokio::test]
async fn what_may_be_forgotten_is() {
    let clock = Clock::new();
    let store = memory(&clock);
    for id in 0..1000 {
        revoke(&store, &id.to_string(), at(10)).await;
    }
    revoke(&store, "long", at(100)).await;
    clock.go(11);
    revoke(&store, "new", at(100)).await;
    assert_eq!(store.len(), 2);
    assert!(store.revoked_at("long").await.unwrap().is_some());
}

#[tokio::test]
async fn revoking_for_longer_is_remembered_and_for_shorter_is_not() {
    let clock = Clock::new();
    let store = memory(&clock);
    revoke(&store, "a", at(10)).await;
    revoke(&store, "a", at(50)).await;
    revoke(&store, "a", at(5)).await;
    clock.go(40);
    revoke(&store, "b", at(50)).await;
    assert!(store.revoked_at("a").await.unwrap().is_some());
    clock.go(11);
    revoke(&store, "c", at(99)).await;
    assert_eq!(store.len(), 1);
}

#[tokio::test]
async fn a_full_store_refuses_and_forgets_nothing() {
    let clock = Clock::new();
    let store = MemoryStore::new().with_capacity(2).with_clock(clock.reader());
    revoke(&store, "a", at(10)).await;
    revoke(&store, "b", at(10)).await;
    let refused = store.revoke_once("c", at(0), at(10)).await;
    assert!(matches!(refused, Err(StoreError::Full)));
    assert!(!revoke(&store, "a", at(10)).await);
    assert!(store.revoked_at("b").await.unwrap().is_some());
    clock.go(11);
    revoke(&store, "c", at(99)).await;
}

#[tokio::test]
async fn a_revoked_token_is_remembered_until_its_age_refuses_it() {
    let clock = Clock::new();
    let store = memory(&clock);
    let sessions = stored(config(&clock).leeway("60s"), Arc::clone(&store));
    let request = begun(&sessions).await;
    sessions.read(&request).await.clear().await.unwrap();
    for _ in 0..3660 {
        clock.go(1);
        revoke(&store, "other", at(100_000)).await;
        let session = sessions.read(&request).await;
        assert!(!session.exists());
    }
    assert!(matches!(*sessions.read(&request).await.failure().unwrap(), Error::Expired(_)));
}

#[tokio::test]
async fn clearing_ends_the_token_that_came_and_not_only_the_one_of_the_last_change() {
    let clock = Clock::new();
    let sessions = stored(config(&clock), memory(&clock));
    let request = begun(&sessions).await;
    let session = sessions.read(&request).await;
    session.renew().await.unwrap();
    session.clear().await.unwrap();
    assert!(!sessions.read(&request).await.exists());
}

#[tokio::test]
async fn a_request_that_takes_long_is_no_theft() {
    let clock = Clock::new();
    let sessions = stored(config(&clock).single_use(), memory(&clock));
    let request = begun(&sessions).await;
    let slow = sessions.read(&request).await;
    let quick = sessions.read(&request).await;
    clock.go(5);
    quick.update(|data| data.visits += 1).await.unwrap();
    clock.go(60);
    assert!(matches!(slow.update(|data| data.visits += 1).await, Err(Error::Used)));
    assert!(sessions.read(&next_request(&HeaderMap::new(), &quick)).await.exists());
}

#[tokio::test]
async fn the_overlap_forgives_clocks_as_far_as_the_leeway_does() {
    let clock = Clock::new();
    let sessions = stored(config(&clock).leeway("60s").single_use(), memory(&clock));
    let request = begun(&sessions).await;
    sessions.read(&request).await.update(|data| data.visits += 1).await.unwrap();
    clock.go(69);
    assert!(matches!(*sessions.read(&request).await.failure().unwrap(), Error::Used));
    clock.go(1);
    assert!(matches!(*sessions.read(&request).await.failure().unwrap(), Error::Reused));
}
