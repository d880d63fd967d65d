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
use crate::keys::{self, KeyOutput};
use crate::output::Output;
use crate::password::PasswordArgs;
use crate::source::Source;

/// Sets of keys (RFC 7517 §5).
///
/// A file of one key, in any format, is a set of one. No file is changed: the new set is written to standard
/// output, or where -o says. A set with a private key is written encrypted wherever a password is given, or
/// has opened the set.
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
    keys: KeyOutput,
}

/// Which keys are meant.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// The keys of this name.
    // One key in 64 is named by a thumbprint that begins as options do.
    #[arg(long, allow_hyphen_values = true)]
    kid: Option<String>,
    /// The key of this thumbprint (RFC 7638), by SHA-256.
    #[arg(long, allow_hyphen_values = true)]
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

fn read(source: &Source, password: &PasswordArgs, output: Output) -> Result<JwkSet, Failure> {
    let found = keys::read_whole(source, password, output.backend().get()?)?;
    if !found.others.is_empty() {
        // They are no part of what RFC 7517 says of sets, and two sets may differ in them.
        output.note(&format!("{source}: left out, besides `keys`: {}", found.others.join(", ")));
    }
    Ok(found.keys)
}

fn write(set: &JwkSet, args: &SetOutput, output: Output) -> Result<(), Failure> {
    if args.public {
        let public = set.to_public();
        let left_out = set.len().saturating_sub(public.len());
        if left_out > 0 {
            output.note(&format!("{left_out} without a public half left out"));
        }
        let text = format!("{}\n", public.to_public_json());
        keys::check_set(text.trim_end().as_bytes())?;
        return output.result(text.as_bytes(), &args.keys.output);
    }
    args.keys.set(set, output)
}
