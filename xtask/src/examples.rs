//! The examples: those that tell the same each time, run as a user would, and what they tell held to a file beside them;
//! and those that a task needs built.

use std::fs;
use std::path::{Path, PathBuf};

use crate::openssl::Openssl;
use crate::process::{cargo, output, run as run_command, target};
use crate::tree::told;

/// Runs each, and compares.
pub(crate) fn run() -> Result<(), String> {
    let place = Path::new("examples");
    let mut wrong = Vec::new();
    for entry in fs::read_dir(place).map_err(|error| told(place, &error))? {
        let path = entry.map_err(|error| told(place, &error))?.path();
        let Some(name) = path.file_stem().and_then(|name| name.to_str()) else { continue };
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let expected = fs::read_to_string(&path).map_err(|error| told(&path, &error))?;
        let told = output(&mut cargo(&["run", "-q", "--example", name]))?;
        if told != expected {
            wrong
                .push(format!("example {name} tells\n{told}and not what is in {}", path.display()));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// Builds an example with the features of the whole workspace, of which most is there after its tests.
pub(crate) fn built(name: &str, openssl: Openssl) -> Result<PathBuf, String> {
    let args = ["build", "-q", "--workspace", "--features", openssl.workspace_features()];
    run_command(cargo(&args).args(["--example", name]))?;
    Ok(target()?.join("debug/examples").join(name))
}
