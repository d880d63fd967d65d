//! `jose jwk convert`.

use clap::ValueEnum;
use jose::Alg;
use jose::jwk::PasswordEncryption;

use super::generate::Use;
use crate::failure::Failure;
use crate::keys::{self, KeyOutput};
use crate::output::Output;
use crate::password::PasswordArgs;
use crate::source::Source;

/// Write a key in another format, as PEM or DER.
///
/// A private key is written encrypted wherever a password is given, or has opened the input: as a JWE, or as
/// encrypted PKCS#8. SEC 1 and PKCS#1 cannot be encrypted here.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  openssl genpkey -algorithm ed25519 | jose jwk convert --alg Ed25519\n  \
                        jose jwk gen --alg ES256 | jose jwk convert --to sec1\n  export \
                        PASSWORD=secret\n  jose jwk gen --alg ES256 | jose jwk convert --to pkcs8 --password-env \
                        PASSWORD"
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
    /// Name a JWK, which a key in PEM or DER has no place for.
    #[arg(long)]
    kid: Option<String>,
    /// Say what a JWK is for.
    #[arg(long = "use", value_enum, value_name = "USE")]
    key_use: Option<Use>,
    /// Encrypt the result under another password than that of the input.
    #[arg(long, value_name = "SOURCE", conflicts_with = "plaintext")]
    new_password_file: Option<Source>,
    #[command(flatten)]
    written: KeyOutput,
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
    let (_, mut jwk) = keys::one(&args.source, &args.written.password, backend)?;
    if let Some(alg) = args.alg {
        jwk.check_for(alg).map_err(|error| Failure::from(error).of(&args.source))?;
        jwk = jwk.with_alg(alg)?;
    }
    if args.to != To::Jwk && (args.kid.is_some() || args.key_use.is_some()) {
        return Err(Failure::usage("--kid and --use are members of a JWK"));
    }
    if let Some(kid) = &args.kid {
        jwk = jwk.with_kid(kid.clone());
    }
    if let Some(key_use) = args.key_use {
        jwk = jwk.with_use(key_use.into());
    }
    let password = match &args.new_password_file {
        Some(file) => PasswordArgs::of(Some(file.clone())).given()?,
        None => args.written.new_password()?,
    };
    // There is nothing to hide of a public one.
    let password = password.filter(|_| jwk.is_private());
    if args.to == To::Jwk {
        if args.der {
            return Err(Failure::usage("--der is not for a JWK"));
        }
        return args.written.key_under(password.as_ref(), &jwk, output);
    }
    let lost: Vec<&str> =
        [jwk.kid().map(|_| "kid"), jwk.alg().map(|_| "alg")].into_iter().flatten().collect();
    if !lost.is_empty() {
        output.note(&format!("this format has no place for {}", lost.join(" and ")));
    }
    // An RSA JWK may lack what the formats need.
    let jwk = jwk.complete(backend)?;
    let octets = match (args.to, args.der, &password) {
        (To::Spki, false, _) => jwk.to_public()?.to_spki_pem()?.into_bytes().into(),
        (To::Spki, true, _) => jwk.to_public()?.to_spki_der()?.into(),
        (To::Pkcs1, false, _) if !jwk.is_private() => {
            jwk.to_pkcs1_public_pem()?.into_bytes().into()
        }
        (To::Pkcs1, true, _) if !jwk.is_private() => jwk.to_pkcs1_public_der()?.into(),
        (To::Pkcs1 | To::Sec1, _, Some(_)) => {
            let message = "this format cannot be encrypted here: take --to pkcs8, or --plaintext";
            return Err(Failure::usage(message));
        }
        (To::Sec1, false, None) => jwk.to_sec1_pem()?,
        (To::Sec1, true, None) => jwk.to_sec1_der()?,
        (To::Pkcs1, false, None) => jwk.to_pkcs1_pem()?,
        (To::Pkcs1, true, None) => jwk.to_pkcs1_der()?,
        // A public key is refused, before anybody is asked for a password.
        (To::EncryptedPkcs8, ..) if !jwk.is_private() => jwk.to_pkcs8_der()?,
        (To::Pkcs8, false, None) => jwk.to_pkcs8_pem()?,
        (To::Pkcs8, true, None) => jwk.to_pkcs8_der()?,
        (To::EncryptedPkcs8 | To::Jwk | To::Pkcs8, ..) => {
            if args.written.is_plaintext() {
                return Err(Failure::usage("--to encrypted-pkcs8, and --plaintext"));
            }
            let password = match &password {
                Some(password) => password.clone(),
                None => args.written.password.to_write()?,
            };
            let how = PasswordEncryption::default();
            let _working = output.working("deriving a key");
            if args.der {
                jwk.to_encrypted_pkcs8_der(&password, how, backend)?.into()
            } else {
                jwk.to_encrypted_pkcs8_pem(&password, how, backend)?.into_bytes().into()
            }
        }
    };
    let encrypted = args.to == To::EncryptedPkcs8 || password.is_some();
    let (octets, to) = (octets.expose_secret(), &args.written.output);
    if !jwk.is_private() || args.to == To::Spki {
        output.result(octets, to)
    } else if encrypted {
        output.secret(octets, to)
    } else {
        output.unencrypted(octets, "jose jwk convert --to pkcs8 --password-file", to)
    }
}
