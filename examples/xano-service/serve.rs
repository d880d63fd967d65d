//! The server under the endpoints: how many connections it holds, how long a request may take to say what it wants, and
//! how it stops.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// How many connections there are at once. The next ones wait to be taken.
const CONNECTIONS: usize = 256;

/// How long the head of a request may take to come: who sends it an octet a minute holds a connection for nothing.
const HEAD_TIME: Duration = Duration::from_secs(5);

/// How long a connection may last, which is for one request: longer than all that a request may wait for. Who does not
/// read the answer holds a connection for nothing, too.
const LIFE_TIME: Duration = Duration::from_secs(60);

/// How long requests may take to end once the service is to stop.
const PATIENCE: Duration = Duration::from_secs(20);

/// Serves until it is told to stop, and answers what has begun by then. Returns whether all was answered.
pub(crate) async fn serve(listener: TcpListener, router: Router) -> bool {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).keep_alive(false);
    let mut stopped = pin!(stopped());
    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut stopped => break,
        };
        let Ok((stream, _)) = accepted else {
            // It went away, or this process has too many files: not to be asked again at once.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            let _place = place;
            let _gone = timeout(LIFE_TIME, connection).await;
        });
    }
    drop(listener);
    timeout(PATIENCE, graceful.shutdown()).await.is_ok()
}

/// Waits for Ctrl-C, or what a service manager sends.
async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _unheard = tokio::signal::ctrl_c().await;
}
