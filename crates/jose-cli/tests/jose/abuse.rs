//! What nobody does on purpose: streams that are closed, full, endless or no text, and no terminal. All
//! commands, on Linux alone: it has `/dev/full`, and limits of memory that hold.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use crate::common::{backends, jose, jose_with, key};

const PASSWORD: [(&str, &str); 1] = [("JOSE_TEST_PASSWORD", "correct horse battery staple")];
const ASK: [&str; 2] = ["--password-env", "JOSE_TEST_PASSWORD"];

/// Files that commands need, in a directory that is gone with this.
struct Files {
    directory: tempfile::TempDir,
    backend: &'static str,
}

impl Files {
    fn new(backend: &'static str) -> Self {
        let files = Self { directory: tempfile::tempdir().unwrap(), backend };
        let named = ["jwk", "gen", "--alg", "ES256", "--kid", "x", "--backend", backend];
        files.write("named", jose(&named, "").ok());
        files.write("signer", key("ES256", backend));
        files.write("shared", key("A256KW", backend));
        files.write("set", jose(&["jwks", "merge", &files.path("named")], "").ok());
        let signer = ["--key", &files.path("signer")];
        files.write("jws", jose(&[&["jws", "sign"], &signer[..]].concat(), "text").ok());
        files.write("jwt", jose(&[&["jwt", "sign"], &signer[..]].concat(), "").ok());
        let shared = ["--key", &files.path("shared")];
        files.write("jwe", jose(&[&["jwe", "encrypt"], &shared[..]].concat(), "text").ok());
        files.write("sealed", jose(&[&["jwt", "encrypt"], &shared[..]].concat(), "").ok());
        let wrap = [&["jwk", "wrap"], &ASK[..]].concat();
        files.write("wrapped", jose_with(&wrap, key("ES256", backend), &PASSWORD).ok());
        files.write("text", "text");
        files.write("b64", "dGV4dA");
        files.write("claims", "{}");
        files.write("nothing", "");
        files
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// `jose` with the arguments of a command.
    fn command(&self, leaf: &Leaf) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jose"));
        self.arguments(&mut command, leaf);
        command
    }

    fn arguments(&self, command: &mut Command, leaf: &Leaf) {
        let words = leaf.command.split(' ').chain(leaf.options.split_ascii_whitespace());
        let words = words.map(|word| match word.strip_prefix('@') {
            Some(name) => self.path(name),
            None => word.to_owned(),
        });
        command.args(words).args(["--backend", self.backend]).envs(PASSWORD);
        // In a directory of its own, should it write a file that nobody has asked for.
        command.current_dir(self.directory.path());
    }

    fn input(&self, leaf: &Leaf) -> File {
        File::open(self.path(leaf.input.unwrap_or("nothing"))).unwrap()
    }
}

/// A command, options with which it reads standard input if it can, and a file that it likes there.
#[derive(Debug)]
struct Leaf {
    command: &'static str,
    /// `@name` is a file of [`Files`].
    options: &'static str,
    input: Option<&'static str>,
}

const fn leaf(command: &'static str, options: &'static str, input: &'static str) -> Leaf {
    let input = if input.is_empty() { None } else { Some(input) };
    Leaf { command, options, input }
}

const LEAVES: &[Leaf] = &[
    leaf("alg", "", ""),
    leaf("b64 enc", "", "text"),
    leaf("b64 dec", "", "b64"),
    leaf("completion", "bash", ""),
    leaf("man", "", ""),
    leaf("jwe encrypt", "--key @shared", "text"),
    leaf("jwe decrypt", "--key @shared", "jwe"),
    leaf("jwe decrypt", "--key @shared --json-lines", "jwe"),
    leaf("jwe decrypt", "--key - @jwe", "shared"),
    leaf("jwe inspect", "", "jwe"),
    leaf("jwe convert", "--to general", "jwe"),
    leaf("jwk gen", "--alg ES256", ""),
    leaf("jwk pub", "", "signer"),
    leaf("jwk thp", "", "signer"),
    leaf("jwk convert", "--to pkcs8", "signer"),
    leaf("jwk lint", "--fail-on error", "signer"),
    leaf("jwk check", "", "signer"),
    leaf("jwk wrap", "--password-env JOSE_TEST_PASSWORD", "signer"),
    leaf("jwk unwrap", "--password-env JOSE_TEST_PASSWORD", "wrapped"),
    leaf("jwk unwrap", "@wrapped --password-file -", "text"),
    leaf("jwk use", "--use sign", "signer"),
    leaf("jwks add", "@set", "signer"),
    leaf("jwks rm", "--kid x", "set"),
    leaf("jwks ls", "", "set"),
    leaf("jwks find", "--kid x", "set"),
    leaf("jwks merge", "-", "set"),
    leaf("jwks rotate", "@set", "signer"),
    leaf("jwks lint", "--fail-on error", "set"),
    leaf("jws sign", "--key @signer", "text"),
    leaf("jws sign", "--key @signer --json", "text"),
    leaf("jws verify", "--key @signer", "jws"),
    leaf("jws verify", "--key @signer --json-lines", "jws"),
    leaf("jws inspect", "", "jws"),
    leaf("jws convert", "--to general", "jws"),
    leaf("jwt sign", "--key @signer -", "claims"),
    leaf("jwt verify", "--key @signer", "jwt"),
    leaf("jwt verify", "--key @signer --json", "jwt"),
    leaf("jwt encrypt", "--key @shared -", "claims"),
    leaf("jwt decrypt", "--key @shared", "sealed"),
    leaf("jwt decode", "", "jwt"),
];

/// The commands that have no commands below them, as the program tells of them.
fn leaves(of: &str) -> Vec<String> {
    let words = of.split_ascii_whitespace().chain(["--help"]);
    let help = jose(&words.collect::<Vec<_>>(), "").text();
    let Some((_, commands)) = help.split_once("\nCommands:\n") else { return vec![of.to_owned()] };
    let commands = commands.lines().take_while(|line| !line.is_empty());
    // A description that goes on in the next line has more space before it.
    let names = commands.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names = names.filter(|name| !name.is_empty() && *name != "help");
    names.flat_map(|name| leaves(format!("{of} {name}").trim())).collect()
}

#[test]
fn every_command_is_abused_here() {
    let known: BTreeSet<_> = LEAVES.iter().map(|leaf| leaf.command.to_owned()).collect();
    assert_eq!(known, leaves("").into_iter().collect());
}

/// What a run has left, whatever became of its streams.
struct Ended {
    code: i32,
    stderr: String,
}

fn end(mut command: Command) -> Ended {
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    drop(command);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.signal(), None, "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    Ended { code: output.status.code().unwrap(), stderr }
}

/// On every backend, every command.
fn every(test: impl Fn(&Files, &Leaf)) {
    for backend in backends() {
        let files = Files::new(backend);
        for leaf in LEAVES {
            test(&files, leaf);
        }
    }
}

/// As [`every`], of those that read.
fn every_reader(test: impl Fn(&Files, &Leaf)) {
    every(|files, leaf| {
        if leaf.input.is_some() {
            test(files, leaf);
        }
    });
}

/// A pipe of which the reader is gone.
fn unread() -> PipeWriter {
    let (reader, writer): (PipeReader, PipeWriter) = pipe().unwrap();
    drop(reader);
    writer
}

#[test]
fn every_command_of_the_table_does_its_work() {
    every(|files, leaf| {
        let mut command = files.command(leaf);
        command.stdin(files.input(leaf)).stdout(Stdio::null());
        let ended = end(command);
        // A password that is none of this key's is all that standard input is good for there.
        let code = i32::from(leaf.options.contains("--password-file"));
        assert_eq!(ended.code, code, "{leaf:?}: {}", ended.stderr);
    });
}

#[test]
fn a_reader_who_is_gone_has_seen_enough() {
    every(|files, leaf| {
        let mut command = files.command(leaf);
        command.stdin(files.input(leaf)).stdout(unread());
        let ended = end(command);
        let code = i32::from(leaf.options.contains("--password-file"));
        assert_eq!(ended.code, code, "{leaf:?}: {}", ended.stderr);
        assert!(!ended.stderr.contains("pipe"), "{leaf:?}: {}", ended.stderr);
    });
}

#[test]
fn a_result_that_finds_no_room_is_told_and_is_a_failure() {
    every(|files, leaf| {
        if leaf.options.contains("--password-file") || leaf.command.ends_with("lint") {
            return; // Nothing is written.
        }
        let full = File::options().write(true).open("/dev/full").unwrap();
        let mut command = files.command(leaf);
        command.stdin(files.input(leaf)).stdout(full);
        let ended = end(command);
        assert_eq!(ended.code, 6, "{leaf:?}: {}", ended.stderr);
        assert!(ended.stderr.contains("standard output: "), "{leaf:?}: {}", ended.stderr);
    });
}

#[test]
fn help_that_finds_no_room_is_a_failure_and_help_that_nobody_reads_is_none() {
    for args in [&["--help"][..], &["jwt", "verify", "--help"], &["--version"]] {
        let run = |stdout: Stdio| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_jose"));
            command.args(args).stdout(stdout);
            end(command).code
        };
        let full = File::options().write(true).open("/dev/full").unwrap();
        assert_eq!((run(full.into()), run(unread().into())), (6, 0), "{args:?}");
    }
}

#[test]
fn diagnostics_that_nobody_can_read_change_no_exit_code() {
    every(|files, leaf| {
        let run = |stderr: Stdio| {
            let mut command = files.command(leaf);
            command.arg("--no-such-option").stdin(Stdio::null()).stdout(Stdio::null());
            let usage = command.stderr(stderr).status().unwrap().code();
            assert_eq!(usage, Some(2), "{leaf:?}");
        };
        run(unread().into());
        run(File::options().write(true).open("/dev/full").unwrap().into());
    });
    every_reader(|files, leaf| {
        let mut command = files.command(leaf);
        command.stdin(files.input(leaf)).stdout(Stdio::null()).stderr(unread());
        let code = i32::from(leaf.options.contains("--password-file"));
        assert_eq!(command.status().unwrap().code(), Some(code), "{leaf:?}");
    });
}

/// A shell closes streams; what is run through it has the arguments of the command.
fn through_a_shell(files: &Files, leaf: &Leaf, script: &str) -> Ended {
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_jose")]);
    files.arguments(&mut command, leaf);
    command.stdin(files.input(leaf)).stdout(Stdio::null());
    end(command)
}

#[test]
fn a_stream_that_is_closed_is_no_reason_to_panic() {
    every(|files, leaf| {
        let code = i32::from(leaf.options.contains("--password-file"));
        for script in [r#"exec "$0" "$@" >&-"#, r#"exec "$0" "$@" 2>&-"#] {
            let ended = through_a_shell(files, leaf, script);
            assert_eq!(ended.code, code, "{script} {leaf:?}: {}", ended.stderr);
        }
        // As if there were nothing in it.
        let ended = through_a_shell(files, leaf, r#"exec "$0" "$@" <&-"#);
        assert!((0..=7).contains(&ended.code), "{leaf:?}: {}", ended.stderr);
        through_a_shell(files, leaf, r#"exec "$0" "$@" <&- >&- 2>&-"#);
    });
}

#[test]
fn octets_that_are_no_text_are_refused_or_are_as_good_as_any() {
    // The same each time, and no text: a generator of Lehmer's.
    let mut state = 0x2545_F491_u64;
    let mut next = || {
        state = state * 48_271 % 0x7FFF_FFFF;
        u8::try_from(state & 0xFF).unwrap()
    };
    let random: Vec<u8> = (0..10_000).map(|_| next()).collect();
    assert!(std::str::from_utf8(&random).is_err());
    every_reader(|files, leaf| {
        for octets in [&random[..], &[0; 1000], b"\xEF\xBB\xBF{}", b"\n\n\n"] {
            files.write("input", octets);
            let mut command = files.command(leaf);
            let input = File::open(files.path("input")).unwrap();
            let ended = end({
                command.stdin(input).stdout(Stdio::null());
                command
            });
            let octets_are_welcome = matches!(leaf.command, "b64 enc" | "jwe encrypt" | "jws sign");
            let codes: &[i32] = match leaf.options.contains("--password-file") {
                true => &[1, 4],
                false if octets_are_welcome => &[0],
                false => &[4],
            };
            assert!(codes.contains(&ended.code), "{leaf:?}: {}", ended.stderr);
        }
    });
}

#[test]
fn more_than_anybody_wants_to_read_is_refused_within_bounded_memory() {
    every_reader(|files, leaf| {
        let long = File::create(files.path("long")).unwrap();
        long.set_len(100_000_000).unwrap();
        let mut command = Command::new("sh");
        // Twice as much as the longest input, and what the program itself is.
        command.args(["-c", r#"ulimit -v 300000; exec "$0" "$@""#, env!("CARGO_BIN_EXE_jose")]);
        files.arguments(&mut command, leaf);
        command.stdin(File::open(files.path("long")).unwrap()).stdout(Stdio::null());
        let ended = end(command);
        assert_eq!(ended.code, 4, "{leaf:?}: {}", ended.stderr);
        assert!(ended.stderr.contains("longer than"), "{leaf:?}: {}", ended.stderr);
    });
}

#[test]
fn a_reader_who_stops_in_the_middle_of_many_answers_ends_them() {
    for backend in backends() {
        let files = Files::new(backend);
        let line = std::fs::read_to_string(files.path("jwt")).unwrap();
        files.write("lines", line.repeat(2000));
        let (mut reader, writer) = pipe().unwrap();
        let mut command = files.command(&leaf("jwt decode", "--json-lines @lines", ""));
        let child = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        drop(command);
        reader.read_exact(&mut [0; 10]).unwrap();
        drop(reader);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn where_no_terminal_is_a_password_is_not_waited_for() {
    let leaves = [
        leaf("jwk wrap", "", "signer"),
        leaf("jwk unwrap", "", "wrapped"),
        leaf("jwk convert", "--to encrypted-pkcs8", "signer"),
        leaf("jwe encrypt", "", "text"),
        leaf("jwe decrypt", "", "jwe"),
        leaf("jws sign", "--key @wrapped", "text"),
    ];
    for backend in backends() {
        let files = Files::new(backend);
        for leaf in &leaves {
            let mut command = Command::new("setsid");
            command.args(["--wait", env!("CARGO_BIN_EXE_jose")]);
            files.arguments(&mut command, leaf);
            command.stdin(files.input(leaf)).stdout(Stdio::null());
            let ended = end(command);
            assert_eq!(ended.code, 5, "{leaf:?}: {}", ended.stderr);
            assert!(ended.stderr.contains("--password-file"), "{leaf:?}: {}", ended.stderr);
        }
    }
}

#[test]
fn input_that_comes_slowly_is_read_to_its_end() {
    for backend in backends() {
        let files = Files::new(backend);
        let (reader, mut writer) = pipe().unwrap();
        let mut command = files.command(&leaf("b64 enc", "", "text"));
        let child = command.stdin(reader).stdout(Stdio::piped()).spawn().unwrap();
        drop(command);
        for octet in b"text" {
            writer.write_all(&[*octet]).unwrap();
        }
        drop(writer);
        assert_eq!(child.wait_with_output().unwrap().stdout, b"dGV4dA\n");
    }
}
