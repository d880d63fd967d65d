//! One answer to everything that depends on a secret (RFC 7516 §11.4-11.5): whoever may ask often
//! enough learns nothing from it.

use super::keys::rsa1_5;
use super::*;

/// Some places in so many octets: both ends, and a few between.
fn places(len: usize) -> impl Iterator<Item = usize> {
    (0..len).filter(move |place| *place == len - 1 || place % len.div_ceil(8) == 0)
}

/// Whatever is changed in whichever part, the answer is the same.
pub fn no_octet_of_a_token_can_be_changed(subject: &Subject) {
    for (alg, enc) in
        encrypting().flat_map(|alg| [E::A256GCM, E::A128CBC_HS256].map(|enc| (alg, enc)))
    {
        let from = pair(alg, enc, subject).1;
        let parts = Parts::of(&encrypted(alg, enc, subject).to_compact().unwrap());
        let members: [fn(&mut Parts) -> &mut Vec<u8>; 4] = [
            |parts| &mut parts.key,
            |parts| &mut parts.iv,
            |parts| &mut parts.text,
            |parts| &mut parts.tag,
        ];
        for member in members {
            let len = member(&mut parts.clone()).len();
            for place in places(len) {
                let mut changed = parts.clone();
                member(&mut changed)[place] ^= 1 << (place % 8);
                assert_failed(&changed, &from);
            }
        }
        // What changes nothing but the octets of the header.
        let text = String::from_utf8(parts.header.clone()).unwrap();
        for header in [text.replacen('{', "{ ", 1), text.replacen('{', r#"{"x":1,"#, 1)] {
            assert_failed(&Parts { header: header.into(), ..parts.clone() }, &from);
        }
    }
}

/// Tags and initialization vectors have the length of their algorithm, and a part of a tag is none.
/// No library is asked what it makes of another.
pub fn a_tag_has_exactly_its_length(subject: &Subject) {
    let tap = Tap::new(subject);
    for enc in E::ALL {
        for alg in [K::A128KW, K::Dir] {
            let from = owner(&private(alg, *enc), tap);
            let parts = Parts::of(&encrypted(alg, *enc, subject).to_compact().unwrap());
            for len in 0..=40 {
                for (vector, tag) in [(true, false), (false, true)] {
                    let mut other = parts.clone();
                    if vector {
                        other.iv.resize(len, 0);
                    }
                    if tag {
                        other.tag.resize(len, 0);
                    }
                    if (other.iv.len(), other.tag.len()) != (parts.iv.len(), parts.tag.len()) {
                        assert_failed(&other, &from);
                        assert!(tap.tried().is_empty(), "{enc}, {len}");
                    }
                }
            }
        }
    }
}

/// No octet moves from one part to the next: the parts are not just hashed one after the other.
pub fn no_octet_moves_between_parts(subject: &Subject) {
    for enc in E::ALL {
        let from = pair(K::A256KW, *enc, subject).1;
        let parts = Parts::of(&encrypted(K::A256KW, *enc, subject).to_compact().unwrap());
        for moved in [1, 8, 16] {
            let mut other = parts.clone();
            let start = other.text.len() - moved;
            let tail: Vec<_> = other.text.drain(start..).collect();
            other.tag.splice(0..0, tail);
            assert_failed(&other, &from);
            let mut other = parts.clone();
            let head: Vec<_> = other.tag.drain(..moved.min(12)).collect();
            other.text.extend(head);
            assert_failed(&other, &from);
            let mut other = parts.clone();
            let start = other.iv.len() - moved.min(12);
            let tail: Vec<_> = other.iv.drain(start..).collect();
            other.text.splice(0..0, tail);
            assert_failed(&other, &from);
        }
    }
}

/// An encrypted key has the length of its algorithm's, and is there if and only if it wraps.
pub fn an_encrypted_key_has_exactly_its_length(subject: &Subject) {
    for alg in WRAPPING {
        let forge = Forge::new(alg, E::A128CBC_HS256, subject);
        let good = forge.patched(&json!({}));
        assert_eq!(jwe::decrypt(&good.compact(), &forge.owner).unwrap().content(), TEXT);
        let lens: Vec<usize> =
            if is_rsa(alg) { vec![0, 1, 40, 255, 257, 512] } else { (0..=80).collect() };
        for len in lens.into_iter().filter(|len| *len != good.key.len()) {
            let mut other = good.clone();
            other.key.resize(len, 0);
            assert_failed(&other, &forge.owner);
        }
    }
    for alg in DIRECT {
        let forge = Forge::new(alg, E::A128CBC_HS256, subject);
        for len in [1, 8, 16, 24, 32, 40] {
            let other = Parts { key: vec![0; len], ..forge.patched(&json!({})) };
            assert_failed(&other, &forge.owner);
        }
    }
}

/// AES in Galois/Counter Mode has one length of initialization vector and of tag when it wraps,
/// too.
pub fn a_wrapped_key_has_a_whole_tag(subject: &Subject) {
    let tap = Tap::new(subject);
    for alg in [K::A128GCMKW, K::A192GCMKW, K::A256GCMKW] {
        let forge = Forge::with(alg, E::A256GCM, tap);
        for (member, own) in [("iv", 12), ("tag", 16)] {
            let text = forge.header[member].as_str().unwrap();
            let octets = base64url::decode(text.as_bytes()).unwrap();
            assert_eq!(octets.len(), own);
            for len in 0..=32 {
                let mut octets = octets.clone();
                octets.resize(len, 0);
                let other = forge.patched(&json!({member: base64url::encode(&octets)}));
                tap.forget();
                if len == own {
                    assert!(jwe::decrypt(&other.compact(), &forge.owner).is_ok());
                } else {
                    assert_failed(&other, &forge.owner);
                    assert_eq!(tap.unwrapped(), 0, "{alg}, {len}");
                }
            }
            for place in 0..own {
                let mut octets = octets.clone();
                octets[place] ^= 0x80;
                let other = forge.patched(&json!({member: base64url::encode(&octets)}));
                assert_failed(&other, &forge.owner);
            }
        }
    }
}

/// A key of another length inside a wrapping that is right is no other failure, and no other work
/// where that length cannot be seen.
pub fn a_key_of_another_length_is_no_other_failure(subject: &Subject) {
    let tap = Tap::new(subject);
    for alg in WRAPPING {
        let enc = E::A128CBC_HS256;
        let jwk = private(alg, enc);
        let (to, from) = (sender(&jwk, tap), owner(&jwk, tap));
        for len in [16, 24, 40, 48, 64] {
            tap.wrap_instead(Some(len));
            let jwe = Builder::new().enc(enc).encrypt(TEXT, [&to]).unwrap();
            tap.wrap_instead(None);
            tap.forget();
            failed(jwe.decrypt(&from));
            let tried = tap.tried();
            // The length of what RSA wraps is hidden, that of what AES wraps is for everyone to see.
            let hidden = !alg.is_symmetric() && !AGREEMENT.contains(&alg);
            assert_eq!(tried.len(), usize::from(hidden), "{alg}, {len}");
            assert!(tried.iter().all(|key| key.len() == enc.key_len()), "{alg}, {len}");
            assert_failed(&Parts::of(&jwe.to_compact().unwrap()), &from);
        }
        // And the same with a key of the right length, which is not that of the content.
        tap.wrap_instead(Some(enc.key_len()));
        let jwe = Builder::new().enc(enc).encrypt(TEXT, [&to]).unwrap();
        tap.wrap_instead(None);
        tap.forget();
        failed(jwe.decrypt(&from));
        assert_eq!(tap.tried(), [vec![9; enc.key_len()]], "{alg}: what was wrapped");
    }
}

/// Where no key comes out, the content is tried with a random one, another each time.
pub fn the_content_is_tried_whatever_comes_out(subject: &Subject) {
    let tap = Tap::new(subject);
    for alg in WRAPPING {
        let forge = Forge::with(alg, E::A256GCM, tap);
        let good = forge.patched(&json!({}));
        tap.forget();
        jwe::decrypt(&good.compact(), &forge.owner).unwrap();
        assert_eq!(tap.tried(), [forge.cek.expose_secret()], "{alg}");
        let mut flipped = good.clone();
        flipped.key[0] ^= 1;
        let mut longer = good.clone();
        longer.key.push(0);
        let mut shorter = good.clone();
        shorter.key.truncate(1);
        let hidden = !alg.is_symmetric() && !AGREEMENT.contains(&alg);
        for (spoiled, seen) in [(flipped, false), (longer, !hidden), (shorter, !hidden)] {
            for _ in 0..3 {
                failed(jwe::decrypt(&spoiled.compact(), &forge.owner));
            }
            let tried = tap.tried();
            if seen {
                // Everyone sees that it is no key: nothing is spent on it.
                assert!(tried.is_empty(), "{alg}");
                continue;
            }
            assert_eq!(tried.len(), 3, "{alg}");
            assert!(tried.iter().all(|key| key.len() == 32), "{alg}");
            let different: BTreeSet<_> = tried.iter().map(Vec::as_slice).collect();
            assert_eq!(different.len(), 3, "{alg}: a decoy used twice can be told");
            assert!(!different.contains(forge.cek.expose_secret()), "{alg}");
        }
    }
}

/// A key that is the content's own is not even tried on a token that has another inside.
pub fn a_direct_key_is_not_tried_beside_another(subject: &Subject) {
    let tap = Tap::new(subject);
    for alg in DIRECT {
        let forge = Forge::with(alg, E::A256GCM, tap);
        let good = forge.patched(&json!({}));
        tap.forget();
        jwe::decrypt(&good.compact(), &forge.owner).unwrap();
        assert_eq!(tap.tried().len(), 1);
        let other = Parts { key: vec![0; 40], ..good };
        failed(jwe::decrypt(&other.compact(), &forge.owner));
        assert!(tap.tried().is_empty(), "{alg}");
    }
}

/// PKCS #1 v1.5 tells nothing of its padding: neither by the answer nor by what is asked on the way
/// (Bleichenbacher 1998).
pub fn rsa1_5_tells_nothing_of_its_padding(subject: &Subject) {
    let tap = Tap::new(subject);
    let jwk = private(K::RSA1_5, E::A128GCM);
    let from = DecryptionKey::from_jwk_for(K::RSA1_5, &jwk, tap);
    if subject.refuses(Unapproved::RSA1_5) {
        return assert_not_approved(from);
    }
    let from = from.unwrap();
    let good = rsa1_5::block(&[9; 16]);
    let token = rsa1_5::token(&good, subject);
    assert_eq!(jwe::decrypt(&token.compact(), &from).unwrap().content(), TEXT);
    assert_eq!(tap.tried(), [[9; 16]]);
    let with = |place: usize, octet: u8| {
        let mut block = good.clone();
        block[place] = octet;
        block
    };
    let mut blocks = vec![
        with(1, 1),
        with(1, 0),
        with(2, 0),
        with(9, 0),
        with(100, 0),
        with(239, 1),
        with(255, 8),
        rsa1_5::block(&[9; 15]),
        rsa1_5::block(&[9; 17]),
        rsa1_5::block(&[9; 32]),
        rsa1_5::block(&[]),
        vec![0; 256],
    ];
    blocks.push([vec![0, 2], vec![1; 254]].concat());
    for block in blocks {
        let token = rsa1_5::token(&block, subject);
        tap.forget();
        for _ in 0..2 {
            failed(jwe::decrypt(&token.compact(), &from));
        }
        let tried = tap.tried();
        assert_eq!((tried.len(), tap.unwrapped()), (2, 2), "{block:?}");
        assert!(tried.iter().all(|key| key.len() == 16));
        if block[240..] == good[240..] {
            assert!(!tried.contains(&vec![9; 16]), "{block:?}");
        }
        if block[..240] != good[..240] {
            assert_ne!(tried[0], tried[1], "{block:?}");
        }
        assert_failed(&token, &from);
    }
    for len in [0, 1, 255, 257] {
        let mut other = token.clone();
        other.key.resize(len, 0);
        assert_failed(&other, &from);
    }
    for place in places(256) {
        let mut other = token.clone();
        other.key[place] ^= 1;
        assert_failed(&other, &from);
    }
}

/// A token that is refused leaves no trace in the next one.
pub fn keys_remember_nothing(subject: &Subject) {
    for alg in encrypting() {
        let forge = Forge::new(alg, E::A256GCM, subject);
        let (good, mut bad) = (forge.patched(&json!({})), forge.patched(&json!({})));
        bad.tag[0] ^= 1;
        let aad = |text: &str| {
            let jwe = Builder::new().enc(E::A256GCM).aad(text);
            jwe.encrypt(TEXT, [&pair(alg, E::A256GCM, subject).0]).unwrap()
        };
        for _ in 0..2 {
            assert_failed(&bad, &forge.owner);
            assert!(jwe::decrypt(&good.compact(), &forge.owner).unwrap().aad().is_none());
            let decrypted = aad("public").decrypt(&forge.owner).unwrap();
            assert_eq!(decrypted.aad(), Some(&b"public"[..]));
        }
    }
}
