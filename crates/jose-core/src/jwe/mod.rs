//! JSON Web Encryption (RFC 7516).
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use jose_core::{Alg, Jwk, jwe};
//! use jose_rustcrypto::BACKEND;
//!
//! let jwk = Jwk::generate(Alg::ECDH_ES_A256KW, BACKEND)?;
//! let key = jwe::EncryptionKey::from_jwk(&jwk.to_public()?, BACKEND)?;
//! let token = jwe::encrypt(b"any octets", &key)?;
//!
//! let key = jwe::DecryptionKey::from_jwk(&jwk, BACKEND)?;
//! let decrypted = jwe::decrypt(&token, &key)?;
//! assert_eq!(decrypted.content(), b"any octets");
//! # Ok(()) }
//! ```
//!
//! What was decrypted is confidential and whole, and no more: anyone can encrypt to a public key.
//! Only a signature tells who wrote it, so sign first where that matters.
//!
//! | for | see |
//! |---|---|
//! | compact tokens | [`encrypt`], [`decrypt`] |
//! | JSON serializations, several recipients, data that is authenticated and not encrypted | [`Builder`], [`Jwe`] |
//! | passwords | [`Password`], [`EncryptionKey::from_password`] |
//! | keys wrapped by keys, without content | [`EncryptionKey::wrap_key`], [`WrappedKey`] |
//! | keys that are held elsewhere | [`Encrypted::decrypt_with_cek`], [`DecryptionKey::external`] |

mod compact;
mod decrypt;
mod decrypted;
mod encrypt;
mod establish;
mod key;
mod key_set;
mod object;
mod password;
mod policy;
mod recover;
mod serialization;
mod wrap;
mod zip;

pub use self::decrypt::{Encrypted, Error, decrypt, decrypt_with};
pub use self::decrypted::Decrypted;
pub use self::encrypt::{Builder, EncryptError, Recipient, encrypt};
pub use self::key::{DecryptionKey, EncryptionKey};
pub use self::key_set::{DecryptionKeys, KeyResolver};
pub use self::object::Jwe;
pub use self::password::Password;
pub use self::policy::Policy;
pub use self::serialization::SerializationError;
pub use self::wrap::{UnwrapError, WrappedKey};
pub use crate::key_set::{SkipReason, SkippedKey};
