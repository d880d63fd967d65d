//! Changes: all or nothing, one after the other.

use http::HeaderMap;
use jose_session::{Error, HookError, Hooks, Session, Sessions, Snapshot};
use serde_json::json;

use crate::clock::Clock;
use crate::{Data, config, encrypted, next_request, request, sessions, set_cookies};

async fn session() -> Session<Data> {
    let session = sessions(config(&Clock::new())).read(&HeaderMap::new()).await;
    session.update(|data| data.name = "joe".into()).await.unwrap();
    session.write_to(&mut HeaderMap::new());
    session
}

/// Everything that is to be seen of it.
fn seen(session: &Session<Data>) -> String {
    let (id, token, data) = (session.id(), session.token(), session.data());
    let dirty = session.is_dirty();
    format!("{id:?} {token:?} {data:?} {:?} {dirty}", session.expires_at())
}

#[tokio::test]
async fn each_change_has_a_new_name_and_a_new_time() {
    for make in [config, encrypted] {
        let clock = Clock::new();
        let sessions = sessions(make(&clock));
        let session = sessions.read(&HeaderMap::new()).await;
        let mut names = Vec::new();
        for visits in 1..4 {
            clock.go(100);
            session.update(|data| data.visits += 1).await.unwrap();
            names.push(session.id().unwrap());
            assert_eq!(session.created_at(), Some(clock.now()));
            let read = sessions.read(&next_request(&HeaderMap::new(), &session)).await;
            assert_eq!((read.id(), read.data().visits), (session.id(), visits));
            assert_eq!(read.expires_at(), session.expires_at());
        }
        names.dedup();
        assert_eq!(names.len(), 3);
    }
}

#[tokio::test]
async fn clones_are_the_same_session() {
    let session = session().await;
    session.clone().update(|data| data.visits = 7).await.unwrap();
    assert_eq!(session.data().visits, 7);
    assert!(session.is_dirty());
}

#[tokio::test]
async fn a_patch_replaces_the_members_it_has() {
    let session = session().await;
    session.merge(json!({"visits": 3})).await.unwrap();
    assert_eq!((session.data().name.as_str(), session.data().visits), ("joe", 3));
}

#[tokio::test]
async fn what_is_no_patch_changes_nothing() {
    let session = session().await;
    let before = seen(&session);
    assert!(matches!(session.merge(json!([1])).await, Err(Error::NotAnObject)));
    assert!(matches!(session.merge(json!({"visits": "x"})).await, Err(Error::Data(_))));
    assert!(matches!(session.merge(json!({"unknown": 1})).await, Err(Error::Data(_))));
    assert_eq!(seen(&session), before);
}

#[tokio::test]
async fn data_are_replaced_whole() {
    let session = session().await;
    session.replace(Data { visits: 1, ..Data::default() }).await.unwrap();
    assert_eq!(*session.data(), Data { visits: 1, ..Data::default() });
}

#[tokio::test]
async fn renewing_keeps_the_data_and_begins_the_age_again() {
    let clock = Clock::new();
    let sessions = sessions(config(&clock));
    let session = sessions.read(&HeaderMap::new()).await;
    session.update(|data| data.visits = 5).await.unwrap();
    let id = session.id();
    clock.go(1800);
    session.renew().await.unwrap();
    assert_ne!(session.id(), id);
    assert_eq!(session.data().visits, 5);
    clock.go(3599);
    assert!(sessions.open(&session.token().unwrap()).await.is_ok());
}

#[tokio::test]
async fn a_closure_that_fails_changes_nothing() {
    let session = session().await;
    let before = seen(&session);
    let change = |data: &mut Data| {
        data.visits = 9;
        Err::<(), _>("no")
    };
    let error = session.try_update(change).await.unwrap_err();
    assert_eq!(error.code(), "ERR_SESSION_CHANGE");
    assert_eq!(seen(&session), before);
    let change = |data: &mut Data| {
        data.visits = 9;
        Ok::<(), String>(())
    };
    session.try_update(change).await.unwrap();
    assert_eq!(session.data().visits, 9);
}

#[tokio::test]
async fn a_closure_that_panics_changes_nothing() {
    let session = session().await;
    let before = seen(&session);
    let panics = session.clone();
    let task = tokio::spawn(async move {
        let change = |data: &mut Data| {
            data.visits = 9;
            assert_eq!(data.visits, 8, "on purpose");
        };
        panics.update(change).await
    });
    assert!(task.await.is_err());
    assert_eq!(seen(&session), before);
    session.update(|data| data.visits = 1).await.unwrap();
    assert_eq!(session.data().visits, 1);
}

#[tokio::test]
async fn data_that_do_not_fit_into_cookies_change_nothing() {
    let session = session().await;
    let before = seen(&session);
    let error = session.update(|data| data.more = "x".repeat(300_000)).await.unwrap_err();
    assert_eq!(error.code(), "ERR_SESSION_TOO_LONG");
    assert_eq!(seen(&session), before);
}

/// Lets others go first in the middle of a change.
struct Yielding;

impl Hooks<Data> for Yielding {
    async fn on_update(&self, _: &Snapshot<Data>, _: &Snapshot<Data>) -> Result<(), HookError> {
        tokio::task::yield_now().await;
        Ok(())
    }
}

#[tokio::test]
async fn concurrent_changes_of_one_handle_are_all_made() {
    let sessions = Sessions::with_hooks(config(&Clock::new()), Yielding).unwrap();
    let session = sessions.read(&HeaderMap::new()).await;
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let session = session.clone();
            tokio::spawn(async move { session.update(|data| data.visits += 1).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(session.data().visits, 50);
}

#[tokio::test]
async fn of_two_requests_the_last_answer_wins() {
    let sessions = sessions(config(&Clock::new()));
    let sent = next_request(&HeaderMap::new(), &session().await);
    let (one, two) = (sessions.read(&sent).await, sessions.read(&sent).await);
    one.update(|data| data.visits += 1).await.unwrap();
    two.update(|data| data.more = "two".into()).await.unwrap();
    let after = next_request(&next_request(&sent, &one), &two);
    let last = sessions.read(&after).await;
    assert_eq!((last.data().visits, last.data().more.as_str()), (0, "two"));
}

#[tokio::test]
async fn cookies_are_written_once_for_each_change() {
    let session = session().await;
    session.update(|data| data.visits = 1).await.unwrap();
    let (mut first, mut second) = (HeaderMap::new(), HeaderMap::new());
    session.write_to(&mut first);
    session.write_to(&mut second);
    assert_eq!((set_cookies(&first).len(), set_cookies(&second).len()), (1, 0));
    session.update(|data| data.visits = 2).await.unwrap();
    session.write_to(&mut second);
    assert_eq!(set_cookies(&second).len(), 1);
}

#[tokio::test]
async fn a_session_that_can_only_be_read_is_not_changed() {
    let sessions = sessions(config(&Clock::new()));
    let sealed = sessions.seal(Data { visits: 4, ..Data::default() }).await.unwrap();
    let session = sessions.read_only(&request("x-app-session", sealed.token().unwrap())).await;
    assert!(session.is_read_only());
    let before = seen(&session);
    assert!(matches!(session.update(|data| data.visits = 5).await, Err(Error::ReadOnly)));
    assert!(matches!(session.clear().await, Err(Error::ReadOnly)));
    assert_eq!(seen(&session), before);
    assert_eq!(session.data().visits, 4);
    assert_eq!(session.clear().await.unwrap_err().code(), "ERR_SESSION_READ_ONLY");
}

#[tokio::test]
async fn a_cleared_session_can_begin_again() {
    let session = session().await;
    let id = session.id();
    session.clear().await.unwrap();
    assert_eq!((session.id(), session.token()), (None, None));
    assert_eq!(*session.data(), Data::default());
    session.update(|data| data.visits = 1).await.unwrap();
    assert!(session.id().is_some() && session.id() != id);
    let mut response = HeaderMap::new();
    session.write_to(&mut response);
    assert!(set_cookies(&response)[0].contains("Max-Age=3600"));
}

#[test]
fn what_is_awaited_can_move_between_threads() {
    fn sendable(_: impl Send) {}
    fn shareable<S: Clone + Send + Sync + 'static>() {}
    let sessions = sessions(config(&Clock::new()));
    let request = HeaderMap::new();
    sendable(sessions.read(&request));
    sendable(sessions.open("x"));
    let session = sessions.resume(None);
    sendable(async move {
        let session = session.await;
        session.update(|data| data.visits = 1).await?;
        session.merge(json!({})).await?;
        session.clear().await
    });
    shareable::<Session<Data>>();
}

#[tokio::test]
async fn renewing_makes_no_session_of_none() {
    let sessions = sessions(config(&Clock::new()));
    let session = sessions.read(&HeaderMap::new()).await;
    session.renew().await.unwrap();
    assert!(!session.exists() && !session.is_dirty());
}

#[tokio::test]
async fn a_session_that_is_over_by_now_is_not_changed() {
    let clock = Clock::new();
    let sessions = sessions(config(&clock));
    let session = sessions.read(&HeaderMap::new()).await;
    session.update(|data| data.visits = 1).await.unwrap();
    clock.go(3600);
    let error = session.update(|data| data.visits = 2).await.unwrap_err();
    assert_eq!(error.code(), "ERR_JWT_EXPIRED");
}

#[tokio::test]
async fn beginning_ends_the_family_before_and_is_in_another() {
    let clock = Clock::new();
    let store = jose_session::MemoryStore::new().with_clock(clock.reader());
    let sessions = sessions(config(&clock).families("1h").store(store));
    let session = sessions.read(&HeaderMap::new()).await;
    session.update(|data| data.visits = 1).await.unwrap();
    let planted = next_request(&HeaderMap::new(), &session);
    let session = sessions.read(&planted).await;
    let family = session.snapshot().family().unwrap().to_owned();
    session.begin(Data { name: "joe".into(), ..Data::default() }).await.unwrap();
    assert_ne!(session.snapshot().family().unwrap(), family);
    assert!(!sessions.read(&planted).await.exists());
    assert!(sessions.read(&next_request(&planted, &session)).await.exists());
}
