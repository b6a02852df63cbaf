//! Where a matter is, as routing needs it: what `judgement::place` judges from the facts, and how it is said in a
//! decision. Nothing personal is said: the address and the point stay behind.

use huiliu_schemas::decision::Matched;

use super::facts::RoutingFacts;
use crate::directory::Directory;
use crate::judgement::place::{By, Clues, Doubt, Judgement, Where, judge};

/// What a decision calls something that was not certain about the place.
pub(super) const DOUBT: &str = "division_doubt";

pub(super) fn resolve(facts: &RoutingFacts, directory: &Directory) -> Judgement {
    let texts: Vec<&str> = facts.texts.iter().map(|t| t.expose()).collect();
    let clues = Clues {
        division: facts.division.as_ref(),
        names: &facts.place_names,
        address: facts.address.as_ref().map_or("", |a| a.expose()),
        point: facts.point,
        texts: &texts,
    };
    judge(&clues, directory)
}

/// What the decision is told of the place: where, how it is known, and what was not certain.
pub(super) fn matched(judged: &Judgement, directory: &Directory) -> Vec<Matched> {
    let place = match &judged.place {
        Where::Known(code, by) => {
            let name = directory.division_name(code).unwrap_or_default();
            Some(Matched {
                what: "division".into(), value: code.to_string(), because: format!("{}：{name}", how(*by))
            })
        }
        Where::Unsure | Where::Outside | Where::Nothing => None,
    };
    place.into_iter().chain(judged.doubts.iter().map(|doubt| matched_doubt(doubt, directory))).collect()
}

fn matched_doubt(doubt: &Doubt, directory: &Directory) -> Matched {
    let codes: Vec<&str> = doubt.candidates.iter().map(|c| c.as_str()).collect();
    Matched { what: DOUBT.into(), value: codes.join("、"), because: doubt.chinese(&directory.divisions) }
}

fn how(by: By) -> &'static str {
    match by {
        By::Code => "来源给出的属地代码",
        By::Grid => "来源给出的网格",
        By::Names => "来源给出的地名",
        By::Address => "由地址中的地名识别",
        By::Alias => "由地址中的别名识别（places.csv）",
        By::ShortName => "由地址中的简称识别",
        By::Point => "由坐标识别",
        By::Text => "地址为空，由正文中的地名识别",
    }
}
