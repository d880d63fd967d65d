//! A clock that goes when it is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jose_core::UnixTime;

#[derive(Clone)]
pub(crate) struct Clock(Arc<AtomicU64>);

impl Clock {
    pub(crate) const START: u64 = 1_800_000_000;

    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicU64::new(Self::START)))
    }

    pub(crate) fn go(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(Ordering::SeqCst))
    }

    pub(crate) fn reader(&self) -> impl Fn() -> UnixTime + Send + Sync + 'static + use<> {
        let clock = self.clone();
        move || clock.now()
    }
}
