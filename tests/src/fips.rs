//! Where the FIPS provider of these tests is.
#![allow(clippy::missing_panics_doc, clippy::panic, reason = "a test that fails panics")]

use std::path::PathBuf;

use jose::crypto::Backend;
use jose::openssl::{FipsConfig, fips_from};

/// Names the directory that `cargo xtask fips` has filled: `fips.so` and an `openssl.cnf` that activates
/// it.
pub const DIRECTORY: &str = "JOSE_FIPS";

/// That directory.
#[must_use]
pub fn directory() -> PathBuf {
    match std::env::var_os(DIRECTORY) {
        Some(directory) => directory.into(),
        None => panic!(
            "{DIRECTORY} has to name the directory of a FIPS provider: `cargo xtask fips` makes one and \
             runs these tests with it"
        ),
    }
}

/// Its configuration.
#[must_use]
pub fn config() -> FipsConfig {
    FipsConfig::new(directory().join("openssl.cnf")).modules(directory())
}

/// The backend that computes in it. Its version has to begin with `version`: what is approved depends
/// on it.
#[must_use]
pub fn backend(version: &str) -> &'static dyn Backend {
    let backend = fips_from(&config()).unwrap_or_else(|error| panic!("{error:?}"));
    let status = backend.fips_status();
    let found = status.module().map_or("", |module| &module.version);
    assert!(found.starts_with(version), "these tests are for {version}, this is {status}");
    backend
}
