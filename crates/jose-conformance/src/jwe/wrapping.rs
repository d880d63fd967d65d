//! Keys wrapped without content, and keys derived from passwords (RFC 7518 §4).

use jose_core::jwe::{UnwrapError, WrappedKey};

use super::*;

fn secret(len: usize) -> SecretBytes {
    SecretBytes::new((0..len).map(|at| at.to_le_bytes()[0] ^ 0x5A).collect::<Vec<_>>())
}

fn wraps_by_blocks(alg: K) -> bool {
    !is_rsa(alg) && !alg.name().ends_with("GCMKW")
}

/// Octets that a modulus of 2048 bits leaves room for (RFC 8017 §7.1.1).
fn room(alg: K) -> usize {
    match alg {
        K::RSA_OAEP => 214,
        K::RSA_OAEP_256 => 190,
        K::RSA_OAEP_384 => 158,
        _ => 126,
    }
}

fn params_of(wrapped: &WrappedKey) -> Value {
    value(&wrapped.header_json())
}

/// The wrapped key under another header; a `null` takes a parameter out.
fn rewritten(wrapped: &WrappedKey, patch: &Value) -> WrappedKey {
    let mut header = params_of(wrapped);
    let header = header.as_object_mut().unwrap();
    for (name, value) in patch.as_object().unwrap() {
        if value.is_null() {
            header.remove(name);
        } else {
            header.insert(name.clone(), value.clone());
        }
    }
    WrappedKey::from_json(serde_json::to_vec(header).unwrap(), wrapped.encrypted_key()).unwrap()
}

fn with_key(wrapped: &WrappedKey, encrypted_key: impl Into<Vec<u8>>) -> WrappedKey {
    WrappedKey::new(wrapped.header().clone(), encrypted_key)
}

/// There is one way to say no, as for tokens.
#[track_caller]
fn assert_not_unwrapped<T: fmt::Debug>(refused: Result<T, UnwrapError>, what: &str) {
    let error = refused.unwrap_err();
    assert_eq!(format!("{error:?}"), "Decrypt(Failed)", "{what}");
    assert_eq!(error.code(), "ERR_JWE_DECRYPTION_FAILED");
    assert_eq!(error.to_string(), "the key was not unwrapped");
    assert_eq!(error.source().unwrap().to_string(), "the token cannot be decrypted");
}

#[track_caller]
fn assert_not_asked<T: fmt::Debug>(refused: Result<T, UnwrapError>, expected: &KeyError) {
    let error = refused.unwrap_err();
    assert_eq!(error.code(), expected.code());
    let UnwrapError::Key(key) = error else { panic!("{error:?}") };
    assert_eq!(format!("{key:?}"), format!("{expected:?}"));
}

/// What the header alone decides.
#[track_caller]
fn header_refused<T: fmt::Debug>(refused: Result<T, UnwrapError>) -> jwe::Error {
    match refused.unwrap_err() {
        UnwrapError::Decrypt(error) => jwe::Error::Decrypt(error),
        other => panic!("{other:?}"),
    }
}

/// Every algorithm that wraps takes keys of several lengths, and its header is all that unwrapping
/// takes beside the key.
pub fn every_algorithm_wraps_raw_keys(subject: &Subject) {
    for alg in WRAPPING {
        let (to, from) = pair(alg, E::A256GCM, subject);
        let of_blocks = [16, 24, 32, 40, 64, 120];
        let of_octets = [1, 2, 15, 17, 33, 65];
        let lens =
            of_blocks.into_iter().chain(of_octets.into_iter().filter(|_| !wraps_by_blocks(alg)));
        for len in lens {
            let key = secret(len);
            let wrapped = to.wrap_key(&key).unwrap();
            let names: BTreeSet<_> =
                params_of(&wrapped).as_object().unwrap().keys().cloned().collect();
            let own: &[&str] = match alg {
                _ if PASSWORD.contains(&alg) => &["p2c", "p2s"],
                _ if AGREEMENT.contains(&alg) => &["epk"],
                _ if alg.name().ends_with("GCMKW") => &["iv", "tag"],
                _ => &[],
            };
            let expected = ["alg", "kid"].iter().chain(own).map(|name| String::from(*name));
            assert_eq!(names, expected.collect(), "{alg}");
            assert_eq!(wrapped.header().alg(), Some(alg.name()));
            assert_eq!(wrapped.header().kid(), Some(alg.name()));
            let stored =
                WrappedKey::from_json(wrapped.header_json(), wrapped.encrypted_key()).unwrap();
            assert_eq!(stored, wrapped, "{alg}");
            for wrapped in [wrapped, stored] {
                assert_eq!(from.unwrap_key(&wrapped, len).unwrap(), key, "{alg} {len}");
            }
        }
        let key = secret(32);
        let (one, two) = (to.wrap_key(&key).unwrap(), to.wrap_key(&key).unwrap());
        // RFC 3394 has nothing in it that is random.
        assert_eq!(one == two, matches!(alg, K::A128KW | K::A192KW | K::A256KW), "{alg}");
    }
}

/// Keys are agreed on to wrap with on every curve there is.
pub fn every_curve_wraps_raw_keys(subject: &Subject) {
    for curve in subject.curves() {
        let generator = Generator::new(K::ECDH_ES_A192KW).curve(curve.new_key());
        let jwk = generator.generate(subject.backend()).unwrap();
        let (to, from) = (sender(&jwk, subject.backend()), owner(&jwk, subject.backend()));
        let wrapped = to.wrap_key(&secret(48)).unwrap();
        assert_eq!(from.unwrap_key(&wrapped, 48).unwrap(), secret(48), "{curve:?}");
        let (key, wrapped) = to.establish_key(E::A256CBC_HS512).unwrap();
        assert_eq!(from.recover_key(&wrapped, E::A256CBC_HS512).unwrap(), key, "{curve:?}");
    }
}

/// No octet of the encrypted key and of the parameters can be another, and nothing says which was.
pub fn no_octet_of_a_wrapped_key_can_be_changed(subject: &Subject) {
    for alg in WRAPPING {
        let (to, from) = pair(alg, E::A256GCM, subject);
        let wrapped = to.wrap_key(&secret(32)).unwrap();
        let octets = wrapped.encrypted_key();
        let step = if is_rsa(alg) { 51 } else { 1 };
        for at in (0..octets.len()).step_by(step) {
            for bit in [0x01, 0x80] {
                let mut changed = octets.to_vec();
                changed[at] ^= bit;
                let refused = from.unwrap_key(&with_key(&wrapped, changed), 32);
                assert_not_unwrapped(refused, &format!("{alg}: octet {at}"));
            }
        }
        for other in [
            &octets[1..],
            &octets[..octets.len() - 1],
            &octets[..octets.len() - 8],
            &[octets, &[0]].concat(),
            &[&[0], octets].concat(),
            &[octets, &[0; 8]].concat(),
            &vec![0; octets.len()],
            &vec![0xFF; octets.len()],
            &[],
        ] {
            assert_not_unwrapped(from.unwrap_key(&with_key(&wrapped, other), 32), alg.name());
        }
        let header = params_of(&wrapped);
        for member in ["iv", "tag", "p2s"] {
            let Some(text) = header[member].as_str() else { continue };
            let octets = base64url::decode(text.as_bytes()).unwrap();
            let mut others: Vec<_> = (0..octets.len())
                .map(|at| {
                    let mut changed = octets.clone();
                    changed[at] ^= 0x10;
                    changed
                })
                .collect();
            others.extend([octets[1..].to_vec(), [&octets[..], &[0]].concat()]);
            for other in others {
                let changed = rewritten(&wrapped, &json!({member: base64url::encode(&other)}));
                let refused = from.unwrap_key(&changed, 32);
                let short = member == "p2s" && other.len() < 16;
                if short && subject.refuses(Unapproved::Guessable) {
                    assert_not_derived(&refused.unwrap_err());
                } else {
                    assert_not_unwrapped(refused, &format!("{alg}: {member}"));
                }
            }
        }
        if header.get("p2c").is_some() {
            for p2c in [1001, 2000] {
                let changed = rewritten(&wrapped, &json!({"p2c": p2c}));
                assert_not_unwrapped(from.unwrap_key(&changed, 32), alg.name());
            }
        }
        for (coordinate, at) in ["x", "y"].iter().flat_map(|name| (0..32).map(move |at| (name, at)))
        {
            let Some(text) = header["epk"][coordinate].as_str() else { continue };
            let mut octets = base64url::decode(text.as_bytes()).unwrap();
            octets[at] ^= 1;
            let mut epk = header["epk"].clone();
            epk[coordinate] = base64url::encode(&octets).into();
            let changed = rewritten(&wrapped, &json!({"epk": epk}));
            assert_not_unwrapped(from.unwrap_key(&changed, 32), &format!("{alg}: {coordinate}"));
        }
    }
}

/// An ephemeral key that is genuine and not the one, on another curve, or of small order, gives no
/// key.
pub fn a_key_is_unwrapped_with_its_own_ephemeral_key(subject: &Subject) {
    let (to, from) = pair(K::ECDH_ES_A256KW, E::A256GCM, subject);
    let wrapped = to.wrap_key(&secret(32)).unwrap();
    let other = params_of(&to.wrap_key(&secret(32)).unwrap())["epk"].clone();
    let p384 = crate::keys::verifying(S::ES384).to_public_json().unwrap();
    let montgomery = json!({"kty": "OKP", "crv": "X25519", "x": base64url::encode(&[0; 32])});
    for epk in [other, value(&p384), montgomery.clone(), json!({"kty": "LWE"})] {
        let changed = rewritten(&wrapped, &json!({"epk": epk}));
        assert_not_unwrapped(from.unwrap_key(&changed, 32), "epk");
    }
    if !subject.lacks_curve(Curve::X25519) {
        let generator = Generator::new(K::ECDH_ES_A256KW).curve(OkpCurve::X25519);
        let jwk = generator.generate(subject.backend()).unwrap();
        let wrapped = sender(&jwk, subject.backend()).wrap_key(&secret(32)).unwrap();
        let weak = rewritten(&wrapped, &json!({"epk": montgomery}));
        let refused = owner(&jwk, subject.backend()).unwrap_key(&weak, 32);
        assert_not_unwrapped(refused, "a weak epk");
    }
}

/// What identifies the parties is part of the key that is agreed on.
pub fn the_parties_change_the_wrapping(subject: &Subject) {
    let (to, from) = pair(K::ECDH_ES_A128KW, E::A256GCM, subject);
    let recipient = Recipient::new(&to).apu(b"Alice").apv(b"Bob");
    let token = Builder::new().encrypt(TEXT, [recipient]).unwrap().to_compact().unwrap();
    let token = Encrypted::parse(&token).unwrap();
    let wrapped = WrappedKey::new(token.protected().clone(), token.encrypted_key());
    from.unwrap_key(&wrapped, 32).unwrap();
    for patch in [json!({"apu": "QQ"}), json!({"apv": null}), json!({"apu": null})] {
        assert_not_unwrapped(from.unwrap_key(&rewritten(&wrapped, &patch), 32), "parties");
    }
}

/// A header selects a key as that of a token does: by `alg` letter for letter, by `kid`, and by nothing
/// that is critical.
pub fn a_wrapped_key_is_for_one_key(subject: &Subject) {
    for alg in WRAPPING {
        let (to, from) = pair(alg, E::A256GCM, subject);
        let wrapped = to.wrap_key(&secret(32)).unwrap();
        let names = K::ALL.iter().map(|other| other.name()).filter(|other| *other != alg.name());
        for other in names.chain(["", "none", "a256kw", "HS256", "A256GCM"]) {
            let refused = from.unwrap_key(&rewritten(&wrapped, &json!({"alg": other})), 32);
            let refused = reason(header_refused(refused));
            assert_eq!(refused, NoMatchReason::AlgorithmNotAllowed, "{alg}: {other}");
        }
        let refused = from.unwrap_key(&rewritten(&wrapped, &json!({"alg": null})), 32);
        assert_eq!(unsuitable(header_refused(refused)), Rule::Missing { member: "alg" });
        let refused = from.unwrap_key(&rewritten(&wrapped, &json!({"kid": "other"})), 32);
        assert_eq!(reason(header_refused(refused)), NoMatchReason::UnknownKid, "{alg}");
        let nameless = rewritten(&wrapped, &json!({"kid": null}));
        assert_eq!(from.unwrap_key(&nameless, 32).unwrap(), secret(32));
    }
    let (to, from) = pair(K::A256KW, E::A256GCM, subject);
    let wrapped = to.wrap_key(&secret(32)).unwrap();
    let refused = from.unwrap_key(&rewritten(&wrapped, &json!({"crit": ["x"], "x": 1})), 32);
    assert_eq!(critical(header_refused(refused)), Critical::NotUnderstood("x".into()));
    for (json, rule) in [
        (r#"["A256KW"]"#, Rule::NotAnObject),
        (r#"{"alg":"A256KW","alg":"A256KW"}"#, Rule::DuplicateMember),
        (r#"{"alg":5}"#, Rule::Type { member: "alg", expected: "a string" }),
        (r#"{"alg":"A256KW","iv":1}"#, Rule::Type { member: "iv", expected: "a string" }),
    ] {
        assert_eq!(kind(WrappedKey::from_json(json, []).unwrap_err()), within(rule), "{json}");
    }
    let bare = r#"{"alg":"A256KW","x":""}"#.len();
    let padded = |len| format!(r#"{{"alg":"A256KW","x":"{}"}}"#, "x".repeat(len - bare));
    let limit = 16 * 1024;
    assert!(WrappedKey::from_json(padded(limit), []).is_ok());
    let refused = WrappedKey::from_json(padded(limit + 1), []).unwrap_err();
    assert_eq!(kind(refused), within(Rule::TooLong { limit }));
}

/// A key comes out at the length that was asked for, or not at all.
pub fn a_key_is_unwrapped_at_its_own_length(subject: &Subject) {
    for alg in WRAPPING {
        let (to, from) = pair(alg, E::A256GCM, subject);
        let wrapped = to.wrap_key(&secret(32)).unwrap();
        let lens: &[usize] =
            if wraps_by_blocks(alg) { &[16, 24, 40, 64] } else { &[1, 31, 33, 64] };
        for len in lens {
            assert_not_unwrapped(from.unwrap_key(&wrapped, *len), &format!("{alg}: {len}"));
        }
    }
}

/// A length that an algorithm does not wrap is told before any library is asked, on both sides.
pub fn an_algorithm_wraps_only_its_lengths(subject: &Subject) {
    let tap = Tap::new(subject);
    for alg in WRAPPING {
        let jwk = private(alg, E::A256GCM);
        let (to, from) = (sender(&jwk, tap), owner(&jwk, tap));
        let (min, max, multiple_of) = match alg {
            _ if wraps_by_blocks(alg) => (16, 65_536, 8),
            _ if is_rsa(alg) => (1, room(alg), 1),
            _ => (1, 65_536, 1),
        };
        let mut refused = vec![0, max + 1, max + 8];
        if wraps_by_blocks(alg) {
            refused.extend([1, 7, 8, 15, 17, 20, 31, 33, 65_535]);
        }
        let empty = WrappedKey::from_json(json!({"alg": alg.name()}).to_string(), []).unwrap();
        tap.forget();
        for actual in refused {
            let name = alg.name();
            let expected = KeyError::WrappedLength { alg: name, min, max, multiple_of, actual };
            assert_unfit(to.wrap_key(&secret(actual)), &expected);
            assert_not_asked(from.unwrap_key(&empty, actual), &expected);
        }
        assert_eq!((tap.unwrapped(), tap.derived(), tap.agreed()), (0, 0, 0), "{alg}");
        for len in [min, max] {
            let wrapped = to.wrap_key(&secret(len)).unwrap();
            assert_eq!(from.unwrap_key(&wrapped, len).unwrap(), secret(len), "{alg}: {len}");
        }
    }
    let refused = pair(K::A128KW, E::A256GCM, subject).0.wrap_key(&secret(20)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "A128KW wraps keys of 16 to 65536 octets that are a multiple of 8, this one has 20"
    );
    let refused = pair(K::RSA_OAEP, E::A256GCM, subject).0.wrap_key(&secret(215)).unwrap_err();
    assert_eq!(refused.to_string(), "RSA-OAEP wraps keys of 1 to 214 octets, this one has 215");
}

/// `dir` and `ECDH-ES` wrap nothing and say so.
pub fn direct_algorithms_wrap_no_key(subject: &Subject) {
    for alg in DIRECT {
        let (to, from) = pair(alg, E::A256GCM, subject);
        let expected = KeyError::Purpose { alg: alg.name(), purpose: "wrapping keys" };
        for len in [0, 16, 32] {
            assert_unfit(to.wrap_key(&secret(len)), &expected);
        }
        let (_, wrapped) = to.establish_key(E::A256GCM).unwrap();
        assert_not_asked(from.unwrap_key(&wrapped, 32), &expected);
    }
}

/// Every algorithm makes a key known to its owner: its own, one agreed on, or a new one.
pub fn every_algorithm_establishes_keys(subject: &Subject) {
    for (alg, enc) in encrypting().flat_map(|alg| E::ALL.iter().map(move |enc| (alg, *enc))) {
        let (to, from) = pair(alg, enc, subject);
        let (key, wrapped) = to.establish_key(enc).unwrap();
        assert_eq!(key.len(), enc.key_len(), "{alg} {enc}");
        assert_eq!(wrapped.encrypted_key().is_empty(), DIRECT.contains(&alg));
        let header = params_of(&wrapped);
        assert_eq!((&header["alg"], &header["enc"]), (&json!(alg.name()), &json!(enc.name())));
        assert_eq!(header.get("epk").is_some(), AGREEMENT.contains(&alg));
        assert_eq!(from.recover_key(&wrapped, enc).unwrap(), key, "{alg} {enc}");
        let (again, _) = to.establish_key(enc).unwrap();
        assert_eq!(again == key, alg == K::Dir, "{alg} {enc}");
        if alg == K::Dir {
            assert_eq!(key, SecretBytes::new(vec![7; enc.key_len()]));
        }
    }
}

/// The key of a token is recovered from its header and encrypted key.
pub fn the_key_of_a_token_is_recovered(subject: &Subject) {
    for (alg, enc) in encrypting().flat_map(|alg| [E::A128GCM, E::A192CBC_HS384].map(|e| (alg, e)))
    {
        let from = pair(alg, enc, subject).1;
        let jwe = encrypted(alg, enc, subject);
        let kept = jwe.decrypt_with(&from, &Policy::new().keep_cek()).unwrap();
        let compact = jwe.to_compact().unwrap();
        let token = Encrypted::parse(&compact).unwrap();
        let wrapped = WrappedKey::new(token.protected().clone(), token.encrypted_key());
        assert_eq!(Some(&from.recover_key(&wrapped, enc).unwrap()), kept.cek(), "{alg} {enc}");
        if WRAPPING.contains(&alg) {
            let unwrapped = from.unwrap_key(&wrapped, enc.key_len()).unwrap();
            assert_eq!(Some(&unwrapped), kept.cek(), "{alg} {enc}");
        }
    }
}

/// A key established for one algorithm is not recovered for another.
pub fn a_key_is_recovered_for_its_own_encryption(subject: &Subject) {
    for alg in encrypting() {
        let (to, from) = pair(alg, E::A256GCM, subject);
        let (key, wrapped) = to.establish_key(E::A256GCM).unwrap();
        for other in E::ALL.iter().filter(|other| **other != E::A256GCM) {
            let refused = from.recover_key(&wrapped, *other);
            let expected = KeyError::Algorithm { expected: other.name(), actual: "A256GCM".into() };
            if alg == K::Dir {
                assert_not_asked(refused, &expected);
                assert_unfit(to.establish_key(*other), &expected);
                continue;
            }
            let refused = reason(header_refused(refused));
            assert_eq!(refused, NoMatchReason::EncryptionNotAllowed, "{alg} {other}");
        }
        // A header that does not say leaves it to the caller, who is then told of lengths alone.
        let silent = rewritten(&wrapped, &json!({"enc": null}));
        assert_eq!(from.recover_key(&silent, E::A256GCM).unwrap(), key, "{alg}");
        if WRAPPING.contains(&alg) {
            assert_not_unwrapped(from.recover_key(&silent, E::A128GCM), alg.name());
        }
        if alg == K::ECDH_ES {
            assert_ne!(from.recover_key(&silent, E::A128CBC_HS256).unwrap(), key);
        }
        if DIRECT.contains(&alg) {
            for octets in [vec![0], key.expose_secret().to_vec()] {
                let refused = from.recover_key(&with_key(&wrapped, octets), E::A256GCM);
                assert_not_unwrapped(refused, alg.name());
            }
        }
        let refused = from.recover_key(&rewritten(&wrapped, &json!({"alg": "A512KW"})), E::A256GCM);
        assert_eq!(reason(header_refused(refused)), NoMatchReason::AlgorithmNotAllowed);
    }
}

/// PKCS #1 v1.5 answers with random keys, which outside a token would pass for somebody's.
pub fn rsa1_5_unwraps_no_raw_key(subject: &Subject) {
    let jwk = private(K::RSA1_5, E::A256GCM);
    let from = DecryptionKey::from_jwk_for(K::RSA1_5, &jwk, subject.backend());
    if subject.refuses(Unapproved::RSA1_5) {
        return assert_not_approved(from);
    }
    let from = from.unwrap();
    let wrapped = WrappedKey::from_json(r#"{"alg":"RSA1_5"}"#, vec![1; 256]).unwrap();
    let expected = KeyError::AskedFor { alg: "RSA1_5" };
    assert_not_asked(from.unwrap_key(&wrapped, 32), &expected);
    assert_not_asked(from.recover_key(&wrapped, E::A256GCM), &expected);
}

/// The parameters that unwrapping takes are there, and have the bounds they have in tokens; work that
/// is out of bounds is not done.
pub fn parameters_of_a_wrapped_key_have_bounds(subject: &Subject) {
    let tap = Tap::new(subject);
    for alg in WRAPPING {
        let jwk = private(alg, E::A256GCM);
        let (to, from) = (sender(&jwk, tap), owner(&jwk, tap));
        let wrapped = to.wrap_key(&secret(32)).unwrap();
        tap.forget();
        for member in ["epk", "iv", "tag", "p2s", "p2c"] {
            if params_of(&wrapped).get(member).is_none() {
                continue;
            }
            let refused = from.unwrap_key(&rewritten(&wrapped, &json!({member: null})), 32);
            assert_eq!(unsuitable(header_refused(refused)), Rule::Missing { member }, "{alg}");
        }
        if PASSWORD.contains(&alg) {
            for len in [0, 1, 7, 257] {
                let patch = json!({"p2s": base64url::encode(&vec![1; len])});
                let refused = from.unwrap_key(&rewritten(&wrapped, &patch), 32);
                let rule = Rule::Value { member: "p2s", expected: "8 to 256 octets" };
                assert_eq!(unsuitable(header_refused(refused)), rule, "{alg}: {len}");
            }
            for p2c in [1, 999, 1_200_001, u64::from(u32::MAX) + 1001] {
                let refused = from.unwrap_key(&rewritten(&wrapped, &json!({"p2c": p2c})), 32);
                let expected = "a number of rounds within the bounds";
                let rule = Rule::Value { member: "p2c", expected };
                assert_eq!(unsuitable(header_refused(refused)), rule, "{alg}: {p2c}");
            }
            // Of a wrong length, before a password is derived for nothing.
            assert_not_unwrapped(from.unwrap_key(&with_key(&wrapped, [1; 39]), 32), alg.name());
        }
        assert_eq!((tap.unwrapped(), tap.derived(), tap.agreed()), (0, 0, 0), "{alg}");
    }
}

/// A device that says no says nothing else, and one that fails says nothing of what was wrapped.
pub fn a_device_wraps_and_unwraps_raw_keys(subject: &Subject) {
    struct Device(fn() -> Result<SecretBytes, Refused>);

    impl KeyUnwrapper for Device {
        fn unwrap_key(&self, _: &[u8], _: usize) -> Result<SecretBytes, Refused> {
            self.0()
        }
    }

    impl KeyWrapper for Device {
        fn wrap_key(&self, key: &SecretBytes) -> Result<Vec<u8>, CryptoError> {
            match self.0() {
                Ok(_) => Ok(key.expose_secret().iter().map(|octet| octet ^ 0xFF).collect()),
                Err(_) => Err(CryptoError::from_source("device gone")),
            }
        }
    }

    let there = || Ok(secret(32));
    let (alg, backend) = (K::RSA_OAEP, subject.backend());
    let to = EncryptionKey::external(alg, Some("a"), Device(there), backend).unwrap();
    let wrapped = to.wrap_key(&secret(300)).unwrap();
    assert_eq!(params_of(&wrapped), json!({"alg": "RSA-OAEP", "kid": "a"}));
    let unwrap = |device| {
        let from = DecryptionKey::external(alg, Some("a"), device, backend).unwrap();
        from.unwrap_key(&wrapped, 32)
    };
    assert_eq!(unwrap(Device(there)).unwrap(), secret(32));
    assert_not_unwrapped(unwrap(Device(|| Ok(secret(31)))), "another length");
    assert_not_unwrapped(unwrap(Device(|| Err(Refused::Invalid))), "no");
    let gone: fn() -> _ = || Err(Refused::Unavailable(CryptoError::from_source("device gone")));
    let error = unwrap(Device(gone)).unwrap_err();
    assert!(matches!(error, UnwrapError::Decrypt(DecryptError::Unavailable(_))), "{error:?}");
    assert_eq!(error.code(), "ERR_CRYPTO_UNAVAILABLE");
    let to = EncryptionKey::external(alg, None, Device(gone), backend).unwrap();
    let error = to.wrap_key(&secret(32)).unwrap_err();
    assert!(matches!(error, KeyError::Unavailable(_)), "{error:?}");
}

/// The key derived from a password is the one that PBES2 wraps with: each reads what the other wrote.
pub fn a_key_derived_from_a_password_is_that_of_pbes2(subject: &Subject) {
    let (backend, password) = (subject.backend(), Password::from("Thus from my lips"));
    for (alg, kw) in PASSWORD.into_iter().zip([K::A128KW, K::A192KW, K::A256KW]) {
        let to = EncryptionKey::from_password(alg, &password, backend).unwrap();
        let from = DecryptionKey::from_password(alg, &password, backend).unwrap();
        let jwe = Builder::new().encrypt(TEXT, [&to.with_p2c(1000).unwrap()]).unwrap();
        let kept = jwe.decrypt_with(&from, &Policy::new().keep_cek()).unwrap();
        let compact = jwe.to_compact().unwrap();
        let token = Encrypted::parse(&compact).unwrap();
        let p2s = token.protected().encryption().unwrap().p2s().unwrap();

        let derived = password.derive_key(alg, p2s, 1000, backend).unwrap();
        assert_eq!((derived.alg(), derived.kid()), (Some(kw.name()), None));
        let wrapped =
            WrappedKey::from_json(json!({"alg": kw.name()}).to_string(), token.encrypted_key());
        let unwrapped = owner(&derived, backend).unwrap_key(&wrapped.unwrap(), 32).unwrap();
        assert_eq!(Some(&unwrapped), kept.cek(), "{alg}");

        let wrapped = sender(&derived, backend).wrap_key(&secret(40)).unwrap();
        let header = json!({"alg": alg.name(), "p2s": base64url::encode(p2s), "p2c": 1000});
        let wrapped = WrappedKey::from_json(header.to_string(), wrapped.encrypted_key()).unwrap();
        assert_eq!(from.unwrap_key(&wrapped, 40).unwrap(), secret(40), "{alg}");
    }
    // RFC 7517 appendix C.4.
    let password = Password::from("Thus from my lips, by yours, my sin is purged.");
    let p2s = [217, 96, 147, 112, 150, 117, 70, 247, 127, 8, 155, 137, 174, 42, 80, 215];
    let derived = password.derive_key(PASSWORD[0], &p2s, 4096, backend).unwrap();
    let Params::Oct(oct) = derived.params() else { panic!() };
    let expected = [110, 171, 169, 92, 129, 92, 109, 117, 233, 242, 116, 233, 170, 14, 24, 75];
    assert_eq!(oct.k(), &SecretBytes::from(expected));
}

/// Another password, algorithm, salt or number of rounds gives another key.
pub fn all_that_a_key_is_derived_from_changes_it(subject: &Subject) {
    let derive = |text: &str, alg, p2s: &[u8], p2c| {
        let derived = Password::from(text).derive_key(alg, p2s, p2c, subject.backend()).unwrap();
        let Params::Oct(oct) = derived.params() else { panic!() };
        // The three differ in length, which alone would make them differ.
        oct.k().expose_secret()[..16].to_vec()
    };
    let keys = BTreeSet::from([
        derive("correct horse", PASSWORD[0], &[1; 16], 1000),
        derive("Correct horse", PASSWORD[0], &[1; 16], 1000),
        derive("correct horse", PASSWORD[1], &[1; 16], 1000),
        derive("correct horse", PASSWORD[2], &[1; 16], 1000),
        derive("correct horse", PASSWORD[0], &[1; 17], 1000),
        derive("correct horse", PASSWORD[0], &[2; 16], 1000),
        derive("correct horse", PASSWORD[0], &[1; 16], 1001),
    ]);
    assert_eq!(keys.len(), 7);
    let again = derive("correct horse", PASSWORD[0], &[1; 16], 1000);
    assert!(keys.contains(&again));
}

/// A salt of too few octets, or rounds that a guesser would thank for, are refused before anything is
/// derived, and so is what is no password.
pub fn a_derived_key_has_its_salt_and_rounds(subject: &Subject) {
    let tap = Tap::new(subject);
    let password = Password::from("correct horse");
    for alg in PASSWORD {
        for actual in [0, 1, 7, 257, 1000] {
            let refused = password.derive_key(alg, &vec![1; actual], 1000, tap);
            assert_unfit(refused, &KeyError::Salt { min: 8, max: 256, actual });
        }
        for actual in [0, 1, 999, 1_200_001, u32::MAX] {
            let expected = KeyError::Rounds { min: 1000, max: 1_200_000, actual };
            assert_unfit(password.derive_key(alg, &[1; 16], actual, tap), &expected);
        }
        let expected = KeyError::TooShort { alg: alg.name(), min: 1, actual: 0 };
        assert_unfit(Password::from("").derive_key(alg, &[1; 16], 1000, tap), &expected);
    }
    for alg in K::ALL.iter().filter(|alg| !PASSWORD.contains(alg)) {
        let expected = KeyError::Purpose { alg: alg.name(), purpose: "passwords" };
        assert_unfit(password.derive_key(*alg, &[1; 16], 1000, tap), &expected);
        assert_unfit(Password::default_p2c(*alg), &expected);
    }
    assert_eq!(tap.derived(), 0);
    for len in [16, 256] {
        password.derive_key(PASSWORD[0], &vec![1; len], 1000, tap).unwrap();
    }
    let refused = password.derive_key(PASSWORD[0], &[1; 7], 1000, tap).unwrap_err();
    assert_eq!(refused.code(), "ERR_JWK_INVALID");
    assert_eq!(refused.to_string(), "the salt of a password has 8 to 256 octets, this one has 7");
}

/// A short password and a short salt serve, as RFC 7518 §4.8.1 has it, except where they are not
/// approved: there no key is derived with them, neither to keep nor for a token.
pub fn what_can_be_guessed_derives_a_key_unless_it_is_not_approved(subject: &Subject) {
    let (backend, refuses) = (subject.backend(), subject.refuses(Unapproved::Guessable));
    for alg in PASSWORD {
        for (octets, salt, approved) in [
            (8, 16, true),
            (7, 16, false),
            (1, 16, false),
            (8, 15, false),
            (8, 8, false),
            (1, 8, false),
        ] {
            let password = Password::new(vec![b'p'; octets]);
            let derived = password.derive_key(alg, &vec![1; salt], 1000, backend);
            let to = EncryptionKey::from_password(alg, &password, backend).unwrap();
            let from = DecryptionKey::from_password(alg, &password, backend).unwrap();
            let header = json!({"alg": alg.name(), "p2c": 1000,
                "p2s": base64url::encode(&vec![1; salt])});
            let header = header.to_string();
            if refuses && !approved {
                assert_not_approved(derived);
                let wrapped = WrappedKey::from_json(header, [1; 40]).unwrap();
                assert_not_derived(&from.unwrap_key(&wrapped, 32).unwrap_err());
            } else {
                let wrapped = sender(&derived.unwrap(), backend).wrap_key(&secret(32)).unwrap();
                let wrapped = WrappedKey::from_json(header, wrapped.encrypted_key()).unwrap();
                assert_eq!(from.unwrap_key(&wrapped, 32).unwrap(), secret(32), "{alg}");
            }
            // Its salt is drawn, so nothing but the password is short.
            let wrapped = to.with_p2c(1000).unwrap().wrap_key(&secret(32));
            if refuses && octets < 8 {
                assert_not_derived(&wrapped.unwrap_err());
            } else {
                assert_eq!(from.unwrap_key(&wrapped.unwrap(), 32).unwrap(), secret(32), "{alg}");
            }
        }
    }
}

/// The rounds that are advised are those that a password takes by default; salts are drawn.
pub fn salts_are_drawn_and_rounds_advised(subject: &Subject) {
    let advised = PASSWORD.map(|alg| Password::default_p2c(alg).unwrap());
    assert_eq!(advised, [600_000, 210_000, 210_000]);
    let drawn: BTreeSet<_> =
        (0..16).map(|_| Password::new_p2s(subject.backend()).unwrap()).collect();
    assert_eq!(drawn.len(), 16);
}
