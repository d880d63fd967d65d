//! `jose jws verify`.

use std::error::Error;

use jose::error::VerifyError;
use jose::jwa::SignatureAlgorithm;
use jose::jws::{self, Outcome, Outcomes, Policy, Required, Serialization, Verified};
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
    /// Which signatures must be valid: `any`, which is the default, `all`, or those of so many different keys.
    #[arg(long, value_name = "any|all|N", value_parser = required)]
    policy: Option<Required>,
}

impl PolicyArgs {
    /// The names that are understood, of signatures and of encryption.
    pub(crate) fn understood(&self) -> impl Iterator<Item = &String> {
        self.crit.iter()
    }

    pub(crate) fn policy(&self) -> Policy {
        let policy = self.understood().fold(Policy::new(), Policy::understands);
        policy.require(self.policy.clone().unwrap_or(Required::Any))
    }

    /// Whether it was said which signatures are asked for.
    pub(crate) const fn asks_for_signatures(&self) -> bool {
        self.policy.is_some()
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
        if tokens::looks_encrypted(text) {
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
        let each = self.headers.iter().zip(self.jws.signatures()).enumerate();
        let signatures = each.map(|(index, (headers, signature))| {
            let mut report = headers.report(index, false);
            if let Err(error) = signature {
                report.insert("error".into(), told(error.code(), &error));
            }
            Value::from(report)
        });
        report.insert("signatures".into(), signatures.collect());
    }

    /// Refuses what no key can make acceptable, before keys are looked for.
    pub(crate) fn check(
        self,
        algs: &[SignatureAlgorithm],
        policy: &Policy,
    ) -> Result<Self, Failure> {
        // Without keys the library looks at the headers alone, whatever the payload will be.
        let jws = self.jws.clone().with_payload("").unwrap_or_else(|_| self.jws.clone());
        let outcomes = jws.check(&VerifyingKeys::default(), policy)?;
        let lacks_a_key = |outcome: &Outcome| {
            matches!(
                outcome.error(),
                Some(jws::Error::Verify(VerifyError::NoMatchingKey(_))) | None
            )
        };
        if !outcomes.iter().any(lacks_a_key) {
            return outcomes.into_verified().map(|_| self).map_err(Into::into);
        }
        let is_edwards = |alg: &str| alg == "EdDSA" || alg == "Ed25519" || alg == "Ed448";
        let allowed = |headers: &Headers| {
            let alg = headers.get("alg");
            let alg = alg.as_str().unwrap_or_default();
            // Which of their two names it has (RFC 9864) is the library's to judge.
            let is = |name| name == alg || is_edwards(name) && is_edwards(alg);
            algs.iter().any(|allowed| is(allowed.name()))
        };
        if algs.is_empty() || self.headers.iter().any(allowed) {
            return Ok(self);
        }
        let message = "no key matches this token: the token's `alg` is not allowed";
        let failure = Failure::new(Stage::Policy, "ERR_JWS_ALG_NOT_ALLOWED", message);
        Err(match self.headers.as_slice() {
            [headers] => {
                failure.hint(unmatched(headers, algs.iter().map(|alg| alg.name().to_owned())))
            }
            _ => failure,
        })
    }

    /// A compact token with nothing between its dots.
    fn is_empty_compact(&self) -> bool {
        self.format == Serialization::Compact && self.jws.to_flattened().is_err()
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
        let verified = outcomes.into_verified().map_err(|error| {
            let failure = Failure::from(error);
            match self.headers.as_slice() {
                [headers] if failure.is_about_keys() => {
                    let keys = keys.iter().map(|key| name_of(key.alg().name(), key.kid()));
                    failure.hint(unmatched(headers, keys))
                }
                [_] if failure.is_refused() && self.is_empty_compact() => failure
                    .hint("there is no payload in it: if it is elsewhere, --payload says where"),
                _ => failure,
            }
        })?;
        report.insert("verified".into(), true.into());
        Ok(verified)
    }
}

/// What a token asks for, and what there is: `alg` and `kid`, in quotes and with escapes.
fn unmatched(headers: &Headers, there: impl Iterator<Item = String>) -> String {
    let text = |name| headers.get(name).as_str().map(ToOwned::to_owned);
    let asked = name_of(&text("alg").unwrap_or_default(), text("kid").as_deref());
    let there: Vec<String> = there.take(8).collect();
    let there = if there.is_empty() { "nothing".to_owned() } else { there.join(", ") };
    format!("the token asks for {asked}, and there is {there}")
}

fn name_of(alg: &str, kid: Option<&str>) -> String {
    let quoted = |text: &str| Value::from(text.chars().take(64).collect::<String>()).to_string();
    let alg =
        if SignatureAlgorithm::from_name(alg).is_some() { alg.to_owned() } else { quoted(alg) };
    kid.map_or_else(|| alg.clone(), |kid| format!("{alg} {}", quoted(kid)))
}

/// What became of each signature.
fn outcomes_of(headers: &[Headers], outcomes: &Outcomes) -> Vec<Value> {
    let describe = |(headers, outcome): (&Headers, &Outcome)| {
        let mut report = headers.report(outcome.index(), outcome.is_valid());
        let (name, told) = match outcome.error() {
            Some(error) => ("error", told(error.code(), error)),
            None => ("key", json!({"kid": outcome.key_id()})),
        };
        report.insert(name.into(), told);
        Value::from(report)
    };
    headers.iter().zip(outcomes.iter()).map(describe).collect()
}

fn told(code: &str, error: &dyn Error) -> Value {
    json!({"code": code, "message": chain(error)})
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    let sources = args.verifier.key.iter().chain(&args.payload);
    check_stdin(sources.chain([args.tokens.source()]))?;
    tokens::run(args, &args.tokens, &args.output, output)
}

impl Reader for Args {
    const NAME: &'static str = "jws verify";
    const MAX: usize = Limits::DEFAULT.token;
    const MALFORMED: &'static str = "ERR_JWS_INVALID";
    type Token = Signed;
    type Keys = (VerifyingKeys, Option<SecretBytes>);

    fn parse(&self, text: &str, report: &mut Report) -> Result<Signed, Failure> {
        Signed::parse(text, report)?.check(self.verifier.algs(), &self.policy.policy())
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
        let json = || verified.clone().into_json().map(Verified::into_content).ok();
        tokens::insert_payload(report, verified.content(), json);
        Ok(SecretBytes::new(verified.into_content()))
    }
}
