//! Rules about the text of single files.

use std::collections::BTreeSet;

use super::File;

/// Every problem that `file` has by itself.
pub(super) fn check(file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    if file.is_rust() {
        problems.extend(module_doc(file));
        problems.extend(keyword(file));
        problems.extend(surroundings(file));
    }
    problems.extend(stray_whitespace(file));
    problems.extend(local_names(file));
    problems
}

/// The backends are read side by side, so what one has in a file the other has in a file of the
/// same name. What lies in directories is each one's own.
pub(super) fn same_names(files: &[File]) -> Vec<String> {
    let [rustcrypto, openssl] = BACKENDS.map(|source| {
        let names = files.iter().filter_map(|file| file.path.strip_prefix(source));
        names
            .filter(|name| !name.contains('/') && !OPENSSL_ONLY.contains(name))
            .collect::<BTreeSet<_>>()
    });
    rustcrypto
        .symmetric_difference(&openssl)
        .map(|name| {
            let [one, other] = BACKENDS;
            let (has, lacks) = if openssl.contains(name) { (other, one) } else { (one, other) };
            format!("{has}{name}: there is no {lacks}{name}; backends have the same file names")
        })
        .collect()
}

const BACKENDS: [&str; 2] = ["crates/jose-rustcrypto/src/", "crates/jose-openssl/src/"];
const OPENSSL_ONLY: [&str; 2] = ["ffi.rs", "fips.rs"];

/// The one file that may contain the keyword.
const FFI: &str = "crates/jose-openssl/src/ffi.rs";
const KEYWORD: &str = concat!("un", "safe");

/// Test vectors are kept octet for octet as their authors published them.
const VERBATIM: &str = "vectors";
/// Programs that must not compile, whose line numbers stand in the expected output.
const FIXTURES: &str = "compile-fail";

fn module_doc(file: &File) -> Option<String> {
    (!file.text.starts_with("//! ") && !file.is_below(FIXTURES))
        .then(|| format!("{}:1: the first line is to say what the file is for: `//! …`", file.path))
}

/// Takes any occurrence outside a comment for the keyword; the lint `unsafe_code` is exact, this
/// check holds where the lint may be switched off.
fn keyword(file: &File) -> Option<String> {
    if file.path == FFI {
        return None;
    }
    let number = file.text.lines().position(|line| {
        let code = line.split_once("//").map_or(line, |(code, _)| code);
        code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == KEYWORD)
    })?;
    Some(format!("{}:{}: `{KEYWORD}` belongs in {FFI} alone", file.path, number + 1))
}

/// A library crate asks neither the environment nor the network, outside its tests: what it accepts
/// is decided by its caller alone.
fn surroundings(file: &File) -> Option<String> {
    if !LIBRARIES.iter().any(|source| file.path.starts_with(source)) {
        return None;
    }
    let code = file.text.split("#[cfg(test)]").next().unwrap_or_default();
    let (number, name) = (1..).zip(code.lines()).find_map(|(number, line)| {
        let name = SURROUNDINGS.iter().find(|name| line.contains(*name))?;
        Some((number, name))
    })?;
    Some(format!("{}:{number}: `{name}` has no place in a library crate", file.path))
}

const LIBRARIES: [&str; 4] = [
    "crates/jose-core/src/",
    "crates/jose-openssl/src/",
    "crates/jose-rustcrypto/src/",
    "crates/jose-suite/src/",
];
const SURROUNDINGS: [&str; 3] = ["env::var", "std::net", "process::Command"];

fn stray_whitespace(file: &File) -> Vec<String> {
    if file.is_below(VERBATIM) {
        return Vec::new();
    }
    let mut problems: Vec<String> = (1..)
        .zip(file.text.split('\n'))
        .filter(|(_, line)| line.ends_with([' ', '\t', '\r']))
        .map(|(number, _)| format!("{}:{number}: white space at the end of the line", file.path))
        .collect();
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        problems.push(format!("{}: does not end with a newline", file.path));
    }
    if file.text.ends_with("\n\n") {
        problems.push(format!("{}: ends with an empty line", file.path));
    }
    problems
}

/// Names that mean something on one machine only: its paths, and the hosts it installs from.
fn local_names(file: &File) -> Vec<String> {
    let lock = file.path.ends_with("Cargo.lock");
    let mut problems = Vec::new();
    for (number, line) in (1..).zip(file.text.lines()) {
        for name in PATHS.iter().chain(if lock { &[] } else { HOSTS }) {
            if line.contains(name) {
                problems.push(format!("{}:{number}: `{name}` has no place here", file.path));
            }
        }
    }
    problems
}

// In two pieces each, so that this file passes.
const PATHS: &[&str] = &[concat!("/wo", "rk/"), concat!("/tmp/bash", "_jobs")];
const HOSTS: &[&str] = &[
    concat!("crates", ".io"),
    concat!("deb", ".debian.org"),
    concat!("pypi", ".org"),
    concat!("python", "hosted.org"),
    concat!("npm", "js.org"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::file;

    #[test]
    fn a_rust_file_begins_with_its_module_doc() {
        assert!(module_doc(&file("crates/a/src/lib.rs", "//! Does this.\n")).is_none());
        for text in ["", "use a;\n", "/// Item.\n", "//!\n", "\n//! Late.\n"] {
            assert!(module_doc(&file("crates/a/src/lib.rs", text)).is_some(), "{text:?}");
        }
        assert!(module_doc(&file("tests/compile-fail/a.rs", "fn main() {}\n")).is_none());
    }

    #[test]
    fn the_keyword_is_found_outside_comments_and_in_whole_words_only() {
        let found = |text: &str| keyword(&file("a.rs", &text.replace("UN", KEYWORD))).is_some();
        assert!(found("UN { call() }"));
        assert!(found("ok();\npub UN fn f() {}"));
        assert!(found("#[UN(no_mangle)]"));
        assert!(!found("// UN { call() }"));
        assert!(!found("let x = 1; // not UN"));
        assert!(!found("#![forbid(UN_code)]"));
        assert!(keyword(&file(FFI, &format!("{KEYWORD} {{}}"))).is_none());
    }

    #[test]
    fn what_reads_the_environment_is_found_in_libraries() {
        let found = |path: &str, text: &str| surroundings(&file(path, text)).is_some();
        let path = "crates/jose-openssl/src/a.rs";
        for text in [
            "let x = std::env::var(\"X\");",
            "ok();\nif env::var_os(NAME).is_some() {}",
            "use std::net::TcpStream;",
        ] {
            assert!(found(path, text), "{text}");
            assert!(!found("crates/jose-cli/src/a.rs", text), "{text}");
            assert!(
                !found(path, &format!("ok();\n#[cfg(test)]\nmod tests {{ {text} }}")),
                "{text}"
            );
        }
        assert!(!found(path, "let environment = variable();"));
    }

    #[test]
    fn white_space_at_ends_is_found_but_not_in_vectors() {
        assert!(stray_whitespace(&file("a.md", "a\n\n b\n")).is_empty());
        assert!(stray_whitespace(&file("empty", "")).is_empty());
        for text in ["a \n", "a\t\nb\n", "a\r\n", "a", "a\n\n", "a\n  "] {
            assert!(!stray_whitespace(&file("a.md", text)).is_empty(), "{text:?}");
            assert!(stray_whitespace(&file("tests/vectors/a.json", text)).is_empty());
        }
    }

    #[test]
    fn names_of_one_machine_are_found() {
        for name in PATHS {
            assert_eq!(local_names(&file("a.md", &format!("a\nsee {name}b\n"))).len(), 1);
            assert_eq!(local_names(&file("Cargo.lock", &format!("{name}\n"))).len(), 1);
        }
        for name in HOSTS {
            assert_eq!(local_names(&file("a.md", &format!("https://{name}/b\n"))).len(), 1);
            assert!(local_names(&file("fuzz/Cargo.lock", &format!("{name}\n"))).is_empty());
        }
        assert!(
            local_names(&file("a.md", "the work/life balance of a framework/ user\n")).is_empty()
        );
    }

    #[test]
    fn a_file_of_one_backend_alone_is_found() {
        let [rustcrypto, openssl] = BACKENDS;
        let of = |directory: &str, name: &str| file(&format!("{directory}{name}"), "");
        let both = [of(rustcrypto, "rsa.rs"), of(openssl, "rsa.rs")];
        assert!(same_names(&both).is_empty());
        assert!(same_names(&[of(openssl, "ffi.rs"), of(rustcrypto, "rsa/private.rs")]).is_empty());
        assert_eq!(
            same_names(&[of(rustcrypto, "rsa.rs"), of(openssl, "hmac.rs")]),
            [
                "crates/jose-openssl/src/hmac.rs: there is no \
                 crates/jose-rustcrypto/src/hmac.rs; backends have the same file names",
                "crates/jose-rustcrypto/src/rsa.rs: there is no \
                 crates/jose-openssl/src/rsa.rs; backends have the same file names",
            ]
        );
    }
}
