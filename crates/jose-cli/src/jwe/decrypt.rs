//! `jose jwe decrypt`.

use jose::crypto::Backend;
use jose::error::KeyError;
use jose::jwa::{ContentEncryption, KeyManagementAlgorithm};
use jose::jwe::SkipReason;
use jose::jwk::Format;
use jose::{Alg, DecryptionKey, DecryptionKeys, Jwe, Jwk, JwkSet, SecretBytes, base64url, jwe};
use serde_json::json;

use crate::failure::{Failure, Stage};
use crate::keys;
use crate::output::{Output, OutputArgs};
use crate::password::PasswordArgs;
use crate::source::{Source, check_stdin};

/// Decrypt a token in any serialization, and write the plaintext once it is known to be whole.
///
/// A key that names no algorithm decrypts by those of --alg alone. Without --key the password is that of the
/// token; with it, that of the files of keys.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  jose jwk gen --alg A256KW -o key.jwk\n  echo text | jose jwe encrypt --key \
                        key.jwk | jose jwe decrypt --key key.jwk\n  openssl genrsa -out rsa.pem 2048\n  echo \
                        text | jose jwe encrypt --key rsa.pem --alg RSA-OAEP-256 | jose jwe decrypt --key \
                        rsa.pem --alg RSA-OAEP-256"
)]
pub(crate) struct Args {
    /// Where the token is.
    #[arg(default_value = "-", value_name = "TOKEN")]
    source: Source,
    /// A private or shared key, or a set of them, in any format; repeated for more.
    #[arg(long, value_name = "SOURCE")]
    key: Vec<Source>,
    /// Allow these key management algorithms and no others.
    #[arg(long, value_delimiter = ',', value_name = "ALG,…", value_parser = super::alg)]
    alg: Vec<KeyManagementAlgorithm>,
    /// Allow these content encryption algorithms and no others.
    #[arg(long, value_delimiter = ',', value_name = "ENC,…", value_parser = super::enc)]
    enc: Vec<ContentEncryption>,
    /// Allow content that was compressed.
    #[arg(long)]
    allow_zip: bool,
    /// Longest content in octets that comes out of compressed one: 250000 by default.
    #[arg(long, value_name = "OCTETS", requires = "allow_zip")]
    max_inflated: Option<usize>,
    /// Most rounds for a password: 1200000 by default, and at most.
    #[arg(long, value_name = "N")]
    max_p2c: Option<u32>,
    #[command(flatten)]
    password: PasswordArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    check_stdin(args.key.iter().chain([&args.source]))?;
    let backend = output.backend().get()?;
    let (serialization, jwe) = super::read(&args.source)?;
    check_alg(&jwe, &args.alg)?;
    let keys =
        if args.key.is_empty() { password(args, backend) } else { from_files(args, backend) };
    let decrypted = jwe.decrypt_with(&keys?, &policy(args));
    let decrypted = decrypted.map_err(|error| Failure::from(error).of(&args.source))?;
    let (alg, enc, index) = (decrypted.alg().name(), decrypted.enc().name(), decrypted.index());
    let kid = decrypted.key_id().map(ToOwned::to_owned);
    // Wiped when it has been written.
    let plaintext = SecretBytes::new(decrypted.into_content());
    if output.is_json() {
        let [header, shared, recipients] = super::inspect::headers(&jwe)?;
        let told = json!({
            "schema": "jose-cli/1", "command": "jwe decrypt", "kind": "jwe", "valid": true, "decrypted": true,
            "format": serialization.name(), "header": header, "unprotected": shared,
            "recipients": recipients, "index": index, "alg": alg, "enc": enc, "kid": kid,
            "payload_b64u": base64url::encode(plaintext.expose_secret()),
        });
        return output.result(format!("{told}\n").as_bytes(), &args.output);
    }
    output.result(plaintext.expose_secret(), &args.output)
}

fn policy(args: &Args) -> jwe::Policy {
    let mut limits = super::limits();
    if let Some(octets) = args.max_inflated {
        limits.inflated = octets;
    }
    let mut policy = jwe::Policy::new().limits(limits);
    if !args.enc.is_empty() {
        policy = policy.encs(args.enc.clone());
    }
    if let Some(rounds) = args.max_p2c {
        policy = policy.max_p2c(rounds);
    }
    if args.allow_zip {
        policy = policy.inflate();
    }
    policy
}

/// That a recipient has an allowed algorithm, before any key is looked at.
fn check_alg(jwe: &Jwe, allowed: &[KeyManagementAlgorithm]) -> Result<(), Failure> {
    let allows = |name: &str| allowed.iter().any(|alg| alg.name() == name);
    let mut recipients = jwe.recipients().filter_map(Result::ok);
    if allowed.is_empty() || recipients.any(|recipient| allows(recipient.alg())) {
        return Ok(());
    }
    Err(Failure::new(Stage::Policy, "ERR_JWE_ALG_NOT_ALLOWED", "the token's `alg` is not allowed"))
}

fn password(args: &Args, backend: &'static dyn Backend) -> Result<DecryptionKeys, Failure> {
    let algs = [Alg::PBES2_HS256_A128KW, Alg::PBES2_HS384_A192KW, Alg::PBES2_HS512_A256KW];
    let allowed = |alg: &KeyManagementAlgorithm| args.alg.is_empty() || args.alg.contains(alg);
    let password = args.password.to_read("the token")?;
    let keys = algs.into_iter().filter(allowed);
    let keys: Result<DecryptionKeys, KeyError> =
        keys.map(|alg| DecryptionKey::from_password(alg, &password, backend)).collect();
    Ok(keys?)
}

fn from_files(args: &Args, backend: &'static dyn Backend) -> Result<DecryptionKeys, Failure> {
    let (mut alone, mut set) = (Vec::new(), JwkSet::default());
    for source in &args.key {
        let found = keys::read(source, &args.password, backend)?;
        if found.format == Format::JwkSet {
            set.merge(found.keys);
        } else {
            for jwk in found.keys.keys() {
                alone.extend(single(jwk, args, backend).map_err(|failure| failure.of(source))?);
            }
        }
    }
    let own = set.iter().filter_map(|jwk| DecryptionKey::from_jwk(jwk, backend).ok());
    let allow =
        if args.alg.is_empty() { own.map(|key| key.alg()).collect() } else { args.alg.clone() };
    let set = DecryptionKeys::from_jwks(&set, &allow, backend);
    if alone.is_empty() {
        // As it is: it knows why keys were left out, and can tell.
        return Ok(set);
    }
    Ok(alone.into_iter().chain(set.iter().cloned()).collect())
}

/// A key that was given by itself: what it is not fit for is an error, and without a name it serves tokens
/// that name any.
fn single(
    jwk: &Jwk,
    args: &Args,
    backend: &'static dyn Backend,
) -> Result<Vec<DecryptionKey>, Failure> {
    if args.alg.is_empty() {
        return Ok(vec![DecryptionKey::from_jwk(jwk, backend)?]);
    }
    // Which of them it may serve, a set knows: a shared key without a name for its algorithm only one.
    let keys = DecryptionKeys::from_jwks(&JwkSet::new([jwk.clone()]), &args.alg, backend);
    match keys.skipped() {
        [] => {
            let algs = keys.iter().map(DecryptionKey::alg);
            let keys = algs.map(|alg| DecryptionKey::from_jwk_for(alg, jwk, backend));
            Ok(keys.collect::<Result<_, _>>()?)
        }
        [skipped, ..] => Err(match skipped.reason() {
            SkipReason::Key(error) => Failure::of_key(error),
            reason => Failure::new(Stage::Key, "ERR_JWK_INVALID", reason),
        }),
    }
}
