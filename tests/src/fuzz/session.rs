//! Requests that bring a session, or something like one.

use core::task::{Context, Poll, Waker};
use std::sync::LazyLock;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};
use jose::{Alg, Jwk, UnixTime};
use jose_session::cookies::Cookies;
use jose_session::{Config, CookieOptions, Keys, Session, Sessions};

use crate::backends;

/// What every session holds that we have sealed.
const NAME: &str = "joe";
const NOW: u64 = 1_800_000_000;

type Data = alloc::collections::BTreeMap<String, String>;

static SESSIONS: LazyLock<Sessions<Data>> = LazyLock::new(|| {
    let backend = backends()[0];
    let jwk = Jwk::from_secret_octets(vec![7; 32]).expect("octets are a key");
    let jwk = jwk.with_alg(Alg::HS256).expect("which signs");
    let keys = Keys::from_jwk(&jwk, backend).expect("and verifies");
    let config = Config::new("app", keys, backend).max_age("1h");
    Sessions::new(config.clock(|| UnixTime::from_secs(NOW))).expect("a configuration that holds")
});

static COOKIES: LazyLock<Cookies> = LazyLock::new(|| {
    Cookies::new("app", CookieOptions::new(), 4096 * 16).expect("cookies that a browser stores")
});

/// Reads a session out of a request; whatever was read is written and read alike, and cleared.
///
/// Each line is a field: those that begin with `>` the header field of the session, the others cookies.
pub fn session_cookie(octets: &[u8]) {
    let request = fields(octets);
    let found = COOKIES.read(&request);
    assert!(!(found.is_broken() && found.token().is_some()), "what is broken is no token");
    let mut response = HeaderMap::new();
    if let Some(token) = found.token()
        && COOKIES.write(token, None, &found, &mut response).is_ok()
    {
        let again = COOKIES.read(&kept(&response));
        assert_eq!(again.token(), Some(token), "a token that was written is read");
    }
    let mut response = HeaderMap::new();
    COOKIES.clear(&found, &mut response);
    assert!(kept(&response).is_empty(), "what is cleared leaves nothing");

    let session = ready(SESSIONS.read(&request));
    if session.exists() {
        assert_eq!(session.data().get("name").map(String::as_str), Some(NAME), "nobody else seals");
        assert!(session.failure().is_none() && session.token().is_some());
    } else {
        assert_eq!((session.token(), session.id()), (None, None));
        assert!(session.data().is_empty(), "no session holds nothing");
    }
    assert!(!session.is_dirty(), "reading changes nothing");
}

/// Requests with sessions, in each of the ways they come.
#[must_use]
pub fn requests() -> Vec<Vec<u8>> {
    let sealed = |more: usize| -> Session<Data> {
        let session = ready(SESSIONS.resume(None));
        let data = [("name", NAME.to_owned()), ("more", "x".repeat(more))];
        let data = data.map(|(name, value)| (name.to_owned(), value));
        ready(session.replace(Data::from(data))).expect("data are sealed");
        session
    };
    let cookies = |session: &Session<Data>| -> Vec<u8> {
        let mut response = HeaderMap::new();
        session.write_to(&mut response);
        kept(&response).get(COOKIE).map(|value| value.as_bytes().to_vec()).unwrap_or_default()
    };
    let token = sealed(0).token().unwrap_or_default();
    let texts = [
        format!(">{token}"),
        format!(">Bearer {token}"),
        "app=__chunked__2; app.1=x; app.2=y".into(),
        "app=__chunked__1; app.1=__chunked__1".into(),
        "other=1; app=; app=x\napp=y".into(),
    ];
    let texts = texts.into_iter().map(String::into_bytes);
    texts.chain([cookies(&sealed(0)), cookies(&sealed(7000))]).collect()
}

fn fields(octets: &[u8]) -> HeaderMap {
    let lines = octets.split(|octet| *octet == b'\n');
    let fields = lines.filter_map(|line| {
        let (name, value) = match line.strip_prefix(b">") {
            Some(value) => (HeaderName::from_static("x-app-session"), value),
            None => (COOKIE, line),
        };
        Some((name, HeaderValue::from_bytes(value).ok()?))
    });
    // More fields than a server reads are none of ours, and a map of them has its own bounds.
    let mut request = HeaderMap::new();
    for (name, value) in fields.take(64) {
        request.append(name, value);
    }
    request
}

/// The request of a browser that had nothing and got this answer.
fn kept(response: &HeaderMap) -> HeaderMap {
    let set = response.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    let kept =
        set.filter(|cookie| !cookie.split(';').skip(1).any(|attribute| attribute == " Max-Age=0"));
    let pairs: Vec<&str> = kept.filter_map(|cookie| cookie.split(';').next()).collect();
    let value = HeaderValue::from_str(&pairs.join("; "));
    let cookies = value.ok().filter(|_| !pairs.is_empty()).map(|value| (COOKIE, value));
    cookies.into_iter().collect()
}

/// What waits for nobody: a session of a shared key, without a store.
fn ready<O>(future: impl Future<Output = O>) -> O {
    let mut future = core::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("it waits for nobody"),
    }
}
