//! The example with keys in a key service, run as a user would, with services on the loopback interface; and
//! what it is made of, with services that fail.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use core::net::SocketAddr;
use core::time::Duration;
use std::env;
use std::ffi::OsString;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use jose::error::DecryptError;
use jose::jws::{self, SignError, Unsigned};
use jose::{Alg, EncryptionKey, RUSTCRYPTO as BACKEND, VerifyingKey, base64url, jwe};
use jose_tests::kms::http::{Fault, serve};

use self::service::{Give, Kms, KmsError};

#[path = "../../examples/kms/service.rs"]
mod service;

/// What the example tells of services that sign messages.
const MESSAGES: &str = "\
messages are signed there, and tokens verified here
  ES256, EC: a token for joe
  RS256, RSA: a token for joe
  signed by another key of the service: ERR_JWS_SIGNATURE_INVALID
";
const DIGESTS: &str = "\
digests are signed there, and tokens verified here
  ES256, EC: a token for joe
  RS256, RSA: a token for joe
  PS256, RSA: a token for joe
  signed by another key of the service: ERR_JWS_SIGNATURE_INVALID
";
const DECRYPTED: &str = "\
keys are unwrapped there, and contents decrypted here
  RSA-OAEP-256: for your eyes only
  a damaged ciphertext: ERR_JWE_DECRYPTION_FAILED
";
const ENDED: &str = "\
a service that is away: ERR_CRYPTO_UNAVAILABLE
a key that is not there: ERR_CRYPTO_UNAVAILABLE
";

/// Whether the example succeeds, and what it tells.
fn example(address: SocketAddr, words: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kms"));
    let output =
        command.arg(address.to_string()).args(words).stderr(Stdio::inherit()).output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn messages_are_signed_by_moto() {
    let moto = Moto::start();
    assert_eq!(example(moto.address, &[]), (true, [MESSAGES, ENDED].concat()));
}

/// If this fails, the guide has to say something else of it.
#[test]
fn moto_takes_a_digest_for_a_message() {
    let moto = Moto::start();
    let (good, told) = example(moto.address, &["digest"]);
    assert!(!good && told == DIGESTS.lines().next().unwrap().to_owned() + "\n", "{told}");
}

/// As above.
#[tokio::test]
async fn moto_salts_pss_as_jws_does_not() {
    let moto = Moto::start();
    let kms = Kms::at(&moto.address.to_string());
    let jwk = kms.create(Alg::PS256, BACKEND).await.unwrap();
    let (kid, key) = (jwk.kid().unwrap(), VerifyingKey::from_jwk(&jwk, BACKEND).unwrap());
    let token = kms.sign(unsigned(kid, Alg::PS256), kid, Give::Message).await.unwrap();
    assert_eq!(jws::verify(&token, &key).unwrap_err().code(), "ERR_JWS_SIGNATURE_INVALID");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stand_in_also_signs_digests_and_unwraps_keys() {
    let address = serve(BACKEND, None).await.unwrap();
    let told = example(address, &["raw", "digest", "decrypt"]);
    assert_eq!(told, (true, [MESSAGES, DIGESTS, DECRYPTED, ENDED].concat()));
}

#[test]
fn without_a_service_the_example_fails_and_says_nothing_of_tokens() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (good, told) = example(nobody, &[]);
    assert!(!good && told == MESSAGES.lines().next().unwrap().to_owned() + "\n", "{told}");
}

fn unsigned(kid: &str, alg: jose::jwa::SignatureAlgorithm) -> Unsigned {
    Unsigned::new(alg, Some(kid), b"paid in full").unwrap()
}

#[tokio::test]
async fn a_service_that_fails_is_unavailable_and_never_an_invalid_token() {
    for fault in [Fault::Internal, Fault::NotJson, Fault::Silence] {
        let kms = Kms::at(&serve(BACKEND, Some(fault)).await.unwrap().to_string());
        for alg in [Alg::ES256, Alg::RS256] {
            let jwk = kms.create(alg, BACKEND).await.unwrap();
            let kid = jwk.kid().unwrap();
            for give in [Give::Message, Give::Digest(BACKEND)] {
                let refused = kms.sign(unsigned(kid, alg), kid, give).await.unwrap_err();
                let SignError::Unavailable(error) = refused else { panic!("{refused:?}") };
                let reason = core::error::Error::source(&error).unwrap().downcast_ref().unwrap();
                match (fault, reason) {
                    (Fault::Internal, KmsError::Refused { code }) => {
                        assert_eq!(code, "KMSInternalException");
                    }
                    (Fault::NotJson, KmsError::Answer) | (Fault::Silence, KmsError::Away(_)) => {}
                    other => panic!("{other:?}"),
                }
            }
        }
        let jwk = kms.create(Alg::RSA_OAEP_256, BACKEND).await.unwrap();
        let sent = EncryptionKey::from_jwk(&jwk, BACKEND).unwrap();
        let sent = jwe::encrypt(b"for your eyes only", &sent).unwrap();
        let refused = kms.decrypt(&sent, &jwk, BACKEND).await.unwrap_err();
        assert!(matches!(refused, jwe::Error::Decrypt(DecryptError::Unavailable(_))), "{fault:?}");
    }
}

#[tokio::test]
async fn rubbish_for_a_signature_or_a_key_makes_no_token_and_opens_none() {
    let kms = Kms::at(&serve(BACKEND, Some(Fault::Rubbish)).await.unwrap().to_string());
    for alg in [Alg::ES256, Alg::RS256, Alg::PS256] {
        let jwk = kms.create(alg, BACKEND).await.unwrap();
        let kid = jwk.kid().unwrap();
        let refused = kms.sign(unsigned(kid, alg), kid, Give::Message).await.unwrap_err();
        assert!(matches!(refused, SignError::Length), "{alg}: {refused:?}");
    }
    let jwk = kms.create(Alg::RSA_OAEP_256, BACKEND).await.unwrap();
    let sent = EncryptionKey::from_jwk(&jwk, BACKEND).unwrap();
    let sent = jwe::encrypt(b"for your eyes only", &sent).unwrap();
    let refused = kms.decrypt(&sent, &jwk, BACKEND).await.unwrap_err();
    assert!(matches!(refused, jwe::Error::Decrypt(DecryptError::Failed)), "{refused:?}");
}

#[tokio::test]
async fn an_encrypted_key_of_another_length_than_the_modulus_is_refused_without_asking() {
    let kms = Kms::at(&serve(BACKEND, Some(Fault::Internal)).await.unwrap().to_string());
    let jwk = kms.create(Alg::RSA_OAEP_256, BACKEND).await.unwrap();
    let sent = EncryptionKey::from_jwk(&jwk, BACKEND).unwrap();
    let sent = jwe::encrypt(b"for your eyes only", &sent).unwrap();
    let mut parts: Vec<&str> = sent.split('.').collect();
    let (short, long) = (base64url::encode(&[7; 255]), base64url::encode(&[7; 257]));
    for encrypted_key in [&short, &long] {
        parts[1] = encrypted_key;
        let refused = kms.decrypt(&parts.join("."), &jwk, BACKEND).await.unwrap_err();
        assert!(matches!(refused, jwe::Error::Decrypt(DecryptError::Failed)), "{refused:?}");
    }
}

#[tokio::test]
async fn a_token_that_its_header_forbids_is_refused_without_asking() {
    let kms = Kms::at(&serve(BACKEND, Some(Fault::Internal)).await.unwrap().to_string());
    let jwk = kms.create(Alg::RSA_OAEP_256, BACKEND).await.unwrap();
    let sent = EncryptionKey::from_jwk(&jwk, BACKEND).unwrap();
    let sent = jwe::encrypt(b"for your eyes only", &sent).unwrap();
    let (_, rest) = sent.split_once('.').unwrap();
    for header in [
        r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#,
        r#"{"alg":"RSA-OAEP-256","enc":"XYZ"}"#,
        r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","zip":"DEF"}"#,
    ] {
        let token = format!("{}.{rest}", base64url::encode(header.as_bytes()));
        let refused = kms.decrypt(&token, &jwk, BACKEND).await.unwrap_err();
        assert_ne!(refused.code(), "ERR_CRYPTO_UNAVAILABLE", "{header}");
    }
}

#[tokio::test]
async fn a_signature_by_another_key_of_the_service_is_refused() {
    let kms = Kms::at(&serve(BACKEND, None).await.unwrap().to_string());
    for alg in [Alg::ES256, Alg::RS256, Alg::PS256] {
        let jwk = kms.create(alg, BACKEND).await.unwrap();
        let other = kms.create(alg, BACKEND).await.unwrap();
        let (kid, key) = (jwk.kid().unwrap(), VerifyingKey::from_jwk(&jwk, BACKEND).unwrap());
        for give in [Give::Message, Give::Digest(BACKEND)] {
            let token = kms.sign(unsigned(kid, alg), kid, give).await.unwrap();
            assert_eq!(jws::verify(&token, &key).unwrap().content(), b"paid in full");
            let forged = kms.sign(unsigned(kid, alg), other.kid().unwrap(), give).await.unwrap();
            let refused = jws::verify(&forged, &key).unwrap_err();
            assert_eq!(refused.code(), "ERR_JWS_SIGNATURE_INVALID", "{alg}");
        }
    }
}

/// The server of moto, in the environment that `cargo xtask kms` has installed.
struct Moto {
    address: SocketAddr,
    process: Child,
}

impl Moto {
    fn start() -> Self {
        let installed: OsString = env::var_os("JOSE_MOTO").expect("`cargo xtask kms` says where");
        // Another program may take the port in between; then nobody answers, and the test fails.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let process = Command::new(Path::new(&installed).join("bin/moto_server"))
            .args(["-H", "127.0.0.1", "-p", &address.port().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let started = Self { address, process };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(began.elapsed() < Duration::from_secs(60), "moto does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        started
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
