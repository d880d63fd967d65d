//! Keys between the program `openssl` and this library, in every format, both ways: what it makes is
//! read and written again octet by octet, and what is made here it accepts.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use jose::crypto::{Backend, NewKey};
use jose::error::KeyError;
use jose::jwk::{
    EcCurve, Encoding, Format, ImportError, Imported, OkpCurve, Params, PasswordEncryption,
};
use jose::{Alg, Jwk, Password, jwa::Hash};
use jose_tests::backends;

const PASSWORD: &str = "fellowship";

/// A kind of key, and how `openssl genpkey` is asked for one.
struct Kind {
    name: &'static str,
    ask: &'static [&'static str],
    new: NewKey,
}

const KINDS: &[Kind] = &[
    Kind {
        name: "RSA",
        ask: &["RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        new: NewKey::Rsa { bits: 2048 },
    },
    Kind {
        name: "P-256",
        ask: &["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        new: NewKey::Ec(EcCurve::P256),
    },
    Kind {
        name: "P-384",
        ask: &["EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
        new: NewKey::Ec(EcCurve::P384),
    },
    Kind {
        name: "P-521",
        ask: &["EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
        new: NewKey::Ec(EcCurve::P521),
    },
    Kind {
        name: "secp256k1",
        ask: &["EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
        new: NewKey::Ec(EcCurve::Secp256k1),
    },
    Kind { name: "Ed25519", ask: &["ED25519"], new: NewKey::Okp(OkpCurve::Ed25519) },
    Kind { name: "Ed448", ask: &["ED448"], new: NewKey::Okp(OkpCurve::Ed448) },
    Kind { name: "X25519", ask: &["X25519"], new: NewKey::Okp(OkpCurve::X25519) },
    Kind { name: "X448", ask: &["X448"], new: NewKey::Okp(OkpCurve::X448) },
];

impl Kind {
    fn is_ec(&self) -> bool {
        matches!(self.new, NewKey::Ec(_))
    }

    fn is_rsa(&self) -> bool {
        self.name == "RSA"
    }

    fn signs(&self) -> bool {
        !self.name.starts_with('X')
    }
}

/// Runs `openssl`, and gives what it writes.
fn openssl(args: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {args:?}: {stderr}");
    output.stdout
}

fn text(args: &[&str], input: &[u8]) -> String {
    String::from_utf8(openssl(args, input)).unwrap()
}

/// Every kind with a PKCS#8 file of such a key, made once by `openssl`.
fn files() -> impl Iterator<Item = (&'static Kind, &'static str)> {
    static FILES: OnceLock<Vec<String>> = OnceLock::new();
    let make = |kind: &Kind| text(&[&["genpkey", "-algorithm"], kind.ask].concat(), b"");
    let files = FILES.get_or_init(|| KINDS.iter().map(make).collect());
    KINDS.iter().zip(files.iter().map(String::as_str))
}

/// Every backend and every kind it knows, with a PKCS#8 file by `openssl` and the key in it.
fn every(check: impl Fn(&'static dyn Backend, &Kind, &str, &Jwk)) {
    for backend in backends() {
        let mut lacking = Vec::new();
        for (kind, file) in files() {
            match Jwk::from_pkcs8_pem(file, backend) {
                Ok(jwk) => check(backend, kind, file, &jwk),
                Err(ImportError::Key { error: KeyError::Unsupported { .. }, .. }) => {
                    lacking.push(kind.name);
                }
                Err(error) => panic!("{} {}: {error}", backend.name(), kind.name),
            }
        }
        let expected: &[&str] =
            if backend.name() == "rustcrypto" { &["Ed448", "X448"] } else { &[] };
        assert_eq!(lacking, expected, "{}", backend.name());
    }
}

fn assert_same(found: &Jwk, jwk: &Jwk, what: &str) {
    assert_eq!(found.params(), jwk.params(), "{what}");
}

fn detected(octets: &[u8], password: Option<&Password>, backend: &dyn Backend) -> Imported {
    Imported::read(octets, password, backend).unwrap()
}

/// A file of one test, because certificates are not made from pipes.
fn file(name: &str, content: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path
}

#[test]
fn pkcs8_is_read_and_written_as_openssl_writes_it() {
    every(|backend, kind, file, jwk| {
        assert_eq!(jwk.to_pkcs8_pem().unwrap().expose_secret(), file.as_bytes(), "{}", kind.name);
        let der = jwk.to_pkcs8_der().unwrap();
        assert_same(&Jwk::from_pkcs8_der(der.expose_secret(), backend).unwrap(), jwk, kind.name);
        let pem = detected(file.as_bytes(), None, backend);
        assert_eq!((pem.format(), pem.encoding()), (Format::Pkcs8, Encoding::Pem));
        let der = detected(der.expose_secret(), None, backend);
        assert_eq!((der.format(), der.encoding()), (Format::Pkcs8, Encoding::Der));
        assert_same(&der.into_jwk().unwrap(), jwk, kind.name);
    });
}

#[test]
fn spki_is_read_and_written_as_openssl_writes_it() {
    every(|backend, kind, file, jwk| {
        let public = jwk.to_public().unwrap();
        let pem = text(&["pkey", "-pubout"], file.as_bytes());
        assert_eq!(public.to_spki_pem().unwrap(), pem);
        assert_same(&Jwk::from_spki_pem(&pem, backend).unwrap(), &public, kind.name);
        let der = openssl(&["pkey", "-pubout", "-outform", "DER"], file.as_bytes());
        assert_eq!(public.to_spki_der().unwrap(), der);
        let found = detected(&der, None, backend);
        assert_eq!(found.format(), Format::Spki);
        assert_same(&found.into_jwk().unwrap(), &public, kind.name);
    });
}

#[test]
fn pkcs1_is_read_and_written_as_openssl_writes_it() {
    every(|backend, kind, file, jwk| {
        if !kind.is_rsa() {
            assert!(matches!(jwk.to_pkcs1_der(), Err(KeyError::Format { .. })), "{}", kind.name);
            return;
        }
        let pem = text(&["rsa", "-traditional"], file.as_bytes());
        assert_eq!(jwk.to_pkcs1_pem().unwrap().expose_secret(), pem.as_bytes());
        assert_same(&Jwk::from_pkcs1_pem(&pem, backend).unwrap(), jwk, "private");
        assert_eq!(detected(pem.as_bytes(), None, backend).format(), Format::Pkcs1);
        let der = openssl(&["rsa", "-traditional", "-outform", "DER"], file.as_bytes());
        assert_eq!(detected(&der, None, backend).format(), Format::Pkcs1);

        let public = jwk.to_public().unwrap();
        let pem = text(&["rsa", "-RSAPublicKey_out"], file.as_bytes());
        assert_eq!(public.to_pkcs1_public_pem().unwrap(), pem);
        assert_same(&Jwk::from_pkcs1_pem(&pem, backend).unwrap(), &public, "public");
        let der = public.to_pkcs1_public_der().unwrap();
        assert_eq!(detected(&der, None, backend).format(), Format::Pkcs1);
    });
}

#[test]
fn sec1_is_read_and_written_as_openssl_writes_it() {
    every(|backend, kind, file, jwk| {
        if !kind.is_ec() {
            assert!(matches!(jwk.to_sec1_der(), Err(KeyError::Format { .. })), "{}", kind.name);
            return;
        }
        let pem = text(&["ec"], file.as_bytes());
        assert_eq!(jwk.to_sec1_pem().unwrap().expose_secret(), pem.as_bytes());
        assert_same(&Jwk::from_sec1_pem(&pem, backend).unwrap(), jwk, kind.name);
        let der = openssl(&["ec", "-outform", "DER"], file.as_bytes());
        assert_eq!(detected(&der, None, backend).format(), Format::Sec1);
        let without_public = openssl(&["ec", "-no_public", "-outform", "DER"], file.as_bytes());
        assert!(without_public.len() < der.len());
        assert_same(&Jwk::from_sec1_der(&without_public, backend).unwrap(), jwk, kind.name);
        let compressed = openssl(&["ec", "-conv_form", "compressed"], file.as_bytes());
        let compressed = String::from_utf8(compressed).unwrap();
        assert_same(&Jwk::from_sec1_pem(&compressed, backend).unwrap(), jwk, kind.name);
    });
}

#[test]
fn the_parameters_before_an_ec_key_are_left_alone() {
    let pem = text(&["ecparam", "-genkey", "-name", "prime256v1"], b"");
    assert!(pem.starts_with("-----BEGIN EC PARAMETERS-----"));
    for backend in backends() {
        assert!(Jwk::from_sec1_pem(&pem, backend).unwrap().is_private());
        assert_eq!(detected(pem.as_bytes(), None, backend).format(), Format::Sec1);
    }
}

#[test]
fn encrypted_pkcs8_by_openssl_is_read() {
    let (ways, password): (&[&[&str]], _) = (
        &[
            &["-v2", "aes-128-cbc"],
            &["-v2", "aes-192-cbc"],
            &["-v2", "aes-256-cbc", "-iter", "10000"],
            &["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA1"],
            &["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA384"],
            &["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512"],
            &["-scrypt"],
            &["-scrypt", "-scrypt_N", "8192", "-scrypt_r", "16", "-scrypt_p", "2"],
        ],
        Password::from(PASSWORD),
    );
    every(|backend, kind, file, jwk| {
        // The ways do not depend on what is encrypted.
        for way in if kind.name == "P-256" { ways } else { &ways[..1] } {
            let args = [&["pkcs8", "-topk8", "-passout", "pass:fellowship"], *way].concat();
            let pem = text(&args, file.as_bytes());
            let read = Jwk::from_encrypted_pkcs8_pem(&pem, &password, backend).unwrap();
            assert_same(&read, jwk, kind.name);
            let found = detected(pem.as_bytes(), Some(&password), backend);
            assert_eq!(found.format(), Format::EncryptedPkcs8);
            let wrong = Jwk::from_encrypted_pkcs8_pem(&pem, &"friend".into(), backend);
            assert!(
                matches!(wrong, Err(ImportError::Key { error: KeyError::WrongPassword, .. })),
                "{way:?} {wrong:?}"
            );
        }
    });
}

#[test]
fn encrypted_pkcs8_by_an_old_cipher_is_refused_by_name() {
    let (_, file) = files().next().unwrap();
    for way in [
        &["-v1", "PBE-SHA1-3DES"][..],
        &["-v2", "des3"],
        &["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512-256"],
    ] {
        let args = [&["pkcs8", "-topk8", "-passout", "pass:fellowship"], way].concat();
        let pem = text(&args, file.as_bytes());
        for backend in backends() {
            let refused = Jwk::from_encrypted_pkcs8_pem(&pem, &PASSWORD.into(), backend);
            let Err(ImportError::Key { found, error: KeyError::Unsupported { .. }, .. }) = refused
            else {
                panic!("{way:?} {refused:?}");
            };
            assert_eq!(found.format(), Format::EncryptedPkcs8);
        }
    }
}

#[test]
fn openssl_decrypts_what_is_encrypted_here() {
    let password = Password::from(PASSWORD);
    every(|backend, kind, file, jwk| {
        for encryption in
            [PasswordEncryption::Pbkdf2 { count: 1000 }, PasswordEncryption::Scrypt { log_n: 14 }]
        {
            let pem = jwk.to_encrypted_pkcs8_pem(&password, encryption, backend).unwrap();
            let args = ["pkcs8", "-passin", "pass:fellowship"];
            assert_eq!(text(&args, pem.as_bytes()), file, "{} {encryption:?}", kind.name);
        }
    });
}

#[test]
fn openssl_accepts_the_keys_made_here_in_every_format() {
    for backend in backends() {
        for kind in KINDS {
            let Ok(params) = backend.generate(kind.new) else { continue };
            let jwk = Jwk::new(params);
            let public = jwk.to_public().unwrap();
            let mut private = vec![jwk.to_pkcs8_pem().unwrap()];
            let mut published = vec![public.to_spki_pem().unwrap()];
            if kind.is_ec() {
                private.push(jwk.to_sec1_pem().unwrap());
            }
            if kind.is_rsa() {
                private.push(jwk.to_pkcs1_pem().unwrap());
                published.push(public.to_pkcs1_public_pem().unwrap());
            }
            for pem in private {
                let spki = text(&["pkey", "-check", "-pubout"], pem.expose_secret());
                let spki = spki.strip_prefix("Key is valid\n").unwrap_or(&spki);
                assert_eq!(spki, published[0], "{}", kind.name);
            }
            for pem in &published {
                let spki = text(&["pkey", "-pubin", "-pubcheck", "-pubout"], pem.as_bytes());
                assert!(spki.ends_with(&published[0]), "{}", kind.name);
            }
        }
    }
}

#[test]
fn a_certificate_gives_its_key_and_becomes_its_x5c() {
    every(|backend, kind, key, jwk| {
        if !kind.signs() {
            return;
        }
        let path = file(&format!("{}-{}.pem", backend.name(), kind.name), key.as_bytes());
        let path = path.to_str().unwrap();
        let request = ["req", "-x509", "-key", path, "-subj", "/CN=issuer", "-days", "30"];
        let pem = text(&[&request[..], &["-text"]].concat(), b"");
        assert!(pem.starts_with("Certificate:"), "text before the block");
        let der = openssl(&[&request[..], &["-outform", "DER"]].concat(), b"");

        let public = jwk.to_public().unwrap();
        let found = Jwk::from_x509_pem(&pem, backend).unwrap();
        assert_same(&found, &public, kind.name);
        let block = text(&["x509", "-outform", "PEM"], pem.as_bytes());
        let [own] = found.x5c().unwrap() else { panic!("one certificate") };
        assert_eq!(own, &openssl(&["x509", "-outform", "DER"], pem.as_bytes()));
        let mut digest = [0; 32];
        backend.digest(Hash::Sha256, &[own], &mut digest).unwrap();
        assert_eq!(found.x5t_s256(), Some(&digest[..]));
        assert_same(&Jwk::from_x509_der(&der, backend).unwrap(), &public, kind.name);
        assert_eq!(detected(&der, None, backend).format(), Format::X509);

        let both = format!("{key}{block}");
        let found = detected(both.as_bytes(), None, backend);
        assert_eq!(found.format(), Format::Pkcs8);
        let found = found.into_jwk().unwrap();
        assert!(found.is_private() && found.x5c().is_some(), "{}", kind.name);
    });
}

#[test]
fn kinds_of_keys_that_jose_has_no_place_for_are_told_by_name() {
    for (ask, name) in [
        (&["EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"][..], "on brainpoolP256r1"),
        (&["EC", "-pkeyopt", "ec_paramgen_curve:P-224"], "on P-224"),
        (&["RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"], "of type RSASSA-PSS"),
        (&["EC", "-pkeyopt", "ec_paramgen_curve:SM2"], ""),
    ] {
        let pem = text(&[&["genpkey", "-algorithm"], ask].concat(), b"");
        for backend in backends() {
            let error = Jwk::from_pkcs8_pem(&pem, backend).unwrap_err();
            assert!(
                matches!(&error, ImportError::Key { error: KeyError::Unsupported { .. }, .. }),
                "{ask:?} {error}"
            );
            assert!(error.to_string().starts_with("PKCS#8 key"), "{error}");
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}

#[test]
fn curves_given_by_their_numbers_are_refused() {
    let ask = ["EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"];
    let pem = text(&[&["genpkey", "-algorithm"], &ask[..]].concat(), b"");
    for backend in backends() {
        let error = Jwk::from_pkcs8_pem(&pem, backend).unwrap_err();
        assert!(matches!(error, ImportError::Parse(_)), "{error}");
    }
}

#[test]
fn a_key_imported_from_a_file_signs_after_it_was_bound() {
    let (_, file) = files().find(|(kind, _)| kind.name == "P-256").unwrap();
    for backend in backends() {
        let found = detected(file.as_bytes(), None, backend).into_jwk_for(Alg::ES256).unwrap();
        let key = jose::SigningKey::from_jwk(&found, backend).unwrap();
        let token = jose::jws::sign(b"from a file", &key).unwrap();
        let public = found.to_public().unwrap();
        let key = jose::VerifyingKey::from_jwk(&public, backend).unwrap();
        assert_eq!(jose::jws::verify(&token, &key).unwrap().content(), b"from a file");
    }
}

#[test]
fn an_rsa_key_of_n_e_and_d_alone_is_completed_to_openssls_own() {
    let (_, file) = files().next().unwrap();
    for backend in backends() {
        let jwk = Jwk::from_pkcs8_pem(file, backend).unwrap();
        let Params::Rsa(rsa) = jwk.params() else { panic!("RSA") };
        let d = rsa.private().unwrap().d().expose_secret();
        let bare = jose::jwk::RsaPrivate::new(d, None);
        let bare = Jwk::new(Params::Rsa(jose::jwk::Rsa::new(rsa.n(), rsa.e(), Some(bare))));
        assert!(matches!(bare.to_pkcs8_der(), Err(KeyError::Incomplete { .. })));
        let whole = bare.complete(backend).unwrap();
        assert!(
            !text(&["pkey", "-check"], whole.to_pkcs8_pem().unwrap().expose_secret()).is_empty()
        );
        let private = |jwk: &Jwk| match jwk.params() {
            Params::Rsa(rsa) => {
                let crt = rsa.private().unwrap().crt().unwrap();
                let mut primes = [crt.p(), crt.q()].map(|p| p.expose_secret().to_vec());
                primes.sort();
                primes
            }
            _ => panic!("RSA"),
        };
        assert_eq!(private(&whole), private(&jwk));
    }
}
