//! What becomes of Redis's own failures: nothing is ever said not to be revoked because nobody could be asked.

use std::error::Error as _;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jose::UnixTime;
use jose_session::{RedisStore, Revocation, SessionStore, StoreError};
use tokio::time::{sleep, timeout};

use crate::server::{Server, connection};

const BOUND: Duration = Duration::from_millis(300);
/// The bound, and what a busy machine adds to it.
const IN_TIME: Duration = Duration::from_secs(20);

fn hour() -> (UnixTime, UnixTime) {
    let now = UnixTime::now();
    (now, now.saturating_add(Duration::from_secs(3600)))
}

async fn revoke(store: &RedisStore, id: &str) -> Result<Revocation, StoreError> {
    let (now, until) = hour();
    timeout(IN_TIME, store.revoke_once(id, now, until)).await.unwrap()
}

async fn is_revoked(store: &RedisStore, id: &str) -> Result<bool, StoreError> {
    Ok(timeout(IN_TIME, store.revoked_at(id)).await.unwrap()?.is_some())
}

async fn is_unavailable(store: &RedisStore) {
    let start = Instant::now();
    for _ in 0..2 {
        let asked = is_revoked(store, "a").await;
        assert!(matches!(asked, Err(StoreError::Unavailable(_))), "{asked:?}");
        let revoked = revoke(store, "a").await;
        assert!(matches!(revoked, Err(StoreError::Unavailable(_))), "{revoked:?}");
    }
    assert!(start.elapsed() < IN_TIME);
}

fn why(error: &StoreError) -> String {
    error.source().unwrap().to_string()
}

/// Waits until it answers. What reconnects does so when it is asked.
async fn is_back(store: &RedisStore) {
    let start = Instant::now();
    while let Err(error) = store.revoked_at("a").await {
        assert!(start.elapsed() < IN_TIME, "{error:?}");
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_redis_that_was_killed_is_unavailable_until_it_is_back() {
    let mut server = Server::lasting();
    let store = server.store("s:").await.timeout(BOUND);
    assert_eq!(revoke(&store, "before").await.unwrap(), Revocation::First);
    server.kill();
    is_unavailable(&store).await;
    server.begin();
    is_back(&store).await;
    assert!(is_revoked(&store, "before").await.unwrap());
    assert!(matches!(revoke(&store, "before").await.unwrap(), Revocation::Again { .. }));
    assert_eq!(revoke(&store, "after").await.unwrap(), Revocation::First);
}

#[tokio::test]
async fn a_redis_that_hangs_is_unavailable_in_time() {
    let server = Server::start();
    let store = server.store("s:").await.timeout(BOUND);
    server.stop();
    is_unavailable(&store).await;
    let (now, until) = hour();
    let lost = store.revoke_once("lost", now, until).await;
    assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
    server.go_on();
    is_back(&store).await;
    // Redis had the command all along. Nobody was told that they were first, and nobody is.
    assert_eq!(revoke(&store, "lost").await.unwrap(), Revocation::Again { at: now.floor() });
}

#[tokio::test]
async fn a_redis_that_hangs_is_unavailable_by_the_default_bound_too() {
    let server = Server::start();
    let store = server.store("s:").await;
    server.stop();
    let asked = is_revoked(&store, "a").await;
    assert!(matches!(asked, Err(StoreError::Unavailable(_))), "{asked:?}");
}

#[tokio::test]
async fn a_connection_that_is_cut_is_made_anew() {
    let server = Server::start();
    let store = server.store("s:").await;
    for round in 0..5 {
        let id = round.to_string();
        assert_eq!(revoke(&store, &id).await.unwrap(), Revocation::First);
        let _killed: i64 = server.ask(&["CLIENT", "KILL", "TYPE", "normal"]);
        is_back(&store).await;
        assert!(matches!(revoke(&store, &id).await.unwrap(), Revocation::Again { .. }));
    }
}

#[tokio::test]
async fn nothing_is_sent_again_when_its_answer_is_lost() {
    let server = Server::start();
    let (client, is_cut) = server.client_that_can_be_cut();
    let store = RedisStore::new(connection(client).await, "s:");
    assert_eq!(revoke(&store, "before").await.unwrap(), Revocation::First);
    let set =
        || server.ask::<String>(&["INFO", "commandstats"]).matches("cmdstat_set:calls=2,").count();
    is_cut.store(true, Ordering::SeqCst);
    let (now, until) = hour();
    let lost = store.revoke_once("lost", now, until).await;
    // Redis did it. That somebody else had been first would be wrong, and nobody can know that it was this one.
    assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
    assert_eq!(set(), 1, "sent twice");
    is_back(&store).await;
    let again = revoke(&store, "lost").await.unwrap();
    assert_eq!(again, Revocation::Again { at: now.floor() });
}

#[tokio::test]
async fn a_user_that_may_not_is_refused() {
    let server = Server::start();
    let () = server.ask(&["ACL", "SETUSER", "reader", "on", ">word", "~s:*", "+get"]);
    let () = server.ask(&["ACL", "SETUSER", "other", "on", ">word", "~other:*", "+@all"]);
    let just = "on >word ~s:* +get +set +pexpire +persist +multi +exec";
    let () = server.ask(
        &[&["ACL", "SETUSER", "just"], just.split(' ').collect::<Vec<_>>().as_slice()].concat(),
    );
    let store = |user: &str| {
        let client = server.client_as(&format!("&user={user}&pass=word"));
        async { RedisStore::new(connection(client).await, "s:") }
    };

    let reader = store("reader").await;
    assert!(!is_revoked(&reader, "a").await.unwrap());
    let refused = revoke(&reader, "a").await.unwrap_err();
    assert!(why(&refused).contains("NoPerm"), "{refused:?}");
    assert!(!is_revoked(&reader, "a").await.unwrap());

    is_unavailable(&store("other").await).await;

    let just = store("just").await;
    assert_eq!(revoke(&just, "a").await.unwrap(), Revocation::First);
    let again = just.revoke_once("a", hour().0, UnixTime::MAX).await.unwrap();
    assert!(matches!(again, Revocation::Again { .. }));
    assert!(is_revoked(&just, "a").await.unwrap());
}

#[tokio::test]
async fn a_password_that_is_asked_for_later_makes_it_unavailable() {
    let server = Server::start();
    let store = server.store("s:").await.timeout(BOUND);
    let () = server.ask(&["ACL", "SETUSER", "root", "on", "nopass", "~*", "+@all"]);
    let () = server.ask(&["CONFIG", "SET", "requirepass", "word"]);
    let mut root = server.client_as("&user=root&pass=any").get_connection().unwrap();
    let () = redis::cmd("CLIENT").arg("KILL").arg("TYPE").arg("normal").query(&mut root).unwrap();
    sleep(Duration::from_millis(50)).await;
    is_unavailable(&store).await;
    for refused in
        [is_revoked(&store, "a").await.unwrap_err(), revoke(&store, "a").await.unwrap_err()]
    {
        assert!(why(&refused).contains("NOAUTH"), "{refused:?}");
    }
}

#[tokio::test]
async fn a_value_that_is_no_time_is_not_the_answer_that_there_is_none() {
    let server = Server::start();
    let store = server.store("s:").await;
    for value in ["", "yes", "-1", "1.5", "0x10", " 1", "99999999999999999999999"] {
        let () = server.ask(&["SET", "s:a", value]);
        is_unavailable(&store).await;
    }
    let () = server.ask(&["DEL", "s:a"]);
    let _: i64 = server.ask(&["LPUSH", "s:a", "1"]);
    is_unavailable(&store).await;
}

#[tokio::test]
async fn a_redis_without_memory_is_full_and_forgets_nothing() {
    let server = Server::start();
    let store = server.store("s:").await;
    assert_eq!(revoke(&store, "a").await.unwrap(), Revocation::First);
    let () = server.ask(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    let () = server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    let full = revoke(&store, "b").await;
    assert!(matches!(full, Err(StoreError::Full)), "{full:?}");
    assert!(is_revoked(&store, "a").await.unwrap());
    let () = server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(revoke(&store, "b").await.unwrap(), Revocation::First);
}

#[tokio::test]
async fn a_replica_refuses_to_revoke() {
    let server = Server::start();
    let store = server.store("s:").await;
    // One whose primary is nowhere.
    let () = server.ask(&["REPLICAOF", "127.0.0.1", "1"]);
    let refused = revoke(&store, "a").await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
}

#[tokio::test]
async fn a_prefix_keeps_two_apart_and_a_key_ends_by_itself() {
    let server = Server::start();
    let [shop, forum] = [server.store("shop:").await, server.store("forum:").await];
    assert_eq!(revoke(&shop, "a").await.unwrap(), Revocation::First);
    assert!(!is_revoked(&forum, "a").await.unwrap());
    assert_eq!(revoke(&forum, "a").await.unwrap(), Revocation::First);

    let ttl: i64 = server.ask(&["PTTL", "shop:a"]);
    assert!((3_500_000..=3_600_000).contains(&ttl), "{ttl}");
    // Whatever the clocks say: Redis remembers for as long as the caller thinks that it is.
    let past = UnixTime::from_secs(1_000_000_000);
    let until = past.saturating_add(Duration::from_secs(3600));
    assert_eq!(shop.revoke_once("b", past, until).await.unwrap(), Revocation::First);
    let ttl: i64 = server.ask(&["PTTL", "shop:b"]);
    assert!((3_500_000..=3_600_000).contains(&ttl), "{ttl}");
    let _ = shop.revoke_once("c", past, UnixTime::MAX).await.unwrap();
    assert_eq!(server.ask::<i64>(&["PTTL", "shop:c"]), -1);
    assert_eq!(server.ask::<String>(&["GET", "shop:b"]), "1000000000");
}

#[tokio::test]
async fn what_is_shown_of_a_store_is_no_secret() {
    let server = Server::start();
    let () = server.ask(&["ACL", "SETUSER", "me", "on", ">hush-hush", "~*", "+@all"]);
    let client = server.client_as("&user=me&pass=hush-hush");
    let shown = format!("{:?}", RedisStore::new(connection(client).await, "s:"));
    assert!(shown.contains("s:") && !shown.contains("hush"), "{shown}");
}
