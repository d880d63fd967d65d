//! What a header may say, and what is made of it before any work is done (RFC 7516 §4).

use super::*;

/// A header names both algorithms.
pub fn a_header_names_both_algorithms(subject: &Subject) {
    let forge = forge(subject);
    for member in ["alg", "enc"] {
        let refused = refusal(&forge.patched(&json!({member: null})), &forge.owner);
        assert_eq!(malformed(refused), within(Rule::Missing { member }));
    }
}

/// An algorithm is named exactly, and `none` is not one.
pub fn an_algorithm_is_named_letter_for_letter(subject: &Subject) {
    let forge = forge(subject);
    for name in ["", "none", "NONE", "a256kw", "A256KW ", "A256", "RSA-OAEP", "dir", "HS256"] {
        let refused = refusal(&forge.patched(&json!({"alg": name})), &forge.owner);
        assert_eq!(reason(refused), NoMatchReason::AlgorithmNotAllowed, "{name}");
    }
    for name in ["", "none", "a256gcm", "A256GCM ", "A256CBC", "A256KW"] {
        let refused = refusal(&forge.patched(&json!({"enc": name})), &forge.owner);
        assert_eq!(reason(refused), NoMatchReason::EncryptionNotAllowed, "{name}");
    }
}

/// The caller says how content may be encrypted.
pub fn content_encryption_can_be_restricted(subject: &Subject) {
    let (to, from) = pair(K::A128KW, E::A256GCM, subject);
    let tap = Tap::new(subject);
    for (enc, other) in E::ALL.iter().zip(E::ALL.iter().cycle().skip(1)) {
        let token = Builder::new().enc(*enc).encrypt(TEXT, [&to]).unwrap().to_compact().unwrap();
        let allowing = |encs: &[E]| Policy::new().encs(encs);
        assert!(jwe::decrypt_with(&token, &from, &allowing(&[*other, *enc])).is_ok());
        for encs in [&[][..], &[*other]] {
            let refused = refusal_under(&allowing(encs), &Parts::of(&token), &from);
            assert_eq!(reason(refused), NoMatchReason::EncryptionNotAllowed, "{enc}");
            let tapped = owner(&private(K::A128KW, *enc), tap);
            jwe::decrypt_with(&token, &tapped, &allowing(encs)).unwrap_err();
            assert_eq!((tap.unwrapped(), tap.tried().len()), (0, 0), "refused before any work");
        }
    }
}

/// What is critical must be understood (RFC 7516 §4.1.13).
pub fn what_is_critical_has_to_be_understood(subject: &Subject) {
    let forge = forge(subject);
    let refused = |patch: &Value| critical(refusal(&forge.patched(patch), &forge.owner));
    assert_eq!(refused(&json!({"crit": []})), Critical::Empty);
    assert_eq!(refused(&json!({"crit": ["x"]})), Critical::Absent("x".into()));
    let understood = json!({"crit": ["x"], "x": 1});
    assert_eq!(refused(&understood), Critical::NotUnderstood("x".into()));
    for name in [
        "alg", "apu", "apv", "crit", "cty", "enc", "epk", "iv", "jku", "jwk", "kid", "p2c", "p2s",
        "tag", "typ", "x5c", "x5t", "x5t#S256", "x5u", "zip",
    ] {
        let Critical::Registered(named) = refused(&json!({"crit": [name]})) else { panic!() };
        assert_eq!(named, name);
    }
    assert_eq!(refused(&json!({"b64": false})), Critical::Unnamed("b64"));
    let policy = Policy::new().understands("x");
    let twice = forge.patched(&json!({"crit": ["x", "x"], "x": 1}));
    let refused = critical(refusal_under(&policy, &twice, &forge.owner));
    assert_eq!(refused, Critical::Duplicate("x".into()));
    let second = forge.patched(&json!({"crit": ["x", "y"], "x": 1, "y": 2}));
    let refused = critical(refusal_under(&policy, &second, &forge.owner));
    assert_eq!(refused, Critical::NotUnderstood("y".into()));
    let token = forge.patched(&understood).compact();
    let decrypted = jwe::decrypt_with(&token, &forge.owner, &policy).unwrap();
    assert_eq!(decrypted.protected().get("x"), Some("1"));
}

/// A `crit` that nobody would take is not written either.
pub fn a_header_that_breaks_crit_is_not_encrypted(subject: &Subject) {
    let (to, from) = pair(K::A128KW, E::A256GCM, subject);
    let with = |header: Header| Builder::new().header(header).encrypt(TEXT, [&to]);
    for (header, expected) in [
        (Header::new().with_crit([""; 0]), Critical::Empty),
        (Header::new().with_crit(["x"]), Critical::Absent("x".into())),
        (Header::new().with_crit(["enc"]), Critical::Registered("enc")),
    ] {
        let refused = with(header).unwrap_err();
        assert_eq!(refused.code(), "ERR_JWE_INVALID");
        let EncryptError::Critical(critical) = refused else { panic!("{refused:?}") };
        assert_eq!(critical, expected);
    }
    let header = Header::new().with("x", 1).unwrap().with_crit(["x"]);
    let jwe = with(header).unwrap();
    assert_eq!(critical(jwe.decrypt(&from).unwrap_err()), Critical::NotUnderstood("x".into()));
    assert!(jwe.decrypt_with(&from, &Policy::new().understands("x")).is_ok());
}

/// What changes how a token is read is protected, in whichever header it would otherwise be.
pub fn what_changes_decryption_is_protected(subject: &Subject) {
    let forge = forge(subject);
    let good = forge.patched(&json!({}));
    for (member, value) in [("crit", json!(["x"])), ("zip", json!("DEF"))] {
        for place in ["header", "unprotected"] {
            let mut json = good.flattened();
            json[place] = json!({member: value, "x": 1});
            let expected = within(Rule::Unprotected { member });
            assert_eq!(broken(json.to_string()), expected, "{place}");
        }
    }
}

/// An `enc` that nobody protects can be changed on the way to another with keys as long; it is
/// taken only by those who say so (RFC 7520 §5.12).
pub fn an_unprotected_enc_is_refused_unless_the_caller_accepts_it(subject: &Subject) {
    let forge = forge(subject);
    let lax = Policy::new().accept_unprotected_enc();
    for place in ["header", "unprotected"] {
        for (protected, unprotected) in [
            (json!({"alg": "A256KW"}), json!({"enc": "A256GCM"})),
            (json!({}), json!({"alg": "A256KW", "enc": "A256GCM"})),
        ] {
            let none = protected.as_object().unwrap().is_empty();
            let header = if none { Vec::new() } else { protected.to_string().into_bytes() };
            let authenticated = base64url::encode(&header);
            let mut json = forge.seal_under(&header, &authenticated, TEXT).flattened();
            json[place] = unprotected;
            let jwe = Jwe::parse(json.to_string()).unwrap();
            let refused = jwe.decrypt(&forge.owner).unwrap_err();
            assert_eq!(reason(refused), NoMatchReason::EncryptionNotAllowed);
            let decrypted = jwe.decrypt_with(&forge.owner, &lax).unwrap();
            assert_eq!((decrypted.content().as_slice(), decrypted.enc()), (TEXT, E::A256GCM));
            // The name of another is another, with whatever permission.
            json[place]["enc"] = "A128CBC-HS256".into();
            let jwe = Jwe::parse(json.to_string()).unwrap();
            failed(jwe.decrypt_with(&forge.owner, &lax));
        }
    }
}

/// Every registered parameter has its type: in an encrypted token there is no use for another of
/// its name.
pub fn registered_parameters_have_their_types(subject: &Subject) {
    let forge = forge(subject);
    let string = |member| within(Rule::Type { member, expected: "a string" });
    let octets = within(Rule::Base64url);
    let count = within(Rule::Type { member: "p2c", expected: "a positive integer" });
    let (boolean, strings) = ("a boolean", "an array of strings");
    let mut table = vec![
        ("epk", json!("key"), within(Rule::Type { member: "epk", expected: "an object" })),
        ("epk", json!({}), within(Rule::Missing { member: "kty" })),
        ("crit", json!("x"), within(Rule::Type { member: "crit", expected: strings })),
        ("crit", json!([1]), within(Rule::Type { member: "crit", expected: strings })),
        ("b64", json!("true"), within(Rule::Type { member: "b64", expected: boolean })),
        ("kid", json!("a\nb"), within(Rule::ControlCharacter { member: "kid" })),
        ("enc", json!("A256GCM\0"), within(Rule::ControlCharacter { member: "enc" })),
    ];
    for member in ["alg", "enc", "zip", "typ", "cty", "kid", "apu", "apv", "iv", "tag", "p2s"] {
        for wrong in [json!(5), json!([]), json!({}), json!(true)] {
            table.push((member, wrong, string(member)));
        }
    }
    for member in ["apu", "apv", "iv", "tag", "p2s"] {
        for wrong in ["A", "AA==", "A+", "AB", "A A"] {
            table.push((member, json!(wrong), octets));
        }
    }
    for wrong in [json!("1000"), json!(-1), json!(0), json!(1.5), json!([]), json!(true)] {
        table.push(("p2c", wrong, count));
    }
    for (member, wrong, expected) in table {
        let refused = refusal(&forge.patched(&json!({member: wrong})), &forge.owner);
        assert_eq!(malformed(refused), expected, "{member}: {wrong}");
        let mut header = forge.header.clone();
        if let (Some(_), true) = (header.remove(member), ["alg", "enc"].contains(&member)) {
            // In a header that nobody protects as well.
            let header = Value::from(header).to_string();
            let mut json = forge.seal(&header).flattened();
            json["unprotected"] = json!({member: wrong});
            assert_eq!(broken(json.to_string()), expected, "{member}: {wrong}");
        }
    }
    for wrong in ["null", "18446744073709551616", "1e3", "1000.0", "-0"] {
        let header = format!("{{\"alg\":\"A256KW\",\"enc\":\"A256GCM\",\"p2c\":{wrong}}}");
        let refused = refusal(&forge.seal(header), &forge.owner);
        assert_eq!(malformed(refused), count, "{wrong}");
    }
    for member in ["alg", "enc", "zip", "kid", "apu"] {
        let header = String::from_utf8(forge.header(&json!({member: null}))).unwrap();
        let header = header.replacen('{', &format!("{{\"{member}\":null,"), 1);
        let refused = refusal(&forge.seal(header), &forge.owner);
        assert_eq!(malformed(refused), string(member));
    }
}

/// A header is one plain object, in UTF-8, with each name once.
pub fn an_encrypted_header_is_one_plain_object(subject: &Subject) {
    let forge = forge(subject);
    let good = r#""alg":"A256KW","enc":"A256GCM""#;
    for (header, rule) in [
        (format!("{{{good},\"alg\":\"A256KW\"}}"), Rule::DuplicateMember),
        (format!("{{{good},\"\\u0061lg\":\"dir\"}}"), Rule::DuplicateMember),
        (format!("{{{good},\"x\":{{\"y\":1,\"y\":1}}}}"), Rule::DuplicateMember),
        (format!("{{{good}}}{{}}"), Rule::Json),
        (format!("{{{good},}}"), Rule::Json),
        (format!("\u{feff}{{{good}}}"), Rule::Json),
        (format!("{{{good},\"x\":1e999}}"), Rule::Number),
        (format!("[{{{good}}}]"), Rule::NotAnObject),
        ("null".into(), Rule::NotAnObject),
        (
            format!("{{{good},\"x\":{}{}}}", "[".repeat(16), "]".repeat(16)),
            Rule::Depth { limit: 16 },
        ),
    ] {
        let refused = refusal(&forge.seal(&header), &forge.owner);
        assert_eq!(malformed(refused), within(rule), "{header}");
    }
    let header = [b"{\"x\":\"\xFF\",", good.as_bytes(), b"}"].concat();
    let refused = refusal(&forge.seal(header), &forge.owner);
    assert_eq!(malformed(refused), within(Rule::Utf8));
    // Spelt another way, it is authenticated as it was spelt.
    let odd = " { \"enc\" : \"A256GCM\",\n\"\\u0061lg\":\"A256KW\" }\t";
    let token = forge.seal(odd).compact();
    assert_eq!(jwe::decrypt(&token, &forge.owner).unwrap().content(), TEXT);
}

/// A private key in a header is a leak.
pub fn a_private_ephemeral_key_is_refused(subject: &Subject) {
    for alg in AGREEMENT {
        let forge = Forge::new(alg, E::A256GCM, subject);
        let mut epk = forge.header["epk"].clone();
        for private in ["d", "k", "p", "priv"] {
            epk[private] = base64url::encode(&[1; 32]).into();
            let refused = refusal(&forge.patched(&json!({"epk": epk})), &forge.owner);
            assert_eq!(malformed(refused), within(Rule::PrivateMember), "{alg}, {private}");
            epk.as_object_mut().unwrap().remove(private);
        }
        let shared = json!({"epk": {"kty": "oct", "k": "AAAA"}});
        let refused = refusal(&forge.patched(&shared), &forge.owner);
        assert_eq!(malformed(refused), within(Rule::PrivateMember), "{alg}");
    }
}

/// An ephemeral key is a point on the owner's own curve. No library is asked about one of another
/// kind, and whether the point is on the curve is all that is left to it.
pub fn an_ephemeral_key_is_on_the_same_curve(subject: &Subject) {
    let public = |alg| value(&crate::keys::private(alg).to_public_json().unwrap());
    let only = |jwk: Value| {
        let mut jwk = jwk.as_object().unwrap().clone();
        jwk.retain(|name, _| ["kty", "crv", "x", "y", "n", "e"].contains(&name.as_str()));
        Value::from(jwk)
    };
    let zeros = base64url::encode(&[0; 32]);
    let tap = Tap::new(subject);
    for alg in AGREEMENT {
        let forge = Forge::with(alg, E::A256GCM, tap);
        let mut off = forge.header["epk"].clone();
        off["y"] = off["x"].clone();
        assert_failed(&forge.patched(&json!({"epk": off})), &forge.owner);
        tap.forget();
        let mut epks = vec![];
        for other in [S::ES384, S::ES512, S::ES256K, S::Ed25519, S::Ed448, S::RS256] {
            epks.push(only(public(other)));
        }
        epks.push(json!({"kty": "EC", "crv": "P-256", "x": zeros, "y": zeros}));
        epks.push(json!({"kty": "OKP", "crv": "X25519", "x": base64url::encode(&[9; 32])}));
        epks.push(json!({"kty": "OKP", "crv": "X9000", "x": "AA"}));
        epks.push(json!({"kty": "LWE"}));
        for epk in epks {
            let refused = forge.patched(&json!({"epk": epk}));
            assert_failed(&refused, &forge.owner);
            assert_eq!(tap.agreed(), 0, "{epk}");
        }
        let genuine = forge.patched(&json!({}));
        assert!(jwe::decrypt(&genuine.compact(), &forge.owner).is_ok());
        assert_eq!(tap.agreed(), 1);
    }
}

/// With an ephemeral key of small order the secret would be zero, which everybody knows.
pub fn an_ephemeral_key_of_small_order_is_refused(subject: &Subject) {
    let tap = Tap::new(subject);
    for (curve, len) in [(OkpCurve::X25519, 32), (OkpCurve::X448, 56)] {
        // Where there is no such curve there is no key to send one to.
        if !subject.curves().any(|own| own.new_key() == curve.into()) {
            continue;
        }
        let backend = subject.backend();
        for alg in [K::ECDH_ES, K::ECDH_ES_A128KW] {
            let jwk = Generator::new(alg).curve(curve).generate(backend).unwrap();
            let jwe = Builder::new().encrypt(TEXT, [&sender(&jwk, backend)]).unwrap();
            let parts = Parts::of(&jwe.to_compact().unwrap());
            for low in [0, 1, 0xFF] {
                let mut u = vec![if low == 0xFF { 0xFF } else { 0 }; len];
                u[0] = low;
                let mut header = header_of(&jwe);
                header["epk"]["x"] = base64url::encode(&u).into();
                let header = serde_json::to_vec(&header).unwrap();
                assert_failed(&Parts { header, ..parts.clone() }, &owner(&jwk, tap));
                assert_eq!(tap.agreed(), 0, "{curve:?}");
            }
        }
    }
}

/// An algorithm has the parameters it needs.
pub fn parameters_that_an_algorithm_needs_are_there(subject: &Subject) {
    let table = [
        (&AGREEMENT[..], &["epk"][..]),
        (&[K::A128GCMKW, K::A192GCMKW, K::A256GCMKW], &["iv", "tag"]),
        (&PASSWORD, &["p2s", "p2c"]),
    ];
    for (algs, members) in table {
        for (alg, member) in
            algs.iter().flat_map(|alg| members.iter().map(move |member| (*alg, *member)))
        {
            let forge = Forge::new(alg, E::A256GCM, subject);
            let refused = refusal(&forge.patched(&json!({member: null})), &forge.owner);
            assert_eq!(unsuitable(refused), Rule::Missing { member }, "{alg}");
        }
    }
}

/// A salt has 8 to 256 octets, and no work is done for any other.
pub fn a_salt_has_bounds(subject: &Subject) {
    let tap = Tap::new(subject);
    for alg in PASSWORD {
        let forge = Forge::with(alg, E::A256GCM, tap);
        tap.forget();
        for (len, accepted) in [
            (0, false),
            (1, false),
            (7, false),
            (8, true),
            (16, true),
            (256, true),
            (257, false),
            (4096, false),
        ] {
            let salt = base64url::encode(&vec![1; len]);
            let other = forge.patched(&json!({"p2s": salt}));
            if accepted {
                let refused = jwe::decrypt(&other.compact(), &forge.owner);
                if len < 16 && subject.refuses(Unapproved::Guessable) {
                    assert_not_derived(&refused.unwrap_err());
                } else {
                    // Another salt makes another key, which opens nothing.
                    failed(refused);
                }
                assert_eq!(tap.derived(), 1, "{len}");
            } else {
                let refused = refusal(&other, &forge.owner);
                let expected = "8 to 256 octets";
                assert_eq!(unsuitable(refused), Rule::Value { member: "p2s", expected }, "{len}");
                assert_eq!(tap.derived(), 0, "{len}");
            }
        }
    }
}

/// A sender does not say how long we work (CVE-2023-50967): the rounds are looked at before they
/// are done.
pub fn the_rounds_are_looked_at_before_they_are_done(subject: &Subject) {
    let tap = Tap::new(subject);
    let expected = "a number of rounds within the bounds";
    for alg in PASSWORD {
        let forge = Forge::with(alg, E::A256GCM, tap);
        tap.forget();
        let policy = |max| Policy::new().max_p2c(max);
        let (default, u32_max) = (Policy::new(), u64::from(u32::MAX));
        for (policy, rounds, accepted) in [
            (&default, 1, false),
            (&default, 999, false),
            (&default, 1000, true),
            (&default, 1_200_001, false),
            (&default, 10_000_000, false),
            (&default, u32_max, false),
            (&default, u32_max + 1, false),
            // What would be 1000 in 32 bits.
            (&default, u32_max + 1001, false),
            (&default, u64::MAX, false),
            (&policy(1000), 1000, true),
            (&policy(1000), 1001, false),
            (&policy(2000), 2000, true),
            (&policy(2000), 2001, false),
            (&policy(0), 1000, false),
            (&policy(u32::MAX), 1_200_001, false),
        ] {
            let other = forge.patched(&json!({"p2c": rounds}));
            if accepted {
                let _any = jwe::decrypt_with(&other.compact(), &forge.owner, policy);
                assert_eq!((tap.derived(), tap.tried().len()), (1, 1), "{rounds}");
            } else {
                let refused = refusal_under(policy, &other, &forge.owner);
                assert_eq!(
                    unsuitable(refused),
                    Rule::Value { member: "p2c", expected },
                    "{rounds}"
                );
                assert_eq!((tap.derived(), tap.tried().len()), (0, 0), "{rounds}");
            }
        }
    }
    // The most there may be are still done.
    let forge = Forge::with(K::PBES2_HS256_A128KW, E::A256GCM, tap);
    tap.forget();
    failed(jwe::decrypt(&forge.patched(&json!({"p2c": 1_200_000})).compact(), &forge.owner));
    assert_eq!(tap.derived(), 1);
}

/// Who agrees with whom goes into the key: two that are one are refused when encrypting (NIST SP
/// 800-56A).
pub fn two_parties_are_not_one(subject: &Subject) {
    for alg in AGREEMENT {
        let (to, from) = pair(alg, E::A256GCM, subject);
        let refused =
            Builder::new().encrypt(TEXT, [Recipient::new(&to).apu(b"Alice").apv(b"Alice")]);
        let rule = Rule::Value { member: "apv", expected: "another than `apu`" };
        assert_eq!(refused_header(refused), within(rule));
        for (recipient, apu, apv) in [
            (Recipient::new(&to).apu(b"Alice").apv(b"Bob"), Some("Alice"), Some("Bob")),
            (Recipient::new(&to).apu(b"Alice"), Some("Alice"), None),
            (Recipient::new(&to).apv(b"Bob"), None, Some("Bob")),
        ] {
            let jwe = Builder::new().encrypt(TEXT, [recipient]).unwrap();
            let decrypted = jwe.decrypt(&from).unwrap();
            let params = decrypted.protected().encryption().unwrap();
            let (apu, apv) = (apu.map(str::as_bytes), apv.map(str::as_bytes));
            assert_eq!((params.apu(), params.apv()), (apu, apv), "{alg}");
        }
    }
}

/// Another name for a party is another key, whether or not the header is protected.
pub fn the_parties_change_the_key(subject: &Subject) {
    let (to, from) = pair(K::ECDH_ES_A128KW, E::A256GCM, subject);
    let (other, _) = pair(K::A128KW, E::A256GCM, subject);
    let recipients = [Recipient::new(&to).apu(b"Alice").apv(b"Bob"), Recipient::new(&other)];
    let jwe = Builder::new().encrypt(TEXT, recipients).unwrap();
    assert_eq!(jwe.decrypt(&from).unwrap().content(), TEXT);
    for (member, text) in
        [("apu", Some("Mallory")), ("apv", Some("Mallory")), ("apu", None), ("apv", None)]
    {
        let mut json = value(&jwe.to_general().unwrap());
        let header = json["recipients"][0]["header"].as_object_mut().unwrap();
        match text {
            Some(text) => header.insert(member.into(), base64url::encode(text.as_bytes()).into()),
            None => header.remove(member),
        };
        failed(Jwe::parse(json.to_string()).unwrap().decrypt(&from));
    }
    let mut json = value(&jwe.to_general().unwrap());
    let header = json["recipients"][0]["header"].as_object_mut().unwrap();
    let (apu, apv) = (header["apu"].clone(), header["apv"].clone());
    header.insert("apu".into(), apv);
    header.insert("apv".into(), apu);
    failed(Jwe::parse(json.to_string()).unwrap().decrypt(&from));
}

/// What the algorithms need is theirs to set, and no header of another token's sets it.
pub fn parameters_of_the_encryption_are_its_own(subject: &Subject) {
    let (to, _) = pair(K::A128KW, E::A256GCM, subject);
    let rule = within(Rule::Value { member: "enc", expected: "left to the encryption" });
    for alg in [K::A128GCMKW, K::ECDH_ES, PASSWORD[0]] {
        let jwe = encrypted(alg, E::A256GCM, subject);
        let header = jwe.recipients().next().unwrap().unwrap().protected().clone();
        let with = Builder::new().header(header.clone()).encrypt(TEXT, [&to]);
        assert_eq!(refused_header(with), rule);
        let with = Builder::new().shared_header(header.clone()).encrypt(TEXT, [&to]);
        assert_eq!(refused_header(with), rule);
        let with = Builder::new().encrypt(TEXT, [Recipient::new(&to).header(header)]);
        assert_eq!(refused_header(with), rule);
    }
}

/// A header that names another algorithm than the key's is not written; one that names the key in
/// other words is.
pub fn a_header_that_contradicts_the_key_is_not_encrypted(subject: &Subject) {
    let (to, from) = pair(K::A128KW, E::A256GCM, subject);
    let other = given(&json!({"alg": "dir"}));
    for refused in [
        Builder::new().header(other.clone()).encrypt(TEXT, [&to]),
        Builder::new().encrypt(TEXT, [Recipient::new(&to).header(other)]),
    ] {
        let KeyError::Algorithm { expected: "A128KW", actual } = refused_key(refused) else {
            panic!()
        };
        assert_eq!(actual, "dir");
    }
    let own = given(&json!({"alg": "A128KW", "kid": "A128KW", "typ": "x/y"}));
    let jwe = Builder::new().header(own).encrypt(TEXT, [&to]).unwrap();
    let expected = json!({"alg": "A128KW", "enc": "A256GCM", "kid": "A128KW", "typ": "x/y"});
    assert_eq!(Value::from(header_of(&jwe)), expected);
    assert!(jwe.decrypt(&from).is_ok());
    for (header, member) in [
        (Header::new().with_typ("a\0b"), "typ"),
        (Header::new().with_cty("a\nb"), "cty"),
        (Header::new().with_kid("\u{7f}"), "kid"),
    ] {
        let refused = Builder::new().header(header).encrypt(TEXT, [&to]);
        assert_eq!(refused_header(refused), within(Rule::ControlCharacter { member }));
    }
}
