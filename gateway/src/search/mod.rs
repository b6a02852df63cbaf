//! Search: one question as an operator types it, one answer. Names of cases are looked up in clear. Words, telephone and
//! identity numbers are looked up in the sealed index, which says where they may be; then each case is opened and looked
//! into, so that an answer is true of the case as it stands, with what its asker may see of it. What was opened is not
//! shown: the answer says in which field a word stands, never what stands beside it.

mod question;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use huiliu_schemas::CaseId;
use huiliu_schemas::ids::SourceId;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use crate::doors::shares::{Hand, Turn};
use crate::ledger::{Ledger, LedgerError};
use crate::queues::Shown;
use crate::readmodel::{CaseRow, ReadHandle, ReadModelError};
use crate::words::{Place, Searchable, Token, of_words};

pub use question::{Question, Unaskable};

/// How many questions are worked on at once; others wait.
const AT_ONCE: usize = 4;
/// How long a question may walk through the index.
const READING: Duration = Duration::from_secs(10);
/// How many cases are opened for one page. What was not looked into is said, and the next page goes on there.
const MOST_OPENED: usize = 500;
const OPENED_AT_ONCE: usize = 16;
/// How long one waits for its turn, and then cases are opened for one page.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum SearchError {
    /// The question is none.
    #[error(transparent)]
    Unaskable(#[from] Unaskable),
    /// The read model cannot answer.
    #[error(transparent)]
    Read(#[from] ReadModelError),
    /// A case does not open.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Others are worked on.
    #[error("too much is searched for at once: nothing was looked for, ask again later")]
    Busy,
    /// The engine is away.
    #[error("the engine does not answer")]
    Away,
}

/// A page of the answer.
#[derive(Debug)]
pub struct Found {
    /// True of the index as of this sequence of the log.
    pub as_of: u64,
    /// Best first: names, then words that all stand in the title, then the others; the newest first among equals.
    pub hits: Vec<Hit>,
    /// Where to go on, if there may be more.
    pub next: Option<Mark>,
    /// Whether it says something of what is sealed, and not of names only.
    pub of_content: bool,
    /// How many cases were opened for it.
    pub opened: usize,
    /// The page ends early, because too many had to be opened, or it took too long.
    pub capped: bool,
}

/// A case that was found.
#[derive(Debug)]
pub struct Hit {
    /// The case.
    pub case: CaseRow,
    /// Why.
    pub why: Vec<Why>,
}

/// Why a case was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It is its number or id.
    Number,
    /// It is a source's number of it.
    SourceNumber(SourceId),
    /// A telephone number stands there.
    Telephone(Vec<Place>),
    /// An identity number stands there.
    Identity(Vec<Place>),
    /// All words stand there.
    Words(Vec<Place>),
}

/// Where a page ended. Opaque: the next begins behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    tier: Tier,
    below: i64,
}

/// How good a hit of content is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tier {
    Title,
    Anywhere,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tier = match self.tier {
            Tier::Title => 't',
            Tier::Anywhere => 'a',
        };
        write!(f, "{tier}{}", self.below)
    }
}

impl FromStr for Mark {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (tier, below) = text.split_at_checked(1).ok_or(())?;
        let tier = match tier {
            "t" => Tier::Title,
            "a" => Tier::Anywhere,
            _ => return Err(()),
        };
        Ok(Self { tier, below: below.parse().map_err(|_| ())? })
    }
}

/// Finds cases.
#[derive(Clone)]
pub struct Search {
    reads: ReadHandle,
    ledger: Ledger,
    turns: Arc<Semaphore>,
}

impl Search {
    /// A search over the read model and the log.
    pub fn new(reads: ReadHandle, ledger: Ledger) -> Self {
        Self { reads: reads.within(READING), ledger, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// A page of what a question finds, when it is its asker's own turn.
    ///
    /// # Errors
    /// Where nothing can be looked for, or the read model or the engine does not answer.
    pub async fn answer(
        &self,
        own: Turn,
        asked: Question,
        after: Option<Mark>,
        limit: usize,
    ) -> Result<Found, SearchError> {
        let begun = timeout(PATIENCE, Asking::begin(asked, own, &self.turns)).await.map_err(|_| SearchError::Busy)?;
        let asking = begun.ok_or(ReadModelError::CutOff)?;
        let asked = &asking.question;
        let until = Instant::now() + PATIENCE;
        let mut page = Page::new(asking.ask(&self.reads, |_, reads| reads.position()).await?, limit, until);
        let hits = asking.ask(&self.reads, names).await?;
        if let Some(unaskable) = asked.unaskable().filter(|_| hits.is_empty()) {
            return Err(unaskable.into());
        }
        let named = hits.iter().map(|hit| hit.case.id).collect::<Vec<_>>();
        if after.is_none() {
            page.hits = hits;
        }
        // Whoever knows the case's name does not look for a text that has the name in it.
        if !page.hits.is_empty() && asked.contacts.is_empty() || !asked.is_of_content() {
            return Ok(page.into());
        }
        page.of_content = true;
        let tiers = asked.tiers(after);
        // Names alone may fill the page: the next begins with the first case then.
        page.end = after.or_else(|| tiers.first().map(|tier| Mark { tier: *tier, below: i64::MAX }));
        for tier in tiers {
            let below = after.filter(|mark| mark.tier == tier).map(|mark| mark.below);
            if !self.look(&asking, tier, below, &named, &mut page).await? {
                break;
            }
        }
        Ok(page.into())
    }

    /// Looks through a tier; `false` where the page is full.
    async fn look(
        &self,
        asking: &Arc<Asking>,
        tier: Tier,
        below: Option<i64>,
        named: &[CaseId],
        page: &mut Page,
    ) -> Result<bool, SearchError> {
        let places =
            asking.ask(&self.reads, move |asked, reads| reads.cases_with(&tokens(asked, tier, reads), below)).await?;
        for some in places.chunks(OPENED_AT_ONCE) {
            let some = some.to_vec();
            let cases = asking.ask(&self.reads, move |_, reads| reads.cases_at(&some)).await?;
            let opening = cases.into_iter().map(|(below, case)| async move {
                let why = self.verify(&asking.question, tier, case.id).await?;
                Ok::<_, SearchError>((below, case, why))
            });
            let mut opening = stream::iter(opening).buffered(OPENED_AT_ONCE);
            loop {
                let Ok(next) = timeout_at(page.until, opening.next()).await else { return page.late() };
                let Some(opened) = next else { break };
                if page.is_full() {
                    return Ok(false);
                }
                let (below, case, why) = opened?;
                page.opened += 1;
                page.end = Some(Mark { tier, below });
                if !why.is_empty() && !named.contains(&case.id) {
                    page.hits.push(Hit { case, why });
                }
            }
        }
        Ok(true)
    }

    /// Why a case is a hit of this tier, from the case as it stands; empty where it is none.
    async fn verify(&self, asked: &Question, tier: Tier, id: CaseId) -> Result<Vec<Why>, SearchError> {
        let opened = match self.ledger.open_case(id).await {
            // One case that does not read must not hide all the others.
            Err(error) if error.is_of_case() => {
                tracing::error!(case = %id, "case {id} cannot be searched: {error}");
                None
            }
            opened => opened?,
        };
        let Some(opened) = opened else { return Ok(Vec::new()) };
        let case = &opened.loaded.case;
        // Who spoke is no more to be found than to be seen, by whatever it is told.
        let shown = Shown::of(&opened).of_content(&opened.told);
        let searchable = Searchable::of(&case.facts, &shown, case.hides_reporter());
        Ok(reasons(asked, tier, &searchable))
    }
}

/// A question whose turn it is, for as long as anything is done about it, whether or not anybody waits for it.
struct Asking {
    question: Question,
    _own: Hand,
    _turn: OwnedSemaphorePermit,
}

impl Asking {
    /// Begins when it is the question's turn: among its asker's first, then among all.
    async fn begin(question: Question, own: Turn, turns: &Arc<Semaphore>) -> Option<Arc<Self>> {
        let own = own.come().await.ok()?;
        let turn = turns.clone().acquire_owned().await.ok()?;
        Some(Arc::new(Self { question, _own: own, _turn: turn }))
    }

    /// Asks the read model, which keeps the turn until it has answered.
    async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        reads: &ReadHandle,
        question: impl FnOnce(&Question, &ReadHandle) -> Result<T, ReadModelError> + Send + 'static,
    ) -> Result<T, SearchError> {
        let asking = self.clone();
        Ok(reads.aside(move |reads| question(&asking.question, reads)).await?)
    }
}

impl Question {
    /// Which tiers to look through from a mark on. A number has no title to stand in.
    fn tiers(&self, after: Option<Mark>) -> Vec<Tier> {
        let only_anywhere = !self.contacts.is_empty() || after.is_some_and(|mark| mark.tier == Tier::Anywhere);
        if only_anywhere { vec![Tier::Anywhere] } else { vec![Tier::Title, Tier::Anywhere] }
    }
}

/// A page being filled.
struct Page {
    as_of: u64,
    hits: Vec<Hit>,
    limit: usize,
    of_content: bool,
    opened: usize,
    /// The last case looked into, or where to begin.
    end: Option<Mark>,
    full: bool,
    until: Instant,
}

impl Page {
    fn new(as_of: u64, limit: usize, until: Instant) -> Self {
        Self { as_of, hits: Vec::new(), limit, of_content: false, opened: 0, end: None, full: false, until }
    }

    /// Asked before the next case is looked into: there is one.
    fn is_full(&mut self) -> bool {
        self.full = self.hits.len() >= self.limit || self.opened >= MOST_OPENED;
        self.full
    }

    /// It took too long: the page ends with the case looked into last, if there was any.
    fn late(&mut self) -> Result<bool, SearchError> {
        self.full = self.opened > 0;
        if self.full { Ok(false) } else { Err(SearchError::Away) }
    }
}

impl From<Page> for Found {
    fn from(page: Page) -> Self {
        Self {
            as_of: page.as_of,
            next: page.end.filter(|_| page.full),
            of_content: page.of_content,
            opened: page.opened,
            capped: page.full && page.hits.len() < page.limit,
            hits: page.hits,
        }
    }
}

/// Cases that have this name.
fn names(asked: &Question, reads: &ReadHandle) -> Result<Vec<Hit>, ReadModelError> {
    let mut found: Vec<(CaseId, Why)> = Vec::new();
    found.extend(asked.id.map(|id| (id, Why::Number)));
    if let Some(number) = &asked.number {
        found.extend(reads.case_by_number(number)?.map(|id| (id, Why::Number)));
    }
    if let Some(source) = &asked.source {
        found.extend(reads.case_by_source(source)?.map(|id| (id, Why::SourceNumber(source.clone()))));
    }
    let by_source = reads.cases_by_source_number(&asked.spellings)?;
    found.extend(by_source.into_iter().map(|(source, id)| (id, Why::SourceNumber(source))));
    let mut hits: Vec<Hit> = Vec::new();
    for (id, why) in found {
        match hits.iter_mut().find(|hit| hit.case.id == id) {
            Some(hit) => hit.why.push(why),
            None => hits.extend(reads.case_row(id)?.map(|case| Hit { case, why: vec![why] })),
        }
    }
    Ok(hits)
}

fn tokens(asked: &Question, tier: Tier, reads: &ReadHandle) -> Vec<Token> {
    let words = asked.indexed().flat_map(|word| of_words(word, tier == Tier::Title));
    let contacts = asked.contacts.iter().map(|contact| reads.index_key().token(contact));
    words.chain(contacts).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Why a case is a hit of this tier and of no better one.
fn reasons(asked: &Question, tier: Tier, searchable: &Searchable) -> Vec<Why> {
    let words: Vec<BTreeSet<Place>> = asked.words.iter().map(|word| searchable.places_of(word).collect()).collect();
    let contacts: Vec<BTreeSet<Place>> =
        asked.contacts.iter().map(|contact| searchable.places_of_contact(contact).collect()).collect();
    let in_title = asked.contacts.is_empty() && words.iter().all(|places| places.contains(&Place::Title));
    if words.iter().chain(&contacts).any(BTreeSet::is_empty) || in_title != (tier == Tier::Title) {
        return Vec::new();
    }
    let mut why: Vec<Why> = asked
        .contacts
        .iter()
        .zip(contacts)
        .map(|(contact, places)| {
            let places = places.into_iter().collect();
            if contact.is_telephone() { Why::Telephone(places) } else { Why::Identity(places) }
        })
        .collect();
    let places: BTreeSet<Place> = words.into_iter().flatten().collect();
    if !places.is_empty() {
        why.push(Why::Words(places.into_iter().collect()));
    }
    why
}

impl From<SearchError> for crate::problem::Problem {
    fn from(error: SearchError) -> Self {
        use crate::problem::Kind;
        let detail = error.to_string();
        match error {
            SearchError::Unaskable(_) => Self::new(Kind::InvalidField, format!("`q`: {detail}")),
            SearchError::Read(error) => error.into(),
            SearchError::Ledger(error) => error.into(),
            SearchError::Busy | SearchError::Away => Self::new(Kind::Unavailable, detail).retry_after(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_util::FutureExt as _;
    use huiliu_schemas::content::Content;
    use huiliu_schemas::submission::Facts;

    use super::*;
    use crate::doors::principal::Principal;
    use crate::doors::shares::Shares;
    use crate::readmodel::ReadModel;
    use crate::readmodel::tests::world::{Folder, World};

    #[tokio::test]
    async fn who_hangs_up_has_no_more_searches_than_his_own() {
        let folder = Folder::new();
        let model = ReadModel::open(folder.file(), World::default().indexing()).expect("open");
        let (reads, shares, turns) = (model.reader(), Shares::default(), Arc::new(Semaphore::new(AT_ONCE)));
        let desk = Principal::Operator("desk".parse().expect("a name"));
        let begin = || {
            let own = shares.search(&desk).expect("room");
            Box::pin(Asking::begin(Question::read("路灯").expect("askable"), own, &turns))
        };
        let first = begin().await.expect("its turn");
        let _second = begin().await.expect("its turn");
        let (begun, begins) = tokio::sync::oneshot::channel();
        let (ends, end) = mpsc::channel::<()>();
        let asking = tokio::spawn(async move {
            let looks = move |_: &Question, _: &ReadHandle| {
                begun.send(()).expect("somebody looks");
                end.recv().map_err(|_| ReadModelError::Closed)
            };
            first.ask(&reads, looks).await
        });
        begins.await.expect("it begins");
        asking.abort();
        assert!(asking.await.expect_err("given up").is_cancelled());
        let mut third = begin();
        assert!(third.as_mut().now_or_never().is_none(), "the first is still worked on");
        ends.send(()).expect("it still runs");
        assert!(third.await.is_some());
    }

    fn case(title: &str, text: &str) -> Searchable {
        let content = Content { title: Some(title.into()), text: Some(text.into()), ..Content::default() };
        Searchable::of(&Facts::default(), &content, false)
    }

    fn why(typed: &str, tier: Tier, case: &Searchable) -> Vec<Why> {
        reasons(&Question::read(typed).expect("askable"), tier, case)
    }

    #[test]
    fn a_case_is_a_hit_of_one_tier_only() {
        let found = case("小区路灯不亮", "示范路18号门口，电话13900001234。");
        assert_eq!(why("路灯", Tier::Title, &found), [Why::Words(vec![Place::Title])]);
        assert!(why("路灯", Tier::Anywhere, &found).is_empty());
        assert!(why("路灯 示范路", Tier::Title, &found).is_empty());
        assert_eq!(why("路灯 示范路", Tier::Anywhere, &found), [Why::Words(vec![Place::Title, Place::Text])]);
        let both = why("路灯 13900001234", Tier::Anywhere, &found);
        assert_eq!(both, [Why::Telephone(vec![Place::Text]), Why::Words(vec![Place::Title])]);
    }

    #[test]
    fn pairs_that_stand_apart_are_no_word() {
        let apart = case("小区路", "路灯，灯不亮");
        assert!(why("路灯不亮", Tier::Anywhere, &apart).is_empty());
        assert!(why("路灯 坏", Tier::Anywhere, &apart).is_empty(), "the short word is required too");
    }

    #[test]
    fn a_page_that_takes_too_long_ends_where_it_is() {
        let mut page = Page::new(1, 20, Instant::now());
        assert!(matches!(page.late(), Err(SearchError::Away)), "there is nothing to go on from");
        let end = Mark { tier: Tier::Anywhere, below: 7 };
        (page.opened, page.end) = (3, Some(end));
        assert!(matches!(page.late(), Ok(false)));
        let found = Found::from(page);
        assert_eq!((found.capped, found.next), (true, Some(end)));
    }

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        for mark in [Mark { tier: Tier::Title, below: 7 }, Mark { tier: Tier::Anywhere, below: i64::MAX }] {
            assert_eq!(mark.to_string().parse(), Ok(mark));
        }
        for wrong in ["", "7", "x7", "t", "路7"] {
            assert_eq!(wrong.parse::<Mark>(), Err(()), "{wrong}");
        }
    }
}
