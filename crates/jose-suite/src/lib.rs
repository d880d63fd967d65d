//! JOSE for Rust: sign, verify, encrypt and decrypt tokens on the cryptographic library of your choice.
//!
//! ```
//! # #[cfg(feature = "rustcrypto")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use jose::RUSTCRYPTO as BACKEND; // or jose::OPENSSL: the one line that differs
//! use jose::{Alg, Jwk, SigningKey, UnixTime, Validation, VerifyingKey, jwt};
//!
//! #[derive(Debug, serde::Serialize, serde::Deserialize)]
//! struct Claims {
//!     iss: String,
//!     aud: String,
//!     sub: String,
//! }
//!
//! let jwk = Jwk::generate(Alg::ES256, BACKEND)?;
//! let key = SigningKey::from_jwk(&jwk, BACKEND)?;
//! let claims = Claims { iss: "https://idp".into(), aud: "api".into(), sub: "joe".into() };
//! let now = UnixTime::from_secs(1_800_000_000); // or UnixTime::now()
//! let token = jwt::Builder::at(now).expires_in("1h").sign(&claims, &key)?;
//!
//! let key = VerifyingKey::from_jwk(&jwk.to_public()?, BACKEND)?;
//! let rules = Validation::strict("https://idp", "api");
//! let verified = jwt::verify::<Claims>(&token, &key, &rules, now)?;
//! assert_eq!(verified.sub, "joe");
//! # Ok(()) }
//! # #[cfg(not(feature = "rustcrypto"))]
//! # fn main() {}
//! ```
//!
//! # Where things are
//!
//! | for | see |
//! |---|---|
//! | signing and verifying octets | [`jws`] |
//! | encrypting and decrypting octets | [`jwe`] |
//! | claims, signed or encrypted or both | [`jwt`] |
//! | keys in JSON, PEM and DER, and key sets | [`jwk`], [`Jwk`], [`JwkSet`] |
//! | what is wrong with a key, or unwise | [`jwk::lint`] |
//! | keys that follow one another | [`jws::KeyRing`] |
//! | wrapping keys, and passwords | [`jwe::WrappedKey`], [`Password`] |
//! | agreeing on a key | [`Jwk::derive_shared_secret`] |
//! | what the algorithms are called | [`Alg`], [`jwa`] |
//! | why something was refused | [`error`] |
//! | writing a backend, or putting a key into hardware | [`crypto`] |
//!
//! # Backends
//!
//! A backend is a value, and every function that needs one takes it. Features decide which values
//! there are, and never which one is used:
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `deflate` | | `jwe::Builder::deflate` and `jwe::Policy::inflate`: `zip` |
//! | `rustcrypto` | yes | `jose::RUSTCRYPTO`: pure Rust, no C compiler |
//! | `openssl` | | `jose::OPENSSL`: the system's OpenSSL 3 |
//! | `openssl-vendored` | | the same, with OpenSSL built from source and linked in |
//! | `std` | yes | [`UnixTime::now`] |
//!
//! A line that names a backend whose feature is off does not compile:
//!
#![cfg_attr(not(feature = "openssl"), doc = "```compile_fail\nuse jose::OPENSSL;\n```")]
#![cfg_attr(not(feature = "rustcrypto"), doc = "```compile_fail\nuse jose::RUSTCRYPTO;\n```")]
#![cfg_attr(feature = "openssl", doc = "```\nuse jose::OPENSSL;\n```")]
#![cfg_attr(feature = "rustcrypto", doc = "```\nuse jose::RUSTCRYPTO;\n```")]
//!
//! A library depends on `jose-core` alone and takes keys or a `&dyn Backend` from its caller; the
//! choice belongs to the application.
#![no_std]
#![forbid(unsafe_code)]

pub use jose_core::jwe::{Decrypted, DecryptionKey, DecryptionKeys, EncryptionKey, Jwe, Password};
pub use jose_core::jws::{Jws, SigningKey, Verified, VerifyingKey, VerifyingKeys};
pub use jose_core::jwt::Validation;
pub use jose_core::{
    Alg, Header, Jwk, JwkSet, Limits, SecretBytes, UnixTime, base64url, crypto, error, hazmat, jwa,
    jwe, jwk, jws, jwt, limits, time,
};
#[cfg(feature = "openssl")]
pub use jose_openssl::{self as openssl, BACKEND as OPENSSL};
#[cfg(feature = "rustcrypto")]
pub use jose_rustcrypto::BACKEND as RUSTCRYPTO;
