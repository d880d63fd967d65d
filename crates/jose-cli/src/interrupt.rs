//! What is undone when a signal ends the program.

use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

type Undo = Box<dyn FnMut() + Send>;

/// In the order in which it was done.
static UNDO: Mutex<Vec<Undo>> = Mutex::new(Vec::new());

/// Does something, and from its beginning on undoes it before a signal ends the program.
///
/// It is undone also if it is long over, and has to bear that.
pub(crate) fn undone<T, U: FnMut() + Send + 'static>(
    act: impl FnOnce() -> std::io::Result<(T, U)>,
) -> std::io::Result<T> {
    watch();
    // Whoever undoes waits until it is known how.
    let mut all = lock();
    let (done, undo) = act()?;
    all.push(Box::new(undo));
    Ok(done)
}

fn lock() -> MutexGuard<'static, Vec<Undo>> {
    UNDO.lock().unwrap_or_else(PoisonError::into_inner)
}

fn watch() {
    // Not taken back: a signal that nobody waits for any more would be lost.
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        // Without it signals end the program as they always do.
        let Ok(mut signals) = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM]) else { return };
        std::thread::spawn(move || {
            for signal in signals.forever() {
                // Kept until the end, so that nothing new is begun.
                let mut all = lock();
                all.iter_mut().rev().for_each(|undo| undo());
                // As if nobody had caught it: the shell is to know.
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        });
    });
}
