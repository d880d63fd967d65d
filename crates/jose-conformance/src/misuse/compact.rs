//! Tokens that are not quite what was signed (RFC 7515 §7.1).

use super::*;

/// A token has three segments: not two, not five, and not the braces of another serialization.
pub fn a_token_has_three_segments(subject: &Subject) {
    let key = trusted(subject);
    let wrong = Rule::Segments { expected: 3 };
    for dots in (0..=10).filter(|dots| *dots != 2) {
        assert_eq!(broken_rule(&".".repeat(dots), &key), wrong, "{dots}");
        assert_eq!(broken_rule(&["e30"; 11][..=dots].join("."), &key), wrong, "{dots}");
    }
    assert_eq!(broken_rule("..", &key), Rule::Json, "no header");
    assert_eq!(broken_rule(&".".repeat(200_000), &key), wrong);
    let token = forge(subject).seal(r#"{"alg":"HS256"}"#);
    let parts: Vec<_> = token.split('.').collect();
    for other in [
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{}", parts[2]),
        parts[..2].join("."),
        parts.concat(),
        json!({"protected": parts[0], "payload": parts[1], "signature": parts[2]}).to_string(),
        json!({"payload": parts[1], "signatures": [{"protected": parts[0], "signature": parts[2]}]})
            .to_string(),
    ] {
        assert_eq!(broken_rule(&other, &key), wrong, "{other}");
    }
    // With two dots somewhere in it, JSON is still no compact token.
    for other in [format!("{{\"a\":\"{token}\"}}"), format!("\"{token}\""), format!("[{token}]")] {
        assert_eq!(broken_rule(&other, &key), Rule::Base64url, "{other}");
    }
}

/// A token is as long as the limit, and not an octet longer: nothing else is looked at before.
pub fn a_token_beyond_the_limit_is_refused(subject: &Subject) {
    let (limit, key) = (256 * 1024, trusted(subject));
    for hostile in [".".repeat(1 << 20), "\0".repeat(limit + 1), "{".repeat(10 << 20)] {
        assert_eq!(broken_rule(&hostile, &key), Rule::TooLong { limit });
    }
    let seal = |len| forge(subject).seal_both(r#"{"alg":"HS256"}"#, &vec![0x20; len]);
    let longest = (limit - seal(0).len()) / 4 * 3;
    let token = seal(longest);
    assert!((limit - 3..=limit).contains(&token.len()));
    assert!(jws::verify(&token, &key).is_ok());
    assert_eq!(broken_rule(&seal(longest + 3), &key), Rule::TooLong { limit });
    let short = seal(10);
    for (limit, good) in [(short.len(), true), (short.len() - 1, false), (0, false)] {
        let mut limits = Limits::default();
        limits.token = limit;
        let verified = jws::verify_with(&short, &key, &Policy::new().limits(limits));
        assert_eq!(verified.is_ok(), good, "{limit}");
        let Err(jws::Error::Parse(error)) = verified else { continue };
        assert_eq!(error.rule(), Rule::TooLong { limit });
    }
}

/// Each segment has one spelling: no padding, no white space, no other alphabet, no spare bits.
/// Whoever revokes tokens by their text relies on it.
pub fn a_token_has_one_spelling(subject: &Subject) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (alg, kid) in [(S::HS256, "a"), (S::HS256, "ab"), (S::HS512, "abc"), (S::HS384, "")] {
        let jwk = keys::private(alg).without_kid();
        let (forge, key) = (Forge::new(&jwk, subject), verifying(&jwk, subject).unwrap());
        let header = json!({"alg": alg.name(), "kid": kid, "x": "???>>>~~~"}).to_string();
        // Some payload under which the MAC too has characters that differ between the alphabets.
        let token = (0..=255_u8)
            .map(|octet| forge.seal_both(&header, &[0xFB, 0xEF, 0xFF, octet]))
            .find(|token| token.rsplit_once('.').unwrap().1.contains(['-', '_']))
            .unwrap();
        assert!(jws::verify(&token, &key).is_ok());
        for at in 0..3 {
            let mut segments: Vec<String> = token.split('.').map(Into::into).collect();
            let own = segments[at].clone();
            let mut others = vec![own.replace('-', "+").replace('_', "/")];
            for strange in
                ["=", "==", " ", "\n", "\r\n", "\t", "\0", "\u{A0}", "%3D", "!", "~", "A"]
            {
                let middle = own.len() / 2;
                others.extend([format!("{own}{strange}"), format!("{strange}{own}")]);
                others.push(format!("{}{strange}{}", &own[..middle], &own[middle..]));
            }
            let last = ALPHABET.iter().position(|octet| own.ends_with(char::from(*octet))).unwrap();
            let spare = [0, 0, 16, 4][own.len() % 4];
            for bits in 1..spare {
                let other = char::from(ALPHABET[last ^ bits]);
                others.push(format!("{}{other}", &own[..own.len() - 1]));
            }
            for other in others.into_iter().filter(|other| *other != own) {
                segments[at].clone_from(&other);
                let refusal = refusal(&segments.join("."), &key);
                // One character more may be good base64url; then it is another token.
                let longer = other.replace('A', "").len() == own.replace('A', "").len();
                let refused = match &refusal {
                    jws::Error::Parse(error) => error.rule() == Rule::Base64url || longer,
                    jws::Error::Verify(_) => longer,
                    _ => false,
                };
                assert!(refused, "{alg}, segment {at}, {other:?}: {refusal:?}");
            }
        }
    }
}

/// A token cut short anywhere is no token, or forged; and so is one with something behind it.
pub fn a_token_cut_short_is_refused(subject: &Subject) {
    for alg in subject.algorithms() {
        let token = signed(&keys::private(alg), subject);
        let key = keys::verifier(alg, subject.backend());
        let refused = |token: &str| match jws::verify(token, &key) {
            Err(jws::Error::Parse(_) | jws::Error::Verify(VerifyError::InvalidSignature)) => true,
            other => panic!("{alg}: {other:?}"),
        };
        assert!((0..token.len()).all(|len| refused(&token[..len])), "{alg}");
        for more in ["A", "AA", "AAA", "AAAA", ".", "=", "\n"] {
            assert!(refused(&format!("{token}{more}")), "{alg}");
        }
    }
}

/// No bit of a token can be flipped.
pub fn no_bit_of_a_token_can_be_flipped(subject: &Subject) {
    for alg in subject.algorithms() {
        let token = signed(&keys::private(alg), subject);
        let key = keys::verifier(alg, subject.backend());
        let fast = [S::HS256, S::ES256, S::Ed25519].contains(&alg);
        for bit in (0..token.len() * 8).step_by(if fast { 1 } else { 29 }) {
            let mut octets = token.clone().into_bytes();
            octets[bit / 8] ^= 1 << (bit % 8);
            // What is not UTF-8 cannot even be given.
            let Ok(flipped) = core::str::from_utf8(&octets) else { continue };
            assert!(jws::verify(flipped, &key).is_err(), "{alg}, bit {bit}");
        }
    }
}
