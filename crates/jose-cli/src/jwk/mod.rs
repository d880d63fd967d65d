//! `jose jwk`: single keys.

mod check;
mod convert;
mod generate;
pub(crate) mod lint;
mod public;
mod template;
mod thumbprint;
pub(crate) mod usage;
mod wrap;

use clap::Subcommand;

use crate::failure::Failure;
use crate::output::Output;

/// Keys (RFC 7517).
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Gen(generate::Args),
    Pub(public::Args),
    Thp(thumbprint::Args),
    Convert(convert::Args),
    Lint(lint::Args),
    Check(check::Args),
    Use(usage::Args),
    Wrap(wrap::Wrap),
    Unwrap(wrap::Unwrap),
}

pub(crate) fn run(command: Command, output: Output) -> Result<(), Failure> {
    match command {
        Command::Gen(args) => generate::run(&args, output),
        Command::Pub(args) => public::run(&args, output),
        Command::Thp(args) => thumbprint::run(&args, output),
        Command::Convert(args) => convert::run(&args, output),
        Command::Lint(args) => lint::run(&args, "jwk lint", output),
        Command::Check(args) => check::run(&args, output),
        Command::Use(args) => usage::run(&args, output),
        Command::Wrap(args) => wrap::wrap(&args, output),
        Command::Unwrap(args) => wrap::unwrap(&args, output),
    }
}
