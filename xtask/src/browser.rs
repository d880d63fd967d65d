//! `cargo xtask browser`: the tests with a browser, for some of which packages of npm are installed under `target/peers`.

use crate::interop;
use crate::openssl::Openssl;
use crate::process::{cargo, run as run_command, target};

/// Installs what pages load, and runs the tests.
pub(crate) fn run(openssl: Openssl) -> Result<(), String> {
    let place = target()?.join("peers");
    interop::node(&place.join("node"))?;
    let features = format!("{},jose-tests/browser", openssl.workspace_features());
    let tests = ["--test", "browser", "--test", "examples_browser", "--no-fail-fast"];
    let mut command = cargo(&["test", "--workspace", "--features", &features]);
    run_command(command.args(tests).env("JOSE_PEERS", &place))
}
