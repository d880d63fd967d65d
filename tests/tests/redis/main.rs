//! Sessions whose revocations are in a Redis, which the tests start and stop: what every store has to do, what becomes of
//! Redis's failures, and many sessions at once while the store fails.
#![forbid(unsafe_code)]
#![allow(
    unreachable_pub,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    reason = "a test may fail by panicking and says with which seed, its modules are its own, and it needs std"
)]

mod browser;
mod failures;
mod load;
mod machines;
mod server;
mod stores;
