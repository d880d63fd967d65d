//! RSA: RSASSA-PKCS1-v1_5 (RFC 7518 §3.3) and RSASSA-PSS (RFC 7518 §3.5), as RFC 8017 §8 has them.
//!
//! This file verifies, with public numbers only. What touches a private key is in [`private`], for
//! encryption too.

mod private;

use alloc::boxed::Box;
use core::marker::PhantomData;

use jose_core::crypto::{CryptoError, KeyError, Refused, Verifier, VerifyStream};
use jose_core::jwk::Rsa;
use jose_core::limits::{MAX_RSA_BITS, MIN_RSA_BITS};
use rsa::signature::{self, hazmat::PrehashVerifier};
use rsa::{BoxedUint, RsaPublicKey, pkcs1v15, pss};
use sha2::Digest;
use sha2::digest::const_oid::AssociatedOid;
use sha2::digest::{FixedOutputReset, HashMarker, Update};

pub(crate) use self::private::{
    complete, generate, oaep_unwrapper, pkcs1_v1_5_signer, pkcs1_v1_5_unwrapper, pss_signer,
};
use crate::digest;

/// What the paddings ask of a hash function.
pub(crate) trait Hash:
    AssociatedOid + Clone + Default + FixedOutputReset + HashMarker + Send + Sync + Update + 'static
{
}

impl Hash for sha2::Sha256 {}
impl Hash for sha2::Sha384 {}
impl Hash for sha2::Sha512 {}

pub(crate) fn pkcs1_v1_5_verifier<D: Hash>(rsa: &Rsa) -> Result<Box<dyn Verifier>, KeyError> {
    Ok(Box::new(Public {
        key: pkcs1v15::VerifyingKey::<D>::new(public(rsa)?),
        read: pkcs1v15::Signature::from_bytes_with_max_len,
        hash: PhantomData::<fn() -> D>,
    }))
}

/// The salt is as long as the digest and MGF1 uses the same one: RFC 7518 leaves no choice.
pub(crate) fn pss_verifier<D: Hash>(rsa: &Rsa) -> Result<Box<dyn Verifier>, KeyError> {
    Ok(Box::new(Public {
        key: pss::VerifyingKey::<D>::new(public(rsa)?),
        read: pss::Signature::from_bytes_with_max_len,
        hash: PhantomData::<fn() -> D>,
    }))
}

pub(crate) fn public(rsa: &Rsa) -> Result<RsaPublicKey, KeyError> {
    let [n, e] = [rsa.n(), rsa.e()].map(BoxedUint::from_be_slice_vartime);
    // The crate's own limit is 8192 bits, here as for signatures below.
    RsaPublicKey::new_with_size_limits(n, e, MIN_RSA_BITS..=MAX_RSA_BITS)
        .map_err(|_| KeyError::Inconsistent)
}

struct Public<K, S, D> {
    key: K,
    read: fn(&[u8], usize) -> signature::Result<S>,
    hash: PhantomData<fn() -> D>,
}

impl<K, S, D> Public<K, S, D>
where
    K: PrehashVerifier<S>,
    D: Hash,
{
    /// Takes the digest as a function, so that nothing is hashed for a signature too long to be one.
    fn check(&self, digest: impl FnOnce() -> D, signature: &[u8]) -> Result<(), Refused> {
        (self.read)(signature, MAX_RSA_BITS / 8)
            .and_then(|signature| self.key.verify_prehash(&digest().finalize(), &signature))
            .map_err(|_| Refused::Invalid)
    }
}

impl<K, S, D> Verifier for Public<K, S, D>
where
    K: PrehashVerifier<S> + Send + Sync,
    D: Hash,
{
    fn verify(&self, input: &[&[u8]], signature: &[u8]) -> Result<(), Refused> {
        self.check(|| digest::over(input), signature)
    }

    fn stream(&self) -> Result<Option<Box<dyn VerifyStream + '_>>, CryptoError> {
        Ok(Some(Box::new(Verifying { key: self, digest: D::new() })))
    }
}

struct Verifying<'k, K, S, D> {
    key: &'k Public<K, S, D>,
    digest: D,
}

impl<K, S, D> VerifyStream for Verifying<'_, K, S, D>
where
    K: PrehashVerifier<S> + Sync,
    D: Hash,
{
    fn update(&mut self, input: &[u8]) -> Result<(), CryptoError> {
        self.digest.update(input);
        Ok(())
    }

    fn finish(self: Box<Self>, signature: &[u8]) -> Result<(), Refused> {
        let Self { key, digest } = *self;
        key.check(|| digest, signature)
    }
}
