//! RSAES-OAEP (RFC 7518 §4.3, RFC 8017 §7.1): wrapping, with public numbers only.
//!
//! The hash is that of MGF1 too, and the label is empty: RFC 7518 leaves no choice. What unwraps
//! computes with a private key, and so is in `rsa/private.rs`.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::marker::PhantomData;

use getrandom::SysRng;
use jose_core::SecretBytes;
use jose_core::crypto::{CryptoError, KeyError, KeyWrapper};
use jose_core::jwk::Rsa;
use rsa::traits::PaddingScheme;
use rsa::{Oaep, RsaPublicKey};
use sha2::Digest;
use sha2::digest::FixedOutputReset;

use crate::rsa::public;

/// What the padding asks of a hash function. For SHA-1, which no signature here is made over, it is
/// the one purpose.
pub(crate) trait Hash: Digest + FixedOutputReset + 'static {}

impl Hash for sha1::Sha1 {}
impl Hash for sha2::Sha256 {}
impl Hash for sha2::Sha384 {}
impl Hash for sha2::Sha512 {}

pub(crate) fn wrapper<D: Hash>(rsa: &Rsa) -> Result<Box<dyn KeyWrapper>, KeyError> {
    Ok(Box::new(Public { key: public(rsa)?, hash: PhantomData::<fn() -> D> }))
}

struct Public<D> {
    key: RsaPublicKey,
    hash: PhantomData<fn() -> D>,
}

impl<D: Hash> KeyWrapper for Public<D> {
    fn wrap_key(&self, cek: &SecretBytes) -> Result<Vec<u8>, CryptoError> {
        Oaep::<D>::new()
            .encrypt(&mut SysRng, &self.key, cek.expose_secret())
            .map_err(CryptoError::from_source)
    }
}

#[cfg(test)]
mod tests {
    use jose_core::base64url;
    use jose_core::crypto::{KeyUnwrapper, Refused};
    use sha1::Sha1;
    use sha2::{Sha256, Sha384, Sha512};

    use super::*;
    use crate::rsa::oaep_unwrapper;
    use crate::tests::foreign_rsa;

    type Handles = (Box<dyn KeyWrapper>, Box<dyn KeyUnwrapper>);

    fn handles<D: Hash>(rsa: &Rsa) -> Handles {
        (wrapper::<D>(rsa).unwrap(), oaep_unwrapper::<D>(rsa).unwrap())
    }

    fn under_every_hash() -> [Handles; 4] {
        let rsa = foreign_rsa();
        [
            handles::<Sha1>(&rsa),
            handles::<Sha256>(&rsa),
            handles::<Sha384>(&rsa),
            handles::<Sha512>(&rsa),
        ]
    }

    fn cek() -> SecretBytes {
        SecretBytes::from(core::array::from_fn::<_, 32, _>(|index| index.to_le_bytes()[0]))
    }

    /// By `openssl pkeyutl -encrypt`, with `rsa_oaep_md` and `rsa_mgf1_md` the same.
    #[test]
    fn what_openssl_has_wrapped_is_unwrapped() {
        let wrapped = [
            &b"B_mj3wirTCERmy_tHNeUT6biPo15LROAHlW7moi7PlChIzuJvJrmKJormeH7Bc4mtyUBxfpAHjEK_7\
            BzYqPf9r7lgPIN0diApZ-6M9XEwOnVFnSi2gQ9XJ4ECt-NbF771tyUwoLr6-\
            wbkP1dpTO13huJ1akVszT2J_p0igOoYBgHh6zL_lKTkOw2ap1h3ItuWQnKJ9pjlz4zzSRvW1zBeMng\
            uozHPdtlp-c-uUolwktEYNIBxceLLgK9MymX5kK3fTIfDpJriN0H7F3yupXMaR51vISqEJ8kQVaKSW\
            jLxdGnQQF9G5DKZ8WDG04oRi_z66_hJZop7ouYnVtnEJCneA"[..],
            &b"R6x1YKyCpniDhnqgbgAypUdKkoeo0PTlodPhGe22XVBZOuPqvapp-\
            Ffb4mhV9GnZa4Y78EvIKdI6GpjsdC4P3nTl6KfKfaQfc3FASm7oIORL76kLz2UCmezppPzSGxli-\
            mInsL_bwPtXD0YXVL_uqvqhprbVxdhWoVUK6rLwND-pzTMOJw6aZDCkRT16KhZcKgd_YJTPJD0cfxy\
            Eoe7_PJKAGww8wj2iWzAMF7IljUZ80FN_5-jHX3-f8bfuLGS37l6tV5nWWKFhZXR_Zln6LA7Qp7l-\
            mDvc2QZQWYD5yt2fvoqfCNb4uXPca0EFkvu81zoZlhCoCssJQwMx_N7gOg"[..],
            &b"jCTufMfg-D30mmMu2H4bze283YZRbYqGprXCCHhMQNswYHod1A7NCeXGkUe7Wfn-\
            sO2cprprjje_LrTA722RcqEt2EzvmPQ0q8JbfXcjglUIas1xQ4X4ktdT4g3Lh4rwy4gT-YqW_k1RiJ\
            m_fObIwHfj6T-qrO0N3ItnIMutCcevMh6dKpqq8-rlz1wPhWISSxkJ8-\
            Sxtgzu8LHYQHNiYgvfOjlDL7WwW4tQiEZxKSj6s5QAxEaNF22MxpIqgdsf6qNd06FewO6leMoljM2q\
            JLAWtca4ZOjq2SNcNAZ9d7wKe7S_AbopVeIvUi-5GfKHL-XYTsCckWkSmjWk6g4qmg"[..],
            &b"qm-NiH12iITa5JVTWvF2D8QGIMjVYxjWoGlOWUPD39f-\
            LIPN6LtqgVhesCipOihyYOJ6kQtycFXkRejmBIciwU4BhLa1mrnjtcLBPzkg3wXR7mgLz_q8KDY5Hz\
            JySbf1WOYMenTsJgX2SrjtSzN_HiUrk-\
            HUFKk76gCdEQojQh7_8bdLGIV4WPtNp75biTdrYVYld0YPxD1ueqPgZwTpEoEwc-\
            ZferYwOAHpKTzR2gDHrdJMVcsQjpXcz7_gIkviuRSMEz-\
            jQZfbnZ7v3ewdvjuprJJYS47HtwiBQRzK4UJWF7uha6D8CGZKW0P3z-SiPIYlE5MQQNuPS-2xV-\
            tOPA"[..],
        ];
        for ((_, unwrapper), wrapped) in under_every_hash().iter().zip(wrapped) {
            let wrapped = base64url::decode(wrapped).unwrap();
            assert_eq!(unwrapper.unwrap_key(&wrapped, 32).unwrap(), cek());
        }
    }

    #[test]
    fn what_was_wrapped_under_one_hash_is_unwrapped_under_it_alone() {
        let handles = under_every_hash();
        for (own, (wrapper, _)) in handles.iter().enumerate() {
            let wrapped = wrapper.wrap_key(&cek()).unwrap();
            assert_eq!(wrapped.len(), 256);
            for (other, (_, unwrapper)) in handles.iter().enumerate() {
                match unwrapper.unwrap_key(&wrapped, 32) {
                    Ok(key) => assert!(own == other && key == cek()),
                    Err(error) => assert!(own != other && matches!(error, Refused::Invalid)),
                }
            }
        }
    }

    #[test]
    fn content_encryption_keys_of_every_length_are_wrapped() {
        for (wrapper, unwrapper) in under_every_hash() {
            for len in [16, 24, 32, 48, 64] {
                let cek = SecretBytes::new(alloc::vec![7; len]);
                let wrapped = wrapper.wrap_key(&cek).unwrap();
                assert_eq!(unwrapper.unwrap_key(&wrapped, len).unwrap(), cek);
            }
        }
    }

    #[test]
    fn another_hash_for_mgf1_and_a_label_are_refused() {
        let rsa = foreign_rsa();
        let (public, cek) = (public(&rsa).unwrap(), cek());
        let unwrapper = oaep_unwrapper::<Sha256>(&rsa).unwrap();
        for wrapped in [
            Oaep::<Sha256, Sha1>::new_with_mgf_hash().encrypt(
                &mut SysRng,
                &public,
                cek.expose_secret(),
            ),
            Oaep::<Sha256>::new_with_label(*b"label").encrypt(
                &mut SysRng,
                &public,
                cek.expose_secret(),
            ),
        ] {
            let verdict = unwrapper.unwrap_key(&wrapped.unwrap(), 32);
            assert!(matches!(verdict, Err(Refused::Invalid)));
        }
    }

    #[test]
    fn a_key_of_another_length_than_asked_for_is_refused() {
        let (wrapper, unwrapper) = handles::<Sha256>(&foreign_rsa());
        let wrapped = wrapper.wrap_key(&cek()).unwrap();
        for cek_len in [0, 16, 31, 33, 64, usize::MAX] {
            let verdict = unwrapper.unwrap_key(&wrapped, cek_len);
            assert!(matches!(verdict, Err(Refused::Invalid)), "{cek_len}");
        }
    }

    #[test]
    fn encrypted_keys_that_nobody_wrapped_are_refused() {
        let rsa = foreign_rsa();
        let (wrapper, unwrapper) = handles::<Sha256>(&rsa);
        let wrapped = wrapper.wrap_key(&cek()).unwrap();
        let mut changed = wrapped.clone();
        changed[255] ^= 1;
        for bad in [
            &changed[..],
            &wrapped[..255],
            &wrapped[1..],
            &[&[0], &wrapped[..]].concat(),
            &[&wrapped[..], &[0]].concat(),
            rsa.n(),
            &[0; 256],
            &[0xFF; 256],
            &[0xFF; 4096],
            &[],
        ] {
            assert!(matches!(unwrapper.unwrap_key(bad, 32), Err(Refused::Invalid)));
        }
    }

    #[test]
    fn a_key_is_wrapped_differently_each_time() {
        let (wrapper, _) = handles::<Sha256>(&foreign_rsa());
        assert_ne!(wrapper.wrap_key(&cek()).unwrap(), wrapper.wrap_key(&cek()).unwrap());
    }

    #[test]
    fn a_key_too_long_for_the_modulus_is_an_error() {
        let wrapper = wrapper::<Sha512>(&foreign_rsa()).unwrap();
        assert!(wrapper.wrap_key(&SecretBytes::new(alloc::vec![7; 127])).is_err());
    }
}
