//! Something that needs somebody: what it is, what it costs, and what can be done.

use crate::api::overview::place::Ids;
use crate::api::wire::{Kind, Time};
use livewell::{ComponentKind, Status, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

/// Something that needs somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Need {
    /// What it is about.
    pub what: What,
    /// How bad it is.
    pub severity: Severity,
    /// The component that it is about, if it is about one.
    pub component: Option<Of>,
    /// Since when, if that is known.
    pub since: Option<Time>,
    /// The code of the error, if it is one.
    pub code: Option<String>,
    /// Why, as the component says it.
    pub reason: String,
    /// What to do, in a sentence.
    pub fix: Option<String>,
    /// What reads the component, directly and through others.
    pub holds_up: Ids,
    /// What is lost if nobody acts.
    pub loses: Option<String>,
    /// When that is, if it is known.
    pub until: Option<Time>,
    /// What a call can do about it, the best first.
    pub actions: Vec<Action>,
}

/// What a need is about; the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum What {
    /// A component has stopped.
    Error,
    /// A consumer has stopped since it cannot simply continue.
    Gap,
    /// A target has refused messages.
    DeadLetters,
    /// A source has set input aside.
    Parked,
    /// A log or an outbox fills with what is not read.
    Outbox,
    /// The upstream soon drops what a source needs.
    Slot,
    /// A component falls behind.
    Lag,
    /// A disk, or the store, is nearly full.
    Disk,
    /// Settings are insecure.
    Settings,
    /// A component waits for a server or a disk, and retries by itself.
    Waiting,
}

/// How bad a need is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Severity {
    /// Something stands still, or is about to be lost.
    Error,
    /// Something will, if nobody looks.
    Warning,
}

/// A component.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[schemars(rename = "ComponentRef")]
pub struct Of {
    /// Its kind.
    pub kind: Kind,
    /// Its id.
    pub id: String,
}

/// A call that does something about a need, without a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Action {
    /// What a button says.
    pub label: &'static str,
    #[schemars(extend("const" = "POST"))]
    method: &'static str,
    path: String,
    /// Whether something is gone for good afterwards.
    destroys: bool,
    /// The scope that the call needs.
    scope: &'static str,
    /// The command that does what the call does.
    pub command: String,
}

impl Need {
    /// Creates a need of a component.
    pub fn of(status: &Status, what: What, severity: Severity, reason: impl Into<String>) -> Self {
        let component = Of { kind: Kind(status.kind), id: status.id.clone() };
        Self { component: Some(component), ..Self::of_machine(what, severity, reason) }
    }

    /// Creates a need of the machine, the store or the configuration.
    pub fn of_machine(what: What, severity: Severity, reason: impl Into<String>) -> Self {
        Self {
            what,
            severity,
            component: None,
            since: None,
            code: None,
            reason: reason.into(),
            fix: None,
            holds_up: Ids::default(),
            loses: None,
            until: None,
            actions: Vec::new(),
        }
    }

    /// Returns what needs are sorted by: the worst first, then the oldest.
    pub fn rank(&self) -> (Severity, What, Option<Timestamp>, Option<&Of>) {
        (self.severity, self.what, self.since.map(|Time(since)| since), self.component.as_ref())
    }
}

impl Action {
    /// Creates the action that starts a component.
    pub fn start(status: &Status) -> Self {
        Self::post(status, "Start again", "start", &format!("start {}", status.id))
    }

    /// Creates the action that resets a component.
    pub fn reset(status: &Status, destroys: bool) -> Self {
        let label = match (status.kind, destroys) {
            (ComponentKind::Source, _) => "Read again",
            (ComponentKind::Query, _) => "Rebuild",
            (ComponentKind::Reaction, false) => "Bring to the live results",
            (ComponentKind::Reaction, true) => "Skip to the next result",
        };
        Self { destroys, ..Self::post(status, label, "reset", &format!("reset {}", status.id)) }
    }

    /// Creates an action on what a component has set aside.
    pub fn on_set_aside(
        status: &Status,
        (label, destroys): (&'static str, bool),
        path: &str,
        command: &str,
    ) -> Self {
        Self { destroys, ..Self::post(status, label, path, command) }
    }

    fn post(status: &Status, label: &'static str, path: &str, command: &str) -> Self {
        Self {
            label,
            method: "POST",
            path: format!("/api/v1/{}/{}/{path}", status.kind.plural(), status.id),
            destroys: false,
            scope: "operate",
            command: format!("livewell {command}"),
        }
    }
}
