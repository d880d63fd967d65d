//! A session around a router: which answers carry cookies, and which do not.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use http::header::{CACHE_CONTROL, COOKIE};
use http::{HeaderName, StatusCode};
use jose_session::{Config, Context, HookError, Hooks, Session, SessionLayer, Sessions, Snapshot};
use serde::{Deserialize, Serialize};

use crate::http_server::Server;
use crate::support::{Away, Clock, Data, app, backend, config, encrypting, peek, routes, sessions};

#[tokio::test]
async fn a_visitor_logs_in_is_served_and_logs_out() {
    let clock = Clock::new();
    let sessions = Sessions::new(config(&clock).store(Away::new(&clock))).unwrap();
    let server = Server::start(app(sessions)).await;
    let client = server.client();
    assert_eq!(client.get("/me").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(client.post("/login", "joe").await.status, StatusCode::OK);
    let me = client.get("/me").await;
    assert_eq!((me.status, me.body.as_str()), (StatusCode::OK, "joe"));
    let kept = client.copy();
    assert_eq!(client.post("/logout", "").await.status, StatusCode::OK);
    assert!(client.cookies().is_empty(), "the client was told to forget it");
    assert_eq!(client.get("/me").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(kept.get("/me").await.status, StatusCode::UNAUTHORIZED, "the store remembers");
}

#[tokio::test]
async fn a_session_whose_time_is_over_is_none() {
    let clock = Clock::new();
    let server = Server::start(app(sessions(&clock))).await;
    let client = server.client();
    client.post("/login", "joe").await;
    clock.go(3599);
    assert_eq!(client.get("/me").await.status, StatusCode::OK);
    clock.go(1);
    assert_eq!(client.get("/me").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(client.get("/peek").await.body, "nobody");
}

#[tokio::test]
async fn nothing_is_said_of_what_nobody_changed() {
    let clock = Clock::new();
    let server = Server::start(app(sessions(&clock))).await;
    let client = server.client();
    let assert_silent = |answer: crate::http_server::Answer| {
        assert!(answer.set_cookies().is_empty());
        assert!(!answer.headers.contains_key(CACHE_CONTROL));
    };
    assert_silent(client.get("/peek").await);
    client.post("/login", "joe").await;
    assert_silent(client.get("/peek").await);
    assert_silent(client.get("/me").await);
    assert_silent(client.get("/not-there").await);
    client.set_cookie("app", "no-token");
    assert_silent(client.get("/peek").await);
}

#[tokio::test]
async fn an_answer_that_is_an_error_carries_cookies_as_well() {
    let clock = Clock::new();
    let server = Server::start(app(sessions(&clock))).await;
    let client = server.client();
    for (visits, status) in [404, 422, 500, 503, 302, 200].into_iter().enumerate() {
        let answer = client.get(&format!("/visit/{status}")).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.body, (visits + 1).to_string(), "the one before was kept");
        assert_eq!(answer.set_cookies().into_keys().collect::<Vec<_>>(), ["app"]);
    }
}

#[tokio::test]
async fn an_answer_with_cookies_is_not_for_caches_unless_it_says_so_itself() {
    let clock = Clock::new();
    let server = Server::start(app(sessions(&clock))).await;
    let client = server.client();
    assert_eq!(client.get("/visit/200").await.field(&CACHE_CONTROL), Some("no-store"));
    assert_eq!(client.get("/visit/500").await.field(&CACHE_CONTROL), Some("no-store"));
    let answer = client.get("/cache/control").await;
    assert_eq!(answer.field(&CACHE_CONTROL), Some("private, max-age=5"));
    let answer = client.get("/cache/expires").await;
    assert_eq!(answer.field(&CACHE_CONTROL), Some("no-store"));
    assert_eq!(client.post("/logout", "").await.field(&CACHE_CONTROL), Some("no-store"));
}

#[tokio::test]
async fn cookies_that_a_handler_sets_itself_stay() {
    let clock = Clock::new();
    let server = Server::start(app(sessions(&clock))).await;
    let client = server.client();
    let set = client.get("/cookies").await.set_cookies();
    assert_eq!(set["lang"], "de; Path=/");
    assert_eq!(set["app-theme"], "dark; Path=/");
    assert_eq!(set.len(), 3);
    // And when they come back beside it.
    let set = client.get("/cookies").await.set_cookies();
    assert_eq!(set.len(), 3);
    assert_eq!(client.get("/visit/200").await.body, "3");
}

#[tokio::test]
async fn cookies_of_others_do_not_disturb() {
    let clock = Clock::new();
    let server = Server::start(app(sessions(&clock))).await;
    let client = server.client();
    client.post("/login", "joe").await;
    for (name, value) in [
        ("ap", "1"),
        ("app2", "2"),
        ("app.x", "3"),
        ("APP", "4"),
        ("__Host-app", "5"),
        ("a", "\"quoted; or so"),
        ("empty", ""),
        ("zz", "a=b=c"),
    ] {
        client.set_cookie(name, value);
    }
    assert_eq!(client.get("/me").await.body, "joe");
    let before = client.copy();
    assert_eq!(client.get("/visit/200").await.set_cookies().len(), 1);
    client.post("/logout", "").await;
    let mut left = before.cookies();
    left.remove("app");
    assert_eq!(client.cookies(), left, "they are not cleared with it");
}

#[tokio::test]
async fn a_second_field_of_cookies_is_read_like_the_first() {
    let clock = Clock::new();
    let server = Server::start(app(sessions(&clock))).await;
    let client = server.client();
    client.post("/login", "joe").await;
    let session = format!("app={}", client.cookies()["app"]);
    let other = server.client();
    let fields = [(COOKIE, "lang=de"), (COOKIE, session.as_str())];
    assert_eq!(other.get_with("/me", &fields).await.body, "joe");
}

#[tokio::test]
async fn a_token_in_a_field_is_a_session_too() {
    let clock = Clock::new();
    let sessions = sessions(&clock);
    let token = sessions.seal(Data { name: "joe".into(), ..Data::default() }).await.unwrap();
    let server = Server::start(app(sessions)).await;
    let field = HeaderName::from_static("x-app-session");
    let token = token.token().unwrap();
    assert_eq!(server.client().get_with("/me", &[(field.clone(), token)]).await.body, "joe");
    let twice = [(field.clone(), token), (field, token)];
    let answer = server.client().get_with("/me", &twice).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

/// The session of somebody who came before.
#[derive(Clone, Default, Deserialize, Serialize)]
struct Guest {
    colour: String,
}

/// Counts, and looks at the session of the layer outside.
#[derive(Default)]
struct Watching {
    reads: AtomicUsize,
    seen: AtomicUsize,
}

impl Hooks<Data> for Watching {
    async fn on_read(&self, _: &Snapshot<Data>, context: &Context<'_>) -> Result<(), HookError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let outer = context.extensions().and_then(|outside| outside.get::<Session<Guest>>());
        if outer.is_some_and(|guest| guest.data().colour == "red") {
            self.seen.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }
}

async fn both(first: Session<Data>, second: Session<Data>, guest: Session<Guest>) -> String {
    first.update(|data| data.visits += 1).await.unwrap();
    format!("{} {} {}", second.data().visits, second.data().name, guest.data().colour)
}

async fn guest(guest: Session<Guest>) {
    guest.update(|guest| guest.colour = "red".into()).await.unwrap();
}

#[tokio::test]
async fn two_sessions_go_side_by_side_and_the_inner_one_sees_the_outer() {
    let (clock, watching) = (Clock::new(), Arc::new(Watching::default()));
    let inner = Sessions::with_hooks(config(&clock), Arc::clone(&watching)).unwrap();
    let outer = Config::new("guest", encrypting(), backend()).clock(clock.reader());
    let outer = Sessions::<Guest>::new(outer).unwrap();
    let router = routes().route("/both", get(both)).route("/guest", get(guest));
    let router = router.layer(SessionLayer::new(inner)).layer(SessionLayer::new(outer));
    let server = Server::start(router).await;
    let client = server.client();

    let set = client.get("/guest").await.set_cookies();
    assert_eq!(set.into_keys().collect::<Vec<_>>(), ["guest"]);
    client.post("/login", "joe").await;
    assert_eq!(watching.reads.load(Ordering::SeqCst), 0, "there was nothing to read");
    let answer = client.get("/both").await;
    assert_eq!(answer.body, "1 joe red", "two arguments of one type are one session");
    assert_eq!(answer.set_cookies().into_keys().collect::<Vec<_>>(), ["app"]);
    assert_eq!(watching.reads.load(Ordering::SeqCst), 1, "once for each request");
    assert_eq!(watching.seen.load(Ordering::SeqCst), 1);

    client.post("/logout", "").await;
    assert_eq!(client.cookies().into_keys().collect::<Vec<_>>(), ["guest"]);
    assert_eq!(client.get("/both").await.body, "1  red");
}

struct Banned;

impl Hooks<Data> for Banned {
    async fn on_read(&self, session: &Snapshot<Data>, _: &Context<'_>) -> Result<(), HookError> {
        match &*session.data().name {
            "banned" => Err(HookError::refusing("banned")),
            "unwelcome" => Err(HookError::new("unwelcome")),
            _ => Ok(()),
        }
    }
}

#[tokio::test]
async fn a_hook_refuses_a_request_or_its_session_alone() {
    let clock = Clock::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let router = routes().route(
        "/count",
        get(async move |session: Session<Data>| {
            counted.fetch_add(1, Ordering::SeqCst);
            peek(session).await
        }),
    );
    let sessions = Sessions::with_hooks(config(&clock), Banned).unwrap();
    let server = Server::start(router.layer(SessionLayer::new(sessions))).await;
    for (name, status, body, count) in [
        ("joe", StatusCode::OK, "joe", 1),
        ("unwelcome", StatusCode::OK, "nobody", 2),
        ("banned", StatusCode::FORBIDDEN, "", 2),
    ] {
        let client = server.client();
        client.post("/login", name).await;
        let answer = client.get("/count").await;
        assert_eq!((answer.status, answer.body.as_str()), (status, body));
        assert_eq!(asked.load(Ordering::SeqCst), count);
        assert!(answer.set_cookies().is_empty());
    }
}

#[tokio::test]
async fn what_a_session_under_another_key_says_is_not_believed() {
    let clock = Clock::new();
    let server = Server::start(app(sessions(&clock))).await;
    let jwk = jose::Jwk::from_secret_octets(vec![8; 32]).unwrap();
    let jwk = jwk.with_alg(jose::Alg::HS256).unwrap();
    let keys = jose_session::Keys::from_jwk(&jwk, backend()).unwrap();
    let forged = Config::new("app", keys, backend()).clock(clock.reader());
    let forged = Sessions::<Data>::new(forged).unwrap();
    let token = forged.seal(Data { name: "root".into(), ..Data::default() }).await.unwrap();
    let client = server.client();
    client.set_cookie("app", token.token().unwrap());
    assert_eq!(client.get("/me").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(client.get("/visit/200").await.body, "1", "it begins anew");
}

#[tokio::test]
async fn what_is_read_only_is_read_and_not_changed() {
    let clock = Clock::new();
    let writer = Server::start(app(sessions(&clock))).await;
    let router: Router = routes().layer(SessionLayer::new(sessions(&clock)).read_only());
    let reader = Server::start(router).await;
    let client = writer.client();
    client.post("/login", "joe").await;
    let other = reader.client();
    other.set_cookie("app", &client.cookies()["app"]);
    assert_eq!(other.get("/me").await.body, "joe");
    let refused = other.get("/visit/200").await;
    assert_eq!(
        (refused.status, refused.body.as_str()),
        (StatusCode::CONFLICT, "ERR_SESSION_READ_ONLY")
    );
    assert!(refused.set_cookies().is_empty());
}
