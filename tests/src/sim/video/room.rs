//! Mediation rooms and their events, as the platform pushes them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::sim::clock::dashed;

/// How a session went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// 达成协议.
    Agreed,
    /// 未达成.
    Failed,
    /// 部分达成.
    Partly,
}

impl Outcome {
    /// The platform's code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Agreed => 1,
            Self::Failed => 2,
            Self::Partly => 3,
        }
    }

    fn agreement(self) -> &'static str {
        match self {
            Self::Agreed => "双方就赔偿数额和期限达成一致，当场签字。",
            Self::Failed => "双方分歧较大，未能达成一致。",
            Self::Partly => "就修复达成一致，赔偿数额另行协商。",
        }
    }
}

/// What the platform tells of one session, first to last.
pub(crate) fn events(case: &str, round: u32, outcome: Outcome, now: i64) -> Vec<Value> {
    let room_id = format!("R-{case}-{round}");
    let room = |status: u8| {
        json!({
            "room_id": room_id, "case_no": case, "host_user_name": "调解员甲", "round": round, "status": status,
            "scheduled_time": dashed(now - 3_600), "start_time": dashed(now - 3_500),
        })
    };
    let event = |kind: &str, room: Value| json!({ "event_id": format!("evt-{room_id}-{kind}"), "event_type": kind, "occurred_at": dashed(now), "room": room });
    let mut ended = room(30);
    ended["end_time"] = dashed(now).into();
    ended["duration"] = 3_500.into();
    ended["mediation_result"] = outcome.code().into();
    ended["minutes"] =
        json!({ "focus": "责任划分与赔偿数额。", "agreement": outcome.agreement(), "next_steps": "一周后回访。" });
    vec![event("room.started", room(20)), event("participant.joined", room(20)), event("room.ended", ended)]
}
