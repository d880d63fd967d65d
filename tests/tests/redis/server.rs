//! A Redis of a test's own: on a socket in a directory that is there as long as it is.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use jose_session::RedisStore;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, FromRedisValue, RedisResult};

/// Killed when it is dropped, also by a test that panics.
pub struct Server {
    dir: PathBuf,
    options: &'static [&'static str],
    process: Option<Child>,
}

impl Server {
    /// One that remembers nothing when it ends.
    pub fn start() -> Self {
        Self::with(&["--appendonly", "no"])
    }

    /// One that has on the disk whatever it acknowledges.
    pub fn lasting() -> Self {
        Self::with(&["--appendonly", "yes", "--appendfsync", "always"])
    }

    fn with(options: &'static [&'static str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("jose-redis-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
        // The path of a socket has at most about a hundred octets, so not under `target`.
        let dir = std::env::temp_dir().join(name);
        fs::create_dir(&dir).unwrap();
        let mut server = Self { dir, options, process: None };
        server.begin();
        server
    }

    /// Starts it again after [`kill`](Self::kill).
    pub fn begin(&mut self) {
        let child = Command::new("redis-server")
            .args(["--port", "0", "--unixsocket"])
            .arg(self.dir.join("socket"))
            .args(["--save", "", "--loglevel", "warning", "--dir"])
            .arg(&self.dir)
            .args(self.options)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.process = Some(child.unwrap());
        let start = Instant::now();
        while self.try_ask::<String>(&["PING"]).is_err() {
            assert!(start.elapsed() < Duration::from_secs(60), "redis-server does not answer");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends it as a power failure does.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Lets it stand still: connections stay, and nobody answers.
    pub fn stop(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub fn go_on(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let id = self.process.as_ref().unwrap().id();
        let kill = format!("kill -{name} {id}");
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    pub fn client(&self) -> Client {
        self.client_as("")
    }

    /// `user` as in the query of an address: `&user=name&pass=word`.
    pub fn client_as(&self, user: &str) -> Client {
        let socket = self.dir.join("socket");
        Client::open(format!("redis+unix://{}?db=0{user}", socket.display())).unwrap()
    }

    /// One of whose answers one gets lost when the flag is set, with the connection that it should have come by.
    pub fn client_that_can_be_cut(&self) -> (Client, Arc<AtomicBool>) {
        let (path, server) = (self.dir.join("cut"), self.dir.join("socket"));
        let is_cut = Arc::new(AtomicBool::new(false));
        let (listener, flag) = (UnixListener::bind(&path).unwrap(), Arc::clone(&is_cut));
        thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), Ok(server)) = (client, UnixStream::connect(&server)) else {
                    return;
                };
                pass_on(&client, &server, None);
                pass_on(&server, &client, Some(Arc::clone(&flag)));
            }
        });
        (Client::open(format!("redis+unix://{}", path.display())).unwrap(), is_cut)
    }

    /// What it answers to a command, by a connection of its own.
    pub fn ask<A: FromRedisValue>(&self, words: &[&str]) -> A {
        self.try_ask(words).unwrap()
    }

    fn try_ask<A: FromRedisValue>(&self, words: &[&str]) -> RedisResult<A> {
        let mut connection = self.client().get_connection()?;
        let mut command = redis::Cmd::new();
        command.arg(words).query(&mut connection)
    }

    /// A store with a connection of its own, which has no limit of its own for an answer.
    pub async fn store(&self, prefix: &str) -> RedisStore {
        RedisStore::new(connection(self.client()).await, prefix)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            // Of a test that panics there is nobody to tell.
            let _ = process.kill();
            let _ = process.wait();
        }
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// Passes on what comes until there is no more, or until it is to be lost.
fn pass_on(from: &UnixStream, to: &UnixStream, is_cut: Option<Arc<AtomicBool>>) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    thread::spawn(move || {
        let mut octets = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut octets) {
            if is_cut.as_ref().is_some_and(|is_cut| is_cut.swap(false, Ordering::SeqCst))
                || to.write_all(&octets[..count]).is_err()
            {
                break;
            }
        }
        // Both directions, for both sides: neither is waited for any more.
        for stream in [from, to] {
            let _ = stream.shutdown(Shutdown::Both);
        }
    });
}

/// A connection that comes back soon.
pub async fn connection(client: Client) -> ConnectionManager {
    let config = ConnectionManagerConfig::new()
        .set_min_delay(Duration::from_millis(5))
        .set_max_delay(Duration::from_millis(50))
        .set_response_timeout(None);
    client.get_connection_manager_with_config(config).await.unwrap()
}
