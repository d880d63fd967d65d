//! `jose jwk thp`.

use clap::ValueEnum;
use jose::jwa::Hash;
use serde_json::json;

use crate::failure::Failure;
use crate::keys;
use crate::output::Output;
use crate::password::PasswordArgs;
use crate::source::Source;

/// Write the thumbprint of a key (RFC 7638), or of each key of a set.
///
/// A private key has that of its public half. That of a shared key is a hash of the secret.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  jose jwk gen --alg ES256 | jose jwk thp --uri")]
pub(crate) struct Args {
    /// The key or keys, in any format.
    #[arg(default_value = "-")]
    source: Source,
    /// The same, as latchset's program takes it.
    #[arg(short = 'i', hide = true, value_name = "SOURCE", conflicts_with = "source")]
    input: Option<Source>,
    /// The hash function.
    #[arg(long, short = 'a', value_enum, default_value_t)]
    hash: HashName,
    /// As a URI (RFC 9278).
    #[arg(long)]
    uri: bool,
    #[command(flatten)]
    password: PasswordArgs,
}

/// By the names of RFC 7638, and as latchset's program has them.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum HashName {
    #[default]
    #[value(name = "sha-256", alias = "S256")]
    Sha256,
    #[value(name = "sha-384", alias = "S384")]
    Sha384,
    #[value(name = "sha-512", alias = "S512")]
    Sha512,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    let backend = output.backend().get()?;
    let hash = match args.hash {
        HashName::Sha256 => Hash::Sha256,
        HashName::Sha384 => Hash::Sha384,
        HashName::Sha512 => Hash::Sha512,
    };
    let found = keys::read(args.input.as_ref().unwrap_or(&args.source), &args.password, backend)?;
    for jwk in found.keys.keys() {
        let thumbprint = if args.uri {
            jwk.thumbprint_uri(hash, backend)?
        } else {
            jwk.thumbprint(hash, backend)?
        };
        if output.is_json() {
            output.json(&json!({"schema": "jose-cli/1", "command": "jwk thp", "kid": jwk.kid(), "thumbprint": thumbprint}))?;
        } else {
            output.line(&thumbprint)?;
        }
    }
    Ok(())
}
