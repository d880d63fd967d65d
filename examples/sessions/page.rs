//! The page: what the browser sends, taken apart.

use std::fmt::Write as _;
use std::sync::PoisonError;

use axum::http::{HeaderMap, header};
use jose::jws::KeyState;
use jose::{UnixTime, base64url};
use jose_session::{Error, Snapshot};

use crate::demo::Demo;
use crate::routes::App;
use crate::service::{ACCESS, REFRESH, short};

pub(crate) async fn page(app: &App, request: &HeaderMap) -> String {
    let [access, refresh] = [ACCESS, REFRESH].map(|name| cookie(request, name));
    let signed = ["header", "claims", "signature"];
    let sealed = ["header", "encrypted key", "initialization vector", "ciphertext", "tag"];
    let mut access_shown = parts(access, &signed, 2);
    let mut refresh_shown = parts(refresh, &sealed, 1);
    let refresher = &app.service.refresher;
    if let Some(token) = access {
        access_shown.push_str(&verdict(&refresher.access().open(token).await, &app.demo));
    }
    if let Some(token) = refresh {
        let opened = refresher.refreshing().open(token).await;
        if let Ok(session) = &opened {
            let user = escaped(&session.data().user);
            let [id, login] = [session.id(), session.family()].map(|id| escaped(short(id)));
            let _ = write!(refresh_shown, "<p>Inside: {user}, token {id}, login {login}.");
        }
        if matches!(opened, Err(Error::Reused)) {
            // Whatever brings it: to show the page was enough.
            app.demo.tell("a refresh token that was used long ago: that login is ended");
        }
        refresh_shown.push_str(&verdict(&opened, &app.demo));
    }

    let (now, ring) = (app.demo.now(), &app.service.ring);
    let mut keys = String::new();
    for key in ring.read().unwrap_or_else(PoisonError::into_inner).keys() {
        let state = match key.state() {
            KeyState::Active => "signs".to_owned(),
            KeyState::Retiring { until } if now < until => {
                format!("verifies for {} s more", until.as_secs().saturating_sub(now.as_secs()))
            }
            _ => "is gone".to_owned(),
        };
        let _ = write!(keys, "<li>{} {state}", escaped(key.kid()));
    }
    let mut told = String::new();
    for line in app.demo.told() {
        let _ = write!(told, "<li>{}", escaped(&line));
    }
    let thief = match app.demo.stolen() {
        Some(token) => format!("has a refresh token that ends in {}", escaped(end(&token))),
        None => "has nothing".to_owned(),
    };
    include_str!("page.html")
        .replace("{passed}", &app.demo.passed())
        .replace("{keys}", &keys)
        .replace("{thief}", &thief)
        .replace("{told}", &told)
        .replace("{access}", &access_shown)
        .replace("{refresh}", &refresh_shown)
}

/// What the server thinks of it.
fn verdict<T>(opened: &Result<Snapshot<T>, Error>, demo: &Demo) -> String {
    match opened {
        Ok(session) => {
            let until = session.expires_at().map_or(0, UnixTime::as_secs);
            let left = until.saturating_sub(demo.now().as_secs());
            format!("<p class=good>Accepted, for {left} s more.")
        }
        Err(error) => {
            let told = escaped(&error.to_string());
            format!("<p class=bad>Not accepted: {told} ({}).", error.code())
        }
    }
}

/// The parts of a token in their colours, and the first `readable` of them as text. Nobody has verified any of it.
fn parts(token: Option<&str>, names: &[&str], readable: usize) -> String {
    let Some(token) = token else { return "<p>There is none.".into() };
    let mut shown = String::from("<p class=token>");
    for (index, (part, name)) in token.split('.').zip(names).enumerate() {
        let dot = if index == 0 { "" } else { "." };
        let _ =
            write!(shown, "{dot}<span class=p{index} title=\"{name}\">{}</span>", escaped(part));
    }
    shown.push_str("<dl>");
    for (index, (part, name)) in token.split('.').zip(names).enumerate() {
        let octets = base64url::decode(part.as_bytes()).unwrap_or_default();
        let text = match String::from_utf8(octets) {
            Ok(text) if index < readable => escaped(&text),
            Ok(text) => format!("{} octets", text.len()),
            Err(error) => format!("{} octets", error.as_bytes().len()),
        };
        let _ = write!(shown, "<dt class=p{index}>{name}<dd>{text}");
    }
    shown + "</dl>"
}

/// What the browser sends under this name, whatever the server thinks of it.
pub(crate) fn cookie<'r>(request: &'r HeaderMap, name: &str) -> Option<&'r str> {
    let fields = request.get_all(header::COOKIE).iter().filter_map(|field| field.to_str().ok());
    let mut pairs = fields.flat_map(|field| field.split("; ")).filter_map(|it| it.split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// Enough of a token to tell it from others.
fn end(token: &str) -> &str {
    token.get(token.len().saturating_sub(8)..).unwrap_or_default()
}

/// Whatever stands in a token was written by somebody else.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // The places of the page are filled one after the other.
            '{' => escaped.push_str("&#123;"),
            character => escaped.push(character),
        }
    }
    escaped
}
