//! What is measured of all components together, while they work.

use super::arrivals::Arrivals;
use super::state::ComponentKind;
use livewell_store::{Durations, Resume};
use std::sync::atomic::{AtomicU64, Ordering};

/// What is measured of all components together.
#[derive(Debug)]
pub(crate) struct Measures {
    pub(crate) arrivals: Arrivals,
    /// How long the steps of queries took.
    pub(crate) steps: Durations,
    /// From when a transaction came to when what it caused in a query was durable.
    pub(crate) results: Durations,
    /// By [`ComponentKind`]: resets that were asked for.
    resets: [AtomicU64; ComponentKind::ALL.len()],
    /// By [`ComponentKind`], [`Cause`] and [`Outcome`].
    recoveries: [[[AtomicU64; Outcome::ALL.len()]; Cause::ALL.len()]; ComponentKind::ALL.len()],
}

impl Measures {
    /// Creates the measures of a process that begins after this position.
    pub(crate) fn after(position: u64) -> Self {
        Self {
            arrivals: Arrivals::after(position),
            steps: Durations::default(),
            results: Durations::default(),
            resets: Default::default(),
            recoveries: Default::default(),
        }
    }

    /// Counts a reset that was asked for.
    pub(crate) fn reset(&self, kind: ComponentKind) {
        self.resets[kind as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn resets(&self, kind: ComponentKind) -> u64 {
        self.resets[kind as usize].load(Ordering::Relaxed)
    }

    /// Counts what a consumer did that could not simply continue to read a feed.
    pub(crate) fn recovered(&self, kind: ComponentKind, resume: &Resume, outcome: Outcome) {
        let Some(cause) = Cause::of(resume) else { return };
        self.recoveries[kind as usize][cause as usize][outcome as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn recoveries(&self, kind: ComponentKind, cause: Cause, outcome: Outcome) -> u64 {
        self.recoveries[kind as usize][cause as usize][outcome as usize].load(Ordering::Relaxed)
    }
}

/// Why a consumer could not simply continue to read a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The log no longer reaches back to its checkpoint.
    Gap,
    /// It has seen more than the feed has.
    RolledBack,
    /// The feed was wiped, or restored from a backup.
    OtherHistory,
    /// The definition of the feed was changed.
    Changed,
}

impl Cause {
    /// All causes.
    pub const ALL: [Self; 4] = [Self::Gap, Self::RolledBack, Self::OtherHistory, Self::Changed];

    /// Returns why a consumer with this answer cannot simply continue; `None` if it can.
    pub(crate) fn of(resume: &Resume) -> Option<Self> {
        match resume {
            Resume::Follow => None,
            Resume::Gap { .. } => Some(Self::Gap),
            Resume::Ahead => Some(Self::RolledBack),
            Resume::OtherEpoch => Some(Self::OtherHistory),
            Resume::Changed { .. } => Some(Self::Changed),
        }
    }

    /// Returns its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::RolledBack => "rolled_back",
            Self::OtherHistory => "other_history",
            Self::Changed => "changed",
        }
    }
}

/// What a consumer did that could not simply continue to read a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was rebuilt from the present state.
    Rebuilt,
    /// It left out what is gone.
    Skipped,
    /// It stopped until a person decides.
    Stopped,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 3] = [Self::Rebuilt, Self::Skipped, Self::Stopped];

    /// Returns its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rebuilt => "rebuilt",
            Self::Skipped => "skipped",
            Self::Stopped => "stopped",
        }
    }
}
