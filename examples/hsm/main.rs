//! Keys in an HSM: made there, used there, and never seen here. The HSM is SoftHSM, in a directory that
//! is made for this and taken away after it. `token.rs` is what a program with a token of its own takes.
//!
//! `cargo run --example hsm [LIBRARY]` (Debian: `apt install softhsm2`)
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program that tells what happens"
)]

mod token;

use std::error::Error;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::{env, fs};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::object::AttributeInfo;
use cryptoki::session::UserType;
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use jose::RUSTCRYPTO as BACKEND;
use jose::jwa::SignatureAlgorithm;
use jose::{Alg, DecryptionKey, EncryptionKey, SigningKey, VerifyingKey, VerifyingKeys, jwe, jws};

use self::token::Token;

const LABEL: &str = "jose";
const PIN: &str = "not for a real token";
const KEYS: [(&str, SignatureAlgorithm); 3] =
    [("seal-1", Alg::ES256), ("seal-2", Alg::RS256), ("seal-3", Alg::PS256)];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    // SoftHSM reads a file that an environment variable names, and a program's own environment is not
    // changed safely: so this one makes the file, and starts itself.
    if env::var_os(DIRECTORY).is_some() {
        tell()?;
        return Ok(ExitCode::SUCCESS);
    }
    let directory = env::temp_dir().join(format!("jose-hsm-{}", std::process::id()));
    let mut private = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut private, 0o700);
    // What is there already is somebody else's.
    private.create(&directory)?;
    private.create(directory.join("tokens"))?;
    let file = directory.join("softhsm2.conf");
    let tokens = directory.join("tokens");
    fs::write(&file, format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display()))?;
    let mut again = Command::new(env::current_exe()?);
    let ended = again
        .args(env::args_os().skip(1))
        .env("SOFTHSM2_CONF", &file)
        .env(DIRECTORY, &directory)
        .status();
    fs::remove_dir_all(&directory)?;
    Ok(if ended?.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

const DIRECTORY: &str = "JOSE_EXAMPLE_HSM";

fn tell() -> Result<(), Box<dyn Error>> {
    let pkcs11 = Pkcs11::new(library()?)?;
    pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
    let slot = empty_slot(&pkcs11)?;
    let officer = AuthPin::new("the officer's".into());
    pkcs11.init_token(slot, &officer, LABEL)?;
    let session = pkcs11.open_rw_session(slot)?;
    session.login(UserType::So, Some(&officer))?;
    session.init_pin(&AuthPin::new(PIN.into()))?;
    drop(session);

    let token = Token::new(pkcs11.clone(), LABEL, PIN);
    let guessing = Token::new(pkcs11.clone(), LABEL, "guessed");
    let guessed =
        SigningKey::external(Alg::ES256, None, guessing.key("seal-1", Alg::ES256, BACKEND))?;
    println!("a wrong PIN: {}", unsigned(jws::sign(b"", &guessed))?);

    println!("keys are made in the token");
    let mut public = Vec::new();
    for (kid, alg) in KEYS {
        public.push(token.generate(kid, alg)?);
    }
    let sealing = token.generate("post-1", Alg::RSA_OAEP)?;
    for jwk in public.iter().chain([&sealing]) {
        let kid = jwk.kid().unwrap_or_default();
        let told = match token.ask_for_private(kid)? {
            AttributeInfo::Sensitive => "the token keeps the private half to itself",
            _ => return Err("a private key came out".into()),
        };
        println!("  {kid}, {} for {}: {told}", jwk.kty(), jwk.alg().unwrap_or_default());
    }

    let again = failed(token.generate("post-1", Alg::RSA_OAEP))?;
    println!("  another post-1: {again}");
    let unknown = failed(token.generate("seal-5", Alg::ES384))?;
    println!("  a seal-5 for ES384: {unknown}");

    println!("it signs, and anybody verifies");
    let keys: VerifyingKeys =
        public.iter().map(|jwk| VerifyingKey::from_jwk(jwk, BACKEND)).collect::<Result<_, _>>()?;
    let signing =
        |kid: &str, alg| SigningKey::external(alg, Some(kid), token.key(kid, alg, BACKEND));
    for (kid, alg) in KEYS {
        let signed = jws::sign(b"paid in full", &signing(kid, alg)?)?;
        let verified = jws::verify(&signed, &keys)?;
        println!("  {alg} by {kid}: {}", String::from_utf8_lossy(verified.content()));
    }

    println!("it decrypts, and anybody encrypts");
    let sender = EncryptionKey::from_jwk(&sealing, BACKEND)?;
    let sent = jwe::encrypt(b"for your eyes only", &sender)?;
    let unwrapper = token.key("post-1", Alg::RSA_OAEP, BACKEND);
    let recipient = DecryptionKey::external(Alg::RSA_OAEP, Some("post-1"), unwrapper, BACKEND)?;
    let opened = jwe::decrypt(&sent, &recipient)?;
    println!("  RSA-OAEP by post-1: {}", String::from_utf8_lossy(&opened.into_content()));

    println!("what is wrong with a token is told from what is wrong with the HSM");
    let other = token.generate("seal-4", Alg::ES256)?;
    let forger = token.key("seal-4", Alg::ES256, BACKEND);
    let forged =
        jws::sign(b"paid twice", &SigningKey::external(Alg::ES256, Some("seal-1"), forger)?)?;
    let refused = failed(jws::verify(&forged, &keys))?;
    println!("  signed by another key of the HSM: {}", refused.code());
    let own = VerifyingKey::from_jwk(&other.with_kid("seal-1"), BACKEND)?;
    jws::verify(&forged, &own)?; // it is a signature, only not that key's
    let refused = failed(jwe::decrypt(&damaged(&sent), &recipient))?;
    println!("  a damaged ciphertext: {}", refused.code());

    let [(kid, alg), ..] = KEYS;
    let key = signing(kid, alg)?;
    pkcs11.clone().finalize()?;
    println!("  the HSM is away: {}", unsigned(jws::sign(b"", &key))?);
    println!("  and for decrypting: {}", failed(jwe::decrypt(&sent, &recipient))?.code());
    pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
    jws::sign(b"", &key)?;
    println!("  it is back, and the session is lost: a new one is opened, and it signs");
    token.destroy(kid)?;
    println!("  the key is gone: {}", unsigned(jws::sign(b"", &key))?);
    Ok(())
}

/// A slot whose token is still to be made: none that has keys is touched, whosever library this is.
fn empty_slot(pkcs11: &Pkcs11) -> Result<Slot, Box<dyn Error>> {
    for slot in pkcs11.get_slots_with_token()? {
        if !pkcs11.get_token_info(slot)?.token_initialized() {
            return Ok(slot);
        }
    }
    Err("there is no slot for a new token".into())
}

/// What went wrong where nothing should have gone right.
fn failed<T, E>(result: Result<T, E>) -> Result<E, &'static str> {
    result.err().ok_or("it should have failed")
}

/// How it is told that nothing was signed.
fn unsigned<T>(result: Result<T, jws::SignError>) -> Result<String, &'static str> {
    let error = failed(result)?;
    Ok(format!("{}, {}", error.code(), reason(&error)))
}

/// What the HSM said itself, which is the last of what led to an error.
fn reason(error: &(dyn Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| (**error).source());
    chain.last().map(ToString::to_string).unwrap_or_default()
}

/// A token with another encrypted key.
fn damaged(token: &str) -> String {
    let (header, rest) = token.split_once('.').unwrap_or_default();
    let other = if rest.starts_with('A') { 'B' } else { 'A' };
    format!("{header}.{other}{}", rest.get(1..).unwrap_or_default())
}

/// The library that was named, or that of SoftHSM where systems have it.
fn library() -> Result<PathBuf, &'static str> {
    let usual = LIBRARIES.iter().map(PathBuf::from).find(|path| path.exists());
    env::args_os().nth(1).map(PathBuf::from).or(usual).ok_or("SoftHSM is not installed")
}

const LIBRARIES: [&str; 5] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/lib/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];
