//! Keys wrapped by keys, without any content (RFC 7518 §4): what
//! [`EncryptionKey`] and [`DecryptionKey`] do to a content encryption key, for any other.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;

use super::decrypt::Content;
use super::establish::Parties;
use super::key::{DecryptionWay, EncryptionWay};
use super::recover::random;
use super::{DecryptionKey, DecryptionKeys, Encrypted, EncryptionKey, Policy};
use crate::SecretBytes;
use crate::crypto::CryptoError;
use crate::error::{
    DecryptError, KeyError, NoMatchReason, NoMatchingKey, ParseError, Rule, Subject,
};
use crate::header::{EncryptionParams, Header};
use crate::jwa::{ContentEncryption, KeyManagementAlgorithm};
use crate::limits::Limits;

/// A wrapped key: the JWE Encrypted Key, and the header that tells how it is unwrapped (RFC 7516 §2,
/// RFC 7518 §4).
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use jose_rustcrypto::BACKEND;
/// use jose_core::jwe::{DecryptionKey, EncryptionKey, WrappedKey};
/// use jose_core::{Alg, Jwk, SecretBytes};
///
/// let jwk = Jwk::generate(Alg::ECDH_ES_A256KW, BACKEND)?;
/// let secret = SecretBytes::from([7; 32]);
/// let wrapped = EncryptionKey::from_jwk(&jwk.to_public()?, BACKEND)?.wrap_key(&secret)?;
///
/// // What is stored or sent: the header as JSON, and octets.
/// let (header, encrypted_key) = (wrapped.header_json(), wrapped.encrypted_key());
/// let wrapped = WrappedKey::from_json(header, encrypted_key)?;
/// let unwrapped = DecryptionKey::from_jwk(&jwk, BACKEND)?.unwrap_key(&wrapped, 32)?;
/// assert_eq!(unwrapped, secret);
/// # Ok(()) }
/// ```
///
/// The header has the `alg` of the key that wraps, its `kid` if it has one, and what the algorithm
/// needs: `epk`, `apu` and `apv` for ECDH-ES, `iv` and `tag` for AES in Galois/Counter Mode, `p2s` and
/// `p2c` for PBES2. It is not secret, and neither is the encrypted key.
///
/// A JWK of type `oct` is wrapped by its `k`, and its other members stay outside; what came back goes
/// into [`Jwk::from_secret_octets`](crate::Jwk::from_secret_octets). A key of any other type, or one
/// that is to keep its members, is encrypted as JSON: [`Jwk::encrypt`](crate::Jwk::encrypt).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WrappedKey {
    header: Header,
    encrypted_key: Vec<u8>,
}

impl WrappedKey {
    /// A key wrapped elsewhere, of which the header is already there: in a token, say.
    #[must_use]
    pub fn new(header: Header, encrypted_key: impl Into<Vec<u8>>) -> Self {
        Self { header, encrypted_key: encrypted_key.into() }
    }

    /// A key wrapped elsewhere, from the JSON object with its header parameters and the octets of the
    /// JWE Encrypted Key.
    ///
    /// # Errors
    ///
    /// [`ParseError`] for what is no JOSE Header whose registered parameters have their types, or one
    /// beyond the default [`Limits`].
    pub fn from_json(
        header: impl AsRef<[u8]>,
        encrypted_key: impl Into<Vec<u8>>,
    ) -> Result<Self, ParseError> {
        let (json, limits) = (header.as_ref(), Limits::DEFAULT);
        let header = if json.len() > limits.header {
            Err(Rule::TooLong { limit: limits.header })
        } else {
            Header::parse_encrypted(json, limits.header_depth)
        };
        Ok(Self::new(header.map_err(|rule| rule.of(Subject::Jwe))?, encrypted_key))
    }

    /// The header parameters.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The header parameters as a JSON object.
    #[must_use]
    pub fn header_json(&self) -> String {
        let mut json = String::new();
        self.header.write(&mut json);
        json
    }

    /// The JWE Encrypted Key; empty for `dir` and `ECDH-ES`, which wrap nothing.
    #[must_use]
    pub fn encrypted_key(&self) -> &[u8] {
        &self.encrypted_key
    }

    /// A token around this key, without content: so one door leads to the key of either.
    fn as_token(&self) -> Encrypted<'_> {
        let nothing = || Cow::Borrowed(&[][..]);
        let content = Content {
            authenticated: nothing(),
            aad: None,
            iv: nothing(),
            ciphertext: nothing(),
            tag: nothing(),
        };
        Encrypted::new((0, 1), &self.header, None, None, &self.encrypted_key, content)
    }
}

impl EncryptionKey {
    /// Wraps `key`, so that whoever has the other half of this one, or shares it,
    /// [unwraps](DecryptionKey::unwrap_key) it.
    ///
    /// A symmetric algorithm, or a password, makes sure that a key was wrapped by somebody who has it.
    /// To a public key, anyone wraps anything.
    ///
    /// # Errors
    ///
    /// [`KeyError::Purpose`] for `dir` and `ECDH-ES`, which wrap no key:
    /// [`establish_key`](Self::establish_key) gives the one they have.
    /// [`KeyError::WrappedLength`] for a `key` of a length that the algorithm does not wrap: AES Key
    /// Wrap takes multiples of 8 octets from 16 on (RFC 3394 §2), RSA-OAEP as many octets as its
    /// modulus leaves room for (RFC 8017 §7.1.1), and all of them at least one octet and at most
    /// 65 536. [`KeyError::Unavailable`] if it could not be wrapped.
    pub fn wrap_key(&self, key: &SecretBytes) -> Result<WrappedKey, KeyError> {
        check_wraps(self.alg())?;
        let modulus_len = match &self.way {
            EncryptionWay::Wrap { modulus_len, .. } => *modulus_len,
            _ => None,
        };
        check_len(self.alg(), modulus_len, key.len())?;
        self.wrapped(key, EncryptionParams::default()).map_err(KeyError::Unavailable)
    }

    /// A key for `enc` that this one makes known to its owner, and how (RFC 7516 §5.1): for `dir` the
    /// shared key itself, for `ECDH-ES` the key agreed on, for every other algorithm a new random one,
    /// wrapped. [`DecryptionKey::recover_key`] is the other side.
    ///
    /// The header names `enc` too, because a key agreed on is one for that algorithm alone.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use jose_rustcrypto::BACKEND;
    /// use jose_core::jwe::{DecryptionKey, EncryptionKey};
    /// use jose_core::{Alg, Jwk};
    ///
    /// let jwk = Jwk::generate(Alg::ECDH_ES, BACKEND)?;
    /// let key = EncryptionKey::from_jwk(&jwk.to_public()?, BACKEND)?;
    /// let (agreed, wrapped) = key.establish_key(Alg::A128GCM)?;
    /// assert!(wrapped.encrypted_key().is_empty());
    ///
    /// let key = DecryptionKey::from_jwk(&jwk, BACKEND)?;
    /// assert_eq!(key.recover_key(&wrapped, Alg::A128GCM)?, agreed);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`KeyError::Algorithm`] for a key that encrypts directly under another algorithm than `enc`,
    /// [`KeyError::Unavailable`] if there is no key to be had.
    pub fn establish_key(
        &self,
        enc: ContentEncryption,
    ) -> Result<(SecretBytes, WrappedKey), KeyError> {
        check_enc(self.enc(), enc)?;
        self.established(enc).map_err(KeyError::Unavailable)
    }

    fn established(
        &self,
        enc: ContentEncryption,
    ) -> Result<(SecretBytes, WrappedKey), CryptoError> {
        let mut params =
            EncryptionParams { enc: Some(enc.name().into()), ..EncryptionParams::default() };
        if let Some(key) = self.establish(enc, Parties::default(), &mut params)? {
            let header = self.header().with_encryption(params);
            return Ok((key, WrappedKey::new(header, Vec::new())));
        }
        let key = random(enc.key_len(), self.backend)?;
        let wrapped = self.wrapped(&key, params)?;
        Ok((key, wrapped))
    }

    fn wrapped(
        &self,
        key: &SecretBytes,
        mut params: EncryptionParams,
    ) -> Result<WrappedKey, CryptoError> {
        let encrypted_key = self.wrap(key, Parties::default(), &mut params)?;
        let header = if params == EncryptionParams::default() {
            self.header()
        } else {
            self.header().with_encryption(params)
        };
        Ok(WrappedKey::new(header, encrypted_key))
    }
}

impl DecryptionKey {
    /// Unwraps the key of `len` octets that was wrapped for this one.
    ///
    /// The header selects as that of a token does: its `alg` has to be this key's, and its `kid`, if it
    /// has one, too. No `crit` is understood, and `p2s` and `p2c` have the bounds they have in tokens.
    ///
    /// # Errors
    ///
    /// [`UnwrapError::Key`] for what this key does not do whatever was wrapped: with
    /// [`KeyError::Purpose`] for `dir` and `ECDH-ES`, which unwrap no key
    /// ([`recover_key`](Self::recover_key) gives the one they have); with [`KeyError::AskedFor`] for
    /// `RSA1_5`, which answers with random keys rather than with no, and so is of use for tokens alone;
    /// with [`KeyError::WrappedLength`] for a `len` that the algorithm does not wrap.
    ///
    /// [`UnwrapError::Decrypt`] for what was not unwrapped. [`DecryptError::Critical`],
    /// [`DecryptError::NoMatchingKey`] and [`DecryptError::Header`] follow from the header alone.
    /// Everything else that is wrong, the length of the key included, is [`DecryptError::Failed`].
    pub fn unwrap_key(&self, wrapped: &WrappedKey, len: usize) -> Result<SecretBytes, UnwrapError> {
        check_wraps(self.alg())?;
        let modulus_len = match &self.way {
            DecryptionWay::Unwrap { modulus_len, .. } => *modulus_len,
            _ => None,
        };
        check_len(self.alg(), modulus_len, len)?;
        let token = wrapped.as_token();
        self.check_header(&token)?;
        Ok(self.unwrap_whole(&token, len)?)
    }

    /// The key for `enc` that [`EncryptionKey::establish_key`] has made known (RFC 7516 §5.2).
    ///
    /// # Errors
    ///
    /// As [`unwrap_key`](Self::unwrap_key), and [`UnwrapError::Key`] with [`KeyError::Algorithm`] for a
    /// key that encrypts directly under another algorithm than `enc`. A header that names another `enc`
    /// is [`DecryptError::NoMatchingKey`].
    pub fn recover_key(
        &self,
        wrapped: &WrappedKey,
        enc: ContentEncryption,
    ) -> Result<SecretBytes, UnwrapError> {
        let direct = self.alg().is_direct();
        if !direct {
            check_wraps(self.alg())?;
        }
        check_enc(self.enc(), enc)?;
        let token = wrapped.as_token();
        self.check_header(&token)?;
        let named = token.protected().encryption().and_then(EncryptionParams::enc);
        if named.is_some_and(|named| named != enc.name()) {
            let reason = NoMatchReason::EncryptionNotAllowed;
            let no_match = NoMatchingKey::encrypted(reason, token.alg(), token.kid());
            return Err(DecryptError::NoMatchingKey(no_match).into());
        }
        if !direct {
            return Ok(self.unwrap_whole(&token, enc.key_len())?);
        }
        if !token.encrypted_key().is_empty() {
            return Err(DecryptError::Failed.into());
        }
        Ok(self.recover(&token, enc, &Policy::new())?)
    }

    /// What the header decides.
    fn check_header(&self, token: &Encrypted<'_>) -> Result<(), DecryptError> {
        token.protected().check_crit(|_| false).map_err(DecryptError::Critical)?;
        if token.protected().alg().is_none() {
            let rule = Rule::Missing { member: "alg" };
            return Err(DecryptError::Header(rule.of(Subject::Jwe)));
        }
        let own = DecryptionKeys::from(self.clone());
        own.matches(token).map_err(DecryptError::NoMatchingKey)
    }

    fn unwrap_whole(&self, token: &Encrypted<'_>, len: usize) -> Result<SecretBytes, DecryptError> {
        // Before a password is derived for nothing.
        let expected = self.alg().encrypted_key_len(len);
        if expected.is_some_and(|expected| expected != token.encrypted_key().len()) {
            return Err(DecryptError::Failed);
        }
        self.unwrap(token, len, &Policy::new())?.ok_or(DecryptError::Failed)
    }
}

fn check_wraps(alg: KeyManagementAlgorithm) -> Result<(), KeyError> {
    if alg.is_direct() {
        return Err(KeyError::Purpose { alg: alg.name(), purpose: "wrapping keys" });
    }
    if alg == KeyManagementAlgorithm::RSA1_5 {
        return Err(KeyError::AskedFor { alg: alg.name() });
    }
    Ok(())
}

/// `own` is that of a key that encrypts directly.
fn check_enc(own: Option<ContentEncryption>, asked: ContentEncryption) -> Result<(), KeyError> {
    match own {
        Some(own) if own != asked => {
            Err(KeyError::Algorithm { expected: asked.name(), actual: own.name().into() })
        }
        _ => Ok(()),
    }
}

/// Checks the length of a key to be wrapped before a backend is asked: libraries differ on it.
fn check_len(
    alg: KeyManagementAlgorithm,
    modulus_len: Option<usize>,
    actual: usize,
) -> Result<(), KeyError> {
    use KeyManagementAlgorithm as K;
    let room =
        |hash_len: usize| modulus_len.map_or(MAX_LEN, |len| len.saturating_sub(2 * hash_len + 2));
    let (min, max, multiple_of) = match alg {
        K::RSA_OAEP => (1, room(20), 1),
        K::RSA_OAEP_256 => (1, room(32), 1),
        K::RSA_OAEP_384 => (1, room(48), 1),
        K::RSA_OAEP_512 => (1, room(64), 1),
        K::A128GCMKW | K::A192GCMKW | K::A256GCMKW => (1, MAX_LEN, 1),
        _ => (16, MAX_LEN, 8),
    };
    if (min..=max).contains(&actual) && actual.is_multiple_of(multiple_of) {
        return Ok(());
    }
    Err(KeyError::WrappedLength { alg: alg.name(), min, max, multiple_of, actual })
}

/// Most octets of a key that is wrapped. What is longer is content, and is encrypted as such.
const MAX_LEN: usize = 65_536;

/// Why a key was not unwrapped.
#[derive(Debug)]
#[non_exhaustive]
pub enum UnwrapError {
    /// What was wrapped was refused.
    Decrypt(DecryptError),
    /// The key does not do what was asked, whatever was wrapped.
    Key(KeyError),
}

impl UnwrapError {
    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Decrypt(error) => error.code(),
            Self::Key(error) => error.code(),
        }
    }
}

impl From<DecryptError> for UnwrapError {
    fn from(error: DecryptError) -> Self {
        Self::Decrypt(error)
    }
}

impl From<KeyError> for UnwrapError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl fmt::Display for UnwrapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Decrypt(_) => "the key was not unwrapped",
            Self::Key(_) => "the key does not do what was asked",
        })
    }
}

impl Error for UnwrapError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Decrypt(error) => Some(error),
            Self::Key(error) => Some(error),
        }
    }
}
