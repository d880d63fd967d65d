//! Telling what a file holds, and what it does not: `Imported::read`.

use jose_core::Jwk;
use jose_core::error::{KeyError, Rule, Subject as About};
use jose_core::jwa::{Alg, KeyManagementAlgorithm, SignatureAlgorithm};
use jose_core::jwk::{Encoding, Format, ImportError, Imported, JwkSet, Params};

use super::files::{self, PASSWORD, detect, key, text};
use super::malformed::{malformed, refused};
use crate::{Subject, keys};

/// What is of no format gives no key, and least of all a shared one.
#[track_caller]
fn unknown(octets: &[u8], subject: &Subject) {
    let error = malformed(detect(octets, subject.backend()));
    assert_eq!((error.subject(), error.rule()), (About::Keys, Rule::UnknownFormat));
}

/// Text that is no key is never the octets of one: a password, base64, a token, a line of a file.
pub fn text_is_never_a_shared_key(subject: &Subject) {
    let secret = keys::private(SignatureAlgorithm::HS256);
    let Params::Oct(oct) = secret.params() else { panic!() };
    let encoded = jose_core::base64url::encode(oct.k().expose_secret());
    let token = "eyJhbGciOiJIUzI1NiJ9.e30.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let body = text("rsa-spki.pem").lines().skip(1).take(6).collect::<Vec<_>>().join("\n");
    for text in [
        "",
        " ",
        "\n",
        "correct horse battery staple",
        "0123456789abcdef0123456789abcdef",
        &encoded,
        token,
        &body,
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB user@host",
        "-----BEGIN PRIVATE KEY",
        "[]",
        "\"text\"",
        "null",
        "42",
        r#"[{"kty":"oct","k":"AAAA"}]"#,
        "-----BEGIN DH PARAMETERS-----\nMAA=\n-----END DH PARAMETERS-----\n",
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n",
    ] {
        unknown(text.as_bytes(), subject);
    }
    unknown(oct.k().expose_secret(), subject);
    unknown(&[0; 32], subject);
    unknown(&[0xFF; 64], subject);
    unknown(&[0x30, 0], subject);
    let utf16: Vec<_> = "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    unknown(&utf16, subject);
}

/// A shared key comes from a JWK and a JWK Set alone.
pub fn a_shared_key_comes_from_json_alone(subject: &Subject) {
    let jwk = keys::private(SignatureAlgorithm::HS256);
    let octets = jwk.expose_secret_json();
    let found = detect(octets.expose_secret(), subject.backend()).unwrap();
    assert_eq!((found.format(), found.encoding()), (Format::Jwk, Encoding::Json));
    assert_eq!(found.into_jwk().unwrap(), jwk);
    let set = JwkSet::new(vec![jwk.clone(), key("p-256")]).expose_secret_json();
    let found = detect(set.expose_secret(), subject.backend()).unwrap();
    assert_eq!((found.format(), found.encoding()), (Format::JwkSet, Encoding::Json));
    assert_eq!(found.keys().keys(), [jwk, key("p-256")]);
    let several = malformed(found.into_jwk());
    assert_eq!(several.rule(), Rule::TooMany { limit: 1 });
}

/// JSON is one key or a set of them, and not both; what is neither tells what it lacks.
pub fn json_is_a_key_or_a_set_of_keys(subject: &Subject) {
    let read = |text: &str| detect(text.as_bytes(), subject.backend());
    let both = r#"{"kty":"oct","k":"AAAA","keys":[]}"#;
    let error = malformed(read(both));
    assert_eq!(error.rule(), Rule::Exclusive { member: "kty", other: "keys" });
    for (text, about, rule) in [
        ("{}", About::Jwk, Rule::Missing { member: "kty" }),
        (
            r#"{"kty":"OKP","crv":"X25519","x":"AA"}"#,
            About::Jwk,
            Rule::Length { member: "x", expected: 32 },
        ),
        (r#"{"kty":"RSA","e":"AQAB"}"#, About::Jwk, Rule::Missing { member: "n" }),
        (
            r#"{"payload":"","protected":"e30","signature":""}"#,
            About::Jwk,
            Rule::Missing { member: "kty" },
        ),
        (r#"{"keys":{}}"#, About::JwkSet, Rule::Type { member: "keys", expected: "an array" }),
        (r#"{"keys":[]"#, About::JwkSet, Rule::Json),
        (r#"{"keys":[],"keys":[]}"#, About::JwkSet, Rule::DuplicateMember),
        (r#"{"kty":"oct","k":"AAAA","k":"AAAA"}"#, About::JwkSet, Rule::DuplicateMember),
    ] {
        let error = malformed(read(text));
        assert_eq!((error.subject(), error.rule()), (about, rule), "{text}");
    }
    let none = read(r#"{"keys":[]}"#).unwrap();
    assert_eq!(malformed(none.into_jwk()).rule(), Rule::Missing { member: "keys" });
    let skipped = read(r#"{"keys":[{"kty":"RSA"},{"kty":"oct","k":"AAAA"}]}"#).unwrap();
    assert_eq!((skipped.keys().keys().len(), skipped.keys().skipped().len()), (1, 1));
    assert!(read(" \r\n\t{\"kty\":\"oct\",\"k\":\"AAAA\"}\n").is_ok());
}

/// PEM with several keys gives them in order; with one, that one.
pub fn pem_with_several_keys_gives_a_set(subject: &Subject) {
    let several = ["p-256-sec1.pem", "rsa-spki.pem", "p-384-pkcs8.pem", "p-256-spki.pem"];
    let together = several.map(text).concat();
    let found = detect(together.as_bytes(), subject.backend()).unwrap();
    assert_eq!((found.format(), found.encoding()), (Format::Sec1, Encoding::Pem));
    let keys: Vec<_> = found.keys().keys().iter().map(Jwk::params).collect();
    let rsa = key("rsa").to_public().unwrap();
    let (p256, p384) = (key("p-256"), key("p-384"));
    let public = p256.to_public().unwrap();
    assert_eq!(keys, [p256.params(), rsa.params(), p384.params(), public.params()]);
    assert_eq!(malformed(found.into_jwk()).rule(), Rule::TooMany { limit: 1 });
    let parameters =
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    let one = format!("{parameters}{}", text("p-256-sec1.pem"));
    let found = detect(one.as_bytes(), subject.backend()).unwrap();
    assert_eq!(found.into_jwk().unwrap().params(), p256.params());
    // One that is bad is not passed over.
    let damaged = text("p-256-spki.pem").replace("MFkw", "MFkx");
    let both = format!("{}{damaged}", text("p-256-sec1.pem"));
    assert_eq!(malformed(detect(both.as_bytes(), subject.backend())).rule(), Rule::Der);
}

/// A key and the certificates of it are one key; certificates alone are the first one's.
pub fn a_key_with_its_certificates_is_one_key(subject: &Subject) {
    let (private, chain) = (text("p-256-pkcs8.pem"), text("chain-x509.pem"));
    for (file, format) in
        [([private, chain].concat(), Format::Pkcs8), ([chain, private].concat(), Format::Pkcs8)]
    {
        let found = detect(file.as_bytes(), subject.backend()).unwrap();
        assert_eq!(found.format(), format);
        let jwk = found.into_jwk().unwrap();
        assert_eq!(jwk.params(), key("p-256").params());
        assert_eq!(jwk.x5c().unwrap().len(), 2);
        let public: serde_json::Value =
            serde_json::from_str(&jwk.to_public_json().unwrap()).unwrap();
        assert_eq!(public, serde_json::from_str::<serde_json::Value>(text("chain.jwk")).unwrap());
    }
    let alone = detect(chain.as_bytes(), subject.backend()).unwrap();
    assert_eq!(alone.format(), Format::X509);
    assert!(!alone.into_jwk().unwrap().is_private());
}

/// A certificate of another key, and certificates beside several keys, are refused.
pub fn certificates_are_of_the_one_key(subject: &Subject) {
    let (private, chain, authority) =
        (text("p-256-pkcs8.pem"), text("chain-x509.pem"), text("rsa-x509.pem"));
    for file in [[private, authority].concat(), [private, authority, chain].concat()] {
        let error = refused(detect(file.as_bytes(), subject.backend()));
        assert!(matches!(error, KeyError::Inconsistent), "{error:?}");
    }
    let two = [private, text("rsa-pkcs8.pem"), chain].concat();
    let error = malformed(detect(two.as_bytes(), subject.backend()));
    assert_eq!(error.rule(), Rule::TooMany { limit: 1 });
    // The key of the first alone makes no chain; the others are still certificates.
    let broken = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    let file = [private, chain, broken].concat();
    assert_eq!(malformed(detect(file.as_bytes(), subject.backend())).rule(), Rule::Der);
    let nine = [private, &chain.repeat(4), authority].concat();
    let error = malformed(detect(nine.as_bytes(), subject.backend()));
    assert_eq!(error.rule(), Rule::TooMany { limit: 8 });
    let eight = [private, &chain.repeat(4)].concat();
    assert!(detect(eight.as_bytes(), subject.backend()).is_ok());
}

/// A key in a format that is not read is not passed over: the next one would be another key.
pub fn a_key_in_an_unknown_format_is_not_passed_over(subject: &Subject) {
    for label in ["OPENSSH PRIVATE KEY", "DSA PRIVATE KEY", "PGP PUBLIC KEY", "KEY"] {
        let block = format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        unknown(block.as_bytes(), subject);
        unknown(format!("{block}{}", text("p-256-pkcs8.pem")).as_bytes(), subject);
        unknown(format!("{}{block}", text("p-256-pkcs8.pem")).as_bytes(), subject);
    }
    // The headers by which old programs encrypted.
    let error = malformed(detect(text("p-256-proc-type.pem").as_bytes(), subject.backend()));
    assert_eq!(error.subject(), About::KeyFile(Format::Sec1));
    assert_eq!(error.rule(), Rule::PemHeaders);
}

/// A label names the format of its block, and no other is tried.
pub fn a_block_is_of_the_format_of_its_label(subject: &Subject) {
    for (label, file, read_as) in [
        ("PUBLIC KEY", "p-256-sec1.pem", Format::Spki),
        ("PRIVATE KEY", "p-256-sec1.pem", Format::Pkcs8),
        ("RSA PRIVATE KEY", "rsa-pkcs8.pem", Format::Pkcs1),
        ("RSA PUBLIC KEY", "rsa-spki.pem", Format::Pkcs1),
        ("EC PRIVATE KEY", "p-256-pkcs8.pem", Format::Sec1),
        ("CERTIFICATE", "p-256-spki.pem", Format::X509),
        ("PRIVATE KEY", "rsa-pbkdf2.pem", Format::Pkcs8),
        ("ENCRYPTED PRIVATE KEY", "rsa-pkcs8.pem", Format::EncryptedPkcs8),
    ] {
        let text = text(file);
        let own = text.split_once("-----BEGIN ").unwrap().1.split_once("-----").unwrap().0;
        let vector = files::VECTORS.iter().find(|vector| vector.file == file).unwrap();
        let error = malformed(detect(text.replace(own, label).as_bytes(), subject.backend()));
        assert_eq!(error.subject(), About::KeyFile(read_as), "{label}");
        assert_eq!(error.rule(), Rule::OtherFormat { found: vector.format }, "{label}");
    }
}

/// What is encrypted needs its password, and says so.
pub fn a_password_that_is_missing_is_asked_for(subject: &Subject) {
    for file in ["rsa-pbkdf2.pem", "rsa-scrypt.pem", "p-256-one-round.pem", "p-256-rc2.pem"] {
        for octets in [text(file).as_bytes(), &files::der(file)] {
            let found = Imported::read(octets, None, subject.backend());
            let Err(ImportError::Key { found, error: KeyError::MissingPassword, .. }) = found
            else {
                panic!("{found:?}");
            };
            assert_eq!((found.format(), found.kind()), (Format::EncryptedPkcs8, None));
        }
    }
    // One that is not needed does no harm.
    assert!(
        Imported::read(
            text("p-256-sec1.pem").as_bytes(),
            Some(&PASSWORD.into()),
            subject.backend()
        )
        .is_ok()
    );
}

/// A key that does not fit says what it is and what was wanted.
pub fn a_key_that_does_not_fit_says_what_it_is(subject: &Subject) {
    use KeyManagementAlgorithm as K;
    use SignatureAlgorithm as S;
    let cases: [(&str, Alg, &str); 6] = [
        (
            "secp256k1-sec1.pem",
            S::ES256.into(),
            "SEC1 key on secp256k1: ES256 wants a key on P-256, this one is on `secp256k1`",
        ),
        (
            "p-384-spki.pem",
            S::ES256.into(),
            "SPKI key on P-384: ES256 wants a key on P-256, this one is on `P-384`",
        ),
        (
            "rsa-pkcs1.pem",
            S::ES256.into(),
            "PKCS#1 key of type RSA: ES256 wants an EC key, this one is `RSA`",
        ),
        (
            "p-256-pkcs8.pem",
            K::RSA_OAEP_256.into(),
            "PKCS#8 key on P-256: RSA-OAEP-256 wants an RSA key, this one is `EC`",
        ),
        (
            "chain-x509.pem",
            S::RS256.into(),
            "X.509 key on P-256: RS256 wants an RSA key, this one is `EC`",
        ),
        (
            "rsa-pbkdf2.pem",
            K::A256KW.into(),
            "encrypted PKCS#8 key of type RSA: A256KW wants an oct key, this one is `RSA`",
        ),
    ];
    for (file, alg, message) in cases {
        let vector = files::VECTORS.iter().find(|vector| vector.file == file).unwrap();
        if let Some(lack) = vector.lack(subject) {
            let error = refused(detect(text(file).as_bytes(), subject.backend()));
            assert!(lack.is(&error), "{file}: {error:?}");
            continue;
        }
        let found = detect(text(file).as_bytes(), subject.backend()).unwrap();
        assert_eq!(found.into_jwk_for(alg).unwrap_err().to_string(), message);
    }
    let found = detect(text("p-256-pkcs8.pem").as_bytes(), subject.backend()).unwrap();
    assert_eq!(found.into_jwk_for(S::ES256).unwrap().alg(), Some("ES256"));
    // A JWK that is bound stays bound.
    let bound = keys::private(S::RS256).expose_secret_json();
    let found = || detect(bound.expose_secret(), subject.backend()).unwrap();
    assert!(found().into_jwk_for(S::RS256).is_ok());
    let error = refused(found().into_jwk_for(S::RS512));
    assert!(matches!(error, KeyError::Algorithm { expected: "RS512", .. }), "{error:?}");
}

/// A file is as long as a JWK Set may be, in whatever format.
pub fn a_file_beyond_the_limit_is_not_read(subject: &Subject) {
    let limit = jose_core::Limits::DEFAULT.jwk_set;
    for octets in [vec![b' '; limit + 1], vec![0x30; limit + 1]] {
        let error = malformed(detect(&octets, subject.backend()));
        assert_eq!((error.subject(), error.rule()), (About::Keys, Rule::TooLong { limit }));
    }
    unknown(&vec![b' '; limit], subject);
    for vector in files::VECTORS {
        let der = vec![0x30; limit + 1];
        let error = malformed(files::read_der(vector.format, &der, subject.backend()));
        assert_eq!(error.subject(), About::KeyFile(vector.format));
        assert_eq!(error.rule(), Rule::TooLong { limit });
    }
}

/// A tool that is told that a file has been read may rely on its keys, in JSON too.
pub fn a_key_in_json_is_checked_like_any(subject: &Subject) {
    let alg = SignatureAlgorithm::ES256;
    let good = keys::private(alg);
    let mut members: serde_json::Value =
        serde_json::from_slice(good.expose_secret_json().expose_secret()).unwrap();
    members["d"] = jose_core::base64url::encode(&[7; 32]).into();
    let set = serde_json::json!({"keys": [members]});
    for (text, format) in [(members.to_string(), Format::Jwk), (set.to_string(), Format::JwkSet)] {
        let error = detect(text.as_bytes(), subject.backend()).unwrap_err();
        let ImportError::Key { found, error: KeyError::Inconsistent, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(found.format(), format);
    }
    let unknown = r#"{"keys":[{"kty":"from-the-future","d":"AA"}]}"#;
    assert_eq!(detect(unknown.as_bytes(), subject.backend()).unwrap().keys().len(), 1);
}

/// A password takes a second for each block, and whoever wrote the file chose how many there are.
pub fn a_file_has_a_bounded_number_of_blocks(subject: &Subject) {
    let encrypted = text("rsa-pbkdf2.pem");
    let two = encrypted.repeat(2);
    let error = malformed(detect(two.as_bytes(), subject.backend()));
    assert_eq!(error.subject(), About::KeyFile(Format::EncryptedPkcs8));
    assert_eq!(error.rule(), Rule::TooMany { limit: 1 });

    let public = text("p-256-spki.pem");
    let many = public.repeat(257);
    let error = malformed(detect(many.as_bytes(), subject.backend()));
    assert_eq!((error.subject(), error.rule()), (About::Keys, Rule::TooMany { limit: 256 }));
    let read = detect(public.repeat(256).as_bytes(), subject.backend()).unwrap();
    assert_eq!(read.keys().len(), 256);
}

/// What a file calls its key is no text for a log.
pub fn a_type_that_is_not_known_is_not_shown(subject: &Subject) {
    let text = r#"{"kty":"see \u202e this","d":"AA"}"#;
    let imported = detect(text.as_bytes(), subject.backend()).unwrap();
    let error = imported.into_jwk_for(Alg::ES256).unwrap_err();
    assert_eq!(
        error.to_string(),
        "JWK key of unknown type: ES256 wants an EC key, this one is another"
    );
}

/// PEM of another format than the one that was named says which it is.
pub fn pem_of_another_format_is_told_by_name(subject: &Subject) {
    let backend = subject.backend();
    for (file, found) in [
        ("p-256-sec1.pem", Format::Sec1),
        ("rsa-pkcs1.pem", Format::Pkcs1),
        ("rsa-pbkdf2.pem", Format::EncryptedPkcs8),
        ("p-256-spki.pem", Format::Spki),
    ] {
        let error = malformed(Jwk::from_pkcs8_pem(text(file), backend));
        assert_eq!(error.rule(), Rule::OtherFormat { found }, "{file}");
    }
}
