//! Running the program.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The backends of this build.
pub(crate) fn backends() -> impl Iterator<Item = &'static str> {
    let built =
        [("rustcrypto", cfg!(feature = "rustcrypto")), ("openssl", cfg!(feature = "openssl"))];
    built.into_iter().filter(|(_, built)| *built).map(|(name, _)| name)
}

/// What a run has left.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Run {
    /// Its result, if it was done.
    #[track_caller]
    pub(crate) fn ok(self) -> Vec<u8> {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self.stdout
    }

    #[track_caller]
    pub(crate) fn text(self) -> String {
        String::from_utf8(self.ok()).unwrap()
    }

    #[track_caller]
    pub(crate) fn json(self) -> serde_json::Value {
        serde_json::from_slice(&self.ok()).unwrap()
    }

    /// That it ended with this code, and nothing on standard output.
    #[track_caller]
    pub(crate) fn fails(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}", self.stderr);
        assert!(self.stdout.is_empty(), "{:?}", String::from_utf8_lossy(&self.stdout));
        self.stderr
    }
}

/// Runs `jose` with these arguments and this input.
pub(crate) fn jose(args: &[&str], input: impl AsRef<[u8]>) -> Run {
    jose_with(args, input, &[])
}

/// As `jose`, with environment variables.
pub(crate) fn jose_with(args: &[&str], input: impl AsRef<[u8]>, env: &[(&str, &str)]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_jose"))
        .args(args)
        .envs(env.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have ended before it has read everything.
    let _ = child.stdin.take().unwrap().write_all(input.as_ref());
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&stderr).into_owned();
    assert!(!stderr.contains("panicked"), "{stderr}");
    Run { code: status.code().unwrap(), stdout, stderr }
}

/// A new key on this backend.
pub(crate) fn key(alg: &str, backend: &str) -> String {
    jose(&["jwk", "gen", "--alg", alg, "--backend", backend], "").text()
}

/// A directory with one file of a key in it for each algorithm.
pub(crate) struct Keys(pub(crate) tempfile::TempDir, pub(crate) &'static str);

impl Keys {
    pub(crate) fn new(backend: &'static str) -> Self {
        Self(tempfile::tempdir().unwrap(), backend)
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        text(&path)
    }

    /// A new key in a file of its own.
    pub(crate) fn key(&self, alg: &str) -> String {
        self.file(alg, key(alg, self.1))
    }

    /// Runs `jose` on this backend.
    pub(crate) fn run(&self, args: &[&str], input: impl AsRef<[u8]>) -> Run {
        jose(&[args, &["--backend", self.1]].concat(), input)
    }
}

pub(crate) fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// The commands that have none below them, by their names, with their help.
pub(crate) fn leaves() -> Vec<(Vec<String>, String)> {
    let (mut leaves, mut paths) = (Vec::new(), vec![Vec::new()]);
    while let Some(path) = paths.pop() {
        let args: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
        // What is longer than a line of a usual terminal would be broken, and not work when pasted.
        let help = jose_with(&args, "", &[("COLUMNS", "80")]).text();
        let below = below(&help);
        if below.is_empty() {
            leaves.push((path, help));
        } else {
            paths.extend(below.into_iter().map(|name| [path.clone(), vec![name]].concat()));
        }
    }
    leaves
}

/// The commands that a help lists, but for `help`.
fn below(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.take_while(|line| line.starts_with("  "));
    // What explains a command may have further lines, which begin further to the right.
    let names = lines.filter(|line| !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(ToOwned::to_owned).collect()
}
