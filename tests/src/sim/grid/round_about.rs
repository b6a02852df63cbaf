//! The round-about way: the city's hotline sends some of its orders to the townships as well, whose platform then reports
//! them as its own events, with `reportSource` 12345.

use std::time::Duration;

use huiliu_adapters::http;
use serde_json::{Value, json};

use crate::sim::source::Source;

const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Of so many orders, one comes round again.
const ONE_IN: u64 = 4;

/// Looks at the hotline's orders and files some of them as events, for ever.
pub(crate) async fn follow(source: Source, hotline: String) {
    let client = http::nearby().timeout(Duration::from_secs(5)).build().unwrap_or_default();
    let mut seen = 0;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let asked = client.get(format!("{hotline}/sim/orders?offset={seen}")).send().await;
        let Ok(answer) = asked else { continue };
        let Ok(page) = answer.json::<Value>().await else { continue };
        let rows = page["rows"].as_array().cloned().unwrap_or_default();
        seen += rows.len();
        for row in rows.iter().filter(|row| goes_round(row)) {
            let event = event(row);
            let known = event["externalEventId"].as_str().is_some_and(|id| source.item(id).is_some());
            if !known {
                source.put(&event);
            }
        }
    }
}

/// Not what accuses somebody or is to be kept quiet: that is never sent down.
fn goes_round(row: &Value) -> bool {
    let truth = &row["truth"];
    let plain = truth["accused"].is_null() && truth["confidential"] == false && truth["follows"].is_null();
    plain && truth["n"].as_u64().is_some_and(|n| n.is_multiple_of(ONE_IN))
}

/// The event a township's platform makes of an order.
pub(crate) fn event(row: &Value) -> Value {
    let (truth, number) = (&row["truth"], row["number"].as_str().unwrap_or_default());
    let place = |name: &str| truth["place"][name].as_str().unwrap_or_default();
    let question = truth["question"].as_str().unwrap_or_default();
    json!({
        "externalEventId": format!("JB-ZB-{}", row["id"].as_str().unwrap_or_default()),
        "reportSource": "12345", "sourceOrderNum": number, "eventType": question,
        "appealType": null, "title": format!("热线转办：{question}"),
        "description": format!("市12345热线转办工单{number}，请网格员到现场核实并反馈。"),
        "location": format!("{}{}", place("township"), place("village")),
        "gridId": format!("{}001", place("villageCode")),
    })
}
