//! Sessions and bearer tokens over HTTP, in servers that are there: on the loopback interface, on axum, asked by a client
//! with a jar of cookies.
#![forbid(unsafe_code)]
#![allow(
    unreachable_pub,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::unwrap_used,
    reason = "a test may fail by panicking, its modules are its own, errors are mapped, and it needs std"
)]

mod bearer;
mod chunks;
mod extractors;
mod http_server;
mod layers;
mod refreshing;
mod support;
mod websockets;
