//! The forms in which people write a division's name: whole, with another suffix (村 for 社区), and bare.

use huiliu_schemas::places::DivisionCode;

use super::china;

/// How much a written name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Form {
    /// The name with its own suffix.
    Full,
    /// Its stem with the suffix of a sibling kind: 天合村 for 天合社区, 庄桥镇 for 庄桥街道.
    Kin,
    /// Its stem alone.
    Bare,
}

const TOWNSHIP: [&str; 5] = ["街道办事处", "街道", "镇", "乡", "苏木"];
const COMMUNITY: [&str; 3] = ["社区居民委员会", "社区居委会", "社区"];
const RESIDENTS: [&str; 2] = ["居民委员会", "居委会"];
const VILLAGERS: [&str; 3] = ["村民委员会", "村委会", "村"];

/// Whether a nine-digit division is a zone that lies over townships, not a township itself.
pub(crate) fn is_zone(name: &str) -> bool {
    !TOWNSHIP.iter().any(|suffix| name.ends_with(suffix))
}

/// The forms of a county's name: 宁波市江北区 is also 江北区 and 江北.
pub(crate) fn of_county(name: &str, code: &DivisionCode) -> Vec<(String, Form)> {
    let own = without_above(name, code);
    let mut forms = vec![(name.to_owned(), Form::Full), (own.to_owned(), Form::Full)];
    if let Some(bare) = own.strip_suffix(['区', '县', '市', '旗']) {
        forms.push((bare.to_owned(), Form::Bare));
    }
    forms
}

/// The forms of a township's or zone's name.
pub(crate) fn of_township(name: &str, code: &DivisionCode, county: &str) -> Vec<(String, Form)> {
    if is_zone(name) {
        return of_zone(name, code, county);
    }
    let mut forms = vec![(name.to_owned(), Form::Full)];
    let Some(stem) = stem_of_township(name) else { return forms };
    let siblings = ["街道", "镇", "乡"].iter().filter(|suffix| !name.ends_with(*suffix));
    forms.extend(siblings.map(|suffix| (format!("{stem}{suffix}"), Form::Kin)));
    if name.ends_with("街道") {
        forms.extend(["街办", "办事处"].iter().map(|suffix| (format!("{stem}{suffix}"), Form::Kin)));
    }
    forms.push((stem.to_owned(), Form::Bare));
    forms
}

/// 庄桥 of 庄桥街道, if it is long enough to stand for it.
pub(crate) fn stem_of_township(name: &str) -> Option<&str> {
    let stem = TOWNSHIP.iter().find_map(|suffix| name.strip_suffix(suffix))?;
    (stem.chars().count() >= 2 && !stem.ends_with('族')).then_some(stem)
}

/// 江阴高新技术产业开发区 is also 江阴高新区; without the county's name it is a word that others use too.
fn of_zone(name: &str, code: &DivisionCode, county: &str) -> Vec<(String, Form)> {
    const SHORTER: [(&str, &[&str]); 4] = [
        ("高新技术产业开发区", &["高新技术开发区", "高新开发区", "高新区"]),
        ("经济技术开发区", &["经济开发区", "经开区", "开发区"]),
        ("经济开发区", &["经开区", "开发区"]),
        ("工业园区", &["工业园"]),
    ];
    let below = without_above(name, code);
    let own = below.strip_prefix(county).filter(|rest| !rest.is_empty()).unwrap_or(below);
    let mut names = vec![name.to_owned(), below.to_owned(), own.to_owned(), format!("{county}{own}")];
    for (long, shorts) in SHORTER {
        if let Some(stem) = own.strip_suffix(long) {
            for short in shorts {
                names.push(format!("{stem}{short}"));
                names.push(format!("{county}{stem}{short}"));
            }
            break;
        }
    }
    let says_which = |n: &str| n.contains(county) || !SHORTER.iter().any(|(l, s)| n == *l || s.contains(&n));
    names
        .into_iter()
        .map(|n| {
            let form = if says_which(&n) { Form::Full } else { Form::Bare };
            (n, form)
        })
        .collect()
}

/// The forms of a village's or community's name.
pub(crate) fn of_village(name: &str) -> Vec<(String, Form)> {
    let mut forms = vec![(name.to_owned(), Form::Full)];
    if let Some(stem) = COMMUNITY.iter().chain(&RESIDENTS).find_map(|s| name.strip_suffix(s)) {
        forms.extend(["社区", "居委会", "居民委员会", "居委"].iter().map(|s| (format!("{stem}{s}"), Form::Full)));
        forms.push((format!("{stem}村"), Form::Kin));
        push_bare(&mut forms, stem);
    } else if let Some(stem) = VILLAGERS.iter().find_map(|s| name.strip_suffix(s)).filter(|s| !s.is_empty()) {
        // 坳村村民委员会 may be of 坳村 or of 坳村村; 花果村村委会 is of 花果村.
        let short = stem.strip_suffix('村').filter(|s| !s.is_empty());
        forms.extend(short.map(|s| (format!("{s}村"), Form::Full)));
        forms.push((format!("{stem}村"), Form::Full));
        let stem = short.unwrap_or(stem);
        forms.extend(["社区", "居委会"].iter().map(|s| (format!("{stem}{s}"), Form::Kin)));
        push_bare(&mut forms, stem);
    } else {
        push_bare(&mut forms, name);
    }
    let numbered: Vec<_> = forms.iter().filter_map(|(n, f)| Some((in_digits(n)?, *f))).collect();
    forms.extend(numbered);
    forms
}

fn push_bare(forms: &mut Vec<(String, Form)>, stem: &str) {
    if stem.chars().count() >= 2 {
        forms.push((stem.to_owned(), Form::Bare));
    }
}

/// 华西十一村 is also written 华西11村.
fn in_digits(name: &str) -> Option<String> {
    let chars: Vec<char> = name.chars().collect();
    let village = chars.iter().rposition(|c| *c == '村')?;
    let digit = |c: char| "一二三四五六七八九".chars().position(|d| d == c).map(|at| at + 1);
    let start = chars[..village].iter().rposition(|c| *c != '十' && digit(*c).is_none()).map_or(0, |at| at + 1);
    let number = match chars[start..village] {
        ['十'] => 10,
        [one] => digit(one)?,
        ['十', ones] => 10 + digit(ones)?,
        [tens, '十'] => digit(tens)? * 10,
        [tens, '十', ones] => digit(tens)? * 10 + digit(ones)?,
        _ => return None,
    };
    let (before, after): (String, String) = (chars[..start].iter().collect(), chars[village..].iter().collect());
    (start > 0).then(|| format!("{before}{number}{after}"))
}

/// A name without those of the province and city it lies in: 宁波市江北区 → 江北区.
fn without_above<'a>(name: &'a str, code: &DivisionCode) -> &'a str {
    let chars: Vec<char> = name.chars().collect();
    let mut from = 0;
    while let Some((len, known)) = china::at(&chars, from).next() {
        let above = known.iter().any(|k| k.code.as_str().len() < 6 && k.code.contains(code));
        if !above || from + len >= chars.len() {
            break;
        }
        from += len;
    }
    let at = name.char_indices().nth(from).map_or(0, |(at, _)| at);
    &name[at..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(forms: Vec<(String, Form)>) -> Vec<String> {
        let mut told: Vec<_> = forms.into_iter().map(|(n, f)| format!("{n}/{f:?}")).collect();
        told.sort();
        told.dedup();
        told
    }

    #[test]
    fn every_way_of_writing_is_known() {
        let has = |forms: Vec<(String, Form)>, wanted: &[&str]| {
            let told = told(forms);
            wanted.iter().for_each(|w| assert!(told.contains(&(*w).to_owned()), "{w} not in {told:?}"));
        };
        let code = |c: &str| c.parse::<DivisionCode>().expect("code");
        has(of_county("宁波市江北区", &code("330205")), &["江北区/Full", "江北/Bare", "宁波市江北区/Full"]);
        assert_eq!(told(of_county("达州市渠县", &code("511725"))), ["渠/Bare", "渠县/Full", "达州市渠县/Full"]);
        has(of_township("庄桥街道", &code("330205006"), "江北"), &["庄桥街道/Full", "庄桥镇/Kin", "庄桥/Bare"]);
        has(
            of_township("江阴高新技术产业开发区", &code("320281400"), "江阴"),
            &["江阴高新区/Full", "高新区/Bare", "江阴高新技术产业开发区/Full"],
        );
        has(
            of_township("江苏江阴靖江工业园区", &code("320281403"), "江阴"),
            &["江阴靖江工业园区/Full", "靖江工业园区/Full", "江阴靖江工业园/Full"],
        );
        has(of_township("临港经济开发区", &code("320281404"), "江阴"), &["临港开发区/Full", "江阴临港经开区/Full"]);
        has(of_village("文定社区居委会"), &["文定社区/Full", "文定居委会/Full", "文定村/Kin", "文定/Bare"]);
        has(of_village("花果村村委会"), &["花果村/Full", "花果社区/Kin", "花果/Bare"]);
        has(of_village("篁村村村委会"), &["篁村村/Full"]);
        has(of_village("坳村村民委员会"), &["坳村/Full", "坳村村/Full"]);
        has(of_village("后垄村民委员会"), &["后垄村/Full", "后垄/Bare"]);
        has(of_village("华西十一村村委会"), &["华西十一村/Full", "华西11村/Full"]);
        has(of_village("裘市居委会"), &["裘市居委会/Full", "裘市社区/Full", "裘市村/Kin"]);
        has(of_village("慈江村"), &["慈江村/Full", "慈江/Bare"]);
    }
}
