//! Decrypting (RFC 7516 §5.2): the one door through which every token comes.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::error::Error as StdError;
use core::fmt;

use zeroize::Zeroizing;

use super::decrypted::Proof;
use super::recover::{KeyParams, random};
use super::{Decrypted, DecryptionKey, KeyResolver, Policy, compact, zip};
use crate::SecretBytes;
use crate::base64url;
use crate::crypto::{Backend, ContentCipher, KeyError};
use crate::error::{
    DecryptError, NoMatchReason, NoMatchingKey, ParseError, Refused, Rule, Subject,
};
use crate::header::Header;
use crate::jwa::{ContentEncryption, KeyManagementAlgorithm};
use crate::limits::Limits;

/// Decrypts a token in compact serialization under the default [`Policy`].
///
/// `keys` are one [`DecryptionKey`], [`DecryptionKeys`](super::DecryptionKeys) or another
/// [`KeyResolver`]. For the JSON serializations see [`Jwe`](super::Jwe).
///
/// # Errors
///
/// [`Error::Parse`] for what is no JWE, [`Error::Decrypt`] for one that none of the keys decrypts.
pub fn decrypt(
    token: &str,
    keys: &(impl KeyResolver + ?Sized),
) -> Result<Decrypted<Vec<u8>>, Error> {
    decrypt_with(token, keys, &Policy::new())
}

/// As [`decrypt`], under a policy of the caller's.
///
/// # Errors
///
/// As [`decrypt`].
pub fn decrypt_with(
    token: &str,
    keys: &(impl KeyResolver + ?Sized),
    policy: &Policy,
) -> Result<Decrypted<Vec<u8>>, Error> {
    Encrypted::parse_within(token, policy.ceilings())?.decrypt_with(keys, policy)
}

/// A well-formed encrypted token, or one recipient's part in it: anyone could have made it.
///
/// Its headers may be looked at to find keys.
#[derive(Clone)]
#[allow(clippy::struct_field_names, reason = "`encrypted_key` is what RFC 7516 calls it")]
pub struct Encrypted<'t> {
    /// Its place among the recipients, and how many there are.
    index: usize,
    total: usize,
    protected: Cow<'t, Header>,
    shared: Option<&'t Header>,
    recipient: Option<&'t Header>,
    encrypted_key: Cow<'t, [u8]>,
    content: Content<'t>,
}

/// What all recipients have in common.
#[derive(Clone)]
pub(super) struct Content<'t> {
    /// The Additional Authenticated Data (RFC 7516 §5.1 step 14).
    pub(super) authenticated: Cow<'t, [u8]>,
    /// The part of it that is not the header.
    pub(super) aad: Option<&'t [u8]>,
    pub(super) iv: Cow<'t, [u8]>,
    pub(super) ciphertext: Cow<'t, [u8]>,
    pub(super) tag: Cow<'t, [u8]>,
}

impl<'t> Encrypted<'t> {
    /// Reads a token in compact serialization, within the default [`Limits`].
    ///
    /// # Errors
    ///
    /// [`ParseError`] unless there are exactly five segments of canonical base64url, the first of
    /// them a JOSE Header with an `alg` and an `enc`.
    pub fn parse(token: &'t str) -> Result<Self, ParseError> {
        Self::parse_within(token, &Limits::DEFAULT)
    }

    /// As [`parse`](Self::parse), within ceilings of the caller's choice.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_within(token: &'t str, limits: &Limits) -> Result<Self, ParseError> {
        Self::read(token, limits).map_err(|rule| rule.of(Subject::Jwe))
    }

    fn read(token: &'t str, limits: &Limits) -> Result<Self, Rule> {
        if token.len() > limits.token {
            return Err(Rule::TooLong { limit: limits.token });
        }
        let segments = compact::split(token)?;
        let protected = compact::header(segments.header, limits)?;
        check_headers(&protected, None, None)?;
        let octets = |text: &str| base64url::decode(text.as_bytes()).map(Cow::Owned);
        Ok(Self {
            index: 0,
            total: 1,
            protected: Cow::Owned(protected),
            shared: None,
            recipient: None,
            encrypted_key: octets(segments.encrypted_key)?,
            content: Content {
                authenticated: Cow::Borrowed(segments.header.as_bytes()),
                aad: None,
                iv: octets(segments.iv)?,
                ciphertext: octets(segments.ciphertext)?,
                tag: octets(segments.tag)?,
            },
        })
    }

    /// One recipient of an object that has been read already.
    pub(super) const fn new(
        (index, total): (usize, usize),
        protected: &'t Header,
        shared: Option<&'t Header>,
        recipient: Option<&'t Header>,
        encrypted_key: &'t [u8],
        content: Content<'t>,
    ) -> Self {
        Self {
            index,
            total,
            protected: Cow::Borrowed(protected),
            shared,
            recipient,
            encrypted_key: Cow::Borrowed(encrypted_key),
            content,
        }
    }

    pub(super) const fn index(&self) -> usize {
        self.index
    }

    /// The protected header, as written by whoever made the token. All there is in a compact one.
    #[must_use]
    pub fn protected(&self) -> &Header {
        &self.protected
    }

    /// The header that all recipients share, as written by whoever passed the token on.
    #[must_use]
    pub const fn shared(&self) -> Option<&Header> {
        self.shared
    }

    /// This recipient's own header, as written by whoever passed the token on.
    #[must_use]
    pub const fn recipient(&self) -> Option<&Header> {
        self.recipient
    }

    /// `alg`, from whichever header: the name may be unknown here.
    #[must_use]
    pub fn alg(&self) -> &str {
        self.first(Header::alg).unwrap_or_default()
    }

    /// `enc`, from whichever header: the name may be unknown here.
    #[must_use]
    pub fn enc(&self) -> &str {
        self.first(enc).unwrap_or_default()
    }

    /// `kid`, from whichever header: the name of the key, in the sender's words.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.first(Header::kid)
    }

    /// The JWE Encrypted Key, for a service that unwraps it; empty for `dir` and `ECDH-ES`.
    #[must_use]
    pub fn encrypted_key(&self) -> &[u8] {
        &self.encrypted_key
    }

    pub(super) const fn additional_data(&self) -> Option<&[u8]> {
        self.content.aad
    }

    /// Parameters for the way to the key. No two headers have the same one.
    pub(super) fn params(&self) -> KeyParams<'_> {
        let mut params = KeyParams::default();
        let headers = [Some(&*self.protected), self.shared, self.recipient];
        for encryption in headers.into_iter().flatten().filter_map(Header::encryption) {
            params.add(encryption);
        }
        params
    }

    fn first<'s, T>(&'s self, get: impl Fn(&'s Header) -> Option<T>) -> Option<T> {
        let headers = [Some(&*self.protected), self.shared, self.recipient];
        headers.into_iter().flatten().find_map(get)
    }

    /// Decrypts the token with one of `keys`, under the default [`Policy`].
    ///
    /// # Errors
    ///
    /// As [`decrypt_with`](Self::decrypt_with).
    pub fn decrypt(&self, keys: &(impl KeyResolver + ?Sized)) -> Result<Decrypted<Vec<u8>>, Error> {
        self.decrypt_with(keys, &Policy::new())
    }

    /// Decrypts the token with one of `keys`.
    ///
    /// # Errors
    ///
    /// [`DecryptError::Critical`], [`DecryptError::NoMatchingKey`] and [`DecryptError::Header`]
    /// follow from the headers and the caller's keys alone. Everything else that is wrong is
    /// [`DecryptError::Failed`]. [`Error::Parse`] for content that was compressed and does not
    /// inflate.
    pub fn decrypt_with(
        &self,
        keys: &(impl KeyResolver + ?Sized),
        policy: &Policy,
    ) -> Result<Decrypted<Vec<u8>>, Error> {
        self.open(keys, policy, &mut policy.ceilings().tries.clone())
    }

    /// As [`decrypt_with`](Self::decrypt_with), with what is left of the tries.
    pub(super) fn open(
        &self,
        keys: &(impl KeyResolver + ?Sized),
        policy: &Policy,
        tries: &mut usize,
    ) -> Result<Decrypted<Vec<u8>>, Error> {
        let enc = self.check_policy(policy)?;
        let keys = keys.resolve(self).map_err(DecryptError::Unavailable)?;
        let mut refusal = None;
        for key in keys.select(self, *tries)? {
            if *tries == 0 {
                break;
            }
            *tries = tries.saturating_sub(key.cost());
            match self.try_key(key, enc, policy) {
                Ok((text, cek)) => {
                    let cek = Some(cek).filter(|_| policy.keeps_cek());
                    let proof = Proof::of(self, key.alg(), Some(key), enc, cek);
                    return self.finish(text, proof, policy);
                }
                Err(error) => refusal = Some(worse(refusal, error.into())),
            }
        }
        Err(refusal.unwrap_or(Error::Decrypt(DecryptError::Failed)))
    }

    /// What the headers and the lengths alone decide, for who has the key of `alg` in a key service: to
    /// be asked before that is, so that a token which is refused in any case costs no question there,
    /// and what is wrong with it is not taken for a failure of the service (RFC 7516 §5.2).
    ///
    /// # Errors
    ///
    /// As [`decrypt_with_cek`](Self::decrypt_with_cek), which asks this too.
    pub fn check(&self, alg: KeyManagementAlgorithm, policy: &Policy) -> Result<(), Error> {
        self.check_for(alg, policy)?;
        Ok(())
    }

    fn check_for(
        &self,
        alg: KeyManagementAlgorithm,
        policy: &Policy,
    ) -> Result<ContentEncryption, DecryptError> {
        let enc = self.check_policy(policy)?;
        if self.alg() != alg.name() {
            return Err(self.no_match(NoMatchReason::AlgorithmNotAllowed));
        }
        self.check_lengths(alg, enc)?;
        Ok(enc)
    }

    /// Decrypts the token with a content encryption key that was unwrapped elsewhere: by a key
    /// service, from [`encrypted_key`](Self::encrypted_key).
    ///
    /// `alg` is the algorithm that the service unwraps with, and has to be the token's. `None` is for
    /// what the service refuses: a random key takes its place, so that nobody can tell (RFC 7516
    /// §11.5). So does one of another length than `enc` has.
    ///
    /// # Errors
    ///
    /// As [`decrypt_with`](Self::decrypt_with).
    pub fn decrypt_with_cek(
        &self,
        alg: KeyManagementAlgorithm,
        cek: Option<&SecretBytes>,
        backend: &dyn Backend,
        policy: &Policy,
    ) -> Result<Decrypted<Vec<u8>>, Error> {
        let enc = self.check_for(alg, policy)?;
        let decoy = random(enc.key_len(), backend).map_err(DecryptError::Unavailable)?;
        let cek = cek.filter(|cek| cek.len() == enc.key_len()).unwrap_or(&decoy);
        let text = self.decrypt_content(enc, cek, backend)?;
        let kept = Some(cek.clone()).filter(|_| policy.keeps_cek());
        self.finish(text, Proof::of(self, alg, None, enc, kept), policy)
    }

    /// Everything that the headers alone decide, before anyone is asked for keys.
    fn check_policy(&self, policy: &Policy) -> Result<ContentEncryption, DecryptError> {
        self.protected
            .check_crit(|name| policy.is_understood(name))
            .map_err(DecryptError::Critical)?;
        let direct = KeyManagementAlgorithm::from_name(self.alg())
            .is_some_and(KeyManagementAlgorithm::is_direct);
        if direct && self.total > 1 {
            let expected = "one that wraps, with several recipients";
            let rule = Rule::Value { member: "alg", expected };
            return Err(DecryptError::Header(rule.of(Subject::Jwe)));
        }
        // With nothing authenticated, what was made for another purpose under the same key would do.
        if direct && self.content.authenticated.is_empty() {
            let rule = Rule::Missing { member: "protected" };
            return Err(DecryptError::Header(rule.of(Subject::Jwe)));
        }
        let protected = enc(&self.protected).is_some() || policy.accepts_unprotected_enc();
        let enc = ContentEncryption::from_name(self.enc()).filter(|enc| policy.accepts_enc(*enc));
        let enc = enc.filter(|_| protected);
        let enc = enc.ok_or_else(|| self.no_match(NoMatchReason::EncryptionNotAllowed))?;
        let zip = self.protected.encryption().and_then(|params| params.zip());
        if zip.is_some_and(|zip| zip != zip::DEF || !policy.inflates()) {
            let rule = Rule::Value { member: "zip", expected: "absent unless it is allowed" };
            return Err(DecryptError::Header(rule.of(Subject::Jwe)));
        }
        Ok(enc)
    }

    fn no_match(&self, reason: NoMatchReason) -> DecryptError {
        DecryptError::NoMatchingKey(NoMatchingKey::encrypted(reason, self.alg(), self.kid()))
    }

    fn try_key(
        &self,
        key: &DecryptionKey,
        enc: ContentEncryption,
        policy: &Policy,
    ) -> Result<(Vec<u8>, SecretBytes), DecryptError> {
        if key.enc().is_some_and(|own| own != enc) {
            return Err(self.no_match(NoMatchReason::EncryptionNotAllowed));
        }
        self.check_lengths(key.alg(), enc)?;
        let cek = key.recover(self, enc, policy)?;
        let text = match key.prepared() {
            Some(cipher) => self.decrypt_by(cipher)?,
            None => self.decrypt_content(enc, &cek, key.backend)?,
        };
        Ok((text, cek))
    }

    fn decrypt_content(
        &self,
        enc: ContentEncryption,
        cek: &SecretBytes,
        backend: &dyn Backend,
    ) -> Result<Vec<u8>, DecryptError> {
        let cipher = backend.content_cipher(enc, cek).map_err(|error| match error {
            KeyError::Unavailable(error) => DecryptError::Unavailable(error),
            _ => self.no_match(NoMatchReason::EncryptionNotAllowed),
        })?;
        self.decrypt_by(&*cipher)
    }

    /// Checks the lengths that everybody can see, before a password is derived for nothing.
    fn check_lengths(
        &self,
        alg: KeyManagementAlgorithm,
        enc: ContentEncryption,
    ) -> Result<(), DecryptError> {
        let key = self.encrypted_key.len();
        let fits = match alg.encrypted_key_len(enc.key_len()) {
            Some(expected) => key == expected,
            None => key > 0, // as long as the modulus, which only the key knows
        };
        let Content { iv, tag, .. } = &self.content;
        if fits && iv.len() == enc.iv_len() && tag.len() == enc.tag_len() {
            Ok(())
        } else {
            Err(DecryptError::Failed)
        }
    }

    /// The only place where a ciphertext and its tag are judged.
    fn decrypt_by(&self, cipher: &dyn ContentCipher) -> Result<Vec<u8>, DecryptError> {
        let Content { authenticated, iv, ciphertext, tag, .. } = &self.content;
        // Wiped if it is not handed on: an error must not leave plaintext behind.
        let mut text = Zeroizing::new(ciphertext.to_vec());
        match cipher.decrypt(authenticated, iv, &mut text, tag) {
            Ok(()) => Ok(core::mem::take(&mut text)),
            Err(Refused::Invalid) => Err(DecryptError::Failed),
            Err(Refused::Unavailable(error)) => Err(DecryptError::Unavailable(error)),
        }
    }

    fn finish(
        &self,
        text: Vec<u8>,
        proof: Proof,
        policy: &Policy,
    ) -> Result<Decrypted<Vec<u8>>, Error> {
        if self.protected.encryption().and_then(|params| params.zip()).is_none() {
            return Ok(Decrypted::by(proof, text));
        }
        let compressed = Zeroizing::new(text);
        let inflated = zip::inflate(&compressed, policy.ceilings().inflated);
        inflated
            .map(|text| Decrypted::by(proof, text))
            .map_err(|rule| Error::Parse(rule.of(Subject::Plaintext)))
    }
}

/// Of two refusals the one that counts: a device that gave no answer, then a key that was tried, then
/// what is wrong with the header, then that no key fits, and last what could not be read.
pub(super) fn worse(first: Option<Error>, second: Error) -> Error {
    const fn rank(error: &Error) -> u8 {
        match error {
            Error::Decrypt(DecryptError::Unavailable(_)) => 4,
            Error::Decrypt(DecryptError::Failed) => 3,
            Error::Decrypt(DecryptError::Critical(_) | DecryptError::Header(_)) => 2,
            Error::Decrypt(DecryptError::NoMatchingKey(_)) => 1,
            Error::Parse(_) => 0,
        }
    }
    match first {
        Some(first) if rank(&first) >= rank(&second) => first,
        _ => second,
    }
}

fn enc(header: &Header) -> Option<&str> {
    header.encryption().and_then(|params| params.enc())
}

/// The rules that the headers of one recipient are held to, when written and when read: nothing is
/// in two of them (RFC 7516 §7.2.1), `crit` and `zip` are protected (§4.1.13, §4.1.3), `alg` and
/// `enc` are there.
pub(super) fn check_headers(
    protected: &Header,
    shared: Option<&Header>,
    recipient: Option<&Header>,
) -> Result<(), Rule> {
    for header in [shared, recipient].into_iter().flatten() {
        let zip = header.encryption().is_some_and(|params| params.zip().is_some());
        for (member, there) in [("crit", header.crit().is_some()), ("zip", zip)] {
            if there {
                return Err(Rule::Unprotected { member });
            }
        }
        if protected.overlaps(header) {
            return Err(Rule::NotDisjoint);
        }
    }
    if let (Some(shared), Some(recipient)) = (shared, recipient)
        && shared.overlaps(recipient)
    {
        return Err(Rule::NotDisjoint);
    }
    let all = || [Some(protected), shared, recipient].into_iter().flatten();
    all().find_map(Header::alg).ok_or(Rule::Missing { member: "alg" })?;
    all().find_map(enc).ok_or(Rule::Missing { member: "enc" })?;
    Ok(())
}

impl fmt::Debug for Encrypted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encrypted")
            .field("protected", &self.protected)
            .field("shared", &self.shared)
            .field("recipient", &self.recipient)
            .finish_non_exhaustive()
    }
}

/// Why a token was not decrypted.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// None of the keys decrypts it.
    Decrypt(DecryptError),
    /// It is no JWE, or its content does not inflate or is not what it is said to be.
    Parse(ParseError),
}

impl Error {
    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Decrypt(error) => error.code(),
            Self::Parse(error) => error.code(),
        }
    }
}

impl From<DecryptError> for Error {
    fn from(error: DecryptError) -> Self {
        Self::Decrypt(error)
    }
}

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        Self::Parse(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Decrypt(_) => "the token was not decrypted",
            Self::Parse(_) => "not a well-formed token",
        })
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Decrypt(error) => Some(error),
            Self::Parse(error) => Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::CryptoError;

    #[test]
    fn of_two_refusals_the_one_that_counts_more_is_told() {
        let rising: [fn() -> Error; 5] = [
            || Error::Parse(Rule::Base64url.of(Subject::Jwe)),
            || {
                let none = NoMatchingKey::encrypted(NoMatchReason::EmptySet, "dir", None);
                DecryptError::NoMatchingKey(none).into()
            },
            || DecryptError::Header(Rule::Base64url.of(Subject::Jwe)).into(),
            || DecryptError::Failed.into(),
            || DecryptError::Unavailable(CryptoError::default()).into(),
        ];
        let text = |error: &Error| alloc::format!("{error:?}");
        for (at, less) in rising.iter().enumerate() {
            assert_eq!(text(&worse(None, less())), text(&less()));
            for more in rising.iter().skip(at) {
                assert_eq!(text(&worse(Some(less()), more())), text(&more()));
                assert_eq!(text(&worse(Some(more()), less())), text(&more()));
            }
        }
    }
}
