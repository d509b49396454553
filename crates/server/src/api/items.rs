//! Sources and reactions as texts that somebody writes: what is wrong with one, and what it would do.

use super::body::Body;
use super::broken_off::broken_off;
use super::call::{Call, call};
use super::context::{Api, Shared};
use super::diagnostic::Diagnostic;
use super::previews::{Previewed, previews};
use super::problem::Problem;
use super::verifying;
use axum::Json;
use axum::extract::State;
use axum::http::Method;
use livewell::ComponentKind;
use livewell_config::{Change, Judged};
use livewell_source::file::{Sample, Sampled, sample};
use livewell_source::json::changes_to_json;
use livewell_source::settings::SourceSettings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::{Duration, Instant};

/// How many records are looked at.
const RECORDS_MAX: usize = 20;
/// How much of the files is read for them, in bytes.
const SAMPLE_BYTES: usize = 1 << 20;
/// How long that may take.
const SAMPLE_TIME: Duration = Duration::from_secs(10);
/// How much of a record is shown, in characters.
const INPUT_CHARS: usize = 2_000;

/// A text.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct Asked {
    /// One item of the section of the configuration, in YAML or JSON.
    text: String,
}

/// What was found in a text.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Checked")]
struct Checked {
    /// Whether a call that creates or changes it would be accepted now.
    valid: bool,
    /// What is wrong, in the order of the text.
    diagnostics: Vec<Diagnostic>,
    /// Its id, as far as the text has one.
    id: Option<String>,
    /// The item in JSON, as `POST` and `PUT` take it.
    definition: Option<Map<String, Value>>,
}

/// What the first records of a source become.
#[derive(Debug, Serialize, JsonSchema)]
struct SourceTried {
    /// At most 20.
    records: Vec<Record>,
    /// Whether there is more.
    truncated: bool,
    /// What this does not show.
    note: Option<String>,
}

/// A record, and what it becomes.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Record {
    /// What was read, cut after 2,000 characters.
    input: String,
    /// Its line in its file, from 1.
    line: u64,
    /// Its changes, as `POST /api/v1/sources/ID/changes` takes them.
    changes: Vec<Value>,
    /// Why it is none, and would be parked, or stop the source.
    problem: Option<Refused>,
}

/// Why a record is not a change.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Refused {
    code: &'static str,
    message: String,
}

/// What a reaction would send or write.
#[derive(Debug, Serialize, JsonSchema)]
struct ReactionTried {
    /// At most 20.
    messages: Vec<Previewed>,
    /// What this does not show.
    note: Option<String>,
}

/// Returns the calls.
pub fn calls() -> Vec<Call> {
    let mut calls: Vec<Call> = [ComponentKind::Source, ComponentKind::Reaction].map(checking).into();
    let try_source = async |State(api): State<Shared>, body: Body<Asked>| {
        try_source(&api, &body.read()?.text).await.map(Json)
    };
    let summary =
        "What the first records of a source would become; nothing is stored, and only files are read";
    let try_source = call(Method::POST, "/api/v1/sources/try", try_source, summary);
    calls.push(try_source.answers(200, "The records").refuses(&[422, 503]));
    let try_reaction = async |State(api): State<Shared>, body: Body<Asked>| {
        try_reaction(&api, &body.read()?.text).await.map(Json)
    };
    let summary =
        "What a reaction would send or write, made of rows that its first query has now; nothing is sent";
    let try_reaction = call(Method::POST, "/api/v1/reactions/try", try_reaction, summary);
    calls.push(try_reaction.answers(200, "The messages, lines or rows").refuses(&[422, 503]));
    calls
}

/// Returns the call that checks texts of this kind.
fn checking(kind: ComponentKind) -> Call {
    let check = async move |State(api): State<Shared>, body: Body<Asked>| {
        let text = body.read()?.text;
        let checked = tokio::task::spawn_blocking(move || checked(&api, kind, &text));
        checked.await.map(Json).map_err(|error| broken_off(&error))
    };
    let (noun, all) = (kind.noun(), kind.plural());
    let summary = format!("What is wrong with the text of a {noun}, each at its place; also of one that is");
    call(Method::POST, format!("/api/v1/{all}/check"), check, summary).answers(200, "What was found")
}

fn checked(api: &Api, kind: ComponentKind, text: &str) -> Checked {
    let Judged { id, written, change, problems } = api.config().judge_item(kind, text);
    let definition = written.and_then(|written| match written {
        Value::Object(members) => Some(members),
        _ => None,
    });
    Checked {
        valid: change.is_some(),
        diagnostics: problems.iter().map(|found| Diagnostic::error(text, found)).collect(),
        id,
        definition,
    }
}

/// Returns what a text makes of the configuration.
///
/// # Errors
/// Returns 400 with all that is wrong with it.
fn judged(api: &Api, kind: ComponentKind, text: &str) -> Result<Change, Problem> {
    let judged = api.config().judge_item(kind, text);
    judged.change.ok_or_else(|| Problem::of_all(&judged.problems))
}

async fn try_source(api: &Shared, text: &str) -> Result<SourceTried, Problem> {
    let change = judged(api, ComponentKind::Source, text)?;
    let Some(SourceSettings::File(settings)) = change.source() else {
        return Ok(SourceTried { records: Vec::new(), truncated: false, note: unseen(change.source()) });
    };
    let (settings, note) = (settings.clone(), note(settings));
    let (_caller, permit) = verifying::begin_explaining(api)?;
    let sampled = tokio::task::spawn_blocking(move || {
        let (is_cancelled, begun) = (permit.is_cancelled(), Instant::now());
        let is_over = || is_cancelled() || begun.elapsed() > SAMPLE_TIME;
        // The permit lasts as long as the reading.
        let sampled = sample(&settings, RECORDS_MAX, SAMPLE_BYTES, &is_over);
        drop(permit);
        sampled
    });
    let sampled = sampled.await.map_err(|error| broken_off(&error))?;
    let Sampled { records, is_cut } =
        sampled.map_err(|error| Problem::new(422, error.code, error.message))?;
    Ok(SourceTried { records: records.into_iter().map(Record::from).collect(), truncated: is_cut, note })
}

async fn try_reaction(api: &Shared, text: &str) -> Result<ReactionTried, Problem> {
    let change = judged(api, ComponentKind::Reaction, text)?;
    let Some(settings) = change.reaction().cloned() else {
        return Ok(ReactionTried { messages: Vec::new(), note: None });
    };
    let (_caller, permit) = verifying::begin_explaining(api)?;
    let livewell = api.livewell.clone();
    let previewed = tokio::task::spawn_blocking(move || {
        let previewed = previews(&livewell, &settings);
        drop(permit);
        previewed
    });
    let previewed = previewed.await.map_err(|error| broken_off(&error))?;
    let (messages, note) = previewed.map_err(|(code, message)| Problem::new(422, code, message))?;
    Ok(ReactionTried { messages, note: Some(note) })
}

/// Returns what a look at files cannot show.
fn note(settings: &livewell_source::settings::FileSettings) -> Option<String> {
    let mut notes = vec![
        "Nothing was stored. Whether a change fits the elements that are stored then, it is only known as it is taken in."
            .to_owned(),
    ];
    if !settings.unwind.is_empty() {
        notes.push("Items of the lists under `unwind` become nodes of their own later.".to_owned());
    }
    if settings.limits.line_bytes_max > SAMPLE_BYTES {
        notes.push(format!("A line of more than {SAMPLE_BYTES} bytes is not looked at here."));
    }
    Some(notes.join(" "))
}

/// Returns why nothing of a source can be looked at.
fn unseen(source: Option<&SourceSettings>) -> Option<String> {
    let why = match source?.kind().name {
        "http" => "An `http` source is sent its changes, so there is nothing to look at before it runs.",
        "postgres" => {
            "Following a database needs a replication slot, which keeps its log, so nothing is read before the source \
             runs. `livewell doctor` looks at the database without any effect there."
        }
        "mysql" => {
            "The log of a database has what changes, and a copy holds a snapshot open, so nothing is read before the source \
             runs. `livewell doctor` looks at the database without any effect there."
        }
        "kafka" => {
            "Nothing of a topic is read before the source runs. `livewell doctor` looks at the brokers and the topic without \
             any effect there."
        }
        "nats" => {
            "Reading a stream needs a consumer, which is kept at the server, so nothing is read before the source runs. \
             `livewell doctor` looks at the server without any effect there."
        }
        _ => "A source of this kind cannot be looked at before it runs.",
    };
    Some(why.to_owned())
}

impl From<Sample> for Record {
    fn from(Sample { line, text, made, .. }: Sample) -> Self {
        let cut = text.char_indices().nth(INPUT_CHARS).map_or(text.len(), |(at, _)| at);
        let input = if cut < text.len() { format!("{}...", &text[..cut]) } else { text };
        let (changes, problem) = match made {
            Ok(transaction) => (changes_to_json(&transaction), None),
            Err(error) => {
                (Vec::new(), Some(Refused { code: error.code, message: error.about("this record") }))
            }
        };
        Self { input, line, changes, problem }
    }
}
