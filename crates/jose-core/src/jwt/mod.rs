//! JSON Web Tokens (RFC 7519, RFC 8725): claims, signed or encrypted or both, in the compact
//! serialization.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use jose_core::jwt::{self, Builder, Validation};
//! use jose_core::jws::{SigningKey, VerifyingKey};
//! use jose_core::{Alg, Jwk, UnixTime};
//! use jose_rustcrypto::BACKEND;
//!
//! #[derive(Debug, serde::Serialize, serde::Deserialize)]
//! struct Session {
//!     iss: String,
//!     sub: String,
//!     admin: bool,
//! }
//!
//! let jwk = Jwk::generate(Alg::ES256, BACKEND)?;
//! let key = SigningKey::from_jwk(&jwk, BACKEND)?;
//! let claims = Session { iss: "https://idp".into(), sub: "joe".into(), admin: false };
//! let now = UnixTime::from_secs(1_800_000_000);
//! let token = Builder::at(now).expires_in("15m").sign(&claims, &key)?;
//!
//! let key = VerifyingKey::from_jwk(&jwk.to_public()?, BACKEND)?;
//! let rules = Validation::new().issuer("https://idp");
//! let session = jwt::verify::<Session>(&token, &key, &rules, now)?;
//! assert_eq!(session.sub, "joe");
//!
//! let later = UnixTime::from_secs(1_800_000_900);
//! let error = jwt::verify::<Session>(&token, &key, &rules, later).unwrap_err();
//! assert_eq!(error.code(), "ERR_JWT_EXPIRED");
//! # Ok(()) }
//! ```

mod claims;
mod decrypt;
mod encrypt;
mod sign;
mod validation;
mod verify;

pub use self::claims::Claims;
pub use self::decrypt::{accept_decrypted, decrypt, decrypt_claims, decrypt_then_verify};
pub use self::encrypt::EncryptError;
pub use self::sign::{Builder, SignError, sign};
pub use self::validation::{ClaimFailure, ClaimsError, Presented, Validation};
pub use self::verify::{Error, accept, accept_under, verify, verify_claims};
