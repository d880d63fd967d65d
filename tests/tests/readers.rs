//! Payloads out of files and other readers, which may stop, fail or be interrupted on the way.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write as _};
use std::path::PathBuf;

use jose::jwa::SignatureAlgorithm as Alg;
use jose::jws::{SignError, SigningStream};
use jose::{Jws, SigningKey, VerifyingKeys};
use jose_conformance::keys;
use jose_tests::backends;

/// Longer than any buffer, and no multiple of one.
fn payload() -> Vec<u8> {
    (0..=255).cycle().take(300_001).collect()
}

/// A file of these octets, which the next run overwrites.
fn file(name: &str, octets: &[u8]) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    File::create(&path).unwrap().write_all(octets).unwrap();
    path
}

fn on_each_backend(test: impl Fn(&SigningKey, &VerifyingKeys)) {
    for backend in backends() {
        let trusted = VerifyingKeys::from(keys::verifier(Alg::ES256, backend));
        test(&keys::signer(Alg::ES256, backend), &trusted);
    }
}

/// Gives a few octets at a time, and between them what `event` says for the number of the call.
struct Uneven<'p, F> {
    rest: &'p [u8],
    calls: usize,
    event: F,
}

impl<'p, F: Fn(usize) -> Option<ErrorKind>> Uneven<'p, F> {
    fn new(rest: &'p [u8], event: F) -> Self {
        Self { rest, calls: 0, event }
    }
}

impl<F: Fn(usize) -> Option<ErrorKind>> Read for Uneven<'_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.calls += 1;
        if let Some(kind) = (self.event)(self.calls) {
            return Err(kind.into());
        }
        let len = buffer.len().min(7 * self.calls);
        self.rest.read(&mut buffer[..len])
    }
}

#[test]
fn a_file_is_signed_and_verified() {
    let path = file("a_file_is_signed_and_verified", &payload());
    on_each_backend(|key, trusted| {
        for begin in [SigningStream::new, SigningStream::unencoded] {
            let mut stream = begin();
            stream.sign(key).unwrap();
            assert_eq!(stream.update_from(File::open(&path).unwrap()).unwrap(), 300_001);
            let token = stream.finish().unwrap().to_compact().unwrap();

            let jws = Jws::parse(&token).unwrap();
            let mut stream = jws.verifying_stream(trusted).unwrap();
            assert_eq!(stream.update_from(File::open(&path).unwrap()).unwrap(), 300_001);
            assert!(stream.finish().into_verified().is_ok());
            // What was in the file is what was signed, and nothing around it.
            let whole = jws.with_payload(payload()).unwrap().verify(trusted).unwrap();
            assert_eq!(whole.content(), &payload());
        }
    });
}

#[test]
fn a_file_that_changed_is_refused() {
    let mut changed = payload();
    *changed.last_mut().unwrap() ^= 1;
    let (longer, shorter) = ([&payload()[..], &[0]].concat(), &payload()[1..]);
    on_each_backend(|key, trusted| {
        let token = Jws::new(payload()).sign(key).unwrap().detach().to_compact().unwrap();
        for other in [&changed[..], &longer, shorter, &[]] {
            let path = file("a_file_that_changed_is_refused", other);
            let jws = Jws::parse(&token).unwrap();
            let mut stream = jws.verifying_stream(trusted).unwrap();
            stream.update_from(File::open(path).unwrap()).unwrap();
            let refused = stream.finish().into_verified().unwrap_err();
            assert_eq!(refused.code(), "ERR_JWS_SIGNATURE_INVALID");
        }
    });
}

#[test]
fn an_interrupted_reader_is_asked_again() {
    let payload = payload();
    let interrupted = |call: usize| (call % 3 == 1).then_some(ErrorKind::Interrupted);
    on_each_backend(|key, trusted| {
        let mut stream = SigningStream::new();
        stream.sign(key).unwrap();
        assert_eq!(stream.update_from(Uneven::new(&payload, interrupted)).unwrap(), 300_001);
        let jws = stream.finish().unwrap();

        let mut stream = jws.verifying_stream(trusted).unwrap();
        assert_eq!(stream.update_from(Uneven::new(&payload, interrupted)).unwrap(), 300_001);
        assert!(stream.finish().into_verified().is_ok());
        assert!(jws.with_payload(payload.clone()).unwrap().verify(trusted).is_ok());
    });
}

#[test]
fn a_reader_that_fails_midway_tells_and_nothing_is_signed_or_verified() {
    let payload = payload();
    let fails = |call| (call == 40).then_some(ErrorKind::ConnectionReset);
    on_each_backend(|key, trusted| {
        let token = Jws::new(payload.clone()).sign(key).unwrap().detach().to_compact().unwrap();
        let jws = Jws::parse(&token).unwrap();
        let mut stream = jws.verifying_stream(trusted).unwrap();
        let error = stream.update_from(Uneven::new(&payload, fails)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        assert!(stream.finish().into_verified().is_err());

        // A signature over what came so far would be one over something nobody meant.
        let mut stream = SigningStream::new();
        stream.sign(key).unwrap();
        assert!(stream.update_from(Uneven::new(&payload, fails)).is_err());
        assert!(matches!(stream.finish(), Err(SignError::Unavailable(_))));
    });
}

#[test]
fn a_reader_that_fails_midway_can_be_followed_by_one_that_goes_on_from_there() {
    let payload = payload();
    let fails = |call| (call == 40).then_some(ErrorKind::TimedOut);
    on_each_backend(|key, trusted| {
        let token = Jws::new(payload.clone()).sign(key).unwrap().detach().to_compact().unwrap();
        let jws = Jws::parse(&token).unwrap();
        let mut stream = jws.verifying_stream(trusted).unwrap();
        let mut reader = Uneven::new(&payload, fails);
        assert!(stream.update_from(&mut reader).is_err());
        assert!(stream.update_from(&mut reader).unwrap() > 0);
        assert!(stream.finish().into_verified().is_ok());
    });
}

#[test]
fn readers_and_pieces_and_empty_ones_make_one_payload() {
    on_each_backend(|key, trusted| {
        let mut stream = SigningStream::new();
        stream.sign(key).unwrap();
        stream.update(b"a film");
        assert_eq!(stream.update_from(&b" of three"[..]).unwrap(), 9);
        assert_eq!(stream.update_from(io::empty()).unwrap(), 0);
        stream.update(b"");
        stream.update(b" hours");
        let jws = stream.finish().unwrap().with_payload("a film of three hours").unwrap();
        assert_eq!(jws.verify(trusted).unwrap().content(), b"a film of three hours");
    });
}
