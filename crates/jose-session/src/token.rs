//! Sealing claims into a token and opening it again, under one set of rules.

use std::sync::PoisonError;

use jose_core::error::{DecryptError, ParseError, VerifyError};
use jose_core::jwe::{self, Encrypted};
use jose_core::jws::{self, Unverified};
use jose_core::jwt::{self, Builder, Claims, Validation};
use jose_core::{EncryptionParams, Limits, UnixTime};
use serde_json::{Map, Value};

use crate::keys::{Inner, Opening, PasswordKeys};
use crate::{Error, Keys};

/// Rules for claims, with the policies that these keys need.
pub(crate) fn rules_of(keys: &Keys, rules: Validation, limits: Limits) -> Validation {
    let encs = match &*keys.inner {
        Inner::Encrypted { enc, .. } => vec![*enc],
        Inner::Password(password) => vec![password.options.enc],
        Inner::Ring(_) | Inner::Signed { .. } => Vec::new(),
    };
    let mut decryption = jwe::Policy::new().limits(limits).encs(encs);
    if let Inner::Password(password) = &*keys.inner {
        decryption = decryption.max_p2c(password.options.p2c);
    }
    rules.with_policy(jws::Policy::new().limits(limits)).with_decryption_policy(decryption)
}

/// Seals `claims`.
pub(crate) async fn seal(
    keys: &Keys,
    claims: Map<String, Value>,
    typ: &str,
    now: UnixTime,
) -> Result<String, Error> {
    let builder = Builder::at(now).typ(typ);
    match &*keys.inner {
        Inner::Encrypted { key, enc, .. } => {
            let how = jwe::Builder::new().enc(*enc);
            builder.encrypt_with(&claims, key, &how).map_err(Error::Encrypt)
        }
        Inner::Password(password) => {
            let (key, how) = (password.seal.clone(), jwe::Builder::new().enc(password.options.enc));
            let work = move || builder.encrypt_with(&claims, &key, &how).map_err(Error::Encrypt);
            password.work(work).await
        }
        Inner::Ring(ring) => {
            let key = ring.read().unwrap_or_else(PoisonError::into_inner).signing_key().clone();
            builder.sign(&claims, &key).map_err(Error::Sign)
        }
        Inner::Signed { key, .. } => builder.sign(&claims, key).map_err(Error::Sign),
    }
}

/// Opens a token, and holds its claims to `rules`.
pub(crate) async fn open(
    keys: &Keys,
    token: &str,
    rules: &Validation,
    limits: &Limits,
    now: UnixTime,
) -> Result<Claims, Error> {
    let verified = match &*keys.inner {
        Inner::Encrypted { open, .. } => return decrypt(open, token, rules, limits, now).await,
        Inner::Password(password) => return password.open(token, rules, limits, now).await,
        Inner::Ring(ring) => {
            let keys = ring.read().unwrap_or_else(PoisonError::into_inner).verifying_keys(now);
            jwt::verify_claims(token, &keys, rules, now)
        }
        Inner::Signed { open: Opening::Resolver(resolver), .. } => {
            jwt::verify_claims(token, &**resolver, rules, now)
        }
        Inner::Signed { open: Opening::Lookup(lookup), .. } => {
            let parsed = Unverified::parse_within(token, limits).map_err(malformed)?;
            let keys = lookup.lookup(parsed.protected(), token).await.map_err(Error::Keys)?;
            jwt::verify_claims(token, &keys, rules, now)
        }
    };
    Ok(verified?.into_content())
}

async fn decrypt(
    open: &Opening<jwe::DecryptionKeys, dyn jwe::KeyResolver + Send + Sync>,
    token: &str,
    rules: &Validation,
    limits: &Limits,
    now: UnixTime,
) -> Result<Claims, Error> {
    let parsed = Encrypted::parse_within(token, limits).map_err(malformed)?;
    // Whatever else its keys are: a password takes a thread, and has a number of rounds.
    if parsed.alg().starts_with("PBES2-") {
        return Err(Error::Algorithm);
    }
    let decrypted = match open {
        Opening::Resolver(resolver) => jwt::decrypt_claims(token, &**resolver, rules, now),
        Opening::Lookup(lookup) => {
            let keys = lookup.lookup(parsed.protected(), token).await.map_err(Error::Keys)?;
            jwt::decrypt_claims(token, &keys, rules, now)
        }
    };
    Ok(decrypted?.into_content())
}

impl PasswordKeys {
    async fn open(
        &self,
        token: &str,
        rules: &Validation,
        limits: &Limits,
        now: UnixTime,
    ) -> Result<Claims, Error> {
        let parsed = Encrypted::parse_within(token, limits).map_err(malformed)?;
        let p2c = parsed.protected().encryption().and_then(EncryptionParams::p2c);
        if parsed.alg() != self.options.alg.name()
            || parsed.enc() != self.options.enc.name()
            || p2c != Some(self.options.p2c.into())
        {
            return Err(Error::Algorithm);
        }
        let (key, token, rules) = (self.open.clone(), token.to_owned(), rules.clone());
        let work = move || jwt::decrypt_claims(&token, &key, &rules, now).map_err(Error::Token);
        Ok(self.work(work).await?.into_content())
    }

    /// Does `work` on a thread that may take its time.
    async fn work<O: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<O, Error> + Send + 'static,
    ) -> Result<O, Error> {
        let queued = self.queue.clone().try_acquire_owned().map_err(|_| Error::Busy)?;
        let working = self.working.clone().acquire_owned().await.map_err(|_| Error::Busy)?;
        // The permits go with the work: that whoever asked went away does not end it.
        let work = move || {
            let done = work();
            drop((working, queued));
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Error::Thread)?
    }
}

fn malformed(error: ParseError) -> Error {
    Error::Token(error.into())
}

/// Whether a token was not looked at for a reason outside it.
pub(crate) const fn is_temporary(error: &jwt::Error) -> bool {
    matches!(
        error,
        jwt::Error::Verify(VerifyError::Unavailable(_))
            | jwt::Error::Decrypt(DecryptError::Unavailable(_))
    )
}
