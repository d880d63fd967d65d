//! `jose jwks find`.

use super::Which;
use crate::failure::Failure;
use crate::keys::{self, KeyOutput};
use crate::output::Output;
use crate::source::Source;

/// Write keys of a set, each as a JWK on a line of its own.
///
/// A private key is written encrypted wherever a password is given, or has opened the set.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  jose jwk gen --alg ES256 --kid new | jose jwks find --kid new")]
pub(crate) struct Args {
    /// The set.
    #[arg(default_value = "-")]
    set: Source,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    to: KeyOutput,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    let backend = output.backend().get()?;
    let set = keys::read_whole(&args.set, &args.to.password, backend)?.keys;
    let mut found = Vec::new();
    for jwk in set {
        if args.which.is(&jwk, output)? {
            found.push(jwk);
        }
    }
    if found.is_empty() {
        return Err(super::not_found(&args.set));
    }
    args.to.lines(&found, output)
}
