//! What is measured of the API: calls by what they are about and how they ended, and connections.

use axum::http::{Method, StatusCode};
use livewell_store::{Durations, Histogram};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What is measured of the API.
#[derive(Debug, Default)]
pub struct Traffic {
    /// How many calls of a class were answered with a status.
    answered: Mutex<BTreeMap<(Class, u16), u64>>,
    /// How long it took until the head of the answer was there, by class.
    took: [Durations; Class::ALL.len()],
    /// The connections to the address.
    pub address: Arc<Door>,
    /// The connections to the control socket.
    pub owner: Arc<Door>,
}

/// The connections to a door.
#[derive(Debug, Default)]
pub struct Door {
    open: AtomicU64,
    accepted: AtomicU64,
    refused: AtomicU64,
}

impl Door {
    /// Returns how many connections are open, and how many were accepted and refused since the start.
    pub fn counts(&self) -> [u64; 3] {
        [&self.open, &self.accepted, &self.refused].map(|count| count.load(Ordering::Relaxed))
    }

    /// Counts a connection, which is open until the returned value is dropped.
    pub fn accept(self: &Arc<Self>) -> Connected {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::Relaxed);
        Connected(self.clone())
    }

    /// Counts a connection that was closed because there is no room.
    pub fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }
}

/// An open connection.
pub struct Connected(Arc<Door>);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Whether the process is alive and ready.
    Probe,
    /// The metrics.
    Metrics,
    /// The files of the console, the description of the API, pages of errors.
    Page,
    /// Reading about components.
    Read,
    /// Live results.
    Results,
    /// Changes as they come.
    Follow,
    /// Sending changes to a source.
    Ingest,
    /// Comparing with the truth.
    Verify,
    /// The stream of a backup.
    Backup,
    /// What changes something.
    Operate,
    /// Paths that do not exist.
    Other,
}

impl Class {
    /// All classes.
    pub const ALL: [Self; 11] = [
        Self::Probe,
        Self::Metrics,
        Self::Page,
        Self::Read,
        Self::Results,
        Self::Follow,
        Self::Ingest,
        Self::Verify,
        Self::Backup,
        Self::Operate,
        Self::Other,
    ];

    /// Returns its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Metrics => "metrics",
            Self::Page => "page",
            Self::Read => "read",
            Self::Results => "results",
            Self::Follow => "follow",
            Self::Ingest => "ingest",
            Self::Verify => "verify",
            Self::Backup => "backup",
            Self::Operate => "operate",
            Self::Other => "other",
        }
    }

    /// Returns the class of a call. Paths that callers make up are all of one class.
    pub fn of(method: &Method, path: &str) -> Self {
        let is_get = *method == Method::GET || *method == Method::HEAD;
        match path {
            "/health" | "/ready" => Self::Probe,
            "/metrics" => Self::Metrics,
            "/" | "/openapi.json" => Self::Page,
            _ if path.starts_with("/errors/") || path.starts_with("/assets/") => Self::Page,
            _ if !path.starts_with("/api/") => Self::Other,
            _ if (path.ends_with("/changes") || path == "/api/v1/stream") && is_get => Self::Follow,
            _ if path.ends_with("/changes") => Self::Ingest,
            _ if path.ends_with("/results") => Self::Results,
            _ if path.ends_with("/verify") => Self::Verify,
            _ if path.ends_with("/backup") => Self::Backup,
            _ if is_get => Self::Read,
            _ => Self::Operate,
        }
    }
}

impl Traffic {
    /// Counts a call that was answered, and how long it took until the head of its answer was there.
    pub fn add(&self, class: Class, status: StatusCode, took: Duration) {
        self.took[class as usize].record(took);
        *self.lock().entry((class, status.as_u16())).or_default() += 1;
    }

    /// Returns how many calls of a class were answered with a status.
    pub fn answered(&self) -> BTreeMap<(Class, u16), u64> {
        self.lock().clone()
    }

    /// Returns how long the calls of a class took.
    pub fn took(&self, class: Class) -> Histogram {
        self.took[class as usize].histogram()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(Class, u16), u64>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_of_few_classes_whatever_their_paths() {
        for (method, path, class) in [
            (Method::GET, "/ready", Class::Probe),
            (Method::GET, "/", Class::Page),
            (Method::GET, "/errors/LW0302", Class::Page),
            (Method::GET, "/assets/{name}", Class::Page),
            (Method::GET, "/api/v1/queries/late/changes", Class::Follow),
            (Method::GET, "/api/v1/stream", Class::Follow),
            (Method::POST, "/api/v1/sources/ops/changes", Class::Ingest),
            (Method::GET, "/api/v1/queries/late/results", Class::Results),
            (Method::GET, "/api/v1/queries", Class::Read),
            (Method::POST, "/api/v1/queries", Class::Operate),
            (Method::DELETE, "/api/v1/queries/late", Class::Operate),
            (Method::POST, "/api/v1/backup", Class::Backup),
            (Method::GET, "/.env", Class::Other),
            (Method::GET, "/results", Class::Other),
        ] {
            assert_eq!(Class::of(&method, path), class, "{method} {path}");
        }
        let names: std::collections::BTreeSet<_> = Class::ALL.iter().map(|class| class.name()).collect();
        assert_eq!(names.len(), Class::ALL.len());
    }

    #[test]
    fn a_connection_is_open_until_it_ends() {
        let door = Arc::new(Door::default());
        let (first, second) = (door.accept(), door.accept());
        drop(first);
        door.refuse();
        assert_eq!(door.counts(), [1, 2, 1]);
        drop(second);
        assert_eq!(door.counts(), [0, 2, 1]);
    }
}
