//! The page about the peers, as the tables have it: the tests say whether these are right.

use core::fmt::Write as _;

use super::cases::{Case, Direction, ENCRYPTION, Row, SIGNATURES, Serialization};
use super::gaps::{GAPS, gap};
use super::sessions::{H3, SESSION_KINDS};
use super::{PEERS, Peer};

/// `docs/interop.md`.
#[must_use]
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    page += "\n| peer | version | used from |\n|---|---|---|\n";
    for peer in PEERS {
        let version = peer.version.unwrap_or("that of Debian 12");
        let _ =
            writeln!(page, "| [{}]({}) | {version} | {} |", peer.name, peer.home, peer.language);
    }
    page += "\n## Signatures\n\n";
    page += LEGEND;
    table(&mut page, SIGNATURES, |_| true);
    page += "\n## Encryption\n\nIn the compact serialization with all six `enc`, in the others with one of either kind.\n\n";
    table(&mut page, ENCRYPTION, |peer| !peer.signs_only);
    sessions(&mut page);
    page += "\n## What a peer does not do\n";
    for peer in PEERS {
        let mut reasons: Vec<&str> = Vec::new();
        if peer.signs_only {
            reasons.push("It does not encrypt.");
        }
        for gap in GAPS.iter().filter(|gap| gap.is_of(peer)) {
            if !reasons.contains(&gap.why) {
                reasons.push(gap.why);
            }
        }
        let _ = write!(page, "\n**{}**\n\n", peer.name);
        for reason in reasons {
            let _ = writeln!(page, "- {reason}");
        }
    }
    page
}

fn sessions(page: &mut String) {
    let _ = write!(
        page,
        "\n## Sessions\n\nOne is shared by `jose-session` and unjwt under [h3]({H3_HOME}) {H3}.\n"
    );
    *page += SESSIONS;
    *page += "| key | content |\n|---|---|\n";
    for kind in SESSION_KINDS {
        let content = kind.enc.map_or("signed".to_owned(), |enc| format!("encrypted by `{enc}`"));
        let _ = writeln!(page, "| {} | {content} |", kind.what);
    }
}

fn table(page: &mut String, rows: &'static [Row], of: impl Fn(&Peer) -> bool) {
    let peers: Vec<&Peer> = PEERS.iter().filter(|peer| of(peer)).collect();
    let names: Vec<String> = peers.iter().map(|peer| format!(" {} |", peer.name)).collect();
    let _ = writeln!(page, "| |{}", names.concat());
    let _ = writeln!(page, "|---|{}", "---|".repeat(peers.len()));
    for row in rows {
        let cells: Vec<String> =
            peers.iter().map(|peer| format!(" {} |", cell(peer, row))).collect();
        let _ = writeln!(page, "| {} |{}", row.name, cells.concat());
    }
}

/// The serializations that work, those of one way alone after an arrow.
fn cell(peer: &Peer, row: &'static Row) -> String {
    let works = |serialization: Serialization, direction| {
        let of = |case: &Case| case.serialization == serialization;
        row.cases().iter().filter(|case| of(case)).all(|case| gap(peer, case, direction).is_none())
    };
    let letters = |there, here| -> String {
        let these = row.serializations().iter().filter(|serialization| {
            works(**serialization, Direction::There) == there
                && works(**serialization, Direction::Here) == here
        });
        these.map(|serialization| &serialization.name()[..1]).collect()
    };
    let mut parts = vec![letters(true, true)];
    for (arrow, letters) in [("→", letters(true, false)), ("←", letters(false, true))] {
        if !letters.is_empty() {
            parts.push(format!("{arrow}{letters}"));
        }
    }
    parts.retain(|part| !part.is_empty());
    if parts.is_empty() { "–".to_owned() } else { parts.join(" ") }
}

const HEAD: &str = "\
# With other implementations

`cargo xtask interop` installs these libraries and programs of others, in these versions, and tries every
algorithm with each of them in every serialization, both ways and on both backends: what one side writes
the other reads, and what was changed by one octet on its way it refuses. Keys go both ways too, and so do
the thumbprints of keys. Then it compares this page, which `cargo xtask interop --write` writes.
";

const LEGEND: &str = "\
`c` is the compact serialization, `f` the flattened and `g` the general one. What stands after no arrow goes
both ways; `→` goes from this library to the peer alone, `←` from the peer to this library alone. What is on
Ed448 and X448 goes with the backend `openssl`, the only one that has them. In the rows of two algorithms a
token has two signatures or two recipients, and each of them is tried.

";

const H3_HOME: &str = "https://github.com/h3js/h3";

const SESSIONS: &str = "\
What the one sets, in one cookie, in two or in four, the other opens with the same data, and what the one
issued the other takes in the header field. Each expires the parts that the other left over, when a session
becomes shorter and when it is cleared. A session of which a part was changed, swapped or lost is none for
either. It is so on both backends here, with each of these keys. A key that encrypts names its `enc`: where it
does not, unjwt takes `A128GCM`, and `Keys::from_jwk` takes `A256GCM`.

";
