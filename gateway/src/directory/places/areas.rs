//! `areas.geojson`: the areas of divisions on the map, WGS-84: a FeatureCollection of Polygon and MultiPolygon features
//! with the division's code as property `division`. Small enough to need no geometry library: a ray is cast.

use huiliu_schemas::places::DivisionCode;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::directory::problem::{Problem, shorten};

/// The file.
pub const FILE: &str = "areas.geojson";
/// Properties that may hold the code.
const PROPERTIES: [&str; 4] = ["division", "属地", "code", "代码"];

type Position = [f64; 2];
type Ring = Vec<Position>;

/// The area of a division.
#[derive(Debug, Clone, PartialEq)]
pub struct Area {
    /// The division.
    pub division: DivisionCode,
    /// Polygons: the outer ring first, then its holes.
    polygons: Vec<Vec<Ring>>,
    west_south: Position,
    east_north: Position,
    /// Line in the file.
    pub line: u32,
}

impl Area {
    fn new(division: DivisionCode, polygons: Vec<Vec<Ring>>, line: u32) -> Self {
        let all = || polygons.iter().flatten().flatten();
        let least = |axis: usize| all().map(|p| p[axis]).fold(f64::INFINITY, f64::min);
        let most = |axis: usize| all().map(|p| p[axis]).fold(f64::NEG_INFINITY, f64::max);
        let (west_south, east_north) = ([least(0), least(1)], [most(0), most(1)]);
        Self { division, polygons, west_south, east_north, line }
    }

    /// Whether a place lies in it and in none of its holes.
    pub fn contains(&self, longitude: f64, latitude: f64) -> bool {
        let within = |axis: usize, at: f64| self.west_south[axis] <= at && at <= self.east_north[axis];
        // Crossing a hole's ring makes the count even again.
        let crossed = |polygon: &Vec<Ring>| polygon.iter().filter(|ring| encloses(ring, longitude, latitude)).count();
        within(0, longitude) && within(1, latitude) && self.polygons.iter().any(|p| crossed(p) % 2 == 1)
    }

    /// A corner of each polygon, to find areas that overlap.
    pub fn corners(&self) -> impl Iterator<Item = (f64, f64)> {
        self.polygons.iter().filter_map(|p| p.first()).flatten().map(|p| (p[0], p[1]))
    }
}

/// Whether a ray to the east crosses the ring an odd number of times.
fn encloses(ring: &Ring, longitude: f64, latitude: f64) -> bool {
    let edges = ring.iter().zip(ring.iter().cycle().skip(1));
    let crosses = |a: &Position, b: &Position| {
        let spans = (a[1] > latitude) != (b[1] > latitude);
        spans && longitude < (b[0] - a[0]) * (latitude - a[1]) / (b[1] - a[1]) + a[0]
    };
    edges.filter(|(a, b)| crosses(a, b)).count() % 2 == 1
}

/// The areas.
#[derive(Debug, Clone, Default)]
pub struct Areas(Vec<Area>);

#[derive(Deserialize)]
struct Collection<'a> {
    #[serde(borrow)]
    features: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Feature {
    properties: Value,
    geometry: Geometry,
}

#[derive(Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Polygon(Vec<Vec<Vec<f64>>>),
    MultiPolygon(Vec<Vec<Vec<Vec<f64>>>>),
}

impl Areas {
    pub(super) fn read(text: &str, problems: &mut Vec<Problem>) -> Self {
        let collection: Collection<'_> = match serde_json::from_str(text) {
            Ok(collection) => collection,
            Err(error) => {
                let line = u32::try_from(error.line()).unwrap_or(0);
                problems.push(problem(line, "", &error.to_string(), "a GeoJSON FeatureCollection"));
                return Self::default();
            }
        };
        let mut all: Vec<_> = collection
            .features
            .into_iter()
            .filter_map(|feature| {
                let read = read_feature(feature.get(), line_of(text, feature.get()));
                read.map_err(|wrong| problems.push(wrong)).ok()
            })
            .collect();
        all.sort_by(|a, b| (&a.division, a.line).cmp(&(&b.division, b.line)));
        Self(all)
    }

    /// Every area.
    pub fn iter(&self) -> impl Iterator<Item = &Area> {
        self.0.iter()
    }

    /// The divisions whose areas hold a place.
    pub fn containing(&self, longitude: f64, latitude: f64) -> Vec<&DivisionCode> {
        let mut found: Vec<_> =
            self.0.iter().filter(|a| a.contains(longitude, latitude)).map(|a| &a.division).collect();
        found.dedup();
        found
    }
}

fn read_feature(text: &str, line: u32) -> Result<Area, Problem> {
    let feature: Feature = serde_json::from_str(text).map_err(|error| {
        problem(line, "", &error.to_string(), "a Feature with properties and a Polygon or MultiPolygon")
    })?;
    let code = PROPERTIES.iter().find_map(|name| feature.properties.get(name)).unwrap_or(&Value::Null);
    let written = code.as_str().map_or_else(|| code.to_string(), str::to_owned);
    let division = written
        .parse()
        .map_err(|_| problem(line, "properties.division", &written, "a division code of 9 or 12 digits"))?;
    let polygons = match feature.geometry {
        Geometry::Polygon(polygon) => vec![polygon],
        Geometry::MultiPolygon(polygons) => polygons,
    };
    let polygons: Result<_, _> = polygons.into_iter().map(|p| p.into_iter().map(|r| ring(r, line)).collect()).collect();
    Ok(Area::new(division, polygons?, line))
}

fn ring(positions: Vec<Vec<f64>>, line: u32) -> Result<Ring, Problem> {
    let expected = "a closed ring of four positions or more, each longitude and latitude in degrees";
    let wrong = |value: String| problem(line, "geometry.coordinates", &value, expected);
    if positions.len() < 4 || positions.first() != positions.last() {
        return Err(wrong(format!("{} positions", positions.len())));
    }
    let position = |p: Vec<f64>| match p[..] {
        [longitude, latitude, ..] if longitude.abs() <= 180.0 && latitude.abs() <= 90.0 => Ok([longitude, latitude]),
        _ => Err(wrong(format!("{p:?}"))),
    };
    positions.into_iter().map(position).collect()
}

fn problem(line: u32, column: &str, value: &str, expected: &str) -> Problem {
    Problem { file: FILE.into(), line, column: column.into(), value: shorten(value), expected: expected.into() }
}

/// The line on which a part of the text begins.
fn line_of(text: &str, part: &str) -> u32 {
    let start = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    let before = text.as_bytes().get(..start).unwrap_or_default();
    u32::try_from(before.iter().filter(|b| **b == b'\n').count() + 1).unwrap_or(u32::MAX)
}
