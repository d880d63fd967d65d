//! What a demonstration needs and no service has: a clock that is pushed, a thief, and a list of what happened.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jose::UnixTime;

/// Lines that are kept.
const KEPT: usize = 30;

#[derive(Clone)]
pub(crate) struct Demo {
    start: UnixTime,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    pushed: Duration,
    stolen: Option<String>,
    told: VecDeque<String>,
}

impl Default for Demo {
    fn default() -> Self {
        Self { start: UnixTime::now(), state: Arc::default() }
    }
}

impl Demo {
    pub(crate) fn now(&self) -> UnixTime {
        UnixTime::now().saturating_add(self.state().pushed)
    }

    /// For what asks by itself.
    pub(crate) fn clock(&self) -> impl Fn() -> UnixTime + Send + Sync + 'static {
        let demo = self.clone();
        move || demo.now()
    }

    pub(crate) fn push(&self, by: Duration) {
        self.state().pushed += by;
        self.tell(&format!("{} minutes pass", by.as_secs() / 60));
    }

    /// Hours, minutes and seconds since the program was started, by this clock.
    pub(crate) fn passed(&self) -> String {
        let seconds = self.now().as_secs().saturating_sub(self.start.as_secs());
        format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }

    /// The refresh token that the thief has.
    pub(crate) fn stolen(&self) -> Option<String> {
        self.state().stolen.clone()
    }

    pub(crate) fn steal(&self, token: Option<String>) {
        self.state().stolen = token;
    }

    pub(crate) fn tell(&self, what: &str) {
        let line = format!("{} {what}", self.passed());
        let mut state = self.state();
        if state.told.len() == KEPT {
            state.told.pop_front();
        }
        state.told.push_back(line);
    }

    /// What happened, the last first.
    pub(crate) fn told(&self) -> Vec<String> {
        self.state().told.iter().rev().cloned().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
