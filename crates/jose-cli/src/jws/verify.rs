//! `jose jws verify`.

use jose::jws::{Outcome, Outcomes, Policy, Required, Serialization, Verified};
use jose::{Jws, base64url};
use serde_json::{Value, json};

use super::keys::VerifierArgs;
use super::token::{self, Headers};
use crate::failure::{Failure, chain};
use crate::output::Output;
use crate::source::{Source, check_stdin};

/// Verify a token in any serialization, and write what was signed.
///
/// Nothing of the payload is written unless enough signatures are valid.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  jose jws verify --key signer.jwk token.jws\n  jose jws verify --key keys.jwks --alg \
                  ES256,PS256 --policy 2 --json receipt.json\n  jose jws verify --key signer.jwk --payload body \
                  detached.jws"
)]
pub(crate) struct Args {
    #[command(flatten)]
    verifier: VerifierArgs,
    /// The payload of a token that came without it.
    #[arg(long, value_name = "SOURCE")]
    payload: Option<Source>,
    /// An extension that whoever uses the payload understands.
    #[arg(long, value_name = "NAME")]
    crit: Vec<String>,
    /// Which signatures must be valid: `any`, `all`, or those of so many different keys.
    #[arg(long, value_name = "any|all|N", default_value = "any", value_parser = required)]
    policy: Required,
    /// Where the token is.
    #[arg(value_name = "TOKEN", default_value = "-")]
    token: Source,
}

fn required(text: &str) -> Result<Required, String> {
    match (text, text.parse()) {
        ("any", _) => Ok(Required::Any),
        ("all", _) => Ok(Required::All),
        (_, Ok(least)) if least > 0 => Ok(Required::DistinctKeys(least)),
        _ => Err("`any`, `all`, or how many keys".to_owned()),
    }
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    check_stdin(args.verifier.key.iter().chain(&args.payload).chain([&args.token]))?;
    let mut report = output.report("jws verify");
    report.insert("valid".into(), false.into());
    report.insert("verified".into(), false.into());
    let mut signatures = Vec::new();
    match verify(args, output, &mut signatures) {
        Ok((format, verified)) if output.is_json() => {
            report.insert("valid".into(), true.into());
            report.insert("verified".into(), true.into());
            report.insert("format".into(), token::name(format).into());
            if let [signature] = signatures.as_slice() {
                report
                    .insert("header".into(), signature.get("header").cloned().unwrap_or_default());
            }
            report.insert("signatures".into(), signatures.into());
            // Claims if it can be nothing else.
            match verified.clone().into_json::<Value>().map(Verified::into_content) {
                Ok(claims) if claims.is_object() => report.insert("claims".into(), claims),
                _ => report
                    .insert("payload_b64u".into(), base64url::encode(verified.content()).into()),
            };
            output.json(&report.into())
        }
        Ok((_, verified)) => output.octets(verified.content()),
        Err(failure) => {
            if !signatures.is_empty() {
                report.insert("signatures".into(), signatures.into());
            }
            Err(failure.within(report))
        }
    }
}

fn verify(
    args: &Args,
    output: Output,
    signatures: &mut Vec<Value>,
) -> Result<(Serialization, Verified<Vec<u8>>), Failure> {
    let text = token::read(&args.token)?;
    let mut jws = Jws::parse(&text)?;
    let format = Serialization::detect(&text)?;
    if let Some(payload) = &args.payload {
        jws = jws.with_payload(payload.read(super::sign::MAX)?.expose_secret())?;
    }
    let keys = args.verifier.read(output)?;
    let policy = args.crit.iter().fold(Policy::new(), Policy::understands);
    let outcomes = jws.check(&keys, &policy.require(args.policy.clone()))?;
    *signatures = describe(&Headers::all(&text, format), &outcomes);
    Ok((format, outcomes.into_verified()?))
}

/// What became of each signature.
fn describe(headers: &[Headers], outcomes: &Outcomes) -> Vec<Value> {
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
