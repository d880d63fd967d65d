//! Several recipients of one content (RFC 7516 §7.2.1), and data that is authenticated beside it.

use super::*;

const SEVERAL: [K; 6] =
    [K::A256KW, K::RSA_OAEP_256, K::ECDH_ES_A128KW, K::A128GCMKW, K::PBES2_HS256_A128KW, K::A192KW];

fn for_all(builder: &Builder, algs: &[K], subject: &Subject) -> Jwe {
    let keys: Vec<_> = algs.iter().map(|alg| pair(*alg, E::A256GCM, subject).0).collect();
    let jwe = builder.encrypt(TEXT, &keys).unwrap();
    Jwe::parse(jwe.to_general().unwrap()).unwrap()
}

/// A token for these entries, `None` for the one whose key is the fixed one for `A256KW`.
fn of_entries(entries: &[Option<Value>], subject: &Subject) -> Value {
    let forge = forge(subject);
    let parts = forge.seal(br#"{"enc":"A256GCM"}"#);
    let good = json!({"header": {"alg": "A256KW", "kid": "A256KW"},
        "encrypted_key": base64url::encode(&parts.key)});
    let mut json = parts.general();
    json["recipients"] =
        entries.iter().map(|entry| entry.clone().unwrap_or_else(|| good.clone())).collect();
    json
}

/// Each recipient finds its own part, whatever the algorithms of the others.
pub fn each_recipient_finds_its_own_part(subject: &Subject) {
    let jwe = for_all(&Builder::new().enc(E::A256GCM), &SEVERAL, subject);
    assert_eq!(jwe.recipients().count(), SEVERAL.len());
    for (index, alg) in SEVERAL.into_iter().enumerate() {
        let decrypted = jwe.decrypt(&pair(alg, E::A256GCM, subject).1).unwrap();
        assert_eq!(decrypted.content(), TEXT);
        assert_eq!((decrypted.index(), decrypted.alg()), (index, alg));
        assert_eq!((decrypted.key_id(), decrypted.enc()), (Some(alg.name()), E::A256GCM));
        let own = decrypted.recipient().unwrap();
        assert_eq!((own.alg(), own.kid()), (Some(alg.name()), Some(alg.name())));
        // What they have in common is protected, and nothing else is.
        let protected = decrypted.protected();
        assert_eq!((protected.alg(), protected.kid()), (None, None));
        assert_eq!(protected.encryption().unwrap().enc(), Some("A256GCM"));
        assert!(decrypted.shared().is_none());
        let one = jwe.recipients().nth(index).unwrap().unwrap();
        assert_eq!((one.alg(), one.enc(), one.kid()), (alg.name(), "A256GCM", Some(alg.name())));
        assert_eq!(one.decrypt(&pair(alg, E::A256GCM, subject).1).unwrap().index(), index);
    }
    let other = pair(K::A192GCMKW, E::A256GCM, subject).1;
    let refused = jwe.decrypt(&other).unwrap_err();
    assert_eq!(reason(refused), NoMatchReason::AlgorithmNotAllowed);
}

/// Of several keys the first that fits a recipient decrypts, in the order of the recipients.
pub fn the_first_recipient_whose_key_we_have_is_taken(subject: &Subject) {
    let jwe = for_all(&Builder::new(), &SEVERAL, subject);
    let keys: DecryptionKeys = [K::A192KW, K::ECDH_ES_A128KW, K::RSA_OAEP_256]
        .map(|alg| pair(alg, E::A256GCM, subject).1)
        .into_iter()
        .collect();
    assert_eq!(jwe.decrypt(&keys).unwrap().index(), 1);
}

/// A recipient that cannot be read, or is somebody else, hides no good one.
pub fn no_recipient_hides_a_good_one(subject: &Subject) {
    let key = pair(K::A256KW, E::A256GCM, subject).1;
    let others = [
        json!(null),
        json!(5),
        json!([]),
        json!({}),
        json!({"header": 5}),
        json!({"header": {}}),
        json!({"header": {"alg": 5}}),
        json!({"header": {"alg": "A256KW", "enc": "A256GCM"}}),
        json!({"header": {"alg": "A256KW", "crit": ["x"], "x": 1}}),
        json!({"header": {"alg": "A256KW", "zip": "DEF"}}),
        json!({"header": {"alg": "A256KW"}, "encrypted_key": ""}),
        json!({"header": {"alg": "A256KW"}, "encrypted_key": "A"}),
        json!({"header": {"alg": "A256KW"}, "encrypted_key": 5}),
        json!({"header": {"alg": "none"}}),
        json!({"header": {"alg": "A256KW"}}),
        json!({"header": {"alg": "A256KW"}, "encrypted_key": "AAAA"}),
        json!({"header": {"alg": "A256KW", "kid": "A256KW"},
            "encrypted_key": base64url::encode(&[1; 40])}),
        json!({"header": {"alg": "A256KW", "kid": "other"},
            "encrypted_key": base64url::encode(&[1; 40])}),
        json!({"header": {"alg": "PBES2-HS256+A128KW"}, "encrypted_key": "AAAA"}),
        json!({"header": {"alg": "dir"}}),
        json!({"header": {"alg": "ECDH-ES"}}),
        value(&format!("{{\"header\":{{\"x\":{}1{}}}}}", "[".repeat(40), "]".repeat(40))),
    ];
    for other in others {
        for entries in [[Some(other.clone()), None], [None, Some(other.clone())]] {
            let json = of_entries(&entries, subject).to_string();
            let jwe = Jwe::parse(&json).unwrap_or_else(|error| panic!("{json}: {error:?}"));
            let decrypted = jwe.decrypt(&key).unwrap_or_else(|error| panic!("{json}: {error:?}"));
            assert_eq!(decrypted.index(), usize::from(entries[0].is_some()), "{json}");
            assert_eq!(decrypted.content(), TEXT);
            // It is passed on as it came.
            let written = jwe.to_general().unwrap();
            assert_eq!(value(&written)["recipients"], value(&json)["recipients"]);
        }
    }
}

/// Where no recipient can be read, the first one's reason is given.
pub fn recipients_of_which_none_can_be_read_are_no_jwe(subject: &Subject) {
    let json = of_entries(&[Some(json!({"header": {"alg": 5}})), Some(json!(null))], subject);
    let expected = within(Rule::Type { member: "alg", expected: "a string" });
    assert_eq!(broken(json.to_string()), expected);
}

/// An algorithm that leaves no room for others is for one recipient: neither written nor read among
/// several.
pub fn a_direct_key_has_no_other_recipient_beside_it(subject: &Subject) {
    let wrapping = pair(K::A256KW, E::A256GCM, subject);
    for alg in DIRECT {
        let direct = pair(alg, E::A256GCM, subject);
        for keys in [[&direct.0, &wrapping.0], [&wrapping.0, &direct.0], [&direct.0, &direct.0]] {
            let refused = Builder::new().enc(E::A256GCM).encrypt(TEXT, keys).unwrap_err();
            assert!(matches!(refused, EncryptError::Recipients), "{alg}: {refused:?}");
            assert_eq!(refused.code(), "ERR_JWE_ALG_FORBIDDEN_IN_MULTI");
        }
        // One that would decrypt, if it were alone.
        let forge = Forge::new(alg, E::A256GCM, subject);
        let mut own = forge.header.clone();
        own.remove("enc");
        let parts = forge.seal(br#"{"enc":"A256GCM"}"#);
        let mut json = parts.general();
        json["recipients"] = json!([{"header": own}]);
        let alone = Jwe::parse(json.to_string()).unwrap();
        assert_eq!(alone.decrypt(&forge.owner).unwrap().content(), TEXT);
        json["recipients"] = json!([{"header": own}, {"header": {"alg": "A128KW"}}]);
        let among = Jwe::parse(json.to_string()).unwrap();
        let refused = among.decrypt(&forge.owner).unwrap_err();
        let jwe::Error::Decrypt(DecryptError::Header(error)) = refused else {
            panic!("{refused:?}")
        };
        let expected = "one that wraps, with several recipients";
        assert_eq!(error.rule(), Rule::Value { member: "alg", expected }, "{alg}");
    }
    let refused = Builder::new().encrypt(TEXT, [&wrapping.0; 0]).unwrap_err();
    assert!(matches!(refused, EncryptError::Recipients), "{refused:?}");
}

/// Data that is authenticated is as whole as the content, and is told.
pub fn additional_data_is_authenticated(subject: &Subject) {
    for alg in encrypting() {
        let (to, from) = pair(alg, E::A128CBC_HS256, subject);
        let builder = Builder::new().enc(E::A128CBC_HS256).aad(b"public \xFF");
        let jwe = builder.encrypt(TEXT, [&to]).unwrap();
        for form in [jwe.to_flattened().unwrap(), jwe.to_general().unwrap()] {
            let mut json = value(&form);
            assert_eq!(json["aad"], base64url::encode(b"public \xFF"));
            let decrypted = Jwe::parse(&form).unwrap().decrypt(&from).unwrap();
            assert_eq!(decrypted.aad(), Some(&b"public \xFF"[..]));
            assert_eq!(decrypted.content(), TEXT);
            for other in [&b"public"[..], b"public \xFE", b"public \xFF ", b"P"] {
                json["aad"] = base64url::encode(other).into();
                failed(Jwe::parse(json.to_string()).unwrap().decrypt(&from));
            }
            json.as_object_mut().unwrap().remove("aad");
            failed(Jwe::parse(json.to_string()).unwrap().decrypt(&from));
        }
    }
    let (to, from) = pair(K::A128KW, E::A256GCM, subject);
    let none = Builder::new().aad(b"").encrypt(TEXT, [&to]).unwrap();
    assert!(none.to_compact().is_ok(), "no data is no member");
    assert!(none.decrypt(&from).unwrap().aad().is_none());
}

/// Headers that all share and headers of one's own are told apart from what is protected.
pub fn headers_of_all_and_of_one_are_told_apart(subject: &Subject) {
    let (one, two) = (pair(K::A128KW, E::A256GCM, subject), pair(K::A256KW, E::A256GCM, subject));
    let with = |name: &str| Header::new().with(name, name).unwrap();
    let builder = Builder::new().header(with("p")).shared_header(with("s"));
    let recipients =
        [Recipient::new(&one.0).header(with("a")), Recipient::new(&two.0).header(with("b"))];
    let jwe = builder.encrypt(TEXT, recipients).unwrap();
    let jwe = Jwe::parse(jwe.to_general().unwrap()).unwrap();
    for (key, own, other) in [(&one.1, "a", "b"), (&two.1, "b", "a")] {
        let decrypted = jwe.decrypt(key).unwrap();
        let (protected, shared) = (decrypted.protected(), decrypted.shared().unwrap());
        let recipient = decrypted.recipient().unwrap();
        assert_eq!((protected.get("p"), protected.get("s")), (Some("\"p\""), None));
        assert_eq!((shared.get("s"), shared.get("p")), (Some("\"s\""), None));
        assert!(recipient.get(own).is_some() && recipient.get(other).is_none());
    }
    // One recipient has all that is of the key in the protected header, and the rest where it was
    // put.
    let alone = builder.encrypt(TEXT, [Recipient::new(&one.0).header(with("a"))]).unwrap();
    let json = value(&alone.to_flattened().unwrap());
    assert_eq!(json["header"], json!({"a": "a"}));
    assert_eq!(json["unprotected"], json!({"s": "s"}));
    let decrypted = alone.decrypt(&one.1).unwrap();
    assert_eq!(decrypted.protected().alg(), Some("A128KW"));
    assert_eq!(decrypted.recipient().unwrap().alg(), None);
}

/// What nobody protects can be changed, and nothing that was encrypted changes with it.
pub fn unprotected_headers_are_anyones(subject: &Subject) {
    let (to, from) = pair(K::A128KW, E::A256GCM, subject);
    let x = Header::new().with("x", 1).unwrap();
    let jwe = Builder::new().shared_header(x).encrypt(TEXT, [&to]).unwrap();
    let mut json = value(&jwe.to_flattened().unwrap());
    json["unprotected"] = json!({"x": 2});
    json["header"] = json!({"y": 3});
    let decrypted = Jwe::parse(json.to_string()).unwrap().decrypt(&from).unwrap();
    assert_eq!(decrypted.shared().unwrap().get("x"), Some("2"));
    assert_eq!(decrypted.recipient().unwrap().get("y"), Some("3"));
    assert_eq!(decrypted.protected().get("x"), None);
}

/// However many recipients there are and keys that fit them, a bounded number of keys is tried.
pub fn a_jwe_has_a_bounded_number_of_keys_tried(subject: &Subject) {
    let tap = Tap::new(subject);
    let foreign =
        json!({"header": {"alg": "A256KW"}, "encrypted_key": base64url::encode(&[1; 40])});
    let json = |count: usize| {
        let mut entries = vec![Some(foreign.clone()); count - 1];
        entries.push(None);
        Jwe::parse(of_entries(&entries, subject).to_string()).unwrap()
    };
    let good = owner(&private(K::A256KW, E::A256GCM), tap);
    for (recipients, keys, tries, expected) in [
        (16, 1, 8, None),
        (9, 1, 8, None),
        (8, 1, 8, Some(7)),
        (16, 1, 16, Some(15)),
        (16, 1, 3, None),
        (4, 4, 8, None),
        (2, 20, 8, None),
        (1, 1, 1, Some(0)),
    ] {
        let others = (1..keys).map(|index| {
            let jwk = Jwk::from_secret_octets(vec![index; 32]).unwrap();
            owner(&jwk.with_alg(K::A256KW).unwrap(), tap)
        });
        let keys: DecryptionKeys = others.chain([good.clone()]).collect();
        let mut limits = Limits::default();
        limits.tries = tries;
        let policy = Policy::new().limits(limits);
        let decrypted = json(recipients).decrypt_with(&keys, &policy);
        assert!(tap.unwrapped() <= tries, "{recipients}");
        assert!(tap.tried().len() <= tries, "{recipients}");
        match expected {
            Some(index) => assert_eq!(decrypted.unwrap().index(), index),
            None => failed(decrypted),
        }
    }
}

/// Nor does a password take longer for being asked for by everybody.
pub fn many_recipients_ask_for_a_bounded_number_of_rounds(subject: &Subject) {
    let tap = Tap::new(subject);
    let jwk = private(K::PBES2_HS256_A128KW, E::A256GCM);
    let entry = json!({"header": {"alg": "PBES2-HS256+A128KW", "p2s": "AAAAAAAAAAAAAAAAAAAAAA",
        "p2c": 1000},
        "encrypted_key": base64url::encode(&[1; 40])});
    let entries = vec![Some(entry); 16];
    let jwe = Jwe::parse(of_entries(&entries, subject).to_string()).unwrap();
    failed(jwe.decrypt(&owner(&jwk, tap)));
    assert_eq!(tap.derived(), 2);
}

/// No more recipients are made than are read.
pub fn no_more_recipients_are_made_than_are_read(subject: &Subject) {
    let (to, from) = pair(K::A256KW, E::A256GCM, subject);
    for count in [15, 16] {
        let jwe = Builder::new().encrypt(TEXT, vec![&to; count]).unwrap();
        let jwe = Jwe::parse(jwe.to_general().unwrap()).unwrap();
        assert_eq!(jwe.recipients().count(), count);
        assert_eq!(jwe.decrypt(&from).unwrap().content(), TEXT);
    }
    for count in [17, 1000] {
        let refused = Builder::new().encrypt(TEXT, vec![&to; count]).unwrap_err();
        let EncryptError::Header(error) = refused else { panic!("{refused:?}") };
        assert_eq!(error.rule(), Rule::TooMany { limit: 16 });
    }
}

/// Of the refusals of several recipients, the one that counts is told: a key that was tried before
/// a header that did not suit it, that before a key that did not fit, and what could not be read last.
pub fn the_refusal_that_counts_is_told(subject: &Subject) {
    let keys: DecryptionKeys = [K::A256KW, K::PBES2_HS256_A128KW]
        .map(|alg| pair(alg, E::A256GCM, subject).1)
        .into_iter()
        .collect();
    let tried = json!({"header": {"alg": "A256KW"}, "encrypted_key": base64url::encode(&[1; 40])});
    let unsuited = json!({"header": {"alg": "PBES2-HS256+A128KW"},
        "encrypted_key": base64url::encode(&[1; 40])});
    let (unread, foreign) = (json!(null), json!({"header": {"alg": "A128KW"}}));
    let ranked = [tried, unsuited, foreign, unread];
    let codes = |json: Value| {
        let refused = Jwe::parse(json.to_string()).unwrap().decrypt(&keys).unwrap_err();
        match &refused {
            jwe::Error::Decrypt(DecryptError::Failed) => 0,
            jwe::Error::Decrypt(DecryptError::Header(_)) => 1,
            jwe::Error::Decrypt(DecryptError::NoMatchingKey(_)) => 2,
            jwe::Error::Parse(_) => 3,
            other => panic!("{other:?}"),
        }
    };
    for first in 0..ranked.len() {
        for second in (0..ranked.len()).filter(|second| *second != first) {
            let entries = [Some(ranked[first].clone()), Some(ranked[second].clone())];
            assert_eq!(codes(of_entries(&entries, subject)), first.min(second));
        }
    }
}
