//! The same for programs without a runtime of their own.

use std::io;
use std::sync::Arc;

use jose_core::jws::{Jws, Unverified, Verified, VerifyingKeys};
use jose_core::{JwkSet, UnixTime, jwt};
use serde::de::DeserializeOwned;
use tokio::runtime::{Builder, Runtime};

use crate::{Error, Issuers, Source, SourceError};

/// A [`Source`] or [`Issuers`] whose callers wait. It has a runtime with one thread, on which its fetches run.
///
/// ```no_run
/// # #[cfg(feature = "reqwest-rustls")]
/// # fn verify(token: &str) -> Result<(), Box<dyn std::error::Error>> {
/// use jose_core::{Alg, jws};
/// use jose_jwks::{Blocking, Client, Config, Source};
/// use jose_rustcrypto::BACKEND;
///
/// let config = Config::new(&[Alg::ES256], BACKEND);
/// let source = Source::at("https://idp.example/jwks.json", Client::rustls()?, config)?;
/// let source = Blocking::new(source)?;
///
/// let unverified = jws::Unverified::parse(token)?;
/// let keys = source.keys_for(&unverified)?;
/// let verified = unverified.verify(&keys)?;
/// # Ok(()) }
/// ```
///
/// In an asynchronous program use the [`Source`] itself: what waits here stops a whole thread of its runtime.
#[derive(Debug)]
pub struct Blocking<T> {
    of: T,
    /// There until it is dropped.
    runtime: Option<Runtime>,
}

impl<T> Blocking<T> {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// That of the system, if there can be no other thread.
    pub fn new(of: T) -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).thread_name("jose-jwks").enable_all().build()?;
        Ok(Self { of, runtime: Some(runtime) })
    }

    /// What callers wait for.
    pub const fn get_ref(&self) -> &T {
        &self.of
    }

    /// Not `Runtime::block_on`, which panics where there is a runtime already.
    fn wait<F: Future>(&self, future: F) -> F::Output {
        let _inside = self.runtime.as_ref().map(Runtime::enter);
        // A task of another runtime that blocks here never lets others go on, and would get no more steps from that one.
        pollster::block_on(tokio::task::unconstrained(future))
    }
}

impl Blocking<Source> {
    /// As [`Source::keys_for`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn keys_for(&self, token: &Unverified<'_>) -> Result<VerifyingKeys, SourceError> {
        self.wait(self.of.keys_for(token))
    }

    /// As [`Source::keys_for_all`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn keys_for_all(&self, jws: &Jws) -> Result<VerifyingKeys, SourceError> {
        self.wait(self.of.keys_for_all(jws))
    }

    /// As [`Source::verify_jwt`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn verify_jwt<C: DeserializeOwned>(
        &self,
        token: &str,
        rules: &jwt::Validation,
        now: UnixTime,
    ) -> Result<Verified<C>, Error> {
        self.wait(self.of.verify_jwt(token, rules, now))
    }

    /// As [`Source::set`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn set(&self) -> Result<Arc<JwkSet>, SourceError> {
        self.wait(self.of.set())
    }

    /// As [`Source::ready`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn ready(&self) -> Result<(), SourceError> {
        self.wait(self.of.ready())
    }

    /// As [`Source::refresh`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn refresh(&self) -> Result<(), SourceError> {
        self.wait(self.of.refresh())
    }
}

impl Blocking<Issuers> {
    /// As [`Issuers::verify`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn verify<C: DeserializeOwned>(
        &self,
        token: &str,
        now: UnixTime,
    ) -> Result<Verified<C>, Error> {
        self.wait(self.of.verify(token, now))
    }
}

impl<T> Drop for Blocking<T> {
    fn drop(&mut self) {
        // Dropping a runtime waits for its tasks, and panics inside another.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
