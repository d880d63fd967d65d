//! The page of the guide about limits names every ceiling, with its number and with a test there is.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fs;
use std::path::Path;

use jose::{Limits, limits};

const PAGE: &str = include_str!("../../docs/guide/limits.md");
const SOURCE: &str = include_str!("../../crates/jose-core/src/limits.rs");

/// Every ceiling with a name, in the order of the source.
fn ceilings() -> Vec<(&'static str, u64)> {
    let own = Limits::default();
    let fields = [
        ("inflated", own.inflated),
        ("recipients", own.recipients),
        ("token", own.token),
        ("header", own.header),
        ("header_depth", own.header_depth),
        ("claims_depth", own.claims_depth),
        ("jwk_set", own.jwk_set),
        ("jwk_set_keys", own.jwk_set_keys),
        ("signatures", own.signatures),
        ("tries", own.tries),
    ];
    let fields = fields.map(|(name, value)| (name, u64::try_from(value).unwrap()));
    let size = |size: usize| u64::try_from(size).unwrap();
    let consts = [
        ("MAX_LEEWAY", limits::MAX_LEEWAY.as_secs()),
        ("MAX_CERTIFICATES", size(limits::MAX_CERTIFICATES)),
        ("MAX_KEY_OPS", size(limits::MAX_KEY_OPS)),
        ("MIN_P2C", limits::MIN_P2C.into()),
        ("MAX_P2C", limits::MAX_P2C.into()),
        ("MAX_P2S", size(limits::MAX_P2S)),
        ("MAX_PBKDF2_COUNT", limits::MAX_PBKDF2_COUNT.into()),
        ("MAX_SCRYPT_MEMORY", limits::MAX_SCRYPT_MEMORY),
        ("MAX_SCRYPT_R", limits::MAX_SCRYPT_R),
        ("MAX_SCRYPT_P", limits::MAX_SCRYPT_P.into()),
        ("MAX_SCRYPT_LOG_N", limits::MAX_SCRYPT_LOG_N.into()),
        ("MIN_RSA_BITS", size(limits::MIN_RSA_BITS)),
        ("MAX_RSA_BITS", size(limits::MAX_RSA_BITS)),
        ("MAX_RSA_EXPONENT_BITS", size(limits::MAX_RSA_EXPONENT_BITS)),
        ("MAX_OCT_BITS", size(limits::MAX_OCT_BITS)),
    ];
    fields.into_iter().chain(consts).collect()
}

/// The cells of the tables' rows, without their headings.
fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    let rows = PAGE.lines().filter(|line| line.starts_with("| ") && !line.contains(" ceiling on "));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
}

#[test]
fn every_ceiling_of_the_source_is_known_here() {
    let names = SOURCE.lines().filter_map(|line| {
        let item = line.trim_start().strip_prefix("pub ")?;
        let item = item.strip_prefix("const ").unwrap_or(item);
        let (name, _) = item.split_once(": ")?;
        (name != "DEFAULT").then_some(name)
    });
    let known: Vec<_> = ceilings().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.collect::<Vec<_>>(), known);
}

#[test]
fn the_page_has_every_ceiling_with_its_number() {
    let named = rows().filter(|row| row.len() == 6 && row[1].starts_with('`'));
    let listed: Vec<_> = named
        .map(|row| (row[1].trim_matches('`'), row[2].replace(' ', "").parse::<u64>().unwrap()))
        .collect();
    assert_eq!(listed, ceilings());
}

#[test]
fn every_test_that_the_page_names_is_there() {
    let mut sources = String::new();
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    for name in ["jose-core", "jose-conformance"] {
        collect(&crates.join(name).join("src"), &mut sources);
    }
    let mut tests = 0;
    for row in rows().filter(|row| row.last().is_some_and(|cell| cell.contains('_'))) {
        let test = row.last().unwrap().trim_matches('`');
        assert!(sources.contains(&format!("fn {test}(")), "{test}");
        tests += 1;
    }
    assert_eq!(tests, ceilings().len() + 8, "with those that have no name");
}

fn collect(directory: &Path, into: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            *into += &fs::read_to_string(path).unwrap();
        }
    }
}
