//! The six queries. Each finds the places where a railway breaks one condition.

use std::fmt;

/// A query of the benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Query {
    /// A segment has a length above zero.
    PosLength,
    /// A switch is monitored by a sensor.
    SwitchMonitored,
    /// A route requires the sensors of the switches that it follows.
    RouteSensor,
    /// If a route's entry shows GO, its switches are where the route needs them.
    SwitchSet,
    /// A sensor monitors five segments in a row at most.
    ConnectedSegments,
    /// Of two routes that meet, the one's exit is the other's entry.
    SemaphoreNeighbor,
}

impl Query {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::PosLength,
        Self::SwitchMonitored,
        Self::RouteSensor,
        Self::SwitchSet,
        Self::ConnectedSegments,
        Self::SemaphoreNeighbor,
    ];

    /// Returns its name, as the benchmark has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::PosLength => "PosLength",
            Self::SwitchMonitored => "SwitchMonitored",
            Self::RouteSensor => "RouteSensor",
            Self::SwitchSet => "SwitchSet",
            Self::ConnectedSegments => "ConnectedSegments",
            Self::SemaphoreNeighbor => "SemaphoreNeighbor",
        }
    }

    /// Returns its text. The columns are numbers of elements, in the order that [`super::repair`] takes.
    pub fn text(self) -> &'static str {
        match self {
            Self::PosLength => POS_LENGTH,
            Self::SwitchMonitored => SWITCH_MONITORED,
            Self::RouteSensor => ROUTE_SENSOR,
            Self::SwitchSet => SWITCH_SET,
            Self::ConnectedSegments => CONNECTED_SEGMENTS,
            Self::SemaphoreNeighbor => SEMAPHORE_NEIGHBOR,
        }
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

const POS_LENGTH: &str = "\
MATCH (s:Segment) WHERE s.length <= 0
RETURN s.id AS segment";

const SWITCH_MONITORED: &str = "\
MATCH (w:Switch) WHERE NOT EXISTS { (w)-[:monitoredBy]->(:Sensor) }
RETURN w.id AS switch";

const ROUTE_SENSOR: &str = "\
MATCH (r:Route)-[:follows]->(p:SwitchPosition)-[:target]->(w:Switch)-[:monitoredBy]->(s:Sensor)
WHERE NOT EXISTS { (r)-[:requires]->(s) }
RETURN r.id AS route, s.id AS sensor, p.id AS position, w.id AS switch";

const SWITCH_SET: &str = "\
MATCH (m:Semaphore)<-[:entry]-(r:Route)-[:follows]->(p:SwitchPosition)-[:target]->(w:Switch)
WHERE m.signal = 'GO' AND r.active AND p.position <> w.currentPosition
RETURN w.id AS switch, p.id AS position, r.id AS route, m.id AS semaphore";

const CONNECTED_SEGMENTS: &str = "\
MATCH (a:Segment)-[:connectsTo]->(b:Segment)-[:connectsTo]->(c:Segment)
      -[:connectsTo]->(d:Segment)-[:connectsTo]->(e:Segment)-[:connectsTo]->(f:Segment),
      (a)-[:monitoredBy]->(s:Sensor), (b)-[:monitoredBy]->(s), (c)-[:monitoredBy]->(s),
      (d)-[:monitoredBy]->(s), (e)-[:monitoredBy]->(s), (f)-[:monitoredBy]->(s)
RETURN a.id AS a, b.id AS b, c.id AS c, d.id AS d, e.id AS e, f.id AS f, s.id AS sensor";

const SEMAPHORE_NEIGHBOR: &str = "\
MATCH (m:Semaphore)<-[:exit]-(r:Route)-[:requires]->(s:Sensor)<-[:monitoredBy]-(x)
      -[:connectsTo]->(y)-[:monitoredBy]->(t:Sensor)<-[:requires]-(q:Route)
WHERE r <> q AND NOT EXISTS { (m)<-[:entry]-(q) }
RETURN m.id AS semaphore, q.id AS route, r.id AS from, s.id AS sensor, x.id AS x, y.id AS y, t.id AS other";
