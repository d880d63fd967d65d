//! Key parameters by `kty` (RFC 7518 §6, RFC 8037 §2, RFC 8812 §3.1, RFC 9964 §4).
//!
//! A value of these types has the right members with the right lengths; whether a point is on its
//! curve or a modulus the product of its primes takes arithmetic, and is the backend's to tell.

use alloc::string::String;
use alloc::vec::Vec;

use crate::SecretBytes;
use crate::base64url;
use crate::error::Rule;
use crate::json::{self, Object};

/// The parameters of a key.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Params {
    /// `AKP`: an algorithm key pair (RFC 9964 §4).
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

    /// Whether publishing these parameters would give a secret away, or may do so.
    pub(super) const fn is_private(&self) -> bool {
        match self {
            Self::Akp(akp) => akp.private.is_some(),
            Self::Ec(ec) => ec.d.is_some(),
            Self::Okp(okp) => okp.d.is_some(),
            Self::Rsa(rsa) => rsa.private.is_some(),
            Self::Oct(_) | Self::Unknown(_) => true,
        }
    }

    /// The public half, where there is one.
    pub(super) fn to_public(&self) -> Option<Self> {
        Some(match self {
            Self::Akp(akp) => Self::Akp(Akp { private: None, ..akp.clone() }),
            Self::Ec(ec) => Self::Ec(Ec { crv: ec.crv, x: ec.x.clone(), y: ec.y.clone(), d: None }),
            Self::Okp(okp) => Self::Okp(Okp { crv: okp.crv, x: okp.x.clone(), d: None }),
            Self::Rsa(rsa) => Self::Rsa(Rsa { n: rsa.n.clone(), e: rsa.e.clone(), private: None }),
            Self::Oct(_) | Self::Unknown(_) => return None,
        })
    }

    /// Reads the members that `kty` has.
    pub(super) fn parse<S: AsRef<str>>(object: &Object<S>) -> Result<Self, Rule> {
        let kty = text(object, "kty")?.ok_or(Rule::Missing { member: "kty" })?;
        let unknown = |crv: Option<&str>| {
            Self::Unknown(Unknown { kty: kty.as_str().into(), crv: crv.map(Into::into) })
        };
        Ok(match kty.as_str() {
            "oct" => Self::Oct(Oct::new(secret(object, "k")?.ok_or(missing("k"))?)?),
            "EC" => {
                let crv = text(object, "crv")?.ok_or(missing("crv"))?;
                let Some(crv) = EcCurve::from_name(&crv) else { return Ok(unknown(Some(&crv))) };
                let (x, y) = (octets(object, "x")?, octets(object, "y")?);
                let (x, y) = (x.ok_or(missing("x"))?, y.ok_or(missing("y"))?);
                Self::Ec(Ec::new(crv, x, y, secret(object, "d")?)?)
            }
            "OKP" => {
                let crv = text(object, "crv")?.ok_or(missing("crv"))?;
                let Some(crv) = OkpCurve::from_name(&crv) else { return Ok(unknown(Some(&crv))) };
                let x = octets(object, "x")?.ok_or(missing("x"))?;
                Self::Okp(Okp::new(crv, x, secret(object, "d")?)?)
            }
            "AKP" => {
                let alg = text(object, "alg")?.ok_or(missing("alg"))?;
                let Some(alg) = AkpAlgorithm::from_name(&alg) else { return Ok(unknown(None)) };
                let public = octets(object, "pub")?.ok_or(missing("pub"))?;
                Self::Akp(Akp::new(alg, public, secret(object, "priv")?)?)
            }
            "RSA" => Self::Rsa(Rsa::parse(object)?),
            _ => unknown(None),
        })
    }

    /// The members this type has, as they are written: name and value.
    pub(super) fn members(&self) -> Vec<(&'static str, Member<'_>)> {
        match self {
            Self::Akp(akp) => {
                let mut members = alloc::vec![("pub", Member::Octets(&akp.public))];
                members.extend(akp.private.as_ref().map(|seed| ("priv", Member::Secret(seed))));
                members
            }
            Self::Ec(ec) => {
                let mut members = alloc::vec![
                    ("crv", Member::Text(ec.crv.name())),
                    ("x", Member::Octets(&ec.x)),
                    ("y", Member::Octets(&ec.y)),
                ];
                members.extend(ec.d.as_ref().map(|d| ("d", Member::Secret(d))));
                members
            }
            Self::Oct(oct) => alloc::vec![("k", Member::Secret(&oct.k))],
            Self::Okp(okp) => {
                let mut members = alloc::vec![
                    ("crv", Member::Text(okp.crv.name())),
                    ("x", Member::Octets(&okp.x)),
                ];
                members.extend(okp.d.as_ref().map(|d| ("d", Member::Secret(d))));
                members
            }
            Self::Rsa(rsa) => {
                let mut members =
                    alloc::vec![("n", Member::Octets(&rsa.n)), ("e", Member::Octets(&rsa.e))];
                if let Some(private) = &rsa.private {
                    members.push(("d", Member::Secret(&private.d)));
                    if let Some(crt) = &private.crt {
                        members.extend(
                            [
                                ("p", &crt.p),
                                ("q", &crt.q),
                                ("dp", &crt.dp),
                                ("dq", &crt.dq),
                                ("qi", &crt.qi),
                            ]
                            .map(|(name, value)| (name, Member::Secret(value))),
                        );
                    }
                }
                members
            }
            Self::Unknown(_) => Vec::new(),
        }
    }
}

/// The value of a key member, before it is encoded.
#[derive(Clone, Copy)]
pub(super) enum Member<'a> {
    Octets(&'a [u8]),
    Secret(&'a SecretBytes),
    Text(&'static str),
}

/// A curve of key type `EC`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum EcCurve {
    /// P-256, also called secp256r1 and prime256v1.
    P256,
    /// P-384, also called secp384r1.
    P384,
    /// P-521, also called secp521r1.
    P521,
    /// secp256k1 (RFC 8812 §3.1).
    Secp256k1,
}

impl EcCurve {
    /// The registered name, as it stands in `crv`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::Secp256k1 => "secp256k1",
        }
    }

    /// Length of a coordinate and of a private key in octets: 32, 48 or 66.
    #[must_use]
    pub const fn coordinate_len(self) -> usize {
        match self {
            Self::P256 | Self::Secp256k1 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::P256, Self::P384, Self::P521, Self::Secp256k1]
            .into_iter()
            .find(|crv| crv.name() == name)
    }
}

/// A curve of key type `OKP`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum OkpCurve {
    /// Ed25519, for signatures.
    Ed25519,
    /// Ed448, for signatures.
    Ed448,
    /// X25519, for key agreement.
    X25519,
    /// X448, for key agreement.
    X448,
}

impl OkpCurve {
    /// The registered name, as it stands in `crv`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "Ed25519",
            Self::Ed448 => "Ed448",
            Self::X25519 => "X25519",
            Self::X448 => "X448",
        }
    }

    /// Length of a public and of a private key in octets: 32, 56 or 57.
    #[must_use]
    pub const fn key_len(self) -> usize {
        match self {
            Self::Ed25519 | Self::X25519 => 32,
            Self::Ed448 => 57,
            Self::X448 => 56,
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Ed25519, Self::Ed448, Self::X25519, Self::X448]
            .into_iter()
            .find(|crv| crv.name() == name)
    }
}

/// An algorithm of key type `AKP`; the key names it and serves no other.
#[allow(non_camel_case_types, reason = "the registered names, spelled as near as Rust can")]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum AkpAlgorithm {
    /// ML-DSA-44.
    ML_DSA_44,
    /// ML-DSA-65.
    ML_DSA_65,
    /// ML-DSA-87.
    ML_DSA_87,
}

impl AkpAlgorithm {
    /// The registered name, as it stands in `alg`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ML_DSA_44 => "ML-DSA-44",
            Self::ML_DSA_65 => "ML-DSA-65",
            Self::ML_DSA_87 => "ML-DSA-87",
        }
    }

    /// Length of a public key in octets: 1312, 1952 or 2592.
    #[must_use]
    pub const fn public_len(self) -> usize {
        match self {
            Self::ML_DSA_44 => 1312,
            Self::ML_DSA_65 => 1952,
            Self::ML_DSA_87 => 2592,
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::ML_DSA_44, Self::ML_DSA_65, Self::ML_DSA_87]
            .into_iter()
            .find(|alg| alg.name() == name)
    }
}

/// Parameters of an `EC` key (RFC 7518 §6.2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ec {
    crv: EcCurve,
    x: Vec<u8>,
    y: Vec<u8>,
    d: Option<SecretBytes>,
}

impl Ec {
    /// A point, and its private key if `d` is given; all big-endian.
    ///
    /// # Errors
    ///
    /// [`Rule::Length`] unless each is exactly [`EcCurve::coordinate_len`] octets long.
    pub fn new(crv: EcCurve, x: Vec<u8>, y: Vec<u8>, d: Option<SecretBytes>) -> Result<Self, Rule> {
        let len = crv.coordinate_len();
        exactly("x", &x, len)?;
        exactly("y", &y, len)?;
        exactly_secret("d", d.as_ref(), len)?;
        Ok(Self { crv, x, y, d })
    }

    /// The curve.
    #[must_use]
    pub const fn crv(&self) -> EcCurve {
        self.crv
    }

    /// The x coordinate, big-endian, at full length.
    #[must_use]
    pub fn x(&self) -> &[u8] {
        &self.x
    }

    /// The y coordinate, big-endian, at full length.
    #[must_use]
    pub fn y(&self) -> &[u8] {
        &self.y
    }

    /// The private key, big-endian, at full length.
    #[must_use]
    pub const fn d(&self) -> Option<&SecretBytes> {
        self.d.as_ref()
    }
}

/// Parameters of an `OKP` key (RFC 8037 §2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Okp {
    crv: OkpCurve,
    x: Vec<u8>,
    d: Option<SecretBytes>,
}

impl Okp {
    /// A public key, and its private key if `d` is given; as the curve's own RFC encodes them.
    ///
    /// # Errors
    ///
    /// [`Rule::Length`] unless each is exactly [`OkpCurve::key_len`] octets long.
    pub fn new(crv: OkpCurve, x: Vec<u8>, d: Option<SecretBytes>) -> Result<Self, Rule> {
        let len = crv.key_len();
        exactly("x", &x, len)?;
        exactly_secret("d", d.as_ref(), len)?;
        Ok(Self { crv, x, d })
    }

    /// The curve.
    #[must_use]
    pub const fn crv(&self) -> OkpCurve {
        self.crv
    }

    /// The public key.
    #[must_use]
    pub fn x(&self) -> &[u8] {
        &self.x
    }

    /// The private key: for the Ed curves the seed (RFC 8032 §5.1.5).
    #[must_use]
    pub const fn d(&self) -> Option<&SecretBytes> {
        self.d.as_ref()
    }
}

/// Parameters of an `AKP` key (RFC 9964 §4).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Akp {
    alg: AkpAlgorithm,
    public: Vec<u8>,
    private: Option<SecretBytes>,
}

impl Akp {
    /// A public key, and its seed if `private` is given.
    ///
    /// # Errors
    ///
    /// [`Rule::Length`] unless `public` is [`AkpAlgorithm::public_len`] and `private` 32 octets
    /// long.
    pub fn new(
        alg: AkpAlgorithm,
        public: Vec<u8>,
        private: Option<SecretBytes>,
    ) -> Result<Self, Rule> {
        exactly("pub", &public, alg.public_len())?;
        exactly_secret("priv", private.as_ref(), 32)?;
        Ok(Self { alg, public, private })
    }

    /// The algorithm.
    #[must_use]
    pub const fn alg(&self) -> AkpAlgorithm {
        self.alg
    }

    /// The public key, `pub`.
    #[must_use]
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// The private key, `priv`: a seed of 32 octets.
    #[must_use]
    pub const fn private(&self) -> Option<&SecretBytes> {
        self.private.as_ref()
    }
}

/// Parameters of an `oct` key (RFC 7518 §6.4).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Oct {
    k: SecretBytes,
}

impl Oct {
    /// A key shared by both sides.
    ///
    /// # Errors
    ///
    /// [`Rule::Value`] for no octets at all: a MAC under such a key is anybody's.
    pub fn new(k: SecretBytes) -> Result<Self, Rule> {
        if k.is_empty() {
            return Err(Rule::Value { member: "k", expected: "at least one octet" });
        }
        Ok(Self { k })
    }

    /// The key.
    #[must_use]
    pub const fn k(&self) -> &SecretBytes {
        &self.k
    }
}

/// Parameters of an `RSA` key (RFC 7518 §6.3); numbers are big-endian without leading zeros.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rsa {
    n: Vec<u8>,
    e: Vec<u8>,
    private: Option<RsaPrivate>,
}

impl Rsa {
    /// A modulus and a public exponent, and the private half if given. Leading zero octets are
    /// dropped.
    #[must_use]
    pub fn new(n: &[u8], e: &[u8], private: Option<RsaPrivate>) -> Self {
        Self { n: trim(n).into(), e: trim(e).into(), private }
    }

    /// The modulus.
    #[must_use]
    pub fn n(&self) -> &[u8] {
        &self.n
    }

    /// The public exponent.
    #[must_use]
    pub fn e(&self) -> &[u8] {
        &self.e
    }

    /// The private half.
    #[must_use]
    pub const fn private(&self) -> Option<&RsaPrivate> {
        self.private.as_ref()
    }

    fn parse<S: AsRef<str>>(object: &Object<S>) -> Result<Self, Rule> {
        let n = uint(octets(object, "n")?.ok_or(missing("n"))?, "n")?;
        let e = uint(octets(object, "e")?.ok_or(missing("e"))?, "e")?;
        if object.get("oth").is_some() {
            // A key of more than two primes is not one this crate can use (RFC 7518 §6.3.2.7).
            return Err(Rule::Value { member: "oth", expected: "absent: two primes only" });
        }
        let factor = |member: &'static str| -> Result<Option<SecretBytes>, Rule> {
            let Some(number) = secret(object, member)? else { return Ok(None) };
            minimal(number.expose_secret(), member)?;
            Ok(Some(number))
        };
        let d = factor("d")?;
        let [p, q, dp, dq, qi] =
            [factor("p")?, factor("q")?, factor("dp")?, factor("dq")?, factor("qi")?];
        let crt = match (p, q, dp, dq, qi) {
            (None, None, None, None, None) => None,
            (Some(p), Some(q), Some(dp), Some(dq), Some(qi)) => Some(RsaCrt { p, q, dp, dq, qi }),
            _ => {
                return Err(Rule::Value {
                    member: "p",
                    expected: "given together with q, dp, dq and qi, or not at all",
                });
            }
        };
        let private = match (d, crt) {
            (None, None) => None,
            (None, Some(_)) => return Err(missing("d")),
            (Some(d), crt) => Some(RsaPrivate { d, crt }),
        };
        Ok(Self { n, e, private })
    }
}

/// The private half of an RSA key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RsaPrivate {
    d: SecretBytes,
    crt: Option<RsaCrt>,
}

impl RsaPrivate {
    /// The private exponent, and the Chinese remainder parameters if known.
    #[must_use]
    pub fn new(d: &[u8], crt: Option<RsaCrt>) -> Self {
        Self { d: trim(d).into(), crt }
    }

    /// The private exponent.
    #[must_use]
    pub const fn d(&self) -> &SecretBytes {
        &self.d
    }

    /// The Chinese remainder parameters.
    #[must_use]
    pub const fn crt(&self) -> Option<&RsaCrt> {
        self.crt.as_ref()
    }
}

/// The Chinese remainder parameters of an RSA key with two primes (RFC 7518 §6.3.2.2-6).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RsaCrt {
    p: SecretBytes,
    q: SecretBytes,
    dp: SecretBytes,
    dq: SecretBytes,
    qi: SecretBytes,
}

impl RsaCrt {
    /// The two primes, the exponents modulo each less one, and the inverse of `q` modulo `p`.
    /// Leading zero octets are dropped.
    #[must_use]
    pub fn new(p: &[u8], q: &[u8], dp: &[u8], dq: &[u8], qi: &[u8]) -> Self {
        let [p, q, dp, dq, qi] = [p, q, dp, dq, qi].map(|number| trim(number).into());
        Self { p, q, dp, dq, qi }
    }

    /// The first prime.
    #[must_use]
    pub const fn p(&self) -> &SecretBytes {
        &self.p
    }

    /// The second prime.
    #[must_use]
    pub const fn q(&self) -> &SecretBytes {
        &self.q
    }

    /// The private exponent modulo p - 1.
    #[must_use]
    pub const fn dp(&self) -> &SecretBytes {
        &self.dp
    }

    /// The private exponent modulo q - 1.
    #[must_use]
    pub const fn dq(&self) -> &SecretBytes {
        &self.dq
    }

    /// The inverse of q modulo p.
    #[must_use]
    pub const fn qi(&self) -> &SecretBytes {
        &self.qi
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

const fn missing(member: &'static str) -> Rule {
    Rule::Missing { member }
}

fn exactly(member: &'static str, octets: &[u8], expected: usize) -> Result<(), Rule> {
    if octets.len() == expected { Ok(()) } else { Err(Rule::Length { member, expected }) }
}

fn exactly_secret(
    member: &'static str,
    secret: Option<&SecretBytes>,
    expected: usize,
) -> Result<(), Rule> {
    secret.map_or(Ok(()), |secret| exactly(member, secret.expose_secret(), expected))
}

/// A member that is a string, as text.
pub(super) fn text<S: AsRef<str>>(
    object: &Object<S>,
    member: &'static str,
) -> Result<Option<String>, Rule> {
    let Some(json) = object.get(member) else { return Ok(None) };
    let text = json::unquote(json).ok_or(Rule::Type { member, expected: "a string" })?;
    if text.chars().any(char::is_control) {
        return Err(Rule::ControlCharacter { member });
    }
    Ok(Some(text.into_owned()))
}

fn octets<S: AsRef<str>>(
    object: &Object<S>,
    member: &'static str,
) -> Result<Option<Vec<u8>>, Rule> {
    let Some(json) = object.get(member) else { return Ok(None) };
    let text = json::unquote(json).ok_or(Rule::Type { member, expected: "a string" })?;
    base64url::decode(text.as_bytes()).map(Some)
}

fn secret<S: AsRef<str>>(
    object: &Object<S>,
    member: &'static str,
) -> Result<Option<SecretBytes>, Rule> {
    let Some(json) = object.get(member) else { return Ok(None) };
    // Taken from the text as it stands: unescaping would make a copy that nobody wipes, and
    // base64url needs no escapes.
    let text = json
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .ok_or(Rule::Type { member, expected: "a string" })?;
    base64url::decode_secret(text).map(Some)
}

/// `Base64urlUInt` has one spelling: the fewest octets, and one zero octet for zero
/// (RFC 7518 §2).
fn minimal(number: &[u8], member: &'static str) -> Result<(), Rule> {
    match number {
        [] | [0, _, ..] => {
            Err(Rule::Value { member, expected: "a number in as few octets as it needs" })
        }
        _ => Ok(()),
    }
}

fn uint(number: Vec<u8>, member: &'static str) -> Result<Vec<u8>, Rule> {
    minimal(&number, member).map(|()| number)
}

fn trim(mut number: &[u8]) -> &[u8] {
    while let [0, rest @ ..] = number
        && !rest.is_empty()
    {
        number = rest;
    }
    number
}
