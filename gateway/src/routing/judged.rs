//! The four judgements of one case side by side, for whoever wants to see them without a hub: where, what, how bad, who
//! accuses whom; and what routing makes of them. Says nothing that is personal.

use std::fmt::Write as _;

use huiliu_schemas::DepartmentId;
use huiliu_schemas::decision::{Decision, Severity};
use huiliu_schemas::places::{DivisionCode, MatterCode};
use serde::Serialize;

use super::accused::Certainty;
use super::case::Case;
use super::facts::RoutingFacts;
use super::matter::{What, because, explained, percent};
use super::place;
use crate::directory::Directory;
use crate::judgement::accusation::spoken;
use crate::judgement::matter::Explained;
use crate::judgement::place::Where;

/// Pieces shown.
const MOST_PIECES: usize = 10;

/// What was judged of one case.
#[derive(Debug, Clone, Serialize)]
pub struct Judged {
    /// Where.
    pub place: Place,
    /// What.
    pub matter: Matter,
    /// How bad.
    pub severity: Severity,
    /// Who accuses whom.
    pub accusation: Accusation,
    /// What follows.
    pub decision: Decision,
}

/// Where it is.
#[derive(Debug, Clone, Serialize)]
pub struct Place {
    /// `known`, `unsure`, `outside` (another county) or `nothing` (nothing is said).
    pub outcome: &'static str,
    /// The lowest division that is certain.
    pub division: Option<DivisionCode>,
    /// How it is known and what was not certain, in Chinese.
    pub because: Vec<String>,
}

/// What it is.
#[derive(Debug, Clone, Serialize)]
pub struct Matter {
    /// `coded`, `named` (both by the source), `classified` (by the text) or `unknown`.
    pub outcome: &'static str,
    /// The class.
    pub code: Option<MatterCode>,
    /// Its name with those above it.
    pub path: Option<String>,
    /// What the text says of the first-level class, whether or not it decided.
    pub by_text: Option<ByText>,
    /// What else it could be.
    pub possible: Vec<MatterCode>,
}

/// What the judge of the text thinks.
#[derive(Debug, Clone, Serialize)]
pub struct ByText {
    /// The first-level class.
    pub class: Option<MatterCode>,
    /// How probable that is, in per cent.
    pub percent: u8,
    /// Whether that is enough to go by.
    pub certain: bool,
    /// By which words of the lists, and which model, in Chinese.
    pub because: String,
    /// Where a model judged: the pieces of the text that spoke for its class, and those against, strongest first, in Chinese.
    pub pieces: Vec<String>,
}

/// Who accuses whom.
#[derive(Debug, Clone, Serialize)]
pub struct Accusation {
    /// `none`, `conduct` (of a unit, which may not have it), `unsure` and `misdeed` (a person must look), `named` (in the
    /// field for it), `declared` (by the source, or a matter of discipline).
    pub outcome: &'static str,
    /// The units accused.
    pub units: Vec<DepartmentId>,
    /// A village is accused.
    pub village: bool,
    /// Everyone who may not have it.
    pub barred: Vec<DepartmentId>,
    /// How much the text reads as blame of someone in office: above zero more than not.
    pub blame: f32,
    /// The words of the list that spoke, and the pieces of the text that read most as blame or least, in Chinese.
    pub because: Vec<String>,
}

/// Judges a case as routing would, and says all of it.
pub fn judge(facts: &RoutingFacts, directory: &Directory) -> Judged {
    let case = Case::understand(facts, directory);
    Judged {
        place: place_of(&case),
        matter: matter_of(&case),
        severity: case.severity.clone(),
        accusation: accusation_of(&case),
        decision: case.decide(),
    }
}

fn place_of(case: &Case<'_>) -> Place {
    let outcome = match case.place.place {
        Where::Known(..) => "known",
        Where::Unsure => "unsure",
        Where::Outside => "outside",
        Where::Nothing => "nothing",
    };
    let because = place::matched(&case.place, case.directory).into_iter().map(|m| m.because).collect();
    Place { outcome, division: case.place.place.code().cloned(), because }
}

fn matter_of(case: &Case<'_>) -> Matter {
    let (outcome, possible) = match &case.matter {
        What::Coded(_) => ("coded", Vec::new()),
        What::Named(_) => ("named", Vec::new()),
        What::Classified(_) => ("classified", Vec::new()),
        What::Unknown { possible, .. } => ("unknown", possible.clone()),
    };
    let by_text = case.opinion.as_ref().map(|opinion| ByText {
        class: opinion.class.clone(),
        percent: percent(opinion),
        certain: opinion.certain,
        because: because(opinion, case.directory),
        pieces: explained(case.facts, case.directory).map_or_else(Vec::new, |spoke| pieces_of(&spoke)),
    });
    let code = case.matter.code().cloned();
    let path = code.as_ref().map(|code| case.directory.matter_path(code));
    Matter { outcome, code, path, by_text, possible }
}

fn pieces_of(spoke: &Explained) -> Vec<String> {
    let said = |way: &str, pieces: &[(String, f32)]| {
        let each = pieces.iter().map(|(piece, value)| format!("“{piece}”{value:+.2}"));
        format!("{way} {}：{}", spoke.class, each.collect::<Vec<_>>().join(" "))
    };
    vec![said("支持", &spoke.speaks_for), said("反对", &spoke.speaks_against)]
}

fn accusation_of(case: &Case<'_>) -> Accusation {
    let accused = &case.accused;
    let outcome = match accused.certainty {
        Certainty::None => "none",
        Certainty::Conduct => "conduct",
        Certainty::Unsure => "unsure",
        Certainty::Misdeed => "misdeed",
        Certainty::Named => "named",
        Certainty::Declared => "declared",
    };
    let texts: Vec<&str> = case.facts.texts.iter().map(|t| t.expose()).collect();
    let words = accused.because.iter().map(|b| format!("“{}”：{}", b.word.word, b.chinese()));
    let pieces = spoken(&texts, case.directory).into_iter().take(MOST_PIECES);
    let pieces = pieces.map(|(piece, value)| format!("读到“{piece}”：{value:+.2}"));
    Accusation {
        outcome,
        units: accused.units.iter().cloned().collect(),
        village: accused.village,
        barred: accused.barred.keys().cloned().collect(),
        blame: accused.blame,
        because: words.chain(pieces).collect(),
    }
}

impl Judged {
    /// The four judgements in Chinese; the decision is said by [`super::explain()`].
    pub fn chinese(&self, directory: &Directory) -> String {
        let mut said = String::new();
        let place = self.place.division.as_ref().map(|d| directory.division_name(d).unwrap_or(d.as_str()));
        let place = place.unwrap_or(match self.place.outcome {
            "outside" => "不在本区县",
            "nothing" => "未提及",
            _ => "不能确定",
        });
        line(&mut said, "在哪里 where", place, &self.place.because);
        let by_text = self.matter.by_text.iter().map(|t| {
            let class = t.class.as_ref().map_or_else(|| "无".to_owned(), |c| directory.matter_path(c));
            std::iter::once(format!("由文本看：{class}（{}）", t.because)).chain(t.pieces.iter().cloned())
        });
        let path = self.matter.path.as_deref().unwrap_or("不能确定，转人工");
        line(&mut said, "是什么 what", path, &by_text.flatten().collect::<Vec<_>>());
        let colour = self.severity.colour.map_or("无预警", |c| c.chinese());
        let why = self.severity.because.iter().map(|r| format!("{}“{}”：{}", r.kind, r.word.word, r.how));
        let aside = self.severity.set_aside.iter().map(|r| format!("不计：{}“{}”：{}", r.kind, r.word.word, r.how));
        line(&mut said, "多严重 how bad", colour, &why.chain(aside).collect::<Vec<_>>());
        let units = self.accusation.units.iter().map(|u| directory.department_name(u)).collect::<Vec<_>>().join("、");
        let accused = match (self.accusation.outcome, units.as_str()) {
            ("none", _) => "无".to_owned(),
            (_, "") => "有，单位不明".to_owned(),
            (_, units) => units.to_owned(),
        };
        line(&mut said, "反映谁 who is accused", &accused, &self.accusation.because);
        said
    }
}

fn line(said: &mut String, title: &str, what: &str, because: &[String]) {
    // Writing to a String cannot fail.
    let _ = writeln!(said, "{title}：{what}");
    for one in because {
        let _ = writeln!(said, "  - {one}");
    }
}
