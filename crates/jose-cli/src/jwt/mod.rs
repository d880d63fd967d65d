//! `jose jwt`: claims, signed or encrypted or both.

mod claims;
mod decode;
mod decrypt;
mod encrypt;
pub(crate) mod failures;
mod rules;
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
    Encrypt(Box<encrypt::Args>),
    Decrypt(Box<decrypt::Args>),
    Decode(decode::Args),
}

pub(crate) fn run(command: Command, output: Output) -> Result<(), Failure> {
    match command {
        Command::Sign(args) => sign::run(&args, output),
        Command::Verify(args) => verify::run(&args, output),
        Command::Encrypt(args) => encrypt::run(&args, output),
        Command::Decrypt(args) => decrypt::run(&args, output),
        Command::Decode(args) => decode::run(&args, output),
    }
}
