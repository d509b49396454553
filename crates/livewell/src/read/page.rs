//! The status of some of the components.

use super::condition;
use super::status::{self, Status};
use crate::Error;
use crate::component::Component;
use crate::component::roster::Roster;
use crate::component::shared::Shared;
use crate::component::state::{ComponentKind, State};
use crate::feed::reading::Reading;
use std::sync::Arc;

/// Which components are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Only those of this kind.
    pub kind: Option<ComponentKind>,
    /// Only those in this state.
    pub state: Option<State>,
    /// Only those whose ids come after this one.
    pub after: Option<String>,
    /// At most this many.
    pub limit: usize,
}

/// Reads the status of the components on a page, by id.
pub(crate) fn read(shared: &Shared, page: &Page) -> Result<Vec<Status>, Error> {
    let roster = shared.roster();
    let state = page.state.map(|state| Wanted::new(&roster, state));
    if state.as_ref().is_some_and(|state| state.is_nowhere) {
        return Ok(Vec::new());
    }
    let is_wanted = |component: &&Arc<Component>| {
        page.kind.is_none_or(|kind| component.kind == kind)
            && state.as_ref().is_none_or(|state| state.is_shown_by(&roster, component))
    };
    let wanted = roster.after(page.after.as_deref()).filter(is_wanted).take(page.limit);
    let wanted: Vec<_> = wanted.cloned().collect();
    drop(roster);
    status::of(shared, &wanted)
}

/// The components in one state. What a component shows takes a look at all above it, so others are told by less.
struct Wanted {
    state: State,
    /// No component shows this state.
    is_nowhere: bool,
    /// A component may show this state without being in it: it waits for one above it that is in error.
    may_be_shown_only: bool,
}

impl Wanted {
    fn new(roster: &Roster, state: State) -> Self {
        let may_be_shown_only = state == State::Waiting && roster.count(State::Error) > 0;
        Self { state, is_nowhere: roster.count(state) == 0 && !may_be_shown_only, may_be_shown_only }
    }

    fn is_shown_by(&self, roster: &Roster, component: &Component) -> bool {
        (self.may_be_shown_only || component.state() == self.state)
            && condition::seen(roster, component).state == self.state
    }
}

/// Returns the ids of queries that have not caught up, at most `most`.
pub(crate) fn not_caught_up(shared: &Shared, most: usize) -> Result<Vec<String>, Error> {
    let snapshot = shared.store.snapshot()?;
    let roster = shared.roster();
    let mut reading = Reading::new(&*snapshot, &shared.marks);
    let mut found = Vec::new();
    for query in roster.all().filter(|component| component.kind == ComponentKind::Query) {
        if found.len() == most {
            break;
        }
        let is_behind = is_behind(&mut reading, &roster, query)?;
        if is_behind {
            found.push(query.id.clone());
        }
    }
    Ok(found)
}

/// Returns whether a query has caught up.
pub(crate) fn has_caught_up(shared: &Shared, query: &Component) -> Result<bool, Error> {
    let snapshot = shared.store.snapshot()?;
    let mut reading = Reading::new(&*snapshot, &shared.marks);
    Ok(!is_behind(&mut reading, &shared.roster(), query)?)
}

fn is_behind(reading: &mut Reading<'_>, roster: &Roster, query: &Component) -> Result<bool, Error> {
    Ok(match condition::seen(roster, query).state {
        State::CaughtUp | State::Paused => false,
        // A waiting query waits for its first rows, for room, or for a component in error above it.
        State::Starting | State::Waiting | State::Error | State::Stopped => true,
        State::Running => {
            let is_built = reading.head(query.number)?.is_some_and(|head| head.building.is_none());
            !is_built || status::behind(reading, query.number, &query.follows)?.sequences > 0
        }
    })
}
