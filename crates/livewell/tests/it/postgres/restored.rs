//! A store that was restored from a backup, over a database whose slot has moved on since: noticed, never a silent gap.

use super::*;
use livewell_model::Timestamp;
use livewell_store::backup;

const NOW: Timestamp = Timestamp(1_764_399_127_000_000_000);

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_store_notices_that_its_slot_is_ahead_and_does_as_the_policy_says() {
    let postgres = Postgres::start();
    postgres.sql(TABLE);
    let (place, again) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = disk(&place);
    let livewell = start(&store, settings(&postgres.url()), &Recorder::default()).await;
    postgres.sql("insert into t values (4, 40)");
    same_as_the_table(&livewell, &postgres).await;
    idle(&livewell).await;
    let held = shown(&livewell);
    let directory = place.path().join("backup");
    backup::write(&*store, &directory, NOW).unwrap();
    let at = postgres.sql("select pg_current_wal_lsn()");
    postgres.sql("insert into t values (5, 50); update t set x = 11 where id = 1");
    same_as_the_table(&livewell, &postgres).await;
    let ahead = format!("select confirmed_flush_lsn > '{at}' from pg_replication_slots");
    eventually("the slot moves on", || postgres.sql(&ahead) == "t").await;
    livewell.shutdown().await;
    drop((livewell, store));

    backup::restore(&directory, &again.path().join("data"), NOW, &|_| Ok(())).unwrap();
    let recorder = Recorder::default();
    let livewell = start(&disk(&again), settings(&postgres.url()), &recorder).await;
    reach(&livewell, "s", State::Error).await;
    let error = status(&livewell, "s").error.unwrap();
    assert!(error.contains("[LW0212]"), "{error}");
    assert_eq!(shown(&livewell), held, "what the backup held is served meanwhile");
    reach(&livewell, "r", State::Error).await;
    assert!(status(&livewell, "r").error.unwrap().contains("[LW0532]"));
    livewell.shutdown().await;
    drop(livewell);

    let livewell = start(&disk(&again), resetting(&postgres.url()), &recorder).await;
    same_as_the_table(&livewell, &postgres).await;
    assert_eq!(recorder.sequences(), [0u64; 0], "a strict reaction still waits for a person");
    livewell.reset("r").unwrap();
    reach(&livewell, "r", State::CaughtUp).await;
    postgres.sql("insert into t values (6, 60)");
    same_as_the_table(&livewell, &postgres).await;
    idle(&livewell).await;
    assert_eq!(recorder.sequences().len(), 1);
    livewell.shutdown().await;
}
