//! `jose jwe inspect`.

use jose::{Jwe, base64url};
use serde_json::{Value, json};

use super::Serialization;
use crate::failure::{Failure, Stage};
use crate::output::Output;
use crate::source::Source;

/// Show the headers of a token. Nothing is decrypted, and nothing is known to be true.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  echo text | PASSWORD=secret jose jwe encrypt --password-env PASSWORD | \
                        jose jwe inspect"
)]
pub(crate) struct Args {
    /// Where the token is.
    #[arg(default_value = "-", value_name = "TOKEN")]
    source: Source,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    let (serialization, jwe) = super::read(&args.source)?;
    output.note("NOT DECRYPTED: anyone could have written this");
    let [header, shared, recipients] = headers(&jwe)?;
    if output.is_json() {
        return output.json(&json!({
            "schema": "jose-cli/1", "command": "jwe inspect", "kind": "jwe", "decrypted": false,
            "verified": false, "format": serialization.name(), "header": header, "unprotected": shared,
            "recipients": recipients,
        }));
    }
    output.line(&format!("format: {}", serialization.name()))?;
    output.line(&format!("protected: {}", shown(&header)))?;
    if !shared.is_null() {
        output.line(&format!("unprotected: {}", shown(&shared)))?;
    }
    if serialization != Serialization::Compact {
        for recipient in recipients.as_array().into_iter().flatten() {
            output.line(&format!("recipient: {}", shown(recipient)))?;
        }
    }
    Ok(())
}

/// The protected header, the one that all recipients share, and a description of each recipient.
pub(super) fn headers(jwe: &Jwe) -> Result<[Value; 3], Failure> {
    let unreadable = || Failure::new(Stage::Malformed, "ERR_JWE_INVALID", "no JSON in a header");
    let json: Value = serde_json::from_str(&jwe.to_general()?).map_err(|_| unreadable())?;
    let protected = match json.get("protected").and_then(Value::as_str) {
        None => Value::Null,
        Some(text) => {
            let octets = base64url::decode(text.as_bytes()).map_err(|_| unreadable())?;
            serde_json::from_slice(&octets).map_err(|_| unreadable())?
        }
    };
    let own = |index: usize| json.get("recipients").and_then(|all| all.get(index)?.get("header"));
    let recipients = jwe.recipients().enumerate().map(|(index, recipient)| match recipient {
        Ok(recipient) => json!({
            "index": index, "alg": recipient.alg(), "kid": recipient.kid(), "header": own(index),
        }),
        Err(error) => json!({
            "index": index, "error": {"code": error.code(), "message": error.to_string()},
        }),
    });
    let recipients = Value::Array(recipients.collect());
    Ok([protected, json.get("unprotected").cloned().unwrap_or_default(), recipients])
}

/// As JSON, without what would steer a terminal.
fn shown(json: &Value) -> String {
    let escape = |c: char| {
        if c.is_control() { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }
    };
    json.to_string().chars().map(escape).collect()
}
