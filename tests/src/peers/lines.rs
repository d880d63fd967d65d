//! A peer behind the protocol of tests/peers/README.md: a request and an answer on a line each.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use super::installed;

/// A program that answers requests until its input ends.
#[derive(Debug)]
pub(super) struct Lines {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Lines {
    pub(super) fn node(script: &str) -> Self {
        // What is deprecated or experimental is asked for on purpose.
        Self::start(
            Command::new("node").arg("--no-warnings").arg(installed().join("node").join(script)),
        )
    }

    pub(super) fn python(script: &str) -> Self {
        let place = installed().join("python");
        let python = place.join("venv/bin/python");
        Self::start(Command::new(python).args(["-W", "ignore"]).arg(place.join(script)))
    }

    pub(super) fn rust(name: &str) -> Self {
        Self::start(Command::new(installed().join("rust/debug/jose-peers")).arg(name))
    }

    fn start(command: &mut Command) -> Self {
        // What it has to say beside its answers is for whoever reads the test's output.
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| {
            panic!("cannot start {}: {error}", Path::new(command.get_program()).display())
        });
        let requests = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, requests, answers }
    }

    pub(super) fn ask(&mut self, request: &Value) -> Result<Value, String> {
        let requests = self.requests.as_mut().unwrap();
        writeln!(requests, "{request}").unwrap();
        requests.flush().unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("{error} in the answer {line:?} to {request}"));
        if answer.get("ok") == Some(&Value::Bool(true)) {
            return Ok(answer);
        }
        Err(answer.get("error").and_then(Value::as_str).unwrap_or(&line).to_owned())
    }
}

impl Drop for Lines {
    /// It ends with its input.
    fn drop(&mut self) {
        self.requests = None;
        let _ = self.child.wait();
    }
}
