//! What an answer says of itself in its fields (RFC 9110, RFC 9111): whether it is a set, and how long it may be used.

use std::time::Duration;

use http::header::{
    AGE, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, DATE, ETAG, HeaderMap, HeaderName,
    HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, RETRY_AFTER,
};
use http::{Response, StatusCode};

use crate::FetchError;

/// What to send so that the server need not send again what is held (RFC 9110 §8.8).
#[derive(Clone, Debug, Default)]
pub(crate) struct Validators {
    etag: Option<HeaderValue>,
    last_modified: Option<HeaderValue>,
}

impl Validators {
    pub(crate) fn of(answer: &HeaderMap) -> Self {
        let field = |name: HeaderName| answer.get(name).cloned();
        // A set of this very second may change within it once more, and nobody could tell (RFC 9110 §8.8.2.2): a key
        // that was taken out then would stay for as long as nothing else changes.
        let (last_modified, date) = (field(LAST_MODIFIED), field(DATE));
        let last_modified = last_modified.filter(|at| date.is_some_and(|date| date != at));
        Self { etag: field(ETAG), last_modified }
    }

    /// Adds the fields of a conditional request, if there is anything to compare with; and tells whether there is.
    pub(crate) fn condition(&self, request: &mut HeaderMap) -> bool {
        if let Some(etag) = &self.etag {
            request.insert(IF_NONE_MATCH, etag.clone());
        }
        if let Some(last_modified) = &self.last_modified {
            request.insert(IF_MODIFIED_SINCE, last_modified.clone());
        }
        self.etag.is_some() || self.last_modified.is_some()
    }
}

/// What an answer is, by its status and its fields.
#[derive(Debug)]
pub(crate) enum Kind {
    /// A body to read.
    Body,
    /// `304 Not Modified`.
    Same,
}

/// Whether `answer` is one to read; `any_type` if its content type is of no concern.
pub(crate) fn check(answer: &Response<Vec<u8>>, any_type: bool) -> Result<Kind, FetchError> {
    let (status, fields) = (answer.status(), answer.headers());
    match status {
        StatusCode::OK => {}
        StatusCode::NOT_MODIFIED => return Ok(Kind::Same),
        status if status.is_redirection() => return Err(FetchError::Redirect),
        status => return Err(FetchError::Status { status, retry_after: retry_after(fields) }),
    }
    let encoding = fields.get(CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(FetchError::ContentEncoding);
    }
    if !any_type && !is_json(fields) {
        return Err(FetchError::ContentType);
    }
    Ok(Kind::Body)
}

/// `application/json`, `application/jwk-set+json` (RFC 7517 §8.5.2) and others of that suffix (RFC 6839 §3.1); also
/// an answer that does not say.
fn is_json(fields: &HeaderMap) -> bool {
    let mut types = fields.get_all(CONTENT_TYPE).iter();
    let (Some(first), None) = (types.next(), types.next()) else {
        return !fields.contains_key(CONTENT_TYPE);
    };
    let essence = first.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    essence.strip_prefix("application/").is_some_and(|of| of == "json" || of.ends_with("+json"))
}

/// How long an answer may be used from now on, if it says so by `max-age`, `no-cache` or `no-store` (RFC 9111 §5.2.2).
/// What is malformed or contradicts itself counts as over (§4.2.1); a number too long for any clock as very long
/// (§1.2.2). `Expires` is not read, which a server that means it says by `max-age` too.
pub(crate) fn age_left(fields: &HeaderMap) -> Option<Duration> {
    let mut left: Option<u64> = None;
    let directives = fields.get_all(CACHE_CONTROL).iter();
    let directives = directives.flat_map(|line| line.as_bytes().split(|octet| *octet == b','));
    for directive in directives {
        let mut parts = directive.splitn(2, |octet| *octet == b'=');
        let name = parts.next().unwrap_or_default().trim_ascii();
        let seconds = if name.eq_ignore_ascii_case(b"max-age") {
            delta_seconds(parts.next().unwrap_or_default()).unwrap_or(0)
        } else if name.eq_ignore_ascii_case(b"no-cache") || name.eq_ignore_ascii_case(b"no-store") {
            0
        } else {
            continue;
        };
        left = Some(left.map_or(seconds, |left| left.min(seconds)));
    }
    let spent = fields.get(AGE).and_then(|age| delta_seconds(age.as_bytes())).unwrap_or(0);
    left.map(|left| Duration::from_secs(left.saturating_sub(spent)))
}

/// How long the server wants to be left alone (RFC 9110 §10.2.3), where it says so in seconds.
fn retry_after(fields: &HeaderMap) -> Option<Duration> {
    fields
        .get(RETRY_AFTER)
        .and_then(|value| delta_seconds(value.as_bytes()))
        .map(Duration::from_secs)
}

/// A number of seconds (RFC 9111 §1.2.2), also in quotes; what is too great is the greatest.
fn delta_seconds(value: &[u8]) -> Option<u64> {
    let value = value.trim_ascii();
    let inner = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
    let digits = inner.unwrap_or(value);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits.iter().try_fold(0_u64, |number, digit| {
        number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    });
    Some(number.unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(lines: &[(HeaderName, &'static str)]) -> Option<u64> {
        let mut fields = HeaderMap::new();
        for (name, value) in lines {
            fields.append(name, HeaderValue::from_static(value));
        }
        age_left(&fields).map(|left| left.as_secs())
    }

    #[test]
    fn an_answer_says_how_long_it_may_be_used() {
        assert_eq!(left(&[(CACHE_CONTROL, "public, Max-Age=600, must-revalidate")]), Some(600));
        assert_eq!(left(&[(CACHE_CONTROL, "max-age=\"60\"")]), Some(60));
        assert_eq!(left(&[(CACHE_CONTROL, "max-age=600"), (AGE, "550")]), Some(50));
        assert_eq!(left(&[(CACHE_CONTROL, "public")]), None);
        assert_eq!(left(&[]), None);
    }

    #[test]
    fn what_makes_no_sense_counts_as_over() {
        for value in
            ["max-age=-1", "max-age=", "max-age", "max-age=1.5", "max-age=0x10", "max-age=1 2"]
        {
            assert_eq!(left(&[(CACHE_CONTROL, value)]), Some(0), "{value}");
        }
        assert_eq!(left(&[(CACHE_CONTROL, "max-age=60"), (AGE, "61")]), Some(0));
    }

    #[test]
    fn the_least_of_several_counts() {
        assert_eq!(left(&[(CACHE_CONTROL, "max-age=600, max-age=60")]), Some(60));
        assert_eq!(left(&[(CACHE_CONTROL, "max-age=600"), (CACHE_CONTROL, "no-store")]), Some(0));
        assert_eq!(left(&[(CACHE_CONTROL, "no-cache=\"set-cookie\", max-age=600")]), Some(0));
    }

    #[test]
    fn a_number_too_long_for_any_clock_is_very_long() {
        assert_eq!(left(&[(CACHE_CONTROL, "max-age=100000000000000000000")]), Some(u64::MAX));
        assert_eq!(left(&[(CACHE_CONTROL, "max-age=60"), (AGE, "100000000000000000000")]), Some(0));
    }

    #[test]
    fn a_set_that_may_have_changed_twice_in_a_second_is_not_recognized_by_its_time() {
        const EARLIER: &str = "Wed, 21 Oct 2015 07:28:00 GMT";
        const LATER: &str = "Wed, 21 Oct 2015 07:28:01 GMT";
        for (date, recognized) in [(Some(LATER), true), (Some(EARLIER), false), (None, false)] {
            let mut answer = HeaderMap::new();
            answer.insert(LAST_MODIFIED, HeaderValue::from_static(EARLIER));
            if let Some(date) = date {
                answer.insert(DATE, HeaderValue::from_static(date));
            }
            let mut request = HeaderMap::new();
            assert_eq!(Validators::of(&answer).condition(&mut request), recognized, "{date:?}");
            assert_eq!(request.contains_key(IF_MODIFIED_SINCE), recognized, "{date:?}");
        }
    }

    #[test]
    fn json_is_known_by_its_type() {
        let answer = |value: &'static str| {
            let answer = Response::builder().header(CONTENT_TYPE, value);
            check(&answer.body(Vec::new()).unwrap(), false).is_ok()
        };
        for good in ["application/json", "Application/JWK-Set+JSON ; charset=utf-8"] {
            assert!(answer(good), "{good}");
        }
        for bad in ["text/html", "", "application/jsonp", "json", "application/json, text/html"] {
            assert!(!answer(bad), "{bad}");
        }
    }
}
