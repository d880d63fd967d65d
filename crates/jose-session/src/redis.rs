//! What was revoked, in Redis, for any number of machines.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use jose_core::UnixTime;
use redis::aio::ConnectionManager;
use redis::{FromRedisValue, Pipeline, RedisError};

use crate::{Revocation, SessionStore, StoreError};

/// A store in Redis 7.0 or later, or in what speaks as it does, for any number of processes. Cheap to clone.
///
/// ```no_run
/// # async fn store() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use jose_session::RedisStore;
/// use redis::aio::ConnectionManagerConfig;
///
/// let client = redis::Client::open("redis://sessions:a-password@10.0.0.7/")?;
/// // How long Redis may be back before it is asked again.
/// let config = ConnectionManagerConfig::new().set_max_delay(Duration::from_secs(1));
/// let connection = client.get_connection_manager_with_config(config).await?;
/// let store = RedisStore::new(connection, "shop:revoked:");
/// # Ok(()) }
/// ```
///
/// A name that is revoked is a key, whose value is the time in seconds, and which Redis forgets by itself. It is
/// remembered for as long as there is between `now` and `until`: the clock of Redis has to run, and need not be right.
/// The user that Redis knows this by has to be allowed `GET`, `SET`, `PEXPIRE`, `PERSIST`, `MULTI` and `EXEC` for keys
/// of that prefix.
///
/// # What an error leaves open
///
/// Nothing is sent twice. If the answer to a revocation is lost, because the connection broke or Redis took too long,
/// the caller is told [`StoreError::Unavailable`], and the token may be revoked, or be so later when Redis gets to it.
/// Who asks again is told [`Revocation::Again`] then. So a session whose tokens are good for
/// [one change](crate::Config::single_use) may be over after such an error, for its owner too: nothing is ever accepted
/// twice, and what was in doubt may be refused. Where a connection breaks, the requests that wait for it fail, and it is
/// made anew for those that follow. One that is silent and does not break stays in use; `redis::io::tcp::TcpSettings`
/// bounds that over TCP.
///
/// A manager whose Redis does not accept its password when it connects anew gives up, and has to be replaced.
///
/// # What Redis may forget
///
/// A name that Redis forgets too early is a token that is good again until it expires. The store cannot see that:
///
/// - `maxmemory-policy` has to be `noeviction`. Under it a full Redis refuses to revoke ([`StoreError::Full`]), so that
///   nobody can log out or renew. Every other policy forgets names when memory runs out: `allkeys-*` any of them, and
///   `volatile-*` those that expire, `volatile-ttl` first those that expire soonest.
/// - Without persistence, a Redis that starts anew has forgotten everything. With snapshots alone (`save`), what came
///   after the last. With `appendonly yes`, what came after the last `fsync`: about a second with `appendfsync
///   everysec`, nothing that was acknowledged with `always`.
/// - Replication is asynchronous. A replica that takes over has forgotten what had not reached it, and of two machines
///   that both think themselves the primary each accepts a token once. `WAIT` would narrow that, and is not sent.
/// - A replica that is read lags: it says of a name that was just revoked that it was not. The connection has to be to
///   the primary; a replica refuses to revoke. Redis Cluster is not supported: a key of another node is an error.
/// - `FLUSHALL`, `FLUSHDB`, and whoever else may delete keys.
#[derive(Clone)]
pub struct RedisStore {
    connection: ConnectionManager,
    prefix: String,
    timeout: Duration,
}

impl RedisStore {
    /// A store by this connection, whose keys begin with `prefix`. Two that are to know nothing of each other need
    /// prefixes of which neither is the beginning of the other.
    #[must_use]
    pub fn new(connection: ConnectionManager, prefix: impl Into<String>) -> Self {
        Self { connection, prefix: prefix.into(), timeout: Duration::from_secs(2) }
    }

    /// How long Redis may take to answer, and to be connected to where the connection broke. 2 seconds by default. The
    /// connection has a shorter limit of its own for an answer, 500 milliseconds unless it was told otherwise
    /// (`ConnectionManagerConfig::set_response_timeout`).
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    fn key(&self, id: &str) -> String {
        format!("{}{id}", self.prefix)
    }

    async fn ask<A: FromRedisValue>(&self, question: &Pipeline) -> Result<A, StoreError> {
        let mut connection = self.connection.clone();
        match tokio::time::timeout(self.timeout, question.query_async(&mut connection)).await {
            Ok(answer) => answer.map_err(failed),
            Err(elapsed) => Err(StoreError::unavailable(elapsed)),
        }
    }
}

impl SessionStore for RedisStore {
    async fn revoked_at(&self, id: &str) -> Result<Option<UnixTime>, StoreError> {
        let mut question = Pipeline::with_capacity(1);
        question.cmd("GET").arg(self.key(id));
        let (value,): (Option<Vec<u8>>,) = self.ask(&question).await?;
        value.map(time).transpose()
    }

    async fn revoke_once(
        &self,
        id: &str,
        now: UnixTime,
        until: UnixTime,
    ) -> Result<Revocation, StoreError> {
        let key = self.key(id);
        // A transaction, as `Pipeline::atomic` has it: that one counts wrongly and panics where Redis refuses `MULTI`,
        // since nobody has logged in, say.
        let mut question = Pipeline::with_capacity(4);
        question.cmd("MULTI").ignore();
        question.cmd("SET").arg(&key).arg(now.as_secs()).arg("NX").arg("GET").ignore();
        // `SET` leaves alone what is there, so that the next is what makes it last longer.
        if until == UnixTime::MAX {
            question.cmd("PERSIST").arg(&key).ignore();
        } else {
            let lasts = millis(now, until);
            question.arg("PX").arg(lasts);
            question.cmd("PEXPIRE").arg(&key).arg(lasts).arg("GT").ignore();
        }
        question.cmd("EXEC");
        let ((earlier, _lasts),): ((Option<Vec<u8>>, i64),) = self.ask(&question).await?;
        let earlier = earlier.map(time).transpose()?;
        Ok(earlier.map_or(Revocation::First, |at| Revocation::Again { at }))
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("prefix", &self.prefix)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive() // the connection knows a password
    }
}

/// How many milliseconds there are from `now` to `until`, rounded up. At least one: Redis takes no zero, and of those
/// who revoke what has expired at the same time one is the first all the same.
fn millis(now: UnixTime, until: UnixTime) -> u64 {
    let nanos = |time: UnixTime| {
        u128::from(time.as_secs()) * 1_000_000_000 + u128::from(time.subsec_nanos())
    };
    let lasts = nanos(until).saturating_sub(nanos(now)).div_ceil(1_000_000).max(1);
    // A `UnixTime` has at most 2^38 seconds, so these are fewer than 2^48 milliseconds.
    u64::try_from(lasts).unwrap_or(u64::MAX)
}

/// What is no time was not written here. Whether its token was revoked nobody knows.
fn time(value: Vec<u8>) -> Result<UnixTime, StoreError> {
    let text = String::from_utf8(value).map_err(|_| StoreError::unavailable(NoTime))?;
    let seconds = text.parse().map_err(|_| StoreError::unavailable(NoTime))?;
    Ok(UnixTime::from_secs(seconds))
}

fn failed(error: RedisError) -> StoreError {
    // That memory ran out is said of the first command of a transaction, and of the whole only that it was not done.
    let errors = error.clone().into_server_errors().unwrap_or_default();
    if errors.iter().any(|(_, error)| error.code() == "OOM") {
        return StoreError::Full;
    }
    StoreError::unavailable(error)
}

/// Something in Redis is under the name of a token, and no time.
#[derive(Debug)]
struct NoTime;

impl fmt::Display for NoTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what Redis has there is no time")
    }
}

impl StdError for NoTime {}
