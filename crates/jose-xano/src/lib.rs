//! The token functions of Xano, as statements that are replayed: the same parameters, enumerations and defaults, and
//! tokens that either side reads.
//!
//! | there | here |
//! |---|---|
//! | `security.jws_encode`, `security.jws_decode` | [`jws_encode`], [`jws_decode`] |
//! | `security.jwe_encode`, `security.jwe_decode` | [`jwe_encode`], [`jwe_decode`] |
//! | `security.create_secret_key` | [`create_secret_key`] |
//! | `security.create_rsa_key` | [`create_rsa_key`] |
//! | `security.create_curve_key` | [`create_curve_key`] |
//!
//! What is unsafe there is refused here, with an [`Error`] that tells the way out: a key of 512 bits under `A256KW`, RSA
//! of 1024 bits, text for a key, an `alg` among the headers that is not the parameter's. Tokens that were made with such a
//! key are read by [`hazmat`].
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use jose_core::UnixTime;
//! use jose_rustcrypto::BACKEND;
//! use jose_xano::{JwsDecode, JwsEncode, jws_decode, jws_encode};
//!
//! let key = r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;
//! let statement = format!(
//!     r#"{{"headers": {{"alg": "HS256"}}, "claims": {{"user_id": "123"}}, "key": {key},
//!         "signature_algorithm": "HS256", "ttl": 3600}}"#
//! );
//! let statement: JwsEncode = serde_json::from_str(&statement)?;
//! let now = UnixTime::from_secs(1_768_108_013); // UnixTime::now()
//! let token = jws_encode(&statement, now, BACKEND)?;
//! assert!(token.starts_with("eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoiMTIz"));
//!
//! let payload = jws_decode(&JwsDecode::new(&token, key.parse()?), now, BACKEND)?;
//! let expected = r#"{"user_id":"123","iat":1768108013,"nbf":1768108013,"exp":1768111613}"#;
//! assert_eq!(payload.to_json(), expected);
//! # Ok(()) }
//! ```
//!
//! Nothing here reads a clock or names a backend: both are arguments.
//!
//! Statements, claims and keys are read of JSON as it stands there, so that no digit of a number is lost: by `serde_json`
//! from text or a `Value`, and not within what serde reads into memory first, `flatten` and enums that are tagged or
//! untagged.
#![forbid(unsafe_code)]
#![allow(clippy::std_instead_of_alloc, clippy::std_instead_of_core, reason = "it needs std")]

mod claims;
mod create;
mod enums;
mod error;
pub mod hazmat;
mod header;
mod json;
mod jwe;
mod jws;
mod key;

pub use self::claims::{Decoded, Payload};
pub use self::create::{
    CreateCurveKey, CreateRsaKey, CreateSecretKey, Created, create_curve_key, create_rsa_key,
    create_secret_key,
};
pub use self::enums::{ContentAlgorithm, Curve, Format, KeyAlgorithm, SignatureAlgorithm};
pub use self::error::Error;
pub use self::json::Object;
pub use self::jwe::{JweDecode, JweEncode, jwe_decode, jwe_encode};
pub use self::jws::{JwsDecode, JwsEncode, jws_decode, jws_encode};
pub use self::key::Key;
