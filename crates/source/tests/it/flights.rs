//! The prepared flights example is read by this crate without a parked line.

use crate::support::drain;
use livewell_source::settings::{FileSettings, OnError};
use std::path::Path;

#[test]
fn the_flights_example_is_read_whole_and_in_time_order() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/flights/data");
    for (name, count) in [("reference", 5_339), ("ops-rest", 860)] {
        let settings = FileSettings {
            on_error: OnError::Park,
            ..FileSettings::new(name, data.join(format!("{name}.jsonl.zst")))
        };
        let (transactions, parked) = drain(&settings, None, 1_000).unwrap();
        assert_eq!((transactions.len(), parked.len()), (count, 0), "{name}");
        assert!(transactions.iter().all(|transaction| transaction.timestamp.is_some()));
        assert!(transactions.is_sorted_by_key(|transaction| transaction.timestamp));
    }
}
