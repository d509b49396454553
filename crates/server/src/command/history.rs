//! `livewell history`: what was measured lately, each series as a line with its last, mean and highest value.

use super::find::Found;
use super::offline;
use crate::cli::{History, TextFormat};
use crate::client::encoded;
use crate::failure::Failure;
use crate::render::{Grid, Screen, Shown};
use serde_json::Value as Json;
use std::io::{self, Write};

/// How many characters the course of a series takes.
const WIDTH: usize = 30;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Shows what was measured lately.
pub fn run(asked: &History, found: &Found) -> Result<(), Failure> {
    let client = match found {
        Found::Store(directory) => return Err(offline::needs_a_run("`livewell history`", directory)),
        Found::Server(client) => client,
    };
    let mut path = format!("/api/v1/history?minutes={}", asked.minutes);
    for (name, value) in [("id", &asked.id), ("series", &asked.series)] {
        if let Some(value) = value {
            path.push_str(&format!("&{name}={}", encoded(value)));
        }
    }
    let history = client.get(&path)?;
    let mut out = io::stdout().lock();
    if asked.format == TextFormat::Json {
        return Ok(writeln!(out, "{history:#}")?);
    }
    grid(&history).write(&mut out, &Screen::of_stdout())?;
    let until = history["until"].as_str().unwrap_or("the start");
    writeln!(out, "\n{} minutes until {until}, in steps of {} s", asked.minutes, history["step_seconds"])?;
    Ok(())
}

fn grid(history: &Json) -> Grid {
    let mut grid = Grid::new(["", "last", "mean", "most", "", "course"]);
    for (name, values) in history["series"].as_object().into_iter().flatten() {
        let values: Vec<Option<f64>> =
            values.as_array().into_iter().flatten().map(serde_json::Value::as_f64).collect();
        let known: Vec<f64> = values.iter().flatten().copied().collect();
        let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
        let most = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let shown = |value: Option<f64>| Shown::number(value.map_or_else(|| "-".to_owned(), number));
        let is_known = !known.is_empty();
        grid.add(vec![
            Shown::text(name),
            shown(known.last().copied()),
            shown(is_known.then_some(mean)),
            shown(is_known.then_some(most)),
            Shown::text(unit(name)),
            Shown::text(&course(&values, most)),
        ]);
    }
    grid
}

/// Returns what a series counts.
fn unit(series: &str) -> &'static str {
    match series {
        "in" => "transactions/s",
        "out" => "results/s",
        "p50" | "p99" => "s",
        "lag" => "sequences",
        "outbox" => "entries",
        "failures" => "failures/s",
        _ => "",
    }
}

/// Returns a number with about three digits.
fn number(value: f64) -> String {
    match value.abs() {
        abs if abs >= 100.0 || value.fract() == 0.0 => format!("{value:.0}"),
        abs if abs >= 1.0 => format!("{value:.1}"),
        _ => format!("{value:.4}"),
    }
}

/// Returns the course of a series as bars, each the highest value of its time; blank where nothing was measured.
fn course(values: &[Option<f64>], most: f64) -> String {
    let step = values.len().div_ceil(WIDTH).max(1);
    let bar = |values: &[Option<f64>]| {
        let highest = values.iter().flatten().copied().reduce(f64::max);
        highest.map_or(' ', |value| {
            let share = if most > 0.0 { value / most } else { 0.0 };
            BARS[((share * BARS.len() as f64) as usize).min(BARS.len() - 1)]
        })
    };
    values.chunks(step).map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_is_drawn_by_its_highest_values_and_blank_where_there_are_none() {
        assert_eq!(course(&[None, Some(0.0), Some(5.0), Some(10.0)], 10.0), " ▁▅█");
        let long: Vec<Option<f64>> = (0..90).map(|at| Some(f64::from(at))).collect();
        assert_eq!(course(&long, 89.0).chars().count(), WIDTH);
        assert_eq!(course(&[Some(0.0)], 0.0), "▁");
    }

    #[test]
    fn numbers_have_about_three_digits() {
        assert_eq!([0.0, 3.0, 1.25, 123.4, 0.01234].map(number), ["0", "3", "1.2", "123", "0.0123"]);
    }
}
