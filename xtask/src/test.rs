//! `cargo xtask test`: every test on both backends, and a last line that names what was left out.

use std::process::Command;

use crate::openssl::Openssl;
use crate::process::{cargo, run as run_command, succeeds};

/// Runs every test. With `all`, a suite whose program is missing fails instead of being left out.
pub(crate) fn run(openssl: Openssl, all: bool) -> Result<(), String> {
    let args =
        ["test", "--workspace", "--no-fail-fast", "--features", openssl.workspace_features()];
    let mut outcomes = vec![run_command(&mut cargo(&args))];
    let (present, missing): (Vec<&Suite>, Vec<&Suite>) =
        SUITES.iter().partition(|suite| suite.is_present(openssl));
    for suite in present {
        println!("suite {}", suite.name);
        let words =
            suite.run.iter().map(|word| word.replace(WORKSPACE, openssl.workspace_features()));
        outcomes.push(run_command(&mut command(&words.collect::<Vec<_>>())));
    }

    let left_out = left_out(&missing);
    let mut failures: Vec<String> = outcomes.into_iter().filter_map(Result::err).collect();
    if all && !missing.is_empty() {
        failures.push("--all was asked for, and not everything could be run".to_owned());
    }
    if failures.is_empty() {
        println!("{left_out}");
        Ok(())
    } else {
        // Also then the last line is the one that names what was left out.
        failures.push(left_out);
        Err(failures.join("\n"))
    }
}

/// A suite that needs a program besides Rust and OpenSSL.
struct Suite {
    name: &'static str,
    /// What to install.
    needs: &'static str,
    /// Each succeeds where that is installed.
    probes: &'static [&'static [&'static str]],
    /// Whether it is for an OpenSSL that is installed, and not for one that is linked in.
    installed_openssl: bool,
    run: &'static [&'static str],
}

impl Suite {
    fn is_present(&self, openssl: Openssl) -> bool {
        (openssl == Openssl::System || !self.installed_openssl)
            && self.probes.iter().all(|probe| succeeds(&mut command(probe)))
    }
}

/// Stands for the features of the first run, so that what it has built is not built again with fewer.
const WORKSPACE: &str = "{workspace}";

/// One target of `jose-tests`, with the feature that it needs.
macro_rules! tests {
    ($feature:literal, $target:literal) => {
        &[
            "cargo",
            "test",
            "--workspace",
            "--features",
            concat!("{workspace},jose-tests/", $feature),
            "--test",
            $target,
        ]
    };
}

/// The suites, in the order in which they are run.
const SUITES: &[Suite] = &[
    Suite {
        name: "openssl-program",
        needs: "the program openssl, 3.0 or later",
        // An option that came with 3.0: before it the program exists and is of no use here.
        probes: &[&["openssl", "list", "-kdf-algorithms"]],
        installed_openssl: false,
        run: tests!("program-openssl", "openssl_program"),
    },
    Suite {
        name: "browser",
        needs: "the programs chromium and chromedriver, and Node.js with npm",
        probes: &[
            &["chromium", "--version"],
            &["chromedriver", "--version"],
            &["npm", "--version"],
        ],
        installed_openssl: false,
        run: &["cargo", "xtask", "browser"],
    },
    Suite {
        name: "redis",
        needs: "redis-server 7.0 or later",
        // `SET` with `NX` and `GET` at once came with 7.0, as did this.
        probes: &[&["sh", "-c", "redis-server --version | grep -Eq 'v=([7-9]|[1-9][0-9]+)[.]'"]],
        installed_openssl: false,
        run: tests!("redis", "redis"),
    },
    Suite {
        name: "hsm",
        needs: "SoftHSM 2",
        probes: &[&["softhsm2-util", "--version"]],
        installed_openssl: false,
        run: tests!("hsm", "hsm"),
    },
    Suite {
        name: "kms",
        needs: "Python 3 with venv",
        probes: &[&["python3", "-c", "import ensurepip, venv"]],
        installed_openssl: false,
        run: &["cargo", "xtask", "kms"],
    },
    Suite {
        name: "interop",
        needs: "Node.js 20 or later with npm, Python 3 with venv, the program jose of latchset, and \
                the headers of OpenSSL 3",
        probes: &[
            &["node", "-e", "process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)"],
            &["npm", "--version"],
            &["python3", "-c", "import ensurepip, venv"],
            // Ours has the same name, and no such command.
            &["jose", "fmt", "-j", "{}", "-O"],
        ],
        installed_openssl: true,
        run: &["cargo", "xtask", "interop"],
    },
    Suite {
        name: "schemathesis",
        needs: "Python 3 with venv, and the program curl",
        probes: &[&["python3", "-c", "import ensurepip, venv"], &["curl", "--version"]],
        installed_openssl: false,
        run: &["cargo", "xtask", "schemathesis"],
    },
    FIPS,
    // The first module that approves of EdDSA.
    Suite { name: "fips-3.5", run: &["cargo", "xtask", "fips", "3.5.4"], ..FIPS },
];

const FIPS: Suite = Suite {
    name: "fips",
    needs: "the program openssl and the headers of OpenSSL, 3.0 or later; perl, make and a C compiler",
    probes: &[
        &["openssl", "fipsinstall", "-help"],
        &["perl", "-MFile::Compare", "-MFindBin", "-MIPC::Cmd", "-e", "1"],
        &["make", "--version"],
        &["cc", "--version"],
    ],
    installed_openssl: true,
    run: &["cargo", "xtask", "fips", "3.1.2"],
};

fn command<S: AsRef<str>>(words: &[S]) -> Command {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.as_slice() {
        ["cargo", args @ ..] => cargo(args),
        [program, args @ ..] => {
            let mut command = Command::new(program);
            command.args(args);
            command
        }
        // Fails to start, and says so.
        [] => Command::new(""),
    }
}

/// The last line of every run.
fn left_out(missing: &[&Suite]) -> String {
    if missing.is_empty() {
        return "left out: none".to_owned();
    }
    let each: Vec<String> =
        missing.iter().map(|suite| format!("{} (needs {})", suite.name, suite.needs)).collect();
    format!("left out: {}", each.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: Suite = Suite {
        name: "node",
        needs: "Node.js 20",
        probes: &[&["node", "--version"]],
        installed_openssl: false,
        run: &["node", "--test"],
    };

    #[test]
    fn each_suite_left_out_is_named_with_what_it_needs() {
        let other = Suite { name: "other", needs: "another program", ..NODE };
        assert_eq!(left_out(&[]), "left out: none");
        assert_eq!(
            left_out(&[&NODE, &other]),
            "left out: node (needs Node.js 20), other (needs another program)"
        );
    }

    #[test]
    fn no_two_suites_share_a_name_and_each_has_its_commands() {
        for (i, suite) in SUITES.iter().enumerate() {
            assert!(SUITES.iter().skip(i + 1).all(|other| other.name != suite.name));
            assert!(!suite.probes.is_empty() && !suite.run.is_empty(), "{}", suite.name);
        }
    }
}
