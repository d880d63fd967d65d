//! What a handler is given, and what is answered in its place.

use core::sync::atomic::Ordering;

use axum::Router;
use axum::routing::get;
use http::StatusCode;
use jose_session::axum::{EncryptedSession, SignedSession};
use jose_session::{Config, RequireSession, Session, SessionLayer, Sessions};

use crate::http_server::Server;
use crate::support::{Away, Clock, Data, backend, config, encrypting, routes, sessions};

async fn signed(session: SignedSession<Data>) -> String {
    session.into_inner().data().name.clone()
}

async fn encrypted(session: EncryptedSession<Data>) -> String {
    session.into_inner().data().name.clone()
}

async fn if_signed(session: Option<SignedSession<Data>>) -> String {
    session.map_or("nobody".into(), |session| session.data().name.clone())
}

async fn if_encrypted(session: Option<EncryptedSession<Data>>) -> String {
    session.map_or("nobody".into(), |session| session.data().name.clone())
}

async fn read_only(session: Option<SignedSession<Data>>) -> String {
    session.unwrap().is_read_only().to_string()
}

/// The routes of `support`, those of the handlers here, and some behind a guard.
fn router() -> Router {
    let members = Router::new().route("/member", get(async || "in"));
    let admins = Router::new().route("/admin", get(async || "in"));
    let is_joe = |session: &jose_session::Snapshot<Data>| session.data().name == "joe";
    let is_new = |session: &jose_session::Snapshot<Data>| session.data().visits == 0;
    routes()
        .route("/signed", get(signed))
        .route("/encrypted", get(encrypted))
        .route("/if-signed", get(if_signed))
        .route("/if-encrypted", get(if_encrypted))
        .route("/read-only", get(read_only))
        .merge(members.layer(RequireSession::<Data>::new()))
        .merge(admins.layer(RequireSession::<Data>::new().and(is_joe).and(is_new)))
}

#[tokio::test]
async fn a_session_is_of_the_kind_that_a_handler_asks_for_or_the_program_is_wrong() {
    let clock = Clock::new();
    let encrypted = Config::new("app", encrypting(), backend()).clock(clock.reader());
    let encrypted = Sessions::<Data>::new(encrypted).unwrap();
    for (sessions, good, bad) in
        [(sessions(&clock), "signed", "encrypted"), (encrypted, "encrypted", "signed")]
    {
        let server = Server::start(router().layer(SessionLayer::new(sessions))).await;
        let client = server.client();
        assert_eq!(client.get(&format!("/{good}")).await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(client.get(&format!("/if-{good}")).await.body, "nobody");
        for _ in 0..2 {
            for prefix in ["/", "/if-"] {
                let answer = client.get(&format!("{prefix}{bad}")).await;
                assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
                assert!(answer.body.is_empty());
            }
            client.post("/login", "joe").await;
        }
        assert_eq!(client.get(&format!("/{good}")).await.body, "joe");
        assert_eq!(client.get(&format!("/if-{good}")).await.body, "joe");
    }
}

#[tokio::test]
async fn a_session_that_no_layer_reads_is_a_mistake_of_the_program() {
    let server = Server::start(router()).await;
    for path in ["/peek", "/signed", "/encrypted", "/if-signed", "/if-encrypted", "/member"] {
        let answer = server.client().get(path).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        assert!(answer.body.is_empty());
    }
}

#[tokio::test]
async fn there_is_a_session_to_begin_with() {
    let server = Server::start(router().layer(SessionLayer::new(sessions(&Clock::new())))).await;
    let client = server.client();
    assert_eq!(client.get("/peek").await.body, "nobody");
    assert_eq!(client.get("/visit/200").await.body, "1");
    assert_eq!(client.get("/visit/200").await.body, "2");
}

#[tokio::test]
async fn refusals_are_the_same_whatever_the_reason() {
    let clock = Clock::new();
    let server = Server::start(router().layer(SessionLayer::new(sessions(&clock)))).await;
    let client = server.client();
    client.post("/login", "joe").await;
    let good = client.cookies()["app"].clone();
    let tampered = format!("{}AAAA", &good[..good.len() - 4]);
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", good.split('.').nth(1).unwrap());
    let encrypted = Config::new("app", encrypting(), backend()).clock(clock.reader());
    let encrypted = Sessions::<Data>::new(encrypted).unwrap();
    let encrypted = encrypted.seal(Data::default()).await.unwrap();
    clock.go(3600);
    let mut answers = Vec::new();
    let tokens = [&good, &tampered, &unsigned, encrypted.token().unwrap(), "a.b.c", "", "x"];
    for path in ["/signed", "/member", "/admin"] {
        for token in tokens {
            let client = server.client();
            client.set_cookie("app", token);
            let answer = client.get(path).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path} {token}");
            let mut fields = answer.headers;
            fields.remove("date");
            answers.push((fields, answer.body));
        }
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(answers[0].1, "");
}

#[tokio::test]
async fn a_guard_asks_for_a_session_and_for_what_it_holds() {
    let server = Server::start(router().layer(SessionLayer::new(sessions(&Clock::new())))).await;
    let client = server.client();
    for path in ["/member", "/admin"] {
        assert_eq!(client.get(path).await.status, StatusCode::UNAUTHORIZED);
    }
    client.post("/login", "jim").await;
    assert_eq!(client.get("/member").await.body, "in");
    let refused = client.get("/admin").await;
    assert_eq!((refused.status, refused.body.as_str()), (StatusCode::FORBIDDEN, ""));
    client.post("/login", "joe").await;
    assert_eq!(client.get("/admin").await.body, "in");
    client.get("/visit/200").await;
    assert_eq!(client.get("/admin").await.status, StatusCode::FORBIDDEN, "both have to say yes");
    assert_eq!(client.get("/peek").await.body, "joe", "what is not behind it is open");
}

#[tokio::test]
async fn where_nobody_can_tell_the_answer_is_to_come_again() {
    let clock = Clock::new();
    let store = Away::new(&clock);
    let sessions =
        Sessions::<Data>::new(config(&clock).store(std::sync::Arc::clone(&store))).unwrap();
    let server = Server::start(router().layer(SessionLayer::new(sessions))).await;
    let client = server.client();
    client.post("/login", "joe").await;
    store.away.store(true, Ordering::SeqCst);
    for path in ["/signed", "/if-signed", "/member", "/admin"] {
        let answer = client.get(path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(answer.body.is_empty() && answer.set_cookies().is_empty());
    }
    assert_eq!(client.get("/peek").await.body, "nobody");
    assert_eq!(client.get("/visit/200").await.status, StatusCode::SERVICE_UNAVAILABLE);
    // Whoever brought nothing has nothing that could have been revoked.
    assert_eq!(server.client().get("/signed").await.status, StatusCode::UNAUTHORIZED);
    store.away.store(false, Ordering::SeqCst);
    assert_eq!(client.get("/signed").await.body, "joe");
}

#[tokio::test]
async fn what_can_only_be_read_stays_so_as_an_option() {
    let clock = Clock::new();
    let sessions = sessions(&clock);
    let token = sessions.seal(Data::default()).await.unwrap();
    for expected in [false, true] {
        let layer = SessionLayer::new(sessions.clone());
        let layer = if expected { layer.read_only() } else { layer };
        let server = Server::start(router().layer(layer)).await;
        let client = server.client();
        client.set_cookie("app", token.token().unwrap());
        assert_eq!(client.get("/read-only").await.body, expected.to_string());
    }
}

/// What a handler asks for says what it may rely on.
#[tokio::test]
async fn a_session_that_is_cleared_on_the_way_is_none_for_the_handler() {
    async fn clear(
        session: Session<Data>,
        request: axum::extract::Request,
        next: axum::middleware::Next,
    ) -> axum::response::Response {
        session.clear().await.unwrap();
        next.run(request).await
    }
    let router = router().layer(axum::middleware::from_fn(clear));
    let sessions = sessions(&Clock::new());
    let token = sessions.seal(Data::default()).await.unwrap();
    let server = Server::start(router.layer(SessionLayer::new(sessions))).await;
    let client = server.client();
    client.set_cookie("app", token.token().unwrap());
    let answer = client.get("/signed").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.set_cookies().len(), 1, "and the client forgets it with the refusal");
}
