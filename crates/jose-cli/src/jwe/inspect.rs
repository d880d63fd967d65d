//! `jose jwe inspect`.

use std::fmt::Write as _;

use jose::{Jwe, SecretBytes, base64url};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Serialization;
use crate::failure::{Failure, Stage};
use crate::output::{Output, OutputArgs};
use crate::tokens::{self, Reader, Report, TokenArgs};

/// Show the headers of a token. Nothing is decrypted, and nothing is known to be true.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  export PASSWORD=secret\n  echo text | jose jwe encrypt --password-env \
                  PASSWORD | jose jwe inspect"
)]
pub(crate) struct Args {
    #[command(flatten)]
    tokens: TokenArgs,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    tokens::run(args, &args.tokens, &OutputArgs::default(), output)
}

impl Reader for Args {
    const NAME: &'static str = "jwe inspect";
    const MAX: usize = super::MAX_TOKEN;
    const MALFORMED: &'static str = "ERR_JWE_INVALID";
    const PEEKS: bool = true;
    type Token = String;
    type Keys = ();

    fn parse(&self, text: &str, report: &mut Report) -> Result<String, Failure> {
        let format = Serialization::of(text);
        let [header, shared, recipients] = headers(&super::parse(text)?)?;
        let mut shown = format!("format: {}\nprotected: {header}\n", format.name());
        if !shared.is_null() {
            // A `String` takes everything.
            let _ = writeln!(shown, "unprotected: {shared}");
        }
        if format != Serialization::Compact {
            for recipient in recipients.as_array().into_iter().flatten() {
                let _ = writeln!(shown, "recipient: {recipient}");
            }
        }
        report.insert("format".into(), format.name().into());
        report.insert("kind".into(), "jwe".into());
        report.insert("decrypted".into(), false.into());
        report.insert("header".into(), header);
        if !shared.is_null() {
            report.insert("unprotected".into(), shared);
        }
        report.insert("recipients".into(), recipients);
        Ok(shown)
    }

    fn keys(&self, _: Output) -> Result<(), Failure> {
        Ok(())
    }

    fn read(
        &self,
        shown: String,
        (): &(),
        _: Output,
        _: &mut Report,
    ) -> Result<SecretBytes, Failure> {
        Ok(SecretBytes::new(shown.into_bytes()))
    }
}

/// The protected header, the one that all recipients share, and a description of each recipient.
pub(super) fn headers(jwe: &Jwe) -> Result<[Value; 3], Failure> {
    let unreadable = || Failure::new(Stage::Malformed, "ERR_JWE_INVALID", "no JSON in a header");
    let json = jwe.to_general()?;
    let json: Json = serde_json::from_str(&json).map_err(|_| unreadable())?;
    let protected = match json.protected {
        None => Value::Null,
        Some(text) => {
            let octets = base64url::decode(text.as_bytes()).map_err(|_| unreadable())?;
            serde_json::from_slice(&octets).map_err(|_| unreadable())?
        }
    };
    let own = |index: usize| json.recipients.get(index).map(|recipient| &recipient.header);
    let recipients = jwe.recipients().enumerate().map(|(index, recipient)| match recipient {
        Ok(recipient) => json!({
            "index": index, "alg": recipient.alg(), "kid": recipient.kid(), "header": own(index),
        }),
        Err(error) => json!({
            "index": index, "error": {"code": error.code(), "message": error.to_string()},
        }),
    });
    let recipients = Value::Array(recipients.collect());
    Ok([protected, json.unprotected.unwrap_or_default(), recipients])
}

/// What is wanted of a token: the rest, which may be very much, is read over.
#[derive(Deserialize)]
struct Json {
    protected: Option<String>,
    recipients: Vec<Recipient>,
    unprotected: Option<Value>,
}

#[derive(Deserialize)]
struct Recipient {
    header: Option<Value>,
}
