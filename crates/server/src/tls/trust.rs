//! Which certificates a command trusts when it connects to a server over TLS. Verification cannot be turned off.

use super::HTTP;
use crate::failure::Failure;
use livewell_link::Verifier;
use rustls::ClientConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A connection to a server that has shown a trusted certificate.
pub type Secured = tokio_rustls::client::TlsStream<TcpStream>;

/// The certificates that are trusted.
#[derive(Clone)]
pub struct Trust(Arc<ClientConfig>);

impl Trust {
    /// Trusts the certificates in a PEM file alone, or without one those that the system trusts.
    ///
    /// # Errors
    /// Returns [`Failure::Usage`] if the file cannot be used, or if there is nothing to trust.
    pub fn of(file: Option<&Path>) -> Result<Self, Failure> {
        let roots = match file {
            Some(path) => certificates(path)?,
            None => rustls_native_certs::load_native_certs().certs,
        };
        let refused = |reason: String| Failure::Usage(format!("error: TLS: {reason}\n"));
        if roots.is_empty() {
            return Err(refused(
                "there is no certificate to trust; name a PEM file of them with `--ca FILE`".into(),
            ));
        }
        let provider = Arc::new(default_provider());
        let verifier = Verifier::new(Some(roots), true, provider.clone()).map_err(refused)?;
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| refused(error.to_string()))?;
        let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = builder.with_no_client_auth();
        config.alpn_protocols = vec![HTTP.to_vec()];
        Ok(Self(Arc::new(config)))
    }

    /// Shakes hands with the server `host` and checks its certificate.
    ///
    /// # Errors
    /// Returns the failure of the handshake, with what to do about an untrusted certificate, and about a server without TLS.
    pub async fn connect(&self, host: &str, stream: TcpStream) -> io::Result<Secured> {
        let name =
            ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).map_err(io::Error::other)?;
        TlsConnector::from(self.0.clone()).connect(name, stream).await.map_err(|error| {
            let message = match error.get_ref().and_then(|inner| inner.downcast_ref()) {
                Some(rustls::Error::InvalidCertificate(_)) => format!(
                    "{error}: name the authority's certificate, or the server's own if it is self-signed, with `--ca \
                     FILE` or LIVEWELL_CA, and the server by a name in its certificate"
                ),
                Some(rustls::Error::InvalidMessage(_)) => {
                    "what listens there does not speak TLS; write `http://` if that is meant".to_owned()
                }
                _ => format!("TLS: {error}"),
            };
            io::Error::new(error.kind(), message)
        })
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let refused =
        |error| Failure::Usage(format!("error: `--ca {}` cannot be used: {error}\n", path.display()));
    CertificateDer::pem_file_iter(path).map_err(refused)?.map(|one| one.map_err(refused)).collect()
}
