//! `jose jwks rm`.

use jose::JwkSet;

use super::{SetOutput, Which};
use crate::failure::Failure;
use crate::output::Output;
use crate::source::Source;

/// Leave keys out of a set.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  jose jwk gen --alg ES256 --kid old | jose jwks rm --kid old")]
pub(crate) struct Args {
    /// The set.
    #[arg(default_value = "-")]
    set: Source,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    to: SetOutput,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    let set = super::read(&args.set, &args.to.keys.password, output)?;
    let before = set.len();
    let mut kept = JwkSet::default();
    for jwk in set {
        if !args.which.is(&jwk, output)? {
            kept.push(jwk);
        }
    }
    if kept.len() == before {
        return Err(super::not_found(&args.set));
    }
    super::write(&kept, &args.to, output)
}
