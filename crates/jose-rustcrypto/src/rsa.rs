//! RSA: RSASSA-PKCS1-v1_5 (RFC 7518 §3.3) and RSASSA-PSS (RFC 7518 §3.5), as RFC 8017 §8 has them.
//!
//! This file verifies, with public numbers only. What touches a private key is in [`private`].

mod private;

use alloc::boxed::Box;
use core::marker::PhantomData;

use jose_core::crypto::{KeyError, Refused, Verifier};
use jose_core::jwk::Rsa;
use jose_core::limits::{MAX_RSA_BITS, MIN_RSA_BITS};
use rsa::signature::{self, DigestVerifier};
use rsa::{BoxedUint, RsaPublicKey, pkcs1v15, pss};
use sha2::digest::const_oid::AssociatedOid;
use sha2::digest::{FixedOutputReset, HashMarker, Update};

pub(crate) use self::private::{generate, pkcs1_v1_5_signer, pss_signer};

/// What the paddings ask of a hash function.
pub(crate) trait Hash:
    AssociatedOid + Default + FixedOutputReset + HashMarker + Send + Sync + Update + 'static
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

fn public(rsa: &Rsa) -> Result<RsaPublicKey, KeyError> {
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

impl<K, S, D> Verifier for Public<K, S, D>
where
    K: DigestVerifier<D, S> + Send + Sync,
    D: Hash,
{
    fn verify(&self, input: &[&[u8]], signature: &[u8]) -> Result<(), Refused> {
        let hash = |digest: &mut D| {
            for part in input {
                digest.update(part);
            }
            Ok(())
        };
        (self.read)(signature, MAX_RSA_BITS / 8)
            .and_then(|signature| self.key.verify_digest(hash, &signature))
            .map_err(|_| Refused::Invalid)
    }
}
