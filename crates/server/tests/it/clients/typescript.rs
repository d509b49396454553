//! The client for TypeScript in Node.

use crate::place::skip;
use livewell_services::clients::Typescript;

/// Runs the tests of one file below `test`.
#[track_caller]
fn pass(file: &str) {
    let Some(client) = Typescript::copy(&super::root()) else {
        return skip("the client for TypeScript: there is no node or no npm");
    };
    client.build("dist");
    client.build("built");
    let path = format!("built/test/{file}.test.js");
    assert!(client.path().join(&path).is_file(), "there is no {path}");
    // Without `--test`, whose own child would survive it.
    super::pass(client.node(&[&path]));
}

#[test]
fn events_are_the_same_in_pieces_of_any_size() {
    pass("sse");
    pass("resumption");
}

#[test]
fn rows_are_those_computed_from_scratch_and_no_integer_is_rounded() {
    pass("rows");
    pass("json");
}

#[test]
fn servers_that_refuse_stall_end_and_lie_are_borne_or_told() {
    pass("backoff");
    pass("faults");
}

#[test]
fn killed_anywhere_every_result_is_seen_once_and_in_order() {
    pass("server/killed");
}

#[test]
fn rows_are_read_followed_by_value_through_a_reset_and_a_proxy_that_cuts() {
    pass("server/reading");
}

#[test]
fn the_examples_print_what_they_should() {
    pass("server/examples");
}
