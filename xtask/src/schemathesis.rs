//! `cargo xtask schemathesis`: requests by the thousand, made of the description of the example `xano-service`, against
//! that service; none may be answered with a failure of its own, or with what the description does not say.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::openssl::Openssl;
use crate::process::{run as run_command, target};
use crate::tree::told;
use crate::{examples, interop};

/// Installs the program under `target/schemathesis`, starts the service there, and has it asked.
pub(crate) fn run(openssl: Openssl) -> Result<(), String> {
    let place = target()?.join("schemathesis");
    interop::python(Path::new("tests/schemathesis"), &place)?;
    let service = Service::start(&examples::built(SERVICE, openssl)?, &place)?;
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

const SECONDS: &str = "60";

/// The service, until it is dropped.
struct Service {
    child: Child,
    address: String,
}

impl Service {
    fn start(program: &Path, place: &Path) -> Result<Self, String> {
        let mut command = Command::new(program);
        command.arg("--data").arg(place.join("data")).args(["--listen", "127.0.0.1:0"]);
        let child = command.stdout(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| told(program, &error))?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            let mut stdout = BufReader::new(stdout);
            stdout.read_line(&mut line).map_err(|error| told(program, &error))?;
            // What else it says, nobody waits for; but it must not find the pipe full or closed.
            std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        }
        let address = line.trim().strip_prefix("listening on http://").unwrap_or_default();
        let service = Self { child, address: address.to_owned() };
        if service.address.is_empty() {
            return Err(format!("{SERVICE} did not start"));
        }
        Ok(service)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}
