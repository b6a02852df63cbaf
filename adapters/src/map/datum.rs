//! Coordinates: reading points as upstream systems write them and bringing them to WGS-84. GCJ-02 is the State's
//! published obfuscation (an offset that varies smoothly with the place), BD-09 is Baidu's on top of it.

use std::f64::consts::PI;

use huiliu_schemas::places::{Datum, Point};
use serde_json::Value;

/// Longitude and latitude in degrees.
type Degrees = (f64, f64);

/// The Krasovsky 1940 ellipsoid, on which GCJ-02 is computed.
const SEMI_MAJOR_AXIS_M: f64 = 6_378_245.0;
const ECCENTRICITY_SQUARED: f64 = 0.006_693_421_622_965_943;
const BAIDU_TURN: f64 = PI * 3000.0 / 180.0;

/// In what a point may be given, for messages.
pub(crate) const NAMES: &str = "wgs84, cgcs2000, gcj02 or bd09";
/// What a point accepts, for messages.
pub(crate) const EXPECTED: &str = "a point in China as `longitude,latitude` in degrees";

/// A point given in `datum`, brought to WGS-84; none outside China. Swapped coordinates are put right, since no
/// place in China can be meant by them.
pub(crate) fn point(first: f64, second: f64, datum: Datum) -> Option<Point> {
    let (longitude, latitude) =
        [(first, second), (second, first)].into_iter().find(|(lng, lat)| is_in_china(*lng, *lat))?;
    let arrived = (longitude, latitude);
    let (wgs_longitude, wgs_latitude) = match datum {
        Datum::Wgs84 => arrived,
        Datum::Gcj02 => gcj_to_wgs(arrived),
        Datum::Bd09 => gcj_to_wgs(bd_to_gcj(arrived)),
    };
    Some(Point {
        longitude: rounded(wgs_longitude),
        latitude: rounded(wgs_latitude),
        datum,
        original_longitude: longitude,
        original_latitude: latitude,
    })
}

/// The reference system of a name, as systems and their map libraries write it.
pub(crate) fn named(text: &str) -> Option<Datum> {
    const NAMED: [(Datum, &[&str]); 3] = [
        (
            Datum::Wgs84,
            &["wgs", "gps", "4326", "cgcs2000", "国家2000", "2000国家", "大地2000", "4490", "天地图", "tianditu"],
        ),
        (Datum::Gcj02, &["gcj", "火星", "国测局", "amap", "gaode", "高德", "tencent", "腾讯"]),
        (Datum::Bd09, &["bd09", "baidu", "百度"]),
    ];
    let plain: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let mut meant = NAMED.iter().filter(|(_, names)| names.iter().any(|name| plain.contains(name)));
    match (meant.next(), meant.next()) {
        (Some((datum, _)), None) => Some(*datum),
        (None, None) if plain == "bd" => Some(Datum::Bd09),
        // Of two, which it is now is not said.
        _ => None,
    }
}

/// Reads `longitude,latitude` and `POINT(longitude latitude)`; of several points the first.
pub(crate) fn pair(text: &str) -> Option<Degrees> {
    let first = text.split([';', '；', '|']).next()?;
    let bare = first.trim().trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let mut numbers = bare.trim().trim_matches(['[', ']', '(', ')']).split([',', '，', ' ']).filter(|p| !p.is_empty());
    let pair = (numbers.next()?.trim().parse().ok()?, numbers.next()?.trim().parse().ok()?);
    numbers.next().is_none().then_some(pair)
}

/// A point that is no text: `[longitude, latitude]` as GeoJSON has it, by itself, in lists or in an object; of several the
/// first. Two zeros are none.
pub(crate) fn pair_in(value: &Value) -> Option<Degrees> {
    match value {
        Value::Object(shape) => pair_in(shape.get("coordinates")?),
        Value::Array(list) => match list.as_slice() {
            [Value::Number(first), Value::Number(second)] | [Value::Number(first), Value::Number(second), _] => {
                Some((first.as_f64()?, second.as_f64()?)).filter(|pair| *pair != (0.0, 0.0))
            }
            [first, ..] => pair_in(first),
            [] => None,
        },
        _ => None,
    }
}

/// Whether two numbers are a point in China, whichever comes first.
pub(crate) fn is_point(first: f64, second: f64) -> bool {
    point(first, second, Datum::Wgs84).is_some()
}

fn is_in_china(longitude: f64, latitude: f64) -> bool {
    (72.0..=138.0).contains(&longitude) && (0.8..=56.0).contains(&latitude)
}

/// Seven decimals: a centimetre.
fn rounded(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}

fn wgs_to_gcj((longitude, latitude): Degrees) -> Degrees {
    let (x, y) = (longitude - 105.0, latitude - 35.0);
    let radians = latitude.to_radians();
    let flattening = 1.0 - ECCENTRICITY_SQUARED * radians.sin().powi(2);
    let root = flattening.sqrt();
    let metres_per_degree_north = SEMI_MAJOR_AXIS_M * (1.0 - ECCENTRICITY_SQUARED) / (flattening * root) * PI / 180.0;
    let metres_per_degree_east = SEMI_MAJOR_AXIS_M / root * radians.cos() * PI / 180.0;
    (longitude + metres_east(x, y) / metres_per_degree_east, latitude + metres_north(x, y) / metres_per_degree_north)
}

/// A sum of three sines with amplitudes `a` and angular factors `f` of `v`.
fn waves(v: f64, a: [f64; 3], f: [f64; 3]) -> f64 {
    (0..3).map(|i| a[i] * (v * PI * f[i]).sin()).sum::<f64>() * 2.0 / 3.0
}

fn metres_north(x: f64, y: f64) -> f64 {
    let bend = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * x.abs().sqrt();
    bend + waves(x, [20.0, 20.0, 0.0], [6.0, 2.0, 0.0])
        + waves(y, [20.0, 40.0, 0.0], [1.0, 1.0 / 3.0, 0.0])
        + waves(y, [160.0, 320.0, 0.0], [1.0 / 12.0, 1.0 / 30.0, 0.0])
}

fn metres_east(x: f64, y: f64) -> f64 {
    let bend = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * x.abs().sqrt();
    bend + waves(x, [20.0, 20.0, 0.0], [6.0, 2.0, 0.0])
        + waves(x, [20.0, 40.0, 0.0], [1.0, 1.0 / 3.0, 0.0])
        + waves(x, [150.0, 300.0, 0.0], [1.0 / 12.0, 1.0 / 30.0, 0.0])
}

/// The inverse has no closed form; a few steps of fixed-point iteration reach a micrometre.
fn gcj_to_wgs(target: Degrees) -> Degrees {
    let mut guess = target;
    for _ in 0..6 {
        let there = wgs_to_gcj(guess);
        guess = (guess.0 + target.0 - there.0, guess.1 + target.1 - there.1);
    }
    guess
}

fn bd_to_gcj((longitude, latitude): Degrees) -> Degrees {
    let (x, y) = (longitude - 0.0065, latitude - 0.006);
    let radius = x.hypot(y) - 0.000_02 * (y * BAIDU_TURN).sin();
    let angle = y.atan2(x) - 0.000_003 * (x * BAIDU_TURN).cos();
    (radius * angle.cos(), radius * angle.sin())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn gcj_to_bd((longitude, latitude): Degrees) -> Degrees {
        let radius = longitude.hypot(latitude) + 0.000_02 * (latitude * BAIDU_TURN).sin();
        let angle = latitude.atan2(longitude) + 0.000_003 * (longitude * BAIDU_TURN).cos();
        (radius * angle.cos() + 0.0065, radius * angle.sin() + 0.006)
    }

    #[test]
    fn a_known_offset_is_taken_away() {
        // Tian'anmen: about 550 m between the two systems.
        let point = point(116.397_5, 39.908_7, Datum::Gcj02).expect("in China");
        assert!((point.longitude - 116.391_26).abs() < 1e-4, "{point:?}");
        assert!((point.latitude - 39.907_3).abs() < 1e-4, "{point:?}");
        assert_eq!((point.original_longitude, point.original_latitude), (116.397_5, 39.908_7));
    }

    #[test]
    fn points_are_read_as_people_write_them() {
        assert_eq!(pair("121.55,29.88"), Some((121.55, 29.88)));
        assert_eq!(pair(" [121.55, 29.88] "), Some((121.55, 29.88)));
        assert_eq!(pair("121.55，29.88;121.56,29.89"), Some((121.55, 29.88)));
        assert_eq!(pair("POINT (121.55 29.88)"), Some((121.55, 29.88)));
        assert_eq!(pair("庄桥街道"), None);
        assert_eq!(pair("1,2,3"), None);
    }

    #[test]
    fn a_reference_system_goes_by_many_names() {
        assert_eq!(named("GCJ-02"), Some(Datum::Gcj02));
        assert_eq!(named("bd09ll"), Some(Datum::Bd09));
        assert_eq!(named("EPSG:4326"), Some(Datum::Wgs84));
        for (text, datum) in [
            ("百度坐标系", Datum::Bd09),
            ("WGS84坐标系", Datum::Wgs84),
            ("2000国家大地坐标系", Datum::Wgs84),
            ("火星坐标系(GCJ-02)", Datum::Gcj02),
            ("高德地图", Datum::Gcj02),
            ("GaoDe", Datum::Gcj02),
            ("大地2000", Datum::Wgs84),
            ("国家大地2000坐标系", Datum::Wgs84),
            ("天地图", Datum::Wgs84),
            ("tianditu", Datum::Wgs84),
            ("GCS_WGS_1984", Datum::Wgs84),
        ] {
            assert_eq!(named(text), Some(datum), "{text}");
        }
        for unclear in ["墨卡托", "WGS84转GCJ02", "1", ""] {
            assert_eq!(named(unclear), None, "{unclear}");
        }
    }

    #[test]
    fn swapped_is_put_right_and_elsewhere_is_refused() {
        assert_eq!(point(29.88, 121.55, Datum::Wgs84).map(|p| p.longitude), Some(121.55));
        assert_eq!(point(0.0, 0.0, Datum::Wgs84), None);
        assert_eq!(point(2.35, 48.85, Datum::Wgs84), None);
    }

    proptest! {
        #[test]
        fn there_and_back(longitude in 74.0f64..134.0, latitude in 18.5f64..53.0) {
            let gcj = wgs_to_gcj((longitude, latitude));
            for (arrived, datum) in [(gcj, Datum::Gcj02), (gcj_to_bd(gcj), Datum::Bd09)] {
                let point = point(arrived.0, arrived.1, datum).expect("in China");
                // Baidu's own inverse is approximate: half a metre.
                prop_assert!((point.longitude - longitude).abs() < 5e-6, "{:?}", point);
                prop_assert!((point.latitude - latitude).abs() < 5e-6, "{:?}", point);
            }
        }
    }
}
