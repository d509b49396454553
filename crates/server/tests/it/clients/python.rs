//! The client for Python: the plain one and the one for asyncio.

use crate::place::skip;
use livewell_services::clients;
use std::process::Command;

/// Runs the tests of these modules below `tests`.
#[track_caller]
fn pass(modules: &[&str]) {
    let Some(python) = clients::python() else {
        return skip("the client for Python: there is no python3 with venv and pip");
    };
    let mut tests = Command::new(python);
    tests.args(["-W", "error::ResourceWarning", "-m", "unittest"]);
    tests.args(modules.iter().map(|module| format!("tests.{module}")));
    tests.current_dir(super::root().join("clients/python"));
    tests.env("PYTHONPATH", "src").env("PYTHONDONTWRITEBYTECODE", "1");
    super::pass(tests);
}

#[test]
fn answers_and_events_are_the_same_in_pieces_of_any_size() {
    pass(&["test_sse", "test_wire", "test_resumption"]);
}

#[test]
fn rows_are_those_computed_from_scratch() {
    pass(&["test_rows"]);
}

#[test]
fn servers_that_refuse_stall_end_and_lie_are_borne_or_told() {
    pass(&["test_backoff", "test_faults"]);
}

#[test]
fn killed_anywhere_every_result_is_seen_once_and_in_order() {
    pass(&["server.test_killed"]);
}

#[test]
fn rows_are_read_followed_by_value_through_a_reset_and_a_proxy_that_cuts() {
    pass(&["server.test_reading"]);
}

#[test]
fn the_examples_print_what_they_should() {
    pass(&["server.test_examples"]);
}
