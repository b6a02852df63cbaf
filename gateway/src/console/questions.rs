//! The routes: parameters in, a question to the read model on a blocking thread, JSON out.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::parameters::CasesParameters;
use super::views::{CasePageView, CaseView, EventsView};
use super::{Labels, LogEnd, Names};
use crate::problem::{Kind, Problem};
use crate::readmodel::{Overview, ReadHandle, ReadModelError};
use crate::rest::conditional::{Tag as EntityTag, fresh, fresh_as};
use crate::rest::input::{Asked as Query, Named};
use crate::rest::page::Paging;
use crate::rest::{CENTRE, Endpoints, Operation, Tag, example};

/// How many questions are asked of the file at once; others wait.
const AT_ONCE: usize = 4;
/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the questions are asked of.
#[derive(Clone)]
pub struct Asked {
    reader: ReadHandle,
    labels: Names,
    end: LogEnd,
    turns: Arc<Semaphore>,
}

/// The questions.
pub(super) fn endpoints() -> Endpoints<Asked> {
    let overview_says = Operation::get("/v1/overview", "getOverview", Tag::Centre, "总览", "The whole at a glance")
        .by(CENTRE)
        .answers::<Overview>(200, "现状 · As it stands", example!("overview"))
        .fails(&[Kind::Unavailable]);
    let labels_say = Operation::get("/v1/labels", "getLabels", Tag::Centre, "代码名称", "Names for codes")
        .by(CENTRE)
        .answers::<Labels>(
            200,
            "单位、事项、区划、渠道 · Departments, matters, divisions, channels",
            example!("labels"),
        )
        .tagged();
    let cases_say = Operation::get("/v1/cases", "listCases", Tag::Cases, "案件清单", "Cases by filter, newest first")
        .more("不含个人信息。 Nothing personal is in it.")
        .by(CENTRE)
        .asks::<CasesParameters>()
        .answers::<CasePageView>(200, "其中一页 · Some of them", example!("case-page"))
        .tagged()
        .fails(&[Kind::Unavailable]);
    let case_says = Operation::get("/v1/cases/{name}", "getCase", Tag::Cases, "案件详情", "A case and its history")
        .more("除个人信息外的一切。其 `ETag` 可作为命令的 `If-Match`。 Everything that is not personal. Its `ETag` may be given to a command as `If-Match`.")
        .by(CENTRE)
        .answers::<CaseView>(200, "案件 · The case", example!("case"))
        .tagged()
        .fails(&[Kind::NotFound, Kind::Unavailable]);
    let events_say = Operation::get("/v1/events", "listEvents", Tag::Cases, "最近发生", "What happened, oldest first")
        .more(
            "不给 `cursor` 时为最近的事件。`next` 总是有：作为 `cursor` 再问，得到其后发生的，无论此刻或以后；`more` 说明是否已有更多。一次决定产生的事件一并给出。\
             日志从备份恢复后，超出其末尾的 `cursor` 答 422：请不带 `cursor` 重新开始。 Without `cursor` the last events. `next` is always there: given as `cursor`, it tells what happened after them, now \
             or later; `more` says whether there is more already. What one decision made is told together. \
             After a restore, a `cursor` from beyond the log's end is 422: begin anew without it.",
        )
        .by(CENTRE)
        .asks::<Paging>()
        .answers::<EventsView>(200, "其中一页 · Some of them", example!("events"))
        .tagged()
        .fails(&[Kind::Unavailable]);
    Endpoints::new()
        .on(overview_says, overview)
        .on(labels_say, labels)
        .on(cases_say, cases)
        .on(case_says, case)
        .on(events_say, events)
}

async fn overview(State(asked): State<Asked>) -> Result<Response, Problem> {
    let overview = asked.ask(|reader| reader.overview(Timestamp::now())).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(overview)).into_response())
}

async fn labels(State(asked): State<Asked>, headers: HeaderMap) -> Response {
    fresh(&headers, &(asked.labels)())
}

async fn cases(
    State(asked): State<Asked>,
    headers: HeaderMap,
    Query(given): Query<CasesParameters>,
) -> Result<Response, Problem> {
    let (filter, cursor, limit) = given.read(Timestamp::now())?;
    let page =
        asked.ask(move |reader| reader.cases(&filter, cursor, limit).map(|page| CasePageView::of(&page))).await?;
    Ok(fresh(&headers, &page))
}

async fn case(State(asked): State<Asked>, headers: HeaderMap, Named(name): Named<String>) -> Result<Response, Problem> {
    let found = asked.ask(move |reader| CaseView::find(reader, &name)).await?;
    let view = found.ok_or_else(|| Problem::new(Kind::NotFound, "no case has this id, number or source number"))?;
    Ok(fresh_as(&headers, &EntityTag::new(&view.version()), &view))
}

async fn events(
    State(asked): State<Asked>,
    headers: HeaderMap,
    Query(paging): Query<Paging>,
) -> Result<Response, Problem> {
    let (limit, cursor) = paging.read()?;
    let end = asked.end.clone();
    let events = asked.ask(move |reader| EventsView::read(reader, cursor, limit)).await?;
    if let Some(cursor) = cursor.filter(|cursor| *cursor > events.as_of) {
        within(cursor, end().await?)?;
    }
    Ok(fresh(&headers, &events))
}

/// A cursor from beyond the end is of a log that was restored from an earlier time since: what came instead up to there
/// would never be told.
fn within(cursor: u64, end: u64) -> Result<(), Problem> {
    let expected = format!("`next` of a page of this log, which ends at {end}: begin anew without `cursor`");
    if cursor > end { Err(Problem::field("cursor", Some(&cursor.to_string()), &expected)) } else { Ok(()) }
}

impl Asked {
    pub(super) fn new(reader: ReadHandle, labels: Names, end: LogEnd) -> Self {
        Self { reader: reader.within(PATIENCE), labels, end, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Asks when it is its turn, and keeps that until it is answered, whether or not anybody waits for it.
    async fn ask<T, F>(self, question: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&ReadHandle) -> Result<T, ReadModelError> + Send + 'static,
    {
        let turn = self.turns.acquire_owned().await.map_err(|_| ReadModelError::CutOff)?;
        let asking = self.reader.aside(move |reader| {
            let _turn = turn;
            question(reader)
        });
        Ok(asking.await?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_util::FutureExt as _;

    use super::*;
    use crate::readmodel::ReadModel;
    use crate::readmodel::tests::world::{Folder, World};

    #[tokio::test]
    async fn who_gives_up_takes_no_more_of_the_file_than_its_turn() {
        let folder = Folder::new();
        let model = ReadModel::open(folder.file(), World::default().indexing()).expect("open");
        let asked = Asked::new(model.reader(), Arc::new(Labels::default), Arc::new(|| Box::pin(async { Ok(0) })));
        let (begun, begins) = tokio::sync::oneshot::channel();
        let (ends, end) = mpsc::channel::<()>();
        let asking = tokio::spawn(asked.clone().ask(move |_| {
            begun.send(()).expect("somebody looks");
            end.recv().map_err(|_| ReadModelError::Closed)
        }));
        begins.await.expect("it begins");
        asking.abort();
        assert!(asking.await.expect_err("given up").is_cancelled());
        let all = || Arc::clone(&asked.turns).acquire_many_owned(AT_ONCE as u32);
        assert!(all().now_or_never().is_none(), "it is still worked on");
        ends.send(()).expect("it still runs");
        assert!(all().await.is_ok());
    }
}
