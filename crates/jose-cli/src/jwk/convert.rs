//! `jose jwk convert`.

use clap::ValueEnum;
use jose::Alg;
use jose::jwk::PasswordEncryption;

use crate::failure::Failure;
use crate::keys;
use crate::output::{Output, OutputArgs};
use crate::password::PasswordArgs;
use crate::source::Source;

/// Write a key in another format, as PEM or DER.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  openssl genpkey -algorithm ed25519 | jose jwk convert --alg Ed25519\n  \
                        jose jwk gen --alg ES256 | jose jwk convert --to sec1"
)]
pub(crate) struct Args {
    /// The key, in any format.
    #[arg(default_value = "-")]
    source: Source,
    /// The format to write.
    #[arg(long, value_enum, default_value_t)]
    to: To,
    /// Write DER instead of PEM.
    #[arg(long)]
    der: bool,
    /// Bind a JWK to this algorithm.
    #[arg(long, value_parser = super::generate::alg)]
    alg: Option<Alg>,
    /// The password to write encrypted PKCS#8 under, which is asked for otherwise.
    #[arg(long, value_name = "SOURCE")]
    new_password_file: Option<Source>,
    #[command(flatten)]
    password: PasswordArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
enum To {
    EncryptedPkcs8,
    #[default]
    Jwk,
    Pkcs1,
    Pkcs8,
    Sec1,
    Spki,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    let backend = output.backend().get()?;
    let (_, mut jwk) = keys::one(&args.source, &args.password, backend)?;
    if let Some(alg) = args.alg {
        jwk.check_for(alg).map_err(|error| Failure::from(error).of(&args.source))?;
        jwk = jwk.with_alg(alg)?;
    }
    if args.to == To::Jwk {
        if args.der {
            return Err(Failure::usage("--der is not for a JWK"));
        }
        return output.key(&jwk, &args.output);
    }
    // An RSA JWK may lack what the formats need.
    let jwk = jwk.complete(backend)?;
    let octets = match (args.to, args.der, jwk.is_private()) {
        (To::Pkcs8, false, _) => jwk.to_pkcs8_pem()?,
        (To::Pkcs8, true, _) => jwk.to_pkcs8_der()?,
        (To::Sec1, false, _) => jwk.to_sec1_pem()?,
        (To::Sec1, true, _) => jwk.to_sec1_der()?,
        (To::Pkcs1, false, true) => jwk.to_pkcs1_pem()?,
        (To::Pkcs1, true, true) => jwk.to_pkcs1_der()?,
        (To::Pkcs1, false, false) => jwk.to_pkcs1_public_pem()?.into_bytes().into(),
        (To::Pkcs1, true, false) => jwk.to_pkcs1_public_der()?.into(),
        (To::Spki, false, _) => jwk.to_public()?.to_spki_pem()?.into_bytes().into(),
        (To::Spki, true, _) => jwk.to_public()?.to_spki_der()?.into(),
        (To::EncryptedPkcs8 | To::Jwk, der, _) => {
            let password = PasswordArgs::of(args.new_password_file.clone()).to_write()?;
            let how = PasswordEncryption::default();
            if der {
                jwk.to_encrypted_pkcs8_der(&password, how, backend)?.into()
            } else {
                jwk.to_encrypted_pkcs8_pem(&password, how, backend)?.into_bytes().into()
            }
        }
    };
    output.result(octets.expose_secret(), &args.output)
}
