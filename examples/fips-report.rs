//! Whether this system's OpenSSL has a FIPS module, which, and what is approved in it.
//!
//! `cargo run -p jose-examples --features openssl --example fips-report` asks what the system's
//! configuration file names; a file of another path is given as an argument, and has to name where its
//! module is, unless that is where OpenSSL looks.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a report is printed")]

use core::error::Error;
use std::process::ExitCode;

use jose::crypto::{Approval, Backend};
use jose::jwa::{Alg, ContentEncryption, KeyManagementAlgorithm, SignatureAlgorithm};
use jose::openssl::{FipsConfig, fips, fips_from};

fn main() -> ExitCode {
    let backend = match std::env::args_os().nth(1) {
        None => fips(),
        Some(file) => fips_from(&FipsConfig::new(file)),
    };
    match backend {
        Ok(backend) => {
            report(backend);
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("not FIPS: {}", told(&error));
            ExitCode::FAILURE
        }
    }
}

/// The module, and a line for each algorithm.
fn report(backend: &dyn Backend) {
    println!("{}\n", backend.fips_status());
    let signatures = SignatureAlgorithm::ALL.iter().map(|alg| Alg::from(*alg));
    let managements = KeyManagementAlgorithm::ALL.iter().map(|alg| Alg::from(*alg));
    let encryptions = ContentEncryption::ALL.iter().map(|enc| Alg::from(*enc));
    for alg in signatures.chain(managements).chain(encryptions) {
        let approval = backend.approval(alg, None);
        let status = match approval {
            Approval::Approved => "approved",
            Approval::Allowed { .. } => "allowed",
            _ => "not approved",
        };
        let line = format!("{:<20} {status:<14} {}", alg.name(), approval.reason().unwrap_or(""));
        println!("{}", line.trim_end());
    }
}

/// The error with what led to it.
fn told(error: &(dyn Error + 'static)) -> String {
    let chain = core::iter::successors(Some(error), |error| (**error).source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
