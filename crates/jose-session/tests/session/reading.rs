//! Where a session is read from, and what there is if it is not accepted.

use http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use jose_rustcrypto::BACKEND;
use jose_session::{
    Config, ConfigError, CookieOptions, Error, HeaderField, Keys, Session, Sessions,
};

use crate::clock::Clock;
use crate::{Data, browse, config, encrypted, hs256, next_request, request, sessions, set_cookies};

async fn token(sessions: &Sessions<Data>, name: &str) -> String {
    let data = Data { name: name.into(), ..Data::default() };
    sessions.seal(data).await.unwrap().token().unwrap().to_owned()
}

async fn read(sessions: &Sessions<Data>, fields: &[(&str, &str)]) -> Session<Data> {
    let mut request = HeaderMap::new();
    for (name, value) in fields {
        let name: HeaderName = name.parse().unwrap();
        request.append(name, HeaderValue::from_str(value).unwrap());
    }
    sessions.read(&request).await
}

#[tokio::test]
async fn a_request_that_brings_nothing_has_an_empty_session() {
    let session = read(&sessions(config(&Clock::new())), &[]).await;
    assert!(!session.exists() && !session.is_dirty());
    assert_eq!((session.id(), session.token(), session.created_at()), (None, None, None));
    assert_eq!(*session.data(), Data::default());
    assert!(session.failure().is_none());
    let mut response = HeaderMap::new();
    session.write_to(&mut response);
    assert!(response.is_empty());
}

#[tokio::test]
async fn the_header_field_comes_before_the_cookie() {
    let sessions = sessions(config(&Clock::new()));
    let (field, cookie) = (token(&sessions, "field").await, token(&sessions, "cookie").await);
    let cookie = format!("app={cookie}");
    let both = read(&sessions, &[("x-app-session", &field), ("cookie", &cookie)]).await;
    assert_eq!(both.data().name, "field");
    assert_eq!(read(&sessions, &[("cookie", &cookie)]).await.data().name, "cookie");
    let empty = read(&sessions, &[("x-app-session", ""), ("cookie", &cookie)]).await;
    assert_eq!(empty.data().name, "cookie");
}

#[tokio::test]
async fn a_header_field_that_is_not_accepted_does_not_give_way_to_the_cookie() {
    let sessions = sessions(config(&Clock::new()));
    let cookie = format!("app={}", token(&sessions, "cookie").await);
    let session = read(&sessions, &[("x-app-session", "wrong"), ("cookie", &cookie)]).await;
    assert!(!session.exists());
    assert!(matches!(*session.failure().unwrap(), Error::Token(_)));
}

#[tokio::test]
async fn the_scheme_is_bearer_in_any_case_or_absent() {
    let sessions = sessions(config(&Clock::new()));
    let token = token(&sessions, "joe").await;
    for prefix in ["", "Bearer ", "bearer ", "BEARER  "] {
        let session = read(&sessions, &[("x-app-session", &format!("{prefix}{token}"))]).await;
        assert_eq!(session.data().name, "joe", "{prefix:?}");
    }
    assert!(!read(&sessions, &[("x-app-session", &format!("Basic {token}"))]).await.exists());
}

#[tokio::test]
async fn authorization_of_another_scheme_is_somebody_elses() {
    let field = HeaderField::Named(header::AUTHORIZATION);
    let sessions = sessions(config(&Clock::new()).header(field));
    let token = token(&sessions, "joe").await;
    let bearer = format!("bEARER {token}");
    assert!(read(&sessions, &[("authorization", &bearer)]).await.exists());
    let cookie = format!("app={token}");
    for other in ["Basic am9lOnB3", &token, ""] {
        let session = read(&sessions, &[("authorization", other)]).await;
        assert!(!session.exists() && session.failure().is_none(), "{other}");
        let session = read(&sessions, &[("authorization", other), ("cookie", &cookie)]).await;
        assert!(session.exists(), "{other}");
    }
}

#[tokio::test]
async fn bearer_with_nothing_behind_it_does_not_give_way_to_the_cookie() {
    for name in ["x-app-session", "authorization"] {
        let field = HeaderField::Named(name.parse().unwrap());
        let sessions = sessions(config(&Clock::new()).header(field));
        let cookie = format!("app={}", token(&sessions, "cookie").await);
        let session = read(&sessions, &[(name, "Bearer "), ("cookie", &cookie)]).await;
        assert_eq!(session.failure().unwrap().code(), "ERR_SESSION_FIELD", "{name}");
    }
}

#[tokio::test]
async fn a_session_from_a_field_does_not_overwrite_the_cookie_of_another() {
    let sessions = sessions(config(&Clock::new()));
    let (field, cookie) = (token(&sessions, "field").await, token(&sessions, "cookie").await);
    let cookie = format!("app={cookie}");
    let session = read(&sessions, &[("x-app-session", &field), ("cookie", &cookie)]).await;
    session.update(|data| data.visits = 1).await.unwrap();
    let mut response = HeaderMap::new();
    session.write_to(&mut response);
    assert!(response.is_empty());
    let alone = read(&sessions, &[("x-app-session", &field)]).await;
    alone.update(|data| data.visits = 1).await.unwrap();
    alone.write_to(&mut response);
    assert!(!response.is_empty());
}

#[tokio::test]
async fn a_field_that_is_there_twice_is_no_session() {
    let sessions = sessions(config(&Clock::new()));
    let token = token(&sessions, "joe").await;
    let twice = read(&sessions, &[("x-app-session", &token), ("x-app-session", &token)]).await;
    assert!(!twice.exists());
    assert_eq!(twice.failure().unwrap().code(), "ERR_SESSION_FIELD");
}

#[tokio::test]
async fn each_way_can_be_off() {
    let clock = Clock::new();
    let no_field = sessions(config(&clock).header(HeaderField::Off));
    let token = token(&no_field, "joe").await;
    assert!(!read(&no_field, &[("x-app-session", &token)]).await.exists());
    let no_cookie = sessions(config(&clock).without_cookie());
    assert!(!read(&no_cookie, &[("cookie", &format!("app={token}"))]).await.exists());
    let session = read(&no_cookie, &[("x-app-session", &token)]).await;
    session.update(|data| data.visits += 1).await.unwrap();
    let mut response = HeaderMap::new();
    session.write_to(&mut response);
    assert!(response.is_empty() && session.token().unwrap() != token);
}

#[tokio::test]
async fn a_name_with_a_prefix_is_a_field_too() {
    let keys = Keys::from_jwk(&hs256(), BACKEND).unwrap();
    let sessions = sessions(Config::new("__Host-App", keys, BACKEND).clock(Clock::new().reader()));
    let token = token(&sessions, "joe").await;
    assert!(read(&sessions, &[("x-__host-app-session", &token)]).await.exists());
    assert!(read(&sessions, &[("cookie", &format!("__Host-App={token}"))]).await.exists());
}

#[tokio::test]
async fn a_session_of_100_kb_travels_in_cookies() {
    let sessions = sessions(encrypted(&Clock::new()));
    let session = sessions.read(&HeaderMap::new()).await;
    session.update(|data| data.more = "x".repeat(100_000)).await.unwrap();
    let request = next_request(&HeaderMap::new(), &session);
    let session = sessions.read(&request).await;
    assert_eq!(session.data().more.len(), 100_000);
    session.update(|data| data.more.clear()).await.unwrap();
    let request = next_request(&request, &session);
    assert_eq!(request.get(header::COOKIE).unwrap().to_str().unwrap().matches('=').count(), 1);
    assert!(sessions.read(&request).await.exists());
}

#[tokio::test]
async fn swapped_parts_are_no_session() {
    let sessions = sessions(encrypted(&Clock::new()));
    let session = sessions.read(&HeaderMap::new()).await;
    session.update(|data| data.more = "x".repeat(9000)).await.unwrap();
    let sent = next_request(&HeaderMap::new(), &session);
    let sent = sent.get(header::COOKIE).unwrap().to_str().unwrap();
    let swapped = sent.replace("app.1=", "app.X=").replace("app.2=", "app.1=");
    let swapped = swapped.replace("app.X=", "app.2=");
    let session = sessions.read(&request("cookie", &swapped)).await;
    assert!(!session.exists() && session.token().is_none());
    let missing = sent.replace("app.2=", "app.9=");
    let session = sessions.read(&request("cookie", &missing)).await;
    assert_eq!(session.failure().unwrap().code(), "ERR_SESSION_COOKIE");
}

#[tokio::test]
async fn a_token_that_is_not_accepted_is_not_shown_and_not_answered() {
    let clock = Clock::new();
    let sessions = sessions(config(&clock));
    let token = token(&sessions, "joe").await;
    let tampered = format!("{token}AA");
    clock.go(3600);
    for token in [&token, &tampered] {
        let session = read(&sessions, &[("cookie", &format!("app={token}"))]).await;
        assert_eq!((session.token(), session.id()), (None, None));
        assert_eq!(*session.data(), Data::default());
        assert!(!session.is_dirty() && session.failure().is_some());
    }
}

#[tokio::test]
async fn cookies_of_an_answer_are_neither_read_nor_touched() {
    let sessions = sessions(config(&Clock::new()));
    let session = sessions.read(&HeaderMap::new()).await;
    let mut response = HeaderMap::new();
    response.append(header::SET_COOKIE, HeaderValue::from_static("app=of another; Path=/"));
    response.append(header::SET_COOKIE, HeaderValue::from_static("other=1"));
    session.update(|data| data.visits = 1).await.unwrap();
    session.write_to(&mut response);
    let values = set_cookies(&response);
    assert_eq!(values.len(), 3);
    assert_eq!(&values[..2], ["app=of another; Path=/", "other=1"]);
}

#[tokio::test]
async fn a_request_is_read_with_its_extensions_or_without() {
    let sessions = sessions(config(&Clock::new()));
    let token = token(&sessions, "joe").await;
    let request = Request::builder().header("x-app-session", &token).body("anything").unwrap();
    assert!(sessions.read(&request).await.exists());
    let (parts, _) = request.into_parts();
    assert!(sessions.read(&parts).await.exists());
    assert!(sessions.resume(Some(&token)).await.exists());
    assert!(!sessions.resume(None).await.exists());
}

#[tokio::test]
async fn a_session_that_is_held_for_long_tells_that_it_is_over() {
    let clock = Clock::new();
    let sessions = sessions(config(&clock));
    let token = token(&sessions, "joe").await;
    let session = sessions.read_only(&request("x-app-session", &token)).await;
    assert!(!session.is_expired());
    clock.go(3600);
    assert!(session.is_expired());
}

#[tokio::test]
async fn a_cookie_may_have_another_name_than_the_session() {
    let options = CookieOptions::new().name("__Host-id");
    let sessions = sessions(config(&Clock::new()).cookie(options));
    let session = sessions.read(&HeaderMap::new()).await;
    session.update(|data| data.visits = 1).await.unwrap();
    let request = next_request(&HeaderMap::new(), &session);
    assert!(request.get(header::COOKIE).unwrap().to_str().unwrap().starts_with("__Host-id="));
    assert!(sessions.read(&request).await.exists());
}

#[test]
fn what_cannot_be_honoured_is_refused_when_sessions_are_made() {
    let refused = |config| Sessions::<Data>::new(config).map(drop).unwrap_err();
    let config = || config(&Clock::new());
    assert_eq!(refused(config().single_use()), ConfigError::NoStore);
    assert!(matches!(refused(config().max_age("1d")), ConfigError::Duration(_)));
    assert!(matches!(refused(config().max_age(0)), ConfigError::Duration(_)));
    assert!(matches!(refused(config().leeway("1h")), ConfigError::Duration(_)));
    let bad = CookieOptions::new().insecure().name("__Host-app");
    assert!(matches!(refused(config().cookie(bad)), ConfigError::Cookie(_)));
    let keys = Keys::from_jwk(&hs256(), BACKEND).unwrap();
    let named = Config::new("a b", keys, BACKEND).without_cookie();
    assert_eq!(refused(named), ConfigError::Name);
    assert_eq!(refused(config().single_use()).code(), "ERR_SESSION_CONFIG");
}

#[test]
fn neither_token_nor_data_are_shown() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let sessions = sessions(config(&Clock::new()));
        let token = token(&sessions, "joe").await;
        let session = sessions.read(&request("x-app-session", &token)).await;
        let shown = format!("{session:?} {:?} {sessions:?}", session.snapshot());
        assert!(!shown.contains("joe") && !shown.contains(&token), "{shown}");
    });
}

#[tokio::test]
async fn a_browser_that_clears_and_comes_back_has_no_session() {
    let sessions = sessions(config(&Clock::new()));
    let session = sessions.read(&HeaderMap::new()).await;
    session.update(|data| data.more = "x".repeat(9000)).await.unwrap();
    let request = next_request(&HeaderMap::new(), &session);
    let session = sessions.read(&request).await;
    session.clear().await.unwrap();
    assert!(!session.exists() && session.token().is_none() && session.is_dirty());
    let mut response = HeaderMap::new();
    session.write_to(&mut response);
    assert!(browse(&request, &response).is_empty());
}
