//! What a source's record does to a case: begins it, adds to it, or turns out to be nothing new.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Decided, Draft, NothingNew, for_a_person, no_such_case, refusal, still_accusing, to_triage};
use crate::case::{Case, Late};
use crate::command::Submit;
use crate::decision::{Decision, TriageReason, Verdict};
use crate::event::{Actor, AnswerDelivered, EventBody, MOST_EVENTS, Registered, SourceSeen, Supplemented};
use crate::ids::{CaseId, CaseNumber, DepartmentId, SourceId};
use crate::refusal::{Refusal, RefusalCode};
use crate::submission::{Assessment, Facts, Intent, Session, Submission, Upstream};
use crate::vocabulary::{Assessor, EntryKind, LinkKind, Stage, UpstreamState};

/// What becomes of a record whose numbers no case has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// A case that goes where the rules say.
    Routed,
    /// A case that is over.
    Recorded,
    /// No case.
    Notice,
}

/// What becomes of a record whose numbers no case has; `history`: it is from before the first connection.
///
/// # Errors
/// Where it speaks of a case that must be there, or says too little to begin one.
pub fn beginning(submission: &Submission, history: bool) -> Result<Beginning, Refusal> {
    match submission.intent {
        Intent::Assess => Err(no_such_case()),
        _ if !submission.lacks.is_empty() => {
            let detail =
                format!("no case has its number, and of {} it has nothing to begin one", submission.lacks.join(", "));
            Err(Refusal { detail, ..no_such_case() })
        }
        Intent::Notice => Ok(Beginning::Notice),
        Intent::Withdraw => Ok(Beginning::Recorded),
        _ if history || is_over(submission) => Ok(Beginning::Recorded),
        _ => Ok(Beginning::Routed),
    }
}

/// A source speaks of a case for the first time.
pub(super) fn register(mut draft: Draft<'_>, submit: &Submit) -> Result<Decided, Refusal> {
    let submission = &submit.submission;
    let beginning = beginning(submission, submit.history)?;
    if beginning == Beginning::Notice {
        return Ok(Decided::Nothing(NothingNew::Notice));
    }
    draft.push(EventBody::Registered(Box::new(Registered {
        number: CaseNumber::of(draft.id),
        channel: submit.channel.clone(),
        weak_identity: false,
        seen: submit.seen.clone(),
        aliases: submission.aliases.clone(),
        related: submission.related.clone(),
        facts: submission.facts.clone(),
    })));
    if beginning == Beginning::Recorded {
        draft.push(EventBody::Recorded {});
    } else {
        draft.warn(None, submission.facts.urgency, Vec::new());
        draft.route()?;
    }
    // A session may be told of before its case: the case then begins with what little is known.
    if let Some(session) = &submission.session {
        let session = told_session(session, None, submit);
        draft.push(EventBody::MediationHeld { session, accused: Vec::new() });
    }
    if let Some(assessment) = submission.assessment {
        // Whom it accuses, the decision says.
        draft.push(EventBody::Assessed { by: Assessor::Citizen, assessment, seen: None, accused: Vec::new() });
    }
    // A number of its own and one of another person's matter: it has a case of its own, and people see both.
    link(&mut draft, &[], LinkKind::Related);
    Ok(draft.done())
}

/// A source speaks of a case that is known.
pub(super) fn take_in(mut draft: Draft<'_>, case: &Case, submit: &Submit) -> Result<Decided, Refusal> {
    if submit.submission.intent == Intent::Notice {
        keep_secret(&mut draft, case, submit);
        return Ok(if draft.events.is_empty() { Decided::Nothing(NothingNew::Notice) } else { draft.done() });
    }
    let submit = &as_meant(case, submit);
    let seen = &submit.seen;
    let known = case.source(&seen.source);
    match known {
        Some(known) => forbid(case, &draft.order.actor, seen, contradiction(known, seen))?,
        None => forbid(case, &draft.order.actor, seen, contradicts_the_case(case, submit))?,
    }
    let nothing = take_what_is_said(&mut draft, case, submit);
    keep_secret(&mut draft, case, submit);
    // Whatever it says, and however late: what numbers it names is true.
    link(&mut draft, &case.marks.links, LinkKind::Duplicate);
    if draft.events.is_empty() { Ok(Decided::Nothing(nothing)) } else { Ok(draft.done()) }
}

/// A record that asks for secrecy is heard in that, whatever becomes of the rest: it may come too late, or only urge.
fn keep_secret(draft: &mut Draft<'_>, case: &Case, submit: &Submit) {
    let (asked, known) = (submit.submission.facts.flags, case.facts.flags);
    let merged = draft.events.iter().any(|e| matches!(e.body, EventBody::Supplemented(_)));
    if !merged && (asked.anonymous && !known.anonymous || asked.confidential && !known.confidential) {
        draft.push(EventBody::SecrecyAsked { anonymous: asked.anonymous, confidential: asked.confidential });
    }
}

/// What a record says of its case; why it is nothing new, should nothing come of it.
fn take_what_is_said(draft: &mut Draft<'_>, case: &Case, submit: &Submit) -> NothingNew {
    let seen = &submit.seen;
    let known = case.source(&seen.source);
    // A session is an event of its own, not a state of the record: it is never too late.
    let late = known.filter(|known| submit.submission.intent != Intent::Session && seen.precedes(known));
    if let Some(known) = late {
        superseded(draft, case, known, seen);
        return NothingNew::Repeat;
    }
    match submit.submission.intent {
        Intent::Urge if known.is_some_and(|known| !urges_anew(known, seen)) => {}
        Intent::Urge => urge(draft, case, submit),
        Intent::Withdraw if ends(case, submit) => taken_back(draft, case, submit),
        Intent::Session => {
            hold_session(draft, case, submit);
            if !draft.events.is_empty() {
                words_heard(draft, case, must_move(draft, case));
                keep_for_a_person(draft, case);
            }
        }
        intent => {
            let echo = is_echo(case, submit) && (intent != Intent::Withdraw || case.stage.is_ended());
            take_as_it_stands(draft, case, submit, echo);
            if echo {
                return NothingNew::Echo;
            }
        }
    }
    NothingNew::Repeat
}

/// The record as the source has it now: its words, how far the matter is there, the citizen's view.
fn take_as_it_stands(draft: &mut Draft<'_>, case: &Case, submit: &Submit, echo: bool) {
    let seen = &submit.seen;
    let ends = !echo && ends(case, submit);
    told_more(draft, case, submit, ends);
    if !echo {
        hold_session(draft, case, submit);
    }
    if !echo && !case.stage.is_ended() && !precedes_our_answer(case, seen) {
        changed_upstream(draft, case, submit, ends);
    }
    assessed(draft, case, submit);
    if calls_back(case, submit, echo) {
        draft.reopen(case, Some(Box::new(seen.clone())));
    }
    if draft.events.is_empty() {
        unsaid(draft, case, submit);
    }
    let known = case.source(&seen.source);
    if let Some(known) = known.filter(|_| draft.events.is_empty() && precedes_our_answer(case, seen)) {
        superseded(draft, case, known, seen);
    }
}

/// A record of another case named a number of this one.
pub(super) fn link_to(mut draft: Draft<'_>, case: &Case, to: CaseId, kind: LinkKind) -> Decided {
    link_once(&mut draft, &case.marks.links, to, kind);
    if draft.events.is_empty() { Decided::Nothing(NothingNew::Repeat) } else { draft.done() }
}

/// The record names numbers that other cases have (decision 34).
fn link(draft: &mut Draft<'_>, known: &[(CaseId, LinkKind)], kind: LinkKind) {
    for to in &draft.order.given.elsewhere {
        link_once(draft, known, *to, kind);
    }
}

fn link_once(draft: &mut Draft<'_>, known: &[(CaseId, LinkKind)], to: CaseId, kind: LinkKind) {
    let room = draft.events.len() < MOST_EVENTS;
    if room && to != draft.id && known.iter().all(|(known, _)| *known != to) {
        draft.push(EventBody::Linked { to, kind });
    }
}

/// A person at the centre, or the source by command, adds words to a case.
pub(super) fn supplement_by_hand(draft: &mut Draft<'_>, case: &Case) {
    let channel = match &draft.order.actor {
        Actor::Source { channel } => channel.clone(),
        _ => case.channel.clone(),
    };
    let facts = Facts { unknown_codes: BTreeMap::new(), ..case.facts.clone() };
    let accused = draft.accused(case);
    let supplemented = Supplemented { channel, seen: None, aliases: Vec::new(), facts, accused };
    words_told(draft, case, EntryKind::Supplement, EventBody::Supplemented(Box::new(supplemented)));
    keep_for_a_person(draft, case);
}

/// Somebody at the centre, or the source by command, urges, and may say why.
pub(super) fn urge_by_hand(draft: &mut Draft<'_>, case: &Case) {
    let accused = draft.accused(case);
    words_told(draft, case, EntryKind::Urge, EventBody::Urged { seen: None, accused });
    keep_for_a_person(draft, case);
}

/// The citizen takes it back.
pub(super) fn withdraw(draft: &mut Draft<'_>, case: &Case) {
    draft.tell_leaving(case, |_| false);
    draft.push(EventBody::Withdrawn {});
}

/// The source's record says that the citizen takes it back; the record is remembered, so that it is known again.
fn taken_back(draft: &mut Draft<'_>, case: &Case, submit: &Submit) {
    if let Some(upstream) = submit.submission.upstream.clone() {
        draft.push(EventBody::UpstreamChanged { seen: submit.seen.clone(), upstream });
    }
    withdraw(draft, case);
}

fn is_over(submission: &Submission) -> bool {
    submission.upstream.as_ref().is_some_and(|u| u.state.is_over())
}

/// A record as it is to be taken, where that is not as it stands.
fn as_meant<'s>(case: &Case, submit: &'s Submit) -> Cow<'s, Submit> {
    match (submit.submission.intent, case.source(&submit.seen.source)) {
        (Intent::Assess, Some(known)) => Cow::Owned(of_the_matter(known, submit)),
        (Intent::Withdraw, _) if !is_over(&submit.submission) => Cow::Owned(cancelled(submit)),
        _ => Cow::Borrowed(submit),
    }
}

/// A record that only assesses has words of its own: those of the matter, and its answer, stay as they were seen.
fn of_the_matter(known: &SourceSeen, submit: &Submit) -> Submit {
    let (matter_digest, view_digest) = (known.matter_digest.clone(), submit.seen.matter_digest.clone());
    let seen = SourceSeen {
        view_digest: (view_digest != matter_digest).then_some(view_digest),
        matter_digest,
        answer_digest: submit.seen.answer_digest.clone().or_else(|| known.answer_digest.clone()),
        ..submit.seen.clone()
    };
    Submit { seen, ..submit.clone() }
}

/// Who takes the matter back need not say that it is over at the source.
fn cancelled(submit: &Submit) -> Submit {
    let state = UpstreamState::Cancelled;
    let mut submit = submit.clone();
    submit.submission.upstream = Some(Upstream { state, code: submit.submission.upstream.and_then(|u| u.code) });
    submit.seen.state = Some(state);
    submit
}

fn differ<T: PartialEq>(a: &Option<T>, b: &Option<T>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if a != b)
}

/// The same number with another registration day or another person is not the same matter.
fn contradiction(known: &SourceSeen, seen: &SourceSeen) -> Option<&'static str> {
    let day = differ(&known.registered_on, &seen.registered_on);
    let identity = differ(&known.identity_digest, &seen.identity_digest);
    let person = differ(&known.name_digest, &seen.name_digest) && differ(&known.phone_digest, &seen.phone_digest);
    match (day, (identity || person) && !known.shares_person(seen)) {
        (false, false) => None,
        (true, _) => Some("another registration date"),
        (false, true) => Some("another person"),
    }
}

/// A record that joins through another number of its own numbering, a printed one that is given anew each year perhaps, must
/// agree with one of the case's there as if it had come under that. Systems differ in who they say spoke, and when: across
/// numberings nothing is compared.
fn contradicts_the_case(case: &Case, submit: &Submit) -> Option<&'static str> {
    let seen = &submit.seen;
    if seen.follow_up {
        // Whoever urges need not be who spoke first.
        return None;
    }
    let of_ours = |id: &SourceId| id.namespace == seen.source.namespace;
    let within = submit.submission.numbers().any(|id| of_ours(id) && has_number(case, id));
    let matters = || case.sources.iter().filter(|s| !s.follow_up);
    let mut peers =
        matters().filter(|s| within && of_ours(&s.source)).map(|known| contradiction(known, seen)).peekable();
    let first = peers.peek().copied().flatten();
    first.filter(|_| peers.all(|contradicts| contradicts.is_some()))
}

fn forbid(case: &Case, actor: &Actor, seen: &SourceSeen, contradiction: Option<&str>) -> Result<(), Refusal> {
    let Some(what) = contradiction else { return Ok(()) };
    let detail = format!("`{}` came back with {what}", seen.source);
    Err(refusal(case, actor, RefusalCode::IdentityConflict, detail))
}

/// Whether the record shows the source as it was before it took our last answer: what it says is news all the same, how far
/// the matter is there is not.
fn precedes_our_answer(case: &Case, seen: &SourceSeen) -> bool {
    seen.order.zip(told_order(case, &seen.source)).is_some_and(|(now, told)| now < told)
}

/// The order the source gave its record with our last answer.
fn told_order(case: &Case, source: &SourceId) -> Option<i64> {
    case.delivered.iter().filter(|d| d.source == *source).filter_map(|d| d.version).max()
}

/// Notes, once, a record that shows the source as it was before what is known.
fn superseded(draft: &mut Draft<'_>, case: &Case, known: &SourceSeen, seen: &SourceSeen) {
    let order = seen.order.unwrap_or_default();
    let late = Late {
        source: seen.source.clone(),
        order,
        matter_digest: Some(seen.matter_digest.clone()),
        answer_digest: seen.answer_digest.clone(),
    };
    if case.superseded.contains(&late) || same_words(known, seen) {
        return;
    }
    let Late { source, order, matter_digest, answer_digest } = late;
    let known = known.order.max(told_order(case, &source)).unwrap_or_default();
    draft.push(EventBody::Superseded { source, order, known, matter_digest, answer_digest });
}

fn same_words(known: &SourceSeen, seen: &SourceSeen) -> bool {
    let state = seen.state.is_none() || seen.state == known.state;
    known.matter_digest == seen.matter_digest && known.answer_digest == seen.answer_digest && state
}

/// Whether an urge that is known says something else by now.
fn urges_anew(known: &SourceSeen, seen: &SourceSeen) -> bool {
    let newer = seen.order.is_none() || comes_later(known, seen);
    newer && known.matter_digest != seen.matter_digest
}

/// By the source's own order, or because it gives one only now.
fn comes_later(known: &SourceSeen, seen: &SourceSeen) -> bool {
    known.precedes(seen) || known.order.is_none() && seen.order.is_some()
}

/// A record that urges has words of its own, which may tell as much as any. They bring a case back the first time, and later
/// only by the source's own order: without one, two spellings of the same urge would do so by turns. What was known as a
/// matter of its own is heard, stays one, and brings nothing back.
fn urge(draft: &mut Draft<'_>, case: &Case, submit: &Submit) {
    let known = case.source(&submit.seen.source);
    let brings_back = known.is_none_or(|known| known.follow_up && comes_later(known, &submit.seen));
    let follow_up = known.map_or(submit.seen.follow_up, |known| known.follow_up);
    let seen = Some(Box::new(SourceSeen { follow_up, ..submit.seen.clone() }));
    let accused = draft.accused(case);
    words_told(draft, case, EntryKind::Urge, EventBody::Urged { seen, accused });
    keep_for_a_person(draft, case);
    if case.stage.is_ended() && !submit.history && brings_back {
        draft.reopen(case, None);
    }
}

fn hold_session(draft: &mut Draft<'_>, case: &Case, submit: &Submit) {
    let Some(told) = &submit.submission.session else { return };
    let told = told_session(told, Some(case), submit);
    let has_minutes = submit.submission.intent == Intent::Session && draft.order.content.note.is_some();
    let known = case.sessions.iter().find(|s| s.id == told.id);
    let session = known.map_or_else(|| told.clone(), |known| known.merged(&told));
    let same = |known: &Session| {
        let Session { digests, .. } = known;
        let unheard = has_minutes && !digests.contains(&submit.seen.matter_digest);
        !unheard && *known == Session { digests: digests.clone(), ..session.clone() }
    };
    if !known.is_some_and(same) {
        let accused = draft.accused(case);
        draft.push(EventBody::MediationHeld { session, accused });
    }
}

/// The session with its number, and by what the record is known again: its minutes may come after all else of it.
fn told_session(session: &Session, case: Option<&Case>, submit: &Submit) -> Session {
    let digests = vec![submit.seen.matter_digest.clone()];
    Session { id: session_id(session, case, submit), digests, ..session.clone() }
}

/// A record that tells how the mediation ended and not in which session means the last one; where none is known, the
/// record's own number stands for it.
fn session_id(session: &Session, case: Option<&Case>, submit: &Submit) -> String {
    let last = case.and_then(|case| case.sessions.last());
    match session.id.as_str() {
        "" => last.map_or_else(|| submit.seen.source.id.clone(), |last| last.id.clone()),
        own => own.to_owned(),
    }
}

/// New words, new facts, or another source joining: the departments concerned learn of it.
///
/// `ends`: the same record ends the case, so it is sent to nobody any more.
fn told_more(draft: &mut Draft<'_>, case: &Case, submit: &Submit, ends: bool) {
    let (submission, known) = (&submit.submission, case.source(&submit.seen.source));
    let aliases = new_aliases(case, &submit.seen.source, &submission.aliases);
    let same = |k: &SourceSeen| {
        let view = submit.seen.view_digest.as_ref();
        k.matter_digest == submit.seen.matter_digest && (view.is_none() || view == k.view_digest.as_ref())
    };
    if known.is_some_and(same) && aliases.is_empty() {
        return;
    }
    let facts = case.facts.merged(&submission.facts);
    let (channel, seen) = (submit.channel.clone(), Some(submit.seen.clone()));
    let accused = draft.accused(case);
    let supplemented = EventBody::Supplemented(Box::new(Supplemented { channel, seen, aliases, facts, accused }));
    if ends {
        draft.tell_active(case, EntryKind::Supplement);
        draft.push(supplemented);
        return;
    }
    if !words_told(draft, case, EntryKind::Supplement, supplemented) {
        route_if_plain(draft, case);
    }
}

/// Words told of a case, whatever they came as: whoever has the case learns of them, it may be graver than was known, and
/// nobody keeps it who turns out to be accused. Tells whether it was taken from somebody.
fn words_told(draft: &mut Draft<'_>, case: &Case, kind: EntryKind, event: EventBody) -> bool {
    let moves = must_move(draft, case);
    if !moves {
        draft.tell_active(case, kind);
    }
    draft.push(event);
    words_heard(draft, case, moves);
    moves
}

/// What follows of words, once they are told: it may be graver than was known, and `moves` the case from whom they accuse.
fn words_heard(draft: &mut Draft<'_>, case: &Case, moves: bool) {
    draft.warn_of(case, if moves { Vec::new() } else { draft.order.given.sooner.clone() });
    if moves {
        take_from_the_accused(draft, case);
    }
}

/// What a person was to decide may now be plain. Not where one has ruled who has it: then a person decides again.
fn route_if_plain(draft: &mut Draft<'_>, case: &Case) {
    let plain = decided_for(draft, case).filter(|d| d.lead().is_some());
    match plain.filter(|_| case.stage == Stage::Triage && !has_ruled(case) && !awaits_a_person(case)) {
        Some(decision) => draft.go_by(still_accusing(case, decision).into()),
        None => keep_for_a_person(draft, case),
    }
}

/// What lies in triage and turns out to accuse stays there: that it does, and perhaps nobody by name, must be known when the
/// next words come.
fn keep_for_a_person(draft: &mut Draft<'_>, case: &Case) {
    let accuses = decided_for(draft, case).filter(|decision| decision.accusation);
    if let Some(decision) = accuses.filter(|_| case.stage == Stage::Triage && !case.marks.accusation) {
        let mut decision = left_to_a_person(decision);
        if let Verdict::Triage { reasons, .. } = &mut decision.verdict {
            reasons.extend(awaits_a_person(case).then_some(TriageReason::Reopened));
        }
        draft.go_by(still_accusing(case, decision).into());
    }
}

/// The decision, with nobody to have the case by it.
fn left_to_a_person(mut decision: Decision) -> Decision {
    if let Verdict::Dispatch { .. } = decision.verdict {
        decision.verdict = Verdict::Triage { reasons: vec![TriageReason::AccusedUnknown], candidates: Vec::new() };
    }
    decision
}

/// What the rules make of the words told now. Of a case that accuses they may know only words that do not: whom the others
/// mean, named or not, a person must see to.
fn decided_for(draft: &Draft<'_>, case: &Case) -> Option<Decision> {
    let decision = draft.order.given.decision.as_deref()?;
    (decision.accusation || !case.marks.accusation).then(|| decision.clone())
}

/// Whether a department that has the case turns out to be accused in it.
fn must_move(draft: &Draft<'_>, case: &Case) -> bool {
    case.active_assignments().iter().any(|a| draft.is_forbidden(&a.department))
}

/// The accused never has the accusation (Petition Regulation art. 30): the case goes where the rules now send it, unless a
/// person has ruled who has it. Then a person rules again.
fn take_from_the_accused(draft: &mut Draft<'_>, case: &Case) {
    let decision = decided_for(draft, case).unwrap_or_else(|| to_triage(case, TriageReason::AccusedOnly, Vec::new()));
    let decision = match decision.lead() {
        Some(lead) if draft.is_forbidden(lead) || !has_ruled(case) => decision,
        Some(_) => for_a_person(decision, TriageReason::AccusedOnly),
        None => decision,
    };
    let decision = draft.permitted(decision.into());
    let stays: Vec<DepartmentId> = match &decision.verdict {
        Verdict::Dispatch { assignees } => assignees.iter().map(|a| a.department.clone()).collect(),
        Verdict::Triage { .. } => Vec::new(),
    };
    draft.tell_leaving(case, |d| stays.contains(d));
    draft.go_by(still_accusing(case, Arc::unwrap_or_clone(decision)).into());
}

/// Whether a person has ruled who has the case: let somebody hand it back, or sent it to somebody.
fn has_ruled(case: &Case) -> bool {
    case.marks.returned > 0 || case.marks.by_hand
}

/// Whether the case came back and nobody has looked at it since: whoever had it declined it, or is not to have it.
fn awaits_a_person(case: &Case) -> bool {
    let verdict = case.decision.as_ref().map(|decision| &decision.verdict);
    matches!(verdict, Some(Verdict::Triage { reasons, .. }) if reasons.contains(&TriageReason::Reopened))
}

fn new_aliases(case: &Case, source: &SourceId, aliases: &[SourceId]) -> Vec<SourceId> {
    std::iter::once(source).chain(aliases).filter(|id| !has_number(case, id)).cloned().collect()
}

fn has_number(case: &Case, id: &SourceId) -> bool {
    case.source(id).is_some() || case.aliases.contains(id)
}

/// Whether the state at the source is only our own answer, come round again: by the version the source gave it, or by
/// the words we recorded having told. Never by time. Words of ours on the way are still shown when somebody there ends it.
fn is_echo(case: &Case, submit: &Submit) -> bool {
    let told = case.delivered.iter().filter(|d| d.source == submit.seen.source && !d.refused);
    let by_version = |d: &&AnswerDelivered| d.version.is_some() && d.version == submit.seen.order;
    let over = is_over(&submit.submission);
    let is_told = |d: &&AnswerDelivered| d.reply_digest.is_some() && d.reply_digest == submit.seen.answer_digest;
    let by_words = |d: &&AnswerDelivered| is_told(d) && (d.what.is_last() || !over);
    told.clone().any(|d| by_version(&d)) || told.clone().any(|d| by_words(&d))
}

/// Whether the source tells another state or answer than it last did.
fn is_changed_upstream(case: &Case, submit: &Submit) -> bool {
    let seen = &submit.seen;
    let moved = |known: &SourceSeen| seen.state.is_some() && seen.state != known.state;
    case.source(&seen.source).is_none_or(|known| known.answer_digest != seen.answer_digest || moved(known))
}

/// Whether a record that says that the matter is over at its source ends the case (decision 33): the source had it open
/// when last seen, it is not our own end that it shows, or may show, and nobody else waits for an answer.
fn ends(case: &Case, submit: &Submit) -> bool {
    let Some(known) = case.source(&submit.seen.source) else { return false };
    let news = is_changed_upstream(case, submit) && !known.is_over() && !shows_our_end(case, known, &submit.seen);
    let news = news && !precedes_our_answer(case, &submit.seen) && !case.taken_back.contains(&known.source);
    is_over(&submit.submission) && !case.stage.is_ended() && news && !others_wait(case, &submit.submission)
}

/// Whether another source has the matter open. A record speaks for its own order, by whatever number of that numbering, and
/// for what followed it up.
fn others_wait(case: &Case, submission: &Submission) -> bool {
    let ours = &submission.source;
    let spoken_for = |s: &SourceSeen| {
        let named = submission.numbers().any(|number| *number == s.source);
        s.source.namespace == ours.namespace && (named || s.follow_up)
    };
    case.matters().any(|s| !s.is_over() && !spoken_for(s))
}

/// A source whose records show no reply of ours shows that it took our last answer by its state alone: no news, even if the
/// case came back since.
fn shows_our_end(case: &Case, known: &SourceSeen, seen: &SourceSeen) -> bool {
    let after = |told: Option<i64>| known.order.zip(told).is_none_or(|(seen, told)| seen <= told);
    let heard = |d: &&AnswerDelivered| d.source == known.source && d.what.is_last() && !d.refused && !d.no_way;
    known.answer_digest == seen.answer_digest && case.delivered.iter().filter(heard).any(|d| after(d.version))
}

/// What became of the matter at the source by somebody else's hand. Where that does not end the case, whoever has it goes on
/// and learns of it.
fn changed_upstream(draft: &mut Draft<'_>, case: &Case, submit: &Submit, ends: bool) {
    let Some(upstream) = submit.submission.upstream.clone() else { return };
    if !is_changed_upstream(case, submit) || upstream.state == UpstreamState::Open {
        return;
    }
    let state = upstream.state;
    let told = draft.events.iter().any(|e| matches!(e.body, EventBody::Supplemented(_)));
    if state.is_over() && !ends && !told {
        draft.tell_active(case, EntryKind::Supplement);
    }
    draft.push(EventBody::UpstreamChanged { seen: submit.seen.clone(), upstream });
    match state {
        UpstreamState::Cancelled if ends => withdraw(draft, case),
        UpstreamState::Closed if ends => {
            draft.tell_leaving(case, |_| false);
            draft.push(EventBody::Closed { at_source: true });
        }
        _ => {}
    }
}

/// Whether a record brings a case back that has ended: the citizen is not satisfied, the source has it again, or there is
/// more to say. Each must be news of that very source: what we write to it makes its records new, and not what they say.
fn calls_back(case: &Case, submit: &Submit, echo: bool) -> bool {
    case.stage.is_ended()
        && !submit.history
        && (is_dissatisfied(case, submit) || is_opened_again(case, submit, echo) || says_more(case, submit))
}

fn is_dissatisfied(case: &Case, submit: &Submit) -> bool {
    case.stage.has_result() && new_view(case, submit).is_some_and(|view| view.is_bad())
}

/// The view a record shows, if the source last showed another one: its records carry it along through all that follows.
fn new_view(case: &Case, submit: &Submit) -> Option<Assessment> {
    let known = case.source(&submit.seen.source).and_then(|known| known.assessment);
    submit.submission.assessment.filter(|view| Some(*view) != known)
}

/// It is handed back and was not, or open and was over. That it is merely open says nothing: sources leave it so, and one
/// that has not been told yet does not know that it ended. Who hands back may have read our answer although we do not know
/// that it was told, and nothing shows who has not: it counts either way, under our own words too. Handing back what was
/// declined only agrees.
fn is_opened_again(case: &Case, submit: &Submit, echo: bool) -> bool {
    let source = &submit.seen.source;
    let before = case.source(source).and_then(|known| known.state);
    let untold = || case.owed.iter().any(|o| o.source == *source && o.what.is_last());
    let (again, without_order) = match submit.seen.state {
        Some(UpstreamState::Returned) => (case.stage.has_result() && before != Some(UpstreamState::Returned), true),
        Some(UpstreamState::Open) => (before.is_some_and(UpstreamState::is_over) && !untold(), !echo),
        _ => (false, false),
    };
    again && is_newer(case, submit).unwrap_or(without_order)
}

/// Other words, by a source whose order says that it is neither an old rendering nor the one that took our answer; or those
/// of a source that joins.
fn says_more(case: &Case, submit: &Submit) -> bool {
    let speaks = matches!(submit.submission.intent, Intent::Matter | Intent::Supplement);
    let seen = &submit.seen;
    let ours =
        || case.delivered.iter().any(|d| d.source == seen.source && d.version.is_some() && d.version == seen.order);
    let other = |known: &SourceSeen| known.matter_digest != seen.matter_digest && known.precedes(seen) && !ours();
    speaks && !is_over(&submit.submission) && case.source(&seen.source).is_none_or(other)
}

/// Whether the record shows the source as it is after all that is known, our answer too; none where it has no order.
fn is_newer(case: &Case, submit: &Submit) -> Option<bool> {
    let known = case.source(&submit.seen.source)?.order.max(told_order(case, &submit.seen.source));
    submit.seen.order.zip(known).map(|(now, known)| now > known)
}

fn assessed(draft: &mut Draft<'_>, case: &Case, submit: &Submit) {
    if let Some(assessment) = new_view(case, submit) {
        let seen = Some(Box::new(submit.seen.clone()));
        let accused = draft.accused(case);
        draft.push(EventBody::Assessed { by: Assessor::Citizen, assessment, seen, accused });
    }
}

/// What brought the case back, or would, is no longer what the source shows: remembered, so that it counts when it is said
/// again. That it has the matter open after all needs no order: it waits for an answer again.
fn unsaid(draft: &mut Draft<'_>, case: &Case, submit: &Submit) {
    let seen = &submit.seen;
    let counts = |known: &&SourceSeen| known.precedes(seen) || known.is_over() && seen.order.is_none();
    let Some(known) = case.source(&seen.source).filter(counts) else { return };
    let now = known.seen_again(seen);
    let satisfied = known.assessment.is_some_and(|view| view.is_bad()) && now.assessment.is_none();
    let upstream = submit.submission.upstream.clone().or_else(|| not_returned_any_more(known, &submit.submission));
    let moved = upstream.as_ref().is_some_and(|upstream| known.state != Some(upstream.state))
        && match known.state {
            Some(UpstreamState::Returned) => true,
            Some(UpstreamState::Closed | UpstreamState::Cancelled) => !case.stage.is_ended(),
            Some(UpstreamState::Open) | None => false,
        };
    if let Some(upstream) = upstream.filter(|_| satisfied || moved) {
        draft.push(EventBody::UpstreamChanged { seen: seen.clone(), upstream });
    }
}

/// A code that no table translates is no state, and the last one stands; but what was handed back is so no more, or it would
/// not be heard when it is handed back again.
fn not_returned_any_more(known: &SourceSeen, submission: &Submission) -> Option<Upstream> {
    let code = submission.facts.unknown_codes.get("upstream.state")?;
    let returned = known.state == Some(UpstreamState::Returned);
    returned.then(|| Upstream { state: UpstreamState::Open, code: Some(code.clone()) })
}
