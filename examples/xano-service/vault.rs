//! Keys at rest: each is a JWE under a master key, which is in the environment or in a file of its own.

use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jose::RUSTCRYPTO as BACKEND;
use jose::jwa::KeyManagementAlgorithm;
use jose::{Alg, DecryptionKeys, EncryptionKey, Jwk, JwkSet};

use crate::settings::{self, Settings};

/// The algorithm of the master keys.
const ALGORITHM: KeyManagementAlgorithm = KeyManagementAlgorithm::A256GCMKW;

/// The master keys: the first encrypts, and each of them decrypts.
pub(crate) struct MasterKeys {
    set: JwkSet,
    first: EncryptionKey,
    all: DecryptionKeys,
    /// Where they are written; nowhere if they are from the environment.
    file: Option<PathBuf>,
}

impl MasterKeys {
    /// Reads them. Where there are none, and no keys that were encrypted under them, makes one.
    pub(crate) fn load(
        settings: &Settings,
        in_use: bool,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        if let Some(text) = &settings.master_keys {
            return Self::prepare(text.parse()?, None);
        }
        let path = settings.data.join("master-keys.json");
        if !path.try_exists()? {
            if in_use {
                return Err(format!(
                    "{} is missing, and keys are encrypted under it",
                    path.display()
                )
                .into());
            }
            let set = JwkSet::new([new_key()?]);
            // Where another process was faster, its keys count.
            match write(&path, &set, |draft| fs::hard_link(draft, &path)) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(error.into());
                }
                _ => {}
            }
        }
        Self::prepare(JwkSet::from_json(fs::read(&path)?)?, Some(path))
    }

    fn prepare(set: JwkSet, file: Option<PathBuf>) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let first = set.keys().first().ok_or("there is no master key in the set")?;
        if set.keys().iter().any(|key| key.kid().is_none()) {
            return Err("each master key needs a `kid`".into());
        }
        let first = EncryptionKey::from_jwk(first, BACKEND)?;
        let all = DecryptionKeys::from_jwks(&set, &[ALGORITHM], BACKEND);
        if first.alg() != ALGORITHM || !all.skipped().is_empty() || !set.skipped().is_empty() {
            return Err(format!("each master key is a shared key for {ALGORITHM}").into());
        }
        Ok(Self { set, first, all, file })
    }

    /// Puts a new key first, and keeps the others; whoever sets the environment has done that already.
    pub(crate) fn renew(&mut self) -> Result<(), Box<dyn Error + Send + Sync>> {
        let Some(path) = self.file.clone() else { return Ok(()) };
        let mut keys = vec![new_key()?];
        // As it is now, and not as it was when the program began.
        keys.extend(JwkSet::from_json(fs::read(&path)?)?.iter().cloned());
        let set = JwkSet::new(keys);
        write(&path, &set, |draft| fs::rename(draft, &path))?;
        *self = Self::prepare(set, Some(path))?;
        Ok(())
    }

    /// A key as it is kept. Its name is inside, so that it is not taken for another one.
    pub(crate) fn seal(
        &self,
        key: &Jwk,
        name: &str,
    ) -> Result<String, Box<dyn Error + Send + Sync>> {
        Ok(key.clone().with_kid(name).encrypt(&self.first)?)
    }

    /// A key that was kept under this name.
    pub(crate) fn open(
        &self,
        sealed: &str,
        name: &str,
    ) -> Result<Jwk, Box<dyn Error + Send + Sync>> {
        let key = Jwk::decrypt(sealed, &self.all)?;
        if key.kid() == Some(name) {
            Ok(key.without_kid())
        } else {
            Err("a key that belongs to something else".into())
        }
    }

    /// How many there are.
    pub(crate) const fn len(&self) -> usize {
        self.set.len()
    }
}

fn new_key() -> Result<Jwk, Box<dyn Error + Send + Sync>> {
    Ok(Jwk::generate(Alg::from(ALGORITHM), BACKEND)?)
}

/// Writes a set to a draft that nobody else may read, and has it put in its place when it is on the disk.
fn write(path: &Path, set: &JwkSet, place: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    let mut file = settings::private_file().open(&draft)?;
    let written = file
        .write_all(set.expose_secret_json().expose_secret())
        .and_then(|()| file.sync_all())
        .and_then(|()| place(&draft));
    // Renamed, it is not there any more.
    let _gone = fs::remove_file(&draft);
    if let Some(directory) = path.parent() {
        fs::File::open(directory)?.sync_all()?;
    }
    written
}
