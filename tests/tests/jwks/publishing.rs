//! Sets of one's own, fetched from a server that publishes them.

use core::time::Duration;

use jose::UnixTime;
use jose_jwks::{Plan, Publisher, Rotation};
use jose_tests::backends;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Clock, NO_KEY, assert_refused, at, config, key, verify};

const START: UnixTime = UnixTime::from_secs(1_800_000_000);

/// A server on axum; its address, without a path.
async fn serve(publisher: &Publisher) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = axum::serve(listener, jose_jwks::router(publisher.clone()));
    tokio::spawn(async move { server.await.unwrap() });
    address
}

/// What it answers to a request, with the fields that are given.
async fn asked(address: &str, method: &str, fields: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let path = jose_jwks::WELL_KNOWN;
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{fields}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn field<'a>(answer: &'a str, name: &str) -> &'a str {
    let line = answer.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("{name} is missing in {answer}")).trim()
}

#[tokio::test]
async fn what_turns_is_fetched_and_verifies_what_it_signs() {
    for backend in backends() {
        let clock = Clock::new();
        let plan = Plan::default();
        let mut rotation = Rotation::new(&key("a", backend), plan, START, backend).unwrap();
        let publisher = Publisher::new(rotation.published(START).unwrap());
        let address = serve(&publisher).await;
        let url = format!("http://{address}{}", jose_jwks::WELL_KNOWN);
        let source = at(&url, config(backend, &clock));
        let token = |rotation: &Rotation| jose::jws::sign(b"paid", rotation.signing_key()).unwrap();
        let of_the_first = token(&rotation);
        verify(&source, &of_the_first).await.unwrap();

        let mut now = START;
        while rotation.signing_key().kid() == Some("a") {
            let next = rotation.next_turn(now);
            clock.advance(next.as_secs() - now.as_secs());
            now = next;
            rotation.turn(now).unwrap();
            publisher.publish(rotation.published(now).unwrap());
            // Whoever fetches as often as the set says has every key before it signs.
            verify(&source, &token(&rotation)).await.unwrap();
        }
        verify(&source, &of_the_first).await.unwrap();

        clock.advance(plan.retires_for.as_secs());
        now = now.saturating_add(plan.retires_for);
        rotation.turn(now).unwrap();
        publisher.publish(rotation.published(now).unwrap());
        assert_refused(verify(&source, &of_the_first).await, NO_KEY);
    }
}

#[tokio::test]
async fn a_set_that_has_not_changed_is_not_sent_again() {
    for backend in backends() {
        let clock = Clock::new();
        let set = [key("a", backend)].into_iter().collect();
        let published = jose_jwks::Published::new(&set, Duration::from_secs(60), backend).unwrap();
        let address = serve(&Publisher::new(published)).await;
        let answer = asked(&address, "GET", "").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert_eq!(field(&answer, "content-type:"), "application/jwk-set+json");
        assert_eq!(field(&answer, "cache-control:"), "public, max-age=60");

        let condition = format!("If-None-Match: \"other\", W/{}\r\n", field(&answer, "etag:"));
        let answer = asked(&address, "GET", &condition).await;
        assert!(answer.starts_with("HTTP/1.1 304"), "{answer}");
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");

        let source =
            at(&format!("http://{address}{}", jose_jwks::WELL_KNOWN), config(backend, &clock));
        source.ready().await.unwrap();
        clock.advance(60);
        source.ready().await.unwrap();
        let status = source.status();
        assert_eq!((status.fetches, status.failures, status.keys), (2, 0, 1));
    }
}

#[tokio::test]
async fn a_set_is_read_and_nothing_else() {
    for backend in backends() {
        let set = [key("a", backend)].into_iter().collect();
        let published = jose_jwks::Published::new(&set, Duration::from_secs(60), backend).unwrap();
        let length = published.body().len();
        let address = serve(&Publisher::new(published)).await;
        let answer = asked(&address, "HEAD", "").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert_eq!(field(&answer, "content-length:"), length.to_string());
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let answer = asked(&address, method, "").await;
            assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
            assert_eq!(field(&answer, "allow:"), "GET, HEAD");
        }
    }
}
