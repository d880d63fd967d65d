//! `jose jwks`: sets of keys.

mod add;
mod find;
mod list;
mod merge;
mod remove;
mod rotate;

use clap::Subcommand;
use jose::jwa::Hash;
use jose::{Jwk, JwkSet};

use crate::failure::{Failure, Stage};
use crate::jwk::lint;
use crate::keys;
use crate::output::{Output, OutputArgs};
use crate::password::PasswordArgs;
use crate::source::Source;

/// Sets of keys (RFC 7517 §5).
///
/// A file of one key, in any format, is a set of one. No file is changed: the new set is written to standard
/// output, or where -o says.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Add(add::Args),
    Rm(remove::Args),
    Ls(list::Args),
    Find(find::Args),
    Merge(merge::Args),
    Rotate(rotate::Args),
    #[command(
        after_help = "Example:\n  jose jwk gen --alg ES256 | jose jwks merge - | jose jwks lint"
    )]
    Lint(lint::Args),
}

pub(crate) fn run(command: Command, output: Output) -> Result<(), Failure> {
    match command {
        Command::Add(args) => add::run(&args, output),
        Command::Rm(args) => remove::run(&args, output),
        Command::Ls(args) => list::run(&args, output),
        Command::Find(args) => find::run(&args, output),
        Command::Merge(args) => merge::run(&args, output),
        Command::Rotate(args) => rotate::run(&args, output),
        Command::Lint(args) => lint::run(&args, "jwks lint", output),
    }
}

/// Where a set is written, and how much of it.
#[derive(Debug, clap::Args)]
struct SetOutput {
    /// Write the public halves alone. Shared keys are left out.
    #[arg(long)]
    public: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// Which keys are meant.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// The keys of this name.
    #[arg(long)]
    kid: Option<String>,
    /// The key of this thumbprint (RFC 7638), by SHA-256.
    #[arg(long)]
    thumbprint: Option<String>,
}

impl Which {
    fn is(&self, jwk: &Jwk, output: Output) -> Result<bool, Failure> {
        if let Some(kid) = &self.kid {
            return Ok(jwk.kid() == Some(kid));
        }
        let backend = output.backend().get()?;
        // A key of a type that nobody knows has none.
        let own = jwk.thumbprint(Hash::Sha256, backend).ok();
        Ok(own.is_some() && own == self.thumbprint)
    }
}

fn not_found(source: &Source) -> Failure {
    Failure::new(Stage::Key, "ERR_JWK_KEY_NOT_FOUND", "no such key in the set").of(source)
}

/// A whole set: one of which a key cannot be read would be written without it.
fn read(source: &Source, password: &PasswordArgs, output: Output) -> Result<JwkSet, Failure> {
    let keys = keys::read(source, password, output.backend().get()?)?.keys;
    match keys.skipped().first() {
        None => Ok(keys),
        Some(skipped) => {
            let place = format!("key {}", skipped.index());
            Err(Failure::from(skipped.error()).of(place).of(source))
        }
    }
}

fn write(set: &JwkSet, args: &SetOutput, output: Output) -> Result<(), Failure> {
    if args.public {
        let public = set.to_public();
        let left_out = set.len().saturating_sub(public.len());
        if left_out > 0 {
            output.note(&format!("{left_out} without a public half left out"));
        }
        let text = format!("{}\n", public.to_public_json());
        return output.result(text.as_bytes(), &args.output);
    }
    let private = set.iter().any(Jwk::is_private);
    output.keys(&set.expose_secret_json(), private, &args.output)
}
