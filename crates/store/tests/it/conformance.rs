//! Every backend keeps every law of `Store`.

use crate::backends::{Directory, InMemory};
use livewell_store::{Durability, testkit};

#[test]
fn the_memory_store_keeps_the_laws() {
    let report = testkit::run(&|| Box::new(InMemory));
    assert!(report.holds(), "{report}");
}

#[test]
fn the_embedded_store_keeps_the_laws_with_sync() {
    let report = testkit::run(&|| Box::new(Directory::new(Durability::Sync)));
    assert!(report.holds(), "{report}");
}

#[test]
fn the_embedded_store_keeps_the_laws_with_os() {
    let report = testkit::run(&|| Box::new(Directory::new(Durability::Os)));
    assert!(report.holds(), "{report}");
}
