//! The TLS of [`Client::rustls`](crate::Client::rustls), in which nothing comes from the process.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use crate::FetchError;
use crate::client::NO_CERTIFICATE;

pub(crate) fn config(pems: &[Vec<u8>], system_roots: bool) -> Result<ClientConfig, FetchError> {
    // reqwest would ask for the one that is installed for the process first.
    let provider = Arc::new(aws_lc_rs::default_provider());
    let roots = certificates(pems)?;
    let verifier = if system_roots {
        system(roots, Arc::clone(&provider))?
    } else {
        let mut store = RootCertStore::empty();
        for root in roots {
            store.add(root).map_err(FetchError::client)?;
        }
        let builder =
            WebPkiServerVerifier::builder_with_provider(store.into(), Arc::clone(&provider));
        builder.build().map_err(FetchError::client)?
    };
    let config = ClientConfig::builder_with_provider(provider);
    let config =
        config.with_protocol_versions(&[&TLS13, &TLS12]).map_err(FetchError::client)?.dangerous();
    // Not that it is dangerous: these are the two verifiers that rustls and the system have.
    let config = config.with_custom_certificate_verifier(verifier);
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The verifier of the system, with its roots and these.
fn system(
    roots: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, FetchError> {
    if roots.is_empty() {
        return Ok(Arc::new(Verifier::new(provider).map_err(FetchError::client)?));
    }
    #[cfg(not(target_os = "android"))]
    return match Verifier::new_with_extra_roots(roots, provider) {
        Ok(verifier) => Ok(Arc::new(verifier)),
        Err(error) => Err(FetchError::client(error)),
    };
    #[cfg(target_os = "android")]
    Err(FetchError::client("the system's verifier takes no roots beside its own"))
}

fn certificates(pems: &[Vec<u8>]) -> Result<Vec<CertificateDer<'static>>, FetchError> {
    let mut all = Vec::new();
    for pem in pems {
        let of_pem: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let of_pem = of_pem.map_err(FetchError::client)?;
        if of_pem.is_empty() {
            return Err(FetchError::client(NO_CERTIFICATE));
        }
        all.extend(of_pem);
    }
    Ok(all)
}
