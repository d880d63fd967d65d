//! Every example of the help texts, of the README and of the guide, run as whoever pastes it runs it.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::{backends, leaves};

/// The groups of commands that have a test of their own below, so that they run side by side.
const GROUPS: [&str; 5] = ["jwe", "jwk", "jwks", "jws", "jwt"];

#[test]
fn every_command_has_an_example() {
    for (path, help) in leaves() {
        assert!(!example(&help).is_empty(), "jose {}", path.join(" "));
    }
}

#[test]
fn the_examples_of_jwe_work_when_pasted() {
    paste_help(|path| path[0] == "jwe");
}

#[test]
fn the_examples_of_jwk_work_when_pasted() {
    paste_help(|path| path[0] == "jwk");
}

#[test]
fn the_examples_of_jwks_work_when_pasted() {
    paste_help(|path| path[0] == "jwks");
}

#[test]
fn the_examples_of_jws_work_when_pasted() {
    paste_help(|path| path[0] == "jws");
}

#[test]
fn the_examples_of_jwt_work_when_pasted() {
    paste_help(|path| path[0] == "jwt");
}

#[test]
fn the_examples_of_all_other_commands_work_when_pasted() {
    paste_help(|path| !GROUPS.contains(&path[0].as_str()));
}

#[test]
fn the_examples_of_the_readme_and_the_guide_work_when_pasted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = vec![root.join("README.md")];
    let mut directories = vec![root.join("docs")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                files.push(path);
            }
        }
    }
    // Whoever reads a page pastes one block after the other.
    let pages = files.iter().map(|path| {
        let blocks = shell_blocks(&fs::read_to_string(path).unwrap());
        (path.display().to_string(), blocks.join("\n"))
    });
    paste_all(&pages.filter(|(_, lines)| !lines.is_empty()).collect::<Vec<_>>());
}

fn paste_help(wanted: impl Fn(&[String]) -> bool) {
    let leaves = leaves().into_iter().filter(|(path, _)| wanted(path));
    paste_all(&leaves.map(|(path, help)| (path.join(" "), example(&help))).collect::<Vec<_>>());
}

/// Pastes each of them on every backend, and tells of all that fail.
#[track_caller]
fn paste_all(examples: &[(String, String)]) {
    assert!(!examples.is_empty(), "there are examples");
    let each = examples.iter().flat_map(|example| backends().map(move |name| (example, name)));
    let failed: Vec<String> =
        each.filter_map(|((what, lines), backend)| paste(what, lines, backend).err()).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// The lines below `Example:` or `Examples:`.
fn example(help: &str) -> String {
    let lines = help.lines().skip_while(|line| !matches!(*line, "Example:" | "Examples:"));
    let lines = lines.skip(1).take_while(|line| line.starts_with("  "));
    lines.flat_map(|line| [line.trim_start(), "\n"]).collect()
}

/// The blocks of a document that are for a shell and run `jose`.
fn shell_blocks(text: &str) -> Vec<String> {
    let blocks = text.split("\n```sh\n").skip(1);
    let blocks = blocks.filter_map(|rest| Some(rest.split_once("\n```")?.0.to_owned()));
    blocks.filter(|block| block.lines().any(|line| line.starts_with("jose "))).collect()
}

/// Runs lines in an empty directory, where `jose` is this program on this backend.
fn paste(what: &str, lines: &str, backend: &str) -> Result<(), String> {
    if lines.contains("openssl ") && !is_there("openssl") {
        eprintln!("{what}: not run, there is no program openssl");
        return Ok(());
    }
    let directory = tempfile::tempdir().unwrap();
    let (bin, work) = (directory.path().join("bin"), directory.path().join("work"));
    let failed = directory.path().join("failed");
    fs::create_dir(&bin).unwrap();
    fs::create_dir(&work).unwrap();
    // What fails at the beginning of a pipe is heard of nowhere else.
    let wrapper = format!(
        "#!/bin/sh\n'{}' --backend {backend} \"$@\" || {{ code=$?; echo \"$code: $*\" >>'{}'; exit $code; }}\n",
        env!("CARGO_BIN_EXE_jose"),
        failed.display(),
    );
    let program = bin.join("jose");
    fs::write(&program, wrapper).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    #[allow(clippy::disallowed_methods, reason = "where the shell finds its other programs")]
    let path = std::env::var("PATH").unwrap_or_default();
    let run = Command::new("sh")
        .args(["-e", "-c", lines])
        .env("PATH", format!("{}:{path}", bin.display()))
        .current_dir(&work)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&run.stderr);
    let failed = fs::read_to_string(failed).unwrap_or_default();
    // A page may show what is refused, and then it says what is done about it.
    let is_shown = |failed: &str| {
        let command = failed.split_once(": ").map_or(failed, |(_, command)| command);
        lines.lines().any(|line| line.contains(command) && line.contains("||"))
    };
    let failed: String = failed.lines().filter(|line| !is_shown(line)).collect();
    if run.status.success() && failed.is_empty() {
        Ok(())
    } else {
        Err(format!("{what}, {backend}:\n{lines}--\n{failed}{told}"))
    }
}

/// Whether there is a program of this name.
fn is_there(program: &str) -> bool {
    Command::new(program).arg("version").output().is_ok_and(|run| run.status.success())
}
