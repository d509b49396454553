//! Records as they would be written, for people who write templates. Nothing is written, and no broker is asked.

use super::message::Maker;
use super::settings::{KafkaSettings, RecordValue};
use crate::messenger::preview::{Preview, Previewer};
use crate::{Outgoing, ReactionError, Start};
use std::cell::RefCell;

/// A result by its query, epoch and sequence.
type Of = (String, u64, u64);

/// Shows the records of results.
pub(super) struct Shown {
    settings: KafkaSettings,
    maker: Option<Maker>,
    /// The records of the last result that was asked for.
    made: RefCell<Option<(Of, Vec<Preview>)>>,
}

impl Shown {
    pub fn new(settings: KafkaSettings) -> Self {
        Self { settings, maker: None, made: RefCell::default() }
    }

    /// Calls `with` with the records of a result, those that cannot be made first.
    fn with<T>(
        &self,
        outgoing: &Outgoing<'_>,
        with: impl FnOnce(&[Preview]) -> T,
    ) -> Result<T, ReactionError> {
        let maker = self.maker.as_ref().ok_or(ReactionError::NotStarted)?;
        let of = (outgoing.query_id.to_owned(), outgoing.epoch, outgoing.result.sequence);
        let mut kept = self.made.borrow_mut();
        let made = match kept.take() {
            Some((known, made)) if known == of => made,
            _ => records(maker, outgoing),
        };
        let (_, made) = kept.insert((of, made));
        Ok(with(made))
    }
}

impl Previewer for Shown {
    fn prepare(&mut self, start: &Start<'_>) -> Result<(), ReactionError> {
        if self.settings.value == RecordValue::Row && self.settings.template.is_some() {
            let cause = "with `value: row` a record is the row, and has no template".into();
            return Err(ReactionError::Template { key: "any record".into(), cause });
        }
        self.maker = Some(Maker::new(&self.settings, start)?);
        Ok(())
    }

    fn count(&self, outgoing: &Outgoing<'_>) -> Result<usize, ReactionError> {
        self.with(outgoing, <[Preview]>::len)
    }

    // A result is written as a whole.
    fn next(&self, _: &Outgoing<'_>) -> Result<usize, ReactionError> {
        Ok(0)
    }

    fn preview(&self, outgoing: &Outgoing<'_>, index: usize) -> Result<Preview, ReactionError> {
        let missing =
            || Preview { index: None, key: String::new(), made: Err("there is no such record".into()) };
        self.with(outgoing, |made| made.get(index).cloned().unwrap_or_else(missing))
    }
}

/// Returns the records of a result. The address of each is its key; a tombstone has no body.
fn records(maker: &Maker, outgoing: &Outgoing<'_>) -> Vec<Preview> {
    let failed = |index, error: ReactionError| {
        let cause = match error {
            ReactionError::Template { cause, .. } | ReactionError::Refused { cause, .. } => cause,
            error => error.to_string(),
        };
        Preview { index, key: maker.id(outgoing, index.unwrap_or(0)), made: Err(cause) }
    };
    match maker.make(outgoing, 0) {
        Err(error) => vec![failed(None, error)],
        Ok(making) => {
            let unfit = making.unfit.into_iter().map(|(index, error)| failed(Some(index), error));
            let made = making.made.into_iter().map(|made| {
                let key = made.record.key.unwrap_or_default();
                let address = Some(String::from_utf8_lossy(&key).into_owned());
                let body = made.record.value.unwrap_or_default();
                Preview { index: made.index, key: made.id, made: Ok((address, body)) }
            });
            unfit.chain(made).collect()
        }
    }
}
