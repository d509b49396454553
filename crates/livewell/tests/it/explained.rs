//! Explanations on a store in use: of a row that is there, that is not, and that is gone.

use crate::fixture::*;
use livewell::why::steps::{Kind, Step};
use livewell::why::{self, Answer, Given, Left, Question, Within};
use livewell::{
    Change, ElementId, Error, InProcess, Livewell, Node, OutboxSettings, ParameterType, Query, Relationship,
    SourceHandle, Store, Value, Values,
};
use std::sync::Arc;
use std::time::Duration;

const BIG: &str =
    "MATCH (o:N)-[r:R]->(c:N) WHERE o.x > 100 AND c.x < 5 RETURN o.id AS id, o.x AS x, c.id AS c";
const PER: &str = "MATCH (o:N)-[:R]->(c:N) RETURN c.id AS c, count(*) AS n, sum(o.x) AS s";
const TOP: &str = "MATCH (o:N) WHERE o.x > 10 RETURN o.id AS id, o.x AS x ORDER BY x DESC LIMIT 2";
const ABOVE: &str = "MATCH (b:big) WHERE b.x > 150 RETURN b.id AS id";
const HELD: &str = "MATCH (o:N) WHERE livewell.previousValue(o.x, 0) < 60 AND o.x > 10 RETURN o.id AS id";
const FAR: &str = "MATCH (o:N) WHERE EXISTS { MATCH (o)-[:R]->(c:N) WHERE c.x > 5 } OPTIONAL MATCH (o)-[:R]->(d:N {x: 1}) \
     RETURN o.id AS id, d.id AS d";
const MINE: &str = "MATCH (o:N)-[:R]->(c:N {id: $c}) WHERE o.x > 100 RETURN o.id AS id";

fn tie(id: &str, from: &str, to: &str) -> Change {
    Change::insert(Relationship::new(id, "R", from, to))
}

async fn running(store: &Arc<dyn Store>) -> (Livewell, SourceHandle) {
    let livewell = open(store);
    let source = livewell.add_source(InProcess::new("s")).await.unwrap();
    for (id, text) in [("big", BIG), ("per", PER), ("top", TOP), ("held", HELD), ("far", FAR)] {
        livewell.add_query(query(id, text)).await.unwrap();
    }
    livewell.add_query(Query::cypher("above", ABOVE).from("big")).await.unwrap();
    let mine = query("mine", MINE).for_each("c", ParameterType::Text);
    livewell.add_query(mine).await.unwrap();
    let changes = vec![
        node("c1", 1),
        node("c2", 2),
        node("c9", 9),
        node("o1", 150),
        node("o2", 250),
        node("o3", 50),
        node("o4", 350),
        tie("r1", "o1", "c1"),
        tie("r2", "o2", "c1"),
        tie("r3", "o3", "c2"),
        tie("r4", "o4", "c9"),
        tie("r5", "o4", "nobody"),
    ];
    source.send(changes).await.unwrap();
    idle(&livewell).await;
    (livewell, source)
}

fn within() -> Within {
    Within::new(64 << 20, Duration::from_secs(60))
}

fn with(columns: &[(&str, Value)]) -> Question {
    let given = columns.iter().map(|(name, value)| Given::Column((*name).into(), value.clone()));
    Question::Given(given.collect(), None)
}

async fn ask(livewell: &Livewell, query: &'static str, question: Question) -> Result<Answer, Error> {
    livewell.unblock(move |livewell| livewell.why(query, &question, &within())).await
}

async fn left(livewell: &Livewell, query: &'static str) -> Left {
    livewell.unblock(move |livewell| livewell.funnel(query, None, &within())).await.unwrap()
}

fn decides(answer: &Answer) -> &Step {
    assert!(!answer.here, "{answer:#?}");
    answer.steps.iter().find(|step| step.ok == Some(false)).unwrap_or_else(|| panic!("{answer:#?}"))
}

#[tokio::test]
async fn a_row_is_explained_by_its_signature_its_columns_and_its_elements() {
    let (livewell, _source) = running(&memory()).await;
    let (signature, columns) = rows(&livewell, "big").into_iter().next().unwrap();
    let by_signature = ask(&livewell, "big", Question::Row(signature, None)).await.unwrap();
    let by_columns = ask(&livewell, "big", with(&[("id", columns[0].clone())])).await.unwrap();
    let Value::String(id) = &columns[0] else { panic!("{columns:?}") };
    let element = ElementId::new("s", id.clone());
    let by_element = Question::Given(vec![Given::Variable("o".into(), element)], None);
    let by_element = ask(&livewell, "big", by_element).await.unwrap();
    for answer in [&by_signature, &by_columns, &by_element] {
        assert!(answer.here && answer.steps.iter().all(|step| step.ok == Some(true)), "{answer:#?}");
        let row = answer.row.as_ref().unwrap();
        assert_eq!(row.row_signature, Some(format!("{signature:016x}")));
        assert_eq!(row.data.columns, columns);
        assert_eq!((answer.history.len(), answer.history[0].op), (1, "add"));
        let condition = answer.steps.iter().find(|step| step.text == "o.x > 100").unwrap();
        assert_eq!((&condition.used[0].text[..], &condition.used[0].value), ("o.x", &columns[1]));
        let place = condition.span.unwrap();
        assert_eq!((&BIG[place.start..place.end], place.line), ("o.x > 100", 1));
    }
}

#[tokio::test]
async fn a_row_that_is_not_there_fails_where_it_does() {
    let (livewell, _source) = running(&memory()).await;
    let few = ask(&livewell, "big", with(&[("id", "o3".into())])).await.unwrap();
    let step = decides(&few);
    assert_eq!((step.kind, &step.text[..], step.left), (Kind::Condition, "o.x > 100", Some(0)));
    assert_eq!((step.used[0].value.clone(), step.value.clone()), (50.into(), Some(false.into())));
    // The condition behind it is shown with its value, too.
    let other = few.steps.iter().find(|step| step.text == "c.x < 5").unwrap();
    assert_eq!((other.ok, other.left), (Some(true), None));

    let far = ask(&livewell, "big", with(&[("id", "o4".into())])).await.unwrap();
    assert_eq!(decides(&far).text, "c.x < 5");

    let nobody = ask(&livewell, "big", with(&[("id", "nobody".into())])).await.unwrap();
    assert_eq!((decides(&nobody).kind, &decides(&nobody).text[..]), (Kind::Given, "id = 'nobody'"));

    let alone = Question::Given(vec![Given::Variable("o".into(), ElementId::new("s", "c2"))], None);
    let alone = ask(&livewell, "big", alone).await.unwrap();
    let step = decides(&alone);
    assert_eq!(step.kind, Kind::Relationship);
    assert!(step.note.as_ref().unwrap().contains("1 in the other direction"), "{step:#?}");

    let absent = Question::Given(vec![Given::Variable("o".into(), ElementId::new("s", "x"))], None);
    let absent = ask(&livewell, "big", absent).await.unwrap();
    assert_eq!(decides(&absent).note.as_deref(), Some("no such element is in what the query reads"));
}

#[tokio::test]
async fn a_group_shows_its_members_and_a_window_the_place_in_it() {
    let (livewell, _source) = running(&memory()).await;
    let group = ask(&livewell, "per", with(&[("c", "c1".into())])).await.unwrap();
    let step = group.steps.iter().find(|step| step.kind == Kind::Group).unwrap();
    let members = step.members.as_ref().unwrap();
    assert_eq!((members.count, members.first.len()), (2, 2));
    let ids: Vec<&str> = members.first.iter().map(|member| member.elements[0].id.as_str()).collect();
    assert_eq!(ids, ["o1", "o2"]);
    let wrong = ask(&livewell, "per", with(&[("c", "c1".into()), ("n", 5.into())])).await.unwrap();
    assert_eq!((&decides(&wrong).text[..], decides(&wrong).value.clone()), ("n = 5", Some(2.into())));

    let second = ask(&livewell, "top", with(&[("id", "o2".into())])).await.unwrap();
    let rank = second.steps.iter().find_map(|step| step.rank.as_ref()).unwrap();
    assert_eq!((rank.rank, rank.of, rank.limit), (Some(2), 4, Some(2)));
    assert_eq!(rank.before[0].values.get("id"), Some(&"o4".into()));
    let third = ask(&livewell, "top", with(&[("id", "o1".into())])).await.unwrap();
    let step = decides(&third);
    assert_eq!((step.kind, step.rank.as_ref().unwrap().rank), (Kind::Window, Some(3)));
}

#[tokio::test]
async fn a_subquery_shows_what_it_finds_and_an_optional_match_what_it_does_not() {
    let (livewell, _source) = running(&memory()).await;
    let there = ask(&livewell, "far", with(&[("id", "o4".into())])).await.unwrap();
    let condition = there.steps.iter().find(|step| step.kind == Kind::Condition).unwrap();
    let ids: Vec<&str> = condition.elements.iter().map(|element| element.id.as_str()).collect();
    assert_eq!((ids, condition.ok), (vec!["o4", "r4", "c9"], Some(true)), "{condition:#?}");
    assert_eq!(condition.elements[2].variable.as_deref(), Some("c"));
    let optional = there.steps.iter().find(|step| step.kind == Kind::Optional).unwrap();
    assert_eq!(optional.note.as_deref(), Some("nothing matches, so its variables are null"));
    let inner: Vec<(&str, Option<u64>)> =
        optional.steps.iter().map(|step| (&step.text[..], step.left)).collect();
    let expected = [("(o)", 1), ("-[:R]->", 1), ("(d:N {x: 1})", 1), ("x: 1", 0)];
    assert_eq!(inner, expected.map(|(text, left)| (text, Some(left))));
    let absent = ask(&livewell, "far", with(&[("id", "o1".into())])).await.unwrap();
    assert_eq!(decides(&absent).note.as_deref(), Some("the subquery finds nothing"));
}

#[tokio::test]
async fn a_row_that_is_gone_is_known_from_the_outbox_until_that_has_dropped_it() {
    let store = memory();
    let (livewell, source) = running(&store).await;
    let small = query("small", BIG).outbox(OutboxSettings { capacity: 2, ..OutboxSettings::default() });
    livewell.add_query(small).await.unwrap();
    idle(&livewell).await;
    let signature = |query: &str| {
        let found = rows(&livewell, query).into_iter().find(|(_, row)| row[0] == "o1".into());
        found.unwrap().0
    };
    let (row, small) = (signature("big"), signature("small"));
    source.send(Change::update(Node::new("o1").label("N").set("id", "o1").set("x", 7))).await.unwrap();
    idle(&livewell).await;
    let gone = ask(&livewell, "big", Question::Row(row, None)).await.unwrap();
    let ops: Vec<&str> = gone.history.iter().map(|happened| happened.op).collect();
    assert_eq!(ops, ["add", "delete"]);
    assert!(gone.note.as_ref().unwrap().starts_with("it left with sequence "), "{:?}", gone.note);
    // Not that its `x` is another one, but what follows from that.
    assert_eq!((&decides(&gone).text[..], decides(&gone).used[0].value.clone()), ("o.x > 100", 7.into()));
    for x in 1_000..1_004 {
        source.send(Change::update(Node::new("o2").label("N").set("id", "o2").set("x", x))).await.unwrap();
    }
    idle(&livewell).await;
    let error = ask(&livewell, "small", Question::Row(small, None)).await.unwrap_err();
    assert_eq!(error.code, "LW0801");
    assert_eq!(ask(&livewell, "big", Question::Row(12, None)).await.unwrap_err().code, "LW0801");
}

#[tokio::test]
async fn what_is_left_ends_with_the_rows() {
    let store = memory();
    let (livewell, _source) = running(&store).await;
    let big = left(&livewell, "big").await;
    let counts: Vec<(&str, Option<u64>)> = big.steps.iter().map(|step| (&step.text[..], step.left)).collect();
    let expected = [("(o:N)", 7), ("-[r:R]->", 4), ("(c:N)", 4), ("o.x > 100", 3), ("c.x < 5", 2)];
    assert_eq!(counts, expected.map(|(text, left)| (text, Some(left))));
    assert_eq!((big.rows, big.stopped), (Some(2), None));
    for query in ["per", "top", "above", "held"] {
        assert_eq!(left(&livewell, query).await.rows, Some(rows(&livewell, query).len() as u64), "{query}");
    }
    // As the process that has stopped leaves it.
    livewell.shutdown().await;
    let read = why::funnel(&*store, "big", None, &within()).unwrap();
    assert_eq!(read.steps, big.steps);
}

#[tokio::test]
async fn queries_over_queries_and_over_time_are_explained() {
    let (livewell, source) = running(&memory()).await;
    let above = ask(&livewell, "above", with(&[("id", "o1".into())])).await.unwrap();
    assert_eq!(
        (decides(&above).text.as_str(), decides(&above).used[0].value.clone()),
        ("b.x > 150", 150.into())
    );
    assert!(ask(&livewell, "above", with(&[("id", "o2".into())])).await.unwrap().here);
    assert!(ask(&livewell, "held", with(&[("id", "o3".into())])).await.unwrap().here);
    for x in [70, 80] {
        source.send(Change::update(Node::new("o3").label("N").set("id", "o3").set("x", x))).await.unwrap();
    }
    idle(&livewell).await;
    let held = ask(&livewell, "held", with(&[("id", "o3".into())])).await.unwrap();
    assert_eq!(decides(&held).text, "livewell.previousValue(o.x, 0) < 60");
    assert!(!rows(&livewell, "held").values().any(|row| row[0] == "o3".into()));
}

#[tokio::test]
async fn a_query_for_each_value_is_explained_for_one() {
    let (livewell, _source) = running(&memory()).await;
    let (signature, _) = rows(&livewell, "mine").into_iter().find(|(_, row)| row[1] == "o1".into()).unwrap();
    let answer = ask(&livewell, "mine", Question::Row(signature, None)).await.unwrap();
    assert!(answer.here && answer.row.unwrap().data.columns[0] == "o1".into());
    let of = |value: &str| Some(Values::of([("c", value)]));
    let given = |id: &str| vec![Given::Column("id".into(), id.into())];
    let there = ask(&livewell, "mine", Question::Given(given("o1"), of("c1"))).await.unwrap();
    assert_eq!(there.row.unwrap().row_signature, Some(format!("{signature:016x}")));
    let other = ask(&livewell, "mine", Question::Given(given("o1"), of("c2"))).await.unwrap();
    assert_eq!(decides(&other).text, "id: $c");
    let few = ask(&livewell, "mine", Question::Given(given("o3"), of("c2"))).await.unwrap();
    assert_eq!(decides(&few).text, "o.x > 100");
    let none = ask(&livewell, "mine", Question::Given(given("o1"), None)).await.unwrap_err();
    assert_eq!(none.code, "LW0803");
    let none = livewell.unblock(|livewell| livewell.funnel("mine", None, &within())).await.unwrap_err();
    assert_eq!(none.code, "LW0803");
    // The row belongs to another value.
    let error = ask(&livewell, "mine", Question::Row(signature, of("c2"))).await.unwrap_err();
    assert_eq!(error.code, "LW0801");
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_and_limits_end_it() {
    let (livewell, _source) = running(&memory()).await;
    let error = ask(&livewell, "big", with(&[("idd", 1.into())])).await.unwrap_err();
    assert_eq!((error.code, error.message.contains("`id`")), ("LW0800", true), "{}", error.message);
    let unknown = Question::Given(vec![Given::Variable("q".into(), ElementId::new("s", "o1"))], None);
    assert_eq!(ask(&livewell, "big", unknown).await.unwrap_err().code, "LW0800");
    let elsewhere = Question::Given(vec![Given::Variable("o".into(), ElementId::new("t", "o1"))], None);
    let error = ask(&livewell, "big", elsewhere).await.unwrap_err();
    assert_eq!(
        (error.code, error.message.contains("does not read `t`")),
        ("LW0800", true),
        "{}",
        error.message
    );
    assert_eq!(ask(&livewell, "nope", with(&[("id", 1.into())])).await.unwrap_err().code, "LW0501");
    let valued = Question::Given(vec![], Some(Values::of([("c", "c1")])));
    assert_eq!(ask(&livewell, "big", valued).await.unwrap_err().code, "LW0544");
    for (bytes, time) in [(100, 60), (64 << 20, 0)] {
        let within = Within::new(bytes, Duration::from_secs(time));
        let limited = within.clone();
        let question = with(&[("id", "o1".into())]);
        let error =
            livewell.unblock(move |livewell| livewell.why("big", &question, &limited)).await.unwrap_err();
        assert_eq!(error.code, "LW0802", "{}", error.message);
        let counted = livewell.unblock(move |livewell| livewell.funnel("big", None, &within)).await;
        // Once all elements are read, what was counted is the answer.
        match counted {
            Ok(left) => assert!(left.stopped.is_some() && left.rows.is_none(), "{left:#?}"),
            Err(error) => assert_eq!(error.code, "LW0802"),
        }
    }
    // A value of another type than any, and a large one.
    for value in [Value::Null, Value::list(vec![]), "x".repeat(1 << 20).as_str().into()] {
        assert!(!ask(&livewell, "big", with(&[("x", value)])).await.unwrap().here);
    }
    assert!(ask(&livewell, "big", with(&[("x", "150.0".into())])).await.unwrap().here);
}
