//! A page and this program, each of which encrypts to the other's keys: there by `WebCrypto` and the npm package `jose`, here by
//! this library. What lies between, which here is nothing but HTTP, could read none of it.
//!
//! `cargo run --example end-to-end [ADDRESS [DIRECTORY]]` serves it on 127.0.0.1:3000, or where the first argument says. The
//! second is where the files of the npm package are that browsers load (`npm install jose`, then
//! `node_modules/jose/dist/webapi`); without it they are taken from where `cargo xtask interop` puts them.
//!
//! Alice is this program, with a key on each of two devices; Bob is the page. Each message is one JWE for all devices
//! of the other (`ECDH-ES+A256KW`): encrypted once, and its key once for each.
//!
//! This is confidentiality and no more. Whoever knows a public key can write to it, so a message says nothing of who wrote it;
//! and whoever gets a private key some day reads all that was ever sent to it: there is no forward secrecy where the
//! recipient's key stays. Nor does a page protect anybody from the server that it came from. The guide has what to do
//! about the first (`docs/guide/end-to-end.md`).
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program that tells what it reads"
)]

mod files;

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jose::RUSTCRYPTO as BACKEND;
use jose::error::KeyError;
use jose::jwa::Hash;
use jose::jwe::{Builder, Recipient};
use jose::jwk::{EcCurve, Generator, OkpCurve};
use jose::{Alg, DecryptionKey, EncryptionKey, Jwe, JwkSet};
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpListener;

/// Where `cargo xtask interop` installs the package.
const PACKAGE: &str = "target/peers/node/node_modules/jose/dist/webapi";
/// What may happen in the page: its own scripts, and requests to where it came from.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1);
    let address = arguments.next().and_then(|address| address.into_string().ok());
    let package = arguments.next().map_or_else(|| PACKAGE.into(), PathBuf::from);
    let package = files::scripts(&package).map_err(|error| {
        format!("{}: {error}; `npm install jose`, and give its dist/webapi", package.display())
    })?;
    let app = Arc::new(App { alice: Alice::new()?, package });

    let router = Router::new()
        .route("/", get(async || file("text/html; charset=utf-8", include_str!("page.html"))))
        .route("/style.css", get(async || file("text/css", include_str!("style.css"))))
        .route("/page.js", get(async || file(SCRIPT, include_str!("page.js"))))
        .route("/exchange.js", get(async || file(SCRIPT, include_str!("exchange.js"))))
        .route("/jose/{*path}", get(library))
        .route("/keys", get(keys))
        .route("/messages", post(message))
        .with_state(Arc::clone(&app));
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:3000")).await?;
    println!("http://{}", listener.local_addr()?);
    for device in &app.alice.devices {
        println!("{} has the key {}", device.name, device.thumbprint);
    }
    axum::serve(listener, router).await?;
    Ok(())
}

struct App {
    alice: Alice,
    /// The files of the npm package, by their paths.
    package: BTreeMap<String, String>,
}

/// Whoever has these devices.
struct Alice {
    devices: Vec<Device>,
    public: JwkSet,
}

/// A private key never leaves its device.
struct Device {
    name: &'static str,
    reads: DecryptionKey,
    thumbprint: String,
}

/// What Bob writes. To whom the answer goes is inside, where nobody on the way can put other keys in.
#[derive(Deserialize)]
struct Message {
    text: String,
    reply_to: Value,
}

impl Alice {
    /// Two devices, with keys on two curves. Each key is named by its thumbprint.
    fn new() -> Result<Self, Box<dyn Error>> {
        let generator = Generator::new(Alg::ECDH_ES_A256KW);
        let phone = generator.clone().curve(EcCurve::P256).generate(BACKEND)?;
        let laptop = generator.curve(OkpCurve::X25519).generate(BACKEND)?;
        let public = JwkSet::new([phone.to_public()?, laptop.to_public()?]);
        let devices = [("Alice's phone", phone), ("Alice's laptop", laptop)];
        let devices = devices.iter().map(|(name, jwk)| {
            let thumbprint = jwk.thumbprint(Hash::Sha256, BACKEND)?;
            Ok(Device { name, reads: DecryptionKey::from_jwk(jwk, BACKEND)?, thumbprint })
        });
        let devices = devices.collect::<Result<_, KeyError>>()?;
        Ok(Self { devices, public })
    }

    /// Reads a message on each device, and answers it.
    fn answer(&self, message: &str) -> Result<String, Box<dyn Error>> {
        let message = Jwe::parse(message)?;
        let mut read: Vec<Vec<u8>> = Vec::new();
        for Device { name, reads, .. } in &self.devices {
            let decrypted = message.decrypt(reads)?;
            // GCM does not commit to its key: who gives each device another one can make a text that they read differently.
            if read.first().is_some_and(|first| first != decrypted.content()) {
                return Err("the devices do not read the same".into());
            }
            println!("{name} reads it, by {}", decrypted.alg());
            read.push(decrypted.into_content());
        }
        let Message { text, reply_to } =
            serde_json::from_slice(read.first().ok_or("there is no device")?)?;
        println!("  {}", text.escape_debug());

        let bob = JwkSet::from_json(reply_to.to_string())?;
        if bob.is_empty() || bob.len() > MOST_DEVICES {
            return Err("there is nobody to answer, or there are too many".into());
        }
        // Alice's own devices get it too: what is encrypted to others, nobody can read who wrote it.
        let recipients = bob.iter().chain(&self.public);
        let keys = recipients.map(|jwk| EncryptionKey::from_jwk(jwk, BACKEND));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let to = keys.iter().map(|key| Recipient::new(key).apu("Alice").apv("Bob"));
        let answer = format!("Alice has read: {text}");
        Ok(Builder::new().enc(Alg::A256GCM).encrypt(answer.as_bytes(), to)?.to_general()?)
    }
}

async fn keys(State(app): State<Arc<App>>) -> Response {
    file("application/jwk-set+json", &app.alice.public.to_public_json())
}

/// Whatever is wrong with a message, the answer to whoever sent it is the same.
async fn message(State(app): State<Arc<App>>, message: String) -> Response {
    match app.alice.answer(&message) {
        Ok(answer) => file("application/jose+json", &answer),
        Err(error) => {
            println!("a message is not read: {}", error.to_string().escape_debug());
            StatusCode::BAD_REQUEST.into_response()
        }
    }
}

async fn library(State(app): State<Arc<App>>, Path(path): Path<String>) -> Response {
    match app.package.get(&path) {
        Some(text) => file(SCRIPT, text),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

const SCRIPT: &str = "text/javascript";
/// Each costs an agreement.
const MOST_DEVICES: usize = 8;

fn file(kind: &'static str, text: &str) -> Response {
    let fields = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (fields, text.to_owned()).into_response()
}
