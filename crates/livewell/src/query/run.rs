//! Runs a query: steps it while there is something to do, and rebuilds it when that is due.
//!
//! A query is a [task](crate::run::task): no thread is kept for it. A turn takes in what has come, up to a limit; what has
//! to be built is built [with others](super::builds).

use super::builds::{Build, Builds, Ending};
use super::drain::{Drain, Drained};
use super::due::Due;
use super::pipeline::{Outcome, Pipeline, Step, Submitted};
use super::seated::{Seated, Turn};
use crate::Error;
use crate::component::Component;
use crate::component::log::log;
use crate::component::state::State;
use crate::feed::follow;
use crate::run::recovery::{self, Decision, Keeps, broken};
use crate::run::supervise::{After, HELD_UP, LOOK, begin_reset, show_failure, stopped};
use crate::run::task::{Next, Task};
use livewell_store::head::Building;
use livewell_store::{IndexError, Moment, Resume};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// A query at work, turn by turn.
pub(crate) struct Running {
    pipeline: Arc<Pipeline>,
    held: Held,
    /// Whether it may take a seat: one that has lost its seat has to catch up alone before that.
    may_sit: bool,
    seated: Option<Seated>,
    builds: Arc<Builds>,
    /// The old rows, which are stepped to where a change takes effect, and the build that comes then.
    drain: Option<(Drain, Wanted)>,
    /// Whether stepping them has panicked, so that they end where they are.
    is_drained: bool,
    /// Its build, and whether a reset has asked for that.
    build: Option<(Arc<Build>, bool)>,
    /// The step that waits for its commit, and whether its followers have to hear of it.
    submitted: Option<(Step, bool)>,
}

/// A build that is due.
#[derive(Clone, Copy)]
struct Wanted {
    why: Building,
    /// Where the rows begin; `None`: where the upstreams are.
    at: Option<Moment>,
    /// Whether a reset has asked for it.
    is_reset: bool,
}

/// What keeps a query from going on.
enum Held {
    Nothing,
    /// It has not begun; it is in error then, until a reset, if it was refused.
    New(Option<Error>),
    /// It waits for a disk, until then.
    Until(Instant),
    /// It is in error, until a reset.
    InError,
}

impl Running {
    /// Creates the task of a query, which is in error until it is reset if it was refused at its start.
    pub(crate) fn new(pipeline: Pipeline, builds: &Arc<Builds>, refusal: Option<Error>) -> Self {
        Self {
            pipeline: Arc::new(pipeline),
            held: Held::New(refusal),
            may_sit: true,
            seated: None,
            builds: builds.clone(),
            drain: None,
            is_drained: false,
            build: None,
            submitted: None,
        }
    }

    fn component(&self) -> &Component {
        &self.pipeline.component
    }

    /// Returns when to go on if something keeps the query from it.
    fn held(&mut self) -> Option<Next> {
        match std::mem::replace(&mut self.held, Held::Nothing) {
            Held::Nothing => None,
            Held::New(refusal) => self.begin(refusal),
            Held::Until(at) => {
                let left = at.checked_duration_since(Instant::now())?;
                self.held = Held::Until(at);
                Some(Next::Wait(left))
            }
            Held::InError => {
                if begin_reset(&self.pipeline.shared, self.component()) {
                    return None;
                }
                self.held = Held::InError;
                Some(Next::Wait(LOOK))
            }
        }
    }

    fn begin(&mut self, refusal: Option<Error>) -> Option<Next> {
        let component = self.component();
        component.follows.iter().chain([&component.number]).for_each(|feed| self.pipeline.listen(*feed));
        component.set(State::Running);
        refusal.map(|error| self.fail(&error))
    }

    fn end(&mut self) -> Next {
        let pipeline = &self.pipeline;
        pipeline.shared.set_timer(&pipeline.component, None);
        stopped(&pipeline.shared, &pipeline.component);
        pipeline.component.follows.iter().for_each(|feed| pipeline.unlisten(*feed));
        Next::End
    }

    /// Shows a failure, and waits as its kind requires.
    fn fail(&mut self, error: &Error) -> Next {
        self.submitted = None;
        self.build = None;
        self.drain = None;
        self.leave();
        match show_failure(&self.pipeline.shared, self.component(), error) {
            After::Nothing => Next::Again,
            After::Ring(time) => Next::Wait(time),
            After::Time(time) => {
                self.held = Held::Until(Instant::now() + time);
                Next::Wait(time)
            }
            After::Reset => {
                self.held = Held::InError;
                Next::Wait(LOOK)
            }
        }
    }

    fn leave(&mut self) {
        if let Some(seated) = self.seated.take() {
            self.pipeline.leave(seated);
        }
    }

    fn work(&mut self) -> Result<Next, Error> {
        if let Some(seated) = &mut self.seated {
            let turn = self.pipeline.turn_seated(seated)?;
            return Ok(self.turned(turn));
        }
        if self.build.is_some() {
            return self.await_build();
        }
        if self.pipeline.shared.is_stopping(self.component()) {
            return Ok(self.end());
        }
        if let Some((drain, wanted)) =
            self.drain.as_ref().filter(|_| !self.component().reset.load(Ordering::Acquire))
        {
            let (drained, wanted) = (drain.turn()?, *wanted);
            return self.drained(drained, wanted);
        }
        if let Some(wanted) = self.due()? {
            return Ok(if self.drain.is_some() { Next::Again } else { self.ask_build(wanted, false) });
        }
        // One that lost its seat in the meantime does not take another at once.
        if std::mem::replace(&mut self.may_sit, false) {
            self.seated = self.pipeline.sit()?;
            if self.seated.is_some() {
                return Ok(Next::Again);
            }
            self.may_sit = true;
        }
        self.read_alone()
    }

    fn read_alone(&mut self) -> Result<Next, Error> {
        Ok(match self.pipeline.run(u64::MAX)? {
            Outcome::Stepped(submitted) => self.submit(submitted, true),
            Outcome::CaughtUp => {
                self.pipeline.rest();
                if std::mem::replace(&mut self.may_sit, true) { Next::Wait(LOOK) } else { Next::Again }
            }
            Outcome::Full => {
                self.component().set(State::Waiting);
                Next::Wait(HELD_UP)
            }
            Outcome::Broken { upstream, resume } => self.recover(upstream, &resume)?,
        })
    }

    fn turned(&mut self, turn: Turn) -> Next {
        match turn {
            Turn::Stepped(submitted) => self.submit(submitted, true),
            Turn::Stored(submitted) => self.submit(submitted, false),
            Turn::Idle(time) => Next::Wait(time),
            Turn::Left => {
                self.leave();
                Next::Again
            }
        }
    }

    fn submit(&mut self, Submitted { ticket, step }: Submitted, is_news: bool) -> Next {
        self.submitted = Some((step, is_news));
        Next::Commit(ticket)
    }

    /// Returns the build that is due, if one is, and prepares what comes before it.
    fn due(&mut self) -> Result<Option<Wanted>, Error> {
        let (pipeline, component) = (&self.pipeline, &self.pipeline.component);
        pipeline.shared.damages.check(component.number)?;
        let snapshot = pipeline.shared.store.snapshot()?;
        let due = pipeline.head(&snapshot)?.building;
        // One that waits for its upstreams shows that until they are ready.
        if (due.is_some() || component.reset.load(Ordering::Acquire)) && component.state() != State::Waiting {
            component.set(State::Running);
        }
        let is_reset = component.reset.swap(false, Ordering::AcqRel);
        // A reset is the way out of whatever holds the old rows, or makes a base impossible where it was to be.
        if is_reset {
            self.drain = None;
            let why = due.unwrap_or(Building::Rebuilt);
            return Ok(Some(Wanted { why, at: None, is_reset }));
        }
        let Some(why) = due else { return Ok(None) };
        let due = Due::read(&*snapshot, component.number)?;
        let wanted = Wanted { why, at: due.as_ref().map(|due| due.at), is_reset };
        if let Some(due) = due.filter(|_| !std::mem::take(&mut self.is_drained)) {
            let drain = Drain::of_former(pipeline, &snapshot, &due)?;
            self.drain = drain.map(|drain| (drain, wanted));
        }
        Ok(Some(wanted))
    }

    /// Goes on after a turn of the old rows.
    fn drained(&mut self, drained: Drained, wanted: Wanted) -> Result<Next, Error> {
        match drained {
            Drained::Stepped(submitted) => Ok(self.submit(submitted, true)),
            Drained::Waits => {
                self.component().set(State::Waiting);
                let (drain, at) = (self.drain.as_ref(), wanted.at);
                let is_read = |feed| drain.is_some_and(|(drain, _)| drain.reads(feed));
                let passed = at.map(|at| self.pipeline.pass_by(at, is_read)).transpose()?.flatten();
                Ok(passed.map_or(Next::Wait(HELD_UP), |submitted| self.submit(submitted, false)))
            }
            // What it reads may have stopped with everything else.
            Drained::Done if self.pipeline.shared.is_stopping(self.component()) => Ok(self.end()),
            Drained::Done => {
                self.drain = None;
                if let Some(submitted) = self.pipeline.end_former()? {
                    return Ok(self.submit(submitted, false));
                }
                Ok(self.ask_build(wanted, false))
            }
        }
    }

    fn ask_build(&mut self, Wanted { why, at, is_reset }: Wanted, is_alone: bool) -> Next {
        if !self.component().former.is_empty() {
            self.pipeline.shared.roster_mut().end_former(self.component());
        }
        self.build = Some((self.builds.ask(&self.pipeline, (why, at), is_alone), is_reset));
        Next::Again
    }

    /// Goes on once its build has ended.
    fn await_build(&mut self) -> Result<Next, Error> {
        let Some((build, is_reset)) = self.build.clone() else { return Ok(Next::Again) };
        if self.pipeline.shared.is_interrupted(self.component()) && build.withdraw() {
            self.build = None;
            return Ok(Next::Again);
        }
        let Some(ending) = build.ending() else {
            self.builds.look(&self.pipeline);
            return Ok(Next::Wait(LOOK));
        };
        self.build = None;
        let is_to_come = match &ending {
            Ending::Unready => true,
            Ending::Failed(error) => error.passes_by_itself(),
            Ending::Built | Ending::Long => false,
        };
        // A requested reset that has not begun must not be lost.
        self.component().reset.fetch_or(is_to_come && is_reset, Ordering::AcqRel);
        match ending {
            Ending::Built => {
                self.component().recovered();
                Ok(Next::Again)
            }
            Ending::Unready => Ok(self.unready()),
            Ending::Long => {
                let (why, at) = build.why();
                Ok(self.ask_build(Wanted { why, at, is_reset }, true))
            }
            Ending::Failed(error) => Err(error),
        }
    }

    /// Waits for the upstreams, and shows it if one of them is in error and may never be ready.
    fn unready(&self) -> Next {
        let component = self.component();
        match self.pipeline.shared.in_error(&component.follows) {
            Some(other) => component.blocked_by(&other),
            None => {
                component.recovered();
                component.set(State::Waiting);
            }
        }
        Next::Wait(HELD_UP)
    }

    fn recover(&mut self, upstream: usize, resume: &Resume) -> Result<Next, Error> {
        let (pipeline, component) = (&self.pipeline, self.component());
        let upstream = &pipeline.upstreams[upstream];
        let (changed, upstream) = (upstream, &upstream.id);
        let decision = recovery::of_state(resume, self.pipeline.settings.recovery);
        self.pipeline.shared.measures.recovered(component.kind, resume, decision.outcome());
        component.recovers(resume, decision.outcome());
        if decision == Decision::Stop {
            return Err(broken(&component.id, upstream, resume, Keeps::State));
        }
        if matches!(resume, Resume::Changed { .. }) {
            let begin = follow::open(&pipeline.shared.store.snapshot()?, changed)?.epoch()?.begin;
            tracing::info!(query = %component.id, upstream, "the upstream was changed; rebuilding from its snapshot");
            if let Some(at) = begin {
                let submitted = pipeline.mark_due(Building::Rebuilt, at)?;
                return Ok(self.submit(submitted, false));
            }
        } else {
            let code = recovery::code(resume);
            tracing::warn!(query = %component.id, code, upstream, "rebuilding from the upstream's snapshot");
        }
        Ok(self.ask_build(Wanted { why: Building::Rebuilt, at: None, is_reset: false }, false))
    }
}

impl Task for Running {
    fn turn(&mut self) -> Next {
        if !self.pipeline.shared.is_stopping(self.component())
            && let Some(next) = self.held()
        {
            return next;
        }
        self.work().unwrap_or_else(|error| self.fail(&error))
    }

    fn committed(&mut self, outcome: Result<(), IndexError>) -> Next {
        let Some((step, is_news)) = self.submitted.take() else { return Next::Again };
        if let Err(error) = outcome {
            return self.fail(&Error::from(error));
        }
        if is_news {
            self.pipeline.announce(step);
            self.component().set(State::Running);
        } else {
            self.component().progressed(step.results);
        }
        if let Some(seated) = &mut self.seated {
            self.pipeline.done(seated, step.version);
        }
        Next::Again
    }

    fn panicked(&mut self, error: &Error) -> Next {
        if self.drain.take().is_some() {
            log!(warn, self.component(), code = error.code, "the former definition ends here: {error}");
            self.is_drained = true;
            return Next::Again;
        }
        self.fail(error)
    }
}
