//! The examples that tell the same each time, run as a user would, and what they tell held to a file beside them.

use std::fs;
use std::path::Path;

use crate::process::{cargo, output};
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
