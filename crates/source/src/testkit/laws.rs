//! The laws of [`Source`], to be run on any source, also one of your own.
//!
//! A test implements [`Bench`] for the other side of its source and calls [`check`]. A law that does not hold panics and
//! names itself.

use super::{Driver, Fault};
use crate::source::{Read, Source};
use crate::{ErrorKind, SourceError};
use livewell_model::Change;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How long a read may wait, as in the pipeline.
const WAIT: Duration = Duration::from_millis(100);
/// How much longer than that a read without work may take.
const SLACK: Duration = Duration::from_secs(2);
/// How long a source may take to read what is there.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many transactions one step reads: few, so that there are many commits to lose.
const AT_ONCE: usize = 3;
/// After how many steps with something to write all of them succeed.
const HITS: usize = 30;
/// How many transactions come at first, and later.
const PUT: u64 = 20;

/// The other side of a source, with nothing in it at first.
pub trait Bench {
    /// The source.
    type Source: Source + 'static;

    /// Makes the source as a new process has it. It sets input aside that is not a change, if there can be such input.
    fn make(&self) -> Box<dyn Fn() -> Self::Source>;

    /// Puts a transaction there that inserts element number `number`; numbers come in their order.
    fn put(&mut self, number: u64);

    /// Returns the id of that element.
    fn id(&self, number: u64) -> String;

    /// Puts input there that is not a change; false if there is no such input.
    fn spoil(&mut self) -> bool;

    /// Returns the most that the source says it is behind when it has read everything; `None` if it cannot tell.
    fn behind_at_rest(&self) -> Option<u64> {
        Some(0)
    }
}

/// What a law is called, and what checks it with a bench of its own.
type Law<B> = (&'static str, fn(B));

/// Returns all laws.
fn laws<B: Bench>() -> [Law<B>; 6] {
    [
        ("killed anywhere, it takes in every transaction once and sets aside every piece once", killed),
        ("while the log is full nothing is lost", held_up),
        ("a transaction that is refused keeps nothing out that comes before it", refused),
        ("a stop is heard at once", stopped),
        ("it tells how far it is behind, and that it is not", told),
        ("a reset takes in again what is there", reset),
    ]
}

/// Checks every law, each with a bench of its own.
///
/// # Panics
/// If a law does not hold.
pub fn check<B: Bench>(make: impl Fn() -> B) {
    for (name, check) in laws::<B>() {
        let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(make())));
        if let Err(panic) = checked {
            tracing::error!("a source breaks a law: {name}");
            std::panic::resume_unwind(panic);
        }
    }
}

/// A source that runs over a bench.
struct Trial<B: Bench> {
    bench: B,
    driver: Driver<B::Source>,
    /// How many transactions and bad pieces were put there.
    put: u64,
    spoiled: usize,
}

impl<B: Bench> Trial<B> {
    fn new(bench: B) -> Self {
        let make = bench.make();
        let mut driver = Driver::new(make);
        driver.limits.transactions = AT_ONCE;
        Self { bench, driver, put: 0, spoiled: 0 }
    }

    /// Puts so many transactions there, and a bad piece after every fifth.
    fn put(&mut self, count: u64) {
        for _ in 0..count {
            self.put_good(1);
            if self.put.is_multiple_of(5) && self.bench.spoil() {
                self.spoiled += 1;
            }
        }
    }

    /// Puts so many transactions there.
    fn put_good(&mut self, count: u64) {
        (self.put..self.put + count).for_each(|number| self.bench.put(number));
        self.put += count;
    }

    fn step(&mut self, fault: Option<Fault>) -> Option<Read> {
        match self.driver.step_with(WAIT, fault) {
            Ok(read) => Some(read),
            // The other side may not have noticed yet that the previous process is gone.
            Err(SourceError { kind: ErrorKind::Unreachable, .. }) => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// Steps until everything is read. Every other step that has something to write fails in the next of these ways.
    fn settle(&mut self, faults: &[Fault]) {
        let began = Instant::now();
        let mut due = faults.iter().cycle().copied();
        let (mut fault, mut hits) = (due.next(), 0);
        loop {
            assert!(began.elapsed() < PATIENCE, "it does not come to an end: {:?}", self.driver.report());
            let Some(read) = self.step(fault) else { continue };
            if read.has_work {
                hits += 1;
                // Every other step succeeds, and at last all do: a source may have to go several steps together.
                fault = due.next().filter(|_| hits % 2 == 0 && hits < HITS);
            } else if read.caught_up {
                break;
            }
        }
        self.check_all_is_there();
    }

    /// Checks that every element is there, none came twice, and they came in their order.
    fn check_all_is_there(&self) {
        let memory = &self.driver.memory;
        let all: Vec<String> = (0..self.put).map(|number| self.bench.id(number)).collect();
        let live: BTreeSet<String> = memory.live.keys().map(ToString::to_string).collect();
        assert_eq!(live, all.iter().cloned().collect(), "not what was put there");
        let changes = memory.log.iter().flat_map(|logged| &logged.transaction.changes);
        // What is set aside may be deleted, whether it is there or not.
        let inserts = changes.filter(|change| matches!(change, Change::Insert(_)));
        let logged: Vec<String> = inserts.map(|change| change.id().id.to_string()).collect();
        assert!(all.ends_with(&logged), "not once each, in their order: {logged:?}");
        assert_eq!(memory.parked.len(), self.spoiled, "set aside: {:?}", memory.parked);
    }
}

const FAULTS: [Fault; 4] = [Fault::AfterRead, Fault::AfterTakeIn, Fault::CommitLost, Fault::BeforeDurable];

fn killed<B: Bench>(bench: B) {
    let mut trial = Trial::new(bench);
    for fault in FAULTS {
        trial.put(PUT);
        trial.settle(&[fault]);
    }
    trial.put(PUT);
    trial.settle(&FAULTS);
    // A process that finds nothing new commits nothing.
    let logged = trial.driver.memory.log.len();
    trial.driver.kill();
    trial.settle(&[]);
    assert_eq!(trial.driver.memory.log.len(), logged, "it took something in again");
}

fn held_up<B: Bench>(bench: B) {
    let mut trial = Trial::new(bench);
    trial.put(PUT);
    trial.settle(&[Fault::HeldUp, Fault::StoppedWhileHeldUp]);
    trial.put(PUT);
    trial.settle(&[Fault::StoppedWhileHeldUp]);
}

fn refused<B: Bench>(bench: B) {
    let mut trial = Trial::new(bench);
    trial.settle(&[]);
    trial.put_good(PUT);
    let (refused, began) = (trial.bench.id(PUT / 2), Instant::now());
    trial.driver.memory.refuse(Some(&refused));
    let before = trial.driver.memory.log.len();
    // What comes before it is taken in by itself, as the pipeline does.
    trial.driver.limits.transactions = 1;
    loop {
        assert!(began.elapsed() < PATIENCE, "it does not come to what is refused");
        match trial.driver.step(WAIT) {
            Err(error) if error.kind == ErrorKind::Unreachable => {}
            Err(error) => {
                assert!(error.message.contains(&refused), "{error}");
                break;
            }
            Ok(_) if !trial.driver.memory.parked.is_empty() => break,
            Ok(_) => {}
        }
    }
    let logged = &trial.driver.memory.log[before..];
    assert_eq!(logged.len() as u64, PUT / 2, "what comes before it is taken in");
}

fn stopped<B: Bench>(bench: B) {
    let mut trial = Trial::new(bench);
    trial.put(PUT);
    trial.settle(&[]);
    trial.driver.watcher.set_over(true);
    let began = Instant::now();
    trial.step(None);
    assert!(began.elapsed() < WAIT + SLACK, "a read took {:?}", began.elapsed());
    // Before it has begun, too.
    trial.driver.kill();
    let began = Instant::now();
    trial.step(None);
    assert!(began.elapsed() < WAIT + SLACK * 2, "to open and read took {:?}", began.elapsed());
    trial.driver.watcher.set_over(false);
    trial.put(1);
    trial.settle(&[]);
}

fn told<B: Bench>(bench: B) {
    let at_rest = bench.behind_at_rest();
    let mut trial = Trial::new(bench);
    trial.put(PUT);
    trial.settle(&[]);
    let behind = |trial: &Trial<B>| {
        let report = trial.driver.report();
        report.behind_bytes.or(report.behind_messages)
    };
    let is_at_rest =
        |trial: &Trial<B>| behind(trial).is_some() == at_rest.is_some() && behind(trial) <= at_rest;
    assert!(is_at_rest(&trial), "it has read everything and is {:?} behind", behind(&trial));
    trial.put(PUT);
    let began = Instant::now();
    let mut most = None;
    loop {
        assert!(began.elapsed() < PATIENCE, "it does not come to an end");
        let read = trial.step(None);
        most = most.max(behind(&trial));
        if read.is_some_and(|read| !read.has_work && read.caught_up) {
            break;
        }
    }
    assert_eq!(most.is_some_and(|most| most > 0), at_rest.is_some(), "it was at most {most:?} behind");
    assert!(is_at_rest(&trial), "it has read everything again and is {:?} behind", behind(&trial));
}

fn reset<B: Bench>(bench: B) {
    let mut trial = Trial::new(bench);
    // A copy sets aside again what it finds, beside what was set aside before.
    let put = if trial.driver.copies() { Trial::put_good } else { Trial::put };
    put(&mut trial, PUT);
    trial.settle(&[]);
    for fault in [None, Some(Fault::CommitLost)] {
        trial.driver.reset(None).expect("everything can be read again");
        trial.settle(fault.as_slice());
    }
    trial.put(PUT);
    trial.settle(&[]);
}
