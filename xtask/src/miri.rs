//! `cargo xtask miri`: the unit tests of `jose-core` in Miri, an interpreter that finds undefined behaviour: in what
//! the library is made of, since it has no unsafe code itself.

use crate::nightly;
use crate::process::run as run_command;

/// With these, `proptest` makes few and small examples: a test that takes a millisecond takes minutes here.
const PROPTEST: [(&str, &str); 2] =
    [("PROPTEST_CASES", "4"), ("PROPTEST_MAX_DEFAULT_SIZE_RANGE", "8")];

/// Tests that go through hundreds of keys and names by code that the others execute too, and would take minutes.
const LEFT_OUT: [&str; 2] =
    ["every_length_has_its_algorithms", "keys_are_found_by_what_they_may_serve"];

/// Runs the others, on a fixed seed and without the clock and the files of this machine, so that they end alike.
pub(crate) fn run() -> Result<(), String> {
    if !nightly::has("miri") {
        nightly::component("miri")?;
        nightly::component("rust-src")?;
    }
    let mut flags = vec!["-Zmiri-strict-provenance".to_owned()];
    // A test that looks for a file of failures that came before is told that there is none.
    flags.push("-Zmiri-isolation-error=hide".to_owned());
    flags.extend(PROPTEST.iter().map(|(name, _)| format!("-Zmiri-env-forward={name}")));
    let args = ["miri", "test", "-p", "jose-core", "--lib", "--features", "deflate,std", "--"];
    let mut tests = nightly::cargo(&args);
    tests.args(LEFT_OUT.iter().flat_map(|name| ["--skip", name]));
    run_command(tests.envs(PROPTEST).env("MIRIFLAGS", flags.join(" ")))
}
