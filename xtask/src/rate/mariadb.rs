//! A MariaDB that is measured.

use super::database::{CUSTOMERS, Database, ORDERS, tables};
use crate::outcome::Outcome;
use livewell_services::Mariadb;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Every row that is chosen gets another total: the server logs no row that stays as it is.
const CHANGE: &str = "
    DELIMITER //
    CREATE PROCEDURE changes(transactions bigint, size bigint)
    BEGIN
        DECLARE n bigint DEFAULT 0;
        WHILE n < transactions DO
            UPDATE orders, (
                SELECT seq * (100000 DIV size) + 1 + floor(rand() * (100000 DIV size)) AS id
                FROM seq_0_to_99999 WHERE seq < size) AS chosen
            SET total = (total + 1 + floor(rand() * 199)) % 200 WHERE orders.id = chosen.id;
            SET n = n + 1;
        END WHILE;
    END //
    DELIMITER ;";

/// A server with the orders.
pub struct MariadbOrders(Mariadb);

impl MariadbOrders {
    /// Starts it.
    pub fn start() -> Self {
        let mariadb = Mariadb::start_with(&[
            "--innodb-buffer-pool-size=512M",
            "--innodb-log-file-size=1G",
            "--innodb-flush-log-at-trx-commit=1",
            "--sync-binlog=1",
        ]);
        mariadb.sql(&format!(
            "CREATE TABLE customer (id int PRIMARY KEY, name varchar(100));
            CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customer (id), total int);
            INSERT INTO customer SELECT seq, concat('customer ', seq) FROM seq_1_to_{CUSTOMERS};
            INSERT INTO orders SELECT seq, seq % {CUSTOMERS} + 1, floor(rand() * 200) FROM seq_1_to_{ORDERS};"
        ));
        mariadb.sql(CHANGE);
        Self(mariadb)
    }
}

impl Database for MariadbOrders {
    fn sources(&self, _: &Path) -> Outcome<String> {
        Ok(tables("mysql", &self.0.url()))
    }

    fn write(&self, transactions: u64, rows: u64) -> Duration {
        let began = Instant::now();
        self.0.sql(&format!("CALL changes({transactions}, {rows})"));
        began.elapsed()
    }

    fn reader(&self) -> &'static str {
        "mariadb-binlog"
    }

    fn write_and_read(&self, transactions: u64, rows: u64) -> Outcome<(Duration, Duration)> {
        // A file of the log of its own.
        self.0.sql("FLUSH BINARY LOGS");
        let status = self.0.sql("SHOW MASTER STATUS");
        let file = status.split('\t').next().unwrap_or_default();
        let wrote = self.write(transactions, rows);
        let mut reader = self.0.program("mariadb-binlog");
        reader.args(["--read-from-remote-server", "--to-last-log", "--base64-output=DECODE-ROWS", file]);
        let began = Instant::now();
        if !reader.stdout(Stdio::null()).status()?.success() {
            return Err("mariadb-binlog failed".into());
        }
        Ok((wrote, began.elapsed()))
    }

    fn count_and_sum(&self) -> String {
        self.0.sql("SELECT concat(count(*), ' rows of ', sum(total)) FROM orders WHERE total > 100")
    }
}
