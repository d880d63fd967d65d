//! JSON that is not quite a JWE, or more than one (RFC 7516 §7.2).

use super::*;

/// A genuine token, with one recipient and with an array of them.
fn both(subject: &Subject) -> [Value; 2] {
    let parts = forge(subject).patched(&json!({}));
    [parts.flattened(), parts.general()]
}

fn with(json: &Value, member: &str, value: Value) -> String {
    let mut json = json.clone();
    json[member] = value;
    json.to_string()
}

/// A JWE has one recipient, or a non-empty array of them.
pub fn a_jwe_has_at_least_one_recipient(subject: &Subject) {
    let [_, general] = both(subject);
    let wrong = Rule::Type { member: "recipients", expected: "a non-empty array" };
    for recipients in [json!([]), json!(null), json!(5), json!({}), json!("AA"), json!(true)] {
        let json = with(&general, "recipients", recipients);
        assert_eq!(broken(&json), around(wrong), "{json}");
    }
    for entry in [json!(null), json!(5), json!([]), json!("AA"), json!(true)] {
        let json = with(&general, "recipients", json!([entry]));
        assert_eq!(broken(&json), within(Rule::NotAnObject), "{json}");
    }
}

/// An object that reads as two serializations reads as neither.
pub fn an_encrypted_object_in_two_serializations_is_in_neither(subject: &Subject) {
    let [flattened, general] = both(subject);
    for (member, value) in [("encrypted_key", json!("AAAA")), ("header", json!({"x": 1}))] {
        let expected = around(Rule::Exclusive { member: "recipients", other: member });
        assert_eq!(broken(with(&general, member, value)), expected);
    }
    for json in [flattened, general] {
        for (other, value) in
            [("signature", json!("AA")), ("signatures", json!([])), ("payload", json!(""))]
        {
            let expected = around(Rule::Exclusive { member: "ciphertext", other });
            assert_eq!(broken(with(&json, other, value)), expected);
        }
    }
}

/// A signed token is no encrypted one, in any of its serializations.
pub fn a_signed_token_is_no_encrypted_one(subject: &Subject) {
    let key = forge(subject).owner;
    let header = base64url::encode(br#"{"alg":"A256KW","enc":"A256GCM"}"#);
    let expected = within(Rule::Segments { expected: 5 });
    for dots in [0, 1, 2, 3, 5, 6, 1000] {
        let token = format!("{header}{}", ".AAAA".repeat(dots));
        assert_eq!(broken(&token), expected, "{dots}");
        assert_eq!(malformed(jwe::decrypt(&token, &key).unwrap_err()), expected, "{dots}");
    }
    let missing = within(Rule::Missing { member: "ciphertext" });
    for json in [
        json!({"protected": header, "payload": "AAAA", "signature": "AAAA"}),
        json!({"payload": "AAAA", "signatures": [{"protected": header, "signature": "AAAA"}]}),
        json!({}),
    ] {
        assert_eq!(broken(json.to_string()), missing);
        let refused = jwe::decrypt(&json.to_string(), &key).unwrap_err();
        assert_eq!(malformed(refused), expected, "the compact reader reads no JSON");
    }
}

/// The members have their types, and those that would be empty are absent.
pub fn members_of_a_jwe_have_their_types(subject: &Subject) {
    let [flattened, general] = both(subject);
    for member in ["protected", "iv", "ciphertext", "tag", "aad"] {
        for json in [&flattened, &general] {
            for wrong in [json!(null), json!(5), json!([]), json!({}), json!(true), json!(["AA"])] {
                let expected = within(Rule::Type { member, expected: "a string" });
                assert_eq!(broken(with(json, member, wrong)), expected, "{member}");
            }
            if member != "ciphertext" {
                let expected = within(Rule::Value { member, expected: "absent if empty" });
                assert_eq!(broken(with(json, member, json!(""))), expected, "{member}");
            }
            for wrong in ["A", "AA==", "AB", "A+", "A A", "\u{e9}"] {
                let expected = within(Rule::Base64url);
                assert_eq!(broken(with(json, member, json!(wrong))), expected, "{member}");
            }
        }
    }
    let recipient = |recipient: Value| with(&general, "recipients", json!([recipient]));
    for wrong in [json!(null), json!(5), json!([]), json!({})] {
        let expected = within(Rule::Type { member: "encrypted_key", expected: "a string" });
        assert_eq!(broken(with(&flattened, "encrypted_key", wrong.clone())), expected);
        assert_eq!(broken(recipient(json!({"encrypted_key": wrong}))), expected);
    }
    let expected = within(Rule::Value { member: "encrypted_key", expected: "absent if empty" });
    assert_eq!(broken(with(&flattened, "encrypted_key", json!(""))), expected);
    assert_eq!(broken(recipient(json!({"encrypted_key": ""}))), expected);
    for wrong in ["A", "AA==", "AB", "A+"] {
        let expected = within(Rule::Base64url);
        assert_eq!(broken(with(&flattened, "encrypted_key", json!(wrong))), expected);
        assert_eq!(broken(recipient(json!({"encrypted_key": wrong}))), expected);
    }
    for wrong in [json!(null), json!(5), json!([]), json!("e30")] {
        let expected = within(Rule::NotAnObject);
        assert_eq!(broken(with(&flattened, "header", wrong.clone())), expected);
        assert_eq!(broken(with(&flattened, "unprotected", wrong.clone())), expected);
        assert_eq!(broken(recipient(json!({"header": wrong}))), expected);
    }
}

/// A header without parameters is to be absent.
pub fn an_empty_header_of_a_jwe_is_absent(subject: &Subject) {
    let [flattened, general] = both(subject);
    let empty = |member| within(Rule::Value { member, expected: "absent if empty" });
    for member in ["header", "unprotected"] {
        assert_eq!(broken(with(&flattened, member, json!({}))), empty(member));
    }
    assert_eq!(broken(with(&general, "unprotected", json!({}))), empty("unprotected"));
    assert_eq!(broken(with(&general, "recipients", json!([{"header": {}}]))), empty("header"));
    for json in [flattened, general] {
        assert_eq!(broken(with(&json, "protected", json!("e30"))), empty("protected"));
    }
}

/// A token without a ciphertext is none; an empty ciphertext is one.
pub fn an_absent_ciphertext_is_not_an_empty_one(subject: &Subject) {
    let forge = forge(subject);
    let header = forge.header(&json!({}));
    let parts = forge.seal_text(header, b"");
    for mut json in [parts.flattened(), parts.general()] {
        assert_eq!(json["ciphertext"], "");
        let decrypted = Jwe::parse(json.to_string()).unwrap().decrypt(&forge.owner).unwrap();
        assert_eq!(decrypted.content(), b"");
        json.as_object_mut().unwrap().remove("ciphertext");
        let missing = within(Rule::Missing { member: "ciphertext" });
        assert_eq!(broken(json.to_string()), missing);
        assert_eq!(kind(Jwe::from_value(&json).unwrap_err()), missing);
    }
}

/// A name stands once in an object: around the recipients, in each header, and in what is ignored.
pub fn a_name_stands_once_in_a_jwe(subject: &Subject) {
    for json in both(subject) {
        let text = json.to_string();
        for twice in [
            r#""ciphertext":"AA""#,
            r#""iv":"AA""#,
            r#""t\u0061g":"AA""#,
            r#""x":1,"x":1"#,
            r#""x":1,"\u0078":1"#,
            r#""x":{"y":1,"y":1}"#,
            r#""x":[[{"y":1,"\u0079":2}]]"#,
        ] {
            let json = format!("{{{twice},{}", &text[1..]);
            assert_eq!(broken(&json), around(Rule::DuplicateMember), "{json}");
        }
        let unprotected = format!("{{\"unprotected\":{{\"x\":1,\"x\":2}},{}", &text[1..]);
        assert_eq!(broken(unprotected), within(Rule::DuplicateMember));
    }
    let [flattened, general] = both(subject);
    let text = flattened.to_string();
    let header = format!("{{\"header\":{{\"x\":[{{\"y\":1,\"y\":2}}]}},{}", &text[1..]);
    assert_eq!(broken(header), within(Rule::DuplicateMember));
    let mut general = general;
    general.as_object_mut().unwrap().remove("recipients");
    let text = general.to_string();
    for recipient in [
        r#"{"encrypted_key":"AA","encrypted_key":"AA"}"#,
        r#"{"header":{"x":1,"\u0078":2}}"#,
        r#"{"x":{"y":1,"y":1}}"#,
    ] {
        let json = format!("{{\"recipients\":[{recipient}],{}", &text[1..]);
        assert_eq!(broken(json), within(Rule::DuplicateMember), "{recipient}");
    }
}

/// No parameter is in two headers of the three, whoever may have protected the one.
pub fn no_parameter_is_in_two_headers(subject: &Subject) {
    let forge = forge(subject);
    let not_disjoint =
        (error::Subject::Jwe, Rule::NotDisjoint, "ERR_JWE_HEADER_PARAMS_NOT_DISJOINT");
    for (name, value) in [
        ("alg", json!("A256KW")),
        ("enc", json!("A256GCM")),
        ("kid", json!("A256KW")),
        ("typ", json!("x")),
        ("iv", json!("AA")),
        ("x", json!(1)),
    ] {
        let own = forge.patched(&json!({name: value}));
        let bare = forge.patched(&json!({name: null}));
        let (mut shared, mut recipient) = (own.flattened(), own.flattened());
        shared["unprotected"] = json!({name: value});
        recipient["header"] = json!({name: value});
        let mut unprotected = bare.flattened();
        unprotected["unprotected"] = json!({name: value});
        unprotected["header"] = json!({name: value});
        for json in [shared, recipient, unprotected] {
            assert_eq!(broken(json.to_string()), not_disjoint, "{json}");
            assert_eq!(kind(Jwe::from_value(&json).unwrap_err()), not_disjoint, "{json}");
        }
        let (mut shared, mut recipient) = (own.general(), own.general());
        shared["unprotected"] = json!({name: value});
        recipient["recipients"][0]["header"] = json!({name: value});
        let mut unprotected = bare.general();
        unprotected["unprotected"] = json!({name: value});
        unprotected["recipients"][0]["header"] = json!({name: value});
        for json in [shared, recipient, unprotected] {
            assert_eq!(broken(json.to_string()), not_disjoint, "{json}");
        }
    }
}

/// No such header is written either.
pub fn headers_that_overlap_are_not_encrypted(subject: &Subject) {
    let (one, two) =
        (pair(K::A128KW, E::A256GCM, subject).0, pair(K::A256KW, E::A256GCM, subject).0);
    let x = || Header::new().with("x", 1).unwrap();
    let builders = [
        (Builder::new().header(x()).shared_header(x()), Header::new()),
        (Builder::new().header(x()), x()),
        (Builder::new().shared_header(x()), x()),
    ];
    let not_disjoint =
        (error::Subject::Jwe, Rule::NotDisjoint, "ERR_JWE_HEADER_PARAMS_NOT_DISJOINT");
    for (builder, own) in builders {
        let recipient = || Recipient::new(&one).header(own.clone());
        assert_eq!(refused_header(builder.encrypt(TEXT, [recipient()])), not_disjoint);
        let refused = builder.encrypt(TEXT, [Recipient::new(&two), recipient()]);
        assert_eq!(refused_header(refused), not_disjoint);
    }
    // What has to be protected is not written where it would not be.
    let crit = || x().with_crit(["x"]);
    for refused in [
        Builder::new().shared_header(crit()).encrypt(TEXT, [&one]),
        Builder::new().encrypt(TEXT, [Recipient::new(&one).header(crit())]),
    ] {
        assert_eq!(refused_header(refused), within(Rule::Unprotected { member: "crit" }));
    }
}

/// A token in JSON has no more recipients than the limit.
pub fn more_recipients_than_the_limit_are_refused(subject: &Subject) {
    let forge = forge(subject);
    let mut json = forge.patched(&json!({})).general();
    let good = json["recipients"][0].take();
    let bad = json!({"encrypted_key": "AAAA"});
    for (count, limit) in [(16, 16), (17, 16), (3, 3), (4, 3), (1, 0)] {
        let recipients: Vec<_> =
            core::iter::once(&good).chain(vec![&bad; count - 1]).cloned().collect();
        json["recipients"] = recipients.into();
        let mut limits = Limits::default();
        limits.recipients = limit;
        let read = Jwe::parse_within(json.to_string(), &limits);
        if count <= limit {
            assert_eq!(read.unwrap().decrypt(&forge.owner).unwrap().content(), TEXT);
        } else {
            assert_eq!(kind(read.unwrap_err()), around(Rule::TooMany { limit }));
        }
    }
}

/// A token and its headers have limits, at which they are still read.
pub fn a_jwe_beyond_its_limits_is_refused(subject: &Subject) {
    let forge = forge(subject);
    let padded = |len: usize| {
        let mut header = forge.header(&json!({"x": ""}));
        let padding = vec![b'y'; len - header.len()];
        let place = header.windows(5).position(|window| window == b"\"x\":\"").unwrap() + 5;
        header.splice(place..place, padding);
        header
    };
    let limit = Limits::default().header;
    let good = forge.seal(padded(limit));
    for form in [good.compact(), good.flattened().to_string(), good.general().to_string()] {
        assert_eq!(Jwe::parse(form).unwrap().decrypt(&forge.owner).unwrap().content(), TEXT);
    }
    let refused = refusal(&forge.seal(padded(limit + 1)), &forge.owner);
    assert_eq!(malformed(refused), within(Rule::TooLong { limit }));
    let [flattened, general] = both(subject);
    for (len, accepted) in [(limit, true), (limit + 1, false)] {
        let header = json!({"x": "y".repeat(len - r#"{"x":""}"#.len())});
        let mut recipient = general.clone();
        recipient["recipients"][0]["header"] = header.clone();
        let (one, shared) =
            (with(&flattened, "header", header.clone()), with(&general, "unprotected", header));
        for json in [one, shared, recipient.to_string()] {
            if accepted {
                assert!(Jwe::parse(json).is_ok());
            } else {
                assert_eq!(broken(json), within(Rule::TooLong { limit }));
            }
        }
    }
    let deep = |depth: usize| -> Value {
        value(&format!("{{\"x\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1)))
    };
    for (depth, accepted) in [(16, true), (17, false)] {
        let mut recipient = general.clone();
        recipient["recipients"][0]["header"] = deep(depth);
        let unprotected = with(&general, "unprotected", deep(depth));
        let one = with(&flattened, "header", deep(depth));
        // A recipient is an object around its header, and measured with it.
        for (json, limit) in [(unprotected, 16), (one, 16), (recipient.to_string(), 17)] {
            if accepted {
                assert!(Jwe::parse(json).is_ok());
            } else {
                assert_eq!(broken(json), within(Rule::Depth { limit }));
            }
        }
    }
}

/// A token is measured before it is read.
pub fn a_token_in_json_beyond_the_limit_is_refused(subject: &Subject) {
    let forge = forge(subject);
    let parts = forge.patched(&json!({}));
    for form in [parts.compact(), parts.flattened().to_string(), parts.general().to_string()] {
        let mut limits = Limits::default();
        limits.token = form.len();
        assert!(Jwe::parse_within(&form, &limits).is_ok());
        limits.token -= 1;
        let expected = within(Rule::TooLong { limit: limits.token });
        assert_eq!(kind(Jwe::parse_within(&form, &limits).unwrap_err()), expected);
        if !form.starts_with('{') {
            let mut exact = limits;
            exact.token += 1;
            let exact = Policy::new().limits(exact);
            assert!(jwe::decrypt_with(&form, &forge.owner, &exact).is_ok());
            let policy = Policy::new().limits(limits);
            let refused = jwe::decrypt_with(&form, &forge.owner, &policy).unwrap_err();
            assert_eq!(malformed(refused), expected);
        }
    }
}

/// Nothing stands around the object but white space, and text is UTF-8.
pub fn nothing_stands_around_a_jwe(subject: &Subject) {
    for json in both(subject) {
        let text = json.to_string();
        assert!(Jwe::parse(format!(" \t\r\n{text}\n ")).is_ok());
        for around_it in [
            format!("{text}x"),
            format!("{text}{text}"),
            format!("{text},"),
            text[..text.len() - 1].into(),
        ] {
            assert_eq!(broken(&around_it), around(Rule::Json), "{around_it}");
        }
        // Without a brace it is a token with one segment.
        for before in [format!("\u{feff}{text}"), format!("[{text}]"), format!("\u{a0}{text}")] {
            assert_eq!(broken(before).1, Rule::Segments { expected: 5 });
        }
        let mut octets = text.into_bytes();
        octets.extend(b"\xFF");
        assert_eq!(broken(octets), within(Rule::Utf8));
    }
}

/// A compact token has one spelling.
pub fn a_compact_jwe_has_one_spelling(subject: &Subject) {
    let forge = forge(subject);
    let token = forge.patched(&json!({})).compact();
    let mut variants = vec![format!(" {token}"), format!("{token}\n"), format!("{token}=")];
    for (index, segment) in token.split('.').enumerate() {
        let mut parts: Vec<_> = token.split('.').map(String::from).collect();
        for other in [format!("{segment}="), format!("{segment} "), format!("{segment}A+/")] {
            parts[index] = other;
            variants.push(parts.join("."));
        }
    }
    for variant in variants {
        let expected = within(Rule::Base64url);
        assert_eq!(malformed(jwe::decrypt(&variant, &forge.owner).unwrap_err()), expected);
        assert_eq!(broken(&variant), expected, "{variant}");
    }
    for end in 0..token.len() {
        let cut = &token[..end];
        match jwe::decrypt(cut, &forge.owner).unwrap_err() {
            jwe::Error::Parse(error) => {
                let rules = [Rule::Segments { expected: 5 }, Rule::Base64url];
                assert!(rules.contains(&error.rule()), "{cut}: {error:?}");
            }
            other => failed(Err::<(), _>(other)),
        }
    }
}

/// Members that mean nothing are ignored, kept, and not lost by writing.
pub fn members_of_a_jwe_without_meaning_are_kept(subject: &Subject) {
    let forge = forge(subject);
    let parts = forge.patched(&json!({}));
    let (mut one, mut all, mut inner) = (parts.flattened(), parts.general(), parts.general());
    one["x"] = json!([1, {"y": 2}]);
    all["x"] = json!(null);
    inner["recipients"][0]["x"] = json!("z");
    for json in [&one, &all, &inner] {
        let jwe = Jwe::parse(json.to_string()).unwrap();
        assert_eq!(jwe.decrypt(&forge.owner).unwrap().content(), TEXT);
        assert_eq!(jwe.to_compact().unwrap_err(), SerializationError::OtherMembers);
        for written in [jwe.to_general().unwrap(), jwe.to_flattened().unwrap()] {
            assert!(written.contains("\"x\":"), "{written}");
            assert!(Jwe::parse(&written).unwrap().decrypt(&forge.owner).is_ok());
        }
    }
    assert_eq!(value(&Jwe::from_value(&one).unwrap().to_flattened().unwrap()), one);
    assert_eq!(value(&Jwe::from_value(&all).unwrap().to_general().unwrap()), all);
    assert_eq!(value(&Jwe::from_value(&inner).unwrap().to_general().unwrap()), inner);
    for name in ["ciphertext", "iv", "recipients", "payload", "signature"] {
        let mut clash = parts.general();
        clash["recipients"][0][name] = json!("AA");
        let jwe = Jwe::parse(clash.to_string()).unwrap();
        assert_eq!(jwe.to_flattened().unwrap_err(), SerializationError::OtherMembers, "{name}");
    }
}

/// What is written is read again as it was, in every form that has room for it.
pub fn conversions_of_a_jwe_lose_nothing(subject: &Subject) {
    for alg in encrypting() {
        let from = pair(alg, E::A256GCM, subject).1;
        let jwe = encrypted(alg, E::A256GCM, subject);
        let compact = jwe.to_compact().unwrap();
        let parts = Parts::of(&compact);
        assert_eq!(value(&jwe.to_flattened().unwrap()), parts.flattened(), "{alg}");
        assert_eq!(value(&jwe.to_general().unwrap()), parts.general(), "{alg}");
        for form in [&compact, &jwe.to_flattened().unwrap(), &jwe.to_general().unwrap()] {
            let again: Jwe = form.parse().unwrap();
            assert_eq!(again.to_compact().unwrap(), compact);
            assert_eq!(again.to_flattened().unwrap(), jwe.to_flattened().unwrap());
            assert_eq!(again.to_general().unwrap(), jwe.to_general().unwrap());
            assert!(again.decrypt(&from).is_ok());
        }
    }
}

/// A conversion that would lose something is refused.
pub fn a_conversion_of_a_jwe_that_would_lose_something_is_refused(subject: &Subject) {
    let (to, from) = pair(K::A128KW, E::A256GCM, subject);
    let other = pair(K::A256KW, E::A256GCM, subject).0;
    let x = || Header::new().with("x", 1).unwrap();
    let aad = Builder::new().aad(b"public").encrypt(TEXT, [&to]).unwrap();
    let shared = Builder::new().shared_header(x()).encrypt(TEXT, [&to]).unwrap();
    let own = Builder::new().encrypt(TEXT, [Recipient::new(&to).header(x())]).unwrap();
    for (jwe, expected) in [
        (&aad, SerializationError::OtherMembers),
        (&shared, SerializationError::UnprotectedHeader),
        (&own, SerializationError::UnprotectedHeader),
    ] {
        assert_eq!(jwe.to_compact().unwrap_err(), expected);
        for form in [jwe.to_flattened().unwrap(), jwe.to_general().unwrap()] {
            let again = Jwe::parse(&form).unwrap();
            assert_eq!(again.to_flattened().unwrap(), jwe.to_flattened().unwrap());
            assert_eq!(again.to_general().unwrap(), jwe.to_general().unwrap());
            assert_eq!(again.decrypt(&from).unwrap().content(), TEXT);
        }
    }
    let several = Builder::new().encrypt(TEXT, [&to, &other]).unwrap();
    let expected = SerializationError::Recipients { count: 2 };
    assert_eq!(several.to_compact().unwrap_err(), expected);
    assert_eq!(several.to_flattened().unwrap_err(), expected);
    let text = several.to_general().unwrap();
    assert_eq!(Jwe::parse(&text).unwrap().to_general().unwrap(), text);
}

/// The ciphertext of nothing is a member all the same (RFC 7516 §7.2.1).
pub fn an_empty_ciphertext_is_written(subject: &Subject) {
    let (to, from) = pair(K::A128KW, E::A256GCM, subject);
    let jwe = Builder::new().enc(E::A256GCM).encrypt(b"", [&to]).unwrap();
    for form in [jwe.to_flattened().unwrap(), jwe.to_general().unwrap()] {
        assert_eq!(value(&form)["ciphertext"], "", "{form}");
        assert_eq!(Jwe::parse(&form).unwrap().decrypt(&from).unwrap().content(), b"");
    }
}

/// An error says what did not work, and its source why.
pub fn errors_of_encryption_say_what_and_why(_: &Subject) {
    use jose_core::jwe::{SerializationError as Form, UnwrapError};
    fn says(error: &dyn Error, what: &str, why: Option<&dyn Error>) {
        assert_eq!(error.to_string(), what);
        let source = error.source().map(ToString::to_string);
        assert_eq!(source, why.map(ToString::to_string), "{what}");
    }
    let parse = Jwe::parse("").unwrap_err();
    let (key, failed) = (KeyError::NotPrivate, || DecryptError::Failed);
    let device = CryptoError::from_source("device gone");
    assert_eq!(Form::OtherMembers.code(), "ERR_JWE_INVALID_SERIALIZATION");
    says(&Form::Malformed(parse), "its only recipient cannot be read", Some(&parse));
    says(&Form::OtherMembers, "it has members that would be lost", None);
    says(&Form::Recipients { count: 2 }, "it has 2 recipients", None);
    says(&Form::UnprotectedHeader, "its unprotected header would be lost", None);
    says(&EncryptError::Header(parse), "nobody would take this header", Some(&parse));
    let contradicts = "the key contradicts what was asked for";
    says(&EncryptError::Key(key.clone()), contradicts, Some(&key));
    let recipients = "no recipient, or one whose algorithm leaves no room for others";
    says(&EncryptError::Recipients, recipients, None);
    let form = "what was encrypted cannot be written so";
    says(&EncryptError::Serialization(Form::OtherMembers), form, Some(&Form::OtherMembers));
    let unavailable = "the content could not be encrypted";
    says(&EncryptError::Unavailable(device.clone()), unavailable, Some(&device));
    says(&UnwrapError::Decrypt(failed()), "the key was not unwrapped", Some(&failed()));
    says(&UnwrapError::Key(key.clone()), "the key does not do what was asked", Some(&key));
    says(&jwe::Error::Decrypt(failed()), "the token was not decrypted", Some(&failed()));
    says(&jwe::Error::Parse(parse), "not a well-formed token", Some(&parse));
}
