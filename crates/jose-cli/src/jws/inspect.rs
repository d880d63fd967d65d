//! `jose jws inspect`.

use jose::Jws;
use jose::jws::Serialization;
use serde_json::{Value, json};

use super::token::{self, Headers};
use crate::failure::Failure;
use crate::output::Output;
use crate::source::Source;

/// Write the headers of a token, a line for each signature. Nothing is verified.
///
/// Of a compact token it is the header; of the others an object with `protected` and `header`, as there.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  jose jws inspect token.jws")]
pub(crate) struct Args {
    /// Where the token is.
    #[arg(value_name = "TOKEN", default_value = "-")]
    token: Source,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    let text = token::read(&args.token)?;
    Jws::parse(&text)?;
    let format = Serialization::detect(&text)?;
    let all = Headers::all(&text, format);
    output.note("NOT VERIFIED: anyone can have written this");
    if output.is_json() {
        let mut report = output.report("jws inspect");
        report.insert("verified".into(), false.into());
        report.insert("format".into(), token::name(format).into());
        if let [headers] = all.as_slice() {
            report.insert("header".into(), json!(headers.protected));
        }
        let signatures =
            all.iter().enumerate().map(|(index, headers)| headers.report(index, false));
        report.insert("signatures".into(), signatures.collect());
        return output.json(&report.into());
    }
    for headers in all {
        output.json(&match format {
            Serialization::Compact => Value::from(headers.protected),
            _ => json!({"protected": headers.protected, "header": headers.unprotected}),
        })?;
    }
    Ok(())
}
