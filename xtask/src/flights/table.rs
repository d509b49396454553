//! The tables as published: CSV, `NA` for null, times in the local time of their place.

use crate::outcome::Outcome;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::io::Read;
use std::path::Path;

/// A row of a table whose columns become properties as they are.
pub type Row = Map<String, Value>;

/// One scheduled departure.
#[derive(Debug, serde::Deserialize)]
pub struct Flight {
    pub year: i16,
    pub month: i8,
    pub day: i8,
    pub dep_delay: String,
    pub dep_time: String,
    pub arr_time: String,
    pub arr_delay: String,
    pub air_time: String,
    pub carrier: String,
    pub flight: u32,
    pub tailnum: String,
    pub origin: String,
    pub dest: String,
    pub distance: u32,
    pub hour: u32,
    pub minute: u32,
    pub time_hour: String,
}

/// Everything that is read.
pub struct Tables {
    pub airlines: Vec<Row>,
    pub airports: Vec<Row>,
    pub planes: Vec<Row>,
    pub weather: Vec<Row>,
    pub flights: Vec<Flight>,
}

impl Tables {
    /// Reads the five tables in `dir`.
    pub fn read(dir: &Path) -> Outcome<Self> {
        Ok(Self {
            airlines: rows(dir, "airlines.csv")?,
            airports: rows(dir, "airports.csv")?,
            planes: rows(dir, "planes.csv")?,
            weather: rows(dir, "weather-2013-01.csv")?,
            flights: read(dir, "flights-2013-01.csv.gz")?,
        })
    }
}

fn rows(dir: &Path, name: &str) -> Outcome<Vec<Row>> {
    let rows: Vec<Vec<(String, String)>> = records(dir, name)?;
    let cell = |(column, cell): (String, String)| value(&column, &cell).map(|value| (column, value));
    Ok(rows.into_iter().map(|row| row.into_iter().filter_map(cell).collect()).collect())
}

fn records(dir: &Path, name: &str) -> Outcome<Vec<Vec<(String, String)>>> {
    let mut reader = csv::Reader::from_reader(open(dir, name)?);
    let header = reader.headers()?.clone();
    let pairs =
        |row: csv::StringRecord| header.iter().map(Into::into).zip(row.iter().map(Into::into)).collect();
    reader.records().map(|row| Ok(pairs(row?))).collect()
}

fn read<T: DeserializeOwned>(dir: &Path, name: &str) -> Outcome<Vec<T>> {
    let mut reader = csv::Reader::from_reader(open(dir, name)?);
    Ok(reader.deserialize().collect::<Result<_, _>>()?)
}

fn open(dir: &Path, name: &str) -> Outcome<Box<dyn Read>> {
    let path = dir.join(name);
    let file = std::fs::File::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(if name.ends_with(".gz") { Box::new(flate2::read::GzDecoder::new(file)) } else { Box::new(file) })
}

/// The columns that hold numbers; some of the others hold codes that look like numbers (airport `369`).
const NUMBERS: [&str; 17] = [
    "lat",
    "lon",
    "alt",
    "tz",
    "year",
    "engines",
    "seats",
    "speed",
    "temp",
    "dewp",
    "humid",
    "wind_dir",
    "wind_speed",
    "wind_gust",
    "precip",
    "pressure",
    "visib",
];

/// Returns the value of a cell of `column`; `None` for `NA`.
fn value(column: &str, cell: &str) -> Option<Value> {
    if NUMBERS.contains(&column) { number(cell) } else { (cell != "NA").then(|| cell.into()) }
}

/// Returns the number in a cell; `None` for `NA`.
pub fn number(cell: &str) -> Option<Value> {
    cell.parse::<i64>().ok().map(Value::from).or(cell.parse::<f64>().ok().map(Value::from))
}

/// Returns the minute of a moment such as `2013-01-01T10:00:00Z`, counted from 1970.
pub fn minute_of(text: &str) -> Outcome<i64> {
    Ok(text.parse::<jiff::Timestamp>()?.as_second() / 60)
}

/// Returns a minute as text (see [`minute_of`]).
pub fn moment(minute: i64) -> String {
    jiff::Timestamp::from_second(minute * 60).expect("the month lies in the range of time").to_string()
}
