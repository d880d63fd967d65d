//! Starts other programs, and says which.

use std::env;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

/// A `cargo` command: the one that runs this task.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(args);
    command
}

/// Prints the command and runs it, its output going where ours goes.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    println!("$ {}", line(command));
    let status = command.status().map_err(|error| cannot_start(command, &error))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` failed: {status}", line(command))) }
}

/// Runs the command and returns what it wrote to standard output.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let output =
        command.stderr(Stdio::inherit()).output().map_err(|error| cannot_start(command, &error))?;
    if !output.status.success() {
        return Err(format!("`{}` failed: {}", line(command), output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("`{}` did not write UTF-8", line(command)))
}

/// Whether the command can be started and succeeds; what it writes is thrown away.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A program of the workspace, an example or another, built with these features: those of its tests, or most would be
/// built again.
pub(crate) fn built(program: Program<'_>, features: &str) -> Result<PathBuf, String> {
    let (kind, name, place) = match program {
        Program::Example(name) => ("--example", name, "debug/examples"),
        Program::Own(name) => ("--bin", name, "debug"),
    };
    run(cargo(&["build", "-q", "--workspace", "--features", features]).args([kind, name]))?;
    Ok(target()?.join(place).join(name))
}

/// What is built.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Program<'a> {
    Example(&'a str),
    Own(&'a str),
}

/// Where this workspace is built: `CARGO_TARGET_DIR`, or what else cargo is told.
pub(crate) fn target() -> Result<PathBuf, String> {
    let metadata = metadata(&mut cargo(&["metadata", "--no-deps", "--format-version", "1"]))?;
    let target = metadata.get("target_directory").and_then(Value::as_str);
    target.map(PathBuf::from).ok_or_else(|| "`cargo metadata` names no target directory".to_owned())
}

/// What a `cargo metadata` prints.
pub(crate) fn metadata(command: &mut Command) -> Result<Value, String> {
    serde_json::from_str(&output(command)?)
        .map_err(|error| format!("`cargo metadata` did not print JSON: {error}"))
}

fn line(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    // The path of `cargo` is long and says nothing.
    let name = program.rsplit(['/', '\\']).next().unwrap_or(&program);
    command.get_args().fold(name.to_owned(), |line, arg| line + " " + &arg.to_string_lossy())
}

fn cannot_start(command: &Command, error: &std::io::Error) -> String {
    let program = command.get_program().to_string_lossy();
    match error.kind() {
        ErrorKind::NotFound => format!("`{program}` is not installed"),
        _ => format!("cannot start `{program}`: {error}"),
    }
}
