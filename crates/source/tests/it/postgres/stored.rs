//! What is stored of a copy in progress: records with a version, and those of stores that have none.

use super::{Follower, settings};
use livewell_services::Postgres;
use livewell_source::source::{Commit, Stored};
use livewell_source::testkit::Memory;

const ROWS: &str = "create table t (id int primary key, n int); \
     insert into t select g, 0 from generate_series(1, 3000) g";

/// Returns a source in the middle of a copy, of which the stream has brought rows, too.
fn copying(postgres: &Postgres, has_base: bool) -> Follower {
    let mut follower = Follower::new(settings(postgres.url(), &["t"]));
    if has_base {
        follower.settle().unwrap();
        follower.driver.reset(Some("t")).unwrap();
    }
    follower.until("ranges are read", |follower| follower.rows_read() > Some(250)).unwrap();
    postgres.sql("update t set n = 1 where id % 100 = 7; insert into t values (-1, 1)");
    let behind = |follower: &Follower| follower.driver.report().behind_bytes > Some(0);
    follower.until("it has read that", |follower| !behind(follower)).unwrap();
    assert!(follower.rows_read().is_some(), "the copy goes on");
    follower
}

/// Returns the head of the copy in progress.
fn head(memory: &Memory) -> serde_json::Value {
    let head = memory.note(b"c").unwrap().expect("there is a copy");
    serde_json::from_slice(&head[1..]).expect("it is JSON behind its version")
}

/// Returns the records of the copy in progress whose keys have this letter behind its number.
fn records(memory: &Memory, letter: u8) -> Vec<(Vec<u8>, Vec<u8>)> {
    let number = head(memory)["number"].as_u64().and_then(|number| u32::try_from(number).ok());
    let prefix = [b"k".as_slice(), &number.expect("it has a number").to_be_bytes(), &[letter]].concat();
    memory.notes(&prefix, None, usize::MAX).unwrap()
}

/// Makes the records of a copy those of an earlier version.
fn as_before(memory: &mut Memory) {
    let mut commit = memory.begin();
    let mut json = head(memory);
    json.as_object_mut().unwrap().remove("form").expect("it has a form");
    commit.put_note(b"c", Some([b"\x01", json.to_string().as_bytes()].concat()));
    for (key, stamp) in records(memory, b's') {
        let text: String = serde_json::from_slice(&stamp[1..]).unwrap();
        commit.put_note(&key, Some(text.into_bytes()));
    }
    for (key, row) in records(memory, b'r') {
        commit.put_note(&key, Some(row[1..].to_vec()));
    }
    memory.keep(commit);
}

#[test]
fn every_record_of_a_copy_begins_with_its_version() {
    for postgres in Postgres::each_version() {
        postgres.sql(ROWS);
        let follower = copying(&postgres, true);
        for letter in [b'u', b's', b'r'] {
            let records = records(&follower.driver.memory, letter);
            assert!(!records.is_empty(), "{}", char::from(letter));
            assert!(records.iter().all(|(_, value)| value.first() == Some(&1)), "{records:?}");
        }
    }
}

#[test]
fn a_copy_that_an_earlier_version_began_begins_again_with_all_that_was_asked_for() {
    for (version, has_base) in
        Postgres::versions().into_iter().flat_map(|version| [true, false].map(|has_base| (version, has_base)))
    {
        let postgres = Postgres::start_version(version);
        postgres.sql(ROWS);
        let mut follower = copying(&postgres, has_base);
        follower.driver.kill();
        as_before(&mut follower.driver.memory);
        postgres.sql("update t set n = 2 where id % 100 = 8; delete from t where id % 100 = 9");
        follower.until("it begins again", |follower| follower.rows_read() == Some(0)).unwrap();
        follower.driver.kill();
        follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
        assert_eq!((follower.rows_read(), follower.driver.memory.staged()), (None, None), "it has ended");
    }
}
