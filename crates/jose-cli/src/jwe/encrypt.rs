//! `jose jwe encrypt`.

use jose::jwa::{ContentEncryption, KeyManagementAlgorithm};
use jose::{Alg, EncryptionKey, Header, jwe};

use super::Serialization;
use crate::failure::Failure;
use crate::jws::header::{self, Member};
use crate::keys;
use crate::output::{Output, OutputArgs};
use crate::password::PasswordArgs;
use crate::source::{Source, check_stdin, too_long};

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
    /// As the program of latchset spells it.
    #[arg(short = 'I', value_name = "PLAINTEXT", hide = true, conflicts_with = "source")]
    input: Option<Source>,
    #[command(flatten)]
    recipients: RecipientArgs,
    /// A parameter of the protected header.
    #[arg(long, value_name = "NAME=JSON", value_parser = header::member)]
    header: Vec<Member>,
    /// How to write the token: compact by default, general for several recipients, flattened with --aad.
    #[arg(long, value_enum)]
    serialization: Option<Serialization>,
    /// Protect these octets too, and leave them in the clear.
    #[arg(long, value_name = "SOURCE")]
    aad: Option<Source>,
    /// As the program of latchset asks for the compact serialization, which is the default here.
    #[arg(short = 'c', hide = true, conflicts_with = "serialization")]
    compact: bool,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    let source = args.input.as_ref().unwrap_or(&args.source);
    check_stdin(args.recipients.key.iter().chain([source]).chain(&args.aad))?;
    let keys = args.recipients.keys(output)?;
    let mut builder = args.recipients.builder().header(header::with(Header::new(), &args.header)?);
    if let Some(aad) = &args.aad {
        builder = builder.aad(aad.read(super::MAX_PLAINTEXT)?.expose_secret());
    }
    let plaintext = source.read(super::MAX_PLAINTEXT)?;
    let working = args.recipients.key.is_empty().then(|| output.working("deriving a key"));
    let jwe = builder.encrypt(plaintext.expose_secret(), &keys)?;
    drop(working);
    let serialization = args.serialization.unwrap_or(match (keys.len(), &args.aad) {
        (1, None) => Serialization::Compact,
        (1, Some(_)) => Serialization::Flattened,
        _ => Serialization::General,
    });
    if args.compact && serialization != Serialization::Compact {
        return Err(Failure::usage("a compact token has one recipient, and no --aad"));
    }
    let token = serialization.write(&jwe)?;
    if token.len() > super::MAX_TOKEN {
        // Nobody has what went in by the time it is found out that it does not come out.
        return Err(too_long(super::MAX_TOKEN).of("the token"));
    }
    output.result(token.as_bytes(), &args.output)
}

/// Whom a token is encrypted to.
#[derive(Debug, clap::Args)]
pub(crate) struct RecipientArgs {
    /// The key of a recipient, in any format; repeated for more. Each key of a set is one.
    #[arg(long, short, value_name = "SOURCE")]
    pub(crate) key: Vec<Source>,
    /// The algorithm of keys that name none, or of the password.
    #[arg(long, value_parser = super::alg)]
    alg: Option<KeyManagementAlgorithm>,
    /// The algorithm of the content, A256GCM unless the key says otherwise.
    #[arg(long, value_parser = super::enc)]
    enc: Option<ContentEncryption>,
    /// Rounds for a password: by default what is recommended for its algorithm, and at least 1000.
    #[arg(long, value_name = "N")]
    p2c: Option<u32>,
    #[command(flatten)]
    pub(crate) password: PasswordArgs,
}

impl RecipientArgs {
    /// How to encrypt.
    pub(crate) fn builder(&self) -> jwe::Builder {
        self.enc.map_or_else(jwe::Builder::new, |enc| jwe::Builder::new().enc(enc))
    }

    /// Their keys, or that of the password.
    pub(crate) fn keys(&self, output: Output) -> Result<Vec<EncryptionKey>, Failure> {
        let backend = output.backend().get()?;
        if self.key.is_empty() {
            let alg = self.alg.unwrap_or(Alg::PBES2_HS512_A256KW);
            let key = EncryptionKey::from_password(alg, &self.password.to_write()?, backend)?;
            return Ok(vec![match self.p2c {
                Some(rounds) => key.with_p2c(rounds)?,
                None => key,
            }]);
        }
        if self.p2c.is_some() {
            return Err(Failure::usage("--p2c is for a password, and here are keys"));
        }
        let mut recipients = Vec::new();
        for source in &self.key {
            for mut jwk in keys::read_whole(source, &self.password, backend)?.keys {
                if let (None, Some(alg)) = (jwk.alg(), self.alg) {
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
}
