//! The scripts of a directory, read once: what is asked for later is a name in a list and no path.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// Directories below one another, before something is wrong.
const DEPTH: usize = 8;

/// The scripts of `directory` by their paths from there, with `/` between names.
pub(crate) fn scripts(directory: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    collect(directory, "", DEPTH, &mut found)?;
    if found.contains_key("index.js") { Ok(found) } else { Err(io::ErrorKind::NotFound.into()) }
}

fn collect(
    directory: &Path,
    before: &str,
    depth: usize,
    found: &mut BTreeMap<String, String>,
) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let (kind, path) = (entry.file_type()?, format!("{before}{name}"));
        if kind.is_dir() && depth > 0 {
            collect(&entry.path(), &format!("{path}/"), depth - 1, found)?;
        } else if kind.is_file() && entry.path().extension().is_some_and(|it| it == "js") {
            found.insert(path, fs::read_to_string(entry.path())?);
        }
    }
    Ok(())
}
