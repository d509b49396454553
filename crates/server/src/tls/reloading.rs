//! The certificate that the API shows, read again when its files change.

use super::pair;
use crate::stamp::{Stamp, stamp};
use livewell_config::settings::TlsSettings;
use rustls::ServerConfig;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How often the files are looked at. A change counts once they have stayed as they are for one such period, so that a
/// certificate is not read before its key is there.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The certificate that the API shows.
pub struct Tls {
    settings: Mutex<TlsSettings>,
    config: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads the certificate and its key.
    ///
    /// # Errors
    /// Returns what is wrong with which file.
    pub fn read(settings: &TlsSettings) -> Result<Self, String> {
        let config = Arc::new(pair::config(settings)?);
        warn_of(settings);
        Ok(Self { settings: Mutex::new(settings.clone()), config: RwLock::new(config) })
    }

    /// Reads the files again, or others. If they cannot be used, the certificate stays as it was.
    ///
    /// # Errors
    /// Returns what is wrong with which file.
    pub fn reload(&self, settings: &TlsSettings) -> Result<(), String> {
        let config = Arc::new(pair::config(settings)?);
        warn_of(settings);
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        *self.settings.lock().unwrap_or_else(PoisonError::into_inner) = settings.clone();
        Ok(())
    }

    /// Returns when the certificate expires, since 1970.
    pub fn expires(&self) -> Option<Duration> {
        pair::expires(&self.settings())
    }

    /// Reads the files again whenever they change. Does not end.
    pub async fn watch(&self) {
        let (mut seen, mut read) = (self.stamps(), self.stamps());
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let now = self.stamps();
            if now != seen || now == read {
                seen = now;
                continue;
            }
            read = now;
            let settings = self.settings();
            match self.reload(&settings) {
                Ok(()) => tracing::info!("the certificate of the API was read again: its files have changed"),
                Err(reason) => tracing::warn!(
                    code = "LW0741",
                    "the files of the API's certificate have changed, and the one before stays: {reason} [LW0741]"
                ),
            }
        }
    }

    /// Shakes hands with a client.
    ///
    /// # Errors
    /// Returns the failure of the handshake.
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> io::Result<TlsStream<S>> {
        let config = self.config.read().unwrap_or_else(PoisonError::into_inner).clone();
        TlsAcceptor::from(config).accept(stream).await
    }

    fn settings(&self) -> TlsSettings {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn stamps(&self) -> [Option<Stamp>; 2] {
        let settings = self.settings();
        [stamp(&settings.certificate), stamp(&settings.key)]
    }
}

fn warn_of(settings: &TlsSettings) {
    if let Ok(Some(warning)) = pair::warning(settings) {
        tracing::warn!("{warning}");
    }
}
