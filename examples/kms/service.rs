//! A client of AWS KMS's JSON protocol, as far as tokens need it: keys, signatures and unwrapped keys.
//!
//! On this machine alone. It speaks plain HTTP and signs no request, for which AWS has Signature Version
//! 4: a real client is AWS's own, whose `sign` and `decrypt` take and answer what stands here.

use core::error::Error;
use core::fmt;
use core::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use jose::crypto::{Backend, CryptoError};
use jose::error::{DecryptError, KeyError};
use jose::jwe::{self, Encrypted};
use jose::jwk::Params;
use jose::jws::{SignError, Unsigned};
use jose::{Alg, Decrypted, Jwk, SecretBytes};
use serde_json::{Value, json};
use tokio::net::TcpStream;

/// A key service.
#[derive(Clone, Debug)]
pub(crate) struct Kms {
    address: String,
}

/// What a service is given to sign.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Give {
    /// The digest of the signing input, made by a backend here. What is signed stays here.
    Digest(&'static dyn Backend),
    /// The signing input itself: of 4096 octets at most, for AWS.
    Message,
}

impl Kms {
    /// The service at `address`, a host and a port.
    pub(crate) fn at(address: &str) -> Self {
        Self { address: address.into() }
    }

    /// Has the service make a key pair for `alg`, and returns the public half, which has the service's
    /// name for it.
    ///
    /// # Errors
    ///
    /// [`KmsError`] if it does not.
    pub(crate) async fn create(
        &self,
        alg: impl Into<Alg>,
        backend: &dyn Backend,
    ) -> Result<Jwk, KmsError> {
        let alg = alg.into();
        let spec = if alg == Alg::from(Alg::ES256) { "ECC_NIST_P256" } else { "RSA_2048" };
        let encrypts = alg == Alg::from(Alg::RSA_OAEP_256);
        let usage = if encrypts { "ENCRYPT_DECRYPT" } else { "SIGN_VERIFY" };
        let made = self.call("CreateKey", &json!({"KeySpec": spec, "KeyUsage": usage})).await?;
        let id = made.pointer("/KeyMetadata/KeyId").and_then(Value::as_str);
        let id = id.ok_or(KmsError::Answer)?;
        let public = self.call("GetPublicKey", &json!({"KeyId": id})).await?;
        let spki = octets(&public, "PublicKey")?;
        let jwk = Jwk::from_spki_der(&spki, backend).map_err(|_| KmsError::Answer)?;
        jwk.with_kid(id).with_alg(alg).map_err(|_| KmsError::Answer)
    }

    /// Has the key called `kid` sign what was laid out, and completes the token.
    ///
    /// # Errors
    ///
    /// [`SignError::Unavailable`] if the service does not sign, whatever the reason, which is its
    /// source; [`SignError::Length`] if what it answers is no signature of this algorithm.
    pub(crate) async fn sign(
        &self,
        unsigned: Unsigned,
        kid: &str,
        give: Give,
    ) -> Result<String, SignError> {
        let algorithm = match unsigned.alg() {
            Alg::ES256 => "ECDSA_SHA_256",
            Alg::PS256 => "RSASSA_PSS_SHA_256",
            Alg::RS256 => "RSASSA_PKCS1_V1_5_SHA_256",
            other => return Err(SignError::Key(KeyError::Unsupported { what: other.name() })),
        };
        let (message, kind) = match give {
            Give::Digest(backend) => (unsigned.digest(backend).map_err(SignError::Key)?, "DIGEST"),
            Give::Message => (unsigned.signing_input().to_vec(), "RAW"),
        };
        let question = json!({
            "KeyId": kid,
            "Message": BASE64.encode(message),
            "MessageType": kind,
            "SigningAlgorithm": algorithm,
        });
        let answer = self.call("Sign", &question).await;
        let signature = answer
            .and_then(|answer| octets(&answer, "Signature"))
            .map_err(|error| SignError::Unavailable(CryptoError::from_source(error)))?;
        match unsigned.alg() {
            Alg::ES256 => unsigned.attach_der(&signature), // ASN.1, and r ‖ s in a token
            _ => unsigned.attach(&signature),
        }
    }

    /// Decrypts a token whose key the private half of `jwk` unwraps, by `RSA-OAEP-256`.
    ///
    /// # Errors
    ///
    /// [`jwe::Error`]: `Unavailable` if the service does not answer, `Failed` if it refuses what is in
    /// the token, as for everything else that is wrong with that.
    pub(crate) async fn decrypt(
        &self,
        token: &str,
        jwk: &Jwk,
        backend: &dyn Backend,
    ) -> Result<Decrypted<Vec<u8>>, jwe::Error> {
        let encrypted = Encrypted::parse(token)?;
        let policy = jwe::Policy::new();
        // What its header says against it costs no question, and is not the service's failure.
        encrypted.check(Alg::RSA_OAEP_256, &policy)?;
        let modulus = match jwk.params() {
            Params::Rsa(rsa) => rsa.n().len(),
            _ => 0,
        };
        // A service would say of these that the request is malformed, as of our own mistakes: for who sent the token
        // there is but one answer.
        if encrypted.encrypted_key().len() != modulus {
            return encrypted.decrypt_with_cek(Alg::RSA_OAEP_256, None, backend, &policy);
        }
        let question = json!({
            "CiphertextBlob": BASE64.encode(encrypted.encrypted_key()),
            "EncryptionAlgorithm": "RSAES_OAEP_SHA_256",
            "KeyId": jwk.kid(),
        });
        let cek = match self.call("Decrypt", &question).await {
            Ok(answer) => octets(&answer, "Plaintext").map(SecretBytes::from).map(Some),
            // No is an answer. Which of key and content was wrong is nobody's to know, so it goes on.
            Err(KmsError::Refused { code }) if code == "InvalidCiphertextException" => Ok(None),
            Err(error) => Err(error),
        };
        let away = |error| DecryptError::Unavailable(CryptoError::from_source(error));
        let cek = cek.map_err(away)?;
        encrypted.decrypt_with_cek(Alg::RSA_OAEP_256, cek.as_ref(), backend, &policy)
    }

    async fn call(&self, operation: &str, question: &Value) -> Result<Value, KmsError> {
        let answered = tokio::time::timeout(PATIENCE, self.ask(operation, question)).await;
        let (good, body) = answered.map_err(KmsError::away)??;
        let answer: Value = serde_json::from_slice(&body).map_err(|_| KmsError::Answer)?;
        if good {
            return Ok(answer);
        }
        let code = answer.get("__type").and_then(Value::as_str).ok_or(KmsError::Answer)?;
        // Some put the name of their protocol before it.
        let code = code.rsplit('#').next().unwrap_or_default();
        Err(KmsError::Refused { code: code.into() })
    }

    /// Whether the answer is a good one, and what it says.
    async fn ask(&self, operation: &str, question: &Value) -> Result<(bool, Vec<u8>), KmsError> {
        let stream = TcpStream::connect(&self.address).await.map_err(KmsError::away)?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(KmsError::away)?;
        tokio::spawn(connection);
        let request = Request::post("/")
            .header(header::HOST, &self.address)
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.1")
            // Says whose request it is, which moto looks at. The signature would prove it.
            .header(header::AUTHORIZATION, AUTHORIZATION)
            .header("X-Amz-Target", format!("TrentService.{operation}"))
            .body(Body::from(question.to_string()))
            .map_err(KmsError::away)?;
        let (parts, body) =
            sender.send_request(request).await.map_err(KmsError::away)?.into_parts();
        let body = to_bytes(Body::new(body), LONGEST).await.map_err(KmsError::away)?;
        Ok((parts.status.is_success(), body.into()))
    }
}

/// The octets of a member in base64, which is not base64url here.
fn octets(answer: &Value, member: &str) -> Result<Vec<u8>, KmsError> {
    let text = answer.get(member).and_then(Value::as_str).ok_or(KmsError::Answer)?;
    BASE64.decode(text).map_err(|_| KmsError::Answer)
}

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest answer that is read, in octets: a signature under RSA has some hundred.
const LONGEST: usize = 64 * 1024;
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 \
    Credential=none/20260101/us-east-1/kms/aws4_request, SignedHeaders=host, Signature=none";

/// Why a service did not do what it was asked for.
#[derive(Debug)]
pub(crate) enum KmsError {
    /// What it answers makes no sense.
    Answer,
    /// It does not answer.
    Away(Box<dyn Error + Send + Sync>),
    /// It says no.
    Refused {
        /// Its own code for the reason.
        code: String,
    },
}

impl KmsError {
    fn away(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Away(error.into())
    }
}

impl fmt::Display for KmsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer => f.write_str("the key service's answer makes no sense"),
            Self::Away(_) => f.write_str("the key service does not answer"),
            Self::Refused { code } => write!(f, "the key service says {code}"),
        }
    }
}

impl Error for KmsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Away(error) => Some(&**error),
            Self::Answer | Self::Refused { .. } => None,
        }
    }
}
