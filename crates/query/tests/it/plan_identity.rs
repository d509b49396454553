//! The identity of a query's state: the same for texts that mean the same, and another one for all that decides what is
//! stored.

use crate::random::Case;
use livewell_model::{Map, Timestamp, Value};
use livewell_query::{Engine, Join, Limits, MemoryState, Parameter, ParameterType, Settings};
use std::collections::BTreeMap;

fn encoding(text: &str) -> Vec<u8> {
    with(text, &Map::new(), &Settings::default())
}

fn with(text: &str, params: &Map, settings: &Settings) -> Vec<u8> {
    let engine = Engine::compile_with(text, params, settings);
    engine.unwrap_or_else(|refusal| panic!("{}", refusal.render(text, "query"))).encoding()
}

fn limits(limits: Limits) -> Settings {
    Settings { limits, ..Settings::default() }
}

#[test]
fn texts_that_mean_the_same_have_one_state() {
    for (one, other) in [
        ("MATCH (n:N) RETURN n.x AS x", "match(n:N)\n  // a comment\nreturn   n.x as x"),
        ("MATCH (n:N) RETURN n.x AS x", "MATCH (`the node`:N) RETURN `the node`.x AS x"),
        (
            "MATCH (a)-[r:R]->(b) WHERE a.x > 1 RETURN a.x AS x, r.y AS y",
            "MATCH (node)-[edge:R]->(other) WHERE (node.x > 1) RETURN node.x AS x, edge.y AS y",
        ),
        ("MATCH (n) WITH n AS m RETURN m.x AS x", "MATCH (m) WITH m AS n RETURN n.x AS x"),
        (
            "MATCH (n) RETURN [x IN n.l WHERE x > 1 | x + 1] AS l",
            "MATCH (m) RETURN [item IN m.l WHERE item > 1 | item + 1] AS l",
        ),
        ("MATCH (n) RETURN COUNT { (n)-->(m:M) } AS n", "MATCH (a) RETURN COUNT { (a)-->(b:M) } AS n"),
        ("MATCH (n) RETURN toUpper(n.x) AS x", "MATCH (n) RETURN TOUPPER ( n.x ) AS x"),
        ("MATCH (n) WHERE n.x = 2 RETURN n.y AS y", "MATCH (n) WHERE n.x = 1 + 1 RETURN n.y AS y"),
        ("MATCH (n {x: 2}) RETURN n.y AS y", "MATCH (n) WHERE n.x = 2 RETURN n.y AS y"),
    ] {
        assert_eq!(encoding(one), encoding(other), "{one}\n{other}");
    }
}

#[test]
fn whatever_decides_what_is_stored_is_part_of_it() {
    for (one, other) in [
        // A constant, its type, a property, a label, a direction, a type of relationship.
        ("MATCH (n) WHERE n.x = 1 RETURN n.y AS y", "MATCH (n) WHERE n.x = 2 RETURN n.y AS y"),
        ("MATCH (n) WHERE n.x = 1 RETURN n.y AS y", "MATCH (n) WHERE n.x = 1.0 RETURN n.y AS y"),
        ("MATCH (n) RETURN n.x AS y", "MATCH (n) RETURN n.y AS y"),
        ("MATCH (n:N) RETURN n.x AS x", "MATCH (n:M) RETURN n.x AS x"),
        ("MATCH (a:A)-->(b) RETURN a.x AS x", "MATCH (a:A)<--(b) RETURN a.x AS x"),
        ("MATCH (a:A)--(b) RETURN a.x AS x", "MATCH (a:A)-->(b) RETURN a.x AS x"),
        ("MATCH (a)-[:R]->(b) RETURN a.x AS x", "MATCH (a)-[:S]->(b) RETURN a.x AS x"),
        ("MATCH (a)-[:R*1..2]->(b) RETURN a.x AS x", "MATCH (a)-[:R*1..3]->(b) RETURN a.x AS x"),
        // An operator, a function, an aggregate, what it counts.
        ("MATCH (n) WHERE n.x < 1 RETURN n.y AS y", "MATCH (n) WHERE n.x <= 1 RETURN n.y AS y"),
        ("MATCH (n) RETURN toUpper(n.x) AS x", "MATCH (n) RETURN toLower(n.x) AS x"),
        ("MATCH (n) WHERE n.x =~ 'a' RETURN n.y AS y", "MATCH (n) WHERE n.x =~ 'b' RETURN n.y AS y"),
        ("MATCH (n) RETURN min(n.x) AS x", "MATCH (n) RETURN max(n.x) AS x"),
        ("MATCH (n) RETURN count(n.x) AS x", "MATCH (n) RETURN count(DISTINCT n.x) AS x"),
        // What identifies and orders rows, and the window on them.
        ("MATCH (n) RETURN n.x AS x", "MATCH (n) RETURN DISTINCT n.x AS x"),
        ("MATCH (a), (b) RETURN a.x AS x", "MATCH (b) MATCH (a)--(a) RETURN a.x AS x"),
        ("MATCH (n) RETURN n.x AS x ORDER BY x", "MATCH (n) RETURN n.x AS x ORDER BY x DESC"),
        ("MATCH (n) RETURN n.x AS x, n.y AS y ORDER BY x", "MATCH (n) RETURN n.x AS x, n.y AS y ORDER BY y"),
        ("MATCH (n) RETURN n.x AS x LIMIT 1", "MATCH (n) RETURN n.x AS x LIMIT 2"),
        ("MATCH (n) RETURN n.x AS x SKIP 1", "MATCH (n) RETURN n.x AS x LIMIT 1"),
        ("RETURN 1 AS x UNION RETURN 2 AS x", "RETURN 1 AS x UNION ALL RETURN 2 AS x"),
        // The names and the order of columns.
        ("MATCH (n) RETURN n.x AS x", "MATCH (n) RETURN n.x AS y"),
        ("MATCH (n) RETURN n.x AS x, n.y AS y", "MATCH (n) RETURN n.y AS y, n.x AS x"),
        // What is looked up, and how.
        ("MATCH (a)-->(b)-->(c) RETURN a.x AS x", "MATCH (a)-->(b), (b)-->(c), (d) RETURN a.x AS x"),
        ("MATCH (a) MATCH (a)-->(b) RETURN a.x AS x", "MATCH (a) OPTIONAL MATCH (a)-->(b) RETURN a.x AS x"),
        ("MATCH (n) RETURN EXISTS { (n)--() } AS e", "MATCH (n) RETURN COUNT { (n)--() } AS e"),
        (
            "MATCH (a)-->(b) WITH a, b WHERE a.x = b.x RETURN a.y AS y",
            "MATCH (a)-->(b) WITH a, b RETURN a.y AS y",
        ),
        (
            "MATCH (n) RETURN livewell.trueFor(n.x, duration('PT1H')) AS t",
            "MATCH (n) RETURN livewell.trueFor(n.x, duration('PT2H')) AS t",
        ),
    ] {
        assert_ne!(encoding(one), encoding(other), "{one}\n{other}");
    }
}

#[test]
fn parameters_count_by_their_values() {
    let of = |value: Value| {
        let params: Map = [("least", value)].into_iter().collect();
        with("MATCH (n) WHERE n.x > $least RETURN n.y AS y", &params, &Settings::default())
    };
    assert_ne!(of(1.into()), of(2.into()));
    assert_eq!(of(1.into()), encoding("MATCH (n) WHERE n.x > 1 RETURN n.y AS y"));
}

#[test]
fn of_the_settings_those_count_that_decide_what_is_stored() {
    let (query, default) = ("MATCH (a:A)-[:J]-(b:B)-[:R*]->(c) RETURN a.x AS x", Limits::default());
    let of = |limits: Limits, joins: &[Join]| {
        with(query, &Map::new(), &Settings { limits, joins: joins.to_vec(), ..Settings::default() })
    };
    let join = |property: &str| Join::new("J").key("A", "x").key("B", property);
    let stopping = Limits { hops: 3, rows: 10, step_bytes: 1 << 20, ..default };
    assert_eq!(of(default, &[join("x")]), of(stopping, &[join("x")]));
    assert_eq!(of(default, &[join("x")]), of(Limits { versions: 5, ..default }, &[join("x")]));
    assert_ne!(of(default, &[join("x")]), of(default, &[join("y")]));
    assert_ne!(
        of(default, &[join("x")]),
        of(default, &[join("x"), Join::new("K").key("A", "x").key("B", "x")])
    );

    let past =
        "MATCH (n:N) RETURN livewell.getVersionByTimestamp(n, datetime('2020-01-01T00:00Z')) AS earlier";
    let of = |versions: usize| with(past, &Map::new(), &limits(Limits { versions, ..default }));
    assert_ne!(of(5), of(6));
}

#[test]
fn of_parameters_that_a_query_is_run_for_each_value_of_all_that_is_declared_counts() {
    let query = "MATCH (n:N) WHERE n.x = $p AND n.y = $q RETURN n.z AS z";
    let of = |query: &str, declared: &[(&str, ParameterType)]| {
        let declared = declared.iter().map(|(name, of)| Parameter { name: (*name).into(), of: *of });
        with(query, &Map::new(), &Settings { for_each: declared.collect(), ..Settings::default() })
    };
    let (integer, float) = (ParameterType::Integer, ParameterType::Float);
    let both = of(query, &[("p", integer), ("q", integer)]);
    assert_ne!(both, of(query, &[("q", integer), ("p", integer)]));
    assert_ne!(both, of(query, &[("p", integer), ("q", float)]));
    // They are columns, and those count by their names.
    let renamed = query.replace("$p", "$first");
    assert_ne!(both, of(&renamed, &[("first", integer), ("q", integer)]));
}

/// What the engine takes of the random queries.
fn engines() -> impl Iterator<Item = (String, Engine)> {
    let queries = (0..1_500).map(|seed| Case::generate(seed).query);
    queries.filter_map(|query| Some((query.clone(), Engine::compile(&query, &Map::new()).ok()?)))
}

#[test]
fn plans_of_equal_bytes_read_the_same() {
    let mut plans: BTreeMap<Vec<u8>, (String, String)> = BTreeMap::new();
    let (mut all, mut equal) = (0, 0);
    let renamed = engines().filter_map(|(query, _)| {
        let query = renamed(&query);
        Some((query.clone(), Engine::compile(&query, &Map::new()).ok()?))
    });
    for (query, engine) in engines().chain(renamed) {
        all += 1;
        let (plan, bytes) = (engine.plan().physical_text(), engine.encoding());
        match plans.get(&bytes) {
            None => drop(plans.insert(bytes, (query, plan))),
            Some((other, known)) => {
                equal += 1;
                assert_eq!(*known, plan, "{other}\n{query}");
            }
        }
    }
    assert!(all > 2_000 && equal > 100, "{equal} of {all} are equal");
}

#[test]
fn other_names_of_variables_and_another_layout_change_no_plan() {
    for (query, engine) in engines() {
        // Columns without an alias are named by their text; the plan has them by number alone.
        let other = laid_out(&renamed(&query));
        assert_ne!(query, other);
        let again =
            Engine::compile(&other, &Map::new()).unwrap_or_else(|refusal| panic!("{other}: {refusal:?}"));
        assert_eq!(engine.plan().physical_text(), again.plan().physical_text(), "{query}\n{other}");
    }
}

#[test]
fn queries_of_equal_bytes_store_the_same_bytes() {
    let mut compared = 0;
    for case in (0..300).map(Case::generate) {
        let other = renamed(&case.query);
        let engines = [&case.query, &other].map(|query| Engine::compile(query, &Map::new()).ok());
        let [Some(one), Some(other)] = engines else { continue };
        if one.encoding() != other.encoding() {
            continue;
        }
        let stored = [one, other].map(|engine| stored(&engine, &case));
        assert_eq!(stored[0], stored[1], "{case}");
        compared += 1;
    }
    assert!(compared > 20, "{compared} are compared");
}

/// All that an engine has stored once it has stepped through a case, or stopped.
fn stored(engine: &Engine, case: &Case) -> String {
    let mut state = MemoryState::new();
    let begun = engine.begin(&mut state, Timestamp::default()).is_ok();
    let steps = case.stream.iter().take_while(|_| begun);
    let steps = steps.map_while(|transaction| engine.step(&mut state, transaction).ok()).count();
    format!("{steps} steps: {state:?}")
}

/// The query with other variables: those of the generator are a letter and a number.
fn renamed(query: &str) -> String {
    let mut out = String::new();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for word in query.split_inclusive(|c| !is_name(c)) {
        let name = word.trim_end_matches(|c| !is_name(c));
        let mut letters = name.chars();
        let is_variable = letters.next().is_some_and(|c| c.is_ascii_lowercase())
            && name.len() > 1
            && letters.all(|c| c.is_ascii_digit());
        // A column keeps its name.
        let is_column = matches!(name.chars().next(), Some('c' | 'y'));
        let behind = if is_variable && !is_column { "_other" } else { "" };
        out += &format!("{name}{behind}{}", &word[name.len()..]);
    }
    out
}

/// The query with comments and line breaks between its words.
fn laid_out(query: &str) -> String {
    let mut in_text = false;
    let spread = query.chars().map(|c| {
        in_text ^= c == '\'';
        if c == ' ' && !in_text { " /* a comment */\n ".to_owned() } else { c.to_string() }
    });
    spread.collect()
}
