//! Keys (RFC 7517, RFC 7518 §6, RFC 8037 §2, RFC 7638).

mod agree;
mod completion;
mod contradictions;
mod der;
mod encrypted;
mod files;
mod fit;
mod import;
mod lint;
mod malformed;
mod members;
mod passwords;
mod points;
mod sets;

use alloc::collections::BTreeSet;

use jose_core::crypto::NewKey;
use jose_core::error::{KeyError, NoMatchReason, VerifyError};
use jose_core::jwa::{ContentEncryption, Hash, KeyManagementAlgorithm, SignatureAlgorithm};
use jose_core::jwe::{DecryptionKey, EncryptionKey};
use jose_core::jwk::lint::{Exposure, Finding, Severity};
use jose_core::jwk::{EcCurve, Generator, JwkSet, KeyUse, Params};
use jose_core::jws::{self, SigningKey, VerifyingKey, VerifyingKeys};
use jose_core::{Alg, Jwk, base64url};
use serde_json::{Map, Value, json};

use crate::{Curve, Subject, keys};

pub use self::agree::*;
pub use self::completion::*;
pub use self::contradictions::*;
pub use self::encrypted::*;
pub use self::files::*;
pub use self::fit::*;
pub use self::import::*;
pub use self::lint::*;
pub use self::malformed::*;
pub use self::members::*;
pub use self::passwords::*;
pub use self::points::*;
pub use self::sets::*;

/// RSA keys take a second each, so the generated ones are made once for each size.
fn generated(subject: &Subject) -> impl Iterator<Item = (SignatureAlgorithm, Jwk)> + use<> {
    let subject = *subject;
    let rsa = |alg: &SignatureAlgorithm| alg.name().starts_with(['R', 'P']);
    let skip = move |alg: &SignatureAlgorithm| rsa(alg) && *alg != SignatureAlgorithm::PS256;
    subject.algorithms().filter(move |alg| !skip(alg)).map(move |alg| {
        let jwk = Jwk::generate(alg, subject.backend());
        (alg, jwk.unwrap_or_else(|error| panic!("{alg}: {error}")))
    })
}

fn members(jwk: &Jwk) -> Map<String, Value> {
    serde_json::from_slice(jwk.expose_secret_json().expose_secret()).unwrap()
}

fn from_members(members: &Map<String, Value>) -> Jwk {
    Jwk::from_json(serde_json::to_vec(members).unwrap()).unwrap()
}

/// The fixed key for `alg` with some members of another.
fn patched(alg: SignatureAlgorithm, patch: &Value) -> Jwk {
    let mut members = members(&keys::private(alg));
    members.extend(patch.as_object().unwrap().clone());
    from_members(&members)
}

/// A new key signs, and its public half verifies.
pub fn a_generated_key_signs_and_its_public_half_verifies(subject: &Subject) {
    for (alg, jwk) in generated(subject) {
        let token =
            jws::sign(b"new", &SigningKey::from_jwk(&jwk, subject.backend()).unwrap()).unwrap();
        let public = if alg.is_symmetric() { jwk } else { jwk.to_public().unwrap() };
        let key = VerifyingKey::from_jwk(&public, subject.backend()).unwrap();
        assert!(jws::verify(&token, &key).is_ok(), "{alg}");
    }
}

/// A new key is bound to its algorithm and named by its thumbprint, but for a shared one, whose
/// thumbprint would tell a hash of it.
pub fn a_generated_key_is_bound_and_named(subject: &Subject) {
    for (alg, jwk) in generated(subject) {
        assert_eq!(jwk.alg(), Some(alg.name()));
        assert!(jwk.is_private());
        let thumbprint = jwk.thumbprint(Hash::Sha256, subject.backend()).unwrap();
        if alg.is_symmetric() {
            assert_ne!(jwk.kid(), Some(thumbprint.as_str()));
            assert_eq!(base64url::decode(jwk.kid().unwrap().as_bytes()).unwrap().len(), 16);
        } else {
            assert_eq!(jwk.kid(), Some(thumbprint.as_str()), "{alg}");
        }
    }
}

/// The name of a new key can be given, or left out.
pub fn a_generated_key_takes_the_name_it_is_given(subject: &Subject) {
    let generator = Generator::new(SignatureAlgorithm::ES256);
    let named = generator.clone().kid("2026-11").generate(subject.backend()).unwrap();
    assert_eq!(named.kid(), Some("2026-11"));
    assert_eq!(generator.without_kid().generate(subject.backend()).unwrap().kid(), None);
}

/// No two keys are alike.
pub fn generated_keys_differ(subject: &Subject) {
    let keys = |_| Jwk::generate(SignatureAlgorithm::ES256, subject.backend()).unwrap();
    let kids: BTreeSet<_> = (0..16).map(keys).map(|jwk| jwk.kid().unwrap().to_owned()).collect();
    assert_eq!(kids.len(), 16);
}

/// A new shared key is as long as the hash; a new RSA key as long as asked, with e = 65537.
pub fn generated_keys_have_their_sizes(subject: &Subject) {
    use SignatureAlgorithm as S;
    for (alg, len) in [(S::HS256, 32), (S::HS384, 48), (S::HS512, 64)] {
        let jwk = Jwk::generate(alg, subject.backend()).unwrap();
        let Params::Oct(oct) = jwk.params() else { panic!() };
        assert_eq!(oct.k().len(), len);
    }
    for bits in [2048, 3072] {
        let jwk = Generator::new(S::RS256).rsa_bits(bits).generate(subject.backend()).unwrap();
        let Params::Rsa(rsa) = jwk.params() else { panic!() };
        assert_eq!((rsa.n().len() * 8, rsa.e()), (bits, &[1, 0, 1][..]));
        assert!(rsa.n()[0] & 0x80 != 0);
        assert!(rsa.private().unwrap().crt().is_some());
    }
    for bits in [0, 1024, 2047, 2049, 16_392] {
        let refused = Generator::new(S::RS256).rsa_bits(bits).generate(subject.backend());
        assert!(matches!(refused, Err(KeyError::RsaModulus { actual, .. }) if actual == bits));
    }
}

/// A key of an algorithm the backend lacks is not made.
pub fn a_key_for_an_algorithm_that_is_lacking_is_not_made(subject: &Subject) {
    for alg in SignatureAlgorithm::ALL.iter().filter(|alg| subject.lacks(**alg)) {
        let refused = Jwk::generate(*alg, subject.backend()).unwrap_err();
        assert!(subject.is_no_to(*alg, &refused), "{alg}: {refused:?}");
    }
}

/// What is written is read again, private and public.
pub fn keys_round_trip_through_json(subject: &Subject) {
    let fixed = SignatureAlgorithm::ALL.iter().map(|alg| (*alg, keys::private(*alg)));
    for (alg, jwk) in generated(subject).chain(fixed) {
        let again = Jwk::from_json(jwk.expose_secret_json().expose_secret()).unwrap();
        assert_eq!(again, jwk, "{alg}");
        if let Ok(public) = jwk.to_public() {
            assert_eq!(public.to_public_json().unwrap().parse::<Jwk>().unwrap(), public, "{alg}");
        }
    }
}

/// The public half has no private member, whichever type's it is.
pub fn the_public_half_has_no_private_member(subject: &Subject) {
    for (alg, jwk) in generated(subject).filter(|(alg, _)| !alg.is_symmetric()) {
        let mut members = members(&jwk);
        for private in ["d", "p", "q", "dp", "dq", "qi", "k", "priv"] {
            // `d` and the rest are there or harmless; what is foreign to the type is an extra.
            members.entry(private).or_insert_with(|| json!("c2VjcmV0"));
        }
        // RSA has no `priv` nor `k`, EC no `p`: as extra members they must go too.
        let jwk = from_members(&members);
        let public: Map<String, Value> =
            serde_json::from_str(&jwk.to_public_json().unwrap()).unwrap();
        for private in ["d", "p", "q", "dp", "dq", "qi", "k", "priv", "oth"] {
            assert!(!public.contains_key(private), "{alg}: {private}");
        }
        assert!(!jwk.to_public().unwrap().is_private());
    }
}

/// The operations of a public key are the counterparts of the private one's.
pub fn the_public_half_verifies_where_the_private_one_signs(subject: &Subject) {
    let jwk = patched(SignatureAlgorithm::ES256, &json!({"key_ops": ["sign", "deriveBits"]}));
    assert!(SigningKey::from_jwk(&jwk, subject.backend()).is_ok());
    let public = jwk.to_public().unwrap();
    assert_eq!(public.key_ops(), Some(&["verify".to_owned()][..]));
    assert!(VerifyingKey::from_jwk(&public, subject.backend()).is_ok());
}

/// A shared key has no public half, and publishing a set leaves it out.
pub fn a_shared_key_is_never_published(_subject: &Subject) {
    use SignatureAlgorithm as S;
    let shared = keys::private(S::HS256);
    let refused = shared.to_public_json().unwrap_err();
    assert!(matches!(refused, KeyError::NoPublicHalf { kty } if kty == "oct"));
    let set = JwkSet::new(vec![shared, keys::private(S::ES256)]);
    let public: JwkSet = set.to_public_json().parse().unwrap();
    assert_eq!(public.keys(), [keys::verifying(S::ES256)]);
}

/// RFC 7638 §3.2.1: a private key has its public half's thumbprint, whatever else is in it.
pub fn a_thumbprint_is_that_of_the_public_half(subject: &Subject) {
    for alg in SignatureAlgorithm::ALL.iter().filter(|alg| !alg.is_symmetric()) {
        let jwk = keys::private(*alg);
        for hash in [Hash::Sha256, Hash::Sha384, Hash::Sha512] {
            let thumbprint = |jwk: &Jwk| jwk.thumbprint(hash, subject.backend()).unwrap();
            let public = jwk.to_public().unwrap().without_kid();
            assert_eq!(thumbprint(&jwk), thumbprint(&public), "{alg}");
            let uri = jwk.thumbprint_uri(hash, subject.backend()).unwrap();
            let prefix = format!("urn:ietf:params:oauth:jwk-thumbprint:{}:", hash.name());
            assert_eq!(uri, prefix + &thumbprint(&jwk));
        }
    }
}

/// RFC 9964: an ML-DSA key is read, named and published, though nothing here signs with it.
pub fn an_ml_dsa_key_is_read_and_published(subject: &Subject) {
    let text = format!(
        r#"{{"kty":"AKP","alg":"ML-DSA-44","kid":"pq","pub":"{}","priv":"{}"}}"#,
        base64url::encode(&[7; 1312]),
        base64url::encode(&[9; 32])
    );
    let jwk: Jwk = text.parse().unwrap();
    assert!(jwk.is_private());
    let public = jwk.to_public().unwrap();
    assert!(!public.to_public_json().unwrap().contains("priv"));
    assert_eq!(
        jwk.thumbprint(Hash::Sha256, subject.backend()).unwrap(),
        public.thumbprint(Hash::Sha256, subject.backend()).unwrap()
    );
    let refused = VerifyingKey::from_jwk(&public, subject.backend()).unwrap_err();
    assert!(matches!(refused, KeyError::UnknownAlgorithm(name) if name == "ML-DSA-44"));
}

/// A key of a type nobody knows is kept as it came, and no thumbprint is made up for it.
pub fn a_key_of_unknown_type_is_kept(subject: &Subject) {
    for text in [
        r#"{"kty":"LWE","kid":"x","a":[1,2.50],"secret":"c2VjcmV0"}"#,
        r#"{"kty":"EC","crv":"brainpoolP256r1","x":"AQ","y":"AQ","d":"AQ"}"#,
        r#"{"kty":"OKP","crv":"Ed9000","x":"AQ"}"#,
        r#"{"kty":"AKP","alg":"ML-DSA-9000","pub":"AQ"}"#,
    ] {
        let jwk: Jwk = text.parse().unwrap();
        let again = jwk.expose_secret_json();
        let value = |json: &[u8]| serde_json::from_slice::<Value>(json).unwrap();
        assert_eq!(value(again.expose_secret()), value(text.as_bytes()));
        assert!(jwk.is_private(), "what cannot be judged is not published");
        assert!(matches!(jwk.to_public(), Err(KeyError::NoPublicHalf { .. })));
        let thumbprint = jwk.thumbprint(Hash::Sha256, subject.backend());
        assert!(matches!(thumbprint, Err(KeyError::Unsupported { .. })));
    }
}

/// A private half that is not the public one's is refused when loaded: whose signature would it be?
pub fn halves_that_do_not_match_are_refused(subject: &Subject) {
    for (alg, jwk) in generated(subject).filter(|(alg, _)| !alg.is_symmetric()) {
        let other = members(&jwk);
        let mismatched = if alg == SignatureAlgorithm::PS256 {
            patched(alg, &json!({"n": other["n"]}))
        } else {
            patched(alg, &json!({"d": other["d"]}))
        };
        let refused = SigningKey::from_jwk(&mismatched, subject.backend());
        assert!(matches!(refused, Err(KeyError::Inconsistent)), "{alg}: {refused:?}");
    }
}

/// A private key of zero, or not below the order of the curve, is refused.
pub fn a_private_key_out_of_range_is_refused(subject: &Subject) {
    use SignatureAlgorithm as S;
    for (alg, len) in [(S::ES256, 32), (S::ES384, 48), (S::ES512, 66), (S::ES256K, 32)] {
        for octet in [0x00, 0xFF] {
            let jwk = patched(alg, &json!({"d": base64url::encode(&vec![octet; len])}));
            assert_no_key(SigningKey::from_jwk(&jwk, subject.backend()), alg, subject);
        }
    }
}

/// It contradicts itself, or no key of `alg` is looked at.
#[track_caller]
fn assert_no_key<K: core::fmt::Debug>(
    refused: Result<K, KeyError>,
    alg: SignatureAlgorithm,
    subject: &Subject,
) {
    let error = refused.unwrap_err();
    // What takes no arithmetic to see is seen before a backend is asked.
    if !matches!(error, KeyError::Inconsistent) {
        assert!(subject.lacks(alg) && subject.is_no_to(alg, &error), "{alg}: {error:?}");
    }
}

/// A point that is not on its curve is refused, public or private.
pub fn a_point_off_its_curve_is_refused(subject: &Subject) {
    use SignatureAlgorithm as S;
    for alg in [S::ES256, S::ES384, S::ES512, S::ES256K] {
        let members = members(&keys::private(alg));
        let mut y = base64url::decode(members["y"].as_str().unwrap().as_bytes()).unwrap();
        *y.last_mut().unwrap() ^= 1;
        let mut forgeries = vec![json!({"y": base64url::encode(&y)})];
        forgeries.push(json!({"x": members["y"], "y": members["x"]}));
        forgeries.push(json!({"x": base64url::encode(&vec![0xFF; y.len()])}));
        forgeries.push(json!({
            "x": base64url::encode(&vec![0; y.len()]), "y": base64url::encode(&vec![0; y.len()])
        }));
        for patch in forgeries {
            let jwk = patched(alg, &patch);
            assert_no_key(SigningKey::from_jwk(&jwk, subject.backend()), alg, subject);
            let public = jwk.to_public().unwrap();
            assert_no_key(VerifyingKey::from_jwk(&public, subject.backend()), alg, subject);
        }
    }
}

/// RSA members that contradict each other are refused: with wrong ones a signature may tell a
/// prime.
pub fn rsa_members_that_contradict_each_other_are_refused(subject: &Subject) {
    let alg = SignatureAlgorithm::RS256;
    for member in ["d", "p", "q", "dp", "dq", "qi"] {
        let mut number = {
            let members = members(&keys::private(alg));
            base64url::decode(members[member].as_str().unwrap().as_bytes()).unwrap()
        };
        let middle = number.len() / 2;
        number[middle] ^= 4;
        let jwk = patched(alg, &json!({member: base64url::encode(&number)}));
        let refused = SigningKey::from_jwk(&jwk, subject.backend());
        assert!(matches!(refused, Err(KeyError::Inconsistent)), "{member}: {refused:?}");
    }
}

/// An RSA key without its Chinese remainder members signs; with a wrong `d` it is refused.
pub fn an_rsa_key_of_n_e_and_d_alone_signs(subject: &Subject) {
    let alg = SignatureAlgorithm::RS256;
    let mut members = members(&keys::private(alg));
    for member in ["p", "q", "dp", "dq", "qi"] {
        members.remove(member);
    }
    let key = SigningKey::from_jwk(&from_members(&members), subject.backend()).unwrap();
    let token = jws::sign(b"slow", &key).unwrap();
    assert!(jws::verify(&token, &keys::verifier(alg, subject.backend())).is_ok());
    let mut d = base64url::decode(members["d"].as_str().unwrap().as_bytes()).unwrap();
    *d.last_mut().unwrap() ^= 2;
    members.insert("d".into(), json!(base64url::encode(&d)));
    let refused = SigningKey::from_jwk(&from_members(&members), subject.backend());
    assert!(matches!(refused, Err(KeyError::Inconsistent)), "{refused:?}");
}

/// The longest RSA modulus that the rules allow can be loaded, and verifies nothing.
pub fn an_rsa_key_of_16384_bits_loads(subject: &Subject) {
    let mut n = vec![0xFF; 2048];
    n[0] = 0x80;
    let jwk = Jwk::from_json(
        json!({"kty": "RSA", "alg": "RS256", "n": base64url::encode(&n), "e": "AQAB"}).to_string(),
    );
    let key = VerifyingKey::from_jwk(&jwk.unwrap(), subject.backend()).unwrap();
    let token = format!("eyJhbGciOiJSUzI1NiJ9..{}", base64url::encode(&[1; 2048]));
    let refused = jws::verify(&token, &key).unwrap_err();
    assert_eq!(refused.code(), "ERR_JWS_SIGNATURE_INVALID");
}

/// Every registered algorithm the backend has.
fn registered(subject: &Subject) -> Vec<Alg> {
    let encryptions = ContentEncryption::ALL.iter().map(|enc| Alg::from(*enc));
    let managements = subject.key_managements().map(Alg::from);
    subject.algorithms().map(Alg::from).chain(managements).chain(encryptions).collect()
}

/// A new key for `alg`; RSA keys, which take a second each, have the numbers of a fixed one. None for
/// `dir`, which has no keys of its own.
fn key_for(alg: Alg, subject: &Subject) -> Option<Jwk> {
    if alg == Alg::Dir.into() {
        return None;
    }
    let rsa = keys::private(SignatureAlgorithm::RS256);
    let fixed = Jwk::new(rsa.params().clone()).with_alg(alg).unwrap().with_kid("rsa");
    let jwk = if JwkSet::new([fixed.clone()]).for_alg(alg).count() == 1 {
        fixed
    } else {
        Jwk::generate(alg, subject.backend()).unwrap_or_else(|error| panic!("{alg}: {error}"))
    };
    let key_use = if matches!(alg, Alg::SignatureAlgorithm(_)) { KeyUse::Sig } else { KeyUse::Enc };
    Some(jwk.with_use(key_use))
}

/// What becomes of a key when a handle is made of it: of its private half or of its public one.
fn load(jwk: &Jwk, alg: Alg, subject: &Subject) -> [Result<(), KeyError>; 2] {
    let backend = subject.backend();
    let public = jwk.to_public().unwrap_or_else(|_| jwk.clone());
    match alg {
        Alg::SignatureAlgorithm(_) => [
            SigningKey::from_jwk(jwk, backend).map(drop),
            VerifyingKey::from_jwk(&public, backend).map(drop),
        ],
        Alg::KeyManagementAlgorithm(alg) => [
            DecryptionKey::from_jwk_for(alg, jwk, backend).map(drop),
            EncryptionKey::from_jwk(&public, backend).map(drop),
        ],
        _ => [
            DecryptionKey::from_jwk(jwk, backend).map(drop),
            EncryptionKey::from_jwk(&public, backend).map(drop),
        ],
    }
}

/// There is a key for every algorithm of the registry, and it serves; `dir` alone has none of its
/// own, and says what to name instead.
pub fn a_key_can_be_made_for_every_algorithm(subject: &Subject) {
    for alg in registered(subject) {
        let Some(jwk) = key_for(alg, subject) else {
            let refused = Jwk::generate(alg, subject.backend());
            assert!(matches!(refused, Err(KeyError::MissingEncryption)), "{refused:?}");
            continue;
        };
        assert_eq!(jwk.alg(), Some(alg.name()));
        let [private, public] = load(&jwk, alg, subject);
        assert!(private.is_ok(), "{alg}: {private:?}");
        if alg == Alg::RSA1_5.into() {
            assert!(matches!(public, Err(KeyError::AskedFor { .. })), "{public:?}");
        } else {
            assert!(public.is_ok(), "{alg}: {public:?}");
        }
    }
    // One of those for which the keys above were not new ones.
    let rsa = Jwk::generate(Alg::RSA_OAEP_256, subject.backend()).unwrap();
    assert!(load(&rsa, Alg::RSA_OAEP_256.into(), subject).iter().all(Result::is_ok));
}

/// Keys for ECDH-ES are made on every curve, with and without key wrapping.
pub fn a_key_for_agreement_can_be_made_on_every_curve(subject: &Subject) {
    use KeyManagementAlgorithm as K;
    for alg in [K::ECDH_ES, K::ECDH_ES_A128KW, K::ECDH_ES_A192KW, K::ECDH_ES_A256KW] {
        for curve in subject.curves() {
            let generator = Generator::new(alg).curve(curve.new_key());
            let jwk = generator.generate(subject.backend()).unwrap();
            let own = match jwk.params() {
                Params::Ec(ec) => NewKey::Ec(ec.crv()),
                Params::Okp(okp) => NewKey::Okp(okp.crv()),
                other => panic!("{other:?}"),
            };
            assert_eq!(own, curve.new_key());
            assert!(load(&jwk, alg.into(), subject).iter().all(Result::is_ok), "{alg}: {curve:?}");
        }
        for curve in Curve::ALL.into_iter().filter(|curve| subject.lacks_curve(*curve)) {
            let refused = Generator::new(alg).curve(curve.new_key()).generate(subject.backend());
            let refused = refused.unwrap_err();
            assert!(subject.is_no_to_curve(curve, &refused), "{curve:?}: {refused:?}");
        }
    }
}

/// A shared key of as many bits as asked is bound to nothing until the caller binds it.
pub fn a_shared_key_is_made_of_any_number_of_octets(subject: &Subject) {
    for bits in [8, 128, 192, 256, 264, 512, 8 * 4096] {
        let jwk = Jwk::generate_oct(bits, subject.backend()).unwrap();
        let Params::Oct(oct) = jwk.params() else { panic!() };
        assert_eq!(oct.k().len() * 8, bits);
        assert_eq!((jwk.alg(), jwk.kid(), jwk.key_use()), (None, None, None));
    }
    let make = || Jwk::generate_oct(512, subject.backend()).unwrap();
    assert_ne!(make(), make());
    let key = make().with_alg(Alg::HS512).unwrap();
    assert!(SigningKey::from_jwk(&key, subject.backend()).is_ok());
    let long = make().with_alg(Alg::A256KW).unwrap();
    let refused = EncryptionKey::from_jwk(&long, subject.backend());
    assert!(matches!(refused, Err(KeyError::Size { expected: 256, actual: 512, .. })));
    for bits in [0, 1, 7, 9, 255, 8 * 4096 + 8, usize::MAX] {
        let refused = Jwk::generate_oct(bits, subject.backend());
        let Err(KeyError::OctBits { min: 8, max: 32_768, actual }) = refused else {
            panic!("{bits}: {refused:?}")
        };
        assert_eq!(actual, bits);
    }
}

/// A new key is named by its thumbprint or at random, as asked; no shared key by its thumbprint.
pub fn a_generated_key_is_named_as_asked(subject: &Subject) {
    let pair = Generator::new(Alg::ES256);
    let shared = Generator::new(Alg::HS256);
    let make = |generator: &Generator| generator.generate(subject.backend()).unwrap();
    let named = make(&pair.clone().thumbprint_kid());
    let thumbprint = named.thumbprint(Hash::Sha256, subject.backend()).unwrap();
    assert_eq!(named.kid(), Some(thumbprint.as_str()));
    for generator in [pair.random_kid(), shared.clone().random_kid(), shared.clone()] {
        let kids = [make(&generator), make(&generator)].map(|jwk| jwk.kid().unwrap().to_owned());
        assert_ne!(kids[0], kids[1]);
        for kid in kids {
            assert_eq!(base64url::decode(kid.as_bytes()).unwrap().len(), 16);
        }
    }
    let refused = shared.thumbprint_kid().generate(subject.backend());
    assert!(matches!(refused, Err(KeyError::NoPublicHalf { kty }) if kty == "oct"));
}

/// A new key carries the use, the operations and the members it was to have, and its public half
/// what belongs to it.
pub fn a_generated_key_carries_what_it_was_to_have(subject: &Subject) {
    let generator = Generator::new(Alg::ES256).key_use(KeyUse::Sig);
    let generator = generator.key_ops(["sign"]).unwrap();
    let generator = generator.member("tenant", "acme").unwrap().member("tenant", ["a", "b"]);
    let jwk = generator.unwrap().member("ext", true).unwrap().generate(subject.backend()).unwrap();
    assert_eq!(jwk.key_use(), Some(&KeyUse::Sig));
    assert!(SigningKey::from_jwk(&jwk, subject.backend()).is_ok());
    let again = Jwk::from_json(jwk.expose_secret_json().expose_secret()).unwrap();
    assert_eq!(again, jwk);
    let public = jwk.to_public().unwrap();
    assert_eq!(public.key_ops(), Some(&["verify".to_owned()][..]));
    let other: Vec<_> = public.other().collect();
    assert_eq!(other, [("tenant", r#"["a","b"]"#), ("ext", "true")]);
    assert!(VerifyingKey::from_jwk(&public, subject.backend()).is_ok());
}

/// No member that means something in some key can be slipped into another.
pub fn a_member_that_has_a_meaning_is_not_added(_subject: &Subject) {
    let key = keys::private(SignatureAlgorithm::ES256);
    for name in [
        "alg", "key_ops", "kid", "kty", "use", "x5c", "x5t", "x5t#S256", "x5u", "d", "dp", "dq",
        "k", "oth", "p", "priv", "q", "qi", "crv", "e", "n", "pub", "x", "y",
    ] {
        let of_key = key.clone().with_member(name, "AQ").unwrap_err();
        let of_generator = Generator::new(Alg::ES256).member(name, "AQ").unwrap_err();
        for refused in [of_key, of_generator] {
            assert_eq!(refused.code(), "ERR_JWK_INVALID", "{name}");
            assert!(matches!(refused.rule(), jose_core::error::Rule::Value { member: "name", .. }));
        }
    }
    let unknown: Jwk = r#"{"kty":"LWE","a":1}"#.parse().unwrap();
    assert!(unknown.clone().with_member("a", 2).is_err(), "it may be what makes it a key");
    assert_eq!(unknown.with_member("b", 2).unwrap().other().count(), 2);
    let again = key.clone().with_member("a", 1).unwrap().with_member("a", 2).unwrap();
    assert_eq!(again.other().collect::<Vec<_>>(), [("a", "2")]);
    assert_eq!((again.kid(), again.alg()), (key.kid(), key.alg()), "the rest is as it was");
    let mut deep = json!(1);
    for _ in 0..16 {
        deep = json!([deep]);
    }
    assert!(key.clone().with_member("deep", &deep).is_err(), "our own parser would refuse it");
    let deep = key.with_member("deep", &deep[0]).unwrap();
    assert_eq!(Jwk::from_json(deep.expose_secret_json().expose_secret()).unwrap(), deep);
}

/// Whatever a key is named, and whatever operations it is limited to, it is read again and its tokens
/// verify.
pub fn a_key_of_any_name_is_read_again(subject: &Subject) {
    let key = keys::private(SignatureAlgorithm::ES256);
    for (kid, expected) in [
        ("", ""),
        ("\u{202e}\"\\/ \u{1F511}", "\u{202e}\"\\/ \u{1F511}"),
        ("a\0b\n\u{7f}\u{85}", "a\u{fffd}b\u{fffd}\u{fffd}\u{fffd}"),
    ] {
        let jwk = key.clone().with_kid(kid);
        assert_eq!(jwk.kid(), Some(expected));
        let again = Jwk::from_json(jwk.expose_secret_json().expose_secret()).unwrap();
        assert_eq!(again, jwk);
        let token =
            jws::sign(b"", &SigningKey::from_jwk(&jwk, subject.backend()).unwrap()).unwrap();
        let public = again.to_public().unwrap();
        let set = VerifyingKeys::from_jwks(
            &JwkSet::new([public]),
            &[SignatureAlgorithm::ES256],
            subject.backend(),
        );
        assert!(jws::verify(&token, &set).is_ok(), "{kid:?}");
    }
    let many: Vec<_> = (0..17).map(|op| op.to_string()).collect();
    assert!(key.clone().with_key_ops(&many[..16]).is_ok());
    assert!(key.clone().with_key_ops(&many).is_err());
    assert!(key.clone().with_key_ops(["sign", "sign"]).is_err());
    let limited = key.with_key_ops(["verify"]).unwrap();
    let refused = SigningKey::from_jwk(&limited, subject.backend());
    assert!(matches!(refused, Err(KeyError::KeyOps { expected: "sign" })), "{refused:?}");
}
