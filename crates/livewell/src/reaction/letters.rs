//! Dead letters of a running reaction: sends them again, or discards them.

use crate::Error;
use crate::component::set_aside::{Order, SetAside, What};
use crate::feed::follow;
use crate::reaction::dead_letters;
use crate::reaction::deliver::{Delivery, LETTERS_MAX, Moved, cause};
use livewell_model::{Diff, QueryResult, Row, SmolStr};
use livewell_reaction::{DeadLetter, ErrorKind, Outgoing, ReactionError, Role};
use livewell_store::{LiveSnapshot, Snapshot};
use std::sync::Arc;
use std::time::Duration;

/// How often a reaction without room for letters checks again; an order about its letters wakes it earlier.
const LOOK: Duration = Duration::from_millis(500);

impl Delivery {
    /// Returns the error that stops deliveries if there are too many letters: what a target refuses must neither be
    /// lost nor fill the store.
    pub(super) fn lacks_room(&self) -> Result<Option<Error>, Error> {
        let snapshot = self.shared.store.snapshot()?;
        let (letters, bytes) = SetAside::dead_letters(self.component.number).amount_at_least(&*snapshot)?;
        let limits = &self.shared.limits;
        if letters < limits.dead_letters_max && bytes < limits.dead_letters_bytes_max {
            return Ok(None);
        }
        let id = &self.component.id;
        let message = format!(
            "`{id}` waits: it has {letters} dead letters ({bytes} bytes), as many as it may have; `livewell \
             dead-letters {id}` lists them, and with `--replay` or `--discard` makes room"
        );
        Ok(Some(Error::new(crate::ErrorKind::Unavailable, "LW0415", message)))
    }

    /// Shows that there is no room, logs it once, and waits a little.
    pub(super) fn wait_for_room(&self, error: &Error) {
        let shown = self.component.error();
        if shown.is_some_and(|(shown, _)| shown.contains(error.code)) {
            self.component.show_held_up(error);
        } else {
            self.component.held_up(error);
        }
        self.component.bell.wait(LOOK);
    }

    /// Sends dead letters again, or discards them. A letter that is refused again stays where it is.
    pub(super) fn carry_out(&mut self, order: &Order) -> Result<bool, Error> {
        let all = SetAside::dead_letters(self.component.number);
        let mut last = 0;
        loop {
            let snapshot = self.shared.store.snapshot()?;
            let limits = (LETTERS_MAX, self.shared.limits.step_bytes_max);
            let letters = all.named(&*snapshot, order, last, limits, dead_letters::decode)?;
            let Some((end, _)) = letters.last() else { return Ok(true) };
            last = *end;
            for (number, letter) in &letters {
                if self.shared.is_stopping(&self.component) {
                    return Ok(false);
                }
                let refused = match order.what {
                    What::Discard => None,
                    What::Again { .. } => self.resend(*number, &letter.letter)?,
                };
                let snapshot = self.shared.store.snapshot()?;
                let detail = self.stored(&snapshot)?.of_kind;
                self.commit_with(&snapshot, &Moved::new(), &detail, |overlay| match refused {
                    None => all.take_out(overlay, *number),
                    Some(reason) => {
                        all.replace(overlay, *number, dead_letters::refused_again(letter, reason))
                    }
                })?;
            }
        }
    }

    /// Sends a letter again; returns why it stays, if it was not taken.
    fn resend(&mut self, number: u64, letter: &DeadLetter) -> Result<Option<String>, Error> {
        let sent = match self.reaction.role() {
            Role::Trigger => self.reaction.resend(letter).map_err(super::deliver::wrap(&self.component.id)),
            Role::StateKeeper => self.put_again(letter),
        };
        let Err(error) = sent else { return Ok(None) };
        // An error that does not concern the letter is handled as in any delivery.
        if cause(&error).map(ReactionError::kind) != Some(ErrorKind::Stop) && self.keeps_state() {
            return Err(error);
        }
        tracing::warn!(reaction = %self.component.id, code = error.code, number, "the dead letter stays: {error}");
        Ok(Some(match cause(&error) {
            Some(ReactionError::Refused { cause, .. }) => cause.clone(),
            Some(error) if error.kind() == ErrorKind::Stop => error.to_string(),
            // That the target could not be reached says nothing about the letter.
            _ => letter.reason.clone(),
        }))
    }

    fn keeps_state(&self) -> bool {
        self.reaction.role() == Role::StateKeeper
    }

    /// Puts the row of a letter into the target as it is now; does nothing if the row is gone.
    fn put_again(&mut self, letter: &DeadLetter) -> Result<(), Error> {
        let snapshot = self.caught_up()?;
        let upstream = &self.upstreams[0];
        let feed = follow::open(&snapshot, upstream)?;
        let columns: Vec<SmolStr> = feed.epoch()?.columns;
        let (epoch, head) = (feed.head.epoch, feed.head.clone());
        let Some(signature) = dead_letters::row_signature(letter) else { return Ok(()) };
        let page = LiveSnapshot(feed).page(signature.checked_sub(1), 1)?;
        let Some((_, bytes)) = page.into_iter().find(|(found, _)| *found == signature) else { return Ok(()) };
        let row = Row::decode(&bytes)?.columns;
        let (before, after) = (row.clone(), row);
        let diffs = vec![Diff::Update { row_signature: signature, before, after }];
        let (sequence, position, timestamp) = (head.sequence, head.position, head.timestamp);
        let result = QueryResult { sequence, position, timestamp, diffs };
        let outgoing = Outgoing { query_id: &upstream.id, epoch, columns: &columns, result: &result };
        let begun = self.notes.begin();
        let delivered = self.reaction.deliver(&[outgoing]);
        self.notes.put_again(&begun, letter, delivered.as_ref().map(|delivered| delivered.dead.first()));
        let delivered = delivered.map_err(super::deliver::wrap(&self.component.id))?;
        match delivered.dead.into_iter().next() {
            None => Ok(()),
            Some(DeadLetter { reason, .. }) => {
                let target = "the target".into();
                Err(super::deliver::wrap(&self.component.id)(ReactionError::Refused {
                    target,
                    cause: reason,
                }))
            }
        }
    }

    /// Delivers everything, so that the target equals the live results of the returned snapshot.
    fn caught_up(&mut self) -> Result<Arc<dyn Snapshot>, Error> {
        loop {
            let snapshot = self.shared.store.snapshot()?;
            let head = follow::open(&snapshot, &self.upstreams[0])?.head;
            let checkpoint = self.checkpoint(&snapshot, 0)?;
            let is_there = (checkpoint.epoch, checkpoint.sequence) == (head.epoch, head.sequence);
            if is_there && !self.rebuild || self.shared.is_stopping(&self.component) {
                return Ok(snapshot);
            }
            let is_done =
                if self.rebuild { self.step_snapshot(&snapshot)? } else { self.step_results(&snapshot)? };
            if !is_done {
                return Ok(snapshot);
            }
        }
    }
}
