//! Expressions as text, in one form however the query was laid out.

use super::ast::{BinaryOp, Expr, ExprKind, Gives, LOCAL, ListComprehension, Quantifier, UnaryOp};
use super::parser::{name_of_recall, name_of_time};
use livewell_model::{Map, Value};
use std::fmt::{self, Display, Formatter};

/// The strength of everything that is not an operator.
const OPERAND: u8 = 10;

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Literal(value) => literal(f, value),
            ExprKind::Variable(name) => f.write_str(bare(name)),
            ExprKind::Parameter(name) => write!(f, "${name}"),
            ExprKind::Property(base, key) => write!(f, "{}.{key}", Within(OPERAND, base)),
            ExprKind::Index(base, at) => write!(f, "{}[{at}]", Within(OPERAND, base)),
            ExprKind::Slice(base, from, to) => {
                write!(f, "{}[", Within(OPERAND, base))?;
                from.iter().try_for_each(|from| write!(f, "{from}"))?;
                f.write_str("..")?;
                to.iter().try_for_each(|to| write!(f, "{to}"))?;
                f.write_str("]")
            }
            ExprKind::HasLabels(base, labels) => write!(f, "{}:{labels}", Within(OPERAND, base)),
            ExprKind::IsTyped(base, wanted, negated) => {
                let not = if *negated { " NOT" } else { "" };
                write!(f, "{} IS{not} :: {wanted}", Within(6, base))
            }
            ExprKind::List(items) => write!(f, "[{}]", Listed(items)),
            ExprKind::Unary(UnaryOp::Not, inner) => write!(f, "NOT {}", Within(4, inner)),
            ExprKind::Unary(UnaryOp::Minus, inner) => write!(f, "-{}", Within(OPERAND, inner)),
            ExprKind::Unary(UnaryOp::Plus, inner) => write!(f, "+{}", Within(OPERAND, inner)),
            ExprKind::Binary(operator, left, right) => {
                let own = strength_of(*operator);
                write!(f, "{} {} {}", Within(own, left), sign(*operator), Within(own + 1, right))
            }
            ExprKind::IsNull(inner, negated) => {
                write!(f, "{} IS{} NULL", Within(6, inner), if *negated { " NOT" } else { "" })
            }
            ExprKind::Call(name, arguments) => write!(f, "{name}({})", Listed(arguments)),
            ExprKind::Aggregate(aggregate, arguments, distinct) => {
                let distinct = if *distinct { "DISTINCT " } else { "" };
                match arguments.as_slice() {
                    [] => write!(f, "{}(*)", aggregate.name()),
                    arguments => write!(f, "{}({distinct}{})", aggregate.name(), Listed(arguments)),
                }
            }
            _ => composed(f, &self.kind),
        }
    }
}

/// What is written with words or braces of its own.
fn composed(f: &mut Formatter<'_>, kind: &ExprKind) -> fmt::Result {
    match kind {
        ExprKind::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("{key}: {value}"));
            write!(f, "{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        ExprKind::MapProjection(projection) => {
            let all = projection.all.then(|| ".*".to_owned());
            let entries = projection.entries.iter().map(|(key, value)| format!("{key}: {value}"));
            let entries: Vec<String> = all.into_iter().chain(entries).collect();
            write!(f, "{} {{{}}}", Within(OPERAND, &projection.base), entries.join(", "))
        }
        ExprKind::Case(case) => {
            f.write_str("CASE")?;
            case.subject.iter().try_for_each(|subject| write!(f, " {subject}"))?;
            for (when, then) in &case.branches {
                write!(f, " WHEN {when} THEN {then}")?;
            }
            case.otherwise.iter().try_for_each(|otherwise| write!(f, " ELSE {otherwise}"))?;
            f.write_str(" END")
        }
        ExprKind::ListComprehension(inner) => write!(f, "[{}]", Items(inner)),
        ExprKind::Quantifier(quantifier, inner) => {
            let word = match quantifier {
                Quantifier::All => "all",
                Quantifier::Any => "any",
                Quantifier::None => "none",
                Quantifier::Single => "single",
            };
            write!(f, "{word}({})", Items(inner))
        }
        ExprKind::Reduce(reduce) => {
            let (total, item) = (bare(&reduce.accumulator.text), bare(&reduce.variable.text));
            write!(f, "reduce({total} = {}, {item} IN {} | {})", reduce.start, reduce.list, reduce.step)
        }
        ExprKind::Subquery(subquery) => f.write_str(match subquery.gives {
            Gives::Exists => "EXISTS { .. }",
            Gives::Count => "COUNT { .. }",
            Gives::Collect(_) => "COLLECT { .. }",
        }),
        ExprKind::OverTime(function, arguments) => {
            write!(f, "{}({})", name_of_time(*function), Listed(arguments))
        }
        ExprKind::Recall(function, arguments) => {
            write!(f, "{}({})", name_of_recall(*function), Listed(arguments))
        }
        _ => Ok(()),
    }
}

/// An expression in a place that takes one of at least this strength without parentheses.
struct Within<'e>(u8, &'e Expr);

impl Display for Within<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(least, expr) = self;
        if strength(expr) < *least { write!(f, "({expr})") } else { write!(f, "{expr}") }
    }
}

/// An expression that is a part of another one, whatever that is.
pub(crate) struct Operand<'e>(pub &'e Expr);

impl Display for Operand<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Within(OPERAND, self.0))
    }
}

/// Expressions with commas between them.
pub(crate) struct Listed<'e>(pub &'e [Expr]);

impl Display for Listed<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (at, expr) in self.0.iter().enumerate() {
            write!(f, "{}{expr}", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// `x IN list WHERE condition | result`.
struct Items<'e>(&'e ListComprehension);

impl Display for Items<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let ListComprehension { variable, list, condition, result } = self.0;
        write!(f, "{} IN {list}", bare(&variable.text))?;
        condition.iter().try_for_each(|condition| write!(f, " WHERE {condition}"))?;
        result.iter().try_for_each(|result| write!(f, " | {result}"))
    }
}

/// A name as the text has it, without what makes it unique.
pub(crate) fn bare(name: &str) -> &str {
    name.split(LOCAL).next().unwrap_or(name)
}

fn strength(expr: &Expr) -> u8 {
    match &expr.kind {
        ExprKind::Binary(operator, ..) => strength_of(*operator),
        ExprKind::Unary(UnaryOp::Not, _) => 4,
        ExprKind::IsNull(..) | ExprKind::IsTyped(..) | ExprKind::HasLabels(..) => 5,
        ExprKind::Unary(..) => 9,
        ExprKind::Literal(Value::Int(..0)) => 9,
        ExprKind::Literal(Value::Float(float)) if float.is_sign_negative() => 9,
        _ => OPERAND,
    }
}

fn strength_of(operator: BinaryOp) -> u8 {
    match operator {
        BinaryOp::Or => 1,
        BinaryOp::Xor => 2,
        BinaryOp::And => 3,
        BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Concatenate => 6,
        BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo => 7,
        BinaryOp::Power => 8,
        _ => 5,
    }
}

fn sign(operator: BinaryOp) -> &'static str {
    match operator {
        BinaryOp::And => "AND",
        BinaryOp::Or => "OR",
        BinaryOp::Xor => "XOR",
        BinaryOp::Equal => "=",
        BinaryOp::NotEqual => "<>",
        BinaryOp::Less => "<",
        BinaryOp::LessOrEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterOrEqual => ">=",
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Modulo => "%",
        BinaryOp::Power => "^",
        BinaryOp::Concatenate => "||",
        BinaryOp::In => "IN",
        BinaryOp::StartsWith => "STARTS WITH",
        BinaryOp::EndsWith => "ENDS WITH",
        BinaryOp::Contains => "CONTAINS",
        BinaryOp::Matches => "=~",
    }
}

/// A value as a query would write it.
fn literal(f: &mut Formatter<'_>, value: &Value) -> fmt::Result {
    match value {
        Value::Null => f.write_str("null"),
        Value::Bool(truth) => write!(f, "{truth}"),
        Value::Int(int) => write!(f, "{int}"),
        Value::Float(float) => write!(f, "{float:?}"),
        Value::String(text) => quoted(f, text),
        Value::Decimal(decimal) => write!(f, "livewell.toDecimal('{decimal}')"),
        Value::List(items) => {
            f.write_str("[")?;
            for (at, item) in items.iter().enumerate() {
                f.write_str(if at == 0 { "" } else { ", " })?;
                literal(f, item)?;
            }
            f.write_str("]")
        }
        Value::Map(entries) => map(f, entries),
        other => match other.temporal_text() {
            // As the functions are called that make such values: `local date-time` by `localdatetime`.
            Some(text) => write!(f, "{}('{text}')", other.type_name().replace([' ', '-'], "")),
            None => write!(f, "a {}", other.type_name()),
        },
    }
}

fn map(f: &mut Formatter<'_>, entries: &Map) -> fmt::Result {
    f.write_str("{")?;
    for (at, (key, value)) in entries.iter().enumerate() {
        write!(f, "{}{key}: ", if at == 0 { "" } else { ", " })?;
        literal(f, value)?;
    }
    f.write_str("}")
}

fn quoted(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("'")?;
    for c in text.chars() {
        match c {
            '\'' | '\\' => write!(f, "\\{c}")?,
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            '\r' => f.write_str("\\r")?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("'")
}
