//! Sessions that a service on Node.js and one in Rust have in common: what unjwt sets under h3 is read here, what is
//! set here it reads, and either takes away what the other left over.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::unwrap_used,
    reason = "a test may fail by panicking, and it needs std"
)]

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use http::{HeaderMap, HeaderValue, header};
use jose::crypto::Backend;
use jose_session::{Config, Error, Session, Sessions};
use jose_tests::backends;
use jose_tests::peers::sessions::{H3, SESSION_KINDS, SessionServer, Shared};
use reqwest::Method;
use serde_json::{Map, Value, json};

type Data = Map<String, Value>;

/// The keys of this run: made once, because the server gets them when it starts.
static SHARED: LazyLock<Vec<Shared>> =
    LazyLock::new(|| SESSION_KINDS.iter().map(|kind| Shared::new(kind, backends()[0])).collect());

/// What a browser keeps for one host and path.
#[derive(Clone, Debug, Default)]
struct Jar(BTreeMap<String, String>);

impl Jar {
    /// Keeps what an answer sets, and forgets what it expires: by `Max-Age` where that is (RFC 6265 §5.3).
    fn keep(&mut self, answer: &HeaderMap) {
        for field in answer.get_all(header::SET_COOKIE) {
            let cookie = cookie::Cookie::parse(field.to_str().unwrap()).unwrap();
            assert_eq!(cookie.path(), Some("/"));
            let over = match (cookie.max_age(), cookie.expires_datetime()) {
                (Some(age), _) => !age.is_positive(),
                (None, Some(at)) => at <= cookie::time::OffsetDateTime::now_utc(),
                (None, None) => false,
            };
            if over {
                self.0.remove(cookie.name());
            } else {
                self.0.insert(cookie.name().to_owned(), cookie.value().to_owned());
            }
        }
    }

    /// Keeps what an answer about this session would set.
    fn keep_of(&mut self, session: &Session<Data>) {
        let mut answer = HeaderMap::new();
        session.write_to(&mut answer);
        self.keep(&answer);
    }

    /// What it sends.
    fn request(&self) -> HeaderMap {
        let pairs: Vec<String> =
            self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut fields = HeaderMap::new();
        if !pairs.is_empty() {
            fields.insert(header::COOKIE, pairs.join("; ").parse().unwrap());
        }
        fields
    }

    /// How many parts the main cookie says that there are; 0 for a token in one piece.
    fn parts(&self, name: &str) -> usize {
        let main = self.0[name].strip_prefix("__chunked__");
        main.map_or(0, |count| count.parse().unwrap())
    }

    /// That it has what a token in so many parts needs, and nothing else.
    fn assert_whole(&self, name: &str) {
        let parts = self.parts(name);
        let expected = parts + 1;
        assert_eq!(self.0.len(), expected, "{name}: {:?}", self.0.keys());
        assert!((1..=parts).all(|part| self.0.contains_key(&format!("{name}.{part}"))));
    }
}

/// One kind of session: there, and here on one backend.
struct Pair<'a> {
    server: &'a SessionServer,
    shared: &'static Shared,
    here: Sessions<Data>,
    client: reqwest::Client,
}

impl Pair<'_> {
    fn name(&self) -> &'static str {
        self.shared.kind.name
    }

    /// Asks Node.js, with what `fields` bring.
    async fn ask(
        &self,
        method: Method,
        fields: HeaderMap,
        body: Option<&Data>,
    ) -> (HeaderMap, Value) {
        let mut request = self.client.request(method, self.server.url(self.shared.kind));
        request = request.headers(fields);
        if let Some(body) = body {
            request = request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Value::Object(body.clone()).to_string());
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let fields = answer.headers().clone();
        (fields, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
    }

    async fn set_there(&self, jar: &mut Jar, data: &Data) -> Value {
        let (fields, told) = self.ask(Method::POST, jar.request(), Some(data)).await;
        jar.keep(&fields);
        told
    }

    async fn read_there(&self, fields: HeaderMap) -> Value {
        self.ask(Method::GET, fields, None).await.1
    }

    async fn set_here(&self, jar: &mut Jar, data: &Data) -> Session<Data> {
        let session = self.here.read(&jar.request()).await;
        session.merge(data).await.unwrap();
        jar.keep_of(&session);
        session
    }

    /// That both read these data, under one name.
    async fn assert_both_read(&self, fields: HeaderMap, data: &Data) {
        let session = self.here.read(&fields).await;
        assert!(session.failure().is_none(), "{}: {:?}", self.name(), session.failure());
        assert_eq!(*session.data(), *data, "{}", self.name());
        let told = self.read_there(fields).await;
        assert_eq!(told["data"], Value::Object(data.clone()), "{}", self.name());
        assert_eq!(told["id"], session.id().unwrap(), "{}", self.name());
    }

    /// That nobody reads a session there, and why it is none here.
    async fn assert_none(&self, fields: HeaderMap) -> Option<Arc<Error>> {
        let session = self.here.read(&fields).await;
        assert!(!session.exists(), "{}", self.name());
        assert_eq!(
            self.read_there(fields).await,
            json!({"id": null, "data": {}}),
            "{}",
            self.name()
        );
        session.failure()
    }
}

/// Every kind on every backend.
async fn every(server: &SessionServer, check: impl AsyncFn(Pair<'_>)) {
    for shared in SHARED.iter() {
        for backend in backends() {
            let here = sessions(shared, backend);
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            check(Pair { server, shared, here, client }).await;
        }
    }
}

fn sessions(shared: &Shared, backend: &'static dyn Backend) -> Sessions<Data> {
    let config = Config::new(shared.kind.name, shared.keys(backend), backend).max_age("1h");
    Sessions::new(config).unwrap()
}

fn server() -> SessionServer {
    SessionServer::start(SHARED.iter())
}

fn object(value: Value) -> Data {
    match value {
        Value::Object(members) => members,
        other => panic!("no object: {other}"),
    }
}

/// Data of every type, and a text of so many octets.
fn data(octets: usize) -> Data {
    let text = "0123456789abcdefghijklmnopqrstuv".chars().cycle().take(octets).collect::<String>();
    object(json!({
        "text": text,
        "user": {"name": "Jörg 🦀", "roles": ["a", "b"]},
        "count": 9_007_199_254_740_991_u64,
        "share": -0.5,
        "nothing": null,
        "yes": true,
    }))
}

const SMALL: usize = 10;
/// Four parts or so.
const LARGE: usize = 10_000;
/// Two.
const LESS: usize = 4000;

#[test]
fn h3_has_the_version_that_is_written_down() {
    assert_eq!(server().h3, H3);
}

#[tokio::test]
async fn what_node_sets_is_read_here() {
    let server = server();
    every(&server, async |pair| {
        for octets in [SMALL, LESS, LARGE] {
            let mut jar = Jar::default();
            let told = pair.set_there(&mut jar, &data(octets)).await;
            jar.assert_whole(pair.name());
            assert_eq!(jar.parts(pair.name()) > 1, octets > SMALL, "{}", pair.name());

            let session = pair.here.read(&jar.request()).await;
            assert!(session.failure().is_none(), "{}: {:?}", pair.name(), session.failure());
            assert_eq!(*session.data(), data(octets), "{}", pair.name());
            assert_eq!(told["id"], session.id().unwrap());
            let lasts = session.expires_at().zip(session.created_at());
            assert_eq!(lasts.map(|(end, start)| end.as_secs() - start.as_secs()), Some(3600));
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_set_here_node_reads() {
    let server = server();
    every(&server, async |pair| {
        for octets in [SMALL, LESS, LARGE] {
            let mut jar = Jar::default();
            pair.set_here(&mut jar, &data(octets)).await;
            jar.assert_whole(pair.name());
            assert_eq!(jar.parts(pair.name()) > 1, octets > SMALL, "{}", pair.name());
            pair.assert_both_read(jar.request(), &data(octets)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn parts_that_one_left_over_the_other_takes_away() {
    let server = server();
    every(&server, async |pair| {
        // By turns, so that each side finds more parts than it needs, and fewer.
        for begins_here in [true, false] {
            let mut jar = Jar::default();
            let mut is_here = begins_here;
            for octets in [LARGE, LESS, LARGE, SMALL, LESS] {
                if is_here {
                    pair.set_here(&mut jar, &data(octets)).await;
                } else {
                    pair.set_there(&mut jar, &data(octets)).await;
                }
                is_here = !is_here;
                jar.assert_whole(pair.name());
                pair.assert_both_read(jar.request(), &data(octets)).await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_part_that_is_needed_no_more_is_read_by_nobody() {
    let server = server();
    every(&server, async |pair| {
        let mut large = Jar::default();
        pair.set_there(&mut large, &data(LARGE)).await;
        for set_here in [true, false] {
            for octets in [LESS, SMALL] {
                let mut jar = Jar::default();
                if set_here {
                    pair.set_here(&mut jar, &data(octets)).await;
                } else {
                    pair.set_there(&mut jar, &data(octets)).await;
                }
                for (name, value) in &large.0 {
                    jar.0.entry(name.clone()).or_insert_with(|| value.clone());
                }
                assert_eq!(jar.0.len(), large.0.len());
                pair.assert_both_read(jar.request(), &data(octets)).await;
                // And it goes with the next answer from here.
                pair.set_here(&mut jar, &data(SMALL)).await;
                jar.assert_whole(pair.name());
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_one_clears_is_gone_for_the_other() {
    let server = server();
    every(&server, async |pair| {
        for octets in [SMALL, LARGE] {
            let mut jar = Jar::default();
            pair.set_here(&mut jar, &data(octets)).await;
            let (fields, _) = pair.ask(Method::DELETE, jar.request(), None).await;
            jar.keep(&fields);
            assert_eq!(jar.0.len(), 0, "{}: {:?}", pair.name(), jar.0.keys());
            assert!(pair.assert_none(jar.request()).await.is_none());

            pair.set_there(&mut jar, &data(octets)).await;
            let session = pair.here.read(&jar.request()).await;
            session.clear().await.unwrap();
            jar.keep_of(&session);
            assert_eq!(jar.0.len(), 0, "{}: {:?}", pair.name(), jar.0.keys());
            assert!(pair.assert_none(jar.request()).await.is_none());
        }
    })
    .await;
}

#[tokio::test]
async fn a_token_in_the_header_field_is_read_by_both() {
    let server = server();
    every(&server, async |pair| {
        let field = format!("x-{}-session", pair.name());
        let there = pair.set_there(&mut Jar::default(), &data(LARGE)).await;
        let here = pair.here.seal(data(LARGE)).await.unwrap();
        for token in [there["token"].as_str().unwrap(), here.token().unwrap()] {
            for scheme in ["", "Bearer "] {
                let mut fields = HeaderMap::new();
                let value = HeaderValue::from_str(&format!("{scheme}{token}")).unwrap();
                fields.insert(field.parse::<http::HeaderName>().unwrap(), value);
                pair.assert_both_read(fields, &data(LARGE)).await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn parts_that_are_changed_swapped_or_missing_are_refused_by_both() {
    let server = server();
    every(&server, async |pair| {
        for set_here in [true, false] {
            let mut jar = Jar::default();
            if set_here {
                pair.set_here(&mut jar, &data(LARGE)).await;
            } else {
                pair.set_there(&mut jar, &data(LARGE)).await;
            }
            let part = |number: usize| format!("{}.{number}", pair.name());

            let mut changed = jar.clone();
            let text = changed.0.get_mut(&part(2)).unwrap();
            let other = if text.as_bytes()[1000] == b'A' { "B" } else { "A" };
            text.replace_range(1000..=1000, other);
            let failure = pair.assert_none(changed.request()).await.unwrap();
            assert!(matches!(*failure, Error::Token(_)), "{}: {failure:?}", pair.name());

            let mut swapped = jar.clone();
            swapped.0.insert(part(2), jar.0[&part(1)].clone());
            swapped.0.insert(part(1), jar.0[&part(2)].clone());
            let failure = pair.assert_none(swapped.request()).await.unwrap();
            assert!(matches!(*failure, Error::Token(_)), "{}: {failure:?}", pair.name());

            let mut missing = jar.clone();
            missing.0.remove(&part(2));
            let failure = pair.assert_none(missing.request()).await.unwrap();
            assert!(matches!(*failure, Error::Cookie), "{}: {failure:?}", pair.name());
        }
    })
    .await;
}
