//! Writes what components do into the journal, and tells another observer of it as well.

use super::Journal;
use super::event::{Event, Of, What};
use livewell::{Cause, Error, Observed, Observer, Outcome, State, Work};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// How many components are remembered, those that were removed among them.
const SHOWN_MAX: usize = 100_000;

/// An observer that keeps a journal.
#[derive(Debug)]
pub struct Watching<O> {
    journal: Journal,
    /// What components have shown.
    shown: Mutex<HashMap<String, Shown>>,
    also: O,
}

/// What a component has shown.
#[derive(Debug, Default)]
struct Shown {
    state: Option<State>,
    /// Whether it has worked since it was added; a component that begins paused is not an event.
    has_worked: bool,
    /// The state that the journal has it in, if that is not one of work, with the code of the reason.
    told: Option<(State, Option<&'static str>)>,
}

impl<O> Watching<O> {
    /// Creates an observer for this journal and another one.
    pub fn new(journal: Journal, also: O) -> Self {
        Self { journal, shown: Mutex::default(), also }
    }

    fn change<T>(&self, id: &str, change: impl FnOnce(&mut Shown) -> T) -> T {
        let mut all = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        // Components that were removed leave an entry, as small as their id.
        if all.len() >= SHOWN_MAX && !all.contains_key(id) {
            all.clear();
        }
        change(all.entry(id.to_owned()).or_default())
    }

    fn tell(&self, component: Observed<'_>, from: State, to: State) -> Event {
        Event {
            component: Some(Of::new(component.kind, component.id)),
            from: Some(from.name().to_owned()),
            to: Some(to.name().to_owned()),
            ..Event::new(What::State)
        }
    }
}

impl<O: Observer> Observer for Watching<O> {
    fn shows(&self, component: Observed<'_>, state: State) {
        let from = self.change(component.id, |shown| {
            shown.state = Some(state);
            match state {
                State::Running | State::CaughtUp => {
                    shown.has_worked = true;
                    shown.told.take().map(|(from, _)| from)
                }
                State::Paused | State::Stopped if shown.has_worked || shown.told.is_some() => {
                    let before = shown.told.replace((state, None)).map_or(State::Running, |(from, _)| from);
                    (before != state).then_some(before)
                }
                // The reason comes at once.
                _ => None,
            }
        });
        if let Some(from) = from {
            self.journal.record(self.tell(component, from, state));
        }
        self.also.shows(component, state);
    }

    fn failed(&self, component: Observed<'_>, error: &Error) {
        let change = self.change(component.id, |shown| {
            let state = shown.state.filter(|state| matches!(state, State::Waiting | State::Error))?;
            let before = shown.told.replace((state, Some(error.code)));
            // The same attempt, once more.
            (before != shown.told).then_some((before.map_or(State::Running, |(from, _)| from), state))
        });
        if let Some((from, to)) = change {
            let event = self.tell(component, from, to).with(&error.message);
            self.journal.record(Event { code: Some(error.code.to_owned()), ..event });
        }
        self.also.failed(component, error);
    }

    fn recovered(&self, component: Observed<'_>, cause: Cause, outcome: Outcome) {
        let did = match outcome {
            Outcome::Rebuilt => "it starts over from the present state",
            Outcome::Skipped => "it leaves out what is gone",
            Outcome::Stopped => "it stops until a person decides",
        };
        let why = match cause {
            Cause::Gap => "the log no longer reaches back to where it was",
            Cause::RolledBack => "it has seen more than what it follows has",
            Cause::OtherHistory => "what it follows has another history",
            Cause::Changed => "the definition of what it follows was changed",
        };
        let component_of = Some(Of::new(component.kind, component.id));
        self.journal.record(
            Event { component: component_of, ..Event::new(What::Gap) }.with(&format!("{why}: {did}")),
        );
        self.also.recovered(component, cause, outcome);
    }

    fn takes_in(&self, source: Observed<'_>, began: Instant, position: u64) {
        self.also.takes_in(source, began, position);
    }

    fn committed(&self, component: Observed<'_>, entries: u64) {
        self.also.committed(component, entries);
    }

    fn worked(&self, component: Observed<'_>, work: &Work) {
        self.also.worked(component, work);
    }
}
