//! Files that are not quite DER, or not quite the structure they should be: never a key, never a
//! panic, and the rule that was broken is told.

use jose_core::error::{KeyError, ParseError, Rule, Subject as About};
use jose_core::jwk::{Format, ImportError, Params};
use jose_core::{Jwk, SecretBytes};

use super::der::*;
use super::files::{self, VECTORS, detect, has, key, read_der, vectors};
use crate::Subject;

/// What is not well-formed, and by which rule.
pub(super) fn malformed<T: core::fmt::Debug>(result: Result<T, ImportError>) -> ParseError {
    match result {
        Err(ImportError::Parse(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// Why a well-formed file gave no key.
pub(super) fn refused<T: core::fmt::Debug>(result: Result<T, ImportError>) -> KeyError {
    match result {
        Err(ImportError::Key { error, .. }) => error,
        other => panic!("{other:?}"),
    }
}

/// `der` breaks `rule` of `format`; and if it is no structure at all, it is of no format.
fn breaks(subject: &Subject, format: Format, der: &[u8], rule: Rule, what: &str) {
    let error = malformed(read_der(format, der, subject.backend()));
    assert_eq!((error.subject(), error.rule()), (About::KeyFile(format), rule), "{what}");
    let error = malformed(detect(der, subject.backend()));
    let expected = match rule {
        Rule::Der if error.subject() == About::Keys => Rule::UnknownFormat,
        rule => rule,
    };
    assert_eq!(error.rule(), expected, "{what}");
}

fn okp(name: &str) -> (Vec<u8>, Vec<u8>) {
    match key(name).params() {
        Params::Okp(okp) => (okp.x().into(), okp.d().unwrap().expose_secret().into()),
        other => panic!("{other:?}"),
    }
}

pub(super) struct EcKey {
    pub(super) d: Vec<u8>,
    /// Uncompressed.
    pub(super) point: Vec<u8>,
}

pub(super) fn ec(name: &str) -> EcKey {
    match key(name).params() {
        Params::Ec(ec) => EcKey {
            d: ec.d().unwrap().expose_secret().into(),
            point: [&[4], ec.x(), ec.y()].concat(),
        },
        other => panic!("{other:?}"),
    }
}

/// The RSA key without its algorithm: private and public, in PKCS#1.
fn rsa() -> (Vec<u8>, Vec<u8>) {
    (files::der("rsa-pkcs1.pem"), files::der("rsa-pkcs1-public.pem"))
}

/// A file that was cut short anywhere is no key, and of no format.
pub fn a_file_cut_short_is_no_key(subject: &Subject) {
    for vector in VECTORS {
        let der = vector.der();
        for len in 0..der.len() {
            let error = malformed(read_der(vector.format, &der[..len], subject.backend()));
            assert_eq!(error.subject(), About::KeyFile(vector.format));
            assert_eq!(error.rule(), Rule::Der, "{} of {len}", vector.file);
            let error = malformed(detect(&der[..len], subject.backend()));
            assert_eq!((error.subject(), error.rule()), (About::Keys, Rule::UnknownFormat));
        }
    }
}

/// PEM that was cut short anywhere is no key either, unless only the last line feed is missing.
pub fn pem_cut_short_is_no_key(subject: &Subject) {
    for vector in vectors(subject) {
        let text = vector.text();
        // Of a chain, what remains may be a shorter one.
        let last = text.rfind("-----BEGIN").unwrap();
        for len in last..text.len() - 1 {
            let error = match detect(&text.as_bytes()[..len], subject.backend()) {
                Ok(found) if vector.format == Format::X509 && len < last + 27 => {
                    assert_eq!(found.into_jwk().unwrap().x5c().unwrap().len(), 1);
                    continue;
                }
                other => malformed(other),
            };
            assert!(
                matches!(error.rule(), Rule::Pem | Rule::UnknownFormat),
                "{} of {len}: {error}",
                vector.file
            );
        }
        assert!(detect(&text.as_bytes()[..text.len() - 1], subject.backend()).is_ok());
    }
}

/// What stands behind a key is not left alone.
pub fn nothing_stands_behind_a_key(subject: &Subject) {
    for vector in VECTORS {
        let der = vector.der();
        for behind in [&[0][..], &[0, 0], b"\n", NULL, &der] {
            let der = [&der[..], behind].concat();
            breaks(subject, vector.format, &der, Rule::Der, vector.file);
        }
        let der = [b"\n", &der[..]].concat();
        breaks(subject, vector.format, &der, Rule::Der, vector.file);
    }
}

/// The encodings of BER that are not of DER: lengths that are indefinite, or longer than they need be.
pub fn another_encoding_of_the_same_structure_is_refused(subject: &Subject) {
    for vector in VECTORS {
        let der = vector.der();
        let header = if der[1] < 0x80 { 2 } else { 2 + usize::from(der[1] & 0x7F) };
        let body = &der[header..];
        let len = u32::try_from(body.len()).unwrap().to_be_bytes();
        let mut forms = vec![[&[0x30, 0x80], body, &[0, 0]].concat()];
        for octets in [&len[..], &[&[0], &len[..]].concat(), &len[1..], &len[2..], &len[3..]] {
            let form = u8::try_from(octets.len()).unwrap() | 0x80;
            let longer = [&[0x30, form], octets, body].concat();
            if longer != der {
                forms.push(longer);
            }
        }
        // The same of the first element within: a version, or an algorithm.
        let inner = [&[body[0], 0x81, body[1]], &body[2..]].concat();
        if body[1] < 0x80 {
            forms.push(element(0x30, &inner));
        }
        // A sequence that says it is primitive, and a set.
        forms.extend([0x10, 0x31, 0x70, 0xB0].map(|tag| [&[tag], &der[1..]].concat()));
        for form in forms {
            breaks(subject, vector.format, &form, Rule::Der, vector.file);
        }
    }
}

/// Integers are in as few octets as they need, and none in a key is negative.
pub fn integers_in_a_key_are_positive_and_minimal(subject: &Subject) {
    let Params::Rsa(rsa) = key("rsa").params().clone() else { panic!() };
    let (n, e) = (rsa.n(), rsa.e());
    for (n, e, what) in [
        (element(2, n), integer(e), "a modulus without its zero octet is negative"),
        (element(2, &[&[0, 0], n].concat()), integer(e), "two zero octets"),
        (integer(n), element(2, &[&[0], e].concat()), "a zero octet that is not needed"),
        (integer(n), element(2, &[0xFF]), "minus one"),
        (integer(n), element(2, &[]), "no octet"),
        (element(4, n), integer(e), "an octet string"),
    ] {
        let public = sequence(&[&n, &e]);
        breaks(subject, Format::Pkcs1, &public, Rule::Der, what);
        let public = spki(&algorithm(RSA, NULL), &public);
        breaks(subject, Format::Spki, &public, Rule::Der, what);
    }
    let number = |member: &[u8]| integer(member);
    let private = rsa.private().unwrap();
    let crt = private.crt().unwrap();
    let secrets = [private.d(), crt.p(), crt.q(), crt.dp(), crt.dq(), crt.qi()];
    let numbers: Vec<_> =
        [n, e].into_iter().chain(secrets.map(SecretBytes::expose_secret)).map(number).collect();
    for index in 0..numbers.len() {
        for (first, what) in [(&[0xFF][..], "negative"), (&[0, 0], "not minimal")] {
            let mut numbers = numbers.clone();
            let content = if numbers[index][1] < 0x80 {
                2
            } else {
                2 + usize::from(numbers[index][1] & 0x7F)
            };
            numbers[index] = element(2, &[first, &numbers[index][content..]].concat());
            let der = sequence(&[VERSION_0, &numbers.concat()]);
            breaks(subject, Format::Pkcs1, &der, Rule::Der, what);
            let der = pkcs8(&algorithm(RSA, NULL), &der);
            breaks(subject, Format::Pkcs8, &der, Rule::Der, what);
        }
    }
}

/// Each format has its versions, and no others.
pub fn a_version_that_does_not_exist_is_refused(subject: &Subject) {
    let (x, d) = okp("ed25519");
    let ed25519 = algorithm(ED25519, &[]);
    let secret = octets(&octets(&d));
    let public = element(0x81, &[&[0], &x[..]].concat());
    for version in [&[2, 1, 2][..], &[2, 1, 0xFF], &[2, 2, 1, 0], &[2, 1, 3]] {
        let der = sequence(&[version, &ed25519, &secret]);
        breaks(subject, Format::Pkcs8, &der, Rule::Der, "PKCS#8");
        let der = sequence(&[version, &ed25519, &secret, &public]);
        breaks(subject, Format::Pkcs8, &der, Rule::Der, "PKCS#8 with a public key");
    }
    // RFC 5958 §2: a public key takes the second version.
    let der = sequence(&[VERSION_0, &ed25519, &secret, &public]);
    breaks(subject, Format::Pkcs8, &der, Rule::Der, "a public key in the first version");

    let p256 = ec("p-256");
    let curve = element(0xA0, &oid(P256));
    for version in [VERSION_0, &[2, 1, 2], &[2, 1, 0xFF]] {
        let der = sequence(&[version, &octets(&p256.d), &curve]);
        breaks(subject, Format::Sec1, &der, Rule::Der, "SEC1");
        let der = pkcs8(&algorithm(EC, &oid(P256)), &der);
        breaks(subject, Format::Pkcs8, &der, Rule::Der, "SEC1 within PKCS#8");
    }

    let (private, _) = rsa();
    let numbers = &private[4 + VERSION_0.len()..];
    for version in [VERSION_1, &[2, 1, 2], &[2, 1, 0xFF]] {
        let der = sequence(&[version, numbers]);
        breaks(subject, Format::Pkcs1, &der, Rule::Der, "PKCS#1");
    }
}

/// RFC 8017 A.1.2: keys of more than two primes are refused, and by that name.
pub fn an_rsa_key_of_three_primes_is_refused(subject: &Subject) {
    let (private, _) = rsa();
    let numbers = &private[4 + VERSION_0.len()..];
    let other = sequence(&[&sequence(&[&integer(&[7]), &integer(&[1]), &integer(&[1])])]);
    let der = sequence(&[VERSION_1, numbers, &other]);
    let rule = Rule::Value { member: "otherPrimeInfos", expected: "absent: two primes only" };
    breaks(subject, Format::Pkcs1, &der, rule, "version 1");
    breaks(subject, Format::Pkcs8, &pkcs8(&algorithm(RSA, NULL), &der), rule, "in PKCS#8");
    let der = sequence(&[VERSION_0, numbers, &other]);
    breaks(subject, Format::Pkcs1, &der, Rule::Der, "version 0 has no other primes");
}

/// The parameters of an algorithm are exactly those of its kind (RFC 3279 §2.3.1, RFC 5480 §2.1.1,
/// RFC 8410 §3).
pub fn an_algorithm_has_its_own_parameters(subject: &Subject) {
    let expected = "those of the algorithm, and a curve by its name";
    let rule = Rule::Value { member: "parameters", expected };
    let ((x, d), p256, (private, public)) = (okp("ed25519"), ec("p-256"), rsa());
    let sec1 = sec1(&p256.d, None, None);
    let explicit = sequence(&[VERSION_1, &sequence(&[&oid(P256)])]);
    for parameters in [&[][..], &oid(P256), &octets(&[]), &explicit, &[5, 0, 5, 0]] {
        let rule = if parameters.len() == 4 { Rule::Der } else { rule };
        let rsa = algorithm(RSA, parameters);
        breaks(subject, Format::Spki, &spki(&rsa, &public), rule, "RSA");
        breaks(subject, Format::Pkcs8, &pkcs8(&rsa, &private), rule, "RSA");
    }
    for parameters in [&[][..], NULL, &explicit, &octets(P256)] {
        let ec = algorithm(EC, parameters);
        breaks(subject, Format::Spki, &spki(&ec, &p256.point), rule, "EC");
        breaks(subject, Format::Pkcs8, &pkcs8(&ec, &sec1), rule, "EC");
    }
    for parameters in [NULL, &oid(ED25519), &explicit] {
        let ed25519 = algorithm(ED25519, parameters);
        breaks(subject, Format::Spki, &spki(&ed25519, &x), rule, "Ed25519");
        breaks(subject, Format::Pkcs8, &pkcs8(&ed25519, &octets(&d)), rule, "Ed25519");
        let ml_dsa = algorithm(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 0x11], parameters);
        breaks(subject, Format::Spki, &spki(&ml_dsa, &[0; 1312]), rule, "ML-DSA-44");
    }
}

/// A curve that is given by its numbers may be any curve.
pub fn a_curve_in_numbers_is_refused(subject: &Subject) {
    let der = files::der("p-256-explicit.pem");
    breaks(subject, Format::Sec1, &der, Rule::Der, "explicit parameters");
    let missing = Rule::Missing { member: "parameters" };
    let without = sec1(&ec("p-256").d, None, None);
    breaks(subject, Format::Sec1, &without, missing, "no parameters");
}

/// A kind of key that is not known here is told by its object identifier, or by name.
pub fn a_kind_of_key_without_a_place_in_jose_is_told(subject: &Subject) {
    let brainpool = [0x2B, 0x24, 3, 3, 2, 8, 1, 1, 7];
    let p256 = ec("p-256");
    for (algorithm, kind) in [
        (algorithm(&[0x2A, 3, 4], &[]), "of type 1.2.3.4"),
        (algorithm(&[0x2A, 0x86, 0x48, 0xCE, 0x38, 4, 1], NULL), "of type DSA"),
        (algorithm(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 10], &[]), "of type RSASSA-PSS"),
        (algorithm(EC, &oid(&brainpool)), "on brainpoolP256r1"),
        (algorithm(EC, &oid(&[0x2A, 3, 4])), "on 1.2.3.4"),
        (algorithm(P256, &[]), "of type 1.2.840.10045.3.1.7"),
    ] {
        for (format, der) in [
            (Format::Spki, spki(&algorithm, &p256.point)),
            (Format::Pkcs8, pkcs8(&algorithm, &sec1(&p256.d, None, None))),
        ] {
            let error = read_der(format, &der, subject.backend()).unwrap_err();
            assert!(error.to_string().starts_with(&format!("{format} key {kind}: ")), "{error}");
            assert!(matches!(refused::<()>(Err(error)), KeyError::Unsupported { .. }));
            let detected = refused(detect(&der, subject.backend()));
            assert!(matches!(detected, KeyError::Unsupported { .. }));
        }
    }
    let der = sec1(&p256.d, Some(&brainpool), None);
    let error = Jwk::from_sec1_der(&der, subject.backend()).unwrap_err();
    assert!(error.to_string().starts_with("SEC1 key on brainpoolP256r1: "), "{error}");
}

/// Attributes of a key in PKCS#8 (RFC 5958 §2) are allowed, and say nothing here.
pub fn attributes_of_a_key_are_left_alone(subject: &Subject) {
    if !has("ed25519", subject) {
        return;
    }
    let (x, d) = okp("ed25519");
    let (ed25519, secret) = (algorithm(ED25519, &[]), octets(&octets(&d)));
    let attribute = sequence(&[&oid(&[0x2A, 3]), &element(0x31, &element(0x0C, b"a name"))]);
    let attributes = element(0xA0, &attribute);
    let public = element(0x81, &[&[0], &x[..]].concat());
    for der in [
        sequence(&[VERSION_0, &ed25519, &secret, &attributes]),
        sequence(&[VERSION_1, &ed25519, &secret, &attributes, &public]),
    ] {
        let found = Jwk::from_pkcs8_der(&der, subject.backend()).unwrap();
        assert_eq!(found.params(), key("ed25519").params());
    }
}

/// Scalars and coordinates have the length of their curve, however many zeros they begin with.
pub fn members_of_a_key_in_a_file_have_their_length(subject: &Subject) {
    let rule = |member, expected| Rule::Length { member, expected };
    for (name, curve, len) in [
        ("p-256", P256, 32),
        ("p-384", P384, 48),
        ("p-521", P521, 66),
        ("secp256k1", SECP256K1, 32),
    ] {
        let EcKey { d, point } = ec(name);
        let ec = algorithm(EC, &oid(curve));
        for d in [&[&[0], &d[..]].concat(), &d[1..], &[], &[&d[..], &[0]].concat()] {
            let expected = rule("privateKey", len);
            let der = sec1(d, Some(curve), None);
            breaks(subject, Format::Sec1, &der, expected, name);
            let der = pkcs8(&ec, &sec1(d, None, Some(&point)));
            breaks(subject, Format::Pkcs8, &der, expected, name);
        }
        let (x, y) = point[1..].split_at(len);
        for (point, expected) in [
            ([&[4, 0], x, y].concat(), rule("y", len)),
            ([&[4], x, y, &[0]].concat(), rule("y", len)),
            ([&[4], x, &y[1..]].concat(), rule("y", len)),
            ([&[4], x].concat(), rule("y", len)),
            ([&[4], &x[1..]].concat(), rule("x", len)),
            (vec![4], rule("x", len)),
        ] {
            breaks(subject, Format::Spki, &spki(&ec, &point), expected, name);
        }
    }
    for (name, own, len) in
        [("ed25519", ED25519, 32), ("ed448", ED448, 57), ("x25519", X25519, 32), ("x448", X448, 56)]
    {
        let (x, d) = okp(name);
        let own = algorithm(own, &[]);
        for change in [|key: &[u8]| [&[0], key].concat(), |key: &[u8]| key[1..].to_vec()] {
            let der = pkcs8(&own, &octets(&change(&d)));
            breaks(subject, Format::Pkcs8, &der, rule("privateKey", len), name);
            breaks(subject, Format::Spki, &spki(&own, &change(&x)), rule("x", len), name);
        }
        breaks(subject, Format::Pkcs8, &pkcs8(&own, &d), Rule::Der, "not in an octet string");
    }
    let ml_dsa = algorithm(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 0x11], &[]);
    breaks(subject, Format::Spki, &spki(&ml_dsa, &[0; 1311]), rule("pub", 1312), "ML-DSA-44");
    let seed = element(0x80, &[0; 31]);
    breaks(subject, Format::Pkcs8, &pkcs8(&ml_dsa, &seed), rule("privateKey", 32), "ML-DSA-44");
    let expanded = pkcs8(&ml_dsa, &octets(&[0; 2560]));
    let error = refused(Jwk::from_pkcs8_der(&expanded, subject.backend()));
    assert!(matches!(error, KeyError::Unsupported { what } if what.contains("seed")), "{error:?}");
}

/// A key in a bit string is made of whole octets.
pub fn a_public_key_is_made_of_whole_octets(subject: &Subject) {
    let (x, d) = okp("ed25519");
    let ed25519 = algorithm(ED25519, &[]);
    for content in [[&[1], &x[..31], &[0]].concat(), [&[8], &x[..]].concat(), vec![]] {
        let der = sequence(&[&ed25519, &element(3, &content)]);
        breaks(subject, Format::Spki, &der, Rule::Der, "SPKI");
        let public = element(0x81, &content);
        let der = sequence(&[VERSION_1, &ed25519, &octets(&octets(&d)), &public]);
        breaks(subject, Format::Pkcs8, &der, Rule::Der, "PKCS#8");
    }
}

/// A function is given another format's DER: it tells which.
pub fn another_format_is_told_by_its_name(subject: &Subject) {
    const FORMATS: [Format; 6] = [
        Format::EncryptedPkcs8,
        Format::Pkcs1,
        Format::Pkcs8,
        Format::Sec1,
        Format::Spki,
        Format::X509,
    ];
    for vector in VECTORS {
        for format in FORMATS.into_iter().filter(|format| *format != vector.format) {
            let error = malformed(read_der(format, &vector.der(), subject.backend()));
            let expected = Rule::OtherFormat { found: vector.format };
            assert_eq!(error.subject(), About::KeyFile(format), "{}", vector.file);
            assert_eq!(error.rule(), expected, "{} as {format}", vector.file);
            assert!(error.to_string().ends_with(&format!("this is {}", vector.format)));
        }
    }
}

/// Every octet of every file is changed, in several ways: what still is a key has passed every check,
/// and is one that can be written and read again; what is none has a reason.
pub fn a_file_with_one_octet_changed_is_a_checked_key_or_none(subject: &Subject) {
    let backend = subject.backend();
    for vector in vectors(subject) {
        let whole = vector.der();
        // The numbers of RSA are long, and change little from octet to octet.
        let step = if vector.key.starts_with("rsa") { 97 } else { 3 };
        for index in (0..whole.len()).filter(|index| *index < 48 || index % step == 0) {
            // Where the structure is, in every way; in the numbers one way serves as well as another.
            let changes = [0x01, 0x80, 0x20, 0xFF];
            let changes = if index < 48 { &changes } else { &changes[index % 4..=index % 4] };
            for change in changes {
                let mut der = whole.clone();
                der[index] ^= change;
                let read = read_der(vector.format, &der, backend);
                let detected = detect(&der, backend);
                let jwk = match (read, detected) {
                    (Ok(jwk), Ok(detected)) => {
                        assert_eq!(jwk.params(), detected.into_jwk().unwrap().params());
                        jwk
                    }
                    (Err(_), Err(_)) => continue,
                    // It became another format, and is a key in that.
                    (Err(error), Ok(found)) => {
                        assert_ne!(found.format(), vector.format, "{} {error}", vector.file);
                        found.into_jwk().unwrap()
                    }
                    (Ok(_), Err(error)) => panic!("{} {index}: {error}", vector.file),
                };
                assert!(jwk.check_structure().is_ok(), "{} {index}", vector.file);
                assert!(jwk.check_consistency(backend).is_ok(), "{} {index}", vector.file);
                let again = if jwk.is_private() {
                    Jwk::from_pkcs8_der(jwk.to_pkcs8_der().unwrap().expose_secret(), backend)
                } else {
                    Jwk::from_spki_der(&jwk.to_spki_der().unwrap(), backend)
                };
                assert_eq!(again.unwrap().params(), jwk.params());
            }
        }
    }
}
