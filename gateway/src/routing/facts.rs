//! What routing is decided from. Personal text stays [`Private`] here and is exposed only by the modules beside
//! this one that look for names in it; nothing of it may enter a decision.

use huiliu_schemas::content::{Content, PersonRole};
use huiliu_schemas::places::{DivisionCode, MatterCode};
use huiliu_schemas::private::Private;
use huiliu_schemas::submission::{Facts, SourceClass, Submission};
use huiliu_schemas::vocabulary::Warning;
use jiff::civil::Date;
use jiff::tz::{TimeZone, offset};

use crate::directory::conditions::Circumstances;

/// All that routing looks at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RoutingFacts {
    /// Appeal, form, counts and flags: what conditions are held against.
    pub circumstances: Circumstances,
    /// The matter, if it is known by code.
    pub matter: Option<MatterCode>,
    /// The class in the source's own words.
    pub source_class: Option<SourceClass>,
    /// The place, if it is known by code.
    pub division: Option<DivisionCode>,
    /// Where the case was routed before: whoever speaks of it again means that place's 街道, wherever they speak of.
    pub routed: Option<DivisionCode>,
    /// The place as words, most general first.
    pub place_names: Vec<String>,
    /// Address as written.
    pub address: Option<Private>,
    /// Longitude and latitude, WGS-84. Where someone stood is personal: never enters a decision.
    pub point: Option<(f64, f64)>,
    /// The title, which says most of what a matter is.
    pub title: Option<Private>,
    /// Title, text, demand, and the words of a step.
    pub texts: Vec<Private>,
    /// Whom it is said against: the accused as written, respondents and where they work.
    pub accused: Vec<Private>,
    /// The unit the source thinks responsible: only ever a candidate for the triage desk.
    pub suggested_unit: Option<String>,
    /// The source's own urgency.
    pub urgency: Option<Warning>,
    /// How often the matter was told before this record.
    pub told: u32,
    /// The day it was registered, Beijing time.
    pub day: Option<Date>,
}

impl RoutingFacts {
    /// Those of one submission.
    pub fn from_submission(submission: &Submission) -> Self {
        Self::of(&submission.facts, &submission.content)
    }

    /// Those that lie in these facts and words.
    pub fn of(facts: &Facts, content: &Content) -> Self {
        let respondents = content.persons.iter().filter(|p| p.role == PersonRole::Respondent);
        let named = respondents.flat_map(|p| [&p.name, &p.workplace]).flatten();
        Self {
            circumstances: Circumstances {
                appeal: facts.appeal,
                form: facts.form,
                persons: facts.persons_count,
                affected: facts.affected_count,
                flags: facts.flags,
            },
            matter: facts.matter.clone(),
            source_class: facts.source_class.clone(),
            division: facts.division.clone(),
            routed: None,
            place_names: facts.place_names.clone(),
            address: content.address.clone(),
            point: facts.point.map(|p| (p.longitude, p.latitude)),
            title: content.title.clone(),
            texts: [&content.title, &content.text, &content.demand, &content.note]
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
            accused: content.accused.iter().chain(named).cloned().collect(),
            suggested_unit: facts.suggested_unit.clone(),
            urgency: facts.urgency,
            told: 0,
            day: facts.registered_at.map(|at| at.to_zoned(beijing()).date()),
        }
    }
}

/// China has one time zone and no summer time.
fn beijing() -> TimeZone {
    TimeZone::fixed(offset(8))
}
