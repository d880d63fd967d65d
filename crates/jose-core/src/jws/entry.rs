//! One signature of a JWS with its headers: the members `protected`, `header` and `signature` of
//! RFC 7515 §7.2.

use alloc::string::String;
use alloc::vec::Vec;

use super::compact;
use crate::base64url;
use crate::error::Rule;
use crate::header::Header;
use crate::json::Object;
use crate::limits::Limits;
use crate::member::Writer;
use crate::serialization::{Unprotected, absent_if_empty, non_empty_string, others, string};

/// A signature and its headers, each as it came and as it was read.
#[derive(Clone)]
pub(super) struct Entry {
    /// In base64url; empty if there is no protected header.
    pub(super) protected_text: String,
    pub(super) protected: Header,
    pub(super) unprotected: Option<Unprotected>,
    pub(super) signature: Vec<u8>,
    /// Members with no meaning here, as JSON text.
    pub(super) other: Vec<(String, String)>,
}

/// The members that a signature has.
pub(super) const MEMBERS: [&str; 3] = ["protected", "header", "signature"];

impl Entry {
    pub(super) fn new(
        protected_text: String,
        unprotected: Option<String>,
        signature: Vec<u8>,
        limits: &Limits,
    ) -> Result<Self, Rule> {
        let mut protected = Header::new();
        if !protected_text.is_empty() {
            protected = compact::header(&protected_text, limits)?;
            absent_if_empty("protected", &protected)?;
        }
        let unprotected = unprotected
            .map(|json| Unprotected::read("header", json, limits, Header::parse))
            .transpose()?;
        check(&protected, unprotected.as_ref().map(|unprotected| &unprotected.header))?;
        Ok(Self { protected_text, protected, unprotected, signature, other: Vec::new() })
    }

    /// Reads the members out of an object that may have others.
    pub(super) fn read<S: AsRef<str>>(object: &Object<S>, limits: &Limits) -> Result<Self, Rule> {
        let protected = non_empty_string(object, "protected")?;
        let signature =
            string(object, "signature")?.ok_or(Rule::Missing { member: "signature" })?;
        Self::new(
            protected.unwrap_or_default().into_owned(),
            object.get("header").map(Into::into),
            base64url::decode(signature.as_bytes())?,
            limits,
        )
    }

    /// A signature out of the array of a general serialization.
    pub(super) fn parse(json: &str, limits: &Limits) -> Result<Self, Rule> {
        // The object and the array around it in `header` are not the sender's nesting.
        let object = Object::parse(json, limits.header_depth.saturating_add(1))?;
        let mut entry = Self::read(&object, limits)?;
        entry.other = others(&object, &MEMBERS);
        Ok(entry)
    }

    /// Writes the members in the order of RFC 7515 §7.2.
    pub(super) fn write(&self, out: &mut Writer<'_>) {
        if !self.protected_text.is_empty() {
            out.text("protected", Some(&self.protected_text));
        }
        if let Some(unprotected) = &self.unprotected {
            out.json("header", &unprotected.json);
        }
        out.octets("signature", Some(&self.signature));
    }

    pub(super) fn unprotected_header(&self) -> Option<&Header> {
        self.unprotected.as_ref().map(|unprotected| &unprotected.header)
    }

    /// Whether the payload is encoded, by its protected header (RFC 7797 §3).
    pub(super) fn is_encoded(&self) -> bool {
        self.protected.b64() != Some(false)
    }
}

/// The rules that two headers of one signature are held to, when written and when read: `crit` and
/// `b64` are protected (RFC 7515 §4.1.11, RFC 7797 §3), nothing is in both (RFC 7515 §4), `alg` is
/// in one.
pub(super) fn check(protected: &Header, unprotected: Option<&Header>) -> Result<(), Rule> {
    if let Some(unprotected) = unprotected {
        for (member, there) in
            [("crit", unprotected.crit().is_some()), ("b64", unprotected.b64().is_some())]
        {
            if there {
                return Err(Rule::Unprotected { member });
            }
        }
        if protected.overlaps(unprotected) {
            return Err(Rule::NotDisjoint);
        }
    }
    let alg = protected.alg().or_else(|| unprotected?.alg());
    alg.map(drop).ok_or(Rule::Missing { member: "alg" })
}
