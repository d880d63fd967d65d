//! `jose jws sign`.

use clap::ValueEnum;
use jose::{Jws, Limits};
use serde_json::Value;

use super::header::{self, Member};
use super::keys::SignerArgs;
use crate::failure::Failure;
use crate::output::{Output, OutputArgs};
use crate::source::{Source, check_stdin};

/// Longest payload in octets.
pub(super) const MAX: usize = 64 * 1024 * 1024;

/// A serialization by its name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum To {
    /// `header.payload.signature`.
    Compact,
    /// JSON with one signature.
    Flattened,
    /// JSON with any number of signatures.
    General,
}

impl To {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Compact => "compact",
            Self::Flattened => "flattened",
            Self::General => "general",
        }
    }

    pub(super) fn write(self, jws: &Jws) -> Result<String, Failure> {
        Ok(match self {
            Self::Compact => jws.to_compact(),
            Self::Flattened => jws.to_flattened(),
            Self::General => jws.to_general(),
        }?)
    }
}

/// Sign octets.
///
/// With several keys the result is JSON with a signature of each.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  jose jwk gen --alg ES256 -o signer.jwk\n  printf 'any octets' | jose jws sign --key \
                  signer.jwk --header 'typ=\"example+jws\"'"
)]
pub(crate) struct Args {
    #[command(flatten)]
    signer: SignerArgs,
    /// A parameter of the protected header.
    #[arg(long, value_name = "NAME=JSON", value_parser = header::member)]
    header: Vec<Member>,
    /// What is signed.
    #[arg(long, value_name = "SOURCE", default_value = "-")]
    payload: Source,
    /// How the result is written: compact for one key, general for several.
    #[arg(long, value_enum)]
    serialization: Option<To>,
    /// Leave the payload out of the result.
    #[arg(long)]
    detached: bool,
    /// Sign the payload as it is, not in base64url (RFC 7797).
    #[arg(long)]
    unencoded: bool,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    check_stdin(args.signer.key.iter().chain([&args.payload]))?;
    let several = args.signer.key.len() > 1;
    let to = args.serialization.unwrap_or(if several { To::General } else { To::Compact });
    if several && to != To::General {
        return Err(Failure::usage(format!("{} has room for one signature", to.name())));
    }
    if several && args.header.iter().any(|member| member.name == "kid") {
        return Err(Failure::usage("several keys cannot have one name"));
    }
    let keys = args.signer.read(output)?;
    let payload = args.payload.read(MAX)?;
    let payload = payload.expose_secret();
    let mut jws = if args.unencoded { Jws::unencoded(payload) } else { Jws::new(payload) };
    for key in &keys {
        jws.sign_with(&header::with(key.header(), &args.header)?, None, key)?;
    }
    if args.detached {
        jws.detach();
    }
    let token = to.write(&jws)?;
    if token.len() > Limits::DEFAULT.token {
        output.note("the token is longer than verifiers take by default; see --detached");
    }
    if output.is_json() {
        let mut report = output.report("jws sign");
        report.insert("format".into(), to.name().into());
        let json = serde_json::from_str(&token).ok();
        report.insert("token".into(), json.unwrap_or(Value::String(token)));
        return output.result(format!("{}\n", Value::from(report)).as_bytes(), &args.output);
    }
    output.result(format!("{token}\n").as_bytes(), &args.output)
}
