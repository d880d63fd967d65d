//! Payloads that come piece by piece.

use super::*;

fn streams(alg: S) -> bool {
    ![S::EdDSA, S::Ed25519, S::Ed448].contains(&alg)
}

const SIZES: [usize; 9] = [0, 1, 2, 3, 4, 3071, 3072, 3073, 100_000];

fn payload(len: usize) -> Vec<u8> {
    (0..=255).cycle().take(len).collect()
}

/// `payload` in pieces of odd lengths, empty ones among them.
fn pieces(mut payload: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    for len in [1, 0, 2, 3, 1023, 5, 3073, 4, 64, 7].into_iter().cycle() {
        if payload.is_empty() {
            return pieces;
        }
        let (piece, rest) = payload.split_at(payload.len().min(len));
        pieces.push(piece);
        payload = rest;
    }
    pieces
}

fn over(payload: &[u8], encoded: bool) -> Jws {
    if encoded { Jws::new(payload) } else { Jws::unencoded(payload) }
}

fn signed(keys: &[SigningKey], payload: &[u8], encoded: bool) -> Jws {
    let mut stream = if encoded { SigningStream::new() } else { SigningStream::unencoded() };
    for key in keys {
        stream.sign(key).unwrap();
    }
    for piece in pieces(payload) {
        stream.update(piece);
    }
    stream.finish().unwrap()
}

fn verified(jws: &Jws, payload: &[u8], keys: &VerifyingKeys, policy: &Policy) -> Outcomes<()> {
    let mut stream = jws.verifying_stream_with(keys, policy).unwrap();
    for piece in pieces(payload) {
        stream.update(piece);
    }
    stream.finish()
}

fn verify(jws: &Jws, payload: &[u8], keys: &VerifyingKeys) -> Result<Verified<()>, jws::Error> {
    verified(jws, payload, keys, &Policy::new()).into_verified()
}

/// In pieces or at once, the same is signed and the same is verified.
pub fn a_stream_signs_and_verifies_what_the_whole_would(subject: &Subject) {
    for alg in subject.algorithms().filter(|alg| streams(*alg)) {
        let (key, keys) = (signer(alg, subject), trusted(alg, subject));
        let deterministic = alg.is_symmetric() || alg.name().starts_with("RS");
        for (encoded, len) in
            [true, false].into_iter().flat_map(|form| SIZES.map(|len| (form, len)))
        {
            let payload = payload(len);
            let streamed = signed(core::slice::from_ref(&key), &payload, encoded);
            let mut whole = over(&payload, encoded);
            whole.sign(&key).unwrap().detach();
            if deterministic {
                assert_eq!(streamed.to_compact(), whole.to_compact(), "{alg}, {len}");
            }
            for jws in [&streamed, &whole] {
                for text in [jws.to_compact(), jws.to_flattened(), jws.to_general()] {
                    let jws = Jws::parse(text.unwrap()).unwrap();
                    let piecewise = verify(&jws, &payload, &keys).unwrap();
                    assert_eq!(piecewise.key_id(), key.kid(), "{alg}, {len}");
                    assert_eq!(piecewise.protected().b64(), (!encoded).then_some(false));
                    if jws.to_compact() == streamed.to_compact() {
                        let whole = jws.with_payload(&*payload).unwrap();
                        assert_eq!(
                            whole.verify(&keys).unwrap().content(),
                            &payload,
                            "{alg}, {len}"
                        );
                    }
                }
            }
        }
    }
}

/// A piece that is another, missing, too many, or in another place makes another payload.
pub fn a_stream_of_other_pieces_is_refused(subject: &Subject) {
    let other: [&[&[u8]]; 9] = [
        &[],
        &[b""],
        &[b"abc"],
        &[b"abc", b"deg"],
        &[b"abc", b"def", b"g"],
        &[b"abc", b"def", b"\0"],
        &[b"abc", b"abc", b"def"],
        &[b"def", b"abc"],
        &[b"YWJj", b"ZGVm"],
    ];
    for alg in subject.algorithms().filter(|alg| streams(*alg)) {
        let keys = trusted(alg, subject);
        for encoded in [true, false] {
            let jws = signed(&[signer(alg, subject)], b"abcdef", encoded);
            let through = |pieces: &[&[u8]]| {
                let mut stream = jws.verifying_stream(&keys).unwrap();
                for piece in pieces {
                    stream.update(piece);
                }
                stream.finish().into_verified()
            };
            for good in [&[&b"abcdef"[..]][..], &[b"abc", b"", b"def"], &[b"a", b"bcde", b"f"]] {
                through(good).unwrap();
            }
            for pieces in other {
                assert_invalid(through(pieces));
            }
        }
    }
}

/// A payload that is there is not given in pieces as well.
pub fn a_payload_that_is_there_is_not_streamed(subject: &Subject) {
    let keys = trusted(S::HS256, subject);
    for encoded in [true, false] {
        let mut jws = over(b"payload", encoded);
        jws.sign(&signer(S::HS256, subject)).unwrap();
        let detached = Jws::parse(jws.clone().detach().to_compact().unwrap()).unwrap();
        let compact = Jws::parse(jws.to_compact().unwrap()).unwrap();
        let json = Jws::parse(jws.to_general().unwrap()).unwrap();
        for jws in [jws, compact, json, detached.with_payload("payload").unwrap()] {
            let refused = jws.verifying_stream(&keys).unwrap_err();
            let expected = "absent if given apart";
            assert_eq!(refused.rule(), Rule::Value { member: "payload", expected });
            assert_eq!(refused.code(), "ERR_JWS_INVALID");
        }
    }
}

/// What needs the whole payload says so before the first piece, and what was added is still there.
pub fn what_cannot_stream_signs_nothing_in_pieces(subject: &Subject) {
    let external = SigningKey::external(S::ES256, Some("hsm"), Device::default()).unwrap();
    let whole = subject.algorithms().filter(|alg| !streams(*alg));
    for key in whole.map(|alg| signer(alg, subject)).chain([external]) {
        let hmac = signer(S::HS256, subject);
        for mut stream in [SigningStream::new(), SigningStream::unencoded()] {
            stream.sign(&hmac).unwrap();
            let refused = stream.sign(&key).unwrap_err();
            assert_eq!(refused.code(), "ERR_JWK_UNSUPPORTED");
            let SignError::NoStream(alg) = refused else { panic!("{refused:?}") };
            assert_eq!(alg, key.alg());
            stream.update(PAYLOAD);
            let jws = stream.finish().unwrap();
            assert_eq!(jws.signatures().count(), 1);
            assert!(verify(&jws, PAYLOAD, &trusted(S::HS256, subject)).is_ok());
        }
    }
}

/// What needs the whole payload says so, and stops nobody who does not.
pub fn what_cannot_stream_stops_nobody_who_can(subject: &Subject) {
    let external = VerifyingKey::external(S::ES256, Some("es256-1"), Device::default()).unwrap();
    let mut cases: Vec<_> = subject
        .algorithms()
        .filter(|alg| !streams(*alg))
        .map(|alg| (signer(alg, subject), verifier(alg, subject)))
        .collect();
    cases.push((signer(S::ES256, subject), external));
    for (key, needing) in cases {
        let (hmac, alg) = (signer(S::HS256, subject), needing.alg());
        let mut jws = Jws::new(PAYLOAD);
        jws.sign(&key).unwrap().detach();
        let alone = Jws::parse(jws.to_general().unwrap()).unwrap();
        let error = verify(&alone, PAYLOAD, &needing.clone().into()).unwrap_err();
        assert_eq!(error.code(), "ERR_JWK_UNSUPPORTED");
        let jws::Error::Verify(VerifyError::NoStream(own)) = error else { panic!("{error:?}") };
        assert_eq!(own, alg);
        jws.sign(&hmac).unwrap().sign(&key).unwrap();
        let jws = Jws::parse(jws.to_general().unwrap()).unwrap();
        let keys: VerifyingKeys = [needing, verifier(S::HS256, subject)].into_iter().collect();
        let good = verify(&jws, PAYLOAD, &keys).unwrap();
        assert_eq!(good.signatures().map(ValidSignature::index).collect::<Vec<_>>(), [1]);
        let all = Policy::new().require(Required::All);
        let error = refused(verified(&jws, PAYLOAD, &keys, &all).into_verified());
        let VerifyError::Unmet(unmet) = error else { panic!("{error:?}") };
        for (index, error) in unmet.refused() {
            assert!(matches!(error, jws::Error::Verify(VerifyError::NoStream(_))), "{error:?}");
            assert_ne!(index, 1);
        }
        assert_eq!((unmet.valid(), unmet.code()), (1, "ERR_JWS_SIGNATURES_MISSING"));
        let error = refused(verify(&jws, b"another", &keys));
        assert_eq!(error.code(), "ERR_JWS_SIGNATURE_INVALID");
    }
}

/// After the first piece it is too late for another signer, though the piece was empty.
pub fn a_signer_comes_before_the_first_piece(subject: &Subject) {
    let (key, late) = (signer(S::HS256, subject), signer(S::ES256, subject));
    for (first, encoded) in [(&b""[..], true), (b"", false), (PAYLOAD, true), (PAYLOAD, false)] {
        let mut stream = if encoded { SigningStream::new() } else { SigningStream::unencoded() };
        stream.sign(&key).unwrap();
        stream.update(first);
        let refused = stream.sign(&late).unwrap_err();
        assert!(matches!(refused, SignError::Started), "{refused:?}");
        assert_eq!(refused.code(), "ERR_JWS_INVALID");
        let jws = stream.finish().unwrap();
        assert_eq!(jws.signatures().count(), 1);
        assert!(verify(&jws, first, &trusted(S::HS256, subject)).is_ok());
    }
}

/// Headers of a stream are held to the same rules as those of the whole.
pub fn a_stream_signs_no_header_that_the_whole_would_not(subject: &Subject) {
    let key = signer(S::HS256, subject);
    let x = Header::new().with("x", 1).unwrap();
    let nothing = Header::new();
    for (protected, unprotected) in [
        (&x, &x),
        (&x.clone().with_crit(["y"]), &nothing),
        (&x.clone().with_crit([""; 0]), &nothing),
        (&given(r#"{"alg":"HS512"}"#), &nothing),
        (&nothing, &given(r#"{"alg":"HS512"}"#)),
        (&nothing, &x.clone().with_crit(["x"])),
        (&Header::new().with_kid("a\nb"), &nothing),
        (&given(r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#), &nothing),
    ] {
        let mut stream = SigningStream::new();
        let refused = stream.sign_with(protected, unprotected, &key).unwrap_err();
        let whole =
            Jws::new(PAYLOAD).sign_with(protected, unprotected, &key).map(drop).unwrap_err();
        assert_eq!(format!("{refused:?}"), format!("{whole:?}"));
        let none = stream.finish().unwrap();
        assert_eq!(none.to_general(), Err(SerializationError::Signatures { count: 0 }));
    }
    let mut stream = SigningStream::new();
    stream.sign_with(&key.header(), &x, &key).unwrap();
    stream.update(PAYLOAD);
    let jws = stream.finish().unwrap();
    assert_eq!(jws.signatures().next().unwrap().unwrap().unprotected(), Some(&x));
    assert!(verify(&jws, PAYLOAD, &trusted(S::HS256, subject)).is_ok());
}

/// A device that cannot take a piece, or cannot begin or end, makes no signature and says nothing of
/// the token.
pub fn a_device_that_fails_in_a_stream_answers_nothing(subject: &Subject) {
    let hmac = signer(S::HS256, subject);
    for fails in [Fails::Begin, Fails::Update, Fails::End] {
        let device = || Device(Some(fails));
        let key = SigningKey::external(S::ES256, Some("hsm"), device()).unwrap();
        let mut stream = SigningStream::new();
        stream.sign(&hmac).unwrap();
        let made = stream.sign(&key).map(drop).and_then(|()| {
            stream.update(PAYLOAD);
            stream.finish().map(drop)
        });
        let error = made.unwrap_err();
        assert!(matches!(error, SignError::Unavailable(_)), "{error:?}");
        assert_eq!(error.code(), "ERR_CRYPTO_UNAVAILABLE");
        // What fails for one signature decides nothing for another, wherever it stands.
        let external = VerifyingKey::external(S::ES256, Some("es256-1"), device()).unwrap();
        let keys = [external.clone(), verifier(S::HS256, subject)].into_iter().collect();
        let es256 = signer(S::ES256, subject);
        for signers in [[&hmac, &es256], [&es256, &hmac]] {
            let jws = signed(&signers.map(Clone::clone), PAYLOAD, false);
            assert_eq!(verify(&jws, PAYLOAD, &keys).unwrap().alg(), S::HS256);
            let outcomes = verified(&jws, PAYLOAD, &keys, &Policy::new());
            let bad = outcomes.iter().find(|outcome| !outcome.is_valid()).unwrap();
            assert_eq!(bad.error().unwrap().code(), "ERR_CRYPTO_UNAVAILABLE");
        }
        let jws = signed(&[es256], PAYLOAD, true);
        let error = refused(verify(&jws, PAYLOAD, &external.into()));
        assert!(matches!(error, VerifyError::Unavailable(_)), "{error:?}");
    }
    // A later good key of the same name is still asked.
    let away = VerifyingKey::external(S::ES256, None, Device(Some(Fails::Update))).unwrap();
    let good = verifying(&keys::verifying(S::ES256).without_kid(), subject);
    let jws = signed(&[signer(S::ES256, subject)], PAYLOAD, true);
    assert!(verify(&jws, PAYLOAD, &[away, good].into_iter().collect()).is_ok());
}

/// A device that answers with something else than a signature makes no JWS in pieces either.
pub fn a_device_that_streams_another_length_makes_no_signature(_subject: &Subject) {
    let make = |alg: S| {
        let key = SigningKey::external(alg, None, Device(Some(Fails::Never))).unwrap();
        let mut stream = SigningStream::new();
        stream.sign(&key).unwrap();
        stream.update(PAYLOAD);
        stream.finish().map(|jws| jws.signatures().count())
    };
    assert_eq!(make(S::ES256).unwrap(), 1);
    for alg in [S::HS256, S::ES384, S::RS256] {
        let refused = make(alg);
        assert!(matches!(refused, Err(SignError::Length)), "{alg}: {refused:?}");
    }
}

/// One reading serves every signer, and every verifier under one policy.
pub fn several_keys_sign_one_stream(subject: &Subject) {
    let algs: Vec<_> = subject.algorithms().filter(|alg| streams(*alg)).collect();
    let signers: Vec<_> = algs.iter().map(|alg| signer(*alg, subject)).collect();
    let keys: VerifyingKeys = algs.iter().map(|alg| verifier(*alg, subject)).collect();
    for encoded in [true, false] {
        let payload = payload(5000);
        let jws = signed(&signers, &payload, encoded);
        let jws = Jws::parse(jws.to_general().unwrap()).unwrap();
        let all = Policy::new().require(Required::All);
        let good = verified(&jws, &payload, &keys, &all).into_verified().unwrap();
        let made: Vec<_> = good.signatures().map(ValidSignature::alg).collect();
        assert_eq!(made, algs);
        let whole = jws.clone().with_payload(&*payload).unwrap().verify_with(&keys, &all).unwrap();
        assert_eq!(whole.content(), &payload);
        let one = trusted(algs[0], subject);
        assert_eq!(verify(&jws, &payload, &one).unwrap().signatures().count(), 1);
        for required in [Required::All, Required::DistinctKeys(2), Required::kids(["unknown"])] {
            let policy = Policy::new().require(required);
            let error = refused(verified(&jws, &payload, &one, &policy).into_verified());
            let VerifyError::Unmet(unmet) = error else { panic!("{error:?}") };
            assert_eq!((unmet.valid(), unmet.code()), (1, "ERR_JWS_SIGNATURES_MISSING"));
        }
        let whole = jws.with_payload("another").unwrap();
        let outcomes = whole.check(&keys, &all).unwrap();
        assert!(outcomes.iter().all(|outcome| !outcome.is_valid()));
    }
}

/// A key that could not be asked has not said no: if none says yes, it is what is told of.
pub fn a_key_that_cannot_stream_has_not_said_no(subject: &Subject) {
    let protected = base64url::encode(br#"{"alg":"ES256"}"#);
    let token = format!("{protected}..{}", base64url::encode(&[1; 64]));
    let jws = Jws::parse(token).unwrap();
    let needing = VerifyingKey::external(S::ES256, None, Device::default()).unwrap();
    let no = verifier(S::ES256, subject);
    for keys in [[needing.clone(), no.clone()], [no, needing]] {
        let error = refused(verify(&jws, PAYLOAD, &keys.into_iter().collect()));
        assert!(matches!(error, VerifyError::NoStream(S::ES256)), "{error:?}");
    }
}

/// What is refused of the whole is refused in pieces, with the same error for each signature.
pub fn a_stream_refuses_what_the_whole_does(subject: &Subject) {
    let mut jws = Jws::new(PAYLOAD);
    jws.sign(&signer(S::HS256, subject)).unwrap();
    jws.sign(&signing(&shared(1, "hs256-1"), subject)).unwrap();
    jws.sign(&signing(&shared(1, "unknown"), subject)).unwrap();
    jws.sign(&signer(S::ES256, subject)).unwrap();
    let crit = given(r#"{"alg":"HS256","new":1,"crit":["new"]}"#);
    jws.sign_with(&crit, &Header::new(), &signer(S::HS256, subject)).unwrap();
    jws.sign_with(&Header::new(), &given(r#"{"alg":"HS256"}"#), &signer(S::HS256, subject))
        .unwrap();
    let mut json = value(&jws.detach().to_general().unwrap());
    json["signatures"].as_array_mut().unwrap().insert(1, Value::Null);
    let jws = Jws::parse(json.to_string()).unwrap();
    let whole = jws.clone().with_payload(PAYLOAD).unwrap();
    for keys in [
        trusted(S::HS256, subject),
        trusted(S::ES256, subject),
        VerifyingKeys::default(),
        VerifyingKey::external(S::HS256, None, Device(Some(Fails::Update))).unwrap().into(),
    ] {
        for policy in [
            Policy::new(),
            Policy::new().understands("new").accept_unprotected_alg(),
            Policy::new().require(Required::DistinctKeys(2)),
        ] {
            let streamed = verified(&jws, PAYLOAD, &keys, &policy);
            let at_once = whole.check(&keys, &policy).unwrap();
            assert_eq!(format!("{streamed:?}"), format!("{at_once:?}"));
            match (streamed.into_verified(), at_once.into_verified()) {
                (Ok(streamed), Ok(at_once)) => {
                    assert_eq!(streamed.signatures().count(), at_once.signatures().count());
                }
                (Err(streamed), Err(at_once)) => {
                    assert_eq!(format!("{streamed:?}"), format!("{at_once:?}"));
                    assert_eq!(streamed.code(), at_once.code());
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// A signer and verifier outside that takes no pieces, or fails where it is told to.
#[derive(Default)]
struct Device(Option<Fails>);

#[derive(Clone, Copy, PartialEq)]
enum Fails {
    Begin,
    End,
    Never,
    Update,
}

fn gone() -> CryptoError {
    CryptoError::from_source("device gone")
}

impl Device {
    fn begin(&self) -> Result<Option<Fails>, CryptoError> {
        if self.0 == Some(Fails::Begin) { Err(gone()) } else { Ok(self.0) }
    }
}

impl Fails {
    fn at(self, step: Self) -> Result<(), CryptoError> {
        if self == step { Err(gone()) } else { Ok(()) }
    }
}

impl Signer for Device {
    fn sign(&self, _: &[&[u8]], signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        signature.extend([1; 64]);
        Ok(())
    }

    fn stream(&self) -> Result<Option<Box<dyn SignStream + '_>>, CryptoError> {
        Ok(self.begin()?.map(|fails| Box::new(fails) as Box<dyn SignStream>))
    }
}

impl SignStream for Fails {
    fn update(&mut self, _: &[u8]) -> Result<(), CryptoError> {
        self.at(Self::Update)
    }

    fn finish(self: Box<Self>, signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        self.at(Self::End)?;
        signature.extend([1; 64]);
        Ok(())
    }
}

impl Verifier for Device {
    fn verify(&self, _: &[&[u8]], _: &[u8]) -> Result<(), Refused> {
        Err(Refused::Unavailable(gone()))
    }

    fn stream(&self) -> Result<Option<Box<dyn VerifyStream + '_>>, CryptoError> {
        Ok(self.begin()?.map(|fails| Box::new(fails) as Box<dyn VerifyStream>))
    }
}

impl VerifyStream for Fails {
    fn update(&mut self, _: &[u8]) -> Result<(), CryptoError> {
        self.at(Self::Update)
    }

    fn finish(self: Box<Self>, _: &[u8]) -> Result<(), Refused> {
        self.at(Self::End).map_err(Refused::Unavailable)
    }
}
