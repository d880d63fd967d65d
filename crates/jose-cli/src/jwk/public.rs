//! `jose jwk pub`.

use crate::failure::Failure;
use crate::keys;
use crate::output::{Output, OutputArgs};
use crate::password::PasswordArgs;
use crate::source::Source;

/// Write the public half of a key: no private member, ever.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  jose jwk gen --alg ES256 | jose jwk pub")]
pub(crate) struct Args {
    /// The key, in any format.
    #[arg(default_value = "-")]
    source: Source,
    /// The same, as latchset's program takes it.
    #[arg(short = 'i', hide = true, value_name = "SOURCE", conflicts_with = "source")]
    input: Option<Source>,
    #[command(flatten)]
    password: PasswordArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    let (_, jwk) = keys::one(
        args.input.as_ref().unwrap_or(&args.source),
        &args.password,
        output.backend().get()?,
    )?;
    let mut text = jwk.to_public_json()?;
    text.push('\n');
    output.result(text.as_bytes(), &args.output)
}
