//! The protocol of tests/peers/README.md: a request on each line of standard input, its answer on a
//! line of standard output. The only argument names the peer.
#![forbid(unsafe_code)]

mod with_josekit;
mod with_jsonwebtoken;

use std::error::Error;
use std::io::{Write, stdin, stdout};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let peer = match std::env::args().nth(1).as_deref() {
        Some("josekit") => with_josekit::answer,
        Some("jsonwebtoken") => with_jsonwebtoken::answer,
        _ => return Err("usage: jose-peers josekit|jsonwebtoken".into()),
    };
    for line in stdin().lines() {
        let answer = match serde_json::from_str(&line?).map_err(Into::into).and_then(peer) {
            Ok(mut answer) => {
                answer.insert("ok".to_owned(), true.into());
                answer
            }
            Err(error) => object([("ok", false.into()), ("error", chain(&*error).into())]),
        };
        let mut out = stdout().lock();
        writeln!(out, "{}", Value::Object(answer))?;
        out.flush()?;
    }
    Ok(())
}

type Answer = Result<Map<String, Value>, Box<dyn Error>>;

/// A request, whose members are as the protocol has them.
type Request = Value;

fn object<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

fn token(token: String) -> Answer {
    Ok(object([("token", token.into())]))
}

fn payload(octets: &[u8]) -> Answer {
    Ok(object([("payload", URL_SAFE_NO_PAD.encode(octets).into())]))
}

fn octets(request: &Request, name: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    Ok(URL_SAFE_NO_PAD.decode(string(request, name))?)
}

fn string<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn keys(request: &Request) -> &[Value] {
    request["keys"].as_array().map_or(&[], Vec::as_slice)
}

/// What the library has no name or no function for, told apart from what it refuses.
fn unsupported(what: impl std::fmt::Display) -> Box<dyn Error> {
    format!("unsupported: {what}").into()
}

/// An error with its causes.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text += &format!(": {cause}");
        next = cause.source();
    }
    text
}

fn version(version: &str) -> Answer {
    Ok(json!({"version": version}).as_object().cloned().unwrap_or_default())
}
