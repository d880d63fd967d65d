//! `cargo xtask fuzz`: the targets of `fuzz/` under libFuzzer, and what they reached.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use crate::openssl::Openssl;
use crate::process::{cargo, run as run_command, succeeds};

/// What to install where fuzzing cannot be done.
const NEEDS: &str = "a nightly compiler (`rustup toolchain install nightly`) and cargo-fuzz (`cargo install cargo-fuzz`)";

/// Seconds for each target, if nobody says how many.
const SECONDS: u32 = 60;

/// Fuzzes each target for some seconds, and prints what was done.
pub(crate) fn run(openssl: Openssl, args: &[&str]) -> Result<(), String> {
    let asked = Asked::of(args)?;
    if !is_present() {
        return Err(format!("fuzzing needs {NEEDS}"));
    }
    let place = Path::new("target/fuzz");
    let corpus = place.join("corpus");
    // What earlier runs have found stays there, and is where later ones start.
    run_command(
        cargo(&["run", "-q", "-p", "jose-tests", "--features", openssl.feature()])
            .args(["--bin", "seeds", "--"])
            .arg(&corpus),
    )?;
    let (mut rows, mut failures) = (Vec::new(), Vec::new());
    for target in targets()? {
        if !asked.targets.is_empty() && !asked.targets.contains(&target) {
            continue;
        }
        let log = place.join(format!("{target}.log"));
        println!("fuzzing {target} for {} s", asked.seconds);
        let outcome = run_command(
            nightly_fuzz()
                .args(["run", "--fuzz-dir", "fuzz", "--target-dir", "target/fuzz/build", &target])
                .arg(corpus.join(&target))
                .arg("--")
                .arg(format!("-max_total_time={}", asked.seconds))
                // A token that takes a second is a finding, and so is one that takes a gigabyte.
                .args([
                    "-print_final_stats=1",
                    "-timeout=10",
                    "-rss_limit_mb=2048",
                    "-max_len=8192",
                ])
                .stdout(create(&log)?)
                .stderr(create(&log)?),
        );
        let told =
            fs::read_to_string(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        if let Err(failure) = outcome {
            let tail: Vec<&str> = told.lines().rev().take(40).collect();
            failures.push(failure);
            failures.extend(tail.into_iter().rev().map(str::to_owned));
        }
        rows.push(Row::of(&target, &told));
    }
    println!(
        "\n{:<14} {:>12} {:>10} {:>10} {:>8}",
        "target", "executions", "per second", "edges", "inputs"
    );
    for row in rows {
        println!("{}", row.line());
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

/// Whether fuzzing can be done on this machine.
pub(crate) fn is_present() -> bool {
    succeeds(nightly_fuzz().arg("--version"))
}

/// Not by `+nightly`: the `cargo` that runs this task is one of another toolchain.
fn nightly_fuzz() -> Command {
    let mut command = Command::new("rustup");
    command
        .args(["run", "nightly", "cargo", "fuzz"])
        .env_remove("CARGO")
        .env_remove("RUSTUP_TOOLCHAIN");
    command
}

fn create(path: &Path) -> Result<File, String> {
    // Both streams write to it, each at its end.
    File::options()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// The names of the files in `fuzz/fuzz_targets`.
fn targets() -> Result<Vec<String>, String> {
    let failed = |error| format!("fuzz/fuzz_targets: {error}");
    let mut names = Vec::new();
    for entry in fs::read_dir("fuzz/fuzz_targets").map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// What was asked for.
#[derive(Debug, Eq, PartialEq)]
struct Asked {
    seconds: u32,
    targets: Vec<String>,
}

impl Asked {
    fn of(args: &[&str]) -> Result<Self, String> {
        let mut asked = Self { seconds: SECONDS, targets: Vec::new() };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            if *arg == "--seconds" {
                let seconds = args.next().and_then(|seconds| seconds.parse().ok());
                asked.seconds = seconds.ok_or("--seconds takes a number")?;
            } else {
                asked.targets.push((*arg).to_owned());
            }
        }
        Ok(asked)
    }
}

/// What a run of one target has reached, as libFuzzer tells it.
#[derive(Debug, Default, Eq, PartialEq)]
struct Row {
    target: String,
    executions: u64,
    per_second: u64,
    edges: u64,
    inputs: u64,
}

impl Row {
    fn of(target: &str, told: &str) -> Self {
        let mut row = Self { target: target.to_owned(), ..Self::default() };
        for line in told.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let after = |name: &str| {
                let at = words.iter().position(|word| *word == name)?;
                words.get(at + 1)?.split('/').next()?.parse().ok()
            };
            for (name, number) in [
                ("stat::number_of_executed_units:", &mut row.executions),
                ("stat::average_exec_per_sec:", &mut row.per_second),
                ("cov:", &mut row.edges),
                ("corp:", &mut row.inputs),
            ] {
                *number = after(name).unwrap_or(*number);
            }
        }
        row
    }

    fn line(&self) -> String {
        let Self { target, executions, per_second, edges, inputs } = self;
        format!("{target:<14} {executions:>12} {per_second:>10} {edges:>10} {inputs:>8}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_what_libfuzzer_tells_counts() {
        let told = "#2\tINITED cov: 12 ft: 13 corp: 1/1b exec/s: 0\n\
                    #99\tDONE   cov: 310 ft: 900 corp: 45/1234b lim: 8192 exec/s: 49\n\
                    stat::number_of_executed_units: 99\nstat::average_exec_per_sec:     49\n";
        let row =
            Row { target: "jwk".into(), executions: 99, per_second: 49, edges: 310, inputs: 45 };
        assert_eq!(Row::of("jwk", told), row);
    }

    #[test]
    fn a_time_and_targets_may_be_asked_for() {
        let asked = Asked { seconds: 5, targets: vec!["jwk".into()] };
        assert_eq!(Asked::of(&["--seconds", "5", "jwk"]), Ok(asked));
        assert!(Asked::of(&["--seconds"]).is_err());
    }
}
