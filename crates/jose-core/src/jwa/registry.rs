//! The registered algorithm names (RFC 7518 §3.1, §4.1, §5.1 and later registrations).

use core::fmt;

use crate::limits::{MAX_RSA_BITS, MIN_RSA_BITS};

/// A hash function of the SHA-2 family.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Hash {
    /// SHA-256: 32 octets.
    Sha256,
    /// SHA-384: 48 octets.
    Sha384,
    /// SHA-512: 64 octets.
    Sha512,
}

impl Hash {
    /// Length of the digest in octets.
    #[must_use]
    pub const fn digest_len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The name in the "Named Information Hash Algorithm" registry: `sha-256` and so on.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha-256",
            Self::Sha384 => "sha-384",
            Self::Sha512 => "sha-512",
        }
    }
}

/// Defines an enum of registered names with its table: `name`, `from_name`, `ALL` and `Display`.
macro_rules! registry {
    (
        $(#[$meta:meta])*
        $type:ident { $($(#[$variant_meta:meta])* $variant:ident = $name:literal,)+ }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[allow(non_camel_case_types, reason = "the registered names, spelled as they are")]
        #[non_exhaustive]
        pub enum $type {
            $($(#[$variant_meta])* $variant,)+
        }

        impl $type {
            /// Every algorithm of this kind, in the order of the registry.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The registered name, as it stands in a header or a key.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// The algorithm of that name; names are case-sensitive (RFC 7515 §4.1.1).
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        #[doc = concat!("The members of [`", stringify!($type), "`], under one roof with all others.")]
        impl Alg {
            $(
                $(#[$variant_meta])*
                #[allow(non_upper_case_globals, reason = "the registered names, spelled as they are")]
                pub const $variant: $type = $type::$variant;
            )+
        }

        impl From<$type> for Alg {
            fn from(alg: $type) -> Self {
                Self::$type(alg)
            }
        }
    };
}

registry! {
    /// A JWS `alg`: a digital signature or a MAC (RFC 7518 §3). There is no `none`.
    SignatureAlgorithm {
        /// HMAC with SHA-256.
        HS256 = "HS256",
        /// HMAC with SHA-384.
        HS384 = "HS384",
        /// HMAC with SHA-512.
        HS512 = "HS512",
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        RS256 = "RS256",
        /// RSASSA-PKCS1-v1_5 with SHA-384.
        RS384 = "RS384",
        /// RSASSA-PKCS1-v1_5 with SHA-512.
        RS512 = "RS512",
        /// ECDSA on P-256 with SHA-256.
        ES256 = "ES256",
        /// ECDSA on P-384 with SHA-384.
        ES384 = "ES384",
        /// ECDSA on P-521 with SHA-512.
        ES512 = "ES512",
        /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and 32 octets of salt.
        PS256 = "PS256",
        /// RSASSA-PSS with SHA-384, MGF1 with SHA-384 and 48 octets of salt.
        PS384 = "PS384",
        /// RSASSA-PSS with SHA-512, MGF1 with SHA-512 and 64 octets of salt.
        PS512 = "PS512",
        /// The deprecated name of [`Ed25519`](Self::Ed25519) and [`Ed448`](Self::Ed448) in one:
        /// the key's curve tells which (RFC 8037 §3.1, RFC 9864 §2.2). A key that is bound to it
        /// signs and verifies with its curve's algorithm, and its tokens say `EdDSA`.
        EdDSA = "EdDSA",
        /// ECDSA on secp256k1 with SHA-256 (RFC 8812 §3.2).
        ES256K = "ES256K",
        /// EdDSA on Ed25519 (RFC 9864 §2.2).
        Ed25519 = "Ed25519",
        /// EdDSA on Ed448 with an empty context (RFC 9864 §2.2).
        Ed448 = "Ed448",
    }
}

registry! {
    /// A JWE `alg`: how the content encryption key is had (RFC 7518 §4).
    KeyManagementAlgorithm {
        /// RSAES-PKCS1-v1_5.
        RSA1_5 = "RSA1_5",
        /// RSAES-OAEP with SHA-1.
        RSA_OAEP = "RSA-OAEP",
        /// RSAES-OAEP with SHA-256.
        RSA_OAEP_256 = "RSA-OAEP-256",
        /// AES Key Wrap with a 128-bit key.
        A128KW = "A128KW",
        /// AES Key Wrap with a 192-bit key.
        A192KW = "A192KW",
        /// AES Key Wrap with a 256-bit key.
        A256KW = "A256KW",
        /// The shared key is the content encryption key.
        Dir = "dir",
        /// ECDH-ES, the agreed key is the content encryption key.
        ECDH_ES = "ECDH-ES",
        /// ECDH-ES, the agreed key wraps with AES of 128 bits.
        ECDH_ES_A128KW = "ECDH-ES+A128KW",
        /// ECDH-ES, the agreed key wraps with AES of 192 bits.
        ECDH_ES_A192KW = "ECDH-ES+A192KW",
        /// ECDH-ES, the agreed key wraps with AES of 256 bits.
        ECDH_ES_A256KW = "ECDH-ES+A256KW",
        /// AES-GCM of 128 bits wraps the key.
        A128GCMKW = "A128GCMKW",
        /// AES-GCM of 192 bits wraps the key.
        A192GCMKW = "A192GCMKW",
        /// AES-GCM of 256 bits wraps the key.
        A256GCMKW = "A256GCMKW",
        /// A password wraps, through PBKDF2 with HMAC-SHA-256 and AES of 128 bits.
        PBES2_HS256_A128KW = "PBES2-HS256+A128KW",
        /// A password wraps, through PBKDF2 with HMAC-SHA-384 and AES of 192 bits.
        PBES2_HS384_A192KW = "PBES2-HS384+A192KW",
        /// A password wraps, through PBKDF2 with HMAC-SHA-512 and AES of 256 bits.
        PBES2_HS512_A256KW = "PBES2-HS512+A256KW",
        /// RSAES-OAEP with SHA-384.
        RSA_OAEP_384 = "RSA-OAEP-384",
        /// RSAES-OAEP with SHA-512.
        RSA_OAEP_512 = "RSA-OAEP-512",
    }
}

registry! {
    /// A JWE `enc`: how the content is encrypted (RFC 7518 §5).
    ContentEncryption {
        /// AES-CBC of 128 bits with HMAC-SHA-256.
        A128CBC_HS256 = "A128CBC-HS256",
        /// AES-CBC of 192 bits with HMAC-SHA-384.
        A192CBC_HS384 = "A192CBC-HS384",
        /// AES-CBC of 256 bits with HMAC-SHA-512.
        A256CBC_HS512 = "A256CBC-HS512",
        /// AES-GCM of 128 bits.
        A128GCM = "A128GCM",
        /// AES-GCM of 192 bits.
        A192GCM = "A192GCM",
        /// AES-GCM of 256 bits.
        A256GCM = "A256GCM",
    }
}

/// Any registered algorithm a key can be bound to.
///
/// Its associated constants name each one with its own type, so `Alg::ES256` is a
/// [`SignatureAlgorithm`] and cannot stand where an encryption algorithm belongs:
///
/// ```
/// use jose_core::{Alg, jwa::SignatureAlgorithm};
///
/// let allowed: [SignatureAlgorithm; 2] = [Alg::ES256, Alg::PS256];
/// assert_eq!(Alg::from(Alg::ES256).name(), "ES256");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Alg {
    /// A JWE `enc`.
    ContentEncryption(ContentEncryption),
    /// A JWE `alg`.
    KeyManagementAlgorithm(KeyManagementAlgorithm),
    /// A JWS `alg`.
    SignatureAlgorithm(SignatureAlgorithm),
}

impl Alg {
    /// The registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ContentEncryption(enc) => enc.name(),
            Self::KeyManagementAlgorithm(alg) => alg.name(),
            Self::SignatureAlgorithm(alg) => alg.name(),
        }
    }

    /// The algorithm of that name, of whichever kind; no name is registered for two.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        SignatureAlgorithm::from_name(name)
            .map(Self::from)
            .or_else(|| KeyManagementAlgorithm::from_name(name).map(Self::from))
            .or_else(|| ContentEncryption::from_name(name).map(Self::from))
    }
}

impl fmt::Display for Alg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl SignatureAlgorithm {
    /// The hash that a signer applies to the JWS Signing Input before anything else.
    ///
    /// `None` for EdDSA, which hashes the message twice and with the key.
    #[must_use]
    pub const fn hash(self) -> Option<Hash> {
        match self {
            Self::HS256 | Self::RS256 | Self::ES256 | Self::PS256 | Self::ES256K => {
                Some(Hash::Sha256)
            }
            Self::HS384 | Self::RS384 | Self::ES384 | Self::PS384 => Some(Hash::Sha384),
            Self::HS512 | Self::RS512 | Self::ES512 | Self::PS512 => Some(Hash::Sha512),
            Self::EdDSA | Self::Ed25519 | Self::Ed448 => None,
        }
    }

    /// Whether whoever can verify can also sign: HMAC.
    #[must_use]
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::HS256 | Self::HS384 | Self::HS512)
    }

    /// Length of a JWS Signature in octets, where the algorithm alone fixes it. `None` for RSA,
    /// where it is that of the modulus, and for [`EdDSA`](Self::EdDSA), where it is the curve's.
    #[must_use]
    pub const fn signature_len(self) -> Option<usize> {
        match self {
            Self::HS256 => Some(32),
            Self::HS384 => Some(48),
            Self::HS512 | Self::ES256 | Self::ES256K | Self::Ed25519 => Some(64),
            Self::ES384 => Some(96),
            Self::ES512 => Some(132),
            Self::Ed448 => Some(114),
            _ => None,
        }
    }

    /// Whether this name covers `exact`: its own, and for `EdDSA` those of both curves
    /// (RFC 9864 §2.2).
    pub(crate) const fn covers(self, exact: Self) -> bool {
        matches!((self, exact), (Self::EdDSA, Self::Ed25519 | Self::Ed448))
            || self as u8 == exact as u8
    }

    /// Whether a signature may have `len` octets: exactly, where the algorithm fixes it, and within
    /// what its keys may have elsewhere.
    pub(crate) const fn allows_signature_len(self, len: usize) -> bool {
        match (self.signature_len(), self) {
            (Some(own), _) => len == own,
            (None, Self::EdDSA) => len == 64 || len == 114,
            (None, _) => len >= MIN_RSA_BITS / 8 && len <= MAX_RSA_BITS / 8,
        }
    }

    /// Whether this is ECDSA, whose signatures have an ASN.1 form outside JOSE.
    pub(crate) const fn is_ecdsa(self) -> bool {
        matches!(self, Self::ES256 | Self::ES384 | Self::ES512 | Self::ES256K)
    }
}

impl KeyManagementAlgorithm {
    /// Whether whoever can encrypt can also decrypt: a shared key or a password.
    #[must_use]
    pub const fn is_symmetric(self) -> bool {
        !self.is_agreement()
            && !matches!(
                self,
                Self::RSA1_5
                    | Self::RSA_OAEP
                    | Self::RSA_OAEP_256
                    | Self::RSA_OAEP_384
                    | Self::RSA_OAEP_512
            )
    }

    /// Whether the recipient's key decides on the content encryption key, so that there can be no
    /// other recipient: `dir` and `ECDH-ES` alone.
    pub(crate) const fn is_direct(self) -> bool {
        matches!(self, Self::Dir | Self::ECDH_ES)
    }

    /// Length in octets of the JWE Encrypted Key for a key of `len` octets; `None` for RSA, where it is
    /// that of the modulus.
    pub(crate) const fn encrypted_key_len(self, len: usize) -> Option<usize> {
        match self {
            _ if self.is_direct() => Some(0),
            _ if !self.is_symmetric() && !self.is_agreement() => None,
            Self::A128GCMKW | Self::A192GCMKW | Self::A256GCMKW => Some(len),
            _ => len.checked_add(8), // RFC 3394
        }
    }

    /// The AES Key Wrap that is done with a derived key, for PBES2 and ECDH-ES with one.
    pub(crate) const fn wrapping(self) -> Option<Self> {
        match self {
            Self::ECDH_ES_A128KW | Self::PBES2_HS256_A128KW => Some(Self::A128KW),
            Self::ECDH_ES_A192KW | Self::PBES2_HS384_A192KW => Some(Self::A192KW),
            Self::ECDH_ES_A256KW | Self::PBES2_HS512_A256KW => Some(Self::A256KW),
            _ => None,
        }
    }

    /// Length in octets of the key that is derived for [`wrapping`](Self::wrapping).
    pub(crate) const fn wrapping_key_len(self) -> usize {
        match self.wrapping() {
            Some(Self::A128KW) => 16,
            Some(Self::A192KW) => 24,
            _ => 32,
        }
    }

    /// The hash that a password is derived with.
    pub(crate) const fn password_hash(self) -> Option<Hash> {
        match self {
            Self::PBES2_HS256_A128KW => Some(Hash::Sha256),
            Self::PBES2_HS384_A192KW => Some(Hash::Sha384),
            Self::PBES2_HS512_A256KW => Some(Hash::Sha512),
            _ => None,
        }
    }

    /// The cipher that wraps, for AES in Galois/Counter Mode.
    pub(crate) const fn wrapping_cipher(self) -> Option<ContentEncryption> {
        match self {
            Self::A128GCMKW => Some(ContentEncryption::A128GCM),
            Self::A192GCMKW => Some(ContentEncryption::A192GCM),
            Self::A256GCMKW => Some(ContentEncryption::A256GCM),
            _ => None,
        }
    }

    /// Whether this is ECDH-ES, alone or with AES Key Wrap.
    pub(crate) const fn is_agreement(self) -> bool {
        matches!(
            self,
            Self::ECDH_ES | Self::ECDH_ES_A128KW | Self::ECDH_ES_A192KW | Self::ECDH_ES_A256KW
        )
    }
}

impl ContentEncryption {
    /// Length of a content encryption key in octets.
    #[must_use]
    pub const fn key_len(self) -> usize {
        match self {
            Self::A128GCM => 16,
            Self::A192GCM => 24,
            Self::A256GCM | Self::A128CBC_HS256 => 32,
            Self::A192CBC_HS384 => 48,
            Self::A256CBC_HS512 => 64,
        }
    }

    /// Length of an initialization vector in octets.
    #[must_use]
    pub const fn iv_len(self) -> usize {
        match self.mac_hash() {
            Some(_) => 16,
            None => 12,
        }
    }

    /// Length of an authentication tag in octets.
    #[must_use]
    pub const fn tag_len(self) -> usize {
        match self.mac_hash() {
            Some(hash) => hash.digest_len() / 2,
            None => 16,
        }
    }

    /// The hash of the HMAC, for AES in CBC mode; `None` for AES in Galois/Counter Mode.
    #[must_use]
    pub const fn mac_hash(self) -> Option<Hash> {
        match self {
            Self::A128CBC_HS256 => Some(Hash::Sha256),
            Self::A192CBC_HS384 => Some(Hash::Sha384),
            Self::A256CBC_HS512 => Some(Hash::Sha512),
            Self::A128GCM | Self::A192GCM | Self::A256GCM => None,
        }
    }

    /// Length in octets of the ciphertext for a plaintext of `len` octets.
    #[must_use]
    pub(crate) const fn ciphertext_len(self, len: usize) -> usize {
        match self.mac_hash() {
            Some(_) => len - len % 16 + 16,
            None => len,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_algorithm_and_to_no_other() {
        for alg in SignatureAlgorithm::ALL {
            assert_eq!(Alg::from_name(alg.name()), Some(Alg::from(*alg)));
        }
        for alg in KeyManagementAlgorithm::ALL {
            assert_eq!(Alg::from_name(alg.name()), Some(Alg::from(*alg)));
        }
        for enc in ContentEncryption::ALL {
            assert_eq!(Alg::from_name(enc.name()), Some(Alg::from(*enc)));
        }
    }

    #[test]
    fn names_are_case_sensitive_and_none_is_not_one() {
        for name in ["none", "None", "NONE", "nOnE", "hs256", "HS256 ", "", "es256", "Eddsa"] {
            assert_eq!(Alg::from_name(name), None, "{name}");
        }
    }
}
