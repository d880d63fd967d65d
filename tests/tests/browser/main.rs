//! What a browser makes of the cookies of a session: which it keeps and shows, to whom it sends them, and what it forgets.
#![forbid(unsafe_code)]
#![allow(
    unreachable_pub,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    reason = "a test may fail by panicking, its modules are its own, and it needs std"
)]

mod driver;
mod server;

use jose_tests::backends;
use serde_json::{Value, json};

use crate::driver::Browser;
use crate::server::Server;

/// A server on the first backend: what a browser does is not about the keys.
fn start() -> (Server, Browser) {
    let server = Server::start(backends()[0]);
    let browser = Browser::start();
    browser.go(&server.url("/"));
    (server, browser)
}

impl Browser {
    /// A request by a script of the page.
    fn fetch(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { Value::Null } else { body.to_string().into() };
        let script = "const [method, path, body] = arguments;
            return fetch(path, { method, body }).then((answer) => answer.json());";
        self.run(script, &[method.into(), path.into(), body])
    }
}

/// The names of cookies, sorted.
fn names(cookies: &[Value]) -> Vec<&str> {
    cookies.iter().map(|cookie| cookie["name"].as_str().unwrap()).collect()
}

/// `name`, and its parts `name.1` to `name.count`; sorted.
fn parts(name: &str, count: usize) -> Vec<String> {
    let mut names = vec![name.to_owned()];
    names.extend((1..=count).map(|number| format!("{name}.{number}")));
    names.sort();
    names
}

fn text(octets: usize) -> Value {
    let text = "0123456789abcdefghijklmnopqrstuv".chars().cycle().take(octets);
    json!({"text": text.collect::<String>()})
}

/// How many seconds there are until a cookie expires, by the browser's clock.
fn lasts(browser: &Browser, cookie: &Value) -> i64 {
    let now = browser.run("return Math.floor(Date.now() / 1000)", &[]);
    cookie["expiry"].as_i64().unwrap() - now.as_i64().unwrap()
}

#[test]
fn a_cookie_has_the_default_attributes_and_scripts_do_not_see_it() {
    let (server, browser) = start();
    // Secure, and `localhost` is reached without TLS: browsers take it for secure (W3C Secure Contexts §3.1).
    browser.fetch("POST", "/visit", &json!({"name": "joe"}));
    let cookies = browser.cookies();
    assert_eq!(names(&cookies), ["visit"]);
    let cookie = &cookies[0];
    assert_eq!(cookie["secure"], true);
    assert_eq!(cookie["httpOnly"], true);
    assert_eq!(cookie["sameSite"], "Lax");
    assert_eq!(cookie["path"], "/");
    assert_eq!(cookie["domain"], "localhost"); // without a dot: of this host alone
    assert!((3590..=3600).contains(&lasts(&browser, cookie)), "{cookie}");
    assert_eq!(browser.run("return document.cookie", &[]), "");

    // To another host the browser sends nothing, though the server is the same.
    browser.go(&server.url_elsewhere("/visit"));
    assert_eq!(browser.told()["id"], Value::Null);
    browser.go(&server.url("/visit"));
    assert_eq!(browser.told()["data"], json!({"name": "joe"}));
}

#[test]
fn a_cookie_has_the_attributes_that_were_asked_for() {
    let (_server, browser) = start();
    for name in ["open", "strict", "none"] {
        browser.fetch("POST", &format!("/{name}"), &json!({"name": name}));
    }
    let cookies = browser.cookies();
    assert_eq!(names(&cookies), ["none", "open", "strict"]);
    for (cookie, same_site) in cookies.iter().zip(["None", "Lax", "Strict"]) {
        assert_eq!(cookie["sameSite"], same_site, "{cookie}");
        // Good until the browser ends, where there is no maximum age.
        assert_eq!(cookie["expiry"], Value::Null, "{cookie}");
        assert_eq!(cookie["secure"], cookie["name"] != "open", "{cookie}");
        assert_eq!(cookie["httpOnly"], cookie["name"] != "open", "{cookie}");
    }
    let shown = browser.run("return document.cookie", &[]);
    let expected = format!("open={}", cookies[1]["value"].as_str().unwrap());
    assert_eq!(shown, expected);
}

#[test]
fn a_path_keeps_a_cookie_from_requests_beside_it() {
    let (server, browser) = start();
    browser.fetch("POST", "/scoped", &json!({"name": "joe"}));
    assert_eq!(names(&browser.cookies()).len(), 0);
    assert_eq!(browser.fetch("GET", "/visit/seen", &Value::Null)["cookies"], json!([]));
    let seen = browser.fetch("GET", "/scoped/seen", &Value::Null);
    assert_eq!(seen["cookies"], json!(["scoped"]));
    browser.go(&server.url("/scoped"));
    assert_eq!(browser.cookies()[0]["path"], "/scoped");
    assert_eq!(browser.told()["data"], json!({"name": "joe"}));
    // What expires it has to name its path too.
    browser.fetch("DELETE", "/scoped", &Value::Null);
    assert_eq!(names(&browser.cookies()).len(), 0);
}

#[test]
fn a_cookie_of_this_host_alone_is_stored_under_its_prefix() {
    let (server, browser) = start();
    browser.fetch("POST", "/__Host-id", &json!({"name": "joe"}));
    assert_eq!(names(&browser.cookies()), ["__Host-id"]);
    browser.go(&server.url("/__Host-id"));
    assert_eq!(browser.told()["data"], json!({"name": "joe"}));
    browser.fetch("POST", "/__Host-id", &text(10_000));
    assert_eq!(names(&browser.cookies()), parts("__Host-id", 4));
    browser.fetch("DELETE", "/__Host-id", &Value::Null);
    assert_eq!(names(&browser.cookies()).len(), 0);
}

#[test]
fn a_session_outlives_the_page_and_is_in_every_tab() {
    let (server, browser) = start();
    let id = browser.fetch("POST", "/visit", &text(10_000))["id"].clone();
    assert!(id.is_string());
    browser.go(&server.url("/visit"));
    assert_eq!(browser.told()["id"], id);
    browser.reload();
    assert_eq!(browser.told()["id"], id);
    browser.open_tab();
    browser.go(&server.url("/visit"));
    let told = browser.told();
    assert_eq!(told["id"], id);
    assert_eq!(told["data"], text(10_000));
}

#[test]
fn a_session_is_forgotten_when_its_time_is_over() {
    let (_server, browser) = start();
    browser.fetch("POST", "/brief", &json!({"name": "joe"}));
    browser.fetch("POST", "/visit", &json!({"name": "joe"}));
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(names(&browser.cookies()), ["visit"]);
    // The request does not bring it, and that is not the server's clock.
    assert_eq!(browser.fetch("GET", "/brief/seen", &Value::Null)["cookies"], json!(["visit"]));
}

#[test]
fn a_long_session_is_stored_in_parts_and_those_go_when_it_is_short_or_cleared() {
    let (server, browser) = start();
    // Octets of data, and in how many parts their token is. The last is the most that is written.
    for (octets, count) in [(10_000, 4), (100_000, 34), (176_000, 60)] {
        let told = browser.fetch("POST", "/large", &text(octets));
        assert_eq!(told["refused"], Value::Null);
        let cookies = browser.cookies();
        assert_eq!(names(&cookies), parts("large", count), "{octets}");
        let seen = browser.fetch("GET", "/large/seen", &Value::Null);
        assert_eq!(seen["cookies"], json!(parts("large", count)), "{octets}");
        let sent = usize::try_from(seen["octets"].as_u64().unwrap()).unwrap();
        assert!(sent > octets * 4 / 3, "{octets}: {sent}");

        browser.go(&server.url("/large"));
        let told = browser.told();
        assert_eq!(told["failure"], Value::Null);
        assert_eq!(told["data"], text(octets));
    }

    browser.fetch("POST", "/large", &text(50_000));
    assert_eq!(names(&browser.cookies()), parts("large", 17));
    assert_eq!(browser.fetch("GET", "/large", &Value::Null)["data"], text(50_000));
    browser.fetch("POST", "/large", &text(10));
    assert_eq!(names(&browser.cookies()), ["large"]);
    assert_eq!(browser.fetch("GET", "/large", &Value::Null)["data"], text(10));

    for octets in [10, 100_000] {
        browser.fetch("POST", "/large", &text(octets));
        browser.fetch("DELETE", "/large", &Value::Null);
        assert_eq!(names(&browser.cookies()).len(), 0, "{octets}");
        let told = browser.fetch("GET", "/large", &Value::Null);
        assert_eq!(told["cookies"], json!([]));
        assert_eq!((&told["id"], &told["failure"]), (&Value::Null, &Value::Null));
    }
}

#[test]
fn a_session_that_is_longer_than_browsers_take_is_refused_and_changes_nothing() {
    let (_server, browser) = start();
    browser.fetch("POST", "/large", &text(10_000));
    let before = browser.cookies();
    let told = browser.fetch("POST", "/large", &text(194_000));
    assert_eq!(told["refused"], "ERR_SESSION_TOO_LONG");
    assert_eq!(browser.cookies(), before);
    assert_eq!(browser.fetch("GET", "/large", &Value::Null)["data"], text(10_000));
}

#[test]
fn a_form_on_another_site_does_not_bring_a_session() {
    let (server, browser) = start();
    for name in ["visit", "strict", "none"] {
        browser.fetch("POST", &format!("/{name}"), &json!({"name": name}));
    }
    let seen = server.url("/visit/seen");
    let submits = "const form = document.createElement('form');
        [form.method, form.action] = ['POST', arguments[0]];
        document.body.append(form);
        form.submit();";
    let follows = "const link = document.createElement('a');
        link.href = arguments[0];
        document.body.append(link);
        link.click();";
    // From here it brings all of them: so it is the site that makes the difference.
    browser.leave(submits, &seen);
    assert_eq!(browser.told()["cookies"], json!(["none", "strict", "visit"]));

    browser.go(&server.url_elsewhere("/"));
    browser.leave(submits, &seen);
    assert_eq!(browser.told()["cookies"], json!(["none"]));

    browser.go(&server.url_elsewhere("/"));
    browser.leave(follows, &seen);
    assert_eq!(browser.told()["cookies"], json!(["none", "visit"]));
}
