//! What must hold for every case and every list, not only for the examples.

use std::sync::LazyLock;

use huiliu_schemas::decision::{Decision, Verdict};
use huiliu_schemas::places::{DivisionCode, MatterCode};
use huiliu_schemas::private::Private;
use huiliu_schemas::submission::Flags;
use huiliu_schemas::vocabulary::{Appeal, Role};
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::directory::conditions::Circumstances;
use crate::directory::departments::Department;
use crate::directory::tests::{changed, shipped, shipped_files};

static DIRECTORY: LazyLock<Directory> = LazyLock::new(shipped);

fn matter_codes() -> Vec<String> {
    DIRECTORY.matters.iter().map(|m| m.code.to_string()).collect()
}

fn division_codes() -> Vec<String> {
    DIRECTORY.divisions.iter().map(|d| d.code.to_string()).collect()
}

fn unit_names() -> Vec<String> {
    DIRECTORY.departments.iter().flat_map(|d| std::iter::once(&d.name).chain(&d.aliases)).cloned().collect()
}

fn cases() -> impl Strategy<Value = RoutingFacts> {
    let words = ["贪污", "不作为", "请", "书记", "的", "，", "受贿", "向", "反映"].map(str::to_owned).to_vec();
    let text = prop::collection::vec(prop_oneof![select(words), select(unit_names())], 0..6);
    let known = (
        prop::option::of(select(Appeal::ALL.to_vec())),
        prop::option::of(select(matter_codes())),
        prop::option::of(select(division_codes())),
        prop::option::of(0u32..12),
    );
    (known, text, prop::option::of(select(unit_names())), any::<bool>()).prop_map(
        |((appeal, matter, division, persons), text, accused, joint)| RoutingFacts {
            circumstances: Circumstances {
                appeal,
                persons,
                flags: Flags { joint, ..Flags::default() },
                ..Circumstances::default()
            },
            matter: matter.map(|m| m.parse().expect("matter")),
            division: division.map(|d| d.parse().expect("division")),
            texts: vec![Private::new(text.concat())],
            accused: accused.into_iter().map(Private::new).collect(),
            ..RoutingFacts::default()
        },
    )
}

/// The decision without what names lines and versions.
fn substance(decision: &Decision) -> Decision {
    let mut plain = decision.clone();
    plain.directory.clear();
    plain.rule.iter_mut().for_each(|r| r.line = 0);
    plain.beaten.iter_mut().for_each(|b| b.rule.line = 0);
    // The reference to the territorial list names a line in words.
    plain.matched.retain(|m| m.what != "territorial");
    plain
}

fn reordered(seed: u64) -> Directory {
    let mut files = shipped_files();
    for (_, text) in &mut files {
        let (head, body) = text.split_once('\n').expect("a header");
        let mut lines: Vec<&str> = body.lines().collect();
        lines.sort_by_key(|line| {
            let mixed = line.bytes().fold(seed | 1, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3));
            mixed.rotate_left(17)
        });
        *text = format!("{head}\n{}\n", lines.join("\n"));
    }
    Directory::parse(&files).expect("parses")
}

const BEFORE: [&str; 3] = ["", "宁波市", "举报"];
const AFTER: [&str; 3] = ["", "干部张某", "的领导"];

/// Told independently of the search for names: whoever the accused field holds by name, and all under it, never gets it.
fn who_gets_what_accuses(mut case: RoutingFacts, unit: &str, before: &str, after: &str) -> Result<(), String> {
    case.accused = vec![Private::new(format!("{before}{unit}{after}"))];
    let decision = decide(&case, &DIRECTORY);
    let Verdict::Dispatch { assignees } = &decision.verdict else { return Ok(()) };
    let is_named = |d: &&Department| d.name == unit || d.aliases.iter().any(|alias| alias == unit);
    for accused in DIRECTORY.departments.iter().filter(is_named) {
        let heir = DIRECTORY.departments.in_office(&accused.id).map_or(&accused.id, |d| &d.id);
        for assignee in assignees {
            let mut at = Some(assignee.department.clone());
            while let Some(id) = at {
                if id == accused.id || id == *heir {
                    return Err(format!("{} gets what accuses {before}{unit}{after}", assignee.department));
                }
                at = DIRECTORY.department(&id).and_then(|d| d.superior.clone());
            }
        }
    }
    match decision.accusation {
        true => Ok(()),
        false => Err(format!("{before}{unit}{after} is not taken for an accusation")),
    }
}

/// Each of them, beside a text that names another: chance finds the one name in hundreds too seldom.
#[test]
fn every_name_in_the_field_is_kept_from_whose_it_is() {
    let told = |unit: &str, before, after| {
        let circumstances = Circumstances { appeal: Some(Appeal::Accusation), ..Circumstances::default() };
        let texts = vec![Private::new("区教育局贪污受贿".to_owned())];
        let case = RoutingFacts { circumstances, texts, ..RoutingFacts::default() };
        who_gets_what_accuses(case, unit, before, after)
    };
    let names = unit_names();
    let each = names.iter().flat_map(|unit| BEFORE.map(|before| AFTER.map(|after| told(unit, before, after))));
    let wrong: Vec<String> = each.flatten().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn exactly_one_leads_and_nobody_stands_twice(case in cases()) {
        let decision = decide(&case, &DIRECTORY);
        match &decision.verdict {
            Verdict::Dispatch { assignees } => {
                prop_assert_eq!(assignees.iter().filter(|a| a.role == Role::Lead).count(), 1);
                prop_assert_eq!(assignees[0].role, Role::Lead);
                let mut names: Vec<_> = assignees.iter().map(|a| &a.department).collect();
                names.sort();
                names.dedup();
                prop_assert_eq!(names.len(), assignees.len());
                prop_assert!(assignees.iter().all(|a| DIRECTORY.department(&a.department).is_some_and(|d| d.active)));
                prop_assert!(decision.rule.is_some());
            }
            Verdict::Triage { reasons, .. } => prop_assert!(!reasons.is_empty()),
        }
    }

    #[test]
    fn nobody_excluded_gets_it(case in cases()) {
        let decision = decide(&case, &DIRECTORY);
        let named: Vec<_> = match &decision.verdict {
            Verdict::Dispatch { assignees } => assignees.iter().map(|a| &a.department).collect(),
            Verdict::Triage { candidates, .. } => candidates.iter().collect(),
        };
        for department in named {
            prop_assert!(decision.excluded.iter().all(|e| e.department != *department), "{}", department);
        }
    }

    #[test]
    fn the_accusation_never_reaches_the_accused_or_anyone_under_it(
        mut case in cases(), appeal in select(vec![Appeal::Accusation, Appeal::Complaint, Appeal::Report]), unit in select(unit_names()),
        before in select(BEFORE.to_vec()), after in select(AFTER.to_vec()),
    ) {
        case.circumstances.appeal = Some(appeal);
        let got = who_gets_what_accuses(case, &unit, before, after);
        prop_assert!(got.is_ok(), "{}", got.unwrap_err());
    }

    #[test]
    fn a_township_never_gets_what_is_not_on_its_list(case in cases()) {
        let decision = decide(&case, &DIRECTORY);
        let Verdict::Dispatch { assignees } = &decision.verdict else { return Ok(()) };
        for department in assignees.iter().filter_map(|a| DIRECTORY.department(&a.department)) {
            if department.kind.is_township() {
                let (division, matter) = (department.division.as_ref(), decision.matter.as_ref());
                let listed = DIRECTORY.territorial.allows(division.expect("division"), matter.expect("matter"));
                prop_assert!(listed.is_some());
            }
        }
    }

    #[test]
    fn the_same_facts_and_version_give_the_same_bytes(case in cases()) {
        let again = shipped();
        prop_assert_eq!(again.version(), DIRECTORY.version());
        let bytes = |d: &Directory| serde_json::to_vec(&decide(&case, d)).expect("json");
        prop_assert_eq!(bytes(&DIRECTORY), bytes(&again));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_order_of_lines_never_matters(seed in any::<u64>(), some in prop::collection::vec(cases(), 40)) {
        let turned = reordered(seed);
        for case in some {
            prop_assert_eq!(substance(&decide(&case, &turned)), substance(&decide(&case, &DIRECTORY)));
        }
    }

    #[test]
    fn a_more_specific_line_changes_only_what_it_covers(
        matter in select(matter_codes()), division in select(division_codes()), some in prop::collection::vec(cases(), 60),
    ) {
        let line = format!("{matter},{division},appeal=praise;flag!=grave;flag!=backlog,jb-statistics,,,,\n");
        let added = changed("responsibilities.csv", |text| format!("{text}{line}"));
        let added = Directory::parse(&added).expect("parses");
        // A line for a part of the place would need to know which part.
        let place: DivisionCode = division.parse().expect("division");
        let code: MatterCode = matter.parse().expect("matter");
        let parted = DIRECTORY.responsibilities.covering(&code).any(|e| e.division.as_ref().is_some_and(|d| *d != place && place.contains(d)));
        for mut case in some {
            // What is judged by text may be of any class.
            let by_text = case.matter.is_none()
                && decide(&case, &DIRECTORY).matched.iter().any(|m| m.what.starts_with("matter"));
            let covered = (by_text || case.matter.as_ref().is_some_and(|m| m.as_str().starts_with(&matter)))
                && case.circumstances.appeal == Some(Appeal::Praise)
                && case.division.as_ref().is_none_or(|d| d.as_str().starts_with(&division) || division.starts_with(d.as_str()));
            if !covered {
                prop_assert_eq!(substance(&decide(&case, &added)), substance(&decide(&case, &DIRECTORY)));
            }
            case.circumstances.appeal = Some(Appeal::Praise);
            case.texts.clear();
            case.matter = Some(code.clone());
            case.division = Some(place.clone());
            let now = decide(&case, &added);
            prop_assert!(parted || now.lead().is_some_and(|d| d.as_str() == "jb-statistics"));
        }
    }
}
