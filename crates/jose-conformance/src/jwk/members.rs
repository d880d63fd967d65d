//! The members of keys in JSON, and of sets (RFC 7517 §4-5, RFC 7518 §6, RFC 8037 §2).

use SignatureAlgorithm as S;
use jose_core::error::Rule;

use super::*;

/// A key has the members that its type takes, each a string.
pub fn a_key_has_the_members_of_its_type(_subject: &Subject) {
    let akp = json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": base64url::encode(&[7; 1312])});
    for (whole, required) in [
        (members(&keys::private(S::RS256)), &["kty", "n", "e"][..]),
        (members(&keys::private(S::ES256)), &["kty", "crv", "x", "y"]),
        (members(&keys::private(S::ES512)), &["kty", "crv", "x", "y"]),
        (members(&keys::private(S::Ed25519)), &["kty", "crv", "x"]),
        (members(&keys::private(S::HS256)), &["kty", "k"]),
        (akp.as_object().unwrap().clone(), &["kty", "alg", "pub"]),
    ] {
        assert!(Jwk::from_json(octets(&whole)).is_ok());
        for name in required {
            let mut lacking = whole.clone();
            lacking.remove(*name);
            assert_eq!(broken(octets(&lacking)), Rule::Missing { member: name }, "{whole:?}");
        }
        let private = ["d", "p", "qi", "priv"].into_iter().filter(|name| whole.contains_key(*name));
        for name in required.iter().copied().chain(private) {
            for wrong in [json!(null), json!(5), json!(true), json!({}), json!([whole[name]])] {
                let rule = broken(octets(&with(&whole, name, wrong)));
                let told = matches!(rule, Rule::Type { member, .. } if member == name);
                assert!(told, "{name}: {rule:?}");
            }
        }
    }
    // A type is named letter for letter: any other is unknown.
    for other in ["ec", "EC ", "RSA", "Oct"] {
        let key = with(&members(&keys::private(S::ES256)), "kty", other.into());
        match Jwk::from_json(octets(&key)) {
            Ok(jwk) => assert!(matches!(jwk.params(), Params::Unknown(_)), "{other}"),
            Err(error) => assert_eq!(error.rule(), Rule::Missing { member: "n" }, "{other}"),
        }
    }
}

/// Numbers have as few octets as they need, coordinates and scalars as many as their curve says
/// (RFC 7518 §2, §6.2), and all of them one spelling.
pub fn numbers_and_coordinates_have_one_spelling(_subject: &Subject) {
    for (alg, names) in [
        (S::ES256, &["x", "y", "d"][..]),
        (S::ES384, &["x", "y", "d"]),
        (S::ES512, &["x", "y", "d"]),
        (S::ES256K, &["x", "y", "d"]),
        (S::Ed25519, &["x", "d"]),
        (S::Ed448, &["x", "d"]),
    ] {
        let whole = members(&keys::private(alg));
        for name in names {
            let own = base64url::decode(whole[*name].as_str().unwrap().as_bytes()).unwrap();
            let expected = Rule::Length { member: name, expected: own.len() };
            for other in [&own[1..], &own[..own.len() - 1], &[&[0], &own[..]].concat(), &[], &[4]] {
                let key = with(&whole, name, base64url::encode(other).into());
                assert_eq!(broken(octets(&key)), expected, "{alg}, {name}");
            }
        }
    }
    let whole = members(&keys::private(S::RS256));
    for name in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
        let own = base64url::decode(whole[name].as_str().unwrap().as_bytes()).unwrap();
        for other in [&[&[0], &own[..]].concat()[..], &[0, 0], &[]] {
            let rule = broken(octets(&with(&whole, name, base64url::encode(other).into())));
            assert!(matches!(rule, Rule::Value { member, .. } if member == name), "{rule:?}");
        }
    }
    for alg in [S::HS256, S::RS256, S::ES256, S::ES512, S::Ed25519, S::Ed448] {
        let whole = members(&keys::private(alg));
        for name in ["n", "e", "d", "p", "q", "dp", "dq", "qi", "x", "y", "k"] {
            let Some(own) = whole.get(name) else { continue };
            for other in spellings(own.as_str().unwrap()) {
                let key = with(&whole, name, other.clone().into());
                assert_eq!(broken(octets(&key)), Rule::Base64url, "{alg}, {name}: {other:?}");
            }
        }
    }
}

/// The primes of an RSA key and what follows from them are there together or not at all, and no more
/// than two (RFC 7518 §6.3.2).
pub fn numbers_of_an_rsa_key_come_together(_subject: &Subject) {
    let whole = members(&keys::private(S::RS256));
    let primes = ["p", "q", "dp", "dq", "qi"];
    let without = |names: &[&str]| {
        let mut members = whole.clone();
        members.retain(|name, _| !names.contains(&name.as_str()));
        octets(&members)
    };
    for name in primes {
        let rule = broken(without(&[name]));
        assert!(matches!(rule, Rule::Value { member: "p", .. }), "{name}: {rule:?}");
        let others: Vec<_> = primes.into_iter().filter(|other| *other != name).collect();
        let rule = broken(without(&others));
        assert!(matches!(rule, Rule::Value { member: "p", .. }), "{name}: {rule:?}");
    }
    assert_eq!(broken(without(&["d"])), Rule::Missing { member: "d" });
    assert!(Jwk::from_json(without(&primes)).is_ok());
    let third = json!([{"r": "Aw", "d": "AQ", "t": "AQ"}]);
    for oth in [third, json!([]), json!(null), json!("")] {
        let rule = broken(octets(&with(&whole, "oth", oth)));
        assert!(matches!(rule, Rule::Value { member: "oth", .. }), "{rule:?}");
    }
}

/// The members that a key of any type may have, have their types; and none is taken for absent.
pub fn members_of_every_key_have_their_types(_subject: &Subject) {
    let whole = members(&keys::private(S::ES256));
    let texts = ["alg", "kid", "use", "x5u"].map(|name| (name, vec![json!(["sig"])]));
    let lists = [
        ("key_ops", vec![json!("sign"), json!(["sign", 5])]),
        ("x5c", vec![json!("MAMCAQA="), json!([]), json!([5]), json!([""])]),
    ];
    let digests = ["x5t", "x5t#S256"].map(|name| (name, Vec::new()));
    for (name, wrong) in texts.into_iter().chain(lists).chain(digests) {
        for wrong in wrong.into_iter().chain([json!(null), json!(5), json!(false), json!({})]) {
            let rule = broken(octets(&with(&whole, name, wrong.clone())));
            let told = matches!(rule, Rule::Type { member, .. } if member == name);
            assert!(told, "{name} {wrong}: {rule:?}");
        }
    }
    for (name, wrong) in [
        ("key_ops", json!(["sign", "sign"])),
        ("key_ops", json!(["sign", "verify", "sign"])),
        // Of another alphabet, and without the padding.
        ("x5c", json!(["MAMCAQ_-"])),
        ("x5c", json!(["MAMCAQA"])),
        ("x5c", json!(["MAMCAQA=", "MAMC\nAQA="])),
    ] {
        let rule = broken(octets(&with(&whole, name, wrong.clone())));
        let told = matches!(rule, Rule::Value { member, .. } if member == name);
        assert!(told, "{name} {wrong}: {rule:?}");
    }
    for name in ["alg", "kid", "kty", "use", "x5u"] {
        let rule = broken(octets(&with(&whole, name, "a\0b".into())));
        assert!(matches!(rule, Rule::ControlCharacter { member } if member == name), "{rule:?}");
    }
    for (name, expected) in [("x5t", 20), ("x5t#S256", 32)] {
        for len in [0, 16, 20, 32, 64].into_iter().filter(|len| *len != expected) {
            let digest = base64url::encode(&vec![1; len]);
            let rule = broken(octets(&with(&whole, name, digest.into())));
            assert_eq!(rule, Rule::Length { member: name, expected }, "{len}");
        }
    }
}

/// A member stands once in a key (RFC 7517 §4): at any depth, in any spelling, known or not.
pub fn a_member_stands_once_in_a_key(_subject: &Subject) {
    let whole = keys::json(S::ES256).trim();
    let whole = whole.strip_suffix('}').unwrap();
    assert!(Jwk::from_json(format!("{whole}}}")).is_ok());
    for twice in [
        r#""kty":"EC""#,
        r#""\u006bty":"oct""#,
        r#""d":"AQ""#,
        r#""a":1,"a":1"#,
        r#""a":1,"\u0061":2"#,
        r#""a":[{"b":{"c":1,"c":1}}]"#,
    ] {
        assert_eq!(broken(format!("{whole},{twice}}}")), Rule::DuplicateMember, "{twice}");
        // As a member of a set it is left out, and told about.
        let set: JwkSet = format!("{{\"keys\":[{whole},{twice}}}]}}").parse().unwrap();
        assert_eq!((set.iter().count(), set.skipped().len()), (0, 1), "{twice}");
    }
}

/// Members that mean nothing are ignored (RFC 7517 §4), and come back as they were.
pub fn members_of_a_key_without_meaning_are_kept(subject: &Subject) {
    let whole = keys::json(S::ES256).trim().strip_suffix('}').unwrap();
    let other = r#""b64":false,"crit":["x"],"ext":true,"oth":[],"x-own":{ "n" : 1.50 }"#;
    let jwk: Jwk = format!("{whole},{other}}}").parse().unwrap();
    let written = String::from_utf8(jwk.expose_secret_json().expose_secret().to_vec()).unwrap();
    for member in [r#""b64":false"#, r#""crit":["x"]"#, r#""x-own":{ "n" : 1.50 }"#] {
        assert!(written.contains(member), "{member}: {written}");
    }
    let token = jws::sign(b"", &SigningKey::from_jwk(&jwk, subject.backend()).unwrap()).unwrap();
    let public = jwk.to_public().unwrap();
    let key = VerifyingKey::from_jwk(&public, subject.backend()).unwrap();
    assert!(jws::verify(&token, &key).is_ok());
}

/// A set is an object with an array of keys (RFC 7517 §5), and has each member once.
pub fn a_set_has_an_array_of_keys(_subject: &Subject) {
    for (text, rule) in [
        ("{}", Rule::Missing { member: "keys" }),
        (r#"{"Keys":[]}"#, Rule::Missing { member: "keys" }),
        (r#"{"keys":[],"keys":[]}"#, Rule::DuplicateMember),
        (r#"{"keys":[],"\u006beys":[]}"#, Rule::DuplicateMember),
        (r#"{"keys":[],"more":1,"more":2}"#, Rule::DuplicateMember),
        ("[]", Rule::NotAnObject),
        (r#"[{"kty":"oct","k":"AAAA"}]"#, Rule::NotAnObject),
        ("null", Rule::NotAnObject),
        (r#"{"keys":[]}{}"#, Rule::Json),
        (r#"{"keys":[,]}"#, Rule::Json),
    ] {
        assert_eq!(text.parse::<JwkSet>().unwrap_err().rule(), rule, "{text}");
    }
    for keys in ["null", "{}", r#""[]""#, "5", r#"{"kty":"oct","k":"AAAA"}"#] {
        let rule = format!("{{\"keys\":{keys}}}").parse::<JwkSet>().unwrap_err().rule();
        assert!(matches!(rule, Rule::Type { member: "keys", .. }), "{keys}: {rule:?}");
    }
    assert_eq!(r#"{"keys":[]}"#.parse::<JwkSet>().unwrap().iter().count(), 0);
}

fn octets(members: &Map<String, Value>) -> Vec<u8> {
    serde_json::to_vec(members).unwrap()
}

fn with(members: &Map<String, Value>, name: &str, value: Value) -> Map<String, Value> {
    let mut members = members.clone();
    members.insert(name.into(), value);
    members
}

fn broken(text: impl AsRef<[u8]>) -> Rule {
    Jwk::from_json(text).unwrap_err().rule()
}

/// Other spellings of the same octets.
fn spellings(text: &str) -> Vec<String> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (start, last) = text.split_at(text.len() - 1);
    let mut spellings = vec![
        format!("{text}="),
        format!("{text}\n"),
        format!(" {text}"),
        format!("{start} {last}"),
        format!("{start}\u{e9}"),
    ];
    if !text.len().is_multiple_of(4) {
        // The last character has bits to spare, and they are zero.
        let next = ALPHABET.find(last).unwrap() + 1;
        spellings.push(format!("{start}{}", &ALPHABET[next..=next]));
    }
    if text.contains(['-', '_']) {
        spellings.push(text.replace('-', "+").replace('_', "/"));
    }
    spellings
}
