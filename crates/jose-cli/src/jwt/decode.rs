//! `jose jwt decode`.

use jose::hazmat;
use jose::jws::{Serialization, Unverified};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::jws::token::{self, Headers};
use crate::output::Output;
use crate::source::Source;

/// Write the claims of a token. Nothing is verified; for the header, see `jose jws inspect`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  jose jwt decode token.jwt")]
pub(crate) struct Args {
    /// Where the token is.
    #[arg(value_name = "TOKEN", default_value = "-")]
    token: Source,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    let text = token::read(&args.token)?;
    let unverified = Unverified::parse(&text)?;
    let claims = hazmat::peek_unverified_claims(&unverified)?;
    output.note("NOT VERIFIED: anyone can have written this");
    if output.is_json() {
        let headers = Headers::all(&text, Serialization::Compact);
        let mut report = output.report("jwt decode");
        report.insert("verified".into(), false.into());
        report.insert("format".into(), "compact".into());
        report.insert("kind".into(), "jws".into());
        report.insert("header".into(), json!(headers.first().map(|headers| &headers.protected)));
        report.insert("claims".into(), claims.decode::<Value>()?);
        return output.json(&report.into());
    }
    output.line(claims.json())
}
