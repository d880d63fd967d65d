//! Keys at rest: each is a JWE under a master key, which is in the environment or in a file of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jose::RUSTCRYPTO as BACKEND;
use jose::jwa::KeyManagementAlgorithm;
use jose::jwe::Encrypted;
use jose::{Alg, DecryptionKeys, EncryptionKey, Jwk, JwkSet, SecretBytes};

use crate::settings::{self, MASTER_KEYS, Settings};

type Failure = Box<dyn Error + Send + Sync>;

/// The algorithm of the master keys.
const ALGORITHM: KeyManagementAlgorithm = KeyManagementAlgorithm::A256GCMKW;

/// Where the master keys are.
///
/// They are read by whoever is about to use them, in its transaction: so every process encrypts under the newest, and
/// what a rotation has left unused, nobody can be about to use.
pub(crate) struct Masters {
    /// A file beside the data, which only a transaction writes.
    file: PathBuf,
    /// What takes its place, if it is set.
    environment: Option<JwkSet>,
}

impl Masters {
    /// Those of the environment, or of a file.
    pub(crate) fn find(settings: &Settings) -> Result<Self, Failure> {
        let file = settings.data.join("master-keys.json");
        if fs::symlink_metadata(&file).is_ok_and(|file| file.is_symlink()) {
            let file = file.display();
            return Err(format!(
                "{file} is a link. What it leads to may be another vault's too, and a rotation would delete that: \
                 keys that are elsewhere go into {MASTER_KEYS}"
            )
            .into());
        }
        let environment = settings.master_keys.as_ref().map(|text| text.parse::<JwkSet>());
        let environment = environment.transpose().map_err(|error| {
            format!("{MASTER_KEYS} has to be the text of a JWK Set, `{{\"keys\":[…]}}`: {error}")
        })?;
        Ok(Self { file, environment })
    }

    /// The same, where keys are about to be written: a file is made if none is there and no key was `sealed` under one,
    /// and if keys were, they have to be under these.
    pub(crate) fn for_writing(settings: &Settings, sealed: &Sealed) -> Result<Self, Failure> {
        let masters = Self::find(settings)?;
        remove(&masters.draft())?;
        let is_there = masters.environment.is_some() || masters.file.try_exists()?;
        match sealed.keys().next() {
            None if !is_there => masters.write(&JwkSet::new([new_key()?]))?,
            Some(master) if !is_there => return Err(masters.absent(master).into()),
            _ => {}
        }
        masters.check(sealed)?;
        Ok(masters)
    }

    /// Checks that each key of the vault is under one of them: what others cannot read is not to be written beside it.
    fn check(&self, sealed: &Sealed) -> Result<(), Failure> {
        let keys = self.keys()?;
        if let Some(master) = sealed.keys().find(|master| !keys.names.contains(*master)) {
            return Err(self.absent(master).into());
        }
        // Where others open, it is the vault's key that is damaged.
        if !sealed.is_empty() && !sealed.values().any(|examples| keys.opens(examples)) {
            let place = self.place();
            return Err(format!(
                "the master keys in {place} open nothing, whatever they are called"
            )
            .into());
        }
        Ok(())
    }

    fn absent(&self, master: &str) -> String {
        let place = self.place();
        format!("keys are under the master key `{master}`, which is not in {place}")
    }

    /// The keys, as they are now.
    pub(crate) fn keys(&self) -> Result<MasterKeys, Failure> {
        MasterKeys::prepare(&self.set()?)
            .map_err(|error| format!("{}: {error}", self.place()).into())
    }

    /// Puts a new key before them; whoever sets the environment has put one there already.
    ///
    /// The others are still there, so that wherever a rotation stops, all that is there can be read.
    pub(crate) fn renew(&self) -> Result<(), Failure> {
        if self.environment.is_some() {
            return Ok(());
        }
        let mut set = JwkSet::new([new_key()?]);
        set.merge(self.set()?);
        Ok(self.write(&set)?)
    }

    /// Deletes what no key is `sealed` under, but for the first. Returns how many are left.
    pub(crate) fn delete_unused(&self, sealed: &Sealed) -> Result<usize, Failure> {
        let mut set = self.set()?;
        if self.environment.is_some() {
            // A process that still has the file may have written since this one began: then it is not deleted.
            self.check(sealed)?;
            let keys = self.keys()?;
            // Nor where a name alone is the same: it may be what it takes to open the others.
            if !sealed.is_empty() && sealed.values().all(|examples| keys.opens(examples)) {
                remove(&self.file)?;
            }
            return Ok(set.len());
        }
        let first = set.keys().first().and_then(Jwk::kid).map(ToOwned::to_owned);
        let before = set.len();
        set.retain(|key| {
            key.kid() == first.as_deref() || key.kid().is_some_and(|kid| sealed.contains_key(kid))
        });
        if set.len() < before {
            self.write(&set)?;
        }
        Ok(set.len())
    }

    fn place(&self) -> String {
        match &self.environment {
            Some(_) => MASTER_KEYS.to_owned(),
            None => self.file.display().to_string(),
        }
    }

    fn draft(&self) -> PathBuf {
        self.file.with_extension("draft")
    }

    /// Writes a set to a draft that nobody else may read, and puts it in its place when it is on the disk.
    ///
    /// One name for all drafts: only a transaction writes, and what a kill has left is there to be deleted.
    fn write(&self, set: &JwkSet) -> io::Result<()> {
        let draft = self.draft();
        remove(&draft)?;
        let mut file = settings::private_file().open(&draft)?;
        file.write_all(set.expose_secret_json().expose_secret())?;
        file.sync_all()?;
        fs::rename(&draft, &self.file)?;
        fs::File::open(self.file.parent().unwrap_or(Path::new(".")))?.sync_all()
    }

    fn set(&self) -> Result<JwkSet, Failure> {
        if let Some(set) = &self.environment {
            return Ok(set.clone());
        }
        let octets = fs::read(&self.file)
            .map_err(|error| format!("{} cannot be read: {error}", self.place()))?;
        Ok(JwkSet::from_json(SecretBytes::from(octets).expose_secret())?)
    }
}

/// The master keys: the first encrypts, and each of them decrypts.
pub(crate) struct MasterKeys {
    first: EncryptionKey,
    all: DecryptionKeys,
    names: BTreeSet<String>,
}

impl MasterKeys {
    fn prepare(set: &JwkSet) -> Result<Self, Failure> {
        let first = set.keys().first().ok_or("there is no master key in the set")?;
        let names = set.keys().iter().filter_map(|key| Some(key.kid()?.to_owned()));
        let names: BTreeSet<String> = names.collect();
        if names.len() < set.len() {
            return Err("each master key needs a `kid` that no other has".into());
        }
        let unfit = || format!("each master key is a shared key for {ALGORITHM}, with this `alg`");
        let first = EncryptionKey::from_jwk(first, BACKEND).map_err(|_| unfit())?;
        let all = DecryptionKeys::from_jwks(set, &[ALGORITHM], BACKEND);
        if first.alg() != ALGORITHM || !all.skipped().is_empty() || !set.skipped().is_empty() {
            return Err(unfit().into());
        }
        Ok(Self { first, all, names })
    }

    /// Whether one of these opens.
    fn opens(&self, sealed: &[(String, String)]) -> bool {
        sealed.iter().any(|(name, sealed)| self.open(sealed, name).is_ok())
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

/// Of each master key that keys are under, its name, and some of those keys with theirs.
pub(crate) type Sealed = BTreeMap<String, Vec<(String, String)>>;

/// The name of the master key that a key is kept under.
pub(crate) fn sealed_under(sealed: &str) -> Result<String, Failure> {
    let encrypted = Encrypted::parse(sealed)?;
    let kid = encrypted.kid().ok_or("a key under a master key without a name")?;
    Ok(kid.to_owned())
}

fn new_key() -> Result<Jwk, Failure> {
    Ok(Jwk::generate(Alg::from(ALGORITHM), BACKEND)?)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
