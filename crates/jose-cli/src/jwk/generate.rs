//! `jose jwk gen`.

use clap::ValueEnum;
use jose::jwk::{EcCurve, Generator, KeyUse, OkpCurve};
use jose::{Alg, Jwk};

use crate::failure::Failure;
use crate::output::{Output, OutputArgs};

/// Make a private or shared key for one algorithm.
///
/// It is named by its thumbprint, a shared one at random, unless told otherwise.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  jose jwk gen --alg ES256\n  jose jwk gen --alg PS256 --rsa-bits 3072 \
                        --use sig --kid 2026-11\n  jose jwk gen --oct 512"
)]
#[group(required = true, multiple = false, id = "what", args = ["alg", "oct", "template"])]
pub(crate) struct Args {
    /// The algorithm, by its registered name.
    #[arg(long, value_parser = alg)]
    alg: Option<Alg>,
    /// A shared key of this many bits, bound to nothing.
    #[arg(long, value_name = "BITS")]
    oct: Option<usize>,
    /// What is wanted, as latchset's program takes it: `{"alg":"ES256"}`.
    #[arg(short = 'i', value_name = "JSON", value_parser = template)]
    template: Option<Alg>,
    /// The curve of a key for ECDH-ES.
    #[arg(long, value_enum)]
    curve: Option<Curve>,
    /// Bits of an RSA modulus: 2048 to 16384.
    #[arg(long, value_name = "BITS")]
    rsa_bits: Option<usize>,
    /// Name the key.
    #[arg(long, conflicts_with = "no_kid")]
    kid: Option<String>,
    /// Leave the key without a name.
    #[arg(long)]
    no_kid: bool,
    /// Say what the key is for.
    #[arg(long = "use", value_enum, value_name = "USE")]
    key_use: Option<Use>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Curve {
    #[value(name = "P-256")]
    P256,
    #[value(name = "P-384")]
    P384,
    #[value(name = "P-521")]
    P521,
    #[value(name = "X25519")]
    X25519,
    #[value(name = "X448")]
    X448,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Use {
    Sig,
    Enc,
}

/// An algorithm by its registered name.
pub(super) fn alg(name: &str) -> Result<Alg, String> {
    Alg::from_name(name).ok_or_else(|| "not the name of an algorithm: see `jose alg`".to_owned())
}

fn template(text: &str) -> Result<Alg, String> {
    let template: serde_json::Value =
        serde_json::from_str(text).map_err(|_| "not JSON".to_owned())?;
    // Only what is looked at, so that nothing is thought to have been.
    match template.as_object().map(|members| (members.len(), members.get("alg"))) {
        Some((1, Some(name))) => alg(name.as_str().unwrap_or_default()),
        _ => Err("an object with the one member `alg`".to_owned()),
    }
}

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    let backend = output.backend().get()?;
    let jwk = match (args.alg.or(args.template), args.oct) {
        (Some(alg), _) => generator(alg, args)?.generate(backend)?,
        (None, Some(bits)) => {
            let mut jwk = Jwk::generate_oct(bits, backend)?;
            if let Some(kid) = &args.kid {
                jwk = jwk.with_kid(kid.clone());
            }
            if let Some(key_use) = args.key_use {
                jwk = jwk.with_use(key_use.into());
            }
            jwk
        }
        (None, None) => return Err(Failure::usage("--alg or --oct is needed")),
    };
    output.key(&jwk, &args.output)
}

fn generator(alg: Alg, args: &Args) -> Result<Generator, Failure> {
    let rsa = alg.name().starts_with("RS") || alg.name().starts_with("PS");
    if args.rsa_bits.is_some() && !rsa {
        return Err(Failure::usage(format!("--rsa-bits is not for {alg}")));
    }
    if args.curve.is_some() && !alg.name().starts_with("ECDH-ES") {
        return Err(Failure::usage(format!("--curve is not for {alg}: it has its own")));
    }
    let mut generator = Generator::new(alg);
    if let Some(bits) = args.rsa_bits {
        generator = generator.rsa_bits(bits);
    }
    if let Some(curve) = args.curve {
        generator = match curve {
            Curve::P256 => generator.curve(EcCurve::P256),
            Curve::P384 => generator.curve(EcCurve::P384),
            Curve::P521 => generator.curve(EcCurve::P521),
            Curve::X25519 => generator.curve(OkpCurve::X25519),
            Curve::X448 => generator.curve(OkpCurve::X448),
        };
    }
    if let Some(kid) = &args.kid {
        generator = generator.kid(kid.clone());
    }
    if args.no_kid {
        generator = generator.without_kid();
    }
    if let Some(key_use) = args.key_use {
        generator = generator.key_use(key_use.into());
    }
    Ok(generator)
}

impl From<Use> for KeyUse {
    fn from(key_use: Use) -> Self {
        match key_use {
            Use::Sig => Self::Sig,
            Use::Enc => Self::Enc,
        }
    }
}
