//! A store that is full while a database is copied and followed: it waits, and misses nothing.

use super::*;
use crate::moody::{Mood, Moody};

#[tokio::test(flavor = "multi_thread")]
async fn while_the_store_is_full_a_database_waits_and_its_transactions_come_once_when_there_is_room() {
    let postgres = Postgres::start();
    postgres.sql(TABLE);
    let (store, recorder) = (Moody::new(), Recorder::default());
    let shared: Arc<dyn Store> = Arc::new(store.clone());
    let livewell = start(&shared, settings(&postgres.url()), &recorder).await;
    same_as_the_table(&livewell, &postgres).await;
    for (mood, id) in [(Mood::Full, 10), (Mood::Broken, 20)] {
        store.is(mood);
        postgres.sql(&format!("insert into t values ({id}, 1); update t set x = x + 1 where id < 3;"));
        until(&livewell, "s", |one| one.state == State::Waiting && one.error.is_some()).await;
        postgres.sql(&format!("insert into t values ({}, 1)", id + 1));
        store.is(Mood::Well);
        same_as_the_table(&livewell, &postgres).await;
    }
    // Also the copy that a reset asks for.
    store.is(Mood::Full);
    livewell.reset("s").unwrap();
    until(&livewell, "s", |one| one.state == State::Waiting && one.error.is_some()).await;
    postgres.sql("delete from t where id = 3");
    store.is(Mood::Well);
    same_as_the_table(&livewell, &postgres).await;
    idle(&livewell).await;
    assert_eq!(status(&livewell, "s").state, State::CaughtUp);
    // What was delivered and could not be checkpointed comes again, so each is either the next one or was seen.
    let (seen, mut last) = (recorder.sequences(), 0);
    for sequence in &seen {
        assert!(*sequence <= last + 1, "no result is left out: {seen:?}");
        last = last.max(*sequence);
    }
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_larger_than_memory_waits_for_room_beside_the_store_and_comes_once() {
    let postgres = Postgres::start();
    postgres.sql("create table t (id int primary key, x int, filler text); insert into t values (0, 0)");
    let (store, recorder) = (Moody::new(), Recorder::default());
    let shared: Arc<dyn Store> = Arc::new(store.clone());
    let livewell = start(&shared, settings(&postgres.url()), &recorder).await;
    same_as_the_table(&livewell, &postgres).await;
    store.is(Mood::NoScratch);
    postgres.sql("insert into t select g, g, repeat(md5(g::text), 60) from generate_series(1, 20000) g");
    until(&livewell, "s", |one| one.state == State::Waiting && one.error.is_some()).await;
    assert!(store.refused() > 0);
    assert!(status(&livewell, "s").error.unwrap().contains("LW0302"));
    store.is(Mood::Well);
    same_as_the_table(&livewell, &postgres).await;
    idle(&livewell).await;
    assert_eq!(status(&livewell, "s").sequence, 1, "one transaction");
    livewell.shutdown().await;
}
