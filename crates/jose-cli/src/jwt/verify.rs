//! `jose jwt verify`.

use jose::jws::{Policy, Serialization, Unverified};
use jose::{UnixTime, Validation, jwt};
use serde_json::{Map, Value, json};

use super::time;
use crate::failure::{Broken, Failure};
use crate::jws::header::{self, Member};
use crate::jws::keys::VerifierArgs;
use crate::jws::token::{self, Headers};
use crate::output::Output;
use crate::source::{Source, check_stdin};

/// Verify a token and its claims, and write the claims as they were signed.
///
/// `exp`, `nbf` and `iat` are checked if they are there. A token that names an audience is refused unless
/// --aud or --any-aud says that it is for you. Everything that is wrong with the claims is told.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  jose jwt verify --key signer.jwk --iss https://idp.example --aud api --require exp \
                  --leeway 30s token.jwt"
)]
pub(crate) struct Args {
    #[command(flatten)]
    verifier: VerifierArgs,
    /// Who has to have issued it; said again, one of several.
    #[arg(long)]
    iss: Vec<String>,
    /// Who you are; said again, one of several.
    #[arg(long, conflicts_with = "any_aud")]
    aud: Vec<String>,
    /// Accept what is for others.
    #[arg(long)]
    any_aud: bool,
    /// Whom it has to be about; said again, one of several.
    #[arg(long)]
    sub: Vec<String>,
    /// The type that the header has to name.
    #[arg(long)]
    typ: Option<String>,
    /// How long ago it may have been issued, such as `1D`.
    #[arg(long, value_name = "DURATION", value_parser = time::seconds)]
    max_age: Option<u64>,
    /// By how much clocks may differ: at most ten minutes.
    #[arg(long, value_name = "DURATION", value_parser = time::seconds)]
    leeway: Option<u64>,
    /// Verify as at that time.
    #[arg(long, value_name = "UNIX", value_parser = time::moment)]
    now: Option<UnixTime>,
    /// A claim that has to be there.
    #[arg(long, value_name = "CLAIM")]
    require: Vec<String>,
    /// A claim that has to be exactly this.
    #[arg(long, value_name = "NAME=JSON", value_parser = header::member)]
    claim: Vec<Member>,
    /// An extension that whoever uses the claims understands.
    #[arg(long, value_name = "NAME")]
    crit: Vec<String>,
    /// Where the token is.
    #[arg(value_name = "TOKEN", default_value = "-")]
    token: Source,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    check_stdin(args.verifier.key.iter().chain([&args.token]))?;
    let rules = rules(args)?;
    let mut report = output.report("jwt verify");
    match verify(args, &rules, output) {
        Ok((_, claims)) if !output.is_json() => {
            output.octets(&claims)?;
            output.octets(b"\n")
        }
        Ok((signature, claims)) => {
            report.insert("valid".into(), true.into());
            report.insert("verified".into(), true.into());
            report.insert("format".into(), "compact".into());
            report.insert("kind".into(), "jws".into());
            report.insert("header".into(), signature.get("header").cloned().unwrap_or_default());
            report.insert("signatures".into(), vec![signature].into());
            report.insert("claims".into(), serde_json::from_slice(&claims).unwrap_or_default());
            output.json(&report.into())
        }
        Err(failure) => {
            report.insert("valid".into(), false.into());
            report.insert("verified".into(), failure.is_about_claims().into());
            Err(failure.within(report))
        }
    }
}

fn rules(args: &Args) -> Result<Validation, Failure> {
    let mut rules = Validation::new();
    rules = args.iss.iter().fold(rules, Validation::issuer);
    rules = args.aud.iter().fold(rules, Validation::audience);
    rules = args.sub.iter().fold(rules, Validation::subject);
    rules = args.require.iter().fold(rules, Validation::require);
    if args.any_aud {
        rules = rules.any_audience();
    }
    if let Some(typ) = &args.typ {
        rules = rules.typ(typ);
    }
    if let Some(seconds) = args.max_age {
        rules = rules.max_token_age(seconds).map_err(Failure::usage)?;
    }
    if let Some(seconds) = args.leeway {
        let wrong = |error| Failure::usage(format!("--leeway: {error}"));
        rules = rules.leeway(seconds).map_err(wrong)?;
    }
    Ok(rules.with_policy(args.crit.iter().fold(Policy::new(), Policy::understands)))
}

/// What is told of the signature, and the claims as they were signed.
fn verify(
    args: &Args,
    rules: &Validation,
    output: Output,
) -> Result<(Map<String, Value>, Vec<u8>), Failure> {
    let text = token::read(&args.token)?;
    let unverified = Unverified::parse(&text)?;
    let headers = Headers::all(&text, Serialization::Compact);
    let keys = args.verifier.read(output)?;
    let policy = args.crit.iter().fold(Policy::new(), Policy::understands);
    let verified = unverified.verify_with(&keys, &policy)?;
    let mut signature = headers.first().cloned().unwrap_or_default().report(0, true);
    signature.insert("key".into(), json!({"kid": verified.key_id()}));
    let octets = verified.content().clone();
    let broken = unequal(&octets, &args.claim);
    let now = args.now.unwrap_or_else(UnixTime::now);
    match jwt::accept::<Map<String, Value>>(verified, rules, now) {
        Ok(_) if broken.is_empty() => Ok((signature, octets)),
        Ok(_) => Err(Failure::claims(broken)),
        Err(error) => Err(Failure::from(error).and_claims(broken)),
    }
}

/// The rules of --claim that are broken, all of them: not only if there is no other failure.
fn unequal(claims: &[u8], expected: &[Member]) -> Vec<Broken> {
    let claims: Map<String, Value> = serde_json::from_slice(claims).unwrap_or_default();
    let broken = expected.iter().filter_map(|Member { name, value }| {
        let (code, what) = match claims.get(name) {
            Some(own) if own == value => return None,
            Some(_) => ("ERR_JWT_CLAIM_INVALID", "is not the expected value"),
            None => ("ERR_JWT_CLAIM_MISSING", "is missing"),
        };
        Some((code, Some(name.clone()), format!("`{name}` {what}")))
    });
    broken.collect()
}
