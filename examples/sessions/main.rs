//! Sessions that renew themselves, with a page to click through: what the browser gets, what becomes of it in time, and
//! what becomes of a thief. No scripts: each button is a form.
//!
//! `cargo run --example sessions` serves it on 127.0.0.1:3000; `cargo run --example sessions -- 127.0.0.1:0` on a port that
//! is free. Where it listens is the first line that it prints.
//!
//! | file | what |
//! |---|---|
//! | `service.rs` | two sessions, of which one renews the other, and the keys of both: what a service of yours would have |
//! | `routes.rs` | logging in and out, and what needs a session |
//! | `demo.rs` | what no service has: a clock that is pushed, and a thief |
//! | `page.rs` | the page |
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program that says where it listens"
)]

mod demo;
mod page;
mod routes;
mod service;

use std::error::Error;

use tokio::net::TcpListener;

use crate::demo::Demo;
use crate::service::Service;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let demo = Demo::default();
    let service = Service::new(&demo)?;
    let listener = TcpListener::bind(address).await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, routes::router(service, demo)).await?;
    Ok(())
}
