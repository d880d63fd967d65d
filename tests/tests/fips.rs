//! The conformance suite in OpenSSL's FIPS provider.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use jose::crypto::Backend;
use jose::openssl::{FipsConfig, fips_from};

fn backend() -> &'static dyn Backend {
    let directory = std::env::var("JOSE_FIPS").unwrap();
    let config = FipsConfig::new(format!("{directory}/openssl.cnf")).modules(&directory);
    fips_from(&config).unwrap()
}

jose_conformance::suite!(
    backend(),
    without: [ES256K, Ed25519, Ed448, EdDSA],
    without_curves: [X25519, X448],
);
