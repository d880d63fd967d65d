//! What a recipient accepts beyond its keys.

use alloc::string::String;
use alloc::vec::Vec;

use crate::jwa::ContentEncryption;
use crate::limits::{Limits, MAX_P2C, MIN_P2C};

/// What a recipient accepts beyond its keys: ceilings, the extensions it understands, and how the
/// content may be encrypted.
#[derive(Clone, Debug)]
pub struct Policy {
    limits: Limits,
    understood: Vec<String>,
    encs: Vec<ContentEncryption>,
    max_p2c: u32,
    inflate: bool,
    keep_cek: bool,
    unprotected_enc: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}

impl Policy {
    /// The default ceilings, no extension, every content encryption algorithm, nothing compressed.
    #[must_use]
    pub fn new() -> Self {
        Self {
            limits: Limits::DEFAULT,
            understood: Vec::new(),
            encs: ContentEncryption::ALL.into(),
            max_p2c: MAX_P2C,
            inflate: false,
            keep_cek: false,
            unprotected_enc: false,
        }
    }

    /// Other ceilings.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Accepts tokens whose `crit` names `parameter`: the caller looks at it and honours it.
    #[must_use]
    pub fn understands(mut self, parameter: impl Into<String>) -> Self {
        self.understood.push(parameter.into());
        self
    }

    /// Accepts these content encryption algorithms and no others.
    #[must_use]
    pub fn encs(mut self, encs: impl Into<Vec<ContentEncryption>>) -> Self {
        self.encs = encs.into();
        self
    }

    /// Accepts passwords of at most this many rounds, no more than 1 200 000. The fewest are 1000.
    #[must_use]
    pub fn max_p2c(mut self, rounds: u32) -> Self {
        self.max_p2c = rounds.min(MAX_P2C);
        self
    }

    /// Accepts content that was compressed before it was encrypted (`zip`: `DEF`), and inflates it up
    /// to [`Limits::inflated`].
    ///
    /// How long a compressed text is tells of what is in it. Where a stranger has a say in the content
    /// and sees the length, it can be found out bit by bit (RFC 8725 §3.6).
    #[cfg(feature = "deflate")]
    #[must_use]
    pub const fn inflate(mut self) -> Self {
        self.inflate = true;
        self
    }

    /// Keeps the content encryption key, for [`Decrypted::cek`](super::Decrypted::cek).
    #[must_use]
    pub const fn keep_cek(mut self) -> Self {
        self.keep_cek = true;
        self
    }

    /// Accepts an `enc` from an unprotected header, as RFC 7520 §5.12 shows.
    ///
    /// Whoever carries such a token can write another name in, of an algorithm with keys of the same
    /// length.
    #[must_use]
    pub const fn accept_unprotected_enc(mut self) -> Self {
        self.unprotected_enc = true;
        self
    }

    /// The ceilings, for [`Jwe::parse_within`](super::Jwe::parse_within).
    #[must_use]
    pub const fn ceilings(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn is_understood(&self, parameter: &str) -> bool {
        self.understood.iter().any(|own| own == parameter)
    }

    pub(super) fn accepts_enc(&self, enc: ContentEncryption) -> bool {
        self.encs.contains(&enc)
    }

    pub(super) fn accepts_p2c(&self, rounds: u64) -> bool {
        (u64::from(MIN_P2C)..=u64::from(self.max_p2c)).contains(&rounds)
    }

    pub(super) const fn inflates(&self) -> bool {
        self.inflate
    }

    pub(super) const fn keeps_cek(&self) -> bool {
        self.keep_cek
    }

    pub(super) const fn accepts_unprotected_enc(&self) -> bool {
        self.unprotected_enc
    }
}
