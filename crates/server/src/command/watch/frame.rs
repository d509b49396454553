//! The rows of a query on a terminal: cut to the screen, with what changed since they were drawn before.

use crate::render::{self, Grid, Row, Screen, Shown, counted};
use livewell_model::SmolStr;
use livewell_model::diff::Columns;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Lines beside the rows: title, header, rule, what is left out, and the line of the cursor.
const OTHER_LINES: usize = 5;

/// How a row differs from the frame before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Same,
    Added,
    Updated,
    Removed,
}

impl Mark {
    fn sign(self) -> &'static str {
        match self {
            Self::Same => "",
            Self::Added => "+",
            Self::Updated => "~",
            Self::Removed => "-",
        }
    }
}

/// What was drawn last.
pub struct Frame {
    query: String,
    screen: Screen,
    /// The rows of the frame before; `None` if there is none to compare with.
    before: Option<BTreeMap<u64, Columns>>,
    epoch: String,
}

impl Frame {
    pub fn new(query: &str, screen: Screen) -> Self {
        Self { query: query.to_owned(), screen, before: None, epoch: String::new() }
    }

    /// Forgets the rows, so that those of the next frame are not marked as changed.
    pub fn reset(&mut self) {
        self.before = None;
    }

    /// Writes the rows as they are after an event, in their order.
    pub fn draw(
        &mut self,
        out: &mut dyn Write,
        names: &[SmolStr],
        rows: Vec<Row>,
        event: &Json,
    ) -> io::Result<()> {
        let after: BTreeMap<u64, Columns> = rows.iter().cloned().collect();
        let mut marked: Vec<(Mark, Row)> = rows.into_iter().map(|row| (self.mark(&row), row)).collect();
        let before = self.before.take().unwrap_or_default();
        let removed = before.into_iter().filter(|(signature, _)| !after.contains_key(signature));
        marked.extend(removed.map(|row| (Mark::Removed, row)));
        self.title(out, &marked, after.len(), event)?;
        self.before = Some(after);

        let room = self
            .screen
            .height
            .map_or(usize::MAX, |height| usize::from(height).saturating_sub(OTHER_LINES).max(1));
        let left_out = marked.len().saturating_sub(room);
        if left_out > 0 {
            // Changes would be missed below the end of the screen.
            marked.sort_by_key(|(mark, _)| *mark == Mark::Same);
            marked.truncate(room);
        }
        let mut grid = Grid::new([""].into_iter().chain(names.iter().map(SmolStr::as_str)));
        for (mark, (_, columns)) in &marked {
            let cells = columns.iter().map(render::shown).collect::<io::Result<Vec<_>>>()?;
            grid.add(std::iter::once(Shown::state(mark.sign())).chain(cells).collect());
        }
        grid.write(out, &self.screen)?;
        if left_out > 0 {
            writeln!(out, " {} not shown", counted(left_out as u64, "more row is", "more rows are"))?;
        }
        Ok(())
    }

    fn mark(&self, (signature, columns): &Row) -> Mark {
        match self.before.as_ref().map(|before| before.get(signature)) {
            None => Mark::Same,
            Some(None) => Mark::Added,
            Some(Some(before)) if before != columns => Mark::Updated,
            Some(Some(_)) => Mark::Same,
        }
    }

    /// Writes the query, the place and time of its last result, and what changed.
    fn title(
        &mut self,
        out: &mut dyn Write,
        marked: &[(Mark, Row)],
        rows: usize,
        event: &Json,
    ) -> io::Result<()> {
        if let Some(epoch) = event["epoch"].as_str() {
            epoch.clone_into(&mut self.epoch);
        }
        let mut title = format!(" {}  {}-{}", self.query, self.epoch, event["sequence"]);
        if let Some(time) = event["timestamp"].as_str() {
            title.push_str(&format!("  {time}"));
        }
        title.push_str(&format!("  {}", counted(rows as u64, "row", "rows")));
        for (mark, what) in [(Mark::Added, "added"), (Mark::Updated, "updated"), (Mark::Removed, "removed")] {
            let count = marked.iter().filter(|(found, _)| *found == mark).count();
            if count > 0 {
                title.push_str(&format!(", {count} {what}"));
            }
        }
        let width = self.screen.width.map_or(usize::MAX, usize::from);
        writeln!(out, "{}", title.chars().take(width).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn drawn(frame: &mut Frame, rows: &[(u64, i64)], event: &Json) -> Vec<String> {
        let rows = rows.iter().map(|(signature, n)| (*signature, Columns::from(vec![(*n).into()]))).collect();
        let mut out = Vec::new();
        frame.draw(&mut out, &["n".into()], rows, event).unwrap();
        String::from_utf8(out).unwrap().lines().map(|line| line.trim_end().to_owned()).collect()
    }

    #[test]
    fn what_changed_since_the_frame_before_is_marked() {
        let mut frame = Frame::new("q", Screen::default());
        let first = drawn(&mut frame, &[(1, 10), (2, 20)], &json!({"epoch": "3", "sequence": 7}));
        assert_eq!(first, [" q  3-7  2 rows", "      n", "────────", "     10", "     20"]);
        let event = json!({"epoch": "3", "sequence": 8, "timestamp": "T"});
        let second = drawn(&mut frame, &[(2, 21), (3, 30)], &event);
        assert_eq!(second[0], " q  3-8  T  2 rows, 1 added, 1 updated, 1 removed");
        assert_eq!(second[3..], [" ~   21", " +   30", " -   10"]);
        let third = drawn(&mut frame, &[(2, 21), (3, 30)], &event);
        assert_eq!(third[3..], ["     21", "     30"], "a mark is of one frame");
        frame.reset();
        assert_eq!(drawn(&mut frame, &[(9, 1)], &event)[0], " q  3-8  T  1 row");
    }

    #[test]
    fn it_is_as_high_as_the_screen_and_changes_come_first() {
        let mut frame = Frame::new("q", Screen { height: Some(10), ..Screen::default() });
        let mut rows: Vec<(u64, i64)> = (0..50).map(|n| (n, n as i64)).collect();
        let event = json!({"epoch": "1", "sequence": 1});
        assert_eq!(drawn(&mut frame, &rows, &event).len(), 9);
        rows[49].1 = 1_000;
        let lines = drawn(&mut frame, &rows, &event);
        assert_eq!((lines.len(), lines[8].as_str()), (9, " 45 more rows are not shown"));
        assert!(lines[3].contains("~   1000"), "{lines:?}");
    }
}
