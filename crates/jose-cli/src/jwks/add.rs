//! `jose jwks add`.

use jose::Jwk;

use super::SetOutput;
use crate::failure::{Failure, Stage};
use crate::keys;
use crate::output::Output;
use crate::source::{Source, check_stdin};

/// Add a key at the end of a set. A name that is taken by another key is refused.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  jose jwk gen --alg ES256 | jose jwks merge - -o set.json\n  jose jwk gen --alg \
                        ES256 | jose jwks add set.json"
)]
pub(crate) struct Args {
    /// The set.
    set: Source,
    /// The key, in any format.
    #[arg(default_value = "-")]
    key: Source,
    #[command(flatten)]
    to: SetOutput,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    check_stdin([&args.set, &args.key])?;
    let mut set = super::read(&args.set, &args.to.keys.password, output)?;
    let (_, jwk) = keys::one(&args.key, &args.to.keys.password, output.backend().get()?)?;
    check_name(&jwk, set.keys()).map_err(|failure| failure.of(&args.key))?;
    set.merge([jwk].into_iter().collect());
    super::write(&set, &args.to, output)
}

/// That no other key has its name.
pub(super) fn check_name(jwk: &Jwk, keys: &[Jwk]) -> Result<(), Failure> {
    let same = |own: &&Jwk| own.kid().is_some() && own.kid() == jwk.kid() && *own != jwk;
    if keys.iter().any(|own| same(&own)) {
        let message = "another key in the set has its name";
        return Err(Failure::new(Stage::Key, "ERR_JWK_INVALID", message));
    }
    Ok(())
}
