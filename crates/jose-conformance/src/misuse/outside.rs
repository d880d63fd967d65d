//! Signers and verifiers of others, and what is shown to others.

use super::*;

/// A device that answers with something else than a signature of its algorithm makes no token.
pub fn a_device_that_answers_another_length_makes_no_token(_subject: &Subject) {
    for alg in S::ALL {
        let Some(len) = alg.signature_len() else { continue };
        let sign = |len| {
            let key = SigningKey::external(*alg, Some("hsm/1"), Outside(Some(len))).unwrap();
            jws::sign(PAYLOAD, &key)
        };
        for other in [0, 1, len - 1, len + 1, 2 * len] {
            let refused = sign(other).unwrap_err();
            assert_eq!(refused.code(), "ERR_JWS_INVALID");
            assert!(matches!(refused, SignError::Length), "{alg}, {other}: {refused:?}");
        }
        let token = sign(len).unwrap();
        assert_eq!(Unverified::parse(&token).unwrap().protected().kid(), Some("hsm/1"));
    }
}

/// An RSA signature is as long as its modulus, which has 2048 to 16384 bits: a device cannot answer
/// with less or more, though the exact length is not known here.
pub fn a_device_that_answers_no_rsa_signature_makes_no_token(_subject: &Subject) {
    for alg in [S::RS256, S::RS384, S::RS512, S::PS256, S::PS384, S::PS512] {
        let sign = |len| {
            let key = SigningKey::external(alg, None, Outside(Some(len))).unwrap();
            jws::sign(PAYLOAD, &key)
        };
        for len in [256, 384, 512, 2048] {
            assert!(sign(len).is_ok(), "{alg}, {len}");
        }
        for len in [0, 1, 128, 255, 2049, 100_000] {
            let refused = sign(len);
            assert!(matches!(refused, Err(SignError::Length)), "{alg}, {len}: {refused:?}");
        }
    }
}

/// What verifies elsewhere is not asked about a length that no key of its algorithm has, and may
/// come in a box.
pub fn what_verifies_elsewhere_is_asked_only_about_possible_lengths(_subject: &Subject) {
    let asked = Arc::new(AtomicUsize::new(0));
    let boxed: Box<dyn Verifier> = Box::new(Outside(Ok(asked.clone())));
    let key = VerifyingKey::external(S::RS256, None, boxed).unwrap();
    for (len, times) in [(0, 0), (255, 0), (256, 1), (2048, 2), (2049, 2)] {
        let token = format!("eyJhbGciOiJSUzI1NiJ9..{}", base64url::encode(&vec![1; len]));
        let _any = jws::verify(&token, &key);
        assert_eq!(asked.load(Ordering::Relaxed), times, "{len}");
    }
}

/// A device that fails is an error of its own, with its own reason behind it.
pub fn a_device_that_fails_says_nothing_of_the_token(subject: &Subject) {
    let device = SigningKey::external(S::ES256, None, Outside(None)).unwrap();
    let refused = jws::sign(PAYLOAD, &device).unwrap_err();
    assert_eq!(refused.code(), "ERR_CRYPTO_UNAVAILABLE");
    let SignError::Unavailable(error) = &refused else { panic!("{refused:?}") };
    assert_eq!(error.source().unwrap().to_string(), "device gone");
    let unavailable =
        || VerifyingKey::external(S::HS256, Some("away"), Outside(Err(true))).unwrap();
    let deaf = || VerifyingKey::external(S::HS256, None, Outside(Err(false))).unwrap();
    let token = signed(&keys::private(S::HS256).without_kid(), subject);
    let verify = |keys: Vec<VerifyingKey>| {
        let keys: VerifyingKeys = keys.into_iter().collect();
        jws::verify(&token, &keys)
    };
    for keys in [
        vec![unavailable(), trusted(subject)],
        vec![unavailable(), deaf(), trusted(subject)],
        vec![trusted(subject), unavailable()],
    ] {
        assert!(verify(keys).is_ok(), "a later good key is still asked");
    }
    for keys in [vec![unavailable()], vec![unavailable(), deaf()], vec![deaf(), unavailable()]] {
        let refused = verify(keys).unwrap_err();
        assert_eq!(refused.code(), "ERR_CRYPTO_UNAVAILABLE");
        let jws::Error::Verify(VerifyError::Unavailable(error)) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(error.source().unwrap().to_string(), "device gone");
    }
    let refused = verify(vec![deaf()]).unwrap_err();
    assert!(matches!(refused, jws::Error::Verify(VerifyError::InvalidSignature)));
    for refused in [
        SigningKey::external(S::EdDSA, None, Outside(None)).map(|_| ()),
        VerifyingKey::external(S::EdDSA, None, Outside(Err(true))).map(|_| ()),
    ] {
        assert_unfit(refused, &KeyError::MissingAlgorithm);
    }
}

/// A verifier that says yes to everything is not asked about tokens that are not its own.
pub fn a_gullible_verifier_is_asked_of_nothing_but_its_own(_subject: &Subject) {
    let asked = Arc::new(AtomicUsize::new(0));
    let gullible = VerifyingKey::external(S::ES256, Some("k"), Outside(Ok(asked.clone()))).unwrap();
    let seal = |header: Value, len: usize| {
        let header = base64url::encode(header.to_string().as_bytes());
        let payload = base64url::encode(PAYLOAD);
        format!("{header}.{payload}.{}", base64url::encode(&vec![1; len]))
    };
    let own = json!({"alg": "ES256", "kid": "k"});
    for alg in ["none", "", "es256", "ES384", "ES256K", "HS256", "EdDSA", "PS256"] {
        let token = seal(json!({"alg": alg, "kid": "k"}), 64);
        assert_eq!(reason(&token, &gullible), NoMatchReason::AlgorithmNotAllowed, "{alg}");
    }
    for len in [0, 1, 32, 63, 65, 70, 96, 132, 8192] {
        assert!(is_forged(&seal(own.clone(), len), &gullible), "{len}");
    }
    let other = seal(json!({"alg": "ES256", "kid": "other"}), 64);
    assert_eq!(reason(&other, &gullible), NoMatchReason::UnknownKid);
    let crit = seal(json!({"alg": "ES256", "kid": "k", "crit": ["new"], "new": 1}), 64);
    assert_eq!(critical(&Policy::new(), &crit, &gullible), Critical::NotUnderstood("new".into()));
    assert_eq!(broken_rule(&format!("{}=", seal(own.clone(), 64)), &gullible), Rule::Base64url);
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    assert!(jws::verify(&seal(own, 64), &gullible).is_ok());
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

/// What `Debug`, plain and pretty, shows of something, without white space.
fn shown(value: &dyn fmt::Debug) -> String {
    let text = format!("{value:?} {value:#?}");
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// The beginning of a secret, in the ways in which octets are written.
fn spellings(secret: &[u8]) -> Vec<String> {
    let hex: Vec<_> = secret[..6].iter().map(|octet| format!("{octet:02x}")).collect();
    let decimal: Vec<_> = secret[..4].iter().map(u8::to_string).collect();
    let (hexadecimal, hex) = (hex.join(",0x"), hex.concat());
    let base64url = base64url::encode(&secret[..9]);
    let base64 = base64url.replace('-', "+").replace('_', "/");
    let mut spellings = vec![hex.to_uppercase(), hex, decimal.join(","), hexadecimal];
    spellings.extend([base64url, base64, secret[..8].escape_ascii().to_string()]);
    spellings.extend(core::str::from_utf8(&secret[..8]).map(String::from));
    spellings
}

/// Every secret number of a key.
fn secrets(jwk: &Jwk) -> Vec<Vec<u8>> {
    let members = members(jwk);
    let private = ["d", "k", "p", "q", "dp", "dq", "qi"].into_iter();
    private
        .filter_map(|name| members.get(name)?.as_str())
        .map(|text| base64url::decode(text.as_bytes()).unwrap())
        .collect()
}

#[track_caller]
fn assert_silent(text: &str, secrets: &[Vec<u8>]) {
    for spelling in secrets.iter().flat_map(|secret| spellings(secret)) {
        assert!(!text.contains(&spelling), "{spelling} in {text}");
    }
}

/// No type that holds a secret shows it.
pub fn no_type_shows_its_secret(subject: &Subject) {
    for alg in S::ALL {
        let jwk = keys::private(*alg);
        let secrets = secrets(&jwk);
        assert!(!secrets.is_empty());
        assert_silent(&shown(&jwk), &secrets);
        assert_silent(&shown(jwk.params()), &secrets);
        assert_silent(&shown(&jwk.expose_secret_json()), &secrets);
        match jwk.params() {
            Params::Ec(ec) => assert_silent(&(shown(ec) + &shown(&ec.d())), &secrets),
            Params::Okp(okp) => assert_silent(&(shown(okp) + &shown(&okp.d())), &secrets),
            Params::Oct(oct) => assert_silent(&(shown(oct) + &shown(oct.k())), &secrets),
            Params::Rsa(rsa) => {
                let private = rsa.private().unwrap();
                assert_silent(&(shown(rsa) + &shown(private) + &shown(&private.crt())), &secrets);
            }
            other => panic!("{other:?}"),
        }
        let set = set_of([jwk.clone()]);
        assert_silent(&(shown(&set) + &shown(&set.expose_secret_json())), &secrets);
        let other = Value::Object(members(&jwk)).to_string().replace("\"kty\":\"", "\"kty\":\"X");
        let unknown: Jwk = other.parse().unwrap();
        assert_silent(&(shown(&unknown) + &shown(unknown.params())), &secrets);
        let keys = VerifyingKeys::from_jwks(&set, &[*alg], subject.backend());
        assert_silent(&(shown(&keys) + &shown(&keys.skipped())), &secrets);
        if !subject.lacks(*alg) {
            assert_silent(&shown(&keys::signer(*alg, subject.backend())), &secrets);
            assert_silent(&shown(&keys::verifier(*alg, subject.backend())), &secrets);
        }
        if !alg.is_symmetric() {
            let header = Header::new().with_jwk(&jwk).unwrap();
            assert_silent(&shown(&header), &secrets);
        }
    }
    let marker = b"correct-horse-battery-staple".to_vec();
    let secret = SecretBytes::from(marker.clone());
    assert_silent(&shown(&secret), &[marker]);
}

/// Claims are somebody's: `Debug` shows their names and never what they say.
pub fn claims_do_not_show_what_they_say(subject: &Subject) {
    let marker = b"correct-horse-battery-staple";
    let text = core::str::from_utf8(marker).unwrap();
    let payload = json!({"sub": text, "password": {"is": [text]}}).to_string();
    let token = forge(subject).seal_both(r#"{"alg":"HS256"}"#, payload.as_bytes());
    let verified =
        jwt::verify_claims(&token, &trusted(subject), &Validation::new(), UnixTime::from_secs(0))
            .unwrap();
    assert_silent(&shown(verified.content()), &[marker.to_vec()]);
    assert_silent(&shown(&verified), &[marker.to_vec()]);
    assert!(shown(verified.content()).contains("password"));
}

/// No error shows a secret, nor the sources behind it, whatever is wrong with the key.
pub fn no_error_shows_a_secret(subject: &Subject) {
    fn check(error: &dyn core::error::Error, secrets: &[Vec<u8>]) {
        let (mut next, mut text) = (Some(error), String::new());
        while let Some(error) = next {
            text += &(shown(&error) + &error.to_string());
            next = error.source();
        }
        assert_silent(&text, secrets);
    }
    for alg in S::ALL {
        let jwk = keys::private(*alg);
        let secrets = secrets(&jwk);
        let all = members(&jwk);
        let text = Value::Object(all.clone()).to_string();
        let private = ["d", "k", "p", "q", "dp", "dq", "qi"];
        for name in private.into_iter().filter(|name| all.contains_key(*name)) {
            let own = all[name].as_str().unwrap();
            let json = |value: Value| {
                let mut members = all.clone();
                members.insert(name.into(), value);
                Value::Object(members).to_string()
            };
            let mut broken = vec![
                json(json!([own])),
                json(json!({own: own})),
                json(json!(format!("{own}="))),
                json(json!(format!(" {own}"))),
                json(json!(format!("AAAA{own}"))),
                json(json!(&own[..own.len() - 1])),
                json(json!(own.replace(['-', '_'], "+"))),
                json(json!(&own[..8])),
                text.replace("\"kty\"", "\"kty\":5,\"was\""),
                format!("{},\"{name}\":\"{own}\"}}", &text[..text.len() - 1]),
            ];
            broken.extend((0..text.len()).step_by(31).map(|len| text[..len].to_string()));
            for broken in broken {
                match Jwk::from_json(&broken) {
                    Err(error) => check(&error, &secrets),
                    Ok(jwk) => {
                        if let Err(error) = signing(&jwk, subject) {
                            check(&error, &secrets);
                        }
                    }
                }
                let set = JwkSet::from_json(format!("{{\"keys\":[{broken}]}}"));
                match set {
                    Ok(set) => {
                        assert_silent(&shown(&set), &secrets);
                        let keys = VerifyingKeys::from_jwks(&set, S::ALL, subject.backend());
                        assert_silent(&shown(&keys), &secrets);
                    }
                    Err(error) => check(&error, &secrets),
                }
                let header = format!("{{\"alg\":\"HS256\",\"jwk\":{broken}}}");
                let token = forge(subject).seal(header);
                if let Err(error) = jws::verify(&token, &trusted(subject)) {
                    check(&error, &secrets);
                }
            }
        }
        for patch in [
            json!({"alg": "none"}),
            json!({"alg": "RSA-OAEP"}),
            json!({"alg": null}),
            json!({"use": "enc"}),
            json!({"key_ops": []}),
            json!({"crv": "P-to-come"}),
            json!({"kty": "to-come"}),
        ] {
            let jwk = patched(&jwk, &patch);
            let refused = [signing(&jwk, subject).err(), verifying(&jwk, subject).err()];
            for error in refused.iter().flatten().chain(&jwk.to_public().err()) {
                check(error, &secrets);
            }
        }
        let refused = jwk.with_alg(if *alg == S::HS256 { S::HS512 } else { S::HS256 });
        check(&refused.unwrap_err(), &secrets);
    }
}
