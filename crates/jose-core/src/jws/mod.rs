//! JSON Web Signatures (RFC 7515): the compact serialization.
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

mod compact;
mod key;
mod key_set;
mod sign;
mod verify;

pub use self::key::{SigningKey, VerifyingKey};
pub use self::key_set::{KeyResolver, SkipReason, SkippedKey, VerifyingKeys};
pub use self::sign::{SignError, Unsigned, sign, sign_with_header};
pub use self::verify::{Error, Policy, Unverified, Verified, verify, verify_with};
