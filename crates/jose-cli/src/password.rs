//! Passwords: from a file, the environment or a prompt, and never from an argument.

use std::cell::OnceCell;
use std::io::IsTerminal;

use jose::Password;
use zeroize::Zeroizing;

use crate::failure::{Failure, Stage};
#[cfg(unix)]
use crate::interrupt;
use crate::source::Source;
use crate::terminal;

/// Longest password that is read, in octets.
const MAX: usize = 4096;

/// Where a password comes from.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct PasswordArgs {
    /// Read the password from this file; a line feed at its end is not part of it.
    #[arg(long, value_name = "SOURCE", conflicts_with = "password_env")]
    password_file: Option<Source>,
    /// Read the password from the environment variable of this name.
    #[arg(long, value_name = "NAME")]
    password_env: Option<String>,
    /// What was read from there: several files may want it, and a pipe gives it once.
    #[arg(skip)]
    read: OnceCell<Password>,
    /// The first that was asked for.
    #[arg(skip)]
    asked: OnceCell<Password>,
}

impl PasswordArgs {
    /// From this file, if any.
    pub(crate) const fn of(file: Option<Source>) -> Self {
        Self {
            password_file: file,
            password_env: None,
            read: OnceCell::new(),
            asked: OnceCell::new(),
        }
    }

    /// The password, if one was given.
    pub(crate) fn given(&self) -> Result<Option<Password>, Failure> {
        let source = match (&self.password_file, &self.password_env) {
            (Some(source), _) => source.clone(),
            (None, Some(name)) => Source::Env(name.clone()),
            (None, None) => return Ok(None),
        };
        if let Some(password) = self.read.get() {
            return Ok(Some(password.clone()));
        }
        let octets = source.read(MAX)?;
        let octets = octets.expose_secret();
        let line = octets.strip_suffix(b"\n").unwrap_or(octets);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        Ok(Some(self.read.get_or_init(|| Password::new(line)).clone()))
    }

    /// The password that was given, or one that is asked for on the terminal.
    pub(crate) fn to_read(&self, what: &str) -> Result<Password, Failure> {
        if let Some(password) = self.given()? {
            return Ok(password);
        }
        let password = prompt(&format!("password of {what}: "))?;
        // Each file may have its own, and the first is that of the key or set that is worked on.
        self.asked.get_or_init(|| password.clone());
        Ok(password)
    }

    /// The password that was given, or that has opened the first file.
    pub(crate) fn known(&self) -> Result<Option<Password>, Failure> {
        Ok(self.given()?.or_else(|| self.asked.get().cloned()))
    }

    /// As [`to_read`](Self::to_read), asked for twice.
    pub(crate) fn to_write(&self) -> Result<Password, Failure> {
        if let Some(password) = self.given()? {
            return Ok(password);
        }
        let password = prompt("new password: ")?;
        if prompt("the same again: ")? == password {
            Ok(password)
        } else {
            Err(Failure::usage("the two passwords are not the same"))
        }
    }
}

fn prompt(text: &str) -> Result<Password, Failure> {
    if !has_terminal() {
        let message = "a password is needed: --password-file, --password-env, or a terminal";
        return Err(Failure::new(Stage::Key, "ERR_JWK_PASSWORD", message));
    }
    #[cfg(unix)]
    guard_terminal();
    // A file may have any name, and the prompt goes to the terminal whatever standard error is.
    let line = rpassword::prompt_password(terminal::one_line(text));
    #[cfg(unix)]
    if line.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::Interrupted) {
        // As if nobody had caught it: the shell is to know.
        let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGINT);
    }
    let line = line.map_err(|error| Failure::io("terminal", &error))?;
    Ok(Password::from(Zeroizing::new(line).as_str()))
}

/// Whether there is somebody to ask. Standard input may be a token, and standard error a file.
fn has_terminal() -> bool {
    if cfg!(unix) {
        std::fs::File::open("/dev/tty").is_ok()
    } else {
        std::io::stderr().is_terminal()
    }
}

/// From here on a signal that ends the program does so after the terminal is what it was: who interrupts a
/// prompt would be left with one that does not show what is typed.
#[cfg(unix)]
fn guard_terminal() {
    use std::sync::Once;

    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

    static GUARDED: Once = Once::new();
    GUARDED.call_once(|| {
        // If it cannot be restored, there is nothing better to do than to end.
        let _ = interrupt::undone(|| {
            let terminal = std::fs::File::open("/dev/tty")?;
            let before = tcgetattr(&terminal)?;
            let restore = move || {
                let _ = tcsetattr(&terminal, OptionalActions::Now, &before);
            };
            Ok(((), restore))
        });
    });
}
