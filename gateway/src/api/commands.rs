//! `POST /v1/cases/{case}/commands/…`: an endpoint for each command.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use huiliu_schemas::command::{Command, CommandKind};
use huiliu_schemas::message::{CommandOutcome, CommandRequest as Sent, LONGEST_TEXT};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::Api;
use super::caller::{Caller, Counted};
use crate::commands::{CommandRequest, execute, words_needed};
use crate::problem::{Kind, Problem};
use crate::rest::input::{Named, Whole};
use crate::rest::{EVERYONE, Endpoints, Method, Operation, Shape, Tag, example};
use crate::traces::of_http;

pub(super) fn endpoints() -> Endpoints<Arc<Api>> {
    let shapes = (fields_of::<Sent>(), inline::<Command>());
    CommandKind::ALL.iter().fold(Endpoints::new(), |all, kind| {
        let command =
            move |api, who, counted, case, headers, body| command(*kind, api, who, counted, case, headers, body);
        all.on(says(*kind, &shapes), command)
    })
}

async fn command(
    kind: CommandKind,
    State(api): State<Arc<Api>>,
    Caller(who): Caller,
    _held: Counted,
    Named(case): Named<String>,
    headers: HeaderMap,
    Whole(body): Whole,
) -> Result<Json<CommandOutcome>, Problem> {
    let key = idempotency_key(&headers)?;
    let request = CommandRequest::read(kind.as_str(), Some(&case), key.as_deref(), &body)?;
    let arrival = api.traces.arrival(of_http(&headers));
    let request = CommandRequest { seen: seen(&headers), ..request };
    execute(&api.ledger, &who, request, arrival, "http").await.map(Json)
}

fn says(kind: CommandKind, (sent, commands): &(Map<String, Value>, Value)) -> Operation {
    let name = kind.as_str();
    let path = format!("/v1/cases/{{case}}/commands/{name}");
    let id = format!("command_{name}");
    Operation::new(Method::Post, path, id, Tag::Commands, kind.chinese(), name.replace('_', " "))
        .more(
            "结果写入日志后才应答。`id` 由发送方自定，写在请求体或请求头 `Idempotency-Key` 中，至少写一处；重发得到第一次的结果，同一 id 下换了内容则拒绝。被拒绝时说明此刻可以做什么。 Answered when its outcome is in the log. `id` is the sender's own, in the body or in the \
             header `Idempotency-Key`, one of which must be there: sent again, it gives the first answer, and another command or other words under it are refused. A refusal says what would be possible now.",
        )
        .by(EVERYONE)
        .heeds("IfMatch")
        .heeds("IdempotencyKey")
        .limited()
        .takes_as("application/json", Shape::Is(body_of(kind, sent, commands)), example_of(kind))
        .answers::<CommandOutcome>(200, "已执行，或此前已执行 · It is done, or was done before", example!("outcome"))
        .fails(&[
            Kind::InvalidField,
            Kind::NotFound,
            Kind::Refused,
            Kind::Changed,
            Kind::Unavailable,
            Kind::UnknownOutcome,
        ])
}

/// The fields every command has, and its own.
fn body_of(kind: CommandKind, sent: &Map<String, Value>, commands: &Value) -> Value {
    let variants = commands["oneOf"].as_array().cloned().unwrap_or_default();
    let own = variants.into_iter().find(|v| v["properties"]["command"]["const"] == kind.as_str()).unwrap_or_default();
    let mut fields = sent.clone();
    fields.remove("case");
    fields.extend(own["properties"].as_object().cloned().unwrap_or_default());
    fields.remove("command");
    if !kind.takes_text() {
        fields.remove("text");
    }
    let names = own["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let words = words_needed(kind);
    for name in words {
        let description = fields[*name]["description"].take();
        fields[*name] =
            json!({ "type": "string", "pattern": "\\S", "maxLength": LONGEST_TEXT, "description": description });
    }
    // Not the id: it may stand in the header.
    let required: Vec<&str> = names.filter(|n| *n != "command").chain(words.iter().copied()).collect();
    let mut body = json!({
        "type": "object", "description": own["description"], "properties": fields, "required": required,
        "additionalProperties": false,
    });
    if kind == CommandKind::Supplement {
        let one =
            |name: &str| json!({ "required": [name], "properties": { name: { "type": "string", "pattern": "\\S" } } });
        body["anyOf"] = json!([one("note"), one("text")]);
    }
    body
}

fn example_of(kind: CommandKind) -> String {
    let assignees =
        json!([{ "department": "jb-housing", "role": "lead" }, { "department": "jb-ecology", "role": "participant" }]);
    let mut body = match kind {
        CommandKind::SignFor => json!({ "n": 1 }),
        CommandKind::Accept | CommandKind::Close => json!({}),
        CommandKind::Decline => json!({ "article": "《信访工作条例》第二十二条" }),
        CommandKind::RequestReturn => {
            json!({ "reason": "not_our_duty", "note": "该路段由住建部门管理。", "suggested": "jb-housing" })
        }
        CommandKind::GrantReturn => json!({ "department": "jb-ecology", "assignees": assignees }),
        CommandKind::RefuseReturn => json!({ "department": "jb-ecology", "note": "夜间施工噪音属贵单位职责。" }),
        CommandKind::Progress => json!({ "note": "已到现场，正在检测。" }),
        CommandKind::Resolve => json!({ "solved": "yes", "contacted": true, "reply": "已责令夜间停工。" }),
        CommandKind::Dispatch => json!({ "assignees": assignees }),
        CommandKind::Reopen => json!({ "note": "登记日期录错，未曾办理。" }),
        CommandKind::Redispatch => json!({ "assignees": assignees, "note": "经会商改由住建主办。" }),
        CommandKind::Supplement => json!({ "text": "昨夜又施工到两点。" }),
        CommandKind::Urge => json!({ "note": "市民来电催办。" }),
        CommandKind::Withdraw => json!({ "note": "市民撤回。" }),
        CommandKind::Assess => json!({ "by": "citizen", "assessment": { "satisfaction": "satisfied" } }),
    };
    body["id"] = format!("{}-1", kind.as_str().replace('_', "-")).into();
    body.to_string()
}

fn inline<T: JsonSchema>() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

fn fields_of<T: JsonSchema>() -> Map<String, Value> {
    inline::<T>()["properties"].as_object().cloned().unwrap_or_default()
}

/// `Idempotency-Key`, as a bare token or as the quoted string of the IETF's draft.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let unreadable = || Problem::field("Idempotency-Key", None, "plain text");
    let text = value.to_str().map_err(|_| unreadable())?.trim();
    let quoted = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    Ok(Some(quoted.unwrap_or(text).to_owned()))
}

/// The sequence of the case's last event as the asker saw it: what the `ETag` of the case begins with. Any other tag is of
/// no case there ever was, and so is sequence 0.
fn seen(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(header::IF_MATCH)?.to_str().unwrap_or_default().trim();
    if text == "*" {
        return None;
    }
    let tag = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    let sequence = tag.and_then(|t| t.split_once('-')).and_then(|(sequence, _)| sequence.parse().ok());
    Some(sequence.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::document::document;

    #[test]
    fn the_document_says_where_the_id_may_stand_and_what_takes_a_text() {
        let document = document(&endpoints().said());
        for kind in CommandKind::ALL {
            let told = &document["paths"][format!("/v1/cases/{{case}}/commands/{kind}")]["post"];
            let reference = json!({ "$ref": "#/components/parameters/IdempotencyKey" });
            assert!(told["parameters"].as_array().is_some_and(|all| all.contains(&reference)), "{kind}");
            let body = &told["requestBody"]["content"]["application/json"];
            assert_eq!(body["schema"]["properties"].get("text").is_some(), kind.takes_text(), "{kind}");

            let mut sent = body["example"].clone();
            sent.as_object_mut().expect("an object").remove("id").expect("an id");
            assert!(jsonschema::is_valid(&body["schema"], &sent), "{kind}: {sent}");
            let read =
                |key| CommandRequest::read(kind.as_str(), Some("HL-P2MN-RWXY-D258"), key, sent.to_string().as_bytes());
            assert_eq!(read(Some("key-1")).expect("reads").id.to_string(), "key-1");
            assert!(read(None).expect_err("nowhere").detail().contains("`id` is missing"), "{kind}");
        }
    }

    #[test]
    fn if_match_names_what_was_seen() {
        for (given, expected) in [
            (None, None),
            (Some("*"), None),
            (Some("\"4711-2\""), Some(4711)),
            (Some("W/\"4711-2\""), Some(0)),
            (Some("\"4711\""), Some(0)),
            (Some(""), Some(0)),
        ] {
            let given = given.map(|value| (header::IF_MATCH, value.parse().expect("a header")));
            assert_eq!(seen(&HeaderMap::from_iter(given.clone())), expected, "{given:?}");
        }
    }

    #[test]
    fn an_idempotency_key_may_be_quoted() {
        for given in ["c-1", "\"c-1\"", " c-1 "] {
            let headers =
                HeaderMap::from_iter([("idempotency-key".parse().expect("a name"), given.parse().expect("a header"))]);
            assert_eq!(idempotency_key(&headers).expect("reads").as_deref(), Some("c-1"));
        }
    }
}
