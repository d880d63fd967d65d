//! `jose jwks rotate`.

use super::{SetOutput, add};
use crate::failure::{Failure, Stage};
use crate::keys;
use crate::output::Output;
use crate::source::{Source, check_stdin};

/// Put a new key before the others of a set, which stay for what was made with them.
///
/// `jose jwks rm` leaves an old one out when its last token has expired.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  jose jwk gen --alg ES256 | jose jwks merge - -o set.json\n  jose jwk gen --alg \
                        ES256 | jose jwks rotate set.json -o set.json --force"
)]
pub(crate) struct Args {
    /// The set.
    set: Source,
    /// The new key, in any format. It must have a name.
    #[arg(default_value = "-")]
    key: Source,
    #[command(flatten)]
    to: SetOutput,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    check_stdin([&args.set, &args.key])?;
    let set = super::read(&args.set, &args.to.keys.password, output)?;
    let (_, jwk) = keys::one(&args.key, &args.to.keys.password, output.backend().get()?)?;
    add::check_name(&jwk, set.keys()).map_err(|failure| failure.of(&args.key))?;
    if jwk.kid().is_none() {
        let message = "without a name nobody can tell which of the keys is meant";
        return Err(Failure::new(Stage::Key, "ERR_JWK_INVALID", message).of(&args.key));
    }
    let mut rotated: jose::JwkSet = [jwk].into_iter().collect();
    rotated.merge(set);
    super::write(&rotated, &args.to, output)
}
