//! The dispatcher at the centre: rules on hand-backs and sends on what lies in triage, some of it.

use std::time::Duration;

use huiliu_schemas::CaseId;
use huiliu_schemas::vocabulary::Role;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::departments::{HandedBack, Office};
use super::door::Door;
use crate::hub::Caller;

/// The desk.
pub struct Desk {
    /// Its way to the hub, to ask.
    pub caller: Caller,
    /// The same, to command.
    pub door: Door,
    /// Where all remember.
    pub office: Office,
    /// Who gets what the desk decides.
    pub sends_to: [&'static str; 2],
}

const WHO: &str = "operator-desk";

impl Desk {
    /// Works until told to stop.
    pub async fn run(self, mut handed_back: mpsc::UnboundedReceiver<HandedBack>, stop: CancellationToken) {
        let mut look = tokio::time::interval(Duration::from_millis(700));
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                Some(back) = handed_back.recv() => self.rule(&back).await,
                _ = look.tick() => self.triage().await,
            }
        }
    }

    async fn rule(&self, HandedBack { case, department, n, role }: &HandedBack) {
        let lot = case.0.as_u128() as u32;
        let id = format!("u-{case}-{n}");
        let (kind, body) = match lot % 3 {
            0 => ("refuse_return", json!({ "id": id, "department": department, "note": "仍由贵单位办理" })),
            lot if lot == 1 || *role == Role::Participant => {
                ("grant_return", json!({ "id": id, "department": department }))
            }
            _ => {
                let to = if department.as_str() == self.sends_to[0] { self.sends_to[1] } else { self.sends_to[0] };
                (
                    "grant_return",
                    json!({
                        "id": id, "department": department, "assignees": [{ "department": to, "role": "lead" }],
                    }),
                )
            }
        };
        self.office.command(WHO, &self.door, *case, kind, &body).await;
    }

    /// Every second case in triage goes to a department; the others lie there.
    async fn triage(&self) {
        let listed = self.caller.get("/v1/cases?stage=triage&limit=50").await;
        let Some(cases) = listed.ok().and_then(|a| a.body["cases"].as_array().cloned()) else { return };
        for case in &cases {
            let Some(id) = case["id"].as_str().and_then(|id| id.parse::<CaseId>().ok()) else { continue };
            let lot = id.0.as_u128() as u32;
            if lot.is_multiple_of(2) {
                let body = self.dispatch(id, case, lot);
                self.office.command(WHO, &self.door, id, "dispatch", &body).await;
            }
        }
    }

    fn dispatch(&self, id: CaseId, case: &Value, lot: u32) -> Value {
        let (lead, other) = if lot.is_multiple_of(4) { (0, 1) } else { (1, 0) };
        json!({
            "id": format!("d-{id}-{}", case["returned"]),
            "assignees": [
                { "department": self.sends_to[lead], "role": "lead" },
                { "department": self.sends_to[other], "role": "participant" },
            ],
        })
    }
}
