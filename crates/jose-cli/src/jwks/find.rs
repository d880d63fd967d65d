//! `jose jwks find`.

use zeroize::Zeroizing;

use super::Which;
use crate::failure::Failure;
use crate::output::{Output, OutputArgs};
use crate::password::PasswordArgs;
use crate::source::Source;

/// Write keys of a set, each as a JWK on a line of its own.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  jose jwk gen --alg ES256 --kid new | jose jwks find --kid new")]
pub(crate) struct Args {
    /// The set.
    #[arg(default_value = "-")]
    set: Source,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    password: PasswordArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    let set = super::read(&args.set, &args.password, output)?;
    let mut found = Vec::new();
    for jwk in &set {
        if args.which.is(jwk, output)? {
            found.push(jwk.expose_secret_json());
        }
    }
    if found.is_empty() {
        return Err(super::not_found(&args.set));
    }
    let len = found.iter().map(|json| json.len() + 1).sum();
    let mut lines = Zeroizing::new(Vec::with_capacity(len));
    for json in found {
        lines.extend_from_slice(json.expose_secret());
        lines.push(b'\n');
    }
    output.result(&lines, &args.output)
}
