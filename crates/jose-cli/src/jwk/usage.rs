//! `jose jwk use`: what a key permits (RFC 7517 §4.2-4.4).

use clap::ValueEnum;
use jose::jwa::{ContentEncryption, KeyManagementAlgorithm, SignatureAlgorithm};
use jose::jwk::Format;
use jose::{Alg, Jwk, JwkSet};

use crate::failure::{Failure, Stage};
use crate::keys::{self, KeyOutput};
use crate::output::Output;
use crate::source::Source;

/// Write the keys of a file that permit a use, as they are.
///
/// A key permits what its half, type, curve and size can do, and what its `use`, `key_ops` and `alg` do not
/// exclude; one that says nothing permits all it can do. A private key permits what its public half does, too.
/// The exit code is 5 if no key is left. One key comes out as a JWK, those of a set as a set; private ones
/// encrypted wherever a password is given, or has opened the file.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  jose jwk gen --alg ES256 | jose jwk use --use sign\n  jose jwk gen --alg \
                        ECDH-ES | jose jwk use -u sig -u deriveKey -o agreed.jwk"
)]
pub(crate) struct Args {
    /// The key or keys, in any format.
    #[arg(default_value = "-")]
    source: Source,
    /// The same, as latchset's program takes it.
    #[arg(short = 'i', hide = true, value_name = "SOURCE", conflicts_with = "source")]
    input: Option<Source>,
    /// The use; said again, another one that is enough.
    #[arg(long = "use", short, required = true, value_enum, value_name = "USE")]
    uses: Vec<Use>,
    /// A key that names neither `use` nor `key_ops` nor `alg` permits nothing.
    #[arg(long, short)]
    required: bool,
    /// Every key must permit every use.
    #[arg(long, short)]
    all: bool,
    #[command(flatten)]
    to: KeyOutput,
}

/// The values of `use`, which stand for either half, and those of `key_ops`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Use {
    /// Sign or verify.
    Sig,
    /// Encrypt or decrypt, in whichever way.
    Enc,
    Sign,
    Verify,
    Encrypt,
    Decrypt,
    #[value(name = "wrapKey")]
    WrapKey,
    #[value(name = "unwrapKey")]
    UnwrapKey,
    #[value(name = "deriveKey")]
    DeriveKey,
    #[value(name = "deriveBits")]
    DeriveBits,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    let source = args.input.as_ref().unwrap_or(&args.source);
    let found = keys::read_whole(source, &args.to.password, output.backend().get()?)?;
    let permits = |jwk: &&Jwk| {
        let mut uses = args.uses.iter();
        let said = jwk.key_use().is_some() || jwk.key_ops().is_some() || jwk.alg().is_some();
        (said || !args.required)
            && if args.all {
                uses.all(|one| one.is_permitted_by(jwk))
            } else {
                uses.any(|one| one.is_permitted_by(jwk))
            }
    };
    let permitted: JwkSet = found.keys.iter().filter(permits).cloned().collect();
    let refused = |code, message| Failure::new(Stage::Key, code, message).of(source);
    if permitted.is_empty() {
        return Err(refused("ERR_JWK_KEY_NOT_FOUND", "no key permits it"));
    }
    if args.all && permitted.len() < found.keys.len() {
        return Err(refused("ERR_JWK_INVALID", "not every key permits it"));
    }
    match permitted.keys() {
        [jwk] if found.format != Format::JwkSet => args.to.key(jwk, output),
        _ => args.to.set(&permitted, output),
    }
}

impl Use {
    /// Whether a key may be used so: with some algorithm, and by the rules of the library that would use it.
    pub(crate) fn is_permitted_by(self, jwk: &Jwk) -> bool {
        let half = jwk.to_public();
        let public = half.as_ref().unwrap_or(jwk);
        let (jwk, op) = match self {
            Self::Sig => return signs(jwk) || signs(public),
            Self::Enc => return encrypts(jwk) || encrypts(public),
            Self::Sign => (jwk, "sign"),
            Self::Verify => (public, "verify"),
            Self::Encrypt => (public, "encrypt"),
            Self::Decrypt => (jwk, "decrypt"),
            Self::WrapKey => (public, "wrapKey"),
            Self::UnwrapKey => (jwk, "unwrapKey"),
            Self::DeriveKey => (jwk, "deriveKey"),
            Self::DeriveBits => (jwk, "deriveBits"),
        };
        // With a public key something is derived by whoever has a private one.
        if matches!(self, Self::DeriveKey | Self::DeriveBits) && !jwk.is_private() {
            return false;
        }
        if jwk.key_ops().is_some_and(|ops| ops.iter().all(|own| own != op)) {
            return false;
        }
        // A key that may do this and nothing else: is there an algorithm for it?
        jwk.clone().with_key_ops([op]).is_ok_and(|jwk| signs(&jwk) || encrypts(&jwk))
    }
}

fn signs(jwk: &Jwk) -> bool {
    serves(jwk, SignatureAlgorithm::ALL.iter().map(|alg| Alg::from(*alg)))
}

fn encrypts(jwk: &Jwk) -> bool {
    let contents = ContentEncryption::ALL.iter().map(|alg| Alg::from(*alg));
    serves(jwk, KeyManagementAlgorithm::ALL.iter().map(|alg| Alg::from(*alg)).chain(contents))
}

fn serves(jwk: &Jwk, mut algs: impl Iterator<Item = Alg>) -> bool {
    let set = JwkSet::new([jwk.clone()]);
    algs.any(|alg| set.for_alg(alg).next().is_some())
}
