//! Judges the scenarios of a file, on all cores, and counts by tier.

use crate::run::{Judgement, Settings, judge};
use crate::scenario::{File, Scenario};
use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// The outcome of the scenarios of one tier.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Answered, or rejected, as expected.
    pub passed: u64,
    /// Answered wrongly, or accepted where an error is expected.
    pub failed: u64,
    /// Rejected by a diagnostic.
    pub unsupported: u64,
}

/// A scenario that did not pass, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The scenario's id.
    pub id: String,
    /// Its tier.
    pub tier: String,
    /// Its query.
    pub query: String,
    /// What is wrong, or why it was rejected.
    pub why: String,
}

/// The outcome of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The counts by tier.
    pub tiers: BTreeMap<String, Count>,
    /// The failed scenarios, in the order of the file.
    pub failures: Vec<Remark>,
    /// The unsupported ones, in the order of the file.
    pub unsupported: Vec<Remark>,
}

impl Report {
    /// Judges every scenario of the file whose tier begins with `tier`.
    pub fn of(file: &File, tier: &str, settings: Settings) -> Self {
        let scenarios: Vec<_> =
            file.scenarios().filter(|scenario| scenario.tier().starts_with(tier)).collect();
        let mut report = Self::default();
        for (scenario, judgement) in
            scenarios.iter().zip(judgements(&scenarios, |scenario| judge(scenario, settings)))
        {
            report.count(scenario, judgement);
        }
        report
    }

    fn count(&mut self, scenario: &Scenario<'_>, judgement: Judgement) {
        let count = self.tiers.entry(scenario.tier().to_owned()).or_default();
        let remark = |why| Remark {
            id: scenario.id().to_owned(),
            tier: scenario.tier().to_owned(),
            query: scenario.query().unwrap_or_default().to_owned(),
            why,
        };
        match judgement {
            Judgement::Passed => count.passed += 1,
            Judgement::Failed(why) => {
                count.failed += 1;
                self.failures.push(remark(why));
            }
            Judgement::Unsupported(why) => {
                count.unsupported += 1;
                self.unsupported.push(remark(why));
            }
        }
    }
}

/// Returns the judgements of all scenarios in their order. A panic is a failure of the scenario that it occurs in.
fn judgements<S: Sync>(scenarios: &[S], judge: impl Fn(&S) -> Judgement + Sync) -> Vec<Judgement> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut mine = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(scenario) = scenarios.get(at) else { return mine };
            let judged = catch_unwind(AssertUnwindSafe(|| judge(scenario)));
            mine.push((at, judged.unwrap_or_else(|panic| Judgement::Failed(message(&*panic)))));
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let mut all = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let judged = workers.into_iter().map(|worker| worker.join().expect("a worker catches every panic"));
        judged.flatten().collect::<Vec<_>>()
    });
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, judgement)| judgement).collect()
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panicked: {}", text.unwrap_or("without a message"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_failure_of_its_scenario_alone() {
        let judge = |number: &u32| match number {
            2 => panic!("no {number}"),
            _ => Judgement::Passed,
        };
        let [one, two, three] = judgements(&[1, 2, 3], judge).try_into().expect("three judgements");
        assert_eq!([one, three], [Judgement::Passed, Judgement::Passed]);
        assert_eq!(two, Judgement::Failed("panicked: no 2".into()));
    }
}
