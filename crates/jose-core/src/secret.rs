//! Secret octets: wiped when dropped, compared in constant time, never printed.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// Octets that must not leak: a shared key, a private exponent, a seed.
///
/// The memory is overwritten when the value is dropped, `==` takes the same time wherever the
/// first difference is, `Debug` shows the length alone, and there is no `Serialize` and no
/// `Display`. What this type cannot do is wipe copies that others made: the `Vec` it was read
/// from before it came here, registers, or memory that was swapped out.
#[derive(Clone)]
pub struct SecretBytes(Box<[u8]>);

impl SecretBytes {
    /// Takes ownership of `octets`; spare capacity is wiped, not leaked by a reallocation.
    #[must_use]
    pub fn new(mut octets: Vec<u8>) -> Self {
        if octets.len() == octets.capacity() {
            return Self(octets.into_boxed_slice());
        }
        let exact = Self(Box::from(octets.as_slice()));
        octets.zeroize();
        exact
    }

    /// The octets themselves. Of text, such as PEM or JSON, [`core::str::from_utf8`] makes a `&str`.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8] {
        &self.0
    }

    /// The octets as text, if they are UTF-8: a JWK or PEM, say.
    #[must_use]
    pub fn expose_secret_text(&self) -> Option<&str> {
        core::str::from_utf8(&self.0).ok()
    }

    /// Length in octets.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no octets at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl From<Vec<u8>> for SecretBytes {
    fn from(octets: Vec<u8>) -> Self {
        Self::new(octets)
    }
}

impl From<&[u8]> for SecretBytes {
    fn from(octets: &[u8]) -> Self {
        Self(Box::from(octets))
    }
}

impl<const N: usize> From<[u8; N]> for SecretBytes {
    fn from(mut octets: [u8; N]) -> Self {
        let secret = Self(Box::from(octets.as_slice()));
        octets.zeroize();
        secret
    }
}

impl PartialEq for SecretBytes {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretBytes {}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretBytes({} octets)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_length_and_no_octet() {
        let secret = SecretBytes::from([0xAB; 3]);
        assert_eq!(alloc::format!("{secret:?}"), "SecretBytes(3 octets)");
    }

    #[test]
    fn equality_compares_every_octet_and_the_length() {
        let secret = SecretBytes::from([1, 2, 3]);
        assert_eq!(secret, SecretBytes::from([1, 2, 3]));
        assert_ne!(secret, SecretBytes::from([1, 2, 4]));
        assert_ne!(secret, SecretBytes::from([1, 2]));
    }

    #[test]
    fn spare_capacity_is_dropped_on_construction() {
        let mut octets = Vec::with_capacity(64);
        octets.extend_from_slice(&[7; 32]);
        assert_eq!(SecretBytes::new(octets).len(), 32);
    }
}
