//! A PostgreSQL that is measured.

use super::database::{CUSTOMERS, Database, ORDERS, tables};
use crate::outcome::Outcome;
use livewell_services::{Options, Postgres};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

const CHANGE: &str = "
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

/// A server with the orders.
pub struct PostgresOrders(Postgres);

impl PostgresOrders {
    /// Starts it.
    pub fn start() -> Self {
        let settings = ["fsync=on", "shared_buffers=512MB", "max_wal_size=8GB"];
        let settings = settings.map(str::to_owned).to_vec();
        let postgres = Postgres::start_with(&Options { settings, ..Options::default() });
        postgres.sql(&format!(
            "CREATE TABLE customer (id int PRIMARY KEY, name text);
            CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customer, total int);
            INSERT INTO customer SELECT id, 'customer ' || id FROM generate_series(1, {CUSTOMERS}) AS id;
            INSERT INTO orders SELECT id, id % {CUSTOMERS} + 1, random() * 200 FROM generate_series(1, {ORDERS}) AS id;"
        ));
        postgres.sql(CHANGE);
        Self(postgres)
    }
}

impl Database for PostgresOrders {
    fn sources(&self, _: &Path) -> Outcome<String> {
        Ok(tables("postgres", &self.0.url()))
    }

    fn write(&self, transactions: u64, rows: u64) -> Duration {
        let began = Instant::now();
        self.0.sql(&format!("CALL change({transactions}, {rows})"));
        began.elapsed()
    }

    fn reader(&self) -> &'static str {
        "pg_recvlogical"
    }

    fn write_and_read(&self, transactions: u64, rows: u64) -> Outcome<(Duration, Duration)> {
        self.0.sql("SELECT pg_create_logical_replication_slot('limit', 'pgoutput')");
        let wrote = self.write(transactions, rows);
        let end = self.0.sql("SELECT pg_current_wal_lsn()");
        let mut reader = self.0.program("pg_recvlogical");
        reader.args(["--slot=limit", "--start", "--file=/dev/null", "--endpos", &end, "--dbname=postgres"]);
        reader.args(["--option=proto_version=2", "--option=streaming=on"]);
        reader.args(["--option=publication_names=livewell_shop"]).stdout(Stdio::null());
        let began = Instant::now();
        if !reader.status()?.success() {
            return Err("pg_recvlogical failed".into());
        }
        let read = began.elapsed();
        self.0.sql("SELECT pg_drop_replication_slot('limit')");
        Ok((wrote, read))
    }

    fn count_and_sum(&self) -> String {
        self.0.sql("SELECT count(*) || ' rows of ' || sum(total) FROM orders WHERE total > 100")
    }
}
