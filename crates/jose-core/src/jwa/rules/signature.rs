//! Which key may sign and verify (RFC 7518 §3, RFC 8037 §3.1, RFC 8812 §3.2).

use alloc::string::ToString;

use super::{
    Bound, MINUS_ONE_448, ONE_448, P448, P25519, Purpose, check_point, check_rsa, curve, edge,
    key_type, less,
};
use crate::error::{KeyError, excerpt};
use crate::jwa::{Alg, SignatureAlgorithm};
use crate::jwk::{EcCurve, Jwk, Okp, OkpCurve, Params};

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
    let operation = if purpose == Purpose::Sign { "sign" } else { "verify" };
    purpose.check(jwk, exact.is_symmetric(), &[operation])?;
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

/// Whether a key may serve `alg` by its type, curve and size.
pub(super) fn check_signature(params: &Params, alg: SignatureAlgorithm) -> Result<(), KeyError> {
    specify(alg, params).and_then(|exact| check_signature_params(exact, params)).map(drop)
}

/// `EdDSA` names a different algorithm on each curve (RFC 8037 §3.1); every other name is exact.
fn specify(alg: SignatureAlgorithm, params: &Params) -> Result<SignatureAlgorithm, KeyError> {
    match (alg, params) {
        (SignatureAlgorithm::EdDSA, Params::Okp(okp)) => match okp.crv() {
            OkpCurve::Ed25519 => Ok(SignatureAlgorithm::Ed25519),
            OkpCurve::Ed448 => Ok(SignatureAlgorithm::Ed448),
            other => Err(curve(alg.name(), "Ed25519 or Ed448", other.name())),
        },
        (SignatureAlgorithm::EdDSA, Params::Unknown(other)) if other.kty() == "OKP" => {
            Err(curve(alg.name(), "Ed25519 or Ed448", other.crv().unwrap_or_default()))
        }
        (SignatureAlgorithm::EdDSA, other) => Err(key_type(alg.name(), "OKP", other)),
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
            let Params::Oct(oct) = params else { return Err(key_type(alg.name(), "oct", params)) };
            let (min, actual) = (alg.signature_len().unwrap_or(64), oct.k().len());
            if actual < min {
                return Err(KeyError::TooShort { alg: alg.name(), min, actual });
            }
        }
        S::RS256 | S::RS384 | S::RS512 | S::PS256 | S::PS384 | S::PS512 => {
            let Params::Rsa(rsa) = params else { return Err(key_type(alg.name(), "RSA", params)) };
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

fn check_curve(
    alg: SignatureAlgorithm,
    params: &Params,
    expected: EcCurve,
) -> Result<(), KeyError> {
    match params {
        Params::Ec(ec) if ec.crv() == expected => check_point(ec),
        Params::Ec(ec) => Err(curve(alg.name(), expected.name(), ec.crv().name())),
        Params::Unknown(other) if other.kty() == "EC" => {
            Err(curve(alg.name(), expected.name(), other.crv().unwrap_or_default()))
        }
        other => Err(key_type(alg.name(), "EC", other)),
    }
}

fn check_edwards(
    alg: SignatureAlgorithm,
    params: &Params,
    expected: OkpCurve,
) -> Result<(), KeyError> {
    match params {
        Params::Okp(okp) if okp.crv() == expected => check_order(okp),
        Params::Okp(okp) => Err(curve(alg.name(), expected.name(), okp.crv().name())),
        Params::Unknown(other) if other.kty() == "OKP" => {
            Err(curve(alg.name(), expected.name(), other.crv().unwrap_or_default()))
        }
        other => Err(key_type(alg.name(), "OKP", other)),
    }
}

/// Refuses public keys of small order and second spellings of a point.
///
/// Under a key of small order one signature is valid for many messages or for all of them. The
/// libraries differ in which of these they load, so the list is kept here: a point is told by its
/// y coordinate, little-endian, whatever the sign of x.
pub(super) fn check_order(okp: &Okp) -> Result<(), KeyError> {
    // The y coordinates of the eight points whose order divides 8.
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
    // The points of Ed448 whose order divides 4 have y = 0, 1 and -1.
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
