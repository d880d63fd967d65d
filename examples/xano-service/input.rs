//! What an endpoint takes, read strictly: nothing that was not understood is let pass.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Query, Request};
use axum::http::{StatusCode, Uri, header};
use jose_xano::Key;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Number;

use crate::answers::Refusal;

/// The most octets of a body: a token of the longest kind, and its key.
pub(crate) const MAX_BODY: usize = 64 * 1024;

/// How long a body may take to come.
const BODY_TIME: Duration = Duration::from_secs(5);

/// What can be wrong with input beyond its type.
pub(crate) trait Check {
    fn check(&self) -> Result<(), Refusal>;
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JwsEncode {
    pub(crate) user_id: String,
    #[serde(default = "an_hour")]
    pub(crate) ttl: i64,
}

impl Check for JwsEncode {
    fn check(&self) -> Result<(), Refusal> {
        text("user_id", &self.user_id, 256)?;
        ttl(self.ttl)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JweEncode {
    pub(crate) secret_data: String,
    #[serde(default = "an_hour")]
    pub(crate) ttl: i64,
}

impl Check for JweEncode {
    fn check(&self) -> Result<(), Refusal> {
        text("secret_data", &self.secret_data, 4096)?;
        ttl(self.ttl)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateSession {
    #[serde(deserialize_with = "whole")]
    pub(crate) user_id: i64,
    pub(crate) role: String,
}

impl Check for CreateSession {
    fn check(&self) -> Result<(), Refusal> {
        user_id(self.user_id)?;
        text("role", &self.role, 64)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EncryptUserData {
    #[serde(deserialize_with = "whole")]
    pub(crate) user_id: i64,
    pub(crate) ssn: String,
    pub(crate) credit_card: String,
}

impl Check for EncryptUserData {
    fn check(&self) -> Result<(), Refusal> {
        user_id(self.user_id)?;
        let fits = |mask: &str| {
            let mut pairs = mask.chars().zip(self.ssn.chars());
            mask.len() == self.ssn.len()
                && pairs.all(|(mask, c)| if mask == '9' { c.is_ascii_digit() } else { c == mask })
        };
        // What is wrong is told, and what was sent is not: it would end up in logs.
        if !fits("999-99-9999") {
            return Err(Refusal::input("`ssn` has the form 999-99-9999"));
        }
        let digits = self.credit_card.bytes().all(|octet| octet.is_ascii_digit());
        if !digits || !(12..=19).contains(&self.credit_card.len()) {
            return Err(Refusal::input("`credit_card` is 12 to 19 digits"));
        }
        Ok(())
    }
}

/// A token and the key for it: a JWK, as an object, its text, or that in base64.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decode {
    pub(crate) token: String,
    pub(crate) key: Key,
}

impl Check for Decode {
    fn check(&self) -> Result<(), Refusal> {
        let of_a_token = |octet: u8| octet.is_ascii_alphanumeric() || b"-_.".contains(&octet);
        let token = &self.token;
        if token.is_empty() || token.len() > MAX_TOKEN || !token.bytes().all(of_a_token) {
            let text = format!("`token` is 1 to {MAX_TOKEN} characters of base64url, and dots");
            return Err(Refusal::input(text));
        }
        Ok(())
    }
}

/// The most characters of a token.
pub(crate) const MAX_TOKEN: usize = 16 * 1024;

/// Reads the query of a request.
pub(crate) fn query<T: Check + DeserializeOwned>(uri: &Uri) -> Result<T, Refusal> {
    // Octets that are no text would be read as text that was not sent.
    if percent_decode_str(uri.query().unwrap_or_default()).decode_utf8().is_err() {
        return Err(Refusal::input("the query is no UTF-8"));
    }
    let Query(input) = Query::<T>::try_from_uri(uri)
        .map_err(|error| Refusal::input(told("the query", &error.body_text())))?;
    input.check()?;
    Ok(input)
}

/// Reads the body of a request: a JSON object, and said to be one.
pub(crate) async fn body<T: Check + DeserializeOwned>(request: Request) -> Result<T, Refusal> {
    let (parts, body) = request.into_parts();
    if parts.uri.query().is_some() {
        return Err(Refusal::input("this endpoint takes a body, and no query"));
    }
    let media_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = media_type.and_then(|text| text.split(';').next()).unwrap_or_default();
    if !essence.trim().eq_ignore_ascii_case("application/json") {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Refusal::new(status, "ERR_MEDIA_TYPE", "the body is application/json"));
    }
    let octets = octets(body).await?;
    // A list of the values would be taken for the object.
    if !octets.trim_ascii_start().starts_with(b"{") {
        return Err(Refusal::input("the body is a JSON object"));
    }
    let input: T = serde_json::from_slice(&octets).map_err(|error| {
        let place = format!("the body, at line {} and column {}", error.line(), error.column());
        Refusal::input(match error.classify() {
            serde_json::error::Category::Data => match told_of_ours(&error.to_string()) {
                Some(told) => format!("{place}: {told}"),
                None => format!("{place}: a member that is unknown or of another type"),
            },
            _ => format!("{place}: no JSON"),
        })
    })?;
    input.check()?;
    Ok(input)
}

/// What an error says of a member that is called as we call it. Others quote what was sent, which may be a secret.
fn told_of_ours(error: &str) -> Option<&str> {
    let told = error.split(" at line ").next()?;
    ["missing field", "duplicate field"].iter().any(|of| told.starts_with(of)).then_some(told)
}

async fn octets(body: Body) -> Result<Vec<u8>, Refusal> {
    let Ok(read) = tokio::time::timeout(BODY_TIME, to_bytes(body, MAX_BODY)).await else {
        let text = "the body took too long to come";
        return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "ERR_TIMEOUT", text));
    };
    read.map(Into::into).map_err(|error| {
        let too_long = std::error::Error::source(&error)
            .is_some_and(|source| source.to_string().contains("limit"));
        if too_long {
            let text = format!("a body has at most {MAX_BODY} octets");
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "ERR_TOO_LARGE", text)
        } else {
            Refusal::input("the body did not come whole")
        }
    })
}

/// An integer, which in JSON Schema `42.0` is too.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let number = Number::deserialize(deserializer)?;
    let text = match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 => format!("{float:.0}"),
        _ => number.to_string(),
    };
    text.parse().map_err(|_| serde::de::Error::custom("not an integer"))
}

const fn an_hour() -> i64 {
    3600
}

fn ttl(seconds: i64) -> Result<(), Refusal> {
    if (1..=MAX_TTL).contains(&seconds) {
        return Ok(());
    }
    Err(Refusal::input(format!("`ttl` is 1 to {MAX_TTL} seconds: a year at most, and never none")))
}

/// The most seconds that a token lives.
pub(crate) const MAX_TTL: i64 = 31_536_000;

fn user_id(id: i64) -> Result<(), Refusal> {
    if (1..=MAX_USER_ID).contains(&id) {
        return Ok(());
    }
    Err(Refusal::input(format!("`user_id` is 1 to {MAX_USER_ID}")))
}

/// The largest integer that every reader of JSON takes for what it is.
pub(crate) const MAX_USER_ID: i64 = 9_007_199_254_740_991;

fn text(name: &str, text: &str, max: usize) -> Result<(), Refusal> {
    if text.is_empty() || text.chars().count() > max || text.chars().any(char::is_control) {
        let text = format!("`{name}` is 1 to {max} characters, and none that control");
        return Err(Refusal::input(text));
    }
    Ok(())
}

/// At most 200 characters of what a library says of input, without what could steer a terminal.
fn told(place: &str, text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
    format!("{place}: {text}")
}
