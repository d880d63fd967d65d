//! Header parameters of encrypted tokens (RFC 7516 §4.1, RFC 7518 §4.6-4.8).

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::public_key;
use crate::error::Rule;
use crate::jwk::Jwk;
use crate::member::{self, Writer};

/// Header parameters of encrypted tokens (RFC 7516 §4.1, RFC 7518 §4.6-4.8).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct EncryptionParams {
    pub(crate) enc: Option<String>,
    pub(crate) zip: Option<String>,
    pub(crate) epk: Option<Jwk>,
    pub(crate) apu: Option<Vec<u8>>,
    pub(crate) apv: Option<Vec<u8>>,
    pub(crate) iv: Option<Vec<u8>>,
    pub(crate) tag: Option<Vec<u8>>,
    pub(crate) p2s: Option<Vec<u8>>,
    pub(crate) p2c: Option<u64>,
}

impl EncryptionParams {
    /// Whether a parameter of that name is one of these.
    pub(crate) fn has(name: &str) -> bool {
        matches!(name, "apu" | "apv" | "enc" | "epk" | "iv" | "p2c" | "p2s" | "tag" | "zip")
    }

    /// The parameters of both; where both have one, that of `self`.
    pub(super) fn joined(self, other: Self) -> Self {
        Self {
            enc: self.enc.or(other.enc),
            zip: self.zip.or(other.zip),
            epk: self.epk.or(other.epk),
            apu: self.apu.or(other.apu),
            apv: self.apv.or(other.apv),
            iv: self.iv.or(other.iv),
            tag: self.tag.or(other.tag),
            p2s: self.p2s.or(other.p2s),
            p2c: self.p2c.or(other.p2c),
        }
    }

    /// The names of those that are there.
    pub(super) fn names(&self) -> Vec<&'static str> {
        let names = [
            ("apu", self.apu.is_some()),
            ("apv", self.apv.is_some()),
            ("enc", self.enc.is_some()),
            ("epk", self.epk.is_some()),
            ("iv", self.iv.is_some()),
            ("p2c", self.p2c.is_some()),
            ("p2s", self.p2s.is_some()),
            ("tag", self.tag.is_some()),
            ("zip", self.zip.is_some()),
        ];
        names.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
    }

    pub(super) fn read(&mut self, name: &str, json: &str) -> Result<(), Rule> {
        match name {
            "apu" => self.apu = Some(member::octets("apu", json)?),
            "apv" => self.apv = Some(member::octets("apv", json)?),
            "enc" => self.enc = Some(member::text("enc", json)?),
            "epk" => self.epk = Some(public_key("epk", json)?),
            "iv" => self.iv = Some(member::octets("iv", json)?),
            "p2c" => {
                let expected = "a positive integer";
                let count = json.parse().ok().filter(|count| *count > 0);
                self.p2c = Some(count.ok_or(Rule::Type { member: "p2c", expected })?);
            }
            "p2s" => self.p2s = Some(member::octets("p2s", json)?),
            "tag" => self.tag = Some(member::octets("tag", json)?),
            _ => self.zip = Some(member::text("zip", json)?),
        }
        Ok(())
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.text("enc", self.enc());
        out.text("zip", self.zip());
        if let Some(epk) = self.epk() {
            out.nested("epk", |out| epk.write(out));
        }
        out.octets("apu", self.apu());
        out.octets("apv", self.apv());
        out.octets("iv", self.iv());
        out.octets("tag", self.tag());
        out.octets("p2s", self.p2s());
        if let Some(count) = self.p2c {
            out.json("p2c", &count.to_string());
        }
    }

    /// `enc`: the content encryption algorithm, as named by the token.
    #[must_use]
    pub fn enc(&self) -> Option<&str> {
        self.enc.as_deref()
    }

    /// `zip`: the compression applied before encryption.
    #[must_use]
    pub fn zip(&self) -> Option<&str> {
        self.zip.as_deref()
    }

    /// `epk`: the sender's ephemeral public key.
    #[must_use]
    pub const fn epk(&self) -> Option<&Jwk> {
        self.epk.as_ref()
    }

    /// `apu`: what identifies the sender in a key agreement, decoded.
    #[must_use]
    pub fn apu(&self) -> Option<&[u8]> {
        self.apu.as_deref()
    }

    /// `apv`: what identifies the recipient in a key agreement, decoded.
    #[must_use]
    pub fn apv(&self) -> Option<&[u8]> {
        self.apv.as_deref()
    }

    /// `iv`: the initialization vector of the key encryption, decoded.
    #[must_use]
    pub fn iv(&self) -> Option<&[u8]> {
        self.iv.as_deref()
    }

    /// `tag`: the authentication tag of the key encryption, decoded.
    #[must_use]
    pub fn tag(&self) -> Option<&[u8]> {
        self.tag.as_deref()
    }

    /// `p2s`: the salt input of a password, decoded.
    #[must_use]
    pub fn p2s(&self) -> Option<&[u8]> {
        self.p2s.as_deref()
    }

    /// `p2c`: the iteration count of a password.
    #[must_use]
    pub const fn p2c(&self) -> Option<u64> {
        self.p2c
    }
}
