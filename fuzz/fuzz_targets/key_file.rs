//! The target `key_file`: see `jose_tests::fuzz`.
#![no_main]

use jose_tests::fuzz;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| fuzz::key_file(octets));
