//! The integration tests of the query crate, one module per promise or oracle.

mod engine_cases;
mod engine_ends;
mod engine_statistics;
mod joins;
mod language_beside;
mod language_conflicts;
mod language_elsewhere;
mod language_expressions;
mod language_functions;
mod language_fuzz;
mod language_patterns;
mod language_reading;
mod language_refusals;
mod language_scenarios;
mod language_shown;
mod language_synonyms;
mod language_temporal;
mod language_tiers;
mod random;
mod recorded;
mod reference_cases;
mod reference_clauses;
mod reference_paths;
mod reference_scenarios;
mod reference_subqueries;
mod traps;
