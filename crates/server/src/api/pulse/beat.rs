//! What a look has seen, in the form in which streams send it. What has not changed since the look before is shared with
//! it, so that a stream finds what differs by comparing pointers.

use livewell::Timestamp;
use std::sync::Arc;

/// What a look has seen.
#[derive(Debug)]
pub struct Beat {
    /// When.
    pub at: Timestamp,
    /// How many components there are.
    pub total: usize,
    /// Whether all of them are shown; else those in trouble are.
    pub is_whole: bool,
    /// How many of each kind are in each state, as JSON.
    pub counts: String,
    /// The components that are shown, by id.
    pub shown: Vec<Arc<Shown>>,
    /// A hash of what reads what.
    pub edges: u64,
    /// How many needs there are.
    pub needs: usize,
}

/// A component that is shown.
#[derive(Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its id.
    pub id: String,
    /// What is shown of it, as JSON.
    pub json: String,
}

impl Beat {
    /// Returns this with what was seen before in the place of what is the same.
    pub fn after(mut self, before: Option<&Self>) -> Self {
        for shown in &mut self.shown {
            if let Some(same) = before.and_then(|before| before.find(&shown.id)).filter(|same| *same == shown)
            {
                *shown = same.clone();
            }
        }
        self
    }

    fn find(&self, id: &str) -> Option<&Arc<Shown>> {
        let at = self.shown.binary_search_by(|shown| shown.id.as_str().cmp(id)).ok()?;
        self.shown.get(at)
    }

    /// Returns what is shown and differs from what was sent, and the ids of what is no longer shown.
    pub fn since<'b>(&'b self, sent: &'b Self) -> (Vec<&'b Shown>, Vec<&'b str>) {
        let is_same = |shown: &Arc<Shown>| {
            sent.find(&shown.id).is_some_and(|before| Arc::ptr_eq(before, shown) || before == shown)
        };
        let differs = self.shown.iter().filter(|shown| !is_same(shown)).map(|shown| &**shown);
        let gone = sent.shown.iter().filter(|shown| self.find(&shown.id).is_none());
        (differs.collect(), gone.map(|shown| shown.id.as_str()).collect())
    }
}
