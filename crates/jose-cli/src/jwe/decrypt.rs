//! `jose jwe decrypt`.

use jose::crypto::Backend;
use jose::error::{DecryptError, KeyError};
use jose::jwa::{ContentEncryption, KeyManagementAlgorithm};
use jose::jwe::{Decrypted, SkipReason};
use jose::jwk::Format;
use jose::{DecryptionKey, DecryptionKeys, Jwe, Jwk, JwkSet, SecretBytes, jwe};
use serde_json::json;

use super::Serialization;
use crate::failure::{Failure, Stage};
use crate::keys::{self, LeftOut};
use crate::output::{Output, OutputArgs};
use crate::password::PasswordArgs;
use crate::source::{Source, check_stdin};
use crate::tokens::{self, Reader, Report, TokenArgs};

/// Decrypt a token in any serialization, and write the plaintext once it is known to be whole.
///
/// A key that names no algorithm decrypts by those of --alg alone. Without --key the password is that of the
/// token; with it, that of the files of keys.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  jose jwk gen --alg A256KW -o key.jwk\n  echo text | jose jwe encrypt \
                  --key key.jwk | jose jwe decrypt --key key.jwk\n  openssl genrsa -out rsa.pem 2048\n  \
                  echo text | jose jwe encrypt --key rsa.pem --alg RSA-OAEP-256 -o token.jwe\n  jose jwe \
                  decrypt --key rsa.pem --alg RSA-OAEP-256 token.jwe"
)]
pub(crate) struct Args {
    #[command(flatten)]
    decryption: DecryptionArgs,
    /// An extension that whoever uses the plaintext understands.
    #[arg(long, value_name = "NAME")]
    crit: Vec<String>,
    #[command(flatten)]
    tokens: TokenArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Whose tokens are decrypted, and what they may look like.
#[derive(Debug, clap::Args)]
pub(crate) struct DecryptionArgs {
    /// A private or shared key, or a set of them, in any format; repeated for more.
    #[arg(long, short, value_name = "SOURCE")]
    pub(crate) key: Vec<Source>,
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
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1000..=1_200_000))]
    max_p2c: Option<u32>,
    #[command(flatten)]
    pub(crate) password: PasswordArgs,
}

/// A token that is not decrypted yet.
#[derive(Debug)]
pub(crate) struct Sealed {
    jwe: Jwe,
    takes_password: bool,
}

impl DecryptionArgs {
    /// Parses a token in any serialization, and tells what it looks like.
    pub(crate) fn parse(
        &self,
        text: &str,
        policy: &jwe::Policy,
        report: &mut Report,
    ) -> Result<Sealed, Failure> {
        let jwe = super::parse(text)?;
        // Without keys the library looks at the headers alone. What is wrong with them no key makes good.
        match jwe.decrypt_with(&DecryptionKeys::default(), policy) {
            Err(jwe::Error::Decrypt(DecryptError::NoMatchingKey(_))) | Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        check_alg(&jwe, &self.alg)?;
        check_enc(&jwe, &self.enc)?;
        let [header, shared, recipients] = super::inspect::headers(&jwe)?;
        report.insert("format".into(), Serialization::of(text).name().into());
        report.insert("kind".into(), "jwe".into());
        report.insert("header".into(), header);
        if !shared.is_null() {
            report.insert("unprotected".into(), shared);
        }
        report.insert("recipients".into(), recipients);
        report.insert("decrypted".into(), false.into());
        let takes_password = jwe
            .recipients()
            .filter_map(Result::ok)
            .any(|recipient| recipient.alg().starts_with("PBES2-"));
        Ok(Sealed { jwe, takes_password })
    }

    /// The keys of the files, or of the password.
    pub(crate) fn keys(&self, output: Output) -> Result<DecryptionKeys, Failure> {
        let backend = output.backend().get()?;
        if self.key.is_empty() {
            password(self, backend)
        } else {
            from_files(self, backend, output)
        }
    }

    pub(crate) fn policy<'n>(&self, understood: impl Iterator<Item = &'n String>) -> jwe::Policy {
        let mut limits = super::limits();
        if let Some(octets) = self.max_inflated {
            limits.inflated = octets;
        }
        let mut policy = understood.fold(jwe::Policy::new(), jwe::Policy::understands);
        policy = policy.limits(limits);
        if !self.enc.is_empty() {
            policy = policy.encs(self.enc.clone());
        }
        if let Some(rounds) = self.max_p2c {
            policy = policy.max_p2c(rounds);
        }
        if self.allow_zip {
            policy = policy.inflate();
        }
        policy
    }
}

impl Sealed {
    /// The content, once it is known to be whole.
    pub(crate) fn decrypt(
        &self,
        keys: &DecryptionKeys,
        policy: &jwe::Policy,
        output: Output,
        report: &mut Report,
    ) -> Result<Decrypted<Vec<u8>>, Failure> {
        let working = self.takes_password.then(|| output.working("deriving a key"));
        let decrypted = self.jwe.decrypt_with(keys, policy)?;
        drop(working);
        report.insert("decrypted".into(), true.into());
        report.insert("index".into(), decrypted.index().into());
        report.insert("alg".into(), decrypted.alg().name().into());
        report.insert("enc".into(), decrypted.enc().name().into());
        report.insert("kid".into(), json!(decrypted.key_id()));
        Ok(decrypted)
    }
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    check_stdin(args.decryption.key.iter().chain([args.tokens.source()]))?;
    tokens::run(args, &args.tokens, &args.output, output)
}

impl Reader for Args {
    const NAME: &'static str = "jwe decrypt";
    const MAX: usize = super::MAX_TOKEN;
    const MALFORMED: &'static str = "ERR_JWE_INVALID";
    type Token = Sealed;
    type Keys = DecryptionKeys;

    fn parse(&self, text: &str, report: &mut Report) -> Result<Sealed, Failure> {
        self.decryption.parse(text, &self.decryption.policy(self.crit.iter()), report)
    }

    fn keys(&self, output: Output) -> Result<DecryptionKeys, Failure> {
        self.decryption.keys(output)
    }

    fn read(
        &self,
        token: Sealed,
        keys: &DecryptionKeys,
        output: Output,
        report: &mut Report,
    ) -> Result<SecretBytes, Failure> {
        let policy = self.decryption.policy(self.crit.iter());
        let decrypted = token.decrypt(keys, &policy, output, report)?;
        let json = || decrypted.clone().into_json().map(Decrypted::into_content).ok();
        tokens::insert_payload(report, decrypted.content(), json);
        // Wiped when it has been written.
        Ok(SecretBytes::new(decrypted.into_content()))
    }
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

/// The same of the content.
fn check_enc(jwe: &Jwe, allowed: &[ContentEncryption]) -> Result<(), Failure> {
    let allows = |name: &str| allowed.iter().any(|enc| enc.name() == name);
    let mut recipients = jwe.recipients().filter_map(Result::ok);
    if allowed.is_empty() || recipients.any(|recipient| allows(recipient.enc())) {
        return Ok(());
    }
    Err(Failure::new(Stage::Policy, "ERR_JWE_ENC_NOT_ALLOWED", "the token's `enc` is not allowed"))
}

fn password(
    args: &DecryptionArgs,
    backend: &'static dyn Backend,
) -> Result<DecryptionKeys, Failure> {
    let allowed = |alg: &KeyManagementAlgorithm| args.alg.is_empty() || args.alg.contains(alg);
    let password = args.password.to_read("the token")?;
    let keys = keys::PBES2.into_iter().filter(allowed);
    let keys: Result<DecryptionKeys, KeyError> =
        keys.map(|alg| DecryptionKey::from_password(alg, &password, backend)).collect();
    Ok(keys?)
}

fn from_files(
    args: &DecryptionArgs,
    backend: &'static dyn Backend,
    output: Output,
) -> Result<DecryptionKeys, Failure> {
    let (mut alone, mut set, mut left_out) = (Vec::new(), JwkSet::default(), Vec::new());
    for source in &args.key {
        let found = keys::read(source, &args.password, backend)?;
        if found.format == Format::JwkSet {
            left_out.extend(keys::skipped(&found.keys, source));
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
    let unfit = set.skipped().iter().filter_map(|skipped| match skipped.reason() {
        SkipReason::NotAllowed => None,
        reason => Some(LeftOut::unfit(skipped.kid(), reason)),
    });
    left_out.extend(unfit);
    if alone.is_empty() && set.iter().next().is_none() {
        // As it is, if it only lacks what is allowed: it can tell.
        return left_out.into_iter().next().map_or(Ok(set), |first| Err(first.failure));
    }
    for LeftOut { note, .. } in &left_out {
        output.note(note);
    }
    if alone.is_empty() {
        return Ok(set);
    }
    Ok(alone.into_iter().chain(set.iter().cloned()).collect())
}

/// A key that was given by itself: what it is not fit for is an error, and without a name it serves tokens
/// that name any.
fn single(
    jwk: &Jwk,
    args: &DecryptionArgs,
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
