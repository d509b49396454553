//! `livewell verify` of a source: against its database, by a running server.

use super::running::Running;
use super::{livewell, text};
use livewell_services::Postgres;
use std::process::Output;

const TABLES: &str = "create table t (id int primary key, x int); insert into t values (1, 10), (2, 20), (3, 30); \
     create table u (id int primary key); create publication p for table t, u";

fn said(output: &Output, code: i32) -> (&str, &str) {
    let (out, error) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{out}{error}");
    (out, error)
}

#[test]
fn a_source_is_verified_by_its_id_and_what_differs_is_shown() {
    let postgres = Postgres::start();
    postgres.sql(TABLES);
    let shop = format!(
        "  - id: shop\n    kind: postgres\n    url: \"{}\"\n    publication: p\n    check_every: 1h\n    \
         tables: [ {{ table: t }}, {{ table: u }} ]\n",
        postgres.url()
    );
    let query = "  - { id: shown, sources: [shop], cypher: \"MATCH (n:t) RETURN n.x AS x\" }\n";
    let mut running = Running::start_with("", &shop, query);
    running.wait_until_ready();
    let verified = running.command(&["verify", "shop"]);
    let (out, _) = said(&verified, 0);
    assert!(out.starts_with("public.t: 3 rows\npublic.u: 0 rows\n`shop` is right at "), "{out}");
    let verified = running.command(&["verify", "shop", "--table", "public.t"]);
    let (out, _) = said(&verified, 0);
    assert!(out.starts_with("public.t: 3 rows\n`shop` is right at "), "{out}");
    postgres.sql(
        "alter publication p drop table t; update t set x = 11 where id = 1; delete from t where id = 2",
    );
    // It waits a moment for the source to come to the place of its snapshot, and says so if that was too short.
    let caught_up = (0..50).map(|_| running.command(&["verify", "shop"]));
    let is_behind = |ran: &std::process::Output| String::from_utf8_lossy(&ran.stdout).contains("is behind");
    let verified = caught_up.into_iter().find(|ran| !is_behind(ran)).expect("the source catches up");
    let (out, error) = said(&verified, 1);
    assert!(out.starts_with("public.t: 2 rows, 2 elements differ\npublic.u: 0 rows\n"), "{out}");
    let changed = "`public.t:1` is stored as {\"x\":10}, and the database has {\"x\":11}\n";
    let gone = "\"properties\":{\"id\":2,\"x\":20}}, and the database has nothing\n";
    assert!(out.contains(changed) && out.contains(gone), "{out}");
    assert!(error.contains("LW0717") && error.contains("2 elements differ at "), "{error}");
    said(&running.command(&["verify", "shop", "--table", "public.u"]), 0);
    for (arguments, part) in [
        (&["verify", "shop", "--table", "x"][..], "LW0539"),
        (&["verify", "orders"], "LW0539"),
        (&["verify", "big", "--table", "t"], "LW0501"),
        (&["verify", "nope"], "LW0501"),
    ] {
        let refused = running.command(arguments);
        let (_, error) = said(&refused, 1);
        assert!(error.contains(part), "{arguments:?}: {error}");
    }
    running.stop();
    let store = running.store();
    let refused = livewell(&["verify", "shop", "--store", store.to_str().unwrap()]);
    let (_, error) = said(&refused, 2);
    assert!(error.contains("`livewell run`"), "{error}");
}
