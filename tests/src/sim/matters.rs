//! The citizens' matters both simulated systems speak of, in no system's vocabulary.
//!
//! A matter follows from its seed and number alone. Every text is our own, every person is made
//! up so that anyone can see it; nothing here may be taken from a real appeal.

mod people;
mod places;
mod templates;

pub use people::{Person, id_number_is_valid};
pub use places::Place;

use rand::RngExt;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use super::dice::{chance, dice, pick};
use templates::{TEMPLATES, Template};

/// One matter as the citizen has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Matter {
    /// Short form of the matter.
    pub title: String,
    /// What the citizen said.
    pub text: String,
    /// What the citizen wants.
    pub demand: String,
    /// Street, number and building.
    pub address: String,
    /// Name of a company concerned.
    pub company: Option<String>,
    /// Who speaks: the first is the spokesman; several make it a joint matter.
    pub people: Vec<Person>,
    /// What the hub ought to find out by itself.
    pub truth: Truth,
}

/// What is so about a matter, whatever the record says; for tests to compare with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Truth {
    /// Number of the matter in its source's sequence.
    pub n: u64,
    /// Identifier of the appeal (`complaint`, `accusation`, …).
    pub appeal: String,
    /// Six-digit code of the content classification.
    pub matter_code: String,
    /// Name the source gives the class.
    pub question: String,
    /// Where.
    pub place: Place,
    /// Where, longitude and latitude in WGS-84.
    pub wgs84: (f64, f64),
    /// The unit accused, if the matter accuses one.
    pub accused: Option<String>,
    /// The citizen gave no name.
    pub anonymous: bool,
    /// The citizen asked not to be named.
    pub confidential: bool,
    /// Five or more people.
    pub joint: bool,
    /// Contains a threat.
    pub threat: bool,
    /// Danger to people, or wages.
    pub urgent: bool,
    /// For an urge or a repeated filing: the earlier record's id.
    pub follows: Option<String>,
}

impl Matter {
    /// Matter `n` of the source with this seed.
    pub fn generate(seed: u64, n: u64) -> Self {
        let mut rng = dice(seed, "matter", n);
        let template = pick(&mut rng, TEMPLATES);
        let place = places::choose(&mut rng);
        let people = people(&mut rng, template);
        let fill = Fill::new(&mut rng, &place, &people);
        let accused = template.accused.map(|unit| fill.apply(unit));
        let anonymous = !template.joint && chance(&mut rng, 0.06);
        let confidential = anonymous || chance(&mut rng, if accused.is_some() { 0.5 } else { 0.06 });
        let mut text = fill.apply(template.text);
        if people.len() > 1 {
            text.push_str(&format!("以上为{}等{}人联名反映。", people[0].name, people.len()));
        } else if !anonymous && chance(&mut rng, 0.3) {
            text.push_str(&format!("联系人{}，电话{}。", people[0].name, people[0].phone));
        }
        Self {
            title: fill.apply(template.title),
            text,
            demand: fill.apply(template.demand),
            address: fill.apply("{township}{village}{road}{no}号"),
            company: template.text.contains("{company}").then(|| fill.apply("{company}")),
            truth: Truth {
                n,
                appeal: template.appeal.into(),
                matter_code: template.code.into(),
                question: template.question.into(),
                wgs84: places::point(&mut rng, &place),
                place,
                accused,
                anonymous,
                confidential,
                joint: people.len() >= 5,
                threat: template.threat,
                urgent: template.urgent,
                follows: None,
            },
            people,
        }
    }
}

fn people(rng: &mut StdRng, template: &Template) -> Vec<Person> {
    let count = if template.joint { rng.random_range(5..=12) } else { 1 };
    (0..count).map(|_| Person::generate(rng)).collect()
}

/// The words that go into a template's braces.
struct Fill(Vec<(&'static str, String)>);

impl Fill {
    fn new(rng: &mut StdRng, place: &Place, people: &[Person]) -> Self {
        let mut amount = || (rng.random_range(2..80) * 500).to_string();
        let (amount, deposit) = (amount(), amount());
        Self(vec![
            ("{township}", place.township.clone()),
            ("{committee}", place.committee()),
            ("{village}", place.village.clone()),
            ("{road}", (*pick(rng, templates::ROADS)).into()),
            ("{estate}", (*pick(rng, templates::ESTATES)).into()),
            ("{company}", (*pick(rng, templates::COMPANIES)).into()),
            ("{school}", (*pick(rng, templates::SCHOOLS)).into()),
            ("{no}", rng.random_range(1..400).to_string()),
            ("{building}", rng.random_range(1..40).to_string()),
            ("{days}", rng.random_range(3..60).to_string()),
            ("{workers}", people.len().max(rng.random_range(2..30)).to_string()),
            ("{amount}", amount),
            ("{deposit}", deposit),
            ("{someone}", format!("{}某", pick(rng, people::SURNAMES))),
        ])
    }

    fn apply(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_same_seed_and_number_give_the_same_matter() {
        assert_eq!(Matter::generate(7, 42), Matter::generate(7, 42));
        assert_ne!(Matter::generate(7, 42), Matter::generate(8, 42));
        assert_ne!(Matter::generate(7, 42), Matter::generate(7, 43));
    }

    #[test]
    fn a_thousand_matters_cover_the_classes_appeals_and_townships() {
        let all: Vec<_> = (0..1_000).map(|n| Matter::generate(1, n).truth).collect();
        let first_level: BTreeSet<_> = all.iter().map(|t| t.matter_code[..2].to_owned()).collect();
        let appeals: BTreeSet<_> = all.iter().map(|t| t.appeal.clone()).collect();
        let townships: BTreeSet<_> = all.iter().map(|t| t.place.township_code.clone()).collect();
        assert_eq!(first_level.len(), 15, "{first_level:?}");
        assert_eq!(appeals.len(), 10, "{appeals:?}");
        assert_eq!(townships.len(), 8, "{townships:?}");
        assert!(all.iter().any(|t| t.joint) && all.iter().any(|t| t.threat));
        assert!(all.iter().any(|t| t.anonymous) && all.iter().any(|t| t.urgent));
    }

    #[test]
    fn only_accusations_name_an_accused() {
        for n in 0..500 {
            let truth = Matter::generate(3, n).truth;
            assert_eq!(truth.appeal == "accusation", truth.accused.is_some(), "{truth:?}");
        }
    }

    #[test]
    fn no_brace_is_left_unfilled() {
        for n in 0..1_000 {
            let matter = Matter::generate(5, n);
            let all = format!("{}{}{}{}", matter.title, matter.text, matter.demand, matter.address);
            assert!(!all.contains(['{', '}']), "{all}");
        }
    }
}
