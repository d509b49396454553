//! `mode: execute`: a statement for each diff, in the transaction that moves the checkpoint.

use super::checkpoint::Owner;
use super::claim::Claim;
use super::failure::Failure;
use super::kind::Taking;
use super::parameter::{Text, parameter, parameter_again};
use super::place::Places;
use super::refusal::saved;
use super::session::Session;
use super::settings::PostgresSettings;
use crate::aside::{Aside, Asides};
use crate::{
    DeadLetter, Delivered, OnRefusal, Outgoing, Reached, Reaction, ReactionError, Role, Start, Started, Style,
};
use livewell_model::QueryResult;
use serde_json::Value as Json;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Statement, Transaction};

/// Executes a statement of a PostgreSQL database for each diff of its queries' results.
pub struct Execute {
    settings: PostgresSettings,
    on_refusal: OnRefusal,
    running: Option<Running>,
}

struct Running {
    session: Session,
    owner: Owner,
    places: Places,
    reached: Vec<Reached>,
    /// The diffs whose letters are stored, of results that the target does not have.
    asides: Asides,
    /// The key of the letter that was executed last. Once anything else is asked for, the store has taken it out.
    sent: Option<String>,
}

impl Execute {
    /// Creates a reaction that executes the statement in `settings`. Does no I/O yet.
    pub fn new(settings: PostgresSettings) -> Self {
        Self { settings, on_refusal: OnRefusal::Stop, running: None }
    }

    /// Sets what becomes of diffs for which the statement fails.
    #[must_use]
    pub fn on_refusal(self, on_refusal: OnRefusal) -> Self {
        Self { on_refusal, ..self }
    }
}

impl Reaction for Execute {
    fn role(&self) -> Role {
        Role::Trigger
    }

    fn style(&self) -> Style {
        Style::Results
    }

    fn identity(&self) -> String {
        "statements in PostgreSQL".to_owned()
    }

    fn start(&mut self, start: &Start<'_>) -> Result<Started, ReactionError> {
        let mut session = Session::new(self.settings.url.reveal(), self.settings.timeout)?;
        let Claim { owner, places, reached, asides } = Claim::make(&mut session, start, "")?;
        let detail = places.encode(&asides);
        self.running = Some(Running { session, owner, places, reached: reached.clone(), asides, sent: None });
        Ok(Started { detail, rebuild: false, reached })
    }

    fn deliver(&mut self, results: &[Outgoing<'_>]) -> Result<Delivered, ReactionError> {
        let Running { session, owner, places, reached, asides, sent } =
            self.running.as_mut().ok_or(ReactionError::NotStarted)?;
        let (settings, on_refusal) = (&self.settings, self.on_refusal);
        let done = session.transact_unless(1, async |transaction| {
            let (mut moved, mut dead) = (reached.clone(), Vec::new());
            let statement = prepare(transaction, settings).await?;
            for outgoing in results {
                for index in 0..outgoing.result.diffs.len() {
                    let place = place(outgoing, index);
                    if asides.contains(&place) {
                        continue;
                    }
                    let work = execute(transaction, &statement, settings, outgoing, index);
                    let Some(reason) = refusal(transaction, on_refusal, work).await? else { continue };
                    let key = key(owner, outgoing, index);
                    if on_refusal == OnRefusal::Stop {
                        let cause = format!("{key}: {reason}");
                        return Err(ReactionError::Refused { target: "the statement".into(), cause }.into());
                    }
                    dead.push((place, letter(key, outgoing, index, reason)));
                }
                advance(&mut moved, outgoing);
            }
            // The letters first: behind this commit a crash would lose them.
            if !dead.is_empty() {
                return Ok(Err(dead));
            }
            for to in &moved {
                let from = reached.iter().find(|from| from.query_id == to.query_id);
                if from != Some(to) {
                    owner.advance(transaction, from, to).await?;
                }
            }
            if let Some(key) = sent {
                owner.forget_letter(transaction, key).await?;
            }
            Ok(Ok(moved))
        })?;
        match done {
            Ok(moved) => {
                (*reached, *sent) = (moved, None);
                asides.forget(reached);
                Ok(Delivered::all(results, places.encode(asides)))
            }
            Err(refused) => {
                let (of, dead): (Vec<_>, Vec<_>) = refused.into_iter().unzip();
                asides.extend(of);
                Ok(Delivered { results: 0, detail: places.encode(asides), dead })
            }
        }
    }

    /// Executes the statement for a letter, once: the same transaction notes that, because a crash may come before the
    /// store has taken the letter out.
    fn resend(&mut self, letter: &DeadLetter) -> Result<(), ReactionError> {
        let Running { session, owner, sent, .. } = self.running.as_mut().ok_or(ReactionError::NotStarted)?;
        let settings = &self.settings;
        let result: Json = serde_json::from_slice(&letter.body).unwrap_or_default();
        session.transact(1, async |transaction| {
            if let Some(before) = sent.as_ref().filter(|before| **before != letter.key) {
                owner.forget_letter(transaction, before).await?;
            }
            if !owner.note_letter(transaction, &letter.key).await? {
                return Ok(());
            }
            let statement = prepare(transaction, settings).await?;
            let parameters = settings.parameters.iter().zip(statement.params());
            let text =
                |(name, kind): (&String, &Type)| Ok(Text(parameter_again(name, Taking::of(kind), &result)?));
            run(transaction, &statement, parameters.map(text).collect::<Result<_, ReactionError>>()?).await
        })?;
        *sent = Some(letter.key.clone());
        Ok(())
    }
}

/// Executes a statement; returns why it was refused, if it was. The transaction is unchanged then, unless the reaction
/// stops anyway.
async fn refusal(
    transaction: &Transaction<'_>,
    on_refusal: OnRefusal,
    work: impl Future<Output = Result<(), Failure>>,
) -> Result<Option<String>, Failure> {
    let done = match on_refusal {
        OnRefusal::Stop => work.await,
        OnRefusal::DeadLetter => match saved(transaction, work).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(rejection)) => return Ok(Some(rejection.cause)),
            Err(failure) => Err(failure),
        },
    };
    match done {
        Ok(()) => Ok(None),
        Err(Failure::Rejected(rejection)) => Ok(Some(rejection.cause)),
        // A parameter does not fit; nothing was sent.
        Err(Failure::Told(ReactionError::Refused { cause, .. })) if on_refusal == OnRefusal::DeadLetter => {
            Ok(Some(cause))
        }
        Err(failure) => Err(failure),
    }
}

/// Returns the key of a diff, which is the same whenever it is delivered.
fn key(owner: &Owner, outgoing: &Outgoing<'_>, index: usize) -> String {
    let Outgoing { query_id, epoch, result, .. } = outgoing;
    format!("{}:{}:{query_id}:{epoch}:{}:{index}", owner.store, owner.reaction, result.sequence)
}

fn place(outgoing: &Outgoing<'_>, index: usize) -> Aside {
    let (query_id, epoch, sequence) = (outgoing.query_id.into(), outgoing.epoch, outgoing.result.sequence);
    Aside { query_id, epoch, sequence, part: index as u64 }
}

fn letter(key: String, outgoing: &Outgoing<'_>, index: usize, reason: String) -> DeadLetter {
    let alone = QueryResult { diffs: vec![outgoing.result.diffs[index].clone()], ..*outgoing.result };
    let shape = Outgoing { result: &alone, ..*outgoing }.shape();
    let body = serde_json::to_vec(&shape).expect("a result always has a JSON form");
    DeadLetter { key, body, reason, origin: None }
}

fn advance(moved: &mut Vec<Reached>, outgoing: &Outgoing<'_>) {
    let (sequence, position) = (outgoing.result.sequence, outgoing.result.position);
    let to = Reached { query_id: outgoing.query_id.into(), epoch: outgoing.epoch, sequence, position };
    match moved.iter_mut().find(|reached| reached.query_id == to.query_id) {
        Some(reached) => *reached = to,
        None => moved.push(to),
    }
}

async fn prepare(transaction: &Transaction<'_>, settings: &PostgresSettings) -> Result<Statement, Failure> {
    let statement = transaction.prepare(&settings.statement).await?;
    let (wanted, given) = (statement.params().len(), settings.parameters.len());
    if wanted != given {
        return Err(Failure::Refused(format!(
            "the statement has {wanted} parameters, and `parameters` names {given}"
        )));
    }
    Ok(statement)
}

async fn execute(
    transaction: &Transaction<'_>,
    statement: &Statement,
    settings: &PostgresSettings,
    outgoing: &Outgoing<'_>,
    index: usize,
) -> Result<(), Failure> {
    let diff = &outgoing.result.diffs[index];
    let parameters = settings.parameters.iter().zip(statement.params());
    let text = |(name, kind): (&String, &Type)| Ok(Text(parameter(name, Taking::of(kind), outgoing, diff)?));
    run(transaction, statement, parameters.map(text).collect::<Result<_, ReactionError>>()?).await
}

async fn run(transaction: &Transaction<'_>, statement: &Statement, values: Vec<Text>) -> Result<(), Failure> {
    let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
    transaction.execute(statement, &values).await?;
    Ok(())
}
