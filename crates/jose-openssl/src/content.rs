//! AES in Galois/Counter Mode (RFC 7518 §5.3), and in CBC mode with HMAC (RFC 7518 §5.2).

use jose_core::SecretBytes;
use jose_core::crypto::{ContentCipher, CryptoError, KeyError, Refused, cbc_hmac};
use jose_core::jwa::ContentEncryption;
use openssl::memcmp;
use zeroize::{Zeroize, Zeroizing};

use crate::ffi::{Aes, CipherKey, Lib, MacTemplate, Params};
use crate::random;

pub(crate) fn cipher(
    lib: &'static Lib,
    enc: ContentEncryption,
    key: &SecretBytes,
) -> Result<Box<dyn ContentCipher>, KeyError> {
    use ContentEncryption as E;
    if key.len() != enc.key_len() {
        return Err(KeyError::Size {
            alg: enc.name(),
            expected: enc.key_len() * 8,
            actual: key.len().saturating_mul(8),
        });
    }
    let aes = match enc {
        E::A128CBC_HS256 => Aes::Cbc128,
        E::A192CBC_HS384 => Aes::Cbc192,
        E::A256CBC_HS512 => Aes::Cbc256,
        E::A128GCM => Aes::Gcm128,
        E::A192GCM => Aes::Gcm192,
        E::A256GCM => Aes::Gcm256,
        _ => return Err(KeyError::Unsupported { what: enc.name() }),
    };
    let key = key.expose_secret();
    Ok(match cbc_hmac::split_key(enc, key) {
        Some((mac_key, enc_key)) => {
            Box::new(CbcHmac::new(lib, enc, aes, mac_key, enc_key).map_err(KeyError::Unavailable)?)
        }
        None => Box::new(Gcm(CipherKey::new(lib, aes, key).map_err(KeyError::Unavailable)?)),
    })
}

/// A key for AES-GCM.
struct Gcm(CipherKey);

impl ContentCipher for Gcm {
    fn encrypt(
        &self,
        aad: &[u8],
        iv: &mut [u8],
        text: &mut Vec<u8>,
        tag: &mut [u8],
    ) -> Result<(), CryptoError> {
        check_len(iv, GCM_IV_LEN)?;
        check_len(tag, GCM_TAG_LEN)?;
        // The cipher draws the vector itself: only so is it approved (SP 800-38D §8.2.2, FIPS 140-3
        // IG C.H), and only so can no mistake here use one twice.
        let mut cipher = self.0.encrypt(None)?;
        cipher.aad(aad)?;
        let len = text.len();
        cipher.run(text, len)?;
        cipher.octets(c"updated-iv", iv)?;
        cipher.octets(c"tag", tag)?;
        // A provider that draws none would use the same one every time, which gives the key of the
        // tags away. No generator draws this one.
        if iv.iter().all(|octet| *octet == 0) {
            return Err(CryptoError::from_source("the provider drew no initialization vector"));
        }
        Ok(())
    }

    fn decrypt(
        &self,
        aad: &[u8],
        iv: &[u8],
        text: &mut Vec<u8>,
        tag: &[u8],
    ) -> Result<(), Refused> {
        let verdict = self.open(aad, iv, text, tag);
        if verdict.is_err() {
            text.zeroize(); // what was decrypted before the tag was known to be wrong
        }
        verdict
    }
}

impl Gcm {
    fn open(&self, aad: &[u8], iv: &[u8], text: &mut [u8], tag: &[u8]) -> Result<(), Refused> {
        // A shorter tag would do for OpenSSL, and is easier to guess.
        if iv.len() != GCM_IV_LEN || tag.len() != GCM_TAG_LEN {
            return Err(Refused::Invalid);
        }
        let mut cipher = self.0.decrypt(Some(iv)).map_err(Refused::Unavailable)?;
        cipher.set(&Params::new().octets(c"tag", tag)).map_err(Refused::Unavailable)?;
        cipher.aad(aad).map_err(Refused::Unavailable)?;
        cipher.run(text, text.len()).map(drop).map_err(|_| Refused::Invalid)
    }
}

/// A key for AES-CBC and one for HMAC.
struct CbcHmac {
    lib: &'static Lib,
    mac: MacTemplate,
    mac_len: usize,
    key: CipherKey,
    tag_len: usize,
}

impl CbcHmac {
    fn new(
        lib: &'static Lib,
        enc: ContentEncryption,
        aes: Aes,
        mac_key: &[u8],
        enc_key: &[u8],
    ) -> Result<Self, CryptoError> {
        let hash = enc.mac_hash().ok_or_else(CryptoError::default)?;
        Ok(Self {
            lib,
            mac: MacTemplate::new(lib, hash, mac_key)?,
            mac_len: hash.digest_len(),
            key: CipherKey::new(lib, aes, enc_key)?,
            tag_len: enc.tag_len(),
        })
    }

    fn seal(
        &self,
        aad: &[u8],
        iv: &[u8],
        text: &mut Vec<u8>,
        tag: &mut [u8],
    ) -> Result<(), CryptoError> {
        check_len(tag, self.tag_len)?;
        let len = text.len();
        grow(text, len - len % BLOCK_LEN + BLOCK_LEN);
        let written = self.key.encrypt(Some(iv))?.run(text, len)?;
        check_len(text, written)?;
        let mac = self.mac(aad, iv, text)?;
        tag.copy_from_slice(mac.get(..self.tag_len).unwrap_or_default());
        Ok(())
    }

    fn open(&self, aad: &[u8], iv: &[u8], text: &mut Vec<u8>, tag: &[u8]) -> Result<(), Refused> {
        let mac = self.mac(aad, iv, text).map_err(Refused::Unavailable)?;
        let expected = mac.get(..self.tag_len).unwrap_or_default();
        if tag.len() != expected.len() || !memcmp::eq(tag, expected) {
            return Err(Refused::Invalid);
        }
        let cipher = self.key.decrypt(Some(iv));
        let len = text.len();
        let len = cipher
            .map_err(Refused::Unavailable)?
            .run(text, len)
            // The padding is wrong though the tag is right: the sender made it so.
            .map_err(|_| Refused::Invalid)?;
        text.truncate(len);
        Ok(())
    }

    /// The whole MAC, of which the tag is the first half; wiped, because that of what somebody made
    /// up is what they are after.
    fn mac(
        &self,
        aad: &[u8],
        iv: &[u8],
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let mut mac = Zeroizing::new(vec![0; self.mac_len]);
        self.mac.mac(&[aad, iv, ciphertext, &cbc_hmac::al(aad)])?.finish(&mut mac)?;
        Ok(mac)
    }
}

impl ContentCipher for CbcHmac {
    fn encrypt(
        &self,
        aad: &[u8],
        iv: &mut [u8],
        text: &mut Vec<u8>,
        tag: &mut [u8],
    ) -> Result<(), CryptoError> {
        random::random(self.lib, iv)?;
        self.seal(aad, iv, text, tag)
    }

    fn decrypt(
        &self,
        aad: &[u8],
        iv: &[u8],
        text: &mut Vec<u8>,
        tag: &[u8],
    ) -> Result<(), Refused> {
        let verdict = self.open(aad, iv, text, tag);
        if verdict.is_err() {
            text.zeroize();
        }
        verdict
    }
}

/// Makes `text` longer, and wipes what it leaves behind where that means to move it.
fn grow(text: &mut Vec<u8>, len: usize) {
    if text.capacity() < len {
        let mut longer = Vec::with_capacity(len);
        longer.extend_from_slice(text);
        text.zeroize();
        *text = longer;
    }
    text.resize(len, 0);
}

fn check_len(octets: &[u8], len: usize) -> Result<(), CryptoError> {
    if octets.len() == len {
        Ok(())
    } else {
        Err(CryptoError::from_source("a length that is not the algorithm's"))
    }
}

const BLOCK_LEN: usize = 16;
const GCM_IV_LEN: usize = 12;
const GCM_TAG_LEN: usize = 16;

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use openssl::error::ErrorStack;

    use super::*;
    use crate::tests::hex;

    static LIB: Lib = Lib::process();

    fn load(enc: ContentEncryption) -> Box<dyn ContentCipher> {
        cipher(&LIB, enc, &key(enc)).unwrap()
    }

    fn key(enc: ContentEncryption) -> SecretBytes {
        let key: Vec<u8> = (0..=63).take(enc.key_len()).collect();
        key.into()
    }

    /// IV, ciphertext and tag.
    fn encrypted(
        enc: ContentEncryption,
        handle: &dyn ContentCipher,
        aad: &[u8],
        text: &[u8],
    ) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
        let (mut iv, mut tag) = (vec![0; enc.iv_len()], vec![0; enc.tag_len()]);
        let mut text = text.to_vec();
        handle.encrypt(aad, &mut iv, &mut text, &mut tag).unwrap();
        (iv, text, tag)
    }

    fn on_each(check: impl Fn(ContentEncryption, &dyn ContentCipher)) {
        for enc in ContentEncryption::ALL {
            check(*enc, &*load(*enc));
            assert!(ErrorStack::get().errors().is_empty(), "{enc}");
        }
    }

    /// The octets 0, 1, 2 and so on.
    fn counting(len: usize) -> Vec<u8> {
        (0..=255).cycle().take(len).collect()
    }

    #[test]
    fn the_examples_of_rfc_7518_appendix_b_are_encrypted_and_decrypted() {
        let text = b"A cipher system must not be required to be secret, and it must be able to \
                     fall into the hands of the enemy without inconvenience";
        let aad = b"The second principle of Auguste Kerckhoffs";
        let iv = hex("1af38c2dc2b96ffdd86694092341bc04");
        for (enc, aes, ciphertext, tag) in [
            (
                ContentEncryption::A128CBC_HS256,
                Aes::Cbc128,
                "c80edfa32ddf39d5ef00c0b468834279a2e46a1b8049f792f76bfe54b903a9c9\
                 a94ac9b47ad2655c5f10f9aef71427e2fc6f9b3f399a221489f16362c7032336\
                 09d45ac69864e3321cf82935ac4096c86e133314c54019e8ca7980dfa4b9cf1b\
                 384c486f3a54c51078158ee5d79de59fbd34d848b3d69550a67646344427ade5\
                 4b8851ffb598f7f80074b9473c82e2db",
                "652c3fa36b0a7c5b3219fab3a30bc1c4",
            ),
            (
                ContentEncryption::A192CBC_HS384,
                Aes::Cbc192,
                "ea65da6b59e61edb419be62d19712ae5d303eeb50052d0dfd6697f77224c8edb\
                 000d279bdc14c1072654bd30944230c657bed4ca0c9f4a8466f22b226d174621\
                 4bf8cfc2400add9f5126e479663fc90b3bed787a2f0ffcbf3904be2a641d5c21\
                 05bfe591bae23b1d7449e532eef60a9ac8bb6c6b01d35d49787bcd57ef484927\
                 f280adc91ac0c4e79c7b11efc60054e3",
                "8490ac0e58949bfe51875d733f93ac2075168039ccc733d7",
            ),
            (
                ContentEncryption::A256CBC_HS512,
                Aes::Cbc256,
                "4affaaadb78c31c5da4b1b590d10ffbd3dd8d5d302423526912da037ecbcc7bd\
                 822c301dd67c373bccb584ad3e9279c2e6d12a1374b77f077553df829410446b\
                 36ebd97066296ae6427ea75c2e0846a11a09ccf5370dc80bfecbad28c73f09b3\
                 a3b75e662a2594410ae496b2e2e6609e31e6e02cc837f053d21f37ff4f51950b\
                 be2638d09dd7a4930930806d0703b1f6",
                "4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5",
            ),
        ] {
            let key = key(enc);
            let (mac_key, enc_key) = cbc_hmac::split_key(enc, key.expose_secret()).unwrap();
            let handle = CbcHmac::new(&LIB, enc, aes, mac_key, enc_key).unwrap();
            let (mut sealed, mut made) = (text.to_vec(), vec![0; enc.tag_len()]);
            handle.seal(aad, &iv, &mut sealed, &mut made).unwrap();
            assert_eq!((&sealed, &made), (&hex(ciphertext), &hex(tag)), "{enc}");
            load(enc).decrypt(aad, &iv, &mut sealed, &made).unwrap();
            assert_eq!(sealed, text, "{enc}");
        }
    }

    #[test]
    fn the_examples_of_the_specification_of_gcm_are_decrypted() {
        // "The Galois/Counter Mode of Operation", appendix B, test cases 4, 10 and 16
        let key = hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
        let aad = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let iv = hex("cafebabefacedbaddecaf888");
        let text = hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
                        1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
        for (enc, ciphertext, tag) in [
            (
                ContentEncryption::A128GCM,
                "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e\
                 21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
                "5bc94fbc3221a5db94fae95ae7121a47",
            ),
            (
                ContentEncryption::A192GCM,
                "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c\
                 7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710",
                "2519498e80f1478f37ba55bd6d27618c",
            ),
            (
                ContentEncryption::A256GCM,
                "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
                 8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
                "76fc6ece0f4e1768cddf8853bb2d551b",
            ),
        ] {
            let handle = cipher(&LIB, enc, &key[..enc.key_len()].into()).unwrap();
            let mut decrypted = hex(ciphertext);
            handle.decrypt(&aad, &iv, &mut decrypted, &hex(tag)).unwrap();
            assert_eq!(decrypted, text, "{enc}");
        }
    }

    #[test]
    fn texts_of_every_length_survive_the_way_there_and_back() {
        on_each(|enc, handle| {
            for len in (0..=65).chain([1000, 1 << 20]) {
                let text = counting(len);
                for aad in [&[][..], &[0x5A; 33]] {
                    let (iv, mut ciphertext, tag) = encrypted(enc, handle, aad, &text);
                    let padded = if enc.mac_hash().is_some() { len - len % 16 + 16 } else { len };
                    assert_eq!(ciphertext.len(), padded, "{enc}");
                    handle.decrypt(aad, &iv, &mut ciphertext, &tag).unwrap();
                    assert!(ciphertext == text, "{enc} {len}");
                }
            }
        });
    }

    #[test]
    fn text_and_data_may_be_longer_than_a_call_takes() {
        // In pieces of two blocks, as longer ones would be in pieces of 2^30 octets.
        let lib: &'static Lib = &LIB;
        for (aes, key_len) in [(Aes::Cbc128, 16), (Aes::Gcm256, 32)] {
            let key = CipherKey::new(lib, aes, &vec![7; key_len]).unwrap();
            let iv = vec![9; if key_len == 16 { 16 } else { 12 }];
            for len in 0..=129 {
                let run =
                    |piece_len, buffer: &mut Vec<u8>, cipher: &mut crate::ffi::RunningCipher| {
                        let len = buffer.len();
                        buffer.resize(len + 16, 0);
                        let len = cipher.run_in_pieces(buffer, len, piece_len).unwrap();
                        buffer.truncate(len);
                    };
                let [mut one, mut other] = [(); 2].map(|()| counting(len));
                run(usize::MAX >> 40, &mut one, &mut key.encrypt(Some(&iv)).unwrap());
                let mut cipher = key.encrypt(Some(&iv)).unwrap();
                run(32, &mut other, &mut cipher);
                assert_eq!(one, other, "{len}");
                let mut decrypt = key.decrypt(Some(&iv)).unwrap();
                if key_len == 32 {
                    let mut tag = [0; 16];
                    cipher.octets(c"tag", &mut tag).unwrap();
                    decrypt.set(&Params::new().octets(c"tag", &tag)).unwrap();
                }
                run(32, &mut other, &mut decrypt);
                assert_eq!(other, counting(len));
            }
        }
    }

    #[test]
    fn one_octet_changed_anywhere_is_refused_and_leaves_no_text() {
        on_each(|enc, handle| {
            let parts = encrypted(enc, handle, b"additional data", &counting(40));
            let parts = [b"additional data".to_vec(), parts.0, parts.1, parts.2];
            for part in 0..parts.len() {
                for at in 0..parts[part].len() {
                    let mut changed = parts.clone();
                    changed[part][at] ^= 0x80;
                    let [aad, iv, mut text, tag] = changed;
                    let verdict = handle.decrypt(&aad, &iv, &mut text, &tag);
                    assert!(matches!(verdict, Err(Refused::Invalid)), "{enc} {part} {at}");
                    assert!(text.is_empty(), "{enc} {part} {at}");
                    assert!(ErrorStack::get().errors().is_empty(), "{enc} {part} {at}");
                }
            }
            let [aad, iv, mut text, tag] = parts;
            assert!(handle.decrypt(&aad, &iv, &mut text, &tag).is_ok(), "{enc}");
        });
    }

    #[test]
    fn octets_moved_between_data_vector_and_text_are_refused() {
        on_each(|enc, handle| {
            let (iv, text, tag) = encrypted(enc, handle, b"data", &counting(40));
            let shifted = [&iv[iv.len() - 1..], &text[..]].concat();
            let aad = [b"data", &iv[..1]].concat();
            for (aad, mut text) in [
                (&aad[..], text.clone()),
                (b"data", shifted),
                (b"dat", text.clone()),
                (b"data", text[1..].to_vec()),
                (b"data", text[..text.len() - 1].to_vec()),
                (b"data", [&text[..], &[0; 16]].concat()),
                (b"data", Vec::new()),
            ] {
                let verdict = handle.decrypt(aad, &iv, &mut text, &tag);
                assert!(matches!(verdict, Err(Refused::Invalid)), "{enc} {verdict:?}");
                assert!(text.is_empty(), "{enc}");
            }
        });
    }

    #[test]
    fn a_tag_or_a_vector_of_another_length_is_refused() {
        on_each(|enc, handle| {
            let (iv, text, tag) = encrypted(enc, handle, b"", b"text");
            let [longer_iv, longer_tag] = [&iv, &tag].map(|octets| [&octets[..], &[0]].concat());
            for (iv, tag) in [
                (&iv[..], &[][..]),
                (&iv, &tag[..1]),
                (&iv, &tag[..tag.len() - 1]),
                (&iv, &longer_tag),
                (&[], &tag),
                (&iv[1..], &tag),
                (&longer_iv, &tag),
            ] {
                let mut text = text.clone();
                let verdict = handle.decrypt(b"", iv, &mut text, tag);
                assert!(matches!(verdict, Err(Refused::Invalid)), "{enc} {verdict:?}");
                assert!(text.is_empty(), "{enc}");
            }
        });
    }

    #[test]
    fn a_wrong_padding_under_a_right_tag_is_refused() {
        for enc in ContentEncryption::ALL.iter().filter(|enc| enc.mac_hash().is_some()) {
            let key = key(*enc);
            let (mac_key, enc_key) = cbc_hmac::split_key(*enc, key.expose_secret()).unwrap();
            let aes = [Aes::Cbc128, Aes::Cbc192, Aes::Cbc256][mac_key.len() / 8 - 2];
            let handle = CbcHmac::new(&LIB, *enc, aes, mac_key, enc_key).unwrap();
            let iv = [9; 16];
            let (mut text, mut tag) = (counting(40), vec![0; enc.tag_len()]);
            handle.seal(b"", &iv, &mut text, &mut tag).unwrap();
            text.truncate(32);
            for len in [0, 1, 15, 16, 31, 32] {
                let mut text = text[..len].to_vec();
                let mac = handle.mac(b"", &iv, &text).unwrap();
                let verdict = handle.decrypt(b"", &iv, &mut text, &mac[..enc.tag_len()]);
                assert!(matches!(verdict, Err(Refused::Invalid)), "{enc} {len} {verdict:?}");
                assert!(text.is_empty(), "{enc} {len}");
                assert!(ErrorStack::get().errors().is_empty(), "{enc} {len}");
            }
        }
    }

    #[test]
    fn two_encryptions_differ_in_their_vectors() {
        on_each(|enc, handle| {
            let vectors: BTreeSet<_> =
                (0..64).map(|_| encrypted(enc, handle, b"", b"text").0).collect();
            assert_eq!(vectors.len(), 64, "{enc}");
            assert!(vectors.iter().all(|iv| iv.iter().any(|octet| *octet != 0)), "{enc}");
        });
    }

    #[test]
    fn a_key_or_a_tag_of_another_length_is_not_taken() {
        on_each(|enc, handle| {
            for len in [0, 1, enc.key_len() - 1, enc.key_len() + 1] {
                let refused = cipher(&LIB, enc, &vec![7; len].into()).err();
                assert!(matches!(refused, Some(KeyError::Size { .. })), "{enc} {refused:?}");
            }
            let (mut iv, mut tag) = (vec![0; enc.iv_len()], vec![0; enc.tag_len()]);
            assert!(handle.encrypt(b"", &mut iv[1..], &mut b"text".to_vec(), &mut tag).is_err());
            assert!(handle.encrypt(b"", &mut iv, &mut b"text".to_vec(), &mut tag[1..]).is_err());
        });
    }

    #[test]
    fn text_grows_where_it_is_if_there_is_room() {
        let mut text = Vec::with_capacity(64);
        text.extend_from_slice(b"text");
        let at = text.as_ptr();
        grow(&mut text, 64);
        assert_eq!((text.as_ptr(), text.len(), &text[..5]), (at, 64, &b"text\0"[..]));
        grow(&mut text, 65);
        assert_eq!((text.len(), &text[..5]), (65, &b"text\0"[..]));
    }
}
