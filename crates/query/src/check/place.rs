//! Where a parameter that a query is run for each value of cannot stand, and what would do instead.

use crate::language::ast::{BinaryOp, Expr, ExprKind, Span, UnaryOp};
use crate::language::{Diagnostic, code};

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the WHERE of a MATCH or WITH, where `expression = $parameter` may stand.
    Condition,
    Or,
    Not,
    Case,
    Comparison,
    In,
    Expression,
    Optional,
    Subquery,
    Time,
    Path,
    Projection,
    Order,
    Window,
    Unwind,
}

impl Place {
    /// Where a part of an expression stands that stands here.
    pub(super) fn within(self, expr: &Expr) -> Self {
        if !matches!(
            self,
            Self::Condition
                | Self::Or
                | Self::Not
                | Self::Case
                | Self::Comparison
                | Self::In
                | Self::Expression
        ) {
            return self;
        }
        match &expr.kind {
            ExprKind::Subquery(_) => Self::Subquery,
            ExprKind::OverTime(..) | ExprKind::Recall(..) => Self::Time,
            ExprKind::Case(_) => Self::Case,
            ExprKind::Unary(UnaryOp::Not, _) => Self::Not,
            ExprKind::Binary(BinaryOp::Or | BinaryOp::Xor, ..) => Self::Or,
            ExprKind::Binary(BinaryOp::And | BinaryOp::Equal, ..) if self != Self::Condition => self,
            ExprKind::Binary(BinaryOp::In, ..) => Self::In,
            ExprKind::Binary(
                BinaryOp::NotEqual
                | BinaryOp::Less
                | BinaryOp::LessOrEqual
                | BinaryOp::Greater
                | BinaryOp::GreaterOrEqual
                | BinaryOp::StartsWith
                | BinaryOp::EndsWith
                | BinaryOp::Contains
                | BinaryOp::Matches,
                ..,
            ) => Self::Comparison,
            _ => Self::Expression,
        }
    }

    /// Refuses the parameter `name` at `span`, which is here.
    pub(super) fn refusal(self, name: &str, span: Span) -> Diagnostic {
        let message =
            format!("`${name}`, which the query is run for each value of, cannot stand {}", self.words());
        Diagnostic::not_supported(code::CONSTRUCT, span, message).with_help(self.instead(name))
    }

    fn words(self) -> &'static str {
        match self {
            Self::Condition => "here",
            Self::Or => "under OR",
            Self::Not => "under NOT",
            Self::Case => "in CASE",
            Self::Comparison => "in another comparison than `=`",
            Self::In => "beside IN",
            Self::Expression => "inside an expression",
            Self::Optional => "in an OPTIONAL MATCH",
            Self::Subquery => "in a subquery",
            Self::Time => "in a function of time",
            Self::Path => "at the relationships of a path",
            Self::Projection => "in what is projected",
            Self::Order => "in ORDER BY",
            Self::Window => "in SKIP or LIMIT",
            Self::Unwind => "in UNWIND",
        }
    }

    fn instead(self, name: &str) -> String {
        match self {
            Self::Or => "a row belongs to one value: write the alternatives as queries of a UNION".into(),
            Self::Condition | Self::Not | Self::Case | Self::Comparison | Self::Expression => {
                format!("a row belongs to the value that it has: write `expression = ${name}` on its own, joined by AND")
            }
            Self::In | Self::Unwind => {
                format!("take the list apart: `UNWIND list AS item WITH * WHERE item = ${name}`")
            }
            Self::Optional => format!(
                "a row that stays without a match would belong to every value: write `expression = ${name}` in a MATCH before"
            ),
            Self::Subquery => format!("match around the subquery what `expression = ${name}` is true of"),
            Self::Time => format!("write `expression = ${name}` beside the function, joined by AND"),
            Self::Path => format!("write `expression = ${name}` about a node, or about one relationship"),
            Self::Projection | Self::Order => {
                "leave it away: it is the same on all rows of a value, and the first column where all are read".into()
            }
            Self::Window => "write a number, or a parameter that has a value under `params`".into(),
        }
    }
}
