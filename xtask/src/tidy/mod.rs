//! `cargo xtask tidy`: the rules of this workspace that rustfmt and clippy cannot check.

mod crates;
mod deny;
mod text;

use std::fs;
use std::process::Command;

use crate::openssl::Openssl;
use crate::process::output;
use crate::{table, trust};

/// Makes every check, prints every problem, and fails if there is one.
pub(crate) fn run(openssl: Openssl) -> Result<(), String> {
    let files = files()?;
    let mut problems = Vec::new();
    for file in &files {
        problems.extend(text::check(file));
    }
    problems.extend(text::same_names(&files));
    problems.extend(crates::check(&files)?);
    problems.extend(deny::check(&files));
    problems.extend(table::check(openssl).err());
    problems.extend(trust::check().err());

    for problem in &problems {
        println!("{problem}");
    }
    match problems.len() {
        0 => Ok(()),
        1 => Err("tidy: 1 problem".to_owned()),
        more => Err(format!("tidy: {more} problems")),
    }
}

/// A text file of the tree.
struct File {
    /// From the root, with `/`.
    path: String,
    text: String,
}

impl File {
    fn is_rust(&self) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, extension)| extension == "rs")
    }

    /// Whether a directory of this name is above it.
    fn is_below(&self, directory: &str) -> bool {
        self.path.split('/').rev().skip(1).any(|component| component == directory)
    }
}

/// What is tracked and what would be if it were added.
fn files() -> Result<Vec<File>, String> {
    let args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"];
    let paths = output(Command::new("git").args(args))?;
    let mut files = Vec::new();
    for path in paths.split_terminator('\0') {
        match fs::read(path) {
            // What is not UTF-8 is not text.
            Ok(octets) => files.extend(
                String::from_utf8(octets).ok().map(|text| File { path: path.to_owned(), text }),
            ),
            // Deleted, and the deletion not yet staged.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("cannot read {path}: {error}")),
        }
    }
    Ok(files)
}

#[cfg(test)]
fn file(path: &str, text: &str) -> File {
    File { path: path.to_owned(), text: text.to_owned() }
}
