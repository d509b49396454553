//! Where a database is and how it is spoken to.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

/// A database's address out of its URL.
#[derive(Clone)]
pub(super) struct Address {
    pub config: Config,
    root: Option<PathBuf>,
}

impl Address {
    /// Reads `postgres://user:password@host:5432/database?sslmode=...&sslrootcert=...`.
    ///
    /// Where TLS is spoken, the certificate and its name are verified, whatever word `sslmode` has for it.
    pub fn parse(url: &str) -> Result<Self, String> {
        let (front, query) = url.split_once('?').unwrap_or((url, ""));
        if !front.starts_with("postgres://") && !front.starts_with("postgresql://") {
            return Err("this is no URL of a database: `postgres://user:password@host:5432/database`".into());
        }
        let (mut root, mut mode, mut rest) = (None, SslMode::Prefer, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslrootcert", path)) => root = Some(PathBuf::from(path)),
                Some(("sslmode", "disable")) => mode = SslMode::Disable,
                Some(("sslmode", "prefer")) => mode = SslMode::Prefer,
                Some(("sslmode", "require" | "verify-ca" | "verify-full")) => mode = SslMode::Require,
                Some(("sslmode", _)) => {
                    return Err("`sslmode` is disable, prefer, require, verify-ca or verify-full".into());
                }
                _ => rest.push(pair),
            }
        }
        let url = if rest.is_empty() { front.to_owned() } else { format!("{front}?{}", rest.join("&")) };
        // The error of the parser may quote what it could not read.
        let mut config: Config = url.parse().map_err(|_| "this is no URL of a database".to_owned())?;
        config.ssl_mode(mode);
        Ok(Self { config, root })
    }

    /// TLS as the address wants it.
    pub fn tls(&self) -> Result<MakeRustlsConnect, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| format!("TLS: {error}"))?;
        Ok(MakeRustlsConnect::new(builder.with_root_certificates(self.roots()?).with_no_client_auth()))
    }

    fn roots(&self) -> Result<RootCertStore, String> {
        let mut roots = RootCertStore::empty();
        match &self.root {
            None => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
            Some(path) => {
                let wrong = |error: &dyn fmt::Display| format!("`sslrootcert={}`: {error}", path.display());
                for certificate in CertificateDer::pem_file_iter(path).map_err(|error| wrong(&error))? {
                    let certificate = certificate.map_err(|error| wrong(&error))?;
                    roots.add(certificate).map_err(|error| wrong(&error))?;
                }
            }
        }
        Ok(roots)
    }
}

impl fmt::Display for Address {
    /// The host and the database, without user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(host)) => host.as_str(),
            _ => "localhost",
        };
        write!(f, "{host}")?;
        if let Some(port) = self.config.get_ports().first() {
            write!(f, ":{port}")?;
        }
        write!(f, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_and_shown_without_its_secrets() {
        let url = "postgres://me:p%40ss@db.example:6432/shop?sslmode=verify-full&sslrootcert=/ca.pem&connect_timeout=3";
        let address = Address::parse(url).ok().unwrap();
        assert_eq!(address.to_string(), "db.example:6432/shop");
        assert_eq!(address.config.get_password(), Some(&b"p@ss"[..]));
        assert_eq!(address.config.get_ssl_mode(), SslMode::Require);
        for url in
            ["", "mysql://h/d", "postgres://h/d?sslmode=on", "postgres://h:port/d", "postgres://h/d?x=y"]
        {
            assert!(Address::parse(url).is_err(), "{url}");
        }
    }
}
