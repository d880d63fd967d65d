//! What is encrypted comes back: every algorithm, every curve, every length.

use super::*;

/// Every key management algorithm with every content encryption, in every form.
pub fn every_algorithm_encrypts_and_decrypts_in_every_form(subject: &Subject) {
    for (alg, enc) in encrypting().flat_map(|alg| E::ALL.iter().map(move |enc| (alg, *enc))) {
        let (to, from) = pair(alg, enc, subject);
        let jwe = Builder::new().enc(enc).encrypt(TEXT, [&to]).unwrap();
        let compact = jwe.to_compact().unwrap();
        let forms = [compact.clone(), jwe.to_flattened().unwrap(), jwe.to_general().unwrap()];
        let mut decrypted = vec![jwe::decrypt(&compact, &from).unwrap()];
        for form in &forms {
            decrypted.push(Jwe::parse(form).unwrap().decrypt(&from).unwrap());
        }
        for decrypted in decrypted {
            assert_eq!(decrypted.content(), TEXT, "{alg}, {enc}");
            assert_eq!((decrypted.alg(), decrypted.enc(), decrypted.index()), (alg, enc, 0));
            assert_eq!(decrypted.key_id(), Some(alg.name()));
            let protected = decrypted.protected();
            assert_eq!((protected.alg(), protected.kid()), (Some(alg.name()), Some(alg.name())));
            assert_eq!(protected.encryption().unwrap().enc(), Some(enc.name()));
            assert!(decrypted.shared().is_none() && decrypted.recipient().is_none());
            assert!(decrypted.aad().is_none() && decrypted.cek().is_none());
        }
    }
}

/// Keys are agreed on the curves there are; the ephemeral key is public, of the same curve, and
/// another each time.
pub fn every_curve_agrees_on_keys(subject: &Subject) {
    for (curve, alg) in subject.curves().flat_map(|curve| AGREEMENT.map(|alg| (curve, alg))) {
        let jwk = Generator::new(alg).curve(curve.new_key()).generate(subject.backend()).unwrap();
        let (to, from) = (sender(&jwk, subject.backend()), owner(&jwk, subject.backend()));
        let mut epks = BTreeSet::new();
        for enc in E::ALL {
            let jwe = Builder::new().enc(*enc).encrypt(TEXT, [&to]).unwrap();
            assert_eq!(jwe.decrypt(&from).unwrap().content(), TEXT, "{curve:?}, {alg}, {enc}");
            let mut epk = header_of(&jwe)["epk"].as_object().unwrap().clone();
            let own = jwk.to_public_json().unwrap();
            let own = value(&own);
            assert_eq!((&epk["kty"], &epk["crv"]), (&own["kty"], &own["crv"]));
            assert_ne!(epk["x"], own["x"]);
            assert!(epks.insert(epk["x"].to_string()), "{curve:?}: an ephemeral key used twice");
            epk.retain(|name, _| !["kty", "crv", "x", "y"].contains(&name.as_str()));
            assert!(epk.is_empty(), "{epk:?}");
        }
    }
}

/// A curve that is said to be lacking is lacking, and no other is.
pub fn the_backend_has_every_curve_but_those_named(subject: &Subject) {
    for curve in Curve::ALL {
        let generator = Generator::new(K::ECDH_ES).curve(curve.new_key());
        let generated = generator.generate(subject.backend());
        if !subject.lacks_curve(curve) {
            let jwk = generated.unwrap_or_else(|error| panic!("{curve:?}: {error}"));
            assert!(jwk.is_private());
            continue;
        }
        let lacks = |error: KeyError| subject.is_no_to_curve(curve, &error);
        assert!(lacks(generated.unwrap_err()), "{curve:?}");
        let jwk = any_key_on(curve);
        let to = EncryptionKey::from_jwk(&jwk.to_public().unwrap(), subject.backend());
        assert!(lacks(to.unwrap_err()), "{curve:?}");
        assert!(lacks(DecryptionKey::from_jwk(&jwk, subject.backend()).unwrap_err()), "{curve:?}");
    }
}

/// Members of the right lengths: what a backend without the curve gets to see.
fn any_key_on(curve: Curve) -> Jwk {
    let octets = |len| base64url::encode(&vec![5; len]);
    let jwk = match curve.new_key() {
        NewKey::Okp(crv) => {
            let len = crv.key_len();
            json!({"kty": "OKP", "crv": crv.name(), "x": octets(len), "d": octets(len)})
        }
        NewKey::Ec(crv) => {
            let len = crv.coordinate_len();
            let (x, y, d) = (octets(len), octets(len), octets(len));
            json!({"kty": "EC", "crv": crv.name(), "x": x, "y": y, "d": d})
        }
        other => panic!("{other:?}"),
    };
    Jwk::from_json(jwk.to_string()).unwrap().with_alg(K::ECDH_ES).unwrap()
}

/// PKCS #1 v1.5 is for what others have encrypted already.
pub fn rsa1_5_encrypts_nothing(subject: &Subject) {
    let jwk = private(K::RSA1_5, E::A256GCM).to_public().unwrap();
    let refused = EncryptionKey::from_jwk(&jwk, subject.backend());
    assert_unfit(refused, &KeyError::AskedFor { alg: "RSA1_5" });
}

/// A new key fits its algorithm: it is bound to it, has its size, a name, and works.
pub fn a_generated_key_encrypts_and_decrypts(subject: &Subject) {
    let backend = subject.backend();
    let refused = Jwk::generate(K::Dir, backend);
    assert_unfit(refused, &KeyError::MissingEncryption);
    assert_eq!(KeyError::MissingEncryption.code(), "ERR_JWE_ENC_MISSING");
    let wrapping = K::ALL.iter().filter(|alg| {
        // RSA keys take a second each, so one does for all.
        **alg != K::Dir && (!is_rsa(**alg) || **alg == K::RSA_OAEP_256)
    });
    let algs = wrapping.map(|alg| Alg::from(*alg));
    for alg in algs.chain(E::ALL.iter().map(|enc| Alg::from(*enc))) {
        let jwk = Jwk::generate(alg, backend).unwrap();
        assert_eq!(jwk.alg(), Some(alg.name()));
        assert!(jwk.is_private());
        let thumbprint = jwk.thumbprint(Hash::Sha256, backend).unwrap();
        match jwk.params() {
            Params::Oct(oct) => {
                let len = match alg {
                    Alg::ContentEncryption(enc) => enc.key_len(),
                    Alg::KeyManagementAlgorithm(K::A128KW | K::A128GCMKW) => 16,
                    Alg::KeyManagementAlgorithm(K::A192KW | K::A192GCMKW) => 24,
                    _ => 32,
                };
                assert_eq!(oct.k().len(), len, "{alg}");
                // A thumbprint would tell a hash of the secret.
                assert_ne!(jwk.kid(), Some(thumbprint.as_str()));
                assert_eq!(base64url::decode(jwk.kid().unwrap().as_bytes()).unwrap().len(), 16);
            }
            params => {
                assert_eq!(jwk.kid(), Some(thumbprint.as_str()), "{alg}");
                match params {
                    Params::Rsa(rsa) => assert_eq!((rsa.n().len(), rsa.e()), (256, &[1, 0, 1][..])),
                    Params::Ec(ec) => assert_eq!(ec.crv(), EcCurve::P256),
                    other => panic!("{other:?}"),
                }
            }
        }
        let token = jwe::encrypt(TEXT, &sender(&jwk, backend)).unwrap();
        assert_eq!(jwe::decrypt(&token, &owner(&jwk, backend)).unwrap().content(), TEXT, "{alg}");
    }
}

/// A key for ECDH-ES is not made on a curve for signatures.
pub fn no_key_for_agreement_is_made_on_another_curve(subject: &Subject) {
    for (curve, name, signing) in [
        (NewKey::from(EcCurve::Secp256k1), "secp256k1", S::ES256K),
        (OkpCurve::Ed25519.into(), "Ed25519", S::Ed25519),
        (OkpCurve::Ed448.into(), "Ed448", S::Ed448),
    ] {
        for alg in AGREEMENT {
            let refused = Generator::new(alg).curve(curve).generate(subject.backend());
            if subject.lacks(signing) {
                let refused = refused.unwrap_err();
                assert!(subject.is_no_to(signing, &refused), "{name}: {refused:?}");
            } else {
                assert_unfit(refused, &other_curve(alg, name));
            }
        }
    }
    let refused = Generator::new(K::ECDH_ES)
        .curve(NewKey::Rsa { bits: 2048 })
        .generate(subject.backend())
        .unwrap_err();
    let KeyError::KeyType { alg: "ECDH-ES", expected: "EC or OKP", actual } = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(actual, "RSA");
}

/// Content of every length around the block size comes back, and has the length it should.
pub fn content_of_every_length_comes_back(subject: &Subject) {
    let long: Vec<u8> = (0..100_000_u32).map(|octet| octet.to_le_bytes()[0]).collect();
    for enc in E::ALL {
        let (to, from) = pair(K::A128KW, *enc, subject);
        for len in (0..=65).chain([long.len()]) {
            let jwe = Builder::new().enc(*enc).encrypt(&long[..len], [&to]).unwrap();
            let token = jwe.to_compact().unwrap();
            let parts = Parts::of(&token);
            let expected = if enc.mac_hash().is_some() { len / 16 * 16 + 16 } else { len };
            assert_eq!(parts.text.len(), expected, "{enc}, {len}");
            assert_eq!((parts.iv.len(), parts.tag.len()), (enc.iv_len(), enc.tag_len()));
            assert_eq!(parts.key.len(), enc.key_len() + 8);
            assert_eq!(*jwe::decrypt(&token, &from).unwrap().content(), long[..len]);
        }
    }
}

/// Two encryptions of one text have nothing in common but what is said of them.
pub fn nothing_is_encrypted_alike_twice(subject: &Subject) {
    for alg in encrypting() {
        let [one, two] = [(); 2]
            .map(|()| Parts::of(&encrypted(alg, E::A128CBC_HS256, subject).to_compact().unwrap()));
        for (one, two) in [(&one.iv, &two.iv), (&one.text, &two.text), (&one.tag, &two.tag)] {
            assert_ne!(one, two, "{alg}");
        }
        assert_eq!(one.key == two.key, alg == K::Dir || alg == K::ECDH_ES, "{alg}");
        let drawn =
            AGREEMENT.contains(&alg) || PASSWORD.contains(&alg) || alg.name().contains("GCMKW");
        assert_eq!(one.header != two.header, drawn, "{alg}");
    }
}

/// Content is encrypted by `A256GCM` unless somebody says otherwise.
pub fn content_is_encrypted_by_a256gcm_by_default(subject: &Subject) {
    let (to, from) = pair(K::A128KW, E::A256GCM, subject);
    let token = jwe::encrypt(TEXT, &to).unwrap();
    let expected = r#"{"alg":"A128KW","enc":"A256GCM","kid":"A128KW"}"#;
    assert_eq!(String::from_utf8(Parts::of(&token).header).unwrap(), expected);
    assert_eq!(jwe::decrypt(&token, &from).unwrap().enc(), E::A256GCM);
}

/// What was decrypted is read as text or JSON, as strictly as everything else.
pub fn content_is_read_as_the_caller_asks(subject: &Subject) {
    let (to, from) = pair(K::A128KW, E::A256GCM, subject);
    let decrypted = |text: &[u8]| jwe::decrypt(&jwe::encrypt(text, &to).unwrap(), &from).unwrap();
    assert_eq!(decrypted(b"a \xC3\xAB").into_text().unwrap().content(), "a \u{eb}");
    let read = decrypted(br#"{"a":[1]}"#).into_json::<Value>().unwrap();
    assert_eq!((read.content(), read.key_id()), (&json!({"a": [1]}), Some("A128KW")));
    let plaintext = |rule| (error::Subject::Plaintext, rule, "ERR_JWE_INVALID");
    assert_eq!(kind(decrypted(b"\xC3").into_text().unwrap_err()), plaintext(Rule::Utf8));
    for (text, rule) in [
        (&b"\xC3"[..], Rule::Utf8),
        (br#"{"a":1,"a":2}"#, Rule::DuplicateMember),
        (b"{", Rule::Json),
        (b"", Rule::Json),
    ] {
        let refused = decrypted(text).into_json::<Value>().unwrap_err();
        assert_eq!(kind(refused), plaintext(rule), "{text:?}");
    }
    let refused = decrypted(b"[]").into_json::<u8>().unwrap_err();
    assert_eq!(kind(refused), plaintext(Rule::Shape));
}

/// Neither keys nor what they encrypt is shown.
pub fn nothing_secret_is_shown(subject: &Subject) {
    let (to, from) = pair(K::A128KW, E::A256GCM, subject);
    let jwe = Builder::new().encrypt(TEXT, [&to]).unwrap();
    let decrypted = jwe.decrypt_with(&from, &Policy::new().keep_cek()).unwrap();
    let password = Password::from("xyzzy-plugh");
    for shown in [
        format!("{to:?}"),
        format!("{from:?}"),
        format!("{jwe:?}"),
        format!("{decrypted:?}"),
        format!("{:?}", decrypted.cek()),
        format!("{password:?}"),
    ] {
        assert!(!shown.contains("7, 7") && !shown.contains("trust us"), "{shown}");
        assert!(!shown.contains("xyzzy") && !shown.contains("121, 122, 122"), "{shown}");
        assert!(!shown.contains("BwcH"), "{shown}");
    }
}
