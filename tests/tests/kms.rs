//! Signing in two steps with a key service: every serialization, either encoding, several requests
//! under way at once, and a service that fails.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use core::time::Duration;

use jose::crypto::CryptoError;
use jose::jwa::SignatureAlgorithm as Alg;
use jose::jws::{Policy, Required, SignError, Unsigned};
use jose::{Header, Jws, VerifyingKeys, jws};
use jose_conformance::keys;
use jose_tests::backends;
use jose_tests::kms::{Answer, Kms};

const PAYLOAD: &[u8] = b"paid in full";

/// The keys of the service, with how each answers.
const KEYS: [(Alg, Answer); 5] = [
    (Alg::ES256, Answer::Der),
    (Alg::ES384, Answer::Fixed),
    (Alg::ES512, Answer::Der),
    (Alg::PS256, Answer::Fixed),
    (Alg::Ed25519, Answer::Fixed),
];

fn service(backend: &dyn jose::crypto::Backend) -> Kms {
    KEYS.iter().fold(Kms::new(), |kms, (alg, answer)| {
        kms.with(&keys::private(*alg), *answer, backend).unwrap()
    })
}

fn trusted(backend: &dyn jose::crypto::Backend) -> VerifyingKeys {
    KEYS.iter().map(|(alg, _)| keys::verifier(*alg, backend)).collect()
}

fn kid(alg: Alg) -> String {
    keys::private(alg).kid().unwrap().into()
}

fn unsigned(jws: &Jws, alg: Alg) -> Unsigned {
    jws.unsigned(alg, &Header::new().with_kid(kid(alg)), &Header::new()).unwrap()
}

/// Adds a signature as the service answers it.
fn attach(jws: &mut Jws, unsigned: Unsigned, answer: Answer, signature: &[u8]) {
    let attached = match answer {
        Answer::Der => jws.attach_der(unsigned, signature),
        _ => jws.attach(unsigned, signature),
    };
    attached.unwrap();
}

#[tokio::test]
async fn a_compact_token_is_signed_by_a_service() {
    for backend in backends() {
        let (kms, keys) = (service(backend), trusted(backend));
        for (alg, answer) in KEYS {
            let unsigned = Unsigned::new(alg, Some(&kid(alg)), PAYLOAD).unwrap();
            let signature = kms.sign(&kid(alg), unsigned.signing_input()).await.unwrap();
            let token = match answer {
                Answer::Der => unsigned.attach_der(&signature),
                _ => unsigned.attach(&signature),
            };
            assert_eq!(jws::verify(&token.unwrap(), &keys).unwrap().content(), PAYLOAD, "{alg}");
        }
    }
}

#[tokio::test]
async fn a_flattened_jws_is_signed_by_a_service() {
    for backend in backends() {
        let (kms, keys) = (service(backend), trusted(backend));
        for (alg, answer) in KEYS {
            for mut jws in [Jws::new(PAYLOAD), Jws::unencoded(PAYLOAD)] {
                let unsigned = unsigned(&jws, alg);
                let signature = kms.sign(&kid(alg), unsigned.signing_input()).await.unwrap();
                attach(&mut jws, unsigned, answer, &signature);
                let read = Jws::parse(jws.to_flattened().unwrap()).unwrap();
                assert_eq!(read.verify(&keys).unwrap().content(), PAYLOAD, "{alg}");
            }
        }
    }
}

#[tokio::test]
async fn several_signatures_of_one_jws_are_under_way_at_once() {
    for backend in backends() {
        let (kms, keys) = (service(backend), trusted(backend));
        let mut jws = Jws::new(PAYLOAD);
        let [first, second, third] = [KEYS[0], KEYS[1], KEYS[3]];
        let [one, two, three] = [first, second, third].map(|(alg, _)| unsigned(&jws, alg));
        let [kid_one, kid_two, kid_three] = [first, second, third].map(|(alg, _)| kid(alg));
        let (by_one, by_two, by_three) = tokio::try_join!(
            kms.sign(&kid_one, one.signing_input()),
            kms.sign(&kid_two, two.signing_input()),
            kms.sign(&kid_three, three.signing_input()),
        )
        .unwrap();
        assert_eq!(kms.most_at_once(), 3);

        // In any order: the order of the signatures is that of the answers.
        attach(&mut jws, three, third.1, &by_three);
        attach(&mut jws, one, first.1, &by_one);
        attach(&mut jws, two, second.1, &by_two);
        let read = Jws::parse(jws.to_general().unwrap()).unwrap();
        let all = Policy::new().require(Required::All);
        let verified = read.verify_with(&keys, &all).unwrap();
        let signers: Vec<_> = verified.signatures().map(jws::ValidSignature::alg).collect();
        assert_eq!(signers, [Alg::PS256, Alg::ES256, Alg::ES384]);
    }
}

#[tokio::test]
async fn a_signature_by_a_service_is_added_to_one_made_here() {
    for backend in backends() {
        let kms = service(backend);
        let mut jws = Jws::new(PAYLOAD);
        jws.sign(&keys::signer(Alg::HS256, backend)).unwrap();
        let unsigned = unsigned(&jws, Alg::ES256);
        let der = kms.sign(&kid(Alg::ES256), unsigned.signing_input()).await.unwrap();
        jws.attach_der(unsigned, &der).unwrap();
        let keys: VerifyingKeys =
            [Alg::HS256, Alg::ES256].iter().map(|alg| keys::verifier(*alg, backend)).collect();
        let both = Policy::new().require(Required::DistinctKeys(2));
        assert_eq!(jws.verify_with(&keys, &both).unwrap().content(), PAYLOAD);
    }
}

#[tokio::test]
async fn a_service_that_fails_leaves_the_jws_as_it_was() {
    for backend in backends() {
        let kms = Kms::new()
            .with(&keys::private(Alg::ES384), Answer::Failure, backend)
            .and_then(|kms| kms.with(&keys::private(Alg::ES512), Answer::Silence, backend))
            .and_then(|kms| kms.with(&keys::private(Alg::ES256), Answer::Der, backend))
            .unwrap();
        let mut jws = Jws::new(PAYLOAD);
        jws.sign(&keys::signer(Alg::ES256, backend)).unwrap();
        let before = jws.to_general().unwrap();

        assert!(add(&mut jws, Alg::ES384, &kms).await.is_err());
        assert!(add(&mut jws, Alg::RS256, &kms).await.is_err(), "there is no such key");
        let patience = Duration::from_millis(10);
        let silent = tokio::time::timeout(patience, add(&mut jws, Alg::ES512, &kms)).await;
        assert!(silent.is_err(), "nobody answered");
        assert_eq!(jws.to_general().unwrap(), before);
    }
}

/// As a program would: nothing is done to the JWS before there is an answer.
async fn add(jws: &mut Jws, alg: Alg, kms: &Kms) -> Result<(), CryptoError> {
    let unsigned = unsigned(jws, alg);
    let der = kms.sign(&kid(alg), unsigned.signing_input()).await?;
    jws.attach_der(unsigned, &der).map_err(CryptoError::from_source)?;
    Ok(())
}

#[tokio::test]
async fn an_answer_that_does_not_fit_leaves_the_jws_as_it_was() {
    for backend in backends() {
        let kms = service(backend);
        let mut jws = Jws::new(PAYLOAD);
        jws.sign(&keys::signer(Alg::HS256, backend)).unwrap();
        let before = jws.to_general().unwrap();

        let first = unsigned(&jws, Alg::ES256);
        let der = kms.sign(&kid(Alg::ES256), first.signing_input()).await.unwrap();
        // DER where r ‖ s belongs, the other way round, and what is no signature of this algorithm.
        let refused = [
            jws.attach(first.clone(), &der).err(),
            jws.attach_der(first.clone(), &[1; 64]).err(),
            jws.attach_der(unsigned(&jws, Alg::ES512), &[1; 132]).err(),
            jws.attach_der(unsigned(&jws, Alg::PS256), &der).err(),
        ];
        for error in refused {
            assert!(matches!(error, Some(SignError::Length)), "{error:?}");
        }
        let mut another = Jws::new(b"something else");
        let elsewhere = another.attach_der(first, &der).err();
        assert!(matches!(elsewhere, Some(SignError::OtherPayload)), "{elsewhere:?}");
        assert_eq!(jws.to_general().unwrap(), before);
        assert!(another.to_general().is_err(), "no signature was added to it");
    }
}
