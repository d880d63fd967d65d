//! What is told of wrong arguments: nothing that could be a secret.

use crate::common::{backends, jose, key};

#[test]
fn a_secret_in_an_argument_is_refused_and_not_repeated() {
    let backend = backends().next().unwrap();
    let jwk = key("HS256", backend);
    let parsed: serde_json::Value = serde_json::from_str(&jwk).unwrap();
    let pem = jose(&["jwk", "convert", "--to", "pkcs8"], key("ES256", backend)).text();
    let token = "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJlIG9mIGEgdG9rZW4";
    let k = parsed["k"].as_str().unwrap();
    let hex = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let base64 = pem.lines().nth(1).unwrap();
    for (secret, whole) in
        [(k, jwk.trim()), (base64, pem.as_str()), (base64, pem.trim()), (&token[4..], token)]
    {
        let with = |option: &str| format!("{option}{whole}");
        for args in [
            &["jws", "sign", "--key", whole][..],
            &["jws", "sign", &with("--key=")],
            &["jws", "sign", &with("-k")],
            &["jws", "verify", whole],
            &["jwk", "pub", "--", whole],
            &["jwk", "wrap", "--password-file", whole],
            &["jwk", whole],
            &[whole],
            &["alg", whole],
            &["jws", "verify", "--alg", whole],
            &["jwk", "gen", "--rsa-bits", whole],
        ] {
            let told = jose(args, "").fails(2);
            for part in secret.as_bytes().windows(6) {
                let part = std::str::from_utf8(part).unwrap();
                assert!(!told.contains(part), "{part} of {args:?}: {told}");
            }
            assert!(told.contains("not shown"), "{told}");
        }
    }
    for args in [&["jwk", "gen", "--rsa-bits", hex][..], &["alg", hex], &[hex]] {
        let told = jose(args, "").fails(2);
        assert!(!told.contains("aabbccdd"), "{told}");
    }
}

#[test]
fn a_wrong_argument_that_is_no_secret_is_shown() {
    for (args, shown) in [
        (&["jws", "verify", "--alg", "ES257"][..], "invalid value 'ES257' for '--alg <ALG"),
        (&["jwk", "gen", "--algo", "ES256"], "unexpected argument '--algo'"),
        (&["jwks", "lsit"], "unrecognized subcommand 'lsit'"),
    ] {
        let told = jose(args, "").fails(2);
        assert!(told.starts_with("error: ") && told.contains(shown), "{told}");
        assert!(told.contains("--help"), "{told}");
    }
    let told = jose(&["jws", "sign", "--key", r#"{"kty":"oct"}"#], "").fails(2);
    assert!(told.contains("'--key <SOURCE>'") && told.contains("other users see"), "{told}");
}
