//! What the layers promise to the services around them and inside, without a server.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
#![allow(clippy::std_instead_of_alloc, clippy::std_instead_of_core, reason = "it needs std")]

use std::cell::Cell;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use http::header::{CACHE_CONTROL, SET_COOKIE, UPGRADE};
use http::{Method, Request, Response, StatusCode};
use jose_core::{Alg, Jwk};
use jose_rustcrypto::BACKEND;
use jose_session::{
    Config, HookError, Keys, MemoryStore, Refresher, RefresherLayer, RequireSession, Session,
    SessionLayer, Sessions, Snapshot,
};
use serde::{Deserialize, Serialize};
use tower_layer::Layer;
use tower_service::Service;

#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
struct Data {
    visits: u32,
}

#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
struct Refresh {
    user: String,
}

fn keys() -> Keys {
    let jwk = Jwk::from_secret_octets(vec![7; 32]).unwrap().with_alg(Alg::HS256).unwrap();
    Keys::from_jwk(&jwk, BACKEND).unwrap()
}

fn sessions() -> Sessions<Data> {
    Sessions::new(Config::new("app", keys(), BACKEND)).unwrap()
}

fn refresher() -> Refresher<Data, Refresh> {
    let store = Arc::new(MemoryStore::new());
    let access =
        Config::new("access", keys(), BACKEND).typ("access+jwt").max_age("15m").families("7D");
    let refresh =
        Config::new("refresh", keys(), BACKEND).typ("refresh+jwt").max_age("7D").single_use();
    let access = Sessions::new(access.store(Arc::clone(&store))).unwrap();
    let refresh = Sessions::new(refresh.store(store)).unwrap();
    let grant = |_: Snapshot<Refresh>| async { Ok::<_, HookError>(Data::default()) };
    Refresher::new(access, refresh, grant).unwrap()
}

/// Counts visits if it may, and otherwise answers 409. It is called after it has said that it is ready, or not at all;
/// a clone has said nothing yet.
#[derive(Debug, Default)]
struct Inner {
    ready: bool,
}

impl Clone for Inner {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<B: Send + 'static> Service<Request<B>> for Inner {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<String>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "it was asked whether it is ready");
        let session = request.extensions().get::<Session<Data>>().cloned();
        Box::pin(async move {
            let mut response = Response::new("here".to_owned());
            if let Some(session) = session
                && session.update(|data| data.visits += 1).await.is_err()
            {
                *response.status_mut() = StatusCode::CONFLICT;
            }
            Ok(response)
        })
    }
}

/// Asks a service in the way that is due.
async fn ask<S, B>(service: &mut S, request: Request<B>) -> Result<Response<String>, S::Error>
where
    S: Service<Request<B>, Response = Response<String>>,
{
    std::future::poll_fn(|context| service.poll_ready(context)).await?;
    service.call(request).await
}

#[tokio::test]
async fn the_service_that_said_it_is_ready_is_the_one_that_is_called() {
    let mut session = SessionLayer::new(sessions()).layer(Inner::default());
    let mut refreshed = RefresherLayer::new(refresher()).layer(Inner::default());
    let require = RequireSession::<Data>::new().layer(Inner::default());
    let mut both = SessionLayer::new(sessions()).layer(require);
    let token = sessions().seal(Data::default()).await.unwrap();
    for _ in 0..2 {
        let request = || Request::builder().header("x-app-session", token.token().unwrap());
        let request = || request().body(()).unwrap();
        assert_eq!(ask(&mut session, request()).await.unwrap().status(), StatusCode::OK);
        assert_eq!(ask(&mut refreshed, request()).await.unwrap().status(), StatusCode::OK);
        assert_eq!(ask(&mut both, request()).await.unwrap().status(), StatusCode::OK);
        let refused = ask(&mut both, Request::new(())).await.unwrap();
        assert_eq!((refused.status(), refused.body().as_str()), (StatusCode::UNAUTHORIZED, ""));
    }
}

#[tokio::test]
async fn nothing_can_be_changed_where_the_answer_ends_what_http_there_is() {
    let mut service = SessionLayer::new(sessions()).layer(Inner::default());
    let mut refreshed = RefresherLayer::new(refresher()).layer(Inner::default());
    for (method, protocols, expected) in [
        (Method::GET, &[][..], StatusCode::OK),
        (Method::POST, &["h2c", "x-websocket", "websocket-x", "web socket", ""], StatusCode::OK),
        (Method::CONNECT, &[], StatusCode::CONFLICT),
        (Method::GET, &["websocket"], StatusCode::CONFLICT),
        (Method::GET, &["WebSocket"], StatusCode::CONFLICT),
        (Method::GET, &["websocket/13"], StatusCode::CONFLICT),
        (Method::GET, &["h2c , WEBSOCKET\t, x/1"], StatusCode::CONFLICT),
        (Method::GET, &["h2c", "x, websocket"], StatusCode::CONFLICT),
    ] {
        let request = || {
            let request = Request::builder().method(&method);
            let request =
                protocols.iter().fold(request, |request, one| request.header(UPGRADE, *one));
            request.body(()).unwrap()
        };
        for answer in [ask(&mut service, request()).await, ask(&mut refreshed, request()).await] {
            let answer = answer.unwrap();
            assert_eq!(answer.status(), expected, "{method} {protocols:?}");
            assert_eq!(answer.headers().contains_key(SET_COOKIE), expected == StatusCode::OK);
            assert_eq!(answer.headers().contains_key(CACHE_CONTROL), expected == StatusCode::OK);
        }
    }
}

#[tokio::test]
async fn layers_can_be_told_that_nothing_is_to_be_changed() {
    let mut service = SessionLayer::new(sessions()).read_only().layer(Inner::default());
    let mut refreshed = RefresherLayer::new(refresher()).read_only().layer(Inner::default());
    let answers = [
        ask(&mut service, Request::new(())).await.unwrap(),
        ask(&mut refreshed, Request::new(())).await.unwrap(),
    ];
    for answer in answers {
        assert_eq!(answer.status(), StatusCode::CONFLICT);
        assert!(answer.headers().is_empty());
    }
}

#[tokio::test]
async fn what_is_changed_after_the_answer_is_refused() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let mut service = SessionLayer::new(sessions()).layer(Keeps(sender));
    ask(&mut service, Request::new(())).await.unwrap();
    let session = receiver.recv().unwrap();
    let error = session.update(|data| data.visits += 1).await.unwrap_err();
    assert_eq!(error.code(), "ERR_SESSION_READ_ONLY");
}

/// Keeps the session beyond its answer, which it wants to be kept by everybody.
#[derive(Clone)]
struct Keeps(std::sync::mpsc::Sender<Session<Data>>);

impl Service<Request<()>> for Keeps {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let session = request.extensions().get::<Session<Data>>().unwrap().clone();
        let sender = self.0.clone();
        Box::pin(async move {
            session.update(|data| data.visits += 1).await.unwrap();
            sender.send(session).unwrap();
            let public = Response::builder().header(CACHE_CONTROL, "public, max-age=31536000");
            Ok(public.body(String::new()).unwrap())
        })
    }
}

#[tokio::test]
async fn no_cache_keeps_an_answer_with_cookies_though_the_service_wants_it() {
    let (sender, _receiver) = std::sync::mpsc::channel();
    let mut service = SessionLayer::new(sessions()).layer(Keeps(sender));
    let response = ask(&mut service, Request::new(())).await.unwrap();
    assert!(response.headers().contains_key(SET_COOKIE));
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn of_two_layers_with_the_same_sessions_the_inner_takes_what_the_outer_has_read() {
    let refresher = refresher();
    let (access, refresh) = refresher.read(&http::HeaderMap::new()).await;
    refresher.log_in(&access, &refresh, Refresh { user: "joe".into() }).await.unwrap();
    let layer = RefresherLayer::new(refresher);
    let (sender, _receiver) = std::sync::mpsc::channel();
    let mut service = layer.clone().layer(layer.layer(Keeps(sender)));
    let mut request = Request::new(());
    let token = refresh.token().unwrap().parse().unwrap();
    request.headers_mut().insert("x-refresh-session", token);
    let response = ask(&mut service, request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_session_without_cookies_leaves_the_answer_as_it_is() {
    let sessions = Sessions::<Data>::new(Config::new("app", keys(), BACKEND).without_cookie());
    let mut service = SessionLayer::new(sessions.unwrap()).layer(Inner::default());
    let answer = ask(&mut service, Request::new(())).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "it was changed");
    assert!(answer.headers().is_empty());
}

/// A service that is not ready, and then fails.
#[derive(Clone)]
struct Failing;

impl Service<Request<()>> for Failing {
    type Response = Response<String>;
    type Error = &'static str;
    type Future = std::future::Ready<Result<Response<String>, &'static str>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        Poll::Pending
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        std::future::ready(Err("failed"))
    }
}

#[tokio::test]
async fn what_the_service_inside_says_of_itself_is_passed_on() {
    let mut service = SessionLayer::new(sessions()).layer(Failing);
    let mut context = Context::from_waker(Waker::noop());
    assert!(service.poll_ready(&mut context).is_pending());
    assert_eq!(service.call(Request::new(())).await.unwrap_err(), "failed");
    let mut service = RequireSession::<Data>::new().layer(Failing);
    assert!(service.poll_ready(&mut context).is_pending());
}

#[tokio::test]
async fn a_body_need_not_be_shared_between_threads() {
    fn assert_send<F: Send>(future: F) -> F {
        future
    }
    let mut service = SessionLayer::new(sessions()).layer(Inner { ready: true });
    let answer = assert_send(service.call(Request::new(Cell::new(0)))).await.unwrap();
    assert_eq!(answer.body(), "here");
}
