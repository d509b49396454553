//! Money that moves in MariaDB, on its way through Kafka into a table of PostgreSQL: two Livewells between real servers,
//! killed at random moments, and a transfer is never seen in part.

use crate::place::Place;
use livewell_services::{Kafka, Mariadb, Postgres, pause};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often they are killed; `LIVEWELL_KILLS` says otherwise.
const KILLS: u64 = 10;
/// How many transfers there are for each kill.
const TRANSFERS: u64 = 30;
const ACCOUNTS: u64 = 10;
/// What is in all accounts together.
const TOTAL: u64 = ACCOUNTS * 100;

/// The servers, and what follows them.
struct Chain {
    mariadb: Mariadb,
    kafka: Kafka,
    postgres: Postgres,
    /// From MariaDB to Kafka.
    first: Place,
    /// From Kafka to PostgreSQL.
    second: Place,
}

#[test]
fn killed_anywhere_money_that_moves_through_three_servers_is_never_seen_in_part() {
    let kills: u64 = std::env::var("LIVEWELL_KILLS").map_or(KILLS, |text| text.parse().expect("a number"));
    let chain = Chain::start();
    let (done, postgres) = (AtomicBool::new(false), &chain.postgres);
    let looked = std::thread::scope(|scope| {
        let looking = scope.spawn(|| look_at_the_sum(postgres, &done));
        // Whatever fails must not leave the other thread looking for ever.
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| chain.move_and_kill(kills)));
        done.store(true, Ordering::Release);
        ran.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        looking.join().expect("the sum is looked at")
    });
    assert!(looked > 0, "the table was never looked at while it changed");
}

impl Chain {
    fn start() -> Self {
        let (mariadb, kafka, postgres) = (Mariadb::start(), Kafka::start(), Postgres::start());
        mariadb.sql(&format!(
            "create table account (id int primary key, balance int); \
             insert into account select seq, 100 from seq_1_to_{ACCOUNTS}"
        ));
        let topic = kafka.topic("balances", 1);
        let balances = "MATCH (a:Account) RETURN a.id AS id, a.balance AS balance";
        let config = |source: &str, reaction: &str| {
            format!(
                "store: {{ kind: embedded, path: data, durability: os }}\n\
                 sources:\n  - {{ id: bank, {source} }}\n\
                 queries:\n  - {{ id: balances, sources: [bank], cypher: '{balances}' }}\n\
                 reactions:\n  - {{ id: on, queries: [balances], {reaction} }}\n"
            )
        };
        let first = config(
            &format!(
                "kind: mysql, url: '{}', tables: [ {{ table: account, label: Account }} ]",
                mariadb.url()
            ),
            &format!(
                "kind: kafka, url: '{}', topic: {topic}, key: '{{{{ row.id }}}}', value: row",
                kafka.url()
            ),
        );
        let second = config(
            &format!(
                "kind: kafka, url: '{}', topic: {topic}, node: {{ label: Account, id: 'a:{{id}}' }}",
                kafka.url()
            ),
            &format!("kind: postgres, url: '{}', table: balances, key: [id]", postgres.url()),
        );
        let (first, second) = (Place::new(&first, &[]), Place::new(&second, &[]));
        Self { mariadb, kafka, postgres, first, second }
    }

    /// Moves money, and kills one or the other meanwhile, until all has come through.
    fn move_and_kill(&self, kills: u64) {
        let (mut first, mut second) = (run(&self.first), run(&self.second));
        for kill in 0..kills {
            self.mariadb.sql(&(kill * TRANSFERS..(kill + 1) * TRANSFERS).map(transfer).collect::<String>());
            pause(Duration::from_millis(100 + kill * 137 % 700));
            // The imitation of Kafka leaves out what was aborted, with no trace but a hole: the source refuses that.
            if kill % 2 == 0 && !self.kafka.is_ours() {
                killed(&mut first);
                first = run(&self.first);
            } else {
                killed(&mut second);
                second = run(&self.second);
            }
        }
        let wanted = self.mariadb.sql("select concat(id, ' ', balance) from account order by id");
        let began = Instant::now();
        let mut found = String::new();
        while found != wanted.trim_end() {
            assert!(began.elapsed() < Duration::from_secs(60), "{found}\n{wanted}");
            pause(Duration::from_millis(100));
            // The table is there once there are rows.
            let is_there = self.postgres.sql("SELECT to_regclass('balances') IS NOT NULL");
            if is_there.trim() == "t" {
                found = self.postgres.sql("SELECT id || ' ' || balance FROM balances ORDER BY id");
                found.truncate(found.trim_end().len());
            }
        }
        killed(&mut first);
        killed(&mut second);
    }
}

/// Looks at the table until all is done: it has nothing, or all money there is. Returns how often.
fn look_at_the_sum(postgres: &Postgres, done: &AtomicBool) -> u64 {
    let mut session = postgres.session("postgres");
    let mut looked = 0;
    while !done.load(Ordering::Acquire) {
        let is_there = session.sql("SELECT to_regclass('balances') IS NOT NULL").expect("an answer");
        if is_there == "t" {
            let sum = session.sql("SELECT coalesce(sum(balance), 0) FROM balances").expect("a sum");
            assert!(sum == "0" || sum == TOTAL.to_string(), "a transfer in part: {sum} of {TOTAL}");
            looked += u64::from(sum != "0");
        }
        pause(Duration::from_millis(5));
    }
    looked
}

fn run(place: &Place) -> Child {
    let run = ["run", "--log-level", "error", "livewell.yaml"];
    place.command(&run).stdout(Stdio::null()).spawn().expect("the binary starts")
}

fn killed(child: &mut Child) {
    child.kill().expect("a running child can be killed");
    child.wait().expect("a killed child ends");
}

fn transfer(id: u64) -> String {
    let (source, target, amount) = (id * 7 % ACCOUNTS + 1, (id * 3 + 1) % ACCOUNTS + 1, id % 5 + 1);
    format!(
        "begin; update account set balance = balance - {amount} where id = {source}; \
         update account set balance = balance + {amount} where id = {target}; commit; "
    )
}
