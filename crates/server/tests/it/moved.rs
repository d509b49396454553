//! A reaction that is given another target has all of its rows there, and what its checkpoint says about the former one is
//! not taken for the new one's.

use super::place::Place;
use livewell_services::{Postgres, Redis, Web};

fn lines(orders: &[(&str, i64)]) -> Vec<String> {
    let line = |(id, total): &(&str, i64)| {
        format!(
            "{{\"operation\":\"insert\",\"element\":{{\"type\":\"node\",\"id\":\"{id}\",\"labels\":[\"Order\"],\
             \"properties\":{{\"id\":\"{id}\",\"total\":{total}}}}}}}"
        )
    };
    orders.iter().map(line).collect()
}

fn configured(reaction: &str) -> String {
    format!(
        "store: {{ kind: embedded, path: livewell-data }}\nsources:\n  - {{ id: ops, kind: file, path: ops.jsonl, follow: false }}\n\
         queries:\n  - {{ id: q, sources: [ops], cypher: \"MATCH (o:Order) RETURN o.id AS id, o.total AS total\" }}\n\
         reactions:\n  - {{ id: out, queries: [q], {reaction} }}\n"
    )
}

/// With two orders, run to idle.
fn begun(reaction: &str) -> Place {
    let orders = lines(&[("a", 1), ("b", 2)]);
    let place = Place::new(&configured(reaction), &orders.iter().map(String::as_str).collect::<Vec<_>>());
    place.run().expect(0, &[]);
    place
}

/// The reaction has these settings instead, and order `b` another total.
fn changed(place: &Place, reaction: &str) {
    place.write("livewell.yaml", &configured(reaction));
    place.append("ops.jsonl", &format!("{}\n", lines(&[("b", 3)])[0]));
}

#[test]
fn another_prefix_or_key_of_redis_has_all_rows_and_the_former_keys_stay() {
    let redis = Redis::start();
    let keys = |pattern: &str| {
        let mut connection = ::redis::Client::open(redis.url()).unwrap().get_connection().unwrap();
        let mut keys: Vec<String> = ::redis::cmd("KEYS").arg(pattern).query(&mut connection).unwrap();
        keys.sort();
        keys
    };
    let settings = |prefix: &str, key: &str| {
        format!("kind: redis, url: \"{}\", prefix: \"{prefix}\", key: [{key}]", redis.url())
    };
    let place = begun(&settings("w:", "id"));
    assert_eq!(keys("w:*"), ["w:a", "w:b"]);
    changed(&place, &settings("v:", "id"));
    place.run().expect(0, &[]);
    assert_eq!(
        (keys("v:*"), keys("w:*")),
        (vec!["v:a".into(), "v:b".into()], vec!["w:a".into(), "w:b".into()])
    );
    changed(&place, &settings("v:", "total"));
    place.run().expect(0, &[]);
    assert_eq!(keys("v:*"), ["v:1", "v:3"], "keys of one prefix are those of its rows");
}

#[test]
fn another_table_has_all_rows_and_the_former_one_stays() {
    let postgres = Postgres::start();
    let settings = |table: &str| {
        format!("kind: postgres, url: \"{}\", mode: table, table: {table}, key: [id]", postgres.url())
    };
    let rows = |table: &str| postgres.sql(&format!("SELECT id || total FROM {table} ORDER BY id"));
    let place = begun(&settings("first"));
    assert_eq!(rows("first").split_whitespace().collect::<Vec<_>>(), ["a1", "b2"]);
    changed(&place, &settings("second"));
    place.run().expect(0, &[]);
    assert_eq!(rows("second").split_whitespace().collect::<Vec<_>>(), ["a1", "b3"]);
    assert_eq!(rows("first").split_whitespace().collect::<Vec<_>>(), ["a1", "b2"]);
}

#[test]
fn lines_do_not_become_a_table_in_their_place_unless_it_is_taken_over() {
    let place = begun("kind: file, path: out.jsonl");
    let before = place.read("out.jsonl");
    assert_eq!(before.lines().count(), 2);
    changed(&place, "kind: file, path: out.jsonl, mode: table");
    place.run().expect(1, &["LW0404"]);
    assert_eq!(place.read("out.jsonl"), before, "nothing of it is gone");
    place.write("livewell.yaml", &configured("kind: file, path: out.jsonl, mode: table, take_over: true"));
    place.run().expect(0, &[]);
    assert!(place.read("out.jsonl").contains("\"total\":3"), "{}", place.read("out.jsonl"));
    assert!(!place.read("out.jsonl").contains("query_id"));
}

#[test]
fn a_reaction_of_another_kind_goes_on_after_what_the_former_one_has_delivered() {
    let web = Web::start();
    let hook = format!("kind: webhook, url: \"{}\", allow_private: true", web.url());
    let place = begun(&hook);
    let sent = web.seen().len();
    assert_eq!(sent, 2);
    changed(&place, "kind: file, path: out.jsonl");
    place.run().expect(0, &[]);
    let lines = place.read("out.jsonl");
    assert_eq!((lines.lines().count(), lines.contains("\"total\":3")), (1, true), "{lines}");
    changed(&place, &hook);
    place.append("ops.jsonl", &format!("{}\n", self::lines(&[("c", 4)])[0]));
    place.run().expect(0, &[]);
    assert_eq!(web.seen().len(), sent + 1, "order b says the same again, and c is new");
}
