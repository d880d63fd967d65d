//! The serializations: told apart, read alike and converted (RFC 7515 §7).

use super::*;

/// One token in every form, and the payload apart where it can be: all say the same.
pub fn what_is_signed_verifies_in_every_form(subject: &Subject) {
    for alg in subject.algorithms() {
        let (key, keys) = (signer(alg, subject), trusted(alg, subject));
        let token = sign(alg, subject);
        let jws = Jws::parse(&token).unwrap();
        let mut made = Jws::new(PAYLOAD);
        made.sign(&key).unwrap();
        let texts = [
            token,
            jws.to_compact().unwrap(),
            jws.to_flattened().unwrap(),
            jws.to_general().unwrap(),
            made.to_compact().unwrap(),
            made.to_flattened().unwrap(),
            made.to_general().unwrap(),
        ];
        let check = |verified: Result<Verified<Vec<u8>>, jws::Error>| {
            let verified = verified.unwrap();
            assert_eq!(verified.content(), PAYLOAD, "{alg}");
            assert_eq!(verified.protected(), &key.header(), "{alg}");
            assert_eq!(verified.key_id(), key.kid(), "{alg}");
            assert_eq!(verified.alg(), verifier(alg, subject).alg());
            let [signature] = verified.signatures().collect::<Vec<_>>()[..] else { panic!() };
            assert_eq!((signature.index(), signature.unprotected()), (0, None));
        };
        for text in texts {
            let mut jws = Jws::parse(&text).unwrap();
            check(jws.verify(&keys));
            check(jws.verify(&verifier(alg, subject)));
            check(jws.verify(&(&keys as &dyn KeyResolver)));
            check(jws.check(&keys, &Policy::new()).unwrap().into_verified());
            for signature in jws.signatures() {
                check(signature.unwrap().verify(&keys));
            }
            jws.detach();
            for text in [jws.to_flattened(), jws.to_general(), jws.to_compact()] {
                check(
                    Jws::parse(text.unwrap()).unwrap().with_payload(PAYLOAD).unwrap().verify(&keys),
                );
            }
        }
    }
}

/// A serialization is told by its structure, whatever stands in it.
pub fn a_serialization_is_told_by_its_structure(subject: &Subject) {
    let key = signer(S::HS256, subject);
    let mut signed = vec![Jws::new(PAYLOAD), Jws::new(""), Jws::unencoded("unencoded")];
    for jsonlike in [
        "{}",
        r#"{"signatures":[]}"#,
        r#"{"payload":"AA","signature":"AA"}"#,
        r#" {"payload":"AA","signatures":[{}]} "#,
    ] {
        signed.extend([Jws::new(jsonlike), Jws::unencoded(jsonlike)]);
    }
    for jws in &mut signed {
        jws.sign(&key).unwrap();
        let mut detached = jws.clone();
        detached.detach();
        for jws in [jws, &mut detached] {
            let compact = jws.to_compact().unwrap();
            assert_eq!(Serialization::detect(&compact).unwrap(), Serialization::Compact);
            for (text, expected) in [
                (jws.to_flattened().unwrap(), Serialization::Flattened),
                (jws.to_general().unwrap(), Serialization::General),
            ] {
                let escaped = text.replace("signature", "\\u0073ignature");
                for text in [
                    format!(" \t\r\n{text}\n "),
                    escaped.replace("payload", "p\\u0061yload"),
                    text.replacen('{', "{ \"x\" : {\"signatures\":[]} , ", 1),
                    text,
                ] {
                    assert_eq!(Serialization::detect(&text).unwrap(), expected, "{text}");
                    let jws = Jws::parse(&text).unwrap();
                    assert_eq!(jws.signatures().count(), 1, "{text}");
                }
            }
        }
    }
    // White space around a compact token is no part of it, and nobody's to take off.
    let compact = sign(S::HS256, subject);
    for text in [format!(" {compact}"), format!("{compact}\n")] {
        assert_eq!(Serialization::detect(&text).unwrap(), Serialization::Compact);
        assert_eq!(Jws::parse(&text).unwrap_err().rule(), Rule::Base64url);
    }
}

/// What JSON something else has parsed says is what its text says.
pub fn json_that_is_parsed_already_reads_alike(subject: &Subject) {
    for alg in three(subject) {
        let jws = Jws::parse(sign(alg, subject)).unwrap();
        for text in [jws.to_flattened().unwrap(), jws.to_general().unwrap()] {
            let from_value = Jws::from_value(&value(&text)).unwrap();
            assert_eq!(value(&from_value.to_general().unwrap()), value(&jws.to_general().unwrap()));
            assert!(from_value.verify(&trusted(alg, subject)).is_ok());
            let from_str: Jws = text.parse().unwrap();
            assert_eq!(from_str.to_flattened().unwrap(), jws.to_flattened().unwrap());
        }
    }
    for (other, rule) in [
        (json!(null), Rule::NotAnObject),
        (json!([]), Rule::NotAnObject),
        (json!("a.b.c"), Rule::NotAnObject),
        (json!({}), Rule::Missing { member: "signatures" }),
    ] {
        let refused = Jws::from_value(&other).unwrap_err();
        assert_eq!((refused.subject(), refused.rule()), (error::Subject::JwsJson, rule));
    }
}

/// From one serialization to another and back, nothing is lost and nothing is added.
pub fn conversions_lose_nothing(subject: &Subject) {
    let key = signer(S::HS256, subject);
    let protected = |json: &str| Jws::parse(format!("{}.AA.", base64url::encode(json.as_bytes())));
    let odd = r#"{ "x":1.0, "alg" : "HS\u003256", "y":"\/", "kid":"a" }"#;
    assert!(protected(odd).is_ok());
    let mut compact = vec![sign(S::HS256, subject)];
    for payload in ["A", "{\"sub\":\"joe\"}", "\u{1F980}", "\0"] {
        compact.push(Jws::new(payload).sign(&key).unwrap().to_compact().unwrap());
    }
    compact.push(Jws::unencoded("$5 {\"a\":\"\\\"}").sign(&key).unwrap().to_compact().unwrap());
    compact.push(format!("{}.AA.AA", base64url::encode(odd.as_bytes())));
    compact.push(format!("{}.AA.", base64url::encode(odd.as_bytes())));
    for own in compact {
        let read = |text: &str| Jws::parse(text).unwrap();
        let flattened = read(&own).to_flattened().unwrap();
        let general = read(&own).to_general().unwrap();
        for text in [&own, &flattened, &general] {
            assert_eq!(read(text).to_compact().unwrap(), own);
            assert_eq!(read(text).to_flattened().unwrap(), flattened);
            assert_eq!(read(text).to_general().unwrap(), general);
        }
        assert_eq!(value(&general)["payload"], value(&flattened)["payload"]);
        assert_eq!(value(&general)["signatures"][0]["protected"], value(&flattened)["protected"]);
    }
    // Text and order of what has no meaning here, and of the unprotected header, stay as they are.
    let odd = r#"{"payload":"AA","protected":"eyJhbGciOiJIUzI1NiJ9","header":{ "b" : 1.0,"a":"\u0041"},"signature":"AA","z":[ ],"a b":1e2}"#;
    let moved = r#"{"payload":"AA","signatures":[{"protected":"eyJhbGciOiJIUzI1NiJ9","header":{ "b" : 1.0,"a":"\u0041"},"signature":"AA"}],"z":[ ],"a b":1e2}"#;
    let jws = Jws::parse(odd).unwrap();
    assert_eq!(jws.to_flattened().unwrap(), odd);
    assert_eq!(jws.to_general().unwrap(), moved);
    let jws = Jws::parse(moved).unwrap();
    assert_eq!(jws.to_flattened().unwrap(), odd);
    assert_eq!(jws.to_general().unwrap(), moved);
}

/// What a serialization has no place for is an error and never left out.
pub fn a_conversion_that_would_lose_something_is_refused(subject: &Subject) {
    let key = signer(S::HS256, subject);
    let every = |jws: &Jws| [jws.to_compact(), jws.to_flattened(), jws.to_general()];
    let none = SerializationError::Signatures { count: 0 };
    assert_eq!(every(&Jws::new(PAYLOAD)), [Err(none), Err(none), Err(none)]);
    let mut two = Jws::new(PAYLOAD);
    two.sign(&key).unwrap().sign(&key).unwrap();
    let count = SerializationError::Signatures { count: 2 };
    assert_eq!((two.to_compact(), two.to_flattened()), (Err(count), Err(count)));
    assert!(two.to_general().is_ok());
    let mut unprotected = Jws::new(PAYLOAD);
    unprotected.sign_with(&key.header(), &given(r#"{"alg":"HS256"}"#), &key).unwrap_err();
    let x = Header::new().with("x", 1).unwrap();
    unprotected.sign_with(&key.header(), &x, &key).unwrap();
    assert_eq!(unprotected.to_compact(), Err(SerializationError::UnprotectedHeader));
    assert!(unprotected.to_flattened().is_ok() && unprotected.to_general().is_ok());
    let entry = r#""protected":"eyJhbGciOiJIUzI1NiJ9","signature":"AA""#;
    for (json, flattened) in [
        (format!("{{\"payload\":\"AA\",{entry},\"x\":1}}"), true),
        (format!("{{\"payload\":\"AA\",\"signatures\":[{{{entry}}}],\"x\":1}}"), true),
        (format!("{{\"payload\":\"AA\",\"signatures\":[{{{entry},\"x\":1}}]}}"), true),
        // Beside the payload these would mean something, or stand twice.
        (format!("{{\"payload\":\"AA\",\"signatures\":[{{{entry},\"payload\":\"BB\"}}]}}"), false),
        (format!("{{\"payload\":\"AA\",\"signatures\":[{{{entry},\"signatures\":[]}}]}}"), false),
        (format!("{{\"payload\":\"AA\",\"signatures\":[{{{entry},\"ciphertext\":\"\"}}]}}"), false),
        (format!("{{\"signatures\":[{{{entry},\"payload\":\"BB\"}}]}}"), false),
        (
            format!("{{\"payload\":\"AA\",\"signatures\":[{{{entry},\"x\":1}}],\"\\u0078\":2}}"),
            false,
        ),
    ] {
        let jws = Jws::parse(&json).unwrap();
        assert_eq!(jws.to_compact(), Err(SerializationError::OtherMembers), "{json}");
        match jws.to_flattened() {
            Ok(text) => {
                assert!(flattened, "{json}");
                assert_eq!(value(&text)["x"], 1);
                assert_eq!(Jws::parse(text).unwrap().signatures().count(), 1);
            }
            Err(error) => {
                assert!(!flattened, "{json}");
                assert_eq!(error, SerializationError::OtherMembers);
                assert_eq!(error.code(), "ERR_JWS_INVALID_SERIALIZATION");
            }
        }
        assert!(jws.to_general().is_ok(), "{json}");
    }
}

/// In compact form nothing tells an empty payload from one that is elsewhere (RFC 7515 appendix F):
/// it verifies as the one, and is nothing until the caller says which.
pub fn an_empty_payload_in_compact_form_may_be_elsewhere(subject: &Subject) {
    let (key, keys) = (signer(S::HS256, subject), trusted(S::HS256, subject));
    let mut jws = Jws::new("");
    jws.sign(&key).unwrap();
    for text in [jws.to_flattened().unwrap(), jws.to_general().unwrap()] {
        assert_eq!(value(&text)["payload"], "");
        assert_eq!(Jws::parse(text).unwrap().verify(&keys).unwrap().content(), b"");
    }
    let compact = jws.to_compact().unwrap();
    let mut read = Jws::parse(&compact).unwrap();
    assert_eq!(jws::verify(&compact, &keys).unwrap().content(), b"");
    assert_eq!(read.verify(&keys).unwrap().content(), b"");
    let signature = read.signatures().next().unwrap().unwrap();
    assert_eq!(signature.verify(&keys).unwrap().content(), b"");
    assert_eq!(read.to_compact().unwrap(), compact);
    let unknown = SerializationError::NoPayload;
    assert_eq!((read.to_flattened(), read.to_general()), (Err(unknown), Err(unknown)));
    assert_eq!(unknown.code(), "ERR_JWS_INVALID_SERIALIZATION");
    assert!(matches!(read.sign(&key), Err(SignError::NoPayload)));
    let given = read.clone().with_payload("").unwrap();
    assert_eq!(given.to_general(), jws.to_general());
    assert_eq!(given.verify(&keys).unwrap().content(), b"");
    let detached = read.detach().to_flattened().unwrap();
    assert_eq!(value(&detached).get("payload"), None);
    assert_eq!(read.verify(&keys).unwrap_err().code(), "ERR_JWS_INVALID_SERIALIZATION");
    let restored = Jws::parse(detached).unwrap().with_payload("").unwrap();
    assert_eq!(restored.verify(&keys).unwrap().content(), b"");
}

/// `Debug` shows no payload and no signature.
pub fn a_jws_does_not_show_its_payload(subject: &Subject) {
    let marker = "correct-horse-battery-staple";
    let encoded = base64url::encode(marker.as_bytes());
    for mut jws in [Jws::new(marker), Jws::unencoded(marker)] {
        jws.sign(&signer(S::HS256, subject)).unwrap();
        let keys = trusted(S::HS256, subject);
        let outcomes = jws.check(&keys, &Policy::new()).unwrap();
        let signature = jws.signatures().next().unwrap().unwrap();
        let compact = jws.to_compact().unwrap();
        let mac = compact.rsplit_once('.').unwrap().1;
        for shown in [format!("{jws:?}"), format!("{outcomes:?}"), format!("{signature:?}")] {
            for secret in [marker, &encoded, mac] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
    }
}

/// The longest header that is read is signed, protected or not, and none that is longer.
pub fn a_header_of_the_greatest_length_is_signed(subject: &Subject) {
    let key = signer(S::HS256, subject);
    let limit = Limits::DEFAULT.header;
    let padded = |len: usize| {
        let pad = |len: usize| Header::new().with("pad", "a".repeat(len)).unwrap();
        let bare = r#"{"pad":"","alg":"HS256"}"#.len();
        (pad(len - bare), pad(len - r#"{"pad":""}"#.len()))
    };
    let sign = |protected: &Header, unprotected: &Header| {
        let mut jws = Jws::new(PAYLOAD);
        jws.sign_with(protected, unprotected, &key)?;
        Ok(jws.to_flattened().unwrap())
    };
    let ((inside, outside), nothing) = (padded(limit), Header::new());
    for json in [sign(&inside, &nothing), sign(&nothing, &outside)] {
        let jws = Jws::parse(json.unwrap()).unwrap();
        assert!(jws.verify(&trusted(S::HS256, subject)).is_ok());
    }
    let (inside, outside) = padded(limit + 1);
    for refused in [sign(&inside, &nothing), sign(&nothing, &outside)] {
        let Err(SignError::Header(error)) = refused else { panic!("signed") };
        assert_eq!(error.rule(), Rule::TooLong { limit });
    }
}

/// An error says what did not work, and its source why; one that stands for another says what that says.
pub fn errors_of_signatures_say_what_and_why(_: &Subject) {
    use core::error::Error;
    use jose_core::jws::{RingError, SerializationError as Form};
    fn says(error: &dyn Error, what: &str, why: Option<&dyn Error>) {
        assert_eq!(error.to_string(), what);
        let source = error.source().map(ToString::to_string);
        assert_eq!(source, why.map(ToString::to_string), "{what}");
    }
    let parse = Jws::parse("").unwrap_err();
    let key = KeyError::Unavailable(CryptoError::from_source("device gone"));
    let device = CryptoError::from_source("device gone");
    says(&Form::Malformed(parse), "its only signature cannot be read", Some(&parse));
    says(&Form::NoPayload, "its payload is empty or elsewhere", None);
    says(&Form::OtherMembers, "it has members that would be lost", None);
    says(&Form::Payload, "its payload can only be carried detached", None);
    says(&Form::Signatures { count: 2 }, "it has 2 signatures", None);
    says(&Form::UnprotectedHeader, "its unprotected header would be lost", None);
    let active = "the key that signs cannot be dropped: rotate to another first";
    says(&RingError::Active, active, None);
    says(&RingError::DuplicateKey, "the key is in the ring under another name", None);
    says(&RingError::DuplicateKid, "another key in the ring has this `kid`", None);
    says(&RingError::Key(key.clone()), &key.to_string(), key.source());
    says(&RingError::MissingKid, "a key in a ring has to have a `kid`", None);
    says(&RingError::NotAnnounced, "the key signs already, or is retiring", None);
    says(&RingError::NotOneActive, "exactly one key of a ring is active", None);
    says(&RingError::UnknownKid, "no key in the ring has this `kid`", None);
    says(&SignError::Header(parse), "no verifier would take this header", Some(&parse));
    says(&SignError::Key(key.clone()), "the header contradicts the key", Some(&key));
    says(&SignError::Length, "not a signature of this algorithm", None);
    says(&SignError::NoPayload, "the payload is not there to be signed", None);
    let stream = "this Ed25519 key needs the whole payload at once";
    says(&SignError::NoStream(S::Ed25519), stream, None);
    let form = "what was signed cannot be written so";
    says(&SignError::Serialization(Form::Payload), form, Some(&Form::Payload));
    let unavailable = "the token could not be signed";
    says(&SignError::Unavailable(device.clone()), unavailable, Some(&device));
    let (verify, refused) = (|| VerifyError::InvalidSignature, "the token was not accepted");
    says(&jws::Error::Parse(parse), "not a well-formed token", Some(&parse));
    says(&jws::Error::Verify(verify()), refused, Some(&verify()));
}
