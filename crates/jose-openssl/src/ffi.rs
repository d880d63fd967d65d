//! OpenSSL's own calls, made safe: the only file of this workspace with `unsafe` in it.
//!
//! The safe crate's constructors for signatures, MACs and digests take no library context, and
//! given a key of one context they compute in another without a word. Everything here takes a
//! [`Lib`] instead, and passes both its context and its property query to every call that would
//! otherwise choose for itself.
//!
//! Operations are prepared once and copied for each message ([`Template`], [`KeyTemplate`],
//! [`MacTemplate`]): fetching an algorithm and setting its parameters costs more than hashing a token
//! does. The copy takes its input in as many parts as there are, and keeps none of them. Ciphers are
//! the exception ([`CipherKey`]), because there are providers whose ciphers cannot be copied.
//!
//! Whatever fails takes its errors off OpenSSL's queue, also where the caller is told no more than
//! "no": the queue belongs to the thread, and the next library to look would take them for its own.
#![allow(unsafe_code, reason = "the calls that name a library context are in no safe crate")]

use alloc::ffi::CString;
use core::ffi::{CStr, c_char, c_int, c_uint, c_void};
use core::marker::PhantomData;
use core::ptr::{self, NonNull};

use std::sync::OnceLock;

use jose_core::SecretBytes;
use jose_core::crypto::{CryptoError, KeyError, Refused};
use jose_core::jwa::Hash;
use openssl::error::ErrorStack;
use openssl_sys::{
    self as ffi, EVP_CIPHER, EVP_CIPHER_CTX, EVP_KDF, EVP_MD, EVP_MD_CTX, EVP_PKEY, EVP_PKEY_CTX,
    EVP_SIGNATURE, OSSL_LIB_CTX, OSSL_PARAM, OSSL_PROVIDER,
};
use zeroize::Zeroizing;

use crate::digest;

/// A library context and a property query: where, and by which implementations, OpenSSL computes.
#[derive(Debug)]
pub(crate) struct Lib {
    /// Null for the default context of the process. Never freed: handles outlive it otherwise.
    ctx: *mut OSSL_LIB_CTX,
    properties: Option<&'static CStr>,
    sha256: OnceLock<Md>,
    sha384: OnceLock<Md>,
    sha512: OnceLock<Md>,
    hmac: OnceLock<Mac>,
    /// By the numbers of [`Aes`].
    aes: [OnceLock<Cipher>; 9],
}

// SAFETY: a library context is made to be used from any thread; OpenSSL locks what is in it.
unsafe impl Send for Lib {}
// SAFETY: as `Send`; the other fields are `Sync` themselves.
unsafe impl Sync for Lib {}

impl Lib {
    /// The default context, with whatever providers and default properties the deployer's
    /// configuration file gives it.
    pub(crate) const fn process() -> Self {
        Self::new(ptr::null_mut(), None)
    }

    const fn new(ctx: *mut OSSL_LIB_CTX, properties: Option<&'static CStr>) -> Self {
        Self {
            ctx,
            properties,
            sha256: OnceLock::new(),
            sha384: OnceLock::new(),
            sha512: OnceLock::new(),
            hmac: OnceLock::new(),
            aes: [const { OnceLock::new() }; 9],
        }
    }

    fn ctx(&self) -> *mut OSSL_LIB_CTX {
        // Reads the configuration before the first fetch, and keeps OpenSSL from tearing itself
        // down at exit while other threads still hold handles.
        openssl::init();
        self.ctx
    }

    fn properties(&self) -> *const c_char {
        self.properties.map_or(ptr::null(), CStr::as_ptr)
    }

    /// Writes the digest of the concatenation of `parts`.
    pub(crate) fn digest(
        &self,
        hash: Hash,
        parts: &[&[u8]],
        out: &mut [u8],
    ) -> Result<(), CryptoError> {
        if out.len() != hash.digest_len() {
            return Err(CryptoError::from_source("the buffer is not as long as the digest"));
        }
        let md = self.md(hash)?;
        let ctx = MdCtx::new()?;
        // SAFETY: both objects are live, and there is no engine.
        ok(unsafe { ffi::EVP_DigestInit_ex(ctx.as_ptr(), md.as_ptr(), ptr::null_mut()) })?;
        for part in parts {
            // SAFETY: the address is good for that many octets.
            ok(unsafe { ffi::EVP_DigestUpdate(ctx.as_ptr(), address(part).cast(), part.len()) })?;
        }
        // SAFETY: `out` has the digest's length, checked above, and a null length is not written.
        ok(unsafe { ffi::EVP_DigestFinal_ex(ctx.as_ptr(), out.as_mut_ptr(), ptr::null_mut()) })
    }

    /// The hash function, fetched at its first use.
    fn md(&self, hash: Hash) -> Result<&Md, CryptoError> {
        let name = digest::name(hash)?.as_ptr();
        let cell = match hash {
            Hash::Sha256 => &self.sha256,
            Hash::Sha384 => &self.sha384,
            Hash::Sha512 => &self.sha512,
            _ => return Err(CryptoError::default()),
        };
        once(cell, || {
            // SAFETY: the context is live or null, the strings end with NUL or are null.
            let md = unsafe { ffi::EVP_MD_fetch(self.ctx(), name, self.properties()) };
            // SAFETY: a fetch hands its reference to the caller.
            unsafe { Md::own(md) }
        })
    }

    /// HMAC, fetched at its first use.
    fn hmac(&self) -> Result<&Mac, CryptoError> {
        once(&self.hmac, || {
            let name = c"HMAC".as_ptr();
            // SAFETY: the context is live or null, the strings end with NUL or are null.
            let mac = unsafe { ffi::EVP_MAC_fetch(self.ctx(), name, self.properties()) };
            // SAFETY: a fetch hands its reference to the caller.
            unsafe { Mac::own(mac) }
        })
    }

    /// The cipher, fetched at its first use.
    fn cipher(&self, aes: Aes) -> Result<&Cipher, CryptoError> {
        let cell = self.aes.get(aes as usize).ok_or_else(CryptoError::default)?;
        once(cell, || {
            let name = aes.name().as_ptr();
            // SAFETY: the context is live or null, the strings end with NUL or are null.
            let cipher = unsafe { ffi::EVP_CIPHER_fetch(self.ctx(), name, self.properties()) };
            // SAFETY: a fetch hands its reference to the caller.
            unsafe { Cipher::own(cipher) }
        })
    }

    /// Fills `out`, of at most `i32::MAX` octets, from the context's generator for private values.
    ///
    /// In the default context that is whatever generator the application has put in the place of
    /// OpenSSL's, as it may. In one of our own it is the context's, whatever the application has done:
    /// `RAND_priv_bytes_ex(3)` would ask the application's first.
    pub(crate) fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        let ctx = self.ctx();
        if ctx.is_null() {
            // SAFETY: `out` is writable for its whole length; strength 0 is the generator's own.
            return ok(unsafe { RAND_priv_bytes_ex(ctx, out.as_mut_ptr(), out.len(), 0) });
        }
        // SAFETY: the context is live.
        let generator = unsafe { RAND_get0_private(ctx) };
        if generator.is_null() {
            return Err(failed());
        }
        // SAFETY: the generator is this thread's own and live, `out` is writable for its whole length,
        // strength 0 is the generator's own, and there is no additional input.
        ok(unsafe {
            EVP_RAND_generate(generator, out.as_mut_ptr(), out.len(), 0, 0, ptr::null(), 0)
        })
    }
}

/// Finding out where this context computes.
impl Lib {
    /// A context of its own, made of a configuration file, whose every fetch asks for `fips=yes`; and
    /// where to look for modules, if not where libcrypto does by itself.
    ///
    /// The file is loaded before any provider: a FIPS module that is loaded without its configuration
    /// goes into its error state, for the whole process. That it could be loaded says nothing, not even
    /// that what it names was found (`OSSL_LIB_CTX_load_config(3)`).
    pub(crate) fn isolated(
        config: &CStr,
        modules: Option<&CStr>,
    ) -> Result<&'static Self, CryptoError> {
        openssl::init();
        // SAFETY: takes nothing.
        let ctx = unsafe { ffi::OSSL_LIB_CTX_new() };
        if ctx.is_null() {
            return Err(failed());
        }
        // Kept from here on, whatever happens: providers hold pointers into it.
        let lib: &'static Self = Box::leak(Box::new(Self::new(ctx, Some(c"fips=yes"))));
        if let Some(modules) = modules {
            // SAFETY: the context is live, the path ends with NUL and is copied.
            ok(unsafe { ffi::OSSL_PROVIDER_set_default_search_path(ctx, modules.as_ptr()) })?;
        }
        // SAFETY: the context is live, the path ends with NUL.
        ok(unsafe { OSSL_LIB_CTX_load_config(ctx, config.as_ptr()) })?;
        // For what OpenSSL fetches by itself, within a fetched implementation.
        // SAFETY: the context is live.
        ok(unsafe { ffi::EVP_default_properties_enable_fips(ctx, 1) })?;
        Ok(lib)
    }

    /// Whether what is fetched without a query is asked to be FIPS.
    pub(crate) fn asks_for_fips(&self) -> bool {
        // SAFETY: the context is live or null.
        let enabled = unsafe { ffi::EVP_default_properties_is_fips_enabled(self.ctx()) };
        self.properties == Some(c"fips=yes") || enabled == 1
    }

    /// Runs the self tests of the provider that this context digests with, and tells whether they pass.
    pub(crate) fn passes_self_test(&self) -> Result<bool, CryptoError> {
        let md = self.md(Hash::Sha256)?;
        // SAFETY: the algorithm is live.
        let provider = unsafe { EVP_MD_get0_provider(md.as_ptr()) };
        if provider.is_null() {
            return Err(failed());
        }
        // SAFETY: the algorithm keeps its provider live.
        Ok(ok(unsafe { OSSL_PROVIDER_self_test(provider) }).is_ok())
    }

    /// Whether the application has put a generator of its own in the place of OpenSSL's.
    pub(crate) fn has_foreign_generator(&self) -> bool {
        // SAFETY: takes nothing.
        let method = unsafe { RAND_get_rand_method() };
        // SAFETY: takes nothing.
        let own = unsafe { RAND_OpenSSL() };
        // A context of our own does not ask for it.
        self.ctx().is_null() && !ptr::eq(method, own)
    }

    /// The providers of this thread's generators in this context: of public and of private values.
    pub(crate) fn providers_of_generators(&self) -> [Option<Provider>; 2] {
        [RAND_get0_public, RAND_get0_private].map(|generator| {
            // SAFETY: the context is live or null.
            let generator = unsafe { generator(self.ctx()) };
            if generator.is_null() {
                drop(failed());
                return None;
            }
            // SAFETY: the generator is live.
            let algorithm = unsafe { EVP_RAND_CTX_get0_rand(generator) };
            // SAFETY: a generator has an algorithm, which lives as long.
            let provider = unsafe { EVP_RAND_get0_provider(algorithm) };
            // SAFETY: the provider is live as long as its algorithm.
            unsafe { Provider::describe(provider) }
        })
    }

    /// The provider whose implementation of `name` this context finds.
    pub(crate) fn provider_of(&self, kind: Kind, name: &'static CStr) -> Option<Provider> {
        macro_rules! describe {
            ($fetch:path, $get0_provider:path, $free:path) => {{
                // SAFETY: the context is live or null, the strings end with NUL or are null.
                let found = unsafe { $fetch(self.ctx(), name.as_ptr(), self.properties()) };
                if found.is_null() {
                    drop(failed());
                    return None;
                }
                // SAFETY: the object is live, and keeps its provider so.
                let provider = unsafe { $get0_provider(found) };
                // SAFETY: the provider is live.
                let provider = unsafe { Provider::describe(provider.cast()) };
                // SAFETY: the object is owned since it was fetched, and not used again.
                unsafe { $free(found) };
                provider
            }};
        }
        match kind {
            Kind::AsymmetricCipher => describe!(
                EVP_ASYM_CIPHER_fetch,
                EVP_ASYM_CIPHER_get0_provider,
                EVP_ASYM_CIPHER_free
            ),
            Kind::Cipher => {
                describe!(ffi::EVP_CIPHER_fetch, EVP_CIPHER_get0_provider, ffi::EVP_CIPHER_free)
            }
            Kind::Digest => describe!(ffi::EVP_MD_fetch, EVP_MD_get0_provider, ffi::EVP_MD_free),
            Kind::KeyDerivation => {
                describe!(ffi::EVP_KDF_fetch, EVP_KDF_get0_provider, ffi::EVP_KDF_free)
            }
            Kind::KeyExchange => {
                describe!(EVP_KEYEXCH_fetch, EVP_KEYEXCH_get0_provider, EVP_KEYEXCH_free)
            }
            Kind::KeyManagement => {
                describe!(EVP_KEYMGMT_fetch, EVP_KEYMGMT_get0_provider, EVP_KEYMGMT_free)
            }
            Kind::Mac => {
                describe!(ffi::EVP_MAC_fetch, ffi::EVP_MAC_get0_provider, ffi::EVP_MAC_free)
            }
            Kind::Signature => describe!(
                ffi::EVP_SIGNATURE_fetch,
                EVP_SIGNATURE_get0_provider,
                ffi::EVP_SIGNATURE_free
            ),
        }
    }
}

/// What an implementation is one of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    AsymmetricCipher,
    Cipher,
    Digest,
    KeyDerivation,
    KeyExchange,
    KeyManagement,
    Mac,
    Signature,
}

/// What a provider says of itself (`OSSL_PROVIDER_get_params(3)`).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Provider {
    /// By which configurations call it.
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) version: String,
    /// Whether it is in working order, and makes the checks that its approved mode demands; where it
    /// says nothing of that, it is taken to.
    pub(crate) is_approved_mode: bool,
}

impl Provider {
    /// # Safety
    ///
    /// The pointer is null, or to a provider that stays loaded meanwhile.
    unsafe fn describe(provider: *const OSSL_PROVIDER) -> Option<Self> {
        if provider.is_null() {
            return None;
        }
        // SAFETY: the provider is live.
        let name = unsafe { OSSL_PROVIDER_get0_name(provider) };
        // SAFETY: the name lives as long as the provider.
        let name = unsafe { text(name) };
        let (mut description, mut version) = (ptr::null::<c_char>(), ptr::null::<c_char>());
        let place = |key: &'static CStr, text: *mut *const c_char| OSSL_PARAM {
            key: key.as_ptr(),
            data_type: OSSL_PARAM_UTF8_PTR,
            data: text.cast(),
            data_size: 0,
            ..END
        };
        let (mut status, mut checks): (c_int, c_int) = (1, 1);
        let flag = |key: &'static CStr, flag: *mut c_int| OSSL_PARAM {
            key: key.as_ptr(),
            data_type: OSSL_PARAM_INTEGER,
            data: flag.cast(),
            data_size: size_of::<c_int>(),
            ..END
        };
        let mut list = [
            place(c"name", &raw mut description),
            place(c"version", &raw mut version),
            flag(c"status", &raw mut status),
            flag(c"security-checks", &raw mut checks),
            END,
        ];
        // SAFETY: the list is ended, and has places for two pointers, to texts of the provider's, and for
        // two numbers of the size that it gives.
        let told = ok(unsafe { OSSL_PROVIDER_get_params(provider, list.as_mut_ptr()) });
        told.ok()?;
        // SAFETY: null, or a text that lives as long as the provider.
        let description = unsafe { text(description) };
        // SAFETY: as `description`.
        let version = unsafe { text(version) };
        let is_approved_mode = status != 0 && checks != 0;
        Some(Self { name, description, version, is_approved_mode })
    }
}

/// The name and version of the libcrypto that runs, which may be another than was built with.
pub(crate) fn library() -> String {
    // SAFETY: takes a number alone, of which all are allowed.
    let version = unsafe { ffi::OpenSSL_version(0) };
    // SAFETY: the text is static.
    unsafe { text(version) }
}

/// The configuration file that libcrypto itself would read.
pub(crate) fn default_config_file() -> Result<CString, CryptoError> {
    // SAFETY: takes nothing.
    let path = unsafe { CONF_get1_default_config_file() };
    if path.is_null() {
        return Err(failed());
    }
    // SAFETY: ends with NUL.
    let copy = unsafe { CStr::from_ptr(path) }.to_owned();
    // SAFETY: the caller owns what was made for it.
    unsafe { ffi::OPENSSL_free(path.cast()) };
    Ok(copy)
}

/// # Safety
///
/// The pointer is null, or to a text that ends with NUL.
unsafe fn text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: as promised by the caller.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// Puts a generator in the place of OpenSSL's, for the whole process, that has one octet alone.
#[cfg(test)]
pub(crate) fn replace_generator() {
    unsafe extern "C" fn bytes(out: *mut u8, len: c_int) -> c_int {
        // SAFETY: OpenSSL asks for so many octets there.
        unsafe { ptr::write_bytes(out, 7, usize::try_from(len).unwrap_or_default()) };
        1
    }
    unsafe extern "C" fn status() -> c_int {
        1
    }
    static METHOD: RandMethod = RandMethod {
        seed: None,
        bytes: Some(bytes),
        cleanup: None,
        add: None,
        pseudorand: Some(bytes),
        status: Some(status),
    };
    // SAFETY: the method lives as long as the process.
    assert_eq!(unsafe { RAND_set_rand_method(&raw const METHOD) }, 1);
}

#[cfg(test)]
impl Lib {
    /// A context with one provider in it, and what to ask for there.
    pub(crate) fn elsewhere(provider: &CStr, properties: Option<&'static CStr>) -> &'static Self {
        // SAFETY: takes nothing.
        let ctx = unsafe { ffi::OSSL_LIB_CTX_new() };
        // SAFETY: the context is live or null, the name ends with NUL.
        let provider = unsafe { ffi::OSSL_PROVIDER_load(ctx, provider.as_ptr()) };
        assert!(!ctx.is_null() && !provider.is_null());
        Box::leak(Box::new(Self::new(ctx, properties)))
    }
}

/// Parameters for a call of OpenSSL, over buffers that are borrowed or wiped: OpenSSL's own
/// builder copies secrets and frees the copies as they are.
pub(crate) struct Params<'a> {
    /// Ends with the mark that OpenSSL looks for.
    list: Vec<OSSL_PARAM>,
    /// What the numbers in `list` point to.
    numbers: Vec<Zeroizing<Vec<u8>>>,
    octets: PhantomData<&'a [u8]>,
}

impl<'a> Params<'a> {
    pub(crate) fn new() -> Self {
        Self { list: vec![END], numbers: Vec::new(), octets: PhantomData }
    }

    /// A text.
    pub(crate) fn text(mut self, key: &'static CStr, text: &'static CStr) -> Self {
        self.push(key, OSSL_PARAM_UTF8_STRING, text.as_ptr().cast(), text.count_bytes());
        self
    }

    /// Octets, where they are.
    pub(crate) fn octets(mut self, key: &'static CStr, octets: &'a [u8]) -> Self {
        self.push(key, OSSL_PARAM_OCTET_STRING, address(octets), octets.len());
        self
    }

    /// A number in big-endian octets. OpenSSL takes them in the machine's own order.
    pub(crate) fn number(mut self, key: &'static CStr, big_endian: &[u8]) -> Self {
        let mut number = Zeroizing::new(big_endian.to_vec());
        if cfg!(target_endian = "little") {
            number.reverse();
        }
        self.push(key, OSSL_PARAM_UNSIGNED_INTEGER, address(&number), number.len());
        self.numbers.push(number); // moves the vector, not what it points to
        self
    }

    /// A hash function, and the property query by which it is to be found.
    pub(crate) fn hash(
        self,
        lib: &Lib,
        keys: [&'static CStr; 2],
        hash: Hash,
    ) -> Result<Self, CryptoError> {
        Ok(self.hash_named(lib, keys, digest::name(hash)?))
    }

    /// A hash function by the name that providers have for it.
    pub(crate) fn hash_named(
        self,
        lib: &Lib,
        keys: [&'static CStr; 2],
        name: &'static CStr,
    ) -> Self {
        let [key, query] = keys;
        self.text(key, name).properties(lib, query)
    }

    /// The property query by which what else is needed is to be found.
    pub(crate) fn properties(self, lib: &Lib, query: &'static CStr) -> Self {
        match lib.properties {
            Some(properties) => self.text(query, properties),
            None => self,
        }
    }

    fn push(&mut self, key: &'static CStr, data_type: c_uint, data: *const u8, data_size: usize) {
        let param = OSSL_PARAM {
            key: key.as_ptr(),
            data_type,
            data: data.cast_mut().cast(), // written to in no call that takes a `Params`
            data_size,
            ..END
        };
        self.list.insert(self.list.len().saturating_sub(1), param);
    }
}

/// A key, or a pair of keys.
pub(crate) struct Pkey(PkeyPtr);

// SAFETY: `&Pkey` gives OpenSSL the key to read, to count references to, and to keep what its
// provider makes of it in a cache: the counts are atomic and the cache has a lock.
unsafe impl Sync for Pkey {}

impl Pkey {
    /// Makes a key of its parts.
    pub(crate) fn import(
        lib: &Lib,
        parts: Parts,
        kind: &'static CStr,
        mut params: Params<'_>,
    ) -> Result<Self, KeyError> {
        let selection = match parts {
            Parts::Pair => ffi::EVP_PKEY_KEYPAIR,
            Parts::Public => ffi::EVP_PKEY_PUBLIC_KEY,
        };
        let ctx = PkeyCtx::of_kind(lib, kind).map_err(KeyError::Unavailable)?;
        // SAFETY: the context is live.
        ok(unsafe { ffi::EVP_PKEY_fromdata_init(ctx.as_ptr()) }).map_err(KeyError::Unavailable)?;
        let (mut key, list) = (ptr::null_mut(), params.list.as_mut_ptr());
        // SAFETY: the list is ended, and what it points to lives as long as `params`. It is only
        // read, whatever the declaration says.
        let code = unsafe { ffi::EVP_PKEY_fromdata(ctx.as_ptr(), &raw mut key, selection, list) };
        // The parts have been looked at here for the first time, so they are what is refused.
        ok(code).map_err(|_| KeyError::Inconsistent)?;
        // SAFETY: the caller owns the key that was made.
        unsafe { PkeyPtr::own(key) }.map(Self).map_err(KeyError::Unavailable)
    }

    /// A new pair of keys.
    pub(crate) fn generate(
        lib: &Lib,
        kind: &'static CStr,
        params: &Params<'_>,
    ) -> Result<Self, CryptoError> {
        let ctx = PkeyCtx::of_kind(lib, kind)?;
        // SAFETY: the context is live.
        ok(unsafe { ffi::EVP_PKEY_keygen_init(ctx.as_ptr()) })?;
        // SAFETY: the list is ended, and what it points to lives as long as `params`.
        ok(unsafe { ffi::EVP_PKEY_CTX_set_params(ctx.as_ptr(), params.list.as_ptr()) })?;
        let mut key = ptr::null_mut();
        // SAFETY: the context is initialised and `key` a place for the pointer.
        ok(unsafe { ffi::EVP_PKEY_generate(ctx.as_ptr(), &raw mut key) })?;
        // SAFETY: the caller owns the key that was made.
        unsafe { PkeyPtr::own(key) }.map(Self)
    }

    /// Whether a public key is a point on its curve, or a pair's private key in range and its
    /// public key its own.
    pub(crate) fn is_consistent(&self, lib: &Lib, parts: Parts) -> Result<bool, CryptoError> {
        match parts {
            Parts::Pair => self.passes(lib, EVP_PKEY_pairwise_check),
            Parts::Public => self.passes(lib, EVP_PKEY_public_check_quick),
        }
    }

    /// As [`is_consistent`](Self::is_consistent) of a public key that is not ephemeral, and that a secret
    /// is agreed on with: with its order too (SP 800-56A §5.6.2.3.3).
    pub(crate) fn is_fully_valid(&self, lib: &Lib) -> Result<bool, CryptoError> {
        self.passes(lib, ffi::EVP_PKEY_public_check)
    }

    fn passes(
        &self,
        lib: &Lib,
        check: unsafe extern "C" fn(*mut EVP_PKEY_CTX) -> c_int,
    ) -> Result<bool, CryptoError> {
        let ctx = PkeyCtx::of_key(lib, self)?;
        // SAFETY: the context is live, and all that the checks take.
        Ok(ok(unsafe { check(ctx.as_ptr()) }).is_ok())
    }

    /// Fills `out` with a part that consists of octets and has that length.
    pub(crate) fn octets(&self, name: &'static CStr, out: &mut [u8]) -> Result<(), CryptoError> {
        self.part(name, OSSL_PARAM_OCTET_STRING, out)
    }

    /// Fills `out` with a part that is a number: big-endian, with zeros in front.
    pub(crate) fn number(&self, name: &'static CStr, out: &mut [u8]) -> Result<(), CryptoError> {
        self.part(name, OSSL_PARAM_UNSIGNED_INTEGER, out)?;
        if cfg!(target_endian = "little") {
            out.reverse();
        }
        Ok(())
    }

    fn part(
        &self,
        name: &'static CStr,
        data_type: c_uint,
        out: &mut [u8],
    ) -> Result<(), CryptoError> {
        let part = OSSL_PARAM {
            key: name.as_ptr(),
            data_type,
            data: out.as_mut_ptr().cast(),
            data_size: out.len(),
            ..END
        };
        let mut list = [part, END];
        // SAFETY: the list is ended, and `out` writable for the length it gives.
        ok(unsafe { ffi::EVP_PKEY_get_params(self.0.as_ptr(), list.as_mut_ptr()) })?;
        // A part that the key lacks is no error to OpenSSL: it says nothing was written.
        let [OSSL_PARAM { return_size, .. }, _] = list;
        if return_size == out.len() { Ok(()) } else { Err(failed()) }
    }
}

/// What a [`Pkey`] is made of.
#[derive(Clone, Copy)]
pub(crate) enum Parts {
    /// A private key and its public key.
    Pair,
    Public,
}

/// What a [`Template`] is for.
#[derive(Clone, Copy)]
pub(crate) enum Operation {
    Sign,
    Verify,
}

/// Signing or verifying with one key under one algorithm: initialised once, copied for each
/// message.
pub(crate) struct Template(MdCtx);

// SAFETY: nothing reads the context but `copy`, as the `const` source of `EVP_MD_CTX_copy_ex`. What
// the copies share with it (the key, the algorithm, the hash function) OpenSSL counts atomically
// and changes under a lock.
unsafe impl Sync for Template {}

impl Template {
    /// Initialises the operation; `params` are set after it, because a provider that reports what
    /// is approved judges the padding when it is set.
    pub(crate) fn new(
        lib: &Lib,
        operation: Operation,
        key: &Pkey,
        hash: Hash,
        params: &Params<'_>,
    ) -> Result<Self, CryptoError> {
        let ctx = MdCtx::new()?;
        let pkey_ctx = ctx.init(lib, operation, key, Some(digest::name(hash)?))?;
        // SAFETY: `pkey_ctx` belongs to `ctx`, which is live; the list is ended, and what it points
        // to lives as long as `params`.
        ok(unsafe { ffi::EVP_PKEY_CTX_set_params(pkey_ctx, params.list.as_ptr()) })?;
        // SAFETY: the context is live. The flag lets the last step use a copy up instead of copying
        // it once more; `finish` takes the copy by value, so that nothing comes after it.
        unsafe { EVP_MD_CTX_set_flags(ctx.as_ptr(), EVP_MD_CTX_FLAG_FINALISE) };
        Ok(Self(ctx))
    }

    fn copy(&self) -> Result<MdCtx, CryptoError> {
        let copy = MdCtx::new()?;
        // SAFETY: both contexts are live, and the source is only read.
        ok(unsafe { ffi::EVP_MD_CTX_copy_ex(copy.as_ptr(), self.0.as_ptr()) })?;
        Ok(copy)
    }

    /// Begins to sign what begins with the concatenation of `input`.
    pub(crate) fn sign(&self, input: &[&[u8]]) -> Result<Signing, CryptoError> {
        let mut signing = Signing(self.copy()?);
        for part in input {
            signing.update(part)?;
        }
        Ok(signing)
    }

    /// Begins to verify what begins with the concatenation of `input`.
    pub(crate) fn verify(&self, input: &[&[u8]]) -> Result<Verifying, CryptoError> {
        let mut verifying = Verifying(self.copy()?);
        for part in input {
            verifying.update(part)?;
        }
        Ok(verifying)
    }
}

/// A signature in the making.
pub(crate) struct Signing(MdCtx);

impl Signing {
    pub(crate) fn update(&mut self, input: &[u8]) -> Result<(), CryptoError> {
        let (octets, len) = (address(input).cast(), input.len());
        // SAFETY: the context is live, and the address good for that many octets.
        ok(unsafe { ffi::EVP_DigestSignUpdate(self.0.as_ptr(), octets, len) })
    }

    /// Writes the signature to `out`, which must have room for the longest one, and returns its
    /// length.
    pub(crate) fn finish(self, out: &mut [u8]) -> Result<usize, CryptoError> {
        let mut len = out.len();
        // SAFETY: `len` says how much `out` has room for, and OpenSSL refuses if it needs more.
        ok(unsafe { ffi::EVP_DigestSignFinal(self.0.as_ptr(), out.as_mut_ptr(), &raw mut len) })?;
        Ok(len)
    }
}

/// A verification in the making.
pub(crate) struct Verifying(MdCtx);

impl Verifying {
    pub(crate) fn update(&mut self, input: &[u8]) -> Result<(), CryptoError> {
        let (octets, len) = (address(input).cast(), input.len());
        // SAFETY: the context is live, and the address good for that many octets.
        ok(unsafe { ffi::EVP_DigestVerifyUpdate(self.0.as_ptr(), octets, len) })
    }

    /// `Ok` only if the signature is valid.
    pub(crate) fn finish(self, signature: &[u8]) -> Result<(), Refused> {
        let (octets, len) = (address(signature), signature.len());
        // SAFETY: the context is live, and the address good for that many octets.
        ok(unsafe { ffi::EVP_DigestVerifyFinal(self.0.as_ptr(), octets, len) })
            .map_err(|_| Refused::Invalid)
    }
}

/// Writes an `EdDSA` signature to `out` and returns its length.
///
/// `EdDSA` reads its message twice, so there is nothing to feed in parts; and its contexts, which
/// have no hash function, are not copied by OpenSSL 3.0.
pub(crate) fn sign_at_once(
    lib: &Lib,
    key: &Pkey,
    message: &[u8],
    out: &mut [u8],
) -> Result<usize, CryptoError> {
    let ctx = MdCtx::new()?;
    ctx.init(lib, Operation::Sign, key, None)?;
    let mut len = out.len();
    let (signature, octets) = (out.as_mut_ptr(), address(message));
    // SAFETY: `len` says how much `out` has room for, and the address of the message is good for
    // its length.
    ok(unsafe {
        ffi::EVP_DigestSign(ctx.as_ptr(), signature, &raw mut len, octets, message.len())
    })?;
    Ok(len)
}

/// `Ok` only if the `EdDSA` signature is valid.
pub(crate) fn verify_at_once(
    lib: &Lib,
    key: &Pkey,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Refused> {
    let ctx = MdCtx::new().map_err(Refused::Unavailable)?;
    ctx.init(lib, Operation::Verify, key, None).map_err(Refused::Unavailable)?;
    let (octets, len) = (address(signature), signature.len());
    // SAFETY: both addresses are good for the lengths beside them.
    let code = unsafe {
        ffi::EVP_DigestVerify(ctx.as_ptr(), octets, len, address(message), message.len())
    };
    ok(code).map_err(|_| Refused::Invalid)
}

/// Encrypting, decrypting or agreeing with one key under one algorithm: initialised once, copied for
/// each use.
pub(crate) struct KeyTemplate(PkeyCtx);

// SAFETY: nothing reads the context but `copy`, as the `const` source of `EVP_PKEY_CTX_dup`. What the
// copies share with it (the key, the algorithm, the hash functions) OpenSSL counts atomically and
// changes under a lock.
unsafe impl Sync for KeyTemplate {}

impl KeyTemplate {
    /// Encrypts with a public key.
    pub(crate) fn encrypt(lib: &Lib, key: &Pkey, params: &Params<'_>) -> Result<Self, CryptoError> {
        Self::new(lib, key, ffi::EVP_PKEY_encrypt_init)?.with(params)
    }

    /// Decrypts with a private key.
    pub(crate) fn decrypt(lib: &Lib, key: &Pkey, params: &Params<'_>) -> Result<Self, CryptoError> {
        Self::new(lib, key, ffi::EVP_PKEY_decrypt_init)?.with(params)
    }

    /// Agrees with the public keys of others.
    pub(crate) fn agree(lib: &Lib, key: &Pkey) -> Result<Self, CryptoError> {
        Self::new(lib, key, ffi::EVP_PKEY_derive_init)
    }

    fn new(
        lib: &Lib,
        key: &Pkey,
        init: unsafe extern "C" fn(*mut EVP_PKEY_CTX) -> c_int,
    ) -> Result<Self, CryptoError> {
        let ctx = PkeyCtx::of_key(lib, key)?;
        // SAFETY: the context is live, and all that the initialisers take.
        ok(unsafe { init(ctx.as_ptr()) })?;
        Ok(Self(ctx))
    }

    fn with(self, params: &Params<'_>) -> Result<Self, CryptoError> {
        // SAFETY: the list is ended, and what it points to lives as long as `params`.
        ok(unsafe { ffi::EVP_PKEY_CTX_set_params(self.0.as_ptr(), params.list.as_ptr()) })?;
        Ok(self)
    }

    fn copy(&self) -> Result<PkeyCtx, CryptoError> {
        // SAFETY: the source is live and only read.
        let ctx = unsafe { EVP_PKEY_CTX_dup(self.0.as_ptr()) };
        // SAFETY: the caller owns the copy.
        unsafe { PkeyCtx::own(ctx) }
    }

    /// Writes `text`, encrypted, to `out` and returns its length.
    pub(crate) fn encrypted(&self, text: &[u8], out: &mut [u8]) -> Result<usize, CryptoError> {
        self.apply(ffi::EVP_PKEY_encrypt, text, out)?.ok_or_else(failed)
    }

    /// Writes `text`, decrypted, to `out`, which is as long as the key's modulus, and returns its
    /// length.
    pub(crate) fn decrypted(&self, text: &[u8], out: &mut [u8]) -> Result<usize, Refused> {
        let len = self.apply(ffi::EVP_PKEY_decrypt, text, out).map_err(Refused::Unavailable)?;
        len.ok_or_else(refused)
    }

    fn apply(
        &self,
        operation: unsafe extern "C" fn(
            *mut EVP_PKEY_CTX,
            *mut u8,
            *mut usize,
            *const u8,
            usize,
        ) -> c_int,
        text: &[u8],
        out: &mut [u8],
    ) -> Result<Option<usize>, CryptoError> {
        let ctx = self.copy()?;
        let (mut len, input) = (out.len(), address(text));
        // SAFETY: `len` says how much `out` has room for, and OpenSSL refuses if it needs more; the
        // address of the text is good for its length.
        let code =
            unsafe { operation(ctx.as_ptr(), out.as_mut_ptr(), &raw mut len, input, text.len()) };
        Ok((code == 1).then_some(len))
    }

    /// Fills `z`, which must be as long as the shared secret, with that shared with `peer`: a public
    /// key that has been validated.
    pub(crate) fn agreed(&self, peer: &Pkey, z: &mut [u8]) -> Result<(), Refused> {
        let ctx = self.copy().map_err(Refused::Unavailable)?;
        // SAFETY: both objects are live; the context takes a reference of its own to the key. What
        // 0 leaves out is the validation.
        let code = unsafe { ffi::EVP_PKEY_derive_set_peer_ex(ctx.as_ptr(), peer.0.as_ptr(), 0) };
        ok(code).map_err(|_| Refused::Invalid)?;
        let mut len = z.len();
        // SAFETY: `len` says how much `z` has room for, and OpenSSL refuses if it needs more.
        ok(unsafe { ffi::EVP_PKEY_derive(ctx.as_ptr(), z.as_mut_ptr(), &raw mut len) })
            .map_err(|_| Refused::Invalid)?;
        if len == z.len() { Ok(()) } else { Err(Refused::Invalid) }
    }
}

/// AES in a mode, by the length of the key in bits.
#[derive(Clone, Copy)]
pub(crate) enum Aes {
    Cbc128,
    Cbc192,
    Cbc256,
    Gcm128,
    Gcm192,
    Gcm256,
    Wrap128,
    Wrap192,
    Wrap256,
}

impl Aes {
    /// The name under which every provider has it.
    const fn name(self) -> &'static CStr {
        match self {
            Self::Cbc128 => c"AES-128-CBC",
            Self::Cbc192 => c"AES-192-CBC",
            Self::Cbc256 => c"AES-256-CBC",
            Self::Gcm128 => c"AES-128-GCM",
            Self::Gcm192 => c"AES-192-GCM",
            Self::Gcm256 => c"AES-256-GCM",
            Self::Wrap128 => c"AES-128-WRAP",
            Self::Wrap192 => c"AES-192-WRAP",
            Self::Wrap256 => c"AES-256-WRAP",
        }
    }
}

/// A cipher with a key. Its contexts are made for each message.
pub(crate) struct CipherKey {
    cipher: &'static Cipher,
    key: SecretBytes,
}

impl CipherKey {
    pub(crate) fn new(lib: &'static Lib, aes: Aes, key: &[u8]) -> Result<Self, CryptoError> {
        let cipher = lib.cipher(aes)?;
        // SAFETY: the cipher is live.
        let len = unsafe { ffi::EVP_CIPHER_get_key_length(cipher.as_ptr()) };
        if usize::try_from(len) != Ok(key.len()) {
            return Err(CryptoError::from_source("the key is not as long as the cipher's"));
        }
        Ok(Self { cipher, key: key.into() })
    }

    /// Begins to encrypt; without `iv` as the cipher does then: AES-GCM draws one (SP 800-38D §8.2.2),
    /// AES Key Wrap has its own (RFC 3394 §2.2.3.1).
    pub(crate) fn encrypt(&self, iv: Option<&[u8]>) -> Result<RunningCipher, CryptoError> {
        self.begin(Direction::Encrypt, iv)
    }

    /// Begins to decrypt.
    pub(crate) fn decrypt(&self, iv: Option<&[u8]>) -> Result<RunningCipher, CryptoError> {
        self.begin(Direction::Decrypt, iv)
    }

    fn begin(&self, direction: Direction, iv: Option<&[u8]>) -> Result<RunningCipher, CryptoError> {
        let init = match direction {
            Direction::Encrypt => ffi::EVP_EncryptInit_ex,
            Direction::Decrypt => ffi::EVP_DecryptInit_ex,
        };
        let cipher = self.cipher.as_ptr();
        // SAFETY: the cipher is live.
        let iv_len = unsafe { ffi::EVP_CIPHER_get_iv_length(cipher) };
        if iv.is_some_and(|iv| usize::try_from(iv_len) != Ok(iv.len())) {
            return Err(CryptoError::from_source("not as long as the cipher's vectors"));
        }
        // SAFETY: takes nothing.
        let ctx = unsafe { ffi::EVP_CIPHER_CTX_new() };
        // SAFETY: the caller owns the context that was made.
        let ctx = unsafe { CipherCtx::own(ctx) }?;
        let (key, iv) = (address(self.key.expose_secret()), iv.map_or(ptr::null(), address));
        // SAFETY: the objects are live, there is no engine, the key has the cipher's length and so
        // has the vector, unless it is null.
        ok(unsafe { init(ctx.as_ptr(), cipher, ptr::null_mut(), key, iv) })?;
        Ok(RunningCipher { ctx, direction })
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Decrypt,
    Encrypt,
}

/// A message on its way through a cipher.
pub(crate) struct RunningCipher {
    ctx: CipherCtx,
    direction: Direction,
}

impl RunningCipher {
    /// Takes data that is authenticated and not encrypted.
    pub(crate) fn aad(&mut self, aad: &[u8]) -> Result<(), CryptoError> {
        for piece in aad.chunks(MAX_PIECE) {
            // SAFETY: the address is good for that many octets; null is not written to.
            unsafe { self.update(ptr::null_mut(), address(piece), piece.len()) }?;
        }
        Ok(())
    }

    /// A key under AES Key Wrap.
    pub(crate) fn wrap(mut self, key: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        self.key_wrap(key, key.len().saturating_add(8)).ok_or_else(failed)
    }

    /// A key out of AES Key Wrap.
    pub(crate) fn unwrap(mut self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refused> {
        self.key_wrap(wrapped, wrapped.len().saturating_sub(8)).ok_or_else(refused)
    }

    /// What comes of `text`, if it is `len` octets. Whatever else it is, the errors stay on the queue.
    fn key_wrap(&mut self, text: &[u8], len: usize) -> Option<Zeroizing<Vec<u8>>> {
        // More room than either direction takes: by as much as a block of any cipher here.
        let mut out = Zeroizing::new(vec![0; text.len().saturating_add(16)]);
        // SAFETY: the address is good for the length of the text, and `out` has room for it and for
        // a block.
        let written = unsafe { self.try_update(out.as_mut_ptr(), address(text), text.len()) }?;
        // Nothing at all is no error to OpenSSL, and some failures show in the length alone.
        if written != len || written == 0 {
            return None;
        }
        out.truncate(len);
        Some(out)
    }

    /// Puts the first `len` octets of `buffer` through the cipher, in place, and returns how many
    /// there are then. Where encrypting fills up the last block, the buffer has room for it.
    pub(crate) fn run(&mut self, buffer: &mut [u8], len: usize) -> Result<usize, CryptoError> {
        self.run_in_pieces(buffer, len, MAX_PIECE)
    }

    /// As `run`, in pieces of some blocks each.
    pub(crate) fn run_in_pieces(
        &mut self,
        buffer: &mut [u8],
        len: usize,
        piece_len: usize,
    ) -> Result<usize, CryptoError> {
        let block = self.block_len();
        let filled = match self.direction {
            Direction::Encrypt if block > 1 => (len / block + 1).saturating_mul(block),
            _ => len,
        };
        if buffer.len() < filled {
            return Err(CryptoError::from_source("no room for the last block"));
        }
        let (mut read, mut written) = (0, 0);
        while read < len {
            let piece = piece_len.min(len - read);
            if block > 1 && len > piece_len {
                // Decrypting keeps a block back for its padding, which is in the last piece alone.
                self.set_padding(read + piece == len)?;
            }
            let text = buffer.get_mut(read..).unwrap_or_default().as_mut_ptr();
            // SAFETY: so much of `buffer` is left, and no cipher here writes more than it has read,
            // but for the last block that there is room for. Input and output begin at the same
            // octet, as they have to.
            written += unsafe { self.update(text, text, piece) }?;
            read += piece;
            if read < len && written != read {
                return Err(CryptoError::from_source("a cipher that keeps back whole blocks"));
            }
        }
        let rest = buffer.get_mut(written..).unwrap_or_default().as_mut_ptr();
        let finish = match self.direction {
            Direction::Encrypt => ffi::EVP_EncryptFinal_ex,
            Direction::Decrypt => ffi::EVP_DecryptFinal_ex,
        };
        let mut last = 0;
        // SAFETY: what the cipher still has to write is the block it has kept back, for which there
        // is room: where it was read, or where it is filled up.
        ok(unsafe { finish(self.ctx.as_ptr(), rest, &raw mut last) })?;
        usize::try_from(last).map(|last| written + last).map_err(|_| failed())
    }

    /// Fills `out` with something the cipher made, which must have that length.
    pub(crate) fn octets(
        &mut self,
        name: &'static CStr,
        out: &mut [u8],
    ) -> Result<(), CryptoError> {
        let param = OSSL_PARAM {
            key: name.as_ptr(),
            data_type: OSSL_PARAM_OCTET_STRING,
            data: out.as_mut_ptr().cast(),
            data_size: out.len(),
            ..END
        };
        let mut list = [param, END];
        // SAFETY: the list is ended, and `out` writable for the length it gives.
        ok(unsafe { EVP_CIPHER_CTX_get_params(self.ctx.as_ptr(), list.as_mut_ptr()) })?;
        let [OSSL_PARAM { return_size, .. }, _] = list;
        if return_size == out.len() { Ok(()) } else { Err(failed()) }
    }

    pub(crate) fn set(&mut self, params: &Params<'_>) -> Result<(), CryptoError> {
        // SAFETY: the list is ended, and what it points to lives as long as `params`.
        ok(unsafe { EVP_CIPHER_CTX_set_params(self.ctx.as_ptr(), params.list.as_ptr()) })
    }

    /// Puts `len` octets, at most [`MAX_PIECE`], through the cipher and returns how many it wrote.
    ///
    /// # Safety
    ///
    /// `input` is good for `len` octets, and `out` null or writable for what comes of them.
    unsafe fn update(
        &mut self,
        out: *mut u8,
        input: *const u8,
        len: usize,
    ) -> Result<usize, CryptoError> {
        // SAFETY: promised by the caller.
        unsafe { self.try_update(out, input, len) }.ok_or_else(failed)
    }

    /// As `update`; where it gives nothing, the errors stay on the queue.
    ///
    /// # Safety
    ///
    /// As `update`.
    unsafe fn try_update(&mut self, out: *mut u8, input: *const u8, len: usize) -> Option<usize> {
        let update = match self.direction {
            Direction::Encrypt => ffi::EVP_EncryptUpdate,
            Direction::Decrypt => ffi::EVP_DecryptUpdate,
        };
        let len = c_int::try_from(len).ok()?;
        let mut written = 0;
        // SAFETY: the context is live, and the rest is promised by the caller.
        let code = unsafe { update(self.ctx.as_ptr(), out, &raw mut written, input, len) };
        if code == 1 { usize::try_from(written).ok() } else { None }
    }

    fn block_len(&self) -> usize {
        // SAFETY: the context is live and has a cipher.
        let len = unsafe { ffi::EVP_CIPHER_CTX_get_block_size(self.ctx.as_ptr()) };
        usize::try_from(len).unwrap_or_default()
    }

    fn set_padding(&mut self, is_on: bool) -> Result<(), CryptoError> {
        // SAFETY: the context is live and has a cipher.
        ok(unsafe { ffi::EVP_CIPHER_CTX_set_padding(self.ctx.as_ptr(), c_int::from(is_on)) })
    }
}
/// HMAC with one key: padded once, copied for each message.
pub(crate) struct MacTemplate(MacCtx);

// SAFETY: nothing reads the context but `mac`, as the `const` source of `EVP_MAC_CTX_dup`. What the
// copies share with it OpenSSL counts atomically.
unsafe impl Sync for MacTemplate {}

impl MacTemplate {
    pub(crate) fn new(lib: &Lib, hash: Hash, key: &[u8]) -> Result<Self, CryptoError> {
        let params = Params::new().hash(lib, [c"digest", c"properties"], hash)?;
        // SAFETY: the algorithm is live; the new context takes a reference of its own.
        let ctx = unsafe { ffi::EVP_MAC_CTX_new(lib.hmac()?.as_ptr()) };
        // SAFETY: the caller owns the context that was made.
        let ctx = unsafe { MacCtx::own(ctx) }?;
        let (octets, list) = (address(key), params.list.as_ptr());
        // SAFETY: the address is good for the key's length, the list is ended, and what it points
        // to lives as long as `params`.
        ok(unsafe { ffi::EVP_MAC_init(ctx.as_ptr(), octets, key.len(), list) })?;
        Ok(Self(ctx))
    }

    /// Begins the MAC of what begins with the concatenation of `input`.
    pub(crate) fn mac(&self, input: &[&[u8]]) -> Result<RunningMac, CryptoError> {
        // SAFETY: the source is live and only read.
        let ctx = unsafe { ffi::EVP_MAC_CTX_dup(self.0.as_ptr()) };
        // SAFETY: the caller owns the copy.
        let mut mac = unsafe { MacCtx::own(ctx) }.map(RunningMac)?;
        for part in input {
            mac.update(part)?;
        }
        Ok(mac)
    }
}

/// A MAC in the making.
pub(crate) struct RunningMac(MacCtx);

impl RunningMac {
    pub(crate) fn update(&mut self, input: &[u8]) -> Result<(), CryptoError> {
        // SAFETY: the context is live, and the address good for that many octets.
        ok(unsafe { ffi::EVP_MAC_update(self.0.as_ptr(), address(input), input.len()) })
    }

    /// Fills `out`, which must be as long as the hash, with the MAC.
    pub(crate) fn finish(self, out: &mut [u8]) -> Result<(), CryptoError> {
        let (mut written, mac) = (0, out.as_mut_ptr());
        // SAFETY: OpenSSL writes no more than the size it is given.
        ok(unsafe { ffi::EVP_MAC_final(self.0.as_ptr(), mac, &raw mut written, out.len()) })?;
        if written == out.len() { Ok(()) } else { Err(failed()) }
    }
}

/// A key derivation function.
pub(crate) struct KeyDerivation(Kdf);

impl KeyDerivation {
    /// Fails if no provider in the context has it with the properties asked for.
    pub(crate) fn fetch(lib: &Lib, name: &'static CStr) -> Result<Self, CryptoError> {
        // SAFETY: the context is live or null, the strings end with NUL or are null.
        let kdf = unsafe { ffi::EVP_KDF_fetch(lib.ctx(), name.as_ptr(), lib.properties()) };
        // SAFETY: a fetch hands its reference to the caller.
        unsafe { Kdf::own(kdf) }.map(Self)
    }

    /// Fills `out` with what the function makes of `params`.
    pub(crate) fn derive(&self, params: &Params<'_>, out: &mut [u8]) -> Result<(), CryptoError> {
        // SAFETY: the algorithm is live; the new context takes a reference of its own.
        let ctx = unsafe { ffi::EVP_KDF_CTX_new(self.0.as_ptr()) };
        // SAFETY: the caller owns the context that was made.
        let ctx = unsafe { KdfCtx::own(ctx) }?;
        let list = params.list.as_ptr();
        // SAFETY: `out` is writable for its length, the list is ended, and what it points to lives
        // as long as `params`.
        ok(unsafe { ffi::EVP_KDF_derive(ctx.as_ptr(), out.as_mut_ptr(), out.len(), list) })
    }
}

/// Defines the owner of one of OpenSSL's objects.
macro_rules! owner {
    ($owner:ident of $object:ident, $free:ident) => {
        #[derive(Debug)]
        struct $owner(NonNull<ffi::$object>);

        impl $owner {
            /// Takes the object over, or the errors if there is none.
            ///
            /// # Safety
            ///
            /// The pointer is null or to an object that nobody else is going to free.
            unsafe fn own(object: *mut ffi::$object) -> Result<Self, CryptoError> {
                NonNull::new(object).map(Self).ok_or_else(failed)
            }

            const fn as_ptr(&self) -> *mut ffi::$object {
                self.0.as_ptr()
            }
        }

        impl Drop for $owner {
            fn drop(&mut self) {
                // SAFETY: the object is owned, so it is live and freed once.
                unsafe { ffi::$free(self.as_ptr()) };
            }
        }

        // SAFETY: OpenSSL ties no such object to the thread that made it.
        unsafe impl Send for $owner {}
    };
}

owner!(Cipher of EVP_CIPHER, EVP_CIPHER_free);
owner!(CipherCtx of EVP_CIPHER_CTX, EVP_CIPHER_CTX_free);
owner!(Kdf of EVP_KDF, EVP_KDF_free);
owner!(KdfCtx of EVP_KDF_CTX, EVP_KDF_CTX_free);
owner!(Mac of EVP_MAC, EVP_MAC_free);
owner!(MacCtx of EVP_MAC_CTX, EVP_MAC_CTX_free);
owner!(Md of EVP_MD, EVP_MD_free);
owner!(MdCtx of EVP_MD_CTX, EVP_MD_CTX_free);
owner!(PkeyCtx of EVP_PKEY_CTX, EVP_PKEY_CTX_free);
owner!(PkeyPtr of EVP_PKEY, EVP_PKEY_free);

// SAFETY: a fetched algorithm never changes but for its reference count, which is atomic.
unsafe impl Sync for Cipher {}
// SAFETY: as `Cipher`.
unsafe impl Sync for Mac {}
// SAFETY: as `Cipher`.
unsafe impl Sync for Md {}

impl MdCtx {
    fn new() -> Result<Self, CryptoError> {
        // SAFETY: takes nothing.
        let ctx = unsafe { ffi::EVP_MD_CTX_new() };
        // SAFETY: the caller owns the context that was made.
        unsafe { Self::own(ctx) }
    }

    /// Initialises signing or verifying, and lends the part of the context that takes parameters.
    fn init(
        &self,
        lib: &Lib,
        operation: Operation,
        key: &Pkey,
        md: Option<&'static CStr>,
    ) -> Result<*mut EVP_PKEY_CTX, CryptoError> {
        let init = match operation {
            Operation::Sign => EVP_DigestSignInit_ex,
            Operation::Verify => EVP_DigestVerifyInit_ex,
        };
        let (mut ctx, md) = (ptr::null_mut(), md.map_or(ptr::null(), CStr::as_ptr));
        let (libctx, properties, key) = (lib.ctx(), lib.properties(), key.0.as_ptr());
        // SAFETY: the objects are live, the library context live or null, the strings end with NUL
        // or are null, and a null list of parameters is an empty one.
        ok(unsafe { init(self.as_ptr(), &raw mut ctx, md, libctx, properties, key, ptr::null()) })?;
        Ok(ctx)
    }
}

impl PkeyCtx {
    /// For keys to be made. OpenSSL keeps the pointer to the name, hence its lifetime.
    fn of_kind(lib: &Lib, kind: &'static CStr) -> Result<Self, CryptoError> {
        let (kind, properties) = (kind.as_ptr(), lib.properties());
        // SAFETY: the context is live or null, the strings end with NUL.
        let ctx = unsafe { ffi::EVP_PKEY_CTX_new_from_name(lib.ctx(), kind, properties) };
        // SAFETY: the caller owns the context that was made.
        unsafe { Self::own(ctx) }
    }

    /// For what is done with a key.
    fn of_key(lib: &Lib, key: &Pkey) -> Result<Self, CryptoError> {
        let (key, properties) = (key.0.as_ptr(), lib.properties());
        // SAFETY: the context is live or null, the key live, the string ends with NUL or is null.
        let ctx = unsafe { EVP_PKEY_CTX_new_from_pkey(lib.ctx(), key, properties) };
        // SAFETY: the caller owns the context that was made.
        unsafe { Self::own(ctx) }
    }
}

/// Fetches what is not there yet. Two threads may both do so, and one then throws its own away.
fn once<T>(
    cell: &OnceLock<T>,
    fetch: impl FnOnce() -> Result<T, CryptoError>,
) -> Result<&T, CryptoError> {
    if let Some(fetched) = cell.get() {
        return Ok(fetched);
    }
    let fetched = fetch()?;
    Ok(cell.get_or_init(|| fetched))
}

/// Only 1 is success: OpenSSL has 0 and several negative numbers for the rest.
fn ok(code: c_int) -> Result<(), CryptoError> {
    if code == 1 { Ok(()) } else { Err(failed()) }
}

/// Takes all errors off the queue of this thread.
fn failed() -> CryptoError {
    CryptoError::from_source(ErrorStack::get())
}

/// Throws all errors on the queue of this thread away. To copy them for nobody would make a refusal take
/// longer than an answer, where core takes the same steps after both (RFC 7516 §11.5).
fn refused() -> Refused {
    // SAFETY: takes nothing.
    unsafe { ffi::ERR_clear_error() };
    Refused::Invalid
}

/// Where the octets are. An empty slice may point anywhere in Rust, which C does not expect.
const fn address(octets: &[u8]) -> *const u8 {
    if octets.is_empty() { ptr::from_ref(&0) } else { octets.as_ptr() }
}

/// Octets for one call of a cipher, whose lengths are an `int`: some number of whole blocks.
const MAX_PIECE: usize = 1 << 30;

const END: OSSL_PARAM = OSSL_PARAM {
    key: ptr::null(),
    data_type: 0,
    data: ptr::null_mut(),
    data_size: 0,
    return_size: usize::MAX, // OSSL_PARAM_UNMODIFIED
};

// <openssl/core.h>, <openssl/params.h> and <openssl/evp.h>, where `openssl-sys` lacks them.
const OSSL_PARAM_INTEGER: c_uint = 1;
const OSSL_PARAM_UNSIGNED_INTEGER: c_uint = 2;
const OSSL_PARAM_UTF8_STRING: c_uint = 4;
const OSSL_PARAM_OCTET_STRING: c_uint = 5;
const OSSL_PARAM_UTF8_PTR: c_uint = 6;
const EVP_MD_CTX_FLAG_FINALISE: c_int = 0x0200;

enum EvpAsymCipher {}
enum EvpRand {}
enum EvpRandCtx {}
/// `RAND_METHOD` of <openssl/rand.h>. Only its address matters but in tests.
#[repr(C)]
struct RandMethod {
    seed: Option<unsafe extern "C" fn(*const c_void, c_int) -> c_int>,
    bytes: Option<unsafe extern "C" fn(*mut u8, c_int) -> c_int>,
    cleanup: Option<unsafe extern "C" fn()>,
    add: Option<unsafe extern "C" fn(*const c_void, c_int, f64) -> c_int>,
    pseudorand: Option<unsafe extern "C" fn(*mut u8, c_int) -> c_int>,
    status: Option<unsafe extern "C" fn() -> c_int>,
}
enum EvpKeyexch {}
enum EvpKeymgmt {}

// Each under the name of its manual page, in section 3.
unsafe extern "C" {
    // CONF_modules_load_file
    fn CONF_get1_default_config_file() -> *mut c_char;

    // EVP_ASYM_CIPHER_free
    fn EVP_ASYM_CIPHER_fetch(
        ctx: *mut OSSL_LIB_CTX,
        algorithm: *const c_char,
        properties: *const c_char,
    ) -> *mut EvpAsymCipher;
    fn EVP_ASYM_CIPHER_free(cipher: *mut EvpAsymCipher);
    fn EVP_ASYM_CIPHER_get0_provider(cipher: *const EvpAsymCipher) -> *mut OSSL_PROVIDER;

    // EVP_DigestInit
    fn EVP_MD_CTX_set_flags(ctx: *mut EVP_MD_CTX, flags: c_int);
    fn EVP_MD_get0_provider(md: *const EVP_MD) -> *const OSSL_PROVIDER;

    // EVP_DigestSignInit
    fn EVP_DigestSignInit_ex(
        ctx: *mut EVP_MD_CTX,
        pctx: *mut *mut EVP_PKEY_CTX,
        mdname: *const c_char,
        libctx: *mut OSSL_LIB_CTX,
        props: *const c_char,
        pkey: *mut EVP_PKEY,
        params: *const OSSL_PARAM,
    ) -> c_int;

    // EVP_DigestVerifyInit
    fn EVP_DigestVerifyInit_ex(
        ctx: *mut EVP_MD_CTX,
        pctx: *mut *mut EVP_PKEY_CTX,
        mdname: *const c_char,
        libctx: *mut OSSL_LIB_CTX,
        props: *const c_char,
        pkey: *mut EVP_PKEY,
        params: *const OSSL_PARAM,
    ) -> c_int;

    // EVP_EncryptInit
    fn EVP_CIPHER_CTX_get_params(ctx: *mut EVP_CIPHER_CTX, params: *mut OSSL_PARAM) -> c_int;
    fn EVP_CIPHER_CTX_set_params(ctx: *mut EVP_CIPHER_CTX, params: *const OSSL_PARAM) -> c_int;
    fn EVP_CIPHER_get0_provider(cipher: *const EVP_CIPHER) -> *const OSSL_PROVIDER;

    // EVP_KDF
    fn EVP_KDF_get0_provider(kdf: *const EVP_KDF) -> *const OSSL_PROVIDER;

    // EVP_KEYEXCH_free
    fn EVP_KEYEXCH_fetch(
        ctx: *mut OSSL_LIB_CTX,
        algorithm: *const c_char,
        properties: *const c_char,
    ) -> *mut EvpKeyexch;
    fn EVP_KEYEXCH_free(exchange: *mut EvpKeyexch);
    fn EVP_KEYEXCH_get0_provider(exchange: *const EvpKeyexch) -> *mut OSSL_PROVIDER;

    // EVP_KEYMGMT
    fn EVP_KEYMGMT_fetch(
        ctx: *mut OSSL_LIB_CTX,
        algorithm: *const c_char,
        properties: *const c_char,
    ) -> *mut EvpKeymgmt;
    fn EVP_KEYMGMT_free(keymgmt: *mut EvpKeymgmt);
    fn EVP_KEYMGMT_get0_provider(keymgmt: *const EvpKeymgmt) -> *const OSSL_PROVIDER;

    // EVP_PKEY_CTX_new
    fn EVP_PKEY_CTX_dup(ctx: *const EVP_PKEY_CTX) -> *mut EVP_PKEY_CTX;
    fn EVP_PKEY_CTX_new_from_pkey(
        libctx: *mut OSSL_LIB_CTX,
        pkey: *mut EVP_PKEY,
        propquery: *const c_char,
    ) -> *mut EVP_PKEY_CTX;

    // EVP_PKEY_check
    fn EVP_PKEY_pairwise_check(ctx: *mut EVP_PKEY_CTX) -> c_int;
    fn EVP_PKEY_public_check_quick(ctx: *mut EVP_PKEY_CTX) -> c_int;

    // EVP_RAND
    fn EVP_RAND_CTX_get0_rand(ctx: *mut EvpRandCtx) -> *mut EvpRand;
    fn EVP_RAND_generate(
        ctx: *mut EvpRandCtx,
        out: *mut u8,
        outlen: usize,
        strength: c_uint,
        prediction_resistance: c_int,
        addin: *const u8,
        addin_len: usize,
    ) -> c_int;
    fn EVP_RAND_get0_provider(rand: *const EvpRand) -> *const OSSL_PROVIDER;

    // EVP_SIGNATURE
    fn EVP_SIGNATURE_get0_provider(signature: *const EVP_SIGNATURE) -> *mut OSSL_PROVIDER;

    // OSSL_LIB_CTX
    fn OSSL_LIB_CTX_load_config(ctx: *mut OSSL_LIB_CTX, config_file: *const c_char) -> c_int;

    // OSSL_PROVIDER
    fn OSSL_PROVIDER_get0_name(provider: *const OSSL_PROVIDER) -> *const c_char;
    fn OSSL_PROVIDER_get_params(provider: *const OSSL_PROVIDER, params: *mut OSSL_PARAM) -> c_int;
    fn OSSL_PROVIDER_self_test(provider: *const OSSL_PROVIDER) -> c_int;

    // RAND_bytes
    fn RAND_priv_bytes_ex(c: *mut OSSL_LIB_CTX, buf: *mut u8, num: usize, bits: c_uint) -> c_int;

    // RAND_get0_primary
    fn RAND_get0_private(ctx: *mut OSSL_LIB_CTX) -> *mut EvpRandCtx;
    fn RAND_get0_public(ctx: *mut OSSL_LIB_CTX) -> *mut EvpRandCtx;

    // RAND_set_rand_method
    fn RAND_OpenSSL() -> *mut RandMethod;
    fn RAND_get_rand_method() -> *const RandMethod;
    #[cfg(test)]
    fn RAND_set_rand_method(method: *const RandMethod) -> c_int;
}
