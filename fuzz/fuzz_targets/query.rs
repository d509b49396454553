//! Hostile query text: any text is a query or a diagnostic that can be shown, from the parser, the plan and the
//! reference.
#![no_main]

use libfuzzer_sys::fuzz_target;
use livewell_model::Map;
use livewell_query::engine::Engine;
use livewell_query::language::Diagnostic;
use livewell_query::parse;
use livewell_query::reference::Reference;

fuzz_target!(|text: &str| {
    let shown = |diagnostic: Diagnostic| assert!(diagnostic.render(text, "hostile").contains('^'));
    match parse(text) {
        Err(diagnostic) => shown(diagnostic),
        Ok(query) => {
            Engine::compile(text, &Map::new()).err().into_iter().for_each(shown);
            Reference::new(&query, &Map::new()).err().into_iter().for_each(shown);
        }
    }
});
