//! A browser without a window, driven by `WebDriver` (W3C): requests of JSON to a program that the test starts.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A browser with a profile of its own, which ends with this value.
pub struct Browser {
    driver: Child,
    /// Kept open for what else the driver may say.
    _said: BufReader<ChildStdout>,
    port: u16,
    session: Option<String>,
    /// One at a time: each is some processes.
    _turn: MutexGuard<'static, ()>,
}

static TURN: Mutex<()> = Mutex::new(());

impl Browser {
    /// Starts it. The driver makes the profile, and takes it away.
    pub fn start() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdout(Stdio::piped());
        let mut driver = command.spawn().unwrap();
        let mut said = BufReader::new(driver.stdout.take().unwrap());
        // From here on the driver is ended by `drop`, whatever panics.
        let port = port(&mut said);
        let mut browser = Self {
            driver,
            _said: said,
            port: port.unwrap_or_default(),
            session: None,
            _turn: turn,
        };
        assert!(port.is_some(), "chromedriver did not start");

        let mut args = vec!["--headless=new", "--disable-dev-shm-usage", "--disable-gpu"];
        if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
            args.push("--no-sandbox"); // root has none
        }
        let options = json!({"browserName": "chrome", "goog:chromeOptions": {"args": args}});
        let wanted = json!({"capabilities": {"alwaysMatch": options}});
        let made = browser.send("POST", "/session", Some(&wanted)).unwrap();
        browser.session = Some(made["sessionId"].as_str().unwrap().to_owned());
        browser
    }

    /// Goes to a page, and waits for it.
    pub fn go(&self, url: &str) {
        self.command("POST", "/url", &json!({"url": url}));
    }

    /// Loads the page again.
    pub fn reload(&self) {
        self.command("POST", "/refresh", &json!({}));
    }

    /// Opens another tab, and is there from now on.
    pub fn open_tab(&self) {
        let made = self.command("POST", "/window/new", &json!({"type": "tab"}));
        self.command("POST", "/window", &json!({"handle": made["handle"]}));
    }

    /// Runs the body of a function in the page, and waits for its promise if it returns one.
    pub fn run(&self, script: &str, args: &[Value]) -> Value {
        self.command("POST", "/execute/sync", &json!({"script": script, "args": args}))
    }

    /// Runs what leads from the page to this one, which it is told, and waits until that is there.
    pub fn leave(&self, script: &str, url: &str) {
        self.run(script, &[url.into()]);
        let end = Instant::now() + Duration::from_secs(20);
        let is_there = "return location.href == arguments[0] && document.readyState == 'complete'";
        while self.run(is_there, &[url.into()]) != true {
            assert!(Instant::now() < end, "{url} was not reached");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What the page says, which is JSON.
    pub fn told(&self) -> Value {
        let text = self.run("return document.body.innerText", &[]);
        serde_json::from_str(text.as_str().unwrap()).unwrap()
    }

    /// The cookies that the page's address would be sent, sorted by name.
    pub fn cookies(&self) -> Vec<Value> {
        let mut cookies = match self.command("GET", "/cookie", &Value::Null) {
            Value::Array(cookies) => cookies,
            other => panic!("no list: {other}"),
        };
        cookies.sort_by_key(|cookie| cookie["name"].to_string());
        cookies
    }

    fn command(&self, method: &str, path: &str, body: &Value) -> Value {
        let path = format!("/session/{}{path}", self.session.as_ref().unwrap());
        let told = self.send(method, &path, Some(body).filter(|body| !body.is_null()));
        told.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// A request and its answer: what is asked for, or the error.
    fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let said = |error: std::io::Error| error.to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).map_err(said)?;
        stream.set_read_timeout(Some(Duration::from_secs(60))).map_err(said)?;
        let (port, body) = (self.port, body.map(Value::to_string).unwrap_or_default());
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .map_err(said)?;

        let mut answer = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            answer.read_line(&mut line).map_err(said)?;
            match line.trim_end().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().map_err(|_| line.clone())?;
                }
                None if line.trim_end().is_empty() => break,
                _ => {}
            }
        }
        let mut body = vec![0; length];
        answer.read_exact(&mut body).map_err(said)?;
        let mut told: Value = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
        let value = told["value"].take();
        match value.get("error") {
            Some(error) => Err(format!("{error}: {}", value["message"])),
            None => Ok(value),
        }
    }
}

/// Where a driver that starts says that it listens.
fn port(said: &mut impl BufRead) -> Option<u16> {
    let lines = said.lines().map_while(Result::ok);
    let mut ports = lines.filter_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    ports.next()
}

impl Drop for Browser {
    /// Also when a test panics. The driver ends the browser, and would leave it there if it were ended itself.
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            let _ = self.send("DELETE", &format!("/session/{session}"), None);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
