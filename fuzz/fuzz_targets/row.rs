//! Damaged stored rows: bytes decode to a row or to an error, and a row has only one encoding.
#![no_main]

use libfuzzer_sys::fuzz_target;
use livewell_model::Row;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(row) = Row::decode(bytes) {
        assert_eq!(Row::decode(&row.encode()).expect("what we encode can be decoded"), row);
    }
});
