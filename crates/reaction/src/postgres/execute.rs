//! `mode: execute`: a statement for each diff, in the transaction that moves the checkpoint.

use super::checkpoint::Owner;
use super::session::{Failure, Session};
use super::settings::PostgresSettings;
use super::text::{Taking, text};
use crate::{Delivered, Outgoing, Reached, Reaction, ReactionError, Role, Start, Started, Style};
use livewell_model::json::DiffShape;
use livewell_model::row::signature_text;
use livewell_model::{Diff, Value};
use std::error::Error;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Statement, Transaction};

const BEGUN: &[u8] = &[1];

/// Executes a statement of a PostgreSQL database for each diff of its queries' results.
pub struct Execute {
    settings: PostgresSettings,
    running: Option<(Session, Owner, Vec<Reached>)>,
}

impl Execute {
    /// Executes the statement in `settings`. Does no IO yet.
    pub fn new(settings: PostgresSettings) -> Self {
        Self { settings, running: None }
    }
}

impl Reaction for Execute {
    fn role(&self) -> Role {
        Role::Trigger
    }

    fn style(&self) -> Style {
        Style::Results
    }

    fn start(&mut self, start: &Start<'_>) -> Result<Started, ReactionError> {
        let owner = Owner { store: start.store.to_owned(), reaction: start.reaction.to_owned() };
        let mut session = Session::new(self.settings.url.reveal(), self.settings.timeout)?;
        let anew = start.detail.is_none();
        let reached = session.transact(1, async |transaction| {
            owner.prepare(transaction).await?;
            if anew {
                owner.forget(transaction).await?;
            }
            owner.read(transaction).await
        })?;
        self.running = Some((session, owner, reached.clone()));
        Ok(Started { detail: BEGUN.to_vec(), rebuild: false, reached })
    }

    fn deliver(&mut self, results: &[Outgoing<'_>]) -> Result<Delivered, ReactionError> {
        let (session, owner, reached) = self.running.as_mut().ok_or(ReactionError::NotStarted)?;
        let settings = &self.settings;
        let moved = session.transact(1, async |transaction| {
            let mut moved = reached.clone();
            let statement = prepare(transaction, settings).await?;
            for outgoing in results {
                for diff in &outgoing.result.diffs {
                    execute(transaction, &statement, settings, outgoing, diff).await?;
                }
                advance(&mut moved, outgoing);
            }
            for to in &moved {
                let from = reached.iter().find(|from| from.query_id == to.query_id);
                if from != Some(to) {
                    owner.advance(transaction, from, to).await?;
                }
            }
            Ok(moved)
        })?;
        *reached = moved;
        Ok(Delivered::all(results, BEGUN.to_vec()))
    }
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
    diff: &Diff,
) -> Result<(), Failure> {
    let parameters = settings.parameters.iter().zip(statement.params());
    let value = |(name, kind): (&String, &Type)| Ok(Text(parameter(name, taking(kind), outgoing, diff)?));
    let values: Vec<Text> = parameters.map(value).collect::<Result<_, ReactionError>>()?;
    let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
    transaction.execute(statement, &values).await?;
    Ok(())
}

fn taking(kind: &Type) -> Taking {
    match *kind {
        Type::JSON | Type::JSONB => Taking::Json,
        Type::BYTEA => Taking::Bytes,
        _ => Taking::Plain,
    }
}

/// A parameter in the text that the server reads for whatever type it wants there.
#[derive(Debug)]
struct Text(Option<String>);

impl ToSql for Text {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let Some(text) = &self.0 else { return Ok(IsNull::Yes) };
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// What a parameter of the statement is for a diff: a column of the row as it is now, or was before it went; or what
/// is said of the diff.
fn parameter(
    name: &str,
    taking: Taking,
    outgoing: &Outgoing<'_>,
    diff: &Diff,
) -> Result<Option<String>, ReactionError> {
    let Some(about) = name.strip_prefix('@') else {
        let row = match diff {
            Diff::Add { data: row, .. }
            | Diff::Delete { data: row, .. }
            | Diff::Update { after: row, .. } => row,
        };
        let at = outgoing.columns.iter().position(|column| column == name);
        let value: &Value = at.map(|at| &row[at]).ok_or_else(|| unknown(name, outgoing))?;
        return Ok(text(value, taking));
    };
    Ok(Some(match about {
        "type" => match diff {
            Diff::Add { .. } => "ADD".into(),
            Diff::Update { .. } => "UPDATE".into(),
            Diff::Delete { .. } => "DELETE".into(),
        },
        "row_signature" => signature_text(diff.row_signature()),
        "query_id" => outgoing.query_id.to_owned(),
        "epoch" => outgoing.epoch.to_string(),
        "sequence" => outgoing.result.sequence.to_string(),
        "position" => outgoing.result.position.to_string(),
        "timestamp" => outgoing.result.timestamp.to_rfc3339(),
        "diff" => {
            let shape = DiffShape { names: outgoing.columns, diff };
            serde_json::to_string(&shape).expect("a diff always has a JSON form")
        }
        _ => return Err(unknown(name, outgoing)),
    }))
}

fn unknown(name: &str, outgoing: &Outgoing<'_>) -> ReactionError {
    let columns: Vec<String> = outgoing.columns.iter().map(|column| format!("`{column}`")).collect();
    ReactionError::Refused {
        target: "the statement".into(),
        cause: format!(
            "its parameter `{name}` is no column of `{}`, which returns {}",
            outgoing.query_id,
            columns.join(", ")
        ),
    }
}
