//! The laws of sources, held by every kind, and by one that only these tests have.

use super::support::{append, line};
use livewell_model::{Change, Element, ElementId, Map, Node, Transaction};
use livewell_source::file::Files;
use livewell_source::settings::{FileSettings, OnError};
use livewell_source::source::{Commit, Input, POSITION, Patience, Read, ReadLimits, Report, Stored};
use livewell_source::testkit::laws::{self, Bench};
use livewell_source::{InputError, Profile, Source, SourceError};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A file that is followed.
struct Log {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Log {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ops.jsonl");
        std::fs::write(&path, "").unwrap();
        Self { _folder: folder, path }
    }
}

impl Bench for Log {
    type Source = Files;

    fn make(&self) -> Box<dyn Fn() -> Files> {
        let settings = FileSettings { on_error: OnError::Park, ..FileSettings::new("s", &self.path) };
        Box::new(move || Files::new(settings.clone()))
    }

    fn put(&mut self, number: u64) {
        append(&self.path, &line(&self.id(number)));
    }

    fn id(&self, number: u64) -> String {
        format!("n{number}")
    }

    fn spoil(&mut self) -> bool {
        append(&self.path, "not a change\n");
        true
    }
}

#[test]
fn a_file_that_is_followed_holds_the_laws() {
    laws::check(Log::new);
}

/// Numbers in memory: what somebody else's source is like.
#[derive(Clone, Default)]
struct Numbers {
    /// What the other side has: a number, or a text that is not a number.
    upstream: Arc<Mutex<Vec<String>>>,
    at: usize,
    read: VecDeque<String>,
}

impl Numbers {
    fn transaction(text: &str) -> Result<Transaction, InputError> {
        let number: u64 =
            text.parse().map_err(|_| InputError::new(livewell_source::error::code::SHAPE, "not a number"))?;
        let id = ElementId::new("s", format!("n{number}").as_str());
        let node = Node { id, labels: vec!["N".into()], properties: Map::new() };
        Ok(Transaction { changes: vec![Change::Insert(Element::from(node))], timestamp: None })
    }
}

impl Source for Numbers {
    fn profile(&self) -> Profile {
        Profile::new("numbers", "numbers")
    }

    fn open(&mut self, stored: &dyn Stored) -> Result<(), SourceError> {
        let position = stored.note(POSITION)?.and_then(|bytes| bytes.try_into().ok());
        self.at = position.map_or(0, usize::from_be_bytes);
        self.read.clear();
        Ok(())
    }

    fn read(&mut self, limits: ReadLimits, _: Duration, _: &dyn Patience) -> Result<Read, SourceError> {
        let upstream = self.upstream.lock().unwrap();
        self.read.extend(upstream.iter().skip(self.at).take(limits.transactions).cloned());
        if self.read.is_empty() {
            Ok(Read::nothing(Duration::from_millis(10)))
        } else {
            Ok(Read::TRANSACTIONS)
        }
    }

    fn take_in(&mut self, commit: &mut dyn Commit) -> Result<(), SourceError> {
        for text in self.read.drain(..) {
            let place = format!("number {}", self.at);
            let input = Input { place: &place, part: 0, text: Some(&text), is_whole: true };
            match Self::transaction(&text) {
                Ok(transaction) => commit.add_read(transaction, &input)?,
                Err(error) => commit.park(&input, &error.about(&place))?,
            }
            self.at += 1;
        }
        commit.put_note(POSITION, Some(self.at.to_be_bytes().to_vec()));
        Ok(())
    }

    fn report(&self) -> Report {
        let all = self.upstream.lock().unwrap().len();
        Report { behind_messages: Some((all - self.at) as u64), ..Report::default() }
    }
}

impl Bench for Numbers {
    type Source = Self;

    fn make(&self) -> Box<dyn Fn() -> Self> {
        let new = self.clone();
        Box::new(move || new.clone())
    }

    fn put(&mut self, number: u64) {
        self.upstream.lock().unwrap().push(number.to_string());
    }

    fn id(&self, number: u64) -> String {
        format!("n{number}")
    }

    fn spoil(&mut self) -> bool {
        self.upstream.lock().unwrap().push("many".into());
        true
    }
}

#[test]
fn a_source_of_somebody_else_holds_the_laws() {
    laws::check(Numbers::default);
}

#[test]
#[should_panic(expected = "not what was put there")]
fn a_source_that_stores_its_position_too_early_breaks_them() {
    laws::check(Hasty::default);
}

/// Moves its position when it reads, and so past what it loses with a commit.
#[derive(Clone, Default)]
struct Hasty {
    inner: Numbers,
    /// Kept over a kill, as no source may.
    at: Arc<Mutex<usize>>,
}

impl Source for Hasty {
    fn profile(&self) -> Profile {
        self.inner.profile()
    }

    fn open(&mut self, _: &dyn Stored) -> Result<(), SourceError> {
        self.inner.at = *self.at.lock().unwrap();
        self.inner.read.clear();
        Ok(())
    }

    fn read(
        &mut self,
        limits: ReadLimits,
        wait: Duration,
        patience: &dyn Patience,
    ) -> Result<Read, SourceError> {
        let read = self.inner.read(limits, wait, patience);
        *self.at.lock().unwrap() = self.inner.at + self.inner.read.len();
        read
    }

    fn take_in(&mut self, commit: &mut dyn Commit) -> Result<(), SourceError> {
        self.inner.take_in(commit)
    }

    fn report(&self) -> Report {
        self.inner.report()
    }
}

impl Bench for Hasty {
    type Source = Self;

    fn make(&self) -> Box<dyn Fn() -> Self> {
        let new = self.clone();
        Box::new(move || new.clone())
    }

    fn put(&mut self, number: u64) {
        self.inner.put(number);
    }

    fn id(&self, number: u64) -> String {
        self.inner.id(number)
    }

    fn spoil(&mut self) -> bool {
        false
    }
}

#[cfg(feature = "nats")]
mod nats {
    use super::*;
    use async_nats::jetstream::{self, Context, stream};
    use livewell_services::Nats;
    use livewell_source::nats::Stream;
    use livewell_source::settings::NatsSettings;
    use tokio::runtime::Runtime;

    struct Broker {
        runtime: Runtime,
        jetstream: Context,
        nats: Nats,
    }

    impl Broker {
        fn new() -> Self {
            let (runtime, nats) = (Runtime::new().unwrap(), Nats::start());
            let config =
                stream::Config { name: "S".into(), subjects: vec!["s.>".into()], ..Default::default() };
            let jetstream = runtime.block_on(async {
                let jetstream = jetstream::new(async_nats::connect(nats.url()).await.unwrap());
                jetstream.create_stream(config).await.unwrap();
                jetstream
            });
            Self { runtime, jetstream, nats }
        }

        fn publish(&self, body: String) {
            let sent = async { self.jetstream.publish("s.a", body.into()).await.unwrap().await.unwrap() };
            self.runtime.block_on(sent);
        }
    }

    impl Bench for Broker {
        type Source = Stream;

        fn make(&self) -> Box<dyn Fn() -> Stream> {
            let settings =
                NatsSettings { on_error: OnError::Park, ..NatsSettings::new("s", self.nats.url(), "S") };
            Box::new(move || Stream::new(settings.clone()))
        }

        fn put(&mut self, number: u64) {
            self.publish(line(&self.id(number)));
        }

        fn id(&self, number: u64) -> String {
            format!("n{number}")
        }

        fn spoil(&mut self) -> bool {
            self.publish("not a change".into());
            true
        }
    }

    #[test]
    fn a_stream_of_messages_holds_the_laws() {
        laws::check(Broker::new);
    }
}
