//! What is told of a key without arithmetic: which algorithms it fits, and that it is none of the few that no
//! handle is made of (RFC 7518 §3-5).

use jose_core::error::KeyError;
use jose_core::jwa::{ContentEncryption, KeyManagementAlgorithm as K, SignatureAlgorithm as S};
use jose_core::jwk::{Ec, EcCurve, Oct, Params, Rsa, RsaCrt, RsaPrivate};
use jose_core::{Alg, Jwk, SecretBytes};
use serde_json::json;

use crate::{Subject, keys};

fn assert_refused(result: Result<(), KeyError>, expected: &KeyError) {
    assert_eq!(format!("{:?}", result.unwrap_err()), format!("{expected:?}"));
}

/// A shared key fits the content encryption of exactly its length, and is told both lengths otherwise.
pub fn a_key_fits_content_encryption_by_its_length(_: &Subject) {
    for enc in ContentEncryption::ALL.iter().copied() {
        let check = |len: usize| {
            let oct = Oct::new(SecretBytes::new(vec![7; len])).unwrap();
            Jwk::new(Params::Oct(oct)).check_for(enc)
        };
        let len = enc.key_len();
        assert!(check(len).is_ok(), "{enc}");
        for other in [len - 1, len + 1, len * 2] {
            let (alg, expected, actual) = (enc.name(), len * 8, other * 8);
            assert_refused(check(other), &KeyError::Size { alg, expected, actual });
        }
        let refused = keys::private(S::RS256).check_for(enc);
        let (alg, actual) = (enc.name(), "RSA".to_owned());
        assert_refused(refused, &KeyError::KeyType { alg, expected: "oct", actual });
    }
}

/// A key of unknown type is told its type, and one of a known type on an unknown curve its curve.
pub fn an_unknown_key_fits_no_key_management(_: &Subject) {
    let check = |members: serde_json::Value, alg: Alg| {
        Jwk::from_json(members.to_string()).unwrap().check_for(alg)
    };
    let curves = "P-256, P-384, P-521, X25519 or X448";
    for alg in [K::ECDH_ES, K::ECDH_ES_A128KW, K::ECDH_ES_A192KW, K::ECDH_ES_A256KW] {
        let name = alg.name();
        for kty in ["EC", "OKP"] {
            let refused = check(json!({"kty": kty, "crv": "P-999"}), alg.into());
            let actual = "P-999".to_owned();
            assert_refused(refused, &KeyError::Curve { alg: name, expected: curves, actual });
        }
        let refused = check(json!({"kty": "XMSS", "crv": "P-256"}), alg.into());
        let actual = "XMSS".to_owned();
        assert_refused(refused, &KeyError::KeyType { alg: name, expected: "EC or OKP", actual });
    }
}

/// No curve has the point (0, 0), which some libraries take for the point at infinity.
pub fn the_point_zero_has_no_structure(_: &Subject) {
    for crv in [EcCurve::P256, EcCurve::P384, EcCurve::P521, EcCurve::Secp256k1] {
        let zero = vec![0; crv.coordinate_len()];
        let point = Ec::new(crv, zero.clone(), zero, None).unwrap();
        let refused = Jwk::new(Params::Ec(point)).check_structure();
        assert_refused(refused, &KeyError::Inconsistent);
    }
    assert!(keys::verifying(S::ES256).check_structure().is_ok());
}

/// The private exponent of an RSA key is less than its modulus, which takes no arithmetic to see.
pub fn a_private_exponent_is_below_its_modulus(_: &Subject) {
    let jwk = keys::private(S::RS256);
    let Params::Rsa(rsa) = jwk.params() else { panic!() };
    let check = |d: &[u8]| {
        let private = Some(RsaPrivate::new(d, None));
        Jwk::new(Params::Rsa(Rsa::new(rsa.n(), rsa.e(), private))).check_structure()
    };
    let below = {
        let mut below = rsa.n().to_vec();
        *below.last_mut().unwrap() -= 1;
        below
    };
    assert!(check(&below).is_ok());
    assert!(check(&[0xFF; 8]).is_ok(), "a shorter number is less, whatever it begins with");
    let above = {
        let mut above = rsa.n().to_vec();
        above[0] = 0xFF;
        above
    };
    let longer = [&[1][..], rsa.n()].concat();
    for d in [rsa.n(), &above, &longer] {
        assert_refused(check(d), &KeyError::Inconsistent);
    }
}

/// A factor of an RSA modulus is less than it, and is not 1: either would be a key that hides nothing.
pub fn a_factor_is_neither_one_nor_the_modulus(_: &Subject) {
    let jwk = keys::private(S::RS256);
    let Params::Rsa(rsa) = jwk.params() else { panic!() };
    let private = rsa.private().unwrap();
    let (d, crt) = (private.d().expose_secret(), private.crt().unwrap());
    let [p, q] = [crt.p(), crt.q()].map(SecretBytes::expose_secret);
    let check = |p: &[u8], q: &[u8]| {
        let rest = [crt.dp(), crt.dq(), crt.qi()].map(SecretBytes::expose_secret);
        let crt = RsaCrt::new(p, q, rest[0], rest[1], rest[2]);
        let private = Some(RsaPrivate::new(d, Some(crt)));
        Jwk::new(Params::Rsa(Rsa::new(rsa.n(), rsa.e(), private))).check_structure()
    };
    assert!(check(p, q).is_ok());
    for (p, q) in [(&[1][..], q), (p, &[1]), (rsa.n(), q), (p, rsa.n())] {
        assert_refused(check(p, q), &KeyError::Inconsistent);
    }
}
