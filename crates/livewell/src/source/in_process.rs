//! A source that a program sends into, as it is added.

use livewell_source::expire::Expire;
use livewell_source::kinds::{Pushed, SENT};
use livewell_source::settings::Clock;
use livewell_source::source::Definition;
use livewell_source::unwind::Unwind;

/// A source that a program sends into.
#[derive(Debug, Clone, PartialEq)]
pub struct InProcess {
    pub(crate) id: String,
    pub(crate) clock: Clock,
    pub(crate) unwind: Vec<Unwind>,
    pub(crate) expire: Option<Expire>,
    /// The settings by which what is sent was made.
    pub(crate) definition: Definition,
}

impl InProcess {
    /// Creates the source `id`. While nothing is sent, its time is that of the wall clock.
    pub fn new(id: impl Into<String>) -> Self {
        let definition = Definition::of_kind(SENT);
        Self { id: id.into(), clock: Clock::Wall, unwind: Vec::new(), expire: None, definition }
    }

    /// Sets which clock its time follows while nothing is sent.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Makes nodes of the items of lists in its nodes.
    #[must_use]
    pub fn unwind(mut self, rules: impl IntoIterator<Item = Unwind>) -> Self {
        self.unwind = rules.into_iter().collect();
        self
    }

    /// Deletes elements that have not changed for as long as this says.
    #[must_use]
    pub fn expire(mut self, expire: Expire) -> Self {
        self.expire = Some(expire);
        self
    }

    /// Describes how what is sent is made, in any form: a change of it is logged.
    #[must_use]
    pub fn mapping(mut self, mapping: serde_json::Map<String, serde_json::Value>) -> Self {
        self.definition = Definition::new(SENT, mapping);
        self
    }

    /// Returns its id.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl From<Pushed> for InProcess {
    fn from(Pushed { id, clock, unwind, expire, definition }: Pushed) -> Self {
        Self { id, clock, unwind, expire, definition }
    }
}
