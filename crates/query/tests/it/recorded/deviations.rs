//! Where the recorded system is wrong: what it says, and why that is not so.
//!
//! Three rules stand behind the list. A keyed group exists only while it has rows: that system keeps an
//! emptied group with its aggregates' first values, and a new group comes from such a row that nobody has
//! seen. An optional match has its row of nulls only while nothing matches: that system lets each match come
//! from such a row and go back to one. The average of nothing is null: that system says 0. And everywhere, not listed here: it sums in floats, and collects in the order of arrival.

/// One wrong statement of a recorded step.
#[derive(Debug)]
pub struct Deviation {
    pub case: &'static str,
    /// Counted from 0.
    pub step: usize,
    pub wrong: Wrong,
    /// The row, as JSON.
    pub row: &'static str,
}

/// What is wrong about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// A row stays, or is told, although it is not in the result: that of a group without rows, or of nulls beside
    /// a match.
    Kept,
    /// A row is taken back that was not in the result: that of a group without rows, or of nulls beside a match.
    NeverThere,
    /// The row holds another value than it should: this is the right one.
    Otherwise(&'static str),
}

use Wrong::{Kept, NeverThere, Otherwise};

/// Cases in which an insert of what is there already, the same in every part, is told to change the result: its
/// rows are counted once more. A result follows from the elements, so nothing may change.
pub const REPEATS: [&str; 1] = ["collect_aggregation::collect_with_filter[0]"];

const fn deviation(case: &'static str, step: usize, wrong: Wrong, row: &'static str) -> Deviation {
    Deviation { case, step, wrong, row }
}

const FLOORS: &str = "building_comfort::building_comfort_use_case[4]";
const BUILDINGS: &str = "building_comfort::building_comfort_use_case[5]";
const OPTIONAL: &str = "optional_match::optional_match[0]";
const INCIDENTS: &str = "incident_alert::incident_alert[2]";

const ROLLING: &str = "rolling_average_decrease_by_ten::rolling_average_decrease_by_ten[0]";
const VERSIONS: &str = "temporal_retrieval::get_versions_by_range[0]";
const WINDOW: &str = "windows::sliding_window_avg_grouped[0]";

pub const DEVIATIONS: &[Deviation] = &[
    // An update takes the row back as it would have been with the versions of after it.
    deviation(VERSIONS, 1, NeverThere, r#"{"t":{"Value":0},"range":[{"Value":1}]}"#),
    deviation(VERSIONS, 1, Kept, r#"{"t":{"Value":0},"range":[]}"#),
    deviation(VERSIONS, 2, NeverThere, r#"{"t":{"Value":1},"range":[{"Value":1},{"Value":2}]}"#),
    deviation(VERSIONS, 2, Kept, r#"{"t":{"Value":1},"range":[{"Value":1}]}"#),
    // The reading of that moment is replaced by one that is not a decrease: nothing is told, and the row stays.
    deviation(
        ROLLING,
        9,
        Kept,
        r#"{"freezerId":"equip_01","previousAverageTemp":42.5,"currentAverageTemp":37.857142857142854}"#,
    ),
    // The last reading leaves the window; in the end a sensor is left whose reading is too old.
    deviation(
        WINDOW,
        4,
        Otherwise(r#"{"sensorGroup":"B","slidingAvg":null}"#),
        r#"{"sensorGroup":"B","slidingAvg":0.0}"#,
    ),
    deviation(
        WINDOW,
        5,
        Otherwise(r#"{"sensorGroup":"A","slidingAvg":null}"#),
        r#"{"sensorGroup":"A","slidingAvg":0.0}"#,
    ),
    deviation(
        WINDOW,
        7,
        Otherwise(r#"{"sensorGroup":"A","slidingAvg":null}"#),
        r#"{"sensorGroup":"A","slidingAvg":0.0}"#,
    ),
    // The first room of a floor makes its group; none was there to be taken back.
    deviation(FLOORS, 13, NeverThere, r#"{"FloorId":"floor_01_01","ComfortLevel":0.0}"#),
    deviation(FLOORS, 17, NeverThere, r#"{"FloorId":"floor_01_02","ComfortLevel":0.0}"#),
    deviation(BUILDINGS, 13, NeverThere, r#"{"BuildingId":"building_01","ComfortLevel":0.0}"#),
    // The incident's severity, by which is grouped, changes: no employee is told of the former one.
    deviation(
        INCIDENTS,
        28,
        Kept,
        r#"{"RegionName":"SoCal","IncidentId":"in1000","IncidentSeverity":"extreme","IncidentDescription":"Forest Fire","EmployeeCount":0}"#,
    ),
    // The first payment still matches while the second comes and goes.
    deviation(OPTIONAL, 4, NeverThere, r#"{"id":"i1","amount":100,"payment_amount":null}"#),
    deviation(OPTIONAL, 6, Kept, r#"{"id":"i1","amount":100,"payment_amount":null}"#),
    // The incident ends.
    deviation(
        INCIDENTS,
        29,
        Kept,
        r#"{"RegionName":"SoCal","IncidentId":"in1000","IncidentSeverity":"critical","IncidentDescription":"Forest Fire","EmployeeCount":0}"#,
    ),
];
