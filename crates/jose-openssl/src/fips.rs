//! OpenSSL's FIPS provider: a backend that computes in it alone, and what is approved there.
//!
//! A fetch with `fips=yes` gets what the module itself calls so, which is more than is approved: modules
//! serve X25519, sign with an RSA exponent of 3, and take a password of one octet. So two things have to
//! come together: the module has the algorithm, and the rules here allow it.

use alloc::borrow::Cow;
use alloc::ffi::CString;
use core::error::Error;
use core::ffi::CStr;
use core::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jose_core::crypto::{Approval, Backend, CryptoError, FipsModule, FipsStatus, RequireApproved};
use jose_core::jwa::{Alg, ContentEncryption, KeyManagementAlgorithm, SignatureAlgorithm};
use jose_core::jwk::{OkpCurve, Params};

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
/// It has a library context of its own, so [`BACKEND`](crate::BACKEND) goes on as before. The file is the
/// one that libcrypto itself reads by default; what else it holds for the whole process (engines, TLS
/// settings, names of object identifiers) OpenSSL takes again. The module's self tests are run before this
/// returns, and the same value comes back every time.
///
/// # Errors
///
/// [`FipsError`] if there is no such provider, with what is missing. There is no falling back.
pub fn fips() -> Result<&'static dyn Backend, FipsError> {
    let file = ffi::default_config_file()
        .map_err(|source| FipsError::Config { file: PathBuf::new(), source })?;
    let file = file.into_string().unwrap_or_default();
    fips_from(&FipsConfig::new(file)).map_err(|error| match error {
        // Its default file is where it was built to be installed, which nobody did.
        FipsError::Config { .. } | FipsError::Missing { .. } if cfg!(feature = "vendored") => {
            FipsError::Vendored
        }
        error => error,
    })
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
    /// The module is not in working order, or its configuration has switched off the checks that its
    /// approved mode demands.
    Weakened {
        /// The file.
        file: PathBuf,
    },
    /// OpenSSL was built from source and linked in, which has no module of its own: use the system's, or
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
                "no FIPS provider that has {what} is active in {}: the section that `openssl \
                 fipsinstall` writes has to be activated there, and its module be found and unchanged; \
                 one that failed in this process works again after a restart",
                file.display()
            ),
            Self::Elsewhere { what, provider } => {
                write!(f, "{what} comes from the provider {provider}, which is not the FIPS module")
            }
            Self::SelfTest => f.write_str("the self tests of the FIPS module fail"),
            Self::Weakened { file } => write!(
                f,
                "the FIPS module of {} is out of order, or has its `security-checks` switched off",
                file.display()
            ),
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

/// What is asked for before a context is believed: all that every module has and that is used here.
const PROOF: [(Kind, &CStr, &str); 15] = [
    (Kind::Digest, c"SHA2-256", "SHA2-256"),
    (Kind::Digest, c"SHA2-384", "SHA2-384"),
    (Kind::Digest, c"SHA2-512", "SHA2-512"),
    (Kind::Mac, c"HMAC", "HMAC"),
    (Kind::Cipher, c"AES-256-GCM", "AES-256-GCM"),
    (Kind::Cipher, c"AES-256-CBC", "AES-256-CBC"),
    (Kind::Cipher, c"AES-256-WRAP", "AES-256-WRAP"),
    (Kind::KeyDerivation, c"SSKDF", "SSKDF"),
    (Kind::KeyDerivation, c"PBKDF2", "PBKDF2"),
    (Kind::KeyManagement, c"RSA", "RSA keys"),
    (Kind::KeyManagement, c"EC", "EC"),
    (Kind::KeyExchange, c"ECDH", "ECDH"),
    (Kind::Signature, c"ECDSA", "ECDSA"),
    (Kind::Signature, c"RSA", "RSA signatures"),
    (Kind::AsymmetricCipher, c"RSA", "RSA"),
];

enum Unproved {
    Elsewhere { what: &'static str, provider: String },
    Missing { what: &'static str },
    Weakened,
}

impl Unproved {
    fn of(self, file: &Path) -> FipsError {
        match self {
            Self::Elsewhere { what, provider } => FipsError::Elsewhere { what, provider },
            Self::Missing { what } => FipsError::Missing { file: file.into(), what },
            Self::Weakened => FipsError::Weakened { file: file.into() },
        }
    }
}

/// The one provider that everything comes from where `fips=yes` is asked for.
fn prove(lib: &Lib) -> Result<Module, Unproved> {
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
    let provider = module.ok_or(Unproved::Missing { what: "anything" })?;
    if !provider.is_approved_mode {
        return Err(Unproved::Weakened);
    }
    let what = "random octets";
    for generator in lib.providers_of_generators() {
        let found = generator.ok_or(Unproved::Missing { what })?.name;
        if found != provider.name {
            return Err(Unproved::Elsewhere { what, provider: found });
        }
    }
    if lib.has_foreign_generator() {
        return Err(Unproved::Elsewhere { what, provider: "of the application's".to_owned() });
    }
    let has =
        |(kind, name)| lib.provider_of(kind, name).is_some_and(|found| found.name == provider.name);
    let missing = OPTIONAL.into_iter().filter(|asked| !has(*asked)).collect();
    Ok(Module { provider, missing })
}

/// What some modules have and others have not.
const OPTIONAL: [(Kind, &CStr); 2] = [(Kind::Signature, c"ED25519"), (Kind::Signature, c"ED448")];

/// A FIPS module that everything in a context was shown to come from.
#[derive(Clone, Debug)]
pub(crate) struct Module {
    provider: Provider,
    /// Of [`OPTIONAL`].
    missing: Vec<(Kind, &'static CStr)>,
}

impl Module {
    fn has(&self, name: &'static CStr) -> bool {
        !self.missing.contains(&(Kind::Signature, name))
    }

    /// Modules before 3.4 were not validated for it, whatever they say.
    fn edwards(&self, name: &'static CStr) -> Approval {
        let numbers = self.provider.version.split('.');
        let mut numbers = numbers.map(|number| number.parse::<u32>().unwrap_or(0));
        let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        if version < (3, 4) {
            let reason = "EdDSA, for which modules before 3.4 are not validated";
            Approval::NotApproved { reason }
        } else if self.has(name) {
            Approval::Approved
        } else {
            Approval::NotApproved { reason: "EdDSA, which the module does not have" }
        }
    }
}

impl OpenSsl {
    /// The module that this backend computes in, if it can be shown.
    fn module(&self) -> Option<Cow<'_, Module>> {
        if let Some(module) = &self.fips {
            return Some(Cow::Borrowed(module));
        }
        // A process may be configured for FIPS as a whole, by its deployer.
        let lib = self.lib();
        if lib.asks_for_fips() { prove(lib).ok().map(Cow::Owned) } else { None }
    }

    pub(crate) fn computes_in_module(&self) -> bool {
        self.module().is_some()
    }

    pub(crate) fn status(&self) -> FipsStatus {
        match self.module() {
            Some(module) => FipsStatus::Fips(FipsModule::new(
                module.provider.description.clone(),
                module.provider.version.clone(),
                ffi::library(),
            )),
            None => FipsStatus::NotFips {
                reason: "OpenSSL is not configured for FIPS in this library context",
            },
        }
    }

    pub(crate) fn approves(&self, alg: Alg, key: Option<&Params>) -> Approval {
        if key.is_some_and(|key| key.check_for(alg).is_err()) {
            return Approval::NotApproved { reason: "not a key for this algorithm" };
        }
        match self.module() {
            Some(module) => approval(&module, alg, key),
            None => Approval::NotApproved { reason: "not computed in a FIPS module" },
        }
    }
}

const MONTGOMERY: &str = "key agreement on X25519 and X448 (SP 800-56A)";

/// Whether FIPS 140-3 approves of an algorithm that `module` has. What is not asked for here every module
/// has: it is among the [proofs](PROOF).
fn approval(module: &Module, alg: Alg, key: Option<&Params>) -> Approval {
    use ContentEncryption as E;
    use KeyManagementAlgorithm as K;
    use SignatureAlgorithm as S;
    const UNKNOWN: Approval =
        Approval::NotApproved { reason: "an algorithm that is not known here" };
    match alg {
        Alg::SignatureAlgorithm(alg) => match alg {
            S::HS256 | S::HS384 | S::HS512 | S::ES256 | S::ES384 | S::ES512 => Approval::Approved,
            S::RS256 | S::RS384 | S::RS512 | S::PS256 | S::PS384 | S::PS512 => {
                rsa(key, Approval::Approved)
            }
            S::ES256K => Approval::NotApproved { reason: "signatures on secp256k1 (SP 800-186)" },
            S::Ed448 => module.edwards(c"ED448"),
            S::Ed25519 => module.edwards(c"ED25519"),
            S::EdDSA => match key {
                Some(Params::Okp(okp)) if okp.crv() == OkpCurve::Ed448 => module.edwards(c"ED448"),
                _ => module.edwards(c"ED25519"),
            },
            _ => UNKNOWN,
        },
        Alg::KeyManagementAlgorithm(alg) => match alg {
            K::RSA1_5 => Approval::NotApproved { reason: "RSAES-PKCS1-v1_5 (SP 800-131A)" },
            K::RSA_OAEP => {
                rsa(key, Approval::Allowed { reason: "SHA-1 in OAEP, until the end of 2030" })
            }
            K::RSA_OAEP_256 | K::RSA_OAEP_384 | K::RSA_OAEP_512 => rsa(key, Approval::Approved),
            K::A128KW | K::A192KW | K::A256KW => Approval::Approved,
            K::A128GCMKW | K::A192GCMKW | K::A256GCMKW => GCM,
            K::Dir => Approval::Allowed { reason: "as the content encryption is" },
            K::ECDH_ES | K::ECDH_ES_A128KW | K::ECDH_ES_A192KW | K::ECDH_ES_A256KW => match key {
                Some(Params::Okp(_)) => Approval::NotApproved { reason: MONTGOMERY },
                Some(_) => Approval::Approved,
                None => Approval::Allowed { reason: "on P-256, P-384 and P-521 alone" },
            },
            K::PBES2_HS256_A128KW | K::PBES2_HS384_A192KW | K::PBES2_HS512_A256KW => {
                Approval::Allowed {
                    reason: "for what is stored; salts of 16 octets, passwords of 8 (SP 800-132)",
                }
            }
            _ => UNKNOWN,
        },
        Alg::ContentEncryption(enc) => match enc {
            E::A128GCM | E::A192GCM | E::A256GCM => GCM,
            E::A128CBC_HS256 | E::A192CBC_HS384 | E::A256CBC_HS512 => Approval::Approved,
            _ => UNKNOWN,
        },
        _ => UNKNOWN,
    }
}

/// The module draws the initialization vectors, at random.
const GCM: Approval =
    Approval::Allowed { reason: "at most 2^32 messages under one key (SP 800-38D §8.3)" };

/// FIPS 186-5 §5.1 wants e above 2^16; modules sign with less.
fn rsa(key: Option<&Params>, approval: Approval) -> Approval {
    match key {
        Some(Params::Rsa(rsa)) if rsa.e().len() < 3 => {
            Approval::NotApproved { reason: "an RSA exponent below 65537 (FIPS 186-5 §5.1)" }
        }
        _ => approval,
    }
}
