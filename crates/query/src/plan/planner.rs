//! What planning draws on, and the operators planned so far.

use super::PlanNode;
use super::schema::Schema;
use crate::chronicle::Asks;
use crate::language::ast::Span;
use crate::operator::Operator;
use crate::operator::unit::Unit;
use crate::settings::Limits;
use livewell_model::{Map, SmolStr};

/// What planning draws on, and the operators planned so far.
pub(super) struct Planner<'a> {
    text: &'a str,
    pub(super) params: &'a Map,
    pub(super) limits: Limits,
    /// What is asked of the elements' past.
    pub(super) asks: Asks,
    pub(super) nodes: Vec<PlanNode>,
    numbers: u16,
    names: usize,
}

/// A point in a plan: the operator whose rows are meant, and what they hold.
#[derive(Debug, Default)]
pub(super) struct Stage {
    /// The operator's place; `None` where there is one empty row and nothing has been planned yet.
    node: Option<usize>,
    pub(super) schema: Schema,
}

impl<'a> Planner<'a> {
    pub(super) fn new(text: &'a str, params: &'a Map, limits: Limits) -> Self {
        Self { text, params, limits, asks: Asks::Nothing, nodes: Vec::new(), numbers: 0, names: 0 }
    }

    /// Gives the next operator's number: the first bytes of its state's keys.
    pub(super) fn number(&mut self) -> u16 {
        self.numbers += 1;
        self.numbers
    }

    /// A name for what has none. It is no identifier, so no variable can collide with it.
    pub(super) fn name(&mut self) -> SmolStr {
        self.names += 1;
        format!("#{}", self.names - 1).into()
    }

    pub(super) fn text_of(&self, span: Span) -> &'a str {
        self.text.get(span.start..span.end).unwrap_or_default().trim()
    }

    /// Puts an operator over others.
    pub(super) fn add(&mut self, operator: impl Operator + 'static, inputs: Vec<usize>) -> usize {
        self.nodes.push(PlanNode { operator: Box::new(operator), inputs });
        self.nodes.len() - 1
    }

    /// Puts an operator over the rows of `stage`, which then hold what `schema` says.
    pub(super) fn over(&mut self, stage: &Stage, operator: impl Operator + 'static, schema: Schema) -> Stage {
        let input = self.rows(stage);
        Stage::new(self.add(operator, vec![input]), schema)
    }

    /// The operator whose rows are those of `stage`.
    pub(super) fn rows(&mut self, stage: &Stage) -> usize {
        stage.node.unwrap_or_else(|| self.add(Unit, Vec::new()))
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
