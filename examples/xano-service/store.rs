//! The database: sessions and encrypted records, and apart from them the vault with their keys. What waits for it is called off
//! the threads that serve.

use std::error::Error;
use std::thread;
use std::time::Duration;

use jose::RUSTCRYPTO as BACKEND;
use jose::{Jwk, UnixTime};
use jose_xano::{ContentAlgorithm, JweDecode, JweEncode, Payload, jwe_decode, jwe_encode};
use rusqlite::{
    Connection, OpenFlags, OptionalExtension as _, Row, Transaction, TransactionBehavior,
};

use crate::settings::{self, Settings, Task};
use crate::vault::{MasterKeys, Masters, Sealed, sealed_under};

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
    /// Opens it, and brings its tables up to date. Only to serve is one made where there is none.
    pub(crate) fn open(settings: &Settings) -> Result<Self, Failure> {
        let path = settings.data.join("service.db");
        if matches!(settings.task, Task::Serve(_)) {
            settings::private_directory(&settings.data)?;
            match settings::private_file().open(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                    return Err(error.into());
                }
                _ => {}
            }
        } else if !path.try_exists()? {
            return Err(format!("there is no {}", path.display()).into());
        }
        let mut connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
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
        let masters = if let Task::Show(_) = settings.task {
            // Whether its own key opens is seen when it is.
            Masters::find(settings)?
        } else {
            let (sealed, damage) = sealed(&transaction)?;
            if let Some(damage) = damage {
                eprintln!("{damage}");
            }
            Masters::for_writing(settings, &sealed)?
        };
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
    /// is new. Signing keys stay, because tokens are out there. When all that is on the disk, the other master keys are
    /// deleted from their file.
    ///
    /// In pieces, between which others write: they, too, under the newest master key. Whatever it stops at, an error or
    /// a kill, all can be read, and the next one goes on.
    pub(crate) fn rotate(&mut self) -> Result<Rotated, Failure> {
        self.delete_old()?;
        let (transaction, masters) = self.begin()?;
        let last: Option<i64> =
            transaction.query_row("SELECT max(id) FROM key_vault", [], |row| row.get(0))?;
        masters.renew()?;
        drop(transaction);
        let mut rotated = Rotated { keys: 0, records: 0, masters: 0 };
        let mut done = 0;
        while Some(done) < last {
            done = self.rotate_some(done, &mut rotated)?;
            // Somebody who waits to write looks again every tenth of a second, and has to find it free for once.
            thread::sleep(Duration::from_millis(20));
        }
        rotated.masters = self.delete_old()?;
        Ok(rotated)
    }

    /// Rotates the first [`PIECE`] keys behind `after`. Returns the last of them.
    fn rotate_some(&mut self, after: i64, rotated: &mut Rotated) -> Result<i64, Failure> {
        let (transaction, masters) = self.begin()?;
        let masters = masters.keys()?;
        let mut keys: Vec<(Kept, Option<(i64, String)>)> = Vec::new();
        {
            let mut statement = transaction.prepare(
                "SELECT key_vault.id, key_vault.key_id, encryption_key, encrypted_data.id, encrypted_token
                 FROM key_vault LEFT JOIN encrypted_data ON vault_id = key_vault.id
                 WHERE key_vault.id > ?1 ORDER BY key_vault.id LIMIT ?2",
            )?;
            let mut rows = statement.query((after, PIECE))?;
            while let Some(row) = rows.next()? {
                let id = row.get(0)?;
                let text = |index| text(row, index).map_err(|error| damaged(id, &error));
                let kept = Kept { id, key_id: text(1)?, sealed: text(2)? };
                let record: Option<i64> = row.get(3)?;
                let token = record.map(|_| text(4)).transpose()?;
                keys.push((kept, record.zip(token)));
            }
        }
        let mut last = i64::MAX;
        for (kept, record) in &keys {
            let renewed = renewed(kept, record.as_ref().map(|(_, token)| token), &masters);
            let (sealed, token) = renewed.map_err(|error| damaged(kept.id, &error))?;
            if let (Some((record, _)), Some(token)) = (record, token) {
                transaction.execute(
                    "UPDATE encrypted_data SET encrypted_token = ?2 WHERE id = ?1",
                    (record, token),
                )?;
                rotated.records += 1;
            }
            transaction.execute(
                "UPDATE key_vault SET encryption_key = ?2 WHERE id = ?1",
                (kept.id, sealed),
            )?;
            rotated.keys += 1;
            last = kept.id;
        }
        transaction.commit()?;
        Ok(last)
    }

    /// Deletes the master keys that no key is under any more, and what was under them from the files of the database.
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
        let (sealed, damage) = sealed(&transaction)?;
        // Which one of them it would take to mend that, nobody knows.
        damage.map_or(Ok(()), Err)?;
        masters.delete_unused(&sealed)
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

/// How many keys are rotated in one transaction, for which all who write have to wait.
const PIECE: i64 = 200;

/// A key in the vault.
struct Kept {
    id: i64,
    key_id: String,
    sealed: String,
}

/// A key under the first master key, and the token of its record, if it has one, under a new one.
fn renewed(
    kept: &Kept,
    token: Option<&String>,
    masters: &MasterKeys,
) -> Result<(String, Option<String>), Failure> {
    let mut key = masters.open(&kept.sealed, &kept.key_id)?;
    let mut renewed = None;
    if let Some(token) = token {
        let claims = decrypt(token, key)?;
        key = Jwk::generate_oct(256, BACKEND)?;
        renewed = Some(encrypt(claims, key.clone())?);
    }
    Ok((masters.seal(&key, &kept.key_id)?, renewed))
}

/// The master keys that the keys of the vault are under, and what is in their place where one cannot be told.
fn sealed(transaction: &Transaction<'_>) -> rusqlite::Result<(Sealed, Option<String>)> {
    let (mut all, mut damage) = (Sealed::new(), None);
    let mut statement = transaction.prepare("SELECT id, key_id, encryption_key FROM key_vault")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let read = || {
            let (key_id, sealed) = (text(row, 1)?, text(row, 2)?);
            Ok::<_, Failure>((sealed_under(&sealed)?, key_id, sealed))
        };
        match read() {
            Ok((master, key_id, sealed)) => {
                let examples = all.entry(master).or_default();
                if examples.len() < EXAMPLES {
                    examples.push((key_id, sealed));
                }
            }
            Err(error) => damage = Some(damaged(id, &error)),
        }
    }
    Ok((all, damage))
}

/// A text that may be none any more.
fn text(row: &Row<'_>, index: usize) -> Result<String, Failure> {
    Ok(String::from_utf8(row.get_ref(index)?.as_bytes()?.to_vec())?)
}

fn damaged(id: i64, error: &Failure) -> String {
    format!("key {id} of the vault: {error}")
}

/// How many keys are tried to tell a wrong master key from a key that is damaged.
const EXAMPLES: usize = 3;

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
