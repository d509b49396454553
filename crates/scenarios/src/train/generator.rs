//! Railways of any size.
//!
//! Routes lie in a ring, and each begins at the semaphore at which the one before ends. A route follows the positions of
//! its switches; a switch is monitored by sensors, and so is a row of segments each. The numbers of these are drawn so
//! that a railway of size 64 has the published 117,000 nodes and 196,000 relationships, but for a few in a hundred.

use super::model::{Edit, Model};
use super::names::*;
use crate::choice::Choice;
use livewell_model::{AppliedTransaction, Value};

/// How many routes there are for each unit of size.
const ROUTES: usize = 5;
/// How many switches a route has, at least and at most.
const SWITCHES: (usize, usize) = (2, 20);
/// How many sensors monitor a switch, at least and at most.
const SENSORS: (usize, usize) = (1, 9);
/// How many segments of a sensor lie in a row.
const SEGMENTS: usize = 5;
/// The largest length of a segment.
const LENGTH_MAX: usize = 1_000;

/// How many in a hundred break each condition.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// Segments without a length.
    pub pos_length: usize,
    /// Switches without sensors.
    pub switch_monitored: usize,
    /// Sensors of a switch that its route does not require.
    pub route_sensor: usize,
    /// Switches that are not where their route needs them.
    pub switch_set: usize,
    /// Sensors with one segment more in a row.
    pub connected_segments: usize,
    /// Routes without an entry.
    pub semaphore_neighbor: usize,
}

impl Rates {
    /// Those of a railway into which errors are injected.
    pub const INJECT: Self = Self {
        pos_length: 2,
        switch_monitored: 2,
        route_sensor: 4,
        switch_set: 8,
        connected_segments: 5,
        semaphore_neighbor: 7,
    };
    /// Those of a railway whose errors are repaired.
    pub const REPAIR: Self = Self {
        pos_length: 10,
        switch_monitored: 4,
        route_sensor: 10,
        switch_set: 10,
        connected_segments: 5,
        semaphore_neighbor: 8,
    };
}

/// Makes a railway of this size, and the transaction that builds it; both follow from the arguments alone.
pub fn generate(size: usize, rates: Rates, seed: u64) -> (Model, AppliedTransaction) {
    let mut model = Model::default();
    let mut building = Building { edit: model.edit(), rates, choice: Choice::new(seed) };
    building.routes(size * ROUTES);
    let transaction = building.edit.finish();
    (model, transaction)
}

struct Building<'m> {
    edit: Edit<'m>,
    rates: Rates,
    choice: Choice,
}

/// The first and the last segment of what was built.
type Row = (u64, u64);

impl Building<'_> {
    fn routes(&mut self, routes: usize) {
        let semaphores: Vec<u64> = (0..routes).map(|_| self.semaphore()).collect();
        let mut rows = Vec::with_capacity(routes);
        for at in 0..routes {
            rows.push(self.route(semaphores[at], semaphores[(at + 1) % routes]));
        }
        for at in 0..routes {
            let (next, last) = (rows[(at + 1) % routes].0, rows[at].1);
            self.edit.connect(last, CONNECTS_TO, next);
        }
    }

    fn semaphore(&mut self) -> u64 {
        self.edit.node(SEMAPHORE, &[(SIGNAL, "GO".into())])
    }

    fn route(&mut self, entry: u64, exit: u64) -> Row {
        let route = self.edit.node(ROUTE, &[("active", Value::Bool(true))]);
        if !self.is_error(self.rates.semaphore_neighbor) {
            self.edit.connect(route, ENTRY, entry);
        }
        self.edit.connect(route, EXIT, exit);
        let mut row: Option<Row> = None;
        for _ in 0..self.choice.between(SWITCHES.0, SWITCHES.1) {
            let (first, last) = self.switch(route);
            row = Some((row.map_or(first, |row| row.0), last));
        }
        row.expect("a route has switches")
    }

    fn switch(&mut self, route: u64) -> Row {
        let region = self.edit.node(REGION, &[]);
        let at = self.choice.below(POSITIONS.len());
        let turned = if self.is_error(self.rates.switch_set) { 1 } else { 0 };
        let current = POSITIONS[(at + turned) % POSITIONS.len()];
        let switch = self.edit.node(SWITCH, &[(CURRENT_POSITION, current.into())]);
        let position = self.edit.node(SWITCH_POSITION, &[(POSITION, POSITIONS[at].into())]);
        self.edit.connect(route, FOLLOWS, position);
        self.edit.connect(position, TARGET, switch);
        let is_monitored = !self.is_error(self.rates.switch_monitored);
        let mut row: Option<Row> = None;
        for _ in 0..self.choice.between(SENSORS.0, SENSORS.1) {
            let sensor = self.sensor(region);
            if is_monitored {
                self.edit.connect(switch, MONITORED_BY, sensor);
            }
            if !self.is_error(self.rates.route_sensor) {
                self.edit.connect(route, REQUIRES, sensor);
            }
            let (first, last) = self.segments(sensor);
            row = Some((row.map_or(first, |row| row.0), last));
        }
        row.expect("a switch has sensors")
    }

    fn sensor(&mut self, region: u64) -> u64 {
        let region = Value::Int(i64::try_from(region).expect("elements are far fewer"));
        self.edit.node(SENSOR, &[("region", region)])
    }

    fn segments(&mut self, sensor: u64) -> Row {
        let one_more = usize::from(self.is_error(self.rates.connected_segments));
        let row: Vec<u64> = (0..SEGMENTS + one_more).map(|_| self.segment(sensor)).collect();
        for pair in row.windows(2) {
            self.edit.connect(pair[0], CONNECTS_TO, pair[1]);
        }
        (row[0], row[row.len() - 1])
    }

    fn segment(&mut self, sensor: u64) -> u64 {
        let length = self.choice.between(1, LENGTH_MAX);
        let length = i64::try_from(length).expect("a length is small");
        let length = if self.is_error(self.rates.pos_length) { -length } else { length };
        let segment = self.edit.node(SEGMENT, &[(LENGTH, Value::Int(length))]);
        self.edit.connect(segment, MONITORED_BY, sensor);
        segment
    }

    fn is_error(&mut self, rate: usize) -> bool {
        self.choice.below(100) < rate
    }
}
