//! What is seen on a terminal, which is a real one: a pair of pseudo-terminals. Linux alone, because the
//! names and the ends of such pairs differ between systems.
#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::common::{backends, jose, jose_with, key};

const PASSWORD: &str = "correct horse battery staple";

/// The program on a terminal.
struct Terminal {
    master: File,
    command: Command,
    slave: OwnedFd,
}

/// What a person has seen, and the code at the end.
struct Seen {
    /// None, if a signal ended it.
    code: Option<i32>,
    /// Whether the terminal shows what is typed, as it did before.
    echoes: bool,
    text: String,
    /// What did not go to the terminal.
    stdout: Vec<u8>,
    stderr: String,
}

impl Terminal {
    /// `jose` with these arguments, of which the terminal is the controlling one. Standard input is the
    /// terminal too, unless it is given.
    fn new(args: &[&str]) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&slave, size).unwrap();
        let mut command = Command::new("setsid");
        command.args(["--ctty", env!("CARGO_BIN_EXE_jose")]).args(args);
        for name in ["CI", "CLICOLOR", "CLICOLOR_FORCE", "COLORTERM", "NO_COLOR"] {
            command.env_remove(name);
        }
        command.env("TERM", "xterm");
        let own = || Stdio::from(slave.try_clone().unwrap());
        command.stdin(own()).stdout(own()).stderr(own());
        Self { master: File::from(master), command, slave }
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Standard output is a pipe.
    fn piped_stdout(mut self) -> Self {
        self.command.stdout(Stdio::piped());
        self
    }

    /// Standard error is a pipe.
    fn piped_stderr(mut self) -> Self {
        self.command.stderr(Stdio::piped());
        self
    }

    /// Runs it, and types each of these lines when it is asked for it with these words.
    fn run(mut self, lines: &[(&str, &str)]) -> Seen {
        let mut child = self.command.spawn().unwrap();
        // What is left of this end are those of the child, so that the end of the child is seen.
        drop(self.command);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let reader = read_all(self.master.try_clone().unwrap(), Arc::clone(&seen));
        let text = || String::from_utf8_lossy(&seen.lock().unwrap()).replace("\r\n", "\n");
        for (prompt, line) in lines {
            // Before the terminal has stopped to echo, it would show what is typed.
            while child.try_wait().unwrap().is_none()
                && (!text().contains(prompt) || echoes(&self.slave))
            {
                std::thread::sleep(Duration::from_millis(1));
            }
            writeln!(self.master, "{line}").unwrap();
        }
        let output = child.wait_with_output().unwrap();
        let echoes = echoes(&self.slave);
        drop(self.slave);
        reader.join().unwrap();
        let text = text();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!text.contains("panicked") && !stderr.contains("panicked"), "{text} {stderr}");
        Seen { code: output.status.code(), echoes, text, stdout: output.stdout, stderr }
    }
}

impl Seen {
    /// What was seen, if it was done.
    #[track_caller]
    fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.text);
        self.text
    }
}

/// Reads all that appears on a terminal, until nobody can write to it any more.
fn read_all(mut master: File, all: Arc<Mutex<Vec<u8>>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut piece = [0; 4096];
        // The end is an error: no other end is left.
        while let Ok(len @ 1..) = master.read(&mut piece) {
            all.lock().unwrap().extend_from_slice(piece.get(..len).unwrap());
        }
    })
}

fn echoes(terminal: impl AsFd) -> bool {
    tcgetattr(terminal).unwrap().local_modes.contains(LocalModes::ECHO)
}

/// Without colours.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.split_once(|c: char| c.is_ascii_alphabetic()).map_or("", |(_, rest)| rest);
    }
    plain + rest
}

/// Files in a directory that is gone with this.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A key, and a token of claims that it has signed.
    fn signed(&self, backend: &str, options: &[&str]) -> (String, String) {
        let key = self.write("key", key("HS256", backend));
        let sign = ["jwt", "sign", "--key", &key];
        let token = jose(&[&sign[..], options].concat(), "").ok();
        (key, self.write("token", token))
    }
}

#[test]
fn a_verified_token_is_shown_with_its_header_claims_signature_and_times() {
    for backend in backends() {
        let files = Files::new();
        let (key, token) =
            files.signed(backend, &["--sub", "anna", "--exp", "2027-01-15T08:04:30Z"]);
        let verify = ["jwt", "verify", "--key", &key, "--now", "2027-01-15T08:00:00Z", &token];
        let seen = Terminal::new(&[&verify[..], &["--backend", backend]].concat()).run(&[]).ok();
        let plain = plain(&seen);
        assert!(plain.starts_with("valid: the signature was verified\n"), "{plain}");
        assert!(plain.contains("header\n{\n  \"alg\": \"HS256\","), "{plain}");
        assert!(plain.contains("signature 0: verified, HS256"), "{plain}");
        assert!(plain.contains("claims\n{\n  \"sub\": \"anna\","), "{plain}");
        assert!(plain.contains("exp  2027-01-15T08:04:30Z, expires in 4 m"), "{plain}");
        assert!(seen.contains("\u{1b}["), "no colours: {seen}");
    }
}

#[test]
fn a_pipe_takes_the_octets_alone() {
    for backend in backends() {
        let files = Files::new();
        let (key, token) = files.signed(backend, &["--sub", "anna", "--no-iat"]);
        for color in ["auto", "always", "never"] {
            let verify = ["jwt", "verify", "--key", &key, &token, "--color", color];
            let seen = Terminal::new(&verify).piped_stdout().run(&[]);
            assert_eq!(seen.stdout, b"{\"sub\":\"anna\"}\n");
        }
    }
}

#[test]
fn what_is_not_verified_says_so_in_the_view_and_on_standard_error() {
    for backend in backends() {
        let files = Files::new();
        let (_, token) = files.signed(backend, &["--sub", "anna"]);
        let oct = files.write("oct", key("A256KW", backend));
        let sealed = files.write("sealed", jose(&["jwe", "encrypt", "--key", &oct], "text").ok());
        for (verb, token) in [
            (["jwt", "decode"], &token),
            (["jws", "inspect"], &token),
            (["jwe", "inspect"], &sealed),
        ] {
            let args = [&verb[..], &[token, "--quiet"]].concat();
            let seen = Terminal::new(&args).piped_stderr().run(&[]);
            assert!(seen.stderr.contains("NOT VERIFIED"), "{verb:?}: {}", seen.stderr);
            let plain = plain(&seen.text);
            assert!(plain.starts_with("NOT VERIFIED: anyone can"), "{verb:?}: {plain}");
            assert!(plain.contains("\nheader\n{\n"), "{verb:?}: {plain}");
        }
    }
}

#[test]
fn a_nested_token_shows_both_headers() {
    for backend in backends() {
        let files = Files::new();
        let (signer, oct) = (key("HS256", backend), key("A256KW", backend));
        let (signer, oct) = (files.write("signer", signer), files.write("oct", oct));
        let encrypt = ["jwt", "encrypt", "--key", &oct, "--sign-key", &signer, "--sub", "anna"];
        let token = files.write("token", jose(&encrypt, "").ok());
        let decrypt = ["jwt", "decrypt", "--key", &oct, "--signer", &signer, &token];
        let seen = plain(&Terminal::new(&decrypt).run(&[]).ok());
        for part in [
            "valid: the signature was verified",
            "\"alg\": \"A256KW\"",
            "signed inside\nheader\n{\n  \"alg\": \"HS256\"",
            "signature 0: verified",
            "recipient 0: decrypted",
        ] {
            assert!(seen.contains(part), "{part}: {seen}");
        }
    }
}

#[test]
fn a_decrypted_token_is_not_called_verified() {
    for backend in backends() {
        let files = Files::new();
        let oct = files.write("oct", key("A256KW", backend));
        let token = files.write("token", jose(&["jwe", "encrypt", "--key", &oct], "text").ok());
        let seen = plain(&Terminal::new(&["jwe", "decrypt", "--key", &oct, &token]).run(&[]).ok());
        assert!(seen.starts_with("decrypted: it says nothing of who has written it\n"), "{seen}");
        assert!(seen.ends_with("payload\n| text\nend of the payload\n"), "{seen}");
    }
}

#[test]
fn octets_that_are_no_text_never_reach_a_terminal() {
    for backend in backends() {
        let files = Files::new();
        let key = files.write("key", key("HS256", backend));
        let sign = ["jws", "sign", "--key", &key];
        let token = files.write("token", jose(&sign, [0x9B, 0xFF, 0x1B]).ok());
        let verify = ["jws", "verify", "--key", &key, &token];
        let seen = plain(&Terminal::new(&verify).run(&[]).ok());
        assert!(seen.ends_with("3 octets; -o FILE or a pipe takes them\n"), "{seen}");
        assert_eq!(Terminal::new(&verify).piped_stdout().run(&[]).stdout, [0x9B, 0xFF, 0x1B]);

        let text = files.write("b64", jose(&["b64", "enc"], [0x9B, 0xFF, 0x1B]).ok());
        let seen = Terminal::new(&["b64", "dec", &text]).run(&[]);
        assert_eq!(seen.code, Some(2));
        assert!(seen.text.contains("a file or a pipe takes them"), "{}", seen.text);
        assert!(!seen.text.contains('\u{FFFD}'), "{}", seen.text);
    }
}

/// What a stranger writes to steer a terminal, reorder a line, end it or hide in it.
const HOSTILE: &str = "a\u{1b}]0;x\u{7}\u{9b}2J\u{7f}\r\u{202e}\u{2066}\u{200b}\u{2028}\u{e0041}b";

fn assert_harmless(seen: &str) {
    let harmful = HOSTILE.chars().filter(|c| !c.is_ascii() || *c == '\u{7}' || *c == '\u{7f}');
    for c in harmful.chain(['\r']) {
        assert!(!seen.contains(c), "{c:?} in {seen:?}");
    }
    assert!(!seen.contains("\u{1b}]"), "{seen:?}");
}

#[test]
fn a_text_of_strangers_does_not_steer_the_terminal() {
    for backend in backends() {
        let files = Files::new();
        let name = "n".to_owned() + HOSTILE;
        let claim = format!("{name}={}", serde_json::Value::from(HOSTILE));
        let header = format!("x{HOSTILE}={}", serde_json::Value::from(HOSTILE));
        let (key, token) = files.signed(backend, &["--claim", &claim, "--header", &header]);
        let sign = ["jws", "sign", "--key", &key];
        let payload = files.write("payload", jose(&sign, HOSTILE).ok());
        let encoded = files.write("encoded", jose(&["b64", "enc"], HOSTILE).ok());
        for args in [
            &["jwt", "verify", "--key", &key, &token][..],
            &["jwt", "verify", "--key", &key, &token, "--json"],
            &["jwt", "verify", "--key", &key, &token, "--json-lines"],
            &["jwt", "decode", &token],
            &["jwt", "decode", &token, "--json"],
            &["jws", "inspect", &token],
            &["jws", "verify", "--key", &key, &payload],
            &["b64", "dec", &encoded],
        ] {
            assert_harmless(&Terminal::new(args).run(&[]).ok());
        }
    }
}

#[test]
fn a_diagnostic_does_not_steer_the_terminal() {
    let files = Files::new();
    let name = HOSTILE.replace('\u{1b}', "\u{1b}[31m");
    let path = files.write(&name, "no token");
    for args in [&["jws", "inspect", &path][..], &["jwk", "pub", &path], &["jwks", "ls", &path]] {
        let seen = Terminal::new(args).run(&[]);
        assert_eq!(seen.code, Some(4), "{}", seen.text);
        assert_harmless(&seen.text);
        assert_eq!(seen.text.lines().count(), 1, "{}", seen.text);
    }
}

#[test]
fn json_on_a_terminal_is_the_same_json() {
    for backend in backends() {
        let files = Files::new();
        let claim = format!("text={}", serde_json::Value::from(HOSTILE));
        let (key, token) = files.signed(backend, &["--claim", &claim]);
        let verify = ["jwt", "verify", "--key", &key, &token, "--json"];
        let seen: serde_json::Value =
            serde_json::from_str(&Terminal::new(&verify).run(&[]).ok()).unwrap();
        assert_eq!(seen["claims"]["text"], HOSTILE);
    }
}

#[test]
fn colours_are_left_out_where_they_are_not_wanted() {
    for backend in backends() {
        let files = Files::new();
        let (key, token) = files.signed(backend, &[]);
        let verify = ["jwt", "verify", "--key", &key, &token];
        let decode = ["jwt", "decode", &token];
        for args in [&verify[..], &decode] {
            let seen = [
                Terminal::new(&[args, &["--color", "never"]].concat()),
                Terminal::new(args).env("NO_COLOR", "1"),
                Terminal::new(args).env("TERM", "dumb"),
            ];
            for terminal in seen {
                let text = terminal.run(&[]).ok();
                assert!(!text.contains('\u{1b}'), "{text:?}");
            }
        }
    }
}

#[test]
fn colours_that_are_always_wanted_are_in_diagnostics_alone() {
    for backend in backends() {
        let files = Files::new();
        let (_, token) = files.signed(backend, &["--sub", "anna", "--no-iat"]);
        let run = jose(&["jwt", "decode", "--color", "always", &token], "");
        assert!(run.stderr.contains('\u{1b}'), "{:?}", run.stderr);
        assert_eq!(run.text(), "{\"sub\":\"anna\"}\n");
    }
}

#[test]
fn long_work_is_shown_and_its_trace_removed() {
    let generate = ["jwk", "gen", "--alg", "RS256"];
    for backend in backends() {
        let args = [&generate[..], &["--backend", backend]].concat();
        let seen = Terminal::new(&args).piped_stdout().run(&[]);
        assert!(seen.text.contains("making a key"), "{:?}", seen.text);
        assert!(seen.text.ends_with("\u{1b}[2K"), "{:?}", seen.text);
        assert!(seen.stdout.starts_with(b"{\"kty\":\"RSA\""));

        let quiet = [&args[..], &["--quiet"]].concat();
        assert_eq!(Terminal::new(&quiet).piped_stdout().run(&[]).text, "");
        let elsewhere = Terminal::new(&args).piped_stdout().piped_stderr().run(&[]);
        assert_eq!((elsewhere.text, elsewhere.stderr), (String::new(), String::new()));
    }
}

#[test]
fn a_key_that_is_derived_from_a_password_is_long_work() {
    let env = [("JOSE_TEST_PASSWORD", PASSWORD)];
    let ask = ["--password-env", "JOSE_TEST_PASSWORD"];
    for backend in backends() {
        let files = Files::new();
        let backend = ["--backend", backend];
        let wrap = [&["jwk", "wrap"], &ask[..], &backend].concat();
        let wrapped = jose_with(&wrap, key("ES256", backend[1]), &env).ok();
        let wrapped = files.write("wrapped", wrapped);
        for args in [&["jwk", "unwrap", &wrapped][..], &["jwe", "encrypt", &wrapped]] {
            let args = [args, &ask, &backend].concat();
            let terminal = Terminal::new(&args).env("JOSE_TEST_PASSWORD", PASSWORD);
            let seen = terminal.piped_stdout().run(&[]);
            assert_eq!(seen.code, Some(0), "{}", seen.text);
            assert!(seen.text.contains("deriving a key"), "{:?}", seen.text);
        }
    }
}

#[test]
fn many_tokens_are_counted_where_results_do_not_show_them() {
    for backend in backends() {
        let files = Files::new();
        let (_, token) = files.signed(backend, &[]);
        let lines = std::fs::read_to_string(&token).unwrap().repeat(20);
        let lines = files.write("lines", lines);
        let args = ["jwt", "decode", "--json-lines", &lines];
        let seen = Terminal::new(&args).piped_stdout().run(&[]);
        assert!(seen.text.contains("jwt decode"), "{:?}", seen.text);
        assert_eq!(seen.stdout.split(|octet| *octet == b'\n').count(), 21);
        let seen = Terminal::new(&args).piped_stderr().run(&[]);
        assert_eq!(seen.text.lines().count(), 20, "{:?}", seen.text);
    }
}

#[test]
fn a_password_is_asked_for_without_showing_it() {
    for backend in backends() {
        let files = Files::new();
        let env = [("JOSE_TEST_PASSWORD", PASSWORD)];
        let wrap = ["jwk", "wrap", "--password-env", "JOSE_TEST_PASSWORD", "--backend", backend];
        let wrapped = jose_with(&wrap, key("ES256", backend), &env).ok();
        let wrapped = files.write("wrapped", wrapped);
        let public = ["jwk", "pub", &wrapped, "--backend", backend];
        let seen = Terminal::new(&public).piped_stdout().run(&[("password of ", PASSWORD)]);
        assert_eq!(seen.code, Some(0), "{}", seen.text);
        assert!(seen.text.contains("password of "), "{}", seen.text);
        assert!(!seen.text.contains("horse"), "{}", seen.text);
        assert!(seen.stdout.starts_with(b"{\"kty\":\"EC\""));
        assert_eq!(Terminal::new(&public).run(&[("password of ", "another")]).code, Some(1));
    }
}

#[test]
fn a_new_password_is_asked_for_twice() {
    for backend in backends() {
        let files = Files::new();
        let path = files.write("key", key("ES256", backend));
        let wrap = ["jwk", "wrap", &path, "--backend", backend];
        let seen = Terminal::new(&wrap)
            .piped_stdout()
            .run(&[("new password", PASSWORD), ("again", PASSWORD)]);
        assert_eq!(seen.code, Some(0), "{}", seen.text);
        assert!(!seen.text.contains("horse"), "{}", seen.text);
        let env = [("JOSE_TEST_PASSWORD", PASSWORD)];
        let unwrap = ["jwk", "unwrap", "--password-env", "JOSE_TEST_PASSWORD"];
        assert!(jose_with(&unwrap, seen.stdout, &env).text().contains("\"d\""));

        let seen = Terminal::new(&wrap)
            .piped_stdout()
            .run(&[("new password", PASSWORD), ("again", "another")]);
        assert_eq!(seen.code, Some(2), "{}", seen.text);
        assert!(seen.text.contains("not the same"), "{}", seen.text);
        assert_eq!(seen.stdout, b"");
    }
}

#[test]
fn a_password_that_is_not_given_after_all_ends_it() {
    for backend in backends() {
        let files = Files::new();
        let path = files.write("key", key("ES256", backend));
        let wrap = ["jwk", "wrap", &path, "--backend", backend];
        // Control and D, on an empty line.
        let seen = Terminal::new(&wrap).piped_stdout().run(&[("new password", "\u{4}")]);
        assert_eq!(seen.code, Some(6), "{}", seen.text);
        assert_eq!(seen.stdout, b"");
    }
}

#[test]
fn a_prompt_that_is_interrupted_leaves_the_terminal_as_it_was() {
    for backend in backends() {
        let files = Files::new();
        let path = files.write("key", key("ES256", backend));
        let wrap = ["jwk", "wrap", &path, "--backend", backend];
        // Control and C.
        let seen = Terminal::new(&wrap).piped_stdout().run(&[("new password", "\u{3}")]);
        assert!(seen.code.is_none() && seen.echoes, "{:?} {}", seen.code, seen.text);
        assert_eq!(seen.stdout, b"");
    }
}

#[test]
fn a_password_is_asked_for_also_if_diagnostics_go_elsewhere() {
    for backend in backends() {
        let files = Files::new();
        let path = files.write("key", key("ES256", backend));
        let wrap = ["jwk", "wrap", &path, "--backend", backend];
        let lines = [("new password", PASSWORD), ("again", PASSWORD)];
        let seen = Terminal::new(&wrap).piped_stdout().piped_stderr().run(&lines);
        assert_eq!(seen.code, Some(0), "{}", seen.stderr);
    }
}

#[test]
fn a_wrong_argument_does_not_steer_the_terminal() {
    let hostile = &HOSTILE.replace("\u{200b}", "\n");
    let option = format!("--{hostile}");
    for args in [
        &["jws", "verify", "--key", "a", "--alg", hostile][..],
        &["jws", "verify", "--key", "a", &option],
        &["jwk", hostile],
        &[hostile],
        &["completion", hostile],
        &["jwt", "sign", "--exp", hostile],
        &["jwt", "sign", "--header", hostile],
        &["--color", hostile, "alg"],
    ] {
        let seen = Terminal::new(args).run(&[]);
        assert_eq!(seen.code, Some(2), "{}", seen.text);
        assert_harmless(&seen.text.replace("\r\n", "\n"));
        assert!(seen.text.contains("\\u001b]0;x"), "{:?}", seen.text);
        assert!(!seen.text.contains("\u{1b}[2J"), "{:?}", seen.text);
    }
}

#[test]
fn usage_and_help_have_no_colours_where_they_are_not_wanted() {
    for args in [&["jwk", "--help"][..], &["jwk", "gen"], &["nothing"], &["jws", "sign", "-k"]] {
        let seen = Terminal::new(args).run(&[]);
        assert!(seen.text.contains('\u{1b}'), "no colours: {:?}", seen.text);
        for never in [&["--color", "never"][..], &["--color=never"]] {
            let seen = Terminal::new(&[never, args].concat()).run(&[]);
            assert!(!seen.text.is_empty() && !seen.text.contains('\u{1b}'), "{:?}", seen.text);
        }
        let seen = Terminal::new(args).env("NO_COLOR", "1").run(&[]);
        assert!(!seen.text.contains('\u{1b}'), "{:?}", seen.text);
    }
    let always = jose(&["--color", "always", "nothing"], "");
    assert!(always.stderr.contains('\u{1b}'), "{:?}", always.stderr);
}

#[test]
fn the_name_of_a_file_does_not_steer_the_terminal_that_asks_for_its_password() {
    for backend in backends() {
        let files = Files::new();
        let env = [("JOSE_TEST_PASSWORD", PASSWORD)];
        let wrap = ["jwk", "wrap", "--password-env", "JOSE_TEST_PASSWORD", "--backend", backend];
        let wrapped = jose_with(&wrap, key("ES256", backend), &env).ok();
        let wrapped = files.write(HOSTILE, wrapped);
        let public = ["jwk", "pub", &wrapped, "--backend", backend];
        let seen = Terminal::new(&public).piped_stdout().run(&[("password of ", PASSWORD)]);
        assert_eq!(seen.code, Some(0), "{}", seen.text);
        let prompt = seen.text.split_once("b: ").map_or("", |(prompt, _)| prompt);
        assert!(prompt.contains("\\u001b]0;x"), "{:?}", seen.text);
        assert_harmless(prompt);
    }
}

#[test]
fn a_payload_cannot_look_like_what_is_said_of_it() {
    for backend in backends() {
        let files = Files::new();
        let key = files.write("key", key("HS256", backend));
        let claim = "signature 1: verified, ES256";
        let payload =
            format!("text\n\n{claim}\n{}{claim}\n{}{claim}\n", " ".repeat(80), "\t".repeat(10));
        let token = jose(&["jws", "sign", "--key", &key], &payload).ok();
        let token = files.write("token", token);
        let seen = plain(&Terminal::new(&["jws", "verify", "--key", &key, &token]).run(&[]).ok());
        let lines = seen.lines().skip_while(|line| *line != "payload").skip(1);
        let lines: Vec<_> = lines.take_while(|line| *line != "end of the payload").collect();
        assert_eq!(lines.iter().filter(|line| line.contains(claim)).count(), 3, "{seen}");
        assert!(lines.iter().all(|line| line.starts_with("| ")), "{seen}");
        // Of eight columns each at most, so that no terminal breaks them.
        let width = |line: &str| line.chars().map(|c| if c == '\t' { 8 } else { 1 }).sum::<usize>();
        assert!(lines.iter().all(|line| width(line) <= 80), "{seen}");
        assert!(seen.ends_with("end of the payload\n"), "{seen}");
    }
}
