//! The target `session_cookie`: see `jose_tests::fuzz`.
#![no_main]

use jose_tests::fuzz;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| fuzz::session::session_cookie(octets));
