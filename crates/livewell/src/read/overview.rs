//! All components at a glance, and what reads what: the cost follows what is shown, not the number of components.

use super::condition;
use super::status::{self, Status};
use crate::Error;
use crate::component::Component;
use crate::component::roster::Roster;
use crate::component::shared::Shared;
use crate::component::state::State;
use crate::component::tally::Counts;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

/// All components at a glance.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// How many components there are.
    pub total: usize,
    /// Whether all of them are shown. Else only those that are in error or wait for something are, those in error first.
    pub is_whole: bool,
    /// How many of each kind are in each state, all of them counted.
    pub counts: Counts,
    /// The components that are shown, by id.
    pub shown: Vec<Status>,
    /// What is read and what reads it, by their ids, among those that are shown, in order.
    pub edges: Vec<(String, String)>,
}

/// What a component reads, and what reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Neighbours {
    /// The ids of what it reads.
    pub reads: Vec<String>,
    /// The ids of what reads it, in the order in which they were first added, as many as were asked for.
    pub read_by: Vec<String>,
    /// How many read it.
    pub readers: usize,
}

/// Reads an overview that shows at most `most` components.
pub(crate) fn overview(shared: &Shared, most: usize) -> Result<Overview, Error> {
    let roster = shared.roster();
    let total = roster.len();
    let is_whole = total <= most;
    let (components, counted) = if is_whole {
        (roster.all().cloned().collect(), None)
    } else {
        let (components, counts) = troubled(&roster, most);
        (components, Some(counts))
    };
    let edges = edges(&roster, &components);
    drop(roster);
    let shown = status::of(shared, &components)?;
    let counts = counted.unwrap_or_else(|| {
        let mut counts = Counts::new();
        shown.iter().for_each(|one| *counts.entry((one.kind, one.state)).or_default() += 1);
        counts
    });
    Ok(Overview { total, is_whole, counts, shown, edges })
}

/// Returns the components that are in error or wait for something, at most `most`, by id, and counts all. While none is,
/// it does not look at the components.
fn troubled(roster: &Roster, most: usize) -> (Vec<Arc<Component>>, Counts) {
    let tallied = roster.counts();
    let is_calm = |((_, state), count): (&(_, State), &u64)| {
        *count == 0 || !matches!(state, State::Error | State::Waiting)
    };
    if tallied.iter().all(is_calm) {
        return (Vec::new(), tallied);
    }
    let (mut counts, mut found) = (Counts::new(), Vec::new());
    for component in roster.all() {
        let seen = condition::seen(roster, component);
        *counts.entry((component.kind, seen.state)).or_default() += 1;
        if seen.trouble.is_some() {
            found.push((seen.state != State::Error, component));
        }
    }
    // Stable, so that ids stay in order.
    found.sort_by_key(|(is_waiting, _)| *is_waiting);
    found.truncate(most);
    let mut found: Vec<_> = found.into_iter().map(|(_, component)| component.clone()).collect();
    found.sort_by(|one, other| one.id.cmp(&other.id));
    (found, counts)
}

fn edges(roster: &Roster, components: &[Arc<Component>]) -> Vec<(String, String)> {
    let shown: HashMap<u32, &str> =
        components.iter().map(|component| (component.number, component.id.as_str())).collect();
    let mut edges = Vec::new();
    for component in components {
        let read = component.follows.iter().filter(|feed| roster.numbered(**feed).is_some());
        let read = read.filter_map(|feed| shown.get(feed));
        edges.extend(read.map(|from| ((*from).to_owned(), component.id.clone())));
    }
    edges.sort_unstable();
    edges
}

/// Returns what the component `id` reads, and at most `most` of those that read it; `None` if it was not added.
pub(crate) fn neighbours(shared: &Shared, id: &str, most: usize) -> Option<Neighbours> {
    let roster = shared.roster();
    let component = roster.get(id)?;
    let reads = component.follows.iter().filter_map(|feed| roster.numbered(*feed));
    let readers = roster.followers(component.number);
    Some(Neighbours {
        reads: reads.map(|one| one.id.clone()).collect(),
        readers: readers.len(),
        read_by: readers.take(most).map(|one| one.id.clone()).collect(),
    })
}

/// Returns the ids of what reads the component `id`, directly and through others, nearest first and at most `most`; and
/// how many there are.
pub(crate) fn dependents(shared: &Shared, id: &str, most: usize) -> (Vec<String>, usize) {
    let roster = shared.roster();
    let Some(first) = roster.get(id) else { return (Vec::new(), 0) };
    let mut due = VecDeque::from([first.number]);
    let mut passed = HashSet::from([first.number]);
    let mut found = Vec::new();
    while let Some(number) = due.pop_front() {
        for reader in roster.followers(number).filter(|reader| passed.insert(reader.number)) {
            due.push_back(reader.number);
            if found.len() < most {
                found.push(reader.id.clone());
            }
        }
    }
    (found, passed.len() - 1)
}
