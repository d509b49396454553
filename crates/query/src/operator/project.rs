//! Project: each row becomes the values of some expressions over it.
//!
//! Law: linear, so it keeps no state. Rows that become equal are added up.

use super::{Batch, Inputs, Operator, Step, Weighted, consolidate, only};
use crate::encoding::{Encode, encode_all};
use crate::expression::Compiled;
use crate::meter::{Meter, size};
use crate::state::StepError;
use livewell_model::Value;
use livewell_model::codec::Writer;

/// The version of this operator; [`super::Operator`] says when it is raised.
pub const LAYOUT: u16 = 1;

/// How one slot of the output comes about.
#[derive(Debug)]
pub enum Slot {
    /// It is a slot of the input.
    Keep(usize),
    /// It is computed.
    Compute(Compiled),
    /// It is the same on every row.
    Constant(Value),
    /// It is the list of the relationships of the trail in a slot of the input.
    Relationships(usize),
    /// It is the path through these slots of the input: nodes and what lies between them, in turn.
    Path(Vec<usize>),
}

impl Slot {
    /// The slot's value for a row of the input.
    ///
    /// # Errors
    /// Returns an error if its expression has no value, and the errors of [`Meter::hold`].
    pub fn eval(&self, input: &[Value], meter: &Meter) -> Result<Value, StepError> {
        let made = match self {
            Self::Keep(at) => return Ok(input[*at].clone()),
            Self::Compute(expression) => return Ok(expression.eval_in(input, meter)?),
            Self::Constant(value) => return Ok(value.clone()),
            Self::Relationships(at) => relationships(&input[*at]),
            Self::Path(parts) => path(parts, input),
        };
        meter.hold(size::owned(&made))?;
        Ok(made)
    }
}

/// A trail without the nodes between its relationships.
fn relationships(trail: &Value) -> Value {
    match trail {
        Value::List(steps) => Value::list(steps.iter().step_by(2).cloned().collect::<Vec<_>>()),
        other => other.clone(),
    }
}

fn path(parts: &[usize], row: &[Value]) -> Value {
    let mut steps = Vec::with_capacity(parts.len());
    let mut parts = parts.iter().map(|slot| &row[*slot]);
    while let Some(part) = parts.next() {
        match part {
            Value::List(trail) => {
                steps.extend(trail.iter().cloned());
                if trail.is_empty() {
                    // A trail of no relationship ends at the node it starts from, which is there already.
                    parts.next();
                }
            }
            element => steps.push(element.clone()),
        }
    }
    Value::Path(steps.into())
}

/// Computes the slots of each row from those of another.
#[derive(Debug)]
pub struct Project {
    slots: Vec<Slot>,
    /// Which slots of the input become which of the output, each for the first time.
    moved: Vec<(usize, usize)>,
    /// Which slots of the output have the value of which other one.
    copied: Vec<(usize, usize)>,
    /// How many slots come before those of the input, if all of those follow as they are: then a row grows where it is.
    added: Option<usize>,
}

impl Project {
    /// Makes the operator whose output has these slots.
    pub fn new(slots: Vec<Slot>) -> Self {
        let (mut moved, mut copied): (Vec<(usize, usize)>, Vec<_>) = Default::default();
        for (to, slot) in slots.iter().enumerate() {
            let Slot::Keep(from) = slot else { continue };
            match moved.iter().find(|(have, _)| have == from) {
                Some((_, first)) => copied.push((*first, to)),
                None => moved.push((*from, to)),
            }
        }
        let added = slots.iter().take_while(|slot| !matches!(slot, Slot::Keep(_))).count();
        let added = slots[added..].iter().enumerate().all(stays).then_some(added);
        Self { slots, moved, copied, added }
    }

    /// How many slots it puts before those of the input, if it leaves all of those as they are.
    pub fn added(&self) -> Option<usize> {
        self.added
    }

    /// The slots of the output.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Whether it only names what is there.
    fn keeps_all(&self, rows: &Batch) -> bool {
        self.added == Some(0) && rows.iter().all(|entry| entry.row.len() == self.slots.len())
    }

    /// Puts what is added before what is there.
    fn grow(&self, row: &mut Vec<Value>, added: usize, meter: &Meter) -> Result<(), StepError> {
        let width = row.len();
        meter.hold(added * size_of::<Value>())?;
        row.reserve_exact(added);
        for slot in &self.slots[..added] {
            row.push(slot.eval(&row[..width], meter)?);
        }
        row.rotate_right(added);
        Ok(())
    }

    fn project(&self, row: &mut Vec<Value>, meter: &Meter) -> Result<(), StepError> {
        let mut projected = Vec::with_capacity(self.slots.len());
        meter.hold(size::row(self.slots.len()))?;
        for slot in &self.slots {
            projected.push(match slot {
                Slot::Keep(_) => Value::Null,
                slot => slot.eval(row, meter)?,
            });
        }
        // What is kept comes last, since what is computed reads it.
        for (from, to) in &self.moved {
            projected[*to] = std::mem::take(&mut row[*from]);
        }
        for (first, to) in &self.copied {
            projected[*to] = projected[*first].clone();
        }
        meter.release(size::row(row.len()));
        *row = projected;
        Ok(())
    }
}

/// Whether a slot of the output is the one of the input at the same place.
fn stays((at, slot): (usize, &Slot)) -> bool {
    matches!(slot, Slot::Keep(from) if *from == at)
}

impl Operator for Project {
    fn step(&self, step: &mut Step<'_>, inputs: Inputs) -> Result<Batch, StepError> {
        let mut rows = only(inputs);
        if self.keeps_all(&rows) {
            return Ok(rows);
        }
        for Weighted { row, .. } in &mut rows {
            match self.added {
                Some(added) if added + row.len() == self.slots.len() => self.grow(row, added, step.meter)?,
                _ => self.project(row, step.meter)?,
            }
        }
        consolidate(rows, step.meter)
    }
}

impl Encode for Project {
    fn encode(&self, out: &mut Writer) {
        // What becomes of each slot follows from them.
        let Self { slots, moved: _, copied: _, added: _ } = self;
        encode_all!(out, slots);
    }
}

impl Encode for Slot {
    fn encode(&self, out: &mut Writer) {
        match self {
            Self::Keep(slot) => encode_all!(out.u8(0), slot),
            Self::Compute(expression) => encode_all!(out.u8(1), expression),
            Self::Constant(value) => encode_all!(out.u8(2), value),
            Self::Relationships(slot) => encode_all!(out.u8(3), slot),
            Self::Path(parts) => encode_all!(out.u8(4), parts),
        }
    }
}
