//! PEM (RFC 7468): blocks of base64 between lines that name them, amid any other text.

use alloc::string::String;
use alloc::vec::Vec;

use pem_rfc7468::{Decoder, LineEnding};

use super::{Format, ImportError, within_limit};
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
        (None, _) => Err(format.malformed(missing(labels))),
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

const fn missing(labels: &[&'static str]) -> Rule {
    match labels {
        [label, ..] => Rule::Label { expected: label },
        [] => Rule::Pem,
    }
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
            (None, None, None) | (Some(_), None, None) => {}
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
