//! What the command line and the environment say.

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What to do, and with what.
pub(crate) struct Settings {
    pub(crate) data: PathBuf,
    pub(crate) task: Task,
    /// A JWK Set, of which the first key encrypts. Without it there is a file of that kind beside the data.
    pub(crate) master_keys: Option<String>,
}

pub(crate) enum Task {
    Rotate,
    Serve(SocketAddr),
    Show(i64),
}

/// The environment variable with the master keys.
pub(crate) const MASTER_KEYS: &str = "XANO_SERVICE_MASTER_KEYS";

const USAGE: &str =
    "usage: xano-service [--data DIRECTORY] [--listen 127.0.0.1:8080 | --rotate | --show USER_ID]";

impl Settings {
    pub(crate) fn read(words: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let words: Result<Vec<String>, OsString> = words.map(OsString::into_string).collect();
        let mut words = words.map_err(|_| USAGE)?.into_iter();
        let mut data = PathBuf::from("xano-service-data");
        let mut task = Task::Serve(SocketAddr::from(([127, 0, 0, 1], 8080)));
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(USAGE);
            match word.as_str() {
                "--data" => data = value()?.into(),
                "--listen" => task = Task::Serve(value()?.parse().map_err(|_| USAGE)?),
                "--rotate" => task = Task::Rotate,
                "--show" => task = Task::Show(value()?.parse().map_err(|_| USAGE)?),
                _ => return Err(USAGE.into()),
            }
        }
        if matches!(task, Task::Serve(address) if !address.ip().is_loopback()) {
            return Err("it has neither TLS nor accounts: an address of this machine alone".into());
        }
        let master_keys = match std::env::var(MASTER_KEYS) {
            Ok(text) => Some(text),
            Err(std::env::VarError::NotPresent) => None,
            // Not with the error of the library, which says what is in it.
            Err(std::env::VarError::NotUnicode(_)) => {
                return Err(format!("{MASTER_KEYS} is no text"));
            }
        };
        Ok(Self { data, task, master_keys })
    }
}

/// Makes a directory that nobody else may look into.
pub(crate) fn private_directory(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Options to make a file that nobody else may read, and that is not there yet.
pub(crate) fn private_file() -> std::fs::OpenOptions {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
