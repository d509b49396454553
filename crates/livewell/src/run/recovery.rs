//! Decides what a consumer does when it cannot simply continue to read a feed, for queries, reactions and subscribers.
//!
//! | the feed | what keeps state | what only acts | a subscriber |
//! |---|---|---|---|
//! | its log reaches back | follows | follows | follows |
//! | its definition has changed | reads the old epoch to its end, then is rebuilt | reads the old epoch to its end, then follows the new one | reads the old epoch to its end, then begins again |
//! | the log begins later, the feed was rolled back, or it has another history | `auto_reset`: is rebuilt; else stops | `auto_skip_gap`: leaves out what is gone; else stops | begins again |

use crate::Error;
use crate::component::measures::Outcome;
use crate::settings::Recovery;
use livewell_reaction::Role;
use livewell_store::checkpoint::Checkpoint;
use livewell_store::{Head, Resume};

/// What a consumer keeps from the feeds that it follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// The present state: it can be rebuilt from a snapshot.
    State,
    /// Nothing: it acts on changes.
    Nothing,
}

impl From<Role> for Keeps {
    fn from(role: Role) -> Self {
        match role {
            Role::StateKeeper => Self::State,
            Role::Trigger => Self::Nothing,
        }
    }
}

/// What a consumer does once it has read what it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It is rebuilt from the present state.
    Rebuild,
    /// It continues after this place and leaves out what is in between.
    SkipTo {
        /// The epoch to follow.
        epoch: u64,
        /// The last sequence that it skips.
        sequence: u64,
    },
    /// It stops until a person decides.
    Stop,
}

impl Decision {
    /// Returns what the consumer does, for metrics.
    pub(crate) fn outcome(self) -> Outcome {
        match self {
            Self::Rebuild => Outcome::Rebuilt,
            Self::SkipTo { .. } => Outcome::Skipped,
            Self::Stop => Outcome::Stopped,
        }
    }
}

/// Returns the epoch that a consumer at `sequence` reads, and its last sequence: the present epoch, or the old one to
/// its end before a change takes effect; `None` if there is nothing that it can read.
pub(crate) fn readable(resume: &Resume, checkpoint: &Checkpoint, head: &Head) -> Option<(u64, u64)> {
    match resume {
        Resume::Follow => Some((head.epoch, head.sequence)),
        Resume::Changed { old, .. } => {
            let end = old.end.as_ref().map(|end| end.sequence).filter(|end| checkpoint.sequence < *end)?;
            Some((checkpoint.epoch, end))
        }
        Resume::Gap { .. } | Resume::Ahead | Resume::OtherEpoch => None,
    }
}

/// Returns the decision of a consumer that keeps state.
pub(crate) fn of_state(resume: &Resume, policy: Recovery) -> Decision {
    let is_change = matches!(resume, Resume::Changed { .. });
    if is_change || policy == Recovery::AutoReset { Decision::Rebuild } else { Decision::Stop }
}

/// Returns the decision of a consumer that only acts.
pub(crate) fn of_trigger(
    resume: &Resume,
    policy: Recovery,
    checkpoint: &Checkpoint,
    head: &Head,
) -> Decision {
    let (epoch, sequence) = match resume {
        // The base of a new epoch is not an event; what comes after it is.
        Resume::Changed { next, .. } => return Decision::SkipTo { epoch: *next, sequence: 0 },
        Resume::Gap { low } => (checkpoint.epoch, low - 1),
        Resume::OtherEpoch => (head.epoch, head.low - 1),
        Resume::Ahead | Resume::Follow => (head.epoch, head.sequence),
    };
    if policy == Recovery::AutoSkipGap { Decision::SkipTo { epoch, sequence } } else { Decision::Stop }
}

/// Returns the code of the reason why a consumer cannot simply continue.
pub(crate) fn code(resume: &Resume) -> &'static str {
    match resume {
        Resume::Gap { .. } => "LW0530",
        Resume::Ahead => "LW0531",
        _ => "LW0532",
    }
}

/// Returns why a consumer has stopped, and what to do about it.
pub(crate) fn broken(id: &str, upstream: &str, resume: &Resume, keeps: Keeps) -> Error {
    let what = match resume {
        Resume::Gap { low } => {
            format!(
                "`{upstream}` no longer holds what comes next for `{id}`; the oldest result it holds is {low}"
            )
        }
        Resume::Ahead => format!("`{id}` has seen more of `{upstream}` than is there: it was rolled back"),
        Resume::OtherEpoch => {
            format!(
                "`{upstream}` has another history than the one `{id}` followed: it was reset, or restored from a backup"
            )
        }
        Resume::Changed { .. } | Resume::Follow => format!("`{upstream}` has changed under `{id}`"),
    };
    let way_out = match keeps {
        Keeps::Nothing => format!(
            "`livewell reset {id}` continues with the next result and leaves out all before it; with `recovery: \
             auto_skip_gap` it continues by itself with the oldest result that is there"
        ),
        Keeps::State => format!(
            "`livewell reset {id}` continues from what is true now, and `recovery: auto_reset` does so by itself"
        ),
    };
    Error::stopped(code(resume), format!("{what}; {way_out}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use livewell_store::head::{EpochEnd, EpochRecord};

    fn changed(end: u64) -> Resume {
        let end = EpochEnd { sequence: end, low: 1, reason: String::new() };
        Resume::Changed { old: EpochRecord { end: Some(end), ..EpochRecord::default() }, next: 7 }
    }

    #[test]
    fn every_answer_of_a_feed_leads_to_one_decision() {
        let head = Head { epoch: 8, sequence: 50, low: 20, ..Head::default() };
        let at = Checkpoint { epoch: 6, sequence: 10, ..Checkpoint::default() };
        let skip = |epoch, sequence| Decision::SkipTo { epoch, sequence };
        for (resume, readable_to, strict, skipped) in [
            (Resume::Follow, Some((8, 50)), Decision::Stop, skip(8, 50)),
            (changed(12), Some((6, 12)), skip(7, 0), skip(7, 0)),
            (changed(10), None, skip(7, 0), skip(7, 0)),
            (Resume::Gap { low: 15 }, None, Decision::Stop, skip(6, 14)),
            (Resume::Ahead, None, Decision::Stop, skip(8, 50)),
            (Resume::OtherEpoch, None, Decision::Stop, skip(8, 19)),
        ] {
            assert_eq!(readable(&resume, &at, &head), readable_to, "{resume:?}");
            assert_eq!(of_trigger(&resume, Recovery::Strict, &at, &head), strict, "{resume:?}");
            assert_eq!(of_trigger(&resume, Recovery::AutoSkipGap, &at, &head), skipped, "{resume:?}");
            let is_change = matches!(resume, Resume::Changed { .. });
            let kept = if is_change { Decision::Rebuild } else { Decision::Stop };
            assert_eq!(of_state(&resume, Recovery::Strict), kept, "{resume:?}");
            assert_eq!(of_state(&resume, Recovery::AutoReset), Decision::Rebuild, "{resume:?}");
        }
    }
}
