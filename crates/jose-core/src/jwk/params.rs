//! Key parameters by `kty` (RFC 7518 §6, RFC 8037 §2, RFC 8812 §3.1, RFC 9964).
//!
//! A value of these types has the right members with the right lengths; whether a point is on its
//! curve or a modulus the product of its primes takes arithmetic, and is the backend's to tell.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Akp, AkpAlgorithm, Ec, EcCurve, Oct, Okp, OkpCurve, Rsa};
use crate::SecretBytes;
use crate::error::Rule;
use crate::json::Object;
use crate::member::{self, Writer};

/// The parameters of a key.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Params {
    /// `AKP`: an algorithm key pair (RFC 9964).
    Akp(Akp),
    /// `EC`: a point on a Weierstrass curve (RFC 7518 §6.2).
    Ec(Ec),
    /// `oct`: octets shared by both sides (RFC 7518 §6.4).
    Oct(Oct),
    /// `OKP`: an octet key pair (RFC 8037 §2).
    Okp(Okp),
    /// `RSA` (RFC 7518 §6.3).
    Rsa(Rsa),
    /// A type, or a curve or algorithm of a known type, that is not known here. Such a key is
    /// kept and written again as it came; no algorithm takes it.
    Unknown(Unknown),
}

impl Params {
    /// The key type.
    #[must_use]
    pub fn kty(&self) -> &str {
        match self {
            Self::Akp(_) => "AKP",
            Self::Ec(_) => "EC",
            Self::Oct(_) => "oct",
            Self::Okp(_) => "OKP",
            Self::Rsa(_) => "RSA",
            Self::Unknown(unknown) => &unknown.kty,
        }
    }

    /// The curve, of a type that has them.
    pub(crate) const fn crv(&self) -> Option<&'static str> {
        match self {
            Self::Ec(ec) => Some(ec.crv().name()),
            Self::Okp(okp) => Some(okp.crv().name()),
            _ => None,
        }
    }

    /// Whether publishing these parameters would give a secret away, or may do so.
    pub(super) const fn is_private(&self) -> bool {
        match self {
            Self::Akp(akp) => akp.private().is_some(),
            Self::Ec(ec) => ec.d().is_some(),
            Self::Okp(okp) => okp.d().is_some(),
            Self::Rsa(rsa) => rsa.private().is_some(),
            Self::Oct(_) | Self::Unknown(_) => true,
        }
    }

    /// The public half, where there is one.
    pub(crate) fn to_public(&self) -> Option<Self> {
        match self {
            Self::Akp(akp) => Some(Self::Akp(akp.to_public())),
            Self::Ec(ec) => Some(Self::Ec(ec.to_public())),
            Self::Okp(okp) => Some(Self::Okp(okp.to_public())),
            Self::Rsa(rsa) => Some(Self::Rsa(rsa.to_public())),
            Self::Oct(_) | Self::Unknown(_) => None,
        }
    }

    /// Reads the members that `kty` has.
    pub(super) fn parse<S: AsRef<str>>(object: &Object<S>) -> Result<Self, Rule> {
        let text = |name| object.read(name, member::text)?.ok_or(missing(name));
        let octets = |name| object.read(name, member::octets)?.ok_or(missing(name));
        let secret = |name| object.read(name, member::secret);
        let kty = text("kty")?;
        let unknown =
            |crv: Option<String>| Self::Unknown(Unknown { kty: kty.as_str().into(), crv });
        Ok(match kty.as_str() {
            "AKP" => {
                let Some(alg) = AkpAlgorithm::from_name(&text("alg")?) else {
                    return Ok(unknown(None));
                };
                Self::Akp(Akp::new(alg, octets("pub")?, secret("priv")?)?)
            }
            "EC" => {
                let crv = text("crv")?;
                let Some(known) = EcCurve::from_name(&crv) else { return Ok(unknown(Some(crv))) };
                Self::Ec(Ec::new(known, octets("x")?, octets("y")?, secret("d")?)?)
            }
            "OKP" => {
                let crv = text("crv")?;
                let Some(known) = OkpCurve::from_name(&crv) else { return Ok(unknown(Some(crv))) };
                Self::Okp(Okp::new(known, octets("x")?, secret("d")?)?)
            }
            "RSA" => Self::Rsa(Rsa::parse(object)?),
            "oct" => Self::Oct(Oct::new(secret("k")?.ok_or(missing("k"))?)?),
            _ => unknown(None),
        })
    }

    /// The members this type has, in the order they are written: name and value.
    pub(super) fn members(&self) -> Vec<(&'static str, Member<'_>)> {
        use Member::{Octets, Secret, Text};
        let mut members = Vec::new();
        match self {
            Self::Akp(akp) => {
                members.push(("pub", Octets(akp.public())));
                members.extend(akp.private().map(|seed| ("priv", Secret(seed))));
            }
            Self::Ec(ec) => {
                members.extend([("crv", Text(ec.crv().name()))]);
                members.extend([("x", Octets(ec.x())), ("y", Octets(ec.y()))]);
                members.extend(ec.d().map(|d| ("d", Secret(d))));
            }
            Self::Oct(oct) => members.push(("k", Secret(oct.k()))),
            Self::Okp(okp) => {
                members.extend([("crv", Text(okp.crv().name())), ("x", Octets(okp.x()))]);
                members.extend(okp.d().map(|d| ("d", Secret(d))));
            }
            Self::Rsa(rsa) => {
                members.extend([("n", Octets(rsa.n())), ("e", Octets(rsa.e()))]);
                members.extend(rsa.private().map(|private| ("d", Secret(private.d()))));
                if let Some(crt) = rsa.private().and_then(|private| private.crt()) {
                    members.extend([("p", Secret(crt.p())), ("q", Secret(crt.q()))]);
                    members.extend([("dp", Secret(crt.dp())), ("dq", Secret(crt.dq()))]);
                    members.push(("qi", Secret(crt.qi())));
                }
            }
            Self::Unknown(_) => {}
        }
        members
    }
}

/// The value of a key member, before it is encoded.
#[derive(Clone, Copy)]
pub(super) enum Member<'a> {
    Octets(&'a [u8]),
    Secret(&'a SecretBytes),
    Text(&'static str),
}

impl Member<'_> {
    /// At least as many octets as the value takes once written.
    pub(super) fn capacity(self) -> usize {
        match self {
            Self::Octets(octets) => octets.len() * 2,
            Self::Secret(secret) => secret.len() * 2,
            Self::Text(text) => text.len(),
        }
    }

    pub(super) fn write(self, name: &str, out: &mut Writer<'_>) {
        match self {
            Self::Octets(octets) => out.octets(name, Some(octets)),
            Self::Secret(secret) => out.secret(name, secret),
            Self::Text(text) => out.text(name, Some(text)),
        }
    }
}

/// A key of a type, curve or algorithm that is not known here. Its members stay in
/// [`Jwk::other`](super::Jwk::other) as they came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unknown {
    kty: String,
    crv: Option<String>,
}

impl Unknown {
    /// The key type.
    #[must_use]
    pub fn kty(&self) -> &str {
        &self.kty
    }

    /// The curve, for a known type on a curve that is not known.
    #[must_use]
    pub fn crv(&self) -> Option<&str> {
        self.crv.as_deref()
    }
}

pub(super) const fn missing(member: &'static str) -> Rule {
    Rule::Missing { member }
}

pub(super) fn exactly(member: &'static str, octets: &[u8], expected: usize) -> Result<(), Rule> {
    if octets.len() == expected { Ok(()) } else { Err(Rule::Length { member, expected }) }
}

pub(super) fn exactly_secret(
    member: &'static str,
    secret: Option<&SecretBytes>,
    expected: usize,
) -> Result<(), Rule> {
    secret.map_or(Ok(()), |secret| exactly(member, secret.expose_secret(), expected))
}
