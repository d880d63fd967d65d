//! Which key may encrypt and decrypt (RFC 7518 §4, RFC 8037 §3.2).

use super::{
    Bound, MINUS_ONE_448, ONE_448, P448, P25519, Purpose, check_point, check_rsa, curve, edge,
    key_type, less,
};
use crate::error::{KeyError, excerpt};
use crate::jwa::{Alg, KeyManagementAlgorithm};
use crate::jwk::{EcCurve, Jwk, Okp, OkpCurve, Params};

/// Binds `jwk` to `alg`, or to its own algorithm if `alg` is `None`. A key that is bound to a content
/// encryption algorithm serves `dir`.
pub(crate) fn bind_key_management(
    jwk: &Jwk,
    alg: Option<KeyManagementAlgorithm>,
    purpose: Purpose,
) -> Result<Bound<'_, KeyManagementAlgorithm>, KeyError> {
    let own = match jwk.alg() {
        None => None,
        Some(name) => match Alg::from_name(name) {
            Some(Alg::KeyManagementAlgorithm(own)) => Some(own),
            Some(Alg::ContentEncryption(_)) => Some(KeyManagementAlgorithm::Dir),
            Some(Alg::SignatureAlgorithm(_)) => {
                return Err(KeyError::Algorithm {
                    expected: alg
                        .map_or("a key management algorithm", KeyManagementAlgorithm::name),
                    actual: excerpt(name),
                });
            }
            None => return Err(KeyError::UnknownAlgorithm(excerpt(name))),
        },
    };
    if let (Some(own), Some(alg)) = (own, alg)
        && own != alg
    {
        return Err(KeyError::Algorithm { expected: alg.name(), actual: own.name().into() });
    }
    let alg = own.or(alg).ok_or(KeyError::MissingAlgorithm)?;
    check_params(alg, jwk.params())?;
    let decrypt = purpose == Purpose::Decrypt;
    let operations: &[&str] = match (alg.is_agreement(), decrypt) {
        // A public key derives nothing by itself, and many have an empty list.
        (true, false) if jwk.key_ops().is_some_and(<[_]>::is_empty) => &[],
        (true, _) => &["deriveKey", "deriveBits"],
        (false, _) if alg.password_hash().is_some() => {
            &["deriveKey", "deriveBits", "wrapKey", "unwrapKey", "encrypt", "decrypt"]
        }
        (false, true) => &["unwrapKey", "decrypt"],
        (false, false) => &["wrapKey", "encrypt"],
    };
    purpose.check(jwk, alg.is_symmetric(), operations)?;
    Ok(Bound { alg, params: jwk.params() })
}

/// Whether a key's type, and what it says it is for, allow `alg`.
pub(crate) fn is_encryption_key(jwk: &Jwk, alg: KeyManagementAlgorithm) -> bool {
    let direct = matches!(jwk.alg().and_then(Alg::from_name), Some(Alg::ContentEncryption(_)));
    let password = alg.password_hash().is_some() && jwk.alg().is_none();
    // Octets are no password unless they are said to be.
    let named = !password && (!direct || alg == KeyManagementAlgorithm::Dir);
    named
        && !matches!(
            check_params(alg, jwk.params()),
            Err(KeyError::KeyType { .. } | KeyError::Curve { .. })
        )
}

impl<'a> Bound<'a, KeyManagementAlgorithm> {
    /// Binds parameters that are no key of the caller's: a key that was derived, say.
    pub(crate) fn derived(
        alg: KeyManagementAlgorithm,
        params: &'a Params,
    ) -> Result<Self, KeyError> {
        check_params(alg, params).map(|()| Self { alg, params })
    }
}

/// Checks a sender's ephemeral public key against the recipient's: of its type and curve, and none
/// of those with which every shared secret is zero.
pub(crate) fn check_epk(epk: &Params, own: &Params) -> Result<(), KeyError> {
    match (epk, own) {
        (Params::Ec(epk), Params::Ec(own)) if epk.crv() == own.crv() => check_point(epk),
        (Params::Okp(epk), Params::Okp(own)) if epk.crv() == own.crv() => check_montgomery(epk),
        _ => Err(KeyError::Inconsistent),
    }
}

fn check_params(alg: KeyManagementAlgorithm, params: &Params) -> Result<(), KeyError> {
    use KeyManagementAlgorithm as K;
    match alg {
        K::Dir | K::PBES2_HS256_A128KW | K::PBES2_HS384_A192KW | K::PBES2_HS512_A256KW => {
            octets(alg, params).map(drop)
        }
        K::A128KW | K::A128GCMKW => exactly(alg, params, 128),
        K::A192KW | K::A192GCMKW => exactly(alg, params, 192),
        K::A256KW | K::A256GCMKW => exactly(alg, params, 256),
        K::RSA1_5 | K::RSA_OAEP | K::RSA_OAEP_256 | K::RSA_OAEP_384 | K::RSA_OAEP_512 => {
            let Params::Rsa(rsa) = params else {
                return Err(key_type(alg.name(), "RSA", params));
            };
            check_rsa(rsa)
        }
        K::ECDH_ES | K::ECDH_ES_A128KW | K::ECDH_ES_A192KW | K::ECDH_ES_A256KW => {
            check_agreement(alg, params)
        }
    }
}

fn octets(alg: KeyManagementAlgorithm, params: &Params) -> Result<usize, KeyError> {
    match params {
        Params::Oct(oct) => Ok(oct.k().len()),
        other => Err(key_type(alg.name(), "oct", other)),
    }
}

/// A key of another length is not cut and not filled up: what was meant, only its owner knows.
fn exactly(alg: KeyManagementAlgorithm, params: &Params, expected: usize) -> Result<(), KeyError> {
    let actual = octets(alg, params)?.saturating_mul(8);
    if actual == expected {
        Ok(())
    } else {
        Err(KeyError::Size { alg: alg.name(), expected, actual })
    }
}

fn check_agreement(alg: KeyManagementAlgorithm, params: &Params) -> Result<(), KeyError> {
    const CURVES: &str = "P-256, P-384, P-521, X25519 or X448";
    let other_curve = |actual: &str| Err(curve(alg.name(), CURVES, actual));
    match params {
        Params::Ec(ec) => match ec.crv() {
            EcCurve::P256 | EcCurve::P384 | EcCurve::P521 => check_point(ec),
            // RFC 8812 §3.1 leaves its use in ECDH-ES undefined.
            other => other_curve(other.name()),
        },
        Params::Okp(okp) => match okp.crv() {
            OkpCurve::X25519 | OkpCurve::X448 => check_montgomery(okp),
            other => other_curve(other.name()),
        },
        Params::Unknown(other) if matches!(other.kty(), "EC" | "OKP") => {
            other_curve(other.crv().unwrap_or_default())
        }
        other => Err(key_type(alg.name(), "EC or OKP", other)),
    }
}

/// Refuses public keys of small order, with which every shared secret is zero (RFC 7748 §6), and
/// second spellings of a point.
///
/// A point is told by its u coordinate, little-endian. That of X25519 has 255 bits; libraries ignore
/// the one above them (RFC 7748 §5), so that with it set a key would have two thumbprints.
pub(super) fn check_montgomery(okp: &Okp) -> Result<(), KeyError> {
    const ORDER_8: [[u8; 32]; 2] = [
        [
            0xE0, 0xEB, 0x7A, 0x7C, 0x3B, 0x41, 0xB8, 0xAE, 0x16, 0x56, 0xE3, 0xFA, 0xF1, 0x9F,
            0xC4, 0x6A, 0xDA, 0x09, 0x8D, 0xEB, 0x9C, 0x32, 0xB1, 0xFD, 0x86, 0x62, 0x05, 0x16,
            0x5F, 0x49, 0xB8, 0x00,
        ],
        [
            0x5F, 0x9C, 0x95, 0xBC, 0xA3, 0x50, 0x8C, 0x24, 0xB1, 0xD0, 0xB1, 0x55, 0x9C, 0x83,
            0xEF, 0x5B, 0x04, 0x44, 0x5C, 0xC4, 0x58, 0x1C, 0x8E, 0x86, 0xD8, 0x22, 0x4E, 0xDD,
            0xD0, 0x9F, 0x11, 0x57,
        ],
    ];
    const LOW_25519: [[u8; 32]; 5] =
        [[0; 32], edge([1, 0], 0), edge([0xEC, 0x7F], 0xFF), ORDER_8[0], ORDER_8[1]];
    // The points of small order of X448 have u = 0, 1 and -1.
    let u = okp.x();
    let weak = match okp.crv() {
        OkpCurve::X25519 => !less(u, &P25519) || LOW_25519.iter().any(|low| low == u),
        OkpCurve::X448 => !less(u, &P448) || u == [0; 56] || u == ONE_448 || u == MINUS_ONE_448,
        OkpCurve::Ed25519 | OkpCurve::Ed448 => false,
    };
    if weak { Err(KeyError::Weak) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwk::Ec;

    fn point(crv: EcCurve, octet: u8) -> Params {
        let number = alloc::vec![octet; crv.coordinate_len()];
        Params::Ec(Ec::new(crv, number.clone(), number, None).unwrap())
    }

    #[test]
    fn an_ephemeral_key_is_of_the_type_and_the_curve_of_the_recipients() {
        let own = point(EcCurve::P256, 1);
        let montgomery = |crv: OkpCurve| {
            Params::Okp(Okp::new(crv, alloc::vec![9; crv.key_len()], None).unwrap())
        };
        assert!(check_epk(&point(EcCurve::P256, 2), &own).is_ok());
        let x25519 = montgomery(OkpCurve::X25519);
        assert!(check_epk(&x25519, &x25519).is_ok());
        for (epk, own) in [
            (point(EcCurve::P384, 2), &own),
            (point(EcCurve::P256, 0), &own),
            (x25519.clone(), &own),
            (own.clone(), &x25519),
            (montgomery(OkpCurve::X448), &x25519),
        ] {
            let refused = check_epk(&epk, own);
            assert!(matches!(refused, Err(KeyError::Inconsistent)), "{epk:?} {refused:?}");
        }
    }
}
