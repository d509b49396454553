//! Unwinding: parts come, change and go with their wholes, and nothing else can touch them.

use crate::fixture::*;
use livewell::IntoSource;
use livewell::{Change, InProcess, Livewell, Node, Setup};
use livewell_model::{Map, Value};
use livewell_source::unwind::{Part, Unwind};
use livewell_store::Store;
use std::sync::Arc;

const CONTAINERS: &str =
    "MATCH (p:Pod)-[:OWNS]->(c:Container) RETURN p.name AS pod, c.id AS id, c.name AS name";

fn rule(kind: &str, id: Option<&str>) -> Unwind {
    let into = Part { label: "Container".into(), id: id.map(Into::into) };
    let (label, path) = ("Pod".into(), "status.containers".into());
    Unwind { label, path, relationship: kind.into(), into }
}

async fn start(store: &Arc<dyn Store>, rules: Vec<Unwind>) -> Livewell {
    let livewell = open(store);
    let sources = vec![InProcess::new("s").unwind(rules).into_source()];
    let queries = vec![query("containers", CONTAINERS)];
    livewell.add(Setup { sources, queries, ..Setup::default() }).await.unwrap();
    livewell
}

fn pod(containers: &[(&str, &str)]) -> Change {
    let container = |(id, name): &(&str, &str)| {
        Value::Map(Map::from_iter([("id", Value::string(*id)), ("name", Value::string(*name))]).into())
    };
    let containers = Value::list(containers.iter().map(container).collect::<Vec<_>>());
    let status = Value::Map(Map::from_iter([("containers", containers)]).into());
    Change::insert(Node::new("p").label("Pod").set("name", "pod-1").set("status", status))
}

async fn send(livewell: &Livewell, change: Change) {
    livewell.source("s").unwrap().send(change).await.unwrap();
    idle(livewell).await;
    assert_verified(livewell, "containers");
}

fn shown(livewell: &Livewell) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::String(text) => text.to_string(),
        other => format!("{other:?}"),
    };
    let line = |row: Vec<Value>| row.iter().skip(1).map(text).collect::<Vec<_>>().join(" ");
    values(livewell, "containers").into_iter().map(line).collect()
}

#[tokio::test]
async fn parts_come_change_and_go_with_their_whole() {
    let livewell = start(&memory(), vec![rule("OWNS", Some("id"))]).await;
    send(&livewell, pod(&[("c1", "nginx"), ("c2", "redis")])).await;
    assert_eq!(shown(&livewell), ["c1 nginx", "c2 redis"]);
    let subscribed = livewell.results("containers").unwrap().sequence;
    send(&livewell, pod(&[("c3", "dapr"), ("c1", "nginx2")])).await;
    assert_eq!(shown(&livewell), ["c1 nginx2", "c3 dapr"]);
    let sequence = livewell.results("containers").unwrap().sequence;
    assert_eq!(sequence, subscribed + 1, "one transaction of the source is one result");
    send(&livewell, Change::delete("p")).await;
    assert_eq!(shown(&livewell), Vec::<String>::new());
}

#[tokio::test]
async fn what_cannot_be_unwound_is_refused_whole() {
    let livewell = start(&memory(), vec![rule("OWNS", Some("id"))]).await;
    send(&livewell, pod(&[("c1", "nginx")])).await;
    let source = livewell.source("s").unwrap();
    let part = Change::insert(Node::new("p/OWNS/c1").label("Container"));
    send(&livewell, Change::insert(Node::new("p/OWNS/c9").label("Other"))).await;
    for (change, says) in [
        (part, "is the id of a part that `unwind` makes"),
        (Change::delete("p-OWNS->p/OWNS/c1"), "is the id of a part"),
        (pod(&[("c9", "taken")]), "is the id of a part"),
        (pod(&[("c1", "a"), ("c1", "b")]), "two parts of `p`"),
        (
            Change::insert(Node::new("q").label("Pod").set("status", pod_status_of(1))),
            "is to be unwound and is a",
        ),
    ] {
        let refused = source.send(change).await.unwrap_err();
        assert_eq!(refused.code, "LW0537");
        assert!(refused.to_string().contains(says), "{refused}");
    }
    idle(&livewell).await;
    assert_eq!(shown(&livewell), ["c1 nginx"]);
}

fn pod_status_of(containers: i64) -> Value {
    Value::Map(Map::from_iter([("containers", Value::Int(containers))]).into())
}

#[tokio::test]
async fn changed_rules_replace_the_parts_of_all_that_is_stored() {
    let directory = tempfile::tempdir().unwrap();
    let store = disk(&directory);
    for (rules, expected) in [
        (vec![], vec![]),
        (vec![rule("OWNS", Some("id"))], vec!["c1 nginx", "c2 redis"]),
        (vec![rule("OWNS", None)], vec!["c1 nginx", "c2 redis"]),
        (vec![rule("HAS", Some("id"))], vec![]),
        (vec![rule("OWNS", Some("name"))], vec!["c1 nginx", "c2 redis"]),
        (vec![], vec![]),
    ] {
        let livewell = start(&store, rules).await;
        if livewell.source("s").unwrap().send(pod(&[("c1", "nginx"), ("c2", "redis")])).await.is_err() {
            panic!("the pod is taken in under any rules");
        }
        idle(&livewell).await;
        assert_verified(&livewell, "containers");
        assert_eq!(shown(&livewell), expected);
        livewell.shutdown().await;
    }
}
