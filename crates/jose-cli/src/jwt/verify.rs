//! `jose jwt verify`.

use jose::{Header, Limits, SecretBytes, VerifyingKeys, jwt};
use serde_json::{Map, Value};

use super::rules::RuleArgs;
use crate::failure::Failure;
use crate::jws::keys::VerifierArgs;
use crate::jws::verify::{PolicyArgs, Signed};
use crate::output::{Output, OutputArgs};
use crate::source::check_stdin;
use crate::tokens::{self, Reader, Report, TokenArgs};

/// Verify a token and its claims, and write the claims as they were signed.
///
/// `exp` and `nbf` are checked if they are there, and `iat` with --max-age. A token that names an audience is refused unless
/// --aud or --any-aud says that it is for you. Everything that is wrong with the claims is told.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  jose jwk gen --alg ES256 -o signer.jwk\n  jose jwt sign --key signer.jwk \
                  --iss joe --aud api --exp 15m -o token.jwt\n  jose jwt verify --key signer.jwk --iss \
                  joe --aud api --leeway 30s token.jwt"
)]
pub(crate) struct Args {
    #[command(flatten)]
    verifier: VerifierArgs,
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
    check_stdin(args.verifier.key.iter().chain([args.tokens.source()]))?;
    drop(args.rules.validation()?);
    tokens::run(args, &args.tokens, &args.output, output)
}

impl Reader for Args {
    const NAME: &'static str = "jwt verify";
    const MAX: usize = Limits::DEFAULT.token;
    const MALFORMED: &'static str = "ERR_JWT_INVALID";
    type Token = Signed;
    type Keys = VerifyingKeys;

    fn parse(&self, text: &str, report: &mut Report) -> Result<Signed, Failure> {
        Signed::parse(text, report)?.check(self.verifier.algs(), &self.policy.policy())
    }

    fn keys(&self, output: Output) -> Result<VerifyingKeys, Failure> {
        self.verifier.read(output)
    }

    fn read(
        &self,
        token: Signed,
        keys: &VerifyingKeys,
        _: Output,
        report: &mut Report,
    ) -> Result<SecretBytes, Failure> {
        claims(&[], &token, keys, &self.policy, &self.rules, report)
    }
}

/// The claims of a token as they were signed, and a line feed. It came encrypted under the headers `outside`,
/// if there are any.
pub(super) fn claims(
    outside: &[Header],
    token: &Signed,
    keys: &VerifyingKeys,
    policy: &PolicyArgs,
    rules: &RuleArgs,
    report: &mut Report,
) -> Result<SecretBytes, Failure> {
    let policy = policy.policy();
    let verified = token.verify(keys, &policy, report)?;
    let mut octets = verified.content().clone();
    let now = rules.now();
    let validation = rules.validation()?.with_policy(policy);
    let accepted = jwt::accept_under::<Map<String, Value>>(outside, verified, &validation, now);
    rules.conclude(accepted.map(drop), &octets, now, report)?;
    octets.push(b'\n');
    Ok(SecretBytes::new(octets))
}
