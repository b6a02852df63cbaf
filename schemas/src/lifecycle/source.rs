//! What a source's record does to a case: begins it, adds to it, or turns out to be nothing new.

use super::{Decided, Draft, NothingNew, no_such_case, refusal};
use crate::case::Case;
use crate::command::Submit;
use crate::event::{Actor, EventBody, Registered, SourceSeen, Supplemented};
use crate::ids::{CaseNumber, SourceId};
use crate::refusal::{Refusal, RefusalCode};
use crate::submission::{Facts, Intent};
use crate::vocabulary::{Assessor, EntryKind, Stage, UpstreamState};

/// A source speaks of a case for the first time.
pub(super) fn register(mut draft: Draft<'_>, submit: &Submit) -> Result<Decided, Refusal> {
    let submission = &submit.submission;
    if matches!(submission.intent, Intent::Assess | Intent::Session) {
        return Err(no_such_case());
    }
    draft.push(EventBody::Registered(Box::new(Registered {
        number: CaseNumber::of(draft.id),
        channel: submit.channel.clone(),
        weak_identity: submission.weak_identity,
        seen: submit.seen.clone(),
        aliases: submission.aliases.clone(),
        related: submission.related.clone(),
        facts: submission.facts.clone(),
    })));
    if submit.history || submission.intent == Intent::Withdraw || is_over(submit) {
        draft.push(EventBody::Recorded {});
    } else {
        draft.route()?;
    }
    Ok(draft.done())
}

/// A source speaks of a case that is known.
pub(super) fn take_in(mut draft: Draft<'_>, case: &Case, submit: &Submit) -> Result<Decided, Refusal> {
    let seen = &submit.seen;
    let known = case.source(&seen.source);
    if let Some(known) = known {
        forbid_contradiction(case, &draft.order.actor, known, seen)?;
        if is_older(case, known, seen) {
            return Ok(superseded(draft, known, seen));
        }
    }
    let intent = submit.submission.intent;
    match intent {
        Intent::Urge if known.is_none() => urge(&mut draft, case, submit),
        Intent::Withdraw if !case.stage.is_ended() => withdraw(&mut draft, case),
        Intent::Session => hold_session(&mut draft, submit),
        _ => {
            let echo = is_echo(case, submit);
            told_more(&mut draft, case, submit, known);
            changed_upstream(&mut draft, case, submit, echo);
            assessed(&mut draft, case, submit);
            if draft.events.is_empty() {
                return Ok(Decided::Nothing(if echo { NothingNew::Echo } else { NothingNew::Repeat }));
            }
        }
    }
    if draft.events.is_empty() { Ok(Decided::Nothing(NothingNew::Repeat)) } else { Ok(draft.done()) }
}

/// A person at the centre, or the source by command, adds words to a case.
pub(super) fn supplement_by_hand(draft: &mut Draft<'_>, case: &Case) {
    let channel = match &draft.order.actor {
        Actor::Source { channel } => channel.clone(),
        _ => case.channel.clone(),
    };
    draft.tell_active(case, EntryKind::Supplement);
    let facts = case.facts.clone();
    draft.push(EventBody::Supplemented(Box::new(Supplemented { channel, seen: None, aliases: Vec::new(), facts })));
}

/// The citizen takes it back.
pub(super) fn withdraw(draft: &mut Draft<'_>, case: &Case) {
    draft.tell_leaving(case, |_| false);
    draft.push(EventBody::Withdrawn {});
}

fn is_over(submit: &Submit) -> bool {
    let over = |s| matches!(s, UpstreamState::Closed | UpstreamState::Cancelled);
    submit.submission.upstream.as_ref().is_some_and(|u| over(u.state))
}

/// The same number with another registration day or another person is not the same matter.
fn forbid_contradiction(case: &Case, actor: &Actor, known: &SourceSeen, seen: &SourceSeen) -> Result<(), Refusal> {
    fn differ<T: PartialEq>(a: &Option<T>, b: &Option<T>) -> bool {
        matches!((a, b), (Some(a), Some(b)) if a != b)
    }
    let day = differ(&known.registered_on, &seen.registered_on);
    let identity = differ(&known.identity_digest, &seen.identity_digest);
    let person = differ(&known.name_digest, &seen.name_digest) && differ(&known.phone_digest, &seen.phone_digest);
    let what = match (day, identity || person) {
        (false, false) => return Ok(()),
        (true, _) => "another registration date",
        (false, true) => "another person",
    };
    let detail = format!("`{}` came back with {what}", seen.source);
    Err(refusal(case, actor, RefusalCode::IdentityConflict, detail))
}

/// Whether the record shows the source as it was before what is known.
fn is_older(case: &Case, known: &SourceSeen, seen: &SourceSeen) -> bool {
    known_order(case, known).zip(seen.order).is_some_and(|(known, now)| now < known)
}

fn known_order(case: &Case, known: &SourceSeen) -> Option<i64> {
    let told = case.delivered.iter().filter(|d| d.source == known.source).filter_map(|d| d.version).max();
    known.order.max(told)
}

fn superseded(mut draft: Draft<'_>, known: &SourceSeen, seen: &SourceSeen) -> Decided {
    if same_words(known, seen) {
        return Decided::Nothing(NothingNew::Repeat);
    }
    let (order, known) = (seen.order.unwrap_or_default(), known.order.unwrap_or_default());
    draft.push(EventBody::Superseded { source: seen.source.clone(), order, known });
    draft.done()
}

fn same_words(known: &SourceSeen, seen: &SourceSeen) -> bool {
    known.matter_digest == seen.matter_digest && known.answer_digest == seen.answer_digest
}

fn urge(draft: &mut Draft<'_>, case: &Case, submit: &Submit) {
    if !case.stage.is_ended() {
        draft.tell_active(case, EntryKind::Urge);
    }
    draft.push(EventBody::Urged { seen: Some(Box::new(submit.seen.clone())) });
}

fn hold_session(draft: &mut Draft<'_>, submit: &Submit) {
    if let Some(session) = submit.submission.session.clone() {
        draft.push(EventBody::MediationHeld { session });
    }
}

/// New words, new facts, or another source joining: the departments concerned learn of it.
fn told_more(draft: &mut Draft<'_>, case: &Case, submit: &Submit, known: Option<&SourceSeen>) {
    let submission = &submit.submission;
    let aliases = new_aliases(case, &submit.seen.source, &submission.aliases);
    if known.is_some_and(|k| k.matter_digest == submit.seen.matter_digest) && aliases.is_empty() {
        return;
    }
    if !case.stage.is_ended() {
        draft.tell_active(case, EntryKind::Supplement);
    }
    let facts = case.facts.merged(&submission.facts);
    let (channel, seen) = (submit.channel.clone(), Some(submit.seen.clone()));
    draft.push(EventBody::Supplemented(Box::new(Supplemented { channel, seen, aliases, facts })));
    reroute(draft, case);
}

/// What a person was to decide may now be plain. Not after a hand-back: then a person decides.
fn reroute(draft: &mut Draft<'_>, case: &Case) {
    let plain = draft.order.given.decision.as_ref().is_some_and(|d| d.lead().is_some());
    if case.stage == Stage::Triage && case.marks.returned == 0 && plain {
        let routed = draft.route();
        debug_assert!(routed.is_ok(), "a decision is given");
    }
}

fn new_aliases(case: &Case, source: &SourceId, aliases: &[SourceId]) -> Vec<SourceId> {
    let has = |id: &SourceId| case.source(id).is_some() || case.aliases.contains(id);
    std::iter::once(source).chain(aliases).filter(|id| !has(id)).cloned().collect()
}

/// Whether the state at the source is only our own answer, come round again: by the version the source gave it, or by
/// the words we recorded having told. Never by time.
fn is_echo(case: &Case, submit: &Submit) -> bool {
    let told = case.delivered.iter().filter(|d| d.source == submit.seen.source && !d.refused);
    let order = submit.submission.order();
    let by_version = |d: &&crate::event::AnswerDelivered| d.version.is_some() && d.version == order;
    let by_words =
        |d: &&crate::event::AnswerDelivered| d.reply_digest.is_some() && d.reply_digest == submit.seen.answer_digest;
    told.clone().any(|d| by_version(&d)) || told.clone().any(|d| by_words(&d))
}

fn changed_upstream(draft: &mut Draft<'_>, case: &Case, submit: &Submit, echo: bool) {
    let Some(upstream) = submit.submission.upstream.clone() else { return };
    let same = case.source(&submit.seen.source).is_some_and(|k| k.answer_digest == submit.seen.answer_digest);
    if echo || same || upstream.state == UpstreamState::Open || case.stage.is_ended() {
        return;
    }
    let (state, seen) = (upstream.state, submit.seen.clone());
    draft.push(EventBody::UpstreamChanged { seen, upstream });
    match state {
        UpstreamState::Cancelled => withdraw(draft, case),
        UpstreamState::Closed => {
            draft.tell_leaving(case, |_| false);
            draft.push(EventBody::Closed { at_source: true });
        }
        UpstreamState::Open | UpstreamState::Returned => {}
    }
}

fn assessed(draft: &mut Draft<'_>, case: &Case, submit: &Submit) {
    let Some(assessment) = submit.submission.assessment else { return };
    let by = Assessor::Citizen;
    if !case.assessments.contains(&(by, assessment)) {
        draft.push(EventBody::Assessed { by, assessment });
    }
}

impl Submit {
    /// What the case would know after this record.
    pub fn facts_after(&self, case: Option<&Case>) -> Facts {
        case.map_or_else(|| self.submission.facts.clone(), |c| c.facts.merged(&self.submission.facts))
    }
}
