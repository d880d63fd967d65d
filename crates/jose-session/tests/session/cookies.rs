//! A token in cookies.

use std::time::Duration;

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue, header};
use jose_core::UnixTime;
use jose_session::cookies::{CookieError, Cookies, MAX_COOKIE};
use jose_session::{CookieOptions, SameSite};
use proptest::prelude::*;

use crate::{browse, request, set_cookies, text};

fn cookies() -> Cookies {
    Cookies::new("app", CookieOptions::new(), 256 * 1024).unwrap()
}

const HOUR: Option<(Duration, UnixTime)> =
    Some((Duration::from_secs(3600), UnixTime::from_secs(1_800_003_600)));

fn written(token: &str, before: &HeaderMap) -> HeaderMap {
    let mut response = HeaderMap::new();
    cookies().write(token, HOUR, &cookies().read(before), &mut response).unwrap();
    response
}

#[test]
fn a_cookie_has_the_attributes_that_protect_it() {
    let response = written("abc", &HeaderMap::new());
    let [cookie] = set_cookies(&response).try_into().unwrap();
    let mut parts: Vec<&str> = cookie.split("; ").collect();
    assert_eq!(parts.remove(0), "app=abc");
    parts.sort_unstable();
    let expires = "Expires=Fri, 15 Jan 2027 09:00:00 GMT";
    assert_eq!(parts, [expires, "HttpOnly", "Max-Age=3600", "Path=/", "SameSite=Lax", "Secure"]);
}

#[test]
fn without_an_age_a_cookie_ends_with_the_browser() {
    let mut response = HeaderMap::new();
    cookies().write("abc", None, &cookies().read(&HeaderMap::new()), &mut response).unwrap();
    let [cookie] = set_cookies(&response).try_into().unwrap();
    assert!(!cookie.contains("Max-Age") && !cookie.contains("Expires"), "{cookie}");
}

#[test]
fn what_is_too_long_for_one_cookie_is_cut_and_joined() {
    let token = text(100_000);
    let response = written(&token, &HeaderMap::new());
    let set = set_cookies(&response);
    assert!(set[0].starts_with(&format!("app=__chunked__{}; ", set.len() - 1)), "{}", set[0]);
    assert!(set[1].starts_with("app.1="), "{}", set[1]);
    assert!(set.iter().all(|cookie| cookie.len() <= MAX_COOKIE));
    let found = cookies().read(&browse(&HeaderMap::new(), &response));
    assert_eq!(found.token(), Some(token.as_str()));
}

#[test]
fn a_cookie_is_measured_with_its_name_and_attributes() {
    let options = CookieOptions::new().path(format!("/{}", "p".repeat(2000)));
    let cookies = Cookies::new(&"n".repeat(200), options, 256 * 1024).unwrap();
    let mut response = HeaderMap::new();
    let token = text(4000);
    cookies.write(&token, HOUR, &cookies.read(&HeaderMap::new()), &mut response).unwrap();
    let set = set_cookies(&response);
    assert!(set.len() > 2 && set.iter().all(|cookie| cookie.len() <= MAX_COOKIE));
    let found = cookies.read(&browse(&HeaderMap::new(), &response));
    assert_eq!(found.token(), Some(token.as_str()));
}

#[test]
fn parts_that_are_needed_no_more_are_expired() {
    let long = browse(&HeaderMap::new(), &written(&text(20_000), &HeaderMap::new()));
    let shorter = browse(&long, &written(&text(9_000), &long));
    assert_eq!(cookies().read(&shorter).token(), Some(text(9_000).as_str()));
    let single = browse(&shorter, &written("abc", &shorter));
    assert_eq!(single.get(header::COOKIE).unwrap(), "app=abc");
}

#[test]
fn parts_without_a_first_cookie_are_expired_too() {
    let stray = request("cookie", "app.3=x; app.7=y");
    let expired = set_cookies(&written("abc", &stray));
    let names: Vec<_> = expired.iter().map(|cookie| cookie.split('=').next().unwrap()).collect();
    assert_eq!(names, ["app", "app.3", "app.7"]);
}

#[test]
fn clearing_expires_every_cookie_that_came() {
    let long = browse(&HeaderMap::new(), &written(&text(20_000), &HeaderMap::new()));
    let mut response = HeaderMap::new();
    cookies().clear(&cookies().read(&long), &mut response);
    assert!(set_cookies(&response)[0].contains("Expires=Thu, 01 Jan 1970 00:00:00 GMT"));
    assert!(browse(&long, &response).is_empty());
}

#[test]
fn a_missing_part_is_no_token() {
    let long = browse(&HeaderMap::new(), &written(&text(20_000), &HeaderMap::new()));
    let sent = long.get(header::COOKIE).unwrap().to_str().unwrap();
    let pairs: Vec<&str> = sent.split("; ").collect();
    for missing in 1..pairs.len() {
        let mut others = pairs.clone();
        others.remove(missing);
        let found = cookies().read(&request("cookie", &others.join("; ")));
        assert_eq!((found.token(), found.is_broken()), (None, true), "without {missing}");
    }
}

#[test]
fn an_empty_part_is_a_missing_one() {
    let found = cookies().read(&request("cookie", "app=__chunked__2; app.1=x; app.2="));
    assert_eq!((found.token(), found.is_broken()), (None, true));
}

#[test]
fn a_number_of_parts_is_from_one_to_a_hundred_and_nothing_else() {
    for count in
        ["", "0", "101", "-1", "+1", "01", "1.0", "1e1", " 1", "99999999999999999999", "1x"]
    {
        let found = cookies().read(&request("cookie", &format!("app=__chunked__{count}; app.1=x")));
        assert_eq!((found.token(), found.is_broken()), (None, true), "{count:?}");
    }
    let found = cookies().read(&request("cookie", "app=__chunked__1; app.1=x"));
    assert_eq!(found.token(), Some("x"));
}

#[test]
fn more_octets_than_a_token_may_have_are_not_put_together() {
    let cookies = Cookies::new("app", CookieOptions::new(), 10).unwrap();
    let broken = |sent: &str| cookies.read(&request("cookie", sent)).is_broken();
    assert!(broken("app=12345678901"));
    assert!(broken("app=__chunked__2; app.1=123456; app.2=123456"));
    assert!(!broken("app=__chunked__2; app.1=12345; app.2=12345"));
}

#[test]
fn more_parts_than_browsers_take_in_an_answer_are_not_written() {
    let cookies = Cookies::new("app", CookieOptions::new(), usize::MAX).unwrap();
    let found = cookies.read(&HeaderMap::new());
    let mut response = HeaderMap::new();
    let longest = "x".repeat(cookies.capacity());
    cookies.write(&longest, None, &found, &mut response).unwrap();
    assert_eq!(set_cookies(&response).len(), 61);
    assert_eq!(cookies.read(&browse(&HeaderMap::new(), &response)).token(), Some(longest.as_str()));
    let longer = format!("{longest}x");
    let error = cookies.write(&longer, None, &found, &mut HeaderMap::new()).unwrap_err();
    assert_eq!((error, error.code()), (CookieError::TooLong, "ERR_SESSION_TOO_LONG"));
}

#[test]
fn a_value_that_would_end_a_cookie_is_not_written() {
    let found = cookies().read(&HeaderMap::new());
    for token in ["a;b", "a b", "a,b", "a\"b", "a\\b", "a\r\nb", "ä"] {
        let mut response = HeaderMap::new();
        assert!(cookies().write(token, None, &found, &mut response).is_err(), "{token:?}");
        assert!(response.is_empty());
    }
}

#[test]
fn a_token_that_reads_as_a_number_of_parts_is_not_written() {
    let found = cookies().read(&request("cookie", "app=__chunked__1; app.1=__chunked__2"));
    let token = found.token().unwrap();
    assert_eq!(token, "__chunked__2");
    assert!(cookies().write(token, None, &found, &mut HeaderMap::new()).is_err());
}

#[test]
fn the_first_cookie_of_a_name_counts_in_whichever_field() {
    let mut fields = request("cookie", "other=1; app=first; app=second");
    fields.append("cookie", HeaderValue::from_static("app=third"));
    assert_eq!(cookies().read(&fields).token(), Some("first"));
    let mut fields = request("cookie", "other=1");
    fields.append("cookie", HeaderValue::from_static("app=third"));
    assert_eq!(cookies().read(&fields).token(), Some("third"));
}

#[test]
fn cookies_of_others_are_not_looked_at() {
    let value =
        HeaderValue::from_bytes(b"=;; x; a=\xff\xfe; application=no; APP=no; app=yes;app.=z");
    let fields = HeaderMap::from_iter([(header::COOKIE, value.unwrap())]);
    assert_eq!(cookies().read(&fields).token(), Some("yes"));
}

#[test]
fn an_empty_cookie_is_no_token_and_not_broken() {
    let found = cookies().read(&request("cookie", "app="));
    assert_eq!((found.token(), found.is_broken()), (None, false));
}

#[test]
fn what_a_prefix_promises_is_held() {
    let new = |name: &str, options| Cookies::new(name, options, 10).map(drop);
    let options = CookieOptions::new;
    for prefix in ["__Host-", "__host-", "__Secure-", "__SECURE-"] {
        let name = format!("{prefix}app");
        assert_eq!(new(&name, options()), Ok(()), "{name}");
        assert_eq!(new(&name, options().insecure()), Err(CookieError::Prefix), "{name}");
    }
    assert_eq!(new("__Host-app", options().path("/app")), Err(CookieError::Prefix));
    assert_eq!(new("__Host-app", options().domain("example.com")), Err(CookieError::Prefix));
    assert_eq!(new("__Secure-app", options().domain("example.com").path("/app")), Ok(()));
}

#[test]
fn cookies_for_other_sites_have_to_be_secure() {
    let options = CookieOptions::new().same_site(SameSite::None);
    assert!(Cookies::new("app", options.clone(), 10).is_ok());
    let error = Cookies::new("app", options.insecure(), 10).unwrap_err();
    assert_eq!(error, CookieError::SameSite);
}

#[test]
fn names_and_attributes_that_would_end_a_cookie_are_refused() {
    let new = |name: &str, options| Cookies::new(name, options, 10).map(drop);
    for name in ["", "a b", "a=b", "a;b", "a,b", "ä", "a\nb", "(a)"] {
        assert_eq!(new(name, CookieOptions::new()), Err(CookieError::Name), "{name:?}");
        let options = CookieOptions::new().name(name);
        assert_eq!(new("app", options), Err(CookieError::Name), "{name:?}");
    }
    for path in ["", "app", "/a;b", "/a b", "/ä", "/a\r\nSet-Cookie: x=y"] {
        let options = CookieOptions::new().path(path);
        assert_eq!(new("app", options), Err(CookieError::Path), "{path:?}");
    }
    for domain in ["", "a;b", "a b", "ä.example", "a\n"] {
        let options = CookieOptions::new().domain(domain);
        assert_eq!(new("app", options), Err(CookieError::Domain), "{domain:?}");
    }
    let options = CookieOptions::new().path(format!("/{}", "p".repeat(3500)));
    assert_eq!(new("app", options), Err(CookieError::TooLong));
}

#[test]
fn a_found_token_is_not_shown() {
    let found = cookies().read(&request("cookie", "app=secret"));
    assert!(!format!("{found:?}").contains("secret"));
}

proptest! {
    #[test]
    fn any_token_comes_back(token in "[A-Za-z0-9._-]{1,60}", times in 1_usize..300, before in 0_usize..12) {
        let token = token.repeat(times);
        let earlier = browse(&HeaderMap::new(), &written(&text(1 + before * 3000), &HeaderMap::new()));
        let after = browse(&earlier, &written(&token, &earlier));
        let found = cookies().read(&after);
        prop_assert_eq!(found.token(), Some(token.as_str()));
        let sent = after.get(header::COOKIE).unwrap().to_str().unwrap();
        let parts = token.len().div_ceil(3900) + 2;
        prop_assert!(sent.split("; ").count() <= parts, "nothing is left over");
    }

    #[test]
    fn no_octets_make_the_reader_panic(fields: Vec<Vec<u8>>) {
        let values = fields.iter().filter_map(|field| HeaderValue::from_bytes(field).ok());
        let fields = values.map(|value| (header::COOKIE, value)).collect();
        let found = cookies().read(&fields);
        prop_assert!(!(found.token().is_some() && found.is_broken()));
    }

    #[test]
    fn no_cookies_make_the_reader_panic(
        pairs in prop::collection::vec(
            ("(app|app\\.[0-9]{1,3}|x)", "(__chunked__[0-9]{0,4}|[a-z;= ]{0,5}|)"), 0..12,
        ),
    ) {
        let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let fields = request("cookie", &pairs.join("; "));
        let found = cookies().read(&fields);
        let mut response = HeaderMap::new();
        cookies().clear(&found, &mut response);
        let left = browse(&fields, &response);
        let found = cookies().read(&left);
        prop_assert!(found.token().is_none() || pairs.iter().filter(|pair| pair.starts_with("app=")).count() > 1);
    }
}

#[test]
fn a_name_that_is_one_of_a_part_is_refused() {
    for name in ["v.2", "v.100", "a.b.1"] {
        let refused = Cookies::new(name, CookieOptions::new(), 100).unwrap_err();
        assert_eq!(refused, CookieError::Name, "{name}");
    }
    for name in ["v.101", "v.02", "v.x", "v2"] {
        assert!(Cookies::new(name, CookieOptions::new(), 100).is_ok(), "{name}");
    }
}

#[tokio::test]
async fn what_was_written_for_a_request_is_taken_back_for_the_same() {
    let sessions = crate::sessions(crate::config(&crate::clock::Clock::new()));
    let session = sessions.read(&HeaderMap::new()).await;
    session.update(|data| data.more = text(10_000)).await.unwrap();
    let mut response = HeaderMap::new();
    session.write_to(&mut response);
    session.clear().await.unwrap();
    session.write_to(&mut response);
    assert!(browse(&HeaderMap::new(), &response).is_empty());
}

#[tokio::test]
async fn cookies_are_secrets_to_whoever_writes_fields_into_logs() {
    let sessions = crate::sessions(crate::config(&crate::clock::Clock::new()));
    let session = sessions.read(&HeaderMap::new()).await;
    session.update(|data| data.visits = 1).await.unwrap();
    let mut response = HeaderMap::new();
    session.write_to(&mut response);
    assert!(response[SET_COOKIE].is_sensitive());
}
