//! base64url as RFC 7515 §2 has it: one alphabet, no padding, and one spelling for each sequence
//! of octets.
//!
//! A decoder that is lenient about padding, white space or unused trailing bits gives one
//! signature several spellings, and whoever keys a revocation list or a replay cache by the text
//! of a token is then bypassed. So every text that [`decode`] accepts is exactly what [`encode`]
//! writes.

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64ct::Encoding as _;
use zeroize::Zeroizing;

use crate::SecretBytes;
use crate::error::Rule;

/// Encodes `octets`.
#[must_use]
pub fn encode(octets: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

/// Appends the encoding of `octets` to `out`.
pub fn encode_into(octets: &[u8], out: &mut String) {
    URL_SAFE_NO_PAD.encode_string(octets, out);
}

/// Length of the encoding of `len` octets, in characters.
#[must_use]
pub const fn encoded_len(len: usize) -> usize {
    let rest = match len % 3 {
        0 => 0,
        1 => 2,
        _ => 3,
    };
    // No text is that long, but a limit may be.
    (len / 3).saturating_mul(4).saturating_add(rest)
}

/// Decodes `text`.
///
/// # Errors
///
/// [`Rule::Base64url`] for a character outside the alphabet (`=`, `+`, `/` and white space among
/// them), for a length that no octets have, and for unused trailing bits that are not zero.
pub fn decode(text: &[u8]) -> Result<Vec<u8>, Rule> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Rule::Base64url)
}

/// Encodes octets that come piece by piece.
#[derive(Default)]
pub(crate) struct Encoder {
    /// What is left over: three octets make four characters.
    rest: [u8; 2],
    len: usize,
}

impl Encoder {
    /// Octets that are encoded at a time.
    const CHUNK: usize = 3072;

    /// Hands the characters for `octets`, and for what was left over before them, to `sink`.
    pub(crate) fn update(&mut self, octets: &[u8], mut sink: impl FnMut(&[u8])) {
        let mut octets = octets;
        if self.len > 0 {
            let mut group = [0; 3];
            let missing = (group.len() - self.len).min(octets.len());
            let (first, rest) = octets.split_at(missing);
            octets = rest;
            let known = self.rest.iter().take(self.len).chain(first);
            let len = group.iter_mut().zip(known).map(|(to, from)| *to = *from).count();
            if len < group.len() {
                self.keep(&group, len);
                return;
            }
            Self::encode(&group, &mut sink);
        }
        let whole = octets.len() - octets.len() % 3;
        let (whole, rest) = octets.split_at(whole);
        for chunk in whole.chunks(Self::CHUNK) {
            Self::encode(chunk, &mut sink);
        }
        self.keep(rest, rest.len());
    }

    /// Hands the characters for what is left over to `sink`.
    pub(crate) fn finish(self, mut sink: impl FnMut(&[u8])) {
        Self::encode(self.rest.get(..self.len).unwrap_or_default(), &mut sink);
    }

    fn keep(&mut self, octets: &[u8], len: usize) {
        self.len = len;
        for (to, from) in self.rest.iter_mut().zip(octets) {
            *to = *from;
        }
    }

    fn encode(octets: &[u8], sink: &mut impl FnMut(&[u8])) {
        let mut text = [0; encoded_len(Self::CHUNK)];
        // There is room: no caller has more than a chunk.
        let len = URL_SAFE_NO_PAD.encode_slice(octets, &mut text).unwrap_or_default();
        sink(text.get(..len).unwrap_or_default());
    }
}

/// Decodes a secret without using its octets as table indices, and into memory that is wiped.
///
/// # Errors
///
/// [`Rule::Base64url`], as [`decode`].
pub fn decode_secret(text: &str) -> Result<SecretBytes, Rule> {
    let mut octets = Zeroizing::new(alloc::vec![0; text.len() / 4 * 3 + 3]);
    let exact =
        base64ct::Base64UrlUnpadded::decode(text, &mut octets).map_err(|_| Rule::Base64url)?;
    Ok(SecretBytes::from(exact))
}

/// Appends the encoding of a secret to `out`, which the caller wipes. `out` must already have the
/// capacity, so that no unwiped copy is left behind by a reallocation.
pub(crate) fn encode_secret_into(secret: &SecretBytes, out: &mut String) {
    let mut text = Zeroizing::new(alloc::vec![0; encoded_len(secret.len())]);
    if let Ok(text) = base64ct::Base64UrlUnpadded::encode(secret.expose_secret(), &mut text) {
        out.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_example_of_rfc_7515_appendix_c_round_trips() {
        let octets = [3, 236, 255, 224, 193];
        assert_eq!(encode(&octets), "A-z_4ME");
        assert_eq!(decode(b"A-z_4ME").unwrap(), octets);
    }

    #[test]
    fn a_second_spelling_is_refused() {
        for text in
            ["QQ==", "QR", "QQ=", "Q", "Q Q", "QQ\n", " QQ", "+A", "/A", "QUJDR", "A-z_4MF", "QQ\0"]
        {
            assert_eq!(decode(text.as_bytes()), Err(Rule::Base64url), "{text:?}");
            assert_eq!(decode_secret(text), Err(Rule::Base64url), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn pieces_are_encoded_as_the_whole(pieces: Vec<Vec<u8>>, long in 0..10_000_usize) {
            let mut pieces = pieces;
            pieces.insert(pieces.len() / 2, alloc::vec![0xA5; long]);
            let (mut encoder, mut text) = (Encoder::default(), Vec::new());
            let mut sink = |part: &[u8]| text.extend_from_slice(part);
            for piece in &pieces {
                encoder.update(piece, &mut sink);
            }
            encoder.finish(sink);
            prop_assert_eq!(text, encode(&pieces.concat()).into_bytes());
        }

        #[test]
        fn what_is_encoded_decodes_to_itself(octets: Vec<u8>) {
            let text = encode(&octets);
            prop_assert_eq!(text.len(), encoded_len(octets.len()));
            let secret = SecretBytes::from(octets.as_slice());
            prop_assert_eq!(&decode_secret(&text).unwrap(), &secret);
            let mut again = String::new();
            encode_secret_into(&secret, &mut again);
            prop_assert_eq!(&again, &text);
            prop_assert_eq!(decode(text.as_bytes()).unwrap(), octets);
        }

        #[test]
        fn what_is_accepted_is_the_only_spelling(text in "[A-Za-z0-9_=+/ -]{0,24}") {
            match decode(text.as_bytes()) {
                Ok(octets) => {
                    prop_assert_eq!(encode(&octets), text.clone());
                    prop_assert_eq!(decode_secret(&text).unwrap(), SecretBytes::from(octets));
                }
                Err(rule) => {
                    prop_assert_eq!(rule, Rule::Base64url);
                    prop_assert!(decode_secret(&text).is_err());
                }
            }
        }
    }
}
