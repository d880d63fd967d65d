//! JSON that is not quite a JWS, or more than one (RFC 7515 §7.2, RFC 7797 §3).

use jose_core::jws::Serialization;

use super::*;

/// A JWS has a non-empty array of signatures, or one signature.
pub fn a_jws_has_at_least_one_signature(_subject: &Subject) {
    let wrong = Rule::Type { member: "signatures", expected: "a non-empty array" };
    for signatures in ["[]", "[ ]", "null", "5", "true", "{}", r#""AA""#, r#"{"0":{}}"#] {
        let json = format!("{{\"payload\":\"AA\",\"signatures\":{signatures}}}");
        assert_eq!(broken(&json), outside(wrong), "{json}");
    }
    let missing = Rule::Missing { member: "signatures" };
    for json in [
        "{}",
        r#"{"payload":"AA"}"#,
        r#"{"payload":"AA","protected":"e30"}"#,
        r#"{"Signature":""}"#,
    ] {
        assert_eq!(broken(json), outside(missing), "{json}");
        assert_eq!(kind(Serialization::detect(json).unwrap_err()), outside(missing), "{json}");
    }
    let missing = Rule::Missing { member: "signature" };
    for json in [r#"{"signatures":[{}]}"#, r#"{"signatures":[{"protected":"e30"}]}"#] {
        assert_eq!(broken(json), inside(missing), "{json}");
    }
}

/// A payload that is not there is elsewhere, and not empty.
pub fn an_absent_payload_is_not_an_empty_one(subject: &Subject) {
    let (key, missing) = (trusted(subject), Rule::Missing { member: "payload" });
    let token = forge(subject).seal_both(HEADER, b"");
    for mut json in [flattened(&token), general(&token)] {
        assert_eq!(Jws::parse(json.to_string()).unwrap().verify(&key).unwrap().content(), b"");
        json.as_object_mut().unwrap().remove("payload");
        let jws = Jws::parse(json.to_string()).unwrap();
        let refused = jws.check(&key, &Policy::new()).unwrap_err();
        assert_eq!(kind(refused), outside(missing));
        for refused in [jws.verify(&key), jws.verify_with(&key, &Policy::new())] {
            let Err(jws::Error::Parse(error)) = refused else { panic!("{refused:?}") };
            assert_eq!(kind(error), outside(missing));
        }
    }
}

/// A payload is a string, and `null` is none.
pub fn a_payload_is_a_string(subject: &Subject) {
    let wrong = Rule::Type { member: "payload", expected: "a string" };
    for payload in ["null", "5", "[]", "{}", "true", r#"["AA"]"#, r#"{"sub":"joe"}"#] {
        for json in [flattened, general] {
            let mut json = json(&forge(subject).seal(HEADER));
            json["payload"] = serde_json::from_str(payload).unwrap();
            assert_eq!(broken(json.to_string()), outside(wrong), "{payload}");
        }
    }
    // Half a surrogate pair is no text.
    for half in [r#""\ud800""#, r#""\udc00\ud800""#] {
        let json = format!("{{\"payload\":{half},\"header\":{HEADER},\"signature\":\"AA\"}}");
        assert_eq!(broken(json), outside(wrong), "{half}");
    }
}

/// An object that reads as two serializations reads as neither: two readers would take two
/// signatures, or two payloads, for the one.
pub fn an_object_in_two_serializations_is_in_neither(subject: &Subject) {
    let (one, all) =
        (flattened(&forge(subject).seal(HEADER)), general(&forge(subject).seal(HEADER)));
    for (member, value) in [
        ("protected", &one["protected"]),
        ("header", &json!({"x": 1})),
        ("signature", &json!("AA")),
    ] {
        let mut both = all.clone();
        both[member] = value.clone();
        let expected = outside(Rule::Exclusive { member: "signatures", other: member });
        assert_eq!(broken(both.to_string()), expected);
        assert_eq!(kind(Serialization::detect(both.to_string()).unwrap_err()), expected);
    }
    for (mut both, member) in [(one, "signature"), (all, "signatures")] {
        both["ciphertext"] = json!("AA");
        let expected = outside(Rule::Exclusive { member, other: "ciphertext" });
        assert_eq!(broken(both.to_string()), expected);
        assert_eq!(kind(Serialization::detect(both.to_string()).unwrap_err()), expected);
    }
}

/// An encrypted token is no signed one, in any of its serializations (RFC 7516 §9).
pub fn an_encrypted_token_is_no_signed_one(_subject: &Subject) {
    let header = base64url::encode(br#"{"alg":"dir","enc":"A256GCM"}"#);
    let compact = format!("{header}..AAAA.AAAA.AAAA");
    let flattened = json!({
        "protected": header, "encrypted_key": "AAAA", "iv": "AAAA", "ciphertext": "AAAA",
        "tag": "AAAA",
    });
    let general = json!({
        "protected": header, "recipients": [{"encrypted_key": "AAAA"}], "iv": "AAAA",
        "ciphertext": "AAAA", "tag": "AAAA",
    });
    let segments = inside(Rule::Segments { expected: 3 });
    let missing = outside(Rule::Missing { member: "signatures" });
    for (text, expected) in
        [(compact, segments), (flattened.to_string(), missing), (general.to_string(), missing)]
    {
        assert_eq!(broken(&text), expected);
        assert_eq!(kind(Serialization::detect(&text).unwrap_err()), expected);
    }
}

/// A name stands once in an object: in either header, around them, and in what is ignored.
pub fn a_name_stands_once_in_an_object(subject: &Subject) {
    let one = flattened(&forge(subject).seal(HEADER)).to_string();
    let all = general(&forge(subject).seal(HEADER)).to_string();
    for text in [&one, &all] {
        for twice in [
            r#""payload":"AA""#,
            r#""p\u0061yload":"AA""#,
            r#""x":1,"x":1"#,
            r#""x":1,"\u0078":1"#,
            r#""x":{"y":1,"y":1}"#,
            r#""x":[[{"y":1,"\u0079":2}]]"#,
        ] {
            let json = format!("{{{twice},{}", &text[1..]);
            assert_eq!(broken(&json), outside(Rule::DuplicateMember), "{json}");
        }
    }
    for (text, name) in [(&one, "signature"), (&one, "protected"), (&all, "signatures")] {
        let json = format!("{{\"{name}\":\"AA\",{}", &text[1..]);
        assert_eq!(broken(&json), outside(Rule::DuplicateMember), "{json}");
    }
    let twice = base64url::encode(br#"{"alg":"HS256","x":1,"x":2}"#);
    for members in [
        format!("\"protected\":\"{twice}\",\"signature\":\"AA\""),
        r#""header":{"alg":"HS256","x":1,"x":2},"signature":"AA""#.into(),
        r#""header":{"alg":"none","\u0061lg":"HS256"},"signature":"AA""#.into(),
        r#""header":{"alg":"HS256","x":{"y":[{"z":1,"z":1}]}},"signature":"AA""#.into(),
    ] {
        let expected = inside(Rule::DuplicateMember);
        assert_eq!(broken(format!("{{\"payload\":\"AA\",{members}}}")), expected, "{members}");
        assert_eq!(broken(with_entries(subject, &[Some(&format!("{{{members}}}"))])), expected);
    }
    for members in [
        r#""header":{"alg":"HS256"},"header":{"alg":"HS256"},"signature":"AA""#,
        r#""header":{"alg":"HS256"},"signature":"AA","signature":"AA""#,
        r#""header":{"alg":"HS256"},"signature":"AA","x":{"y":1,"y":1}"#,
    ] {
        let entry = format!("{{{members}}}");
        assert_eq!(broken(with_entries(subject, &[Some(&entry)])), inside(Rule::DuplicateMember));
    }
}

/// RFC 7797 §3: a payload that is to be read in two ways says two things.
pub fn signatures_that_differ_in_b64_are_refused(subject: &Subject) {
    let entry = |header: &str| {
        let protected = base64url::encode(header.as_bytes());
        json!({"protected": protected, "signature": "AA"}).to_string()
    };
    let unencoded = entry(r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#);
    let encoded = entry(r#"{"alg":"HS256","b64":true,"crit":["b64"]}"#);
    let expected =
        (error::Subject::JwsJson, Rule::Inconsistent { member: "b64" }, "ERR_JWS_B64_INCONSISTENT");
    for entries in [
        &[None, Some(&*unencoded)][..],
        &[Some(&unencoded), None],
        &[None, Some(&encoded), Some(&unencoded)],
        &[Some("null"), Some(&unencoded), Some("null"), Some(&encoded)],
    ] {
        assert_eq!(broken(with_entries(subject, entries)), expected);
    }
    // What says nothing says true, and what cannot be read says nothing.
    let twice = entry(r#"{"alg":"HS256","b64":false,"b64":false}"#);
    // Nor has one a say that is never valid: it would be a stranger's way to have all refused.
    let unnamed = entry(r#"{"alg":"HS256","b64":false}"#);
    for entries in [
        &[None, Some(&*encoded)][..],
        &[None, Some("null")],
        &[Some(&twice), None],
        &[Some(&unnamed), None],
        &[None, Some(&unnamed)],
    ] {
        let jws = Jws::parse(with_entries(subject, entries)).unwrap();
        assert!(jws.verify(&trusted(subject)).is_ok());
    }
}

/// Every member in base64url has one spelling, and JSON adds none.
pub fn members_in_base64url_have_one_spelling(subject: &Subject) {
    let token = forge(subject).seal(r#"{"alg":"HS256","kid":"a"}"#);
    for name in ["payload", "protected", "signature"] {
        let own = flattened(&token)[name].as_str().unwrap().to_string();
        let (start, end) = own.split_at(own.len() / 2);
        for strange in ["=", "==", " ", "\n", "\r\n", "\t", "\0", "\u{A0}", "+", "/", "\u{FEFF}"] {
            for other in [
                format!("{own}{strange}"),
                format!("{strange}{own}"),
                format!("{start}{strange}{end}"),
            ] {
                let json = flattened_with(subject, HEADER, &json!({name: other}));
                assert_eq!(broken(json.to_string()), inside(Rule::Base64url), "{json}");
                let mut json = general(&token);
                let entry = if name == "payload" { &mut json } else { &mut json["signatures"][0] };
                entry[name] = other.into();
                assert_eq!(broken(json.to_string()), inside(Rule::Base64url), "{json}");
            }
        }
    }
    // Escapes are JSON's and not base64url's: they spell the same text.
    let token = forge(subject).seal(HEADER);
    let escaped = flattened(&token).to_string().replace(":\"ey", ":\"\\u0065y");
    assert!(Jws::parse(escaped).unwrap().verify(&trusted(subject)).is_ok());
}

/// As many signatures as the limit, and not one more: the JWS is refused whole.
pub fn more_signatures_than_the_limit_are_refused(subject: &Subject) {
    let key = trusted(subject);
    let jws = |entry: Option<&'static str>, count: usize| {
        let mut entries = vec![entry; count - 1];
        entries.push(None);
        with_entries(subject, &entries)
    };
    let wrong = Rule::TooMany { limit: 16 };
    for entry in [None, Some("null")] {
        assert!(Jws::parse(jws(entry, 16)).unwrap().verify(&key).is_ok());
        for count in [17, 18, 1000] {
            assert_eq!(broken(jws(entry, count)), outside(wrong), "{count}");
        }
    }
    assert_eq!(broken(with_entries(subject, &[Some("null"); 17])), outside(wrong));
    for limit in [0, 1, 2, 17, 100] {
        let mut limits = Limits::default();
        limits.signatures = limit;
        if limit > 0 {
            let good = Jws::parse_within(jws(None, limit), &limits).unwrap();
            assert_eq!(good.signatures().count(), limit);
        }
        let refused = Jws::parse_within(jws(None, limit + 1), &limits).unwrap_err();
        assert_eq!(kind(refused), outside(Rule::TooMany { limit }));
    }
}

/// No more signatures are made than are read.
pub fn no_more_signatures_are_made_than_are_read(subject: &Subject) {
    let (limit, key) = (Limits::default().signatures, keys::signer(S::HS256, subject.backend()));
    let mut jws = Jws::new(PAYLOAD);
    let unsigned = jws.unsigned(S::HS256, &key.header(), None).unwrap();
    for _ in 0..limit {
        jws.sign(&key).unwrap();
    }
    let too_many = |refused: Result<&mut Jws, SignError>| {
        let Err(SignError::Header(error)) = refused else { panic!("{refused:?}") };
        assert_eq!(kind(error), outside(Rule::TooMany { limit }));
    };
    too_many(jws.sign(&key));
    too_many(jws.attach(unsigned, &[1; 32]));
    assert_eq!(Jws::parse(jws.to_general().unwrap()).unwrap().signatures().count(), limit);
}

/// A JWS is as long as the limit, and not an octet longer, white space included.
pub fn a_jws_in_json_beyond_the_limit_is_refused(subject: &Subject) {
    let limit = Limits::default().token;
    let text = general(&forge(subject).seal(HEADER)).to_string();
    let padded = |len: usize| format!("{text}{}", " ".repeat(len - text.len()));
    assert!(Jws::parse(padded(limit)).unwrap().verify(&trusted(subject)).is_ok());
    for hostile in [padded(limit + 1), "{".repeat(10 << 20), "[".repeat(limit + 1)] {
        assert_eq!(broken(hostile), inside(Rule::TooLong { limit }));
    }
    let value = json!({"payload": "A".repeat(limit), "signatures": []});
    let refused = Jws::from_value(&value).unwrap_err();
    assert_eq!(kind(refused), inside(Rule::TooLong { limit }));
}

/// There is one object, and nothing before and after it but white space.
pub fn nothing_stands_around_the_object(subject: &Subject) {
    let text = general(&forge(subject).seal(HEADER)).to_string();
    assert!(Jws::parse(format!(" \r\n\t{text}\n")).is_ok());
    for after in ["{}", "x", ",", "]", "}", "\0", "//", "null", "\u{FEFF}", "\u{A0}"] {
        assert_eq!(broken(format!("{text}{after}")), outside(Rule::Json), "{after:?}");
    }
    assert_eq!(broken(&text[..text.len() - 1]), outside(Rule::Json));
    // What does not start with a brace is taken for a compact token, and is none.
    let segments = inside(Rule::Segments { expected: 3 });
    for other in [
        format!("\u{FEFF}{text}"),
        format!("\u{A0}{text}"),
        format!("\u{B}{text}"),
        format!("x{text}"),
        format!("[{text}]"),
        format!("\"{}\"", text.replace('"', "\\\"")),
        "[]".into(),
        "null".into(),
        "5".into(),
        String::new(),
        " ".into(),
    ] {
        assert_eq!(broken(&other), segments, "{other:?}");
        assert_eq!(kind(Serialization::detect(&other).unwrap_err()), segments, "{other:?}");
    }
    for dotted in [format!("[\"..\",{text}]"), format!("\u{FEFF}{text}..")] {
        assert_eq!(broken(&dotted), inside(Rule::Base64url), "{dotted:?}");
    }
}

/// What is no UTF-8 is no JSON, and no token.
pub fn a_jws_is_utf8(subject: &Subject) {
    let text = general(&forge(subject).seal(HEADER)).to_string();
    for strange in [&b"\xFF"[..], b"\xC0\x80", b"\xED\xA0\x80", b"\xF5\x80\x80\x80", b"\xE2\x82"] {
        for (start, end) in [("{\"x\":\"", "\","), ("{\"", "\":1,")] {
            let octets =
                [start.as_bytes(), strange, end.as_bytes(), &text.as_bytes()[1..]].concat();
            assert_eq!(broken(&octets), inside(Rule::Utf8));
            assert_eq!(kind(Serialization::detect(&octets).unwrap_err()), inside(Rule::Utf8));
        }
        let octets = [b"e30.", strange, b".AA"].concat();
        assert_eq!(broken(octets), inside(Rule::Utf8));
    }
    let utf16 =
        |octets: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(octets).collect::<Vec<_>>();
    assert_eq!(broken(utf16(u16::to_le_bytes)), outside(Rule::Json));
    assert_eq!(broken(utf16(u16::to_be_bytes)), inside(Rule::Segments { expected: 3 }));
}

/// Members with no meaning here are ignored (RFC 7515 §7.2), and still have to be JSON.
pub fn members_without_meaning_are_ignored_and_still_json(subject: &Subject) {
    let (one, all) =
        (flattened(&forge(subject).seal(HEADER)), general(&forge(subject).seal(HEADER)));
    for good in ["null", "{}", "[1.0, 1e3]", r#""\u0000""#, r#"{"payload":"AA","signatures":[]}"#] {
        for text in [&one, &all] {
            let json = format!("{{\"x\":{good},{}", &text.to_string()[1..]);
            let verified = Jws::parse(&json).unwrap().verify(&trusted(subject)).unwrap();
            assert_eq!(verified.content(), PAYLOAD, "{good}");
        }
    }
    for (bad, rule) in [
        ("NaN", Rule::Json),
        ("'x'", Rule::Json),
        ("01", Rule::Json),
        ("[1,]", Rule::Json),
        (r#""\ud800""#, Rule::Json),
        (r#""\ud800\u0041""#, Rule::Json),
        ("1e400", Rule::Number),
        ("[[1e400]]", Rule::Number),
    ] {
        for text in [&one, &all] {
            let json = format!("{{\"x\":{bad},{}", &text.to_string()[1..]);
            assert_eq!(broken(&json), outside(rule), "{bad}");
        }
    }
}

/// A stream is begun only with the keys that a whole payload would be tried with.
pub fn a_stream_is_begun_only_with_keys_that_are_selected(subject: &Subject) {
    let tap = Tap::new(subject);
    let keys: VerifyingKeys =
        VerifyingKey::from_jwk(&keys::private(S::HS256), &tap).unwrap().into();
    let begin = |header: &str, signature: &[u8]| {
        let header = base64url::encode(header.as_bytes());
        let token = format!("{header}..{}", base64url::encode(signature));
        let mut stream = Jws::parse(token).unwrap().verifying_stream(&keys).unwrap();
        stream.update(PAYLOAD);
        stream.finish().into_verified().unwrap_err()
    };
    for (header, len) in [
        (r#"{"alg":"HS512"}"#, 32),
        (r#"{"alg":"none"}"#, 32),
        (r#"{"alg":"HS256","kid":"other"}"#, 32),
        (r#"{"alg":"HS256","crit":["new"],"new":1}"#, 32),
        (r#"{"alg":"HS256"}"#, 31),
        (r#"{"alg":"HS256"}"#, 0),
    ] {
        let whole = {
            let header = base64url::encode(header.as_bytes());
            let payload = base64url::encode(PAYLOAD);
            format!("{header}.{payload}.{}", base64url::encode(&vec![1; len]))
        };
        let refused = refusal(&whole, &keys);
        assert_eq!(format!("{:?}", begin(header, &vec![1; len])), format!("{refused:?}"));
        assert_eq!(tap.asked(), 0, "{header}");
    }
    let refused = begin(HEADER, &[1; 32]);
    assert!(matches!(refused, jws::Error::Verify(VerifyError::InvalidSignature)));
    assert_eq!(tap.asked(), 1);
}
