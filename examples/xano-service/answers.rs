//! What is answered when it is not what was asked for: a status, a code for programs and a text for people.

use std::error::Error;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why a request was not carried out. Nothing was changed by it.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: &'static str,
    text: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &'static str, text: impl Into<String>) -> Self {
        Self { status, code, text: text.into() }
    }

    /// Input that is not what the endpoint takes.
    pub(crate) fn input(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "ERR_INPUT", text)
    }

    /// Something here failed. What it was is for our own eyes.
    pub(crate) fn failure(error: &(dyn Error + 'static)) -> Self {
        eprintln!("failed: {}", told(error));
        let text = "something failed here, and not in the request";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "ERR_INTERNAL", text)
    }
}

impl From<jose_xano::Error> for Refusal {
    fn from(error: jose_xano::Error) -> Self {
        let code = error.code();
        match error {
            _ if code == "ERR_CRYPTO_UNAVAILABLE" => Self::failure(&error),
            // Whose token it is has not shown that.
            _ if error.is_refusal() => Self::new(StatusCode::UNAUTHORIZED, code, told(&error)),
            _ => Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, told(&error)),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Json(json!({ "code": self.code, "message": self.text }));
        let mut response = (self.status, body).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// An error with its reasons.
fn told(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(reason) = source {
        text.push_str(": ");
        text.push_str(&reason.to_string());
        source = reason.source();
    }
    text
}
