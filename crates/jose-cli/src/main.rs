//! `jose`: the command line for keys and tokens. `jose --help` tells the rest.
#![forbid(unsafe_code)]
#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program that needs std anyway gains nothing by naming what lies below it"
)]

mod alg;
mod arguments;
mod b64;
mod backend;
mod failure;
mod generated;
#[cfg(unix)]
mod interrupt;
mod jwe;
mod jwk;
mod jwks;
mod jws;
mod jwt;
mod keys;
mod output;
mod password;
mod progress;
mod source;
mod terminal;
mod tokens;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::backend::BackendName;
use self::output::Output;

/// Keys and tokens of JOSE: JWK, JWS, JWE, JWT.
///
/// Results go to standard output, everything else to standard error. No secret is ever taken from an
/// argument: those are seen by other users and kept by shells.
///
/// Exit codes: 0 done; 1 a signature or ciphertext was refused; 2 usage; 3 claims were refused; 4 malformed
/// input; 5 no key, or one that does not fit; 6 files; 7 refused by policy, or not supported.
#[derive(Debug, Parser)]
#[command(name = "jose", version, max_term_width = 100, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Clone, Copy, Debug, clap::Args)]
struct Common {
    /// The cryptographic library.
    #[arg(long, global = true, value_enum, default_value_t)]
    backend: BackendName,
    /// Write results as JSON.
    #[arg(long, global = true)]
    json: bool,
    /// Say nothing on standard error but errors, and what is not verified.
    #[arg(long, short, global = true)]
    quiet: bool,
    #[command(flatten)]
    color: colorchoice_clap::Color,
}

#[derive(Debug, Subcommand)]
enum Command {
    Alg(alg::Args),
    #[command(subcommand)]
    B64(b64::Command),
    Completion(generated::Completion),
    #[command(subcommand)]
    Jwe(jwe::Command),
    #[command(subcommand)]
    Jwk(jwk::Command),
    #[command(subcommand)]
    Jwks(jwks::Command),
    #[command(subcommand)]
    Jws(jws::Command),
    #[command(subcommand)]
    Jwt(jwt::Command),
    Man(generated::Man),
}

fn main() -> ExitCode {
    let cli = match arguments::read(&std::env::args_os().collect::<Vec<_>>()) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let output = Output::new(cli.common);
    let done = match cli.command {
        Command::Alg(args) => alg::run(args, output),
        Command::B64(command) => b64::run(command, output),
        Command::Completion(args) => generated::completion(&args, output),
        Command::Jwe(command) => jwe::run(command, output),
        Command::Jwk(command) => jwk::run(command, output),
        Command::Jws(command) => jws::run(command, output),
        Command::Jwt(command) => jwt::run(command, output),
        Command::Jwks(command) => jwks::run(command, output),
        Command::Man(args) => generated::man(&args, output),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has seen enough.
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            failure.exit_code()
        }
    }
}
