//! The backend of [`jose_core`] on OpenSSL 3.0 and later.
//!
//! It signs and verifies with every registered algorithm: `HS256`, `HS384`, `HS512`, `RS256`,
//! `RS384`, `RS512`, `PS256`, `PS384`, `PS512`, `ES256`, `ES384`, `ES512`, `ES256K`, `Ed25519` and
//! `Ed448`. All but the last two also take their input piece by piece, and keep none of it. RSA
//! private keys are best kept here: OpenSSL's arithmetic on them is written to take the same time
//! whatever the key, and blinded besides.
//!
//! It encrypts and decrypts with every registered algorithm, by these parts: `RSA-OAEP` with SHA-1 and
//! SHA-2, AES Key Wrap, ECDH-ES on P-256, P-384, P-521, X25519 and X448, PBKDF2, AES-GCM, and AES-CBC
//! with HMAC. `RSA1_5` it decrypts only. For keys in files it has PBES2 with PBKDF2 or scrypt and
//! AES-CBC.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use jose_core::{Alg, Jwk};
//! use jose_openssl::BACKEND;
//!
//! let jwk = Jwk::generate(Alg::ES256, BACKEND)?;
//! assert_eq!(jwk.alg(), Some("ES256"));
//! # Ok(()) }
//! ```
//!
//! # Which OpenSSL
//!
//! The installed one, found by `pkg-config` or `OPENSSL_DIR` as the crate `openssl-sys` describes.
//! With the feature `vendored` OpenSSL is built from source and linked statically, for which a C
//! compiler, make and perl are needed and no installed headers. Versions 3.0 to 4.0 serve; earlier
//! ones, and the libraries that grew out of them, lack the calls this crate is made of.
//!
//! # Where it computes
//!
//! [`BACKEND`] computes in the default library context of the process, by the providers and
//! default properties that the deployer's configuration file gives it. Every call names that
//! context, even where the safe crate `openssl` has a shorter one that does not: a key is never
//! copied to another context, and no operation runs in one. Only whether the numbers of an RSA key
//! belong together, and whether an Edwards curve has a point, is calculated by the library itself.
//!
//! # Keys
//!
//! Loading a key checks what takes arithmetic: that a point is on its curve, a private key in range
//! and the public half its own, that the numbers of an RSA key belong together. An RSA key without
//! its primes gets them back at loading, which takes the time of some signatures: completing it once
//! ([`Jwk::complete`](jose_core::Jwk::complete)) saves that. A handle then keeps a prepared operation,
//! which is copied for each message, and may be used by any number of threads at once. OpenSSL
//! overwrites private keys when it frees them.
#![deny(unsafe_code)]

extern crate alloc;

mod aes_kw;
mod content;
mod digest;
mod ecdh;
mod ecdsa;
mod eddsa;
mod ffi;
mod fips;
mod hmac;
mod kdf;
mod pbes2;
mod random;
mod rsa;
mod rsa_oaep;

use core::num::NonZeroU32;

use jose_core::SecretBytes;
use jose_core::crypto::{
    AgreementInitiator, AgreementResponder, Approval, Backend, ContentCipher, CryptoError,
    FipsStatus, KeyError, KeyUnwrapper, KeyWrapper, NewKey, Pbes2, PrivateHalf, Signer, Verifier,
};
use jose_core::jwa::{
    Alg, Bound, ContentEncryption, Hash, KeyManagementAlgorithm, SignatureAlgorithm,
};
use jose_core::jwk::{OkpCurve, Params};

use self::ffi::Lib;
pub use self::fips::{FipsConfig, FipsError, fips, fips_from};

/// OpenSSL in the default library context of the process.
pub const BACKEND: &dyn Backend = &OpenSsl { lib: None, fips: None };

static PROCESS: Lib = Lib::process();

/// OpenSSL as seen from one library context.
#[derive(Debug)]
struct OpenSsl {
    /// `None` is [`PROCESS`], which a constant cannot refer to.
    lib: Option<&'static Lib>,
    /// The FIPS module that everything in this context was shown to come from.
    fips: Option<fips::Module>,
}

impl OpenSsl {
    fn lib(&self) -> &'static Lib {
        self.lib.unwrap_or(&PROCESS)
    }

    fn wrapper(
        &self,
        alg: KeyManagementAlgorithm,
        key: &Params,
    ) -> Result<Box<dyn KeyWrapper>, KeyError> {
        match key {
            Params::Oct(oct) => Ok(Box::new(aes_kw::AesKw::new(self.lib(), alg, oct)?)),
            Params::Rsa(rsa) => Ok(Box::new(rsa_oaep::OaepWrapper::new(self.lib(), alg, rsa)?)),
            _ => Err(KeyError::Unsupported { what: alg.name() }),
        }
    }

    fn unwrapper(
        &self,
        alg: KeyManagementAlgorithm,
        key: &Params,
    ) -> Result<Box<dyn KeyUnwrapper>, KeyError> {
        match (alg, key) {
            (_, Params::Oct(oct)) => Ok(Box::new(aes_kw::AesKw::new(self.lib(), alg, oct)?)),
            (KeyManagementAlgorithm::RSA1_5, Params::Rsa(rsa)) => {
                Ok(Box::new(rsa_oaep::Pkcs1Unwrapper::new(self.lib(), rsa)?))
            }
            (_, Params::Rsa(rsa)) => {
                Ok(Box::new(rsa_oaep::OaepUnwrapper::new(self.lib(), alg, rsa)?))
            }
            _ => Err(KeyError::Unsupported { what: alg.name() }),
        }
    }
}

impl Backend for OpenSsl {
    fn name(&self) -> &'static str {
        if self.fips.is_some() { "openssl-fips" } else { "openssl" }
    }

    fn signer(&self, key: Bound<'_, SignatureAlgorithm>) -> Result<Box<dyn Signer>, KeyError> {
        let (lib, alg) = (self.lib(), key.alg());
        match (key.params(), alg.hash()) {
            (Params::Oct(oct), Some(hash)) => Ok(Box::new(hmac::Hmac::new(lib, hash, oct)?)),
            (Params::Rsa(rsa), Some(hash)) => {
                Ok(Box::new(rsa::RsaSigner::new(lib, rsa::Padding::of(alg)?, hash, rsa)?))
            }
            (Params::Ec(ec), Some(hash)) => Ok(Box::new(ecdsa::EcSigner::new(lib, hash, ec)?)),
            (Params::Okp(okp), None) => Ok(Box::new(eddsa::EdSigner::new(lib, okp)?)),
            _ => Err(KeyError::Unsupported { what: alg.name() }),
        }
    }

    fn verifier(&self, key: Bound<'_, SignatureAlgorithm>) -> Result<Box<dyn Verifier>, KeyError> {
        let (lib, alg) = (self.lib(), key.alg());
        match (key.params(), alg.hash()) {
            (Params::Oct(oct), Some(hash)) => Ok(Box::new(hmac::Hmac::new(lib, hash, oct)?)),
            (Params::Rsa(rsa), Some(hash)) => {
                Ok(Box::new(rsa::RsaVerifier::new(lib, rsa::Padding::of(alg)?, hash, rsa)?))
            }
            (Params::Ec(ec), Some(hash)) => Ok(Box::new(ecdsa::EcVerifier::new(lib, hash, ec)?)),
            (Params::Okp(okp), None) => Ok(Box::new(eddsa::EdVerifier::new(lib, okp)?)),
            _ => Err(KeyError::Unsupported { what: alg.name() }),
        }
    }

    fn key_wrapper(
        &self,
        key: Bound<'_, KeyManagementAlgorithm>,
    ) -> Result<Box<dyn KeyWrapper>, KeyError> {
        self.wrapper(key.alg(), key.params())
    }

    fn key_unwrapper(
        &self,
        key: Bound<'_, KeyManagementAlgorithm>,
    ) -> Result<Box<dyn KeyUnwrapper>, KeyError> {
        self.unwrapper(key.alg(), key.params())
    }

    fn agreement_initiator(
        &self,
        key: Bound<'_, KeyManagementAlgorithm>,
    ) -> Result<Box<dyn AgreementInitiator>, KeyError> {
        Ok(Box::new(ecdh::EcdhInitiator::new(self.lib(), key.params())?))
    }

    fn agreement_responder(
        &self,
        key: Bound<'_, KeyManagementAlgorithm>,
    ) -> Result<Box<dyn AgreementResponder>, KeyError> {
        Ok(Box::new(ecdh::EcdhResponder::new(self.lib(), key.params())?))
    }

    fn content_cipher(
        &self,
        enc: ContentEncryption,
        key: &SecretBytes,
    ) -> Result<Box<dyn ContentCipher>, KeyError> {
        content::cipher(self.lib(), enc, key)
    }

    fn pbkdf2(
        &self,
        hash: Hash,
        password: &SecretBytes,
        salt: &[u8],
        count: NonZeroU32,
        len: usize,
    ) -> Result<SecretBytes, KeyError> {
        kdf::pbkdf2(self.lib(), hash, password, salt, count, len).map_err(KeyError::Unavailable)
    }

    fn pbes2_encrypt(
        &self,
        scheme: &Pbes2<'_>,
        password: &SecretBytes,
        text: &SecretBytes,
    ) -> Result<Vec<u8>, KeyError> {
        pbes2::encrypt(self.lib(), scheme, password, text)
    }

    fn pbes2_decrypt(
        &self,
        scheme: &Pbes2<'_>,
        password: &SecretBytes,
        ciphertext: &[u8],
    ) -> Result<SecretBytes, KeyError> {
        pbes2::decrypt(self.lib(), scheme, password, ciphertext)
    }

    fn complete(&self, key: PrivateHalf<'_>) -> Result<Params, KeyError> {
        match key {
            PrivateHalf::Akp { alg, .. } => Err(KeyError::Unsupported { what: alg.name() }),
            PrivateHalf::Ec { crv, d } => ecdsa::complete(self.lib(), crv, d),
            PrivateHalf::Okp { crv: crv @ (OkpCurve::X25519 | OkpCurve::X448), d } => {
                ecdh::complete(self.lib(), crv, d)
            }
            PrivateHalf::Okp { crv, d } => eddsa::complete(self.lib(), crv, d),
            PrivateHalf::Rsa(rsa) => rsa::complete(self.lib(), rsa),
            _ => Err(KeyError::Unsupported { what: "this kind of key" }),
        }
    }

    fn check_public(&self, key: &Params) -> Result<(), KeyError> {
        match key {
            Params::Akp(akp) => Err(KeyError::Unsupported { what: akp.alg().name() }),
            Params::Ec(ec) => ecdsa::import_public(self.lib(), ec).map(drop),
            Params::Oct(_) => Ok(()),
            Params::Okp(okp) if matches!(okp.crv(), OkpCurve::X25519 | OkpCurve::X448) => {
                ecdh::check_public(self.lib(), key)
            }
            Params::Okp(okp) => eddsa::import_public(self.lib(), okp).map(drop),
            Params::Rsa(rsa) => rsa::import_public(self.lib(), rsa).map(drop),
            _ => Err(KeyError::Unsupported { what: "this kind of key" }),
        }
    }

    fn generate(&self, key: NewKey) -> Result<Params, KeyError> {
        match key {
            NewKey::Ec(crv) => ecdsa::generate(self.lib(), crv),
            NewKey::Okp(crv @ (OkpCurve::X25519 | OkpCurve::X448)) => {
                ecdh::generate(self.lib(), crv)
            }
            NewKey::Okp(crv) => eddsa::generate(self.lib(), crv),
            NewKey::Rsa { bits } => rsa::generate(self.lib(), bits),
            _ => Err(KeyError::Unsupported { what: "this kind of key" }),
        }
    }

    fn fips_status(&self) -> FipsStatus {
        self.status()
    }

    fn is_fips(&self) -> bool {
        self.computes_in_module()
    }

    fn approval(&self, alg: Alg, key: Option<&Params>) -> Approval {
        self.approves(alg, key)
    }

    fn digest(&self, hash: Hash, parts: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
        digest::digest(self.lib(), hash, parts, out)
    }

    fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        random::random(self.lib(), out)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::OnceLock;

    use jose_core::Jwk;
    use jose_core::crypto::Refused;
    use jose_core::jwk::{AkpAlgorithm, Ec, EcCurve, Oct, Okp};
    use jose_core::jws::{self, SigningKey, VerifyingKey, VerifyingKeys};
    use openssl::error::ErrorStack;

    use super::*;

    /// The octets that test vectors are printed as.
    pub(crate) fn hex(digits: &str) -> Vec<u8> {
        let octet = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        (0..digits.len()).step_by(2).map(octet).collect()
    }

    fn backend(lib: &'static Lib) -> OpenSsl {
        OpenSsl { lib: Some(lib), fips: None }
    }

    fn keys(alg: SignatureAlgorithm, backend: &dyn Backend) -> (SigningKey, VerifyingKeys) {
        let jwk = Jwk::generate(alg, backend).unwrap();
        let public = if alg.is_symmetric() { jwk.clone() } else { jwk.to_public().unwrap() };
        let verifying = VerifyingKey::from_jwk(&public, backend).unwrap();
        (SigningKey::from_jwk(&jwk, backend).unwrap(), VerifyingKeys::from(verifying))
    }

    /// What core keeps to itself: a key's own signer and verifier.
    fn handles(alg: SignatureAlgorithm, backend: &OpenSsl) -> (Box<dyn Signer>, Box<dyn Verifier>) {
        // One for all of RSA, because primes take long to find.
        static RSA: OnceLock<Params> = OnceLock::new();
        let rsa = || BACKEND.generate(NewKey::Rsa { bits: 2048 }).unwrap();
        let params = match rsa::Padding::of(alg) {
            Ok(_) => RSA.get_or_init(rsa).clone(),
            Err(_) => Jwk::generate(alg, backend).unwrap().params().clone(),
        };
        let lib = backend.lib();
        match (&params, alg.hash()) {
            (Params::Oct(oct), Some(hash)) => (
                Box::new(hmac::Hmac::new(lib, hash, oct).unwrap()),
                Box::new(hmac::Hmac::new(lib, hash, oct).unwrap()),
            ),
            (Params::Rsa(rsa), Some(hash)) => {
                let padding = rsa::Padding::of(alg).unwrap();
                (
                    Box::new(rsa::RsaSigner::new(lib, padding, hash, rsa).unwrap()),
                    Box::new(rsa::RsaVerifier::new(lib, padding, hash, rsa).unwrap()),
                )
            }
            (Params::Ec(ec), Some(hash)) => (
                Box::new(ecdsa::EcSigner::new(lib, hash, ec).unwrap()),
                Box::new(ecdsa::EcVerifier::new(lib, hash, ec).unwrap()),
            ),
            (Params::Okp(okp), None) => (
                Box::new(eddsa::EdSigner::new(lib, okp).unwrap()),
                Box::new(eddsa::EdVerifier::new(lib, okp).unwrap()),
            ),
            _ => panic!("{alg}"),
        }
    }

    /// A key of each kind that wraps, with the algorithms it wraps by.
    fn wrapping_keys() -> Vec<(Params, &'static [KeyManagementAlgorithm])> {
        use KeyManagementAlgorithm as K;
        // One for all tests, because primes take long to find.
        static RSA: OnceLock<Params> = OnceLock::new();
        let rsa = RSA.get_or_init(|| BACKEND.generate(NewKey::Rsa { bits: 2048 }).unwrap());
        let oct = |len| Params::Oct(Oct::new(vec![7; len].into()).unwrap());
        vec![
            (oct(16), &[K::A128KW]),
            (oct(24), &[K::A192KW]),
            (oct(32), &[K::A256KW]),
            (rsa.clone(), &[K::RSA_OAEP, K::RSA_OAEP_256, K::RSA_OAEP_384, K::RSA_OAEP_512]),
        ]
    }

    const AGREEING: [NewKey; 5] = [
        NewKey::Ec(EcCurve::P256),
        NewKey::Ec(EcCurve::P384),
        NewKey::Ec(EcCurve::P521),
        NewKey::Okp(OkpCurve::X25519),
        NewKey::Okp(OkpCurve::X448),
    ];

    fn content_key(enc: ContentEncryption) -> SecretBytes {
        vec![7; enc.key_len()].into()
    }

    /// Encrypts and decrypts a text that begins with `round`.
    fn there_and_back(cipher: &dyn ContentCipher, enc: ContentEncryption, round: u8) {
        let (mut iv, mut tag) = (vec![0; enc.iv_len()], vec![0; enc.tag_len()]);
        let mut text = vec![round, 1, 2, 3];
        cipher.encrypt(&[round], &mut iv, &mut text, &mut tag).unwrap();
        assert_ne!(text, [round, 1, 2, 3]);
        cipher.decrypt(&[round], &iv, &mut text, &tag).unwrap();
        assert_eq!(text, [round, 1, 2, 3]);
    }

    /// Several blocks of any hash function and a part of one, in which an octet left out, repeated or
    /// moved shows.
    const INPUT: [u8; 1000] = {
        let mut input = [0; 1000];
        let mut i = 0;
        while i < input.len() {
            input[i] = (i % 251).to_le_bytes()[0]; // 251 is prime
            i += 1;
        }
        input
    };

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

    fn signed_in_pieces(signer: &dyn Signer, input: &[u8]) -> Vec<u8> {
        let mut stream = signer.stream().unwrap().unwrap();
        pieces(input, |piece| stream.update(piece).unwrap());
        let mut signature = b"kept".to_vec();
        stream.finish(&mut signature).unwrap();
        signature.strip_prefix(b"kept").unwrap().into()
    }

    fn verified_in_pieces(
        verifier: &dyn Verifier,
        input: &[u8],
        signature: &[u8],
    ) -> Result<(), Refused> {
        let mut stream = verifier.stream().unwrap().unwrap();
        pieces(input, |piece| stream.update(piece).unwrap());
        stream.finish(signature)
    }

    /// The algorithms that take their input in pieces, in this context and in another.
    fn on_every_stream(check: impl Fn(SignatureAlgorithm, &dyn Signer, &dyn Verifier)) {
        let elsewhere = backend(Lib::elsewhere(c"default", Some(c"provider=default")));
        for backend in [OpenSsl { lib: None, fips: None }, elsewhere] {
            for alg in SignatureAlgorithm::ALL.iter().filter(|alg| alg.hash().is_some()) {
                let (signer, verifier) = handles(*alg, &backend);
                check(*alg, &*signer, &*verifier);
                assert!(ErrorStack::get().errors().is_empty(), "{alg}");
            }
        }
    }

    #[test]
    fn a_stream_and_the_whole_verify_each_other_in_any_context() {
        on_every_stream(|alg, signer, verifier| {
            let streamed = signed_in_pieces(signer, &INPUT);
            assert!(verifier.verify(&[&INPUT], &streamed).is_ok(), "{alg}");
            let mut signature = Vec::new();
            signer.sign(&[&INPUT], &mut signature).unwrap();
            assert!(verified_in_pieces(verifier, &INPUT, &signature).is_ok(), "{alg}");
            let is_deterministic = alg.is_symmetric() || alg.name().starts_with("RS");
            assert_eq!(streamed == signature, is_deterministic, "{alg}");
        });
    }

    #[test]
    fn a_stream_with_one_octet_changed_is_refused() {
        on_every_stream(|alg, signer, verifier| {
            let signature = signed_in_pieces(signer, &INPUT);
            for at in [0, 64, 999] {
                let mut changed = INPUT;
                changed[at] ^= 1;
                let verdict = verified_in_pieces(verifier, &changed, &signature);
                assert!(matches!(verdict, Err(Refused::Invalid)), "{alg} {verdict:?}");
                assert!(ErrorStack::get().errors().is_empty(), "{alg}");
            }
        });
    }

    #[test]
    fn a_signature_of_another_length_is_refused_at_the_end_of_a_stream() {
        on_every_stream(|alg, signer, verifier| {
            let signature = signed_in_pieces(signer, &INPUT);
            // The same numbers, with zeros in front.
            let half = signature.len() / 2;
            let wider = [&[0], &signature[..half], &[0], &signature[half..]].concat();
            let longer = [&[0], &signature[..]].concat();
            let shorter = &signature[..signature.len() - 1];
            for bad in [&[][..], &[0x5A], shorter, &longer, &wider] {
                let verdict = verified_in_pieces(verifier, &INPUT, bad);
                assert!(matches!(verdict, Err(Refused::Invalid)), "{alg} {verdict:?}");
                assert!(ErrorStack::get().errors().is_empty(), "{alg}");
            }
        });
    }

    #[test]
    fn streams_of_one_key_do_not_disturb_each_other() {
        on_every_stream(|alg, signer, verifier| {
            let mut one = signer.stream().unwrap().unwrap();
            let mut other = signer.stream().unwrap().unwrap();
            one.update(b"in").unwrap();
            other.update(b"another").unwrap();
            one.update(b"put").unwrap();
            drop(other);
            let mut signature = Vec::new();
            one.finish(&mut signature).unwrap();
            assert!(verifier.verify(&[b"input"], &signature).is_ok(), "{alg}");
        });
    }

    #[test]
    fn edwards_curves_have_no_stream() {
        for alg in [SignatureAlgorithm::Ed25519, SignatureAlgorithm::Ed448] {
            let (signer, verifier) = handles(alg, &OpenSsl { lib: None, fips: None });
            assert!(signer.stream().unwrap().is_none(), "{alg}");
            assert!(verifier.stream().unwrap().is_none(), "{alg}");
        }
    }

    #[test]
    fn the_same_calls_serve_any_context_and_any_property_query() {
        let elsewhere = backend(Lib::elsewhere(c"default", Some(c"provider=default")));
        for backend in [BACKEND, &elsewhere] {
            for alg in SignatureAlgorithm::ALL {
                let (signing, verifying) = keys(*alg, backend);
                let token = jws::sign(b"payload", &signing).unwrap();
                assert_eq!(jws::verify(&token, &verifying).unwrap().content(), b"payload", "{alg}");
                let forged = jws::sign(b"payload", &keys(*alg, backend).0).unwrap();
                assert!(jws::verify(&forged, &verifying).is_err(), "{alg}");
                assert!(ErrorStack::get().errors().is_empty(), "{alg}");
            }
        }
    }

    #[test]
    fn what_encrypts_serves_any_context_and_any_property_query() {
        let cek = SecretBytes::from([9; 32]);
        let elsewhere = backend(Lib::elsewhere(c"default", Some(c"provider=default")));
        for backend in [OpenSsl { lib: None, fips: None }, elsewhere] {
            for (key, algs) in wrapping_keys() {
                for alg in algs {
                    let wrapper = backend.wrapper(*alg, &key).unwrap();
                    let unwrapper = backend.unwrapper(*alg, &key).unwrap();
                    let mut encrypted_key = wrapper.wrap_key(&cek).unwrap();
                    assert!(unwrapper.unwrap_key(&encrypted_key, 32).unwrap() == cek, "{alg}");
                    encrypted_key[8] ^= 1;
                    let verdict = unwrapper.unwrap_key(&encrypted_key, 32);
                    assert!(matches!(verdict, Err(Refused::Invalid)), "{alg} {verdict:?}");
                }
                if let Params::Rsa(_) = key {
                    let alg = KeyManagementAlgorithm::RSA1_5;
                    let unwrapper = backend.unwrapper(alg, &key).unwrap();
                    assert_eq!(unwrapper.unwrap_key(&[1; 256], 32).unwrap().len(), 32);
                }
            }
            for key in AGREEING {
                let own = backend.generate(key).unwrap();
                let initiator = ecdh::EcdhInitiator::new(backend.lib(), &own).unwrap();
                let responder = ecdh::EcdhResponder::new(backend.lib(), &own).unwrap();
                let (epk, sent) = initiator.agree(b"info", 32).unwrap();
                assert!(responder.agree(&epk, b"info", 32).unwrap() == sent, "{key:?}");
            }
            for enc in ContentEncryption::ALL {
                let cipher = backend.content_cipher(*enc, &content_key(*enc)).unwrap();
                there_and_back(&*cipher, *enc, 0);
            }
            let count = NonZeroU32::new(1000).unwrap();
            backend.pbkdf2(Hash::Sha512, &cek, &[8; 16], count, 32).unwrap();
            assert!(ErrorStack::get().errors().is_empty());
        }
    }

    #[test]
    fn nothing_falls_back_to_another_context_or_other_properties() {
        let empty = backend(Lib::elsewhere(c"null", None));
        let nobody = backend(Lib::elsewhere(c"default", Some(c"provider=nobody")));
        assert!(empty.random(&mut [0; 1]).is_err());
        for backend in [empty, nobody] {
            for alg in SignatureAlgorithm::ALL {
                let jwk = Jwk::generate(*alg, BACKEND).unwrap();
                let public = jwk.to_public().unwrap_or_else(|_| jwk.clone());
                for refused in [
                    SigningKey::from_jwk(&jwk, &backend).err(),
                    VerifyingKey::from_jwk(&public, &backend).err(),
                ] {
                    assert!(matches!(refused, Some(KeyError::Unavailable(_))), "{alg} {refused:?}");
                }
                if !alg.is_symmetric() {
                    assert!(Jwk::generate(*alg, &backend).is_err(), "{alg}");
                }
            }
            assert!(backend.digest(Hash::Sha256, &[], &mut [0; 32]).is_err());
            assert!(ErrorStack::get().errors().is_empty());
        }
    }

    #[test]
    fn nothing_that_encrypts_falls_back_to_another_context_or_other_properties() {
        let empty = backend(Lib::elsewhere(c"null", None));
        let nobody = backend(Lib::elsewhere(c"default", Some(c"provider=nobody")));
        for backend in [empty, nobody] {
            let unavailable = |what: &str, refused: Option<KeyError>| {
                assert!(matches!(refused, Some(KeyError::Unavailable(_))), "{what} {refused:?}");
                assert!(ErrorStack::get().errors().is_empty(), "{what}");
            };
            for (key, algs) in wrapping_keys() {
                for alg in algs {
                    unavailable(alg.name(), backend.wrapper(*alg, &key).err());
                    unavailable(alg.name(), backend.unwrapper(*alg, &key).err());
                }
                if let Params::Rsa(_) = key {
                    let alg = KeyManagementAlgorithm::RSA1_5;
                    unavailable(alg.name(), backend.unwrapper(alg, &key).err());
                }
            }
            for key in AGREEING {
                let own = BACKEND.generate(key).unwrap();
                unavailable("own", ecdh::EcdhInitiator::new(backend.lib(), &own).err());
                unavailable("own", ecdh::EcdhResponder::new(backend.lib(), &own).err());
                unavailable("new", backend.generate(key).err());
            }
            for enc in ContentEncryption::ALL {
                let refused = backend.content_cipher(*enc, &content_key(*enc)).err();
                unavailable(enc.name(), refused);
            }
            let (salt, count) = ([8; 16], NonZeroU32::new(1000).unwrap());
            let password = SecretBytes::from([7; 16]);
            unavailable("PBKDF2", backend.pbkdf2(Hash::Sha256, &password, &salt, count, 32).err());
            assert!(kdf::concat(backend.lib(), &[7; 32], b"info", 32).is_err());
        }
    }

    /// A private key of each kind.
    fn private_keys() -> Vec<Params> {
        let curves = [EcCurve::P256, EcCurve::P384, EcCurve::P521, EcCurve::Secp256k1];
        let okp = [OkpCurve::Ed25519, OkpCurve::Ed448, OkpCurve::X25519, OkpCurve::X448];
        let kinds = curves.map(NewKey::Ec).into_iter().chain(okp.map(NewKey::Okp));
        kinds
            .chain([NewKey::Rsa { bits: 2048 }])
            .map(|kind| BACKEND.generate(kind).unwrap())
            .collect()
    }

    fn private_half(key: &Params) -> PrivateHalf<'_> {
        match key {
            Params::Ec(ec) => PrivateHalf::Ec { crv: ec.crv(), d: ec.d().unwrap() },
            Params::Okp(okp) => PrivateHalf::Okp { crv: okp.crv(), d: okp.d().unwrap() },
            Params::Rsa(rsa) => PrivateHalf::Rsa(rsa),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn keys_are_completed_and_checked_in_any_context() {
        let elsewhere = backend(Lib::elsewhere(c"default", Some(c"provider=default")));
        for backend in [BACKEND, &elsewhere] {
            for key in private_keys() {
                assert!(backend.complete(private_half(&key)).unwrap() == key, "{key:?}");
                backend.check_public(&key).unwrap();
                let jwk = Jwk::new(key);
                jwk.check_consistency(backend).unwrap();
                jwk.to_public().unwrap().check_consistency(backend).unwrap();
            }
            assert!(ErrorStack::get().errors().is_empty());
        }
    }

    #[test]
    fn no_key_is_completed_or_checked_in_another_context_or_with_other_properties() {
        let empty = backend(Lib::elsewhere(c"null", None));
        let nobody = backend(Lib::elsewhere(c"default", Some(c"provider=nobody")));
        for backend in [empty, nobody] {
            for key in private_keys() {
                for refused in
                    [backend.complete(private_half(&key)).err(), backend.check_public(&key).err()]
                {
                    assert!(matches!(refused, Some(KeyError::Unavailable(_))), "{refused:?}");
                    assert!(ErrorStack::get().errors().is_empty());
                }
            }
        }
    }

    #[test]
    fn a_public_key_that_is_no_point_of_its_curve_is_not_consistent() {
        let ec = |crv: EcCurve| {
            let point = vec![7; crv.coordinate_len()];
            Params::Ec(Ec::new(crv, point.clone(), point, None).unwrap())
        };
        let okp = |crv: OkpCurve, y| {
            let x = [vec![y], vec![0; crv.key_len() - 1]].concat();
            Params::Okp(Okp::new(crv, x, None).unwrap())
        };
        for key in [
            ec(EcCurve::P256),
            ec(EcCurve::P384),
            ec(EcCurve::P521),
            ec(EcCurve::Secp256k1),
            okp(OkpCurve::Ed25519, 2),
            okp(OkpCurve::Ed448, 2),
        ] {
            let refused = BACKEND.check_public(&key).err();
            assert!(matches!(refused, Some(KeyError::Inconsistent)), "{key:?} {refused:?}");
            assert!(ErrorStack::get().errors().is_empty());
        }
    }

    #[test]
    fn a_shared_key_has_nothing_to_check_and_keys_unknown_here_are_not_supported() {
        BACKEND.check_public(&Params::Oct(Oct::new([7; 32].into()).unwrap())).unwrap();
        let jwk = |json: &str| json.parse::<Jwk>().unwrap().params().clone();
        let public = "A".repeat(1750); // 1312 octets of nothing
        let akp = jwk(&format!(r#"{{"kty":"AKP","alg":"ML-DSA-44","pub":"{public}"}}"#));
        for (key, name) in [(akp, "ML-DSA-44"), (jwk(r#"{"kty":"other"}"#), "this kind of key")] {
            let refused = BACKEND.check_public(&key).err();
            let Some(KeyError::Unsupported { what }) = refused else { panic!("{refused:?}") };
            assert_eq!(what, name);
        }
        let seed = [7; 32].into();
        let half = PrivateHalf::Akp { alg: AkpAlgorithm::ML_DSA_44, seed: &seed };
        let refused = BACKEND.complete(half).err();
        let Some(KeyError::Unsupported { what }) = refused else { panic!("{refused:?}") };
        assert_eq!(what, "ML-DSA-44");
    }

    #[test]
    fn digests_are_those_of_the_concatenation() {
        let mut digest = [0; 32];
        BACKEND.digest(Hash::Sha256, &[b"a", b"", b"bc"], &mut digest).unwrap();
        assert_eq!(digest[..4], [0xBA, 0x78, 0x16, 0xBF]); // FIPS 180-4
        assert!(BACKEND.digest(Hash::Sha512, &[], &mut digest).is_err());
    }

    #[test]
    fn random_octets_fill_the_whole_of_the_buffer() {
        let mut octets = vec![0; (1 << 20) + 64];
        BACKEND.random(&mut octets).unwrap();
        assert!(octets.rchunks(32).next().unwrap().iter().any(|octet| *octet != 0));
        BACKEND.random(&mut []).unwrap();
    }

    /// What is shared between threads is only ever copied from.
    #[test]
    fn handles_serve_several_threads_at_once() {
        for alg in SignatureAlgorithm::ALL {
            let (signing, verifying) = keys(*alg, BACKEND);
            std::thread::scope(|scope| {
                for thread in 0..4 {
                    let (signing, verifying) = (&signing, &verifying);
                    scope.spawn(move || {
                        for round in 0..8 {
                            let payload = [thread, round];
                            let token = jws::sign(&payload, signing).unwrap();
                            assert_eq!(jws::verify(&token, verifying).unwrap().content(), &payload);
                        }
                    });
                }
            });
        }
    }

    #[test]
    fn what_encrypts_serves_several_threads_at_once() {
        fn on_threads(work: impl Fn(u8) + Sync) {
            std::thread::scope(|scope| {
                for thread in 0..4 {
                    let work = &work;
                    scope.spawn(move || (0..8).for_each(|round| work(thread * 8 + round)));
                }
            });
        }
        let backend = OpenSsl { lib: None, fips: None };
        for (key, algs) in wrapping_keys() {
            for alg in algs {
                let wrapper = backend.wrapper(*alg, &key).unwrap();
                let unwrapper = backend.unwrapper(*alg, &key).unwrap();
                on_threads(|round| {
                    let cek = SecretBytes::from([round; 32]);
                    let encrypted_key = wrapper.wrap_key(&cek).unwrap();
                    assert!(unwrapper.unwrap_key(&encrypted_key, 32).unwrap() == cek, "{alg}");
                });
            }
            if let Params::Rsa(_) = key {
                let unwrapper = backend.unwrapper(KeyManagementAlgorithm::RSA1_5, &key).unwrap();
                on_threads(|round| {
                    assert_eq!(unwrapper.unwrap_key(&[round; 256], 16).unwrap().len(), 16);
                });
            }
        }
        for key in AGREEING {
            let own = backend.generate(key).unwrap();
            let initiator = ecdh::EcdhInitiator::new(backend.lib(), &own).unwrap();
            let responder = ecdh::EcdhResponder::new(backend.lib(), &own).unwrap();
            on_threads(|round| {
                let (epk, sent) = initiator.agree(&[round], 32).unwrap();
                assert!(responder.agree(&epk, &[round], 32).unwrap() == sent, "{key:?}");
            });
        }
        for enc in ContentEncryption::ALL {
            let cipher = backend.content_cipher(*enc, &content_key(*enc)).unwrap();
            on_threads(|round| there_and_back(&*cipher, *enc, round));
        }
    }

    #[test]
    fn keys_for_agreement_are_generated_with_both_halves() {
        for crv in [OkpCurve::X25519, OkpCurve::X448] {
            let Ok(Params::Okp(okp)) = BACKEND.generate(NewKey::Okp(crv)) else { panic!() };
            assert_eq!((okp.crv(), okp.d().map(SecretBytes::len)), (crv, Some(crv.key_len())));
            let other = BACKEND.generate(NewKey::Okp(crv)).unwrap();
            assert_ne!(Params::Okp(okp), other);
        }
    }

    #[test]
    fn a_refusal_leaves_nothing_in_the_error_queue() {
        let refuse = |verifier: &dyn Verifier, lens: &[usize]| {
            for len in lens {
                let verdict = verifier.verify(&[b"input"], &vec![0x5A; *len]);
                assert!(matches!(verdict, Err(Refused::Invalid)), "{verdict:?}");
                assert!(ErrorStack::get().errors().is_empty());
                if verifier.stream().unwrap().is_none() {
                    continue;
                }
                let verdict = verified_in_pieces(verifier, b"input", &vec![0x5A; *len]);
                assert!(matches!(verdict, Err(Refused::Invalid)), "{verdict:?}");
                assert!(ErrorStack::get().errors().is_empty());
            }
        };
        for crv in [EcCurve::P256, EcCurve::Secp256k1] {
            let Ok(Params::Ec(ec)) = BACKEND.generate(NewKey::Ec(crv)) else { panic!() };
            let verifier = ecdsa::EcVerifier::new(&PROCESS, Hash::Sha256, &ec).unwrap();
            refuse(&verifier, &[0, 1, 63, 64, 65]);
        }
        for crv in [OkpCurve::Ed25519, OkpCurve::Ed448] {
            let Ok(Params::Okp(okp)) = BACKEND.generate(NewKey::Okp(crv)) else { panic!() };
            let verifier = eddsa::EdVerifier::new(&PROCESS, &okp).unwrap();
            refuse(&verifier, &[0, 1, 64, 114, 115]);
        }
        let Ok(Params::Rsa(rsa)) = BACKEND.generate(NewKey::Rsa { bits: 2048 }) else { panic!() };
        for padding in [rsa::Padding::Pkcs1, rsa::Padding::Pss] {
            let verifier = rsa::RsaVerifier::new(&PROCESS, padding, Hash::Sha256, &rsa).unwrap();
            refuse(&verifier, &[0, 1, 255, 256, 257]);
        }
        let oct = Oct::new([7; 32].into()).unwrap();
        let verifier = hmac::Hmac::new(&PROCESS, Hash::Sha256, &oct).unwrap();
        refuse(&verifier, &[0, 1, 31, 32, 33]);
    }
}
