//! What stands in the clear beside the persons of the same record: a name, a telephone or an identity number of theirs is masked
//! there, whatever field the source put it into.

use huiliu_schemas::content::Person;
use huiliu_schemas::private::Private;
use huiliu_schemas::submission::{FieldProblem, SourceClass, Submission};

use crate::looks::{is_digits, is_division_name, is_person_name, is_unit_name};

/// What is known of the persons of a record that must not stand in the clear.
pub(super) struct Known {
    words: Vec<String>,
    /// Digits alone: people set what they like between them.
    phones: Vec<String>,
}

/// Fewer digits of a telephone stand in many a code.
const FEWEST_DIGITS: usize = 7;

impl Known {
    pub(super) fn of(persons: &[Person]) -> Self {
        let exposed = |of: fn(&Person) -> &Option<Private>| {
            persons.iter().filter_map(move |person| of(person).as_ref()).map(|private| private.expose().trim())
        };
        let names = exposed(|person| &person.name).filter(|name| is_somebody(name));
        let ids = exposed(|person| &person.id_number).filter(|id| id.len() >= FEWEST_DIGITS);
        let phones = exposed(|person| &person.phone).map(digits).filter(|phone| phone.len() >= FEWEST_DIGITS);
        Self { words: names.chain(ids).map(str::to_owned).collect(), phones: phones.collect() }
    }

    /// Masks what of it stands in facts and problems.
    pub(super) fn mask(&self, s: &mut Submission) {
        self.mask_problems(&mut s.problems);
        let facts = &mut s.facts;
        let class = facts.source_class.iter_mut().flat_map(|SourceClass { code, name }| [code, name]).flatten();
        let lists = facts.place_names.iter_mut().chain(&mut facts.evidence).chain(facts.unknown_codes.values_mut());
        facts.suggested_unit.iter_mut().chain(class).chain(lists).for_each(|text| self.hide(text));
    }

    pub(super) fn mask_problems(&self, problems: &mut [FieldProblem]) {
        problems.iter_mut().filter_map(|problem| problem.value.as_mut()).for_each(|text| self.hide(text));
    }

    fn hide(&self, text: &mut String) {
        if self.is_in(text) {
            let masked = Private::new(text.as_str()).masked();
            // A short name at the end of it is what masking leaves.
            *text = if self.is_in(&masked) { "***".to_owned() } else { masked };
        }
    }

    fn is_in(&self, text: &str) -> bool {
        let held = digits(text);
        self.words.iter().any(|word| text.contains(word.as_str()))
            || (held.len() >= FEWEST_DIGITS && self.phones.iter().any(|phone| held.contains(phone.as_str())))
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Offices and firms speak too, and their names are what a case is sent by; so may do what some write for "nobody in particular".
fn is_somebody(name: &str) -> bool {
    const ANYBODY: [&str; 32] = [
        "市民",
        "群众",
        "居民",
        "村民",
        "业主",
        "网友",
        "职工",
        "家长",
        "邻居",
        "商家",
        "商户",
        "物业",
        "开发商",
        "学校",
        "幼儿园",
        "小学",
        "中学",
        "大学",
        "医院",
        "银行",
        "超市",
        "市场",
        "商场",
        "酒店",
        "社区",
        "街道",
        "小区",
        "工地",
        "单位",
        "企业",
        "部门",
        "政府",
    ];
    let length = name.chars().count();
    let is_person = is_person_name(name);
    let is_office = is_division_name(name) || (is_unit_name(name) && !is_person);
    (2..=20).contains(&length) && !is_digits(name) && !is_office && !ANYBODY.iter().any(|word| name.ends_with(word))
}
