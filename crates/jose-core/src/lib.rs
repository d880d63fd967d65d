//! JOSE (RFC 7515-7519) without cryptography: formats, rules, and the seam a backend implements.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod base64url;
pub mod crypto;
pub mod error;
pub mod hazmat;
mod header;
mod json;
pub mod jwa;
pub mod jwk;
pub mod jws;
pub mod jwt;
pub mod limits;
mod secret;
pub mod time;

pub use self::header::{EncryptionParams, Header};
pub use self::jwa::Alg;
pub use self::jwk::{Jwk, JwkSet};
pub use self::limits::Limits;
pub use self::secret::SecretBytes;
pub use self::time::UnixTime;
