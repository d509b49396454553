//! A configuration as a call changes it.

use super::configuration::Config;
use super::files;
use super::reading::{of_tree, parse};
use super::substitute::Outside;
use livewell_query::language::Diagnostic;
use std::cell::RefCell;

impl Config {
    /// This configuration with the item `id` of `section` (`sources`, `queries` or `reactions`) as `text` of a call has
    /// it, in YAML or JSON, or without it.
    ///
    /// # Errors
    /// Returns everything that is wrong with the result, and the files and variables that a call may not name.
    pub fn with(&self, section: &str, id: &str, text: Option<&str>) -> Result<Self, Vec<Diagnostic>> {
        let allowed = self.server.as_ref().map(|server| &server.allowed_environment[..]).unwrap_or_default();
        let outside = Outside {
            folder: &self.place.folder,
            variable: &|name| std::env::var(name).ok(),
            called: Some(allowed),
            hidden: RefCell::new(self.hidden.clone()),
        };
        let (made, hidden) = (self.made(section, id, text, &outside), outside.hidden.into_inner());
        match made {
            Ok(config) => Ok(Self { hidden, ..config }),
            Err(mut problems) => {
                hidden.hide(&mut problems);
                Err(problems)
            }
        }
    }

    fn made(
        &self,
        section: &str,
        id: &str,
        text: Option<&str>,
        outside: &Outside<'_>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut item = text.map(parse).transpose()?;
        let mut written = self.written.clone();
        written.set_item(section, id, item.clone());
        let mut problems = Vec::new();
        if let Some(item) = &mut item {
            outside.fill_in(item, &mut problems);
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut root = self.root.clone();
        let is_called = item.is_some();
        root.set_item(section, id, item);
        let config = of_tree(&root, text.unwrap_or_default(), &self.place)?;
        let config = Config { written, in_file: self.in_file.clone(), ..config };
        if is_called {
            files::check_called(&config, id, &mut problems);
        }
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }
}
