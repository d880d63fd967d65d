//! Where a set is: at an address, or where the metadata of an OpenID provider say (OpenID Connect Discovery 1.0).

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use http::Uri;
use serde::Deserialize;

use crate::answer::{Kind, check};
use crate::source::{Remote, request};
use crate::{Config, ConfigError, FetchError};

/// Longest metadata that are read, in octets. Large providers send some thousand.
const METADATA: usize = 64 * 1024;

/// Where a set is.
pub(crate) enum Place {
    Set(Uri),
    Issuer {
        issuer: String,
        metadata: Uri,
        /// The address that the metadata named, and when they were asked, unless that is [doubted](Place::doubt).
        known: Mutex<Option<(Uri, Option<Instant>)>>,
    },
}

/// What is read of the metadata (§3).
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

impl Place {
    pub(crate) fn of_issuer(issuer: &str, config: &Config) -> Result<Self, ConfigError> {
        // By itself, for `https://` without a host would get one from the path.
        config.address(issuer)?;
        // §4.1: a slash at the end is taken off before the path is appended, and is a part of the name all the same.
        let base = issuer.strip_suffix('/').unwrap_or(issuer);
        if base.contains('?') {
            return Err(ConfigError::Address);
        }
        let metadata = config.address(&format!("{base}/.well-known/openid-configuration"))?;
        Ok(Self::Issuer { issuer: issuer.into(), metadata, known: Mutex::new(None) })
    }

    /// The address of the set.
    pub(crate) async fn locate(&self, remote: &Arc<Remote>) -> Result<Uri, FetchError> {
        let (issuer, metadata, known) = match self {
            Self::Set(address) => return Ok(address.clone()),
            Self::Issuer { issuer, metadata, known } => (issuer, metadata, known),
        };
        let now = remote.config.now();
        let held = known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let failing = remote.cache().failures() > 0;
        // No longer than a set: at an old address a key that was taken back may stay for good.
        let max_age = remote.cache().times().max_age;
        let fresh = |since: Instant| !failing && now.saturating_duration_since(since) < max_age;
        if let Some((address, _)) = held.as_ref().filter(|(_, since)| since.is_some_and(fresh)) {
            return Ok(address.clone());
        }
        // Where another address is known, half of the time is left for that.
        let timeout = remote.config.times.timeout / if held.is_some() { 2 } else { 1 };
        let answer = tokio::time::timeout(timeout, ask(issuer, metadata, remote)).await;
        match answer.unwrap_or(Err(FetchError::Timeout)) {
            Ok(address) => {
                let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
                // A later question has the better answer, whichever arrives first.
                if !known.as_ref().is_some_and(|(_, since)| since.is_some_and(|at| now < at)) {
                    *known = Some((address.clone(), Some(now)));
                }
                Ok(address)
            }
            // Nobody says that they have moved.
            Err(FetchError::Timeout | FetchError::Transport(_) | FetchError::Status { .. })
                if held.is_some() =>
            {
                held.map(|(address, _)| address).ok_or(FetchError::Metadata)
            }
            Err(error) => Err(error),
        }
    }

    /// Has the metadata asked anew before the next fetch. Until they answer, what they said stays.
    pub(crate) fn doubt(&self) {
        if let Self::Issuer { known, .. } = self {
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, since)) = &mut *known {
                *since = None;
            }
        }
    }
}

async fn ask(issuer: &str, metadata: &Uri, remote: &Remote) -> Result<Uri, FetchError> {
    let answer = remote.ask(request(metadata)?, METADATA).await?;
    let Kind::Body = check(&answer, remote.config.any_content_type)? else {
        return Err(FetchError::Metadata);
    };
    // serde would also read an array, by position.
    if !answer.body().trim_ascii_start().starts_with(b"{") {
        return Err(FetchError::Metadata);
    }
    let metadata: Metadata =
        serde_json::from_slice(answer.body()).map_err(|_| FetchError::Metadata)?;
    // §4.3: exactly, or one provider speaks for another.
    if metadata.issuer != issuer {
        return Err(FetchError::Issuer);
    }
    remote.config.address(&metadata.jwks_uri).map_err(|_| FetchError::Metadata)
}

/// As below: what a source shows of itself ends up in logs too.
impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// For logs: without a query, which may have a secret of the client's.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set(address) => {
                let authority = address.authority().map_or("", http::uri::Authority::as_str);
                write!(f, "{}://{authority}{}", address.scheme_str().unwrap_or(""), address.path())
            }
            Self::Issuer { issuer, .. } => f.write_str(issuer),
        }
    }
}
