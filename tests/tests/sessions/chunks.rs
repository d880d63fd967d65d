//! Sessions that are too large for one cookie, and requests that are too large for a server.

use http::StatusCode;

use crate::http_server::{Client, Server};
use crate::support::{Clock, app, sessions};

/// What does not repeat, so that parts that were swapped are seen.
fn octets(length: usize) -> String {
    let letters = ('a'..='z').cycle();
    letters
        .zip(0..length)
        .map(|(letter, index)| if index % 251 < 9 { 'Z' } else { letter })
        .collect()
}

async fn filled(length: usize) -> (Server, Client) {
    let server = Server::start(app(sessions(&Clock::new()))).await;
    let client = server.client();
    assert_eq!(client.post("/fill", octets(length)).await.status, StatusCode::OK);
    (server, client)
}

#[tokio::test]
async fn a_session_of_100_kb_travels_in_parts() {
    let (_server, client) = filled(100_000).await;
    let cookies = client.cookies();
    assert!(cookies.len() > 30, "{}", cookies.len());
    assert_eq!(cookies["app"], format!("__chunked__{}", cookies.len() - 1));
    let answer = client.get("/fill").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.body == octets(100_000));
    // And back again: each of them is as small as browsers want it.
    let set = client.get("/visit/500").await.set_cookies();
    assert_eq!(set.len(), cookies.len());
    assert!(set.iter().all(|(name, rest)| name.len() + 1 + rest.len() <= 4096));
    assert!(client.get("/fill").await.body == octets(100_000));
}

#[tokio::test]
async fn parts_that_are_needed_no_more_are_taken_back() {
    let (_server, client) = filled(100_000).await;
    client.post("/fill", octets(10_000)).await;
    assert!(client.cookies().len() < 6);
    assert!(client.get("/fill").await.body == octets(10_000));
    client.post("/fill", "short").await;
    assert_eq!(client.cookies().into_keys().collect::<Vec<_>>(), ["app"]);
    assert_eq!(client.get("/fill").await.body, "short");
    client.post("/fill", octets(50_000)).await;
    client.post("/logout", "").await;
    assert!(client.cookies().is_empty());
}

#[tokio::test]
async fn parts_that_were_changed_swapped_or_lost_are_no_session() {
    let (_server, client) = filled(20_000).await;
    let whole = client.cookies();
    let parts = whole.len() - 1;
    let assert_none = async |what: &str, client: &Client| {
        let answer = client.get("/fill").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what}");
        assert!(answer.body.is_empty(), "{what}");
    };
    for number in 1..=parts {
        let (name, next) = (format!("app.{number}"), format!("app.{}", number % parts + 1));
        let mut changed = whole[&name].clone().into_bytes();
        changed[9] = if changed[9] == b'A' { b'B' } else { b'A' };
        let tampered = client.copy();
        tampered.set_cookie(&name, &String::from_utf8(changed).unwrap());
        assert_none("changed", &tampered).await;
        let swapped = client.copy();
        swapped.set_cookie(&name, &whole[&next]);
        swapped.set_cookie(&next, &whole[&name]);
        assert_none("swapped", &swapped).await;
        let lost = client.copy();
        lost.remove_cookie(&name);
        assert_none("lost", &lost).await;
        let short = client.copy();
        short.set_cookie(&name, &whole[&name][1..]);
        assert_none("shortened", &short).await;
    }
    for count in [0, 1, parts - 1, parts + 1, 100, 101, usize::MAX] {
        let miscounted = client.copy();
        miscounted.set_cookie("app", &format!("__chunked__{count}"));
        assert_none("counted wrongly", &miscounted).await;
    }
    // What is broken does not stay in the way.
    let broken = client.copy();
    broken.remove_cookie("app.2");
    assert_eq!(broken.post("/fill", "anew").await.status, StatusCode::OK);
    assert_eq!(broken.get("/fill").await.body, "anew");
    assert_eq!(broken.cookies().len(), 1);
    assert!(client.get("/fill").await.body == octets(20_000), "the whole one is good");
}

#[tokio::test]
async fn parts_of_two_sessions_do_not_make_one() {
    let (_server, client) = filled(20_000).await;
    let before = client.cookies();
    client.get("/visit/200").await;
    let after = client.cookies();
    assert_eq!(before.len(), after.len());
    for name in after.keys().filter(|name| *name != "app" && before[*name] != after[*name]) {
        let mixed = client.copy();
        mixed.set_cookie(name, &before[name]);
        assert_eq!(mixed.get("/fill").await.status, StatusCode::UNAUTHORIZED, "{name}");
    }
}

#[tokio::test]
async fn a_request_with_too_many_octets_of_fields_is_refused_by_the_server() {
    let server = Server::with_room(app(sessions(&Clock::new())), 16 * 1024).await;
    let client = server.client();
    for part in 0..20 {
        client.set_cookie(&format!("app.{part}"), &octets(4000));
    }
    let answer = client.get("/peek").await;
    assert_eq!(answer.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    // The next one is served.
    assert_eq!(server.client().get("/peek").await.body, "nobody");
}

#[tokio::test]
async fn a_token_that_is_too_long_is_no_session() {
    let server = Server::start(app(sessions(&Clock::new()))).await;
    let client = server.client();
    client.set_cookie("app", "__chunked__100");
    for part in 1..=100 {
        client.set_cookie(&format!("app.{part}"), &octets(4000));
    }
    assert_eq!(client.get("/me").await.status, StatusCode::UNAUTHORIZED);
    let one = server.client();
    one.set_cookie("app", &octets(400_000));
    assert_eq!(one.get("/me").await.status, StatusCode::UNAUTHORIZED);
    let refused = server.client().post("/fill", octets(400_000)).await;
    assert_eq!(refused.body, "ERR_SESSION_TOO_LONG");
    assert!(refused.set_cookies().is_empty());
}
