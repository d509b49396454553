//! The tree a query's text becomes. Every node knows where in the text it stands.

use livewell_model::{SmolStr, Value};

/// A range of bytes in the query's text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A name with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    /// The name, without backticks.
    pub text: SmolStr,
    /// Where it stands.
    pub span: Span,
}

/// A whole query: reading clauses, the last of which is RETURN.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// MATCH and WITH clauses in their order.
    pub clauses: Vec<Clause>,
    /// What the query gives.
    pub returns: Projection,
}

/// A clause before RETURN.
#[derive(Debug, Clone, PartialEq)]
pub enum Clause {
    /// `MATCH pattern, pattern WHERE condition`.
    Match(Match),
    /// `WITH items WHERE condition`.
    With(Projection),
}

/// A MATCH clause. Relationships are pairwise distinct over all its patterns.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// The comma-separated patterns.
    pub patterns: Vec<Pattern>,
    /// The condition after WHERE.
    pub condition: Option<Expr>,
    /// Where the clause stands.
    pub span: Span,
}

/// One connected chain: nodes with relationships between them; `nodes.len() == relationships.len() + 1`.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// The nodes, left to right.
    pub nodes: Vec<NodePattern>,
    /// The relationships between them, left to right.
    pub relationships: Vec<RelationshipPattern>,
}

/// `(name:Label:Other {key: value})`. Labels are a conjunction.
#[derive(Debug, Clone, PartialEq)]
pub struct NodePattern {
    /// The variable, if it has one.
    pub variable: Option<Name>,
    /// The labels the node must all have.
    pub labels: Vec<Name>,
    /// The properties the node must have, in the order of the text.
    pub properties: Vec<(Name, Expr)>,
    /// Where the pattern stands.
    pub span: Span,
}

/// Which way a relationship of a pattern goes, seen from its left node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `-->`: from the left node to the right one.
    Right,
    /// `<--`: from the right node to the left one.
    Left,
    /// `--` or `<-->`: either.
    Either,
}

/// `-[name:TYPE|OTHER {key: value}]->`. Types are a disjunction; none means any.
#[derive(Debug, Clone, PartialEq)]
pub struct RelationshipPattern {
    /// The variable, if it has one.
    pub variable: Option<Name>,
    /// The types, one of which the relationship must have.
    pub types: Vec<Name>,
    /// The properties it must have, in the order of the text.
    pub properties: Vec<(Name, Expr)>,
    /// Which way it goes.
    pub way: Way,
    /// Where the pattern stands.
    pub span: Span,
}

/// What WITH and RETURN share: items, DISTINCT, and (WITH only) a condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// Whether equal rows become one.
    pub distinct: bool,
    /// What is projected; `*` is expanded by the parser's checks into its variables.
    pub items: Vec<Item>,
    /// The condition after WHERE, over the projected names.
    pub condition: Option<Expr>,
    /// Where the clause stands.
    pub span: Span,
}

/// One projected expression with its column name: the alias, or the expression's text as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The expression.
    pub expr: Expr,
    /// The column's name.
    pub name: SmolStr,
    /// Whether `AS` gave the name.
    pub aliased: bool,
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of expression.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A literal scalar: null, boolean, integer, float, string.
    Literal(Value),
    /// A variable.
    Variable(SmolStr),
    /// `$name`.
    Parameter(SmolStr),
    /// `base.key`.
    Property(Box<Expr>, SmolStr),
    /// `base[index]`.
    Index(Box<Expr>, Box<Expr>),
    /// `base[from..to]`.
    Slice(Box<Expr>, Option<Box<Expr>>, Option<Box<Expr>>),
    /// `base:Label:Other`: whether a node has all these labels (a relationship: this type).
    HasLabels(Box<Expr>, Vec<SmolStr>),
    /// `[a, b]`.
    List(Vec<Expr>),
    /// `{key: value}`, keys in the order of the text.
    Map(Vec<(SmolStr, Expr)>),
    /// NOT, unary minus and plus.
    Unary(UnaryOp, Box<Expr>),
    /// Two operands and what joins them. A chain `a < b < c` becomes `a < b AND b < c`.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `x IS NULL`, or with `true`: `x IS NOT NULL`.
    IsNull(Box<Expr>, bool),
    /// CASE; with a subject, each `when` is compared with it for equality.
    Case(Box<Case>),
    /// A scalar function by its lower-case name.
    Call(SmolStr, Vec<Expr>),
    /// An aggregate.
    Aggregate(AggregateOp, Option<Box<Expr>>, bool),
}

/// `CASE subject WHEN .. THEN .. ELSE .. END`.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The subject of the simple form.
    pub subject: Option<Expr>,
    /// The branches: when, then.
    pub branches: Vec<(Expr, Expr)>,
    /// What holds where no branch does; null if absent.
    pub otherwise: Option<Expr>,
}

/// Operators of one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    /// `NOT x`.
    Not,
    /// `-x`.
    Minus,
    /// `+x`.
    Plus,
}

/// Operators of two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the operators")]
pub enum BinaryOp {
    And,
    Or,
    Xor,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    In,
    StartsWith,
    EndsWith,
    Contains,
}

/// The aggregates. `Aggregate(Count, None, _)` is `count(*)`; the flag says DISTINCT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the functions")]
pub enum AggregateOp {
    Count,
    Sum,
    Avg,
    Min,
    Max,
    Collect,
}

impl Expr {
    /// The expressions directly under this one.
    pub fn children(&self) -> Vec<&Expr> {
        match &self.kind {
            ExprKind::Literal(_) | ExprKind::Variable(_) | ExprKind::Parameter(_) => vec![],
            ExprKind::Property(base, _) | ExprKind::HasLabels(base, _) => vec![base],
            ExprKind::Unary(_, inner) | ExprKind::IsNull(inner, _) => vec![inner],
            ExprKind::Index(a, b) | ExprKind::Binary(_, a, b) => vec![a, b],
            ExprKind::Slice(base, from, to) => {
                [Some(base), from.as_ref(), to.as_ref()].into_iter().flatten().map(|e| &**e).collect()
            }
            ExprKind::List(items) | ExprKind::Call(_, items) => items.iter().collect(),
            ExprKind::Map(entries) => entries.iter().map(|(_, value)| value).collect(),
            ExprKind::Aggregate(_, argument, _) => argument.iter().map(|e| &**e).collect(),
            ExprKind::Case(case) => {
                let branches = case.branches.iter().flat_map(|(when, then)| [when, then]);
                case.subject.iter().chain(branches).chain(&case.otherwise).collect()
            }
        }
    }

    /// Whether an aggregate stands anywhere in it.
    pub fn has_aggregate(&self) -> bool {
        matches!(self.kind, ExprKind::Aggregate(..)) || self.children().into_iter().any(Expr::has_aggregate)
    }

    /// The same expression with `change` applied to each expression directly under it.
    pub fn map_children(&self, change: &mut dyn FnMut(&Expr) -> Expr) -> Expr {
        let mut boxed = |expr: &Expr| Box::new(change(expr));
        let kind = match &self.kind {
            ExprKind::Literal(_) | ExprKind::Variable(_) | ExprKind::Parameter(_) => self.kind.clone(),
            ExprKind::Property(base, name) => ExprKind::Property(boxed(base), name.clone()),
            ExprKind::HasLabels(base, labels) => ExprKind::HasLabels(boxed(base), labels.clone()),
            ExprKind::Unary(op, inner) => ExprKind::Unary(*op, boxed(inner)),
            ExprKind::IsNull(inner, negated) => ExprKind::IsNull(boxed(inner), *negated),
            ExprKind::Index(base, index) => ExprKind::Index(boxed(base), boxed(index)),
            ExprKind::Binary(op, left, right) => ExprKind::Binary(*op, boxed(left), boxed(right)),
            ExprKind::Slice(base, from, to) => {
                ExprKind::Slice(boxed(base), from.as_deref().map(&mut boxed), to.as_deref().map(&mut boxed))
            }
            ExprKind::Aggregate(op, argument, distinct) => {
                ExprKind::Aggregate(*op, argument.as_deref().map(boxed), *distinct)
            }
            ExprKind::List(items) => ExprKind::List(items.iter().map(change).collect()),
            ExprKind::Call(name, items) => ExprKind::Call(name.clone(), items.iter().map(change).collect()),
            ExprKind::Map(entries) => {
                ExprKind::Map(entries.iter().map(|(name, value)| (name.clone(), change(value))).collect())
            }
            ExprKind::Case(case) => ExprKind::Case(Box::new(Case {
                subject: case.subject.as_ref().map(&mut *change),
                branches: case.branches.iter().map(|(when, then)| (change(when), change(then))).collect(),
                otherwise: case.otherwise.as_ref().map(&mut *change),
            })),
        };
        Expr { kind, span: self.span }
    }

    /// The same expression without its places, so that two of the same text compare equal.
    pub fn without_spans(&self) -> Expr {
        let mut expr = self.map_children(&mut |child| child.without_spans());
        expr.span = Span::default();
        expr
    }

    /// The expressions directly under this one, to change, in the order of [`Expr::children`].
    pub fn children_mut(&mut self) -> Vec<&mut Expr> {
        match &mut self.kind {
            ExprKind::Literal(_) | ExprKind::Variable(_) | ExprKind::Parameter(_) => vec![],
            ExprKind::Property(base, _) | ExprKind::HasLabels(base, _) => vec![base],
            ExprKind::Unary(_, inner) | ExprKind::IsNull(inner, _) => vec![inner],
            ExprKind::Index(a, b) | ExprKind::Binary(_, a, b) => vec![a, b],
            ExprKind::Slice(base, from, to) => {
                [Some(base), from.as_mut(), to.as_mut()].into_iter().flatten().map(|e| &mut **e).collect()
            }
            ExprKind::List(items) | ExprKind::Call(_, items) => items.iter_mut().collect(),
            ExprKind::Map(entries) => entries.iter_mut().map(|(_, value)| value).collect(),
            ExprKind::Aggregate(_, argument, _) => argument.iter_mut().map(|e| &mut **e).collect(),
            ExprKind::Case(case) => {
                let branches = case.branches.iter_mut().flat_map(|(when, then)| [when, then]);
                case.subject.iter_mut().chain(branches).chain(&mut case.otherwise).collect()
            }
        }
    }

    /// Whether the two say the same, wherever in the text they stand.
    pub fn same_as(&self, other: &Self) -> bool {
        fn placeless(expr: &mut Expr) {
            expr.span = Span::default();
            expr.children_mut().into_iter().for_each(placeless);
        }
        let (mut a, mut b) = (self.clone(), other.clone());
        placeless(&mut a);
        placeless(&mut b);
        a == b
    }
}
