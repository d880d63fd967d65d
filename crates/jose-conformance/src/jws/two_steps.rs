//! Signatures that are made elsewhere and attached (RFC 7515 §5.1).

use super::*;

/// Signatures that are made elsewhere are laid out, any number at once, and attached in any order,
/// for every serialization.
pub fn signatures_made_elsewhere_are_attached(subject: &Subject) {
    for (alg, encoded) in
        subject.algorithms().flat_map(|alg| [true, false].map(|encoded| (alg, encoded)))
    {
        let key = signer(alg, subject);
        let start = || if encoded { Jws::new("$5") } else { Jws::unencoded("$5") };
        // What makes the signature elsewhere here is another JWS under the same headers.
        let mut elsewhere = start();
        let token = elsewhere.sign(&key).unwrap().to_compact().unwrap();
        let unsigned = start().unsigned(key.alg(), &key.header(), &Header::new()).unwrap();
        assert_eq!(unsigned.alg(), key.alg());
        assert_eq!(unsigned.signing_input(), token.rsplit_once('.').unwrap().0.as_bytes());
        let mut jws = start();
        jws.attach(unsigned.clone(), &signature_of(&token)).unwrap();
        assert_eq!(jws.to_compact().unwrap(), token);
        assert_eq!(jws.to_flattened(), elsewhere.to_flattened());
        assert_eq!(jws.to_general(), elsewhere.to_general());
        assert_eq!(unsigned.attach(&signature_of(&token)).unwrap(), token);
        assert!(jws.verify(&verifier(alg, subject)).is_ok(), "{alg}");
    }
    let algs = three(subject);
    let signers: Vec<_> = algs.iter().map(|alg| signer(*alg, subject)).collect();
    let mut jws = Jws::new(PAYLOAD);
    let x = Header::new().with("x", 1).unwrap();
    let under_way: Vec<_> =
        signers.iter().map(|key| jws.unsigned(key.alg(), &key.header(), &x).unwrap()).collect();
    for (unsigned, key) in under_way.into_iter().zip(&signers).rev() {
        let token = jws::sign(PAYLOAD, key).unwrap();
        assert_eq!(unsigned.signing_input(), token.rsplit_once('.').unwrap().0.as_bytes());
        jws.attach(unsigned, &signature_of(&token)).unwrap();
    }
    let jws = Jws::parse(jws.to_general().unwrap()).unwrap();
    let verified = jws.verify_with(&trusting(&algs, subject), &requiring(Required::All)).unwrap();
    let made: Vec<_> = verified.signatures().map(ValidSignature::alg).collect();
    assert_eq!(made, algs.iter().rev().copied().collect::<Vec<_>>());
    assert!(verified.signatures().all(|own| own.unprotected() == Some(&x)));
}

/// An ECDSA signature in ASN.1 becomes one of several as it becomes a token.
pub fn an_asn1_signature_can_be_attached_to_a_jws(subject: &Subject) {
    for alg in ecdsa_algs(subject) {
        let (key, token) = (signer(alg, subject), sign(alg, subject));
        let mut buffer = [0; ecdsa::MAX_DER_LEN];
        let der = ecdsa::fixed_to_der(&signature_of(&token), &mut buffer).unwrap();
        let mut jws = Jws::new(PAYLOAD);
        let unsigned = jws.unsigned(alg, &key.header(), &Header::new()).unwrap();
        for len in 0..der.len() {
            let refused = jws.attach_der(unsigned.clone(), &der[..len]).unwrap_err();
            assert!(matches!(refused, SignError::Length), "{alg}, {len}: {refused:?}");
        }
        let refused = jws.attach(unsigned.clone(), der).unwrap_err();
        assert!(matches!(refused, SignError::Length), "{alg}: {refused:?}");
        assert_eq!(jws.signatures().count(), 0);
        jws.attach_der(unsigned, der).unwrap();
        assert_eq!(jws.to_compact().unwrap(), token);
    }
    let mut jws = Jws::new(PAYLOAD);
    let unsigned = jws.unsigned(S::HS256, &Header::new(), &Header::new()).unwrap();
    let refused = jws.attach_der(unsigned, &[0x30, 6, 2, 1, 1, 2, 1, 1]).unwrap_err();
    assert!(matches!(refused, SignError::Length), "{refused:?}");
}

/// What was laid out for one payload is attached to no other, nor to the same in another form.
pub fn a_signature_for_another_payload_is_not_attached(subject: &Subject) {
    let header = signer(S::HS256, subject).header();
    let lay_out = |jws: &Jws| jws.unsigned(S::HS256, &header, &Header::new()).unwrap();
    let jws = [
        Jws::new("a"),
        Jws::new("b"),
        Jws::new(""),
        Jws::unencoded("a"),
        Jws::unencoded(""),
        // What is signed of it is spelled like the first, and it is another payload.
        Jws::unencoded(base64url::encode(b"a")),
    ];
    for (own, other) in (0..jws.len()).flat_map(|own| (0..jws.len()).map(move |other| (own, other)))
    {
        let mut target = jws[other].clone();
        match target.attach(lay_out(&jws[own]), &[1; 32]) {
            Ok(_) => assert_eq!(own, other),
            Err(error) => {
                assert_ne!(own, other);
                assert!(matches!(error, SignError::OtherPayload), "{own}, {other}: {error:?}");
                assert_eq!(error.code(), "ERR_JWS_INVALID");
                assert_eq!(target.signatures().count(), 0);
            }
        }
    }
    let mut own = Jws::new("a");
    own.attach(Unsigned::with_header(S::HS256, &header, b"a").unwrap(), &[1; 32]).unwrap();
    let other = own.attach(Unsigned::with_header(S::HS256, &header, b"b").unwrap(), &[1; 32]);
    assert!(matches!(other, Err(SignError::OtherPayload)));
}

/// A signature of another length is attached to nothing.
pub fn a_signature_of_another_length_is_not_attached(_subject: &Subject) {
    for alg in S::ALL {
        let mut jws = Jws::new(PAYLOAD);
        for len in [0, 1, 31, 33, 63, 65, 95, 97, 113, 115, 131, 133, 255, 2049] {
            let unsigned = jws.unsigned(*alg, &Header::new(), &Header::new()).unwrap();
            let refused = jws.attach(unsigned, &vec![1; len]).unwrap_err();
            assert!(matches!(refused, SignError::Length), "{alg}, {len}: {refused:?}");
        }
        assert_eq!(jws.signatures().count(), 0);
    }
}

/// A compact token has no place for an unprotected header, and loses none.
pub fn an_unprotected_header_makes_no_compact_token(subject: &Subject) {
    let header = signer(S::HS256, subject).header();
    let x = Header::new().with("x", 1).unwrap();
    let mut jws = Jws::new(PAYLOAD);
    let unsigned = jws.unsigned(S::HS256, &header, &x).unwrap();
    let refused = unsigned.clone().attach(&[1; 32]).unwrap_err();
    assert_eq!(refused.code(), "ERR_JWS_INVALID_SERIALIZATION");
    let SignError::Serialization(error) = refused else { panic!("{refused:?}") };
    assert_eq!(error, SerializationError::UnprotectedHeader);
    jws.attach(unsigned, &[1; 32]).unwrap();
    assert_eq!(jws.signatures().next().unwrap().unwrap().unprotected(), Some(&x));
}

/// A signature that was not made is not there, and those before it are.
pub fn a_device_that_fails_adds_no_signature(subject: &Subject) {
    let mut jws = Jws::new(PAYLOAD);
    jws.sign(&signer(S::HS256, subject)).unwrap();
    let before = jws.to_general().unwrap();
    let device = |device| SigningKey::external(S::ES256, Some("hsm"), device).unwrap();
    let refused = jws.sign(&device(Device::Away)).unwrap_err();
    assert!(matches!(refused, SignError::Unavailable(_)), "{refused:?}");
    let refused = jws.sign(&device(Device::Long)).unwrap_err();
    assert!(matches!(refused, SignError::Length), "{refused:?}");
    let other = Header::new().with_kid("line\nbreak");
    let refused = jws.sign_with(&other, &Header::new(), &signer(S::HS256, subject)).unwrap_err();
    let SignError::Header(error) = refused else { panic!("{refused:?}") };
    assert_eq!(error.rule(), Rule::ControlCharacter { member: "kid" });
    let other = given(r#"{"alg":"HS512"}"#);
    for (protected, unprotected) in [(&other, &Header::new()), (&Header::new(), &other)] {
        let refused =
            jws.sign_with(protected, unprotected, &signer(S::HS256, subject)).unwrap_err();
        let SignError::Key(KeyError::Algorithm { expected, actual }) = refused else { panic!() };
        assert_eq!((expected, &*actual), ("HS256", "HS512"));
    }
    assert_eq!(jws.to_general().unwrap(), before);
}

/// A device that answers badly.
enum Device {
    Away,
    Long,
}

impl Signer for Device {
    fn sign(&self, _: &[&[u8]], signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        match self {
            Self::Away => Err(CryptoError::from_source("device gone")),
            Self::Long => {
                signature.extend([1; 65]);
                Ok(())
            }
        }
    }
}
