//! `cargo xtask schemathesis`: what the example `xano-service` says to try, tried; then requests by the thousand, made of
//! its description. None may be answered with a failure of its own, or with what the description does not say.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::interop;
use crate::openssl::Openssl;
use crate::process::{Program, built, output, run as run_command, target};
use crate::tree::told;

/// Installs the program under `target/schemathesis`, starts the service there, and has it asked.
pub(crate) fn run(openssl: Openssl) -> Result<(), String> {
    let place = target()?.join("schemathesis");
    interop::python(Path::new("tests/schemathesis"), &place)?;
    let program = built(Program::Example(SERVICE), openssl.workspace_features())?;
    let service = Service::start(&program, &place)?;
    service.try_what_it_says()?;
    let description = format!("http://{}/openapi.json", service.address);
    run_command(
        Command::new(place.join("venv/bin/schemathesis"))
            .args(["run", &description, "--checks", CHECKS])
            .args(["--seed", "1", "--max-time", SECONDS, "--continue-on-failure"])
            .current_dir(&place),
    )
}

const SERVICE: &str = "xano-service";

/// Not that all is accepted that the description allows: whether octets are a key, no schema says.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,negative_data_rejection,unsupported_method";

const SECONDS: &str = "45";

/// The service, until it is dropped.
struct Service {
    child: Child,
    address: String,
    /// What it says to try, as a shell takes it.
    lines: String,
}

impl Service {
    fn start(program: &Path, place: &Path) -> Result<Self, String> {
        let mut command = Command::new(program);
        command.arg("--data").arg(place.join("data")).args(["--listen", "127.0.0.1:0"]);
        let child = command.stdout(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| told(program, &error))?;
        let (mut line, mut lines) = (String::new(), String::new());
        if let Some(stdout) = child.stdout.take() {
            let mut stdout = BufReader::new(stdout);
            stdout.read_line(&mut line).map_err(|error| told(program, &error))?;
            while !lines.contains(LAST) {
                let read = stdout.read_line(&mut lines).map_err(|error| told(program, &error))?;
                if read == 0 {
                    break;
                }
            }
            // What else it says, nobody waits for; but it must not find the pipe full or closed.
            std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        }
        let address = line.trim().strip_prefix("listening on http://").unwrap_or_default();
        let service = Self { child, address: address.to_owned(), lines };
        if service.address.is_empty() {
            return Err(format!("{SERVICE} did not start"));
        }
        Ok(service)
    }

    /// Runs each of its lines as a user would, who copies it into a shell.
    fn try_what_it_says(&self) -> Result<(), String> {
        let lines = self.lines.split(LAST).next().unwrap_or_default().replace("\\\n", " ");
        let lines: Vec<&str> = lines.lines().filter(|line| !line.trim().is_empty()).collect();
        if lines.len() < 7 {
            return Err(format!("{SERVICE} says too little: {lines:?}"));
        }
        for line in lines {
            let answer = output(Command::new("sh").args(["-c", line]))?;
            println!("$ {line}\n{answer:.100}");
            let refused = |answer: &Value| answer.get("code").is_some();
            if serde_json::from_str(&answer).map_or(true, |answer| refused(&answer)) {
                return Err(format!("`{line}` is answered with {answer}"));
            }
        }
        Ok(())
    }
}

/// With what its last line begins, which is for a browser.
const LAST: &str = "and http://";

impl Drop for Service {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}
