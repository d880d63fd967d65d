//! What a request brings in `Authorization`, and what it is told if that will not do (RFC 6750 §2.1, §3).

use std::error::Error;
use std::fmt;

use axum_core::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};

/// What a request brings.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Credentials<'r> {
    Bearer(&'r str),
    Malformed,
    /// None, or somebody else's.
    None,
}

pub(super) fn credentials(fields: &HeaderMap) -> Credentials<'_> {
    let mut fields = fields.get_all(AUTHORIZATION).iter();
    let Some(field) = fields.next() else { return Credentials::None };
    // Of several, others on the way may have looked at another than we would.
    let Some(field) = field.to_str().ok().filter(|_| fields.next().is_none()) else {
        return Credentials::Malformed;
    };
    let field = field.trim_matches([' ', '\t']);
    let (scheme, token) = field.split_once(' ').unwrap_or((field, ""));
    if scheme.is_empty() || !scheme.bytes().all(crate::cookies::is_token) {
        return Credentials::Malformed;
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Credentials::None;
    }
    match token.trim_start_matches(' ') {
        token if is_b64token(token) => Credentials::Bearer(token),
        _ => Credentials::Malformed,
    }
}

/// RFC 6750 §2.1.
fn is_b64token(text: &str) -> bool {
    let token = text.trim_end_matches('=');
    let octet = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~+/".contains(&octet);
    !token.is_empty() && token.bytes().all(octet)
}

/// RFC 6749 §3.3: names that are separated by one space each. None of them needs an escape between quotes.
pub(super) fn is_scope(text: &str) -> bool {
    let octet = |octet: u8| matches!(octet, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    text.split(' ').all(|one| !one.is_empty() && one.bytes().all(octet))
}

/// `text` between quotes (RFC 9110 §5.6.4), if it is such that every recipient reads it alike: printable ASCII.
pub(super) fn quoted(text: &str) -> Option<String> {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            ' '..='~' => quoted.push(character),
            _ => return None,
        }
    }
    quoted.push('"');
    Some(quoted)
}

/// Why a request is not served. What is told is that, and nothing of the token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Refusal {
    InsufficientScope,
    InvalidRequest,
    InvalidToken,
    NoCredentials,
    /// What is required is no scope: a mistake of whoever wrote the program.
    Scope,
    /// Nobody can judge the token just now.
    Unavailable,
}

/// Why a handler was not asked, or asked for a scope that the token has not. The answer is a status and a challenge (RFC
/// 6750 §3), the same for every token that is not accepted.
#[derive(Clone, Debug)]
pub struct BearerRejection {
    refusal: Refusal,
    challenge: Option<HeaderValue>,
}

impl BearerRejection {
    /// `realm` is quoted; `scope` is one.
    pub(super) fn with_challenge(refusal: Refusal, realm: &str, scope: Option<&str>) -> Self {
        let mut challenge = format!("Bearer realm={realm}");
        if let Some(code) = refusal.error() {
            challenge.extend([", error=\"", code, "\""]);
        }
        if let Some(scope) = scope {
            challenge.extend([", scope=\"", scope, "\""]);
        }
        // Both were held to printable ASCII, so it is a value.
        Self { refusal, challenge: challenge.try_into().ok() }
    }

    /// The status of the answer.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self.refusal {
            Refusal::InsufficientScope => StatusCode::FORBIDDEN,
            Refusal::InvalidRequest => StatusCode::BAD_REQUEST,
            Refusal::InvalidToken | Refusal::NoCredentials => StatusCode::UNAUTHORIZED,
            Refusal::Scope => StatusCode::INTERNAL_SERVER_ERROR,
            Refusal::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The error code of RFC 6750 §3.1 in the challenge, if it has one.
    #[must_use]
    pub const fn error(&self) -> Option<&'static str> {
        self.refusal.error()
    }
}

impl Refusal {
    const fn error(self) -> Option<&'static str> {
        match self {
            Self::InsufficientScope => Some("insufficient_scope"),
            Self::InvalidRequest => Some("invalid_request"),
            Self::InvalidToken => Some("invalid_token"),
            Self::NoCredentials | Self::Scope | Self::Unavailable => None,
        }
    }
}

/// Without a challenge.
impl From<Refusal> for BearerRejection {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, challenge: None }
    }
}

impl IntoResponse for BearerRejection {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        if let Some(challenge) = self.challenge {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl fmt::Display for BearerRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.refusal {
            Refusal::InsufficientScope => "the token has not the scope that is required",
            Refusal::InvalidRequest => "the credentials cannot be read",
            Refusal::InvalidToken => "the token was not accepted",
            Refusal::NoCredentials => "there is no token",
            Refusal::Scope => "what is required is no scope",
            Refusal::Unavailable => "nobody can judge the token just now",
        })
    }
}

impl Error for BearerRejection {}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fields: &[&[u8]]) -> HeaderMap {
        let values = fields.iter().map(|field| HeaderValue::from_bytes(field).unwrap());
        values.map(|value| (AUTHORIZATION, value)).collect()
    }

    #[test]
    fn credentials_are_a_scheme_in_any_case_and_a_token() {
        for field in
            ["Bearer a.b-c~d_e+f/g==", "bearer  a.b-c~d_e+f/g==", "BEARER a.b-c~d_e+f/g== "]
        {
            let fields = of(&[field.as_bytes()]);
            assert_eq!(credentials(&fields), Credentials::Bearer("a.b-c~d_e+f/g=="), "{field}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_from_what_is_not_there() {
        assert_eq!(credentials(&of(&[])), Credentials::None);
        for field in [&b"Basic am9lOg=="[..], b"Bearertoken", b"DPoP a.b.c", b"Negotiate"] {
            assert_eq!(credentials(&of(&[field])), Credentials::None, "{field:?}");
        }
        for field in [
            &b""[..],
            b"Bearer",
            b"Bearer ",
            b"Bearer a b",
            b"Bearer a, Bearer b",
            b"Bearer a,b",
            b"Bearer =",
            b"Bearer a=b",
            b"Bearer\ta",
            b"Bearer \ta",
            b"Bearer \"a\"",
            b"Bearer a\xff",
            b"B\xe4r a",
            b"(comment) a",
            b"Bearer, Bearer a",
        ] {
            assert_eq!(credentials(&of(&[field])), Credentials::Malformed, "{field:?}");
        }
        for second in [&b"Bearer a"[..], b"Bearer b", b"Basic am9lOg=="] {
            assert_eq!(credentials(&of(&[b"Bearer a", second])), Credentials::Malformed);
            assert_eq!(credentials(&of(&[second, b"Bearer a"])), Credentials::Malformed);
        }
    }

    #[test]
    fn quotes_end_where_they_should() {
        assert_eq!(quoted(r#"a "b" \"#).as_deref(), Some(r#""a \"b\" \\""#));
        for text in ["a\r\nSet-Cookie: b", "a\0", "a\tb", "\u{e4}", "\u{7f}"] {
            assert_eq!(quoted(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_scope_has_nothing_that_ends_its_quotes() {
        assert!(is_scope("read") && is_scope("notes:read https://a.example/b!"));
        for text in ["", " ", "a ", " a", "a  b", "a\"", "a\\", "a\tb", "a\r\n", "\u{e4}"] {
            assert!(!is_scope(text), "{text:?}");
        }
    }
}
