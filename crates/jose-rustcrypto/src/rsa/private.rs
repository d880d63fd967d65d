//! RSA private keys (RFC 7518 §6.3.2, RFC 8017 §5.2.1).
//!
//! Everything in this crate that computes with a private exponent or a prime is in this file,
//! because no release of the crate `rsa` is free of RUSTSEC-2023-0071: the arithmetic underneath is
//! not proved to run in constant time, so whoever can time many private-key operations closely may
//! learn about the key. What is done about it:
//!
//! - Every operation is blinded: what is raised to the private exponent is a random number, unknown
//!   to whoever chose the input. Given no generator the crate leaves blinding out, silently; so only
//!   its randomized traits are used, which take one.
//! - Every result is raised to the public exponent again before it leaves, so that a fault in one
//!   half of the computation does not give a prime away.
//! - Nothing is decrypted. The attack that the advisory is about wants an oracle of the padding, and
//!   a signer has no padding to judge.
//!
//! What remains is the time of the blinded operation itself, and, once for each key, of loading or
//! making it. Nor does the crate wipe every number that it computes on the way.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::marker::PhantomData;

use getrandom::SysRng;
use jose_core::SecretBytes;
use jose_core::crypto::{CryptoError, KeyError, SignStream, Signer};
use jose_core::jwk::{Params, Rsa, RsaCrt, RsaPrivate};
use jose_core::limits::{MAX_RSA_BITS, MIN_RSA_BITS};
use rsa::signature::{RandomizedDigestSigner, SignatureEncoding};
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BoxedUint, RsaPrivateKey, pkcs1v15, pss};
use zeroize::Zeroizing;

use super::Hash;
use crate::{digest, random};

pub(crate) fn pkcs1_v1_5_signer<D: Hash>(rsa: &Rsa) -> Result<Box<dyn Signer>, KeyError> {
    let key = pkcs1v15::SigningKey::<D>::new(load(rsa)?);
    Ok(Box::new(Private { key, types: PhantomData::<fn() -> (D, pkcs1v15::Signature)> }))
}

/// The salt is as long as the digest and MGF1 uses the same one: RFC 7518 leaves no choice.
pub(crate) fn pss_signer<D: Hash>(rsa: &Rsa) -> Result<Box<dyn Signer>, KeyError> {
    let key = pss::SigningKey::<D>::new(load(rsa)?);
    Ok(Box::new(Private { key, types: PhantomData::<fn() -> (D, pss::Signature)> }))
}

pub(crate) fn generate(bits: usize) -> Result<Params, KeyError> {
    if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) || !bits.is_multiple_of(8) {
        return Err(KeyError::RsaModulus { min: MIN_RSA_BITS, max: MAX_RSA_BITS, actual: bits });
    }
    let mut rng = random::seeded().map_err(KeyError::Unavailable)?;
    let key = RsaPrivateKey::new(&mut rng, bits)
        .map_err(|error| KeyError::Unavailable(CryptoError::from_source(error)))?;
    let (Some(dp), Some(dq), Some(qi), [p, q]) = (key.dp(), key.dq(), key.qinv(), key.primes())
    else {
        return Err(KeyError::Inconsistent);
    };
    let [d, p, q, dp, dq, qi] = [key.d(), p, q, dp, dq, &Zeroizing::new(qi.retrieve())]
        .map(|number| Zeroizing::new(number.to_be_bytes()));
    let crt = RsaCrt::new(&p, &q, &dp, &dq, &qi);
    let private = RsaPrivate::new(&d, Some(crt));
    Ok(Params::Rsa(Rsa::new(&key.n_bytes(), &key.e_bytes(), Some(private))))
}

/// A key whose members agree: n = p · q, d · e ≡ 1 modulo p - 1 and q - 1, and the Chinese
/// remainder parameters, if given, those of p, q and d.
fn load(rsa: &Rsa) -> Result<RsaPrivateKey, KeyError> {
    let private = rsa.private().ok_or(KeyError::NotPrivate)?;
    let mut secrets = vec![private.d()];
    if let Some(crt) = private.crt() {
        secrets.extend([crt.p(), crt.q(), crt.dp(), crt.dq(), crt.qi()]);
    } else if rsa.e().len() < 3 {
        // The crate finds primes by SP 800-56B appendix C.2, which wants e > 2^16.
        return Err(KeyError::Unsupported { what: "RSA without primes and with e below 65537" });
    }
    // Zero would make the search for primes panic, and long numbers take long to multiply.
    let zero = |number: &SecretBytes| number.expose_secret().iter().all(|octet| *octet == 0);
    if secrets.iter().any(|number| number.len() > rsa.n().len() || zero(number)) {
        return Err(KeyError::Inconsistent);
    }
    let [n, e] = [rsa.n(), rsa.e()].map(BoxedUint::from_be_slice_vartime);
    // All as wide as the modulus: a width by the number itself would show how long the secret is.
    let width = n.bits_precision();
    let number =
        |secret: &SecretBytes| BoxedUint::from_be_slice_truncated(secret.expose_secret(), width);
    let primes = private.crt().map_or_else(Vec::new, |crt| vec![number(crt.p()), number(crt.q())]);
    let key =
        RsaPrivateKey::from_components(n, e, number(private.d()), primes).map_err(|error| {
            match error {
                // Their product has been compared with n by then.
                rsa::Error::InvalidPrime => {
                    KeyError::Unsupported { what: "RSA with primes of unequal length" }
                }
                _ => KeyError::Inconsistent,
            }
        })?;
    // If p = q, all is well so far, but q has no inverse.
    let qi = key.qinv().map(|qi| Zeroizing::new(qi.retrieve())).ok_or(KeyError::Inconsistent)?;
    if let Some(crt) = private.crt() {
        let given = [crt.dp(), crt.dq(), crt.qi()].map(|secret| Zeroizing::new(number(secret)));
        if [key.dp(), key.dq(), Some(&*qi)] != given.each_ref().map(|number| Some(&**number)) {
            return Err(KeyError::Inconsistent);
        }
    }
    Ok(key)
}

struct Private<K, D, S> {
    key: K,
    types: PhantomData<fn() -> (D, S)>,
}

impl<K, D, S> Private<K, D, S>
where
    K: RandomizedDigestSigner<D, S>,
    D: Hash,
    S: SignatureEncoding,
{
    fn append(&self, digest: &D, signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        // RSASSA-PKCS1-v1_5 has no randomized trait for a finished digest. This one hands out a
        // fresh state to be fed, and the state that has been fed takes its place.
        let replace = |state: &mut D| {
            state.clone_from(digest);
            Ok(())
        };
        let made = self
            .key
            .try_sign_digest_with_rng(&mut SysRng, replace)
            .map_err(CryptoError::from_source)?;
        signature.extend_from_slice(made.to_bytes().as_ref());
        Ok(())
    }
}

impl<K, D, S> Signer for Private<K, D, S>
where
    K: RandomizedDigestSigner<D, S> + Send + Sync,
    D: Hash,
    S: SignatureEncoding,
{
    fn sign(&self, input: &[&[u8]], signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        self.append(&digest::over(input), signature)
    }

    fn stream(&self) -> Result<Option<Box<dyn SignStream + '_>>, CryptoError> {
        Ok(Some(Box::new(Signing { key: self, digest: D::default() })))
    }
}

/// Computes with the key only at its end.
struct Signing<'k, K, D, S> {
    key: &'k Private<K, D, S>,
    digest: D,
}

impl<K, D, S> SignStream for Signing<'_, K, D, S>
where
    K: RandomizedDigestSigner<D, S> + Sync,
    D: Hash,
    S: SignatureEncoding,
{
    fn update(&mut self, input: &[u8]) -> Result<(), CryptoError> {
        self.digest.update(input);
        Ok(())
    }

    fn finish(self: Box<Self>, signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        self.key.append(&self.digest, signature)
    }
}

#[cfg(test)]
mod tests {
    use jose_core::crypto::{Refused, Verifier};
    use sha2::{Sha256, Sha384, Sha512};

    use super::super::{pkcs1_v1_5_verifier, pss_verifier};
    use super::*;
    use crate::tests::{INPUT, signed_in_pieces, verified_in_pieces};

    /// The members of a key, to be changed.
    #[derive(Clone)]
    struct Members {
        n: Vec<u8>,
        e: Vec<u8>,
        d: Vec<u8>,
        crt: Option<[Vec<u8>; 5]>,
    }

    impl Members {
        fn made() -> Self {
            let Params::Rsa(rsa) = generate(MIN_RSA_BITS).unwrap() else { panic!() };
            let private = rsa.private().unwrap();
            let crt = private.crt().unwrap();
            let crt = [crt.p(), crt.q(), crt.dp(), crt.dq(), crt.qi()]
                .map(|number| number.expose_secret().to_vec());
            let d = private.d().expose_secret().to_vec();
            Self { n: rsa.n().into(), e: rsa.e().into(), d, crt: Some(crt) }
        }

        fn rsa(&self) -> Rsa {
            let crt = self.crt.as_ref().map(|[p, q, dp, dq, qi]| RsaCrt::new(p, q, dp, dq, qi));
            Rsa::new(&self.n, &self.e, Some(RsaPrivate::new(&self.d, crt)))
        }

        fn is_refused(&self) -> bool {
            matches!(load(&self.rsa()), Err(KeyError::Inconsistent))
        }
    }

    #[test]
    fn a_made_key_signs_what_it_verifies() {
        let rsa = Members::made().rsa();
        for (signer, verifier, other) in [
            (
                pkcs1_v1_5_signer::<Sha256>(&rsa),
                pkcs1_v1_5_verifier::<Sha256>(&rsa),
                pss_verifier::<Sha256>(&rsa),
            ),
            (
                pss_signer::<Sha512>(&rsa),
                pss_verifier::<Sha512>(&rsa),
                pss_verifier::<Sha256>(&rsa),
            ),
        ] {
            let (verifier, other) = (verifier.unwrap(), other.unwrap());
            let mut signature = Vec::new();
            signer.unwrap().sign(&[b"in", b"put"], &mut signature).unwrap();
            assert!(verifier.verify(&[b"input"], &signature).is_ok());
            assert!(verifier.verify(&[b"other"], &signature).is_err());
            assert!(other.verify(&[b"input"], &signature).is_err());
            for bad in
                [&signature[..255], &[&signature[..], &[0]].concat(), &[0xFF; 256], &[0; 256], &[]]
            {
                assert!(verifier.verify(&[b"input"], bad).is_err());
            }
        }
    }

    #[test]
    fn only_a_salt_as_long_as_the_digest_is_accepted() {
        let rsa = Members::made().rsa();
        for salt_len in [0, 31, 33, 222] {
            let key = pss::SigningKey::<Sha256>::new_with_salt_len(load(&rsa).unwrap(), salt_len);
            let signer = Private { key, types: PhantomData::<fn() -> (Sha256, pss::Signature)> };
            let mut signature = Vec::new();
            signer.sign(&[b"input"], &mut signature).unwrap();
            let verifier = pss_verifier::<Sha256>(&rsa).unwrap();
            assert!(verifier.verify(&[b"input"], &signature).is_err(), "{salt_len}");
            for signature in [signature, signed_in_pieces(&signer, b"input")] {
                let verdict = verified_in_pieces(&*verifier, b"input", &signature);
                assert!(matches!(verdict, Err(Refused::Invalid)), "{salt_len}");
            }
        }
    }

    fn under_every_algorithm(check: impl Fn(&dyn Signer, &dyn Verifier)) {
        let rsa = Members::made().rsa();
        for (signer, verifier) in [
            (pkcs1_v1_5_signer::<Sha256>(&rsa), pkcs1_v1_5_verifier::<Sha256>(&rsa)),
            (pkcs1_v1_5_signer::<Sha384>(&rsa), pkcs1_v1_5_verifier::<Sha384>(&rsa)),
            (pkcs1_v1_5_signer::<Sha512>(&rsa), pkcs1_v1_5_verifier::<Sha512>(&rsa)),
            (pss_signer::<Sha256>(&rsa), pss_verifier::<Sha256>(&rsa)),
            (pss_signer::<Sha384>(&rsa), pss_verifier::<Sha384>(&rsa)),
            (pss_signer::<Sha512>(&rsa), pss_verifier::<Sha512>(&rsa)),
        ] {
            check(&*signer.unwrap(), &*verifier.unwrap());
        }
    }

    #[test]
    fn a_stream_and_the_whole_verify_each_other() {
        under_every_algorithm(|signer, verifier| {
            let streamed = signed_in_pieces(signer, &INPUT);
            verifier.verify(&[&INPUT], &streamed).unwrap();
            let mut signature = Vec::new();
            signer.sign(&[&INPUT], &mut signature).unwrap();
            verified_in_pieces(verifier, &INPUT, &signature).unwrap();
        });
    }

    #[test]
    fn a_stream_is_padded_as_the_whole_is() {
        let rsa = Members::made().rsa();
        let signer = pkcs1_v1_5_signer::<Sha256>(&rsa).unwrap();
        let mut signature = Vec::new();
        signer.sign(&[&INPUT], &mut signature).unwrap();
        assert_eq!(signed_in_pieces(&*signer, &INPUT), signature);
    }

    #[test]
    fn a_stream_with_one_octet_changed_is_refused() {
        under_every_algorithm(|signer, verifier| {
            let signature = signed_in_pieces(signer, &INPUT);
            for at in [0, 64, 999] {
                let mut changed = INPUT;
                changed[at] ^= 1;
                let verdict = verified_in_pieces(verifier, &changed, &signature);
                assert!(matches!(verdict, Err(Refused::Invalid)), "{at}");
            }
        });
    }

    #[test]
    fn a_signature_of_another_length_is_refused_at_the_end_of_a_stream() {
        under_every_algorithm(|signer, verifier| {
            let signature = signed_in_pieces(signer, &INPUT);
            let longer = [&signature[..], &[0]].concat();
            for bad in [&signature[..255], &signature[1..], &longer, &[0xFF; 4096], &[]] {
                let verdict = verified_in_pieces(verifier, &INPUT, bad);
                assert!(matches!(verdict, Err(Refused::Invalid)), "{}", bad.len());
            }
        });
    }

    #[test]
    fn a_member_that_contradicts_the_others_is_refused() {
        let good = Members::made();
        assert!(load(&good.rsa()).is_ok());
        for wrong in [vec![], vec![2], good.n.clone(), vec![0xFF; 257]] {
            for member in 0..5 {
                let mut bad = good.clone();
                bad.crt.as_mut().unwrap()[member] = wrong.clone();
                assert!(bad.is_refused(), "{member}");
            }
            assert!(Members { d: wrong, ..good.clone() }.is_refused());
        }
        for member in 0..5 {
            let mut bad = good.clone();
            *bad.crt.as_mut().unwrap()[member].last_mut().unwrap() ^= 2;
            assert!(bad.is_refused(), "{member}");
        }
        let mut other_n = good.clone();
        *other_n.n.last_mut().unwrap() ^= 2;
        assert!(other_n.is_refused());
        assert!(Members { e: vec![3], ..good }.is_refused());
    }

    #[test]
    fn primes_are_found_from_the_exponents_alone() {
        let key = Members { crt: None, ..Members::made() };
        assert!(load(&key.rsa()).is_ok());
        for d in [vec![], vec![1], vec![2], key.n.clone(), vec![0xFF; 256], vec![0xFF; 257]] {
            assert!(Members { d, ..key.clone() }.is_refused());
        }
        let small = Members { e: vec![3], ..key };
        assert!(matches!(load(&small.rsa()), Err(KeyError::Unsupported { .. })));
    }

    #[test]
    fn one_prime_twice_is_refused() {
        // n = 61², 17 · 53 = 1 + 15 · 60
        let crt = [61, 61, 53, 53, 1].map(|number| vec![number]);
        assert!(
            Members { n: vec![14, 137], e: vec![17], d: vec![53], crt: Some(crt) }.is_refused()
        );
    }

    #[test]
    fn lengths_that_the_seam_does_not_have_are_not_made() {
        for bits in [0, 1024, 2047, 2049, 16392, usize::MAX] {
            assert!(matches!(generate(bits), Err(KeyError::RsaModulus { .. })), "{bits}");
        }
    }
}
