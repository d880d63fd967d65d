//! Object identifiers of keys (RFC 3279 §2.3.1, RFC 5480 §2.1.1, RFC 8410 §3, RFC 9881 §2), and their
//! public keys as bit strings.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use der::asn1::{AnyRef, ObjectIdentifier};
use spki::AlgorithmIdentifierRef;

use super::{Format, Found, FoundKind, ImportError, pkcs1};
use crate::error::{KeyError, Rule, excerpt};
use crate::jwk::{Akp, AkpAlgorithm, Ec, EcCurve, Okp, OkpCurve, Params};

/// What kind of key an object identifier stands for.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Kind {
    Akp(AkpAlgorithm),
    Ec(EcCurve),
    Okp(OkpCurve),
    Rsa,
}

/// `rsaEncryption`.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// `id-ecPublicKey`.
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

const CURVES: [(EcCurve, ObjectIdentifier); 4] = [
    (EcCurve::P256, ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7")),
    (EcCurve::P384, ObjectIdentifier::new_unwrap("1.3.132.0.34")),
    (EcCurve::P521, ObjectIdentifier::new_unwrap("1.3.132.0.35")),
    (EcCurve::Secp256k1, ObjectIdentifier::new_unwrap("1.3.132.0.10")),
];

const OCTET_KEY_PAIRS: [(OkpCurve, ObjectIdentifier); 4] = [
    (OkpCurve::X25519, ObjectIdentifier::new_unwrap("1.3.101.110")),
    (OkpCurve::X448, ObjectIdentifier::new_unwrap("1.3.101.111")),
    (OkpCurve::Ed25519, ObjectIdentifier::new_unwrap("1.3.101.112")),
    (OkpCurve::Ed448, ObjectIdentifier::new_unwrap("1.3.101.113")),
];

const ML_DSA: [(AkpAlgorithm, ObjectIdentifier); 3] = [
    (AkpAlgorithm::ML_DSA_44, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.17")),
    (AkpAlgorithm::ML_DSA_65, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.18")),
    (AkpAlgorithm::ML_DSA_87, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.19")),
];

/// Kinds of keys that JOSE has no place for, by name, so that their owner need not look them up.
const OTHERS: [(&str, &str); 12] = [
    ("1.2.840.10040.4.1", "DSA"),
    ("1.2.840.10045.3.1.1", "P-192"),
    ("1.2.840.113549.1.1.10", "RSASSA-PSS"),
    ("1.2.840.113549.1.1.7", "RSAES-OAEP"),
    ("1.2.840.113549.1.3.1", "Diffie-Hellman"),
    ("1.2.156.10197.1.301", "SM2"),
    ("1.3.132.0.33", "P-224"),
    ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1"),
    ("1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1"),
    ("1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1"),
    ("2.16.840.1.101.3.4.4.2", "ML-KEM-768"),
    ("2.16.840.1.101.3.4.4.3", "ML-KEM-1024"),
];

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Akp(alg) => alg.name(),
            Self::Ec(crv) => crv.name(),
            Self::Okp(crv) => crv.name(),
            Self::Rsa => "RSA",
        }
    }

    /// The kind that `algorithm` names, whose parameters must be those of its kind.
    pub(super) fn read(
        format: Format,
        algorithm: AlgorithmIdentifierRef<'_>,
    ) -> Result<Self, ImportError> {
        let AlgorithmIdentifierRef { oid, parameters } = algorithm;
        let expected = "those of the algorithm, and a curve by its name";
        let malformed = format.malformed(Rule::Value { member: "parameters", expected });
        match oid {
            RSA => match parameters {
                Some(any) if any.is_null() => Ok(Self::Rsa),
                _ => Err(malformed),
            },
            EC => {
                // The other choice, a curve in its own numbers, is how forged curves come.
                let curve = parameters.and_then(|any| any.decode_as().ok());
                Self::curve(format, curve.ok_or(malformed)?)
            }
            oid => {
                let okp = OCTET_KEY_PAIRS.iter().find(|(_, own)| *own == oid);
                let akp = ML_DSA.iter().find(|(_, own)| *own == oid);
                let kind = match (okp, akp) {
                    (Some((crv, _)), _) => Self::Okp(*crv),
                    (_, Some((alg, _))) => Self::Akp(*alg),
                    _ => return Err(unknown(format, oid, false)),
                };
                if parameters.is_some() { Err(malformed) } else { Ok(kind) }
            }
        }
    }

    /// The curve that `oid` names.
    pub(super) fn curve(format: Format, oid: ObjectIdentifier) -> Result<Self, ImportError> {
        let known = CURVES.iter().find(|(_, own)| *own == oid);
        known.map(|(crv, _)| Self::Ec(*crv)).ok_or_else(|| unknown(format, oid, true))
    }

    pub(super) fn algorithm(self) -> AlgorithmIdentifierRef<'static> {
        let (oid, parameters) = match self {
            Self::Rsa => (RSA, Some(AnyRef::NULL)),
            Self::Ec(crv) => {
                (EC, CURVES.iter().find(|(own, _)| *own == crv).map(|(_, oid)| oid.into()))
            }
            Self::Okp(crv) => (oid_of(&OCTET_KEY_PAIRS, crv), None),
            Self::Akp(alg) => (oid_of(&ML_DSA, alg), None),
        };
        AlgorithmIdentifierRef { oid, parameters }
    }
}

/// The object identifier of a curve.
pub(super) fn curve_oid(crv: EcCurve) -> ObjectIdentifier {
    oid_of(&CURVES, crv)
}

/// Every kind is in its table.
fn oid_of<T: Copy + PartialEq>(table: &[(T, ObjectIdentifier)], kind: T) -> ObjectIdentifier {
    table.iter().find(|(own, _)| *own == kind).map_or(EC, |(_, oid)| *oid)
}

fn unknown(format: Format, oid: ObjectIdentifier, is_curve: bool) -> ImportError {
    let oid = oid.to_string();
    let other = OTHERS.iter().find(|(own, _)| *own == oid);
    let is_curve = is_curve || other.is_some_and(|(_, name)| name.starts_with("brainpool"));
    let name = other.map_or_else(|| excerpt(&oid), |(_, name)| String::from(*name));
    let kind = if is_curve { FoundKind::Curve(name) } else { FoundKind::Type(name) };
    ImportError::Key {
        found: Found { format, kind: Some(kind) },
        error: KeyError::Unsupported { what: "this kind of key" },
    }
}

/// The public key in a bit string of `SubjectPublicKeyInfo`.
pub(super) fn public_key(format: Format, kind: Kind, key: &[u8]) -> Result<Params, ImportError> {
    let rule = |rule| format.malformed(rule);
    Ok(match kind {
        Kind::Akp(alg) => Params::Akp(Akp::new(alg, key.into(), None).map_err(rule)?),
        Kind::Ec(crv) => match key {
            [4, point @ ..] => {
                let (x, y) = point.split_at_checked(crv.coordinate_len()).unwrap_or_default();
                Params::Ec(Ec::new(crv, x.into(), y.into(), None).map_err(rule)?)
            }
            [2 | 3, ..] => {
                let error = KeyError::Unsupported { what: "compressed points" };
                return Err(format.refused(kind, error));
            }
            _ => return Err(rule(Rule::Der)),
        },
        Kind::Okp(crv) => Params::Okp(Okp::new(crv, key.into(), None).map_err(rule)?),
        Kind::Rsa => pkcs1::public(format, key)?,
    })
}

/// The bit string of a public key. For RSA it is a structure of its own, and not here.
pub(super) fn public_octets(params: &Params) -> Option<Vec<u8>> {
    match params {
        Params::Akp(akp) => Some(akp.public().into()),
        Params::Ec(ec) => Some([&[4], ec.x(), ec.y()].concat()),
        Params::Okp(okp) => Some(okp.x().into()),
        _ => None,
    }
}

/// Whether `key`, the bit string in a file, is the public half of `params`.
pub(super) fn is_public_key(key: &[u8], params: &Params) -> bool {
    match (params, key) {
        (Params::Ec(ec), [sign @ (2 | 3), x @ ..]) => {
            let odd = ec.y().last().is_some_and(|octet| octet & 1 == 1);
            x == ec.x() && (*sign == 3) == odd
        }
        _ => public_octets(params).is_some_and(|own| own == key),
    }
}
