//! What a verifier accepts beyond its keys.

use alloc::string::String;
use alloc::vec::Vec;

use super::VerifyingKey;
use crate::limits::Limits;

/// What a verifier accepts beyond its keys: ceilings, the extensions it understands, and which of
/// many signatures have to be valid.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    limits: Limits,
    understood: Vec<String>,
    required: Required,
    unprotected_alg: bool,
}

/// Which signatures of a JWS have to be valid. At least one always has to be.
///
/// ```
/// use jose_core::jws::{Policy, Required};
///
/// let two_of_the_keys = Policy::new().require(Required::DistinctKeys(2));
/// let both = Policy::new().require(Required::kids(["notary/1", "seller/7"]));
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Required {
    /// Any one of them.
    #[default]
    Any,
    /// Every one that is there: a signature by a key one does not know is one that is not valid. One
    /// that somebody took out is not missed; [`Kids`](Self::Kids) and
    /// [`DistinctKeys`](Self::DistinctKeys) miss it.
    All,
    /// Those of the keys with these names: the names of the verifier's keys, whatever the headers say.
    /// That two names are not of one key is the verifier's to see to. An empty list is never met.
    Kids(Vec<String>),
    /// Those of so many different keys. A key counts once, however many signatures it made and under
    /// however many names or algorithms the verifier has it.
    ///
    /// Keys are compared by their thumbprint (RFC 7638), and [external](VerifyingKey::external) ones,
    /// which have none, by their `kid`: give them that of their JWK. Two without one count as one.
    /// None at all is never met.
    DistinctKeys(usize),
}

impl Required {
    /// [`Required::Kids`].
    pub fn kids<I: IntoIterator<Item: Into<String>>>(kids: I) -> Self {
        Self::Kids(kids.into_iter().map(Into::into).collect())
    }

    /// Whether it is enough that, out of `total` signatures, those by `signers` are valid.
    pub(super) fn is_met(&self, total: usize, signers: &[&VerifyingKey]) -> bool {
        let met = match self {
            Self::Any => true,
            Self::All => signers.len() == total,
            // An empty list is one that was not filled in.
            Self::Kids(kids) => {
                let signed =
                    |kid: &String| signers.iter().any(|signer| signer.kid() == Some(kid.as_str()));
                !kids.is_empty() && kids.iter().all(signed)
            }
            Self::DistinctKeys(least) => *least > 0 && distinct(signers) >= *least,
        };
        met && !signers.is_empty()
    }
}

fn distinct(signers: &[&VerifyingKey]) -> usize {
    let earlier = |index| signers.iter().take(index);
    let new = |(index, signer): &(usize, &&VerifyingKey)| {
        !earlier(*index).any(|other| other.is_same_key(signer))
    };
    signers.iter().enumerate().filter(new).count()
}

impl Policy {
    /// The default ceilings, no extension, and any signature.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Other ceilings.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Accepts tokens whose `crit` names `parameter`: the caller looks at it and honours it.
    ///
    /// `b64` needs no naming: it changes what is signed, which is this crate's part, and is
    /// understood wherever it is allowed.
    #[must_use]
    pub fn understands(mut self, parameter: impl Into<String>) -> Self {
        self.understood.push(parameter.into());
        self
    }

    /// Which signatures have to be valid.
    #[must_use]
    pub fn require(mut self, required: Required) -> Self {
        self.required = required;
        self
    }

    /// Accepts an `alg` from the unprotected header, as RFC 7515 §10.7 allows and RFC 7520 §4.7
    /// shows.
    ///
    /// Whoever carries such a token can write another name in. Keys are bound to their algorithms
    /// all the same, so this is safe as far as no key is trusted under two of them.
    #[must_use]
    pub const fn accept_unprotected_alg(mut self) -> Self {
        self.unprotected_alg = true;
        self
    }

    /// The ceilings, for [`Jws::parse_within`](super::Jws::parse_within).
    #[must_use]
    pub const fn ceilings(&self) -> &Limits {
        &self.limits
    }

    pub(crate) const fn required(&self) -> &Required {
        &self.required
    }

    pub(super) const fn accepts_unprotected_alg(&self) -> bool {
        self.unprotected_alg
    }

    pub(super) fn is_understood(&self, parameter: &str) -> bool {
        parameter == "b64" || self.understood.iter().any(|own| own == parameter)
    }
}
