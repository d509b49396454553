//! Templates over the columns of a table: `airport:{faa}`.

use crate::suggest;
use livewell_model::SmolStr;

/// A template, its columns found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Column(usize),
}

impl Template {
    /// Reads a template; `{{` and `}}` stand for the braces themselves.
    pub fn compile(template: &str, columns: &[SmolStr]) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut rest = template;
        while let Some(at) = rest.find(['{', '}']) {
            text.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                text.push_str(brace);
                rest = after;
            } else if brace == "}" {
                return Err(format!(
                    "`{template}`: `}}` without its `{{`; write `}}}}` for the brace itself"
                ));
            } else {
                let (name, after) = rest.split_once('}').ok_or_else(|| {
                    format!("`{template}`: `{{` is never closed; write `{{{{` for the brace itself")
                })?;
                let column = columns.iter().position(|column| column == name).ok_or_else(|| {
                    let names: Vec<&str> = columns.iter().map(SmolStr::as_str).collect();
                    format!(
                        "`{template}`: the table has no column `{name}`; {}",
                        suggest::advice(name, &names)
                    )
                })?;
                parts.extend((!text.is_empty()).then(|| Part::Text(std::mem::take(&mut text))));
                parts.push(Part::Column(column));
                rest = after;
            }
        }
        text.push_str(rest);
        parts.extend((!text.is_empty()).then_some(Part::Text(text)));
        Ok(Self(parts))
    }

    /// The text for a row whose cells are `cells` (`None` for null); the error is the first null column.
    pub fn render<'a>(&self, cell: impl Fn(usize) -> Option<&'a str>) -> Result<String, usize> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Column(column) => text.push_str(cell(*column).ok_or(*column)?),
            }
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_from_a_row_or_names_the_null_column() {
        let columns: Vec<SmolStr> = vec!["a".into(), "b c".into()];
        let cells = [Some("1"), None];
        let render = |template: &str| Template::compile(template, &columns).unwrap().render(|at| cells[at]);
        assert_eq!(render("x:{a}-{a}"), Ok("x:1-1".into()));
        assert_eq!(render("{{{a}}}"), Ok("{1}".into()));
        assert_eq!(render("plain"), Ok("plain".into()));
        assert_eq!(render("{b c}"), Err(1));
    }

    #[test]
    fn a_wrong_template_is_refused_with_advice() {
        let columns: Vec<SmolStr> = vec!["tailnum".into(), "year".into()];
        for (template, says) in [
            ("plane:{tailnumber}", "has no column `tailnumber`; known are"),
            ("plane:{tailnun}", "did you mean `tailnum`?"),
            ("plane:{tailnum", "never closed"),
            ("plane:tailnum}", "without its"),
            ("{}", "has no column ``"),
        ] {
            let error = Template::compile(template, &columns).unwrap_err();
            assert!(error.contains(says), "{template}: {error}");
        }
    }
}
