//! RSASSA-PKCS1-v1_5 and RSASSA-PSS with SHA-2 (RFC 7518 §3.3, §3.5).

use alloc::borrow::Cow;
use core::mem;

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
        Ok(Self { template, len: rsa.n().len() })
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
    generate_of(lib, bits, 65_537)
}

fn generate_of(lib: &Lib, bits: usize, e: u32) -> Result<KeyParams, KeyError> {
    let params = Params::new().number(c"bits", &bits.to_be_bytes()).number(c"e", &e.to_be_bytes());
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

/// Refuses numbers that do not belong together, and recovers the primes where they are not given.
pub(crate) fn import_pair(lib: &Lib, rsa: &Rsa) -> Result<Pkey, KeyError> {
    let private = rsa.private().ok_or(KeyError::NotPrivate)?;
    let crt = consistent_crt(rsa, private)?;
    import_parts(lib, rsa, private.d(), &crt)
}

/// The whole key of one whose primes may be missing.
pub(crate) fn complete(lib: &Lib, rsa: &Rsa) -> Result<KeyParams, KeyError> {
    let private = rsa.private().ok_or(KeyError::NotPrivate)?;
    let crt = consistent_crt(rsa, private)?;
    import_parts(lib, rsa, private.d(), &crt)?;
    let private = RsaPrivate::new(private.d().expose_secret(), Some(crt.into_owned()));
    Ok(KeyParams::Rsa(Rsa::new(rsa.n(), rsa.e(), Some(private))))
}

fn import_parts(lib: &Lib, rsa: &Rsa, d: &SecretBytes, crt: &RsaCrt) -> Result<Pkey, KeyError> {
    let params = public(rsa)
        .number(c"d", d.expose_secret())
        .number(c"rsa-factor1", crt.p().expose_secret())
        .number(c"rsa-factor2", crt.q().expose_secret())
        .number(c"rsa-exponent1", crt.dp().expose_secret())
        .number(c"rsa-exponent2", crt.dq().expose_secret())
        .number(c"rsa-coefficient1", crt.qi().expose_secret());
    Pkey::import(lib, Parts::Pair, c"RSA", params)
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

/// The primes and what follows from them, as given or recovered, if all numbers belong together.
fn consistent_crt<'a>(rsa: &Rsa, private: &'a RsaPrivate) -> Result<Cow<'a, RsaCrt>, KeyError> {
    let crt = match private.crt() {
        Some(crt) => Cow::Borrowed(crt),
        None => recover(rsa, private.d())
            .map_err(unavailable)?
            .map(Cow::Owned)
            .ok_or(KeyError::Inconsistent)?,
    };
    if is_consistent(rsa, private.d(), &crt).map_err(unavailable)? {
        Ok(crt)
    } else {
        Err(KeyError::Inconsistent)
    }
}

/// Whether the numbers belong together (RFC 8017 §3.2).
#[allow(clippy::many_single_char_names, reason = "the names of RFC 8017 and RFC 7518")]
fn is_consistent(rsa: &Rsa, d: &SecretBytes, crt: &RsaCrt) -> Result<bool, ErrorStack> {
    let max = rsa.n().len();
    let (n, e, one) =
        (BigNum::from_slice(rsa.n())?, BigNum::from_slice(rsa.e())?, BigNum::from_u32(1)?);
    // Numbers longer than the modulus are wrong already, and would take their time.
    if [d, crt.p(), crt.q(), crt.dp(), crt.dq(), crt.qi()].iter().any(|number| number.len() > max) {
        return Ok(false);
    }
    let d = secret(d)?;
    let (p, q, qi) = (secret(crt.p())?, secret(crt.q())?, secret(crt.qi())?);
    let mut ctx = BigNumContext::new_secure()?;
    let mut number = blank()?;
    number.checked_mul(&p, &q, &mut ctx)?;
    if number != n || p <= one || q <= one || d >= n || qi >= p {
        return Ok(false);
    }
    for (prime, exponent) in [(&p, crt.dp()), (&q, crt.dq())] {
        let mut order = blank()?;
        order.checked_sub(prime, &one)?;
        number.checked_rem(&d, &order, &mut ctx)?;
        if number != secret(exponent)? {
            return Ok(false);
        }
        number.mod_mul(&e, &d, &order, &mut ctx)?;
        if number != one || !inverts(prime, &d, &e, &mut ctx)? {
            return Ok(false);
        }
    }
    number.mod_mul(&qi, &q, &p, &mut ctx)?;
    Ok(number == one)
}

/// Whether `d` undoes `e` modulo `prime`. All that was compared before is true of some numbers that are no
/// primes, and with those it does not: signatures would be wrong, and give factors away.
fn inverts(
    prime: &BigNum,
    d: &BigNum,
    e: &BigNum,
    ctx: &mut BigNumContext,
) -> Result<bool, ErrorStack> {
    let (mut order, mut exponent, one) = (blank()?, blank()?, BigNum::from_u32(1)?);
    order.checked_sub(prime, &one)?;
    exponent.checked_rem(d, &order, ctx)?;
    let (mut power, mut back) = (blank()?, blank()?);
    for base in [2, 3] {
        let base = BigNum::from_u32(base)?;
        power.mod_exp(&base, &exponent, prime, ctx)?;
        back.mod_exp(&power, e, prime, ctx)?;
        if back != base {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The primes and what follows from them, if `d` is the inverse of `e` (SP 800-56B C.2).
#[allow(clippy::many_single_char_names, reason = "the names of RFC 8017 and RFC 7518")]
fn recover(rsa: &Rsa, d: &SecretBytes) -> Result<Option<RsaCrt>, ErrorStack> {
    if d.len() > rsa.n().len() {
        return Ok(None);
    }
    let (n, e, one) =
        (BigNum::from_slice(rsa.n())?, BigNum::from_slice(rsa.e())?, BigNum::from_u32(1)?);
    let d = secret(d)?;
    if d <= one || d >= n {
        return Ok(None);
    }
    let mut ctx = BigNumContext::new_secure()?;
    let (mut product, mut k) = (blank()?, blank()?);
    product.checked_mul(&e, &d, &mut ctx)?;
    k.checked_sub(&product, &one)?;
    let Some(mut p) = factor(&n, &k, &mut ctx)? else { return Ok(None) };
    let mut q = blank()?;
    q.checked_div(&n, &p, &mut ctx)?;
    if p < q {
        mem::swap(&mut p, &mut q);
    }
    let exponent = |prime: &BigNum, ctx: &mut BigNumContext| {
        let (mut order, mut exponent) = (blank()?, blank()?);
        order.checked_sub(prime, &one)?;
        exponent.checked_rem(&d, &order, ctx)?;
        Ok::<_, ErrorStack>(exponent)
    };
    let (dp, dq) = (exponent(&p, &mut ctx)?, exponent(&q, &mut ctx)?);
    let mut qi = blank()?;
    // There is none for factors that have one in common, and those are no primes.
    if qi.mod_inverse(&q, &p, &mut ctx).is_err() {
        return Ok(None);
    }
    let [p, q, dp, dq, qi] = [p, q, dp, dq, qi].map(|number| Zeroizing::new(number.to_vec()));
    Ok(Some(RsaCrt::new(&p, &q, &dp, &dq, &qi)))
}

/// The greater factor of `n`, if `k` is a multiple of the order of every number modulo `n`.
///
/// With g the greatest common divisor of p - 1 and q - 1, k is a multiple of their least common one, and
/// n - 1 of g. So k · gcd(n - 1, k) is u · φ(n) for some u, which is u · n - u · (p + q - 1): dividing
/// it by n tells u and p + q, as long as u · (p + q) is below n. That takes no power modulo n, so that
/// numbers chosen to make it fail take no longer than others.
fn factor(n: &BigNum, k: &BigNum, ctx: &mut BigNumContext) -> Result<Option<BigNum>, ErrorStack> {
    let one = BigNum::from_u32(1)?;
    let (mut less, mut common, mut multiple) = (blank()?, blank()?, blank()?);
    less.checked_sub(n, &one)?;
    common.gcd(&less, k, ctx)?;
    multiple.checked_mul(k, &common, ctx)?;
    let (mut u, mut rest) = (blank()?, blank()?);
    u.div_rem(&mut rest, &multiple, n, ctx)?;
    u.add_word(1)?;
    less.checked_sub(n, &rest)?;
    let mut sum = blank()?;
    sum.div_rem(&mut rest, &less, &u, ctx)?;
    if rest.num_bits() > 0 {
        return Ok(None);
    }
    sum.add_word(1)?;
    // p and q are the roots of x² - (p + q) · x + n.
    let (mut square, mut four_n, mut discriminant) = (blank()?, blank()?, blank()?);
    square.sqr(&sum, ctx)?;
    four_n.lshift(n, 2)?;
    discriminant.checked_sub(&square, &four_n)?;
    if discriminant.is_negative() {
        return Ok(None);
    }
    let difference = square_root(&discriminant, ctx)?;
    square.sqr(&difference, ctx)?;
    if square != discriminant {
        return Ok(None);
    }
    let (mut twice, mut factor) = (blank()?, blank()?);
    twice.checked_add(&sum, &difference)?;
    factor.rshift1(&twice)?;
    Ok(Some(factor))
}

/// The greatest number whose square is no greater, by Newton's iteration from above.
fn square_root(square: &BigNum, ctx: &mut BigNumContext) -> Result<BigNum, ErrorStack> {
    let mut root = blank()?;
    if square.num_bits() == 0 {
        return Ok(root);
    }
    root.set_bit(square.num_bits() / 2 + 1)?;
    let (mut quotient, mut sum) = (blank()?, blank()?);
    loop {
        quotient.checked_div(square, &root, ctx)?;
        sum.checked_add(&root, &quotient)?;
        let mut next = blank()?;
        next.rshift1(&sum)?;
        if next >= root {
            return Ok(root);
        }
        root = next;
    }
}

/// A number that is wiped when freed, and that OpenSSL does not branch on.
fn secret(big_endian: &SecretBytes) -> Result<BigNum, ErrorStack> {
    let mut number = blank()?;
    number.copy_from_slice(big_endian.expose_secret())?;
    Ok(number)
}

/// Room for a secret number.
fn blank() -> Result<BigNum, ErrorStack> {
    let mut number = BigNum::new_secure()?;
    number.set_const_time();
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

    /// A key without its primes, of factors that may be anything.
    fn of_factors(factors: &[&BigNum], e: u32) -> Rsa {
        let (mut ctx, e) = (BigNumContext::new().unwrap(), BigNum::from_u32(e).unwrap());
        let one = BigNum::from_u32(1).unwrap();
        let (mut n, mut order) = (BigNum::from_u32(1).unwrap(), BigNum::from_u32(1).unwrap());
        for (i, factor) in factors.iter().enumerate() {
            n = &n * *factor;
            // Euler's function, also of a power.
            let is_repeated = factors[..i].iter().any(|before| before == factor);
            order = if is_repeated { &order * *factor } else { &order * &(*factor - &one) };
        }
        let mut d = BigNum::new().unwrap();
        d.mod_inverse(&e, &order, &mut ctx).unwrap();
        Rsa::new(&n.to_vec(), &e.to_vec(), Some(RsaPrivate::new(&d.to_vec(), None)))
    }

    fn without_primes(rsa: &Rsa, d: &[u8]) -> Rsa {
        Rsa::new(rsa.n(), rsa.e(), Some(RsaPrivate::new(d, None)))
    }

    fn d(rsa: &Rsa) -> Vec<u8> {
        rsa.private().unwrap().d().expose_secret().to_vec()
    }

    /// With the public exponents 65537 and 3.
    fn keys() -> [Rsa; 2] {
        [65_537, 3].map(|e| match generate_of(&LIB, 2048, e) {
            Ok(KeyParams::Rsa(rsa)) => rsa,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn without_the_primes_a_wrong_exponent_is_noticed() {
        for rsa in keys() {
            let right = d(&rsa);
            round_trip(&load(&without_primes(&rsa, &right)).unwrap(), &rsa).unwrap();
            let changed = |bits: u8| {
                let mut wrong = right.clone();
                *wrong.last_mut().unwrap() ^= bits;
                wrong
            };
            for wrong in [
                &changed(2)[..],
                &changed(1), // even
                &[],
                &[1],
                &[2],
                &[3],
                rsa.n(),
                &vec![0xFF; rsa.n().len()],
                &[0xFF; 4096],
            ] {
                let refused = complete(&LIB, &without_primes(&rsa, wrong)).err();
                assert!(matches!(refused, Some(KeyError::Inconsistent)), "{refused:?}");
                assert!(load(&without_primes(&rsa, wrong)).is_err());
                assert!(ErrorStack::get().errors().is_empty());
            }
        }
    }

    #[test]
    fn the_primes_are_recovered_from_the_exponents_in_any_context() {
        let elsewhere = Lib::elsewhere(c"default", Some(c"provider=default"));
        for rsa in keys() {
            // OpenSSL makes the longer prime the first, as is done here.
            for lib in [&LIB, elsewhere] {
                let whole = complete(lib, &without_primes(&rsa, &d(&rsa))).unwrap();
                assert!(whole == KeyParams::Rsa(rsa.clone()));
            }
        }
    }

    #[test]
    fn a_whole_key_is_completed_to_itself() {
        for rsa in keys() {
            let crt = rsa.private().unwrap().crt().unwrap();
            let [p, q, dp, dq] =
                [crt.p(), crt.q(), crt.dp(), crt.dq()].map(SecretBytes::expose_secret);
            let mut inverse = BigNum::new().unwrap();
            let (first, second) = (BigNum::from_slice(p).unwrap(), BigNum::from_slice(q).unwrap());
            inverse.mod_inverse(&first, &second, &mut BigNumContext::new().unwrap()).unwrap();
            let swapped = RsaCrt::new(q, p, dq, dp, &inverse.to_vec());
            let swapped = RsaPrivate::new(&d(&rsa), Some(swapped));
            let swapped = Rsa::new(rsa.n(), rsa.e(), Some(swapped));
            for whole in [rsa, swapped] {
                let completed = complete(&LIB, &whole).unwrap();
                assert!(completed == KeyParams::Rsa(whole));
            }
        }
    }

    #[test]
    fn a_public_key_is_not_completed() {
        let [rsa, _] = keys();
        let refused = complete(&LIB, &Rsa::new(rsa.n(), rsa.e(), None)).err();
        assert!(matches!(refused, Some(KeyError::NotPrivate)), "{refused:?}");
    }

    #[test]
    fn a_modulus_that_is_not_of_two_primes_is_refused() {
        let one = BigNum::get_rfc3526_prime_2048().unwrap();
        let other = BigNum::get_rfc3526_prime_1536().unwrap();
        let third = BigNum::get_rfc3526_prime_3072().unwrap();
        assert!(complete(&LIB, &of_factors(&[&one, &other], 65_537)).is_ok());
        for factors in
            [&[&one][..], &[&other, &other], &[&other, &other, &one], &[&one, &other, &third]]
        {
            let refused = complete(&LIB, &of_factors(factors, 65_537)).err();
            assert!(matches!(refused, Some(KeyError::Inconsistent)), "{refused:?}");
            assert!(ErrorStack::get().errors().is_empty());
        }
    }

    #[test]
    fn square_roots_are_rounded_down() {
        let mut ctx = BigNumContext::new().unwrap();
        for square in 0..2000_u32 {
            let root = square_root(&BigNum::from_u32(square).unwrap(), &mut ctx).unwrap();
            assert_eq!(root, BigNum::from_u32(square.isqrt()).unwrap(), "{square}");
        }
    }

    /// Of the primes of 8192 bits that RFC 3526 and RFC 7919 have, because two new ones take minutes to
    /// find.
    #[test]
    fn the_longest_modulus_works_also_without_its_primes() {
        let mut second = [0; 1024];
        Pkey::generate(&LIB, c"DH", &Params::new().text(c"group", c"ffdhe8192"))
            .unwrap()
            .number(c"p", &mut second)
            .unwrap();
        let primes =
            [BigNum::get_rfc3526_prime_8192().unwrap(), BigNum::from_slice(&second).unwrap()];
        let rsa = of_factors(&[&primes[0], &primes[1]], 65_537);
        assert_eq!(rsa.n().len() * 8, 16384);
        let KeyParams::Rsa(whole) = complete(&LIB, &rsa).unwrap() else { panic!() };
        round_trip(&load(&whole).unwrap(), &rsa).unwrap();
    }
}
