//! `jose jwe encrypt`.

use jose::jwa::{ContentEncryption, KeyManagementAlgorithm};
use jose::{Alg, EncryptionKey, jwe};

use super::Serialization;
use crate::failure::Failure;
use crate::keys;
use crate::output::{Output, OutputArgs};
use crate::password::PasswordArgs;
use crate::source::{Source, check_stdin};

/// Encrypt octets to keys or under a password.
///
/// Of a key pair the public half is used. Without --key the password is that of the token; with it, that of
/// the files of keys.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  echo text | PASSWORD=secret jose jwe encrypt --password-env PASSWORD\n  \
                        jose jwk gen --alg ECDH-ES+A256KW -o anna.jwk\n  jose jwk gen --alg A256KW -o \
                        archive.jwk\n  echo text | jose jwe encrypt --key anna.jwk --key archive.jwk"
)]
pub(crate) struct Args {
    /// Where the plaintext is.
    #[arg(default_value = "-", value_name = "PLAINTEXT")]
    source: Source,
    /// The key of a recipient, in any format; repeated for more. Each key of a set is one.
    #[arg(long, value_name = "SOURCE")]
    key: Vec<Source>,
    /// The algorithm of keys that name none, or of the password.
    #[arg(long, value_parser = super::alg)]
    alg: Option<KeyManagementAlgorithm>,
    /// The algorithm of the content, A256GCM unless the key says otherwise.
    #[arg(long, value_parser = super::enc)]
    enc: Option<ContentEncryption>,
    /// How to write the token: compact by default, general for several recipients, flattened with --aad.
    #[arg(long, value_enum)]
    serialization: Option<Serialization>,
    /// Protect these octets too, and leave them in the clear.
    #[arg(long, value_name = "SOURCE")]
    aad: Option<Source>,
    #[command(flatten)]
    password: PasswordArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    check_stdin(args.key.iter().chain([&args.source]).chain(&args.aad))?;
    let keys = recipients(args, output)?;
    let mut builder = jwe::Builder::new();
    if let Some(enc) = args.enc {
        builder = builder.enc(enc);
    }
    if let Some(aad) = &args.aad {
        builder = builder.aad(aad.read(super::MAX_PLAINTEXT)?.expose_secret());
    }
    let plaintext = args.source.read(super::MAX_PLAINTEXT)?;
    let jwe = builder.encrypt(plaintext.expose_secret(), &keys)?;
    let serialization = args.serialization.unwrap_or(match (keys.len(), &args.aad) {
        (1, None) => Serialization::Compact,
        (1, Some(_)) => Serialization::Flattened,
        _ => Serialization::General,
    });
    output.result(serialization.write(&jwe)?.as_bytes(), &args.output)
}

fn recipients(args: &Args, output: Output) -> Result<Vec<EncryptionKey>, Failure> {
    let backend = output.backend().get()?;
    if args.key.is_empty() {
        let alg = args.alg.unwrap_or(Alg::PBES2_HS512_A256KW);
        let password = args.password.to_write()?;
        return Ok(vec![EncryptionKey::from_password(alg, &password, backend)?]);
    }
    let mut recipients = Vec::new();
    for source in &args.key {
        for mut jwk in keys::read(source, &args.password, backend)?.keys {
            if let (None, Some(alg)) = (jwk.alg(), args.alg) {
                jwk = jwk.with_alg(alg).map_err(|error| Failure::from(error).of(source))?;
            }
            if jwk.is_private() && jwk.kty() != "oct" {
                jwk = jwk.to_public()?;
            }
            let key = EncryptionKey::from_jwk(&jwk, backend);
            recipients.push(key.map_err(|error| Failure::from(error).of(source))?);
        }
    }
    Ok(recipients)
}
