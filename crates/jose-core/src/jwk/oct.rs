//! Keys of type `oct`: octets shared by both sides (RFC 7518 §6.4).

use crate::SecretBytes;
use crate::error::Rule;

/// Parameters of an `oct` key (RFC 7518 §6.4).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Oct {
    k: SecretBytes,
}

impl Oct {
    /// A key shared by both sides.
    ///
    /// # Errors
    ///
    /// [`Rule::Value`] for no octets at all: a MAC under such a key is anybody's.
    pub fn new(k: SecretBytes) -> Result<Self, Rule> {
        if k.is_empty() {
            return Err(Rule::Value { member: "k", expected: "at least one octet" });
        }
        Ok(Self { k })
    }

    /// The key.
    #[must_use]
    pub const fn k(&self) -> &SecretBytes {
        &self.k
    }
}
