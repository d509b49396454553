//! Trees as text, for tests to compare: what was read, with local names as `x#1`.

use livewell_model::Value;
use livewell_query::language::ast::{
    Clause, Expr, ExprKind, Gives, LOCAL, Length, ListComprehension, Match, Name, NodePattern, Pattern,
    Projection, Query, RelationshipPattern, Subquery, Way,
};
use livewell_query::parse;

/// A query as its tree has it.
pub fn shown(text: &str) -> String {
    let query = parse(text).unwrap_or_else(|diagnostic| panic!("{}", diagnostic.render(text, "query")));
    whole(&query).replace(LOCAL, "#")
}

fn whole(query: &Query) -> String {
    let branches = query.branches.iter().map(|branch| {
        let clauses = branch.clauses.iter().map(|part| clause(part) + " ");
        format!("{}RETURN {}", clauses.collect::<String>(), projection(&branch.returns))
    });
    join(branches, if query.distinct { " UNION " } else { " UNION ALL " })
}

fn join(parts: impl Iterator<Item = String>, between: &str) -> String {
    parts.collect::<Vec<_>>().join(between)
}

fn clause(part: &Clause) -> String {
    match part {
        Clause::Match(Match { optional, patterns, condition, .. }) => {
            let optional = if *optional { "OPTIONAL " } else { "" };
            let patterns = join(patterns.iter().map(pattern), ", ");
            format!("{optional}MATCH {patterns}{}", behind(" WHERE ", condition.as_ref()))
        }
        Clause::Unwind(unwind) => format!("UNWIND {} AS {}", expr(&unwind.list), unwind.variable.text),
        Clause::With(with) => format!("WITH {}", projection(with)),
        Clause::Call(call) => {
            let imports =
                call.imports.as_ref().map(|names| join(names.iter().map(|name| name.text.to_string()), ", "));
            let branches = call.branches.iter().map(|branch| join(branch.iter().map(clause), " "));
            let union = if call.distinct { " UNION " } else { " UNION ALL " };
            let imports = imports.unwrap_or_else(|| "*".into());
            format!("CALL ({imports}) {{{}}} AS {}", join(branches, union), call.columns.join(", "))
        }
    }
}

fn behind(word: &str, part: Option<&Expr>) -> String {
    part.map_or_else(String::new, |part| format!("{word}{}", expr(part)))
}

fn projection(part: &Projection) -> String {
    let items = part.items.iter().map(|item| match &item.expr.kind {
        ExprKind::Variable(name) if *name == item.name => name.to_string(),
        _ => format!("{} AS {}", expr(&item.expr), item.name),
    });
    let order = part.order.iter().map(|sort| {
        let way = if sort.descending { " DESC" } else { "" };
        format!("{}{way}", expr(&sort.expr))
    });
    let order = join(order, ", ");
    [
        if part.distinct { "DISTINCT " } else { "" },
        &join(items, ", "),
        if order.is_empty() { "" } else { " ORDER BY " },
        &order,
        &behind(" SKIP ", part.skip.as_ref()),
        &behind(" LIMIT ", part.limit.as_ref()),
        &behind(" WHERE ", part.condition.as_ref()),
    ]
    .concat()
}

fn pattern(part: &Pattern) -> String {
    let path = part.path.as_ref().map_or_else(String::new, |path| format!("{} = ", path.text));
    let steps = part.relationships.iter().zip(&part.nodes[1..]);
    let steps = steps.map(|(step, next)| relationship(step) + &node(next));
    format!("{path}{}{}", node(&part.nodes[0]), steps.collect::<String>())
}

fn node(part: &NodePattern) -> String {
    let labels = part.labels.iter().map(|label| format!(":{}", label.text));
    let test = part.test.as_ref().map_or_else(String::new, |test| format!(":{test}"));
    let labels = labels.collect::<String>();
    format!("({}{labels}{test}{})", name(part.variable.as_ref()), inline(&part.properties))
}

fn relationship(part: &RelationshipPattern) -> String {
    let types = join(part.types.iter().map(|kind| kind.text.to_string()), "|");
    let types = if types.is_empty() { types } else { format!(":{types}") };
    let types = part.test.as_ref().map_or(types, |test| format!(":{test}"));
    let length = part.length.map_or_else(String::new, |Length { min, max, .. }| {
        format!("*{min}..{}", max.map_or_else(String::new, |max| max.to_string()))
    });
    let (left, right) = match part.way {
        Way::Right => ("", ">"),
        Way::Left => ("<", ""),
        Way::Either => ("", ""),
    };
    let inside = format!("{}{types}{length}{}", name(part.variable.as_ref()), inline(&part.properties));
    format!("{left}-[{inside}]-{right}")
}

fn name(name: Option<&Name>) -> &str {
    name.map_or("", |name| &name.text)
}

fn inline(properties: &[(Name, Expr)]) -> String {
    let entries = properties.iter().map(|(key, value)| format!("{}: {}", key.text, expr(value)));
    let entries = join(entries, ", ");
    if entries.is_empty() { entries } else { format!(" {{{entries}}}") }
}

fn expr(part: &Expr) -> String {
    let all = |exprs: &[Expr]| join(exprs.iter().map(expr), ", ");
    match &part.kind {
        ExprKind::Literal(Value::String(text)) => format!("'{text}'"),
        ExprKind::Literal(Value::Int(int)) => int.to_string(),
        ExprKind::Literal(value) => format!("{value:?}"),
        ExprKind::Variable(name) => name.to_string(),
        ExprKind::Parameter(name) => format!("${name}"),
        ExprKind::Property(base, key) => format!("{}.{key}", expr(base)),
        ExprKind::HasLabels(base, labels) => format!("{}:{labels}", expr(base)),
        ExprKind::IsTyped(base, wanted, negated) => {
            format!("{} IS {}:: {wanted}", expr(base), if *negated { "NOT " } else { "" })
        }
        ExprKind::List(items) => format!("[{}]", all(items)),
        ExprKind::Unary(operator, inner) => format!("{operator:?}({})", expr(inner)),
        ExprKind::Binary(operator, left, right) => {
            format!("({} {operator:?} {})", expr(left), expr(right))
        }
        ExprKind::IsNull(inner, negated) => {
            format!("{} IS {}NULL", expr(inner), if *negated { "NOT " } else { "" })
        }
        ExprKind::Case(case) => {
            let branches = case.branches.iter();
            let branches = branches.map(|(when, then)| format!(" WHEN {} THEN {}", expr(when), expr(then)));
            let subject = behind(" ", case.subject.as_ref());
            let otherwise = behind(" ELSE ", case.otherwise.as_ref());
            format!("CASE{subject}{}{otherwise} END", branches.collect::<String>())
        }
        ExprKind::MapProjection(projection) => {
            let all = if projection.all { ".*, " } else { "" };
            let entries = projection.entries.iter().map(|(key, value)| format!("{key}: {}", expr(value)));
            format!("{} {{{all}{}}}", expr(&projection.base), join(entries, ", "))
        }
        ExprKind::Call(name, arguments) => format!("{name}({})", all(arguments)),
        ExprKind::Aggregate(operator, arguments, distinct) => {
            format!("{operator:?}({}{})", if *distinct { "DISTINCT " } else { "" }, all(arguments))
        }
        ExprKind::ListComprehension(inner) => format!("[{}]", elements(inner)),
        ExprKind::Quantifier(quantifier, inner) => format!("{quantifier:?}({})", elements(inner)),
        ExprKind::Reduce(reduce) => format!(
            "reduce({} = {}, {} IN {} | {})",
            reduce.accumulator.text,
            expr(&reduce.start),
            reduce.variable.text,
            expr(&reduce.list),
            expr(&reduce.step)
        ),
        ExprKind::Subquery(inner) => subquery(inner),
        other => format!("{other:?}"),
    }
}

fn elements(part: &ListComprehension) -> String {
    let result = behind(" | ", part.result.as_ref());
    let condition = behind(" WHERE ", part.condition.as_ref());
    format!("{} IN {}{condition}{result}", part.variable.text, expr(&part.list))
}

fn subquery(part: &Subquery) -> String {
    let clauses = join(part.clauses.iter().map(clause), " ");
    match &part.gives {
        Gives::Exists => format!("EXISTS {{{clauses}}}"),
        Gives::Count => format!("COUNT {{{clauses}}}"),
        Gives::Collect(result) => format!("COLLECT {{{clauses} | {}}}", expr(result)),
    }
}
