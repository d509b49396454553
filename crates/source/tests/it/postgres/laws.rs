//! The laws of sources, held by tables of a database.

use super::{settings, started};
use livewell_services::Postgres;
use livewell_source::postgres::Database;
use livewell_source::settings::{OnError, PostgresSettings};
use livewell_source::testkit::laws::{self, Bench};

struct Table(Postgres);

impl Bench for Table {
    type Source = Database;

    fn make(&self) -> Box<dyn Fn() -> Database> {
        let settings = PostgresSettings { on_error: OnError::Park, ..settings(self.0.url(), &["t"]) };
        Box::new(move || Database::new(settings.clone()))
    }

    fn put(&mut self, number: u64) {
        self.0.sql(&format!("insert into t values ({number}, '2024-01-01')"));
    }

    fn id(&self, number: u64) -> String {
        format!("public.t:{number}")
    }

    fn spoil(&mut self) -> bool {
        // A key that no other row has, and a date that is none.
        self.0.sql("insert into t select coalesce(min(id), 0) - 1, 'infinity' from t where id <= 0");
        true
    }

    fn behind_at_rest(&self) -> Option<u64> {
        // The server writes to its log by itself, too.
        Some(1 << 20)
    }
}

#[test]
fn tables_that_are_followed_hold_the_laws() {
    laws::check(|| Table(started("create table t (id int primary key, d date)")));
}
