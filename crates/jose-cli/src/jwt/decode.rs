//! `jose jwt decode`.

use jose::{Limits, SecretBytes, UnixTime, hazmat};

use super::rules;
use crate::failure::{Failure, Stage};
use crate::jws::verify::Signed;
use crate::output::{Output, OutputArgs};
use crate::tokens::{self, Reader, Report, TokenArgs};

/// Write the claims of a token. Nothing is verified; for the header, see `jose jws inspect`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  jose jwk gen --alg ES256 -o signer.jwk\n  jose jwt sign --key signer.jwk \
                  --sub joe --exp 15m | jose jwt decode"
)]
pub(crate) struct Args {
    #[command(flatten)]
    tokens: TokenArgs,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    tokens::run(args, &args.tokens, &OutputArgs::default(), output)
}

impl Reader for Args {
    const NAME: &'static str = "jwt decode";
    const MAX: usize = Limits::DEFAULT.token;
    const MALFORMED: &'static str = "ERR_JWT_INVALID";
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
        let none = || Failure::new(Stage::Malformed, "ERR_JWS_INVALID", "no signature in it");
        let first = token.jws.signatures().next().ok_or_else(none)??;
        let claims = hazmat::peek_unverified_claims(&first)?;
        token.describe(report);
        let told = claims.decode()?;
        rules::insert_times(report, &told, UnixTime::now());
        report.insert("claims".into(), told);
        Ok(SecretBytes::new(format!("{}\n", claims.json()).into_bytes()))
    }
}
