//! Hostile input of sources: a line is a transaction or an error with its column, and a transaction that was read,
//! printed and read again is the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use livewell_source::Limits;
use livewell_source::json::{parse_transaction, transaction_to_json};

fuzz_target!(|line: &[u8]| {
    let limits = Limits::default();
    let Ok(transaction) = parse_transaction(line, "fuzz", &limits) else { return };
    let printed = transaction_to_json(&transaction);
    let again = parse_transaction(printed.as_bytes(), "fuzz", &limits).expect("what we print can be read");
    assert_eq!(transaction, again);
});
