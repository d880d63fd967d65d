//! The keys of an issuer over HTTP, from servers that are there: on the loopback interface, with every way to answer that
//! a server has. Each test asserts how often the server was asked.
#![forbid(unsafe_code)]
#![allow(
    unreachable_pub,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::unwrap_used,
    reason = "a test may fail by panicking, its modules are its own, and it needs std"
)]

mod addresses;
mod answers;
mod discovery;
mod failures;
mod freshness;
mod issuers;
mod many;
mod publishing;
mod rotation;
mod server;
mod sets;
mod support;
mod tls;
