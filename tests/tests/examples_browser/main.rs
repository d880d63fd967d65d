//! The examples that have a page, in a browser: what a user clicks, and what `WebCrypto` encrypts and reads.
#![forbid(unsafe_code)]
#![allow(
    unreachable_pub,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    reason = "a test may fail by panicking, its modules are its own, and it needs std"
)]

#[allow(dead_code, reason = "the tests of cookies use more of it")]
#[path = "../browser/driver.rs"]
mod driver;
mod end_to_end;
#[allow(dead_code, reason = "the tests without a browser use more of it")]
#[path = "../examples/program.rs"]
mod program;
mod sessions;

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::driver::Browser;

impl Browser {
    /// What an expression of the page is.
    fn is(&self, expression: &str) -> Value {
        self.run(&format!("return {expression}"), &[])
    }

    /// Waits until an expression of the page is true.
    fn wait_until(&self, expression: &str) {
        let end = Instant::now() + Duration::from_secs(30);
        while self.is(expression) != true {
            assert!(Instant::now() < end, "{expression} did not become true");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
