//! What is answered when it is not what was asked for: a status, a code for programs and a text for people.

use std::error::Error;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rusqlite::ErrorCode;
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

    /// There is more to do than can be done. It is worth another try.
    pub(crate) fn busy() -> Self {
        let text = "too many requests at once: try again";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ERR_BUSY", text)
    }

    /// Something here failed. What it was is for our own eyes.
    pub(crate) fn failure(error: &(dyn Error + 'static)) -> Self {
        eprintln!("failed: {}", told(error));
        let text = "something failed here, and not in the request";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "ERR_INTERNAL", text)
    }
}

impl From<Box<dyn Error + Send + Sync>> for Refusal {
    fn from(error: Box<dyn Error + Send + Sync>) -> Self {
        let code = error.downcast_ref().and_then(rusqlite::Error::sqlite_error_code);
        match code {
            // Another process, which rotates keys, say, has not let go of it for longer than one waits.
            Some(ErrorCode::DatabaseBusy) => Self::busy(),
            _ => Self::failure(&*error),
        }
    }
}

impl From<jose_xano::Error> for Refusal {
    fn from(error: jose_xano::Error) -> Self {
        let code = error.code();
        match error {
            _ if code == "ERR_CRYPTO_UNAVAILABLE" => Self::failure(&error),
            // Whose token it is has not shown that.
            _ if error.is_refusal() => Self::new(StatusCode::UNAUTHORIZED, code, told(&error)),
            // Its way out is for programs that call the library.
            jose_xano::Error::KeySize { alg, expected, actual } => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                code,
                format!("{alg} takes a key of {expected} bits, and this one has {actual}"),
            ),
            _ => Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, told(&error)),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Json(json!({ "code": self.code, "message": self.text }));
        let mut response = (self.status, body).into_response();
        let field = match self.status {
            StatusCode::UNAUTHORIZED => {
                Some((header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\""))
            }
            StatusCode::SERVICE_UNAVAILABLE => Some((header::RETRY_AFTER, "1")),
            _ => None,
        };
        if let Some((name, value)) = field {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// An error with its reasons.
pub(crate) fn told(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(reason) = source {
        text.push_str(": ");
        text.push_str(&reason.to_string());
        source = reason.source();
    }
    text
}
