//! The sources of a run: a hotline that pushes, a portal that is pulled, and reports of the harness's own that are awkward on
//! purpose. They live in this process and outlive every hub.

use anyhow::Context as _;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::hub::{ChannelPlan, Plan};
use crate::sim::{Config, Hotline, Petition, PushTarget, Quirks, Running, Source};

/// The hotline's channel, and its numbering.
pub const HOTLINE: &str = "hotline-12345";
/// The portal's.
pub const PETITION: &str = "petition-portal";
const WEBHOOK_SECRET: &str = "whsec_aHVpbGl1LXRlc3Qta2V5LW9mLTMyLWJ5dGVzLWxvbmc=";
const APP_KEY: &str = "app-key-for-tests";

/// How the hub comes to know what the hotline has; the portal is always pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feed {
    /// It pushes.
    Push,
    /// It is pulled.
    Pull,
}

/// Both sources.
pub struct Sources {
    /// Pushes each change, eight at once, or is pulled by window.
    pub hotline: Running,
    /// Is pulled by cursor.
    pub petition: Running,
}

impl Sources {
    /// Starts both, and adds their channels to the plan.
    pub async fn start(seed: u64, plan: Plan, feed: Feed) -> anyhow::Result<(Self, Plan)> {
        let config = |quirks: Quirks| Config { seed, quirks, ..Config::quiet(APP_KEY) };
        let push = PushTarget { workers: 8, ..PushTarget::to(plan.push_url(HOTLINE)) };
        let push = (feed == Feed::Push).then_some(push);
        let pushing = Config { push, secret: Some(WEBHOOK_SECRET.into()), ..config(awkward()) };
        let never = CancellationToken::new();
        let hotline = Hotline::start(pushing, never.clone()).await?;
        let petition = Petition::start(config(awkward()), never).await?;
        let calls = ChannelPlan::new(HOTLINE).source(&hotline.url(), APP_KEY);
        let plan = plan
            .channel(if feed == Feed::Push { calls.pushed(WEBHOOK_SECRET) } else { calls.pulled() })
            .channel(ChannelPlan::new(PETITION).source(&petition.url(), APP_KEY).pulled());
        Ok((Self { hotline, petition }, plan))
    }

    /// Files `count` more matters: three of four with the hotline. One in forty of the portal's is a hotline call that was
    /// registered there as well.
    pub fn file(&self, count: usize) {
        let petitions = count / 4;
        self.hotline.source.generate((count - petitions) as u64);
        self.petition.source.generate((petitions - petitions / 40) as u64);
        let known: Vec<String> = self.hotline.source.read(|book| {
            let items = book.items().iter().rev().filter(|i| i.truth.follows.is_none());
            items.take(petitions / 40).map(|i| i.number.clone()).collect()
        });
        for number in known {
            self.petition.source.put(&json!({ "ldhm": number }));
        }
    }

    /// Both, with the name of their numbering.
    pub fn both(&self) -> [(&'static str, &Source); 2] {
        [(HOTLINE, &self.hotline.source), (PETITION, &self.petition.source)]
    }

    /// A record the hotline has, as it would push it once more.
    pub fn a_call(&self) -> serde_json::Value {
        let source = &self.hotline.source;
        source.read(|book| book.items().first().and_then(|item| book.dressed(&item.id))).unwrap_or_default()
    }

    /// Records at the sources: every one must be in exactly one case in the end.
    pub fn records(&self) -> usize {
        self.both().iter().map(|(_, s)| s.summary().records).sum()
    }

    /// New matters among them.
    pub fn matters(&self) -> u64 {
        self.both().iter().map(|(_, s)| s.summary().new_matters).sum()
    }

    /// Pushes not yet acknowledged: those under way or about to be, and those that wait.
    pub fn waiting(&self) -> (usize, usize) {
        let waiting = self.hotline.source.summary().pushes_waiting;
        (waiting.min(8), waiting)
    }

    /// Stops both.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.hotline.stop().await.context("hotline")?;
        self.petition.stop().await.context("portal")
    }
}

/// Repeats, supplements, urges, withdrawals, half-filled and late records, lost and slow answers; return visits stay out of
/// it, since a dissatisfied one calls for a second result.
fn awkward() -> Quirks {
    Quirks {
        supplement_rate: 0.08,
        urge_rate: 0.06,
        repeat_rate: 0.06,
        late_by_s: 2,
        slow_ms: 100,
        visit_rate: 0.0,
        ..Quirks::mild()
    }
}
