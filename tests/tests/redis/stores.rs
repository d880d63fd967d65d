//! What every store has to do: the same of [`MemoryStore`] and [`RedisStore`].

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jose::UnixTime;
use jose_session::{MemoryStore, RedisStore, Revocation, SessionStore, StoreError};
use tokio::time::sleep;

use crate::server::Server;

/// One of several ways to the same names.
#[derive(Clone)]
enum Way {
    Memory(Arc<MemoryStore>),
    Redis(RedisStore),
}

impl SessionStore for Way {
    async fn revoked_at(&self, id: &str) -> Result<Option<UnixTime>, StoreError> {
        match self {
            Self::Memory(store) => store.revoked_at(id).await,
            Self::Redis(store) => store.revoked_at(id).await,
        }
    }

    async fn revoke_once(
        &self,
        id: &str,
        now: UnixTime,
        until: UnixTime,
    ) -> Result<Revocation, StoreError> {
        match self {
            Self::Memory(store) => store.revoke_once(id, now, until).await,
            Self::Redis(store) => store.revoke_once(id, now, until).await,
        }
    }
}

/// A store, several ways to it.
struct Store {
    name: &'static str,
    ways: Vec<Way>,
    _server: Option<Server>,
}

/// Each store there is, empty.
async fn stores() -> [Store; 2] {
    let memory = Arc::new(MemoryStore::new());
    let memory = vec![Way::Memory(memory); 4];
    let server = Server::start();
    let mut redis = Vec::new();
    for _ in 0..4 {
        redis.push(Way::Redis(server.store("s:").await));
    }
    [
        Store { name: "memory", ways: memory, _server: None },
        Store { name: "redis", ways: redis, _server: Some(server) },
    ]
}

fn after(time: UnixTime, millis: u64) -> UnixTime {
    time.saturating_add(Duration::from_millis(millis))
}

const HOUR: u64 = 3_600_000;
/// Long enough for a busy machine to ask once or twice, short enough to wait for.
const MOMENT: u64 = 1_500;

async fn wait_for(time: UnixTime) {
    while UnixTime::now() <= time {
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_first_is_told_so_and_the_others_when_it_was() {
    for store in stores().await {
        let [one, other, ..] = store.ways.as_slice() else { panic!() };
        let now = after(UnixTime::from_secs(1_800_000_000), 900);
        let later = after(now, 5_000);
        let until = after(now, HOUR);
        assert_eq!(one.revoked_at("a").await.unwrap(), None, "{}", store.name);
        assert_eq!(one.revoke_once("a", now, until).await.unwrap(), Revocation::First);
        let at = now.floor();
        for way in [one, other] {
            assert_eq!(way.revoked_at("a").await.unwrap(), Some(at), "{}", store.name);
            let again = way.revoke_once("a", later, until).await.unwrap();
            assert_eq!(again, Revocation::Again { at }, "{}", store.name);
            assert_eq!(way.revoked_at("b").await.unwrap(), None, "{}", store.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hundred_at_once_one_is_the_first() {
    for store in stores().await {
        for round in 0..10 {
            let now = UnixTime::now();
            let tasks = (0..100).map(|index| {
                let way = store.ways[index % store.ways.len()].clone();
                let until = after(now, HOUR + index as u64);
                let id = format!("round {round}");
                tokio::spawn(async move { way.revoke_once(&id, now, until).await.unwrap() })
            });
            let tasks: Vec<_> = tasks.collect();
            let mut firsts = 0;
            for task in tasks {
                match task.await.unwrap() {
                    Revocation::First => firsts += 1,
                    Revocation::Again { at } => assert_eq!(at, now.floor(), "{}", store.name),
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(firsts, 1, "{}", store.name);
        }
    }
}

#[tokio::test]
async fn a_name_is_remembered_until_its_time_and_forgotten_after() {
    for store in stores().await {
        let way = &store.ways[0];
        let now = UnixTime::now();
        let until = after(now, MOMENT);
        assert_eq!(way.revoke_once("short", now, until).await.unwrap(), Revocation::First);
        assert_eq!(
            way.revoke_once("long", now, after(now, HOUR)).await.unwrap(),
            Revocation::First
        );
        let revoked = way.revoked_at("short").await.unwrap();
        if UnixTime::now() < until {
            assert_eq!(revoked, Some(now.floor()), "{}", store.name);
        }
        // Redis began to count when the command came to it.
        wait_for(after(until, MOMENT)).await;
        let now = UnixTime::now();
        let again = way.revoke_once("short", now, after(now, HOUR)).await.unwrap();
        assert_eq!(again, Revocation::First, "{}", store.name);
        assert!(way.revoked_at("long").await.unwrap().is_some(), "{}", store.name);
    }
}

#[tokio::test]
async fn a_longer_time_extends_a_revocation_and_a_shorter_one_does_not() {
    for store in stores().await {
        let way = &store.ways[0];
        let now = UnixTime::now();
        let (soon, later) = (after(now, MOMENT), after(now, HOUR));
        for (id, [first, second]) in [
            ("extended", [soon, later]),
            ("kept", [later, soon]),
            ("extended for ever", [soon, UnixTime::MAX]),
            ("kept for ever", [UnixTime::MAX, soon]),
        ] {
            let _first = way.revoke_once(id, now, first).await.unwrap();
            let again = way.revoke_once(id, now, second).await.unwrap();
            assert_eq!(again, Revocation::Again { at: now.floor() }, "{id} {}", store.name);
        }
        wait_for(after(soon, MOMENT)).await;
        // Memory forgets when it is told of another.
        let _ = way.revoke_once("another", now, later).await.unwrap();
        for id in ["extended", "kept", "extended for ever", "kept for ever"] {
            let revoked = way.revoked_at(id).await.unwrap();
            assert_eq!(revoked, Some(now.floor()), "{id} {}", store.name);
        }
    }
}

#[tokio::test]
async fn what_has_expired_already_can_be_revoked() {
    for store in stores().await {
        let way = &store.ways[0];
        let now = UnixTime::now();
        for (id, until) in [("now", now), ("before", now.saturating_sub(Duration::from_secs(9)))] {
            let revocation = way.revoke_once(id, now, until).await.unwrap();
            assert_eq!(revocation, Revocation::First, "{id} {}", store.name);
        }
        let revocation = way.revoke_once("1970", now, UnixTime::from_secs(0)).await.unwrap();
        assert_eq!(revocation, Revocation::First, "{}", store.name);
    }
}

#[tokio::test]
async fn a_time_may_be_any_that_there_is() {
    for store in stores().await {
        let way = &store.ways[0];
        let past = UnixTime::from_secs(0);
        let last = UnixTime::from_secs(UnixTime::MAX.as_secs());
        for (id, now, until) in [
            ("last", past, last),
            ("for ever", past, UnixTime::MAX),
            ("last by now", last, UnixTime::MAX),
            ("MAX by now", UnixTime::MAX, UnixTime::MAX),
        ] {
            let revocation = way.revoke_once(id, now, until).await.unwrap();
            assert_eq!(revocation, Revocation::First, "{id} {}", store.name);
            assert_eq!(way.revoked_at(id).await.unwrap(), Some(now.floor()), "{id} {}", store.name);
        }
    }
}

#[tokio::test]
async fn a_name_may_be_any_text() {
    let long = "x".repeat(200_000);
    let names = [
        "",
        " ",
        "a b",
        "a\r\nDEL a b\r\n",
        "a\0b",
        "*",
        "[a-z]?",
        "{a}b",
        "{b}a",
        "ä",
        "a\u{308}",
        "\u{1f511}\u{202e}",
        "A",
        "a",
        long.as_str(),
    ];
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    for store in stores().await {
        let [one, other, ..] = store.ways.as_slice() else { panic!() };
        let now = UnixTime::now();
        for name in names {
            let revocation = one.revoke_once(name, now, after(now, HOUR)).await.unwrap();
            assert_eq!(revocation, Revocation::First, "{name:?} {}", store.name);
        }
        for name in names {
            let revoked = other.revoked_at(name).await.unwrap();
            assert_eq!(revoked, Some(now.floor()), "{name:?} {}", store.name);
        }
        assert_eq!(other.revoked_at("aa").await.unwrap(), None, "{}", store.name);
    }
}
