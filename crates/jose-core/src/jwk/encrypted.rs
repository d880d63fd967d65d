//! Encrypted keys and key sets (RFC 7517 §7): JSON in a JWE that says what is inside by its `cty`.

use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::{Jwk, JwkSet};
use crate::SecretBytes;
use crate::error::{Rule, Subject};
use crate::header::Header;
use crate::jwe::{self, Builder, EncryptError, EncryptionKey, KeyResolver, Policy, Recipient};

impl Jwk {
    /// Encrypts this key, private members and all, and returns the compact serialization. Under
    /// [`EncryptionKey::from_password`] it is protected as a private key in a file is; with any other
    /// key it is sent to that one's owner.
    ///
    /// The content is encrypted by `A256GCM`, or as a key that encrypts directly is bound to, and the
    /// header has `cty`: `jwk+json`.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use jose_rustcrypto::BACKEND;
    /// use jose_core::jwe::{DecryptionKey, EncryptionKey, Password};
    /// use jose_core::{Alg, Jwk};
    ///
    /// let jwk = Jwk::generate(Alg::ES256, BACKEND)?;
    /// let (alg, password) = (Alg::PBES2_HS512_A256KW, Password::from("correct horse battery staple"));
    /// let key = EncryptionKey::from_password(alg, &password, BACKEND)?;
    /// # let key = key.with_p2c(1000)?;
    /// let token = jwk.encrypt(&key)?;
    ///
    /// let key = DecryptionKey::from_password(alg, &password, BACKEND)?;
    /// assert_eq!(Jwk::decrypt(&token, &key)?, jwk);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`jwe::encrypt`].
    pub fn encrypt(&self, key: &EncryptionKey) -> Result<String, EncryptError> {
        self.encrypt_with(key, &Builder::new())
    }

    /// As [`encrypt`](Self::encrypt), for a recipient about whom there is more to say, and as `how` says:
    /// by another `enc`, say. What its protected header has beside `cty` is added.
    ///
    /// # Errors
    ///
    /// As [`Builder::encrypt`], and [`EncryptError::Serialization`] for what a compact token has no
    /// place for.
    pub fn encrypt_with<'k>(
        &self,
        recipient: impl Into<Recipient<'k>>,
        how: &Builder,
    ) -> Result<String, EncryptError> {
        seal(&self.expose_secret_json(), JWK, recipient.into(), how)
    }

    /// Decrypts a token in compact serialization that has one key inside, under the default
    /// [`Policy`].
    ///
    /// Whoever has the key that decrypts could have made the token, and to a public key that is
    /// everyone: what comes out is a key that somebody wanted us to have.
    ///
    /// # Errors
    ///
    /// [`jwe::Error::Decrypt`] for a token that none of `keys` decrypts; [`jwe::Error::Parse`] for what
    /// is no token, has not the `cty` `jwk+json`, with or without `application/`, or has something else
    /// inside than a key.
    pub fn decrypt(token: &str, keys: &(impl KeyResolver + ?Sized)) -> Result<Self, jwe::Error> {
        Self::decrypt_with(token, keys, &Policy::new())
    }

    /// As [`decrypt`](Self::decrypt), under a policy of the caller's, whose ceilings hold for the key
    /// too.
    ///
    /// # Errors
    ///
    /// As [`decrypt`](Self::decrypt).
    pub fn decrypt_with(
        token: &str,
        keys: &(impl KeyResolver + ?Sized),
        policy: &Policy,
    ) -> Result<Self, jwe::Error> {
        let json = open(token, JWK, keys, policy)?;
        Ok(Self::read(&json, policy.ceilings()).map_err(|rule| rule.of(Subject::Jwk))?)
    }
}

impl JwkSet {
    /// Encrypts all keys, private members and all, as [`Jwk::encrypt`] does one. The header has `cty`:
    /// `jwk-set+json`.
    ///
    /// # Errors
    ///
    /// As [`Jwk::encrypt`].
    pub fn encrypt(&self, key: &EncryptionKey) -> Result<String, EncryptError> {
        self.encrypt_with(key, &Builder::new())
    }

    /// As [`encrypt`](Self::encrypt), for a recipient about whom there is more to say, and as `how` says.
    ///
    /// # Errors
    ///
    /// As [`Jwk::encrypt_with`].
    pub fn encrypt_with<'k>(
        &self,
        recipient: impl Into<Recipient<'k>>,
        how: &Builder,
    ) -> Result<String, EncryptError> {
        seal(&self.expose_secret_json(), JWK_SET, recipient.into(), how)
    }

    /// Decrypts a token in compact serialization that has a set of keys inside, under the default
    /// [`Policy`]. A member that cannot be read is left out, as by [`from_json`](Self::from_json).
    ///
    /// # Errors
    ///
    /// As [`Jwk::decrypt`], with the `cty` `jwk-set+json`.
    pub fn decrypt(token: &str, keys: &(impl KeyResolver + ?Sized)) -> Result<Self, jwe::Error> {
        Self::decrypt_with(token, keys, &Policy::new())
    }

    /// As [`decrypt`](Self::decrypt), under a policy of the caller's, whose ceilings hold for the set
    /// too.
    ///
    /// # Errors
    ///
    /// As [`decrypt`](Self::decrypt).
    pub fn decrypt_with(
        token: &str,
        keys: &(impl KeyResolver + ?Sized),
        policy: &Policy,
    ) -> Result<Self, jwe::Error> {
        let json = open(token, JWK_SET, keys, policy)?;
        Ok(Self::from_json_within(&*json, policy.ceilings())?)
    }
}

/// The media types without `application/` (RFC 7515 §4.1.10, RFC 7517 §8.5).
const JWK: &str = "jwk+json";
const JWK_SET: &str = "jwk-set+json";

fn seal(
    json: &SecretBytes,
    cty: &'static str,
    recipient: Recipient<'_>,
    how: &Builder,
) -> Result<String, EncryptError> {
    // Random octets get no shorter, and a compressor leaves copies of them behind.
    let how = how.clone().uncompressed().under(Header::new().with_cty(cty));
    let jwe = how.encrypt(json.expose_secret(), [recipient])?;
    jwe.to_compact().map_err(EncryptError::Serialization)
}

fn open(
    token: &str,
    cty: &'static str,
    keys: &(impl KeyResolver + ?Sized),
    policy: &Policy,
) -> Result<Zeroizing<Vec<u8>>, jwe::Error> {
    let decrypted = jwe::decrypt_with(token, keys, policy)?;
    let named = decrypted.protected().is_cty(cty);
    // Wiped before anything is refused.
    let json = Zeroizing::new(decrypted.into_content());
    if named {
        Ok(json)
    } else {
        Err(Rule::Value { member: "cty", expected: cty }.of(Subject::Jwe).into())
    }
}
