//! A JWE for any number of recipients, in any serialization (RFC 7516 §7).

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use serde_json::Value;

use super::decrypt::{Content, check_headers, worse};
use super::{Decrypted, Encrypted, Error, KeyResolver, Policy, SerializationError, compact};
use crate::base64url;
use crate::error::{DecryptError, ParseError, Rule, Subject};
use crate::header::Header;
use crate::json::{self, Object};
use crate::limits::Limits;
use crate::member::Writer;
use crate::serialization::{
    Unprotected, absent_if_empty, elements, is_json, non_empty_string, others, string,
};

/// A JWE for any number of recipients: read, decrypted and written in any serialization. A
/// [`Builder`](super::Builder) makes one.
///
/// A compact token is one with a single recipient and nothing unprotected; where that is all there
/// is, [`encrypt`](super::encrypt) and [`decrypt`](super::decrypt) are shorter.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use jose_rustcrypto::BACKEND;
/// use jose_core::jwe::{Builder, DecryptionKey, EncryptionKey, Jwe};
/// use jose_core::{Alg, Jwk};
///
/// let (anna, ben) = (Jwk::generate(Alg::ECDH_ES_A256KW, BACKEND)?, Jwk::generate(Alg::A256KW, BACKEND)?);
/// let keys = [
///     EncryptionKey::from_jwk(&anna.to_public()?, BACKEND)?,
///     EncryptionKey::from_jwk(&ben, BACKEND)?,
/// ];
/// let json = Builder::new().encrypt(b"for both of you", &keys)?.to_general()?;
///
/// let decrypted = Jwe::parse(&json)?.decrypt(&DecryptionKey::from_jwk(&ben, BACKEND)?)?;
/// assert_eq!(decrypted.content(), b"for both of you");
/// assert_eq!(decrypted.index(), 1);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Jwe {
    pub(super) protected_text: String,
    pub(super) protected: Header,
    pub(super) shared: Option<Unprotected>,
    pub(super) slots: Vec<Slot>,
    /// In base64url, as it is authenticated.
    pub(super) aad_text: Option<String>,
    pub(super) aad: Option<Vec<u8>>,
    pub(super) iv: Vec<u8>,
    pub(super) ciphertext: Vec<u8>,
    pub(super) tag: Vec<u8>,
    /// Members of the outermost object with no meaning here, as JSON text.
    pub(super) other: Vec<(String, String)>,
}

/// A place in the array of recipients.
#[derive(Clone)]
pub(super) enum Slot {
    /// Not readable, and written again as it came.
    Malformed {
        json: String,
        error: ParseError,
    },
    Recipient(RecipientPart),
}

/// One recipient's part: the members `header` and `encrypted_key`.
#[derive(Clone)]
pub(super) struct RecipientPart {
    pub(super) header: Option<Unprotected>,
    pub(super) encrypted_key: Vec<u8>,
    pub(super) other: Vec<(String, String)>,
}

/// The members of the outermost object, and of a recipient, which may be the same.
const OUTER: [&str; 9] = [
    "aad",
    "ciphertext",
    "encrypted_key",
    "header",
    "iv",
    "protected",
    "recipients",
    "tag",
    "unprotected",
];
const RECIPIENT: [&str; 2] = ["encrypted_key", "header"];

impl RecipientPart {
    fn read<S: AsRef<str>>(object: &Object<S>, limits: &Limits) -> Result<Self, Rule> {
        let header = object
            .get("header")
            .map(|json| Unprotected::read("header", json.into(), limits, Header::parse_encrypted))
            .transpose()?;
        let encrypted_key = non_empty_string(object, "encrypted_key")?.unwrap_or_default();
        let encrypted_key = base64url::decode(encrypted_key.as_bytes())?;
        Ok(Self { header, encrypted_key, other: Vec::new() })
    }

    fn parse(json: &str, limits: &Limits) -> Result<Self, Rule> {
        let object = Object::parse(json, limits.header_depth.saturating_add(1))?;
        let mut recipient = Self::read(&object, limits)?;
        recipient.other = others(&object, &RECIPIENT);
        Ok(recipient)
    }

    fn write(&self, out: &mut Writer<'_>) {
        if let Some(header) = &self.header {
            out.json("header", &header.json);
        }
        if !self.encrypted_key.is_empty() {
            out.octets("encrypted_key", Some(&self.encrypted_key));
        }
    }

    fn header(&self) -> Option<&Header> {
        self.header.as_ref().map(|header| &header.header)
    }
}

impl Jwe {
    /// Reads a JWE in any serialization, within the default [`Limits`].
    ///
    /// # Errors
    ///
    /// [`ParseError`] for what has no serialization's structure, for more recipients than the limit,
    /// and if no recipient can be read. One recipient that cannot be read is no error while others
    /// can.
    pub fn parse(input: impl AsRef<[u8]>) -> Result<Self, ParseError> {
        Self::parse_within(input, &Limits::DEFAULT)
    }

    /// As [`parse`](Self::parse), within ceilings of the caller's choice.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_within(input: impl AsRef<[u8]>, limits: &Limits) -> Result<Self, ParseError> {
        let octets = input.as_ref();
        if octets.len() > limits.token {
            return Err(Rule::TooLong { limit: limits.token }.of(Subject::Jwe));
        }
        let text = json::text(octets).map_err(|rule| rule.of(Subject::Jwe))?;
        if is_json(text) {
            Self::read_json(text, limits)
        } else {
            Self::read_compact(text, limits).map_err(|rule| rule.of(Subject::Jwe))
        }
    }

    /// Reads a JWE out of JSON that something else has parsed, within the default [`Limits`].
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn from_value(value: &Value) -> Result<Self, ParseError> {
        Self::read_json(&value.to_string(), &Limits::DEFAULT)
    }

    fn read_compact(text: &str, limits: &Limits) -> Result<Self, Rule> {
        let segments = compact::split(text)?;
        let protected = compact::header(segments.header, limits)?;
        check_headers(&protected, None, None)?;
        let octets = |text: &str| base64url::decode(text.as_bytes());
        let encrypted_key = octets(segments.encrypted_key)?;
        let recipient = RecipientPart { header: None, encrypted_key, other: Vec::new() };
        Ok(Self {
            protected_text: segments.header.into(),
            protected,
            shared: None,
            slots: alloc::vec![Slot::Recipient(recipient)],
            aad_text: None,
            aad: None,
            iv: octets(segments.iv)?,
            ciphertext: octets(segments.ciphertext)?,
            tag: octets(segments.tag)?,
            other: Vec::new(),
        })
    }

    fn read_json(text: &str, limits: &Limits) -> Result<Self, ParseError> {
        let outside = |rule: Rule| rule.of(Subject::JweJson);
        if text.len() > limits.token {
            return Err(outside(Rule::TooLong { limit: limits.token }));
        }
        // As deep as can be: what is nested too deep is refused with its own recipient below.
        let object = Object::parse_outermost(text, Limits::MAX_DEPTH).map_err(outside)?;
        let has = |member| object.get(member).is_some();
        let exclusive = RECIPIENT.iter().map(|member| ("recipients", *member));
        let signed = ["signature", "signatures", "payload"].map(|member| ("ciphertext", member));
        for (member, other) in exclusive.chain(signed) {
            if has(member) && has(other) {
                return Err(outside(Rule::Exclusive { member, other }));
            }
        }
        let inside = |rule: Rule| rule.of(Subject::Jwe);
        let mut jwe = Self::read_outer(&object, limits).map_err(inside)?;
        if has("recipients") {
            jwe.slots = jwe.read_slots(&object, limits)?;
        } else {
            let recipient = RecipientPart::read(&object, limits).map_err(inside)?;
            jwe.check(&recipient).map_err(inside)?;
            jwe.slots.push(Slot::Recipient(recipient));
        }
        jwe.other = others(&object, &OUTER);
        for (_, json) in &jwe.other {
            json::check(json, limits.header_depth).map_err(outside)?;
        }
        Ok(jwe)
    }

    fn read_outer<S: AsRef<str>>(object: &Object<S>, limits: &Limits) -> Result<Self, Rule> {
        let mut protected = Header::new();
        let protected_text =
            non_empty_string(object, "protected")?.unwrap_or_default().into_owned();
        if !protected_text.is_empty() {
            protected = compact::header(&protected_text, limits)?;
            absent_if_empty("protected", &protected)?;
        }
        let shared = object.get("unprotected").map(|json| {
            Unprotected::read("unprotected", json.into(), limits, Header::parse_encrypted)
        });
        let octets = |member| -> Result<Vec<u8>, Rule> {
            let text: Cow<'_, str> = non_empty_string(object, member)?.unwrap_or_default();
            base64url::decode(text.as_bytes())
        };
        let ciphertext =
            string(object, "ciphertext")?.ok_or(Rule::Missing { member: "ciphertext" })?;
        let aad_text = non_empty_string(object, "aad")?.map(Cow::into_owned);
        let aad = aad_text.as_ref().map(|text| base64url::decode(text.as_bytes())).transpose()?;
        Ok(Self {
            protected_text,
            protected,
            shared: shared.transpose()?,
            slots: Vec::new(),
            aad_text,
            aad,
            iv: octets("iv")?,
            ciphertext: base64url::decode(ciphertext.as_bytes())?,
            tag: octets("tag")?,
            other: Vec::new(),
        })
    }

    fn read_slots<S: AsRef<str>>(
        &self,
        object: &Object<S>,
        limits: &Limits,
    ) -> Result<Vec<Slot>, ParseError> {
        let elements = elements(object, "recipients", limits.recipients)
            .map_err(|rule| rule.of(Subject::JweJson))?;
        let mut slots = Vec::with_capacity(elements.len());
        let (mut first_error, mut readable) = (None, false);
        for json in elements {
            let read = RecipientPart::parse(json, limits)
                .and_then(|recipient| self.check(&recipient).map(|()| recipient));
            slots.push(match read {
                Ok(recipient) => {
                    readable = true;
                    Slot::Recipient(recipient)
                }
                Err(rule) => {
                    let error = rule.of(Subject::Jwe);
                    first_error.get_or_insert(error);
                    Slot::Malformed { json: json.into(), error }
                }
            });
        }
        match first_error {
            Some(error) if !readable => Err(error),
            _ => Ok(slots),
        }
    }

    fn check(&self, recipient: &RecipientPart) -> Result<(), Rule> {
        check_headers(&self.protected, self.shared_header(), recipient.header())
    }

    fn shared_header(&self) -> Option<&Header> {
        self.shared.as_ref().map(|shared| &shared.header)
    }

    /// The recipients, in order; an error for one that cannot be read.
    pub fn recipients(&self) -> impl Iterator<Item = Result<Encrypted<'_>, ParseError>> {
        self.slots.iter().enumerate().map(|(index, slot)| match slot {
            Slot::Malformed { error, .. } => Err(*error),
            Slot::Recipient(recipient) => Ok(Encrypted::new(
                (index, self.slots.len()),
                &self.protected,
                self.shared_header(),
                recipient.header(),
                &recipient.encrypted_key,
                Content {
                    authenticated: authenticated(&self.protected_text, self.aad_text.as_deref()),
                    aad: self.aad.as_deref(),
                    iv: Cow::Borrowed(&self.iv),
                    ciphertext: Cow::Borrowed(&self.ciphertext),
                    tag: Cow::Borrowed(&self.tag),
                },
            )),
        })
    }

    /// Decrypts the content for the first recipient that one of `keys` is, under the default
    /// [`Policy`].
    ///
    /// # Errors
    ///
    /// As [`decrypt_with`](Self::decrypt_with).
    pub fn decrypt(&self, keys: &(impl KeyResolver + ?Sized)) -> Result<Decrypted<Vec<u8>>, Error> {
        self.decrypt_with(keys, &Policy::new())
    }

    /// Decrypts the content for the first recipient that one of `keys` is.
    ///
    /// The work is bounded by [`Limits::tries`], whatever the number of recipients.
    ///
    /// # Errors
    ///
    /// As [`Encrypted::decrypt_with`]. [`DecryptError::Header`] also for several recipients of which one
    /// has an algorithm that leaves no room for others: `dir` or `ECDH-ES` alone.
    pub fn decrypt_with(
        &self,
        keys: &(impl KeyResolver + ?Sized),
        policy: &Policy,
    ) -> Result<Decrypted<Vec<u8>>, Error> {
        let (mut refusal, mut tries) = (None, policy.ceilings().tries);
        for recipient in self.recipients() {
            let recipient = match recipient {
                Ok(recipient) => recipient,
                Err(error) => {
                    refusal = Some(worse(refusal, Error::Parse(error)));
                    continue;
                }
            };
            match recipient.open(keys, policy, &mut tries) {
                Ok(decrypted) => return Ok(decrypted),
                // Nothing but a plaintext is read there: it was decrypted, and no other recipient has another one.
                Err(error @ Error::Parse(_)) => return Err(error),
                Err(error) => refusal = Some(worse(refusal, error)),
            }
            if tries == 0 {
                break;
            }
        }
        Err(refusal.unwrap_or(Error::Decrypt(DecryptError::Failed)))
    }

    /// This JWE as `header.encrypted_key.iv.ciphertext.tag` (RFC 7516 §7.1).
    ///
    /// # Errors
    ///
    /// [`SerializationError`] for what the compact serialization cannot hold: several recipients, an
    /// unprotected header, additional data, other members.
    pub fn to_compact(&self) -> Result<String, SerializationError> {
        let recipient = self.only()?;
        if self.shared.is_some() || recipient.header.is_some() {
            return Err(SerializationError::UnprotectedHeader);
        }
        if self.aad.is_some() || !self.other.is_empty() || !recipient.other.is_empty() {
            return Err(SerializationError::OtherMembers);
        }
        let octets = [&recipient.encrypted_key, &self.iv, &self.ciphertext, &self.tag];
        let lens = octets.iter().map(|octets| base64url::encoded_len(octets.len()) + 1);
        let capacity = self.protected_text.len() + lens.sum::<usize>();
        let mut token = String::with_capacity(capacity);
        token.push_str(&self.protected_text);
        for octets in octets {
            token.push('.');
            base64url::encode_into(octets, &mut token);
        }
        Ok(token)
    }

    /// This JWE as a JSON object with one recipient (RFC 7516 §7.2.2).
    ///
    /// # Errors
    ///
    /// [`SerializationError`] if there are several recipients.
    pub fn to_flattened(&self) -> Result<String, SerializationError> {
        let recipient = self.only()?;
        let mut names: Vec<&str> = self.other.iter().map(|(name, _)| name.as_str()).collect();
        names.extend(OUTER);
        names.extend(["payload", "signature", "signatures"]);
        names.sort_unstable();
        let clash = |name: &str| names.binary_search(&name).is_ok();
        if recipient.other.iter().any(|(name, _)| clash(name)) {
            return Err(SerializationError::OtherMembers);
        }
        let mut json = String::new();
        let mut out = Writer::begin(&mut json);
        self.write_headers(&mut out);
        recipient.write(&mut out);
        self.write_content(&mut out);
        for (name, json) in &recipient.other {
            out.json(name, json);
        }
        out.end();
        Ok(json)
    }

    /// This JWE as a JSON object with an array of recipients (RFC 7516 §7.2.1).
    ///
    /// # Errors
    ///
    /// None today; as [`to_flattened`](Self::to_flattened), so that callers need not care.
    pub fn to_general(&self) -> Result<String, SerializationError> {
        let mut json = String::new();
        let mut out = Writer::begin(&mut json);
        self.write_headers(&mut out);
        out.nested("recipients", |out| {
            out.push('[');
            for (index, slot) in self.slots.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                slot.write(out);
            }
            out.push(']');
        });
        self.write_content(&mut out);
        out.end();
        Ok(json)
    }

    fn write_headers(&self, out: &mut Writer<'_>) {
        if !self.protected_text.is_empty() {
            out.text("protected", Some(&self.protected_text));
        }
        if let Some(shared) = &self.shared {
            out.json("unprotected", &shared.json);
        }
    }

    fn write_content(&self, out: &mut Writer<'_>) {
        out.text("aad", self.aad_text.as_deref());
        for (member, octets) in
            [("iv", &self.iv), ("ciphertext", &self.ciphertext), ("tag", &self.tag)]
        {
            if member == "ciphertext" || !octets.is_empty() {
                out.octets(member, Some(octets));
            }
        }
        for (name, json) in &self.other {
            out.json(name, json);
        }
    }

    /// The only recipient.
    fn only(&self) -> Result<&RecipientPart, SerializationError> {
        match self.slots.as_slice() {
            [Slot::Recipient(recipient)] => Ok(recipient),
            [Slot::Malformed { error, .. }] => Err(SerializationError::Malformed(*error)),
            slots => Err(SerializationError::Recipients { count: slots.len() }),
        }
    }
}

/// The Additional Authenticated Data (RFC 7516 §5.1 step 14).
pub(super) fn authenticated<'t>(protected: &'t str, aad: Option<&str>) -> Cow<'t, [u8]> {
    match aad {
        None => Cow::Borrowed(protected.as_bytes()),
        Some(aad) => Cow::Owned([protected, ".", aad].concat().into_bytes()),
    }
}

impl Slot {
    fn write(&self, out: &mut String) {
        match self {
            Self::Malformed { json, .. } => out.push_str(json),
            Self::Recipient(recipient) => {
                let mut out = Writer::begin(out);
                recipient.write(&mut out);
                for (name, json) in &recipient.other {
                    out.json(name, json);
                }
                out.end();
            }
        }
    }
}

impl FromStr for Jwe {
    type Err = ParseError;

    /// As [`parse`](Jwe::parse).
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl fmt::Debug for Jwe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwe")
            .field("protected", &self.protected)
            .field("recipients", &self.slots.len())
            .finish_non_exhaustive()
    }
}
