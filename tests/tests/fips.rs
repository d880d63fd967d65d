//! A FIPS provider beside OpenSSL's others: what is said of it, what it leaves alone, and what becomes of
//! one that is not there or broken.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jose::crypto::Backend;
use jose::error::KeyError;
use jose::jwa::{Alg, ContentEncryption, Hash, KeyManagementAlgorithm, SignatureAlgorithm};
use jose::jwk::{Generator, OkpCurve};
use jose::openssl::{FipsConfig, FipsError, fips, fips_from};
use jose::{DecryptionKey, EncryptionKey, Jwk, OPENSSL, SigningKey, VerifyingKey, jwe, jws};
use jose_tests::fips::{config, directory};

/// The backend in the module: whatever happened before in this process, it is there.
fn module() -> &'static dyn Backend {
    fips_from(&config()).unwrap_or_else(|error| panic!("{error:?}"))
}

fn refused(config: &FipsConfig) -> FipsError {
    let error = fips_from(config).map(Backend::fips_status).unwrap_err();
    assert_eq!(error.code(), "ERR_FIPS_UNAVAILABLE");
    error
}

/// Runs `test` in a process of its own with these variables, because of what it does to its process.
/// `name` is that of the test that calls this.
#[track_caller]
fn alone(name: &str, variables: &[(&str, PathBuf)], test: impl FnOnce()) {
    const INSIDE: &str = "JOSE_FIPS_ALONE";
    if std::env::var_os(INSIDE).is_some() {
        return test();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([name, "--exact", "--nocapture"]).env(INSIDE, "1");
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    let output = command.output().unwrap();
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.contains("1 passed"), "no test is called {name}: {out}");
}

/// A directory of this test's, empty.
fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _not_there = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

/// A configuration whose only provider is `provider`, with these lines in its section.
fn written(directory: &Path, provider: &str, section: &str) -> FipsConfig {
    let file = directory.join("openssl.cnf");
    let text = format!(
        "openssl_conf = init\n[init]\nproviders = providers\n[providers]\n{provider} = section\n\
         [section]\nactivate = 1\n{section}\n"
    );
    fs::write(&file, text).unwrap();
    FipsConfig::new(file).modules(directory)
}

/// The line of the installed module's section that this begins.
fn installed(member: &str) -> String {
    let text = fs::read_to_string(directory().join("fipsmodule.cnf")).unwrap();
    text.lines().find(|line| line.starts_with(member)).unwrap().to_owned()
}

#[test]
fn the_module_is_named() {
    let status = module().fips_status();
    let named = status.module().unwrap();
    assert!(status.is_fips());
    assert_eq!(named.name, "OpenSSL FIPS Provider");
    assert!(named.version.starts_with("3."), "{status}");
    assert!(named.library.starts_with("OpenSSL 3."), "{status}");
    assert_eq!(module().name(), "openssl-fips");
    for part in [&named.name, &named.version, &named.library] {
        assert!(status.to_string().contains(part), "{status}");
    }
}

#[test]
fn what_is_approved_is_had_from_the_module() {
    let signatures = SignatureAlgorithm::ALL.iter().map(|alg| Alg::from(*alg));
    let managements = KeyManagementAlgorithm::ALL.iter().map(|alg| Alg::from(*alg));
    let encryptions = ContentEncryption::ALL.iter().map(|alg| Alg::from(*alg));
    let mut usable = 0;
    for alg in signatures.chain(managements).chain(encryptions) {
        let approval = module().approval(alg, None);
        // What is not approved is so by a rule, and not for having come from elsewhere.
        assert_ne!(approval.reason(), Some("the module does not have it"), "{alg}");
        usable += usize::from(approval.is_usable());
        assert!(!OPENSSL.approval(alg, None).is_usable(), "{alg}");
    }
    assert!(usable >= 34, "{usable}");
}

#[test]
fn the_same_configuration_gives_the_same_backend() {
    let [one, two] = [(); 2].map(|()| fips_from(&config()).unwrap());
    assert!(core::ptr::addr_eq(one, two));
    let elsewhere = std::thread::spawn(|| core::ptr::from_ref(module()).addr()).join().unwrap();
    assert_eq!(core::ptr::from_ref(one).addr(), elsewhere);
}

#[test]
fn the_rest_of_the_process_goes_on_as_before() {
    alone("the_rest_of_the_process_goes_on_as_before", &[], || {
        for after in [false, true] {
            if after {
                assert!(module().fips_status().is_fips());
            }
            assert!(!OPENSSL.fips_status().is_fips(), "{}", OPENSSL.fips_status());
            assert_eq!(OPENSSL.name(), "openssl");
            let jwk = Jwk::generate(Alg::Ed25519, OPENSSL).unwrap();
            let token = jws::sign(b"x", &SigningKey::from_jwk(&jwk, OPENSSL).unwrap()).unwrap();
            let key = VerifyingKey::from_jwk(&jwk.to_public().unwrap(), OPENSSL).unwrap();
            assert!(jws::verify(&token, &key).is_ok());
            let jwk = Generator::new(Alg::ECDH_ES).curve(OkpCurve::X25519).generate(OPENSSL);
            let jwk = jwk.unwrap();
            let to = EncryptionKey::from_jwk(&jwk.to_public().unwrap(), OPENSSL).unwrap();
            let from = DecryptionKey::from_jwk(&jwk, OPENSSL).unwrap();
            let token = jwe::encrypt(b"x", &to).unwrap();
            assert_eq!(jwe::decrypt(&token, &from).unwrap().content(), b"x");
            if after {
                let refused = EncryptionKey::from_jwk(&jwk.to_public().unwrap(), module());
                assert!(matches!(refused, Err(KeyError::NotApproved { .. })), "{refused:?}");
            }
        }
    });
}

#[test]
fn tokens_go_both_ways_between_the_module_and_the_rest() {
    for alg in [Alg::HS256, Alg::RS256, Alg::PS384, Alg::ES256, Alg::ES512] {
        let jwk = Jwk::generate(alg, module()).unwrap();
        let public = jwk.to_public().unwrap_or_else(|_| jwk.clone());
        for (signing, verifying) in [(module(), OPENSSL), (OPENSSL, module())] {
            let token = jws::sign(b"x", &SigningKey::from_jwk(&jwk, signing).unwrap()).unwrap();
            let key = VerifyingKey::from_jwk(&public, verifying).unwrap();
            assert_eq!(jws::verify(&token, &key).unwrap().content(), b"x");
        }
    }
}

#[test]
fn a_file_that_is_not_there_is_told() {
    alone("a_file_that_is_not_there_is_told", &[], || {
        let missing = directory().join("no-such.cnf");
        let error = refused(&FipsConfig::new(&missing).modules(directory()));
        let FipsError::Config { file, .. } = &error else { panic!("{error:?}") };
        assert_eq!(*file, missing);
        assert!(error.to_string().contains("no-such.cnf"), "{error}");
        assert!(module().fips_status().is_fips());
    });
}

#[test]
fn a_file_that_is_no_configuration_is_told() {
    alone("a_file_that_is_no_configuration_is_told", &[], || {
        let scratch = scratch("no-configuration");
        let file = scratch.join("openssl.cnf");
        fs::write(&file, "[unclosed\n").unwrap();
        let error = refused(&FipsConfig::new(&file));
        assert!(matches!(&error, FipsError::Config { file: own, .. } if *own == file), "{error:?}");
        assert!(module().fips_status().is_fips());
    });
}

#[test]
fn a_configuration_without_the_provider_is_told() {
    alone("a_configuration_without_the_provider_is_told", &[], || {
        let scratch = scratch("without-provider");
        for provider in ["default", "base", "null", "of-another-name"] {
            let error = refused(&written(&scratch, provider, ""));
            let FipsError::Missing { file, what } = &error else { panic!("{provider}: {error:?}") };
            assert_eq!((file, *what), (&scratch.join("openssl.cnf"), "SHA2-256"));
            assert!(error.to_string().contains("openssl fipsinstall"), "{error}");
            // A file that has changed is another question; and this is the same one again.
            assert!(matches!(refused(&written(&scratch, provider, "")), FipsError::Missing { .. }));
        }
        assert!(module().fips_status().is_fips());
    });
}

#[test]
fn a_module_that_is_not_there_is_told() {
    alone("a_module_that_is_not_there_is_told", &[], || {
        let scratch = scratch("without-module");
        let error = refused(&written(&scratch, "fips", &installed("module-mac")));
        assert!(matches!(error, FipsError::Missing { what: "SHA2-256", .. }), "{error:?}");
        assert!(module().fips_status().is_fips());
    });
}

#[test]
fn a_module_that_was_changed_is_not_loaded() {
    alone("a_module_that_was_changed_is_not_loaded", &[], || {
        let scratch = scratch("changed-module");
        let mut octets = fs::read(directory().join("fips.so")).unwrap();
        // One that is still a library: an octet of a text.
        let place = octets.windows(21).position(|part| part == b"OpenSSL FIPS Provider").unwrap();
        octets[place] ^= 0x20;
        fs::write(scratch.join("fips.so"), &octets).unwrap();
        let error = refused(&written(&scratch, "fips", &installed("module-mac")));
        assert!(matches!(error, FipsError::Missing { what: "SHA2-256", .. }), "{error:?}");
        assert!(module().fips_status().is_fips(), "another file is another module");
    });
}

#[test]
fn a_module_that_is_no_library_is_not_loaded() {
    alone("a_module_that_is_no_library_is_not_loaded", &[], || {
        let scratch = scratch("no-library");
        fs::write(scratch.join("fips.so"), b"no library").unwrap();
        let error = refused(&written(&scratch, "fips", &installed("module-mac")));
        assert!(matches!(error, FipsError::Missing { what: "SHA2-256", .. }), "{error:?}");
        assert!(module().fips_status().is_fips());
    });
}

/// As OpenSSL has it: a module that was loaded without what `openssl fipsinstall` writes goes into its
/// error state until the process ends. Then there is none, and nothing takes its place.
#[test]
fn a_module_that_is_not_installed_stays_in_its_error_state() {
    alone("a_module_that_is_not_installed_stays_in_its_error_state", &[], || {
        error_state("not-installed", "");
    });
}

#[test]
fn a_module_that_is_not_the_installed_one_stays_in_its_error_state() {
    alone("a_module_that_is_not_the_installed_one_stays_in_its_error_state", &[], || {
        error_state("not-the-installed", "module-mac = 00:11:22");
    });
}

fn error_state(name: &str, section: &str) {
    let scratch = scratch(name);
    written(&scratch, "fips", section);
    let file = scratch.join("openssl.cnf");
    for config in [FipsConfig::new(file).modules(directory()), config()] {
        let error = refused(&config);
        assert!(matches!(error, FipsError::Missing { what: "SHA2-256", .. }), "{error:?}");
    }
    assert!(Jwk::generate(Alg::Ed25519, OPENSSL).is_ok(), "the rest goes on");
}

/// The proof that nothing is computed in the default context where the module is asked: there the null
/// provider is all there is. The conformance suite is run under it too.
#[test]
fn the_module_needs_no_other_provider() {
    let scratch = scratch("null");
    written(&scratch, "null", "");
    let variables = [("OPENSSL_CONF", scratch.join("openssl.cnf"))];
    alone("the_module_needs_no_other_provider", &variables, || {
        let refused = Jwk::generate(Alg::ES256, OPENSSL);
        assert!(refused.is_err(), "{refused:?}");
        assert!(OPENSSL.digest(Hash::Sha256, &[b"x"], &mut [0; 32]).is_err());
        let jwk = Jwk::generate(Alg::ES256, module()).unwrap();
        assert!(jws::sign(b"x", &SigningKey::from_jwk(&jwk, module()).unwrap()).is_ok());
    });
}

#[test]
fn a_process_that_is_configured_for_fips_is_recognised() {
    let variables =
        [("OPENSSL_CONF", directory().join("openssl.cnf")), ("OPENSSL_MODULES", directory())];
    alone("a_process_that_is_configured_for_fips_is_recognised", &variables, || {
        let status = OPENSSL.fips_status();
        assert!(status.is_fips(), "{status}");
        assert_eq!(status, module().fips_status());
        // The system's file is this one, which is how a deployer has it.
        assert_eq!(fips().unwrap().fips_status(), status);
        for alg in [Alg::from(Alg::ES256K), Alg::RSA1_5.into()] {
            assert!(!OPENSSL.approval(alg, None).is_usable(), "{alg}");
        }
        for alg in [Alg::ES256, Alg::PS256, Alg::HS512] {
            assert!(OPENSSL.approval(alg.into(), None).is_usable(), "{alg}");
        }
        let jwk = Jwk::generate(Alg::ES256, OPENSSL).unwrap();
        assert!(jws::sign(b"x", &SigningKey::from_jwk(&jwk, OPENSSL).unwrap()).is_ok());
    });
}

#[test]
fn a_system_without_the_provider_has_no_fips_backend() {
    let scratch = scratch("system-without");
    written(&scratch, "default", "");
    let variables = [("OPENSSL_CONF", scratch.join("openssl.cnf"))];
    alone("a_system_without_the_provider_has_no_fips_backend", &variables, || {
        let error = fips().map(Backend::fips_status).unwrap_err();
        // An OpenSSL that is linked in has none of its own, and that is the reason then.
        let vendored = cfg!(feature = "openssl-vendored");
        let as_expected = match error {
            FipsError::Missing { .. } => !vendored,
            FipsError::Vendored => vendored,
            _ => false,
        };
        assert!(as_expected, "{error:?}");
        assert!(!OPENSSL.fips_status().is_fips());
        assert!(Jwk::generate(Alg::Ed25519, OPENSSL).is_ok());
    });
}

/// A configuration of the installed module, with these lines in its section.
fn activated(directory: &Path, section: &str) -> FipsConfig {
    let module = format!("module = {}/fips.so", self::directory().display());
    let section = format!("{module}\n{}\n{section}", installed("module-mac"));
    written(directory, "fips", &section)
}

#[test]
fn a_random_generator_of_another_provider_is_noticed() {
    let name = "a_random_generator_of_another_provider_is_noticed";
    alone(name, &[], || {
        let directory = scratch("generator");
        let config = activated(&directory, "");
        let file = directory.join("openssl.cnf");
        let text = fs::read_to_string(&file).unwrap();
        let text = text
            .replace("[init]\n", "[init]\nrandom = random\n")
            .replace("[providers]\n", "[providers]\ndefault = ordinary\n");
        let random = "[ordinary]\nactivate = 1\n[random]\nrandom = CTR-DRBG\n\
                      properties = provider=default,-fips\n";
        fs::write(&file, format!("{text}{random}")).unwrap();
        let error = refused(&config);
        assert!(
            matches!(&error, FipsError::Elsewhere { what: "random octets", provider }
                if provider == "default"),
            "{error:?}"
        );
    });
}

#[test]
fn a_module_without_its_checks_is_refused() {
    let name = "a_module_without_its_checks_is_refused";
    alone(name, &[], || {
        let config = activated(&scratch("unchecked"), "security-checks = 0");
        let error = refused(&config);
        assert!(matches!(error, FipsError::Weakened { .. }), "{error:?}");
    });
}

#[test]
fn a_key_that_is_not_for_an_algorithm_is_not_approved_for_it() {
    let secp256k1 = Jwk::generate(Alg::ES256K, OPENSSL).unwrap();
    let short = Jwk::from_secret_octets([7; 1]).unwrap();
    for (alg, jwk) in [
        (Alg::from(Alg::ECDH_ES), &secp256k1),
        (Alg::ES256.into(), &secp256k1),
        (Alg::ECDH_ES.into(), &short),
        (Alg::HS256.into(), &short),
    ] {
        let approval = module().approval(alg, Some(jwk.params()));
        assert_eq!(approval.reason(), Some("not a key for this algorithm"), "{alg}");
        assert!(!approval.is_usable());
    }
}

#[test]
fn the_view_bounds_passwords_where_the_whole_process_is_fips() {
    use jose::crypto::RequireApproved;
    let variables =
        [("OPENSSL_CONF", directory().join("openssl.cnf")), ("OPENSSL_MODULES", directory())];
    alone("the_view_bounds_passwords_where_the_whole_process_is_fips", &variables, || {
        static VIEW: RequireApproved = RequireApproved::new(OPENSSL);
        let alg = KeyManagementAlgorithm::PBES2_HS256_A128KW;
        let derive = |password: &str, salt: &[u8], count| {
            jose::Password::from(password).derive_key(alg, salt, count, &VIEW)
        };
        assert!(derive("long enough", &[1; 16], 1000).is_ok());
        for refused in [derive("x", &[1; 16], 1000), derive("long enough", &[1; 8], 1000)] {
            assert!(matches!(refused, Err(KeyError::NotApproved { .. })), "{refused:?}");
        }
    });
}
