//! Logs that a commit has parked input: the first pieces by name, and how many more there are.

use crate::component::Component;

/// How many pieces of one commit are named: a file with only bad lines would fill the log.
const NAMED_MAX: usize = 10;

/// The code of input that is set aside.
pub(crate) const CODE: &str = "LW0223";

/// What to log once a commit is durable.
#[derive(Debug, Default)]
pub(crate) struct Announcements {
    named: Vec<(u64, String)>,
    more: u64,
}

impl Announcements {
    /// Adds a piece that the commit sets aside.
    pub(crate) fn parked(&mut self, number: u64, reason: String) {
        if self.named.len() < NAMED_MAX {
            self.named.push((number, reason));
        } else {
            self.more += 1;
        }
    }

    /// Writes the lines to the log.
    pub(crate) fn make(self, source: &Component) {
        for (number, reason) in self.named {
            tracing::warn!(source = %source.id, code = CODE, number, "parked: {reason}");
        }
        if self.more > 0 {
            let id = &source.id;
            tracing::warn!(source = %id, code = CODE, "parked {} more; `livewell parked {id}` lists them all", self.more);
        }
    }
}
