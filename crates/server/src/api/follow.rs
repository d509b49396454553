//! The events of one query, as server-sent events: for the streams of one query, and for those of a tab.

use super::components::find;
use super::context::Api;
use super::event::{heartbeat, keep_alive, put, write};
use super::parameters::Given;
use super::problem::Problem;
use crate::render::Numbers;
use livewell::{ComponentKind, Error, ErrorKind, Event, Position, Results, Subscription};
use serde_json::json;
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::{AcquireError, OwnedSemaphorePermit};
use tokio::time::Instant;

const HEARTBEAT: Duration = Duration::from_secs(15);

type Admission = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>;

/// The events of one query.
pub struct Follow {
    id: String,
    numbers: Numbers,
    subscription: Subscription,
    /// While it sends a snapshot it counts as one of the `streams`, and waits until there is room.
    sending: Option<OwnedSemaphorePermit>,
    /// The wait for that, which keeps its place.
    admission: Option<Admission>,
    /// When the next heartbeat is due.
    heartbeat: Instant,
}

impl Follow {
    /// Begins after a position, or with a snapshot.
    ///
    /// # Errors
    /// Returns 404 for an unknown query, and an error if the store cannot be read.
    pub async fn begin(
        api: &Api,
        (id, numbers): (&str, Numbers),
        given: &Given,
        after: Option<Position>,
    ) -> Result<Self, Problem> {
        let subscription = given.subscribe(api, id, after).await;
        let mut subscription = subscription.map_err(|error| not_found(api, id, error))?;
        subscription.look_ahead()?;
        let heartbeat = Instant::now() + HEARTBEAT;
        Ok(Self { id: id.to_owned(), numbers, subscription, sending: None, admission: None, heartbeat })
    }

    /// Returns the results of the query, for where they end.
    ///
    /// # Errors
    /// Returns 404 for an unknown query, and an error if the store cannot be read.
    pub fn results(api: &Api, id: &str) -> Result<Results, Problem> {
        api.livewell.results(id).map_err(|error| not_found(api, id, error))
    }

    /// Waits for the next events, and returns about as many `bytes` of those that are there; `None` at the end. May be
    /// given up at any time, and called again.
    pub async fn next(&mut self, api: &Api, bytes: usize) -> Option<String> {
        self.be_admitted(api).await;
        let mut chunk = String::new();
        match tokio::time::timeout_at(self.heartbeat, self.subscription.next()).await {
            Ok(Ok(Some(event))) => self.write(&mut chunk, api, &event),
            Ok(Ok(None)) => return None,
            Ok(Err(error)) => {
                tracing::warn!(query = %self.id, code = error.code, "a stream of changes ended: {error}");
                return None;
            }
            Err(_) => {
                chunk.push_str(&keep_alive(&self.subscription));
                put(&mut chunk, "heartbeat", None, &heartbeat(api, &self.id));
            }
        }
        self.heartbeat = Instant::now() + HEARTBEAT;
        // Events that are there already are sent together.
        while chunk.len() < bytes && (self.sending.is_some() || self.subscription.is_following()) {
            match self.subscription.try_next() {
                Ok(Some(event)) => self.write(&mut chunk, api, &event),
                // A failure is repeated with the next event.
                Ok(None) | Err(_) => break,
            }
        }
        Some(chunk)
    }

    fn write(&self, chunk: &mut String, api: &Api, event: &Event) {
        write(chunk, api, (&self.id, self.numbers), &self.subscription, event);
    }

    /// Waits until it may send a snapshot, if it has one to send.
    async fn be_admitted(&mut self, api: &Api) {
        if self.subscription.is_following() {
            (self.sending, self.admission) = (None, None);
        } else if self.sending.is_none() {
            let admission =
                self.admission.get_or_insert_with(|| Box::pin(api.streams.clone().acquire_owned()));
            self.sending = admission.await.ok();
            self.admission = None;
        }
    }

    /// Returns the event that tells a tab that nothing more comes of the query: it was stopped or removed.
    pub fn end(self) -> String {
        let mut chunk = String::new();
        put(&mut chunk, "end", None, &json!({ "query": self.id }));
        chunk
    }
}

/// Returns the problem of an unknown id, with the one that was probably meant.
fn not_found(api: &Api, id: &str, error: Error) -> Problem {
    let is_unknown = error.kind == ErrorKind::NotFound;
    let unknown = is_unknown.then(|| find(api, ComponentKind::Query, id).err()).flatten();
    unknown.unwrap_or_else(|| error.into())
}
