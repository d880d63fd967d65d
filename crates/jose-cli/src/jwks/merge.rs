//! `jose jwks merge`.

use jose::JwkSet;

use super::SetOutput;
use super::add::check_name;
use crate::failure::Failure;
use crate::output::Output;
use crate::source::{Source, check_stdin};

/// Make one set of several, or of keys, in their order. A key that is there twice is kept once; a name that
/// two keys have is refused.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  jose jwk gen --alg ES256 | jose jwks merge - -o a.json\n  jose jwk gen --alg \
                        ES256 | jose jwks merge - -o b.json\n  jose jwks merge a.json b.json --public"
)]
pub(crate) struct Args {
    /// The sets, or keys in any format.
    #[arg(required = true)]
    sets: Vec<Source>,
    #[command(flatten)]
    to: SetOutput,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    check_stdin(&args.sets)?;
    let mut set = JwkSet::default();
    for source in &args.sets {
        for jwk in super::read(source, &args.to.keys.password, output)? {
            check_name(&jwk, set.keys()).map_err(|failure| failure.of(source))?;
            set.merge([jwk].into_iter().collect());
        }
    }
    super::write(&set, &args.to, output)
}
