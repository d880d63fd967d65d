//! Keys that are held elsewhere: services that unwrap, devices that agree, and content keys of the
//! caller's.

use super::*;

/// A handle that somebody else holds.
struct Held<T: ?Sized>(Arc<T>);

impl KeyUnwrapper for Held<dyn KeyUnwrapper> {
    fn unwrap_key(&self, encrypted_key: &[u8], cek_len: usize) -> Result<SecretBytes, Refused> {
        self.0.unwrap_key(encrypted_key, cek_len)
    }
}

impl KeyWrapper for Held<dyn KeyWrapper> {
    fn wrap_key(&self, cek: &SecretBytes) -> Result<Vec<u8>, CryptoError> {
        self.0.wrap_key(cek)
    }
}

impl AgreementResponder for Held<dyn AgreementResponder> {
    fn respond(&self, epk: &Params, info: &OtherInfo<'_>) -> Result<SecretBytes, Refused> {
        self.0.respond(epk, info)
    }
}

fn unwrapper(alg: K, subject: &Subject) -> Arc<dyn KeyUnwrapper> {
    let tap = Tap::new(subject);
    DecryptionKey::from_jwk_for(alg, &private(alg, E::A256GCM), tap).unwrap();
    let unwrapper = tap.ear.unwrapper.lock().unwrap().take();
    unwrapper.unwrap()
}

const BY_ONE_KEY: [K; 7] = [
    K::A128KW,
    K::A192KW,
    K::A256KW,
    K::RSA_OAEP,
    K::RSA_OAEP_256,
    K::RSA_OAEP_384,
    K::RSA_OAEP_512,
];

/// What answers the same, whatever it is asked.
enum Device {
    Key(usize),
    No,
    Away,
}

impl Device {
    fn answer(&self) -> Result<SecretBytes, Refused> {
        match self {
            Self::Key(len) => Ok(SecretBytes::new(vec![1; *len])),
            Self::No => Err(Refused::Invalid),
            Self::Away => Err(Refused::Unavailable(CryptoError::from_source("device gone"))),
        }
    }
}

impl KeyUnwrapper for Device {
    fn unwrap_key(&self, _: &[u8], _: usize) -> Result<SecretBytes, Refused> {
        self.answer()
    }
}

impl KeyWrapper for Device {
    fn wrap_key(&self, _: &SecretBytes) -> Result<Vec<u8>, CryptoError> {
        Err(CryptoError::from_source("device gone"))
    }
}

impl AgreementResponder for Device {
    fn respond(&self, _: &Params, _: &OtherInfo<'_>) -> Result<SecretBytes, Refused> {
        self.answer()
    }
}

/// A service unwraps the encrypted key, and the token is decrypted with what it answers.
pub fn a_key_that_was_unwrapped_elsewhere_decrypts(subject: &Subject) {
    let (backend, policy) = (subject.backend(), Policy::new());
    for (alg, enc) in BY_ONE_KEY.into_iter().flat_map(|alg| E::ALL.iter().map(move |e| (alg, *e))) {
        let token = encrypted(alg, enc, subject).to_compact().unwrap();
        let token = Encrypted::parse(&token).unwrap();
        assert_eq!((token.alg(), token.enc()), (alg.name(), enc.name()));
        let unwrapped = unwrapper(alg, subject).unwrap_key(token.encrypted_key(), enc.key_len());
        let cek = unwrapped.unwrap();
        let decrypted = token.decrypt_with_cek(alg, Some(&cek), backend, &policy).unwrap();
        assert_eq!((decrypted.content().as_slice(), decrypted.enc()), (TEXT, enc), "{alg}");
        assert_eq!((decrypted.alg(), decrypted.key_id()), (alg, None));
        assert!(decrypted.cek().is_none());
        let mut other = cek.expose_secret().to_vec();
        other[0] ^= 1;
        for wrong in [other, vec![], vec![1; 16], vec![1; 32], vec![1; 33], vec![1; 64]] {
            failed(token.decrypt_with_cek(alg, Some(&SecretBytes::new(wrong)), backend, &policy));
        }
        failed(token.decrypt_with_cek(alg, None, backend, &policy));
        for other in K::ALL.iter().filter(|other| **other != alg) {
            let refused = token.decrypt_with_cek(*other, Some(&cek), backend, &policy).unwrap_err();
            assert_eq!(reason(refused), NoMatchReason::AlgorithmNotAllowed, "{other}");
        }
        // Every rule of the policy holds on this path as well.
        let refused = token.decrypt_with_cek(alg, Some(&cek), backend, &policy.clone().encs([]));
        assert_eq!(reason(refused.unwrap_err()), NoMatchReason::EncryptionNotAllowed);
    }
    let forge = forge(subject);
    for (patch, permission) in [
        (json!({"crit": ["x"], "x": 1}), policy.clone().understands("x")),
        (json!({"zip": "GZIP"}), policy.clone()),
    ] {
        let token = forge.patched(&patch).compact();
        let token = Encrypted::parse(&token).unwrap();
        let decrypt = |policy| token.decrypt_with_cek(K::A256KW, Some(&forge.cek), backend, policy);
        assert_eq!(decrypt(&policy).unwrap_err().code(), "ERR_JWE_INVALID");
        assert_eq!(decrypt(&permission).is_ok(), patch.get("crit").is_some());
    }
    // One recipient of several, and data beside the content.
    let keys = [K::A128KW, K::A256KW].map(|alg| pair(alg, E::A256GCM, subject).0);
    let jwe = Builder::new().aad(b"public").encrypt(TEXT, &keys).unwrap();
    let token = jwe.recipients().nth(1).unwrap().unwrap();
    let cek = unwrapper(K::A256KW, subject).unwrap_key(token.encrypted_key(), 32).unwrap();
    let decrypted = token.decrypt_with_cek(K::A256KW, Some(&cek), backend, &policy).unwrap();
    assert_eq!((decrypted.index(), decrypted.aad()), (1, Some(&b"public"[..])));
}

/// What headers and lengths decide is told before a service is asked for a key, as it is when it has answered.
pub fn what_headers_decide_is_told_before_a_service_is_asked(subject: &Subject) {
    let (backend, policy) = (subject.backend(), Policy::new());
    let forge = forge(subject);
    let mut cut = forge.patched(&json!({}));
    let good = cut.compact();
    cut.key.pop();
    let mut tokens = vec![(cut.compact(), "ERR_JWE_DECRYPTION_FAILED")];
    for (patch, code) in [
        (json!({"crit": ["x"], "x": 1}), "ERR_JWE_INVALID"),
        (json!({"zip": "DEF"}), "ERR_JWE_INVALID"),
        (json!({"enc": "A256XYZ"}), "ERR_JWE_ALG_NOT_ALLOWED"),
        (json!({"alg": "A128KW"}), "ERR_JWE_ALG_NOT_ALLOWED"),
    ] {
        tokens.push((forge.patched(&patch).compact(), code));
    }
    for (token, code) in &tokens {
        let token = Encrypted::parse(token).unwrap();
        assert_eq!(token.check(K::A256KW, &policy).unwrap_err().code(), *code);
        let refused = token.decrypt_with_cek(K::A256KW, Some(&forge.cek), backend, &policy);
        assert_eq!(refused.unwrap_err().code(), *code);
    }
    Encrypted::parse(&good).unwrap().check(K::A256KW, &policy).unwrap();
}

/// What was unwrapped elsewhere is held to the rules of an encrypted key all the same.
pub fn a_key_from_elsewhere_does_not_lift_the_rules_of_direct_encryption(subject: &Subject) {
    let (backend, policy) = (subject.backend(), Policy::new());
    let key = SecretBytes::new(vec![7; 32]);
    let jwk = Jwk::from_secret_octets(key.clone()).unwrap().with_alg(E::A256GCM).unwrap();
    let (to, from) = (
        EncryptionKey::from_jwk(&jwk, backend).unwrap(),
        DecryptionKey::from_jwk(&jwk, backend).unwrap(),
    );
    let token = jwe::encrypt(TEXT, &to).unwrap();
    let open = |token: &Encrypted<'_>| token.decrypt_with_cek(K::Dir, Some(&key), backend, &policy);
    assert_eq!(open(&Encrypted::parse(&token).unwrap()).unwrap().content(), TEXT);
    let p: Vec<_> = token.split('.').collect();
    let stuffed = [p[0], "AAAA", p[2], p[3], p[4]].join(".");
    failed(open(&Encrypted::parse(&stuffed).unwrap()));
    // Nor is it one of several recipients, whichever way it is taken.
    let json = json!({"protected": p[0], "iv": p[2], "ciphertext": p[3], "tag": p[4],
        "recipients": [{}, {"header": {"x": 1}}]});
    let jwe = Jwe::from_value(&json).unwrap();
    let alone = jwe.recipients().next().unwrap().unwrap();
    for refused in [jwe.decrypt(&from), alone.decrypt(&from), open(&alone)] {
        let Err(jwe::Error::Decrypt(DecryptError::Header(error))) = refused else {
            panic!("{refused:?}")
        };
        let expected = "one that wraps, with several recipients";
        assert_eq!(error.rule(), Rule::Value { member: "alg", expected });
    }
}

/// What a key encrypted for another purpose, with nothing beside it, must not pass for content.
pub fn direct_encryption_authenticates_something(subject: &Subject) {
    let jwk = Jwk::from_secret_octets(vec![7; 32]).unwrap().with_alg(E::A256GCM).unwrap();
    let key = DecryptionKey::from_jwk(&jwk, subject.backend()).unwrap();
    let json = json!({"unprotected": {"alg": "dir", "enc": "A256GCM"},
        "iv": base64url::encode(&[0; 12]), "ciphertext": "AAAA", "tag": base64url::encode(&[0; 16])});
    let policy = Policy::new().accept_unprotected_enc();
    let refused = Jwe::from_value(&json).unwrap().decrypt_with(&key, &policy).unwrap_err();
    let jwe::Error::Decrypt(DecryptError::Header(error)) = refused else { panic!("{refused:?}") };
    assert_eq!(error.rule(), Rule::Missing { member: "protected" });
}

/// A header that came with a signed token may hold what has another meaning here.
pub fn the_header_of_a_signed_token_is_not_taken_over(subject: &Subject) {
    let jwk = Jwk::from_secret_octets(vec![7; 32]).unwrap().with_alg(K::A256KW).unwrap();
    let key = EncryptionKey::from_jwk(&jwk, subject.backend()).unwrap();
    for params in [r#""enc":5"#, r#""zip":true"#, r#""p2c":"many""#, r#""enc":"A256GCM""#] {
        let header = base64url::encode(format!("{{\"alg\":\"HS256\",{params}}}").as_bytes());
        let signed = format!("{header}..");
        let header = jose_core::jws::Unverified::parse(&signed).unwrap().protected().clone();
        let refused = Builder::new().header(header).encrypt(TEXT, [&key]).unwrap_err();
        let EncryptError::Header(error) = refused else { panic!("{params}: {refused:?}") };
        let expected = "left to the encryption";
        assert_eq!(error.rule(), Rule::Value { member: "enc", expected }, "{params}");
    }
}

/// A device that unwraps or wraps takes the place of a key.
pub fn a_key_that_is_held_elsewhere_serves_like_one(subject: &Subject) {
    let backend = subject.backend();
    for alg in BY_ONE_KEY {
        let tap = Tap::new(subject);
        let _to = sender(&private(alg, E::A256GCM), tap);
        let wrapper = tap.ear.wrapper.lock().unwrap().take().unwrap();
        let to = EncryptionKey::external(alg, Some("hsm/1"), Held(wrapper), backend).unwrap();
        let from = Held(unwrapper(alg, subject));
        let from = DecryptionKey::external(alg, Some("hsm/1"), from, backend).unwrap();
        assert_eq!(
            (to.alg(), to.kid(), from.alg(), from.kid()),
            (alg, Some("hsm/1"), alg, Some("hsm/1"))
        );
        for enc in E::ALL {
            let jwe = Builder::new().enc(*enc).encrypt(TEXT, [&to]).unwrap();
            let decrypted = jwe.decrypt(&from).unwrap();
            assert_eq!((decrypted.content().as_slice(), decrypted.key_id()), (TEXT, Some("hsm/1")));
            let own = owner(&private(alg, E::A256GCM).without_kid(), backend);
            assert_eq!(jwe.decrypt(&own).unwrap().content(), TEXT);
        }
    }
    for alg in AGREEMENT {
        let tap = Tap::new(subject);
        let _from = owner(&private(alg, E::A256GCM), tap);
        let responder = tap.ear.responder.lock().unwrap().take().unwrap();
        let from = DecryptionKey::external_agreement(alg, None, Held(responder), backend).unwrap();
        for enc in E::ALL {
            let jwe = encrypted(alg, *enc, subject);
            assert_eq!(jwe.decrypt(&from).unwrap().content(), TEXT, "{alg}, {enc}");
        }
    }
}

/// A device is asked for what devices do, and for nothing that takes more than one step.
pub fn a_device_serves_only_what_it_can_be_asked(subject: &Subject) {
    let backend = subject.backend();
    for alg in K::ALL {
        if !BY_ONE_KEY.contains(alg) && *alg != K::RSA1_5 {
            let purpose = "wrapping keys with nothing but a key";
            let expected = KeyError::Purpose { alg: alg.name(), purpose };
            let refused = EncryptionKey::external(*alg, None, Device::No, backend);
            assert_unfit(refused, &expected);
            let refused = DecryptionKey::external(*alg, None, Device::No, backend);
            assert_unfit(refused, &expected);
        }
        let agreement = DecryptionKey::external_agreement(*alg, None, Device::No, backend);
        if AGREEMENT.contains(alg) {
            assert!(agreement.is_ok());
        } else {
            let purpose = "agreeing on keys";
            assert_unfit(agreement, &KeyError::Purpose { alg: alg.name(), purpose });
        }
    }
}

/// What a device answers is held to the same rules as what a backend does: no means a random key,
/// and so does one of another length.
pub fn a_device_that_says_no_tells_nothing(subject: &Subject) {
    let tap = Tap::new(subject);
    for alg in BY_ONE_KEY.into_iter().chain([K::RSA1_5]) {
        let made = if alg == K::RSA1_5 { K::RSA_OAEP } else { alg };
        let forge = Forge::new(made, E::A256GCM, subject);
        let token = forge.patched(&json!({"alg": alg.name()})).compact();
        for device in
            [Device::No, Device::Key(0), Device::Key(16), Device::Key(31), Device::Key(33)]
        {
            let from = DecryptionKey::external(alg, None, device, tap).unwrap();
            failed(jwe::decrypt(&token, &from));
            failed(jwe::decrypt(&token, &from));
            let tried = tap.tried();
            assert_eq!(tried.len(), 2, "{alg}");
            assert_eq!((tried[0].len(), tried[1].len()), (32, 32));
            assert_ne!(tried[0], tried[1], "{alg}");
        }
    }
    for alg in AGREEMENT {
        let token = encrypted(alg, E::A256GCM, subject).to_compact().unwrap();
        let from = DecryptionKey::external_agreement(alg, None, Device::No, tap).unwrap();
        failed(jwe::decrypt(&token, &from));
    }
}

#[track_caller]
fn away<T: fmt::Debug>(refused: Result<T, jwe::Error>) {
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), "ERR_CRYPTO_UNAVAILABLE");
    let jwe::Error::Decrypt(DecryptError::Unavailable(error)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(error.source().unwrap().to_string(), "device gone");
}

/// A device that fails says nothing of the token, and stops no key that could decrypt it.
pub fn a_device_that_fails_says_nothing_of_what_is_encrypted(subject: &Subject) {
    let backend = subject.backend();
    for alg in BY_ONE_KEY.into_iter().chain(AGREEMENT) {
        let key = |device| {
            if AGREEMENT.contains(&alg) {
                DecryptionKey::external_agreement(alg, None, device, backend).unwrap()
            } else {
                DecryptionKey::external(alg, None, device, backend).unwrap()
            }
        };
        let jwk = private(alg, E::A256GCM).without_kid();
        let token = jwe::encrypt(TEXT, &sender(&jwk, backend)).unwrap();
        away(jwe::decrypt(&token, &key(Device::Away)));
        let ring = |keys: Vec<DecryptionKey>| keys.into_iter().collect::<DecryptionKeys>();
        away(jwe::decrypt(&token, &ring(vec![key(Device::No), key(Device::Away)])));
        away(jwe::decrypt(&token, &ring(vec![key(Device::Away), key(Device::No)])));
        let own = owner(&jwk, backend);
        assert!(jwe::decrypt(&token, &ring(vec![key(Device::Away), own.clone()])).is_ok());
        assert!(jwe::decrypt(&token, &ring(vec![own, key(Device::Away)])).is_ok());
    }
    let to = EncryptionKey::external(K::A128KW, None, Device::Away, backend).unwrap();
    let refused = jwe::encrypt(TEXT, &to).unwrap_err();
    assert_eq!(refused.code(), "ERR_CRYPTO_UNAVAILABLE");
    let EncryptError::Unavailable(error) = refused else { panic!("{refused:?}") };
    assert_eq!(error.source().unwrap().to_string(), "device gone");
}

/// The content encryption key is kept for those who ask for it, and for nobody else.
pub fn a_content_key_is_kept_when_asked_for(subject: &Subject) {
    let backend = subject.backend();
    for (alg, enc) in encrypting().flat_map(|alg| [E::A128GCM, E::A256CBC_HS512].map(|e| (alg, e)))
    {
        let from = pair(alg, enc, subject).1;
        let token = encrypted(alg, enc, subject).to_compact().unwrap();
        assert!(jwe::decrypt(&token, &from).unwrap().cek().is_none());
        let kept = jwe::decrypt_with(&token, &from, &Policy::new().keep_cek()).unwrap();
        let cek = kept.cek().unwrap();
        assert_eq!(cek.len(), enc.key_len(), "{alg}");
        if alg == K::Dir {
            assert_eq!(cek.expose_secret(), vec![7; enc.key_len()]);
        }
        let again = Encrypted::parse(&token).unwrap();
        let policy = Policy::new().keep_cek();
        let again = again.decrypt_with_cek(alg, Some(cek), backend, &policy).unwrap();
        assert_eq!((again.content().as_slice(), again.cek()), (TEXT, Some(cek)));
    }
}

/// A content encryption key of the caller's is used as it is, or not at all.
pub fn a_content_key_of_the_callers_has_its_length(subject: &Subject) {
    let key = |len| SecretBytes::new(vec![3; len]);
    for alg in WRAPPING {
        let (to, from) = pair(alg, E::A256GCM, subject);
        let with = |cek| hazmat::with_cek(Builder::new().enc(E::A256GCM), cek);
        let jwe = with(key(32)).encrypt(TEXT, [&to]).unwrap();
        let decrypted = jwe.decrypt_with(&from, &Policy::new().keep_cek()).unwrap();
        assert_eq!((decrypted.content().as_slice(), decrypted.cek()), (TEXT, Some(&key(32))));
        for len in [0, 16, 31, 33, 64] {
            let refused = refused_key(with(key(len)).encrypt(TEXT, [&to]));
            let KeyError::Size { alg: "A256GCM", expected: 256, actual } = refused else {
                panic!("{refused:?}")
            };
            assert_eq!(actual, len * 8);
        }
    }
    for alg in DIRECT {
        let to = pair(alg, E::A256GCM, subject).0;
        let builder = hazmat::with_cek(Builder::new().enc(E::A256GCM), key(32));
        let refused = refused_key(builder.encrypt(TEXT, [&to]));
        assert!(matches!(refused, KeyError::Size { alg: "A256GCM", .. }), "{refused:?}");
    }
}

/// A backend without encryption says so, and nothing else fails for it.
pub fn what_a_backend_lacks_is_told(subject: &Subject) {
    #[derive(Debug)]
    struct SignsOnly(&'static dyn Backend);
    impl Backend for SignsOnly {
        fn name(&self) -> &'static str {
            "signs only"
        }

        fn digest(&self, hash: Hash, parts: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
            self.0.digest(hash, parts, out)
        }

        fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
            self.0.random(out)
        }
    }
    let backend: &'static SignsOnly = Box::leak(Box::new(SignsOnly(subject.backend())));
    for alg in WRAPPING.into_iter().filter(|alg| !PASSWORD.contains(alg)).chain(DIRECT) {
        let jwk = private(alg, E::A256GCM);
        let public = jwk.to_public().unwrap_or_else(|_| jwk.clone());
        for refused in [
            EncryptionKey::from_jwk(&public, backend).map(drop),
            DecryptionKey::from_jwk(&jwk, backend).map(drop),
        ] {
            let refused = refused.unwrap_err();
            assert_eq!(refused.code(), "ERR_JWK_UNSUPPORTED", "{alg}");
            assert!(matches!(refused, KeyError::Unsupported { .. }), "{alg}");
        }
        let mut set = vec![jwk];
        set.push(crate::keys::private(S::HS256));
        let keys = DecryptionKeys::from_jwks(&JwkSet::new(set), &[alg], backend);
        assert_eq!((keys.iter().count(), keys.skipped().len()), (0, 2));
    }
}

/// A backend that cannot make a cipher just now says nothing of the token, and says why.
pub fn a_cipher_that_cannot_be_made_is_no_refusal(subject: &Subject) {
    #[derive(Debug)]
    struct WrapsOnly(&'static dyn Backend);
    impl Backend for WrapsOnly {
        fn name(&self) -> &'static str {
            "wraps only"
        }

        fn key_wrapper(&self, key: Bound<'_, K>) -> Result<Box<dyn KeyWrapper>, KeyError> {
            self.0.key_wrapper(key)
        }

        fn key_unwrapper(&self, key: Bound<'_, K>) -> Result<Box<dyn KeyUnwrapper>, KeyError> {
            self.0.key_unwrapper(key)
        }

        fn content_cipher(
            &self,
            _: E,
            _: &SecretBytes,
        ) -> Result<Box<dyn ContentCipher>, KeyError> {
            Err(KeyError::Unavailable(CryptoError::from_source("device gone")))
        }

        fn digest(&self, hash: Hash, parts: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
            self.0.digest(hash, parts, out)
        }

        fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
            self.0.random(out)
        }
    }
    let backend: &'static WrapsOnly = Box::leak(Box::new(WrapsOnly(subject.backend())));
    let jwk = private(K::A128KW, E::A256GCM);
    let token = encrypted(K::A128KW, E::A256GCM, subject).to_compact().unwrap();
    away(jwe::decrypt(&token, &DecryptionKey::from_jwk(&jwk, backend).unwrap()));
    let to = EncryptionKey::from_jwk(&jwk, backend).unwrap();
    let refused = Builder::new().enc(E::A256GCM).encrypt(TEXT, [&to]).unwrap_err();
    let EncryptError::Unavailable(error) = refused else { panic!("{refused:?}") };
    assert_eq!(error.source().unwrap().to_string(), "device gone");
}
