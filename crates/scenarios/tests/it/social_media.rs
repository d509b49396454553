//! The social media data are read correctly, and the query over them, once it is supported, has the expected answers
//! after every set of changes.

use livewell_model::{AppliedTransaction, Element, ElementId, Map, Row, Timestamp, Value};
use livewell_query::{Engine, MemoryState};
use livewell_scenarios::data_file;
use livewell_scenarios::social_media::{QUERY, answer, answers, transactions};
use std::collections::BTreeMap;
use std::io::Write;

/// Returns the data of a size with the expected answers; `None`, with a notice, if the data folder is absent.
fn data(size: u32) -> Option<(Vec<AppliedTransaction>, Vec<String>)> {
    let folder = data_file("ttc");
    if !folder.is_dir() {
        say(&format!("SKIPPED: no social media data at {}; set LIVEWELL_DATA", folder.display()));
        return None;
    }
    let data = transactions(&folder, size).expect("the data");
    Some((data, answers(&folder, size).expect("the answers")))
}

/// Prints past the test harness, which hides the output of passing tests.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The answer to the query, computed without it: each comment climbs to its post.
#[derive(Default)]
struct Scores {
    parents: BTreeMap<ElementId, ElementId>,
    likes: Vec<ElementId>,
    posts: BTreeMap<ElementId, [Value; 2]>,
}

impl Scores {
    fn take_in(&mut self, transaction: &AppliedTransaction) {
        for change in &transaction.changes {
            match change.after.as_ref().expect("an insert") {
                Element::Relationship(via) if via.kind == "COMMENT_TO" => {
                    self.parents.insert(via.from.clone(), via.to.clone());
                }
                Element::Relationship(via) if via.kind == "LIKES" => self.likes.push(via.to.clone()),
                Element::Node(node) if node.has_label("Post") => {
                    let of = |name| node.properties.get(name).expect("a property").clone();
                    self.posts.insert(node.id.clone(), [of("id"), of("timestamp")]);
                }
                _ => {}
            }
        }
    }

    fn best(&self) -> String {
        let mut scores: BTreeMap<&ElementId, i64> = self.posts.keys().map(|id| (id, 0)).collect();
        let post_of = |mut id| {
            while let Some(parent) = self.parents.get(id) {
                id = parent;
            }
            id
        };
        for comment in self.parents.keys() {
            *scores.get_mut(post_of(comment)).expect("a post") += 10;
        }
        for comment in &self.likes {
            *scores.get_mut(post_of(comment)).expect("a post") += 1;
        }
        let row = |(id, score): (&&ElementId, &i64)| {
            let [number, timestamp] = self.posts[*id].clone();
            Row { key: vec![], columns: vec![number, Value::Int(*score), timestamp].into(), order: vec![] }
        };
        let ids = answer(&scores.iter().map(row).collect::<Vec<_>>());
        ids.split('|').take(3).collect::<Vec<_>>().join("|")
    }
}

#[test]
fn the_data_are_those_of_the_expected_answers() {
    for size in [1, 8, 64] {
        let Some((transactions, answers)) = data(size) else { return };
        let mut scores = Scores::default();
        for (transaction, answer) in transactions.iter().zip(&answers) {
            scores.take_in(transaction);
            assert_eq!(scores.best(), *answer, "size {size}, transaction {}", transaction.sequence);
        }
    }
}

#[test]
fn the_maintained_answers_are_the_expected_ones() {
    let engine = match Engine::compile(QUERY, &Map::new()) {
        Ok(engine) => engine,
        Err(refusal) => return say(&format!("UNSUPPORTED: the social media query: {refusal}")),
    };
    for size in [1, 8] {
        let Some((transactions, answers)) = data(size) else { return };
        let mut state = MemoryState::new();
        engine.begin(&mut state, Timestamp(0)).expect("a step");
        for (transaction, expected) in transactions.iter().zip(&answers) {
            engine.step(&mut state, transaction).expect("a step");
            let rows: Vec<_> = state.rows().into_iter().map(|(_, row)| row).collect();
            assert_eq!(answer(&rows), *expected, "size {size}, transaction {}", transaction.sequence);
        }
    }
}
