//! Ways through the tree: the parts of an expression, to read and to change.

use super::{
    Clause, Expr, ExprKind, Gives, LOCAL, ListComprehension, MapProjection, Match, Name, Pattern, Projection,
    Query, Span, Subquery,
};
use livewell_model::SmolStr;

/// The parts of an expression, in their order; for shared and for exclusive references alike.
macro_rules! parts {
    ($kind:expr, $iter:ident, $as_ref:ident, $subquery:ident $(, $mutability:tt)?) => {
        match $kind {
            ExprKind::Literal(_) | ExprKind::Variable(_) | ExprKind::Parameter(_) => vec![],
            ExprKind::Property(base, _) | ExprKind::HasLabels(base, _) | ExprKind::IsTyped(base, ..) => vec![& $($mutability)? **base],
            ExprKind::Unary(_, inner) | ExprKind::IsNull(inner, _) => vec![& $($mutability)? **inner],
            ExprKind::Index(a, b) | ExprKind::Binary(_, a, b) => {
                vec![& $($mutability)? **a, & $($mutability)? **b]
            }
            ExprKind::Slice(base, from, to) => {
                let bounds = [from.$as_ref(), to.$as_ref()].into_iter().flatten();
                [base].into_iter().chain(bounds).map(|part| & $($mutability)? **part).collect()
            }
            ExprKind::List(items)
            | ExprKind::Call(_, items)
            | ExprKind::Aggregate(_, items, _)
            | ExprKind::OverTime(_, items)
            | ExprKind::Recall(_, items) => items.$iter().collect(),
            ExprKind::Map(entries) => entries.$iter().map(|(_, value)| value).collect(),
            ExprKind::MapProjection(projection) => {
                let MapProjection { base, entries, .. } = & $($mutability)? **projection;
                [base].into_iter().chain(entries.$iter().map(|(_, value)| value)).collect()
            }
            ExprKind::Case(case) => {
                let case = & $($mutability)? **case;
                let branches = case.branches.$iter().flat_map(|(when, then)| [when, then]);
                case.subject.$iter().chain(branches).chain(case.otherwise.$iter()).collect()
            }
            ExprKind::ListComprehension(inner) | ExprKind::Quantifier(_, inner) => {
                let ListComprehension { list, condition, result, .. } = & $($mutability)? **inner;
                [list].into_iter().chain(condition.$iter()).chain(result.$iter()).collect()
            }
            ExprKind::Reduce(reduce) => {
                let reduce = & $($mutability)? **reduce;
                vec![& $($mutability)? reduce.start, & $($mutability)? reduce.list, & $($mutability)? reduce.step]
            }
            ExprKind::Subquery(subquery) => {
                let Subquery { gives, clauses } = & $($mutability)? **subquery;
                let mut parts: Vec<_> = clauses.$iter().flat_map(Clause::$subquery).collect();
                if let Gives::Collect(result) = gives {
                    parts.push(result);
                }
                parts
            }
        }
    };
}

impl Expr {
    /// The expressions directly under this one. For a subquery: all that stand directly in its clauses.
    pub fn children(&self) -> Vec<&Expr> {
        parts!(&self.kind, iter, as_ref, exprs)
    }

    /// The expressions directly under this one, to change, in the order of [`Expr::children`].
    pub fn children_mut(&mut self) -> Vec<&mut Expr> {
        parts!(&mut self.kind, iter_mut, as_mut, exprs_mut, mut)
    }

    /// Returns the expression with `change` applied to each expression directly under it.
    pub fn map_children(&self, change: &mut dyn FnMut(&Expr) -> Expr) -> Expr {
        let mut changed = self.clone();
        changed.children_mut().into_iter().for_each(|child| *child = change(child));
        changed
    }

    /// Whether an aggregate stands anywhere in it; those of a subquery are its own.
    pub fn has_aggregate(&self) -> bool {
        match &self.kind {
            ExprKind::Aggregate(..) => true,
            ExprKind::Subquery(_) => false,
            _ => self.children().into_iter().any(Expr::has_aggregate),
        }
    }

    /// Whether a subquery stands anywhere in it.
    pub fn has_subquery(&self) -> bool {
        matches!(self.kind, ExprKind::Subquery(_)) || self.children().into_iter().any(Expr::has_subquery)
    }

    /// Whether a function of time stands anywhere in it.
    pub fn has_time(&self) -> bool {
        matches!(self.kind, ExprKind::OverTime(..) | ExprKind::Recall(..))
            || self.children().into_iter().any(Expr::has_time)
    }

    /// The variables of the row that the expression uses, each once, in the order of the text.
    pub fn variables(&self) -> Vec<SmolStr> {
        let mut found = Vec::new();
        self.collect_variables(&mut found);
        found
    }

    fn collect_variables(&self, found: &mut Vec<SmolStr>) {
        let mut add = |name: &SmolStr| {
            if !name.contains(LOCAL) && !found.contains(name) {
                found.push(name.clone());
            }
        };
        match &self.kind {
            ExprKind::Variable(name) => add(name),
            ExprKind::Subquery(subquery) => subquery.pattern_variables().into_iter().for_each(add),
            _ => {}
        }
        self.children().into_iter().for_each(|child| child.collect_variables(found));
    }

    /// Returns the expression without its places, so that two of the same text compare equal.
    pub fn without_spans(&self) -> Expr {
        let mut expr = self.map_children(&mut |child| child.without_spans());
        expr.span = Span::default();
        match &mut expr.kind {
            ExprKind::Subquery(subquery) => subquery.clauses.iter_mut().for_each(Clause::clear_spans),
            ExprKind::ListComprehension(inner) | ExprKind::Quantifier(_, inner) => {
                inner.variable.span = Span::default();
            }
            ExprKind::Reduce(reduce) => {
                (reduce.accumulator.span, reduce.variable.span) = (Span::default(), Span::default());
            }
            _ => {}
        }
        expr
    }

    /// Whether the two say the same, wherever in the text they stand.
    pub fn same_as(&self, other: &Self) -> bool {
        self.without_spans() == other.without_spans()
    }
}

impl Subquery {
    /// The names that stand in its patterns, and those that a CALL in it imports.
    pub fn pattern_variables(&self) -> Vec<&SmolStr> {
        self.clauses.iter().flat_map(Clause::pattern_variables).collect()
    }
}

/// The expressions directly in a projection, in the order of the text.
macro_rules! projection_exprs {
    ($projection:expr, $iter:ident $(, $mutability:tt)?) => {{
        let Projection { items, order, skip, limit, condition, .. } = $projection;
        let items = items.$iter().map(|item| & $($mutability)? item.expr);
        let order = order.$iter().map(|sort| & $($mutability)? sort.expr);
        let window = skip.$iter().chain(limit.$iter());
        items.chain(order).chain(window).chain(condition.$iter()).collect::<Vec<_>>()
    }};
}

/// The expressions directly in a clause, in the order of the text.
macro_rules! clause_exprs {
    ($clause:expr, $iter:ident, $nested:ident $(, $mutability:tt)?) => {
        match $clause {
            Clause::Match(Match { patterns, condition, .. }) => {
                let properties = patterns.$iter().flat_map(|pattern| {
                    let nodes = pattern.nodes.$iter().flat_map(|node| node.properties.$iter());
                    let relationships = pattern.relationships.$iter();
                    nodes.chain(relationships.flat_map(|relationship| relationship.properties.$iter()))
                });
                properties.map(|(_, value)| value).chain(condition.$iter()).collect()
            }
            Clause::Unwind(unwind) => vec![& $($mutability)? unwind.list],
            Clause::With(projection) => projection_exprs!(projection, $iter $(, $mutability)?),
            Clause::Call(call) => {
                call.branches.$iter().flatten().flat_map(Clause::$nested).collect()
            }
        }
    };
}

impl Clause {
    /// The names that stand in its patterns, and those that a CALL imports.
    pub fn pattern_variables(&self) -> Vec<&SmolStr> {
        let patterns = match self {
            Self::Match(matched) => &matched.patterns,
            Self::Call(call) => {
                let nested = call.branches.iter().flatten().flat_map(Self::pattern_variables);
                return call.imports.iter().flatten().map(|name| &name.text).chain(nested).collect();
            }
            _ => return vec![],
        };
        let names = patterns.iter().flat_map(|pattern| {
            let nodes = pattern.nodes.iter().map(|node| &node.variable);
            let relationships = pattern.relationships.iter().map(|relationship| &relationship.variable);
            nodes.chain(relationships).flatten()
        });
        names.map(|name| &name.text).collect()
    }

    /// Forgets the places of the clause and of its names; those of its expressions stay.
    fn clear_spans(&mut self) {
        let none = Span::default();
        match self {
            Self::Match(matched) => {
                matched.span = none;
                matched.patterns.iter_mut().for_each(Pattern::clear_spans);
            }
            Self::Unwind(unwind) => (unwind.span, unwind.variable.span) = (none, none),
            Self::With(with) => with.span = none,
            Self::Call(call) => {
                call.span = none;
                call.imports.iter_mut().flatten().for_each(|name| name.span = none);
                call.branches.iter_mut().flatten().for_each(Self::clear_spans);
            }
        }
    }

    /// The expressions directly in the clause.
    pub fn exprs(&self) -> Vec<&Expr> {
        clause_exprs!(self, iter, exprs)
    }

    /// The expressions directly in the clause, to change, in the order of [`Clause::exprs`].
    pub fn exprs_mut(&mut self) -> Vec<&mut Expr> {
        clause_exprs!(self, iter_mut, exprs_mut, mut)
    }
}

impl Pattern {
    fn clear_spans(&mut self) {
        let none = Span::default();
        let mut names: Vec<&mut Name> = self.path.iter_mut().collect();
        for node in &mut self.nodes {
            node.span = none;
            names.extend(node.variable.iter_mut().chain(&mut node.labels));
            names.extend(node.properties.iter_mut().map(|(key, _)| key));
        }
        for relationship in &mut self.relationships {
            relationship.span = none;
            names.extend(relationship.variable.iter_mut().chain(&mut relationship.types));
            names.extend(relationship.properties.iter_mut().map(|(key, _)| key));
        }
        names.into_iter().for_each(|name| name.span = none);
    }
}

/// Changes every pattern of a query, those of its subqueries too.
pub(crate) fn each_pattern<E>(
    query: &mut Query,
    change: &mut dyn FnMut(&mut Pattern) -> Result<(), E>,
) -> Result<(), E> {
    for branch in &mut query.branches {
        patterns_of_clauses(&mut branch.clauses, change)?;
        let exprs = projection_exprs!(&mut branch.returns, iter_mut, mut);
        exprs.into_iter().try_for_each(|expr| patterns_of_expr(expr, change))?;
    }
    Ok(())
}

fn patterns_of_clauses<E>(
    clauses: &mut [Clause],
    change: &mut dyn FnMut(&mut Pattern) -> Result<(), E>,
) -> Result<(), E> {
    for clause in clauses {
        match clause {
            Clause::Match(matched) => matched.patterns.iter_mut().try_for_each(&mut *change)?,
            Clause::Call(call) => {
                for branch in &mut call.branches {
                    patterns_of_clauses(branch, change)?;
                }
                continue;
            }
            _ => {}
        }
        clause.exprs_mut().into_iter().try_for_each(|expr| patterns_of_expr(expr, change))?;
    }
    Ok(())
}

fn patterns_of_expr<E>(
    expr: &mut Expr,
    change: &mut dyn FnMut(&mut Pattern) -> Result<(), E>,
) -> Result<(), E> {
    if let ExprKind::Subquery(subquery) = &mut expr.kind {
        patterns_of_clauses(&mut subquery.clauses, change)?;
        if let Gives::Collect(result) = &mut subquery.gives {
            patterns_of_expr(result, change)?;
        }
        return Ok(());
    }
    expr.children_mut().into_iter().try_for_each(|child| patterns_of_expr(child, change))
}

impl Clause {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Self::Match(clause) => clause.span,
            Self::Unwind(clause) => clause.span,
            Self::With(clause) => clause.span,
            Self::Call(clause) => clause.span,
        }
    }
}
