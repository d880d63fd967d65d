//! Encrypting (RFC 7516 §5.1).

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;

use zeroize::Zeroize as _;

use super::decrypt::check_headers;
use super::establish::{Parties, unavailable};
use super::key::EncryptionWay;
use super::object::{RecipientPart, Slot, authenticated};
use super::recover::random;
use super::{EncryptionKey, Jwe, SerializationError};
use crate::SecretBytes;
use crate::base64url;
use crate::crypto::{Backend, ContentCipher};
use crate::error::{Critical, CryptoError, KeyError, ParseError, Rule, Subject, excerpt};
use crate::header::{EncryptionParams, Header};
use crate::jwa::ContentEncryption;
use crate::limits::Limits;
use crate::serialization::Unprotected;

/// Encrypts `plaintext` and returns the compact serialization: `A256GCM` for a key that does not say
/// otherwise. The header is [`EncryptionKey::header`], and what the algorithm needs.
///
/// # Errors
///
/// [`EncryptError::Unavailable`] if it could not be encrypted.
pub fn encrypt(plaintext: &[u8], key: &EncryptionKey) -> Result<String, EncryptError> {
    Builder::new().encrypt(plaintext, [key])?.to_compact().map_err(EncryptError::Serialization)
}

/// Encrypts content: how, under which headers, and for whom.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use jose_rustcrypto::BACKEND;
/// use jose_core::{Alg, Header, Jwk, jwe::{Builder, EncryptionKey}};
///
/// let jwk = Jwk::generate(Alg::A128KW, BACKEND)?;
/// let key = EncryptionKey::from_jwk(&jwk, BACKEND)?;
/// let token = Builder::new()
///     .enc(Alg::A128CBC_HS256)
///     .header(Header::new().with_cty("text/plain"))
///     .encrypt(b"any octets", [&key])?
///     .to_compact()?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Builder {
    enc: Option<ContentEncryption>,
    protected: Header,
    shared: Header,
    aad: Option<Vec<u8>>,
    #[cfg(feature = "deflate")]
    deflate: bool,
    cek: Option<SecretBytes>,
}

/// One of those that content is encrypted for.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use jose_rustcrypto::BACKEND;
/// # use jose_core::{Alg, Jwk, jwe::{Builder, EncryptionKey, Recipient}};
/// # let jwk = Jwk::generate(Alg::ECDH_ES, BACKEND)?;
/// # let key = EncryptionKey::from_jwk(&jwk.to_public()?, BACKEND)?;
/// let bob = Recipient::new(&key).apu(b"Alice").apv(b"Bob");
/// let token = Builder::new().encrypt(b"any octets", [bob])?.to_compact()?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Recipient<'k> {
    key: &'k EncryptionKey,
    header: Header,
    apu: Option<Vec<u8>>,
    apv: Option<Vec<u8>>,
}

impl<'k> Recipient<'k> {
    /// The owner of `key`.
    pub fn new(key: &'k EncryptionKey) -> Self {
        Self { key, header: Header::new(), apu: None, apv: None }
    }

    /// Adds parameters to this recipient's own header, which is not protected.
    pub fn header(mut self, header: Header) -> Self {
        self.header = header;
        self
    }

    /// What identifies us in a key agreement (RFC 7518 §4.6.1.2), other than what identifies the
    /// recipient. Without effect on other algorithms.
    pub fn apu(mut self, apu: impl Into<Vec<u8>>) -> Self {
        self.apu = Some(apu.into());
        self
    }

    /// What identifies this recipient in a key agreement (RFC 7518 §4.6.1.3). Without effect on other
    /// algorithms.
    pub fn apv(mut self, apv: impl Into<Vec<u8>>) -> Self {
        self.apv = Some(apv.into());
        self
    }

    pub(crate) fn kid(&self) -> Option<&str> {
        self.key.kid()
    }

    fn parties(&self) -> Parties<'_> {
        Parties { apu: self.apu.as_deref(), apv: self.apv.as_deref() }
    }
}

impl<'k> From<&'k EncryptionKey> for Recipient<'k> {
    fn from(key: &'k EncryptionKey) -> Self {
        Self::new(key)
    }
}

impl Builder {
    /// `A256GCM`, or what a key that encrypts directly is bound to, and no header but what the
    /// algorithms need.
    pub fn new() -> Self {
        Self::default()
    }

    /// Encrypts the content with another algorithm.
    pub const fn enc(mut self, enc: ContentEncryption) -> Self {
        self.enc = Some(enc);
        self
    }

    /// Adds parameters to the protected header.
    pub fn header(mut self, header: Header) -> Self {
        self.protected = header;
        self
    }

    /// Adds parameters to the header that all recipients share and nothing protects. Such a token is
    /// not written in the compact serialization.
    pub fn shared_header(mut self, header: Header) -> Self {
        self.shared = header;
        self
    }

    /// Adds data that is authenticated and not encrypted. Such a token is not written in the compact
    /// serialization.
    pub fn aad(mut self, aad: impl Into<Vec<u8>>) -> Self {
        self.aad = Some(aad.into());
        self
    }

    /// Compresses the content first (`zip`: `DEF`); whoever decrypts it has to
    /// [allow](super::Policy::inflate) that. See there for what it gives away.
    #[cfg(feature = "deflate")]
    pub const fn deflate(mut self) -> Self {
        self.deflate = true;
        self
    }

    /// This with `header` for its protected header, and what that had before behind it.
    pub(crate) fn under(mut self, header: Header) -> Self {
        self.protected = header.joined(self.protected);
        self
    }

    /// Without compressing.
    #[cfg(feature = "deflate")]
    pub(crate) fn uncompressed(self) -> Self {
        Self { deflate: false, ..self }
    }

    /// Without compressing, which there is not.
    #[cfg(not(feature = "deflate"))]
    pub(crate) fn uncompressed(self) -> Self {
        self
    }

    /// For [`hazmat`](crate::hazmat) alone.
    pub(crate) fn with_cek(mut self, cek: SecretBytes) -> Self {
        self.cek = Some(cek);
        self
    }

    /// Encrypts `plaintext` for each of `recipients`.
    ///
    /// For one recipient, everything about the key is in the protected header; of several, each has
    /// that in its own, and `enc` alone is protected.
    ///
    /// # Errors
    ///
    /// [`EncryptError::Recipients`] for none, or for several of which one has an algorithm that
    /// leaves no room for others; [`EncryptError::Header`] and [`EncryptError::Critical`] for headers
    /// that nobody would take; [`EncryptError::Key`] if they name another `alg` or `enc` than the
    /// key's; [`EncryptError::Unavailable`] if it could not be encrypted.
    pub fn encrypt<'k, R: Into<Recipient<'k>>>(
        &self,
        plaintext: &[u8],
        recipients: impl IntoIterator<Item = R>,
    ) -> Result<Jwe, EncryptError> {
        let recipients: Vec<Recipient<'k>> = recipients.into_iter().map(Into::into).collect();
        let Some(first) = recipients.first() else { return Err(EncryptError::Recipients) };
        let direct = |recipient: &Recipient<'_>| recipient.key.alg().is_direct();
        if recipients.len() > 1 && recipients.iter().any(direct) {
            return Err(EncryptError::Recipients);
        }
        let limit = Limits::DEFAULT.recipients;
        if recipients.len() > limit {
            return Err(EncryptError::Header(Rule::TooMany { limit }.of(Subject::JweJson)));
        }
        for header in recipients.iter().map(|recipient| &recipient.header) {
            check(header)?;
        }
        check(&self.protected)?;
        check(&self.shared)?;
        let enc = self.enc_for(first.key)?;
        let mut cek = self.draw(first.key, enc)?;
        let mut parts = Vec::with_capacity(recipients.len());
        for recipient in &recipients {
            parts.push(self.part(recipient, enc, &mut cek)?);
        }
        let (protected, slots) = self.lay_out(enc, &recipients, parts)?;
        let mut json = String::new();
        protected.write(&mut json);
        let protected_text = base64url::encode(json.as_bytes());
        let aad = self.aad.clone().filter(|aad| !aad.is_empty());
        let aad_text = aad.as_ref().map(|aad| base64url::encode(aad));
        let mut jwe = Jwe {
            protected_text,
            protected,
            shared: non_empty(self.shared.clone()).map(unprotected),
            slots,
            aad_text,
            aad,
            iv: vec![0; enc.iv_len()],
            ciphertext: Vec::new(),
            tag: vec![0; enc.tag_len()],
            other: Vec::new(),
        };
        let drawn;
        let cipher = if let EncryptionWay::Direct(direct) = &first.key.way {
            &*direct.cipher
        } else {
            drawn = cipher(enc, &cek, first.key.backend)?;
            &*drawn
        };
        jwe.ciphertext = self.content(plaintext, enc);
        let authenticated = authenticated(&jwe.protected_text, jwe.aad_text.as_deref());
        let (iv, text, tag) = (&mut jwe.iv, &mut jwe.ciphertext, &mut jwe.tag);
        let encrypted = cipher.encrypt(&authenticated, iv, text, tag);
        if let Err(error) = encrypted {
            jwe.ciphertext.zeroize(); // not a ciphertext
            return Err(EncryptError::Unavailable(error));
        }
        Ok(jwe)
    }

    /// The content encryption key for a key that wraps one.
    fn draw(
        &self,
        key: &EncryptionKey,
        enc: ContentEncryption,
    ) -> Result<SecretBytes, EncryptError> {
        match &self.cek {
            None => random(enc.key_len(), key.backend).map_err(EncryptError::Unavailable),
            Some(cek) if key.alg().is_direct() || cek.len() != enc.key_len() => {
                let (expected, actual) = (enc.key_len() * 8, cek.len().saturating_mul(8));
                Err(EncryptError::Key(KeyError::Size { alg: enc.name(), expected, actual }))
            }
            Some(cek) => Ok(cek.clone()),
        }
    }

    /// What the header says of one recipient's key, and the JWE Encrypted Key. A key that decides on
    /// the content encryption key replaces `cek`.
    fn part(
        &self,
        recipient: &Recipient<'_>,
        enc: ContentEncryption,
        cek: &mut SecretBytes,
    ) -> Result<(Header, Vec<u8>), EncryptError> {
        let key = recipient.key;
        let mut header = key.header();
        // What the caller says of the key stays as the caller says it.
        for own in [&self.protected, &self.shared, &recipient.header] {
            if let Some(name) = own.alg() {
                if name != key.alg().name() {
                    let (expected, actual) = (key.alg().name(), excerpt(name));
                    return Err(EncryptError::Key(KeyError::Algorithm { expected, actual }));
                }
                header = header.without_alg();
            }
            if own.kid().is_some() {
                header = header.without_kid();
            }
        }
        let parties = recipient.parties();
        if key.alg().is_agreement() && parties.apu.is_some() && parties.apu == parties.apv {
            return Err(refuse(Rule::Value { member: "apv", expected: "another than `apu`" }));
        }
        let mut params = EncryptionParams::default();
        let own = key.establish(enc, parties, &mut params).map_err(EncryptError::Unavailable)?;
        let encrypted_key = if let Some(own) = own {
            *cek = own;
            Vec::new()
        } else {
            key.wrap(cek, parties, &mut params).map_err(EncryptError::Unavailable)?
        };
        Ok((header.with_encryption(params), encrypted_key))
    }

    /// Of one recipient, all is protected; of several, only what they have in common.
    fn lay_out(
        &self,
        enc: ContentEncryption,
        recipients: &[Recipient<'_>],
        parts: Vec<(Header, Vec<u8>)>,
    ) -> Result<(Header, Vec<Slot>), EncryptError> {
        let params = EncryptionParams {
            enc: Some(enc.name().into()),
            zip: self.zip(),
            ..EncryptionParams::default()
        };
        let mut protected = self.protected.clone().with_encryption(params);
        let mut own = Vec::with_capacity(parts.len());
        let alone = parts.len() == 1;
        for (header, encrypted_key) in parts {
            if alone {
                protected = protected.joined(header);
                own.push((Header::new(), encrypted_key));
            } else {
                own.push((header, encrypted_key));
            }
        }
        protected.check_crit(|_| true).map_err(EncryptError::Critical)?;
        let shared = non_empty(self.shared.clone());
        let mut slots = Vec::with_capacity(own.len());
        for (recipient, (header, encrypted_key)) in recipients.iter().zip(own) {
            if header.overlaps(&recipient.header) {
                return Err(refuse(Rule::NotDisjoint));
            }
            let header = non_empty(recipient.header.clone().joined(header));
            check_headers(&protected, shared.as_ref(), header.as_ref()).map_err(refuse)?;
            let header = header.map(unprotected);
            slots.push(Slot::Recipient(RecipientPart { header, encrypted_key, other: Vec::new() }));
        }
        Ok((protected, slots))
    }

    fn enc_for(&self, key: &EncryptionKey) -> Result<ContentEncryption, EncryptError> {
        match (self.enc, key.enc()) {
            (Some(asked), Some(own)) if asked != own => {
                let (expected, actual) = (asked.name(), own.name().into());
                Err(EncryptError::Key(KeyError::Algorithm { expected, actual }))
            }
            (asked, own) => Ok(own.or(asked).unwrap_or(ContentEncryption::A256GCM)),
        }
    }

    #[cfg(feature = "deflate")]
    fn zip(&self) -> Option<String> {
        self.deflate.then(|| super::zip::DEF.into())
    }

    #[cfg(not(feature = "deflate"))]
    #[allow(clippy::unused_self, reason = "as with the feature")]
    const fn zip(&self) -> Option<String> {
        None
    }

    /// What is to be encrypted, in a buffer with room for the padding: growing would leave a copy of the
    /// plaintext behind.
    #[cfg_attr(
        not(feature = "deflate"),
        allow(clippy::unused_self, reason = "as with the feature")
    )]
    fn content(&self, plaintext: &[u8], enc: ContentEncryption) -> Vec<u8> {
        let room = |octets: &[u8]| {
            let mut text = Vec::with_capacity(enc.ciphertext_len(octets.len()));
            text.extend_from_slice(octets);
            text
        };
        #[cfg(feature = "deflate")]
        if self.deflate {
            return room(&super::zip::deflate(plaintext));
        }
        room(plaintext)
    }
}

fn cipher(
    enc: ContentEncryption,
    cek: &SecretBytes,
    backend: &dyn Backend,
) -> Result<alloc::boxed::Box<dyn ContentCipher>, EncryptError> {
    backend.content_cipher(enc, cek).map_err(|error| match error {
        KeyError::Unsupported { .. } => EncryptError::Key(error),
        other => EncryptError::Unavailable(unavailable(other)),
    })
}

/// What is ours to set is not taken from a header that came with a token, say.
fn check(header: &Header) -> Result<(), EncryptError> {
    let expected = "left to the encryption";
    let misplaced = [
        ("enc", header.encryption().is_some()),
        // In the header of a signed token, one of another type is somebody else's.
        ("enc", header.other().any(|(name, _)| EncryptionParams::has(name))),
        ("b64", header.b64().is_some()),
        ("x5c", header.x5c().is_some_and(<[_]>::is_empty)),
    ];
    let texts = [("typ", header.typ()), ("cty", header.cty()), ("kid", header.kid())];
    let control = |text: &str| text.chars().any(char::is_control);
    let rule = misplaced
        .into_iter()
        .find(|(_, there)| *there)
        .map(|(member, _)| Rule::Value { member, expected })
        .or_else(|| {
            let bad = texts.into_iter().find(|(_, text)| text.is_some_and(control));
            bad.map(|(member, _)| Rule::ControlCharacter { member })
        });
    rule.map_or(Ok(()), |rule| Err(refuse(rule)))
}

const fn refuse(rule: Rule) -> EncryptError {
    EncryptError::Header(rule.of(Subject::Jwe))
}

fn non_empty(header: Header) -> Option<Header> {
    Some(header).filter(|header| !header.names().is_empty())
}

fn unprotected(header: Header) -> Unprotected {
    let mut json = String::new();
    header.write(&mut json);
    Unprotected { json, header }
}

/// Why content could not be encrypted.
#[derive(Debug)]
#[non_exhaustive]
pub enum EncryptError {
    /// The header's `crit` breaks a rule of RFC 7516 §4.1.13.
    Critical(Critical),
    /// A header has a parameter that nobody would take.
    Header(ParseError),
    /// A header, or the algorithm asked for, and the key contradict each other.
    Key(KeyError),
    /// There is no recipient; or there are several, and the key of one would have to encrypt the
    /// content itself (`dir`, `ECDH-ES`).
    Recipients,
    /// What was encrypted cannot be written so.
    Serialization(SerializationError),
    /// It could not be encrypted.
    Unavailable(CryptoError),
}

impl EncryptError {
    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Critical(_) => "ERR_JWE_INVALID",
            Self::Header(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::Recipients => "ERR_JWE_ALG_FORBIDDEN_IN_MULTI",
            Self::Serialization(error) => error.code(),
            Self::Unavailable(error) => error.code(),
        }
    }
}

impl fmt::Display for EncryptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Critical(_) => "the `crit` header parameter breaks a rule",
            Self::Header(_) => "nobody would take this header",
            Self::Key(_) => "the key contradicts what was asked for",
            Self::Recipients => "no recipient, or one whose algorithm leaves no room for others",
            Self::Serialization(_) => "what was encrypted cannot be written so",
            Self::Unavailable(_) => "the content could not be encrypted",
        })
    }
}

impl Error for EncryptError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Critical(error) => Some(error),
            Self::Header(error) => Some(error),
            Self::Key(error) => Some(error),
            Self::Serialization(error) => Some(error),
            Self::Unavailable(error) => Some(error),
            Self::Recipients => None,
        }
    }
}
