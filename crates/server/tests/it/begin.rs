//! Setting things up: a configuration by `init`, completions, manual pages.

use super::text;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

fn livewell(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_livewell"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("LIVEWELL_SERVER")
        .env_remove("SHOP_URL")
        .env_remove("MARIADB_URL")
        .env_remove("KAFKA_URL")
        .env_remove("NATS_URL")
        .output()
        .unwrap()
}

#[test]
fn every_template_is_a_configuration_that_check_accepts() {
    for template in ["files", "postgres", "mysql", "kafka", "nats", "http"] {
        let folder = tempfile::tempdir().unwrap();
        let init = livewell(folder.path(), &["init", "--template", template, "new/place"]);
        assert!(init.status.success(), "{init:?}");
        let said = text(&init.stdout);
        assert!(said.contains("created new/place/livewell.yaml") && said.contains("cd new/place"), "{said}");
        assert!(said.contains("livewell run"), "{said}");
        let written = std::fs::read_to_string(folder.path().join("new/place/livewell.yaml")).unwrap();
        assert!(!written.contains("docs/"), "{template}: nobody who has the binary alone has these pages");
        let check = livewell(&folder.path().join("new/place"), &["check", "livewell.yaml"]);
        assert!(check.status.success() && check.stderr.is_empty(), "{template}: {check:?}");
    }
}

#[test]
fn the_files_template_has_rows_at_once() {
    let folder = tempfile::tempdir().unwrap();
    assert!(livewell(folder.path(), &["init"]).status.success());
    let run = livewell(folder.path(), &["run", "--until-idle"]);
    assert!(run.status.success(), "{run:?}");
    assert!(text(&run.stderr).contains("big-orders"), "the log shows its results: {run:?}");
    let rows = |query: &str| -> BTreeSet<String> {
        let shown = livewell(folder.path(), &["results", query, "--store", "livewell-data"]);
        let rows = text(&shown.stdout).lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
        rows.map(|row| row["data"].to_string()).collect()
    };
    let expected = [
        json!({"id": "o1", "customer": "Ada", "total": 250}),
        json!({"id": "o2", "customer": "Grace", "total": 140}),
    ];
    assert_eq!(rows("big-orders"), expected.iter().map(Json::to_string).collect());
    let expected = [
        json!({"customer": "Ada", "orders": 1, "total": 250}),
        json!({"customer": "Grace", "orders": 1, "total": 140}),
    ];
    assert_eq!(rows("by-customer"), expected.iter().map(Json::to_string).collect());
    assert_eq!(std::fs::read_to_string(folder.path().join("big-orders.jsonl")).unwrap().lines().count(), 2);
}

#[test]
fn init_overwrites_nothing_and_leaves_nothing_if_it_is_refused() {
    for name in ["livewell.yaml", "orders.jsonl"] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), "mine").unwrap();
        let init = livewell(folder.path(), &["init"]);
        assert_eq!(init.status.code(), Some(1), "{init:?}");
        let said = text(&init.stderr);
        assert!(said.contains(name) && said.contains("LW0780"), "{said}");
        assert_eq!(std::fs::read_to_string(folder.path().join(name)).unwrap(), "mine");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
    // A link that leads nowhere is something, too.
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/nowhere", folder.path().join("livewell.yaml")).unwrap();
    assert_eq!(livewell(folder.path(), &["init"]).status.code(), Some(1));
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let init = livewell(folder.path(), &["init", "file/below"]);
    assert!(init.status.code() == Some(1) && text(&init.stderr).contains("LW0780"), "{init:?}");
}

/// What a real bash completes the last of these words to.
fn completed(folder: &Path, words: &[&str]) -> Vec<String> {
    let script = "source ./livewell.bash; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); \
                  _livewell livewell \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD-1]}\"; printf '%s\\n' \"${COMPREPLY[@]}\"";
    let bash = Command::new("bash")
        .args(["--norc", "-c", script, "bash"])
        .args(words)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(bash.stderr.is_empty(), "{bash:?}");
    text(&bash.stdout).lines().map(ToOwned::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_and_values() {
    let folder = tempfile::tempdir().unwrap();
    let script = livewell(folder.path(), &["completions", "bash"]);
    assert!(script.status.success(), "{script:?}");
    std::fs::write(folder.path().join("livewell.bash"), script.stdout).unwrap();
    let of = |words: &[&str]| completed(folder.path(), words);
    assert_eq!(of(&["livewell", "veri"]), ["verify"]);
    assert_eq!(of(&["livewell", "store", "in"]), ["inspect"]);
    assert!(of(&["livewell", "results", "--wat"]).contains(&"--watch".to_owned()));
    assert_eq!(of(&["livewell", "init", "--template", "post"]), ["postgres"]);
    assert!(!of(&["livewell", "results", "--"]).contains(&"--direct".to_owned()));
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        let script = livewell(folder.path(), &["completions", shell]);
        assert!(script.status.success() && text(&script.stdout).contains("dead-letters"), "{shell}");
    }
    assert_eq!(livewell(folder.path(), &["completions", "tcsh"]).status.code(), Some(2));
}

#[test]
fn every_command_has_a_manual_page_that_man_shows() {
    let folder = tempfile::tempdir().unwrap();
    let man = livewell(folder.path(), &["man", "pages"]);
    assert!(man.status.success(), "{man:?}");
    let pages = folder.path().join("pages");
    let help = livewell(folder.path(), &["--help"]);
    let commands = text(&help.stdout).lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.take_while(|line| !line.is_empty());
    // A description that wraps is indented further.
    let commands = commands.filter(|line| !line.starts_with("   "));
    let names: Vec<&str> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() > 20 && names.contains(&"results"), "{names:?}");
    for name in names.iter().filter(|name| **name != "help") {
        let page = std::fs::read_to_string(pages.join(format!("livewell-{name}.1"))).unwrap();
        assert!(page.contains("SYNOPSIS") && !page.contains("\\-\\-direct "), "{name}");
    }
    let main = std::fs::read_to_string(pages.join("livewell.1")).unwrap();
    assert!(main.contains("LIVEWELL_TOKEN"), "{main}");
    // Where `man` is installed, it must be able to format each page.
    if Command::new("man").arg("--version").output().is_ok_and(|man| man.status.success()) {
        for page in std::fs::read_dir(&pages).unwrap() {
            let path = page.unwrap().path();
            let shown =
                Command::new("man").args(["--warnings", "-l"]).arg(&path).env("MANPAGER", "cat").output();
            let shown = shown.unwrap();
            assert!(shown.status.success() && !shown.stdout.is_empty(), "{path:?}: {shown:?}");
            assert!(shown.stderr.is_empty(), "{path:?}: {}", text(&shown.stderr));
        }
    }
}
