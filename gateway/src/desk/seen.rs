//! By what a record or a command is recognised when it comes again: digests of what it says, and of who speaks. Another
//! person under the same number is another matter, so a person is compared only by what is surely theirs, in one spelling:
//! what is masked, half a name or mistyped has no digest.

use huiliu_schemas::command::Command;
use huiliu_schemas::content::{Content, Person, PersonRole};
use huiliu_schemas::event::SourceSeen;
use huiliu_schemas::private::Private;
use huiliu_schemas::submission::{Facts, Intent, Submission};

use crate::vault::MasterKey;
use crate::words::{Contact, half_width};

/// Of a joint petition, so many digests of those who speak: the smallest, so that two lists with much in common share some
/// whatever their order.
const MOST_SPEAKERS: usize = 32;

/// The digests of a record.
pub(super) fn seen(submission: &Submission, master: &MasterKey) -> SourceSeen {
    let content = &submission.content;
    // Who urges may be told otherwise each time; it is the same urge.
    let persons = if submission.intent == Intent::Urge { Vec::new() } else { content.persons.clone() };
    let words = Content { reply: None, persons, ..content.clone() };
    let facts = Facts { unknown_codes: Default::default(), ..submission.facts.clone() };
    let matter = serde_json::to_string(&(&facts, &words, &submission.aliases)).unwrap_or_default();
    let state = submission.upstream.as_ref().map(|u| u.state);
    let reporter = content.reporter().map(|person| Digests::of(person, master)).unwrap_or_default();
    SourceSeen {
        source: submission.source.clone(),
        order: submission.version,
        matter_digest: master.digest("matter", &matter),
        answer_digest: reply_digest(master, content).or_else(|| state.map(|s| master.digest("state", s.as_str()))),
        registered_on: submission.registered_on,
        identity_digest: reporter.identity,
        name_digest: reporter.name,
        phone_digest: reporter.phone,
        joint_digests: joint_digests(content, master),
        follow_up: submission.intent == Intent::Urge,
        state,
        assessment: submission.assessment,
        view_digest: None,
    }
}

/// The digest of a command and its words. It is compared for ever: a field that is added to either must stay out of its
/// JSON where it is not given.
pub fn command_digest(master: &MasterKey, command: &Command, content: &Content) -> String {
    master.digest("command", &serde_json::to_string(&(command, content)).unwrap_or_default())
}

/// The digest of an answer's words: the same for what we tell a source and for what it later shows.
pub fn reply_digest(master: &MasterKey, content: &Content) -> Option<String> {
    content.reply.as_ref().map(|reply| master.digest("reply", reply.expose().trim()))
}

#[derive(Default)]
struct Digests {
    identity: Option<String>,
    name: Option<String>,
    phone: Option<String>,
}

impl Digests {
    fn of(person: &Person, master: &MasterKey) -> Self {
        let digest = |purpose: &str, value: &Option<Private>, read: fn(&str) -> Option<String>| {
            value.as_ref().and_then(|v| read(v.expose())).map(|plain| master.digest(purpose, &plain))
        };
        Self {
            identity: digest("identity", &person.id_number, identity),
            name: digest("name", &person.name, name),
            phone: digest("phone", &person.phone, phone),
        }
    }
}

/// Of everyone who speaks, where more than one does: who stands first among them may change.
fn joint_digests(content: &Content, master: &MasterKey) -> Vec<String> {
    let speaks = |person: &&Person| person.role != PersonRole::Respondent;
    let speakers: Vec<&Person> = content.persons.iter().filter(speaks).collect();
    if speakers.len() < 2 {
        return Vec::new();
    }
    let digests = speakers.into_iter().map(|person| Digests::of(person, master));
    let mut all: Vec<String> = digests.flat_map(|d| [d.identity, d.name, d.phone]).flatten().collect();
    all.sort_unstable();
    all.dedup();
    all.truncate(MOST_SPEAKERS);
    all
}

fn identity(text: &str) -> Option<String> {
    let plain: String = plain(text)?.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect();
    match Contact::read(&plain) {
        Some(contact) if contact.is_telephone() => None,
        Some(card) => card.is_sound().then(|| card.normal().to_owned()),
        None => is_document(&plain).then_some(plain),
    }
}

/// Of another kind than those that are known: with digits enough, and no row of the same that stands for none.
fn is_document(plain: &str) -> bool {
    let digits: Vec<char> = plain.chars().filter(char::is_ascii_digit).collect();
    digits.len() >= 6 && digits.iter().any(|d| *d != digits[0]) && !matches!(plain.len(), 15 | 18)
}

/// A whole name: no surname with a title, and nobody's name that stands for one.
fn name(text: &str) -> Option<String> {
    const TITLES: [&str; 10] = ["先生", "女士", "小姐", "同志", "师傅", "老师", "阿姨", "大爷", "大叔", "某"];
    const NOBODY: [&str; 8] = ["某", "匿名", "保密", "不详", "未知", "市民", "群众", "网友"];
    let plain: String = plain(text)?.chars().filter(|c| c.is_alphanumeric()).collect();
    let is_whole = plain.chars().count() >= 2
        && !TITLES.iter().any(|title| plain.ends_with(title))
        && !NOBODY.iter().any(|word| plain.contains(word));
    is_whole.then_some(plain)
}

fn phone(text: &str) -> Option<String> {
    let contact = Contact::read(&plain(text)?).filter(Contact::is_telephone)?;
    Some(contact.normal().to_owned())
}

/// Half width, lower case; nothing where part of it is masked.
fn plain(text: &str) -> Option<String> {
    let plain: String = text.trim().chars().map(half_width).collect();
    let masked = plain.contains(['*', '#', '?', '×', '✕', '●', '•', '○', '■', '□', '…', '█']) || plain.contains("xx");
    (!masked).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use huiliu_schemas::SourceId;

    #[test]
    fn a_person_has_one_spelling() {
        type Read = fn(&str) -> Option<String>;
        let same: [(Read, &[&str]); 5] = [
            (
                identity,
                &[
                    "11010519491231002x",
                    "11010519491231002X",
                    "１１０１０５１９４９１２３１００２Ｘ",
                    "110105491231002",
                ],
            ),
            (identity, &["H1234567890", "h 1234567890"]),
            (phone, &["13900001234", "139 0000 1234", "+86-139-0000-1234", "１３９００００１２３４"]),
            (phone, &["0574-87654321", "87654321", "(0574)87654321"]),
            (name, &["王示例", " 王 示例", "王示例　"]),
        ];
        for (read, spellings) in same {
            let first = read(spellings[0]);
            assert!(first.is_some(), "{}", spellings[0]);
            spellings.iter().for_each(|text| assert_eq!(read(text), first, "{text}"));
        }
    }

    #[test]
    fn what_is_not_surely_somebodys_has_no_digest() {
        for text in [
            "1101051949****002X",
            "11010519491231xxxx",
            "110105194912310021",
            "000000000000000000",
            "无",
            "13900001234",
        ] {
            assert_eq!(identity(text), None, "{text}");
        }
        for text in ["139****1234", "139＊＊＊＊1234", "139xxxx1234", "13900001234/13900001235", "12345", "不详"]
        {
            assert_eq!(phone(text), None, "{text}");
        }
        for text in ["王**", "王＊例", "王xx", "王某", "王某某", "王先生", "匿名市民", "王", "王×例"]
        {
            assert_eq!(name(text), None, "{text}");
        }
    }

    #[test]
    fn the_order_of_a_joint_petition_is_nothing() {
        let master = MasterKey::parse(&"07".repeat(32)).expect("a key");
        let person = |n: usize| Person {
            name: Some(format!("王示例{n}").into()),
            phone: Some(format!("1390000{n:04}").into()),
            ..Person::new(if n == 0 { PersonRole::Reporter } else { PersonRole::Joint })
        };
        let digests = |persons: Vec<Person>| {
            let content = Content { persons, ..Content::default() };
            let source = SourceId::read("petition:1").expect("a number");
            seen(&Submission { content, ..Submission::of(source) }, &master).joint_digests
        };
        let all: Vec<Person> = (0..300).map(person).collect();
        let backwards: Vec<Person> = all.iter().rev().cloned().collect();
        let one_more: Vec<Person> = (0..301).map(person).collect();
        let kept = digests(all);
        assert_eq!(kept.len(), MOST_SPEAKERS);
        assert_eq!(kept, digests(backwards));
        assert!(digests(one_more).iter().filter(|d| kept.contains(d)).count() >= MOST_SPEAKERS - 2);
        assert!(digests(vec![person(0)]).is_empty());
    }
}
