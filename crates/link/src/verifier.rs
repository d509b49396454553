//! Checks a server's certificate: who has signed it, and as far as it is asked for, whose it is.

use rustls::CertificateError::{NotValidForName, NotValidForNameContext, Other};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::sync::Arc;

/// Verifies nothing without an authority, and names only if asked to.
#[derive(Debug)]
pub struct Verifier {
    authority: Option<Arc<WebPkiServerVerifier>>,
    trusted: Vec<CertificateDer<'static>>,
    by_name: bool,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    /// Makes a verifier that trusts `roots`, or everybody if there are none.
    ///
    /// # Errors
    /// Returns why nobody can be trusted.
    pub fn new(
        roots: Option<Vec<CertificateDer<'static>>>,
        by_name: bool,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, String> {
        let authority = match &roots {
            None => None,
            Some(roots) => {
                let store = Arc::new(store(roots)?);
                let verifier = WebPkiServerVerifier::builder_with_provider(store, provider.clone()).build();
                Some(verifier.map_err(|error| format!("TLS: {error}"))?)
            }
        };
        Ok(Self { authority, trusted: roots.unwrap_or_default(), by_name, provider })
    }

    /// Returns whether the certificate is itself one of those to trust. A self-signed certificate is often one that
    /// could sign others, which webpki does not accept for a server. Its dates have been checked before.
    fn is_trusted_itself(&self, certificate: &CertificateDer<'_>, error: &Error) -> bool {
        let Error::InvalidCertificate(Other(other)) = error else { return false };
        let is_authority = matches!(other.0.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity));
        is_authority && self.trusted.iter().any(|trusted| trusted == certificate)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let trusted = Ok(ServerCertVerified::assertion());
        let Some(authority) = &self.authority else { return trusted };
        match authority.verify_server_cert(certificate, intermediates, name, ocsp, now) {
            Err(Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }))
                if !self.by_name =>
            {
                trusted
            }
            Err(error) if self.is_trusted_itself(certificate, &error) => {
                if self.by_name {
                    verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                }
                trusted
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Returns the store of trusted certificates; one that cannot be read is left out.
fn store(roots: &[CertificateDer<'static>]) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots.iter().cloned());
    if store.is_empty() {
        return Err("there is no certificate to trust".into());
    }
    Ok(store)
}
