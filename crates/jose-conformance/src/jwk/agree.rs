//! Keys agreed on outside any token (RFC 7518 §4.6, RFC 8037 §3.2).

use jose_core::crypto::{AgreementResponder, Backend, CryptoError, OtherInfo, Refused};
use jose_core::jwa::{Bound, ContentEncryption, KeyManagementAlgorithm};
use jose_core::{Alg, SecretBytes};

use super::*;
use crate::Curve;

/// Alice's ephemeral key and Bob's key of RFC 7518 appendix C.
const ALICE: &str = r#"{"kty":"EC","crv":"P-256",
    "x":"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
    "y":"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps",
    "d":"0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo"}"#;
const BOB: &str = r#"{"kty":"EC","crv":"P-256",
    "x":"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
    "y":"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck",
    "d":"VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw"}"#;

fn info() -> OtherInfo<'static> {
    OtherInfo::for_alg(ContentEncryption::A128GCM, b"Alice", b"Bob").unwrap()
}

fn example() -> [Jwk; 2] {
    [ALICE, BOB].map(|json| json.parse().unwrap())
}

fn with_members(jwk: &Jwk, patch: &Value) -> Jwk {
    let mut members = members(jwk);
    members.extend(patch.as_object().unwrap().clone());
    from_members(&members)
}

#[track_caller]
fn assert_refused(own: &Jwk, public: &Jwk, expected: &KeyError, subject: &Subject) {
    let refused = own.derive_shared_secret(public, &info(), subject.backend()).unwrap_err();
    assert_eq!(format!("{refused:?}"), format!("{expected:?}"));
    assert_eq!(refused.code(), expected.code());
}

/// RFC 7518 appendix C, from either side.
pub fn the_example_of_rfc_7518_is_agreed_on(subject: &Subject) {
    let [alice, bob] = example();
    for (own, other) in [(&alice, &bob), (&bob, &alice)] {
        let agreed =
            own.derive_shared_secret(&other.to_public().unwrap(), &info(), subject.backend());
        let agreed = agreed.unwrap();
        assert_eq!(base64url::encode(agreed.expose_secret()), "VqqN6vgjbSBcIijNcacQGg");
    }
}

/// Both sides agree on every curve, for every purpose, and for each on another key.
pub fn both_sides_agree_on_every_curve(subject: &Subject) {
    use KeyManagementAlgorithm as K;
    for curve in subject.curves() {
        let [alice, bob] = [0, 1].map(|_| {
            let params = subject.backend().generate(curve.new_key()).unwrap();
            Jwk::new(params)
        });
        let (to_alice, to_bob) = (alice.to_public().unwrap(), bob.to_public().unwrap());
        let wrapping = [K::ECDH_ES_A128KW, K::ECDH_ES_A192KW, K::ECDH_ES_A256KW];
        let purposes =
            ContentEncryption::ALL.iter().map(|enc| Alg::from(*enc)).chain(wrapping.map(Alg::from));
        let mut keys = BTreeSet::new();
        for purpose in purposes {
            for (apu, apv) in [("Alice", "Bob"), ("Bob", "Alice"), ("", ""), ("Alic", "eBob")] {
                let info = OtherInfo::for_alg(purpose, apu.as_bytes(), apv.as_bytes()).unwrap();
                let backend = subject.backend();
                let hers = alice.derive_shared_secret(&to_bob, &info, backend).unwrap();
                let his = bob.derive_shared_secret(&to_alice, &info, backend).unwrap();
                assert_eq!(hers, his, "{curve:?}");
                assert_eq!(hers.len(), info.key_len());
                keys.insert(hers.expose_secret()[..16].to_vec());
            }
        }
        assert_eq!(keys.len(), 9 * 4, "{curve:?}");
    }
}

/// What is agreed on is what ECDH-ES encrypts with.
pub fn a_key_agreed_on_is_that_of_a_token(subject: &Subject) {
    use KeyManagementAlgorithm as K;
    use jose_core::jwe::EncryptionKey;
    let [alice, bob] = example();
    let bound = bob.to_public().unwrap().with_alg(K::ECDH_ES).unwrap();
    let to = EncryptionKey::from_jwk(&bound, subject.backend()).unwrap();
    let (key, wrapped) = to.establish_key(ContentEncryption::A256CBC_HS512).unwrap();
    let epk = wrapped.header().encryption().unwrap().epk().unwrap();
    let info = OtherInfo::for_alg(ContentEncryption::A256CBC_HS512, b"", b"").unwrap();
    let agree = |own: &Jwk| own.derive_shared_secret(epk, &info, subject.backend()).unwrap();
    assert_eq!(agree(&bob), key);
    assert_ne!(agree(&alice), key);
}

/// A backend that agrees with anybody: what is refused under it was refused by core.
#[derive(Debug)]
struct Gullible;

impl AgreementResponder for Gullible {
    fn respond(&self, _: &Params, info: &OtherInfo<'_>) -> Result<SecretBytes, Refused> {
        Ok(SecretBytes::new(vec![1; info.key_len()]))
    }
}

impl Backend for Gullible {
    fn name(&self) -> &'static str {
        "gullible"
    }

    fn agreement_responder(
        &self,
        _: Bound<'_, KeyManagementAlgorithm>,
    ) -> Result<Box<dyn AgreementResponder>, KeyError> {
        Ok(Box::new(Self))
    }

    fn digest(&self, _: Hash, _: &[&[u8]], _: &mut [u8]) -> Result<(), CryptoError> {
        Err(CryptoError::default())
    }

    fn random(&self, _: &mut [u8]) -> Result<(), CryptoError> {
        Err(CryptoError::default())
    }
}

/// One half of each: a private key of ours, and a public one of theirs.
pub fn agreement_takes_one_half_of_each(subject: &Subject) {
    let [alice, bob] = example();
    let (to_alice, to_bob) = (alice.to_public().unwrap(), bob.to_public().unwrap());
    assert_refused(&alice, &bob, &KeyError::NotPublic, subject);
    assert_refused(&to_alice, &to_bob, &KeyError::NotPrivate, subject);
}

/// A key on another curve, of another type, or on a curve for signatures.
pub fn agreement_takes_keys_of_one_curve(subject: &Subject) {
    use SignatureAlgorithm as S;
    let [alice, bob] = example();
    let to_bob = bob.to_public().unwrap();
    let unbound = |alg| Jwk::new(keys::private(alg).params().clone());
    let p384 = unbound(S::ES384);
    let curve = |expected, actual: &str| {
        let (alg, actual) = ("ECDH-ES", actual.to_owned());
        KeyError::Curve { alg, expected, actual }
    };
    assert_refused(&alice, &p384.to_public().unwrap(), &curve("P-256", "P-384"), subject);
    assert_refused(&p384, &to_bob, &curve("P-384", "P-256"), subject);
    assert!(alice.derive_shared_secret(&to_bob, &info(), &Gullible).is_ok());
    let x25519 = json!({"kty": "OKP", "crv": "X25519", "x": base64url::encode(&[9; 32])});
    let x25519 = Jwk::from_json(x25519.to_string()).unwrap();
    for other in [&p384.to_public().unwrap(), &x25519] {
        let refused = alice.derive_shared_secret(other, &info(), &Gullible);
        assert!(matches!(refused, Err(KeyError::Curve { expected: "P-256", .. })), "{refused:?}");
    }
    let alg = "ECDH-ES";
    let curves = "P-256, P-384, P-521, X25519 or X448";
    for (signing, actual) in [(S::ES256K, "secp256k1"), (S::Ed25519, "Ed25519")] {
        let expected = KeyError::Curve { alg, expected: curves, actual: actual.into() };
        assert_refused(&alice, &unbound(signing).to_public().unwrap(), &expected, subject);
        assert_refused(&unbound(signing), &to_bob, &expected, subject);
    }
    for (other, actual) in
        [(unbound(S::RS256).to_public().unwrap(), "RSA"), (unbound(S::HS256), "oct")]
    {
        let expected = KeyError::KeyType { alg, expected: "EC or OKP", actual: actual.into() };
        assert_refused(&alice, &other, &expected, subject);
    }
}

/// Points with which every shared secret is zero, and points off the curve, which give a private key
/// away piece by piece.
pub fn agreement_takes_no_weak_point(subject: &Subject) {
    let [alice, bob] = example();
    let to_bob = bob.to_public().unwrap();
    let Params::Ec(ec) = to_bob.params() else { panic!() };
    let mut y = ec.y().to_vec();
    y[31] ^= 1;
    for patch in [
        json!({"y": base64url::encode(&y)}),
        json!({"x": base64url::encode(&[0xFF; 32])}),
        json!({"x": base64url::encode(&[0; 32]), "y": base64url::encode(&[0; 32])}),
    ] {
        assert_refused(&alice, &with_members(&to_bob, &patch), &KeyError::Inconsistent, subject);
    }
    for (curve, name, len) in [(Curve::X25519, "X25519", 32), (Curve::X448, "X448", 56)] {
        if subject.lacks_curve(curve) {
            continue;
        }
        let own = Jwk::new(subject.backend().generate(curve.new_key()).unwrap());
        let mut one = vec![0; len];
        one[0] = 1;
        for u in [vec![0; len], one, vec![0xFF; len]] {
            let weak = json!({"kty": "OKP", "crv": name, "x": base64url::encode(&u)});
            let weak = Jwk::from_json(weak.to_string()).unwrap();
            assert_refused(&own, &weak, &KeyError::Weak, subject);
        }
    }
    // A private key whose halves do not match is not used either.
    let mixed = with_members(&alice, &json!({"d": members(&bob)["d"]}));
    assert_refused(&mixed, &to_bob, &KeyError::Inconsistent, subject);
}

/// `use`, `key_ops` and `alg` of both keys are honoured.
pub fn agreement_takes_keys_that_are_for_it(subject: &Subject) {
    use KeyManagementAlgorithm as K;
    let [alice, bob] = example();
    let to_bob = bob.to_public().unwrap();
    let used = KeyError::Use { expected: "enc", actual: "sig".into() };
    let ops = KeyError::KeyOps { expected: "deriveKey" };
    for (patch, expected) in [
        (json!({"use": "sig"}), &used),
        (json!({"key_ops": ["sign"]}), &ops),
        (json!({"key_ops": ["wrapKey", "unwrapKey"]}), &ops),
    ] {
        assert_refused(&with_members(&alice, &patch), &to_bob, expected, subject);
        assert_refused(&alice, &with_members(&to_bob, &patch), expected, subject);
    }
    for patch in [
        json!({"use": "enc"}),
        json!({"key_ops": ["deriveKey"]}),
        json!({"key_ops": ["deriveBits"]}),
        json!({"alg": "ECDH-ES"}),
    ] {
        let (own, other) = (with_members(&alice, &patch), with_members(&to_bob, &patch));
        let agreed = own.derive_shared_secret(&other, &info(), subject.backend());
        assert_eq!(agreed.unwrap().len(), 16, "{patch}");
    }
    // What a public key may do is often an empty list, because it derives nothing by itself.
    let idle = json!({"key_ops": []});
    assert_refused(&with_members(&alice, &idle), &to_bob, &ops, subject);
    let agreed =
        alice.derive_shared_secret(&with_members(&to_bob, &idle), &info(), subject.backend());
    assert_eq!(agreed.unwrap().len(), 16);
    // Bound to wrapping, a key gives none for content, nor the other way round.
    let wrapping = OtherInfo::for_alg(K::ECDH_ES_A256KW, b"", b"").unwrap();
    for (own, info, expected) in [
        (K::ECDH_ES_A256KW, info(), "ECDH-ES"),
        (K::ECDH_ES, wrapping, "ECDH-ES+A256KW"),
        (K::ECDH_ES_A128KW, wrapping, "ECDH-ES+A256KW"),
        (K::ECDH_ES_A256KW, wrapping, ""),
    ] {
        let agree =
            |own: &Jwk, other: &Jwk| own.derive_shared_secret(other, &info, subject.backend());
        let bound = |jwk: &Jwk| jwk.clone().with_alg(own).unwrap();
        for agreed in [agree(&bound(&alice), &to_bob), agree(&alice, &bound(&to_bob))] {
            match agreed {
                Ok(key) => assert_eq!((key.len(), expected), (32, "")),
                Err(KeyError::Algorithm { expected: asked, actual }) => {
                    assert_eq!((asked, actual.as_str()), (expected, own.name()));
                }
                Err(other) => panic!("{other:?}"),
            }
        }
    }
    let signing = with_members(&alice, &json!({"alg": "ES256"}));
    let actual = "ES256".to_owned();
    assert_refused(
        &signing,
        &to_bob,
        &KeyError::Algorithm { expected: "ECDH-ES", actual },
        subject,
    );
}

/// A key of no octets is none, and one of more than anything takes is a mistake.
pub fn a_key_agreed_on_has_a_length(subject: &Subject) {
    let [alice, bob] = example();
    let to_bob = bob.to_public().unwrap();
    for actual in [0, 65, 1 << 20, usize::MAX] {
        let info = OtherInfo::new("A128GCM", b"Alice", b"Bob", actual);
        let refused = alice.derive_shared_secret(&to_bob, &info, subject.backend()).unwrap_err();
        assert_eq!(refused.code(), "ERR_JWK_INVALID");
        let expected = KeyError::DerivedLength { max: 64, actual };
        assert_eq!(format!("{refused:?}"), format!("{expected:?}"));
    }
    for len in [1, 16, 33, 64] {
        let info = OtherInfo::new("another protocol", b"Alice", b"Bob", len);
        let agreed = alice.derive_shared_secret(&to_bob, &info, subject.backend());
        assert_eq!(agreed.unwrap().len(), len);
    }
}

/// A curve that is lacking is told.
pub fn a_curve_that_is_lacking_agrees_on_nothing(subject: &Subject) {
    for (curve, len) in [(Curve::X25519, 32), (Curve::X448, 56)] {
        if !subject.lacks_curve(curve) {
            continue;
        }
        let key = |x: u8, d: Option<u8>| {
            let x = base64url::encode(&vec![x; len]);
            let mut jwk = json!({"kty": "OKP", "crv": curve.name(), "x": x});
            if let Some(d) = d {
                jwk["d"] = base64url::encode(&vec![d; len]).into();
            }
            Jwk::from_json(jwk.to_string()).unwrap()
        };
        let (own, other) = (key(5, Some(6)), key(7, None));
        let refused = own.derive_shared_secret(&other, &info(), subject.backend()).unwrap_err();
        assert!(subject.is_no_to_curve(curve, &refused), "{curve:?}: {refused:?}");
    }
}
