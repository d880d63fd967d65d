//! What the octets of a shared key tell: which algorithms take as many, and whether they look drawn
//! at random.

use alloc::vec::Vec;

/// What a shared key of `len` octets can be bound to, besides a password.
pub(super) const fn algorithms_of(len: usize) -> Option<&'static str> {
    Some(match len {
        16 => "128 bits: bind it to A128KW, A128GCMKW or A128GCM; they are too few for HMAC",
        24 => "192 bits: bind it to A192KW, A192GCMKW or A192GCM; they are too few for HMAC",
        32 => "256 bits: bind it to HS256, A256KW, A256GCMKW, A256GCM or A128CBC-HS256",
        48 => "384 bits: bind it to HS256, HS384 or A192CBC-HS384; AES takes no such key",
        64 => {
            "512 bits: bind it to HS256, HS384, HS512 or A256CBC-HS512; A256KW takes exactly 256 bits"
        }
        33..48 => "bind it to HS256; no other algorithm takes a key of this length",
        49..64 => "bind it to HS256 or HS384; no other algorithm takes a key of this length",
        65.. => "bind it to HS256, HS384 or HS512; no other algorithm takes a key of this length",
        _ => return None,
    })
}

pub(super) fn is_repetition(k: &[u8]) -> bool {
    (1..=k.len() / 2).any(|period| k.iter().zip(k.iter().skip(period)).all(|(a, b)| a == b))
}

pub(super) fn is_sequence(k: &[u8]) -> bool {
    let mut steps = k.iter().zip(k.iter().skip(1)).map(|(a, b)| b.wrapping_sub(*a));
    steps.next().is_some_and(|step| steps.all(|other| other == step))
}

pub(super) fn has_few_values(k: &[u8]) -> bool {
    let mut values = Vec::from(k);
    values.sort_unstable();
    values.dedup();
    values.len() <= (k.len() / 4).min(32)
}

pub(super) fn is_text(k: &[u8]) -> bool {
    k.iter().all(|octet| matches!(octet, b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::noise;
    use super::*;

    proptest! {
        #[test]
        fn a_pattern_is_found_wherever_it_is_cut(
            pattern in proptest::collection::vec(any::<u8>(), 1..20), more in 0_usize..60,
        ) {
            let len = (2 * pattern.len() + more).max(16);
            let k: Vec<u8> = pattern.iter().copied().cycle().take(len).collect();
            prop_assert!(is_repetition(&k));
        }

        #[test]
        fn a_sequence_is_found_whatever_its_step(
            start in any::<u8>(), step in any::<u8>(), len in 16_u8..100,
        ) {
            let k: Vec<u8> =
                (0..len).map(|index| start.wrapping_add(step.wrapping_mul(index))).collect();
            prop_assert!(is_sequence(&k));
            let mut other = k.clone();
            other[usize::from(len) / 2] ^= 0x55;
            prop_assert!(!is_sequence(&other));
        }

        #[test]
        fn random_octets_are_not_taken_for_weak(seed in any::<u64>(), len in 16_usize..100) {
            // Not the octets of proptest, which likes zeros.
            let mut k: Vec<u8> = noise(seed | 1, len);
            k[0] |= 0x80; // no text
            prop_assert!(!is_repetition(&k) && !is_sequence(&k) && !has_few_values(&k) && !is_text(&k));
        }
    }
}
