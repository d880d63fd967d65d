//! `examples/sessions`: what the page's buttons do, by their requests.

use serde_json::json;

use crate::program::{Client, Program};

const ACCESS: &str = "__Host-access";
const REFRESH: &str = "__Host-refresh";

fn start() -> Program {
    let path = env!("CARGO_BIN_EXE_sessions");
    Program::start_as(std::process::Command::new(path).arg("127.0.0.1:0"))
}

/// A browser in which Joe has just logged in.
fn logged_in(program: &Program) -> Client {
    let mut browser = program.client();
    let answer = browser.press("/log-in", "user=joe");
    assert_eq!((answer.status, answer.field("location")), (303, Some("/")));
    browser
}

impl Client {
    /// 200 if it is let in, and the status otherwise.
    fn me(&mut self) -> u16 {
        let answer = self.get("/me");
        if answer.status == 200 {
            assert_eq!(answer.json(), json!({"user": "joe", "roles": ["reader"]}));
        }
        answer.status
    }

    /// The last things that the page says have happened, the last first.
    fn told(&mut self) -> Vec<String> {
        let page = self.get("/").body;
        let told = page.split_once("<ol id=\"told\" reversed>").unwrap().1;
        let told = told.split_once("</ol>").unwrap().0;
        told.split("<li>").skip(1).map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
    }

    fn minutes_pass(&mut self) {
        assert_eq!(self.press("/end-access", "").status, 303);
    }
}

fn kid(token: &str) -> String {
    let header = jose::base64url::decode(token.split('.').next().unwrap().as_bytes()).unwrap();
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

#[test]
fn a_login_sets_two_cookies_that_no_script_and_no_other_site_uses() {
    let program = start();
    let mut browser = program.client();
    assert_eq!(browser.me(), 401);
    let answer = browser.press("/log-in", "user=joe");
    let set: Vec<_> = answer.fields.iter().filter(|(name, _)| name == "set-cookie").collect();
    assert_eq!(set.len(), 2);
    for (name, age) in [(ACCESS, 900), (REFRESH, 7 * 24 * 3600)] {
        let (_, set) = set.iter().find(|(_, set)| set.starts_with(&format!("{name}="))).unwrap();
        for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax", &format!("Max-Age={age}")]
        {
            assert!(set.split("; ").any(|found| found == attribute), "{set}");
        }
        assert!(!set.contains("Domain"), "{set}");
    }
    assert_eq!(browser.cookies[ACCESS].split('.').count(), 3);
    assert_eq!(browser.cookies[REFRESH].split('.').count(), 5);
    assert_eq!(browser.me(), 200);
    assert_eq!(program.client().press("/log-in", "user=eve").status, 403);
}

#[test]
fn roles_are_granted_at_login_and_asked_for_by_the_guard() {
    let program = start();
    assert_eq!(program.client().press("/write", "").status, 401);
    assert_eq!(logged_in(&program).press("/write", "").status, 403);
    let mut ann = program.client();
    ann.press("/log-in", "user=ann");
    assert_eq!(ann.press("/write", "").status, 204);
}

#[test]
fn an_access_session_that_is_over_is_renewed_on_the_way_and_the_page_only_looks() {
    let program = start();
    let mut browser = logged_in(&program);
    let before = browser.cookies.clone();
    assert_eq!(browser.me(), 200);
    assert_eq!(browser.cookies, before);
    browser.minutes_pass();
    let page = browser.get("/");
    assert_eq!(browser.cookies, before);
    assert!(page.body.contains("(ERR_JWT_EXPIRED)"), "{}", page.body);
    assert_eq!(browser.me(), 200);
    assert!(before.iter().all(|(name, token)| browser.cookies[name] != *token));

    // The access token alone lets nobody in any more, and the refresh token alone does.
    let mut only = browser.clone();
    only.minutes_pass();
    only.cookies.remove(REFRESH);
    assert_eq!(only.me(), 401);
    browser.cookies.remove(ACCESS);
    assert_eq!(browser.me(), 200);
}

#[test]
fn of_two_who_have_a_refresh_token_neither_has_a_session_when_both_have_used_it() {
    let program = start();
    let mut joe = logged_in(&program);
    joe.press("/steal", "");
    joe.minutes_pass();
    joe.press("/use-stolen", "");
    assert_eq!(joe.told()[0], "the thief is let in as joe");
    joe.minutes_pass();
    // Joe's was used by the thief, long ago.
    assert_eq!(joe.me(), 401);
    assert!(joe.told().iter().any(|line| line.contains("ERR_SESSION_REUSED")), "{:?}", joe.told());
    assert!(joe.get("/").body.contains("(ERR_SESSION_REVOKED)"));
    joe.press("/use-stolen", "");
    assert_eq!(joe.told()[0], "the thief is not let in");
    assert_eq!(joe.me(), 401);
    joe.press("/log-in", "user=joe");
    assert_eq!(joe.me(), 200);
}

#[test]
fn a_token_that_comes_twice_within_moments_is_refused_and_no_theft() {
    let program = start();
    let mut joe = logged_in(&program);
    joe.press("/steal", "");
    joe.minutes_pass();
    assert_eq!(joe.me(), 200);
    joe.press("/use-stolen", "");
    let told = joe.told();
    assert_eq!(told[0], "the thief is not let in");
    assert!(told.iter().any(|line| line.contains("ERR_SESSION_USED")), "{told:?}");
    assert_eq!(joe.me(), 200);
    joe.minutes_pass();
    assert_eq!(joe.me(), 200);
    // Now it is one, and Joe has to log in again.
    joe.press("/use-stolen", "");
    assert_eq!(joe.told()[0], "the thief is not let in");
    assert_eq!(joe.me(), 401);
}

#[test]
fn keys_follow_one_another_and_nobody_is_thrown_out() {
    let program = start();
    let mut joe = logged_in(&program);
    assert_eq!(kid(&joe.cookies[ACCESS]), "key-1");
    joe.press("/rotate", "");
    assert_eq!(joe.me(), 200);
    assert_eq!(kid(&joe.cookies[ACCESS]), "key-1");
    joe.minutes_pass();
    assert_eq!(joe.me(), 200);
    assert_eq!(kid(&joe.cookies[ACCESS]), "key-2");
    let page = joe.get("/").body;
    assert!(page.contains("<li>key-1 is gone<li>key-2 signs"), "{page}");
    joe.press("/rotate", "");
    assert!(joe.get("/").body.contains("<li>key-2 verifies for "));
    assert_eq!(joe.me(), 200);
}

#[test]
fn logging_out_ends_copies_too() {
    let program = start();
    let mut joe = logged_in(&program);
    joe.press("/steal", "");
    let mut copy = joe.clone();
    assert_eq!(joe.press("/log-out", "").status, 303);
    assert!(joe.cookies.is_empty());
    assert_eq!((joe.me(), copy.me()), (401, 401));
    joe.press("/use-stolen", "");
    assert_eq!(joe.told()[0], "the thief is not let in");
    copy.minutes_pass();
    assert_eq!(copy.me(), 401);
}

#[test]
fn the_page_runs_nothing_and_shows_what_came_as_text() {
    let program = start();
    let mut browser = program.client();
    let hostile = "{told}<script>alert(1)</script>";
    let header = jose::base64url::encode(hostile.as_bytes());
    browser.cookies.insert(ACCESS.into(), format!("{header}.<b>'.\"&"));
    browser.cookies.insert(REFRESH.into(), "<i>{keys}".into());
    let page = browser.get("/");
    let policy = page.field("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self'; form-action 'self'"));
    assert_eq!(page.field("cache-control"), Some("no-store"));
    for element in ["<script", "<b>", "<i>", "{told}", "{keys}", "style="] {
        assert!(!page.body.contains(element), "{element}: {}", page.body);
    }
    assert!(page.body.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{}", page.body);
    assert_eq!(browser.get("/style.css").field("content-type"), Some("text/css"));
}

#[test]
fn another_site_changes_nothing() {
    let program = start();
    let mut browser = program.client();
    for site in ["cross-site", "same-site", "none, cross-site"] {
        let kind = ("Content-Type", "application/x-www-form-urlencoded");
        for (path, form) in [("/log-in", "user=joe"), ("/rotate", ""), ("/end-access", "")] {
            let answer = browser.send("POST", path, &[kind, ("Sec-Fetch-Site", site)], form);
            assert_eq!(answer.status, 403, "{path}");
        }
    }
    assert!(browser.cookies.is_empty() && browser.told().is_empty());
}
