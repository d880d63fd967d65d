//! Keys at rest: each is a JWE under a master key, which is in the environment or in a file of its own.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jose::RUSTCRYPTO as BACKEND;
use jose::jwa::KeyManagementAlgorithm;
use jose::jwe::Encrypted;
use jose::{Alg, DecryptionKeys, EncryptionKey, Jwk, JwkSet, SecretBytes};
use tempfile::NamedTempFile;

use crate::settings::Settings;

type Failure = Box<dyn Error + Send + Sync>;

/// The algorithm of the master keys.
const ALGORITHM: KeyManagementAlgorithm = KeyManagementAlgorithm::A256GCMKW;

/// The most master keys of a file. A rotation that ends leaves one.
const MAX: usize = 16;

/// Where the master keys are.
///
/// They are read by whoever is about to use them, in its transaction: so every process encrypts under the newest, and
/// what a rotation has left unused, nobody can be about to use.
pub(crate) enum Masters {
    Environment(JwkSet),
    File(PathBuf),
}

impl Masters {
    /// Those of the environment, or of a file, which is made if nothing is `in_use` that was encrypted under it.
    pub(crate) fn find(settings: &Settings, in_use: bool) -> Result<Self, Failure> {
        let masters = match &settings.master_keys {
            Some(text) => Self::Environment(text.parse()?),
            None => Self::File(settings.data.join("master-keys.json")),
        };
        if let Self::File(path) = &masters
            && !path.try_exists()?
        {
            // Of keys that were lost, new ones are no replacement.
            if in_use {
                let path = path.display();
                return Err(format!("{path} is missing, and keys are encrypted under it").into());
            }
            let made = write(path, &JwkSet::new([new_key()?]), Placed::First);
            // Where another process was faster, its keys count.
            made.or_else(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => Ok(()),
                _ => Err(error),
            })?;
        }
        masters.keys()?;
        Ok(masters)
    }

    /// The keys, as they are now.
    pub(crate) fn keys(&self) -> Result<MasterKeys, Failure> {
        MasterKeys::prepare(&self.set()?)
    }

    /// The keys with a new one before them; whoever sets the environment has put one there already.
    ///
    /// The others are still there, so that wherever a rotation stops, all that is there can be read.
    pub(crate) fn renew(&self) -> Result<MasterKeys, Failure> {
        let Self::File(path) = self else { return self.keys() };
        let old = self.set()?;
        if old.len() >= MAX {
            return Err(format!("there are {MAX} master keys: no rotation came to its end").into());
        }
        let mut set = JwkSet::new([new_key()?]);
        set.merge(old);
        write(path, &set, Placed::Instead)?;
        MasterKeys::prepare(&set)
    }

    /// Deletes from the file what nothing is encrypted `under`, but for the first. Returns how many are left.
    pub(crate) fn keep(&self, under: &BTreeSet<String>) -> Result<usize, Failure> {
        let mut set = self.set()?;
        let Self::File(path) = self else { return Ok(set.len()) };
        let first = set.keys().first().and_then(Jwk::kid).map(ToOwned::to_owned);
        set.retain(|key| {
            key.kid() == first.as_deref() || key.kid().is_some_and(|kid| under.contains(kid))
        });
        write(path, &set, Placed::Instead)?;
        Ok(set.len())
    }

    fn set(&self) -> Result<JwkSet, Failure> {
        match self {
            Self::Environment(set) => Ok(set.clone()),
            Self::File(path) => {
                let octets = fs::read(path).map_err(|error| {
                    format!("the master keys in {} cannot be read: {error}", path.display())
                })?;
                Ok(JwkSet::from_json(SecretBytes::from(octets).expose_secret())?)
            }
        }
    }
}

/// The master keys: the first encrypts, and each of them decrypts.
pub(crate) struct MasterKeys {
    first: EncryptionKey,
    all: DecryptionKeys,
}

impl MasterKeys {
    fn prepare(set: &JwkSet) -> Result<Self, Failure> {
        let first = set.keys().first().ok_or("there is no master key in the set")?;
        if set.keys().iter().any(|key| key.kid().is_none()) {
            return Err("each master key needs a `kid`".into());
        }
        let first = EncryptionKey::from_jwk(first, BACKEND)?;
        let all = DecryptionKeys::from_jwks(set, &[ALGORITHM], BACKEND);
        if first.alg() != ALGORITHM || !all.skipped().is_empty() || !set.skipped().is_empty() {
            return Err(format!("each master key is a shared key for {ALGORITHM}").into());
        }
        Ok(Self { first, all })
    }

    /// A key as it is kept. Its name is inside, so that it is not taken for another one.
    pub(crate) fn seal(&self, key: &Jwk, name: &str) -> Result<String, Failure> {
        Ok(key.clone().with_kid(name).encrypt(&self.first)?)
    }

    /// A key that was kept under this name.
    pub(crate) fn open(&self, sealed: &str, name: &str) -> Result<Jwk, Failure> {
        let key = Jwk::decrypt(sealed, &self.all)?;
        if key.kid() == Some(name) {
            Ok(key.without_kid())
        } else {
            Err("a key that belongs to something else".into())
        }
    }
}

/// The name of the master key that a key is kept under.
pub(crate) fn sealed_under(sealed: &str) -> Result<String, Failure> {
    let encrypted = Encrypted::parse(sealed)?;
    let kid = encrypted.kid().ok_or("a key under a master key without a name")?;
    Ok(kid.to_owned())
}

fn new_key() -> Result<Jwk, Failure> {
    Ok(Jwk::generate(Alg::from(ALGORITHM), BACKEND)?)
}

/// What is expected in the place of a file.
#[derive(Clone, Copy)]
enum Placed {
    First,
    Instead,
}

/// Writes a set to a draft that nobody else may read, and puts it in its place when it is on the disk.
fn write(path: &Path, set: &JwkSet, placed: Placed) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut draft = NamedTempFile::new_in(directory)?;
    draft.write_all(set.expose_secret_json().expose_secret())?;
    draft.as_file().sync_all()?;
    match placed {
        Placed::First => draft.persist_noclobber(path)?,
        Placed::Instead => draft.persist(path)?,
    };
    fs::File::open(directory)?.sync_all()
}
