//! Every writer against every reader: what one backend encrypts, each of them decrypts, and refuses
//! when it was changed on the way.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may fail by panicking")]

use jose::crypto::{Backend, NewKey};
use jose::jwa::{ContentEncryption as E, KeyManagementAlgorithm as K, SignatureAlgorithm};
use jose::jwe::{self, Builder, DecryptionKeys, Encrypted, Policy, Recipient};
use jose::jwk::{EcCurve, Generator, OkpCurve};
use jose::{
    Alg, DecryptionKey, EncryptionKey, Header, Jwe, Jwk, Password, UnixTime, Validation, base64url,
    hazmat, jwt,
};
use jose_conformance::keys;
use jose_tests::backends;

const CONTENT: &[u8] = b"between libraries";

/// Few rounds: how many are enough is tested elsewhere, and here a token is made for each pair.
const ROUNDS: u32 = 1000;

/// A private or shared key, made by `maker` but for RSA, where one serves all to save the time.
fn jwk(alg: K, enc: E, maker: &dyn Backend) -> Jwk {
    match alg {
        K::Dir => Jwk::generate(enc, maker).unwrap(),
        _ if alg.name().starts_with("RSA") => rsa(alg),
        _ => Jwk::generate(alg, maker).unwrap(),
    }
}

fn rsa(alg: K) -> Jwk {
    let text = keys::json(SignatureAlgorithm::RS256);
    let mut jwk: serde_json::Value = serde_json::from_str(text).unwrap();
    let members = jwk.as_object_mut().unwrap();
    members.remove("use");
    members.remove("key_ops");
    members.insert("alg".into(), alg.name().into());
    Jwk::from_json(jwk.to_string()).unwrap()
}

fn encrypting(jwk: &Jwk, backend: &'static dyn Backend) -> EncryptionKey {
    let public = jwk.to_public().unwrap_or_else(|_| jwk.clone());
    EncryptionKey::from_jwk(&public, backend).unwrap().with_p2c(ROUNDS).unwrap()
}

fn decrypting(jwk: &Jwk, backend: &'static dyn Backend) -> DecryptionKey {
    DecryptionKey::from_jwk(jwk, backend).unwrap()
}

/// Every algorithm that encrypts.
fn algorithms() -> impl Iterator<Item = K> {
    K::ALL.iter().copied().filter(|alg| *alg != K::RSA1_5)
}

#[test]
fn what_one_backend_encrypts_every_backend_decrypts() {
    for alg in algorithms() {
        for enc in E::ALL {
            for writer in backends() {
                let jwk = jwk(alg, *enc, writer);
                let token = Builder::new().enc(*enc).encrypt(CONTENT, [&encrypting(&jwk, writer)]);
                let token = token.unwrap().to_compact().unwrap();
                for reader in backends() {
                    let names = (writer.name(), reader.name());
                    let decrypted = jwe::decrypt(&token, &decrypting(&jwk, reader));
                    let decrypted = decrypted.unwrap_or_else(|error| {
                        panic!("{alg} {enc} {names:?}: {error:?}");
                    });
                    assert_eq!(decrypted.content(), CONTENT, "{alg} {enc} {names:?}");
                    assert_eq!((decrypted.alg(), decrypted.enc()), (alg, *enc));
                }
            }
        }
    }
}

#[test]
fn contents_of_every_length_around_a_block_go_between_backends() {
    for enc in E::ALL {
        for writer in backends() {
            let jwk = Jwk::generate(*enc, writer).unwrap();
            let key = encrypting(&jwk, writer);
            for len in (0..=33).chain([4095, 4096, 100_000]) {
                let content = vec![b'x'; len];
                let token = jwe::encrypt(&content, &key).unwrap();
                for reader in backends() {
                    let decrypted = jwe::decrypt(&token, &decrypting(&jwk, reader)).unwrap();
                    assert_eq!(decrypted.content(), &content, "{enc}, {len} octets");
                }
            }
        }
    }
}

#[test]
fn every_curve_agrees_between_backends() {
    let curves: [NewKey; 5] = [
        EcCurve::P256.into(),
        EcCurve::P384.into(),
        EcCurve::P521.into(),
        OkpCurve::X25519.into(),
        OkpCurve::X448.into(),
    ];
    for alg in [K::ECDH_ES, K::ECDH_ES_A128KW, K::ECDH_ES_A192KW, K::ECDH_ES_A256KW] {
        for curve in curves {
            for maker in backends() {
                // Where a backend lacks a curve, there is nothing to compare.
                let Ok(jwk) = Generator::new(alg).curve(curve).generate(maker) else { continue };
                let has = |backend: &&'static dyn Backend| {
                    DecryptionKey::from_jwk(&jwk, *backend).is_ok()
                };
                for writer in backends().into_iter().filter(has) {
                    let key = encrypting(&jwk, writer);
                    let bob = Recipient::new(&key).apu(b"Alice").apv(b"Bob");
                    let token = Builder::new().encrypt(CONTENT, [bob]).unwrap();
                    let token = token.to_compact().unwrap();
                    for reader in backends().into_iter().filter(has) {
                        let decrypted = jwe::decrypt(&token, &decrypting(&jwk, reader)).unwrap();
                        assert_eq!(decrypted.content(), CONTENT, "{alg} {curve:?}");
                    }
                }
            }
        }
    }
}

/// One of each way to wrap, for each as many as there are.
const MIXED: [K; 8] = [
    K::RSA_OAEP,
    K::RSA_OAEP_256,
    K::A128KW,
    K::A256GCMKW,
    K::ECDH_ES_A128KW,
    K::ECDH_ES_A256KW,
    K::PBES2_HS256_A128KW,
    K::PBES2_HS512_A256KW,
];

/// The backend at `index`, counting round.
fn backend(index: usize) -> &'static dyn Backend {
    backends()[index % backends().len()]
}

#[test]
fn one_jwe_is_for_recipients_of_every_kind_with_keys_of_every_backend() {
    for first in 0..backends().len() {
        let jwks: Vec<Jwk> = MIXED.iter().map(|alg| jwk(*alg, E::A256GCM, backend(0))).collect();
        let written: Vec<_> = jwks
            .iter()
            .enumerate()
            .map(|(index, jwk)| encrypting(jwk, backend(first + index)))
            .collect();
        for enc in E::ALL {
            let builder = Builder::new().enc(*enc).aad(b"seen by all");
            let json = builder.encrypt(CONTENT, &written).unwrap().to_general().unwrap();
            let jwe = Jwe::parse(&json).unwrap();
            assert_eq!(jwe.recipients().count(), MIXED.len());
            for (index, jwk) in jwks.iter().enumerate() {
                for reader in backends() {
                    let key = decrypting(jwk, reader).with_kid(jwk.kid().unwrap_or("rsa"));
                    let decrypted = jwe.decrypt(&key).unwrap();
                    assert_eq!(decrypted.content(), CONTENT);
                    assert_eq!(decrypted.aad(), Some(&b"seen by all"[..]));
                    assert_eq!((decrypted.alg(), decrypted.enc()), (MIXED[index], *enc));
                    assert_eq!(decrypted.index(), index, "{} {enc}", MIXED[index]);
                }
            }
        }
    }
}

#[test]
fn one_set_of_keys_holds_handles_of_several_backends() {
    let jwks: Vec<Jwk> = MIXED.iter().map(|alg| jwk(*alg, E::A256GCM, backend(0))).collect();
    let keys: DecryptionKeys =
        (0..).zip(&jwks).map(|(index, jwk)| decrypting(jwk, backend(index))).collect();
    for (index, jwk) in jwks.iter().enumerate() {
        let token = jwe::encrypt(CONTENT, &encrypting(jwk, backend(index + 1))).unwrap();
        assert_eq!(jwe::decrypt(&token, &keys).unwrap().alg(), MIXED[index]);
    }
}

/// `token` with one bit of segment `index` changed, or an octet added to an empty one.
fn tampered(token: &str, index: usize) -> String {
    let mut segments: Vec<_> = token.split('.').map(str::to_owned).collect();
    let mut octets = base64url::decode(segments[index].as_bytes()).unwrap();
    match octets.last_mut() {
        Some(last) => *last ^= 1,
        None => octets.push(0),
    }
    segments[index] = base64url::encode(&octets);
    segments.join(".")
}

#[test]
fn whatever_is_changed_and_whosever_key_it_is_the_refusal_is_the_same() {
    for alg in algorithms() {
        for enc in E::ALL {
            let maker = backend(0);
            let (own, other) = (jwk(alg, *enc, maker), jwk(alg, *enc, maker).without_kid());
            // Where the header names a key, another's is not even tried.
            let key = encrypting(&own.clone().without_kid(), maker);
            let token = Builder::new().enc(*enc).encrypt(CONTENT, [&key]).unwrap();
            let token = token.to_compact().unwrap();
            for reader in backends() {
                let mut told = Vec::new();
                let own = key_of(&token, reader, &own);
                for segment in 1..5 {
                    let refused = jwe::decrypt(&tampered(&token, segment), &own).unwrap_err();
                    told.push((refused.code(), format!("{refused:?}")));
                }
                if !alg.name().starts_with("RSA") {
                    let refused = jwe::decrypt(&token, &decrypting(&other, reader)).unwrap_err();
                    told.push((refused.code(), format!("{refused:?}")));
                }
                told.dedup();
                assert_eq!(told.len(), 1, "{alg} {enc} {}: {told:?}", reader.name());
                assert_eq!(told[0].0, "ERR_JWE_DECRYPTION_FAILED");
            }
        }
    }
}

fn key_of(token: &str, backend: &'static dyn Backend, jwk: &Jwk) -> DecryptionKey {
    let key = decrypting(jwk, backend);
    assert!(jwe::decrypt(token, &key).is_ok(), "the token is good before it is changed");
    key
}

#[test]
fn rsa1_5_never_encrypts_and_decrypts_only_when_it_is_asked_for() {
    for backend in backends() {
        let jwk = rsa(K::RSA1_5);
        let public = jwk.to_public().unwrap();
        assert!(EncryptionKey::from_jwk(&public, backend).is_err());
        assert!(DecryptionKey::from_jwk(&jwk, backend).is_err());
        assert!(DecryptionKey::from_jwk_for(K::RSA1_5, &jwk, backend).is_ok());
        let set = jose::JwkSet::new([jwk]);
        assert_eq!(DecryptionKeys::from_jwks(&set, &[K::RSA_OAEP], backend).iter().count(), 0);
        assert_eq!(DecryptionKeys::from_jwks(&set, &[K::RSA1_5], backend).iter().count(), 1);
    }
}

#[test]
fn compressed_content_goes_between_backends() {
    let content = b"again and ".repeat(1000);
    for writer in backends() {
        let jwk = Jwk::generate(K::A128KW, writer).unwrap();
        let token = Builder::new().deflate().encrypt(&content, [&encrypting(&jwk, writer)]);
        let token = token.unwrap().to_compact().unwrap();
        assert!(token.len() < 1000);
        for reader in backends() {
            let key = decrypting(&jwk, reader);
            let decrypted = jwe::decrypt_with(&token, &key, &Policy::new().inflate()).unwrap();
            assert_eq!(decrypted.content(), &content);
            let refused = jwe::decrypt(&token, &key).unwrap_err();
            assert_eq!(refused.code(), "ERR_JWE_INVALID", "unless it is allowed");
        }
    }
}

#[test]
fn a_key_that_was_unwrapped_by_one_backend_decrypts_in_every_other() {
    for writer in backends() {
        let jwk = Jwk::generate(K::A256KW, writer).unwrap();
        let token = jwe::encrypt(CONTENT, &encrypting(&jwk, writer)).unwrap();
        let kept = Policy::new().keep_cek();
        let decrypted = jwe::decrypt_with(&token, &decrypting(&jwk, writer), &kept).unwrap();
        let cek = decrypted.cek().unwrap();
        let encrypted = Encrypted::parse(&token).unwrap();
        for reader in backends() {
            let policy = Policy::new();
            let again = encrypted.decrypt_with_cek(K::A256KW, Some(cek), reader, &policy).unwrap();
            assert_eq!(again.content(), CONTENT);
            // And another one gives the refusal that any has.
            let mut other = vec![0; cek.len()];
            reader.random(&mut other).unwrap();
            let refused = encrypted
                .decrypt_with_cek(K::A256KW, Some(&other.into()), reader, &policy)
                .unwrap_err();
            assert_eq!(refused.code(), "ERR_JWE_DECRYPTION_FAILED");
        }
    }
}

#[test]
fn a_key_that_two_contents_share_is_the_same_in_every_backend() {
    for writer in backends() {
        let jwk = Jwk::generate(K::A256KW, writer).unwrap();
        let mut cek = vec![0; E::A256CBC_HS512.key_len()];
        writer.random(&mut cek).unwrap();
        let builder = hazmat::with_cek(Builder::new().enc(E::A256CBC_HS512), cek.clone().into());
        let token = builder.encrypt(CONTENT, [&encrypting(&jwk, writer)]).unwrap();
        let token = token.to_compact().unwrap();
        for reader in backends() {
            let kept = Policy::new().keep_cek();
            let decrypted = jwe::decrypt_with(&token, &decrypting(&jwk, reader), &kept).unwrap();
            assert_eq!(decrypted.cek().unwrap().expose_secret(), cek);
        }
    }
}

#[test]
fn a_nested_token_is_signed_and_encrypted_by_one_backend_and_read_by_another() {
    type Claims = serde_json::Value;

    let claims = serde_json::json!({"iss": "https://idp", "aud": "api", "sub": "joe"});
    let rules = Validation::strict("https://idp", "api");
    let now = UnixTime::from_secs(1_800_000_000);
    for writer in backends() {
        let jwk = Generator::new(Alg::ECDH_ES).curve(OkpCurve::X25519).generate(writer).unwrap();
        let signer = keys::signer(SignatureAlgorithm::ES256, writer);
        let build = || jwt::Builder::at(now).expires_in("1h");
        let encryption_key = encrypting(&jwk, writer);
        let nested = build().sign_then_encrypt(&claims, &signer, &encryption_key).unwrap();
        let encrypted = build().encrypt(&claims, &encryption_key).unwrap();
        for reader in backends() {
            let (key, issuer) =
                (decrypting(&jwk, reader), keys::verifier(SignatureAlgorithm::ES256, reader));
            let verified: jose::Verified<Claims> =
                jwt::decrypt_then_verify(&nested, &key, &issuer, &rules, now).unwrap();
            assert_eq!(verified["sub"], "joe");
            let decrypted: jose::Decrypted<Claims> =
                jwt::decrypt(&encrypted, &key, &rules, now).unwrap();
            assert_eq!(decrypted["sub"], "joe");

            // Neither is taken for the other: claims that nobody signed are not verified.
            let refused =
                jwt::decrypt_then_verify::<Claims>(&encrypted, &key, &issuer, &rules, now);
            assert_eq!(refused.unwrap_err().code(), "ERR_JWE_INVALID");
            assert!(jwt::decrypt::<Claims>(&nested, &key, &rules, now).is_err());
            assert!(jwt::verify::<Claims>(&nested, &issuer, &rules, now).is_err());
        }
    }
}

#[test]
fn a_password_serves_between_backends_and_another_does_not() {
    for alg in [K::PBES2_HS256_A128KW, K::PBES2_HS384_A192KW, K::PBES2_HS512_A256KW] {
        for writer in backends() {
            let password = Password::from("Thus from my lips, by yours, my sin is purged");
            let key = EncryptionKey::from_password(alg, &password, writer).unwrap();
            let token = jwe::encrypt(CONTENT, &key.with_p2c(ROUNDS).unwrap()).unwrap();
            for reader in backends() {
                let key = DecryptionKey::from_password(alg, &password, reader).unwrap();
                assert_eq!(jwe::decrypt(&token, &key).unwrap().content(), CONTENT);
                let other = DecryptionKey::from_password(alg, &"Thus".into(), reader).unwrap();
                let refused = jwe::decrypt(&token, &other).unwrap_err();
                assert_eq!(refused.code(), "ERR_JWE_DECRYPTION_FAILED");
            }
        }
    }
}

#[test]
fn headers_of_one_recipient_travel_and_are_told_apart_from_what_is_protected() {
    for writer in backends() {
        let jwk = Jwk::generate(K::A256KW, writer).unwrap();
        let key = encrypting(&jwk, writer);
        let note = |text: &str| Header::new().with("note", text).unwrap();
        let recipient = Recipient::new(&key).header(note("own"));
        let jwe = Builder::new()
            .header(Header::new().with_cty("text/plain"))
            .shared_header(Header::new().with_typ("JOSE+JSON"))
            .encrypt(CONTENT, [recipient])
            .unwrap();
        for json in [jwe.to_flattened().unwrap(), jwe.to_general().unwrap()] {
            for reader in backends() {
                let decrypted = Jwe::parse(&json).unwrap().decrypt(&decrypting(&jwk, reader));
                let decrypted = decrypted.unwrap();
                assert_eq!(decrypted.protected().cty(), Some("text/plain"));
                assert_eq!(decrypted.shared().unwrap().typ(), Some("JOSE+JSON"));
                assert!(decrypted.protected().typ().is_none());
                assert!(decrypted.recipient().is_some());
            }
        }
    }
}
