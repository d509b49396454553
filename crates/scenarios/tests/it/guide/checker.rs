//! The checker of pages tells right from wrong: a page that holds, and copies of it with one thing wrong.

use super::{fault, run};
use livewell_cases::page::{self, Example, Others, Standing};
use livewell_model::{Map, Timestamp};
use livewell_query::Engine;
use livewell_query::parse;
use livewell_query::reference::Reference;

const PAGE: &str = r#"# Orders

```cypher standing
MATCH (o:Order) WHERE o.total > $least RETURN o.id AS id, 100 / o.parts AS part
```

```json settings
{"params": {"least": 100}}
```

```text plan
Output: id, part
  row identity: the matched elements, in the order of the text
Logical plan:
  Project: o.id AS id, 100 / o.parts AS part
    Filter: o.total > $least
      Match: (o:Order)
Physical plan:
  Project: o.id, 100 / o.parts, o
    Match: (o:Order {id, parts})
      scan of o: o.total > 100
```

1. Two come, and one is small.

   ```diff step
   {"operation":"insert","element":{"type":"node","id":"o1","labels":["Order"],"properties":{"id":1,"total":99,"parts":2}}}
   (no diff)
   {"operation":"insert",
    "element":{"type":"node","id":"o2","labels":["Order"],"properties":{"id":2,"total":101,"parts":2}}}
   + {"id":2,"part":50}
   ```

2. Both change.

   ```diff step
   {"transaction":[
     {"operation":"update","element":{"id":"o1","properties":{"total":200}}},
     {"operation":"update","element":{"id":"o2","properties":{"parts":4}}}]}
   ~ {"id":2,"part":50} -> {"id":2,"part":25}
   + {"id":1,"part":50}
   ```

3. One goes, one cannot be told.

   ```diff step
   {"operation":"delete","id":"o1"}
   - {"id":1,"part":50}
   {"operation":"update","element":{"id":"o2","properties":{"parts":0}}}
   ! 100 / 0: an integer cannot be divided by zero
   ```

```cypher refused
MATCH (o:Order) SET o.x = 1
```

```text refusal
error[LW1102]: SET is refused: a standing query reads the graph and never writes it
 --> query:1:17
  |
1 | MATCH (o:Order) SET o.x = 1
  |                 ^^^
```
"#;

/// Returns what the checker says about the page with one piece replaced.
fn with(piece: &str, other: &str) -> String {
    assert!(PAGE.contains(piece), "{piece}");
    fault(&PAGE.replacen(piece, other, 1)).unwrap_or_default()
}

#[test]
fn a_page_that_holds_has_no_fault() {
    assert_eq!(fault(PAGE), None);
}

#[test]
fn a_wrong_diff_is_found() {
    let wrong = [
        ("+ {\"id\":2,\"part\":50}", "+ {\"id\":2,\"part\":51}"),
        ("+ {\"id\":2,\"part\":50}", "+ {\"id\":2,\"part\":50.0}"),
        ("+ {\"id\":2,\"part\":50}", "- {\"id\":2,\"part\":50}"),
        ("+ {\"id\":2,\"part\":50}", "+ {\"part\":50,\"id\":2}"),
        ("+ {\"id\":2,\"part\":50}", "(no diff)"),
        ("(no diff)", "+ {\"id\":1,\"part\":50}"),
        ("   + {\"id\":1,\"part\":50}\n", ""),
        ("-> {\"id\":2,\"part\":25}", "-> {\"id\":2,\"part\":50}"),
        ("divided by zero", "divided by one"),
    ];
    for (piece, other) in wrong {
        assert!(with(piece, other).contains("the page shows"), "{piece} as {other}");
    }
    let signs = with("   (no diff)\n   {\"operation\":\"insert\",\n", "   {\"operation\":\"insert\",\n");
    assert_eq!(signs, "", "transactions can share what they put out");
}

#[test]
fn a_wrong_plan_and_a_wrong_refusal_are_found() {
    assert!(with("the matched elements,", "some elements,").contains("the page shows the plan"));
    assert!(with("never writes it", "rarely writes it").contains("the page shows"));
    assert!(with("SET o.x = 1\n```\n\n", "RETURN o.x AS x\n```\n\n").contains("it is accepted"));
    assert!(with("\"least\": 100", "\"most\": 100").contains("least"));
}

#[test]
fn what_is_malformed_is_found() {
    let malformed = [
        ("```cypher standing", "```cypher", "has no place here"),
        ("```text refusal", "```text", "has no place here"),
        ("   ```diff step", "   ```diff", "has no place here"),
        ("2. Both", "3. Both", "the list says Some(3)"),
        ("2. Both", "Both", "the list says Some(1)"),
        ("   (no diff)\n", "   no diff\n", "neither a change nor a diff"),
        ("   (no diff)\n", "   (no diff)\n   (no diff)\n", "stands alone"),
        ("   - {\"id\":1,\"part\":50}\n   {", "   {", "the page shows"),
        ("   ! 100 / 0: an integer cannot be divided by zero\n", "", "no diff follows"),
        ("   {\"operation\":\"delete\",\"id\":\"o1\"}\n   -", "   -", "only the first step"),
        ("{\"operation\":\"delete\",\"id\":\"o1\"}", "{\"operation\":\"delete\"}", "`id` is missing"),
        ("{\"operation\":\"delete\",\"id\":\"o1\"}", "{operation}", "not JSON"),
        ("\"params\"", "\"parameters\"", "no setting"),
        ("MATCH (o:Order) WHERE", "MTCH (o:Order) WHERE", "MATCH"),
    ];
    for (piece, other, told) in malformed {
        let fault = with(piece, other);
        assert!(fault.contains(told), "{piece} as {other}: {fault}");
    }
    assert!(fault(PAGE.trim_end().trim_end_matches('`')).expect("a fault").contains("not closed"));
    assert!(fault("# Orders\n\nProse alone.\n").expect("a fault").contains("no example"));
    assert!(fault("```cypher standing\nRETURN 1 AS x\n```\n").expect("a fault").contains("no step"));
    assert!(fault("```cypher refused\nSET\n```\n").expect("a fault").contains("no refusal"));
}

#[test]
fn nothing_can_follow_where_a_query_has_stopped() {
    let stop = "   ! 100 / 0: an integer cannot be divided by zero\n";
    let more = format!("{stop}   {{\"operation\":\"delete\",\"id\":\"o2\"}}\n   (no diff)\n");
    assert!(with(stop, &more).contains("has stopped before"));
}

#[test]
fn rows_from_the_start_are_a_step_of_their_own() {
    let page = |steps: &str| {
        fault(&format!("```cypher standing\nMATCH (n) RETURN count(*) AS n\n```\n\n1. Start\n\n{steps}"))
    };
    let insert = "{\"operation\":\"insert\",\"element\":{\"type\":\"node\",\"id\":\"n\"}}";
    let change = "~ {\"n\":0} -> {\"n\":1}";
    assert_eq!(
        page(&format!("```diff step\n+ {{\"n\":0}}\n```\n2. One\n```diff step\n{insert}\n{change}\n```\n")),
        None
    );
    let fault = page(&format!("```diff step\n{insert}\n{change}\n```\n")).expect("a fault");
    assert!(fault.contains("from the start"), "{fault}");
}

/// Returns the first example of a page, which is a standing query.
fn standing(page: &str) -> Standing {
    match page::read(page, Others::Refused).expect("a page").remove(0) {
        Example::Standing(standing) => standing,
        Example::Refused(refused) => panic!("{refused:?}"),
    }
}

#[test]
fn an_engine_apart_from_the_reference_is_found() {
    let page = "```cypher standing\nMATCH (n) RETURN n.x AS x\n```\n1. One\n```diff step\n\
        {\"operation\":\"insert\",\"element\":{\"type\":\"node\",\"id\":\"n\",\"properties\":{\"x\":1}}}\n+ {\"x\":1}\n```\n";
    let example = standing(page);
    let engine = Engine::compile(&example.query, &Map::new()).expect("a query");
    let hold = |evaluated: &str| {
        let reference = Reference::new(&parse(evaluated).expect("a query"), &Map::new()).expect("a query");
        run::follow(&example, &engine, reference.into())
    };
    assert_eq!(hold(&example.query), Ok(()));
    assert!(
        hold("MATCH (n) RETURN n.x * 1.0 AS x").expect_err("another value").contains("and the reference")
    );
    assert!(
        hold("MATCH (n) RETURN DISTINCT n.x AS x").expect_err("another key").contains("and the reference")
    );
    assert!(hold("MATCH (n) RETURN n.x / 0 AS x").expect_err("an error").contains("one errs alone"));
}

#[test]
fn a_transaction_has_the_source_and_the_time_it_is_shown_with() {
    let page = "```cypher standing\nRETURN 1 AS x\n```\n1. One\n```diff step\nsource: shop\n\
        time: 2026-01-01T00:00:00Z\n{}\n(no diff)\n```\n";
    let fed = &standing(page).steps[0].exchanges[0].fed[0];
    assert_eq!((fed.source.as_str(), fed.time), ("shop", Timestamp(1_767_225_600_000_000_000)));
    assert!(
        page::read(&page.replace("2026", "never"), Others::Refused).expect_err("no time").contains("no time")
    );
}
