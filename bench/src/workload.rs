//! The workload: elements and changes from a seed, in types that neither side owns.

/// A small generator of numbers (SplitMix64): the same seed makes the same workload on every machine.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Begins a generator at `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns the next number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// A property's value.
#[derive(Debug, Clone)]
pub enum Field {
    /// A number.
    Int(i64),
    /// A text.
    Text(String),
}

/// One change.
#[derive(Debug, Clone)]
pub enum Item {
    /// A node is inserted, or some of its properties change.
    Node {
        /// Its id.
        id: String,
        /// Its label.
        label: &'static str,
        /// Whether it is inserted.
        is_new: bool,
        /// The properties that are set.
        properties: Vec<(&'static str, Field)>,
    },
    /// A relationship is inserted.
    Relationship {
        /// Its id.
        id: String,
        /// Its type.
        kind: &'static str,
        /// Where it starts.
        from: String,
        /// Where it ends.
        to: String,
    },
}

impl Item {
    /// Returns the element's id.
    pub fn id(&self) -> &str {
        match self {
            Self::Node { id, .. } | Self::Relationship { id, .. } => id,
        }
    }
}

/// The sizes of the graph and of the updates.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// How many orders, or readings.
    pub orders: u64,
    /// How many customers.
    pub customers: u64,
    /// How many random updates follow.
    pub updates: u64,
}

/// A query with the changes that it is measured on.
pub struct Case {
    /// A short name.
    pub name: &'static str,
    /// The query.
    pub text: &'static str,
    /// The changes that build the graph.
    pub load: Vec<Item>,
    /// The random updates.
    pub updates: Vec<Item>,
}

/// The three queries.
pub const QUERIES: [(&str, &str); 3] = [
    ("filter", "MATCH (n:Reading) WHERE n.value > 50 RETURN n.id, n.value"),
    ("join", "MATCH (o:Order)-[:PLACED_BY]->(c:Customer) WHERE o.total > 100 RETURN o.id, c.name"),
    (
        "aggregate",
        "MATCH (o:Order)-[:PLACED_BY]->(c:Customer) \
         RETURN c.region AS region, count(o) AS n, sum(o.total) AS total",
    ),
];

/// Makes the case of one of the [`QUERIES`].
pub fn case((name, text): (&'static str, &'static str), size: Size) -> Case {
    let mut random = Random::new(5);
    let (load, updates) = if name == "filter" {
        let load = (0..size.orders).map(|at| reading(at, true, &mut random)).collect();
        (load, (0..size.updates).map(|_| random_reading(size.orders, &mut random)).collect())
    } else {
        let mut load: Vec<Item> = (0..size.customers).map(customer).collect();
        for at in 0..size.orders {
            load.push(order(at, true, &mut random));
            load.push(placed_by(at, random.below(size.customers)));
        }
        (load, (0..size.updates).map(|_| random_order(size.orders, &mut random)).collect())
    };
    Case { name, text, load, updates }
}

fn random_reading(readings: u64, random: &mut Random) -> Item {
    let at = random.below(readings);
    reading(at, false, random)
}

fn random_order(orders: u64, random: &mut Random) -> Item {
    let at = random.below(orders);
    order(at, false, random)
}

fn reading(at: u64, is_new: bool, random: &mut Random) -> Item {
    let id = format!("r{at}");
    let mut properties = vec![("value", Field::Int(random.below(100) as i64))];
    if is_new {
        properties.push(("id", Field::Text(id.clone())));
        properties.push(("sensor", Field::Text("sensor-a".into())));
        properties.push(("site", Field::Text("north-west".into())));
    }
    Item::Node { id, label: "Reading", is_new, properties }
}

/// Makes an order, or its new total.
pub fn order(at: u64, is_new: bool, random: &mut Random) -> Item {
    let id = format!("o{at}");
    let mut properties = vec![("total", Field::Int(random.below(200) as i64))];
    if is_new {
        properties.push(("id", Field::Text(id.clone())));
        properties.push(("status", Field::Text("open".into())));
    }
    Item::Node { id, label: "Order", is_new, properties }
}

fn customer(at: u64) -> Item {
    let id = format!("c{at}");
    let properties = vec![
        ("id", Field::Text(id.clone())),
        ("name", Field::Text(format!("Customer {at}"))),
        ("region", Field::Text(format!("region-{}", at % 10))),
    ];
    Item::Node { id, label: "Customer", is_new: true, properties }
}

fn placed_by(order: u64, customer: u64) -> Item {
    Item::Relationship {
        id: format!("p{order}"),
        kind: "PLACED_BY",
        from: format!("o{order}"),
        to: format!("c{customer}"),
    }
}
