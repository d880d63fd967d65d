//! Which crate may depend on which, and what must not reach a crate.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::File;
use crate::process::{cargo, output};

/// Every problem with the crates of the workspace.
pub(super) fn check(files: &[File]) -> Result<Vec<String>, String> {
    let metadata = output(&mut cargo(&["metadata", "--no-deps", "--format-version", "1"]))?;
    let packages = packages(&metadata)?;
    let mut problems = edges(&packages);
    problems.extend(roots(&packages, files));

    // Without `-p` these are the default members, as a plain `cargo build` takes them.
    let tree = ["tree", "--prefix", "none", "--format", "{p}", "--edges", "normal,build,dev"];
    problems.extend(openssl_by_default(&output(&mut cargo(&tree))?));
    let tree = ["tree", "-p", "jose-core", "--prefix", "none", "--edges", "normal"];
    problems.extend(std_in_core(&output(cargo(&tree).args(["--format", "{p}|{f}"]))?));

    let direct = ["--prefix", "none", "--edges", "normal", "--depth", "1"];
    let of_core = output(cargo(&["tree", "-p", "jose-core"]).args(direct))?;
    let of_rustcrypto = output(cargo(&["tree", "-p", "jose-rustcrypto"]).args(direct))?;
    let tree = ["tree", "-p", "jose-suite", "--no-default-features", "--features", "openssl"];
    let of_openssl = output(cargo(&tree).args(["--prefix", "none", "--edges", "normal"]))?;
    problems.extend(cryptography_beside_openssl(&of_openssl, &of_rustcrypto, &of_core));
    Ok(problems)
}

/// The members of the workspace that a crate may depend on.
struct Allowed {
    name: &'static str,
    normal: &'static [&'static str],
    /// Only behind a feature.
    optional: &'static [&'static str],
    dev: &'static [&'static str],
}

/// The arrows. They point to older, smaller crates; an arrow that is not here needs an argument,
/// and a line in ARCHITECTURE.md.
const ALLOWED: &[Allowed] = &[
    // For the examples in its documentation alone: an example that signs needs a backend.
    Allowed { name: "jose-core", normal: &[], optional: &[], dev: &["jose-rustcrypto"] },
    Allowed {
        name: "jose-rustcrypto",
        normal: &["jose-core"],
        optional: &[],
        dev: &["jose-conformance"],
    },
    Allowed {
        name: "jose-openssl",
        normal: &["jose-core"],
        optional: &[],
        dev: &["jose-conformance"],
    },
    Allowed { name: "jose-conformance", normal: &["jose-core"], optional: &[], dev: &[] },
    // The backend for the examples in its documentation, as above.
    Allowed { name: "jose-jwks", normal: &["jose-core"], optional: &[], dev: &["jose-rustcrypto"] },
    Allowed {
        name: "jose-session",
        normal: &["jose-core"],
        optional: &[],
        dev: &["jose-rustcrypto"],
    },
    Allowed { name: "jose-xano", normal: &["jose-core"], optional: &[], dev: &["jose-rustcrypto"] },
    Allowed {
        name: "jose-suite",
        normal: &["jose-core"],
        optional: &["jose-rustcrypto", "jose-openssl"],
        dev: &[],
    },
    Allowed {
        name: "jose-examples",
        normal: &["jose-jwks", "jose-session", "jose-suite", "jose-xano"],
        optional: &[],
        dev: &[],
    },
    Allowed { name: "xtask", normal: &[], optional: &[], dev: &[] },
];

/// These may depend on everything, and nothing depends on them.
const TOP: &[&str] = &["jose-cli", "jose-tests"];

/// The one crate that is not `forbid(unsafe_code)`: its ffi.rs is the exception.
const FFI: &str = "jose-openssl";

struct Package {
    name: String,
    dependencies: Vec<Dependency>,
    /// The root files of its libraries and programs, from the root of the workspace.
    roots: Vec<String>,
}

struct Dependency {
    name: String,
    dev: bool,
    optional: bool,
}

fn packages(metadata: &str) -> Result<Vec<Package>, String> {
    let metadata: Value = serde_json::from_str(metadata)
        .map_err(|error| format!("`cargo metadata` did not print JSON: {error}"))?;
    let root = metadata.get("workspace_root").and_then(Value::as_str).unwrap_or_default();
    let packages = array(&metadata, "packages").map(|package| Package {
        name: string(package, "name"),
        dependencies: array(package, "dependencies")
            .map(|dependency| Dependency {
                name: string(dependency, "name"),
                dev: string(dependency, "kind") == "dev",
                optional: dependency.get("optional").and_then(Value::as_bool) == Some(true),
            })
            .collect(),
        roots: array(package, "targets")
            .filter(|target| {
                let mut kinds = array(target, "kind").filter_map(Value::as_str);
                kinds.any(|kind| matches!(kind, "bin" | "lib" | "proc-macro"))
            })
            .map(|target| {
                let path = string(target, "src_path");
                let relative = Path::new(&path).strip_prefix(root).unwrap_or(Path::new(&path));
                resolved(&relative.to_string_lossy().replace('\\', "/"))
            })
            .collect(),
    });
    Ok(packages.collect())
}

/// A path without `..`: of a program that is another package's too.
fn resolved(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

fn array<'a>(value: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.get(member).and_then(Value::as_array).into_iter().flatten()
}

fn string(value: &Value, member: &str) -> String {
    value.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn edges(packages: &[Package]) -> Vec<String> {
    let mut problems = Vec::new();
    for package in packages.iter().filter(|package| !TOP.contains(&package.name.as_str())) {
        let Some(allowed) = ALLOWED.iter().find(|allowed| allowed.name == package.name) else {
            problems.push(format!(
                "{}: not in the table of allowed edges in xtask/src/tidy/crates.rs",
                package.name
            ));
            continue;
        };
        for dependency in &package.dependencies {
            let to = dependency.name.as_str();
            let member = packages.iter().any(|package| package.name == to);
            let fine = if dependency.dev {
                allowed.dev.contains(&to) || allowed.normal.contains(&to)
            } else {
                allowed.normal.contains(&to)
                    || dependency.optional && allowed.optional.contains(&to)
            };
            if member && !fine {
                let kind = match (dependency.dev, dependency.optional) {
                    (true, _) => "dev-dependency",
                    (false, true) => "optional dependency",
                    (false, false) => "dependency",
                };
                problems.push(format!("{}: may not have {to} as a {kind}", package.name));
            }
        }
    }
    problems
}

fn roots(packages: &[Package], files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for package in packages {
        for root in &package.roots {
            let text = files.iter().find(|file| file.path == *root).map(|file| file.text.as_str());
            let has =
                |attribute| text.is_some_and(|text| text.lines().any(|line| line == attribute));
            if package.name != FFI && !has("#![forbid(unsafe_code)]") {
                problems.push(format!("{root}: `#![forbid(unsafe_code)]` is missing"));
            }
            if package.name == "jose-core" && !has("#![no_std]") {
                problems.push(format!("{root}: `#![no_std]` is missing"));
            }
        }
    }
    problems
}

/// OpenSSL needs headers or minutes, so a plain `cargo build` must not ask for it.
fn openssl_by_default(tree: &str) -> Option<String> {
    tree.lines().any(|line| line.starts_with("jose-openssl ")).then(|| {
        "Cargo.toml: a default member enables jose-openssl: `cargo tree -i jose-openssl -e all`"
            .to_owned()
    })
}

/// A build with the OpenSSL backend alone, as FIPS deployments have it, holds no other library that
/// computes: none of those that the other backend is made of.
fn cryptography_beside_openssl(
    openssl: &str,
    rustcrypto: &str,
    core: &str,
) -> impl Iterator<Item = String> + use<> {
    fn names(tree: &str) -> BTreeSet<String> {
        tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
    }
    let (core, openssl) = (names(core), names(openssl));
    let others: Vec<String> = names(rustcrypto).difference(&core).cloned().collect();
    others
        .into_iter()
        .filter(move |name| openssl.contains(name))
        .map(|name| format!("jose-suite: {name} is in a build with the feature `openssl` alone"))
}

/// A crate with its `std` feature on does not build where there is none.
fn std_in_core(tree: &str) -> BTreeSet<String> {
    tree.lines()
        .filter_map(|line| line.split_once('|'))
        .filter(|(_, features)| features.split([',', ' ']).any(|feature| feature == "std"))
        .map(|(package, _)| format!("jose-core: `std` is on in {package}, by default"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::file;

    fn package(name: &str, dependencies: &[(&str, bool, bool)]) -> Package {
        Package {
            name: name.to_owned(),
            dependencies: dependencies
                .iter()
                .map(|&(name, dev, optional)| Dependency { name: name.to_owned(), dev, optional })
                .collect(),
            roots: vec!["src/lib.rs".to_owned()],
        }
    }

    /// The names of the crates with a problem when `package` joins the others.
    fn problems(name: &str, dependencies: &[(&str, bool, bool)]) -> Vec<String> {
        let others = ALLOWED.iter().map(|allowed| allowed.name).chain(TOP.iter().copied());
        let mut packages: Vec<Package> =
            others.filter(|other| *other != name).map(|other| package(other, &[])).collect();
        packages.push(package(name, dependencies));
        edges(&packages)
    }

    #[test]
    fn no_other_cryptography_is_built_beside_openssl() {
        let core = "jose-core v0.1.0 (path)\nserde v1.0.0\n";
        let rustcrypto = "jose-rustcrypto v0.1.0 (path)\njose-core v0.1.0 (path)\nhmac v0.13.0\n\
            serde v1.0.0\n";
        let problems = |openssl: &str| -> Vec<String> {
            cryptography_beside_openssl(openssl, rustcrypto, core).collect()
        };
        assert!(
            problems("jose-suite v0.1.0 (path)\njose-core v0.1.0 (path)\nserde v1.0.0").is_empty()
        );
        let found = problems("jose-suite v0.1.0 (path)\nhmac v0.13.0\n");
        assert_eq!(found, ["jose-suite: hmac is in a build with the feature `openssl` alone"]);
    }

    #[test]
    fn arrows_of_the_table_pass() {
        assert!(problems("jose-core", &[("jose-rustcrypto", true, false)]).is_empty());
        assert!(problems("jose-openssl", &[("jose-core", false, false)]).is_empty());
        assert!(problems("jose-suite", &[("jose-openssl", false, true)]).is_empty());
        assert!(problems("jose-tests", &[("jose-suite", false, false)]).is_empty());
        assert!(problems("xtask", &[("serde_json", false, false)]).is_empty());
    }

    #[test]
    fn any_other_arrow_is_a_problem() {
        for (name, dependency) in [
            ("jose-core", ("jose-rustcrypto", false, false)),
            ("jose-core", ("jose-openssl", true, false)),
            ("jose-rustcrypto", ("jose-openssl", true, false)),
            ("jose-rustcrypto", ("jose-conformance", false, false)),
            ("jose-suite", ("jose-openssl", false, false)),
            ("jose-suite", ("jose-conformance", true, false)),
            ("jose-conformance", ("jose-tests", true, false)),
            ("xtask", ("jose-core", false, true)),
            ("jose-new", ("jose-core", false, false)),
        ] {
            assert_eq!(problems(name, &[dependency]).len(), 1, "{name} to {dependency:?}");
        }
    }

    #[test]
    fn a_root_without_its_attributes_is_found() {
        let core = [package("jose-core", &[])];
        let found = |text| roots(&core, &[file("src/lib.rs", text)]).len();
        assert_eq!(found("//! A.\n#![no_std]\n#![forbid(unsafe_code)]\n"), 0);
        assert_eq!(found("//! A.\n#![forbid(unsafe_code)]\n"), 1);
        assert_eq!(found("//! A.\n// #![forbid(unsafe_code)]\n"), 2);
        assert_eq!(roots(&core, &[]).len(), 2);
        assert!(roots(&[package(FFI, &[])], &[file("src/lib.rs", "")]).is_empty());
    }

    #[test]
    fn metadata_is_read() {
        let metadata = r#"{"workspace_root":"/a","packages":[{"name":"x","dependencies":[
            {"name":"y","kind":null,"optional":true},{"name":"z","kind":"dev","optional":false}],
            "targets":[{"kind":["lib"],"src_path":"/a/b/src/lib.rs"},
            {"kind":["test"],"src_path":"/a/b/tests/t.rs"}]}]}"#;
        let packages = packages(metadata).unwrap();
        let [x] = packages.as_slice() else { panic!("one package") };
        assert_eq!((x.name.as_str(), x.roots.as_slice()), ("x", &["b/src/lib.rs".to_owned()][..]));
        let [y, z] = x.dependencies.as_slice() else { panic!("two dependencies") };
        assert!(y.optional && !y.dev && z.dev && !z.optional);
        assert!(super::packages("no JSON").is_err());
    }

    #[test]
    fn a_root_in_another_package_is_found_under_its_own_path() {
        assert_eq!(resolved("tests/../examples/x/main.rs"), "examples/x/main.rs");
        assert_eq!(resolved("crates/x/src/lib.rs"), "crates/x/src/lib.rs");
    }

    #[test]
    fn openssl_in_the_default_members_is_found() {
        let tree = "jose-suite v0.1.0 (/a)\njose-core v0.1.0 (/a)\n";
        assert!(openssl_by_default(tree).is_none());
        assert!(openssl_by_default(&format!("{tree}jose-openssl v0.1.0 (/a)\n")).is_some());
    }

    #[test]
    fn std_is_found_in_core_and_in_what_it_depends_on() {
        assert!(std_in_core("jose-core v0.1.0 (/a)|\nmemchr v2.8.0|alloc\n").is_empty());
        for line in ["jose-core v0.1.0 (/a)|std", "memchr v2.8.0|alloc,std", "serde v1|std (*)"] {
            assert_eq!(std_in_core(line).len(), 1, "{line}");
        }
    }
}
