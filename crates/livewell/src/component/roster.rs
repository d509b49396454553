//! The components that were added: by id, by number, and by the feeds that they follow. Nothing that concerns a few of
//! them looks at all.

use super::Component;
use super::state::State;
use super::tally::{Counts, Tally};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// All components that were added and not removed.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    by_id: BTreeMap<String, Arc<Component>>,
    by_number: HashMap<u32, Arc<Component>>,
    /// By the feed's number, then by the follower's.
    followers: HashMap<u32, BTreeMap<u32, Arc<Component>>>,
    tally: Arc<Tally>,
}

impl Roster {
    /// Adds a component, instead of one that had the same id.
    pub(crate) fn insert(&mut self, component: Arc<Component>) {
        self.remove(&component.id);
        for feed in component.follows.iter().chain(&component.former) {
            self.followers.entry(*feed).or_default().insert(component.number, component.clone());
        }
        component.count_in(Some(&self.tally));
        self.by_number.insert(component.number, component.clone());
        self.by_id.insert(component.id.clone(), component);
    }

    pub(crate) fn remove(&mut self, id: &str) {
        let Some(component) = self.by_id.remove(id) else { return };
        component.count_in(None);
        self.by_number.remove(&component.number);
        for feed in component.follows.iter().chain(&component.former) {
            self.leave(*feed, component.number);
        }
    }

    /// Removes a query from the followers of what its former definition alone has read.
    pub(crate) fn end_former(&mut self, query: &Component) {
        for feed in query.former.iter().filter(|feed| !query.follows.contains(feed)) {
            self.leave(*feed, query.number);
        }
    }

    fn leave(&mut self, feed: u32, follower: u32) {
        if let Some(followers) = self.followers.get_mut(&feed) {
            followers.remove(&follower);
            if followers.is_empty() {
                self.followers.remove(&feed);
            }
        }
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Component>> {
        self.by_id.get(id)
    }

    pub(crate) fn numbered(&self, number: u32) -> Option<&Arc<Component>> {
        self.by_number.get(&number)
    }

    /// Returns how many components there are.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Returns all components, by id.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Component>> {
        self.by_id.values()
    }

    /// Returns the components after `id`, by id.
    pub(crate) fn after(&self, id: Option<&str>) -> impl Iterator<Item = &Arc<Component>> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.by_id
            .range::<str, _>((id.map_or(Unbounded, Excluded), Unbounded))
            .map(|(_, component)| component)
    }

    /// Returns how many components are in each state.
    pub(crate) fn counts(&self) -> Counts {
        self.tally.counts()
    }

    /// Returns how many components are in a state.
    pub(crate) fn count(&self, state: State) -> u64 {
        self.tally.count(state)
    }

    /// Returns how many components wait for a disk.
    pub(crate) fn stalled(&self) -> u64 {
        self.tally.stalled()
    }

    /// Returns the components that follow a feed, in the order in which they were registered.
    pub(crate) fn followers(&self, feed: u32) -> impl ExactSizeIterator<Item = &Arc<Component>> {
        self.followers.get(&feed).map(BTreeMap::values).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::state::ComponentKind;

    fn component(id: &str, number: u32, follows: &[u32]) -> Arc<Component> {
        Arc::new(Component::new(id, number, ComponentKind::Query, follows.to_vec()))
    }

    fn ids<'a>(found: impl Iterator<Item = &'a Arc<Component>>) -> Vec<&'a str> {
        found.map(|component| component.id.as_str()).collect()
    }

    fn counted(roster: &Roster) -> Vec<(State, u64)> {
        let counts = roster.counts().into_iter().filter(|(_, count)| *count > 0);
        counts.map(|((_, state), count)| (state, count)).collect()
    }

    #[test]
    fn a_component_is_found_by_what_it_follows_until_it_is_removed_or_replaced() {
        let mut roster = Roster::default();
        roster.insert(component("b", 17, &[1, 2]));
        roster.insert(component("a", 18, &[1]));
        assert_eq!((ids(roster.all()), ids(roster.followers(1))), (vec!["a", "b"], vec!["b", "a"]));
        assert_eq!((ids(roster.after(Some("a"))), ids(roster.after(None))), (vec!["b"], vec!["a", "b"]));
        roster.insert(component("b", 17, &[2]));
        assert_eq!((ids(roster.followers(1)), ids(roster.followers(2))), (vec!["a"], vec!["b"]));
        roster.get("a").unwrap().set(State::Running);
        assert_eq!(counted(&roster), [(State::Starting, 1), (State::Running, 1)]);
        let removed = roster.get("b").unwrap().clone();
        roster.remove("b");
        removed.set(State::Stopped);
        assert_eq!(counted(&roster), [(State::Running, 1)]);
        assert!(roster.numbered(17).is_none() && roster.get("b").is_none());
        assert_eq!(roster.followers(2).len(), 0);
        assert!(!roster.followers.contains_key(&2), "nothing is kept of a feed that nobody follows");
    }
}
