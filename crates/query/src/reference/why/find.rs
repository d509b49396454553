//! Looks for rows with what is given. If there are none: the first step at which nothing is left, and what came furthest.

use super::super::binding::{Binding, all, filter, rows};
use super::answer::Step;
use super::explain::{Explaining, Numbered};
use super::given::Placed;
use super::look::{Furthest, Look, soft};
use super::mark::Mark;
use super::run::start;
use super::stages::{Does, Stage};
use super::union::Union;
use crate::expression::EvalError;
use livewell_model::Value;
use std::collections::BTreeSet;

impl<'a> Explaining<'a> {
    /// Looks for rows with what is given, counts them, and returns the first.
    ///
    /// # Errors
    /// Returns the errors of the evaluation.
    pub(super) fn find(
        &self,
        placed: &Placed,
        look: &Look<'_>,
        union: &mut Union,
    ) -> Result<Option<Binding>, EvalError> {
        let mut now = vec![start()];
        let mut from = 0;
        for (barrier, stage) in
            self.stages.stages.iter().enumerate().filter(|(_, stage)| stage.does.is_barrier())
        {
            let before = all(self.stages.run((from, barrier), rows(now), look)?, look.graph)?;
            now = self.passed_barrier(barrier, stage, before, placed)?;
            now = filter(rows(now), |row| look.passes(stage.step, row)).collect::<Result<_, _>>()?;
            from = barrier + 1;
        }
        let mut first = None;
        for row in self.stages.run((from, self.stages.stages.len()), rows(now), look)? {
            let row = row?;
            if self.has_rest(placed, &row, look)? {
                union.add(&row, look.graph)?;
                first.get_or_insert(row);
            }
        }
        Ok(first)
    }

    /// What a barrier makes of all rows, as far as it comes from those that have what is given.
    fn passed_barrier(
        &self,
        barrier: usize,
        stage: &Stage,
        before: Vec<Binding>,
        placed: &Placed,
    ) -> Result<Vec<Binding>, EvalError> {
        let graph = self.describing.graph;
        let key = |row: &Binding| stage.member_of(row, graph);
        let keys = before.iter().map(key).collect::<Result<BTreeSet<_>, _>>()?;
        if !placed.is_before(stage.step) {
            let keys = if is_one_group(stage) { BTreeSet::from([Vec::new()]) } else { keys };
            return stage.made_of(rows(before), &keys, graph);
        }
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let look = Look::new(graph, self.stages, self.matches);
        stage.made_of(self.stages.run((0, barrier), rows([start()]), &look)?, &keys, graph)
    }

    /// Whether a finished row has what could not be looked for before.
    fn has_rest(&self, placed: &Placed, row: &Binding, look: &Look<'_>) -> Result<bool, EvalError> {
        look.is_finished(self.stages.steps, row);
        for (number, test) in placed.last() {
            if !soft(test.holds(row, look.graph))? {
                return Ok(false);
            }
            look.has_last(number, self.stages.steps, row);
        }
        Ok(true)
    }

    /// The steps of a row that has what is given.
    pub(super) fn present(
        &self,
        placed: &Placed,
        row: &Binding,
        look: &Look<'_>,
    ) -> Result<Vec<Step>, EvalError> {
        let steps = self.steps(self.stages.stages.len(), &row.key)?;
        let mut known = Known { steps, partial: Vec::new() };
        let marks = self.marks(placed);
        let mut shown = Vec::new();
        for mark in marks {
            // What came before a group of all rows is not known if there is none.
            if mark.phase == 1 && !known.has(mark.step) {
                continue;
            }
            let mut step = self.marked(mark, placed, &mut known);
            step.ok = Some(true);
            step.left = Some(left(mark, look));
            shown.push(step);
        }
        Ok(shown)
    }

    /// The steps for rows that are not there: those that something passes, the first that nothing does, and what is
    /// behind it.
    pub(super) fn absent(&self, placed: &Placed, look: &Look<'_>) -> Result<Vec<Step>, EvalError> {
        let furthest = look.furthest();
        let mut known = match &furthest {
            Some(furthest) => self.candidate(furthest)?,
            None => Known::default(),
        };
        let mut is_decided = false;
        let mut shown = Vec::new();
        let free = self.free(placed);
        for mark in self.marks(placed) {
            let mut step = self.marked(mark, placed, &mut known);
            let left = left(mark, look);
            step.left = Some(left);
            if is_decided {
                step.left = None;
                // What was evaluated on the candidate is shown as it is.
                step.ok = step.ok.filter(|_| step.value.is_some());
            } else if left > 0 || mark.step < free {
                step.ok = (left > 0).then_some(true);
            } else {
                is_decided = true;
                step.ok = Some(false);
                self.decided(mark, furthest.as_ref(), placed, &mut step)?;
            }
            shown.push(step);
        }
        Ok(shown)
    }

    /// The step before which nothing decides: a group of all rows is there without any, too.
    fn free(&self, placed: &Placed) -> usize {
        let groups =
            self.stages.stages.iter().filter(|stage| is_one_group(stage) && !placed.is_before(stage.step));
        groups.map(|stage| stage.step).max().unwrap_or(0)
    }

    /// All steps and what is given, in the order in which rows pass them.
    fn marks(&self, placed: &Placed) -> Vec<Mark> {
        let steps = self.stages.stages.iter().flat_map(|stage| stage.step..stage.step + stage.about.len());
        let given = (0..placed.count())
            .map(|given| placed.test(given).at.unwrap_or(Mark { step: self.stages.steps, phase: 2, given }));
        let mut marks: Vec<Mark> = steps.map(Mark::of_step).chain(given).collect();
        marks.sort_unstable();
        marks
    }

    /// The step at a mark, with what is known of it.
    fn marked(&self, mark: Mark, placed: &Placed, known: &mut Known) -> Step {
        if mark.phase != 1 {
            let test = placed.test(mark.given);
            return self.describing.given(&test.text, test.span);
        }
        known.take(mark.step).unwrap_or_else(|| {
            let (stage, at) = self.stages.at(mark.step);
            self.describing.step(&stage.about[at])
        })
    }

    /// What is known of the steps that the candidate has passed, and of conditions that it does not fulfil.
    fn candidate(&self, furthest: &Furthest) -> Result<Known, EvalError> {
        let (at, row) = (furthest.at, &furthest.row);
        if at.step >= self.stages.steps {
            let steps = self.steps(self.stages.stages.len(), &row.key)?;
            return Ok(Known { steps, partial: Vec::new() });
        }
        let place = self.stages.place(at.step);
        let stage = &self.stages.stages[place];
        let is_whole = at.phase != 0 && at.step + 1 == stage.step + stage.about.len();
        if is_whole {
            // The row behind the stage has its paths, too.
            let Some((steps, row)) = self.row(place + 1, &row.key)? else { return Ok(Known::default()) };
            let partial = self.conditions_behind(place + 1, &row)?;
            return Ok(Known { steps, partial });
        }
        let mut steps = self.steps(place, &row.key)?;
        for about in 0..stage.about.len() {
            let step = stage.step + about;
            if step > at.step || step == at.step && at.phase == 0 {
                break;
            }
            steps.push((step, self.describing.of_row(stage, about, row)?));
        }
        Ok(Known { steps, partial: Vec::new() })
    }

    /// The conditions behind a stage up to the next clause that does more, on a row that has passed the stage.
    fn conditions_behind(&self, from: usize, row: &Binding) -> Result<Numbered, EvalError> {
        let (mut row, mut conditions) = (row.clone(), Numbered::new());
        for stage in &self.stages.stages[from..] {
            match &stage.does {
                Does::Keep(_) => conditions.push((stage.step, self.describing.of_row(stage, 0, &row)?)),
                Does::Items(..) | Does::Order(_) => {
                    let look = Look::new(self.describing.graph, self.stages, self.matches);
                    let Some(projected) = stage.run(rows([row]), &look)?.next() else { break };
                    row = projected?;
                }
                _ => break,
            }
        }
        Ok(conditions)
    }

    /// Adds to the first step that nothing passes why the candidate does not.
    fn decided(
        &self,
        mark: Mark,
        furthest: Option<&Furthest>,
        placed: &Placed,
        step: &mut Step,
    ) -> Result<(), EvalError> {
        let graph = self.describing.graph;
        if mark.phase != 1 {
            let test = placed.test(mark.given);
            if let Some(id) = test.element() {
                let there = graph.node(id).is_some() || graph.has_relationship(id);
                if !there {
                    step.note = Some("no such element is in what the query reads".to_owned());
                }
            }
            if let Some(Furthest { row, .. }) = furthest
                && furthest.is_some_and(|furthest| furthest.at.step == mark.step && mark.phase == 2)
                && let Ok(value) = test.expr.eval(&row.values, graph)
            {
                step.value = Some(super::shown::shown(&value));
            }
            return Ok(());
        }
        let (stage, at) = self.stages.at(mark.step);
        match &stage.does {
            Does::Match(matching) => {
                let row = furthest.map(|furthest| &furthest.row);
                step.note = self.describing.unmatched(matching, at, row);
                if let Some(Value::Node(node)) = row
                    .filter(|_| furthest.is_some_and(|one| one.at.phase == 0))
                    .and_then(|row| row.values.last())
                {
                    step.elements = self.describing.node(stage, at, node);
                }
            }
            Does::Window(_) => {
                let key = furthest.map(|furthest| furthest.row.key.clone()).unwrap_or_default();
                let (rank, _) = self.rank(self.stages.place(mark.step), &key)?;
                step.rank = Some(rank);
            }
            Does::Unwind(_) => step.note = Some("its list is empty or null".to_owned()),
            Does::Call(_) => step.note = Some("its query has no rows for this one".to_owned()),
            _ => {}
        }
        Ok(())
    }
}

/// What is known of steps: those that are passed, and others that were evaluated.
#[derive(Default)]
struct Known {
    steps: Numbered,
    partial: Numbered,
}

impl Known {
    fn has(&self, number: usize) -> bool {
        self.steps.iter().any(|(step, _)| *step == number)
    }

    fn take(&mut self, number: usize) -> Option<Step> {
        for steps in [&mut self.steps, &mut self.partial] {
            if let Some(at) = steps.iter().position(|(step, _)| *step == number) {
                return Some(steps.remove(at).1);
            }
        }
        None
    }
}

fn left(mark: Mark, look: &Look<'_>) -> u64 {
    if mark.phase == 1 { look.left(mark.step) } else { look.given_left(mark.given) }
}

fn is_one_group(stage: &Stage) -> bool {
    matches!(&stage.does, Does::Group(projecting, _) if projecting.is_one_group())
}
