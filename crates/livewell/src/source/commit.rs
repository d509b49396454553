//! One commit of a source, as the source sees it: an intake, with notes and an unfinished copy beside the log.

use crate::Error;
use crate::error::ErrorKind;
use crate::feed::checked::Checked;
use crate::source::intake::Intake;
use crate::source::key::{OWN, note_key};
use crate::source::parked::{self, Origin, Piece};
use crate::source::stage::{StageRecord, begin_here, discard};
use crate::source::stored::{Failure, View};
use livewell_model::{Change, Element, Timestamp, Transaction};
use livewell_source::SourceError;
use livewell_source::source::{Commit, Definition, Input, Note, Side, Stored};

/// An unfinished commit.
pub(super) struct Writing<'a> {
    intake: Intake<'a>,
    number: u32,
    /// The unfinished copy, with what this commit has counted.
    stage: Option<StageRecord>,
    /// The range of positions that are exact, if it is known.
    checked: Option<Checked>,
    /// Whether this commit has changed the range.
    is_news: bool,
    /// How many changes were read for it.
    changes: usize,
    failure: Failure,
}

impl<'a> Writing<'a> {
    pub(super) fn new(intake: Intake<'a>) -> Result<Self, Error> {
        let number = intake.source().number;
        let stage = StageRecord::read(intake.read_overlay(), number)?;
        let bytes = intake.read_overlay().get(&Checked::key(number))?;
        let checked = bytes.map(|bytes| Checked::decode(&bytes)).transpose()?;
        Ok(Self { intake, number, stage, checked, is_news: false, changes: 0, failure: Failure::default() })
    }

    /// Commits, unless the source failed to write what it had. Returns how many changes were read.
    pub(super) fn end(self, taken: Result<(), SourceError>) -> Result<usize, Error> {
        let Self { mut intake, number, stage, checked, is_news, changes, failure } = self;
        failure.settle(taken, &intake.source().id)?;
        if let Some(stage) = stage {
            stage.save(intake.overlay(), number);
        }
        if let Some(checked) = checked.filter(|_| is_news) {
            intake.overlay().put(Checked::key(number), checked.encode());
        }
        intake.commit()?;
        Ok(changes)
    }

    fn view(&self) -> View<'_> {
        let (overlay, head) = (self.intake.read_overlay(), self.intake.head());
        View { overlay, number: self.number, head }
    }

    fn check_id(&self, id: &str) -> Result<(), Error> {
        let max = self.intake.shared().limits.id_bytes_max;
        if id.is_empty() || id.len() > max {
            let message = format!("an element's id has 1 to {max} bytes, and this one {}", id.len());
            return Err(Error::invalid("LW0523", message));
        }
        Ok(())
    }
}

impl Stored for Writing<'_> {
    fn store_name(&self) -> &str {
        self.intake.shared().store_name()
    }

    fn definition(&self) -> Result<Option<Definition>, SourceError> {
        self.failure.keep(self.view().definition())
    }

    fn has_base(&self) -> bool {
        self.view().has_base()
    }

    fn note(&self, key: &[u8]) -> Result<Option<Vec<u8>>, SourceError> {
        self.failure.keep(self.view().note(key))
    }

    fn notes(&self, prefix: &[u8], after: Option<&[u8]>, most: usize) -> Result<Vec<Note>, SourceError> {
        self.failure.keep(self.view().notes(prefix, after, most))
    }

    fn element(&self, side: Side, id: &str) -> Result<Option<Element>, SourceError> {
        self.failure.keep(self.view().element(side, id))
    }

    fn elements(
        &self,
        side: Side,
        prefix: &str,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<Element>, SourceError> {
        self.failure.keep(self.view().elements(side, prefix, after, most))
    }
}

impl Commit for Writing<'_> {
    fn put_note(&mut self, key: &[u8], value: Option<Vec<u8>>) {
        assert!(key.first() != Some(&OWN), "a note whose key begins with a zero byte: {key:?}");
        let key = note_key(self.number, key);
        match value {
            Some(value) => self.intake.overlay().put(key, value),
            None => self.intake.overlay().delete(key),
        }
    }

    fn discard_notes(&mut self, prefix: &[u8]) {
        assert!(
            prefix.first().is_some_and(|first| *first != OWN),
            "all notes, or none of its own: {prefix:?}"
        );
        let prefix = note_key(self.number, prefix);
        discard(self.intake.overlay(), &prefix);
    }

    fn add(&mut self, transaction: Transaction) -> Result<u64, SourceError> {
        self.changes += transaction.changes.len();
        // The source keeps to its own limit.
        let added = self.intake.add_of_any_size(transaction).map(|receipt| receipt.position);
        self.failure.keep(added)
    }

    fn add_read(&mut self, transaction: Transaction, input: &Input<'_>) -> Result<(), SourceError> {
        self.changes += transaction.changes.len();
        let refusal = match self.intake.add(transaction) {
            Ok(_) => return Ok(()),
            Err(refusal) if refusal.kind == ErrorKind::Invalid => refusal,
            Err(error) => return self.failure.keep(Err(error)),
        };
        match input.text {
            Some(_) => self.park(input, &format!("{}: {refusal}", input.place)),
            None => {
                let message = format!("{}: {}", input.place, refusal.message);
                self.failure.keep(Err(Error { message, ..refusal }))
            }
        }
    }

    fn begin(&mut self, timestamp: Option<Timestamp>) -> Result<(), SourceError> {
        if !self.intake.source().unwind.is_empty() {
            let message = "lists are unwound only in transactions that come whole";
            return self.failure.keep(Err(Error::invalid("LW0537", message)));
        }
        let begun = self.intake.begin_large(timestamp);
        self.failure.keep(begun)
    }

    fn change(&mut self, change: Change) -> Result<(), SourceError> {
        let changed = self.intake.change_large(change);
        self.failure.keep(changed)
    }

    fn end(&mut self) -> Result<u64, SourceError> {
        let ended = self.intake.end_large().map(|receipt| receipt.position);
        self.failure.keep(ended)
    }

    fn position(&self) -> u64 {
        self.intake.head().position
    }

    fn park(&mut self, input: &Input<'_>, reason: &str) -> Result<(), SourceError> {
        let Input { place, part, text, is_whole } = *input;
        let origin = Origin { place: place.to_string(), part, is_whole };
        let piece = Piece { origin, text: text.unwrap_or_default().to_owned(), reason: reason.to_owned() };
        let parked = parked::park(&mut self.intake, piece);
        self.failure.keep(parked)
    }

    fn set_checked(&mut self, position: u64) {
        self.checked.get_or_insert_default().through = Some(position);
        self.is_news = true;
    }

    fn set_exact_from(&mut self, position: u64) {
        self.checked.get_or_insert_default().from = position;
        self.is_news = true;
    }

    fn begin_stage(&mut self) -> Result<u32, SourceError> {
        let (head, overlay) = self.intake.parts();
        let begun = StageRecord::begin(overlay, head, self.number);
        let read = begun.and_then(|number| Ok((number, StageRecord::read(overlay, self.number)?)));
        let (number, stage) = self.failure.keep(read)?;
        self.stage = stage;
        Ok(number)
    }

    fn stage(&mut self, id: &str, element: Option<&Element>, changed: Timestamp) -> Result<(), SourceError> {
        self.failure.keep(self.check_id(id))?;
        let Some(stage) = &mut self.stage else { return Ok(()) };
        let staged = stage.stage(self.intake.overlay(), self.number, id.as_bytes(), element, changed);
        let relieved = staged.and_then(|()| self.intake.relieve());
        self.failure.keep(relieved)
    }

    fn end_stage(&mut self, as_base: bool, changed: Timestamp) -> Result<(), SourceError> {
        let Some(stage) = self.stage.take() else { return Ok(()) };
        let (head, overlay) = self.intake.parts();
        if !as_base {
            stage.discard(overlay, self.number);
            return Ok(());
        }
        stage.become_base(overlay, head, self.number, changed);
        self.failure.keep(begin_here(overlay, head, self.number))
    }
}
