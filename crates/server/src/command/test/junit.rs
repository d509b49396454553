//! The outcome of cases in the form of JUnit, which servers of continuous integration read.

use super::case::Case;

/// Returns the report.
pub fn report(cases: &[Case]) -> String {
    let failed = cases.iter().filter(|case| !case.failure.is_empty()).count();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let mut add = |line: String| {
        xml.push_str(&line);
        xml.push('\n');
    };
    add(format!("<testsuite name=\"livewell\" tests=\"{}\" failures=\"{failed}\">", cases.len()));
    for Case { file, line, name, failure } in cases {
        let (file, name) = (escaped(&file.display().to_string()), escaped(name));
        let case =
            format!("  <testcase classname=\"{file}\" name=\"{name}\" file=\"{file}\" line=\"{line}\"");
        match failure.as_slice() {
            [] => add(format!("{case}/>")),
            [first, ..] => {
                add(format!("{case}>"));
                let (message, text) = (escaped(first), escaped(&failure.join("\n")));
                add(format!("    <failure message=\"{message}\">{text}</failure>"));
                add("  </testcase>".to_owned());
            }
        }
    }
    add("</testsuite>".to_owned());
    xml
}

/// Returns text as XML writes it, in an attribute too. Control characters, which XML does not have, are replaced.
fn escaped(text: &str) -> String {
    let mut xml = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\n' => xml.push_str("&#10;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => xml.push('\u{fffd}'),
            c => xml.push(c),
        }
    }
    xml
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_does_not_have_is_escaped() {
        assert_eq!(escaped("a<\"b\"> &\n\u{1b}é"), "a&lt;&quot;b&quot;&gt; &amp;&#10;\u{fffd}é");
    }
}
