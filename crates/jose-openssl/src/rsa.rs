//! RSASSA-PKCS1-v1_5 and RSASSA-PSS with SHA-2 (RFC 7518 §3.3, §3.5).

use jose_core::SecretBytes;
use jose_core::crypto::{
    CryptoError, KeyError, Refused, SignStream, Signer, Verifier, VerifyStream,
};
use jose_core::jwa::{Hash, SignatureAlgorithm};
use jose_core::jwk::{Params as KeyParams, Rsa, RsaCrt, RsaPrivate};
use openssl::bn::{BigNum, BigNumContext};
use openssl::error::ErrorStack;
use zeroize::Zeroizing;

use crate::ffi::{self, Lib, Operation, Params, Parts, Pkey, Template};

/// How the digest is made as long as the modulus.
#[derive(Clone, Copy)]
pub(crate) enum Padding {
    /// RSASSA-PKCS1-v1_5.
    Pkcs1,
    /// RSASSA-PSS with MGF1 on the same hash, and as much salt as a digest has octets.
    Pss,
}

impl Padding {
    pub(crate) fn of(alg: SignatureAlgorithm) -> Result<Self, KeyError> {
        use SignatureAlgorithm as S;
        match alg {
            S::RS256 | S::RS384 | S::RS512 => Ok(Self::Pkcs1),
            S::PS256 | S::PS384 | S::PS512 => Ok(Self::Pss),
            _ => Err(KeyError::Unsupported { what: alg.name() }),
        }
    }
}

/// A private key.
pub(crate) struct RsaSigner {
    template: Template,
    len: usize,
}

impl RsaSigner {
    pub(crate) fn new(
        lib: &Lib,
        padding: Padding,
        hash: Hash,
        rsa: &Rsa,
    ) -> Result<Self, KeyError> {
        let key = import_pair(lib, rsa)?;
        let template = template(lib, Operation::Sign, &key, padding, hash)?;
        let signer = Self { template, len: rsa.n().len() };
        if is_without_primes(rsa) {
            // There is nothing to calculate with, but an exponent that is not e's inverse makes
            // signatures that do not verify.
            let mut signature = Vec::new();
            signer.sign(&[b"pairwise"], &mut signature).map_err(KeyError::Unavailable)?;
            RsaVerifier::new(lib, padding, hash, rsa)?
                .verify(&[b"pairwise"], &signature)
                .map_err(|_| KeyError::Inconsistent)?;
        }
        Ok(signer)
    }

    fn over(&self, input: &[&[u8]]) -> Result<Signing, CryptoError> {
        Ok(Signing { signing: self.template.sign(input)?, len: self.len })
    }
}

impl Signer for RsaSigner {
    fn sign(&self, input: &[&[u8]], signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        self.over(input)?.append(signature)
    }

    fn stream(&self) -> Result<Option<Box<dyn SignStream + '_>>, CryptoError> {
        Ok(Some(Box::new(self.over(&[])?)))
    }
}

struct Signing {
    signing: ffi::Signing,
    len: usize,
}

impl Signing {
    fn append(self, signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        let start = signature.len();
        signature.resize(start + self.len, 0);
        self.signing.finish(signature.get_mut(start..).unwrap_or_default())?;
        Ok(())
    }
}

impl SignStream for Signing {
    fn update(&mut self, input: &[u8]) -> Result<(), CryptoError> {
        self.signing.update(input)
    }

    fn finish(self: Box<Self>, signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        self.append(signature)
    }
}

/// A public key.
pub(crate) struct RsaVerifier(Template);

impl RsaVerifier {
    pub(crate) fn new(
        lib: &Lib,
        padding: Padding,
        hash: Hash,
        rsa: &Rsa,
    ) -> Result<Self, KeyError> {
        let key = import_public(lib, rsa)?;
        Ok(Self(template(lib, Operation::Verify, &key, padding, hash)?))
    }
}

impl Verifier for RsaVerifier {
    fn verify(&self, input: &[&[u8]], signature: &[u8]) -> Result<(), Refused> {
        self.0.verify(input).map_err(Refused::Unavailable)?.finish(signature)
    }

    fn stream(&self) -> Result<Option<Box<dyn VerifyStream + '_>>, CryptoError> {
        Ok(Some(Box::new(Verifying(self.0.verify(&[])?))))
    }
}

struct Verifying(ffi::Verifying);

impl VerifyStream for Verifying {
    fn update(&mut self, input: &[u8]) -> Result<(), CryptoError> {
        self.0.update(input)
    }

    fn finish(self: Box<Self>, signature: &[u8]) -> Result<(), Refused> {
        self.0.finish(signature)
    }
}

pub(crate) fn generate(lib: &Lib, bits: usize) -> Result<KeyParams, KeyError> {
    let params =
        Params::new().number(c"bits", &bits.to_be_bytes()).number(c"e", &65_537_u32.to_be_bytes());
    let key = Pkey::generate(lib, c"RSA", &params).map_err(KeyError::Unavailable)?;
    let number = |name| {
        let mut number = Zeroizing::new(vec![0; bits.div_ceil(8)]);
        key.number(name, &mut number).map_err(KeyError::Unavailable).map(|()| number)
    };
    let crt = RsaCrt::new(
        &number(c"rsa-factor1")?,
        &number(c"rsa-factor2")?,
        &number(c"rsa-exponent1")?,
        &number(c"rsa-exponent2")?,
        &number(c"rsa-coefficient1")?,
    );
    let private = RsaPrivate::new(&number(c"d")?, Some(crt));
    Ok(KeyParams::Rsa(Rsa::new(&number(c"n")?, &number(c"e")?, Some(private))))
}

pub(crate) fn import_public(lib: &Lib, rsa: &Rsa) -> Result<Pkey, KeyError> {
    Pkey::import(lib, Parts::Public, c"RSA", public(rsa))
}

/// Refuses numbers that do not belong together, but for the private exponent of a key
/// [without primes](is_without_primes).
pub(crate) fn import_pair(lib: &Lib, rsa: &Rsa) -> Result<Pkey, KeyError> {
    let private = rsa.private().ok_or(KeyError::NotPrivate)?;
    if !is_consistent(rsa, private).map_err(unavailable)? {
        return Err(KeyError::Inconsistent);
    }
    let mut params = public(rsa).number(c"d", private.d().expose_secret());
    if let Some(crt) = private.crt() {
        params = params
            .number(c"rsa-factor1", crt.p().expose_secret())
            .number(c"rsa-factor2", crt.q().expose_secret())
            .number(c"rsa-exponent1", crt.dp().expose_secret())
            .number(c"rsa-exponent2", crt.dq().expose_secret())
            .number(c"rsa-coefficient1", crt.qi().expose_secret());
    }
    Pkey::import(lib, Parts::Pair, c"RSA", params)
}

/// Whether the private exponent has to be tried, because there is nothing to calculate it with.
pub(crate) fn is_without_primes(rsa: &Rsa) -> bool {
    rsa.private().is_some_and(|private| private.crt().is_none())
}

fn public(rsa: &Rsa) -> Params<'_> {
    Params::new().number(c"n", rsa.n()).number(c"e", rsa.e())
}

fn template(
    lib: &Lib,
    operation: Operation,
    key: &Pkey,
    padding: Padding,
    hash: Hash,
) -> Result<Template, KeyError> {
    let params = match padding {
        Padding::Pkcs1 => Params::new().text(c"pad-mode", c"pkcs1"),
        // `digest` is how long the salt must be; to verify, OpenSSL would else take any.
        Padding::Pss => Params::new()
            .text(c"pad-mode", c"pss")
            .text(c"saltlen", c"digest")
            .hash(lib, [c"mgf1-digest", c"mgf1-properties"], hash)
            .map_err(KeyError::Unavailable)?,
    };
    Template::new(lib, operation, key, hash, &params).map_err(KeyError::Unavailable)
}

/// Whether the numbers belong together (RFC 8017 §3.2), as far as they are given.
#[allow(clippy::many_single_char_names, reason = "the names of RFC 8017 and RFC 7518")]
fn is_consistent(rsa: &Rsa, private: &RsaPrivate) -> Result<bool, ErrorStack> {
    let max = rsa.n().len();
    let (n, e, one) =
        (BigNum::from_slice(rsa.n())?, BigNum::from_slice(rsa.e())?, BigNum::from_u32(1)?);
    if private.d().len() > max {
        return Ok(false);
    }
    let d = secret(private.d())?;
    let Some(crt) = private.crt() else { return Ok(d > one && d < n) };
    // Numbers longer than the modulus are wrong already, and would take their time.
    if [crt.p(), crt.q(), crt.dp(), crt.dq(), crt.qi()].iter().any(|number| number.len() > max) {
        return Ok(false);
    }
    let (p, q, qi) = (secret(crt.p())?, secret(crt.q())?, secret(crt.qi())?);
    let mut ctx = BigNumContext::new_secure()?;
    let mut number = BigNum::new_secure()?;
    number.checked_mul(&p, &q, &mut ctx)?;
    if number != n || p <= one || q <= one || d >= n || qi >= p {
        return Ok(false);
    }
    for (prime, exponent) in [(&p, crt.dp()), (&q, crt.dq())] {
        let mut order = BigNum::new_secure()?;
        order.set_const_time();
        order.checked_sub(prime, &one)?;
        number.checked_rem(&d, &order, &mut ctx)?;
        if number != secret(exponent)? {
            return Ok(false);
        }
        number.mod_mul(&e, &d, &order, &mut ctx)?;
        if number != one {
            return Ok(false);
        }
    }
    number.mod_mul(&qi, &q, &p, &mut ctx)?;
    Ok(number == one)
}

/// A number that is wiped when freed, and that OpenSSL does not branch on.
fn secret(big_endian: &SecretBytes) -> Result<BigNum, ErrorStack> {
    let mut number = BigNum::new_secure()?;
    number.set_const_time();
    number.copy_from_slice(big_endian.expose_secret())?;
    Ok(number)
}

fn unavailable(errors: ErrorStack) -> KeyError {
    KeyError::Unavailable(CryptoError::from_source(errors))
}

#[cfg(test)]
mod tests {
    use super::*;

    static LIB: Lib = Lib::process();

    fn load(rsa: &Rsa) -> Result<RsaSigner, KeyError> {
        RsaSigner::new(&LIB, Padding::Pkcs1, Hash::Sha256, rsa)
    }

    fn round_trip(signer: &RsaSigner, rsa: &Rsa) -> Result<(), Refused> {
        let mut signature = Vec::new();
        signer.sign(&[b"in", b"put"], &mut signature).unwrap();
        assert_eq!(signature.len(), rsa.n().len());
        let verifier = RsaVerifier::new(&LIB, Padding::Pkcs1, Hash::Sha256, rsa).unwrap();
        assert!(verifier.verify(&[b"other"], &signature).is_err());
        verifier.verify(&[b"input"], &signature)
    }

    #[test]
    fn one_number_from_elsewhere_is_noticed() {
        let Ok(KeyParams::Rsa(rsa)) = generate(&LIB, 2048) else { panic!() };
        let private = rsa.private().unwrap();
        let crt = private.crt().unwrap();
        let numbers = [private.d(), crt.p(), crt.q(), crt.dp(), crt.dq(), crt.qi()]
            .map(|number| number.expose_secret().to_vec());
        let with = |numbers: &[Vec<u8>; 6]| {
            let [d, p, q, dp, dq, qi] = numbers;
            let private = RsaPrivate::new(d, Some(RsaCrt::new(p, q, dp, dq, qi)));
            load(&Rsa::new(rsa.n(), rsa.e(), Some(private)))
        };
        round_trip(&with(&numbers).unwrap(), &rsa).unwrap();
        for i in 0..numbers.len() {
            for wrong in [vec![0], vec![1], rsa.n().to_vec(), vec![0xFF; 4096], {
                let mut number = numbers[i].clone();
                *number.last_mut().unwrap() ^= 2;
                number
            }] {
                let mut numbers = numbers.clone();
                numbers[i] = wrong;
                assert!(matches!(with(&numbers), Err(KeyError::Inconsistent)), "{i}");
            }
        }
        let one_and_n = [private.d().expose_secret(), &[1], rsa.n(), &[0], &[1], &[0]];
        assert!(matches!(with(&one_and_n.map(<[u8]>::to_vec)), Err(KeyError::Inconsistent)));
    }

    #[test]
    fn without_the_primes_the_exponent_is_tried() {
        let Ok(KeyParams::Rsa(rsa)) = generate(&LIB, 2048) else { panic!() };
        let d = rsa.private().unwrap().d().expose_secret().to_vec();
        let with = |d: &[u8]| load(&Rsa::new(rsa.n(), rsa.e(), Some(RsaPrivate::new(d, None))));
        round_trip(&with(&d).unwrap(), &rsa).unwrap();
        let mut other = d.clone();
        *other.last_mut().unwrap() ^= 2;
        for wrong in [&other[..], &[0], &[1], &[3], rsa.n(), &[0xFF; 4096]] {
            assert!(matches!(with(wrong), Err(KeyError::Inconsistent)));
        }
    }

    /// A modulus of three primes from RFC 3526, because two of 8192 bits take minutes to find.
    #[test]
    fn the_longest_modulus_works() {
        let mut ctx = BigNumContext::new().unwrap();
        let [mut n, mut order, mut product, mut d] = [(); 4].map(|()| BigNum::new().unwrap());
        let (e, one) = (BigNum::from_u32(65_537).unwrap(), BigNum::from_u32(1).unwrap());
        let (first, second, third) = (
            BigNum::get_rfc3526_prime_8192().unwrap(),
            BigNum::get_rfc3526_prime_6144().unwrap(),
            BigNum::get_rfc3526_prime_2048().unwrap(),
        );
        product.checked_mul(&first, &second, &mut ctx).unwrap();
        n.checked_mul(&product, &third, &mut ctx).unwrap();
        order.checked_mul(&(&first - &one), &(&second - &one), &mut ctx).unwrap();
        product.checked_mul(&order, &(&third - &one), &mut ctx).unwrap();
        d.mod_inverse(&e, &product, &mut ctx).unwrap();
        let private = RsaPrivate::new(&d.to_vec(), None);
        let rsa = Rsa::new(&n.to_vec(), &e.to_vec(), Some(private));
        assert_eq!(n.num_bits(), 16384);
        round_trip(&load(&rsa).unwrap(), &rsa).unwrap();
    }
}
