//! A program that serves, and a client for it that keeps cookies.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

/// It ends with this value.
pub struct Program {
    child: Child,
    /// What it says after where it listens.
    pub said: BufReader<ChildStdout>,
    pub address: String,
}

impl Program {
    /// Starts it. Its arguments say where it listens.
    pub fn start_as(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        let read = said.read_line(&mut line);
        let mut program = Self { child, said, address: String::new() };
        // From here on it is ended by `drop`, whatever panics.
        assert!(read.is_ok(), "{read:?}");
        line.trim().strip_prefix("http://").unwrap().clone_into(&mut program.address);
        program
    }

    /// What it has told on standard error, which was piped, when it is ended.
    pub fn end(mut self) -> String {
        self.child.kill().unwrap();
        let mut told = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        told
    }

    pub fn client(&self) -> Client {
        Client { address: self.address.clone(), cookies: BTreeMap::new() }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// A connection for each request, and the cookies of the answers before.
#[derive(Clone)]
pub struct Client {
    address: String,
    pub cookies: BTreeMap<String, String>,
}

/// What it was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    pub fields: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }
}

impl Client {
    pub fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    /// As a button of a page does.
    pub fn press(&mut self, path: &str, form: &str) -> Answer {
        let kind = ("Content-Type", "application/x-www-form-urlencoded");
        self.send("POST", path, &[kind, ("Sec-Fetch-Site", "same-origin")], form)
    }

    pub fn send(
        &mut self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.address);
        let mut add = |name: &str, value: &str| head.extend([name, ": ", value, "\r\n"]);
        add("Connection", "close");
        add("Content-Length", &body.len().to_string());
        for (name, value) in fields {
            add(name, value);
        }
        if !self.cookies.is_empty() {
            let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
            add("Cookie", &pairs.collect::<Vec<_>>().join("; "));
        }
        write!(stream, "{head}\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let (first, fields) = head.split_once("\r\n").unwrap();
        let fields = fields.lines().map(|line| line.split_once(": ").unwrap());
        let fields = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
        let status = first.split(' ').nth(1).unwrap().parse().unwrap();
        let answer = Answer { status, fields: fields.collect(), body: body.to_owned() };
        self.keep(&answer);
        answer
    }

    fn keep(&mut self, answer: &Answer) {
        for (_, value) in answer.fields.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, rest) = value.split_once('=').unwrap();
            let (value, attributes) = rest.split_once(';').unwrap_or((rest, ""));
            if attributes.to_ascii_lowercase().contains("max-age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}
