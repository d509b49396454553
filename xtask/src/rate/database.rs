//! The database that is measured: orders of customers, and changes of random orders.

use crate::outcome::Outcome;
use livewell_services::{Options, Postgres};
use std::process::Stdio;
use std::time::{Duration, Instant};

const TABLES: &str = "
    CREATE TABLE customer (id int PRIMARY KEY, name text);
    CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customer, total int);
    INSERT INTO customer SELECT id, 'customer ' || id FROM generate_series(1, 1000) AS id;
    INSERT INTO orders SELECT id, id % 1000 + 1, random() * 200 FROM generate_series(1, 100000) AS id;
    CREATE PUBLICATION livewell_shop FOR TABLE customer, orders;
    CREATE PROCEDURE change(transactions bigint, size bigint) LANGUAGE plpgsql AS $$
    BEGIN
        FOR n IN 1..transactions LOOP
            UPDATE orders SET total = random() * 200 WHERE id = ANY (ARRAY(
                SELECT DISTINCT ON (block) block * (100000 / size) + 1 + floor(random() * (100000 / size))::int
                FROM generate_series(0, size - 1) AS block));
            COMMIT;
        END LOOP;
    END $$;
    VACUUM ANALYZE;";

/// A server whose commits wait for the disk, as they do by default.
pub struct Database(Postgres);

impl Database {
    /// Starts it with 100,000 orders.
    pub fn start() -> Self {
        let settings = ["fsync=on", "shared_buffers=512MB", "max_wal_size=8GB"];
        let settings = settings.map(str::to_owned).to_vec();
        let postgres = Postgres::start_with(&Options { settings, ..Options::default() });
        postgres.sql(TABLES);
        Self(postgres)
    }

    /// Returns the URL of the server.
    pub fn url(&self) -> String {
        self.0.url()
    }

    /// Changes the totals of random orders; returns how long that took.
    pub fn write(&self, transactions: u64, rows: u64) -> Duration {
        let began = Instant::now();
        self.0.sql(&format!("CALL change({transactions}, {rows})"));
        began.elapsed()
    }

    /// Makes a slot that keeps what is written from now on.
    pub fn slot(&self) -> Slot<'_> {
        self.0.sql("SELECT pg_create_logical_replication_slot('limit', 'pgoutput')");
        Slot(&self.0)
    }

    /// Returns how many rows the query must have, and the sum of their totals.
    pub fn count_and_sum(&self) -> String {
        self.0.sql("SELECT count(*) || ' rows of ' || sum(total) FROM orders WHERE total > 100")
    }
}

/// A replication slot of the database.
pub struct Slot<'a>(&'a Postgres);

impl Slot<'_> {
    /// Reads it to the end and drops it; returns how long the reading took.
    ///
    /// # Errors
    /// Returns an error if `pg_recvlogical` fails.
    pub fn read(self) -> Outcome<Duration> {
        let end = self.0.sql("SELECT pg_current_wal_lsn()");
        let mut reader = self.0.program("pg_recvlogical");
        reader.args(["--slot=limit", "--start", "--file=/dev/null", "--endpos", &end, "--dbname=postgres"]);
        reader.args(["--option=proto_version=2", "--option=streaming=on"]);
        reader.args(["--option=publication_names=livewell_shop"]).stdout(Stdio::null());
        let began = Instant::now();
        if !reader.status()?.success() {
            return Err("pg_recvlogical failed".into());
        }
        let took = began.elapsed();
        self.0.sql("SELECT pg_drop_replication_slot('limit')");
        Ok(took)
    }
}
