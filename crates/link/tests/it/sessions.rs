//! The settings of our sessions: those of the URL, and those that a role cannot change.

use crate::ends::Outcome::{In, Refuses};
use crate::ends::{both, reaction};
use livewell_services::Postgres;

#[test]
fn options_and_the_name_of_the_application_reach_the_server() {
    let postgres = Postgres::start();
    postgres.sql("create table seen (name text, path text)");
    let parameters = "application_name=till%207&options=-c%20search_path%3Dpublic,pg_temp";
    let statement =
        "INSERT INTO seen SELECT current_setting('application_name'), current_setting('search_path')";
    let (outcome, message) = reaction(&format!("{}?{parameters}", postgres.url()), statement);
    assert_eq!(outcome, In, "{message}");
    assert_eq!(postgres.sql("select name, path from seen"), "till 7|public,pg_temp");
    both(&format!("{}?{parameters}", postgres.url()), In);
    let messages = both(&format!("{}?options=-c%20no_such_setting%3D1", postgres.url()), Refuses);
    assert!(messages.iter().all(|message| message.contains("no_such_setting")), "{messages:?}");
}

#[test]
fn time_outs_of_a_role_do_not_end_what_a_reaction_does() {
    let postgres = Postgres::start();
    for name in ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"] {
        postgres.sql(&format!("alter role postgres set {name} = '100ms'"));
    }
    let (outcome, message) = reaction(&postgres.url(), "SELECT pg_sleep(0.3)");
    assert_eq!(outcome, In, "{message}");
}
