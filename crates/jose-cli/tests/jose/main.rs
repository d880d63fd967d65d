//! The program, run as its users run it, on every backend that was built in.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may fail by panicking")]
#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program that needs std anyway gains nothing by naming what lies below it"
)]

mod abuse;
mod arguments;
mod batch;
mod common;
mod exact;
mod examples;
mod general;
mod generated;
mod hostile;
mod jwe;
mod jwk;
mod jwks;
mod jws;
mod jwt;
mod jwt_encrypted;
mod limits;
mod output;
mod protect;
mod reasons;
mod stages;
mod terminal;
mod trust;
mod usage;
