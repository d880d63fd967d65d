//! The endpoints of Xano's examples for tokens as a service, with what those leave out: keys in a vault, encrypted; one
//! transaction for a key and what it encrypts; a rotation; limits; a description at `/openapi.json`.
//!
//! `cargo run -p jose-examples --example xano-service` starts it on this machine and prints what to try. Two things differ
//! from the examples: the `sub` of a session is text, as RFC 7519 §4.1.2 has it, and keys for `A256KW` have 256 bits.
//!
//! Two habits of the examples are kept, because their answers are, and should be nobody else's: `/jws-encode` and
//! `/jwe-encode` answer with the key beside the token, and make a new one each time.
#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program, which is set up by its environment and tells what to try"
)]

mod answers;
mod endpoints;
mod input;
mod openapi;
mod page;
mod settings;
mod store;
mod vault;

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use self::endpoints::App;
use self::settings::{MASTER_KEYS, Settings, Task};
use self::store::{Rotated, Store};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let settings = Settings::read(std::env::args().skip(1))?;
    let mut store = Store::open(&settings)?;
    match settings.task {
        Task::Rotate => {
            let Rotated { keys, records, masters } = store.rotate()?;
            println!(
                "{keys} keys are under the first master key, and {records} records under new keys"
            );
            println!("master keys that are left: {masters}");
            if settings.master_keys.is_some() {
                println!(
                    "If anything still runs with another one first, start it again and rotate once"
                );
                println!("more. Then the others can be left out of {MASTER_KEYS}.");
            }
            Ok(())
        }
        Task::Show(user_id) => match store.user_data(user_id)? {
            Some(claims) => {
                println!("{claims}");
                Ok(())
            }
            None => Err("there is no record of this user".into()),
        },
        Task::Serve(address) => serve(address, App::new(store)).await,
    }
}

async fn serve(address: SocketAddr, app: App) -> Result<(), Box<dyn Error + Send + Sync>> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    println!("listening on http://{address}\n");
    println!("{}", page::curl_lines(&address));

    let (told, mut heard) = tokio::sync::watch::channel(());
    let router = endpoints::router(Arc::new(app));
    let server = axum::serve(listener, router).with_graceful_shutdown(async move {
        stopped().await;
        drop(told);
    });
    let patience = async {
        // An error once the sender is gone: that is what is waited for.
        let _gone = heard.changed().await;
        tokio::time::sleep(PATIENCE).await;
    };
    tokio::select! {
        ended = server => ended?,
        () = patience => println!("some requests were not answered in time"),
    }
    println!("stopped");
    Ok(())
}

/// How long requests may take to end once the service is to stop.
const PATIENCE: Duration = Duration::from_secs(10);

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
