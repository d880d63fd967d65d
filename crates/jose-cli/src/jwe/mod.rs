//! `jose jwe`: encrypted tokens.

mod convert;
pub(crate) mod decrypt;
pub(crate) mod encrypt;
mod inspect;

use clap::{Subcommand, ValueEnum};
use jose::jwa::{ContentEncryption, KeyManagementAlgorithm};
use jose::{Jwe, Limits};

use crate::failure::{Failure, Stage};
use crate::output::Output;
use crate::tokens;

/// Longest plaintext in octets. It is held in memory, because none is released before it is whole.
const MAX_PLAINTEXT: usize = 16 * 1024 * 1024;

/// Longest token in octets: room for that plaintext in base64url, and for the headers.
const MAX_TOKEN: usize = MAX_PLAINTEXT / 3 * 4 + 1024 * 1024;

/// Encrypted tokens (RFC 7516).
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(visible_alias = "enc")]
    Encrypt(Box<encrypt::Args>),
    #[command(visible_alias = "dec")]
    Decrypt(Box<decrypt::Args>),
    Inspect(inspect::Args),
    #[command(visible_alias = "fmt")]
    Convert(convert::Args),
}

pub(crate) fn run(command: Command, output: Output) -> Result<(), Failure> {
    match command {
        Command::Encrypt(args) => encrypt::run(&args, output),
        Command::Decrypt(args) => decrypt::run(&args, output),
        Command::Inspect(args) => inspect::run(&args, output),
        Command::Convert(args) => convert::run(&args, output),
    }
}

/// How a token is written (RFC 7516 §7).
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Serialization {
    Compact,
    Flattened,
    General,
}

impl Serialization {
    /// That of a token which has been read.
    fn of(token: &str) -> Self {
        if !token.starts_with('{') {
            return Self::Compact;
        }
        if tokens::has_recipients(token) { Self::General } else { Self::Flattened }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Compact => "compact",
            Self::Flattened => "flattened",
            Self::General => "general",
        }
    }

    /// The token in this serialization, and a line feed.
    fn write(self, jwe: &Jwe) -> Result<String, Failure> {
        let mut text = match self {
            Self::Compact => jwe.to_compact()?,
            Self::Flattened => jwe.to_flattened()?,
            Self::General => jwe.to_general()?,
        };
        text.push('\n');
        Ok(text)
    }
}

/// The ceilings of a program that reads files, and not what strangers send.
fn limits() -> Limits {
    let mut limits = Limits::DEFAULT;
    limits.token = MAX_TOKEN;
    limits
}

/// Parses a token in any serialization.
fn parse(text: &str) -> Result<Jwe, Failure> {
    Jwe::parse_within(text, &limits()).map_err(|error| {
        if tokens::looks_signed(text) {
            let message = "signed and not encrypted: `jose jws`, or `jose jwt`, takes it";
            return Failure::new(Stage::Malformed, error.code(), message);
        }
        error.into()
    })
}

/// An algorithm that makes a key known, by its registered name.
fn alg(name: &str) -> Result<KeyManagementAlgorithm, String> {
    KeyManagementAlgorithm::from_name(name)
        .ok_or_else(|| "not the name of a key management algorithm: see `jose alg`".to_owned())
}

/// An algorithm that encrypts content, by its registered name.
fn enc(name: &str) -> Result<ContentEncryption, String> {
    ContentEncryption::from_name(name)
        .ok_or_else(|| "not the name of a content encryption algorithm: see `jose alg`".to_owned())
}
