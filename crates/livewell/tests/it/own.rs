//! Reactions that a program brings itself: the example runs, and does what it says.

use std::collections::BTreeSet;

#[expect(dead_code, reason = "its `main` is for people")]
#[path = "../../examples/messenger.rs"]
mod messenger;

#[tokio::test]
async fn the_example_of_a_messenger_sends_every_change_once_and_calls_the_closure_for_each_result() {
    let place = tempfile::tempdir().unwrap();
    let (bodies, results) = messenger::run(place.path()).await.unwrap();
    let bodies: BTreeSet<&str> = bodies.iter().map(String::as_str).collect();
    assert_eq!(bodies, BTreeSet::from(["ADD o1 250", "UPDATE o1 260"]));
    assert_eq!(results, 2);
    // Started again, it goes on where it was: nothing is sent twice under another key.
    let (again, results) = messenger::run(place.path()).await.unwrap();
    assert!(again.len() > bodies.len() && bodies.iter().all(|body| again.iter().any(|one| one == body)));
    assert!(results > 0);
}
