//! `cargo xtask kms`: a key service of others, installed under `target/moto`, and the tests with it.

use std::path::Path;

use crate::interop;
use crate::openssl::Openssl;
use crate::process::{cargo, run as run_command, target};

/// Installs the service, and runs the tests.
pub(crate) fn run(openssl: Openssl) -> Result<(), String> {
    let place = target()?.join("moto");
    interop::python(Path::new("tests/moto"), &place)?;
    let features = format!("{},jose-tests/kms", openssl.workspace_features());
    run_command(
        cargo(&["test", "--workspace", "--features", &features, "--test", "kms_http"])
            .env("JOSE_MOTO", place.join("venv")),
    )
}
