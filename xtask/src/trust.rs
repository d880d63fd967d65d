//! `cargo xtask trust`: on one page, what this library was held against and what came of it. What takes minutes
//! is done anew; what takes hours is made by hand, and its figures are in `docs/figures`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::musts;
use crate::openssl::Openssl;
use crate::process::cargo;
use crate::tree::told;

const PAGE: &str = "docs/trust.md";

const HEAD: &str = "# What it was held against

Made by `cargo xtask trust --write`, which runs the conformance suite and Wycheproof's vectors on both backends and
counts. What stands in `docs/figures` was made by hand, by the command that is named there.
";

/// Prints the page, or writes it if `write`.
pub(crate) fn run(openssl: Openssl, write: bool) -> Result<(), String> {
    let mut page = HEAD.to_owned();
    let backends = [("jose-rustcrypto", None), ("jose-openssl", Some(openssl))];
    let mut counts = Vec::new();
    for (package, openssl) in backends {
        counts.push((package, conformance(package, openssl)?));
    }
    section(&mut page, "Conformance", &families(&counts));
    section(&mut page, "Project Wycheproof", &wycheproof(openssl)?);
    section(&mut page, "Requirements", &musts::summaries()?.join("\n\n"));
    section(&mut page, "Other implementations", &interop()?);
    for (title, text) in figures()? {
        section(&mut page, &title, &text);
    }
    println!("{page}");
    if write {
        fs::write(PAGE, page).map_err(|error| told(Path::new(PAGE), &error))
    } else {
        Ok(())
    }
}

/// Whether the page has what was made by hand as it is now.
pub(crate) fn check() -> Result<(), String> {
    let page = fs::read_to_string(PAGE).map_err(|error| told(Path::new(PAGE), &error))?;
    let stale: Vec<String> = figures()?
        .into_iter()
        .filter(|(_, text)| !page.contains(text))
        .map(|(title, _)| title)
        .collect();
    if stale.is_empty() {
        return Ok(());
    }
    Err(format!("{PAGE} has not what docs/figures says of: {}", stale.join(", ")))
}

/// What was made by hand: of each file the title, which is its first line, and the rest.
fn figures() -> Result<Vec<(String, String)>, String> {
    let place = Path::new("docs/figures");
    let mut paths = Vec::new();
    for entry in fs::read_dir(place).map_err(|error| told(place, &error))? {
        paths.push(entry.map_err(|error| told(place, &error))?.path());
    }
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let text = fs::read_to_string(path).map_err(|error| told(path, &error))?;
        let (title, rest) = text.split_once('\n').unwrap_or((&text, ""));
        Ok((title.to_owned(), format!("```text\n{}\n```", rest.trim())))
    };
    paths.iter().map(read).collect()
}

fn section(page: &mut String, title: &str, text: &str) {
    // A `String` takes everything.
    let _ = write!(page, "\n## {title}\n\n{text}\n");
}

/// How many properties of each family a backend has passed.
fn conformance(package: &str, openssl: Option<Openssl>) -> Result<BTreeMap<String, u32>, String> {
    let mut command = cargo(&["test", "-p", package, "--test", "conformance"]);
    if openssl == Some(Openssl::Vendored) {
        command.args(["--features", "vendored"]);
    }
    let output = command.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("{package} does not pass the conformance suite"));
    }
    Ok(passed(&String::from_utf8_lossy(&output.stdout)))
}

/// Passed tests by the first part of their names.
fn passed(told: &str) -> BTreeMap<String, u32> {
    let mut families = BTreeMap::new();
    let names = told.lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... ok"));
    for family in names.filter_map(|name| name.split("::").next()) {
        *families.entry(family.to_owned()).or_default() += 1;
    }
    families
}

fn families(counts: &[(&str, BTreeMap<String, u32>)]) -> String {
    let mut table = "Properties passed, by family:\n\n|".to_owned();
    for (package, _) in counts {
        let _ = write!(table, " | {package}");
    }
    let _ = write!(table, " |\n|---|{}", "---|".repeat(counts.len()));
    let all: std::collections::BTreeSet<&String> =
        counts.iter().flat_map(|(_, families)| families.keys()).collect();
    for family in all {
        let _ = write!(table, "\n| {family}");
        for (_, families) in counts {
            let _ = write!(table, " | {}", families.get(family).copied().unwrap_or_default());
        }
        table.push_str(" |");
    }
    table
}

/// The cases that `expected.txt` pins, by what becomes of them, after the tests have held them to it.
fn wycheproof(openssl: Openssl) -> Result<String, String> {
    let mut command = cargo(&["test", "-q", "-p", "jose-tests", "--test", "wycheproof"]);
    command.args(["--features", openssl.feature()]);
    let output = command.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(
            "the vectors of Project Wycheproof have other verdicts than expected".to_owned()
        );
    }
    let path = Path::new("tests/tests/wycheproof/expected.txt");
    let text = fs::read_to_string(path).map_err(|error| told(path, &error))?;
    let mut ends: BTreeMap<String, u32> = BTreeMap::new();
    for (count, end) in cases(&text) {
        *ends.entry(end).or_default() += count;
    }
    let mut table = "| verdict there, and what became of it here | cases |\n|---|---|".to_owned();
    for (end, count) in &ends {
        let _ = write!(table, "\n| {end} | {count} |");
    }
    let _ = write!(table, "\n| all | {} |", ends.values().sum::<u32>());
    Ok(table)
}

/// `set: 21 invalid length, 68 invalid refused` in each line that is no comment and no heading.
fn cases(text: &str) -> impl Iterator<Item = (u32, String)> {
    let lines = text.lines().filter(|line| !line.starts_with(['#', '[']));
    let ends =
        lines.filter_map(|line| line.split_once(": ")).flat_map(|(_, ends)| ends.split(", "));
    ends.filter_map(|end| {
        let (count, end) = end.split_once(' ')?;
        Some((count.parse().ok()?, end.to_owned()))
    })
}

fn interop() -> Result<String, String> {
    let path = Path::new("docs/interop.md");
    let text = fs::read_to_string(path).map_err(|error| told(path, &error))?;
    let peers = text.lines().filter(|line| line.starts_with("| [")).count();
    let letters = |line: &str| line.chars().filter(|c| matches!(c, 'c' | 'f' | 'g')).count();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    let is_tried = |cell: &&str| cell.chars().all(|c| "cfg →←".contains(c));
    let cells =
        rows.flat_map(|(_, cells)| cells.split(" | ").map(|cell| cell.trim_end_matches(" |")));
    let cells = cells.filter(is_tried);
    let tried: usize = cells.map(letters).sum();
    Ok(format!(
        "{peers} peers; {tried} combinations of peer, algorithm and serialization: [the matrix](interop.md)."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passed_properties_are_counted_by_family() {
        let told =
            "test jws::a ... ok\ntest jws::b ... ok\ntest jwe::c ... FAILED\ntest jwt::d ... ok\n";
        let expected = [("jws".to_owned(), 2), ("jwt".to_owned(), 1)];
        assert_eq!(passed(told), expected.into());
    }

    #[test]
    fn pinned_cases_are_read_from_their_lines() {
        let text = "# note: 3 none here\n[a_test]\nset: 21 invalid length, 68 valid accepted\n";
        let expected = [(21, "invalid length".to_owned()), (68, "valid accepted".to_owned())];
        assert_eq!(cases(text).collect::<Vec<_>>(), expected);
    }
}
