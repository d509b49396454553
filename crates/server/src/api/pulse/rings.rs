//! What was measured lately, in rings: each second for five minutes, each ten seconds for two hours.

use super::quantile::quantile;
use livewell::{ComponentKind, Status, Timestamp};
use livewell_store::Histogram;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// How many components have rings of their own.
pub const COMPONENTS_MAX: usize = 1_000;
/// How long each second is kept.
const FINE: Steps = Steps { step: 1, most: 300 };
/// How long each ten seconds are kept.
const COARSE: Steps = Steps { step: 10, most: 720 };
/// Over how many coarse steps a lag has to grow to need somebody: a minute.
const GROWING: usize = 7;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Series {
    /// Transactions that sources have taken in, in a second.
    In,
    /// Results that queries have put out or a reaction has delivered, in a second.
    Out,
    /// The median time in seconds from a change to its result, or to the effect of a reaction.
    P50,
    /// The time that one in a hundred exceeds.
    P99,
    /// Sequences that it still has to read; of all, the most.
    Lag,
    /// Entries of logs and outboxes that are not read, or that a reaction has to deliver.
    Outbox,
    /// Failures in a second.
    Failures,
}

impl Series {
    /// All series.
    pub const ALL: [Self; 7] =
        [Self::In, Self::Out, Self::P50, Self::P99, Self::Lag, Self::Outbox, Self::Failures];

    /// Returns its name in calls.
    pub fn name(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::P50 => "p50",
            Self::P99 => "p99",
            Self::Lag => "lag",
            Self::Outbox => "outbox",
            Self::Failures => "failures",
        }
    }
}

/// The length of a step in seconds, and how many are kept.
#[derive(Debug, Clone, Copy)]
struct Steps {
    step: u64,
    most: usize,
}

/// One value of each series; NaN if there is none.
type Sample = [f32; Series::ALL.len()];

const NOTHING: Sample = [f32::NAN; Series::ALL.len()];

/// What is counted and measured of a component, or of all.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    /// Transactions taken in so far, if it takes in any.
    pub taken: Option<u64>,
    /// Results put out or delivered so far, if there are any.
    pub out: Option<u64>,
    /// Failures so far.
    pub failures: u64,
    /// What it still has to read.
    pub lag: Option<u64>,
    /// What of it is not read.
    pub unread: Option<u64>,
    /// How long it took from a change on, so far.
    pub took: Option<Histogram>,
}

impl Counted {
    /// Returns what is known of a component.
    pub fn of(status: &Status, took: Option<Histogram>) -> Self {
        let is = |kind: ComponentKind| status.kind == kind;
        let is_source = is(ComponentKind::Source);
        Self {
            taken: is_source.then_some(status.entries),
            out: (!is_source).then_some(status.entries),
            failures: status.failures,
            lag: (!is_source).then_some(status.lag),
            unread: Some(if is(ComponentKind::Reaction) { status.lag } else { status.unread }),
            took,
        }
    }
}

/// The rings of one component, or of all together.
#[derive(Debug, Default)]
struct Track {
    fine: Ring,
    coarse: Ring,
}

#[derive(Debug, Default)]
struct Ring {
    samples: VecDeque<Sample>,
    /// What was counted at the last sample, and when.
    last: Option<(Duration, Counted)>,
}

/// The rings of all.
#[derive(Debug, Default)]
pub struct Rings {
    all: Track,
    components: HashMap<String, Track>,
    /// The time of the last look, since the first one and by the machine's clock.
    now: Duration,
    at: Option<Timestamp>,
}

/// What was measured, as it is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The length of a step in seconds.
    pub step: u64,
    /// When the last step ended.
    pub until: Option<Timestamp>,
    /// Each series that was asked for, the oldest value first.
    pub series: Vec<(Series, Vec<Option<f64>>)>,
}

impl Rings {
    /// Adds a look, `now` after the first one.
    pub fn look(&mut self, now: Duration, at: Timestamp, all: Counted, components: Vec<(String, Counted)>) {
        let before = std::mem::replace(&mut self.now, now);
        self.at = Some(at);
        let due = |steps: Steps| now.as_secs() / steps.step - before.as_secs() / steps.step;
        let due = (due(FINE), due(COARSE));
        self.all.look(now, due, all);
        let mut tracks = std::mem::take(&mut self.components);
        for (id, counted) in components.into_iter().take(COMPONENTS_MAX) {
            let mut track = tracks.remove(&id).unwrap_or_default();
            track.look(now, due, counted);
            self.components.insert(id, track);
        }
    }

    /// Returns these series of the last minutes: of a component, or of all; `None` for one without rings.
    pub fn read(&self, id: Option<&str>, minutes: u64, asked: &[Series]) -> Option<Measured> {
        let track = match id {
            Some(id) => self.components.get(id)?,
            None => &self.all,
        };
        let seconds = minutes * 60;
        let is_fine = seconds <= FINE.step * FINE.most as u64;
        let (ring, steps) = if is_fine { (&track.fine, FINE) } else { (&track.coarse, COARSE) };
        let wanted = (seconds / steps.step) as usize;
        let series = asked.iter().map(|series| (*series, ring.read(*series, wanted))).collect();
        Some(Measured { step: steps.step, until: self.at, series })
    }

    /// Returns by how much the lag of a component has grown, if it has in each step of the last minute.
    pub fn growth(&self, id: &str) -> Option<u64> {
        let samples = &self.components.get(id)?.coarse.samples;
        let lags = samples.iter().skip(samples.len().checked_sub(GROWING)?);
        let lags: Vec<f32> = lags.map(|sample| sample[Series::Lag as usize]).collect();
        let grows = lags.windows(2).all(|two| two[0] < two[1]);
        grows.then(|| (lags[GROWING - 1] - lags[0]) as u64)
    }
}

impl Track {
    fn look(&mut self, now: Duration, (fine, coarse): (u64, u64), counted: Counted) {
        if coarse > 0 || self.coarse.last.is_none() {
            self.coarse.look(now, coarse, COARSE.most, counted.clone());
        }
        if fine > 0 || self.fine.last.is_none() {
            self.fine.look(now, fine, FINE.most, counted);
        }
    }
}

impl Ring {
    /// Adds a sample; if several steps are due, those before it have none.
    fn look(&mut self, now: Duration, due: u64, most: usize, counted: Counted) {
        if let Some((then, before)) = self.last.take() {
            for _ in 1..due.min(most as u64) {
                self.push(NOTHING, most);
            }
            let sample = sample(now.saturating_sub(then).as_secs_f64(), &before, &counted);
            self.push(sample, most);
        }
        self.last = Some((now, counted));
    }

    fn push(&mut self, sample: Sample, most: usize) {
        if self.samples.len() == most {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
    }

    /// Returns the last `wanted` values.
    fn read(&self, series: Series, wanted: usize) -> Vec<Option<f64>> {
        let had = self.samples.len().min(wanted);
        let value = |sample: &Sample| {
            let value = f64::from(sample[series as usize]);
            (!value.is_nan()).then(|| (value * 1e6).round() / 1e6)
        };
        let values = self.samples.iter().skip(self.samples.len() - had).map(value);
        std::iter::repeat_n(None, wanted - had).chain(values).collect()
    }
}

/// Returns what has happened between two looks.
fn sample(seconds: f64, before: &Counted, now: &Counted) -> Sample {
    let seconds = seconds.max(1e-3);
    // A component that was removed takes what it had counted along.
    let rate = |then: u64, now: u64| (now.saturating_sub(then) as f64 / seconds) as f32;
    let rate_of =
        |then: Option<u64>, now: Option<u64>| then.zip(now).map_or(f32::NAN, |(then, now)| rate(then, now));
    let level = |value: Option<u64>| value.map_or(f32::NAN, |value| value as f32);
    let took = |share: f64| {
        let both = before.took.as_ref().zip(now.took.as_ref());
        both.and_then(|(then, now)| quantile(then, now, share)).map_or(f32::NAN, |seconds| seconds as f32)
    };
    let mut sample = NOTHING;
    sample[Series::In as usize] = rate_of(before.taken, now.taken);
    sample[Series::Out as usize] = rate_of(before.out, now.out);
    sample[Series::P50 as usize] = took(0.5);
    sample[Series::P99 as usize] = took(0.99);
    sample[Series::Lag as usize] = level(now.lag);
    sample[Series::Outbox as usize] = level(now.unread);
    sample[Series::Failures as usize] = rate(before.failures, now.failures);
    sample
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(taken: u64, lag: u64) -> Counted {
        Counted { taken: Some(taken), lag: Some(lag), ..Counted::default() }
    }

    /// Looks once a second, `seconds` times.
    fn looked(seconds: u64, count: impl Fn(u64) -> Counted) -> Rings {
        let mut rings = Rings::default();
        for second in 0..=seconds {
            let of_one = vec![("one".to_owned(), count(second))];
            let at = Timestamp(i64::try_from(second).unwrap());
            rings.look(Duration::from_secs(second), at, count(second), of_one);
        }
        rings
    }

    fn values(rings: &Rings, id: Option<&str>, minutes: u64, series: Series) -> (u64, Vec<Option<f64>>) {
        let mut read = rings.read(id, minutes, &[series]).unwrap();
        (read.step, read.series.remove(0).1)
    }

    #[test]
    fn what_is_counted_becomes_a_rate_in_both_rings_and_what_was_before_is_nothing() {
        let rings = looked(100, |second| counted(3 * second, 0));
        let (step, fine) = values(&rings, None, 2, Series::In);
        assert_eq!((step, fine.len()), (1, 120));
        assert_eq!((fine[19], fine[20], fine[119]), (None, Some(3.0), Some(3.0)));
        let (step, coarse) = values(&rings, Some("one"), 10, Series::In);
        assert_eq!((step, coarse.len()), (10, 60));
        assert_eq!((coarse[49], coarse[50], coarse[59]), (None, Some(3.0), Some(3.0)));
        assert_eq!(values(&rings, None, 1, Series::Out).1, [None; 60]);
        assert!(rings.read(Some("two"), 1, &[]).is_none());
    }

    #[test]
    fn rings_hold_so_much_and_no_more() {
        let rings = looked(2_000, |second| counted(0, second));
        let (_, fine) = values(&rings, None, 5, Series::Lag);
        assert_eq!((fine[0], fine[299]), (Some(1_701.0), Some(2_000.0)));
        assert_eq!(rings.all.fine.samples.len(), 300);
        assert_eq!(rings.all.coarse.samples.len(), 200);
    }

    #[test]
    fn looks_that_come_late_leave_a_hole_of_the_right_width() {
        let mut rings = looked(10, |second| counted(second, 0));
        rings.look(Duration::from_millis(14_200), Timestamp(0), counted(52, 0), Vec::new());
        let (_, fine) = values(&rings, None, 1, Series::In);
        assert_eq!(fine[56..59], [None; 3]);
        assert_eq!(fine[59], Some(10.0));
        assert!(rings.read(Some("one"), 1, &[]).is_none(), "it was removed");
    }

    #[test]
    fn a_lag_grows_only_if_it_does_all_the_minute() {
        let growth = |lag: fn(u64) -> u64| looked(75, |second| counted(0, lag(second))).growth("one");
        assert_eq!(growth(|second| second), Some(60));
        assert_eq!(growth(|_| 1_000), None);
        assert_eq!(growth(|second| 1_000 - second), None);
        assert_eq!(growth(|second| if second < 30 { 100 - second } else { second }), None);
        assert_eq!(looked(50, |second| counted(0, second)).growth("one"), None, "there was no minute yet");
    }
}
