//! The payload as it is signed: in base64url (RFC 7515 §5.1), or as it is (RFC 7797 §3).

use alloc::string::String;
use alloc::vec::Vec;

use crate::base64url;
use crate::error::Rule;

/// A payload, in one of the two forms that all signatures of a JWS agree on.
#[derive(Clone)]
pub(super) enum Payload {
    Encoded { text: String, octets: Vec<u8> },
    Unencoded(Vec<u8>),
}

impl Payload {
    pub(super) fn new(octets: Vec<u8>, encoded: bool) -> Self {
        if encoded {
            Self::Encoded { text: base64url::encode(&octets), octets }
        } else {
            Self::Unencoded(octets)
        }
    }

    /// A payload as it stands in a serialization.
    pub(super) fn read(text: String, encoded: bool) -> Result<Self, Rule> {
        if encoded {
            let octets = base64url::decode(text.as_bytes())?;
            Ok(Self::Encoded { text, octets })
        } else {
            Ok(Self::Unencoded(text.into_bytes()))
        }
    }

    /// The octets that were meant.
    pub(super) fn octets(&self) -> &[u8] {
        match self {
            Self::Encoded { octets, .. } | Self::Unencoded(octets) => octets,
        }
    }

    /// Its part of the JWS Signing Input.
    pub(super) fn signed(&self) -> &[u8] {
        match self {
            Self::Encoded { text, .. } => text.as_bytes(),
            Self::Unencoded(octets) => octets,
        }
    }

    /// What stands in a JSON serialization; `None` if that cannot hold it.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Encoded { text, .. } => Some(text),
            Self::Unencoded(octets) => core::str::from_utf8(octets).ok(),
        }
    }

    /// What stands in the compact serialization; `None` if that cannot hold it.
    pub(super) fn segment(&self) -> Option<&str> {
        self.text().filter(|text| is_segment(text.as_bytes()))
    }
}

/// Whether octets may stand between the dots of a compact serialization as they are (RFC 7797 §5.2):
/// printable ASCII without the dot.
///
/// A dot would make another token of it. The rest is what ends up cut, escaped or decoded by
/// whatever carries text: control characters, and octets that are not of one encoding everywhere.
pub(super) fn is_segment(octets: &[u8]) -> bool {
    octets.iter().all(|octet| matches!(octet, b' '..=b'~') && *octet != b'.')
}

/// The rule that [`is_segment`] holds a payload to.
pub(super) const NOT_A_SEGMENT: Rule =
    Rule::Value { member: "payload", expected: "printable ASCII without dots" };
