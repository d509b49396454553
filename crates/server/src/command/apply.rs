//! `livewell apply`: shows what a configuration would change of what runs, asks, and does it.

use super::find::Found;
use crate::cli::{Apply, TextFormat};
use crate::client::{Client, encoded};
use crate::failure::Failure;
use crate::render::counted;
use serde_json::Value as Json;
use std::fs;
use std::io::{self, BufRead, IsTerminal, Write};

/// How many followers of a query are named.
const NAMED_MAX: usize = 5;

/// Applies the configuration.
pub fn run(apply: &Apply, found: &Found) -> Result<(), Failure> {
    let Found::Server(client) = found else { unreachable!("a configuration is applied to what runs") };
    let text = fs::read_to_string(&apply.file).map_err(|error| {
        Failure::Usage(format!("error[LW0601]: cannot read `{}`: {error}\n", apply.file.display()))
    })?;
    let planned = call(client, apply, &text, "dry_run=true")?;
    let is_nothing = planned["steps"].as_array().is_none_or(Vec::is_empty);
    if apply.format == TextFormat::Text {
        show(&planned)?;
    }
    if is_nothing || apply.dry_run {
        return document(apply, &planned);
    }
    if !apply.yes && !agreed()? {
        return Err(Failure::failed("nothing was changed"));
    }
    let plan = planned["plan"].as_str().unwrap_or_default();
    let done = call(client, apply, &text, &format!("plan={plan}"))?;
    if apply.format == TextFormat::Text {
        writeln!(io::stdout(), "applied; `livewell status` shows what it does")?;
    }
    document(apply, &done)
}

fn call(client: &Client, apply: &Apply, text: &str, how: &str) -> Result<Json, Failure> {
    let file = fs::canonicalize(&apply.file).unwrap_or_else(|_| apply.file.clone());
    let file = encoded(&file.display().to_string());
    client.post_text(&format!("/api/v1/apply?{how}&prune={}&file={file}", apply.prune), text)
}

fn document(apply: &Apply, plan: &Json) -> Result<(), Failure> {
    if apply.format == TextFormat::Json {
        writeln!(io::stdout(), "{plan:#}")?;
    }
    Ok(())
}

/// Asks whether to go on. Without a terminal nobody can answer, so `--yes` has to.
fn agreed() -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        let message =
            "there is no terminal to ask at; look at the plan with --dry-run, and apply it with --yes";
        return Err(Failure::Usage(format!("error: {message}\n")));
    }
    write!(io::stderr(), "Apply this? [y/N] ")?;
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Shows a plan, a line for each step.
fn show(plan: &Json) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let list = |name: &str| plan[name].as_array().cloned().unwrap_or_default();
    for step in list("steps") {
        line(&mut out, &text(&step, "action"), &step, &told(&step))?;
        stopped(&mut out, &step)?;
    }
    for kept in list("kept") {
        line(&mut out, "keep", &kept, "not in the configuration; --prune removes it")?;
    }
    for section in list("at_next_start") {
        let section = section.as_str().unwrap_or_default();
        writeln!(out, "`{section}:` has changed, which takes effect with the next start")?;
    }
    let unchanged = plan["unchanged"].as_u64().unwrap_or_default();
    if list("steps").is_empty() {
        writeln!(out, "nothing to do: {} as they are", counted(unchanged, "component is", "components are"))?;
    } else if unchanged > 0 {
        writeln!(out, "{unchanged} unchanged")?;
    }
    Ok(())
}

fn line(out: &mut impl Write, action: &str, one: &Json, told: &str) -> io::Result<()> {
    let (kind, id) = (text(one, "kind"), text(one, "id"));
    writeln!(out, "{}", format!("{action:<7} {kind:<9} {id:<24} {told}").trim_end())
}

/// What can be lost, with one of it and many.
const LOSSES: [(&str, &str, &str); 6] = [
    ("elements", "element", "elements"),
    ("rows", "row", "rows"),
    ("results", "result in the outbox", "results in the outbox"),
    ("undelivered", "result that was not delivered", "results that were not delivered"),
    ("parked", "piece of parked input", "pieces of parked input"),
    ("dead_letters", "dead letter", "dead letters"),
];

/// Shows what a single call would do, and what is lost with that.
pub(super) fn foreseen(step: &Json) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    line(&mut out, &text(step, "action"), step, &told(step))?;
    stopped(&mut out, step)?;
    let lost: Vec<String> = LOSSES
        .iter()
        .filter_map(|(name, one, many)| {
            let lost = step["loses"][name].as_u64().filter(|count| *count > 0)?;
            Some(counted(lost, one, many))
        })
        .collect();
    if !lost.is_empty() {
        writeln!(out, "deleted or never delivered: {}", lost.join(", "))?;
    }
    Ok(writeln!(out, "nothing was done")?)
}

/// Names each query that stops because a source begins again, with the command that starts it over.
pub(super) fn stopped(out: &mut impl Write, step: &Json) -> io::Result<()> {
    for id in receiving(step, "stop") {
        writeln!(
            out,
            "query `{id}` stops in error over it (`recovery: strict`), and what follows it waits; afterwards: \
             `livewell reset {id}`"
        )?;
    }
    // Those that stop come first, so there can be more only if all that are named do.
    let named = step["followers"].as_array().map_or(0, Vec::len) as u64;
    let unnamed = step["followers_total"].as_u64().unwrap_or_default().saturating_sub(named);
    if unnamed > 0 && receiving(step, "stop").count() as u64 == named {
        writeln!(
            out,
            "and perhaps more of {}; `livewell status` names them",
            counted(unnamed, "other", "others")
        )?;
    }
    Ok(())
}

/// Returns what a step costs, and what followers receive.
fn told(step: &Json) -> String {
    let rows = step["rows"].as_u64().unwrap_or_default();
    let mut parts = Vec::new();
    let fields: Vec<&str> =
        step["fields"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    if !fields.is_empty() {
        parts.push(fields.join(", "));
    }
    if step["kind"] == "source" && step["action"] == "reset" {
        parts.push(format!("read again; it has {}", counted(rows, "element", "elements")));
    } else if let Some(reads) = step["reads"].as_u64() {
        let verb = if step["rebuilds"] == true { "rebuilt" } else { "built" };
        parts.push(format!("{verb} from {}", counted(reads, "stored element", "stored elements")));
    }
    if step["kind"] == "reaction" && step["rebuilds"] == true && step["action"] == "change" {
        parts.push("all rows are written again, in another target; what the former one has stays".to_owned());
    } else if step["rebuilds"] == true {
        parts.push(format!("its {} until then", counted(rows, "row stays", "rows stay")));
    }
    if let Some(stops) = step["stops"].as_object() {
        let what = if stops["resets"] == true { "it begins again by itself" } else { "it stops in error" };
        parts.push(format!("{what} ({}): {}", text(&step["stops"], "code"), text(&step["stops"], "message")));
    }
    parts.extend(receivers(step, "difference", "receive what differs", "receives what differs"));
    parts.extend(receivers(step, "next", "continue with the next result", "continues with the next result"));
    parts.extend(receivers(step, "rebuild", "are rebuilt", "is rebuilt"));
    let named = step["followers"].as_array().map_or(0, Vec::len) as u64;
    if let Some(more @ 1..) = step["followers_total"].as_u64().and_then(|all| all.checked_sub(named)) {
        parts.push(format!("{more} more follow it"));
    }
    if step["action"] == "remove" {
        parts.push(match step["kind"].as_str() {
            Some("query") => format!("with its {}", counted(rows, "row", "rows")),
            Some("source") => format!("with its {}", counted(rows, "element", "elements")),
            _ => "with its checkpoint".to_owned(),
        });
    }
    parts.join("; ")
}

fn receivers(step: &Json, what: &str, many: &str, one: &str) -> Option<String> {
    let ids: Vec<&str> = receiving(step, what).collect();
    let named: Vec<String> = ids.iter().take(NAMED_MAX).map(|id| format!("`{id}`")).collect();
    let more = ids.len() - named.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let verb = if ids.len() == 1 { one } else { many };
    (!ids.is_empty()).then(|| format!("{}{more} {verb}", named.join(", ")))
}

/// Returns the ids of the followers that a step has this effect on.
pub(super) fn receiving<'a>(step: &'a Json, what: &'a str) -> impl Iterator<Item = &'a str> {
    let followers = step["followers"].as_array().into_iter().flatten();
    followers.filter(move |one| one["receives"] == what).filter_map(|one| one["id"].as_str())
}

fn text(one: &Json, field: &str) -> String {
    one[field].as_str().unwrap_or_default().to_owned()
}
