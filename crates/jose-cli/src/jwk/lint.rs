//! `jose jwk lint`.

use clap::ValueEnum;
use jose::jwk::lint::{Exposure, Severity};
use serde_json::json;

use crate::failure::{Failure, Stage};
use crate::keys;
use crate::output::Output;
use crate::password::PasswordArgs;
use crate::source::Source;

/// Tell what to look at in a key or a set, by codes that stay the same.
///
/// The exit code is 0 where nothing is at or above the level of --fail-on, and 3 otherwise.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  jose jwk gen --alg HS256 | jose jwk lint --fail-on error")]
pub(crate) struct Args {
    /// The key or keys, in any format.
    #[arg(default_value = "-")]
    source: Source,
    /// Everybody can read them.
    #[arg(long)]
    published: bool,
    /// The least severity that is a failure.
    #[arg(long, value_enum, default_value_t)]
    fail_on: Level,
    #[command(flatten)]
    password: PasswordArgs,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Level {
    Note,
    #[default]
    Warning,
    Error,
}

pub(crate) fn run(args: &Args, command: &str, output: Output) -> Result<(), Failure> {
    let backend = output.backend().get()?;
    let found = keys::read_unchecked(&args.source, &args.password, backend)?;
    let exposure = if args.published { Exposure::Published } else { Exposure::Private };
    let findings = match found.keys.keys() {
        [jwk] if found.format != jose::jwk::Format::JwkSet => jwk.lint(exposure, backend),
        _ => found.keys.lint(exposure, backend),
    };
    if output.is_json() {
        output.json(&json!({"schema": "jose-cli/1", "command": command, "findings": findings}))?;
    } else {
        for finding in &findings {
            output.line(&finding.to_string())?;
        }
    }
    let level = match args.fail_on {
        Level::Note => Severity::Note,
        Level::Warning => Severity::Warning,
        Level::Error => Severity::Error,
    };
    let bad = findings.iter().filter(|found| found.severity() >= level).count();
    let failure = |message| Failure::new(Stage::Claims, "ERR_LINT", message);
    // In JSON the findings are the report.
    match bad {
        0 => Ok(()),
        1 => Err(failure("one finding".to_owned()).told()),
        _ => Err(failure(format!("{bad} findings")).told()),
    }
}
