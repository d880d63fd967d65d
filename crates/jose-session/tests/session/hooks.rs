//! What hooks are told, and what they decide.

use std::sync::{Arc, Mutex};

use http::{HeaderMap, Request};
use jose_session::{Context, Error, Expired, HookError, Hooks, Sessions, Snapshot};

use crate::clock::Clock;
use crate::{Data, config, next_request, request};

/// Writes down what it is told, and refuses what it is told to.
#[derive(Clone, Default)]
struct Recorder {
    calls: Arc<Mutex<Vec<String>>>,
    refuses: &'static str,
    refreshes: bool,
}

impl Recorder {
    fn refusing(refuses: &'static str) -> Self {
        Self { refuses, ..Self::default() }
    }

    fn note(&self, call: &str, more: &str) -> Result<(), HookError> {
        self.calls.lock().unwrap().push(format!("{call} {more}").trim().to_owned());
        if self.refuses == call { Err(HookError::new("no")) } else { Ok(()) }
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }
}

impl Hooks<Data> for Recorder {
    async fn on_read(&self, session: &Snapshot<Data>, _: &Context<'_>) -> Result<(), HookError> {
        tokio::task::yield_now().await;
        self.note("read", &session.data().name)
    }

    async fn on_update(&self, new: &Snapshot<Data>, old: &Snapshot<Data>) -> Result<(), HookError> {
        assert_ne!(new.id(), old.id());
        assert!(new.token().is_some());
        self.note("update", &format!("{}->{}", old.data().visits, new.data().visits))
    }

    async fn on_clear(&self, old: &Snapshot<Data>) -> Result<(), HookError> {
        self.note("clear", &old.data().name)
    }

    async fn on_expire(
        &self,
        expired: &Expired,
        context: &Context<'_>,
    ) -> Result<Option<Data>, HookError> {
        assert_eq!(expired.token().split('.').count(), 3);
        assert_eq!(expired.created_at().unwrap().as_secs(), Clock::START);
        assert_eq!(expired.expires_at().unwrap().as_secs(), Clock::START + 3600);
        let name = context.extensions().and_then(|extensions| extensions.get::<&str>());
        self.note("expire", expired.id().unwrap())?;
        let name = name.map_or("refreshed", |name| *name).into();
        Ok(self.refreshes.then(|| Data { name, ..Data::default() }))
    }

    async fn on_error(&self, error: &Error, session: &Snapshot<Data>) {
        let _written = self.note("error", &format!("{} {}", error.code(), session.exists()));
    }
}

fn sessions(clock: &Clock, hooks: &Recorder) -> Sessions<Data> {
    let config = config(clock).ids(|| "an-id".into());
    Sessions::with_hooks(config, hooks.clone()).unwrap()
}

fn recorded(hooks: &Recorder) -> Sessions<Data> {
    let config = config(&Clock::new());
    Sessions::with_hooks(config, hooks.clone()).unwrap()
}

/// A request that brings a session of this name, and what was called until then forgotten.
async fn with_session(sessions: &Sessions<Data>, hooks: &Recorder, name: &str) -> HeaderMap {
    let data = Data { name: name.into(), ..Data::default() };
    let sealed = sessions.seal(data).await.unwrap();
    assert_eq!(hooks.calls(), Vec::<String>::new(), "sealing calls no hooks");
    request("x-app-session", sealed.token().unwrap())
}

#[tokio::test]
async fn a_session_that_is_read_is_told_once() {
    let hooks = Recorder::default();
    let sessions = recorded(&hooks);
    let request = with_session(&sessions, &hooks, "joe").await;
    let session = sessions.read(&request).await;
    let (_, _, _) = (session.data(), session.token(), session.clone().data());
    assert_eq!(hooks.calls(), ["read joe"]);
}

#[tokio::test]
async fn a_request_that_brings_nothing_is_not_told() {
    let hooks = Recorder::default();
    recorded(&hooks).read(&HeaderMap::new()).await;
    assert!(hooks.calls().is_empty());
}

#[tokio::test]
async fn a_session_that_is_refused_when_read_is_not_there() {
    let hooks = Recorder::refusing("read");
    let sessions = recorded(&hooks);
    let request = with_session(&sessions, &hooks, "joe").await;
    let session = sessions.read(&request).await;
    assert!(!session.exists() && session.token().is_none());
    assert_eq!(*session.data(), Data::default());
    assert_eq!(session.failure().unwrap().code(), "ERR_SESSION_HOOK");
    assert_eq!(hooks.calls(), ["read joe"], "and nothing else is told");
}

#[tokio::test]
async fn a_change_is_told_with_what_was_before() {
    let hooks = Recorder::default();
    let session = recorded(&hooks).read(&HeaderMap::new()).await;
    session.update(|data| data.visits = 1).await.unwrap();
    session.update(|data| data.visits = 2).await.unwrap();
    assert_eq!(hooks.calls(), ["update 0->1", "update 1->2"]);
}

#[tokio::test]
async fn a_change_that_is_refused_is_not_made() {
    let hooks = Recorder::refusing("update");
    let session = recorded(&hooks).read(&HeaderMap::new()).await;
    let error = session.update(|data| data.visits = 1).await.unwrap_err();
    assert!(matches!(error, Error::Hook(_)));
    assert!(!session.exists() && !session.is_dirty());
    assert_eq!(hooks.calls(), ["update 0->1", "error ERR_SESSION_HOOK false"]);
}

#[tokio::test]
async fn a_session_that_is_to_stay_is_not_cleared() {
    let hooks = Recorder::refusing("clear");
    let sessions = recorded(&hooks);
    let request = with_session(&sessions, &hooks, "joe").await;
    let session = sessions.read(&request).await;
    assert!(session.clear().await.is_err());
    assert!(session.exists() && !session.is_dirty());
    assert_eq!(hooks.calls(), ["read joe", "clear joe", "error ERR_SESSION_HOOK true"]);
}

#[tokio::test]
async fn a_token_that_is_not_accepted_is_told_with_its_code() {
    let hooks = Recorder::default();
    let sessions = recorded(&hooks);
    sessions.read(&request("x-app-session", "wrong")).await;
    sessions.read(&request("cookie", "app=__chunked__3")).await;
    let told = ["error ERR_JWS_INVALID false", "error ERR_SESSION_COOKIE false"];
    assert_eq!(hooks.calls(), told);
}

#[tokio::test]
async fn an_expired_session_is_told_as_that_and_not_as_an_error() {
    let (clock, hooks) = (Clock::new(), Recorder::default());
    let sessions = sessions(&clock, &hooks);
    let request = with_session(&sessions, &hooks, "joe").await;
    clock.go(3600);
    let session = sessions.read(&request).await;
    assert!(!session.exists() && !session.is_dirty());
    assert!(matches!(*session.failure().unwrap(), Error::Expired(_)));
    assert_eq!(hooks.calls(), ["expire an-id"]);
}

#[tokio::test]
async fn an_expired_session_can_be_refreshed_from_what_layers_before_found() {
    let hooks = Recorder { refreshes: true, ..Recorder::default() };
    let clock = Clock::new();
    let sessions = sessions(&clock, &hooks);
    let headers = with_session(&sessions, &hooks, "joe").await;
    clock.go(3600);
    let mut request = Request::new(());
    *request.headers_mut() = headers;
    request.extensions_mut().insert("from elsewhere");
    let session = sessions.read(&request).await;
    assert_eq!(session.data().name, "from elsewhere");
    assert!(session.exists() && session.is_dirty() && session.failure().is_none());
    assert_eq!(hooks.calls(), ["expire an-id"]);
    let again = sessions.read(&next_request(&HeaderMap::new(), &session)).await;
    assert_eq!(again.data().name, "from elsewhere");
}

#[tokio::test]
async fn an_expired_session_that_can_only_be_read_is_not_refreshed() {
    let hooks = Recorder { refreshes: true, ..Recorder::default() };
    let clock = Clock::new();
    let sessions = sessions(&clock, &hooks);
    let request = with_session(&sessions, &hooks, "joe").await;
    clock.go(3600);
    let session = sessions.read_only(&request).await;
    assert!(!session.exists() && !session.is_dirty());
}

#[tokio::test]
async fn a_refresh_that_fails_tells_why() {
    let hooks = Recorder::refusing("expire");
    let clock = Clock::new();
    let sessions = sessions(&clock, &hooks);
    let request = with_session(&sessions, &hooks, "joe").await;
    clock.go(3600);
    let session = sessions.read(&request).await;
    assert!(matches!(*session.failure().unwrap(), Error::Hook(_)));
    assert_eq!(hooks.calls(), ["expire an-id"]);
}

#[test]
fn a_hook_may_refuse_the_request_itself() {
    assert!(Error::from(HookError::refusing("no")).refuses_request());
    assert!(!Error::from(HookError::new("no")).refuses_request());
    assert!(!Error::Revoked.refuses_request());
}

/// Refuses whatever it reads, for this reason.
struct Refuses(fn(&'static str) -> HookError);

impl Hooks<Data> for Refuses {
    async fn on_read(&self, _: &Snapshot<Data>, _: &Context<'_>) -> Result<(), HookError> {
        Err((self.0)("no"))
    }
}

#[tokio::test]
async fn where_a_hook_cannot_tell_the_session_is_not_overwritten() {
    let clock = Clock::new();
    let session = crate::sessions(config(&clock)).read(&HeaderMap::new()).await;
    session.update(|data| data.visits = 1).await.unwrap();
    let request = request("x-app-session", &session.token().unwrap());
    let hooks = Refuses(HookError::unavailable);
    let session = Sessions::with_hooks(config(&clock), hooks).unwrap().read(&request).await;
    let error = session.update(|data| data.visits = 2).await.unwrap_err();
    assert!(error.is_temporary() && matches!(error, Error::Unread(_)), "{error:?}");
}

#[tokio::test]
async fn whoever_a_hook_refuses_can_log_out() {
    let clock = Clock::new();
    let store = Arc::new(jose_session::MemoryStore::new().with_clock(clock.reader()));
    let sessions = crate::sessions(config(&clock).store(Arc::clone(&store)));
    let session = sessions.read(&HeaderMap::new()).await;
    session.update(|data| data.visits = 1).await.unwrap();
    let request = request("x-app-session", &session.token().unwrap());
    let hooks = Refuses(HookError::new);
    let refusing = Sessions::with_hooks(config(&clock).store(store), hooks).unwrap();
    refusing.read(&request).await.clear().await.unwrap();
    assert_eq!(sessions.read(&request).await.failure().unwrap().code(), "ERR_SESSION_REVOKED");
}

#[tokio::test]
async fn no_debug_shows_a_token() {
    let clock = Clock::new();
    let sessions = crate::sessions(config(&clock));
    let session = sessions.read(&HeaderMap::new()).await;
    session.update(|data| data.visits = 1).await.unwrap();
    let token = session.token().unwrap();
    let request = request("cookie", &format!("app={token}"));
    clock.go(3600);
    let failure = sessions.read(&request).await.failure().unwrap();
    let (failure, context) = (format!("{failure:?}"), format!("{:?}", Context::from(&request)));
    assert!(failure.contains("Expired") && !failure.contains(&token[..20]), "{failure}");
    assert!(!context.contains(&token[..20]), "{context}");
}
