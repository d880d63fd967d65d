//! Payloads that are signed as they are (RFC 7797).

use super::*;

/// What no base64url has, and text has.
const OCTETS: [&[u8]; 9] = [
    b"",
    b".",
    b"..",
    b"\0",
    b"a\r\nb\n",
    b"$.02",
    "\u{1F980} \u{E9}".as_bytes(),
    b"\xFF\xFE\x80",
    b"\"\\/\x08\x1F\x7F",
];

fn signed(payload: &[u8], subject: &Subject) -> Jws {
    let mut jws = Jws::unencoded(payload);
    jws.sign(&signer(S::HS256, subject)).unwrap();
    jws
}

fn protected(jws: &Jws) -> Header {
    jws.signatures().next().unwrap().unwrap().protected().clone()
}

/// `crit` has `b64` once, beside whatever else the caller has in it.
pub fn an_unencoded_payload_is_named_critical_once(subject: &Subject) {
    let key = signer(S::HS256, subject);
    let own = || key.header().with("x", 1).unwrap();
    for (header, crit) in [
        (key.header(), &["b64"][..]),
        (Header::new(), &["b64"]),
        (own(), &["b64"]),
        (own().with_crit(["x"]), &["x", "b64"]),
        (given(r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#), &["b64"]),
        (given(r#"{"alg":"HS256","b64":false}"#), &["b64"]),
        (given(r#"{"crit":["b64","x"],"b64":false,"x":1,"alg":"HS256"}"#), &["b64", "x"]),
        // The name is there already, and the parameter comes with the payload.
        (own().with_crit(["b64", "x"]), &["b64", "x"]),
    ] {
        let mut jws = Jws::unencoded("unencoded");
        jws.sign_with(&header, &Header::new(), &key).unwrap();
        let written = protected(&Jws::parse(jws.to_compact().unwrap()).unwrap());
        assert_eq!(written.b64(), Some(false));
        assert_eq!(written.crit().unwrap(), crit);
        let mut stream = SigningStream::unencoded();
        stream.sign_with(&header, &Header::new(), &key).unwrap();
        assert_eq!(protected(&stream.finish().unwrap()), written);
        let policy = Policy::new().understands("x");
        let verified = jws.verify_with(&trusted(S::HS256, subject), &policy).unwrap();
        assert_eq!(verified.content(), b"unencoded");
    }
}

/// What breaks a rule of `crit` is not mended by `b64`.
pub fn an_unencoded_payload_excuses_no_other_crit(subject: &Subject) {
    let key = signer(S::HS256, subject);
    let x = || key.header().with("x", 1).unwrap();
    for (header, expected) in [
        (x().with_crit(["y"]), Critical::Absent("y".into())),
        (x().with_crit(["x", "x"]), Critical::Duplicate("x".into())),
        (x().with_crit(["b64", "b64"]), Critical::Duplicate("b64".into())),
        (x().with_crit(["kid"]), Critical::Registered("kid")),
    ] {
        let refused = Jws::unencoded("a").sign_with(&header, &Header::new(), &key).map(drop);
        let Err(SignError::Critical(critical)) = refused else { panic!("{refused:?}") };
        assert_eq!(critical, expected);
    }
}

/// An encoded payload is not named at all: neither `b64` nor `crit` are written.
pub fn an_encoded_payload_is_not_named(subject: &Subject) {
    for alg in subject.algorithms() {
        let mut jws = Jws::new(PAYLOAD);
        jws.sign(&signer(alg, subject)).unwrap();
        let header = protected(&jws);
        assert_eq!((header.b64(), header.crit()), (None, None), "{alg}");
    }
}

/// A header that says otherwise than the payload is not signed.
pub fn a_header_that_contradicts_its_payload_is_not_signed(subject: &Subject) {
    let key = signer(S::HS256, subject);
    let unencoded = given(r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#);
    let encoded = given(r#"{"alg":"HS256","b64":true,"crit":["b64"]}"#);
    let nothing = Header::new();
    let mut streams = [SigningStream::new(), SigningStream::unencoded()];
    for refused in [
        Jws::new("a").sign_with(&unencoded, &nothing, &key).map(drop),
        Jws::unencoded("a").sign_with(&encoded, &nothing, &key).map(drop),
        Jws::new("a").unsigned(S::HS256, &unencoded, &nothing).map(drop),
        Jws::unencoded("a").unsigned(S::HS256, &encoded, &nothing).map(drop),
        jws::sign_with_header(&unencoded, b"a", &key).map(drop),
        Unsigned::with_header(S::HS256, &unencoded, b"a").map(drop),
        streams[0].sign_with(&unencoded, &nothing, &key).map(drop),
        streams[1].sign_with(&encoded, &nothing, &key).map(drop),
    ] {
        let refused = refused.unwrap_err();
        assert_eq!(refused.code(), "ERR_JWS_B64_INCONSISTENT");
        let SignError::Header(error) = refused else { panic!("{refused:?}") };
        assert_eq!(error.rule(), Rule::Inconsistent { member: "b64" });
    }
}

/// RFC 7797 §3: what is signed is the header in base64url, a dot, and the octets as they are.
pub fn octets_are_signed_as_they_are(subject: &Subject) {
    for payload in OCTETS {
        let mut jws = signed(payload, subject);
        let protected = jws.detach().to_compact().unwrap();
        let input = [protected.split('.').next().unwrap().as_bytes(), b".", payload].concat();
        let header = SigningKey::header(&signer(S::HS256, subject));
        let unsigned = jws.unsigned(S::HS256, &header, &Header::new()).unwrap();
        assert_eq!(unsigned.signing_input(), input);
    }
    for (alg, payload) in subject.algorithms().flat_map(|alg| OCTETS.map(|octets| (alg, octets))) {
        let mut jws = Jws::unencoded(payload);
        jws.sign(&signer(alg, subject)).unwrap().detach();
        for text in [jws.to_compact(), jws.to_flattened(), jws.to_general()] {
            let given = Jws::parse(text.unwrap()).unwrap().with_payload(payload).unwrap();
            let verified = given.verify(&trusted(alg, subject)).unwrap();
            assert_eq!(verified.content(), payload, "{alg}");
        }
    }
}

/// RFC 7797 §5.2: between the dots of a token stands printable ASCII without dots, in either
/// direction.
pub fn an_unencoded_payload_in_compact_form_is_printable_ascii(subject: &Subject) {
    let keys = trusted(S::HS256, subject);
    for good in ["$5", "{\"a\": \"b\"}", " ", "~!@#%^&*()_+-=[]|\\:;'<>,?/`", "a b"] {
        let token = signed(good.as_bytes(), subject).to_compact().unwrap();
        assert_eq!(token.split('.').nth(1), Some(good));
        assert_eq!(jws::verify(&token, &keys).unwrap().content(), good.as_bytes());
        assert_eq!(Jws::parse(&token).unwrap().verify(&keys).unwrap().content(), good.as_bytes());
    }
    let printable = |octet: &u8| (b' '..=b'~').contains(octet) && *octet != b'.';
    let mut bad: Vec<Vec<u8>> = (0..=255_u8)
        .filter(|octet| !printable(octet))
        .map(|octet| vec![b'a', octet, b'b'])
        .collect();
    bad.extend(["\u{E9}", "\u{1F980}", "\u{A0}", "\u{200B}", "a.b", "."].map(Into::into));
    for bad in bad {
        let mut jws = signed(&bad, subject);
        let refused = jws.to_compact().unwrap_err();
        assert_eq!(refused, SerializationError::Payload, "{bad:?}");
        assert_eq!(refused.code(), "ERR_JWS_INVALID_SERIALIZATION");
        let header = signer(S::HS256, subject).header();
        let unsigned = jws.unsigned(S::HS256, &header, &Header::new()).unwrap();
        let attached = unsigned.attach(&[1; 32]).unwrap_err();
        let payload = matches!(attached, SignError::Serialization(SerializationError::Payload));
        assert!(payload, "{attached:?}");
        assert_eq!(attached.code(), "ERR_JWS_INVALID_SERIALIZATION");
        // The same, written by somebody who does not look.
        let token = jws.detach().to_compact().unwrap();
        let Ok(text) = core::str::from_utf8(&bad) else { continue };
        let token = token.replacen("..", &format!(".{text}."), 1);
        let wrong = Rule::Value { member: "payload", expected: "printable ASCII without dots" };
        let wrong = if text.contains('.') { Rule::Segments { expected: 3 } } else { wrong };
        for refused in [Unverified::parse(&token).map(drop), Jws::parse(&token).map(drop)] {
            let refused = refused.unwrap_err();
            assert_eq!(
                (refused.subject(), refused.rule()),
                (error::Subject::Jws, wrong),
                "{bad:?}"
            );
        }
    }
}

/// JSON carries any text, and what it escapes is signed as it was.
pub fn an_unencoded_payload_in_json_is_any_text(subject: &Subject) {
    let keys = trusted(S::HS256, subject);
    let every: String =
        (0..0x100_u32).chain([0x2028, 0xFEFF, 0x1F980]).filter_map(char::from_u32).collect();
    for payload in OCTETS.into_iter().chain([every.as_bytes()]) {
        let jws = signed(payload, subject);
        let Ok(text) = core::str::from_utf8(payload) else {
            for refused in [jws.to_flattened(), jws.to_general(), jws.to_compact()] {
                assert_eq!(refused, Err(SerializationError::Payload));
            }
            continue;
        };
        for json in [jws.to_flattened().unwrap(), jws.to_general().unwrap()] {
            assert_eq!(value(&json)["payload"], text);
            let verified = Jws::parse(&json).unwrap().verify(&keys).unwrap();
            assert_eq!(verified.content(), payload);
            // Other escapes for the same text are the same payload.
            let escaped: Vec<_> =
                text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            let escaped = escaped.concat();
            let written = serde_json::to_string(text).unwrap();
            let other = json
                .replace(&format!("\"payload\":{written}"), &format!("\"payload\":\"{escaped}\""));
            assert_eq!(Jws::parse(&other).unwrap().verify(&keys).unwrap().content(), payload);
            let mut another = value(&json);
            another["payload"] = format!("{text} ").into();
            assert_invalid(Jws::parse(another.to_string()).unwrap().verify(&keys));
        }
    }
}

/// One JWS has its payload in one form, whoever signs it.
pub fn every_signature_of_an_unencoded_payload_says_so(subject: &Subject) {
    let algs = three(subject);
    let keys: VerifyingKeys = algs.iter().map(|alg| verifier(*alg, subject)).collect();
    let mut jws = Jws::unencoded("an \"unencoded\" payload.");
    for alg in &algs {
        let read = jws.signatures().count();
        jws.sign(&signer(*alg, subject)).unwrap();
        jws = Jws::parse(jws.to_general().unwrap()).unwrap();
        assert_eq!(jws.signatures().count(), read + 1);
    }
    for signature in jws.signatures() {
        assert_eq!(signature.unwrap().protected().b64(), Some(false));
    }
    let all = Policy::new().require(Required::All);
    assert_eq!(jws.verify_with(&keys, &all).unwrap().signatures().count(), algs.len());
}

/// What fits between dots may be signed elsewhere, and makes the same token.
pub fn an_unencoded_payload_signed_elsewhere_is_attached(subject: &Subject) {
    let key = signer(S::HS256, subject);
    for payload in ["$02", "a", "{}"] {
        let mut own = Jws::unencoded(payload);
        own.sign(&key).unwrap();
        let token = own.to_compact().unwrap();
        let header = key.header();
        let unsigned = Jws::unencoded(payload).unsigned(S::HS256, &header, &Header::new());
        let attached = unsigned.unwrap().attach(&signature_of(&token)).unwrap();
        assert_eq!(attached, token);
        assert!(jws::verify(&attached, &trusted(S::HS256, subject)).is_ok(), "{payload}");
    }
}
