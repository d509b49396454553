//! What a reaction knows between a start and the next: the checkpoint, and a session until an error.

use super::checkpoint::Checkpoint;
use super::detail::{Copied, Detail};
use super::failure::{away, sorted};
use super::message::Maker;
use super::session::{Held, Session};
use super::settings::KafkaSettings;
use crate::{Now, ReactionError};
use xxhash_rust::xxh3::xxh3_64;

/// The nanoseconds of a millisecond.
const MILLISECOND: i64 = 1_000_000;

/// The state between a start and the next.
pub(super) struct Running {
    /// The store and the reaction, as names in the cluster contain them.
    pub owner: String,
    pub maker: Maker,
    pub now: Now,
    pub detail: Detail,
    pub session: Option<Session>,
    /// The checkpoint that the cluster holds; empty if there is none.
    pub held: Checkpoint,
    /// The key of the dead letter that was sent last. Once anything else is asked for, the store has taken it out.
    pub sent: Option<String>,
}

impl Running {
    /// Returns the time in milliseconds.
    pub fn time(&self) -> i64 {
        (self.now)().0 / MILLISECOND
    }

    /// Opens the session and takes the checkpoint that the cluster holds; returns false if that is gone.
    pub fn open(&mut self, settings: &KafkaSettings) -> Result<bool, ReactionError> {
        let (session, held) = Session::open(settings, &self.owner, self.detail.checkpoint, self.time())?;
        match held {
            Held::NotKept => self.detail.checkpoint = None,
            Held::Gone => {
                self.detail.checkpoint = None;
                return Ok(false);
            }
            Held::At { partition, offset, checkpoint } => {
                self.detail.checkpoint.get_or_insert((partition, offset));
                self.detail.set_aside.forget(&checkpoint.reached);
                self.held = checkpoint;
            }
        }
        self.session = Some(session);
        Ok(true)
    }

    /// Calls `work` with an open session, which is closed if it fails.
    pub fn with<T>(
        &mut self,
        settings: &KafkaSettings,
        work: impl FnOnce(&mut Self, &mut Session) -> Result<T, ReactionError>,
    ) -> Result<T, ReactionError> {
        if self.session.is_none() {
            let known = self.detail.checkpoint;
            if !self.open(settings)? {
                self.detail.checkpoint = known;
                // The next start decides what that means.
                return Err(away("the checkpoint is gone".into()));
            }
            let now = self.copied(settings);
            if self.detail.copy.as_ref().is_some_and(|copy| *copy != now) {
                self.session = None;
                return Err(away("the topic has changed".into()));
            }
        }
        let mut session = self.session.take().ok_or(ReactionError::NotStarted)?;
        let done = work(self, &mut session)?;
        self.session = Some(session);
        Ok(done)
    }

    /// Returns the keys of letters that were sent again and that the store may still hold, except for the last one, if
    /// something else is asked for now.
    pub fn resent(&self) -> Vec<String> {
        let is_left = |key: &&String| self.sent.as_ref() != Some(*key);
        self.held.resent.iter().filter(is_left).cloned().collect()
    }

    /// Commits the transaction with a checkpoint in it.
    pub fn commit(&mut self, session: &mut Session, checkpoint: Checkpoint) -> Result<(), ReactionError> {
        let offset = session.write_checkpoint(&checkpoint, self.time())?;
        session.producer.commit().map_err(sorted)?;
        self.detail.checkpoint = self.detail.checkpoint.map(|(partition, _)| (partition, offset));
        self.held = checkpoint;
        self.sent = None;
        Ok(())
    }

    /// Returns what a copy in the topic consists of.
    pub fn copied(&mut self, settings: &KafkaSettings) -> Copied {
        let session = self.session.as_mut();
        let topic = session.map(|session| session.producer.cluster(session.topic).topic().clone());
        let (id, partitions) =
            topic.map_or_else(Default::default, |topic| (topic.id, topic.partitions.len()));
        let form = xxh3_64(format!("{}\0{}\0{partitions}", settings.topic, settings.key).as_bytes());
        Copied { id, form }
    }

    /// Returns whether the checkpoint is in the cluster.
    pub fn is_exact(&self) -> bool {
        self.detail.checkpoint.is_some()
    }
}
