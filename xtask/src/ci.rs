//! `cargo xtask ci`: everything a change must pass besides `cargo xtask test`.

use std::time::{Duration, Instant};

use crate::openssl::Openssl;
use crate::process::{cargo, run as run_command, succeeds};
use crate::{api, examples, features, fuzz, musts, nightly, tidy};

/// Runs every step, also after one has failed, and sums up. With `all`, a step whose program is
/// missing fails instead of being left out.
pub(crate) fn run(openssl: Openssl, all: bool) -> Result<(), String> {
    let mut reports = Vec::new();
    for Step { name, run } in STEPS {
        println!("== {name}");
        let start = Instant::now();
        let outcome = match run(openssl) {
            Ok(()) => Outcome::Passed,
            Err(Failure::Missing(what)) if !all => Outcome::LeftOut(what),
            Err(Failure::Missing(what) | Failure::Failed(what)) => {
                println!("{what}");
                Outcome::Failed
            }
        };
        let report = Report { name, outcome, time: start.elapsed() };
        println!("== {}", report.line());
        reports.push(report);
    }

    println!("\nci");
    for report in &reports {
        println!("  {}", report.line());
    }
    let failed: Vec<&str> = reports
        .iter()
        .filter(|report| matches!(report.outcome, Outcome::Failed))
        .map(|report| report.name)
        .collect();
    if failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", failed.join(", "))) }
}

struct Step {
    name: &'static str,
    run: fn(Openssl) -> Result<(), Failure>,
}

/// The steps, those that answer soonest first.
const STEPS: [Step; 10] = [
    Step { name: "fmt", run: |_| Ok(fmt()?) },
    Step { name: "deny", run: |_| deny() },
    Step { name: "musts", run: |_| Ok(musts::check()?) },
    Step { name: "clippy", run: |openssl| Ok(clippy(openssl)?) },
    Step { name: "doc", run: |openssl| Ok(doc(openssl)?) },
    Step { name: "tidy", run: |openssl| Ok(tidy::run(openssl)?) },
    Step { name: "api", run: |_| nightly(api::PROGRAM, || api::run(false)) },
    Step { name: "fuzz", run: |openssl| nightly(fuzz::PROGRAM, || fuzz::for_ci(openssl)) },
    Step { name: "examples", run: |_| Ok(examples::run()?) },
    Step { name: "features", run: |openssl| Ok(features::run(openssl)?) },
];

fn fmt() -> Result<(), String> {
    run_command(&mut cargo(&["fmt", "--all", "--check"]))
}

fn clippy(openssl: Openssl) -> Result<(), String> {
    run_command(&mut cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--features",
        // And those of the tests that need a program, which `test` has as suites of their own.
        &format!(
            "{},jose-tests/browser,jose-tests/program-openssl,jose-tests/fips,jose-tests/hsm,jose-tests/kms,\
             jose-tests/peers,jose-tests/redis,jose-cli/fips,jose-cli/peers",
            openssl.workspace_features()
        ),
        "--",
        "-D",
        "warnings",
    ]))
}

fn doc(openssl: Openssl) -> Result<(), String> {
    let args = ["doc", "--workspace", "--no-deps", "--features", openssl.workspace_features()];
    run_command(cargo(&args).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Runs what needs this program of a nightly cargo, if it is there.
fn nightly(program: &str, run: impl FnOnce() -> Result<(), String>) -> Result<(), Failure> {
    if nightly::has(program) {
        Ok(run()?)
    } else {
        Err(Failure::Missing(nightly::missing(program)))
    }
}

fn deny() -> Result<(), Failure> {
    if !succeeds(&mut cargo(&["deny", "--version"])) {
        return Err(Failure::Missing(
            "cargo-deny is not installed: `cargo install cargo-deny --locked`".to_owned(),
        ));
    }
    // Not `advisories`: their database is a repository to be fetched.
    Ok(run_command(&mut cargo(&["deny", "check", "licenses", "bans", "sources"]))?)
}

/// Why a step did not pass.
enum Failure {
    Failed(String),
    /// A program that this machine lacks.
    Missing(String),
}

impl From<String> for Failure {
    fn from(error: String) -> Self {
        Self::Failed(error)
    }
}

enum Outcome {
    Failed,
    LeftOut(String),
    Passed,
}

struct Report {
    name: &'static str,
    outcome: Outcome,
    time: Duration,
}

impl Report {
    fn line(&self) -> String {
        let (verdict, why) = match &self.outcome {
            Outcome::Failed => ("FAILED", ""),
            Outcome::LeftOut(why) => ("LEFT OUT", why.as_str()),
            Outcome::Passed => ("passed", ""),
        };
        let line =
            format!("{:<8} {verdict:<8} {:>6.1} s  {why}", self.name, self.time.as_secs_f64());
        line.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_one_line_that_names_step_verdict_time_and_reason() {
        let time = Duration::from_millis(12_340);
        let passed = Report { name: "fmt", outcome: Outcome::Passed, time };
        assert_eq!(passed.line(), "fmt      passed     12.3 s");
        let outcome = Outcome::LeftOut("no cargo-deny".to_owned());
        let left_out = Report { name: "deny", outcome, time };
        assert_eq!(left_out.line(), "deny     LEFT OUT   12.3 s  no cargo-deny");
    }
}
