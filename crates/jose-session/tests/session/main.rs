//! What sessions promise, seen from outside.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]
#![allow(clippy::std_instead_of_alloc, clippy::std_instead_of_core, reason = "it needs std")]

mod clock;
mod cookies;
mod hooks;
mod keys;
mod reading;
mod refresh;
mod store;
mod updating;
mod wire;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};
use jose_core::{Alg, Jwk};
use jose_rustcrypto::BACKEND;
use jose_session::{Config, Keys, Session, SessionData, Sessions};
use serde::{Deserialize, Serialize};

use self::clock::Clock;

#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Data {
    name: String,
    visits: u32,
    more: String,
}

fn hs256() -> Jwk {
    Jwk::from_secret_octets(vec![7; 32]).unwrap().with_alg(Alg::HS256).unwrap()
}

fn a256kw() -> Jwk {
    Jwk::from_secret_octets(vec![9; 32]).unwrap().with_alg(Alg::A256KW).unwrap()
}

/// Signed sessions of an hour, by a clock that stands still.
fn config(clock: &Clock) -> Config {
    let keys = Keys::from_jwk(&hs256(), BACKEND).unwrap();
    Config::new("app", keys, BACKEND).max_age("1h").clock(clock.reader())
}

/// The same, encrypted.
fn encrypted(clock: &Clock) -> Config {
    let keys = Keys::from_jwk(&a256kw(), BACKEND).unwrap();
    Config::new("app", keys, BACKEND).max_age("1h").clock(clock.reader())
}

fn sessions(config: Config) -> Sessions<Data> {
    Sessions::new(config).unwrap()
}

/// A request whose only field is this.
fn request(name: &str, value: &str) -> HeaderMap {
    let name: HeaderName = name.parse().unwrap();
    HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
}

/// What a browser sends next that had `before` and got the cookies of this session.
fn next_request<T: SessionData>(before: &HeaderMap, session: &Session<T>) -> HeaderMap {
    let mut response = HeaderMap::new();
    session.write_to(&mut response);
    browse(before, &response)
}

/// What a browser sends next that had `before` and got `response`: cookies set, replaced and expired.
fn browse(before: &HeaderMap, response: &HeaderMap) -> HeaderMap {
    let sent = before.get(COOKIE).map_or("", |value| value.to_str().unwrap());
    let split = |pair: &str| pair.split_once('=').map(|(a, b)| (a.to_owned(), b.to_owned()));
    let mut jar: Vec<(String, String)> = sent.split("; ").filter_map(split).collect();
    for cookie in set_cookies(response) {
        assert!(cookie.len() <= 4096, "{} octets", cookie.len());
        let (name, value) = split(cookie.split(';').next().unwrap()).unwrap();
        jar.retain(|(other, _)| *other != name);
        if !cookie.contains("Max-Age=0;") && !cookie.ends_with("Max-Age=0") {
            jar.push((name, value));
        }
    }
    let pairs: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
    if pairs.is_empty() { HeaderMap::new() } else { request("cookie", &pairs.join("; ")) }
}

fn set_cookies(response: &HeaderMap) -> Vec<String> {
    let values = response.get_all(SET_COOKIE).iter();
    values.map(|value| value.to_str().unwrap().to_owned()).collect()
}

/// A text of so many characters that no two places of it are alike.
fn text(len: usize) -> String {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'a' + u8::try_from(state >> 24).unwrap() % 26)
    };
    (0..len).map(|_| next()).collect()
}
