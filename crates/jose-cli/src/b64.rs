//! `jose b64`: base64url (RFC 7515 §2).

use clap::Subcommand;
use jose::base64url;

use crate::failure::{Failure, Stage};
use crate::output::Output;
use crate::source::Source;

/// Longest input in octets.
const MAX: usize = 64 * 1024 * 1024;

/// Base64url as JOSE has it: without padding, in one spelling.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Encode octets.
    #[command(after_help = "Example:\n  printf 'any octets' | jose b64 enc")]
    Enc {
        /// Where the octets are.
        #[arg(default_value = "-")]
        source: Source,
        /// The same, as latchset's program takes it.
        #[arg(short = 'I', hide = true, value_name = "SOURCE", conflicts_with = "source")]
        input: Option<Source>,
    },
    /// Decode text; a line feed at its end is not part of it.
    #[command(after_help = "Example:\n  echo YW55IG9jdGV0cw | jose b64 dec")]
    Dec {
        /// Where the text is.
        #[arg(default_value = "-")]
        source: Source,
        /// The same, as latchset's program takes it.
        #[arg(short = 'i', hide = true, value_name = "SOURCE", conflicts_with = "source")]
        input: Option<Source>,
    },
}

pub(crate) fn run(command: Command, output: Output) -> Result<(), Failure> {
    match command {
        Command::Enc { source, input } => {
            let source = input.unwrap_or(source);
            output.line(&base64url::encode(source.read(MAX)?.expose_secret()))
        }
        Command::Dec { source, input } => {
            let source = input.unwrap_or(source);
            let text = source.read(MAX)?;
            let text = text.expose_secret();
            let line = text.strip_suffix(b"\n").unwrap_or(text);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let octets = base64url::decode(line)
                .map_err(|rule| Failure::new(Stage::Malformed, "ERR_B64", rule).of(&source))?;
            output.octets(&octets)
        }
    }
}
