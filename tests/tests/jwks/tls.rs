//! Who is believed to be the issuer's server, with either kind of TLS.

use core::error::Error;
use std::sync::Arc;

use jose_jwks::{Client, ClientOptions, FetchError, Source};
use jose_tests::backends;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use crate::server::{Reply, Server};
use crate::support::{
    AUTHORITY, Clock, clients, config, fetch_error, key, options, set, token, verify,
};

/// Vouches for servers.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A server of this name, whose certificate ends in that year.
    pub fn vouches_for(&self, name: &str, until: i32, versions: Versions) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let server = ServerConfig::builder_with_provider(provider);
        let server = server.with_protocol_versions(versions).unwrap().with_no_client_auth();
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let server = server.with_single_cert(vec![certificate.der().clone()], key).unwrap();
        TlsAcceptor::from(Arc::new(server))
    }
}

pub type Versions = &'static [&'static rustls::SupportedProtocolVersion];

pub const ALL: Versions = &[&rustls::version::TLS13, &rustls::version::TLS12];

/// What becomes of a set that a server of this kind publishes, with each client; and how often the set was asked for.
async fn outcomes(acceptor: TlsAcceptor, options: &ClientOptions) -> Vec<Result<(), FetchError>> {
    let mut outcomes = Vec::new();
    for client in clients(options) {
        let server = Server::tls(acceptor.clone(), Reply::json("{\"keys\":[]}")).await;
        let config = config(backends()[0], &Clock::new());
        let source = Source::at(&server.url_at("localhost", "/jwks"), client, config).unwrap();
        let ready = source.ready().await;
        assert_eq!(server.connections(), 1, "tried once");
        assert_eq!(server.count(), usize::from(ready.is_ok()), "no request before there is trust");
        assert_eq!(source.status().fetches, 1);
        outcomes.push(if ready.is_ok() { Ok(()) } else { Err(fetch_error(ready)) });
    }
    outcomes
}

fn assert_untrusted(outcomes: Vec<Result<(), FetchError>>) {
    for outcome in outcomes {
        let Err(FetchError::Transport(error)) = outcome else { panic!("{outcome:?}") };
        let mut told = Vec::new();
        let mut error: Option<&dyn Error> = Some(error.as_ref());
        while let Some(this) = error {
            told.push(this.to_string());
            error = this.source();
        }
        let told = told.join(": ").to_lowercase();
        assert!(told.contains("certificate") || told.contains("hostname"), "{told}");
    }
}

#[tokio::test]
async fn a_server_that_a_private_authority_vouches_for_is_trusted_by_who_trusts_that() {
    for backend in backends() {
        let jwk = key("a", backend);
        for client in clients(&options()) {
            let acceptor = AUTHORITY.vouches_for("localhost", 2100, ALL);
            let server = Server::tls(acceptor, Reply::json(&set([&jwk]))).await;
            let address = server.url_at("localhost", "/jwks");
            let config = jose_jwks::Config::new(&[jose::Alg::ES256], backend);
            let source = Source::at(&address, client, config).unwrap();
            verify(&source, &token(&jwk, backend)).await.unwrap();
            assert_eq!(server.count(), 1);
        }
    }
}

#[tokio::test]
async fn a_server_that_nobody_trusted_vouches_for_is_refused() {
    let other = Authority::new("others").vouches_for("localhost", 2100, ALL);
    assert_untrusted(outcomes(other, &options()).await);
}

#[tokio::test]
async fn a_server_of_another_name_is_refused() {
    let other = AUTHORITY.vouches_for("idp.example", 2100, ALL);
    assert_untrusted(outcomes(other, &options()).await);
}

#[tokio::test]
async fn a_server_whose_certificate_is_over_is_refused() {
    let expired = AUTHORITY.vouches_for("localhost", 2021, ALL);
    assert_untrusted(outcomes(expired, &options()).await);
}

#[tokio::test]
async fn roots_that_are_added_do_not_take_away_those_of_the_system() {
    let options = ClientOptions::new().root_certificate_pem(AUTHORITY.pem().as_bytes());
    let acceptor = AUTHORITY.vouches_for("localhost", 2100, ALL);
    for outcome in outcomes(acceptor, &options).await {
        outcome.unwrap();
    }
}

#[tokio::test]
async fn the_system_does_not_vouch_for_a_private_authority() {
    let acceptor = AUTHORITY.vouches_for("localhost", 2100, ALL);
    let server = Server::tls(acceptor, Reply::json("{\"keys\":[]}")).await;
    // A system without any root has no client with rustls.
    for client in [Client::rustls(), Client::native_tls()].into_iter().flatten() {
        let config = config(backends()[0], &Clock::new());
        let source = Source::at(&server.url_at("localhost", "/jwks"), client, config).unwrap();
        assert!(matches!(fetch_error(source.ready().await), FetchError::Transport(_)));
    }
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn both_versions_of_tls_in_use_are_spoken() {
    const EACH: [Versions; 2] = [&[&rustls::version::TLS12], &[&rustls::version::TLS13]];
    for versions in EACH {
        let acceptor = AUTHORITY.vouches_for("localhost", 2100, versions);
        for outcome in outcomes(acceptor, &options()).await {
            outcome.unwrap();
        }
    }
}

#[tokio::test]
async fn what_speaks_no_tls_is_no_server_of_https() {
    let server = Server::of("{\"keys\":[]}".into()).await;
    let address = server.url_at("localhost", "/jwks").replace("http:", "https:");
    for client in clients(&options()) {
        let source = Source::at(&address, client, config(backends()[0], &Clock::new())).unwrap();
        assert!(matches!(fetch_error(source.ready().await), FetchError::Transport(_)));
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn a_root_that_is_no_certificate_is_refused() {
    for pem in ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let options =
            ClientOptions::new().root_certificate_pem(pem.as_bytes()).without_system_roots();
        for client in [Client::rustls_with(&options), Client::native_tls_with(&options)] {
            let error = client.expect_err(pem);
            assert!(matches!(error, FetchError::Client(_)), "{error:?}");
            assert_eq!(error.code(), "ERR_JWK_SET_CONFIG");
        }
    }
}

#[tokio::test]
async fn a_provider_that_the_process_has_changes_nothing() {
    // One that has no cipher suite: whoever asked it could speak to nobody.
    let mut empty = rustls::crypto::aws_lc_rs::default_provider();
    empty.cipher_suites.clear();
    // Each test has a process of its own under nextest; under others it stays for those beside this one, to whom it
    // must not matter either.
    drop(empty.install_default());
    let acceptor = AUTHORITY.vouches_for("localhost", 2100, ALL);
    for outcome in outcomes(acceptor, &options()).await {
        outcome.unwrap();
    }
}
