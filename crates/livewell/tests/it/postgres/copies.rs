//! What stands in the way of a copy of the tables, and what asks for a new one.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_mapping_is_taken_up_by_a_new_copy_and_not_before() {
    let postgres = Postgres::start();
    postgres.sql(TABLE);
    let (store, recorder) = (memory(), Recorder::default());
    let livewell = start(&store, settings(&postgres.url()), &recorder).await;
    same_as_the_table(&livewell, &postgres).await;
    livewell.shutdown().await;
    let mut labelled = settings(&postgres.url());
    labelled.tables[0].label = Some("T".into());
    let livewell = start(&store, labelled, &recorder).await;
    reach(&livewell, "s", State::Error).await;
    assert!(status(&livewell, "s").error.unwrap().contains("LW0216"));
    assert_eq!(values(&livewell, "all").len(), 3);
    livewell.reset("s").unwrap();
    eventually("no row has the old label", || values(&livewell, "all").is_empty()).await;
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_way_of_a_copy_is_named_and_a_reset_goes_on_once_it_is_mended() {
    let postgres = Postgres::start();
    postgres.sql("create table t (id int primary key, x numeric); insert into t values (1, 1), (2, 'NaN')");
    let livewell = start(&memory(), settings(&postgres.url()), &Recorder::default()).await;
    reach(&livewell, "s", State::Error).await;
    let error = status(&livewell, "s").error.unwrap();
    assert!(error.contains("LW0214") && error.contains("`2`"), "{error}");
    // A query over a source that has nothing to read yet says what it waits for.
    reach(&livewell, "all", State::Waiting).await;
    until(&livewell, "all", |all| {
        all.error.as_ref().is_some_and(|error| error.contains("`all` waits for `s`"))
    })
    .await;
    postgres.sql("update t set x = 2 where id = 2");
    livewell.reset("s").unwrap();
    eventually("both rows are there", || values(&livewell, "all").len() == 2).await;
    assert_eq!(values(&livewell, "all")[1][1], Value::from(livewell_model::Decimal::from(2)));
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_somebody_else_made_is_not_taken_away_unasked() {
    let postgres = Postgres::start();
    postgres.sql(TABLE);
    postgres.sql("select pg_create_logical_replication_slot('theirs', 'pgoutput')");
    let named = PostgresSettings { slot: Some("theirs".into()), ..settings(&postgres.url()) };
    let livewell = start(&memory(), named, &Recorder::default()).await;
    reach(&livewell, "s", State::Error).await;
    assert!(status(&livewell, "s").error.unwrap().contains("is there already"));
    livewell.reset("s").unwrap();
    same_as_the_table(&livewell, &postgres).await;
    livewell.shutdown().await;
}
