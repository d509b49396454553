//! The command line itself.

use super::{livewell, text};

const COMMANDS: [&str; 37] = [
    "init",
    "run",
    "check",
    "results",
    "explain",
    "verify",
    "compare",
    "status",
    "server",
    "graph",
    "config",
    "history",
    "events",
    "start",
    "stop",
    "remove",
    "reset",
    "store",
    "parked",
    "dead-letters",
    "deliveries",
    "send-now",
    "elements",
    "transactions",
    "progress",
    "send",
    "try",
    "backup",
    "restore",
    "completions",
    "man",
    "schema",
    "doctor",
    "export",
    "test",
    "why",
    "apply",
];

#[test]
fn every_command_is_in_the_help_and_has_its_own() {
    let help = livewell(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    for command in COMMANDS {
        assert!(text(&help.stdout).lines().any(|line| line.trim_start().starts_with(command)), "{command}");
        let own = livewell(&[command, "--help"]);
        assert_eq!(own.status.code(), Some(0), "{command}");
        let has_examples = text(&own.stdout).contains("Example");
        assert!(has_examples || command == "store", "{command}");
    }
}

#[test]
fn options_of_logging_are_in_the_top_help_alone_and_taken_everywhere() {
    let help = livewell(&["--help"]);
    assert!(text(&help.stdout).contains("--log-format") && text(&help.stdout).contains("--log-level"));
    for arguments in [&["status", "--help"][..], &["store", "inspect", "--help"], &["run", "-h"]] {
        let own = livewell(arguments);
        assert!(!text(&own.stdout).contains("--log-"), "{arguments:?}: {}", text(&own.stdout));
    }
    let wrong = livewell(&["store", "inspect", "--log-level", "loud", "x"]);
    assert!(text(&wrong.stderr).contains("invalid value 'loud'"), "{}", text(&wrong.stderr));
    let before = livewell(&["--log-format", "json", "run", "no-such.yaml"]);
    let after = livewell(&["run", "no-such.yaml", "--log-format", "json"]);
    assert_eq!(before, after);
}

#[test]
fn the_help_says_how_a_command_finds_its_server() {
    let help = livewell(&["--help"]);
    for part in ["LIVEWELL_SERVER", "LIVEWELL_TOKEN", "--store", "--config", "livewell.yaml"] {
        assert!(text(&help.stdout).contains(part), "{part}");
    }
    for command in
        ["results", "verify", "status", "start", "stop", "remove", "reset", "parked", "dead-letters"]
    {
        let own = livewell(&[command, "--help"]);
        let shown = text(&own.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
        for part in
            ["--server <URL>", "LIVEWELL_SERVER", "LIVEWELL_TOKEN", "--store <DIR>", "--config <FILE>"]
        {
            assert!(shown.contains(part), "{command}: {part}");
        }
        assert!(!shown.contains("--direct"), "{command}");
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
    let unknown = livewell(&["explain", "--server", "x", "MATCH (n) RETURN n.x AS x"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(!text(&unknown.stderr).contains("similar"), "{}", text(&unknown.stderr));
}
