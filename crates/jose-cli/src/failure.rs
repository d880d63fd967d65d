//! What went wrong, and the exit code it ends with.

use std::error::Error;
use std::fmt;
use std::io;
use std::process::ExitCode;

use jose::error::{KeyError, ParseError};
use jose::jwk::ImportError;

/// The stage at which a command failed, which decides the exit code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stage {
    Claims,
    Io,
    Key,
    Malformed,
    Policy,
    Refused,
    Usage,
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    stage: Stage,
    code: &'static str,
    message: String,
    closed_pipe: bool,
}

impl Failure {
    pub(crate) fn new(stage: Stage, code: &'static str, message: impl fmt::Display) -> Self {
        Self { stage, code, message: message.to_string(), closed_pipe: false }
    }

    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self::new(Stage::Usage, "ERR_USAGE", message)
    }

    /// About a file or a stream called `name`.
    pub(crate) fn io(name: impl fmt::Display, error: &io::Error) -> Self {
        let closed_pipe = error.kind() == io::ErrorKind::BrokenPipe;
        Self { closed_pipe, ..Self::new(Stage::Io, "ERR_IO", format!("{name}: {error}")) }
    }

    /// The same, said of the file or stream called `name`.
    pub(crate) fn of(self, name: impl fmt::Display) -> Self {
        Self { message: format!("{name}: {}", self.message), ..self }
    }

    pub(crate) const fn is_closed_pipe(&self) -> bool {
        self.closed_pipe
    }

    /// A code that stays the same between versions.
    pub(crate) const fn code(&self) -> &'static str {
        self.code
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self.stage {
            Stage::Refused => 1,
            Stage::Usage => 2,
            Stage::Claims => 3,
            Stage::Malformed => 4,
            Stage::Key => 5,
            Stage::Io => 6,
            Stage::Policy => 7,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// An error and what it came from, in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

impl From<ParseError> for Failure {
    fn from(error: ParseError) -> Self {
        Self::new(Stage::Malformed, error.code(), error)
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        let stage = match error {
            KeyError::NotApproved { .. } | KeyError::Unsupported { .. } => Stage::Policy,
            KeyError::Unavailable(_) => Stage::Io,
            KeyError::WrongPassword => Stage::Refused,
            _ => Stage::Key,
        };
        Self::new(stage, error.code(), chain(&error))
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        let text = chain(&error);
        match error {
            ImportError::Key { error, .. } => Self { message: text, ..error.into() },
            ImportError::Parse(error) => error.into(),
            _ => Self::new(Stage::Malformed, error.code(), text),
        }
    }
}
