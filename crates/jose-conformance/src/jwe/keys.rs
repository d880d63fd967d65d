//! Which key encrypts and decrypts, and under which algorithm alone (RFC 7518 §4, RFC 8725 §3.1).

use super::*;

/// What a key is refused with, by both sides alike.
#[track_caller]
fn assert_unfit_shared(jwk: &Jwk, expected: &KeyError, subject: &Subject) {
    assert_unfit(EncryptionKey::from_jwk(jwk, subject.backend()), expected);
    assert_unfit(DecryptionKey::from_jwk(jwk, subject.backend()), expected);
}

pub(super) fn other_curve(alg: K, actual: &str) -> KeyError {
    let expected = "P-256, P-384, P-521, X25519 or X448";
    KeyError::Curve { alg: alg.name(), expected, actual: actual.into() }
}

/// A key of another size is neither cut nor filled up.
pub fn an_aes_key_has_exactly_its_size(subject: &Subject) {
    for (algs, expected) in [
        ([K::A128KW, K::A128GCMKW], 128),
        ([K::A192KW, K::A192GCMKW], 192),
        ([K::A256KW, K::A256GCMKW], 256),
    ] {
        for (alg, len) in algs.into_iter().flat_map(|alg| (1..=65).map(move |len| (alg, len))) {
            let jwk = octets(len).with_alg(alg).unwrap();
            if len * 8 == expected {
                assert!(EncryptionKey::from_jwk(&jwk, subject.backend()).is_ok(), "{alg}");
                assert!(DecryptionKey::from_jwk(&jwk, subject.backend()).is_ok(), "{alg}");
            } else {
                let size = KeyError::Size { alg: alg.name(), expected, actual: len * 8 };
                assert_unfit_shared(&jwk, &size, subject);
            }
        }
    }
    let jwk = octets(64).with_alg(K::A256KW).unwrap();
    let refused = EncryptionKey::from_jwk(&jwk, subject.backend()).unwrap_err();
    assert_eq!(refused.to_string(), "A256KW takes 256 bits, this key has 512");
    assert_eq!(refused.code(), "ERR_JWK_INVALID");
}

/// RFC 7518 §4.2-4.3: an RSA key that encrypts is as long as one that signs, and has such an exponent.
pub fn an_rsa_key_that_is_short_encrypts_and_decrypts_nothing(subject: &Subject) {
    let short: Jwk = include_str!("../../vectors/keys/rsa1024.jwk").parse().unwrap();
    let one: Jwk = include_str!("../../vectors/keys/rsa-e1.jwk").parse().unwrap();
    let size = KeyError::RsaModulus { min: 2048, max: 16384, actual: 1024 };
    for (jwk, expected) in [(short, size), (one, KeyError::RsaExponent)] {
        let unbound = |jwk: &Jwk| Jwk::new(jwk.params().clone());
        for alg in K::ALL.iter().copied().filter(|alg| is_rsa(*alg)) {
            if jwk.is_private() {
                let private = unbound(&jwk).with_alg(alg).unwrap();
                assert_unfit(DecryptionKey::from_jwk(&private, subject.backend()), &expected);
            }
            // Nothing encrypts by `RSA1_5`, whatever the key.
            if alg != K::RSA1_5 {
                let public = unbound(&jwk.to_public().unwrap()).with_alg(alg).unwrap();
                assert_unfit(EncryptionKey::from_jwk(&public, subject.backend()), &expected);
            }
        }
    }
}

/// A key is of its algorithm's type.
pub fn a_key_of_another_type_does_not_encrypt(subject: &Subject) {
    let kinds = [octets(32), unbound(K::RSA_OAEP, E::A256GCM), unbound(K::ECDH_ES, E::A256GCM)];
    for (alg, jwk) in K::ALL.iter().flat_map(|alg| kinds.iter().map(move |jwk| (*alg, jwk))) {
        let expected = match alg {
            _ if is_rsa(alg) => "RSA",
            _ if AGREEMENT.contains(&alg) => "EC or OKP",
            _ => "oct",
        };
        if expected.contains(jwk.kty()) {
            continue;
        }
        let (alg_name, actual) = (alg.name(), jwk.kty().to_owned());
        let unfit = KeyError::KeyType { alg: alg_name, expected, actual };
        let jwk = jwk.clone().with_alg(alg).unwrap();
        assert_unfit(DecryptionKey::from_jwk(&jwk, subject.backend()), &unfit);
        let public = jwk.to_public().unwrap_or(jwk);
        assert_unfit(EncryptionKey::from_jwk(&public, subject.backend()), &unfit);
    }
    let unknown = Jwk::from_json(r#"{"kty":"LWE","alg":"A256KW"}"#).unwrap();
    let (alg, expected, actual) = ("A256KW", "oct", "LWE".to_owned());
    assert_unfit_shared(&unknown, &KeyError::KeyType { alg, expected, actual }, subject);
}

/// Keys are agreed on no curve that is for signatures, or that nobody knows.
pub fn a_key_on_another_curve_agrees_on_nothing(subject: &Subject) {
    for (alg, (signing, name)) in AGREEMENT.into_iter().flat_map(|alg| {
        [(S::ES256K, "secp256k1"), (S::Ed25519, "Ed25519"), (S::Ed448, "Ed448")]
            .map(|curve| (alg, curve))
    }) {
        let jwk = Jwk::new(crate::keys::private(signing).params().clone()).with_alg(alg).unwrap();
        assert_unfit(DecryptionKey::from_jwk(&jwk, subject.backend()), &other_curve(alg, name));
        let public = jwk.to_public().unwrap();
        assert_unfit(EncryptionKey::from_jwk(&public, subject.backend()), &other_curve(alg, name));
    }
    for (kty, crv) in
        [("EC", "brainpoolP256r1"), ("OKP", "X9000"), ("EC", "P-256 "), ("OKP", "x25519")]
    {
        let json = json!({"kty": kty, "crv": crv, "x": "AQ", "y": "AQ", "alg": "ECDH-ES"});
        let jwk = Jwk::from_json(json.to_string()).unwrap();
        let expected = other_curve(K::ECDH_ES, crv);
        assert_unfit(EncryptionKey::from_jwk(&jwk, subject.backend()), &expected);
    }
}

/// A key for signatures does not encrypt.
pub fn a_key_for_another_use_does_not_encrypt(subject: &Subject) {
    for alg in encrypting() {
        let jwk = private(alg, E::A256GCM);
        for (name, accepted) in [("enc", true), ("sig", false), ("tls", false)] {
            let jwk = changed(&jwk, &json!({"use": name}));
            let public = jwk.to_public().unwrap_or_else(|_| jwk.clone());
            let to = EncryptionKey::from_jwk(&public, subject.backend());
            let from = DecryptionKey::from_jwk(&jwk, subject.backend());
            if accepted {
                assert!(to.is_ok() && from.is_ok(), "{alg}, {name}");
            } else {
                let expected = KeyError::Use { expected: "enc", actual: name.into() };
                assert_unfit(to, &expected);
                assert_unfit(from, &expected);
            }
        }
    }
}

/// `key_ops` are honoured on either side. A public key for agreement derives nothing by itself, and
/// may have an empty list.
pub fn key_operations_are_honoured(subject: &Subject) {
    let operations =
        ["sign", "verify", "encrypt", "decrypt", "wrapKey", "unwrapKey", "deriveKey", "deriveBits"];
    for (alg, operation) in
        encrypting().flat_map(|alg| operations.into_iter().map(move |op| (alg, op)))
    {
        let jwk = private(alg, E::A256GCM);
        let public = jwk.to_public().unwrap_or_else(|_| jwk.clone());
        let ops = json!({"key_ops": ["other", operation]});
        let to = EncryptionKey::from_jwk(&changed(&public, &ops), subject.backend());
        let from = DecryptionKey::from_jwk(&changed(&jwk, &ops), subject.backend());
        let derive = ["deriveKey", "deriveBits"];
        let password = ["deriveKey", "deriveBits", "wrapKey", "unwrapKey", "encrypt", "decrypt"];
        let (encrypting, decrypting) = match alg {
            _ if AGREEMENT.contains(&alg) => (&derive[..], &derive[..]),
            _ if alg.name().starts_with("PBES2") => (&password[..], &password[..]),
            _ => (&["wrapKey", "encrypt"][..], &["unwrapKey", "decrypt"][..]),
        };
        let outcomes = [(to.map(|_| ()), encrypting), (from.map(|_| ()), decrypting)];
        for (loaded, allowed) in outcomes {
            if allowed.contains(&operation) {
                assert!(loaded.is_ok(), "{alg}, {operation}");
            } else {
                assert_unfit(loaded, &KeyError::KeyOps { expected: allowed[0] });
            }
        }
    }
    for alg in AGREEMENT {
        let public = private(alg, E::A256GCM).to_public().unwrap();
        let nothing = changed(&public, &json!({"key_ops": []}));
        assert!(EncryptionKey::from_jwk(&nothing, subject.backend()).is_ok(), "{alg}");
    }
}

/// A private key does not encrypt, so that senders are not given what they do not need; a public
/// one does not decrypt.
pub fn the_halves_of_a_key_have_one_purpose_each(subject: &Subject) {
    let backend = subject.backend();
    let mut keys: Vec<_> = [K::RSA_OAEP, K::RSA_OAEP_256, K::ECDH_ES, K::ECDH_ES_A256KW]
        .map(|alg| private(alg, E::A256GCM))
        .into();
    for curve in subject.curves() {
        let generator = Generator::new(K::ECDH_ES).curve(curve.new_key());
        keys.push(generator.generate(backend).unwrap());
    }
    for jwk in keys {
        assert_unfit(EncryptionKey::from_jwk(&jwk, backend), &KeyError::NotPublic);
        let public = jwk.to_public().unwrap();
        assert_unfit(DecryptionKey::from_jwk(&public, backend), &KeyError::NotPrivate);
        assert!(EncryptionKey::from_jwk(&public, backend).is_ok());
        assert!(DecryptionKey::from_jwk(&jwk, backend).is_ok());
    }
}

/// The octets of a key bound to one algorithm serve no other that would take them.
pub fn a_key_decrypts_under_its_own_algorithm_alone(subject: &Subject) {
    let algs = [K::A256KW, K::A256GCMKW, K::Dir, K::PBES2_HS512_A256KW];
    let (rsa, ecdh) = ([K::RSA_OAEP, K::RSA_OAEP_256, K::RSA_OAEP_512], AGREEMENT);
    for family in [&algs[..], &rsa, &ecdh] {
        for encrypting in family {
            let jwk = private(*encrypting, E::A256GCM).without_kid();
            let token = jwe::encrypt(TEXT, &sender(&jwk, subject.backend())).unwrap();
            for decrypting in family.iter().filter(|alg| *alg != encrypting) {
                let key = owner(&private(*decrypting, E::A256GCM), subject.backend());
                let refused = refusal(&Parts::of(&token), &key);
                assert_eq!(reason(refused), NoMatchReason::AlgorithmNotAllowed, "{decrypting}");
                let (expected, actual) = (decrypting.name(), encrypting.name().to_owned());
                let refused = DecryptionKey::from_jwk_for(*decrypting, &jwk, subject.backend());
                assert_unfit(refused, &KeyError::Algorithm { expected, actual });
            }
        }
    }
}

/// A key that names no algorithm is bound to one, or serves none.
pub fn a_key_without_an_algorithm_has_to_be_bound(subject: &Subject) {
    for alg in K::ALL {
        let jwk = unbound(*alg, E::A128GCM);
        let public = jwk.to_public().unwrap_or_else(|_| jwk.clone());
        let refused = EncryptionKey::from_jwk(&public, subject.backend());
        assert_unfit(refused, &KeyError::MissingAlgorithm);
        let refused = DecryptionKey::from_jwk(&jwk, subject.backend());
        assert_unfit(refused, &KeyError::MissingAlgorithm);
        let key = DecryptionKey::from_jwk_for(*alg, &jwk, subject.backend());
        if *alg == K::RSA1_5 && subject.refuses(Unapproved::RSA1_5) {
            assert_not_approved(key);
            continue;
        }
        let key = key.unwrap();
        assert_eq!((key.alg(), key.kid()), (*alg, None));
    }
}

/// A key bound to a signature, or to what nobody knows, does not encrypt.
pub fn a_key_bound_to_something_else_does_not_encrypt(subject: &Subject) {
    for name in ["HS256", "RS256", "EdDSA"] {
        let jwk = changed(&octets(32), &json!({"alg": name}));
        let expected = "a key management algorithm";
        assert_unfit_shared(&jwk, &KeyError::Algorithm { expected, actual: name.into() }, subject);
        let refused = DecryptionKey::from_jwk_for(K::A256KW, &jwk, subject.backend());
        assert_unfit(refused, &KeyError::Algorithm { expected: "A256KW", actual: name.into() });
    }
    for name in ["", "none", "a256kw", "A256KW ", "RSA-OAEP-1", "A512GCM"] {
        let jwk = changed(&octets(32), &json!({"alg": name}));
        assert_unfit_shared(&jwk, &KeyError::UnknownAlgorithm(name.into()), subject);
    }
}

/// A key that encrypts content itself does so under one algorithm: the one it names, or the only
/// one of its length.
pub fn a_direct_key_names_its_content_encryption(subject: &Subject) {
    let backend = subject.backend();
    for len in 1..=65 {
        let jwk = octets(len).with_alg(K::Dir).unwrap();
        let fitting: Vec<_> = E::ALL.iter().filter(|enc| enc.key_len() == len).collect();
        match fitting[..] {
            [enc] => {
                let keys = (sender(&jwk, backend), owner(&jwk, backend));
                assert_eq!((keys.0.enc(), keys.1.enc()), (Some(*enc), Some(*enc)), "{len}");
                let header = header_of(&Builder::new().encrypt(TEXT, [&keys.0]).unwrap());
                assert_eq!(Value::from(header), json!({"alg": "dir", "enc": enc.name()}));
            }
            _ => assert_unfit_shared(&jwk, &KeyError::MissingEncryption, subject),
        }
        for enc in E::ALL {
            let named = changed(&jwk, &json!({"enc": enc.name()}));
            let bound = octets(len).with_alg(*enc).unwrap();
            for jwk in [named, bound] {
                if enc.key_len() == len {
                    assert_eq!(sender(&jwk, backend).enc(), Some(*enc));
                    assert_eq!(owner(&jwk, backend).enc(), Some(*enc));
                    assert_eq!(owner(&jwk, backend).alg(), K::Dir);
                } else {
                    let (alg, expected, actual) = (enc.name(), enc.key_len() * 8, len * 8);
                    assert_unfit_shared(&jwk, &KeyError::Size { alg, expected, actual }, subject);
                }
            }
        }
    }
    assert_eq!(KeyError::MissingEncryption.code(), "ERR_JWE_ENC_MISSING");
}

/// One key, one algorithm: 32 octets bound to `A256GCM` neither encrypt nor decrypt by another that
/// would take them.
pub fn a_direct_key_serves_its_own_encryption_alone(subject: &Subject) {
    let (to, from) = pair(K::Dir, E::A256GCM, subject);
    assert_eq!((to.alg(), to.enc(), to.kid()), (K::Dir, Some(E::A256GCM), Some("dir")));
    let jwe = Builder::new().enc(E::A256GCM).encrypt(TEXT, [&to]).unwrap();
    assert_eq!(jwe.decrypt(&from).unwrap().content(), TEXT);
    let asked = Builder::new().enc(E::A128CBC_HS256).encrypt(TEXT, [&to]);
    let KeyError::Algorithm { expected: "A128CBC-HS256", actual } = refused_key(asked) else {
        panic!()
    };
    assert_eq!(actual, "A256GCM");
    let other = encrypted(K::Dir, E::A128CBC_HS256, subject).to_compact().unwrap();
    let refused = refusal(&Parts::of(&other), &from);
    assert_eq!(reason(refused), NoMatchReason::EncryptionNotAllowed);
}

/// A password serves PBES2 alone, and is not empty.
pub fn a_password_is_no_key(subject: &Subject) {
    let (backend, password) = (subject.backend(), Password::from("correct horse"));
    for alg in K::ALL.iter().filter(|alg| !PASSWORD.contains(alg)) {
        let expected = KeyError::Purpose { alg: alg.name(), purpose: "passwords" };
        assert_unfit(EncryptionKey::from_password(*alg, &password, backend), &expected);
        assert_unfit(DecryptionKey::from_password(*alg, &password, backend), &expected);
    }
    for alg in PASSWORD {
        let expected = KeyError::TooShort { alg: alg.name(), min: 1, actual: 0 };
        for empty in [Password::from(""), Password::new(Vec::new())] {
            assert_unfit(EncryptionKey::from_password(alg, &empty, backend), &expected);
            assert_unfit(DecryptionKey::from_password(alg, &empty, backend), &expected);
        }
    }
}

/// A password decrypts what it encrypted, as a password or as a key that is bound to be one (RFC
/// 7517 appendix C); another does not.
pub fn a_password_decrypts_what_it_encrypted(subject: &Subject) {
    let (backend, text) = (subject.backend(), "entr\u{e9}e \0 en deux mots");
    for alg in PASSWORD {
        let to = EncryptionKey::from_password(alg, &Password::from(text), backend).unwrap();
        assert_eq!((to.alg(), to.kid(), to.enc()), (alg, None, None));
        let token = jwe::encrypt(TEXT, &to.with_p2c(1000).unwrap()).unwrap();
        let jwk = Jwk::from_secret_octets(text.as_bytes()).unwrap().with_alg(alg).unwrap();
        let same = Password::new(text.as_bytes());
        for from in
            [owner(&jwk, backend), DecryptionKey::from_password(alg, &same, backend).unwrap()]
        {
            assert_eq!(jwe::decrypt(&token, &from).unwrap().content(), TEXT, "{alg}");
        }
        for other in
            ["entr\u{e9}e ", "entr\u{e9}e \0 en deux mots ", "entre\u{301}e \0 en deux mots"]
        {
            let other = DecryptionKey::from_password(alg, &Password::from(other), backend).unwrap();
            assert_failed(&Parts::of(&token), &other);
        }
    }
}

/// A password takes as many rounds as the caller says, or as the best current practice does; and a
/// salt of 16 octets.
pub fn a_password_takes_its_rounds(subject: &Subject) {
    let backend = subject.backend();
    for (alg, rounds) in PASSWORD.into_iter().zip([600_000, 210_000, 210_000]) {
        let password = Password::from("correct horse");
        let from = DecryptionKey::from_password(alg, &password, backend).unwrap();
        let to = EncryptionKey::from_password(alg, &password, backend).unwrap();
        for (to, rounds) in [
            (to.clone(), rounds),
            (to.clone().with_p2c(1000).unwrap(), 1000),
            (to.with_p2c(4096).unwrap(), 4096),
        ] {
            let token = jwe::encrypt(TEXT, &to).unwrap();
            let decrypted = jwe::decrypt(&token, &from).unwrap();
            let params = decrypted.protected().encryption().unwrap();
            assert_eq!((params.p2c(), params.p2s().unwrap().len()), (Some(rounds), 16), "{alg}");
        }
    }
}

/// The salt begins with the algorithm, so that one password makes another key for each (RFC 7518
/// §4.8.1.1).
pub fn a_salt_begins_with_its_algorithm(subject: &Subject) {
    let tap = Tap::new(subject);
    for alg in PASSWORD {
        let jwk = private(alg, E::A256GCM);
        let jwe = Builder::new().encrypt(TEXT, [&sender(&jwk, tap)]).unwrap();
        jwe.decrypt(&owner(&jwk, tap)).unwrap();
        let p2s = header_of(&jwe)["p2s"].as_str().unwrap().to_owned();
        let p2s = base64url::decode(p2s.as_bytes()).unwrap();
        let salt = [alg.name().as_bytes(), &[0], &p2s].concat();
        assert_eq!(tap.salts(), [salt.clone(), salt], "{alg}");
    }
}

/// No more rounds than we would take ourselves, and no fewer than a guesser should have.
pub fn the_rounds_of_a_password_have_bounds(subject: &Subject) {
    let password = Password::from("correct horse");
    let to = EncryptionKey::from_password(PASSWORD[0], &password, subject.backend()).unwrap();
    for rounds in [1000, 1001, 1_200_000] {
        assert!(to.clone().with_p2c(rounds).is_ok());
    }
    for actual in [0, 1, 999, 1_200_001, u32::MAX] {
        let expected = KeyError::Rounds { min: 1000, max: 1_200_000, actual };
        assert_unfit(to.clone().with_p2c(actual), &expected);
    }
}

/// With a public key of small order every shared secret is zero, and with one above the field's
/// order a key has two names.
pub fn a_public_key_of_small_order_agrees_on_nothing(subject: &Subject) {
    let edge = |first: u8, fill: u8, last: u8, len: usize| {
        let mut u = vec![fill; len];
        (u[0], u[len - 1]) = (first, last);
        u
    };
    let mut weak = vec![
        (OkpCurve::X25519, vec![0; 32]),
        (OkpCurve::X25519, edge(1, 0, 0, 32)),
        (OkpCurve::X25519, edge(0xEC, 0xFF, 0x7F, 32)),
        (OkpCurve::X25519, edge(0xED, 0xFF, 0x7F, 32)),
        (OkpCurve::X25519, edge(0xEE, 0xFF, 0x7F, 32)),
        (OkpCurve::X25519, edge(0, 0, 0x80, 32)),
        (OkpCurve::X25519, edge(9, 0, 0x80, 32)),
        (OkpCurve::X25519, vec![0xFF; 32]),
        (OkpCurve::X448, vec![0; 56]),
        (OkpCurve::X448, edge(1, 0, 0, 56)),
        (OkpCurve::X448, vec![0xFF; 56]),
    ];
    for text in [
        "4Ot6fDtBuK4WVuP68Z_EatoJjeucMrH9hmIFFl9JuAA",
        "X5yVvKNQjCSx0LFVnIPvWwREXMRYHI6G2CJO3dCfEVc",
    ] {
        weak.push((OkpCurve::X25519, base64url::decode(text.as_bytes()).unwrap()));
    }
    for low in [0xFE, 0xFF, 0] {
        // One below the order of the field, the order, and one above.
        let mut u = vec![0xFF; 56];
        u[28] = 0xFE;
        u[0] = low;
        if low == 0 {
            (u[..28]).fill(0);
            u[28] = 0xFF;
        }
        weak.push((OkpCurve::X448, u));
    }
    for (crv, u) in weak {
        for alg in AGREEMENT {
            let x = base64url::encode(&u);
            let jwk = json!({"kty": "OKP", "crv": crv.name(), "x": x, "alg": alg.name()});
            let jwk = Jwk::from_json(jwk.to_string()).unwrap();
            let refused = EncryptionKey::from_jwk(&jwk, subject.backend());
            assert_unfit(refused, &KeyError::Weak);
            let jwk = changed(&jwk, &json!({"d": base64url::encode(&vec![8; u.len()])}));
            let refused = DecryptionKey::from_jwk(&jwk, subject.backend());
            assert_unfit(refused, &KeyError::Weak);
        }
    }
}

/// A point that is not on its curve is refused as a key.
pub fn a_key_off_its_curve_agrees_on_nothing(subject: &Subject) {
    for alg in [S::ES256, S::ES384, S::ES512] {
        let jwk = Jwk::new(crate::keys::private(alg).params().clone());
        let Params::Ec(ec) = jwk.params() else { panic!() };
        let mut y = ec.y().to_vec();
        *y.last_mut().unwrap() ^= 1;
        for patch in [
            json!({"y": base64url::encode(&y)}),
            json!({"x": base64url::encode(&vec![0xFF; y.len()])}),
            json!({"x": base64url::encode(&vec![0; y.len()]),
                "y": base64url::encode(&vec![0; y.len()])}),
        ] {
            let jwk = changed(&jwk, &patch).with_alg(K::ECDH_ES).unwrap();
            let refused = DecryptionKey::from_jwk(&jwk, subject.backend());
            assert_unfit(refused, &KeyError::Inconsistent);
            let refused = EncryptionKey::from_jwk(&jwk.to_public().unwrap(), subject.backend());
            assert_unfit(refused, &KeyError::Inconsistent);
        }
    }
}

/// PKCS #1 v1.5 decrypts for those who ask for it by name, and for nobody else.
pub fn rsa1_5_has_to_be_asked_for(subject: &Subject) {
    let backend = subject.backend();
    let jwk = private(K::RSA1_5, E::A128GCM);
    let refused = DecryptionKey::from_jwk(&jwk, backend);
    assert_unfit(refused, &KeyError::AskedFor { alg: "RSA1_5" });
    let token = rsa1_5::token(&rsa1_5::block(&[9; 16]), subject);
    let asked = DecryptionKey::from_jwk_for(K::RSA1_5, &jwk, backend);
    if subject.refuses(Unapproved::RSA1_5) {
        assert_not_approved(asked);
        let set = JwkSet::new(vec![jwk]);
        let listed = DecryptionKeys::from_jwks(&set, &[K::RSA_OAEP, K::RSA1_5], backend);
        assert_eq!((listed.iter().count(), listed.skipped().len()), (0, 1));
        assert_eq!(reason(refusal(&token, &listed)), NoMatchReason::UnusableKey);
        return;
    }
    let asked = asked.unwrap();
    assert_eq!(jwe::decrypt(&token.compact(), &asked).unwrap().content(), TEXT);
    let unbound = changed(&jwk, &json!({"alg": null}));
    let set = JwkSet::new(vec![jwk, unbound.clone().with_kid("unbound")]);
    let listed = DecryptionKeys::from_jwks(&set, &[K::RSA_OAEP, K::RSA1_5], backend);
    assert_eq!(listed.iter().filter(|key| key.alg() == K::RSA1_5).count(), 2);
    assert_eq!(jwe::decrypt(&token.compact(), &listed).unwrap().content(), TEXT);
    let others = DecryptionKeys::from_jwks(&set, &[K::RSA_OAEP, K::RSA_OAEP_256], backend);
    assert_eq!(others.iter().filter(|key| key.alg() == K::RSA1_5).count(), 0);
    let refused = refusal(&token, &others);
    assert_eq!(reason(refused), NoMatchReason::AlgorithmNotAllowed);
    for alg in [K::RSA_OAEP, K::RSA_OAEP_256] {
        let other = DecryptionKey::from_jwk_for(alg, &unbound, backend).unwrap();
        assert_eq!(reason(refusal(&token, &other)), NoMatchReason::AlgorithmNotAllowed);
    }
}

/// RSA without a padding, so that any block can be put into a token.
pub(super) mod rsa1_5 {
    use super::*;

    /// A block of PKCS #1 v1.5 around `cek` (RFC 8017 §7.2.1).
    pub(in super::super) fn block(cek: &[u8]) -> Vec<u8> {
        let mut block = vec![0xA5; 256];
        block[..2].copy_from_slice(&[0, 2]);
        block[255 - cek.len()] = 0;
        block[256 - cek.len()..].copy_from_slice(cek);
        block
    }

    /// A token whose content is encrypted by `A128GCM` with 16 times the octet 9, and whose
    /// encrypted key is this block.
    pub(in super::super) fn token(block: &[u8], subject: &Subject) -> Parts {
        let forge = Forge {
            enc: E::A128GCM,
            cek: SecretBytes::from([9; 16]),
            header: Map::new(),
            key: encrypt(block),
            owner: owner(&private(K::A128KW, E::A128GCM), subject.backend()),
            backend: subject.backend(),
        };
        forge.seal(br#"{"alg":"RSA1_5","enc":"A128GCM"}"#)
    }

    /// `block` to the power of 65537, modulo the fixed key's modulus.
    fn encrypt(block: &[u8]) -> Vec<u8> {
        let jwk = unbound(K::RSA1_5, E::A128GCM);
        let Params::Rsa(rsa) = jwk.params() else { panic!() };
        let (n, base) = (limbs(rsa.n()), limbs(block));
        let mut power = base.clone();
        for _ in 0..16 {
            power = times(&power, &power, &n);
        }
        let power = times(&power, &base, &n);
        power.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect()
    }

    /// Little-endian.
    fn limbs(number: &[u8]) -> Vec<u64> {
        let limb = |octets: &[u8]| u64::from_be_bytes(octets.try_into().unwrap());
        number.chunks(8).rev().map(limb).collect()
    }

    fn times(a: &[u64], b: &[u64], n: &[u64]) -> Vec<u64> {
        let mut product = vec![0; n.len()];
        for bit in (0..n.len() * 64).rev() {
            product = plus(&product, &product, n);
            if b[bit / 64] >> (bit % 64) & 1 == 1 {
                product = plus(&product, a, n);
            }
        }
        product
    }

    fn plus(a: &[u64], b: &[u64], n: &[u64]) -> Vec<u64> {
        let mut carry = false;
        let sum: Vec<_> = a
            .iter()
            .zip(b)
            .map(|(a, b)| {
                let (sum, one) = a.overflowing_add(*b);
                let (sum, two) = sum.overflowing_add(u64::from(carry));
                carry = one || two;
                sum
            })
            .collect();
        if !carry && sum.iter().rev().lt(n.iter().rev()) {
            return sum;
        }
        let mut borrow = false;
        let less = sum.iter().zip(n).map(|(a, b)| {
            let (less, one) = a.overflowing_sub(*b);
            let (less, two) = less.overflowing_sub(u64::from(borrow));
            borrow = one || two;
            less
        });
        less.collect()
    }
}
