//! Keys of type `RSA` (RFC 7518 §6.3).

use alloc::vec::Vec;

use super::params::missing;
use crate::SecretBytes;
use crate::error::Rule;
use crate::json::Object;
use crate::member;

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

    pub(super) fn to_public(&self) -> Self {
        Self { n: self.n.clone(), e: self.e.clone(), private: None }
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

    pub(super) fn parse<S: AsRef<str>>(object: &Object<S>) -> Result<Self, Rule> {
        let n = uint(object.read("n", member::octets)?.ok_or(missing("n"))?, "n")?;
        let e = uint(object.read("e", member::octets)?.ok_or(missing("e"))?, "e")?;
        if object.get("oth").is_some() {
            // A key of more than two primes is not one this crate can use (RFC 7518 §6.3.2.7).
            return Err(Rule::Value { member: "oth", expected: "absent: two primes only" });
        }
        let factor = |member: &'static str| -> Result<Option<SecretBytes>, Rule> {
            let Some(number) = object.read(member, member::secret)? else { return Ok(None) };
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
