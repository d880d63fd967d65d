//! Where results go: standard output, or a file that is written whole or not at all.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use jose::{Jwk, SecretBytes};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::Common;
use crate::backend::BackendName;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::terminal;
use crate::tokens::Report;

/// How to report.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    common: Common,
}

/// Where a result is written.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct OutputArgs {
    /// Write the result to this file, which must not exist yet.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write over an existing file.
    #[arg(long, requires = "output")]
    force: bool,
}

impl OutputArgs {
    pub(crate) const fn is_file(&self) -> bool {
        self.output.is_some()
    }
}

impl Output {
    pub(crate) fn new(common: Common) -> Self {
        if common.quiet {
            Progress::never();
        }
        Self { common }
    }

    pub(crate) const fn backend(self) -> BackendName {
        self.common.backend
    }

    pub(crate) const fn is_json(self) -> bool {
        self.common.json
    }

    /// Writes octets as they are; to a terminal a text alone, and nothing in it that would steer the
    /// terminal.
    #[allow(clippy::unused_self, reason = "results and diagnostics have one door")]
    pub(crate) fn octets(self, octets: &[u8]) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        let written = if out.is_terminal() {
            let Some(text) = terminal::text(octets) else {
                let message = "octets that are no text; a file or a pipe takes them";
                return Err(Failure::usage(format!("{} {message}", octets.len())));
            };
            out.write_all(text.as_bytes())
        } else {
            out.write_all(octets)
        };
        let written = written.and_then(|()| out.flush());
        written.map_err(|error| Failure::io("standard output", &error))
    }

    /// Writes a line.
    pub(crate) fn line(self, line: &str) -> Result<(), Failure> {
        self.octets(line.as_bytes())?;
        self.octets(b"\n")
    }

    /// Writes a JSON value on one line.
    pub(crate) fn json(self, value: &Value) -> Result<(), Failure> {
        self.line(&value.to_string())
    }

    /// Says what is not a result, unless it was asked to be quiet.
    pub(crate) fn note(self, note: &str) {
        if !self.common.quiet {
            terminal::say(terminal::NOTE, note);
        }
    }

    /// Says what whoever does not know it could be harmed by.
    #[allow(clippy::unused_self, reason = "results and diagnostics have one door")]
    pub(crate) fn warn(self, warning: &str) {
        terminal::say(terminal::WARNING, warning);
    }

    pub(crate) fn failure(self, failure: &Failure) {
        terminal::say(terminal::FAILURE, failure);
        if self.common.json && !failure.is_told() {
            let _ = self.json(&failure.report());
        }
    }

    /// Shows on a terminal that something is being done.
    #[allow(clippy::unused_self, reason = "results and diagnostics have one door")]
    pub(crate) fn working(self, what: &'static str) -> Progress {
        Progress::working(what)
    }

    /// Shows on a terminal how much has been done.
    #[allow(clippy::unused_self, reason = "results and diagnostics have one door")]
    pub(crate) fn count(self, what: &'static str) -> Progress {
        Progress::count(what)
    }

    /// Tells of a token: as JSON if that was asked for, to a terminal so that people can read it, and
    /// elsewhere the octets alone.
    pub(crate) fn answer(
        self,
        report: &Report,
        octets: &SecretBytes,
        args: &OutputArgs,
    ) -> Result<(), Failure> {
        if self.common.json {
            let line = Zeroizing::new(format!("{}\n", Value::from(report.clone())));
            return self.result(line.as_bytes(), args);
        }
        if !args.is_file() && io::stdout().is_terminal() {
            return terminal::show(report, octets.expose_secret());
        }
        self.result(octets.expose_secret(), args)
    }

    /// The beginning of a report: what was asked, and of which backend.
    pub(crate) fn report(self, command: &str) -> Report {
        let mut report = Report::new();
        report.insert("schema".into(), "jose-cli/1".into());
        report.insert("command".into(), command.into());
        if let Ok(backend) = self.backend().get() {
            let (name, fips) = (self.backend().name(), backend.fips_status().to_string());
            report.insert("backend".into(), json!({"name": name, "fips": fips}));
        }
        report
    }

    /// Writes a whole key as JSON, and says so if it is a secret that is not encrypted.
    pub(crate) fn key(self, jwk: &Jwk, args: &OutputArgs) -> Result<(), Failure> {
        self.keys(&jwk.expose_secret_json(), jwk.is_private(), args)
    }

    /// As [`key`](Self::key), of keys that are JSON already.
    pub(crate) fn keys(
        self,
        json: &SecretBytes,
        private: bool,
        args: &OutputArgs,
    ) -> Result<(), Failure> {
        if private && args.output.is_some() {
            self.note("the key is not encrypted in its file; `jose jwk wrap` encrypts it");
        }
        let mut line = Zeroizing::new(Vec::with_capacity(json.len() + 1));
        line.extend_from_slice(json.expose_secret());
        line.push(b'\n');
        self.result(&line, args)
    }

    /// Writes a result where `args` say: a secret to a file that its owner alone can read.
    pub(crate) fn result(self, octets: &[u8], args: &OutputArgs) -> Result<(), Failure> {
        match &args.output {
            None => self.octets(octets),
            Some(path) => write(path, octets, args.force),
        }
    }
}

/// Writes a file beside the place and moves it there when it is whole, so that whoever looks finds the
/// old one or the new one, and after a failure nothing. Its owner alone may read it.
fn write(path: &Path, octets: &[u8], force: bool) -> Result<(), Failure> {
    let failed = |error: &io::Error| Failure::io(path.display(), error);
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // Mode 0600 from its creation on.
    let mut file = tempfile::NamedTempFile::new_in(directory).map_err(|error| failed(&error))?;
    file.write_all(octets).map_err(|error| failed(&error))?;
    file.as_file().sync_all().map_err(|error| failed(&error))?;
    let placed = if force { file.persist(path) } else { file.persist_noclobber(path) };
    placed.map(drop).map_err(|error| failed(&error.error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key.jwk");
        write(&path, b"secret", false).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_is_not_written_over_unless_asked() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key.jwk");
        write(&path, b"first", false).unwrap();
        assert!(write(&path, b"second", false).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        write(&path, b"second", true).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
