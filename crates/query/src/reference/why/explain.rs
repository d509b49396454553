//! Why a row is there: the steps from the elements to the row with a key.
//!
//! Keys of rows only grow from one barrier (a group, DISTINCT or a window) to the next. So behind the last barrier one
//! row of each stage has a key with which the row's key begins; these are shown. What came before a barrier is explained
//! by one of the rows that it was made of, in the same way.

use super::super::binding::{Binding, Rows, all, filter, rows};
use super::super::graph::Graph;
use super::super::order;
use super::super::projection;
use super::answer::{Members, Rank, Step};
use super::describe::Describing;
use super::look::Look;
use super::run::start;
use super::stages::{Does, Stage, Stages};
use super::union::Union;
use crate::expression::EvalError;
use livewell_model::key;
use std::collections::BTreeSet;
use std::rc::Rc;

/// How many members of a group, and rows before one in an order, are shown.
const MEMBERS: usize = 20;
const BEFORE: usize = 5;

/// The steps that are explained, each with its number.
pub(super) type Numbered = Vec<(usize, Step)>;

/// Explains rows of one query.
pub(super) struct Explaining<'a> {
    pub(super) stages: &'a Stages,
    pub(super) describing: Describing<'a>,
    /// How many partial matches may be looked at for one part.
    pub(super) matches: u64,
}

impl<'a> Explaining<'a> {
    fn graph(&self) -> &'a Graph {
        self.describing.graph
    }

    fn look(&self) -> Look<'a> {
        Look::new(self.graph(), self.stages, self.matches)
    }

    /// Explains the row of the stage before `end` that has this key, or whose key it begins with; `None` if there is none.
    ///
    /// # Errors
    /// Returns the errors of the evaluation.
    pub(super) fn row(&self, end: usize, key: &[u8]) -> Result<Option<(Numbered, Binding)>, EvalError> {
        let barrier = self.stages.barrier(end);
        let first = match barrier {
            None => start(),
            Some(barrier) => match self.made(barrier, key)? {
                Some(row) => row,
                None => return Ok(None),
            },
        };
        let mut steps = Numbered::new();
        if let Some(barrier) = barrier {
            self.barrier(barrier, &first, &mut steps)?;
        }
        let mut row = first;
        for stage in &self.stages.stages[barrier.map_or(0, |barrier| barrier + 1)..end] {
            let Some(next) = self.next(stage, &row, key)? else { return Ok(None) };
            self.passed(stage, (&row, &next), &mut steps)?;
            row = next;
        }
        Ok(Some((steps, row)))
    }

    /// The steps of such a row; none if there is none.
    ///
    /// # Errors
    /// Returns the errors of the evaluation.
    pub(super) fn steps(&self, end: usize, key: &[u8]) -> Result<Numbered, EvalError> {
        Ok(self.row(end, key)?.map(|(steps, _)| steps).unwrap_or_default())
    }

    /// The row that a barrier has made with which the key begins.
    fn made(&self, barrier: usize, key: &[u8]) -> Result<Option<Binding>, EvalError> {
        let look = self.look();
        for row in self.stages.run((0, barrier + 1), rows([start()]), &look)? {
            let row = row?;
            if key.starts_with(&row.key) {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// The row that a stage makes of another one, with which the key begins.
    fn next(&self, stage: &Stage, row: &Binding, key: &[u8]) -> Result<Option<Binding>, EvalError> {
        let look = self.look().at_key(key);
        stage.run(rows([row.clone()]), &look)?.next().transpose()
    }

    /// Adds the steps of a stage that the row `before` has passed.
    fn passed(
        &self,
        stage: &Stage,
        (before, behind): (&Binding, &Binding),
        steps: &mut Numbered,
    ) -> Result<(), EvalError> {
        for at in 0..stage.about.len() {
            let mut step = self.describing.of_row(stage, at, behind)?;
            step.ok = Some(true);
            if let Does::Optional { within, .. } = &stage.does {
                self.optional(within, (before, behind), &mut step)?;
            }
            if let Does::Call(_) = &stage.does {
                let from = before.values.len();
                step.elements =
                    self.describing.elements_between(&stage.names, behind, from, behind.values.len());
            }
            steps.push((stage.step + at, step));
        }
        Ok(())
    }

    /// Adds what stands in an OPTIONAL MATCH: what it has matched, or how far it has come.
    fn optional(
        &self,
        within: &Stages,
        (before, behind): (&Binding, &Binding),
        step: &mut Step,
    ) -> Result<(), EvalError> {
        let look = self.look();
        let mut counted = 0;
        within.each(before.clone(), &look, &mut |_| {
            counted += 1;
            Ok(true)
        })?;
        if counted == 0 {
            step.note = Some("nothing matches, so its variables are null".to_owned());
        }
        let mut row = Some(before.clone());
        for stage in &within.stages {
            if counted > 0
                && let Some(now) = &row
            {
                row = self.next(stage, now, &behind.key)?;
            }
            for at in 0..stage.about.len() {
                let shown = row.as_ref().filter(|_| counted > 0);
                let mut inner = match shown {
                    Some(row) => self.describing.of_row(stage, at, row)?,
                    None => self.describing.step(&stage.about[at]),
                };
                let left = look.left(stage.step + at);
                inner.left = Some(left);
                inner.ok = Some(left > 0);
                step.steps.push(inner);
            }
        }
        Ok(())
    }

    /// Adds the steps up to a barrier that has made a row, and that of the barrier.
    fn barrier(&self, barrier: usize, made: &Binding, steps: &mut Numbered) -> Result<(), EvalError> {
        let stage = &self.stages.stages[barrier];
        let mut step = self.describing.of_row(stage, 0, made)?;
        step.ok = Some(true);
        let before = match &stage.does {
            Does::Window(_) => {
                let (rank, row) = self.rank(barrier, &made.key)?;
                step.rank = Some(rank);
                row
            }
            _ => {
                let (members, first) = self.members(barrier, &made.key)?;
                step.members = Some(members);
                step.used = self.describing.columns(stage, made);
                first
            }
        };
        match before {
            Some(before) => steps.extend(self.steps(barrier, &before.key)?),
            // All rows are one group, and there are none.
            None => step.steps = self.counted(barrier)?,
        }
        steps.push((stage.step, step));
        Ok(())
    }

    /// The rows that a group or a distinct row was made of, and the first of them.
    fn members(&self, barrier: usize, of: &[u8]) -> Result<(Members, Option<Binding>), EvalError> {
        let (stage, look) = (&self.stages.stages[barrier], self.look());
        let (mut count, mut first, mut shown) = (0, None, Vec::new());
        for row in self.stages.run((0, barrier), rows([start()]), &look)? {
            let row = row?;
            if stage.member_of(&row, self.graph())? != of {
                continue;
            }
            count += 1;
            if shown.len() < MEMBERS {
                shown.push(self.describing.member(self.stages.names_before(barrier), &row));
            }
            first.get_or_insert(row);
        }
        Ok((Members { count, first: shown }, first))
    }

    /// The place of a row in the order of a window, and the row before that.
    pub(super) fn rank(&self, barrier: usize, of: &[u8]) -> Result<(Rank, Option<Binding>), EvalError> {
        let (stage, look) = (&self.stages.stages[barrier], self.look());
        let Does::Window(projecting) = &stage.does else {
            unreachable!("only a window has an order to keep a part of")
        };
        let ordering = &projecting.ordering;
        let graph = self.graph();
        let before = graph.meter.held();
        let placed = self.stages.run((0, barrier), rows([start()]), &look)?;
        let mut ordered = all(Box::new(placed.map(|row| ordering.placed(row?, graph))), graph)?;
        order::sort(&mut ordered);
        let found = ordered.iter().position(|row| row.key == of);
        let from = found.unwrap_or(0).saturating_sub(BEFORE);
        let names = self.stages.names_before(barrier);
        let shown = ordered[from..found.unwrap_or(0)].iter().map(|row| self.describing.member(names, row));
        let rank = Rank {
            rank: found.map(|found| found as u64 + 1),
            of: ordered.len() as u64,
            skip: ordering.skip.unwrap_or(0) as u64,
            limit: ordering.limit.map(|limit| limit as u64),
            before: shown.collect(),
        };
        let row = found.map(|found| ordered[found].clone());
        graph.meter.reset(before);
        Ok((rank, row))
    }

    /// How many rows are left after each step before a stage.
    fn counted(&self, end: usize) -> Result<Vec<Step>, EvalError> {
        let look = self.look();
        self.stages.run((0, end), rows([start()]), &look)?.try_for_each(|row| row.map(drop))?;
        Ok(self.left(self.stages, end, &look))
    }

    /// Runs all stages and adds the rows behind the last.
    ///
    /// # Errors
    /// Returns the errors of the evaluation.
    pub(super) fn all(&self, look: &Look<'_>, union: &mut Union) -> Result<(), EvalError> {
        let all = (0, self.stages.stages.len());
        self.stages.run(all, rows([start()]), look)?.try_for_each(|row| union.add(&row?, look.graph))
    }

    /// The steps before a stage, with what has passed each.
    pub(super) fn left(&self, stages: &Stages, end: usize, look: &Look<'_>) -> Vec<Step> {
        let mut steps = Vec::new();
        for stage in &stages.stages[..end] {
            for (at, about) in stage.about.iter().enumerate() {
                let mut step = self.describing.step(about);
                step.left = Some(look.left(stage.step + at));
                if let Does::Optional { within, .. } = &stage.does {
                    step.steps = self.left(within, within.stages.len(), look);
                }
                steps.push(step);
            }
        }
        steps
    }
}

impl Stage {
    /// The key of the row that this barrier makes of another row.
    pub(super) fn member_of(&self, row: &Binding, graph: &Graph) -> Result<Vec<u8>, EvalError> {
        match &self.does {
            Does::Group(projecting, _) => projecting.group_of(row, graph),
            Does::Distinct => Ok(key::of(&row.values)),
            _ => Ok(row.key.clone()),
        }
    }

    /// What a barrier makes of those rows that can become rows with these keys.
    pub(super) fn made_of<'a>(
        &'a self,
        rows_before: Rows<'a>,
        keys: &'a BTreeSet<Vec<u8>>,
        graph: &'a Graph,
    ) -> Result<Vec<Binding>, EvalError> {
        let is_member = move |row: &Binding| Ok(keys.contains(&self.member_of(row, graph)?));
        match &self.does {
            Does::Group(projecting, _) => {
                let around = Rc::from([]);
                projecting.project(&around, filter(rows_before, is_member), graph)?.collect()
            }
            Does::Distinct => projection::distinct(filter(rows_before, is_member), 0, graph),
            Does::Window(projecting) => {
                let window = projecting.ordering.run(rows_before, graph)?;
                filter(window, move |row| Ok(keys.contains(&row.key))).collect()
            }
            _ => unreachable!("only barriers have to see all rows"),
        }
    }
}
