//! `jose jwks rotate`.

use jose::{Jwk, JwkSet};

use super::{SetOutput, add};
use crate::failure::{Failure, Stage};
use crate::jwk::usage::Use;
use crate::keys;
use crate::output::Output;
use crate::source::{Source, check_stdin};

/// Put a new key before the others of a set, which stay for what was made with them.
///
/// `jose jwks rm` leaves an old one out when its last token has expired. Until then --retire-to-public keeps
/// the old signing keys from signing: what has no private half cannot be used, nor stolen.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  jose jwk gen --alg ES256 | jose jwks merge - -o set.json\n  jose jwk gen --alg \
                        ES256 | jose jwks rotate set.json -o set.json --force\n  jose jwk gen --alg ES256 | jose jwks \
                        rotate set.json --retire-to-public"
)]
pub(crate) struct Args {
    /// The set.
    set: Source,
    /// The new key, in any format. It must have a name.
    #[arg(default_value = "-")]
    key: Source,
    /// Leave out the private halves of the old keys that sign, so that they only verify.
    ///
    /// The new key must sign. Shared keys stay as they are, and so does every key that may decrypt, for what
    /// was encrypted to it.
    #[arg(long)]
    retire_to_public: bool,
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
    let set = if args.retire_to_public {
        if !Use::Sign.is_permitted_by(&jwk) {
            let message = "a key that does not sign takes the place of none that does";
            return Err(Failure::new(Stage::Key, "ERR_JWK_INVALID", message).of(&args.key));
        }
        set.into_iter().filter(|own| *own != jwk).map(|own| retired(own, output)).collect()
    } else {
        set
    };
    let mut rotated: JwkSet = [jwk].into_iter().collect();
    rotated.merge(set);
    super::write(&rotated, &args.to, output)
}

/// The public half of a key that signs and does nothing else.
fn retired(jwk: Jwk, output: Output) -> Jwk {
    let Ok(public) = jwk.to_public() else { return jwk };
    if !jwk.is_private() || !Use::Sign.is_permitted_by(&jwk) {
        return jwk;
    }
    if Use::Enc.is_permitted_by(&jwk) {
        let name = jwk.kid().map_or("without a name".to_owned(), |kid| format!("{kid:?}"));
        output.note(&format!("the key {name} stays private: it may decrypt, too"));
        return jwk;
    }
    public
}
