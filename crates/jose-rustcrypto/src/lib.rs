//! A JOSE backend on the `RustCrypto` crates: pure Rust, no C compiler.
//!
//! [`BACKEND`] is the whole interface. It is given to whatever makes or loads a key, and the handle
//! that comes out of that has everything prepared: keyed MAC states, the schedules of ciphers, parsed
//! and checked keys, the Chinese remainder values of RSA.
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
//! | A128KW, A192KW, A256KW | `aes-kw` | prepared once |
//! | RSA-OAEP, RSA-OAEP-256, RSA-OAEP-384, RSA-OAEP-512 | `rsa` | as above |
//! | RSA1\_5 | `rsa`, `subtle` | unwraps only, and tells nothing of the padding |
//! | ECDH-ES | `p256`, `p384`, `p521`, `x25519-dalek` | a new ephemeral key each time; X448 is refused |
//! | A128GCM, A192GCM, A256GCM | `aes-gcm` | random initialization vectors |
//! | A128CBC-HS256, A192CBC-HS384, A256CBC-HS512 | `aes`, `cbc`, `hmac` | the tag is checked first |
//! | PBKDF2 with HMAC-SHA-256, -384, -512 | `pbkdf2` | for PBES2 |
//! | keys encrypted with PBES2: AES-128, AES-192, AES-256 | `aes`, `cbc`, `pbkdf2`, `scrypt`, `sha1` | PBKDF2 also with HMAC-SHA-1 |
//! | completing and checking keys: RSA, EC, Ed25519, X25519 | as above, and `crypto-bigint` | RSA with any exponent, with primes or without |
//! | Ed448 | nothing | refused with [`KeyError::Unsupported`] |
//!
//! All signatures but Ed25519 also take their input piece by piece, and keep none of it.
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
//! are checked, and what a decryption finds in a padding is not told; that makes an attack hard and
//! proves nothing. Where strangers can have signatures made or ciphertexts decrypted and time it,
//! prefer EC, Ed25519 or X25519 keys, or use another backend. The published attack is on decryption,
//! so that is where to begin. Verifying and encrypting use no private key and are not concerned.
//!
//! </div>
//!
//! [RUSTSEC-2023-0071]: https://rustsec.org/advisories/RUSTSEC-2023-0071.html
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod aes_kw;
mod content;
mod digest;
mod ecdh;
mod ecdsa;
mod eddsa;
mod hmac;
mod kdf;
mod pbes2;
mod random;
mod rsa;
mod rsa_oaep;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use ::hmac::Hmac;
use aes::{Aes128, Aes192, Aes256};
use jose_core::SecretBytes;
use jose_core::crypto::{
    AgreementInitiator, AgreementResponder, Backend, ContentCipher, CryptoError, KeyError,
    KeyUnwrapper, KeyWrapper, NewKey, Pbes2, PrivateHalf, Signer, Verifier,
};
use jose_core::jwa::{Bound, ContentEncryption, Hash, KeyManagementAlgorithm, SignatureAlgorithm};
use jose_core::jwk::{EcCurve, OkpCurve, Params};
use k256::Secp256k1;
use p256::NistP256;
use p384::NistP384;
use p521::NistP521;
use sha1::Sha1;
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

    fn key_wrapper(
        &self,
        key: Bound<'_, KeyManagementAlgorithm>,
    ) -> Result<Box<dyn KeyWrapper>, KeyError> {
        use KeyManagementAlgorithm as K;
        match (key.alg(), key.params()) {
            (K::A128KW, Params::Oct(oct)) => aes_kw::wrapper::<Aes128>(oct),
            (K::A192KW, Params::Oct(oct)) => aes_kw::wrapper::<Aes192>(oct),
            (K::A256KW, Params::Oct(oct)) => aes_kw::wrapper::<Aes256>(oct),
            (K::RSA_OAEP, Params::Rsa(key)) => rsa_oaep::wrapper::<Sha1>(key),
            (K::RSA_OAEP_256, Params::Rsa(key)) => rsa_oaep::wrapper::<Sha256>(key),
            (K::RSA_OAEP_384, Params::Rsa(key)) => rsa_oaep::wrapper::<Sha384>(key),
            (K::RSA_OAEP_512, Params::Rsa(key)) => rsa_oaep::wrapper::<Sha512>(key),
            (alg, _) => Err(KeyError::Unsupported { what: alg.name() }),
        }
    }

    fn key_unwrapper(
        &self,
        key: Bound<'_, KeyManagementAlgorithm>,
    ) -> Result<Box<dyn KeyUnwrapper>, KeyError> {
        use KeyManagementAlgorithm as K;
        match (key.alg(), key.params()) {
            (K::A128KW, Params::Oct(oct)) => aes_kw::unwrapper::<Aes128>(oct),
            (K::A192KW, Params::Oct(oct)) => aes_kw::unwrapper::<Aes192>(oct),
            (K::A256KW, Params::Oct(oct)) => aes_kw::unwrapper::<Aes256>(oct),
            (K::RSA1_5, Params::Rsa(key)) => rsa::pkcs1_v1_5_unwrapper(key),
            (K::RSA_OAEP, Params::Rsa(key)) => rsa::oaep_unwrapper::<Sha1>(key),
            (K::RSA_OAEP_256, Params::Rsa(key)) => rsa::oaep_unwrapper::<Sha256>(key),
            (K::RSA_OAEP_384, Params::Rsa(key)) => rsa::oaep_unwrapper::<Sha384>(key),
            (K::RSA_OAEP_512, Params::Rsa(key)) => rsa::oaep_unwrapper::<Sha512>(key),
            (alg, _) => Err(KeyError::Unsupported { what: alg.name() }),
        }
    }

    fn agreement_initiator(
        &self,
        key: Bound<'_, KeyManagementAlgorithm>,
    ) -> Result<Box<dyn AgreementInitiator>, KeyError> {
        use KeyManagementAlgorithm as K;
        match key.alg() {
            K::ECDH_ES | K::ECDH_ES_A128KW | K::ECDH_ES_A192KW | K::ECDH_ES_A256KW => {
                ecdh::initiator(key.params())
            }
            alg => Err(KeyError::Unsupported { what: alg.name() }),
        }
    }

    fn agreement_responder(
        &self,
        key: Bound<'_, KeyManagementAlgorithm>,
    ) -> Result<Box<dyn AgreementResponder>, KeyError> {
        use KeyManagementAlgorithm as K;
        match key.alg() {
            K::ECDH_ES | K::ECDH_ES_A128KW | K::ECDH_ES_A192KW | K::ECDH_ES_A256KW => {
                ecdh::responder(key.params())
            }
            alg => Err(KeyError::Unsupported { what: alg.name() }),
        }
    }

    fn content_cipher(
        &self,
        enc: ContentEncryption,
        key: &SecretBytes,
    ) -> Result<Box<dyn ContentCipher>, KeyError> {
        content::cipher(enc, key)
    }

    fn pbkdf2(
        &self,
        hash: Hash,
        password: &SecretBytes,
        salt: &[u8],
        count: NonZeroU32,
        len: usize,
    ) -> Result<SecretBytes, KeyError> {
        kdf::pbkdf2(hash, password, salt, count, len)
    }

    fn pbes2_encrypt(
        &self,
        scheme: &Pbes2<'_>,
        password: &SecretBytes,
        text: &SecretBytes,
    ) -> Result<Vec<u8>, KeyError> {
        pbes2::encrypt(scheme, password, text)
    }

    fn pbes2_decrypt(
        &self,
        scheme: &Pbes2<'_>,
        password: &SecretBytes,
        ciphertext: &[u8],
    ) -> Result<SecretBytes, KeyError> {
        pbes2::decrypt(scheme, password, ciphertext)
    }

    fn complete(&self, key: PrivateHalf<'_>) -> Result<Params, KeyError> {
        use PrivateHalf as H;
        match key {
            H::Akp { alg, .. } => Err(KeyError::Unsupported { what: alg.name() }),
            H::Ec { crv: crv @ EcCurve::P256, d } => ecdsa::complete::<NistP256>(crv, d),
            H::Ec { crv: crv @ EcCurve::P384, d } => ecdsa::complete::<NistP384>(crv, d),
            H::Ec { crv: crv @ EcCurve::P521, d } => ecdsa::complete::<NistP521>(crv, d),
            H::Ec { crv: crv @ EcCurve::Secp256k1, d } => ecdsa::complete::<Secp256k1>(crv, d),
            H::Ec { crv, .. } => Err(KeyError::Unsupported { what: crv.name() }),
            H::Okp { crv: OkpCurve::Ed25519, d } => eddsa::complete(d),
            H::Okp { crv: OkpCurve::X25519, d } => ecdh::complete_x25519(d),
            H::Okp { crv, .. } => Err(KeyError::Unsupported { what: crv.name() }),
            H::Rsa(key) => rsa::complete(key),
            _ => Err(KeyError::Unsupported { what: "this kind of key" }),
        }
    }

    fn check_public(&self, key: &Params) -> Result<(), KeyError> {
        match key {
            Params::Akp(akp) => Err(KeyError::Unsupported { what: akp.alg().name() }),
            Params::Ec(ec) => match ec.crv() {
                EcCurve::P256 => ecdsa::check_public::<NistP256>(ec),
                EcCurve::P384 => ecdsa::check_public::<NistP384>(ec),
                EcCurve::P521 => ecdsa::check_public::<NistP521>(ec),
                EcCurve::Secp256k1 => ecdsa::check_public::<Secp256k1>(ec),
                crv => Err(KeyError::Unsupported { what: crv.name() }),
            },
            Params::Okp(okp) => match okp.crv() {
                OkpCurve::Ed25519 => eddsa::check_public(okp),
                OkpCurve::X25519 => ecdh::check_public_x25519(okp),
                crv => Err(KeyError::Unsupported { what: crv.name() }),
            },
            // Core has checked the size and the exponent, and more there is not to tell.
            Params::Oct(_) | Params::Rsa(_) => Ok(()),
            _ => Err(KeyError::Unsupported { what: "checking keys of this type" }),
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
            NewKey::Okp(OkpCurve::X25519) => ecdh::generate_x25519(),
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
    use jose_core::crypto::Refused;
    use jose_core::jwk::{Akp, AkpAlgorithm, Okp, Rsa, RsaPrivate};
    use jose_core::{Alg, Jwk, base64url};

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

    /// The octets that a vector is published as.
    pub(crate) fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<_> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
        digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
    }

    /// A key of 2048 bits that OpenSSL made, without its primes.
    pub(crate) fn foreign_rsa() -> Rsa {
        let [n, d] = [
            &b"wA-FlEz8USZjfE-s1Y7Mt1Q2HUX9VOZ-QijzPZGTnmFUe7golCBBoND5v6GMLAFsmHj-\
              Lxah0Q1OwXd4zTJL13qEktHNd49xD08Ss4Erym3v5ZxBN5OAhqov3aalfWEjBXeC7VvWfBZtL-\
              SS95Nt_v9YPQZLrAQuQ4x0C0lUEcxPfxWBwh-JJiqFopryCutEugCpXAiJNunBhq9HOWYi_0eD6O\
              ARLWtMjHNVNFGsC1EbtWjGI9wQH6g3Oyvu5PytwUdvj6v9hWJkJCE5OB_4JQhsKNTCdajX99_pA_\
              votqJXkgICY2OAN6otyW1btgldD5hC3zgqv97BHH8S8EWd_w"[..],
            &b"L7DLAR-6uaXYJ0qbhq3-\
              XHmPNGaoOLhBWslTWRL4fmf5s_zvKpT15uptUa3aIiU6Y4QLzgKHLONqjnTNrNpT5c449EIfjJQ0\
              RVJjuOoWxx3UZ4YM1bGNRSMmXpoeVstTiGx8ONdIo6hn9XADJHHZ6utZ7FFPYgfpuwE54YGUXBSa\
              -lxKSMoYjjyOsN7SvMibxnVNIafafOV7Rh0VbY0yEE8ptP2wLw3EQ7IQ4xfCO1mVNZmeDOSzXidg\
              MquyLGa-\
              356FORaBdLxhehsMBSbt2CrRGTjEXjAsAbthDkKEwgeNaoDxIAHeRFMwsx5KVN8ncHueNOjLHFEz\
              yq_sG6mR_Q"[..],
        ]
        .map(|number| base64url::decode(number).unwrap());
        Rsa::new(&n, &[1, 0, 1], Some(RsaPrivate::new(&d, None)))
    }

    #[track_caller]
    fn assert_unsupported<T>(result: Result<T, KeyError>, name: &str) {
        match result.err().unwrap() {
            KeyError::Unsupported { what } => assert_eq!(what, name),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn private_keys_that_are_not_here_are_not_completed() {
        for crv in [OkpCurve::Ed448, OkpCurve::X448] {
            let d = &SecretBytes::new(alloc::vec![7; crv.key_len()]);
            assert_unsupported(BACKEND.complete(PrivateHalf::Okp { crv, d }), crv.name());
        }
        let (alg, seed) = (AkpAlgorithm::ML_DSA_65, &SecretBytes::from([7; 32]));
        assert_unsupported(BACKEND.complete(PrivateHalf::Akp { alg, seed }), alg.name());
    }

    #[test]
    fn public_keys_that_are_not_here_are_not_checked() {
        for crv in [OkpCurve::Ed448, OkpCurve::X448] {
            let okp = Okp::new(crv, alloc::vec![7; crv.key_len()], None).unwrap();
            assert_unsupported(BACKEND.check_public(&Params::Okp(okp)), crv.name());
        }
        let alg = AkpAlgorithm::ML_DSA_44;
        let akp = Akp::new(alg, alloc::vec![7; alg.public_len()], None).unwrap();
        assert_unsupported(BACKEND.check_public(&Params::Akp(akp)), alg.name());
        let unknown = Jwk::from_json(br#"{"kty":"other"}"#).unwrap();
        assert_unsupported(BACKEND.check_public(unknown.params()), "checking keys of this type");
    }

    #[test]
    fn each_curve_completes_and_checks_its_own_keys() {
        for alg in [Alg::ES256, Alg::ES384, Alg::ES512, Alg::ES256K, Alg::Ed25519] {
            let made = Jwk::generate(alg, BACKEND).unwrap();
            assert_eq!(made.complete(BACKEND).unwrap().params(), made.params());
            assert!(made.to_public().unwrap().check_consistency(BACKEND).is_ok());
        }
        let x25519 = BACKEND.generate(NewKey::Okp(OkpCurve::X25519)).unwrap();
        let Params::Okp(okp) = &x25519 else { panic!() };
        let half = PrivateHalf::Okp { crv: OkpCurve::X25519, d: okp.d().unwrap() };
        assert_eq!(BACKEND.complete(half).unwrap(), x25519);
        assert!(BACKEND.check_public(&x25519).is_ok());
    }

    #[test]
    fn shared_keys_and_public_rsa_keys_pass_without_arithmetic() {
        let oct = Jwk::generate(Alg::HS256, BACKEND).unwrap();
        assert!(BACKEND.check_public(oct.params()).is_ok());
        let rsa = Rsa::new(foreign_rsa().n(), &[1, 0, 1], None);
        assert!(BACKEND.check_public(&Params::Rsa(rsa)).is_ok());
    }

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
