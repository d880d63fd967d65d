//! The tasks of this workspace: `cargo xtask help` names them.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a command-line program talks on standard output")]
#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program that needs std anyway gains nothing by naming what lies below it"
)]

mod api;
mod bench;
mod browser;
mod ci;
mod coverage;
mod examples;
mod features;
mod fips;
mod fuzz;
mod interop;
mod kms;
mod minimal;
mod miri;
mod musts;
mod mutants;
mod nightly;
mod openssl;
mod process;
mod sbom;
mod schemathesis;
mod secrets;
mod table;
mod test;
mod tidy;
mod timing;
mod tree;
mod trust;
mod weakened;

use std::env;
use std::path::Path;
use std::process::ExitCode;

use self::openssl::Openssl;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test [--all]     every test on both backends, doc tests included
  ci [--all]       fmt, deny, musts, clippy, doc, tidy and features; what `test` does not do
  tidy             the rules of this workspace that rustfmt and clippy cannot check
  features         each set of features builds and passes its tests by itself
  table [--write]  the tables of README.md, printed, or written to README.md
  musts [--write]  what is required and which test holds it: counted, or written to docs
  bench            the benchmarks on both backends
  fips [VERSION]   a FIPS provider built from source, the tests in it, and what it approves of
  fuzz [--seconds N | --runs N] [TARGET…]
                   each target of fuzzing for N seconds (60), and what it reached; or for N
                   executions from the seeds alone, the same ones every time
  api [--write]    what is public, compared with docs/api, or written there
  sbom             what the library and the program are made of, to target/sbom
  trust [--write]  on one page, what all this was held against; or written to docs/trust.md
  minimal          the workspace with the oldest versions of what it depends on
  mutants [--shard K/N] [--missed] [MODULE…]
                   each small change of what decides (jwa/rules, jwt, jws, jwe), which the tests
                   have to notice; or of each N the one at K; or what the last run has missed
  timing [NAME]    whether times tell of secrets, measured
  miri             the unit tests of jose-core, interpreted, which finds undefined behaviour
  coverage         which lines the tests execute, in numbers
  tools            a nightly compiler and the programs of cargo that tasks need, installed
  secrets [NAME]   whether anything branches on a secret, as Valgrind sees it
  weakened         the library with a check taken out of it, which the tests have to notice
  browser          the tests with a browser, and what of npm their pages load, installed
  interop [--write]
                   libraries and programs of others installed, the tests with them, and the page
                   about it printed and compared, or written to docs/interop.md
  kms              a key service of others installed, and the tests with it
  schemathesis     the service of the examples, asked what its description allows and does not
  help             this text

--all: what would be left out, because a program is missing on this machine, fails instead
";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    // A `cargo xtask` may be typed anywhere below the root.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    if let Err(error) = env::set_current_dir(&root) {
        eprintln!("xtask: cannot enter {}: {error}", root.display());
        return ExitCode::FAILURE;
    }
    let result = match args.as_slice() {
        ["test"] => Openssl::detect().and_then(|openssl| test::run(openssl, false)),
        ["test", "--all"] => Openssl::detect().and_then(|openssl| test::run(openssl, true)),
        ["ci"] => Openssl::detect().and_then(|openssl| ci::run(openssl, false)),
        ["ci", "--all"] => Openssl::detect().and_then(|openssl| ci::run(openssl, true)),
        ["tidy"] => Openssl::detect().and_then(tidy::run),
        ["features"] => Openssl::detect().and_then(features::run),
        ["table"] => Openssl::detect().and_then(table::print),
        ["table", "--write"] => Openssl::detect().and_then(table::write),
        ["musts"] => musts::print(),
        ["musts", "--write"] => musts::write(),
        ["fips"] => Openssl::detect().and_then(|openssl| fips::run(openssl, None)),
        ["fips", version] => {
            Openssl::detect().and_then(|openssl| fips::run(openssl, Some(version)))
        }
        ["fuzz", args @ ..] => Openssl::detect().and_then(|openssl| fuzz::run(openssl, args)),
        ["api"] => api::run(false),
        ["api", "--write"] => api::run(true),
        ["sbom"] => sbom::run(),
        ["trust"] => Openssl::detect().and_then(|openssl| trust::run(openssl, false)),
        ["trust", "--write"] => Openssl::detect().and_then(|openssl| trust::run(openssl, true)),
        ["minimal"] => Openssl::detect().and_then(minimal::run),
        ["timing"] => timing::run(None),
        ["timing", name] => timing::run(Some(name)),
        ["miri"] => miri::run(),
        ["coverage"] => Openssl::detect().and_then(coverage::run),
        ["tools"] => nightly::install(),
        ["secrets"] => secrets::run(None),
        ["secrets", name] => secrets::run(Some(name)),
        ["mutants", args @ ..] => mutants::run(args),
        ["weakened"] => weakened::run(),
        ["browser"] => Openssl::detect().and_then(browser::run),
        ["interop"] => Openssl::detect().and_then(|openssl| interop::run(openssl, false)),
        ["interop", "--write"] => Openssl::detect().and_then(|openssl| interop::run(openssl, true)),
        ["kms"] => Openssl::detect().and_then(kms::run),
        ["schemathesis"] => Openssl::detect().and_then(schemathesis::run),
        ["bench"] => Openssl::detect().and_then(bench::run),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
