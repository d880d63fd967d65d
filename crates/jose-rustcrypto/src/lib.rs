//! A JOSE backend on the `RustCrypto` crates: pure Rust, no C compiler.
//!
//! [`BACKEND`] is the whole interface. It is given to whatever makes or loads a key, and the handle
//! that comes out of that has everything prepared: keyed MAC states, parsed and checked keys, the
//! Chinese remainder values of RSA.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use jose_core::{Alg, Jwk, jws};
//! use jose_rustcrypto::BACKEND;
//!
//! let jwk = Jwk::generate(Alg::Ed25519, BACKEND)?;
//! let signing_key = jws::SigningKey::from_jwk(&jwk, BACKEND)?;
//! let token = jws::sign(b"any octets", &signing_key)?;
//!
//! let verifying_key = jws::VerifyingKey::from_jwk(&jwk.to_public()?, BACKEND)?;
//! let verified = jws::verify(&token, &jws::VerifyingKeys::from(verifying_key))?;
//! assert_eq!(verified.content(), b"any octets");
//! # Ok(()) }
//! ```
//!
//! # What it does
//!
//! | algorithms | by | notes |
//! |---|---|---|
//! | HS256, HS384, HS512 | `hmac`, `sha2` | keyed once; compared in constant time |
//! | RS256, RS384, RS512, PS256, PS384, PS512 | `rsa` | 2048 to 16384 bits; read the warning below |
//! | ES256, ES384, ES512 | `p256`, `p384`, `p521` | deterministic signatures (RFC 6979) |
//! | ES256K | `k256` | deterministic; signs with the lower s, verifies either |
//! | Ed25519, and `EdDSA` with such a key | `ed25519-dalek` | verifies without the cofactor |
//! | Ed448 | nothing | refused with [`KeyError::Unsupported`] |
//!
//! All but Ed25519 also take their input piece by piece, and keep none of it.
//!
//! Without the default feature `std` the crate needs an allocator and a generator alone. All that
//! changes is the speed: the curves' tables of precomputed points want a lock, which `std` gives.
//!
//! Randomness comes from the operating system on every call. A generator that fails is an error,
//! never a panic.
//!
//! <div class="warning">
//!
//! No release of the crate `rsa` is free of [RUSTSEC-2023-0071]: its private-key operations are not
//! proved to run in constant time. Those made here are blinded with fresh randomness, their results
//! are checked, and none is a decryption, which is what the published attack is on; that makes an
//! attack hard and proves nothing. Where strangers can ask for signatures and time them, prefer EC
//! or Ed25519 keys, or sign with another backend. Verifying uses no secret and is not concerned.
//!
//! </div>
//!
//! [RUSTSEC-2023-0071]: https://rustsec.org/advisories/RUSTSEC-2023-0071.html
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod digest;
mod ecdsa;
mod eddsa;
mod hmac;
mod random;
mod rsa;

use alloc::boxed::Box;

use ::hmac::Hmac;
use jose_core::crypto::{Backend, CryptoError, KeyError, NewKey, Signer, Verifier};
use jose_core::jwa::{Bound, Hash, SignatureAlgorithm};
use jose_core::jwk::{EcCurve, OkpCurve, Params};
use k256::Secp256k1;
use p256::NistP256;
use p384::NistP384;
use p521::NistP521;
use sha2::{Sha256, Sha384, Sha512};

/// The backend.
pub const BACKEND: &dyn Backend = &RustCrypto;

#[derive(Debug)]
struct RustCrypto;

impl Backend for RustCrypto {
    fn name(&self) -> &'static str {
        "rustcrypto"
    }

    fn signer(&self, key: Bound<'_, SignatureAlgorithm>) -> Result<Box<dyn Signer>, KeyError> {
        use SignatureAlgorithm as S;
        match (key.alg(), key.params()) {
            (S::HS256, Params::Oct(oct)) => hmac::signer::<Hmac<Sha256>>(oct),
            (S::HS384, Params::Oct(oct)) => hmac::signer::<Hmac<Sha384>>(oct),
            (S::HS512, Params::Oct(oct)) => hmac::signer::<Hmac<Sha512>>(oct),
            (S::RS256, Params::Rsa(key)) => rsa::pkcs1_v1_5_signer::<Sha256>(key),
            (S::RS384, Params::Rsa(key)) => rsa::pkcs1_v1_5_signer::<Sha384>(key),
            (S::RS512, Params::Rsa(key)) => rsa::pkcs1_v1_5_signer::<Sha512>(key),
            (S::PS256, Params::Rsa(key)) => rsa::pss_signer::<Sha256>(key),
            (S::PS384, Params::Rsa(key)) => rsa::pss_signer::<Sha384>(key),
            (S::PS512, Params::Rsa(key)) => rsa::pss_signer::<Sha512>(key),
            (S::ES256, Params::Ec(ec)) => ecdsa::signer::<NistP256>(ec),
            (S::ES384, Params::Ec(ec)) => ecdsa::signer::<NistP384>(ec),
            (S::ES512, Params::Ec(ec)) => ecdsa::signer::<NistP521>(ec),
            (S::ES256K, Params::Ec(ec)) => ecdsa::signer::<Secp256k1>(ec),
            (S::Ed25519, Params::Okp(okp)) => eddsa::signer(okp),
            (alg, _) => Err(KeyError::Unsupported { what: alg.name() }),
        }
    }

    fn verifier(&self, key: Bound<'_, SignatureAlgorithm>) -> Result<Box<dyn Verifier>, KeyError> {
        use SignatureAlgorithm as S;
        match (key.alg(), key.params()) {
            (S::HS256, Params::Oct(oct)) => hmac::verifier::<Hmac<Sha256>>(oct),
            (S::HS384, Params::Oct(oct)) => hmac::verifier::<Hmac<Sha384>>(oct),
            (S::HS512, Params::Oct(oct)) => hmac::verifier::<Hmac<Sha512>>(oct),
            (S::RS256, Params::Rsa(key)) => rsa::pkcs1_v1_5_verifier::<Sha256>(key),
            (S::RS384, Params::Rsa(key)) => rsa::pkcs1_v1_5_verifier::<Sha384>(key),
            (S::RS512, Params::Rsa(key)) => rsa::pkcs1_v1_5_verifier::<Sha512>(key),
            (S::PS256, Params::Rsa(key)) => rsa::pss_verifier::<Sha256>(key),
            (S::PS384, Params::Rsa(key)) => rsa::pss_verifier::<Sha384>(key),
            (S::PS512, Params::Rsa(key)) => rsa::pss_verifier::<Sha512>(key),
            (S::ES256, Params::Ec(ec)) => ecdsa::verifier::<NistP256>(ec),
            (S::ES384, Params::Ec(ec)) => ecdsa::verifier::<NistP384>(ec),
            (S::ES512, Params::Ec(ec)) => ecdsa::verifier::<NistP521>(ec),
            (S::ES256K, Params::Ec(ec)) => ecdsa::verifier::<Secp256k1>(ec),
            (S::Ed25519, Params::Okp(okp)) => eddsa::verifier(okp),
            (alg, _) => Err(KeyError::Unsupported { what: alg.name() }),
        }
    }

    fn generate(&self, key: NewKey) -> Result<Params, KeyError> {
        match key {
            NewKey::Ec(crv @ EcCurve::P256) => ecdsa::generate::<NistP256>(crv),
            NewKey::Ec(crv @ EcCurve::P384) => ecdsa::generate::<NistP384>(crv),
            NewKey::Ec(crv @ EcCurve::P521) => ecdsa::generate::<NistP521>(crv),
            NewKey::Ec(crv @ EcCurve::Secp256k1) => ecdsa::generate::<Secp256k1>(crv),
            NewKey::Ec(crv) => Err(KeyError::Unsupported { what: crv.name() }),
            NewKey::Okp(OkpCurve::Ed25519) => eddsa::generate(),
            NewKey::Okp(crv) => Err(KeyError::Unsupported { what: crv.name() }),
            NewKey::Rsa { bits } => rsa::generate(bits),
            _ => Err(KeyError::Unsupported { what: "this kind of key" }),
        }
    }

    fn digest(&self, hash: Hash, parts: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
        match hash {
            Hash::Sha256 => digest::digest::<Sha256>(parts, out),
            Hash::Sha384 => digest::digest::<Sha384>(parts, out),
            Hash::Sha512 => digest::digest::<Sha512>(parts, out),
            _ => Err(CryptoError::from_source("a hash function that this backend lacks")),
        }
    }

    fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        random::fill(out)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use jose_core::crypto::Refused;

    use super::*;

    /// Several blocks of any hash function and a part of one, in which an octet left out, repeated or
    /// moved shows.
    pub(crate) const INPUT: [u8; 1000] = {
        let mut input = [0; 1000];
        let mut i = 0;
        while i < input.len() {
            input[i] = (i % 251).to_le_bytes()[0]; // 251 is prime
            i += 1;
        }
        input
    };

    pub(crate) fn signed_in_pieces(signer: &dyn Signer, input: &[u8]) -> Vec<u8> {
        let mut stream = signer.stream().unwrap().unwrap();
        pieces(input, |piece| stream.update(piece).unwrap());
        let mut signature = Vec::from(*b"kept");
        stream.finish(&mut signature).unwrap();
        signature.strip_prefix(b"kept").unwrap().into()
    }

    pub(crate) fn verified_in_pieces(
        verifier: &dyn Verifier,
        input: &[u8],
        signature: &[u8],
    ) -> Result<(), Refused> {
        let mut stream = verifier.stream().unwrap().unwrap();
        pieces(input, |piece| stream.update(piece).unwrap());
        stream.finish(signature)
    }

    /// Cuts where no hash function does, and at the end of a block too.
    fn pieces(mut input: &[u8], mut each: impl FnMut(&[u8])) {
        for len in [0, 1, 3, 64, 60, 128, 0, 129].into_iter().cycle() {
            let (piece, rest) = input.split_at(len.min(input.len()));
            each(piece);
            if rest.is_empty() {
                return;
            }
            input = rest;
        }
    }
}
