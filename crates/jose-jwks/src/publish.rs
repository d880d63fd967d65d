//! A set as it is published (RFC 7517 §5): what to answer those who fetch it.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, Response, StatusCode};
use jose_core::crypto::Backend;
use jose_core::error::CryptoError;
use jose_core::jwa::Hash;
use jose_core::{JwkSet, base64url};

/// A set with all that is answered about it, made once. Of private keys it has the public half, and of shared keys
/// nothing.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use jose_core::{Alg, Jwk, JwkSet};
/// use jose_jwks::Published;
/// use jose_rustcrypto::BACKEND;
///
/// let key = Jwk::generate(Alg::ES256, BACKEND)?.with_kid("2026-11");
/// let published = Published::new(&JwkSet::from_iter([key]), Duration::from_secs(600), BACKEND)?;
///
/// let answer = published.answer(&http::Method::GET, &http::HeaderMap::new());
/// assert_eq!(answer.headers()["content-type"], "application/jwk-set+json");
/// assert_eq!(answer.headers()["cache-control"], "public, max-age=600");
/// assert!(!String::from_utf8_lossy(answer.body()).contains("\"d\""));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Published {
    body: Vec<u8>,
    etag: HeaderValue,
    cache_control: HeaderValue,
}

impl Published {
    /// What is public of `set`, for those who fetch it to keep for `max_age`, in whole seconds. A key that is taken
    /// out verifies for that much longer, and one that is put in should not sign before.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] if `backend` cannot compute the digest which names this version of the set.
    pub fn new(
        set: &JwkSet,
        max_age: Duration,
        backend: &dyn Backend,
    ) -> Result<Self, CryptoError> {
        let body = set.to_public_json().into_bytes();
        let mut digest = [0; 32];
        backend.digest(Hash::Sha256, &[&body], &mut digest)?;
        let field = |text: String| HeaderValue::from_str(&text).map_err(CryptoError::from_source);
        let etag = field(format!("\"{}\"", base64url::encode(&digest)))?;
        let cache_control = field(format!("public, max-age={}", max_age.as_secs()))?;
        Ok(Self { body, etag, cache_control })
    }

    /// The answer to a request: the set, or `304 Not Modified` for somebody who has it (RFC 9110 §13.1.2); and `405` for
    /// what is neither `GET` nor `HEAD`.
    #[must_use]
    pub fn answer(&self, method: &Method, fields: &HeaderMap) -> Response<Vec<u8>> {
        let mut answer = Response::new(Vec::new());
        if *method != Method::GET && *method != Method::HEAD {
            *answer.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return answer;
        }
        let sent = answer.headers_mut();
        sent.insert(ETAG, self.etag.clone());
        sent.insert(CACHE_CONTROL, self.cache_control.clone());
        if self.is_had(fields) {
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
            return answer;
        }
        let content_type = HeaderValue::from_static("application/jwk-set+json");
        sent.insert(CONTENT_TYPE, content_type);
        sent.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if *method == Method::GET {
            answer.body_mut().extend_from_slice(&self.body);
        } else {
            sent.insert(http::header::CONTENT_LENGTH, self.body.len().into());
        }
        answer
    }

    /// The set in JSON.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Whether `If-None-Match` names this version. Our tags have no commas, so that a list can be split at them.
    fn is_had(&self, fields: &HeaderMap) -> bool {
        let lines = fields.get_all(IF_NONE_MATCH).iter();
        let mut tags = lines.flat_map(|line| line.as_bytes().split(|octet| *octet == b','));
        tags.any(|tag| {
            let tag = tag.trim_ascii();
            tag == b"*" || tag.strip_prefix(b"W/").unwrap_or(tag) == self.etag.as_bytes()
        })
    }
}

impl fmt::Debug for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Published").field("etag", &self.etag).finish_non_exhaustive() // as long as a set
    }
}

/// Where the set that is published just now is held, for everybody who answers requests. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Publisher {
    current: Arc<RwLock<Arc<Published>>>,
}

impl Publisher {
    /// Answers with this set.
    #[must_use]
    pub fn new(published: Published) -> Self {
        Self { current: Arc::new(RwLock::new(Arc::new(published))) }
    }

    /// Answers with another from now on.
    pub fn publish(&self, published: Published) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(published);
    }

    /// What is published now.
    #[must_use]
    pub fn current(&self) -> Arc<Published> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// As [`Published::answer`], of what is published now.
    #[must_use]
    pub fn answer(&self, method: &Method, fields: &HeaderMap) -> Response<Vec<u8>> {
        self.current().answer(method, fields)
    }
}

#[cfg(test)]
mod tests {
    use jose_core::{Alg, Jwk};
    use jose_rustcrypto::BACKEND;

    use super::*;

    fn published() -> Published {
        let keys = [Alg::ES256.into(), Alg::HS256.into(), Alg::from(Alg::A256KW)];
        let keys = keys.map(|alg: Alg| Jwk::generate(alg, BACKEND).unwrap());
        Published::new(&keys.into_iter().collect(), Duration::from_secs(60), BACKEND).unwrap()
    }

    fn asked(published: &Published, tags: &str) -> StatusCode {
        let mut fields = HeaderMap::new();
        fields.insert(IF_NONE_MATCH, HeaderValue::from_str(tags).unwrap());
        published.answer(&Method::GET, &fields).status()
    }

    #[test]
    fn neither_private_nor_shared_keys_are_published() {
        let answer = published().answer(&Method::GET, &HeaderMap::new());
        let set = JwkSet::from_json(answer.body()).unwrap();
        assert_eq!(set.len(), 1);
        let text = String::from_utf8(answer.into_body()).unwrap();
        assert!(!text.contains("\"d\"") && !text.contains("\"k\""), "{text}");
    }

    #[test]
    fn whoever_has_it_is_told_so() {
        let published = published();
        let tag = published.etag.to_str().unwrap();
        for tags in [tag, &format!("W/{tag}"), &format!("\"other\" , {tag}"), "*"] {
            assert_eq!(asked(&published, tags), StatusCode::NOT_MODIFIED, "{tags}");
        }
        for tags in ["\"other\"", tag.trim_matches('"'), ""] {
            assert_eq!(asked(&published, tags), StatusCode::OK, "{tags}");
        }
    }

    #[test]
    fn another_set_has_another_tag_and_the_same_set_the_same() {
        let (one, other) = (published(), published());
        assert_ne!(one.etag, other.etag);
        let set = JwkSet::from_json(one.body()).unwrap();
        let again = Published::new(&set, Duration::from_secs(1), BACKEND).unwrap();
        assert_eq!(one.etag, again.etag);
    }

    #[test]
    fn only_reading_is_answered() {
        let published = published();
        let answer = published.answer(&Method::POST, &HeaderMap::new());
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.headers()[ALLOW], "GET, HEAD");
        let head = published.answer(&Method::HEAD, &HeaderMap::new());
        assert!(head.body().is_empty());
        assert_eq!(head.headers()["content-length"], published.body().len().to_string());
    }
}
