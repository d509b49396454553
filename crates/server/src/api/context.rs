//! What all calls share.

use super::audit::Audit;
use super::guard::Guard;
use super::guesses::Guesses;
use super::names::Names;
use super::page::Pins;
use super::pulse::Pulse;
use super::rates::{Rates, Streams};
use super::schemas::Schemas;
use super::traffic::Traffic;
use super::turned_away::TurnedAway;
use super::verifications::Verifications;
use super::views::Views;
use crate::journal::Journal;
use crate::telemetry::Telemetry;
use crate::tls::Tls;
use livewell::Livewell;
use livewell_config::sealed::Seal;
use livewell_config::settings::ServerLimits;
use livewell_config::{Change, Config};
use livewell_source::settings::{HttpSettings, SourceSettings};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use tokio::sync::{Semaphore, watch};

/// What all calls share.
pub struct Api {
    pub(super) livewell: Arc<Livewell>,
    /// The current configuration: as it was read, with the changes of calls since.
    pub(super) config: RwLock<Config>,
    /// Seals the secrets of the configuration in the store.
    pub(super) seal: Seal,
    /// Who may call, as the configuration says now.
    pub(super) guard: RwLock<Arc<Guard>>,
    pub(super) names: Names,
    /// The certificate of the address, if it speaks TLS.
    pub(super) tls: Option<Arc<Tls>>,
    pub(super) guesses: Guesses,
    pub(super) limits: ServerLimits,
    /// How many components have series of their own in the metrics.
    pub(super) components_measured: usize,
    /// Who changed what.
    pub(super) audit: Audit,
    /// How many refused changes it may still have.
    pub(super) turned_away: TurnedAway,
    /// What happened.
    pub(super) journal: Journal,
    /// Where traces go.
    pub(super) telemetry: Telemetry,
    /// What is measured of calls and connections.
    pub(super) traffic: Traffic,
    /// What was seen and measured of the components lately.
    pub(super) pulse: Pulse,
    pub(super) rates: Option<Rates>,
    pub(super) client_streams: Streams,
    pub(super) pins: Pins,
    pub(super) streams: Arc<Semaphore>,
    pub(super) followers: Arc<Semaphore>,
    pub(super) verifying: Arc<Semaphore>,
    /// How far they are.
    pub(super) verifications: Arc<Verifications>,
    /// Permits to explain rows.
    pub(super) explaining: Arc<Semaphore>,
    /// Permits to measure what the store holds.
    pub(super) measuring: Arc<Semaphore>,
    /// What sources are made of.
    pub(super) schemas: Schemas,
    /// Permits to make views.
    pub(super) ordering: Arc<Semaphore>,
    pub(super) views: Views,
    pub(super) bodies: Arc<Semaphore>,
    /// One backup is taken at a time.
    pub(super) backups: Arc<Semaphore>,
    /// Held while components are started and stopped.
    pub(super) changing: tokio::sync::Mutex<()>,
    /// Set once every query had caught up.
    pub(super) ready: AtomicBool,
    pub(super) stop: watch::Receiver<bool>,
}

/// What all calls share, as handlers take it.
pub(super) type Shared = Arc<Api>;

impl Api {
    /// Returns the current configuration, which does not change until this is dropped.
    pub(super) fn config(&self) -> RwLockReadGuard<'_, Config> {
        self.config.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns who may call.
    pub(super) fn guard(&self) -> Arc<Guard> {
        self.guard.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces who may call. Streams of callers who no longer may end.
    pub(super) fn replace_guard(&self, next: Guard) {
        let next = Arc::new(next);
        let mut guard = self.guard.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *guard, next.clone());
        drop(guard);
        before.give_way_to(&next);
    }

    /// Makes a change of the configuration; the lock `changing` was held since it was judged.
    pub(super) fn make(&self, change: Change) {
        self.config.write().unwrap_or_else(PoisonError::into_inner).apply(change);
    }

    /// Makes this the current configuration; the lock `changing` was held since it was planned.
    pub(super) fn replace_config(&self, config: Config) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
    }

    /// Returns the settings of a source that takes changes by HTTP.
    pub(super) fn http(&self, id: &str) -> Option<HttpSettings> {
        match self.config().sources.get(id)? {
            SourceSettings::Http(http) => Some(http.clone()),
            _ => None,
        }
    }
}
