//! `cargo xtask fuzz`: the targets of `fuzz/` under libFuzzer, and what they reached.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use crate::nightly;
use crate::openssl::Openssl;
use crate::process::{Program, built, run as run_command};
use crate::tree::told as told_of;

/// The program of cargo that builds the targets and starts them.
pub(crate) const PROGRAM: &str = "fuzz";

/// How long each target is fuzzed, if nobody says.
const UNASKED: Length = Length::Seconds(60);

/// How many executions of each target the continuous integration asks for: seconds, not minutes.
const CI_RUNS: u32 = 20_000;

/// What the continuous integration runs.
pub(crate) fn for_ci(openssl: Openssl) -> Result<(), String> {
    run(openssl, &["--runs", &CI_RUNS.to_string()])
}

/// Fuzzes each target for some time, and prints what was done.
pub(crate) fn run(openssl: Openssl, args: &[&str]) -> Result<(), String> {
    let asked = Asked::of(args)?;
    if !nightly::has(PROGRAM) {
        return Err(nightly::missing(PROGRAM));
    }
    let place = Path::new("target/fuzz");
    let corpus = place.join(asked.length.corpus());
    // What earlier runs have found is where later ones start, unless each is to be like the one before it.
    if asked.length.is_repeatable() && corpus.exists() {
        fs::remove_dir_all(&corpus).map_err(|error| told_of(&corpus, &error))?;
    }
    let seeds = built(Program::Own("seeds"), openssl.workspace_features())?;
    run_command(Command::new(seeds).arg(&corpus))?;
    let (mut rows, mut failures) = (Vec::new(), Vec::new());
    for target in targets()? {
        if !asked.targets.is_empty() && !asked.targets.contains(&target) {
            continue;
        }
        let log = place.join(format!("{target}.log"));
        println!("fuzzing {target}");
        let outcome = run_command(
            nightly::cargo(&[PROGRAM])
                .args(["run", "--fuzz-dir", "fuzz", "--target-dir", "target/fuzz/build", &target])
                .arg(corpus.join(&target))
                .arg("--")
                .args(asked.length.options())
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
    length: Length,
    targets: Vec<String>,
}

impl Asked {
    fn of(args: &[&str]) -> Result<Self, String> {
        let mut asked = Self { length: UNASKED, targets: Vec::new() };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut number = || {
                let number = args.next().and_then(|number| number.parse().ok());
                number.ok_or(format!("{arg} takes a number"))
            };
            match *arg {
                "--seconds" => asked.length = Length::Seconds(number()?),
                "--runs" => asked.length = Length::Runs(number()?),
                target => asked.targets.push(target.to_owned()),
            }
        }
        Ok(asked)
    }
}

/// When a target has been fuzzed enough.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Length {
    /// After so many executions that begin with the seeds alone and change them by the same numbers, to find the same
    /// again. Where a target has a backend draw random octets, what it reaches still differs a little.
    Runs(u32),
    /// After so long, from all that was ever found, to find something new.
    Seconds(u32),
}

impl Length {
    const fn is_repeatable(self) -> bool {
        matches!(self, Self::Runs(_))
    }

    const fn corpus(self) -> &'static str {
        if self.is_repeatable() { "seeds" } else { "corpus" }
    }

    fn options(self) -> Vec<String> {
        match self {
            // Not read again while it runs: when that happens depends on the time.
            Self::Runs(runs) => {
                vec![format!("-runs={runs}"), "-seed=1".to_owned(), "-reload=0".to_owned()]
            }
            Self::Seconds(seconds) => vec![format!("-max_total_time={seconds}")],
        }
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
    fn a_time_or_a_number_and_targets_may_be_asked_for() {
        let asked = Asked { length: Length::Seconds(5), targets: vec!["jwk".into()] };
        assert_eq!(Asked::of(&["--seconds", "5", "jwk"]), Ok(asked));
        let asked = Asked { length: Length::Runs(9), targets: Vec::new() };
        assert_eq!(Asked::of(&["--runs", "9"]), Ok(asked));
        assert!(Asked::of(&["--seconds"]).is_err() && Asked::of(&["--runs", "many"]).is_err());
    }
}
