//! Ids that name the reaction, and those of a version that did not.

use super::{Target, deliver_all, ids, large, outgoing, settings};
use livewell_model::SmolStr;
use livewell_reaction::testkit::{Behaviour, Messaged, STORE, Sample, start_as};
use livewell_reaction::webhook::{Each, Webhook, WebhookSettings};
use livewell_reaction::{Reached, Reaction};
use livewell_services::Web;

/// The detail of a version whose ids did not name the reaction, before the first message of a result.
const FIRST_DETAIL: &[u8] = &[1];

fn head(sequence: u64) -> [Reached; 1] {
    [Reached { query_id: "sample".into(), epoch: 1, sequence, position: sequence * 3 }]
}

fn first_key(sequence: u64, index: usize) -> String {
    format!("{STORE}:sample:1:{sequence}:{index}")
}

#[test]
fn two_reactions_on_one_query_share_no_id() {
    for each in [Each::Diff, Each::Result] {
        let server = Web::start();
        let sample = Sample::new(20);
        for id in ["mail", "audit"] {
            let mut webhook = Webhook::from(WebhookSettings { each, ..settings(&server) });
            start_as(&mut webhook, id, None, &head(0)).unwrap();
            deliver_all(&mut webhook, &sample.outgoing(1..=20));
        }
        let mut ids = ids(&server);
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 40);
        assert!(
            ids.iter().all(|id| id.starts_with(&format!("{STORE}:mail:")) || id.contains(":audit:sample:1:"))
        );
    }
}

#[test]
fn what_a_version_before_may_have_sent_is_repeated_under_the_id_it_had_and_nothing_else_is() {
    let server = Web::start();
    let sample = Sample::new(9);
    // The version before sent up to 5 of 7 results, and was killed before its checkpoint.
    let mut webhook = Webhook::from(settings(&server));
    let started = start_as(&mut webhook, "mail", Some(FIRST_DETAIL), &head(7)).unwrap();
    let (detail, _) = deliver_all(&mut webhook, &sample.outgoing(1..=3));
    // A kill does not make it forget which were there; nor does one before the first checkpoint.
    for (detail, from) in [(started.detail, 1), (detail, 4)] {
        let mut webhook = Webhook::from(settings(&server));
        start_as(&mut webhook, "mail", Some(&detail), &head(9)).unwrap();
        deliver_all(&mut webhook, &sample.outgoing(from..=9));
    }
    let of = |sequence: u64| match sequence {
        1..=7 => first_key(sequence, 0),
        _ => format!("{STORE}:mail:sample:1:{sequence}:0"),
    };
    assert_eq!(ids(&server), (1..=3).chain(1..=9).chain(4..=9).map(of).collect::<Vec<_>>());
}

#[test]
fn no_more_than_a_version_before_sends_without_a_checkpoint_is_repeated_under_the_first_ids() {
    let server = Web::start();
    let (columns, result): ([SmolStr; 2], _) = (super::columns(), large(250));
    let results = outgoing(&columns, &result);
    // Inside the result: format, query, epoch, sequence and 30 messages that are done.
    let detail = [&[1, 6][..], b"sample", &[1, 7, 30]].concat();
    let mut webhook = Webhook::from(settings(&server));
    start_as(&mut webhook, "mail", Some(&detail), &head(7)).unwrap();
    let mut detail = Vec::new();
    while ids(&server).len() < 220 {
        let mut again = Webhook::from(settings(&server));
        let now = if detail.is_empty() {
            webhook.deliver(&results).unwrap()
        } else {
            start_as(&mut again, "mail", Some(&detail), &head(7)).unwrap();
            again.deliver(&results).unwrap()
        };
        detail = now.detail;
    }
    let of = |index: usize| match index {
        30..130 => first_key(7, index),
        _ => format!("{STORE}:mail:sample:1:7:{index}"),
    };
    assert_eq!(ids(&server), (30..250).map(of).collect::<Vec<_>>());
}

#[test]
fn a_reaction_that_was_caught_up_names_itself_at_once() {
    let target = Target::new();
    target.behave(Behaviour::Serve);
    let mut webhook = target.reaction();
    start_as(&mut *webhook, "mail", Some(FIRST_DETAIL), &head(3)).unwrap();
    webhook.deliver(&Sample::new(4).outgoing(4..=4)).unwrap();
    assert_eq!(target.taken()[0].0, format!("{STORE}:mail:sample:1:4:0"));
}
