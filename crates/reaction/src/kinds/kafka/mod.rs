//! `kind: kafka`: every diff, or every row, as a keyed record of a topic.
//!
//! Unless it is to be at least once, a transaction of the cluster holds the records of one or more results and the
//! checkpoint, which is a record of a compacted topic. Whoever reads committed records sees each of them once.

mod checkpoint;
mod deliver;
mod detail;
mod failure;
mod message;
mod preview;
mod probe;
mod rebuild;
mod running;
mod session;
mod settings;

pub use settings::{Delivery, KafkaSettings, Packing, RecordValue};

use crate::kind::Kind;
use crate::messenger::Each;
use crate::messenger::preview::Previewed;
use crate::settings_error::{SettingsError, one_query};
use crate::shared::{OnRefusal, Shared};
use crate::{
    DeadLetter, Delivered, Guarantee, Outgoing, Reaction, ReactionError, Role, SnapshotOf, Start, Started,
    Style,
};
use checkpoint::Checkpoint;
use detail::Detail;
use livewell_model::probe::Probed;
use message::Maker;
use preview::Shown;
use running::Running;
use std::path::PathBuf;

impl Kind for KafkaSettings {
    fn role(&self) -> Role {
        match self.value {
            RecordValue::Diff => Role::Trigger,
            RecordValue::Row => Role::StateKeeper,
        }
    }

    fn guarantee(&self) -> Guarantee {
        match self.delivery {
            Delivery::ExactlyOnce => Guarantee::ExactlyOnce,
            Delivery::AtLeastOnce => Guarantee::AtLeastOnce,
        }
    }

    fn validate(&self, queries: usize) -> Result<(), SettingsError> {
        match self.value {
            RecordValue::Diff => self.check(),
            RecordValue::Row => one_query(queries).and_then(|()| self.check()),
        }
    }

    fn build(&self, shared: &Shared) -> Box<dyn Reaction> {
        Box::new(Kafka::new(self.clone()).on_refusal(shared.on_refusal))
    }

    fn preview(&self, template: Option<String>) -> Option<Previewed> {
        let template = template.or_else(|| self.template.clone());
        let settings = Self { template: template.clone(), ..self.clone() };
        Some(Previewed { previewer: Box::new(Shown::new(settings)), each: Each::Diff, template })
    }

    // A copy that lacks a row would not be one.
    fn can_refuse(&self) -> bool {
        self.value == RecordValue::Diff
    }

    fn shares_target(&self, other: &Self) -> Option<&'static str> {
        // A copy considers every record of its topic its own.
        let is_copy = self.value == RecordValue::Row || other.value == RecordValue::Row;
        (is_copy && (&self.url, &self.topic) == (&other.url, &other.topic)).then_some("topic")
    }

    fn probe(&self) -> Option<Result<Probed, ReactionError>> {
        Some(probe::probe(self))
    }

    fn reads(&self) -> Vec<PathBuf> {
        self.address().map(|address| address.files()).unwrap_or_default()
    }
}

/// Writes query results to a topic of Kafka.
pub struct Kafka {
    settings: KafkaSettings,
    on_refusal: OnRefusal,
    running: Option<Running>,
}

impl Kafka {
    /// Creates a reaction that writes to the topic in `settings`. Does no I/O yet.
    pub fn new(settings: KafkaSettings) -> Self {
        Self { settings, on_refusal: OnRefusal::Stop, running: None }
    }

    /// Sets what becomes of diffs of which no record can be made, or for which the topic has no room.
    #[must_use]
    pub fn on_refusal(self, on_refusal: OnRefusal) -> Self {
        Self { on_refusal, ..self }
    }

    fn is_copy(&self) -> bool {
        self.settings.value == RecordValue::Row
    }
}

impl Reaction for Kafka {
    fn role(&self) -> Role {
        self.settings.role()
    }

    fn style(&self) -> Style {
        Style::Results
    }

    fn identity(&self) -> String {
        format!("{} in records of Kafka", if self.is_copy() { "rows" } else { "diffs" })
    }

    fn start(&mut self, start: &Start<'_>) -> Result<Started, ReactionError> {
        let detail = start.detail.map(Detail::decode).transpose();
        let detail = detail.map_err(|cause| ReactionError::Detail { cause })?.unwrap_or_default();
        let (is_copy, settings) = (self.is_copy(), &self.settings);
        let maker = Maker::new(settings, start)?;
        let owner = format!("{}:{}", start.store, start.reaction);
        let (now, held) = (start.now.clone(), Checkpoint::default());
        let mut running = Running { owner, maker, now, detail, session: None, held, sent: None };
        if !is_copy && settings.delivery == Delivery::AtLeastOnce {
            // Nothing has to be known of the cluster.
            running.detail.checkpoint = None;
        } else if !running.open(settings)? {
            if !is_copy {
                let target = format!("the topic `{}`", settings.checkpoints);
                let cause = "the checkpoint that was written to it is gone".into();
                return Err(ReactionError::Unknown { target, cause });
            }
            running.open(settings)?;
        }
        let is_exact = settings.delivery == Delivery::ExactlyOnce;
        let copied = is_copy.then(|| running.copied(settings));
        let rebuild =
            is_copy && (running.detail.copy != copied || is_exact && running.held.reached.is_empty());
        if rebuild || !is_copy {
            running.detail.copy = None;
        }
        let (detail, reached) = (running.detail.encode(), running.held.reached.clone());
        self.running = Some(running);
        Ok(Started { detail, rebuild, reached })
    }

    fn deliver(&mut self, results: &[Outgoing<'_>]) -> Result<Delivered, ReactionError> {
        let running = self.running.as_mut().ok_or(ReactionError::NotStarted)?;
        if results.is_empty() {
            return Ok(Delivered::all(results, running.detail.encode()));
        }
        let (settings, on_refusal) = (&self.settings, self.on_refusal);
        running.with(settings, |running, session| deliver::deliver(running, session, results, on_refusal))
    }

    fn replace(&mut self, snapshot: SnapshotOf<'_>) -> Result<Vec<u8>, ReactionError> {
        let running = self.running.as_mut().ok_or(ReactionError::NotStarted)?;
        running.with(&self.settings, |running, session| rebuild::replace(running, session, snapshot))?;
        running.detail.copy = Some(running.copied(&self.settings));
        Ok(running.detail.encode())
    }

    fn resend(&mut self, letter: &DeadLetter) -> Result<(), ReactionError> {
        let running = self.running.as_mut().ok_or(ReactionError::NotStarted)?;
        running.with(&self.settings, |running, session| deliver::resend(running, session, letter))
    }
}
