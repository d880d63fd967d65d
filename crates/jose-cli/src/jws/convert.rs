//! `jose jws convert`.

use jose::Limits;

use super::sign::{MAX, To};
use super::verify::Signed;
use crate::failure::Failure;
use crate::output::{Output, OutputArgs};
use crate::source::{Source, check_stdin};
use crate::tokens::{self, Report};

/// Write a token in another serialization, with the same signatures. Nothing is verified.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  jose jwk gen --alg ES256 -o signer.jwk\n  echo text | jose jws sign --key \
                  signer.jwk | jose jws convert --to general"
)]
pub(crate) struct Args {
    /// The serialization.
    #[arg(long, value_enum)]
    to: To,
    /// The payload of a token that came without it.
    #[arg(long, value_name = "SOURCE", conflicts_with = "detached")]
    payload: Option<Source>,
    /// Leave the payload out.
    #[arg(long)]
    detached: bool,
    /// Where the token is.
    #[arg(value_name = "TOKEN", default_value = "-")]
    token: Source,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    check_stdin(args.payload.iter().chain([&args.token]))?;
    let octets = args.token.read(Limits::DEFAULT.token)?;
    let text = tokens::trimmed(octets.expose_secret(), "ERR_JWS_INVALID")?;
    let mut jws = Signed::parse(text, &mut Report::new())?.jws;
    if let Some(payload) = &args.payload {
        jws = jws.with_payload(payload.read(MAX)?.expose_secret())?;
    }
    if args.detached {
        jws.detach();
    }
    output.result(format!("{}\n", args.to.write(&jws)?).as_bytes(), &args.output)
}
