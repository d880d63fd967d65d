//! `jose jwt decrypt`.

use jose::jwa::SignatureAlgorithm;
use jose::jwe::Decrypted;
use jose::{DecryptionKeys, Header, Limits, SecretBytes, VerifyingKeys, jwt};
use serde_json::{Map, Value};

use super::rules::RuleArgs;
use super::verify;
use crate::failure::{Failure, Stage};
use crate::jwe::decrypt::{DecryptionArgs, Sealed};
use crate::jws::keys;
use crate::jws::verify::{PolicyArgs, Signed};
use crate::output::{Output, OutputArgs};
use crate::source::{Source, check_stdin};
use crate::tokens::{self, Reader, Report, TokenArgs};

/// Decrypt a token, verify what is signed inside, and write the claims.
///
/// Whoever has the key could have made an encrypted token, and to a public key that is everyone. One that is
/// signed inside is read with --signer alone, and its signature and claims are what counts.
///
/// The claims are checked as by `jose jwt verify`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  jose jwk gen --alg ECDH-ES+A256KW -o anna.jwk\n  jose jwk gen --alg ES256 \
                  -o idp.jwk\n  jose jwt encrypt --key anna.jwk --sign-key idp.jwk --exp 15m -o \
                  token.jwt\n  jose jwt decrypt --key anna.jwk --signer idp.jwk token.jwt"
)]
pub(crate) struct Args {
    #[command(flatten)]
    decryption: DecryptionArgs,
    /// Whose signature is to be inside: a key or a JWK Set, in any format; repeated for more.
    #[arg(long, value_name = "SOURCE")]
    signer: Vec<Source>,
    /// The signature algorithms that are allowed. Without it, those that the keys of --signer name.
    #[arg(long, requires = "signer", value_parser = keys::alg, value_delimiter = ',', value_name = "ALG,…")]
    signer_alg: Vec<SignatureAlgorithm>,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    rules: RuleArgs,
    #[command(flatten)]
    tokens: TokenArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    let sources = args.decryption.key.iter().chain(&args.signer);
    check_stdin(sources.chain([args.tokens.source()]))?;
    drop(args.rules.validation()?);
    if args.signer.is_empty() && args.policy.asks_for_signatures() {
        let message = "--policy asks for signatures, and without --signer none is verified";
        return Err(Failure::usage(message));
    }
    tokens::run(args, &args.tokens, &args.output, output)
}

impl Reader for Args {
    const NAME: &'static str = "jwt decrypt";
    /// Room for claims that are signed and encrypted: base64url in base64url. More than claims need would
    /// let whoever has a public key make us take many times as much memory.
    const MAX: usize = 2 * Limits::DEFAULT.token;
    const MALFORMED: &'static str = "ERR_JWT_INVALID";
    type Token = Sealed;
    type Keys = (DecryptionKeys, Option<VerifyingKeys>);

    fn parse(&self, text: &str, report: &mut Report) -> Result<Sealed, Failure> {
        let policy = self.decryption.policy(self.policy.understood());
        self.decryption.parse(text, &policy, report)
    }

    fn keys(&self, output: Output) -> Result<Self::Keys, Failure> {
        let decryption = self.decryption.keys(output)?;
        if self.signer.is_empty() {
            return Ok((decryption, None));
        }
        let password = &self.decryption.password;
        let signers = keys::verifying_keys(&self.signer, &self.signer_alg, password, output)?;
        Ok((decryption, Some(signers)))
    }

    fn read(
        &self,
        token: Sealed,
        (keys, signers): &Self::Keys,
        output: Output,
        report: &mut Report,
    ) -> Result<SecretBytes, Failure> {
        let policy = self.decryption.policy(self.policy.understood());
        let decrypted = token.decrypt(keys, &policy, output, report)?;
        match (signers, decrypted.protected().is_cty("JWT")) {
            (Some(signers), true) => self.verify(decrypted, signers, report),
            (None, false) => self.accept(decrypted, report),
            (None, true) => Err(Failure::new(
                Stage::Key,
                "ERR_JWT_SIGNED_INSIDE",
                "it holds a signed token: --signer says whose signature it has to have",
            )),
            // Whoever asks for a signature must not get what anyone can have written.
            (Some(_), false) => Err(Failure::new(
                Stage::Refused,
                "ERR_JWT_NOT_SIGNED",
                "it holds no signed token, and --signer asks for one",
            )),
        }
    }
}

impl Args {
    fn accept(
        &self,
        decrypted: Decrypted<Vec<u8>>,
        report: &mut Report,
    ) -> Result<SecretBytes, Failure> {
        let now = self.rules.now();
        let mut octets = decrypted.content().clone();
        let rules = self.rules.validation()?;
        let accepted = jwt::accept_decrypted::<Map<String, Value>>(decrypted, &rules, now);
        self.rules.conclude(accepted.map(drop), &octets, now, report)?;
        octets.push(b'\n');
        Ok(SecretBytes::new(octets))
    }

    fn verify(
        &self,
        decrypted: Decrypted<Vec<u8>>,
        signers: &VerifyingKeys,
        report: &mut Report,
    ) -> Result<SecretBytes, Failure> {
        let outside = [Some(decrypted.protected()), decrypted.shared(), decrypted.recipient()];
        let outside: Vec<Header> = outside.into_iter().flatten().cloned().collect();
        let inside = SecretBytes::new(decrypted.into_content());
        let mut told = Report::new();
        let token =
            Signed::parse(tokens::trimmed(inside.expose_secret(), Self::MALFORMED)?, &mut told)?;
        report.insert("kind".into(), "nested".into());
        report.insert("signed".into(), told.into());
        verify::claims(&outside, &token, signers, &self.policy, &self.rules, report)
    }
}
