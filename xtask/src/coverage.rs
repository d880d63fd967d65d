//! `cargo xtask coverage`: which lines the tests execute, in numbers, by crate and by module. What matters is not
//! the number but what is missing from it, which `cargo llvm-cov report` shows afterwards.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::openssl::Openssl;
use crate::process::{cargo, output, run as run_command, succeeds};

/// What is counted, by the beginning of a path below `crates/`. A file counts wherever it fits.
const PARTS: [&str; 9] = [
    "jose-core/src",
    "jose-core/src/jwa/rules",
    "jose-core/src/jwe",
    "jose-core/src/jwk",
    "jose-core/src/jws",
    "jose-core/src/jwt",
    "jose-rustcrypto/src",
    "jose-openssl/src",
    "jose-cli/src",
];

/// Whose tests are run: with those of the program, it is what they start that counts.
const TESTED: [&str; 5] =
    ["jose-core", "jose-rustcrypto", "jose-openssl", "jose-cli", "jose-tests"];

/// Runs the tests, and prints what they have executed.
pub(crate) fn run(openssl: Openssl) -> Result<(), String> {
    if !succeeds(&mut cargo(&["llvm-cov", "--version"])) {
        return Err("this needs `cargo install cargo-llvm-cov --locked` and \
                    `rustup component add llvm-tools`"
            .to_owned());
    }
    let feature = openssl.feature();
    let features =
        format!("jose-core/std,jose-core/deflate,jose-cli/{feature},jose-tests/{feature}");
    let mut tests = cargo(&["llvm-cov", "test", "--no-report", "--no-fail-fast"]);
    tests.args(["--features", &features]);
    for package in TESTED {
        tests.args(["-p", package]);
    }
    run_command(&mut tests)?;
    let report = output(&mut cargo(&["llvm-cov", "report", "--json", "--summary-only"]))?;
    let report = serde_json::from_str(&report)
        .map_err(|error| format!("`cargo llvm-cov` did not print JSON: {error}"))?;
    print!("{}", table(&report));
    Ok(())
}

/// Lines and regions, and how many of them were executed.
#[derive(Clone, Copy, Debug, Default)]
struct Covered {
    lines: [u64; 2],
    regions: [u64; 2],
}

fn table(report: &Value) -> String {
    let mut parts: BTreeMap<&str, Covered> = BTreeMap::new();
    let files = report.pointer("/data/0/files").and_then(Value::as_array);
    for file in files.into_iter().flatten() {
        let name = file.get("filename").and_then(Value::as_str).unwrap_or_default();
        let name = name.rsplit_once("/crates/").map_or(name, |(_, name)| name);
        let number = |path: &str| file.pointer(path).and_then(Value::as_u64).unwrap_or_default();
        for part in PARTS.iter().filter(|part| is_below(name, part)) {
            let Covered { lines, regions } = parts.entry(part).or_default();
            for (kind, sums) in [("lines", lines), ("regions", regions)] {
                let [covered, all] = sums;
                *covered += number(&format!("/summary/{kind}/covered"));
                *all += number(&format!("/summary/{kind}/count"));
            }
        }
    }
    let mut table = format!(
        "{:<26} {:>8} {:>10} {:>8} {:>10}\n",
        "", "lines", "executed", "regions", "executed"
    );
    for part in PARTS {
        let Covered { lines, regions } = parts.get(part).copied().unwrap_or_default();
        let [lines, regions] =
            [lines, regions].map(|[covered, all]| format!("{all:>8} {:>9}%", tenths(covered, all)));
        // A `String` takes everything.
        let _ = writeln!(table, "{part:<26} {lines} {regions}");
    }
    table
}

fn is_below(name: &str, part: &str) -> bool {
    // `jwk.rs` would be a part of `jwk` as well as `jwk/mod.rs`.
    name.strip_prefix(part).is_some_and(|rest| rest.starts_with(['/', '.']))
}

/// In percent, rounded down: what is not executed is not rounded away.
fn tenths(part: u64, all: u64) -> String {
    let tenths = (part * 1000).checked_div(all).unwrap_or_default();
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_counts_in_its_crate_and_in_its_module() {
        let summary = |covered, count| json!({"covered": covered, "count": count});
        let file = |name: &str, covered, count| json!({"filename": name, "summary": {"lines": summary(covered, count), "regions": summary(1, 2)}});
        let files = [
            file("/x/crates/jose-core/src/jws/sign.rs", 1999, 2000),
            file("/x/crates/jose-core/src/json.rs", 0, 2000),
        ];
        let table = table(&json!({"data": [{"files": files}]}));
        let words = |part: &str| {
            let mut lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
            lines.find(|words| words[0] == part).unwrap()[1..].to_vec()
        };
        assert_eq!(words("jose-core/src/jws"), ["2000", "99.9%", "2", "50.0%"]);
        assert_eq!(words("jose-core/src"), ["4000", "49.9%", "4", "50.0%"]);
        assert_eq!(words("jose-core/src/jwt"), ["0", "0.0%", "0", "0.0%"]);
    }
}
