//! Writing results: their records and the checkpoint, in one transaction if each is to be there once.

use super::checkpoint::Checkpoint;
use super::failure::{refused, sorted};
use super::message::Made;
use super::running::Running;
use super::session::Session;
use crate::aside::Aside;
use crate::shared::OnRefusal;
use crate::{DeadLetter, Delivered, Outgoing, Reached, ReactionError};
use livewell_link::kafka::NewRecord;

/// About how many records, and how many bytes of them, are written before a checkpoint.
const RECORDS_MAX: usize = 10_000;
const BYTES_MAX: usize = 8 << 20;
/// How many letters the checkpoint remembers as sent again. One is enough, but for a crash behind each.
const RESENT_MAX: usize = 1_000;

/// The records of some results.
#[derive(Default)]
struct Batch {
    records: Vec<(i32, NewRecord)>,
    /// The result of each record by its place, which of its diffs it is made of, and its id.
    of: Vec<(usize, Option<usize>, String)>,
    /// The diffs of which no record can be made, by result, and why.
    unfit: Vec<(usize, usize, String)>,
    /// How many results.
    results: usize,
}

/// Writes results, all or the first of them.
pub(super) fn deliver(
    running: &mut Running,
    session: &mut Session,
    results: &[Outgoing<'_>],
    on_refusal: OnRefusal,
) -> Result<Delivered, ReactionError> {
    // A commit whose answer was lost.
    let done = results.iter().take_while(|outgoing| is_reached(&running.held.reached, outgoing)).count();
    let results = &results[done..];
    let batch = made(running, session, results, on_refusal)?;
    let mut dead = batch.unfit;
    if !dead.is_empty() && running.is_exact() {
        return Ok(set_aside(running, results, done, &dead));
    }
    let written = session.write(&batch.records)?;
    let too_large = written.offsets.iter().zip(&batch.of).filter(|(offset, _)| offset.is_none());
    for (_, (result, index, id)) in too_large {
        let reason = format!(
            "the record is larger than {} takes; raise its `max.message.bytes`",
            running.maker.target()
        );
        match index {
            Some(index) if on_refusal == OnRefusal::DeadLetter => dead.push((*result, *index, reason)),
            _ => {
                session.producer.abort().map_err(sorted)?;
                if *result == 0 {
                    return Err(refused(format!("{id}: {reason}")));
                }
                // What comes before it first; without a transaction that is there already.
                let before = match running.is_exact() {
                    true => deliver(running, session, &results[..*result], on_refusal)?,
                    false => {
                        Delivered { results: *result, detail: running.detail.encode(), dead: Vec::new() }
                    }
                };
                return Ok(Delivered { results: done + before.results, ..before });
            }
        }
    }
    if !dead.is_empty() && running.is_exact() {
        session.producer.abort().map_err(sorted)?;
        return Ok(set_aside(running, results, done, &dead));
    }
    if running.is_exact() {
        let mut reached = running.held.reached.clone();
        results[..batch.results].iter().for_each(|outgoing| advance(&mut reached, outgoing));
        running.commit(session, Checkpoint { reached, resent: running.resent() })?;
        running.detail.set_aside.forget(&running.held.reached);
    }
    let dead = letters(running, results, &dead);
    Ok(Delivered { results: done + batch.results, detail: running.detail.encode(), dead })
}

/// Sends a diff again that was set aside. In a transaction the checkpoint says so, because a crash may come before the
/// store has taken the letter out.
pub(super) fn resend(
    running: &mut Running,
    session: &mut Session,
    letter: &DeadLetter,
) -> Result<(), ReactionError> {
    if running.is_exact() && running.held.resent.contains(&letter.key) {
        running.sent = Some(letter.key.clone());
        return Ok(());
    }
    let record = running.maker.make_again(letter, running.time())?;
    let partition = session.partition(record.key.as_deref().unwrap_or_default());
    let written = session.write(&[(partition, record)])?;
    if written.offsets[0].is_none() {
        session.producer.abort().map_err(sorted)?;
        let reason = format!("the record is still larger than {} takes", running.maker.target());
        return Err(refused(reason));
    }
    if !running.is_exact() {
        return session.producer.commit().map_err(sorted);
    }
    let mut resent = running.resent();
    resent.drain(..(resent.len() + 1).saturating_sub(RESENT_MAX));
    resent.push(letter.key.clone());
    let reached = running.held.reached.clone();
    running.commit(session, Checkpoint { reached, resent })?;
    running.sent = Some(letter.key.clone());
    Ok(())
}

fn is_set_aside(running: &Running, outgoing: &Outgoing<'_>, made: &Made) -> bool {
    made.index.is_some_and(|index| running.detail.set_aside.contains(&place(outgoing, index)))
}

/// Makes the records of the first results, as many as go into one transaction.
fn made(
    running: &Running,
    session: &Session,
    results: &[Outgoing<'_>],
    on_refusal: OnRefusal,
) -> Result<Batch, ReactionError> {
    let (mut batch, mut bytes, time) = (Batch::default(), 0, running.time());
    for (at, outgoing) in results.iter().enumerate() {
        if batch.records.len() >= RECORDS_MAX || bytes >= BYTES_MAX {
            break;
        }
        let making = running.maker.make(outgoing, time).and_then(|mut making| match on_refusal {
            OnRefusal::Stop if !making.unfit.is_empty() => Err(making.unfit.remove(0).1),
            _ => Ok(making),
        });
        let making = match making {
            // What comes before it first.
            Err(_) if at > 0 => break,
            making => making?,
        };
        for made in making.made.into_iter().filter(|made| !is_set_aside(running, outgoing, made)) {
            bytes += made.record.size();
            let partition = session.partition(made.record.key.as_deref().unwrap_or_default());
            batch.records.push((partition, made.record));
            batch.of.push((at, made.index, made.id));
        }
        let unfit = making.unfit.into_iter();
        let unfit = unfit.filter(|(index, _)| !running.detail.set_aside.contains(&place(outgoing, *index)));
        batch.unfit.extend(unfit.map(|(index, error)| (at, index, error.to_string())));
        batch.results += 1;
    }
    Ok(batch)
}

/// Sets diffs aside before the other records of their results are written: the letters are stored with a detail that says
/// so, and the next delivery leaves those diffs out. Otherwise a crash behind the commit would lose them.
fn set_aside(
    running: &mut Running,
    results: &[Outgoing<'_>],
    done: usize,
    dead: &[(usize, usize, String)],
) -> Delivered {
    let places = dead.iter().map(|(result, index, _)| place(&results[*result], *index));
    running.detail.set_aside.extend(places);
    let dead = letters(running, results, dead);
    Delivered { results: done, detail: running.detail.encode(), dead }
}

fn letters(running: &Running, results: &[Outgoing<'_>], dead: &[(usize, usize, String)]) -> Vec<DeadLetter> {
    let letter = |(result, index, reason): &(usize, usize, String)| {
        running.maker.letter(&results[*result], *index, reason.clone())
    };
    dead.iter().map(letter).collect()
}

fn place(outgoing: &Outgoing<'_>, index: usize) -> Aside {
    let (query_id, epoch, sequence) = (outgoing.query_id.into(), outgoing.epoch, outgoing.result.sequence);
    Aside { query_id, epoch, sequence, part: index as u64 }
}

fn is_reached(reached: &[Reached], outgoing: &Outgoing<'_>) -> bool {
    let is_it = |there: &&Reached| there.query_id == outgoing.query_id && there.epoch == outgoing.epoch;
    reached.iter().find(is_it).is_some_and(|there| outgoing.result.sequence <= there.sequence)
}

fn advance(reached: &mut Vec<Reached>, outgoing: &Outgoing<'_>) {
    let (sequence, position) = (outgoing.result.sequence, outgoing.result.position);
    let to = Reached { query_id: outgoing.query_id.into(), epoch: outgoing.epoch, sequence, position };
    match reached.iter_mut().find(|there| there.query_id == to.query_id) {
        Some(there) => *there = to,
        None => reached.push(to),
    }
}
