//! JOSE without cryptography: the formats of JWS, JWE, JWT and JWK (RFC 7515-7519), the rules of
//! their algorithms, and the seam that a cryptographic library implements.
//!
//! Applications use the facade `jose-suite`, which adds a backend. This crate is for
//!
//! - **libraries** that sign or verify: take a [`SigningKey`](jws::SigningKey),
//!   [`VerifyingKeys`](jws::VerifyingKeys) or a `&dyn` [`Backend`](crypto::Backend) from the caller,
//!   and leave the choice of cryptography to the application;
//! - **backends**: implement [`crypto::Backend`], and run the suite of `jose-conformance`;
//! - **keys in hardware or behind a network**: implement [`crypto::Signer`], or sign in two steps
//!   with [`jws::Unsigned`].
//!
//! # Design
//!
//! A key is bound to one algorithm before a token is seen; a token's header selects among such
//! pairs and configures nothing. What has been verified has another type than what has not, and
//! [`jws::Verified`] has one constructor. Time, randomness and cryptography are arguments: this
//! crate reads no clock and draws no octets.
//!
//! | to | see |
//! |---|---|
//! | sign and verify octets | [`jws`] |
//! | sign and verify claims | [`jwt`] |
//! | encrypt and decrypt | [`jwe`] |
//! | parse, write, name and make keys, in JSON, PEM and DER | [`jwk`], [`Jwk`] |
//! | search, merge and publish sets of keys | [`JwkSet`] |
//! | find out what is wrong with a key, or unwise | [`jwk::lint`] |
//! | replace a signing key by the next | [`jws::KeyRing`] |
//! | wrap keys, or derive them from passwords | [`jwe::WrappedKey`], [`jwe::Password`] |
//! | agree on a key | [`Jwk::derive_shared_secret`] |
//! | know what an algorithm is called, and which keys it takes | [`jwa`] |
//! | understand a refusal | [`error`] |
//! | bound the work a stranger may cause | [`limits`] |
//! | look at a token nobody has verified | [`hazmat`] |
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `std` | | [`UnixTime`]'s `now()`, and its conversion from `SystemTime` |
//!
//! The crate is `no_std` with `alloc`, and forbids `unsafe`.
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
pub mod jwe;
pub mod jwk;
pub mod jws;
pub mod jwt;
mod key_set;
pub mod limits;
mod member;
mod secret;
mod serialization;
pub mod time;

pub use self::header::{EncryptionParams, Header};
pub use self::jwa::Alg;
pub use self::jwk::{Jwk, JwkSet};
pub use self::limits::Limits;
pub use self::secret::SecretBytes;
pub use self::time::UnixTime;
