//! The key service as a server on the loopback interface, in the protocol of AWS KMS. It stands in for one that
//! also signs digests and unwraps keys, which those that can be installed for tests do not.

use alloc::sync::Arc;
use core::net::SocketAddr;
use std::io;
use std::sync::{Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use getrandom::SysRng;
use jose::crypto::{Backend, CryptoError, ecdsa};
use jose::jwa::SignatureAlgorithm;
use jose::jwk::Params;
use jose::{Alg, Jwk};
use p256::ecdsa::signature::hazmat::{PrehashSigner, RandomizedPrehashSigner};
use rsa::signature::SignatureEncoding;
use rsa::{BoxedUint, Oaep, RsaPrivateKey, pkcs1v15, pss};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;

use super::{Answer, Kms};

/// What the server does instead of signing and decrypting.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// Says that something is wrong with it.
    Internal,
    /// Answers what is not JSON.
    NotJson,
    /// Answers octets that are neither a signature nor a key.
    Rubbish,
    /// Answers nothing, ever.
    Silence,
}

/// Starts a server without keys, and returns where it is. It ends with the runtime.
///
/// # Errors
///
/// That no port is to be had.
pub async fn serve(backend: &'static dyn Backend, fault: Option<Fault>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = Arc::new(Server { backend, fault, keys: Mutex::default() });
    let router = Router::new().fallback(answer).with_state(server);
    tokio::spawn(async move { drop(axum::serve(listener, router).await) });
    Ok(address)
}

struct Server {
    backend: &'static dyn Backend,
    fault: Option<Fault>,
    keys: Mutex<Vec<Jwk>>,
}

/// The service's code for why it refuses.
type Refusal = &'static str;

async fn answer(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let target = headers.get("X-Amz-Target").and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.strip_prefix("TrentService."));
    let question: Value = serde_json::from_slice(&body).unwrap_or_default();
    let answered = match operation {
        Some("CreateKey") => server.create(&question),
        Some("GetPublicKey") => server.public(&question),
        Some(operation @ ("Decrypt" | "Sign")) => match server.fault {
            None if operation == "Sign" => server.sign(&question).await,
            None => server.decrypt(&question),
            Some(Fault::Internal) => Err("KMSInternalException"),
            Some(Fault::NotJson) => return (StatusCode::OK, "<html>".into()),
            Some(Fault::Rubbish) => Ok(json!({"Plaintext": "AAAA", "Signature": "AAAA"})),
            Some(Fault::Silence) => core::future::pending().await,
        },
        _ => Err("UnknownOperationException"),
    };
    match answered {
        Ok(answer) => (StatusCode::OK, answer.to_string()),
        Err(code) => (StatusCode::BAD_REQUEST, json!({"__type": code}).to_string()),
    }
}

impl Server {
    fn create(&self, question: &Value) -> Result<Value, Refusal> {
        let alg: Alg = match (text(question, "KeySpec")?, text(question, "KeyUsage")?) {
            ("ECC_NIST_P256", "SIGN_VERIFY") => Alg::ES256.into(),
            ("RSA_2048", "SIGN_VERIFY") => Alg::RS256.into(),
            ("RSA_2048", "ENCRYPT_DECRYPT") => Alg::RSA_OAEP_256.into(),
            _ => return Err("ValidationException"),
        };
        let jwk = Jwk::generate(alg, self.backend).map_err(|_| INTERNAL)?;
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let id = format!("key-{}", keys.len());
        // As a service has them: bound to what the request names, each time.
        keys.push(Jwk::new(jwk.params().clone()).with_kid(id.clone()));
        Ok(json!({"KeyMetadata": {"KeyId": id}}))
    }

    fn public(&self, question: &Value) -> Result<Value, Refusal> {
        let der = self.key(question)?.to_public().and_then(|jwk| jwk.to_spki_der());
        Ok(json!({"PublicKey": BASE64.encode(der.map_err(|_| INTERNAL)?)}))
    }

    async fn sign(&self, question: &Value) -> Result<Value, Refusal> {
        let (jwk, message) = (self.key(question)?, octets(question, "Message")?);
        let (alg, answer) = match text(question, "SigningAlgorithm")? {
            "ECDSA_SHA_256" => (Alg::ES256, Answer::Der),
            "RSASSA_PKCS1_V1_5_SHA_256" => (Alg::RS256, Answer::Fixed),
            "RSASSA_PSS_SHA_256" => (Alg::PS256, Answer::Fixed),
            _ => return Err("ValidationException"),
        };
        let signature = match text(question, "MessageType")? {
            "DIGEST" => sign_digest(&jwk, alg, &message),
            "RAW" => {
                let jwk = jwk.with_alg(alg).map_err(|_| "InvalidKeyUsageException")?;
                let kid = jwk.kid().unwrap_or_default();
                let kms = Kms::new().with(&jwk, answer, self.backend);
                kms.map_err(|_| "InvalidKeyUsageException")?.sign(kid, &message).await
            }
            _ => return Err("ValidationException"),
        };
        Ok(json!({"Signature": BASE64.encode(signature.map_err(|_| "ValidationException")?)}))
    }

    fn decrypt(&self, question: &Value) -> Result<Value, Refusal> {
        let (jwk, wrapped) = (self.key(question)?, octets(question, "CiphertextBlob")?);
        if text(question, "EncryptionAlgorithm")? != "RSAES_OAEP_SHA_256" {
            return Err("ValidationException");
        }
        let key = rsa_key(&jwk).map_err(|_| "InvalidKeyUsageException")?;
        let plain = Oaep::<Sha256>::new();
        let plain = key
            .decrypt(plain, &wrapped)
            .map_err(|_| "com.amazonaws.kms#InvalidCiphertextException")?;
        Ok(json!({"Plaintext": BASE64.encode(plain)}))
    }

    fn key(&self, question: &Value) -> Result<Jwk, Refusal> {
        let id = text(question, "KeyId")?;
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter().find(|jwk| jwk.kid() == Some(id)).cloned().ok_or("NotFoundException")
    }
}

const INTERNAL: Refusal = "KMSInternalException";

fn text<'q>(question: &'q Value, member: &str) -> Result<&'q str, Refusal> {
    question.get(member).and_then(Value::as_str).ok_or("ValidationException")
}

fn octets(question: &Value, member: &str) -> Result<Vec<u8>, Refusal> {
    BASE64.decode(text(question, member)?).map_err(|_| "ValidationException")
}

/// Signs what has been hashed before. The handles of a backend hash what they are given, so this asks the
/// libraries themselves, as a device would.
fn sign_digest(jwk: &Jwk, alg: SignatureAlgorithm, digest: &[u8]) -> Result<Vec<u8>, CryptoError> {
    if digest.len() != 32 {
        return Err(CryptoError::from_source("no digest of SHA-256"));
    }
    match (jwk.params(), alg) {
        (Params::Ec(ec), Alg::ES256) => {
            let d = ec.d().ok_or("no private key").map_err(CryptoError::from_source)?;
            let key = p256::ecdsa::SigningKey::from_slice(d.expose_secret());
            let signature: p256::ecdsa::Signature =
                key.and_then(|key| key.sign_prehash(digest)).map_err(CryptoError::from_source)?;
            let mut buffer = [0; ecdsa::MAX_DER_LEN];
            let der = ecdsa::fixed_to_der(&signature.to_bytes(), &mut buffer);
            Ok(der.map_err(CryptoError::from_source)?.into())
        }
        (Params::Rsa(_), Alg::RS256) => pkcs1v15::SigningKey::<Sha256>::new(rsa_key(jwk)?)
            .sign_prehash(digest)
            .map(|signature| signature.to_vec())
            .map_err(CryptoError::from_source),
        (Params::Rsa(_), Alg::PS256) => pss::SigningKey::<Sha256>::new(rsa_key(jwk)?)
            .sign_prehash_with_rng(&mut SysRng, digest)
            .map(|signature| signature.to_vec())
            .map_err(CryptoError::from_source),
        _ => Err(CryptoError::from_source("a key of another kind")),
    }
}

fn rsa_key(jwk: &Jwk) -> Result<RsaPrivateKey, CryptoError> {
    let Params::Rsa(rsa) = jwk.params() else {
        return Err(CryptoError::from_source("a key of another kind"));
    };
    let private = rsa.private().ok_or("no private key").map_err(CryptoError::from_source)?;
    let crt = private.crt().ok_or("no primes").map_err(CryptoError::from_source)?;
    let number = BoxedUint::from_be_slice_vartime;
    let primes = [crt.p(), crt.q()].map(|prime| number(prime.expose_secret()));
    let d = number(private.d().expose_secret());
    RsaPrivateKey::from_components(number(rsa.n()), number(rsa.e()), d, primes.into())
        .map_err(CryptoError::from_source)
}
