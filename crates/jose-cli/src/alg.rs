//! `jose alg`: what this binary can do.

use jose::Alg;
use jose::jwa::{ContentEncryption, KeyManagementAlgorithm, SignatureAlgorithm};
use serde_json::{Value, json};

use crate::backend::BackendName;
use crate::failure::Failure;
use crate::output::Output;

/// Which algorithms there are, in which backend, and whether they are approved under FIPS 140-3.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  jose alg --json")]
pub(crate) struct Args {}

pub(crate) fn run(_: Args, output: Output) -> Result<(), Failure> {
    let backends: Vec<_> =
        BackendName::ALL.into_iter().filter_map(|name| Some((name, name.get().ok()?))).collect();
    if output.is_json() {
        let list: Vec<Value> = backends
            .iter()
            .map(|(name, backend)| {
                let algorithms: Vec<Value> = all()
                    .map(|(kind, alg)| {
                        json!({"alg": alg.name(), "kind": kind, "approval": backend.approval(alg, None).to_string()})
                    })
                    .collect();
                json!({
                    "name": name.name(),
                    "fips": backend.fips_status().to_string(),
                    "algorithms": algorithms,
                })
            })
            .collect();
        return output.json(&json!({"schema": "jose-cli/1", "command": "alg", "backends": list}));
    }
    for (name, backend) in backends {
        output.line(&format!("{}: {}", name.name(), backend.fips_status()))?;
        for (kind, alg) in all() {
            let approval = backend.approval(alg, None);
            output.line(&format!("  {kind:<19} {:<20} {approval}", alg.name()))?;
        }
    }
    Ok(())
}

fn all() -> impl Iterator<Item = (&'static str, Alg)> {
    let signatures = SignatureAlgorithm::ALL.iter().map(|alg| ("signature", Alg::from(*alg)));
    let keys = KeyManagementAlgorithm::ALL.iter().map(|alg| ("key management", Alg::from(*alg)));
    let contents = ContentEncryption::ALL.iter().map(|alg| ("content encryption", Alg::from(*alg)));
    signatures.chain(keys).chain(contents)
}
