//! What a database answers for now, and what somebody has to mend.

use super::{TABLE, Target};
use livewell_reaction::postgres::{PostgresSettings, Table};
use livewell_reaction::testkit::{History, Mirrored, start, start_as};
use livewell_reaction::{ErrorKind, Reaction};
use livewell_services::Postgres;

#[test]
fn a_database_that_only_reads_is_waited_for() {
    let server = Postgres::start();
    let target = Target::new(&server, 0);
    let history = History::new(7, 9);
    let mut table = Table::new(target.settings());
    start(&mut table, None).unwrap();
    let detail = history.snapshot(0, |snapshot| table.replace(snapshot)).unwrap();
    table.deliver(&history.outgoing(1..=1)).unwrap();
    let read_only = |is: &str| {
        // A database that only reads refuses to be set back otherwise.
        let database = &target.database;
        server.sql(&format!("ALTER DATABASE {database} SET default_transaction_read_only = {is}"));
        target.proxy.cut();
    };
    let mut waits = |sequence: u64, says: &str, mend: &dyn Fn()| {
        let outgoing = history.outgoing(sequence..=sequence);
        // A connection that was cut is the first failure.
        let errors: Vec<_> = (0..2).map(|_| table.deliver(&outgoing).unwrap_err()).collect();
        assert!(errors.iter().all(|error| error.kind() == ErrorKind::Wait), "{errors:?}");
        assert!(errors[1].to_string().contains(says), "{errors:?}");
        mend();
        start(&mut table, Some(&detail)).unwrap();
        table.deliver(&outgoing).unwrap();
        assert_eq!(target.rows(), history.rows(sequence));
    };
    read_only("on");
    waits(2, "25006", &|| read_only("off"));
}

#[test]
fn a_snapshot_into_a_database_that_only_reads_is_waited_for_too() {
    let server = Postgres::start();
    let target = Target::new(&server, 0);
    let history = History::new(7, 9);
    let mut table = Table::new(target.settings());
    start(&mut table, None).unwrap();
    let detail = history.snapshot(2, |snapshot| table.replace(snapshot)).unwrap();
    let database = &target.database;
    server.sql(&format!("ALTER DATABASE {database} SET default_transaction_read_only = on"));
    target.proxy.cut();
    let mut table = Table::new(target.settings());
    start(&mut table, Some(&detail)).unwrap();
    let error = history.snapshot(4, |snapshot| table.replace(snapshot)).unwrap_err();
    assert_eq!((error.kind(), error.to_string().contains("25006")), (ErrorKind::Wait, true), "{error}");
    server.sql(&format!("ALTER DATABASE {database} RESET default_transaction_read_only"));
    start(&mut table, Some(&detail)).unwrap();
    history.snapshot(4, |snapshot| table.replace(snapshot)).unwrap();
    assert_eq!(target.rows(), history.rows(4));
    let id = target.sql(&format!("SELECT count(*) FROM {TABLE}"));
    assert_eq!(id, history.rows(4).len().to_string());
}

#[test]
fn reactions_that_begin_in_a_new_database_at_once_are_not_in_each_others_way() {
    let server = Postgres::start();
    for number in 0..5 {
        let target = Target::new(&server, number);
        let together = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for name in ["a", "b", "c", "d"] {
                let (settings, together) = (target.settings(), &together);
                scope.spawn(move || {
                    let history = History::new(7, 9);
                    let mut table = Table::new(PostgresSettings { table: name.into(), ..settings });
                    together.wait();
                    start_as(&mut table, name, None, &[]).unwrap();
                    history.snapshot(2, |snapshot| table.replace(snapshot)).unwrap();
                });
            }
        });
    }
}
