//! A plot as an SVG: lines over two logarithmic axes, in colours that can be read on white and on black.

/// The size of the drawing.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 400.0;
/// The sides of the area within the axes.
const LEFT: f64 = 70.0;
const RIGHT: f64 = 620.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 346.0;
/// The colour of all but the lines: as far from white as from black.
const GREY: &str = "#767676";

/// A plot; its texts have no markup in them.
pub struct Plot {
    /// What it shows.
    pub title: &'static str,
    /// What the axis across shows.
    pub x: &'static str,
    /// What the axis upwards shows, with its unit.
    pub y: &'static str,
    /// What is drawn.
    pub lines: Vec<Line>,
}

/// One line of a plot.
pub struct Line {
    /// What the legend calls it.
    pub name: &'static str,
    /// Its colour.
    pub colour: &'static str,
    /// Its points from left to right, all above 0.
    pub points: Vec<(f64, f64)>,
}

impl Line {
    /// Begins a line without points.
    pub fn new(name: &'static str, colour: &'static str) -> Self {
        Self { name, colour, points: Vec::new() }
    }
}

impl Plot {
    /// Returns the drawing.
    pub fn svg(&self) -> String {
        let points = self.lines.iter().flat_map(|line| line.points.iter());
        let x = Axis::over(points.clone().map(|point| point.0), LEFT, RIGHT);
        let y = Axis::over(points.map(|point| point.1), BOTTOM, TOP);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
             height=\"{HEIGHT}\" role=\"img\" font-family=\"sans-serif\" font-size=\"13\" fill=\"{GREY}\">\n\
             <title>{}</title>\n",
            self.title
        );
        self.axes(&mut svg, &x, &y);
        for (at, line) in self.lines.iter().enumerate() {
            line.draw(&mut svg, &x, &y);
            line.legend(&mut svg, TOP + 20.0 + 20.0 * at as f64);
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn axes(&self, svg: &mut String, x: &Axis, y: &Axis) {
        for (at, label) in x.marks() {
            svg.push_str(&grid(at, TOP, at, BOTTOM));
            svg.push_str(&text(at, BOTTOM + 18.0, "middle", &label));
        }
        for (at, label) in y.marks() {
            svg.push_str(&grid(LEFT, at, RIGHT, at));
            svg.push_str(&text(LEFT - 8.0, at + 4.5, "end", &label));
        }
        let middle = (LEFT + RIGHT) / 2.0;
        svg.push_str(&text(middle, TOP - 18.0, "middle", self.title));
        svg.push_str(&text(middle, BOTTOM + 40.0, "middle", self.x));
        let middle = (TOP + BOTTOM) / 2.0;
        svg.push_str(&format!("<g transform=\"rotate(-90 16 {middle})\">\n"));
        svg.push_str(&text(16.0, middle, "middle", self.y));
        svg.push_str("</g>\n");
    }
}

impl Line {
    fn draw(&self, svg: &mut String, x: &Axis, y: &Axis) {
        let places = self.points.iter().map(|point| (x.place(point.0), y.place(point.1)));
        let path: Vec<String> = places.clone().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        svg.push_str(&stroke(&path.join(" "), self.colour));
        for (x, y) in places {
            svg.push_str(&format!(
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{}\"/>\n",
                self.colour
            ));
        }
    }

    fn legend(&self, svg: &mut String, y: f64) {
        let (from, to) = (LEFT + 14.0, LEFT + 40.0);
        svg.push_str(&stroke(&format!("{from},{y} {to},{y}"), self.colour));
        svg.push_str(&text(to + 8.0, y + 4.5, "start", self.name));
    }
}

fn stroke(points: &str, colour: &str) -> String {
    format!("<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n")
}

fn grid(from_x: f64, from_y: f64, to_x: f64, to_y: f64) -> String {
    format!(
        "<path d=\"M{from_x:.1} {from_y:.1}L{to_x:.1} {to_y:.1}\" stroke=\"{GREY}\" stroke-opacity=\"0.3\"/>\n"
    )
}

fn text(x: f64, y: f64, anchor: &str, text: &str) -> String {
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>\n")
}

/// A logarithmic axis of whole decades.
struct Axis {
    /// The powers of ten at which it begins and ends.
    decades: (i32, i32),
    /// Where these are in the drawing.
    ends: (f64, f64),
}

impl Axis {
    /// Returns the shortest axis between these places that has all values on it.
    fn over(values: impl Iterator<Item = f64> + Clone, from: f64, to: f64) -> Self {
        let first = values.clone().fold(f64::INFINITY, f64::min).log10().floor() as i32;
        let last = values.fold(0.0, f64::max).log10().ceil() as i32;
        Self { decades: (first, last.max(first + 1)), ends: (from, to) }
    }

    fn place(&self, value: f64) -> f64 {
        let (first, last) = (f64::from(self.decades.0), f64::from(self.decades.1));
        self.ends.0 + (self.ends.1 - self.ends.0) * (value.log10() - first) / (last - first)
    }

    /// Returns the place and the label of each decade.
    fn marks(&self) -> impl Iterator<Item = (f64, String)> {
        (self.decades.0..=self.decades.1).map(|decade| (self.place(10_f64.powi(decade)), label(decade)))
    }
}

/// Returns a power of ten in digits.
fn label(decade: i32) -> String {
    let digits = 10_f64.powi(decade).to_string();
    if decade < 3 {
        return digits;
    }
    let (thousands, rest) = digits.split_at(digits.len() - 3);
    format!("{thousands},{rest}")
}
