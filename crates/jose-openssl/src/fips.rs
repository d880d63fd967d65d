//! OpenSSL's FIPS provider: a backend that computes in it alone, and what is approved there.
//!
//! A fetch with `fips=yes` gets what the module itself calls so, which is more than is approved: modules
//! serve X25519, sign with an RSA exponent of 3, and take a password of one octet. So two things have to
//! come together: the module has the algorithm, and the rules here allow it.

use alloc::ffi::CString;
use core::error::Error;
use core::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jose_core::SecretBytes;
use jose_core::crypto::{
    Approval, Backend, CryptoError, FipsModule, FipsStatus, KeyError, PasswordKdf, Pbes2,
    RequireApproved,
};
use jose_core::jwa::{Alg, ContentEncryption, KeyManagementAlgorithm, SignatureAlgorithm};
use jose_core::jwk::{OkpCurve, Params, Rsa};

use crate::OpenSsl;
use crate::ffi::{self, Kind, Lib, Provider};

/// Where a FIPS module is configured.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FipsConfig {
    file: PathBuf,
    modules: Option<PathBuf>,
}

impl FipsConfig {
    /// A configuration file of OpenSSL (`config(5)`) that activates the provider `fips`, with the section
    /// that `openssl fipsinstall` has written.
    #[must_use]
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into(), modules: None }
    }

    /// The directory of the module, `fips.so`, if it is not where libcrypto looks by itself.
    #[must_use]
    pub fn modules(mut self, directory: impl Into<PathBuf>) -> Self {
        self.modules = Some(directory.into());
        self
    }
}

/// A backend that does everything in the FIPS provider that the system's configuration file names, and
/// refuses what is not approved.
///
/// It has a library context of its own, so the rest of the process goes on as before. The file is the
/// one that libcrypto itself reads by default, and the module's self tests are run before this returns.
/// The same value comes back every time.
///
/// # Errors
///
/// [`FipsError`] if there is no such provider, with what is missing. There is no falling back.
pub fn fips() -> Result<&'static dyn Backend, FipsError> {
    if cfg!(feature = "vendored") {
        return Err(FipsError::Vendored);
    }
    let file = ffi::default_config_file()
        .map_err(|source| FipsError::Config { file: PathBuf::new(), source })?;
    let file = file.into_string().unwrap_or_default();
    fips_from(&FipsConfig::new(file))
}

/// As [`fips`], from a configuration file of the caller's.
///
/// # Errors
///
/// As [`fips`].
pub fn fips_from(config: &FipsConfig) -> Result<&'static dyn Backend, FipsError> {
    // One for each configuration, and never unloaded: handles hold what is in it.
    static LOADED: Mutex<Vec<(FipsConfig, &'static dyn Backend)>> = Mutex::new(Vec::new());
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, backend)) = loaded.iter().find(|(known, _)| known == config) {
        return Ok(*backend);
    }
    let failed = |source| FipsError::Config { file: config.file.clone(), source };
    if let Err(error) = std::fs::metadata(&config.file) {
        return Err(failed(CryptoError::from_source(error)));
    }
    let file = c_path(&config.file).map_err(failed)?;
    let modules = config.modules.as_deref().map(c_path).transpose().map_err(failed)?;
    let lib = Lib::isolated(&file, modules.as_deref()).map_err(failed)?;
    let module = prove(lib).map_err(|missing| missing.of(&config.file))?;
    if !lib.passes_self_test().map_err(failed)? {
        return Err(FipsError::SelfTest);
    }
    lib.random(&mut [0; 32]).map_err(failed)?;
    let inside: &'static OpenSsl =
        Box::leak(Box::new(OpenSsl { lib: Some(lib), fips: Some(module) }));
    let backend: &'static dyn Backend = Box::leak(Box::new(RequireApproved::new(inside)));
    loaded.push((config.clone(), backend));
    Ok(backend)
}

fn c_path(path: &Path) -> Result<CString, CryptoError> {
    CString::new(path.as_os_str().as_encoded_bytes()).map_err(CryptoError::from_source)
}

/// Why there is no FIPS backend.
#[derive(Debug)]
#[non_exhaustive]
pub enum FipsError {
    /// The configuration file could not be loaded.
    Config {
        /// The file.
        file: PathBuf,
        /// Why.
        source: CryptoError,
    },
    /// The configuration gives no FIPS provider that has this algorithm.
    Missing {
        /// The file.
        file: PathBuf,
        /// What was asked for, by OpenSSL's name for it.
        what: &'static str,
    },
    /// An algorithm came from another provider than the rest, or from one that is no FIPS module.
    Elsewhere {
        /// The algorithm, by OpenSSL's name for it.
        what: &'static str,
        /// The provider that it came from.
        provider: String,
    },
    /// The module's self tests fail.
    SelfTest,
    /// OpenSSL was built from source and linked in, which has no module: use the system's, or
    /// [`fips_from`] with the configuration of a module.
    Vendored,
}

impl FipsError {
    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ERR_FIPS_UNAVAILABLE"
    }
}

impl fmt::Display for FipsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config { file, .. } => {
                write!(f, "the configuration file {} could not be loaded", file.display())
            }
            Self::Missing { file, what } => write!(
                f,
                "no FIPS provider that has {what} is active in {}: install one, let `openssl \
                 fipsinstall` write its section, and activate that section there",
                file.display()
            ),
            Self::Elsewhere { what, provider } => {
                write!(f, "{what} comes from the provider {provider}, which is not the FIPS module")
            }
            Self::SelfTest => f.write_str("the self tests of the FIPS module fail"),
            Self::Vendored => f.write_str(
                "the vendored OpenSSL has no FIPS module: use the system's, or `fips_from`",
            ),
        }
    }
}

impl Error for FipsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Config { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// What is asked for before a context is believed: of every kind of implementation one that all modules
/// have.
const PROOF: [(Kind, &core::ffi::CStr, &str); 8] = [
    (Kind::Digest, c"SHA2-256", "SHA2-256"),
    (Kind::Mac, c"HMAC", "HMAC"),
    (Kind::Cipher, c"AES-256-GCM", "AES-256-GCM"),
    (Kind::KeyDerivation, c"SSKDF", "SSKDF"),
    (Kind::KeyManagement, c"EC", "EC"),
    (Kind::KeyExchange, c"ECDH", "ECDH"),
    (Kind::Signature, c"ECDSA", "ECDSA"),
    (Kind::AsymmetricCipher, c"RSA", "RSA"),
];

enum Unproved {
    Elsewhere { what: &'static str, provider: String },
    Missing { what: &'static str },
}

impl Unproved {
    fn of(self, file: &Path) -> FipsError {
        match self {
            Self::Elsewhere { what, provider } => FipsError::Elsewhere { what, provider },
            Self::Missing { what } => FipsError::Missing { file: file.into(), what },
        }
    }
}

/// The one provider that everything comes from where `fips=yes` is asked for.
fn prove(lib: &Lib) -> Result<Provider, Unproved> {
    let mut module: Option<Provider> = None;
    for (kind, name, what) in PROOF {
        let found = lib.provider_of(kind, name).ok_or(Unproved::Missing { what })?;
        let same = module.as_ref().is_none_or(|module| module.name == found.name);
        // Not by its name, which is not `fips` everywhere; but these are known to be none.
        if !same || matches!(found.name.as_str(), "default" | "base" | "legacy" | "null") {
            return Err(Unproved::Elsewhere { what, provider: found.name });
        }
        module = Some(found);
    }
    module.ok_or(Unproved::Missing { what: "anything" })
}

impl OpenSsl {
    /// The module that this backend computes in, if it can be shown.
    fn module(&self) -> Option<Provider> {
        if self.fips.is_some() {
            return self.fips.clone();
        }
        // A process may be configured for FIPS as a whole, by its deployer.
        let lib = self.lib();
        if lib.asks_for_fips() { prove(lib).ok() } else { None }
    }

    pub(crate) fn status(&self) -> FipsStatus {
        match self.module() {
            Some(module) => FipsStatus::Fips(FipsModule::new(
                module.description,
                module.version,
                ffi::library(),
            )),
            None => FipsStatus::NotFips {
                reason: "OpenSSL is not configured for FIPS in this library context",
            },
        }
    }

    pub(crate) fn approves(&self, alg: Alg, key: Option<&Params>) -> Approval {
        match self.module() {
            Some(module) => approval(self.lib(), &module, alg, key),
            None => Approval::NotApproved { reason: "not computed in a FIPS module" },
        }
    }

    /// The bounds of SP 800-132 on what a password is derived with. Of a salt that begins with the name
    /// of a PBES2 algorithm (RFC 7518 §4.8.1.1) the rest counts: that is what was drawn.
    pub(crate) fn permit_pbkdf2(
        &self,
        password: &SecretBytes,
        salt: &[u8],
        count: u32,
    ) -> Result<(), KeyError> {
        let drawn = match salt.iter().position(|octet| *octet == 0) {
            Some(name) if salt.starts_with(b"PBES2-") => salt.len() - name - 1,
            _ => salt.len(),
        };
        if drawn < 16 {
            return self.refuse("a salt shorter than 16 octets (SP 800-132)");
        }
        if count < 1000 {
            return self.refuse("fewer than 1000 rounds for a password (SP 800-132)");
        }
        if password.len() < 8 {
            return self.refuse("a password shorter than 8 octets");
        }
        Ok(())
    }

    pub(crate) fn permit_pbes2(
        &self,
        scheme: &Pbes2<'_>,
        password: &SecretBytes,
    ) -> Result<(), KeyError> {
        match scheme.kdf {
            PasswordKdf::Pbkdf2 { salt, count, .. } => {
                self.permit_pbkdf2(password, salt, count.get())
            }
            _ => self.refuse("scrypt"),
        }
    }

    fn refuse(&self, reason: &'static str) -> Result<(), KeyError> {
        if self.fips.is_some() { Err(KeyError::NotApproved { reason }) } else { Ok(()) }
    }
}

const MONTGOMERY: &str = "key agreement on X25519 and X448 (SP 800-56A)";

/// Whether `module` has an algorithm, and FIPS 140-3 approves of it.
fn approval(lib: &Lib, module: &Provider, alg: Alg, key: Option<&Params>) -> Approval {
    use KeyManagementAlgorithm as K;
    use SignatureAlgorithm as S;
    let has = |kind, name| {
        lib.provider_of(kind, name).is_some_and(|provider| provider.name == module.name)
    };
    let if_has = |has: bool, approval| {
        if has { approval } else { Approval::NotApproved { reason: "the module does not have it" } }
    };
    match alg {
        Alg::SignatureAlgorithm(alg) => match alg {
            S::HS256 | S::HS384 | S::HS512 => if_has(has(Kind::Mac, c"HMAC"), Approval::Approved),
            S::RS256 | S::RS384 | S::RS512 | S::PS256 | S::PS384 | S::PS512 => {
                if_has(has(Kind::Signature, c"RSA"), rsa(key, Approval::Approved))
            }
            S::ES256 | S::ES384 | S::ES512 => {
                if_has(has(Kind::Signature, c"ECDSA"), Approval::Approved)
            }
            S::ES256K => Approval::NotApproved { reason: "signatures on secp256k1 (SP 800-186)" },
            S::Ed25519 => edwards(module, has(Kind::Signature, c"ED25519")),
            S::Ed448 => edwards(module, has(Kind::Signature, c"ED448")),
            S::EdDSA => match key {
                Some(Params::Okp(okp)) if okp.crv() == OkpCurve::Ed448 => {
                    edwards(module, has(Kind::Signature, c"ED448"))
                }
                _ => edwards(module, has(Kind::Signature, c"ED25519")),
            },
            _ => Approval::NotApproved { reason: "an algorithm that is not known here" },
        },
        Alg::KeyManagementAlgorithm(alg) => match alg {
            K::RSA1_5 => Approval::NotApproved { reason: "RSAES-PKCS1-v1_5 (SP 800-131A)" },
            K::RSA_OAEP => if_has(
                has(Kind::AsymmetricCipher, c"RSA"),
                rsa(key, Approval::Allowed { reason: "SHA-1 in OAEP, until the end of 2030" }),
            ),
            K::RSA_OAEP_256 | K::RSA_OAEP_384 | K::RSA_OAEP_512 => {
                if_has(has(Kind::AsymmetricCipher, c"RSA"), rsa(key, Approval::Approved))
            }
            K::A128KW | K::A192KW | K::A256KW => {
                if_has(has(Kind::Cipher, c"AES-256-WRAP"), Approval::Approved)
            }
            K::A128GCMKW | K::A192GCMKW | K::A256GCMKW => {
                if_has(has(Kind::Cipher, c"AES-256-GCM"), GCM)
            }
            K::Dir => Approval::Allowed { reason: "as the content encryption is" },
            K::ECDH_ES | K::ECDH_ES_A128KW | K::ECDH_ES_A192KW | K::ECDH_ES_A256KW => {
                let has = has(Kind::KeyExchange, c"ECDH") && has(Kind::KeyDerivation, c"SSKDF");
                match key {
                    Some(Params::Okp(_)) => Approval::NotApproved { reason: MONTGOMERY },
                    Some(_) => if_has(has, Approval::Approved),
                    None => {
                        if_has(has, Approval::Allowed { reason: "on P-256, P-384 and P-521 alone" })
                    }
                }
            }
            K::PBES2_HS256_A128KW | K::PBES2_HS384_A192KW | K::PBES2_HS512_A256KW => if_has(
                has(Kind::KeyDerivation, c"PBKDF2"),
                Approval::Allowed {
                    reason: "for what is stored; salts of 16 octets, passwords of 8 (SP 800-132)",
                },
            ),
            _ => Approval::NotApproved { reason: "an algorithm that is not known here" },
        },
        Alg::ContentEncryption(enc) => match enc {
            ContentEncryption::A128GCM
            | ContentEncryption::A192GCM
            | ContentEncryption::A256GCM => if_has(has(Kind::Cipher, c"AES-256-GCM"), GCM),
            _ => if_has(
                has(Kind::Cipher, c"AES-256-CBC") && has(Kind::Mac, c"HMAC"),
                Approval::Approved,
            ),
        },
        _ => Approval::NotApproved { reason: "an algorithm that is not known here" },
    }
}

/// The module draws the initialization vectors, at random.
const GCM: Approval =
    Approval::Allowed { reason: "at most 2^32 messages under one key (SP 800-38D §8.3)" };

/// FIPS 186-5 §5.1 wants e above 2^16; modules sign with less.
fn rsa(key: Option<&Params>, approval: Approval) -> Approval {
    let short = |rsa: &Rsa| rsa.e().len() < 3;
    match key {
        Some(Params::Rsa(rsa)) if short(rsa) => {
            Approval::NotApproved { reason: "an RSA exponent below 65537 (FIPS 186-5 §5.1)" }
        }
        _ => approval,
    }
}

/// Modules before 3.4 were not validated for it, whatever they say.
fn edwards(module: &Provider, has: bool) -> Approval {
    let mut numbers = module.version.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if has && version >= (3, 4) {
        Approval::Approved
    } else {
        Approval::NotApproved { reason: "EdDSA, for which modules before 3.4 are not validated" }
    }
}
