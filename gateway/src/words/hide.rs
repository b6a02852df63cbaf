//! Takes out of a text what tells who somebody is: names, numbers and the homes of persons that are known, in whatever
//! spelling. Whom the hub does not know it cannot find.

use std::ops::Range;

use huiliu_schemas::content::{Content, Person};
use huiliu_schemas::private::Private;

use super::contact::Contact;
use super::fold::{half_width, pieces};

/// Stands for what was taken out.
pub const HIDDEN: &str = "〔隐去〕";

/// What only sets off the parts of a name, a number or an address.
const JOINTS: [char; 5] = ['-', '.', '·', '(', ')'];
/// Written where a name should stand, and nobody's.
const NOBODY: [&str; 20] = [
    "匿名",
    "保密",
    "不详",
    "未知",
    "无名",
    "市民",
    "群众",
    "网友",
    "居民",
    "村民",
    "业主",
    "本人",
    "先生",
    "女士",
    "小姐",
    "来电人",
    "反映人",
    "举报人",
    "投诉人",
    "当事人",
];
/// How a record speaks of whoever called.
const TITLES: [&str; 3] = ["先生", "女士", "小姐"];
const LONG_SURNAMES: [&str; 10] = ["欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐"];
/// An address begins anew behind each of these: who writes it down may leave out what is above.
const ADMINISTRATIVE: [char; 9] = ['省', '市', '区', '县', '镇', '乡', '道', '村', '州'];
/// Fewer characters of an address are no home.
const SHORTEST_HOME: usize = 5;
const SHORTEST_NUMBER: usize = 7;
/// A number as long as this is nobody else's, whatever stands beside it.
const LONG_NUMBER: usize = 11;

/// Who is not to be known.
#[derive(Default)]
pub struct Hidden {
    spellings: Vec<Vec<char>>,
}

/// A character of a text as it is compared, and where it stands.
struct Glyph {
    folded: char,
    start: usize,
    end: usize,
}

impl Hidden {
    /// These persons; `known` are the others of the matter, whose surname with a title does not tell of them.
    pub fn of<'p>(persons: impl IntoIterator<Item = &'p Person>, known: &[&Person]) -> Self {
        let known: Vec<&str> = known.iter().filter_map(|p| p.name.as_ref()).map(Private::expose).collect();
        let spellings = persons.into_iter().flat_map(|person| spellings(person, &known));
        let mut spellings: Vec<Vec<char>> =
            spellings.map(|spelling| compared(&spelling)).filter(|s| !s.is_empty()).collect();
        spellings.sort_unstable();
        spellings.dedup();
        Self { spellings }
    }

    /// The words without them. Persons stay as they are.
    pub fn out_of(&self, content: &Content) -> Content {
        let cleared = |text: &Option<Private>| text.as_ref().map(|text| Private::new(self.out_of_text(text.expose())));
        Content {
            title: cleared(&content.title),
            text: cleared(&content.text),
            demand: cleared(&content.demand),
            address: cleared(&content.address),
            accused: cleared(&content.accused),
            persons: content.persons.clone(),
            reply: cleared(&content.reply),
            note: cleared(&content.note),
        }
    }

    fn out_of_text(&self, text: &str) -> String {
        let glyphs = glyphs(text);
        let mut found: Vec<Range<usize>> = self.spellings.iter().flat_map(|spelling| find(&glyphs, spelling)).collect();
        found.sort_unstable_by_key(|range| range.start);
        let mut cleared = String::with_capacity(text.len());
        let mut done = 0;
        for range in found {
            if range.start > done || done == 0 {
                cleared.push_str(&text[done..range.start]);
                cleared.push_str(HIDDEN);
            }
            done = done.max(range.end);
        }
        cleared.push_str(&text[done..]);
        cleared
    }
}

/// Where a spelling stands in a text.
fn find<'a>(glyphs: &'a [Glyph], spelling: &'a [char]) -> impl Iterator<Item = Range<usize>> + 'a {
    let same = move |window: &[Glyph]| window.iter().zip(spelling).all(|(glyph, c)| glyph.folded == *c);
    let windows = glyphs.windows(spelling.len()).enumerate();
    let found = windows.filter(move |(at, window)| same(window) && !is_part(glyphs, *at, spelling));
    found.map(|(_, window)| window[0].start..window[window.len() - 1].end)
}

/// Whether what was found is only part of a longer number or Latin word.
fn is_part(glyphs: &[Glyph], at: usize, spelling: &[char]) -> bool {
    let joined = |a: Option<&Glyph>, b: Option<&Glyph>| match (a, b) {
        (Some(a), Some(b)) if a.end == b.start => {
            a.folded.is_ascii_digit() && b.folded.is_ascii_digit()
                || a.folded.is_ascii_alphabetic() && b.folded.is_ascii_alphabetic()
        }
        _ => false,
    };
    let end = at + spelling.len();
    let before = at.checked_sub(1).and_then(|before| glyphs.get(before));
    spelling.len() < LONG_NUMBER && (joined(before, glyphs.get(at)) || joined(glyphs.get(end - 1), glyphs.get(end)))
}

fn glyphs(text: &str) -> Vec<Glyph> {
    let all = text.char_indices().map(|(start, c)| Glyph { folded: half_width(c), start, end: start + c.len_utf8() });
    all.filter(|glyph| !is_joint(glyph.folded)).collect()
}

fn compared(spelling: &str) -> Vec<char> {
    spelling.chars().map(half_width).filter(|c| !is_joint(*c)).collect()
}

fn is_joint(c: char) -> bool {
    c.is_whitespace() || JOINTS.contains(&c)
}

/// All that tells of a person.
fn spellings(person: &Person, known: &[&str]) -> Vec<String> {
    let said = |field: &Option<Private>| field.as_ref().map(Private::expose).unwrap_or_default().to_owned();
    let names = names(&said(&person.name), known);
    let numbers = [&person.name, &person.phone, &person.id_number].into_iter().flat_map(|field| numbers(&said(field)));
    names.into_iter().chain(numbers).chain(homes(&said(&person.address))).collect()
}

fn names(field: &str, known: &[&str]) -> Vec<String> {
    let is_han = |name: &str| !name.is_ascii();
    let is_name = |name: &String| {
        let length = name.chars().count();
        !NOBODY.contains(&name.as_str()) && if is_han(name) { length >= 2 } else { length >= 4 }
    };
    let parts = pieces(field);
    let whole = parts.concat();
    let names: Vec<String> = parts.into_iter().chain([whole]).filter(is_name).collect();
    let surnames = names.iter().filter(|name| is_han(name) && name.chars().count() <= 4).map(|name| surname(name));
    let own = surnames.filter(|surname| known.iter().all(|other| !other.starts_with(surname)));
    let titled: Vec<String> = own.flat_map(|surname| TITLES.map(|title| format!("{surname}{title}"))).collect();
    names.into_iter().chain(titled).collect()
}

fn surname(name: &str) -> &str {
    let long = LONG_SURNAMES.into_iter().find(|surname| name.starts_with(surname));
    long.unwrap_or_else(|| name.chars().next().map_or("", |c| &name[..c.len_utf8()]))
}

/// Telephone and identity numbers: as written, and in the other forms they may be written in.
fn numbers(field: &str) -> Vec<String> {
    let forms = |contact: Contact| match contact {
        Contact::Landline { area: Some(area), local } => vec![format!("{area}{local}"), local],
        other => vec![other.normal().to_lowercase()],
    };
    let own: String = compared(field).into_iter().collect();
    let is_number = own.chars().count() >= SHORTEST_NUMBER && own.chars().all(|c| c.is_ascii_alphanumeric());
    let own = Some(own).filter(|own| is_number && own.contains(|c: char| c.is_ascii_digit()));
    own.into_iter().chain(Contact::all_in(field).into_iter().flat_map(forms)).collect()
}

/// An address and its ends, as far down as they still say at which door.
fn homes(field: &str) -> Vec<String> {
    let field: String = compared(field).into_iter().collect();
    let begins = field.char_indices().filter(|(at, c)| {
        // 小区 is where people live.
        ADMINISTRATIVE.contains(c) && !field[..*at].ends_with('小')
    });
    let ends = begins.map(|(at, c)| &field[at + c.len_utf8()..]);
    let is_home = |text: &&str| text.chars().count() >= SHORTEST_HOME && text.contains(|c: char| c.is_ascii_digit());
    std::iter::once(field.as_str()).chain(ends).filter(is_home).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use huiliu_schemas::content::PersonRole;
    use proptest::prelude::*;

    fn person(name: &str, phone: &str, id_number: &str, address: &str) -> Person {
        let said = |text: &str| (!text.is_empty()).then(|| Private::new(text));
        Person {
            name: said(name),
            phone: said(phone),
            id_number: said(id_number),
            address: said(address),
            ..Person::new(PersonRole::Reporter)
        }
    }

    #[test]
    fn what_tells_of_a_person_is_taken_out_in_any_spelling() {
        let zhang = person(
            "张三丰",
            "0574-87654321，138 1234 5678",
            "330205880706543",
            "江北区庄桥街道天合社区示范小区3幢301室",
        );
        let hidden = Hidden::of([&zhang], &[]);
        for (text, expected) in [
            ("市民张三丰（13812345678）反映路灯不亮", "市民〔隐去〕（〔隐去〕）反映路灯不亮"),
            ("张 三\n丰说", "〔隐去〕说"),
            ("张先生来电，电话+86 138-1234-5678。", "〔隐去〕来电，电话+86 〔隐去〕。"),
            ("１３８１２３４５６７８", "〔隐去〕"),
            ("0574-8765 4321或87654321", "〔隐去〕或〔隐去〕"),
            ("单号2026876543210001", "单号2026876543210001"),
            ("身份证33020519880706543", "身份证33020519880706543"),
            ("证330205198807065432，旧证330205880706543", "证330205198807065432，旧证〔隐去〕"),
            ("住示范小区3幢301室，庄桥街道", "住〔隐去〕，庄桥街道"),
            ("江北区庄桥街道天合社区示范小区3幢(301)室", "〔隐去〕"),
            ("张三丰13812345678", "〔隐去〕"),
            ("示范小区5幢漏水，301室无人", "示范小区5幢漏水，301室无人"),
            ("张三，丰收路口", "张三，丰收路口"),
            ("", ""),
        ] {
            assert_eq!(hidden.out_of_text(text), expected, "{text}");
        }
    }

    #[test]
    fn who_is_named_by_a_word_of_the_language_takes_none_out() {
        let text = "市民匿名反映，群众3人";
        for name in ["市民", "匿名", "群", "3", "张**"] {
            assert_eq!(Hidden::of([&person(name, "", "", "江北区")], &[]).out_of_text(text), text, "{name}");
        }
        let li = person("Li Wei", "", "", "");
        assert_eq!(Hidden::of([&li], &[]).out_of_text("Liwei, li wei and Liweihua"), "〔隐去〕, 〔隐去〕 and Liweihua");
    }

    #[test]
    fn a_surname_with_a_title_may_be_the_others() {
        let (mine, theirs) = (person("张三", "", "", ""), person("张老板", "", "", ""));
        let text = "张先生说张三的邻居吵";
        assert_eq!(Hidden::of([&mine], &[]).out_of_text(text), "〔隐去〕说〔隐去〕的邻居吵");
        assert_eq!(Hidden::of([&mine], &[&theirs]).out_of_text(text), "张先生说〔隐去〕的邻居吵");
        let ouyang = person("欧阳青禾", "", "", "");
        assert_eq!(Hidden::of([&ouyang], &[]).out_of_text("欧阳女士，欧先生"), "〔隐去〕，欧先生");
    }

    proptest! {
        #[test]
        fn a_number_is_found_wherever_it_stands(before in "\\PC{0,10}", number in "1[3-9][0-9]{9}", at in 1usize..10, after in "\\PC{0,10}") {
            let hidden = Hidden::of([&person("", &number, "", "")], &[]);
            let (a, b) = number.split_at(at);
            let cleared = hidden.out_of_text(&format!("{before}，{a}-{b}。{after}"));
            prop_assert!(!cleared.contains(&format!("{a}-{b}")), "{}", cleared);
        }

        #[test]
        fn nothing_else_is_touched(text in "[路灯小区坏了a-z，。 \n]{0,40}") {
            let hidden = Hidden::of([&person("张三丰", "13812345678", "", "示范路18号")], &[]);
            prop_assert_eq!(hidden.out_of_text(&text), text);
        }
    }
}
