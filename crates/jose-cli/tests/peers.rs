//! Pipes between this program and those of others: what one writes the next one reads.
//!
//! `cargo xtask interop` installs them and says where.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

const CONTENT: &[u8] = b"down the pipe \x00\xff.\n";

/// The backends of this build.
fn backends() -> impl Iterator<Item = &'static str> {
    let built =
        [("rustcrypto", cfg!(feature = "rustcrypto")), ("openssl", cfg!(feature = "openssl"))];
    built.into_iter().filter(|(_, built)| *built).map(|(name, _)| name)
}

/// A program, and what it is told.
struct Stage {
    program: PathBuf,
    args: Vec<String>,
}

fn stage(program: impl Into<PathBuf>, args: &[&str]) -> Stage {
    Stage { program: program.into(), args: args.iter().map(|&arg| arg.to_owned()).collect() }
}

/// Ours.
fn ours(args: &[&str], backend: &str) -> Stage {
    stage(env!("CARGO_BIN_EXE_jose"), &[args, &["--backend", backend]].concat())
}

/// The program of latchset, which has the same name.
fn latchset(args: &[&str]) -> Stage {
    let program = std::env::var_os("JOSE_LATCHSET");
    stage(program.expect("`cargo xtask interop` runs these tests"), args)
}

/// Latchset takes the line feed at the end of a compact token for a part of it.
fn without_line_feed() -> Stage {
    stage("tr", &["-d", "\n"])
}

fn openssl(args: &[&str]) -> Stage {
    stage("openssl", args)
}

/// Files of one test.
struct Files(PathBuf);

impl Files {
    fn new(test: &str) -> Self {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        let _ = fs::remove_dir_all(&place);
        fs::create_dir_all(&place).unwrap();
        Self(place)
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path.into_os_string().into_string().unwrap()
    }
}

/// Runs programs side by side, the output of each being the input of the next one, and gives how the
/// last one ended.
fn pipe(stages: &[Stage], input: &[u8]) -> Output {
    let mut children: Vec<Child> = Vec::new();
    for Stage { program, args } in stages {
        let stdin = match children.last_mut() {
            Some(before) => Stdio::from(before.stdout.take().unwrap()),
            None => Stdio::piped(),
        };
        let child = Command::new(program)
            .args(args)
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        children.push(child.unwrap_or_else(|error| panic!("{}: {error}", program.display())));
    }
    let last = children.pop().unwrap();
    let Some(first) = children.first_mut() else {
        let mut last = last;
        let _ = last.stdin.take().unwrap().write_all(input);
        return last.wait_with_output().unwrap();
    };
    // It may want no input.
    let _ = first.stdin.take().unwrap().write_all(input);
    let output = last.wait_with_output().unwrap();
    for child in children {
        let Output { status, stderr, .. } = child.wait_with_output().unwrap();
        assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    }
    output
}

/// What comes out at the end.
#[track_caller]
fn through(stages: &[Stage], input: &[u8]) -> Vec<u8> {
    let Output { status, stdout, stderr } = pipe(stages, input);
    assert!(status.success(), "{status}: {}", String::from_utf8_lossy(&stderr));
    stdout
}

#[track_caller]
fn line(stages: &[Stage], input: &[u8]) -> String {
    String::from_utf8(through(stages, input)).unwrap().trim().to_owned()
}

/// A new key; RSA by `openssl`, which does not take seconds for it.
fn generate(alg: &str, backend: &str) -> Vec<u8> {
    if !alg.starts_with("RS") && !alg.starts_with("PS") {
        return through(&[ours(&["jwk", "gen", "--alg", alg], backend)], b"");
    }
    let make = openssl(&["genpkey", "-algorithm", "RSA"]);
    through(&[make, ours(&["jwk", "convert", "--alg", alg], backend)], b"")
}

/// Algorithms of signatures that latchset has as well.
const SIGNATURES: [&str; 5] = ["HS256", "RS256", "PS384", "ES256", "ES512"];
/// Those for keys.
const ENCRYPTION: [&str; 4] = ["A128KW", "A256GCMKW", "ECDH-ES", "ECDH-ES+A256KW"];

#[test]
fn a_key_of_latchset_has_the_same_thumbprint_in_either_program() {
    let files = Files::new("latchset-thumbprints");
    for backend in backends() {
        for alg in ["HS256", "RS256", "ES256", "ES384", "ES512"] {
            let template = json!({"alg": alg}).to_string();
            let key = through(&[latchset(&["jwk", "gen", "-i", &template])], b"");
            let path = files.put("key", &key);
            let theirs = line(&[latchset(&["jwk", "thp", "-i", &path])], b"");
            assert_eq!(line(&[ours(&["jwk", "thp"], backend)], &key), theirs, "{alg}");
        }
    }
}

#[test]
fn a_key_made_here_has_the_same_thumbprint_in_either_program() {
    for backend in backends() {
        for alg in ["HS256", "RS256", "ES256", "ES384", "ES512"] {
            let key = generate(alg, backend);
            let theirs = line(&[latchset(&["jwk", "thp", "-i", "-"])], &key);
            assert_eq!(line(&[ours(&["jwk", "thp"], backend)], &key), theirs, "{alg}");
        }
    }
}

#[test]
fn what_is_signed_here_latchset_verifies_at_the_end_of_a_pipe() {
    let files = Files::new("signed-here");
    for backend in backends() {
        for alg in SIGNATURES {
            let key = generate(alg, backend);
            let key = files.put("key", key);
            for serialization in ["compact", "flattened", "general"] {
                let sign = ["jws", "sign", "--key", &key, "--serialization", serialization];
                let verify = latchset(&["jws", "ver", "-i", "-", "-k", &key, "-O", "-"]);
                let found = through(&[ours(&sign, backend), without_line_feed(), verify], CONTENT);
                assert_eq!(found, CONTENT, "{alg}, {serialization}, {backend}");
            }
        }
    }
}

#[test]
fn what_latchset_signs_is_verified_here_at_the_end_of_a_pipe() {
    let files = Files::new("signed-by-latchset");
    for backend in backends() {
        for alg in SIGNATURES {
            let template = json!({"alg": alg}).to_string();
            let key = through(&[latchset(&["jwk", "gen", "-i", &template])], b"");
            let key = files.put("key", key);
            for options in [&["-c"][..], &[]] {
                let sign = [&["jws", "sig", "-I", "-", "-k", &key], options].concat();
                let verify = ours(&["jws", "verify", "--key", &key], backend);
                let found = through(&[latchset(&sign), verify], CONTENT);
                assert_eq!(found, CONTENT, "{alg}, {options:?}, {backend}");
            }
        }
    }
}

#[test]
fn what_is_encrypted_here_latchset_decrypts_at_the_end_of_a_pipe() {
    let files = Files::new("encrypted-here");
    for backend in backends() {
        for alg in ENCRYPTION {
            let key = generate(alg, backend);
            let key = files.put("key", key);
            for enc in ["A256GCM", "A128CBC-HS256"] {
                let encrypt = ours(&["jwe", "encrypt", "--key", &key, "--enc", enc], backend);
                let decrypt = latchset(&["jwe", "dec", "-i", "-", "-k", &key, "-O", "-"]);
                let found = through(&[encrypt, without_line_feed(), decrypt], CONTENT);
                assert_eq!(found, CONTENT, "{alg}, {enc}, {backend}");
            }
        }
    }
}

#[test]
fn what_latchset_encrypts_is_decrypted_here_at_the_end_of_a_pipe() {
    let files = Files::new("encrypted-by-latchset");
    for backend in backends() {
        for alg in ENCRYPTION {
            let operation = if alg.starts_with("ECDH") { "deriveKey" } else { "unwrapKey" };
            let operations = [operation, "wrapKey"];
            let template = json!({"alg": alg, "key_ops": operations}).to_string();
            let key = through(&[latchset(&["jwk", "gen", "-i", &template])], b"");
            let key = files.put("key", key);
            for enc in ["A256GCM", "A128CBC-HS256"] {
                let header = json!({"protected": {"alg": alg, "enc": enc}}).to_string();
                let args = ["jwe", "enc", "-I", "-", "-k", &key, "-i", &header, "-c"];
                let decrypt = ours(&["jwe", "decrypt", "--key", &key], backend);
                let found = through(&[latchset(&args), decrypt], CONTENT);
                assert_eq!(found, CONTENT, "{alg}, {enc}, {backend}");
            }
        }
    }
}

#[test]
fn a_key_of_latchset_for_agreement_is_refused_for_the_operations_it_names() {
    let files = Files::new("agreement-by-latchset");
    for alg in ["ECDH-ES", "ECDH-ES+A256KW"] {
        let template = json!({"alg": alg}).to_string();
        let key = through(&[latchset(&["jwk", "gen", "-i", &template])], b"");
        let jwk: Value = serde_json::from_slice(&key).unwrap();
        // It agrees, which is `deriveKey` (RFC 7517 §4.3), whatever it wraps with afterwards.
        assert_eq!(jwk["key_ops"], json!(["wrapKey", "unwrapKey"]));
        let key = files.put("key", key);
        for backend in backends() {
            let refused = pipe(&[ours(&["jwe", "encrypt", "--key", &key], backend)], CONTENT);
            assert_eq!(refused.status.code(), Some(5), "{alg}, {backend}");
            assert!(refused.stdout.is_empty(), "{alg}, {backend}");
        }
    }
}

/// How `openssl genpkey` is asked for a key, and what it is for.
const KINDS: [(&[&str], &str); 4] = [
    (&["RSA", "-pkeyopt", "rsa_keygen_bits:2048"], "RS256"),
    (&["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "ES256"),
    (&["ED25519"], "Ed25519"),
    (&["X25519"], "ECDH-ES+A256KW"),
];

#[test]
fn a_key_of_openssl_comes_out_of_two_conversions_as_it_went_in() {
    let files = Files::new("openssl-keys");
    for backend in backends() {
        for (ask, alg) in KINDS {
            let args = [&["genpkey", "-algorithm"], ask].concat();
            let pem = through(&[openssl(&args)], b"");
            let to_jwk = ours(&["jwk", "convert", "--alg", alg], backend);
            let to_pem = ours(&["jwk", "convert", "--to", "pkcs8"], backend);
            assert_eq!(through(&[to_jwk, to_pem], &pem), pem, "{alg}, {backend}");

            let path = files.put("key", &pem);
            let made = openssl(&["pkey", "-in", &path, "-pubout"]);
            let public = through(&[openssl(&["pkey", "-pubout"])], &pem);
            let to_spki = ours(&["jwk", "convert", "--to", "spki"], backend);
            let to_jwk = ours(&["jwk", "convert", "--alg", alg], backend);
            assert_eq!(through(&[made, to_jwk, to_spki], b""), public, "{alg}, {backend}");
        }
    }
}

#[test]
fn a_key_made_here_goes_through_openssl() {
    for backend in backends() {
        for (_, alg) in KINDS {
            let args: &[&str] = if alg == "ECDH-ES+A256KW" { &["--curve", "X25519"] } else { &[] };
            let generate = ours(&[&["jwk", "gen", "--alg", alg], args].concat(), backend);
            let key = through(&[generate], b"");
            let to_pem = ours(&["jwk", "convert", "--to", "pkcs8"], backend);
            let to_jwk = ours(&["jwk", "convert", "--alg", alg], backend);
            let thumbprint = ours(&["jwk", "thp"], backend);
            let stages = [to_pem, openssl(&["pkey"]), to_jwk, thumbprint];
            let own = line(&[ours(&["jwk", "thp"], backend)], &key);
            assert_eq!(line(&stages, &key), own, "{alg}, {backend}");
        }
    }
}

/// The octets of a part of a token, by a peer that is not ours.
fn octets(part: &str) -> Vec<u8> {
    let padded = part.replace('-', "+").replace('_', "/") + &"=".repeat((4 - part.len() % 4) % 4);
    through(&[openssl(&["base64", "-d", "-A"])], padded.as_bytes())
}

#[test]
fn an_rsa_signature_made_here_openssl_verifies() {
    let files = Files::new("rs256");
    let pem = through(&[openssl(&["genpkey", "-algorithm", "RSA"])], b"");
    let key = files.put("key", &pem);
    let public = files.put("public", through(&[openssl(&["pkey", "-pubout"])], &pem));
    for backend in backends() {
        let sign = ["jws", "sign", "--key", &key, "--alg", "RS256"];
        let token = line(&[ours(&sign, backend)], CONTENT);
        let (input, signature) = token.rsplit_once('.').unwrap();
        let signature = files.put("signature", octets(signature));
        let verify = ["dgst", "-sha256", "-verify", &public, "-signature", &signature];
        let found = line(&[openssl(&verify)], input.as_bytes());
        assert_eq!(found, "Verified OK", "{backend}");
    }
}

#[test]
fn an_rsa_signature_made_by_openssl_is_verified_here() {
    let files = Files::new("rs256-by-openssl");
    let pem = through(&[openssl(&["genpkey", "-algorithm", "RSA"])], b"");
    let key = files.put("key", &pem);
    let public = files.put("public", through(&[openssl(&["pkey", "-pubout"])], &pem));
    let encode = |octets: &[u8]| {
        let text = line(&[openssl(&["base64", "-A"])], octets);
        text.trim_end_matches('=').replace('+', "-").replace('/', "_")
    };
    let input = format!("{}.{}", encode(br#"{"alg":"RS256"}"#), encode(CONTENT));
    let signature = through(&[openssl(&["dgst", "-sha256", "-sign", &key])], input.as_bytes());
    let token = format!("{input}.{}", encode(&signature));
    for backend in backends() {
        let verify = ["jws", "verify", "--key", &public, "--alg", "RS256"];
        let found = through(&[ours(&verify, backend)], token.as_bytes());
        assert_eq!(found, CONTENT, "{backend}");
    }
}

/// A peer behind the protocol of tests/peers/README.md.
struct Peer {
    name: &'static str,
    program: PathBuf,
    args: Vec<PathBuf>,
}

fn peers() -> Vec<Peer> {
    let place = PathBuf::from(std::env::var_os("JOSE_PEERS").expect("`cargo xtask interop`"));
    let python = place.join("python/venv/bin/python");
    let of_python = |name, script: &str| Peer {
        name,
        program: python.clone(),
        args: vec!["-W".into(), "ignore".into(), place.join("python").join(script)],
    };
    let script = place.join("node/jose.mjs");
    vec![
        Peer { name: "jose", program: "node".into(), args: vec!["--no-warnings".into(), script] },
        of_python("joserfc", "peer_joserfc.py"),
        of_python("jwcrypto", "peer_jwcrypto.py"),
    ]
}

impl Peer {
    /// One request, whose answer is the only line of output.
    #[track_caller]
    fn ask(&self, request: &Value) -> Value {
        let args: Vec<&str> = self.args.iter().map(|arg| arg.to_str().unwrap()).collect();
        let answer = line(&[stage(&self.program, &args)], format!("{request}\n").as_bytes());
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["ok"], true, "{}: {answer}", self.name);
        answer
    }
}

/// What goes each way with `alg`. The words of the command line are those of the protocol.
fn both_ways(group: &str, alg: &str, write: &str, read: &str) {
    let files = Files::new(group);
    for backend in backends() {
        let key = generate(alg, backend);
        let private: Value = serde_json::from_slice(&key).unwrap();
        // What is not shared has a half for verifying.
        let public = if group == "jws" {
            let public = through(&[ours(&["jwk", "pub"], backend)], &key);
            serde_json::from_slice(&public).unwrap()
        } else {
            private.clone()
        };
        let key = files.put("key", key);
        let encoded = line(&[ours(&["b64", "enc"], backend)], CONTENT);
        for peer in peers() {
            let what = format!("{}, {backend}", peer.name);
            let mut request = json!({
                "enc": "A256GCM", "keys": [{"alg": alg, "jwk": public}], "serialization": "compact",
            });
            let token = line(&[ours(&[group, write, "--key", &key], backend)], CONTENT);
            request["op"] = json!(read);
            request["token"] = json!(token);
            assert_eq!(peer.ask(&request)["payload"], encoded.as_str(), "{what}");

            request["op"] = json!(write);
            request["keys"][0]["jwk"] = private.clone();
            request["payload"] = json!(encoded);
            let token = peer.ask(&request)["token"].as_str().unwrap().to_owned();
            let reading = [ours(&[group, read, "--key", &key], backend)];
            assert_eq!(through(&reading, token.as_bytes()), CONTENT, "{what}");

            // Three octets more in front of the payload or the encrypted key.
            let changed = token.replacen('.', ".AAAA", 1);
            let refused = pipe(&reading, changed.as_bytes());
            assert_eq!(refused.status.code(), Some(1), "{what}");
            assert!(refused.stdout.is_empty(), "{what}");
        }
    }
}

#[test]
fn signatures_go_both_ways_between_this_program_and_libraries() {
    both_ways("jws", "ES256", "sign", "verify");
}

#[test]
fn ciphertexts_go_both_ways_between_this_program_and_libraries() {
    both_ways("jwe", "A256KW", "encrypt", "decrypt");
}
