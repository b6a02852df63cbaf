//! What a field of an upstream system is probably for, by its name: Chinese, English, pinyin in full or its initials. The
//! words stand in `names.csv`, one line for each meaning; the pinyin of Chinese ones need not be written down.
//! Evidence for the author of a map; nothing runs by it.

mod lexicon;

use huiliu_schemas::content::PersonRole;

use crate::looks::is_han;
use lexicon::LEXICON;

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
/// Fields of a piece of evidence by which it can be found again.
const REFERENCES: [&str; 8] = ["url", "id", "path", "src", "key", "fileid", "href", "uri"];

/// Fields that are called after what they lie in: `eventType.name`, `status.code`.
const GENERIC: [&str; 11] = ["detail", "name", "nm", "value", "val", "text", "txt", "label", "desc", "mc", "mingcheng"];
/// The same, of a code.
const GENERIC_CODES: [&str; 7] = ["code", "cd", "dm", "id", "key", "daima", "bianma"];

/// What the last field of a path is most probably for.
pub(crate) fn meaning(path: &str) -> Option<Meaning> {
    meanings(path).into_iter().next()
}

/// What the last field of a path may be for, the most probable first; the fields it lies in may say whose it is.
pub(crate) fn meanings(path: &str) -> Vec<Meaning> {
    let keys: Vec<&str> = keys(path).collect();
    let Some((last, above)) = keys.split_last() else { return Vec::new() };
    // A part of what another field counts is not to be counted beside it.
    if last.starts_with("其中") {
        return Vec::new();
    }
    let parts = words(last);
    let name: String = parts.concat();
    let lies_in = above.iter().rev().find_map(|key| role_of(key));
    if above.iter().any(|key| is_evidence(key)) {
        let is_someones = ["user", "person", "ren"].iter().any(|who| name.contains(who));
        let is_reference = is_evidence(last) || REFERENCES.iter().any(|end| name.ends_with(end)) && !is_someones;
        let evidence = Meaning { what: EVIDENCE, role: None, how: How::Wholly };
        return is_reference.then_some(evidence).into_iter().collect();
    }
    if let Some(parent) = above.last().filter(|_| lies_in.is_none())
        && let Some(found) = of_its_parent(&words(parent), &name)
    {
        return vec![found];
    }
    let mut found = spelled(&parts, |name| whole(name, lies_in));
    if found.is_empty() {
        found = match spellings(&parts).iter().find_map(|name| of_someone(name)) {
            Some(someones) => someones.into_iter().collect(),
            None => nearly(&parts, lies_in).into_iter().chain(part(&parts)).chain(endings(&parts)).collect(),
        };
    }
    // The text of an answer is the answer.
    let in_answer = above.iter().any(|key| known(&words(key).concat()).contains(&REPLY));
    found.iter_mut().filter(|found| in_answer && found.what == TEXT).for_each(|found| found.what = REPLY);
    // What lies in the part of those who handle the case is nothing of the citizen's.
    found.retain(|found| lies_in != Some(None) || !found.what.starts_with(PERSON));
    found
}

/// A name nobody knows as it stands: with other words about it, or by its initials.
fn nearly(parts: &[String], lies_in: Option<Option<PersonRole>>) -> Vec<Meaning> {
    let found =
        |name: &String| -> Vec<Meaning> { near(name, lies_in).into_iter().chain(initialed(name, lies_in)).collect() };
    spellings(parts).iter().rev().map(found).find(|found| !found.is_empty()).unwrap_or_default()
}

/// What is called after the field it lies in: `eventType.name`, `occur.time`.
fn of_its_parent(parent: &[String], name: &str) -> Option<Meaning> {
    let is_code = GENERIC_CODES.contains(&name);
    let both: Vec<String> = parent.iter().cloned().chain([name.to_owned()]).collect();
    let found = spelled(&both, |name| whole(name, None)).into_iter().next();
    let is_generic = is_code || GENERIC.contains(&name);
    // `faultTp` is a type of fault: `tp` by itself would be 图片.
    let plain = spellings(parent).pop().unwrap_or_default();
    let of_parent = || {
        let one = plain.strip_suffix('s').unwrap_or(&plain);
        let found = [plain.as_str(), one].into_iter().flat_map(|name| [whole(name, None), initialed(name, None)]);
        found.flatten().next().or_else(|| near(&plain, None))
    };
    let found = found.filter(|_| is_generic || known(name).is_empty());
    let mut found = found.or_else(|| of_parent().filter(|_| is_generic))?;
    if is_code && found.what == "class.name" {
        found.what = "class.code";
    }
    Some(found).filter(|found| !found.what.starts_with(PERSON))
}

fn is_evidence(key: &str) -> bool {
    let parts = words(key);
    spellings(&parts).iter().any(|name| {
        known(name).contains(&EVIDENCE) || LEXICON.initials.get(name).is_some_and(|all| all.contains(&EVIDENCE))
    })
}

/// A name as it is written, and of the words that names are made of: `acpt_tm` is `accept_time`.
fn spellings(parts: &[String]) -> Vec<String> {
    let written = parts.concat();
    let plain: String = parts.iter().map(|word| LEXICON.same.get(word.as_str()).copied().unwrap_or(word)).collect();
    if plain == written { vec![written] } else { vec![written, plain] }
}

/// What is found by the first spelling that finds anything; by another than its own, it is nearly found.
fn spelled(parts: &[String], find: impl Fn(&str) -> Vec<Meaning>) -> Vec<Meaning> {
    let found = spellings(parts).iter().map(|name| find(name)).enumerate().find(|(_, found)| !found.is_empty());
    let Some((at, mut found)) = found else { return Vec::new() };
    found.iter_mut().filter(|_| at > 0).for_each(|found| found.how = found.how.min(How::Nearly));
    found
}

/// Whether it is named like a field of a person, and nobody knows of whom: `NextOperatorMobile`, `answerTel`.
pub(crate) fn is_strangers(path: &str) -> bool {
    const NOUNS: [&str; 10] = ["电话", "手机", "号码", "姓名", "身份证号", "dh", "sjh", "xm", "sfzh", "tel"];
    let Some(last) = keys(path).next_back() else { return false };
    let parts = words(last);
    let spellings = spellings(&parts);
    let is_told = says_whose(path) || spellings.iter().any(|name| of_someone(name).is_some() || is_of_contact(name));
    // `来电人电话/账号`: what stands behind a mark says nothing of whose.
    let by_a_part = || parts.iter().any(|part| of_someone(part).is_some_and(|of| of.is_some()));
    let ends = |name: &String| NOUNS.iter().any(|noun| name.ends_with(noun));
    let is_noun = |word: &String| {
        known(LEXICON.same.get(word.as_str()).copied().unwrap_or(word)).iter().any(|what| what.starts_with(PERSON))
    };
    !is_told && !by_a_part() && (spellings.iter().any(ends) || parts.last().is_some_and(is_noun))
}

/// Whether it is a field of a person as such, or of the one to be spoken with: `phoneNo`, `caseContactPhone`; not `taskPhone`.
fn is_of_contact(name: &str) -> bool {
    const CONTACT: [&str; 4] = ["contact", "link", "联系", "lx"];
    let lexicon = &*LEXICON;
    let is_persons = |name: &str| {
        let mut all = known(name).iter().chain(LEXICON.initials.get(name).into_iter().flatten());
        all.any(|what| what.starts_with(PERSON))
    };
    let of_contact = lexicon.before.iter().filter_map(|before| name.strip_prefix(before.as_str()));
    let of_contact = of_contact.filter(|rest| CONTACT.iter().any(|contact| rest.starts_with(contact)));
    std::iter::once(name).chain(of_contact).any(|name| {
        is_persons(name) || lexicon.after.iter().filter_map(|after| name.strip_suffix(after)).any(is_persons)
    })
}

/// Whether one of the fields a path lies in says whose it is.
pub(crate) fn says_whose(path: &str) -> bool {
    whose(path).is_some()
}

/// Whose it is by the fields a path lies in; none inside for those who handle the case.
pub(crate) fn whose(path: &str) -> Option<Option<PersonRole>> {
    keys(path).rev().skip(1).find_map(role_of)
}

/// Whether it is a person who handles the case, or something of such a person: nothing of the citizen's.
pub(crate) fn is_handlers(path: &str) -> bool {
    let mut keys = keys(path).rev();
    let own = keys.next().is_some_and(|key| {
        let spellings = spellings(&words(key));
        spellings.iter().all(|name| known(name).is_empty())
            && spellings.iter().find_map(|name| of_someone(name)) == Some(None)
    });
    own || keys.find_map(role_of) == Some(None)
}

/// Whose a word is: `被申请人`, `partyB`; none inside for those who handle the case.
pub(crate) fn role_of(key: &str) -> Option<Option<PersonRole>> {
    spellings(&words(key)).iter().find_map(|name| role_named(name))
}

/// Whether a word says that what follows is another case's: `prior`, `上封`.
pub(crate) fn is_elsewhere(word: &str) -> bool {
    LEXICON.elsewhere.iter().any(|known| known == word)
}

/// Whether its name begins with a word for a case: `orderSn`, `event_uid`.
pub(crate) fn is_of_a_case(path: &str) -> bool {
    const TELLING: usize = 3;
    let first = path.rsplit('.').next().and_then(|last| words(last).into_iter().next());
    first.is_some_and(|word| word.len() >= TELLING && LEXICON.before.contains(&word))
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
    let mut chars = key.chars().peekable();
    while let Some(c) = chars.next() {
        // `RptPersonName`, and the last of several capitals begins a word: `BCategoryName`.
        let is_cut = |next: Option<&char>| {
            before.is_lowercase() || before.is_uppercase() && next.is_some_and(|c| c.is_lowercase())
        };
        let begins = (c.is_uppercase() && is_cut(chars.peek())) || !c.is_alphanumeric() || is_han(c) != is_han(before);
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
        has(list, name)
            || name
                .strip_suffix("info")
                .or(name.strip_suffix("信息"))
                .or(name.strip_suffix("xx"))
                .or(name.strip_suffix('s'))
                .is_some_and(|name| has(list, name))
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
    let heads =
        std::iter::once(name).chain(lexicon.before.iter().filter_map(|before| name.strip_prefix(before.as_str())));
    let bare = heads.flat_map(|head| {
        std::iter::once(head).chain(lexicon.after.iter().filter_map(|after| head.strip_suffix(after)))
    });
    let named = |name: &str| whole(name, lies_in).into_iter().chain(initialed(name, lies_in)).next();
    let found = bare
        .filter(|bare| bare.chars().count() >= 2)
        .find_map(|bare| named(bare).or_else(|| of_someone(bare).flatten()));
    let found = elsewhere(name).or(found)?;
    Some(Meaning { how: How::Nearly, ..found })
}

/// The number of another case: `parent_ticket_no`, `原受理编号`; of one that is urged: `urgeWoNo`.
fn elsewhere(name: &str) -> Option<Meaning> {
    let is_number =
        |rest: &str| known(rest).contains(&"source.id") || known(&format!("case{rest}")).contains(&"source.id");
    let after = |name: &str| -> Vec<String> {
        LEXICON.elsewhere.iter().filter_map(|word| name.strip_prefix(word.as_str())).map(str::to_owned).collect()
    };
    let is_another =
        || after(name).iter().any(|rest| is_number(rest) || after(rest).iter().any(|rest| is_number(rest)));
    let what = match () {
        () if ["urge", "被催办", "被催", "催办"].iter().filter_map(|word| name.strip_prefix(word)).any(is_number) => {
            "urge"
        }
        () if is_another() => "related",
        () => return None,
    };
    Some(Meaning { what, role: None, how: How::Nearly })
}

/// What names end so: in its last words, of one word and of Chinese in its last letters.
fn endings(parts: &[String]) -> impl Iterator<Item = Meaning> + use<> {
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

/// The longest known name at the end of a word, where what a name is stands in both languages: of Chinese in any of its
/// letters, of other scripts from one of its words on.
fn part(parts: &[String]) -> Option<Meaning> {
    let latin = (0..parts.len()).flat_map(|from| spellings(&parts[from..]));
    let latin = latin.filter(|inner| inner.len() >= 5);
    let chinese = parts.iter().flat_map(|part| part.char_indices().map(move |(at, _)| part[at..].to_owned()));
    let chinese = chinese.filter(|inner| inner.chars().count() >= 2 && inner.chars().all(is_han));
    // `reply_to_consumer` is a reply.
    let before = parts.iter().position(|word| matches!(word.as_str(), "to" | "of" | "for")).unwrap_or(0);
    let latin = latin.chain(spellings(&parts[..before]).into_iter().filter(|inner| inner.len() >= 5));
    // What is asked stands in front: `是否扬言极端行为`.
    let asked = parts.first().filter(|part| part.starts_with("是否")).into_iter();
    let asked = asked.flat_map(|part| part.char_indices().map(|(at, c)| part[..at + c.len_utf8()].to_owned()));
    let asked = asked.filter(|start| known(start).iter().any(|what| what.starts_with("facts.flags.")));
    let inside =
        latin.chain(chinese).chain(asked).filter_map(|inner| Some((inner.chars().count(), known(&inner).first()?)));
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
            ("BCategoryName", "class.name", How::Partly),
            ("cause.id", "class.code", How::Wholly),
            ("occur.time", "facts.occurred_at", How::Wholly),
            ("bllx.mc", "class.name", How::Nearly),
            ("acpt_tm", "registered", How::Nearly),
            ("xinfangxingshi.daima", "facts.form", How::Wholly),
            ("wptjzz", "facts.suggested_unit", How::Nearly),
            ("urgeWoNo", "urge", How::Nearly),
            ("上封信件编号", "related", How::Nearly),
            ("chuciyuanjianbianhao", "related", How::Nearly),
            ("是否扬言极端行为", "facts.flags.threat", How::Partly),
            ("reply_to_consumer", "content.reply", How::Partly),
            ("attachments[].file_path", "facts.evidence", How::Wholly),
            ("LAST_UPDATE_TIME", "updated", How::Wholly),
        ];
        for (name, what, how) in cases {
            let found = meaning(name);
            assert_eq!(found.map(|m| (m.what, m.how)), Some((what, how)), "{name}: {found:?}");
        }
        assert_eq!(meaning("qx7"), None);
        for nothing in ["attachments[].name", "attachments[].upload_user_id", "其中农民工人数", "被反映对象职务"]
        {
            assert_eq!(meaning(nothing), None, "{nothing}");
        }
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
        assert_eq!(role("partyB[].realName"), Some(PersonRole::Respondent));
        assert_eq!(role("受害人信息.姓名"), Some(PersonRole::Reporter));
    }

    #[test]
    fn a_person_nobody_knows_is_a_stranger() {
        for strangers in [
            "NextOperatorMobile",
            "answerTel",
            "FUNC_DEPART_TEL",
            "物业电话",
            "FLYJXM",
            "sbrdh",
            "taskPhone",
            "工单电话",
        ] {
            assert!(is_strangers(strangers), "{strangers}");
        }
        for told in [
            "lxdh",
            "phoneNo",
            "caseContactPhone",
            "linkTel",
            "custNm",
            "来电人电话/账号",
            "contact_person",
            "xfr[].xm",
            "zd3",
        ] {
            assert!(!is_strangers(told), "{told}");
        }
    }
}
