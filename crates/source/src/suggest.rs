//! Suggests a similar name in messages about an unknown one.

/// Returns the name that was probably meant by `given`.
pub fn near<'a>(given: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Comparing takes time in the product of the lengths, and the given name may have megabytes.
    const LONGEST: usize = 64;
    if given.len() > LONGEST {
        return None;
    }
    let lower = given.to_lowercase();
    let scored = names.into_iter().filter(|name| name.len() <= LONGEST).map(|name| {
        let distance = strsim::osa_distance(&lower, &name.to_lowercase());
        (distance, name)
    });
    // If the distance equals the length, any other name would be as near.
    let is_near = |distance: usize, name: &str| distance <= 1 + name.len() / 4 && distance < name.len();
    // `query` for `queries`: most of a word is right, and only its end is not.
    let begins_alike = |name: &str| {
        let alike = name.to_lowercase().chars().zip(lower.chars()).take_while(|(a, b)| a == b).count();
        alike >= 4 && 2 * alike > name.chars().count()
    };
    scored
        .filter(|(distance, name)| is_near(*distance, name) || begins_alike(name))
        .min()
        .map(|(_, name)| name)
}

/// Returns `did you mean `x`?`, or a list of the names to choose from.
pub fn advice(given: &str, names: &[&str]) -> String {
    match near(given, names.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("known are {}", list(names)),
    }
}

fn list(names: &[&str]) -> String {
    const SHOWN: usize = 20;
    let mut text = names.iter().take(SHOWN).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(", ...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        assert_eq!(near("proprties", ["properties", "labels"]), Some("properties"));
        assert_eq!(near("Lables", ["properties", "labels"]), Some("labels"));
        assert_eq!(near("query", ["sources", "queries"]), Some("queries"));
        assert_eq!(near("zebra", ["properties", "labels"]), None);
        assert_eq!(near("x", ["c", "d"]), None);
        assert_eq!(near(&"l".repeat(1 << 20), ["labels"]), None);
    }
}
