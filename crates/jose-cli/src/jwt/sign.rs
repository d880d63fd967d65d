//! `jose jwt sign`.

use serde_json::Value;

use super::claims::ClaimArgs;
use crate::failure::Failure;
use crate::jws::keys::SignerArgs;
use crate::output::{Output, OutputArgs};
use crate::source::check_stdin;

/// Sign claims.
///
/// Times are a distance from now (`15m`, `+1h`, `7D`; units are s m h D W M Y), a date as in RFC 3339
/// (`2027-01-31T12:00:00Z`), or seconds since 1970.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  jose jwk gen --alg ES256 -o signer.jwk\n  jose jwt sign --key signer.jwk \
                  --iss https://idp.example --sub joe --exp 15m\n  echo '{\"scope\":\"read\"}' > \
                  claims.json\n  jose jwt sign --key signer.jwk --aud api --exp +1h --jti auto \
                  claims.json"
)]
pub(crate) struct Args {
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    claims: ClaimArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    check_stdin(args.signer.key.iter().chain(args.claims.sources()))?;
    let several =
        || Failure::usage("claims are signed with one key; `jose jws sign` takes several");
    if args.signer.key.len() > 1 {
        return Err(several());
    }
    let (claims, builder) = args.claims.read(output)?;
    let keys = args.signer.read(output)?;
    let [key] = keys.as_slice() else { return Err(several()) };
    write("jwt sign", &builder.sign(&claims, key)?, &args.output, output)
}

/// Writes a token.
pub(super) fn write(
    command: &str,
    token: &str,
    to: &OutputArgs,
    output: Output,
) -> Result<(), Failure> {
    if output.is_json() {
        let mut report = output.report(command);
        report.insert("format".into(), "compact".into());
        report.insert("token".into(), token.into());
        return output.result(format!("{}\n", Value::from(report)).as_bytes(), to);
    }
    output.result(format!("{token}\n").as_bytes(), to)
}
