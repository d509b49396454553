//! A panic in a component's thread is an error of this component: seen, counted as a failure, healed by a reset.

use crate::fixture::*;
use crate::moody::{Mood, Moody};
use livewell::IntoSource;
use livewell::{InProcess, Livewell, Recovery, Setup, State};
use livewell_reaction::{Delivered, Outgoing, Reaction, ReactionError, Role, Start, Started, Style};
use livewell_store::{Store, catalog};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const ALL: &str = "MATCH (n:N) RETURN n.id AS id";

/// A reaction that panics as long as it is told to.
#[derive(Clone, Default)]
struct Panicking {
    inner: Recorder,
    panics: Arc<AtomicBool>,
}

impl Reaction for Panicking {
    fn role(&self) -> Role {
        Role::Trigger
    }

    fn style(&self) -> Style {
        Style::Results
    }

    fn start(&mut self, start: &Start<'_>) -> Result<Started, ReactionError> {
        self.inner.start(start)
    }

    fn deliver(&mut self, results: &[Outgoing<'_>]) -> Result<Delivered, ReactionError> {
        assert!(!self.panics.load(Ordering::SeqCst), "on purpose");
        self.inner.deliver(results)
    }
}

fn number(store: &Moody, id: &str) -> u32 {
    catalog::find(&*store.snapshot().unwrap(), id).unwrap().unwrap().number
}

fn assert_panicked(livewell: &Livewell, id: &str) {
    let one = status(livewell, id);
    let error = one.error.unwrap();
    assert!(error.contains("LW0541") && error.contains(&format!("`{id}` panicked")), "{error}");
    assert_eq!((one.state, one.failures), (State::Error, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_of_one_is_its_error_the_others_continue_and_a_reset_heals_it() {
    let store = Moody::new();
    let shared: Arc<dyn Store> = Arc::new(store.clone());
    let livewell = open(&shared);
    let panicking = Panicking::default();
    let queries = vec![query("q", ALL), query("other", ALL)];
    let reactions = vec![
        reaction("r", "other", Recovery::Strict, panicking.clone()),
        reaction("calm", "other", Recovery::Strict, Recorder::default()),
    ];
    livewell
        .add(Setup {
            sources: vec![InProcess::new("s").into_source()],
            queries,
            reactions,
            ..Setup::default()
        })
        .await
        .unwrap();
    let source = livewell.source("s").unwrap();
    source.send(node("a", 1)).await.unwrap();
    idle(&livewell).await;

    // A query: in the commit, which it may lead for others.
    store.is(Mood::PanicsOver(number(&store, "q")));
    let _ = source.send(node("b", 1)).await;
    reach(&livewell, "q", State::Error).await;
    idle(&livewell).await;
    let others = ["s", "other", "r", "calm"];
    assert!(
        others.iter().all(|id| status(&livewell, id).state == State::CaughtUp),
        "{:#?}",
        livewell.status()
    );
    assert_eq!(rows(&livewell, "other").len(), 2);
    livewell.reset("q").unwrap();
    idle(&livewell).await;
    assert_eq!(status(&livewell, "q").state, State::CaughtUp);
    assert_verified(&livewell, "q");

    // A reaction.
    panicking.panics.store(true, Ordering::SeqCst);
    source.send(node("c", 1)).await.unwrap();
    reach(&livewell, "r", State::Error).await;
    assert_panicked(&livewell, "r");
    until(&livewell, "calm", |one| one.lag == 0).await;
    panicking.panics.store(false, Ordering::SeqCst);
    livewell.stop("r").await.unwrap();
    assert_eq!(status(&livewell, "r").state, State::Stopped);
    livewell.add_reaction(reaction("r", "other", Recovery::Strict, panicking.clone())).await.unwrap();
    idle(&livewell).await;
    assert_eq!(panicking.inner.sequences(), [1, 2, 3], "started again it continues from its checkpoint");
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_to_a_source_that_panicked_is_answered_at_once_and_a_reset_heals_it() {
    let store = Moody::new();
    let shared: Arc<dyn Store> = Arc::new(store.clone());
    let livewell = open(&shared);
    let source = livewell.add_source(InProcess::new("s")).await.unwrap();
    livewell.add_query(query("q", ALL)).await.unwrap();
    source.send(node("a", 1)).await.unwrap();
    idle(&livewell).await;
    store.is(Mood::PanicsOver(number(&store, "s")));
    assert_eq!(source.send(node("b", 1)).await.unwrap_err().code, "LW0525");
    reach(&livewell, "s", State::Error).await;
    assert_panicked(&livewell, "s");
    for _ in 0..5 {
        let begun = Instant::now();
        let error = source.send(node("b", 1)).await.unwrap_err();
        assert!(error.code == "LW0525" && error.message.contains("panicked"), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }
    idle(&livewell).await;
    livewell.reset("s").unwrap();
    until(&livewell, "s", |one| one.state == State::CaughtUp).await;
    source.send(node("c", 1)).await.unwrap();
    idle(&livewell).await;
    assert_eq!(rows(&livewell, "q").len(), 2);
    livewell.shutdown().await;
}
