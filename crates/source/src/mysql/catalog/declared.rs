//! Reads the declaration of a column: `enum('a','b''c')`.

/// Returns the labels of an `ENUM` or a `SET`.
pub(super) fn labels(declared: &str) -> Vec<String> {
    let (mut labels, mut label) = (Vec::new(), None::<String>);
    let mut characters = declared.chars().peekable();
    while let Some(character) = characters.next() {
        match (&mut label, character) {
            (None, '\'') => label = Some(String::new()),
            (None, _) => {}
            (Some(text), '\'') if characters.peek() == Some(&'\'') => {
                characters.next();
                text.push('\'');
            }
            (Some(_), '\'') => labels.extend(label.take()),
            (Some(text), '\\') => text.push(match characters.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('0') => '\0',
                Some(other) => other,
                None => '\\',
            }),
            (Some(text), other) => text.push(other),
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_with_what_they_escape() {
        assert_eq!(labels("enum('a','b''c','','d,e','(\\n)')"), ["a", "b'c", "", "d,e", "(\n)"]);
        assert_eq!(labels("set('x')"), ["x"]);
        assert!(labels("enum()").is_empty());
    }
}
