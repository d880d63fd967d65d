//! The example `xano-service` as a user starts it: a process, asked over HTTP, stopped and killed.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

mod endpoints;
mod input;
mod process;
mod storage;
