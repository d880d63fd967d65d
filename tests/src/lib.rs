//! What the tests of the whole share: the backends that are built in, a key service, and the book's
//! examples.
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(feature = "fips")]
pub mod fips;
pub mod fuzz;
pub mod kms;
#[cfg(doctest)]
mod mistakes;
#[cfg(feature = "peers")]
pub mod peers;

use jose::crypto::Backend;

/// Every backend of this build.
#[must_use]
pub fn backends() -> Vec<&'static dyn Backend> {
    vec![
        #[cfg(feature = "rustcrypto")]
        jose::RUSTCRYPTO,
        #[cfg(feature = "openssl")]
        jose::OPENSSL,
    ]
}

/// The guide: its examples are compiled and run like those of any documentation.
#[cfg(all(doctest, feature = "rustcrypto"))]
mod guide {
    #[doc = include_str!("../../README.md")]
    mod readme {}
    #[doc = include_str!("../../docs/guide/sign.md")]
    mod sign {}
    #[doc = include_str!("../../docs/guide/verify.md")]
    mod verify {}
    #[doc = include_str!("../../docs/guide/many-signatures.md")]
    mod many_signatures {}
    #[doc = include_str!("../../docs/guide/encrypting.md")]
    mod encrypting {}
    #[doc = include_str!("../../docs/guide/recipients.md")]
    mod recipients {}
    #[doc = include_str!("../../docs/guide/end-to-end.md")]
    mod end_to_end {}
    #[doc = include_str!("../../docs/guide/passwords.md")]
    mod passwords {}
    #[doc = include_str!("../../docs/guide/keys.md")]
    mod keys {}
    #[doc = include_str!("../../docs/guide/key-files.md")]
    mod key_files {}
    #[doc = include_str!("../../docs/guide/key-sets.md")]
    mod key_sets {}
    #[doc = include_str!("../../docs/guide/rotation.md")]
    mod rotation {}
    #[cfg(feature = "http")]
    #[doc = include_str!("../../docs/guide/issuer-keys.md")]
    mod issuer_keys {}
    #[cfg(feature = "http")]
    #[doc = include_str!("../../docs/guide/sessions.md")]
    mod sessions {}
    #[doc = include_str!("../../docs/guide/wrapping.md")]
    mod wrapping {}
    #[doc = include_str!("../../docs/guide/external-keys.md")]
    mod external_keys {}
    #[doc = include_str!("../../docs/guide/xano.md")]
    mod xano {}
    #[doc = include_str!("../../docs/guide/backends.md")]
    mod backends {}
    #[doc = include_str!("../../docs/guide/fips.md")]
    mod fips {}
}
