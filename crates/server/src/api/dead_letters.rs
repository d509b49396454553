//! Dead letters of reactions: lists them, sends them again, or discards them.

use super::call::{Call, call};
use super::components::find;
use super::context::Shared;
use super::foreseen::{Done, Foreseen};
use super::parameters::refused;
use super::problem::Problem;
use super::set_aside::{LIMIT_MAX, accepted, limit};
use super::step::{Losses, Stepped};
use super::wire::{Epoch, Time};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::Method;
use livewell::{ComponentKind, LetterOrder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a reaction's target would not take.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DeadLetter {
    /// Its number, counted from 1 for each reaction and never used twice.
    number: u64,
    /// When it was set aside.
    timestamp: Time,
    /// The `webhook-id` it is sent under.
    key: String,
    /// What the target said.
    reason: String,
    /// What was sent; its beginning, with `brief`.
    body: String,
    /// How many bytes the body has.
    body_bytes: usize,
    /// Whether `body` is all of it.
    whole: bool,
    /// The query whose result it is about; null, as the next members, if the store does not know: of a row that a table
    /// refuses, and of letters of versions before 0.1.0.
    query_id: Option<String>,
    epoch: Option<Epoch>,
    sequence: Option<u64>,
    /// Which diff of the result, from 0, of a message with one diff.
    index: Option<u64>,
    /// How often it was tried, as far as the processes knew that did.
    attempts: Option<u32>,
    /// When it was first tried, as far as the process knew that set it aside.
    first_at: Option<Time>,
    /// What somebody has asked for and is not done yet: it is sent again (`replay`) or dropped (`discard`) between two
    /// deliveries, and so not before a pause is over. Null of a store that nobody runs.
    #[schemars(extend("enum" = ["replay", "discard", null]))]
    ordered: Option<&'static str>,
}

/// How many bytes of a body a brief list shows.
const BRIEF_BYTES_MAX: usize = 200;

/// Which letters are asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Begin after the letter of this number.
    after: Option<u64>,
    /// How many letters at most; 100 where nothing is said.
    #[schemars(range(min = 1, max = LIMIT_MAX))]
    limit: Option<usize>,
    /// Only the beginning of each body.
    #[serde(default)]
    brief: bool,
}

/// How many letters can be named together.
const NUMBERS_MAX: usize = 1_000;

/// One letter, several, or all of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Only the letter of this number; all where nothing is said.
    number: Option<u64>,
    /// Only the letters of these numbers, with commas between them, at most 1000.
    #[schemars(regex(pattern = "^[0-9]{1,19}(,[0-9]{1,19}){0,999}$"))]
    numbers: Option<String>,
}

impl Which {
    /// Returns the numbers that are meant; `None`: all.
    ///
    /// # Errors
    /// Returns the errors of [`named`].
    fn numbers(&self) -> Result<Option<Vec<u64>>, Problem> {
        named(self.number, self.numbers.as_deref())
    }
}

/// What is to be dropped: one letter, several, or all of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Dropped {
    /// Only the letter of this number; all where nothing is said.
    number: Option<u64>,
    /// Only the letters of these numbers, with commas between them, at most 1000.
    #[schemars(regex(pattern = "^[0-9]{1,19}(,[0-9]{1,19}){0,999}$"))]
    numbers: Option<String>,
    /// Only say what would be done.
    #[serde(default)]
    dry_run: bool,
}

impl Dropped {
    /// Returns the numbers that are meant; `None`: all.
    ///
    /// # Errors
    /// Returns the errors of [`named`].
    fn numbers(&self) -> Result<Option<Vec<u64>>, Problem> {
        named(self.number, self.numbers.as_deref())
    }
}

/// Returns the numbers of the letters that are named; `None` if none is, which means all.
///
/// # Errors
/// Returns 400 if there are too many, or if one of them is not a number.
fn named(number: Option<u64>, numbers: Option<&str>) -> Result<Option<Vec<u64>>, Problem> {
    let Some(numbers) = numbers else { return Ok(number.map(|number| vec![number])) };
    let numbers: Result<Vec<u64>, _> = numbers.split(',').map(str::parse).collect();
    match numbers {
        Ok(numbers) if numbers.len() <= NUMBERS_MAX => {
            let each: BTreeSet<u64> = numbers.into_iter().chain(number).collect();
            Ok(Some(each.into_iter().collect()))
        }
        Ok(_) => {
            Err(refused(format!("at most {NUMBERS_MAX} letters can be named; leave `numbers` out for all")))
        }
        Err(_) => Err(refused("`numbers` are the numbers of letters with commas between them, as in `3,4`")),
    }
}

/// Returns how many of these letters there are.
///
/// # Errors
/// Returns the errors of the store.
fn kept(api: &Shared, id: &str, mut numbers: Vec<u64>) -> Result<u64, Problem> {
    numbers.sort_unstable();
    numbers.dedup();
    let mut count = 0;
    for number in numbers {
        let Some(before) = number.checked_sub(1) else { continue };
        let found = api.livewell.dead_letters(id, before, 1)?;
        count += u64::from(found.first().is_some_and(|one| one.number == number));
    }
    Ok(count)
}

/// Returns the calls about dead letters.
pub fn calls() -> Vec<Call> {
    let list = async |State(api): State<Shared>, Path(id): Path<String>, Query(asked): Query<Asked>| {
        find(&api, ComponentKind::Reaction, &id)?;
        let (after, limit) = (asked.after.unwrap_or(0), limit(asked.limit)?);
        let letters = api.livewell.dead_letters(&id, after, limit)?;
        let shape = if asked.brief { DeadLetter::brief } else { |letter: &_| DeadLetter::from(letter) };
        let orders = api.livewell.letter_orders(&id)?;
        let ordered = letters.iter().map(|one| shape(one).ordered(orders.of(one.number)));
        Ok::<_, Problem>(Json(ordered.collect::<Vec<_>>()))
    };
    let replay = async |State(api): State<Shared>, Path(id): Path<String>, Query(which): Query<Which>| {
        find(&api, ComponentKind::Reaction, &id)?;
        api.livewell.replay_dead_letters(&id, which.numbers()?)?;
        Ok::<_, Problem>(accepted(id))
    };
    let discard = async |State(api): State<Shared>, Path(id): Path<String>, Query(which): Query<Dropped>| {
        let status = find(&api, ComponentKind::Reaction, &id)?;
        let numbers = which.numbers()?;
        if which.dry_run {
            let dead_letters = numbers.map_or(Ok(status.dead_letters), |named| kept(&api, &id, named))?;
            let losses = Losses { dead_letters, ..Losses::default() };
            let step = || Ok(Stepped::discarded(ComponentKind::Reaction, &id, losses));
            return Foreseen::of(&api, &id, step).map(Done::Foreseen);
        }
        api.livewell.discard_dead_letters(&id, numbers)?;
        Ok::<_, Problem>(Done::Done(accepted(id)))
    };
    let path = |rest: &str| format!("/api/v1/reactions/{{id}}/dead-letters{rest}");
    vec![
        call(
            Method::GET,
            path(""),
            list,
            "What a reaction's target would not take, in the order in which it was set aside",
        )
        .answers(200, "The letters"),
        call(
            Method::POST,
            path("/replay"),
            replay,
            "Sends dead letters once more, between two deliveries; those that are taken leave the list, \
             the others stay with their new reason",
        )
        .answers(202, "It is done soon")
        .refuses(&[409]),
        call(Method::POST, path("/discard"), discard, "Drops dead letters")
            .answers(202, "It is done soon")
            .refuses(&[409]),
    ]
}

impl From<&livewell::dead_letters::DeadLetter> for DeadLetter {
    fn from(letter: &livewell::dead_letters::DeadLetter) -> Self {
        let origin = letter.letter.origin.as_ref();
        Self {
            query_id: origin.map(|origin| origin.of.query_id.to_string()),
            epoch: origin.map(|origin| Epoch(origin.of.epoch)),
            sequence: origin.map(|origin| origin.of.sequence),
            index: origin.and_then(|origin| origin.index),
            attempts: origin.map(|origin| origin.tries),
            first_at: origin.map(|origin| Time(origin.first_at)),
            ordered: None,
            number: letter.number,
            timestamp: Time(letter.timestamp),
            key: letter.letter.key.clone(),
            reason: letter.letter.reason.clone(),
            body: String::from_utf8_lossy(&letter.letter.body).into_owned(),
            body_bytes: letter.letter.body.len(),
            whole: true,
        }
    }
}

impl DeadLetter {
    /// Adds what somebody has asked for.
    fn ordered(self, ordered: Option<LetterOrder>) -> Self {
        let name = |ordered| match ordered {
            LetterOrder::Again => "replay",
            LetterOrder::Discard => "discard",
        };
        Self { ordered: ordered.map(name), ..self }
    }

    /// Returns a letter with the beginning of its body.
    fn brief(letter: &livewell::dead_letters::DeadLetter) -> Self {
        let mut shape = Self::from(letter);
        let kept = shape.body.floor_char_boundary(BRIEF_BYTES_MAX);
        shape.whole = kept == shape.body.len();
        shape.body.truncate(kept);
        shape
    }
}
