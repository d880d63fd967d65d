//! PEM (RFC 7468): blocks of base64 between lines that name them, amid any other text.

use alloc::string::String;
use alloc::vec::Vec;

use pem_rfc7468::{Decoder, LineEnding};

use super::{Format, ImportError, encrypted, pkcs1, pkcs8, sec1, spki, within_limit, x509};
use crate::SecretBytes;
use crate::error::{KeyError, Rule};

/// The DER in the one block of `text` that has one of `labels`.
pub(super) fn the_one(
    format: Format,
    text: &str,
    labels: &[&'static str],
) -> Result<SecretBytes, ImportError> {
    let mut found = all(format, text, labels)?.into_iter();
    match (found.next(), found.next()) {
        (Some(der), None) => Ok(der),
        (None, _) => Err(format.malformed(missing(text, labels))),
        // Which of them is meant, only their owner knows.
        (Some(_), Some(_)) => Err(format.malformed(Rule::TooMany { limit: 1 })),
    }
}

/// The DER in every block of `text` that has one of `labels`, in order.
pub(super) fn all(
    format: Format,
    text: &str,
    labels: &[&'static str],
) -> Result<Vec<SecretBytes>, ImportError> {
    let malformed = |rule| format.malformed(rule);
    within_limit(text.len()).map_err(malformed)?;
    let blocks = blocks(text).map_err(malformed)?.into_iter();
    let wanted = blocks.filter(|block| labels.contains(&block.label));
    wanted.map(|block| block.decode().map_err(malformed)).collect()
}

/// What there is instead, if that is a key too.
fn missing(text: &str, labels: &[&'static str]) -> Rule {
    let blocks = blocks(text).unwrap_or_default();
    match (blocks.iter().find_map(|block| format_of(block.label)), labels) {
        (Some(found), _) => Rule::OtherFormat { found },
        (None, [label, ..]) => Rule::Label { expected: label },
        (None, []) => Rule::Pem,
    }
}

/// The format of the blocks that are labelled so.
pub(super) fn format_of(label: &str) -> Option<Format> {
    Some(match label {
        pkcs8::LABEL => Format::Pkcs8,
        encrypted::LABEL => Format::EncryptedPkcs8,
        spki::LABEL => Format::Spki,
        pkcs1::PRIVATE_LABEL | pkcs1::PUBLIC_LABEL => Format::Pkcs1,
        sec1::LABEL => Format::Sec1,
        x509::LABEL => Format::X509,
        _ => return None,
    })
}

/// A block, not decoded yet.
pub(super) struct Block<'t> {
    pub(super) label: &'t str,
    text: &'t str,
}

impl Block<'_> {
    /// The octets within.
    pub(super) fn decode(&self) -> Result<SecretBytes, Rule> {
        // RFC 7468 §2 does without the headers of RFC 1421, which say how an old key is encrypted.
        if self.text.contains(':') {
            return Err(Rule::PemHeaders);
        }
        let mut decoder = Decoder::new_detect_wrap(self.text.as_bytes()).map_err(|_| Rule::Pem)?;
        // Room for all of it, so that no reallocation leaves a copy behind.
        let mut octets = alloc::vec![0; decoder.remaining_len()];
        let decoded = decoder.decode(&mut octets).map(drop);
        let octets = SecretBytes::new(octets);
        match (decoded, decoder.is_finished()) {
            (Ok(()), true) => Ok(octets),
            _ => Err(Rule::Pem),
        }
    }
}

/// The blocks in `text`. What stands between them is nobody's business (RFC 7468 §2); a block without
/// an end, or with another's, is refused.
pub(super) fn blocks(text: &str) -> Result<Vec<Block<'_>>, Rule> {
    let mut blocks = Vec::new();
    let mut open: Option<(&str, usize)> = None;
    let mut end = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        let start = end;
        end += line.len();
        let line = line.trim_end_matches(['\n', '\r']);
        let boundary = |begin: &str| line.strip_prefix(begin)?.strip_suffix("-----");
        match (open, boundary("-----BEGIN "), boundary("-----END ")) {
            (_, None, None) => {}
            (None, Some(label), None) => open = Some((label, start)),
            (Some((label, from)), None, Some(ended)) if label == ended => {
                let text = text.get(from..start + line.len()).ok_or(Rule::Pem)?;
                blocks.push(Block { label, text });
                open = None;
            }
            _ => return Err(Rule::Pem),
        }
    }
    if open.is_some() { Err(Rule::Pem) } else { Ok(blocks) }
}

/// Writes a block with a secret in it.
pub(super) fn secret(label: &str, der: &SecretBytes) -> Result<SecretBytes, KeyError> {
    public(label, der.expose_secret()).map(|text| SecretBytes::new(text.into_bytes()))
}

/// Writes a block: lines of 64 characters, each ended by a line feed, the last too.
pub(super) fn public(label: &str, der: &[u8]) -> Result<String, KeyError> {
    pem_rfc7468::encode_string(label, LineEnding::LF, der).map_err(|_| KeyError::Inconsistent)
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::*;
    use crate::error::Subject;

    const LABEL: &str = "PRIVATE KEY";
    const BLOCK: &str = "-----BEGIN PRIVATE KEY-----\nAAEC\n-----END PRIVATE KEY-----\n";

    fn read(text: &str) -> Result<SecretBytes, Rule> {
        the_one(Format::Pkcs8, text, &[LABEL]).map_err(|error| match error {
            ImportError::Parse(error) => {
                assert_eq!(error.subject(), Subject::KeyFile(Format::Pkcs8));
                error.rule()
            }
            ImportError::Key { .. } => panic!("{error}"),
        })
    }

    #[test]
    fn a_block_is_found_amid_any_text() {
        for text in [
            BLOCK.to_string(),
            format!("Bag Attributes\n  friendlyName: key\n{BLOCK}and a word behind it"),
            format!("-----BEGIN OTHER-----\nnot base64!\n-----END OTHER-----\n{BLOCK}"),
            BLOCK.trim_end().to_string(),
            BLOCK.replace('\n', "\r\n"),
            BLOCK.replace('\n', "\r"),
        ] {
            assert_eq!(read(&text).unwrap().expose_secret(), [0, 1, 2], "{text:?}");
        }
    }

    #[test]
    fn lines_may_be_of_another_length_than_64() {
        for width in [4, 48, 64, 76, 200] {
            let body = "AAEC".repeat(50);
            let lines: Vec<_> =
                body.as_bytes().chunks(width).map(|line| str::from_utf8(line).unwrap()).collect();
            let lines = lines.join("\n");
            let text = format!("-----BEGIN {LABEL}-----\n{lines}\n-----END {LABEL}-----\n");
            assert_eq!(read(&text).unwrap().len(), 150, "{width}");
        }
    }

    #[test]
    fn no_block_of_the_label_is_told_from_two() {
        assert_eq!(read("").unwrap_err(), Rule::Label { expected: LABEL });
        assert_eq!(read("-----BEGIN").unwrap_err(), Rule::Label { expected: LABEL });
        let other = read(&BLOCK.replace("PRIVATE", "PUBLIC")).unwrap_err();
        assert_eq!(other, Rule::OtherFormat { found: Format::Spki });
        assert_eq!(read(&BLOCK.repeat(2)).unwrap_err(), Rule::TooMany { limit: 1 });
    }

    #[test]
    fn a_block_that_is_not_whole_is_refused() {
        for text in [
            "-----BEGIN PRIVATE KEY-----\nAAEC\n".to_string(),
            "-----BEGIN PRIVATE KEY-----\n".to_string(),
            format!("AAEC\n-----END PRIVATE KEY-----\n{BLOCK}"),
            BLOCK.replace("END PRIVATE", "END PUBLIC"),
            format!("-----BEGIN PRIVATE KEY-----\n{BLOCK}"),
            BLOCK.replace("AAEC", "AA=C"),
            BLOCK.replace("AAEC", "AAE"),
            BLOCK.replace("AAEC", "AAE\u{e9}"),
            BLOCK.replace("AAEC", " AAEC"),
            BLOCK.replace("AAEC", "AA EC"),
            BLOCK.replace("AAEC", "AAEC\n\nAAEC"),
        ] {
            assert_eq!(read(&text).unwrap_err(), Rule::Pem, "{text:?}");
        }
    }

    #[test]
    fn lines_that_only_look_like_a_boundary_are_text() {
        for text in [
            BLOCK.replace("-----BEGIN", " -----BEGIN").replace("-----END", " -----END"),
            format!("\u{feff}{}", BLOCK.replace("-----END", "-----ENDE")),
            BLOCK.replace("-----\n", "---- \n"),
        ] {
            assert_eq!(read(&text).unwrap_err(), Rule::Label { expected: LABEL }, "{text:?}");
        }
    }

    #[test]
    fn headers_are_refused_as_what_they_are() {
        let headers = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAEC";
        assert_eq!(read(&BLOCK.replace("AAEC", headers)).unwrap_err(), Rule::PemHeaders);
    }

    #[test]
    fn a_longer_file_than_the_limit_is_not_searched() {
        let limit = crate::Limits::DEFAULT.jwk_set;
        let text = format!("{}{BLOCK}", "\n".repeat(limit));
        assert_eq!(read(&text).unwrap_err(), Rule::TooLong { limit });
    }

    #[test]
    fn what_is_written_ends_every_line_with_a_line_feed() {
        let text = public(LABEL, &[7; 49]).unwrap();
        let lines: Vec<_> = text.split_inclusive('\n').collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[1].len(), 65);
        assert!(text.ends_with("-----END PRIVATE KEY-----\n"));
        assert_eq!(read(&text).unwrap().expose_secret(), [7; 49]);
    }
}
