//! Follows the log and tells what happens, one line at a time and never in a flood; asks the simulators what they now hold.

use std::time::Duration;

use huiliu_adapters::http;
use huiliu_schemas::event::{AnswerDelivered, EventBody};
use huiliu_schemas::vocabulary::AnswerKind;
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Tell;
use super::words::Words;
use crate::readmodel::{HappeningRow, ReadHandle};

const LOOK: Duration = Duration::from_millis(300);
const BETWEEN_LINES: Duration = Duration::from_millis(120);
const SUMMARY_EVERY: Duration = Duration::from_secs(8);
/// After so many summaries the page's address is told again.
const ADDRESS_EVERY: u32 = 4;
/// So many arrivals of one moment are told; the others are counted.
const ARRIVALS_TOLD: usize = 5;
const AT_ONCE: usize = 500;
const LONGEST_ANSWER: usize = 60;
/// Where the hotline, the grid workers' platform and the mediation platform show an answer.
const ANSWER: [&str; 10] = [
    "orderState",
    "isSolved",
    "isContacted",
    "content",
    "eventStatus",
    "isSuccessInSolving",
    "result",
    "status",
    "mediation_result",
    "agreement_content",
];

/// Tells the story.
pub struct Story {
    /// Where it reads.
    pub reads: ReadHandle,
    /// How it says things.
    pub words: Words,
    /// Channel and address of each simulator.
    pub upstream: Vec<(String, String)>,
    /// What a watcher opens.
    pub page: String,
    /// Where lines go.
    pub tell: Tell,
}

impl Story {
    /// Tells what happens after `position` until shutdown.
    pub async fn run(self, position: u64, shutdown: CancellationToken) {
        shutdown.run_until_cancelled(self.follow(position)).await;
    }

    async fn follow(&self, mut position: u64) {
        let client = http::nearby().timeout(Duration::from_secs(5)).build().unwrap_or_default();
        let (mut summed, mut sums) = (Instant::now(), 0);
        loop {
            tokio::time::sleep(LOOK).await;
            let happenings = self.after(position).await;
            position = happenings.last().map_or(position, |h| h.event.sequence);
            self.tell_all(&client, happenings).await;
            if summed.elapsed() >= SUMMARY_EVERY {
                summed = Instant::now();
                sums += 1;
                self.sum_up(sums).await;
            }
        }
    }

    async fn after(&self, position: u64) -> Vec<HappeningRow> {
        self.reads.aside(move |reads| reads.happenings_since(position, AT_ONCE)).await.unwrap_or_default()
    }

    async fn tell_all(&self, client: &reqwest::Client, happenings: Vec<HappeningRow>) {
        let (told, untold) = thin(happenings);
        for happening in told {
            for line in self.lines(client, &happening).await {
                (self.tell)(&line);
                tokio::time::sleep(BETWEEN_LINES).await;
            }
        }
        if untold > 0 {
            let line = format!(
                "         …… 同时另有 {untold} 件到达并派出，均在页面上 {untold} more arrived at once: see the page"
            );
            (self.tell)(&self.words.paint(90, &line));
        }
    }

    async fn lines(&self, client: &reqwest::Client, happening: &HappeningRow) -> Vec<String> {
        if let Some(EventBody::AnswerDelivered(told)) = &happening.event.body {
            return self.answer(client, happening, told).await.into_iter().collect();
        }
        let id = happening.case_id;
        match self.reads.aside(move |reads| reads.case(id)).await {
            Ok(Some(case)) => self.words.lines(happening, &case),
            _ => Vec::new(),
        }
    }

    /// What the source itself shows of our answer. The steps on the way are on the page.
    async fn answer(
        &self,
        client: &reqwest::Client,
        happening: &HappeningRow,
        told: &AnswerDelivered,
    ) -> Option<String> {
        if told.what != AnswerKind::Resolved || told.refused || told.no_way {
            return None;
        }
        let (channel, url) = self.upstream.iter().find(|(channel, _)| *channel == told.source.namespace.to_string())?;
        let asked = client.get(format!("{url}/sim/orders/{}", told.source.id)).send().await.ok()?;
        let record: Value = asked.json().await.ok()?;
        Some(self.words.answered(happening, channel, &shown(&record["body"])))
    }

    async fn sum_up(&self, sums: u32) {
        let overview = self.reads.aside(|reads| reads.overview(jiff::Timestamp::now())).await;
        if let Ok(overview) = overview {
            (self.tell)(&self.words.summary(&overview));
        }
        if sums.is_multiple_of(ADDRESS_EVERY) {
            (self.tell)(&self.words.paint(1, &format!("── 页面 page: {}", self.page)));
        }
    }
}

/// Leaves out all but the first arrivals, with where they went, and says how many.
fn thin(happenings: Vec<HappeningRow>) -> (Vec<HappeningRow>, usize) {
    let mut arrived = Vec::new();
    let mut told = Vec::new();
    for happening in happenings {
        let arrival = matches!(happening.event.body, Some(EventBody::Registered(_)));
        if arrival {
            arrived.push(happening.case_id);
        }
        let place = arrived.iter().position(|case| *case == happening.case_id);
        if place.is_none_or(|place| place < ARRIVALS_TOLD) {
            told.push(happening);
        }
    }
    let untold = arrived.len().saturating_sub(ARRIVALS_TOLD);
    (told, untold)
}

/// The fields of a source's record that carry the answer, in its own names.
fn shown(record: &Value) -> String {
    let field = |of: &Value, names: &[&str]| {
        let pairs = names.iter().filter_map(|name| Some(format!("{name}={}", told(&of[*name])?)));
        pairs.collect::<Vec<_>>().join(" ")
    };
    match record["blfss"].as_array().and_then(|steps| steps.last()) {
        Some(step) => format!(
            "{} blfss[{}]{{{}}}",
            field(&record["xfj"], &["xfjzt", "bjbz"]),
            record["blfss"].as_array().map_or(0, |steps| steps.len() - 1),
            field(step, &["blfs", "hfgznr"])
        ),
        None => field(record, &ANSWER),
    }
}

fn told(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(short(text)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn short(text: &str) -> String {
    let mut shortened: String = text.chars().take(LONGEST_ANSWER).collect();
    if shortened.len() < text.len() {
        shortened.push('…');
    }
    format!("“{shortened}”")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_is_shown_in_the_words_of_its_source() {
        let hotline = json!({"orderState": "已办结", "isSolved": "解决", "content": "已修复。", "callerName": "某某"});
        assert_eq!(shown(&hotline), "orderState=“已办结” isSolved=“解决” content=“已修复。”");
        let mediation = json!({"status": 50, "mediation_result": 1, "agreement_content": "已赔付。", "title": "标题"});
        assert_eq!(shown(&mediation), "status=50 mediation_result=1 agreement_content=“已赔付。”");
        let portal = json!({
            "xfj": {"xfjzt": "04", "bjbz": "1", "bt": "标题"},
            "blfss": [{"blfs": "交办"}, {"blfs": "答复", "hfgznr": "已修复。", "jbr": null}],
        });
        assert_eq!(shown(&portal), "xfjzt=“04” bjbz=“1” blfss[1]{blfs=“答复” hfgznr=“已修复。”}");
    }

    #[test]
    fn a_long_answer_is_cut_where_a_character_ends() {
        let cut = short(&"修".repeat(LONGEST_ANSWER + 1));
        assert_eq!(cut.chars().count(), LONGEST_ANSWER + 3);
    }
}
