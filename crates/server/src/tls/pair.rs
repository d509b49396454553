//! A certificate and its key, read from their files.

use super::HTTP;
use livewell::clock::{Clock, SystemClock};
use livewell_config::settings::TlsSettings;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{Error as TlsError, ServerConfig};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use x509_cert::der::Decode;
use x509_cert::time::Validity;

/// The largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;
const CERTIFICATE: &str = "server.tls.certificate";
const KEY: &str = "server.tls.key";

/// Reads the files and returns what rustls needs.
///
/// # Errors
/// Returns what is wrong with which file.
pub fn config(settings: &TlsSettings) -> Result<ServerConfig, String> {
    let chain = chain(&settings.certificate)?;
    let text = bytes(&settings.key, KEY)?;
    let key = PrivateKeyDer::from_pem_slice(&text).map_err(|error| {
        let shown = settings.key.display();
        if text.windows(9).any(|word| word == b"ENCRYPTED") {
            return format!(
                "`{shown}` (`{KEY}`) has a password; write the key without one, readable by this user alone"
            );
        }
        not_pem(&error, &settings.key, KEY, "private key", "PRIVATE KEY")
    })?;
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
    let config = builder.with_no_client_auth().with_single_cert(chain, key);
    let mut config = config.map_err(|error| match error {
        TlsError::InconsistentKeys(_) => format!(
            "`{}` (`{KEY}`) is not the key of the first certificate in `{}` (`{CERTIFICATE}`)",
            settings.key.display(),
            settings.certificate.display()
        ),
        error => format!("the certificate and the key cannot be used: {error}"),
    })?;
    config.alpn_protocols = vec![HTTP.to_vec()];
    Ok(config)
}

/// Reads the files. Returns what callers will refuse.
///
/// # Errors
/// Returns what is wrong with which file.
pub fn check(settings: &TlsSettings) -> Result<Option<String>, String> {
    config(settings)?;
    warning(settings)
}

/// Returns what callers will refuse: a certificate that has expired or is not valid yet.
///
/// # Errors
/// Returns what is wrong with the file.
pub fn warning(settings: &TlsSettings) -> Result<Option<String>, String> {
    let path = &settings.certificate;
    let Some(Validity { not_before, not_after }) = validity(path)? else { return Ok(None) };
    let now = UNIX_EPOCH + Duration::from_nanos(u64::try_from(SystemClock.now().0).unwrap_or_default());
    let what = if now > not_after.to_system_time() {
        format!("expired on {not_after}")
    } else if now < not_before.to_system_time() {
        format!("is not valid before {not_before}")
    } else {
        return Ok(None);
    };
    Ok(Some(format!("the certificate in `{}` (`{CERTIFICATE}`) {what}; callers refuse it", path.display())))
}

/// Returns when the certificate expires, since 1970.
pub fn expires(settings: &TlsSettings) -> Option<Duration> {
    Some(validity(&settings.certificate).ok()??.not_after.to_unix_duration())
}

fn validity(path: &Path) -> Result<Option<Validity>, String> {
    let chain = chain(path)?;
    let Some(first) = chain.first() else { return Ok(None) };
    let parsed = x509_cert::Certificate::from_der(first)
        .map_err(|error| format!("`{}` (`{CERTIFICATE}`) is not a certificate: {error}", path.display()))?;
    Ok(Some(parsed.tbs_certificate.validity))
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = bytes(path, CERTIFICATE)?;
    let refused = |error| not_pem(&error, path, CERTIFICATE, "certificate", "CERTIFICATE");
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let chain = chain.map_err(refused)?;
    if chain.is_empty() { Err(refused(PemError::NoItemsFound)) } else { Ok(chain) }
}

fn bytes(path: &Path, field: &str) -> Result<Vec<u8>, String> {
    let cannot = |why: String| format!("cannot read `{}` (`{field}`): {why}", path.display());
    let file = File::open(path).map_err(|error| cannot(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| cannot(error.to_string()))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(cannot(format!("it has more than {FILE_BYTES_MAX} bytes")));
    }
    Ok(bytes)
}

fn not_pem(error: &PemError, path: &Path, field: &str, what: &str, block: &str) -> String {
    let shown = path.display();
    match error {
        PemError::NoItemsFound => format!(
            "there is no {what} in `{shown}` (`{field}`); it is a PEM file with a block `-----BEGIN {block}-----`"
        ),
        error => format!("`{shown}` (`{field}`) is not a PEM file: {error}"),
    }
}
