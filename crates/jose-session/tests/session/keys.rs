//! What seals and what opens.

use std::error::Error as StdError;
use std::num::NonZeroUsize;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use jose_core::error::KeyError;
use jose_core::jwe::{self, DecryptionKey, DecryptionKeys, EncryptionKey, Password};
use jose_core::jws::{KeyRing, SigningKey, VerifyingKey, VerifyingKeys};
use jose_core::jwt::Builder;
use jose_core::{Alg, Header, Jwk, UnixTime};
use jose_rustcrypto::BACKEND;
use jose_session::{Config, Error, KeyLookup, Keys, PasswordOptions, Sessions};
use serde_json::json;

use crate::clock::Clock;
use crate::{Data, a256kw, hs256, sessions};

fn of(keys: Keys) -> Sessions<Data> {
    sessions(Config::new("app", keys, BACKEND).clock(Clock::new().reader()))
}

fn named(name: &str) -> Data {
    Data { name: name.into(), ..Data::default() }
}

async fn round_trip(sessions: &Sessions<Data>) {
    let sealed = sessions.seal(named("joe")).await.unwrap();
    let opened = sessions.open(sealed.token().unwrap()).await.unwrap();
    assert_eq!(opened.data().name, "joe");
    assert_eq!(opened.id(), sealed.id());
}

fn cheap() -> PasswordOptions {
    let mut options = PasswordOptions::default();
    options.p2c = 1000;
    options
}

fn password(options: PasswordOptions) -> Sessions<Data> {
    of(Keys::from_password_with(&Password::from("secret"), options, BACKEND).unwrap())
}

/// A token of the claims a session needs, made by hand.
fn made(key: &EncryptionKey, enc: jose_core::jwa::ContentEncryption) -> String {
    let builder = Builder::at(UnixTime::from_secs(Clock::START)).issued_at().jti("x");
    builder.encrypt_with(&json!({}), key, &jwe::Builder::new().enc(enc)).unwrap()
}

#[tokio::test]
async fn a_key_of_any_kind_seals_what_it_opens() {
    for alg in [Alg::HS256, Alg::HS512] {
        round_trip(&of(Keys::from_jwk(&Jwk::generate(alg, BACKEND).unwrap(), BACKEND).unwrap()))
            .await;
    }
    for alg in [Alg::ES256, Alg::Ed25519] {
        let keys = Keys::from_jwk(&Jwk::generate(alg, BACKEND).unwrap(), BACKEND).unwrap();
        assert!(!keys.encrypts());
        round_trip(&of(keys)).await;
    }
    for alg in [Alg::A256KW, Alg::A128GCMKW, Alg::ECDH_ES, Alg::ECDH_ES_A256KW] {
        let keys = Keys::from_jwk(&Jwk::generate(alg, BACKEND).unwrap(), BACKEND).unwrap();
        assert!(keys.encrypts());
        round_trip(&of(keys)).await;
    }
    let direct = Jwk::generate(Alg::A256GCM, BACKEND).unwrap();
    round_trip(&of(Keys::from_jwk(&direct, BACKEND).unwrap())).await;
}

#[test]
fn a_public_key_is_refused_before_a_session_is() {
    for alg in [Alg::ES256.into(), Alg::ECDH_ES.into()] as [Alg; 2] {
        let public = Jwk::generate(alg, BACKEND).unwrap().to_public().unwrap();
        assert!(Keys::from_jwk(&public, BACKEND).is_err(), "{}", alg.name());
    }
}

#[test]
fn a_key_that_names_no_algorithm_is_refused() {
    let jwk = Jwk::from_secret_octets(vec![7; 32]).unwrap();
    assert!(matches!(Keys::from_jwk(&jwk, BACKEND), Err(KeyError::MissingAlgorithm)));
}

#[test]
fn a_password_in_a_key_does_not_get_past_the_bounds_of_passwords() {
    let jwk = Jwk::from_secret_octets(vec![7; 32]).unwrap();
    let jwk = jwk.with_alg(Alg::PBES2_HS256_A128KW).unwrap();
    assert!(matches!(Keys::from_jwk(&jwk, BACKEND), Err(KeyError::Purpose { .. })));
}

#[tokio::test]
async fn a_password_among_the_keys_that_open_is_never_asked() {
    let seal = EncryptionKey::from_jwk(&a256kw(), BACKEND).unwrap();
    let alg = Alg::PBES2_HS256_A128KW;
    let secret = Password::from("secret");
    let open: DecryptionKeys = [
        DecryptionKey::from_jwk(&a256kw(), BACKEND).unwrap(),
        DecryptionKey::from_password(alg, &secret, BACKEND).unwrap(),
    ]
    .into_iter()
    .collect();
    let sessions = of(Keys::encrypted(seal, Alg::A256GCM, open).unwrap());
    round_trip(&sessions).await;
    let key = EncryptionKey::from_password(alg, &secret, BACKEND).unwrap();
    let token = made(&key.with_p2c(1000).unwrap(), Alg::A256GCM);
    assert!(matches!(sessions.open(&token).await, Err(Error::Algorithm)));
}

#[tokio::test]
async fn a_token_is_opened_under_one_content_encryption() {
    let sessions = of(Keys::from_jwk_with_enc(&a256kw(), Alg::A128GCM, BACKEND).unwrap());
    round_trip(&sessions).await;
    let key = EncryptionKey::from_jwk(&a256kw(), BACKEND).unwrap();
    assert!(sessions.open(&made(&key, Alg::A128GCM)).await.is_ok());
    let error = sessions.open(&made(&key, Alg::A256GCM)).await.unwrap_err();
    assert!(matches!(error, Error::Token(_)), "{error:?}");
}

#[test]
fn a_direct_key_has_its_own_content_encryption() {
    let jwk = Jwk::generate(Alg::A256GCM, BACKEND).unwrap();
    assert!(Keys::from_jwk_with_enc(&jwk, Alg::A256GCM, BACKEND).is_ok());
    let error = Keys::from_jwk_with_enc(&jwk, Alg::A128GCM, BACKEND).unwrap_err();
    assert!(matches!(error, KeyError::Algorithm { .. }), "{error:?}");
}

#[tokio::test]
async fn one_kind_does_not_open_the_other() {
    let signed = of(Keys::from_jwk(&hs256(), BACKEND).unwrap());
    let encrypted = of(Keys::from_jwk(&a256kw(), BACKEND).unwrap());
    let by = async |sessions: &Sessions<Data>| sessions.seal(named("joe")).await.unwrap();
    let (signature, ciphertext) = (by(&signed).await, by(&encrypted).await);
    assert!(encrypted.open(signature.token().unwrap()).await.is_err());
    assert!(signed.open(ciphertext.token().unwrap()).await.is_err());
}

#[tokio::test]
async fn another_key_does_not_open() {
    let other = Jwk::from_secret_octets(vec![8; 32]).unwrap().with_alg(Alg::HS256).unwrap();
    let sealed = of(Keys::from_jwk(&other, BACKEND).unwrap()).seal(named("joe")).await.unwrap();
    let error = of(Keys::from_jwk(&hs256(), BACKEND).unwrap())
        .open(sealed.token().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "ERR_JWS_SIGNATURE_INVALID");
    assert!(!error.is_temporary());
}

#[tokio::test]
async fn a_password_opens_what_it_sealed() {
    let sessions = password(cheap());
    round_trip(&sessions).await;
}

#[tokio::test]
async fn a_password_works_no_other_number_of_rounds() {
    let token = |p2c| {
        let key = EncryptionKey::from_password(
            Alg::PBES2_HS256_A128KW,
            &Password::from("secret"),
            BACKEND,
        );
        made(&key.unwrap().with_p2c(p2c).unwrap(), Alg::A128GCM)
    };
    let sessions = password(cheap());
    assert!(sessions.open(&token(1000)).await.is_ok());
    for p2c in [1001, 2000] {
        assert!(matches!(sessions.open(&token(p2c)).await, Err(Error::Algorithm)), "{p2c}");
    }
    let mut more = cheap();
    more.p2c = 2000;
    assert!(matches!(password(more).open(&token(1000)).await, Err(Error::Algorithm)));
}

#[tokio::test]
async fn a_password_serves_one_algorithm() {
    let mut other = cheap();
    other.alg = Alg::PBES2_HS512_A256KW;
    let sealed = password(other).seal(named("joe")).await.unwrap();
    let error = password(cheap()).open(sealed.token().unwrap()).await.unwrap_err();
    assert!(matches!(error, Error::Algorithm), "{error:?}");
}

#[test]
fn an_empty_password_is_refused() {
    assert!(Keys::from_password(&Password::from(""), BACKEND).is_err());
}

#[tokio::test]
async fn more_passwords_than_may_wait_are_refused() {
    let mut options = cheap();
    (options.p2c, options.concurrency, options.waiting) = (200_000, NonZeroUsize::MIN, 1);
    let sessions = password(options);
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let sessions = sessions.clone();
            tokio::spawn(async move { sessions.seal(named("joe")).await })
        })
        .collect();
    let mut busy = 0;
    for task in tasks {
        if let Err(error) = task.await.unwrap() {
            assert!(matches!(error, Error::Busy) && error.is_temporary());
            busy += 1;
        }
    }
    assert_eq!(busy, 4);
    assert!(sessions.seal(named("joe")).await.is_ok());
}

#[tokio::test]
async fn work_on_a_password_is_bounded_even_if_nobody_waits_for_it() {
    let mut options = cheap();
    (options.p2c, options.concurrency, options.waiting) = (400_000, NonZeroUsize::MIN, 0);
    let sessions = password(options);
    let gone = tokio::time::timeout(Duration::from_millis(1), sessions.seal(named("joe"))).await;
    assert!(gone.is_err());
    assert!(matches!(sessions.seal(named("joe")).await, Err(Error::Busy)));
}

#[tokio::test]
async fn a_ring_opens_what_earlier_keys_sealed_until_they_are_gone() {
    let clock = Clock::new();
    let jwk = |kid: &str| Jwk::generate(Alg::ES256, BACKEND).unwrap().with_kid(kid);
    let ring = Arc::new(RwLock::new(KeyRing::new(&jwk("a"), BACKEND).unwrap()));
    let keys = Keys::ring(Arc::clone(&ring));
    let sessions = sessions(Config::new("app", keys, BACKEND).clock(clock.reader()));
    let by_a = sessions.seal(named("joe")).await.unwrap();
    let until = UnixTime::from_secs(Clock::START + 60);
    ring.write().unwrap().rotate(&jwk("b"), until, BACKEND).unwrap();
    round_trip(&sessions).await;
    assert!(sessions.open(by_a.token().unwrap()).await.is_ok());
    clock.go(60);
    assert!(sessions.open(by_a.token().unwrap()).await.is_err());
}

struct ByKid(Jwk);

impl KeyLookup<VerifyingKeys> for ByKid {
    async fn lookup(
        &self,
        header: &Header,
        token: &str,
    ) -> Result<VerifyingKeys, Box<dyn StdError + Send + Sync>> {
        tokio::task::yield_now().await;
        assert_eq!(token.split('.').count(), 3);
        match header.kid() {
            Some("down") => Err("no connection".into()),
            kid if kid == self.0.kid() => Ok(VerifyingKey::from_jwk(&self.0, BACKEND)?.into()),
            _ => Ok(VerifyingKeys::default()),
        }
    }
}

impl KeyLookup<DecryptionKeys> for ByKid {
    async fn lookup(
        &self,
        header: &Header,
        _: &str,
    ) -> Result<DecryptionKeys, Box<dyn StdError + Send + Sync>> {
        assert_eq!(header.kid(), self.0.kid());
        Ok(DecryptionKey::from_jwk(&self.0, BACKEND)?.into())
    }
}

#[tokio::test]
async fn keys_are_looked_up_by_what_the_header_says() {
    let by = |kid: &str| {
        let jwk = hs256().with_kid(kid);
        let key = SigningKey::from_jwk(&jwk, BACKEND).unwrap();
        of(Keys::signed_by_lookup(key, ByKid(hs256().with_kid("a"))))
    };
    round_trip(&by("a")).await;
    let unknown = by("b").seal(named("joe")).await.unwrap();
    assert_eq!(
        by("a").open(unknown.token().unwrap()).await.unwrap_err().code(),
        "ERR_JWK_KEY_NOT_FOUND"
    );
    let jwk = a256kw().with_kid("a");
    let key = EncryptionKey::from_jwk(&jwk, BACKEND).unwrap();
    round_trip(&of(Keys::encrypted_by_lookup(key, Alg::A256GCM, ByKid(jwk)).unwrap())).await;
}

#[tokio::test]
async fn keys_that_cannot_be_had_just_now_are_told_from_a_token_that_is_wrong() {
    let key = SigningKey::from_jwk(&hs256().with_kid("down"), BACKEND).unwrap();
    let sessions = of(Keys::signed_by_lookup(key, ByKid(hs256())));
    let sealed = sessions.seal(named("joe")).await.unwrap();
    let error = sessions.open(sealed.token().unwrap()).await.unwrap_err();
    assert!(matches!(error, Error::Keys(_)) && error.is_temporary());
}

#[test]
fn keys_show_no_secret() {
    let shown = format!("{:?}", Keys::from_jwk(&hs256(), BACKEND).unwrap());
    assert!(shown.contains("HS256") && !shown.contains("BwcH"), "{shown}");
    let keys = Keys::from_password(&Password::from("correct horse"), BACKEND).unwrap();
    assert!(!format!("{keys:?}").contains("horse"));
}
