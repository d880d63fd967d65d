//! Answers that are no sets, or more than that.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use jose_jwks::FetchError;
use jose_tests::backends;

use crate::server::{Reply, Server, Speaker, Then};
use crate::support::{Clock, at, client, config, fetch_error, key, set, source, token, verify};

/// 256 KiB, as the guide says.
const LIMIT: usize = 256 * 1024;

/// Why a server that answers so has no set, and that it was asked once.
async fn refused(reply: Reply) -> FetchError {
    let server = Server::start(move |_| reply.clone()).await;
    let source = source(&server, backends()[0], &Clock::new());
    let error = fetch_error(source.ready().await);
    assert_eq!((server.count(), source.status().fetches), (1, 1));
    error
}

/// A set of exactly so many octets.
fn set_of_length(set: &str, octets: usize) -> String {
    format!("{set}{}", " ".repeat(octets - set.len()))
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for backend in backends() {
        let jwk = key("a", backend);
        for status in [301, 302, 303, 307, 308] {
            let elsewhere = Server::of(set([&jwk])).await;
            let to = elsewhere.url("/jwks");
            let server = Server::start(move |seen| {
                // To another server, and to another path of this one.
                let to = if seen.path == "/jwks" { to.clone() } else { "/jwks".into() };
                Reply::status(status).with("location", to)
            })
            .await;
            for path in ["/jwks", "/other"] {
                let source = at(&server.url(path), config(backend, &Clock::new()));
                assert!(matches!(fetch_error(source.ready().await), FetchError::Redirect));
            }
            assert_eq!((server.count_of("/jwks"), server.count_of("/other")), (1, 1), "{status}");
            assert_eq!(elsewhere.connections(), 0, "{status}");
        }
    }
}

#[tokio::test]
async fn a_redirect_loses_no_key() {
    for backend in backends() {
        let (jwk, clock) = (key("a", backend), Clock::new());
        let server = Server::of(set([&jwk])).await;
        let source = source(&server, backend, &clock);
        source.ready().await.unwrap();
        server.answers(|_| Reply::status(302).with("location", "https://elsewhere.example/"));
        clock.advance(601);
        verify(&source, &token(&jwk, backend)).await.unwrap();
        assert_eq!(server.count(), 2);
    }
}

#[tokio::test]
async fn a_request_tells_nothing_but_what_is_asked_for() {
    let server = Server::of("{\"keys\":[]}".into()).await;
    let clock = Clock::new();
    let source = at(&server.url("/jwks"), config(backends()[0], &clock));
    for _ in 0..2 {
        server.answers(|_| Reply::json("{\"keys\":[]}").with("set-cookie", "a=b; Path=/"));
        source.refresh().await.unwrap();
    }
    let [_, second] = server.seen().try_into().unwrap();
    let mut names: Vec<String> = second.headers.keys().map(ToString::to_string).collect();
    names.sort();
    assert_eq!(names, ["accept", "host"]);
    assert_eq!(second.headers["accept"], "application/jwk-set+json, application/json");
    assert_eq!(server.connections(), 2, "and no connection is kept that could be closed meanwhile");
}

#[tokio::test]
async fn a_client_calls_itself_what_it_is_told_to() {
    let server = Server::of("{\"keys\":[]}".into()).await;
    let options = crate::support::options().user_agent("verifier/1");
    for client in crate::support::clients(&options) {
        let config = config(backends()[0], &Clock::new());
        let source = jose_jwks::Source::at(&server.url("/jwks"), client, config).unwrap();
        source.ready().await.unwrap();
    }
    assert_eq!(server.count(), 2);
    assert!(server.seen().iter().all(|seen| seen.headers["user-agent"] == "verifier/1"));
}

#[tokio::test]
async fn what_is_no_set_is_refused() {
    for body in [
        "",
        "\0\u{1}\u{2}",
        "<!DOCTYPE html><html><title>Sign in</title></html>",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\"",
        "{}",
        "[]",
        "null",
        "{\"keys\":{}}",
        "{\"keys\":[],\"keys\":[]}",
        "{\"keys\":[]}{\"keys\":[]}",
        "{\"error\":\"temporarily_unavailable\"}",
    ] {
        let error = refused(Reply::json(body)).await;
        assert!(matches!(error, FetchError::Malformed(_)), "{body}: {error:?}");
        assert_eq!(error.code(), "ERR_JWK_SET_INVALID");
    }
}

#[tokio::test]
async fn what_is_no_set_loses_no_key() {
    for backend in backends() {
        for body in ["", "<html></html>", "{}", "{\"keys\":[{"] {
            let (jwk, clock) = (key("a", backend), Clock::new());
            let server = Server::of(set([&jwk])).await;
            let source = source(&server, backend, &clock);
            source.ready().await.unwrap();
            server.answers(move |_| Reply::json(body));
            clock.advance(601);
            verify(&source, &token(&jwk, backend)).await.unwrap();
            assert_eq!(server.count(), 2, "{body}");
        }
    }
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    for octets in [
        b"\x15\x03\x01\0\x02\x02\x46".as_slice(),
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"{\"keys\":[]}",
        b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\ncontent-length: 12\r\n\r\n{\"keys\":[]} ",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{\"keys\":[]}",
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        // Less than was promised.
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{\"keys\":[]}",
    ] {
        let speaker = Speaker::says(octets, Then::HangsUp).await;
        let source = at(&speaker.address, config(backends()[0], &Clock::new()));
        let error = fetch_error(source.ready().await);
        let told = String::from_utf8_lossy(octets);
        assert!(matches!(error, FetchError::Transport(_)), "{told}: {error:?}");
        assert_eq!(speaker.connections(), 1, "{told}");
    }
}

#[tokio::test]
async fn a_set_as_long_as_allowed_is_read() {
    for backend in backends() {
        let jwk = key("a", backend);
        let body = set_of_length(&set([&jwk]), LIMIT);
        for reply in [Reply::json(&body), Reply::json(&body).chunked()] {
            let server = Server::start(move |_| reply.clone()).await;
            let source = source(&server, backend, &Clock::new());
            verify(&source, &token(&jwk, backend)).await.unwrap();
            assert_eq!(server.count(), 1);
        }
    }
}

#[tokio::test]
async fn a_longer_set_is_refused_however_it_is_sent() {
    for octets in [LIMIT + 1, 1024 * 1024 + 1] {
        let body = set_of_length("{\"keys\":[]}", octets);
        for reply in [Reply::json(&body), Reply::json(&body).chunked()] {
            let error = refused(reply).await;
            assert!(matches!(error, FetchError::TooLong { limit: LIMIT, .. }), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_body_without_end_is_read_no_further_than_allowed() {
    let begun = Instant::now();
    let sent = Arc::new(AtomicUsize::new(0));
    let error = refused(Reply::stream(usize::MAX, &sent)).await;
    assert!(matches!(error, FetchError::TooLong { .. }), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    // What was sent beyond it is in the buffers of two sockets.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let first = sent.load(Ordering::SeqCst);
    assert!(first < 16 * 1024 * 1024, "{first} octets");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(sent.load(Ordering::SeqCst), first, "the connection is closed");
}

#[tokio::test]
async fn a_length_beyond_the_limit_is_believed() {
    // Nothing of it is read: the rest never comes.
    let speaker = Speaker::says(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 262145\r\n\r\n",
        Then::Stays,
    )
    .await;
    let source = at(&speaker.address, config(backends()[0], &Clock::new()));
    let error = fetch_error(source.ready().await);
    assert!(matches!(error, FetchError::TooLong { limit: LIMIT, .. }), "{error:?}");
    assert_eq!(speaker.connections(), 1);
}

#[tokio::test]
async fn a_limit_of_nothing_is_one() {
    use jose_jwks::Fetch;

    let server = Server::start(|seen| Reply::of(if seen.path == "/" { "" } else { "x" })).await;
    let ask = |path| http::Request::get(server.url(path)).body(()).unwrap();
    assert!(client().fetch(ask("/"), 0).await.unwrap().body().is_empty());
    let error = client().fetch(ask("/x"), 0).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLong { limit: 0, .. }), "{error:?}");
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn fields_without_end_are_refused() {
    let mut answer = b"HTTP/1.1 200 OK\r\n".to_vec();
    for index in 0..100_000 {
        answer.extend(format!("x-{index}: {index}\r\n").bytes());
    }
    let speaker = Speaker::says(answer.leak(), Then::Stays).await;
    let source = at(&speaker.address, config(backends()[0], &Clock::new()));
    assert!(matches!(fetch_error(source.ready().await), FetchError::Transport(_)));
    assert_eq!(speaker.connections(), 1);
}

#[tokio::test]
async fn a_body_of_another_type_is_refused_unless_allowed() {
    for backend in backends() {
        for kind in ["text/html", "text/plain; charset=utf-8", "application/octet-stream", "*/*"] {
            let reply = Reply::of("{\"keys\":[]}").with("content-type", kind);
            let server = Server::start(move |_| reply.clone()).await;
            let source = source(&server, backend, &Clock::new());
            assert!(matches!(fetch_error(source.ready().await), FetchError::ContentType), "{kind}");
            let any = config(backend, &Clock::new()).any_content_type();
            at(&server.url("/jwks"), any).ready().await.unwrap();
            assert_eq!(server.count(), 2);
        }
    }
}

#[tokio::test]
async fn a_body_of_json_is_read_whatever_it_calls_that() {
    for kind in [
        Some("application/json"),
        Some("application/jwk-set+json"),
        Some("Application/JSON;charset=UTF-8"),
        None,
    ] {
        let reply = Reply::of("{\"keys\":[]}");
        let reply = kind.map_or(reply.clone(), |kind| reply.with("content-type", kind));
        let server = Server::start(move |_| reply.clone()).await;
        source(&server, backends()[0], &Clock::new()).ready().await.unwrap();
        assert_eq!(server.count(), 1, "{kind:?}");
    }
}

#[tokio::test]
async fn a_compressed_body_is_refused() {
    for encoding in ["gzip", "br", "deflate", "zstd", "identity, gzip"] {
        let error = refused(Reply::json("{\"keys\":[]}").with("content-encoding", encoding)).await;
        assert!(matches!(error, FetchError::ContentEncoding), "{encoding}: {error:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_whole_is_none() {
    for status in [201, 202, 204, 206] {
        let error = refused(Reply::json("{\"keys\":[]}").with_status(status)).await;
        let FetchError::Status { status: told, .. } = error else { panic!("{error:?}") };
        assert_eq!(told.as_u16(), status);
    }
}
