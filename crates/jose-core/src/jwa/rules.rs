//! Which key may serve which algorithm (RFC 7518 §3, RFC 7517 §4.2-4.4, RFC 8725 §3.1-3.5).
//!
//! Every check that needs no arithmetic is made here, once, before a backend sees the key, so
//! that the differences between libraries never decide. What needs arithmetic is the backend's:
//! that a point is on its curve, a scalar in range, a public half the private one's.

use alloc::string::ToString;

use super::{Alg, SignatureAlgorithm};
use crate::error::{KeyError, excerpt};
use crate::jwk::{Ec, EcCurve, Jwk, KeyUse, Okp, OkpCurve, Params, Rsa};
use crate::limits::{MAX_RSA_BITS, MAX_RSA_EXPONENT_BITS, MIN_RSA_BITS};

/// The parameters of a key together with the one algorithm they may serve: the pair has passed
/// every rule that needs no arithmetic.
///
/// Only this crate makes one, so a backend need not check again. The algorithm is always a fully
/// specified one: a key bound to `EdDSA` arrives as `Ed25519` or `Ed448`.
#[derive(Clone, Copy, Debug)]
pub struct Bound<'a, A> {
    alg: A,
    params: &'a Params,
}

impl<'a, A: Copy> Bound<'a, A> {
    /// The algorithm.
    #[must_use]
    pub const fn alg(&self) -> A {
        self.alg
    }

    /// The key's parameters.
    #[must_use]
    pub const fn params(&self) -> &'a Params {
        self.params
    }
}

/// What a key is to be used for.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Purpose {
    Sign,
    Verify,
}

/// Binds `jwk` to `alg`, or to its own algorithm if `alg` is `None`.
///
/// Returns the algorithm as the key's tokens will name it besides the pair.
pub(crate) fn bind_signature(
    jwk: &Jwk,
    alg: Option<SignatureAlgorithm>,
    purpose: Purpose,
) -> Result<(SignatureAlgorithm, Bound<'_, SignatureAlgorithm>), KeyError> {
    let own = match jwk.alg() {
        None => None,
        Some(name) => match Alg::from_name(name) {
            Some(Alg::SignatureAlgorithm(own)) => Some(own),
            Some(Alg::KeyManagementAlgorithm(_) | Alg::ContentEncryption(_)) => {
                return Err(KeyError::Algorithm {
                    expected: alg.map_or("a signature algorithm", SignatureAlgorithm::name),
                    actual: excerpt(name),
                });
            }
            None => return Err(KeyError::UnknownAlgorithm(excerpt(name))),
        },
    };
    let named = own.or(alg).ok_or(KeyError::MissingAlgorithm)?;
    let exact = specify(named, jwk.params())?;
    if let (Some(own), Some(alg)) = (own, alg)
        && specify(alg, jwk.params())? != exact
    {
        return Err(KeyError::Algorithm { expected: alg.name(), actual: own.name().to_string() });
    }
    let bound = check_signature_params(exact, jwk.params())?;
    let symmetric = exact.is_symmetric();
    match (purpose, jwk.is_private()) {
        (Purpose::Sign, false) => return Err(KeyError::NotPrivate),
        (Purpose::Verify, true) if !symmetric => return Err(KeyError::NotPublic),
        _ => {}
    }
    match jwk.key_use() {
        None | Some(KeyUse::Sig) => {}
        Some(other) => {
            return Err(KeyError::Use { expected: "sig", actual: excerpt(other.name()) });
        }
    }
    let operation = if purpose == Purpose::Sign { "sign" } else { "verify" };
    if jwk.key_ops().is_some_and(|ops| !ops.iter().any(|op| op == operation)) {
        return Err(KeyError::KeyOps { expected: operation });
    }
    Ok((named, bound))
}

/// The exact algorithm that a key would serve under the name `alg`, if its type allows any.
pub(crate) fn bindable(params: &Params, alg: SignatureAlgorithm) -> Option<SignatureAlgorithm> {
    let exact = specify(alg, params).ok()?;
    match check_signature_params(exact, params) {
        Err(KeyError::KeyType { .. } | KeyError::Curve { .. }) => None,
        _ => Some(exact),
    }
}

/// `EdDSA` names a different algorithm on each curve (RFC 8037 §3.1); every other name is exact.
fn specify(alg: SignatureAlgorithm, params: &Params) -> Result<SignatureAlgorithm, KeyError> {
    match (alg, params) {
        (SignatureAlgorithm::EdDSA, Params::Okp(okp)) => match okp.crv() {
            OkpCurve::Ed25519 => Ok(SignatureAlgorithm::Ed25519),
            OkpCurve::Ed448 => Ok(SignatureAlgorithm::Ed448),
            other => Err(curve(alg, "Ed25519 or Ed448", other.name())),
        },
        (SignatureAlgorithm::EdDSA, Params::Unknown(other)) if other.kty() == "OKP" => {
            Err(curve(alg, "Ed25519 or Ed448", other.crv().unwrap_or_default()))
        }
        (SignatureAlgorithm::EdDSA, other) => Err(key_type(alg, "OKP", other)),
        _ => Ok(alg),
    }
}

fn check_signature_params(
    alg: SignatureAlgorithm,
    params: &Params,
) -> Result<Bound<'_, SignatureAlgorithm>, KeyError> {
    use SignatureAlgorithm as S;
    match alg {
        S::HS256 | S::HS384 | S::HS512 => {
            let Params::Oct(oct) = params else { return Err(key_type(alg, "oct", params)) };
            let (min, actual) = (alg.signature_len().unwrap_or(64), oct.k().len());
            if actual < min {
                return Err(KeyError::TooShort { alg: alg.name(), min, actual });
            }
        }
        S::RS256 | S::RS384 | S::RS512 | S::PS256 | S::PS384 | S::PS512 => {
            let Params::Rsa(rsa) = params else { return Err(key_type(alg, "RSA", params)) };
            check_rsa(rsa)?;
        }
        S::ES256 => check_curve(alg, params, EcCurve::P256)?,
        S::ES384 => check_curve(alg, params, EcCurve::P384)?,
        S::ES512 => check_curve(alg, params, EcCurve::P521)?,
        S::ES256K => check_curve(alg, params, EcCurve::Secp256k1)?,
        S::Ed25519 => check_edwards(alg, params, OkpCurve::Ed25519)?,
        S::Ed448 => check_edwards(alg, params, OkpCurve::Ed448)?,
        S::EdDSA => return Err(KeyError::MissingAlgorithm),
    }
    Ok(Bound { alg, params })
}

fn key_type(alg: SignatureAlgorithm, expected: &'static str, params: &Params) -> KeyError {
    KeyError::KeyType { alg: alg.name(), expected, actual: excerpt(params.kty()) }
}

fn curve(alg: SignatureAlgorithm, expected: &'static str, actual: &str) -> KeyError {
    KeyError::Curve { alg: alg.name(), expected, actual: excerpt(actual) }
}

fn check_curve(
    alg: SignatureAlgorithm,
    params: &Params,
    expected: EcCurve,
) -> Result<(), KeyError> {
    match params {
        Params::Ec(ec) if ec.crv() == expected => check_point(ec),
        Params::Ec(ec) => Err(curve(alg, expected.name(), ec.crv().name())),
        Params::Unknown(other) if other.kty() == "EC" => {
            Err(curve(alg, expected.name(), other.crv().unwrap_or_default()))
        }
        other => Err(key_type(alg, "EC", other)),
    }
}

/// No curve here has a point (0, 0), and some libraries take it for the point at infinity.
fn check_point(ec: &Ec) -> Result<(), KeyError> {
    if ec.x().iter().chain(ec.y()).all(|octet| *octet == 0) {
        return Err(KeyError::Inconsistent);
    }
    Ok(())
}

fn check_edwards(
    alg: SignatureAlgorithm,
    params: &Params,
    expected: OkpCurve,
) -> Result<(), KeyError> {
    match params {
        Params::Okp(okp) if okp.crv() == expected => check_order(okp),
        Params::Okp(okp) => Err(curve(alg, expected.name(), okp.crv().name())),
        Params::Unknown(other) if other.kty() == "OKP" => {
            Err(curve(alg, expected.name(), other.crv().unwrap_or_default()))
        }
        other => Err(key_type(alg, "OKP", other)),
    }
}

fn check_rsa(rsa: &Rsa) -> Result<(), KeyError> {
    let bits = bit_len(rsa.n());
    let odd = rsa.n().last().is_some_and(|octet| octet & 1 == 1);
    if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) || !odd {
        return Err(KeyError::RsaModulus { min: MIN_RSA_BITS, max: MAX_RSA_BITS, actual: bits });
    }
    // Ill-formed exponents verify signatures that were never made: with e = 1 any text signs itself.
    let odd = rsa.e().last().is_some_and(|octet| octet & 1 == 1);
    if !odd || !(2..=MAX_RSA_EXPONENT_BITS).contains(&bit_len(rsa.e())) {
        return Err(KeyError::RsaExponent);
    }
    Ok(())
}

/// Bits of a big-endian number.
fn bit_len(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    match number.get(zeros) {
        None => 0,
        Some(first) => (number.len() - zeros) * 8 - first.leading_zeros() as usize,
    }
}

/// Refuses public keys of small order and second spellings of a point.
///
/// Under a key of small order one signature is valid for many messages or for all of them. The
/// libraries differ in which of these they load, so the list is kept here: a point is told by its
/// y coordinate, little-endian, whatever the sign of x.
fn check_order(okp: &Okp) -> Result<(), KeyError> {
    // 2^255 - 19, and the y coordinates of the eight points whose order divides 8.
    const P25519: [u8; 32] = edge([0xED, 0x7F], 0xFF);
    const ORDER_8: [[u8; 32]; 2] = [
        [
            0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF,
            0x98, 0xF0, 0xD5, 0xDF, 0xAC, 0x05, 0xD3, 0xC6, 0x33, 0x39, 0xB1, 0x38, 0x02, 0x88,
            0x6D, 0x53, 0xFC, 0x05,
        ],
        [
            0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B, 0x76, 0x0D, 0x10,
            0x67, 0x0F, 0x2A, 0x20, 0x53, 0xFA, 0x2C, 0x39, 0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77,
            0x92, 0xAC, 0x03, 0x7A,
        ],
    ];
    const LOW_25519: [[u8; 32]; 5] =
        [[0; 32], edge([1, 0], 0), edge([0xEC, 0x7F], 0xFF), ORDER_8[0], ORDER_8[1]];
    // 2^448 - 2^224 - 1; the points whose order divides 4 have y = 0, 1 and -1.
    const P448: [u8; 56] = {
        let mut p = [0xFF; 56];
        p[28] = 0xFE;
        p
    };
    const MINUS_ONE_448: [u8; 56] = {
        let mut y = P448;
        y[0] = 0xFE;
        y
    };
    const ONE_448: [u8; 56] = {
        let mut y = [0; 56];
        y[0] = 1;
        y
    };
    match okp.crv() {
        OkpCurve::Ed25519 => {
            let Ok(mut y) = <[u8; 32]>::try_from(okp.x()) else { return Err(KeyError::Weak) };
            y[31] &= 0x7F;
            if !less(&y, &P25519) || LOW_25519.contains(&y) {
                return Err(KeyError::Weak);
            }
        }
        OkpCurve::Ed448 => {
            let Some((y, [sign])) = okp.x().split_last_chunk::<1>().map(|(y, s)| (y, *s)) else {
                return Err(KeyError::Weak);
            };
            let low = y == [0; 56] || y == ONE_448 || y == MINUS_ONE_448;
            if sign & 0x7F != 0 || !less(y, &P448) || low {
                return Err(KeyError::Weak);
            }
        }
        OkpCurve::X25519 | OkpCurve::X448 => {}
    }
    Ok(())
}

/// A little-endian number of `fill` octets with its first and last replaced.
const fn edge(ends: [u8; 2], fill: u8) -> [u8; 32] {
    let mut number = [fill; 32];
    number[0] = ends[0];
    number[31] = ends[1];
    number
}

/// Whether `a < b`, both little-endian and of one length.
fn less(a: &[u8], b: &[u8]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_counted_from_the_first_that_is_set() {
        for (number, bits) in
            [(&[][..], 0), (&[0], 0), (&[1], 1), (&[0, 0x80], 8), (&[1, 0], 9), (&[0xFF, 0xFF], 16)]
        {
            assert_eq!(bit_len(number), bits, "{number:?}");
        }
    }

    #[test]
    fn little_endian_numbers_compare_from_the_end() {
        assert!(less(&[9, 1], &[0, 2]));
        assert!(!less(&[0, 2], &[9, 1]));
        assert!(!less(&[1, 2], &[1, 2]));
    }
}
