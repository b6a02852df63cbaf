//! Records of the tests' own, and commands.

use huiliu_tests::hub::{Answer, Caller};
use serde_json::{Value, json};

/// A hotline order about night noise, which the rules give to the ecology bureau with two participants.
pub fn noise(id: &str) -> Value {
    json!({
        "orderId": id, "callerType": "投诉", "isSecret": "0", "reflectName": null, "companyName": null,
        "callerName": "测试甲", "callerPhone": "19900001111", "callerContact": "19900001111",
        "questionCode": "040203", "questionName": "噪音污染",
        "title": "示范路夜间施工噪音扰民", "majorContent": "示范路工地夜里十一点后仍在施工。",
        "address": "江北区慈城镇示范路1号", "addressItem": "浙江省宁波市江北区慈城镇",
    })
}

/// A petition about the same, on the portal.
pub fn noise_petition(id: &str) -> Value {
    json!({ "xfj": {
        "xfjbh": id, "bt": "示范路夜间施工噪音扰民", "tsnr": "江北区慈城镇示范路工地夜里十一点后仍在施工。", "gkxx": "要求停止。",
        "xfmddm": "04", "nrflmc": "噪音污染", "nrfldm": "040000", "sxr": null, "nmbz": "0", "gkbz": "1", "lmbz": "0", "yybz": "0",
    }})
}

pub async fn command(caller: &Caller, case: &str, kind: &str, body: Value) -> Answer {
    caller.command(case, kind, &body).await
}

/// As [`command`], and it must be done.
pub async fn done(caller: &Caller, case: &str, kind: &str, body: Value) -> Value {
    let answer = command(caller, case, kind, body).await;
    assert_eq!(answer.status, 200, "{kind}: {}", answer.body);
    answer.body
}
