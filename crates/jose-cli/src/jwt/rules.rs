//! What is asked of claims.

use jose::{UnixTime, Validation};
use serde_json::{Map, Value, json};

use super::time;
use crate::failure::{Broken, Failure};
use crate::jws::header::{self, Member};
use crate::tokens::Report;

/// The rules for claims.
#[derive(Debug, clap::Args)]
pub(super) struct RuleArgs {
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
    /// Check as at that time: seconds since 1970, or a date as in RFC 3339.
    #[arg(long, value_name = "UNIX|RFC3339", value_parser = time::moment)]
    now: Option<UnixTime>,
    /// A claim that has to be there.
    #[arg(long, value_name = "CLAIM")]
    require: Vec<String>,
    /// A claim that has to be exactly this.
    #[arg(long, value_name = "NAME=JSON", value_parser = header::member)]
    claim: Vec<Member>,
}

impl RuleArgs {
    pub(super) fn now(&self) -> UnixTime {
        self.now.unwrap_or_else(UnixTime::now)
    }

    /// The rules that the library keeps.
    pub(super) fn validation(&self) -> Result<Validation, Failure> {
        let mut rules = Validation::new();
        rules = self.iss.iter().fold(rules, Validation::issuer);
        rules = self.aud.iter().fold(rules, Validation::audience);
        rules = self.sub.iter().fold(rules, Validation::subject);
        rules = self.require.iter().fold(rules, Validation::require);
        if self.any_aud {
            rules = rules.any_audience();
        }
        if let Some(typ) = &self.typ {
            rules = rules.typ(typ);
        }
        if let Some(seconds) = self.max_age {
            rules = rules.max_token_age(seconds).map_err(Failure::usage)?;
        }
        if let Some(seconds) = self.leeway {
            let wrong = |error| Failure::usage(format!("--leeway: {error}"));
            rules = rules.leeway(seconds).map_err(wrong)?;
        }
        Ok(rules)
    }

    /// Tells of genuine claims, after the library has had its say.
    ///
    /// All that is wrong with them is told at once.
    pub(super) fn conclude(
        &self,
        accepted: Result<(), jose::jwt::Error>,
        claims: &[u8],
        now: UnixTime,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let broken = self.unequal(claims);
        let told: Value = serde_json::from_slice(claims).unwrap_or_default();
        insert_times(report, &told, now);
        match accepted {
            Ok(()) if broken.is_empty() => {
                report.insert("claims".into(), told);
                Ok(())
            }
            Ok(()) => Err(Failure::claims(broken)),
            Err(error) => Err(Failure::from(error).and_claims(broken)),
        }
    }

    /// The rules of --claim that are broken.
    fn unequal(&self, claims: &[u8]) -> Vec<Broken> {
        let claims: Map<String, Value> = serde_json::from_slice(claims).unwrap_or_default();
        let broken = self.claim.iter().filter_map(|Member { name, value }| {
            let (code, what) = match claims.get(name) {
                Some(own) if own == value => return None,
                Some(_) => ("ERR_JWT_CLAIM_INVALID", "is not the expected value"),
                None => ("ERR_JWT_CLAIM_MISSING", "is missing"),
            };
            Some((code, Some(name.clone()), format!("`{name}` {what}")))
        });
        broken.collect()
    }
}

/// Tells what the times in claims mean.
pub(super) fn insert_times(report: &mut Report, claims: &Value, now: UnixTime) {
    let mut times = Map::new();
    for name in ["iat", "nbf", "exp"] {
        if let Some(date) = claims.get(name).and_then(Value::as_f64).and_then(time::rfc3339) {
            times.insert(name.into(), date.into());
        }
    }
    if !times.is_empty() {
        let seconds = time::seconds_of(now);
        times.insert("now".into(), json!(time::rfc3339(seconds)));
        if let Some(exp) = claims.get("exp").and_then(Value::as_f64) {
            #[allow(clippy::cast_possible_truncation, reason = "a date, or it was left out")]
            let left = times.contains_key("exp").then(|| (exp - seconds).floor() as i64);
            times.insert("expires_in".into(), json!(left));
        }
        report.insert("times".into(), times.into());
    }
}
