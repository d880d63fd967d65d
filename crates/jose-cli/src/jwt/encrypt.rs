//! `jose jwt encrypt`.

use jose::jwa::SignatureAlgorithm;

use super::claims::ClaimArgs;
use crate::failure::Failure;
use crate::jwe::encrypt::RecipientArgs;
use crate::jws::keys;
use crate::output::{Output, OutputArgs};
use crate::source::{Source, check_stdin};

/// Encrypt claims to a key or under a password.
///
/// Whoever has a public key can encrypt to it. With --sign-key the claims are signed before, so that the
/// recipient knows whose they are. Times are written as for `jose jwt sign`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  jose jwk gen --alg ECDH-ES+A256KW -o anna.jwk\n  jose jwk gen --alg ES256 \
                  -o idp.jwk\n  jose jwt encrypt --key anna.jwk --sign-key idp.jwk --sub anna --exp 15m"
)]
pub(crate) struct Args {
    #[command(flatten)]
    recipient: RecipientArgs,
    /// Sign the claims with this private or shared key first.
    #[arg(long, value_name = "SOURCE")]
    sign_key: Option<Source>,
    /// The algorithm of a --sign-key that names none.
    #[arg(long, requires = "sign_key", value_parser = keys::alg, value_name = "ALG")]
    sign_alg: Option<SignatureAlgorithm>,
    #[command(flatten)]
    claims: ClaimArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    let sources = args.recipient.key.iter().chain(&args.sign_key);
    check_stdin(sources.chain(args.claims.sources()))?;
    let (claims, builder) = args.claims.read(output)?;
    let recipients = args.recipient.keys(output)?;
    let [recipient] = recipients.as_slice() else {
        return Err(Failure::usage(
            "claims are encrypted to one key; `jose jwe encrypt` takes several",
        ));
    };
    let how = args.recipient.builder();
    let working = args.recipient.key.is_empty().then(|| output.working("deriving a key"));
    let token = match &args.sign_key {
        None => builder.encrypt_with(&claims, recipient, &how)?,
        Some(source) => {
            let password = &args.recipient.password;
            let signer = keys::signing_key(source, None, args.sign_alg, password, output)?;
            builder.sign_then_encrypt_with(&claims, &signer, recipient, &how)?
        }
    };
    drop(working);
    super::sign::write("jwt encrypt", &token, &args.output, output)
}
