//! How the sender makes the content encryption key known to a recipient (RFC 7516 §5.1, RFC 7518
//! §4).

use alloc::vec;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use zeroize::Zeroizing;

use super::key::EncryptionWay;
use super::password::not_pbes2;
use super::{EncryptionKey, Password};
use crate::SecretBytes;
use crate::crypto::{Backend, ContentCipher, CryptoError, KeyError, OtherInfo};
use crate::header::EncryptionParams;
use crate::jwa::{Alg, Bound, ContentEncryption, KeyManagementAlgorithm};
use crate::jwk::{Jwk, Oct, Params};

/// Who is who in a key agreement (RFC 7518 §4.6.1.2-4.6.1.3).
#[derive(Clone, Copy, Default)]
pub(super) struct Parties<'a> {
    pub(super) apu: Option<&'a [u8]>,
    pub(super) apv: Option<&'a [u8]>,
}

impl<'a> Parties<'a> {
    /// What the agreed key is for: the content encryption itself, or to wrap.
    pub(super) fn info(self, alg: impl Into<Alg>) -> Result<OtherInfo<'a>, CryptoError> {
        let (apu, apv) = (self.apu.unwrap_or_default(), self.apv.unwrap_or_default());
        OtherInfo::for_alg(alg, apu, apv).map_err(unavailable)
    }
}

/// Octets of the initialization vector and of the tag of AES in Galois/Counter Mode.
const GCM_IV: usize = 12;
const GCM_TAG: usize = 16;

impl EncryptionKey {
    /// The content encryption key that this key decides on itself, and what the header has to say
    /// about it; `None` for a key that wraps any.
    pub(super) fn establish(
        &self,
        enc: ContentEncryption,
        parties: Parties<'_>,
        params: &mut EncryptionParams,
    ) -> Result<Option<SecretBytes>, CryptoError> {
        match &self.way {
            EncryptionWay::Direct(direct) => Ok(Some(direct.key.clone())),
            EncryptionWay::Agree(initiator) if self.alg().is_direct() => {
                let (epk, key) = initiator.initiate(&parties.info(enc)?)?;
                params.agreed(epk, parties);
                Ok(Some(key))
            }
            _ => Ok(None),
        }
    }

    /// The JWE Encrypted Key for `cek`, and what the header has to say about it.
    pub(super) fn wrap(
        &self,
        cek: &SecretBytes,
        parties: Parties<'_>,
        params: &mut EncryptionParams,
    ) -> Result<Vec<u8>, CryptoError> {
        let alg = self.alg();
        match &self.way {
            EncryptionWay::Direct(_) => Ok(Vec::new()),
            EncryptionWay::Wrap { wrapper, .. } => wrapper.wrap_key(cek),
            EncryptionWay::Gcm(cipher) => wrap_by_gcm(&**cipher, cek, params),
            EncryptionWay::Agree(initiator) => {
                let (epk, kek) = initiator.initiate(&parties.info(alg)?)?;
                params.agreed(epk, parties);
                wrap_derived(alg, kek, cek, self.backend)
            }
            EncryptionWay::Password { password, count } => {
                let p2s = Password::new_p2s(self.backend)?;
                let kek = derive(alg, password, &p2s, *count, self.backend).map_err(unavailable)?;
                params.p2s = Some(p2s.into());
                params.p2c = Some(u64::from(count.get()));
                wrap_derived(alg, kek, cek, self.backend)
            }
        }
    }
}

impl EncryptionParams {
    fn agreed(&mut self, epk: Params, parties: Parties<'_>) {
        self.epk = Some(Jwk::new(epk));
        self.apu = parties.apu.map(Into::into);
        self.apv = parties.apv.map(Into::into);
    }
}

/// RFC 7518 §4.7: the key is encrypted as content is, with no additional data.
fn wrap_by_gcm(
    cipher: &dyn ContentCipher,
    cek: &SecretBytes,
    params: &mut EncryptionParams,
) -> Result<Vec<u8>, CryptoError> {
    // Becomes the ciphertext, or is wiped.
    let mut text = Zeroizing::new(Vec::from(cek.expose_secret()));
    let (mut iv, mut tag) = (vec![0; GCM_IV], vec![0; GCM_TAG]);
    cipher.encrypt(&[], &mut iv, &mut text, &mut tag)?;
    params.iv = Some(iv);
    params.tag = Some(tag);
    Ok(core::mem::take(&mut text))
}

fn wrap_derived(
    alg: KeyManagementAlgorithm,
    kek: SecretBytes,
    cek: &SecretBytes,
    backend: &dyn Backend,
) -> Result<Vec<u8>, CryptoError> {
    with_derived(alg, kek, |bound| backend.key_wrapper(bound)).map_err(unavailable)?.wrap_key(cek)
}

/// Binds a derived key to the AES Key Wrap that `alg` has it for.
pub(super) fn with_derived<T>(
    alg: KeyManagementAlgorithm,
    kek: SecretBytes,
    load: impl FnOnce(Bound<'_, KeyManagementAlgorithm>) -> Result<T, KeyError>,
) -> Result<T, KeyError> {
    let wrapping = alg.wrapping().ok_or(KeyError::Inconsistent)?;
    let params = Params::Oct(Oct::new(kek).map_err(|_| KeyError::Inconsistent)?);
    load(Bound::derived(wrapping, &params)?)
}

/// RFC 7518 §4.8.1.1: the salt begins with the algorithm, so that one password serves several.
pub(super) fn derive(
    alg: KeyManagementAlgorithm,
    password: &SecretBytes,
    p2s: &[u8],
    count: NonZeroU32,
    backend: &dyn Backend,
) -> Result<SecretBytes, KeyError> {
    let hash = alg.password_hash().ok_or_else(|| not_pbes2(alg))?;
    let salt = [alg.name().as_bytes(), &[0], p2s].concat();
    backend.pbkdf2(hash, password, &salt, count, alg.wrapping_key_len())
}

/// A key that we made ourselves and the backend would not take.
pub(super) fn unavailable(error: KeyError) -> CryptoError {
    match error {
        KeyError::Unavailable(error) => error,
        other => CryptoError::from_source(other),
    }
}
