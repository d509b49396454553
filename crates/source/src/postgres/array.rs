//! Parses PostgreSQL's text of arrays: `{1,NULL,"a \"b\""}`, nested, with other bounds `[0:1]={1,2}`.

use livewell_model::Value;

/// PostgreSQL's own limit of dimensions.
const DEPTH_MAX: usize = 6;

/// Reads an item of an array.
type Item<'a> = dyn Fn(&str) -> Result<Value, String> + 'a;

/// Parses the text of an array into a list, each item read by `item`. Bounds other than from 1 are not kept.
pub(super) fn list(text: &str, item: &Item<'_>, delimiter: char) -> Result<Value, String> {
    let body = match text.strip_prefix('[') {
        Some(bounded) => bounded.split_once('=').ok_or_else(wrong)?.1,
        None => text,
    };
    let mut parser = Parser { rest: body, read: item, delimiter };
    let list = parser.list(1)?;
    if parser.rest.is_empty() { Ok(list) } else { Err(wrong()) }
}

fn wrong() -> String {
    "an array is not in the form that PostgreSQL prints".into()
}

struct Parser<'a> {
    rest: &'a str,
    read: &'a Item<'a>,
    delimiter: char,
}

impl Parser<'_> {
    fn list(&mut self, depth: usize) -> Result<Value, String> {
        if depth > DEPTH_MAX || !self.eat('{') {
            return Err(wrong());
        }
        let mut items = Vec::new();
        if self.eat('}') {
            return Ok(Value::from(items));
        }
        loop {
            items.push(if self.rest.starts_with('{') { self.list(depth + 1)? } else { self.item()? });
            if self.eat('}') {
                return Ok(Value::from(items));
            }
            if !self.eat(self.delimiter) {
                return Err(wrong());
            }
        }
    }

    fn item(&mut self) -> Result<Value, String> {
        if self.eat('"') {
            return (self.read)(&self.quoted()?);
        }
        let end = self.rest.find([self.delimiter, '}']).ok_or_else(wrong)?;
        let (item, rest) = self.rest.split_at(end);
        self.rest = rest;
        match item {
            "" => Err(wrong()),
            "NULL" => Ok(Value::Null),
            // Outside of quotes only a backslash has a meaning of its own, and the server quotes those.
            _ => (self.read)(item),
        }
    }

    fn quoted(&mut self) -> Result<String, String> {
        let mut text = String::new();
        let mut characters = self.rest.chars();
        while let Some(character) = characters.next() {
            match character {
                '"' => {
                    self.rest = characters.as_str();
                    return Ok(text);
                }
                '\\' => text.push(characters.next().ok_or_else(wrong)?),
                _ => text.push(character),
            }
        }
        Err(wrong())
    }

    fn eat(&mut self, wanted: char) -> bool {
        let after = self.rest.strip_prefix(wanted);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(text: &str) -> Result<Value, String> {
        text.parse().map(Value::Int).map_err(|_| "not a number".into())
    }

    fn text(text: &str) -> Result<Value, String> {
        Ok(Value::string(text))
    }

    #[test]
    fn arrays_are_lists_of_what_they_are_of() {
        let ints = |text| list(text, &int, ',');
        assert_eq!(ints("{}"), Ok(Value::list([])));
        assert_eq!(ints("{1,NULL,-3}"), Ok(Value::list([Value::Int(1), Value::Null, Value::Int(-3)])));
        let row = |a: i64, b: i64| Value::from(vec![a, b]);
        assert_eq!(ints("[0:1][1:2]={{1,2},{3,4}}"), Ok(Value::list([row(1, 2), row(3, 4)])));
        let texts = list(r#"{"a,\"b\\",plain,"NULL",""}"#, &text, ',');
        assert_eq!(texts, Ok(Value::from(vec!["a,\"b\\", "plain", "NULL", ""])));
        assert_eq!(
            list("{(1,1),(0,0);(2,2),(1,1)}", &text, ';').map(|v| format!("{v:?}").len() > 2),
            Ok(true)
        );
    }

    #[test]
    fn what_is_no_array_is_refused() {
        for wrong in ["", "{", "1", "{1,}", "{1}x", "{\"a}", "[1:2]{1,2}", "{{{{{{{1}}}}}}}", "{,}"] {
            assert!(list(wrong, &text, ',').is_err(), "{wrong}");
        }
    }
}
