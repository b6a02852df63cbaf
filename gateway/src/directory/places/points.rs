//! `points.csv`: points that are known to lie in a division (a village's office, an estate's gate), WGS-84. Each speaks
//! for what is near it, and only where no point of another place is nearly as near.

use huiliu_schemas::places::DivisionCode;

use crate::directory::problem::Problem;
use crate::directory::table::{Column, Row, may, must, rows};

/// The file.
pub const FILE: &str = "points.csv";
const COLUMNS: &[Column] = &[
    must("longitude", "经度"),
    must("latitude", "纬度"),
    must("division", "属地"),
    may("within_m", "范围米"),
    may("note", "备注"),
];

/// How far a point speaks where the file does not say.
const WITHIN_M: f64 = 300.0;
/// A point of another place must be this many times as far for the nearest to be certain.
const CLEARLY_NEARER: f64 = 2.0;
const METRES_PER_DEGREE: f64 = 111_320.0;

/// A point known.
#[derive(Debug, Clone, PartialEq)]
pub struct Landmark {
    /// Degrees east.
    pub longitude: f64,
    /// Degrees north.
    pub latitude: f64,
    /// The division it lies in.
    pub division: DivisionCode,
    /// How far it speaks.
    pub within_m: f64,
    /// Line in the file.
    pub line: u32,
}

impl Landmark {
    fn metres_to(&self, longitude: f64, latitude: f64) -> f64 {
        let east = (longitude - self.longitude) * self.latitude.to_radians().cos();
        east.hypot(latitude - self.latitude) * METRES_PER_DEGREE
    }
}

/// The points.
#[derive(Debug, Clone, Default)]
pub struct Points(Vec<Landmark>);

impl Points {
    pub(super) fn read(text: &str, problems: &mut Vec<Problem>) -> Self {
        let rows = rows(FILE, text, COLUMNS, problems);
        let mut all: Vec<_> = rows.iter().filter_map(|row| read_point(row, problems)).collect();
        let key = |p: &Landmark| (p.division.clone(), p.longitude.to_bits(), p.latitude.to_bits(), p.line);
        all.sort_by_key(key);
        Self(all)
    }

    /// Every point.
    pub fn iter(&self) -> impl Iterator<Item = &Landmark> {
        self.0.iter()
    }

    /// The divisions a place may lie in by the points near it: one if the nearest is clearly nearer.
    pub fn near(&self, longitude: f64, latitude: f64) -> Vec<&DivisionCode> {
        let reach = |p: &Landmark| Some(p.metres_to(longitude, latitude)).filter(|metres| *metres <= p.within_m);
        let near: Vec<_> = self.0.iter().filter_map(|p| Some((reach(p)?, &p.division))).collect();
        let nearest = near.iter().map(|(metres, _)| *metres).fold(f64::INFINITY, f64::min);
        let mut rivals: Vec<_> =
            near.into_iter().filter(|(m, _)| *m <= nearest * CLEARLY_NEARER).map(|(_, division)| division).collect();
        rivals.sort();
        rivals.dedup();
        rivals
    }
}

fn read_point(row: &Row<'_>, problems: &mut Vec<Problem>) -> Option<Landmark> {
    let degrees = |text: &str, most: f64| text.parse().ok().filter(|d: &f64| d.abs() <= most);
    let longitude = row.read("longitude", "degrees east, -180 to 180", problems, |t| degrees(t, 180.0));
    let latitude = row.read("latitude", "degrees north, -90 to 90", problems, |t| degrees(t, 90.0));
    let division = row.parse("division", "a division code of 9 or 12 digits", problems);
    let within_m = row.read("within_m", "metres from 1 to 20000, or nothing", problems, |text| match text {
        "" => Some(WITHIN_M),
        _ => text.parse().ok().filter(|m| (1.0..=20_000.0).contains(m)),
    });
    Some(Landmark {
        longitude: longitude?,
        latitude: latitude?,
        division: division?,
        within_m: within_m?,
        line: row.line,
    })
}
