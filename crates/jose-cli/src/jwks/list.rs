//! `jose jwks ls`.

use jose::jwa::Hash;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::keys;
use crate::output::Output;
use crate::password::PasswordArgs;
use crate::source::Source;

/// List the keys of a set: name, type or curve, algorithm, use, and which half. No secret is shown.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  jose jwk gen --alg ES256 | jose jwks ls")]
pub(crate) struct Args {
    /// The set.
    #[arg(default_value = "-")]
    set: Source,
    #[command(flatten)]
    password: PasswordArgs,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    let backend = output.backend().get()?;
    let set = keys::read(&args.set, &args.password, backend)?.keys;
    for skipped in set.skipped() {
        output.note(&format!("{}: key {}: {}", args.set, skipped.index(), skipped.error()));
    }
    if output.is_json() {
        let keys: Vec<Value> = set
            .iter()
            .map(|jwk| {
                // That of a shared key is a hash of the secret.
                let public = jwk.to_public().ok();
                let thumbprint = public.and_then(|jwk| jwk.thumbprint(Hash::Sha256, backend).ok());
                json!({
                    "kid": jwk.kid(), "kty": jwk.kty(), "crv": keys::crv(jwk), "alg": jwk.alg(),
                    "use": jwk.key_use().map(jose::jwk::KeyUse::name), "half": keys::half(jwk),
                    "thumbprint": thumbprint,
                })
            })
            .collect();
        return output.json(&json!({"schema": "jose-cli/1", "command": "jwks ls", "keys": keys}));
    }
    // None of them has a control character: keys with one are not read.
    for jwk in &set {
        let key_use = jwk.key_use().map(jose::jwk::KeyUse::name);
        let fields = [jwk.kid(), keys::crv(jwk).or(Some(jwk.kty())), jwk.alg(), key_use];
        let fields = fields.map(|field| field.unwrap_or("-"));
        output.line(&format!("{}\t{}", fields.join("\t"), keys::half(jwk)))?;
    }
    Ok(())
}
