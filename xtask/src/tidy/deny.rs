//! Every exception in deny.toml says why it is there.

use super::File;

/// A problem for each entry of an `ignore`, `skip` or `skip-tree` without a reason.
pub(super) fn check(files: &[File]) -> Vec<String> {
    match files.iter().find(|file| file.path == "deny.toml") {
        Some(file) => unreasoned(&file.text)
            .into_iter()
            .map(|entry| format!("deny.toml: no `reason = \"…\"` in `{entry}`"))
            .collect(),
        None => vec!["deny.toml is missing".to_owned()],
    }
}

/// The entries without a reason. In deny.toml each entry stands on a line of its own.
fn unreasoned(deny_toml: &str) -> Vec<&str> {
    let mut inside = false;
    let mut entries = Vec::new();
    for line in deny_toml.lines().map(str::trim) {
        if line.starts_with('#') {
            continue;
        }
        let entry = if inside {
            line
        } else {
            let Some((key, value)) = line.split_once('=') else { continue };
            let Some(list) = value.trim().strip_prefix('[') else { continue };
            inside = matches!(key.trim(), "ignore" | "skip" | "skip-tree");
            list
        };
        if inside {
            let has_reason = entry
                .split_once("reason = \"")
                .is_some_and(|(_, reason)| reason.split('"').next().is_some_and(|r| !r.is_empty()));
            if entry.contains('"') && !has_reason {
                entries.push(entry);
            }
            inside = !entry.ends_with(']');
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::file;

    #[test]
    fn an_entry_without_a_reason_is_found() {
        let text = r#"
[licenses]
allow = ["MIT"]
[bans]
skip = [
    # why
    { crate = "syn@2", reason = "macros of two ages" },
    { crate = "hashbrown" },
    "bitflags",
]
[advisories]
ignore = ["RUSTSEC-1"]
skip-tree = [{ crate = "windows-sys", reason = "" }]
"#;
        assert_eq!(
            unreasoned(text),
            [
                r#"{ crate = "hashbrown" },"#,
                r#""bitflags","#,
                r#""RUSTSEC-1"]"#,
                r#"{ crate = "windows-sys", reason = "" }]"#,
            ]
        );
    }

    #[test]
    fn what_comes_after_a_list_is_not_in_it() {
        let text =
            "ignore = [\n    { id = \"a\", reason = \"b\" },\n]\n[x]\ny = [\"z\"]\nw = \"v\"\n";
        assert!(unreasoned(text).is_empty());
        assert!(unreasoned("private = { ignore = true }\n").is_empty());
    }

    #[test]
    fn the_file_itself_is_required() {
        assert_eq!(check(&[file("a/deny.toml", "")]), ["deny.toml is missing"]);
    }
}
