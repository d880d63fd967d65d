//! Scalars and points that are no key, or not one: in a file and as JWK they meet the same end (SEC 1
//! §3.2.2, RFC 7748 §6, RFC 8032 §5.1.7).

use jose_core::error::{KeyError, Rule};
use jose_core::jwa::SignatureAlgorithm as S;
use jose_core::jwk::Imported;
use jose_core::jws::VerifyingKey;
use jose_core::{Jwk, base64url};
use serde_json::json;

use super::contradictions::{all_refused, key_error};
use super::der::*;
use super::files::{self, detect, has, json, key};
use super::malformed::{EcKey, ec, malformed, refused};
use crate::Subject;

/// What there is to know of a curve.
struct Curve {
    /// What its files begin with.
    name: &'static str,
    crv: &'static str,
    oid: &'static [u8],
    order: &'static str,
    /// A point whose x is not reduced modulo p; its remainder is on the curve.
    unreduced: [&'static str; 2],
}

const CURVES: [Curve; 4] = [
    Curve {
        name: "p-256",
        crv: "P-256",
        oid: P256,
        order: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        unreduced: [
            "ffffffff00000001000000000000000000000001000000000000000000000004",
            "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc",
        ],
    },
    Curve {
        name: "p-384",
        crv: "P-384",
        oid: P384,
        order: concat!(
            "ffffffffffffffffffffffffffffffffffffffffffffffff",
            "c7634d81f4372ddf581a0db248b0a77aecec196accc52973"
        ),
        unreduced: [
            concat!(
                "ffffffffffffffffffffffffffffffffffffffffffffffff",
                "fffffffffffffffeffffffff000000000000000100000001"
            ),
            concat!(
                "8cdeadbbd04911a3c1931e26df3fa6439dca9c7eb286fbd4",
                "6fc319f0e2bb780232baf57825fc0c1912ada2fefe84024c"
            ),
        ],
    },
    Curve {
        name: "p-521",
        crv: "P-521",
        oid: P521,
        order: concat!(
            "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"
        ),
        unreduced: [
            concat!(
                "020000000000000000000000000000000000000000000000000000000000000000",
                "000000000000000000000000000000000000000000000000000000000000000001"
            ),
            concat!(
                "01e336ed55895cb3617ccc455773080b1f4fb5db0ed7eef0c5b6f8184f57b06423",
                "e71d1a70cde4aac81f77da1bf2f44fe265a821b1b2bd071dad0b2e8041ce5a3049"
            ),
        ],
    },
    Curve {
        name: "secp256k1",
        crv: "secp256k1",
        oid: SECP256K1,
        order: "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        unreduced: [
            "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30",
            "4218f20ae6c646b363db68605822fb14264ca8d2587fdd6fbc750d587e76a7ee",
        ],
    },
];

fn hex(text: &str) -> Vec<u8> {
    let digit = |digit: u8| u8::try_from(char::from(digit).to_digit(16).unwrap()).unwrap();
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn ec_jwk(crv: &str, point: &[u8], d: Option<&[u8]>) -> Jwk {
    let (x, y) = point[1..].split_at(point.len() / 2);
    let mut jwk = json!({
        "kty": "EC", "crv": crv, "x": base64url::encode(x), "y": base64url::encode(y)
    });
    if let Some(d) = d {
        jwk["d"] = json!(base64url::encode(d));
    }
    Jwk::from_json(jwk.to_string()).unwrap()
}

/// The same EC private key in every format that has a place for one, its public half beside it.
fn ec_private_keys(
    subject: &Subject,
    (crv, own): (&str, &[u8]),
    d: &[u8],
    point: &[u8],
) -> Vec<Result<Jwk, KeyError>> {
    let backend = subject.backend();
    let ec = algorithm(EC, &oid(own));
    let inner = sec1(d, None, None);
    let files = [
        Jwk::from_sec1_der(&sec1(d, Some(own), Some(point)), backend),
        Jwk::from_pkcs8_der(&pkcs8(&ec, &sec1(d, None, Some(point))), backend),
        Jwk::from_pkcs8_der(&pkcs8(&ec, &sec1(d, Some(own), Some(point))), backend),
        Jwk::from_pkcs8_der(&pkcs8_v2(&ec, &inner, point), backend),
        detect(&sec1(d, Some(own), Some(point)), backend).and_then(Imported::into_jwk),
    ];
    let mut all: Vec<_> = files.into_iter().map(key_error).collect();
    let jwk = ec_jwk(crv, point, Some(d));
    all.push(jwk.check_consistency(backend).map(|()| jwk.clone()));
    all.push(jwk.complete(backend));
    all
}

/// Those that the backend has.
fn curves(subject: &Subject) -> impl Iterator<Item = Curve> {
    let subject = *subject;
    CURVES.into_iter().filter(move |curve| has(curve.name, &subject))
}

/// A scalar is at least 1 and below the order of its curve, whatever public key it comes with, and
/// without any.
pub fn a_scalar_in_a_file_is_in_range(subject: &Subject) {
    for Curve { name, crv, oid: own, order, .. } in curves(subject) {
        let EcKey { d, point } = ec(name);
        let n = hex(order);
        let mut above = n.clone();
        *above.last_mut().unwrap() += 2;
        for bad in [vec![0; d.len()], n.clone(), above, vec![0xFF; d.len()]] {
            let keys = ec_private_keys(subject, (crv, own), &bad, &point);
            all_refused(keys, &KeyError::Inconsistent, name);
            let alone = Jwk::from_sec1_der(&sec1(&bad, Some(own), None), subject.backend());
            assert!(matches!(refused(alone), KeyError::Inconsistent), "{name}");
        }
        let mut below = n;
        *below.last_mut().unwrap() -= 1;
        for good in [below, [&vec![0; d.len() - 1][..], &[1]].concat()] {
            let alone = Jwk::from_sec1_der(&sec1(&good, Some(own), None), subject.backend());
            assert!(alone.unwrap().check_consistency(subject.backend()).is_ok(), "{name}");
        }
    }
}

/// Another's public key does not pass for one's own, in whatever place and form it comes.
pub fn another_public_key_beside_a_scalar_is_refused(subject: &Subject) {
    for Curve { name, crv, oid: own, .. } in curves(subject) {
        let EcKey { d, point } = ec(name);
        let len = d.len();
        let other = sec1(&[&vec![0; len - 1][..], &[7]].concat(), Some(own), None);
        let other = Jwk::from_sec1_der(&other, subject.backend()).unwrap();
        let other = json(&other);
        let coordinate =
            |member: &str| base64url::decode(other[member].as_str().unwrap().as_bytes());
        let other = [&[4], &coordinate("x").unwrap()[..], &coordinate("y").unwrap()].concat();
        let mut negative = point.clone();
        *negative.last_mut().unwrap() ^= 1;
        for wrong in [&other, &negative, &[&[4], &vec![0; len * 2][..]].concat()] {
            let keys = ec_private_keys(subject, (crv, own), &d, wrong);
            all_refused(keys, &KeyError::Inconsistent, name);
        }
        for key in ec_private_keys(subject, (crv, own), &d, &point) {
            assert!(key.is_ok(), "{name}: {key:?}");
        }
        // The forms that a file alone may have.
        let odd = point.last().unwrap() & 1;
        let x = &point[1..=len];
        let backend = subject.backend();
        let ec = algorithm(EC, &oid(own));
        let all = |public: &[u8]| {
            let inside = sec1(&d, None, Some(public));
            [
                Jwk::from_sec1_der(&sec1(&d, Some(own), Some(public)), backend),
                Jwk::from_pkcs8_der(&pkcs8(&ec, &inside), backend),
                Jwk::from_pkcs8_der(&pkcs8_v2(&ec, &sec1(&d, None, None), public), backend),
            ]
        };
        for found in all(&[&[2 | odd], x].concat()) {
            assert_eq!(found.unwrap().params(), key(name).params(), "compressed");
        }
        let hybrid = [&[6 | odd], &point[1..]].concat();
        for wrong in [
            vec![],
            vec![0],
            vec![4],
            [&[3 - odd], x].concat(),
            [&[2 | odd], &point[1..]].concat(),
            [&[2 | odd], &x[1..]].concat(),
            [&point[..], &[0]].concat(),
            hybrid,
        ] {
            for found in all(&wrong) {
                assert!(matches!(refused(found), KeyError::Inconsistent), "{name} {wrong:?}");
            }
        }
        // Both places, of which one is wrong.
        for (inside, outside) in [(&point, &other), (&other, &point)] {
            let der = pkcs8_v2(&ec, &sec1(&d, None, Some(inside)), outside);
            assert!(matches!(refused(Jwk::from_pkcs8_der(&der, backend)), KeyError::Inconsistent));
        }
    }
}

/// The curve that PKCS#8 names within is the one that it names outside.
pub fn two_curves_in_one_file_are_refused(subject: &Subject) {
    let EcKey { d, point } = ec("p-256");
    let koblitz = has("secp256k1", subject);
    for (outside, inside) in [(P256, SECP256K1), (SECP256K1, P256), (P256, P384)] {
        if outside == SECP256K1 && !koblitz {
            continue;
        }
        for public in [None, Some(&point[..])] {
            let der = pkcs8(&algorithm(EC, &oid(outside)), &sec1(&d, Some(inside), public));
            let found = Jwk::from_pkcs8_der(&der, subject.backend());
            assert!(matches!(refused(found), KeyError::Inconsistent));
            assert!(matches!(refused(detect(&der, subject.backend())), KeyError::Inconsistent));
        }
    }
    // The wrong curve alone: the point is not on it.
    if !koblitz {
        return;
    }
    let der = pkcs8(&algorithm(EC, &oid(SECP256K1)), &sec1(&d, None, Some(&point)));
    let found = Jwk::from_pkcs8_der(&der, subject.backend());
    assert!(matches!(refused(found), KeyError::Inconsistent));
}

/// A point in a file is on its curve, and written in one way.
pub fn a_point_in_a_file_is_on_its_curve(subject: &Subject) {
    let backend = subject.backend();
    let algs = [S::ES256, S::ES384, S::ES512, S::ES256K];
    for (curve, alg) in curves(subject).zip(algs) {
        let Curve { name, crv, oid: own, unreduced, .. } = curve;
        let EcKey { d, point } = ec(name);
        let ec = algorithm(EC, &oid(own));
        let (x, y) = point[1..].split_at(d.len());
        let mut off = point.clone();
        *off.last_mut().unwrap() ^= 1;
        let unreduced = [&[4], &hex(unreduced[0])[..], &hex(unreduced[1])].concat();
        for wrong in [
            off,
            [&[4], y, x].concat(),
            [&[4], &vec![0; d.len() * 2][..]].concat(),
            [&[4], &vec![0xFF; d.len() * 2][..]].concat(),
            unreduced,
        ] {
            let der = spki(&ec, &wrong);
            let jwk = ec_jwk(crv, &wrong, None);
            let bound = jwk.clone().with_alg(alg).unwrap();
            all_refused(
                vec![
                    key_error(Jwk::from_spki_der(&der, backend)),
                    key_error(detect(&der, backend).and_then(Imported::into_jwk)),
                    jwk.check_consistency(backend).map(|()| jwk.clone()),
                    jwk.complete(backend),
                    VerifyingKey::from_jwk(&bound, backend).map(|_| jwk.clone()),
                ],
                &KeyError::Inconsistent,
                name,
            );
        }
        for compressed in [[&[2], x].concat(), [&[3], x].concat(), vec![2], vec![3]] {
            let found = Jwk::from_spki_der(&spki(&ec, &compressed), backend);
            let KeyError::Unsupported { what } = refused(found) else { panic!("{name}") };
            assert_eq!(what, "compressed points");
        }
        for no_point in [
            vec![0],
            vec![],
            [&[6], x, y].concat(),
            [&[7], x, y].concat(),
            [&[5], x, y].concat(),
            [x, y].concat(),
        ] {
            let error = malformed(Jwk::from_spki_der(&spki(&ec, &no_point), backend));
            // Whatever octet the coordinates begin with.
            if no_point.first().is_none_or(|first| matches!(first, 0 | 5..=7)) {
                assert_eq!(error.rule(), Rule::Der, "{name}");
            }
        }
    }
    for file in ["p-256-compressed.pem", "p-256-hybrid.pem"] {
        assert!(Jwk::from_spki_pem(files::text(file), backend).is_err(), "{file}");
    }
}

/// The public key beside the private one of an octet key pair has to be its own.
pub fn another_public_key_beside_a_seed_is_refused(subject: &Subject) {
    let backend = subject.backend();
    for (name, other, own) in [("ed25519", "rfc8410", ED25519), ("x25519", "ed25519", X25519)] {
        if !has(name, subject) {
            continue;
        }
        let members = |name: &str| {
            let jwk = json(&key(name));
            ["x", "d"].map(|m| base64url::decode(jwk[m].as_str().unwrap().as_bytes()).unwrap())
        };
        let ([x, d], [other, _]) = (members(name), members(other));
        let algorithm = algorithm(own, &[]);
        let good = pkcs8_v2(&algorithm, &octets(&d), &x);
        assert_eq!(Jwk::from_pkcs8_der(&good, backend).unwrap().params(), key(name).params());
        let mut flipped = x.clone();
        flipped[31] ^= 0x80;
        for wrong in [&other[..], &flipped, &[], &x[..31], &[&x[..], &[0]].concat(), &d] {
            let der = pkcs8_v2(&algorithm, &octets(&d), wrong);
            assert!(matches!(refused(Jwk::from_pkcs8_der(&der, backend)), KeyError::Inconsistent));
            assert!(matches!(refused(detect(&der, backend)), KeyError::Inconsistent), "{name}");
        }
        let mut jwk = json(&key(name));
        jwk["x"] = json!(base64url::encode(&other));
        let jwk = Jwk::from_json(jwk.to_string()).unwrap();
        assert!(matches!(jwk.check_consistency(backend), Err(KeyError::Inconsistent)), "{name}");
        assert!(matches!(jwk.complete(backend), Err(KeyError::Inconsistent)), "{name}");
    }
}

/// A public key of small order is refused in a file as everywhere.
pub fn a_point_of_small_order_in_a_file_is_refused(subject: &Subject) {
    for (own, point) in [(ED25519, [&[1][..], &[0; 31]].concat()), (X25519, vec![0; 32])] {
        let der = spki(&algorithm(own, &[]), &point);
        let found = Jwk::from_spki_der(&der, subject.backend());
        assert!(matches!(refused(found), KeyError::Weak));
        assert!(matches!(refused(detect(&der, subject.backend())), KeyError::Weak));
    }
}
