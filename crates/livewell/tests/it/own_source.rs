//! A source that a program brings along: it has what the kinds that come with Livewell have.

#[expect(dead_code, reason = "its `main` is for people")]
#[path = "../../examples/source.rs"]
mod example;

use crate::fixture::*;
use livewell::{Livewell, State};
use livewell_model::{Change, Element, ElementId, Map, Node, Transaction, Value};
use livewell_source::source::{Commit, Input, POSITION, Patience, Read, ReadLimits, Report, Stored};
use livewell_source::unwind::Unwind;
use livewell_source::{InputError, Profile, Source, SourceError, error::code};
use livewell_store::Store;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const ROWS: &str = "MATCH (n:N) RETURN n.x AS x";
const REST: Duration = Duration::from_millis(10);

/// Texts in memory, each a number.
#[derive(Clone, Default)]
struct Texts {
    all: Arc<Mutex<Vec<String>>>,
    /// How often it was opened without a position.
    begun: Arc<AtomicU64>,
    at: u64,
    read: Vec<String>,
    /// What its profile says beside the defaults.
    copies: bool,
    unwind: Vec<Unwind>,
}

impl Texts {
    fn push(&self, texts: &[&str]) {
        self.all.lock().unwrap().extend(texts.iter().map(|text| (*text).to_owned()));
    }
}

fn transaction(text: &str) -> Result<Transaction, InputError> {
    let x: i64 = text.parse().map_err(|_| InputError::new(code::SHAPE, "not a number"))?;
    let properties = Map::from_iter([("x", Value::Int(x))]);
    let node =
        Node { id: ElementId::new("s", format!("n{x}").as_str()), labels: vec!["N".into()], properties };
    Ok(Transaction { changes: vec![Change::Insert(Element::from(node))], timestamp: None })
}

impl Source for Texts {
    fn profile(&self) -> Profile {
        let (copies, unwind) = (self.copies, self.unwind.clone());
        Profile { parked_max: 2, copies, unwind, ..Profile::new("s", "texts") }
    }

    fn open(&mut self, stored: &dyn Stored) -> Result<(), SourceError> {
        let position = stored.note(POSITION)?.and_then(|bytes| bytes.try_into().ok());
        if position.is_none() {
            self.begun.fetch_add(1, Ordering::AcqRel);
        }
        // A note of its own has to go with the position.
        assert_eq!(stored.note(b"kept")?.is_some(), position.is_some());
        (self.at, self.read) = (position.map_or(0, u64::from_be_bytes), Vec::new());
        Ok(())
    }

    fn read(&mut self, limits: ReadLimits, _: Duration, _: &dyn Patience) -> Result<Read, SourceError> {
        let all = self.all.lock().unwrap();
        let from = usize::try_from(self.at).unwrap();
        self.read = all.iter().skip(from).take(limits.transactions).cloned().collect();
        Ok(if self.read.is_empty() { Read::nothing(REST) } else { Read::TRANSACTIONS })
    }

    fn take_in(&mut self, commit: &mut dyn Commit) -> Result<(), SourceError> {
        for text in self.read.drain(..) {
            let place = format!("text {}", self.at);
            let input = Input { place: &place, part: 0, text: Some(&text), is_whole: true };
            match transaction(&text) {
                Ok(transaction) => commit.add_read(transaction, &input)?,
                Err(error) => commit.park(&input, &error.about(&place))?,
            }
            self.at += 1;
        }
        commit.put_note(POSITION, Some(self.at.to_be_bytes().to_vec()));
        commit.put_note(b"kept", Some(vec![1]));
        Ok(())
    }

    fn parse_again(&mut self, _: Option<usize>, text: &str) -> Result<Transaction, InputError> {
        transaction(text)
    }

    fn report(&self) -> Report {
        let all = self.all.lock().unwrap().len() as u64;
        Report { behind_messages: Some(all.saturating_sub(self.at)), ..Report::default() }
    }
}

async fn start(store: &Arc<dyn Store>, texts: &Texts) -> Livewell {
    let livewell = open(store);
    livewell.add_source(texts.clone()).await.unwrap();
    livewell.add_query(query("all", ROWS)).await.unwrap();
    livewell
}

async fn come_to(livewell: &Livewell, numbers: &[i64]) {
    let expected: Vec<Vec<Value>> = numbers.iter().map(|x| vec![Value::Int(*x)]).collect();
    until(livewell, "all", |status| status.rows == expected.len() as u64).await;
    idle(livewell).await;
    assert_eq!(values(livewell, "all"), expected);
    assert_verified(livewell, "all");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_resumes_parks_retries_waits_for_room_and_is_reset_like_any_other() {
    let (folder, texts) = (tempfile::tempdir().unwrap(), Texts::default());
    texts.push(&["1", "one", "2"]);
    let livewell = start(&disk(&folder), &texts).await;
    come_to(&livewell, &[1, 2]).await;
    let parked = livewell.parked("s", 0, 9).unwrap();
    assert!(parked[0].reason.starts_with("text 1: not a number"), "{parked:?}");
    assert_eq!(status(&livewell, "s").upstream.unwrap().behind_messages, Some(0));
    livewell.shutdown().await;
    drop(livewell);

    texts.push(&["3"]);
    let livewell = start(&disk(&folder), &texts).await;
    come_to(&livewell, &[1, 2, 3]).await;
    assert_eq!(texts.begun.load(Ordering::Acquire), 1, "it resumed from what was stored");
    livewell.retry_parked_as("s", 1, "4").unwrap();
    come_to(&livewell, &[1, 2, 3, 4]).await;
    assert_eq!(status(&livewell, "s").parked, 0);

    texts.push(&["five", "six", "seven", "5"]);
    until(&livewell, "s", |one| one.state == State::Waiting && one.error.is_some()).await;
    let said = status(&livewell, "s").error.unwrap();
    assert!(said.contains("LW0222") && said.contains("text 6"), "{said}");
    livewell.discard_parked("s", None).unwrap();
    come_to(&livewell, &[1, 2, 3, 4, 5]).await;

    livewell.discard_parked("s", None).unwrap();
    *texts.all.lock().unwrap() = vec!["7".into(), "8".into()];
    livewell.reset("s").unwrap();
    until(&livewell, "s", |one| one.rows == 2 && one.state == State::CaughtUp).await;
    assert_eq!(texts.begun.load(Ordering::Acquire), 2, "a reset wipes what it has stored");
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_kind_under_its_id_is_refused_by_name() {
    let (store, texts) = (memory(), Texts::default());
    texts.push(&["1"]);
    let livewell = start(&store, &texts).await;
    come_to(&livewell, &[1]).await;
    livewell.shutdown().await;
    drop(livewell);
    let livewell = open(&store);
    livewell.add_source(livewell::InProcess::new("s")).await.unwrap();
    reach(&livewell, "s", State::Error).await;
    let error = status(&livewell, "s").error.unwrap();
    assert!(error.contains("was of `kind: texts` and is of `kind: http`"), "{error}");
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_copies_unwinds_no_lists() {
    let rule = serde_json::json!({
        "label": "N", "path": "lines", "relationship": "HAS", "into": { "label": "L", "id": "x" }
    });
    let unwind = vec![serde_json::from_value(rule).unwrap()];
    let livewell = open(&memory());
    let error = livewell.add_source(Texts { copies: true, unwind, ..Texts::default() }).await.unwrap_err();
    assert!(error.code == "LW0537" && error.message.contains("`s` copies"), "{error}");
    assert_eq!(livewell.status().unwrap().len(), 0, "nothing was added");
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_a_source_takes_every_note_in_once_and_sets_aside_what_is_none() {
    let place = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        // Started again, it resumes.
        let (titles, parked) = example::run(place.path()).await.unwrap();
        assert_eq!(titles, ["mend the net"]);
        assert!(
            matches!(&*parked, [reason] if reason.starts_with("note 1, column 1: not JSON")),
            "{parked:?}"
        );
    }
}
