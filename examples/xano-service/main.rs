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
    clippy::print_stderr,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program, which is set up by its environment and tells what to try"
)]

mod answers;
mod endpoints;
mod input;
mod openapi;
mod page;
mod serve;
mod settings;
mod store;
mod vault;

use std::error::Error;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::net::TcpListener;

use self::endpoints::App;
use self::settings::{MASTER_KEYS, Settings, Task};
use self::store::{Rotated, Store};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", answers::told(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error + Send + Sync>> {
    let settings = Settings::read(std::env::args_os().skip(1))?;
    let mut store = Store::open(&settings)?;
    match settings.task {
        Task::Rotate => {
            let Rotated { keys, records, masters } = store.rotate()?;
            say(&format!(
                "{keys} keys are under the first master key, and {records} records under new keys\n\
                 master keys that are left: {masters}"
            ));
            if settings.master_keys.is_some() {
                say(&format!(
                    "If anything still runs with another one first, start it again and rotate once\n\
                     more. Then the others can be left out of {MASTER_KEYS}."
                ));
            }
            Ok(())
        }
        Task::Show(user_id) => match store.user_data(user_id)? {
            Some(claims) => {
                say(&claims);
                Ok(())
            }
            None => Err("there is no record of this user".into()),
        },
        Task::Serve(address) => serve(address, store).await,
    }
}

async fn serve(address: SocketAddr, store: Store) -> Result<(), Box<dyn Error + Send + Sync>> {
    let listener =
        TcpListener::bind(address).await.map_err(|error| format!("{address}: {error}"))?;
    let address = listener.local_addr()?;
    let router = endpoints::router(Arc::new(App::new(store, address)));
    say(&format!("listening on http://{address}\n\n{}", page::curl_lines(&address)));
    if !serve::serve(listener, router).await {
        say("some requests were not answered in time");
    }
    say("stopped");
    Ok(())
}

/// Says it to whoever listens. A service goes on when nobody does any more.
fn say(text: &str) {
    let mut out = std::io::stdout();
    let _unheard = writeln!(out, "{text}").and_then(|()| out.flush());
}
