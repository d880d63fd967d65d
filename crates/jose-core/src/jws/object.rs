//! A JWS with any number of signatures, in any serialization (RFC 7515 §7).

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use serde_json::Value;

use super::entry::{self, Entry};
use super::payload::Payload;
use super::sign::Headers;
use super::verify::SigningInput;
use super::{
    Error, KeyResolver, Outcome, Outcomes, Policy, SerializationError, SignError, SigningKey,
    Unsigned, Unverified, Verified, compact,
};
use crate::base64url;
use crate::error::{ParseError, Rule, Subject};
use crate::header::Header;
use crate::json::{self, Object};
use crate::jwa::SignatureAlgorithm;
use crate::limits::Limits;
use crate::member::Writer;
use crate::serialization::{elements, is_json, others, string};

/// A JWS with any number of signatures: made, read, added to and written in any serialization.
///
/// Nothing in it is verified. A compact token is one with a single signature and nothing
/// unprotected; where that is all there is, [`sign`](super::sign) and [`verify`](super::verify) are
/// shorter.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use jose_rustcrypto::BACKEND;
/// use jose_core::jws::{Jws, Policy, Required, SigningKey, VerifyingKeys};
/// use jose_core::{Alg, Jwk, JwkSet};
///
/// let seller = Jwk::generate(Alg::ES256, BACKEND)?;
/// let notary = Jwk::generate(Alg::Ed25519, BACKEND)?;
///
/// let json = Jws::new("paid in full")
///     .sign(&SigningKey::from_jwk(&seller, BACKEND)?)?
///     .sign(&SigningKey::from_jwk(&notary, BACKEND)?)?
///     .to_general()?;
///
/// let published = JwkSet::new([seller, notary]).to_public();
/// let keys = VerifyingKeys::from_jwks(&published, &[Alg::ES256, Alg::Ed25519], BACKEND);
/// let both = Policy::new().require(Required::DistinctKeys(2));
/// let receipt = Jws::parse(&json)?.verify_with(&keys, &both)?;
/// assert_eq!(receipt.content(), b"paid in full");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Jws {
    /// Whether the payload is signed in base64url, as all signatures agree.
    encoded: bool,
    payload: Carried,
    slots: Vec<Slot>,
    /// Members of the outermost object with no meaning here, as JSON text.
    other: Vec<(String, String)>,
}

/// Where the payload is.
#[derive(Clone)]
enum Carried {
    Attached(Payload),
    /// Left out when this is written, and known only if it was brought back or never gone.
    Detached(Option<Payload>),
    /// A compact token with nothing between its dots: an empty payload, or one that is elsewhere
    /// (RFC 7515 appendix F). The text does not tell.
    Nothing,
}

/// A place in the array of signatures.
#[derive(Clone)]
enum Slot {
    Signature(Box<Entry>),
    /// Not readable, and written again as it came.
    Malformed {
        json: String,
        error: ParseError,
    },
}

/// The ways to write a JWS (RFC 7515 §7).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Serialization {
    /// `header.payload.signature` (§7.1).
    Compact,
    /// A JSON object with one signature among its members (§7.2.2).
    Flattened,
    /// A JSON object with an array of signatures (§7.2.1).
    General,
}

impl Serialization {
    /// Tells in which serialization a JWS is written, by its outermost structure alone.
    ///
    /// No text has the structure of two: a compact token begins with base64url and not with a brace,
    /// and an object with the members of both JSON serializations is neither.
    ///
    /// # Errors
    ///
    /// [`ParseError`] for what is none of them, a JWE among others.
    pub fn detect(input: impl AsRef<[u8]>) -> Result<Self, ParseError> {
        let text = json::text(input.as_ref()).map_err(|rule| rule.of(Subject::Jws))?;
        if !is_json(text) {
            compact::split(text).map_err(|rule| rule.of(Subject::Jws))?;
            return Ok(Self::Compact);
        }
        Object::parse_outermost(text, Limits::MAX_DEPTH)
            .and_then(|object| Self::of(&object))
            .map_err(|rule| rule.of(Subject::JwsJson))
    }

    fn of<S: AsRef<str>>(object: &Object<S>) -> Result<Self, Rule> {
        let has = |member| object.get(member).is_some();
        // RFC 7516 §9: an encrypted token has a ciphertext. One that has both is taken for neither.
        let exclusive = entry::MEMBERS.iter().map(|member| ("signatures", *member));
        for (member, other) in
            exclusive.chain([("signature", "ciphertext"), ("signatures", "ciphertext")])
        {
            if has(member) && has(other) {
                return Err(Rule::Exclusive { member, other });
            }
        }
        match (has("signatures"), has("signature")) {
            (true, _) => Ok(Self::General),
            (false, true) => Ok(Self::Flattened),
            (false, false) => Err(Rule::Missing { member: "signatures" }),
        }
    }
}

impl Jws {
    /// A JWS over `payload`, with no signature yet.
    #[must_use]
    pub fn new(payload: impl Into<Vec<u8>>) -> Self {
        Self::over(payload.into(), true)
    }

    /// A JWS over `payload` as it is, not in base64url (RFC 7797): its signatures have `b64` false,
    /// and `crit` says so.
    ///
    /// Any octets can be signed. Which of them can be written without being
    /// [detached](Self::detach) depends on the serialization: UTF-8 in JSON, and printable ASCII
    /// without dots in the compact one.
    #[must_use]
    pub fn unencoded(payload: impl Into<Vec<u8>>) -> Self {
        Self::over(payload.into(), false)
    }

    fn over(payload: Vec<u8>, encoded: bool) -> Self {
        let payload = Carried::Attached(Payload::new(payload, encoded));
        Self { payload, ..Self::elsewhere(encoded) }
    }

    /// A JWS whose payload is elsewhere, with no signature yet.
    pub(super) fn elsewhere(encoded: bool) -> Self {
        let (slots, other) = (Vec::new(), Vec::new());
        Self { encoded, payload: Carried::Detached(None), slots, other }
    }

    /// Reads a JWS in any serialization, within the default [`Limits`].
    ///
    /// # Errors
    ///
    /// [`ParseError`] for what has no serialization's structure, for more signatures than the limit,
    /// for signatures that do not agree on `b64`, and if no signature can be read. One signature
    /// that cannot be read is no error while others can: it is [never valid](Self::verify), and is
    /// written again as it came. Unknown members are ignored, if they are JSON as strict as the rest.
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
            return Err(Rule::TooLong { limit: limits.token }.of(Subject::Jws));
        }
        let text = json::text(octets).map_err(|rule| rule.of(Subject::Jws))?;
        if is_json(text) {
            Self::read_json(text, limits)
        } else {
            Self::read_compact(text, limits).map_err(|rule| rule.of(Subject::Jws))
        }
    }

    /// Reads a JWS out of JSON that something else has parsed, within the default [`Limits`].
    ///
    /// Prefer the text itself: a parser that keeps the last of two members with one name has
    /// already made a choice here.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn from_value(value: &Value) -> Result<Self, ParseError> {
        Self::read_json(&value.to_string(), &Limits::DEFAULT)
    }

    fn read_compact(text: &str, limits: &Limits) -> Result<Self, Rule> {
        let token = Unverified::read(text, limits)?;
        let segments = compact::split(text)?;
        let entry = Entry {
            protected_text: segments.header.into(),
            protected: token.protected().clone(),
            unprotected: None,
            signature: token.signature().into(),
            other: Vec::new(),
        };
        let encoded = entry.is_encoded();
        Ok(Self {
            payload: match segments.payload {
                "" => Carried::Nothing,
                text => Carried::Attached(Payload::read(text.into(), encoded)?),
            },
            slots: alloc::vec![Slot::Signature(Box::new(entry))],
            ..Self::elsewhere(encoded)
        })
    }

    fn read_json(text: &str, limits: &Limits) -> Result<Self, ParseError> {
        let outside = |rule: Rule| rule.of(Subject::JwsJson);
        if text.len() > limits.token {
            return Err(Rule::TooLong { limit: limits.token }.of(Subject::Jws));
        }
        // As deep as can be parsed: what is nested too deep for a header is refused with its own
        // signature below.
        let object = Object::parse_outermost(text, Limits::MAX_DEPTH).map_err(outside)?;
        let mut other = others(&object, &["payload", "signatures"]);
        let slots = if Serialization::of(&object).map_err(outside)? == Serialization::General {
            read_slots(&object, limits)?
        } else {
            other.retain(|(name, _)| !entry::MEMBERS.contains(&name.as_str()));
            let entry = Entry::read(&object, limits).map_err(|rule| rule.of(Subject::Jws))?;
            alloc::vec![Slot::Signature(Box::new(entry))]
        };
        for (_, json) in &other {
            json::check(json, limits.header_depth).map_err(outside)?;
        }
        // One whose `crit` is wrong is never valid, and has no say in how the payload is read.
        let entries = || slots.iter().filter_map(Slot::entry);
        let counts = |entry: &&Entry| entry.protected.check_crit(|_| true).is_ok();
        let mut encodings = entries().filter(counts).map(Entry::is_encoded);
        let first = entries().next().is_none_or(Entry::is_encoded);
        let encoded = encodings.next().unwrap_or(first);
        // A payload that is to be read in two ways says two things.
        if encodings.any(|other| other != encoded) {
            return Err(outside(Rule::Inconsistent { member: "b64" }));
        }
        let payload = string(&object, "payload").map_err(outside)?.map(|text| {
            Payload::read(text.into_owned(), encoded).map_err(|rule| rule.of(Subject::Jws))
        });
        let payload = payload.transpose()?.map_or(Carried::Detached(None), Carried::Attached);
        Ok(Self { encoded, payload, slots, other })
    }

    /// This JWS with its payload, which was detached from it (RFC 7515 appendix F). It is written with
    /// it, unless [detached](Self::detach) again.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if it has a payload already.
    pub fn with_payload(mut self, payload: impl Into<Vec<u8>>) -> Result<Self, ParseError> {
        self.refuse_payload()?;
        self.payload = Carried::Attached(Payload::new(payload.into(), self.encoded));
        Ok(self)
    }

    /// Leaves the payload out when this is written (RFC 7515 appendix F).
    pub fn detach(&mut self) -> &mut Self {
        self.payload = match core::mem::replace(&mut self.payload, Carried::Nothing) {
            Carried::Attached(payload) => Carried::Detached(Some(payload)),
            Carried::Nothing => Carried::Detached(None),
            detached @ Carried::Detached(_) => detached,
        };
        self
    }

    /// Adds a signature by `key`; those that are there stay as they are. Its protected header is
    /// [`SigningKey::header`].
    ///
    /// # Errors
    ///
    /// As [`sign_with`](Self::sign_with).
    pub fn sign(&mut self, key: &SigningKey) -> Result<&mut Self, SignError> {
        self.sign_with(&key.header(), None, key)
    }

    /// Adds a signature by `key`, under headers of the caller's.
    ///
    /// `alg` is added to the protected header unless one of them has it. What is in the unprotected
    /// one is not signed: anyone can change it.
    ///
    /// # Errors
    ///
    /// [`SignError::Header`] and [`SignError::Critical`] for headers that no verifier would take, and
    /// for more signatures than one would by default; [`SignError::Key`] if they name another `alg` than the key's, [`SignError::NoPayload`] if
    /// the payload is, or may be, elsewhere, [`SignError::Unavailable`] and [`SignError::Length`] if there was
    /// no signature, or none of this algorithm.
    pub fn sign_with<'h>(
        &mut self,
        protected: &Header,
        unprotected: impl Into<Option<&'h Header>>,
        key: &SigningKey,
    ) -> Result<&mut Self, SignError> {
        let payload = self.may_be_signed()?;
        let headers = Headers::lay_out(key.alg(), protected, unprotected.into(), self.encoded)?;
        let protected = headers.protected_text();
        let signature = key.sign(SigningInput::of(&protected, payload.signed()).parts())?;
        self.push(protected, headers.unprotected, signature)?;
        Ok(self)
    }

    /// A signature for a key that is held elsewhere to make; it is added by
    /// [`attach`](Self::attach). Any number may be under way at once.
    ///
    /// # Errors
    ///
    /// As [`sign_with`](Self::sign_with), but for the signature.
    pub fn unsigned<'h>(
        &self,
        alg: SignatureAlgorithm,
        protected: &Header,
        unprotected: impl Into<Option<&'h Header>>,
    ) -> Result<Unsigned, SignError> {
        let payload = self.may_be_signed()?;
        let headers = Headers::lay_out(alg, protected, unprotected.into(), self.encoded)?;
        Ok(Unsigned::over_signed(alg, headers, payload.signed()))
    }

    /// Adds the signature that was made for `unsigned`, in JWS encoding: for ECDSA r ‖ s.
    ///
    /// Nothing is verified here.
    ///
    /// # Errors
    ///
    /// [`SignError::Length`] if the algorithm's signatures have another length,
    /// [`SignError::OtherPayload`] if `unsigned` is not of this JWS.
    pub fn attach(&mut self, unsigned: Unsigned, signature: &[u8]) -> Result<&mut Self, SignError> {
        let payload = self.may_be_signed()?;
        unsigned.check_len(signature)?;
        let (protected, unprotected) = unsigned.into_headers(payload.signed(), self.encoded)?;
        self.push(protected, unprotected, signature.into())?;
        Ok(self)
    }

    /// As [`attach`](Self::attach), for an ECDSA signature in ASN.1 DER, as key services answer it.
    ///
    /// # Errors
    ///
    /// As [`attach`](Self::attach); [`SignError::Length`] also for what is no such DER, or if the
    /// algorithm is not ECDSA.
    pub fn attach_der(&mut self, unsigned: Unsigned, der: &[u8]) -> Result<&mut Self, SignError> {
        let signature = unsigned.der_to_fixed(der)?;
        self.attach(unsigned, &signature)
    }

    /// The payload, if there is one and room for another signature.
    fn may_be_signed(&self) -> Result<&Payload, SignError> {
        let limit = Limits::DEFAULT.signatures;
        if self.slots.len() >= limit {
            return Err(SignError::Header(Rule::TooMany { limit }.of(Subject::JwsJson)));
        }
        self.payload.get().ok_or(SignError::NoPayload)
    }

    pub(super) fn push(
        &mut self,
        protected: String,
        unprotected: Option<String>,
        signature: Vec<u8>,
    ) -> Result<(), SignError> {
        // Read as a verifier will: what would be refused there has been refused before the key was asked.
        let entry = Entry::new(protected, unprotected, signature, &Limits::DEFAULT)
            .map_err(|rule| SignError::Header(rule.of(Subject::Jws)))?;
        self.slots.push(Slot::Signature(Box::new(entry)));
        Ok(())
    }

    /// The signatures, in order, none of them verified; an error for one that cannot be read.
    pub fn signatures(&self) -> impl Iterator<Item = Result<Unverified<'_>, ParseError>> {
        self.slots.iter().enumerate().map(|(index, slot)| match slot {
            Slot::Malformed { error, .. } => Err(*error),
            Slot::Signature(entry) => {
                let nothing = matches!(self.payload, Carried::Nothing).then_some(&[][..]);
                let payload = self.payload.get();
                let signed = payload.map(Payload::signed).or(nothing);
                Ok(Unverified::new(
                    (index, self.slots.len()),
                    &entry.protected,
                    entry.unprotected_header(),
                    SigningInput::of(&entry.protected_text, signed.unwrap_or_default()),
                    payload.map(Payload::octets).or(nothing),
                    &entry.signature,
                ))
            }
        })
    }

    /// Accepts the payload if any one of the signatures is valid, under the default [`Policy`].
    ///
    /// # Errors
    ///
    /// As [`verify_with`](Self::verify_with).
    pub fn verify(&self, keys: &(impl KeyResolver + ?Sized)) -> Result<Verified<Vec<u8>>, Error> {
        self.verify_with(keys, &Policy::default())
    }

    /// Accepts the payload if the signatures that `policy` [requires](Policy::require) are valid.
    ///
    /// # Errors
    ///
    /// [`Error::Parse`] if the payload is elsewhere; else as [`Outcomes::into_verified`].
    pub fn verify_with(
        &self,
        keys: &(impl KeyResolver + ?Sized),
        policy: &Policy,
    ) -> Result<Verified<Vec<u8>>, Error> {
        self.check(keys, policy)?.into_verified()
    }

    /// Checks every signature. One that is malformed, or by a key one does not know, hides none of
    /// the others.
    ///
    /// The costs are bounded by [`Limits::signatures`] and [`Limits::tries`].
    ///
    /// # Errors
    ///
    /// [`ParseError`] if the payload is elsewhere.
    pub fn check(
        &self,
        keys: &(impl KeyResolver + ?Sized),
        policy: &Policy,
    ) -> Result<Outcomes, ParseError> {
        let content = match &self.payload {
            Carried::Attached(payload) | Carried::Detached(Some(payload)) => payload.octets(),
            Carried::Nothing => &[],
            Carried::Detached(None) => return Err(NO_PAYLOAD),
        };
        let outcomes = self.signatures().enumerate().map(|(index, signature)| match signature {
            Ok(signature) => signature.outcome(keys, policy),
            Err(error) => Outcome::malformed(index, error),
        });
        Ok(Outcomes::new(outcomes.collect(), policy.required().clone(), content.into()))
    }

    /// This JWS as `header.payload.signature` (RFC 7515 §7.1).
    ///
    /// # Errors
    ///
    /// [`SerializationError`] for what the compact serialization cannot hold: no signature or
    /// several, an unprotected header, other members, and a payload that is neither encoded nor
    /// [detached](Self::detach) and has more to it than printable ASCII without dots.
    pub fn to_compact(&self) -> Result<String, SerializationError> {
        let entry = self.only()?;
        if entry.unprotected.is_some() {
            return Err(SerializationError::UnprotectedHeader);
        }
        if !self.other.is_empty() || !entry.other.is_empty() {
            return Err(SerializationError::OtherMembers);
        }
        let payload = match &self.payload {
            Carried::Attached(payload) => payload.segment().ok_or(SerializationError::Payload)?,
            Carried::Detached(_) | Carried::Nothing => "",
        };
        let signature = base64url::encode(&entry.signature);
        Ok([&entry.protected_text, payload, &signature].join("."))
    }

    /// This JWS as a JSON object with one signature (RFC 7515 §7.2.2).
    ///
    /// # Errors
    ///
    /// [`SerializationError`] for what the flattened serialization cannot hold: no signature or
    /// several, and a payload that is neither encoded nor [detached](Self::detach) and not UTF-8; and
    /// [`SerializationError::NoPayload`] where it is not known whether there is one.
    pub fn to_flattened(&self) -> Result<String, SerializationError> {
        let entry = self.only()?;
        // What stood beside the signature would stand beside the payload.
        let mut names: Vec<&str> = self.other.iter().map(|(name, _)| name.as_str()).collect();
        names.extend(["payload", "signatures", "ciphertext"]);
        names.sort_unstable();
        let clash = |name: &str| names.binary_search(&name).is_ok();
        if entry.other.iter().any(|(name, _)| clash(name)) {
            return Err(SerializationError::OtherMembers);
        }
        let mut json = String::new();
        let mut out = Writer::begin(&mut json);
        self.write_payload(&mut out)?;
        entry.write(&mut out);
        for (name, json) in self.other.iter().chain(&entry.other) {
            out.json(name, json);
        }
        out.end();
        Ok(json)
    }

    /// This JWS as a JSON object with an array of signatures (RFC 7515 §7.2.1).
    ///
    /// # Errors
    ///
    /// [`SerializationError`] if there is no signature, or the payload is neither encoded nor
    /// [detached](Self::detach) and not UTF-8; and [`SerializationError::NoPayload`] where it is not
    /// known whether there is one.
    pub fn to_general(&self) -> Result<String, SerializationError> {
        if self.slots.is_empty() {
            return Err(SerializationError::Signatures { count: 0 });
        }
        let mut json = String::new();
        let mut out = Writer::begin(&mut json);
        self.write_payload(&mut out)?;
        out.nested("signatures", |out| {
            out.push('[');
            for (index, slot) in self.slots.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                slot.write(out);
            }
            out.push(']');
        });
        for (name, json) in &self.other {
            out.json(name, json);
        }
        out.end();
        Ok(json)
    }

    fn write_payload(&self, out: &mut Writer<'_>) -> Result<(), SerializationError> {
        match &self.payload {
            Carried::Attached(payload) => {
                out.text("payload", Some(payload.text().ok_or(SerializationError::Payload)?));
                Ok(())
            }
            Carried::Detached(_) => Ok(()),
            Carried::Nothing => Err(SerializationError::NoPayload),
        }
    }

    /// The only signature.
    fn only(&self) -> Result<&Entry, SerializationError> {
        match self.slots.as_slice() {
            [Slot::Signature(entry)] => Ok(entry),
            [Slot::Malformed { error, .. }] => Err(SerializationError::Malformed(*error)),
            slots => Err(SerializationError::Signatures { count: slots.len() }),
        }
    }

    pub(super) const fn is_encoded(&self) -> bool {
        self.encoded
    }

    /// Refuses to be given a payload if there is one already: of two, nobody could say which was
    /// signed.
    pub(super) fn refuse_payload(&self) -> Result<(), ParseError> {
        match self.payload {
            Carried::Detached(None) | Carried::Nothing => Ok(()),
            Carried::Attached(_) | Carried::Detached(Some(_)) => {
                let rule = Rule::Value { member: "payload", expected: "absent if given apart" };
                Err(rule.of(Subject::Jws))
            }
        }
    }
}

impl Carried {
    const fn get(&self) -> Option<&Payload> {
        match self {
            Self::Attached(payload) | Self::Detached(Some(payload)) => Some(payload),
            Self::Detached(None) | Self::Nothing => None,
        }
    }
}

/// What is left to say of a payload that is elsewhere.
pub(super) const NO_PAYLOAD: ParseError = Rule::Missing { member: "payload" }.of(Subject::JwsJson);

fn read_slots<S: AsRef<str>>(object: &Object<S>, limits: &Limits) -> Result<Vec<Slot>, ParseError> {
    let outside = |rule: Rule| rule.of(Subject::JwsJson);
    let elements = elements(object, "signatures", limits.signatures).map_err(outside)?;
    let mut slots = Vec::with_capacity(elements.len());
    let mut first_error = None;
    for json in elements {
        slots.push(match Entry::parse(json, limits) {
            Ok(entry) => Slot::Signature(Box::new(entry)),
            Err(rule) => {
                let error = rule.of(Subject::Jws);
                first_error.get_or_insert(error);
                Slot::Malformed { json: json.into(), error }
            }
        });
    }
    match first_error {
        Some(error) if slots.iter().all(|slot| slot.entry().is_none()) => Err(error),
        _ => Ok(slots),
    }
}

impl Slot {
    fn entry(&self) -> Option<&Entry> {
        match self {
            Self::Signature(entry) => Some(entry),
            Self::Malformed { .. } => None,
        }
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Malformed { json, .. } => out.push_str(json),
            Self::Signature(entry) => {
                let mut out = Writer::begin(out);
                entry.write(&mut out);
                for (name, json) in &entry.other {
                    out.json(name, json);
                }
                out.end();
            }
        }
    }
}

impl FromStr for Jws {
    type Err = ParseError;

    /// As [`parse`](Jws::parse).
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl fmt::Debug for Jws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // With its payload and signatures it would be a token for anyone to use.
        f.debug_struct("Jws")
            .field("encoded", &self.encoded)
            .field("payload", &self.payload.get().is_some())
            .field("signatures", &self.slots.len())
            .finish_non_exhaustive()
    }
}
