//! `cargo xtask api`: what is public, held against what was public before; and which other crates it names, since
//! their versions are then a part of the promise.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::nightly;
use crate::process::output;
use crate::tree::told;

/// The program of cargo that makes the lists.
pub(crate) const PROGRAM: &str = "public-api";

/// What is published, and the features with which it is listed.
const CRATES: [(&str, &str); 8] = [
    ("jose-core", "deflate,std"),
    ("jose-rustcrypto", ""),
    ("jose-openssl", ""),
    ("jose-suite", "rustcrypto,openssl,deflate,std"),
    ("jose-conformance", ""),
    ("jose-jwks", "axum,blocking,reqwest-native-tls"),
    ("jose-session", "axum,redis"),
    ("jose-xano", ""),
];

/// What may be named in public: crates of others, and types of the language that have a path.
const NAMED: [&str; 13] = [
    "alloc",
    "axum",
    "axum_core",
    "core",
    "http",
    "redis",
    "serde_core",
    "serde_json",
    "std",
    "str",
    "tower_layer",
    "tower_service",
    "u64",
];

/// Prints what has changed and fails, or writes the lists if `write`.
pub(crate) fn run(write: bool) -> Result<(), String> {
    if !nightly::has(PROGRAM) {
        return Err(nightly::missing(PROGRAM));
    }
    let mut wrong = Vec::new();
    for (package, features) in CRATES {
        let mut command = nightly::cargo(&[PROGRAM]);
        command.args(["-p", package, "-sss", "--color", "never", "--features", features]);
        let list = output(&mut command)?;
        for named in others(&list) {
            wrong.push(format!("{package} names the crate `{named}` in public"));
        }
        let path = path(package);
        if write {
            fs::write(&path, &list).map_err(|error| told(&path, &error))?;
            continue;
        }
        let before = fs::read_to_string(&path).map_err(|error| told(&path, &error))?;
        let lines = |text: &str| text.lines().map(ToOwned::to_owned).collect::<BTreeSet<String>>();
        let (before, now) = (lines(&before), lines(&list));
        wrong.extend(before.difference(&now).map(|line| format!("{package}: - {line}")));
        wrong.extend(now.difference(&before).map(|line| format!("{package}: + {line}")));
    }
    if wrong.is_empty() {
        return Ok(());
    }
    wrong.push("`cargo xtask api --write` lists what is public now".to_owned());
    Err(wrong.join("\n"))
}

fn path(package: &str) -> PathBuf {
    Path::new("docs/api").join(package).with_extension("txt")
}

/// Crates that a list names and that are neither ours nor allowed.
fn others(list: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let paths = list.lines().flat_map(|line| line.split(|c: char| !is_part(c)));
    let firsts = paths.filter_map(|path| {
        let (first, _) = path.trim_start_matches(':').split_once("::")?;
        let is_crate = first.starts_with(|c: char| c.is_ascii_lowercase());
        (is_crate && !first.starts_with("jose") && !NAMED.contains(&first))
            .then(|| first.to_owned())
    });
    firsts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_of_others_are_found_in_a_list() {
        let list = "pub fn jose_core::jws::sign(key: &jose_core::Jwk) -> core::result::Result<alloc::string::String, \
                    openssl::error::ErrorStack>\nimpl<T: serde_core::ser::Serialize> jose::X for Self::Alg";
        assert_eq!(others(list), ["openssl".to_owned()].into());
    }
}
