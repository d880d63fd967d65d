//! Where results go: standard output, or a file that is written whole or not at all.

use std::fs::{self, File, Metadata};
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
    /// Write the result to this file, which must not exist yet, or to a device or a pipe.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write over an existing file. What is a link stays one.
    #[arg(long, requires = "output")]
    force: bool,
}

impl OutputArgs {
    pub(crate) fn is_file(&self) -> bool {
        self.path().is_some()
    }

    /// The file, if it is not standard output by one of its names.
    fn path(&self) -> Option<&Path> {
        let path = self.output.as_deref()?;
        let is_stdout =
            ["-", "/dev/stdout", "/dev/fd/1"].iter().any(|name| path == Path::new(name));
        (!is_stdout).then_some(path)
    }
}

/// Who may read what is written to a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Readers {
    /// As for any other file.
    Many,
    Owner,
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
            return self.secret(line.as_bytes(), args);
        }
        if !args.is_file() && io::stdout().is_terminal() {
            return terminal::show(report, octets.expose_secret());
        }
        self.secret(octets.expose_secret(), args)
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
        let wrap = jwk.is_private().then_some("jose jwk wrap");
        self.keys(&jwk.expose_secret_json(), wrap, args)
    }

    /// As [`key`](Self::key), of keys that are JSON already: secrets, if there is a command to encrypt them.
    pub(crate) fn keys(
        self,
        json: &SecretBytes,
        secret: Option<&str>,
        args: &OutputArgs,
    ) -> Result<(), Failure> {
        let mut line = Zeroizing::new(Vec::with_capacity(json.len() + 1));
        line.extend_from_slice(json.expose_secret());
        line.push(b'\n');
        match secret {
            Some(command) => self.unencrypted(&line, command, args),
            None => self.result(&line, args),
        }
    }

    /// Writes a secret key that is not encrypted, and warns if it is in a file then. `command` encrypts it.
    pub(crate) fn unencrypted(
        self,
        octets: &[u8],
        command: &str,
        args: &OutputArgs,
    ) -> Result<(), Failure> {
        self.secret(octets, args)?;
        let is_in_file = match args.path() {
            None => stdout_is_file(),
            Some(path) => fs::metadata(path).is_ok_and(|metadata| metadata.is_file()),
        };
        if is_in_file {
            self.warn(&format!("the key is not encrypted in its file; `{command}` encrypts it"));
        }
        Ok(())
    }

    /// Writes a result that is no secret where `args` say.
    pub(crate) fn result(self, octets: &[u8], args: &OutputArgs) -> Result<(), Failure> {
        self.write(octets, args, Readers::Many)
    }

    /// Writes a secret where `args` say: to a file that its owner alone can read.
    pub(crate) fn secret(self, octets: &[u8], args: &OutputArgs) -> Result<(), Failure> {
        self.write(octets, args, Readers::Owner)
    }

    fn write(self, octets: &[u8], args: &OutputArgs, readers: Readers) -> Result<(), Failure> {
        match args.path() {
            None => self.octets(octets),
            Some(path) => write(path, octets, args.force, readers)
                .map_err(|error| Failure::io(path.display(), &error)),
        }
    }
}

/// Whether a shell has put a file in the place of standard output.
fn stdout_is_file() -> bool {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        let own = io::stdout().as_fd().try_clone_to_owned().map(File::from);
        own.and_then(|file| file.metadata()).is_ok_and(|metadata| metadata.is_file())
    }
    #[cfg(not(unix))]
    false
}

fn write(path: &Path, octets: &[u8], force: bool, readers: Readers) -> io::Result<()> {
    // Of what the name stands for, at the end of all links.
    match fs::metadata(path) {
        // What is replaced there is lost: `/dev/null` would be a file from then on.
        Ok(metadata) if !metadata.is_file() && !metadata.is_dir() => {
            let mut there = File::options().write(true).open(path)?;
            there.write_all(octets)?;
            there.flush()
        }
        Ok(metadata) if force => {
            // A link goes on to lead there.
            let target = fs::canonicalize(path)?;
            replace(&target, octets, readers, Some(&metadata))
        }
        Err(error) if force && fs::symlink_metadata(path).is_ok() => {
            // A link to nothing: nobody knows whether what it led to was meant.
            Err(error)
        }
        _ => replace(path, octets, readers, None),
    }
}

/// Writes a file beside the place and moves it there when it is whole, so that whoever looks finds the
/// old one or the new one, and after a failure nothing.
fn replace(path: &Path, octets: &[u8], readers: Readers, old: Option<&Metadata>) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    // Elsewhere the directory decides who may read what is in it.
    #[cfg(not(unix))]
    let _ = readers;
    #[cfg(unix)]
    if readers == Readers::Many && old.is_none() {
        use std::os::unix::fs::PermissionsExt;
        // What the umask leaves of it. Without this a file is its owner's alone from its creation on.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = create(&mut builder, directory)?;
    file.write_all(octets)?;
    #[cfg(unix)]
    if let Some(old) = old {
        take_mode(file.as_file(), old, readers)?;
    }
    file.as_file().sync_all()?;
    let placed = if old.is_some() { file.persist(path) } else { file.persist_noclobber(path) };
    placed.map(drop).map_err(|error| error.error)
}

/// A file that is gone if a signal ends the program before it has its name.
fn create(
    builder: &mut tempfile::Builder<'_, '_>,
    directory: &Path,
) -> io::Result<tempfile::NamedTempFile> {
    #[cfg(unix)]
    {
        crate::interrupt::undone(|| {
            let file = builder.tempfile_in(directory)?;
            let path = file.path().to_owned();
            // When the file has its name, nothing is there any more.
            let remove = move || drop(fs::remove_file(&path));
            Ok((file, remove))
        })
    }
    #[cfg(not(unix))]
    builder.tempfile_in(directory)
}

/// Whoever could read the old file can read the new one; of a secret never more than its owner.
#[cfg(unix)]
fn take_mode(file: &File, old: &Metadata, readers: Readers) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let mode = old.permissions().mode();
    let mode = match readers {
        Readers::Owner => mode & 0o600,
        Readers::Many => {
            // Before the mode, which is for them. Who may not give files away has files of his own.
            let _ = fchown(file, Some(old.uid()), Some(old.gid()));
            mode & 0o777
        }
    };
    file.set_permissions(fs::Permissions::from_mode(mode))
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
        write(&path, b"secret", false, Readers::Owner).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_is_not_written_over_unless_asked() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key.jwk");
        write(&path, b"first", false, Readers::Owner).unwrap();
        assert!(write(&path, b"second", false, Readers::Owner).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"first");
        write(&path, b"second", true, Readers::Owner).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
