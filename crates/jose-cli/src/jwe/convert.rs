//! `jose jwe convert`.

use super::Serialization;
use crate::failure::Failure;
use crate::output::{Output, OutputArgs};
use crate::source::Source;
use crate::tokens;

/// Write a token in another serialization, if nothing of it is lost there.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  export PASSWORD=secret\n  echo text | jose jwe encrypt --password-env \
                  PASSWORD -o token.jwe\n  jose jwe convert --to general token.jwe"
)]
pub(crate) struct Args {
    /// Where the token is.
    #[arg(default_value = "-", value_name = "TOKEN")]
    source: Source,
    /// The serialization to write.
    #[arg(long, value_enum)]
    to: Serialization,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    let octets = args.source.read(super::MAX_TOKEN)?;
    let jwe = super::parse(tokens::trimmed(octets.expose_secret(), "ERR_JWE_INVALID")?)
        .map_err(|failure| failure.of(&args.source))?;
    let token = args.to.write(&jwe).map_err(|failure| failure.of(&args.source))?;
    output.result(token.as_bytes(), &args.output)
}
