//! `jose jws verify`.

use jose::jws::{Outcome, Outcomes, Policy, Required, Serialization, Verified};
use jose::{Jws, Limits, SecretBytes, VerifyingKeys};
use serde_json::{Value, json};

use super::headers::{self, Headers};
use super::keys::VerifierArgs;
use crate::failure::{Failure, Stage, chain};
use crate::output::{Output, OutputArgs};
use crate::source::{Source, check_stdin};
use crate::tokens::{self, Reader, Report, TokenArgs};

/// Verify a token in any serialization, and write what was signed.
///
/// Nothing of the payload is written unless enough signatures are valid.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  jose jwk gen --alg ES256 -o signer.jwk\n  echo text | jose jws sign --key \
                  signer.jwk -o token.jws\n  jose jws verify --key signer.jwk token.jws\n  echo text > \
                  body\n  jose jws sign --key signer.jwk --payload body --detached -o detached.jws\n  \
                  jose jws verify --key signer.jwk --payload body detached.jws\n  jose jwk gen --alg \
                  PS256 -o other.jwk\n  jose jws sign --key signer.jwk --key other.jwk --payload body -o \
                  two.json\n  jose jwks merge signer.jwk other.jwk --public -o keys.jwks\n  jose jws \
                  verify --key keys.jwks --alg ES256,PS256 --policy 2 two.json"
)]
pub(crate) struct Args {
    #[command(flatten)]
    verifier: VerifierArgs,
    #[command(flatten)]
    policy: PolicyArgs,
    /// The payload of a token that came without it.
    #[arg(long, short = 'I', value_name = "SOURCE")]
    payload: Option<Source>,
    #[command(flatten)]
    tokens: TokenArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// What is asked of signatures.
#[derive(Debug, clap::Args)]
pub(crate) struct PolicyArgs {
    /// An extension that whoever uses the payload understands.
    #[arg(long, value_name = "NAME")]
    crit: Vec<String>,
    /// Which signatures must be valid: `any`, `all`, or those of so many different keys.
    #[arg(long, value_name = "any|all|N", default_value = "any", value_parser = required)]
    policy: Required,
}

impl PolicyArgs {
    /// The names that are understood, of signatures and of encryption.
    pub(crate) fn understood(&self) -> impl Iterator<Item = &String> {
        self.crit.iter()
    }

    pub(crate) fn policy(&self) -> Policy {
        self.understood().fold(Policy::new(), Policy::understands).require(self.policy.clone())
    }
}

fn required(text: &str) -> Result<Required, String> {
    match (text, text.parse()) {
        ("any", _) => Ok(Required::Any),
        ("all", _) => Ok(Required::All),
        (_, Ok(least)) if least > 0 => Ok(Required::DistinctKeys(least)),
        _ => Err("`any`, `all`, or how many keys".to_owned()),
    }
}

/// A signed token, of which nothing is verified.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) jws: Jws,
    pub(crate) format: Serialization,
    pub(crate) headers: Vec<Headers>,
}

impl Signed {
    /// Parses a token in any serialization, and tells what it looks like.
    pub(crate) fn parse(text: &str, report: &mut Report) -> Result<Self, Failure> {
        if is_encrypted(text) {
            let message = "encrypted: `jose jwe`, or `jose jwt decrypt`, takes it";
            return Err(Failure::new(Stage::Malformed, "ERR_JWS_INVALID", message));
        }
        let jws = Jws::parse(text)?;
        let format = Serialization::detect(text)?;
        let headers = Headers::all(text, format);
        report.insert("format".into(), headers::name(format).into());
        report.insert("kind".into(), "jws".into());
        if let [headers] = headers.as_slice() {
            report.insert("header".into(), json!(headers.protected));
            if let Some(unprotected) = &headers.unprotected {
                report.insert("unprotected".into(), unprotected.clone());
            }
        }
        Ok(Self { jws, format, headers })
    }

    /// Tells of the signatures, none of which is verified.
    pub(crate) fn describe(&self, report: &mut Report) {
        let each = self.headers.iter().enumerate();
        let signatures = each.map(|(index, headers)| headers.report(index, false));
        report.insert("signatures".into(), signatures.collect());
    }

    /// The payload, and who signed it.
    pub(crate) fn verify(
        &self,
        keys: &VerifyingKeys,
        policy: &Policy,
        report: &mut Report,
    ) -> Result<Verified<Vec<u8>>, Failure> {
        let outcomes = self.jws.check(keys, policy)?;
        report.insert("signatures".into(), outcomes_of(&self.headers, &outcomes).into());
        let verified = outcomes.into_verified()?;
        report.insert("verified".into(), true.into());
        Ok(verified)
    }
}

/// An encrypted token, which has five segments or a ciphertext.
fn is_encrypted(text: &str) -> bool {
    let segments = || text.bytes().filter(|octet| *octet == b'.').count();
    let json = || serde_json::from_str::<Value>(text).unwrap_or_default();
    if text.starts_with('{') { json().get("ciphertext").is_some() } else { segments() == 4 }
}

/// What became of each signature.
fn outcomes_of(headers: &[Headers], outcomes: &Outcomes) -> Vec<Value> {
    let describe = |(headers, outcome): (&Headers, &Outcome)| {
        let mut report = headers.report(outcome.index(), outcome.is_valid());
        let (name, told) = match outcome.error() {
            Some(error) => ("error", json!({"code": error.code(), "message": chain(error)})),
            None => ("key", json!({"kid": outcome.key_id()})),
        };
        report.insert(name.into(), told);
        Value::from(report)
    };
    headers.iter().zip(outcomes.iter()).map(describe).collect()
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    let sources = args.verifier.key.iter().chain(&args.payload);
    check_stdin(sources.chain([args.tokens.source()]))?;
    tokens::run(args, &args.tokens, &args.output, output)
}

impl Reader for Args {
    const NAME: &'static str = "jws verify";
    const MAX: usize = Limits::DEFAULT.token;
    type Token = Signed;
    type Keys = (VerifyingKeys, Option<SecretBytes>);

    fn parse(&self, text: &str, report: &mut Report) -> Result<Signed, Failure> {
        Signed::parse(text, report)
    }

    fn keys(&self, output: Output) -> Result<Self::Keys, Failure> {
        // The payload belongs to one token, and is as good as a part of it.
        let payload = self.payload.as_ref().map(|source| source.read(super::sign::MAX));
        Ok((self.verifier.read(output)?, payload.transpose()?))
    }

    fn read(
        &self,
        mut token: Signed,
        (keys, payload): &Self::Keys,
        _: Output,
        report: &mut Report,
    ) -> Result<SecretBytes, Failure> {
        if let Some(payload) = payload {
            token.jws = token.jws.with_payload(payload.expose_secret())?;
        }
        let verified = token.verify(keys, &self.policy.policy(), report)?;
        tokens::insert_payload(report, verified.content());
        Ok(SecretBytes::new(verified.into_content()))
    }
}
