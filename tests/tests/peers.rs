//! Libraries and programs of others: what one side writes the other reads, and refuses when it was
//! changed on the way.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

use std::sync::OnceLock;

use jose::crypto::{Backend, NewKey};
use jose::error::{DecryptError, VerifyError};
use jose::jwa::Hash;
use jose::{Jwk, jwe, jws};
use jose_tests::backends;
use jose_tests::peers::cases::{
    Case, Direction, ENCRYPTION, Prepared, Refused, Row, SIGNATURES, changed, value,
};
use jose_tests::peers::gaps::{GAPS, gap};
use jose_tests::peers::{Link, PEERS, Peer};
use serde_json::{Value, json};

/// The backend that has every algorithm.
fn maker() -> &'static dyn Backend {
    let backend = backends().into_iter().find(|backend| backend.name() == "openssl");
    backend.expect("the tests of the peers are run with both backends")
}

/// One RSA key for every test, because they are slow to make.
fn rsa() -> &'static Jwk {
    static RSA: OnceLock<Jwk> = OnceLock::new();
    RSA.get_or_init(|| Jwk::new(maker().generate(NewKey::Rsa { bits: 2048 }).unwrap()))
}

/// Whether what was read is what was written: of claims what they say, and not how.
fn is_same(peer: &Peer, found: &[u8], content: &[u8]) -> bool {
    let json = |octets| serde_json::from_slice::<Value>(octets).unwrap();
    if peer.claims { json(found) == json(content) } else { found == content }
}

/// Tries one case one way.
fn attempt(
    peer: &Peer,
    link: &mut Link,
    prepared: &Prepared,
    direction: Direction,
    backend: &'static dyn Backend,
) -> Result<(), String> {
    let content = prepared.content(peer);
    let found = if direction == Direction::There {
        prepared.ask_to_read(&prepared.write(content, backend), link)?
    } else {
        let token = prepared.ask_to_write(content, link)?;
        prepared.read(&token, backend).map_err(|refused| refused.to_string())?
    };
    if is_same(peer, &found, content) { Ok(()) } else { Err("read something else".to_owned()) }
}

/// Every case of `rows` that is one `of` those wanted, with each peer and backend: `check` says what is wrong with it.
fn every(
    rows: &'static [Row],
    of: impl Fn(&Peer, &Case) -> bool,
    check: impl Fn(&Peer, &mut Link, &Prepared, &'static dyn Backend) -> Result<(), String>,
) {
    let mut problems = Vec::new();
    let mut count = 0;
    for peer in PEERS {
        let mut link = peer.connect();
        for case in rows.iter().flat_map(Row::cases).filter(|case| of(peer, case)) {
            if peer.signs_only && case.enc.is_some() {
                continue;
            }
            let prepared = case.prepare(rsa(), maker());
            for backend in backends().into_iter().filter(|backend| prepared.is_known_to(*backend)) {
                count += 1;
                if let Err(problem) = check(peer, &mut link, &prepared, backend) {
                    problems.push(format!("{}: {case}, {}: {problem}", peer.name, backend.name()));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{} of {count}:\n{}", problems.len(), problems.join("\n"));
}

/// That every case works one way, but those that are known not to, and that these do not work for
/// the reason that is known.
fn assert_known(rows: &'static [Row], direction: Direction) {
    let all = |_: &Peer, _: &Case| true;
    every(rows, all, |peer, link, prepared, backend| {
        let outcome = attempt(peer, link, prepared, direction, backend);
        match (outcome, gap(peer, &prepared.case, direction)) {
            (Ok(()), None) => Ok(()),
            (Err(error), Some(gap)) if gap.explains(&error) => Ok(()),
            (Ok(()), Some(gap)) => Err(format!("works, and is said not to: {}", gap.why)),
            (Err(error), _) => Err(error),
        }
    });
}

#[test]
fn what_is_signed_here_every_peer_verifies() {
    assert_known(SIGNATURES, Direction::There);
}

#[test]
fn what_a_peer_signs_is_verified_here() {
    assert_known(SIGNATURES, Direction::Here);
}

#[test]
fn what_is_encrypted_here_every_peer_decrypts() {
    assert_known(ENCRYPTION, Direction::There);
}

#[test]
fn what_a_peer_encrypts_is_decrypted_here() {
    assert_known(ENCRYPTION, Direction::Here);
}

#[test]
fn peers_for_signatures_alone_neither_encrypt_nor_decrypt() {
    for peer in PEERS.iter().filter(|peer| peer.signs_only) {
        let mut link = peer.connect();
        for op in ["encrypt", "decrypt"] {
            let error = link.ask(op, json!({"keys": []})).unwrap_err();
            assert_eq!(error, format!("unsupported: no {op}"), "{}", peer.name);
        }
    }
}

#[test]
fn every_peer_has_the_version_that_is_written_down() {
    for peer in PEERS {
        let Some(version) = peer.version else { continue };
        let answer = peer.connect().ask("version", json!({})).unwrap();
        assert_eq!(answer["version"], version, "{}", peer.name);
    }
}

#[test]
fn every_known_gap_covers_a_case() {
    for gap in GAPS {
        let peer = PEERS.iter().find(|peer| gap.is_of(peer)).unwrap();
        let cases = SIGNATURES.iter().chain(ENCRYPTION).flat_map(Row::cases);
        let mut cases = cases.flat_map(|case| Direction::ALL.map(|direction| (case, direction)));
        let first = |(case, direction): (Case, Direction)| {
            jose_tests::peers::gaps::gap(peer, &case, direction)
                .is_some_and(|found| core::ptr::eq(found, gap))
        };
        assert!(cases.any(first), "{}: {}", peer.name, gap.why);
    }
}

/// The parts of a token of which a changed octet is to be noticed.
fn parts(prepared: &Prepared) -> &'static [&'static str] {
    match prepared.case.enc {
        None => &["payload", "signature"],
        Some(_) => &["ciphertext", "tag"],
    }
}

/// That a change is refused wherever the token itself is taken.
fn assert_refused(rows: &'static [Row], direction: Direction) {
    // One way to encrypt the content is enough, and those that do not work are tested above.
    let of = |peer: &Peer, case: &Case| {
        case.enc.is_none_or(|enc| enc.name() == "A128CBC-HS256")
            && gap(peer, case, direction).is_none()
    };
    every(rows, of, |peer, link, prepared, backend| {
        let content = prepared.content(peer);
        let token = if direction == Direction::There {
            prepared.write(content, backend)
        } else {
            prepared.ask_to_write(content, link)?
        };
        for part in parts(prepared) {
            let token = changed(&token, part);
            if direction == Direction::There {
                if prepared.ask_to_read(&token, link).is_ok() {
                    return Err(format!("takes a changed {part}"));
                }
                continue;
            }
            match prepared.read(&token, backend) {
                Err(
                    Refused::Jws(jws::Error::Verify(
                        VerifyError::InvalidSignature | VerifyError::Unmet(_),
                    ))
                    | Refused::Jwe(jwe::Error::Decrypt(DecryptError::Failed)),
                ) => {}
                Err(other) => return Err(format!("a changed {part} is refused by {other}")),
                Ok(_) => return Err(format!("a changed {part} is taken")),
            }
        }
        Ok(())
    });
}

#[test]
fn what_is_signed_here_and_changed_no_peer_verifies() {
    assert_refused(SIGNATURES, Direction::There);
}

#[test]
fn what_a_peer_signs_and_somebody_changes_is_refused_here() {
    assert_refused(SIGNATURES, Direction::Here);
}

#[test]
fn what_is_encrypted_here_and_changed_no_peer_decrypts() {
    assert_refused(ENCRYPTION, Direction::There);
}

#[test]
fn what_a_peer_encrypts_and_somebody_changes_is_refused_here() {
    assert_refused(ENCRYPTION, Direction::Here);
}

/// A kind of key, and the row that it serves.
struct Kind {
    kty: &'static str,
    crv: Option<&'static str>,
    row: &'static str,
    /// The peers that do not make such a key. One of them asks for P-521 under a wrong name.
    lacking: &'static [&'static str],
}

/// Those that make no keys at all.
const KEYLESS: [&str; 3] = ["jsonwebtoken", "PyJWT", "jsonwebtoken (Rust)"];

const KINDS: &[Kind] = &[
    Kind { kty: "oct", crv: None, row: "HS256", lacking: &[] },
    Kind { kty: "RSA", crv: None, row: "RS256", lacking: &[] },
    Kind { kty: "EC", crv: Some("P-256"), row: "ES256", lacking: &[] },
    Kind { kty: "EC", crv: Some("P-384"), row: "ES384", lacking: &[] },
    Kind { kty: "EC", crv: Some("P-521"), row: "ES512", lacking: &["unjwt"] },
    Kind {
        kty: "EC",
        crv: Some("secp256k1"),
        row: "ES256K",
        lacking: &["jose", "unjwt", "latchset jose"],
    },
    Kind { kty: "OKP", crv: Some("Ed25519"), row: "EdDSA on Ed25519", lacking: &["latchset jose"] },
    Kind {
        kty: "OKP",
        crv: Some("Ed448"),
        row: "EdDSA on Ed448",
        lacking: &["jose", "unjwt", "latchset jose"],
    },
    Kind {
        kty: "OKP",
        crv: Some("X25519"),
        row: "ECDH-ES+A256KW on X25519",
        lacking: &["latchset jose"],
    },
    Kind {
        kty: "OKP",
        crv: Some("X448"),
        row: "ECDH-ES+A256KW on X448",
        lacking: &["jose", "unjwt", "latchset jose"],
    },
];

#[test]
fn a_key_that_a_peer_made_serves_here_and_there() {
    for peer in PEERS {
        let mut link = peer.connect();
        for kind in KINDS {
            let what = format!("{}: {} {:?}", peer.name, kind.kty, kind.crv);
            let answer = link.ask("generate", json!({"kty": kind.kty, "crv": kind.crv}));
            let lacking = KEYLESS.contains(&peer.name) || kind.lacking.contains(&peer.name);
            assert_eq!(answer.is_err(), lacking, "{what}: {answer:?}");
            let Ok(answer) = answer else { continue };

            let jwk = Jwk::from_json(answer["jwk"].to_string()).unwrap();
            let row = SIGNATURES.iter().chain(ENCRYPTION).find(|row| row.name == kind.row);
            let case = row.unwrap().cases()[0];
            let prepared = Prepared::with_key(case, &jwk);
            for backend in backends().into_iter().filter(|backend| prepared.is_known_to(*backend)) {
                jwk.check_consistency(backend).unwrap();
                for direction in Direction::ALL {
                    let outcome = attempt(peer, &mut link, &prepared, direction, backend);
                    assert_eq!(outcome, Ok(()), "{what}, {direction:?}, {}", backend.name());
                }
            }
            assert!(prepared.is_known_to(maker()), "{what}");
        }
    }
}

#[test]
fn a_thumbprint_is_the_same_here_and_there() {
    let without = ["jsonwebtoken", "unjwt", "PyJWT", "josekit"];
    let rows = ["HS256", "RS256", "ES256", "ES384", "ES512", "Ed25519"];
    for peer in PEERS {
        let mut link = peer.connect();
        for row in SIGNATURES.iter().filter(|row| rows.contains(&row.name)) {
            // Of a type that it does not know it hashes nothing, and writes something all the same.
            if peer.name == "latchset jose" && row.name == "Ed25519" {
                continue;
            }
            let prepared = row.cases()[0].prepare(rsa(), maker());
            let jwk = prepared.key();
            let answer = link.ask("thumbprint", json!({"jwk": value(jwk)}));
            let what = format!("{}: {}", peer.name, row.name);
            assert_eq!(answer.is_err(), without.contains(&peer.name), "{what}: {answer:?}");
            let Ok(answer) = answer else { continue };
            let thumbprint = jwk.thumbprint(Hash::Sha256, maker()).unwrap();
            assert_eq!(answer["thumbprint"], thumbprint, "{what}");
        }
    }
}
