//! A view of a backend that does nothing but what is approved.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use super::{
    AgreementInitiator, AgreementResponder, Approval, Backend, ContentCipher, CryptoError,
    FipsStatus, KeyUnwrapper, KeyWrapper, NewKey, PasswordKdf, Pbes2, Prf, PrivateHalf, Signer,
    Verifier,
};
use crate::SecretBytes;
use crate::error::KeyError;
use crate::jwa::{Alg, Bound, ContentEncryption, Hash, KeyManagementAlgorithm, SignatureAlgorithm};
use crate::jwk::{EcCurve, Okp, OkpCurve, Params};

/// A backend that refuses whatever another does not call approved or allowed, with the reason.
///
/// It moves nothing into a module: a backend that is on none refuses every key here. What it is for is
/// to find out, before deployment, which keys and algorithms a service would lose.
///
/// ```
/// # let backend = jose_rustcrypto::BACKEND;
/// use jose_core::crypto::{Backend, RequireApproved};
/// use jose_core::{Alg, Jwk, error::KeyError, jws::SigningKey};
///
/// let jwk = Jwk::generate(Alg::ES256, backend)?;
/// let view = RequireApproved::new(backend);
/// let refused = SigningKey::from_jwk(&jwk, &view).unwrap_err();
/// assert!(matches!(refused, KeyError::NotApproved { .. }));
/// # Ok::<(), KeyError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RequireApproved {
    inner: &'static dyn Backend,
}

impl RequireApproved {
    /// What is approved of `inner`.
    #[must_use]
    pub const fn new(inner: &'static dyn Backend) -> Self {
        Self { inner }
    }

    fn require(&self, alg: impl Into<Alg>, key: Option<&Params>) -> Result<(), KeyError> {
        match self.inner.approval(alg.into(), key) {
            Approval::NotApproved { reason } => Err(KeyError::NotApproved { reason }),
            _ => Ok(()),
        }
    }

    fn bound<'a, A: Copy + Into<Alg>>(&self, key: Bound<'a, A>) -> Result<Bound<'a, A>, KeyError> {
        self.require(key.alg(), Some(key.params())).map(|()| key)
    }

    fn password(&self, hash: Hash) -> Result<(), KeyError> {
        use KeyManagementAlgorithm as K;
        let alg = match hash {
            Hash::Sha256 => K::PBES2_HS256_A128KW,
            Hash::Sha384 => K::PBES2_HS384_A192KW,
            Hash::Sha512 => K::PBES2_HS512_A256KW,
        };
        self.require(alg, None)
    }

    fn pbes2(&self, scheme: &Pbes2<'_>, password: &SecretBytes) -> Result<(), KeyError> {
        match scheme.kdf {
            PasswordKdf::Pbkdf2 { prf, salt, count } => {
                self.password(match prf {
                    Prf::HmacSha384 => Hash::Sha384,
                    Prf::HmacSha512 => Hash::Sha512,
                    Prf::HmacSha1 | Prf::HmacSha256 => Hash::Sha256,
                })?;
                within_sp_800_132(password, salt, count)
            }
            PasswordKdf::Scrypt { .. } => Err(KeyError::NotApproved { reason: "scrypt" }),
        }
    }

    fn in_module(&self) -> Result<(), CryptoError> {
        if self.inner.is_fips() {
            return Ok(());
        }
        Err(CryptoError::from_source("the backend is on no FIPS module"))
    }
}

/// The bounds of SP 800-132 on what a key is derived with, which no module can check of PBES2: of a salt
/// that begins with the name of an algorithm (RFC 7518 §4.8.1.1) the rest is what was drawn.
fn within_sp_800_132(
    password: &SecretBytes,
    salt: &[u8],
    count: NonZeroU32,
) -> Result<(), KeyError> {
    let drawn = match salt.iter().position(|octet| *octet == 0) {
        Some(name) if salt.starts_with(b"PBES2-") => salt.len() - name - 1,
        _ => salt.len(),
    };
    let reason = if drawn < 16 {
        "a salt shorter than 16 octets (SP 800-132)"
    } else if count.get() < 1000 {
        "fewer than 1000 rounds for a password (SP 800-132)"
    } else if password.len() < 8 {
        "a password shorter than 8 octets"
    } else {
        return Ok(());
    };
    Err(KeyError::NotApproved { reason })
}

/// Some key of this kind, where whether it is approved depends on more than its algorithm: on the curve
/// of an agreement.
fn example(key: NewKey) -> Option<Params> {
    let NewKey::Okp(crv @ (OkpCurve::X25519 | OkpCurve::X448)) = key else { return None };
    let mut base = vec![0; crv.key_len()];
    // The base point of X25519 (RFC 7748 §4.1), and of X448 some other.
    base.first_mut().into_iter().for_each(|first| *first = 9);
    Okp::new(crv, base, None).ok().map(Params::Okp)
}

/// An algorithm that keys of this kind are for.
fn usual(key: NewKey) -> Alg {
    use SignatureAlgorithm as S;
    match key {
        NewKey::Ec(EcCurve::P256) => S::ES256.into(),
        NewKey::Ec(EcCurve::P384) => S::ES384.into(),
        NewKey::Ec(EcCurve::P521) => S::ES512.into(),
        NewKey::Ec(EcCurve::Secp256k1) => S::ES256K.into(),
        NewKey::Okp(OkpCurve::Ed25519) => S::Ed25519.into(),
        NewKey::Okp(OkpCurve::Ed448) => S::Ed448.into(),
        NewKey::Okp(OkpCurve::X25519 | OkpCurve::X448) => KeyManagementAlgorithm::ECDH_ES.into(),
        NewKey::Rsa { .. } => S::PS256.into(),
    }
}

impl Backend for RequireApproved {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn signer(&self, key: Bound<'_, SignatureAlgorithm>) -> Result<Box<dyn Signer>, KeyError> {
        self.inner.signer(self.bound(key)?)
    }

    fn verifier(&self, key: Bound<'_, SignatureAlgorithm>) -> Result<Box<dyn Verifier>, KeyError> {
        self.inner.verifier(self.bound(key)?)
    }

    fn key_wrapper(
        &self,
        key: Bound<'_, KeyManagementAlgorithm>,
    ) -> Result<Box<dyn KeyWrapper>, KeyError> {
        self.inner.key_wrapper(self.bound(key)?)
    }

    fn key_unwrapper(
        &self,
        key: Bound<'_, KeyManagementAlgorithm>,
    ) -> Result<Box<dyn KeyUnwrapper>, KeyError> {
        self.inner.key_unwrapper(self.bound(key)?)
    }

    fn agreement_initiator(
        &self,
        key: Bound<'_, KeyManagementAlgorithm>,
    ) -> Result<Box<dyn AgreementInitiator>, KeyError> {
        self.inner.agreement_initiator(self.bound(key)?)
    }

    fn agreement_responder(
        &self,
        key: Bound<'_, KeyManagementAlgorithm>,
    ) -> Result<Box<dyn AgreementResponder>, KeyError> {
        self.inner.agreement_responder(self.bound(key)?)
    }

    fn content_cipher(
        &self,
        enc: ContentEncryption,
        key: &SecretBytes,
    ) -> Result<Box<dyn ContentCipher>, KeyError> {
        self.require(enc, None)?;
        self.inner.content_cipher(enc, key)
    }

    fn pbkdf2(
        &self,
        hash: Hash,
        password: &SecretBytes,
        salt: &[u8],
        count: NonZeroU32,
        len: usize,
    ) -> Result<SecretBytes, KeyError> {
        self.password(hash)?;
        within_sp_800_132(password, salt, count)?;
        self.inner.pbkdf2(hash, password, salt, count, len)
    }

    fn pbes2_encrypt(
        &self,
        scheme: &Pbes2<'_>,
        password: &SecretBytes,
        text: &SecretBytes,
    ) -> Result<Vec<u8>, KeyError> {
        self.pbes2(scheme, password)?;
        self.inner.pbes2_encrypt(scheme, password, text)
    }

    fn pbes2_decrypt(
        &self,
        scheme: &Pbes2<'_>,
        password: &SecretBytes,
        ciphertext: &[u8],
    ) -> Result<SecretBytes, KeyError> {
        self.pbes2(scheme, password)?;
        self.inner.pbes2_decrypt(scheme, password, ciphertext)
    }

    fn complete(&self, key: PrivateHalf<'_>) -> Result<Params, KeyError> {
        self.in_module().map_err(KeyError::Unavailable)?;
        let kind = match key {
            PrivateHalf::Ec { crv, .. } => Some(NewKey::Ec(crv)),
            PrivateHalf::Okp { crv, .. } => Some(NewKey::Okp(crv)),
            PrivateHalf::Akp { .. } | PrivateHalf::Rsa(_) => None,
        };
        if let Some(kind) = kind {
            self.require(usual(kind), example(kind).as_ref())?;
        }
        self.inner.complete(key)
    }

    fn check_public(&self, key: &Params) -> Result<(), KeyError> {
        self.in_module().map_err(KeyError::Unavailable)?;
        let kind = match key {
            Params::Ec(ec) => Some(NewKey::Ec(ec.crv())),
            Params::Okp(okp) => Some(NewKey::Okp(okp.crv())),
            _ => None,
        };
        if let Some(kind) = kind {
            self.require(usual(kind), Some(key))?;
        }
        self.inner.check_public(key)
    }

    fn generate(&self, key: NewKey) -> Result<Params, KeyError> {
        self.require(usual(key), example(key).as_ref())?;
        self.inner.generate(key)
    }

    fn fips_status(&self) -> FipsStatus {
        self.inner.fips_status()
    }

    fn is_fips(&self) -> bool {
        self.inner.is_fips()
    }

    fn approval(&self, alg: Alg, key: Option<&Params>) -> Approval {
        self.inner.approval(alg, key)
    }

    fn digest(&self, hash: Hash, parts: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
        self.in_module()?;
        self.inner.digest(hash, parts, out)
    }

    fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        self.in_module()?;
        self.inner.random(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Jwk;
    use crate::crypto::FipsModule;
    use crate::jwe::{DecryptionKey, EncryptionKey, Password};
    use crate::jws::{SigningKey, VerifyingKey};

    const REASON: &str = "not with this module";

    /// A module that approves of HS256 alone, and computes nothing.
    #[derive(Debug)]
    struct Stub;

    impl Backend for Stub {
        fn name(&self) -> &'static str {
            "stub"
        }

        fn fips_status(&self) -> FipsStatus {
            FipsStatus::Fips(FipsModule::new("stub", "1.0", "none"))
        }

        fn approval(&self, alg: Alg, _: Option<&Params>) -> Approval {
            if alg == SignatureAlgorithm::HS256.into() {
                Approval::Approved
            } else {
                Approval::NotApproved { reason: REASON }
            }
        }

        fn digest(&self, _: Hash, _: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
            out.fill(7);
            Ok(())
        }

        fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
            out.fill(7);
            Ok(())
        }
    }

    /// A backend on no module.
    #[derive(Debug)]
    struct Ordinary;

    impl Backend for Ordinary {
        fn name(&self) -> &'static str {
            "ordinary"
        }

        fn digest(&self, _: Hash, _: &[&[u8]], _: &mut [u8]) -> Result<(), CryptoError> {
            Ok(())
        }

        fn random(&self, _: &mut [u8]) -> Result<(), CryptoError> {
            Ok(())
        }
    }

    static VIEW: RequireApproved = RequireApproved::new(&Stub);

    fn oct(alg: impl Into<Alg>, len: usize) -> Jwk {
        let octets: Vec<u8> = (0..=255).cycle().take(len).collect();
        Jwk::from_secret_octets(octets).unwrap().with_alg(alg).unwrap()
    }

    fn is_refused<T>(result: &Result<T, KeyError>) -> bool {
        matches!(result, Err(KeyError::NotApproved { reason: REASON }))
    }

    #[test]
    fn what_is_approved_reaches_the_backend() {
        // Which lacks it, and says so itself.
        let key = SigningKey::from_jwk(&oct(SignatureAlgorithm::HS256, 64), &VIEW);
        assert!(matches!(key, Err(KeyError::Unsupported { what: "HS256" })));
    }

    #[test]
    fn every_loader_refuses_what_is_not_approved() {
        use KeyManagementAlgorithm as K;
        let password = Password::from("password");
        assert!(is_refused(&SigningKey::from_jwk(&oct(SignatureAlgorithm::HS512, 64), &VIEW)));
        assert!(is_refused(&VerifyingKey::from_jwk(&oct(SignatureAlgorithm::HS512, 64), &VIEW)));
        assert!(is_refused(&EncryptionKey::from_jwk(&oct(K::A128KW, 16), &VIEW)));
        assert!(is_refused(&DecryptionKey::from_jwk(&oct(K::A128KW, 16), &VIEW)));
        assert!(is_refused(&EncryptionKey::from_jwk(&oct(K::A128GCMKW, 16), &VIEW)));
        assert!(is_refused(&EncryptionKey::from_jwk(&oct(ContentEncryption::A128GCM, 16), &VIEW)));
        assert!(is_refused(&password.derive_key(K::PBES2_HS256_A128KW, &[1; 16], 1000, &VIEW)));
        for key in [
            NewKey::Ec(EcCurve::P256),
            NewKey::Ec(EcCurve::P384),
            NewKey::Ec(EcCurve::P521),
            NewKey::Ec(EcCurve::Secp256k1),
            NewKey::Okp(OkpCurve::Ed25519),
            NewKey::Okp(OkpCurve::Ed448),
            NewKey::Okp(OkpCurve::X25519),
            NewKey::Okp(OkpCurve::X448),
            NewKey::Rsa { bits: 2048 },
        ] {
            assert!(is_refused(&VIEW.generate(key)), "{key:?}");
        }
        let d = SecretBytes::from([7; 32]);
        let half = PrivateHalf::Ec { crv: EcCurve::P256, d: &d };
        assert!(is_refused(&VIEW.complete(half)));
    }

    /// A module that approves of agreement, but on no key of this type.
    #[derive(Debug)]
    struct NotMontgomery;

    impl Backend for NotMontgomery {
        fn name(&self) -> &'static str {
            "not Montgomery"
        }

        fn fips_status(&self) -> FipsStatus {
            Stub.fips_status()
        }

        fn approval(&self, _: Alg, key: Option<&Params>) -> Approval {
            match key {
                Some(Params::Okp(_)) => Approval::NotApproved { reason: REASON },
                _ => Approval::Approved,
            }
        }

        fn digest(&self, hash: Hash, parts: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
            Stub.digest(hash, parts, out)
        }

        fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
            Stub.random(out)
        }
    }

    #[test]
    fn a_curve_that_is_not_approved_is_refused_before_there_is_a_key_on_it() {
        let view = RequireApproved::new(&NotMontgomery);
        for (crv, len) in [(OkpCurve::X25519, 32), (OkpCurve::X448, 56)] {
            assert!(is_refused(&view.generate(NewKey::Okp(crv))), "{crv:?}");
            let d = SecretBytes::from(vec![7; len]);
            assert!(is_refused(&view.complete(PrivateHalf::Okp { crv, d: &d })), "{crv:?}");
            let public = example(NewKey::Okp(crv)).unwrap();
            assert!(is_refused(&view.check_public(&public)), "{crv:?}");
        }
        let other = view.generate(NewKey::Ec(EcCurve::P256));
        assert!(matches!(other, Err(KeyError::Unsupported { .. })), "{other:?}");
    }

    #[test]
    fn passwords_of_files_are_judged_by_how_a_key_is_made_of_them() {
        let kdf = |kdf| Pbes2 { kdf, key_len: 32, iv: [0; 16] };
        let count = NonZeroU32::MIN;
        let (secret, salt) = (SecretBytes::from([7; 16]), &[7; 16]);
        for prf in [Prf::HmacSha1, Prf::HmacSha256, Prf::HmacSha384, Prf::HmacSha512] {
            let scheme = kdf(PasswordKdf::Pbkdf2 { prf, salt, count });
            assert!(is_refused(&VIEW.pbes2_encrypt(&scheme, &secret, &secret)), "{prf:?}");
            assert!(is_refused(&VIEW.pbes2_decrypt(&scheme, &secret, salt)), "{prf:?}");
        }
        let scheme = kdf(PasswordKdf::Scrypt { salt, log_n: 14, r: 8, p: 1 });
        let refused = VIEW.pbes2_encrypt(&scheme, &secret, &secret);
        assert!(matches!(refused, Err(KeyError::NotApproved { reason: "scrypt" })));
    }

    #[test]
    fn on_no_module_nothing_is_computed_at_all() {
        let view = RequireApproved::new(&Ordinary);
        assert!(!view.fips_status().is_fips());
        assert!(view.digest(Hash::Sha256, &[], &mut [0; 32]).is_err());
        assert!(view.random(&mut [0; 32]).is_err());
        let jwk = oct(SignatureAlgorithm::HS256, 64);
        let refused = SigningKey::from_jwk(&jwk, &view);
        assert!(matches!(refused, Err(KeyError::NotApproved { .. })));
        assert!(matches!(view.check_public(jwk.params()), Err(KeyError::Unavailable(_))));
    }

    #[test]
    fn in_a_module_digests_and_random_octets_are_had() {
        let mut out = [0; 32];
        VIEW.digest(Hash::Sha256, &[], &mut out).unwrap();
        assert_eq!(out, [7; 32]);
        VIEW.random(&mut out).unwrap();
    }

    #[test]
    fn approvals_compare_from_none_to_full() {
        let (no, maybe) =
            (Approval::NotApproved { reason: "z" }, Approval::Allowed { reason: "a" });
        assert!(no < maybe && maybe < Approval::Approved);
        assert!(!no.is_usable() && maybe.is_usable() && Approval::Approved.is_usable());
        assert_eq!((no.reason(), Approval::Approved.reason()), (Some("z"), None));
    }
}
