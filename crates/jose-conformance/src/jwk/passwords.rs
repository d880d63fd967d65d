//! Private keys under a password (RFC 5958 §3, RFC 8018 §6.2, RFC 7914): what is written is read with
//! that password alone, and no file makes us work without end.

use alloc::collections::BTreeSet;

use core::num::NonZeroU32;

use jose_core::crypto::{PasswordKdf, Pbes2, Prf};
use jose_core::error::{KeyError, Rule, Subject as About};
use jose_core::jwe::Password;
use jose_core::jwk::{Format, ImportError, Imported, PasswordEncryption};
use jose_core::{Jwk, SecretBytes};

use super::der::*;
use super::files::{self, PASSWORD, detect, has, key};
use super::malformed::{ec, malformed, refused};
use crate::{Subject, Unapproved};

const PBES2: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 5, 13];
const PBKDF2: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 5, 12];
const SCRYPT: &[u8] = &[0x2B, 6, 1, 4, 1, 0xDA, 0x47, 4, 11];
const AES_256_CBC: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42];
const SHA_256: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 2, 9];
const SALT: [u8; 16] = [3; 16];
const IV: [u8; 16] = [4; 16];
/// Cheap enough to be done often, and as few as are approved.
const ROUNDS: u32 = 1000;

fn aes() -> Vec<u8> {
    algorithm(AES_256_CBC, &octets(&IV))
}

fn prf(own: &[u8]) -> Vec<u8> {
    algorithm(own, NULL)
}

/// PBKDF2 with so many rounds, for a key of that length where one is named.
fn pbkdf2(count: &[u8], key_len: Option<u8>) -> Vec<u8> {
    let key_len = key_len.map(|len| integer(&[len])).unwrap_or_default();
    let parameters = sequence(&[&octets(&SALT), &integer(count), &key_len, &prf(SHA_256)]);
    algorithm(PBKDF2, &parameters)
}

fn scrypt(n: u64, r: u32, p: u32) -> Vec<u8> {
    let numbers = [integer(&n.to_be_bytes()), integer(&r.to_be_bytes()), integer(&p.to_be_bytes())];
    algorithm(SCRYPT, &sequence(&[&octets(&SALT), &numbers.concat()]))
}

fn file(kdf: &[u8], cipher: &[u8], ciphertext: &[u8]) -> Vec<u8> {
    let scheme = algorithm(PBES2, &sequence(&[kdf, cipher]));
    sequence(&[&scheme, &octets(ciphertext)])
}

/// A file of `text` under the password, whatever it is.
fn encrypted(text: &[u8], subject: &Subject) -> Vec<u8> {
    let kdf = PasswordKdf::Pbkdf2 {
        prf: Prf::HmacSha256,
        salt: &SALT,
        count: NonZeroU32::new(ROUNDS).unwrap(),
    };
    let scheme = Pbes2 { kdf, key_len: 32, iv: IV };
    let password = SecretBytes::new(PASSWORD.as_bytes().to_vec());
    let text = SecretBytes::new(text.to_vec());
    let ciphertext = subject.backend().pbes2_encrypt(&scheme, &password, &text).unwrap();
    file(&pbkdf2(&ROUNDS.to_be_bytes(), None), &aes(), &ciphertext)
}

fn read(der: &[u8], subject: &Subject) -> Result<Jwk, ImportError> {
    let read = Jwk::from_encrypted_pkcs8_der(der, &PASSWORD.into(), subject.backend());
    let detected = detect(der, subject.backend());
    match (&read, detected) {
        (Ok(jwk), Ok(found)) => assert_eq!(jwk, &found.into_jwk().unwrap()),
        (Err(error), Err(found)) => assert_eq!(format!("{error:?}"), format!("{found:?}")),
        (read, detected) => panic!("{read:?} {detected:?}"),
    }
    read
}

/// The work or the structure is refused, and nothing was done.
#[track_caller]
fn refuses(der: &[u8], member: &str, subject: &Subject) {
    let error = malformed(read(der, subject));
    assert_eq!(error.subject(), About::KeyFile(Format::EncryptedPkcs8));
    assert!(matches!(error.rule(), Rule::Value { member: own, .. } if own == member), "{error}");
}

#[track_caller]
fn lacks(der: &[u8], subject: &Subject) {
    let error = refused(read(der, subject));
    assert!(matches!(error, KeyError::Unsupported { .. }), "{error:?}");
}

/// Both ways to derive a key, with as little work as is allowed.
const CHEAP: [PasswordEncryption; 2] =
    [PasswordEncryption::Pbkdf2 { count: 1000 }, PasswordEncryption::Scrypt { log_n: 14 }];

/// Those that the backend has. It is seen to refuse the other.
fn cheap(subject: &Subject) -> impl Iterator<Item = PasswordEncryption> {
    let scrypt = !subject.refuses(Unapproved::Scrypt);
    if !scrypt {
        let (jwk, backend) = (key("p-256"), subject.backend());
        let refused = jwk.to_encrypted_pkcs8_der(&PASSWORD.into(), CHEAP[1], backend);
        assert!(matches!(refused, Err(KeyError::NotApproved { .. })), "{refused:?}");
    }
    CHEAP.into_iter().take(if scrypt { 2 } else { 1 })
}

/// The password is wrong; or no key is derived from it, where that is `unapproved` and is refused.
#[track_caller]
fn not_opened<T: core::fmt::Debug>(
    found: Result<T, ImportError>,
    unapproved: Option<Unapproved>,
    subject: &Subject,
) {
    let error = refused(found);
    if unapproved.is_some_and(|what| subject.refuses(what)) {
        assert!(matches!(error, KeyError::NotApproved { .. }), "{error:?}");
    } else {
        assert!(matches!(error, KeyError::WrongPassword), "{error:?}");
    }
}

/// What is encrypted here is decrypted with the same password, and no other.
pub fn a_key_under_a_password_comes_back(subject: &Subject) {
    let backend = subject.backend();
    let password = Password::from("corr\u{e9}ct horse\0battery");
    let names = ["rsa", "p-256", "p-384", "p-521", "secp256k1", "ed25519", "x25519"];
    for name in names.into_iter().filter(|name| has(name, subject)) {
        let jwk = key(name);
        for encryption in cheap(subject) {
            let der = jwk.to_encrypted_pkcs8_der(&password, encryption, backend).unwrap();
            let found = Jwk::from_encrypted_pkcs8_der(&der, &password, backend).unwrap();
            assert_eq!(found.params(), jwk.params(), "{name} {encryption:?}");
            let pem = jwk.to_encrypted_pkcs8_pem(&password, encryption, backend).unwrap();
            assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
            let found = Jwk::from_encrypted_pkcs8_pem(&pem, &password, backend).unwrap();
            assert_eq!(found.params(), jwk.params(), "{name} {encryption:?}");
            for wrong in ["corr\u{e9}ct horse", "corr\u{e9}ct horse\0batterz", "", "\0"] {
                let found = Jwk::from_encrypted_pkcs8_der(&der, &wrong.into(), backend);
                let short = (wrong.len() < 8).then_some(Unapproved::Guessable);
                not_opened(found, short, subject);
            }
        }
    }
}

/// The most memory that writing allows is not more than reading does.
pub fn the_dearest_encryption_that_is_written_is_read(subject: &Subject) {
    let (jwk, password) = (key("p-256"), Password::from(PASSWORD));
    let dearest = PasswordEncryption::Scrypt { log_n: 16 };
    let der = jwk.to_encrypted_pkcs8_der(&password, dearest, subject.backend());
    if subject.refuses(Unapproved::Scrypt) {
        assert!(matches!(der, Err(KeyError::NotApproved { .. })), "{der:?}");
    } else {
        assert_eq!(read(&der.unwrap(), subject).unwrap().params(), jwk.params());
    }
    assert_eq!(PasswordEncryption::default(), PasswordEncryption::Pbkdf2 { count: 600_000 });
}

/// The work has bounds, whoever asks for it.
pub fn the_work_of_a_password_on_a_file_has_bounds(subject: &Subject) {
    let (jwk, password) = (key("p-256"), Password::from(PASSWORD));
    let encrypt = |encryption| jwk.to_encrypted_pkcs8_der(&password, encryption, subject.backend());
    for rounds in [0, 1, 999, 10_000_001, u32::MAX] {
        let refused = encrypt(PasswordEncryption::Pbkdf2 { count: rounds });
        let Err(KeyError::Rounds { min: 1000, max: 10_000_000, actual }) = refused else {
            panic!("{rounds}: {refused:?}");
        };
        assert_eq!(actual, rounds);
    }
    for cost in [0, 1, 13, 17, 31, 32, 63, 64, 255] {
        let refused = encrypt(PasswordEncryption::Scrypt { log_n: cost });
        let Err(KeyError::Cost { min: 14, max: 16, actual }) = refused else {
            panic!("{cost}: {refused:?}");
        };
        assert_eq!(actual, cost);
    }
}

/// No password is not a password to write with; to read with it is one like another.
pub fn an_empty_password_encrypts_nothing(subject: &Subject) {
    for encryption in CHEAP {
        let refused =
            key("p-256").to_encrypted_pkcs8_der(&"".into(), encryption, subject.backend());
        assert!(
            matches!(refused, Err(KeyError::TooShort { min: 1, actual: 0, .. })),
            "{refused:?}"
        );
    }
}

/// A public key and a shared one have nothing to encrypt in PKCS#8.
pub fn only_a_private_key_is_encrypted_in_pkcs8(subject: &Subject) {
    let encrypt = |jwk: &Jwk| {
        jwk.to_encrypted_pkcs8_der(&PASSWORD.into(), CHEAP[0], subject.backend()).unwrap_err()
    };
    assert!(matches!(encrypt(&key("p-256").to_public().unwrap()), KeyError::NotPrivate));
    assert!(matches!(encrypt(&key("rsa").to_public().unwrap()), KeyError::NotPrivate));
    let shared = Jwk::from_secret_octets(vec![7; 32]).unwrap();
    assert!(matches!(encrypt(&shared), KeyError::Format { actual, .. } if actual == "oct"));
    assert!(matches!(encrypt(&key("rsa-lcm")), KeyError::Incomplete { .. }));
}

/// Each encryption has a salt and an initialization vector of its own.
pub fn no_two_encryptions_of_a_key_are_alike(subject: &Subject) {
    for encryption in cheap(subject) {
        let (mut salts, mut ivs, mut ends) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for _ in 0..8 {
            let jwk = key("p-256");
            let der = jwk
                .to_encrypted_pkcs8_der(&PASSWORD.into(), encryption, subject.backend())
                .unwrap();
            // The only octet strings of 16: first the salt, then the initialization vector.
            let mut found = der.windows(18).filter(|window| window.starts_with(&[4, 16]));
            salts.insert(found.next().unwrap().to_vec());
            ivs.insert(found.next().unwrap().to_vec());
            ends.insert(der[der.len() - 16..].to_vec());
        }
        assert_eq!((salts.len(), ivs.len(), ends.len()), (8, 8, 8), "{encryption:?}");
    }
}

/// A thousand wrong passwords, of which some leave a padding that is right by chance: each is a wrong
/// password, and nothing more can be told.
pub fn a_wrong_password_is_told_as_that_alone(subject: &Subject) {
    // One round, or as many as have to be done.
    let der = if subject.refuses(Unapproved::Guessable) {
        encrypted(key("p-256").to_pkcs8_der().unwrap().expose_secret(), subject)
    } else {
        files::der("p-256-one-round.pem")
    };
    let backend = subject.backend();
    for number in 0..1000 {
        let wrong = Password::from(format!("{number:08}").as_str());
        let found = Jwk::from_encrypted_pkcs8_der(&der, &wrong, backend);
        assert!(matches!(refused(found), KeyError::WrongPassword), "{number}");
    }
    for wrong in ["Fellowship", "fellowship ", "fellowshi", " fellowship", "\u{feff}fellowship"] {
        let found = Jwk::from_encrypted_pkcs8_der(&der, &wrong.into(), backend);
        assert!(matches!(refused(found), KeyError::WrongPassword), "{wrong:?}");
        let found = Imported::read(&der, Some(&wrong.into()), backend);
        assert!(matches!(refused(found), KeyError::WrongPassword), "{wrong:?}");
    }
}

/// A password is not cut, however long it is. What cannot be told is one shorter than a block of the
/// hash from the same with zero octets behind it, with which RFC 2104 §2 fills the key of HMAC.
pub fn a_long_password_is_taken_whole(subject: &Subject) {
    let jwk = key("p-256");
    let long = "x".repeat(4096);
    for encryption in cheap(subject) {
        let encrypt =
            |p: &str| jwk.to_encrypted_pkcs8_der(&p.into(), encryption, subject.backend());
        let der = encrypt(&long).unwrap();
        let found = Jwk::from_encrypted_pkcs8_der(&der, &long.as_str().into(), subject.backend());
        assert_eq!(found.unwrap().params(), jwk.params());
        for wrong in [&long[..4095], &long[..64], &format!("{long}x")] {
            let found = Jwk::from_encrypted_pkcs8_der(&der, &wrong.into(), subject.backend());
            assert!(matches!(refused(found), KeyError::WrongPassword));
        }
        let der = encrypt(PASSWORD).unwrap();
        let filled = format!("{PASSWORD}\0").as_str().into();
        assert!(Jwk::from_encrypted_pkcs8_der(&der, &filled, subject.backend()).is_ok());
    }
}

/// The rounds that a file asks for are looked at before they are done.
pub fn a_file_asks_for_a_bounded_number_of_rounds(subject: &Subject) {
    for count in [
        &[0][..],
        &10_000_001_u32.to_be_bytes(),
        &(1_u32 << 31).to_be_bytes(),
        &u32::MAX.to_be_bytes(),
    ] {
        refuses(&file(&pbkdf2(count, None), &aes(), &[0; 16]), "iterationCount", subject);
    }
    for count in [&(1_u64 << 40).to_be_bytes()[..], &[0xFF; 32]] {
        refuses(&file(&pbkdf2(count, None), &aes(), &[0; 16]), "parameters", subject);
    }
    // One round is little, and no reason to leave a key unread.
    let found = read(&file(&pbkdf2(&[1], None), &aes(), &[0; 16]), subject);
    not_opened(found, Some(Unapproved::Guessable), subject);
}

/// The memory that a file asks for is looked at before it is taken.
pub fn a_file_asks_for_a_bounded_cost_of_scrypt(subject: &Subject) {
    let ask = |n, r, p| file(&scrypt(n, r, p), &aes(), &[0; 16]);
    for (n, r, p) in [
        (0, 8, 1),
        (1, 8, 1),
        (3, 8, 1),
        (1000, 8, 1),
        (65_535, 8, 1),
        (1 << 30, 8, 1),
        (1 << 62, 8, 1),
        (u64::MAX, 8, 1),
        (1 << 17, 8, 1),
        (1 << 16, 9, 1),
        (1 << 14, 33, 1),
        // RFC 7914 §2: N is below 2^(128 · r / 8).
        (1 << 16, 1, 1),
        (1 << 19, 1, 1),
    ] {
        refuses(&ask(n, r, p), "costParameter", subject);
    }
    for r in [0, 65, 513, 65_535] {
        refuses(&ask(8, r, 1), "blockSize", subject);
    }
    for (n, r, p) in [(1024, 8, 0), (1024, 8, 5), (1024, 8, 1000), (1024, 8, 65_535)] {
        refuses(&ask(n, r, p), "parallelizationParameter", subject);
    }
    // What no scheme has room for.
    for (n, r, p) in [(1024, u32::MAX, 1), (1024, 8, u32::MAX), (2, 65_536, 1)] {
        refuses(&ask(n, r, p), "parameters", subject);
    }
    for (n, r, p) in [(2, 1, 1), (1024, 8, 4), (1 << 15, 1, 1), (1 << 10, 64, 1)] {
        let found = read(&ask(n, r, p), subject);
        not_opened(found, Some(Unapproved::Scrypt), subject);
    }
}

/// The length of the key, where it is named, is that of the cipher.
pub fn the_length_of_a_derived_key_is_that_of_its_cipher(subject: &Subject) {
    for len in [0, 16, 24, 31, 33, 64] {
        let der = file(&pbkdf2(&[1], Some(len)), &aes(), &[0; 16]);
        refuses(&der, "keyLength", subject);
    }
    let found = read(&file(&pbkdf2(&[1], Some(32)), &aes(), &[0; 16]), subject);
    not_opened(found, Some(Unapproved::Guessable), subject);
}

/// A ciphertext is made of whole blocks, and of one at least.
pub fn an_encrypted_key_is_made_of_whole_blocks(subject: &Subject) {
    for len in [0, 1, 15, 17, 31, 33] {
        refuses(&file(&pbkdf2(&[1], None), &aes(), &vec![0; len]), "encryptedData", subject);
    }
    let whole = encrypted(key("p-256").to_pkcs8_der().unwrap().expose_secret(), subject);
    assert!(read(&whole, subject).is_ok());
}

/// Ways to encrypt that nobody should use any more, or that nobody uses, are told as such.
pub fn another_way_to_encrypt_is_not_supported(subject: &Subject) {
    for name in ["p-256-des3.pem", "p-256-pbe-sha1-3des.pem", "p-256-rc2.pem"] {
        lacks(&files::der(name), subject);
        let pem =
            Jwk::from_encrypted_pkcs8_pem(files::text(name), &PASSWORD.into(), subject.backend());
        assert!(matches!(refused(pem), KeyError::Unsupported { .. }), "{name}");
    }
    let kdf = pbkdf2(&[1], None);
    let gcm = |last| {
        let parameters = sequence(&[&octets(&[0; 12]), &integer(&[16])]);
        algorithm(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, last], &parameters)
    };
    let ecb = algorithm(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 41], &[]);
    let des = algorithm(&[0x2B, 14, 3, 2, 7], &octets(&[0; 8]));
    for cipher in [gcm(6), gcm(46), ecb, des] {
        let der = file(&kdf, &cipher, &[0; 16]);
        match read(&der, subject) {
            Err(ImportError::Key { error: KeyError::Unsupported { .. }, .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    // One that is known, with an initialization vector that is not its own.
    for cipher in [algorithm(AES_256_CBC, &octets(&[0; 8])), algorithm(AES_256_CBC, NULL)] {
        refuses(&file(&kdf, &cipher, &[0; 16]), "parameters", subject);
    }
    // HMAC with SHA-224 and with SHA-512/256.
    for last in [8, 13] {
        let own = [&SHA_256[..7], &[last]].concat();
        let parameters = sequence(&[&octets(&SALT), &integer(&[1]), &prf(&own)]);
        lacks(&file(&algorithm(PBKDF2, &parameters), &aes(), &[0; 16]), subject);
    }
    let pbe_md5_des = [&PBES2[..8], &[3]].concat();
    let parameters = sequence(&[&octets(&[0; 8]), &integer(&[1])]);
    lacks(&sequence(&[&algorithm(&pbe_md5_des, &parameters), &octets(&[0; 16])]), subject);
}

/// What was encrypted and is not a key is refused as what it is; what is not even DER cannot be told
/// from a wrong password.
pub fn what_is_encrypted_has_to_be_a_key_in_pkcs8(subject: &Subject) {
    for text in [&b""[..], b"\0", b"a password", &[0x30, 0x82, 0xFF, 0xFF], &[0x30, 2, 0]] {
        let found = read(&encrypted(text, subject), subject);
        assert!(matches!(refused(found), KeyError::WrongPassword), "{text:?}");
    }
    let pkcs8 = key("p-256").to_pkcs8_der().unwrap();
    let behind = [pkcs8.expose_secret(), &[0]].concat();
    let found = read(&encrypted(&behind, subject), subject);
    assert!(matches!(refused(found), KeyError::WrongPassword));
    for (text, found) in [
        (files::der("p-256-sec1.pem"), Format::Sec1),
        (files::der("p-256-spki.pem"), Format::Spki),
        (files::der("rsa-pkcs1.pem"), Format::Pkcs1),
        (encrypted(pkcs8.expose_secret(), subject), Format::EncryptedPkcs8),
    ] {
        let error = malformed(read(&encrypted(&text, subject), subject));
        assert_eq!(error.subject(), About::KeyFile(Format::Pkcs8));
        assert_eq!(error.rule(), Rule::OtherFormat { found });
    }
    let error = malformed(read(&encrypted(&sequence(&[NULL]), subject), subject));
    assert_eq!((error.subject(), error.rule()), (About::KeyFile(Format::Pkcs8), Rule::Der));
    // The checks of a key that is not encrypted are made of one that was.
    let (d, other) = (ec("p-256").d, ec("p-256"));
    let mut point = other.point;
    *point.last_mut().unwrap() ^= 1;
    let wrong = pkcs8_of(&d, &point);
    assert!(matches!(refused(read(&encrypted(&wrong, subject), subject)), KeyError::Inconsistent));
    let roca = files::der("rsa-roca-pkcs8.pem");
    assert!(matches!(refused(read(&encrypted(&roca, subject), subject)), KeyError::Weak));
}

fn pkcs8_of(d: &[u8], point: &[u8]) -> Vec<u8> {
    pkcs8(&algorithm(EC, &oid(P256)), &sec1(d, None, Some(point)))
}
