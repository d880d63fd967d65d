//! `jose jws`: signed octets.

mod convert;
pub(crate) mod header;
pub(crate) mod headers;
mod inspect;
pub(crate) mod keys;
mod sign;
pub(crate) mod verify;

use clap::Subcommand;

use crate::failure::Failure;
use crate::output::Output;

/// Signed octets (RFC 7515, RFC 7797).
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(alias = "sig")]
    Sign(Box<sign::Args>),
    #[command(alias = "ver")]
    Verify(Box<verify::Args>),
    Inspect(inspect::Args),
    #[command(alias = "fmt")]
    Convert(convert::Args),
}

pub(crate) fn run(command: Command, output: Output) -> Result<(), Failure> {
    match command {
        Command::Sign(args) => sign::run(&args, output),
        Command::Verify(args) => verify::run(&args, output),
        Command::Inspect(args) => inspect::run(&args, output),
        Command::Convert(args) => convert::run(&args, output),
    }
}
