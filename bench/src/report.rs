//! The report: one line per measurement, with both sides and the ratio.

use crate::measure::median;

/// Several runs of both sides.
#[derive(Debug, Default)]
pub struct Pair {
    /// Livewell's.
    pub ours: Vec<f64>,
    /// The other's.
    pub theirs: Vec<f64>,
}

/// Whether more is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// A rate.
    More,
    /// A time or a size.
    Less,
}

/// Prints the header of a table.
pub fn header(title: &str) {
    println!("\n{title}\n");
    println!("| | unit | Livewell | the other | times better |");
    println!("|---|---|---:|---:|---:|");
}

impl Pair {
    /// Prints the medians and how many times better Livewell's is.
    pub fn print(&self, name: &str, unit: &str, better: Better) {
        let (ours, theirs) = (median(self.ours.clone()), median(self.theirs.clone()));
        let ratio = if better == Better::More { ours / theirs } else { theirs / ours };
        println!("| {name} | {unit} | {} | {} | {ratio:.1} |", digits(ours), digits(theirs));
    }
}

fn digits(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}
