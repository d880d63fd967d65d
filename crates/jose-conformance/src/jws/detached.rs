//! Payloads that are elsewhere (RFC 7515 appendix F, RFC 7797 §5).

use super::*;

const CARRIED: Rule = Rule::Value { member: "payload", expected: "absent if given apart" };

fn over(payload: &[u8], encoded: bool) -> Jws {
    if encoded { Jws::new(payload) } else { Jws::unencoded(payload) }
}

fn text_of(octets: &[u8]) -> String {
    core::str::from_utf8(octets).unwrap().into()
}

/// What is written of a detached JWS, in every serialization it fits.
fn written(jws: &Jws) -> Vec<String> {
    let texts = [jws.to_compact(), jws.to_flattened(), jws.to_general()];
    texts.into_iter().filter_map(Result::ok).collect()
}

/// A payload that was left out verifies when it is given, and no other does.
pub fn a_detached_payload_is_given_apart(subject: &Subject) {
    let payloads: [&[u8]; 4] = [b"", PAYLOAD, b"\0\xFF.\n\x80", &[b'.'; 1000]];
    for alg in subject.algorithms() {
        let (key, keys) = (signer(alg, subject), trusted(alg, subject));
        for (encoded, payload) in
            [true, false].into_iter().flat_map(|encoded| payloads.map(|payload| (encoded, payload)))
        {
            let mut jws = over(payload, encoded);
            let texts = written(jws.sign(&key).unwrap().detach());
            assert_eq!(texts.len(), 3);
            assert_eq!(texts[0].split('.').nth(1), Some(""));
            for text in &texts {
                let given =
                    |payload: &[u8]| Jws::parse(text).unwrap().with_payload(payload).unwrap();
                let verified = given(payload).verify(&keys).unwrap();
                assert_eq!(verified.content(), payload, "{alg}");
                assert_invalid(given(b"another").verify(&keys));
                assert_invalid(given(&[payload, b" "].concat()).verify(&keys));
                let spelled = base64url::encode(payload);
                if !payload.is_empty() {
                    assert_invalid(given(b"").verify(&keys));
                    assert_invalid(given(spelled.as_bytes()).verify(&keys));
                }
            }
            for text in &texts[1..] {
                assert_eq!(value(text).get("payload"), None);
                let jws = Jws::parse(text).unwrap();
                let signature = jws.signatures().next().unwrap().unwrap();
                for refused in [jws.verify(&keys), signature.verify(&keys)] {
                    let Err(jws::Error::Parse(error)) = refused else { panic!("{refused:?}") };
                    assert_eq!(error.subject(), error::Subject::JwsJson);
                    assert_eq!(error.rule(), Rule::Missing { member: "payload" });
                }
            }
        }
    }
}

/// In compact form a payload that is not given is an empty one, which was not signed.
pub fn a_detached_compact_token_alone_is_refused(subject: &Subject) {
    for alg in subject.algorithms() {
        let mut jws = Jws::new(PAYLOAD);
        let token = jws.sign(&signer(alg, subject)).unwrap().detach().to_compact().unwrap();
        let keys = trusted(alg, subject);
        assert_invalid(jws::verify(&token, &keys));
        assert_invalid(Jws::parse(&token).unwrap().verify(&keys));
    }
}

/// Of two payloads nobody could say which was signed, though they are the same.
pub fn a_payload_is_not_given_twice(subject: &Subject) {
    let key = signer(S::HS256, subject);
    for encoded in [true, false] {
        let mut jws = over(PAYLOAD, encoded);
        jws.sign(&key).unwrap();
        let mut texts = vec![jws.to_flattened().unwrap(), jws.to_general().unwrap()];
        if encoded {
            texts.push(jws.to_compact().unwrap());
        }
        // An empty payload in JSON is there.
        let mut empty = over(b"", encoded);
        empty.sign(&key).unwrap();
        texts.extend([empty.to_flattened().unwrap(), empty.to_general().unwrap()]);
        for text in texts {
            for payload in [PAYLOAD, b"", b"another"] {
                let refused = Jws::parse(&text).unwrap().with_payload(payload).unwrap_err();
                assert_eq!((refused.subject(), refused.rule()), (error::Subject::Jws, CARRIED));
                assert_eq!(refused.code(), "ERR_JWS_INVALID");
            }
        }
        for text in written(jws.detach()) {
            for payload in [PAYLOAD, b""] {
                let mut given = Jws::parse(&text).unwrap().with_payload(payload).unwrap();
                let refused = given.clone().with_payload(PAYLOAD).unwrap_err();
                assert_eq!(refused.rule(), CARRIED);
                // Left out again it is still known.
                given.detach();
                assert_eq!(given.with_payload(PAYLOAD).unwrap_err().rule(), CARRIED);
            }
        }
    }
}

/// A detached JWS is read, given its payload, signed again and written again, still detached.
pub fn a_detached_jws_can_be_signed_again(subject: &Subject) {
    let algs = three(subject);
    let keys: VerifyingKeys = algs.iter().map(|alg| verifier(*alg, subject)).collect();
    for encoded in [true, false] {
        let mut jws = over(PAYLOAD, encoded);
        let mut text = jws.sign(&signer(algs[0], subject)).unwrap().detach().to_compact().unwrap();
        for alg in &algs[1..] {
            let mut jws = Jws::parse(&text).unwrap().with_payload(PAYLOAD).unwrap();
            jws.sign(&signer(*alg, subject)).unwrap();
            // What was brought back is written, unless it is left out again.
            let whole = value(&jws.to_general().unwrap());
            let written = if encoded { base64url::encode(PAYLOAD) } else { text_of(PAYLOAD) };
            assert_eq!(whole["payload"], written);
            text = jws.detach().to_general().unwrap();
            assert_eq!(value(&text).get("payload"), None);
        }
        let all = Policy::new().require(Required::All);
        let jws = Jws::parse(&text).unwrap().with_payload(PAYLOAD).unwrap();
        let verified = jws.verify_with(&keys, &all).unwrap();
        assert_eq!(verified.signatures().count(), algs.len());
        let verified = Jws::parse(&text).unwrap().with_payload("another").unwrap();
        assert!(matches!(refused(verified.verify_with(&keys, &all)), VerifyError::Unmet(_)));
    }
}

/// What is elsewhere cannot be signed.
pub fn a_payload_that_is_elsewhere_is_not_signed(subject: &Subject) {
    let key = signer(S::HS256, subject);
    let mut jws = Jws::new(PAYLOAD);
    let text = jws.sign(&key).unwrap().detach().to_general().unwrap();
    let unsigned = jws.unsigned(S::HS256, &key.header(), &Header::new()).unwrap();
    let mut read = Jws::parse(text).unwrap();
    for refused in [
        read.sign(&key).map(drop),
        read.unsigned(S::HS256, &key.header(), &Header::new()).map(drop),
        read.attach(unsigned, &[1; 32]).map(drop),
    ] {
        let refused = refused.unwrap_err();
        assert!(matches!(refused, SignError::NoPayload), "{refused:?}");
        assert_eq!(refused.code(), "ERR_JWS_INVALID");
    }
    assert_eq!(read.signatures().count(), 1);
}
