//! A closure as a reaction, for programs that embed Livewell.

use crate::slice::Slices;
use crate::{Delivered, Outgoing, Reaction, ReactionError, Role, Start, Started, Style};
use std::error::Error;

/// How many results are effected at most before their checkpoint follows, and so are repeated after a crash.
const SLICE_RESULTS_MAX: usize = 1_000;

/// Calls a closure with every query result: in order, at least once.
///
/// The checkpoint follows within a tenth of a second after the closure has returned `Ok`. After a crash the closure is
/// called again with the results after the checkpoint; [`Outgoing::epoch`] and the sequence of the result identify a
/// repetition.
///
/// An error is retried: the closure is called again with the same result after a growing pause, and nothing overtakes
/// it. Meanwhile the reaction shows `waiting` and the message. A closure that returns a [`ReactionError`] decides
/// itself: [`ReactionError::Refused`] stops the reaction.
///
/// ```
/// use livewell_model::{QueryResult, Timestamp};
/// use livewell_reaction::{Callback, Outgoing, Reaction, Start};
/// use std::sync::{Arc, mpsc};
///
/// let (sender, received) = mpsc::channel();
/// let mut reaction = Callback::new(move |outgoing: &Outgoing<'_>| {
///     sender.send((outgoing.query_id.to_owned(), outgoing.result.sequence))
/// });
///
/// // What a running Livewell does with it:
/// let (now, attempts) = (Arc::new(|| Timestamp(0)), Arc::default());
/// reaction.start(&Start { store: "5707e", reaction: "notes", detail: None, heads: &[], now, attempts })?;
/// let result = QueryResult { sequence: 42, position: 977, timestamp: Timestamp(0), diffs: Vec::new() };
/// reaction.deliver(&[Outgoing { query_id: "late", epoch: 1, columns: &[], result: &result }])?;
///
/// assert_eq!(received.recv()?, ("late".to_owned(), 42));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Callback<F> {
    call: F,
    slices: Slices,
}

impl<F, E> Callback<F>
where
    F: FnMut(&Outgoing<'_>) -> Result<(), E> + Send,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    /// Calls `call` with every result.
    pub fn new(call: F) -> Self {
        Self { call, slices: Slices::default() }
    }
}

impl<F, E> Reaction for Callback<F>
where
    F: FnMut(&Outgoing<'_>) -> Result<(), E> + Send,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    fn role(&self) -> Role {
        Role::Trigger
    }

    fn style(&self) -> Style {
        Style::Results
    }

    fn start(&mut self, _: &Start<'_>) -> Result<Started, ReactionError> {
        self.slices.restart();
        Ok(Started::default())
    }

    fn deliver(&mut self, results: &[Outgoing<'_>]) -> Result<Delivered, ReactionError> {
        let mut done = 0;
        let Self { call, slices } = self;
        slices.run(SLICE_RESULTS_MAX, || {
            let Some(outgoing) = results.get(done) else { return Ok(false) };
            call(outgoing).map_err(|error| in_words(error.into()))?;
            done += 1;
            Ok(true)
        })?;
        // The closure gets a whole result, so its sequence in the checkpoint is all that is needed.
        Ok(Delivered { results: done, ..Delivered::default() })
    }
}

fn in_words(error: Box<dyn Error + Send + Sync>) -> ReactionError {
    match error.downcast::<ReactionError>() {
        Ok(error) => *error,
        Err(error) => {
            ReactionError::Away { target: "the callback".into(), cause: error.to_string(), after: None }
        }
    }
}
