//! Reading the arguments. What is wrong with them is told without what could be a secret in them, and
//! without what would steer a terminal.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use clap::builder::{StyledStr, Styles};
use clap::error::{ContextKind, ContextValue, ErrorKind as Wrong};
use clap::{ColorChoice, CommandFactory, FromArgMatches, ValueEnum};

use crate::Cli;
use crate::failure::Failure;
use crate::terminal;

/// Longest value that is shown where it was not understood: a key in hexadecimal is as long.
const MAX_SHOWN: usize = 63;

/// What was asked for; or the code to end with, after everything has been told.
pub(crate) fn read(args: &[OsString]) -> Result<Cli, ExitCode> {
    // Help, and what is wrong, are told before anybody knows what the arguments mean.
    let color = color(args);
    colorchoice_clap::Color { color }.write_global();
    let command = || Cli::command().color(color);
    match parse(command(), args) {
        Ok(cli) => Ok(cli),
        Err(error) if !error.use_stderr() => Err(shown(&error)),
        Err(_) => Err(parse(command().styles(Styles::plain()), args).map_or_else(
            |error| {
                let told = told(error);
                let mut stderr = anstream::stderr();
                // There is nobody to tell that it could not be told.
                let _ = write!(stderr, "{0}error:{0:#} {told}", terminal::FAILURE);
                ExitCode::from(2)
            },
            // What colours there are has no part in what is understood.
            |_| ExitCode::FAILURE,
        )),
    }
}

fn parse(mut command: clap::Command, args: &[OsString]) -> Result<Cli, clap::Error> {
    let mut matches = command.try_get_matches_from_mut(args)?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

/// The value of `--color`, wherever it stands.
fn color(args: &[OsString]) -> ColorChoice {
    let args = args.iter().skip(1).map(|arg| arg.to_str().unwrap_or_default());
    let mut args = args.take_while(|arg| *arg != "--");
    let mut color = ColorChoice::Auto;
    while let Some(arg) = args.next() {
        let value = match arg.strip_prefix("--color") {
            Some("") => args.next(),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        if let Some(value) = value {
            color = ColorChoice::from_str(value, false).unwrap_or(color);
        }
    }
    color
}

/// Shows help, or the version.
fn shown(error: &clap::Error) -> ExitCode {
    match error.print() {
        Err(failed) if failed.kind() != ErrorKind::BrokenPipe => {
            let failure = Failure::io("standard output", &failed);
            terminal::say(terminal::FAILURE, &failure);
            failure.exit_code()
        }
        _ => u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from),
    }
}

/// What is wrong, by a command without styles.
fn told(mut error: clap::Error) -> String {
    if let Some(told) = hidden(&error) {
        return format!("{told}\n\nFor more information, try '--help'.\n");
    }
    // In one line each, so that no argument can add lines that look like ours.
    let harmless: Vec<_> =
        error.context().filter_map(|(kind, value)| Some((kind, harmless(kind, value)?))).collect();
    for (kind, value) in harmless {
        error.insert(kind, value);
    }
    let text = error.render().ansi().to_string();
    terminal::harmless(text.strip_prefix("error: ").unwrap_or(&text)).into_owned()
}

fn harmless(kind: ContextKind, value: &ContextValue) -> Option<ContextValue> {
    let line = |text: &String| terminal::one_line(text).into_owned();
    let styled = |text: &StyledStr| StyledStr::from(line(&text.ansi().to_string()));
    match value {
        // It is made of definitions alone, and may have several lines.
        _ if kind == ContextKind::Usage => None,
        ContextValue::String(text) => Some(ContextValue::String(line(text))),
        ContextValue::Strings(texts) => {
            Some(ContextValue::Strings(texts.iter().map(line).collect()))
        }
        ContextValue::StyledStr(text) => Some(ContextValue::StyledStr(styled(text))),
        ContextValue::StyledStrs(texts) => {
            Some(ContextValue::StyledStrs(texts.iter().map(styled).collect()))
        }
        _ => None,
    }
}

/// What is wrong, if an argument could be a secret: then no part of it is told. Whoever refuses a key in an
/// argument is not to write it into a log, too.
fn hidden(error: &clap::Error) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text),
        _ => None,
    };
    let own = [ContextKind::InvalidValue, ContextKind::InvalidSubcommand];
    let own = own.into_iter().find_map(text).filter(|value| is_secret(value));
    // For other errors this is the name of an option, which is ours.
    let unknown = || match error.kind() {
        Wrong::UnknownArgument => text(ContextKind::InvalidArg).filter(|value| is_secret(value)),
        _ => None,
    };
    let value = own.or_else(unknown)?;
    let mut told = match (error.kind(), text(ContextKind::InvalidArg)) {
        (Wrong::ValueValidation | Wrong::InvalidValue, Some(option)) => {
            format!("a value of '{option}', which is not shown, is not valid")
        }
        _ => "an argument, which is not shown, is not expected".to_owned(),
    };
    let reason = std::error::Error::source(error).map(ToString::to_string);
    // Some reasons quote what they are about.
    if let Some(reason) = reason.filter(|reason| !has_part_of(reason, value)) {
        let _ = write!(told, ": {}", terminal::one_line(&reason));
    } else {
        told.push_str(": a key or token is read from a file, `-`, `env:NAME` or `fd:N`");
    }
    Some(told)
}

/// Whether it looks like a key or a token, or is longer than what else is an argument.
fn is_secret(value: &str) -> bool {
    value.len() > MAX_SHOWN
        || value.contains(['{', '['])
        || value.contains("-----BEGIN")
        || value.contains("eyJ")
}

fn has_part_of(text: &str, value: &str) -> bool {
    let mut parts = value.as_bytes().windows(8);
    parts.any(|part| text.as_bytes().windows(8).any(|own| own == part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_of_the_arguments_hold() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_last_color_before_the_operands_counts() {
        let of = |args: &[&str]| {
            let args = ["jose"].iter().chain(args);
            color(&args.map(Into::into).collect::<Vec<OsString>>())
        };
        assert_eq!(of(&["--color", "never"]), ColorChoice::Never);
        assert_eq!(of(&["--color=never", "alg", "--color=always"]), ColorChoice::Always);
        assert_eq!(of(&["--color", "green"]), ColorChoice::Auto);
        assert_eq!(of(&["--", "--color", "never"]), ColorChoice::Auto);
        assert_eq!(of(&["--colors=never"]), ColorChoice::Auto);
    }
}
