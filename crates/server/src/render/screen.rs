//! What stdout can show: how wide and high it is, and whether colours help there.

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use std::env;
use std::io;
use terminal_size::{Height, Width, terminal_size};

/// What stdout can show.
#[derive(Debug, Clone, Copy, Default)]
pub struct Screen {
    /// How many columns of characters it has; `None` if what reads it has no limit.
    pub width: Option<u16>,
    /// How many lines it has, if it is a terminal.
    pub height: Option<u16>,
    /// Whether colours are wanted there.
    pub is_coloured: bool,
}

impl Screen {
    /// Returns what stdout can show: by COLUMNS and LINES if these are set, else by its terminal. A pipe has no limit,
    /// and no colours unless CLICOLOR_FORCE is set; NO_COLOR turns them off.
    pub fn of_stdout() -> Self {
        let given = |name: &str| env::var(name).ok()?.parse().ok().filter(|size| *size > 0);
        let size = terminal_size();
        Self {
            width: given("COLUMNS").or(size.map(|(Width(width), _)| width)),
            height: size.and_then(|(_, Height(height))| given("LINES").or(Some(height))),
            is_coloured: AutoStream::choice(&io::stdout()) != ColorChoice::Never,
        }
    }

    /// Returns the text in a colour, if colours are wanted.
    pub fn coloured(&self, text: &str, colour: AnsiColor) -> String {
        let style = Style::new().fg_color(Some(colour.into()));
        if self.is_coloured { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}
