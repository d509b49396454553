//! What the runner of a source has to know before it opens the source: everything that kinds have in common.

use crate::Limits;
use crate::definition::Definition;
use crate::expire::Expire;
use crate::settings::Clock;
use crate::unwind::Unwind;
use livewell_model::Recovery;

/// What a source is called and how it is run.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Its id: a letter or digit, then at most 62 letters, digits, `-` or `_`.
    pub id: String,
    /// The settings that decide what its elements are made of, with its kind. They are stored once it was opened; a
    /// source of another kind is not opened over its data.
    pub definition: Definition,
    /// Whether it copies: queries wait for its first copy, and after a reset it copies again and emits what differs.
    /// Otherwise it begins empty, and a reset wipes what is stored before the source is opened again.
    pub copies: bool,
    /// Which clock its time follows while it is caught up.
    pub clock: Clock,
    /// Changes a second; `None` means as fast as they come.
    pub rate: Option<f64>,
    /// Sources that must have caught up before this one is opened for the first time.
    pub after: Vec<String>,
    /// Lists in nodes whose items become nodes of their own; a source that copies has none.
    pub unwind: Vec<Unwind>,
    /// How long elements that do not change are kept; a source that copies keeps them as long as what it copies has them.
    pub expire: Option<Expire>,
    /// How many pieces of input may be set aside; the source waits before one more.
    pub parked_max: u64,
    /// How many bytes of input, with reasons, may be set aside; the source waits before more, but a single piece may
    /// have any length.
    pub parked_bytes: u64,
    /// What happens if its history is not what was read ([`ErrorKind::Changed`](crate::ErrorKind::Changed)): it stops, or
    /// the runner resets it.
    pub recovery: Recovery,
}

impl Profile {
    /// Creates a source of this kind that begins empty, with everything else at its default.
    pub fn new(id: impl Into<String>, kind: &str) -> Self {
        let Limits { parked_max, parked_bytes, .. } = Limits::default();
        Self {
            id: id.into(),
            definition: Definition::of_kind(kind),
            copies: false,
            clock: Clock::Wall,
            rate: None,
            after: Vec::new(),
            unwind: Vec::new(),
            expire: None,
            parked_max,
            parked_bytes,
            recovery: Recovery::Strict,
        }
    }
}
