//! A server with sessions on the loopback interface, which says what a request brought.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use jose::Alg;
use jose::crypto::Backend;
use jose_session::{Config, CookieOptions, Keys, SameSite, Sessions};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

pub type Data = Map<String, Value>;
type All = Arc<BTreeMap<&'static str, Sessions<Data>>>;

/// It ends with this value.
pub struct Server {
    port: u16,
    _runtime: Runtime,
}

impl Server {
    /// Starts it, with a session of each kind that there is.
    ///
    /// `/` is an empty page, and `/<name>` the session of that name: `POST` sets members of its data, `DELETE` clears it.
    /// Every answer says what the session is then, and which cookies came. `/<name>/seen` only says so.
    pub fn start(backend: &'static dyn Backend) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let port = listener.local_addr().unwrap().port();
        let router = Router::new()
            .route("/", get(async || Html("<!doctype html><title>empty</title>")))
            .route("/{name}", get(answer).post(answer).delete(answer))
            .route("/{name}/seen", get(seen).post(seen))
            .with_state(Arc::new(sessions(backend)));
        runtime.spawn(async { axum::serve(listener, router).await });
        Self { port, _runtime: runtime }
    }

    /// An address on `localhost`.
    pub fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    /// The same on another site: a site is a name and a scheme, whatever the port.
    pub fn url_elsewhere(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

fn sessions(backend: &'static dyn Backend) -> BTreeMap<&'static str, Sessions<Data>> {
    let key = jose::Jwk::generate(Alg::A256KW, backend).unwrap();
    let keys = Keys::from_jwk(&key, backend).unwrap();
    let named = |name: &'static str| Config::new(name, keys.clone(), backend);
    let options = CookieOptions::new;
    let all = [
        named("visit").max_age("1h"),
        named("brief").max_age("2s"),
        named("__Host-id").max_age("1h"),
        named("scoped").cookie(options().path("/scoped")),
        named("open").cookie(options().insecure().script_readable()),
        named("strict").cookie(options().same_site(SameSite::Strict)),
        named("none").cookie(options().same_site(SameSite::None)),
        named("large").max_token(400_000),
    ];
    let all = all.into_iter().map(|config| Sessions::<Data>::new(config).unwrap());
    let names = ["visit", "brief", "__Host-id", "scoped", "open", "strict", "none", "large"];
    names.into_iter().zip(all).collect()
}

async fn answer(
    State(all): State<All>,
    Path(name): Path<String>,
    method: Method,
    request: HeaderMap,
    body: String,
) -> Response {
    let Some(sessions) = all.get(name.as_str()) else {
        return StatusCode::NOT_FOUND.into_response(); // the icon that browsers look for
    };
    let session = sessions.read(&request).await;
    let changed = match method {
        Method::POST => session.merge(serde_json::from_str::<Data>(&body).unwrap()).await,
        Method::DELETE => session.clear().await,
        _ => Ok(()),
    };
    let mut told = came(&request);
    told["id"] = session.id().into();
    told["data"] = Value::Object((*session.data()).clone());
    told["failure"] = session.failure().map(|failure| failure.code()).into();
    told["refused"] = changed.err().map(|error| error.code()).into();
    let mut response = text(&told);
    session.write_to(response.headers_mut());
    response
}

async fn seen(request: HeaderMap) -> Response {
    text(&came(&request))
}

/// The names of the cookies of a request, and how many octets they are with their values.
fn came(request: &HeaderMap) -> Value {
    let fields = request.get_all(header::COOKIE).iter().map(HeaderValue::to_str);
    let fields: Vec<&str> = fields.map(Result::unwrap).collect();
    let pairs = fields.iter().flat_map(|field| field.split("; "));
    let mut names: Vec<&str> = pairs.map(|pair| pair.split_once('=').unwrap().0).collect();
    names.sort_unstable();
    json!({"cookies": names, "octets": fields.iter().map(|field| field.len()).sum::<usize>()})
}

/// As text: of JSON a browser makes a page of its own.
fn text(told: &Value) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], told.to_string()).into_response()
}
