//! The patterns of `=~`: what Java's mean, held by a table, and what is refused.

use crate::language_expressions::{compiled, row};
use livewell_model::{SmolStr, Value};

fn matched(text: &str, pattern: &str) -> Result<Value, String> {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
    let compiled = compiled(&format!("a =~ '{}'", escaped(pattern)))?;
    Ok(compiled.eval(&row(Value::String(SmolStr::new(text)), Value::Null)).expect("two strings"))
}

fn check(pattern: &str, matching: &[&str], others: &[&str]) {
    for (texts, expect) in [(matching, true), (others, false)] {
        for text in texts {
            assert_eq!(matched(text, pattern), Ok(Value::Bool(expect)), "{text:?} =~ {pattern:?}");
        }
    }
}

#[test]
fn sets_and_cases_are_those_of_ascii_unless_flags_say_otherwise() {
    check(r"\w+", &["abc_1"], &["naïve", ""]);
    check(r"\d+", &["017"], &["٣"]);
    check(r"\s", &[" ", "\t", "\u{b}"], &["\u{a0}", "\u{85}"]);
    check(r"\W\D\S", &["ïïï"], &["a1 "]);
    check(r"(?i)straße", &["STRAßE", "sTraße"], &["STRASSE"]);
    check(r"(?i)é", &["é"], &["É"]);
    check(r"(?iu)é", &["é", "É"], &["e"]);
    check(r"(?U)\w+", &["naïve"], &["a b"]);
    check(r"(?U)(?i)é\d", &["É٣"], &["e3"]);
    check(r"(?i)[a-cX]+", &["aBCx"], &["d"]);
    check(r"(?i)[^a]", &["b"], &["A", "a"]);
    check(r"(?i)a(?-i)b", &["ab", "Ab"], &["aB"]);
    check(r"((?i)a|b)c", &["Ac", "Bc"], &["AC"]);
    check(r"(?i:a)b", &["Ab"], &["AB"]);
    check(r"a\b.\bb", &["a-b"], &["aïb1"]);
    check(r"a-\bï", &[], &["a-ï"]);
    check(r"(?U)a-\bï", &["a-ï"], &[]);
    check(r"ï\bx", &["ïx"], &[]);
    check(r"\p{Lower}\p{Upper}\p{L}\pL\p{IsGreek}\p{Alpha}", &["aAéÉλz"], &["éAéÉλz", "aAéÉλé"]);
    check(r"\P{L}\p{Sc}", &["1€"], &["a€"]);
    check(r"\h\v", &["\u{3000}\u{2028}", " \n"], &["\n "]);
}

#[test]
fn a_dot_is_every_character_but_those_that_end_a_line() {
    check("a.b", &["a\tb", "a👍b", "aéb"], &["a\nb", "a\rb", "a\u{85}b", "a\u{2028}b", "a\u{2029}b"]);
    check("(?d)a.b", &["a\rb", "a\u{2028}b"], &["a\nb"]);
    check("(?s)a.b", &["a\nb", "a\rb"], &["ab"]);
    check("^a$|^b", &["a", "b"], &["ab", "a\n"]);
}

#[test]
fn classes_have_unions_ranges_and_intersections_and_nothing_else() {
    check("a[~~]+b", &["a~~b"], &["ab"]);
    check("[a&b]+", &["a&b"], &["c"]);
    check("[a-d[m-p]]+", &["amp"], &["e"]);
    check("[a-z&&[^bc]]+", &["ad"], &["b"]);
    check("[a-z&&b-y]", &["b"], &["a", "z"]);
    check("[]a-]+", &["]a-"], &["b"]);
    check("[-a^]+", &["-a^"], &["b"]);
    check("[^]]", &["a"], &["]"]);
    check(r"[\w-]+", &["a-b"], &[" "]);
    check("[+--]+", &["+,-"], &["."]);
    check("[[:alpha:]]+", &["alph:"], &["b"]);
    check(r"[\Q]^\E]+", &["]^"], &["Q"]);
}

#[test]
fn characters_are_written_in_many_ways() {
    check(
        r"\t\n\r\f\a\e\x41\u0042\x{1F44D}\uD83D\uDC4D\0101\cA\.",
        &["\t\n\r\u{c}\u{7}\u{1b}AB👍👍A\u{1}."],
        &[],
    );
    check(r"\Qa.b(\E.", &["a.b(c"], &["axb(c"]);
    check(r"\Qab\E+", &["abbb"], &["abab"]);
    check("a{2,3}b{0}c{1,}d{2}", &["aacdd", "aaaccdd"], &["acdd", "aabcdd"]);
    check("a*?b+?c??", &["aabb", "bc"], &["a"]);
    check("(?<year>[0-9]{4})-(?:a|)}]", &["2026-a}]", "2026-}]"], &[]);
    check("(?x) a b # text )\n [c d]", &["abc", "abd"], &["ab "]);
    check("", &[""], &["a"]);
    check("()|a", &["", "a"], &["b"]);
}

#[test]
fn what_would_mean_something_else_is_refused_by_name() {
    for (pattern, says) in [
        ("fo++o", "possessive"),
        ("a*+a", "possessive"),
        ("a{2}+", "possessive"),
        ("[a--]-b", "wrong way round"),
        ("(?=a)a", "look-around"),
        ("(?<!a)a", "look-around"),
        ("(?>a)", "atomic"),
        (r"(a)\1", "back-reference"),
        (r"(?<n>a)\k<n>", "back-reference"),
        ("(?m)^a", "flag `m`"),
        ("a$b", "before something else"),
        (r"a\Z", r"`\Z`"),
        (r"\R", r"`\R`"),
        (r"\b{g}", r"`\b{`"),
        (r"\y", r"no escape `\y`"),
        (r"[\b]", r"no escape `\b`"),
        (r"\p{InGreek}", "InGreek"),
        (r"(?i)\p{Lu}", "Lu"),
        ("[^a-z&&[b]]", "begins with `^`"),
        ("[^a[b]]", "begins with `^`"),
        ("(?P<n>a)", "no flag `P`"),
        ("*a", "repeats nothing"),
        ("a{,3}", "needs a number"),
        ("a{3,2}", "wrong way round"),
        ("a{2", "not closed"),
        ("{a", "repeats nothing"),
        ("a)", "closes no group"),
        ("(a", "not closed"),
        ("[a", "not closed"),
        (r"a\", "ends too early"),
        (r"\uD83D", "half a character"),
        (&"(".repeat(200), "levels deep"),
        (&"[".repeat(200), "levels deep"),
    ] {
        let refusal = matched("", pattern).expect_err(pattern);
        assert!(
            refusal.contains("not a pattern that `=~` takes") && refusal.contains(says),
            "{pattern}: {refusal}"
        );
    }
}
