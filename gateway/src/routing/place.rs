//! Where a matter is: the code if it is one of ours, else names, else the address. What contradicts itself
//! is unknown; what names another county is outside.

use huiliu_schemas::places::DivisionCode;

use super::facts::RoutingFacts;
use crate::directory::Directory;
use crate::directory::divisions::Place;

/// How surely the place is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlaceFrom {
    Code,
    Names,
    Address,
}

/// What is known of the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Where {
    Known(DivisionCode, PlaceFrom),
    Unknown,
    Outside(String),
}

impl Where {
    pub fn code(&self) -> Option<&DivisionCode> {
        match self {
            Self::Known(code, _) => Some(code),
            _ => None,
        }
    }
}

pub(super) fn resolve(facts: &RoutingFacts, directory: &Directory) -> Where {
    if let Some(code) = &facts.division {
        if let Some(known) = directory.divisions.nearest(code) {
            return from_code(&known.code, facts, directory);
        }
        if !directory.divisions.counties().any(|c| code.contains(&c.code)) {
            return Where::Outside(code.to_string());
        }
    }
    by_words(facts, directory)
}

/// A county's code says less than names may.
fn from_code(code: &DivisionCode, facts: &RoutingFacts, directory: &Directory) -> Where {
    if code.as_str().len() == 6
        && let Where::Known(finer, from) = by_words(facts, directory)
        && code.contains(&finer)
        && finer != *code
    {
        return Where::Known(finer, from);
    }
    Where::Known(code.clone(), PlaceFrom::Code)
}

fn by_words(facts: &RoutingFacts, directory: &Directory) -> Where {
    if let Some(other) = facts.place_names.iter().find(|n| is_elsewhere(n, directory)) {
        return Where::Outside(other.clone());
    }
    let address = facts.address.as_ref().map_or("", |a| a.expose());
    let by_name = directory.divisions.find_path(&facts.place_names);
    if let Place::Found(code) = &by_name
        && code.as_str().len() > 6
    {
        return Where::Known(code.clone(), PlaceFrom::Names);
    }
    if by_name == Place::Unsure {
        return Where::Unknown;
    }
    if let Some(other) = county_in_address(address).filter(|c| is_elsewhere(c, directory)) {
        return Where::Outside(other);
    }
    match (directory.divisions.find_in_text(address), by_name) {
        (Place::Found(code), Place::Found(county)) if !county.contains(&code) => Where::Unknown,
        (Place::Found(code), _) => Where::Known(code, PlaceFrom::Address),
        (_, Place::Found(county)) => Where::Known(county, PlaceFrom::Names),
        _ => Where::Unknown,
    }
}

/// Endings that make a 区 or 市 something else than a county or city.
const NO_COUNTY: [&str; 18] = [
    "小区",
    "社区",
    "园区",
    "景区",
    "校区",
    "厂区",
    "院区",
    "街区",
    "新区",
    "开发区",
    "高新区",
    "保税区",
    "功能区",
    "片区",
    "服务区",
    "超市",
    "菜市",
    "门市",
];

/// Whether a name is that of a county or city which is none of ours.
fn is_elsewhere(name: &str, directory: &Directory) -> bool {
    let name = name.trim();
    let long_enough = name.chars().count() >= 3 || name.ends_with('县');
    if !long_enough || !name.ends_with(['区', '县', '市']) || NO_COUNTY.iter().any(|e| name.ends_with(e)) {
        return false;
    }
    let ours = |county: &str| county.contains(name) || name.ends_with(county);
    let of_ours = directory.divisions.counties().any(|c| ours(&c.name));
    !of_ours && directory.divisions.find(name) == Place::Unknown && !names_ours_within(name, directory)
}

/// 浙江省宁波市江北区 holds the name of ours whole.
fn names_ours_within(name: &str, directory: &Directory) -> bool {
    directory.divisions.find_in_text(name) != Place::Unknown
}

/// The county with which an address begins, if it is written after a province or city: 宁波市海曙区…
fn county_in_address(address: &str) -> Option<String> {
    let after_province = address.split_once('省').filter(|(p, _)| p.chars().count() <= 3).map_or(address, |(_, r)| r);
    let (city, rest) = after_province.split_once('市').filter(|(c, _)| (2..=4).contains(&c.chars().count()))?;
    let end = rest.char_indices().take(5).find(|(_, c)| matches!(c, '区' | '县' | '市'));
    match end {
        Some((at, c)) if at > 0 => Some(rest[..at + c.len_utf8()].to_owned()),
        _ => Some(format!("{city}市")),
    }
}
