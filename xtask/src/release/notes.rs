//! The notes of a release: its section of the changelog.

use crate::outcome::Outcome;

/// Returns the section of a version, without its heading.
///
/// # Errors
/// Returns an error if there is none, or if it has no date and `is_dry` is false.
pub fn of(changelog: &str, version: &str, is_dry: bool) -> Outcome<String> {
    let mut sections = changelog.split("\n## ").skip(1);
    let is_released = |section: &str| section.starts_with(&format!("[{version}] - "));
    let is_next = |section: &str| {
        section.starts_with("[Unreleased]")
            && section.lines().next().is_some_and(|line| line.ends_with(version))
    };
    let section = sections
        .find(|section| is_released(section) || is_next(section))
        .ok_or_else(|| format!("CHANGELOG.md has no section for {version}"))?;
    if !is_dry && !is_released(section) {
        return Err(format!("in CHANGELOG.md the heading has to be `## [{version}] - YYYY-MM-DD`").into());
    }
    let (_, text) = section.split_once('\n').ok_or("the section of the changelog is empty")?;
    Ok(format!("{}\n", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGELOG: &str = "# Changelog\n\n## [Unreleased] 0.2.0\n\n* New.\n\n## [0.1.0] - 2026-12-01\n\n### Added\n\n* First.\n";

    #[test]
    fn a_version_has_its_own_section() {
        assert_eq!(of(CHANGELOG, "0.1.0", false).unwrap(), "### Added\n\n* First.\n");
        assert_eq!(of(CHANGELOG, "0.2.0", true).unwrap(), "* New.\n");
    }

    #[test]
    fn a_release_needs_a_date_and_a_section() {
        assert!(of(CHANGELOG, "0.2.0", false).unwrap_err().to_string().contains("YYYY-MM-DD"));
        assert!(of(CHANGELOG, "0.3.0", true).unwrap_err().to_string().contains("no section for 0.3.0"));
    }
}
