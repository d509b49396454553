//! What follows for an expression from what is known of its parts: the types it can have, whether it can
//! fail, and whether its types are in conflict. The checks of a query and the compiler both ask here.

use super::{TypeSet, functions};
use crate::language::ast::{AggregateOp, BinaryOp, Expr, ExprKind, RecallFunction, TimeFunction, UnaryOp};
use crate::language::{Diagnostic, code};

/// What is known of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The types its value can have.
    pub types: TypeSet,
    /// Whether it gives a value on every row.
    pub infallible: bool,
    /// Whether it is the same on every row.
    pub constant: bool,
}

/// Judges an expression whose parts, in the order of [`Expr::children`], are judged already. `leaf` is what
/// a variable, parameter or literal can hold.
///
/// # Errors
/// A semantic [`Diagnostic`] where a part can never have a type that fits.
pub(crate) fn judge(expr: &Expr, parts: &[Facts], leaf: TypeSet) -> Result<Facts, Diagnostic> {
    let parts = Parts { parts, nodes: expr.children() };
    let (types, certain) = match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Variable(_) | ExprKind::Parameter(_) => (leaf, true),
        ExprKind::Property(..) => {
            let keyed = TypeSet::ELEMENT.or(TypeSet::MAP);
            parts.need(0, keyed.or(TypeSet::TEMPORAL), "what stands before `.`")?;
            // Not every temporal value has every component.
            (TypeSet::ANY, parts.types(0).within(keyed.or_null()))
        }
        ExprKind::Index(..) => (TypeSet::ANY, parts.index()?),
        ExprKind::Slice(..) => {
            parts.need(0, TypeSet::LIST, "what is sliced")?;
            let bounds = if parts.types(0) == TypeSet::NULL { 1..1 } else { 1..parts.nodes.len() };
            bounds
                .into_iter()
                .try_for_each(|at| parts.need(at, TypeSet::INTEGER, "the bound of a slice").map(drop))?;
            (TypeSet::LIST.or_null(), false)
        }
        ExprKind::HasLabels(..) => {
            (TypeSet::BOOLEAN.or_null(), parts.need(0, TypeSet::ELEMENT, "what has labels")?)
        }
        ExprKind::List(_) => (TypeSet::LIST, parts.are_flat()),
        ExprKind::Map(_) => (TypeSet::MAP, parts.are_flat()),
        ExprKind::MapProjection(_) => {
            let keyed = TypeSet::ELEMENT.or(TypeSet::MAP);
            let certain = parts.need(0, keyed, "what a map projection is of")?;
            (TypeSet::MAP.or_null(), certain && parts.are_flat_from(1))
        }
        ExprKind::Unary(operator, _) => parts.unary(*operator)?,
        ExprKind::Binary(operator, ..) => parts.binary(*operator)?,
        ExprKind::IsNull(..) | ExprKind::IsTyped(..) => (TypeSet::BOOLEAN, true),
        ExprKind::Case(case) => parts.case(case.subject.is_some(), case.otherwise.is_some())?,
        ExprKind::Call(name, _) => parts.call(name, expr)?,
        ExprKind::Aggregate(operator, ..) => parts.aggregate(*operator)?,
        ExprKind::ListComprehension(_) | ExprKind::Reduce(_) | ExprKind::Subquery(_) => (TypeSet::ANY, false),
        ExprKind::OverTime(function, _) => (parts.over_time(*function)?, false),
        ExprKind::Recall(function, _) => (parts.recall(*function)?, false),
        ExprKind::Quantifier(..) => (TypeSet::BOOLEAN.or_null(), false),
    };
    let infallible = certain && parts.parts.iter().all(|part| part.infallible);
    Ok(Facts { types, infallible, constant: false })
}

/// What names a moment of the clock.
const MOMENT: TypeSet =
    TypeSet::DATE.or(TypeSet::DATE_TIME).or(TypeSet::LOCAL_DATE_TIME).or(TypeSet::INTEGER);

const OPERAND: &str = "an operand of arithmetic";

/// The facts of an expression's parts, with the parts themselves for where they stand.
struct Parts<'a> {
    parts: &'a [Facts],
    nodes: Vec<&'a Expr>,
}

type Judgement = Result<(TypeSet, bool), Diagnostic>;

impl Parts<'_> {
    fn types(&self, at: usize) -> TypeSet {
        self.parts[at].types
    }

    /// Whether the part certainly has one of these types (or is null); refused if it has one only as null.
    fn need(&self, at: usize, allowed: TypeSet, what: &str) -> Result<bool, Diagnostic> {
        let types = self.types(at);
        if types.without_null().meets(allowed) || types == TypeSet::NULL {
            return Ok(types.within(allowed.or_null()));
        }
        let message =
            format!("{what} must be {}, but this is always {}", allowed.describe(), types.describe());
        Err(Diagnostic::semantic(code::TYPE, self.nodes[at].span, message))
    }

    /// Building a list of lists counts against the limits of an evaluation; a list of anything else cannot
    /// exceed them, being no longer than the query.
    fn are_flat(&self) -> bool {
        self.are_flat_from(0)
    }

    fn are_flat_from(&self, first: usize) -> bool {
        self.parts[first..].iter().all(|part| !part.types.meets(TypeSet::LIST.or(TypeSet::MAP)))
    }

    fn index(&self) -> Result<bool, Diagnostic> {
        let keyed = TypeSet::ELEMENT.or(TypeSet::MAP);
        self.need(0, TypeSet::LIST.or(keyed).or(TypeSet::TEMPORAL), "what is indexed")?;
        if self.types(0) == TypeSet::NULL {
            return Ok(true);
        }
        if self.types(0).within(TypeSet::LIST.or_null()) {
            return self.need(1, TypeSet::INTEGER, "the index of a list");
        }
        if self.types(0).within(keyed.or_null()) {
            return self.need(1, TypeSet::STRING, "the name of a property");
        }
        self.need(1, TypeSet::INTEGER.or(TypeSet::STRING), "an index")?;
        Ok(false)
    }

    fn unary(&self, operator: UnaryOp) -> Judgement {
        Ok(match operator {
            UnaryOp::Not => {
                (TypeSet::BOOLEAN.or_null(), self.need(0, TypeSet::BOOLEAN, "the operand of NOT")?)
            }
            UnaryOp::Plus => {
                (TypeSet::NUMBER.or_null(), self.need(0, TypeSet::NUMBER, "the operand of `+`")?)
            }
            UnaryOp::Minus => {
                self.need(0, TypeSet::NUMBER, "the operand of `-`")?;
                let types = self.types(0).and(TypeSet::NUMBER.or_null());
                (types, self.types(0).within(TypeSet::FLOAT.or(TypeSet::DECIMAL).or_null()))
            }
        })
    }

    fn binary(&self, operator: BinaryOp) -> Judgement {
        let boolean = TypeSet::BOOLEAN.or_null();
        match operator {
            BinaryOp::And | BinaryOp::Or | BinaryOp::Xor => {
                let left = self.need(0, TypeSet::BOOLEAN, "an operand of AND, OR and XOR")?;
                let right = self.need(1, TypeSet::BOOLEAN, "an operand of AND, OR and XOR")?;
                Ok((boolean, left && right))
            }
            BinaryOp::In => Ok((boolean, self.need(1, TypeSet::LIST, "what stands behind IN")?)),
            BinaryOp::Add => self.add(),
            BinaryOp::Concatenate => self.concatenate(),
            BinaryOp::Subtract => self.calculation(TypeSet::TEMPORAL, TypeSet::DURATION),
            BinaryOp::Multiply => self.calculation(TypeSet::DURATION, TypeSet::DURATION),
            BinaryOp::Divide => self.calculation(TypeSet::DURATION, TypeSet::NONE),
            BinaryOp::Modulo => self.calculation(TypeSet::NONE, TypeSet::NONE),
            BinaryOp::Power => {
                let left = self.need(0, TypeSet::NUMBER, OPERAND)?;
                Ok((TypeSet::FLOAT.or_null(), self.need(1, TypeSet::NUMBER, OPERAND)? && left))
            }
            // The pattern may be none.
            BinaryOp::Matches => Ok((boolean, false)),
            _ => Ok((boolean, true)),
        }
    }

    /// Arithmetic on numbers, and on these temporal types to the left and right.
    fn calculation(&self, left: TypeSet, right: TypeSet) -> Judgement {
        self.need(0, TypeSet::NUMBER.or(left), OPERAND)?;
        self.need(1, TypeSet::NUMBER.or(right), OPERAND)?;
        if self.types(0).meets(left) || self.types(1).meets(right) {
            return Ok((TypeSet::NUMBER.or(TypeSet::TEMPORAL).or_null(), false));
        }
        Ok(self.number_result())
    }

    /// Integers give integers and decimals decimals, and may overflow; with a float among them the result is a float
    /// and cannot.
    fn number_result(&self) -> (TypeSet, bool) {
        let (a, b) = (self.types(0), self.types(1));
        let null = a.or(b).and(TypeSet::NULL);
        let float = TypeSet::FLOAT.or_null();
        let numbers = a.or(b).within(TypeSet::NUMBER.or_null());
        if a.within(float) || b.within(float) {
            return (TypeSet::FLOAT.or_null(), numbers);
        }
        let integers = a.or(b).within(TypeSet::INTEGER.or_null());
        let types = if integers { TypeSet::INTEGER.or(null) } else { TypeSet::NUMBER.or_null() };
        (types, false)
    }

    fn add(&self) -> Judgement {
        let (a, b) = (self.types(0), self.types(1));
        if a.meets(TypeSet::LIST) || b.meets(TypeSet::LIST) {
            return Ok((TypeSet::ANY, false));
        }
        let allowed = TypeSet::NUMBER.or(TypeSet::STRING).or(TypeSet::TEMPORAL);
        self.need(0, allowed, "an operand of `+`")?;
        self.need(1, allowed, "an operand of `+`")?;
        if a.or(b).within(TypeSet::NUMBER.or_null()) {
            return Ok(self.number_result());
        }
        Ok((allowed.or_null(), false))
    }

    /// Both strings, or both lists.
    fn concatenate(&self) -> Judgement {
        const WHAT: &str = "an operand of `||`";
        let joined = TypeSet::STRING.or(TypeSet::LIST);
        self.need(0, joined, WHAT)?;
        let (left, right) = (self.types(0).and(joined), self.types(1).and(joined));
        let left = if left == TypeSet::NONE { joined } else { left };
        self.need(1, left, WHAT)?;
        let both = if right == TypeSet::NONE { left } else { left.and(right) };
        Ok((both.or_null(), false))
    }

    fn case(&self, subject: bool, otherwise: bool) -> Judgement {
        let mut types = if otherwise { TypeSet::NONE } else { TypeSet::NULL };
        let mut certain = true;
        let first = usize::from(subject);
        let branches = (self.parts.len() - first - usize::from(otherwise)) / 2;
        for branch in 0..branches {
            let when = first + 2 * branch;
            if !subject {
                certain &= self.need(when, TypeSet::BOOLEAN, "the condition of WHEN")?;
            }
            types = types.or(self.types(when + 1));
        }
        if otherwise {
            types = types.or(self.types(self.parts.len() - 1));
        }
        Ok((types, certain))
    }

    fn call(&self, name: &str, expr: &Expr) -> Judgement {
        let function = functions::resolve(name, self.parts.len(), expr.span)?;
        let first = self.parts.first().map(|part| part.types);
        if let Some(refused) = function.refusal(first, expr.span) {
            return Err(refused);
        }
        let mut certain = !function.fallible;
        for at in 0..self.parts.len() {
            let allowed = function.parameter(at);
            let what = format!("this argument of `{}`", function.name);
            certain &= self.need(at, allowed, &what).map_err(|refused| match function.name {
                "split" if self.types(at).meets(TypeSet::LIST) => {
                    refused.with_help("replace the other delimiters by the first one, and split by that")
                }
                _ => refused,
            })?;
        }
        Ok((function.result, certain))
    }

    fn over_time(&self, function: TimeFunction) -> Result<TypeSet, Diagnostic> {
        let wanted = match function {
            TimeFunction::PreviousValue => return Ok(TypeSet::ANY),
            TimeFunction::TrueFor => [Some(TypeSet::BOOLEAN), Some(TypeSet::DURATION)],
            TimeFunction::TrueLater | TimeFunction::TrueUntil => [Some(TypeSet::BOOLEAN), Some(MOMENT)],
            TimeFunction::Fresh => [None, Some(TypeSet::DURATION)],
        };
        for (at, wanted) in wanted.into_iter().enumerate() {
            if let Some(wanted) = wanted {
                self.need(at, wanted, "this argument of a function of time")?;
            }
        }
        Ok(TypeSet::BOOLEAN.or_null())
    }

    fn recall(&self, function: RecallFunction) -> Result<TypeSet, Diagnostic> {
        self.need(0, TypeSet::ELEMENT, "what has a past")?;
        (1..self.nodes.len().min(3)).try_for_each(|at| self.need(at, MOMENT, "a moment").map(drop))?;
        Ok(match function {
            RecallFunction::ChangeTime => TypeSet::DATE_TIME.or_null(),
            RecallFunction::VersionAt => TypeSet::ELEMENT.or_null(),
            RecallFunction::VersionsIn => TypeSet::LIST.or_null(),
        })
    }

    fn aggregate(&self, operator: AggregateOp) -> Judgement {
        if matches!(operator, AggregateOp::Sum | AggregateOp::Avg) {
            self.need(0, TypeSet::NUMBER, "what is added up").map_err(|refused| match self.types(0) {
                durations if durations.meets(TypeSet::DURATION) => {
                    refused.with_help("add up one component, as in `sum(d.seconds)`")
                }
                _ => refused,
            })?;
        }
        let types = match operator {
            AggregateOp::Count => TypeSet::INTEGER,
            AggregateOp::Sum => TypeSet::NUMBER,
            AggregateOp::Avg => TypeSet::FLOAT.or(TypeSet::DECIMAL).or_null(),
            AggregateOp::Min | AggregateOp::Max => self.types(0).or_null(),
            AggregateOp::Collect => TypeSet::LIST,
            AggregateOp::StDev | AggregateOp::StDevP => TypeSet::FLOAT,
            AggregateOp::PercentileCont | AggregateOp::PercentileDisc => TypeSet::NUMBER.or_null(),
            AggregateOp::LinearGradient => TypeSet::FLOAT.or_null(),
        };
        Ok((types, false))
    }
}
