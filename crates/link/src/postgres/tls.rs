//! TLS as a URL asks for it: which certificates to trust, and which to show.

use super::choice::SslMode;
use super::failure::Failure;
use crate::verifier::Verifier;
use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Which certificates are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootCertificates {
    /// Those of a PEM file.
    File(PathBuf),
    /// Those that the system trusts.
    System,
}

/// How TLS is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsSettings {
    /// How much TLS is wanted.
    pub mode: SslMode,
    /// The certificates to trust. If there are any, a server is verified in every mode, as in libpq.
    pub root: Option<RootCertificates>,
    /// The files of the client's certificate and of its key, in PEM.
    pub client: Option<(PathBuf, PathBuf)>,
}

impl TlsSettings {
    /// Returns the files that it names.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let root = match &self.root {
            Some(RootCertificates::File(file)) => Some(file),
            _ => None,
        };
        let client = self.client.iter().flat_map(|(certificate, key)| [certificate, key]);
        root.into_iter().chain(client).cloned().collect()
    }

    /// Reads the certificates and returns what rustls needs.
    ///
    /// # Errors
    /// Returns [`Failure::Refused`] if a file cannot be read or used, or if there is nothing to trust.
    pub(crate) fn config(&self) -> Result<ClientConfig, Failure> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| Failure::Refused(format!("TLS: {error}")))?;
        let roots = if self.verifies() { Some(self.roots()?) } else { None };
        let verifier =
            Verifier::new(roots, self.mode == SslMode::VerifyFull, provider).map_err(|reason| {
                Failure::Refused(format!("{reason}; name a file of certificates to trust as `sslrootcert`"))
            })?;
        let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
        let Some((certificate, key)) = &self.client else { return Ok(builder.with_no_client_auth()) };
        let chain = certificates("sslcert", certificate)?;
        let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable("sslkey", key, error))?;
        builder.with_client_auth_cert(chain, secret).map_err(|error| unusable("sslcert", certificate, error))
    }

    fn verifies(&self) -> bool {
        self.root.is_some() || matches!(self.mode, SslMode::VerifyCa | SslMode::VerifyFull)
    }

    fn roots(&self) -> Result<Vec<CertificateDer<'static>>, Failure> {
        match &self.root {
            Some(RootCertificates::File(path)) => certificates("sslrootcert", path),
            None | Some(RootCertificates::System) => Ok(rustls_native_certs::load_native_certs().certs),
        }
    }
}

fn certificates(keyword: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let unusable = |error| unusable(keyword, path, error);
    CertificateDer::pem_file_iter(path).map_err(unusable)?.map(|one| one.map_err(unusable)).collect()
}

fn unusable(keyword: &str, path: &Path, error: impl std::fmt::Display) -> Failure {
    Failure::Refused(format!("`{keyword}={}` cannot be used: {error}", path.display()))
}
