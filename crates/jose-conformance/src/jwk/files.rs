//! Keys in files (RFC 5280 §4.1, RFC 5915, RFC 5958, RFC 8017 A.1, RFC 7468): what another program
//! made is read as the key it is, and written again octet by octet.

use jose_core::crypto::{Backend, CryptoError, PrivateHalf};
use jose_core::error::KeyError;
use jose_core::jwa::{Hash, SignatureAlgorithm};
use jose_core::jwe::Password;
use jose_core::jwk::{Akp, Encoding, Format, ImportError, Imported, Params};
use jose_core::{Jwk, base64url};
use serde_json::Value;

use crate::{Curve, Lack, Subject, Unapproved};

macro_rules! files {
    ($($name:literal,)+) => {
        &[$(($name, include_str!(concat!("../../vectors/keys/files/", $name))),)+]
    };
}

/// Name and text.
const FILES: &[(&str, &str)] = files![
    "chain-x509.pem",
    "chain.jwk",
    "ed25519-pkcs8.pem",
    "ed25519-spki.pem",
    "ed25519.jwk",
    "ed448-pkcs8.pem",
    "ed448-spki.pem",
    "ed448.jwk",
    "ml-dsa-44-pkcs8.pem",
    "ml-dsa-44-spki.pem",
    "ml-dsa-44.jwk",
    "ml-dsa-65-pkcs8.pem",
    "ml-dsa-65-spki.pem",
    "ml-dsa-65.jwk",
    "ml-dsa-87-pkcs8.pem",
    "ml-dsa-87-spki.pem",
    "ml-dsa-87.jwk",
    "p-256-compressed.pem",
    "p-256-des3.pem",
    "p-256-explicit.pem",
    "p-256-hybrid.pem",
    "p-256-one-round.pem",
    "p-256-pbe-sha1-3des.pem",
    "p-256-pkcs8.pem",
    "p-256-proc-type.pem",
    "p-256-rc2.pem",
    "p-256-sec1-no-public.pem",
    "p-256-sec1.pem",
    "p-256-spki.pem",
    "p-256.jwk",
    "p-384-pkcs8.pem",
    "p-384-sec1-no-public.pem",
    "p-384-sec1.pem",
    "p-384-spki.pem",
    "p-384.jwk",
    "p-521-pkcs8.pem",
    "p-521-sec1-no-public.pem",
    "p-521-sec1.pem",
    "p-521-spki.pem",
    "p-521.jwk",
    "rfc8410-spki.pem",
    "rfc8410-v1.pem",
    "rfc8410-v2.pem",
    "rfc8410.jwk",
    "rsa-e3-lcm.jwk",
    "rsa-e3-phi.jwk",
    "rsa-e3-pkcs8.pem",
    "rsa-e3-spki.pem",
    "rsa-e3.jwk",
    "rsa-e32-lcm.jwk",
    "rsa-e32-phi.jwk",
    "rsa-e32-pkcs8.pem",
    "rsa-e32-spki.pem",
    "rsa-e32.jwk",
    "rsa-lcm.jwk",
    "rsa-pbkdf2.pem",
    "rsa-phi.jwk",
    "rsa-pkcs1-public.pem",
    "rsa-pkcs1.pem",
    "rsa-pkcs8.pem",
    "rsa-roca-pkcs8.pem",
    "rsa-roca-spki.pem",
    "rsa-roca.jwk",
    "rsa-scrypt.pem",
    "rsa-spki.pem",
    "rsa-x509.pem",
    "rsa.jwk",
    "secp256k1-pkcs8.pem",
    "secp256k1-sec1-no-public.pem",
    "secp256k1-sec1.pem",
    "secp256k1-spki.pem",
    "secp256k1.jwk",
    "x25519-pkcs8.pem",
    "x25519-spki.pem",
    "x25519.jwk",
    "x448-pkcs8.pem",
    "x448-spki.pem",
    "x448.jwk",
];

pub(super) const PASSWORD: &str = "fellowship";

/// A file with a key, or with the public half of one.
#[derive(Clone, Copy)]
pub(super) struct Vector {
    /// What its files begin with.
    pub(super) key: &'static str,
    pub(super) file: &'static str,
    pub(super) format: Format,
    pub(super) public: bool,
    /// Whether we would have written the same.
    own: bool,
}

const fn vector(key: &'static str, file: &'static str, format: Format, public: bool) -> Vector {
    Vector { key, file, format, public, own: true }
}

const fn only_read(vector: Vector) -> Vector {
    Vector { own: false, ..vector }
}

/// Every file with a key that can be read.
pub(super) const VECTORS: &[Vector] = &[
    vector("rsa", "rsa-pkcs8.pem", Format::Pkcs8, false),
    vector("rsa", "rsa-pkcs1.pem", Format::Pkcs1, false),
    vector("rsa", "rsa-spki.pem", Format::Spki, true),
    vector("rsa", "rsa-pkcs1-public.pem", Format::Pkcs1, true),
    only_read(vector("rsa", "rsa-pbkdf2.pem", Format::EncryptedPkcs8, false)),
    only_read(vector("rsa", "rsa-scrypt.pem", Format::EncryptedPkcs8, false)),
    only_read(vector("rsa", "rsa-x509.pem", Format::X509, true)),
    vector("rsa-e3", "rsa-e3-pkcs8.pem", Format::Pkcs8, false),
    vector("rsa-e3", "rsa-e3-spki.pem", Format::Spki, true),
    vector("rsa-e32", "rsa-e32-pkcs8.pem", Format::Pkcs8, false),
    vector("rsa-e32", "rsa-e32-spki.pem", Format::Spki, true),
    vector("p-256", "p-256-pkcs8.pem", Format::Pkcs8, false),
    vector("p-256", "p-256-sec1.pem", Format::Sec1, false),
    only_read(vector("p-256", "p-256-sec1-no-public.pem", Format::Sec1, false)),
    vector("p-256", "p-256-spki.pem", Format::Spki, true),
    only_read(vector("p-256", "p-256-one-round.pem", Format::EncryptedPkcs8, false)),
    only_read(vector("p-256", "chain-x509.pem", Format::X509, true)),
    vector("p-384", "p-384-pkcs8.pem", Format::Pkcs8, false),
    vector("p-384", "p-384-sec1.pem", Format::Sec1, false),
    only_read(vector("p-384", "p-384-sec1-no-public.pem", Format::Sec1, false)),
    vector("p-384", "p-384-spki.pem", Format::Spki, true),
    vector("p-521", "p-521-pkcs8.pem", Format::Pkcs8, false),
    vector("p-521", "p-521-sec1.pem", Format::Sec1, false),
    only_read(vector("p-521", "p-521-sec1-no-public.pem", Format::Sec1, false)),
    vector("p-521", "p-521-spki.pem", Format::Spki, true),
    vector("secp256k1", "secp256k1-pkcs8.pem", Format::Pkcs8, false),
    vector("secp256k1", "secp256k1-sec1.pem", Format::Sec1, false),
    only_read(vector("secp256k1", "secp256k1-sec1-no-public.pem", Format::Sec1, false)),
    vector("secp256k1", "secp256k1-spki.pem", Format::Spki, true),
    vector("ed25519", "ed25519-pkcs8.pem", Format::Pkcs8, false),
    vector("ed25519", "ed25519-spki.pem", Format::Spki, true),
    vector("ed448", "ed448-pkcs8.pem", Format::Pkcs8, false),
    vector("ed448", "ed448-spki.pem", Format::Spki, true),
    vector("x25519", "x25519-pkcs8.pem", Format::Pkcs8, false),
    vector("x25519", "x25519-spki.pem", Format::Spki, true),
    vector("x448", "x448-pkcs8.pem", Format::Pkcs8, false),
    vector("x448", "x448-spki.pem", Format::Spki, true),
    vector("rfc8410", "rfc8410-v1.pem", Format::Pkcs8, false),
    only_read(vector("rfc8410", "rfc8410-v2.pem", Format::Pkcs8, false)),
    vector("rfc8410", "rfc8410-spki.pem", Format::Spki, true),
];

impl Vector {
    pub(super) fn text(&self) -> &'static str {
        text(self.file)
    }

    pub(super) fn der(&self) -> Vec<u8> {
        der(self.file)
    }

    /// The key it holds.
    pub(super) fn expected(&self) -> Jwk {
        let jwk = key(self.key);
        if self.public { jwk.to_public().unwrap() } else { jwk }
    }

    /// Why the backend does not have such keys, or does not open the file; nothing if it does.
    pub(super) fn lack(&self, subject: &Subject) -> Option<Lack> {
        let refused = match self.file {
            // Their salts have 8 octets.
            "p-256-one-round.pem" | "rsa-pbkdf2.pem" => subject.refuses(Unapproved::Guessable),
            "rsa-scrypt.pem" => subject.refuses(Unapproved::Scrypt),
            _ => false,
        };
        if refused { Some(Lack::NotApproved) } else { lack(self.key, subject) }
    }

    /// Reads it by the function of its format.
    pub(super) fn read_pem(&self, subject: &Subject) -> Result<Jwk, ImportError> {
        let (text, backend) = (self.text(), subject.backend());
        match self.format {
            Format::EncryptedPkcs8 => {
                Jwk::from_encrypted_pkcs8_pem(text, &PASSWORD.into(), backend)
            }
            Format::Pkcs1 => Jwk::from_pkcs1_pem(text, backend),
            Format::Pkcs8 => Jwk::from_pkcs8_pem(text, backend),
            Format::Sec1 => Jwk::from_sec1_pem(text, backend),
            Format::Spki => Jwk::from_spki_pem(text, backend),
            Format::X509 => Jwk::from_x509_pem(text, backend),
            other => panic!("{other} is no PEM"),
        }
    }
}

/// Why the backend has no keys like the one of that name; nothing if it has.
pub(super) fn lack(name: &str, subject: &Subject) -> Option<Lack> {
    match name {
        "ed25519" | "rfc8410" => subject.lack(SignatureAlgorithm::Ed25519),
        "ed448" => subject.lack(SignatureAlgorithm::Ed448),
        "x25519" => subject.lack_of_curve(Curve::X25519),
        "x448" => subject.lack_of_curve(Curve::X448),
        "secp256k1" => subject.lack(SignatureAlgorithm::ES256K),
        _ => None,
    }
}

/// Whether the backend has keys like the one of that name. One that has none is seen to say so.
#[track_caller]
pub(super) fn has(name: &str, subject: &Subject) -> bool {
    let Some(lack) = lack(name, subject) else { return true };
    for jwk in [key(name), key(name).to_public().unwrap()] {
        let refused = jwk.complete(subject.backend()).unwrap_err();
        assert!(lack.is(&refused), "{name}: {refused:?}");
    }
    false
}

/// Those whose kind of key the backend has.
pub(super) fn vectors(subject: &Subject) -> impl Iterator<Item = &'static Vector> {
    let subject = *subject;
    VECTORS.iter().filter(move |vector| vector.lack(&subject).is_none())
}

/// Reads `der` by the function of the format.
pub(super) fn read_der(
    format: Format,
    der: &[u8],
    backend: &dyn Backend,
) -> Result<Jwk, ImportError> {
    match format {
        Format::EncryptedPkcs8 => Jwk::from_encrypted_pkcs8_der(der, &PASSWORD.into(), backend),
        Format::Pkcs1 => Jwk::from_pkcs1_der(der, backend),
        Format::Pkcs8 => Jwk::from_pkcs8_der(der, backend),
        Format::Sec1 => Jwk::from_sec1_der(der, backend),
        Format::Spki => Jwk::from_spki_der(der, backend),
        Format::X509 => Jwk::from_x509_der(der, backend),
        other => panic!("{other} is no DER"),
    }
}

/// Tells what `octets` are, and knows the password.
pub(super) fn detect(octets: &[u8], backend: &dyn Backend) -> Result<Imported, ImportError> {
    Imported::read(octets, Some(&Password::from(PASSWORD)), backend)
}

pub(super) fn text(name: &str) -> &'static str {
    let found = FILES.iter().find(|(own, _)| *own == name);
    found.unwrap_or_else(|| panic!("no file {name}")).1
}

/// The octets within the first block of a PEM file.
pub(super) fn der(name: &str) -> Vec<u8> {
    let block = text(name).split_once("-----BEGIN ").unwrap().1;
    let body = block.split_once("-----\n").unwrap().1.split_once("-----END ").unwrap().0;
    let body = body.replace('\n', "").replace('+', "-").replace('/', "_");
    base64url::decode(body.trim_end_matches('=').as_bytes()).unwrap()
}

/// The key of that name, private.
pub(super) fn key(name: &str) -> Jwk {
    text(&format!("{name}.jwk")).parse().unwrap()
}

pub(super) fn json(jwk: &Jwk) -> Value {
    serde_json::from_slice(jwk.expose_secret_json().expose_secret()).unwrap()
}

/// A key in a file is the one that another program put there.
pub fn a_key_in_a_file_is_the_key_it_was(subject: &Subject) {
    for vector in vectors(subject) {
        let found = vector.read_pem(subject).unwrap_or_else(|e| panic!("{}: {e}", vector.file));
        assert_eq!(found.params(), vector.expected().params(), "{}", vector.file);
        let found = read_der(vector.format, &vector.der(), subject.backend()).unwrap();
        assert_eq!(found.params(), vector.expected().params(), "{}", vector.file);
        assert_eq!((found.alg(), found.kid(), found.key_use()), (None, None, None));
    }
}

/// What is written is what the other program wrote, to the last octet.
pub fn a_key_is_written_as_another_program_writes_it(subject: &Subject) {
    for vector in VECTORS.iter().filter(|vector| vector.own) {
        let jwk = vector.expected();
        let (pem, der) = match (vector.format, vector.public) {
            (Format::Pkcs1, false) => (jwk.to_pkcs1_pem().unwrap(), jwk.to_pkcs1_der().unwrap()),
            (Format::Pkcs1, true) => (
                jwk.to_pkcs1_public_pem().unwrap().into_bytes().into(),
                jwk.to_pkcs1_public_der().unwrap().into(),
            ),
            (Format::Pkcs8, _) => (jwk.to_pkcs8_pem().unwrap(), jwk.to_pkcs8_der().unwrap()),
            (Format::Sec1, _) => (jwk.to_sec1_pem().unwrap(), jwk.to_sec1_der().unwrap()),
            _ => {
                (jwk.to_spki_pem().unwrap().into_bytes().into(), jwk.to_spki_der().unwrap().into())
            }
        };
        assert_eq!(pem.expose_secret(), vector.text().as_bytes(), "{}", vector.file);
        assert_eq!(der.expose_secret(), vector.der(), "{}", vector.file);
    }
    // The forms that leave something out give the same key, and so are written in full.
    for (short, long) in [
        ("p-256-sec1-no-public.pem", "p-256-sec1.pem"),
        ("p-521-sec1-no-public.pem", "p-521-sec1.pem"),
    ] {
        let jwk = Jwk::from_sec1_pem(text(short), subject.backend()).unwrap();
        assert_eq!(jwk.to_sec1_pem().unwrap().expose_secret(), text(long).as_bytes());
    }
}

/// What a file is can be told, in PEM and in DER.
pub fn the_format_of_a_file_is_told(subject: &Subject) {
    for vector in vectors(subject) {
        let pem = detect(vector.text().as_bytes(), subject.backend()).unwrap();
        assert_eq!((pem.format(), pem.encoding()), (vector.format, Encoding::Pem));
        assert_eq!(pem.into_jwk().unwrap().params(), vector.expected().params());
        let der = detect(&vector.der(), subject.backend()).unwrap();
        assert_eq!((der.format(), der.encoding()), (vector.format, Encoding::Der));
        assert_eq!(der.into_jwk().unwrap().params(), vector.expected().params());
    }
    for name in ["rsa", "p-256", "ed25519"].into_iter().filter(|name| has(name, subject)) {
        let jwk = detect(text(&format!("{name}.jwk")).as_bytes(), subject.backend()).unwrap();
        assert_eq!((jwk.format(), jwk.encoding()), (Format::Jwk, Encoding::Json));
        assert_eq!(jwk.into_jwk().unwrap(), key(name));
    }
}

/// A kind of key that the backend is known to lack is not imported without the checks that it takes.
pub fn a_kind_of_key_that_is_lacking_is_not_imported(subject: &Subject) {
    for (vector, lack) in VECTORS.iter().filter_map(|own| Some((own, own.lack(subject)?))) {
        let detected = detect(&vector.der(), subject.backend()).map(drop);
        for refused in [vector.read_pem(subject).map(drop), detected] {
            let Err(ImportError::Key { found, error, .. }) = refused else {
                panic!("{}: {refused:?}", vector.file);
            };
            assert!(lack.is(&error), "{}: {error:?}", vector.file);
            assert_eq!(found.format(), vector.format);
            // What is not opened does not tell what is in it.
            let kind = if vector.key == "rfc8410" { "ed25519" } else { vector.key };
            let told = found.kind().map(|told| told.eq_ignore_ascii_case(kind));
            let expected = vector.format != Format::EncryptedPkcs8;
            assert_eq!(told, expected.then_some(true), "{}", vector.file);
        }
    }
}

/// A chain of certificates, amid the text that says what is in them, gives the key of the first with
/// all of them, and the digest of the first.
pub fn a_chain_of_certificates_gives_one_key(subject: &Subject) {
    let chain = text("chain-x509.pem");
    assert!(chain.starts_with("Certificate:") && chain.matches("BEGIN").count() == 2);
    let jwk = Jwk::from_x509_pem(chain, subject.backend()).unwrap();
    let expected: Value = serde_json::from_str(text("chain.jwk")).unwrap();
    assert_eq!(json(&jwk), expected);
    assert_eq!(jwk.x5c().unwrap().len(), 2);
    // In DER there is one only.
    let leaf = Jwk::from_x509_der(&der("chain-x509.pem"), subject.backend()).unwrap();
    assert_eq!(leaf.x5c().unwrap(), &jwk.x5c().unwrap()[..1]);
    assert_eq!(leaf.x5t_s256(), jwk.x5t_s256());
}

/// RFC 7517 Appendix B: the certificate is that of the key beside it, and of no other.
pub fn the_certificate_of_rfc_7517_is_of_its_key(subject: &Subject) {
    let line = include_str!("../../vectors/rfc7517/b.txt").lines().last().unwrap();
    let jwk: Jwk = line.strip_prefix("key: ").unwrap().parse().unwrap();
    let found = Jwk::from_x509_der(&jwk.x5c().unwrap()[0], subject.backend()).unwrap();
    assert_eq!(found.params(), jwk.params());
    assert_eq!(found.x5c(), jwk.x5c());
    let chain = jwk.x5c().unwrap().to_vec();
    assert_eq!(jwk.clone().with_x5c(chain.clone(), subject.backend()).unwrap().x5c(), jwk.x5c());
    let refused = key("rsa").with_x5c(chain, subject.backend());
    assert!(matches!(refused, Err(ImportError::Key { error: KeyError::Inconsistent, .. })));
}

/// Knows ML-DSA by heart: the keys of the seed of zeros.
#[derive(Debug)]
struct MlDsa;

impl Backend for MlDsa {
    fn name(&self) -> &'static str {
        "ML-DSA of zeros"
    }

    fn complete(&self, half: PrivateHalf<'_>) -> Result<Params, KeyError> {
        let PrivateHalf::Akp { alg, seed } = half else { panic!("{half:?}") };
        assert_eq!(seed.expose_secret(), [0; 32]);
        Ok(key(&alg.name().to_ascii_lowercase()).params().clone())
    }

    fn check_public(&self, params: &Params) -> Result<(), KeyError> {
        assert!(matches!(params, Params::Akp(_)));
        Ok(())
    }

    fn digest(&self, _: Hash, _: &[&[u8]], _: &mut [u8]) -> Result<(), CryptoError> {
        Err(CryptoError::default())
    }

    fn random(&self, _: &mut [u8]) -> Result<(), CryptoError> {
        Err(CryptoError::default())
    }
}

/// An ML-DSA key in a file (RFC 9881 §4, §6) is read and written, by a backend that has such keys; any
/// other says that it has none.
pub fn an_ml_dsa_key_in_a_file_is_read_by_a_backend_that_has_such_keys(subject: &Subject) {
    for name in ["ml-dsa-44", "ml-dsa-65", "ml-dsa-87"] {
        let expected = key(name);
        let (pkcs8, spki) = (format!("{name}-pkcs8.pem"), format!("{name}-spki.pem"));
        let found = Jwk::from_pkcs8_pem(text(&pkcs8), &MlDsa).unwrap();
        assert_eq!(found.params(), expected.params());
        assert_eq!(found.to_pkcs8_pem().unwrap().expose_secret(), text(&pkcs8).as_bytes());
        let public = Jwk::from_spki_pem(text(&spki), &MlDsa).unwrap();
        assert_eq!(public.params(), expected.to_public().unwrap().params());
        assert_eq!(public.to_spki_pem().unwrap(), text(&spki));
        for (file, format) in [(&pkcs8, Format::Pkcs8), (&spki, Format::Spki)] {
            assert_eq!(Imported::read(&der(file), None, &MlDsa).unwrap().format(), format);
            match read_der(format, &der(file), subject.backend()) {
                Ok(jwk) => {
                    let expected = read_der(format, &der(file), &MlDsa).unwrap();
                    assert_eq!(jwk.params(), expected.params());
                }
                Err(ImportError::Key { found, error: KeyError::Unsupported { .. }, .. }) => {
                    assert_eq!(
                        found.to_string(),
                        format!("{format} key of type {}", name.to_ascii_uppercase())
                    );
                }
                Err(other) => panic!("{file}: {other:?}"),
            }
        }
        let Params::Akp(akp) = expected.params() else { panic!() };
        let another = Akp::new(akp.alg(), vec![1; akp.public().len()], akp.private().cloned());
        let refused = Jwk::new(Params::Akp(another.unwrap())).check_consistency(&MlDsa);
        assert!(matches!(refused, Err(KeyError::Inconsistent)), "another's public half");
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::FILES;

    #[test]
    fn every_key_in_the_folder_is_in_the_list() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/keys/files");
        let names = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name());
        let names = names.map(|name| name.into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name != "README.md").collect();
        names.sort_unstable();
        let listed: Vec<_> = FILES.iter().map(|(name, _)| *name).collect();
        assert_eq!(listed, names);
    }
}
