//! `examples/sessions`, clicked through.

use std::process::Command;

use serde_json::json;

use crate::driver::Browser;
use crate::program::Program;

fn start() -> (Program, Browser) {
    let path = env!("CARGO_BIN_EXE_sessions");
    let program = Program::start_as(Command::new(path).arg("127.0.0.1:0"));
    let browser = Browser::start();
    browser.go(&format!("http://{}/", program.address));
    (program, browser)
}

impl Browser {
    /// Presses a button, and waits for the page that comes of it.
    fn press(&self, action: &str) {
        let before = self.is("performance.timeOrigin");
        let button = format!("document.querySelector('form[action=\"{action}\"] button')");
        self.run(&format!("{button}.click()"), &[]);
        self.wait_until(&format!(
            "performance.timeOrigin != {before} && document.readyState == 'complete'"
        ));
    }

    /// The last thing that the page says has happened, without its time.
    fn last_told(&self) -> String {
        let told = self.is("document.querySelector('#told li').textContent");
        told.as_str().unwrap().split_once(' ').unwrap().1.to_owned()
    }

    fn says(&self, id: &str, text: &str) -> bool {
        self.is(&format!("document.getElementById('{id}').textContent"))
            .as_str()
            .unwrap()
            .contains(text)
    }
}

#[test]
fn a_browser_keeps_both_cookies_and_no_script_sees_them() {
    let (_program, browser) = start();
    assert_eq!(browser.cookies().len(), 0);
    browser.press("log-in");
    let cookies = browser.cookies();
    assert_eq!(cookies.len(), 2);
    for (cookie, name) in cookies.iter().zip(["__Host-access", "__Host-refresh"]) {
        assert_eq!(cookie["name"], name);
        assert_eq!((&cookie["httpOnly"], &cookie["secure"]), (&json!(true), &json!(true)));
        assert_eq!((&cookie["sameSite"], &cookie["path"]), (&json!("Lax"), &json!("/")));
    }
    assert_eq!(browser.is("document.cookie"), "");
    assert!(browser.says("access", "\"user\":\"joe\"") && browser.says("access", "Accepted"));
    assert!(browser.says("refresh", "Inside: joe") && browser.says("refresh", "Accepted"));
    // The policy lets the page's own style in.
    let colour = "getComputedStyle(document.querySelector('.good')).color";
    assert_eq!(browser.is(colour), "rgb(0, 102, 0)");
}

#[test]
fn a_session_is_renewed_and_its_keys_follow_one_another() {
    let (_program, browser) = start();
    browser.press("log-in");
    browser.press("rotate");
    browser.press("end-access");
    assert!(browser.says("access", "Not accepted") && browser.says("access", "key-1"));
    let before = browser.cookies();
    browser.press("who-am-i");
    assert_eq!(browser.last_told(), "who am I? joe, reader");
    assert!(browser.says("access", "Accepted") && browser.says("access", "key-2"));
    let after = browser.cookies();
    assert!(before.iter().zip(&after).all(|(before, after)| before["value"] != after["value"]));
    browser.press("log-out");
    assert_eq!(browser.cookies().len(), 0);
    browser.press("who-am-i");
    assert_eq!(browser.last_told(), "who am I? nobody: 401");
}

#[test]
fn a_thief_is_in_until_the_owner_comes_and_then_neither_is() {
    let (_program, browser) = start();
    browser.press("log-in");
    browser.press("steal");
    assert!(browser.says("thief", "has a refresh token"));
    browser.press("end-access");
    browser.press("use-stolen");
    assert_eq!(browser.last_told(), "the thief is let in as joe");
    browser.press("end-access");
    assert!(browser.says("refresh", "ERR_SESSION_REUSED"));
    browser.press("use-stolen");
    assert_eq!(browser.last_told(), "the thief is not let in");
    browser.press("who-am-i");
    assert_eq!(browser.last_told(), "who am I? nobody: 401");
    browser.press("log-in");
    browser.press("who-am-i");
    assert_eq!(browser.last_told(), "who am I? joe, reader");
}
