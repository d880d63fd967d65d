//! The process, and a client for it.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

/// A directory for the data of one test, which is removed with it.
pub(crate) struct Data {
    pub(crate) path: PathBuf,
}

impl Data {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("xano-service").join(name);
        let _absent = fs::remove_dir_all(&path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        Self { path }
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xano-service"));
        command.arg("--data").arg(&self.path).env_remove("XANO_SERVICE_MASTER_KEYS");
        command
    }

    /// Runs it with these arguments, to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    pub(crate) fn start(&self) -> Service {
        Service::start(&mut self.command())
    }

    /// The record of a user, as an operator sees it.
    pub(crate) fn show(&self, user_id: i64) -> Option<String> {
        let output = self.run(&["--show", &user_id.to_string()]);
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
    }

    pub(crate) fn database(&self) -> Connection {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        Connection::open_with_flags(self.path.join("service.db"), flags).unwrap()
    }

    pub(crate) fn count(&self, of: &str) -> i64 {
        let query = format!("SELECT count(*) FROM {of}");
        self.database().query_row(&query, [], |row| row.get(0)).unwrap()
    }

    /// Keys in the vault that nothing uses.
    pub(crate) fn orphans(&self) -> i64 {
        self.count(
            "key_vault WHERE id NOT IN (SELECT vault_id FROM encrypted_data)
             AND id NOT IN (SELECT signing_key FROM session)",
        )
    }

    /// How many rows each table has.
    pub(crate) fn rows(&self) -> [i64; 3] {
        ["key_vault", "session", "encrypted_data"].map(|table| self.count(table))
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        let _left = fs::remove_dir_all(&self.path);
    }
}

/// A process that serves.
pub(crate) struct Service {
    child: Child,
    told: BufReader<ChildStdout>,
    pub(crate) address: String,
}

impl Service {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child =
            command.args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut told = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        told.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap().to_owned();
        Self { child, told, address }
    }

    /// As `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// As a service manager stops it.
    pub(crate) fn terminate(&self) {
        let status = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    /// Waits for its end: whether it was orderly, and what it told.
    pub(crate) fn ended(mut self) -> (bool, String) {
        let mut rest = String::new();
        self.told.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().success(), rest)
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        request(&self.address, "GET", target, &[], b"").unwrap()
    }

    pub(crate) fn post(&self, target: &str, json: &str) -> Answer {
        post(&self.address, target, json).unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// The status and the code of a refusal.
    pub(crate) fn refused(&self) -> (u16, String) {
        let json = self.json();
        assert!(json["message"].as_str().is_some_and(|text| !text.is_empty()), "{self:?}");
        (self.status, json["code"].as_str().unwrap().to_owned())
    }
}

pub(crate) fn post(address: &str, target: &str, json: &str) -> Option<Answer> {
    request(address, "POST", target, &["content-type: application/json"], json.as_bytes())
}

/// Asks, and reads what is answered; nothing if the other side went away.
pub(crate) fn request(
    address: &str,
    method: &str,
    target: &str,
    fields: &[&str],
    body: &[u8],
) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.write_all(head(address, method, target, fields, body.len()).as_bytes()).ok()?;
    // Where too much is sent, the answer comes before all of it is taken.
    let _cut = stream.write_all(body);
    answer(stream)
}

pub(crate) fn head(
    address: &str,
    method: &str,
    target: &str,
    fields: &[&str],
    len: usize,
) -> String {
    let fields = fields.iter().fold(String::new(), |head, field| head + field + "\r\n");
    format!(
        "{method} {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-length: {len}\r\n{fields}\r\n"
    )
}

pub(crate) fn answer(mut stream: TcpStream) -> Option<Answer> {
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    let mut octets = Vec::new();
    let _reset = stream.read_to_end(&mut octets);
    let text = String::from_utf8(octets).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, head: head.to_owned(), body: body.to_owned() })
}
