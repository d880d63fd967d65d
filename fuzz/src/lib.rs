//! What the targets share.
#![forbid(unsafe_code)]

use jose_tests::fuzz::mutation;

/// Changes a token piece by piece every other time, and octet by octet otherwise.
///
/// Returns the length of what is in `octets` then.
pub fn mutate(octets: &mut [u8], len: usize, seed: u32) -> Option<usize> {
    if seed % 2 == 0 {
        return None;
    }
    let changed = mutation::changed(octets.get(..len)?, u64::from(seed));
    octets.get_mut(..changed.len())?.copy_from_slice(&changed);
    Some(changed.len())
}

/// Has libFuzzer change tokens by their structure too.
#[macro_export]
macro_rules! mutate_tokens {
    () => {
        libfuzzer_sys::fuzz_mutator!(|octets: &mut [u8], len: usize, max: usize, seed: u32| {
            $crate::mutate(&mut octets[..max], len, seed)
                .unwrap_or_else(|| libfuzzer_sys::fuzzer_mutate(octets, len, max))
        });
    };
}
