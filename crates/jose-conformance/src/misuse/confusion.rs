//! Algorithms and keys taken for others (RFC 8725 §3.1-3.5).

use super::*;

/// `none` is no algorithm, in no spelling, with a signature or without (RFC 8725 §3.2).
pub fn no_spelling_of_none_is_an_algorithm(subject: &Subject) {
    let every: VerifyingKeys =
        subject.algorithms().map(|alg| keys::verifier(alg, subject.backend())).collect();
    let nameless = verifying(&keys::private(S::HS256).without_kid(), subject).unwrap();
    for upper in 0..16 {
        let name: String = "none"
            .char_indices()
            .map(|(at, c)| if upper >> at & 1 == 1 { c.to_ascii_uppercase() } else { c })
            .collect();
        for header in [json!({"alg": name}), json!({"alg": name, "kid": "hs256-1"})] {
            let sealed = forge(subject).seal(header.to_string());
            let (input, _) = sealed.rsplit_once('.').unwrap();
            for token in [&sealed, &format!("{input}.")] {
                for no_match in [
                    no_match(token, &every),
                    no_match(token, &trusted(subject)),
                    no_match(token, &nameless),
                ] {
                    assert_eq!(no_match.reason(), NoMatchReason::AlgorithmNotAllowed);
                    assert_eq!(no_match.alg(), name);
                }
            }
        }
    }
}

/// An algorithm has one name, letter by letter (RFC 7515 §4.1.1); any other is nobody's.
pub fn an_algorithm_is_named_exactly(subject: &Subject) {
    for alg in subject.algorithms() {
        let (forge, own) = (Forge::new(&keys::private(alg), subject), alg.name());
        let key = keys::verifier(alg, subject.backend());
        let mut names = vec![String::new(), own[..own.len() - 1].into()];
        names.extend([format!(" {own}"), format!("{own} "), format!("{own}\u{200B}")]);
        for at in 0..own.len() {
            let mut name = own.as_bytes().to_vec();
            name[at] ^= 0x20 * u8::from(name[at].is_ascii_alphabetic());
            names.push(String::from_utf8(name).unwrap());
        }
        names.extend(["RSA-OAEP", "dir", "A256GCM", "ECDH-ES", "__proto__"].map(String::from));
        for name in names.into_iter().filter(|name| S::from_name(name).is_none()) {
            let no_match = no_match(&forge.seal(json!({"alg": name}).to_string()), &key);
            assert_eq!(no_match.reason(), NoMatchReason::AlgorithmNotAllowed, "{alg}, {name:?}");
            assert_eq!(no_match.alg(), name, "{alg}");
        }
        assert!(jws::verify(&forge.seal(json!({"alg": own}).to_string()), &key).is_ok(), "{alg}");
    }
    let long = forge(subject).seal(json!({"alg": "x".repeat(9000)}).to_string());
    assert_eq!(no_match(&long, &trusted(subject)).alg(), "x".repeat(64));
}

/// An algorithm is a string, and there is one (RFC 7515 §4.1.1).
pub fn an_algorithm_is_a_string(subject: &Subject) {
    let rule = |header: &str| broken_rule(&forge(subject).seal(header), &trusted(subject));
    for alg in ["null", "256", "true", "{}", "[]", r#"["HS256"]"#, r#"{"alg":"HS256"}"#] {
        let expected = Rule::Type { member: "alg", expected: "a string" };
        assert_eq!(rule(&format!("{{\"alg\":{alg}}}")), expected, "{alg}");
    }
    for header in ["{}", r#"{"typ":"JWT"}"#, r#"{"Alg":"HS256"}"#, r#"{"x":{"alg":"HS256"}}"#] {
        assert_eq!(rule(header), Rule::Missing { member: "alg" }, "{header}");
    }
    let control = Rule::ControlCharacter { member: "alg" };
    assert_eq!(rule(r#"{"alg":"HS256\u0000"}"#), control);
}

/// A public key is not a shared secret, whatever it is said to be for (RFC 8725 §3.1).
pub fn a_public_key_is_never_a_shared_secret(subject: &Subject) {
    for alg in S::ALL.iter().filter(|alg| !alg.is_symmetric()) {
        for mac in [S::HS256, S::HS384, S::HS512] {
            let patch = json!({"alg": mac.name()});
            let private = patched(&keys::private(*alg), &patch);
            let public = patched(&keys::verifying(*alg), &patch);
            let actual = public.kty().into();
            let expected = KeyError::KeyType { alg: mac.name(), expected: "oct", actual };
            assert_unfit(verifying(&public, subject), &expected);
            assert_unfit(verifying(&private, subject), &expected);
            assert_unfit(signing(&private, subject), &expected);
            let nothing = patched(&public, &json!({"alg": null}));
            let keys = VerifyingKeys::from_jwks(&set_of([nothing]), &[mac], subject.backend());
            assert_eq!(keys.iter().count(), 0, "{alg} as {mac}");
            assert!(matches!(keys.skipped()[0].reason(), SkipReason::NotAllowed));
        }
    }
}

/// A MAC made with the octets of a public key, in whatever encoding, is worth nothing.
pub fn a_token_maced_with_a_public_key_is_refused(subject: &Subject) {
    for alg in subject.algorithms().filter(|alg| !alg.is_symmetric()) {
        let public = keys::verifying(alg);
        let key = verifying(&public, subject).unwrap();
        let both = [S::HS256, alg];
        let set = VerifyingKeys::from_jwks(&set_of([public.clone()]), &both, subject.backend());
        assert_eq!(set.iter().count(), 1);
        let json = public.to_public_json().unwrap();
        let mut secrets = vec![json.clone().into_bytes(), format!("{json}\n").into_bytes()];
        secrets.push(format!("{{\"keys\":[{json}]}}").into_bytes());
        let mut all = Vec::new();
        for member in ["n", "e", "x", "y"] {
            let Some(Value::String(text)) = members(&public).get(member).cloned() else { continue };
            let octets = base64url::decode(text.as_bytes()).unwrap();
            all.extend_from_slice(&octets);
            secrets.extend([text.into_bytes(), octets]);
        }
        secrets.extend([all.clone(), [&[4], &all[..]].concat()]);
        for mut secret in secrets {
            // HMAC pads short keys with zeros itself, so this makes the same MAC.
            secret.resize(secret.len().max(32), 0);
            let secret = Jwk::from_secret_octets(secret).unwrap().with_alg(S::HS256).unwrap();
            let forge = Forge::new(&secret, subject);
            for header in [json!({"alg": "HS256"}), json!({"alg": "HS256", "kid": public.kid()})] {
                let token = forge.seal(header.to_string());
                assert_eq!(reason(&token, &key), NoMatchReason::AlgorithmNotAllowed, "{alg}");
                no_match(&token, &set);
            }
            // The signature is no better under the right name.
            let header = json!({"alg": alg.name(), "kid": public.kid()}).to_string();
            assert!(is_forged(&forge.seal(header), &set), "{alg}");
        }
    }
}

/// Nobody holds the empty key, so everybody does: it is no key, and its MACs are nobody's.
pub fn the_empty_key_is_no_key(subject: &Subject) {
    let refused = Jwk::from_secret_octets(Vec::new()).unwrap_err();
    let rule = Rule::Value { member: "k", expected: "at least one octet" };
    assert_eq!(refused.rule(), rule);
    let json = r#"{"kty":"oct","alg":"HS256","kid":"empty","k":""}"#;
    assert_eq!(json.parse::<Jwk>().unwrap_err().rule(), rule);
    let rsa = patched(&keys::verifying(S::RS256), &json!({"alg": null}));
    let rsa = rsa.to_public_json().unwrap();
    let set: JwkSet = format!("{{\"keys\":[{json},{rsa}]}}").parse().unwrap();
    let keys = VerifyingKeys::from_jwks(&set, &[S::HS256, S::RS256], subject.backend());
    assert_eq!(keys.iter().count(), 1, "the RSA key alone");
    // A MAC under zeros is a MAC under nothing: HMAC pads with zeros.
    let nothing = Forge::new(&shared(0), subject);
    let token = nothing.seal(r#"{"alg":"HS256"}"#);
    no_match(&token, &keys);
    assert!(is_forged(&token, &trusted(subject)));
    no_match(&nothing.seal(r#"{"alg":"HS256","kid":"empty"}"#), &keys);
}

/// RFC 7518 §3.2: a shared key is no shorter than the hash.
pub fn a_shared_key_shorter_than_its_hash_is_refused(subject: &Subject) {
    for (alg, min) in [(S::HS256, 32), (S::HS384, 48), (S::HS512, 64)] {
        let jwk = |len| Jwk::from_secret_octets(vec![7; len]).unwrap().with_alg(alg).unwrap();
        for actual in [1, 16, min - 1] {
            let expected = KeyError::TooShort { alg: alg.name(), min, actual };
            assert_eq!(expected.code(), "ERR_JWK_INVALID");
            assert_unfit(signing(&jwk(actual), subject), &expected);
            assert_unfit(verifying(&jwk(actual), subject), &expected);
        }
        for len in [min, min + 1, 64, 65, 128, 129, 4096] {
            let key = verifying(&jwk(len), subject).unwrap();
            assert!(jws::verify(&signed(&jwk(len), subject), &key).is_ok(), "{alg}, {len}");
        }
    }
}

/// RFC 7518 §3.3: an RSA modulus has 2048 bits at least, 16384 at most, and is odd.
pub fn an_rsa_modulus_has_its_size(subject: &Subject) {
    let refused = |n: &[u8], actual| {
        let expected = KeyError::RsaModulus { min: 2048, max: 16384, actual };
        for alg in [S::RS256, S::RS384, S::RS512, S::PS256, S::PS384, S::PS512] {
            let patch = json!({"n": base64url::encode(n), "alg": alg.name()});
            assert_unfit(
                verifying(&patched(&keys::verifying(S::RS256), &patch), subject),
                &expected,
            );
        }
    };
    let weak: Jwk = RSA_1024.parse().unwrap();
    let expected = KeyError::RsaModulus { min: 2048, max: 16384, actual: 1024 };
    assert_unfit(signing(&weak, subject), &expected);
    assert_unfit(verifying(&weak.to_public().unwrap(), subject), &expected);
    let Params::Rsa(rsa) = keys::verifying(S::RS256).params().clone() else { panic!() };
    let with = |at: usize, octet: u8| {
        let mut n = rsa.n().to_vec();
        n[at] = octet;
        n
    };
    refused(&with(0, 0x7F), 2047);
    refused(&with(255, 0xFE), 2048);
    refused(&[&[1][..], &[0xFF; 2048]].concat(), 16385);
    refused(&[1], 1);
    for n in [with(0, 0x80), vec![0xFF; 2048]] {
        let jwk = patched(&keys::verifying(S::RS256), &json!({"n": base64url::encode(&n)}));
        assert!(verifying(&jwk, subject).is_ok(), "{} octets", n.len());
    }
}

/// With an exponent of 1 any text signs itself, with an even one nothing does; a long one is slow.
pub fn an_rsa_exponent_is_odd_and_within_32_bits(subject: &Subject) {
    for json in [RSA_E1, RSA_E2] {
        let jwk: Jwk = json.parse().unwrap();
        assert_unfit(verifying(&jwk, subject), &KeyError::RsaExponent);
    }
    let with = |e: &[u8]| patched(&keys::verifying(S::RS256), &json!({"e": base64url::encode(e)}));
    for e in [&[0][..], &[1], &[2], &[1, 0, 0], &[1, 0, 0, 0, 1], &[0xFF; 256]] {
        assert_unfit(verifying(&with(e), subject), &KeyError::RsaExponent);
    }
    let refuses = subject.refuses(Unapproved::LowExponent);
    for (e, low) in [(&[3][..], true), (&[0xFF; 2], true), (&[1, 0, 1], false), (&[0xFF; 4], false)]
    {
        let loaded = verifying(&with(e), subject);
        if low && refuses {
            assert!(matches!(loaded, Err(KeyError::NotApproved { .. })), "{e:?}: {loaded:?}");
        } else {
            assert!(loaded.is_ok(), "{e:?}: {loaded:?}");
        }
    }
    let three: Jwk = RSA_E3.parse().unwrap();
    if refuses {
        let refused = signing(&three, subject);
        assert!(matches!(refused, Err(KeyError::NotApproved { .. })), "{refused:?}");
        return;
    }
    let key = verifying(&three.to_public().unwrap(), subject).unwrap();
    assert!(jws::verify(&signed(&three, subject), &key).is_ok());
}

/// An algorithm has its curve: a key on another does not serve it (RFC 7518 §3.4, RFC 8812 §3.2).
pub fn a_key_on_another_curve_is_refused(subject: &Subject) {
    let x25519 = json!({"crv": "X25519", "x": base64url::encode(&[9; 32]), "d": null});
    let x25519 = patched(&keys::private(S::Ed25519), &x25519);
    let table = [
        (S::ES256, keys::verifying(S::ES384), "P-256", "P-384"),
        (S::ES256, keys::verifying(S::ES256K), "P-256", "secp256k1"),
        (S::ES256K, keys::verifying(S::ES256), "secp256k1", "P-256"),
        (S::ES384, keys::verifying(S::ES512), "P-384", "P-521"),
        (S::ES512, keys::verifying(S::ES256), "P-521", "P-256"),
        (S::Ed25519, keys::verifying(S::Ed448), "Ed25519", "Ed448"),
        (S::Ed448, keys::verifying(S::Ed25519), "Ed448", "Ed25519"),
        (S::Ed25519, x25519.clone(), "Ed25519", "X25519"),
        (S::EdDSA, x25519, "Ed25519 or Ed448", "X25519"),
    ];
    for (alg, jwk, expected, actual) in table {
        let jwk = patched(&jwk, &json!({"alg": alg.name()}));
        let expected = KeyError::Curve { alg: alg.name(), expected, actual: actual.into() };
        assert_unfit(verifying(&jwk, subject), &expected);
        assert_unfit(signing(&jwk, subject), &expected);
    }
}

/// A curve that is not known here is named in the error, and is no other type of key.
pub fn a_key_on_an_unknown_curve_is_refused(subject: &Subject) {
    for (alg, expected) in [
        (S::ES256, "P-256"),
        (S::ES384, "P-384"),
        (S::ES512, "P-521"),
        (S::ES256K, "secp256k1"),
        (S::Ed25519, "Ed25519"),
        (S::Ed448, "Ed448"),
        (S::EdDSA, "Ed25519 or Ed448"),
    ] {
        let jwk = patched(&keys::private(alg), &json!({"crv": "Curve-to-come"}));
        let actual = "Curve-to-come".into();
        let expected = KeyError::Curve { alg: alg.name(), expected, actual };
        assert_unfit(verifying(&jwk, subject), &expected);
        assert_unfit(signing(&jwk, subject), &expected);
    }
}

/// An algorithm has its type of key: no other serves it, and none of a type not known here.
pub fn a_key_of_another_type_is_refused(subject: &Subject) {
    let future = r#"{"kty":"to-come","k":"AAAA","n":"AQAB","e":"AQAB","crv":"P-256"}"#;
    let mut others = [S::HS512, S::RS256, S::ES256, S::Ed25519].map(keys::private).to_vec();
    others.push(future.parse().unwrap());
    for alg in S::ALL {
        let expected = match alg.name().split_at(2).0 {
            "HS" => "oct",
            "RS" | "PS" => "RSA",
            "ES" => "EC",
            _ => "OKP",
        };
        for jwk in others.iter().filter(|jwk| jwk.kty() != expected) {
            let jwk = patched(jwk, &json!({"alg": alg.name()}));
            let actual = jwk.kty().into();
            let expected = KeyError::KeyType { alg: alg.name(), expected, actual };
            assert_eq!(expected.code(), "ERR_JWK_INVALID");
            assert_unfit(verifying(&jwk, subject), &expected);
            assert_unfit(signing(&jwk, subject), &expected);
        }
    }
}

/// RFC 7517 §4.2-4.3: a key that is not for signatures makes and verifies none.
pub fn a_key_for_another_purpose_is_refused(subject: &Subject) {
    for alg in subject.algorithms() {
        let (private, public) = (keys::private(alg), keys::verifying(alg));
        for other in ["enc", "Sig", "tls", ""] {
            let (private, public) = (
                patched(&private, &json!({"use": other})),
                patched(&public, &json!({"use": other})),
            );
            let expected = KeyError::Use { expected: "sig", actual: other.into() };
            assert_unfit(signing(&private, subject), &expected);
            assert_unfit(verifying(&public, subject), &expected);
        }
        for ops in [json!([]), json!(["encrypt", "Sign", "Verify"]), json!(["deriveBits"])] {
            let (private, public) = (
                patched(&private, &json!({"key_ops": ops})),
                patched(&public, &json!({"key_ops": ops})),
            );
            assert_unfit(signing(&private, subject), &KeyError::KeyOps { expected: "sign" });
            assert_unfit(verifying(&public, subject), &KeyError::KeyOps { expected: "verify" });
        }
        let signs = json!({"key_ops": ["sign"], "use": "sig"});
        let verifies = json!({"key_ops": ["verify"], "use": "sig"});
        assert!(signing(&patched(&private, &signs), subject).is_ok(), "{alg}");
        assert!(verifying(&patched(&public, &verifies), subject).is_ok(), "{alg}");
        let expected = KeyError::KeyOps { expected: "sign" };
        assert_unfit(signing(&patched(&private, &verifies), subject), &expected);
        let expected = KeyError::KeyOps { expected: "verify" };
        assert_unfit(verifying(&patched(&public, &signs), subject), &expected);
    }
}

/// One key, one algorithm (RFC 8725 §3.1): it has to be named, and known, and for signatures.
pub fn a_key_is_bound_to_one_known_algorithm(subject: &Subject) {
    let refuse = |jwk: &Jwk, expected: &KeyError, code| {
        assert_unfit(signing(jwk, subject), expected);
        assert_unfit(verifying(&jwk.to_public().unwrap_or(jwk.clone()), subject), expected);
        assert_eq!(expected.code(), code);
    };
    for alg in [S::HS256, S::RS256, S::ES256, S::Ed25519] {
        let jwk = keys::private(alg);
        let named = |name: &str| patched(&jwk, &json!({"alg": name}));
        let nothing = patched(&jwk, &json!({"alg": null}));
        refuse(&nothing, &KeyError::MissingAlgorithm, "ERR_JWS_ALG_MISSING");
        for name in ["RSA-OAEP", "ECDH-ES", "A256KW", "dir", "A128GCM", "PBES2-HS256+A128KW"] {
            let (expected, actual) = ("a signature algorithm", name.into());
            let expected = KeyError::Algorithm { expected, actual };
            refuse(&named(name), &expected, "ERR_JWK_INVALID");
        }
        for name in ["none", "None", "", "hs256", "HS1", "RS256 ", "ML-DSA-44"] {
            let expected = KeyError::UnknownAlgorithm(name.into());
            refuse(&named(name), &expected, "ERR_JWK_UNSUPPORTED");
        }
        let actual = alg.name().into();
        let expected = KeyError::Algorithm { expected: "PS512", actual };
        assert_unfit(jwk.clone().with_alg(S::PS512), &expected);
        assert!(jwk.with_alg(alg).is_ok(), "{alg}");
        let loaded = signing(&nothing.with_alg(alg).unwrap(), subject);
        if subject.lacks(alg) {
            let refused = loaded.unwrap_err();
            assert!(subject.is_no_to(alg, &refused), "{alg}: {refused:?}");
        } else {
            assert!(loaded.is_ok(), "{alg}");
        }
    }
}

/// A private key is not given to those who verify, and a public one signs nothing.
pub fn the_two_halves_of_a_key_are_not_confused(subject: &Subject) {
    for alg in S::ALL.iter().filter(|alg| !alg.is_symmetric()) {
        assert_unfit(verifying(&keys::private(*alg), subject), &KeyError::NotPublic);
        assert_unfit(signing(&keys::verifying(*alg), subject), &KeyError::NotPrivate);
    }
}

/// The members of two keys make no key: whose name would its signatures bear?
pub fn the_members_of_two_keys_make_no_key(subject: &Subject) {
    use S::{ES256, ES256K, ES384, ES512, Ed448, Ed25519};
    for alg in [ES256, ES384, ES512, ES256K, Ed25519, Ed448, S::EdDSA] {
        if subject.lacks(alg) {
            continue;
        }
        let own = keys::private(alg);
        let other = members(&Jwk::generate(alg, subject.backend()).unwrap());
        let (x, y, d) = (&other["x"], other.get("y"), &other["d"]);
        let mixed = patched(&own, &json!({"d": d}));
        assert_unfit(signing(&mixed, subject), &KeyError::Inconsistent);
        let mixed = patched(&own, &json!({"x": x, "y": y}));
        assert_unfit(signing(&mixed, subject), &KeyError::Inconsistent);
        if let Some(y) = y {
            let mixed = patched(&own, &json!({"y": y}));
            assert_unfit(signing(&mixed, subject), &KeyError::Inconsistent);
            let public = mixed.to_public().unwrap();
            assert_unfit(verifying(&public, subject), &KeyError::Inconsistent);
        }
    }
    let other = members(&RSA_E3.parse().unwrap());
    let pick = |names: &[&str]| {
        Value::Object(
            names.iter().map(|name| (String::from(*name), other[*name].clone())).collect(),
        )
    };
    for alg in subject.algorithms().filter(|alg| ["RS256", "PS512"].contains(&alg.name())) {
        for names in [
            &["n"][..],
            &["e"],
            &["n", "e"],
            &["d"],
            &["p", "q", "dp", "dq", "qi"],
            &["d", "p", "q", "dp", "dq", "qi"],
            &["p"],
        ] {
            let mixed = patched(&keys::private(alg), &pick(names));
            if subject.refuses_key(alg.into(), mixed.params()) {
                let refused = signing(&mixed, subject);
                assert!(matches!(refused, Err(KeyError::NotApproved { .. })), "{refused:?}");
                continue;
            }
            assert_unfit(signing(&mixed, subject), &KeyError::Inconsistent);
        }
        let swapped = {
            let own = members(&keys::private(alg));
            json!({"p": own["q"], "q": own["p"]})
        };
        let mixed = patched(&keys::private(alg), &swapped);
        assert_unfit(signing(&mixed, subject), &KeyError::Inconsistent);
    }
}

/// Under a point of small order one signature is good for every message: it is no key, nor a half.
pub fn a_point_of_small_order_is_no_key(subject: &Subject) {
    let ed25519 = |first: u8, rest: u8, last: u8| {
        let mut y = vec![rest; 32];
        (y[0], y[31]) = (first, last);
        y
    };
    let mut points = vec![];
    for sign in [0, 0x80] {
        points.extend([
            ed25519(0, 0, sign),              // 0, of order 4
            ed25519(1, 0, sign),              // 1, the neutral element
            ed25519(0xEC, 0xFF, 0x7F | sign), // -1, of order 2
            ed25519(0xED, 0xFF, 0x7F | sign), // p, another spelling of 0
            ed25519(0xEE, 0xFF, 0x7F | sign), // p + 1, another of 1
            ed25519(0xFF, 0xFF, 0x7F | sign), // 2^255 - 1, another of 18
        ]);
    }
    for x in points {
        for alg in [S::Ed25519, S::EdDSA] {
            let jwk = patched(&keys::private(alg), &json!({"x": base64url::encode(&x)}));
            assert_unfit(signing(&jwk, subject), &KeyError::Weak);
            assert_unfit(verifying(&jwk.to_public().unwrap(), subject), &KeyError::Weak);
        }
    }
    let (mut one, mut minus_one, mut p) = ([0; 57], [0xFF; 57], [0xFF; 57]);
    (one[0], minus_one[0], minus_one[28]) = (1, 0xFE, 0xFE);
    (minus_one[56], p[28], p[56]) = (0, 0xFE, 0);
    for x in [[0; 57], one, minus_one, p] {
        let jwk = patched(&keys::private(S::Ed448), &json!({"x": base64url::encode(&x)}));
        assert_unfit(signing(&jwk, subject), &KeyError::Weak);
        assert_unfit(verifying(&jwk.to_public().unwrap(), subject), &KeyError::Weak);
    }
}
