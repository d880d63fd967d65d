//! The keys of a signer and of a verifier.

use jose::crypto::Backend;
use jose::error::KeyError;
use jose::jwa::SignatureAlgorithm;
use jose::jwk::{Format, Params};
use jose::jws::SkipReason;
use jose::{Jwk, JwkSet, SigningKey, VerifyingKey, VerifyingKeys};
use serde_json::Value;

use crate::failure::{Failure, Stage};
use crate::keys::{self, LeftOut};
use crate::output::Output;
use crate::password::PasswordArgs;
use crate::source::Source;

/// A signature algorithm by its registered name.
pub(crate) fn alg(name: &str) -> Result<SignatureAlgorithm, String> {
    SignatureAlgorithm::from_name(name)
        .ok_or_else(|| "not the name of a signature algorithm: see `jose alg`".to_owned())
}

/// Whoever signs.
#[derive(Debug, clap::Args)]
pub(crate) struct SignerArgs {
    /// A private or shared key, in any format: a file, `-`, `env:NAME` or `fd:N`.
    #[arg(long, short, required = true, value_name = "SOURCE")]
    pub(crate) key: Vec<Source>,
    /// Which key of a set, by its name.
    #[arg(long)]
    kid: Option<String>,
    /// The algorithm of keys that name none.
    #[arg(long, value_parser = alg)]
    alg: Option<SignatureAlgorithm>,
    #[command(flatten)]
    password: PasswordArgs,
}

impl SignerArgs {
    pub(crate) fn read(&self, output: Output) -> Result<Vec<SigningKey>, Failure> {
        let kid = self.kid.as_deref();
        let key = |source: &Source| signing_key(source, kid, self.alg, &self.password, output);
        self.key.iter().map(key).collect()
    }
}

/// The key of this file, or that of this name in it, for this algorithm if it names none.
pub(crate) fn signing_key(
    source: &Source,
    kid: Option<&str>,
    alg: Option<SignatureAlgorithm>,
    password: &PasswordArgs,
    output: Output,
) -> Result<SigningKey, Failure> {
    let backend = output.backend().get()?;
    let mut jwk = chosen(source, kid, password, backend)?;
    if let Some(alg) = alg {
        jwk = jwk.with_alg(alg).map_err(|error| Failure::from(error).of(source))?;
    }
    SigningKey::from_jwk(&jwk, backend).map_err(|error| unbound(error).of(source))
}

fn chosen(
    source: &Source,
    kid: Option<&str>,
    password: &PasswordArgs,
    backend: &'static dyn Backend,
) -> Result<Jwk, Failure> {
    let keys = keys::read(source, password, backend)?.keys;
    let wanted = keys.iter().filter(|jwk| kid.is_none() || jwk.kid() == kid);
    let wrong = |code, message: &str| Failure::new(Stage::Key, code, message).of(source);
    match wanted.collect::<Vec<_>>().as_slice() {
        [jwk] => Ok((*jwk).clone()),
        [] => Err(wrong("ERR_JWK_KEY_NOT_FOUND", "no such key in it")),
        several => {
            let names = several.iter().filter_map(|jwk| jwk.kid()).take(8);
            let names: Vec<String> = names.map(|kid| Value::from(kid).to_string()).collect();
            let failure = wrong("ERR_JWK_INVALID", "more than one key in it");
            Err(failure.hint(format!("--kid chooses one of {}", names.join(", "))))
        }
    }
}

/// Whom a verifier trusts.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifierArgs {
    /// A key or a JWK Set, in any format: a file, `-`, `env:NAME` or `fd:N`.
    ///
    /// Of a certificate the key is taken: its dates and who issued it are not looked at.
    #[arg(long, short, required = true, value_name = "SOURCE")]
    pub(crate) key: Vec<Source>,
    /// The algorithms that are allowed. Without it, those that the keys name themselves, or have no choice of:
    /// an RSA key and a shared one have.
    #[arg(long, value_parser = alg, value_delimiter = ',', value_name = "ALG,…")]
    alg: Vec<SignatureAlgorithm>,
    #[command(flatten)]
    password: PasswordArgs,
}

impl VerifierArgs {
    pub(crate) fn algs(&self) -> &[SignatureAlgorithm] {
        &self.alg
    }

    pub(crate) fn read(&self, output: Output) -> Result<VerifyingKeys, Failure> {
        verifying_keys(&self.key, &self.alg, &self.password, output)
    }
}

/// The keys of these files for these algorithms, or for those that the keys name.
///
/// A key that cannot be read or used is told of and left out, unless none is left.
pub(crate) fn verifying_keys(
    sources: &[Source],
    algs: &[SignatureAlgorithm],
    password: &PasswordArgs,
    output: Output,
) -> Result<VerifyingKeys, Failure> {
    let backend = output.backend().get()?;
    let (mut named, mut nameless) = (JwkSet::default(), JwkSet::default());
    let mut left_out = Vec::new();
    for source in sources {
        let found = keys::read(source, password, backend)?;
        left_out.extend(keys::skipped(&found.keys, source));
        let set = public_halves(found.keys, source, output);
        // One that comes alone and without a name is meant, whatever `kid` the token has.
        match set.keys() {
            [jwk] if found.format != Format::JwkSet && jwk.kid().is_none() => nameless.merge(set),
            _ => named.merge(set),
        }
    }
    let select = |set: &JwkSet| match algs {
        [] => VerifyingKeys::from_jwks_by_own_alg(set, backend),
        allow => Ok(VerifyingKeys::from_jwks(set, allow, backend)),
    };
    // Asked about all of them: shared and public keys are not trusted side by side unless that is said.
    let all = select(&named.iter().chain(&nameless).cloned().collect())?;
    let unfit = all.skipped().iter().filter_map(|skipped| match skipped.reason() {
        SkipReason::NotAllowed => None,
        reason => Some((skipped.kid().map(ToOwned::to_owned), reason.clone())),
    });
    left_out.extend(unfit.map(|(kid, reason)| LeftOut::unfit(kid.as_deref(), &reason)));
    let mut keys: Vec<VerifyingKey> = select(&named)?.iter().cloned().collect();
    for jwk in &nameless {
        for key in select(&JwkSet::new([jwk.clone()]))?.iter() {
            let bound =
                if jwk.alg().is_some() { jwk.clone() } else { jwk.clone().with_alg(key.alg())? };
            keys.push(VerifyingKey::from_jwk(&bound, backend)?);
        }
    }
    let silent = |jwk: &Jwk| jwk.alg().is_none();
    if !keys.is_empty() {
        for LeftOut { note, .. } in &left_out {
            output.note(note);
        }
        return Ok(keys.into_iter().collect());
    }
    match left_out.into_iter().next() {
        Some(LeftOut { failure, .. }) => Err(failure),
        None if algs.is_empty() && named.iter().chain(&nameless).any(silent) => {
            Err(unbound(KeyError::MissingAlgorithm))
        }
        // None of them is allowed, and the set can tell whether a token asks for what is.
        None => Ok(all),
    }
}

/// Whoever has a private key at hand may verify with its public half, and is told that this half is enough.
fn public_halves(set: JwkSet, source: &Source, output: Output) -> JwkSet {
    let no_half = |jwk: &Jwk| matches!(jwk.params(), Params::Oct(_) | Params::Unknown(_));
    let is_half = |jwk: &Jwk| jwk.is_private() && !no_half(jwk);
    if !set.keys().iter().any(is_half) {
        return set;
    }
    output.note(&format!(
        "{source}: a private key; to verify, `jose jwk pub` has all that is needed"
    ));
    let half = |jwk: Jwk| if is_half(&jwk) { jwk.to_public().unwrap_or(jwk) } else { jwk };
    set.into_iter().map(half).collect()
}

/// Says which option there is against it.
fn unbound(error: KeyError) -> Failure {
    let hint = matches!(error, KeyError::MissingAlgorithm);
    let failure = Failure::from(error);
    if hint { failure.of("--alg is needed") } else { failure }
}
