//! A driver that is killed between an effect and the commit of what the reaction returned.

use super::start;
use crate::{DeadLetter, Outgoing, Reached, Reaction};

/// What a driver has stored, and the calls after which it is killed before it stores their outcome.
#[derive(Debug, Default)]
pub struct Killed {
    /// The dead letters.
    pub letters: Vec<DeadLetter>,
    detail: Option<Vec<u8>>,
    kills: Vec<usize>,
    calls: usize,
}

impl Killed {
    /// Creates a driver that has stored nothing. It is killed after these calls of a reaction, counted from 1.
    pub fn after(kills: &[usize]) -> Self {
        Self { kills: kills.to_vec(), ..Self::default() }
    }

    /// Creates a driver with what this one has stored, which is killed after these calls of its own.
    #[must_use]
    pub fn killed_again(self, kills: &[usize]) -> Self {
        Self { kills: kills.to_vec(), calls: 0, ..self }
    }

    /// Counts a call; returns whether the driver is killed behind it.
    fn is_killed(&mut self) -> bool {
        self.calls += 1;
        self.kills.contains(&self.calls)
    }

    /// Starts a reaction from what is stored; returns how many of the results its target has, if it knows that.
    fn started(&mut self, reaction: &mut dyn Reaction, results: &[Outgoing<'_>]) -> Option<usize> {
        let started = start(reaction, self.detail.as_deref()).expect("starts");
        self.detail = Some(started.detail);
        let is_there = |outgoing: &Outgoing<'_>, there: &Reached| {
            there.query_id == outgoing.query_id && outgoing.result.sequence <= there.sequence
        };
        let is_done =
            |outgoing: &&Outgoing<'_>| started.reached.iter().any(|there| is_there(outgoing, there));
        (!started.reached.is_empty()).then(|| results.iter().take_while(is_done).count())
    }

    /// Delivers all of the results, with a new process after each kill.
    ///
    /// # Panics
    /// If the reaction returns an error.
    pub fn deliver(&mut self, reaction: impl Fn() -> Box<dyn Reaction>, results: &[Outgoing<'_>]) {
        let mut done = 0;
        'process: loop {
            let mut reaction = reaction();
            done = self.started(&mut *reaction, results).unwrap_or(done);
            while done < results.len() {
                let delivered = reaction.deliver(&results[done..]).expect("delivers");
                if self.is_killed() {
                    continue 'process;
                }
                done += delivered.results;
                self.detail = Some(delivered.detail);
                self.letters.extend(delivered.dead);
            }
            return;
        }
    }

    /// Sends all letters again, with a new process after each kill.
    ///
    /// # Panics
    /// If the reaction returns an error.
    pub fn resend(&mut self, reaction: impl Fn() -> Box<dyn Reaction>) {
        'process: while !self.letters.is_empty() {
            let mut reaction = reaction();
            self.started(&mut *reaction, &[]);
            while let Some(letter) = self.letters.first() {
                reaction.resend(letter).expect("sends again");
                if self.is_killed() {
                    continue 'process;
                }
                self.letters.remove(0);
            }
        }
    }
}
