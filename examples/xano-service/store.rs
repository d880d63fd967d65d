//! The database: sessions and encrypted records, and apart from them the vault with their keys. What waits for it is called off
//! the threads that serve.

use std::collections::BTreeSet;
use std::error::Error;
use std::time::Duration;

use jose::RUSTCRYPTO as BACKEND;
use jose::{Jwk, UnixTime};
use jose_xano::{ContentAlgorithm, JweDecode, JweEncode, Payload, jwe_decode, jwe_encode};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};

use crate::settings::{self, Settings};
use crate::vault::{MasterKeys, Masters, sealed_under};

type Failure = Box<dyn Error + Send + Sync>;

/// What was applied is never changed: a change is one more.
const MIGRATIONS: [&str; 2] = [
    "CREATE TABLE key_vault (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key_id TEXT NOT NULL,
        encryption_key TEXT NOT NULL -- a JWE under a master key
    ) STRICT;
    CREATE TABLE session (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        user_id INTEGER NOT NULL,
        signing_key INTEGER NOT NULL UNIQUE REFERENCES key_vault (id),
        created_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE encrypted_data (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        user_id INTEGER NOT NULL,
        encrypted_token TEXT NOT NULL,
        key_id TEXT NOT NULL,
        vault_id INTEGER NOT NULL UNIQUE REFERENCES key_vault (id)
    ) STRICT;",
    "CREATE INDEX encrypted_data_of_user ON encrypted_data (user_id, id);",
];

/// The database, with one connection, and where the master keys are.
pub(crate) struct Store {
    connection: Connection,
    masters: Masters,
}

impl Store {
    /// Opens it, and brings its tables up to date.
    pub(crate) fn open(settings: &Settings) -> Result<Self, Failure> {
        settings::private_directory(&settings.data)?;
        let path = settings.data.join("service.db");
        match settings::private_file().open(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(error.into());
            }
            _ => {}
        }
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        // What was answered for is on the disk, also when the power goes; and of what was deleted nothing is left in it.
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             PRAGMA secure_delete = ON;",
        )?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let applied: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let applied = usize::try_from(applied)?;
        if applied > MIGRATIONS.len() {
            return Err("the database is of a later version of this program".into());
        }
        for migration in MIGRATIONS.iter().skip(applied) {
            transaction.execute_batch(migration)?;
        }
        transaction.pragma_update(None, "user_version", i64::try_from(MIGRATIONS.len())?)?;
        let kept: bool =
            transaction
                .query_row("SELECT EXISTS (SELECT 1 FROM key_vault)", [], |row| row.get(0))?;
        let masters = Masters::find(settings, kept)?;
        transaction.commit()?;
        Ok(Self { connection, masters })
    }

    /// Keeps a session and its key, both or neither.
    pub(crate) fn add_session(
        &mut self,
        user_id: i64,
        key: &Jwk,
        now: UnixTime,
    ) -> Result<i64, Failure> {
        let (transaction, masters) = self.begin()?;
        let name = format!("session_of_{user_id}");
        let vault_id = keep(&transaction, key, &name, &masters.keys()?)?;
        let created_at = i64::try_from(now.as_secs())?;
        transaction.execute(
            "INSERT INTO session (user_id, signing_key, created_at) VALUES (?1, ?2, ?3)",
            (user_id, vault_id, created_at),
        )?;
        let id = transaction.last_insert_rowid();
        transaction.commit()?;
        Ok(id)
    }

    /// Keeps a record and its key, both or neither.
    pub(crate) fn add_record(
        &mut self,
        user_id: i64,
        token: &str,
        key: &Jwk,
    ) -> Result<i64, Failure> {
        let key_id = format!("user_{user_id}");
        let (transaction, masters) = self.begin()?;
        let vault_id = keep(&transaction, key, &key_id, &masters.keys()?)?;
        transaction.execute(
            "INSERT INTO encrypted_data (user_id, encrypted_token, key_id, vault_id) VALUES (?1, ?2, ?3, ?4)",
            (user_id, token, key_id, vault_id),
        )?;
        let id = transaction.last_insert_rowid();
        transaction.commit()?;
        Ok(id)
    }

    /// The last record of a user, decrypted.
    pub(crate) fn user_data(&mut self, user_id: i64) -> Result<Option<String>, Failure> {
        let (transaction, masters) = self.begin()?;
        let row: Option<(String, String, String)> = transaction
            .query_row(
                "SELECT encrypted_token, key_vault.key_id, encryption_key FROM encrypted_data
                 JOIN key_vault ON key_vault.id = vault_id
                 WHERE user_id = ?1 ORDER BY encrypted_data.id DESC LIMIT 1",
                [user_id],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .optional()?;
        let Some((token, key_id, sealed)) = row else { return Ok(None) };
        // The name is sealed with the key: whoever can write rows cannot make the record of one that of another.
        if key_id != format!("user_{user_id}") {
            return Err("the last record is somebody else's".into());
        }
        let claims = decrypt(&token, masters.keys()?.open(&sealed, &key_id)?)?;
        Ok(Some(claims.to_json()))
    }

    /// Makes another master key, encrypts every key of the vault under it, and every record under a key of its own that
    /// is new. Signing keys stay, because tokens are out there. When that is on the disk, the other master keys are
    /// deleted from their file.
    pub(crate) fn rotate(&mut self) -> Result<Rotated, Failure> {
        // The lock comes first: two rotations at once would each put their key into a file without the other's.
        let (transaction, masters) = self.begin()?;
        let masters = masters.renew()?;
        let mut keys = Vec::new();
        {
            let mut statement = transaction.prepare(
                "SELECT key_vault.id, key_vault.key_id, encryption_key, encrypted_data.id, encrypted_token
                 FROM key_vault LEFT JOIN encrypted_data ON vault_id = key_vault.id",
            )?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let kept: (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let record: Option<i64> = row.get(3)?;
                let token: Option<String> = row.get(4)?;
                keys.push((kept, record.zip(token)));
            }
        }
        for ((id, key_id, sealed), record) in &keys {
            let mut key = masters.open(sealed, key_id)?;
            if let Some((record, token)) = record {
                let claims = decrypt(token, key)?;
                key = Jwk::generate_oct(256, BACKEND)?;
                let token = encrypt(claims, key.clone())?;
                transaction.execute(
                    "UPDATE encrypted_data SET encrypted_token = ?2 WHERE id = ?1",
                    (record, token),
                )?;
            }
            transaction.execute(
                "UPDATE key_vault SET encryption_key = ?2 WHERE id = ?1",
                (id, masters.seal(&key, key_id)?),
            )?;
        }
        transaction.commit()?;
        let masters = self.delete_old()?;
        let records = keys.iter().filter(|(_, record)| record.is_some()).count();
        Ok(Rotated { keys: keys.len(), records, masters })
    }

    /// Deletes the master keys that no key is under any more, and from the disk what was under them.
    fn delete_old(&mut self) -> Result<usize, Failure> {
        // The log has the old pages until it begins anew. Somebody who reads them may have to be waited for.
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
            let in_the_way: bool = row.get(0)?;
            if in_the_way {
                eprintln!("the log is in use: what was there before stays in it for a while");
            }
            Ok(())
        })?;
        let (transaction, masters) = self.begin()?;
        let mut used = BTreeSet::new();
        let mut statement = transaction.prepare("SELECT encryption_key FROM key_vault")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            used.insert(sealed_under(&row.get::<_, String>(0)?)?);
        }
        masters.keep(&used)
    }

    /// A transaction beside which nobody writes, and the master keys, which are read in it.
    fn begin(&mut self) -> rusqlite::Result<(Transaction<'_>, &Masters)> {
        let behavior = TransactionBehavior::Immediate;
        Ok((self.connection.transaction_with_behavior(behavior)?, &self.masters))
    }
}

/// What a rotation has done.
pub(crate) struct Rotated {
    /// How many keys are under the first master key now.
    pub(crate) keys: usize,
    /// How many records are under new keys of their own.
    pub(crate) records: usize,
    /// How many master keys are left.
    pub(crate) masters: usize,
}

fn keep(
    transaction: &Transaction<'_>,
    key: &Jwk,
    key_id: &str,
    masters: &MasterKeys,
) -> Result<i64, Failure> {
    transaction.execute(
        "INSERT INTO key_vault (key_id, encryption_key) VALUES (?1, ?2)",
        (key_id, masters.seal(key, key_id)?),
    )?;
    Ok(transaction.last_insert_rowid())
}

/// The token of a record: `A256KW` and `A256GCM`, and no times.
pub(crate) fn encrypt(claims: Payload, key: Jwk) -> Result<String, jose_xano::Error> {
    let statement =
        JweEncode::new(key.into()).claims(claims).content_algorithm(ContentAlgorithm::A256GCM);
    jwe_encode(&statement, UnixTime::now(), BACKEND)
}

fn decrypt(token: &str, key: Jwk) -> Result<Payload, jose_xano::Error> {
    let statement = JweDecode::new(token, key.into()).content_algorithm(ContentAlgorithm::A256GCM);
    Ok(jwe_decode(&statement, UnixTime::now(), BACKEND)?.into_payload())
}
