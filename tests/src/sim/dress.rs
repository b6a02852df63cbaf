//! How a record looks when it leaves its system: dates, absent words, half-filled forms, points.
//!
//! Pure: the same record under the same seed always leaves in the same form. Must never change
//! what a record says, only how it says it.

use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Map, Value};

use super::book::Item;
use super::clock;
use super::dice::{chance, dice};
use super::quirks::Quirks;
use super::system::System;

/// The record of `item` as the system sends it.
pub(crate) fn dress(system: System, item: &Item, quirks: &Quirks, seed: u64) -> Value {
    let mut rng = dice(seed, &format!("dress {}", item.id), u64::from(item.revision));
    let mut body = item.body.clone();
    if let Some(points) = body.get_mut("addressPoints") {
        let (lng, lat) = if quirks.gcj02 { gcj02(item.truth.wgs84) } else { item.truth.wgs84 };
        *points = format!("{lng:.6},{lat:.6}").into();
    }
    if body.get("longitude").is_some() {
        let (lng, lat) = if quirks.gcj02 { gcj02(item.truth.wgs84) } else { item.truth.wgs84 };
        body["longitude"] = micro(lng).into();
        body["latitude"] = micro(lat).into();
    }
    let mut dresser = Dresser { system, quirks, withheld: item.withheld, rng: &mut rng };
    dresser.value(&mut body);
    if chance(&mut rng, quirks.flat_rate) { flat(body) } else { body }
}

/// A petition with its fields listed plainly. Several persons, and steps, stay in their lists; records of other systems are flat.
fn flat(body: Value) -> Value {
    let Value::Object(map) = body else { return body };
    let mut out = Map::new();
    for (key, value) in map {
        match (key.as_str(), value) {
            ("xfj" | "pj", Value::Object(inner)) => out.extend(inner),
            ("xfr", Value::Array(mut persons)) if persons.len() == 1 => {
                out.extend(persons.remove(0).as_object_mut().map(std::mem::take).unwrap_or_default());
            }
            (_, value) => drop(out.insert(key, value)),
        }
    }
    Value::Object(out)
}

/// Six decimals.
fn micro(degrees: f64) -> f64 {
    (degrees * 1e6).round() / 1e6
}

struct Dresser<'a> {
    system: System,
    quirks: &'a Quirks,
    withheld: bool,
    rng: &'a mut StdRng,
}

impl Dresser<'_> {
    fn value(&mut self, value: &mut Value) {
        match value {
            Value::Object(map) => self.object(map),
            Value::Array(list) => list.iter_mut().for_each(|item| self.value(item)),
            _ => {}
        }
    }

    fn object(&mut self, map: &mut Map<String, Value>) {
        let keys: Vec<String> = map.keys().cloned().collect();
        for key in keys {
            let hidden = self.withheld && self.system.withheld_keys().contains(&key.as_str());
            match &mut map[&key] {
                value if hidden || value.is_null() => match self.absent() {
                    Some(word) => *value = word,
                    None => drop(map.remove(&key)),
                },
                Value::String(text) if self.system.date_keys().contains(&key.as_str()) => {
                    if let Some(other) = self.other_date(text) {
                        map[&key] = other;
                    }
                }
                value => self.value(value),
            }
        }
    }

    /// What stands for an absent field; nothing means the field is left out.
    fn absent(&mut self) -> Option<Value> {
        if !chance(self.rng, self.quirks.absent_word_rate) {
            return Some("".into());
        }
        match self.rng.random_range(0..5) {
            0 => Some("无".into()),
            1 => Some("null".into()),
            2 => Some("0".into()),
            3 => Some(Value::Null),
            _ => None,
        }
    }

    fn other_date(&mut self, text: &str) -> Option<Value> {
        if !chance(self.rng, self.quirks.mixed_date_rate) {
            return None;
        }
        let at = clock::parse(text)?;
        Some(match self.rng.random_range(0..5) {
            0 => at.into(),
            1 => at.to_string().into(),
            2 => clock::slashed(at).into(),
            3 => clock::dashed(at).into(),
            _ => clock::format(at, "%Y-%m-%dT%H:%M:%S").into(),
        })
    }
}

/// WGS-84 longitude and latitude shifted to GCJ-02, by the published approximation.
pub fn gcj02((lng, lat): (f64, f64)) -> (f64, f64) {
    use std::f64::consts::PI;
    const AXIS: f64 = 6_378_245.0;
    const ECCENTRICITY: f64 = 0.006_693_421_622_965_943;
    let (x, y) = (lng - 105.0, lat - 35.0);
    let wave = |v: f64, a: f64, b: f64| (a * (v * PI).sin() + b * (v / 3.0 * PI).sin()) * 2.0 / 3.0;
    let common = (20.0 * (6.0 * x * PI).sin() + 20.0 * (2.0 * x * PI).sin()) * 2.0 / 3.0;
    let d_lat = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + common
        + wave(y, 20.0, 40.0)
        + (160.0 * (y / 12.0 * PI).sin() + 320.0 * (y * PI / 30.0).sin()) * 2.0 / 3.0;
    let d_lng = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + common
        + wave(x, 20.0, 40.0)
        + (150.0 * (x / 12.0 * PI).sin() + 300.0 * (x / 30.0 * PI).sin()) * 2.0 / 3.0;
    let radians = lat.to_radians();
    let magic = 1.0 - ECCENTRICITY * radians.sin().powi(2);
    let meridian = AXIS * (1.0 - ECCENTRICITY) / (magic * magic.sqrt());
    let parallel = AXIS / magic.sqrt() * radians.cos();
    (lng + (d_lng / parallel).to_degrees(), lat + (d_lat / meridian).to_degrees())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_flat_petition_says_what_the_wrapped_one_does() {
        let body = json!({"xfj": {"xfjbh": "1", "bt": "a"}, "xfr": [{"xm": "b"}], "blfss": [{"blfsid": "c"}], "pj": {"pjsj": "d"}});
        let plain = json!({"xfjbh": "1", "bt": "a", "xm": "b", "blfss": [{"blfsid": "c"}], "pjsj": "d"});
        assert_eq!(flat(body), plain);
        let several = json!({"xfr": [{"xm": "b"}, {"xm": "c"}]});
        assert_eq!(flat(several.clone()), several);
        assert_eq!(flat(json!({"orderId": "1"})), json!({"orderId": "1"}));
    }

    #[test]
    fn the_shift_is_some_hundred_metres() {
        // Tiananmen, WGS-84 to GCJ-02 as commonly published.
        let (lng, lat) = gcj02((116.391_27, 39.907_22));
        assert!((lng - 116.397_51).abs() < 2e-5, "{lng}");
        assert!((lat - 39.908_62).abs() < 2e-5, "{lat}");
    }
}
