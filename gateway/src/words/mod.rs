//! The words of a case that may be searched, and how they are compared. Pure: a case's facts and content go in, folded
//! texts, contacts and tokens come out. What may be searched is decided here and nowhere else (decision 23): titles,
//! texts, demands, addresses, place names and the source's class; telephone and identity numbers by keyed digest only;
//! names of persons not at all. Likewise how who is hidden is taken out of words that are shown ([`Hidden`]).

mod contact;
mod fold;
mod hide;
mod home;
mod token;

use huiliu_schemas::content::{Content, Person, PersonRole};
use huiliu_schemas::private::Private;
use huiliu_schemas::submission::Facts;

pub use contact::Contact;
pub use fold::{fold, half_width, pieces};
pub use hide::Hidden;
pub use token::{IndexKey, Token, of_words};

use fold::{GAP, numbers_in, without_numbers};

/// What is indexed of one text. Nobody writes so much; who does is found by the beginning.
const MOST_CHARS: usize = 20_000;

/// Where something stands in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// 标题.
    Title,
    /// 主要内容.
    Text,
    /// 诉求.
    Demand,
    /// 发生地址.
    Address,
    /// A place as the source names it.
    PlaceName,
    /// The source's own class.
    SourceClass,
    /// A person's telephone or identity document.
    Person(PersonRole),
}

impl Place {
    /// The word as it stands in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Text => "text",
            Self::Demand => "demand",
            Self::Address => "address",
            Self::PlaceName => "place",
            Self::SourceClass => "source_class",
            Self::Person(role) => role.as_str(),
        }
    }

    /// The word as people say it.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Title => "标题",
            Self::Text => "内容",
            Self::Demand => "诉求",
            Self::Address => "地址",
            Self::PlaceName => "地点",
            Self::SourceClass => "来源分类",
            Self::Person(role) => role.chinese(),
        }
    }
}

/// What may be searched of a case.
#[derive(Default)]
pub struct Searchable {
    /// Folded texts, without long numbers and without the names of the case's persons.
    texts: Vec<(Place, String)>,
    contacts: Vec<(Place, Contact)>,
}

impl Searchable {
    /// Of a case with these facts and words. Where who spoke is hidden, only the contacts of those spoken against count,
    /// and no number in a text: it may be the reporter's.
    pub fn of(facts: &Facts, told: &Content, hides_reporter: bool) -> Self {
        let mut found = Self::default();
        let names = folded_names(&told.persons);
        let class = facts.source_class.as_ref().and_then(|class| class.name.as_deref());
        let said = [
            (Place::Title, &told.title),
            (Place::Text, &told.text),
            (Place::Demand, &told.demand),
            (Place::Address, &told.address),
        ];
        for (place, text) in said {
            let Some(text) = text.as_ref().map(Private::expose) else { continue };
            found.read(place, text, &names, hides_reporter);
        }
        for name in &facts.place_names {
            found.read(Place::PlaceName, name, &names, hides_reporter);
        }
        if let Some(class) = class {
            found.read(Place::SourceClass, class, &names, hides_reporter);
        }
        let shown = |person: &&Person| !hides_reporter || person.role == PersonRole::Respondent;
        for person in told.persons.iter().filter(shown) {
            let given = [&person.phone, &person.id_number].into_iter().flatten();
            let contacts = given.flat_map(|given| Contact::all_in(given.expose()));
            found.contacts.extend(contacts.map(|contact| (Place::Person(person.role), contact)));
        }
        found
    }

    fn read(&mut self, place: Place, text: &str, names: &[String], hides_reporter: bool) {
        let plain: Vec<char> = text.chars().take(MOST_CHARS).map(half_width).collect();
        let numbers = numbers_in(&plain);
        if !hides_reporter {
            let contacts = numbers.iter().flat_map(|number| Contact::all_in_number(&plain[number.clone()]));
            self.contacts.extend(contacts.map(|contact| (place, contact)));
        }
        let mut folded = without_numbers(&plain, &numbers);
        for name in names {
            folded = folded.replace(name.as_str(), &GAP.to_string());
        }
        self.texts.push((place, folded));
    }

    /// Where a folded word stands.
    pub fn places_of<'a>(&'a self, word: &'a str) -> impl Iterator<Item = Place> + 'a {
        self.texts.iter().filter(move |(_, text)| text.contains(word)).map(|(place, _)| *place)
    }

    /// Where a telephone or identity number stands.
    pub fn places_of_contact<'a>(&'a self, contact: &'a Contact) -> impl Iterator<Item = Place> + 'a {
        self.contacts.iter().filter(move |(_, known)| known.is(contact)).map(|(place, _)| *place)
    }

    /// Everything by which the case is found, each once, in order.
    pub fn tokens(&self, key: &IndexKey) -> Vec<Token> {
        let words = self.texts.iter().flat_map(|(place, text)| {
            let anywhere = of_words(text, false);
            let in_title = (*place == Place::Title).then(|| of_words(text, true));
            anywhere.chain(in_title.into_iter().flatten())
        });
        let contacts = self.contacts.iter().map(|(_, contact)| key.token(contact));
        let mut tokens: Vec<Token> = words.chain(contacts).collect();
        tokens.sort_unstable();
        tokens.dedup();
        tokens
    }
}

/// One character is no name: leaving it out of every text would leave holes everywhere.
fn folded_names(persons: &[Person]) -> Vec<String> {
    let fields = persons.iter().filter_map(|person| person.name.as_ref()).map(Private::expose);
    let names = fields.flat_map(|field| std::iter::once(field.to_owned()).chain(hide::names_of(field)));
    names.map(|name| fold(&name)).filter(|name| name.chars().count() >= 2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> Content {
        let mut person = Person::new(PersonRole::Reporter);
        person.name = Some("欧阳青禾".into());
        person.phone = Some("０５７４－８７６５４３２１，139 0000 1234".into());
        person.id_number = Some("330205880706543".into());
        let mut respondent = Person::new(PersonRole::Respondent);
        respondent.phone = Some("+86 138-0000-0000".into());
        Content {
            title: Some("路灯不亮".into()),
            text: Some("欧阳青禾反映，示范路18号的路\n灯坏了，请回电13700007777。".into()),
            persons: vec![person, respondent],
            ..Content::default()
        }
    }

    fn places(found: &Searchable, word: &str) -> Vec<&'static str> {
        found.places_of(&fold(word)).map(Place::as_str).collect()
    }

    fn contact_places(found: &Searchable, number: &str) -> Vec<&'static str> {
        let contact = Contact::read(number).expect("a contact");
        found.places_of_contact(&contact).map(Place::as_str).collect()
    }

    #[test]
    fn words_are_found_where_they_stand_and_names_and_numbers_are_not_words() {
        let found = Searchable::of(&Facts::default(), &told(), false);
        assert_eq!(places(&found, "路灯"), ["title", "text"]);
        assert_eq!(places(&found, "示范路１８号"), ["text"]);
        for hidden in ["欧阳青禾", "青禾", "1370", "7777", "13700007777"] {
            assert!(places(&found, hidden).is_empty(), "{hidden}");
        }
    }

    #[test]
    fn contacts_are_found_in_any_spelling() {
        let found = Searchable::of(&Facts::default(), &told(), false);
        for spelling in ["13900001234", "+86 139-0000-1234", "0086１３９００００１２３４"] {
            assert_eq!(contact_places(&found, spelling), ["reporter"], "{spelling}");
        }
        for spelling in ["87654321", "0574 8765 4321", "(0574)87654321"] {
            assert_eq!(contact_places(&found, spelling), ["reporter"], "{spelling}");
        }
        assert!(contact_places(&found, "0571-87654321").is_empty(), "another town's");
        assert_eq!(contact_places(&found, "330205198807065432"), [""; 0]);
        assert_eq!(contact_places(&found, "330205880706543"), ["reporter"]);
        let modern = Contact::read("330205880706543").expect("a number").normal().to_lowercase();
        assert_eq!((modern.len(), contact_places(&found, &modern)), (18, vec!["reporter"]));
        assert_eq!(contact_places(&found, "13700007777"), ["text"]);
    }

    #[test]
    fn where_who_spoke_is_hidden_only_the_accused_are_found_by_number() {
        let found = Searchable::of(&Facts::default(), &told(), true);
        assert!(contact_places(&found, "13900001234").is_empty());
        assert!(contact_places(&found, "13700007777").is_empty());
        assert_eq!(contact_places(&found, "13800000000"), ["respondent"]);
        assert_eq!(places(&found, "路灯"), ["title", "text"]);
        assert!(places(&found, "欧阳青禾").is_empty());
    }
}
