//! Keys in a key service behind a network, asked over AWS KMS's JSON protocol; told step by step.
//!
//! `cargo run --example kms ADDRESS [raw] [digest] [decrypt]`, where ADDRESS is a host and a port: of `moto`
//! (`pip install 'moto[server]'`, then `moto_server -p 5000`), which signs messages; or of a service that
//! also signs digests and unwraps keys. Without words after the address, messages are signed.
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program that tells what happens"
)]

mod service;

use std::error::Error;
use std::net::TcpListener;

use jose::RUSTCRYPTO as BACKEND;
use jose::jwa::SignatureAlgorithm;
use jose::jws::Unsigned;
use jose::{
    Alg, EncryptionKey, Jwk, UnixTime, Validation, VerifyingKey, VerifyingKeys, jwe, jws, jwt,
};

use self::service::{Give, Kms};

const USAGE: &str = "usage: kms ADDRESS [raw] [digest] [decrypt]";
const ISSUER: &str = "https://issuer.example";

#[derive(Debug, serde::Deserialize, serde::Serialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let address = args.next().ok_or(USAGE)?;
    let wanted: Vec<String> = args.collect();
    if wanted.iter().any(|word| !["raw", "digest", "decrypt"].contains(&word.as_str())) {
        return Err(USAGE.into());
    }
    let wanted = |what: &str| match wanted.as_slice() {
        [] => what == "raw",
        words => words.iter().any(|word| word == what),
    };
    let kms = Kms::at(&address);
    if wanted("raw") {
        println!("messages are signed there, and tokens verified here");
        signed(&kms, &[Alg::ES256, Alg::RS256], Give::Message).await?;
    }
    if wanted("digest") {
        println!("digests are signed there, and tokens verified here");
        signed(&kms, &[Alg::ES256, Alg::RS256, Alg::PS256], Give::Digest(BACKEND)).await?;
    }
    if wanted("decrypt") {
        println!("keys are unwrapped there, and contents decrypted here");
        decrypted(&kms).await?;
    }

    // A port that nobody listens on: the system gave it, and has it back.
    let away = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let refused =
        Kms::at(&away.to_string()).sign(unsigned(Alg::ES256, "")?, "", Give::Message).await;
    println!("a service that is away: {}", refused.err().ok_or("somebody answered")?.code());
    let refused =
        kms.sign(unsigned(Alg::ES256, "no-such-key")?, "no-such-key", Give::Message).await;
    println!("a key that is not there: {}", refused.err().ok_or("somebody signed")?.code());
    Ok(())
}

/// A token by a new key for each of `algs`, all of them signed at once.
async fn signed(kms: &Kms, algs: &[SignatureAlgorithm], give: Give) -> Result<(), Box<dyn Error>> {
    let mut keys = Vec::new();
    for alg in algs {
        keys.push((*alg, kms.create(*alg, BACKEND).await?));
    }
    let jobs = keys.iter().map(|(alg, jwk)| {
        let (kms, alg, kid) = (kms.clone(), *alg, kid(jwk).to_owned());
        tokio::spawn(async move { sign(&kms, alg, &kid, give).await })
    });
    let jobs: Vec<_> = jobs.collect();
    let verifying: VerifyingKeys = keys
        .iter()
        .map(|(_, jwk)| VerifyingKey::from_jwk(jwk, BACKEND))
        .collect::<Result<_, _>>()?;
    for ((alg, jwk), job) in keys.iter().zip(jobs) {
        let token = job.await?.map_err(|error| error.code())?;
        let rules = Validation::strict(ISSUER, "api");
        let claims = jwt::verify::<Claims>(&token, &verifying, &rules, UnixTime::now())?;
        println!("  {alg}, {}: a token for {}", jwk.kty(), claims.sub);
    }

    // What was signed by one key, in the name of another of the service.
    let (alg, jwk) = keys.first().ok_or("no key")?;
    let other = kms.create(*alg, BACKEND).await?;
    let forged = kms.sign(unsigned(*alg, kid(jwk))?, kid(&other), give).await?;
    let refused = jws::verify(&forged, &verifying).err().ok_or("a forgery was believed")?;
    println!("  signed by another key of the service: {}", refused.code());
    Ok(())
}

async fn sign(
    kms: &Kms,
    alg: SignatureAlgorithm,
    kid: &str,
    give: Give,
) -> Result<String, jws::SignError> {
    let unsigned = unsigned(alg, kid).map_err(|error| match error {
        jwt::SignError::Jws(error) => error,
        _ => jws::SignError::NoPayload,
    })?;
    kms.sign(unsigned, kid, give).await
}

fn unsigned(alg: SignatureAlgorithm, kid: &str) -> Result<Unsigned, jwt::SignError> {
    let claims = Claims { iss: ISSUER.into(), aud: "api".into(), sub: "joe".into() };
    jwt::Builder::at(UnixTime::now()).expires_in("15m").unsigned(&claims, alg, Some(kid))
}

async fn decrypted(kms: &Kms) -> Result<(), Box<dyn Error>> {
    let jwk = kms.create(Alg::RSA_OAEP_256, BACKEND).await?;
    let token = jwe::encrypt(b"for your eyes only", &EncryptionKey::from_jwk(&jwk, BACKEND)?)?;
    let opened = kms.decrypt(&token, &jwk, BACKEND).await?;
    println!("  RSA-OAEP-256: {}", String::from_utf8_lossy(&opened.into_content()));

    let (header, rest) = token.split_once('.').ok_or("no token")?;
    let other = if rest.starts_with('A') { 'B' } else { 'A' };
    let damaged = format!("{header}.{other}{}", rest.get(1..).unwrap_or_default());
    let refused = kms.decrypt(&damaged, &jwk, BACKEND).await;
    println!("  a damaged ciphertext: {}", refused.err().ok_or("it was opened")?.code());
    Ok(())
}

fn kid(jwk: &Jwk) -> &str {
    jwk.kid().unwrap_or_default()
}
