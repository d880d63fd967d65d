//! `jose jwk`.

use crate::common::{backends, jose, jose_with, key};

const PASSWORD: [(&str, &str); 1] = [("JOSE_TEST_PASSWORD", "correct horse battery staple")];
const ASK: [&str; 2] = ["--password-env", "JOSE_TEST_PASSWORD"];

#[test]
fn a_generated_key_names_its_algorithm_and_itself() {
    for backend in backends() {
        let jwk: serde_json::Value = serde_json::from_str(&key("ES256", backend)).unwrap();
        assert_eq!((&jwk["alg"], &jwk["crv"]), (&"ES256".into(), &"P-256".into()));
        assert_eq!(jwk["kid"].as_str().unwrap().len(), 43);
    }
}

#[test]
fn a_template_as_latchsets_program_takes_it_makes_exactly_such_a_key() {
    for backend in backends() {
        let template = |json: &str| {
            let jwk = jose(&["jwk", "gen", "-i", json, "--backend", backend], "").json();
            let wanted: serde_json::Value = serde_json::from_str(json).unwrap();
            for (name, value) in wanted.as_object().unwrap() {
                match name.as_str() {
                    "bytes" => {
                        let octets = jwk["k"].as_str().unwrap().len() * 3 / 4;
                        assert_eq!(octets, usize::try_from(value.as_u64().unwrap()).unwrap());
                    }
                    "bits" => assert_eq!(jwk["n"].as_str().unwrap().len(), 342),
                    _ => assert_eq!(&jwk[name], value, "{json}"),
                }
            }
            jwk
        };
        template(r#"{"alg":"HS256"}"#);
        template(r#"{"alg":"HS256","bytes":64,"kid":"a"}"#);
        template(r#"{"alg":"ES256","kty":"EC","crv":"P-256","use":"sig"}"#);
        template(r#"{"alg":"ECDH-ES","crv":"X25519","key_ops":["deriveKey"]}"#);
        template(r#"{"alg":"RS256","bits":2048}"#);
        template(r#"{"kty":"RSA","bits":2048,"kid":"a"}"#);
        let jwk = template(r#"{"kty":"oct","bytes":24,"key_ops":["sign","verify"]}"#);
        assert!(jwk.get("alg").is_none() && jwk.get("kid").is_none());
        template(r#"{"kty":"EC","crv":"P-384","use":"enc"}"#);
        template(r#"{"kty":"OKP","crv":"Ed25519"}"#);
    }
}

#[test]
fn a_template_is_read_from_a_file_too() {
    let template = r#"{"alg":"ES256","kid":"from a file"}"#;
    assert_eq!(jose(&["jwk", "gen", "-i", "-"], template).json()["kid"], "from a file");
    jose(&["jwk", "gen", "-i", "-"], r#"{"alg":"ES256","d":"AA"}"#).fails(4);
}

#[test]
fn a_template_that_cannot_be_honoured_exactly_is_refused() {
    for backend in backends() {
        for (template, named) in [
            (r#"{"alg":"HS256","k":"AA"}"#, "`k` is a secret"),
            (r#"{"kty":"EC","crv":"P-256","d":"AA"}"#, "`d` is a secret"),
            (r#"{"alg":"ES256","x5u":"https://idp.example"}"#, "x5u"),
            (r#"{"alg":"ES256","kty":"RSA"}"#, "of type \"RSA\""),
            (r#"{"alg":"ES256","crv":"P-384"}"#, "on \"P-384\""),
            (r#"{"alg":"ES256","bytes":32}"#, "octets"),
            (r#"{"alg":"ES256","bits":2048}"#, "bits"),
            (r#"{"alg":"ES256","use":"enc"}"#, "`use`"),
            (r#"{"alg":"ES256","key_ops":["wrapKey"]}"#, "`key_ops`"),
            (r#"{"kty":"oct"}"#, "number of its octets"),
            (r#"{"kty":"oct","bytes":32,"crv":"P-256"}"#, "nothing else"),
            (r#"{"kty":"EC","crv":"Ed25519"}"#, "not a curve of EC"),
            (r#"{"kty":"EC","crv":"P-1"}"#, "P-1"),
            (r#"{"kty":"unknown"}"#, "unknown"),
            (r#"{"kid":"a"}"#, "an algorithm or a type"),
        ] {
            let told = jose(&["jwk", "gen", "-i", template, "--backend", backend], "").fails(2);
            assert!(told.contains(named), "{template}: {told}");
        }
        let short = r#"{"alg":"HS512","bytes":32}"#;
        jose(&["jwk", "gen", "-i", short, "--backend", backend], "").fails(5);
    }
    jose(&["jwk", "gen", "-i", r#"{"alg":"ES256"}"#, "--kid", "a"], "").fails(2);
    jose(&["jwk", "gen", "-i", r#"{"alg":"ES256","kid":"a"}"#, "--no-kid"], "").fails(2);
}

#[test]
fn options_as_latchsets_program_has_them_name_the_same_files() {
    let directory = tempfile::tempdir().unwrap();
    let put = |name: &str, content: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    for backend in backends() {
        let key = put("key", key("ES256", backend).as_bytes());
        for (theirs, ours) in [
            (&["jwk", "pub", "-i", &key][..], &["jwk", "pub", &key][..]),
            (&["jwk", "thp", "-i", &key, "-a", "S256"], &["jwk", "thp", &key]),
            (&["jwk", "use", "-i", &key, "-u", "sign"], &["jwk", "use", "--use", "sign", &key]),
            (&["b64", "enc", "-I", &key], &["b64", "enc", &key]),
        ] {
            let run = |args: &[&str]| jose(&[args, &["--backend", backend]].concat(), "").ok();
            assert_eq!(run(theirs), run(ours), "{theirs:?}");
        }
        jose(&["jwk", "pub", "-i", &key, &key], "").fails(2);
    }
    let text = put("text", b"AP8H\n");
    assert_eq!(jose(&["b64", "dec", "-i", &text], "").ok(), [0, 0xFF, 7]);
    jose(&["jwk", "pub", "-i", r#"{"kty":"oct","k":"AA"}"#], "").fails(2);
}

#[test]
fn a_shared_key_is_made_by_bits() {
    let jwk = jose(&["jwk", "gen", "--oct", "512"], "").json();
    assert_eq!(jwk["k"].as_str().unwrap().len(), 86);
    assert!(jwk.get("alg").is_none());
    jose(&["jwk", "gen", "--oct", "7"], "").fails(5);
}

#[test]
fn options_of_other_keys_are_refused() {
    jose(&["jwk", "gen", "--alg", "ES256", "--curve", "P-384"], "").fails(2);
    jose(&["jwk", "gen", "--alg", "ES256", "--rsa-bits", "3072"], "").fails(2);
    jose(&["jwk", "gen", "--alg", "none"], "").fails(2);
}

#[test]
fn the_public_half_has_no_secret_and_its_thumbprint() {
    for backend in backends() {
        let key = key("ES384", backend);
        let public = jose(&["jwk", "pub"], &key).text();
        assert!(!public.contains("\"d\""));
        let thumbprint = jose(&["jwk", "thp"], &key).text();
        assert_eq!(jose(&["jwk", "thp"], &public).text(), thumbprint);
        assert!(public.contains(thumbprint.trim()), "the kid");
    }
}

#[test]
fn a_shared_key_has_no_public_half() {
    let told = jose(&["jwk", "pub"], key("HS256", backends().next().unwrap())).fails(5);
    assert!(told.contains("no public half"), "{told}");
}

#[test]
fn a_key_is_converted_to_every_format_and_back() {
    for backend in backends() {
        let key = key("ES256", backend);
        for to in ["pkcs8", "sec1"] {
            let pem = jose(&["jwk", "convert", "--to", to, "--backend", backend], &key).ok();
            let der = jose(&["jwk", "convert", "--to", to, "--der"], &key).ok();
            for file in [pem, der] {
                let back =
                    jose(&["jwk", "convert", "--alg", "ES256", "--backend", backend], file).json();
                let original: serde_json::Value = serde_json::from_str(&key).unwrap();
                assert_eq!(back["d"], original["d"], "{to}");
            }
        }
        let spki = jose(&["jwk", "convert", "--to", "spki"], &key).text();
        assert!(spki.starts_with("-----BEGIN PUBLIC KEY-----"));
        jose(&["jwk", "convert", "--to", "pkcs1"], &key).fails(5);
    }
}

#[test]
fn a_wrapped_key_comes_back_and_another_password_is_refused() {
    for backend in backends() {
        let key = key("Ed25519", backend);
        let wrap = [&["jwk", "wrap", "--backend", backend], &ASK[..]].concat();
        let token = jose_with(&wrap, &key, &PASSWORD).text();
        assert_eq!(token.trim().split('.').count(), 5);
        let unwrap = [&["jwk", "unwrap", "--backend", backend], &ASK[..]].concat();
        assert_eq!(jose_with(&unwrap, &token, &PASSWORD).text(), key);
        let wrong = [("JOSE_TEST_PASSWORD", "another")];
        jose_with(&unwrap, &token, &wrong).fails(1);
    }
}

#[test]
fn without_a_password_or_a_terminal_the_flags_are_named() {
    let token = jose_with(
        &[&["jwk", "wrap"], &ASK[..]].concat(),
        key("HS256", backends().next().unwrap()),
        &PASSWORD,
    );
    let told = jose(&["jwk", "unwrap"], token.text()).fails(5);
    assert!(told.contains("--password-file"), "{told}");
}

#[test]
fn a_check_says_what_a_key_is_and_refuses_what_it_is_not() {
    for backend in backends() {
        let key = key("ES256", backend);
        let check =
            |more: &[&str]| jose(&[&["jwk", "check", "--backend", backend], more].concat(), &key);
        let told = check(&[]).text();
        assert_eq!(told, "JWK: private EC key on P-256, bound to ES256\n");
        check(&["--public"]).fails(5);
        let told = check(&["--alg", "RS256"]).fails(5);
        assert!(told.contains("RS256 wants an RSA key"), "{told}");
        let mut broken: serde_json::Value = serde_json::from_str(&key).unwrap();
        broken["d"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE".into();
        jose(&["jwk", "check", "--backend", backend], broken.to_string()).fails(5);
    }
}

#[test]
fn findings_decide_how_a_lint_ends() {
    let key = r#"{"kty":"oct","k":"YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE","alg":"HS256"}"#;
    let run = jose(&["jwk", "lint", "--json"], key);
    assert_eq!(run.code, 3);
    assert!(String::from_utf8_lossy(&run.stdout).contains("weak-oct-repetition"));
    assert!(!String::from_utf8_lossy(&run.stdout).contains("YWFh"));
    jose(&["jwk", "lint", "--fail-on", "error"], self::key("ES256", backends().next().unwrap()))
        .ok();
}

#[cfg(unix)]
#[test]
fn a_private_key_is_written_for_its_owner_alone_and_never_over_another() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key.jwk");
    let path = path.to_str().unwrap();
    let generate = ["jwk", "gen", "--alg", "HS256", "-o", path];
    let run = jose(&generate, "");
    assert!(run.stderr.contains("not encrypted"), "{}", run.stderr);
    assert!(run.ok().is_empty());
    assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    let first = std::fs::read(path).unwrap();
    jose(&generate, "").fails(6);
    assert_eq!(std::fs::read(path).unwrap(), first);
    jose(&[&generate[..], &["--force"]].concat(), "").ok();
    assert_ne!(std::fs::read(path).unwrap(), first);
}
