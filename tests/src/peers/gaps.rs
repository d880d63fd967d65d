//! What a peer is known not to do, or does in a way that this library refuses, and why.

use super::Peer;
use super::cases::{Case, Direction, Serialization};

/// Cases that do not work, for one reason.
#[derive(Debug)]
#[non_exhaustive]
pub struct Gap {
    peer: &'static str,
    /// The names of the rows; `*` stands for anything.
    rows: &'static [&'static str],
    serializations: &'static [Serialization],
    directions: &'static [Direction],
    /// Whether it is of a single key alone.
    single: bool,
    /// What has to be in the error.
    says: &'static str,
    /// A sentence of the page.
    pub why: &'static str,
}

impl Gap {
    /// Whether it is of this peer.
    #[must_use]
    pub fn is_of(&self, peer: &Peer) -> bool {
        self.peer == peer.name
    }

    /// Whether it is why this case does not work.
    #[must_use]
    pub fn covers(&self, peer: &Peer, case: &Case, direction: Direction) -> bool {
        let any = |patterns: &[&str], name: &str| {
            let mut patterns = patterns.iter();
            patterns.any(|pattern| match pattern.split_once('*') {
                Some((start, end)) => name.starts_with(start) && name.ends_with(end),
                None => name == *pattern,
            })
        };
        self.is_of(peer)
            && any(self.rows, case.row.name)
            && (!self.single || case.row.serializations().len() > 1)
            && self.serializations.contains(&case.serialization)
            && self.directions.contains(&direction)
    }

    /// Whether an error is the one that is expected.
    #[must_use]
    pub fn explains(&self, error: &str) -> bool {
        error.contains(self.says)
    }
}

/// The first gap that covers a case.
#[must_use]
pub fn gap(peer: &Peer, case: &Case, direction: Direction) -> Option<&'static Gap> {
    GAPS.iter().find(|gap| gap.covers(peer, case, direction))
}

const ANY: &[&str] = &["*"];
const JSON: &[Serialization] = &[Serialization::Flattened, Serialization::General];
const GENERAL: &[Serialization] = &[Serialization::General];
const HERE: &[Direction] = &[Direction::Here];
const THERE: &[Direction] = &[Direction::There];

/// A gap of all serializations, both ways.
const fn lacks(
    peer: &'static str,
    rows: &'static [&'static str],
    says: &'static str,
    why: &'static str,
) -> Gap {
    let (serializations, directions) = (&Serialization::ALL, &Direction::ALL);
    Gap { peer, rows, serializations, directions, single: false, says, why }
}

impl Gap {
    const fn of(self, serializations: &'static [Serialization]) -> Self {
        Self { serializations, ..self }
    }

    const fn single(self) -> Self {
        Self { single: true, ..self }
    }

    const fn only(self, directions: &'static [Direction]) -> Self {
        Self { directions, ..self }
    }
}

const NO_CURVES: &str = "It has no keys on secp256k1, Ed448 and X448.";
const COMPACT_ALONE: &str = "It has compact tokens alone.";
const EMPTY_KEY: &str =
    "It writes an empty `encrypted_key`, which must be absent then (RFC 7516 §7.2.1).";

/// Everything that does not work, and nothing else. Of those that cover a case the first counts.
pub static GAPS: &[Gap] = &[
    lacks("jose", &["ES256K", "Ed448", "ECDH-ES*X448"], "ERR_JOSE_NOT_SUPPORTED", NO_CURVES),
    lacks("jose", &["EdDSA on Ed448"], "name mismatch", NO_CURVES),
    lacks(
        "unjwt",
        &["dir", "ECDH-ES on*"],
        "ERR_JWE_ALG_FORBIDDEN_IN_MULTI",
        "It writes JSON for keys that are wrapped alone.",
    )
    .of(JSON)
    .only(HERE),
    lacks(
        "unjwt",
        &["dir", "ECDH-ES on*"],
        "missing both recipients[] and flattened header/encrypted_key",
        "It reads no flattened JWE that has neither a `header` nor an `encrypted_key`.",
    )
    .of(&[Serialization::Flattened])
    .only(THERE),
    lacks("unjwt", &["ES256K", "Ed448", "EdDSA on Ed448"], "", NO_CURVES),
    lacks("unjwt", &["ECDH-ES*X448"], "ECDH with the provided key is not allowed", NO_CURVES),
    lacks("jsonwebtoken", ANY, "unsupported: compact tokens alone", COMPACT_ALONE).of(JSON),
    lacks(
        "jsonwebtoken",
        &["ES256K", "Ed*"],
        "",
        "It has no keys on secp256k1, Ed25519 and Ed448.",
    ),
    lacks(
        "joserfc",
        &["RSA-OAEP-384", "RSA-OAEP-512"],
        "UnsupportedAlgorithmError",
        "It has no `RSA-OAEP-384` and `RSA-OAEP-512`.",
    ),
    lacks("joserfc", &["dir", "ECDH-ES on*"], "ERR_JWE_INVALID", EMPTY_KEY).of(JSON).only(HERE),
    lacks(
        "jwcrypto",
        ANY,
        "unsupported: general JSON of one entry is not written",
        "It writes general JSON for several alone.",
    )
    .of(GENERAL)
    .only(HERE)
    .single(),
    lacks(
        "jwcrypto",
        &["RSA-OAEP-384", "RSA-OAEP-512"],
        "InvalidJWAAlgorithm",
        "It has no `RSA-OAEP-384` and `RSA-OAEP-512`.",
    ),
    lacks("PyJWT", ANY, "unsupported: compact tokens alone", COMPACT_ALONE).of(JSON),
    lacks(
        "PyJWT",
        &["Ed25519", "Ed448"],
        "PyJWKError",
        "It has Ed25519 and Ed448 under the name `EdDSA` alone.",
    ),
    lacks(
        "josekit",
        &["Ed25519", "Ed448"],
        "unsupported: no Ed",
        "It has Ed25519 and Ed448 under the name `EdDSA` alone.",
    ),
    lacks("jsonwebtoken (Rust)", ANY, "unsupported: compact tokens alone", COMPACT_ALONE).of(JSON),
    lacks(
        "jsonwebtoken (Rust)",
        &["ES512", "ES256K", "Ed25519", "Ed448"],
        "unsupported: no E",
        "It has no `ES512` and no `ES256K`, and Ed25519 under the name `EdDSA` alone.",
    ),
    lacks("jsonwebtoken (Rust)", &["EdDSA on Ed448"], "", "It has no keys on Ed448."),
    lacks(
        "latchset jose",
        &["ES256K", "Ed*"],
        "JOSE_CFG_ERR_ALG_NOTSUP",
        "It has no keys on secp256k1, Ed25519 and Ed448.",
    ),
    lacks(
        "latchset jose",
        &["RSA-OAEP*", "A128KW and RSA-OAEP-256"],
        "rapping failed!",
        "As Debian builds it, it has no `RSA-OAEP` of any kind.",
    ),
    lacks(
        "latchset jose",
        &["ECDH-ES*X25519", "ECDH-ES*X448"],
        "rapping failed!",
        "It agrees on keys on the curves of NIST alone.",
    ),
    lacks(
        "latchset jose",
        ANY,
        "wrote another serialization",
        "It writes general JSON for several alone.",
    )
    .of(GENERAL)
    .only(HERE)
    .single(),
    lacks("latchset jose", &["dir"], "ERR_JWE_INVALID", EMPTY_KEY)
        .of(&[Serialization::Flattened])
        .only(HERE),
];
