//! The cryptographic libraries of this binary.

use clap::ValueEnum;
use jose::crypto::Backend;

use crate::failure::{Failure, Stage};

/// A backend by its name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum BackendName {
    /// The `RustCrypto` crates.
    Rustcrypto,
    /// OpenSSL.
    Openssl,
    /// OpenSSL's FIPS provider.
    OpensslFips,
}

impl Default for BackendName {
    fn default() -> Self {
        if cfg!(feature = "rustcrypto") { Self::Rustcrypto } else { Self::Openssl }
    }
}

impl BackendName {
    pub(crate) const ALL: [Self; 3] = [Self::Rustcrypto, Self::Openssl, Self::OpensslFips];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rustcrypto => "rustcrypto",
            Self::Openssl => "openssl",
            Self::OpensslFips => "openssl-fips",
        }
    }

    /// The backend itself.
    pub(crate) fn get(self) -> Result<&'static dyn Backend, Failure> {
        match self {
            #[cfg(feature = "rustcrypto")]
            Self::Rustcrypto => Ok(jose::RUSTCRYPTO),
            #[cfg(feature = "openssl")]
            Self::Openssl => Ok(jose::OPENSSL),
            #[cfg(feature = "openssl")]
            Self::OpensslFips => jose::openssl::fips()
                .map_err(|error| Failure::new(Stage::Policy, error.code(), error)),
            #[allow(unreachable_patterns, reason = "with all features there is no other")]
            _ => {
                let message = format!("this binary was built without the backend {}", self.name());
                Err(Failure::new(Stage::Policy, "ERR_NO_BACKEND", message))
            }
        }
    }
}
