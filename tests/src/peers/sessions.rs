//! Sessions of unjwt in a server of h3, and which of them one in Rust shares: each kind with its keys, for both sides.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

use jose::crypto::Backend;
use jose::jwe::Password;
use jose::{Alg, Jwk};
use jose_session::{Keys, PasswordOptions};
use serde_json::{Map, Value, json};

use super::cases::value;
use super::installed;

/// The version of h3 that unjwt is tried with.
pub const H3: &str = "2.0.8";

/// A kind of session.
#[derive(Debug)]
#[non_exhaustive]
pub struct SessionKind {
    /// What the session is called.
    pub name: &'static str,
    /// What it is, for the page.
    pub what: &'static str,
    /// How its content is encrypted, if it is.
    pub enc: Option<&'static str>,
    secret: Secret,
}

#[derive(Debug)]
enum Secret {
    Password(&'static str),
    Key(Alg),
    Pair(Alg),
}

/// Every kind that both have.
pub static SESSION_KINDS: &[SessionKind] = &[
    SessionKind {
        name: "password",
        what: "a password, `PBES2-HS256+A128KW` of 600 000 rounds",
        enc: Some("A128GCM"),
        secret: Secret::Password("correct horse battery staple"),
    },
    SessionKind {
        name: "shared",
        what: "a shared key, `A256KW`",
        enc: Some("A256GCM"),
        secret: Secret::Key(Alg::KeyManagementAlgorithm(Alg::A256KW)),
    },
    SessionKind {
        name: "agreed",
        what: "a pair, `ECDH-ES+A256KW`",
        enc: Some("A128CBC-HS256"),
        secret: Secret::Pair(Alg::KeyManagementAlgorithm(Alg::ECDH_ES_A256KW)),
    },
    SessionKind {
        name: "mac",
        what: "a shared key, `HS256`",
        enc: None,
        secret: Secret::Key(Alg::SignatureAlgorithm(Alg::HS256)),
    },
    SessionKind {
        name: "signed",
        what: "a pair, `ES256`",
        enc: None,
        secret: Secret::Pair(Alg::SignatureAlgorithm(Alg::ES256)),
    },
];

/// A kind of session and the keys of this run: for Node.js, and for either backend here.
#[derive(Debug)]
pub struct Shared {
    /// The kind.
    pub kind: &'static SessionKind,
    jwk: Option<Jwk>,
}

impl Shared {
    /// With new keys.
    #[must_use]
    pub fn new(kind: &'static SessionKind, backend: &dyn Backend) -> Self {
        let jwk = match kind.secret {
            Secret::Password(_) => None,
            Secret::Key(alg) | Secret::Pair(alg) => Some(Jwk::generate(alg, backend).unwrap()),
        };
        let jwk = jwk.map(|jwk| match kind.enc {
            // Both sides look there for it. Where it is not, unjwt takes `A128GCM` and `Keys::from_jwk` `A256GCM`.
            Some(enc) => {
                let mut members = value(&jwk);
                members["enc"] = enc.into();
                Jwk::from_json(members.to_string()).unwrap()
            }
            None => jwk,
        });
        Self { kind, jwk }
    }

    /// The keys for sessions here.
    #[must_use]
    pub fn keys(&self, backend: &'static dyn Backend) -> Keys {
        match (&self.kind.secret, &self.jwk) {
            (Secret::Password(password), _) => {
                // What unjwt does with a password unless told otherwise. They are the defaults here too, but it is
                // on these that the two agree.
                let mut options = PasswordOptions::default();
                options.alg = Alg::PBES2_HS256_A128KW;
                options.enc = Alg::A128GCM;
                options.p2c = 600_000;
                Keys::from_password_with(&Password::new(password.as_bytes()), options, backend)
                    .unwrap()
            }
            (_, jwk) => Keys::from_jwk(jwk.as_ref().unwrap(), backend).unwrap(),
        }
    }

    /// The same for Node.js.
    fn told(&self) -> Value {
        let key = match (&self.kind.secret, &self.jwk) {
            (Secret::Password(password), _) => json!(password),
            (Secret::Key(_), jwk) => value(jwk.as_ref().unwrap()),
            (Secret::Pair(_), jwk) => {
                let jwk = jwk.as_ref().unwrap();
                json!({"privateKey": value(jwk), "publicKey": value(&jwk.to_public().unwrap())})
            }
        };
        json!({"signed": self.kind.enc.is_none(), "key": key, "maxAge": "1h"})
    }
}

/// The server on Node.js, which ends with this value.
#[derive(Debug)]
pub struct SessionServer {
    child: Child,
    input: Option<ChildStdin>,
    port: u16,
    /// The version of h3 that it runs on.
    pub h3: String,
}

impl SessionServer {
    /// Starts it, with sessions of these kinds and keys.
    #[must_use]
    pub fn start<'a>(kinds: impl IntoIterator<Item = &'a Shared>) -> Self {
        let script = installed().join("node/sessions.mjs");
        let mut command = Command::new("node");
        // 16 KiB of header by default, which is less than a session in four cookies.
        command.args(["--no-warnings", "--max-http-header-size=65536"]).arg(script);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let told = kinds.into_iter().map(|shared| (shared.kind.name.to_owned(), shared.told()));
        writeln!(input, "{}", Value::Object(told.collect::<Map<_, _>>())).unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        let port = told["port"].as_u64().unwrap().try_into().unwrap();
        let h3 = told["h3"].as_str().unwrap().to_owned();
        Self { child, input: Some(input), port, h3 }
    }

    /// Where the sessions of a kind are.
    #[must_use]
    pub fn url(&self, kind: &SessionKind) -> String {
        format!("http://127.0.0.1:{}/{}", self.port, kind.name)
    }
}

impl Drop for SessionServer {
    /// It ends with its input.
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.wait();
    }
}
