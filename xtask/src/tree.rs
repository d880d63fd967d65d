//! A copy of the workspace, for what would change files of it.

use std::fs;
use std::io::Error;
use std::path::Path;

/// What of the workspace is copied.
const TREE: [&str; 9] = [
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "clippy.toml",
    "crates",
    "docs",
    "examples",
    "tests",
    "xtask",
];

/// Puts a fresh copy at `place`.
pub(crate) fn copy_to(place: &Path) -> Result<(), String> {
    if place.exists() {
        fs::remove_dir_all(place).map_err(|error| told(place, &error))?;
    }
    fs::create_dir_all(place).map_err(|error| told(place, &error))?;
    TREE.iter().try_for_each(|name| copy(Path::new(name), &place.join(name)))
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    if !from.is_dir() {
        return fs::copy(from, to).map(drop).map_err(|error| told(from, &error));
    }
    fs::create_dir_all(to).map_err(|error| told(to, &error))?;
    for entry in fs::read_dir(from).map_err(|error| told(from, &error))? {
        let name = entry.map_err(|error| told(from, &error))?.file_name();
        copy(&from.join(&name), &to.join(&name))?;
    }
    Ok(())
}

/// What went wrong with a file.
pub(crate) fn told(path: &Path, error: &Error) -> String {
    format!("{}: {error}", path.display())
}
