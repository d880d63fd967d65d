//! RSA moduli that can be factored because of how they were made: ROCA (CVE-2017-15361).

/// The primes up to 167 modulo which 65537 does not generate everything.
const PRIMES: [u32; 17] =
    [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

/// Whether `n`, big-endian, has the form of the moduli that a library of some smart cards and TPMs
/// made: both primes, and so their product, are powers of 65537 modulo every small prime.
///
/// One in 2^27 of other moduli has it too.
pub(super) fn is_roca(n: &[u8]) -> bool {
    PRIMES.iter().all(|prime| {
        let remainder = n.iter().fold(0, |sum, octet| (sum * 256 + u32::from(*octet)) % prime);
        let generator = 65_537 % prime;
        let powers = core::iter::successors(Some(1), |power| {
            Some(power * generator % prime).filter(|power| *power != 1)
        });
        powers.into_iter().any(|power| power == remainder)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A product of two numbers that are powers of 65537 modulo the product of all these primes.
    #[test]
    fn powers_of_65537_have_the_form() {
        for exponent in [0, 1, 2, 5, 12] {
            let power = 65_537_u128.pow(exponent % 8);
            assert!(is_roca(&power.to_be_bytes()), "{exponent}");
        }
    }

    #[test]
    fn a_modulus_with_one_remainder_outside_the_group_has_not_the_form() {
        // 65537 · 2: modulo 11 the powers of 65537 are 1 and 10.
        assert!(!is_roca(&(65_537_u32 * 2).to_be_bytes()));
        assert!(!is_roca(&[0xFF; 256]));
    }

    #[test]
    fn no_prime_is_listed_modulo_which_the_powers_are_everything() {
        for prime in PRIMES {
            let mut power = 65_537 % prime;
            let mut order = 1;
            while power != 1 {
                power = power * (65_537 % prime) % prime;
                order += 1;
            }
            assert!(order < prime - 1, "{prime}");
        }
    }
}
