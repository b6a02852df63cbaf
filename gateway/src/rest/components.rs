//! What operations have in common: what stands in paths, the headers, the keys, and an example of every problem.

use serde_json::{Map, Value, json};

use super::operation::{Key, Tag};
use crate::problem::{Kind, Problem};

/// What a name in a path stands for, everywhere.
struct Part {
    name: &'static str,
    description: &'static str,
    pattern: &'static str,
    example: &'static str,
}

const PARTS: &[Part] = &[
    Part {
        name: "case",
        description: "案件：编号（任意写法）或 ID。 The case, by its number in any spelling or by its id.",
        pattern: "^[A-Za-z0-9 -]{12,36}$",
        example: "HL-P2MN-RWXY-D258",
    },
    Part {
        name: "name",
        description: "案件：编号、ID 或 来源:来源编号。 The case, by its number, its id, or `namespace:number` of a source.",
        pattern: "^[^/]{1,200}$",
        example: "HL-P2MN-RWXY-D258",
    },
    Part {
        name: "channel",
        description: "渠道。 The channel, as the settings name it.",
        pattern: "^[a-z0-9][a-z0-9-]{0,63}$",
        example: "hotline-12345",
    },
    Part {
        name: "department",
        description: "承办单位代码。 The department's code in the directory.",
        pattern: "^[a-z0-9][a-z0-9-]{0,63}$",
        example: "jb-ecology",
    },
    Part {
        name: "receipt",
        description: "回执编号。 The receipt, as it was given: `<channel>.<number>`.",
        pattern: "^[a-z0-9][a-z0-9-]{0,63}\\.[0-9]{1,18}$",
        example: "hotline-12345.1",
    },
    Part {
        name: "n",
        description: "条目在案件中的序号。 The number of the entry in the case.",
        pattern: "^[0-9]{1,9}$",
        example: "1",
    },
    Part {
        name: "sequence",
        description: "死信序号。 The sequence of the dead letter.",
        pattern: "^[0-9]{1,18}$",
        example: "7",
    },
];

/// The parameters of a path, in its order.
pub(super) fn parts_of(path: &str) -> Vec<Value> {
    let named = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    named.map(|name| json!({ "$ref": format!("#/components/parameters/{name}") })).collect()
}

/// Everything that may stand in a path, and the headers that are heeded.
pub(super) fn parameters() -> Map<String, Value> {
    let part = |part: &Part| {
        let schema = json!({ "type": "string", "pattern": part.pattern });
        let Part { name, description, example, .. } = part;
        let said = json!({
            "name": name, "in": "path", "required": true, "description": description, "schema": schema,
            "example": example,
        });
        ((*name).to_owned(), said)
    };
    let header = |key: &str, name: &str, description: &str, example: &str| {
        let said = json!({
            "name": name, "in": "header", "required": false, "description": description,
            "schema": { "type": "string" }, "example": example,
        });
        (key.to_owned(), said)
    };
    let conditions = [
        header(
            "IfNoneMatch",
            "If-None-Match",
            "The `ETag` of the answer that is had already: if it still holds, 304.",
            "\"1f2e3d4c5b6a798801122334\"",
        ),
        header(
            "IfMatch",
            "If-Match",
            "The `ETag` of the case as it was seen: if anything has happened to it since, the command is refused with 412. \
             A command that was done before gives its first answer all the same.",
            "\"4711-1\"",
        ),
    ];
    // Without an example: whoever fills in all examples would send another id than the body's.
    let id = json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "The sender's own id of the command, for a body without `id`, bare or as a quoted string: \
                        `Idempotency-Key: resolve-1`. Where both are given they must be the same.",
        "schema": { "type": "string", "pattern": "^([A-Za-z0-9_-]{1,64}|\"[A-Za-z0-9_-]{1,64}\")$" },
    });
    PARTS.iter().map(part).chain(conditions).chain([("IdempotencyKey".to_owned(), id)]).collect()
}

/// Headers of answers.
pub(super) fn headers() -> Value {
    let text = |description: &str, example: &str| json!({ "description": description, "schema": { "type": "string" }, "example": example });
    json!({
        "ETag": text("Names this state of the answer; to be given back as `If-None-Match`.", "\"1f2e3d4c5b6a798801122334\""),
        "RateLimitPolicy": text(
            "The limit it counts against (draft-ietf-httpapi-ratelimit-headers): `\"channel\"`, the channel's for what is handed in, \
             or `\"key\"`, that of the holder of keys for everything else; `q` requests within `w` seconds.",
            "\"channel\";q=200;w=2",
        ),
        "RateLimit": text("What is left of it: `r` requests now, all of it again in `t` seconds.", "\"channel\";r=199;t=1"),
        "RetryAfter": {
            "description": "Seconds to wait before it is worth trying again.", "schema": { "type": "integer", "minimum": 1 },
            "example": 2,
        },
        "WwwAuthenticate": text("What is asked for.", "Bearer"),
    })
}

/// Every key there is, by its name among the components.
pub(super) fn security_schemes() -> Value {
    let bearer = |whose: &str| json!({ "type": "http", "scheme": "bearer", "description": format!("{whose} `huiliu keys add` makes it.") });
    let header =
        |name: &str, what: &str| json!({ "type": "apiKey", "in": "header", "name": name, "description": what });
    json!({
        "channelKey": bearer("来源系统的凭据。 An upstream system's key: for its own channel."),
        "departmentKey": bearer("承办单位的凭据。 A department's key: for its own queue and the cases it has a part in."),
        "operatorKey": bearer("中心人员的凭据。 The key of a person at the centre."),
        "machineKey": bearer("中心程序的凭据。 The key of a program of the centre."),
        "webhookId": header("webhook-id", "Standard Webhooks: the message's own id."),
        "webhookTimestamp": header("webhook-timestamp", "Standard Webhooks: when it was signed, Unix seconds; five minutes are tolerated."),
        "webhookSignature": header(
            "webhook-signature",
            "Standard Webhooks: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, the body being the raw bytes. \
             Several may stand beside each other.",
        ),
    })
}

/// What opens an operation: any one of these.
pub(super) fn security(keys: &[Key]) -> Value {
    let one = |key: &Key| match key {
        Key::Channel => json!({ "channelKey": [] }),
        Key::Department => json!({ "departmentKey": [] }),
        Key::Operator => json!({ "operatorKey": [] }),
        Key::Machine => json!({ "machineKey": [] }),
        Key::Signature => json!({ "webhookId": [], "webhookTimestamp": [], "webhookSignature": [] }),
    };
    keys.iter().map(one).collect()
}

impl Tag {
    const ALL: &'static [Self] = &[Self::Push, Self::Queue, Self::Commands, Self::Cases, Self::Centre, Self::Site];

    /// As the document has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Queue => "queue",
            Self::Commands => "commands",
            Self::Cases => "cases",
            Self::Centre => "centre",
            Self::Site => "site",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Push => {
                "报送：来源系统推送来件，查回执。 Upstream systems hand records in, and ask what became of them."
            }
            Self::Queue => "承办单位队列：取件、确认收到。 A department takes what is for it, and says that it has it.",
            Self::Commands => "办理：签收、受理、退单、办结等。 What is done to a case, and by whom.",
            Self::Cases => "案件：清单、详情、经过。 Cases, and what happened to them.",
            Self::Centre => "中心：总览、队列、死信、备份。 Looking after the hub.",
            Self::Site => "健康、指标、页面与本文档。 Health, figures, the pages and this document.",
        }
    }
}

/// The headings, in their order.
pub(super) fn tags() -> Vec<Value> {
    Tag::ALL.iter().map(|tag| json!({ "name": tag.name(), "description": tag.description() })).collect()
}

/// Problems of this kind as they are told; the particulars differ.
pub(super) fn example_of(kind: Kind) -> Value {
    let problem = match kind {
        Kind::InvalidField => Problem::field("limit", Some("201"), "1 to 200"),
        _ => Problem::new(kind, typical(kind)),
    };
    problem.to_json()
}

fn typical(kind: Kind) -> &'static str {
    match kind {
        Kind::Unauthenticated => "no credential given, expected `Authorization: Bearer <secret>`",
        Kind::Forbidden => "this is for the centre: an operator's or a machine's key is needed",
        Kind::NotFound => "no case has the number HL-P2MN-RWXY-D258",
        Kind::MethodNotAllowed => "nothing here answers to PUT",
        Kind::BadRequest => "the body does not read: EOF while parsing an object at line 1 column 5",
        Kind::InvalidField => "",
        Kind::TooLarge => "the body is over 6291456 bytes: send smaller batches",
        Kind::TooMany => "channel `hotline-12345` is over its limit",
        Kind::Refused => "`accept` is not possible for this asker in stage `accepted`",
        Kind::Changed => "the case has changed since it was seen: look again and decide again",
        Kind::Unavailable => "the store does not answer: nothing is stored",
        Kind::UnknownOutcome => {
            "the engine does not answer; the command may still be done: send it again with the same id"
        }
        Kind::Internal => "the store refuses it",
    }
}
