//! Requests for a WebSocket, where no answer can carry what is changed later (RFC 6455 §4, RFC 8441).

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::header::{CONNECTION, UPGRADE};
use http::{HeaderName, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use jose_session::{Session, SessionLayer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::http_server::Server;
use crate::support::{Clock, Data, failed, routes, sessions};

/// Switches, and then says who it is that it talks to, and what comes of changing that.
async fn talk(session: Session<Data>, mut request: Request<Body>) -> Response<Body> {
    let refused = session.update(|data| data.visits += 1).await.map_err(failed);
    tokio::spawn(async move {
        let mut stream = TokioIo::new(hyper::upgrade::on(&mut request).await.unwrap());
        let later = session.update(|data| data.visits += 1).await.map_err(failed);
        let read = (session.is_read_only(), session.data().name.clone());
        stream.write_all(format!("{read:?} {refused:?} {later:?}").as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    });
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(CONNECTION, "upgrade")
        .header(UPGRADE, "websocket")
        .body(Body::empty())
        .unwrap()
}

pub fn asking() -> [(HeaderName, &'static str); 2] {
    [(CONNECTION, "keep-alive, Upgrade"), (UPGRADE, "WebSocket")]
}

#[tokio::test]
async fn a_websocket_knows_its_session_and_cannot_change_it() {
    let clock = Clock::new();
    let router: Router = routes().route("/talk", get(talk));
    let server = Server::start(router.layer(SessionLayer::new(sessions(&clock)))).await;
    let client = server.client();
    client.post("/login", "joe").await;
    let before = client.cookies();
    let (answer, stream) = client.upgrade("/talk", &asking()).await;
    assert_eq!(answer.status, StatusCode::SWITCHING_PROTOCOLS);
    assert!(!answer.headers.contains_key(http::header::SET_COOKIE));
    let mut said = String::new();
    stream.unwrap().read_to_string(&mut said).await.unwrap();
    let refused = r#"Err((409, "ERR_SESSION_READ_ONLY"))"#;
    assert_eq!(said, format!(r#"(true, "joe") {refused} {refused}"#));
    assert_eq!(client.cookies(), before);
}

#[tokio::test]
async fn a_request_for_another_protocol_can_change_its_session() {
    let clock = Clock::new();
    let server = Server::start(routes().layer(SessionLayer::new(sessions(&clock)))).await;
    for protocol in ["h2c", "not-websocket", "websockets"] {
        let fields = [(CONNECTION, "upgrade"), (UPGRADE, protocol)];
        let (answer, _) = server.client().upgrade("/visit/200", &fields).await;
        assert_eq!(answer.status, StatusCode::OK, "{protocol}");
        assert!(answer.headers.contains_key(http::header::SET_COOKIE), "{protocol}");
    }
    for protocol in ["websocket", "h2c, WEBSOCKET", "websocket/13", "a/1 ,\twebSocket"] {
        let fields = [(CONNECTION, "upgrade"), (UPGRADE, protocol)];
        let (answer, _) = server.client().upgrade("/visit/200", &fields).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{protocol}");
        assert!(!answer.headers.contains_key(http::header::SET_COOKIE), "{protocol}");
    }
}
