//! Takes out of a text what tells who somebody is: names, numbers and the homes of persons that are known, in whatever
//! spelling. Whom the hub does not know it cannot find.

use std::collections::HashMap;
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
const NOBODY: [&str; 25] = [
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
    "租客",
    "房东",
    "家属",
    "物业",
    "村委",
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
/// What else is written behind a name. Not an office: what is left of 社区书记 would be no name.
const CALLED: [&str; 4] = ["老师", "同志", "师傅", "阿姨"];
const LONG_SURNAMES: [&str; 10] = ["欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐"];
/// An address begins anew behind each of these: who writes it down may leave out what is above.
const ADMINISTRATIVE: [char; 9] = ['省', '市', '区', '县', '镇', '乡', '道', '村', '州'];
/// Fewer characters of an address are no home.
const SHORTEST_HOME: usize = 5;
/// Fewer characters before the first number are the rest of a name that was cut: 路 of 杭州路.
const SHORTEST_PLACE: usize = 2;
const SHORTEST_NUMBER: usize = 7;
/// A number as long as this is nobody else's, whatever stands beside it.
const LONG_NUMBER: usize = 11;

/// Who is not to be known.
#[derive(Default)]
pub struct Hidden {
    /// By their first character.
    spellings: HashMap<char, Vec<Spelling>>,
}

/// What tells of a person, as it is compared.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Spelling {
    folded: Vec<char>,
    /// So many of its characters say at which estate or road the door is.
    place: usize,
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
        let all = persons.into_iter().flat_map(|person| spellings(person, &known));
        let mut spellings: HashMap<char, Vec<Spelling>> = HashMap::new();
        for spelling in all {
            if let Some(first) = spelling.folded.first() {
                spellings.entry(*first).or_default().push(spelling);
            }
        }
        for alike in spellings.values_mut() {
            alike.sort_unstable();
            alike.dedup();
        }
        Self { spellings }
    }

    /// The words without them. Persons stay as they are, and of a home that is the scene the address keeps all but the door:
    /// it must be found.
    pub fn out_of(&self, content: &Content) -> Content {
        let without = |text: &Option<Private>, begin| {
            text.as_ref().map(|text| Private::new(self.out_of_text(text.expose(), begin)))
        };
        let cleared = |text| without(text, |_| 0);
        Content {
            title: cleared(&content.title),
            text: cleared(&content.text),
            demand: cleared(&content.demand),
            address: without(&content.address, |spelling| spelling.place),
            accused: cleared(&content.accused),
            persons: content.persons.clone(),
            reply: cleared(&content.reply),
            note: cleared(&content.note),
        }
    }

    /// Without each of the spellings from where it is to `begin`.
    fn out_of_text(&self, text: &str, begin: fn(&Spelling) -> usize) -> String {
        let mut found = self.find(&glyphs(text), begin);
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

    fn find(&self, glyphs: &[Glyph], begin: fn(&Spelling) -> usize) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for (at, glyph) in glyphs.iter().enumerate() {
            let alike = self.spellings.get(&glyph.folded).into_iter().flatten();
            for spelling in alike.filter(|spelling| spelling.stands(glyphs, at)) {
                let end = at + spelling.folded.len() - 1;
                found.push(glyphs[at + begin(spelling)].start..glyphs[end].end);
            }
        }
        found
    }
}

impl Spelling {
    fn of(text: &str) -> Self {
        Self { folded: compared(text), place: 0 }
    }

    /// A home, if this is as long as one and says at which door.
    fn of_home(address: &[char]) -> Option<Self> {
        let place = address.iter().position(char::is_ascii_digit)?;
        (address.len() >= SHORTEST_HOME).then(|| Self { folded: address.to_vec(), place })
    }

    fn stands(&self, glyphs: &[Glyph], at: usize) -> bool {
        let same = |window: &[Glyph]| window.iter().map(|glyph| &glyph.folded).eq(&self.folded);
        glyphs.get(at..at + self.folded.len()).is_some_and(same) && !is_part(glyphs, at, &self.folded)
    }
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
fn spellings(person: &Person, known: &[&str]) -> Vec<Spelling> {
    let said = |field: &Option<Private>| field.as_ref().map(Private::expose).unwrap_or_default().to_owned();
    let names = names(&said(&person.name), known);
    let numbers = [&person.name, &person.phone, &person.id_number].into_iter().flat_map(|field| numbers(&said(field)));
    let home = home(&said(&person.address));
    names.into_iter().chain(numbers).map(|text| Spelling::of(&text)).chain(home).collect()
}

fn names(field: &str, known: &[&str]) -> Vec<String> {
    let beside = names_in(&outside_brackets(field));
    let names = if beside.is_empty() { names_in(field) } else { beside };
    let surnames = names.iter().filter(|name| is_han(name) && name.chars().count() <= 4).map(|name| surname(name));
    let own = surnames.filter(|surname| known.iter().all(|other| !other.starts_with(surname)));
    let titled: Vec<String> = own.flat_map(|surname| TITLES.map(|title| format!("{surname}{title}"))).collect();
    names.into_iter().chain(titled).collect()
}

/// Each as written and without a title.
fn names_in(text: &str) -> Vec<String> {
    let parts = pieces(text);
    let whole = parts.concat();
    let written: Vec<String> = parts.into_iter().chain([whole]).collect();
    let bare = |name: &String| {
        let title = TITLES.iter().chain(&CALLED).find_map(|title| name.strip_suffix(title));
        title.map(str::to_owned)
    };
    let bare: Vec<String> = written.iter().filter_map(bare).collect();
    written.into_iter().chain(bare).filter(|name| is_name(name)).collect()
}

fn is_name(text: &str) -> bool {
    let length = text.chars().count();
    !NOBODY.contains(&text) && if is_han(text) { length >= 2 } else { length >= 4 }
}

fn is_han(name: &str) -> bool {
    !name.is_ascii()
}

/// What stands in brackets behind a name says what somebody is, in words of the matter: 李四（物业）.
fn outside_brackets(field: &str) -> String {
    let mut depth = 0_usize;
    let outside = field.chars().map(|c| match half_width(c) {
        '(' | '[' | '【' => {
            depth += 1;
            '，'
        }
        ')' | ']' | '】' => {
            depth = depth.saturating_sub(1);
            '，'
        }
        _ if depth > 0 => '，',
        _ => c,
    });
    outside.collect()
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

/// The shortest end of an address with a name above the door: whatever is written above it ends with it. The door alone is
/// another's as well, unless nothing else is known.
fn home(field: &str) -> Option<Spelling> {
    let field = compared(field);
    // 小区 is where people live.
    let begins = |at: &usize| ADMINISTRATIVE.contains(&field[at - 1]) && (*at < 2 || field[at - 2] != '小');
    let mut ends = (1..field.len()).rev().filter(begins).filter_map(|at| Spelling::of_home(&field[at..]));
    let named = ends.find(|home| home.place >= SHORTEST_PLACE);
    named.or_else(|| Spelling::of_home(&field))
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

    fn told(hidden: &Hidden, text: &str) -> String {
        hidden.out_of_text(text, |_| 0)
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
            ("江北区庄桥街道天合社区示范小区3幢(301)室", "江北区庄桥街道天合社区〔隐去〕"),
            ("张三丰13812345678", "〔隐去〕"),
            ("示范小区5幢漏水，301室无人", "示范小区5幢漏水，301室无人"),
            ("张三，丰收路口", "张三，丰收路口"),
            ("", ""),
        ] {
            assert_eq!(told(&hidden, text), expected, "{text}");
        }
    }

    #[test]
    fn who_is_named_by_a_word_of_the_language_takes_none_out() {
        let text = "市民匿名反映，群众3人";
        for name in ["市民", "匿名", "群", "3", "张**"] {
            assert_eq!(told(&Hidden::of([&person(name, "", "", "江北区")], &[]), text), text, "{name}");
        }
        let li = person("Li Wei", "", "", "");
        assert_eq!(told(&Hidden::of([&li], &[]), "Liwei, li wei and Liweihua"), "〔隐去〕, 〔隐去〕 and Liweihua");
    }

    #[test]
    fn a_surname_with_a_title_may_be_the_others() {
        let (mine, theirs) = (person("张三", "", "", ""), person("张老板", "", "", ""));
        let text = "张先生说张三的邻居吵";
        assert_eq!(told(&Hidden::of([&mine], &[]), text), "〔隐去〕说〔隐去〕的邻居吵");
        assert_eq!(told(&Hidden::of([&mine], &[&theirs]), text), "张先生说〔隐去〕的邻居吵");
        let ouyang = person("欧阳青禾", "", "", "");
        assert_eq!(told(&Hidden::of([&ouyang], &[]), "欧阳女士，欧先生"), "〔隐去〕，欧先生");
    }

    #[test]
    fn what_somebody_is_stands_beside_the_name_and_tells_of_nobody() {
        let text = "物业公司不作为，村委、租客和家属都说";
        for (name, called) in [
            ("李四（物业）", "李四"),
            ("王五(村委)", "王五"),
            ("张三【租客】", "张三"),
            ("赵六［家属", "赵六"),
            ("物业（李四）", "李四"),
            ("(钱七)", "钱七"),
            ("张三先生", "张三"),
            ("欧阳青禾老师（家属）", "欧阳青禾"),
        ] {
            let hidden = Hidden::of([&person(name, "", "", "")], &[]);
            assert_eq!(told(&hidden, text), text, "{name}");
            assert_eq!(told(&hidden, &format!("据{called}说")), "据〔隐去〕说", "{name}");
        }
        let boss = Hidden::of([&person("物业先生", "", "", "")], &[]);
        assert_eq!(told(&boss, text), text);
    }

    /// The citizen's home may be the scene, and another's door may have the same number.
    #[test]
    fn a_home_is_known_by_the_name_above_its_door() {
        for (home, text, expected) in [
            ("示范新村12幢301室", "我家示范新村12幢301室", "我家〔隐去〕"),
            ("示范新村12幢301室", "阳光新村12幢301室常年违建", "阳光新村12幢301室常年违建"),
            ("江北区庄桥街道天合村18号", "庄桥街道天合村18号", "庄桥街道〔隐去〕"),
            ("杭州路118号", "中山路118号", "中山路118号"),
            ("杭州路118号", "杭州路118号", "〔隐去〕"),
            ("12幢301室", "住12幢301室", "住〔隐去〕"),
        ] {
            let hidden = Hidden::of([&person("", "", "", home)], &[]);
            assert_eq!(told(&hidden, text), expected, "{home}");
        }
    }

    #[test]
    fn the_address_of_the_matter_is_told_as_far_as_the_door() {
        for (home, address, expected) in [
            (
                "示范小区3幢301室",
                "江北区庄桥街道天合社区示范小区3幢301室门口",
                "江北区庄桥街道天合社区示范小区〔隐去〕门口",
            ),
            ("江北区庄桥街道天合村18号", "天合村18号", "天合村〔隐去〕"),
            ("示范路18号", "示范路（18号）旁，示范路1号", "示范路（〔隐去〕）旁，示范路1号"),
        ] {
            let scene = Content { address: Some(Private::new(address)), ..Content::default() };
            let cleared = Hidden::of([&person("张三丰", "", "", home)], &[]).out_of(&scene);
            assert_eq!(cleared.address.as_ref().map(Private::expose), Some(expected), "{home}");
        }
    }

    proptest! {
        #[test]
        fn a_number_is_found_wherever_it_stands(before in "\\PC{0,10}", number in "1[3-9][0-9]{9}", at in 1usize..10, after in "\\PC{0,10}") {
            let hidden = Hidden::of([&person("", &number, "", "")], &[]);
            let (a, b) = number.split_at(at);
            let cleared = told(&hidden, &format!("{before}，{a}-{b}。{after}"));
            prop_assert!(!cleared.contains(&format!("{a}-{b}")), "{}", cleared);
        }

        #[test]
        fn nothing_else_is_touched(text in "[路灯小区坏了a-z，。 \n]{0,40}") {
            let hidden = Hidden::of([&person("张三丰", "13812345678", "", "示范路18号")], &[]);
            prop_assert_eq!(told(&hidden, &text), text);
        }
    }
}
