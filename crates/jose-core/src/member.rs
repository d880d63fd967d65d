//! Members of JSON objects by the types JOSE gives them: names, octets, secrets, certificates.

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::SecretBytes;
use crate::base64url;
use crate::error::Rule;
use crate::json;
use crate::limits::MAX_CERTIFICATES;

/// A string that names something: a key, a type, an algorithm. Control characters have no place in
/// one, and do harm in logs and in libraries that end text at a NUL.
pub(crate) fn text(member: &'static str, json: &str) -> Result<String, Rule> {
    let text = json::unquote(json).ok_or(Rule::Type { member, expected: "a string" })?;
    if text.chars().any(char::is_control) {
        return Err(Rule::ControlCharacter { member });
    }
    Ok(text.into_owned())
}

/// Octets in base64url.
pub(crate) fn octets(member: &'static str, json: &str) -> Result<Vec<u8>, Rule> {
    let text = json::unquote(json).ok_or(Rule::Type { member, expected: "a string" })?;
    base64url::decode(text.as_bytes())
}

/// Secret octets in base64url.
pub(crate) fn secret(member: &'static str, json: &str) -> Result<SecretBytes, Rule> {
    // Taken from the text as it stands: unescaping would make a copy that nobody wipes, and
    // base64url needs no escapes.
    let text = json
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .ok_or(Rule::Type { member, expected: "a string" })?;
    base64url::decode_secret(text)
}

/// The digest of a certificate, in base64url.
pub(crate) fn digest(member: &'static str, json: &str, len: usize) -> Result<Vec<u8>, Rule> {
    let digest = octets(member, json)?;
    if digest.len() != len {
        return Err(Rule::Length { member, expected: len });
    }
    Ok(digest)
}

/// `x5c`: certificates in base64, not base64url, and with padding (RFC 7515 §4.1.6, RFC 7517
/// §4.7).
pub(crate) fn certificates(json: &str) -> Result<Vec<Vec<u8>>, Rule> {
    let texts = json::strings(json)
        .filter(|texts| !texts.is_empty() && texts.iter().all(|text| !text.is_empty()))
        .ok_or(Rule::Type { member: "x5c", expected: "a non-empty array of strings" })?;
    if texts.len() > MAX_CERTIFICATES {
        return Err(Rule::Value { member: "x5c", expected: "a chain of at most 8 certificates" });
    }
    let expected = "base64 with padding (RFC 4648 §4)";
    let decode =
        |text: &str| STANDARD.decode(text).map_err(|_| Rule::Value { member: "x5c", expected });
    texts.iter().map(|text| decode(text)).collect()
}

/// Writes the members of one object, in the order of the calls.
pub(crate) struct Writer<'a> {
    out: &'a mut String,
    empty: bool,
}

impl<'a> Writer<'a> {
    /// Begins an object at the end of `out`.
    pub(crate) fn begin(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, empty: true }
    }

    /// Ends the object.
    pub(crate) fn end(self) {
        self.out.push('}');
    }

    fn name(&mut self, member: &str) -> &mut String {
        if !self.empty {
            self.out.push(',');
        }
        self.empty = false;
        json::quote_into(member, self.out);
        self.out.push(':');
        self.out
    }

    /// A value that is JSON already.
    pub(crate) fn json(&mut self, member: &str, json: &str) {
        self.name(member).push_str(json);
    }

    /// A value that writes itself.
    pub(crate) fn nested(&mut self, member: &str, write: impl FnOnce(&mut String)) {
        write(self.name(member));
    }

    pub(crate) fn text(&mut self, member: &str, text: Option<&str>) {
        if let Some(text) = text {
            json::quote_into(text, self.name(member));
        }
    }

    pub(crate) fn texts(&mut self, member: &str, texts: Option<&[String]>) {
        if let Some(texts) = texts {
            array(texts, self.name(member), |text, out| json::quote_into(text, out));
        }
    }

    pub(crate) fn octets(&mut self, member: &str, octets: Option<&[u8]>) {
        if let Some(octets) = octets {
            let out = self.name(member);
            out.push('"');
            base64url::encode_into(octets, out);
            out.push('"');
        }
    }

    pub(crate) fn secret(&mut self, member: &str, secret: &SecretBytes) {
        let out = self.name(member);
        out.push('"');
        base64url::encode_secret_into(secret, out);
        out.push('"');
    }

    pub(crate) fn certificates(&mut self, certificates: Option<&[Vec<u8>]>) {
        if let Some(certificates) = certificates {
            array(certificates, self.name("x5c"), |der, out| {
                out.push('"');
                STANDARD.encode_string(der, out);
                out.push('"');
            });
        }
    }
}

fn array<T>(items: &[T], out: &mut String, write: impl Fn(&T, &mut String)) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(']');
}
