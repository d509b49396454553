//! What a logical plan is built with: the operators so far, and points between them.

use super::nodes::{Item, LogicalOp, Node};
use super::schema::Schema;
use crate::for_each::Parameter;
use crate::language::ast::Span;
use livewell_model::{Map, SmolStr};

/// What building draws on, and the operators built so far.
pub(super) struct Builder<'a> {
    pub(super) params: &'a Map,
    /// The parameters that the query is run for each value of.
    pub(super) for_each: &'a [Parameter],
    pub(super) nodes: Vec<Node>,
    /// What of the text is being planned.
    pub(super) span: Span,
    /// The aggregate that has a row for values that nothing has.
    pub(super) over_nothing: Option<usize>,
    names: usize,
}

/// A point in a plan: the operator whose rows are meant, and what they hold.
#[derive(Debug, Default)]
pub(super) struct Stage {
    /// The operator's place; `None` while there is one empty row and nothing has been planned yet.
    node: Option<usize>,
    pub(super) schema: Schema,
}

impl<'a> Builder<'a> {
    pub(super) fn new(params: &'a Map, for_each: &'a [Parameter]) -> Self {
        Self { params, for_each, nodes: Vec::new(), span: Span::default(), over_nothing: None, names: 0 }
    }

    /// Returns a name for what has none. It is not an identifier, so no variable can collide with it.
    pub(super) fn name(&mut self) -> SmolStr {
        self.names += 1;
        format!("#{}", self.names - 1).into()
    }

    /// Puts an operator over others; its rows hold what `schema` says.
    pub(super) fn add(&mut self, op: LogicalOp, inputs: Vec<usize>, schema: &Schema) -> usize {
        let (slots, key, order) = (schema.slots(), schema.key.clone(), schema.order.clone());
        let span = match &op {
            LogicalOp::Unit | LogicalOp::Around => Span::default(),
            LogicalOp::Filter { condition, .. } if condition.span != Span::default() => condition.span,
            _ => self.span,
        };
        self.nodes.push(Node { op, inputs, slots, key, order, span });
        self.nodes.len() - 1
    }

    /// Puts an operator over the rows of a stage, which then hold what `schema` says.
    pub(super) fn over(&mut self, input: usize, op: LogicalOp, schema: Schema) -> Stage {
        Stage::new(self.add(op, vec![input], &schema), schema)
    }

    /// Takes the projection whose rows are those of `stage` out again, with its inputs; or returns one that keeps all
    /// slots.
    pub(super) fn take_projection(&mut self, stage: &Stage) -> (Vec<Item>, Vec<usize>) {
        let is_last = self.nodes.len().checked_sub(1) == stage.node;
        match self.nodes.pop_if(|node| is_last && matches!(node.op, LogicalOp::Project(_))) {
            Some(Node { op: LogicalOp::Project(items), inputs, .. }) => (items, inputs),
            _ => ((0..stage.schema.width()).map(Item::Keep).collect(), vec![self.rows(stage)]),
        }
    }

    /// The operator whose rows are those of `stage`.
    pub(super) fn rows(&mut self, stage: &Stage) -> usize {
        stage.node.unwrap_or_else(|| self.add(LogicalOp::Unit, Vec::new(), &Schema::default()))
    }
}

impl Stage {
    pub(super) fn new(node: usize, schema: Schema) -> Self {
        Self { node: Some(node), schema }
    }

    /// Whether nothing has been planned yet.
    pub(super) fn is_start(&self) -> bool {
        self.node.is_none()
    }
}
