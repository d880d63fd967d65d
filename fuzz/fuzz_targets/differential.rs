//! The target `differential`: see `jose_tests::fuzz`.
#![no_main]

use jose_tests::fuzz;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| fuzz::differential(octets));
jose_fuzz::mutate_tokens!();
