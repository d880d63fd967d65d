//! Where a set may be fetched from, and by which way.

use std::process::Command;

use jose_jwks::{ConfigError, FetchError, Source};
use jose_tests::backends;

use crate::server::{Reply, Server};
use crate::support::{Clock, at, client, clients, config, fetch_error, options};

#[test]
fn what_is_no_address_of_a_set_is_refused_at_once() {
    let config = jose_jwks::Config::new(&[jose::Alg::ES256], backends()[0]);
    for address in [
        "",
        "idp.example",
        "idp.example/jwks",
        "/jwks",
        "//idp.example/jwks",
        "https:",
        "https://",
        "https:///jwks",
        "file:///etc/passwd",
        "ftp://idp.example/jwks",
        "data:application/json,{}",
        "ws://idp.example/jwks",
        "https://user@idp.example/jwks",
        "https://user:password@idp.example/jwks",
        "https://idp.example/jwks#fragment",
        "https://idp.example/j w k s",
        "https://idp.example/jwks\r\nx: y",
    ] {
        for result in [
            Source::at(address, client(), config.clone()),
            Source::of_issuer(address, client(), config.clone()),
            Source::at(address, client(), config.clone().allow_http()),
        ] {
            assert_eq!(result.err(), Some(ConfigError::Address), "{address}");
        }
    }
}

#[tokio::test]
async fn an_address_without_tls_has_to_be_allowed() {
    let server = Server::of("{\"keys\":[]}".into()).await;
    let config = jose_jwks::Config::new(&[jose::Alg::ES256], backends()[0]);
    let address = server.url("/jwks");
    for result in [
        Source::at(&address, client(), config.clone()),
        Source::at(&address.replace("http:", "HTTP:"), client(), config.clone()),
        Source::of_issuer(&server.url(""), client(), config.clone()),
    ] {
        assert_eq!(result.err(), Some(ConfigError::Insecure));
    }
    assert_eq!(server.count(), 0);
    at(&address, config.allow_http()).ready().await.unwrap();
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn only_public_addresses_are_asked_where_that_is_said() {
    let server = Server::of("{\"keys\":[]}".into()).await;
    let port = server.port();
    for client in clients(&options().public_addresses_only()) {
        for host in [
            "127.0.0.1",
            "127.1",
            "0x7f000001",
            "2130706433",
            "0.0.0.0",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::]",
            "localhost",
            "LOCALHOST",
        ] {
            let address = format!("http://{host}:{port}/jwks");
            let config = config(backends()[0], &Clock::new());
            let Ok(source) = Source::at(&address, client.clone(), config) else { continue };
            let error = fetch_error(source.ready().await);
            assert!(matches!(error, FetchError::Transport(_)), "{host}: {error:?}");
            let told = format!("{error:?}");
            assert!(told.contains("NotPublic"), "{host}: {told}");
        }
        assert_eq!(server.connections(), 0);
    }
    for client in clients(&options()) {
        let config = config(backends()[0], &Clock::new());
        let source = Source::at(&server.url_at("localhost", "/jwks"), client, config).unwrap();
        source.ready().await.unwrap();
    }
    assert_eq!(server.connections(), 2, "else they are");
}

#[tokio::test]
async fn metadata_are_not_asked_for_at_an_address_that_is_not_public() {
    let server = Server::start(|_| Reply::status(500)).await;
    let client = clients(&options().public_addresses_only())[0].clone();
    let config = config(backends()[0], &Clock::new());
    let source = Source::of_issuer(&server.url_at("localhost", ""), client, config).unwrap();
    assert!(matches!(fetch_error(source.ready().await), FetchError::Transport(_)));
    assert_eq!(server.connections(), 0);
}

/// The names by which programs are told of a proxy.
const PROXIES: [&str; 6] =
    ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];

/// Set in the process that has them.
const INNER: &str = "JOSE_TESTS_WITH_PROXIES";

#[tokio::test]
async fn a_proxy_that_the_environment_names_is_not_asked() {
    if std::env::var_os(INNER).is_some() {
        let server = Server::of("{\"keys\":[]}".into()).await;
        for address in [server.url("/jwks"), server.url_at("localhost", "/jwks")] {
            for client in clients(&options()) {
                let config = config(backends()[0], &Clock::new());
                Source::at(&address, client, config).unwrap().ready().await.unwrap();
            }
        }
        assert_eq!(server.count(), 4);
        let acceptor = crate::support::AUTHORITY.vouches_for("localhost", 2100, crate::tls::ALL);
        let server = Server::tls(acceptor, Reply::json("{\"keys\":[]}")).await;
        for client in clients(&options()) {
            let config = config(backends()[0], &Clock::new());
            let address = server.url_at("localhost", "/jwks");
            Source::at(&address, client, config).unwrap().ready().await.unwrap();
        }
        assert_eq!(server.count(), 2);
        return;
    }
    let proxy = Server::start(|_| Reply::status(502)).await;
    let name = "addresses::a_proxy_that_the_environment_names_is_not_asked";
    let mut inner = Command::new(std::env::current_exe().unwrap());
    inner.args(["--exact", name, "--nocapture"]).env(INNER, "1");
    inner.env_remove("NO_PROXY").env_remove("no_proxy").env_remove("REQUEST_METHOD");
    for variable in PROXIES {
        inner.env(variable, proxy.url(""));
    }
    let output = tokio::task::spawn_blocking(move || inner.output()).await.unwrap().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
    assert_eq!(proxy.connections(), 0);
}
