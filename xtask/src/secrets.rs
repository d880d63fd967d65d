//! `cargo xtask secrets`: whether anything branches on a secret or looks something up by it, as Valgrind sees it.
//! By hand; needs Valgrind with its headers, and a C compiler.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::process::{cargo, output, run as run_command, succeeds};

/// Does every check, or those whose names contain a text, and fails for what is reported and not pinned.
pub(crate) fn run(filter: Option<&str>) -> Result<(), String> {
    if !succeeds(Command::new("valgrind").arg("--version")) {
        return Err("this needs `valgrind`, which is not installed".to_owned());
    }
    let target = Path::new("target/secrets");
    let mut build = cargo(&["build", "--release", "--manifest-path", "tests/secrets/Cargo.toml"]);
    run_command(build.arg("--target-dir").arg(target))?;
    let program = target.join("release/jose-secrets");
    let pins = fs::read_to_string(PINS).map_err(|error| format!("{PINS}: {error}"))?;
    let pins: Vec<Pin<'_>> = pins.lines().filter_map(Pin::parse).collect();
    let mut used = BTreeSet::new();
    let mut problems = Vec::new();
    println!("{:<22}{:>9}{:>9}", "check", "reported", "pinned");
    for line in output(&mut Command::new(&program))?.lines() {
        let (kind, check) = line.split_once(' ').ok_or("a check without a name")?;
        if !filter.is_none_or(|filter| check.contains(filter)) {
            continue;
        }
        let reports = watch(&program, check, &target.join("log"))?;
        let mut strangers = 0;
        for report in &reports {
            let pin = pins.iter().position(|pin| pin.fits(check, report));
            used.extend(pin);
            if pin.is_none() {
                strangers += 1;
                if kind == "hides" {
                    problems.push(format!("{check}:\n    {}", report.join("\n    ")));
                }
            }
        }
        println!("{check:<22}{:>9}{:>9}", reports.len(), reports.len() - strangers);
        if kind == "shows" && strangers == 0 {
            problems
                .push(format!("{check}: nothing was reported, so that nothing else says anything"));
        }
    }
    let pins =
        pins.iter().enumerate().filter(|(index, _)| filter.is_none() && !used.contains(index));
    problems.extend(pins.map(|(_, pin)| format!("{PINS}: `{}` is not reported", pin.inner)));
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

/// Does one check in Valgrind: for each report the functions it was in, the innermost first.
fn watch(program: &Path, check: &str, log: &Path) -> Result<Vec<Vec<String>>, String> {
    let mut command = Command::new("valgrind");
    command.args(["--quiet", "--error-limit=no", "--num-callers=40", "--error-exitcode=9"]);
    command.arg(format!("--log-file={}", log.display())).arg(program).arg(check);
    let status = command.status().map_err(|error| format!("valgrind: {error}"))?;
    if !matches!(status.code(), Some(0 | 9)) {
        return Err(format!("{check}: {status}"));
    }
    let text = fs::read_to_string(log).map_err(|error| format!("{}: {error}", log.display()))?;
    let mut reports: Vec<Vec<String>> = Vec::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("==")?.split_once("== ")) {
        let line = line.1.trim_start();
        if line.contains("uninitialised") {
            reports.push(Vec::new());
        } else if line.starts_with("at 0x") || line.starts_with("by 0x") {
            let function = line.split_once(": ").map_or(line, |(_, function)| function);
            reports
                .last_mut()
                .ok_or(format!("{check}: not about a secret: {line}"))?
                .push(function.to_owned());
        } else if !line.is_empty() {
            return Err(format!("{check}: not about a secret: {line}"));
        }
    }
    Ok(reports)
}

/// What may be reported, and has a reason.
struct Pin<'a> {
    checks: &'a str,
    inner: &'a str,
    outer: &'a str,
}

impl<'a> Pin<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut cells = line.splitn(3, " | ");
        let (checks, place, _reason) = (cells.next()?, cells.next()?, cells.next()?);
        let (inner, outer) = place.split_once(" < ").unwrap_or((place, ""));
        Some(Self { checks, inner: if inner == "*" { "" } else { inner }, outer })
    }

    /// What is compared by another function is reported within that one, and is another report.
    fn fits(&self, check: &str, report: &[String]) -> bool {
        let Some((innermost, callers)) = report.split_first() else { return false };
        self.checks.split(' ').any(|name| name == check)
            && self.inner.split(" or ").any(|inner| innermost.contains(inner))
            && (self.outer.is_empty() || callers.iter().any(|name| name.contains(self.outer)))
    }
}

const PINS: &str = "tests/secrets/known.txt";
