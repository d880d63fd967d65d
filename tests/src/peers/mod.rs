//! Libraries and programs of others: which there are, how they are asked, what each of them is known
//! not to do, and the page about it.
//!
//! `tests/peers` has a program for each; `cargo xtask interop` installs them and says where.

#![allow(
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

pub mod cases;
pub mod gaps;
mod latchset;
mod lines;
pub mod page;
pub mod sessions;

use serde_json::{Value, json};

use self::latchset::Latchset;
use self::lines::Lines;

/// Somebody else's implementation.
#[derive(Debug)]
#[non_exhaustive]
pub struct Peer {
    /// Its package and, where two have the same name, its language.
    pub name: &'static str,
    /// What language it is used from.
    pub language: &'static str,
    /// Where it is at home.
    pub home: &'static str,
    /// The version that is installed, unless the distribution decides on it.
    pub version: Option<&'static str>,
    /// Whether its content is JSON claims, which it reads and writes in its own way.
    pub claims: bool,
    /// Whether it is a library for signatures alone.
    pub signs_only: bool,
    start: Start,
}

/// How its program is started.
#[derive(Debug)]
enum Start {
    Latchset,
    Node(&'static str),
    Python(&'static str),
    Rust(&'static str),
}

/// Every peer.
pub static PEERS: &[Peer] = &[
    Peer {
        name: "jose",
        language: "JavaScript",
        home: "https://github.com/panva/jose",
        version: Some("6.2.17"),
        claims: false,
        signs_only: false,
        start: Start::Node("jose.mjs"),
    },
    Peer {
        name: "unjwt",
        language: "JavaScript",
        home: "https://github.com/sandros94/unjwt",
        version: Some("0.7.3"),
        claims: false,
        signs_only: false,
        start: Start::Node("unjwt.mjs"),
    },
    Peer {
        name: "jsonwebtoken",
        language: "JavaScript",
        home: "https://github.com/auth0/node-jsonwebtoken",
        version: Some("9.0.3"),
        claims: true,
        signs_only: true,
        start: Start::Node("jsonwebtoken.mjs"),
    },
    Peer {
        name: "joserfc",
        language: "Python",
        home: "https://github.com/authlib/joserfc",
        version: Some("1.8.0"),
        claims: false,
        signs_only: false,
        start: Start::Python("peer_joserfc.py"),
    },
    Peer {
        name: "jwcrypto",
        language: "Python",
        home: "https://github.com/latchset/jwcrypto",
        version: Some("1.6.1"),
        claims: false,
        signs_only: false,
        start: Start::Python("peer_jwcrypto.py"),
    },
    Peer {
        name: "PyJWT",
        language: "Python",
        home: "https://github.com/jpadilla/pyjwt",
        version: Some("2.15.1"),
        claims: false,
        signs_only: true,
        start: Start::Python("peer_pyjwt.py"),
    },
    Peer {
        name: "josekit",
        language: "Rust",
        home: "https://github.com/hidekatsu-izuno/josekit-rs",
        version: Some("0.10.3"),
        claims: false,
        signs_only: false,
        start: Start::Rust("josekit"),
    },
    Peer {
        name: "jsonwebtoken (Rust)",
        language: "Rust",
        home: "https://github.com/Keats/jsonwebtoken",
        version: Some("11.1.0"),
        claims: true,
        signs_only: true,
        start: Start::Rust("jsonwebtoken"),
    },
    Peer {
        name: "latchset jose",
        language: "command line",
        home: "https://github.com/latchset/jose",
        version: None,
        claims: false,
        signs_only: false,
        start: Start::Latchset,
    },
];

impl Peer {
    /// Starts its program.
    #[must_use]
    pub fn connect(&'static self) -> Link {
        Link(match self.start {
            Start::Latchset => Kind::Latchset(Latchset::new()),
            Start::Node(script) => Kind::Lines(Lines::node(script)),
            Start::Python(script) => Kind::Lines(Lines::python(script)),
            Start::Rust(name) => Kind::Lines(Lines::rust(name)),
        })
    }
}

/// A peer that is running.
#[derive(Debug)]
pub struct Link(Kind);

#[derive(Debug)]
enum Kind {
    Latchset(Latchset),
    Lines(Lines),
}

impl Link {
    /// Asks it for `op`, with the other members of the request.
    ///
    /// # Errors
    ///
    /// What it says if it does not do it.
    pub fn ask(&mut self, op: &str, mut request: Value) -> Result<Value, String> {
        if let Some(members) = request.as_object_mut() {
            members.insert("op".to_owned(), json!(op));
        }
        match &mut self.0 {
            Kind::Latchset(latchset) => latchset.ask(&request),
            Kind::Lines(lines) => lines.ask(&request),
        }
    }
}

/// Where the programs of the peers are installed.
fn installed() -> std::path::PathBuf {
    let place = std::env::var_os("JOSE_PEERS").map(Into::into);
    place.unwrap_or_else(|| panic!("JOSE_PEERS is not set: `cargo xtask interop` runs these tests"))
}
