//! Showing on a terminal that long work is being done, and how far it is.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Work that is shown until this is dropped; where standard error is no terminal, nothing is.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// Work of which nobody knows how long it takes: a prime is found by trying.
    pub(crate) fn working(what: &'static str) -> Self {
        Self::shown(what, "{spinner} {msg} {elapsed}")
    }

    /// Work that is counted.
    pub(crate) fn count(what: &'static str) -> Self {
        Self::shown(what, "{spinner} {msg} {pos} ({elapsed})")
    }

    fn shown(what: &'static str, template: &str) -> Self {
        let bar = ProgressBar::new_spinner().with_message(what);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    /// How many are done.
    pub(crate) fn set(&self, done: u64) {
        self.0.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
