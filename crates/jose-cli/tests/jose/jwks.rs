//! `jose jwks`.

use crate::common::{backends, jose};

/// A directory with files of keys.
struct Files(tempfile::TempDir, &'static str);

impl Files {
    fn new(backend: &'static str) -> Self {
        Self(tempfile::tempdir().unwrap(), backend)
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn key(&self, alg: &str, kid: &str) -> String {
        let args = ["jwk", "gen", "--alg", alg, "--kid", kid, "--backend", self.1];
        self.put(kid, jose(&args, "").ok())
    }

    /// A set of `a`, that signs, and `b`, that encrypts.
    fn set(&self) -> String {
        let (a, b) = (self.key("ES256", "a"), self.key("ECDH-ES+A256KW", "b"));
        self.put("set", jose(&["jwks", "merge", &a, &b], "").ok())
    }
}

fn kids(set: &serde_json::Value) -> Vec<&str> {
    set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap()).collect()
}

#[test]
fn an_added_key_comes_last() {
    for backend in backends() {
        let files = Files::new(backend);
        let (set, c) = (files.set(), files.key("Ed25519", "c"));
        assert_eq!(kids(&jose(&["jwks", "add", &set, &c], "").json()), ["a", "b", "c"]);
    }
}

#[test]
fn a_name_that_is_taken_is_refused() {
    for backend in backends() {
        let files = Files::new(backend);
        let set = files.set();
        let other = files.key("ES256", "a");
        let told = jose(&["jwks", "add", &set, &other], "").fails(5);
        assert!(told.contains("another key in the set has its name"), "{told}");
        jose(&["jwks", "rotate", &set, &other], "").fails(5);
    }
}

#[test]
fn a_key_that_is_there_already_is_kept_once() {
    for backend in backends() {
        let files = Files::new(backend);
        let set = files.set();
        assert_eq!(kids(&jose(&["jwks", "merge", &set, &set], "").json()), ["a", "b"]);
    }
}

#[test]
fn a_key_put_in_by_rotation_comes_first_and_the_others_stay() {
    for backend in backends() {
        let files = Files::new(backend);
        let (set, c) = (files.set(), files.key("ES256", "c"));
        assert_eq!(kids(&jose(&["jwks", "rotate", &set, &c], "").json()), ["c", "a", "b"]);
        let nameless = jose(&["jwk", "gen", "--alg", "ES256", "--no-kid"], "").ok();
        jose(&["jwks", "rotate", &set], nameless).fails(5);
    }
}

#[test]
fn an_old_signing_key_may_lose_its_private_half_and_no_other() {
    for backend in backends() {
        let files = Files::new(backend);
        let set = files.set();
        let silent = ["jwk", "gen", "--backend", backend, "-i"];
        let silent = [&silent[..], &[r#"{"kty":"EC","crv":"P-256","kid":"any"}"#]].concat();
        let silent = files.put("any", jose(&silent, "").ok());
        let merge = ["jwks", "merge", &set, &silent, &files.key("HS256", "shared")];
        let set = files.put("more", jose(&merge, "").ok());
        let new = files.key("Ed25519", "new");
        let rotate = ["jwks", "rotate", &set, &new, "--retire-to-public", "--backend", backend];
        let run = jose(&rotate, "");
        assert!(run.stderr.contains("\"any\" stays private"), "{}", run.stderr);
        let rotated = run.json();
        assert_eq!(kids(&rotated), ["new", "a", "b", "any", "shared"]);
        let private: Vec<_> = rotated["keys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| key.get("d").or(key.get("k")).is_some())
            .collect();
        assert_eq!(private, [true, false, true, true, true]);
    }
}

#[test]
fn a_key_that_does_not_sign_retires_none_that_does() {
    for backend in backends() {
        let files = Files::new(backend);
        let set = files.set();
        let args = ["jwks", "rotate", &set, &files.key("A256KW", "c"), "--backend", backend];
        jose(&args, "").ok();
        jose(&[&args[..], &["--retire-to-public"]].concat(), "").fails(5);
    }
}

#[test]
fn a_removed_key_is_gone_and_one_that_is_not_there_is_told() {
    for backend in backends() {
        let files = Files::new(backend);
        let set = files.set();
        assert_eq!(kids(&jose(&["jwks", "rm", &set, "--kid", "a"], "").json()), ["b"]);
        jose(&["jwks", "rm", &set, "--kid", "c"], "").fails(5);
        jose(&["jwks", "rm", &set], "").fails(2);
    }
}

#[test]
fn a_key_is_found_by_its_name_and_by_its_thumbprint() {
    for backend in backends() {
        let files = Files::new(backend);
        let (set, own) = (files.set(), std::fs::read(files.0.path().join("b")).unwrap());
        let thumbprint = jose(&["jwk", "thp", "--backend", backend], &own).text();
        for which in [["--kid", "b"], ["--thumbprint", thumbprint.trim()]] {
            let find = ["jwks", "find", &set, which[0], which[1], "--backend", backend];
            assert_eq!(jose(&find, "").ok(), own);
        }
        jose(&["jwks", "find", &set, "--thumbprint", "AAAA"], "").fails(5);
    }
}

#[test]
fn a_name_or_a_thumbprint_may_begin_as_options_do() {
    let key = jose(&["jwk", "gen", "--alg", "HS256", "--kid", "-a"], "").text();
    assert_eq!(jose(&["jwks", "find", "--kid", "-a"], &key).text(), key);
    jose(&["jwks", "find", "--thumbprint", "-AAAA"], &key).fails(5);
    assert!(kids(&jose(&["jwks", "rm", "--kid", "-a"], &key).json()).is_empty());
}

#[test]
fn a_published_set_has_no_secret_and_no_shared_key() {
    for backend in backends() {
        let files = Files::new(backend);
        let (set, shared) = (files.set(), files.key("HS256", "c"));
        let run = jose(&["jwks", "add", &set, &shared, "--public"], "");
        assert!(run.stderr.contains("left out"), "{}", run.stderr);
        let public = run.text();
        assert!(!public.contains("\"d\"") && !public.contains("\"k\""));
        assert_eq!(kids(&serde_json::from_str(&public).unwrap()), ["a", "b"]);
    }
}

#[test]
fn a_list_has_a_line_for_each_key_and_no_secret() {
    for backend in backends() {
        let files = Files::new(backend);
        let (set, c) = (files.set(), files.key("HS256", "c"));
        let set = jose(&["jwks", "add", &set, &c], "").ok();
        let list = jose(&["jwks", "ls"], &set).text();
        let expected = "a\tP-256\tES256\t-\tprivate\nb\tP-256\tECDH-ES+A256KW\t-\tprivate\n\
                        c\toct\tHS256\t-\tshared\n";
        assert_eq!(list, expected);
        let list = jose(&["jwks", "ls", "--json"], &set).json();
        assert_eq!(list["keys"][0]["thumbprint"].as_str().unwrap().len(), 43);
        assert!(list["keys"][2]["thumbprint"].is_null(), "a hash of the secret");
    }
}

#[test]
fn a_name_does_not_steer_the_terminal() {
    for member in ["kid", "alg", "use"] {
        let set = format!(r#"{{"keys":[{{"kty":"x","{member}":"a\u001b[2J\u009b\tb\n"}}]}}"#);
        let run = jose(&["jwks", "ls"], set);
        assert!(!run.stderr.contains('\u{1b}'), "{member}");
        assert!(run.ok().is_empty(), "{member}");
    }
}

#[test]
fn a_set_of_which_a_key_cannot_be_read_is_not_written_without_it() {
    for backend in backends() {
        let files = Files::new(backend);
        let set = files.put("broken", r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"broken"}]}"#);
        let told = jose(&["jwks", "add", &set, &files.key("ES256", "a")], "").fails(4);
        assert!(told.contains("key 0"), "{told}");
        assert!(jose(&["jwks", "ls", &set], "").stderr.contains("key 0"));
    }
}

#[test]
fn findings_in_a_set_decide_how_a_lint_ends() {
    for backend in backends() {
        let files = Files::new(backend);
        let set = files.set();
        jose(&["jwks", "lint", &set, "--backend", backend], "").ok();
        let run = jose(&["jwks", "lint", &set, "--published", "--json", "--backend", backend], "");
        assert_eq!(run.code, 3);
        assert!(String::from_utf8_lossy(&run.stdout).contains("\"command\":\"jwks lint\""));
    }
}

#[test]
fn a_set_takes_the_place_of_its_file_only_when_asked() {
    for backend in backends() {
        let files = Files::new(backend);
        let set = files.set();
        let rotate = ["jwks", "rotate", &set, &files.key("ES256", "c"), "-o", &set];
        jose(&rotate, "").fails(6);
        let run = jose(&[&rotate[..], &["--force"]].concat(), "");
        assert!(run.stderr.contains("not encrypted"), "{}", run.stderr);
        assert!(run.ok().is_empty());
        let written = std::fs::read(&set).unwrap();
        assert_eq!(kids(&serde_json::from_slice(&written).unwrap()), ["c", "a", "b"]);
    }
}
