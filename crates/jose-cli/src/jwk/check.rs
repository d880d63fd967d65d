//! `jose jwk check`.

use jose::Alg;
use serde_json::json;

use crate::failure::{Failure, Stage};
use crate::keys;
use crate::output::Output;
use crate::password::PasswordArgs;
use crate::source::Source;

/// Read a key with every check there is, those that take arithmetic too, and say what it is.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  openssl genpkey -algorithm ed25519 | jose jwk check --alg EdDSA"
)]
pub(crate) struct Args {
    /// The key, in any format.
    #[arg(default_value = "-")]
    source: Source,
    /// Refuse a private key, and a shared one.
    #[arg(long)]
    public: bool,
    /// Refuse a key that cannot serve this algorithm.
    #[arg(long, value_parser = super::generate::alg)]
    alg: Option<Alg>,
    #[command(flatten)]
    password: PasswordArgs,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    let backend = output.backend().get()?;
    let (format, jwk) = keys::one(&args.source, &args.password, backend)?;
    jwk.check_consistency(backend)?;
    if args.public && jwk.is_private() {
        let message = "a private or shared key where a public one belongs";
        return Err(Failure::new(Stage::Key, "ERR_JWK_INVALID", message).of(&args.source));
    }
    if let Some(alg) = args.alg {
        jwk.check_for(alg).map_err(|error| Failure::from(error).of(&args.source))?;
    }
    let half = keys::half(&jwk);
    if output.is_json() {
        return output.json(&json!({
            "schema": "jose-cli/1", "command": "jwk check", "valid": true, "format": format.name(),
            "kty": jwk.kty(), "crv": keys::crv(&jwk), "half": half, "alg": jwk.alg(), "kid": jwk.kid(),
        }));
    }
    let mut line = format!("{format}: {half} {} key", jwk.kty());
    if let Some(crv) = keys::crv(&jwk) {
        line = format!("{line} on {crv}");
    }
    if let Some(alg) = jwk.alg() {
        line = format!("{line}, bound to {alg}");
    }
    output.line(&line)
}
