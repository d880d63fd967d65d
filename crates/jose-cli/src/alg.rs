//! `jose alg`: what this binary can do.

use jose::crypto::Backend;
use jose::error::KeyError;
use jose::jwa::{ContentEncryption, KeyManagementAlgorithm, SignatureAlgorithm};
use jose::{Alg, Jwk};
use serde_json::{Value, json};

use crate::backend::BackendName;
use crate::failure::Failure;
use crate::output::Output;

/// Which algorithms there are, in which backend, and whether they are approved under FIPS 140-3.
///
/// Of every backend that was built in, whatever --backend says.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  jose alg --json")]
pub(crate) struct Args {}

pub(crate) fn run(_: Args, output: Output) -> Result<(), Failure> {
    let backends = BackendName::ALL.map(|name| (name, name.get()));
    if output.is_json() {
        let list: Vec<Value> =
            backends.iter().map(|(name, backend)| report(*name, backend)).collect();
        return output.json(&json!({"schema": "jose-cli/1", "command": "alg", "backends": list}));
    }
    for (name, backend) in backends {
        let backend = match backend {
            Ok(backend) => backend,
            Err(failure) => {
                output.line(&format!("{}: not here: {failure}", name.name()))?;
                continue;
            }
        };
        output.line(&format!("{}: {}", name.name(), backend.fips_status()))?;
        for (kind, alg) in all() {
            let remark = match (supports(alg, backend), backend.is_fips()) {
                (false, _) => "not supported".to_owned(),
                (true, true) => backend.approval(alg, None).to_string(),
                (true, false) if alg.name() == "RSA1_5" => {
                    "decrypts only, and where it is asked for".into()
                }
                (true, false) => String::new(),
            };
            let line = format!("  {kind:<19} {:<20} {remark}", alg.name());
            output.line(line.trim_end())?;
        }
    }
    Ok(())
}

fn report(name: BackendName, backend: &Result<&'static dyn Backend, Failure>) -> Value {
    match backend {
        Ok(backend) => {
            let algorithms: Vec<Value> = all()
                .map(|(kind, alg)| {
                    json!({
                        "alg": alg.name(),
                        "kind": kind,
                        "supported": supports(alg, *backend),
                        "approval": backend.approval(alg, None).to_string(),
                    })
                })
                .collect();
            json!({
                "name": name.name(),
                "fips": backend.fips_status().to_string(),
                "algorithms": algorithms,
            })
        }
        Err(failure) => {
            json!({"name": name.name(), "algorithms": [], "missing": failure.to_string()})
        }
    }
}

/// Whether a backend has an algorithm: it is asked for a key. RSA, where that takes long, they all have.
fn supports(alg: Alg, backend: &dyn Backend) -> bool {
    let name = alg.name();
    if name.starts_with("RS") || name.starts_with("PS") {
        return true;
    }
    let lacks =
        |error| matches!(error, KeyError::Unsupported { .. } | KeyError::NotApproved { .. });
    !Jwk::generate(alg, backend).is_err_and(lacks)
}

fn all() -> impl Iterator<Item = (&'static str, Alg)> {
    let signatures = SignatureAlgorithm::ALL.iter().map(|alg| ("signature", Alg::from(*alg)));
    let keys = KeyManagementAlgorithm::ALL.iter().map(|alg| ("key management", Alg::from(*alg)));
    let contents = ContentEncryption::ALL.iter().map(|alg| ("content encryption", Alg::from(*alg)));
    signatures.chain(keys).chain(contents)
}
