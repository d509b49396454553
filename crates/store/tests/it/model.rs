//! Any history of commits, scans and reopenings leaves what an ordered map would hold.

use crate::backends::{Directory, InMemory};
use livewell_store::Durability;
use livewell_store::testkit::{Action, replay, telling_keys};
use proptest::collection::vec;
use proptest::prelude::*;
use std::ops::Bound;

fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => vec(0u8..4, 1..4),
        2 => vec(any::<u8>(), 1..40),
        1 => proptest::sample::select(telling_keys()),
        1 => (430usize..480, any::<u8>()).prop_map(|(length, last)| [vec![7; length], vec![last]].concat()),
    ]
}

fn value() -> impl Strategy<Value = Option<Vec<u8>>> {
    let length = prop_oneof![Just(0usize), 1usize..200, 1000usize..6000];
    let bytes = (length, any::<u8>()).prop_map(|(length, byte)| vec![byte; length]);
    proptest::option::weighted(0.7, bytes)
}

fn bound() -> impl Strategy<Value = Bound<Vec<u8>>> {
    prop_oneof![
        Just(Bound::Unbounded),
        key().prop_map(Bound::Included),
        key().prop_map(Bound::Excluded),
        Just(Bound::Included(Vec::new())),
        Just(Bound::Excluded(Vec::new())),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    let set = (0u32..3, proptest::bool::weighted(0.9), vec((key(), value()), 0..12));
    prop_oneof![
        6 => vec(set, 0..4).prop_map(Action::Commit),
        1 => Just(Action::Keep),
        2 => (bound(), bound()).prop_map(|(from, to)| Action::Scan(from, to)),
        1 => Just(Action::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn the_memory_store_is_an_ordered_map(actions in vec(action(), 1..30)) {
        prop_assert_eq!(replay(&InMemory, &actions), Ok(()));
    }

    #[test]
    fn the_embedded_store_is_an_ordered_map(actions in vec(action(), 1..30), sync in any::<bool>()) {
        let durability = if sync { Durability::Sync } else { Durability::Os };
        prop_assert_eq!(replay(&Directory::new(durability), &actions), Ok(()));
    }
}
