//! Comparing what is stored with the tables.

use super::*;
use livewell_source::source::{Here, OtherSide, Patience, Source, Stored};
use livewell_source::verified::Verified;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

/// Patience that never ends, and wants positions to be stored.
struct Patient;

impl Patience for Patient {
    fn is_over(&self) -> bool {
        false
    }

    fn waits_for(&self, _: &str) {}
}

/// Compares while the source goes on: each look at what is stored is a step of it.
fn verified(
    follower: &RefCell<Follower>,
    settings: &MysqlSettings,
    table: Option<&str>,
    meanwhile: &dyn Fn(),
) -> Result<Verified, SourceError> {
    let stored = || -> Result<Box<dyn Stored>, SourceError> {
        meanwhile();
        let mut follower = follower.borrow_mut();
        follower.step()?;
        Ok(Box::new(follower.driver.memory.clone()))
    };
    let parked = || {
        let parked = &follower.borrow().driver.memory.parked;
        Ok(parked.iter().map(|input| input.place.clone()).collect::<BTreeSet<String>>())
    };
    let other: std::sync::Arc<dyn OtherSide> =
        Database::new(settings.clone()).other_side().expect("it has one");
    other.verify(table, &Here { store: "store", stored: &stored, parked: &parked, patience: &Patient })
}

fn shop(url: String) -> MysqlSettings {
    let mut settings = settings(url, &["customer", "orders"]);
    settings.tables[1].relationships = vec![
        serde_json::from_value(
            serde_json::json!({ "type": "PLACED_BY", "table": "customer", "columns": ["customer_id"] }),
        )
        .expect("a relationship"),
    ];
    settings
}

const TABLES: &str = "create table customer (id int primary key, name varchar(20));
    create table orders (id int primary key, customer_id int, total decimal(9, 2));
    insert into customer select seq, concat('c', seq) from seq_1_to_100;
    insert into orders select seq, nullif(seq % 101, 0), seq / 4 from seq_1_to_2000;";

#[test]
fn tables_that_are_stored_as_they_are_have_no_difference_also_while_they_change() {
    let mariadb = Mariadb::start();
    mariadb.sql(TABLES);
    let settings = shop(mariadb.url());
    let follower = RefCell::new(Follower::copied(settings.clone()).expect("it copies"));
    follower.borrow_mut().driver.limits.transactions = 100;
    let rounds = Cell::new(0);
    let change = || {
        let n = rounds.replace(rounds.get() + 1) % 50;
        mariadb.sql(&format!(
            "update orders set total = total + 1 where id % 50 = {n}; delete from orders where id = {n} + 500;
            insert into orders values ({n} + 500, {n} + 1, 7); update customer set name = 'x{n}' where id = {n}"
        ));
    };
    for table in [None, Some("orders"), Some("customer")] {
        let found = verified(&follower, &settings, table, &change).expect("it compares");
        assert!(found.is_equal(), "{found:?}");
        let names: Vec<&str> = found.tables.iter().map(|table| table.name.as_str()).collect();
        assert_eq!(names.len(), if table.is_some() { 1 } else { 2 }, "{names:?}");
        assert!(found.tables.iter().all(|table| table.rows >= 100), "{found:?}");
        assert!(!found.position.is_empty());
    }
    assert!(rounds.get() > 3);
    assert!(verified(&follower, &settings, Some("nothing"), &|| {}).is_err());
}

#[test]
fn what_is_missing_changed_or_too_much_is_found_and_named() {
    let mariadb = Mariadb::start();
    mariadb.sql(TABLES);
    let settings = shop(mariadb.url());
    let mut follower = Follower::copied(settings.clone()).expect("it copies");
    {
        let live = &mut follower.driver.memory.live;
        let schema = live.keys().next().expect("an element").split('.').next().expect("a schema").to_owned();
        let id = |rest: &str| SmolStr::from(format!("{schema}.{rest}"));
        // A node and a relationship are missing, one has another value, one is too much.
        assert!(live.remove(&id("orders:7")).is_some());
        assert!(live.remove(&id("orders.PLACED_BY.customer_id:8")).is_some());
        let node = |id: &str| match &live[id] {
            Element::Node(node) => (**node).clone(),
            Element::Relationship(_) => panic!("{id} is a relationship"),
        };
        let (mut wrong, mut more) = (node(&id("customer:1")), node(&id("customer:2")));
        wrong.properties.insert("name", Value::from("other"));
        live.insert(id("customer:1"), wrong.into());
        more.id.id = id("customer:1000");
        live.insert(id("customer:1000"), more.into());
    }
    let found = verified(&RefCell::new(follower), &settings, None, &|| {}).expect("it compares");
    let differences: Vec<(String, bool, bool)> = found
        .differences
        .iter()
        .map(|one| {
            let (_, rest) = one.id.split_once('.').expect("a schema");
            (rest.to_owned(), one.stored.is_some(), one.database.is_some())
        })
        .collect();
    let expected = [
        ("customer:1", true, true),
        ("customer:1000", true, false),
        ("orders.PLACED_BY.customer_id:8", false, true),
        ("orders:7", false, true),
    ];
    assert_eq!(differences, expected.map(|(id, stored, there)| (id.to_owned(), stored, there)));
    assert_eq!(found.count(), 4);
    let changed = &found.differences[0];
    assert_eq!(changed.stored.as_deref(), Some(r#"{"name":"other"}"#));
    assert_eq!(changed.database.as_deref(), Some(r#"{"name":"c1"}"#));
}
