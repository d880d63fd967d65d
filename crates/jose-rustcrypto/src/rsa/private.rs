//! RSA private keys (RFC 7518 §6.3.2, RFC 8017 §5.2.1).
//!
//! Everything in this crate that computes with a private exponent or a prime is in this file and in
//! [`recover`] below it, because no release of the crate `rsa` is free of RUSTSEC-2023-0071: the arithmetic underneath is
//! not proved to run in constant time, so whoever can time many private-key operations closely may
//! learn about the key. What is done about it:
//!
//! - Every operation is blinded: what is raised to the private exponent is a random number, unknown
//!   to whoever chose the input. Given no generator the crate leaves blinding out, silently; so only
//!   its randomized traits are used, which take one.
//! - Every result is raised to the public exponent again before it leaves, so that a fault in one
//!   half of the computation does not give a prime away.
//! - Whether a padding was right is not to be seen from outside. That is what the attacks which the
//!   advisory is about want to be told, by an answer or by the time of one. `RSA1_5` has no answer
//!   but a key: see [`select`]. The padding of RSAES-OAEP is checked in constant time up to the
//!   verdict itself, which the caller replaces by a random key of its own.
//!
//! What remains is the time of the blinded operation itself and, once for each key, of loading or
//! making it, which includes the search for primes that were not given. Nor does the crate wipe every number that it computes on the way. A decryption is of
//! what a stranger chose, and is what the published attacks are on: the risk is greater there than it
//! is in signing.

mod recover;

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::marker::PhantomData;

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{Odd, Resize};
use getrandom::SysRng;
use jose_core::SecretBytes;
use jose_core::crypto::{CryptoError, KeyError, KeyUnwrapper, Refused, SignStream, Signer};
use jose_core::jwk::{Params, Rsa, RsaCrt, RsaPrivate};
use jose_core::limits::{MAX_RSA_BITS, MIN_RSA_BITS};
use rsa::hazmat::rsa_decrypt_and_check;
use rsa::signature::{RandomizedDigestSigner, SignatureEncoding};
use rsa::traits::{PaddingScheme, PrivateKeyParts, PublicKeyParts};
use rsa::{BoxedUint, Oaep, RsaPrivateKey, pkcs1v15, pss};
use subtle::{ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use super::Hash;
use crate::{digest, random, rsa_oaep};

pub(crate) fn pkcs1_v1_5_signer<D: Hash>(rsa: &Rsa) -> Result<Box<dyn Signer>, KeyError> {
    let key = pkcs1v15::SigningKey::<D>::new(load(rsa)?);
    Ok(Box::new(Private { key, types: PhantomData::<fn() -> (D, pkcs1v15::Signature)> }))
}

/// The salt is as long as the digest and MGF1 uses the same one: RFC 7518 leaves no choice.
pub(crate) fn pss_signer<D: Hash>(rsa: &Rsa) -> Result<Box<dyn Signer>, KeyError> {
    let key = pss::SigningKey::<D>::new(load(rsa)?);
    Ok(Box::new(Private { key, types: PhantomData::<fn() -> (D, pss::Signature)> }))
}

/// As [`rsa_oaep::wrapper`].
pub(crate) fn oaep_unwrapper<D: rsa_oaep::Hash>(
    rsa: &Rsa,
) -> Result<Box<dyn KeyUnwrapper>, KeyError> {
    Ok(Box::new(OaepPrivate { key: load(rsa)?, hash: PhantomData::<fn() -> D> }))
}

pub(crate) fn pkcs1_v1_5_unwrapper(rsa: &Rsa) -> Result<Box<dyn KeyUnwrapper>, KeyError> {
    load(rsa).map(|key| Box::new(Pkcs1v15Private(key)) as Box<dyn KeyUnwrapper>)
}

pub(crate) fn generate(bits: usize) -> Result<Params, KeyError> {
    if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) || !bits.is_multiple_of(8) {
        return Err(KeyError::RsaModulus { min: MIN_RSA_BITS, max: MAX_RSA_BITS, actual: bits });
    }
    let mut rng = random::seeded().map_err(KeyError::Unavailable)?;
    let key = RsaPrivateKey::new(&mut rng, bits)
        .map_err(|error| KeyError::Unavailable(CryptoError::from_source(error)))?;
    // The greater prime first, as they are found again from the exponents alone.
    let mut key = key;
    if let [p, q] = key.primes()
        && p < q
    {
        let primes = vec![q.as_ref().clone(), p.as_ref().clone()];
        let (n, e, d) = (key.n().as_ref().clone(), key.e().clone(), key.d().clone());
        key = RsaPrivateKey::from_components(n, e, d, primes)
            .map_err(|error| KeyError::Unavailable(CryptoError::from_source(error)))?;
    }
    params(&key)
}

/// The key with its primes and what follows from them. Those that it has are in there again, as
/// [`load`] has found them right.
pub(crate) fn complete(rsa: &Rsa) -> Result<Params, KeyError> {
    load(rsa).and_then(|key| params(&key))
}

fn params(key: &RsaPrivateKey) -> Result<Params, KeyError> {
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
    }
    // Longer numbers would be cut below.
    if secrets.iter().any(|number| number.len() > rsa.n().len()) {
        return Err(KeyError::Inconsistent);
    }
    let [n, e] = [rsa.n(), rsa.e()].map(BoxedUint::from_be_slice_vartime);
    // All as wide as the modulus: a width by the number itself would show how long the secret is.
    let width = n.bits_precision();
    let number =
        |secret: &SecretBytes| BoxedUint::from_be_slice_truncated(secret.expose_secret(), width);
    let primes = match private.crt() {
        Some(crt) => [number(crt.p()), number(crt.q())],
        None => recover::primes(&n, &e, &Zeroizing::new(number(private.d())))
            .ok_or(KeyError::Inconsistent)?,
    };
    let key = RsaPrivateKey::from_components(n, e, number(private.d()), primes.into()).map_err(
        |error| {
            match error {
                // Their product has been compared with n by then.
                rsa::Error::InvalidPrime => {
                    KeyError::Unsupported { what: "RSA with primes of unequal length" }
                }
                _ => KeyError::Inconsistent,
            }
        },
    )?;
    // If p = q, all is well so far, but q has no inverse.
    let qi = key.qinv().map(|qi| Zeroizing::new(qi.retrieve())).ok_or(KeyError::Inconsistent)?;
    if let Some(crt) = private.crt() {
        let given = [crt.dp(), crt.dq(), crt.qi()].map(|secret| Zeroizing::new(number(secret)));
        if [key.dp(), key.dq(), Some(&*qi)] != given.each_ref().map(|number| Some(&**number)) {
            return Err(KeyError::Inconsistent);
        }
    }
    let exponents = [key.dp(), key.dq()];
    for (prime, exponent) in key.primes().iter().zip(exponents.into_iter().flatten()) {
        if !inverts(prime, exponent, key.e()) {
            return Err(KeyError::Inconsistent);
        }
    }
    Ok(key)
}

/// Whether `exponent` undoes `e` modulo `prime`. All that was compared before is true of some numbers
/// that are no primes, and with those it does not: signatures would be wrong, and give factors away.
fn inverts(prime: &Odd<BoxedUint>, exponent: &BoxedUint, e: &BoxedUint) -> bool {
    let params = BoxedMontyParams::new(prime.clone());
    [2_u8, 3].into_iter().all(|base| {
        let base = BoxedUint::from(base).resize(prime.bits_precision());
        let base = BoxedMontyForm::new(base, &params);
        base.pow(exponent).pow(e) == base
    })
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

struct OaepPrivate<D> {
    key: RsaPrivateKey,
    hash: PhantomData<fn() -> D>,
}

impl<D: rsa_oaep::Hash> KeyUnwrapper for OaepPrivate<D> {
    fn unwrap_key(&self, encrypted_key: &[u8], cek_len: usize) -> Result<SecretBytes, Refused> {
        let cek = Oaep::<D>::new()
            .decrypt(Some(&mut SysRng), &self.key, encrypted_key)
            .map(SecretBytes::new)
            .map_err(refused)?;
        if cek.len() == cek_len { Ok(cek) } else { Err(Refused::Invalid) }
    }
}

struct Pkcs1v15Private(RsaPrivateKey);

impl KeyUnwrapper for Pkcs1v15Private {
    fn unwrap_key(&self, encrypted_key: &[u8], cek_len: usize) -> Result<SecretBytes, Refused> {
        let Self(key) = self;
        // Everybody sees these lengths. There are eleven octets of padding at least.
        if encrypted_key.len() != key.size() || cek_len > key.size().saturating_sub(11) {
            return Err(Refused::Invalid);
        }
        // Drawn before anything is known about the padding, so that it costs the same time always.
        let mut random = Zeroizing::new(vec![0; cek_len]);
        random::fill(&mut random).map_err(Refused::Unavailable)?;
        let c = BoxedUint::from_be_slice(encrypted_key, key.n_bits_precision())
            .map_err(|_| Refused::Invalid)?;
        match rsa_decrypt_and_check(key, Some(&mut SysRng), &c).map(Zeroizing::new) {
            Ok(m) => {
                // As wide as the storage of the modulus, whatever the number.
                let octets = Zeroizing::new(m.to_be_bytes());
                let (_, em) = octets.split_at(octets.len().saturating_sub(key.size()));
                select(em, &mut random);
            }
            // Not below the modulus, which everybody sees: there is no padding in it.
            Err(rsa::Error::Decryption) => {}
            Err(error) => return Err(refused(error)),
        }
        Ok(SecretBytes::new(core::mem::take(&mut *random)))
    }
}

/// Replaces `cek` by the key in `em`, if that is 00 ‖ 02 ‖ PS ‖ 00 ‖ M with an M as long as `cek`
/// (RFC 8017 §7.2.2, RFC 7516 §11.5).
///
/// Where the key must lie is known beforehand, so nothing is searched: every octet is read, in order,
/// and what they are decides no branch and no address.
fn select(em: &[u8], cek: &mut [u8]) {
    let (padding, key) = em.split_at(em.len().saturating_sub(cek.len()));
    let [first, second, ps @ .., last] = padding else { return };
    let mut good = first.ct_eq(&0) & second.ct_eq(&2) & last.ct_eq(&0);
    for octet in ps {
        good &= octet.ct_ne(&0);
    }
    for (octet, decrypted) in cek.iter_mut().zip(key) {
        octet.conditional_assign(decrypted, good);
    }
}

fn refused(error: rsa::Error) -> Refused {
    match error {
        // The generator failed, or a fault was found by raising the result to the public exponent.
        rsa::Error::Rng | rsa::Error::Internal => {
            Refused::Unavailable(CryptoError::from_source(error))
        }
        _ => Refused::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use jose_core::base64url;
    use jose_core::crypto::Verifier;
    use sha2::{Sha256, Sha384, Sha512};

    use super::super::{pkcs1_v1_5_verifier, pss_verifier};
    use super::*;
    use crate::tests::{INPUT, foreign_rsa, signed_in_pieces, verified_in_pieces};

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
            let rsa = self.rsa();
            let refused = matches!(load(&rsa), Err(KeyError::Inconsistent));
            assert_eq!(refused, matches!(complete(&rsa), Err(KeyError::Inconsistent)));
            refused
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
        assert!(Members { e: vec![3], ..key }.is_refused());
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

    const CEK: [u8; 32] = {
        let mut cek = [0; 32];
        let mut i = 0;
        while i < cek.len() {
            cek[i] = i.to_le_bytes()[0];
            i += 1;
        }
        cek
    };

    /// 00 ‖ 02 ‖ PS ‖ 00 ‖ M for a modulus of 2048 bits.
    fn padded(cek: &[u8]) -> [u8; 256] {
        let mut em = [0xA5; 256];
        let (padding, key) = em.split_at_mut(256 - cek.len());
        (padding[0], padding[1], padding[padding.len() - 1]) = (0, 2, 0);
        key.copy_from_slice(cek);
        em
    }

    /// RSA alone.
    fn encrypted(rsa: &Rsa, em: &[u8]) -> Vec<u8> {
        let key = super::super::public(rsa).unwrap();
        let em = BoxedUint::from_be_slice(em, key.n_bits_precision()).unwrap();
        rsa::hazmat::rsa_encrypt(&key, &em).unwrap().to_be_bytes().into_vec()
    }

    /// By `openssl pkeyutl -encrypt`, with `rsa_padding_mode:pkcs1`.
    #[test]
    fn what_openssl_has_padded_for_rsa1_5_is_unwrapped() {
        let wrapped =
            b"sSfs1lCCizUd-lvzlQmxJQSCKSvTquCBrSGd1zjgKc3ehE2JVk8xxiWZJm9OtSlEYpOgWZH4jHowOE\
            pZmjYPD5y8c0QGo42RbQZWkEHfMYYcGbK6lS4diwSKq1nY9rHdF3zQo0lQfaoxXe1LpP6JHAp1Ww3w\
            FBu0QHZ4HRrrhIp91C5zI8sIiEXC9oz8Ytzk3W6sI5OkQmRLeabmky3s54RhMB-AvnC1L7hdVrqdDa\
            iqq8lYZl1TlrkawdSv9sGolaFq2c1LzMT4Jxy2NVXKH1sCtSN9015acEMobiNmEnLeMHet24IoU4hM\
            9Nu-T7dYO2296fMOizS1mYRWqMRJTw";
        let wrapped = base64url::decode(wrapped).unwrap();
        let unwrapper = pkcs1_v1_5_unwrapper(&foreign_rsa()).unwrap();
        assert_eq!(unwrapper.unwrap_key(&wrapped, 32).unwrap().expose_secret(), CEK);
    }

    #[test]
    fn rsa1_5_gives_keys_of_every_length() {
        let rsa = foreign_rsa();
        let unwrapper = pkcs1_v1_5_unwrapper(&rsa).unwrap();
        for len in [16, 24, 32, 48, 64, 245] {
            let cek = vec![7; len];
            let wrapped = encrypted(&rsa, &padded(&cek));
            assert_eq!(unwrapper.unwrap_key(&wrapped, len).unwrap().expose_secret(), cek, "{len}");
        }
    }

    #[test]
    fn any_one_octet_of_the_padding_decides() {
        let good = padded(&CEK);
        let mut cek = [0xEE; 32];
        select(&good, &mut cek);
        assert_eq!(cek, CEK);
        for at in 0..256 - 32 {
            for octet in 0..=255 {
                let mut em = good;
                em[at] = octet;
                let allowed = match at {
                    0 | 223 => octet == 0,
                    1 => octet == 2,
                    _ => octet != 0,
                };
                let mut cek = [0xEE; 32];
                select(&em, &mut cek);
                assert_eq!(cek, if allowed { CEK } else { [0xEE; 32] }, "{at} {octet}");
            }
        }
    }

    #[test]
    fn damaged_padding_gives_another_key_for_rsa1_5_each_time() {
        let rsa = foreign_rsa();
        let unwrapper = pkcs1_v1_5_unwrapper(&rsa).unwrap();
        let with = |at: usize, octet| {
            let mut em = padded(&CEK);
            em[at] = octet;
            encrypted(&rsa, &em)
        };
        let mut below_n = rsa.n().to_vec();
        below_n[255] -= 1;
        for (what, wrapped) in [
            ("first octet", with(0, 1)),
            ("second octet", with(1, 1)),
            ("zero at the start of PS", with(2, 0)),
            ("zero in the eighth octet of PS", with(9, 0)),
            ("zero at the end of PS", with(222, 0)),
            ("no zero after PS", with(223, 1)),
            ("a longer key", encrypted(&rsa, &padded(&[7; 33]))),
            ("a shorter key", encrypted(&rsa, &padded(&[7; 31]))),
            ("no key", encrypted(&rsa, &padded(&[]))),
            ("only zeros", encrypted(&rsa, &[0; 256])),
            ("0", vec![0; 256]),
            ("n - 1", below_n),
            ("n", rsa.n().to_vec()),
            ("the greatest number", vec![0xFF; 256]),
        ] {
            let keys = [(); 2].map(|()| unwrapper.unwrap_key(&wrapped, 32).unwrap());
            assert_ne!(keys[0], keys[1], "{what}");
            for key in keys {
                assert_eq!(key.len(), 32, "{what}");
                assert_ne!(key.expose_secret(), CEK, "{what}");
                assert_ne!(key.expose_secret(), [0; 32], "{what}");
            }
        }
    }

    #[test]
    fn rsa1_5_refuses_lengths_that_are_not_the_moduluss() {
        let rsa = foreign_rsa();
        let unwrapper = pkcs1_v1_5_unwrapper(&rsa).unwrap();
        let wrapped = encrypted(&rsa, &padded(&CEK));
        for bad in [&wrapped[..255], &[&[0], &wrapped[..]].concat(), &[0xFF; 4096], &[]] {
            assert!(matches!(unwrapper.unwrap_key(bad, 32), Err(Refused::Invalid)));
        }
        for cek_len in [246, 256, usize::MAX] {
            assert!(matches!(unwrapper.unwrap_key(&wrapped, cek_len), Err(Refused::Invalid)));
        }
    }

    #[test]
    fn only_a_private_key_unwraps() {
        let public = Rsa::new(foreign_rsa().n(), &[1, 0, 1], None);
        assert!(matches!(pkcs1_v1_5_unwrapper(&public), Err(KeyError::NotPrivate)));
        assert!(matches!(oaep_unwrapper::<Sha256>(&public), Err(KeyError::NotPrivate)));
    }
}
