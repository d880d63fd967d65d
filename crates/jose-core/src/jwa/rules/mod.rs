//! Which key may serve which algorithm (RFC 7518 §3-4, RFC 7517 §4.2-4.4, RFC 8725 §3.1-3.5).
//!
//! Every check that needs no arithmetic is made here, once, before a backend sees the key, so
//! that the differences between libraries never decide. What needs arithmetic is the backend's:
//! that a point is on its curve, a scalar in range, a public half the private one's.

mod key_management;
mod roca;
mod signature;

use self::key_management::check_montgomery;
pub(crate) use self::key_management::{bind_key_management, check_epk, is_encryption_key};
pub(crate) use self::signature::{bind_signature, bindable};
use self::signature::{check_order, check_signature};
use crate::SecretBytes;
use crate::error::{KeyError, excerpt};
use crate::jwa::Alg;
use crate::jwk::{Ec, Jwk, KeyUse, Params, Rsa};
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
    Decrypt,
    Encrypt,
    Sign,
    Verify,
}

impl Purpose {
    /// Checks that the key has the half it takes, and no more than that, and that `use` and
    /// `key_ops` allow it (RFC 7517 §4.2-4.3). One of the `operations` is enough.
    fn check(
        self,
        jwk: &Jwk,
        symmetric: bool,
        operations: &[&'static str],
    ) -> Result<(), KeyError> {
        let private = matches!(self, Self::Decrypt | Self::Sign);
        match (private, jwk.is_private()) {
            (true, false) => return Err(KeyError::NotPrivate),
            (false, true) if !symmetric => return Err(KeyError::NotPublic),
            _ => {}
        }
        let (own, expected) = match self {
            Self::Decrypt | Self::Encrypt => (KeyUse::Enc, "enc"),
            Self::Sign | Self::Verify => (KeyUse::Sig, "sig"),
        };
        if let Some(other) = jwk.key_use().filter(|other| **other != own) {
            return Err(KeyError::Use { expected, actual: excerpt(other.name()) });
        }
        let allowed =
            |ops: &[alloc::string::String]| ops.iter().any(|op| operations.contains(&op.as_str()));
        match (jwk.key_ops(), operations) {
            (Some(ops), [expected, ..]) if !allowed(ops) => Err(KeyError::KeyOps { expected }),
            _ => Ok(()),
        }
    }
}

fn key_type(alg: &'static str, expected: &'static str, params: &Params) -> KeyError {
    KeyError::KeyType { alg, expected, actual: excerpt(params.kty()) }
}

fn curve(alg: &'static str, expected: &'static str, actual: &str) -> KeyError {
    KeyError::Curve { alg, expected, actual: excerpt(actual) }
}

/// No curve here has a point (0, 0), and some libraries take it for the point at infinity.
fn check_point(ec: &Ec) -> Result<(), KeyError> {
    if ec.x().iter().chain(ec.y()).all(|octet| *octet == 0) {
        return Err(KeyError::Inconsistent);
    }
    Ok(())
}

/// Checks whether a key may serve `alg` by its type, curve and size.
pub(crate) fn check_fit(params: &Params, alg: Alg) -> Result<(), KeyError> {
    match alg {
        Alg::SignatureAlgorithm(alg) => check_signature(params, alg),
        Alg::KeyManagementAlgorithm(alg) => Bound::derived(alg, params).map(drop),
        Alg::ContentEncryption(enc) => match params {
            Params::Oct(oct) if oct.k().len() == enc.key_len() => Ok(()),
            Params::Oct(oct) => Err(KeyError::Size {
                alg: enc.name(),
                expected: enc.key_len() * 8,
                actual: oct.k().len().saturating_mul(8),
            }),
            other => Err(key_type(enc.name(), "oct", other)),
        },
    }
}

/// Checks what can be told of a key without arithmetic, whatever it is for.
pub(crate) fn check_structure(params: &Params) -> Result<(), KeyError> {
    match params {
        Params::Ec(ec) => check_point(ec),
        Params::Okp(okp) => check_order(okp).and_then(|()| check_montgomery(okp)),
        Params::Rsa(rsa) => check_rsa(rsa),
        _ => Ok(()),
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
    if roca::is_roca(rsa.n()) {
        return Err(KeyError::Weak);
    }
    if let Some(private) = rsa.private() {
        let n = rsa.n();
        let below_n = |number: &SecretBytes| {
            let number = number.expose_secret();
            number.len() < n.len() || (number.len() == n.len() && number < n)
        };
        let is_factor = |prime: &SecretBytes| below_n(prime) && *prime.expose_secret() != [1];
        let crt = private.crt();
        if !below_n(private.d()) || !crt.is_none_or(|crt| is_factor(crt.p()) && is_factor(crt.q()))
        {
            return Err(KeyError::Inconsistent);
        }
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

/// 2^255 - 19, little-endian.
const P25519: [u8; 32] = edge([0xED, 0x7F], 0xFF);

/// 2^448 - 2^224 - 1, little-endian.
const P448: [u8; 56] = {
    let mut p = [0xFF; 56];
    p[28] = 0xFE;
    p
};

const MINUS_ONE_448: [u8; 56] = {
    let mut number = P448;
    number[0] = 0xFE;
    number
};

const ONE_448: [u8; 56] = {
    let mut number = [0; 56];
    number[0] = 1;
    number
};

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
