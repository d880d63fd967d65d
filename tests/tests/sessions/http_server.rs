//! A server with an axum router, and a client that keeps cookies.

use core::net::SocketAddr;
use std::collections::BTreeMap;
use std::sync::Mutex;

use axum::Router;
use axum::body::{Body, to_bytes};
use http::header::{COOKIE, HOST, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use hyper::client;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A server on the loopback interface, which ends with the value.
pub struct Server {
    address: SocketAddr,
    listening: JoinHandle<()>,
}

impl Server {
    /// With room for the fields of a request that fill every part of a cookie.
    pub async fn start(app: Router) -> Self {
        Self::with_room(app, 1 << 20).await
    }

    /// With room for so many octets of fields.
    pub async fn with_room(app: Router, octets: usize) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let listening = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let app = TowerToHyperService::new(app.clone());
                let mut http = http1::Builder::new();
                http.max_buf_size(octets);
                let connection = http.serve_connection(TokioIo::new(stream), app).with_upgrades();
                // A client that hangs up is none of its concern.
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        Self { address, listening }
    }

    /// A client that has no cookies yet.
    pub fn client(&self) -> Client {
        Client { address: self.address, jar: Mutex::default() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// A client of one server: a connection for each request, and the cookies of the answers before.
pub struct Client {
    address: SocketAddr,
    jar: Mutex<BTreeMap<String, String>>,
}

/// What it was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// The value of each `Set-Cookie`, by the name of its cookie.
    pub fn set_cookies(&self) -> BTreeMap<String, String> {
        let fields = self.headers.get_all(SET_COOKIE).iter();
        let pairs = fields.map(|field| field.to_str().unwrap().split_once('=').unwrap());
        pairs.map(|(name, rest)| (name.to_owned(), rest.to_owned())).collect()
    }

    /// The only field of that name, as text.
    pub fn field(&self, name: &HeaderName) -> Option<&str> {
        let mut fields = self.headers.get_all(name).iter();
        let field = fields.next()?.to_str().unwrap();
        assert!(fields.next().is_none(), "{name} is there once");
        Some(field)
    }
}

impl Client {
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], String::new()).await
    }

    pub async fn get_with(&self, path: &str, fields: &[(HeaderName, &str)]) -> Answer {
        self.send(Method::GET, path, fields, String::new()).await
    }

    pub async fn post(&self, path: &str, body: impl Into<String>) -> Answer {
        self.send(Method::POST, path, &[], body.into()).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        fields: &[(HeaderName, &str)],
        body: String,
    ) -> Answer {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) =
            client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(async move { drop(connection.with_upgrades().await) });
        let response = sender.send_request(self.request(method, path, fields, body)).await.unwrap();
        let (parts, body) = response.into_parts();
        self.keep(&parts.headers);
        // What follows a 101 is no body.
        let body = if parts.status == StatusCode::SWITCHING_PROTOCOLS {
            Body::empty()
        } else {
            Body::new(body)
        };
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let body = String::from_utf8(body.into()).unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Asks for a WebSocket, and tells what comes of it: the answer, and the connection if it was granted.
    pub async fn upgrade(
        &self,
        path: &str,
        fields: &[(HeaderName, &str)],
    ) -> (http::response::Parts, Option<TokioIo<hyper::upgrade::Upgraded>>) {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) =
            client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(async move { drop(connection.with_upgrades().await) });
        let request = self.request(Method::GET, path, fields, String::new());
        let mut response = sender.send_request(request).await.unwrap();
        let upgraded = match response.status() {
            StatusCode::SWITCHING_PROTOCOLS => {
                Some(TokioIo::new(hyper::upgrade::on(&mut response).await.unwrap()))
            }
            _ => None,
        };
        let (parts, _) = response.into_parts();
        self.keep(&parts.headers);
        (parts, upgraded)
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        fields: &[(HeaderName, &str)],
        body: String,
    ) -> Request<Body> {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header(HOST, self.address.to_string());
        let cookies = self.cookies();
        if !cookies.is_empty() {
            let pairs: Vec<_> =
                cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(COOKIE, pairs.join("; "));
        }
        for (name, value) in fields {
            request = request.header(name, HeaderValue::from_str(value).unwrap());
        }
        request.body(Body::from(body)).unwrap()
    }

    fn keep(&self, headers: &HeaderMap) {
        let mut jar = self.jar.lock().unwrap();
        for field in headers.get_all(SET_COOKIE) {
            let (pair, attributes) = field.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.split(';').any(|attribute| attribute.trim() == "Max-Age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// What is in the jar.
    pub fn cookies(&self) -> BTreeMap<String, String> {
        self.jar.lock().unwrap().clone()
    }

    /// Puts this into the jar.
    pub fn set_cookie(&self, name: &str, value: &str) {
        self.jar.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    pub fn remove_cookie(&self, name: &str) {
        self.jar.lock().unwrap().remove(name).unwrap();
    }

    /// Another one with the same cookies.
    pub fn copy(&self) -> Self {
        Self { address: self.address, jar: Mutex::new(self.cookies()) }
    }
}
