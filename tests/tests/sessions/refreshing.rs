//! A session of minutes that is renewed by one of days, while requests are served.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use http::StatusCode;
use http::header::{CACHE_CONTROL, SET_COOKIE};
use jose_session::axum::{EncryptedSession, SignedSession};
use jose_session::{
    Config, HookError, Refresher, RefresherLayer, RequireSession, Session, Sessions, Snapshot,
};
use serde::{Deserialize, Serialize};

use crate::http_server::{Client, Server};
use crate::support::{Away, Clock, backend, encrypting, failed, signing};
use crate::websockets::asking;

#[derive(Clone, Default, Deserialize, Serialize)]
struct Access {
    user: String,
}

#[derive(Clone, Default, Deserialize, Serialize)]
struct Refresh {
    user: String,
}

/// A server whose users have an access session of 15 minutes and a refresh session of seven days.
struct Service {
    server: Server,
    clock: Clock,
    store: Arc<Away>,
    granted: Arc<AtomicUsize>,
    denies: Arc<AtomicBool>,
}

type Failure = (StatusCode, String);

async fn log_in(
    State(refresher): State<Refresher<Access, Refresh>>,
    access: Session<Access>,
    refresh: Session<Refresh>,
    user: String,
) -> Result<(), Failure> {
    refresher.log_in(&access, &refresh, Refresh { user }).await.map_err(failed)
}

async fn log_out(
    State(refresher): State<Refresher<Access, Refresh>>,
    access: Session<Access>,
    refresh: Session<Refresh>,
) -> Result<(), Failure> {
    refresher.log_out(&access, &refresh).await.map_err(failed)
}

async fn me(session: SignedSession<Access>) -> String {
    session.data().user.clone()
}

async fn peek(
    access: Option<SignedSession<Access>>,
    refresh: Option<EncryptedSession<Refresh>>,
) -> String {
    format!("{} {}", access.is_some(), refresh.is_some())
}

async fn fail(_: SignedSession<Access>) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}

async fn start() -> Service {
    let clock = Clock::new();
    let store = Away::new(&clock);
    let access = Config::new("access", signing(), backend())
        .typ("access+jwt")
        .max_age("15m")
        .families("7D")
        .store(Arc::clone(&store))
        .clock(clock.reader());
    let refresh = Config::new("refresh", encrypting(), backend())
        .typ("refresh+jwt")
        .max_age("7D")
        .single_use()
        .store(Arc::clone(&store))
        .clock(clock.reader());
    let (granted, denies) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let (count, no) = (Arc::clone(&granted), Arc::clone(&denies));
    let grant = move |refresh: Snapshot<Refresh>| {
        count.fetch_add(1, Ordering::SeqCst);
        let denied = no.load(Ordering::SeqCst);
        async move {
            // So that requests that come at once are under way at once.
            tokio::task::yield_now().await;
            if denied {
                Err(HookError::new("gone"))
            } else {
                Ok(Access { user: refresh.data().user.clone() })
            }
        }
    };
    let access = Sessions::<Access>::new(access).unwrap();
    let refresher =
        Refresher::new(access, Sessions::<Refresh>::new(refresh).unwrap(), grant).unwrap();
    let guarded =
        Router::new().route("/guarded", get(async || "in")).layer(RequireSession::<Access>::new());
    let router = Router::new()
        .route("/login", post(log_in))
        .route("/logout", post(log_out))
        .route("/me", get(me))
        .route("/peek", get(peek))
        .route("/fail", get(fail))
        .merge(guarded)
        .with_state(refresher.clone())
        .layer(RefresherLayer::new(refresher));
    Service { server: Server::start(router).await, clock, store, granted, denies }
}

impl Service {
    /// A client who has just logged in as joe.
    async fn joe(&self) -> Client {
        let client = self.server.client();
        let answer = client.post("/login", "joe").await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(client.cookies().into_keys().collect::<Vec<_>>(), ["access", "refresh"]);
        client
    }
}

const MINUTE: u64 = 60;

#[tokio::test]
async fn nothing_is_renewed_while_the_access_session_is_good() {
    let service = start().await;
    let client = service.joe().await;
    service.clock.go(14 * MINUTE);
    let answer = client.get("/me").await;
    assert_eq!(answer.body, "joe");
    assert!(answer.set_cookies().is_empty());
    assert_eq!(service.granted.load(Ordering::SeqCst), 1, "at login");
}

#[tokio::test]
async fn an_access_session_that_is_over_or_gone_is_renewed_by_the_request_that_needs_it() {
    let service = start().await;
    let client = service.joe().await;
    for round in 0..4 {
        let before = client.cookies();
        if round % 2 == 0 {
            service.clock.go(15 * MINUTE);
        } else {
            service.clock.go(MINUTE);
            client.remove_cookie("access");
        }
        let answer = client.get("/me").await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "joe"));
        assert_eq!(answer.set_cookies().into_keys().collect::<Vec<_>>(), ["access", "refresh"]);
        assert_eq!(answer.field(&CACHE_CONTROL), Some("no-store"));
        let after = client.cookies();
        assert_ne!(after["access"], before["access"]);
        assert_ne!(after["refresh"], before["refresh"], "it is exchanged with each renewal");
        assert!(client.get("/me").await.set_cookies().is_empty());
    }
}

#[tokio::test]
async fn a_guard_inside_sees_what_was_renewed() {
    let service = start().await;
    let client = service.joe().await;
    service.clock.go(20 * MINUTE);
    let answer = client.get("/guarded").await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "in"));
    assert_eq!(answer.set_cookies().len(), 2);
    assert_eq!(service.server.client().get("/guarded").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn both_cookies_are_set_whatever_the_handler_answers() {
    let service = start().await;
    let client = service.joe().await;
    for (path, status) in [("/fail", 500), ("/not-there", 404), ("/login", 405)] {
        service.clock.go(20 * MINUTE);
        let answer = client.get(path).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.set_cookies().into_keys().collect::<Vec<_>>(), ["access", "refresh"]);
    }
    assert_eq!(client.get("/me").await.body, "joe");
}

#[tokio::test]
async fn a_refresh_token_that_comes_a_second_time_ends_the_whole_session() {
    let service = start().await;
    let client = service.joe().await;
    let thief = client.copy();
    service.clock.go(20 * MINUTE);
    assert_eq!(client.get("/me").await.body, "joe");
    service.clock.go(MINUTE);
    assert_eq!(client.get("/me").await.body, "joe");
    assert_eq!(thief.get("/me").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(client.get("/me").await.status, StatusCode::UNAUTHORIZED, "the access session too");
    assert_eq!(client.get("/peek").await.body, "false false");
    // Who is who nobody can tell: both have to log in again.
    service.joe().await;
}

#[tokio::test]
async fn of_requests_that_come_at_once_one_renews_and_none_ends_the_session() {
    let service = start().await;
    for _ in 0..5 {
        let client = service.joe().await;
        service.clock.go(20 * MINUTE);
        let clients: Vec<Arc<Client>> = (0..8).map(|_| Arc::new(client.copy())).collect();
        let asking = clients.iter().map(|client| {
            let client = Arc::clone(client);
            tokio::spawn(async move { client.get("/me").await })
        });
        let asking: Vec<_> = asking.collect();
        let mut renewed = Vec::new();
        for (client, answer) in clients.iter().zip(asking) {
            let answer = answer.await.unwrap();
            if answer.status == StatusCode::OK {
                assert_eq!(answer.set_cookies().len(), 2);
                renewed.push(client);
            } else {
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
                assert!(!answer.headers.contains_key(SET_COOKIE), "what the others have stays");
            }
        }
        assert_eq!(renewed.len(), 1);
        service.clock.go(20 * MINUTE);
        assert_eq!(renewed[0].get("/me").await.body, "joe", "the session goes on");
    }
}

#[tokio::test]
async fn who_logs_out_has_neither_session_and_nobody_has_who_kept_a_copy() {
    let service = start().await;
    let client = service.joe().await;
    let kept = client.copy();
    assert_eq!(client.post("/logout", "").await.status, StatusCode::OK);
    assert!(client.cookies().is_empty());
    assert_eq!(client.get("/me").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(kept.get("/me").await.status, StatusCode::UNAUTHORIZED);
    service.clock.go(20 * MINUTE);
    assert_eq!(kept.get("/me").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_is_not_granted_any_more_is_not_renewed() {
    let service = start().await;
    let client = service.joe().await;
    service.clock.go(20 * MINUTE);
    service.denies.store(true, Ordering::SeqCst);
    let answer = client.get("/me").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.set_cookies().is_empty());
    service.denies.store(false, Ordering::SeqCst);
    assert_eq!(client.get("/me").await.body, "joe", "nothing was used up");
}

#[tokio::test]
async fn both_sessions_end_with_the_refresh_session() {
    let service = start().await;
    let client = service.joe().await;
    service.clock.go(7 * 24 * 60 * MINUTE);
    assert_eq!(client.get("/me").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(client.get("/peek").await.body, "false false");
}

#[tokio::test]
async fn a_store_that_is_away_is_no_reason_to_log_in_again() {
    let service = start().await;
    let client = service.joe().await;
    let before = client.cookies();
    service.store.away.store(true, Ordering::SeqCst);
    for path in ["/me", "/guarded", "/peek"] {
        let answer = client.get(path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(answer.body.is_empty());
    }
    assert_eq!(client.cookies(), before);
    service.store.away.store(false, Ordering::SeqCst);
    assert_eq!(client.get("/me").await.body, "joe");
}

#[tokio::test]
async fn a_request_for_a_websocket_renews_nothing() {
    let service = start().await;
    let client = service.joe().await;
    service.clock.go(20 * MINUTE);
    let (answer, _) = client.upgrade("/me", &asking()).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(!answer.headers.contains_key(SET_COOKIE));
    assert_eq!(client.get("/me").await.body, "joe", "the refresh token was not used up");
}
