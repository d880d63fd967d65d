//! Content that is compressed before it is encrypted (RFC 7516 §4.1.3, RFC 1951).

use super::*;

/// What is compressed comes back, for those who allow it, whatever it is.
pub fn compressed_content_comes_back(subject: &Subject) {
    let long: Vec<u8> = TEXT.iter().copied().cycle().take(100_000).collect();
    let policy = Policy::new().inflate();
    for alg in encrypting() {
        let (to, from) = pair(alg, E::A256GCM, subject);
        for text in [&b""[..], b"a", TEXT, &long] {
            let jwe = Builder::new().enc(E::A256GCM).deflate().encrypt(text, [&to]).unwrap();
            assert_eq!(header_of(&jwe)["zip"], "DEF");
            let parts = Parts::of(&jwe.to_compact().unwrap());
            assert!(text.len() < 1000 || parts.text.len() < text.len() / 10, "{alg}");
            for form in
                [jwe.to_compact().unwrap(), jwe.to_flattened().unwrap(), jwe.to_general().unwrap()]
            {
                let decrypted = Jwe::parse(form).unwrap().decrypt_with(&from, &policy).unwrap();
                assert_eq!(decrypted.content(), text, "{alg}");
                assert_eq!(decrypted.protected().encryption().unwrap().zip(), Some("DEF"));
            }
            refused_zip(refusal(&parts, &from));
        }
        // Permission is no duty.
        let plain = encrypted(alg, E::A256GCM, subject);
        assert_eq!(plain.decrypt_with(&from, &policy).unwrap().content(), TEXT);
    }
}

#[track_caller]
fn refused_zip(refused: jwe::Error) {
    let expected = "absent unless it is allowed";
    assert_eq!(unsuitable(refused), Rule::Value { member: "zip", expected });
}

/// Nothing is compressed unless somebody says so.
pub fn nothing_is_compressed_by_default(subject: &Subject) {
    let (to, _) = pair(K::A128KW, E::A256GCM, subject);
    let long = vec![b'a'; 10_000];
    let jwe = Builder::new().encrypt(&long, [&to]).unwrap();
    assert_eq!(Parts::of(&jwe.to_compact().unwrap()).text.len(), long.len());
    assert!(!header_of(&jwe).contains_key("zip"));
}

/// A compression that is not allowed, or that nobody knows, is refused before a key is asked.
pub fn a_compression_that_is_not_allowed_is_refused(subject: &Subject) {
    let tap = Tap::new(subject);
    let forge = Forge::with(K::A256KW, E::A256GCM, tap);
    tap.forget();
    for zip in ["DEF", "def", "GZIP", "DEF ", "none", ""] {
        let token = forge.patched(&json!({"zip": zip}));
        refused_zip(refusal(&token, &forge.owner));
        if zip != "DEF" {
            refused_zip(refusal_under(&Policy::new().inflate(), &token, &forge.owner));
        }
    }
    assert_eq!((tap.unwrapped(), tap.tried().len()), (0, 0));
}

/// A little can stand for a lot: nobody inflates more than the limit (CVE-2024-21319 and its kin).
pub fn a_bomb_is_not_inflated(subject: &Subject) {
    let (to, from) = pair(K::A128KW, E::A256GCM, subject);
    let deflated = |len: usize| {
        let jwe = Builder::new().deflate().encrypt(&vec![b'a'; len], [&to]).unwrap();
        Parts::of(&jwe.to_compact().unwrap())
    };
    let too_long = |limit| (error::Subject::Plaintext, Rule::TooLong { limit }, "ERR_JWE_INVALID");
    let policy = Policy::new().inflate();
    let at = deflated(250_000);
    assert_eq!(jwe::decrypt_with(&at.compact(), &from, &policy).unwrap().len(), 250_000);
    for len in [250_001, 10_000_000] {
        let bomb = deflated(len);
        assert!(bomb.text.len() < 20_000);
        assert_eq!(malformed(refusal_under(&policy, &bomb, &from)), too_long(250_000));
    }
    for (limit, len) in [(0, 1), (10, 11), (100, 100_000)] {
        let mut limits = Limits::default();
        limits.inflated = limit;
        let policy = Policy::new().inflate().limits(limits);
        let refused = refusal_under(&policy, &deflated(len), &from);
        assert_eq!(malformed(refused), too_long(limit));
        let at = deflated(limit);
        assert_eq!(jwe::decrypt_with(&at.compact(), &from, &policy).unwrap().len(), limit);
    }
}

/// What is no DEFLATE is refused once it is known to be genuine, and only then.
pub fn what_does_not_inflate_is_refused(subject: &Subject) {
    let forge = forge(subject);
    let policy = Policy::new().inflate();
    let header = forge.header(&json!({"zip": "DEF"}));
    let stored = |text: &[u8]| {
        [&[1, text.len().to_le_bytes()[0], 0, !text.len().to_le_bytes()[0], 0xFF], text].concat()
    };
    let good = forge.seal_text(&header, &stored(b"abc"));
    let decrypted = jwe::decrypt_with(&good.compact(), &forge.owner, &policy).unwrap();
    assert_eq!(decrypted.content(), b"abc");
    let deflate = (error::Subject::Plaintext, Rule::Deflate, "ERR_JWE_INVALID");
    let mut unfinished = stored(b"abc");
    unfinished[0] = 0;
    let zlib = [&[0x78, 0x9C][..], &stored(b"abc")].concat();
    for garbage in [&b""[..], TEXT, &[0xFF; 40], &stored(b"abc")[..7], &unfinished, &zlib] {
        let token = forge.seal_text(&header, garbage);
        let refused = refusal_under(&policy, &token, &forge.owner);
        assert_eq!(malformed(refused), deflate, "{garbage:?}");
        let mut forged = token;
        forged.tag[0] ^= 1;
        failed(jwe::decrypt_with(&forged.compact(), &forge.owner, &policy));
    }
}

/// Several recipients have one content, compressed once.
pub fn compressed_content_may_have_several_recipients(subject: &Subject) {
    let (one, two) = (pair(K::A128KW, E::A256GCM, subject), pair(K::A256KW, E::A256GCM, subject));
    let jwe = Builder::new().deflate().aad(b"x").encrypt(TEXT, [&one.0, &two.0]).unwrap();
    let jwe = Jwe::parse(jwe.to_general().unwrap()).unwrap();
    for key in [&one.1, &two.1] {
        refused_zip(jwe.decrypt(key).unwrap_err());
        let decrypted = jwe.decrypt_with(key, &Policy::new().inflate()).unwrap();
        assert_eq!(decrypted.content(), TEXT);
    }
}

/// What was decrypted and does not inflate is the same for every recipient: none of the others is asked.
pub fn content_that_does_not_inflate_is_refused_whoever_else_it_is_for(subject: &Subject) {
    let (one, two) = (pair(K::A128KW, E::A256GCM, subject), pair(K::A256KW, E::A256GCM, subject));
    let jwe = Builder::new().deflate().encrypt(TEXT, [&one.0, &two.0]).unwrap();
    let mut limits = Limits::default();
    limits.inflated = 1;
    let policy = Policy::new().inflate().limits(limits);
    for key in [&one.1, &two.1] {
        let refused = malformed(jwe.decrypt_with(key, &policy).unwrap_err());
        let too_long = Rule::TooLong { limit: 1 };
        assert_eq!(refused, (error::Subject::Plaintext, too_long, "ERR_JWE_INVALID"));
    }
}
