//! Reactions that a program brings itself: the example runs, and does what it says.

#[expect(dead_code, reason = "its `main` is for people")]
#[path = "../../examples/messenger.rs"]
mod messenger;

#[tokio::test]
async fn the_example_of_a_messenger_sends_every_change_once_and_calls_the_closure_for_each_result() {
    let place = tempfile::tempdir().unwrap();
    let (bodies, results) = messenger::run(place.path()).await.unwrap();
    assert_eq!((bodies, results), (owned(&["ADD o1 250", "UPDATE o1 260"]), 2));
    // Started again, it resumes: nothing is sent again under another key, and what is new is.
    let (bodies, results) = messenger::run(place.path()).await.unwrap();
    let expected = ["ADD o1 250", "UPDATE o1 250", "UPDATE o1 260", "UPDATE o1 260"];
    assert_eq!((bodies, results), (owned(&expected), 2));
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}
