//! `jose jws sign`.

use clap::ValueEnum;
use jose::{Header, Jws, Limits, SecretBytes};
use serde_json::Value;

use super::header::{self, Member};
use super::keys::SignerArgs;
use super::verify::Signed;
use crate::failure::Failure;
use crate::output::{Output, OutputArgs};
use crate::source::{Source, check_stdin};
use crate::tokens::{self, Report};

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
    after_help = "Examples:\n  jose jwk gen --alg ES256 -o signer.jwk\n  echo text | jose jws sign --key \
                  signer.jwk --header 'typ=\"example+jws\"'\n  jose jwk gen --alg PS256 -o other.jwk\n  \
                  echo text | jose jws sign --key signer.jwk --key other.jwk"
)]
pub(crate) struct Args {
    #[command(flatten)]
    signer: SignerArgs,
    /// A parameter of the protected header.
    #[arg(long, value_name = "NAME=JSON", value_parser = header::member)]
    header: Vec<Member>,
    /// What is signed.
    ///
    /// Standard input unless said otherwise, or with --add-to what that token brings.
    #[arg(long, short = 'I', value_name = "SOURCE")]
    payload: Option<Source>,
    /// Add the signatures to this token, which others have signed already. Theirs are not verified.
    #[arg(long, value_name = "TOKEN", conflicts_with_all = ["detached", "unencoded"])]
    add_to: Option<Source>,
    /// How the result is written: compact for one key, general for several.
    #[arg(long, value_enum)]
    serialization: Option<To>,
    /// As the program of latchset asks for the compact serialization, which is the default here.
    #[arg(short = 'c', hide = true, conflicts_with = "serialization")]
    compact: bool,
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
    let token = args.add_to.as_ref();
    let payload = args.payload.as_ref().or((token.is_none()).then_some(&Source::Stdin));
    check_stdin(args.signer.key.iter().chain(token).chain(payload))?;
    let several = args.signer.key.len() > 1 || args.add_to.is_some();
    let to = match args.serialization {
        Some(to) => to,
        None if several && !args.compact => To::General,
        None => To::Compact,
    };
    if several && to != To::General {
        return Err(Failure::usage(format!("{} has room for one signature", to.name())));
    }
    if args.signer.key.len() > 1 && args.header.iter().any(|member| member.name == "kid") {
        return Err(Failure::usage("several keys cannot have one name"));
    }
    header::with(Header::new(), &args.header)?;
    let apart = payload.map(|source| source.read(MAX)).transpose()?;
    let payload = apart.as_ref().map(SecretBytes::expose_secret);
    let mut jws = match token {
        Some(source) => begun(source, payload)?,
        None if args.unencoded => Jws::unencoded(payload.unwrap_or_default()),
        None => Jws::new(payload.unwrap_or_default()),
    };
    for key in &args.signer.read(output)? {
        jws.sign_with(&header::with(key.header(), &args.header)?, None, key)?;
    }
    // What came without its payload goes without it.
    if args.detached || (token.is_some() && payload.is_some()) {
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

/// A token that others have signed, with its payload if that came apart.
fn begun(source: &Source, payload: Option<&[u8]>) -> Result<Jws, Failure> {
    let octets = source.read(Limits::DEFAULT.token)?;
    let text = tokens::trimmed(octets.expose_secret(), "ERR_JWS_INVALID")?;
    let signed = Signed::parse(text, &mut Report::new()).map_err(|failure| failure.of(source))?;
    Ok(match payload {
        Some(payload) => signed.jws.with_payload(payload)?,
        None => signed.jws,
    })
}
