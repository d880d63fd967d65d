//! `jose jwt`: signed claims.

mod decode;
mod sign;
mod time;
mod verify;

use clap::Subcommand;

use crate::failure::Failure;
use crate::output::Output;

/// Claims (RFC 7519).
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Sign(Box<sign::Args>),
    Verify(Box<verify::Args>),
    Decode(decode::Args),
}

pub(crate) fn run(command: Command, output: Output) -> Result<(), Failure> {
    match command {
        Command::Sign(args) => sign::run(&args, output),
        Command::Verify(args) => verify::run(&args, output),
        Command::Decode(args) => decode::run(&args, output),
    }
}
