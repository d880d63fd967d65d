//! Where results go, what becomes of what was there, and who may read it.
#![cfg(unix)]

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::common::{backends, jose, jose_with, key, text};

const PASSWORD: [(&str, &str); 1] = [("JOSE_TEST_PASSWORD", "correct horse battery staple")];
const ASK: [&str; 2] = ["--password-env", "JOSE_TEST_PASSWORD"];

/// A directory with a private key and a token in it.
struct Files {
    directory: tempfile::TempDir,
    key: String,
}

impl Files {
    fn new(backend: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        fs::write(&path, key("ES256", backend)).unwrap();
        Self { key: text(&path), directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, content: &str, mode: u32) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Runs a line of a shell, in which `$0` is `jose`.
fn shell(script: &str, directory: &Path) -> std::process::Output {
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_jose")]).current_dir(directory);
    command.envs(PASSWORD).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn a_pipe_with_a_name_is_written_to_and_stays_one() {
    let files = Files::new(backends().next().unwrap());
    for force in [&[][..], &["--force"]] {
        let pipe = files.path("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let (from, sink) = (pipe.clone(), files.path("sink"));
        let mut reader = Command::new("timeout")
            .args(["10", "cat"])
            .arg(&from)
            .stdout(File::create(&sink).unwrap())
            .spawn()
            .unwrap();
        let name = text(&pipe);
        let args = [&["jwk", "pub", &files.key, "-o", &name], force].concat();
        jose(&args, "").ok();
        assert!(reader.wait().unwrap().success(), "nobody has written to the pipe");
        assert!(fs::read_to_string(sink).unwrap().contains("\"kty\":\"EC\""));
        assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
        fs::remove_file(pipe).unwrap();
    }
}

#[test]
fn a_link_stays_a_link_and_what_it_leads_to_is_replaced() {
    let files = Files::new(backends().next().unwrap());
    let (target, link) = (files.write("target", "old", 0o644), files.path("link"));
    symlink("target", &link).unwrap();
    let publish = ["jwk", "pub", &files.key, "-o", &text(&link)];
    jose(&publish, "").fails(6);
    assert_eq!(fs::read(&target).unwrap(), b"old");
    jose(&[&publish[..], &["--force"]].concat(), "").ok();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read_to_string(&target).unwrap().contains("\"kty\":\"EC\""));
    // A device, by a link: what is replaced in a directory of its own is seen there.
    let null = files.path("null");
    symlink("/dev/null", &null).unwrap();
    for force in [&[][..], &["--force"]] {
        jose(&[&["jwk", "pub", &files.key, "-o", &text(&null)], force].concat(), "").ok();
        assert!(fs::symlink_metadata(&null).unwrap().is_symlink());
    }
}

#[test]
fn a_hyphen_is_standard_output() {
    let files = Files::new(backends().next().unwrap());
    for name in ["-", "/dev/stdout"] {
        let run = shell(&format!("\"$0\" jwk pub key -o {name}"), files.directory.path());
        assert!(run.stdout.starts_with(b"{\"kty\":\"EC\""), "{name}: {run:?}");
        let run = shell(&format!("\"$0\" jwk pub key -o {name} >out"), files.directory.path());
        assert!(run.status.success(), "{run:?}");
        assert!(fs::read_to_string(files.path("out")).unwrap().starts_with("{\"kty\":\"EC\""));
    }
    assert!(!files.path("-").exists());
}

#[test]
fn what_is_public_may_be_read_by_whom_the_umask_permits() {
    let files = Files::new(backends().next().unwrap());
    for (index, command) in [
        "jwk pub key",
        "jwk convert key --to spki",
        "jwks merge key --public",
        "jws sign --key key",
        "jwe encrypt --key oct key",
    ]
    .into_iter()
    .enumerate()
    {
        files.write("oct", &key("A256KW", backends().next().unwrap()), 0o600);
        for (umask, expected) in [("022", 0o644), ("027", 0o640), ("077", 0o600)] {
            let name = format!("{index}-{umask}");
            let script = format!("umask {umask}; \"$0\" {command} -o {name}");
            let run = shell(&script, files.directory.path());
            assert!(run.status.success(), "{script}: {run:?}");
            assert_eq!(mode(&files.path(&name)), expected, "{script}");
        }
    }
}

#[test]
fn a_public_file_that_is_replaced_keeps_its_readers() {
    let files = Files::new(backends().next().unwrap());
    let path = files.write("jwks.json", "old", 0o664);
    jose(&["jwks", "merge", &files.key, "--public", "-o", &text(&path), "--force"], "").ok();
    assert_eq!(mode(&path), 0o664);
}

#[test]
fn a_secret_is_its_owners_alone_also_where_others_could_read_the_file() {
    let backend = backends().next().unwrap();
    let files = Files::new(backend);
    files.write("oct", &key("A256KW", backend), 0o600);
    let sealed = jose(&["jwe", "encrypt", "--key", &text(&files.path("oct"))], "text").text();
    files.write("sealed", &sealed, 0o600);
    for command in [
        "jwk gen --alg ES256",
        "jwk gen --alg ES256 --password-env JOSE_TEST_PASSWORD",
        "jwk convert key --to pkcs8",
        "jwk convert key --to pkcs8 --password-env JOSE_TEST_PASSWORD",
        "jwk wrap key --password-env JOSE_TEST_PASSWORD",
        "jwks merge key",
        "jwks merge key --password-env JOSE_TEST_PASSWORD",
        "jwks find key --thumbprint \"$(\"$0\" jwk thp key)\"",
        "jwks find key --thumbprint \"$(\"$0\" jwk thp key)\" --password-env JOSE_TEST_PASSWORD",
        "jwe decrypt --key oct sealed",
        "jwe decrypt --key oct sealed --json",
    ] {
        let path = files.write("there", "old", 0o644);
        let script =
            format!("umask 000; \"$0\" {command} -o new && \"$0\" {command} -o there --force");
        let run = shell(&script, files.directory.path());
        assert!(run.status.success(), "{script}: {run:?}");
        assert_eq!((mode(&files.path("new")), mode(&path)), (0o600, 0o600), "{script}");
        fs::remove_file(files.path("new")).unwrap();
    }
}

#[test]
fn who_writes_a_private_key_to_a_file_is_warned_also_when_quiet() {
    let backend = backends().next().unwrap();
    let files = Files::new(backend);
    for (command, remedy) in [
        ("jwk gen --alg ES256", "jose jwk wrap"),
        ("jwk convert key --to pkcs8", "jose jwk convert"),
        ("jwks merge key", "jose jwks merge --password-file"),
    ] {
        for to in ["-o new", ">new", "-o - >new", "-o /dev/stdout >new"] {
            let script = format!("\"$0\" {command} --quiet {to}");
            let run = shell(&script, files.directory.path());
            let told = String::from_utf8(run.stderr).unwrap();
            assert!(run.status.success() && told.contains("not encrypted"), "{script}: {told}");
            assert!(told.contains(remedy), "{script}: {told}");
            fs::remove_file(files.path("new")).unwrap();
        }
        // Nothing is in a file there.
        for to in ["-o /dev/null", ">/dev/null", "| cat", "--public >/dev/null"] {
            if to.starts_with("--public") && !command.starts_with("jwks") {
                continue;
            }
            let script = format!("\"$0\" {command} {to}");
            let run = shell(&script, files.directory.path());
            let told = String::from_utf8(run.stderr).unwrap();
            assert!(run.status.success() && !told.contains("not encrypted"), "{script}: {told}");
        }
    }
    // What was not written is not warned of.
    let run = shell("\"$0\" jwk gen --alg ES256 -o key", files.directory.path());
    let told = String::from_utf8(run.stderr).unwrap();
    assert!(!run.status.success() && !told.contains("not encrypted"), "{told}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_write_that_is_interrupted_leaves_nothing_behind() {
    use std::os::unix::process::ExitStatusExt;

    use rustix::process::{Pid, Signal, kill_process};

    let backend = backends().next().unwrap();
    let files = Files::new(backend);
    files.write("oct", &key("A256KW", backend), 0o600);
    // Long enough to be interrupted in.
    files.write("plain", &"x".repeat(16 * 1024 * 1024), 0o600);
    fs::create_dir(files.path("there")).unwrap();
    let count = || fs::read_dir(files.path("there")).unwrap().count();
    for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT] {
        let mut interrupted = false;
        for _ in 0..50 {
            let mut child = Command::new(env!("CARGO_BIN_EXE_jose"))
                .args(["jwe", "encrypt", "--key", "oct", "plain", "-o", "there/sealed"])
                .current_dir(files.directory.path())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            while count() == 0 && child.try_wait().unwrap().is_none() {}
            let _ = kill_process(Pid::from_child(&child), signal);
            let status = child.wait().unwrap();
            // If it is there, it is whole, and the signal came too late.
            if fs::remove_file(files.path("there/sealed")).is_err() {
                assert_eq!(status.signal(), Some(signal.as_raw()));
                interrupted = true;
            }
            assert_eq!(count(), 0, "{signal:?} leaves a file");
            if interrupted {
                break;
            }
        }
        assert!(interrupted, "{signal:?}: always too late");
    }
}

#[test]
fn a_lint_in_json_is_one_line() {
    let files = Files::new(backends().next().unwrap());
    for command in ["jwk", "jwks"] {
        let run = jose(&[command, "lint", &files.key, "--published", "--json"], "");
        assert_eq!((run.code, run.stdout.split(|octet| *octet == b'\n').count()), (3, 2));
        assert!(run.stderr.contains("finding"), "{}", run.stderr);
    }
}

#[test]
fn an_encrypted_set_is_unwrapped_as_a_set() {
    for backend in backends() {
        let files = Files::new(backend);
        let other = text(&files.write("other", &key("ES256", backend), 0o600));
        let merge = [&["jwks", "merge", &files.key, &other, "--backend", backend], &ASK[..]];
        let sealed = jose_with(&merge.concat(), "", &PASSWORD).ok();
        let unwrap = [&["jwk", "unwrap", "--backend", backend], &ASK[..]].concat();
        let set = jose_with(&unwrap, sealed, &PASSWORD).json();
        assert_eq!(set["keys"].as_array().unwrap().len(), 2);
    }
}
