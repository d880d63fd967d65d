//! The values that a parameter may have, by the names that Xano has for them.

use core::fmt;

use jose_core::jwa;
use jose_core::jwk::EcCurve;
use serde::{Deserialize, Serialize};

/// `signature_algorithm` of [`jws_encode`](crate::jws_encode) and [`jws_decode`](crate::jws_decode): twelve, and
/// `HS256` where none is given.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[allow(missing_docs, reason = "the names of RFC 7518 §3.1")]
pub enum SignatureAlgorithm {
    PS256,
    PS384,
    PS512,
    RS256,
    RS384,
    RS512,
    #[default]
    HS256,
    HS384,
    HS512,
    ES256,
    ES384,
    ES512,
}

impl SignatureAlgorithm {
    /// All of them, in the order in which Xano lists them.
    pub const ALL: &[Self] = &[
        Self::PS256,
        Self::PS384,
        Self::PS512,
        Self::RS256,
        Self::RS384,
        Self::RS512,
        Self::HS256,
        Self::HS384,
        Self::HS512,
        Self::ES256,
        Self::ES384,
        Self::ES512,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.alg().name()
    }

    /// The algorithm itself.
    #[must_use]
    pub const fn alg(self) -> jwa::SignatureAlgorithm {
        use jwa::SignatureAlgorithm as S;
        match self {
            Self::PS256 => S::PS256,
            Self::PS384 => S::PS384,
            Self::PS512 => S::PS512,
            Self::RS256 => S::RS256,
            Self::RS384 => S::RS384,
            Self::RS512 => S::RS512,
            Self::HS256 => S::HS256,
            Self::HS384 => S::HS384,
            Self::HS512 => S::HS512,
            Self::ES256 => S::ES256,
            Self::ES384 => S::ES384,
            Self::ES512 => S::ES512,
        }
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `key_algorithm` of [`jwe_encode`](crate::jwe_encode) and [`jwe_decode`](crate::jwe_decode): nine, and `A256KW`
/// where none is given.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[allow(missing_docs, non_camel_case_types, reason = "the names of RFC 7518 §4.1")]
pub enum KeyAlgorithm {
    A128KW,
    A192KW,
    #[default]
    A256KW,
    A128GCMKW,
    A192GCMKW,
    A256GCMKW,
    #[serde(rename = "ECDH-ES+A128KW")]
    ECDH_ES_A128KW,
    #[serde(rename = "ECDH-ES+A192KW")]
    ECDH_ES_A192KW,
    #[serde(rename = "ECDH-ES+A256KW")]
    ECDH_ES_A256KW,
}

impl KeyAlgorithm {
    /// All of them, in the order in which Xano lists them.
    pub const ALL: &[Self] = &[
        Self::A128KW,
        Self::A192KW,
        Self::A256KW,
        Self::A128GCMKW,
        Self::A192GCMKW,
        Self::A256GCMKW,
        Self::ECDH_ES_A128KW,
        Self::ECDH_ES_A192KW,
        Self::ECDH_ES_A256KW,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.alg().name()
    }

    /// The algorithm itself.
    #[must_use]
    pub const fn alg(self) -> jwa::KeyManagementAlgorithm {
        use jwa::KeyManagementAlgorithm as K;
        match self {
            Self::A128KW => K::A128KW,
            Self::A192KW => K::A192KW,
            Self::A256KW => K::A256KW,
            Self::A128GCMKW => K::A128GCMKW,
            Self::A192GCMKW => K::A192GCMKW,
            Self::A256GCMKW => K::A256GCMKW,
            Self::ECDH_ES_A128KW => K::ECDH_ES_A128KW,
            Self::ECDH_ES_A192KW => K::ECDH_ES_A192KW,
            Self::ECDH_ES_A256KW => K::ECDH_ES_A256KW,
        }
    }

    /// The bits of the shared key it takes; none for those that agree on a key.
    #[must_use]
    pub const fn key_bits(self) -> Option<u16> {
        match self {
            Self::A128KW | Self::A128GCMKW => Some(128),
            Self::A192KW | Self::A192GCMKW => Some(192),
            Self::A256KW | Self::A256GCMKW => Some(256),
            Self::ECDH_ES_A128KW | Self::ECDH_ES_A192KW | Self::ECDH_ES_A256KW => None,
        }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `content_algorithm` of [`jwe_encode`](crate::jwe_encode) and [`jwe_decode`](crate::jwe_decode): six, and
/// `A256CBC-HS512` where none is given.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[allow(missing_docs, non_camel_case_types, reason = "the names of RFC 7518 §5.1")]
pub enum ContentAlgorithm {
    A128GCM,
    A192GCM,
    A256GCM,
    #[serde(rename = "A128CBC-HS256")]
    A128CBC_HS256,
    #[serde(rename = "A192CBC-HS384")]
    A192CBC_HS384,
    #[default]
    #[serde(rename = "A256CBC-HS512")]
    A256CBC_HS512,
}

impl ContentAlgorithm {
    /// All of them, in the order in which Xano lists them.
    pub const ALL: &[Self] = &[
        Self::A128GCM,
        Self::A192GCM,
        Self::A256GCM,
        Self::A128CBC_HS256,
        Self::A192CBC_HS384,
        Self::A256CBC_HS512,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.enc().name()
    }

    /// The algorithm itself.
    #[must_use]
    pub const fn enc(self) -> jwa::ContentEncryption {
        use jwa::ContentEncryption as E;
        match self {
            Self::A128GCM => E::A128GCM,
            Self::A192GCM => E::A192GCM,
            Self::A256GCM => E::A256GCM,
            Self::A128CBC_HS256 => E::A128CBC_HS256,
            Self::A192CBC_HS384 => E::A192CBC_HS384,
            Self::A256CBC_HS512 => E::A256CBC_HS512,
        }
    }
}

impl fmt::Display for ContentAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `curve` of [`create_curve_key`](crate::create_curve_key).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[allow(missing_docs, reason = "the names of RFC 7518 §6.2.1.1")]
pub enum Curve {
    #[serde(rename = "P-256")]
    P256,
    #[serde(rename = "P-384")]
    P384,
    #[serde(rename = "P-521")]
    P521,
}

impl Curve {
    /// All of them.
    pub const ALL: &[Self] = &[Self::P256, Self::P384, Self::P521];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.crv().name()
    }

    /// The curve itself.
    #[must_use]
    pub const fn crv(self) -> EcCurve {
        match self {
            Self::P256 => EcCurve::P256,
            Self::P384 => EcCurve::P384,
            Self::P521 => EcCurve::P521,
        }
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `format` of the functions that make keys: how the key is written.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A JWK, which is a JSON object.
    #[default]
    Object,
    /// The JSON text of that object in base64 (RFC 4648 §4), with padding.
    Base64,
}

impl Format {
    /// Both of them.
    pub const ALL: &[Self] = &[Self::Object, Self::Base64];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Base64 => "base64",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
