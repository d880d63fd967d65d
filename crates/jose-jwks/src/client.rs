//! [`Fetch`] by an HTTP client that does as it is told and nothing else.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use reqwest::{ClientBuilder, Url, redirect, retry};

use crate::public_addresses::{PublicAddresses, of_literal};
use crate::{Fetch, FetchError};

/// An HTTP client for sets and metadata. Cheap to clone, and good for any number of sources.
///
/// It sends the one request that it is asked for: it follows no redirect, keeps no cookie and no connection, tells
/// nobody where it comes from, asks for nothing compressed, tries nothing twice, and asks no proxy, whatever
/// `HTTP_PROXY` and its like say. Whoever needs a proxy passes a [`Fetch`] of their own. Of a server it wants a
/// certificate that its trusted roots vouch for, of the name in the address, and TLS 1.2 or 1.3.
///
/// # Which TLS
///
/// The constructor says, whatever features other crates of the program switch on; both may be there at once.
///
/// - `Client::rustls` (feature `reqwest-rustls`) is [rustls] with the cryptography of aws-lc-rs, linked into the
///   program. It takes nothing from the process: a provider that was installed for all of it
///   (`CryptoProvider::install_default`) changes nothing here.
/// - `Client::native_tls` (feature `reqwest-native-tls`) is the TLS of the system: on Linux the OpenSSL that is
///   installed there, on Windows `SChannel`, on Apple's systems Security.framework. What the administrator says of it is
///   obeyed, in `openssl.cnf` as well: where the system's OpenSSL is set up to use its FIPS provider alone, so is this.
///   That is the one for FIPS.
///
/// Trusted are the roots of the system, where its own programs look for them; with OpenSSL and on Unix in general
/// `SSL_CERT_FILE` and `SSL_CERT_DIR` move that place. [`ClientOptions`] adds others, or does without those.
///
/// [rustls]: https://docs.rs/rustls/0.23
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    public_addresses_only: bool,
}

/// What a [`Client`] does differently.
///
/// ```no_run
/// # #[cfg(feature = "reqwest-rustls")]
/// # fn client() -> Result<(), Box<dyn std::error::Error>> {
/// use jose_jwks::{Client, ClientOptions};
///
/// let own_ca = std::fs::read("/etc/ssl/private-ca.pem")?;
/// let options = ClientOptions::new().root_certificate_pem(&own_ca).without_system_roots();
/// let client = Client::rustls_with(&options)?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct ClientOptions {
    roots: Vec<Vec<u8>>,
    system_roots: bool,
    connect_timeout: Duration,
    user_agent: Option<String>,
    public_addresses_only: bool,
}

impl Client {
    /// A client whose TLS is rustls with aws-lc-rs.
    ///
    /// # Errors
    ///
    /// [`FetchError::Client`] if the system has no root that is trusted.
    #[cfg(feature = "reqwest-rustls")]
    pub fn rustls() -> Result<Self, FetchError> {
        Self::rustls_with(&ClientOptions::new())
    }

    /// As [`rustls`](Self::rustls), with options.
    ///
    /// # Errors
    ///
    /// [`FetchError::Client`] if there is no root that is trusted, or what was given for one is none.
    #[cfg(feature = "reqwest-rustls")]
    pub fn rustls_with(options: &ClientOptions) -> Result<Self, FetchError> {
        let tls = crate::client_rustls::config(&options.roots, options.system_roots)?;
        options.client(reqwest::Client::builder().tls_backend_preconfigured(tls))
    }

    /// A client whose TLS is the system's.
    ///
    /// # Errors
    ///
    /// [`FetchError::Client`] if the system's TLS cannot be used.
    #[cfg(feature = "reqwest-native-tls")]
    pub fn native_tls() -> Result<Self, FetchError> {
        Self::native_tls_with(&ClientOptions::new())
    }

    /// As [`native_tls`](Self::native_tls), with options.
    ///
    /// # Errors
    ///
    /// [`FetchError::Client`] if the system's TLS cannot be used, or what was given for a root is none.
    #[cfg(feature = "reqwest-native-tls")]
    pub fn native_tls_with(options: &ClientOptions) -> Result<Self, FetchError> {
        let mut roots = Vec::new();
        for pem in &options.roots {
            let of_pem = reqwest::Certificate::from_pem_bundle(pem).map_err(FetchError::client)?;
            if of_pem.is_empty() {
                return Err(FetchError::client(NO_CERTIFICATE));
            }
            roots.extend(of_pem);
        }
        let builder = reqwest::Client::builder().tls_backend_native();
        let builder = builder.tls_version_min(reqwest::tls::Version::TLS_1_2);
        options.client(if options.system_roots {
            builder.tls_certs_merge(roots)
        } else {
            builder.tls_certs_only(roots)
        })
    }
}

/// What was given as a root certificate holds none.
pub(crate) const NO_CERTIFICATE: &str = "there is no certificate in the PEM";

impl ClientOptions {
    /// The roots of the system, 5 seconds to connect, and nothing else.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            roots: Vec::new(),
            system_roots: true,
            connect_timeout: Duration::from_secs(5),
            user_agent: None,
            public_addresses_only: false,
        }
    }

    /// Also trusts these certificates, in PEM, to vouch for servers: those of a CA of one's own.
    ///
    /// Where the system's verifier takes none beside its own (Android), use it with
    /// [`without_system_roots`](Self::without_system_roots).
    #[must_use]
    pub fn root_certificate_pem(mut self, pem: &[u8]) -> Self {
        self.roots.push(pem.into());
        self
    }

    /// Trusts none but the certificates that are given.
    #[must_use]
    pub const fn without_system_roots(mut self) -> Self {
        self.system_roots = false;
        self
    }

    /// How long a connection may take, from looking up the name to the end of the handshake. Where a name has several
    /// addresses, each has an even share. Default 5 seconds. What a fetch may take as a whole is
    /// [`Times::timeout`](crate::Times::timeout).
    #[must_use]
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// What the client calls itself. By default it does not.
    #[must_use]
    pub fn user_agent(mut self, name: &str) -> Self {
        self.user_agent = Some(name.into());
        self
    }

    /// Connects to no address that only this machine, this network, or nobody has: not if the URL names it, and not if
    /// a name resolves to it. For issuers that somebody else may choose, who could otherwise have internal servers asked.
    ///
    /// A name is looked up once, and connected to is what was looked at then.
    #[must_use]
    pub const fn public_addresses_only(mut self) -> Self {
        self.public_addresses_only = true;
        self
    }

    /// Says everything that must not depend on the features that reqwest has in this build.
    fn client(&self, builder: ClientBuilder) -> Result<Client, FetchError> {
        let mut builder = builder
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(retry::never())
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .no_hickory_dns()
            .http1_only()
            // A connection that the server has closed meanwhile is what a client tries again for.
            .pool_max_idle_per_host(0)
            .connect_timeout(self.connect_timeout);
        if let Some(name) = &self.user_agent {
            builder = builder.user_agent(name);
        }
        if self.public_addresses_only {
            builder = builder.dns_resolver(Arc::new(PublicAddresses));
        }
        Ok(Client {
            http: builder.build().map_err(FetchError::client)?,
            public_addresses_only: self.public_addresses_only,
        })
    }
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl Fetch for Client {
    async fn fetch(
        &self,
        request: Request<()>,
        limit: usize,
    ) -> Result<Response<Vec<u8>>, FetchError> {
        let (parts, ()) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string()).map_err(FetchError::transport)?;
        if self.public_addresses_only {
            // As `Url` writes the host, which is how it is connected to: `0x7f.1` is 127.0.0.1 by now.
            of_literal(url.host_str().unwrap_or_default()).map_err(FetchError::transport)?;
        }
        let mut request = reqwest::Request::new(parts.method, url);
        *request.headers_mut() = parts.headers;
        let mut answer = self.http.execute(request).await.map_err(failed)?;

        if answer.content_length().is_some_and(|length| length > limit as u64) {
            return Err(FetchError::too_long(limit));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if chunk.len() > limit - body.len() {
                return Err(FetchError::too_long(limit));
            }
            body.extend_from_slice(&chunk);
        }
        let mut whole = Response::new(body);
        *whole.status_mut() = answer.status();
        *whole.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(whole)
    }
}

/// Without the address, whose query may have a secret of the client's.
fn failed(error: reqwest::Error) -> FetchError {
    if error.is_timeout() {
        FetchError::Timeout
    } else {
        FetchError::transport(error.without_url())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("public_addresses_only", &self.public_addresses_only)
            .finish_non_exhaustive()
    }
}
