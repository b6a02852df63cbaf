//! What a field of an upstream system is probably for, by its name: Chinese, English, pinyin in full or its initials. The
//! words stand in `names.csv`, one line for each meaning; the pinyin of Chinese ones need not be written down.
//! Evidence for the author of a map; nothing runs by it.

use std::collections::HashMap;
use std::sync::LazyLock;

use huiliu_schemas::content::PersonRole;
use pinyin::ToPinyin;

use crate::looks::is_han;

/// What a name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meaning {
    /// A field of ours, or a word of `names.csv` that stands for several of them.
    pub(crate) what: &'static str,
    /// Whose, where it is a person's.
    pub(crate) role: Option<PersonRole>,
    /// How well the name says so.
    pub(crate) how: How,
}

/// How well a name says what a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum How {
    /// It ends as names of such fields do.
    Ending,
    /// A known name is a part of it.
    Partly,
    /// It is a known name with something before or behind it.
    Nearly,
    /// It is a known name.
    Wholly,
}

/// A meaning that is a field of a person.
pub(crate) const PERSON: &str = "persons.";
const EVIDENCE: &str = "facts.evidence";
const TEXT: &str = "content.text";
const REPLY: &str = "content.reply";
/// What stands before a meaning whose names are told by how they end.
const ENDING: &str = "ending.";
/// Fields of a piece of evidence by which it can be found again.
const REFERENCES: [&str; 8] = ["url", "id", "path", "src", "key", "fileid", "href", "uri"];

/// Fields that are called after what they lie in: `eventType.name`, `status.code`.
const GENERIC: [&str; 13] =
    ["detail", "name", "nm", "code", "cd", "value", "val", "text", "txt", "label", "desc", "mc", "dm"];

struct Lexicon {
    /// Name → its meanings, in the file's order.
    names: HashMap<String, Vec<&'static str>>,
    /// The initials of Chinese names that are not names themselves.
    initials: HashMap<String, Vec<&'static str>>,
    reporter: Vec<String>,
    respondent: Vec<String>,
    /// Those who handle the case; what is said of them is nobody's of ours.
    other: Vec<String>,
    /// What stands before the number of another case.
    elsewhere: Vec<&'static str>,
    before: Vec<&'static str>,
    after: Vec<&'static str>,
    /// How names of a field end, where nobody knows the whole name.
    endings: Vec<(&'static str, &'static str)>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| read(include_str!("names.csv")));

fn read(text: &'static str) -> Lexicon {
    let lines = || text.lines().skip(1).filter_map(|line| line.split_once(','));
    let listed = |what: &str| {
        let mut list: Vec<&str> =
            lines().filter(|(name, _)| *name == what).flat_map(|(_, names)| names.split_whitespace()).collect();
        list.sort_by_key(|name| std::cmp::Reverse(name.len()));
        list
    };
    let is_meaning = |what: &str| {
        !["role.", ENDING].iter().any(|start| what.starts_with(start))
            && !matches!(what, "before" | "after" | "elsewhere")
    };
    let each = || {
        lines()
            .filter(|(what, _)| is_meaning(what))
            .flat_map(|(what, list)| list.split_whitespace().map(move |name| (what, name)))
    };
    let mut names: HashMap<String, Vec<&str>> = HashMap::new();
    each().for_each(|(what, name)| names.entry(name.to_owned()).or_default().push(what));
    let mut initials: HashMap<String, Vec<&str>> = HashMap::new();
    for (what, (whole, first)) in each().filter_map(|(what, name)| Some((what, pinyin_of(name)?))) {
        for (map, name) in [(&mut names, whole), (&mut initials, first)] {
            let meanings = map.entry(name).or_default();
            if !meanings.contains(&what) {
                meanings.push(what);
            }
        }
    }
    initials.retain(|name, _| name.len() >= LEAST_INITIALS && !names.contains_key(name));
    let endings = lines().filter_map(|(what, list)| Some((what.strip_prefix(ENDING)?, list)));
    Lexicon {
        names,
        initials,
        reporter: people(&listed("role.reporter")),
        respondent: people(&listed("role.respondent")),
        other: people(&listed("role.other")),
        elsewhere: listed("elsewhere"),
        before: listed("before"),
        after: listed("after"),
        endings: endings.flat_map(|(what, list)| list.split_whitespace().map(move |end| (end, what))).collect(),
    }
}

/// Fewer initials than this are too much like anything else.
const LEAST_INITIALS: usize = 3;

/// A Chinese name in pinyin, in full and by its initials.
fn pinyin_of(name: &str) -> Option<(String, String)> {
    let syllables: Vec<&str> = name.to_pinyin().map(|syllable| Some(syllable?.plain())).collect::<Option<_>>()?;
    Some((syllables.concat(), syllables.iter().filter_map(|syllable| syllable.chars().next()).collect()))
}

/// Those listed, and in full pinyin those with a Chinese name; the longest first.
fn people(listed: &[&str]) -> Vec<String> {
    let written = listed.iter().map(|name| (*name).to_owned());
    let mut all: Vec<String> = written.chain(listed.iter().filter_map(|name| Some(pinyin_of(name)?.0))).collect();
    all.sort_by_key(|name| std::cmp::Reverse(name.len()));
    all
}

/// What the last field of a path is most probably for.
pub(crate) fn meaning(path: &str) -> Option<Meaning> {
    meanings(path).into_iter().next()
}

/// What the last field of a path may be for, the most probable first; the fields it lies in may say whose it is.
pub(crate) fn meanings(path: &str) -> Vec<Meaning> {
    let keys: Vec<&str> = keys(path).collect();
    let Some((last, above)) = keys.split_last() else { return Vec::new() };
    let parts = words(last);
    let name: String = parts.concat();
    let lies_in = above.iter().rev().find_map(|key| role_named(&words(key).concat()));
    if above.iter().any(|key| known(&words(key).concat()).contains(&EVIDENCE)) {
        let is_reference = REFERENCES.contains(&name.as_str()) || known(&name).contains(&EVIDENCE);
        let evidence = Meaning { what: EVIDENCE, role: None, how: How::Wholly };
        return is_reference.then_some(evidence).into_iter().collect();
    }
    if let Some(parent) = above.last().filter(|_| lies_in.is_none() && GENERIC.contains(&name.as_str())) {
        let parent = words(parent).concat();
        let found = [format!("{parent}{name}"), parent]
            .iter()
            .find_map(|name| whole(name, None).into_iter().next().or_else(|| near(name, None)));
        if let Some(found) = found.filter(|found| !found.what.starts_with(PERSON)) {
            return vec![found];
        }
    }
    let mut found = whole(&name, lies_in);
    if found.is_empty() {
        found = match of_someone(&name) {
            Some(someones) => someones.into_iter().collect(),
            None => {
                let near = near(&name, lies_in).into_iter().chain(initialed(&name, lies_in));
                near.chain(part(&parts, &name)).chain(endings(&parts)).collect()
            }
        };
    }
    // The text of an answer is the answer.
    let in_answer = above.iter().any(|key| known(&words(key).concat()).contains(&REPLY));
    found.iter_mut().filter(|found| in_answer && found.what == TEXT).for_each(|found| found.what = REPLY);
    // What lies in the part of those who handle the case is nothing of the citizen's.
    found.retain(|found| lies_in != Some(None) || !found.what.starts_with(PERSON));
    found
}

/// Whether one of the fields a path lies in says whose it is.
pub(crate) fn says_whose(path: &str) -> bool {
    let mut above = keys(path).rev().skip(1);
    above.any(|key| role_named(&words(key).concat()).is_some())
}

/// Whether it is a person who handles the case, or something of such a person: nothing of the citizen's.
pub(crate) fn is_handlers(path: &str) -> bool {
    let mut keys = keys(path).rev().map(|key| words(key).concat());
    let own = keys.next().is_some_and(|name| known(&name).is_empty() && of_someone(&name) == Some(None));
    own || keys.find_map(|key| role_named(&key)) == Some(None)
}

/// Whether its name begins with a word for a case: `orderSn`, `event_uid`.
pub(crate) fn is_of_a_case(path: &str) -> bool {
    const TELLING: usize = 3;
    let first = path.rsplit('.').next().and_then(|last| words(last).into_iter().next());
    first.is_some_and(|word| word.len() >= TELLING && LEXICON.before.contains(&word.as_str()))
}

/// The other numbering a field's name is known for, if any.
pub(crate) fn numbering(path: &str) -> Option<&'static str> {
    let last = path.rsplit('.').next()?;
    known(&words(last).concat()).iter().find_map(|what| what.strip_prefix("number."))
}

/// The word of `names.csv` for the numbers of a numbering.
pub(crate) fn number_of(numbering: &str) -> &'static str {
    let mut all = LEXICON.names.values().flatten();
    all.find(|what| what.strip_prefix("number.") == Some(numbering)).copied().unwrap_or("alias")
}

/// The names a path is made of, without the marks of lists.
fn keys(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.split('.').map(|key| key.split('[').next().unwrap_or(key))
}

/// A field name in small letters, cut where its writer cut it.
fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in key.chars() {
        let begins = (c.is_uppercase() && before.is_lowercase()) || !c.is_alphanumeric() || is_han(c) != is_han(before);
        if begins && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whose a thing of this name is: `None` inside for those who handle the case.
fn role_named(name: &str) -> Option<Option<PersonRole>> {
    let has = |list: &[String], name: &str| list.iter().any(|known| known == name);
    let is = |list: &[String]| {
        has(list, name) || name.strip_suffix("info").or(name.strip_suffix('s')).is_some_and(|name| has(list, name))
    };
    let lexicon = &*LEXICON;
    match () {
        () if is(&lexicon.respondent) => Some(Some(PersonRole::Respondent)),
        () if is(&lexicon.reporter) => Some(Some(PersonRole::Reporter)),
        () if is(&lexicon.other) => Some(None),
        () => None,
    }
}

fn known(name: &str) -> &'static [&'static str] {
    LEXICON.names.get(name).map_or(&[], Vec::as_slice)
}

fn whole(name: &str, lies_in: Option<Option<PersonRole>>) -> Vec<Meaning> {
    meant(known(name), How::Wholly, lies_in)
}

/// The initials of a Chinese name.
fn initialed(name: &str, lies_in: Option<Option<PersonRole>>) -> Vec<Meaning> {
    meant(LEXICON.initials.get(name).map_or(&[], Vec::as_slice), How::Nearly, lies_in)
}

fn meant(meanings: &[&'static str], how: How, lies_in: Option<Option<PersonRole>>) -> Vec<Meaning> {
    let person = meanings.iter().find(|what| what.starts_with(PERSON)).copied();
    match (lies_in, person) {
        (Some(None), Some(_)) => Vec::new(),
        (Some(role), Some(what)) => vec![Meaning { what, role, how }],
        _ => meanings.iter().map(|what| Meaning { what, role: default_role(what), how }).collect(),
    }
}

/// Whose a field of a person is where nothing says so.
fn default_role(what: &str) -> Option<PersonRole> {
    what.starts_with(PERSON).then_some(PersonRole::Reporter)
}

/// `callerName`, `lxrdh`, `被反映人电话`: a person and one of the person's fields; none inside for those who handle the case.
fn of_someone(name: &str) -> Option<Option<Meaning>> {
    let lexicon = &*LEXICON;
    let lists = [
        (&lexicon.respondent, Some(PersonRole::Respondent)),
        (&lexicon.other, None),
        (&lexicon.reporter, Some(PersonRole::Reporter)),
    ];
    let found = lists.iter().flat_map(|(list, role)| list.iter().map(move |who| (who.as_str(), *role)));
    let mut found: Vec<_> = found.filter_map(|(who, role)| Some((who, role, name.strip_prefix(who)?))).collect();
    found.sort_by_key(|(who, ..)| std::cmp::Reverse(who.len()));
    for (_, role, rest) in found {
        if rest.is_empty() {
            return Some(role.map(|role| Meaning { what: "persons.name", role: Some(role), how: How::Nearly }));
        }
        let named = |name: &str| known(name).iter().chain(LEXICON.initials.get(name).into_iter().flatten());
        let person = |name: &str| named(name).find(|what| what.starts_with(PERSON)).copied();
        let rests = [Some(rest), rest.strip_suffix("no"), rest.strip_suffix("number")];
        if let Some(what) = rests.into_iter().flatten().find_map(person) {
            return Some(role.map(|role| Meaning { what, role: Some(role), how: How::Wholly }));
        }
    }
    None
}

/// A known name with a word before it, behind it, or both.
fn near(name: &str, lies_in: Option<Option<PersonRole>>) -> Option<Meaning> {
    let lexicon = &*LEXICON;
    let heads = std::iter::once(name).chain(lexicon.before.iter().filter_map(|before| name.strip_prefix(before)));
    let bare = heads.flat_map(|head| {
        std::iter::once(head).chain(lexicon.after.iter().filter_map(|after| head.strip_suffix(after)))
    });
    let found = bare
        .filter(|bare| bare.chars().count() >= 2)
        .find_map(|bare| whole(bare, lies_in).first().copied().or_else(|| of_someone(bare).flatten()));
    let found = found.or_else(|| elsewhere(name))?;
    Some(Meaning { how: How::Nearly, ..found })
}

/// The number of another case: `parent_ticket_no`, `原受理编号`.
fn elsewhere(name: &str) -> Option<Meaning> {
    let mut rests = LEXICON.elsewhere.iter().filter_map(|before| name.strip_prefix(before));
    let is_number =
        |rest: &str| known(rest).contains(&"source.id") || known(&format!("case{rest}")).contains(&"source.id");
    rests.any(is_number).then_some(Meaning { what: "related", role: None, how: How::Nearly })
}

/// What names end so: in its last words, of one word and of Chinese in its last letters.
fn endings(parts: &[String]) -> impl Iterator<Item = Meaning> {
    /// Shorter endings are found only in short names: `xfnr`, not `sthr`eat.
    const TELLING: usize = 4;
    const SHORT_NAME: usize = 8;
    let name = parts.concat();
    let last = parts.last().cloned().unwrap_or_default();
    let tails: Vec<String> = (1..parts.len()).map(|from| parts[from..].concat()).collect();
    let ends = move |end: &str| {
        let is_inside = |word: &str| word.len() > end.len() && word.ends_with(end);
        let is_told = end.len() >= TELLING || last.len() <= SHORT_NAME;
        tails.iter().any(|tail| tail == end)
            || is_inside(&last) && is_told
            || end.starts_with(is_han) && is_inside(&name)
    };
    let all = LEXICON.endings.iter().filter(move |(end, _)| ends(end));
    all.map(|(_, what)| Meaning { what, role: default_role(what), how: How::Ending })
}

/// The longest known name inside: of Chinese anywhere, of other scripts from one of its words to another.
fn part(parts: &[String], name: &str) -> Option<Meaning> {
    let latin = (0..parts.len()).flat_map(|from| (from + 1..=parts.len()).map(move |to| parts[from..to].concat()));
    let latin = latin.filter(|inner| inner.len() >= 5);
    let starts = || name.char_indices().map(|(at, _)| at).chain([name.len()]);
    let chinese =
        starts().flat_map(|from| starts().filter(move |to| *to > from).map(move |to| name[from..to].to_owned()));
    let chinese = chinese.filter(|inner| inner.chars().count() >= 2 && inner.chars().all(is_han));
    let inside = latin.chain(chinese).filter_map(|inner| Some((inner.chars().count(), known(&inner).first()?)));
    let (_, what) = inside.max_by_key(|(length, _)| *length)?;
    Some(Meaning { what, role: default_role(what), how: How::Partly })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_three_scripts() {
        let cases = [
            ("诉求内容", "content.text", How::Wholly),
            ("sqnr", "content.text", How::Wholly),
            ("appeal_desc", "content.text", How::Wholly),
            ("data.sqnr", "content.text", How::Wholly),
            ("联系电话", "persons.phone", How::Wholly),
            ("lxdh", "persons.phone", How::Wholly),
            ("ajbh", "source.id", How::Wholly),
            ("来电人电话/账号", "persons.phone", How::Partly),
            ("callerName", "persons.name", How::Wholly),
            ("sqrsfzh", "persons.id_number", How::Wholly),
            ("gdbhno", "source.id", How::Nearly),
            ("parent_ticket_no", "related", How::Nearly),
            ("attachments[].url", "facts.evidence", How::Wholly),
            ("事发详细地址", "content.address", How::Partly),
            ("户籍地", "persons.address", How::Wholly),
            ("籍贯", "persons.address", How::Wholly),
            ("LAST_UPDATE_TIME", "updated", How::Wholly),
        ];
        for (name, what, how) in cases {
            let found = meaning(name);
            assert_eq!(found.map(|m| (m.what, m.how)), Some((what, how)), "{name}: {found:?}");
        }
        assert_eq!(meaning("qx7"), None);
        assert_eq!(meaning("attachments[].name"), None);
        let jd: Vec<&str> = meanings("jd").iter().map(|m| m.what).collect();
        assert_eq!(jd, ["facts.place_names", "longitude"]);
    }

    #[test]
    fn it_matters_whose_it_is() {
        let role = |name: &str| meaning(name).and_then(|m| m.role);
        assert_eq!(role("respondent_phone"), Some(PersonRole::Respondent));
        assert_eq!(role("申请人.姓名"), Some(PersonRole::Reporter));
        assert_eq!(role("respondent.name"), Some(PersonRole::Respondent));
        assert_eq!(role("xfr[].xm"), Some(PersonRole::Reporter));
        assert_eq!(meaning("handler_phone"), None);
        assert_eq!(meaning("operator.phone"), None);
    }
}
