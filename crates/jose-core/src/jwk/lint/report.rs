//! The checks of one key.

use alloc::string::String;
use alloc::vec::Vec;

use super::checks::Check;
use super::octets::{algorithms_of, has_few_values, is_repetition, is_sequence, is_text};
use super::{Exposure, Finding};
use crate::base64url;
use crate::crypto::Backend;
use crate::error::{KeyError, excerpt};
use crate::json;
use crate::jwa::{
    Alg, ContentEncryption, Hash, KeyManagementAlgorithm, Purpose, SignatureAlgorithm,
    bind_key_management, bind_signature,
};
use crate::jwk::set::serves;
use crate::jwk::{Jwk, JwkSet, KeyUse, Oct, Params};

/// What was found so far, and of which key.
#[derive(Default)]
pub(super) struct Report {
    pub(super) findings: Vec<Finding>,
    /// Where the findings of the key at hand begin.
    begin: usize,
    index: Option<usize>,
    kid: Option<String>,
}

impl Report {
    /// The findings that follow are of this key.
    pub(super) fn of(&mut self, index: Option<usize>, kid: Option<String>) {
        self.begin = self.findings.len();
        (self.index, self.kid) = (index, kid);
    }

    pub(super) fn add(&mut self, check: &Check) {
        self.advise(check, check.advice);
    }

    /// Several checks may come to one conclusion: it is told once.
    fn advise(&mut self, check: &Check, advice: &'static str) {
        let code = check.code;
        if !self.findings.iter().skip(self.begin).any(|found| found.code == code) {
            let (index, kid) = (self.index, self.kid.clone());
            self.findings.push(Finding { code, severity: check.severity, advice, index, kid });
        }
    }

    pub(super) fn key(
        &mut self,
        jwk: &Jwk,
        index: Option<usize>,
        exposure: Exposure,
        backend: &dyn Backend,
    ) {
        let told = kid_tells_secret(jwk, backend);
        self.of(index, jwk.kid().filter(|_| !told).map(excerpt));
        if told {
            self.add(&Check::KID_TELLS_SECRET);
        }
        self.secrecy(jwk, exposure);
        self.numbers(jwk, backend);
        self.purpose(jwk);
        self.certificates(jwk, backend);
    }

    /// What must not be read by those who can.
    fn secrecy(&mut self, jwk: &Jwk, exposure: Exposure) {
        let unknown = matches!(jwk.params(), Params::Unknown(_));
        let stray = jwk.has_stray_secrets();
        if exposure == Exposure::Published {
            if is_shared(jwk) {
                self.add(&Check::OCT_PUBLISHED);
            } else if is_pair(jwk) && jwk.is_private() || unknown && stray {
                self.add(&Check::PRIVATE_PUBLISHED);
            }
        }
        // In a type that is not known here they may be in their place.
        if stray && !unknown {
            self.add(&Check::STRAY_PRIVATE);
        }
    }

    /// What the octets and numbers themselves tell.
    fn numbers(&mut self, jwk: &Jwk, backend: &dyn Backend) {
        match jwk.params() {
            Params::Unknown(_) => return self.add(&Check::UNKNOWN_KTY),
            Params::Oct(oct) => self.octets(jwk, oct),
            Params::Rsa(rsa) if rsa.n().len() < 3072 / 8 => self.add(&Check::RSA_SHORT),
            _ => {}
        }
        match jwk.check_consistency(backend) {
            Err(KeyError::Unsupported { .. } | KeyError::Unavailable(_)) => {
                self.add(&Check::UNCHECKED);
            }
            Err(error) => self.refusal(&error),
            Ok(()) => {}
        }
    }

    fn octets(&mut self, jwk: &Jwk, oct: &Oct) {
        let k = oct.k().expose_secret();
        if jwk.alg().is_none() {
            match algorithms_of(k.len()) {
                Some(advice) => self.advise(&Check::UNBOUND_OCT, advice),
                None => self.add(&Check::OCT_SIZE),
            }
        }
        let password = jwk.alg().is_some_and(|name| name.starts_with("PBES2-"));
        if password && k.len() < 10 {
            self.add(&Check::SHORT_PASSWORD);
        }
        let k = k.get(..k.len().min(1024)).unwrap_or_default();
        if k.len() < 16 {
            return;
        }
        if is_repetition(k) {
            self.add(&Check::WEAK_OCT_REPETITION);
        } else if is_sequence(k) {
            self.add(&Check::WEAK_OCT_SEQUENCE);
        } else if has_few_values(k) {
            self.add(&Check::WEAK_OCT_VALUES);
        } else if !password && is_text(k) {
            self.add(&Check::WEAK_OCT_TEXT);
        }
    }

    /// What the key says it is for.
    fn purpose(&mut self, jwk: &Jwk) {
        let alg = jwk.alg().map(Alg::from_name);
        match alg {
            None if matches!(jwk.params(), Params::Unknown(_)) => {}
            None => self.add(&Check::MISSING_ALG),
            Some(None) => self.add(&Check::UNKNOWN_ALG),
            Some(Some(alg)) => self.algorithm(jwk, alg),
        }
        match (jwk.key_use(), jwk.key_ops()) {
            (None, None) => self.add(&Check::MISSING_USE),
            (Some(key_use), Some(ops)) => {
                self.add(&Check::USE_AND_KEY_OPS);
                if ops.iter().any(|op| !belongs(op, key_use)) {
                    self.add(&Check::USE_KEY_OPS);
                }
            }
            _ => {}
        }
        if let Some(KeyUse::Other(_)) = jwk.key_use() {
            self.add(&Check::UNKNOWN_USE);
        }
    }

    /// Whether the key may serve the algorithm it names: what binding would say, but all of it.
    fn algorithm(&mut self, jwk: &Jwk, alg: Alg) {
        match alg {
            Alg::KeyManagementAlgorithm(KeyManagementAlgorithm::RSA1_5) => {
                self.add(&Check::ALG_DEPRECATED);
            }
            Alg::SignatureAlgorithm(SignatureAlgorithm::EdDSA) => self.add(&Check::ALG_RENAMED),
            _ => {}
        }
        let expected = match alg {
            Alg::SignatureAlgorithm(_) => KeyUse::Sig,
            Alg::KeyManagementAlgorithm(_) | Alg::ContentEncryption(_) => KeyUse::Enc,
        };
        if jwk.key_use().is_some_and(|key_use| *key_use != expected) {
            self.add(&Check::USE_ALG);
        }
        let any_use = Jwk { key_use: None, ..jwk.clone() };
        let for_anything = Jwk { key_ops: None, ..any_use.clone() };
        for jwk in [for_anything, any_use] {
            if let Err(error) = bind(&jwk, alg) {
                self.refusal(&error);
            }
        }
        if let Params::Oct(oct) = jwk.params() {
            self.direct(jwk, alg, oct.k().len());
        }
    }

    /// What a shared key that encrypts content says of how it does.
    fn direct(&mut self, jwk: &Jwk, alg: Alg, len: usize) {
        let own = match alg {
            Alg::ContentEncryption(enc) => Some(enc),
            Alg::KeyManagementAlgorithm(KeyManagementAlgorithm::Dir) => None,
            _ => return,
        };
        let named = jwk.other().find(|(name, _)| *name == "enc").map(|(_, json)| {
            json::unquote(json).and_then(|name| ContentEncryption::from_name(&name))
        });
        if named == Some(None) {
            return self.add(&Check::UNKNOWN_ALG);
        }
        let named = named.flatten();
        match (own, named) {
            (Some(own), Some(named)) if own != named => self.add(&Check::ALG_ENC),
            (None, None) => match encryptions_of(len).collect::<Vec<_>>().as_slice() {
                [] => self.add(&Check::ALG_SIZE),
                [_] => {}
                _ => self.add(&Check::ALG_ENC),
            },
            (own, named) if own.or(named).is_some_and(|enc| enc.key_len() != len) => {
                self.add(&Check::ALG_SIZE);
            }
            _ => {}
        }
    }

    /// What the key says of its certificates.
    fn certificates(&mut self, jwk: &Jwk, backend: &dyn Backend) {
        if jwk.x5c_matches() == Some(false) {
            self.add(&Check::X5C_KEY);
        }
        if let (Some([first, ..]), Some(expected)) = (jwk.x5c(), jwk.x5t_s256()) {
            let mut digest = [0; 32];
            match backend.digest(Hash::Sha256, &[first], &mut digest) {
                Ok(()) if digest == *expected => {}
                Ok(()) => self.add(&Check::X5T_X5C),
                Err(_) => self.add(&Check::UNCHECKED),
            }
        }
        if jwk.x5t().is_some() && jwk.x5t_s256().is_none() {
            self.add(&Check::X5T_ALONE);
        }
    }

    fn refusal(&mut self, error: &KeyError) {
        match error {
            KeyError::Curve { .. } | KeyError::KeyType { .. } => self.add(&Check::ALG_TYPE),
            KeyError::Inconsistent => self.add(&Check::INCONSISTENT),
            KeyError::KeyOps { .. } => self.add(&Check::KEY_OPS_ALG),
            KeyError::RsaExponent => self.add(&Check::RSA_EXPONENT),
            KeyError::RsaModulus { .. } => self.add(&Check::RSA_SIZE),
            KeyError::Size { .. } | KeyError::TooShort { .. } => self.add(&Check::ALG_SIZE),
            KeyError::Weak => self.add(&Check::WEAK_KEY),
            // The rest is not about what a key is.
            _ => {}
        }
    }
}

/// Binds a key to its own algorithm, for whichever purpose its half has.
fn bind(jwk: &Jwk, alg: Alg) -> Result<(), KeyError> {
    let bind = |sign_or_decrypt: bool| match alg {
        Alg::SignatureAlgorithm(_) => {
            let purpose = if sign_or_decrypt { Purpose::Sign } else { Purpose::Verify };
            bind_signature(jwk, None, purpose).map(drop)
        }
        Alg::KeyManagementAlgorithm(_) | Alg::ContentEncryption(_) => {
            let purpose = if sign_or_decrypt { Purpose::Decrypt } else { Purpose::Encrypt };
            bind_key_management(jwk, None, purpose).map(drop)
        }
    };
    if is_shared(jwk) {
        // Whoever only verifies need not be allowed to sign.
        bind(true).or_else(|error| bind(false).map_err(|_| error))
    } else {
        bind(jwk.is_private())
    }
}

pub(super) const fn is_shared(jwk: &Jwk) -> bool {
    matches!(jwk.params(), Params::Oct(_))
}

pub(super) const fn is_pair(jwk: &Jwk) -> bool {
    !matches!(jwk.params(), Params::Oct(_) | Params::Unknown(_))
}

/// Whether an operation is one of keys with this `use`. Those nobody knows may be.
fn belongs(op: &str, key_use: &KeyUse) -> bool {
    match op {
        "sign" | "verify" => *key_use != KeyUse::Enc,
        "decrypt" | "deriveBits" | "deriveKey" | "encrypt" | "unwrapKey" | "wrapKey" => {
            *key_use != KeyUse::Sig
        }
        _ => true,
    }
}

/// Whether the name of a shared key is the secret, or a hash of it.
fn kid_tells_secret(jwk: &Jwk, backend: &dyn Backend) -> bool {
    let (Params::Oct(oct), Some(kid)) = (jwk.params(), jwk.kid()) else { return false };
    // The thumbprint alone, or at the end of its URI (RFC 9278 §3).
    let kid = kid.rsplit(':').next().unwrap_or(kid);
    let k = oct.k().expose_secret();
    let is_thumbprint = |hash| jwk.thumbprint(hash, backend).is_ok_and(|own| own == kid);
    let digits = k.iter().flat_map(|octet| [octet >> 4, octet & 15]);
    let hexadecimal = digits.filter_map(|digit| char::from_digit(digit.into(), 16));
    let is_hexadecimal = kid.chars().map(|digit| digit.to_ascii_lowercase()).eq(hexadecimal);
    kid.as_bytes() == k
        || is_hexadecimal
        || base64url::decode_secret(kid).is_ok_and(|octets| octets == *oct.k())
        || [Hash::Sha256, Hash::Sha384, Hash::Sha512].into_iter().any(is_thumbprint)
}

/// What each key may serve, as private and as public key, one bit for each algorithm; nothing for a
/// key whose name no other has.
pub(super) fn served_by_namesakes(set: &JwkSet) -> Vec<[u64; 2]> {
    let mut kids: Vec<_> = set.iter().filter_map(Jwk::kid).collect();
    kids.sort_unstable();
    let repeated = |kid: &str| {
        let first = kids.partition_point(|other| *other < kid);
        kids.get(first + 1) == Some(&kid)
    };
    let bits = |jwk: &Jwk| {
        let mut bits = [0; 2];
        for alg in algorithms() {
            for (bits, serves) in bits.iter_mut().zip(serves(jwk, alg)) {
                *bits = *bits << 1 | u64::from(serves);
            }
        }
        bits
    };
    set.iter().map(|jwk| if jwk.kid().is_some_and(repeated) { bits(jwk) } else { [0; 2] }).collect()
}

/// Every algorithm that a header can name and a key be found for.
pub(super) fn algorithms() -> impl Iterator<Item = Alg> {
    let signatures = SignatureAlgorithm::ALL.iter().map(|alg| Alg::from(*alg));
    signatures.chain(KeyManagementAlgorithm::ALL.iter().map(|alg| Alg::from(*alg)))
}

fn encryptions_of(len: usize) -> impl Iterator<Item = ContentEncryption> {
    ContentEncryption::ALL.iter().copied().filter(move |enc| enc.key_len() == len)
}
