//! Showing on a terminal that long work is being done, and how far it is.

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Whether none is to be shown: nobody wants it, or there is one, and two would write over each other.
static HIDDEN: AtomicBool = AtomicBool::new(false);

/// Work that is shown until this is dropped; where standard error is no terminal, nothing is.
pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    /// Shows nothing from here on.
    pub(crate) fn never() {
        HIDDEN.store(true, Ordering::Relaxed);
    }

    /// Work of which nobody knows how long it takes: a prime is found by trying.
    pub(crate) fn working(what: &'static str) -> Self {
        Self::shown(what, "{spinner} {msg} {elapsed}")
    }

    /// Work that is counted. Where results are written to a terminal, they show how far it is.
    pub(crate) fn count(what: &'static str) -> Self {
        if io::stdout().is_terminal() {
            return Self(None);
        }
        Self::shown(what, "{spinner} {msg} {pos} ({elapsed})")
    }

    fn shown(what: &'static str, template: &str) -> Self {
        if !io::stderr().is_terminal() || HIDDEN.swap(true, Ordering::Relaxed) {
            return Self(None);
        }
        let bar = ProgressBar::new_spinner().with_message(what);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        // At once, and not when the thread that goes on comes to it.
        bar.tick();
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(Some(bar))
    }

    /// How many are done.
    pub(crate) fn set(&self, done: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(done);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
            HIDDEN.store(false, Ordering::Relaxed);
        }
    }
}
