//! `jose jws inspect`.

use jose::{Limits, SecretBytes};
use serde_json::{Value, json};

use super::verify::Signed;
use crate::failure::Failure;
use crate::output::{Output, OutputArgs};
use crate::tokens::{self, Reader, Report, TokenArgs};

/// Write the headers of a token, a line for each signature. Nothing is verified.
///
/// Of a compact token it is the header; of the others an object with `protected` and `header`, as there.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  jose jwk gen --alg ES256 -o signer.jwk\n  echo text | jose jws sign --key \
                  signer.jwk | jose jws inspect"
)]
pub(crate) struct Args {
    #[command(flatten)]
    tokens: TokenArgs,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    tokens::run(args, &args.tokens, &OutputArgs::default(), output)
}

impl Reader for Args {
    const NAME: &'static str = "jws inspect";
    const MAX: usize = Limits::DEFAULT.token;
    const MALFORMED: &'static str = "ERR_JWS_INVALID";
    const PEEKS: bool = true;
    type Token = Signed;
    type Keys = ();

    fn parse(&self, text: &str, report: &mut Report) -> Result<Signed, Failure> {
        Signed::parse(text, report)
    }

    fn keys(&self, _: Output) -> Result<(), Failure> {
        Ok(())
    }

    fn read(
        &self,
        token: Signed,
        (): &(),
        _: Output,
        report: &mut Report,
    ) -> Result<SecretBytes, Failure> {
        token.describe(report);
        let compact = token.format == jose::jws::Serialization::Compact;
        let lines = token.headers.into_iter().map(|headers| {
            let line = if compact {
                Value::from(headers.protected)
            } else {
                json!({"protected": headers.protected, "header": headers.unprotected})
            };
            format!("{line}\n")
        });
        Ok(SecretBytes::new(lines.collect::<String>().into_bytes()))
    }
}
