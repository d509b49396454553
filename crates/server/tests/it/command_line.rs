//! The command line itself.

use super::{livewell, text};

const COMMANDS: [&str; 8] = ["run", "check", "results", "explain", "verify", "status", "reset", "store"];

#[test]
fn every_command_is_in_the_help_and_has_its_own() {
    let help = livewell(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    for command in COMMANDS {
        assert!(text(&help.stdout).lines().any(|line| line.trim_start().starts_with(command)), "{command}");
        let own = livewell(&[command, "--help"]);
        assert_eq!(own.status.code(), Some(0), "{command}");
        assert!(command == "store" || text(&own.stdout).contains("Examples:"), "{command}");
    }
}

#[test]
fn wrong_usage_exits_with_2_and_names_what_is_wrong() {
    for arguments in [
        &["chek", "minimal.yaml"][..],
        &["check"],
        &["check", "a.yaml", "b.yaml"],
        &["results", "late", "--format", "xml"],
        &["results", "late", "--server", "http://localhost", "--store", "data"],
        &["results", "late", "--watch", "--store", "data"],
        &["check", "minimal.yaml", "--log-level", "loud"],
        &[],
    ] {
        let output = livewell(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{arguments:?}");
    }
    assert!(text(&livewell(&["chek"]).stderr).contains("check"));
}
