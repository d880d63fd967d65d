//! `jose jwk wrap` and `jose jwk unwrap`: a key under a password (RFC 7517 §7).

use jose::jwk::Format;

use crate::failure::Failure;
use crate::keys::{self, KeyOutput};
use crate::output::{Output, OutputArgs};
use crate::password::PasswordArgs;
use crate::source::Source;

/// Encrypt a key under a password.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  export PASSWORD=secret\n  jose jwk gen --alg ES256 | jose jwk wrap --password-env \
                        PASSWORD"
)]
pub(crate) struct Wrap {
    /// The key, in any format.
    #[arg(default_value = "-")]
    source: Source,
    #[command(flatten)]
    password: PasswordArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn wrap(args: &Wrap, output: Output) -> Result<(), Failure> {
    let backend = output.backend().get()?;
    let (_, jwk) = keys::one(&args.source, &PasswordArgs::default(), backend)?;
    let password = args.password.to_write()?;
    let token = keys::encrypt(&jwk, &password, output)?;
    output.secret(format!("{token}\n").as_bytes(), &args.output)
}

/// Decrypt a key, and write it as a JWK; or a set, and write it as a set.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  export PASSWORD=secret\n  jose jwk gen --alg ES256 --password-env PASSWORD -o \
                        key.jwe\n  jose jwk unwrap --password-env PASSWORD key.jwe"
)]
pub(crate) struct Unwrap {
    /// The encrypted key or set: a JWE, or encrypted PKCS#8.
    #[arg(default_value = "-")]
    source: Source,
    #[command(flatten)]
    password: PasswordArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn unwrap(args: &Unwrap, output: Output) -> Result<(), Failure> {
    let backend = output.backend().get()?;
    let found = keys::read_whole(&args.source, &args.password, backend)?;
    if found.format == Format::JwkSet {
        return KeyOutput::plaintext(args.output.clone()).set(&found.keys, output);
    }
    let jwk = keys::only(found.keys).map_err(|failure| failure.of(&args.source))?;
    output.key(&jwk, &args.output)
}
