//! The primes of an RSA key from its exponents (NIST SP 800-56B Rev. 2 appendix C.2).
//!
//! With λ the least common multiple of p - 1 and q - 1 and g their greatest common divisor, k = d·e - 1
//! is a multiple of λ, and n - 1 one of g. So a = k · gcd(n - 1, k) is u · φ(n) for some u, which is
//! u · n - u · (p + q - 1): dividing it by n tells u and p + q, as long as u · (p + q) is below n.
//!
//! u is about (e · g)² at most, and g is small where primes are random. The appendix is stated for e
//! above 2^16, and the crate `rsa` has it so, but nothing in this wants a great e. It takes no power
//! modulo n, and numbers chosen to make it fail take no longer than others.

use crypto_bigint::{ConcatenatingMul, ConcatenatingSquare, Gcd, NonZero, Resize};
use rsa::BoxedUint;
use zeroize::Zeroizing;

/// Factors of `n`, the greater first, if `d` is the inverse of `e`; `d` is as wide as `n`.
///
/// Nobody has checked that they are prime, nor `d` modulo each. `None` if nothing was found: `d` is no
/// inverse, or `n` not the product of two primes.
pub(super) fn primes(n: &BoxedUint, e: &BoxedUint, d: &BoxedUint) -> Option<[BoxedUint; 2]> {
    let one = BoxedUint::one();
    let n = NonZero::new(n.clone()).into_option()?;
    let mut k = Zeroizing::new(d.concatenating_mul(e));
    // An even number, such as 0, is not 1 modulo another.
    if (!k.bit(0)).into() {
        return None;
    }
    k.wrapping_sub_assign(&one);
    if k.is_zero().into() {
        return None;
    }
    let common = Zeroizing::new(n.wrapping_sub(&one).resize(k.bits_precision()).gcd(&k));
    let a = Zeroizing::new(k.concatenating_mul(&*common));

    let (m, r) = a.div_rem(&n);
    let (m, r) = (Zeroizing::new(m), Zeroizing::new(r));
    let u = Zeroizing::new(NonZero::new(m.concatenating_add(&one)).into_option()?);
    let (sum, rest) = Zeroizing::new(n.wrapping_sub(&*r)).div_rem(&*u);
    let (sum, rest) = (Zeroizing::new(sum.concatenating_add(&one)), Zeroizing::new(rest));
    if rest.is_nonzero().into() {
        return None;
    }

    // p and q are the roots of x² - (p + q) · x + n.
    let mut discriminant = Zeroizing::new(sum.concatenating_square());
    let four_n = n.concatenating_mul(BoxedUint::from(4_u8));
    if discriminant.underflowing_sub_assign(&four_n).into() {
        return None;
    }
    let difference = Zeroizing::new(discriminant.floor_sqrt());
    if difference.concatenating_square() != *discriminant {
        return None;
    }
    let difference = Zeroizing::new(BoxedUint::clone(&difference).resize(sum.bits_precision()));
    let twice = [sum.wrapping_add(&*difference), sum.wrapping_sub(&*difference)];
    Some(twice.map(Zeroizing::new).map(|twice| twice.shr(1).resize(n.bits_precision())))
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use crypto_bigint::Odd;
    use jose_core::SecretBytes;
    use jose_core::crypto::KeyError;
    use jose_core::jwk::{Params, Rsa, RsaCrt, RsaPrivate};
    use rsa::RsaPrivateKey;
    use sha2::Sha256;

    use super::super::super::pkcs1_v1_5_verifier;
    use super::super::{complete, params, pkcs1_v1_5_signer};
    use super::*;
    use crate::random;
    use crate::tests::hex;

    /// n, d, p, q, dp, dq, qi of a key that `openssl genpkey` made, with e = 3.
    const OF_OPENSSL: [&str; 7] = [
        "ea10516c1c649caaeeac434aa7c5d94995b3caadc43464344a961812dc827638e409fe06e956efbe\
            9d393b897244e2ae08dee67663195a3345969decb90f34860e1c28aa47c7c2fd51324b74e228655f\
            e0c7f61330afbcf9daf0fcb652738a768d15b58b4e3d7e5c4a9eb56c43330bd80ecd67b1d07c8904\
            c8842334ddcbdefdbb3052452b9e1724f2df770e0297dfd66e6699e877a1a7aec7dd5563e6ab4228\
            37bc1a811592085226ba15b60b3833756505bd17084a4f64236d8e9b9d1162ca51a898646868f7d8\
            49e9b2a820460f901820e3755f71a2a4f727e6bb89746e9b1d7784d9ef981b4845052fdc6572319d\
            8941a871298f62bfc137c1924a8d3ff9",
        "9c0ae0f2bd986871f472d7871a83e6310e77dc73d822ed7831b96561e856f97b42b154049b8f4a7f\
            137b7d064c2dec7405e9eef997663c222e6469487b5f78595ebd7071852fd7538b76dcf896c598ea\
            95daa40ccb1fd3513ca0a8798c4d06f9b363ce5cded3a992dc69ce482cccb29009de452135a85b58\
            85ad6ccde93294a7e0f806ad97786b1473a04239712288370065fd6ca51bcb25eb0be65ffc6b7130\
            47cd3d31f408b08dafd4d2715b24ca456bf10faafc49c77863afa11077705bc267956cf7e6c06008\
            a959ccc1ecbc48b0d565b4c59b32dceb28a203aec1974004f6314c30ebafe0995857bb6b20cfae6a\
            68a0c192990df9519354bf479d371f0b",
        "fb2f0741d8ff125e272ef77bfe7cfbfd3086e77b79ee9d028835808e3b78b9ce20ad73158510ad60\
            5b47e9ab91eea5b0f676b7c58fb3df8b550f6ca7b3f67867766d0ccce6c3a947d79a52510f2276ca\
            02a33b499e6fe9108e018b9263de5292dde001864083b65ef353871087825233252dc48eb12c352e\
            e859b5ba0067f6f5",
        "ee8d40feef6a64281e401c3bda671786bd46b64a060959f35f15fb45b0915e91ab5acba0a274521d\
            43b2f06070925e5c4ca56dd0fe27c4a438d6b05b35f260bf3fdb6823a784be837448ad342e092bbc\
            d565190358356e33ac3355a303333c00ce4d910a4d8c94034d2e0fab2cb859cac722c18692ce3796\
            7bdeececde529a75",
        "a774af813b54b6e96f74a4fd545352a8cb049a525149be01b023ab097cfb26896b1e4cb903607395\
            922ff11d0bf46e75f9a47a83b52295078e0a486fcd4efaefa448b333448270da8fbc36e0b4c1a486\
            ac6cd231144a9b605eabb26197e98c61e94001042b027994a237af605a56e1776e1e8309cb72ce1f\
            459123d1559aa4a3",
        "9f08d5ff4a46ed70142abd7d3c44ba59d3847986aeb0e6a23f63fcd92060e9b6723c87c06c4d8c13\
            82774aeaf5b6e992ddc39e8b541a831825e4759223f6eb2a2a92456d1a587f024d85c8cd74061d28\
            8e4366023ace4977c822391757777d55dede60b1890862acde1eb51cc87ae6872f6c810461decfb9\
            a7e9f348943711a3",
        "45f9e8f5c99d96597488da04681f66f41a2956e064b7cbb79c99ffed8dbc6df3d4dde9d98b5d6cd7\
            d645af107e31a16fd3a1824bf4599dcd020b8adf8d2c3087a4156d44ff3896d39d3dc8111c1c0784\
            3c76eedc1f2ad6aef40e4eb65c604993847350f4ebe9676402128b156b80be077ecbf4a5f206cef9\
            07f90353cbc445bc",
    ];

    /// 2048 bits, by `openssl prime`.
    const PRIME: &str = "c1bd8a695fab4f2dab50db4affdc1466efb9a8c6662bdc2f52280405137b0c08a981f8a9c9e83435\
        5d9eafb5f1d54c6054c434db9eee972650a0c6b0fe3c58c1066045ab1403e548e40c98104adf4076\
        30f620ba784e215e2cd1dcb892d462cedd5733488f8ade9e3feacce947081e4df6dca1bb473c52a2\
        e81dc0256cccd9abe93cbf487ce813638f36133f087e78b87d85630a7615951dc97ae3518d7cfbbf\
        905fbb36d9899ee8365daa48f018030a5e8bc4ab90fafa061f841814578c3254475d23056ef0b3db\
        4d2158a7713213d23175f89f863c3b12fb4af63c14043236c704b57fc4e41920daf5af647a44351f\
        140e282c08b96a230051e0043f9be7c1";

    fn number(text: &str) -> BoxedUint {
        BoxedUint::from_be_slice_vartime(&hex(text))
    }

    fn octets(number: &BoxedUint) -> Vec<u8> {
        number.to_be_bytes().into_vec()
    }

    fn of_openssl() -> [BoxedUint; 7] {
        OF_OPENSSL.map(number)
    }

    /// A key without primes.
    fn bare(n: &BoxedUint, e: u32, d: &BoxedUint) -> Rsa {
        let d = RsaPrivate::new(&octets(d), None);
        Rsa::new(&octets(n), &e.to_be_bytes(), Some(d))
    }

    fn completed(rsa: &Rsa) -> Rsa {
        match complete(rsa) {
            Ok(Params::Rsa(rsa)) => rsa,
            other => panic!("{other:?}"),
        }
    }

    fn crt(rsa: &Rsa) -> [Vec<u8>; 5] {
        let crt = rsa.private().unwrap().crt().unwrap();
        [crt.p(), crt.q(), crt.dp(), crt.dq(), crt.qi()]
            .map(SecretBytes::expose_secret)
            .map(Into::into)
    }

    fn product(numbers: &[&BoxedUint]) -> BoxedUint {
        numbers.iter().fold(BoxedUint::one(), |all, one| all.concatenating_mul(*one))
    }

    /// The inverse of `e` modulo the product of `orders`.
    fn inverse(e: u32, orders: &[&BoxedUint]) -> BoxedUint {
        let order = NonZero::new(product(orders)).unwrap();
        BoxedUint::from(e).resize(order.bits_precision()).invert_mod(&order).unwrap()
    }

    fn less_one(number: &BoxedUint) -> BoxedUint {
        number.wrapping_sub(BoxedUint::one())
    }

    #[track_caller]
    fn assert_inconsistent(n: &BoxedUint, e: u32, d: &BoxedUint) {
        let refused = complete(&bare(n, e, d));
        assert!(matches!(refused, Err(KeyError::Inconsistent)), "{refused:?}");
    }

    #[test]
    fn what_openssl_computed_is_computed_from_three_numbers() {
        let [n, d, rest @ ..] = of_openssl();
        let whole = completed(&bare(&n, 3, &d));
        assert_eq!(crt(&whole), rest.map(|number| octets(&number)));
        let private = whole.private().unwrap();
        assert_eq!((whole.n(), whole.e()), (&*octets(&n), &[3][..]));
        assert_eq!(private.d().expose_secret(), octets(&d));
    }

    #[test]
    fn primes_are_found_whatever_the_exponent_and_the_greater_is_first() {
        for e in [3, 5, 17, 257, 65_537, 4_294_967_291_u32] {
            let mut rng = random::seeded().unwrap();
            let key = RsaPrivateKey::new_with_exp(&mut rng, 2048, e.into()).unwrap();
            let Params::Rsa(made) = params(&key).unwrap() else { panic!() };
            let without = RsaPrivate::new(made.private().unwrap().d().expose_secret(), None);
            let whole = completed(&Rsa::new(made.n(), made.e(), Some(without)));
            let ([p, q, ..], [one, other, ..]) = (crt(&whole), crt(&made));
            assert!(p > q && [p, q] == [one.clone().max(other.clone()), one.min(other)], "{e}");
            // What has its primes is checked in another way.
            assert_eq!(completed(&whole), whole, "{e}");
        }
    }

    #[test]
    fn every_inverse_of_the_exponent_will_do() {
        let [n, d, p, q, ..] = of_openssl();
        let (p1, q1) = (less_one(&p), less_one(&q));
        let least = product(&[&p1, &q1]) / NonZero::new(p1.gcd(&q1).resize(2048)).unwrap();
        for d in [d.clone(), d.wrapping_add(&least), inverse(3, &[&p1, &q1])] {
            assert_eq!(crt(&completed(&bare(&n, 3, &d)))[0], octets(&p));
        }
    }

    #[test]
    fn a_key_without_primes_signs_under_a_small_exponent() {
        let [n, d, ..] = of_openssl();
        let key = bare(&n, 3, &d);
        let mut signature = Vec::new();
        pkcs1_v1_5_signer::<Sha256>(&key).unwrap().sign(&[b"input"], &mut signature).unwrap();
        let verifier = pkcs1_v1_5_verifier::<Sha256>(&key).unwrap();
        assert!(verifier.verify(&[b"input"], &signature).is_ok());
        assert!(verifier.verify(&[b"other"], &signature).is_err());
    }

    #[test]
    fn an_exponent_that_is_no_inverse_is_refused() {
        let [n, d, p, ..] = of_openssl();
        let (one, two, three) = (BoxedUint::one(), BoxedUint::from(2_u8), BoxedUint::from(3_u8));
        // 2^2047 + 1 is a multiple of 3.
        let halved_often = BoxedUint::one_with_precision(2048).shl(2047).wrapping_add(&one)
            / NonZero::new(three.clone()).unwrap();
        for bad in [
            BoxedUint::zero(),
            one.clone(),
            two.clone(),
            three,
            d.wrapping_sub(&one),
            d.wrapping_sub(&two),
            d.wrapping_add(&two),
            n.wrapping_sub(&one),
            n.wrapping_sub(&two),
            n.clone(),
            p,
            halved_often,
        ] {
            assert_inconsistent(&n, 3, &bad);
        }
        for e in [5, 65_537, u32::MAX] {
            assert_inconsistent(&n, e, &d);
        }
    }

    #[test]
    fn exponents_of_one_find_no_primes() {
        let [n, ..] = of_openssl();
        let one = BoxedUint::one_with_precision(n.bits_precision());
        assert!(primes(&n, &BoxedUint::one(), &one).is_none());
    }

    #[test]
    fn a_modulus_that_is_a_prime_or_a_power_of_one_is_refused() {
        let (prime, [_, _, p, ..]) = (number(PRIME), of_openssl());
        assert_inconsistent(&prime, 65_537, &inverse(65_537, &[&less_one(&prime)]));
        let less = less_one(&p);
        for power in [&[&p, &p][..], &[&p, &p, &p]] {
            let orders = [&power[1..], &[&less]].concat();
            assert_inconsistent(&product(power), 3, &inverse(3, &orders));
        }
    }

    #[test]
    fn an_even_modulus_is_refused() {
        let [n, d, ..] = of_openssl();
        assert_inconsistent(&less_one(&n), 3, &d);
    }

    #[test]
    fn primes_of_unequal_length_are_not_supported_whether_given_or_found() {
        let (long, [_, _, short, ..]) = (number(PRIME), of_openssl());
        let orders = [less_one(&long), less_one(&short)];
        let n = octets(&product(&[&long, &short]));
        let d = inverse(65_537, &orders.each_ref());
        let [dp, dq] = orders.map(|order| octets(&d.rem_vartime(&NonZero::new(order).unwrap())));
        let qi =
            short.clone().resize(2048).invert_odd_mod(&Odd::new(long.clone()).unwrap()).unwrap();
        let given = RsaCrt::new(&octets(&long), &octets(&short), &dp, &dq, &octets(&qi));
        for crt in [Some(given), None] {
            let private = RsaPrivate::new(&octets(&d), crt);
            let refused = complete(&Rsa::new(&n, &[1, 0, 1], Some(private)));
            assert!(matches!(refused, Err(KeyError::Unsupported { .. })), "{refused:?}");
        }
    }

    #[test]
    fn primes_that_are_given_keep_their_order() {
        let [n, d, p, q, dp, dq, _] = of_openssl();
        let qi = p.invert_mod(&NonZero::new(q.clone()).unwrap()).unwrap();
        let [n, d, p, q, dp, dq, qi] = [n, d, p, q, dp, dq, qi].map(|number| octets(&number));
        let private = RsaPrivate::new(&d, Some(RsaCrt::new(&q, &p, &dq, &dp, &qi)));
        let key = Rsa::new(&n, &[3], Some(private));
        assert_eq!(completed(&key), key);
    }

    #[test]
    fn a_key_of_three_primes_is_refused() {
        let [_, _, p, q, ..] = of_openssl();
        let third = number("ffffffffffffffffffffffffffffff61"); // 2^128 - 159
        let orders = [less_one(&p), less_one(&q), less_one(&third)];
        let d = inverse(65_537, &orders.each_ref());
        assert_inconsistent(&product(&[&p, &q, &third]), 65_537, &d);
    }
}
