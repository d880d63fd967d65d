//! What is wrong with claims, as whoever looks for the reason at night wants to read it.

use jose::UnixTime;
use jose::jwt::ClaimFailure;
use serde_json::Value;

use super::time;

/// The claim that a failure is about.
pub(crate) fn claim(failure: &ClaimFailure) -> Option<&str> {
    Some(match failure {
        ClaimFailure::Audience { .. } => "aud",
        ClaimFailure::Expired { .. } => "exp",
        ClaimFailure::IssuedInFuture { .. } | ClaimFailure::TooOld { .. } => "iat",
        ClaimFailure::Issuer { .. } => "iss",
        ClaimFailure::Jti { .. } => "jti",
        ClaimFailure::Malformed { claim, .. } | ClaimFailure::Replicated { claim } => claim,
        ClaimFailure::Missing { claim } => claim.as_str(),
        ClaimFailure::NotYetValid { .. } => "nbf",
        ClaimFailure::Subject { .. } => "sub",
        _ => return None,
    })
}

/// What is wrong. The claims are genuine, or nobody would look at them; who issued a token, to whom and of what
/// type is told, and whom it is about is not: that has no place in a log.
pub(crate) fn message(failure: &ClaimFailure) -> String {
    match failure {
        ClaimFailure::Audience { expected, actual } if expected.is_empty() => {
            format!("the token is for {}, and nothing says that this is you: --aud", quoted(actual))
        }
        ClaimFailure::Audience { expected, actual } => {
            format!("`aud` is {}, and expected is {}", quoted(actual), quoted(expected))
        }
        ClaimFailure::Issuer { expected, actual } => {
            format!("`iss` is {}, and expected is {}", quoted([actual]), quoted(expected))
        }
        ClaimFailure::Typ { expected, actual: Some(actual) } => {
            format!("`typ` is {}, and expected is {}", quoted([actual]), quoted([expected]))
        }
        ClaimFailure::Expired { exp, now, .. } => {
            format!("expired at {}, it is {}", date(*exp), date(*now))
        }
        ClaimFailure::NotYetValid { nbf, now, .. } => {
            format!("not valid before {}, it is {}", date(*nbf), date(*now))
        }
        ClaimFailure::IssuedInFuture { iat, now, .. } => {
            format!("issued at {}, which is to come: it is {}", date(*iat), date(*now))
        }
        ClaimFailure::TooOld { iat, max_age, now, .. } => {
            let (iat, now) = (date(*iat), date(*now));
            format!("issued at {iat}, more than {} s ago: it is {now}", max_age.as_secs())
        }
        other => other.to_string(),
    }
}

/// Texts of somebody, in quotes and with escapes, the first of them.
fn quoted(texts: impl IntoIterator<Item: AsRef<str>>) -> String {
    let short = |text: &str| Value::from(text.chars().take(128).collect::<String>()).to_string();
    let texts: Vec<_> = texts.into_iter().take(4).map(|text| short(text.as_ref())).collect();
    texts.join(", ")
}

fn date(time: UnixTime) -> String {
    time::rfc3339(time::seconds_of(time)).unwrap_or_else(|| time.as_secs().to_string())
}
