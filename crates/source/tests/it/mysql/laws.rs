//! The laws of sources, held by tables of a database.

use super::{settings, started};
use livewell_services::Mariadb;
use livewell_source::mysql::Database;
use livewell_source::settings::{MysqlSettings, OnError};
use livewell_source::testkit::laws::{self, Bench};

struct Table(Mariadb);

impl Bench for Table {
    type Source = Database;

    fn make(&self) -> Box<dyn Fn() -> Database> {
        let settings = MysqlSettings { on_error: OnError::Park, ..settings(self.0.url(), &["t"]) };
        Box::new(move || Database::new(settings.clone()))
    }

    fn put(&mut self, number: u64) {
        self.0.sql(&format!("insert into t values ({number}, '2024-01-01')"));
    }

    fn id(&self, number: u64) -> String {
        format!("test.t:{number}")
    }

    fn spoil(&mut self) -> bool {
        // A key that no other row has, and a date that is none.
        self.0
            .sql("set sql_mode = ''; insert into t select coalesce(min(id), 0) - 1, 0 from t where id <= 0");
        true
    }
}

#[test]
fn tables_that_are_followed_hold_the_laws() {
    laws::check(|| Table(started("create table t (id int primary key, d date)")));
}
