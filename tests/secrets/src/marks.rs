//! What Valgrind is told of the memory.

use std::ffi::c_void;
use std::hint::black_box;

use crabgrind::RunMode;
use crabgrind::memcheck::{MemState, mark_mem};
use jose::SecretBytes;

pub(crate) fn are_seen() -> bool {
    matches!(crabgrind::run_mode(), RunMode::Valgrind)
}

/// From here on, `octets` and all that is computed from them are secret.
pub(crate) fn hide(octets: &[u8]) {
    mark(octets, MemState::Undefined);
}

pub(crate) fn hide_secret(secret: &SecretBytes) {
    hide(secret.expose_secret());
}

/// From here on, `octets` are public again.
pub(crate) fn show(octets: &[u8]) {
    mark(octets, MemState::Defined);
}

/// A verdict that the caller is told anyway.
pub(crate) fn told(verdict: bool) -> bool {
    let mut verdict = [u8::from(black_box(verdict))];
    show(&verdict);
    black_box(&mut verdict)[0] == 1
}

fn mark(octets: &[u8], state: MemState) {
    let address = black_box(octets).as_ptr().cast::<c_void>().cast_mut();
    // This version of the crate takes what Valgrind answers the wrong way round. That marks are seen, the
    // checks show that have to be told of.
    let _ = mark_mem(address, octets.len(), state);
}
