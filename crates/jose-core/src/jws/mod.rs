//! JSON Web Signatures (RFC 7515), with payloads that are encoded or not (RFC 7797).
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use jose_core::{Alg, Jwk, jws};
//! use jose_rustcrypto::BACKEND;
//!
//! let jwk = Jwk::generate(Alg::ES256, BACKEND)?;
//! let key = jws::SigningKey::from_jwk(&jwk, BACKEND)?;
//! let token = jws::sign(b"any octets", &key)?;
//!
//! let key = jws::VerifyingKey::from_jwk(&jwk.to_public()?, BACKEND)?;
//! let verified = jws::verify(&token, &key)?;
//! assert_eq!(verified.content(), b"any octets");
//! # Ok(()) }
//! ```
//!
//! | for | see |
//! |---|---|
//! | compact tokens | [`sign`], [`verify`] |
//! | JSON serializations, several signatures, detached or unencoded payloads | [`Jws`] |
//! | which of several signatures must be valid | [`Required`] |
//! | payloads larger than memory | [`SigningStream`], [`VerifyingStream`] |
//! | keys that follow one another | [`KeyRing`] |
//! | keys that are held elsewhere | [`Unsigned`], [`SigningKey::external`] |

mod compact;
mod entry;
mod key;
mod key_set;
mod object;
mod outcomes;
mod payload;
mod policy;
mod ring;
mod serialization;
mod sign;
mod stream;
mod verified;
mod verify;

pub use self::key::{SigningKey, VerifyingKey};
pub use self::key_set::{KeyResolver, VerifyingKeys};
pub use self::object::{Jws, Serialization};
pub use self::outcomes::{Outcome, Outcomes, Unmet};
pub use self::policy::{Policy, Required};
pub use self::ring::{KeyRing, KeyState, RingError, RingKey};
pub use self::serialization::SerializationError;
pub use self::sign::{SignError, Unsigned, sign, sign_with_header};
pub use self::stream::{SigningStream, VerifyingStream};
pub use self::verified::{ValidSignature, Verified};
pub use self::verify::{Error, Unverified, verify, verify_with};
pub(crate) use self::verify::{refuse_unencoded, verify_encoded};
pub use crate::key_set::{SkipReason, SkippedKey};
