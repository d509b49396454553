//! A query as stages, each with its steps: what is counted, and what is explained.
//!
//! The stages are the clauses of the reference, taken apart where something can be left out: the patterns of a MATCH,
//! then each of its conditions; the items of a projection, then its groups, DISTINCT, window and conditions. Parts of
//! a WHERE that AND joins are conditions of their own, since all of them have to be true. A condition comes right
//! after its clause, but for one with functions of time: it is about the row of all consecutive MATCH clauses.

use super::super::call::Calling;
use super::super::expression::RowExpr;
use super::super::matching::Matching;
use super::super::names::Names;
use super::super::projection::Projecting;
use super::super::unwind::Unwinding;
use super::answer::Kind;
use super::text::Text;
use super::uses::Uses;
use crate::language::Diagnostic;
use crate::language::ast::{BinaryOp, Clause, Expr, ExprKind, Match, Projection, SingleQuery, Span};
use livewell_model::{Map, SmolStr};
use std::rc::Rc;

/// The stages of one query of a UNION, or of what stands in an OPTIONAL MATCH.
#[derive(Debug)]
pub(super) struct Stages {
    pub(super) stages: Vec<Stage>,
    /// How many steps there are, those of OPTIONAL MATCH included.
    pub(super) steps: usize,
}

/// One stage.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) does: Does,
    /// The number of its first step.
    pub(super) step: usize,
    /// What its steps are about.
    pub(super) about: Vec<About>,
    /// The variables behind it.
    pub(super) names: Names,
}

/// What a step is about.
#[derive(Debug, Clone)]
pub(super) struct About {
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) span: Span,
    /// How many slots are bound behind it.
    pub(super) width: usize,
    /// The slot of a pattern's element.
    pub(super) slot: Option<usize>,
}

/// What a stage does with rows.
#[derive(Debug)]
pub(super) enum Does {
    /// Extends them by the patterns of a MATCH; the steps are those of the walk, two for each hop.
    Match(Rc<Matching>),
    /// Keeps those for which a condition is true.
    Keep(Condition),
    /// Extends them by the stages within, or by nulls.
    Optional {
        matching: Rc<Matching>,
        within: Stages,
    },
    Unwind(Unwinding),
    Call(Calling),
    /// Puts the values of items in the place of all others.
    Items(Rc<Projecting>, Vec<(SmolStr, Expr)>),
    /// Makes one row of each group.
    Group(Rc<Projecting>, Vec<(SmolStr, Expr)>),
    Distinct,
    /// Puts them in an order.
    Order(Rc<Projecting>),
    /// Puts them in an order if there is a new one, and keeps a part of it.
    Window(Rc<Projecting>),
}

/// A condition.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) test: Test,
    /// The values that are shown beside it.
    pub(super) used: Vec<(String, RowExpr)>,
    /// The variables of elements that it uses.
    pub(super) variables: Vec<SmolStr>,
}

#[derive(Debug)]
pub(super) enum Test {
    Expr(RowExpr),
    /// One of the inline properties of a MATCH: which element's, and which of them.
    Property {
        matching: Rc<Matching>,
        element: usize,
        property: usize,
    },
}

/// Makes the stages of one query.
pub(super) struct Staging<'a> {
    pub(super) text: &'a Text,
    pub(super) params: &'a Map,
    pub(super) names: Names,
    pub(super) uses: &'a mut Uses,
    pub(super) steps: usize,
}

impl Stages {
    /// Makes the stages of a query.
    ///
    /// # Errors
    /// Returns the errors of the reference's clauses.
    pub(super) fn new(query: &SingleQuery, mut staging: Staging<'_>) -> Result<Self, Diagnostic> {
        let returns = Clause::With(query.returns.clone());
        let clauses: Vec<&Clause> = query.clauses.iter().chain([&returns]).collect();
        let mut stages = Vec::new();
        // Conditions about the row of all consecutive MATCH clauses, and the relationships of these clauses.
        let (mut later, mut matched) = (Vec::new(), None::<Vec<SmolStr>>);
        for clause in clauses {
            let names = relationships(clause);
            let is_match = matches!(clause, Clause::Match(clause) if !clause.optional);
            let goes_on =
                |matched: &Vec<SmolStr>| is_match && !names.iter().any(|name| matched.contains(name));
            if !matched.as_ref().is_some_and(goes_on) {
                matched = None;
                staging.keep(std::mem::take(&mut later), &mut stages)?;
            }
            if is_match {
                matched.get_or_insert_default().extend(names);
            }
            staging.clause(clause, &mut stages, &mut later)?;
        }
        staging.keep(later, &mut stages)?;
        Ok(Self { stages, steps: staging.steps })
    }

    /// Returns the place of the last stage before `end` that has to see all rows.
    pub(super) fn barrier(&self, end: usize) -> Option<usize> {
        self.stages[..end].iter().rposition(|stage| stage.does.is_barrier())
    }
}

impl Stages {
    /// The place of the stage that a step is of.
    pub(super) fn place(&self, step: usize) -> usize {
        let is_of = |stage: &Stage| stage.step <= step && step < stage.step + stage.about.len();
        self.stages.iter().position(is_of).expect("a step is of a stage")
    }

    /// The stage that a step is of, and which of its steps it is.
    pub(super) fn at(&self, step: usize) -> (&Stage, usize) {
        let stage = &self.stages[self.place(step)];
        (stage, step - stage.step)
    }

    /// The variables before a stage.
    pub(super) fn names_before(&self, stage: usize) -> &Names {
        const NONE: &Names = &Names { slots: Vec::new(), around: None, versions_max: 0 };
        stage.checked_sub(1).map_or(NONE, |before| &self.stages[before].names)
    }
}

impl Does {
    /// Whether it has to see all rows, and gives them another identity or leaves some out by their order.
    pub(super) fn is_barrier(&self) -> bool {
        matches!(self, Self::Group(..) | Self::Distinct | Self::Window(_))
    }
}

/// The names of the relationships that a MATCH binds.
fn relationships(clause: &Clause) -> Vec<SmolStr> {
    let Clause::Match(clause) = clause else { return Vec::new() };
    let all = clause.patterns.iter().flat_map(|pattern| &pattern.relationships);
    all.filter_map(|relationship| relationship.variable.as_ref()).map(|name| name.text.clone()).collect()
}

impl Staging<'_> {
    fn clause(
        &mut self,
        clause: &Clause,
        stages: &mut Vec<Stage>,
        later: &mut Vec<Expr>,
    ) -> Result<(), Diagnostic> {
        match clause {
            Clause::Match(clause) if clause.optional => self.optional(clause, stages),
            Clause::Match(clause) => self.matched(clause, stages, later).map(drop),
            Clause::Unwind(clause) => {
                self.uses.add(&clause.list);
                let unwinding = Unwinding::new(clause, &mut self.names, self.params)?;
                self.one(Kind::Unwind, clause.span, Does::Unwind(unwinding), stages);
                Ok(())
            }
            Clause::Call(clause) => {
                let calling = Calling::new(clause, &mut self.names, self.params)?;
                self.one(Kind::Call, clause.span, Does::Call(calling), stages);
                Ok(())
            }
            Clause::With(clause) => self.projection(clause, stages),
        }
    }

    /// Adds a stage with one step.
    fn one(&mut self, kind: Kind, span: Span, does: Does, stages: &mut Vec<Stage>) {
        let text = self.text.at(span).unwrap_or_default();
        let about = vec![About { kind, text, span, width: self.names.slots.len(), slot: None }];
        self.stage(does, about, stages);
    }

    fn stage(&mut self, does: Does, about: Vec<About>, stages: &mut Vec<Stage>) {
        let step = self.steps;
        self.steps += about.len();
        stages.push(Stage { does, step, about, names: self.names.clone() });
    }

    fn matched(
        &mut self,
        clause: &Match,
        stages: &mut Vec<Stage>,
        later: &mut Vec<Expr>,
    ) -> Result<Rc<Matching>, Diagnostic> {
        clause.patterns.iter().for_each(|pattern| self.uses.add_pattern(pattern));
        let before = self.names.slots.len();
        let matching = Rc::new(Matching::new(clause, &mut self.names, self.params)?);
        let about = self.elements(clause, &matching, before);
        self.stage(Does::Match(matching.clone()), about, stages);
        self.properties(clause, &matching, stages)?;
        let (timed, others) = conjuncts(clause.condition.as_ref()).into_iter().partition(Expr::has_time);
        later.extend::<Vec<Expr>>(timed);
        self.keep(others, stages)?;
        Ok(matching)
    }

    /// What the steps of a walk are about: a node, then for each hop a relationship and a node; nothing for a path.
    fn elements(&self, clause: &Match, matching: &Matching, before: usize) -> Vec<About> {
        let mut slots = matching.slots(before).into_iter();
        let mut about = Vec::new();
        let mut add = |kind, span| {
            let (slot, width) = slots.next().expect("every element of a pattern has a slot");
            let text = self.text.at(span).unwrap_or_default();
            about.push(About { kind, text, span, width, slot: Some(slot) });
        };
        for pattern in &clause.patterns {
            add(Kind::Element, pattern.nodes[0].span);
            for (relationship, node) in pattern.relationships.iter().zip(&pattern.nodes[1..]) {
                add(Kind::Relationship, relationship.span);
                add(Kind::Element, node.span);
            }
        }
        about
    }

    /// Adds a stage for each inline property.
    fn properties(
        &mut self,
        clause: &Match,
        matching: &Rc<Matching>,
        stages: &mut Vec<Stage>,
    ) -> Result<(), Diagnostic> {
        let mut element = 0;
        for pattern in &clause.patterns {
            let nodes = pattern.nodes.iter().map(|node| (&node.variable, &node.properties));
            let mut between = pattern.relationships.iter().map(|one| (&one.variable, &one.properties));
            // In the order of the text: a node, then what leads to the next one.
            for node in nodes {
                for (variable, properties) in [Some(node), between.next()].into_iter().flatten() {
                    for (property, (name, value)) in properties.iter().enumerate() {
                        let test = Test::Property { matching: matching.clone(), element, property };
                        let used = self.used(value)?;
                        let variables = variable.iter().map(|name| name.text.clone()).collect();
                        let condition = Condition { test, used, variables };
                        let span = Span { start: name.span.start, end: value.span.end };
                        self.one(Kind::Condition, span, Does::Keep(condition), stages);
                    }
                    element += 1;
                }
            }
        }
        Ok(())
    }

    /// Adds a stage for each condition.
    fn keep(&mut self, conditions: Vec<Expr>, stages: &mut Vec<Stage>) -> Result<(), Diagnostic> {
        for expr in conditions {
            self.uses.add(&expr);
            let test = Test::Expr(RowExpr::new(&expr, &self.names, self.params)?);
            let condition = Condition { test, used: self.used(&expr)?, variables: expr.variables() };
            let about = vec![About {
                kind: Kind::Condition,
                text: self.text.of(&expr),
                span: expr.span,
                width: self.names.slots.len(),
                slot: None,
            }];
            self.stage(Does::Keep(condition), about, stages);
        }
        Ok(())
    }

    /// The parts of an expression whose values are shown: properties, and variables that are not elements.
    fn used(&self, expr: &Expr) -> Result<Vec<(String, RowExpr)>, Diagnostic> {
        let mut parts = Vec::new();
        Uses::parts(expr, &mut parts);
        let known = parts.iter().filter(|part| part.variables().iter().all(|name| self.names.knows(name)));
        known.map(|part| Ok((self.text.of(part), RowExpr::new(part, &self.names, self.params)?))).collect()
    }

    fn optional(&mut self, clause: &Match, stages: &mut Vec<Stage>) -> Result<(), Diagnostic> {
        let (mut within, mut later) = (Vec::new(), Vec::new());
        let matching = self.matched(clause, &mut within, &mut later)?;
        self.keep(later, &mut within)?;
        // Its own step is taken after those within it.
        let step = self.steps;
        self.steps += 1;
        let text = self.text.at(clause.span).unwrap_or_default();
        let about = vec![About {
            kind: Kind::Optional,
            text,
            span: clause.span,
            width: self.names.slots.len(),
            slot: None,
        }];
        let within = Stages { stages: within, steps: self.steps };
        stages.push(Stage {
            does: Does::Optional { matching, within },
            step,
            about,
            names: self.names.clone(),
        });
        Ok(())
    }

    fn projection(&mut self, clause: &Projection, stages: &mut Vec<Stage>) -> Result<(), Diagnostic> {
        clause.items.iter().for_each(|item| self.uses.add(&item.expr));
        let projecting = Rc::new(Projecting::new(clause, &mut self.names, self.params)?);
        let items = clause.items.iter().map(|item| (item.name.clone(), item.expr.clone())).collect();
        if clause.items.iter().any(|item| item.expr.has_aggregate()) {
            self.one(Kind::Group, clause.span, Does::Group(projecting.clone(), items), stages);
        } else {
            self.stage(Does::Items(projecting.clone(), items), Vec::new(), stages);
        }
        if clause.distinct {
            self.one(Kind::Distinct, clause.span, Does::Distinct, stages);
        }
        if clause.skip.is_some() || clause.limit.is_some() {
            let about = self.window(clause);
            self.stage(Does::Window(projecting), vec![about], stages);
        } else if !clause.order.is_empty() {
            self.stage(Does::Order(projecting), Vec::new(), stages);
        }
        self.keep(conjuncts(clause.condition.as_ref()), stages)
    }

    fn window(&self, clause: &Projection) -> About {
        let sort = |sort: &crate::language::ast::Sort| {
            self.text.of(&sort.expr) + if sort.descending { " DESC" } else { "" }
        };
        let sorts: Vec<String> = clause.order.iter().map(sort).collect();
        let mut text =
            if sorts.is_empty() { String::new() } else { format!("ORDER BY {} ", sorts.join(", ")) };
        let bounds = [("SKIP", &clause.skip), ("LIMIT", &clause.limit)];
        for (word, bound) in bounds {
            text += &bound.iter().map(|bound| format!("{word} {} ", self.text.of(bound))).collect::<String>();
        }
        let exprs = clause.order.iter().map(|sort| &sort.expr).chain(&clause.skip).chain(&clause.limit);
        let spans = exprs.map(|expr| expr.span).filter(|span| span.end > span.start);
        let span =
            spans.reduce(|all, one| Span { start: all.start.min(one.start), end: all.end.max(one.end) });
        About {
            kind: Kind::Window,
            text: text.trim_end().to_owned(),
            span: span.unwrap_or(clause.span),
            width: self.names.slots.len(),
            slot: None,
        }
    }
}

/// The parts of a condition that AND joins, in the order of the text.
fn conjuncts(condition: Option<&Expr>) -> Vec<Expr> {
    let Some(condition) = condition else { return Vec::new() };
    match &condition.kind {
        ExprKind::Binary(BinaryOp::And, left, right) => {
            [left, right].into_iter().flat_map(|side| conjuncts(Some(side))).collect()
        }
        _ => vec![condition.clone()],
    }
}
