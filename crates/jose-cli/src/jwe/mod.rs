//! `jose jwe`: encrypted tokens.

mod convert;
mod decrypt;
mod encrypt;
mod inspect;

use clap::{Subcommand, ValueEnum};
use jose::jwa::{ContentEncryption, KeyManagementAlgorithm};
use jose::{Jwe, Limits};

use crate::failure::Failure;
use crate::output::Output;
use crate::source::Source;

/// Longest plaintext in octets. It is held in memory, because none is released before it is whole.
const MAX_PLAINTEXT: usize = 16 * 1024 * 1024;

/// Longest token in octets: room for that plaintext in base64url, and for the headers.
const MAX_TOKEN: usize = MAX_PLAINTEXT / 3 * 4 + 1024 * 1024;

/// Encrypted tokens (RFC 7516).
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(visible_alias = "enc")]
    Encrypt(encrypt::Args),
    #[command(visible_alias = "dec")]
    Decrypt(decrypt::Args),
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
        let json = serde_json::from_str::<serde_json::Value>(token).unwrap_or_default();
        if json.get("recipients").is_some() { Self::General } else { Self::Flattened }
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

/// A token in any serialization, and which one that is.
fn read(source: &Source) -> Result<(Serialization, Jwe), Failure> {
    let octets = source.read(MAX_TOKEN)?;
    // White space around a token is a file's, and not part of it.
    let token = octets.expose_secret().trim_ascii();
    let jwe =
        Jwe::parse_within(token, &limits()).map_err(|error| Failure::from(error).of(source))?;
    let text = std::str::from_utf8(token).unwrap_or_default();
    Ok((Serialization::of(text), jwe))
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
