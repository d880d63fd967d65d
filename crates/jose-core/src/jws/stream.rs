//! Payloads that come piece by piece and are never held as a whole. The tokens are detached.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::sign::Headers;
use super::{
    Jws, Outcome, Outcomes, Policy, Required, SignError, SigningKey, Unverified, VerifyingKey,
    VerifyingKeys, outcomes,
};
use crate::base64url::Encoder;
use crate::crypto::{CryptoError, SignStream, VerifyStream};
use crate::error::{ParseError, Refused, VerifyError};
use crate::header::Header;

/// Signs a payload that comes piece by piece, with any number of keys at once, in memory that does
/// not grow with the payload.
///
/// The result is a [detached](Jws::detach) [`Jws`]. HMAC, RSA and ECDSA can do this; `EdDSA`, which
/// reads its message twice, cannot.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use jose_rustcrypto::BACKEND;
/// use jose_core::jws::{Jws, SigningKey, SigningStream, VerifyingKey, VerifyingKeys};
/// use jose_core::{Alg, Jwk};
///
/// let jwk = Jwk::generate(Alg::ES256, BACKEND)?;
/// let key = SigningKey::from_jwk(&jwk, BACKEND)?;
/// let mut stream = SigningStream::unencoded();
/// stream.sign(&key)?;
/// for piece in [&b"a film"[..], b" of three", b" hours"] {
///     stream.update(piece);
/// }
/// let token = stream.finish()?.to_compact()?; // header..signature
///
/// let keys = VerifyingKeys::from(VerifyingKey::from_jwk(&jwk.to_public()?, BACKEND)?);
/// let mut stream = Jws::parse(&token)?.verifying_stream(&keys)?;
/// stream.update(b"a film of three hours");
/// let verified = stream.finish().into_verified()?; // nothing is verified before
/// # Ok(()) }
/// ```
pub struct SigningStream<'k> {
    pieces: Pieces,
    signers: Vec<Signing<'k>>,
    /// Whether a reader failed before its end.
    incomplete: bool,
}

struct Signing<'k> {
    key: &'k SigningKey,
    protected: String,
    unprotected: Option<String>,
    /// An error once it could not take a piece.
    stream: Result<Box<dyn SignStream + 'k>, CryptoError>,
}

/// The payload on its way into the streams.
struct Pieces {
    /// `None` for a payload that is not encoded.
    encoder: Option<Encoder>,
    started: bool,
}

impl Pieces {
    fn new(encoded: bool) -> Self {
        Self { encoder: encoded.then(Encoder::default), started: false }
    }

    /// Hands `octets` to `sink` as they are signed.
    fn update(&mut self, octets: &[u8], mut sink: impl FnMut(&[u8])) {
        self.started = true;
        match &mut self.encoder {
            Some(encoder) => encoder.update(octets, sink),
            None => sink(octets),
        }
    }

    /// Hands what is left over to `sink`.
    fn finish(self, sink: impl FnMut(&[u8])) {
        if let Some(encoder) = self.encoder {
            encoder.finish(sink);
        }
    }
}

impl<'k> SigningStream<'k> {
    /// For a payload that is signed in base64url.
    #[must_use]
    pub fn new() -> Self {
        Self { pieces: Pieces::new(true), signers: Vec::new(), incomplete: false }
    }

    /// For a payload that is signed as it is (RFC 7797), which saves a third of the hashing.
    #[must_use]
    pub fn unencoded() -> Self {
        Self { pieces: Pieces::new(false), signers: Vec::new(), incomplete: false }
    }

    /// Adds a signer, under the header [`SigningKey::header`].
    ///
    /// # Errors
    ///
    /// As [`sign_with`](Self::sign_with).
    pub fn sign(&mut self, key: &'k SigningKey) -> Result<&mut Self, SignError> {
        self.sign_with(&key.header(), None, key)
    }

    /// Adds a signer, under headers of the caller's: see [`Jws::sign_with`].
    ///
    /// # Errors
    ///
    /// [`SignError::NoStream`] if the key needs the whole payload at once, [`SignError::Started`]
    /// after the first piece of it; else as [`Jws::sign_with`].
    pub fn sign_with<'h>(
        &mut self,
        protected: &Header,
        unprotected: impl Into<Option<&'h Header>>,
        key: &'k SigningKey,
    ) -> Result<&mut Self, SignError> {
        if self.pieces.started {
            return Err(SignError::Started);
        }
        let encoded = self.pieces.encoder.is_some();
        let headers = Headers::lay_out(key.alg(), protected, unprotected.into(), encoded)?;
        let protected = headers.protected_text();
        let stream = key.signer.stream().map_err(SignError::Unavailable)?;
        let stream = Ok(stream.ok_or(SignError::NoStream(key.alg()))?);
        let mut signer = Signing { key, protected, unprotected: headers.unprotected, stream };
        let begin = [&signer.protected, "."].concat();
        signer.update(begin.as_bytes());
        self.signers.push(signer);
        Ok(self)
    }

    /// Takes the next octets of the payload. If a signer cannot take them,
    /// [`finish`](Self::finish) tells.
    pub fn update(&mut self, octets: &[u8]) {
        let Self { pieces, signers, .. } = self;
        pieces.update(octets, |piece| signers.iter_mut().for_each(|signer| signer.update(piece)));
    }

    /// The signatures, detached from the payload.
    ///
    /// # Errors
    ///
    /// [`SignError::Unavailable`] if a signature could not be made, [`SignError::Length`] if an
    /// external signer made something else.
    pub fn finish(self) -> Result<Jws, SignError> {
        let Self { pieces, mut signers, incomplete } = self;
        if incomplete {
            let error = CryptoError::from_source("the payload could not be read to its end");
            return Err(SignError::Unavailable(error));
        }
        let mut jws = Jws::elsewhere(pieces.encoder.is_some());
        pieces.finish(|piece| signers.iter_mut().for_each(|signer| signer.update(piece)));
        for Signing { key, protected, unprotected, stream } in signers {
            let mut signature = Vec::new();
            stream
                .and_then(|stream| stream.finish(&mut signature))
                .map_err(SignError::Unavailable)?;
            jws.push(protected, unprotected, key.check_len(signature)?)?;
        }
        Ok(jws)
    }
}

impl Signing<'_> {
    fn update(&mut self, piece: &[u8]) {
        if let Ok(stream) = &mut self.stream
            && let Err(error) = stream.update(piece)
        {
            self.stream = Err(error);
        }
    }
}

/// Verifies a payload that comes piece by piece, in memory that does not grow with it.
///
/// It comes from [`Jws::verifying_stream`]. Nothing is verified before [`finish`](Self::finish), so
/// what was done with the payload until then must be such that it can be undone.
pub struct VerifyingStream<'k> {
    pieces: Pieces,
    signatures: Vec<Verifying<'k>>,
    required: Required,
}

enum Verifying<'k> {
    Malformed(ParseError),
    Read {
        headers: Box<outcomes::Headers>,
        signature: Vec<u8>,
        tries: Vec<Try<'k>>,
        /// What is told if no key says yes: that one said no, could not be asked, or that none fits.
        refusal: VerifyError,
    },
}

/// One key at work on one signature.
struct Try<'k> {
    key: &'k VerifyingKey,
    /// An error once it could not take a piece.
    stream: Result<Box<dyn VerifyStream + 'k>, CryptoError>,
}

impl Jws {
    /// Begins to verify the payload, which is detached from this JWS and comes piece by piece, under
    /// the default [`Policy`].
    ///
    /// # Errors
    ///
    /// As [`verifying_stream_with`](Self::verifying_stream_with).
    pub fn verifying_stream<'k>(
        &self,
        keys: &'k VerifyingKeys,
    ) -> Result<VerifyingStream<'k>, ParseError> {
        self.verifying_stream_with(keys, &Policy::default())
    }

    /// Begins to verify the payload, which is detached from this JWS and comes piece by piece.
    ///
    /// Each piece is hashed for every key that is tried: by the headers, at most
    /// [`Limits::signatures`](crate::Limits::signatures) times
    /// [`Limits::tries`](crate::Limits::tries) of them, and one for each signature that names its
    /// key. A key that cannot take pieces says so in the [`Outcome`], by [`VerifyError::NoStream`].
    ///
    /// # Errors
    ///
    /// [`ParseError`] if this JWS has a payload already.
    pub fn verifying_stream_with<'k>(
        &self,
        keys: &'k VerifyingKeys,
        policy: &Policy,
    ) -> Result<VerifyingStream<'k>, ParseError> {
        self.refuse_payload()?;
        let signatures = self.signatures().map(|signature| match signature {
            Ok(signature) => Verifying::new(&signature, keys, policy),
            Err(error) => Verifying::Malformed(error),
        });
        Ok(VerifyingStream {
            pieces: Pieces::new(self.is_encoded()),
            signatures: signatures.collect(),
            required: policy.required().clone(),
        })
    }
}

impl<'k> Verifying<'k> {
    fn new(signature: &Unverified<'_>, keys: &'k VerifyingKeys, policy: &Policy) -> Self {
        let mut tries = Vec::new();
        let refusal = begin(signature, keys, policy, &mut tries).err();
        Self::Read {
            headers: Box::new(signature.headers()),
            signature: signature.signature().into(),
            tries,
            refusal: refusal.unwrap_or(VerifyError::InvalidSignature),
        }
    }

    fn update(&mut self, piece: &[u8]) {
        if let Self::Read { tries, .. } = self {
            for attempt in tries {
                attempt.update(piece);
            }
        }
    }

    fn finish(self, index: usize) -> Outcome {
        let (headers, signature, tries, mut refusal) = match self {
            Self::Malformed(error) => return Outcome::malformed(index, error),
            Self::Read { headers, signature, tries, refusal } => {
                (headers, signature, tries, refusal)
            }
        };
        for Try { key, stream } in tries {
            let verdict = stream.map_err(Refused::Unavailable);
            match verdict.and_then(|stream| stream.finish(&signature)) {
                Ok(()) => return Outcome::new(index, *headers, Ok(key.clone())),
                Err(Refused::Invalid) => {}
                Err(Refused::Unavailable(error)) => refusal = VerifyError::Unavailable(error),
            }
        }
        Outcome::new(index, *headers, Err(refusal))
    }
}

/// Sets every key to work that may have made the signature. An error if there is none, or one of
/// them takes no pieces; the others may still say yes.
fn begin<'k>(
    signature: &Unverified<'_>,
    keys: &'k VerifyingKeys,
    policy: &Policy,
    tries: &mut Vec<Try<'k>>,
) -> Result<(), VerifyError> {
    signature.check_headers(policy)?;
    let candidates = keys.select(signature, policy.ceilings().tries)?;
    let mut all = Ok(());
    for key in candidates.into_iter().filter(|key| key.fits(signature.signature().len())) {
        let stream = match key.verifier.stream() {
            Ok(Some(stream)) => Ok(stream),
            Ok(None) => {
                all = Err(VerifyError::NoStream(key.alg()));
                continue;
            }
            Err(error) => Err(error),
        };
        let mut attempt = Try { key, stream };
        attempt.update(signature.protected_text());
        attempt.update(b".");
        tries.push(attempt);
    }
    all
}

impl Try<'_> {
    fn update(&mut self, piece: &[u8]) {
        if let Ok(stream) = &mut self.stream
            && let Err(error) = stream.update(piece)
        {
            self.stream = Err(error);
        }
    }
}

impl VerifyingStream<'_> {
    /// Takes the next octets of the payload.
    pub fn update(&mut self, octets: &[u8]) {
        let Self { pieces, signatures, .. } = self;
        pieces.update(octets, |piece| feed(signatures, piece));
    }

    /// What became of each signature.
    pub fn finish(self) -> Outcomes<()> {
        let Self { pieces, mut signatures, required } = self;
        pieces.finish(|piece| feed(&mut signatures, piece));
        let outcomes = signatures.into_iter().enumerate();
        let outcomes = outcomes.map(|(index, signature)| signature.finish(index)).collect();
        Outcomes::new(outcomes, required, ())
    }
}

fn feed(signatures: &mut [Verifying<'_>], piece: &[u8]) {
    for signature in signatures {
        signature.update(piece);
    }
}

impl Default for SigningStream<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SigningStream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algs = self.signers.iter().map(|signer| signer.key.alg());
        f.debug_list().entries(algs).finish()
    }
}

impl fmt::Debug for VerifyingStream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingStream")
            .field("signatures", &self.signatures.len())
            .field("required", &self.required)
            .finish_non_exhaustive()
    }
}

/// Reads into `update` until the end, and tells how many octets that were.
#[cfg(feature = "std")]
fn read_all(mut reader: impl std::io::Read, mut update: impl FnMut(&[u8])) -> std::io::Result<u64> {
    let mut buffer = alloc::vec![0; 64 * 1024];
    let mut total = 0;
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(total),
            Ok(len) => {
                let read = buffer.get(..len).ok_or(std::io::ErrorKind::InvalidData)?;
                update(read);
                total += len as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(feature = "std")]
impl SigningStream<'_> {
    /// Takes all octets that `reader` has, and tells how many those were.
    ///
    /// # Errors
    ///
    /// The reader's. There will be no signature then: it would be one over what came before.
    pub fn update_from(&mut self, reader: impl std::io::Read) -> std::io::Result<u64> {
        let read = read_all(reader, |octets| self.update(octets));
        self.incomplete |= read.is_err();
        read
    }
}

#[cfg(feature = "std")]
impl VerifyingStream<'_> {
    /// Takes all octets that `reader` has, and tells how many those were.
    ///
    /// # Errors
    ///
    /// The reader's. What was read before it has been taken, so that another reader may go on from
    /// there.
    pub fn update_from(&mut self, reader: impl std::io::Read) -> std::io::Result<u64> {
        read_all(reader, |octets| self.update(octets))
    }
}
