//! From the logical to the physical plan.

use super::conditions::Moved;
use super::needs::{self, Needs};
use super::nodes::{Node, Physical, PhysicalOp};
use super::{room, shared};
use crate::chronicle::{Asks, Chronicle};
use crate::expression::{Compiled, compile};
use crate::language::Diagnostic;
use crate::language::ast::{AggregateOp, Expr, RecallFunction, Span};
use crate::operator::aggregate::{Aggregate, Call};
use crate::operator::apply::{self, Apply};
use crate::operator::filter::Filter;
use crate::operator::nested::Nesting;
use crate::operator::outer::Outer;
use crate::operator::output::Output;
use crate::operator::project::{Project, Slot};
use crate::operator::recalled::Recalled;
use crate::operator::timed::Timed;
use crate::operator::union::Union;
use crate::operator::unit::Unit;
use crate::operator::unwind::Unwind;
use crate::operator::window::Window;
use crate::plan::logical::{self, Gives, Item, Logical, LogicalOp};
use crate::settings::Limits;
use livewell_model::{Map, SmolStr};

/// How many bits of a key's hash make up a row's signature.
const HASH_BITS: u32 = 48;

/// Plans how the result of a logical plan is maintained.
///
/// # Errors
/// A [`Diagnostic`] for an expression that makes no sense.
pub(crate) fn lower(logical: &Logical, params: &Map, limits: Limits) -> Result<Physical, Diagnostic> {
    let moved = Moved::of(logical, params)?;
    let needs = needs::of(logical, &moved);
    let (nodes, places) = (Vec::new(), Vec::with_capacity(logical.nodes.len()));
    let mut lowering = Lowering {
        logical,
        params,
        limits,
        needs,
        moved,
        nodes,
        places,
        span: Span::default(),
        numbers: 0,
        asks: Asks::Nothing,
    };
    for at in 0..logical.nodes.len() {
        let place = lowering.node(at)?;
        lowering.places.push(place);
    }
    let Lowering { mut nodes, asks, .. } = lowering;
    shared::share(&mut nodes, logical.columns.len());
    room::give(&mut nodes);
    let output = Output {
        columns: logical.columns.len(),
        key: logical.key.clone(),
        order: logical.order.clone(),
        hash_bits: HASH_BITS,
    };
    let chronicle = Chronicle { asks, versions_max: limits.versions };
    Ok(Physical { nodes, output, columns: logical.columns.clone(), chronicle })
}

/// What lowering draws on, and the operators so far.
pub(super) struct Lowering<'a> {
    pub(super) logical: &'a Logical,
    params: &'a Map,
    pub(super) limits: Limits,
    pub(super) needs: Needs,
    pub(super) moved: Moved,
    nodes: Vec<Node>,
    /// For each operator of the logical plan so far, the one whose rows are its rows.
    places: Vec<usize>,
    /// The words that the operator in hand comes from.
    span: Span,
    numbers: u16,
    /// What is asked of the elements' past.
    asks: Asks,
}

impl Lowering<'_> {
    /// Lowers an operator; returns the one whose rows are its rows.
    fn node(&mut self, at: usize) -> Result<usize, Diagnostic> {
        let logical = self.logical;
        let node = &logical.nodes[at];
        self.span = node.span;
        let inputs: Vec<usize> = node.inputs.iter().map(|input| self.places[*input]).collect();
        let op = match &node.op {
            LogicalOp::Around => return Ok(inputs[0]),
            LogicalOp::Filter { .. } if self.moved.is_moved[at] => return Ok(inputs[0]),
            LogicalOp::Sort(computed) if computed.is_empty() => return Ok(inputs[0]),
            LogicalOp::Match(pattern) => return Ok(self.pattern(at, pattern, inputs)),
            LogicalOp::Unit => PhysicalOp::Unit(Unit),
            LogicalOp::Union { .. } => PhysicalOp::Union(Union),
            LogicalOp::Outer(nothing) => {
                let key = self.input(node, 0).key.clone();
                let nesting = Nesting { number: self.number(), outer: key.clone(), inner: key };
                PhysicalOp::Outer(Outer { nesting, added: nothing.clone() })
            }
            LogicalOp::Filter { condition, .. } => {
                PhysicalOp::Filter(Filter { condition: self.compile(node, condition)? })
            }
            LogicalOp::Unwind(list) => PhysicalOp::Unwind(Unwind { list: self.compile(node, list)? }),
            LogicalOp::Project(items) => PhysicalOp::Project(Project::new(self.items(node, items)?)),
            LogicalOp::Aggregate { groups, calls, keyed } => {
                let groups = self.items(node, groups)?;
                let calls = calls.iter().map(|call| self.call(node, call)).collect::<Result<_, _>>()?;
                PhysicalOp::Aggregate(Aggregate { number: self.number(), groups, keyed: *keyed, calls })
            }
            LogicalOp::Sort(computed) => {
                let mut slots: Vec<Slot> = (0..self.input(node, 0).slots.len()).map(Slot::Keep).collect();
                for expr in computed {
                    slots.push(Slot::Compute(self.compile(node, expr)?));
                }
                PhysicalOp::Project(Project::new(slots))
            }
            LogicalOp::Window { partition, skip, limit } => PhysicalOp::Window(Window {
                number: self.number(),
                outer: partition.clone(),
                order: node.order.clone(),
                key: node.key.clone(),
                skip: *skip,
                limit: *limit,
            }),
            LogicalOp::Apply { gives, around } => PhysicalOp::Apply(self.apply(node, gives, around)?),
            LogicalOp::Timed { function, arguments, place } => {
                let arguments = self.all(node, arguments)?;
                PhysicalOp::Timed(Timed {
                    rows: self.rows(node),
                    function: *function,
                    arguments,
                    place: *place,
                })
            }
            LogicalOp::Recalled { function, arguments } => {
                let arguments = self.all(node, arguments)?;
                self.asks = self.asks.max(match function {
                    RecallFunction::ChangeTime => Asks::Times,
                    RecallFunction::VersionAt | RecallFunction::VersionsIn => Asks::Versions,
                });
                PhysicalOp::Recalled(Recalled { rows: self.rows(node), function: *function, arguments })
            }
        };
        let names = node.slots.iter().map(|slot| slot.name.clone()).collect();
        Ok(self.add(op, inputs, names))
    }

    /// Returns the next operator's number: the first bytes of its state's keys.
    pub(super) fn number(&mut self) -> u16 {
        self.numbers += 1;
        self.numbers
    }

    pub(super) fn add(&mut self, op: PhysicalOp, inputs: Vec<usize>, names: Vec<SmolStr>) -> usize {
        self.nodes.push(Node { op, inputs, names, span: self.span });
        self.nodes.len() - 1
    }

    pub(super) fn input(&self, node: &logical::Node, input: usize) -> &logical::Node {
        &self.logical.nodes[node.inputs[input]]
    }

    /// What a function of time remembers of each row.
    fn rows(&mut self, node: &logical::Node) -> Nesting {
        let outer = self.input(node, 0).key.clone();
        Nesting { number: self.number(), outer, inner: Vec::new() }
    }

    fn compile(&self, node: &logical::Node, expr: &Expr) -> Result<Compiled, Diagnostic> {
        compile(expr, self.input(node, 0), self.params)
    }

    fn all(&self, node: &logical::Node, exprs: &[Expr]) -> Result<Vec<Compiled>, Diagnostic> {
        exprs.iter().map(|expr| self.compile(node, expr)).collect()
    }

    fn items(&self, node: &logical::Node, items: &[Item]) -> Result<Vec<Slot>, Diagnostic> {
        let slots = items.iter().map(|item| {
            Ok(match item {
                Item::Keep(slot) => Slot::Keep(*slot),
                Item::Compute(expr) => Slot::Compute(self.compile(node, expr)?),
                Item::Constant(value) => Slot::Constant(value.clone()),
            })
        });
        slots.collect()
    }

    fn call(&self, node: &logical::Node, call: &logical::Call) -> Result<Call, Diagnostic> {
        let mut arguments = self.all(node, &call.arguments)?.into_iter();
        let (argument, percentile) = (arguments.next(), arguments.next());
        // Of equivalent values min and max show the first and the last anyhow.
        let distinct = call.distinct && !matches!(call.aggregate, AggregateOp::Min | AggregateOp::Max);
        let is_ordered = call.aggregate == AggregateOp::Collect;
        let order = if is_ordered { self.input(node, 0).order.clone() } else { Vec::new() };
        Ok(Call { fold: call.aggregate, distinct, argument, percentile, order })
    }

    fn apply(&mut self, node: &logical::Node, gives: &Gives, around: &[usize]) -> Result<Apply, Diagnostic> {
        let inner = self.input(node, 1);
        let gives = match gives {
            Gives::Exists => apply::Gives::Exists,
            Gives::Count => apply::Gives::Count,
            Gives::Collect(result) => apply::Gives::Collect(compile(result, inner, self.params)?),
        };
        let order = inner.order.clone();
        let outer = self.input(node, 0).key.clone();
        let nesting = Nesting { number: self.number(), outer, inner: around.to_vec() };
        Ok(Apply { nesting, gives, order })
    }
}
