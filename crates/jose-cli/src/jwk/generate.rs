//! `jose jwk gen`.

use clap::ValueEnum;
use jose::crypto::{Backend, NewKey};
use jose::jwk::{EcCurve, Generator, KeyUse, OkpCurve};
use jose::{Alg, Jwk, JwkSet};

use super::template::Template;
use crate::failure::Failure;
use crate::keys::{self, KeyOutput};
use crate::output::Output;

/// Make a private or shared key for one algorithm.
///
/// It is named by its thumbprint, a shared one at random, unless told otherwise. It is written encrypted if a
/// password is given.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  jose jwk gen --alg ES256\n  jose jwk gen --alg PS256 --rsa-bits 3072 \
                        --use sig --kid 2026-11\n  jose jwk gen --oct 512\n  PASSWORD=secret jose jwk gen --alg \
                        Ed25519 --password-env PASSWORD -o key.jwe\n  jose jwk gen -i \
                        '{\"kty\":\"EC\",\"crv\":\"P-256\",\"use\":\"enc\"}'"
)]
#[group(required = true, multiple = false, id = "what", args = ["alg", "oct", "template"])]
pub(crate) struct Args {
    /// The algorithm, by its registered name.
    #[arg(long, value_parser = alg)]
    alg: Option<Alg>,
    /// A shared key of this many bits, bound to nothing.
    #[arg(long, value_name = "BITS")]
    oct: Option<usize>,
    /// What is wanted, as latchset's program takes it: JSON, or where to read it.
    ///
    /// An object with `alg`, or with `kty` and `crv`, `bytes` or `bits`, and if wanted `use`, `key_ops` and
    /// `kid`. Nothing else is accepted, a secret least of all.
    #[arg(
        short = 'i',
        value_name = "TEMPLATE",
        conflicts_with_all = ["curve", "rsa_bits", "kid", "key_use"],
    )]
    template: Option<Template>,
    /// The curve of a key for ECDH-ES.
    #[arg(long, value_parser = ["P-256", "P-384", "P-521", "X25519", "X448"])]
    curve: Option<String>,
    /// Bits of an RSA modulus: 2048 to 16384.
    #[arg(long, value_name = "BITS")]
    rsa_bits: Option<usize>,
    /// Name the key.
    #[arg(long, allow_hyphen_values = true, conflicts_with = "no_kid")]
    kid: Option<String>,
    /// Leave the key without a name.
    #[arg(long)]
    no_kid: bool,
    /// Say what the key is for.
    #[arg(long = "use", value_enum, value_name = "USE")]
    key_use: Option<Use>,
    #[command(flatten)]
    to: KeyOutput,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Use {
    Sig,
    Enc,
}

/// An algorithm by its registered name.
pub(super) fn alg(name: &str) -> Result<Alg, String> {
    Alg::from_name(name).ok_or_else(|| "not the name of an algorithm: see `jose alg`".to_owned())
}

/// What a key is to be like.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) alg: Option<Alg>,
    pub(super) kty: Option<String>,
    pub(super) crv: Option<String>,
    pub(super) oct_bits: Option<usize>,
    pub(super) rsa_bits: Option<usize>,
    pub(super) kid: Option<String>,
    pub(super) no_kid: bool,
    pub(super) key_use: Option<KeyUse>,
    pub(super) key_ops: Option<Vec<String>>,
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    let backend = output.backend().get()?;
    let mut wanted = match &args.template {
        Some(template) => template.read()?,
        None => Wanted {
            alg: args.alg,
            kty: args.oct.map(|_| "oct".to_owned()),
            crv: args.curve.clone(),
            oct_bits: args.oct,
            rsa_bits: args.rsa_bits,
            kid: args.kid.clone(),
            key_use: args.key_use.map(Into::into),
            ..Wanted::default()
        },
    };
    if args.no_kid && wanted.kid.is_some() {
        return Err(Failure::usage("a template with `kid`, and --no-kid"));
    }
    wanted.no_kid = args.no_kid;
    let working = output.working("making a key");
    let jwk = wanted.generate(backend)?;
    drop(working);
    args.to.key(&jwk, output)
}

impl Wanted {
    /// A key that is exactly so, or an error that says why there is none.
    fn generate(&self, backend: &dyn Backend) -> Result<Jwk, Failure> {
        match self.alg {
            Some(alg) => self.bound(alg, backend),
            None => self.unbound(backend),
        }
    }

    fn bound(&self, alg: Alg, backend: &dyn Backend) -> Result<Jwk, Failure> {
        let rsa = alg.name().starts_with("RS") || alg.name().starts_with("PS");
        if self.rsa_bits.is_some() && !rsa {
            return Err(Failure::usage(format!("{alg} has no modulus to be of so many bits")));
        }
        let mut generator = Generator::new(alg);
        if let Some(bits) = self.rsa_bits {
            generator = generator.rsa_bits(bits);
        }
        if let Some(crv) = &self.crv
            && alg.name().starts_with("ECDH-ES")
        {
            generator = generator.curve(curve(crv)?);
        }
        if let Some(kid) = &self.kid {
            generator = generator.kid(kid.clone());
        }
        if self.no_kid {
            generator = generator.without_kid();
        }
        let mut jwk = self.for_what(generator.generate(backend)?)?;
        let other = |what: &str| Failure::usage(format!("{alg} takes no key {what}"));
        if let Some(kty) = self.kty.as_deref().filter(|kty| *kty != jwk.kty()) {
            return Err(other(&format!("of type {kty:?}")));
        }
        if let Some(crv) = self.crv.as_deref().filter(|crv| Some(*crv) != keys::crv(&jwk)) {
            return Err(other(&format!("on {crv:?}")));
        }
        if let Some(bits) = self.oct_bits {
            if jwk.kty() != "oct" {
                return Err(other("of so many octets"));
            }
            let mut other = Jwk::generate_oct(bits, backend)?.with_alg(alg)?;
            if let Some(kid) = jwk.kid() {
                other = other.with_kid(kid);
            }
            jwk = self.for_what(other)?;
            jwk.check_for(alg)?;
        }
        if JwkSet::new([jwk.clone()]).for_alg(alg).next().is_none() {
            return Err(other("with this `use` or these `key_ops`"));
        }
        Ok(jwk)
    }

    fn unbound(&self, backend: &dyn Backend) -> Result<Jwk, Failure> {
        let mut jwk = match (self.kty.as_deref(), &self.crv, self.oct_bits, self.rsa_bits) {
            (Some("oct"), None, Some(bits), None) => Jwk::generate_oct(bits, backend)?,
            (Some("RSA"), None, None, Some(bits)) => {
                Jwk::new(backend.generate(NewKey::Rsa { bits })?)
            }
            (Some(kty @ ("EC" | "OKP")), Some(crv), None, None) => {
                let new = curve(crv)?;
                if matches!(new, NewKey::Ec(_)) != (kty == "EC") {
                    return Err(Failure::usage(format!("{crv} is not a curve of {kty}")));
                }
                Jwk::new(backend.generate(new)?)
            }
            (Some(kty @ ("oct" | "RSA" | "EC" | "OKP")), ..) => {
                let own = match kty {
                    "oct" => "the number of its octets",
                    "RSA" => "the number of its bits",
                    _ => "its curve",
                };
                let message = format!(
                    "of a key of type {kty} that is bound to no algorithm, {own} is needed and nothing else"
                );
                return Err(Failure::usage(message));
            }
            (Some(kty), ..) => {
                return Err(Failure::usage(format!("no keys of type {kty:?} are made here")));
            }
            (None, ..) => return Err(Failure::usage("an algorithm or a type of key is needed")),
        };
        if let Some(kid) = &self.kid {
            jwk = jwk.with_kid(kid.clone());
        }
        self.for_what(jwk)
    }

    /// The same key, saying what it is for.
    fn for_what(&self, mut jwk: Jwk) -> Result<Jwk, Failure> {
        if let Some(key_use) = &self.key_use {
            jwk = jwk.with_use(key_use.clone());
        }
        if let Some(ops) = &self.key_ops {
            jwk = jwk.with_key_ops(ops.iter().cloned())?;
        }
        Ok(jwk)
    }
}

fn curve(name: &str) -> Result<NewKey, Failure> {
    let ec = [EcCurve::P256, EcCurve::P384, EcCurve::P521, EcCurve::Secp256k1];
    let okp = [OkpCurve::Ed25519, OkpCurve::Ed448, OkpCurve::X25519, OkpCurve::X448];
    let ec = ec.into_iter().find(|crv| crv.name() == name).map(NewKey::from);
    let okp = || okp.into_iter().find(|crv| crv.name() == name).map(NewKey::from);
    ec.or_else(okp).ok_or_else(|| Failure::usage(format!("no keys on {name:?} are made here")))
}

impl From<Use> for KeyUse {
    fn from(key_use: Use) -> Self {
        match key_use {
            Use::Sig => Self::Sig,
            Use::Enc => Self::Enc,
        }
    }
}
