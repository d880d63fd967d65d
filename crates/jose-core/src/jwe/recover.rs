//! How a recipient finds the content encryption key (RFC 7516 §5.2, RFC 7518 §4).

use alloc::vec;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use zeroize::Zeroizing;

use super::establish::{Parties, derive, unavailable, with_derived};
use super::key::DecryptionWay;
use super::password::MIN_P2S;
use super::{DecryptionKey, Encrypted, Policy};
use crate::SecretBytes;
use crate::crypto::{Backend, CryptoError};
use crate::error::{DecryptError, Refused, Rule, Subject};
use crate::header::EncryptionParams;
use crate::jwa::{Alg, Bound, ContentEncryption, KeyManagementAlgorithm, check_epk};
use crate::jwk::Jwk;
use crate::limits::MAX_P2S;

impl DecryptionKey {
    /// The content encryption key in `token`, or a random one.
    ///
    /// For every way to wrap, a key that cannot be unwrapped gives a random one instead of an answer
    /// (RFC 7516 §11.5). What follows then takes the same steps, and it is the tag of the content
    /// that is refused.
    pub(super) fn recover(
        &self,
        token: &Encrypted<'_>,
        enc: ContentEncryption,
        policy: &Policy,
    ) -> Result<SecretBytes, DecryptError> {
        match &self.way {
            DecryptionWay::Direct(direct) => return Ok(direct.key.clone()),
            DecryptionWay::Agree { .. } if self.alg().is_direct() => {
                return self.agree(&token.params(), enc);
            }
            _ => {}
        }
        let decoy = random(enc.key_len(), self.backend).map_err(DecryptError::Unavailable)?;
        Ok(self.unwrap(token, enc.key_len(), policy)?.unwrap_or(decoy))
    }

    /// The key of `len` octets that is wrapped in `token`; `None` for what is no such key.
    pub(super) fn unwrap(
        &self,
        token: &Encrypted<'_>,
        len: usize,
        policy: &Policy,
    ) -> Result<Option<SecretBytes>, DecryptError> {
        let (alg, encrypted_key) = (self.alg(), token.encrypted_key());
        let params = token.params();
        let unwrapped = match &self.way {
            DecryptionWay::Direct(_) => Err(Refused::Invalid),
            DecryptionWay::Agree { .. } => {
                let kek = self.agree(&params, alg)?;
                unwrap_derived(alg, kek, encrypted_key, len, self.backend)
            }
            DecryptionWay::Gcm(cipher) => {
                let iv = params.iv.ok_or_else(|| missing("iv"))?;
                let tag = params.tag.ok_or_else(|| missing("tag"))?;
                // Wiped if it is not handed on.
                let mut key = Zeroizing::new(Vec::from(encrypted_key));
                if iv.len() == 12 && tag.len() == 16 {
                    let decrypted = cipher.decrypt(&[], iv, &mut key, tag);
                    decrypted.map(|()| SecretBytes::new(core::mem::take(&mut key)))
                } else {
                    Err(Refused::Invalid)
                }
            }
            DecryptionWay::Password(password) => {
                let (p2s, count) = password_params(&params, policy)?;
                let kek = derive(alg, password, p2s, count, self.backend)
                    .map_err(|error| DecryptError::Unavailable(unavailable(error)))?;
                unwrap_derived(alg, kek, encrypted_key, len, self.backend)
            }
            DecryptionWay::Unwrap { unwrapper, modulus_len } => {
                if modulus_len.is_some_and(|expected| expected != encrypted_key.len()) {
                    Err(Refused::Invalid)
                } else {
                    unwrapper.unwrap_key(encrypted_key, len)
                }
            }
        };
        match unwrapped {
            Ok(key) if key.len() == len => Ok(Some(key)),
            Ok(_) | Err(Refused::Invalid) => Ok(None),
            Err(Refused::Unavailable(error)) => Err(DecryptError::Unavailable(error)),
        }
    }

    /// The key that is agreed on with the sender for `alg`.
    fn agree(
        &self,
        params: &KeyParams<'_>,
        alg: impl Into<Alg>,
    ) -> Result<SecretBytes, DecryptError> {
        let DecryptionWay::Agree { responder, public } = &self.way else {
            return Err(DecryptError::Failed);
        };
        let epk = params.epk.ok_or_else(|| missing("epk"))?;
        // Of a key that is held elsewhere, no more is known than what its algorithm takes.
        let fits = match public {
            Some(own) => check_epk(epk.params(), own),
            None => Bound::derived(self.alg(), epk.params()).map(drop),
        };
        if fits.is_err() {
            return Err(DecryptError::Failed);
        }
        let parties = Parties { apu: params.apu, apv: params.apv };
        let info = parties.info(alg).map_err(DecryptError::Unavailable)?;
        responder.respond(epk.params(), &info).map_err(|refused| match refused {
            Refused::Invalid => DecryptError::Failed,
            Refused::Unavailable(error) => DecryptError::Unavailable(error),
        })
    }
}

/// Parameters of encrypted tokens, from whichever header has them.
#[derive(Default)]
pub(super) struct KeyParams<'a> {
    pub(super) epk: Option<&'a Jwk>,
    pub(super) apu: Option<&'a [u8]>,
    pub(super) apv: Option<&'a [u8]>,
    pub(super) iv: Option<&'a [u8]>,
    pub(super) tag: Option<&'a [u8]>,
    pub(super) p2s: Option<&'a [u8]>,
    pub(super) p2c: Option<u64>,
}

impl<'a> KeyParams<'a> {
    pub(super) fn add(&mut self, params: &'a EncryptionParams) {
        self.epk = self.epk.or(params.epk());
        self.apu = self.apu.or(params.apu());
        self.apv = self.apv.or(params.apv());
        self.iv = self.iv.or(params.iv());
        self.tag = self.tag.or(params.tag());
        self.p2s = self.p2s.or(params.p2s());
        self.p2c = self.p2c.or(params.p2c());
    }
}

/// Salt and rounds of a password, within bounds: the work is checked before it is done.
fn password_params<'a>(
    params: &KeyParams<'a>,
    policy: &Policy,
) -> Result<(&'a [u8], NonZeroU32), DecryptError> {
    let p2s = params.p2s.ok_or_else(|| missing("p2s"))?;
    let p2c = params.p2c.ok_or_else(|| missing("p2c"))?;
    if !(MIN_P2S..=MAX_P2S).contains(&p2s.len()) {
        return Err(header(Rule::Value { member: "p2s", expected: "8 to 256 octets" }));
    }
    let count = u32::try_from(p2c).ok().and_then(NonZeroU32::new);
    let count = count.filter(|_| policy.accepts_p2c(p2c));
    let expected = "a number of rounds within the bounds";
    Ok((p2s, count.ok_or_else(|| header(Rule::Value { member: "p2c", expected }))?))
}

fn unwrap_derived(
    alg: KeyManagementAlgorithm,
    kek: SecretBytes,
    encrypted_key: &[u8],
    len: usize,
    backend: &dyn Backend,
) -> Result<SecretBytes, Refused> {
    with_derived(alg, kek, |bound| backend.key_unwrapper(bound))
        .map_err(|error| Refused::Unavailable(unavailable(error)))?
        .unwrap_key(encrypted_key, len)
}

/// A new content encryption key.
pub(super) fn random(len: usize, backend: &dyn Backend) -> Result<SecretBytes, CryptoError> {
    let mut octets = vec![0; len];
    let drawn = backend.random(&mut octets);
    let octets = SecretBytes::new(octets);
    drawn.map(|()| octets)
}

fn missing(member: &'static str) -> DecryptError {
    header(Rule::Missing { member })
}

fn header(rule: Rule) -> DecryptError {
    DecryptError::Header(rule.of(Subject::Jwe))
}
