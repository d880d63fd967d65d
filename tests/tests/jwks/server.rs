//! A server that answers by script and remembers what it was asked.

use core::convert::Infallible;
use core::net::SocketAddr;
use core::pin::Pin;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A server on the loopback interface, which ends with the value.
pub struct Server {
    scheme: &'static str,
    address: SocketAddr,
    state: Arc<State>,
    listening: JoinHandle<()>,
}

struct State {
    script: Mutex<Script>,
    seen: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
}

type Script = Arc<dyn Fn(&Seen) -> Reply + Send + Sync>;

/// A request.
#[derive(Clone, Debug)]
pub struct Seen {
    pub path: String,
    pub headers: HeaderMap,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    fields: Vec<(&'static str, String)>,
    body: Out,
    /// What has to be given out before it is sent.
    gate: Option<Arc<Semaphore>>,
}

/// A body as it is sent.
#[derive(Clone, Debug)]
enum Out {
    /// With its length.
    Whole(Option<Bytes>),
    /// In chunks, of which this many octets are left; counted as they go.
    Chunks { left: usize, sent: Arc<AtomicUsize> },
    /// In one chunk.
    Chunk(Option<Bytes>),
}

impl Server {
    /// Answers every request in this way.
    pub async fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(Arc::new(script), None).await
    }

    /// Answers with this, over TLS.
    pub async fn tls(acceptor: TlsAcceptor, reply: Reply) -> Self {
        Self::tls_with(acceptor, move |_| reply.clone()).await
    }

    /// Answers every request in this way, over TLS.
    pub async fn tls_with(
        acceptor: TlsAcceptor,
        script: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::listen(Arc::new(script), Some(acceptor)).await
    }

    /// Answers with one set.
    pub async fn of(set: String) -> Self {
        Self::start(move |_| Reply::json(&set)).await
    }

    async fn listen(script: Script, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            script: Mutex::new(script),
            seen: Mutex::new(Vec::new()),
            connections: AtomicUsize::new(0),
        });
        let scheme = if tls.is_some() { "https" } else { "http" };
        let listening = tokio::spawn(accept(listener, tls, Arc::clone(&state)));
        Self { scheme, address, state, listening }
    }

    /// From now on answers in another way.
    pub fn answers(&self, script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) {
        *self.state.script.lock().unwrap() = Arc::new(script);
    }

    /// From now on there is nobody who listens.
    pub async fn stop(&mut self) {
        self.listening.abort();
        drop((&mut self.listening).await);
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The address of `path`.
    pub fn url(&self, path: &str) -> String {
        self.url_at("127.0.0.1", path)
    }

    /// The address of `path`, by another name of this host.
    pub fn url_at(&self, host: &str, path: &str) -> String {
        format!("{}://{host}:{}{path}", self.scheme, self.port())
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    /// How many requests came.
    pub fn count(&self) -> usize {
        self.seen().len()
    }

    /// How many requests came for `path`.
    pub fn count_of(&self, path: &str) -> usize {
        self.seen().iter().filter(|seen| seen.path == path).count()
    }

    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        state.connections.fetch_add(1, Ordering::SeqCst);
        let (state, tls) = (Arc::clone(&state), tls.clone());
        tokio::spawn(async move {
            match tls {
                None => serve(stream, state).await,
                // A client that does not like the certificate goes away.
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, state).await;
                    }
                }
            }
        });
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, state: Arc<State>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let state = Arc::clone(&state);
        async move {
            let path = request.uri().path().to_owned();
            let seen = Seen { path, headers: request.headers().clone() };
            state.seen.lock().unwrap_or_else(PoisonError::into_inner).push(seen.clone());
            let script = Arc::clone(&state.script.lock().unwrap_or_else(PoisonError::into_inner));
            let reply = script(&seen);
            if let Some(gate) = &reply.gate {
                gate.acquire().await.unwrap().forget();
            }
            let mut answer = Response::builder().status(reply.status);
            for (name, value) in &reply.fields {
                answer = answer.header(*name, value);
            }
            Ok::<_, Infallible>(answer.body(reply.body).unwrap())
        }
    });
    // A client that hangs up is none of its concern.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

impl Reply {
    pub fn status(status: u16) -> Self {
        Self { status, fields: Vec::new(), body: Out::Whole(Some(Bytes::new())), gate: None }
    }

    /// A set, or whatever this is, of the type that sets have.
    pub fn json(body: &str) -> Self {
        Self::of(body).with("content-type", "application/jwk-set+json")
    }

    /// A body of no type.
    pub fn of(body: impl Into<Vec<u8>>) -> Self {
        Self { body: Out::Whole(Some(body.into().into())), ..Self::status(200) }
    }

    /// A body of so many octets that does not say how many they are; counted as they go.
    pub fn stream(octets: usize, sent: &Arc<AtomicUsize>) -> Self {
        let body = Out::Chunks { left: octets, sent: Arc::clone(sent) };
        Self { body, ..Self::status(200) }.with("content-type", "application/json")
    }

    /// The same without its length, in one chunk.
    pub fn chunked(mut self) -> Self {
        if let Out::Whole(body) = self.body {
            self.body = Out::Chunk(body);
        }
        self
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The same, each time that `gate` has a permit for it.
    pub fn behind(mut self, gate: &Arc<Semaphore>) -> Self {
        self.gate = Some(Arc::clone(gate));
        self
    }
}

impl Body for Out {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = match self.get_mut() {
            Self::Whole(body) | Self::Chunk(body) => body.take().filter(|body| !body.is_empty()),
            Self::Chunks { left, sent } => {
                let size = (*left).min(16 * 1024);
                *left -= size;
                sent.fetch_add(size, Ordering::SeqCst);
                (size > 0).then(|| vec![b' '; size].into())
            }
        };
        Poll::Ready(data.map(|data| Ok(Frame::data(data))))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => SizeHint::with_exact(body.as_ref().map_or(0, Bytes::len) as u64),
            Self::Chunk(_) | Self::Chunks { .. } => SizeHint::new(),
        }
    }
}

/// What says exactly these octets to everybody, once the request is there, for answers that no server gives.
pub struct Speaker {
    pub address: String,
    connections: Arc<AtomicUsize>,
}

/// What it does then.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Then {
    HangsUp,
    Stays,
}

impl Speaker {
    pub async fn says(octets: &'static [u8], then: Then) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = format!("http://{}/jwks", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let mut request = [0; 4096];
                    drop(stream.read(&mut request).await);
                    drop(stream.write_all(octets).await);
                    if then == Then::Stays {
                        drop(stream.read(&mut request).await);
                    }
                });
            }
        });
        Self { address, connections }
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}
